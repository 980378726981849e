/*
 * nn_sample.h - bilinear sampling of maps (Jaderberg et al. 2015, arXiv 1506.02025, equation 5).
 *
 * Coordinates run from -1 to 1 between the centres of the first and the last row or column (as
 * PyTorch's grid_sample with align_corners=True); x goes along columns, y along rows. Beyond the
 * map values are 0.
 */
#ifndef BRAMBLE_CORE_NN_SAMPLE_H
#define BRAMBLE_CORE_NN_SAMPLE_H

#include "nn_real.h"

/** The four positions around a point, row-major in the map: their weights, and the derivatives of
 *  these by x and y. A position beyond the map has weight and derivatives 0, and is position 0. */
typedef struct BRAM_NN(corners) {
    size_t at[4];
    bram_real weight[4], by_x[4], by_y[4];
} BRAM_NN(corners);

void BRAM_NN(sample)(BRAM_NN(corners) * c, bram_real x, bram_real y, size_t height, size_t width);

/** The coordinate of row (column) i of n: the middle, 0, where there is one alone. */
bram_real BRAM_NN(coordinate)(size_t i, size_t n);

/** Sum of a b, in eight lanes. */
bram_real BRAM_NN(dot)(const bram_real *a, const bram_real *b, size_t n);

/** y += factor x. */
void BRAM_NN(add_scaled)(bram_real *restrict y, const bram_real *restrict x, bram_real factor,
                         size_t n);

#endif
