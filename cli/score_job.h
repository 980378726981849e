/*
 * score_job.h - what `bramble score` computes: every metric on every pair of a model and a brain,
 * with intervals from draws of conditions, and curves over subsamples of units or conditions.
 */
#ifndef BRAMBLE_CLI_SCORE_JOB_H
#define BRAMBLE_CLI_SCORE_JOB_H

#include "score_inputs.h"
#include "score_limit.h"
#include "subsample.h"

/** One line of the result. */
typedef struct bram_score_line {
    size_t metric, model, brain; /* which of the job's */
    const char *sampled;         /* "units", "model units", "conditions"; NULL: everything */
    bram_subsample_what what;    /* of a subsample */
    size_t size, repeats;        /* of a subsample: how many, how often */
    double value, low, high;     /* low and high: of draws, or of repeats; NaN without */
    size_t undefined, draws;     /* undefined raw values (or repeats); defined draws */
    size_t rows, model_cols, brain_cols;
    double chance;
    bram_score_limit limit; /* where the job is limited */
    double *raw;            /* `values` numbers: subject by subject; NULL for subsamples */
    size_t values;
} bram_score_line;

/** The sizes of subsamples. */
typedef struct bram_score_sizes {
    size_t *size, count;
} bram_score_sizes;

typedef struct bram_score_run {
    const char **metric; /* spec strings */
    size_t metrics;
    bram_score_inputs models, brains, reference; /* the last: none, or one */
    bool rdm, median;
    bool limited; /* ceilings from repeats, and scores normalized by: */
    bram_rule rule;
    size_t samples, repeats; /* draws for an interval; 0: no interval */
    double level;
    uint64_t seed;
    bram_score_sizes units, model_units, conditions;

    bram_score_line *line; /* in the order metric, model, brain, subsample */
    size_t lines;
} bram_score_run;

/**
 * Fills in line. Draws and subsamples (subsample.h) depend on the seed, their number and the number
 * of rows or columns alone: differences between models and metrics are paired.
 *
 * @return as reading and metrics; BRAM_EUSAGE for a metric that is not known
 */
int bram_score_run_all(bram_ctx *cx, bram_score_run *job) BRAM_MUST_CHECK;
void bram_score_run_release(bram_score_run *job);

/** @return BRAM_OK; BRAM_EUSAGE for a metric that looks at single features, not at inner products
 *  of rows about their mean alone */
int bram_score_takes_products(bram_ctx *cx, const char *spec) BRAM_MUST_CHECK;

/** @return in out whether a metric compares repeated measurements */
int bram_score_uses_repeats(bram_ctx *cx, bool *out, const char *spec) BRAM_MUST_CHECK;

/** @return whether higher values of a metric of the job are better */
int bram_score_higher_better(bram_ctx *cx, bool *out, const char *spec) BRAM_MUST_CHECK;

#endif
