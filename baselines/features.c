/*
 * features.c - features that are known beforehand: the sets that a dataset keeps below
 * stimuli/features (pixels, the layers of a network, RDMs of models), matched by stimulus id.
 *
 * A set of three or four axes is a map (core/token_map.h) and is strung out; the axis of its
 * features then tells rows, columns and channels. Nothing is fitted. A benchmark maps the features
 * to responses, or compares their geometry.
 */
#include "stimulus_features.h"

#include "token_map.h"

#include <string.h>

static const char folder[] = "stimuli/features/";

static const bram_param params[] = {
    {"name", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the set below stimuli/features; empty: all of them"},
    {.name = NULL},
};

int bram_features_load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)in;
    char *name = bram_strdup(cx, bram_option_text(o, "name"));
    if (!name) return BRAM_ENOMEM;
    *fitted = name;
    return BRAM_OK;
}

int bram_features_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                      const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    return bram_features_load(cx, fitted, o, NULL);
}

int bram_features_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    (void)cx;
    (void)fitted; /* the spec says it all */
    (void)out;
    return BRAM_OK;
}

/* ---- one set -------------------------------------------------------------------------------- */

/* Rows of the set for each stimulus that is asked for. */
static int match(bram_ctx *cx, size_t *row, const bram_response *set, const bram_axis *wanted)
{
    const bram_axis *have = bram_response_axis(set, 0);
    size_t lacking = 0;
    const char *first = "";
    for (size_t i = 0; i < bram_axis_length(wanted); i++) {
        ptrdiff_t at = bram_axis_find(have, bram_axis_id(wanted, i));
        row[i] = at < 0 ? 0 : (size_t)at;
        if (at < 0 && lacking++ == 0) first = bram_axis_id(wanted, i);
    }
    if (!lacking) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s%s lacks %zu of %zu stimuli, the first is \"%s\"",
                     folder, bram_response_name(set), lacking, bram_axis_length(wanted), first);
}

/* Copies the rows, and of an RDM the columns as well. */
static int copy_rows(bram_ctx *cx, bram_response *out, const bram_response *set, const size_t *row,
                     bool rdm)
{
    size_t n = bram_response_length(out, 0), cols = 1;
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS] = {1}, width = 1;
    for (size_t d = 1; d < bram_response_dims(out); d++) cols *= bram_response_length(out, d);
    for (size_t d = 1; d < bram_response_dims(set); d++)
        width *= count[d] = bram_response_length(set, d);
    double *values = bram_response_f64(out), *line = bram_scratch(cx, width, sizeof *line);
    uint8_t *present = bram_scratch(cx, width, 1);
    uint8_t *mask = bram_response_has_mask(set) ? bram_response_mask(cx, out) : NULL;
    if (!line || !present || (bram_response_has_mask(set) && !mask)) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        start[0] = row[i];
        BRAM_TRY(bram_response_read(cx, set, start, count, line, present));
        for (size_t k = 0; k < cols; k++) {
            size_t from = rdm ? row[k] : k;
            values[i * cols + k] = line[from];
            if (mask) mask[i * cols + k] = present[from];
        }
    }
    return BRAM_OK;
}

/* A second axis with the same ids, for an RDM. */
static int second_axis(bram_ctx *cx, bram_axis **out, const bram_axis *stimulus)
{
    size_t n = bram_axis_length(stimulus), mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    bram_axis *axis = NULL;
    int status = id ? bram_axis_new(cx, &axis, "stimulus_2", n) : BRAM_ENOMEM;
    for (size_t i = 0; id && i < n; i++) id[i] = bram_axis_id(stimulus, i);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The axis of the features of a map. */
static int map_axis(bram_ctx *cx, bram_axis **out, const bram_response *set)
{
    size_t dims = bram_response_dims(set), length[BRAM_MAX_DIMS];
    bool first = strcmp(bram_axis_name(bram_response_axis(set, 1)), "channel") == 0;
    for (size_t d = 0; d < dims; d++) length[d] = bram_response_length(set, d);
    return bram_token_axis_of(cx, out, dims, length, first, bram_response_axis(set, first ? 2 : 1));
}

/* Whether it is stimulus x time x feature. */
static bool is_timed(const bram_response *set)
{
    return bram_response_dims(set) == 3 &&
           strcmp(bram_axis_name(bram_response_axis(set, 1)), "time") == 0;
}

static int add_set(bram_ctx *cx, bram_dataset *out, const bram_response *set, const bram_query *q)
{
    const bram_axis *wanted = q->stimulus;
    bool timed = q->along_time && is_timed(set);
    const char *kind = bram_attrs_text(bram_response_attrs_const(set), "kind");
    bool rdm = kind && strcmp(kind, "rdm") == 0;
    size_t dims = bram_response_dims(set);
    if (dims < 2 ||
        (rdm && (dims != 2 || bram_response_length(set, 0) != bram_response_length(set, 1))))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s%s has %zu axes, expected stimulus x %s",
                         folder, bram_response_name(set), dims,
                         rdm ? "stimulus, as it is an RDM" : "feature");
    size_t mark = bram_scratch_mark(cx),
           *row = bram_scratch(cx, bram_axis_length(wanted), sizeof *row);
    bram_response *r = NULL;
    bram_axis *column = NULL;
    int status = row ? match(cx, row, set, wanted) : BRAM_ENOMEM;
    if (status == BRAM_OK && rdm) status = second_axis(cx, &column, wanted);
    else if (status == BRAM_OK && dims > 2 && !timed) status = map_axis(cx, &column, set);
    else if (status == BRAM_OK) column = bram_axis_ref(bram_response_axis(set, 1));
    if (status == BRAM_OK)
        status = bram_response_new(
            cx, &r, bram_response_name(set), BRAM_F64, timed ? 3 : 2,
            (const bram_axis *[]){wanted, column, timed ? bram_response_axis(set, 2) : NULL});
    bram_axis_free(column);
    if (status == BRAM_OK) status = copy_rows(cx, r, set, row, rdm);
    if (status == BRAM_OK && rdm)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "kind", "rdm");
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* The name of a set from its path, or NULL for what stands elsewhere. */
static const char *set_name(const char *path)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && !strchr(path + length, '/') ? path + length : NULL;
}

static int no_set(bram_ctx *cx, const bram_dataset *ds, const char *name)
{
    char known[400] = "";
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *set = set_name(bram_dataset_response_path(ds, i));
        size_t used = strlen(known);
        if (set && used + strlen(set) + 3 < sizeof known) {
            if (used) strcat(known, ", ");
            strcat(known, set);
        }
    }
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the data have no features \"%s\"; they have: %s",
                     name, *known ? known : "none");
}

int bram_features_answer(bram_ctx *cx, const bram_dataset *ds, const char *name,
                         const bram_query *q, bram_dataset *out)
{
    size_t found = 0;
    if (!ds || !q->stimulus)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are asked for without stimuli");
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i), *set = set_name(path);
        if (!set || (*name && strcmp(set, name) != 0)) continue;
        BRAM_TRY(add_set(cx, out, bram_dataset_response(ds, path), q));
        found++;
    }
    return found ? BRAM_OK : no_set(cx, ds, name);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    return bram_features_answer(cx, q->panel->public_data, fitted, q, out);
}

const bram_model bram_model_features = {
    .name = "features",
    .summary = "features that the dataset keeps of its stimuli: pixels, network layers, model RDMs",
    .source = "the dataset",
    .missing = "not applicable where a stimulus has no features",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .params = params,
    .fit = bram_features_fit,
    .answer = answer,
    .save = bram_features_save,
    .load = bram_features_load,
    .release = bram_free,
};
