/*
 * timed.c - responses along time; see timed.h.
 */
#include "timed.h"

#include "linalg.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static const char folder[] = "responses/";

static bool along(const bram_response *r, size_t dim, const char *name)
{
    return strcmp(bram_axis_name(bram_response_axis(r, dim)), name) == 0;
}

static bool has_form(const bram_response *r)
{
    size_t dims = bram_response_dims(r);
    if (dims == 3)
        return (along(r, 0, "stimulus") || along(r, 0, "trial")) && along(r, 1, "neuron") &&
               along(r, 2, "time");
    return dims == 4 && along(r, 0, "stimulus") && along(r, 1, "neuron") && along(r, 2, "repeat") &&
           along(r, 3, "time");
}

static bool is_asked_for(const bram_benchmark *b, const char *id)
{
    for (size_t i = 0; i < b->part_count; i++)
        if (fnmatch(b->parts[i], id, 0) == 0) return true;
    return b->part_count == 0;
}

int bram_timed_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                     const bram_dataset *ds)
{
    size_t n = bram_dataset_responses(ds), used = 0, mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *path = bram_dataset_response_path(ds, i), *name = path + sizeof folder - 1;
        if (strncmp(path, folder, sizeof folder - 1) == 0 && !strchr(name, '/') &&
            has_form(bram_dataset_response(ds, path)) && is_asked_for(b, name))
            id[used++] = name;
    }
    bram_axis *axis = NULL;
    int status = used
                     ? bram_axis_new(cx, &axis, "part", used)
                     : bram_fail(cx, BRAM_EABSENT,
                                 "dataset %s has none of the responses along time that %s asks for",
                                 b->dataset, b->name);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *parts = axis;
    else bram_axis_free(axis);
    return status;
}

void bram_timed_release(bram_timed *t)
{
    bram_axis_free(t->block);
    bram_axis_free(t->stimulus);
    bram_free(t->condition_of);
    bram_free(t->time);
    bram_free(t->values);
    bram_free(t->present);
    *t = (bram_timed){0};
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* Ids of stimuli; of trials those in their column `stimulus`. */
static int name_blocks(bram_ctx *cx, const char **id, const bram_axis *axis)
{
    const bram_column *c = bram_axis_column(axis, "stimulus");
    bool trials = strcmp(bram_axis_name(axis), "trial") == 0;
    if (trials && (!c || c->type != BRAM_TEXT))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the trials have no column stimulus");
    for (size_t i = 0; i < bram_axis_length(axis); i++)
        id[i] = trials ? c->text[i] : bram_axis_id(axis, i);
    return BRAM_OK;
}

static void number_conditions(bram_timed *t, const char *const *id)
{
    for (size_t i = 0; i < t->blocks; i++) {
        size_t k = 0;
        while (k < i && strcmp(id[k], id[i]) != 0) k++;
        t->condition_of[i] = k < i ? t->condition_of[k] : (uint32_t)t->conditions++;
    }
}

/* The axis that is cut: trials of one stimulus are one image. */
static int split_axis(bram_ctx *cx, bram_timed *t, const bram_axis *axis, const char *const *id)
{
    size_t mark = bram_scratch_mark(cx), *all = bram_scratch(cx, t->blocks, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->blocks; i++) all[i] = i;
    int status = bram_axis_take(cx, &t->block, axis, all, t->blocks);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && !bram_axis_column(t->block, "image") && t->conditions < t->blocks)
        status = bram_axis_add_text(cx, t->block, "image", id);
    if (status == BRAM_OK) status = bram_axis_new(cx, &t->stimulus, "stimulus", t->blocks);
    return status == BRAM_OK ? bram_axis_set_ids(cx, t->stimulus, id) : status;
}

static int read_axes(bram_ctx *cx, bram_timed *t, const bram_response *r)
{
    const bram_axis *axis = bram_response_axis(r, 0),
                    *time = bram_response_axis(r, bram_response_dims(r) - 1);
    size_t mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, t->blocks, sizeof *id);
    t->condition_of = bram_alloc(cx, t->blocks, sizeof *t->condition_of);
    t->time = bram_alloc(cx, t->bins, sizeof *t->time);
    if (!id || !t->condition_of || !t->time) return BRAM_ENOMEM;
    BRAM_TRY(name_blocks(cx, id, axis));
    number_conditions(t, id);
    for (size_t b = 0; b < t->bins; b++)
        t->time[b] = bram_axis_values(time) ? bram_axis_values(time)[b] : (double)b;
    int status = split_axis(cx, t, axis, id);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- values --------------------------------------------------------------------------------- */

static int read_block(bram_ctx *cx, bram_timed *t, const bram_response *r, size_t block)
{
    size_t dims = bram_response_dims(r), each = t->units * t->repeats * t->bins;
    size_t start[4] = {block, 0, 0, 0}, count[4] = {1, t->units, t->repeats, t->bins};
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, each, sizeof *values);
    uint8_t *present = bram_scratch(cx, each, 1);
    if (!values || !present) return BRAM_ENOMEM;
    if (dims == 3) count[2] = t->bins;
    BRAM_TRY(bram_response_read(cx, r, start, count, values, present));
    for (size_t u = 0; u < t->units; u++)
        for (size_t k = 0; k < t->repeats; k++)
            for (size_t b = 0; b < t->bins; b++) {
                size_t from = (u * t->repeats + k) * t->bins + b;
                size_t to = ((block * t->bins + b) * t->units + u) * t->repeats + k;
                t->values[to] = values[from];
                t->present[to] = present[from];
            }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int read_all(bram_ctx *cx, bram_timed *t, const bram_response *r)
{
    size_t n = bram_response_count(r);
    BRAM_TRY(read_axes(cx, t, r));
    t->values = bram_alloc(cx, n, sizeof *t->values);
    t->present = bram_alloc(cx, n, 1);
    if (!t->values || !t->present) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->blocks; i++) BRAM_TRY(read_block(cx, t, r, i));
    return BRAM_OK;
}

int bram_timed_read(bram_ctx *cx, bram_timed *out, const bram_dataset *ds, const char *id,
                    size_t skip)
{
    char *path = bram_strf(cx, "%s%s", folder, id);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(ds, path);
    bram_free(path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "there is no %s%s", folder, id);
    if (!has_form(r))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s%s: expected stimulus x neuron (x repeat) x time, or trial x neuron x "
                         "time",
                         folder, id);
    size_t dims = bram_response_dims(r);
    bram_timed t = {.unit = bram_response_axis(r, 1),
                    .blocks = bram_response_length(r, 0),
                    .units = bram_response_length(r, 1),
                    .repeats = dims == 4 ? bram_response_length(r, 2) : 1,
                    .bins = bram_response_length(r, dims - 1),
                    .skip = skip};
    if (skip >= t.bins)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "skip=%zu leaves none of %zu bins", skip, t.bins);
    int status = read_all(cx, &t, r);
    if (status == BRAM_OK) *out = t;
    else bram_timed_release(&t);
    return status;
}

size_t bram_timed_bytes(const bram_dataset *ds, const char *id)
{
    char path[300];
    snprintf(path, sizeof path, "%s%s", folder, id);
    const bram_response *r = bram_dataset_response(ds, path);
    return r ? 9 * bram_response_count(r) : 0;
}

int bram_timed_mean(bram_ctx *cx, bram_side *out, const bram_timed *t, const uint8_t *take)
{
    size_t rows = t->blocks * t->bins;
    *out = (bram_side){.column = t->unit};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, rows, t->units));
    uint8_t *present = bram_scratch(cx, rows, t->units);
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        for (size_t u = 0; u < t->units; u++) {
            size_t from = (i * t->units + u) * t->repeats, n = 0;
            double sum = 0;
            for (size_t k = 0; k < t->repeats; k++)
                if (t->present[from + k] && (!take || take[k])) sum += t->values[from + k], n++;
            bram_row(&out->values, i)[u] = n ? sum / (double)n : 0;
            present[i * t->units + u] = n > 0;
        }
    out->present = present;
    return BRAM_OK;
}
