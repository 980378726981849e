/*
 * readout.h - a linear readout of standardized features, by ridge regression in the basis of
 * eigenvectors: what ngrc and esn share.
 *
 *   target_t = c + W (z_t - center) scale,   minimising the mean squared error + ridge |W|^2
 *
 * over the rows whose target is there, for each unit. The target is y_t - y_{t-1}, or y_t about the
 * training mean. Eigenvalues below 1e-12 of the largest are left out: features of a reservoir, or
 * products of close delays, are nearly collinear.
 */
#ifndef BRAMBLE_BASELINES_READOUT_H
#define BRAMBLE_BASELINES_READOUT_H

#include "linalg.h"

#include <bramble/model.h>

typedef struct bram_readout {
    bram_mat center, scale;      /* 1 x features; scale: 1 / sd, 0 for a constant feature */
    bram_mat weights, intercept; /* features x units, 1 x units */
} bram_readout;

/** What a readout is fitted on. */
typedef struct bram_readout_data {
    const bram_panel *train;
    const bram_mat *rows;  /* of each segment, what is missing filled in: bram_forecast_segments */
    const size_t *first;   /* target row of each segment */
    const double *mean;    /* of the units */
    size_t features, skip; /* skip: first rows of a segment that do not count, at most half */
    bool increments;       /* the target is y_t - y_{t-1}, else y_t - mean */

    /** Fills z with the features of the rows from .. from + z->rows - 1 of a segment. */
    void (*fill)(bram_mat *z, const void *user, size_t segment, size_t from);
    const void *user;
} bram_readout_data;

/** The sums of a fit, in scratch memory. */
typedef struct bram_readout_system {
    const bram_readout_data *data;
    double count;             /* rows */
    bram_mat gram, sum;       /* features x features: sum z z'; 1 x features: sum z */
    bram_mat products;        /* features x units: sum z target, 0 where that is missing */
    bram_mat target;          /* 2 x units: sum of the targets that are there; their number */
    bram_mat vectors;         /* rows: eigenvectors of the centred gram / count */
    double *values, *average; /* eigenvalues, ascending; sum / count */
} bram_readout_system;

/**
 * Everything that does not depend on the penalty; new matrices of `r` on the heap (in r also after
 * a failure, to be freed).
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE without a row; BRAM_ENOMEM; BRAM_ENUMERIC; BRAM_ECANCEL
 */
int bram_readout_prepare(bram_ctx *cx, bram_readout_system *s, bram_readout *r,
                         const bram_readout_data *data) BRAM_MUST_CHECK;

/** Weights and intercepts for one penalty. Statuses as above. */
int bram_readout_solve(bram_ctx *cx, bram_readout *r, const bram_readout_system *s,
                       double ridge) BRAM_MUST_CHECK;

/** out = intercept + the readout of z, which is standardized in place. */
int bram_readout_apply(bram_ctx *cx, bram_mat *out, const bram_readout *r,
                       bram_mat *z) BRAM_MUST_CHECK;

/** Whether the matrices have the shapes of a readout of so many features to so many units. */
bool bram_readout_fits(const bram_readout *r, size_t features, size_t units);

#endif
