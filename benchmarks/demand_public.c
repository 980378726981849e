/*
 * demand_public.c - a challenge with a hidden test: a benchmark on stimuli cut into a public
 * dataset without the responses to a fifth of the stimuli, and a private one with those alone.
 *
 * Predictions for the hidden stimuli, or features of them, are scored by running the private
 * definition on the private dataset. One-step forecasts cannot be had that way: the true past of a
 * row is the answer to the row before it. There the maintainer runs the model, as a program.
 */
#include "demand.h"

#include "buffer.h"
#include "dataset_form.h"
#include "file.h"
#include "folder.h"

#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

enum { HIDDEN_OF = 5 }; /* one stimulus of so many is hidden */

struct challenge {
    const bram_benchmark *b;
    bram_axis *stimulus; /* all, with the integer column hidden */
};

static int draw_hidden(bram_ctx *cx, struct challenge *c)
{
    size_t n = bram_axis_length(c->stimulus), *order = bram_scratch(cx, n, sizeof *order);
    int64_t *hidden = bram_scratch(cx, n, sizeof *hidden);
    char *stream = bram_strf(cx, "hidden/%s", c->b->name);
    int status = order && hidden && stream ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && n < 2 * HIDDEN_OF)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu stimuli are too few for a hidden test", n);
    if (status == BRAM_OK) {
        bram_rng g = bram_rng_new(0, stream);
        bram_rng_permutation(&g, n, order);
        for (size_t i = 0; i < n / HIDDEN_OF; i++) hidden[order[i]] = 1;
        status = bram_axis_add_integer(cx, c->stimulus, "hidden", hidden);
    }
    bram_free(stream);
    return status;
}

/* ---- one half of the responses -------------------------------------------------------------- */

static bool of_stimuli(const bram_axis *axis)
{
    return strncmp(bram_axis_name(axis), "stimulus", 8) == 0 && bram_axis_has_ids(axis);
}

/* The places along an axis that belong to this half. */
static size_t choose(size_t *index, const struct challenge *c, const bram_axis *axis, bool hidden)
{
    const int64_t *is_hidden = bram_axis_column(c->stimulus, "hidden")->integer;
    size_t used = 0;
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        ptrdiff_t at = of_stimuli(axis) ? bram_axis_find(c->stimulus, bram_axis_id(axis, i)) : -1;
        bool out = at >= 0 && is_hidden[at];
        if (!of_stimuli(axis) || out == hidden) index[used++] = i;
    }
    return used;
}

/* Copies the values at the product of places; the index of each axis in turn, last one fastest. */
static void copy_values(bram_response *to, uint8_t *mask, const double *values,
                        const uint8_t *present, size_t dims, const size_t *length,
                        size_t *const *index, const size_t *used)
{
    size_t at[BRAM_MAX_DIMS] = {0}, count = bram_response_count(to);
    for (size_t i = 0; i < count; i++) {
        size_t from = 0;
        for (size_t d = 0; d < dims; d++) from = from * length[d] + index[d][at[d]];
        if (bram_response_f32(to)) bram_response_f32(to)[i] = (float)values[from];
        else bram_response_f64(to)[i] = values[from];
        if (mask) mask[i] = present[from];
        for (size_t d = dims; d-- > 0 && ++at[d] == used[d];) at[d] = 0;
    }
}

static int take_half(bram_ctx *cx, bram_response **out, const struct challenge *c,
                     const bram_response *r, bool hidden)
{
    size_t dims = bram_response_dims(r), length[BRAM_MAX_DIMS], used[BRAM_MAX_DIMS];
    size_t *index[BRAM_MAX_DIMS], start[BRAM_MAX_DIMS] = {0}, count = bram_response_count(r);
    bram_axis *axis[BRAM_MAX_DIMS] = {0};
    int status = BRAM_OK;
    double *values = bram_scratch(cx, count, sizeof *values);
    uint8_t *present = bram_scratch(cx, count, 1);
    if (!values || !present) return BRAM_ENOMEM;
    for (size_t d = 0; d < dims && status == BRAM_OK; d++) {
        const bram_axis *whole = bram_response_axis(r, d);
        length[d] = bram_axis_length(whole);
        index[d] = bram_scratch(cx, length[d], sizeof **index);
        if (!index[d]) status = BRAM_ENOMEM;
        else used[d] = choose(index[d], c, whole, hidden);
        if (status == BRAM_OK) status = bram_axis_take(cx, &axis[d], whole, index[d], used[d]);
    }
    if (status == BRAM_OK) status = bram_response_read(cx, r, start, length, values, present);
    if (status == BRAM_OK)
        status = bram_response_new(cx, out, bram_response_name(r), bram_response_type(r), dims,
                                   (const bram_axis *const *)axis);
    for (size_t d = 0; d < dims; d++) bram_axis_free(axis[d]);
    BRAM_TRY(status);
    uint8_t *mask = bram_response_has_mask(r) ? bram_response_mask(cx, *out) : NULL;
    if (bram_response_has_mask(r) && !mask) return BRAM_ENOMEM;
    copy_values(*out, mask, values, present, dims, length, index, used);
    return bram_attrs_copy(cx, bram_response_attrs(*out), bram_response_attrs_const(r));
}

static bool is_response(const char *path)
{
    return strncmp(path, "responses/", 10) == 0 && !strchr(path + 10, '/');
}

/* The responses of a dataset to one half of the stimuli, as a dataset. */
static int halve(bram_ctx *cx, bram_dataset *to, const struct challenge *c, const bram_dataset *ds,
                 bool hidden)
{
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        bram_response *half = NULL;
        size_t mark = bram_scratch_mark(cx);
        if (!is_response(path)) continue;
        int status = take_half(cx, &half, c, bram_dataset_response(ds, path), hidden);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) {
            bram_response_free(half);
            return status;
        }
        BRAM_TRY(bram_dataset_add(cx, to, "responses", half));
    }
    return BRAM_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

static void put_list(bram_buffer *out, const char *key, char *const *text, size_t count)
{
    if (!count) return;
    bram_buffer_putf(out, "%s: [", key);
    for (size_t i = 0; i < count; i++) bram_buffer_putf(out, "%s\"%s\"", i ? ", " : "", text[i]);
    bram_buffer_put(out, "]\n");
}

/* The same benchmark on another dataset. */
static int write_definition(bram_ctx *cx, const bram_benchmark *b, const char *path,
                            const char *half, bool replace)
{
    bram_buffer out = {0};
    bram_outfile *file = NULL;
    bram_buffer_putf(&out, "name: %s-%s\nversion: %lld\ntitle: \"%s (%s)\"\ntask: %s\n", b->name,
                     half, (long long)b->version, b->title, half, b->task);
    bram_buffer_putf(&out, "dataset: %s-%s\n", b->name, half);
    if (*b->citation) bram_buffer_putf(&out, "citation: \"%s\"\n", b->citation);
    put_list(&out, "metrics", b->metrics, b->metric_count);
    put_list(&out, "models", b->models, b->model_count);
    put_list(&out, "parts", b->parts, b->part_count);
    const char *options = bram_options_canonical(b->options);
    if (*options) bram_buffer_put(&out, "options:\n");
    while (*options) {
        size_t pair = strcspn(options, ","), key = strcspn(options, "=");
        bram_buffer_putf(&out, "  %.*s: \"%.*s\"\n", (int)key, options, (int)(pair - key - 1),
                         options + key + 1);
        options += pair + (options[pair] == ',');
    }
    int status = bram_buffer_status(cx, &out);
    if (status == BRAM_OK) status = bram_outfile_open(cx, &file, path, replace);
    if (status == BRAM_OK) {
        status = bram_outfile_write(cx, file, out.text, out.length);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_buffer_release(&out);
    return status;
}

static bool no_response(void *user, const char *path)
{
    (void)user;
    return !is_response(path);
}

/* DIR/FOLDER/NAME-HALF.h5 and .yaml. */
static int write_half(bram_ctx *cx, const struct challenge *c, bram_dataset *ds, const char *dir,
                      const char *folder, const char *half, bool replace)
{
    char *below = bram_strf(cx, "%s/%s", dir, folder);
    char *stem = bram_strf(cx, "%s/%s-%s", below ? below : "", c->b->name, half);
    char *data = bram_strf(cx, "%s.h5", stem ? stem : "");
    char *yaml = bram_strf(cx, "%s.yaml", stem ? stem : "");
    int status = below && stem && data && yaml ? bram_folder_make(cx, below) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_dataset_write(cx, ds, data, replace);
    if (status == BRAM_OK) status = write_definition(cx, c->b, yaml, half, replace);
    bram_free(below);
    bram_free(stem);
    bram_free(data);
    bram_free(yaml);
    return status;
}

static int write_halves(bram_ctx *cx, const struct challenge *c, bram_dataset *ds, const char *dir,
                        bool replace)
{
    static const char *const folder[] = {"public", "private"}, *const half[] = {"public", "truth"};
    bram_dataset *to[2] = {NULL, NULL};
    const bram_attrs *words = bram_dataset_find_attrs(ds, "");
    int status = BRAM_OK;
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) {
        status = bram_dataset_new(cx, &to[k]);
        if (status == BRAM_OK && words)
            status = bram_attrs_copy(cx, bram_dataset_attrs(cx, to[k], ""), words);
        if (status == BRAM_OK) status = halve(cx, to[k], c, ds, k == 1);
    }
    /* what is no response goes into one file and then into the other */
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) {
        status = bram_dataset_move(cx, to[k], k ? to[0] : ds, no_response, NULL);
        if (status == BRAM_OK) status = write_half(cx, c, to[k], dir, folder[k], half[k], replace);
    }
    bram_dataset_free(to[0]);
    bram_dataset_free(to[1]);
    return status;
}

int bram_demand_write_public(bram_ctx *cx, const bram_benchmark *b, bram_dataset *ds,
                             const char *dir, bool replace)
{
    struct challenge c = {b, NULL};
    bram_axis *parts = NULL;
    bram_demand first = {0};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_task_find(b->task)->parts(cx, &parts, b, ds));
    int status = bram_demand_of(cx, &first, b, ds, bram_axis_id(parts, 0));
    if (status == BRAM_OK && !first.features)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                           "%s: the true past of a row is the answer to the row before it, so that "
                           "a test cannot be hidden from files; run the model as a program "
                           "(process:COMMAND), which never sees the future",
                           b->name);
    bram_demand_release(&first);
    if (status == BRAM_OK) status = bram_demand_stimuli(cx, &c.stimulus, b, ds, parts);
    if (status == BRAM_OK) status = draw_hidden(cx, &c);
    if (status == BRAM_OK) status = write_halves(cx, &c, ds, dir, replace);
    bram_axis_free(c.stimulus);
    bram_axis_free(parts);
    bram_scratch_release(cx, mark);
    return status;
}
