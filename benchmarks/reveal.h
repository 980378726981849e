/*
 * reveal.h - what the public dataset of a challenge is made of (bram_task.reveal): copies of what a
 * task names, and of nothing else, so that no other form of a hidden value can slip through.
 */
#ifndef BRAMBLE_BENCHMARKS_REVEAL_H
#define BRAMBLE_BENCHMARKS_REVEAL_H

#include <bramble/benchmark.h>

/**
 * An axis with its ids, its coordinates, the columns that say what a row is (name, class, place,
 * segment ...), and those that are named; not what was measured or worked out of it.
 *
 * @param more  NULL-terminated; NULL: none
 */
int bram_reveal_axis(bram_ctx *cx, bram_axis **out, const bram_axis *axis,
                     const char *const *more) BRAM_MUST_CHECK;

/**
 * Copies a response to its path, with its own attributes and those of its group; nothing where it
 * is there already.
 *
 * @param hidden  1 for each value that is missing in the copy, of which no trace is left; NULL:
 * none
 * @return BRAM_OK; BRAM_EABSENT; errors of reading; BRAM_ENOMEM
 */
int bram_reveal_response(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *path,
                         const uint8_t *hidden) BRAM_MUST_CHECK;

/** recordings/ID/NAME in this way. */
int bram_reveal_recording(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *id,
                          const char *name, const uint8_t *hidden) BRAM_MUST_CHECK;

/** Copies a table to its path, as bram_reveal_axis; nothing where it is there or where there is
 * none. */
int bram_reveal_table(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *path,
                      const char *const *more) BRAM_MUST_CHECK;

/**
 * Which rows of a recording are hidden: those of the test, and those between it and what is learned
 * from, which the recording's smoothing ties to it.
 *
 * @param row  with the column set (bram_demand)
 * @param out  a byte for each row
 */
void bram_reveal_hidden_rows(uint8_t *out, const bram_axis *row);

#endif
