/*
 * h5_read.c - numbers of HDF5 datasets, attributes and members of compound types, as a whole or
 * block by block. h5.h states the contracts.
 */
#include "h5_source.h"

#include <string.h>

enum number { DOUBLE, FLOAT, INT64 };

static size_t number_size(enum number to)
{
    return to == FLOAT ? sizeof(float) : sizeof(double);
}

/* Reals that were read in place of integers become integers; all must be whole. */
static int reals_to_integers(const bram_h5_source *s, void *values, size_t n)
{
    unsigned char *bytes = values;
    for (size_t i = 0; i < n; i++) {
        double real;
        memcpy(&real, bytes + i * sizeof real, sizeof real);
        if (!(real >= -0x1p63 && real < 0x1p63) || real != (double)(int64_t)real)
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %g at element %zu, expected integers",
                             bram_h5_source_place(s).text, real, i);
        int64_t whole_number = (int64_t)real;
        memcpy(bytes + i * sizeof whole_number, &whole_number, sizeof whole_number);
    }
    return BRAM_OK;
}

static int check_unsigned(const bram_h5_source *s, const void *values, size_t n)
{
    const unsigned char *bytes = values;
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        if (value > INT64_MAX)
            return bram_fail(s->cx, BRAM_EFORMAT,
                             "%s: found %llu at element %zu, expected less "
                             "than 2^63",
                             bram_h5_source_place(s).text, (unsigned long long)value, i);
    }
    return BRAM_OK;
}

/* One-byte bit fields are not converted by HDF5: they are read as bytes, then widened from the end.
 */
static int read_bits(const bram_h5_source *s, enum number to, void *out, bram_h5_block block,
                     size_t n)
{
    BRAM_TRY(bram_h5_transfer(s, H5T_NATIVE_B8, block, H5P_DEFAULT, out));
    unsigned char *bytes = out;
    for (size_t i = n; i-- > 0;) {
        double real = bytes[i];
        float single = bytes[i];
        int64_t integer = bytes[i];
        const void *from = to == DOUBLE  ? (const void *)&real
                           : to == FLOAT ? (const void *)&single
                                         : (const void *)&integer;
        memcpy(bytes + i * number_size(to), from, number_size(to));
    }
    return BRAM_OK;
}

static int read_numbers(const bram_h5_source *s, enum number to, void *out, bram_h5_block block,
                        size_t n)
{
    bram_h5_class type = s->info.type;
    if (type != BRAM_H5_INTEGER && type != BRAM_H5_FLOAT)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %s, expected numbers",
                         bram_h5_source_place(s).text, bram_h5_class_name(type));
    if (n == 0) return BRAM_OK;
    if (H5Tget_class(s->element) == H5T_BITFIELD) return read_bits(s, to, out, block, n);
    if (to != INT64)
        return bram_h5_transfer(s, to == DOUBLE ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT, block,
                                H5P_DEFAULT, out);
    if (type == BRAM_H5_FLOAT) {
        BRAM_TRY(bram_h5_transfer(s, H5T_NATIVE_DOUBLE, block, H5P_DEFAULT, out));
        return reals_to_integers(s, out, n);
    }
    bool wide = H5Tget_class(s->element) == H5T_INTEGER && H5Tget_size(s->element) >= 8 &&
                H5Tget_sign(s->element) == H5T_SGN_NONE;
    BRAM_TRY(
        bram_h5_transfer(s, wide ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, block, H5P_DEFAULT, out));
    return wide ? check_unsigned(s, out, n) : BRAM_OK;
}

/* A whole dataset, attribute or member into fresh memory. */
static int read_whole(bram_ctx *cx, void **out, size_t *count, enum number to,
                      const bram_h5_object *at, const char *path, const char *attr,
                      const char *member, size_t limit)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, attr, member));
    int status = bram_h5_check_plausible(&s, limit, number_size(to));
    void *values = NULL;
    if (status == BRAM_OK) {
        values = bram_alloc(cx, (size_t)s.info.elements, number_size(to));
        status = values ? read_numbers(&s, to, values, bram_h5_whole, (size_t)s.info.elements)
                        : BRAM_ENOMEM;
    }
    bram_h5_source_close(&s);
    if (status != BRAM_OK) {
        bram_free(values);
        return status;
    }
    *out = values;
    if (count) *count = (size_t)s.info.elements;
    return BRAM_OK;
}

#define WHOLE(out, type, to, attr, member, limit)                                                  \
    do {                                                                                           \
        void *values_ = NULL;                                                                      \
        BRAM_TRY(read_whole(cx, &values_, count, to, at, path, attr, member, limit));              \
        *(out) = (type *)values_;                                                                  \
        return BRAM_OK;                                                                            \
    } while (0)

int bram_h5_read_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                        const char *path, size_t limit)
{
    WHOLE(out, double, DOUBLE, NULL, NULL, limit);
}

int bram_h5_read_float(bram_ctx *cx, float **out, size_t *count, const bram_h5_object *at,
                       const char *path, size_t limit)
{
    WHOLE(out, float, FLOAT, NULL, NULL, limit);
}

int bram_h5_read_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                       const char *path, size_t limit)
{
    WHOLE(out, int64_t, INT64, NULL, NULL, limit);
}

int bram_h5_member_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                          const char *path, const char *member)
{
    WHOLE(out, double, DOUBLE, NULL, member, 0);
}

int bram_h5_member_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                         const char *path, const char *member)
{
    WHOLE(out, int64_t, INT64, NULL, member, 0);
}

int bram_h5_attr_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                        const char *path, const char *name)
{
    WHOLE(out, double, DOUBLE, name, NULL, 0);
}

int bram_h5_attr_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                       const char *path, const char *name)
{
    WHOLE(out, int64_t, INT64, name, NULL, 0);
}

int bram_h5_attr_number(bram_ctx *cx, double *out, const bram_h5_object *at, const char *path,
                        const char *name)
{
    void *value = NULL;
    size_t count = 0;
    BRAM_TRY(read_whole(cx, &value, &count, DOUBLE, at, path, name, NULL, 0));
    if (count == 1) memcpy(out, value, sizeof *out);
    bram_free(value);
    if (count == 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s attribute %s: found %zu numbers, expected one",
                     bram_h5_place(at, path).text, name, count);
}

int bram_h5_attr_integer(bram_ctx *cx, int64_t *out, const bram_h5_object *at, const char *path,
                         const char *name)
{
    void *value = NULL;
    size_t count = 0;
    BRAM_TRY(read_whole(cx, &value, &count, INT64, at, path, name, NULL, 0));
    if (count == 1) memcpy(out, value, sizeof *out);
    bram_free(value);
    if (count == 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s attribute %s: found %zu numbers, expected one",
                     bram_h5_place(at, path).text, name, count);
}

static int read_slab(bram_h5_source *s, enum number to, void *out, const uint64_t *start,
                     const uint64_t *count)
{
    hsize_t from[BRAM_H5_RANK] = {0}, size[BRAM_H5_RANK] = {0};
    uint64_t n = 1;
    for (unsigned i = 0; i < s->info.rank; i++) {
        from[i] = start[i];
        size[i] = count[i];
        if (start[i] > s->info.dims[i] || count[i] > s->info.dims[i] - start[i])
            return bram_fail(s->cx, BRAM_ESHAPE,
                             "%s: elements %llu to %llu of dimension %u asked "
                             "for, found %llu",
                             bram_h5_source_place(s).text, (unsigned long long)start[i],
                             (unsigned long long)(start[i] + count[i]), i,
                             (unsigned long long)s->info.dims[i]);
        if (count[i] && n > SIZE_MAX / 8 / count[i])
            return bram_fail(s->cx, BRAM_ENOMEM, "%s: a block too large",
                             bram_h5_source_place(s).text);
        n *= count[i];
    }
    if (n == 0 || s->info.elements == 0) return read_numbers(s, to, out, bram_h5_whole, 0);
    if (s->info.rank == 0) return read_numbers(s, to, out, bram_h5_whole, 1);
    bram_h5_block block = {H5Screate_simple((int)s->info.rank, size, NULL), H5Scopy(s->space)};
    int status;
    if (block.memory < 0 || block.file < 0 ||
        H5Sselect_hyperslab(block.file, H5S_SELECT_SET, from, NULL, size, NULL) < 0)
        status = bram_h5_source_broken(s, "the block cannot be selected");
    else status = read_numbers(s, to, out, block, (size_t)n);
    if (block.memory >= 0) H5Sclose(block.memory);
    if (block.file >= 0) H5Sclose(block.file);
    return status;
}

static int slab(bram_ctx *cx, enum number to, void *out, const bram_h5_object *at, const char *path,
                const uint64_t *start, const uint64_t *count)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, NULL, NULL));
    int status = read_slab(&s, to, out, start, count);
    bram_h5_source_close(&s);
    return status;
}

int bram_h5_slab_double(bram_ctx *cx, double *out, const bram_h5_object *at, const char *path,
                        const uint64_t *start, const uint64_t *count)
{
    return slab(cx, DOUBLE, out, at, path, start, count);
}

int bram_h5_slab_float(bram_ctx *cx, float *out, const bram_h5_object *at, const char *path,
                       const uint64_t *start, const uint64_t *count)
{
    return slab(cx, FLOAT, out, at, path, start, count);
}

int bram_h5_slab_int64(bram_ctx *cx, int64_t *out, const bram_h5_object *at, const char *path,
                       const uint64_t *start, const uint64_t *count)
{
    return slab(cx, INT64, out, at, path, start, count);
}

int bram_h5_measure(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, NULL, NULL));
    int status = bram_h5_check_plausible(&s, 0, 0);
    if (status == BRAM_OK) *out = s.info;
    bram_h5_source_close(&s);
    return status;
}
