/*
 * dataset_write.c - writes a dataset to a homogenized file; datasets/schema.md states the form.
 *
 * Groups, axes, columns, responses and attributes are written in order of their names, whatever the
 * order of making, so that equal datasets give equal bytes.
 */
#include "dataset_form.h"

#include "h5_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An axis of a group, the name of its scale, and whether it is a table. */
struct placed {
    const bram_axis *axis;
    const char *name;
    bool table;
};

/* What is being written; one of each group in turn. */
struct writing {
    bram_ctx *cx;
    bram_h5w *w;
    const char *group; /* "/recordings/w1", "" for the root */
    struct placed *axes;
    size_t count;
    bool join; /* see bram_dataset_join */
};

/* "/group/name" in scratch memory, suffix may be "". NULL without memory. */
static char *place(const struct writing *s, const char *name, const char *middle,
                   const char *suffix)
{
    size_t bytes = strlen(s->group) + strlen(name) + strlen(middle) + strlen(suffix) + 2;
    char *path = bram_scratch(s->cx, bytes, 1);
    if (path) {
        strcpy(path, s->group);
        strcat(path, "/");
        strcat(path, name);
        strcat(path, middle);
        strcat(path, suffix);
    }
    return path;
}

/* Attributes of the group or response at path; a response's "unit" is called "units" in the file.
 */
static int put_attrs(const struct writing *s, const char *path, const bram_attrs *attrs,
                     bool response)
{
    const size_t *order = bram_form_attr_order(s->cx, attrs);
    if (!order) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_attrs_count(attrs); i++) {
        const char *name = bram_attrs_name_at(attrs, order[i]), *as = name;
        bram_column_type type = bram_attrs_type_at(attrs, order[i]);
        if (bram_form_reserved(name))
            return bram_fail(s->cx, BRAM_EUSAGE,
                             "attribute %s of %s: the name is part of the file's "
                             "form",
                             name, path);
        if (response && type == BRAM_TEXT && strcmp(name, "unit") == 0) as = "units";
        if (type == BRAM_TEXT)
            BRAM_TRY(bram_h5w_attr_text(s->cx, s->w, path, as, bram_attrs_text(attrs, name)));
        else if (type == BRAM_NUMBER)
            BRAM_TRY(
                bram_h5w_attr_number(s->cx, s->w, path, as, bram_attrs_number(attrs, name, 0)));
        else
            BRAM_TRY(
                bram_h5w_attr_integer(s->cx, s->w, path, as, bram_attrs_integer(attrs, name, 0)));
    }
    return BRAM_OK;
}

static int put_role(const struct writing *s, const char *path, const char *role, const char *unit)
{
    BRAM_TRY(bram_h5w_attr_text(s->cx, s->w, path, BRAM_FORM_ROLE, role));
    return *unit ? bram_h5w_attr_text(s->cx, s->w, path, "units", unit) : BRAM_OK;
}

/* ---- axes ----------------------------------------------------------------------------------- */

/* The scale itself: ids, else coordinates, else 0 .. n - 1. */
static int put_scale(const struct writing *s, const char *path, const bram_axis *axis, bool table)
{
    size_t n = bram_axis_length(axis);
    const double *values = bram_axis_values(axis);
    bool ids = bram_axis_has_ids(axis);
    if (ids) {
        const char **texts = bram_scratch(s->cx, n, sizeof *texts);
        if (!texts) return BRAM_ENOMEM;
        for (size_t i = 0; i < n; i++) texts[i] = bram_axis_id(axis, i);
        BRAM_TRY(bram_h5w_dataset(s->cx, s->w, path, BRAM_H5W_TEXT, 1, &n, texts));
    } else if (values) {
        BRAM_TRY(bram_h5w_dataset(s->cx, s->w, path, BRAM_H5W_FLOAT64, 1, &n, values));
    } else {
        int64_t *index = bram_scratch(s->cx, n, sizeof *index);
        if (!index) return BRAM_ENOMEM;
        for (size_t i = 0; i < n; i++) index[i] = (int64_t)i;
        BRAM_TRY(bram_h5w_dataset(s->cx, s->w, path, BRAM_H5W_INT64, 1, &n, index));
    }
    BRAM_TRY(bram_h5w_scale(s->cx, s->w, path));
    return put_role(s, path, table ? BRAM_ROLE_TABLE : BRAM_ROLE_AXIS,
                    ids ? "" : bram_axis_unit(axis));
}

static int put_column(const struct writing *s, const char *scale, const struct placed *placed,
                      const bram_column *c)
{
    size_t n = bram_axis_length(placed->axis);
    char *path = place(s, placed->name, "_", c->name);
    if (!path) return BRAM_ENOMEM;
    bram_h5w_type type = c->text ? BRAM_H5W_TEXT : c->number ? BRAM_H5W_FLOAT64 : BRAM_H5W_INT64;
    const void *values = c->text     ? (const void *)c->text
                         : c->number ? (const void *)c->number
                                     : (const void *)c->integer;
    BRAM_TRY(bram_h5w_dataset(s->cx, s->w, path, type, 1, &n, values));
    BRAM_TRY(bram_h5w_attach(s->cx, s->w, path, 1, &scale));
    return put_role(s, path, BRAM_ROLE_COLUMN, c->unit);
}

static int put_axis(const struct writing *s, const struct placed *placed)
{
    const bram_axis *axis = placed->axis;
    size_t n = bram_axis_length(axis);
    char *scale = place(s, placed->name, "", "");
    if (!scale) return BRAM_ENOMEM;
    BRAM_TRY(put_scale(s, scale, axis, placed->table));
    if (strcmp(placed->name, bram_axis_name(axis)) != 0)
        BRAM_TRY(bram_h5w_attr_text(s->cx, s->w, scale, BRAM_FORM_AXIS, bram_axis_name(axis)));
    if (bram_axis_has_ids(axis) && bram_axis_values(axis)) {
        char *path = place(s, placed->name, BRAM_SUFFIX_COORDINATE, "");
        const char *scales[] = {scale};
        if (!path) return BRAM_ENOMEM;
        BRAM_TRY(
            bram_h5w_dataset(s->cx, s->w, path, BRAM_H5W_FLOAT64, 1, &n, bram_axis_values(axis)));
        BRAM_TRY(bram_h5w_attach(s->cx, s->w, path, 1, scales));
        BRAM_TRY(put_role(s, path, BRAM_ROLE_COORDINATE, bram_axis_unit(axis)));
    }
    const bram_column **columns = bram_form_columns(s->cx, axis);
    if (!columns) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_axis_columns(axis); i++)
        BRAM_TRY(put_column(s, scale, placed, columns[i]));
    return BRAM_OK;
}

static int compare_placed(const void *a, const void *b)
{
    return strcmp(((const struct placed *)a)->name, ((const struct placed *)b)->name);
}

/* The place of an axis, by content; NULL when it has none yet. */
static struct placed *find_placed(const struct writing *s, const bram_axis *axis)
{
    for (size_t i = 0; i < s->count; i++)
        if (bram_axis_equal(s->axes[i].axis, axis)) return &s->axes[i];
    return NULL;
}

/*
 * Gives an axis of a response its place. Equal axes share one; the second of two that have one name
 * and differ (the neurons of `activity` and of `raw`) is called <response>_<axis>.
 */
static int place_axis(struct writing *s, const bram_response *r, const bram_axis *axis)
{
    if (find_placed(s, axis)) return BRAM_OK;
    const char *name = bram_axis_name(axis);
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->axes[i].name, bram_axis_name(axis)) != 0) continue;
        const char *response = bram_response_name(r);
        size_t bytes = strlen(response) + strlen(name) + 2;
        char *other = bram_scratch(s->cx, bytes, 1);
        if (!other) return BRAM_ENOMEM;
        snprintf(other, bytes, "%s_%s", response, name);
        name = other;
        break;
    }
    s->axes[s->count++] = (struct placed){axis, name, false};
    return BRAM_OK;
}

static int put_axes(struct writing *s, const bram_form_entry *entries, size_t n)
{
    s->axes = bram_scratch(s->cx, n, BRAM_MAX_DIMS * sizeof *s->axes);
    if (!s->axes) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) /* the name of a table is its own */
        if (entries[i].table)
            s->axes[s->count++] = (struct placed){entries[i].table,
                                                  bram_axis_name(entries[i].table), true};
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; entries[i].response && d < bram_response_dims(entries[i].response); d++)
            BRAM_TRY(
                place_axis(s, entries[i].response, bram_response_axis(entries[i].response, d)));
    if (s->count) qsort(s->axes, s->count, sizeof *s->axes, compare_placed);
    size_t mark = bram_scratch_mark(s->cx);
    for (size_t i = 0; i < s->count; i++) {
        BRAM_TRY(put_axis(s, &s->axes[i]));
        bram_scratch_release(s->cx, mark);
    }
    return BRAM_OK;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* A block of values; bytes take the front of the room that held them as doubles. */
static int put_slab(const struct writing *s, const char *path, bram_h5w_type type,
                    const size_t *start, const size_t *count, double *values, size_t n)
{
    uint8_t *bytes = (uint8_t *)values;
    for (size_t i = 0; type == BRAM_H5W_UINT8 && i < n; i++) bytes[i] = (uint8_t)values[i];
    return bram_h5w_slab(s->cx, s->w, path, type, start, count, values);
}

/* The values block by block, NaN (of bytes 0) where missing, and the mask if there is one. */
static int put_values(const struct writing *s, const char *path, const char *mask,
                      const bram_response *r, bram_h5w_type type)
{
    size_t dims = bram_response_dims(r), lengths[BRAM_MAX_DIMS], block[BRAM_MAX_DIMS];
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS] = {0};
    for (size_t d = 0; d < dims; d++) lengths[d] = bram_response_length(r, d);
    BRAM_TRY(bram_h5w_dataset(s->cx, s->w, path, type, dims, lengths, NULL));
    if (mask) BRAM_TRY(bram_h5w_dataset(s->cx, s->w, mask, BRAM_H5W_UINT8, dims, lengths, NULL));
    bram_h5w_block(dims, lengths, block);
    size_t room = bram_form_product(dims, block);
    double *values = bram_scratch(s->cx, room, sizeof *values + sizeof(uint8_t));
    if (!values) return BRAM_ENOMEM;
    uint8_t *present = (uint8_t *)(values + room);
    bram_form_stored from;
    bool joined = s->join && bram_form_is_stored(&from, r) && !from.mask == !mask;
    while (bram_form_next_block(dims, lengths, block, start, count)) {
        size_t n = bram_form_product(dims, count);
        bool copied[2] = {false, !mask};
        BRAM_TRY(bram_ctx_check_cancel(s->cx));
        if (joined)
            BRAM_TRY(bram_h5w_copy_chunk(s->cx, s->w, path, from.root, from.path, dims, start,
                                         &copied[0]));
        if (copied[0] && mask)
            BRAM_TRY(bram_h5w_copy_chunk(s->cx, s->w, mask, from.root, from.mask, dims, start,
                                         &copied[1]));
        if (copied[0] && copied[1]) continue;
        BRAM_TRY(bram_response_read(s->cx, r, start, count, values, present));
        for (size_t i = 0; mask && i < n; i++)
            if (!present[i]) values[i] = type == BRAM_H5W_UINT8 ? 0 : NAN;
        if (!copied[0]) BRAM_TRY(put_slab(s, path, type, start, count, values, n));
        if (mask) BRAM_TRY(bram_h5w_slab(s->cx, s->w, mask, BRAM_H5W_UINT8, start, count, present));
    }
    return BRAM_OK;
}

/* The CF attribute `coordinates`: names, space between them, of all columns along the axes. */
static char *list_columns(const struct writing *s, const bram_response *r)
{
    size_t bytes = 1;
    for (int pass = 0;; pass++) {
        char *list = pass ? bram_scratch(s->cx, bytes, 1) : NULL;
        if (pass && !list) return NULL;
        for (size_t d = 0; d < bram_response_dims(r); d++) {
            const struct placed *placed = find_placed(s, bram_response_axis(r, d));
            bool again = false; /* the axis of an earlier dimension */
            for (size_t e = 0; e < d; e++)
                again |= find_placed(s, bram_response_axis(r, e)) == placed;
            const bram_column **columns = bram_form_columns(s->cx, placed->axis);
            if (!columns) return NULL;
            for (size_t i = 0; !again && i < bram_axis_columns(placed->axis); i++) {
                if (strchr(columns[i]->name, ' ') || strchr(placed->name, ' ')) continue;
                bytes += strlen(placed->name) + strlen(columns[i]->name) + 2;
                if (!list) continue;
                if (*list) strcat(list, " ");
                strcat(list, placed->name);
                strcat(list, "_");
                strcat(list, columns[i]->name);
            }
        }
        if (list) return list;
    }
}

static int put_response(const struct writing *s, const bram_response *r)
{
    static const bram_h5w_type stored_as[] = {
        [BRAM_F64] = BRAM_H5W_FLOAT64, [BRAM_F32] = BRAM_H5W_FLOAT32, [BRAM_U8] = BRAM_H5W_UINT8};
    const char *name = bram_response_name(r), *scales[BRAM_MAX_DIMS];
    size_t dims = bram_response_dims(r);
    char *path = place(s, name, "", ""), *columns = path ? list_columns(s, r) : NULL, *mask = NULL;
    if (!columns) return BRAM_ENOMEM;
    if (bram_response_has_mask(r) && !(mask = place(s, name, BRAM_SUFFIX_MASK, "")))
        return BRAM_ENOMEM;
    for (size_t d = 0; d < dims; d++)
        if (!(scales[d] = place(s, find_placed(s, bram_response_axis(r, d))->name, "", "")))
            return BRAM_ENOMEM;
    BRAM_TRY(put_values(s, path, mask, r, stored_as[bram_response_type(r)]));
    BRAM_TRY(bram_h5w_attach(s->cx, s->w, path, dims, scales));
    BRAM_TRY(put_role(s, path, BRAM_ROLE_RESPONSE, ""));
    if (*columns) BRAM_TRY(bram_h5w_attr_text(s->cx, s->w, path, "coordinates", columns));
    BRAM_TRY(put_attrs(s, path, bram_response_attrs_const(r), true));
    if (!mask) return BRAM_OK;
    BRAM_TRY(bram_h5w_attr_text(s->cx, s->w, path, "ancillary_variables", strrchr(mask, '/') + 1));
    BRAM_TRY(bram_h5w_attach(s->cx, s->w, mask, dims, scales));
    return put_role(s, mask, BRAM_ROLE_MASK, "");
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int put_group(const struct writing *s, const bram_dataset *ds, const char *name)
{
    const char *path = *s->group ? s->group : "/";
    if (*s->group) BRAM_TRY(bram_h5w_group(s->cx, s->w, path));
    else BRAM_TRY(bram_h5w_attr_integer(s->cx, s->w, path, BRAM_FORM_SCHEMA, BRAM_SCHEMA_VERSION));
    return put_attrs(s, path, bram_dataset_find_attrs(ds, name), false);
}

/* "/recordings/w1" for "recordings/w1", "" for the root; scratch memory, NULL without. */
static char *absolute(bram_ctx *cx, const char *group)
{
    char *path = bram_scratch(cx, strlen(group) + 2, 1);
    if (path && *group) {
        path[0] = '/';
        strcpy(path + 1, group);
    }
    return path;
}

/* Axes and responses of a group. */
static int put_content(struct writing *s, const bram_form_entry *entries, size_t count)
{
    BRAM_TRY(put_axes(s, entries, count));
    size_t mark = bram_scratch_mark(s->cx);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].response) BRAM_TRY(put_response(s, entries[i].response));
        bram_scratch_release(s->cx, mark);
    }
    return BRAM_OK;
}

/* All groups come first, so that a response cannot take the name of one. */
static int put_listing(bram_ctx *cx, bram_h5w *w, const bram_dataset *ds,
                       const bram_form_listing *list, bool join)
{
    int status = BRAM_OK;
    for (size_t i = 0; i < 2 * list->group_count && status == BRAM_OK; i++) {
        size_t k = i % list->group_count, mark = bram_scratch_mark(cx), first, count;
        struct writing s = {cx, w, absolute(cx, list->groups[k]), NULL, 0, join};
        bram_form_entries_of(list, k, &first, &count);
        if (!s.group) status = BRAM_ENOMEM;
        else if (i == k) status = put_group(&s, ds, list->groups[k]);
        else status = put_content(&s, list->entries + first, count);
        bram_scratch_release(cx, mark);
    }
    return status;
}

static int write_file(bram_ctx *cx, const bram_dataset *ds, const char *path, bool replace,
                      bool join)
{
    bram_form_listing list;
    BRAM_TRY(bram_form_list(cx, &list, ds));
    bram_h5w *w = NULL;
    int status = bram_h5w_open(cx, &w, path, replace);
    if (status == BRAM_OK) {
        status = put_listing(cx, w, ds, &list, join);
        if (status == BRAM_OK) status = bram_h5w_commit(cx, w);
        else bram_h5w_abort(w);
    }
    bram_form_release(&list);
    return status;
}

int bram_dataset_write(bram_ctx *cx, const bram_dataset *ds, const char *path, bool replace)
{
    return write_file(cx, ds, path, replace, false);
}

int bram_dataset_join(bram_ctx *cx, const bram_dataset *ds, const char *path, bool replace)
{
    return write_file(cx, ds, path, replace, true);
}
