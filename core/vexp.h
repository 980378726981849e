/*
 * vexp.h - the exponential function of whole arrays, two values at a time on any processor.
 *
 * Within 2 ulp of the true value. Results below 2^-1022 are 0 (no subnormal numbers); above the
 * largest double infinity; exp(NaN) is NaN. The bits do not depend on the length of the array nor
 * on the place of a value in it.
 */
#ifndef BRAMBLE_CORE_VEXP_H
#define BRAMBLE_CORE_VEXP_H

#include <stddef.h>

/** x[i] = exp(x[i]) for n values, in place. */
void bram_vexp(double *x, size_t n);

#endif
