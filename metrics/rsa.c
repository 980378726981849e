/*
 * rsa.c - representational similarity analysis: how alike two dissimilarity matrices are.
 *
 * Each side is an RDM, or patterns from which rdm= makes one over the rows (conditions). Pairs that
 * are undefined on either side are left out of both. raw = the comparison over the pairs: one
 * value, NaN where it is not defined (a constant RDM, fewer than three conditions).
 *
 * Weights are multiplicities of conditions. A condition drawn m_i times makes m_i m_j pairs with
 * each other condition; its pairs with itself, zero by construction, are left out. Ranks are those
 * of the matrix written out with its repeats. Cost of a comparison: O(n^2), tau-a O(n^2 log n);
 * each RDM is sorted once, when it is prepared.
 *
 * Sources: Kriegeskorte, Mur & Bandettini 2008; Nili et al. 2014 (tau-a); Schuett et al. 2023.
 */
#include "internal.h"
#include "moments.h"
#include "ranks.h"
#include "rdm.h"

#include <math.h>
#include <string.h>

enum comparator { SPEARMAN, PEARSON, COSINE, TAU_A };

static const bram_param params[] = {
    {"rdm", BRAM_PARAM_CHOICE, "correlation",
     "correlation|euclidean|cosine|mahalanobis|crossnobis|poisson|poisson_cv|given", 0, 0,
     "dissimilarity of two rows ('bramble rdm' tells which is which); given: both sides are RDMs"},
    {"compare", BRAM_PARAM_CHOICE, "spearman", "spearman|pearson|cosine|tau-a", 0, 0,
     "how the two RDMs are compared"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

/* One side: its pairs and, for rank comparisons, their order. */
struct rdm {
    size_t n;
    double *d;
    bram_order order;
};

struct rsa {
    const struct rdm *model, *brain;
    enum comparator comparator;
    size_t groups;
    uint32_t *group; /* of each condition; NULL: its own */
};

static enum comparator comparator_of(const bram_options *o)
{
    static const char *const names[] = {"spearman", "pearson", "cosine", "tau-a"};
    size_t k = 0;
    while (k < TAU_A && !bram_option_is(o, "compare", names[k])) k++;
    return (enum comparator)k;
}

static bool by_ranks(enum comparator c)
{
    return c == SPEARMAN || c == TAU_A;
}

static void release(void *prepared)
{
    struct rdm *r = prepared;
    if (!r) return;
    bram_free(r->d);
    bram_free(r->order.index);
    bram_free(r);
}

static int make_rdm(bram_ctx *cx, struct rdm *r, const bram_options *o, const bram_side *side)
{
    if (side->is_rdm) BRAM_TRY(bram_rdm_given(cx, &r->d, side));
    else if (bram_option_is(o, "rdm", "given"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "rdm=given, but this side is %zu x %zu patterns, not an RDM",
                         side->values.rows, side->values.cols);
    else {
        bram_rdm_kind kind = BRAM_RDM_CORRELATION;
        (void)bram_rdm_kind_find(&kind, bram_option_text(o, "rdm"));
        BRAM_TRY(bram_rdm_new(cx, &r->d, side, kind));
    }
    r->n = side->values.rows;
    if (!by_ranks(comparator_of(o))) return BRAM_OK;
    return bram_order_new(cx, &r->order, r->d, bram_rdm_pairs(r->n));
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

/* Adds one RDM, on the scale on which the comparator sees it, to a mean. `scratch` takes as many
 * numbers as there are pairs. */
static void add_scaled(double *mean, double *scratch, const struct rdm *r, enum comparator c,
                       double share)
{
    size_t pairs = bram_rdm_pairs(r->n), defined = 0;
    double sum = 0, square = 0, shift = 0;
    const double *d = r->d;
    if (by_ranks(c)) {
        for (size_t k = 0; k < pairs; k++)
            mean[k] += share * (isnan(d[k]) ? (double)NAN : scratch[k]);
        return;
    }
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) sum += d[k], defined++;
    if (c == PEARSON) shift = sum / (double)defined;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) square += (d[k] - shift) * (d[k] - shift);
    double scale = sqrt(square / (double)defined);
    for (size_t k = 0; k < pairs; k++)
        mean[k] += share * (scale > 0 ? (d[k] - shift) / scale : d[k] - shift);
}

/* The mean RDM: of z-scores for Pearson, of ranks for Spearman and tau-a (where it is the best
 * guess only nearly), of RDMs of unit mean square for cosine. A pair that one RDM lacks is lacking.
 * Source: Nili et al. 2014; rsatoolbox pool_rdm. */
static int pool_into(bram_ctx *cx, struct rdm *out, const bram_options *o,
                     const struct rdm *const *rdm, size_t count)
{
    enum comparator c = comparator_of(o);
    size_t pairs = bram_rdm_pairs(rdm[0]->n);
    double *scratch = bram_scratch(cx, pairs, sizeof *scratch);
    double *one = bram_scratch(cx, pairs, sizeof *one);
    if (!scratch || !one) return BRAM_ENOMEM;
    for (size_t k = 0; k < pairs; k++) one[k] = 1;
    out->n = rdm[0]->n;
    out->d = bram_alloc(cx, pairs, sizeof *out->d);
    if (!out->d) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (rdm[i]->n != out->n)
            return bram_fail(cx, BRAM_ESHAPE, "RDMs of %zu and of %zu conditions have no mean",
                             out->n, rdm[i]->n);
        if (by_ranks(c)) bram_weighted_ranks(scratch, rdm[i]->d, &rdm[i]->order, one);
        add_scaled(out->d, scratch, rdm[i], c, 1 / (double)count);
    }
    return by_ranks(c) ? bram_order_new(cx, &out->order, out->d, pairs) : BRAM_OK;
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
    if (model->n != brain->n)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu conditions, the brain %zu", model->n,
                         brain->n);
    size_t groups;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, brain->n));
    struct rsa *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct rsa){model, brain, comparator_of(o), groups, NULL};
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

static double times_drawn(const struct rsa *s, const double *weight, size_t i)
{
    return weight ? weight[s->group ? s->group[i] : i] : 1;
}

/* Weights of the pairs, 0 where either RDM has none; returns the number of conditions drawn. */
static size_t weigh_pairs(const struct rsa *s, double *pair_weight, const double *weight)
{
    size_t n = s->brain->n, k = 0, drawn = 0;
    for (size_t i = 0; i < n; i++) {
        double mi = times_drawn(s, weight, i);
        drawn += mi > 0;
        for (size_t j = i + 1; j < n; j++, k++) {
            bool defined = !isnan(s->model->d[k]) && !isnan(s->brain->d[k]);
            pair_weight[k] = defined ? mi * times_drawn(s, weight, j) : 0;
        }
    }
    return drawn;
}

static int compare_ranks(bram_ctx *cx, double *value, const struct rsa *s, const double *w)
{
    const struct rdm *a = s->model, *b = s->brain;
    size_t pairs = bram_rdm_pairs(b->n);
    if (s->comparator == TAU_A)
        return bram_weighted_tau_a(cx, value, a->d, &a->order, b->d, &b->order, w, pairs);
    double *x = bram_scratch(cx, pairs, sizeof *x);
    double *y = x ? bram_scratch(cx, pairs, sizeof *y) : NULL;
    if (!y) return BRAM_ENOMEM;
    bram_weighted_ranks(x, a->d, &a->order, w);
    bram_weighted_ranks(y, b->d, &b->order, w);
    *value = bram_weighted_pearson(x, y, w, pairs);
    return BRAM_OK;
}

static int compare_weighted(bram_ctx *cx, double *value, const struct rsa *s, const double *weight)
{
    size_t pairs = bram_rdm_pairs(s->brain->n);
    double *w = bram_scratch(cx, pairs, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    *value = NAN;
    if (weigh_pairs(s, w, weight) < 3) return BRAM_OK;
    if (by_ranks(s->comparator)) return compare_ranks(cx, value, s, w);
    *value = s->comparator == PEARSON ? bram_weighted_pearson(s->model->d, s->brain->d, w, pairs)
                                      : bram_weighted_cosine(s->model->d, s->brain->d, w, pairs);
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct rsa *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, s->groups));
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = compare_weighted(cx, &value, s, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}

const bram_metric bram_metric_rsa = {
    .name = "rsa",
    .summary = "similarity of two representational dissimilarity matrices",
    .source = "Kriegeskorte, Mur & Bandettini 2008; Nili et al. 2014",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE,
    .chance = 0,
    .params = params,
    .prepare = prepare,
    .release = release,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .pool = pool,
};
