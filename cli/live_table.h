/*
 * live_table.h - the table that `bramble run` shows to a person who watches: a line for each
 * benchmark at work, and one for all.
 */
#ifndef BRAMBLE_CLI_LIVE_TABLE_H
#define BRAMBLE_CLI_LIVE_TABLE_H

#include "buffer.h"

#include <bramble/benchmark.h>

/** What it remembers between two calls. Start from {0}. */
typedef struct bram_live_table {
    double began, shown; /* seconds of the monotonic clock; 0: not yet */
} bram_live_table;

/** A bram_run_watch_fn; user is a bram_live_table. Draws ten times a second at most. */
void bram_live_table_show(void *user, const bram_run_row *row, size_t rows);

/**
 * The lines of the table.
 *
 * @param seconds  since the first cell began
 * @param width    columns of the terminal: no line is longer
 * @param height   lines at most, with the headings and the last: those at work, then those that
 *                 wait, then those that are done are shown
 */
void bram_live_table_text(bram_buffer *out, const bram_run_row *row, size_t rows, double seconds,
                          size_t width, size_t height);

#endif
