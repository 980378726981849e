/*
 * thin.h - learning curves: the same benchmark with less to learn from, or less that was recorded.
 *
 *   animals  how many other animals a model learns from (forecasts across animals, co-smoothing in
 *            all animals), or how many were recorded (geometry: subjects; neurons)
 *   minutes  of training, of each animal: the last before validation; of other animals, whose first
 *            rows set their scale, the first
 *   stimuli  that were shown; with folds, those to learn from are a share of them
 *   units    that were recorded in the part
 *
 * Test rows, gaps, held-out units and bootstrap draws are those of the whole benchmark: blocks of
 * time are as long as the whole of what there is to learn from asks for (bram_cell.whole). Subsets
 * are random (minutes apart), depend on benchmark, part and draw alone, and grow: a larger one
 * holds the smaller.
 */
#ifndef BRAMBLE_BENCHMARKS_THIN_H
#define BRAMBLE_BENCHMARKS_THIN_H

#include "variation.h"

typedef struct bram_curve_settings {
    const char *axis;     /* "animals", "minutes", "stimuli", "units" */
    const double *amount; /* ascending; count 0: what there is, halved again and again */
    size_t amounts;
    size_t draws; /* random subsets of each size but the whole; 0: 5 */
} bram_curve_settings;

/**
 * Adds the variations of a benchmark that make its learning curve.
 *
 * @return BRAM_OK; BRAM_EUSAGE: no such axis, or an amount beyond what there is;
 * BRAM_ENOTAPPLICABLE where the axis makes no sense for this benchmark, with the reason; errors of
 * reading
 */
int bram_curve_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b,
                   const bram_dataset *ds, const bram_curve_settings *settings) BRAM_MUST_CHECK;

/** How much of an axis a part has. @return as bram_curve_add */
int bram_thin_most(bram_ctx *cx, double *most, const bram_benchmark *b, const bram_dataset *ds,
                   const char *part, const char *axis) BRAM_MUST_CHECK;

/** The dataset that a cell of a learning curve sees: a view of ds. @return as bram_dataset_view */
int bram_thin(bram_ctx *cx, bram_dataset **out, const bram_benchmark *b, const bram_dataset *ds,
              const char *part) BRAM_MUST_CHECK;

#endif
