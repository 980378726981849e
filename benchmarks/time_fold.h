/*
 * time_fold.h - one recording cut by a file of splits by time (splits.h).
 */
#ifndef BRAMBLE_BENCHMARKS_TIME_FOLD_H
#define BRAMBLE_BENCHMARKS_TIME_FOLD_H

#include "splits.h"
#include "timesplit.h"

/** The options that the function below looks at, besides those of timesplit.h. */
/* clang-format off */
#define BRAM_TIME_FOLD_PARAM                                                                       \
    {"fold", BRAM_PARAM_INTEGER, "-1", NULL, -1, 9999,                                             \
     "splits by time: the stretch that is scored, from 0; -1: the last"}
/* clang-format on */

/**
 * The stretch of the fold is scored. The rest is learned from, on both sides, without the guard
 * gap of the file (seconds) and at least `gap` rows; of it the last rows, by the shares `train` and
 * `validation`, are for validation, again `gap` rows apart. Contexts of targets behind the stretch
 * never hold a scored row; those of the stretch itself may reach back across the gap.
 *
 * @param s  by time, and they hold the recording's values (bram_splits_hold)
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: other splits, no such fold, too few rows; BRAM_ENOMEM (the
 *         caller releases in any case)
 */
int bram_time_fold_make(bram_ctx *cx, bram_timesplit *out, const bram_recording *r,
                        const bram_splits *s, const bram_options *o) BRAM_MUST_CHECK;

#endif
