/*
 * rdm_transform.h - transforms of one RDM, pair by pair. Missing pairs (NaN) stay missing and count
 * for nothing; the input is never changed, but out may be the input.
 */
#ifndef BRAMBLE_METRICS_RDM_TRANSFORM_H
#define BRAMBLE_METRICS_RDM_TRANSFORM_H

#include <bramble/context.h>

/** What equal values get (Hyndman's and scipy's names): their average rank, the first or last of
 *  their ranks, ranks without gaps, or ranks of their own in the order in which they stand. */
typedef enum bram_rank_ties {
    BRAM_RANK_AVERAGE,
    BRAM_RANK_MIN,
    BRAM_RANK_MAX,
    BRAM_RANK_DENSE,
    BRAM_RANK_ORDINAL
} bram_rank_ties;

/** Ranks 1 .. number of pairs. O(N log N). @return BRAM_OK; BRAM_ENOMEM */
int bram_rdm_rank_transform(bram_ctx *cx, double *out, const double *d, size_t pairs,
                            bram_rank_ties ties) BRAM_MUST_CHECK;

/** Square roots; what is below 0 becomes 0. */
void bram_rdm_sqrt(double *out, const double *d, size_t pairs);

/** What is below 0 becomes 0. */
void bram_rdm_positive(double *out, const double *d, size_t pairs);

/** (d - least) / (largest - least). @return BRAM_OK; BRAM_ENOTAPPLICABLE for a constant RDM */
int bram_rdm_minmax(bram_ctx *cx, double *out, const double *d, size_t pairs) BRAM_MUST_CHECK;

/**
 * The geo-topological transform: 0 up to the quantile `low`, 1 from the quantile `high` on, linear
 * between, with the quantiles of this RDM (type 7); low = high makes 1 of what is above it.
 * Source: Lin & Kriegeskorte 2024 (PNAS).
 *
 * @return BRAM_OK; BRAM_EUSAGE unless 0 <= low <= high <= 1; BRAM_ESHAPE without pairs; BRAM_ENOMEM
 */
int bram_rdm_geotopological(bram_ctx *cx, double *out, const double *d, size_t pairs, double low,
                            double high) BRAM_MUST_CHECK;

#endif
