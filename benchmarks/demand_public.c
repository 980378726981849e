/*
 * demand_public.c - a challenge with a hidden test: a public dataset without the targets of the
 * test, and a private one with them.
 *
 * Benchmarks on stimuli are cut in two: a fifth of the stimuli is drawn, the public dataset has no
 * responses to them, the private one those alone. Elsewhere the task says what a model may know
 * (bram_task.reveal), the private dataset is the whole, and the benchmark keeps its name, so that
 * what is drawn by it stays the same: answers score by the private dataset as they would by the
 * data, to the bit.
 *
 * The definition of either half states the content hashes of both, and the public dataset what is
 * asked: answers are packed with that one and scored with the other.
 */
#include "demand.h"

#include "asked.h"
#include "buffer.h"
#include "dataset_form.h"
#include "file.h"
#include "folder.h"
#include "reveal.h"
#include "text_index.h"

#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

enum { HIDDEN_OF = 5 }; /* one stimulus of so many is hidden */

enum half { PUBLIC, TRUTH, HALVES };

struct challenge {
    const bram_benchmark *b;
    const char *dir;
    bool replace;
    char hash[HALVES][65];
    bool same_name;      /* the halves are the benchmark itself, not two others */
    bram_axis *stimulus; /* all, with the integer column hidden */
};

/* Other stimuli that show the picture of a hidden one are hidden as well. */
static int hide_copies(bram_ctx *cx, int64_t *hidden, const bram_axis *stimulus,
                       const bram_axis *table)
{
    const bram_column *image = table ? bram_axis_column(table, "image") : NULL;
    size_t n = bram_axis_length(stimulus);
    const char **picture = bram_scratch(cx, n, sizeof *picture);
    uint8_t *gone = bram_scratch(cx, n, 1);
    bram_text_index index = {0};
    if (!image || !image->text) return BRAM_OK;
    if (!picture || !gone) return BRAM_ENOMEM;
    BRAM_TRY(bram_text_index_reserve(cx, &index, picture, n));
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t at = bram_axis_find(table, bram_axis_id(stimulus, i));
        picture[i] = at >= 0 && *image->text[at] ? image->text[at] : bram_axis_id(stimulus, i);
        if (hidden[i]) gone[bram_text_index_add(&index, picture, i)] = 1;
        else bram_text_index_add(&index, picture, i);
    }
    for (size_t i = 0; i < n; i++)
        if (gone[bram_text_index_find(&index, picture, picture[i])]) hidden[i] = 1;
    bram_text_index_release(&index);
    return BRAM_OK;
}

static int draw_hidden(bram_ctx *cx, struct challenge *c, const bram_axis *stimuli)
{
    size_t left = 0, n = bram_axis_length(c->stimulus), *order = bram_scratch(cx, n, sizeof *order);
    int64_t *hidden = bram_scratch(cx, n, sizeof *hidden);
    char *stream = bram_strf(cx, "hidden/%s", c->b->name);
    int status = order && hidden && stream ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && n < 2 * HIDDEN_OF)
        status = bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu stimuli are too few for a hidden test", n);
    if (status == BRAM_OK) {
        bram_rng g = bram_rng_new(0, stream);
        bram_rng_permutation(&g, n, order);
        for (size_t i = 0; i < n / HIDDEN_OF; i++) hidden[order[i]] = 1;
        status = hide_copies(cx, hidden, c->stimulus, stimuli);
    }
    if (status == BRAM_OK) {
        for (size_t i = 0; i < n; i++) left += !hidden[i];
        status = left ? bram_axis_add_integer(cx, c->stimulus, "hidden", hidden)
                      : bram_fail(cx, BRAM_ENOTAPPLICABLE, "all stimuli show the same picture");
    }
    bram_free(stream);
    return status;
}

/* ---- one half of the responses -------------------------------------------------------------- */

/* The stimulus of a row of an axis of stimuli or trials; NULL: the axis is of other things. */
static const char *stimulus_at(const bram_axis *axis, size_t i)
{
    const bram_column *shown = bram_axis_column(axis, "stimulus");
    if (strncmp(bram_axis_name(axis), "stimulus", 8) == 0 && bram_axis_has_ids(axis))
        return bram_axis_id(axis, i);
    return strcmp(bram_axis_name(axis), "trial") == 0 && shown && shown->text ? shown->text[i]
                                                                              : NULL;
}

/* The places along an axis that belong to this half. */
static size_t choose(size_t *index, const struct challenge *c, const bram_axis *axis, bool hidden)
{
    const int64_t *is_hidden = bram_axis_column(c->stimulus, "hidden")->integer;
    size_t used = 0;
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        const char *shown = stimulus_at(axis, i);
        ptrdiff_t at = shown ? bram_axis_find(c->stimulus, shown) : -1;
        bool out = at >= 0 && is_hidden[at];
        if (!shown || out == hidden) index[used++] = i;
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

/* Rows of an axis; in the public half without numbers of units (reliabilities ...): responses to
 * hidden stimuli are in them. */
static int take_axis(bram_ctx *cx, bram_axis **out, const bram_axis *axis, const size_t *index,
                     size_t count, bool hidden)
{
    static const char *const sums[] = {"reliability", "ncsnr", NULL};
    bram_axis *all = NULL;
    const char **kept = bram_scratch(cx, bram_axis_columns(axis) + 1, sizeof *kept);
    size_t n = 0;
    if (hidden || !bram_axis_columns(axis) || stimulus_at(axis, 0))
        return bram_axis_take(cx, out, axis, index, count);
    if (!kept) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_axis_columns(axis); i++) {
        const bram_column *c = bram_axis_column_at(axis, i);
        bool sum = c->number != NULL;
        for (size_t k = 0; sums[k]; k++) sum |= strcmp(sums[k], c->name) == 0;
        if (!sum) kept[n++] = c->name;
    }
    BRAM_TRY(bram_reveal_axis(cx, &all, axis, kept));
    int status = bram_axis_take(cx, out, all, index, count);
    bram_axis_free(all);
    return status;
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
        if (status == BRAM_OK) status = take_axis(cx, &axis[d], whole, index[d], used[d], hidden);
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

/* The benchmark on one of the two datasets. */
static int write_definition(bram_ctx *cx, const struct challenge *c, const char *path,
                            const char *half)
{
    const bram_benchmark *b = c->b;
    bram_buffer out = {0};
    bram_outfile *file = NULL;
    bram_buffer_putf(&out, "name: %s%s%s\nversion: %lld\ntitle: \"%s (%s)\"\ntask: %s\n", b->name,
                     c->same_name ? "" : "-", c->same_name ? "" : half, (long long)b->version,
                     b->title, half, b->task);
    bram_buffer_putf(&out, "dataset: %s-%s\n", b->name, half);
    bram_buffer_putf(&out, "public_sha256: \"%s\"\ntruth_sha256: \"%s\"\n", c->hash[PUBLIC],
                     c->hash[TRUTH]);
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
    if (status == BRAM_OK) status = bram_outfile_open(cx, &file, path, c->replace);
    if (status == BRAM_OK) {
        status = bram_outfile_write(cx, file, out.text, out.length);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_buffer_release(&out);
    return status;
}

static const char *const folder_of[] = {"public", "private"}, *const half_of[] = {"public",
                                                                                  "truth"};

/* DIR/FOLDER/NAME-HALF with an ending; the folder is made. On the heap. */
static int name_file(bram_ctx *cx, char **out, const struct challenge *c, enum half k,
                     const char *ending)
{
    char *below = bram_strf(cx, "%s/%s", c->dir, folder_of[k]);
    int status = below ? bram_folder_make(cx, below) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        *out = bram_strf(cx, "%s/%s-%s.%s", below, c->b->name, half_of[k], ending);
        if (!*out) status = BRAM_ENOMEM;
    }
    bram_free(below);
    return status;
}

static int write_data(bram_ctx *cx, struct challenge *c, const bram_dataset *ds, enum half k)
{
    char *path = NULL;
    BRAM_TRY(bram_dataset_hash(cx, ds, c->hash[k]));
    BRAM_TRY(name_file(cx, &path, c, k, "h5"));
    int status = bram_dataset_write(cx, ds, path, c->replace);
    bram_free(path);
    return status;
}

static int write_definitions(bram_ctx *cx, const struct challenge *c)
{
    for (int k = 0; k < HALVES; k++) {
        char *path = NULL;
        BRAM_TRY(name_file(cx, &path, c, (enum half)k, "yaml"));
        int status = write_definition(cx, c, path, half_of[k]);
        bram_free(path);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* A dataset with the words of another. */
static int begin(bram_ctx *cx, bram_dataset **out, const bram_dataset *ds)
{
    const bram_attrs *words = bram_dataset_find_attrs(ds, "");
    BRAM_TRY(bram_dataset_new(cx, out));
    return words ? bram_attrs_copy(cx, bram_dataset_attrs(cx, *out, ""), words) : BRAM_OK;
}

/* ---- tasks that say what a model may know ---------------------------------------------------- */

static int reveal_part(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b,
                       const bram_dataset *ds, const char *part)
{
    bram_demand d = {0};
    BRAM_TRY(bram_task_find(b->task)->reveal(cx, to, b, ds, part));
    BRAM_TRY(bram_demand_of(cx, &d, b, ds, part));
    int status = bram_asked_put(cx, to, part, &d);
    bram_demand_release(&d);
    return status;
}

static int write_revealed(bram_ctx *cx, struct challenge *c, const bram_dataset *ds,
                          const bram_axis *parts)
{
    bram_dataset *to = NULL;
    c->same_name = true;
    int status = begin(cx, &to, ds);
    for (size_t p = 0; p < bram_axis_length(parts) && status == BRAM_OK; p++) {
        size_t mark = bram_scratch_mark(cx);
        status = reveal_part(cx, to, c->b, ds, bram_axis_id(parts, p));
        bram_scratch_release(cx, mark);
    }
    if (status == BRAM_OK) status = write_data(cx, c, to, PUBLIC);
    if (status == BRAM_OK) status = write_data(cx, c, ds, TRUTH);
    bram_dataset_free(to);
    return status == BRAM_OK ? write_definitions(cx, c) : status;
}

/* ---- tasks on stimuli ------------------------------------------------------------------------ */

static bool is_of_stimuli(void *user, const char *path)
{
    (void)user;
    return strcmp(path, "stimuli") == 0 || strncmp(path, "stimuli/", 8) == 0;
}

/* What is neither a response nor kept in the public half: tables of trials, recordings ... */
static bool is_other(void *user, const char *path)
{
    return !is_response(path) && !is_of_stimuli(user, path);
}

/* The public half says what is asked of the private one. */
static int put_asked(bram_ctx *cx, const struct challenge *c, bram_dataset *to,
                     const bram_dataset *truth, const bram_axis *parts)
{
    for (size_t p = 0; p < bram_axis_length(parts); p++) {
        bram_demand d = {0};
        size_t mark = bram_scratch_mark(cx);
        int status = bram_demand_of(cx, &d, c->b, truth, bram_axis_id(parts, p));
        if (status == BRAM_ENOTAPPLICABLE)
            status = bram_fail_prefix(cx, status,
                                      "%s: its test cannot be hidden: the hidden stimuli alone "
                                      "are too little for it",
                                      c->b->name);
        BRAM_TRY(status);
        status = bram_asked_put(cx, to, bram_axis_id(parts, p), &d);
        bram_demand_release(&d);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* Stimuli stand in both halves: they are moved to the one that is written, and on to the other. */
static int write_halves(bram_ctx *cx, struct challenge *c, bram_dataset *ds, const bram_axis *parts)
{
    bram_dataset *to[HALVES] = {NULL, NULL};
    int status = BRAM_OK;
    for (int k = 0; k < HALVES && status == BRAM_OK; k++) {
        status = begin(cx, &to[k], ds);
        if (status == BRAM_OK) status = halve(cx, to[k], c, ds, k == TRUTH);
    }
    if (status == BRAM_OK) status = bram_dataset_move(cx, to[TRUTH], ds, is_other, NULL);
    if (status == BRAM_OK) status = bram_dataset_move(cx, to[TRUTH], ds, is_of_stimuli, NULL);
    if (status == BRAM_OK) status = put_asked(cx, c, to[PUBLIC], to[TRUTH], parts);
    if (status == BRAM_OK) status = write_data(cx, c, to[TRUTH], TRUTH);
    if (status == BRAM_OK)
        status = bram_dataset_move(cx, to[PUBLIC], to[TRUTH], is_of_stimuli, NULL);
    if (status == BRAM_OK) status = write_data(cx, c, to[PUBLIC], PUBLIC);
    for (int k = 0; k < HALVES; k++) bram_dataset_free(to[k]);
    return status == BRAM_OK ? write_definitions(cx, c) : status;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int check(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                 const bram_axis *parts)
{
    const bram_task *task = bram_task_find(b->task);
    bram_demand first = {0};
    if (task->no_hidden)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: its test cannot be hidden: %s", b->name,
                         task->no_hidden);
    BRAM_TRY(bram_demand_of(cx, &first, b, ds, bram_axis_id(parts, 0)));
    int status = first.features || task->reveal
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: its test cannot be hidden", b->name);
    bram_demand_release(&first);
    return status;
}

int bram_demand_write_public(bram_ctx *cx, const bram_benchmark *b, bram_dataset *ds,
                             const char *dir, bool replace)
{
    struct challenge c = {.b = b, .dir = dir, .replace = replace};
    bram_axis *parts = NULL;
    size_t mark = bram_scratch_mark(cx);
    const bram_task *task = bram_task_find(b->task);
    BRAM_TRY(task->parts(cx, &parts, b, ds));
    int status = check(cx, b, ds, parts);
    if (status == BRAM_OK && task->reveal) status = write_revealed(cx, &c, ds, parts);
    else if (status == BRAM_OK) {
        status = bram_demand_stimuli(cx, &c.stimulus, b, ds, parts);
        if (status == BRAM_OK)
            status = draw_hidden(cx, &c, bram_dataset_table(ds, "stimuli/stimulus"));
        if (status == BRAM_OK) status = write_halves(cx, &c, ds, parts);
    }
    bram_axis_free(c.stimulus);
    bram_axis_free(parts);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_challenge_check(bram_ctx *cx, const bram_benchmark *b, const char *hash)
{
    if (!b->truth_sha256 || strcmp(hash, b->truth_sha256) == 0) return BRAM_OK;
    if (!b->public_sha256 || strcmp(hash, b->public_sha256) != 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "dataset %s has the content hash %.16s..., its definition states %.16s... "
                         "(truth_sha256): it is the truth of another challenge",
                         b->dataset, hash, b->truth_sha256);
    if (!bram_task_find(b->task)->reveal) return BRAM_OK; /* the public stimuli can be run */
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "the targets of its test are hidden; who holds the truth (content hash "
                     "%.16s...) scores it",
                     b->truth_sha256);
}
