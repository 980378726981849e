/*
 * store.h - a results folder:
 *
 *   DIR/cells/KEY.h5     one finished cell: scored, failed or not applicable (attribute state)
 *   DIR/plans/NAME.h5    what was planned for benchmark NAME: a table of its cells and its words
 *   DIR/summaries/       what tables need of all cells in few files; see cell_summary.h
 *   DIR/log.jsonl        one line a cell run: time, host, seconds, BLAS kernels; not part of any
 * result
 *
 * All of it is written under a temporary name, synced and renamed.
 */
#ifndef BRAMBLE_BENCHMARKS_STORE_H
#define BRAMBLE_BENCHMARKS_STORE_H

#include "entrant.h"

/** One planned cell. Strings are its own. */
typedef struct bram_planned {
    char key[65];
    char *part, *model;
    uint64_t seed;
} bram_planned;

/** The cells of one benchmark on one dataset. */
typedef struct bram_plan {
    const bram_benchmark *benchmark;
    char dataset_hash[65];
    bram_planned *cell;
    size_t cells;
    size_t largest; /* bytes that the largest cell is estimated to need */
} bram_plan;

void bram_plan_release(bram_plan *p);

/** SHA-256 of everything a cell's result depends on. See docs/results.md for the list. */
int bram_cell_key(bram_ctx *cx, char key[65], const bram_benchmark *b, const char *dataset_hash,
                  const char *part, const char *model, uint64_t seed) BRAM_MUST_CHECK;

/** The same of an entrant that is known. */
int bram_cell_key_of(bram_ctx *cx, char key[65], const bram_benchmark *b, const char *dataset_hash,
                     const char *part, const bram_entrant *entrant, uint64_t seed) BRAM_MUST_CHECK;

/** Makes DIR and the folders below it, and sweeps them. @return BRAM_OK; BRAM_EWRITE */
int bram_store_make(bram_ctx *cx, const char *dir) BRAM_MUST_CHECK;

/** Removes what processes of this machine that are gone left under temporary names. */
void bram_store_sweep(bram_ctx *cx, const char *dir);

bool bram_store_has(bram_ctx *cx, const char *dir, const char *key);

/**
 * Writes a cell's result with its identity and state. The result's content is `data`'s when scored.
 * Takes data over, also on failure.
 */
int bram_store_put(bram_ctx *cx, const char *dir, const bram_plan *plan, const bram_planned *cell,
                   bram_state state, const char *reason, bram_dataset *data) BRAM_MUST_CHECK;

/** Writes the plan; cells of an earlier plan of the same definition and dataset are kept in it. */
int bram_store_put_plan(bram_ctx *cx, const char *dir, const bram_plan *plan) BRAM_MUST_CHECK;

/** Adds the cells of the plan file `source` to those of `target`, which must be of the same thing.
 */
int bram_store_join_plans(bram_ctx *cx, const char *target, const char *source) BRAM_MUST_CHECK;

/**
 * Brings the summary of a benchmark up to date. One that cannot be made, for want of disk or
 * memory, is a note and no failure: results are whole without.
 *
 * @return BRAM_OK; BRAM_ECANCEL
 */
int bram_store_summarize(bram_ctx *cx, const char *dir, const char *benchmark) BRAM_MUST_CHECK;

/** The same after cells were copied: what the folders they come from have summarized is used. */
int bram_store_summarize_from(bram_ctx *cx, const char *dir, const char *benchmark,
                              const char *const *from, size_t count) BRAM_MUST_CHECK;

/** Appends a line to DIR/log.jsonl in one write. Failure is not an error: it is only a log. */
void bram_store_log(bram_ctx *cx, const char *dir, const char *key, bram_state state,
                    double seconds);

#endif
