/*
 * lowrank.c - a network in continuous time whose recurrent weights are m n' / hidden, of a few
 * dimensions (core/nn_recurrent.h); see network.h.
 */
#include "network_init.h"

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, &bram_body_lowrank, o, train, validation, seed);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, &bram_body_lowrank, o, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    return bram_network_memory(&bram_body_lowrank, o, rows, units);
}

static const bram_param params[] = {
    {"rank", BRAM_PARAM_INTEGER, "2", NULL, 1, 64, "of the recurrent weights"},
    BRAM_NETWORK_PARAMS,
    BRAM_FEED_PARAM,
    BRAM_LEARNING_PARAM,
    {.name = NULL}};

const bram_model bram_model_lowrank = {
    .name = "lowrank",
    .summary = "network with recurrent weights of low rank, trained to forecast",
    .source = "Mastrogiuseppe & Ostojic 2018; trained: Valente et al. 2022",
    .missing = "a missing value stands at the training mean; where training lacks values the input "
               "says which are there; no loss where missing",
    .version = 3,
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
