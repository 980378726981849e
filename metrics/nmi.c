/*
 * nmi.c - normalized mutual information of two labellings: mutual information over the mean of the
 * two entropies. Two labellings of one label each have 1, as in scikit-learn.
 */
#include "partition.h"

#include <math.h>

static double entropy(const double *count, size_t n, double total)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (count[i] > 0) sum -= count[i] / total * log(count[i] / total);
    return sum;
}

static int agreement(bram_ctx *cx, double *out, const bram_contingency *t)
{
    double model = entropy(t->row, t->rows, t->total), brain = entropy(t->col, t->cols, t->total);
    double both = entropy(t->count, t->rows * t->cols, t->total), mean = (model + brain) / 2;
    (void)cx;
    *out = mean > 0 ? fmax(0, model + brain - both) / mean : 1;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    return bram_partition_compare(cx, raw, pair, weight, agreement);
}

const bram_metric bram_metric_nmi = {
    .name = "nmi",
    .summary = "normalized mutual information of two labellings, arithmetic mean of entropies",
    .source = "Strehl and Ghosh 2002; arithmetic mean: Kvalseth 1987",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_LABELS,
    .chance = NAN,
    .pair = bram_partition_pair,
    .release_pair = bram_partition_release,
    .compare = compare,
};
