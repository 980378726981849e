/*
 * ranks.c - order statistics and correlations under weights; see ranks.h.
 *
 * Sources: average ranks as in Kendall 1948; tau-a by counting inversions, after Knight 1966.
 */
#include "ranks.h"

#include "internal.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

struct keyed {
    double value;
    uint32_t index;
};

static int by_value(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

int bram_order_new(bram_ctx *cx, bram_order *order, const double *x, size_t n)
{
    if (n > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu values, expected at most %u to rank", n, UINT32_MAX);
    size_t mark = bram_scratch_mark(cx), count = 0;
    struct keyed *keyed = bram_scratch(cx, n, sizeof *keyed);
    uint32_t *index = keyed ? bram_alloc(cx, n, sizeof *index) : NULL;
    if (index) {
        for (size_t i = 0; i < n; i++)
            if (!isnan(x[i])) keyed[count++] = (struct keyed){x[i], (uint32_t)i};
        qsort(keyed, count, sizeof *keyed, by_value);
        for (size_t k = 0; k < count; k++) index[k] = keyed[k].index;
        *order = (bram_order){index, count};
    }
    bram_scratch_release(cx, mark);
    return index ? BRAM_OK : BRAM_ENOMEM;
}

/* The end of the run of equal values that begins at position k of the order. */
static size_t end_of_ties(const double *x, const bram_order *order, size_t k)
{
    double value = x[order->index[k]];
    while (k < order->count && x[order->index[k]] == value) k++;
    return k;
}

void bram_weighted_ranks(double *rank, const double *x, const bram_order *order,
                         const double *weight)
{
    double before = 0;
    for (size_t k = 0, end; k < order->count; k = end) {
        double tied = 0;
        end = end_of_ties(x, order, k);
        for (size_t e = k; e < end; e++) tied += weight[order->index[e]];
        for (size_t e = k; e < end; e++) {
            size_t i = order->index[e];
            rank[i] = weight[i] > 0 ? before + (tied + 1) / 2 : 0;
        }
        before += tied;
    }
}

double bram_weighted_cosine(const double *x, const double *y, const double *weight, size_t n)
{
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(weight[i] > 0)) continue;
        xx += weight[i] * x[i] * x[i];
        yy += weight[i] * y[i] * y[i];
        xy += weight[i] * x[i] * y[i];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : (double)NAN;
}

struct range {
    double low, high;
};

static void widen(struct range *r, double x)
{
    if (x < r->low) r->low = x;
    if (x > r->high) r->high = x;
}

static bool is_constant(struct range r)
{
    return !(r.high - r.low > 64 * DBL_EPSILON * fmax(fabs(r.low), fabs(r.high)));
}

double bram_weighted_pearson(const double *x, const double *y, const double *weight, size_t n)
{
    struct range x_range = {INFINITY, -INFINITY}, y_range = x_range;
    double total = 0, mean_x = 0, mean_y = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(weight[i] > 0)) continue;
        widen(&x_range, x[i]);
        widen(&y_range, y[i]);
        total += weight[i];
        mean_x += weight[i] * x[i];
        mean_y += weight[i] * y[i];
    }
    if (!(total > 0) || is_constant(x_range) || is_constant(y_range)) return NAN;
    mean_x /= total, mean_y /= total;
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(weight[i] > 0)) continue;
        double dx = x[i] - mean_x, dy = y[i] - mean_y;
        xx += weight[i] * dx * dx, yy += weight[i] * dy * dy, xy += weight[i] * dx * dy;
    }
    double r = xx > 0 && yy > 0 ? xy / sqrt(xx) / sqrt(yy) : (double)NAN;
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

/* Sum of the weights at ranks 1 .. rank of a Fenwick tree. */
static double tree_sum(const double *tree, size_t rank)
{
    double sum = 0;
    for (; rank > 0; rank &= rank - 1) sum += tree[rank];
    return sum;
}

static void tree_add(double *tree, size_t ranks, size_t rank, double weight)
{
    for (; rank <= ranks; rank += rank & (~rank + 1)) tree[rank] += weight;
}

/* Concordant minus discordant pairs: x in ascending order, ties of x entered together. */
static double concordance(double *tree, const uint32_t *dense, size_t ranks, const double *x,
                          const bram_order *order, const double *weight)
{
    double difference = 0, entered = 0;
    for (size_t k = 0, end; k < order->count; k = end) {
        end = end_of_ties(x, order, k);
        for (size_t e = k; e < end; e++) {
            size_t i = order->index[e];
            if (!(weight[i] > 0)) continue;
            double below = tree_sum(tree, dense[i] - 1);
            double above = entered - tree_sum(tree, dense[i]);
            difference += weight[i] * (below - above);
        }
        for (size_t e = k; e < end; e++) {
            size_t i = order->index[e];
            if (!(weight[i] > 0)) continue;
            tree_add(tree, ranks, dense[i], weight[i]);
            entered += weight[i];
        }
    }
    return difference;
}

int bram_weighted_tau_a(bram_ctx *cx, double *tau, const double *x, const bram_order *x_order,
                        const double *y, const bram_order *y_order, const double *weight, size_t n)
{
    size_t mark = bram_scratch_mark(cx), ranks = 0;
    uint32_t *dense = bram_scratch(cx, n, sizeof *dense);
    double *tree = dense ? bram_scratch(cx, n + 1, sizeof *tree) : NULL;
    if (!tree) {
        bram_scratch_release(cx, mark);
        return BRAM_ENOMEM;
    }
    for (size_t k = 0, end; k < y_order->count; k = end) {
        end = end_of_ties(y, y_order, k);
        ranks++;
        for (size_t e = k; e < end; e++) dense[y_order->index[e]] = (uint32_t)ranks;
    }
    double total = 0;
    for (size_t i = 0; i < n; i++) total += weight[i];
    double difference = concordance(tree, dense, ranks, x, x_order, weight);
    *tau = total > 1 ? difference / (total * (total - 1) / 2) : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
