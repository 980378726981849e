/*
 * rdm.h - representational dissimilarity matrices.
 *
 * An RDM over n conditions is kept as its n (n - 1) / 2 pairs (i < j), row by row: (0,1), (0,2) ...
 * (0,n-1), (1,2) ... A dissimilarity that is not defined is NaN.
 */
#ifndef BRAMBLE_METRICS_RDM_H
#define BRAMBLE_METRICS_RDM_H

#include <bramble/metric.h>

typedef enum bram_rdm_kind {
    BRAM_RDM_EUCLIDEAN,  /* squared distance over the number of channels */
    BRAM_RDM_CORRELATION /* 1 - Pearson correlation of the two rows; a constant row has none: NaN */
} bram_rdm_kind;

/** @return n (n - 1) / 2 */
static inline size_t bram_rdm_pairs(size_t n)
{
    return n ? n * (n - 1) / 2 : 0;
}

/**
 * The RDM of conditions x channels. With a mask each pair uses the channels present in both rows:
 * euclidean is the mean squared difference over these (NaN for fewer than 2), correlation is taken
 * over these (NaN for fewer than 3).
 *
 * @param out  the pairs, on the heap: bram_free
 * @return BRAM_OK; BRAM_ESHAPE without rows or channels, or above 65536 rows; BRAM_ENUMERIC for a
 *         present value that is not finite; BRAM_EMEMORY; BRAM_ENOMEM
 */
int bram_rdm_new(bram_ctx *cx, double **out, const bram_side *side,
                 bram_rdm_kind kind) BRAM_MUST_CHECK;

/**
 * The pairs of a square dissimilarity matrix; masked pairs become NaN.
 *
 * @return BRAM_OK; BRAM_ESHAPE when it is not square; BRAM_ENUMERIC for a value that is not finite,
 *         a diagonal that is not 0 or two triangles that differ (beyond 1e-8 of the largest value);
 *         BRAM_ENOMEM
 */
int bram_rdm_given(bram_ctx *cx, double **out, const bram_side *side) BRAM_MUST_CHECK;

#endif
