/*
 * average_precision.c - average precision of scored pairs of nodes against edges.
 *
 * raw = sum over the distinct scores, from the highest, of (recall gained) x (precision there): the
 * step-wise area under the precision-recall curve, not interpolated; ties enter together. NaN where
 * there is no edge. Chance is the share of edges among the pairs. Source: Zhu 2004; the convention
 * is scikit-learn's average_precision_score.
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
    c->edges += edges;
    c->others += others;
    c->area += edges * (c->edges / (c->edges + c->others));
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    struct curve c = {0};
    BRAM_TRY(bram_edges_walk(cx, state, weight, take, &c));
    *raw = c.edges > 0 ? c.area / c.edges : (double)NAN;
    return BRAM_OK;
}

const bram_metric bram_metric_average_precision = {
    .name = "average-precision",
    .summary = "average precision of scored pairs against edges",
    .source = "Zhu 2004; as scikit-learn's average_precision_score",
    .version = 1,
    .kind = BRAM_METRIC_GRAPH,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_INV_SCALE,
    .chance = (double)NAN,
    .params = bram_edges_params,
    .pair = bram_edges_pair,
    .release_pair = bram_edges_free,
    .compare = compare,
    .chance_of = bram_edges_density,
};
