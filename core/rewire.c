/*
 * rewire.c - degree-preserving exchanges of edges; see rewire.h.
 */
#include "rewire.h"

/* there: nodes x nodes, 1 where there is an edge. */
static int mark_edges(bram_ctx *cx, uint8_t *there, const bram_edge_list *e)
{
    for (size_t k = 0; k < e->count; k++) {
        uint32_t a = e->from[k], b = e->to[k];
        if (a >= e->nodes || b >= e->nodes || a == b || there[a * e->nodes + b])
            return bram_fail(cx, BRAM_ESHAPE,
                             "edge %zu is (%u, %u), expected two of %zu nodes, and each edge once",
                             k, a, b, e->nodes);
        there[a * e->nodes + b] = 1;
        if (!e->directed) there[b * e->nodes + a] = 1;
    }
    return BRAM_OK;
}

static void set(uint8_t *there, const bram_edge_list *e, uint32_t a, uint32_t b, uint8_t value)
{
    there[a * e->nodes + b] = value;
    if (!e->directed) there[b * e->nodes + a] = value;
}

static bool is_free(const uint8_t *there, const uint8_t *allowed, size_t n, uint32_t a, uint32_t b)
{
    return a != b && !there[a * n + b] && (!allowed || allowed[a * n + b]);
}

int bram_rewire(bram_ctx *cx, bram_edge_list *e, const uint8_t *allowed, bram_rng *rng)
{
    size_t n = e->nodes, mark = bram_scratch_mark(cx);
    uint8_t *there = bram_scratch(cx, n, n);
    if (!there) return BRAM_ENOMEM;
    int status = mark_edges(cx, there, e);
    size_t attempts = e->count > 1 ? BRAM_REWIRE_ATTEMPTS * e->count : 0;
    for (size_t t = 0; t < attempts && status == BRAM_OK; t++) {
        size_t p = bram_rng_below(rng, e->count), q = bram_rng_below(rng, e->count);
        /* an undirected edge is taken from either end, or half of the exchanges would be out of
           reach */
        bool turned = !e->directed && bram_rng_u64(rng) >> 63;
        uint32_t a = e->from[p], b = e->to[p];
        uint32_t c = turned ? e->to[q] : e->from[q], d = turned ? e->from[q] : e->to[q];
        if (p == q || !is_free(there, allowed, n, a, d) || !is_free(there, allowed, n, c, b))
            continue;
        if (a == c || b == d) continue; /* the exchange would change nothing */
        set(there, e, a, b, 0), set(there, e, c, d, 0);
        set(there, e, a, d, 1), set(there, e, c, b, 1);
        e->to[p] = d;
        e->from[q] = turned ? b : c, e->to[q] = turned ? c : b;
    }
    bram_scratch_release(cx, mark);
    return status;
}
