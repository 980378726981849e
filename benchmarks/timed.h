/*
 * timed.h - responses along time, condition by condition, and predictions of them: what the task
 * "time-resolved" is made of.
 *
 * A block is all bins of a condition (or of one trial); row = block x bins + bin. Blocks are never
 * cut by a fold.
 */
#ifndef BRAMBLE_BENCHMARKS_TIMED_H
#define BRAMBLE_BENCHMARKS_TIMED_H

#include "scores.h"

typedef struct bram_timed {
    bram_axis *block;      /* for splits: columns of the stimuli or trials; `image` says which show
                              the same */
    bram_axis *stimulus;   /* of each block, by id: what features are asked for */
    const bram_axis *unit; /* the dataset's */
    size_t blocks, bins, units, repeats, skip;
    size_t conditions;
    uint32_t *condition_of; /* of each block */
    double *time;           /* of each bin, s */
    double *values;         /* row x unit x repeat */
    uint8_t *present;
} bram_timed;

/** Responses that lie along time. @return as bram_task.parts */
int bram_timed_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                     const bram_dataset *ds) BRAM_MUST_CHECK;

/**
 * Reads responses/ID: stimulus x neuron (x repeat) x time, or trial x neuron x time.
 *
 * @param skip  so many bins at the beginning are neither fitted nor scored
 * @return BRAM_OK; BRAM_EABSENT; BRAM_ENOTAPPLICABLE; errors of reading; BRAM_ENOMEM
 */
int bram_timed_read(bram_ctx *cx, bram_timed *out, const bram_dataset *ds, const char *id,
                    size_t skip) BRAM_MUST_CHECK;
void bram_timed_release(bram_timed *t);
size_t bram_timed_bytes(const bram_dataset *ds, const char *id);

/** Means over the repeats that `take` names (NULL: all), in scratch memory. */
int bram_timed_mean(bram_ctx *cx, bram_side *out, const bram_timed *t,
                    const uint8_t *take) BRAM_MUST_CHECK;

/** Features of the rows; empty for a model that is blind. */
typedef struct bram_timed_design {
    bram_mat x;   /* row x feature */
    bool per_bin; /* a map for each bin; else one for all */
} bram_timed_design;

/** How features are mapped. */
typedef struct bram_timed_map {
    const bram_timed *t;
    const bram_timed_design *design;
    const bram_fold *fold; /* over blocks; no block is tested twice */
    size_t folds;
    const double *grid;
    size_t n_grid, inner;
    bool plain;    /* r_noise_corrected by the correlations of halves as they are */
    double *alpha; /* fold x problem x unit, once chosen; problems: bins, or one */
} bram_timed_map;

size_t bram_timed_problems(const bram_timed_map *m);

/** Chooses the penalties within the training blocks of every fold, into m->alpha. */
int bram_timed_choose(bram_ctx *cx, const bram_timed_map *m,
                      const bram_side *target) BRAM_MUST_CHECK;

/**
 * Predicts the tested rows.
 *
 * @param target  row x (times x units): several targets of every unit, side by side
 * @param out     as many; rows that are not tested stay as they are
 * @param centre  the model's own condition-independent mean: for each tested row the mean of what
 * is fitted to the training rows of its bin; may be NULL
 */
int bram_timed_predict(bram_ctx *cx, bram_mat *out, bram_mat *centre, const bram_timed_map *m,
                       const bram_side *target) BRAM_MUST_CHECK;

/** The condition-independent mean: of each bin the mean over the training blocks of the fold. */
void bram_timed_blind(bram_mat *out, const bram_timed_map *m, const bram_side *target);

/** What split halves of the repeats say; arrays of scratch memory. */
typedef struct bram_timed_halves {
    size_t halves;
    double *reliability;      /* units: Spearman-Brown over all tested rows, mean over halves */
    double *reliability_draw; /* samples x units */
    double *bin_reliability;  /* bins x units */
    double *corrected;        /* units: r, noise-corrected; NaN without a design */
    double *corrected_draw;   /* samples: their median, of drawn conditions and units */
    double value;             /* the median of corrected */
} bram_timed_halves;

/**
 * Fits the map on random halves of the repeats (its penalties are those of the means of all). With
 * M the predictions and Y the data of halves 1 and 2, over the tested rows,
 *
 *   r = r(M1, Y2) / sqrt(R(M1, M2) R(Y1, Y2)),   R(a, b) = 2 r(a, b) / (1 + r(a, b))
 *
 * the mean over halves. Y2 is half of the data, R that of all: with h the correlation of the halves
 * of data, the signal itself reaches sqrt((1 + h) / 2) by this published formula. With `plain` R(a,
 * b) is r(a, b), and the signal reaches 1. Source: Nayebi et al. 2023. Halves where an R is not
 * positive are left out. Draws: conditions and units with replacement, each of ten halves in turn.
 */
int bram_timed_split(bram_ctx *cx, bram_timed_halves *out, const bram_timed_map *m, size_t halves,
                     size_t samples, const char *stream) BRAM_MUST_CHECK;

#endif
