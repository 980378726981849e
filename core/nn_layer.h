/*
 * nn_layer.h - linear layers, layer normalization and dropout, forward and backward.
 *
 * Gradients of parameters are added to what is there; gradients of inputs are written.
 */
#ifndef BRAMBLE_CORE_NN_LAYER_H
#define BRAMBLE_CORE_NN_LAYER_H

#include "nn_real.h"

/** y = x w' + b: x rows x in, w out x in (PyTorch's shape), b out or NULL, y rows x out. */
void BRAM_NN(linear)(bram_real *y, const bram_real *x, const bram_real *w, const bram_real *b,
                     size_t rows, size_t in, size_t out);

/** dx (NULL: not wanted) = dy w; dw += dy' x; db += sum of dy over rows (NULL: there is none). */
void BRAM_NN(linear_back)(bram_real *dx, bram_real *dw, bram_real *db, const bram_real *dy,
                          const bram_real *x, const bram_real *w, size_t rows, size_t in,
                          size_t out);

/** y += x. */
void BRAM_NN(add)(bram_real *restrict y, const bram_real *restrict x, size_t n);

/** sum[j] += the sum of column j. */
void BRAM_NN(add_columns)(bram_real *sum, const bram_real *x, size_t rows, size_t cols);

/** y = (x - mean) / sqrt(variance + eps) * w + b, row by row, variance over n (Ba et al. 2016).
 *  keep: 2 numbers a row for the way back. */
void BRAM_NN(layer_norm)(bram_real *y, bram_real *keep, const bram_real *x, const bram_real *w,
                         const bram_real *b, size_t rows, size_t cols, double eps);
void BRAM_NN(layer_norm_back)(bram_real *dx, bram_real *dw, bram_real *db, const bram_real *dy,
                              const bram_real *x, const bram_real *w, const bram_real *keep,
                              size_t rows, size_t cols);

/**
 * Sets each value to 0 with probability p and divides the others by 1 - p, in place; the same call
 * on a gradient is the way back. p is rounded to 1 / 65536. A value's fate depends on seed, step,
 * stream and its index (first
 * + i) alone.
 */
void BRAM_NN(dropout)(bram_real *x, size_t n, double p, uint64_t seed, uint64_t step,
                      const char *stream, uint64_t first);

#endif
