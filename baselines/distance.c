/*
 * distance.c - the nearer two nodes, the likelier an edge: minus the Euclidean distance. A pair
 * with a node of unknown position stands at the mean distance of the edges that are shown.
 */
#include "links.h"

#include <math.h>

struct distance {
    double typical; /* mean over the edges between known positions */
};

/* NaN where a position is unknown. */
static double between(const bram_graph *g, uint32_t i, uint32_t j)
{
    const double *a = g->position + i * g->dims, *b = g->position + j * g->dims;
    double square = 0;
    for (size_t d = 0; d < g->dims; d++) square += (a[d] - b[d]) * (a[d] - b[d]);
    return sqrt(square);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)o;
    (void)validation;
    (void)seed;
    const bram_graph *g = train->graph;
    if (!g->position || g->dims == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no node of the graph has a position");
    struct distance *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    double sum = 0, count = 0;
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++) {
            double d = between(g, (uint32_t)i, g->out.node[e]);
            if (isfinite(d)) sum += d, count++;
        }
    m->typical = count > 0 ? sum / count : 0;
    *fitted = m;
    return BRAM_OK;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    const struct distance *m = fitted;
    if (!g->position || g->dims == 0)
        return bram_fail(cx, BRAM_ESHAPE, "the graph that is asked about has no positions");
    for (size_t k = 0; k < count; k++) {
        double d = between(g, from[k], to[k]);
        out[k] = isfinite(d) ? -d : -m->typical;
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_distance = {
    .name = "distance",
    .summary = "link prediction: the nearer, the likelier",
    .source = "Kaiser and Hilgetag 2006, PLoS Comput Biol 2:e95",
    .missing = "a node of unknown position stands at the mean length of the edges",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH,
    .fit = fit,
    .answer = answer,
    .release = bram_links_release,
};
