/*
 * gt_transform.h - the geo-topological transform of a dissimilarity matrix (Lin & Kriegeskorte
 * 2024, PNAS 121:e2317881121): dissimilarities below a lower threshold count as none, above an
 * upper one as one and the same; between them geometry stays.
 *
 * Matrices are vectors of pairs (rdm.h); a pair that is missing is NaN and has weight 0. A whole
 * weight means that the pair is there so many times: every result is that of the vector written
 * out.
 */
#ifndef BRAMBLE_METRICS_GT_TRANSFORM_H
#define BRAMBLE_METRICS_GT_TRANSFORM_H

#include "ranks.h"

#include <bramble/rng.h>

/** What is done to ranks in [0, 1]. */
typedef struct bram_gt {
    double low, high; /* l and u: quantiles of the values, 0 <= low <= high <= 1 */
    bool smooth;      /* 1 / (1 + exp(-steepness (r - centre))) instead of the two thresholds */
    double steepness, centre;
} bram_gt;

/** Average ranks, from 1, of the entries in the order; those of weight 0 get one as well. */
void bram_average_ranks(double *rank, const double *x, const bram_order *order,
                        const double *weight);

/**
 * Average ranks of the values, scaled to [0, 1].
 *
 * @param r  NaN where the weight is 0
 * @return false (r untouched) where all values are equal, or none is there: they have no ranks
 */
bool bram_scaled_ranks(double *r, const double *x, const bram_order *order, const double *weight,
                       size_t pairs);

/**
 * Quantile p of the values written out (type 7, numpy's default); NaN when nothing is there.
 *
 * @param order  of x, or of anything that x does not decrease along
 */
double bram_weighted_quantile(const double *x, const bram_order *order, const double *weight,
                              double p);

/**
 * The geo-topological matrix (RGTM) of scaled ranks, or of dissimilarities as they are:
 *   g = clip((x - q_l) / (q_u - q_l), 0, 1),   q_l, q_u quantiles low and high of x.
 * Where q_l = q_u: g = 1 for x > q_l, else 0 (an unweighted graph of neighbours). low = 0, high = 1
 * leaves the values, scaled.
 *
 * @param g  may be x
 */
void bram_gt_transform(double *g, const double *x, const bram_order *order, const double *weight,
                       size_t pairs, const bram_gt *gt);

/** What a pair of thresholds is sensitive to; see bram_gt_family. */
typedef enum bram_gt_kind {
    BRAM_GT_LOCAL,
    BRAM_GT_GLOBAL,
    BRAM_GT_GEOMETRY,
    BRAM_GT_TOPOLOGY,
    BRAM_GT_INTERMEDIATE
} bram_gt_kind;

enum { BRAM_GT_KINDS = BRAM_GT_INTERMEDIATE + 1 };

/** @return "local", "global", "geometry", "topology", "intermediate" */
const char *bram_gt_kind_name(bram_gt_kind kind);

/**
 * The family of thresholds l <= u: local, (l + u)/2 <= 0.2; global, (l + u)/2 >= 0.8; geometry
 * sensitive, u - l >= 0.8; topology sensitive, l >= 0.4 and u <= 0.6; else intermediate. Sums and
 * differences are taken to 1e-9, so that steps of 0.05 fall where they should.
 */
bram_gt_kind bram_gt_family(double low, double high);

/** Whether thresholds are so far in a corner that nothing is left: l + u <= 0.01 or >= 1.99. */
bool bram_gt_degenerate(double low, double high);

/** Thresholds of a family, uniform over those that are not degenerate. */
bram_gt bram_gt_draw(bram_gt_kind kind, bram_rng *rng);

#endif
