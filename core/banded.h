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

/** How well the sum of the spaces' predictions does, split among the spaces. */
typedef enum bram_share {
    /* sum of p_i (2 y - p) / sum of y^2: the product measure, which adds up to
     * 1 - sum of (y - p)^2 / sum of y^2. Below 0 for a space that does harm */
    BRAM_SHARE_PRODUCT,
    BRAM_SHARE_CORRELATION, /* sum of p_i y / (|y| |p|), which adds up to the correlation */
    /* the sum of the product measure by relative weights: the shares of |p|^2 along the orthonormal
     * vectors that are closest to the p_i, given back by how much of p_i lies along each (Genizi
     * 1993; Johnson 2000). Never of both signs */
    BRAM_SHARE_RELATIVE
} bram_share;

/** Numbers that bram_share_of wants of a target: y y, then of each space p_i y, then p_i p_j of
 *  each pair i <= j (row by row of the upper triangle). */
size_t bram_share_moments(size_t spaces);

/** Adds weight times the products of one row: its truth and the predictions of the spaces. */
void bram_share_add(double *moment, double weight, double y, const double *part, size_t spaces);

/**
 * @param out      spaces values; NaN where the truth (by correlation the prediction, too) is 0
 * @param scratch  2 spaces (spaces + 1) numbers
 * @return BRAM_OK; BRAM_ENUMERIC, BRAM_ENOMEM: of the eigenvectors for relative weights
 */
int bram_share_of(bram_ctx *cx, double *out, const double *moment, size_t spaces, bram_share how,
                  double *scratch) BRAM_MUST_CHECK;

/**
 * The split of each target, truth and predictions about their means over the rows.
 *
 * @param out   spaces x targets
 * @param part  of each space: rows x targets
 * @return BRAM_OK; BRAM_ESHAPE; statuses of bram_share_of
 */
int bram_banded_split(bram_ctx *cx, bram_mat *out, bram_share how, const bram_mat *part,
                      size_t spaces, const bram_mat *y) BRAM_MUST_CHECK;

#endif
