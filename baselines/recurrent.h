/*
 * recurrent.h - forecasters that carry a state from row to row: what they share for one-step and
 * free-run questions. Values that are missing stand at the training mean of their unit, and the
 * model is told which they are.
 */
#ifndef BRAMBLE_BASELINES_RECURRENT_H
#define BRAMBLE_BASELINES_RECURRENT_H

#include "forecast.h"

/** A fitted model as the shared code sees it. States are rows of `width` numbers. */
typedef struct bram_recurrent {
    const void *fitted;
    size_t units, width;
    const double *mean; /* units values, for what is missing */

    /** The state before the first row of a segment. */
    int (*start)(bram_ctx *cx, const void *fitted, double *state);

    /**
     * Takes in one row for each state (state x width, y x units; with inputs these follow the
     * units, scaled, in each row).
     *
     * @param present  packed as y; NULL: all are there
     */
    int (*advance)(bram_ctx *cx, const void *fitted, bram_mat *state, const bram_mat *y,
                   const uint8_t *present);

    /** The mean of the next row, for each state. */
    int (*predict)(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *state);

    const double *variance; /* as in bram_forecaster */
    const bram_mat *inputs; /* their scale (inputs.h); NULL: it takes none */
} bram_recurrent;

/** bram_answer for it: through the segment from its first row; a free run feeds back the means. */
int bram_recurrent_answer(bram_ctx *cx, const bram_recurrent *f, const bram_query *query,
                          bram_dataset *out) BRAM_MUST_CHECK;

/** The one-step means of a segment (a bram_step_fn): model is a bram_recurrent. */
int bram_recurrent_step(bram_ctx *cx, const void *model, bram_mat *mean,
                        const bram_segment *s) BRAM_MUST_CHECK;

/** Its free runs (a bram_run_fn): model is a bram_recurrent. */
int bram_recurrent_run(bram_ctx *cx, const void *model, double *values,
                       const bram_query *q) BRAM_MUST_CHECK;

/** bram_step_error for it. */
int bram_recurrent_error(bram_ctx *cx, double *mse, const bram_recurrent *f,
                         const bram_panel *panel) BRAM_MUST_CHECK;

/**
 * Residual variances on the training rows, as a new 1 x units matrix.
 *
 * @param washout  rows at the start of each segment that do not count, see bram_density_fit
 */
int bram_recurrent_variance(bram_ctx *cx, bram_mat *variance, const bram_recurrent *f,
                            const bram_panel *train, size_t washout) BRAM_MUST_CHECK;

#endif
