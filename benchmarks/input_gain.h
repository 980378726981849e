/*
 * input_gain.h - what a forecast gains from inputs (behaviour): the same model fitted with them and
 * without, on the same rows.
 *
 * gain = (mean squared error without - with) / that of the copy of the last value: the difference
 * of the two skills against `copy`. Its interval is that of blocks of time drawn for all three
 * together.
 */
#ifndef BRAMBLE_BENCHMARKS_INPUT_GAIN_H
#define BRAMBLE_BENCHMARKS_INPUT_GAIN_H

#include "scores.h"

typedef struct bram_input_gain {
    const char *label;                    /* "step", "h4": the score is gain@LABEL */
    bram_side truth, with, without, copy; /* rows x units, the same of all */
    bram_groups groups;
    const char *axis;   /* what the groups are */
    const char *stream; /* of the draws: benchmark and part */
    size_t samples;
} bram_input_gain;

/** Adds the score. @return BRAM_OK; BRAM_ENUMERIC: a forecast is missing; BRAM_ENOMEM */
int bram_input_gain_score(bram_ctx *cx, bram_scores *s, const bram_input_gain *g) BRAM_MUST_CHECK;

#endif
