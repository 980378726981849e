/*
 * Tests of core/pls.c: every case of the shared reference file (scikit-learn 1.2.1 PLSRegression,
 * Brain-Score's cross-validation with 5 components), exact against power iteration run to
 * convergence, a value by hand, refusals, failing allocations.
 */
#include "internal.h"
#include "linalg.h"
#include "pls.h"
#include "reference_file.h"

#include <bramble/rng.h>

static void nipals_equals_scikit_learn(void **state)
{
    (void)state;
    static const size_t components[] = {1, 2, 5};
    struct reference r;
    open_reference(&r);
    for (size_t k = 0; k < 12; k++) {
        const char *shape = k < 6 ? "tall" : "wide";
        char path[96];
        snprintf(path, sizeof path, "inputs/%s/X", shape);
        bram_mat x = reference_table(&r, path), found, want;
        snprintf(path, sizeof path, "inputs/%s/Y", shape);
        bram_mat y = reference_table(&r, path);
        snprintf(path, sizeof path, "inputs/%s/n_train", shape);
        size_t train = (size_t)reference_number(&r, path);
        bram_mat x_train = bram_mat_rows(x, 0, train), y_train = bram_mat_rows(y, 0, train);
        bram_mat x_test = bram_mat_rows(x, train, x.rows - train);
        bram_pls_options o = {
            .components = components[k / 2 % 3], .nipals = true, .scale = k % 2 == 1};
        bram_pls m = {0};
        assert_ok(r.cx, bram_pls_fit(r.cx, &m, &x_train, &y_train, &o));
        assert_ok(r.cx, bram_mat_scratch(r.cx, &found, x_test.rows, y.cols));
        assert_ok(r.cx, bram_pls_predict(r.cx, &found, &m, &x_test));
        int length = snprintf(path, sizeof path, "pls/%s_%zu_%s/", shape, o.components,
                              o.scale ? "scaled" : "raw");
        snprintf(path + length, sizeof path - (size_t)length, "prediction");
        want = reference_table(&r, path);
        assert_tables_near(&found, &want, 1e-7);
        snprintf(path + length, sizeof path - (size_t)length, "coef");
        want = reference_table(&r, path);
        assert_tables_near(&m.coef, &want, 1e-7);
        snprintf(path + length, sizeof path - (size_t)length, "x_weights");
        want = reference_table(&r, path);
        assert_tables_near(&m.weights, &want, 1e-7);
        snprintf(path + length, sizeof path - (size_t)length, "n_iter");
        want = reference_table(&r, path);
        for (size_t c = 0; c < want.rows; c++) assert_int_equal(m.iterations[c], want.data[c]);
        bram_pls_release(&m);
    }
    close_reference(&r);
}

static void make(bram_ctx *cx, bram_mat *x, bram_mat *y, size_t n, size_t p, size_t t)
{
    bram_rng g = bram_rng_new(8, "test/pls");
    assert_ok(cx, bram_mat_scratch(cx, x, n, p));
    assert_ok(cx, bram_mat_scratch(cx, y, n, t));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < p; k++)
            bram_row(x, i)[k] = 3 + bram_rng_normal(&g) * pow(.7, (double)(k % 9));
        for (size_t j = 0; j < t; j++)
            bram_row(y, i)[j] = 2 * bram_row(x, i)[j % p] - bram_row(x, i)[(j + 1) % p] +
                                .5 * bram_rng_normal(&g);
    }
}

static void exact_is_where_iteration_converges(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{40, 12, 5}, {40, 5, 12}, {20, 45, 4}, {30, 6, 1}, {9, 3, 2}};
    for (size_t k = 0; k < 5; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_mat x, y, a, b;
        make(cx, &x, &y, sizes[k][0], sizes[k][1], sizes[k][2]);
        for (int scale = 0; scale < 2; scale++) {
            bram_pls_options o = {.components = 4, .scale = scale}, n = o;
            bram_pls exact = {0}, converged = {0};
            n.nipals = true, n.tolerance = 1e-30, n.most = 100000;
            assert_ok(cx, bram_pls_fit(cx, &exact, &x, &y, &o));
            assert_ok(cx, bram_pls_fit(cx, &converged, &x, &y, &n));
            assert_ok(cx, bram_mat_scratch(cx, &a, x.rows, y.cols));
            assert_ok(cx, bram_mat_scratch(cx, &b, x.rows, y.cols));
            assert_ok(cx, bram_pls_predict(cx, &a, &exact, &x));
            assert_ok(cx, bram_pls_predict(cx, &b, &converged, &x));
            assert_tables_near(&a, &b, 1e-10);
            bram_pls_release(&exact);
            bram_pls_release(&converged);
        }
        bram_ctx_free(cx);
    }
}

static void all_components_are_least_squares(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y, a;
    make(cx, &x, &y, 30, 3, 2);
    bram_pls_options o = {.components = 7}; /* no more than 3 can be made */
    bram_pls m = {0};
    assert_ok(cx, bram_pls_fit(cx, &m, &x, &y, &o));
    assert_int_equal(m.components, 3);
    assert_ok(cx, bram_mat_scratch(cx, &a, 30, 2));
    assert_ok(cx, bram_pls_predict(cx, &a, &m, &x));
    for (size_t j = 0; j < 2; j++) /* residuals are orthogonal to every column */
        for (size_t k = 0; k < 3; k++) {
            double sum = 0;
            for (size_t i = 0; i < 30; i++)
                sum += (bram_row(&y, i)[j] - bram_row(&a, i)[j]) * bram_row(&x, i)[k];
            assert_near(sum, 0, 1e-10);
        }
    bram_pls_release(&m);
    bram_ctx_free(cx);
}

/* x = (-1, 0, 1) and its double, y = (0, 1, 5): w = (1, 2) / sqrt 5, s = sqrt 5 x, q = 5 / 2 / sqrt
 * 5, so y is 2 + 2.5 x with a half from (1, 4) / 5 of each: 0.5 and 1 by column. A constant target
 * has nothing to covary with. */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {-1, -2, 0, 0, 1, 2}, y[] = {0, 1, 5}, flat[] = {.1, .1, .1}, p[3];
    bram_mat mx = {x, 3, 2, 2}, my = {y, 3, 1, 1}, mp = {p, 3, 1, 1};
    for (int k = 0; k < 2; k++) {
        bram_pls m = {0};
        bram_pls_options o = {.components = 2, .nipals = k};
        assert_ok(cx, bram_pls_fit(cx, &m, &mx, &my, &o));
        assert_near(m.coef.data[0], .5, 1e-14);
        assert_near(m.coef.data[1], 1, 1e-14);
        assert_ok(cx, bram_pls_predict(cx, &mp, &m, &mx));
        assert_near(p[0], -.5, 1e-14);
        assert_near(p[2], 4.5, 1e-14);
        bram_pls_release(&m);
        my.data = flat;
        assert_ok(cx, bram_pls_fit(cx, &m, &mx, &my, &o));
        assert_int_equal(m.components, 0);
        assert_ok(cx, bram_pls_predict(cx, &mp, &m, &mx));
        assert_near(p[1], .1, 0);
        bram_pls_release(&m);
        my.data = y;
    }
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double v[] = {1, 2, 3, NAN, 5, 6};
    bram_mat bad = {v, 3, 2, 2}, good = {v, 3, 1, 2}, short_one = {v, 1, 2, 2};
    bram_pls m = {0};
    bram_pls_options o = {.components = 1};
    assert_int_equal(bram_pls_fit(cx, &m, &bad, &good, &o), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "column 1"));
    assert_int_equal(bram_pls_fit(cx, &m, &good, &bad, &o), BRAM_ENUMERIC);
    assert_int_equal(bram_pls_fit(cx, &m, &short_one, &short_one, &o), BRAM_ESHAPE);
    assert_int_equal(bram_pls_fit(cx, &m, &good, &short_one, &o), BRAM_ESHAPE);
    o.components = 0;
    assert_int_equal(bram_pls_fit(cx, &m, &good, &good, &o), BRAM_ESHAPE);
    assert_null(m.coef.data);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (int nipals = 0; nipals < 2; nipals++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            bram_ctx *cx = bram_ctx_new();
            bram_mat x, y;
            make(cx, &x, &y, 20, 6, 3);
            bram_pls m = {0};
            bram_pls_options o = {.components = 3, .nipals = nipals};
            bram_fail_allocation(k, true);
            status = bram_pls_fit(cx, &m, &x, &y, &o);
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || (status == BRAM_ENOMEM && !m.coef.data));
            assert_true(k < 200);
            bram_pls_release(&m);
            bram_ctx_free(cx);
        }
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nipals_equals_scikit_learn),
        cmocka_unit_test(exact_is_where_iteration_converges),
        cmocka_unit_test(all_components_are_least_squares),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
