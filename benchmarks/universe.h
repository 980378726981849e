/*
 * universe.h - a multiverse analysis: one benchmark under every reasonable way to ask it (Steegen,
 * Tuerlinckx, Gelman & Vanpaemel 2016, Perspect Psychol Sci 11:702). A universe is a comparator, a
 * normalization and a split rule; the sets are fixed by the task (universe.c has the table), the
 * definition's own choice is always one of them.
 */
#ifndef BRAMBLE_BENCHMARKS_UNIVERSE_H
#define BRAMBLE_BENCHMARKS_UNIVERSE_H

#include "variation.h"

/**
 * Adds a variation for each pair of normalization and split rule; comparators are the metrics of
 * each. The one whose label is "as-defined" is the definition with more comparators.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: the task leaves nothing to choose; BRAM_ENOMEM
 */
int bram_universe_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b) BRAM_MUST_CHECK;

#endif
