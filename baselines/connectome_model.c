/*
 * connectome_model.c - the model `connectome`: a recurrent network whose units are the neurons of a
 * connectome and whose weights are its synapses (core/nn_circuit.h), and its nulls; see network.h.
 */
#include "circuit.h"
#include "hash.h"
#include "linalg.h"
#include "network_init.h"

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, &bram_body_circuit, o, train, validation, seed);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, &bram_body_circuit, o, in);
}

/* What a push of one unit's neuron adds to the input of another's near rest. */
static int answer_weights(bram_ctx *cx, const bram_network *n, const bram_query *q,
                          bram_dataset *out)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    const float *chemical = n->parameter + n->tensor[0].at, *gap = n->parameter + n->tensor[1].at;
    size_t mark = bram_scratch_mark(cx);
    size_t *unit = bram_scratch(cx, w->neurons, sizeof *unit);
    bram_mat weights;
    if (!unit) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &weights, n->units, n->units));
    for (size_t u = 0; u < n->units; u++) unit[w->neuron[u]] = u + 1;
    for (size_t e = 0; e < w->edges; e++) {
        size_t i = unit[w->from[e]], j = unit[w->to[e]];
        if (i && j)
            bram_row(&weights, i - 1)[j - 1] += bram_nn32_strength((double)chemical[e], w->sign[e]);
    }
    for (size_t e = 0; e < w->gaps; e++) {
        size_t i = unit[w->one[e]], j = unit[w->other[e]];
        double g = bram_nn32_strength((double)gap[e], 1);
        if (i && j) bram_row(&weights, i - 1)[j - 1] += g, bram_row(&weights, j - 1)[i - 1] += g;
    }
    int status = bram_forecast_weights(cx, out, q->panel->unit, &weights);
    bram_scratch_release(cx, mark);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    if (q->ask == BRAM_ASK_WEIGHTS) return answer_weights(cx, fitted, q, out);
    return bram_network_answer(cx, fitted, q, out);
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    const char *path = bram_option_text(o, "wiring");
    hex[0] = '\0';
    return path[0] ? bram_sha256_file(cx, hex, path) : BRAM_OK;
}

/* As of a connectome of a worm's size that is dense. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t neurons = units < 302 ? 302 : units;
    size_t batch = bram_network_sizes_of(&bram_body_circuit, o, rows, units).batch;
    size_t window = (size_t)bram_option_integer(o, "window");
    (void)inputs;
    return sizeof(float) *
           (rows * units + 14 * neurons * neurons + batch * window * (4 * neurons + 7 * units));
}

static const bram_param params[] = {
    BRAM_CIRCUIT_PARAMS,
    {"unrecorded", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "neurons that are not recorded, too"},
    {"mask", BRAM_PARAM_CHOICE, "connectome", "connectome|shuffled|random|dense|none", 0, 0,
     "where synapses are; nulls: the same degrees, as many, everywhere, nowhere"},
    {"signs", BRAM_PARAM_CHOICE, "dale", "dale|free", 0, 0,
     "of synapses: those of their source, as far as known; any"},
    {"init", BRAM_PARAM_CHOICE, "connectome", "connectome|shuffled|gaussian|constant", 0, 0,
     "strengths at the start: the connectome's, these in another order, drawn, all alike"},
    {"radius", BRAM_PARAM_REAL, "0.9", NULL, 1e-6, 100, "spectral radius they are scaled to"},
    {"window", BRAM_PARAM_INTEGER, "64", NULL, 2, 100000, "rows that gradients go back"},
    {"burn", BRAM_PARAM_INTEGER, "8", NULL, 0, 100000, "first rows of a window without loss"},
    BRAM_LEARNING_PARAM,
    BRAM_NETWORK_TRAINING("0.01"),
    {.name = NULL}};

const bram_model bram_model_connectome_model = {
    .name = "connectome",
    .summary = "network whose weights are a connectome's synapses, trained to forecast",
    .source =
        "Wicks, Roehrig & Rankin 1996, J Neurosci 16:4017; sign and initial weights as priors: "
        "Bhattasali, Zador & Engel 2022",
    .missing = "a missing value corrects nothing: its neuron goes on by itself; no loss there",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS) |
               BRAM_ANSWERS(BRAM_ASK_LEARNING) | BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = bram_network_save,
    .load = load,
    .release = bram_network_free,
    .content = content,
    .memory = memory,
};
