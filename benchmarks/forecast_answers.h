/*
 * forecast_answers.h - what fitted models tell of the rows that the task "forecast" scores, beside
 * what was recorded.
 */
#ifndef BRAMBLE_BENCHMARKS_FORECAST_ANSWERS_H
#define BRAMBLE_BENCHMARKS_FORECAST_ANSWERS_H

#include "scores.h"
#include "timesplit.h"

/** Whose forecasts: of the model, of the floors, of the model without inputs. */
enum {
    BRAM_FORECAST_MODEL,
    BRAM_FORECAST_COPY,
    BRAM_FORECAST_MEAN,
    BRAM_FORECAST_BLIND,
    BRAM_FORECASTS
};

/** Which rows of a segment are scored: target at start + step - 1. */
typedef struct bram_forecast_question {
    size_t segment;
    size_t *start;
    size_t starts, steps; /* steps 0: one step, not a free run */
} bram_forecast_question;

/** For all segments together, in scratch memory; rows are the starts. */
typedef struct bram_forecast_answers {
    const bram_slice *test;
    bram_forecast_question *question; /* one a segment */
    size_t rows, steps, units;        /* steps is 1 for one-step forecasts */
    double *value[BRAM_FORECASTS];    /* rows x steps x units; NULL: not asked */
    uint8_t *present[BRAM_FORECASTS];
    double *truth; /* as value */
    uint8_t *truth_present;
    bram_groups groups; /* blocks of time of the rows */
} bram_forecast_answers;

/**
 * Which rows: every target row, or the starts of free runs of `steps` rows by the options stride
 * and offset; and what was recorded there.
 *
 * @param blocks  of time, of the test part
 * @return BRAM_OK, with no rows where the test part is too short; BRAM_ENOMEM
 */
int bram_forecast_plan(bram_ctx *cx, bram_forecast_answers *out, const bram_slice *test,
                       const bram_time_blocks *blocks, const bram_options *o, bool free_run,
                       size_t steps) BRAM_MUST_CHECK;

/**
 * Asks one model. Inputs that the test part has attached are seen.
 *
 * @return BRAM_OK; BRAM_ESHAPE, BRAM_ENUMERIC naming the model; errors of the model
 */
int bram_forecast_ask(bram_ctx *cx, bram_forecast_answers *a, size_t which,
                      const bram_fitted *model) BRAM_MUST_CHECK;

/**
 * The forecasts of step `step` (0-based), or of all steps together (step == steps), beside the
 * floors and the truth.
 *
 * @param piece  zeroed
 */
int bram_forecast_piece(bram_ctx *cx, bram_score_piece *piece, const bram_forecast_answers *a,
                        size_t step, size_t which) BRAM_MUST_CHECK;

#endif
