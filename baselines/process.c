/*
 * process.c - the model `process`: a program of the user's, in any language; see process.h.
 */
#include "process.h"

static const bram_param params[] = {
    {"command", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a command line for /bin/sh, without , and ="},
    {"context", BRAM_PARAM_INTEGER, "32", NULL, 1, 100000, "rows before a target that it gets"},
    {"timeout", BRAM_PARAM_REAL, "600", NULL, 0.01, 1e7, "seconds that an answer may take"},
    {.name = NULL},
};

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    return bram_process_start(cx, fitted, o, train, validation, seed,
                              (size_t)bram_option_integer(o, "context"));
}

const bram_model bram_model_process = {
    .name = "process",
    .summary = "a program of your own, asked line by line",
    .source = "docs/outside-models.md",
    .missing = "the program gets NaN where a value is missing",
    .version = 3,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_RESPOND) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH) | BRAM_ANSWERS(BRAM_ASK_STATES) |
               BRAM_ANSWERS(BRAM_ASK_WEIGHTS) | BRAM_ANSWERS(BRAM_ASK_FEATURES) |
               BRAM_ANSWERS(BRAM_ASK_LINKS) | BRAM_ANSWERS(BRAM_ASK_LEARNING),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_STOCHASTIC,
    .params = params,
    .fit = fit,
    .answer = bram_process_reply,
    .release = bram_process_release,
    .content = bram_process_content,
};
