/*
 * motor_trials.h - the trials of the task "motor" from one recording of reaching movements.
 */
#ifndef BRAMBLE_BENCHMARKS_MOTOR_TRIALS_H
#define BRAMBLE_BENCHMARKS_MOTOR_TRIALS_H

#include "onsets.h"

/* clang-format off */
#define BRAM_MOTOR_TRIALS_PARAMS                                                                   \
    {"before", BRAM_PARAM_INTEGER, "6", NULL, 0, 100000, "movements: rows before the beginning"},  \
    {"after", BRAM_PARAM_INTEGER, "14", NULL, 1, 100000, "movements: rows from the beginning on"}, \
    {"smooth", BRAM_PARAM_REAL, "1", NULL, 0, 1000,                                                \
     "movements: activity through a Gaussian of this deviation in rows"},                          \
    {"left-out", BRAM_PARAM_INTEGER, "2", NULL, 0, 359, "movements: directions not trained on"},   \
    {"share", BRAM_PARAM_REAL, "0.3", NULL, 0.05, 0.95, "movements: share of rows for the test"}
/* clang-format on */

/**
 * A dataset of trials as task_motor.c takes them, from the only recording of `ds`. A trial is a
 * movement (bram_onsets_of_behaviour) with the rows around its beginning that the options state,
 * where none is missing: activity x neuron, smoothed; the velocity as output; as input the
 * direction (cosine and sine), and 0 before, 1 from the beginning on: where the hand is to go and
 * when.
 *
 * Sets: `left-out` are directions evenly spread over the circle; `test` lies in the last share of
 * the rows; `train` ends before it. A training trial shares no row, as far as the smoothing
 * reaches, with one of the others. None is `perturbed`.
 *
 * The responses have the names that the options activity, output and input state.
 *
 * @param out  released by the caller; NULL on failure
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: not one recording, no movements, no trials for a set
 */
int bram_motor_trials(bram_ctx *cx, bram_dataset **out, const bram_dataset *ds,
                      const bram_options *o) BRAM_MUST_CHECK;

#endif
