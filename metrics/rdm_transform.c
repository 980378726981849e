/*
 * rdm_transform.c - transforms of one RDM; see rdm_transform.h.
 */
#include "rdm_transform.h"

#include "ranks.h"
#include "stats.h"

#include <math.h>
#include <string.h>

/* The rank of the entry at place k of a run of equal values first .. end - 1, the run-th one. */
static double rank_in(bram_rank_ties ties, size_t first, size_t end, size_t run, size_t k)
{
    switch (ties) {
    case BRAM_RANK_MIN:
        return (double)first + 1;
    case BRAM_RANK_MAX:
        return (double)end;
    case BRAM_RANK_DENSE:
        return (double)run;
    case BRAM_RANK_ORDINAL:
        return (double)k + 1;
    default:
        return (double)(first + end + 1) / 2;
    }
}

int bram_rdm_rank_transform(bram_ctx *cx, double *out, const double *d, size_t pairs,
                            bram_rank_ties ties)
{
    bram_order order;
    BRAM_TRY(bram_order_new(cx, &order, d, pairs));
    size_t mark = bram_scratch_mark(cx);
    double *rank = bram_scratch(cx, pairs, sizeof *rank);
    for (size_t first = 0, end, run = 1; rank && first < order.count; first = end, run++) {
        for (end = first; end < order.count && d[order.index[end]] == d[order.index[first]];) end++;
        for (size_t k = first; k < end; k++)
            rank[order.index[k]] = rank_in(ties, first, end, run, k);
    }
    for (size_t k = 0; rank && k < pairs; k++) out[k] = isnan(d[k]) ? d[k] : rank[k];
    bram_free(order.index);
    bram_scratch_release(cx, mark);
    return rank ? BRAM_OK : BRAM_ENOMEM;
}

void bram_rdm_sqrt(double *out, const double *d, size_t pairs)
{
    for (size_t k = 0; k < pairs; k++) out[k] = d[k] < 0 ? 0 : sqrt(d[k]);
}

void bram_rdm_positive(double *out, const double *d, size_t pairs)
{
    for (size_t k = 0; k < pairs; k++) out[k] = d[k] < 0 ? 0 : d[k];
}

int bram_rdm_minmax(bram_ctx *cx, double *out, const double *d, size_t pairs)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) low = fmin(low, d[k]), high = fmax(high, d[k]);
    if (!(high > low))
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "all dissimilarities are %g (or missing): min-max has nothing to divide by", low);
    for (size_t k = 0; k < pairs; k++) out[k] = (d[k] - low) / (high - low);
    return BRAM_OK;
}

int bram_rdm_geotopological(bram_ctx *cx, double *out, const double *d, size_t pairs, double low,
                            double high)
{
    if (!(low >= 0 && low <= high && high <= 1))
        return bram_fail(cx, BRAM_EUSAGE, "quantiles %g and %g, expected 0 <= low <= high <= 1",
                         low, high);
    size_t mark = bram_scratch_mark(cx), count = 0;
    double *sorted = bram_scratch(cx, pairs, sizeof *sorted);
    if (!sorted) return BRAM_ENOMEM;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) sorted[count++] = d[k];
    bram_sort(sorted, count);
    double l = bram_quantile_sorted(sorted, count, low);
    double h = bram_quantile_sorted(sorted, count, high);
    bram_scratch_release(cx, mark);
    if (!count) return bram_fail(cx, BRAM_ESHAPE, "no pair is present: there are no quantiles");
    for (size_t k = 0; k < pairs; k++) {
        double g = h > l ? (d[k] - l) / (h - l) : (double)(d[k] > l);
        out[k] = isnan(d[k]) ? d[k] : g < 0 ? 0 : g > 1 ? 1 : g;
    }
    return BRAM_OK;
}
