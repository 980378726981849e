/*
 * pwcca.c - projection weighted CCA: canonical correlations averaged by how much of a side each
 * canonical direction accounts for.
 *
 * With the canonical variates h_i (unit norm) of the side that weights, columns x_j of that side
 * and canonical correlations rho_i,
 *   a_i = sum_j |<h_i, x_j>|,   score = sum a_i rho_i / sum a_i
 * over all directions of that side: those without a partner have rho 0, as in Ding et al. Any basis
 * of them would do where there are several; the principal axes of what the side has there are
 * taken, so that the value is defined.
 * Not symmetric: weights=model (the first side, as in Ding et al. 2021, whose distance is 1 -
 * score) or brain. The published code of the original paper uses directions without their whitening
 * there, and the other side's activations in one branch; this is the formula of the paper.
 *
 * The weights are sums over channels: rotations of the side that weights change the score. With too
 * few conditions for the two ranks several rho are 1, their variates are any basis of a plane, and
 * the score is not defined: NaN (unless all are 1: then it is 1). Sources: Morcos, Raghu & Bengio
 * 2018 (arXiv 1806.05759); Ding, Denain & Steinhardt 2021 (arXiv 2108.01661).
 */
#include "alignment.h"
#include "canonical.h"
#include "patterns.h"
#include "spectral.h"

#include <math.h>

static const double one = 1e-10; /* a correlation this near to 1 is 1 */

static const bram_param params[] = {
    {"weights", BRAM_PARAM_CHOICE, "model", "model|brain", 0, 0,
     "the side whose activations weight the correlations"},
    {"output", BRAM_PARAM_CHOICE, "similarity", "similarity|angular|distance", 0, 0,
     "the weighted mean; its arccos in radians; 1 less it"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* Sums of magnitudes of each row of m. */
static void add_magnitudes(double *a, const bram_mat *m)
{
    for (size_t i = 0; i < m->rows; i++)
        for (size_t k = 0; k < m->cols; k++) a[i] += fabs(bram_row(m, i)[k]);
}

/* a_i of the k directions u (rank x k) in the basis q of x; *others = the sum over those beside. */
static int weigh(bram_ctx *cx, double *a, double *others, const bram_mat *q, const bram_mat *u,
                 const bram_mat *x)
{
    bram_mat rest, product, axes, vt;
    size_t rank = q->cols, k = u->cols, least = rank < x->cols ? rank : x->cols;
    BRAM_TRY(bram_mat_scratch(cx, &rest, rank, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &product, k, x->cols));
    BRAM_TRY(bram_gemm(cx, &rest, 1, q, BRAM_TRANSPOSED, x, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &product, 1, u, BRAM_TRANSPOSED, &rest, BRAM_AS_IS, 0));
    add_magnitudes(a, &product);
    *others = 0;
    if (k == rank) return BRAM_OK;
    BRAM_TRY(bram_gemm(cx, &rest, -1, u, BRAM_AS_IS, &product, BRAM_AS_IS, 1));
    double *s = bram_scratch(cx, least, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &axes, rank, least));
    BRAM_TRY(bram_mat_scratch(cx, &vt, least, x->cols));
    BRAM_TRY(bram_svd(cx, &axes, s, &vt, &rest));
    for (size_t i = 0; i < rank - k; i++)
        for (size_t c = 0; c < x->cols; c++) *others += s[i] * fabs(bram_row(&vt, i)[c]);
    return BRAM_OK;
}

static int formula(bram_ctx *cx, double *value, const bram_mat *model, const bram_mat *brain,
                   const bram_options *o)
{
    bool first = bram_option_is(o, "weights", "model");
    const bram_mat *x = first ? model : brain, *y = first ? brain : model;
    bram_canonical c;
    bram_mat u, vt;
    double *s, sum = 0, all;
    BRAM_TRY(bram_left_basis(cx, &c.x, &s, x));
    BRAM_TRY(bram_left_basis(cx, &c.y, &s, y));
    BRAM_TRY(bram_canonical_join(cx, &c));
    size_t k = c.x.cols < c.y.cols ? c.x.cols : c.y.cols, ones = 0;
    double *rho = bram_scratch(cx, k, sizeof *rho);
    double *a = rho ? bram_scratch(cx, k, sizeof *a) : NULL;
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &u, c.x.cols, k));
    BRAM_TRY(bram_mat_scratch(cx, &vt, k, c.y.cols));
    BRAM_TRY(bram_svd(cx, &u, rho, &vt, &c.product));
    BRAM_TRY(weigh(cx, a, &all, &c.x, &u, x));
    for (size_t i = 0; i < k; i++) {
        sum += a[i] * fmin(rho[i], 1), all += a[i];
        ones += rho[i] > 1 - one;
    }
    double score = ones > 1 && ones < c.x.cols ? (double)NAN : sum / all;
    *value = bram_option_is(o, "output", "angular")    ? bram_angle(score)
             : bram_option_is(o, "output", "distance") ? 1 - score
                                                       : score;
    return BRAM_OK;
}

static const bram_pattern_rule rule = {"pwcca", params, 0, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_pwcca = {
    .name = "pwcca",
    .summary = "projection weighted mean of canonical correlations",
    .source = "Morcos, Raghu & Bengio 2018; Ding, Denain & Steinhardt 2021",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
