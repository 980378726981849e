/*
 * digits.h - numbers for people, the same in every locale.
 */
#ifndef BRAMBLE_REPORT_DIGITS_H
#define BRAMBLE_REPORT_DIGITS_H

#include "buffer.h"

enum { BRAM_DIGITS_BYTES = 48 };

/**
 * Writes a number with so many decimals (0 to 15); a rounded zero has no sign; infinities are
 * "inf", NaN is "nan", numbers of 1e15 and more are written with 4 significant digits.
 *
 * @param text  BRAM_DIGITS_BYTES bytes
 * @return text
 */
const char *bram_digits_fixed(char *text, double value, int decimals);

/** The same with up to so many significant digits (1 to 15), without trailing zeros: "0.5",
 * "2e+06". */
const char *bram_digits_short(char *text, double value, int significant);

/** Appends a coordinate of a drawing: two decimals at most, no trailing zeros. */
void bram_digits_coordinate(bram_buffer *out, double value);

#endif
