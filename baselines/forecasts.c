/*
 * forecasts.c - the model `forecasts`: one-step forecasts that the user has computed, from files.
 *
 * FOLDER/RECORDING.npz (or .h5, .nc, .mat, .safetensors) holds for each recording
 *   time   n seconds, ascending: the time of the row that is forecast
 *   unit   names of the units (text)
 *   mean   n x unit: the forecast of each row from the rows before it
 * Where the future was in sight nothing can be checked: the model is marked self-reported.
 */
#include "reported.h"

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder with a file for each recording"},
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
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "forecasts needs a path");
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

const bram_model bram_model_forecasts = {
    .name = "forecasts",
    .summary = "one-step forecasts from files of your own, marked self-reported",
    .source = "docs/outside-models.md",
    .missing = "a unit without a prediction is left out; a row without one is not applicable",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = bram_free,
    .content = content,
};
