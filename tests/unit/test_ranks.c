/* Tests of metrics/ranks.c: the order of short and long vectors, whatever their values. */
#include <bramble/rng.h>

#include "internal.h"
#include "ranks.h"
#include "test.h"

enum { LONG = 300000 };

static const double *sorted_values; /* for qsort */

static int by_value(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    double x = sorted_values[i], y = sorted_values[j];
    if (x != y) return x < y ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* Holds the order of x against the C library's sort. */
static void check(const double *x, size_t n, unsigned threads)
{
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_threads(cx, threads);
    bram_order order;
    uint32_t *expected = malloc((n + 1) * sizeof *expected);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) expected[count++] = (uint32_t)i;
    sorted_values = x;
    qsort(expected, count, sizeof *expected, by_value);
    assert_ok(cx, bram_order_new(cx, &order, x, n));
    assert_int_equal(order.count, count);
    for (size_t k = 0; k < count; k++)
        if (order.index[k] != expected[k])
            fail_msg("place %zu of %zu: entry %u, expected %u", k, n, order.index[k], expected[k]);
    bram_free(order.index);
    free(expected);
    bram_ctx_free(cx);
}

enum shape { NORMAL, TIES, ONE_VALUE, OUTLIERS, LOGNORMAL, INFINITE, DENORMAL, GAPS, SHAPES };

static double value(bram_rng *g, enum shape shape)
{
    double z = bram_rng_normal(g);
    switch (shape) {
    case TIES:
        return floor(3 * z) / 3;
    case ONE_VALUE:
        return 0.1;
    case OUTLIERS:
        return bram_rng_below(g, 100) ? 1e-9 * z : 1e300 * z;
    case LOGNORMAL:
        return exp(8 * z);
    case INFINITE:
        return bram_rng_below(g, 50) ? z : z / 0.0;
    case DENORMAL:
        return z * 1e-320;
    case GAPS:
        return bram_rng_below(g, 9) ? z * -0.0 : (double)NAN;
    default:
        return z;
    }
}

static void orders(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 2, 3, 24, 25, 100, 5000, LONG};
    double *x = malloc(LONG * sizeof *x);
    for (int shape = NORMAL; shape < SHAPES; shape++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            bram_rng g = bram_rng_at(3, "test/ranks", (uint64_t)shape);
            for (size_t i = 0; i < sizes[s]; i++) x[i] = value(&g, (enum shape)shape);
            check(x, sizes[s], s % 2 ? 2 : 1);
        }
    free(x);
}

static void an_order_leaves_nan_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {3, NAN, 1, 3, -2};
    bram_order order;
    assert_ok(cx, bram_order_new(cx, &order, x, 5));
    assert_int_equal(order.count, 4);
    uint32_t expected[] = {4, 2, 0, 3};
    for (size_t k = 0; k < 4; k++) assert_int_equal(order.index[k], expected[k]);
    bram_free(order.index);
    bram_order untouched = {NULL, 77};
    assert_int_equal(bram_order_new(cx, &untouched, x, (size_t)UINT32_MAX + 1), BRAM_ESHAPE);
    for (size_t k = 1; k <= 2; k++) { /* the index, a chunk of scratch memory */
        bram_ctx *fresh = bram_ctx_new();
        bram_fail_allocation(k, false);
        assert_int_equal(bram_order_new(fresh, &untouched, x, 5), BRAM_ENOMEM);
        bram_fail_allocation(0, false);
        bram_ctx_free(fresh);
    }
    assert_null(untouched.index);
    assert_int_equal(untouched.count, 77);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(an_order_leaves_nan_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
