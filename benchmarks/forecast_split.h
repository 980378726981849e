/*
 * forecast_split.h - the recordings of a cell of the task "forecast", cut into what is learned
 * from, what options are chosen by, and what is scored.
 *
 * within   one recording, cut in time: train | gap | validation | gap | test, or by a file of
 *          splits (time_fold.h). Every recorded unit takes part.
 * across   one animal left out, the others to learn from (forecast_across.c); units are matched by
 *          name, and only exactly labelled ones take part. Each animal is put on a common scale by
 *          its own first rows (`calibration`), which are never scored.
 */
#ifndef BRAMBLE_BENCHMARKS_FORECAST_SPLIT_H
#define BRAMBLE_BENCHMARKS_FORECAST_SPLIT_H

#include "demand.h"
#include "recording.h"

#include <bramble/benchmark.h>

typedef struct bram_forecast_split {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording *recording; /* across: all of them, the left-out one first */
    size_t recordings;
    bram_slice train, validation, test;
    uint8_t *subset; /* labelled units; NULL when all are or none is */
} bram_forecast_split;

/**
 * Reads and cuts, by the option `variant`. The cell must outlive the split.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: too few rows, animals or shared units, a filter that looks
 *         ahead, a copy of the scored animal; BRAM_ENOMEM (the caller releases in any case)
 */
int bram_forecast_split_make(bram_ctx *cx, bram_forecast_split *out,
                             const bram_cell *cell) BRAM_MUST_CHECK;
void bram_forecast_split_release(bram_forecast_split *s);

/** What a forecast that comes in a file must cover: see bram_task.demand. */
int bram_forecast_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                         const bram_dataset *ds, const char *part) BRAM_MUST_CHECK;

/** true for a unit whose id is the canonical name of an exactly labelled neuron */
bool bram_forecast_labelled(const bram_axis *unit, size_t i);

/* ---- of forecast_across.c ------------------------------------------------------------------- */

/** The split of the variant `across`; `s` has its cell and options. Statuses as above. */
int bram_forecast_split_across(bram_ctx *cx, bram_forecast_split *s) BRAM_MUST_CHECK;

/** Rows that set the scale of an animal. */
size_t bram_forecast_calibration(const bram_forecast_split *s, const bram_recording *r);

/** Reads one more recording of the cell's dataset; s->recording has room for it. */
int bram_forecast_read(bram_ctx *cx, bram_forecast_split *s, const char *id) BRAM_MUST_CHECK;

#endif
