/* Tests of core/lag_products.c: against plain sums, from short stretches to many blocks. */
#include "internal.h"
#include "lag_products.h"
#include "linalg.h"
#include "test.h"

#include <bramble/rng.h>

enum { UNITS = 7 };

/* The sum of a product of two columns, and its size: the product of the columns' lengths. */
static double plain_sum(double *size, const bram_mat *stretch, size_t n, size_t lags,
                        const double *shift, size_t lag, size_t i, size_t j)
{
    long double sum = 0, past = 0, now = 0;
    for (size_t s = 0; s < n; s++)
        for (size_t t = lags; t < stretch[s].rows; t++) {
            double a = bram_row(&stretch[s], t - lag)[i] - shift[i];
            double b = bram_row(&stretch[s], t)[j] - shift[j];
            sum += (long double)a * b, past += (long double)a * a, now += (long double)b * b;
        }
    *size = (double)sqrtl(past * now);
    return (double)sum;
}

static void compare(const bram_mat *stretch, size_t n, size_t lags, const double *shift)
{
    bram_ctx *cx = bram_ctx_new();
    size_t units = stretch[0].cols;
    bram_mat now, past;
    double *room = bram_scratch(cx, lags * lags * units * units, sizeof *room);
    assert_non_null(room);
    assert_ok(cx, bram_mat_scratch(cx, &now, units, units));
    assert_ok(cx, bram_mat_scratch(cx, &past, lags * units, units));
    assert_ok(cx, bram_lag_products(cx, &now, &past, stretch, n, lags, shift, room));
    for (size_t lag = 0; lag <= lags; lag++)
        for (size_t i = 0; i < units; i++)
            for (size_t j = 0; j < units; j++) {
                double size, want = plain_sum(&size, stretch, n, lags, shift, lag, i, j);
                double found = lag ? bram_row(&past, (lag - 1) * units + i)[j]
                                   : bram_row(&now, i)[j];
                assert_near(found, want, 2e-14 * size); /* 50 rows or more: edges weigh little */
            }
    bram_ctx_free(cx);
}

static double *series(size_t rows, const double *scale, const double *offset)
{
    double *y = malloc(rows * UNITS * sizeof *y);
    bram_rng rng = bram_rng_new(5, "lag products");
    assert_non_null(y);
    for (size_t t = 0; t < rows; t++)
        for (size_t j = 0; j < UNITS; j++)
            y[t * UNITS + j] = offset[j] +
                               scale[j] *
                                   (bram_rng_normal(&rng) +
                                    (t ? (y[(t - 1) * UNITS + j] - offset[j]) / scale[j] * .9 : 0));
    return y;
}

static void equal_plain_sums(void **state)
{
    (void)state;
    const double scale[UNITS] = {1, 1e-6, 1e6, 1, 3, .5, 1}, offset[UNITS] = {0, 0, 0, 5, 0, 0, 0};
    const double none[UNITS] = {0};
    enum { ROWS = 6000 };
    double *y = series(ROWS, scale, offset);
    static const size_t lags[] = {4, 5, 7, 10, 20, 33};
    for (size_t k = 0; k < sizeof lags / sizeof *lags; k++) {
        bram_mat whole = {y, ROWS, UNITS, UNITS}; /* several chunks of blocks, a broken one last */
        compare(&whole, 1, lags[k], offset);
        compare(&whole, 1, lags[k], none);
        bram_mat parts[] = {{y, lags[k] + 1, UNITS, UNITS}, /* one row */
                            {y + 700, lags[k] + 500, UNITS, UNITS},
                            {y + 7000, 2 * lags[k], UNITS, UNITS}};
        compare(parts, 3, lags[k], offset);
        bram_mat narrow = {y + 2, 900, 3, UNITS}; /* strided */
        compare(&narrow, 1, lags[k], offset + 2);
    }
    free(y);
}

static void they_pay_for_long_series_of_many_units_only(void **state)
{
    (void)state;
    assert_true(bram_lag_products_pay(&(bram_mat){NULL, 20000, 300, 300}, 1, 10));
    assert_true(bram_lag_products_pay(&(bram_mat){NULL, 2000, 100, 100}, 1, 5));
    assert_false(bram_lag_products_pay(&(bram_mat){NULL, 20000, 300, 300}, 1, 3));
    assert_false(bram_lag_products_pay(&(bram_mat){NULL, 20000, 3, 3}, 1, 10));
    assert_false(bram_lag_products_pay(&(bram_mat){NULL, 40, 300, 300}, 1, 10));
    bram_mat short_ones[20];
    for (size_t s = 0; s < 20; s++) short_ones[s] = (bram_mat){NULL, 13, 300, 300};
    assert_false(bram_lag_products_pay(short_ones, 20, 10)); /* 3 rows of each block of 38 */
    assert_false(bram_lag_products_pay(short_ones, 0, 10));
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    double y[200] = {1, 2, 3}, room[16 * 4], now[4], past[16], shift[2] = {0};
    bram_mat stretch = {y, 100, 2, 2}, out = {now, 2, 2, 2}, more = {past, 8, 2, 2};
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        memset(room, 0, sizeof room);
        bram_fail_allocation(k, true);
        status = bram_lag_products(cx, &out, &more, &stretch, 1, 4, shift, room);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        assert_true(k < 50);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_plain_sums),
        cmocka_unit_test(they_pay_for_long_series_of_many_units_only),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
