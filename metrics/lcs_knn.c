/*
 * lcs_knn.c - longest common subsequence of nearest neighbours: do both sides put the same
 * neighbours in the same order?
 *
 * For each condition the length of the longest common subsequence of its two lists of k neighbours,
 * nearest first; their mean, over k (output=share, in [0, 1]) or as it is (output=length, in
 * [0, k], as in the published code). Under weights a neighbour counts what it weighs in both.
 *
 * Chance: the mean length for two lists of k of n - 1 in random order, from drawn lists (1000 for a
 * small k) of a fixed seed. Cost: n k^2. Source: Huh et al. 2024 (arXiv 2405.07987), code.
 */
#include "neighbours.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { MOST_DRAWS = 1000, LEAST_DRAWS = 20, MOST_K = 1000 };

static const double chance_work = 1e6;

static const bram_param params[] = {
    {"k", BRAM_PARAM_INTEGER, "10", NULL, 1, MOST_K, "neighbours of each condition"},
    {"normalize", BRAM_PARAM_FLAG, "yes", NULL, 0, 0,
     "conditions are scaled to length 1: cosine instead of inner product"},
    {"output", BRAM_PARAM_CHOICE, "share", "share|length", 0, 0, "of k, or as it is"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* `best` takes b->count + 1 zeros. */
static double longest(const bram_hood *a, const bram_hood *b, double *best)
{
    for (size_t i = 0; i < a->count; i++) {
        double corner = 0; /* best of the row before and the column before */
        for (size_t j = 0; j < b->count; j++) {
            double above = best[j + 1];
            bool match = a->row[i] == b->row[j];
            double with = match ? corner + fmin(a->weight[i], b->weight[j]) : 0;
            corner = above;
            best[j + 1] = fmax(with, fmax(above, best[j]));
        }
    }
    double length = best[b->count];
    memset(best, 0, (b->count + 1) * sizeof *best);
    return length;
}

/* `seen` has a place for each condition: more than there are neighbours. */
static double formula(size_t i, const bram_hood *x, const bram_hood *y, const double *w,
                      double *seen)
{
    (void)w;
    return longest(&x[i], &y[i], seen) / x[i].all;
}

/* k of n things in random order, into row; `pool` has room for 2 k. */
static void draw_some(bram_rng *g, uint32_t *row, uint32_t *pool, size_t k, size_t n)
{
    bool dense = n <= 2 * k;
    for (size_t j = 0; j < (dense ? n : 2 * k); j++) pool[j] = (uint32_t)j;
    for (size_t j = 0; j < k;) {
        size_t pick = bram_rng_below(g, dense ? n - j : n), at = 0;
        if (dense) {
            row[j++] = pool[pick];
            /* all n are set above; NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
            pool[pick] = pool[n - j];
            continue;
        }
        while (at < j && row[at] != pick) at++;
        if (at == j) row[j++] = (uint32_t)pick;
    }
}

static double chance(const bram_hood *x, size_t n, size_t rows, size_t k)
{
    (void)x, (void)rows;
    uint32_t row[2][MOST_K], pool[2 * MOST_K];
    double weight[MOST_K], best[MOST_K + 1] = {0}, sum = 0;
    double draws = fmax(LEAST_DRAWS, fmin(MOST_DRAWS, chance_work / (double)k / (double)k));
    bram_hood a = {row[0], weight, k, (double)k}, b = {row[1], weight, k, (double)k};
    for (size_t j = 0; j < k; j++) weight[j] = 1, row[0][j] = (uint32_t)j;
    bram_rng g = bram_rng_new(0, "lcs-knn/chance");
    for (size_t draw = 0; draw < (size_t)draws; draw++) {
        draw_some(&g, row[1], pool, k, n - 1);
        sum += longest(&a, &b, best) / (double)k / floor(draws);
    }
    return sum;
}

static double finish(double value, size_t k, const bram_options *o)
{
    return bram_option_is(o, "output", "length") ? value * (double)k : value;
}

static const bram_neighbour_rule rule = {
    .name = "lcs-knn", .params = params, .formula = formula, .chance = chance, .finish = finish};

BRAM_NEIGHBOUR_STEPS(rule)

const bram_metric bram_metric_lcs_knn = {
    .name = "lcs-knn",
    .summary = "longest common subsequence of nearest neighbours",
    .source = "Huh et al. 2024",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_ROTATE | BRAM_METRIC_DISTINCT_ROWS,
    BRAM_NEIGHBOUR_ENTRY,
};
