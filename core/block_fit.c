/*
 * block_fit.c - the search for a partition of short description; see block_model.h.
 *
 * Agglomeration and mergers as in Peixoto 2014 (Phys Rev E 89:012804), merge-split moves as in
 * Peixoto 2020 (Phys Rev E 102:012305), here without temperature: a move is kept if it shortens.
 */
#include "block_private.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEW_BLOCKS = 24, /* at most this many: every block is a candidate, mergers come one by one */
    CANDIDATES = 24, /* else as many are drawn */
    SWEEPS = 10,
    SPLITS = 3 /* random halves to split a block from */
};

static const double LESS = 1e-9; /* nats: what counts as shorter */

struct search {
    bram_block_state state;
    bram_rng random;
    size_t *order, *trial, *member; /* nodes each */
};

/* ---- moves of nodes ------------------------------------------------------------------------- */

/* A block that is not unlikely to suit: that of a neighbour's neighbour, or (1 in 3) any. */
static size_t draw_candidate(struct search *f, size_t node)
{
    const bram_block_state *s = &f->state;
    const bram_block_graph *g = s->graph;
    size_t degree = g->start[node + 1] - g->start[node];
    if (degree && bram_rng_below(&f->random, 3)) {
        size_t j = g->to[g->start[node] + bram_rng_below(&f->random, degree)];
        size_t l = g->to[g->start[j] + bram_rng_below(&f->random, g->start[j + 1] - g->start[j])];
        if (s->label[l] != SIZE_MAX) return s->label[l];
    }
    return bram_rng_below(&f->random, s->slots);
}

/* Puts a node where the description is shortest: in a block of `allowed`, or of candidates (NULL).
 * @return whether it moved */
static bool move_node(struct search *f, size_t node, const size_t *allowed, size_t count)
{
    bram_block_state *s = &f->state;
    size_t home = s->label[node], best = home;
    bool all = allowed || s->slots <= FEW_BLOCKS;
    bram_block_take_out(s, node);
    double least = bram_block_put_cost(s, node, home) - LESS;
    if (!allowed) count = all ? s->slots : CANDIDATES;
    for (size_t c = 0; c < count; c++) {
        size_t block = allowed ? allowed[c] : all ? c : draw_candidate(f, node);
        if (block == home || (s->size[block] == 0 && !allowed)) continue;
        double cost = bram_block_put_cost(s, node, block);
        if (cost < least) least = cost, best = block;
    }
    bram_block_put_in(s, node, best);
    return best != home;
}

/* Moves the nodes (NULL: all) one after the other, in random order, until none wants to. */
static void sweep(struct search *f, const size_t *node, size_t nodes, const size_t *allowed,
                  size_t count, size_t sweeps)
{
    bool moved = true;
    for (size_t k = 0; k < sweeps && moved; k++) {
        moved = false;
        bram_rng_permutation(&f->random, nodes, f->order);
        for (size_t i = 0; i < nodes; i++) {
            size_t at = node ? node[f->order[i]] : f->order[i];
            if (move_node(f, at, allowed, count)) moved = true;
        }
    }
}

/* ---- agglomeration -------------------------------------------------------------------------- */

struct merger {
    double cost;
    size_t a, b;
};

static int by_cost(const void *x, const void *y)
{
    const struct merger *p = x, *q = y;
    if (p->cost != q->cost) return p->cost < q->cost ? -1 : 1;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}

/* Renumbers the labels so that blocks are 0 .. blocks - 1 and gives the state as many slots. */
static void compact(bram_block_state *s, size_t *label, size_t *number)
{
    size_t count = 0;
    for (size_t a = 0; a < s->slots; a++) number[a] = SIZE_MAX;
    for (size_t i = 0; i < s->graph->nodes; i++) {
        if (number[label[i]] == SIZE_MAX) number[label[i]] = count++;
        label[i] = number[label[i]];
    }
    s->slots = count;
    bram_block_state_fill(s, label);
}

/* The cheapest mergers down to `target` blocks, each block in one of them at most. `pairs` has room
 * for all pairs of slots. */
static void merge_down(struct search *f, size_t target, struct merger *pairs)
{
    bram_block_state *s = &f->state;
    size_t *into = f->trial, count = 0, left = s->blocks;
    for (size_t a = 0; a < s->slots; a++)
        for (size_t b = a + 1; b < s->slots; b++)
            pairs[count++] = (struct merger){bram_block_merge_cost(s, a, b), a, b};
    qsort(pairs, count, sizeof *pairs, by_cost);
    for (size_t a = 0; a < s->slots; a++) into[a] = SIZE_MAX;
    for (size_t k = 0; k < count && left > target; k++) {
        size_t a = pairs[k].a, b = pairs[k].b;
        if (into[a] != SIZE_MAX || into[b] != SIZE_MAX) continue;
        into[a] = into[b] = a, left--;
    }
    for (size_t i = 0; i < s->graph->nodes; i++)
        if (into[s->label[i]] != SIZE_MAX) s->label[i] = into[s->label[i]];
    compact(s, s->label, f->member);
}

static int agglomerate(bram_ctx *cx, struct search *f, size_t *best)
{
    bram_block_state *s = &f->state;
    size_t n = s->graph->nodes;
    double shortest = INFINITY;
    struct merger *pairs = bram_scratch(cx, s->slots * s->slots, sizeof *pairs);
    if (!pairs) return BRAM_ENOMEM;
    bram_rng_permutation(&f->random, n, f->order);
    for (size_t i = 0; i < n; i++) f->trial[f->order[i]] = i % s->slots;
    bram_block_state_fill(s, f->trial);
    for (;;) {
        sweep(f, NULL, n, NULL, 0, s->slots <= FEW_BLOCKS ? SWEEPS : SWEEPS / 4);
        compact(s, s->label, f->member);
        double length = bram_block_state_length(s);
        if (length < shortest) {
            shortest = length;
            memcpy(best, s->label, n * sizeof *best);
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
        if (s->blocks == 1) return BRAM_OK;
        size_t target = s->blocks > FEW_BLOCKS ? s->blocks * 4 / 5 : s->blocks - 1;
        merge_down(f, target, pairs);
    }
}

/* ---- mergers and splits --------------------------------------------------------------------- */

/* Deals the nodes of blocks a and b (b may be empty) at random to both and lets them move between
 * these; kept where that is shorter. @return whether it was */
static bool redeal(struct search *f, size_t a, size_t b)
{
    bram_block_state *s = &f->state;
    size_t n = s->graph->nodes, count = 0;
    double before = bram_block_state_length(s);
    memcpy(f->trial, s->label, n * sizeof *f->trial);
    for (size_t i = 0; i < n; i++)
        if (s->label[i] == a || s->label[i] == b) f->member[count++] = i;
    for (size_t i = 0; i < count; i++)
        s->label[f->member[i]] = bram_rng_below(&f->random, 2) ? a : b;
    bram_block_state_fill(s, s->label);
    sweep(f, f->member, count, (const size_t[]){a, b}, 2, SWEEPS);
    if (bram_block_state_length(s) < before - LESS) return true;
    bram_block_state_fill(s, f->trial);
    return false;
}

/* The block that a merges with at least cost, SIZE_MAX when there is no other. */
static size_t nearest_block(const bram_block_state *s, size_t a, double *cost)
{
    size_t best = SIZE_MAX;
    *cost = INFINITY;
    for (size_t b = 0; b < s->slots; b++) {
        if (b == a || s->size[b] == 0) continue;
        double c = bram_block_merge_cost(s, a, b);
        if (c < *cost) *cost = c, best = b;
    }
    return best;
}

static size_t empty_block(const bram_block_state *s)
{
    size_t a = 0;
    while (a < s->slots && s->size[a]) a++;
    return a;
}

/* Tries to split, to merge and to redeal every block once. @return whether anything shortened */
static bool merge_and_split(struct search *f)
{
    bram_block_state *s = &f->state;
    bool shorter = false;
    for (size_t a = 0; a < s->slots; a++) {
        double cost;
        for (size_t k = 0; k < SPLITS && s->size[a] > 1; k++) {
            size_t b = empty_block(s);
            if (b < s->slots && redeal(f, a, b)) shorter = true;
        }
        size_t b = s->size[a] ? nearest_block(s, a, &cost) : SIZE_MAX;
        if (b == SIZE_MAX) continue;
        if (cost < -LESS) {
            for (size_t i = 0; i < s->graph->nodes; i++)
                if (s->label[i] == b) s->label[i] = a;
            bram_block_state_fill(s, s->label);
            shorter = true;
        } else if (redeal(f, a, b)) shorter = true;
    }
    return shorter;
}

static size_t count_blocks(const size_t *label, size_t n)
{
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        if (label[i] > most) most = label[i];
    return most + 1;
}

/* From the partition in `label` (dense) on; there goes what was found. */
static int polish(bram_ctx *cx, struct search *f, size_t *label, size_t rounds)
{
    const bram_block_graph *g = f->state.graph;
    size_t blocks = count_blocks(label, g->nodes), slots = 2 * blocks + 2;
    BRAM_TRY(bram_block_state_make(cx, &f->state, g, slots < g->nodes ? slots : g->nodes));
    bram_block_state_fill(&f->state, label);
    bool shorter = true;
    for (size_t k = 0; k < rounds && shorter; k++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        shorter = merge_and_split(f);
        sweep(f, NULL, g->nodes, NULL, 0, SWEEPS);
    }
    memcpy(label, f->state.label, g->nodes * sizeof *label);
    return BRAM_OK;
}

/* ---- the fit -------------------------------------------------------------------------------- */

struct fit {
    bram_block_graph graph[2]; /* plain, corrected; or the one kind asked for */
    const bram_block_settings *settings;
    size_t *label; /* tasks x nodes */
    double *nats;  /* of each task */
};

static int fit_task(bram_ctx *cx, size_t task, void *user)
{
    struct fit *fit = user;
    const bram_block_settings *o = fit->settings;
    const bram_block_graph *g = &fit->graph[task / o->restarts];
    size_t n = g->nodes, slots = 64 + 4 * (size_t)sqrt((double)n), *label = fit->label + task * n;
    struct search f = {.random = bram_rng_at(o->seed, "block-model", task % o->restarts)};
    f.order = bram_scratch(cx, n, sizeof *f.order);
    f.trial = bram_scratch(cx, n, sizeof *f.trial);
    f.member = bram_scratch(cx, n, sizeof *f.member);
    if (!f.order || !f.trial || !f.member) return BRAM_ENOMEM;
    BRAM_TRY(bram_block_state_make(cx, &f.state, g, slots < n ? slots : n));
    BRAM_TRY(agglomerate(cx, &f, label));
    BRAM_TRY(polish(cx, &f, label, o->rounds));
    bram_block_state_fill(&f.state, label);
    fit->nats[task] = bram_block_state_length(&f.state);
    return BRAM_OK;
}

struct block {
    size_t size, first, number;
};

static int by_size(const void *x, const void *y)
{
    const struct block *p = x, *q = y;
    if (p->size != q->size) return p->size > q->size ? -1 : 1;
    return (p->first > q->first) - (p->first < q->first);
}

/* Blocks by size; `block` and `number` have room for the labels. @return how many there are */
static size_t order_blocks(size_t *out, const size_t *label, size_t n, struct block *block,
                           size_t *number)
{
    size_t most = count_blocks(label, n), count = 0;
    for (size_t a = 0; a < most; a++) block[a] = (struct block){0, n, a};
    for (size_t i = n; i-- > 0;) block[label[i]].size++, block[label[i]].first = i;
    qsort(block, most, sizeof *block, by_size);
    for (size_t a = 0; a < most && block[a].size; a++) number[block[a].number] = count++;
    for (size_t i = 0; i < n; i++) out[i] = number[label[i]];
    return count;
}

static int run(bram_ctx *cx, size_t *label, bram_block_fit_result *result,
               const bram_edge_list *graph, const bram_block_settings *settings)
{
    size_t n = graph->nodes, best = 0;
    size_t kinds = settings->kind == BRAM_BLOCK_SHORTER ? 2 : 1, tasks = kinds * settings->restarts;
    struct fit fit = {.settings = settings};
    bram_block_settings o = *settings;
    for (size_t k = 0; k < kinds; k++) {
        if (kinds == 2) o.kind = k ? BRAM_BLOCK_CORRECTED : BRAM_BLOCK_PLAIN;
        BRAM_TRY(bram_block_graph_make(cx, &fit.graph[k], graph, &o));
    }
    fit.label = bram_scratch(cx, tasks, n * sizeof *fit.label);
    fit.nats = bram_scratch(cx, tasks, sizeof *fit.nats);
    struct block *block = bram_scratch(cx, n, sizeof *block);
    size_t *number = bram_scratch(cx, n, sizeof *number);
    if (!fit.label || !fit.nats || !block || !number) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, tasks, fit_task, &fit));
    for (size_t t = 1; t < tasks; t++)
        if (fit.nats[t] < fit.nats[best]) best = t;
    result->nats = fit.nats[best];
    result->kind = fit.graph[best / settings->restarts].kind;
    result->blocks = order_blocks(label, fit.label + best * n, n, block, number);
    return BRAM_OK;
}

int bram_block_fit(bram_ctx *cx, size_t *label, bram_block_fit_result *result,
                   const bram_edge_list *graph, const bram_block_settings *settings)
{
    if (settings->restarts == 0)
        return bram_fail(cx, BRAM_EUSAGE, "no restarts, expected 1 or more");
    size_t mark = bram_scratch_mark(cx);
    int status = run(cx, label, result, graph, settings);
    bram_scratch_release(cx, mark);
    return status;
}
