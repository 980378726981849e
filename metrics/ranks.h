/*
 * ranks.h - the order of the values of a vector.
 */
#ifndef BRAMBLE_METRICS_RANKS_H
#define BRAMBLE_METRICS_RANKS_H

#include <bramble/context.h>

/** The entries of a vector that are not NaN, in ascending order of value, ties by index. */
typedef struct bram_order {
    uint32_t *index;
    size_t count;
    const uint8_t
        *begins; /* whether the k-th value exceeds the one before; within index's memory */
} bram_order;

/**
 * Sorts by distribution: values fall into buckets of equal width, and these are split again until
 * they are small. O(n) for spread-out values, O(n log n) at worst. Long vectors are cut into tasks
 * for the pool. The result has 5 bytes an entry; while it works it needs the largest bucket.
 *
 * @param n  at most UINT32_MAX
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENOMEM. order->index is on the heap: bram_free
 */
int bram_order_new(bram_ctx *cx, bram_order *order, const double *x, size_t n) BRAM_MUST_CHECK;

#endif
