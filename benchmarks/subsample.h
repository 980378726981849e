/*
 * subsample.h - how a score depends on how many units, or conditions, it rests on: curves for any
 * metric.
 */
#ifndef BRAMBLE_BENCHMARKS_SUBSAMPLE_H
#define BRAMBLE_BENCHMARKS_SUBSAMPLE_H

#include <bramble/metric.h>

typedef enum bram_subsample_what {
    BRAM_SUBSAMPLE_UNITS, /* columns: of both sides alike for paired metrics, else of the brain */
    BRAM_SUBSAMPLE_MODEL_UNITS, /* columns of the model: how many units of a layer it takes */
    BRAM_SUBSAMPLE_CONDITIONS   /* rows of both sides; of RDMs and graphs the columns as well */
} bram_subsample_what;

typedef struct bram_subsample {
    bram_subsample_what what;
    const size_t *size; /* how many are drawn, without replacement */
    size_t sizes, repeats;
    uint64_t seed;
    double level; /* of the intervals, 0.95 */
} bram_subsample;

/** One point of the curve: over the repeats in which the metric was defined. */
typedef struct bram_subsample_point {
    size_t size, defined;
    double mean, low, high; /* quantiles of the repeats; NaN for fewer than two that are defined */
} bram_subsample_point;

/**
 * Measurements (bram_side.repeats) follow their rows and columns. Scores `repeats` random subsets
 * of every size; metrics of several values give their mean. The subsets depend on seed, size and
 * repeat alone: curves of several models are paired.
 *
 * @param point  one for each size
 * @param spec   the metric's spec string
 * @return BRAM_OK; BRAM_EUSAGE: a size of 0 or above what there is, no repeats; what the metric
 *         returns (a subset too small for it is undefined where it says BRAM_ESHAPE or
 *         BRAM_ENOTAPPLICABLE, and counts as such); BRAM_ENOMEM. Source: Shi, Shea-Brown & Buice
 *         2019 (NeurIPS, arXiv 1911.07986)
 */
int bram_subsample_curve(bram_ctx *cx, bram_subsample_point *point, const char *spec,
                         const bram_side *model, const bram_side *brain,
                         const bram_subsample *how) BRAM_MUST_CHECK;

#endif
