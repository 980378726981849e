/*
 * homogenize.h - from raw traces to traces on a common footing: split at gaps, smoothed, resampled,
 * normalized; each only when asked, in this order, with what was done kept in words.
 *
 * Works on plain arrays. Missing is a mask from the start; nothing is ever filled in, and no step
 * reaches across a gap. Every step states whether it looks into the future: a causal value at time
 * t depends on samples at or before t alone.
 */
#ifndef BRAMBLE_LOADERS_HOMOGENIZE_H
#define BRAMBLE_LOADERS_HOMOGENIZE_H

#include <bramble/context.h>

typedef enum bram_filter {
    BRAM_FILTER_NONE,
    BRAM_FILTER_CAUSAL,
    BRAM_FILTER_NON_CAUSAL
} bram_filter;

/** @return "none", "causal", "non-causal" */
const char *bram_filter_name(bram_filter filter);

/** Several signals on one time axis, in segments without gaps. */
typedef struct bram_signals {
    size_t rows, cols;
    double *time;   /* rows, strictly increasing, seconds */
    double *values; /* rows x cols; 0 where missing */
    uint8_t *mask;  /* rows x cols; 1 present, 0 missing */
    size_t segments;
    size_t *start;        /* first row of each segment, then rows: segments + 1 numbers */
    double step;          /* the median of the differences of time; NaN with fewer than two rows */
    const int64_t *piece; /* rows numbers; a segment ends where they change; NULL: nowhere.
                             Borrowed, heeded by bram_signals_split */
    bram_filter filter;
    char *history; /* what was done, steps separated by "; "; "" at first */
} bram_signals;

/**
 * Copies signals in. Values that are not finite become missing.
 *
 * @param out   released by bram_signals_release; untouched on failure
 * @param time  rows stamps in seconds
 * @param mask  NULL: all finite values are present
 * @return BRAM_OK; BRAM_EFORMAT: a stamp is not finite or not after the one before it (the message
 *         tells which); BRAM_ENOMEM
 */
int bram_signals_init(bram_ctx *cx, bram_signals *out, size_t rows, size_t cols, const double *time,
                      const double *values, const uint8_t *mask) BRAM_MUST_CHECK;
void bram_signals_release(bram_signals *s);

/** Checks stamps alone: BRAM_EFORMAT as above. */
int bram_stamps_check(bram_ctx *cx, const double *time, size_t rows) BRAM_MUST_CHECK;

/** Appends a step to the history. */
int bram_signals_record(bram_ctx *cx, bram_signals *s, const char *format, ...)
    BRAM_PRINTF(3, 4) BRAM_MUST_CHECK;

/** Begins a new segment after each step longer than `factor` median steps (0: after none) and where
 * a new piece begins. */
int bram_signals_split(bram_ctx *cx, bram_signals *s, double factor) BRAM_MUST_CHECK;

typedef enum bram_smoothing {
    BRAM_SMOOTH_NONE,
    BRAM_SMOOTH_EXPONENTIAL, /* causal: y moves towards x by 1 - exp(-step / seconds) */
    BRAM_SMOOTH_MOVING,      /* causal: mean over (t - seconds, t] */
    BRAM_SMOOTH_GAUSSIAN     /* non-causal: weights of standard deviation `seconds`, cut at 4 */
} bram_smoothing;

/** Smooths within segments over what is present; what is missing stays missing. */
int bram_signals_smooth(bram_ctx *cx, bram_signals *s, bram_smoothing kind,
                        double seconds) BRAM_MUST_CHECK;

typedef enum bram_resampling {
    BRAM_RESAMPLE_MEAN,   /* mean over each bin: needs a step that is not finer than the present one
                           */
    BRAM_RESAMPLE_LINEAR, /* between the two neighbouring samples: non-causal */
    BRAM_RESAMPLE_HOLD    /* the last sample at or before: causal */
} bram_resampling;

/** Where in its bin a mean is stamped. */
typedef enum bram_stamp {
    BRAM_STAMP_RIGHT, /* the end of the bin: causal */
    BRAM_STAMP_CENTRE /* the middle: looks half a bin ahead, so non-causal */
} bram_stamp;

/**
 * Puts the signals on a grid of `dt` seconds that starts at the first stamp, the same grid for all
 * segments. Bins that their segment does not cover are left out, so gaps remain.
 *
 * @return BRAM_OK; BRAM_EUSAGE for a dt that is not positive, too fine (more than 1000 rows for
 * each one there was) or, for the mean, finer than the present step; BRAM_ENOMEM
 */
int bram_signals_resample(bram_ctx *cx, bram_signals *s, double dt, bram_resampling method,
                          bram_stamp stamp) BRAM_MUST_CHECK;

typedef enum bram_normalization {
    BRAM_NORMALIZE_NONE,
    BRAM_NORMALIZE_Z,     /* mean and population standard deviation of a stated part */
    BRAM_NORMALIZE_CAUSAL /* those of everything up to and including t */
} bram_normalization;

/**
 * z = (x - mean) / sd, column by column. The statistics are of the rows between from and to, in
 * seconds after the first stamp. With the whole recording as the part, every value depends on the
 * future and the result is marked non-causal. A column without spread becomes 0.
 *
 * @param from, to  NaN: the start, the end
 * @return BRAM_OK; BRAM_EUSAGE when the part holds no row
 */
int bram_signals_normalize(bram_ctx *cx, bram_signals *s, double from, double to) BRAM_MUST_CHECK;

/** The causal form: rows before `burn_in` seconds, and those before a first spread, become missing.
 */
int bram_signals_normalize_causally(bram_ctx *cx, bram_signals *s, double burn_in) BRAM_MUST_CHECK;

/** All steps. The zero value does nothing but split at gaps of more than 3 median steps. */
typedef struct bram_homogenizing {
    double gap; /* in median steps; 0 means 3, negative: never split */
    bram_smoothing smoothing;
    double smooth_seconds;
    double dt; /* 0: the time axis stays */
    bram_resampling resampling;
    bram_stamp stamp;
    bram_normalization normalization;
    double from, to; /* of BRAM_NORMALIZE_Z; 0 and 0: everything */
    double burn_in;  /* of BRAM_NORMALIZE_CAUSAL */
} bram_homogenizing;

int bram_signals_homogenize(bram_ctx *cx, bram_signals *s,
                            const bram_homogenizing *how) BRAM_MUST_CHECK;

#endif
