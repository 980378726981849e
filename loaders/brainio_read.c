/*
 * brainio_read.c - reading BrainIO assemblies; see brainio.h.
 *
 * A dimension is a dataset with CLASS = DIMENSION_SCALE. One that has no coordinate of its own name
 * is marked by its NAME, "This is a netCDF dimension but not a netCDF variable".
 */
#include "brainio.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char pure_dimension[] = "This is a netCDF dimension but not a netCDF variable";

static void clear(bram_brainio_coordinate *c)
{
    bram_free(c->text);
    bram_free(c->number);
    bram_free(c->integer);
}

void bram_brainio_release(bram_brainio *a)
{
    for (size_t i = 0; i < a->coordinates; i++) clear(&a->coordinate[i]);
    bram_free(a->coordinate);
    bram_free(a->values);
    *a = (bram_brainio){0};
}

const bram_brainio_coordinate *bram_brainio_find(const bram_brainio *a, size_t dim,
                                                 const char *name, const char *other)
{
    for (size_t i = 0; i < a->coordinates; i++) {
        const bram_brainio_coordinate *c = &a->coordinate[i];
        if (c->dim == dim && (strcmp(c->name, name) == 0 || (other && strcmp(c->name, other) == 0)))
            return c;
    }
    return NULL;
}

size_t bram_brainio_dim(const bram_brainio *a, const char *name)
{
    for (size_t d = 0; d < a->dims; d++)
        if (strcmp(a->dim[d], name) == 0) return d;
    return BRAINIO_DIMS;
}

/* ---- the array ------------------------------------------------------------------------------- */

/* Whether an entry is an array with coordinates, along 1 to 3 dimensions. */
static bool is_array(bram_ctx *cx, const bram_h5_object *group, const char *name)
{
    bram_h5_info info;
    bram_h5_ref ref;
    if (!bram_h5_has_attr(group, name, "coordinates") ||
        bram_h5_info_of(cx, &info, group, name) != BRAM_OK || !info.rank ||
        info.rank > BRAINIO_DIMS || (info.type != BRAM_H5_FLOAT && info.type != BRAM_H5_INTEGER))
        return false;
    for (unsigned d = 0; d < info.rank; d++)
        if (bram_h5_scale_ref(cx, &ref, group, name, d) != BRAM_OK) return false;
    return true;
}

/* The array of a group; BRAM_EABSENT without. The caller frees the entries that the name is in. */
static int find_array(bram_ctx *cx, bram_h5_entry **entries, size_t *count, const char **name,
                      const bram_h5_object *group)
{
    BRAM_TRY(bram_h5_list(cx, entries, count, group, NULL));
    *name = NULL;
    for (size_t i = 0; i < *count && !*name; i++)
        if ((*entries)[i].kind == BRAM_H5_DATASET && is_array(cx, group, (*entries)[i].name))
            *name = (*entries)[i].name;
    return *name ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT,
                             "found no array of 1 to 3 netCDF dimensions with the "
                             "attribute coordinates");
}

bool bram_brainio_is(bram_ctx *cx, const bram_h5_object *group)
{
    bram_h5_entry *entries = NULL;
    size_t count;
    const char *name;
    bool found = find_array(cx, &entries, &count, &name, group) == BRAM_OK;
    bram_free(entries);
    return found;
}

/* The fill value marks what is missing. */
static int read_values(bram_ctx *cx, bram_brainio *a, const bram_h5_object *group, const char *name)
{
    size_t count;
    double fill = NAN;
    BRAM_TRY(bram_h5_read_double(cx, &a->values, &count, group, name, 0));
    if (bram_h5_has_attr(group, name, "_FillValue"))
        BRAM_TRY(bram_h5_attr_number(cx, &fill, group, name, "_FillValue"));
    for (size_t i = 0; i < count && !isnan(fill); i++)
        if (a->values[i] == fill) a->values[i] = NAN;
    return BRAM_OK;
}

/* ---- dimensions and coordinates -------------------------------------------------------------- */

/* The dimension whose scale is at this address. */
static size_t dim_at(const bram_brainio *a, const bram_h5_ref *scale, bram_h5_ref ref)
{
    for (size_t d = 0; d < a->dims; d++)
        if (scale[d].address == ref.address) return d;
    return BRAINIO_DIMS;
}

/* A coordinate by the same name as its dimension is the dimension's scale itself. */
static bool is_pure(bram_ctx *cx, const bram_h5_object *group, const char *name)
{
    char *text = NULL;
    bool pure = bram_h5_attr_text(cx, &text, group, name, "NAME") == BRAM_OK &&
                strncmp(text, pure_dimension, sizeof pure_dimension - 1) == 0;
    bram_free(text);
    return pure;
}

static int read_coordinate(bram_ctx *cx, bram_brainio_coordinate *c, const bram_h5_object *group,
                           const char *name, const bram_h5_info *info, size_t length)
{
    size_t count = 0;
    int status;
    if (info->type == BRAM_H5_STRING || info->type == BRAM_H5_VARIABLE_STRING)
        status = bram_h5_read_strings(cx, &c->text, &count, group, name);
    else if (info->type == BRAM_H5_INTEGER)
        status = bram_h5_read_int64(cx, &c->integer, &count, group, name, 0);
    else status = bram_h5_read_double(cx, &c->number, &count, group, name, 0);
    if (status == BRAM_OK && count != length)
        status = bram_fail(cx, BRAM_EFORMAT, "%s has %zu values, expected %zu", name, count,
                           length);
    snprintf(c->name, sizeof c->name, "%.*s", BRAINIO_NAME - 1, name);
    return status;
}

/* One entry of the group: the name of a dimension, a coordinate, or neither. */
static int take_entry(bram_ctx *cx, bram_brainio *a, const bram_h5_object *group, const char *name,
                      const bram_h5_ref *scale)
{
    bram_h5_info info;
    bram_h5_ref ref;
    BRAM_TRY(bram_h5_info_of(cx, &info, group, name));
    if (info.rank != 1 || info.type == BRAM_H5_REFERENCE || info.type == BRAM_H5_COMPOUND ||
        info.type == BRAM_H5_UNREADABLE)
        return BRAM_OK;
    BRAM_TRY(bram_h5_identity(cx, &ref, group, name));
    size_t d = dim_at(a, scale, ref);
    if (d < a->dims) {
        snprintf(a->dim[d], sizeof a->dim[d], "%.*s", BRAINIO_NAME - 1, name);
        if (is_pure(cx, group, name)) return BRAM_OK;
    } else {
        if (bram_h5_scale_ref(cx, &ref, group, name, 0) != BRAM_OK) return BRAM_OK;
        if ((d = dim_at(a, scale, ref)) >= a->dims) return BRAM_OK;
    }
    bram_brainio_coordinate *c = &a->coordinate[a->coordinates++];
    c->dim = d;
    return read_coordinate(cx, c, group, name, &info, a->length[d]);
}

static int read_shape(bram_ctx *cx, bram_brainio *a, bram_h5_ref *scale,
                      const bram_h5_object *group, const char *name)
{
    bram_h5_info info;
    size_t stride = 1;
    BRAM_TRY(bram_h5_info_of(cx, &info, group, name));
    a->dims = info.rank;
    for (size_t d = a->dims; d-- > 0;) {
        a->length[d] = (size_t)info.dims[d];
        a->stride[d] = stride;
        stride *= a->length[d];
        BRAM_TRY(bram_h5_scale_ref(cx, &scale[d], group, name, (unsigned)d));
    }
    return BRAM_OK;
}

static int read_array(bram_ctx *cx, bram_brainio *a, const bram_h5_object *group,
                      const bram_h5_entry *entries, size_t count, const char *name)
{
    bram_h5_ref scale[BRAINIO_DIMS];
    BRAM_TRY(read_shape(cx, a, scale, group, name));
    a->coordinate = bram_alloc(cx, count, sizeof *a->coordinate);
    if (!a->coordinate) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (entries[i].kind == BRAM_H5_DATASET && strcmp(entries[i].name, name) != 0)
            BRAM_TRY(take_entry(cx, a, group, entries[i].name, scale));
    for (size_t d = 0; d < a->dims; d++)
        if (!a->dim[d][0])
            return bram_fail(cx, BRAM_EFORMAT, "%s: dimension %zu has no name in its group", name,
                             d);
    return read_values(cx, a, group, name);
}

int bram_brainio_read(bram_ctx *cx, bram_brainio *out, const bram_h5_object *group)
{
    bram_h5_entry *entries = NULL;
    size_t count = 0;
    const char *name = NULL;
    *out = (bram_brainio){0};
    int status = find_array(cx, &entries, &count, &name, group);
    if (status == BRAM_OK) status = read_array(cx, out, group, entries, count, name);
    bram_free(entries);
    return status;
}

/* ---- columns --------------------------------------------------------------------------------- */

/* A name of a column, or "" when nothing is left of it. */
static void column_name(char *out, const char *name)
{
    size_t n = 0;
    for (; *name && n + 1 < BRAINIO_NAME; name++) {
        char c = (char)tolower((unsigned char)*name);
        if (!n && !isalpha((unsigned char)c)) continue;
        out[n++] = isalnum((unsigned char)c) ? c : '_';
    }
    while (n && out[n - 1] == '_') n--;
    out[n] = 0;
}

static bool equal_at(const bram_brainio_coordinate *c, size_t i, size_t j)
{
    if (c->text) return strcmp(c->text[i], c->text[j]) == 0;
    if (c->integer) return c->integer[i] == c->integer[j];
    return c->number[i] == c->number[j] || (isnan(c->number[i]) && isnan(c->number[j]));
}

static bool is_even(const bram_brainio_coordinate *c, size_t length, const size_t *at,
                    const size_t *same)
{
    for (size_t i = 0; same && i < length; i++)
        if (!equal_at(c, i, at[same[i]])) return false;
    return true;
}

static bool is_among(const char *name, const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

static int add_column(bram_ctx *cx, bram_axis *axis, const bram_brainio_coordinate *c,
                      const size_t *at, size_t count)
{
    char name[BRAINIO_NAME];
    size_t mark = bram_scratch_mark(cx);
    const char **text = bram_scratch(cx, count, sizeof *text);
    double *number = bram_scratch(cx, count, sizeof *number);
    int64_t *integer = bram_scratch(cx, count, sizeof *integer);
    if (!text || !number || !integer) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (c->text) text[i] = c->text[at[i]];
        else if (c->integer) integer[i] = c->integer[at[i]];
        else number[i] = isfinite(c->number[at[i]]) ? c->number[at[i]] : NAN;
    }
    column_name(name, c->name);
    int status = !*name      ? BRAM_OK
                 : c->text   ? bram_axis_add_text(cx, axis, name, text)
                 : c->number ? bram_axis_add_number(cx, axis, name, number, "")
                             : bram_axis_add_integer(cx, axis, name, integer);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_brainio_columns(bram_ctx *cx, bram_axis *axis, const bram_brainio *a, size_t dim,
                         const size_t *at, size_t count, const size_t *same, const char *const *but)
{
    for (size_t i = 0; i < a->coordinates; i++) {
        const bram_brainio_coordinate *c = &a->coordinate[i];
        if (c->dim == dim && !is_among(c->name, but) && is_even(c, a->length[dim], at, same))
            BRAM_TRY(add_column(cx, axis, c, at, count));
    }
    return BRAM_OK;
}
