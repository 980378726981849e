/*
 * nn_conv.h - convolutions of maps and their normalization over a batch, forward and backward.
 *
 *   x  batch, height, width, in: channels last
 *   w  out, side, side, in
 *   y  batch, high, wide, out, high = height + 2 pad - side + 1
 *
 *   y[i, j, o] = sum over a, b, c of w[o, a, b, c] x[i + a - pad, j + b - pad, c]
 *
 * a correlation, as all network libraries have it, with zeros around x. It is a product of w with
 * the patches of one picture at a time. There is no offset: a normalization follows.
 *
 * Normalization (Ioffe & Szegedy 2015): for each channel, z = (x - mean) / sqrt(variance + eps), y
 * = gain z + offset, mean and variance over all positions of all pictures of the batch. Its sums
 * are functions of their own, so that parts of a batch can be worked on side by side and their sums
 * added in order: norm_sums, norm, then on the way back norm_back_sums, norm_back.
 *
 * Gradients of parameters are added to what is there; gradients of inputs are written.
 */
#ifndef BRAMBLE_CORE_NN_CONV_H
#define BRAMBLE_CORE_NN_CONV_H

#include "nn_real.h"

typedef struct bram_nn_conv {
    size_t height, width, in, out, side, pad;
} bram_nn_conv;

/** Rows and columns of the map that comes out; 0 where the side is too large. */
size_t bram_conv_high(const bram_nn_conv *s);
size_t bram_conv_wide(const bram_nn_conv *s);

/** Numbers that the patches of a picture take: the room of both ways; twice that with dx. */
size_t bram_conv_room(const bram_nn_conv *s);

void BRAM_NN(conv)(const bram_nn_conv *s, bram_real *y, const bram_real *x, const bram_real *w,
                   size_t batch, bram_real *room);

/** dx may be NULL: it is not wanted. */
void BRAM_NN(conv_back)(const bram_nn_conv *s, bram_real *dx, bram_real *dw, const bram_real *dy,
                        const bram_real *x, const bram_real *w, size_t batch, bram_real *room);

/** Of each channel: what is taken off, and by what the rest is multiplied. */
typedef struct BRAM_NN(norm) {
    bram_real *mean, *scale; /* scale: 1 / sqrt(variance + eps) */
} BRAM_NN(norm);

/** sum[c] += x, square[c] += x^2 over the rows. */
void BRAM_NN(norm_sums)(double *sum, double *square, const bram_real *x, size_t rows, size_t cols);

/** From sums over n rows; variance (over n) is written where it is not NULL. */
void BRAM_NN(norm_of)(BRAM_NN(norm) * norm, bram_real *variance, const double *sum,
                      const double *square, size_t n, size_t cols, double eps);

/** y may be x. */
void BRAM_NN(normalize)(bram_real *y, const bram_real *x, const BRAM_NN(norm) * norm,
                        const bram_real *gain, const bram_real *offset, size_t rows, size_t cols);

/** sum[c] += dy, product[c] += dy z over the rows: the gradients of offset and gain. */
void BRAM_NN(norm_back_sums)(double *sum, double *product, const bram_real *dy, const bram_real *x,
                             const BRAM_NN(norm) * norm, size_t rows, size_t cols);

/** dx = gain scale (dy - mean of dy - z mean of dy z), means over the n rows of the batch; dx may
 * be dy. */
void BRAM_NN(norm_back)(bram_real *dx, const bram_real *dy, const bram_real *x,
                        const BRAM_NN(norm) * norm, const bram_real *gain, const double *sum,
                        const double *product, size_t n, size_t rows, size_t cols);

#endif
