/*
 * poisson_many.h - what the fits of many targets with many coefficients share (poisson_descent.c,
 * poisson_lasso.c), and the one-hot prior with many (spike_onehot.c).
 *
 * An evaluation takes all targets that are still at work together: two products with the design
 * instead of a pass over it for each. And the information of target n is near
 *
 *   a_n G + D_n,   G = sum over rows of g_t u_t u_t',   a_n = mean of f'^2 / f,   D_n: precisions
 *
 * (equal to it for a constant rate) with one G for all.
 */
#ifndef BRAMBLE_CORE_POISSON_MANY_H
#define BRAMBLE_CORE_POISSON_MANY_H

#include "poisson_glm.h"

/** Some targets of a problem, as one of their own (copies of their columns). */
typedef struct bram_glm_some {
    bram_glm g;
    bram_mat y, precision, centre;
    uint8_t *present;
} bram_glm_some;

/** Columns keep[0 .. count - 1], rising, of g; g may be some->g itself: then in place. */
int bram_glm_pick(bram_ctx *cx, bram_glm_some *some, const bram_glm *g, const size_t *keep,
                  size_t count) BRAM_MUST_CHECK;

typedef struct bram_glm_many {
    const bram_glm *g;
    size_t m, targets;
    double *size;       /* a of each target, above 0 */
    bram_mat gram;      /* M x M */
    size_t active;      /* targets that are at work, */
    size_t *target;     /* which, rising, */
    bram_glm_some some; /* and their problem */
    bram_mat theta, gradient;
    double *value;
} bram_glm_many;

/**
 * All targets at work, in scratch memory.
 *
 * @param theta  M x targets, for the sizes
 * @param gram   G where it is known; NULL
 */
int bram_glm_many_begin(bram_ctx *cx, bram_glm_many *p, const bram_glm *g, const bram_mat *theta,
                        const bram_mat *gram) BRAM_MUST_CHECK;

/** Leaves out the targets that are done, if they are many enough to be worth the copy. */
int bram_glm_many_drop(bram_ctx *cx, bram_glm_many *p, const bool *done) BRAM_MUST_CHECK;

/** Minus objective and minus gradient of the targets at work. x and gradient: targets x M. */
int bram_glm_many_evaluate(bram_ctx *cx, bram_glm_many *p, double *value, bram_mat *gradient,
                           const bram_mat *x) BRAM_MUST_CHECK;

/**
 * The lower triangle of the information of target n at x (M), without its prior: of the eighth of
 * the rows that weigh most, and for the others of G times their mean weight.
 */
int bram_glm_information(bram_ctx *cx, bram_mat *information, const bram_glm_many *p, size_t n,
                         const double *x) BRAM_MUST_CHECK;

/** G of a problem, both triangles, in scratch memory. */
int bram_glm_gram(bram_ctx *cx, bram_mat *gram, const bram_glm *g) BRAM_MUST_CHECK;

/** The diagonals of the informations of all targets at theta, M x targets, without the prior: in
 *  rows M targets operations. */
int bram_glm_diagonals(bram_ctx *cx, bram_mat *diagonal, const bram_glm *g,
                       const bram_mat *theta) BRAM_MUST_CHECK;

/** Sums over rows of g f'^2 / f of each target (poisson_glm.c). */
int bram_glm_sizes(bram_ctx *cx, double *size, const bram_glm *g,
                   const bram_mat *theta) BRAM_MUST_CHECK;

/** Whether shapes agree (poisson_glm.c): BRAM_OK or BRAM_ESHAPE. */
int bram_glm_check(bram_ctx *cx, const bram_glm *g, const bram_mat *theta) BRAM_MUST_CHECK;

/** bram_glm_fit by L-BFGS (poisson_descent.c), for arguments that were checked. */
int bram_glm_descend(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g,
                     size_t steps, double tolerance) BRAM_MUST_CHECK;

#endif
