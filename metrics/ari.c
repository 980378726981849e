/*
 * ari.c - adjusted Rand index: the share of pairs of rows on which two labellings agree, less that
 * by chance. With pairs(n) = n (n - 1) / 2, (sum pairs(n_ij) - e) / ((sum pairs(a_i) + sum
 * pairs(b_j)) / 2 - e), e = sum pairs(a_i) sum pairs(b_j) / pairs(n);  equal labellings have 1.
 * Hubert and Arabie 1985.
 */
#include "partition.h"

static double pairs(double n)
{
    return n * (n - 1) / 2;
}

static int agreement(bram_ctx *cx, double *out, const bram_contingency *t)
{
    double both = 0, model = 0, brain = 0, all = pairs(t->total);
    (void)cx;
    for (size_t i = 0; i < t->rows * t->cols; i++) both += pairs(t->count[i]);
    for (size_t i = 0; i < t->rows; i++) model += pairs(t->row[i]);
    for (size_t j = 0; j < t->cols; j++) brain += pairs(t->col[j]);
    double expected = all > 0 ? model * brain / all : 0;
    *out = both == model && both == brain ? 1
                                          : (both - expected) / ((model + brain) / 2 - expected);
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    return bram_partition_compare(cx, raw, pair, weight, agreement);
}

const bram_metric bram_metric_ari = {
    .name = "ari",
    .summary = "adjusted Rand index of two labellings of the same rows",
    .source = "Hubert and Arabie 1985",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_LABELS | BRAM_METRIC_SAMPLE_SIZE,
    .chance = 0,
    .pair = bram_partition_pair,
    .release_pair = bram_partition_release,
    .compare = compare,
};
