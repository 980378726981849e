/*
 * demand.h - what a benchmark asks of a model: rows, units, splits; as files for a model that is
 * run anywhere, and cut into a public and a private half for a challenge with a hidden test.
 */
#ifndef BRAMBLE_BENCHMARKS_DEMAND_H
#define BRAMBLE_BENCHMARKS_DEMAND_H

#include <bramble/benchmark.h>

/** bram_task.demand of tasks on areas: the stimuli, whose features are wanted. */
int bram_area_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                     const bram_dataset *ds, const char *part) BRAM_MUST_CHECK;

/** The same of tasks that cut a recording in time by the options of BRAM_TIMESPLIT_PARAMS. */
int bram_recording_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                          const bram_dataset *ds, const char *part) BRAM_MUST_CHECK;

/** The same of tasks that may cut by sessions (BRAM_SESSIONS_PARAM). */
int bram_sessions_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                         const bram_dataset *ds, const char *part) BRAM_MUST_CHECK;

/** Asks the task. @return BRAM_ENOTAPPLICABLE, too, where it has no such question */
int bram_demand_of(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                   const char *part) BRAM_MUST_CHECK;

/** The rows that are asked for: those of the set "test" or the column asked, a new axis. */
int bram_demand_rows(bram_ctx *cx, bram_axis **out, const bram_demand *d) BRAM_MUST_CHECK;

/** The stimuli of all parts, each once, in the order of their appearance.
 *  @return also BRAM_ENOTAPPLICABLE: features are no answer to the benchmark */
int bram_demand_stimuli(bram_ctx *cx, bram_axis **out, const bram_benchmark *b,
                        const bram_dataset *ds, const bram_axis *parts) BRAM_MUST_CHECK;

/** A copy of an axis with every column. */
int bram_axis_copy(bram_ctx *cx, bram_axis **out, const bram_axis *axis) BRAM_MUST_CHECK;

/** What bram_demand_write writes. */
enum {
    BRAM_DEMAND_ROWS = 1 << 0,   /* rows.csv: part, row (pairs: from, to); units.csv: part, unit */
    BRAM_DEMAND_SPLITS = 1 << 1, /* splits.csv: part, row, set, fold (pairs: from, to, set, edge) */
    BRAM_DEMAND_STIMULI = 1 << 2, /* stimuli.csv; stimuli/NAME.npy with NAME.ids.txt */
    BRAM_DEMAND_PUBLIC = 1 << 3   /* public/NAME-public.{h5,yaml}, private/NAME-truth.{h5,yaml} */
};

/**
 * Writes into a folder, which is made when it is absent.
 *
 * PUBLIC makes a public dataset without the targets of the test and a private one with them, each
 * with a definition (demand_public.c). Of stimuli a fifth is drawn, the same for all parts, by the
 * benchmark's name alone.
 *
 * @param ds       the benchmark's dataset; for PUBLIC it is taken apart, and good for
 *                 bram_dataset_free only
 * @param replace  false refuses files that exist
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE; BRAM_EWRITE; errors of reading; BRAM_ENOMEM
 */
int bram_demand_write(bram_ctx *cx, const bram_benchmark *b, bram_dataset *ds, const char *dir,
                      unsigned what, bool replace) BRAM_MUST_CHECK;

/**
 * Holds the content hash of the dataset against those that the definition of a challenge states.
 *
 * @return BRAM_OK: it is no challenge, or the data can be scored with; BRAM_ENOTAPPLICABLE: they
 *         are the public ones, without the targets; BRAM_EFORMAT: others
 */
int bram_challenge_check(bram_ctx *cx, const bram_benchmark *b, const char *hash) BRAM_MUST_CHECK;

/** Of demand_public.c. */
int bram_demand_write_public(bram_ctx *cx, const bram_benchmark *b, bram_dataset *ds,
                             const char *dir, bool replace) BRAM_MUST_CHECK;

#endif
