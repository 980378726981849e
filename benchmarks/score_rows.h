/*
 * score_rows.h - the rows of a score table while it is made: what scores.c, score_draws.c,
 * score_ceiling.c and score_table.c share, and nobody else.
 */
#ifndef BRAMBLE_BENCHMARKS_SCORE_ROWS_H
#define BRAMBLE_BENCHMARKS_SCORE_ROWS_H

#include "scoring.h"

/** One score; texts, raw values and draws belong to it. */
typedef struct bram_score_row {
    char *id, *metric, *axis;
    bool median, higher_better, biased, distribution;
    int64_t horizon, units, undefined, groups;
    double value, low, high, chance, floor[BRAM_MAX_FLOORS], ceiling, ceiling_low, ceiling_high;
    double ceiling_noise, reliability, normalized, null_mean, null_sd, null_p;
    const char *ceiling_rule, *normalization;
    double *raw;  /* one for each unit of the set */
    double *draw; /* samples */
} bram_score_row;

struct bram_scores {
    const bram_axis *units;
    char *stream;
    uint64_t seed;
    size_t samples, count, room;
    double level;
    const char *floor_name[BRAM_MAX_FLOORS];
    size_t floors;
    bool nulls; /* some job has shuffled brains */
    bram_score_row *row;
};

/**
 * Mean or median of the units that count.
 *
 * @param scratch    room for 2 x values numbers
 * @param counted    how many count, defined or not; may be NULL
 * @param undefined  how many of them are NaN; may be NULL
 */
double bram_score_summarize(const bram_metric_use *use, const bram_score_job *job,
                            const double *raw, size_t values, double *scratch, size_t *counted,
                            size_t *undefined);

/** The mean over pieces of their summaries, under weights on the groups. Takes scratch memory. */
int bram_score_by_piece(bram_ctx *cx, double *out, const bram_score_job *job,
                        const bram_pairs *pairs, const double *weight) BRAM_MUST_CHECK;

/**
 * Draws and interval of a row whose value and raw values (as many as `values`) are there; without
 * enough groups, or where most draws are undefined, it has none. Takes scratch memory.
 */
int bram_score_draw(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                    const bram_metric_use *use, const bram_score_job *job, const bram_pairs *pairs,
                    size_t values) BRAM_MUST_CHECK;

/** The ceiling by the job's rule. Takes scratch memory. */
int bram_score_add_ceiling(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                           const bram_metric_use *use, const bram_score_job *job,
                           const bram_scoring *scoring) BRAM_MUST_CHECK;

/** The normalized value by the job's rule, from value, chance and ceiling. Takes scratch memory. */
int bram_score_normalize(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                         const bram_score_job *job) BRAM_MUST_CHECK;

#endif
