/* Tests of metrics/ranks.c: weights against vectors written out with their repeats. */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"
#include "ranks.h"

enum { N = 14, WRITTEN = 3 * N };

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

/* Average rank of x[i] among n values, by counting. */
static double plain_rank(const double *x, size_t n, size_t i)
{
    double below = 0, tied = 0;
    for (size_t k = 0; k < n; k++) below += x[k] < x[i], tied += x[k] == x[i];
    return below + (tied + 1) / 2;
}

static double plain_tau_a(const double *x, const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) sum += sign(x[i] - x[j]) * sign(y[i] - y[j]);
    return sum / ((double)n * (double)(n - 1) / 2);
}

static double plain_pearson(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) mx += x[i] / (double)n, my += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my),
            xy += (x[i] - mx) * (y[i] - my);
    return xy / sqrt(xx * yy);
}

struct draw {
    double x[N], y[N], weight[N];
    double wx[WRITTEN], wy[WRITTEN], rx[WRITTEN], ry[WRITTEN], one[WRITTEN];
    size_t first[N], written; /* where the repeats of entry i begin */
};

/* Values with many ties; an entry of weight 0 is NaN on one side. */
static void make(struct draw *d, uint64_t sample)
{
    bram_rng g = bram_rng_at(7, "test/ranks", sample);
    d->written = 0;
    for (size_t i = 0; i < N; i++) {
        d->x[i] = (double)bram_rng_below(&g, 6);
        d->y[i] = 0.3 * (double)bram_rng_below(&g, 6);
        size_t times = bram_rng_below(&g, 4);
        d->weight[i] = (double)times;
        d->first[i] = d->written;
        for (; times; times--, d->written++) {
            d->wx[d->written] = d->x[i], d->wy[d->written] = d->y[i];
            d->one[d->written] = 1;
        }
        if (d->weight[i] == 0) d->x[i] = NAN;
    }
    for (size_t k = 0; k < d->written; k++) {
        d->rx[k] = plain_rank(d->wx, d->written, k);
        d->ry[k] = plain_rank(d->wy, d->written, k);
    }
}

static void weights_are_repeats(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (uint64_t sample = 0; sample < 50; sample++) {
        struct draw d;
        bram_order x_order, y_order;
        double rank[N], other[N], tau;
        make(&d, sample);
        assert_ok(cx, bram_order_new(cx, &x_order, d.x, N));
        assert_ok(cx, bram_order_new(cx, &y_order, d.y, N));
        bram_weighted_ranks(rank, d.x, &x_order, d.weight);
        bram_weighted_ranks(other, d.y, &y_order, d.weight);
        for (size_t i = 0; i < N; i++)
            if (d.weight[i] > 0) {
                assert_near(rank[i], d.rx[d.first[i]], 0);
                assert_near(other[i], d.ry[d.first[i]], 0);
            }
        assert_same(bram_weighted_pearson(rank, other, d.weight, N),
                    plain_pearson(d.rx, d.ry, d.written), 1e-14);
        assert_same(bram_weighted_pearson(d.x, d.y, d.weight, N),
                    plain_pearson(d.wx, d.wy, d.written), 1e-14);
        assert_same(bram_weighted_cosine(d.x, d.y, d.weight, N),
                    bram_weighted_cosine(d.wx, d.wy, d.one, d.written), 1e-15);
        assert_ok(cx, bram_weighted_tau_a(cx, &tau, d.x, &x_order, d.y, &y_order, d.weight, N));
        assert_near(tau, plain_tau_a(d.wx, d.wy, d.written), 1e-15);
        bram_free(x_order.index);
        bram_free(y_order.index);
    }
    bram_ctx_free(cx);
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
    for (size_t k = 1; k <= 3; k++) { /* a chunk of scratch memory, what it holds, the index */
        bram_ctx *fresh = bram_ctx_new();
        bram_fail_allocation(k, false);
        assert_int_equal(bram_order_new(fresh, &untouched, x, 5), BRAM_ENOMEM);
        bram_fail_allocation(0, false);
        bram_ctx_free(fresh);
    }
    assert_int_equal(untouched.count, 77);
    bram_ctx_free(cx);
}

static void what_is_undefined_is_nan(void **state)
{
    (void)state;
    double same[] = {.7, .7, .7}, noisy[] = {.7, .7 + 1e-16, .7 - 1e-16}, x[] = {1, 2, 4};
    double zero[3] = {0}, one[] = {1, 1, 1}, none[3] = {0};
    assert_true(isnan(bram_weighted_pearson(same, x, one, 3)));
    assert_true(isnan(bram_weighted_pearson(x, noisy, one, 3)));
    assert_true(isnan(bram_weighted_pearson(x, x, none, 3)));
    assert_true(isnan(bram_weighted_cosine(zero, x, one, 3)));
    assert_near(bram_weighted_cosine(same, x, one, 3), 7 / sqrt(3 * 21), 1e-15);
    assert_near(bram_weighted_pearson(x, x, one, 3), 1, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(an_order_leaves_nan_out),
        cmocka_unit_test(what_is_undefined_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
