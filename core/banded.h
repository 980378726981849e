/*
 * banded.h - banded ridge: a penalty for each feature space and target, looked for at random and by
 * descent.
 *
 * Space i with inner products K_i counts with weight gamma_i, weights adding up to one; the kernel
 * sum gamma_i K_i is ridge with penalty alpha / gamma_i on the weights of space i. For every
 * weighting all penalties are scored as in ridge_cv.h, and each target keeps the best pair.
 * Cost: one cross-validation for each weighting; they run side by side, each on one thread.
 *
 * Source: Dupre la Tour et al. 2022 (himalaya: random search, Dirichlet draws with concentrations
 * 0.1 and 1 in turn after equal weights); Nunez-Elizalde, Huth and Gallant 2019.
 */
#ifndef BRAMBLE_CORE_BANDED_H
#define BRAMBLE_CORE_BANDED_H

#include "ridge_cv.h"

/** What a search has found; arrays are the caller's. */
typedef struct bram_banded {
    bram_mat gamma; /* weightings x spaces, in; rows add up to one, none below 0 */
    size_t *draw;   /* of each target: the row of gamma */
    double *alpha;  /* of each target */
    double *best;   /* of each target: its mean score over folds */
    double *score;  /* NULL, or weightings x targets: the best over penalties for each */
} bram_banded;

/** Weightings: equal ones, then draws that depend on the seed and their number alone. */
void bram_banded_draws(bram_mat *gamma, uint64_t seed);

/** out = sum of gamma_i K_i */
void bram_banded_kernel(bram_mat *out, const bram_mat *kernel, size_t kernels, const double *gamma);

/**
 * Tries every weighting. A later one is taken where it is better by more than rounding.
 *
 * @param kernel  of each space, rows x rows, not centred
 * @param s       choice local or conservative: by target. global: one penalty for all targets under
 *                each weighting, the weighting still by target
 * @return as bram_ridge_scores; BRAM_EUSAGE for no weighting, or one that is negative
 */
int bram_banded_search(bram_ctx *cx, bram_banded *found, const bram_mat *kernel, size_t kernels,
                       const bram_targets *y, const bram_ridge_search *s) BRAM_MUST_CHECK;

/**
 * Descends from given penalties to the least cross-validated squared error, target by target
 * (L-BFGS, the gradient through the fits of the folds): what a random search leaves to be found,
 * above all where there are many spaces. Cost of a step of a target: a Cholesky factor for each
 * fold; memory folds x spaces x rows^2 numbers.
 *
 * @param delta  spaces x targets, the logarithms of gamma_i / alpha: from where, and to where;
 * those of weight 0 start at a small number. In disorder on failure
 * @param best   of each target: minus its mean squared error, mean over folds
 * @param s      its folds, and whether there is an intercept, are looked at
 * @param steps  at most
 * @return BRAM_OK; BRAM_ESHAPE (also for targets that are read); BRAM_ENUMERIC; BRAM_ECANCEL;
 *         BRAM_ENOMEM
 */
int bram_banded_gradient(bram_ctx *cx, bram_mat *delta, double *best, const bram_mat *kernel,
                         size_t kernels, const bram_targets *y, const bram_ridge_search *s,
                         size_t steps) BRAM_MUST_CHECK;

/**
 * Splits how well the sum of the spaces' predictions does among the spaces; both add up to the
 * joint value of a target.
 *
 *   r2           sum of p_i (2 y - p) / sum of y^2: the product measure
 *   correlation  sum of p_i y / (|y| |p|)
 *
 * Truth and predictions enter about their means over the rows.
 *
 * @param part  of each space: rows x targets
 * @param out   spaces x targets, NaN where a side is constant; may be NULL
 */
int bram_banded_split(bram_ctx *cx, bram_mat *r2, bram_mat *correlation, const bram_mat *part,
                      size_t spaces, const bram_mat *y) BRAM_MUST_CHECK;

#endif
