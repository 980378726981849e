/*
 * score_limit.h - what the signal itself could score on a brain whose rows are means of repeats,
 * and a score normalized by that.
 */
#ifndef BRAMBLE_CLI_SCORE_LIMIT_H
#define BRAMBLE_CLI_SCORE_LIMIT_H

#include "trial_scores.h"

#include <bramble/metric.h>

/** What a score is held against. */
typedef struct bram_score_limit {
    double reliability; /* summary over units: Spearman-Brown, random halves of the repeats */
    double ceiling;     /* summary over units of what the signal itself scores */
    double normalized;
    size_t left_out; /* units that a unitwise rule cannot use */
} bram_score_limit;

/** The score, and how it came about. */
typedef struct bram_score_limited {
    const char *spec;              /* of the metric */
    const bram_side *const *brain; /* of each piece; their repeats are looked at */
    size_t pieces;
    double value;
    const double *raw; /* one of each unit, piece by piece */
    size_t values;
    bool median;
    uint64_t seed;
} bram_score_limited;

/**
 * @return BRAM_OK; BRAM_EUSAGE for a metric without values of units or without a ceiling, a brain
 *         without repeats, or a rule of r for another score; BRAM_ENOMEM
 */
int bram_score_limit_of(bram_ctx *cx, bram_score_limit *out, bram_rule rule,
                        const bram_score_limited *score) BRAM_MUST_CHECK;

#endif
