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

/* How an area lies: stimulus x neuron (x repeat) (x time). */
struct form {
    size_t units, repeats, bins;
    const bram_axis *time; /* NULL: none */
};

static struct form form_of(const bram_response *r)
{
    size_t dims = bram_response_dims(r);
    struct form f = {.units = bram_response_length(r, 1), .repeats = 1, .bins = 1};
    for (size_t d = 2; d < dims; d++) {
        const bram_axis *axis = bram_response_axis(r, d);
        if (strcmp(bram_axis_name(axis), "repeat") == 0) f.repeats = bram_axis_length(axis);
        else f.bins = bram_axis_length(axis), f.time = axis;
    }
    return f;
}

/* Means over the repeats that are there, a stimulus at a time; a unit without any is missing. With
 * time, bins come before units: features of every moment. */
static int take_means(bram_ctx *cx, bram_response *out, const bram_response *r)
{
    struct form f = form_of(r);
    size_t rows = bram_response_length(out, 0), each = f.units * f.bins;
    size_t start[4] = {0}, count[4] = {1, 1, 1, 1};
    double *line = bram_scratch(cx, each * f.repeats, sizeof *line);
    uint8_t *present = bram_scratch(cx, each * f.repeats, 1), *mask = bram_response_mask(cx, out);
    if (!line || !present || !mask) return BRAM_ENOMEM;
    for (size_t d = 1; d < bram_response_dims(r); d++) count[d] = bram_response_length(r, d);
    for (size_t i = 0; i < rows; i++) {
        start[0] = i;
        BRAM_TRY(bram_response_read(cx, r, start, count, line, present));
        for (size_t k = 0; k < each; k++) {
            size_t u = k % f.units, b = k / f.units, n = 0;
            double sum = 0;
            for (size_t repeat = 0; repeat < f.repeats; repeat++) {
                size_t at = (u * f.repeats + repeat) * f.bins + b;
                if (present[at]) sum += line[at], n++;
            }
            mask[i * each + k] = n > 0;
            bram_response_f64(out)[i * each + k] = n ? sum / (double)n : 0;
        }
    }
    return BRAM_OK;
}

/* A dataset whose one set of features is the area. */
static int as_features(bram_ctx *cx, bram_dataset *out, const bram_response *r)
{
    struct form f = form_of(r);
    const bram_axis *unit = bram_response_axis(r, 1);
    bram_response *mean = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_response_new(
        cx, &mean, bram_response_name(r), BRAM_F64, f.time ? 3 : 2,
        (const bram_axis *[]){bram_response_axis(r, 0), f.time ? f.time : unit, unit}));
    int status = take_means(cx, mean, r);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "stimuli/features", mean);
    bram_response_free(mean);
    return status;
}

/* stimulus x neuron (x repeat), and x time where that is wanted. */
static bool has_form(const bram_response *r, bool along_time)
{
    size_t dims = bram_response_dims(r), d = 2;
    if (dims < 2 || dims > 4 || strcmp(bram_axis_name(bram_response_axis(r, 0)), "stimulus") != 0)
        return false;
    if (d < dims && strcmp(bram_axis_name(bram_response_axis(r, d)), "repeat") == 0) d++;
    if (along_time && d < dims && strcmp(bram_axis_name(bram_response_axis(r, d)), "time") == 0)
        d++;
    return d == dims;
}

static int find_area(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                     const char *name, bool along_time)
{
    char *path = bram_strf(cx, "responses/%s", name);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = ds ? bram_dataset_response(ds, path) : NULL;
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the data have no responses/%s", name);
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    if ((kind && strcmp(kind, "rdm") == 0) || !has_form(r, along_time))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "responses/%s: expected stimulus x neuron (x repeat)%s", name,
                         along_time ? " (x time)" : "");
    *out = r;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_response *r = NULL;
    bram_dataset *known = NULL;
    if (!*(const char *)fitted) return bram_fail(cx, BRAM_EUSAGE, "which area? area:name=NAME");
    BRAM_TRY(find_area(cx, &r, q->panel->public_data, fitted, q->along_time));
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
