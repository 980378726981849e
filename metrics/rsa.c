/*
 * rsa.c - representational similarity analysis: how alike two dissimilarity matrices are.
 *
 * Each side is an RDM, or patterns from which rdm= makes one over the rows (conditions). crossnobis
 * and poisson_cv compare measurements in different folds; the brain must have some. So do the
 * noise precisions of crossnobis and mahalanobis, from what measurements differ from the mean of
 * their condition. A side without measurements (a model) has no noise to keep out: its RDM is the
 * one that these estimate, euclidean or poisson. Pairs that
 * are undefined on either side are left out of both. raw = the comparison over the pairs: one
 * value, NaN where it is not defined (a constant RDM, fewer than three conditions). compare= is one
 * of the measures of rdm_compare.h, whitening with independent conditions; what is a distance there
 * is negative here, so that more is always better.
 *
 * Weights are multiplicities of conditions, as in rdm_compare.h. Each RDM is sorted once, when it
 * is prepared.
 *
 * Sources: Kriegeskorte, Mur & Bandettini 2008; Nili et al. 2014 (tau-a); Schuett et al. 2023.
 */
#include "internal.h"
#include "linalg.h"
#include "moments.h"
#include "noise.h"
#include "rdm_compare.h"
#include "rdm_pool.h"

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
    {"noise", BRAM_PARAM_CHOICE, "none", "none|full|diag|shrinkage_eye|shrinkage_diag", 0, 0,
     "covariance of the noise, from repeats, that mahalanobis and crossnobis whiten by"},
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

static bram_rdm_kind kind_of(const bram_options *o)
{
    bram_rdm_kind kind = BRAM_RDM_CORRELATION;
    (void)bram_rdm_kind_find(&kind, bram_option_text(o, "rdm"));
    return kind;
}

static bool crossvalidates(const bram_options *o)
{
    return kind_of(o) == BRAM_RDM_CROSSNOBIS || kind_of(o) == BRAM_RDM_POISSON_CV;
}

static bool uses_repeats(const bram_options *o)
{
    return crossvalidates(o) || !bram_option_is(o, "noise", "none");
}

/* The precision of the noise between channels, in scratch memory. */
static int find_precision(bram_ctx *cx, bram_mat *out, const bram_repeats *r, size_t conditions,
                          const char *method)
{
    bram_noise_method how = BRAM_NOISE_FULL;
    double dof;
    bram_mat residuals;
    for (size_t i = 0; r->present && i < r->values.rows * r->values.cols; i++)
        if (!r->present[i])
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "noise=%s: measurement %zu lacks channel %zu, expected all", method,
                             i / r->values.cols, i % r->values.cols);
    (void)bram_noise_method_find(&how, method);
    BRAM_TRY(bram_mat_scratch(cx, &residuals, r->values.rows, r->values.cols));
    BRAM_TRY(bram_mat_scratch(cx, out, r->values.cols, r->values.cols));
    BRAM_TRY(bram_noise_residuals(cx, &residuals, &dof, &r->values, r->row, conditions));
    BRAM_TRY(bram_noise_covariance(cx, out, NULL, &residuals, how, dof));
    return bram_noise_invert(cx, out);
}

/* The names of the rows, for messages, in scratch memory; NULL where they have none. */
static const char *const *names_of(bram_ctx *cx, const bram_side *side)
{
    size_t n = side->values.rows;
    const char **name = side->row && bram_axis_has_ids(side->row)
                            ? bram_scratch(cx, n, sizeof *name)
                            : NULL;
    for (size_t i = 0; name && i < n; i++) name[i] = bram_axis_id(side->row, i);
    return name;
}

/* Folds without gaps: those that these measurements are in. In scratch memory. */
static int number_folds(bram_ctx *cx, bram_rdm_design *design, const bram_repeats *r)
{
    size_t rows = r->values.rows, count = 0;
    if (!r->fold) return BRAM_OK;
    uint32_t *number = bram_scratch(cx, r->folds, sizeof *number); /* 0: not met yet */
    uint32_t *fold = bram_scratch(cx, rows, sizeof *fold);
    const char **name = bram_scratch(cx, r->folds, sizeof *name);
    if (!number || !fold || !name) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        uint32_t *met = &number[r->fold[i]];
        if (!*met && r->fold_name) name[count] = r->fold_name[r->fold[i]];
        if (!*met) *met = (uint32_t)++count;
        fold[i] = *met - 1;
    }
    design->fold = fold, design->folds = count;
    design->fold_name = r->fold_name ? name : NULL;
    return BRAM_OK;
}

/* From measurements: between folds, by the precision of their noise. */
static int estimate_measured(bram_ctx *cx, double **out, const bram_options *o,
                             const bram_side *side)
{
    const bram_repeats *r = side->repeats;
    bram_side rows = {.values = r->values, .present = r->present};
    bram_rdm_design design = {
        .condition = r->row, .conditions = side->values.rows, .condition_name = names_of(cx, side)};
    bram_rdm_options how = {.kind = kind_of(o), .unbalanced = bram_option_flag(o, "unbalanced")};
    bram_mat precision;
    BRAM_TRY(number_folds(cx, &design, r));
    if (!bram_option_is(o, "noise", "none")) {
        BRAM_TRY(
            find_precision(cx, &precision, r, side->values.rows, bram_option_text(o, "noise")));
        how.precision = &precision, how.precisions = 1;
    }
    return bram_rdm_estimate(cx, out, &rows, &design, &how);
}

static int estimate(bram_ctx *cx, struct rdm *r, const bram_options *o, const bram_side *side)
{
    bram_rdm_kind kind = kind_of(o);
    r->measured = uses_repeats(o) && side->repeats;
    if (!r->measured) {
        if (kind == BRAM_RDM_CROSSNOBIS || kind == BRAM_RDM_MAHALANOBIS) kind = BRAM_RDM_EUCLIDEAN;
        if (kind == BRAM_RDM_POISSON_CV) kind = BRAM_RDM_POISSON;
        return bram_rdm_new(cx, &r->d, side, kind);
    }
    size_t mark = bram_scratch_mark(cx);
    int status = estimate_measured(cx, &r->d, o, side);
    bram_scratch_release(cx, mark);
    return status;
}

static int make_rdm(bram_ctx *cx, struct rdm *r, const bram_options *o, const bram_side *side)
{
    r->given = side->is_rdm;
    if (side->is_rdm) BRAM_TRY(bram_rdm_given(cx, &r->d, side));
    else if (bram_option_is(o, "rdm", "given"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "rdm=given, but this side is %zu x %zu patterns, not an RDM",
                         side->values.rows, side->values.cols);
    else BRAM_TRY(estimate(cx, r, o, side));
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
    if (uses_repeats(o) && !brain->measured && !brain->given)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "rdm=%s, noise=%s: the brain has no measurements of the same condition in "
                         "several folds (runs, repeats)",
                         bram_option_text(o, "rdm"), bram_option_text(o, "noise"));
    if (model->n != brain->n)
        return bram_fail(cx, BRAM_ESHAPE, "the model has %zu conditions, the brain %zu", model->n,
                         brain->n);
    size_t groups;
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, brain->n));
    struct rsa *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (struct rsa){model, brain, groups, NULL, crossvalidates(o) && brain->measured};
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
