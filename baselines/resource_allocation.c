/*
 * resource_allocation.c - the neighbours that two nodes share, each weighing 1 / degree
 * (Zhou, Lue and Zhang 2009, Eur. Phys. J. B 71:623).
 */
#include "links.h"

static double weight(size_t degree)
{
    return 1 / (double)degree;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    (void)cx;
    (void)fitted;
    for (size_t k = 0; k < count; k++) out[k] = bram_links_shared(g, from[k], to[k], weight);
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_resource_allocation = {
    .name = "resource-allocation",
    .summary = "link prediction: shared neighbours by 1 / degree",
    .source = "Zhou, Lue and Zhang 2009, Eur Phys J B 71:623",
    .missing = "an edge that is not shown counts as absent",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH,
    .fit = bram_links_fit,
    .answer = answer,
    .release = bram_links_release,
};
