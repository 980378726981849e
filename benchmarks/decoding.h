/*
 * decoding.h - what tasks that tell stimuli from single trials share: the labels of stimuli, the
 * trials of an area with their folds, and how much was told right.
 */
#ifndef BRAMBLE_BENCHMARKS_DECODING_H
#define BRAMBLE_BENCHMARKS_DECODING_H

#include "area.h"
#include "scores.h"

/* clang-format off */
/** The options that the functions below look at; for the table of a task. */
#define BRAM_DECODING_PARAMS                                                                       \
    {"label", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                     \
     "the column of the stimuli to tell (category); empty: the stimulus itself"},                  \
    {"over", BRAM_PARAM_CHOICE, "stimuli", "stimuli|repeats", 0, 0, "what is left out in turn"},   \
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "parts of the stimuli or repeats"},          \
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the assignment of stimuli to folds"},      \
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                     \
     "a column of the stimuli of which equal values are in one fold (movie)"},                     \
    {"missing", BRAM_PARAM_CHOICE, "mean", "mean|trials", 0, 0,                                    \
     "a unit that a trial lacks stands at its training mean; or such trials are left out"},        \
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},                  \
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"}
/* clang-format on */

/** The stimuli that have a label of their own, in scratch memory. */
typedef struct bram_labels {
    const bram_axis *axis;
    size_t *kept, stimuli; /* rows of the axis */
    size_t *class_of;      /* of each kept stimulus */
    const char **name;     /* of classes, in the order in which they first appear */
    size_t classes;
} bram_labels;

/**
 * Reads the labels (option label) of stimuli. Stimuli that show the same image (column `image`)
 * under several labels have nothing that could be told and are left out, with a note; so are those
 * without a label.
 *
 * @param in  stimuli that are not in this axis as well are left out; NULL: none
 * @return BRAM_OK; BRAM_EABSENT for a column that is not there; BRAM_ENOTAPPLICABLE for fewer than
 *         two classes; BRAM_ENOMEM
 */
int bram_labels_read(bram_ctx *cx, bram_labels *out, const bram_axis *axis, const bram_axis *in,
                     const bram_cell *cell) BRAM_MUST_CHECK;

/** The trials of an area, in scratch memory. A unit that a trial lacks is NaN (missing=mean). */
typedef struct bram_told_trials {
    bram_mat x;                     /* trial x unit */
    size_t count, *stimulus, *fold; /* of each: the kept stimulus it belongs to, its fold */
} bram_told_trials;

/**
 * Takes the trials of the labelled stimuli. Folds are over stimuli (group keeps those of a movie
 * together), in the order of `labels`, so that areas with the same labels have the same folds; or
 * over stretches of repeats.
 *
 * @param ids  row of the area of each kept stimulus; NULL: labels->kept
 * @return BRAM_OK; BRAM_EUSAGE for options that contradict each other; BRAM_ENOTAPPLICABLE for too
 *         few repeats, or no trials; BRAM_ENOMEM
 */
int bram_told_trials_take(bram_ctx *cx, bram_told_trials *out, const bram_area *a,
                          const bram_labels *labels, const size_t *ids,
                          const bram_cell *cell) BRAM_MUST_CHECK;

/** Trials inside a fold or outside of it: rows and their numbers, in scratch memory. */
int bram_told_trials_select(bram_ctx *cx, bram_mat *x, size_t **row, const bram_told_trials *t,
                            size_t fold, bool inside) BRAM_MUST_CHECK;

/** Puts units that trials lack at their mean over the rows of `train` (0 without any), in both. */
int bram_told_trials_fill(bram_ctx *cx, bram_mat *train, bram_mat *test) BRAM_MUST_CHECK;

/* ---- what was told -------------------------------------------------------------------------- */

/** How many classes come before the right one; of equal scores the first class. */
uint32_t bram_told_rank(const double *score, size_t classes, size_t truth);

/** @return the class with the highest score, the first of equals */
uint32_t bram_told_best(const double *score, size_t classes);

/** A labelling of trials and how many classes were told before the right one of each. */
typedef struct bram_told {
    const bram_labels *labels;
    size_t trials;
    const size_t *stimulus;
    const uint32_t *label, *rank;
} bram_told;

/** A share that is told right: balanced-accuracy, the mean over classes; top-1, of the trials;
 *  top-5, of those whose class is among the five likeliest. */
typedef struct bram_told_score {
    const char *name;
    uint32_t most; /* ranks below count as right */
    bool balanced;
} bram_told_score;

enum { BRAM_TOLD_SCORES = 3 };
extern const bram_told_score bram_told_scores[BRAM_TOLD_SCORES]; /* the first: balanced-accuracy */

/** How many of them there are to give: top-5 only where there are more classes than five. */
size_t bram_told_count(const bram_labels *labels);

/**
 * The score with each stimulus counting `times` (NULL: once). In a draw a class of one stimulus
 * counts as often as that was drawn, else balanced accuracy would not see the draw.
 *
 * @param share  of each class, NaN where it has no trials; may be NULL
 */
int bram_told_measure(bram_ctx *cx, double *value, double *share, const bram_told *t,
                      const bram_told_score *s, const uint32_t *times) BRAM_MUST_CHECK;

/**
 * Adds a score with the interval of its draws of stimuli.
 *
 * @param label   of the part of the id after "balanced-accuracy@"; NULL: none
 * @param null    labellings or alignments in which there is nothing to find; `nulls` of them
 * @param stream  of the draws
 */
int bram_told_put(bram_ctx *cx, bram_scores *scores, const bram_told *t, const bram_told_score *s,
                  const char *label, const bram_told *null, size_t nulls, const char *stream,
                  size_t samples) BRAM_MUST_CHECK;

#endif
