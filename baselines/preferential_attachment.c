/*
 * preferential_attachment.c - the product of the degrees of two nodes (Barabasi and Albert 1999,
 * Science 286:509): out-degree of the source times in-degree of the target. What a link predictor
 * must beat to know more than which nodes have many edges.
 */
#include "links.h"

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    (void)cx;
    (void)fitted;
    for (size_t k = 0; k < count; k++)
        out[k] = (double)(g->out.first[from[k] + 1] - g->out.first[from[k]]) *
                 (double)(g->in.first[to[k] + 1] - g->in.first[to[k]]);
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_preferential_attachment = {
    .name = "preferential-attachment",
    .summary = "link prediction: the product of the degrees",
    .source = "Barabasi and Albert 1999, Science 286:509",
    .missing = "an edge that is not shown counts as absent",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH | BRAM_MODEL_TRIVIAL,
    .fit = bram_links_fit,
    .answer = answer,
    .release = bram_links_release,
};
