/*
 * covariance.h - covariances of units over the target rows of a panel, each over the pairs of
 * values that are present.
 */
#ifndef BRAMBLE_BASELINES_COVARIANCE_H
#define BRAMBLE_BASELINES_COVARIANCE_H

#include "linalg.h"

#include <bramble/model.h>

/**
 * A new units x units matrix: mean products of deviations (over all pairs, not one less). Where
 * missing values leave it indefinite, negative eigenvalues are set to zero.
 *
 * @param covariance  also after a failure it is the caller's to free
 */
int bram_covariance(bram_ctx *cx, bram_mat *covariance, const bram_panel *train,
                    const double *mean) BRAM_MUST_CHECK;

/** Deviations of a segment's target rows from the mean, 0 where missing, and 1 where present, in
 * scratch memory; rows as of bram_forecast_segments. BRAM_ENUMERIC for one that is not finite. */
int bram_deviations(bram_ctx *cx, bram_mat *d, bram_mat *there, const bram_mat *rows,
                    const bram_segment *s, const double *mean) BRAM_MUST_CHECK;

#endif
