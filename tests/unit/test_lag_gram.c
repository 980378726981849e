/* Tests of core/lag_gram.c: against scikit-learn (var_reference.h) and against an explicit design.
 */
#include "internal.h"
#include "lag_gram.h"
#include "lag_products.h"
#include "linalg.h"
#include "ridge.h"
#include "test.h"
#include "var_reference.h"

static void fill(double *x, size_t n, uint32_t seed)
{
    uint32_t s = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (double)(s >> 8) / (double)(1 << 23) - 1;
    }
}

static void equals_scikit_learn(double lambda, const double *coef, const double *intercept,
                                const double *forecast)
{
    bram_ctx *cx = bram_ctx_new();
    double y[128 * 4], c[4], weights[12 * 4];
    memcpy(y, var_y, sizeof var_y);
    bram_mat my = {y, 120, 4, 4}, w = {weights, 12, 4, 4};
    bram_lag_gram *g = NULL;
    assert_ok(cx, bram_lag_gram_new(cx, &g, &my, NULL, 1, 3));
    assert_int_equal(g->rows, 117);
    assert_ok(cx, bram_lag_gram_solve(cx, &w, c, g, lambda, false));
    for (size_t i = 0; i < 4; i++) {
        assert_near(c[i], intercept[i], 1e-9);
        for (size_t r = 0; r < 12; r++) assert_near(bram_row(&w, r)[i], coef[12 * i + r], 1e-9);
    }
    for (size_t h = 0; h < 8; h++) {
        bram_mat next = {y + 4 * (120 + h), 1, 4, 4}, lagged[3];
        for (size_t l = 0; l < 3; l++) lagged[l] = (bram_mat){next.data - 4 * (l + 1), 1, 4, 4};
        assert_ok(cx, bram_lag_predict(cx, &next, lagged, &w, c));
        for (size_t i = 0; i < 4; i++) assert_near(next.data[i], forecast[4 * h + i], 1e-8);
    }
    bram_lag_gram_free(g);
    bram_ctx_free(cx);
}

static void autoregression_equals_scikit_learn(void **state)
{
    (void)state;
    equals_scikit_learn(0.001, var_coef_small, var_intercept_small, var_forecast_small);
    equals_scikit_learn(10, var_coef_large, var_intercept_large, var_forecast_large);
}

/* Rows of the explicit regression: returns how many. */
static size_t explicit_design(bram_mat *x, bram_mat *y, const bram_mat *segments,
                              const size_t *first, size_t n, size_t lags)
{
    size_t rows = 0, units = segments[0].cols;
    for (size_t s = 0; s < n; s++)
        for (size_t t = first[s] > lags ? first[s] : lags; t < segments[s].rows; t++, rows++) {
            memcpy(bram_row(y, rows), bram_row(&segments[s], t), units * sizeof(double));
            for (size_t l = 1; l <= lags; l++)
                memcpy(bram_row(x, rows) + (l - 1) * units, bram_row(&segments[s], t - l),
                       units * sizeof(double));
        }
    return rows;
}

static void compare_with_design(bram_ctx *cx, const bram_mat *segments, const size_t *first,
                                size_t n, size_t lags, double tolerance)
{
    size_t units = segments[0].cols, side = lags * units, mark = bram_scratch_mark(cx);
    bram_mat x, y, weights, want, b;
    assert_ok(cx, bram_mat_scratch(cx, &x, 400, side));
    assert_ok(cx, bram_mat_scratch(cx, &y, 400, units));
    x.rows = y.rows = explicit_design(&x, &y, segments, first, n, lags);
    bram_lag_gram *g = NULL;
    assert_ok(cx, bram_lag_gram_new(cx, &g, segments, first, n, lags));
    assert_int_equal(g->rows, x.rows);
    bram_ridge *ridge = NULL;
    double mean[8], alpha[8], intercept[8], found[8];
    for (size_t j = 0; j < units; j++) alpha[j] = .5;
    assert_ok(cx, bram_mat_scratch(cx, &weights, side, units));
    assert_ok(cx, bram_mat_scratch(cx, &want, side, units));
    assert_ok(cx, bram_ridge_new(cx, &ridge, &x));
    assert_ok(cx, bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), units));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &y));
    assert_ok(cx, bram_ridge_weights(cx, ridge, &want, intercept, &b, mean, alpha));
    for (int round = 0; round < 2; round++) { /* the second one sees the matrix put back */
        assert_ok(cx, bram_lag_gram_solve(cx, &weights, found, g, .5, false));
        for (size_t i = 0; i < side * units; i++)
            assert_near(weights.data[i], want.data[i], tolerance);
        for (size_t i = 0; i < units; i++) assert_near(found[i], intercept[i], tolerance);
    }
    for (size_t i = 0; i < side; i++) /* the Gram matrix itself, about the means of the design */
        for (size_t j = 0; j < side; j++) {
            double sum = 0, mi = g->mean.data[units + i], mj = g->mean.data[units + j];
            for (size_t t = 0; t < x.rows; t++)
                sum += (bram_row(&x, t)[i] - mi) * (bram_row(&x, t)[j] - mj);
            assert_near(bram_row(&g->gram, i)[j], sum, tolerance);
        }
    bram_ridge_free(ridge);
    bram_lag_gram_free(g);
    bram_scratch_release(cx, mark);
}

static void equals_an_explicit_design(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double data[360 * 3];
    fill(data, 360 * 3, 1);
    bram_mat segments[] = {
        {data, 120, 3, 3}, {data + 360, 4, 3, 3}, {data + 372, 90, 3, 3}, {data + 642, 40, 2, 3}};
    const size_t none[] = {0, 0, 0, 0}, some[] = {50, 2, 9, 0};
    for (size_t lags = 1; lags <= 5; lags++) {
        compare_with_design(cx, segments, none, 1, lags, 1e-11);
        compare_with_design(cx, segments, none, 3, lags, 1e-11);
        compare_with_design(cx, segments, some, 3, lags, 1e-11);
        compare_with_design(cx, segments + 3, none, 1, lags, 1e-11); /* strided */
    }
    for (size_t i = 0; i < 360 * 3; i++) data[i] += 1e6; /* far from zero: 10 digits are left */
    compare_with_design(cx, segments, some, 3, 4, 1e-4);
    bram_ctx_free(cx);
}

static void chunks_and_threads_change_nothing(void **state)
{
    (void)state;
    enum { T = 5000, N = 5, L = 3 };
    bram_ctx *cx = bram_ctx_new();
    double *data = bram_alloc(cx, T * N, sizeof *data);
    fill(data, T * N, 2);
    bram_mat y = {data, T, N, N};
    bram_lag_gram *one = NULL, *four = NULL;
    assert_ok(cx, bram_lag_gram_new(cx, &one, &y, NULL, 1, L));
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_lag_gram_new(cx, &four, &y, NULL, 1, L));
    assert_memory_equal(one->gram.data, four->gram.data, L * N * L * N * sizeof *data);
    assert_memory_equal(one->cross.data, four->cross.data, L * N * N * sizeof *data);
    for (size_t a = 1; a <= L; a++) {
        double sum = 0, m0 = 0, ma = 0;
        for (size_t t = L; t < T; t++)
            m0 += data[t * N + 1] / (T - L), ma += data[(t - a) * N + 2] / (T - L);
        for (size_t t = L; t < T; t++) sum += (data[t * N + 1] - m0) * (data[(t - a) * N + 2] - ma);
        assert_near(bram_row(&one->cross, (a - 1) * N + 2)[1], sum, 1e-10);
    }
    bram_lag_gram_free(one);
    bram_lag_gram_free(four);
    bram_free(data);
    bram_ctx_free(cx);
}

/* Many units and lags go through lag_products.h; the result is that of plain sums. */
static void short_transforms_change_nothing(void **state)
{
    (void)state;
    enum { N = 40, L = 6, ROWS = 900 };
    bram_ctx *cx = bram_ctx_new();
    double *data = bram_alloc(cx, ROWS * N, sizeof *data);
    fill(data, ROWS * N, 4);
    for (size_t i = 0; i < ROWS * N; i++) data[i] = 3 + data[i] + (i >= N ? .5 * data[i - N] : 0);
    bram_mat y[] = {{data, 500, N, N}, {data + 500 * N, 5, N, N}, {data + 505 * N, 395, N, N}};
    const size_t first[] = {0, 0, 100};
    bram_lag_gram *one = NULL, *four = NULL;
    const bram_mat stretch[] = {y[0], bram_mat_rows(y[2], 100 - L, 295 + L)};
    assert_true(bram_lag_products_pay(stretch, 2, L));
    assert_ok(cx, bram_lag_gram_new(cx, &one, y, first, 3, L));
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_lag_gram_new(cx, &four, y, first, 3, L));
    assert_memory_equal(one->gram.data, four->gram.data, L * N * L * N * sizeof *data);
    assert_memory_equal(one->cross.data, four->cross.data, L * N * N * sizeof *data);
    for (size_t a = 0; a <= L; a += 2) /* lag 0: the targets */
        for (size_t b = 1; b <= L; b++)
            for (size_t i = 0; i < N; i += 3)
                for (size_t j = 1; j < N; j += 4) {
                    double sum = 0, ma = bram_row(&one->mean, a)[i],
                           mb = bram_row(&one->mean, b)[j];
                    for (size_t s = 0; s < 2; s++)
                        for (size_t t = L; t < stretch[s].rows; t++)
                            sum += (bram_row(&stretch[s], t - a)[i] - ma) *
                                   (bram_row(&stretch[s], t - b)[j] - mb);
                    double found = a ? bram_row(&one->gram, (a - 1) * N + i)[(b - 1) * N + j]
                                     : bram_row(&one->cross, (b - 1) * N + j)[i];
                    assert_near(found, sum, 1e-10); /* sums of 789 products of about 1 */
                }
    bram_lag_gram_free(four);
    bram_lag_gram_free(one);
    one = NULL;
    data[3 * N + 17] = NAN; /* in the context only */
    assert_int_equal(bram_lag_gram_new(cx, &one, y, first, 3, L), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "unit 17"));
    bram_free(data);
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double data[20] = {0}, w[4], c[2];
    bram_mat y[] = {{data, 6, 2, 2}, {data, 2, 3, 3}}, weights = {w, 2, 2, 2};
    size_t late[] = {6};
    bram_lag_gram *g = NULL;
    assert_int_equal(bram_lag_gram_new(cx, &g, y, NULL, 2, 1), BRAM_ESHAPE);
    assert_int_equal(bram_lag_gram_new(cx, &g, y, NULL, 1, 6), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_lag_gram_new(cx, &g, y, late, 1, 1), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_lag_gram_new(cx, &g, NULL, NULL, 0, 1), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_lag_gram_new(cx, &g, y, NULL, 1, 0), BRAM_EUSAGE);
    data[11] = NAN;
    assert_int_equal(bram_lag_gram_new(cx, &g, y, NULL, 1, 1), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "unit 1"));
    data[11] = 0, data[0] = INFINITY; /* in the context only */
    assert_int_equal(bram_lag_gram_new(cx, &g, y, NULL, 1, 1), BRAM_ENUMERIC);
    assert_null(g);
    data[0] = 0;
    assert_ok(cx, bram_lag_gram_new(cx, &g, y, NULL, 1, 1));
    assert_int_equal(bram_lag_gram_solve(cx, &weights, c, g, -1, false), BRAM_EUSAGE);
    assert_int_equal(bram_lag_gram_solve(cx, &weights, c, g, 0, false), BRAM_ENUMERIC);
    assert_int_equal(bram_lag_gram_solve(cx, &y[0], c, g, 1, false), BRAM_ESHAPE);
    assert_ok(cx, bram_lag_gram_solve(cx, &weights, c, g, 1, false));
    assert_near(w[3], 0, 0);
    bram_mat out = {data + 12, 2, 2, 2}, narrow = {data + 16, 2, 1, 2};
    assert_int_equal(bram_lag_predict(cx, &narrow, y, &weights, c), BRAM_ESHAPE);
    assert_int_equal(bram_lag_predict(cx, &out, y, &weights, c), BRAM_ESHAPE); /* 6 rows for 2 */
    bram_lag_gram_free(g);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    double data[40], w[16], c[2];
    fill(data, 40, 3);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_mat y = {data, 20, 2, 2}, weights = {w, 4, 2, 2};
        bram_lag_gram *g = NULL;
        bram_fail_allocation(k, true);
        status = bram_lag_gram_new(cx, &g, &y, NULL, 1, 2);
        if (status == BRAM_OK) status = bram_lag_gram_solve(cx, &weights, c, g, 1, false);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        assert_true(k < 50);
        bram_lag_gram_free(g);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(autoregression_equals_scikit_learn),
        cmocka_unit_test(equals_an_explicit_design),
        cmocka_unit_test(chunks_and_threads_change_nothing),
        cmocka_unit_test(short_transforms_change_nothing),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
