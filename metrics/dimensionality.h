/*
 * dimensionality.h - how many dimensions a set of patterns (conditions x units) takes, and how two
 * subspaces lie to each other.
 *
 * l_i are the eigenvalues of the covariance of the centred patterns, r_ik the distance of pattern i
 * to its k-th nearest neighbour.
 *   participation ratio  (sum l)^2 / sum l^2 (Rajan, Abbott & Sompolinsky 2010; Gao et al. 2017)
 *   effective rank       exp of the entropy of l / sum l (Roy & Vetterli 2007)
 *   two-NN               slope through 0 of -log(1 - F) against log(r_i2 / r_i1), F the empirical
 *                        distribution of the ratios, the largest tenth left out (Facco, d'Errico,
 *                        Rodriguez & Laio 2017)
 *   MLE                  mean over i of ((1 / (k - 1)) sum_{j < k} log(r_ik / r_ij))^-1 (Levina &
 *                        Bickel 2004, equation 8)
 * The first two are linear: a curved line through many units has many dimensions. The last two are
 * local: the line has one. All of them are bounded by the number of conditions, and the local ones
 * fall short where there are few (Facco et al.: below about 2^(d/2) patterns).
 */
#ifndef BRAMBLE_METRICS_DIMENSIONALITY_H
#define BRAMBLE_METRICS_DIMENSIONALITY_H

#include "linalg.h"

/**
 * @param x  conditions x units, all finite
 * @return BRAM_OK; BRAM_ESHAPE without rows or columns; BRAM_ENUMERIC; BRAM_ENOMEM. NaN in out for
 *         patterns that are all the same
 */
int bram_participation_ratio(bram_ctx *cx, double *out, const bram_mat *x) BRAM_MUST_CHECK;
int bram_effective_rank(bram_ctx *cx, double *out, const bram_mat *x) BRAM_MUST_CHECK;

/**
 * @param discard  the share of the largest ratios that is left out, in [0, 1): 0.1
 * @param same     receives how many patterns have an exact copy, and are left out; may be NULL
 * @return as above. NaN with fewer than three patterns that differ
 */
int bram_dimension_two_nn(bram_ctx *cx, double *out, size_t *same, const bram_mat *x,
                          double discard) BRAM_MUST_CHECK;

/** @param k  neighbours, 2 .. rows - 1; else BRAM_ESHAPE. Copies as above */
int bram_dimension_mle(bram_ctx *cx, double *out, size_t *same, const bram_mat *x,
                       size_t k) BRAM_MUST_CHECK;

/** Where the subspaces lie. */
typedef enum bram_subspace_axis {
    BRAM_IN_UNITS,     /* leading principal axes: both have the same columns */
    BRAM_IN_CONDITIONS /* leading principal components over the same rows */
} bram_subspace_axis;

/**
 * Principal angles of the subspaces of the `dim` leading components of x and y: arccos of the
 * singular values of Q1'Q2 (Bjoerck & Golub 1973), small angles by their sines.
 *
 * @param angle    receives `dim` angles in radians, ascending
 * @param overlap  receives the mean of the squared cosines: 1 where one holds the other; NULL
 * @return BRAM_OK; BRAM_ESHAPE where the sides do not fit, or have fewer components than dim
 */
int bram_principal_angles(bram_ctx *cx, double *angle, double *overlap, const bram_mat *x,
                          const bram_mat *y, size_t dim, bram_subspace_axis axis) BRAM_MUST_CHECK;

#endif
