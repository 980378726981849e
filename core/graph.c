/*
 * graph.c - a graph in compressed sparse rows; see graph.h. Two stable counting sorts, by target
 * and then by source, put the pairs in order.
 */
#include <bramble/graph.h>

#include <math.h>
#include <string.h>

/* Ordered pairs while they are being sorted. */
struct pairs {
    uint32_t *from, *to;
    double *weight;
    size_t count;
};

static void pairs_free(struct pairs *p)
{
    bram_free(p->from);
    bram_free(p->to);
    bram_free(p->weight);
}

static int pairs_new(bram_ctx *cx, struct pairs *p, size_t room)
{
    *p = (struct pairs){bram_alloc(cx, room, sizeof *p->from), bram_alloc(cx, room, sizeof *p->to),
                        bram_alloc(cx, room, sizeof *p->weight), 0};
    return p->from && p->to && p->weight ? BRAM_OK
                                         : BRAM_ENOMEM; /* the caller frees what there is */
}

static void put(struct pairs *p, uint32_t from, uint32_t to, double weight)
{
    p->from[p->count] = from;
    p->to[p->count] = to;
    p->weight[p->count++] = weight;
}

static int collect(bram_ctx *cx, struct pairs *p, size_t nodes, bool directed, const uint32_t *from,
                   const uint32_t *to, const double *weight, size_t count)
{
    for (size_t e = 0; e < count; e++) {
        double w = weight ? weight[e] : 1;
        if (from[e] >= nodes || to[e] >= nodes)
            return bram_fail(cx, BRAM_ESHAPE,
                             "edge %zu goes from node %u to node %u, expected "
                             "numbers below %zu",
                             e, from[e], to[e], nodes);
        if (!isfinite(w))
            return bram_fail(cx, BRAM_ENUMERIC, "edge %zu has the weight %g, expected a number", e,
                             w);
        if (from[e] == to[e]) continue;
        put(p, from[e], to[e], w);
        if (!directed) put(p, to[e], from[e], w);
    }
    return BRAM_OK;
}

/* Stable: by the key of each pair. first has nodes + 1 numbers, zeroed. */
static void sort_by(struct pairs *to, const struct pairs *p, const uint32_t *key, size_t *first,
                    size_t nodes)
{
    for (size_t e = 0; e < p->count; e++) first[key[e] + 1]++;
    for (size_t i = 0; i < nodes; i++) first[i + 1] += first[i];
    for (size_t e = 0; e < p->count; e++) {
        size_t at = first[key[e]]++;
        to->from[at] = p->from[e], to->to[at] = p->to[e], to->weight[at] = p->weight[e];
    }
    to->count = p->count;
}

/* Sums the weights of pairs that stand twice, neighbours after sorting. */
static void merge(struct pairs *p)
{
    size_t kept = 0;
    for (size_t e = 0; e < p->count; e++) {
        bool same = kept && p->from[kept - 1] == p->from[e] && p->to[kept - 1] == p->to[e];
        if (same) {
            p->weight[kept - 1] += p->weight[e];
            continue;
        }
        p->from[kept] = p->from[e], p->to[kept] = p->to[e], p->weight[kept++] = p->weight[e];
    }
    p->count = kept;
}

static int adjacency_new(bram_ctx *cx, bram_adjacency *a, size_t nodes, const uint32_t *row,
                         const uint32_t *node, const double *weight, size_t count)
{
    a->first = bram_alloc(cx, nodes + 1, sizeof *a->first);
    a->node = bram_alloc(cx, count, sizeof *a->node);
    a->weight = bram_alloc(cx, count, sizeof *a->weight);
    if (!a->first || !a->node || !a->weight) return BRAM_ENOMEM;
    for (size_t e = 0; e < count; e++) {
        a->first[row[e] + 1]++;
        a->node[e] = node[e], a->weight[e] = weight[e];
    }
    for (size_t i = 0; i < nodes; i++) a->first[i + 1] += a->first[i];
    return BRAM_OK;
}

static void adjacency_free(bram_adjacency *a)
{
    bram_free(a->first);
    bram_free(a->node);
    bram_free(a->weight);
}

void bram_graph_free(bram_graph *g)
{
    if (!g) return;
    adjacency_free(&g->out);
    if (g->directed) adjacency_free(&g->in);
    bram_free(g);
}

/* p is sorted by source, then target; q is of the same size, to work in. */
static int fill(bram_ctx *cx, bram_graph *g, const struct pairs *p, struct pairs *q, size_t *first)
{
    g->edges = p->count;
    BRAM_TRY(adjacency_new(cx, &g->out, g->nodes, p->from, p->to, p->weight, p->count));
    if (!g->directed) {
        g->in = g->out;
        return BRAM_OK;
    }
    memset(first, 0, (g->nodes + 1) * sizeof *first);
    sort_by(q, p, p->to, first, g->nodes);
    return adjacency_new(cx, &g->in, g->nodes, q->to, q->from, q->weight, q->count);
}

int bram_graph_new(bram_ctx *cx, bram_graph **out, size_t nodes, bool directed,
                   const uint32_t *from, const uint32_t *to, const double *weight, size_t count)
{
    if (nodes > UINT32_MAX || count > SIZE_MAX / 2)
        return bram_fail(cx, BRAM_ESHAPE, "%zu nodes and %zu edges, expected at most %u nodes",
                         nodes, count, UINT32_MAX);
    struct pairs p = {0}, q = {0};
    size_t *first = bram_alloc(cx, nodes + 1, sizeof *first);
    bram_graph *g = bram_alloc(cx, 1, sizeof *g);
    int status = first && g ? pairs_new(cx, &p, directed ? count : 2 * count) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = pairs_new(cx, &q, directed ? count : 2 * count);
    if (status == BRAM_OK) status = collect(cx, &p, nodes, directed, from, to, weight, count);
    if (status == BRAM_OK) {
        *g = (bram_graph){.nodes = nodes, .directed = directed};
        sort_by(&q, &p, p.to, first, nodes);
        memset(first, 0, (nodes + 1) * sizeof *first);
        sort_by(&p, &q, q.from, first, nodes);
        merge(&p);
        status = fill(cx, g, &p, &q, first);
    }
    pairs_free(&p);
    pairs_free(&q);
    bram_free(first);
    if (status == BRAM_OK) *out = g;
    else bram_graph_free(g);
    return status;
}

size_t bram_graph_degree(const bram_graph *g, uint32_t node)
{
    size_t out = g->out.first[node + 1] - g->out.first[node];
    return g->directed ? out + g->in.first[node + 1] - g->in.first[node] : out;
}

bool bram_graph_has(const bram_graph *g, uint32_t from, uint32_t to)
{
    size_t low = g->out.first[from], end = g->out.first[from + 1], high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (g->out.node[middle] < to) low = middle + 1;
        else high = middle;
    }
    return low < end && g->out.node[low] == to;
}
