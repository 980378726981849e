/*
 * hmm_private.h - what the files of core/hmm*.c share.
 */
#ifndef BRAMBLE_CORE_HMM_PRIVATE_H
#define BRAMBLE_CORE_HMM_PRIVATE_H

#include "hmm.h"

#include <stdbool.h>

/** Shapes, and values that are neither NaN nor plus infinity. */
int bram_hmm_check(bram_ctx *cx, const bram_mat *l, const bram_chain *chain) BRAM_MUST_CHECK;

/** @return the matrix that leads from bin t to bin t + 1 */
static inline const double *bram_chain_step(const bram_chain *c, size_t t)
{
    return c->transition + (c->steps ? t * c->states * c->states : 0);
}

/* ---- the scaled recursions, block by block (hmm.c) ------------------------------------------- */

/* Bins of a block: everything about one stays in the first cache for a few states. */
enum { BRAM_SCALED_BLOCK = 512 };

#define BRAM_LOST 1 /* not a status: what the scaled recursions cannot do, log space can */

/* The forward pass. */
struct bram_scaled {
    const bram_chain *chain;
    const bram_mat *l;
    size_t k, width; /* states; the same up to a multiple of 4 */
    bool sparse;     /* some transitions are as good as forbidden */
    double *p, *pt;  /* width x width: the matrix and its transpose, padded with zeros */
    double *e, *a;   /* block x k, block x width */
    double *max;     /* block */
    double *r;       /* block: 1 / c */
    double *before;  /* width: a of the bin before the block */
    double *start;   /* width: the same at its beginning, then a of its last bin */
};

/* The backward pass. */
struct bram_backward {
    const double *pt;  /* of the forward pass */
    double *e, *b, *w; /* block x k; block x width: b, w = e * b */
    double *q;         /* block: 1 / sum u */
    double *after;     /* width: b of the bin after the block */
    double *l;         /* k: log-likelihoods of that bin */
    double *u, scale;  /* width: of the next bin, not scaled; 1 over its sum */
};

/** Scratch memory for the forward pass. BRAM_ESHAPE as bram_hmm_smooth. */
int bram_scaled_begin(bram_ctx *cx, struct bram_scaled *s, const bram_mat *l,
                      const bram_chain *chain) BRAM_MUST_CHECK;

/**
 * The forward pass over `count` bins from `from` on (fills max, e, a, r), and unless back is NULL
 * the backward pass over the `other` bins that begin at `at` (fills e, b, q).
 *
 * @return BRAM_OK or BRAM_LOST
 */
int bram_scaled_blocks(const struct bram_scaled *s, size_t from, size_t count,
                       struct bram_backward *back, size_t at, size_t other) BRAM_MUST_CHECK;

/** Sum of log c[t] + max of the forward block: one logarithm for a run of factors in range. */
double bram_scaled_evidence(const struct bram_scaled *s, size_t count);

static inline size_t bram_scaled_length(const bram_mat *l, size_t from)
{
    return l->rows - from < BRAM_SCALED_BLOCK ? l->rows - from : BRAM_SCALED_BLOCK;
}

/** bram_hmm_smooth and bram_hmm_filter in log space, for inputs that were checked. */
int bram_hmm_smooth_log(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                        double *evidence) BRAM_MUST_CHECK;
int bram_hmm_filter_log(bram_ctx *cx, bram_mat *predicted, double *next, double *bin,
                        double *evidence, const bram_mat *l,
                        const bram_chain *chain) BRAM_MUST_CHECK;

#endif
