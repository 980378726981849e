/*
 * ridge_cv.h - the penalty of ridge regression, for each target, by cross-validation or by leaving
 * out one row at a time; any number of targets in bounded memory.
 *
 * Each fold is decomposed once: with M the Gram matrix of its training rows about their means
 * (Xc'Xc where there are as many rows as columns, else Xc Xc'), M = Q T Q' with T tridiagonal, and
 * what the targets and the test rows are in the basis Q serves all penalties:
 *
 *   prediction = A (T + alpha)^-1 B,   B = Q'Xc'Yc or Q'Yc,   A = (Xt - mx) Q or (Xt - mx) Xc' Q
 *
 * A tridiagonal system costs a few operations a number, so T does as well as the eigenvalues and
 * takes a quarter of the time of finding them. A penalty within rounding of zero does need the
 * eigenvalues, and so does float32 where T + alpha is badly conditioned. Where a fold has more test
 * rows than A columns, the test rows are turned into as many as there are columns (A = O U, U upper
 * triangular: |A g| = |U g|), and no prediction is ever made. Products X'Y are formed once for rows
 * that are in the same folds.
 *
 * Targets are worked on in blocks; blocks and folds are tasks whose borders depend on the shapes
 * alone: the same bits for any number of threads. Memory beyond the data, in bytes, about
 *   8 (n^2 or n p) + at most 1 GiB of decomposed folds (or one fold) + threads x blocks of targets
 *   + 8 folds x penalties x targets.
 *
 * Sources: Hoerl & Kennard 1970; Elden 1977 (penalties on a tridiagonal form); the scores and the
 * choice follow himalaya (Dupre la Tour et al. 2022), leave-one-out scikit-learn's RidgeCV.
 */
#ifndef BRAMBLE_CORE_RIDGE_CV_H
#define BRAMBLE_CORE_RIDGE_CV_H

#include "ridge.h"

/** What is regressed on: a design, or inner products of its rows. The other is NULL. */
typedef struct bram_regressors {
    const bram_mat *x;      /* rows x columns */
    const bram_mat *kernel; /* rows x rows, symmetric, positive semi-definite; not centred */
} bram_regressors;

/** Targets (or features), rows x cols: one of f64, f32 and read. */
typedef struct bram_targets {
    size_t rows, cols;
    const bram_mat *f64;
    const float *f32; /* packed */
    /** Columns first .. first + count - 1 into out (rows x count, packed); only ever one call at a
     *  time, in ascending order, once or more. @return BRAM_OK or why not */
    int (*read)(bram_ctx *cx, void *user, double *out, size_t first, size_t count);
    void *user;
} bram_targets;

/**
 * Inner products of rows about their mean, of columns that are read in blocks: features that do not
 * fit into memory are passed over once, and nothing after that depends on their number.
 *
 * @param kernel  rows x rows, the caller's
 * @param x       its columns
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC naming the column; BRAM_ECANCEL; BRAM_ENOMEM; what
 *         `read` returns
 */
int bram_ridge_kernel_of(bram_ctx *cx, bram_mat *kernel, const bram_targets *x) BRAM_MUST_CHECK;

/** How the penalty is looked for. */
typedef struct bram_ridge_search {
    const bram_fold *fold; /* rows of x and y; those of no fold are not looked at */
    size_t folds;
    const double *grid; /* penalties, in any order, at least one */
    size_t n_grid;
    bram_ridge_score rule;
    bram_ridge_choice choice;
    bool origin; /* no intercept: nothing is centred */
    bool single; /* products with targets in float32 (decompositions and sums stay double) */
} bram_ridge_search;

/** Of a target, about the means: truth squared, prediction squared, product; squared error. */
typedef struct bram_agreement {
    double yy, pp, yp, error;
} bram_agreement;

/** @return the score of n rows; 0 by r2 and correlation where a side does not vary */
double bram_ridge_score_of(bram_agreement s, double n, bram_ridge_score rule);

/**
 * The scores of all folds, penalties and targets.
 *
 * @param score  folds x penalties x targets
 * @return BRAM_OK; BRAM_ESHAPE (also for an empty fold or an index outside); BRAM_ENUMERIC naming
 *         the column or target that is not finite; BRAM_EUSAGE for no penalty or one below 0;
 *         BRAM_ECANCEL; BRAM_ENOMEM; what `read` returns
 */
int bram_ridge_scores(bram_ctx *cx, double *score, const bram_regressors *x, const bram_targets *y,
                      const bram_ridge_search *s) BRAM_MUST_CHECK;

/**
 * Chooses from such scores: the best mean over folds for each target; equal ones go to the larger
 * penalty (1e-10 log alpha is added before comparing, as in himalaya).
 *
 * @param alpha  one penalty for each target
 * @param best   the mean score at that penalty; may be NULL
 */
void bram_ridge_choose(double *alpha, double *best, const double *score, size_t targets,
                       const bram_ridge_search *s);

/** Both. Untouched on failure. */
int bram_ridge_search_run(bram_ctx *cx, double *alpha, double *best, const bram_regressors *x,
                          const bram_targets *y, const bram_ridge_search *s) BRAM_MUST_CHECK;

/**
 * Leaves out one row at a time, without refitting: with c = (K + alpha)^-1 (y - mean) on what is
 * orthogonal to the constant, and G the inverse itself, what row i is less its prediction by the
 * others is c_i / G_ii. Both are sums without cancellation, for small penalties too. A row that
 * alone carries a direction has no such prediction without a penalty: a penalty under which there
 * are such rows is not chosen. Rows are all those of y; double always.
 *
 * @param square  NULL, or rows x penalties x targets: squared errors, NaN where there is none
 * @param s       its folds are not looked at. Scores are over all rows at once (l2: the mean), so
 *                that there is no deviation over folds, and conservative is local
 * @return as bram_ridge_scores; BRAM_ENUMERIC where no penalty can be chosen. alpha and best are
 *         untouched on failure
 */
int bram_ridge_loo(bram_ctx *cx, double *alpha, double *best, double *square,
                   const bram_regressors *x, const bram_targets *y,
                   const bram_ridge_search *s) BRAM_MUST_CHECK;

#endif
