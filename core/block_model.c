/*
 * block_model.c - the description length of a partition and its changes; see block_model.h.
 */
#include "block_private.h"

#include <math.h>
#include <string.h>

enum { MOST_PARTITIONS = 1 << 24 };

static const double LN_2 = 0.69314718055994530942;
static const double HALF_LN_2PI = 0.91893853320467274178;

/* ---- terms ---------------------------------------------------------------------------------- */

/* ln k!; above the table by Stirling's series, whose next term is below 1e-20 there. */
static double ln_factorial(const bram_block_graph *g, double k)
{
    if (k < BRAM_BLOCK_FACTORIALS) return g->factorial[(size_t)k];
    double x = k + 1;
    return (x - 0.5) * log(x) - x + HALF_LN_2PI + 1 / (12 * x) - 1 / (360 * x * x * x);
}

static double ln_choose(const bram_block_graph *g, double n, double k)
{
    return ln_factorial(g, n) - ln_factorial(g, k) - ln_factorial(g, n - k);
}

/* Of the m edges of weight sum `sum` between two blocks of `possible` pairs, or within one. */
static double pair_length(const bram_block_graph *g, double m, double possible, double sum,
                          bool within)
{
    double nats = g->kind == BRAM_BLOCK_BERNOULLI ? log(possible + 1) + ln_choose(g, possible, m)
                                                  : -ln_factorial(g, m) - (within ? m * LN_2 : 0);
    if (g->weight && m > 0)
        nats += (m + 1) * log(sum + g->beta) - log(g->beta) - ln_factorial(g, m);
    return nats;
}

/* Of a block but for its histogram of degrees; n_r! of the corrected kind cancels that of P(b). */
static double block_length(const bram_block_graph *g, size_t size, double ends)
{
    if (size == 0) return 0;
    if (g->kind == BRAM_BLOCK_CORRECTED)
        return ln_factorial(g, ends) + g->partitions[(size_t)ends * (g->nodes + 1) + size];
    double nats = -ln_factorial(g, (double)size);
    return g->kind == BRAM_BLOCK_PLAIN ? nats + ends * log((double)size) : nats;
}

static double blocks_length(const bram_block_graph *g, size_t blocks)
{
    double b = (double)blocks, e = (double)g->edges;
    if (blocks == 0) return 0; /* the only node is out */
    double nats = ln_choose(g, (double)g->nodes - 1, b - 1);
    return g->kind == BRAM_BLOCK_BERNOULLI ? nats : nats + ln_choose(g, b * (b + 1) / 2 + e - 1, e);
}

static double possible_pairs(double a, double b, bool within)
{
    return within ? a * (a - 1) / 2 : a * b;
}

/* ---- the graph ------------------------------------------------------------------------------ */

static int check_edges(bram_ctx *cx, const bram_edge_list *list)
{
    if (list->nodes == 0) return bram_fail(cx, BRAM_ESHAPE, "a graph without nodes has no blocks");
    for (size_t e = 0; e < list->edges; e++) {
        size_t a = list->from[e], b = list->to[e];
        if (a >= list->nodes || b >= list->nodes)
            return bram_fail(cx, BRAM_ESHAPE, "edge %zu is %zu to %zu, expected nodes below %zu", e,
                             a, b, list->nodes);
        if (a == b) return bram_fail(cx, BRAM_ESHAPE, "edge %zu joins node %zu to itself", e, a);
        if (list->weight && !(list->weight[e] > 0 && isfinite(list->weight[e])))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "edge %zu has the weight %g, expected a finite one above 0", e,
                             list->weight[e]);
    }
    return BRAM_OK;
}

/* `seen`: nodes. No node may have the same neighbour twice. */
static int check_simple(bram_ctx *cx, const bram_block_graph *g, size_t *seen)
{
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t k = g->start[i]; k < g->start[i + 1]; k++) {
            if (seen[g->to[k]] == i + 1)
                return bram_fail(cx, BRAM_ESHAPE, "nodes %zu and %zu are joined twice", i,
                                 g->to[k]);
            seen[g->to[k]] = i + 1;
        }
    return BRAM_OK;
}

static void fill_neighbours(bram_block_graph *g, const bram_edge_list *list, size_t *at)
{
    for (size_t e = 0; e < list->edges; e++)
        g->start[list->from[e] + 1]++, g->start[list->to[e] + 1]++;
    for (size_t i = 0; i < g->nodes; i++) g->start[i + 1] += g->start[i], at[i] = g->start[i];
    for (size_t e = 0; e < list->edges; e++)
        for (int side = 0; side < 2; side++) {
            size_t a = side ? list->to[e] : list->from[e], b = side ? list->from[e] : list->to[e];
            if (g->weight) g->weight[at[a]] = list->weight[e];
            g->to[at[a]++] = b;
        }
}

static double mean_weight(const bram_edge_list *list)
{
    double sum = 0;
    for (size_t e = 0; list->weight && e < list->edges; e++) sum += list->weight[e];
    return sum > 0 ? sum / (double)list->edges : 1;
}

/* ln q(e, n): q(e, n) = q(e, n - 1) + q(e - n, n), below 1e308 for e up to 70,000. */
static int count_partitions(bram_ctx *cx, bram_block_graph *g)
{
    size_t most = 2 * g->edges, stride = g->nodes + 1;
    if (most + 1 > MOST_PARTITIONS / stride)
        return bram_fail(cx, BRAM_EMEMORY,
                         "%zu nodes with %zu edges are too many for the degree-corrected model",
                         g->nodes, g->edges);
    double *q = bram_scratch(cx, (most + 1) * stride, sizeof *q);
    if (!q) return BRAM_ENOMEM;
    for (size_t n = 0; n < stride; n++) q[n] = 1;
    for (size_t e = 1; e <= most; e++)
        for (size_t n = 1; n < stride; n++)
            q[e * stride + n] = q[e * stride + n - 1] + (n <= e ? q[(e - n) * stride + n] : 0);
    for (size_t e = 0; e <= most; e++)
        for (size_t n = 1; n < stride; n++) q[e * stride + n] = log(q[e * stride + n]);
    g->partitions = q;
    for (size_t i = 0; i < g->nodes; i++) {
        size_t degree = g->start[i + 1] - g->start[i];
        g->constant -= ln_factorial(g, (double)degree);
        if (degree >= g->degrees) g->degrees = degree + 1;
    }
    return BRAM_OK;
}

int bram_block_graph_make(bram_ctx *cx, bram_block_graph *out, const bram_edge_list *list,
                          const bram_block_settings *settings)
{
    BRAM_TRY(check_edges(cx, list));
    size_t n = list->nodes, ends = 2 * list->edges;
    double beta = settings->beta;
    if (beta < 0 || !isfinite(beta))
        return bram_fail(cx, BRAM_ENUMERIC, "beta is %g, expected a scale above 0, or 0", beta);
    bram_block_graph g = {.nodes = n,
                          .edges = list->edges,
                          .beta = beta > 0 ? beta : mean_weight(list),
                          .kind = settings->kind};
    size_t *work = bram_scratch(cx, n, 2 * sizeof *work);
    g.start = bram_scratch(cx, n + 1, sizeof *g.start);
    g.to = bram_scratch(cx, ends, sizeof *g.to);
    g.factorial = bram_scratch(cx, BRAM_BLOCK_FACTORIALS, sizeof *g.factorial);
    if (list->weight) g.weight = bram_scratch(cx, ends + 1, sizeof *g.weight);
    if (!work || !g.start || !g.to || !g.factorial || (list->weight && !g.weight))
        return BRAM_ENOMEM;
    fill_neighbours(&g, list, work);
    BRAM_TRY(check_simple(cx, &g, work + n));
    for (size_t k = 2; k < BRAM_BLOCK_FACTORIALS; k++)
        g.factorial[k] = g.factorial[k - 1] + log((double)k);
    g.constant = ln_factorial(&g, (double)n) + log((double)n);
    if (g.kind == BRAM_BLOCK_CORRECTED) BRAM_TRY(count_partitions(cx, &g));
    *out = g;
    return BRAM_OK;
}

/* ---- the state ------------------------------------------------------------------------------ */

int bram_block_state_make(bram_ctx *cx, bram_block_state *s, const bram_block_graph *g,
                          size_t slots)
{
    bram_block_state t = {.graph = g, .slots = slots};
    t.label = bram_scratch(cx, g->nodes, sizeof *t.label);
    t.size = bram_scratch(cx, slots, sizeof *t.size);
    t.count = bram_scratch(cx, slots * slots, 3 * sizeof *t.count);
    t.ends = bram_scratch(cx, slots, 3 * sizeof *t.ends);
    t.degree = bram_scratch(cx, slots, g->degrees * sizeof *t.degree);
    if (!t.label || !t.size || !t.count || !t.ends || !t.degree) return BRAM_ENOMEM;
    t.sum = t.count + slots * slots, t.term = t.sum + slots * slots;
    t.node_count = t.ends + slots, t.node_sum = t.node_count + slots;
    *s = t;
    return BRAM_OK;
}

static size_t degree_of(const bram_block_graph *g, size_t node)
{
    return g->start[node + 1] - g->start[node];
}

static double term_of(const bram_block_state *s, size_t a, size_t b)
{
    size_t at = a * s->slots + b;
    double possible = possible_pairs((double)s->size[a], (double)s->size[b], a == b);
    return pair_length(s->graph, s->count[at], possible, s->sum[at], a == b);
}

static void refresh_row(bram_block_state *s, size_t a)
{
    for (size_t t = 0; t < s->slots; t++)
        s->term[a * s->slots + t] = s->term[t * s->slots + a] = term_of(s, a, t);
}

void bram_block_state_fill(bram_block_state *s, const size_t *label)
{
    const bram_block_graph *g = s->graph;
    size_t n = s->slots;
    if (label != s->label) memcpy(s->label, label, g->nodes * sizeof *label);
    memset(s->size, 0, n * sizeof *s->size);
    memset(s->count, 0, n * n * sizeof *s->count);
    memset(s->sum, 0, n * n * sizeof *s->sum);
    memset(s->ends, 0, n * sizeof *s->ends);
    memset(s->degree, 0, n * g->degrees * sizeof *s->degree);
    s->blocks = 0;
    for (size_t i = 0; i < g->nodes; i++) {
        size_t a = s->label[i];
        if (g->degrees) s->degree[a * g->degrees + degree_of(g, i)]++;
        s->blocks += s->size[a]++ == 0;
        s->ends[a] += (double)degree_of(g, i);
        for (size_t k = g->start[i]; k < g->start[i + 1]; k++) {
            size_t b = s->label[g->to[k]];
            if (a == b && g->to[k] < i) continue;
            s->count[a * n + b]++;
            if (g->weight) s->sum[a * n + b] += g->weight[k];
        }
    }
    for (size_t a = 0; a < n; a++)
        for (size_t b = a; b < n; b++) s->term[a * n + b] = s->term[b * n + a] = term_of(s, a, b);
}

double bram_block_state_length(const bram_block_state *s)
{
    const bram_block_graph *g = s->graph;
    double nats = g->constant + blocks_length(g, s->blocks);
    for (size_t a = 0; a < s->slots; a++) {
        nats += block_length(g, s->size[a], s->ends[a]);
        for (size_t k = 0; k < g->degrees; k++)
            nats -= ln_factorial(g, (double)s->degree[a * g->degrees + k]);
        for (size_t b = a; b < s->slots; b++) nats += s->term[a * s->slots + b];
    }
    return nats;
}

/* Adds (sign 1) or removes (-1) a node whose edges to blocks are known. */
static void shift(bram_block_state *s, size_t node, size_t block, double sign)
{
    const bram_block_graph *g = s->graph;
    size_t n = s->slots;
    for (size_t t = 0; t < n; t++) {
        double m = sign * s->node_count[t], w = sign * s->node_sum[t];
        s->count[block * n + t] += m, s->sum[block * n + t] += w;
        if (t != block) s->count[t * n + block] += m, s->sum[t * n + block] += w;
    }
    size_t one = sign > 0 ? 1 : SIZE_MAX; /* or its negative */
    s->ends[block] += sign * (double)degree_of(g, node);
    s->size[block] += one;
    if (g->degrees) s->degree[block * g->degrees + degree_of(g, node)] += one;
    refresh_row(s, block);
}

void bram_block_take_out(bram_block_state *s, size_t node)
{
    const bram_block_graph *g = s->graph;
    size_t block = s->label[node];
    memset(s->node_count, 0, s->slots * sizeof *s->node_count);
    memset(s->node_sum, 0, s->slots * sizeof *s->node_sum);
    for (size_t k = g->start[node]; k < g->start[node + 1]; k++) {
        s->node_count[s->label[g->to[k]]]++;
        if (g->weight) s->node_sum[s->label[g->to[k]]] += g->weight[k];
    }
    s->label[node] = SIZE_MAX;
    shift(s, node, block, -1);
    if (s->size[block] == 0) s->blocks--;
}

void bram_block_put_in(bram_block_state *s, size_t node, size_t block)
{
    if (s->size[block] == 0) s->blocks++;
    shift(s, node, block, 1);
    s->label[node] = block;
}

double bram_block_put_cost(const bram_block_state *s, size_t node, size_t block)
{
    const bram_block_graph *g = s->graph;
    double size = (double)s->size[block], degree = (double)degree_of(g, node);
    double cost = blocks_length(g, s->blocks + (s->size[block] == 0)) - blocks_length(g, s->blocks);
    cost += block_length(g, s->size[block] + 1, s->ends[block] + degree) -
            block_length(g, s->size[block], s->ends[block]);
    if (g->degrees) /* ln(h + 1)! - ln h! */
        cost -= log((double)s->degree[block * g->degrees + degree_of(g, node)] + 1);
    for (size_t t = 0; t < s->slots; t++) {
        size_t at = block * s->slots + t;
        if (s->size[t] == 0 && t != block) continue;
        double possible = possible_pairs(size + 1, t == block ? size + 1 : (double)s->size[t],
                                         t == block);
        cost += pair_length(g, s->count[at] + s->node_count[t], possible,
                            s->sum[at] + s->node_sum[t], t == block) -
                s->term[at];
    }
    return cost;
}

double bram_block_merge_cost(const bram_block_state *s, size_t a, size_t b)
{
    const bram_block_graph *g = s->graph;
    const double *ca = s->count + a * s->slots, *cb = s->count + b * s->slots;
    const double *sa = s->sum + a * s->slots, *sb = s->sum + b * s->slots;
    const double *ta = s->term + a * s->slots, *tb = s->term + b * s->slots;
    double na = (double)s->size[a], nb = (double)s->size[b], size = na + nb;
    double cost = blocks_length(g, s->blocks - 1) - blocks_length(g, s->blocks);
    cost += block_length(g, s->size[a] + s->size[b], s->ends[a] + s->ends[b]) -
            block_length(g, s->size[a], s->ends[a]) - block_length(g, s->size[b], s->ends[b]);
    for (size_t k = 0; k < g->degrees; k++) {
        double ha = (double)s->degree[a * g->degrees + k];
        double hb = (double)s->degree[b * g->degrees + k];
        cost -= ln_factorial(g, ha + hb) - ln_factorial(g, ha) - ln_factorial(g, hb);
    }
    cost += pair_length(g, ca[a] + ca[b] + cb[b], possible_pairs(size, size, true),
                        sa[a] + sa[b] + sb[b], true) -
            ta[a] - ta[b] - tb[b];
    for (size_t t = 0; t < s->slots; t++)
        if (t != a && t != b && s->size[t])
            cost += pair_length(g, ca[t] + cb[t], size * (double)s->size[t], sa[t] + sb[t], false) -
                    ta[t] - tb[t];
    return cost;
}

/* ---- given partitions ----------------------------------------------------------------------- */

/* Labels 0 .. *blocks - 1 in the order in which nodes first have them. */
static int number_blocks(bram_ctx *cx, size_t *out, size_t *blocks, const size_t *label, size_t n)
{
    size_t *first = bram_scratch(cx, n, sizeof *first);
    size_t count = 0;
    if (!first) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < count && label[first[k]] != label[i]) k++;
        if (k == count) first[count++] = i;
        out[i] = k;
    }
    *blocks = count;
    return BRAM_OK;
}

static int state_of(bram_ctx *cx, bram_block_state *s, bram_block_graph *g,
                    const bram_edge_list *list, const size_t *label,
                    const bram_block_settings *settings)
{
    size_t blocks = 0;
    if (settings->kind == BRAM_BLOCK_SHORTER)
        return bram_fail(cx, BRAM_EUSAGE, "a length is of one kind: plain, corrected or bernoulli");
    BRAM_TRY(bram_block_graph_make(cx, g, list, settings));
    size_t *dense = bram_scratch(cx, g->nodes, sizeof *dense);
    if (!dense) return BRAM_ENOMEM;
    BRAM_TRY(number_blocks(cx, dense, &blocks, label, g->nodes));
    BRAM_TRY(bram_block_state_make(cx, s, g, blocks));
    bram_block_state_fill(s, dense);
    return BRAM_OK;
}

int bram_block_description(bram_ctx *cx, double *nats, const bram_edge_list *graph,
                           const size_t *label, const bram_block_settings *settings)
{
    bram_block_graph g;
    bram_block_state s;
    size_t mark = bram_scratch_mark(cx);
    int status = state_of(cx, &s, &g, graph, label, settings);
    if (status == BRAM_OK) *nats = bram_block_state_length(&s);
    bram_scratch_release(cx, mark);
    return status;
}

static double pair_score(const bram_block_state *s, size_t a, size_t b)
{
    const bram_block_graph *g = s->graph;
    size_t r = s->label[a], t = s->label[b];
    double m = s->count[r * s->slots + t], na = (double)s->size[r], nb = (double)s->size[t];
    if (g->kind != BRAM_BLOCK_CORRECTED) return (m + 1) / (possible_pairs(na, nb, r == t) + 2);
    double ka = (double)degree_of(g, a), kb = (double)degree_of(g, b);
    if (m == 0 || ka == 0 || kb == 0) return 0;
    return ka * kb * (r == t ? 2 * m : m) / (s->ends[r] * s->ends[t]);
}

int bram_block_pair_scores(bram_ctx *cx, double *score, const bram_edge_list *graph,
                           const size_t *label, const bram_block_settings *settings,
                           const size_t *a, const size_t *b, size_t count)
{
    bram_block_graph g;
    bram_block_state s;
    size_t mark = bram_scratch_mark(cx);
    int status = state_of(cx, &s, &g, graph, label, settings);
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        if (a[i] >= graph->nodes || b[i] >= graph->nodes || a[i] == b[i])
            status = bram_fail(cx, BRAM_ESHAPE,
                               "pair %zu is %zu and %zu, expected two of %zu nodes", i, a[i], b[i],
                               graph->nodes);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) score[i] = pair_score(&s, a[i], b[i]);
    bram_scratch_release(cx, mark);
    return status;
}
