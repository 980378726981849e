/*
 * scoring.h - one metric on the pieces of a job: what is prepared once, and comparisons under
 * weights. What scores.c makes scores, floors, draws and ceilings of.
 */
#ifndef BRAMBLE_BENCHMARKS_SCORING_H
#define BRAMBLE_BENCHMARKS_SCORING_H

#include "scores.h"

/** A metric by its spec string, which may begin with "mean " or "median ". */
typedef struct bram_metric_use {
    const bram_metric *metric;
    bram_options *options;
    char *spec; /* canonical, without the summary */
    bool median;
} bram_metric_use;

/** @return BRAM_OK; BRAM_EUSAGE: no such metric or option; BRAM_ENOMEM */
int bram_metric_use_parse(bram_ctx *cx, bram_metric_use *use, const char *text) BRAM_MUST_CHECK;
void bram_metric_use_release(bram_metric_use *use);

/** Whether any of these metrics compares measurements (bram_side.repeats). @return as parse */
int bram_metrics_use_repeats(bram_ctx *cx, bool *out, const char *const *spec,
                             size_t count) BRAM_MUST_CHECK;

/** The brains of a job, prepared, and the reference where the metric needs one. */
typedef struct bram_scoring bram_scoring;

/** Keeps use and job. @return errors of prepare; BRAM_ENOTAPPLICABLE: a reference is needed */
int bram_scoring_new(bram_ctx *cx, bram_scoring **out, const bram_metric_use *use,
                     const bram_score_job *job) BRAM_MUST_CHECK;
void bram_scoring_free(bram_scoring *s);

/** One contestant (the model, a floor) paired with the brain of every piece. */
typedef struct bram_pairs bram_pairs;

enum { BRAM_THE_MODEL = -1 };

/** @param contestant  BRAM_THE_MODEL, or the number of a floor */
int bram_pairs_new(bram_ctx *cx, bram_pairs **out, const bram_scoring *s,
                   int contestant) BRAM_MUST_CHECK;
/** The same of one side in the place of every piece's model. It lives as long as the pairs. */
int bram_pairs_of(bram_ctx *cx, bram_pairs **out, const bram_scoring *s,
                  const bram_side *model) BRAM_MUST_CHECK;
void bram_pairs_free(bram_pairs *p);

size_t bram_pairs_values(const bram_pairs *p); /* raw values of all pieces joined */
double bram_pairs_chance(const bram_pairs *p); /* mean over pieces */

/** Raw values under weights on the groups (NULL: ones). Takes scratch memory. */
int bram_pairs_compare(bram_ctx *cx, double *raw, const bram_pairs *p,
                       const double *weight) BRAM_MUST_CHECK;

/**
 * Of each piece the summary over its units (mean or median of the defined ones), and the share of
 * its rows that was drawn. NaN where nothing was, or no unit is defined. Takes scratch memory.
 */
int bram_pairs_each(bram_ctx *cx, double *each, double *share, const bram_pairs *p,
                    const double *weight) BRAM_MUST_CHECK;

/**
 * The mean comparison of each piece's brain with the pool of the others (lower) and of all (upper)
 * under weights on the groups (NULL: ones); NaN for a single piece or a metric without pool.
 */
int bram_scoring_subjects(bram_ctx *cx, const bram_scoring *s, const double *weight, double *lower,
                          double *upper) BRAM_MUST_CHECK;

#endif
