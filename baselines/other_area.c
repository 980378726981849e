/*
 * other_area.c - what another population did with the same stimuli, as features: the mean over
 * repeats of responses/NAME of the dataset, matched by stimulus id. Neuron-to-neuron prediction,
 * the practical ceiling of an encoding model: how well do other neurons tell these?
 *
 * Nothing is fitted; a benchmark maps the features to responses within the training stimuli, as it
 * does those of any model. An area is not asked to predict itself: the benchmark refuses that.
 */
#include "stimulus_features.h"

#include <string.h>

static const bram_param params[] = {
    {"name", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the response below responses/"},
    {.name = NULL},
};

/* Means over the repeats that are there, a stimulus at a time; a unit without any is missing. */
static int take_means(bram_ctx *cx, bram_response *out, const bram_response *r)
{
    size_t rows = bram_response_length(out, 0), units = bram_response_length(out, 1);
    size_t repeats = bram_response_dims(r) == 3 ? bram_response_length(r, 2) : 1;
    double *line = bram_scratch(cx, units * repeats, sizeof *line);
    uint8_t *present = bram_scratch(cx, units * repeats, 1), *mask = bram_response_mask(cx, out);
    if (!line || !present || !mask) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        BRAM_TRY(bram_response_read(cx, r, (size_t[]){i, 0, 0}, (size_t[]){1, units, repeats}, line,
                                    present));
        for (size_t u = 0; u < units; u++) {
            double sum = 0;
            size_t n = 0;
            for (size_t k = u * repeats; k < (u + 1) * repeats; k++)
                if (present[k]) sum += line[k], n++;
            mask[i * units + u] = n > 0;
            bram_response_f64(out)[i * units + u] = n ? sum / (double)n : 0;
        }
    }
    return BRAM_OK;
}

/* A dataset whose one set of features is the area. */
static int as_features(bram_ctx *cx, bram_dataset *out, const bram_response *r)
{
    bram_response *mean = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_response_new(
        cx, &mean, bram_response_name(r), BRAM_F64, 2,
        (const bram_axis *[]){bram_response_axis(r, 0), bram_response_axis(r, 1)}));
    int status = take_means(cx, mean, r);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "stimuli/features", mean);
    bram_response_free(mean);
    return status;
}

static int find_area(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                     const char *name)
{
    char *path = bram_strf(cx, "responses/%s", name);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = ds ? bram_dataset_response(ds, path) : NULL;
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the data have no responses/%s", name);
    size_t dims = bram_response_dims(r);
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    if (dims < 2 || dims > 3 || (kind && strcmp(kind, "rdm") == 0) ||
        strcmp(bram_axis_name(bram_response_axis(r, 0)), "stimulus") != 0 ||
        (dims == 3 && strcmp(bram_axis_name(bram_response_axis(r, 2)), "repeat") != 0))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "responses/%s: expected stimulus x neuron (x repeat)", name);
    *out = r;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_response *r = NULL;
    bram_dataset *known = NULL;
    if (!*(const char *)fitted) return bram_fail(cx, BRAM_EUSAGE, "which area? area:name=NAME");
    BRAM_TRY(find_area(cx, &r, q->panel->public_data, fitted));
    BRAM_TRY(bram_dataset_new(cx, &known));
    int status = as_features(cx, known, r);
    if (status == BRAM_OK) status = bram_features_answer(cx, known, "", q, out);
    bram_dataset_free(known);
    return status;
}

const bram_model bram_model_other_area = {
    .name = "area",
    .summary = "responses of another area or session to the same stimuli, mean over repeats",
    .source = "the dataset",
    .missing = "passed on as missing features",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .params = params,
    .fit = bram_features_fit,
    .answer = answer,
    .save = bram_features_save,
    .load = bram_features_load,
    .release = bram_free,
};
