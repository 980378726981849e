/*
 * links.c - what the link predictors share; see links.h.
 */
#include "links.h"

#include <bramble/parallel.h>

enum { BLOCK = 4096 }; /* pairs of a task */

struct job {
    const bram_query *query;
    const void *fitted;
    bram_link_fn *score;
    double *out;
};

static int block(bram_ctx *cx, size_t task, void *user)
{
    const struct job *job = user;
    const bram_query *q = job->query;
    size_t first = task * BLOCK, count = q->pairs - first < BLOCK ? q->pairs - first : BLOCK;
    for (size_t k = first; k < first + count; k++)
        if (q->from[k] >= q->panel->graph->nodes || q->to[k] >= q->panel->graph->nodes)
            return bram_fail(cx, BRAM_ESHAPE, "pair %zu is (%u, %u), expected nodes below %zu", k,
                             q->from[k], q->to[k], q->panel->graph->nodes);
    return job->score(cx, job->out + first, job->fitted, q->panel->graph, q->from + first,
                      q->to + first, count);
}

int bram_links_answer(bram_ctx *cx, bram_dataset *out, const bram_query *query, const void *fitted,
                      bram_link_fn *score)
{
    if (!query->panel->graph)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has no graph to predict links of");
    bram_axis *pair = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &pair, "pair", query->pairs));
    int status = bram_response_new(cx, &r, "score", BRAM_F64, 1, (const bram_axis *[]){pair});
    bram_axis_free(pair);
    BRAM_TRY(status);
    struct job job = {query, fitted, score, bram_response_f64(r)};
    status = bram_parallel_for(cx, (query->pairs + BLOCK - 1) / BLOCK, block, &job);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

int bram_links_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation, uint64_t seed)
{
    (void)o;
    (void)train;
    (void)validation;
    (void)seed;
    void *state = bram_alloc(cx, 1, 1);
    if (!state) return BRAM_ENOMEM;
    *fitted = state;
    return BRAM_OK;
}

void bram_links_release(void *fitted)
{
    bram_free(fitted);
}

double bram_links_shared(const bram_graph *g, uint32_t from, uint32_t to, bram_neighbour_fn *weight)
{
    const bram_adjacency *out = &g->out, *in = &g->in;
    size_t a = out->first[from], b = in->first[to];
    double sum = 0;
    while (a < out->first[from + 1] && b < in->first[to + 1]) {
        uint32_t x = out->node[a], y = in->node[b];
        if (x == y) sum += weight(bram_graph_degree(g, x));
        a += x <= y;
        b += y <= x;
    }
    return sum;
}
