/*
 * cca.c - canonical correlation analysis: the mean canonical correlation of two representations.
 *
 * rho_i = singular values of Qx'Qy, Qx and Qy orthonormal bases of the centred sides; directions
 * whose singular value is at most max(n, p) eps s_1 are no directions (rank). The score is the mean
 * over min(rank X, rank Y): mean=rho (Raghu et al. 2017), mean=rho2 (R2_CCA of Kornblith et al.
 * 2019); over=sqrt divides by sqrt(rank X rank Y) instead, whose arccos is the shape metric with
 * alpha = 0.
 *
 * Any invertible linear map of either side leaves it as it is, so noise counts as much as signal:
 * with n - 1 <= rank X + rank Y some rho are 1 whatever the data (a note says so), and chance is
 * high: E mean rho^2 = max(rank) / (n - 1) exactly over row permutations; for rho it is the mean
 * over 20 permutations where that is cheap. A bootstrap draw has fewer different rows than the
 * data, and its value is the higher for it: read intervals against the chance level, or reduce
 * first (svcca:dim=).
 *
 * Sources: Hotelling 1936; Raghu et al. 2017 (arXiv 1706.05806); Kornblith et al. 2019 (arXiv
 * 1905.00414).
 */
#include "alignment.h"
#include "canonical.h"
#include "patterns.h"
#include "spectral.h"

#include <math.h>

static const bram_param params[] = {
    BRAM_CANONICAL_PARAMS,
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    bram_canonical c;
    bram_canonical_mean m = bram_canonical_mean_of(o);
    double *s;
    BRAM_TRY(bram_left_basis(cx, &c.x, &s, x));
    BRAM_TRY(bram_left_basis(cx, &c.y, &s, y));
    BRAM_TRY(bram_canonical_join(cx, &c));
    return bram_canonical_score(cx, value, &c, &m);
}

/* E |Qx'Qy|^2 = a b / (n - 1): the mean over permutations of the inner product of two projections
 * of ranks a and b, all orthogonal to 1. */
static int chance(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                  const bram_options *o)
{
    bram_canonical_mean m = bram_canonical_mean_of(o);
    *value = NAN;
    if (!m.squared || m.angular || m.keep < 1 || !bram_option_flag(o, "centre")) return BRAM_OK;
    bram_mat u, v;
    double *s;
    BRAM_TRY(bram_left_basis(cx, &u, &s, x));
    BRAM_TRY(bram_left_basis(cx, &v, &s, y));
    double a = (double)u.cols, b = (double)v.cols;
    *value = fmin(1, a * b / (double)(x->rows - 1) / (m.geometric ? sqrt(a * b) : fmin(a, b)));
    return BRAM_OK;
}

static const bram_pattern_rule rule = {"cca", params, BRAM_PATTERNS_REDUCE, formula, chance};

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    return bram_pattern_prepare(cx, prepared, o, side, &rule);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const bram_patterns *model = c->model, *brain = c->brain;
    BRAM_TRY(bram_pattern_pair(cx, out, values, o, c, &rule));
    if (brain->x.rows <= model->channels + brain->channels)
        bram_note(cx,
                  "cca: %zu conditions for %zu and %zu channels: some canonical correlations are 1 "
                  "whatever the data; svcca with few dimensions is to be read",
                  brain->x.rows, model->channels, brain->channels);
    return BRAM_OK;
}

const bram_metric bram_metric_cca = {
    .name = "cca",
    .summary = "mean canonical correlation",
    .source = "Hotelling 1936; Raghu et al. 2017; Kornblith et al. 2019",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
