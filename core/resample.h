/*
 * resample.h - the bootstrap over blocks of time, conditions or units, and intervals from it.
 *
 * A draw is a list of multiplicities: how often each block (condition, unit) counts in the sample.
 * It depends on (seed, stream, sample) alone. The stream names the benchmark and part, never the
 * model, so that two models are always compared on the same samples (paired differences).
 */
#ifndef BRAMBLE_CORE_RESAMPLE_H
#define BRAMBLE_CORE_RESAMPLE_H

#include <bramble/context.h>

/** With fewer blocks (units, conditions) than this an interval would be far too short. */
enum { BRAM_MIN_BLOCKS = 8 };

/**
 * Block length for a circular block bootstrap of the mean of a series, from its autocorrelation:
 * the automatic rule of Politis and White 2004 (Econometric Reviews 23:53) as corrected by Patton,
 * Politis and White 2009 (ibid. 28:372), see resample.c.
 *
 * @param length  1 .. min(3 sqrt n, n/3), rounded up; 1 for a constant series
 * @return BRAM_OK; BRAM_ESHAPE for n < 8; BRAM_ENUMERIC for a value that is not finite; BRAM_ENOMEM
 */
int bram_block_length(bram_ctx *cx, size_t *length, const double *x, size_t n) BRAM_MUST_CHECK;

/** Rows cut into contiguous blocks, as equal as can be; fixed by (rows, count). */
typedef struct bram_blocks {
    size_t rows, count;
} bram_blocks;

/** floor(rows / length) blocks, at least one (none for no rows); none is shorter than length. */
bram_blocks bram_blocks_cut(size_t rows, size_t length);

/** First row of block i; of block `count`, one past the last row. */
size_t bram_blocks_first(bram_blocks b, size_t i);

/**
 * Draws n of n things with replacement: times[i] is how often thing i was drawn.
 */
void bram_bootstrap_draw(uint32_t *times, size_t n, uint64_t seed, const char *stream,
                         uint64_t sample);

/** @return BRAM_OK, or BRAM_ENOTAPPLICABLE saying that n blocks are too few for an interval */
int bram_bootstrap_check(bram_ctx *cx, size_t n) BRAM_MUST_CHECK;

typedef struct bram_interval {
    double low, high, level;
    size_t valid; /* draws that were defined */
} bram_interval;

typedef enum bram_interval_kind {
    BRAM_PERCENTILE, /* quantiles of the draws (type 7) */
    BRAM_BASIC       /* those mirrored at the estimate: 2 estimate - quantile */
} bram_interval_kind;

/**
 * Interval at this level (0.95) from n bootstrap draws (Davison and Hinkley 1997, chapter 5).
 * Undefined (NaN) draws are left out and the rest counted in valid.
 *
 * @param estimate  of the data themselves; used by BRAM_BASIC only
 * @return BRAM_OK; BRAM_EUSAGE for a level outside (0, 1); BRAM_ENOTAPPLICABLE when fewer than half
 *         of the draws are defined, or none; BRAM_ENOMEM. Untouched on failure.
 */
int bram_interval_of(bram_ctx *cx, bram_interval *out, bram_interval_kind kind, double estimate,
                     const double *draws, size_t n, double level) BRAM_MUST_CHECK;

/**
 * The variance of a score when two things were drawn, subjects and conditions, from the variances
 * of its bootstrap draws over subjects alone, conditions alone and both (Schuett et al. 2023,
 * eLife 12:e82566: both alone counts the noise of a measurement twice). With s and c of them,
 *   V = s/(s-1) Vs + c/(c-1) Vc - s c / ((s-1)(c-1)) (Vsc - Vs - Vc),
 * at least the larger of the first two terms and at most Vsc. NaN for s or c below 2.
 */
double bram_dual_variance(double subjects_alone, double conditions_alone, double both,
                          size_t subjects, size_t conditions);

#endif
