/*
 * rnn.c - an Elman network with tanh that reads a recording row by row and forecasts the next; see
 * network.h.
 */
#include "circuit.h"
#include "network_init.h"

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, &bram_body_rnn, o, train, validation, seed);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, &bram_body_rnn, o, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    return bram_network_memory(&bram_body_rnn, o, rows, units);
}

static const bram_param params[] = {
    BRAM_NETWORK_PARAMS, BRAM_FEED_PARAM, BRAM_INIT_PARAMS, {.name = NULL}};

const bram_model bram_model_rnn = {
    .name = "rnn",
    .summary = "an Elman network with tanh and a linear readout, trained to forecast",
    .source = "Elman 1990, Cognitive Science 14:179",
    .missing = "a missing value stands at the training mean; where training lacks values the input "
               "says which are there; no loss where missing",
    .version = 4,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_LEARNING) |
               BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES | BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = bram_network_answer,
    .save = bram_network_save,
    .load = load,
    .release = bram_network_free,
    .memory = memory,
};
