/*
 * auroc.c - area under the ROC curve of scored pairs of nodes against edges.
 *
 * raw = the probability that an edge scores higher than a pair without one, a tie counting half
 * (Mann-Whitney with mid-ranks). NaN where there is no edge, or nothing else. Chance is 0.5.
 * Source: Hanley & McNeil 1982.
 */
#include "edges.h"

#include <math.h>

/* Sums from the highest score down. */
struct curve {
    double edges, others, area;
};

static void take(void *user, double score, double edges, double others)
{
    struct curve *c = user;
    (void)score;
    c->area += others * (c->edges + edges / 2);
    c->edges += edges;
    c->others += others;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct curve c = {0};
    BRAM_TRY(bram_edges_walk(cx, state, weight, take, &c));
    *raw = c.edges > 0 && c.others > 0 ? c.area / c.edges / c.others : (double)NAN;
    return BRAM_OK;
}

const bram_metric bram_metric_auroc = {
    .name = "auroc",
    .summary = "area under the ROC curve of scored pairs against edges",
    .source = "Hanley & McNeil 1982",
    .version = 1,
    .kind = BRAM_METRIC_GRAPH,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SCALE,
    .chance = 0.5,
    .params = bram_edges_params,
    .pair = bram_edges_pair,
    .release_pair = bram_edges_free,
    .compare = compare,
};
