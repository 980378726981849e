/*
 * encoding_keep.h - what a cell of the task "encoding" keeps beside its scores, for figures and for
 * the split of a score among feature spaces:
 *
 *   penalties/r2, penalties/chosen   (fold x penalty): how the map chose its penalty
 *   stimuli/gain                     (stimulus): what each adds to the skill, below
 *   scores r2-share, r2-share@SPACE  of maps that take several feature spaces
 *
 * Everything is told by predictions of left-out stimuli relative to the training means of their
 * folds: y response, p prediction, p_s what space s adds. The skill over the training mean is 1 -
 * sum (y - p)^2 / sum y^2 for each unit, the mean over units. The gain of a stimulus is its term of
 * that, the mean over units of (y^2 - (y - p)^2) / mean of y^2: their mean over stimuli is the
 * skill. Shares add up to the skill, too (core/banded.h; by correlation to that of y and p about
 * zero).
 */
#ifndef BRAMBLE_BENCHMARKS_ENCODING_KEEP_H
#define BRAMBLE_BENCHMARKS_ENCODING_KEEP_H

#include "scores.h"

/** Start from {0} with the counts. */
typedef struct bram_encoding_kept {
    size_t rows, units, folds; /* rows: of the table of predictions */
    size_t spaces;             /* that are expected; 0: none */
    char **space;              /* their names */
    double *part;              /* spaces x rows x units */
    bram_axis *penalty;
    double *path; /* folds x penalties x (r2, chosen) */
} bram_encoding_kept;

void bram_encoding_kept_release(bram_encoding_kept *k);

/** Several sets of features of the same stimuli side by side, in scratch memory; the new axis of
 *  its columns says in `space` which set each is of. */
int bram_encoding_join(bram_ctx *cx, bram_side *out, bram_axis **input, const bram_side *set,
                       const char *const *name, size_t sets) BRAM_MUST_CHECK;

/** The map will say what each of these spaces adds. */
int bram_encoding_expect_spaces(bram_ctx *cx, bram_encoding_kept *k, const char *const *name,
                                size_t spaces) BRAM_MUST_CHECK;

/**
 * Takes what an answer about the test rows of a fold has beside its mean.
 *
 * @param at      of each test row of the fold: its row in the table of predictions
 * @param number  of the fold
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENOMEM
 */
int bram_encoding_keep(bram_ctx *cx, bram_encoding_kept *k, const bram_dataset *answer,
                       const bram_fold *fold, const size_t *at, size_t number) BRAM_MUST_CHECK;

/** How left-out stimuli were told: the table of predictions (encoding.h). */
typedef struct bram_encoding_outcome {
    const bram_side *target;          /* stimulus x unit */
    const bram_axis *stimulus;        /* of target */
    const double *prediction, *blind; /* rows x units; blind: the training means */
    size_t rows, tested;              /* tested: different stimuli among the rows */
    const size_t *of;                 /* of each row: its stimulus, ascending */
    const uint32_t *draw_of;          /* of each row: which of the tested stimuli */
    bool once;                        /* no stimulus is tested twice */
} bram_encoding_outcome;

/** Adds the arrays to a result. */
int bram_encoding_put(bram_ctx *cx, bram_dataset *result, const bram_encoding_kept *k,
                      const bram_encoding_outcome *o) BRAM_MUST_CHECK;

/**
 * Splits the score among the spaces, where there are some, by the option `share`: a score of all
 * and one of each space, with intervals from draws of stimuli (the same draws as all other scores
 * of the stream; every stimulus is predicted once, by the fold that leaves it out). Splits that
 * overlap test stimuli several times: then there are no intervals.
 *
 * Cost: samples x stimuli x units x moments of a split.
 */
int bram_encoding_shares(bram_ctx *cx, bram_scores *scores, const bram_encoding_kept *k,
                         const bram_encoding_outcome *o, const bram_options *options,
                         const char *stream) BRAM_MUST_CHECK;

#endif
