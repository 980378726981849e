/*
 * response.c - arrays with labelled axes and a mask, in memory or behind a reader.
 */
#include <bramble/response.h>

#include "attrs.h"
#include "dataset_form.h"
#include "internal.h"
#include "names.h"
#include "spill.h"

#include <string.h>

struct bram_response {
    char *name;
    bram_type type;
    size_t dims, count;
    bram_axis *axes[BRAM_MAX_DIMS];
    bram_attrs *attrs;
    void *values;  /* count doubles, floats or bytes in memory, or NULL */
    uint8_t *mask; /* count bytes in memory, or NULL */
    bram_reader reader;
};

size_t bram_type_size(bram_type type)
{
    return type == BRAM_F64 ? sizeof(double) : type == BRAM_F32 ? sizeof(float) : 1;
}

const char *bram_type_name(bram_type type)
{
    return type == BRAM_F64 ? "float64" : type == BRAM_F32 ? "float32" : "uint8";
}

static int check_shape(bram_ctx *cx, const char *name, size_t dims, const bram_axis *const *axes,
                       size_t *count)
{
    if (!name || !bram_name_is_step(name, strlen(name)))
        return bram_fail(cx, BRAM_EUSAGE, "\"%s\" cannot be the name of a response",
                         name ? name : "");
    if (dims < 1 || dims > BRAM_MAX_DIMS)
        return bram_fail(cx, BRAM_EUSAGE, "response %s has %zu axes, expected 1 to %d", name, dims,
                         BRAM_MAX_DIMS);
    size_t product = 1;
    bool empty = false, overflows = false;
    for (size_t d = 0; d < dims; d++) {
        empty |= bram_axis_length(axes[d]) == 0;
        overflows |= __builtin_mul_overflow(product, bram_axis_length(axes[d]), &product);
    }
    if (overflows && !empty)
        return bram_fail(cx, BRAM_ENOMEM, "response %s has more values than can be counted", name);
    *count = empty ? 0 : product;
    return BRAM_OK;
}

/* Everything but values and reader. */
static int make(bram_ctx *cx, bram_response **out, const char *name, bram_type type, size_t dims,
                const bram_axis *const *axes)
{
    size_t count = 0;
    BRAM_TRY(check_shape(cx, name, dims, axes, &count));
    bram_response *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    r->type = type;
    r->dims = dims;
    r->count = count;
    for (size_t d = 0; d < dims; d++) r->axes[d] = bram_axis_ref(axes[d]);
    r->name = bram_strdup(cx, name);
    r->attrs = r->name ? bram_attrs_new(cx) : NULL;
    if (!r->attrs) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    *out = r;
    return BRAM_OK;
}

int bram_response_new(bram_ctx *cx, bram_response **out, const char *name, bram_type type,
                      size_t dims, const bram_axis *const *axes)
{
    bram_response *r;
    BRAM_TRY(make(cx, &r, name, type, dims, axes));
    r->values = bram_alloc(cx, r->count, bram_type_size(type));
    if (!r->values) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    *out = r;
    return BRAM_OK;
}

int bram_response_from_reader(bram_ctx *cx, bram_response **out, const char *name, bram_type type,
                              size_t dims, const bram_axis *const *axes, bram_reader reader)
{
    bram_response *r;
    int status = make(cx, &r, name, type, dims, axes);
    if (status != BRAM_OK) {
        if (reader.release) reader.release(reader.state);
        return status;
    }
    r->reader = reader;
    *out = r;
    return BRAM_OK;
}

void bram_response_free(bram_response *r)
{
    if (!r) return;
    if (r->reader.release) r->reader.release(r->reader.state);
    for (size_t d = 0; d < r->dims; d++) bram_axis_free(r->axes[d]);
    bram_attrs_free(r->attrs);
    bram_free(r->values);
    bram_free(r->mask);
    bram_free(r->name);
    bram_free(r);
}

void bram_response_set_reader(bram_response *r, bram_reader reader)
{
    bram_free(r->values);
    bram_free(r->mask);
    r->values = NULL;
    r->mask = NULL;
    r->reader = reader;
}

const bram_reader *bram_response_reader(const bram_response *r)
{
    return r->values ? NULL : &r->reader;
}

const char *bram_response_name(const bram_response *r)
{
    return r->name;
}

size_t bram_response_dims(const bram_response *r)
{
    return r->dims;
}

const bram_axis *bram_response_axis(const bram_response *r, size_t dim)
{
    return r->axes[dim];
}

size_t bram_response_length(const bram_response *r, size_t dim)
{
    return bram_axis_length(r->axes[dim]);
}

size_t bram_response_count(const bram_response *r)
{
    return r->count;
}

bram_type bram_response_type(const bram_response *r)
{
    return r->type;
}

bram_attrs *bram_response_attrs(bram_response *r)
{
    return r->attrs;
}

const bram_attrs *bram_response_attrs_const(const bram_response *r)
{
    return r->attrs;
}

double *bram_response_f64(bram_response *r)
{
    return r->type == BRAM_F64 ? r->values : NULL;
}

float *bram_response_f32(bram_response *r)
{
    return r->type == BRAM_F32 ? r->values : NULL;
}

uint8_t *bram_response_u8(bram_response *r)
{
    return r->type == BRAM_U8 ? r->values : NULL;
}

uint8_t *bram_response_mask(bram_ctx *cx, bram_response *r)
{
    if (!r->values) {
        bram_fail(cx, BRAM_EUSAGE, "response %s is in a file, its mask cannot be changed", r->name);
        return NULL;
    }
    if (r->mask || !(r->mask = bram_alloc(cx, r->count, 1))) return r->mask;
    return memset(r->mask, 1, r->count);
}

bool bram_response_has_mask(const bram_response *r)
{
    return r->mask || r->reader.has_mask;
}

static double value_at(const bram_response *r, size_t at)
{
    if (r->type == BRAM_F64) return ((const double *)r->values)[at];
    if (r->type == BRAM_F32) return (double)((const float *)r->values)[at];
    return ((const uint8_t *)r->values)[at];
}

/* Copies n values that lie side by side at position `from`, and their marks. */
static void copy_run(const bram_response *r, size_t from, size_t n, double *values,
                     uint8_t *present)
{
    for (size_t i = 0; i < n; i++) {
        bool there = !r->mask || r->mask[from + i];
        values[i] = there ? value_at(r, from + i) : 0;
        if (present) present[i] = there;
    }
}

static void read_memory(const bram_response *r, const size_t *start, const size_t *count,
                        double *values, uint8_t *present)
{
    size_t last = r->dims - 1, runs = 1, at[BRAM_MAX_DIMS] = {0};
    for (size_t d = 0; d < last; d++) runs *= count[d];
    for (size_t run = 0; run < runs; run++) {
        size_t from = 0;
        for (size_t d = 0; d < r->dims; d++)
            from = from * bram_axis_length(r->axes[d]) + start[d] + at[d];
        copy_run(r, from, count[last], values + run * count[last],
                 present ? present + run * count[last] : NULL);
        for (size_t d = last; d-- > 0;) { /* the next row of the block */
            if (++at[d] < count[d]) break;
            at[d] = 0;
        }
    }
}

int bram_response_read(bram_ctx *cx, const bram_response *r, const size_t *start,
                       const size_t *count, double *values, uint8_t *present)
{
    bool empty = false;
    for (size_t d = 0; d < r->dims; d++) {
        size_t length = bram_axis_length(r->axes[d]);
        if (start[d] > length || count[d] > length - start[d])
            return bram_fail(cx, BRAM_ESHAPE,
                             "response %s has %zu along %s; %zu from %zu on are "
                             "outside",
                             r->name, length, bram_axis_name(r->axes[d]), count[d], start[d]);
        empty |= count[d] == 0;
    }
    if (empty) return BRAM_OK;
    if (!r->values) return r->reader.read(cx, r->reader.state, start, count, values, present);
    read_memory(r, start, count, values, present);
    return BRAM_OK;
}

int bram_response_view(bram_ctx *cx, const bram_response *r, bram_mat *out)
{
    if (!r->values || r->type != BRAM_F64 || r->dims != 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "response %s has %zu axes and is %s, %s: not a "
                         "matrix of doubles in memory",
                         r->name, r->dims, r->values ? "in memory" : "in a file",
                         bram_type_name(r->type));
    size_t rows = bram_axis_length(r->axes[0]), cols = bram_axis_length(r->axes[1]);
    *out = (bram_mat){r->values, rows, cols, cols};
    return BRAM_OK;
}
