/*
 * common_space.h - two populations that saw the same things, brought into one space by linear maps:
 * so that what was learned from one can be read from the other.
 *
 * Columns are centred and divided by their deviation over the rows given (a constant one by 1).
 *
 * - procrustes: the first k principal components of either; those of b are turned and scaled onto
 *   those of a, |c B R - A| least for orthogonal R (Schonemann 1966).
 * - cca: the canonical variates of the first k principal components, each of variance 1 (Hotelling
 *   1936; components first, as in SVCCA of Raghu et al. 2017, as there are seldom many more rows
 *   than columns).
 * - ridge: the columns of a themselves; b predicts them by ridge regression, with one penalty for
 *   all that is chosen by leaving out one row at a time.
 *
 * k = min(dims, columns of a, columns of b, rows - 1).
 */
#ifndef BRAMBLE_CORE_COMMON_SPACE_H
#define BRAMBLE_CORE_COMMON_SPACE_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef enum bram_space_kind {
    BRAM_SPACE_PROCRUSTES,
    BRAM_SPACE_CCA,
    BRAM_SPACE_RIDGE
} bram_space_kind;

/** The way of one population into the space: (x - mean) / scale times weight, plus offset. */
typedef struct bram_space_map {
    double *mean, *scale, *offset;
    bram_mat weight; /* columns x dimensions */
} bram_space_map;

/** In scratch memory. */
typedef struct bram_common_space {
    bram_space_map a, b;
} bram_common_space;

/**
 * @param a, b  the same rows in the same order, finite; at least 3
 * @return BRAM_OK; BRAM_ESHAPE for other numbers of rows, or too few, or no columns; BRAM_ENUMERIC
 *         for a value that is not finite, or a side that does not vary; BRAM_ENOMEM.
 *         Cost: O(rows columns^2)
 */
int bram_common_space_fit(bram_ctx *cx, bram_common_space *out, bram_space_kind kind,
                          const bram_mat *a, const bram_mat *b, size_t dims) BRAM_MUST_CHECK;

/** Rows of a population in the space: rows x dimensions, in scratch memory. */
int bram_common_space_put(bram_ctx *cx, bram_mat *out, const bram_space_map *map,
                          const bram_mat *x) BRAM_MUST_CHECK;

#endif
