/*
 * state_accuracy.c - the share of rows whose labels agree when each label of one side is matched to
 * one of the other so that the share is as large as it can be (core/assignment.h).
 */
#include "partition.h"

#include "assignment.h"
#include "linalg.h"

#include <math.h>

static int agreement(bram_ctx *cx, double *out, const bram_contingency *t)
{
    bool wide = t->rows <= t->cols;
    bram_mat cost;
    double total;
    BRAM_TRY(bram_mat_scratch(cx, &cost, wide ? t->rows : t->cols, wide ? t->cols : t->rows));
    size_t *match = bram_scratch(cx, cost.rows, sizeof *match);
    if (!match) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->rows; i++)
        for (size_t j = 0; j < t->cols; j++)
            *(wide ? bram_row(&cost, i) + j : bram_row(&cost, j) + i) = -t->count[i * t->cols + j];
    BRAM_TRY(bram_assignment(cx, match, &total, &cost));
    *out = -total / t->total;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    return bram_partition_compare(cx, raw, pair, weight, agreement);
}

const bram_metric bram_metric_state_accuracy = {
    .name = "state-accuracy",
    .summary = "share of rows with the right label, after the best matching of labels",
    .source = "Kuhn 1955, the assignment problem",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_LABELS,
    .chance = NAN,
    .pair = bram_partition_pair,
    .release_pair = bram_partition_release,
    .compare = compare,
};
