/*
 * engine.h - what the files of the engine share: engine.c (a run), engine_plan.c (its cells),
 * engine_worker.c (one cell, in a worker), engine_pool.c (the workers).
 */
#ifndef BRAMBLE_BENCHMARKS_ENGINE_H
#define BRAMBLE_BENCHMARKS_ENGINE_H

#include "store.h"

/** A cell that is to be run. */
typedef struct bram_engine_cell {
    const bram_plan *plan;
    const bram_planned *cell;
} bram_engine_cell;

/** A run: what is planned, what is left to do, what came of it. */
typedef struct bram_engine {
    const bram_suite *suite;
    const bram_run_settings *settings;
    bram_plan *plan; /* one a benchmark */
    size_t plans;
    bram_engine_cell *pending;
    size_t count;
    bram_run_counts counts;
    bram_run_row *row; /* one a plan: what a watcher sees */
    bram_entrants entrants;
} bram_engine;

/**
 * Plans the cells of all benchmarks whose data are there; tells which are left out.
 *
 * @return BRAM_OK; BRAM_EABSENT: no data of any; BRAM_EUSAGE: a definition, a model; BRAM_ENOMEM.
 *         bram_engine_release is needed either way
 */
int bram_engine_plan(bram_ctx *cx, bram_engine *e) BRAM_MUST_CHECK;
void bram_engine_release(bram_engine *e);

/** Lists in e->pending what is left to do for this shard, and counts the rest. */
void bram_engine_find_pending(bram_ctx *cx, bram_engine *e);

/* ---- workers -------------------------------------------------------------------------------- */

/** What a worker tells of a cell; written in one piece, which a pipe keeps whole (PIPE_BUF). */
typedef struct bram_engine_message {
    size_t index;
    int state, status;
    double seconds;
    char reason[400];
} bram_engine_message;

/** How a worker says that it could not begin: no fault of the cell that it was given. */
enum { BRAM_ENGINE_CANNOT_BEGIN = 75 };

/** The life of a worker: an index comes in, a message goes out, until the pipe closes. */
void bram_engine_work(bram_ctx *cx, const bram_engine *e, int in, int out);

/** Runs all that is pending in worker processes. */
int bram_engine_run(bram_ctx *cx, bram_engine *e) BRAM_MUST_CHECK;

double bram_engine_now(void); /* s, of a clock that never goes back */

/** Reads exactly `count` bytes. @return false when the other end is closed before */
bool bram_engine_read(int fd, void *bytes, size_t count);

#endif
