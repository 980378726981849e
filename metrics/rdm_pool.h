/*
 * rdm_pool.h - the one RDM that is as like several as can be, and ceilings made of it.
 */
#ifndef BRAMBLE_METRICS_RDM_POOL_H
#define BRAMBLE_METRICS_RDM_POOL_H

#include "rdm_compare.h"

typedef enum bram_rdm_pooling {
    /**
     * The mean of the RDMs, each as the measure sees it: cosine divides by the root mean square,
     * corr takes z-scores, measures of ranks take ranks; cosine_cov and corr_cov divide by the norm
     * under V^-1, so that the mean comparison with the RDMs is the highest possible. For spearman
     * it is the highest as well, for Kendall's measures it is only near. bures and neg_riem_dist:
     * the mean.
     */
    BRAM_POOL_BEST,
    /** As rsatoolbox 0.3 does for ceilings: plain norms for cosine_cov and corr_cov as well. */
    BRAM_POOL_RSATOOLBOX
} bram_rdm_pooling;

/**
 * Pools the RDMs of a set. The result of corr and corr_cov is shifted so that its least value is 0,
 * which their comparisons do not see.
 *
 * @param out    n (n - 1) / 2 pairs; NaN where an RDM lacks it, or for conditions not drawn
 * @param share  how often each RDM counts; NULL: once
 * @param times  multiplicities of conditions; NULL: ones
 * @return BRAM_OK; BRAM_ESHAPE where no RDM counts; what bram_rdm_sets_compare returns
 */
int bram_rdm_pool(bram_ctx *cx, double *out, const bram_rdm_set *set, bram_rdm_pooling how,
                  const double *share, const double *times) BRAM_MUST_CHECK;

#endif
