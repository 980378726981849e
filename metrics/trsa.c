/*
 * trsa.c - topological representational similarity analysis: how alike two dissimilarity matrices
 * are once fine and coarse geometry has been set aside.
 *
 * Each side is an RDM, or patterns of which rdm= makes one. Its pairs are ranked, and the ranks,
 * scaled to [0, 1], become one of
 *   rgtm      the geo-topological matrix: 0 below the quantile l, 1 above the quantile u, linear
 *             between (gt_transform.h);
 *   rgdm      geodesic distances: graph=two-step joins the pairs below u by edges as long as their
 *             entry of the rgtm; k-nearest, p-nearest and p-shortest join neighbours by edges as
 *             long as their rank. Shortest paths, then (rank_after) ranks again;
 *   geodesic  as rgdm on the dissimilarities themselves, scaled by their range, all but the largest
 *             an edge (rsatoolbox' geodesic transform; an edge of length 0 is kept here).
 * raw = the comparison of the two over the pairs defined on both sides: one value, NaN where a side
 * is constant or fewer than three conditions are there. Pairs that no path joins: infinite.
 *
 * Weights are multiplicities of conditions: the statistics are made anew for each draw, thresholds
 * and graphs included, as from the matrix written out with its repeats, pairs of a condition with
 * itself left out. Sums along paths that differ by rounding only are ties. Cost of a comparison:
 * O(n^2), with geodesics O(n^3) at most; each RDM is sorted once, when it is prepared.
 *
 * Source: Lin & Kriegeskorte 2024, PNAS 121:e2317881121 (arXiv 2309.11028).
 */
#include "internal.h"
#include "moments.h"
#include "rdm.h"
#include "rdm_compare.h"
#include "trsa_statistic.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"stat", BRAM_PARAM_CHOICE, "rgtm", "rgtm|rgdm|geodesic", 0, 0,
     "geo-topological matrix; geodesic distances on it; on the plain dissimilarities"},
    {"l", BRAM_PARAM_REAL, "0.2", NULL, 0, 1, "lower threshold, a quantile of the ranks"},
    {"u", BRAM_PARAM_REAL, "0.8", NULL, 0, 1, "upper threshold, not below l"},
    {"smooth", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "1/(1 + exp(-alpha (r - beta))) for l and u"},
    {"alpha", BRAM_PARAM_REAL, "10", NULL, 1e-3, 1e6, "steepness of smooth"},
    {"beta", BRAM_PARAM_REAL, "0.5", NULL, 0, 1, "centre of smooth"},
    {"graph", BRAM_PARAM_CHOICE, "two-step", "two-step|k-nearest|p-nearest|p-shortest", 0, 0,
     "which pairs rgdm joins"},
    {"k", BRAM_PARAM_INTEGER, "5", NULL, 1, 65536, "neighbours of k-nearest"},
    {"p", BRAM_PARAM_REAL, "0.05", NULL, 0, 1, "share of p-nearest (of conditions), p-shortest"},
    {"neighbours", BRAM_PARAM_CHOICE, "union", "union|mutual", 0, 0,
     "an edge where either, or each, is near the other"},
    {"infinite", BRAM_PARAM_CHOICE, "inf", "inf|max|drop", 0, 0,
     "pairs that no path joins: rank last, tied; as the farthest that is joined; left out"},
    {"rank_after", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "geodesic distances become ranks again"},
    {"rdm", BRAM_PARAM_CHOICE, "correlation",
     "correlation|euclidean|cosine|mahalanobis|crossnobis|poisson|poisson_cv|given", 0, 0,
     "dissimilarity of two rows ('bramble rdm' tells which is which); given: both sides are RDMs"},
    BRAM_RDM_NOISE,
    {"compare", BRAM_PARAM_CHOICE, "spearman",
     "spearman|rho-a|tau-a|tau-b|pearson|cosine|corr_cov|cosine_cov", 0, 0,
     "how the two statistics are compared"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct settings {
    bram_trsa_settings of;
    bram_rdm_comparator comparator;
};

struct trsa {
    const bram_topology_side *model, *brain;
    struct settings settings;
    bram_topology_groups groups;
};

static int choice_of(const bram_options *o, const char *name, const char *const *values)
{
    int k = 0;
    while (values[k + 1] && !bram_option_is(o, name, values[k])) k++;
    return k;
}

static int read_settings(bram_ctx *cx, struct settings *s, const bram_options *o)
{
    static const char *const statistics[] = {"rgtm", "rgdm", "geodesic", NULL},
                             *const graphs[] = {"two-step", "k-nearest", "p-nearest", "p-shortest",
                                                NULL},
                             *const infinities[] = {"inf", "max", "drop", NULL};
    s->of = (bram_trsa_settings){
        .statistic = (bram_trsa_statistic)choice_of(o, "stat", statistics),
        .gt = {.low = bram_option_real(o, "l"),
               .high = bram_option_real(o, "u"),
               .smooth = bram_option_flag(o, "smooth"),
               .steepness = bram_option_real(o, "alpha"),
               .centre = bram_option_real(o, "beta")},
        .graph = (bram_trsa_graph)choice_of(o, "graph", graphs),
        .k = (double)bram_option_integer(o, "k"),
        .p = bram_option_real(o, "p"),
        .neighbours = bram_option_is(o, "neighbours", "mutual") ? BRAM_NEIGHBOURS_MUTUAL
                                                                : BRAM_NEIGHBOURS_UNION,
        .infinite = (bram_trsa_infinite)choice_of(o, "infinite", infinities),
        .rank_after = bram_option_flag(o, "rank_after")};
    const char *comparator = bram_option_text(o, "compare");
    if (!bram_rdm_comparator_find(comparator, &s->comparator))
        return bram_fail(cx, BRAM_EUSAGE, "no comparison is named \"%s\"", comparator);
    if (s->of.gt.low > s->of.gt.high)
        return bram_fail(cx, BRAM_EUSAGE, "l=%g is above u=%g, expected l <= u", s->of.gt.low,
                         s->of.gt.high);
    if (s->of.statistic != BRAM_TRSA_RGTM && s->of.infinite == BRAM_TRSA_INF && !s->of.rank_after &&
        !bram_rdm_by_ranks(s->comparator))
        return bram_fail(
            cx, BRAM_EUSAGE,
            "infinite=inf with rank_after=no has no compare=%s: expected infinite=max, "
            "infinite=drop, or ranks",
            comparator);
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    struct settings s;
    BRAM_TRY(read_settings(cx, &s, o));
    bram_rdm_way way = bram_rdm_way_of(o);
    bram_topology_side *r = NULL;
    BRAM_TRY(bram_topology_side_new(cx, &r, side, &way));
    *prepared = r;
    return BRAM_OK;
}

/* ---- the comparison ------------------------------------------------------------------------- */

/* Pairs that either lacks are left out by the comparison. */
static int compare_statistics(bram_ctx *cx, double *value, bram_rdm_comparator c, double *x,
                              double *y, const bram_draw *draw)
{
    bram_rdm_measure measure = {.comparator = c};
    bram_mat a = {x, 1, draw->pairs, draw->pairs}, b = {y, 1, draw->pairs, draw->pairs},
             out = {value, 1, 1, 1};
    return bram_rdm_compare(cx, &out, NULL, &measure, &a, &b, draw->n, draw->times);
}

static int compare_drawn(bram_ctx *cx, double *value, const struct trsa *t, const double *weight)
{
    const struct settings *s = &t->settings;
    bram_draw draw;
    bram_drawn_rdm model, brain;
    bool x_defined, y_defined;
    *value = NAN;
    BRAM_TRY(bram_draw_new(cx, &draw, &t->groups, t->model, t->brain, weight));
    if (draw.n < 3) return BRAM_OK;
    BRAM_TRY(bram_drawn_rdm_new(cx, &model, &draw, t->model));
    BRAM_TRY(bram_drawn_rdm_new(cx, &brain, &draw, t->brain));
    double *x = bram_scratch(cx, draw.pairs, sizeof *x);
    double *y = x ? bram_scratch(cx, draw.pairs, sizeof *y) : NULL;
    if (!y) return BRAM_ENOMEM;
    BRAM_TRY(
        bram_trsa_statistic_of(cx, x, &x_defined, &s->of, &draw, &model, weight ? NULL : "model"));
    BRAM_TRY(
        bram_trsa_statistic_of(cx, y, &y_defined, &s->of, &draw, &brain, weight ? NULL : "brain"));
    if (!x_defined || !y_defined) return BRAM_OK;
    return compare_statistics(cx, value, s->comparator, x, y, &draw);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct trsa *t = state;
    BRAM_TRY(bram_weights_check(cx, weight, t->groups.groups));
    size_t mark = bram_scratch_mark(cx);
    double value = NAN;
    int status = compare_drawn(cx, &value, t, weight);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *raw = value;
    return status;
}

static void release_pair(void *pair)
{
    struct trsa *t = pair;
    if (!t) return;
    bram_free(t->groups.group);
    bram_free(t);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    const bram_topology_side *brain = c->brain;
    bram_rdm_way way = bram_rdm_way_of(o);
    BRAM_TRY(bram_rdm_check_brain(cx, &way, brain->measured, brain->given));
    struct trsa *t = bram_alloc(cx, 1, sizeof *t);
    if (!t) return BRAM_ENOMEM;
    t->model = c->model, t->brain = c->brain;
    int status = read_settings(cx, &t->settings, o);
    if (status == BRAM_OK)
        status = bram_topology_groups_new(cx, &t->groups, t->model, t->brain, &c->groups);
    if (status == BRAM_OK) *out = t, *values = 1;
    else release_pair(t);
    return status;
}

static bool uses_repeats(const bram_options *o)
{
    bram_rdm_way way = bram_rdm_way_of(o);
    return bram_rdm_uses_repeats(&way);
}

static int pool(bram_ctx *cx, void **pooled, const bram_options *o, const void *const *prepared,
                size_t count)
{
    bram_topology_side *mean = NULL;
    (void)o;
    BRAM_TRY(bram_topology_side_pool(cx, &mean, prepared, count));
    *pooled = mean;
    return BRAM_OK;
}

static void release(void *prepared)
{
    bram_topology_side_free(prepared);
}

const bram_metric bram_metric_trsa = {
    .name = "trsa",
    .summary = "topological RSA: dissimilarity matrices without fine and coarse geometry",
    .source = "Lin & Kriegeskorte 2024, PNAS 121:e2317881121",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_SAMPLE_SIZE,
    .chance = 0,
    .params = params,
    .prepare = prepare,
    .release = release,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .pool = pool,
    .uses_repeats = uses_repeats,
};
