/*
 * soft_matching.c - soft matching: optimal transport between the units of two sides, each side's
 * units sharing a mass of 1 equally.
 *
 *   correlation  max over couplings T of sum T_ij r_ij, r the Pearson correlation of unit i of X
 *                and unit j of Y; units that are constant are left out
 *   distance     sqrt(min sum T_ij |x_i - y_j|^2), tuning curves centred
 * With p = q it is the best one-to-one matching; with p != q a unit may be shared. Exact, by the
 * network simplex (core/transport.c). Not invariant to rotation. Chance: the mean over permutations
 * of the conditions, where that is cheap; it grows with the number of units to choose from.
 *
 * Source: Khosla & Williams 2024 (arXiv 2311.09466).
 */
#include "patterns.h"
#include "transport.h"

#include "linalg.h"

#include <math.h>

static const double small_share = 1e-6; /* of |x|^2 + |y|^2: below, differences are taken */

static const bram_param params[] = {
    {"output", BRAM_PARAM_CHOICE, "correlation", "correlation|distance", 0, 0,
     "sum of matched correlations; root of the mean squared distance"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* The columns that are not constant, of length 1. */
static int normalize(bram_ctx *cx, bram_mat *out, const bram_mat *x)
{
    double *square = bram_scratch(cx, x->cols, sizeof *square);
    if (!square) return BRAM_ENOMEM;
    size_t kept = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) square[k] += bram_row(x, i)[k] * bram_row(x, i)[k];
    for (size_t k = 0; k < x->cols; k++) kept += square[k] > 0;
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, kept));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0, at = 0; k < x->cols; k++)
            if (square[k] > 0) bram_row(out, i)[at++] = bram_row(x, i)[k] / sqrt(square[k]);
    return BRAM_OK;
}

static int by_correlation(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y)
{
    bram_mat a, b, cost;
    double total;
    BRAM_TRY(normalize(cx, &a, x));
    BRAM_TRY(normalize(cx, &b, y));
    BRAM_TRY(bram_mat_scratch(cx, &cost, a.cols, b.cols));
    BRAM_TRY(bram_gemm(cx, &cost, -1, &a, BRAM_TRANSPOSED, &b, BRAM_AS_IS, 0));
    BRAM_TRY(bram_transport_uniform(cx, NULL, NULL, &total, &cost));
    *value = -total;
    return BRAM_OK;
}

static int by_distance(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y)
{
    bram_mat cost;
    double *square = bram_scratch(cx, x->cols, sizeof *square), total;
    double *other = square ? bram_scratch(cx, y->cols, sizeof *other) : NULL;
    if (!other) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &cost, x->cols, y->cols));
    BRAM_TRY(bram_gemm(cx, &cost, -2, x, BRAM_TRANSPOSED, y, BRAM_AS_IS, 0));
    for (size_t i = 0; i < x->rows; i++) {
        for (size_t k = 0; k < x->cols; k++) square[k] += bram_row(x, i)[k] * bram_row(x, i)[k];
        for (size_t k = 0; k < y->cols; k++) other[k] += bram_row(y, i)[k] * bram_row(y, i)[k];
    }
    for (size_t a = 0; a < x->cols; a++)
        for (size_t b = 0; b < y->cols; b++) {
            double both = square[a] + other[b], *c = &bram_row(&cost, a)[b];
            *c += both;
            if (*c > small_share * both) continue;
            *c = 0;
            for (size_t i = 0; i < x->rows; i++) {
                double d = bram_row(x, i)[a] - bram_row(y, i)[b];
                *c += d * d;
            }
        }
    BRAM_TRY(bram_transport_uniform(cx, NULL, NULL, &total, &cost));
    *value = sqrt(fmax(total, 0));
    return BRAM_OK;
}

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    return bram_option_is(o, "output", "distance") ? by_distance(cx, value, x, y)
                                                   : by_correlation(cx, value, x, y);
}

static bool higher_better(const bram_options *o)
{
    return bram_option_is(o, "output", "correlation");
}

static const bram_pattern_rule rule = {"soft-matching", params, 0, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_soft_matching = {
    .name = "soft-matching",
    .summary = "optimal transport between units: mean matched correlation",
    .source = "Khosla & Williams 2024",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT,
    .higher_better = higher_better,
    BRAM_PATTERN_ENTRY,
};
