/*
 * mutual_knn.c - mutual k-nearest neighbours: the mean share of a condition's k nearest neighbours
 * that both sides agree on.
 *
 * value = mean over i of |N_X(i) and N_Y(i)| / k. Chance: k / (n - 1). Under weights as
 * neighbours.h says: the common weight of two neighbourhoods. Source: Huh, Cheung, Wang & Isola
 * 2024 (arXiv 2405.07987).
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
    (void)w;
    double common = 0;
    for (size_t j = 0; j < x[i].count; j++) seen[x[i].row[j]] = x[i].weight[j];
    for (size_t j = 0; j < y[i].count; j++) common += fmin(y[i].weight[j], seen[y[i].row[j]]);
    for (size_t j = 0; j < x[i].count; j++) seen[x[i].row[j]] = 0;
    return common / x[i].all;
}

static double chance(const bram_hood *x, size_t n, size_t rows, size_t k)
{
    (void)x, (void)rows;
    return (double)k / (double)(n - 1);
}

static const bram_neighbour_rule rule = {
    .name = "mutual-knn", .params = params, .formula = formula, .chance = chance};

BRAM_NEIGHBOUR_STEPS(rule)

const bram_metric bram_metric_mutual_knn = {
    .name = "mutual-knn",
    .summary = "share of nearest neighbours that both sides have",
    .source = "Huh et al. 2024",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_ROTATE | BRAM_METRIC_DISTINCT_ROWS,
    BRAM_NEIGHBOUR_ENTRY,
};
