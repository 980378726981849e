/*
 * lasso.h - lasso and elastic net by coordinate descent, target by target.
 *
 * The problem, as scikit-learn and glmnet state it: w, c minimising
 *
 *   |y - X w - c|^2 / (2 n) + alpha (l1 |w|_1 + (1 - l1) |w|^2 / 2)
 *
 * with the intercept not penalised. With G = Xc'Xc / n and q = Xc'yc / n a coordinate's best value
 * is w_k = S(q_k - (G w)_k + G_kk w_k, alpha l1) / (G_kk + alpha (1 - l1)), S the soft threshold;
 * G w is kept up to date, so that a coordinate that stays 0 costs nothing. Penalties are gone
 * through from the largest down, each from the solution before it.
 *
 * Sources: Tibshirani 1996; Zou and Hastie 2005; Friedman, Hastie and Tibshirani 2010.
 */
#ifndef BRAMBLE_CORE_LASSO_H
#define BRAMBLE_CORE_LASSO_H

#include "ridge.h"

typedef struct bram_lasso_options {
    double l1;        /* share of the penalty that is |w|_1, 0 .. 1: 1 is the lasso */
    double tolerance; /* largest |change of w_k| sqrt(G_kk) / deviation of y of a pass at the end;
                         0: 1e-8 */
    size_t most;      /* passes a penalty; 0: 10,000 */
} bram_lasso_options;

/** A design, centred: G and what Xc'y needs. */
typedef struct bram_lasso bram_lasso;

int bram_lasso_new(bram_ctx *cx, bram_lasso **out, const bram_mat *x) BRAM_MUST_CHECK;
void bram_lasso_free(bram_lasso *m);

/** What is done with the weights of a target at a penalty: w has `columns` numbers and is only
 * lent. */
typedef void bram_lasso_fn(void *user, size_t target, size_t penalty, const double *w,
                           double mean_x_w, double mean_y);

/**
 * The path of every target over the penalties, targets side by side.
 *
 * @param grid     penalties, in descending order
 * @param take     is called from several threads, for different targets; mean_x_w is the inner
 *                 product of w with the means of the design's columns: a prediction is
 *                 x.w - mean_x_w + mean_y
 * @param stopped  receives how many targets and penalties did not converge; may be NULL
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_EUSAGE for a penalty or a share that is not allowed, or an
 *         order that ascends; BRAM_ENUMERIC; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_lasso_path(bram_ctx *cx, const bram_lasso *m, const bram_mat *y, const double *grid,
                    size_t n_grid, const bram_lasso_options *o, bram_lasso_fn *take, void *user,
                    size_t *stopped) BRAM_MUST_CHECK;

#endif
