/*
 * encoder.c - a causal transformer encoder that forecasts the next row; see network.h and
 * network_encoder.c.
 */
#include "network.h"

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, &bram_body_encoder, o, train, validation, seed);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, &bram_body_encoder, o, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    return bram_network_memory(&bram_body_encoder, o, rows, units);
}

static const bram_param params[] = {
    BRAM_ENCODER_PARAMS, BRAM_NETWORK_FORECAST, BRAM_NETWORK_TRAINING("0.0003"), {.name = NULL}};

const bram_model bram_model_encoder = {
    .name = "encoder",
    .summary = "causal transformer encoder and a linear readout, trained to forecast",
    .source = "Vaswani et al. 2017; pre-norm: Xiong et al. 2020; of neural data: Ye & Pandarinath "
              "2021 (NDT)",
    .missing = "a missing value stands at the training mean; where training lacks values the input "
               "says which are there; no loss where missing",
    .version = 3,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_INSIDE),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES | BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = bram_network_answer,
    .save = bram_network_save,
    .load = load,
    .release = bram_network_free,
    .memory = memory,
};
