/*
 * benchmark.h - the benchmark contract, and the engine that runs benchmarks.
 *
 * A benchmark is plain data (benchmarks/NAME.yaml): a dataset, a task with its options (split, gap,
 * horizons ...), metrics and models as spec strings. A task is the code that knows how to ask one
 * kind of question (forecast, encoding, geometry, ...): which parts there are, how a cell is run.
 *
 * The unit of work is a cell: benchmark x part x model x seed. A cell is a pure function of the
 * dataset's content hash, the canonical specs, the versions of the code concerned, the model's
 * content hash and the seed. Its result is one file, DIR/cells/KEY.h5, named by the SHA-256 of
 * these: a rerun resumes, a killed run loses at most the cells in hand, shards need no talk between
 * them, equal inputs give equal bytes. Time, host and duration go to DIR/log.jsonl, apart.
 *
 * A cell is in one of four states: scored, failed (with the reason), not run, not applicable.
 */
#ifndef BRAMBLE_BENCHMARK_H
#define BRAMBLE_BENCHMARK_H

#include <bramble/metric.h>
#include <bramble/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bram_state {
    BRAM_STATE_NOT_RUN,
    BRAM_STATE_SCORED,
    BRAM_STATE_FAILED,
    BRAM_STATE_NOT_APPLICABLE
} bram_state;

/** @return "not run", "scored", "failed", "not applicable" */
const char *bram_state_name(bram_state s);

/**
 * A benchmark asked otherwise than its definition says: with less data, other options, data that a
 * model made. It is a benchmark of its own, BASE~LABEL, with cells and a plan of its own; a task
 * sees the name BASE, so that all draws are the same. Strings belong to it.
 */
typedef struct bram_variation {
    char *base;
    char *kind;      /* "learning-curve", "multiverse", "identifiability" */
    char *label;     /* what is other, unique among those of a base: "minutes=2" */
    char *axis;      /* learning-curve: "animals", "minutes", "stimuli", "units"; NULL else */
    double amount;   /* of it */
    char *generator; /* identifiability: the model that made the data; NULL else */
    uint64_t draw;   /* which random subset, which simulation */
} bram_variation;

/** A benchmark definition. Strings and lists belong to it. */
typedef struct bram_benchmark {
    char *name, *title, *task, *dataset, *citation;
    char *truth;    /* of made data: which of the models is right by construction; NULL: none is */
    char *no_truth; /* of made data: why none is; NULL: nothing is said */
    /* of a challenge with a hidden test: the content hashes of the dataset without the targets of
       the test, and of the one with them. NULL: it is none */
    char *public_sha256, *truth_sha256;
    int64_t version;
    char **metrics; /* spec strings; the first is the one the leaderboard sorts by */
    size_t metric_count;
    char **models; /* the baselines that run with it */
    size_t model_count;
    char **parts; /* a selection; count 0: all that the task finds */
    size_t part_count;
    bram_options *options;     /* by the task's table */
    bram_variation *variation; /* NULL: as defined */
} bram_benchmark;

/**
 * Reads a definition: a path when it has a '/' or ends in .yaml, else NAME.yaml of the benchmark
 * folders ($BRAMBLE_BENCHMARKS, the source tree's, the installed ones).
 *
 * @return BRAM_OK; BRAM_EABSENT; BRAM_EFORMAT (file, line, key, found, expected); BRAM_EUSAGE
 */
int bram_benchmark_read(bram_ctx *cx, bram_benchmark **out, const char *name) BRAM_MUST_CHECK;
void bram_benchmark_free(bram_benchmark *b);

typedef struct bram_suite {
    char *name, *title;
    bram_benchmark **benchmark;
    size_t benchmarks;
} bram_suite;

/** Reads a suite by name or path; a benchmark's name gives a suite of that one benchmark. */
int bram_suite_read(bram_ctx *cx, bram_suite **out, const char *name) BRAM_MUST_CHECK;
void bram_suite_free(bram_suite *s);

/** What a task is handed to run one cell. Everything is borrowed. */
typedef struct bram_cell {
    const bram_benchmark *benchmark;
    const bram_dataset *dataset;
    const char *part;
    const char *model; /* canonical spec string */
    uint64_t seed;
    const bram_dataset
        *whole; /* what `dataset` is a part of, on a learning curve; NULL: it is all */
} bram_cell;

/**
 * One kind of question. The result of `run` is a dataset with
 *   score       a table, one row a score: id "r2@h4"; metric, summary (mean, median), unit, value,
 *               low, high, level, chance, floor (best trivial baseline) and its name, ceiling,
 *               ceiling_low, ceiling_high, ceiling_rule, normalized, normalization, units,
 * undefined, horizon, higher_better; raw         (score x unit) the raw values, missing where
 * undefined; draw        (score x sample) the bootstrap draws of the value: keyed by benchmark,
 * part and sample, never by model, so differences between models are paired; and what the task's
 * figures need (example traces ...). metrics/ and baselines/ are reached through their tables only.
 */
typedef struct bram_contestant {
    const char *name, *summary; /* one line */
} bram_contestant;

/**
 * What a benchmark asks of a model about one part. The axes are new; bram_demand_release.
 */
typedef struct bram_demand {
    /** stimulus, vessel (ids), time (s) or pair: every row of the part, with the columns
     *  set       text: "train", "validation", "test", or "" between them; with folds every row is
     *            "test"
     *  fold      integer, where there are folds: the one that leaves the row out, from 1 on
     *  from, to  text, of pairs: their nodes
     *  edge      integer, of pairs: 1, 0, or -1 where that is asked
     *  asked     integer, where not only the rows of the test are asked for: 1 for those that are
     */
    bram_axis *row;
    /** What is predicted in each row that is asked for, or (weights) from whom to whom; NULL: what
     *  is told of a row is none of the dataset's (features, states, scores). */
    bram_axis *unit;
    bool features; /* features of the rows will do */
    bram_ask ask;  /* how else a model is asked about them */
} bram_demand;

void bram_demand_release(bram_demand *d);

typedef struct bram_task {
    const char *name;
    const char *summary;
    unsigned version;
    const bram_param *params;

    /** What competes in place of models: statistics, say. Ends with a NULL name. NULL: models. */
    const bram_contestant *contestants;

    /** The parts of this benchmark in this dataset: a new axis with their ids; the caller frees it.
     */
    int (*parts)(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b, const bram_dataset *ds);

    /** What a model is asked, BRAM_ANSWERS bits of which any one will do; 0: no model competes. Or
     *  a function, where that hangs on the options. */
    unsigned asks;
    unsigned (*asks_of)(const bram_benchmark *b);

    /** Why answers in files, or from a program, would not do although the question could be
     *  answered so; NULL: they do. */
    const char *no_files, *no_program;

    /** What is asked about a part; NULL: no answer of this task's models can be handed in as a
     * file.
     *  @return also BRAM_ENOTAPPLICABLE: not with these options */
    int (*demand)(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part);

    /** Why a test cannot be hidden from answers in files; NULL: it can. */
    const char *no_hidden;

    /** Puts what a model may know of a part into the public dataset of a challenge, and nothing
     *  else: no target of the test, nor what was made from one. Objects that several parts share
     *  may be there already. NULL: the stimuli of the parts are cut in two.
     *  @return also BRAM_ENOTAPPLICABLE: not with these parts */
    int (*reveal)(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part);

    /** An estimate of the bytes that run needs beyond the process's present size. */
    int (*memory)(bram_ctx *cx, size_t *bytes, const bram_cell *cell);

    /** BRAM_ENOTAPPLICABLE gives the state of that name; other failures give "failed". */
    int (*run)(bram_ctx *cx, bram_dataset *result, const bram_cell *cell);
} bram_task;

extern const bram_task *const bram_task_table[];
const bram_task *bram_task_find(const char *name);

/* ---- running -------------------------------------------------------------------------------- */

/** How far one benchmark of a run is: of the cells that were not there before. */
typedef struct bram_run_row {
    const char *benchmark;
    size_t cells, running, done, failed, not_applicable; /* done: failed ones, too */
} bram_run_row;

/** Is told of every cell that begins or ends, and twice a second; the rows live on. */
typedef void bram_run_watch_fn(void *user, const bram_run_row *row, size_t rows);

typedef struct bram_run_settings {
    const char *out;           /* results folder, made when absent */
    const char *data;          /* data root; NULL: $BRAMBLE_DATA, else none */
    const char *const *models; /* further models, spec strings */
    size_t model_count;
    const uint64_t *seeds; /* count 0: the seed 0 alone; deterministic models use the first only */
    size_t seed_count;
    unsigned shard, shards;   /* this run takes cells with index % shards == shard - 1; 0: all */
    bool dry_run;             /* plan, estimate and say; run nothing */
    bool only;                /* of all models, these `models` alone */
    bram_run_watch_fn *watch; /* NULL: the context's progress is told how many cells are done */
    void *watch_user;
} bram_run_settings;

typedef struct bram_run_counts {
    size_t planned, kept, scored, failed, not_applicable, not_run; /* kept: found from before */
} bram_run_counts;

/**
 * Plans and runs a suite. Cells that are there already are kept. On BRAM_ECANCEL the finished ones
 * stay. A benchmark whose dataset is absent is an error (BRAM_EABSENT) that names it, its DOI, how
 * to get it, and the suite `simulated`.
 */
int bram_run(bram_ctx *cx, bram_run_counts *counts, const bram_suite *suite,
             const bram_run_settings *settings) BRAM_MUST_CHECK;

/** Copies cells and plans of other results folders into one. Differing bytes of one key are an
 * error. */
int bram_merge(bram_ctx *cx, const char *into, const char *const *from,
               size_t count) BRAM_MUST_CHECK;

/* ---- results -------------------------------------------------------------------------------- */

/** One planned cell of a results folder, and its result where it has one. */
typedef struct bram_result {
    const char *key;
    const char *benchmark, *benchmark_title, *part, *model, *task;
    uint64_t seed;
    bram_state state;
    const char *reason;       /* of a failure; "" else */
    const bram_dataset *data; /* attributes, "raw" and "draw"; NULL where there is no file */
    const char *others; /* paths of the arrays that data lacks, one a line; NULL: it has all */
} bram_result;

typedef struct bram_results bram_results;

/** Opens a results folder. @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT */
int bram_results_open(bram_ctx *cx, bram_results **out, const char *dir) BRAM_MUST_CHECK;
void bram_results_free(bram_results *r);
size_t bram_results_count(const bram_results *r);
const bram_result *bram_results_at(const bram_results *r, size_t i);

/**
 * A cell with all its arrays. Its file is opened when that is asked for the first time; not for use
 * by several threads at once.
 *
 * @param group  what the wanted arrays' paths begin with: "example/"
 * @param out    the results' own; NULL where the cell has no such array
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_results_whole(bram_ctx *cx, const bram_dataset **out, const bram_results *r,
                       const bram_result *cell, const char *group) BRAM_MUST_CHECK;

/** The plan of a benchmark: attributes title, task, version, dataset, dataset_hash, citation,
 * options; tables cell and metrics. NULL when there is none of that name. */
const bram_dataset *bram_results_plan(const bram_results *r, const char *benchmark);

#ifdef __cplusplus
}
#endif
#endif
