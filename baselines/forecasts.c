/*
 * forecasts.c - the model `forecasts`: one-step forecasts that the user has computed, from a file a
 * recording (reported.h). Where the future was in sight nothing can be checked: the model is marked
 * self-reported.
 */
#include "reported.h"

const bram_model bram_model_forecasts = {
    .name = "forecasts",
    .summary = "one-step forecasts from files of your own, marked self-reported",
    .source = "docs/outside-models.md",
    .missing = "a unit without a prediction is left out; a row without one is not applicable",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = bram_reported_params,
    .fit = bram_reported_fit,
    .answer = bram_reported_ask,
    .release = bram_free,
    .content = bram_reported_content,
};
