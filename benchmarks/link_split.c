/*
 * link_split.c - a graph cut for link prediction; see link_split.h.
 */
#include "link_split.h"

#include "link_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 200 }; /* draws for one pair without an edge before giving up */

void bram_link_split_release(bram_link_split *s)
{
    bram_free(s->from);
    bram_free(s->to);
    bram_free(s->query);
    bram_free(s->edge);
    bram_free(s->set);
}

size_t bram_link_split_count(const bram_link_split *s, bram_link_set set, int edge)
{
    size_t n = 0;
    for (size_t k = 0; k < s->pairs; k++) n += s->set[k] == set && s->edge[k] == edge;
    return n;
}

int bram_link_split_graph(bram_ctx *cx, bram_graph **out, const bram_link_split *s)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    uint32_t *from = bram_scratch(cx, s->pairs, sizeof *from);
    uint32_t *to = bram_scratch(cx, s->pairs, sizeof *to);
    if (!from || !to) return BRAM_ENOMEM;
    for (size_t k = 0; k < s->pairs; k++)
        if (s->set[k] == BRAM_LINK_TRAIN && s->edge[k]) from[n] = s->from[k], to[n++] = s->to[k];
    int status = bram_graph_new(cx, out, s->nodes, s->directed, from, to, NULL, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- which pairs go where ------------------------------------------------------------------- */

/* Unordered pairs of nodes with an edge, the smaller number first, and the set of each. */
struct cut {
    size_t count;
    uint32_t (*pair)[2];
    uint8_t *set;
    uint8_t *node_set; /* scheme=neuron: of each node */
};

static int list_pairs(bram_ctx *cx, struct cut *c, const bram_graph *g)
{
    c->pair = bram_scratch(cx, g->edges, sizeof *c->pair);
    c->set = bram_scratch(cx, g->edges, 1);
    if (!c->pair || !c->set) return BRAM_ENOMEM;
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++) {
            uint32_t a = (uint32_t)i, b = g->out.node[e];
            if (a > b && bram_graph_has(g, b, a)) continue; /* listed from the other end */
            uint32_t *pair = c->pair[c->count++];
            pair[0] = a < b ? a : b, pair[1] = a < b ? b : a;
        }
    return BRAM_OK;
}

static size_t share_of(size_t n, double share)
{
    return (size_t)floor((double)n * share + 0.5);
}

/* Gives the first `test` things of a random order to the test, the next ones to validation. */
static int deal(bram_ctx *cx, uint8_t *set, size_t n, const bram_options *o, const char *stream)
{
    size_t *order = bram_scratch(cx, n, sizeof *order);
    size_t test = share_of(n, bram_option_real(o, "test"));
    size_t end = test + share_of(n, bram_option_real(o, "validation"));
    if (!order) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new((uint64_t)bram_option_integer(o, "split_seed"), stream);
    bram_rng_permutation(&g, n, order);
    for (size_t k = 0; k < n && k < end; k++)
        set[order[k]] = k < test ? BRAM_LINK_TEST : BRAM_LINK_VALIDATION;
    return BRAM_OK;
}

static int cut(bram_ctx *cx, struct cut *c, const bram_graph *g, const bram_options *o)
{
    BRAM_TRY(list_pairs(cx, c, g));
    if (!bram_option_is(o, "scheme", "neuron")) return deal(cx, c->set, c->count, o, "links/cut");
    c->node_set = bram_scratch(cx, g->nodes, 1);
    if (!c->node_set) return BRAM_ENOMEM;
    BRAM_TRY(deal(cx, c->node_set, g->nodes, o, "links/cut"));
    for (size_t k = 0; k < c->count; k++) {
        uint8_t a = c->node_set[c->pair[k][0]], b = c->node_set[c->pair[k][1]];
        c->set[k] = a > b ? a : b; /* the test takes what it can */
    }
    return BRAM_OK;
}

/* ---- pairs with and without an edge --------------------------------------------------------- */

struct maker {
    const bram_graph *g;
    const struct cut *cut;
    const bram_link_draw *draw;
    bram_link_split *out;
    size_t negatives;
    uint64_t seed;
};

static void put(bram_link_split *s, uint32_t from, uint32_t to, size_t query, bool edge,
                uint8_t set)
{
    s->from[s->pairs] = from, s->to[s->pairs] = to;
    s->query[s->pairs] = (uint32_t)query;
    s->edge[s->pairs] = edge, s->set[s->pairs++] = set;
}

/* Whether a pair is no candidate: it has an edge, or stands there for this edge already. */
static bool taken(const struct maker *m, const uint32_t pair[2], size_t query)
{
    const bram_link_split *s = m->out;
    if (pair[0] == pair[1] || bram_graph_has(m->g, pair[0], pair[1])) return true;
    for (size_t k = s->pairs; k-- > query;)
        if (s->from[k] == pair[0] && s->to[k] == pair[1]) return true;
    return false;
}

static int put_negatives(bram_ctx *cx, struct maker *m, uint32_t from, uint32_t to, uint8_t set)
{
    size_t query = m->out->pairs - 1; /* the edge itself stands there */
    bool keep_to = m->cut->node_set && m->cut->node_set[from] != set;
    bram_rng g = bram_rng_at(m->seed, "links/negatives", query);
    for (size_t k = 0; k < m->negatives; k++) {
        uint32_t pair[2];
        size_t tries = 0;
        do {
            if (tries == TRIES)
                return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                 "found %zu pairs without an edge beside edge (%u, %u), expected "
                                 "%zu: another scheme, a larger radius or fewer negatives",
                                 k, from, to, m->negatives);
            bram_link_draw_one(m->draw, &g, pair, from, to, k, tries++, keep_to);
            if (!m->g->directed && pair[0] > pair[1]) {
                uint32_t swap = pair[0];
                pair[0] = pair[1], pair[1] = swap;
            }
        } while (taken(m, pair, query));
        put(m->out, pair[0], pair[1], query, false, set);
    }
    return BRAM_OK;
}

static int put_edge(bram_ctx *cx, struct maker *m, uint32_t from, uint32_t to, uint8_t set)
{
    put(m->out, from, to, m->out->pairs, true, set);
    return set == BRAM_LINK_TRAIN ? BRAM_OK : put_negatives(cx, m, from, to, set);
}

static int put_all(bram_ctx *cx, struct maker *m)
{
    for (size_t k = 0; k < m->cut->count; k++) {
        const uint32_t *p = m->cut->pair[k];
        if (bram_graph_has(m->g, p[0], p[1])) BRAM_TRY(put_edge(cx, m, p[0], p[1], m->cut->set[k]));
        if (m->g->directed && bram_graph_has(m->g, p[1], p[0]))
            BRAM_TRY(put_edge(cx, m, p[1], p[0], m->cut->set[k]));
        if (k % 4096 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

static int check(bram_ctx *cx, const bram_link_split *s, const bram_options *o)
{
    static const char *const names[] = {"training", "validation", "test"};
    for (int set = 0; set < 3; set++) {
        bool wanted = set != BRAM_LINK_VALIDATION || bram_option_real(o, "validation") > 0;
        if (wanted && !bram_link_split_count(s, (bram_link_set)set, 1))
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the graph leaves no edge for the %s set",
                             names[set]);
    }
    return BRAM_OK;
}

static int reserve(bram_ctx *cx, bram_link_split *s, const struct cut *c, const bram_graph *g,
                   size_t negatives)
{
    size_t asked = 0, room = 0;
    for (size_t k = 0; k < c->count; k++) asked += c->set[k] != BRAM_LINK_TRAIN;
    room = (g->directed ? 2 : 1) * (c->count + asked * negatives);
    if (room > UINT32_MAX)
        return bram_fail(cx, BRAM_EMEMORY, "%zu pairs, expected at most %u: fewer negatives", room,
                         UINT32_MAX);
    s->from = bram_alloc(cx, room, sizeof *s->from);
    s->to = bram_alloc(cx, room, sizeof *s->to);
    s->query = bram_alloc(cx, room, sizeof *s->query);
    s->edge = bram_alloc(cx, room, 1);
    s->set = bram_alloc(cx, room, 1);
    return s->from && s->to && s->query && s->edge && s->set ? BRAM_OK : BRAM_ENOMEM;
}

int bram_link_split_make(bram_ctx *cx, bram_link_split *out, const bram_graph *g,
                         const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx);
    struct cut c = {0};
    bram_link_split s = {.nodes = g->nodes, .directed = g->directed};
    bram_link_draw *draw = NULL;
    struct maker m = {.g = g,
                      .cut = &c,
                      .out = &s,
                      .negatives = (size_t)bram_option_integer(o, "negatives"),
                      .seed = (uint64_t)bram_option_integer(o, "split_seed")};
    int status = cut(cx, &c, g, o);
    if (status == BRAM_OK) status = bram_link_draw_new(cx, &draw, g, o);
    if (status == BRAM_OK) status = reserve(cx, &s, &c, g, m.negatives);
    m.draw = draw;
    if (status == BRAM_OK) status = put_all(cx, &m);
    if (status == BRAM_OK) status = check(cx, &s, o);
    bram_link_draw_free(draw);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = s;
    else bram_link_split_release(&s);
    return status;
}
