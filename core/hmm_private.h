/*
 * hmm_private.h - what the files of core/hmm*.c share.
 */
#ifndef BRAMBLE_CORE_HMM_PRIVATE_H
#define BRAMBLE_CORE_HMM_PRIVATE_H

#include "hmm.h"

/** Shapes, and values that are neither NaN nor plus infinity. */
int bram_hmm_check(bram_ctx *cx, const bram_mat *l, const bram_chain *chain) BRAM_MUST_CHECK;

/** @return the matrix that leads from bin t to bin t + 1 */
static inline const double *bram_chain_step(const bram_chain *c, size_t t)
{
    return c->transition + (c->steps ? t * c->states * c->states : 0);
}

/** bram_hmm_smooth and bram_hmm_filter in log space, for inputs that were checked. */
int bram_hmm_smooth_log(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                        double *evidence) BRAM_MUST_CHECK;
int bram_hmm_filter_log(bram_ctx *cx, bram_mat *predicted, double *next, double *bin,
                        double *evidence, const bram_mat *l,
                        const bram_chain *chain) BRAM_MUST_CHECK;

#endif
