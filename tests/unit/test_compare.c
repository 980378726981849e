/* Tests of report/compare.c and of bram_select: published critical values, ranks by hand. */
#include "compare.h"
#include "stats.h"
#include "test.h"

/* Upper 5 % points of the studentized range for infinite degrees of freedom, 2 .. 10 means (Harter
 * 1960, Ann. Math. Stat. 31:1122, three decimals). Demsar 2006, table 5(a), has them divided by
 * sqrt 2. */
static void critical_values_are_the_published_ones(void **state)
{
    (void)state;
    static const double range[] = {2.772, 3.314, 3.633, 3.858, 4.030, 4.170, 4.286, 4.387, 4.474};
    for (size_t k = 2; k <= 10; k++) assert_near(sqrt(2) * bram_nemenyi(k), range[k - 2], 5.01e-4);
    assert_true(isnan(bram_nemenyi(1)));
}

static void mean_ranks_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mean_ranks r;
    /* model 1 lacks a score and is left out; the others are ranked 1 2 3, 1 3 2, 1.5 1.5 3 */
    const double value[] = {9, 1, 5, 2, 9, NAN, 1, 2, 4, 7, 4, 3};
    assert_ok(cx, bram_mean_ranks_of(cx, &r, value, 3, 4));
    assert_int_equal(r.models, 3);
    assert_int_equal(r.model[0], 0);
    assert_int_equal(r.model[1], 2);
    assert_int_equal(r.model[2], 3);
    assert_near(r.rank[0], 3.5 / 3, 1e-15);
    assert_near(r.rank[1], 6.5 / 3, 1e-15);
    assert_near(r.rank[2], 8.0 / 3, 1e-15);
    /* sums of ranks 3.5, 6.5, 8 about 6: W = 12 (6.25 + 0.25 + 4) / (9 * 24 - 3 * 6), the last for
     * the two that are tied once; chi^2 = 3 * 2 W with 2 degrees of freedom, so p = exp(-chi^2 / 2)
     */
    assert_near(r.kendall_w, 126 / 198.0, 1e-15);
    assert_near(r.friedman, 6 * 126 / 198.0, 1e-14);
    assert_near(r.p, exp(-3 * 126 / 198.0), 1e-14);
    assert_near(r.critical, 3.314 / sqrt(2) * sqrt(3 * 4 / 18.0), 5e-4);
    assert_ok(cx, bram_mean_ranks_of(cx, &r, value, 0, 4));
    assert_int_equal(r.models, 0);
    bram_ctx_free(cx);
}

/* The same order on all benchmarks is full agreement. */
static void agreement(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mean_ranks r;
    const double value[] = {3, 2, 1, .3, .2, .1};
    assert_ok(cx, bram_mean_ranks_of(cx, &r, value, 2, 3));
    assert_near(r.kendall_w, 1, 1e-15);
    const double tied[] = {3, 3, 1, .3, .3, .1}, all[] = {1, 1, 1, 1};
    assert_ok(cx, bram_mean_ranks_of(cx, &r, tied, 2, 3)); /* ties as well */
    assert_near(r.kendall_w, 1, 1e-15);
    assert_ok(cx, bram_mean_ranks_of(cx, &r, all, 2, 2));
    assert_true(isnan(r.kendall_w) && isnan(r.p));
    bram_ctx_free(cx);
}

/*
 * Demsar 2006, table 6: four classifiers on 14 datasets, ranks with ties. He gives the mean
 * ranks 3.143, 2.000, 2.893, 1.964 and CD = 2.569 sqrt(4 * 5 / (6 * 14)) = 1.25. His chi^2 of 9.28
 * is without the correction for ties; with it, as in scipy's friedmanchisquare, it is larger.
 */
static void mean_ranks_of_demsar(void **state)
{
    (void)state;
    static const double value[14][4] = {
        {.763, .768, .771, .798},     {.599, .591, .590, .569}, {.954, .971, .968, .967},
        {.628, .661, .654, .657},     {.882, .888, .886, .898}, {.936, .931, .916, .931},
        {.661, .668, .609, .685},     {.583, .583, .563, .625}, {.775, .838, .866, .875},
        {1.000, 1.000, 1.000, 1.000}, {.940, .962, .965, .962}, {.619, .666, .614, .669},
        {.972, .981, .9751, .975}, /* both .975 as printed; his ranks, 2 and 3, are of more digits
                                    */
        {.957, .978, .946, .970}};
    bram_ctx *cx = bram_ctx_new();
    bram_mean_ranks r;
    assert_ok(cx, bram_mean_ranks_of(cx, &r, value[0], 14, 4));
    const size_t order[] = {3, 1, 2, 0};
    const double rank[] = {1.964, 2.000, 2.893, 3.143};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(r.model[i], order[i]);
        assert_near(r.rank[i], rank[i], 5.01e-4);
    }
    assert_near(r.critical, 1.25, 5e-3);
    assert_true(r.friedman > 9.28);
    bram_ctx_free(cx);
}

static void selection_is_sorting(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t round = 0; round < 3000; round++) {
        double x[199], sorted[199], copy[199];
        size_t n = 1 + round % 199, k = round * 7 % n;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            x[i] = (double)(seed >> 16 & (round % 2 ? 7 : 1023));
        }
        memcpy(sorted, x, sizeof x);
        bram_sort(sorted, n);
        double p = (double)(round % 101) / 100;
        double wanted = bram_quantile_sorted(sorted, n, p);
        double pair[2], high = p < .5 ? 1 - p : p; /* near the ends, far from them, the same one */
        memcpy(copy, x, sizeof x);
        bram_quantile_pair(pair, copy, n, p, high);
        assert_near(pair[0], wanted, 0);
        assert_near(pair[1], bram_quantile_sorted(sorted, n, high), 0);
        assert_near(bram_quantile_select(x, n, p), wanted, 0);
        bram_select(x, n, k);
        assert_near(x[k], sorted[k], 0);
        for (size_t i = 0; i < n; i++) assert_true(i < k ? x[i] <= x[k] : x[i] >= x[k]);
    }
    assert_true(isnan(bram_quantile_select(NULL, 0, .5)));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(critical_values_are_the_published_ones),
        cmocka_unit_test(mean_ranks_by_hand),
        cmocka_unit_test(agreement),
        cmocka_unit_test(mean_ranks_of_demsar),
        cmocka_unit_test(selection_is_sorting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
