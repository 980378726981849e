/*
 * scores.h - from sides to the score, raw and draw responses of a cell (see bram_task).
 *
 * A task describes each comparison as a job; everything that must be the same for all tasks happens
 * here: floors by the same metric on the same rows, bootstrap draws that never depend on the model,
 * intervals, chance, ceilings, counting of undefined units.
 */
#ifndef BRAMBLE_BENCHMARKS_SCORES_H
#define BRAMBLE_BENCHMARKS_SCORES_H

#include <bramble/benchmark.h>

enum { BRAM_MAX_FLOORS = 3 };

/** A prediction that any model should beat, from the same rows. */
typedef struct bram_floor {
    const char *name; /* "copy", "mean": column floor_copy of the score table */
    bram_side side;
} bram_floor;

typedef struct bram_score_job {
    const char *label; /* "h4": the part of the id after "metric@"; NULL: none */
    int64_t horizon;   /* 0 where there is none */
    bram_side model, brain;
    bram_floor floor[BRAM_MAX_FLOORS];
    size_t floors;         /* the first is the reference of metrics that need one */
    const uint8_t *subset; /* 1 for each unit that counts; NULL: all. Per-unit metrics only */
    const bram_fold *fold;
    size_t folds;
    bram_groups groups;
    const char *axis; /* what the groups are: "time blocks of 40 rows", "conditions" */
    double ceiling, ceiling_low, ceiling_high; /* NaN: none */
} bram_score_job;

typedef struct bram_scores bram_scores;

/**
 * @param units   axis of the raw values; a metric that gives one value in all uses the first unit
 * @param stream  names the bootstrap draws: benchmark and part, never the model
 */
int bram_scores_new(bram_ctx *cx, bram_scores **out, const bram_axis *units, const char *stream,
                    uint64_t seed, size_t samples, double level) BRAM_MUST_CHECK;
void bram_scores_free(bram_scores *s);

/**
 * Adds the rows of one job under one metric. `metric` is a spec string that may begin with "mean "
 * (default) or "median ": how raw values of units become the score.
 */
int bram_scores_add(bram_ctx *cx, bram_scores *s, const char *metric,
                    const bram_score_job *job) BRAM_MUST_CHECK;

/** Puts score, raw and draw into the result. */
int bram_scores_finish(bram_ctx *cx, bram_scores *s, bram_dataset *result) BRAM_MUST_CHECK;

/** Mean or median of the defined values; NaN when there are none. Sorts nothing of the caller's. */
double bram_summary(const double *raw, size_t count, bool median, double *scratch,
                    size_t *undefined);

#endif
