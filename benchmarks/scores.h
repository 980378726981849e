/*
 * scores.h - from sides to the score, raw and draw responses of a cell (see bram_task).
 *
 * A task describes each comparison as a job; everything that must be the same for all tasks happens
 * here: floors by the same metric on the same rows, bootstrap draws that never depend on the model,
 * intervals, chance, ceilings, counting of undefined units.
 */
#ifndef BRAMBLE_BENCHMARKS_SCORES_H
#define BRAMBLE_BENCHMARKS_SCORES_H

#include "trial_scores.h"

#include <bramble/benchmark.h>

enum { BRAM_MAX_FLOORS = 3 };

/** Of what is done to every score here: part of the key of a cell. */
enum { BRAM_SCORES_VERSION = 3 };

/** A prediction that any model should beat, from the same rows. */
typedef struct bram_floor {
    const char *name; /* "copy", "mean": column floor_copy of the score table */
    bram_side side;
} bram_floor;

/** One comparison of a job: a forecast, one subject's geometry, the test rows of one fold. */
typedef struct bram_score_piece {
    bram_side model, brain;
    bram_floor floor[BRAM_MAX_FLOORS]; /* the same ones in every piece */
    bram_groups groups;                /* the same number of groups in every piece */
    const bram_fold *fold;             /* for metrics that fit; NULL: those of the job */
    size_t folds;
} bram_score_piece;

/** What the raw values of several pieces are together. */
typedef enum bram_join {
    BRAM_JOIN_BESIDE, /* other units (subjects): one after the other */
    BRAM_JOIN_MEAN    /* the same units on other rows (folds): their mean, a piece under weights
                         counting by the share of its rows that was drawn */
} bram_join;

/** Where the ceiling of a job comes from. */
typedef enum bram_ceiling_rule {
    BRAM_CEILING_NONE,
    /* The brain as a model of itself: each piece's subject against the pool of the others (lower
     * bound) and of all (upper bound). With S subjects of nothing but noise the upper bound is
     * about 1 / sqrt(S): column ceiling_noise. Metrics without pool have none. */
    BRAM_CEILING_SUBJECTS_LOWER, /* the ceiling is the lower bound, ceiling_high the upper one */
    BRAM_CEILING_SUBJECTS_UPPER, /* the ceiling is the upper bound, ceiling_low the lower one */
    /* What the signal itself would score, by the reliability of each unit; ceiling_low and
     * ceiling_high are the interval of that. Metrics without ceiling have none. */
    BRAM_CEILING_RELIABILITY
} bram_ceiling_rule;

/** How the normalized value is made of value, chance and ceiling: `ratio` is (value - chance) /
 *  (ceiling - chance); the others are of an r and of reliabilities (trial_scores.h). */
typedef struct bram_score_job {
    const char *label; /* "h4": the part of the id after "metric@"; NULL: none */
    int64_t horizon;   /* 0 where there is none */
    const bram_score_piece *piece;
    size_t pieces; /* 1 or more */
    bram_join join;
    bool resample_pieces;  /* pieces are subjects, a value each, and drawn as well as groups: the
                              dual bootstrap (bram_dual_variance); means over pieces only */
    bool by_piece;         /* BRAM_JOIN_MEAN: the summary over the units of each piece, and then the
                              mean over pieces; else the mean over pieces of each unit first */
    double overlap;        /* pieces are random splits that overlap: test / train rows of a split.
                              Draws are then of splits, widened as Nadeau and Bengio 2003 have it.
                              0: they do not */
    size_t floors;         /* of each piece; the first is the reference of metrics that need one */
    const uint8_t *subset; /* 1 for each unit that counts; NULL: all. Metrics of one value in all
                              heed masks alone */
    const bram_fold *fold; /* for metrics that fit */
    size_t folds;
    /* Brains in which there is nothing to find (shuffled graphs), for jobs of one piece: what the
     * model scores on them is the floor `shuffled` (their mean), columns null_sd and null_p. */
    const bram_side *null;
    size_t nulls;
    const char *axis; /* what the groups are: "time blocks of 40 rows", "conditions" */

    bram_ceiling_rule ceiling;
    const double *reliability;      /* units, NaN where undefined; BRAM_CEILING_RELIABILITY only */
    const double *reliability_draw; /* draws x units; NULL: no interval */
    size_t reliability_draws;
    bram_rule normalization;
} bram_score_job;

typedef struct bram_scores bram_scores;

/**
 * @param units   axis of the raw values; a metric that gives one value in all uses the first unit
 *                of each piece (one unit a piece, then)
 * @param stream  names the bootstrap draws: benchmark and part, never the model
 */
int bram_scores_new(bram_ctx *cx, bram_scores **out, const bram_axis *units, const char *stream,
                    uint64_t seed, size_t samples, double level) BRAM_MUST_CHECK;
void bram_scores_free(bram_scores *s);

/** The same for a cell: its benchmark and part, and the options `samples` and `level`. */
int bram_scores_for_cell(bram_ctx *cx, bram_scores **out, const bram_axis *units,
                         const bram_cell *cell) BRAM_MUST_CHECK;

/**
 * Adds the rows of one job under one metric. `metric` is a spec string that may begin with "mean "
 * (default) or "median ": how raw values of units become the score.
 */
int bram_scores_add(bram_ctx *cx, bram_scores *s, const char *metric,
                    const bram_score_job *job) BRAM_MUST_CHECK;

/** A ceiling that a task worked out itself. */
typedef struct bram_score_ceiling {
    double value, low, high, noise; /* noise: the upper one of subjects of nothing but noise */
    const char *rule;               /* static text: "other subjects" */
} bram_score_ceiling;

/** A score that a task worked out itself, with its draws. */
typedef struct bram_score_made {
    const char *id, *metric; /* "sensitivity@noise30", "sensitivity" */
    bool lower_better;
    const bram_score_ceiling *ceiling; /* NULL: none */
    const char *axis;                  /* what was drawn */
    double value, chance;
    const double *raw;  /* of each unit of the set; NaN where it has none */
    const double *draw; /* as many as the set has samples */
    size_t groups;      /* how many things were drawn from */
    bool median;        /* the value is the median over units; else their mean */
    bool biased; /* as for bram_interval_corrected: predictions that stay as they are under draws */
    bool distribution; /* the interval is that of the draws (where they lie), not of an error */
    bool pooled;       /* with the draws of other parts, from BRAM_MIN_BLOCKS_OF_PART groups on */
    /* The score where there is nothing to find (labels permuted): its mean is the chance in place
     * of `chance`, columns null_sd and null_p. */
    const double *null;
    size_t nulls;
} bram_score_made;

/** Adds it, with the interval of its draws (none for fewer than BRAM_MIN_BLOCKS groups). */
int bram_scores_put(bram_ctx *cx, bram_scores *s, const bram_score_made *made) BRAM_MUST_CHECK;

/** Puts score, raw and draw into the result. */
int bram_scores_finish(bram_ctx *cx, bram_scores *s, bram_dataset *result) BRAM_MUST_CHECK;

/** Mean or median of the defined values; NaN when there are none. Sorts nothing of the caller's. */
double bram_summary(const double *raw, size_t count, bool median, double *scratch,
                    size_t *undefined);

#endif
