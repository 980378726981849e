/*
 * mds.h - multidimensional scaling: points whose distances are as given dissimilarities, and how to
 * lay several such configurations over each other.
 *
 * Pairs are (0,1), (0,2) ... (1,2) ... of n things, taken as distances (not squared ones).
 *
 * Sources: Torgerson 1952 (classical); de Leeuw 1977 (SMACOF); Schoenemann 1966 (Procrustes);
 * Kruskal 1964 (stress-1).
 */
#ifndef BRAMBLE_CORE_MDS_H
#define BRAMBLE_CORE_MDS_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/**
 * Classical scaling: the leading eigenvectors of -1/2 J D^2 J, times the roots of their
 * eigenvalues. Missing (NaN) pairs count as the mean of the others. Each axis has the sign that
 * makes its largest entry positive.
 *
 * @param points  n x k, k <= n; axes without a positive eigenvalue are 0; untouched on failure
 * @param share   receives the part of the positive eigenvalues that the k have; may be NULL
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC: no pair is there, or one is infinite; BRAM_ENOMEM.
 *         Cost: O(n^3)
 */
int bram_mds_classical(bram_ctx *cx, bram_mat *points, double *share,
                       const double *pairs) BRAM_MUST_CHECK;

/**
 * Metric stress by majorization (SMACOF): moves points until the sum over pairs of (distance -
 * dissimilarity)^2 falls by less than `tolerance` of itself in a step, or `most` steps are done.
 * The stress never rises. Missing pairs do not count; negative dissimilarities count as 0.
 *
 * @param points  n x k: the start, e.g. classical; in place
 * @param stress  receives stress-1: the root of that sum over the sum of squared distances, NaN
 *                when all points are one
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC for no pair or an infinite one; BRAM_ECANCEL;
 *         BRAM_ENOMEM. Cost: O(n^2 k) a step
 */
int bram_mds_smacof(bram_ctx *cx, bram_mat *points, double *stress, const double *pairs,
                    size_t most, double tolerance) BRAM_MUST_CHECK;

/** Stress-1 of points as they are. */
double bram_mds_stress(const bram_mat *points, const double *pairs);

/**
 * Moves, turns and mirrors points (with `scale` also resizes them), in place, so that the sum of
 * squared distances to their partners in target is least.
 *
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC for a coordinate that is not finite; BRAM_ENOMEM
 */
int bram_mds_align(bram_ctx *cx, bram_mat *points, const bram_mat *target,
                   bool scale) BRAM_MUST_CHECK;

#endif
