/* Tests of metrics/gt_transform.c: by hand, weights as repeats, families. */
#include "gt_transform.h"
#include "internal.h"
#include "rdm.h"
#include "test.h"

static void order_of(bram_ctx *cx, bram_order *order, const double *x, size_t n)
{
    assert_ok(cx, bram_order_new(cx, order, x, n));
}

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* ranks of 5 9 NaN 5 7 2: 2.5 5 - 2.5 4 1, scaled (r - 1)/4 */
    double x[] = {5, 9, NAN, 5, 7, 2}, w[] = {1, 1, 0, 1, 1, 1}, r[6], g[6];
    const double ranks[] = {0.375, 1, NAN, 0.375, 0.75, 0};
    bram_order order;
    order_of(cx, &order, x, 6);
    assert_true(bram_scaled_ranks(r, x, &order, w, 6));
    for (size_t k = 0; k < 6; k++)
        if (k == 2) assert_true(isnan(r[k]));
        else assert_near(r[k], ranks[k], 0);
    /* quantiles of 0 .375 .375 .75 1: 0.25 -> position 1, 0.625 -> position 2.5 */
    assert_near(bram_weighted_quantile(r, &order, w, 0.25), 0.375, 0);
    assert_near(bram_weighted_quantile(r, &order, w, 0.625), (0.375 + 0.75) / 2, 0);
    bram_gt gt = {.low = 0.25, .high = 0.75};
    bram_gt_transform(g, r, &order, w, 6, &gt);
    const double both[] = {0, 1, NAN, 0, 1, 0};
    for (size_t k = 0; k < 6; k++)
        if (k != 2) assert_near(g[k], both[k], 0);
    assert_true(isnan(g[2]));
    gt = (bram_gt){.low = 0, .high = 1};
    bram_gt_transform(g, r, &order, w, 6, &gt);
    for (size_t k = 0; k < 6; k++)
        if (k != 2) assert_near(g[k], r[k], 0);
    gt = (bram_gt){.smooth = true, .steepness = 10, .centre = 0.375};
    bram_gt_transform(g, r, &order, w, 6, &gt);
    assert_near(g[0], 0.5, 0);
    assert_near(g[1], 1 / (1 + exp(-6.25)), 1e-15);
    bram_free(order.index);
    bram_ctx_free(cx);
}

/* Equal thresholds, and thresholds in one tie: an unweighted graph, never 0/0. */
static void equal_thresholds(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {1, 2, 2, 2, 2, 3}, w[] = {1, 1, 1, 1, 1, 1}, g[6];
    bram_order order;
    order_of(cx, &order, x, 6);
    bram_gt settings[] = {{.low = 0.5, .high = 0.5}, {.low = 0.3, .high = 0.7}};
    for (size_t s = 0; s < 2; s++) {
        bram_gt_transform(g, x, &order, w, 6, &settings[s]);
        for (size_t k = 0; k < 6; k++) assert_near(g[k], k == 5, 0);
    }
    bram_free(order.index);
    bram_ctx_free(cx);
}

static void nothing_to_rank(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0.1, 0.1, 0.1}, w[] = {1, 1, 1}, none[] = {0, 0, 0}, r[] = {7, 7, 7};
    bram_order order;
    order_of(cx, &order, x, 3);
    assert_false(bram_scaled_ranks(r, x, &order, w, 3));
    assert_false(bram_scaled_ranks(r, x, &order, none, 3));
    assert_near(r[0], 7, 0);
    assert_true(isnan(bram_weighted_quantile(x, &order, none, 0.5)));
    bram_free(order.index);
    bram_ctx_free(cx);
}

/* Integer weights: as the list written out, for all of ranks, quantiles and the transform. */
static void weights_are_repeats(void **state)
{
    (void)state;
    enum { N = 20, LONG = 4 * N };
    bram_ctx *cx = bram_ctx_new();
    bram_rng rng = bram_rng_new(3, "test/gt");
    for (size_t trial = 0; trial < 50; trial++) {
        double x[N], w[N], r[N], g[N], wx[LONG], ones[LONG], wr[LONG], wg[LONG];
        size_t from[LONG], count = 0;
        for (size_t k = 0; k < N; k++) {
            x[k] = (double)bram_rng_below(&rng, trial % 2 ? 6 : 1000);
            w[k] = (double)bram_rng_below(&rng, 4);
            for (size_t t = 0; t < (size_t)w[k]; t++)
                wx[count] = x[k], ones[count] = 1, from[count++] = k;
        }
        bram_gt gt = {.low = 0.5 * bram_rng_uniform(&rng),
                      .high = 0.5 + 0.5 * bram_rng_uniform(&rng)};
        bram_order order, written;
        order_of(cx, &order, x, N);
        order_of(cx, &written, wx, count);
        assert_true(bram_scaled_ranks(r, x, &order, w, N));
        assert_true(bram_scaled_ranks(wr, wx, &written, ones, count));
        bram_gt_transform(g, r, &order, w, N, &gt);
        bram_gt_transform(wg, wr, &written, ones, count, &gt);
        for (size_t k = 0; k < count; k++) {
            assert_near(wr[k], r[from[k]], 1e-14);
            assert_near(wg[k], g[from[k]], 1e-12);
        }
        bram_free(order.index);
        bram_free(written.index);
    }
    bram_ctx_free(cx);
}

static void families(void **state)
{
    (void)state;
    assert_int_equal(bram_gt_family(0, 0.4), BRAM_GT_LOCAL);
    assert_int_equal(bram_gt_family(0.05, 0.4), BRAM_GT_INTERMEDIATE);
    assert_int_equal(bram_gt_family(0.6, 1), BRAM_GT_GLOBAL);
    assert_int_equal(bram_gt_family(0, 1), BRAM_GT_GEOMETRY);
    assert_int_equal(bram_gt_family(0.15, 0.95),
                     BRAM_GT_GEOMETRY); /* 0.95 - 0.15 < 0.8 in binary */
    assert_int_equal(bram_gt_family(0.4, 0.6), BRAM_GT_TOPOLOGY);
    assert_int_equal(bram_gt_family(0.5, 0.5), BRAM_GT_TOPOLOGY);
    assert_int_equal(bram_gt_family(0.35, 0.6), BRAM_GT_INTERMEDIATE);
    assert_true(bram_gt_degenerate(0, 0) && bram_gt_degenerate(1, 1) &&
                bram_gt_degenerate(0, 0.01));
    assert_false(bram_gt_degenerate(0, 0.05) || bram_gt_degenerate(0.95, 1));
    bram_rng rng = bram_rng_new(1, "test/gt/draw");
    for (int kind = 0; kind < BRAM_GT_KINDS; kind++)
        for (size_t draw = 0; draw < 50; draw++) {
            bram_gt gt = bram_gt_draw((bram_gt_kind)kind, &rng);
            assert_true(0 <= gt.low && gt.low <= gt.high && gt.high <= 1);
            assert_int_equal(bram_gt_family(gt.low, gt.high), kind);
        }
    assert_string_equal(bram_gt_kind_name(BRAM_GT_TOPOLOGY), "topology");
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),         cmocka_unit_test(equal_thresholds),
        cmocka_unit_test(nothing_to_rank), cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
