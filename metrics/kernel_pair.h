/*
 * kernel_pair.h - the steps of metrics that compare kernel matrices: CKA and RV.
 */
#ifndef BRAMBLE_METRICS_KERNEL_PAIR_H
#define BRAMBLE_METRICS_KERNEL_PAIR_H

#include "hsic.h"

/** What is compared and how. */
typedef struct bram_kernel_rule {
    const char *name; /* of the metric */
    bram_hsic form;
    double bandwidth; /* RBF: sigma is this times the median distance; 0: linear */
    size_t batch;     /* rows of a minibatch, song only; 0: all rows at once */
    bool angular;     /* arccos of the ratio */
} bram_kernel_rule;

/** Steps of bram_metric. */
int bram_kernel_prepare(bram_ctx *cx, void **prepared, const bram_side *side,
                        const bram_kernel_rule *rule) BRAM_MUST_CHECK;
void bram_kernel_release(void *prepared);
int bram_kernel_pair(bram_ctx *cx, void **pair, size_t *values, const bram_comparison *c,
                     const bram_kernel_rule *rule) BRAM_MUST_CHECK;
void bram_kernel_release_pair(void *pair);
int bram_kernel_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight);
double bram_kernel_chance(const void *pair);

#endif
