/*
 * forecast.h - what the forecasting baselines share: filling what is missing, answering one-step
 * and free-run queries, the validation error, and the fitted state as named matrices.
 *
 * One rule for what is missing: a value that is masked, or that lies before the first row of a
 * segment, stands at the mean of its unit over the training rows. A unit that was never seen in
 * training has the mean 0.
 */
#ifndef BRAMBLE_BASELINES_FORECAST_H
#define BRAMBLE_BASELINES_FORECAST_H

#include "density.h"
#include "inputs.h"

#include <stddef.h>

/** Fills values (starts x steps x units, packed) with the free runs that a query asks for. */
typedef int bram_run_fn(bram_ctx *cx, const void *model, double *values, const bram_query *query);

/** Any fitted forecaster. */
typedef struct bram_forecaster {
    const void *model; /* what the functions get */
    size_t units;
    bram_step_fn *step;
    bram_run_fn *run;
    const double *variance;   /* units residual variances (density.h); NULL: no density */
    bram_density_fn *density; /* a variance for each value; NULL: those of the units */
} bram_forecaster;

/**
 * Answers BRAM_ASK_STEP, BRAM_ASK_FREE_RUN and, where there are variances, BRAM_ASK_LOGLIK.
 *
 * @return BRAM_OK; BRAM_ESHAPE for another number of units or a start beyond the last row + 1;
 *         BRAM_ENOTAPPLICABLE for another question; BRAM_ENOMEM; errors of step and run
 */
int bram_answer(bram_ctx *cx, const bram_forecaster *f, const bram_query *query,
                bram_dataset *out) BRAM_MUST_CHECK;

/** Mean squared one-step error over all present values of all target rows. */
int bram_step_error(bram_ctx *cx, double *mse, size_t units, bram_step_fn *step, const void *model,
                    const bram_panel *panel) BRAM_MUST_CHECK;

/**
 * A fitted forecaster whose next rows follow from the last few: one that carries a state along is
 * in recurrent.h.
 */
typedef struct bram_forecast {
    const void *fitted;
    size_t units, lags, horizon; /* horizon: steps that one call of predict can give, 1 or more */
    const double *mean;          /* units values, for what is missing */

    /**
     * Fills out[0 .. steps - 1] (1 <= steps <= horizon), the rows 1 .. steps ahead, from lagged[0
     * .. lags - 1]: row i of lagged[l] is what was l + 1 rows before row i of out[0]. With inputs
     * all rows are units + inputs wide, each with the inputs that are known with it (inputs.h), and
     * predict says of these, too, how they go on.
     */
    int (*predict)(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged);

    const double *variance; /* units residual variances (density.h); NULL: no density */
    const bram_mat *inputs; /* their scale (inputs.h); NULL: it takes none */
} bram_forecast;

/**
 * bram_answer for it; a free run beyond the horizon has its own outputs fed back.
 *
 * @return as bram_answer; BRAM_ENUMERIC for a present value that is not finite; errors of predict
 */
int bram_forecast_answer(bram_ctx *cx, const bram_forecast *f, const bram_query *query,
                         bram_dataset *out) BRAM_MUST_CHECK;

/** The one-step means of a segment (a bram_step_fn): model is a bram_forecast. */
int bram_forecast_step(bram_ctx *cx, const void *model, bram_mat *mean,
                       const bram_segment *s) BRAM_MUST_CHECK;

/** Residual variances of a forecaster on its training rows as a new 1 x units matrix. */
int bram_forecast_variance(bram_ctx *cx, bram_mat *variance, const bram_forecast *f,
                           const bram_panel *train) BRAM_MUST_CHECK;

/**
 * One row of a segment, counted from its start, with the mean where a value is missing (everywhere
 * for a row below 0).
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a present value that is not finite
 */
int bram_forecast_fill(bram_ctx *cx, double *out, const bram_segment *s, ptrdiff_t row,
                       const double *mean) BRAM_MUST_CHECK;

/** A new response along the target rows of a segment and the units. */
int bram_forecast_rows(bram_ctx *cx, bram_response **out, const char *name, const bram_segment *s,
                       const bram_axis *unit) BRAM_MUST_CHECK;

/**
 * A new response "mean" (start x step x unit) for the free runs of a query.
 *
 * @return BRAM_OK; BRAM_ESHAPE for a start beyond the last row + 1; BRAM_ENOMEM
 */
int bram_forecast_runs(bram_ctx *cx, bram_response **out, const bram_query *q) BRAM_MUST_CHECK;

/** Adds "posterior" (row x state) of the target rows of a segment. */
int bram_forecast_posterior(bram_ctx *cx, bram_dataset *out, const bram_segment *s,
                            const bram_mat *posterior) BRAM_MUST_CHECK;

/** bram_step_error for it. */
int bram_forecast_error(bram_ctx *cx, double *mse, const bram_forecast *f,
                        const bram_panel *panel) BRAM_MUST_CHECK;

/**
 * Mean of each unit over its present target rows, on the heap.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE when the panel has no target row or no unit; BRAM_ENUMERIC
 *         for a present value that is not finite; BRAM_ESHAPE; BRAM_ENOMEM
 */
int bram_forecast_means(bram_ctx *cx, double **mean, const bram_panel *panel) BRAM_MUST_CHECK;

/** The rows of all segments in scratch memory (views where nothing is missing), and their first. */
int bram_forecast_segments(bram_ctx *cx, bram_mat **segments, size_t **first,
                           const bram_panel *panel, const double *mean) BRAM_MUST_CHECK;

/**
 * One unit of a segment, contiguous, in scratch memory: its values (0 where missing), and for each
 * row how many rows in a run that ends there are present.
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a present value that is not finite; BRAM_ENOMEM
 */
int bram_forecast_column(bram_ctx *cx, double **values, size_t **run, const bram_segment *segment,
                         size_t unit) BRAM_MUST_CHECK;

/** @return BRAM_OK, or BRAM_EUSAGE: several values to choose from and no validation data */
int bram_forecast_check_choice(bram_ctx *cx, size_t candidates,
                               const bram_panel *validation) BRAM_MUST_CHECK;

/** Adds the response "weights" (from x to): element (j, i) is the influence of unit j on unit i. */
int bram_forecast_weights(bram_ctx *cx, bram_dataset *out, const bram_axis *unit,
                          const bram_mat *weights) BRAM_MUST_CHECK;

/** Adds a response of two dimensions with plain axes of these names. */
int bram_forecast_matrix(bram_ctx *cx, bram_dataset *out, const char *name, const char *row,
                         const char *column, const bram_mat *m) BRAM_MUST_CHECK;

/** A matrix of a fitted model: its name in a file, and where it stands in the model's struct. */
typedef struct bram_state_part {
    const char *name; /* NULL ends a table */
    size_t at;        /* offsetof a bram_mat */
} bram_state_part;

/** Puts all matrices of a table into the result of `save`. */
int bram_state_save(bram_ctx *cx, const void *fitted, const bram_state_part *part,
                    bram_dataset *out) BRAM_MUST_CHECK;

/**
 * A new zeroed struct of `size` bytes with the matrices of a table read back.
 *
 * @param fits  whether the shapes of the matrices go together
 * @return BRAM_OK; BRAM_EFORMAT when they do not; statuses of bram_state_get
 */
int bram_state_load(bram_ctx *cx, void **fitted, size_t size, const bram_state_part *part,
                    bool (*fits)(const void *loaded), const bram_dataset *in) BRAM_MUST_CHECK;

/** Frees the matrices of a table and the struct. NULL is allowed. */
void bram_state_free(void *fitted, const bram_state_part *part);

/** Adds m as the response state/NAME (NAME_row x NAME_column). */
int bram_state_put(bram_ctx *cx, bram_dataset *out, const char *name,
                   const bram_mat *m) BRAM_MUST_CHECK;

/**
 * Reads it back into new heap memory (freed with bram_free).
 *
 * @return BRAM_OK; BRAM_EABSENT; BRAM_EFORMAT when it is not a matrix or not finite; BRAM_ENOMEM
 */
int bram_state_get(bram_ctx *cx, bram_mat *m, const bram_dataset *in,
                   const char *name) BRAM_MUST_CHECK;

#endif
