/*
 * rsa.c - representational similarity analysis: how alike two dissimilarity matrices are.
 *
 * Each side is an RDM, or patterns from which rdm= makes one over the rows (conditions), as
 * rdm_side.h says. Pairs that are undefined on either side are left out of both. raw = the
 * comparison over the pairs: one value, NaN where it is not defined (a constant RDM, fewer than
 * three conditions). compare= is one of the measures of rdm_compare.h, whitening with independent
 * conditions; what is a distance there is negative here, so that more is always better.
 *
 * Weights are multiplicities of conditions, as in rdm_compare.h. Each RDM is sorted once, when it
 * is prepared.
 *
 * Sources: Kriegeskorte, Mur & Bandettini 2008; Nili et al. 2014 (tau-a); Schuett et al. 2023.
 */
#include "internal.h"
#include "linalg.h"
#include "moments.h"
#include "rdm_compare.h"
#include "rdm_pool.h"
#include "rdm_side.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"rdm", BRAM_PARAM_CHOICE, "correlation",
     "correlation|euclidean|cosine|mahalanobis|crossnobis|poisson|poisson_cv|given", 0, 0,
     "dissimilarity of two rows ('bramble rdm' tells which is which); given: both sides are RDMs"},
    {"compare", BRAM_PARAM_CHOICE, "spearman",
     "spearman|pearson|corr|cosine|tau-a|tau-b|kendall|rho-a|cosine_cov|cka|corr_cov|bures|"
     "neg_bures_metric|neg_riem_dist",
     0, 0, "how the two RDMs are compared; pearson = corr, kendall = tau-b, cka = cosine_cov"},
    BRAM_RDM_NOISE,
    {"unbalanced", BRAM_PARAM_FLAG, "no", NULL, 0, 0,
     "all pairs of measurements count, and folds may lack conditions ('bramble rdm' tells more)"},
    {"degenerate", BRAM_PARAM_CHOICE, "nan", "nan|zero", 0, 0,
     "what a constant RDM scores where its comparison is not defined"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* One side: its pairs, as a set of one. */
struct rdm {
    size_t n;
    double *d;
    bram_rdm_set *set;
    bool negative; /* the comparator is a distance */
    bool given;    /* by the caller, not estimated here */
    bool measured; /* of measurements in folds */
};

struct rsa {
    const struct rdm *model, *brain;
    size_t groups;
    uint32_t *group; /* of each condition; NULL: its own */
    bool unbiased;   /* distances of the brain are cross-validated: 0 on average where there is
                        none */
};

static bram_rdm_measure measure_of(const bram_options *o, bool *negative)
{
    const char *name = bram_option_text(o, "compare");
    bram_rdm_measure m = {.comparator = BRAM_COMPARE_BURES_METRIC,
                          .degenerate_zero = bram_option_is(o, "degenerate", "zero")};
    *negative = !bram_rdm_comparator_find(name, &m.comparator);
    return m;
}

static void release(void *prepared)
{
    struct rdm *r = prepared;
    if (!r) return;
    bram_rdm_set_free(r->set);
    bram_free(r->d);
    bram_free(r);
}

static int make_set(bram_ctx *cx, struct rdm *r, const bram_options *o)
{
    bram_rdm_measure m = measure_of(o, &r->negative);
    size_t pairs = bram_rdm_pairs(r->n);
    if (pairs == 0) return BRAM_OK; /* one condition: nothing to compare */
    bram_mat row = {r->d, 1, pairs, pairs};
    return bram_rdm_set_new(cx, &r->set, &m, &row, r->n);
}

static bram_rdm_way way_of(const bram_options *o)
{
    bram_rdm_way way = bram_rdm_way_of(o);
    way.unbalanced = bram_option_flag(o, "unbalanced");
    return way;
}

static bool uses_repeats(const bram_options *o)
{
    bram_rdm_way way = way_of(o);
    return bram_rdm_uses_repeats(&way);
}

static int make_rdm(bram_ctx *cx, struct rdm *r, const bram_options *o, const bram_side *side)
{
    bram_rdm_way way = way_of(o);
    r->given = side->is_rdm;
    BRAM_TRY(bram_rdm_of_side(cx, &r->d, &r->measured, side, &way));
    r->n = side->values.rows;
    return make_set(cx, r, o);
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    struct rdm *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    int status = make_rdm(cx, r, o, side);
    if (status == BRAM_OK) *prepared = r;
    else release(r);
    return status;
}

/* The mean RDM, as the comparator sees RDMs (rdm_pool.h). */
static int pool_into(bram_ctx *cx, struct rdm *out, const bram_options *o,
                     const struct rdm *const *rdm, size_t count)
{
    size_t pairs = bram_rdm_pairs(rdm[0]->n);
    bram_rdm_measure m = measure_of(o, &out->negative);
    bram_mat all = {bram_scratch(cx, count * pairs, sizeof(double)), count, pairs, pairs};
    if (!all.data) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (rdm[i]->n != rdm[0]->n)
            return bram_fail(cx, BRAM_ESHAPE, "RDMs of %zu and of %zu conditions have no mean",
                             rdm[0]->n, rdm[i]->n);
        if (pairs) memcpy(bram_row(&all, i), rdm[i]->d, pairs * sizeof(double));
    }
    out->n = rdm[0]->n;
    out->d = bram_alloc(cx, pairs, sizeof *out->d);
    if (!out->d) return BRAM_ENOMEM;
    if (!pairs) return BRAM_OK;
    bram_rdm_set *set = NULL;
    BRAM_TRY(bram_rdm_set_new(cx, &set, &m, &all, out->n));
    int status = bram_rdm_pool(cx, out->d, set, BRAM_POOL_BEST, NULL, NULL);
    bram_rdm_set_free(set);
    return status == BRAM_OK ? make_set(cx, out, o) : status;
}

static int pool(bram_ctx *cx, void **pooled, const bram_options *o, const void *const *prepared,
                size_t count)
{
    if (!count) return bram_fail(cx, BRAM_ESHAPE, "no RDM to take the mean of");
    size_t mark = bram_scratch_mark(cx);
    const struct rdm **rdm = bram_scratch(cx, count, sizeof *rdm);
    struct rdm *out = bram_alloc(cx, 1, sizeof *out);
    int status = rdm && out ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < count; i++) rdm[i] = prepared[i];
    if (status == BRAM_OK) status = pool_into(cx, out, o, rdm, count);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *pooled = out;
    else release(out);
    return status;
}

static void release_pair(void *pair)
{
    struct rsa *s = pair;
    if (!s) return;
    bram_free(s->group);
    bram_free(s);
}

/* Tells the user how many pairs count, unless all do. */
static void note_undefined(bram_ctx *cx, const struct rdm *a, const struct rdm *b)
{
    size_t pairs = bram_rdm_pairs(b->n), left = 0;
    for (size_t k = 0; k < pairs; k++) left += !isnan(a->d[k]) && !isnan(b->d[k]);
    if (left < pairs)
        bram_note(cx, "rsa: %zu of %zu pairs of conditions are defined on both sides", left, pairs);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const struct rdm *model = c->model, *brain = c->brain;
    bram_rdm_way way = way_of(o);
    BRAM_TRY(bram_rdm_check_brain(cx, &way, brain->measured, brain->given));
    if (model->n != brain->n)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu conditions, the brain %zu", model->n,
                         brain->n);
    size_t groups;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, brain->n));
    struct rsa *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct rsa){model, brain, groups, NULL, bram_rdm_crossvalidates(&way) && brain->measured};
    if (c->groups.group) {
        s->group = bram_alloc(cx, brain->n, sizeof *s->group);
        if (!s->group) {
            release_pair(s);
            return BRAM_ENOMEM;
        }
        memcpy(s->group, c->groups.group, brain->n * sizeof *s->group);
    }
    note_undefined(cx, model, brain);
    *out = s, *values = 1;
    return BRAM_OK;
}

static int compare_sets(bram_ctx *cx, double *value, const struct rsa *s, const double *weight)
{
    double *times = NULL;
    bram_mat out = {value, 1, 1, 1};
    if (weight) {
        times = bram_scratch(cx, s->brain->n, sizeof *times);
        if (!times) return BRAM_ENOMEM;
        for (size_t i = 0; i < s->brain->n; i++) times[i] = weight[s->group ? s->group[i] : i];
    }
    if (!s->model->set || !s->brain->set) return BRAM_OK;
    BRAM_TRY(bram_rdm_sets_compare(cx, &out, NULL, s->model->set, s->brain->set, times));
    if (s->brain->negative) *value = -*value;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct rsa *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = compare_sets(cx, &value, s, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}

/* What centres has chance 0; a cosine of dissimilarities that are not cross-validated is far above
 * it for any two RDMs, by an amount that data decide. */
static double chance_of(const void *state)
{
    const struct rsa *s = state;
    if (s->unbiased) return 0;
    return s->brain->set && bram_rdm_set_centres(s->brain->set) ? 0 : (double)NAN;
}

const bram_metric bram_metric_rsa = {
    .name = "rsa",
    .summary = "similarity of two representational dissimilarity matrices",
    .source = "Kriegeskorte, Mur & Bandettini 2008; Nili et al. 2014",
    .version = 2,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE,
    .chance = NAN,
    .params = params,
    .prepare = prepare,
    .release = release,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .chance_of = chance_of,
    .pool = pool,
    .uses_repeats = uses_repeats,
};
