/*
 * havok.h - linear dynamics of a time series in delay coordinates (Hankel alternative view of
 * Koopman; Brunton et al. 2017): what dsa compares.
 */
#ifndef BRAMBLE_METRICS_HAVOK_H
#define BRAMBLE_METRICS_HAVOK_H

#include "linalg.h"

/**
 * Delay coordinates. Row t of the Hankel matrix holds the states at t + reach, t + reach - interval
 * ..., t (delays of them, the newest first; reach = (delays - 1) interval); the result is its
 * leading left singular vectors.
 *
 * @param out       times - reach x rank, on the heap: bram_free(out->data)
 * @param x         times x variables
 * @param complete  1 for each time that counts; a row that touches another is zero. NULL: all
 * @param rank      vectors kept; 0, or more than there are: all above rounding
 * @return BRAM_OK; BRAM_ESHAPE with no more times than reach; as bram_svd
 */
int bram_havok_embed(bram_ctx *cx, bram_mat *out, const bram_mat *x, const uint8_t *complete,
                     size_t delays, size_t interval, size_t rank) BRAM_MUST_CHECK;

/**
 * Eigenvalues of A, which minimises sum_t step_t |v_{t+1} - A v_t|^2 + lambda |A|^2.
 *
 * @param real, imaginary  v->cols numbers each
 * @param fitted           false where the steps do not determine A; then there are no numbers
 * @param step             a weight for each of the v->rows - 1 steps
 */
int bram_havok_spectrum(bram_ctx *cx, double *real, double *imaginary, bool *fitted,
                        const bram_mat *v, const double *step, double lambda) BRAM_MUST_CHECK;

#endif
