/*
 * power_law.h - a power law with an asymptote, as learning curves follow it:
 *
 *   y(n) = asymptote - gain n^-exponent,   exponent > 0
 *
 * (Cortes, Jackel, Solla, Vapnik & Denker 1994, NIPS 6:327; of the forms that Viering & Loog 2023,
 * IEEE TPAMI 45:7799, compare it is POW3.) Least squares by variable projection (Golub & Pereyra
 * 1973, SIAM J Numer Anal 10:413): for a given exponent the other two are linear, so that one
 * number is left to search, on a grid and then by golden section.
 */
#ifndef BRAMBLE_CORE_POWER_LAW_H
#define BRAMBLE_CORE_POWER_LAW_H

#include <bramble/context.h>

/** The exponents that are tried: beyond these a curve is a logarithm, or a step. */
#define BRAM_POWER_LAW_LOW  0.01
#define BRAM_POWER_LAW_HIGH 8.0

enum { BRAM_POWER_LAW_LEAST = 4 }; /* sizes */

typedef struct bram_power_law {
    double asymptote, gain, exponent;
    double squares; /* of the residuals */
    bool at_bound;  /* the best exponent is the lowest or highest that is tried: it is not known */
} bram_power_law;

/**
 * @param n, y   count values; n > 0 and finite
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: fewer than BRAM_POWER_LAW_LEAST different n, or all y are
 *         equal; BRAM_ENUMERIC: a value that is not finite. Time O(count)
 */
int bram_power_law_fit(bram_ctx *cx, bram_power_law *out, const double *n, const double *y,
                       size_t count) BRAM_MUST_CHECK;

#endif
