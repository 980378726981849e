/*
 * mrr.c - mean reciprocal rank of edges, each among the pairs without an edge of its own question.
 *
 * raw = mean over edges of 1 / rank, rank = 1 + (pairs of its question that score higher) + half of
 * those that tie with it (ties=mid); optimistic counts no tie, pessimistic all. The Open Graph
 * Benchmark (Hu et al. 2020, arXiv 2005.00687) breaks ties by an unstable sort. The question of a
 * pair (i, j) is "who are the targets of i", unless the list of pairs names other ones. Chance with
 * q candidates is H(q + 1) / (q + 1), H being the harmonic numbers; the mean over edges.
 */
#include "edges.h"

#include <math.h>

static const bram_param params[] = {
    {"ties", BRAM_PARAM_CHOICE, "mid", "mid|optimistic|pessimistic", 0, 0,
     "how many of the pairs that tie with an edge come before it: half, none, all"},
    BRAM_EDGES_PARAMS,
    {.name = NULL}};

/* Keeps the share of ties that counts: 0, 0.5, 1. */
static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    BRAM_TRY(bram_edges_pair_by_query(cx, out, values, o, c));
    bram_edges_keep(
        *out, bram_option_is(o, "ties", "mid") ? 0.5 : bram_option_is(o, "ties", "pessimistic"));
    return BRAM_OK;
}

struct sums {
    double share, edges, reciprocal;
};

static void take(void *user, double w, double above, double tied, double all)
{
    (void)all;
    struct sums *s = user;
    s->edges += w;
    s->reciprocal += w / (1 + above + s->share * tied);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct sums s = {.share = bram_edges_kept(state)};
    BRAM_TRY(bram_edges_rank(cx, state, weight, take, &s));
    *raw = s.edges > 0 ? s.reciprocal / s.edges : (double)NAN;
    return BRAM_OK;
}

/* The mean over edges of the mean of 1 / rank over all ranks. */
struct chance {
    double edges, sum, all, harmonic; /* harmonic: of the last number of candidates */
};

static void take_chance(void *user, double w, double above, double tied, double all)
{
    (void)above;
    (void)tied;
    struct chance *c = user;
    if (all != c->all) c->harmonic = 0;
    for (double r = 1; all != c->all && r <= all + 1; r++) c->harmonic += 1 / r;
    c->all = all;
    c->edges += w;
    c->sum += w * c->harmonic / (all + 1);
}

static double chance_of(const void *state)
{
    struct chance c = {.all = -1};
    int status = bram_edges_rank(NULL, state, NULL, take_chance, &c); /* no weights: no failure */
    return status == BRAM_OK && c.edges > 0 ? c.sum / c.edges : (double)NAN;
}

const bram_metric bram_metric_mrr = {
    .name = "mrr",
    .summary = "mean reciprocal rank of each edge among the candidates of its question",
    .source = "Hu et al. 2020, arXiv 2005.00687 (Open Graph Benchmark), ties by mid-ranks",
    .version = 1,
    .kind = BRAM_METRIC_GRAPH,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SCALE | BRAM_METRIC_SAMPLE_SIZE,
    .chance = (double)NAN,
    .params = params,
    .pair = pair,
    .release_pair = bram_edges_free,
    .compare = compare,
    .chance_of = chance_of,
};
