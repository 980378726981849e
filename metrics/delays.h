/*
 * delays.h - features of earlier rows beside those of each row: a finite impulse response, where
 * rows are moments.
 */
#ifndef BRAMBLE_METRICS_DELAYS_H
#define BRAMBLE_METRICS_DELAYS_H

#include <bramble/metric.h>

/**
 * For each delay d, in the order given, the features of the row that is d rows before: columns
 * d-th block first. Rows without such a row have zeros there (as himalaya's Delayer); so have
 * those in whose way `segment` changes, a column of the rows (recording, trial, condition).
 *
 * @param out      rows x (delays x features), in scratch memory
 * @param segment  the axis of the rows, or NULL
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_delayed(bram_ctx *cx, bram_mat *out, const bram_mat *x, const int64_t *delay,
                 size_t delays, const bram_axis *segment) BRAM_MUST_CHECK;

#endif
