/*
 * spike_transformer.c - a generative transformer of spikes as tokens; see spike_tokens.h and
 * core/nn_tokens.h.
 */
#include "forecast.h"
#include "spike_tokens.h"

/* Options that answers need beside the network. */
struct fitted {
    bram_token_net *net;
    size_t samples;
    bool attention; /* weights are the attention itself */
};

static void release(void *fitted)
{
    struct fitted *f = fitted;
    if (!f) return;
    bram_token_net_free(f->net);
    bram_free(f);
}

static int wrap(bram_ctx *cx, void **fitted, bram_token_net *net, const bram_options *o)
{
    struct fitted *f = bram_alloc(cx, 1, sizeof *f);
    if (!f) {
        bram_token_net_free(net);
        return BRAM_ENOMEM;
    }
    *f = (struct fitted){net, (size_t)bram_option_integer(o, "samples"),
                         bram_option_is(o, "weights", "attention")};
    *fitted = f;
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    bram_token_net *n = NULL;
    double *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train)); /* refuses panels without rows or units */
    bram_free(mean);
    size_t columns = bram_option_flag(o, "inputs") ? train->segment[0].x.cols : 0;
    BRAM_TRY(bram_token_net_new(cx, &n, o, train->segment[0].y.cols, columns, 0));
    n->seed = seed;
    int status = bram_token_net_scale(cx, n, train, false);
    if (status == BRAM_OK) bram_token_net_start(n, seed);
    if (status == BRAM_OK)
        status = bram_token_pretrain(cx, n, o, train, validation, false, "spike-transformer");
    if (status == BRAM_OK) status = bram_token_attention(cx, n, train, false);
    if (status == BRAM_OK) return wrap(cx, fitted, n, o);
    bram_token_net_free(n);
    return status;
}

/* "weights" and, beside it, "attention"; "attention_lag": by layer and head, by distance. */
static int answer_weights(bram_ctx *cx, const struct fitted *f, const bram_query *q,
                          bram_dataset *out)
{
    const bram_token_net *n = f->net;
    BRAM_TRY(bram_forecast_weights(cx, out, q->panel->unit,
                                   f->attention ? &n->attention : &n->coupling));
    BRAM_TRY(bram_forecast_matrix(cx, out, "attention", "source", "target", &n->attention));
    return bram_forecast_matrix(cx, out, "attention_lag", "head", "distance", &n->lag);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct fitted *f = fitted;
    if (bram_axis_length(q->panel->unit) != f->net->shape.units)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), f->net->shape.units);
    if (q->ask == BRAM_ASK_WEIGHTS) return answer_weights(cx, f, q, out);
    if (q->ask == BRAM_ASK_INSIDE) return bram_token_inside(cx, f->net, q, out);
    return bram_token_answer(cx, f->net, f->samples, q, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_token_net_save(cx, ((const struct fitted *)fitted)->net, out);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    bram_token_net *n = NULL;
    BRAM_TRY(bram_token_net_load(cx, &n, o, in));
    return wrap(cx, fitted, n, o);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    return bram_token_net_memory(o, rows, units, bram_option_flag(o, "inputs") ? inputs : 0);
}

static const bram_param params[] = {
    BRAM_TOKEN_SHAPE_PARAMS,
    {"inputs", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "use inputs (stimulus, behaviour) where given"},
    {"samples", BRAM_PARAM_INTEGER, "16", NULL, 1, 100000, "runs whose average is a forecast"},
    {"weights", BRAM_PARAM_CHOICE, "coupling", "coupling|attention", 0, 0,
     "of neuron on neuron: what attended tokens do to rates, or the attention itself"},
    BRAM_TOKEN_TRAINING_PARAMS,
    {.name = NULL},
};

const bram_model bram_model_spike_transformer = {
    .name = "spike-transformer",
    .summary = "generative transformer whose tokens are the neurons that fire",
    .source = "Antoniades et al. 2023 (Neuroformer); Vaswani et al. 2017",
    .missing = "a missing count is no token and has no loss; a missing input is 0, and the input "
               "says so",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS) |
               BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_COUNTS | BRAM_MODEL_FINISHES |
             BRAM_MODEL_TAKES_INPUT | BRAM_MODEL_DRAWS,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
