/*
 * lag_products.h - sums over t of y_{t-l} y_t', l = 0 .. L, for all lags at once by short
 * transforms.
 *
 * The L + 1 sums of a block of M rows are one cyclic correlation of length P = M + L: with Z the
 * discrete Fourier transform over the block and the L rows before it, X that over the block alone
 * (zeros before it), sum over u of z_{u-l} x_u' is the inverse transform of conj(Z)' X at l,
 * without wrapping. Blocks add up before the inverse. A complex product is three real ones
 * (Karatsuba), each of two linear functions of the block, so that all is
 *
 *   C(l) = sum over r of back(l, r) K(r),   K(r) = sum over blocks of (context(r) z)' (target(r) x)
 *
 * with R = 3 P / 2 - 1 products of the shape units x blocks x units, in place of (L + 1) M: for L =
 * 10 and P = 48 a third of the operations, transforms (products with small matrices, too) included.
 * It is overlap-save convolution, with the FFT's place taken by a matrix as P is short. Rounding
 * errors are those of sums of the same length, relative to the lengths of the two columns.
 *
 * The order of all sums depends on shapes alone, never on the number of threads.
 */
#ifndef BRAMBLE_CORE_LAG_PRODUCTS_H
#define BRAMBLE_CORE_LAG_PRODUCTS_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/**
 * Whether bram_lag_products would take fewer operations than one product for each lag, and fits
 * into lags^2 units^2 doubles.
 *
 * @param stretch  n stretches of rows x units, without a gap inside; their first `lags` rows are
 *                 context only, all others are rows t of the sums
 */
bool bram_lag_products_pay(const bram_mat *stretch, size_t n, size_t lags);

/** @return how many doubles bram_lag_products takes beside its arguments; 0 for fewer than 4 lags
 */
double bram_lag_products_size(size_t lags, size_t units);

/**
 * @param now    units x units: takes lag 0
 * @param past   lags units x units, contiguous: lag l in rows (l - 1) units ...; row i, column j is
 * the sum of y_{t-l,i} y_{t,j}
 * @param lags   4 or more
 * @param shift  units values, subtracted from all data first
 * @param room   lags^2 units^2 doubles, zeros; holds nothing of use afterwards
 * @return BRAM_OK; BRAM_ENOMEM; BRAM_ECANCEL. A value that is not finite spreads over the row and
 *         the column of its unit
 */
int bram_lag_products(bram_ctx *cx, bram_mat *now, bram_mat *past, const bram_mat *stretch,
                      size_t n, size_t lags, const double *shift, double *room) BRAM_MUST_CHECK;

#endif
