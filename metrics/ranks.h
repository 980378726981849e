/*
 * ranks.h - order statistics and correlations of vectors under weights.
 *
 * An integer weight means that the entry is there so many times: every result equals that of the
 * vector written out with its repeats. An entry of weight 0 is not there, and its value may be NaN.
 */
#ifndef BRAMBLE_METRICS_RANKS_H
#define BRAMBLE_METRICS_RANKS_H

#include <bramble/context.h>

/** The entries of a vector that are not NaN, in ascending order of value, ties by index. */
typedef struct bram_order {
    uint32_t *index;
    size_t count;
} bram_order;

/**
 * @param n  at most UINT32_MAX
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENOMEM. order->index is on the heap: bram_free
 */
int bram_order_new(bram_ctx *cx, bram_order *order, const double *x, size_t n) BRAM_MUST_CHECK;

/** rank[i] = average rank (from 1) of x[i] under the weights; entries of weight 0 get 0. */
void bram_weighted_ranks(double *rank, const double *x, const bram_order *order,
                         const double *weight);

/** Cosine; NaN where one vector is zero or nothing is there. */
double bram_weighted_cosine(const double *x, const double *y, const double *weight, size_t n);

/**
 * Pearson correlation. NaN where a side is constant: its range is below 64 rounding errors of its
 * largest magnitude, so that noise of rounding is never correlated.
 */
double bram_weighted_pearson(const double *x, const double *y, const double *weight, size_t n);

/**
 * Kendall's tau-a, (concordant - discordant) / (pairs of entries); 0 where a side is all ties, NaN
 * for fewer than two entries. O(n log n) with the orders given (a Fenwick tree over the ranks of
 * y).
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_weighted_tau_a(bram_ctx *cx, double *tau, const double *x, const bram_order *x_order,
                        const double *y, const bram_order *y_order, const double *weight,
                        size_t n) BRAM_MUST_CHECK;

#endif
