/*
 * lag_gram.h - the normal equations of a vector autoregression without its design matrix.
 *
 * The problem: minimise sum over t of |y_t - c - sum over l of A_l y_{t-l}|^2 + lambda sum |A|^2,
 * the intercept free. With G(a, b) the sum over the target rows t of y_{t-a} y_{t-b}', a and b from
 * 0 (the target) to L,
 *
 *   G(a+1, b+1) = G(a, b) + y_{f-1-a} y_{f-1-b}' - y_{e-1-a} y_{e-1-b}'
 *
 * for target rows f .. e - 1 of a segment, so that only G(l, 0) are products over all rows: L + 1
 * of them instead of L^2, and nothing of the size rows x L N is made. Segments add up, each with
 * its own edges. Sums are taken about the mean of the target rows and then centred exactly, lag by
 * lag, with the means of the rows used: the result equals regression on an explicit design.
 *
 * Missing entries: the caller sets them to the mean of their column, that is zero after centring,
 * which makes them say nothing about direction; the penalty is unchanged.
 *
 * Where it pays, the L + 1 products are made together by short transforms (lag_products.h).
 */
#ifndef BRAMBLE_CORE_LAG_GRAM_H
#define BRAMBLE_CORE_LAG_GRAM_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef struct bram_lag_gram {
    size_t lags, units, rows; /* rows: the number of target rows used */
    bram_mat gram;            /* lags units square, centred; lag l is block l - 1 */
    bram_mat cross;           /* lags units x units: with the targets, centred */
    bram_mat mean;            /* lags + 1 rows: means of y_{t-a} over the target rows t */
} bram_lag_gram;

/**
 * @param segments  n stretches of rows x units without a gap inside, all of the same width
 * @param first     first target row of each; rows before it are context only; NULL: all zero. A row
 *                  with fewer than `lags` rows before it is never a target
 * @param lags      1 or more
 * @return BRAM_OK; BRAM_ESHAPE for different widths; BRAM_ENOTAPPLICABLE when no target row is
 *         left; BRAM_ENUMERIC for a value that is not finite; BRAM_ENOMEM; BRAM_ECANCEL
 */
int bram_lag_gram_new(bram_ctx *cx, bram_lag_gram **out, const bram_mat *segments,
                      const size_t *first, size_t n, size_t lags) BRAM_MUST_CHECK;
void bram_lag_gram_free(bram_lag_gram *g);

/** @return about how many bytes both, and the work on them, take at the most */
double bram_lag_gram_bytes(size_t lags, size_t units);

/**
 * Weights for one penalty by Cholesky, in place of the lower triangle of g->gram, which is put back
 * afterwards: g is the same when the function returns, whatever its status.
 *
 * @param weights    lags units x units: row l units + j, column i is the weight of unit j, lag
 *                   l + 1, on unit i; not defined after a failure
 * @param intercept  units values
 * @param increments the regression of y_t - y_{t-1}: the penalty is then on what the weights differ
 *                   from those of `copy`, lag 1 of each unit on itself being 1
 * @return BRAM_OK; BRAM_EUSAGE for lambda < 0; BRAM_ESHAPE; BRAM_ENUMERIC when singular
 */
int bram_lag_gram_solve(bram_ctx *cx, bram_mat *weights, double *intercept, bram_lag_gram *g,
                        double lambda, bool increments) BRAM_MUST_CHECK;

/**
 * One-step predictions: out = 1 intercept' + sum over lags of lagged[l] times block l of weights.
 *
 * @param out      rows x units
 * @param lagged   weights->rows / units matrices like out: row i of lagged[l] is what was l + 1
 * rows before row i of out. Shifted views of one series serve, as do separate starts
 * @return BRAM_OK; BRAM_ESHAPE
 */
int bram_lag_predict(bram_ctx *cx, bram_mat *out, const bram_mat *lagged, const bram_mat *weights,
                     const double *intercept) BRAM_MUST_CHECK;

#endif
