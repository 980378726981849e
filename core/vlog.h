/*
 * vlog.h - the natural logarithm of whole arrays, two values at a time on any processor.
 *
 * For normal positive numbers, within 4 ulp (2e-16 absolute near 1). The bits do not depend on the
 * length of the array nor on the place of a value in it.
 */
#ifndef BRAMBLE_CORE_VLOG_H
#define BRAMBLE_CORE_VLOG_H

#include <stddef.h>

/** x[i] = log(x[i]) for n values, each 2^-1022 or more and finite, in place. */
void bram_vlog(double *x, size_t n);

#endif
