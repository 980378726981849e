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
    {"diagonal", BRAM_PARAM_CHOICE, "exclude", "exclude|include", 0, 0,
     "pairs of a node with itself"},
    {"threshold", BRAM_PARAM_REAL, "0", NULL, 0, INFINITY,
     "a pair is an edge where the magnitude of its weight exceeds this"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

struct scored {
    double score;
    uint32_t from, to;
    bool edge;
};

struct bram_edges {
    struct scored *pairs; /* the highest score first */
    size_t count, edges, groups;
    uint32_t *group; /* of each node; NULL: its own */
};

static int by_score(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static int check_shapes(bram_ctx *cx, const bram_side *model, const bram_side *brain)
{
    const bram_mat *m = &model->values, *b = &brain->values;
    if (m->rows != b->rows || m->cols != b->cols || b->rows != b->cols || b->rows == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the scores are %zu x %zu, the edges %zu x %zu; expected "
                         "two square matrices over the same nodes",
                         m->rows, m->cols, b->rows, b->cols);
    if (b->rows > UINT32_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%zu nodes, expected at most %u", b->rows, UINT32_MAX);
    return BRAM_OK;
}

static bool counts(const bram_side *model, const bram_side *brain, size_t i, size_t j,
                   bool diagonal)
{
    size_t at = i * brain->values.cols + j;
    return (diagonal || i != j) && (!model->present || model->present[at]) &&
           (!brain->present || brain->present[at]);
}

static int collect(bram_ctx *cx, bram_edges *e, const bram_options *o, const bram_comparison *c)
{
    const bram_side *model = c->model, *brain = c->brain;
    bool diagonal = bram_option_is(o, "diagonal", "include");
    double threshold = bram_option_real(o, "threshold");
    size_t n = brain->values.rows, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) pairs += counts(model, brain, i, j, diagonal);
    if (c->memory && pairs > c->memory / sizeof *e->pairs)
        return bram_fail(cx, BRAM_EMEMORY, "%zu pairs of %zu bytes exceed the budget of %zu bytes",
                         pairs, sizeof *e->pairs, c->memory);
    e->pairs = bram_alloc(cx, pairs, sizeof *e->pairs);
    if (!e->pairs) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (!counts(model, brain, i, j, diagonal)) continue;
            double score = bram_row(&model->values, i)[j], weight = bram_row(&brain->values, i)[j];
            if (!isfinite(score) || !isfinite(weight))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the pair (%zu, %zu) has score %g and weight %g, "
                                 "expected numbers (what is unknown is masked)",
                                 i, j, score, weight);
            bool edge = fabs(weight) > threshold;
            e->pairs[e->count++] = (struct scored){score, (uint32_t)i, (uint32_t)j, edge};
            e->edges += edge;
        }
    qsort(e->pairs, e->count, sizeof *e->pairs, by_score);
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

int bram_edges_pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                    const bram_comparison *c)
{
    const bram_side *brain = c->brain;
    BRAM_TRY(check_shapes(cx, c->model, brain));
    bram_edges *e = bram_alloc(cx, 1, sizeof *e);
    if (!e) return BRAM_ENOMEM;
    int status = copy_groups(cx, e, &c->groups, brain->values.rows);
    if (status == BRAM_OK) status = collect(cx, e, o, c);
    if (status != BRAM_OK) {
        bram_edges_free(e);
        return status;
    }
    *out = e, *values = 1;
    return BRAM_OK;
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
        if (edges + others > 0) take(user, edges, others);
    }
    return BRAM_OK;
}

double bram_edges_density(const void *edges)
{
    const bram_edges *e = edges;
    return e->count ? (double)e->edges / (double)e->count : (double)NAN;
}
