/*
 * noise_conditions.c - the covariance of condition means between folds (sigma_k); see noise.h.
 */
#include "noise.h"

#include "internal.h"
#include "rdm_parts.h"

#include <math.h>
#include <string.h>

/* Sums of rows into a->x, their numbers into a->count, for each condition of each fold. */
static int fold_means(bram_ctx *cx, bram_rdm_patterns *a, const bram_side *side,
                      const bram_rdm_design *g)
{
    *a = (bram_rdm_patterns){.conditions = g->conditions, .folds = g->folds};
    size_t rows = g->conditions * g->folds, p = side->values.cols;
    BRAM_TRY(bram_mat_scratch(cx, &a->x, rows, p));
    a->count = bram_scratch(cx, rows, sizeof *a->count);
    if (!a->count) return BRAM_ENOMEM;
    for (size_t i = 0; i < side->values.rows; i++) {
        size_t to = g->fold[i] * g->conditions + g->condition[i];
        a->count[to]++;
        for (size_t k = 0; k < p; k++) bram_row(&a->x, to)[k] += bram_row(&side->values, i)[k];
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; a->count[i] > 0 && k < p; k++) bram_row(&a->x, i)[k] /= a->count[i];
    return BRAM_OK;
}

/* Each less the mean of its condition over the folds that have it. */
static int centre_conditions(bram_ctx *cx, bram_rdm_patterns *a)
{
    double *mean = bram_scratch(cx, a->x.cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t c = 0; c < a->conditions; c++) {
        double folds = 0;
        memset(mean, 0, a->x.cols * sizeof *mean);
        for (size_t f = 0; f < a->folds; f++) {
            size_t row = f * a->conditions + c;
            if (!(a->count[row] > 0)) continue;
            for (size_t k = 0; k < a->x.cols; k++) mean[k] += bram_row(&a->x, row)[k];
            folds++;
        }
        for (size_t f = 0; f < a->folds; f++) {
            size_t row = f * a->conditions + c;
            for (size_t k = 0; a->count[row] > 0 && k < a->x.cols; k++)
                bram_row(&a->x, row)[k] -= mean[k] / folds;
        }
    }
    return BRAM_OK;
}

static int compute(bram_ctx *cx, bram_mat *out, const bram_side *side, const bram_rdm_design *g,
                   const bram_mat *precision)
{
    bram_rdm_patterns a;
    bram_mat factor, white, sum, together;
    size_t n = g->conditions;
    BRAM_TRY(fold_means(cx, &a, side, g));
    BRAM_TRY(centre_conditions(cx, &a));
    if (precision) {
        BRAM_TRY(bram_rdm_factor(cx, &factor, precision, a.x.cols));
        BRAM_TRY(bram_mat_scratch(cx, &white, a.x.rows, a.x.cols));
        BRAM_TRY(bram_rdm_whiten(cx, &white, &a.x, &factor));
        a.x = white;
    }
    BRAM_TRY(bram_mat_scratch(cx, &sum, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &together, n, n));
    for (size_t f = 0; f < a.folds; f++) {
        bram_mat u = bram_rdm_fold(&a, f);
        BRAM_TRY(bram_syrk(cx, &sum, 1 / (double)a.x.cols, &u, BRAM_AS_IS, 1));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                bram_row(&together, i)[j] += a.count[f * n + i] > 0 && a.count[f * n + j] > 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double folds = bram_row(&together, i)[j];
            bram_row(out, i)[j] = folds > 1 ? bram_row(&sum, i)[j] / (folds - 1) : 0;
        }
    return BRAM_OK;
}

int bram_noise_conditions(bram_ctx *cx, bram_mat *out, const bram_side *side,
                          const bram_rdm_design *g, const bram_mat *precision)
{
    if (!g || !g->condition || !g->fold || !side->values.cols || out->rows != g->conditions ||
        out->cols != g->conditions)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a covariance of conditions of %zu x %zu from %zu conditions, expected "
                         "one row for each, and folds",
                         out->rows, out->cols, g ? g->conditions : 0);
    BRAM_TRY(bram_rdm_design_check(cx, g, side->values.rows));
    for (size_t i = 0; i < side->values.rows; i++)
        for (size_t k = 0; k < side->values.cols; k++)
            if ((side->present && !side->present[i * side->values.cols + k]) ||
                !isfinite(bram_row(&side->values, i)[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "row %zu, channel %zu is missing or not a number", i, k);
    size_t mark = bram_scratch_mark(cx);
    int status = compute(cx, out, side, g, precision);
    bram_scratch_release(cx, mark);
    return status;
}
