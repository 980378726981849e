/*
 * predictions.c - the model `predictions`: answers that the user has computed, from a file a part
 * (reported.h): responses, held-out units, densities, states, weights.
 *
 * Nobody can check on what they were fitted, so the model is marked self-reported; with a hidden
 * test (bramble benchmark show --public) the responses were not there to be used.
 */
#include "reported.h"

const bram_model bram_model_predictions = {
    .name = "predictions",
    .summary = "answers from files of your own (responses, densities, states, weights), marked "
               "self-reported",
    .source = "docs/outside-models.md",
    .missing = "a unit without a prediction is left out; a row without one is not applicable",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_STATES) |
               BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = bram_reported_params,
    .fit = bram_reported_fit,
    .answer = bram_reported_ask,
    .release = bram_free,
    .content = bram_reported_content,
};
