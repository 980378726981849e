/*
 * ssm.c - similarity of similarity matrices: how two sides agree on which stimuli are alike.
 *
 * S = correlation of the response vectors of each pair of stimuli (rows=pearson, or spearman over
 * the ranks within each vector); the value is the Spearman (compare=pearson: Pearson) correlation
 * of the pairs of the two S. The same as rsa with correlation distances, which only turns both
 * matrices round. Pairs that are undefined on a side (a constant response vector, too few channels
 * present) are left out of both.
 *
 * Weights as in rsa: a stimulus drawn m_i times makes m_i m_j pairs with another and none with
 * itself. Chance 0. Source: Shi, Shea-Brown & Buice 2019 (arXiv 1911.07986).
 */
#include "linalg.h"
#include "moments.h"
#include "patterns.h"
#include "rdm_compare.h"
#include "stats.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"rows", BRAM_PARAM_CHOICE, "pearson", "pearson|spearman", 0, 0,
     "correlation of two response vectors"},
    {"compare", BRAM_PARAM_CHOICE, "spearman", "spearman|pearson", 0, 0,
     "correlation of the two matrices over their pairs"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* 1 - S over the pairs, as a set of one. */
struct side {
    size_t n;
    double *d;
    bram_rdm_set *set; /* NULL for fewer than two stimuli */
};

struct ssm {
    const struct side *model, *brain;
    size_t groups;
    uint32_t *group;
};

static void release(void *prepared)
{
    struct side *s = prepared;
    if (!s) return;
    bram_rdm_set_free(s->set);
    bram_free(s->d);
    bram_free(s);
}

/* Each row replaced by the ranks of what is present in it; in scratch memory. */
static int rank_rows(bram_ctx *cx, bram_side *out, const bram_side *side)
{
    size_t n = side->values.rows, p = side->values.cols;
    bram_mat ranked;
    double *values = bram_scratch(cx, p, sizeof *values);
    double *ranks = values ? bram_scratch(cx, p, sizeof *ranks) : NULL;
    if (!ranks) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &ranked, n, p));
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        const uint8_t *present = side->present ? side->present + i * p : NULL;
        for (size_t k = 0; k < p; k++)
            if (!present || present[k]) values[count++] = bram_row(&side->values, i)[k];
        BRAM_TRY(bram_ranks(cx, ranks, values, count));
        for (size_t k = 0, at = 0; k < p; k++)
            if (!present || present[k]) bram_row(&ranked, i)[k] = ranks[at++];
    }
    *out = *side;
    out->values = ranked;
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct side *s, const bram_options *o, const bram_side *side)
{
    bram_side used = *side;
    if (side->is_rdm)
        return bram_fail(cx, BRAM_EUSAGE,
                         "found a dissimilarity matrix, ssm compares responses; rsa compares RDMs");
    if (bram_option_is(o, "rows", "spearman")) BRAM_TRY(rank_rows(cx, &used, side));
    BRAM_TRY(bram_rdm_new(cx, &s->d, &used, BRAM_RDM_CORRELATION));
    s->n = side->values.rows;
    size_t pairs = bram_rdm_pairs(s->n);
    bram_rdm_measure m = {.comparator = bram_option_is(o, "compare", "spearman")
                                            ? BRAM_COMPARE_SPEARMAN
                                            : BRAM_COMPARE_CORR};
    bram_mat row = {s->d, 1, pairs, pairs};
    return pairs ? bram_rdm_set_new(cx, &s->set, &m, &row, s->n) : BRAM_OK;
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    struct side *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = fill(cx, s, o, side);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *prepared = s;
    else release(s);
    return status;
}

static void release_pair(void *pair)
{
    struct ssm *s = pair;
    if (!s) return;
    bram_free(s->group);
    bram_free(s);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const struct side *model = c->model, *brain = c->brain;
    size_t groups;
    if (model->n != brain->n)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu stimuli, the brain %zu", model->n,
                         brain->n);
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, brain->n));
    struct ssm *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    (void)o;
    *s = (struct ssm){model, brain, groups, NULL};
    if (c->groups.group) {
        s->group = bram_alloc(cx, brain->n, sizeof *s->group);
        if (!s->group) {
            release_pair(s);
            return BRAM_ENOMEM;
        }
        memcpy(s->group, c->groups.group, brain->n * sizeof *s->group);
    }
    *out = s, *values = 1;
    return BRAM_OK;
}

static int weigh_and_compare(bram_ctx *cx, double *value, const struct ssm *s, const double *weight)
{
    double *times = NULL;
    bram_mat out = {value, 1, 1, 1};
    *value = NAN;
    if (!s->model->set || !s->brain->set) return BRAM_OK;
    if (weight) {
        times = bram_scratch(cx, s->brain->n, sizeof *times);
        if (!times) return BRAM_ENOMEM;
        for (size_t i = 0; i < s->brain->n; i++) times[i] = weight[s->group ? s->group[i] : i];
    }
    return bram_rdm_sets_compare(cx, &out, NULL, s->model->set, s->brain->set, times);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct ssm *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = weigh_and_compare(cx, &value, s, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}

const bram_metric bram_metric_ssm = {
    .name = "ssm",
    .summary = "similarity of similarity matrices",
    .source = "Shi, Shea-Brown & Buice 2019",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_DISTINCT_ROWS,
    .chance = 0,
    .params = params,
    .prepare = prepare,
    .release = release,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
};
