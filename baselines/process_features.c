/*
 * process_features.c - the model `process-features`: a program of the user's that computes features
 * of stimuli; see process.h.
 */
#include "process.h"

static const bram_param params[] = {
    {"command", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a command line for /bin/sh, without , and ="},
    {"timeout", BRAM_PARAM_REAL, "600", NULL, 0.01, 1e7, "seconds that an answer may take"},
    {.name = NULL},
};

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_process_start(cx, fitted, o, train, validation, seed, 0);
}

const bram_model bram_model_process_features = {
    .name = "process-features",
    .summary = "a program of your own that computes features of stimuli",
    .source = "docs/outside-models.md",
    .missing = "what the program says",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = bram_process_reply,
    .release = bram_process_release,
    .content = bram_process_content,
};
