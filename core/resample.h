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

/**
 * With fewer blocks (units, conditions) than this an interval would be far too short. Blocks of
 * several parts count together where the draws of each show no bias of their own, which takes three
 * (docs/statistics.md has what such intervals cover).
 */
enum { BRAM_MIN_BLOCKS = 8, BRAM_MIN_BLOCKS_OF_PART = 3 };

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

/**
 * The quantiles (type 7) of n bootstrap draws at (1 - level) / 2 from both ends. Undefined (NaN)
 * draws are left out and the rest counted in valid.
 *
 * @return BRAM_OK; BRAM_EUSAGE for a level outside (0, 1); BRAM_ENOTAPPLICABLE when fewer than half
 *         of the draws are defined, or none; BRAM_ENOMEM. Untouched on failure.
 */
int bram_interval_percentile(bram_ctx *cx, bram_interval *out, const double *draws, size_t n,
                             double level) BRAM_MUST_CHECK;

/**
 * An interval that holds its level with few blocks:
 *
 *   centre -+ (t / z) sqrt(B / (B - P)) (high quantile - low quantile) / 2,  centre = 2 value -
 * median
 *
 * with the quantiles and the median of the draws, t of B - P degrees of freedom and z at (1 +
 * level) / 2; widened to hold the value. The centre is moved by the draws' bias, as the value has
 * the same against the truth (Efron and Tibshirani 1993, chapter 10). Half the distance of the
 * quantiles stands for z standard errors, which a wild draw does not disturb. Draws of B things
 * vary too little by (B - 1) / B, and with few things the standard error is itself unsure: hence t
 * (Hesterberg 2015, Am. Stat. 69:371). docs/statistics.md has how often it holds the truth.
 *
 * @param value   of the data themselves
 * @param things  B: how many blocks (conditions, stimuli) were drawn, over all parts together
 * @param parts   P: sets of blocks that were drawn each on its own, e.g. recordings
 * @param biased  whether a draw differs from the data as the data do from the world. Not so for
 *                geometry: pairs of a condition with itself are in no data. The centre is then
 * value
 * @return as above; BRAM_ENOTAPPLICABLE, too, unless B > P
 */
int bram_interval_corrected(bram_ctx *cx, bram_interval *out, double value, const double *draws,
                            size_t n, double level, size_t things, size_t parts,
                            bool biased) BRAM_MUST_CHECK;

/**
 * Its factor (t / z) sqrt(B / (B - P)), NaN unless B > P, and the interval with a factor that is
 * known: for who makes many with the same B and P.
 */
double bram_interval_stretch(double level, size_t things, size_t parts);
int bram_interval_stretched(bram_ctx *cx, bram_interval *out, double value, const double *draws,
                            size_t n, double level, double stretch, bool biased) BRAM_MUST_CHECK;

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
