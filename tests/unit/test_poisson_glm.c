/*
 * Poisson regression: derivatives and fits against torch 1.13 and scikit-learn 1.2.1 (shared
 * reference file), finite differences, the optimality conditions of the group lasso, odd data.
 */
#include "history.h"
#include "internal.h"
#include "json.h"
#include "linalg.h"
#include "poisson_glm.h"
#include "poisson_many.h"
#include "test.h"

#include <bramble/rng.h>

enum { ROWS = 300, M = 5 };

struct reference {
    bram_ctx *cx;
    bram_json *file;
    const bram_json *in, *out;
    bram_mat design; /* ones, then X */
    double *y;
};

static double *numbers(struct reference *r, const bram_json *array, size_t expected)
{
    double *values = calloc(expected + 1, sizeof *values), *row;
    size_t count = 0, got;
    assert_non_null(values);
    for (size_t i = 0; i < bram_json_count(array); i++) {
        const bram_json *at = bram_json_at(array, i);
        double one;
        if (bram_json_number(at, &one)) {
            values[count++] = one;
            continue;
        }
        assert_ok(r->cx, bram_json_numbers(r->cx, &row, &got, at));
        for (size_t k = 0; k < got; k++) values[count++] = row[k];
        bram_free(row);
    }
    assert_int_equal(count, expected);
    return values;
}

static double number(const bram_json *table, const char *key)
{
    double value = NAN;
    assert_true(bram_json_number(bram_json_get(table, key), &value));
    return value;
}

static void open_case(struct reference *r, const char *path, const char *name)
{
    r->cx = bram_ctx_new();
    assert_ok(r->cx, bram_json_read(r->cx, &r->file, path, 0));
    const bram_json *entry = bram_json_get(bram_json_get(r->file, "cases"), name);
    r->in = bram_json_get(entry, "in");
    r->out = bram_json_get(entry, "out");
    double *x = numbers(r, bram_json_get(r->in, "X"), ROWS * (M - 1));
    r->y = numbers(r, bram_json_get(r->in, "y"), ROWS);
    assert_ok(r->cx, bram_mat_new(r->cx, &r->design, ROWS, M));
    for (size_t t = 0; t < ROWS; t++) {
        bram_row(&r->design, t)[0] = 1;
        memcpy(bram_row(&r->design, t) + 1, x + t * (M - 1), (M - 1) * sizeof *x);
    }
    free(x);
}

static void close_case(struct reference *r)
{
    free(r->y);
    bram_free(r->design.data);
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

static bram_glm problem(const struct reference *r, bram_link link)
{
    return (bram_glm){.design = &r->design, .y = {r->y, ROWS, 1, 1}, .link = link};
}

/* Parameter j of ours (intercept first) is parameter order[j] of theirs (intercept last). */
static const size_t order[M] = {4, 0, 1, 2, 3};

static void derivatives_are_those_of_torch(void **state)
{
    (void)state;
    const struct {
        const char *name;
        bram_link link;
    } cases[] = {{"poisson_glm_derivatives_exp", BRAM_LINK_EXP},
                 {"poisson_glm_derivatives_softplus", BRAM_LINK_SOFTPLUS}};
    char path[512];
    test_data(path, "../reference/baselines_reference.json");
    for (size_t c = 0; c < 2; c++) {
        struct reference r;
        open_case(&r, path, cases[c].name);
        double *w = numbers(&r, bram_json_get(r.in, "w"), M - 1), theta[M], gradient[M];
        double *g = numbers(&r, bram_json_get(r.out, "gradient"), M), hessian[M * M], value;
        double *h = numbers(&r, bram_json_get(r.out, "hessian"), M * M), constant = 0;
        theta[0] = number(r.in, "b");
        memcpy(theta + 1, w, (M - 1) * sizeof *w);
        bram_glm p = problem(&r, cases[c].link);
        bram_mat slope = {gradient, M, 1, 1}, curve = {hessian, M, M, M};
        assert_ok(r.cx, bram_glm_evaluate(r.cx, &p, &(bram_mat){theta, M, 1, 1}, &value, &slope,
                                          &curve, BRAM_OBSERVED));
        for (size_t t = 0; t < ROWS; t++) constant += lgamma(r.y[t] + 1);
        assert_near(value - constant, number(r.out, "loglik"), 1e-10);
        for (size_t j = 0; j < M; j++) {
            assert_near(gradient[j], g[order[j]], 1e-10);
            for (size_t k = 0; k < M; k++)
                assert_near(hessian[j * M + k], -h[order[j] * M + order[k]], 1e-9);
        }
        free(w), free(g), free(h);
        close_case(&r);
    }
}

static void fits_are_those_of_scikit_learn_and_torch(void **state)
{
    (void)state;
    const struct {
        const char *name;
        bram_link link;
        double alpha;
    } cases[] = {{"poisson_glm_exp_alpha0", BRAM_LINK_EXP, 0},
                 {"poisson_glm_exp_alpha0.1", BRAM_LINK_EXP, 0.1},
                 {"poisson_glm_softplus", BRAM_LINK_SOFTPLUS, 0}};
    char path[512];
    test_data(path, "../reference/baselines_reference.json");
    for (size_t c = 0; c < 3; c++) {
        struct reference r;
        open_case(&r, path, cases[c].name);
        double theta[M] = {0}, precision[M], *w = numbers(&r, bram_json_get(r.out, "w"), M - 1);
        for (size_t j = 0; j < M; j++) precision[j] = j ? cases[c].alpha * ROWS : 0;
        bram_mat at = {theta, M, 1, 1}, prior = {precision, M, 1, 1};
        bram_glm p = problem(&r, cases[c].link);
        p.precision = &prior;
        assert_ok(r.cx, bram_glm_fit(r.cx, &at, NULL, &p, 50, 1e-12));
        assert_near(theta[0], number(r.out, "b"), 1e-5); /* theirs are iterative, good to 1e-6 */
        for (size_t j = 1; j < M; j++) assert_near(theta[j], w[j - 1], 1e-5);
        double again[M] = {0}; /* a group lasso of nothing is the same fit */
        bram_mat wide = {again, M, 1, 1};
        assert_ok(r.cx,
                  bram_glm_fit_lasso(r.cx, &wide, &p, (int[M]){-1, 0, 0, 1, 1}, 2, 0, 50, 1e-12));
        for (size_t j = 0; j < M; j++) assert_near(again[j], theta[j], 1e-6);
        free(w);
        close_case(&r);
    }
}

/* ---- made data ------------------------------------------------------------------------------ */

struct made {
    bram_ctx *cx;
    bram_mat design, y;
    double weight[ROWS];
};

static void make(struct made *d, size_t m, size_t targets)
{
    bram_rng g = bram_rng_new(3, "test/poisson_glm");
    d->cx = bram_ctx_new();
    assert_ok(d->cx, bram_mat_new(d->cx, &d->design, ROWS, m));
    assert_ok(d->cx, bram_mat_new(d->cx, &d->y, ROWS, targets));
    for (size_t t = 0; t < ROWS; t++) {
        double *u = bram_row(&d->design, t);
        d->weight[t] = bram_rng_uniform(&g);
        u[0] = 1;
        for (size_t j = 1; j < m; j++) u[j] = bram_rng_normal(&g);
        for (size_t n = 0; n < targets; n++)
            bram_row(&d->y, t)[n] = (double)bram_rng_poisson(
                &g, exp(0.2 * (double)n - 1 + 0.5 * u[1 + n % (m - 1)]));
    }
}

static void drop(struct made *d)
{
    bram_free(d->design.data);
    bram_free(d->y.data);
    bram_ctx_free(d->cx);
}

static void gradients_and_informations_are_slopes(void **state)
{
    (void)state;
    enum { TARGETS = 11 }; /* more than one group */
    struct made d;
    make(&d, M, TARGETS);
    bram_rng g = bram_rng_new(4, "test/poisson_glm/theta");
    double theta[M * TARGETS], value[TARGETS], up[TARGETS], down[TARGETS];
    double gradient[M * TARGETS], hessian[TARGETS * M * M], more[M * TARGETS], less[M * TARGETS];
    double precision[M * TARGETS], centre[M * TARGETS];
    for (size_t i = 0; i < M * TARGETS; i++) {
        theta[i] = 0.4 * bram_rng_normal(&g);
        precision[i] = bram_rng_uniform(&g), centre[i] = bram_rng_normal(&g);
    }
    bram_mat at = {theta, M, TARGETS, TARGETS}, slope = {gradient, M, TARGETS, TARGETS};
    bram_mat curve = {hessian, TARGETS * M, M, M}, s1 = {more, M, TARGETS, TARGETS};
    bram_mat s0 = {less, M, TARGETS, TARGETS}, q = {precision, M, TARGETS, TARGETS};
    bram_mat c = {centre, M, TARGETS, TARGETS};
    for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++) {
        bram_glm p = {.design = &d.design,
                      .y = d.y,
                      .weight = d.weight,
                      .weight_stride = 1,
                      .link = (bram_link)link,
                      .precision = &q,
                      .centre = &c};
        assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, value, &slope, &curve, BRAM_OBSERVED));
        for (size_t j = 0; j < M; j++) {
            const double h = 1e-5;
            double saved[TARGETS];
            memcpy(saved, theta + j * TARGETS, sizeof saved);
            for (size_t n = 0; n < TARGETS; n++) theta[j * TARGETS + n] = saved[n] + h;
            assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, up, &s1, NULL, BRAM_OBSERVED));
            for (size_t n = 0; n < TARGETS; n++) theta[j * TARGETS + n] = saved[n] - h;
            assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, down, &s0, NULL, BRAM_OBSERVED));
            memcpy(theta + j * TARGETS, saved, sizeof saved);
            for (size_t n = 0; n < TARGETS; n++) {
                double slope_of = gradient[j * TARGETS + n];
                assert_near((up[n] - down[n]) / (2 * h), slope_of, 1e-6 * (1 + fabs(slope_of)));
                for (size_t k = 0; k < M; k++) {
                    double curve_of = hessian[(n * M + j) * M + k];
                    assert_near((less[k * TARGETS + n] - more[k * TARGETS + n]) / (2 * h), curve_of,
                                1e-5 * (1 + fabs(curve_of)));
                }
            }
        }
    }
    drop(&d);
}

/* At the optimum the gradient of the likelihood has length lambda sqrt(size) in a group that is
 * used, points along its coefficients, and is no longer than that in one that is not. */
static void a_group_lasso_meets_its_conditions(void **state)
{
    (void)state;
    enum { WIDE = 9, GROUPS = 4 };
    struct made d;
    make(&d, WIDE, 1);
    const int group[WIDE] = {-1, 0, 0, 1, 1, 2, 2, 3, 3};
    double theta[WIDE] = {0}, gradient[WIDE];
    bram_mat at = {theta, WIDE, 1, 1}, slope = {gradient, WIDE, 1, 1};
    bram_glm p = {.design = &d.design, .y = d.y, .link = BRAM_LINK_EXP};
    const double lambda = 12;
    assert_ok(d.cx, bram_glm_fit_lasso(d.cx, &at, &p, group, GROUPS, lambda, 100, 1e-14));
    assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, NULL, &slope, NULL, BRAM_OBSERVED));
    assert_near(gradient[0], 0, 1e-4);
    size_t used = 0;
    for (int k = 0; k < GROUPS; k++) {
        const double *w = theta + 1 + 2 * k, *s = gradient + 1 + 2 * k;
        double size = hypot(w[0], w[1]), pull = lambda * sqrt(2);
        used += size > 0;
        if (size == 0) assert_true(hypot(s[0], s[1]) <= pull * (1 + 1e-6));
        else {
            assert_near(s[0], pull * w[0] / size, 1e-4);
            assert_near(s[1], pull * w[1] / size, 1e-4);
        }
    }
    assert_true(used > 0 && used < GROUPS); /* the data have one true influence */
    assert_ok(d.cx, bram_glm_fit_lasso(d.cx, &at, &p, group, GROUPS, 1e6, 100, 1e-14));
    for (size_t j = 1; j < WIDE; j++) assert_near(theta[j], 0, 0);
    drop(&d);
}

/* More coefficients than rows, with a ridge: L-BFGS ends where the gradient is nothing. */
static void many_coefficients_go_by_gradients(void **state)
{
    (void)state;
    enum { WIDE = BRAM_GLM_NEWTON_MOST + 20 };
    struct made d;
    make(&d, WIDE, 2);
    double *room = calloc(3 * WIDE * 2, sizeof *room);
    bram_mat at = {room, WIDE, 2, 2}, q = {room + 2 * WIDE, WIDE, 2, 2};
    bram_mat slope = {room + 4 * WIDE, WIDE, 2, 2};
    for (size_t i = 2; i < 2 * WIDE; i++) q.data[i] = 30;
    bram_glm p = {.design = &d.design, .y = d.y, .link = BRAM_LINK_SOFTPLUS, .precision = &q};
    assert_ok(d.cx, bram_glm_fit(d.cx, &at, NULL, &p, 50, 1e-14));
    assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, NULL, &slope, NULL, BRAM_OBSERVED));
    for (size_t i = 0; i < 2 * WIDE; i++) assert_near(slope.data[i], 0, 2e-4);
    free(room);
    drop(&d);
}

/* All targets at once by L-BFGS, and target by target by Newton's method: the same optimum, of the
 * same problem, with holes, weights, priors and a target of few spikes, which needs a factor of its
 * own; and the same bits with two threads. */
static void descent_ends_where_newton_does(void **state)
{
    (void)state;
    enum { WIDE = 40, TARGETS = 9, ALL = WIDE * TARGETS };
    for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++) {
        struct made d;
        make(&d, WIDE, TARGETS);
        uint8_t present[ROWS * TARGETS];
        double theta[3][ALL] = {{0}}, precision[ALL], centre[ALL], value[3][TARGETS];
        for (size_t i = 0; i < ROWS * TARGETS; i++) present[i] = i % 13 != 5;
        for (size_t t = 0; t < ROWS; t++) {
            double *y = bram_row(&d.y, t);
            y[4] = t % 60 == 7;
            for (size_t n = 0; n < TARGETS && link == BRAM_LINK_SIGMOID; n++) y[n] = y[n] > 0;
        }
        for (size_t i = 0; i < ALL; i++) {
            precision[i] = i < TARGETS ? 1e-2 : 0.2 + (double)(i % 3);
            centre[i] = 0.1 * (double)(i % 5);
        }
        bram_mat q = {precision, WIDE, TARGETS, TARGETS}, c = {centre, WIDE, TARGETS, TARGETS};
        bram_glm p = {.design = &d.design,
                      .y = d.y,
                      .link = (bram_link)link,
                      .precision = &q,
                      .centre = &c,
                      .present = present,
                      .present_stride = TARGETS,
                      .weight = d.weight,
                      .weight_stride = 1};
        for (int k = 0; k < 3; k++) {
            bram_mat at = {theta[k], WIDE, TARGETS, TARGETS};
            bram_ctx_set_threads(d.cx, k == 2 ? 2 : 1);
            if (k == 0) assert_ok(d.cx, bram_glm_fit(d.cx, &at, value[k], &p, 100, 1e-14));
            else assert_ok(d.cx, bram_glm_descend(d.cx, &at, value[k], &p, 200, 1e-14));
        }
        for (size_t n = 0; n < TARGETS; n++)
            assert_near(value[1][n], value[0][n], 1e-10 * (1 + fabs(value[0][n])));
        for (size_t i = 0; i < ALL; i++) assert_near(theta[1][i], theta[0][i], 1e-5);
        assert_memory_equal(theta[1], theta[2], sizeof theta[1]);
        drop(&d);
    }
}

/* The conditions of the lasso where targets go together: the slope of a group that is used is
 * lambda sqrt(size) along its coefficients, with equal and with unequal precisions. */
static void a_wide_group_lasso_meets_its_conditions(void **state)
{
    (void)state;
    enum { SIZE = 3, GROUPS = 30, WIDE = 2 + SIZE * GROUPS, TARGETS = 3 };
    struct made d;
    make(&d, WIDE, TARGETS);
    int group[WIDE];
    for (int j = 0; j < WIDE; j++) group[j] = j < 2 ? -1 : (j - 2) / SIZE;
    for (size_t t = 0; t < ROWS; t++) /* members alike, as histories are; a column without mean 0 */
        for (size_t j = 0; j < WIDE; j++) {
            double *u = bram_row(&d.design, t);
            if (j >= 2 && (j - 2) % SIZE) u[j] = 0.8 * u[j - 1] + 0.6 * u[j];
            else if (j > 1) u[j] += 1;
        }
    for (int unequal = 0; unequal < 2; unequal++) {
        double theta[WIDE * TARGETS] = {0}, slope[WIDE * TARGETS], precision[WIDE * TARGETS];
        for (size_t i = 0; i < WIDE * TARGETS; i++)
            precision[i] = i < TARGETS ? 0 : unequal ? (double)(i % 4) : 1;
        bram_mat at = {theta, WIDE, TARGETS, TARGETS}, s = {slope, WIDE, TARGETS, TARGETS};
        bram_mat q = {precision, WIDE, TARGETS, TARGETS};
        bram_glm p = {.design = &d.design, .y = d.y, .link = BRAM_LINK_SOFTPLUS, .precision = &q};
        const double lambda = 4, pull = lambda * sqrt(SIZE);
        size_t used = 0;
        assert_ok(d.cx, bram_glm_fit_lasso(d.cx, &at, &p, group, GROUPS, lambda, 100, 1e-14));
        assert_ok(d.cx, bram_glm_evaluate(d.cx, &p, &at, NULL, &s, NULL, BRAM_OBSERVED));
        for (size_t n = 0; n < TARGETS; n++) {
            for (size_t j = 0; j < 2; j++) assert_near(slope[j * TARGETS + n], 0, 1e-4);
            for (size_t k = 0; k < GROUPS; k++) {
                double size = 0, length = 0;
                for (size_t i = 0; i < SIZE; i++) {
                    size = hypot(size, theta[(2 + k * SIZE + i) * TARGETS + n]);
                    length = hypot(length, slope[(2 + k * SIZE + i) * TARGETS + n]);
                }
                used += size > 0;
                if (size == 0) assert_true(length <= pull * (1 + 1e-5));
                for (size_t i = 0; i < SIZE && size > 0; i++) {
                    size_t at_i = (2 + k * SIZE + i) * TARGETS + n;
                    assert_near(slope[at_i], pull * theta[at_i] / size, 1e-3);
                }
            }
        }
        assert_in_range(used, 1, GROUPS * TARGETS - 1);
    }
    drop(&d);
}

/* Diagonals alone are those of the informations. */
static void diagonals_of_informations(void **state)
{
    (void)state;
    enum { WIDE = 40, TARGETS = 3 };
    struct made d;
    make(&d, WIDE, TARGETS);
    bram_glm p = {.design = &d.design, .y = d.y};
    bram_mat information, diagonal, theta;
    uint8_t *there = bram_scratch(d.cx, d.y.rows, TARGETS);
    assert_ok(d.cx, bram_mat_scratch(d.cx, &information, WIDE * TARGETS, WIDE));
    assert_ok(d.cx, bram_mat_scratch(d.cx, &diagonal, WIDE, TARGETS));
    assert_ok(d.cx, bram_mat_scratch(d.cx, &theta, WIDE, TARGETS));
    for (size_t i = 0; i < WIDE * TARGETS; i++) theta.data[i] = 0.1 * sin((double)i);
    for (size_t i = 0; i < d.y.rows * TARGETS; i++) there[i] = i % 7 != 0;
    for (int given = 0; given < 2; given++) {
        if (given) p.weight = d.weight, p.weight_stride = 1;
        if (given) p.present = there, p.present_stride = TARGETS;
        for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++) {
            p.link = (bram_link)link;
            assert_ok(d.cx,
                      bram_glm_evaluate(d.cx, &p, &theta, NULL, NULL, &information, BRAM_EXPECTED));
            assert_ok(d.cx, bram_glm_diagonals(d.cx, &diagonal, &p, &theta));
            for (size_t n = 0; n < TARGETS; n++)
                for (size_t j = 0; j < WIDE; j++) {
                    double exact = bram_row(&information, n * WIDE + j)[j];
                    assert_near(bram_row(&diagonal, j)[n], exact, 1e-10 * exact);
                }
        }
    }
    drop(&d);
}

static void odd_counts_are_survived(void **state)
{
    (void)state;
    for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++) {
        struct made d;
        make(&d, M, 4);
        for (size_t t = 0; t < ROWS; t++) {
            double *y = bram_row(&d.y, t);
            y[0] = 0, y[1] = 3, y[2] = t == 7 ? 1e6 : 0, y[3] = 1e6;
        }
        double theta[M * 4] = {0}, value[4], ridge[M * 4];
        for (size_t i = 0; i < M * 4; i++) ridge[i] = i < 4 ? 1e-2 : 1;
        bram_mat at = {theta, M, 4, 4}, q = {ridge, M, 4, 4};
        bram_glm p = {.design = &d.design, .y = d.y, .link = (bram_link)link, .precision = &q};
        assert_ok(d.cx, bram_glm_fit(d.cx, &at, value, &p, 100, 1e-9));
        for (size_t i = 0; i < M * 4; i++) assert_true(isfinite(theta[i]));
        for (size_t n = 0; n < 4; n++) assert_true(isfinite(value[n]));
        if (link == BRAM_LINK_EXP) assert_near(theta[1], log(3), 1e-3);
        drop(&d);
    }
}

/* Weights of 1 and 2 are rows once and twice; a missing entry is a row that is not there. */
static void weights_and_holes_count_rows(void **state)
{
    (void)state;
    struct made d;
    make(&d, M, 2);
    uint8_t present[ROWS * 2];
    bram_mat half = bram_mat_rows(d.design, 0, 100), y = bram_mat_rows(d.y, 0, 100);
    for (size_t t = 0; t < ROWS; t++) {
        d.weight[t] = t < 100 ? 1 : 0;
        present[2 * t] = t < 100, present[2 * t + 1] = t < 100;
    }
    double a[M * 2] = {0}, b[M * 2] = {0}, c[M * 2] = {0};
    bram_mat at[3] = {{a, M, 2, 2}, {b, M, 2, 2}, {c, M, 2, 2}};
    bram_glm whole = {.design = &half, .y = y, .link = BRAM_LINK_SOFTPLUS};
    bram_glm weighted = {.design = &d.design, .y = d.y, .weight = d.weight, .weight_stride = 1};
    bram_glm holes = {.design = &d.design, .y = d.y, .present = present, .present_stride = 2};
    assert_ok(d.cx, bram_glm_fit(d.cx, &at[0], NULL, &whole, 50, 1e-14));
    assert_ok(d.cx, bram_glm_fit(d.cx, &at[1], NULL, &weighted, 50, 1e-14));
    assert_ok(d.cx, bram_glm_fit(d.cx, &at[2], NULL, &holes, 50, 1e-14));
    for (size_t i = 0; i < M * 2; i++) {
        assert_near(a[i], b[i], 1e-7);
        assert_near(a[i], c[i], 1e-7);
    }
    drop(&d);
}

static void kernels_are_as_published(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat phi, h;
    /* onehot-hmmglm's basis for beta = 1 and five lags */
    const double published[] = {0.63640865, 0.23412166, 0.08612854, 0.03168492, 0.01165623};
    assert_ok(cx, bram_history_kernels(cx, &phi, BRAM_BASIS_EXP, 5, 1, 1));
    for (size_t k = 0; k < 5; k++) assert_near(phi.data[k], published[k], 5e-9);
    double y[] = {1, 0, 2, 0, 0, 1}, before[] = {10, 20}; /* 3 bins of 2 units */
    assert_ok(cx, bram_mat_new(cx, &h, 3, 2));
    assert_ok(cx, bram_history_filter(cx, &h, &(bram_mat){y, 3, 2, 2}, &phi, NULL));
    assert_near(bram_row(&h, 0)[0], 0, 0); /* the present bin is not used */
    assert_near(bram_row(&h, 2)[0], published[0] * 2 + published[1] * 1, 1e-8);
    assert_ok(cx, bram_history_filter(cx, &h, &(bram_mat){y, 3, 2, 2}, &phi, before));
    assert_near(bram_row(&h, 0)[1], 20, 1e-12); /* kernels sum to 1 */
    bram_free(phi.data);
    bram_free(h.data);
    /* raised cosines: each a bump whose largest lag moves on; a sum of 1; the first at lag 1 */
    assert_ok(cx, bram_history_kernels(cx, &phi, BRAM_BASIS_RAISED_COSINE, 20, 4, 0));
    size_t last = 0;
    for (size_t b = 0; b < 4; b++) {
        size_t most = 0;
        double sum = 0;
        for (size_t k = 0; k < 20; k++) {
            sum += bram_row(&phi, k)[b];
            if (bram_row(&phi, k)[b] > bram_row(&phi, most)[b]) most = k;
        }
        assert_near(sum, 1, 1e-12);
        assert_true(b == 0 ? most == 0 : most > last);
        last = most;
    }
    assert_int_equal(last, 19);
    bram_free(phi.data);
    assert_int_equal(bram_history_kernels(cx, &phi, BRAM_BASIS_RAISED_COSINE, 3, 4, 0),
                     BRAM_EUSAGE);
    bram_ctx_free(cx);
}

static void inverses_of_links(void **state)
{
    (void)state;
    for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++)
        for (double rate = 1e-4; rate < 0.9; rate *= 3) {
            double eta = bram_link_inverse((bram_link)link, rate), back, log_rate;
            bram_link_apply((bram_link)link, 0, &eta, 1, &back, &log_rate, NULL, NULL);
            assert_near(back, rate, 1e-7);
            assert_near(log_rate, log(back), 1e-12);
        }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_are_those_of_torch),
        cmocka_unit_test(fits_are_those_of_scikit_learn_and_torch),
        cmocka_unit_test(gradients_and_informations_are_slopes),
        cmocka_unit_test(a_group_lasso_meets_its_conditions),
        cmocka_unit_test(many_coefficients_go_by_gradients),
        cmocka_unit_test(descent_ends_where_newton_does),
        cmocka_unit_test(a_wide_group_lasso_meets_its_conditions),
        cmocka_unit_test(diagonals_of_informations),
        cmocka_unit_test(odd_counts_are_survived),
        cmocka_unit_test(weights_and_holes_count_rows),
        cmocka_unit_test(kernels_are_as_published),
        cmocka_unit_test(inverses_of_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
