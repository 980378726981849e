/*
 * mapping_private.h - what mapping.c (folds, units that miss the same rows) and mapping_fit.c (the
 * kinds of maps) share.
 */
#ifndef BRAMBLE_METRICS_MAPPING_PRIVATE_H
#define BRAMBLE_METRICS_MAPPING_PRIVATE_H

#include "mapping.h"

/* Units that are present in the same training rows of a fold. */
typedef struct bram_cohort {
    size_t *unit, units;
    size_t *row, rows; /* their training rows */
    bram_mat y;        /* all rows x units; only the rows above are looked at */
    bram_fold *inner;
    size_t inners;
    double *alpha, *mean; /* of each unit: its penalty, its mean over the training rows */
} bram_cohort;

/* What the units of a fold are fitted on: features, scaled; or kernels of them, one a band. */
typedef struct bram_map_design {
    bram_mat x;
    bram_mat *kernel; /* all rows x all rows, of which those of the fold are filled in */
    size_t kernels;   /* 0: by the features */
} bram_map_design;

/* Who takes the predictions of a fold. */
typedef struct bram_map_taker {
    const bram_fold *fold;
    bram_mapping_fn *take;
    void *user;
} bram_map_taker;

/* Kernels of the fold's rows where the map or the shape asks for them. */
int bram_map_kernels(bram_ctx *cx, bram_map_design *d, const bram_mapping *m,
                     const bram_fold *fold) BRAM_MUST_CHECK;

/* Fits the cohort (with inner folds, where a choice is to be made) and hands over predictions. */
int bram_map_fit(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d, bram_cohort *c,
                 const bram_map_taker *to) BRAM_MUST_CHECK;

/* The same by lasso or elastic net (mapping_lasso.c). */
int bram_map_lasso(bram_ctx *cx, const bram_mapping *m, const bram_mat *x, bram_cohort *c,
                   const bram_map_taker *to) BRAM_MUST_CHECK;

/* Whether a choice is to be made in inner folds. */
static inline bool bram_map_chooses(const bram_mapping *m)
{
    bool several = m->n_grid > 1 && !m->loo;
    return (several && (m->map == BRAM_MAP_RIDGE || m->map == BRAM_MAP_LASSO)) ||
           m->map == BRAM_MAP_BANDED;
}

static inline void bram_map_rows(bram_mat *out, const bram_mat *from, const size_t *row,
                                 size_t first)
{
    for (size_t i = 0; i < out->rows; i++)
        for (size_t k = 0; k < out->cols; k++)
            bram_row(out, i)[k] = bram_row(from, row[i])[first + k];
}

#endif
