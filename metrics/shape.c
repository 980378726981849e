/*
 * shape.c - generalised shape metrics: Procrustes after partial whitening, between Procrustes
 * (alpha = 1) and CCA (alpha = 0).
 *
 * Each centred side X is replaced by X Z, Z = alpha I + (1 - alpha) (X'X)^(-1/2), rescaled to the
 * norm of X; with X = U diag(s) V' that is U diag(s') V', s'_i = c (alpha s_i + 1 - alpha). Then
 * the Procrustes distance, the narrower side padded with zeros. With alpha = 0 the angle is
 * arccos(sum rho / sqrt(rank X rank Y)). Directions with s_i <= max(n, p) eps s_1 are left out (the
 * reference implementation clips eigenvalues below 1e-7, whatever the scale of the data).
 *
 * X'X is a sum over the rows, not a mean, as in netrep: with 0 < alpha < 1 the value depends on the
 * scale of the data and on the number of rows. Source: Williams, Kunz, Kornblith & Linderman 2021
 * (arXiv 2110.14739).
 */
#include "alignment.h"
#include "patterns.h"
#include "spectral.h"

#include <math.h>

static const bram_param params[] = {
    {"alpha", BRAM_PARAM_REAL, "1", NULL, 0, 1, "1: Procrustes; 0: whitened, as CCA"},
    {"output", BRAM_PARAM_CHOICE, "angular", "angular|similarity|euclidean|squared", 0, 0,
     "angle in radians; its cosine; distance; its square"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* U diag(s'), which V' would only rotate. */
static int whiten(bram_ctx *cx, bram_mat *out, const bram_mat *x, double alpha)
{
    bram_mat u;
    double *s, before = 0, after = 0;
    BRAM_TRY(bram_left_basis(cx, &u, &s, x));
    for (size_t k = 0; k < u.cols; k++) {
        double whitened = alpha * s[k] + 1 - alpha;
        before += s[k] * s[k], after += whitened * whitened;
        s[k] = whitened;
    }
    for (size_t i = 0; i < u.rows; i++)
        for (size_t k = 0; k < u.cols; k++) bram_row(&u, i)[k] *= s[k] * sqrt(before / after);
    *out = u;
    return BRAM_OK;
}

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    double alpha = bram_option_real(o, "alpha");
    bram_mat a = *x, b = *y;
    if (alpha < 1) BRAM_TRY(whiten(cx, &a, x, alpha));
    if (alpha < 1) BRAM_TRY(whiten(cx, &b, y, alpha));
    return bram_procrustes(cx, value, bram_form_of(o), &a, &b);
}

static const bram_pattern_rule rule = {"shape", params, BRAM_PATTERNS_REDUCE, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_shape = {
    .name = "shape",
    .summary = "generalised shape metric: Procrustes after partial whitening",
    .source = "Williams, Kunz, Kornblith & Linderman 2021",
    .version = 1,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
