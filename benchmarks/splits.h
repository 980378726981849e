/*
 * splits.h - which recordings, or which stretches of them, are learned from and which are scored:
 * made once, written to a file, read and checked against the data ever after.
 *
 * Schemes: `worm` deals recordings into folds (copies of each other, copies.h, go together);
 * `source` makes a fold of each dataset, to leave one source out; `time` cuts every recording into
 * as many equal stretches as there are folds. In fold f what has the number f is scored, the rest
 * is learned from, but for copies of what is scored and, in time, `gap` seconds on both sides of
 * the stretch.
 *
 * The file is JSON (docs/importing.md). Equal recordings and settings give equal bytes.
 */
#ifndef BRAMBLE_BENCHMARKS_SPLITS_H
#define BRAMBLE_BENCHMARKS_SPLITS_H

#include "copies.h"

/** One recording: what it must be, and its place. */
typedef struct bram_split_entry {
    char *dataset, *id;
    size_t rows;
    char sha256[65]; /* of its times and values */
    double from, to; /* first and last time, s */
    size_t group;    /* number of the first of its copies, or its own */
    size_t fold;     /* worm, source */
} bram_split_entry;

typedef struct bram_splits {
    char scheme[8]; /* "worm", "source", "time" */
    uint64_t seed;
    size_t folds;
    double gap; /* s */
    bram_split_entry *entry;
    size_t count;
} bram_splits;

/** What to make: folds is not heeded by `source`, seed only by `worm`. */
typedef struct bram_splits_want {
    const char *scheme;
    uint64_t seed;
    size_t folds;
    double gap;
} bram_splits_want;

/**
 * Makes splits of the recordings that have values (raw, else activity).
 *
 * @return BRAM_OK; BRAM_EUSAGE: no such scheme, fewer than 2 folds, more folds than groups of
 *         recordings, or (source) fewer than 2 datasets; errors of reading; BRAM_ENOMEM
 */
int bram_splits_make(bram_ctx *cx, bram_splits *out, const bram_copy_source *source, size_t sources,
                     const bram_splits_want *want) BRAM_MUST_CHECK;
void bram_splits_release(bram_splits *s);

/** Writes the file, whole or not at all. @return also BRAM_EWRITE */
int bram_splits_write(bram_ctx *cx, const bram_splits *s, const char *path,
                      bool replace) BRAM_MUST_CHECK;

/** @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: not a file of splits, or one that contradicts itself
 */
int bram_splits_read(bram_ctx *cx, bram_splits *out, const char *path) BRAM_MUST_CHECK;

/**
 * Holds splits that were read against the data.
 *
 * @param fresh  made from the data that are there now
 * @return BRAM_OK; BRAM_EFORMAT: a recording is missing, new, or has other values, or the splits
 *         are of another scheme, seed, gap or number of folds; the message says which
 */
int bram_splits_match(bram_ctx *cx, const bram_splits *read, const bram_splits *fresh,
                      const char *path) BRAM_MUST_CHECK;

/**
 * Reads the file that an option names: "PATH@DIGITS", where DIGITS are the first 8 or more hex
 * digits of its SHA-256. So results, whose keys hold the option, never belong to another file.
 *
 * @return as bram_splits_read; BRAM_EUSAGE without DIGITS; BRAM_EFORMAT when they are others
 */
int bram_splits_open(bram_ctx *cx, bram_splits *out, const char *spec) BRAM_MUST_CHECK;

/** @return BRAM_OK, or BRAM_EFORMAT: the recording is not in the splits, or has other values than
 *  when they were made */
int bram_splits_hold(bram_ctx *cx, const bram_splits *s, const bram_dataset *ds,
                     const char *id) BRAM_MUST_CHECK;

/** @return the entry of a recording, or NULL */
const bram_split_entry *bram_splits_find(const bram_splits *s, const char *id);

/** SHA-256 of a recording's times and values, and whether it has any. */
int bram_splits_hash(bram_ctx *cx, char sha256[65], const bram_recording *r) BRAM_MUST_CHECK;

#endif
