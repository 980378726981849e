/*
 * mapping.h - predictions of responses from features by a map fitted on the training rows of a
 * fold.
 *
 * Everything that is estimated (means, scales of features, penalties, weights of feature spaces,
 * components) comes from the training rows alone. A response that is missing in some training rows
 * is fitted on the others; units that miss the same rows are fitted together.
 */
#ifndef BRAMBLE_METRICS_MAPPING_H
#define BRAMBLE_METRICS_MAPPING_H

#include <bramble/metric.h>

#include "ridge_cv.h"

typedef enum bram_map {
    BRAM_MAP_RIDGE, /* by the features, or by a kernel of them */
    BRAM_MAP_OLS,   /* least squares, the solution of minimum norm */
    BRAM_MAP_PLS,   /* partial least squares, all units of a set together */
    BRAM_MAP_LASSO, /* lasso and elastic net */
    BRAM_MAP_BANDED /* ridge with a penalty for each band of features */
} bram_map;

typedef enum bram_map_kernel {
    BRAM_KERNEL_LINEAR,
    BRAM_KERNEL_RBF,       /* exp(-gamma |a - b|^2) */
    BRAM_KERNEL_POLYNOMIAL /* (gamma a.b + 1)^degree */
} bram_map_kernel;

/** How a map is fitted. The pointers are borrowed. */
typedef struct bram_mapping {
    const bram_mat *x;      /* rows x features, all finite */
    const bram_side *brain; /* rows x units, finite where present */
    bram_map map;
    bool zscore; /* scale features by their deviation over the training rows */

    const double *grid; /* penalties to choose from; a single one is taken as it is */
    size_t n_grid;
    bram_ridge_score select; /* the score of the choice, and for which units it is made */
    bram_ridge_choice choice;
    size_t inner; /* contiguous parts of the training rows, where the fold brings none */
    bool loo;     /* the choice by leaving out one row at a time instead */
    bool single;  /* products with responses in float32, when choosing */

    bram_map_kernel kernel;
    double gamma; /* NaN: 1 / features */
    double degree;

    double l1; /* of lasso and elastic net: the share of |w| in the penalty */

    size_t components; /* of partial least squares */
    bool nipals;

    const int64_t *band; /* widths of bands of features, left to right; they make up all features */
    size_t bands, draws; /* and how many weightings of bands are tried */
    size_t descent;      /* then so many steps of descent for each unit */
    uint64_t seed;
} bram_mapping;

/**
 * Receives predictions for the test rows of a fold.
 *
 * @param prediction  test rows x some units
 * @param unit        the units these columns are
 * @param mean        of each of them over its training rows
 */
typedef void bram_mapping_fn(void *user, const bram_fold *fold, const bram_mat *prediction,
                             const size_t *unit, const double *mean);

/**
 * Fits and predicts one fold, in blocks of units. A unit with fewer than two training rows, or none
 * left for the choice of the penalty, is not fitted and not passed on.
 *
 * @return BRAM_OK; BRAM_EUSAGE for bands that do not make up the features; BRAM_ENUMERIC;
 *         BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_mapping_fold(bram_ctx *cx, const bram_mapping *m, const bram_fold *fold,
                      bram_mapping_fn *take, void *user) BRAM_MUST_CHECK;

/** Bytes that a fold takes beyond the data, about; overflow-free, in a double. */
double bram_mapping_bytes(const bram_mapping *m, const bram_fold *fold);

#endif
