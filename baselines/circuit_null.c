/*
 * circuit_null.c - synapses that a connectome is held against; see circuit.h.
 */
#include "circuit.h"
#include "rewire.h"

#include <string.h>

/* ---- the same degrees ----------------------------------------------------------------------- */

/* Edges keep their source, and with it their weight and sign. */
static int shuffle(bram_ctx *cx, bram_synapses *s, bram_rng *g)
{
    bram_edge_list chemical = {s->neurons, s->edges, s->from, s->to, true};
    bram_edge_list gap = {s->neurons, s->gaps, s->one, s->other, false};
    BRAM_TRY(bram_rewire(cx, &chemical, NULL, g));
    return bram_rewire(cx, &gap, NULL, g);
}

/* ---- other pairs ---------------------------------------------------------------------------- */

/* Ordered pair k of n (n - 1). */
static void pair_of(size_t k, size_t n, uint32_t *from, uint32_t *to)
{
    size_t i = k / (n - 1), j = k % (n - 1);
    *from = (uint32_t)i, *to = (uint32_t)(j + (j >= i));
}

/* All unordered pairs. */
static void list_unordered(uint32_t *one, uint32_t *other, size_t n)
{
    size_t k = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++) one[k] = i, other[k++] = j;
}

/* `count` weights as often as they fit into `to`, in an order of their own. */
static int spread(bram_ctx *cx, double *to, size_t n, const double *weight, size_t count,
                  bram_rng *g)
{
    size_t *order = bram_scratch(cx, n, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    bram_rng_permutation(g, n, order);
    for (size_t k = 0; k < n; k++) to[k] = weight[order[k] % count];
    return BRAM_OK;
}

/* `edges` of all ordered pairs, each as likely as any other. */
static int draw_edges(bram_ctx *cx, bram_synapses *s, size_t edges, bram_rng *g)
{
    size_t n = s->neurons, all = n * (n - 1), *order = bram_scratch(cx, all, sizeof *order);
    uint32_t *from = bram_scratch(cx, edges, 2 * sizeof *from);
    double *weight = bram_scratch(cx, edges, sizeof *weight);
    int8_t *sign = bram_scratch(cx, edges, 1);
    if (!order || !from || !weight || !sign) return BRAM_ENOMEM;
    bram_rng_permutation(g, all, order);
    for (size_t e = 0; e < edges; e++) {
        pair_of(order[e], n, &from[e], &from[edges + e]);
        sign[e] = s->dale[from[e]];
    }
    BRAM_TRY(spread(cx, weight, edges, s->weight, s->edges, g));
    s->from = from, s->to = from + edges, s->sign = sign;
    s->weight = weight, s->edges = edges;
    return BRAM_OK;
}

static int draw_gaps(bram_ctx *cx, bram_synapses *s, size_t gaps, bram_rng *g)
{
    size_t n = s->neurons, all = n * (n - 1) / 2, *order = bram_scratch(cx, all, sizeof *order);
    uint32_t *pair = bram_scratch(cx, all, 2 * sizeof *pair);
    uint32_t *one = bram_scratch(cx, gaps, 2 * sizeof *one);
    double *between = bram_scratch(cx, gaps, sizeof *between);
    if (!order || !pair || !one || !between) return BRAM_ENOMEM;
    list_unordered(pair, pair + all, n);
    bram_rng_permutation(g, all, order);
    for (size_t e = 0; e < gaps; e++) one[e] = pair[order[e]], one[gaps + e] = pair[all + order[e]];
    BRAM_TRY(spread(cx, between, gaps, s->between, s->gaps, g));
    s->one = one, s->other = one + gaps, s->between = between, s->gaps = gaps;
    return BRAM_OK;
}

int bram_synapses_mask(bram_ctx *cx, bram_synapses *s, bram_mask mask, bram_rng *g)
{
    size_t n = s->neurons;
    if (mask == BRAM_MASK_CONNECTOME) return BRAM_OK;
    if (mask == BRAM_MASK_SHUFFLED) return shuffle(cx, s, g);
    if (mask == BRAM_MASK_NONE) {
        s->edges = s->gaps = 0;
        return BRAM_OK;
    }
    bool dense = mask == BRAM_MASK_DENSE;
    if (s->edges) BRAM_TRY(draw_edges(cx, s, dense ? n * (n - 1) : s->edges, g));
    if (s->gaps) BRAM_TRY(draw_gaps(cx, s, dense ? n * (n - 1) / 2 : s->gaps, g));
    return BRAM_OK;
}
