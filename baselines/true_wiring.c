/*
 * true_wiring.c - the model `true-wiring`: the connections of the simulated worm, known from the
 * network that made it. It finds every edge that was held out: AUROC 1 is what can be reached.
 *
 * Nodes are matched by name; for other graphs it does not apply.
 */
#include "links.h"
#include "worm_network.h"

#include <string.h>

static const bram_param params[] = {
    {"pairs", BRAM_PARAM_INTEGER, "24", NULL, 1, 400, "left-right pairs of the network"},
    {"seed", BRAM_PARAM_INTEGER, "1", NULL, 0, 0, "seed of the network"},
    {.name = NULL}};

struct wiring {
    bram_worm_network network;
    size_t nodes, *neuron; /* of each node of the graph */
};

static void release(void *fitted)
{
    struct wiring *m = fitted;
    if (!m) return;
    bram_worm_network_release(&m->network);
    bram_free(m->neuron);
    bram_free(m);
}

static int match(bram_ctx *cx, struct wiring *m, const bram_axis *node)
{
    for (size_t i = 0; i < m->nodes; i++) {
        size_t at = 0;
        while (at < m->network.neurons && strcmp(m->network.name[at], bram_axis_id(node, i)) != 0)
            at++;
        if (at == m->network.neurons)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "true-wiring knows only the simulated worm of %zu neurons, which has "
                             "no \"%s\"",
                             m->network.neurons, bram_axis_id(node, i));
        m->neuron[i] = at;
    }
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    const bram_graph *g = train->graph;
    if (!g->node) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the nodes of the graph have no names");
    struct wiring *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->nodes = g->nodes;
    m->neuron = bram_alloc(cx, g->nodes, sizeof *m->neuron);
    int status = m->neuron ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_worm_network_new(cx, &m->network, (size_t)bram_option_integer(o, "pairs"),
                                       (uint64_t)bram_option_integer(o, "seed"));
    if (status == BRAM_OK) status = match(cx, m, g->node);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int score(bram_ctx *cx, double *out, const void *fitted, const bram_graph *g,
                 const uint32_t *from, const uint32_t *to, size_t count)
{
    const struct wiring *m = fitted;
    size_t n = m->network.neurons;
    if (g->nodes != m->nodes)
        return bram_fail(cx, BRAM_ESHAPE, "a graph of %zu nodes, the model knows %zu", g->nodes,
                         m->nodes);
    for (size_t k = 0; k < count; k++) {
        size_t at = m->neuron[from[k]] * n + m->neuron[to[k]];
        out[k] = m->network.chemical[at] != 0 || m->network.gap[at] != 0;
    }
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    return bram_links_answer(cx, out, query, fitted, score);
}

const bram_model bram_model_true_wiring = {
    .name = "true-wiring",
    .summary = "link prediction: the connections that the simulated worm truly has",
    .source = "core/worm_network.h",
    .missing = "nodes that the network lacks: it does not apply",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .flags = BRAM_MODEL_GRAPH,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};
