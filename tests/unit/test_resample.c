/*
 * Tests of core/resample.c. Block lengths marked arch: optimal_block_length of the Python package
 * arch (circular column), rounded up, on the same series; its m is the lag after the paper's, which
 * moves the length a little.
 */
#include "internal.h"
#include "resample.h"
#include "test.h"

enum { LONG = 10000 };

/* AR(1) driven by uniform numbers from a linear congruential generator. */
static double *ar1(double rho)
{
    double *x = malloc(LONG * sizeof *x), last = 0;
    uint32_t s = 7 * 2654435761u + 12345u;
    for (size_t i = 0; i < LONG; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = last = rho * last + (double)(s >> 8) / (double)(1 << 23) - 1;
    }
    return x;
}

static void block_length_of_ar1(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double rho[] = {0, .5, .9, -.4};
    const size_t arch[] = {2, 29, 94, 23};
    for (int i = 0; i < 4; i++) {
        double *x = ar1(rho[i]);
        size_t length = 0;
        assert_ok(cx, bram_block_length(cx, &length, x, LONG));
        assert_near((double)length, (double)arch[i], 2);
        double d = 2 * rho[i] / (1 - rho[i] * rho[i]), limit = cbrt(1.5 * d * d * LONG);
        if (i) assert_near((double)length / limit, 1, .2); /* the rule's limit; it is an estimate */
        free(x);
    }
    bram_ctx_free(cx);
}

static void block_length_of_degenerate_series(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[100] = {0};
    size_t length = 42;
    assert_int_equal(bram_block_length(cx, &length, x, 7), BRAM_ESHAPE);
    x[3] = INFINITY;
    assert_int_equal(bram_block_length(cx, &length, x, 100), BRAM_ENUMERIC);
    assert_int_equal(length, 42);
    for (int i = 0; i < 100; i++) x[i] = .1;
    assert_ok(cx, bram_block_length(cx, &length, x, 100));
    assert_int_equal(length, 1);
    for (int i = 0; i < 100; i++) x[i] = i; /* a trend: at most min(3 sqrt n, n/3) */
    assert_ok(cx, bram_block_length(cx, &length, x, 100));
    assert_in_range(length, 10, 30);
    assert_ok(cx, bram_block_length(cx, &length, x, 8));
    assert_in_range(length, 1, 3);
    bram_ctx_free(cx);
}

static void blocks_cover_the_rows(void **state)
{
    (void)state;
    for (size_t rows = 0; rows < 40; rows++)
        for (size_t length = 1; length < 45; length++) {
            bram_blocks b = bram_blocks_cut(rows, length);
            assert_int_equal(b.count, rows == 0 ? 0 : rows < length ? 1 : rows / length);
            assert_int_equal(bram_blocks_first(b, 0), 0);
            assert_int_equal(bram_blocks_first(b, b.count), rows);
            for (size_t i = 0; i < b.count && rows >= length; i++) {
                size_t size = bram_blocks_first(b, i + 1) - bram_blocks_first(b, i);
                assert_in_range(size, length, 2 * length - 1);
            }
        }
    assert_int_equal(bram_blocks_first(bram_blocks_cut(11, 3), 1), 4); /* 4 + 4 + 3 */
    assert_int_equal(bram_blocks_first(bram_blocks_cut(11, 3), 2), 8);
}

static void draws_are_keyed_by_sample(void **state)
{
    (void)state;
    uint32_t a[20], b[20], c[20];
    double mean[20] = {0};
    bram_bootstrap_draw(a, 20, 1, "worm/forecast", 5);
    bram_bootstrap_draw(b, 20, 1, "worm/forecast", 6);
    bram_bootstrap_draw(c, 20, 1, "worm/forecast", 5);
    assert_memory_equal(a, c, sizeof a);
    assert_memory_not_equal(a, b, sizeof a);
    bram_bootstrap_draw(c, 20, 2, "worm/forecast", 5);
    assert_memory_not_equal(a, c, sizeof a);
    for (uint64_t sample = 0; sample < 4000; sample++) {
        uint32_t sum = 0;
        bram_bootstrap_draw(a, 20, 1, "x", sample);
        for (int i = 0; i < 20; i++) sum += a[i], mean[i] += a[i] / 4000.;
        assert_int_equal(sum, 20);
    }
    for (int i = 0; i < 20; i++) assert_near(mean[i], 1, .08); /* 5 standard errors */
    bram_bootstrap_draw(NULL, 0, 1, "x", 0);
}

static void few_blocks_have_no_interval(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(bram_bootstrap_check(cx, 7), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "found 7"));
    assert_ok(cx, bram_bootstrap_check(cx, 8));
    bram_ctx_free(cx);
}

static void intervals_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double draws[102];
    for (int i = 0; i <= 100; i++) draws[i] = (i * 37) % 101; /* 0 .. 100 in another order */
    draws[101] = NAN;
    bram_interval v = {0};
    assert_ok(cx, bram_interval_percentile(cx, &v, draws, 102, .9));
    assert_near(v.low, 5, 1e-12);
    assert_near(v.high, 95, 1e-12);
    assert_int_equal(v.valid, 101);
    /* centre 80 - 50; reach t(.95, 9) / z(.95) sqrt(10 / 9) 45, t and z from printed tables */
    double reach = 1.833113 / 1.644854 * sqrt(10. / 9) * 45;
    assert_ok(cx, bram_interval_corrected(cx, &v, 40, draws, 102, .9, 10, 1, true));
    assert_near(v.low, 30 - reach, 1e-4);
    assert_near(v.high, 30 + reach, 1e-4);
    assert_near(v.level, .9, 0);
    assert_ok(cx, bram_interval_corrected(cx, &v, 40, draws, 102, .9, 20, 2, true)); /* two parts */
    assert_near(v.high, 30 + 1.734064 / 1.644854 * sqrt(20. / 18) * 45, 1e-4);
    assert_ok(cx, bram_interval_corrected(cx, &v, 40, draws, 102, .9, 10, 1, false));
    assert_near(v.low, 40 - reach, 1e-4);
    assert_ok(cx,
              bram_interval_corrected(cx, &v, 200, draws, 102, .9, 10, 1, true)); /* centre 350 */
    assert_near(v.low, 200, 0); /* it holds the value */
    assert_near(v.high, 350 + reach, 1e-4);
    v.low = 42;
    assert_int_equal(bram_interval_percentile(cx, &v, draws, 102, 1), BRAM_EUSAGE);
    assert_int_equal(bram_interval_percentile(cx, &v, draws, 0, .9), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_interval_corrected(cx, &v, 0, draws, 102, 1, 8, 1, true), BRAM_EUSAGE);
    assert_int_equal(bram_interval_corrected(cx, &v, 0, draws, 102, .9, 3, 3, true),
                     BRAM_ENOTAPPLICABLE);
    for (int i = 0; i < 60; i++) draws[i] = NAN;
    assert_int_equal(bram_interval_percentile(cx, &v, draws, 102, .9), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_interval_corrected(cx, &v, 0, draws, 102, .9, 8, 1, true),
                     BRAM_ENOTAPPLICABLE);
    assert_near(v.low, 42, 0);
    bram_ctx_free(cx);
}

static void failing_allocations_leave_the_output(void **state)
{
    (void)state;
    double *x = ar1(.5);
    size_t length = 42;
    bram_interval v = {.low = 42};
    bram_ctx *cx = bram_ctx_new();
    bram_fail_allocation(1, true);
    assert_int_equal(bram_block_length(cx, &length, x, LONG), BRAM_ENOMEM);
    assert_int_equal(bram_interval_corrected(cx, &v, 0, x, LONG, .9, 8, 1, true), BRAM_ENOMEM);
    bram_fail_allocation(0, false);
    assert_int_equal(length, 42);
    assert_near(v.low, 42, 0);
    bram_ctx_free(cx);
    free(x);
}

static void dual_variance_by_hand(void **state)
{
    (void)state;
    /* 5 / 4 + 2 * 10 / 9 - (50 / 36) / 2 */
    assert_near(bram_dual_variance(1, 2, 3.5, 5, 10), 1.25 + 20. / 9 - 25. / 36, 1e-14);
    assert_near(bram_dual_variance(1, 2, 2.9, 5, 10), 2.9, 0);              /* at most both */
    assert_near(bram_dual_variance(1, 2, 10, 5, 10), 20. / 9, 1e-14);       /* at least one alone */
    assert_near(bram_dual_variance(0, 2, 2.5, 1000000, 10), 20. / 9, 1e-5); /* subjects alike */
    assert_true(isnan(bram_dual_variance(1, 1, 2, 1, 10)));
    assert_true(isnan(bram_dual_variance(1, 1, 2, 10, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_length_of_ar1),
        cmocka_unit_test(block_length_of_degenerate_series),
        cmocka_unit_test(blocks_cover_the_rows),
        cmocka_unit_test(draws_are_keyed_by_sample),
        cmocka_unit_test(few_blocks_have_no_interval),
        cmocka_unit_test(intervals_by_hand),
        cmocka_unit_test(failing_allocations_leave_the_output),
        cmocka_unit_test(dual_variance_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
