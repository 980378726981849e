/*
 * affinity.h - which pairs of traces change together, moment by moment: the time x pair matrix that
 * dynamic functional connectivity is made of (after Dyballa et al. 2024, arXiv 2402.14102, whose
 * exact kernel is not published; these are ours).
 *
 * Traces are z-scored; d_i(t) is the slope of the least-squares line through the `half` rows on
 * either side of t (fewer at both ends), so it looks ahead and belongs in no forecast. With
 * s = sqrt|d_i d_j|, the two slopes' geometric mean,
 *
 *   differential  a_ij = s where both slopes have the same sign, else 0
 *   gaussian      a_ij = s exp(-(d_i - d_j)^2 / (2 sigma^2)), sigma in deviations of all slopes
 */
#ifndef BRAMBLE_CORE_AFFINITY_H
#define BRAMBLE_CORE_AFFINITY_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef enum bram_affinity_kernel {
    BRAM_AFFINITY_DIFFERENTIAL,
    BRAM_AFFINITY_GAUSSIAN
} bram_affinity_kernel;

/**
 * Affinities of all pairs i < j in the order (0, 1), (0, 2) ... (1, 2) ...; of a constant trace 0.
 *
 * @param out   rows x N (N - 1) / 2, row-major; untouched on failure
 * @param x     rows x N, rows and N 2 or more, all finite
 * @param half  rows on either side, 1 or more
 * @param sigma above 0; gaussian only
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC for a value that is not finite; BRAM_EUSAGE for half
 *         or sigma; BRAM_ENOMEM. Cost: O(rows N (N + half))
 */
int bram_affinity(bram_ctx *cx, double *out, const bram_mat *x, bram_affinity_kernel kernel,
                  size_t half, double sigma) BRAM_MUST_CHECK;

#endif
