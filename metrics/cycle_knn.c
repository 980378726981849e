/*
 * cycle_knn.c - cycle k-nearest neighbours: the share of conditions from which a step to a
 * neighbour on the brain side and a step to a neighbour on the model side can lead back.
 *
 * value = mean over i of [some j in N_brain(i) has i in N_model(j)]. Not symmetric, and not 1 for
 * equal sides: neighbourhood is no symmetric relation. Under weights, a neighbour that is in only
 * in part leads back in part.
 *
 * Chance, exactly over row permutations of the brain side: the neighbours of i there are k of n - 1
 * conditions at random, of which d_i have i as a neighbour on the model side: 1 - C(n - 1 - d_i, k)
 * / C(n - 1, k), in the mean. Source: Huh et al. 2024 (arXiv 2405.07987), code.
 */
#include "neighbours.h"

#include <math.h>

static const bram_param params[] = {
    BRAM_NEIGHBOUR_PARAMS,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static double formula(size_t i, const bram_hood *x, const bram_hood *y, const double *w,
                      double *seen)
{
    (void)seen;
    double most = 0;
    for (size_t j = 0; j < y[i].count; j++) {
        const bram_hood *back = &x[y[i].row[j]];
        double there = y[i].weight[j] / w[y[i].row[j]];
        for (size_t b = 0; b < back->count; b++)
            if (back->row[b] == i) most = fmax(most, fmin(there, back->weight[b] / w[i]));
    }
    return most;
}

/* The share of draws of k of n things that miss d given ones. */
static double all_missed(double n, double k, double d)
{
    double share = 1;
    for (double t = 0; t < k && share > 0; t++) share *= fmax(0, n - d - t) / (n - t);
    return share;
}

static double chance(const bram_hood *x, size_t n, size_t rows, size_t k)
{
    double mean = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!x[i].count) continue;
        double back = 0;
        for (size_t j = 0; j < rows; j++)
            for (size_t b = 0; b < x[j].count; b++) back += x[j].row[b] == i;
        mean += (1 - all_missed((double)(n - 1), (double)k, back)) / (double)n;
    }
    return mean;
}

static const bram_neighbour_rule rule = {
    .name = "cycle-knn", .params = params, .formula = formula, .chance = chance};

BRAM_NEIGHBOUR_STEPS(rule)

const bram_metric bram_metric_cycle_knn = {
    .name = "cycle-knn",
    .summary = "share of conditions that neighbours on one side lead back to on the other",
    .source = "Huh et al. 2024",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_ROTATE |
             BRAM_METRIC_DISTINCT_ROWS,
    BRAM_NEIGHBOUR_ENTRY,
};
