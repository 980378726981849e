/*
 * one_step.h - what tasks on one recording cut in time share that fit models several times: the
 * one-step forecasts of the test rows by a new fit, and their scores.
 */
#ifndef BRAMBLE_BENCHMARKS_ONE_STEP_H
#define BRAMBLE_BENCHMARKS_ONE_STEP_H

#include "scores.h"
#include "timesplit.h"

/** A recording cut in time, its test rows, and what the model of the cell is scored with. */
typedef struct bram_one_step {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_time_blocks blocks;
    bram_targets target;
} bram_one_step;

/** Reads and cuts the part of a cell by the options of timesplit.h; targets are in scratch memory.
 * The caller releases in any case. */
int bram_one_step_open(bram_ctx *cx, bram_one_step *s, const bram_cell *cell) BRAM_MUST_CHECK;
void bram_one_step_release(bram_one_step *s);

/**
 * Fits a spec, chosen on the validation rows, and forecasts the test rows.
 *
 * @param side    receives rows x units in scratch memory
 * @param fitted  receives the fit, for bram_fitted_free; NULL: not wanted
 */
int bram_one_step_forecast(bram_ctx *cx, bram_side *side, bram_fitted **fitted,
                           const bram_one_step *s, const char *spec, uint64_t seed) BRAM_MUST_CHECK;

/** Scores forecasts by all metrics of the benchmark, with the floors copy and mean ("mse@step"). */
int bram_one_step_score(bram_ctx *cx, bram_scores *scores, const bram_one_step *s,
                        const bram_side *model) BRAM_MUST_CHECK;

#endif
