/*
 * figure_scores.h - models' scores with intervals, noise ceiling and what differs from what.
 */
#ifndef BRAMBLE_REPORT_FIGURE_SCORES_H
#define BRAMBLE_REPORT_FIGURE_SCORES_H

#include "sheet.h"

/** Scores of models; higher is better. What is not there is NULL or NaN. */
typedef struct bram_score_view {
    const char *title, *measure;
    size_t count;
    const char *const *name;
    const double *value, *low, *high;
    double level;             /* of the intervals */
    double lower, upper;      /* noise ceiling */
    const double *zero;       /* p of being above zero, adjusted */
    const double *pair;       /* p of a difference, pairs (0,1), (0,2) ... , adjusted */
    double alpha;             /* below it p is said to be significant */
    const char *data, *tests; /* of the caption: "4 subjects, 92 conditions"; "t, Holm" */
    bram_sheet_format format;
} bram_score_view;

/**
 * Appends a file: a row for each model, best first; a star where it is above zero, letters
 * that models share which do not differ. The caption says all that.
 *
 * @return BRAM_OK; BRAM_ESHAPE for no model; BRAM_ENOMEM
 */
int bram_scores_draw(bram_ctx *cx, bram_buffer *out, const bram_score_view *v) BRAM_MUST_CHECK;

#endif
