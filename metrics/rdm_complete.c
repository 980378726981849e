/*
 * rdm_complete.c - each estimator from patterns of which nothing is missing: what its parts are.
 *
 * Crossnobis with M folds of which each has as many rows of a condition: with S the sum of the
 * folds and x_f the means, the mean over folds of (x_f)_ij' P (rest of the folds)_ij is [S_ij' P
 * S_ij - sum_f (x_f)_ij' P (x_f)_ij] / (M (M - 1)),   ( )_ij: row i less row j, M + 1 squares
 * instead of M products. Else each fold is paired with the mean over the rows of the others. With a
 * precision for each fold every pair of folds is whitened by the inverse of the mean of their
 * covariances (Walther et al. 2016; rsatoolbox 0.3).
 */
#include "rdm_parts.h"

#include "noise.h"

#include <math.h>
#include <string.h>

/* ---- noise ---------------------------------------------------------------------------------- */

static bool is_whitened(bram_rdm_kind kind)
{
    return kind == BRAM_RDM_MAHALANOBIS || kind == BRAM_RDM_CROSSNOBIS;
}

static void take(bram_mat *out, const bram_mat *from, const size_t *channel)
{
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++)
            bram_row(out, i)[j] = bram_row(from,
                                           channel ? channel[i] : i)[channel ? channel[j] : j];
}

static int covariances(bram_ctx *cx, bram_rdm_noise *noise, const bram_rdm_options *o)
{
    if (noise->covariance) return BRAM_OK;
    bram_mat *all = bram_scratch(cx, o->precisions, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    for (size_t f = 0; f < o->precisions; f++) {
        BRAM_TRY(bram_mat_scratch(cx, all + f, o->precision[f].rows, o->precision[f].rows));
        take(all + f, o->precision + f, NULL);
        BRAM_TRY(bram_noise_invert(cx, all + f));
    }
    noise->covariance = all;
    return BRAM_OK;
}

/* The factor of the inverse of the mean of two covariances. */
static int pair_factor(bram_ctx *cx, bram_mat *factor, const bram_mat *a, const bram_mat *b,
                       const size_t *channel, size_t channels)
{
    bram_mat s, t;
    BRAM_TRY(bram_mat_scratch(cx, &s, channels, channels));
    BRAM_TRY(bram_mat_scratch(cx, &t, channels, channels));
    take(&s, a, channel);
    take(&t, b, channel);
    for (size_t i = 0; i < channels; i++)
        for (size_t j = 0; j < channels; j++)
            bram_row(&s, i)[j] = (bram_row(&s, i)[j] + bram_row(&t, i)[j]) / 2;
    BRAM_TRY(bram_noise_invert(cx, &s));
    return bram_rdm_factor(cx, factor, &s, channels);
}

int bram_rdm_noise_new(bram_ctx *cx, bram_rdm_noise *out, const bram_rdm_options *o,
                       const size_t *channel, size_t channels)
{
    size_t m = o->precisions;
    if (!m || !is_whitened(o->kind)) return BRAM_OK;
    bram_rdm_noise noise = {.factors = m == 1 ? 1 : m * (m - 1) / 2, .covariance = out->covariance};
    noise.factor = bram_scratch(cx, noise.factors, sizeof *noise.factor);
    if (!noise.factor) return BRAM_ENOMEM;
    if (m == 1 && !channel) {
        BRAM_TRY(bram_rdm_factor(cx, noise.factor, o->precision, channels));
    } else {
        BRAM_TRY(covariances(cx, &noise, o));
        const bram_mat *s = noise.covariance;
        bram_mat *to = noise.factor;
        if (m == 1) BRAM_TRY(pair_factor(cx, to, s, s, channel, channels));
        for (size_t f = 0; f < m; f++)
            for (size_t g = f + 1; g < m; g++)
                BRAM_TRY(pair_factor(cx, to++, s + f, s + g, channel, channels));
    }
    *out = noise;
    return BRAM_OK;
}

/* ---- one fold ------------------------------------------------------------------------------- */

/* x = rates, logs = their logarithms, columns centred */
static int rates(bram_ctx *cx, bram_mat *x, bram_mat *logs, const bram_rdm_options *o)
{
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) {
            double *a = bram_row(x, i) + k;
            *a = (*a + o->prior_weight * o->prior_rate) / (1 + o->prior_weight);
            bram_row(logs, i)[k] = log(*a);
        }
    BRAM_TRY(bram_rdm_centre(cx, x));
    return bram_rdm_centre(cx, logs);
}

static int one_fold(bram_ctx *cx, double *d, bram_mat *x, const bram_rdm_noise *noise,
                    const bram_rdm_options *o)
{
    bram_rdm_part part = {.u = *x, .weight = 1};
    double divisor = (double)x->cols;
    if (o->kind == BRAM_RDM_CORRELATION || o->kind == BRAM_RDM_COSINE) {
        BRAM_TRY(bram_rdm_standardize(cx, x, o->kind == BRAM_RDM_CORRELATION));
        divisor = 2;
    } else if (o->kind == BRAM_RDM_POISSON) {
        BRAM_TRY(bram_mat_scratch(cx, &part.v, x->rows, x->cols));
        BRAM_TRY(rates(cx, x, &part.v, o));
    } else {
        BRAM_TRY(bram_rdm_centre(cx, x));
        if (noise->factors) {
            BRAM_TRY(bram_mat_scratch(cx, &part.u, x->rows, x->cols));
            BRAM_TRY(bram_rdm_whiten(cx, &part.u, x, noise->factor));
        }
    }
    return bram_rdm_add_parts(cx, d, &part, 1, x->rows, divisor);
}

/* ---- several folds -------------------------------------------------------------------------- */

static bool evenly_filled(const bram_rdm_patterns *a)
{
    for (size_t f = 1; f < a->folds; f++)
        for (size_t c = 0; c < a->conditions; c++)
            if (a->count[f * a->conditions + c] != a->count[c]) return false;
    return true;
}

/* rest = the mean over the rows of all folds but f */
static void mean_of_others(bram_mat *rest, const bram_rdm_patterns *a, size_t f)
{
    for (size_t c = 0; c < a->conditions; c++) {
        double *row = bram_row(rest, c), rows = 0;
        memset(row, 0, rest->cols * sizeof *row);
        for (size_t g = 0; g < a->folds; g++) {
            if (g == f) continue;
            double count = a->count[g * a->conditions + c];
            const double *x = bram_row(&a->x, g * a->conditions + c);
            for (size_t k = 0; k < rest->cols; k++) row[k] += count * x[k];
            rows += count;
        }
        for (size_t k = 0; k < rest->cols; k++) row[k] /= rows;
    }
}

static int even_folds(bram_ctx *cx, double *d, const bram_rdm_patterns *a)
{
    bram_rdm_part *part = bram_scratch(cx, a->folds + 1, sizeof *part);
    bram_mat sum;
    if (!part) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &sum, a->conditions, a->x.cols));
    for (size_t f = 0; f < a->folds; f++) {
        bram_mat x = bram_rdm_fold(a, f);
        for (size_t i = 0; i < a->conditions; i++)
            for (size_t k = 0; k < x.cols; k++) bram_row(&sum, i)[k] += bram_row(&x, i)[k];
        part[f + 1] = (bram_rdm_part){.u = x, .weight = -1};
    }
    part[0] = (bram_rdm_part){.u = sum, .weight = 1};
    double pairs = (double)a->folds * (double)(a->folds - 1);
    return bram_rdm_add_parts(cx, d, part, a->folds + 1, a->conditions, pairs * (double)sum.cols);
}

static int fold_against_rest(bram_ctx *cx, double *d, const bram_rdm_patterns *a)
{
    bram_mat rest;
    BRAM_TRY(bram_mat_scratch(cx, &rest, a->conditions, a->x.cols));
    for (size_t f = 0; f < a->folds; f++) {
        mean_of_others(&rest, a, f);
        bram_rdm_part part = {bram_rdm_fold(a, f), rest, 1};
        double divisor = (double)a->folds * (double)rest.cols;
        BRAM_TRY(bram_rdm_add_parts(cx, d, &part, 1, a->conditions, divisor));
    }
    return BRAM_OK;
}

static int fold_pairs(bram_ctx *cx, double *d, const bram_rdm_patterns *a,
                      const bram_rdm_noise *noise)
{
    bram_mat u, v;
    const bram_mat *factor = noise->factor;
    BRAM_TRY(bram_mat_scratch(cx, &u, a->conditions, a->x.cols));
    BRAM_TRY(bram_mat_scratch(cx, &v, a->conditions, a->x.cols));
    for (size_t f = 0; f < a->folds; f++)
        for (size_t g = f + 1; g < a->folds; g++, factor++) {
            bram_mat x = bram_rdm_fold(a, f), y = bram_rdm_fold(a, g);
            BRAM_TRY(bram_rdm_whiten(cx, &u, &x, factor));
            BRAM_TRY(bram_rdm_whiten(cx, &v, &y, factor));
            bram_rdm_part part = {u, v, 1};
            double divisor = (double)noise->factors * (double)u.cols;
            BRAM_TRY(bram_rdm_add_parts(cx, d, &part, 1, a->conditions, divisor));
        }
    return BRAM_OK;
}

static int crossnobis(bram_ctx *cx, double *d, bram_rdm_patterns *a, const bram_rdm_noise *noise)
{
    for (size_t f = 0; f < a->folds; f++) {
        bram_mat x = bram_rdm_fold(a, f);
        BRAM_TRY(bram_rdm_centre(cx, &x));
    }
    if (noise->factors > 1) return fold_pairs(cx, d, a, noise);
    bram_rdm_patterns white = *a;
    if (noise->factors) {
        BRAM_TRY(bram_mat_scratch(cx, &white.x, a->x.rows, a->x.cols));
        BRAM_TRY(bram_rdm_whiten(cx, &white.x, &a->x, noise->factor));
    }
    return evenly_filled(a) ? even_folds(cx, d, &white) : fold_against_rest(cx, d, &white);
}

/* Rates from the other folds, their logarithms from the fold itself; all folds count (rsatoolbox
 * 0.3 keeps only the last). */
static int poisson_cv(bram_ctx *cx, double *d, const bram_rdm_patterns *a,
                      const bram_rdm_options *o)
{
    bram_mat rest, logs, ignored;
    BRAM_TRY(bram_mat_scratch(cx, &rest, a->conditions, a->x.cols));
    BRAM_TRY(bram_mat_scratch(cx, &logs, a->conditions, a->x.cols));
    BRAM_TRY(bram_mat_scratch(cx, &ignored, a->conditions, a->x.cols));
    for (size_t f = 0; f < a->folds; f++) {
        bram_mat x = bram_rdm_fold(a, f);
        mean_of_others(&rest, a, f);
        BRAM_TRY(rates(cx, &rest, &ignored, o));
        for (size_t i = 0; i < a->conditions; i++)
            memcpy(bram_row(&ignored, i), bram_row(&x, i), x.cols * sizeof *x.data);
        BRAM_TRY(rates(cx, &ignored, &logs, o));
        bram_rdm_part part = {rest, logs, 1};
        double divisor = (double)a->folds * (double)x.cols;
        BRAM_TRY(bram_rdm_add_parts(cx, d, &part, 1, a->conditions, divisor));
    }
    return BRAM_OK;
}

int bram_rdm_complete(bram_ctx *cx, double *d, bram_rdm_patterns *a, const bram_rdm_noise *noise,
                      const bram_rdm_options *o)
{
    if (o->kind == BRAM_RDM_CROSSNOBIS) return crossnobis(cx, d, a, noise);
    if (o->kind == BRAM_RDM_POISSON_CV) return poisson_cv(cx, d, a, o);
    return one_fold(cx, d, &a->x, noise, o);
}
