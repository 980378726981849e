/*
 * Tests of core/banded.c: himalaya at 0d3ed4c (random search with given weightings, by groups of
 * columns and by kernels; splits of R2 and of correlation), weightings, a truth that only bands can
 * find, refusals.
 */
#include "banded.h"

#include "internal.h"
#include "linalg.h"
#include "reference_file.h"

#include <bramble/rng.h>

enum { SPLIT = 5, TRAIN = 45, UNITS = 5 };

/* The first 45 rows of the case tall, columns centred. */
struct problem {
    bram_mat x, y, kernel[2], gamma, grid;
};

static void centre(bram_mat *m)
{
    for (size_t k = 0; k < m->cols; k++) {
        double mean = 0;
        for (size_t i = 0; i < m->rows; i++) mean += bram_row(m, i)[k] / (double)m->rows;
        for (size_t i = 0; i < m->rows; i++) bram_row(m, i)[k] -= mean;
    }
}

static struct problem problem_of(const struct reference *r)
{
    struct problem p = {.x = reference_table(r, "inputs/tall/X"),
                        .y = reference_table(r, "inputs/tall/Y"),
                        .gamma = reference_table(r, "banded/gammas"),
                        .grid = reference_table(r, "inputs/alphas")};
    p.x.rows = p.y.rows = TRAIN;
    centre(&p.x);
    centre(&p.y);
    for (size_t k = 0; k < 2; k++) {
        bram_mat part = {p.x.data + (k ? SPLIT : 0), TRAIN, k ? p.x.cols - SPLIT : SPLIT, p.x.cols};
        assert_ok(r->cx, bram_mat_scratch(r->cx, &p.kernel[k], TRAIN, TRAIN));
        assert_ok(r->cx, bram_syrk(r->cx, &p.kernel[k], 1, &part, BRAM_AS_IS, 0));
    }
    return p;
}

/* Weights of the scaled kernels: (sum of exp(delta_k) K_k + 1)^-1 y. */
static void dual_of(bram_ctx *cx, double *out, const struct problem *p, const double *delta,
                    size_t unit)
{
    bram_mat k, b = {out, TRAIN, 1, 1};
    size_t mark = bram_scratch_mark(cx);
    assert_ok(cx, bram_mat_scratch(cx, &k, TRAIN, TRAIN));
    for (size_t i = 0; i < TRAIN; i++) {
        for (size_t j = 0; j < TRAIN; j++)
            bram_row(&k, i)[j] = exp(delta[0]) * bram_row(&p->kernel[0], i)[j] +
                                 exp(delta[1]) * bram_row(&p->kernel[1], i)[j] + (i == j);
        out[i] = bram_row(&p->y, i)[unit];
    }
    assert_ok(cx, bram_cholesky(cx, &k));
    assert_ok(cx, bram_cholesky_solve(cx, &k, &b));
    bram_scratch_release(cx, mark);
}

static void random_search_equals_himalaya(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct problem p = problem_of(&r);
    size_t draw[UNITS];
    double alpha[UNITS], best[UNITS], score[5 * UNITS], dual[TRAIN];
    bram_banded found = {p.gamma, draw, alpha, best, score};
    bram_fold *folds;
    assert_ok(r.cx, bram_kfold(r.cx, &folds, TRAIN, 5));
    bram_ridge_search s = {
        .fold = folds, .folds = 5, .grid = p.grid.data, .n_grid = p.grid.rows, .origin = true};
    bram_targets y = {.rows = TRAIN, .cols = UNITS, .f64 = &p.y};
    assert_ok(r.cx, bram_banded_search(r.cx, &found, p.kernel, 2, &y, &s));
    bram_free(folds);
    bram_mat scores = {score, 5, UNITS, UNITS};
    bram_mat want = reference_table(&r, "banded/himalaya_group/cv_scores");
    assert_tables_near(&scores, &want, 1e-9);
    want = reference_table(&r, "banded/himalaya_multikernel/cv_scores");
    assert_tables_near(&scores, &want, 1e-9);
    bram_mat deltas = reference_table(&r, "banded/himalaya_group/deltas");
    bram_mat weights = reference_table(&r, "banded/himalaya_group/weights");
    bram_mat duals = reference_table(&r, "banded/himalaya_multikernel/dual_weights");
    bram_mat part[2], r2, c;
    for (size_t k = 0; k < 2; k++) assert_ok(r.cx, bram_mat_scratch(r.cx, &part[k], TRAIN, UNITS));
    for (size_t j = 0; j < UNITS; j++) {
        double delta[2];
        for (size_t k = 0; k < 2; k++) {
            delta[k] = log(bram_row(&found.gamma, draw[j])[k] / alpha[j]);
            assert_near(delta[k], bram_row(&deltas, k)[j], 1e-12 * 5);
        }
        dual_of(r.cx, dual, &p, delta, j);
        for (size_t i = 0; i < TRAIN; i++)
            assert_near(dual[i], bram_row(&duals, i)[j], 1e-9 * (1 + fabs(bram_row(&duals, i)[j])));
        for (size_t k = 0; k < p.x.cols; k++) {
            /* of columns scaled by sqrt(gamma): himalaya gives the weights of the columns */
            double w = 0;
            for (size_t i = 0; i < TRAIN; i++) w += dual[i] * bram_row(&p.x, i)[k];
            w *= exp(delta[k >= SPLIT]);
            assert_near(w, bram_row(&weights, k)[j], 1e-9 * (1 + fabs(w)));
        }
        for (size_t k = 0; k < 2; k++)
            for (size_t i = 0; i < TRAIN; i++) {
                double sum = 0;
                for (size_t l = 0; l < TRAIN; l++) sum += bram_row(&p.kernel[k], i)[l] * dual[l];
                bram_row(&part[k], i)[j] = exp(delta[k]) * sum;
            }
    }
    assert_ok(r.cx, bram_mat_scratch(r.cx, &r2, 2, UNITS));
    assert_ok(r.cx, bram_mat_scratch(r.cx, &c, 2, UNITS));
    assert_ok(r.cx, bram_banded_split(r.cx, &c, BRAM_SHARE_CORRELATION, part, 2, &p.y));
    want = reference_table(&r, "banded/correlation_split");
    assert_tables_near(&c, &want, 1e-9);
    assert_ok(r.cx, bram_banded_split(r.cx, &c, BRAM_SHARE_RELATIVE, part, 2, &p.y));
    want = reference_table(&r, "banded/r2_split_svd");
    assert_tables_near(&c, &want, 1e-9);
    assert_ok(r.cx, bram_banded_split(r.cx, &r2, BRAM_SHARE_PRODUCT, part, 2, &p.y));
    want = reference_table(&r, "banded/r2_split");
    assert_tables_near(&r2, &want, 1e-9);
    want = reference_table(&r, "banded/r2_joint");
    for (size_t j = 0; j < UNITS; j++)
        assert_near(bram_row(&r2, 0)[j] + bram_row(&r2, 1)[j], want.data[j], 1e-9);
    close_reference(&r);
}

/* Two parts of three rows: y = (2, -1, -1), p1 = (1, 0, -1), p2 = (1, -1, 0), p = (2, -1, -1).
 * p1 (2 y - p) = p1 p = 3, y y = 6: a half each. A part of nothing has no share, and a truth of
 * nothing no split. */
static void splits_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double y[] = {2, -1, -1}, p1[] = {1, 0, -1}, p2[] = {1, -1, 0}, none[] = {0, 0, 0}, out[2];
    bram_mat truth = {y, 3, 1, 1}, part[] = {{p1, 3, 1, 1}, {p2, 3, 1, 1}}, share = {out, 2, 1, 1};
    static const bram_share how[] = {BRAM_SHARE_PRODUCT, BRAM_SHARE_CORRELATION,
                                     BRAM_SHARE_RELATIVE};
    for (size_t k = 0; k < 3; k++) {
        part[1].data = p2, truth.data = y;
        assert_ok(cx, bram_banded_split(cx, &share, how[k], part, 2, &truth));
        assert_near(out[0], 0.5, 1e-15);
        assert_near(out[1], 0.5, 1e-15);
        part[1].data = none; /* p = p1: 2 * 3 - 2 of 6, a correlation of 3 / sqrt(6 * 2) */
        assert_ok(cx, bram_banded_split(cx, &share, how[k], part, 2, &truth));
        assert_near(out[0], k == 1 ? 3 / sqrt(12) : 4. / 6, 1e-15);
        assert_near(out[1], 0, 1e-15);
        truth.data = none;
        assert_ok(cx, bram_banded_split(cx, &share, how[k], part, 2, &truth));
        assert_true(isnan(out[0]) && isnan(out[1]));
    }
    part[1].rows = 2;
    assert_int_equal(bram_banded_split(cx, &share, how[0], part, 2, &truth), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void weightings_begin_equal_and_stay_on_the_simplex(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat a, b;
    assert_ok(cx, bram_mat_scratch(cx, &a, 2001, 3));
    assert_ok(cx, bram_mat_scratch(cx, &b, 5, 3));
    bram_banded_draws(&a, 7);
    bram_banded_draws(&b, 7);
    assert_memory_equal(a.data, b.data, 15 * sizeof(double)); /* whatever their number */
    double mean = 0, square[2] = {0};
    for (size_t k = 0; k < 2001; k++) {
        const double *g = bram_row(&a, k);
        assert_near(g[0] + g[1] + g[2], 1, 1e-14);
        assert_true(g[0] >= 0 && g[1] >= 0 && g[2] >= 0);
        if (k == 0) assert_near(g[0], 1. / 3, 1e-15);
        else mean += g[0] / 2000, square[k % 2] += (g[0] - 1. / 3) * (g[0] - 1. / 3) / 1000;
    }
    /* Dirichlet of three: variance (1/3)(2/3) / (3 a + 1), 0.0556 for a = 1 and 0.171 for 0.1 */
    assert_near(mean, 1. / 3, .02);
    assert_near(square[0], 2. / 9 / 4, .008);
    assert_near(square[1], 2. / 9 / 1.3, .015);
    bram_ctx_free(cx);
}

/* Targets that follow 3 features in the company of 60 of noise: ridge has one penalty for all. */
static void bands_find_what_one_penalty_cannot(void **state)
{
    (void)state;
    enum { N = 80, NOISE = 60, T = 6, DRAWS = 20 };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/banded");
    bram_mat x, y, kernel[2], gamma;
    assert_ok(cx, bram_mat_scratch(cx, &x, N, 3 + NOISE));
    assert_ok(cx, bram_mat_scratch(cx, &y, N, T));
    for (size_t i = 0; i < N * x.cols; i++) x.data[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < T; j++)
            bram_row(&y, i)[j] = bram_row(&x, i)[j % 3] + bram_rng_normal(&g);
    for (size_t k = 0; k < 2; k++) {
        bram_mat part = {x.data + (k ? 3 : 0), N, k ? NOISE : 3, x.cols};
        assert_ok(cx, bram_mat_scratch(cx, &kernel[k], N, N));
        assert_ok(cx, bram_syrk(cx, &kernel[k], 1, &part, BRAM_AS_IS, 0));
    }
    assert_ok(cx, bram_mat_scratch(cx, &gamma, DRAWS, 2));
    bram_banded_draws(&gamma, 0);
    double grid[] = {.1, 1, 10, 100}, alpha[T], best[T], score[DRAWS * T];
    size_t draw[T];
    bram_fold *folds;
    assert_ok(cx, bram_kfold(cx, &folds, N, 4));
    bram_ridge_search s = {
        .fold = folds, .folds = 4, .grid = grid, .n_grid = 4, .rule = BRAM_RIDGE_R2};
    bram_targets targets = {.rows = N, .cols = T, .f64 = &y};
    bram_banded found = {gamma, draw, alpha, best, score};
    assert_ok(cx, bram_banded_search(cx, &found, kernel, 2, &targets, &s));
    double gain = 0;
    for (size_t j = 0; j < T; j++) {
        assert_true(bram_row(&gamma, draw[j])[0] > .8);
        gain += (best[j] - score[j]) / T; /* the first weighting is ridge */
    }
    assert_true(gain > .1);
    gamma.data[0] = -1;
    assert_int_equal(bram_banded_search(cx, &found, kernel, 2, &targets, &s), BRAM_EUSAGE);
    found.gamma.rows = 0;
    assert_int_equal(bram_banded_search(cx, &found, kernel, 2, &targets, &s), BRAM_EUSAGE);
    bram_free(folds);
    bram_ctx_free(cx);
}

/* The gradient is that of differences; the descent ends no worse than it began, at rest; what it
 * starts from does as well as the search says. */
static void descent_goes_down(void **state)
{
    (void)state;
    enum { N = 60, T = 3, S = 3 };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(5, "test/descent");
    bram_mat x, y, kernel[S], gamma, delta;
    assert_ok(cx, bram_mat_scratch(cx, &x, N, 30));
    assert_ok(cx, bram_mat_scratch(cx, &y, N, T));
    for (size_t i = 0; i < N * x.cols; i++) x.data[i] = 1 + bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < T; j++)
            bram_row(&y, i)[j] = 5 + bram_row(&x, i)[j] + .3 * bram_row(&x, i)[10 + j] +
                                 bram_rng_normal(&g);
    for (size_t k = 0; k < S; k++) {
        bram_mat part = {x.data + 10 * k, N, 10, x.cols};
        assert_ok(cx, bram_mat_scratch(cx, &kernel[k], N, N));
        assert_ok(cx, bram_syrk(cx, &kernel[k], 1, &part, BRAM_AS_IS, 0));
    }
    assert_ok(cx, bram_mat_scratch(cx, &gamma, 4, S));
    assert_ok(cx, bram_mat_scratch(cx, &delta, S, T));
    bram_banded_draws(&gamma, 1);
    double grid[] = {1, 10}, alpha[T], best[T], start[T], less[T], more[T];
    size_t draw[T];
    bram_fold *folds;
    assert_ok(cx, bram_kfold(cx, &folds, N, 4));
    bram_ridge_search s = {.fold = folds, .folds = 4, .grid = grid, .n_grid = 2};
    bram_targets targets = {.rows = N, .cols = T, .f64 = &y};
    bram_banded found = {gamma, draw, alpha, best, NULL};
    assert_ok(cx, bram_banded_search(cx, &found, kernel, S, &targets, &s));
    for (size_t k = 0; k < S; k++)
        for (size_t j = 0; j < T; j++)
            bram_row(&delta, k)[j] = log(bram_row(&gamma, draw[j])[k] / alpha[j]);
    assert_ok(cx, bram_banded_gradient(cx, &delta, start, kernel, S, &targets, &s, 0));
    for (size_t j = 0; j < T; j++) assert_near(start[j], best[j], 1e-9);
    assert_ok(cx, bram_banded_gradient(cx, &delta, best, kernel, S, &targets, &s, 200));
    for (size_t j = 0; j < T; j++) assert_true(best[j] > start[j] + 1e-4);
    for (size_t k = 0; k < S; k++) { /* at rest: a step to either side is no better */
        for (size_t j = 0; j < T; j++) bram_row(&delta, k)[j] += .05;
        assert_ok(cx, bram_banded_gradient(cx, &delta, more, kernel, S, &targets, &s, 0));
        for (size_t j = 0; j < T; j++) bram_row(&delta, k)[j] -= .1;
        assert_ok(cx, bram_banded_gradient(cx, &delta, less, kernel, S, &targets, &s, 0));
        for (size_t j = 0; j < T; j++) bram_row(&delta, k)[j] += .05;
        for (size_t j = 0; j < T; j++) {
            assert_true(more[j] < best[j] + 1e-6 && less[j] < best[j] + 1e-6);
        }
    }
    targets.cols = 2;
    assert_int_equal(bram_banded_gradient(cx, &delta, best, kernel, S, &targets, &s, 1),
                     BRAM_ESHAPE);
    bram_free(folds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_search_equals_himalaya),
        cmocka_unit_test(splits_by_hand),
        cmocka_unit_test(weightings_begin_equal_and_stay_on_the_simplex),
        cmocka_unit_test(descent_goes_down),
        cmocka_unit_test(bands_find_what_one_penalty_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
