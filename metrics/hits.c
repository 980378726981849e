/*
 * hits.c - Hits@K of scored pairs of nodes against edges.
 *
 * raw = the share of edges that score strictly above the K-th best pair without an edge, as in the
 * Open Graph Benchmark (Hu et al. 2020, arXiv 2005.00687), but fewer than K such pairs are an
 * error and not a 1. An edge that ties with the K-th misses. Chance is
 * K / (pairs without an edge + 1). In a draw in which fewer than K are left it is undefined.
 */
#include "edges.h"

#include <math.h>

static const bram_param params[] = {
    {"k", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000000000, "how many pairs without an edge may win"},
    BRAM_EDGES_PARAMS,
    {.name = NULL}};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    void *e = NULL;
    BRAM_TRY(bram_edges_pair(cx, &e, values, o, c));
    double k = (double)bram_option_integer(o, "k");
    size_t edges, pairs = bram_edges_count(e, &edges);
    if ((double)(pairs - edges) < k) {
        bram_edges_free(e);
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu pairs without an edge, expected %g or more for hits@%g",
                         pairs - edges, k, k);
    }
    bram_edges_keep(e, k);
    *out = e;
    return BRAM_OK;
}

/* Sums from the highest score down. */
struct sums {
    double k, others, hits, edges;
};

static void take(void *user, double score, double edges, double others)
{
    struct sums *s = user;
    (void)score;
    if (s->others + others < s->k) s->hits += edges;
    s->others += others;
    s->edges += edges;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct sums s = {.k = bram_edges_kept(state)};
    BRAM_TRY(bram_edges_walk(cx, state, weight, take, &s));
    *raw = s.edges > 0 && s.others >= s.k ? s.hits / s.edges : (double)NAN;
    return BRAM_OK;
}

static double chance_of(const void *state)
{
    size_t edges, pairs = bram_edges_count(state, &edges);
    return bram_edges_kept(state) / (double)(pairs - edges + 1);
}

const bram_metric bram_metric_hits = {
    .name = "hits",
    .summary = "Hits@K: share of edges that score above the K-th best pair without one",
    .source = "Hu et al. 2020, arXiv 2005.00687 (Open Graph Benchmark)",
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
