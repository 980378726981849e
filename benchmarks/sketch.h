/*
 * sketch.h - the energy of a recording along time, which no order, scale or sign of its columns
 * changes and a cut only shifts: the first look at whether two recordings are copies (copies.h).
 */
#ifndef BRAMBLE_BENCHMARKS_SKETCH_H
#define BRAMBLE_BENCHMARKS_SKETCH_H

#include "recording.h"

enum { BRAM_SKETCH_LEAST_BINS = 16 };

/** The energy of a recording in bins from its first sample on; bins without a sample hold the one
 * before. */
typedef struct bram_sketch {
    size_t bins;
    double *energy;         /* mean square of z-scored columns */
    double *sum, *sum_sq;   /* bins + 1: of all bins before */
    double first, duration; /* s */
    double dt;
} bram_sketch;

/** @param bin  seconds. @return BRAM_OK; BRAM_ENOMEM */
int bram_sketch_make(bram_ctx *cx, bram_sketch *out, const bram_recording *r,
                     double bin) BRAM_MUST_CHECK;
void bram_sketch_release(bram_sketch *s);

/**
 * The best correlation over all lags at which they have enough in common.
 *
 * @param lag  bins of b before a begins
 */
double bram_sketch_lag(const bram_sketch *a, const bram_sketch *b, ptrdiff_t *lag);

#endif
