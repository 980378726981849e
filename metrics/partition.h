/*
 * partition.h - two labellings of the same rows: what the metrics of agreement between them share.
 *
 * Labels are numbers of which only equality counts. Each column of a side is a labelling; rows that
 * either side lacks are left out. Under weights a row counts as often as its group's weight says.
 */
#ifndef BRAMBLE_METRICS_PARTITION_H
#define BRAMBLE_METRICS_PARTITION_H

#include <bramble/metric.h>

/** How often label i of the model met label j of the brain in one column. */
typedef struct bram_contingency {
    size_t rows, cols; /* labels of the model, of the brain */
    const double *count;
    const double *row, *col; /* sums */
    double total;
} bram_contingency;

/** The agreement of one column; NaN where it is not defined. */
typedef int bram_agreement_fn(bram_ctx *cx, double *out, const bram_contingency *t);

/** For bram_metric.pair, release_pair; and compare with the agreement in hand. */
int bram_partition_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                        const bram_comparison *c) BRAM_MUST_CHECK;
void bram_partition_release(void *pair);
int bram_partition_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight,
                           bram_agreement_fn *agreement) BRAM_MUST_CHECK;

#endif
