/*
 * results_diff.h - two results folders held against each other: which numbers differ, and why.
 */
#ifndef BRAMBLE_REPORT_RESULTS_DIFF_H
#define BRAMBLE_REPORT_RESULTS_DIFF_H

#include "table.h"

#include <bramble/benchmark.h>

typedef struct bram_diff_counts {
    size_t same, changed, only_before, only_after; /* cells */
} bram_diff_counts;

/**
 * Makes a table with a row for each score that differs, or each change of a cell's state.
 *
 * Cells are matched by benchmark, part, model and seed. Equal keys are equal inputs. For others the
 * column `why` names what went into the key and differs: data (content hash), definition (version,
 * task, options, metrics), code (versions of scores, task, model, metrics), program (its version);
 * where none of these does, the model's own content (files, program). A cell without a partner is
 * paired with one of the same benchmark and part whose model has the same name: then it is the
 * spec, or the seed.
 *
 * @param all     rows for equal scores, too
 * @param counts  of cells
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_results_diff(bram_ctx *cx, bram_table **out, bram_diff_counts *counts,
                      const bram_results *before, const bram_results *after,
                      bool all) BRAM_MUST_CHECK;

#endif
