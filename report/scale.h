/*
 * scale.h - from values to places on an axis: ranges, ticks that are round numbers, their labels.
 */
#ifndef BRAMBLE_REPORT_SCALE_H
#define BRAMBLE_REPORT_SCALE_H

#include "digits.h"

enum { BRAM_MAX_TICKS = 24 };

/** Values low .. high lie on points from .. to. */
typedef struct bram_scale {
    double low, high, from, to;
    bool log;
} bram_scale;

typedef struct bram_ticks {
    size_t count;
    double at[BRAM_MAX_TICKS];
    char label[BRAM_MAX_TICKS][BRAM_DIGITS_BYTES];
} bram_ticks;

/** The range of values met so far; start from bram_range_empty(). */
typedef struct bram_range {
    double low, high;
} bram_range;

bram_range bram_range_empty(void);

/** Takes in a value, unless it is not finite or, for log, not positive. */
void bram_range_take(bram_range *r, double value, bool log);
bool bram_range_is_empty(const bram_range *r);

/**
 * Widens a range to be drawn: some air at both ends, and a width where all values are equal.
 *
 * @param air_low, air_high  whether an end gets air (a bar's foot does not)
 */
bram_range bram_range_widen(bram_range r, bool log, bool air_low, bool air_high);

/**
 * The range to draw values in where a few lie so far off that the others would fall on one spot:
 * those within the quartiles by three times their distance (Tukey 1977: far out), if these take
 * less than a quarter of the whole range and are three quarters of the values or more.
 *
 * @param value  n of them, NaN for none; they are sorted
 * @return false: all are drawn; range untouched
 */
bool bram_range_focus(bram_range *range, double *value, size_t n);

/** @return the place of a value; NaN for what is not on the scale (see bram_range_take) */
double bram_scale_place(const bram_scale *s, double value);

/**
 * About `wanted` ticks (2 or more) at round numbers within the scale: steps of 1, 2 or 5 times a
 * power of ten (Heckbert 1990); powers of ten on a logarithmic scale.
 */
void bram_scale_ticks(const bram_scale *s, size_t wanted, bram_ticks *out);

#endif
