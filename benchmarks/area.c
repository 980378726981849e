/*
 * area.c - responses of brain areas to stimuli, and features of the same stimuli.
 */
#include "area.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static const char folder[] = "responses/";

/* ---- which there are ------------------------------------------------------------------------ */

static bool is_rdm(const bram_response *r)
{
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    return kind && strcmp(kind, "rdm") == 0;
}

static bool along(const bram_response *r, size_t dim, const char *name)
{
    return strcmp(bram_axis_name(bram_response_axis(r, dim)), name) == 0;
}

/* Whether the axes are those of schema.md. */
static bool has_form(const bram_response *r)
{
    size_t dims = bram_response_dims(r);
    if (is_rdm(r))
        return dims == 3 && along(r, 1, "stimulus") &&
               bram_response_length(r, 1) == bram_response_length(r, 2);
    return (dims == 2 || (dims == 3 && along(r, 2, "repeat"))) && along(r, 0, "stimulus");
}

static bool is_asked_for(const bram_benchmark *b, const char *id)
{
    if (!b->part_count) return true;
    for (size_t i = 0; i < b->part_count; i++)
        if (fnmatch(b->parts[i], id, 0) == 0) return true;
    return false;
}

static const char *area_id(const char *path)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && !strchr(path + length, '/') ? path + length : NULL;
}

int bram_area_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                    const bram_dataset *ds)
{
    size_t n = bram_dataset_responses(ds), used = 0, mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *path = bram_dataset_response_path(ds, i), *name = area_id(path);
        if (name && has_form(bram_dataset_response(ds, path)) && is_asked_for(b, name))
            id[used++] = name;
    }
    bram_axis *axis = NULL;
    int status = used ? bram_axis_new(cx, &axis, "part", used)
                      : bram_fail(cx, BRAM_EABSENT,
                                  "dataset %s has none of the areas (responses by stimulus) that "
                                  "%s asks for",
                                  b->dataset, b->name);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *parts = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- reading -------------------------------------------------------------------------------- */

void bram_area_release(bram_area *a)
{
    bram_free(a->values);
    bram_free(a->present);
    bram_free(a->subject);
    bram_free(a->subject_of);
    *a = (bram_area){0};
}

static int check_ids(bram_ctx *cx, const bram_axis *stimulus, const char *id)
{
    for (size_t i = 0; i < bram_axis_length(stimulus); i++)
        if (bram_axis_find(stimulus, bram_axis_id(stimulus, i)) != (ptrdiff_t)i)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s%s: stimulus %zu has %s id \"%s\", expected one of its own", folder,
                             id, i, *bram_axis_id(stimulus, i) ? "the" : "no",
                             bram_axis_id(stimulus, i));
    return BRAM_OK;
}

static int name_subjects(bram_ctx *cx, bram_area *a)
{
    const bram_column *column = bram_axis_column(a->unit, "subject");
    if (column && column->type != BRAM_TEXT) column = NULL;
    a->subject = bram_alloc(cx, a->units, sizeof *a->subject);
    a->subject_of = bram_alloc(cx, a->units, sizeof *a->subject_of);
    if (!a->subject || !a->subject_of) return BRAM_ENOMEM;
    for (size_t u = 0; u < a->units; u++) {
        const char *name = column ? column->text[u] : a->is_rdm ? bram_axis_id(a->unit, u) : "";
        size_t s = 0;
        while (s < a->subjects && strcmp(a->subject[s], name) != 0) s++;
        if (s == a->subjects) a->subject[a->subjects++] = name;
        a->subject_of[u] = s;
    }
    return BRAM_OK;
}

static int read_values(bram_ctx *cx, bram_area *a, const bram_response *r)
{
    size_t start[3] = {0}, count[3] = {1, 1, 1}, n = bram_response_count(r);
    for (size_t d = 0; d < bram_response_dims(r); d++) count[d] = bram_response_length(r, d);
    a->values = bram_alloc(cx, n, sizeof *a->values);
    a->present = bram_alloc(cx, n, 1);
    if (!a->values || !a->present) return BRAM_ENOMEM;
    return bram_response_read(cx, r, start, count, a->values, a->present);
}

int bram_area_read(bram_ctx *cx, bram_area *out, const bram_dataset *ds, const char *id)
{
    char *path = bram_strf(cx, "%s%s", folder, id);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(ds, path);
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "there is no %s%s", folder, id);
    if (!has_form(r))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s%s: expected stimulus x neuron (x repeat), or RDMs subject x stimulus "
                         "x stimulus_2",
                         folder, id);
    bram_area a = {.is_rdm = is_rdm(r), .repeats = 1};
    a.unit = bram_response_axis(r, a.is_rdm ? 0 : 1);
    a.stimulus = bram_response_axis(r, a.is_rdm ? 1 : 0);
    a.stimuli = bram_axis_length(a.stimulus);
    a.units = bram_axis_length(a.unit);
    if (!a.is_rdm && bram_response_dims(r) == 3) a.repeats = bram_response_length(r, 2);
    BRAM_TRY(check_ids(cx, a.stimulus, id));
    int status = read_values(cx, &a, r);
    if (status == BRAM_OK) status = name_subjects(cx, &a);
    if (status == BRAM_OK) *out = a;
    else bram_area_release(&a);
    return status;
}

/* ---- sides ---------------------------------------------------------------------------------- */

enum { ALL = -1 };

/* Mean over repeats of the units of one subject (or ALL), in the order of the units. */
static int mean_responses(bram_ctx *cx, bram_side *out, const bram_area *a, ptrdiff_t subject)
{
    size_t units = 0, column = 0;
    for (size_t u = 0; u < a->units; u++)
        units += subject == ALL || a->subject_of[u] == (size_t)subject;
    double *mean = bram_scratch(cx, a->stimuli * units, sizeof *mean);
    uint8_t *present = bram_scratch(cx, a->stimuli * units, 1);
    if (!mean || !present) return BRAM_ENOMEM;
    for (size_t u = 0; u < a->units; u++) {
        if (subject != ALL && a->subject_of[u] != (size_t)subject) continue;
        for (size_t i = 0; i < a->stimuli; i++) {
            size_t from = (i * a->units + u) * a->repeats, n = 0;
            double sum = 0;
            for (size_t k = 0; k < a->repeats; k++)
                if (a->present[from + k]) sum += a->values[from + k], n++;
            mean[i * units + column] = n ? sum / (double)n : 0;
            present[i * units + column] = n > 0;
        }
        column++;
    }
    *out = (bram_side){.values = {mean, a->stimuli, units, units},
                       .present = present,
                       .row = a->stimulus,
                       .column = subject == ALL ? a->unit : NULL};
    return BRAM_OK;
}

int bram_area_mean(bram_ctx *cx, bram_side *out, const bram_area *a)
{
    return mean_responses(cx, out, a, ALL);
}

static int mean_rdm(bram_ctx *cx, bram_side *out, const bram_area *a, size_t subject)
{
    size_t n = a->stimuli, size = n * n;
    double *mean = bram_scratch(cx, size, sizeof *mean);
    uint8_t *present = bram_scratch(cx, size, 1);
    size_t *count = bram_scratch(cx, size, sizeof *count);
    if (!mean || !present || !count) return BRAM_ENOMEM;
    for (size_t u = 0; u < a->units; u++) {
        if (a->subject_of[u] != subject) continue;
        for (size_t k = 0; k < size; k++)
            if (a->present[u * size + k]) mean[k] += a->values[u * size + k], count[k]++;
    }
    for (size_t k = 0; k < size; k++) {
        present[k] = count[k] > 0;
        if (count[k]) mean[k] /= (double)count[k];
    }
    *out = (bram_side){
        .values = {mean, n, n, n}, .present = present, .row = a->stimulus, .is_rdm = true};
    return BRAM_OK;
}

int bram_area_side(bram_ctx *cx, bram_side *out, const bram_area *a, size_t subject)
{
    return a->is_rdm ? mean_rdm(cx, out, a, subject)
                     : mean_responses(cx, out, a, (ptrdiff_t)subject);
}

/* ---- repeats -------------------------------------------------------------------------------- */

/* The responses of a subject's units to one repeat of a stimulus. @return how many are there */
static size_t read_repeat(double *value, uint8_t *present, const bram_area *a, size_t subject,
                          size_t stimulus, size_t repeat)
{
    size_t there = 0, column = 0;
    for (size_t u = 0; u < a->units; u++) {
        size_t from = (stimulus * a->units + u) * a->repeats + repeat;
        if (a->subject_of[u] != subject) continue;
        value[column] = a->values[from], present[column] = a->present[from];
        there += present[column++];
    }
    return there;
}

int bram_area_add_repeats(bram_ctx *cx, bram_side *side, const bram_area *a, size_t subject)
{
    size_t units = side->values.cols, most = a->stimuli * a->repeats;
    if (a->is_rdm || a->repeats < 2) return BRAM_OK;
    bram_repeats *r = bram_scratch(cx, 1, sizeof *r);
    double *value = bram_scratch(cx, most * units, sizeof *value);
    uint8_t *present = bram_scratch(cx, most * units, 1);
    uint32_t *row = bram_scratch(cx, most, sizeof *row),
             *fold = bram_scratch(cx, most, sizeof *fold);
    if (!r || !value || !present || !row || !fold) return BRAM_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < a->stimuli; i++) {
        size_t before = count;
        for (size_t k = 0; k < a->repeats; k++)
            if (read_repeat(value + count * units, present + count * units, a, subject, i, k))
                row[count] = (uint32_t)i, fold[count++] = (uint32_t)k;
        if (count == before)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no repeat of stimulus %s was recorded in %s",
                             bram_axis_id(a->stimulus, i), a->subject[subject]);
    }
    *r = (bram_repeats){.values = {value, count, units, units},
                        .present = memchr(present, 0, count * units) ? present : NULL,
                        .row = row,
                        .fold = fold,
                        .folds = a->repeats};
    side->repeats = r;
    return BRAM_OK;
}

/* ---- features ------------------------------------------------------------------------------- */

static int only_layer(bram_ctx *cx, const bram_response **out, const bram_dataset *answer,
                      const bram_fitted *f)
{
    size_t n = bram_dataset_responses(answer);
    if (n == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no features", bram_fitted_spec(f));
    const char *first = bram_dataset_response_path(answer, 0);
    if (n > 1)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has %zu layers (%s, %s ...), expected one: name it",
                         bram_fitted_spec(f), n, first, bram_dataset_response_path(answer, 1));
    *out = bram_dataset_response(answer, first);
    return BRAM_OK;
}

int bram_area_layer(bram_ctx *cx, bram_side *out, const bram_response *r, const bram_axis *stimulus)
{
    size_t rows = bram_response_length(r, 0), cols;
    if (bram_response_dims(r) != 2 || rows != bram_axis_length(stimulus))
        return bram_fail(cx, BRAM_ESHAPE,
                         "features %s: %zu axes and %zu rows, expected %zu "
                         "stimuli x features",
                         bram_response_name(r), bram_response_dims(r), rows,
                         bram_axis_length(stimulus));
    cols = bram_response_length(r, 1);
    double *values = bram_scratch(cx, rows * cols, sizeof *values);
    uint8_t *present = bram_scratch(cx, rows * cols, 1);
    if (!values || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, cols}, values, present));
    *out = (bram_side){.values = {values, rows, cols, cols},
                       .present = bram_response_has_mask(r) ? present : NULL,
                       .row = stimulus,
                       .column = bram_response_axis(r, 1),
                       .is_rdm = is_rdm(r)};
    return BRAM_OK;
}

int bram_area_features(bram_ctx *cx, bram_side *out, bram_dataset **answer, const bram_fitted *f,
                       const bram_panel *panel, const bram_axis *stimulus)
{
    const bram_response *layer = NULL;
    bram_dataset *told = NULL;
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = panel, .stimulus = stimulus};
    BRAM_TRY(bram_fitted_answer(cx, &told, f, &query));
    int status = only_layer(cx, &layer, told, f);
    if (status == BRAM_OK) status = bram_area_layer(cx, out, layer, stimulus);
    if (status == BRAM_OK) *answer = told;
    else bram_dataset_free(told);
    return status;
}

size_t bram_feature_width(const bram_response *set)
{
    size_t rows = bram_response_length(set, 0);
    return rows ? bram_response_count(set) / rows : 0;
}

size_t bram_area_bytes(const bram_dataset *ds, const char *id)
{
    size_t rows = 0, widest = 0, bytes = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i), *name = area_id(path);
        const bram_response *r = bram_dataset_response(ds, path);
        if (name && strcmp(name, id) == 0) {
            bytes = 18 * bram_response_count(r);
            rows = bram_response_length(r, is_rdm(r) ? 1 : 0);
        }
        if (strncmp(path, "stimuli/features/", 17) == 0 && bram_feature_width(r) > widest)
            widest = bram_feature_width(r);
    }
    return bytes + 18 * rows * widest + 32 * rows * rows;
}

int bram_area_model_bytes(bram_ctx *cx, size_t *bytes, size_t *width, const char *model,
                          size_t stimuli)
{
    const bram_model *m = NULL;
    bram_options *o = NULL;
    *bytes = *width = 0;
    BRAM_TRY(bram_model_parse(cx, &m, &o, NULL, model));
    if (m->memory && m->answers == BRAM_ANSWERS(BRAM_ASK_FEATURES))
        *width = m->memory(o, 1, 0, 0) / sizeof(double);
    bram_options_free(o);
    *bytes = *width * stimuli * (2 * sizeof(double) + 2); /* the answer, its copy, what is there */
    return BRAM_OK;
}
