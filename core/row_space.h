/*
 * row_space.h - coordinates of rows in the space that they span: for features that are many more
 * than there are rows, and do not fit into memory.
 *
 * With K the inner products of the rows about their mean, K = V S V', the coordinates are V S^1/2:
 * rows x rows, turned and moved against the features, and nothing else. All that looks at rows by
 * distances, or by inner products about any mean of rows, is the same with them: ridge regression,
 * least squares of minimum norm, partial least squares, kernels of distances, linear CKA,
 * Procrustes. What looks at single features is not: lasso, bands, z-scores, correlations between
 * rows. Features are passed over once, in blocks of columns (bram_ridge_kernel_of).
 */
#ifndef BRAMBLE_CORE_ROW_SPACE_H
#define BRAMBLE_CORE_ROW_SPACE_H

#include "ridge_cv.h"

/**
 * @param out  rows x rows, the caller's; its columns ascend in variance, those that are within
 *             rounding of nothing are 0
 * @param x    its columns, read in blocks
 * @return as bram_ridge_kernel_of, bram_eigh. Cost: O(rows^2 columns + rows^3) time
 */
int bram_row_space(bram_ctx *cx, bram_mat *out, const bram_targets *x) BRAM_MUST_CHECK;

#endif
