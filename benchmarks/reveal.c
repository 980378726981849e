/*
 * reveal.c - see reveal.h.
 */
#include "reveal.h"

#include "dataset_form.h"

#include <string.h>

/* Columns that say what a row is. */
static const char *const harmless[] = {"segment",     "unit",  "label", "raw_label", "certainty",
                                       "confidence",  "class", "area",  "type",      "kind",
                                       "transmitter", "depth", "x",     "y",         "z",
                                       "examined",    NULL};

static bool is_listed(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (strcmp(*list, name) == 0) return true;
    return false;
}

static int copy_column(bram_ctx *cx, bram_axis *to, const bram_column *c)
{
    if (c->text) return bram_axis_add_text(cx, to, c->name, c->text);
    if (c->integer) return bram_axis_add_integer(cx, to, c->name, c->integer);
    return bram_axis_add_number(cx, to, c->name, c->number, c->unit);
}

static int copy_ids(bram_ctx *cx, bram_axis *to, const bram_axis *axis)
{
    size_t n = bram_axis_length(axis), mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) id[i] = bram_axis_id(axis, i);
    int status = bram_axis_set_ids(cx, to, id);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_reveal_axis(bram_ctx *cx, bram_axis **out, const bram_axis *axis, const char *const *more)
{
    bram_axis *copy = NULL;
    const double *values = bram_axis_values(axis);
    BRAM_TRY(bram_axis_new(cx, &copy, bram_axis_name(axis), bram_axis_length(axis)));
    int status = bram_axis_has_ids(axis) ? copy_ids(cx, copy, axis) : BRAM_OK;
    if (status == BRAM_OK && values)
        status = bram_axis_set_values(cx, copy, values, bram_axis_unit(axis));
    for (size_t i = 0; i < bram_axis_columns(axis) && status == BRAM_OK; i++) {
        const bram_column *c = bram_axis_column_at(axis, i);
        if (is_listed(harmless, c->name) || is_listed(more, c->name))
            status = copy_column(cx, copy, c);
    }
    if (status == BRAM_OK) *out = copy;
    else bram_axis_free(copy);
    return status;
}

/* ---- responses ------------------------------------------------------------------------------ */

static void put_value(bram_response *r, size_t i, double value)
{
    if (bram_response_f64(r)) bram_response_f64(r)[i] = value;
    else if (bram_response_f32(r)) bram_response_f32(r)[i] = (float)value;
    else bram_response_u8(r)[i] = (uint8_t)value;
}

static int fill(bram_ctx *cx, bram_response *to, const bram_response *from, const uint8_t *hidden)
{
    size_t count = bram_response_count(from), start[BRAM_MAX_DIMS] = {0}, length[BRAM_MAX_DIMS];
    size_t mark = bram_scratch_mark(cx);
    for (size_t d = 0; d < bram_response_dims(from); d++) length[d] = bram_response_length(from, d);
    double *values = bram_scratch(cx, count, sizeof *values);
    uint8_t *present = bram_scratch(cx, count, 1), *mask = NULL;
    if (!values || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, from, start, length, values, present));
    if ((hidden || bram_response_has_mask(from)) && !(mask = bram_response_mask(cx, to)))
        return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bool there = present[i] && !(hidden && hidden[i]);
        put_value(to, i, there ? values[i] : 0);
        if (mask) mask[i] = there;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int copy_response(bram_ctx *cx, bram_response **out, const bram_response *r,
                         const uint8_t *hidden)
{
    bram_axis *axis[BRAM_MAX_DIMS] = {0};
    bram_response *copy = NULL;
    size_t dims = bram_response_dims(r);
    int status = BRAM_OK;
    for (size_t d = 0; d < dims && status == BRAM_OK; d++)
        status = bram_reveal_axis(cx, &axis[d], bram_response_axis(r, d), NULL);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &copy, bram_response_name(r), bram_response_type(r), dims,
                                   (const bram_axis *const *)axis);
    for (size_t d = 0; d < dims; d++) bram_axis_free(axis[d]);
    if (status == BRAM_OK) status = fill(cx, copy, r, hidden);
    if (status == BRAM_OK)
        status = bram_attrs_copy(cx, bram_response_attrs(copy), bram_response_attrs_const(r));
    if (status == BRAM_OK) *out = copy;
    else bram_response_free(copy);
    return status;
}

/* The group that a path lies in, with its attributes; made where it is not there. On the heap. */
static int open_group(bram_ctx *cx, char **out, bram_dataset *to, const bram_dataset *ds,
                      const char *path)
{
    const char *slash = strrchr(path, '/');
    char *group = bram_strf(cx, "%.*s", slash ? (int)(slash - path) : 0, path);
    if (!group) return BRAM_ENOMEM;
    const bram_attrs *from = bram_dataset_find_attrs(ds, group);
    bram_attrs *attrs = bram_dataset_attrs(cx, to, group);
    int status = !attrs             ? BRAM_ENOMEM
                 : !*group || !from ? BRAM_OK
                                    : bram_attrs_copy(cx, attrs, from);
    if (status == BRAM_OK) *out = group;
    else bram_free(group);
    return status;
}

int bram_reveal_response(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *path,
                         const uint8_t *hidden)
{
    const bram_response *r = bram_dataset_response(ds, path);
    bram_response *copy = NULL;
    char *group = NULL;
    if (bram_dataset_has(to, path)) return BRAM_OK;
    if (!r) return bram_fail(cx, BRAM_EABSENT, "the dataset has no %s", path);
    BRAM_TRY(copy_response(cx, &copy, r, hidden));
    int status = open_group(cx, &group, to, ds, path);
    if (status == BRAM_OK) status = bram_dataset_add(cx, to, group, copy);
    else bram_response_free(copy);
    bram_free(group);
    return status;
}

int bram_reveal_recording(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *id,
                          const char *name, const uint8_t *hidden)
{
    char *path = bram_strf(cx, "recordings/%s/%s", id, name);
    if (!path) return BRAM_ENOMEM;
    int status = bram_reveal_response(cx, to, ds, path, hidden);
    bram_free(path);
    return status;
}

int bram_reveal_table(bram_ctx *cx, bram_dataset *to, const bram_dataset *ds, const char *path,
                      const char *const *more)
{
    const bram_axis *table = bram_dataset_table(ds, path);
    bram_axis *copy = NULL;
    char *group = NULL;
    if (!table || bram_dataset_has(to, path)) return BRAM_OK;
    BRAM_TRY(bram_reveal_axis(cx, &copy, table, more));
    int status = open_group(cx, &group, to, ds, path);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, to, group, copy);
    else bram_axis_free(copy);
    bram_free(group);
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

void bram_reveal_hidden_rows(uint8_t *out, const bram_axis *row)
{
    const char *const *set = bram_axis_column(row, "set")->text;
    size_t n = bram_axis_length(row);
    bool test = false;
    memset(out, 0, n);
    for (size_t i = 0; i < n; i++) { /* of the test, and what follows it */
        if (*set[i]) test = strcmp(set[i], "test") == 0;
        out[i] = test;
    }
    test = false;
    for (size_t i = n; i-- > 0;) { /* what goes before it */
        if (*set[i]) test = strcmp(set[i], "test") == 0;
        out[i] |= test;
    }
}
