/*
 * rdm_partial.h - RDMs of parts of the conditions, as in arrangement tasks: brought to one scale,
 * and their mean.
 *
 * Source: rsatoolbox 0.3 (rdm.combine), after the multi-arrangement of Kriegeskorte & Mur 2012.
 */
#ifndef BRAMBLE_METRICS_RDM_PARTIAL_H
#define BRAMBLE_METRICS_RDM_PARTIAL_H

#include <bramble/context.h>

typedef enum bram_rdm_weighting {
    BRAM_RDM_EVIDENCE, /* a pair counts by its squared dissimilarity, 0.04 at least */
    BRAM_RDM_SETSIZE,  /* an RDM counts by 1 / the number of pairs it has */
    BRAM_RDM_SIMPLE    /* every pair counts 1 */
} bram_rdm_weighting;

/**
 * Scales each RDM, in place, to fit the mean of all on the pairs it has: the mean begins at a sum
 * of squares of 1, and is renewed and scaled so until it changes by 1e-8 or less (sum of squares)
 * or 1000 rounds have passed.
 *
 * @param mean  receives the mean of the scaled RDMs by these weights, NaN where none has the pair;
 *              may be NULL
 * @param rdm   count RDMs of `pairs` entries each, one after the other; NaN where missing
 * @return BRAM_OK; BRAM_ESHAPE without RDMs; BRAM_ENUMERIC for an RDM without a pair that is not 0;
 *         BRAM_ENOMEM. Untouched on failure
 */
int bram_rdm_rescale(bram_ctx *cx, double *mean, double *rdm, size_t count, size_t pairs,
                     bram_rdm_weighting weighting) BRAM_MUST_CHECK;

/** mean = that of the RDMs that have the pair; NaN where none has. */
void bram_rdm_mean(double *mean, const double *rdm, size_t count, size_t pairs);

#endif
