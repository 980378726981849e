/*
 * ctrnn.c - networks in continuous time, whose units have learned time constants, fixed or
 * depending on the input (core/nn_recurrent.h); see network.h.
 */
#include "circuit.h"
#include "network_init.h"

static const bram_network_body *body_of(const bram_options *o)
{
    if (bram_option_is(o, "form", "ltc")) return &bram_body_ltc;
    return bram_option_is(o, "form", "cfc") ? &bram_body_cfc : &bram_body_ctrnn;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_network_fit(cx, fitted, body_of(o), o, train, validation, seed);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    return bram_network_load(cx, fitted, body_of(o), o, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    return bram_network_memory(body_of(o), o, rows, units);
}

static const bram_param params[] = {{"form", BRAM_PARAM_CHOICE, "ctrnn", "ctrnn|ltc|cfc", 0, 0,
                                     "time constants: a learned one for each unit; depending on "
                                     "the input; a gate between two states"},
                                    BRAM_NETWORK_PARAMS,
                                    BRAM_FEED_PARAM,
                                    BRAM_INIT_PARAMS,
                                    {.name = NULL}};

const bram_model bram_model_ctrnn = {
    .name = "ctrnn",
    .summary = "network in continuous time with learned time constants, trained to forecast",
    .source = "Funahashi & Nakamura 1993; ltc: Hasani et al. 2021; cfc: Hasani et al. 2022",
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
