/*
 * number.h - text to number and back, the same in every locale.
 */
#ifndef BRAMBLE_CORE_NUMBER_H
#define BRAMBLE_CORE_NUMBER_H

#include <bramble/context.h>

enum { BRAM_NUMBER_BYTES = 32 };

/** What bram_number_parse accepts beside finite decimal numbers. */
enum {
    BRAM_NUMBER_EMPTY = 1,    /* "" is missing: NaN */
    BRAM_NUMBER_NAN = 2,      /* "nan", "NA", "n/a", "null" in any case are missing: NaN */
    BRAM_NUMBER_INFINITE = 4, /* "inf", "-infinity" ... */
    BRAM_NUMBER_MISSING = BRAM_NUMBER_EMPTY | BRAM_NUMBER_NAN
};

/**
 * Reads a whole text as one decimal number with a point; spaces around it are allowed. Hexadecimal,
 * thousands separators, numbers too large for a double and anything behind the number are refused.
 *
 * @param flags  a sum of the values above
 * @return true and the number; false, with value untouched
 */
bool bram_number_parse(const char *text, int flags, double *value);

/** Reads a whole text as one decimal integer in the range of int64_t. */
bool bram_integer_parse(const char *text, int64_t *value);

/**
 * Writes the shortest decimal form that reads back as the same double: "0.1", "1e+300", "nan",
 * "inf",
 * "-inf".
 *
 * @param text  BRAM_NUMBER_BYTES bytes
 * @return text
 */
const char *bram_number_format(char *text, double value);

#endif
