/*
 * Tests of core/stats.c. Values by hand; those marked numpy or scipy were computed with numpy 2.4.6
 * and scipy on the numbers of series().
 */
#include "internal.h"
#include "stats.h"
#include "test.h"

enum { N = 11 };

static void series(double *x, size_t n, uint32_t seed)
{
    uint32_t s = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (double)(s >> 8) / (double)(1 << 23) - 1;
    }
}

static void moments(void **state)
{
    (void)state;
    double x[N], y[N];
    series(x, N, 1);
    series(y, N, 2);
    assert_near(bram_mean(x, N), -0.028545141220092773, 1e-16);     /* numpy */
    assert_near(bram_variance(x, N, 1), 0.4744921356017244, 1e-15); /* numpy */
    assert_near(bram_pearson(x, y, N), 0.33823817358981767, 1e-15); /* scipy */
    double a[] = {1, 2, 3, 4}, b[] = {2, 4, 6, 9};
    assert_near(bram_sum(a, 4), 10, 0);
    assert_near(bram_variance(a, 4, 0), 1.25, 0);
    assert_near(bram_pearson(a, b, 4), 11.5 / sqrt(5 * 26.75), 1e-15);
    assert_near(bram_pearson(a, a, 4), 1, 0);
}

static void sums_cover_every_length(void **state)
{
    (void)state;
    double x[40];
    for (int i = 0; i < 40; i++) x[i] = i + 1;
    for (size_t n = 0; n <= 40; n++) assert_near(bram_sum(x, n), (double)(n * (n + 1)) / 2, 0);
}

static void degenerate_moments(void **state)
{
    (void)state;
    double constant[] = {.1, .1, .1, .1, .1, .1, .1}, x[] = {1, 2, 3, 5, 7, 8, 9};
    assert_near(bram_variance(constant, 7, 1), 0,
                0); /* though the rounded mean of seven .1 is not .1 */
    assert_true(isnan(bram_pearson(x, constant, 7)));
    assert_true(isnan(bram_mean(x, 0)));
    assert_true(isnan(bram_variance(x, 1, 1)));
    assert_true(isnan(bram_pearson(x, x, 1)));
    double far[] = {1e15 + 1, 1e15 + 2, 1e15 + 3};
    assert_near(bram_variance(far, 3, 1), 1, 0);
    x[2] = NAN;
    assert_true(isnan(bram_mean(x, 7)) && isnan(bram_variance(x, 7, 1)));
    assert_true(isnan(bram_pearson(x, x, 7)));
}

static void quantiles(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N], q = 0, even[] = {4, 1, 3, 2};
    series(x, N, 1);
    assert_ok(cx, bram_quantile(cx, &q, x, N, .3));
    assert_near(q, -0.4188004732131958, 1e-15); /* numpy */
    assert_ok(cx, bram_median(cx, &q, even, 4));
    assert_near(q, 2.5, 0);
    assert_ok(cx, bram_quantile(cx, &q, even, 4, 0));
    assert_near(q, 1, 0);
    assert_ok(cx, bram_quantile(cx, &q, even, 4, 1));
    assert_near(q, 4, 0);
    q = 42;
    assert_int_equal(bram_quantile(cx, &q, even, 0, .5), BRAM_ESHAPE);
    assert_int_equal(bram_quantile(cx, &q, even, 4, 1.5), BRAM_EUSAGE);
    even[1] = NAN;
    assert_int_equal(bram_quantile(cx, &q, even, 4, .5), BRAM_ENUMERIC);
    assert_near(q, 42, 0);
    assert_true(isnan(bram_quantile_sorted(even, 0, .5)));
    double infinite[] = {1, 2, INFINITY}; /* no infinity times zero */
    assert_near(bram_quantile_sorted(infinite, 3, .5), 2, 0);
    bram_ctx_free(cx);
}

static void ranks_share_ties(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {3, 1, 3, 2, 3, 1}, ranks[6], want[] = {5, 1.5, 5, 3, 5, 1.5};
    assert_ok(cx, bram_ranks(cx, ranks, x, 6));
    for (int i = 0; i < 6; i++) assert_near(ranks[i], want[i], 0);
    double a[N], b[N], rho = 0;
    series(a, N, 1);
    series(b, N, 2);
    assert_ok(cx, bram_spearman(cx, &rho, a, b, N));
    assert_near(rho, 0.45454545454545453, 1e-15); /* scipy */
    a[4] = NAN;
    assert_int_equal(bram_spearman(cx, &rho, a, b, N), BRAM_ENUMERIC);
    assert_int_equal(bram_ranks(cx, ranks, a + 1, 6), BRAM_ENUMERIC);
    assert_ok(cx, bram_ranks(cx, ranks, a, 0));
    bram_ctx_free(cx);
}

static void distributions(void **state)
{
    (void)state;
    bram_stats_init();
    assert_near(bram_normal_quantile(.975), 1.959963984540054, 1e-14); /* scipy, as all below */
    assert_near(bram_normal_tail(3), 0.0013498980316300933, 1e-17);
    assert_near(bram_normal_tail(10) / 7.61985302416047e-24, 1, 1e-12);
    assert_near(bram_t_quantile(.975, 7), 2.364624251592784, 1e-12);
    assert_near(bram_t_tail(2.5, 4.5), 0.029952843251100272, 1e-14);
    assert_near(bram_t_tail(-1, 3), 0.8044988905221148, 1e-14);
    assert_near(bram_t_tail(1, INFINITY), bram_normal_tail(1), 0);
    assert_near(bram_normal_quantile(.5), 0, 1e-16);
    assert_true(isnan(bram_normal_quantile(1.1)) && isnan(bram_t_quantile(NAN, 3)));
    assert_true(isnan(bram_t_tail(1, 0)) && isnan(bram_t_quantile(.5, -1)));
    assert_true(isinf(bram_normal_quantile(1)));
}

static void bootstrap_p_values(void **state)
{
    (void)state;
    double draws[] = {1, 2, 3, 4, 5, 6, 7, 8, NAN};
    assert_near(bram_bootstrap_p(draws, 9), 2. / 9, 1e-16); /* 2 (0 + 1) / (8 + 1) */
    draws[0] = -1;
    assert_near(bram_bootstrap_p(draws, 9), 4. / 9, 1e-16);
    double middle[] = {-1, 1};
    assert_near(bram_bootstrap_p(middle, 2), 1, 0);
    assert_true(isnan(bram_bootstrap_p(draws + 8, 1)));
}

static void many_tests(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double p[] = {.01, .04, NAN, .03, .005, .2}, out[6];
    /* sorted .005 .01 .03 .04 .2, times 5 4 3 2 1, made monotone */
    const double holm[] = {.04, .09, NAN, .09, .025, .2};
    const double fdr[] = {.025, .05, NAN, .05, .025, .2}; /* scipy false_discovery_control */
    assert_ok(cx, bram_holm(cx, out, p, 6));
    for (int i = 0; i < 6; i++)
        if (i != 2) assert_near(out[i], holm[i], 1e-16);
    assert_true(isnan(out[2]));
    assert_ok(cx, bram_fdr(cx, p, p, 6));
    for (int i = 0; i < 6; i++)
        if (i != 2) assert_near(p[i], fdr[i], 1e-16);
    assert_true(isnan(p[2]));
    bram_ctx_free(cx);
}

static void failing_allocations_leave_the_output(void **state)
{
    (void)state;
    double x[] = {3, 1, 2}, y[] = {1, 2, 3}, q = 42, out[3] = {42, 42, 42};
    for (size_t k = 1; k < 3; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, true);
        assert_int_equal(bram_spearman(cx, &q, x, y, 3), BRAM_ENOMEM);
        assert_int_equal(bram_median(cx, &q, x, 3), BRAM_ENOMEM);
        assert_int_equal(bram_holm(cx, out, x, 3), BRAM_ENOMEM);
        assert_int_equal(bram_fdr(cx, out, x, 3), BRAM_ENOMEM);
        bram_fail_allocation(0, false);
        assert_near(q, 42, 0);
        assert_near(out[0], 42, 0);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments),
        cmocka_unit_test(sums_cover_every_length),
        cmocka_unit_test(degenerate_moments),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(ranks_share_ties),
        cmocka_unit_test(distributions),
        cmocka_unit_test(bootstrap_p_values),
        cmocka_unit_test(many_tests),
        cmocka_unit_test(failing_allocations_leave_the_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
