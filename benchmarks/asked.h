/*
 * asked.h - what a benchmark asks, kept in a dataset: of one whose targets are hidden nobody could
 * work it out (asked/PART of datasets/schema.md).
 */
#ifndef BRAMBLE_BENCHMARKS_ASKED_H
#define BRAMBLE_BENCHMARKS_ASKED_H

#include <bramble/benchmark.h>

/** Keeps the rows with their sets, and the units; other columns of theirs are left out. */
int bram_asked_put(bram_ctx *cx, bram_dataset *to, const char *part,
                   const bram_demand *d) BRAM_MUST_CHECK;

/** @return whether a dataset says what is asked about a part */
bool bram_asked_has(const bram_dataset *ds, const char *part);

/** As bram_task.demand. @return BRAM_OK; BRAM_EFORMAT: it is not as bram_asked_put writes it */
int bram_asked_get(bram_ctx *cx, bram_demand *out, const bram_dataset *ds,
                   const char *part) BRAM_MUST_CHECK;

#endif
