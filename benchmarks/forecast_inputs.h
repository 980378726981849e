/*
 * forecast_inputs.h - behaviour and stimuli as the inputs of forecasts: each row with what was
 * known before it.
 *
 * Across animals variables are matched by name, as neurons are: those of the left-out animal that
 * another one has, too. What an animal lacks is missing there. Unlike neurons they have units of
 * their own (mm/s), which mean the same in every animal, and stay as recorded.
 */
#ifndef BRAMBLE_BENCHMARKS_FORECAST_INPUTS_H
#define BRAMBLE_BENCHMARKS_FORECAST_INPUTS_H

#include "forecast_split.h"

/** The options that they look at, for the table of a task. */
/* clang-format off */
#define BRAM_FORECAST_INPUTS_PARAMS                                                                \
    {"inputs", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                    \
     "a response below recordings/ID (behaviour, stimulus) whose past models may look at; empty: " \
     "none"},                                                                                      \
    {"variables", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of the inputs, joined by +; empty: all"}
/* clang-format on */

typedef struct bram_forecast_inputs {
    bram_recording *of; /* of each recording of the split */
    size_t count;
} bram_forecast_inputs;

/**
 * Reads those of all recordings of a split.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: the recording that is scored has no such behaviour or
 *         variable, or no other one has; BRAM_ENOMEM (the caller releases in any case)
 */
int bram_forecast_inputs_read(bram_ctx *cx, bram_forecast_inputs *out,
                              const bram_forecast_split *s) BRAM_MUST_CHECK;
void bram_forecast_inputs_release(bram_forecast_inputs *in);

/** Attaches them to the segments of a slice of the split; bram_slice_detach takes them away. */
void bram_forecast_inputs_attach(const bram_forecast_inputs *in, bram_slice *slice);

#endif
