/*
 * copies.h - recordings that are copies of each other, found by their content.
 *
 * Deposits share animals: the same recording comes back under another name, with its columns in
 * another order or scaled, resampled, cut at its ends, with noise of another processing. A split
 * with one copy on each side leaks.
 *
 * Two stages. A sketch of each recording: the mean square of its z-scored columns, in bins of time,
 * which no order, scale or sign of columns changes and a cut only shifts; sketches are correlated
 * at all lags (cost: bins^2 a pair, some 20 us). For pairs whose sketches agree both recordings are
 * brought to common samples and all columns correlated with all; a pair is a copy when at least
 * half of the columns of the smaller recording, and at least 3 (of fewer: all, with |r| of 0.99),
 * each have a column of the other with |r| of 0.9 or more that is their best as they are its best.
 * Between different animals under one stimulus |r| stays below that: see tests/unit/test_copies.c.
 */
#ifndef BRAMBLE_BENCHMARKS_COPIES_H
#define BRAMBLE_BENCHMARKS_COPIES_H

#include "recording.h"

/** Where a recording is: the response raw is compared, or activity where there is none. */
typedef struct bram_copy_source {
    const bram_dataset *ds;
    const char *id;
} bram_copy_source;

/** A pair of copies. */
typedef struct bram_copy {
    size_t a, b;    /* numbers of the sources, a < b */
    size_t matched; /* columns of the smaller one with a partner */
    size_t columns; /* of the smaller one */
    double r;       /* median |r| of those matched */
    double lag;     /* s: what a has at t, b has at t + lag */
    double overlap; /* seconds in common */
} bram_copy;

/**
 * Finds all pairs of copies among recordings, in the order of their numbers. Holds the sketches of
 * all and two recordings at a time.
 *
 * @param out  on the heap; NULL when there is none
 * @return BRAM_OK; errors of reading; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_copies_find(bram_ctx *cx, bram_copy **out, size_t *count, const bram_copy_source *source,
                     size_t sources) BRAM_MUST_CHECK;

/**
 * Refuses to score a recording when one that is learned from is a copy of it.
 *
 * @param others  `count` recordings to learn from
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE, and the message names the two
 */
int bram_copies_refuse(bram_ctx *cx, const bram_recording *scored, const bram_recording *others,
                       size_t count) BRAM_MUST_CHECK;

/** The option of tasks that learn from other animals. */
#define BRAM_COPIES_PARAM                                                                          \
    {                                                                                              \
        "copies", BRAM_PARAM_CHOICE, "refuse", "refuse|allow", 0, 0,                               \
            "refuse to score a recording when one that is learned from is a copy of it"            \
    }

/** Whether two recordings in memory are copies. @param copy  filled in when they are */
int bram_copies_compare(bram_ctx *cx, bool *are, bram_copy *copy, const bram_recording *a,
                        const bram_recording *b) BRAM_MUST_CHECK;

#endif
