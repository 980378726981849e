/*
 * permutation_matching.c - distance after the best one-to-one matching of units: Procrustes with
 * permutations instead of rotations.
 *
 * X (n x p), Y (n x q): columns centred, the narrower padded with zero columns; inner = max over
 * permutations P of tr(P'X'Y), a linear assignment. Forms as in alignment.h: angular arccos(inner /
 * (|X| |Y|)), its cosine, euclidean sqrt(|X|^2 + |Y|^2 - 2 inner), its square. Not invariant to
 * rotation: it asks whether single units are alike.
 *
 * Cost: n p q and min(p, q)^2 max(p, q). Source: Williams, Kunz, Kornblith & Linderman 2021 (arXiv
 * 2110.14739; netrep).
 */
#include "alignment.h"
#include "assignment.h"
#include "patterns.h"

#include <math.h>

static const bram_param params[] = {
    {"output", BRAM_PARAM_CHOICE, "angular", "angular|similarity|euclidean|squared", 0, 0,
     "angle in radians; its cosine; distance of the sides as they are; its square"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* |a / |a| - b / |b||^2 with column i of a beside column[i] of b, and the other columns of b. */
static int find_apart(bram_ctx *cx, double *apart, const bram_mat *a, const bram_mat *b,
                      const size_t *column, double a2, double b2)
{
    bool *taken = bram_scratch(cx, b->cols, sizeof *taken);
    if (!taken) return BRAM_ENOMEM;
    for (size_t k = 0; k < a->cols; k++) taken[column[k]] = true;
    double sum = 0;
    for (size_t i = 0; i < a->rows; i++) {
        const double *x = bram_row(a, i), *y = bram_row(b, i);
        for (size_t k = 0; k < a->cols; k++) {
            double d = x[k] / sqrt(a2) - y[column[k]] / sqrt(b2);
            sum += d * d;
        }
        for (size_t k = 0; k < b->cols; k++)
            if (!taken[k]) sum += y[k] / b2 * y[k];
    }
    *apart = sum;
    return BRAM_OK;
}

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    bool narrow = x->cols <= y->cols;
    const bram_mat *a = narrow ? x : y, *b = narrow ? y : x;
    double a2 = bram_sum_of_squares(a), b2 = bram_sum_of_squares(b), total, apart = NAN;
    bram_form form = bram_form_of(o);
    bram_mat cost;
    size_t *column = bram_scratch(cx, a->cols, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &cost, a->cols, b->cols));
    BRAM_TRY(bram_gemm(cx, &cost, -1, a, BRAM_TRANSPOSED, b, BRAM_AS_IS, 0));
    BRAM_TRY(bram_assignment(cx, column, &total, &cost));
    if (bram_form_needs_apart(form, -total, a2, b2))
        BRAM_TRY(find_apart(cx, &apart, a, b, column, a2, b2));
    *value = bram_form_value(form, -total, a2, b2, apart);
    return BRAM_OK;
}

static const bram_pattern_rule rule = {"permutation-matching", params, 0, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_permutation_matching = {
    .name = "permutation-matching",
    .summary = "distance after the best one-to-one matching of units",
    .source = "Williams, Kunz, Kornblith & Linderman 2021",
    .version = 1,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
