/*
 * spectral.h - the nuclear norm (sum of singular values) of a matrix, and orthonormal bases.
 */
#ifndef BRAMBLE_CORE_SPECTRAL_H
#define BRAMBLE_CORE_SPECTRAL_H

#include "linalg.h"

/**
 * The sum of the singular values of m, to 1e-13 of itself or the accuracy of LAPACK's dgesdd.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for an entry that is not finite, or no convergence; BRAM_ENOMEM
 */
int bram_nuclear_norm(bram_ctx *cx, double *out, const bram_mat *m) BRAM_MUST_CHECK;

/**
 * Left singular vectors and singular values of x (n x p), as far as they are above rounding:
 * s > max(n, p) eps s_1. In scratch memory of cx; rank 0 for a zero matrix.
 *
 * @param u  n x rank, a view
 * @param s  rank values, descending
 * @return as bram_svd
 */
int bram_left_basis(bram_ctx *cx, bram_mat *u, double **s, const bram_mat *x) BRAM_MUST_CHECK;

#endif
