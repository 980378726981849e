/*
 * cknna.c - centred kernel nearest-neighbour alignment: debiased CKA in which only pairs count
 * that are neighbours on both sides.
 *
 * With M_ij = 1 where j is among the k nearest of i on both sides, value = h(K, L) / sqrt(h(K, K)
 * h(L, L)), h(K, L) = the unbiased HSIC (hsic.h, song) of M o K and M o L; for h(K, K) M is of K
 * alone. M is not symmetric: as in the published code the sums are over K_ij L_ji and over columns
 * of K and rows of L, so the value is symmetric only nearly. That code adds 1e-6 to the
 * denominator, which depends on the scale of the data and is not done here.
 *
 * Under weights M holds the part of a neighbour that is in both neighbourhoods (neighbours.h).
 * Chance: mean over 20 permutations of up to 500 conditions. k >= 2, n >= 4. Source: Huh et al.
 * 2024 (arXiv 2405.07987).
 */
#include "hsic.h"
#include "neighbours.h"

#include <math.h>

static const bram_param params[] = {
    {"k", BRAM_PARAM_INTEGER, "10", NULL, 2, 1000000, "neighbours of each condition"},
    {"normalize", BRAM_PARAM_FLAG, "yes", NULL, 0, 0,
     "conditions are scaled to length 1: cosine instead of inner product"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* out = M o gram (or its transpose), M from the neighbourhoods a and b. */
static int masked(bram_ctx *cx, bram_mat *out, const bram_mat *gram, const bram_hood *a,
                  const bram_hood *b, const double *w, bool transposed)
{
    size_t n = gram->rows;
    double *part = bram_scratch(cx, n, sizeof *part);
    if (!part) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, out, n, n));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < a[i].count; j++) part[a[i].row[j]] = a[i].weight[j];
        for (size_t j = 0; j < b[i].count; j++) {
            size_t other = b[i].row[j];
            double m = fmin(b[i].weight[j], part[other]) / w[other];
            *(transposed ? &bram_row(out, other)[i]
                         : &bram_row(out, i)[other]) = m * bram_row(gram, i)[other];
        }
        for (size_t j = 0; j < a[i].count; j++) part[a[i].row[j]] = 0;
    }
    return BRAM_OK;
}

static int term(bram_ctx *cx, double *value, const bram_mat *k, const bram_mat *l,
                const bram_hood *x, const bram_hood *y, const bram_row_weights *w)
{
    bram_mat left, right;
    size_t mark = bram_scratch_mark(cx);
    int status = masked(cx, &left, k, x, y, w->w, true);
    if (status == BRAM_OK) status = masked(cx, &right, l, x, y, w->w, false);
    if (status == BRAM_OK)
        status = bram_hsic_value(cx, value, BRAM_HSIC_SONG, &(bram_kernel){&left, NULL},
                                 &(bram_kernel){&right, NULL}, w->w, k->rows);
    bram_scratch_release(cx, mark);
    return status;
}

static int whole(bram_ctx *cx, double *value, const bram_neighbours *model,
                 const bram_neighbours *brain, const bram_hood *x, const bram_hood *y,
                 const bram_row_weights *w, const bram_options *o)
{
    (void)o;
    double both, first, second;
    BRAM_TRY(term(cx, &both, &model->gram, &brain->gram, x, y, w));
    BRAM_TRY(term(cx, &first, &model->gram, &model->gram, x, x, w));
    BRAM_TRY(term(cx, &second, &brain->gram, &brain->gram, y, y, w));
    *value = first > 0 && second > 0 ? both / sqrt(first) / sqrt(second) : (double)NAN;
    return BRAM_OK;
}

static const bram_neighbour_rule rule = {.name = "cknna", .params = params, .whole = whole};

BRAM_NEIGHBOUR_STEPS(rule)

const bram_metric bram_metric_cknna = {
    .name = "cknna",
    .summary = "debiased CKA over pairs that are neighbours on both sides",
    .source = "Huh et al. 2024",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_ROTATE | BRAM_METRIC_DISTINCT_ROWS,
    BRAM_NEIGHBOUR_ENTRY,
};
