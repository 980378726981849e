/*
 * predictions.c - the model `predictions`: responses that the user has predicted, from files.
 *
 * FOLDER/PART.npz (or .h5, .nc, .mat, .safetensors) holds for each part of a benchmark
 *   stimulus   n ids (text); or time: n seconds, ascending
 *   unit       names of the units (text)
 *   mean       n x unit: predicted responses to stimuli that the model did not learn from, or
 *              held-out units from the others in the same row
 *
 * Nobody can check on what they were fitted, so the model is marked self-reported; with a hidden
 * test (bramble benchmark show --public) the responses were not there to be used.
 */
#include "reported.h"

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder with a file for each part"},
    {.name = NULL},
};

/* The state is the folder: what is asked about is read when it is asked. */
static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    const char *path = bram_option_text(o, "path");
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "predictions needs a path");
    char *copy = bram_strdup(cx, path);
    if (!copy) return BRAM_ENOMEM;
    *fitted = copy;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_reported r;
    BRAM_TRY(bram_reported_read(cx, &r, fitted, s->id ? s->id : ""));
    int status = bram_reported_answer(cx, out, &r, s, q->panel->unit);
    bram_reported_release(&r);
    return status;
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    return bram_reported_content(cx, hex, bram_option_text(o, "path"));
}

const bram_model bram_model_predictions = {
    .name = "predictions",
    .summary = "predicted responses from files of your own, marked self-reported",
    .source = "docs/outside-models.md",
    .missing = "a unit without a prediction is left out; a row without one is not applicable",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = bram_free,
    .content = content,
};
