/*
 * inside.h - keeps in a result what a network is like inside (BRAM_ASK_INSIDE), for the report.
 */
#ifndef BRAMBLE_BENCHMARKS_INSIDE_H
#define BRAMBLE_BENCHMARKS_INSIDE_H

#include <bramble/model.h>

/** Adds inside/history and what else there is of a fitted model, asked about the first segment of
 * a panel; nothing of a model that tells nothing. */
int bram_inside_keep(bram_ctx *cx, const bram_fitted *model, const bram_panel *panel,
                     bram_dataset *result) BRAM_MUST_CHECK;

#endif
