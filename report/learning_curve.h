/*
 * learning_curve.h - scores against how much there was to learn from, from the cells of `bramble
 * run --learning-curve`, with a power law fitted to each model's (core/power_law.h).
 *
 * The value at a size is the mean over its random subsets (and over parts). Its interval, and those
 * of the exponent and the asymptote, hold both the chance of the test rows and that of the subsets:
 * curve_law.h says how. At all of the data it is the interval of the leaderboard.
 */
#ifndef BRAMBLE_REPORT_LEARNING_CURVE_H
#define BRAMBLE_REPORT_LEARNING_CURVE_H

#include "board.h"
#include "curve_law.h"
#include "figure.h"
#include "table.h"

typedef struct bram_curve_point {
    double amount;
    size_t subsets;
    double value, low, high; /* NaN: no score, no interval */
} bram_curve_point;

typedef struct bram_curve {
    char *model, *name; /* canonical and brief */
    bram_curve_point *point;
    bram_curve_law fit;
} bram_curve;

typedef struct bram_learning_curve {
    char *base, *title, *axis, *score;
    bool higher_better;
    double level;
    bool alone; /* sizes less than the whole have one subset: its chance is not in the intervals */
    size_t
        uneven; /* cells of subsets that could not be scored: their size is a mean of the others */
    size_t points, curves;
    bram_curve *curve;
} bram_learning_curve;

/** The axes of which a benchmark has curves in a results folder, of at most 4. */
size_t bram_learning_curve_axes(const bram_results *r, const char *base, const char **axis);

/** The names of benchmarks that have variations of a kind, in order; at most `most`. */
size_t bram_variation_bases(const bram_results *r, const char *kind, const char **base,
                            size_t most);

/**
 * @param score  NULL: the first
 * @return BRAM_OK; BRAM_EABSENT: there is none (and how it is made); BRAM_ENOMEM
 */
int bram_learning_curve_new(bram_ctx *cx, bram_learning_curve **out, const bram_results *r,
                            const char *base, const char *axis, const char *score) BRAM_MUST_CHECK;
void bram_learning_curve_free(bram_learning_curve *c);

/** A row for each model and size; a row for each model with its law. The caller frees them. */
int bram_learning_curve_table(bram_ctx *cx, bram_table **out,
                              const bram_learning_curve *c) BRAM_MUST_CHECK;
int bram_learning_curve_laws(bram_ctx *cx, bram_table **out,
                             const bram_learning_curve *c) BRAM_MUST_CHECK;

/** Values with intervals against size, the fitted laws as lines. The caller frees it. */
int bram_learning_curve_figure(bram_ctx *cx, bram_figure **out,
                               const bram_learning_curve *c) BRAM_MUST_CHECK;

#endif
