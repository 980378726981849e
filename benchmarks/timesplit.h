/*
 * timesplit.h - what all tasks on recordings share: parts, one recording cut in time into training,
 * validation and test rows with gaps between, and the blocks of time that are resampled.
 */
#ifndef BRAMBLE_BENCHMARKS_TIMESPLIT_H
#define BRAMBLE_BENCHMARKS_TIMESPLIT_H

#include "recording.h"
#include "resample.h"

#include <bramble/benchmark.h>

/** The options that the functions below look at; for the table of a task. */
/* clang-format off */
#define BRAM_TIMESPLIT_PARAMS                                                                      \
    {"response", BRAM_PARAM_TEXT, "activity", NULL, 0, 0, "the response below recordings/ID"},     \
    {"train", BRAM_PARAM_REAL, "0.6", NULL, 0.05, 0.95, "share of rows to learn from"},            \
    {"validation", BRAM_PARAM_REAL, "0.2", NULL, 0, 0.9, "share of rows to choose options by"},    \
    {"gap", BRAM_PARAM_INTEGER, "0", NULL, 0, 100000,                                              \
     "rows between the parts that are no targets"},                                                \
    {"filter", BRAM_PARAM_CHOICE, "causal", "causal|any", 0, 0,                                    \
     "causal refuses recordings smoothed with a filter that looks ahead"}

/** For tasks that may cut by sessions (bram_timesplit_cut). */
#define BRAM_SESSIONS_PARAM                                                                        \
    {"sessions", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000,                                           \
     "instead of a cut in time, every n-th stretch is for the test, from the first on"}

/** For tasks whose intervals may be of draws of stretches (bram_time_blocks_of). */
#define BRAM_BLOCKS_PARAM                                                                          \
    {"blocks", BRAM_PARAM_CHOICE, "time", "time|stretches", 0, 0,                                  \
     "what is drawn: blocks of time as long as the autocorrelation asks for, or whole stretches"}

/** The options of the intervals. */
#define BRAM_INTERVAL_PARAMS                                                                       \
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},                  \
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"}
/* clang-format on */

/** The recordings of a dataset that the benchmark asks for, as its parts (see bram_task). */
int bram_recording_parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b,
                         const bram_dataset *ds) BRAM_MUST_CHECK;

/**
 * @return BRAM_OK, or BRAM_ENOTAPPLICABLE: the recording was smoothed with the future in hand and
 *         the benchmark does not allow that (option filter)
 */
int bram_recording_causal(bram_ctx *cx, const bram_dataset *ds, const char *id,
                          const bram_options *o) BRAM_MUST_CHECK;

/** One recording cut in time: train | gap | validation | gap | test. */
typedef struct bram_timesplit {
    bram_slice train, validation, test;
} bram_timesplit;

/**
 * Cuts by the options train, validation and gap; targets stay out of the gaps, contexts reach back
 * across them. The recording must outlive the slices.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: too few rows; BRAM_ENOMEM (the caller releases in any case)
 */
int bram_timesplit_make(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                        const bram_options *o) BRAM_MUST_CHECK;
/**
 * Cuts by whole stretches of the recording (sessions) where the option sessions=n says so: of every
 * n of them the first is for the test, the second, where validation is above 0, for validation, the
 * others are for training. Else as bram_timesplit_make.
 *
 * @return as bram_timesplit_make; BRAM_ENOTAPPLICABLE: too few stretches
 */
int bram_timesplit_cut(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                       const bram_options *o) BRAM_MUST_CHECK;
void bram_timesplit_release(bram_timesplit *s);

/** @return the validation panel, NULL when the benchmark has none */
const bram_panel *bram_timesplit_validation(const bram_timesplit *s);

/** Blocks of the test part's rows, long enough for the autocorrelation of the training part; or its
 * sessions. */
typedef struct bram_time_blocks {
    bram_blocks blocks;
    bool sessions; /* a block is a segment of the test part */
    size_t origin; /* row of the recording where the test part begins */
    char axis[64]; /* "12 time blocks of 40 rows", "16 sessions" */
} bram_time_blocks;

/** @return BRAM_OK; BRAM_ENOTAPPLICABLE when a part has no rows; BRAM_ENUMERIC; BRAM_ENOMEM */
int bram_time_blocks_make(bram_ctx *cx, bram_time_blocks *out, const bram_slice *train,
                          const bram_slice *test) BRAM_MUST_CHECK;

/** The same of a cell on one recording, cut by bram_timesplit_make: on a learning curve
 * (cell->whole) by the training part of the whole recording, so that the blocks are the same at
 * every size. */
int bram_time_blocks_whole(bram_ctx *cx, bram_time_blocks *out, const bram_cell *cell,
                           const bram_slice *train, const bram_slice *test) BRAM_MUST_CHECK;

/** By the option blocks: as bram_time_blocks_whole, or each stretch of the test part a block, where
 * rows of one stretch belong together (courses of one stimulus). */
int bram_time_blocks_of(bram_ctx *cx, bram_time_blocks *out, const bram_cell *cell,
                        const bram_slice *train, const bram_slice *test) BRAM_MUST_CHECK;

/** Each segment of the test part is a block: for what was cut by sessions. */
bram_time_blocks bram_session_blocks(const bram_slice *test);

/** @return the block of a row of segment s of the test part */
uint32_t bram_time_block_of(const bram_time_blocks *b, const bram_slice *test, size_t s,
                            size_t row);

/** The target rows of all segments of a slice as one array, and the group of each. */
typedef struct bram_targets {
    size_t rows, units;
    double *y; /* rows x units */
    uint8_t *present;
    uint32_t *group;
} bram_targets;

/** In scratch memory. @return BRAM_OK; BRAM_ENOTAPPLICABLE when there is no row; BRAM_ENOMEM */
int bram_targets_make(bram_ctx *cx, bram_targets *out, const bram_slice *test,
                      const bram_time_blocks *b) BRAM_MUST_CHECK;

/**
 * Asks about the target rows of every segment and puts the answers below each other.
 *
 * @param name     of the response in the answer: "mean", "logdensity" (row x unit)
 * @param query    ask and what belongs to it; panel and segment are filled in here
 * @param out      as targets->y; may be minus infinity where `name` is "logdensity"
 * @return BRAM_OK; BRAM_ESHAPE, BRAM_ENUMERIC naming the model; errors of the model
 */
int bram_ask_targets(bram_ctx *cx, double *out, uint8_t *present, const bram_fitted *model,
                     const bram_slice *test, bram_query query, const char *name) BRAM_MUST_CHECK;

/** An estimate of the bytes that a task on one recording needs: for bram_task.memory. */
int bram_recording_memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell) BRAM_MUST_CHECK;

#endif
