/*
 * dataset_pack.c - see dataset_pack.h. Everything is a number of 8 bytes, a run of numbers, or a
 * text with its length and a zero byte behind it.
 */
#include "dataset_pack.h"

#include <string.h>

enum { MOST_AXES = 64 };

/* ---- packing -------------------------------------------------------------------------------- */

static void put_bytes(bram_buffer *out, const void *bytes, size_t size)
{
    if (size) bram_buffer_write(out, bytes, size);
}

static void put_size(bram_buffer *out, size_t value)
{
    uint64_t word = value;
    put_bytes(out, &word, sizeof word);
}

static void put_text(bram_buffer *out, const char *text)
{
    size_t length = strlen(text);
    put_size(out, length);
    put_bytes(out, text, length + 1);
}

static void put_attrs(bram_buffer *out, const bram_attrs *a)
{
    size_t count = a ? bram_attrs_count(a) : 0;
    put_size(out, count);
    for (size_t i = 0; i < count; i++) {
        const char *name = bram_attrs_name_at(a, i);
        bram_column_type type = bram_attrs_type_at(a, i);
        put_text(out, name);
        put_size(out, type);
        if (type == BRAM_TEXT) put_text(out, bram_attrs_text(a, name));
        else if (type == BRAM_NUMBER)
            put_bytes(out, &(double){bram_attrs_number(a, name, 0)}, sizeof(double));
        else put_bytes(out, &(int64_t){bram_attrs_integer(a, name, 0)}, sizeof(int64_t));
    }
}

static void put_column(bram_buffer *out, const bram_column *c, size_t length)
{
    put_text(out, c->name);
    put_text(out, c->unit);
    put_size(out, c->type);
    for (size_t i = 0; c->text && i < length; i++) put_text(out, c->text[i]);
    if (c->number) put_bytes(out, c->number, length * sizeof *c->number);
    if (c->integer) put_bytes(out, c->integer, length * sizeof *c->integer);
}

static void put_axis(bram_buffer *out, const bram_axis *axis)
{
    size_t length = bram_axis_length(axis);
    const double *values = bram_axis_values(axis);
    put_text(out, bram_axis_name(axis));
    put_size(out, length);
    put_size(out, bram_axis_has_ids(axis));
    for (size_t i = 0; bram_axis_has_ids(axis) && i < length; i++)
        put_text(out, bram_axis_id(axis, i));
    put_size(out, values != NULL);
    if (values) {
        put_text(out, bram_axis_unit(axis));
        put_bytes(out, values, length * sizeof *values);
    }
    put_size(out, bram_axis_columns(axis));
    for (size_t i = 0; i < bram_axis_columns(axis); i++)
        put_column(out, bram_axis_column_at(axis, i), length);
}

static int put_response(bram_ctx *cx, bram_buffer *out, const bram_response *r, const size_t *axis)
{
    size_t dims = bram_response_dims(r), n = bram_response_count(r), mark = bram_scratch_mark(cx);
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS];
    double *value = bram_scratch(cx, n, sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 1);
    if (!value || !present) return BRAM_ENOMEM;
    put_text(out, bram_response_name(r));
    put_size(out, bram_response_type(r));
    put_size(out, dims);
    for (size_t d = 0; d < dims; d++) {
        put_size(out, axis[d]);
        count[d] = bram_response_length(r, d);
    }
    if (n) BRAM_TRY(bram_response_read(cx, r, start, count, value, present));
    put_size(out, bram_response_has_mask(r));
    put_bytes(out, value, n * sizeof *value);
    if (bram_response_has_mask(r)) put_bytes(out, present, n);
    put_attrs(out, bram_response_attrs_const(r));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The axes of the responses to be packed, each once, by their addresses. */
struct axes {
    const bram_axis *axis[MOST_AXES];
    size_t count;
};

static size_t index_of(struct axes *all, const bram_axis *axis)
{
    size_t i = 0;
    while (i < all->count && all->axis[i] != axis) i++;
    if (i == all->count && i < MOST_AXES) all->axis[all->count++] = axis;
    return i;
}

/* The paths of the responses that are not packed. */
static int put_others(bram_ctx *cx, bram_buffer *out, const bram_dataset *ds,
                      const char *const *names, size_t count)
{
    bram_buffer others = {0};
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const char *path = bram_dataset_response_path(ds, i);
        bool packed = false;
        for (size_t k = 0; k < count; k++) packed |= strcmp(path, names[k]) == 0;
        if (!packed) bram_buffer_putf(&others, "%s\n", path);
    }
    int status = bram_buffer_status(cx, &others);
    if (status == BRAM_OK) put_text(out, bram_buffer_text(&others));
    bram_buffer_release(&others);
    return status;
}

int bram_dataset_pack(bram_ctx *cx, bram_buffer *out, const bram_dataset *ds,
                      const char *const *names, size_t count)
{
    struct axes all = {0};
    size_t there = 0;
    for (size_t i = 0; i < count; i++) {
        const bram_response *r = bram_dataset_response(ds, names[i]);
        for (size_t d = 0; r && d < bram_response_dims(r); d++)
            if (index_of(&all, bram_response_axis(r, d)) == MOST_AXES)
                return bram_fail(cx, BRAM_EUSAGE, "more than %d axes to be packed", MOST_AXES);
        there += r != NULL;
    }
    put_attrs(out, bram_dataset_find_attrs(ds, ""));
    put_size(out, all.count);
    for (size_t i = 0; i < all.count; i++) put_axis(out, all.axis[i]);
    put_size(out, there);
    for (size_t i = 0; i < count; i++) {
        const bram_response *r = bram_dataset_response(ds, names[i]);
        size_t axis[BRAM_MAX_DIMS];
        if (!r) continue;
        for (size_t d = 0; d < bram_response_dims(r); d++)
            axis[d] = index_of(&all, bram_response_axis(r, d));
        BRAM_TRY(put_response(cx, out, r, axis));
    }
    BRAM_TRY(put_others(cx, out, ds, names, count));
    return bram_buffer_status(cx, out);
}

/* ---- unpacking ------------------------------------------------------------------------------ */

struct reading {
    bram_ctx *cx;
    bram_mapped *file;
    const unsigned char *at, *end;
    bram_axis *axis[MOST_AXES];
    size_t axes;
};

static int ends_early(const struct reading *s)
{
    return bram_fail(s->cx, BRAM_EFORMAT, "packed data end too early");
}

/* A run of `count` things of `size` bytes, where it lies. */
static int take(struct reading *s, const unsigned char **out, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > (size_t)(s->end - s->at))
        return ends_early(s);
    *out = s->at;
    s->at += bytes;
    return BRAM_OK;
}

static int take_size(struct reading *s, size_t *out)
{
    const unsigned char *bytes = NULL;
    uint64_t word;
    BRAM_TRY(take(s, &bytes, 1, sizeof word));
    memcpy(&word, bytes, sizeof word);
    *out = (size_t)word;
    return BRAM_OK;
}

/* A count of things that take at least a byte each: no more of them than bytes are left. */
static int take_count(struct reading *s, size_t *out)
{
    BRAM_TRY(take_size(s, out));
    return *out > (size_t)(s->end - s->at) ? ends_early(s) : BRAM_OK;
}

static int take_text(struct reading *s, const char **out)
{
    size_t length = 0;
    const unsigned char *bytes = NULL;
    BRAM_TRY(take_count(s, &length));
    BRAM_TRY(take(s, &bytes, length + 1, 1));
    if (bytes[length] != 0) return ends_early(s);
    *out = (const char *)bytes;
    return BRAM_OK;
}

static int take_texts(struct reading *s, const char **out, size_t count)
{
    for (size_t i = 0; i < count; i++) BRAM_TRY(take_text(s, &out[i]));
    return BRAM_OK;
}

static int take_attrs(struct reading *s, bram_attrs *a)
{
    size_t count = 0, type = 0;
    const char *name, *text;
    const unsigned char *bytes = NULL;
    BRAM_TRY(take_count(s, &count));
    for (size_t i = 0; i < count; i++) {
        BRAM_TRY(take_text(s, &name));
        BRAM_TRY(take_size(s, &type));
        if (type == BRAM_TEXT) {
            BRAM_TRY(take_text(s, &text));
            BRAM_TRY(bram_attrs_set_text(s->cx, a, name, text));
            continue;
        }
        double number;
        int64_t integer;
        BRAM_TRY(take(s, &bytes, 1, sizeof number));
        memcpy(&number, bytes, sizeof number);
        memcpy(&integer, bytes, sizeof integer);
        if (type == BRAM_NUMBER) BRAM_TRY(bram_attrs_set_number(s->cx, a, name, number));
        else BRAM_TRY(bram_attrs_set_integer(s->cx, a, name, integer));
    }
    return BRAM_OK;
}

static int take_column(struct reading *s, bram_axis *axis, size_t length)
{
    const char *name, *unit;
    size_t type = 0;
    const unsigned char *bytes = NULL;
    BRAM_TRY(take_text(s, &name));
    BRAM_TRY(take_text(s, &unit));
    BRAM_TRY(take_size(s, &type));
    if (type == BRAM_TEXT) {
        const char **text = bram_scratch(s->cx, length, sizeof *text);
        if (!text) return BRAM_ENOMEM;
        BRAM_TRY(take_texts(s, text, length));
        return bram_axis_add_text(s->cx, axis, name, text);
    }
    double *number = bram_scratch(s->cx, length,
                                  sizeof *number); /* aligned, as the bytes are not */
    if (!number) return BRAM_ENOMEM;
    BRAM_TRY(take(s, &bytes, length, sizeof *number));
    if (length) memcpy(number, bytes, length * sizeof *number);
    return type == BRAM_NUMBER ? bram_axis_add_number(s->cx, axis, name, number, unit)
                               : bram_axis_add_integer(s->cx, axis, name, (const int64_t *)number);
}

static int fill_axis(struct reading *s, bram_axis *axis, size_t length)
{
    size_t there = 0, columns = 0;
    BRAM_TRY(take_size(s, &there));
    if (there) {
        const char **id = bram_scratch(s->cx, length, sizeof *id);
        if (!id) return BRAM_ENOMEM;
        BRAM_TRY(take_texts(s, id, length));
        BRAM_TRY(bram_axis_set_ids(s->cx, axis, id));
    }
    BRAM_TRY(take_size(s, &there));
    if (there) {
        const char *unit;
        const unsigned char *bytes = NULL;
        double *value = bram_scratch(s->cx, length, sizeof *value);
        if (!value) return BRAM_ENOMEM;
        BRAM_TRY(take_text(s, &unit));
        BRAM_TRY(take(s, &bytes, length, sizeof *value));
        if (length) memcpy(value, bytes, length * sizeof *value);
        BRAM_TRY(bram_axis_set_values(s->cx, axis, value, unit));
    }
    BRAM_TRY(take_count(s, &columns));
    for (size_t i = 0; i < columns; i++) BRAM_TRY(take_column(s, axis, length));
    return BRAM_OK;
}

static int take_axes(struct reading *s)
{
    size_t count = 0;
    BRAM_TRY(take_count(s, &count));
    if (count > MOST_AXES) return ends_early(s);
    for (; s->axes < count; s->axes++) {
        const char *name;
        size_t length = 0, mark = bram_scratch_mark(s->cx);
        BRAM_TRY(take_text(s, &name));
        BRAM_TRY(take_size(s, &length));
        /* an axis without ids takes no bytes, but its array has some for each of its rows */
        if (length > s->file->size) return ends_early(s);
        BRAM_TRY(bram_axis_new(s->cx, &s->axis[s->axes], name, length));
        int status = fill_axis(s, s->axis[s->axes], length);
        bram_scratch_release(s->cx, mark);
        if (status != BRAM_OK) {
            s->axes++;
            return status;
        }
    }
    return BRAM_OK;
}

/* ---- values that stay in the file ----------------------------------------------------------- */

struct packed {
    bram_mapped *file;
    const unsigned char *value, *present; /* present: NULL without a mask */
    size_t dims, length[BRAM_MAX_DIMS];
};

static void release_packed(void *state)
{
    struct packed *p = state;
    bram_mapped_free(p->file);
    bram_free(p);
}

static void copy_run(const struct packed *p, size_t from, size_t n, double *value, uint8_t *present)
{
    memcpy(value, p->value + from * sizeof *value, n * sizeof *value);
    if (!present) return;
    if (p->present) memcpy(present, p->present + from, n);
    else memset(present, 1, n);
}

/* Runs along the last dimension, one after the other; bram_response_read has checked the bounds. */
static int read_packed(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                       double *value, uint8_t *present)
{
    (void)cx;
    const struct packed *p = state;
    size_t last = p->dims - 1, runs = 1, at[BRAM_MAX_DIMS] = {0};
    for (size_t d = 0; d < last; d++) runs *= count[d];
    for (size_t run = 0; run < runs; run++) {
        size_t from = 0;
        for (size_t d = 0; d < p->dims; d++) from = from * p->length[d] + start[d] + at[d];
        copy_run(p, from, count[last], value + run * count[last],
                 present ? present + run * count[last] : NULL);
        for (size_t d = last; d-- > 0;) {
            if (++at[d] < count[d]) break;
            at[d] = 0;
        }
    }
    return BRAM_OK;
}

static int add_packed(struct reading *s, bram_response **out, const char *name, bram_type type,
                      size_t dims, const bram_axis *const *axis, const struct packed *found)
{
    struct packed *p = bram_alloc(s->cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    *p = *found;
    p->file = bram_mapped_ref(s->file);
    return bram_response_from_reader(s->cx, out, name, type, dims, axis,
                                     (bram_reader){.read = read_packed,
                                                   .release = release_packed,
                                                   .state = p,
                                                   .has_mask = p->present != NULL});
}

static int add_in_memory(struct reading *s, bram_response **out, const char *name, bram_type type,
                         size_t dims, const bram_axis *const *axis, const struct packed *p)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(s->cx, &r, name, type, dims, axis));
    size_t n = bram_response_count(r);
    uint8_t *mask = p->present ? bram_response_mask(s->cx, r) : NULL;
    if (p->present && !mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    if (mask && n) memcpy(mask, p->present, n);
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, p->value + i * sizeof value, sizeof value);
        if (type == BRAM_F64) bram_response_f64(r)[i] = value;
        else bram_response_f32(r)[i] = (float)value;
    }
    *out = r;
    return BRAM_OK;
}

static int take_response(struct reading *s, bram_dataset *ds)
{
    const char *name;
    size_t type = 0, dims = 0, masked = 0, n = 1;
    const bram_axis *axis[BRAM_MAX_DIMS];
    struct packed p = {0};
    bram_response *r = NULL;
    BRAM_TRY(take_text(s, &name));
    BRAM_TRY(take_size(s, &type));
    BRAM_TRY(take_size(s, &dims));
    if (type > BRAM_F32 || dims < 1 || dims > BRAM_MAX_DIMS) return ends_early(s);
    p.dims = dims;
    for (size_t d = 0; d < dims; d++) {
        size_t which = 0;
        BRAM_TRY(take_size(s, &which));
        if (which >= s->axes) return ends_early(s);
        axis[d] = s->axis[which];
        p.length[d] = bram_axis_length(axis[d]);
        if (__builtin_mul_overflow(n, p.length[d], &n)) return ends_early(s);
    }
    BRAM_TRY(take_size(s, &masked));
    BRAM_TRY(take(s, &p.value, n, sizeof(double)));
    if (masked) BRAM_TRY(take(s, &p.present, n, 1));
    BRAM_TRY((n > BRAM_SMALL_RESPONSE ? add_packed : add_in_memory)(s, &r, name, (bram_type)type,
                                                                    dims, axis, &p));
    int status = take_attrs(s, bram_response_attrs(r));
    if (status == BRAM_OK) return bram_dataset_add(s->cx, ds, "", r);
    bram_response_free(r);
    return status;
}

static int unpack(struct reading *s, bram_dataset *ds, char **others)
{
    size_t count = 0;
    const char *text;
    bram_attrs *root = bram_dataset_attrs(s->cx, ds, "");
    if (!root) return BRAM_ENOMEM;
    BRAM_TRY(take_attrs(s, root));
    BRAM_TRY(take_axes(s));
    BRAM_TRY(take_count(s, &count));
    for (size_t i = 0; i < count; i++) BRAM_TRY(take_response(s, ds));
    BRAM_TRY(take_text(s, &text));
    return (*others = bram_strdup(s->cx, text)) ? BRAM_OK : BRAM_ENOMEM;
}

int bram_dataset_unpack(bram_ctx *cx, bram_dataset **out, char **others, bram_mapped *file,
                        const unsigned char *bytes, size_t size)
{
    struct reading s = {.cx = cx, .file = file, .at = bytes, .end = bytes + size};
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    int status = unpack(&s, ds, others);
    for (size_t i = 0; i < s.axes; i++) bram_axis_free(s.axis[i]);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
