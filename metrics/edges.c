/*
 * edges.c - scored pairs of nodes, sorted by score; see edges.h.
 */
#include "edges.h"

#include "internal.h"
#include "moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const bram_param bram_edges_params[] = {
    BRAM_EDGES_PARAMS,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct scored {
    double score, weight;
    uint32_t from, to, query;
    bool edge;
};

struct bram_edges {
    struct scored *pairs; /* the highest score first; by query first where it was asked for */
    size_t count, edges, groups;
    bool own_queries; /* a query is a node: its pairs are weighed by their other end alone */
    uint32_t *group;  /* of each node; NULL: its own */
    double kept;      /* see bram_edges_keep */
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static int by_query(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->query != y->query) return x->query < y->query ? -1 : 1;
    return by_score(a, b);
}

static int check_list(bram_ctx *cx, const bram_mat *m, const bram_side *brain)
{
    const bram_mat *b = &brain->values;
    const bram_pair_list *p = brain->pairs;
    if (m->rows != b->rows || m->cols != 1 || b->cols != 1)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the scores are %zu x %zu, the edges %zu x %zu; expected two columns of "
                         "the same pairs",
                         m->rows, m->cols, b->rows, b->cols);
    for (size_t k = 0; k < b->rows; k++)
        if (p->from[k] >= p->nodes || p->to[k] >= p->nodes)
            return bram_fail(cx, BRAM_ESHAPE, "pair %zu is (%u, %u), expected nodes below %zu", k,
                             p->from[k], p->to[k], p->nodes);
    return BRAM_OK;
}

static int check_shapes(bram_ctx *cx, const bram_side *model, const bram_side *brain)
{
    const bram_mat *m = &model->values, *b = &brain->values;
    if (brain->pairs) return check_list(cx, m, brain);
    if (m->rows != b->rows || m->cols != b->cols || b->rows != b->cols || b->rows == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the scores are %zu x %zu, the edges %zu x %zu; expected "
                         "two square matrices over the same nodes",
                         m->rows, m->cols, b->rows, b->cols);
    if (b->rows > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu nodes, expected at most %u", b->rows, UINT32_MAX);
    return BRAM_OK;
}

/* How many places there are for pairs, and the nodes of one. */
static size_t places(const bram_side *brain)
{
    return brain->pairs ? brain->values.rows : brain->values.rows * brain->values.rows;
}

static struct scored place(const bram_side *brain, size_t at)
{
    const bram_pair_list *p = brain->pairs;
    size_t n = brain->values.rows;
    if (!p) return (struct scored){.from = (uint32_t)(at / n), .to = (uint32_t)(at % n)};
    return (struct scored){.from = p->from[at], .to = p->to[at]};
}

static double value_at(const bram_side *side, size_t at)
{
    return bram_row(&side->values, at / side->values.cols)[at % side->values.cols];
}

static bool counts(const bram_side *model, const bram_side *brain, size_t at, bool diagonal)
{
    struct scored p = place(brain, at);
    return (diagonal || p.from != p.to) && (!model->present || model->present[at]) &&
           (!brain->present || brain->present[at]);
}

static int collect(bram_ctx *cx, bram_edges *e, const bram_options *o, const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    bool diagonal = bram_option_is(o, "diagonal", "include");
    double threshold = bram_option_real(o, "threshold");
    size_t pairs = 0;
    for (size_t at = 0; at < places(brain); at++) pairs += counts(model, brain, at, diagonal);
    if (c->memory && pairs > c->memory / sizeof *e->pairs)
        return bram_fail(cx, BRAM_EMEMORY, "%zu pairs of %zu bytes exceed the budget of %zu bytes",
                         pairs, sizeof *e->pairs, c->memory);
    e->pairs = bram_alloc(cx, pairs, sizeof *e->pairs);
    if (!e->pairs) return BRAM_ENOMEM;
    e->own_queries = !brain->pairs || !brain->pairs->query;
    for (size_t at = 0; at < places(brain); at++) {
        if (!counts(model, brain, at, diagonal)) continue;
        struct scored p = place(brain, at);
        p.score = value_at(model, at), p.weight = value_at(brain, at);
        if (!isfinite(p.score) || !isfinite(p.weight))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the pair (%u, %u) has score %g and weight %g, "
                             "expected numbers (what is unknown is masked)",
                             p.from, p.to, p.score, p.weight);
        p.query = e->own_queries ? p.from : brain->pairs->query[at];
        p.edge = fabs(p.weight) > threshold;
        e->pairs[e->count++] = p;
        e->edges += p.edge;
    }
    return BRAM_OK;
}

static int copy_groups(bram_ctx *cx, bram_edges *e, const bram_groups *g, size_t nodes)
{
    BRAM_TRY(bram_groups_check(cx, &e->groups, g, nodes));
    if (!g->group) return BRAM_OK;
    e->group = bram_alloc(cx, nodes, sizeof *e->group);
    if (!e->group) return BRAM_ENOMEM;
    memcpy(e->group, g->group, nodes * sizeof *e->group);
    return BRAM_OK;
}

static int pair_sorted(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                       const bram_comparison *c, int (*order)(const void *, const void *))
{
    const bram_side *brain = c->brain;
    BRAM_TRY(check_shapes(cx, c->model, brain));
    bram_edges *e = bram_alloc(cx, 1, sizeof *e);
    if (!e) return BRAM_ENOMEM;
    size_t nodes = brain->pairs ? brain->pairs->nodes : brain->values.rows;
    int status = copy_groups(cx, e, &c->groups, nodes);
    if (status == BRAM_OK) status = collect(cx, e, o, c);
    if (status != BRAM_OK) {
        bram_edges_free(e);
        return status;
    }
    if (e->count) qsort(e->pairs, e->count, sizeof *e->pairs, order);
    *out = e, *values = 1;
    return BRAM_OK;
}

int bram_edges_pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                    const bram_comparison *c)
{
    return pair_sorted(cx, out, values, o, c, by_score);
}

int bram_edges_pair_by_query(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                             const bram_comparison *c)
{
    return pair_sorted(cx, out, values, o, c, by_query);
}

int bram_edges_pair_probabilities(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                                  const bram_comparison *c)
{
    void *made = NULL;
    BRAM_TRY(bram_edges_pair(cx, &made, values, o, c));
    const bram_edges *e = made;
    for (size_t k = 0; k < e->count; k++) {
        const struct scored *p = &e->pairs[k];
        if (p->score >= 0 && p->score <= 1) continue;
        int status = bram_fail(cx, BRAM_ENUMERIC,
                               "the pair (%u, %u) has score %g, expected a probability", p->from,
                               p->to, p->score);
        bram_edges_free(made);
        return status;
    }
    *out = made;
    return BRAM_OK;
}

void bram_edges_keep(void *edges, double number)
{
    bram_edges *e = edges;
    e->kept = number;
}

double bram_edges_kept(const bram_edges *edges)
{
    return edges->kept;
}

void bram_edges_free(void *edges)
{
    bram_edges *e = edges;
    if (!e) return;
    bram_free(e->pairs);
    bram_free(e->group);
    bram_free(e);
}

static double times_drawn(const bram_edges *e, const double *weight, uint32_t node)
{
    return weight ? weight[e->group ? e->group[node] : node] : 1;
}

int bram_edges_walk(bram_ctx *cx, const bram_edges *e, const double *weight, bram_edges_fn *take,
                    void *user)
{
    BRAM_TRY(bram_weights_check(cx, weight, e->groups));
    for (size_t k = 0; k < e->count;) {
        double score = e->pairs[k].score, edges = 0, others = 0;
        for (; k < e->count && e->pairs[k].score == score; k++) {
            const struct scored *p = &e->pairs[k];
            double w = times_drawn(e, weight, p->from) * times_drawn(e, weight, p->to);
            *(p->edge ? &edges : &others) += w;
        }
        if (edges + others > 0) take(user, score, edges, others);
    }
    return BRAM_OK;
}

/* What a pair without an edge counts among the candidates of its query. */
static double candidate(const bram_edges *e, const double *weight, const struct scored *p)
{
    return e->own_queries ? times_drawn(e, weight, p->to) : 1;
}

/* The pairs first .. end - 1 of one query, ties together. */
static void rank_query(const bram_edges *e, const double *weight, size_t first, size_t end,
                       bram_edges_rank_fn *take, void *user)
{
    double above = 0, all = 0;
    for (size_t k = first; k < end; k++)
        if (!e->pairs[k].edge) all += candidate(e, weight, &e->pairs[k]);
    for (size_t k = first, tie; k < end; k = tie) {
        double tied = 0;
        for (tie = k; tie < end && e->pairs[tie].score == e->pairs[k].score; tie++)
            if (!e->pairs[tie].edge) tied += candidate(e, weight, &e->pairs[tie]);
        for (size_t p = k; p < tie; p++) {
            const struct scored *pair = &e->pairs[p];
            double w = times_drawn(e, weight, pair->from) * times_drawn(e, weight, pair->to);
            if (pair->edge && w > 0) take(user, w, above, tied, all);
        }
        above += tied;
    }
}

int bram_edges_rank(bram_ctx *cx, const bram_edges *e, const double *weight,
                    bram_edges_rank_fn *take, void *user)
{
    BRAM_TRY(bram_weights_check(cx, weight, e->groups));
    for (size_t k = 0, end; k < e->count; k = end) {
        for (end = k; end < e->count && e->pairs[end].query == e->pairs[k].query;) end++;
        rank_query(e, weight, k, end, take, user);
    }
    return BRAM_OK;
}

size_t bram_edges_count(const bram_edges *e, size_t *edges)
{
    if (edges) *edges = e->edges;
    return e->count;
}

size_t bram_edges_groups(const bram_edges *e)
{
    return e->groups;
}

double bram_edges_at(const bram_edges *e, size_t k, const double *weight, double *score,
                     double *strength)
{
    const struct scored *p = &e->pairs[k];
    *score = p->score, *strength = p->weight;
    return times_drawn(e, weight, p->from) * times_drawn(e, weight, p->to);
}

double bram_edges_density(const void *edges)
{
    const bram_edges *e = edges;
    return e->count ? (double)e->edges / (double)e->count : (double)NAN;
}
