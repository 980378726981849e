/*
 * trsa_statistic.c - the statistics of topological RSA; see trsa_statistic.h.
 */
#include "trsa_statistic.h"

#include <math.h>
#include <string.h>

/* The largest finite value, or "not there", for pairs that no path joins. */
static void settle_infinite(double *x, size_t pairs, bram_trsa_infinite rule)
{
    double largest = 0;
    for (size_t k = 0; k < pairs; k++)
        if (isfinite(x[k])) largest = fmax(largest, x[k]);
    for (size_t k = 0; rule != BRAM_TRSA_INF && k < pairs; k++)
        if (isinf(x[k])) x[k] = rule == BRAM_TRSA_MAX ? largest : (double)NAN;
}

/* Sums of the same edges in another order differ in their last bits: such values become one. */
static void join_rounded(double *x, const bram_order *order)
{
    double allowed = 0;
    for (size_t k = 0; k < order->count; k++)
        if (isfinite(x[order->index[k]])) allowed = 1e-12 * x[order->index[k]];
    for (size_t k = 1; k < order->count; k++) {
        double before = x[order->index[k - 1]], *here = &x[order->index[k]];
        if (*here - before <= allowed) *here = before;
    }
}

static void tell_components(bram_ctx *cx, const char *side, const double *path, size_t pairs,
                            size_t components)
{
    size_t apart = 0;
    for (size_t k = 0; k < pairs; k++) apart += isinf(path[k]);
    if (apart)
        bram_note(cx,
                  "trsa: the graph of the %s has %zu components, %.1f %% of its pairs are apart",
                  side, components, 100 * (double)apart / (double)pairs);
}

/* Edges, in place of ranks (or dissimilarities scaled by their range). */
static int make_graph(bram_ctx *cx, double *x, const bram_trsa_settings *s, const bram_draw *draw,
                      const bram_order *order)
{
    double conditions = 0;
    if (s->statistic == BRAM_TRSA_GEODESIC || s->graph == BRAM_TRSA_TWO_STEP) {
        if (s->statistic == BRAM_TRSA_RGDM)
            bram_gt_transform(x, x, order, draw->weight, draw->pairs, &s->gt);
        bram_short_edges(x, x, draw->pairs, 1, false);
        return BRAM_OK;
    }
    if (s->graph == BRAM_TRSA_P_SHORTEST) {
        double limit = bram_weighted_quantile(x, order, draw->weight, s->p);
        bram_short_edges(x, x, draw->pairs, limit, true);
        return BRAM_OK;
    }
    for (size_t i = 0; i < draw->n; i++) conditions += draw->times[i];
    double k = s->graph == BRAM_TRSA_K_NEAREST ? s->k : floor(s->p * conditions);
    size_t mark = bram_scratch_mark(cx);
    double *length = bram_scratch(cx, draw->pairs, sizeof *length);
    if (!length) return BRAM_ENOMEM;
    memcpy(length, x, draw->pairs * sizeof *length);
    int status = bram_nearest_edges(cx, x, length, draw->n, k, s->neighbours, draw->times);
    bram_scratch_release(cx, mark);
    return status;
}

/* Geodesic distances, in place; pairs of weight 0 stay out. `side` is told of, NULL: nothing is. */
static int geodesics(bram_ctx *cx, double *x, const bram_trsa_settings *s, const bram_draw *draw,
                     const bram_order *order, const char *side)
{
    size_t components = 0;
    BRAM_TRY(make_graph(cx, x, s, draw, order));
    if (side) BRAM_TRY(bram_graph_components(cx, &components, x, draw->n));
    BRAM_TRY(bram_shortest_paths(cx, x, x, draw->n));
    if (side) tell_components(cx, side, x, draw->pairs, components);
    settle_infinite(x, draw->pairs, s->infinite);
    for (size_t k = 0; k < draw->pairs; k++)
        if (!(draw->weight[k] > 0)) x[k] = NAN;
    return BRAM_OK;
}

/* Dissimilarities scaled by their range; false where it is nothing. */
static bool scale_by_range(double *x, const double *d, size_t pairs)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < pairs; k++)
        if (!isnan(d[k])) low = fmin(low, d[k]), high = fmax(high, d[k]);
    for (size_t k = 0; high > low && k < pairs; k++) x[k] = (d[k] - low) / (high - low);
    return high > low;
}

int bram_trsa_statistic_of(bram_ctx *cx, double *x, bool *defined, const bram_trsa_settings *s,
                           const bram_draw *draw, const bram_drawn_rdm *rdm, const char *side)
{
    *defined = s->statistic == BRAM_TRSA_GEODESIC
                   ? scale_by_range(x, rdm->d, draw->pairs)
                   : bram_scaled_ranks(x, rdm->d, &rdm->order, draw->weight, draw->pairs);
    if (!*defined) return BRAM_OK;
    if (s->statistic == BRAM_TRSA_RGTM) {
        bram_gt_transform(x, x, &rdm->order, draw->weight, draw->pairs, &s->gt);
        return BRAM_OK;
    }
    bram_order order;
    BRAM_TRY(geodesics(cx, x, s, draw, &rdm->order, side));
    BRAM_TRY(bram_order_scratch(cx, &order, x, draw->pairs));
    join_rounded(x, &order);
    if (!s->rank_after) return BRAM_OK;
    double *rank = bram_scratch(cx, draw->pairs, sizeof *rank);
    if (!rank) return BRAM_ENOMEM;
    bram_average_ranks(rank, x, &order, draw->weight);
    for (size_t k = 0; k < draw->pairs; k++)
        if (!isnan(x[k])) x[k] = rank[k];
    return BRAM_OK;
}
