/*
 * agtic.c - adaptive geo-topological dependence: the largest distance correlation of two
 * dissimilarity matrices over thresholds of each.
 *
 * With T thresholds q_t, the quantiles t / (T - 1) of the whole matrix (its diagonal of zeros
 * included), a side is transformed for every pair l < u: clip((d - q_l) / (q_u - q_l), 0, 1), or
 * d > q_l where the two are equal. raw = the maximum over the transforms of both sides of
 *   dCor = sqrt(dCov / sqrt(dVar dVar)),  dCov = mean of products of doubly centred matrices,
 * in its biased form. l= and u= fix one transform for both sides instead of the search. One value
 * in [0, 1], 1 for equal sides; NaN for fewer than three conditions or constant sides. Chance is
 * above 0 and depends on n.
 *
 * Weights: means under multiplicities; copies of a condition are at distance 0. A missing pair gets
 * the least value that the triangle inequality leaves it. Cost: O(T^4 n^2) as one product.
 *
 * Sources: Lin & Kriegeskorte 2018, arXiv 1810.02923; Szekely, Rizzo & Bakirov 2007.
 */
#include "gt_transform.h"
#include "internal.h"
#include "linalg.h"
#include "topology_side.h"

#include <math.h>

static const bram_param params[] = {
    {"thresholds", BRAM_PARAM_INTEGER, "5", NULL, 2, 21, "quantiles to search l < u among"},
    {"l", BRAM_PARAM_REAL, "auto", NULL, 0, 1, "one lower threshold for both sides"},
    {"u", BRAM_PARAM_REAL, "auto", NULL, 0, 1, "one upper threshold for both sides"},
    BRAM_TOPOLOGY_RDM,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct agtic {
    bram_topology_pair sides;
    size_t thresholds;
    double low, high; /* NaN: searched */
};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    double low = bram_option_real(o, "l"), high = bram_option_real(o, "u");
    if (isnan(low) != isnan(high) || low > high)
        return bram_fail(cx, BRAM_EUSAGE, "l=%g and u=%g, expected both with l <= u, or neither",
                         low, high);
    void *made = NULL;
    BRAM_TRY(bram_topology_pair_new(cx, &made, sizeof(struct agtic), c));
    struct agtic *a = made;
    a->thresholds = (size_t)bram_option_integer(o, "thresholds");
    a->low = low, a->high = high;
    *out = a, *values = 1;
    return BRAM_OK;
}

/* Row s of centred: the transform by q_l, q_u, doubly centred, entries times sqrt(w_i w_j). Its
 * square is dVar. */
static int centred_transform(bram_ctx *cx, double *row, const double *d, size_t n, const double *w,
                             double low, double high)
{
    double *mean = bram_scratch(cx, n, sizeof *mean), all = 0;
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++) {
            double g = high > low ? fmin(1, fmax(0, (d[k] - low) / (high - low))) : d[k] > low;
            row[i * n + j] = row[j * n + i] = g;
            mean[i] += w[j] * g, mean[j] += w[i] * g;
        }
    for (size_t i = 0; i < n; i++) all += w[i] * mean[i];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double g = i == j ? 0 : row[i * n + j];
            row[i * n + j] = sqrt(w[i] * w[j]) * (g - mean[i] - mean[j] + all);
        }
    return BRAM_OK;
}

/* All transforms of a side: one row each. */
static int transforms(bram_ctx *cx, bram_mat *out, const struct agtic *a, const bram_draw *draw,
                      const double *w, const bram_topology_side *side)
{
    size_t n = draw->n, levels = isnan(a->low) ? a->thresholds : 2, at = 0;
    double *d, *level = bram_scratch(cx, levels, sizeof *level);
    if (!level) return BRAM_ENOMEM;
    BRAM_TRY(bram_drawn_full(cx, &d, draw, side));
    for (size_t t = 0; t < levels; t++) {
        double p = isnan(a->low) ? (double)t / (double)(levels - 1) : t ? a->high : a->low;
        BRAM_TRY(bram_square_quantile(cx, &level[t], d, n, draw->times, p));
    }
    BRAM_TRY(bram_mat_scratch(cx, out, levels * (levels - 1) / 2, n * n));
    for (size_t l = 0; l < levels; l++)
        for (size_t u = l + 1; u < levels; u++)
            BRAM_TRY(centred_transform(cx, bram_row(out, at++), d, n, w, level[l], level[u]));
    return BRAM_OK;
}

/* The root of dVar of every row. */
static double *lengths(bram_ctx *cx, const bram_mat *x)
{
    double *length = bram_scratch(cx, x->rows, sizeof *length);
    for (size_t i = 0; length && i < x->rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < x->cols; k++) sum += bram_row(x, i)[k] * bram_row(x, i)[k];
        length[i] = sqrt(sum);
    }
    return length;
}

static int value_of(bram_ctx *cx, double *value, const void *pair, const bram_draw *draw)
{
    const struct agtic *a = pair;
    bram_mat x, y, product;
    double total = 0, *w = bram_scratch(cx, draw->n, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    for (size_t i = 0; i < draw->n; i++) total += draw->times[i];
    for (size_t i = 0; i < draw->n; i++) w[i] = draw->times[i] / total;
    BRAM_TRY(transforms(cx, &x, a, draw, w, a->sides.model));
    BRAM_TRY(transforms(cx, &y, a, draw, w, a->sides.brain));
    const double *x_length = lengths(cx, &x), *y_length = lengths(cx, &y);
    if (!x_length || !y_length) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &product, x.rows, y.rows));
    BRAM_TRY(bram_gemm(cx, &product, 1, &x, BRAM_AS_IS, &y, BRAM_TRANSPOSED, 0));
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < y.rows; j++) {
            double scale = x_length[i] * y_length[j];
            double r = scale > 0 ? sqrt(fabs(bram_row(&product, i)[j]) / scale) : (double)NAN;
            if (!isnan(r)) *value = isnan(*value) ? fmin(r, 1) : fmin(fmax(*value, r), 1);
        }
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    return bram_topology_compare(cx, raw, state, weight, value_of);
}

const bram_metric bram_metric_agtic = {
    .name = "agtic",
    .summary = "largest distance correlation of geo-topologically transformed dissimilarities",
    .source = "Lin & Kriegeskorte 2018, arXiv 1810.02923",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE |
             BRAM_METRIC_SAMPLE_SIZE,
    .chance = NAN,
    .params = params,
    .prepare = bram_topology_prepare,
    .release = bram_topology_release,
    .pair = pair,
    .release_pair = bram_topology_pair_free,
    .compare = compare,
};
