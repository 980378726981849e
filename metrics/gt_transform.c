/*
 * gt_transform.c - the geo-topological transform; see gt_transform.h.
 *
 * The families and their limits are those of the paper's simulations.
 */
#include "gt_transform.h"

#include <math.h>

void bram_average_ranks(double *rank, const double *x, const bram_order *order,
                        const double *weight)
{
    double before = 0;
    for (size_t k = 0, end; k < order->count; k = end) {
        double tied = 0, value = x[order->index[k]];
        for (end = k; end < order->count && x[order->index[end]] == value; end++)
            tied += weight[order->index[end]];
        for (size_t e = k; e < end; e++) rank[order->index[e]] = before + (tied + 1) / 2;
        before += tied;
    }
}

bool bram_scaled_ranks(double *r, const double *x, const bram_order *order, const double *weight,
                       size_t pairs)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < order->count; k++) {
        double value = x[order->index[k]];
        if (!(weight[order->index[k]] > 0)) continue;
        low = fmin(low, value), high = fmax(high, value);
    }
    if (!(high > low)) return false;
    bram_average_ranks(r, x, order, weight);
    low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < order->count; k++) {
        size_t i = order->index[k];
        if (weight[i] > 0) low = fmin(low, r[i]), high = fmax(high, r[i]);
    }
    for (size_t i = 0; i < pairs; i++)
        r[i] = weight[i] > 0 && !isnan(x[i]) ? (r[i] - low) / (high - low) : (double)NAN;
    return true;
}

double bram_weighted_quantile(const double *x, const bram_order *order, const double *weight,
                              double p)
{
    double total = 0, before = 0;
    for (size_t k = 0; k < order->count; k++) total += weight[order->index[k]];
    double position = (total - 1) * p, whole = floor(position), lower = NAN;
    bool found = false;
    if (position < 0) position = whole = 0; /* less than one entry, by fractional weights */
    for (size_t k = 0; k < order->count; k++) {
        size_t i = order->index[k];
        if (!(weight[i] > 0)) continue;
        before += weight[i];
        if (!found && before > whole) lower = x[i], found = true;
        if (found && before > whole + 1) return lower + (position - whole) * (x[i] - lower);
    }
    return lower;
}

void bram_gt_transform(double *g, const double *x, const bram_order *order, const double *weight,
                       size_t pairs, const bram_gt *gt)
{
    if (gt->smooth) {
        for (size_t i = 0; i < pairs; i++)
            g[i] = 1 / (1 + exp(-gt->steepness * (x[i] - gt->centre)));
        return;
    }
    double low = bram_weighted_quantile(x, order, weight, gt->low);
    double high = bram_weighted_quantile(x, order, weight, gt->high);
    double width = high - low;
    for (size_t i = 0; i < pairs; i++) {
        double value = x[i];
        if (isnan(value)) g[i] = NAN;
        else if (!(width > 0)) g[i] = value > low;
        else g[i] = value <= low ? 0 : value >= high ? 1 : (value - low) / width;
    }
}

/* ---- families ------------------------------------------------------------------------------- */

static const double nearly = 1e-9;

const char *bram_gt_kind_name(bram_gt_kind kind)
{
    static const char *const names[] = {"local", "global", "geometry", "topology", "intermediate"};
    return names[kind];
}

bram_gt_kind bram_gt_family(double low, double high)
{
    double middle = (low + high) / 2;
    if (middle <= 0.2 + nearly) return BRAM_GT_LOCAL;
    if (middle >= 0.8 - nearly) return BRAM_GT_GLOBAL;
    if (high - low >= 0.8 - nearly) return BRAM_GT_GEOMETRY;
    if (low >= 0.4 - nearly && high <= 0.6 + nearly) return BRAM_GT_TOPOLOGY;
    return BRAM_GT_INTERMEDIATE;
}

bool bram_gt_degenerate(double low, double high)
{
    return low + high <= 0.01 + nearly || low + high >= 1.99 - nearly;
}

bram_gt bram_gt_draw(bram_gt_kind kind, bram_rng *rng)
{
    for (;;) {
        double a = bram_rng_uniform(rng), b = bram_rng_uniform(rng);
        double low = fmin(a, b), high = fmax(a, b);
        if (!bram_gt_degenerate(low, high) && bram_gt_family(low, high) == kind)
            return (bram_gt){.low = low, .high = high};
    }
}
