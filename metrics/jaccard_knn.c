/*
 * jaccard_knn.c - Jaccard similarity of neighbourhoods: the mean over conditions of
 * |N_X(i) and N_Y(i)| / |N_X(i) or N_Y(i)| of the k nearest neighbours by cosine.
 *
 * Chance: the mean of h / (2 k - h), h hypergeometric: how many of k neighbours among n - 1 are
 * among k others. Under weights as neighbours.h says. Source: Wang, Sun, Liu, Tan, Zhang, Wang &
 * Zhang 2022; Klabunde et al. 2023 (arXiv 2305.06329), section on neighbourhoods.
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
    return common / (x[i].all + y[i].all - common);
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

static double chance(const bram_hood *x, size_t n, size_t rows, size_t k)
{
    (void)x, (void)rows;
    double others = (double)(n - 1), size = (double)k, mean = 0;
    for (size_t shared = 2 * k > n - 1 ? 2 * k - (n - 1) : 0; shared <= k; shared++) {
        double h = (double)shared;
        mean += h / (2 * size - h) *
                exp(log_choose(size, h) + log_choose(others - size, size - h) -
                    log_choose(others, size));
    }
    return mean;
}

static const bram_neighbour_rule rule = {
    .name = "jaccard-knn", .params = params, .formula = formula, .chance = chance};

BRAM_NEIGHBOUR_STEPS(rule)

const bram_metric bram_metric_jaccard_knn = {
    .name = "jaccard-knn",
    .summary = "Jaccard similarity of nearest neighbours",
    .source = "Klabunde et al. 2023",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_ROTATE | BRAM_METRIC_DISTINCT_ROWS,
    BRAM_NEIGHBOUR_ENTRY,
};
