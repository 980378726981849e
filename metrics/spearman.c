/*
 * spearman.c - rank correlation of scored pairs of nodes with the weights of their edges.
 *
 * raw = Pearson's r of the mid-ranks of score and weight (Spearman 1904), over all pairs, or with
 * pairs=edges over those with an edge alone: do strong edges score high, whatever the others do?
 * Weights of nodes are multiplicities, ranks being those of the pairs written out. NaN where one
 * side is constant. O(pairs) for each draw.
 */
#include "edges.h"
#include "moments.h"
#include "ranks.h"

#include <math.h>

struct spearman {
    void *edges;
    size_t count;
    uint32_t *pair;           /* pairs that count, as numbers in the walk */
    bram_order score, weight; /* their orders */
    double *x, *y;            /* score and weight of each */
};

static const bram_param params[] = {{"pairs", BRAM_PARAM_CHOICE, "all", "all|edges", 0, 0,
                                     "edges: only pairs that have one, by the size of its weight"},
                                    {"sign", BRAM_PARAM_CHOICE, "magnitude", "magnitude|signed", 0,
                                     0, "what of a weight is ranked"},
                                    BRAM_EDGES_PARAMS,
                                    {.name = NULL}};

static void release(void *state)
{
    struct spearman *s = state;
    if (!s) return;
    bram_edges_free(s->edges);
    bram_free(s->pair);
    bram_free(s->x);
    bram_free(s->y);
    bram_free(s->score.index);
    bram_free(s->weight.index);
    bram_free(s);
}

static int fill(bram_ctx *cx, struct spearman *s, const bram_options *o)
{
    size_t n = bram_edges_count(s->edges, NULL);
    bool edges = bram_option_is(o, "pairs", "edges"), sign = bram_option_is(o, "sign", "signed");
    double threshold = bram_option_real(o, "threshold");
    s->pair = bram_alloc(cx, n, sizeof *s->pair);
    s->x = bram_alloc(cx, n, sizeof *s->x);
    s->y = bram_alloc(cx, n, sizeof *s->y);
    if (!s->pair || !s->x || !s->y) return BRAM_ENOMEM;
    if (n > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu pairs, expected at most %u", n, UINT32_MAX);
    for (size_t k = 0; k < n; k++) {
        double score, weight;
        bram_edges_at(s->edges, k, NULL, &score, &weight);
        if (edges && !(fabs(weight) > threshold)) continue;
        s->pair[s->count] = (uint32_t)k;
        s->x[s->count] = score;
        s->y[s->count++] = sign ? weight : fabs(weight);
    }
    BRAM_TRY(bram_order_new(cx, &s->score, s->x, s->count));
    return bram_order_new(cx, &s->weight, s->y, s->count);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    struct spearman *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    int status = bram_edges_pair(cx, &s->edges, values, o, c);
    if (status == BRAM_OK) status = fill(cx, s, o);
    if (status == BRAM_OK) *out = s;
    else release(s);
    return status;
}

/* Mid-ranks less their mean, of pairs that each stand there w times; *constant when all tie. */
static void mid_ranks(double *rank, const bram_order *order, const double *x, const double *w,
                      double total, bool *constant)
{
    double before = 0;
    for (size_t k = 0, tie; k < order->count; k = tie) {
        double tied = 0;
        for (tie = k; tie < order->count && x[order->index[tie]] == x[order->index[k]]; tie++)
            tied += w[order->index[tie]];
        double middle = before + tied / 2 - total / 2;
        for (size_t p = k; p < tie; p++) rank[order->index[p]] = middle;
        if (tied == total) *constant = true;
        before += tied;
    }
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct spearman *s = state;
    BRAM_TRY(bram_weights_check(cx, weight, bram_edges_groups(s->edges)));
    size_t mark = bram_scratch_mark(cx);
    double *w = bram_scratch(cx, s->count, sizeof *w), *a = bram_scratch(cx, s->count, sizeof *a);
    double *b = bram_scratch(cx, s->count, sizeof *b), total = 0, ab = 0, aa = 0, bb = 0;
    if (!w || !a || !b) return BRAM_ENOMEM;
    for (size_t k = 0; k < s->count; k++) {
        double score, strength;
        total += w[k] = bram_edges_at(s->edges, s->pair[k], weight, &score, &strength);
    }
    bool constant = !(total > 0);
    mid_ranks(a, &s->score, s->x, w, total, &constant);
    mid_ranks(b, &s->weight, s->y, w, total, &constant);
    for (size_t k = 0; k < s->count; k++)
        ab += w[k] * a[k] * b[k], aa += w[k] * a[k] * a[k], bb += w[k] * b[k] * b[k];
    *raw = constant ? (double)NAN : ab / sqrt(aa) / sqrt(bb);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

const bram_metric bram_metric_spearman = {
    .name = "spearman",
    .summary = "rank correlation of scored pairs with the weights of edges",
    .source = "Spearman 1904, Am J Psychol 15:72",
    .version = 1,
    .kind = BRAM_METRIC_GRAPH,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SCALE,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release,
    .compare = compare,
};
