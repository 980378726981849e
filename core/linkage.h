/*
 * linkage.h - trees of things from their dissimilarities: average linkage (UPGMA).
 *
 * The dissimilarity of two clusters is the mean over all pairs between them. Source: Sokal &
 * Michener 1958; the order of work is that of nearest-neighbour chains (Murtagh 1983).
 */
#ifndef BRAMBLE_CORE_LINKAGE_H
#define BRAMBLE_CORE_LINKAGE_H

#include <bramble/context.h>

/** Two clusters become one. Things are clusters 0 .. n - 1, merge k makes cluster n + k; a < b. */
typedef struct bram_merge {
    size_t a, b;
    double height; /* their mean dissimilarity */
    size_t size;   /* things in the new cluster */
} bram_merge;

/**
 * @param out    n - 1 merges by height; untouched on failure
 * @param pairs  n (n - 1) / 2 dissimilarities (0,1), (0,2) ... (1,2) ...
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 2 things; BRAM_ENUMERIC for a dissimilarity that is
 *         not finite; BRAM_ENOMEM. Cost: O(n^2) time, n^2 numbers of scratch memory
 */
int bram_linkage_average(bram_ctx *cx, bram_merge *out, const double *pairs,
                         size_t n) BRAM_MUST_CHECK;

/**
 * The order in which the n things stand when the tree is drawn without crossings: the cluster with
 * the lower number first.
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_linkage_order(bram_ctx *cx, size_t *order, const bram_merge *tree,
                       size_t n) BRAM_MUST_CHECK;

#endif
