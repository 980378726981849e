/*
 * pictures.c - see pictures.h. HDF5 and archives are read by the calling thread; files are decoded
 * by the pool.
 */
#include "pictures.h"

#include "file.h"
#include "hash.h"
#include "text_index.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char folder[] = "stimuli/images/";

enum { BATCH = 64, BATCH_VALUES = 1 << 22 };
#define NONE SIZE_MAX

/* ---- into a dataset ------------------------------------------------------------------------- */

static int channel_axis(bram_ctx *cx, bram_axis **out)
{
    static const char *const ids[] = {"red", "green", "blue"};
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "channel", 3));
    int status = bram_axis_set_ids(cx, axis, ids);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

int bram_pictures_new(bram_ctx *cx, bram_response **out, const char *name,
                      const bram_axis *stimulus, size_t rows, size_t cols, size_t channels)
{
    if (channels != 1 && channels != 3)
        return bram_fail(cx, BRAM_EUSAGE, "pictures of %zu channels, expected 1 or 3", channels);
    bram_axis *row = NULL, *col = NULL, *channel = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &row, "row", rows);
    if (status == BRAM_OK) status = bram_axis_new(cx, &col, "column", cols);
    if (status == BRAM_OK && channels == 3) status = channel_axis(cx, &channel);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, name, BRAM_U8, channels == 3 ? 4 : 3,
                                   (const bram_axis *[]){stimulus, row, col, channel});
    if (status == BRAM_OK)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "level");
    bram_axis_free(row);
    bram_axis_free(col);
    bram_axis_free(channel);
    if (status == BRAM_OK) *out = r;
    else bram_response_free(r);
    return status;
}

int bram_pictures_put(bram_ctx *cx, bram_response *pictures, size_t at, const bram_image *im,
                      const char *name)
{
    size_t rows = bram_response_length(pictures, 1), cols = bram_response_length(pictures, 2);
    size_t channels = bram_response_dims(pictures) == 4 ? 3 : 1, size = rows * cols * channels;
    if (im->rows != rows || im->cols != cols || im->channels != channels)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%s: a picture of %zu x %zu x %zu, expected %zu x %zu x %zu as the others",
                         name, im->rows, im->cols, im->channels, rows, cols, channels);
    uint8_t *levels = bram_response_u8(pictures) + at * size;
    for (size_t k = 0; k < size; k++) levels[k] = (uint8_t)lrintf(255 * im->values[k]);
    return BRAM_OK;
}

/* ---- out of a dataset ----------------------------------------------------------------------- */

static const char *image_name(const char *path)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && !strchr(path + length, '/') ? path + length : NULL;
}

/* Whether the set has a picture of every stimulus that is wanted. */
static bool has_all(const bram_response *set, const bram_axis *wanted)
{
    for (size_t i = 0; wanted && i < bram_axis_length(wanted); i++)
        if (bram_axis_find(bram_response_axis(set, 0), bram_axis_id(wanted, i)) < 0) return false;
    return wanted != NULL;
}

int bram_pictures_find(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                       const char *set, const bram_axis *wanted)
{
    char known[300] = "";
    size_t sets = 0;
    const bram_response *found = NULL, *whole = NULL;
    for (size_t i = 0; ds && i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i), *name = image_name(path);
        if (!name) continue;
        sets++;
        if (!*set || strcmp(set, name) == 0) found = bram_dataset_response(ds, path);
        if (!*set && !whole && has_all(found, wanted)) whole = found;
        if (strlen(known) + strlen(name) + 3 < sizeof known)
            strcat(strcat(known, *known ? ", " : ""), name);
    }
    if (sets > 1 && whole) found = whole;
    if (!sets)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the data have no pictures of the stimuli (stimuli/images)");
    if (!found || (!*set && sets > 1 && !whole))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s \"%s\"; the data have: %s",
                         *set ? "no pictures" : "several sets of pictures for", set, known);
    size_t dims = bram_response_dims(found);
    if ((dims != 3 && dims != 4) || (dims == 4 && bram_response_length(found, 3) != 3))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s%s has %zu axes, expected stimulus x row x column (x channel, 3)",
                         folder, bram_response_name(found), dims);
    *out = found;
    return BRAM_OK;
}

/* Where each wanted stimulus stands on an axis. */
static int match(bram_ctx *cx, size_t *from, const bram_axis *have, const bram_axis *wanted,
                 const char *where)
{
    for (size_t i = 0; i < bram_axis_length(wanted); i++) {
        ptrdiff_t at = bram_axis_find(have, bram_axis_id(wanted, i));
        if (at < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s lacks stimulus \"%s\"", where,
                             bram_axis_id(wanted, i));
        from[i] = (size_t)at;
    }
    return BRAM_OK;
}

/* One picture of a set. */
static int take_stored(bram_ctx *cx, bram_image *im, const bram_response *set, size_t at,
                       double *values, uint8_t *present)
{
    size_t start[BRAM_MAX_DIMS] = {at}, count[BRAM_MAX_DIMS] = {1};
    for (size_t d = 1; d < bram_response_dims(set); d++) count[d] = bram_response_length(set, d);
    size_t n = im->rows * im->cols * im->channels;
    BRAM_TRY(bram_response_read(cx, set, start, count, values, present));
    if (memchr(present, 0, n))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s%s lacks pixels of \"%s\"", folder,
                         bram_response_name(set), bram_axis_id(bram_response_axis(set, 0), at));
    double scale = bram_response_type(set) == BRAM_U8 ? 255 : 1;
    for (size_t k = 0; k < n; k++) im->values[k] = (float)(values[k] / scale);
    return BRAM_OK;
}

static int each_stored(bram_ctx *cx, const bram_response *set, const bram_axis *wanted,
                       bram_pictures_fn *each, void *user)
{
    size_t n = bram_axis_length(wanted), *from = bram_scratch(cx, n, sizeof *from), at[BATCH];
    bram_image image[BATCH], form = {bram_response_length(set, 1), bram_response_length(set, 2),
                                     bram_response_dims(set) == 4 ? 3 : 1, 8, NULL};
    size_t size = form.rows * form.cols * form.channels;
    size_t most = size && size * BATCH > BATCH_VALUES ? BATCH_VALUES / size + 1 : BATCH;
    float *room = bram_scratch(cx, most * size, sizeof *room);
    double *values = bram_scratch(cx, size, sizeof *values);
    uint8_t *present = bram_scratch(cx, size, 1);
    if (!from || !room || !values || !present) return BRAM_ENOMEM;
    BRAM_TRY(match(cx, from, bram_response_axis(set, 0), wanted, bram_response_name(set)));
    for (size_t first = 0; first < n; first += most) {
        size_t count = n - first < most ? n - first : most;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        for (size_t k = 0; k < count; k++) {
            image[k] = form, image[k].values = room + k * size, at[k] = first + k;
            BRAM_TRY(take_stored(cx, &image[k], set, from[first + k], values, present));
        }
        BRAM_TRY(each(cx, user, &(bram_picture_batch){count, at, image}));
    }
    return BRAM_OK;
}

/* ---- from files beside it ------------------------------------------------------------------- */

struct files {
    const char *path;
    const bram_axis *table, *wanted;
    const char *const *name, *const *sha256; /* columns; the second may be NULL */
    size_t *from;                            /* row of the table for each wanted stimulus */
    const char **wanted_name;                /* of each wanted stimulus */
    bram_text_index index;                   /* of these names */
    size_t *next;                            /* the next stimulus with the same picture, or NONE */
    bool *seen;
    bram_pictures_fn *each;
    void *user;
    size_t count, bytes, at[BATCH], size[BATCH]; /* the batch that is being gathered */
    unsigned char *encoded[BATCH];
    bram_image image[BATCH];
};

static int decode_one(bram_ctx *cx, size_t k, void *user)
{
    struct files *f = user;
    const char *name = f->name[f->from[f->at[k]]];
    if (f->sha256 && *f->sha256[f->from[f->at[k]]]) {
        char hex[65];
        BRAM_TRY(bram_sha256(cx, hex, f->encoded[k], f->size[k]));
        if (strcmp(hex, f->sha256[f->from[f->at[k]]]) != 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s is another picture than the dataset's: SHA-256 %s", f->path,
                             name, hex);
    }
    return bram_image_decode(cx, &f->image[k], f->encoded[k], f->size[k], name);
}

static int flush(bram_ctx *cx, struct files *f)
{
    int status = bram_parallel_for(cx, f->count, decode_one, f);
    if (status == BRAM_OK && f->count)
        status = f->each(cx, f->user, &(bram_picture_batch){f->count, f->at, f->image});
    for (size_t k = 0; k < f->count; k++) {
        bram_free(f->encoded[k]);
        bram_image_release(&f->image[k]);
    }
    f->count = f->bytes = 0;
    return status;
}

/* The first wanted stimulus whose picture this file is: its name is the end of the file's path. */
static ptrdiff_t find_stimulus(const struct files *f, const char *path)
{
    for (const char *step = path; step; step = strchr(step, '/')) {
        step += *step == '/';
        ptrdiff_t at = bram_text_index_find(&f->index, f->wanted_name, step);
        if (at >= 0) return at;
    }
    return -1;
}

static int take_one(bram_ctx *cx, struct files *f, size_t i, const unsigned char *bytes,
                    size_t size)
{
    enum { MOST_BYTES = 64 << 20 };
    if (f->seen[i])
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: two pictures are called \"%s\"", f->path,
                         f->wanted_name[i]);
    unsigned char *copy = bram_alloc(cx, size, 1);
    if (!copy) return BRAM_ENOMEM;
    memcpy(copy, bytes, size);
    f->seen[i] = true;
    f->at[f->count] = i, f->encoded[f->count] = copy, f->size[f->count++] = size;
    f->bytes += size;
    return f->count == BATCH || f->bytes > MOST_BYTES ? flush(cx, f) : BRAM_OK;
}

static int take_file(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes,
                     size_t size)
{
    struct files *f = user;
    char *path = bram_strf(cx, "%s/%s", f->path, name); /* the folder's own steps count, too */
    if (!path) return BRAM_ENOMEM;
    ptrdiff_t first = find_stimulus(f, path);
    bram_free(path);
    int status = BRAM_OK;
    for (size_t i = first < 0 ? NONE : (size_t)first; i != NONE && status == BRAM_OK;
         i = f->next[i])
        status = take_one(cx, f, i, bytes, size);
    return status;
}

static const char *const *text_column(const bram_axis *table, const char *name)
{
    const bram_column *c = table ? bram_axis_column(table, name) : NULL;
    return c && c->type == BRAM_TEXT ? (const char *const *)c->text : NULL;
}

static int index_names(bram_ctx *cx, struct files *f)
{
    size_t n = bram_axis_length(f->wanted);
    f->name = text_column(f->table, "image"), f->sha256 = text_column(f->table, "image_sha256");
    if (!f->name)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: the table stimuli/stimulus has no column `image` that names files",
                         f->path);
    f->from = bram_scratch(cx, n, sizeof *f->from);
    f->next = bram_scratch(cx, n, sizeof *f->next);
    f->seen = bram_scratch(cx, n, sizeof *f->seen);
    f->wanted_name = bram_scratch(cx, n, sizeof *f->wanted_name);
    if (!f->from || !f->next || !f->seen || !f->wanted_name) return BRAM_ENOMEM;
    BRAM_TRY(match(cx, f->from, f->table, f->wanted, "stimuli/stimulus"));
    for (size_t i = 0; i < n; i++) f->wanted_name[i] = f->name[f->from[i]];
    BRAM_TRY(bram_text_index_reserve(cx, &f->index, f->wanted_name, n));
    for (size_t i = 0; i < n; i++) {
        size_t first = bram_text_index_add(&f->index, f->wanted_name, i);
        f->next[i] = first == i ? NONE : f->next[first];
        if (first != i) f->next[first] = i;
    }
    return BRAM_OK;
}

static int each_file(bram_ctx *cx, struct files *f)
{
    BRAM_TRY(index_names(cx, f));
    int status = bram_images_each(cx, f->path, take_file, f);
    if (status == BRAM_OK) status = flush(cx, f);
    for (size_t k = 0; k < f->count; k++) bram_free(f->encoded[k]);
    for (size_t i = 0; i < bram_axis_length(f->wanted) && status == BRAM_OK; i++)
        if (!f->seen[i])
            status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                               "%s: found no picture \"%s\" of stimulus \"%s\"", f->path,
                               f->wanted_name[i], bram_axis_id(f->wanted, i));
    return status;
}

int bram_pictures_each(bram_ctx *cx, const bram_dataset *ds, const char *set, const char *beside,
                       const bram_axis *wanted, bram_pictures_fn *each, void *user)
{
    size_t mark = bram_scratch_mark(cx);
    const bram_response *stored = NULL;
    int status;
    if (*beside) {
        struct files *f = bram_alloc(cx, 1, sizeof *f);
        if (!f) return BRAM_ENOMEM;
        f->path = beside, f->wanted = wanted, f->each = each, f->user = user;
        f->table = ds ? bram_dataset_table(ds, "stimuli/stimulus") : NULL;
        status = each_file(cx, f);
        bram_text_index_release(&f->index);
        bram_free(f);
    } else {
        status = bram_pictures_find(cx, &stored, ds, set, wanted);
        if (status == BRAM_OK) status = each_stored(cx, stored, wanted, each, user);
    }
    bram_scratch_release(cx, mark);
    return status;
}
