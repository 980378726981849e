/*
 * pair.h - two doubles at a time, on any processor, for the inner loops that must not depend on
 * what a compiler happens to vectorise.
 */
#ifndef BRAMBLE_CORE_PAIR_H
#define BRAMBLE_CORE_PAIR_H

#include <string.h>

typedef double bram_pair __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) bram_pair bram_pair_load(const double *x)
{
    bram_pair v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void bram_pair_store(double *x, bram_pair v)
{
    memcpy(x, &v, sizeof v);
}

static inline __attribute__((always_inline)) bram_pair bram_pair_of(double x)
{
    return (bram_pair){x, x};
}

#endif
