/*
 * ridge.h - ridge regression with an intercept: one decomposition of the design for any number of
 * targets and penalties.
 *
 * The problem: W, c minimising |Y - X W - 1 c'|^2 + alpha_j |w_j|^2 for every target j; the
 * intercept is not penalised, so X and Y are centred with the means of the training rows. With r
 * the rank of the form chosen,
 *
 *   primal (rows >= columns):  Xc'Xc = V S V',  B = V'Xc'Yc,  A = (Xt - mx) V
 *   dual   (rows < columns):   Xc Xc' = U S U', B = U'Yc,     A = (Xt - mx) Xc' U
 *   prediction                 A diag(1 / (s + alpha_j)) b_j + my_j
 *
 * so that each further penalty costs one scaling and one product. Where s + alpha is within
 * rounding of zero the component is dropped: alpha = 0 gives the least-squares solution of minimum
 * norm.
 *
 * All functions: BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC for a value that is not finite (naming the
 * column); BRAM_EUSAGE for a penalty below 0; BRAM_ENOMEM; outputs are untouched on failure unless
 * they are matrices or arrays being filled, whose contents are then not defined.
 */
#ifndef BRAMBLE_CORE_RIDGE_H
#define BRAMBLE_CORE_RIDGE_H

#include <bramble/context.h>
#include <bramble/matrix.h>
#include <bramble/metric.h>

typedef struct bram_ridge bram_ridge;

/** Centres and decomposes a design (rows x cols, both at least 1), of which a copy is kept. */
int bram_ridge_new(bram_ctx *cx, bram_ridge **out, const bram_mat *x) BRAM_MUST_CHECK;

/**
 * The same for one penalty, by a Cholesky factor: a tenth of the time of a decomposition. Where the
 * penalty is within rounding of zero it is the decomposition. All functions below then want that
 * penalty for every target (BRAM_EUSAGE).
 */
int bram_ridge_new_at(bram_ctx *cx, bram_ridge **out, const bram_mat *x,
                      double alpha) BRAM_MUST_CHECK;
int bram_ridge_new_kernel_at(bram_ctx *cx, bram_ridge **out, const bram_mat *kernel,
                             double alpha) BRAM_MUST_CHECK;

/**
 * The same by inner products of the training rows (n x n, symmetric, positive semi-definite, not
 * centred), of which no copy is kept: kernel ridge with an intercept. Its basis is asked for with
 * inner products of test rows (by) training rows; it has no weights.
 */
int bram_ridge_new_kernel(bram_ctx *cx, bram_ridge **out, const bram_mat *kernel) BRAM_MUST_CHECK;
void bram_ridge_free(bram_ridge *ridge);

/** @return the number of rows of B and of columns of A: min(rows, cols) */
size_t bram_ridge_rank(const bram_ridge *ridge);

/** B (rank x targets) and the means of the targets, from the targets of the training rows. */
int bram_ridge_project(bram_ctx *cx, const bram_ridge *ridge, bram_mat *b, double *mean_y,
                       const bram_mat *y) BRAM_MUST_CHECK;

/** A (rows x rank) of test rows; of a kernel, of their inner products with the training rows. */
int bram_ridge_basis(bram_ctx *cx, const bram_ridge *ridge, bram_mat *a,
                     const bram_mat *x_test) BRAM_MUST_CHECK;

/** Predictions (rows of A x targets), with one penalty for each target. */
int bram_ridge_predict(bram_ctx *cx, const bram_ridge *ridge, bram_mat *prediction,
                       const bram_mat *a, const bram_mat *b, const double *mean_y,
                       const double *alpha) BRAM_MUST_CHECK;

/** Weights (cols x targets) and intercepts, with one penalty for each target; of a design. */
int bram_ridge_weights(bram_ctx *cx, const bram_ridge *ridge, bram_mat *weights, double *intercept,
                       const bram_mat *b, const double *mean_y,
                       const double *alpha) BRAM_MUST_CHECK;

/** What is best (himalaya's names): negative mean squared error; R2, 0 for a constant target;
 *  Pearson's r, 0 where a side is constant. */
typedef enum bram_ridge_score {
    BRAM_RIDGE_L2,
    BRAM_RIDGE_R2,
    BRAM_RIDGE_CORRELATION
} bram_ridge_score;

/** For which targets one penalty is chosen. */
typedef enum bram_ridge_choice {
    BRAM_RIDGE_LOCAL,       /* each target its own */
    BRAM_RIDGE_GLOBAL,      /* one for all: the best mean over targets */
    BRAM_RIDGE_CONSERVATIVE /* each the largest within one standard deviation (over the folds, at
                               the best) of the best */
} bram_ridge_choice;

/**
 * Chooses penalties by cross-validation, of a design and targets in memory: ridge_cv.h has how, and
 * more ways.
 *
 * @param alpha   receives one penalty for each target; untouched on failure
 * @param score   receives the mean score at that penalty, may be NULL
 * @param folds   train and test rows of each fold, indices into the rows of x and y
 * @param grid    penalties, in any order, at least one
 * @return as above; BRAM_ESHAPE also for an empty fold or an index outside; BRAM_ECANCEL
 */
int bram_ridge_cv(bram_ctx *cx, double *alpha, double *score, const bram_mat *x, const bram_mat *y,
                  const bram_fold *folds, size_t n_folds, const double *grid, size_t n_grid,
                  bram_ridge_score rule, bram_ridge_choice choice) BRAM_MUST_CHECK;

/**
 * k contiguous folds of n rows, the first n % k one longer (scikit-learn's KFold without
 * shuffling).
 *
 * @param out  receives k folds that share one piece of memory: free with bram_free
 * @return BRAM_OK; BRAM_EUSAGE unless 2 <= k <= n; BRAM_ENOMEM
 */
int bram_kfold(bram_ctx *cx, bram_fold **out, size_t n, size_t k) BRAM_MUST_CHECK;

#endif
