/*
 * Tests of core/lasso.c: soft thresholds where columns are orthogonal, ridge where nothing of the
 * penalty is |w|, the conditions of an optimum elsewhere (they have one solution), a truth that is
 * sparse; as a map of the metric encoding.
 */
#include "lasso.h"

#include "internal.h"
#include "linalg.h"
#include "test.h"

#include <bramble/metric.h>
#include <bramble/rng.h>

enum { N = 60, P = 40, T = 3, GRID = 3 };

struct taken {
    double w[T][GRID][P], shift[T][GRID], mean[T][GRID];
    size_t columns;
};

static void keep(void *user, size_t target, size_t penalty, const double *w, double shift,
                 double mean)
{
    struct taken *t = user;
    memcpy(t->w[target][penalty], w, t->columns * sizeof *w);
    t->shift[target][penalty] = shift;
    t->mean[target][penalty] = mean;
}

static void fit(bram_ctx *cx, struct taken *t, const bram_mat *x, const bram_mat *y,
                const double *grid, size_t n_grid, double l1)
{
    bram_lasso *m;
    size_t stopped = 42;
    t->columns = x->cols;
    assert_ok(cx, bram_lasso_new(cx, &m, x));
    assert_ok(cx,
              bram_lasso_path(cx, m, y, grid, n_grid,
                              &(bram_lasso_options){.l1 = l1, .tolerance = 1e-11, .most = 1000000},
                              keep, t, &stopped));
    assert_int_equal(stopped, 0);
    bram_lasso_free(m);
}

/* x of 1 -1 and 1 1 -1 -1: orthogonal, of variance 1. y = 2 a - .5 b + 7: weights 2 - alpha and 0
 * for alpha .6; with a share of .5: (2 - .3) / 1.3 and -(.5 - .3) / 1.3. */
static void by_hand(void **state)
{
    (void)state;
    static struct taken t;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {1, 1, -1, 1, 1, -1, -1, -1}, y[4], grid[] = {.6};
    for (size_t i = 0; i < 4; i++) y[i] = 2 * x[2 * i] - .5 * x[2 * i + 1] + 7;
    bram_mat mx = {x, 4, 2, 2}, my = {y, 4, 1, 1};
    fit(cx, &t, &mx, &my, grid, 1, 1);
    assert_near(t.w[0][0][0], 1.4, 1e-15);
    assert_near(t.w[0][0][1], 0, 0);
    assert_near(t.mean[0][0], 7, 1e-15);
    fit(cx, &t, &mx, &my, grid, 1, .5);
    assert_near(t.w[0][0][0], 1.7 / 1.3, 1e-15);
    assert_near(t.w[0][0][1], -.2 / 1.3, 1e-15);
    bram_ctx_free(cx);
}

static void make(bram_ctx *cx, bram_mat *x, bram_mat *y)
{
    bram_rng g = bram_rng_new(6, "test/lasso");
    assert_ok(cx, bram_mat_scratch(cx, x, N, P));
    assert_ok(cx, bram_mat_scratch(cx, y, N, T));
    for (size_t i = 0; i < N; i++) {
        double common = bram_rng_normal(&g);
        for (size_t k = 0; k < P; k++) bram_row(x, i)[k] = 4 + .5 * common + bram_rng_normal(&g);
        bram_row(x, i)[7] = .1; /* constant */
        for (size_t j = 0; j < T; j++)
            bram_row(y, i)[j] = 3 * bram_row(x, i)[j] - 2 * bram_row(x, i)[j + 10] +
                                .3 * bram_rng_normal(&g);
    }
}

/* With r the residual: x_k.r / n - alpha (1 - l1) w_k is alpha l1 sign(w_k), within +- alpha l1 at
 * 0. */
static void the_conditions_of_an_optimum_hold(void **state)
{
    (void)state;
    static struct taken t;
    static const double shares[] = {1, .5, .1};
    double grid[GRID] = {.5, .1, .03};
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    make(cx, &x, &y);
    for (size_t s = 0; s < 3; s++) {
        fit(cx, &t, &x, &y, grid, GRID, shares[s]);
        for (size_t j = 0; j < T; j++)
            for (size_t g = 0; g < GRID; g++) {
                double *w = t.w[j][g], lasso = grid[g] * shares[s], ridge = grid[g] - lasso;
                for (size_t k = 0; k < P; k++) {
                    double slope = 0, mean = 0;
                    for (size_t i = 0; i < N; i++) mean += bram_row(&x, i)[k] / N;
                    for (size_t i = 0; i < N; i++) {
                        double r = bram_row(&y, i)[j] - t.mean[j][g] + t.shift[j][g];
                        for (size_t l = 0; l < P; l++) r -= w[l] * bram_row(&x, i)[l];
                        slope += (bram_row(&x, i)[k] - mean) * r / N;
                    }
                    slope -= ridge * w[k];
                    if (w[k] == 0) assert_true(fabs(slope) <= lasso + 1e-9);
                    else assert_near(slope, w[k] > 0 ? lasso : -lasso, 1e-9);
                }
                assert_near(w[7], 0, 0);
            }
    }
    /* at the largest penalty but few weights, and the two that are true among them */
    fit(cx, &t, &x, &y, grid, GRID, 1);
    for (size_t j = 0; j < T; j++) {
        size_t some = 0;
        for (size_t k = 0; k < P; k++) some += t.w[j][0][k] != 0;
        assert_true(some < 12 && t.w[j][0][j] > 1 && t.w[j][0][j + 10] < -.5);
    }
    bram_ctx_free(cx);
}

static void without_a_share_it_is_ridge(void **state)
{
    (void)state;
    static struct taken t;
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y, b, w;
    double grid[] = {.7}, alpha[T], mean[T], intercept[T];
    make(cx, &x, &y);
    x.cols = 20;
    fit(cx, &t, &x, &y, grid, 1, 0);
    bram_ridge *ridge;
    for (size_t j = 0; j < T; j++) alpha[j] = .7 * N;
    assert_ok(cx, bram_ridge_new(cx, &ridge, &x));
    assert_ok(cx, bram_mat_scratch(cx, &b, 20, T));
    assert_ok(cx, bram_mat_scratch(cx, &w, 20, T));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &y));
    assert_ok(cx, bram_ridge_weights(cx, ridge, &w, intercept, &b, mean, alpha));
    for (size_t j = 0; j < T; j++) {
        for (size_t k = 0; k < 20; k++) assert_near(t.w[j][0][k], bram_row(&w, k)[j], 1e-9);
        assert_near(t.mean[j][0] - t.shift[j][0], intercept[j], 1e-8);
    }
    bram_ridge_free(ridge);
    bram_ctx_free(cx);
}

/* The metric: elastic net without a share is ridge; and a sparse truth is better found by lasso. */
static void as_a_map(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    make(cx, &x, &y);
    bram_side mx = {.values = x}, my = {.values = y};
    double *a, *b, *c;
    size_t values;
    assert_ok(cx, bram_metric_score(cx, &a, &values, NULL,
                                    "encoding:folds=4,map=elastic-net,l1=0,alpha=0.1+1", &mx, &my,
                                    NULL));
    /* of 45 training rows and 36 of the inner folds: penalties n alpha differ, so one alone */
    bram_free(a);
    assert_ok(cx,
              bram_metric_score(cx, &a, &values, NULL,
                                "encoding:folds=4,map=elastic-net,l1=0,alpha=0.1", &mx, &my, NULL));
    assert_ok(
        cx, bram_metric_score(cx, &b, &values, NULL, "encoding:folds=4,alpha=4.5", &mx, &my, NULL));
    assert_ok(cx, bram_metric_score(cx, &c, &values, NULL,
                                    "encoding:folds=4,map=lasso,alpha=0.01..1", &mx, &my, NULL));
    for (size_t j = 0; j < T; j++) {
        assert_near(a[j], b[j], 1e-6);
        assert_true(c[j] > b[j] && c[j] > .97);
    }
    bram_free(a), bram_free(b), bram_free(c);
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    static struct taken t;
    bram_ctx *cx = bram_ctx_new();
    double v[] = {1, 2, 3, NAN, 5, 6}, up[] = {1, 2}, negative[] = {-1};
    bram_mat bad = {v, 3, 2, 2}, good = {v, 3, 1, 2}, few = {v, 2, 1, 2};
    bram_lasso *m = NULL;
    bram_lasso_options o = {.l1 = 1}, wrong = {.l1 = 2};
    assert_int_equal(bram_lasso_new(cx, &m, &bad), BRAM_ENUMERIC);
    assert_int_equal(bram_lasso_new(cx, &m, &(bram_mat){v, 0, 2, 2}), BRAM_ESHAPE);
    assert_null(m);
    assert_ok(cx, bram_lasso_new(cx, &m, &good));
    assert_int_equal(bram_lasso_path(cx, m, &bad, up, 1, &o, keep, &t, NULL), BRAM_ENUMERIC);
    assert_int_equal(bram_lasso_path(cx, m, &few, up, 1, &o, keep, &t, NULL), BRAM_ESHAPE);
    assert_int_equal(bram_lasso_path(cx, m, &good, up, 2, &o, keep, &t, NULL), BRAM_EUSAGE);
    assert_int_equal(bram_lasso_path(cx, m, &good, negative, 1, &o, keep, &t, NULL), BRAM_EUSAGE);
    assert_int_equal(bram_lasso_path(cx, m, &good, up, 1, &wrong, keep, &t, NULL), BRAM_EUSAGE);
    bram_lasso_free(m);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_conditions_of_an_optimum_hold),
        cmocka_unit_test(without_a_share_it_is_ridge),
        cmocka_unit_test(as_a_map),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
