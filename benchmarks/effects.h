/*
 * effects.h - what a fitted forecaster says of the influence of neuron on neuron: its weights, or
 * what happens in it when a neuron is pushed.
 */
#ifndef BRAMBLE_BENCHMARKS_EFFECTS_H
#define BRAMBLE_BENCHMARKS_EFFECTS_H

#include "recording.h"

#include <bramble/spec.h>

/** The options below, for the tables of tasks. */
/* clang-format off */
#define BRAM_EFFECTS_PARAMS                                                                        \
    {"evidence", BRAM_PARAM_CHOICE, "weights", "weights|perturbation", 0, 0,                       \
     "of influence: the model's weights, or what a push of each neuron does in free runs"},        \
    {"starts", BRAM_PARAM_INTEGER, "20", NULL, 1, 100000, "states of the data to push from"},      \
    {"context", BRAM_PARAM_INTEGER, "40", NULL, 1, 100000, "rows before a start that a model sees"}, \
    {"steps", BRAM_PARAM_INTEGER, "10", NULL, 1, 10000, "rows of the free runs"},                  \
    {"push", BRAM_PARAM_REAL, "1", NULL, 1e-9, 1e9, "size, in deviations of the neuron"},          \
    {"width", BRAM_PARAM_INTEGER, "1", NULL, 1, 10000, "rows before the start that are pushed"}
/* clang-format on */

/** Matrices over all units of a recording, [from][to], in scratch memory. */
typedef struct bram_effects {
    bram_mat effect; /* signed */
    bram_mat delay;  /* seconds to the peak; data NULL where nothing was pushed */
} bram_effects;

/**
 * evidence=weights: the answer to BRAM_ASK_WEIGHTS.
 *
 * evidence=perturbation: free runs from `starts` states of the test rows with and without a push of
 * one neuron in the last `width` rows of the context; the difference, in deviations of the neuron
 * it is seen in, averaged over the starts. The effect is that difference where it is largest in
 * size, the delay the time from the start to there. A start where the neuron is missing is left
 * out; a neuron that is missing in all has no effect.
 *
 * @param train  whose deviations count
 * @param test   where the states are from
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: the model cannot answer, no unit influences another, or
 *         there is no start with a context; BRAM_ESHAPE, BRAM_ENUMERIC naming the model
 */
int bram_effects_make(bram_ctx *cx, bram_effects *out, const bram_fitted *model,
                      const bram_slice *train, const bram_slice *test,
                      const bram_options *o) BRAM_MUST_CHECK;

#endif
