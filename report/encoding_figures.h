/*
 * encoding_figures.h - the figures of benchmarks of the task "encoding". Each function adds what
 * its board has to show to the page, and nothing where there is nothing.
 */
#ifndef BRAMBLE_REPORT_ENCODING_FIGURES_H
#define BRAMBLE_REPORT_ENCODING_FIGURES_H

#include "report_parts.h"

/** Scores of models in each area with the band of its ceiling. */
int bram_encoding_areas(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** Models and their layers by areas, as a matrix; of two areas or more. */
int bram_encoding_matrix(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** How many units have which score, and score against reliability. */
int bram_encoding_units(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** Scores in inner folds against penalty, and how many units chose each. */
int bram_encoding_paths(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** How the score is split among feature spaces. */
int bram_encoding_spaces(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** Where readouts of maps look, for units and for regions. */
int bram_encoding_maps(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** Stimuli that are told best and worst, as pictures where the dataset has them. */
int bram_encoding_stimuli(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;

/** A number of a score's row in a cell's table; NaN where there is none. */
double bram_encoding_number(const bram_result *cell, ptrdiff_t at, const char *name);

/** The scored models that are not trivial, best first, at most `most`: indices of rows of b. */
size_t bram_encoding_models(const bram_report *r, const bram_board *b, size_t *row, size_t most);

#endif
