/*
 * h5_read.c - values of HDF5 datasets and attributes: shapes, numbers, strings, references, members
 * of compound types, dimension scales. h5.h states the contracts.
 *
 * A `source` is a dataset or an attribute, opened and measured; everything below reads from one.
 * Dimension scales: HDF5 Dimension Scale Specification (attribute DIMENSION_LIST, one
 * variable-length list of object references for each dimension).
 */
#include "h5_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deflate packs at most 1032 to 1; filters for constant data a little more is allowed for. */
enum { MOST_RATIO = 2000, MOST_MEMBERS = 4096, MOST_ATTRIBUTES = 65536 };
static const uint64_t UNWRITTEN_BYTES = 64u << 20, STRING_BYTES = (uint64_t)1 << 30;
static const uint64_t CHUNK_BYTES = (uint64_t)1 << 30;

struct source {
    bram_ctx *cx;
    const bram_h5_object *at;
    const char *path;
    const char *attr;   /* NULL for a dataset */
    const char *member; /* NULL for the whole element */
    hid_t object, id, type, space;
    hid_t element; /* type of the element or of its member */
    bram_h5_info info;
};

struct place {
    char text[400];
};

static struct place place(const struct source *s)
{
    struct place p;
    snprintf(p.text, sizeof p.text, "%s%s%.30s%s%.30s", bram_h5_place(s->at, s->path).text,
             s->attr ? " attribute " : "", s->attr ? s->attr : "", s->member ? " member " : "",
             s->member ? s->member : "");
    return p;
}

static int broken(const struct source *s, const char *what)
{
    const char *why = bram_h5_reason();
    return bram_fail(s->cx, BRAM_EFORMAT, "%s: %s (HDF5: %s)", place(s).text, what, why);
}

/* ---- opening and measuring ------------------------------------------------------------------ */

static bram_h5_class class_of(hid_t type)
{
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_ENUM:
        return BRAM_H5_INTEGER;
    case H5T_BITFIELD:
        return H5Tget_size(type) == 1 ? BRAM_H5_INTEGER : BRAM_H5_UNREADABLE;
    case H5T_FLOAT:
        return BRAM_H5_FLOAT;
    case H5T_STRING:
        return H5Tis_variable_str(type) > 0 ? BRAM_H5_VARIABLE_STRING : BRAM_H5_STRING;
    case H5T_REFERENCE:
        return H5Tequal(type, H5T_STD_REF_OBJ) > 0 ? BRAM_H5_REFERENCE : BRAM_H5_UNREADABLE;
    case H5T_COMPOUND:
        return BRAM_H5_COMPOUND;
    default:
        return BRAM_H5_UNREADABLE;
    }
}

static const char *class_name(bram_h5_class type)
{
    static const char *const names[] = {"integers",
                                        "reals",
                                        "strings",
                                        "strings",
                                        "object references",
                                        "a compound type",
                                        "values of a type that is not read"};
    return names[type];
}

static void source_close(struct source *s)
{
    if (s->element >= 0 && s->element != s->type) H5Tclose(s->element);
    if (s->type >= 0) H5Tclose(s->type);
    if (s->space >= 0) H5Sclose(s->space);
    if (s->attr && s->id >= 0) H5Aclose(s->id);
    if (s->object >= 0) H5Oclose(s->object);
}

static int measure_space(struct source *s)
{
    bram_h5_info *info = &s->info;
    H5S_class_t kind = H5Sget_simple_extent_type(s->space);
    int rank = H5Sget_simple_extent_ndims(s->space);
    if (kind == H5S_NO_CLASS || rank < 0) return broken(s, "its shape cannot be read");
    if (rank > BRAM_H5_RANK)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %d dimensions, expected %d or fewer",
                         place(s).text, rank, BRAM_H5_RANK);
    hsize_t dims[BRAM_H5_RANK] = {0};
    if (H5Sget_simple_extent_dims(s->space, dims, NULL) < 0)
        return broken(s, "its shape cannot be read");
    info->rank = (unsigned)rank;
    info->elements = kind == H5S_NULL ? 0 : 1;
    for (int i = 0; i < rank; i++) info->dims[i] = dims[i];
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0) info->elements = 0;
    for (int i = 0; i < rank && info->elements; i++)
        if (__builtin_mul_overflow(info->elements, info->dims[i], &info->elements))
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: its dimensions multiply to more than 2^64",
                             place(s).text);
    return BRAM_OK;
}

static int find_member(struct source *s)
{
    int index = H5Tget_class(s->type) == H5T_COMPOUND ? H5Tget_member_index(s->type, s->member)
                                                      : -1;
    if (index < 0) return bram_fail(s->cx, BRAM_EABSENT, "%s: no such member", place(s).text);
    s->element = H5Tget_member_type(s->type, (unsigned)index);
    return s->element < 0 ? broken(s, "its type cannot be read") : BRAM_OK;
}

/* Datasets whose values stand elsewhere (external files, virtual) are refused. */
static int measure_layout(struct source *s)
{
    hid_t list = H5Dget_create_plist(s->id);
    if (list < 0) return broken(s, "its layout cannot be read");
    H5D_layout_t layout = H5Pget_layout(list);
    int outside = H5Pget_external_count(list), status = BRAM_OK;
    hsize_t chunk[BRAM_H5_RANK] = {0};
    uint64_t bytes = s->info.element_size;
    if (outside != 0 || layout == H5D_VIRTUAL || layout < 0) {
        status = bram_fail(s->cx, BRAM_EFORMAT,
                           "%s: its values stand in other files; bramble reads "
                           "one file",
                           place(s).text);
    } else if (layout == H5D_CHUNKED) {
        if (H5Pget_chunk(list, BRAM_H5_RANK, chunk) != (int)s->info.rank)
            status = broken(s, "its chunk shape cannot be read");
        for (unsigned i = 0; i < s->info.rank; i++) {
            s->info.chunk[i] = chunk[i];
            if (__builtin_mul_overflow(bytes, s->info.chunk[i], &bytes)) bytes = UINT64_MAX;
        }
        if (status == BRAM_OK && bytes > CHUNK_BYTES)
            status = bram_fail(s->cx, BRAM_EFORMAT,
                               "%s: found chunks of %llu bytes, expected %llu "
                               "or fewer",
                               place(s).text, (unsigned long long)bytes,
                               (unsigned long long)CHUNK_BYTES);
    }
    H5Pclose(list);
    return status;
}

static int open_ids(struct source *s)
{
    BRAM_TRY(bram_h5_id(s->cx, &s->object, s->at, s->path));
    if (s->attr) {
        if (H5Aexists(s->object, s->attr) <= 0)
            return bram_fail(s->cx, BRAM_EABSENT, "%s: no such attribute", place(s).text);
        s->id = H5Aopen(s->object, s->attr, H5P_DEFAULT);
        if (s->id < 0) return broken(s, "the attribute cannot be read");
        s->type = H5Aget_type(s->id);
        s->space = H5Aget_space(s->id);
    } else {
        if (H5Iget_type(s->object) != H5I_DATASET)
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: found a group or a type, expected a dataset",
                             place(s).text);
        s->id = s->object;
        s->type = H5Dget_type(s->id);
        s->space = H5Dget_space(s->id);
    }
    if (s->type < 0 || s->space < 0) return broken(s, "its type or shape cannot be read");
    s->element = s->type;
    return s->member ? find_member(s) : BRAM_OK;
}

static int source_open(bram_ctx *cx, struct source *s, const bram_h5_object *at, const char *path,
                       const char *attr, const char *member)
{
    *s = (struct source){.cx = cx,
                         .at = at,
                         .path = path,
                         .attr = attr,
                         .member = member,
                         .object = -1,
                         .id = -1,
                         .type = -1,
                         .space = -1,
                         .element = -1};
    int status = open_ids(s);
    if (status == BRAM_OK) {
        s->info.type = class_of(s->element);
        s->info.element_size = H5Tget_size(s->type);
        status = measure_space(s);
    }
    if (status == BRAM_OK && !attr) status = measure_layout(s);
    if (status != BRAM_OK) source_close(s);
    return status;
}

/*
 * Refuses a whole dataset whose size in memory cannot be what the file holds: the storage it
 * claims must lie in the file, and the values may be at most MOST_RATIO times that.
 */
static int check_plausible(struct source *s, size_t limit, size_t size)
{
    uint64_t n = s->info.elements,
             stored = s->attr ? s->at->file->bytes : H5Dget_storage_size(s->id);
    uint64_t bytes, allowed;
    if (limit && n > limit)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %llu elements, expected %zu or fewer",
                         place(s).text, (unsigned long long)n, limit);
    if (__builtin_mul_overflow(n, (uint64_t)s->info.element_size, &bytes)) bytes = UINT64_MAX;
    if (__builtin_mul_overflow(stored, (uint64_t)MOST_RATIO, &allowed)) allowed = UINT64_MAX;
    if (allowed < UNWRITTEN_BYTES) allowed = UNWRITTEN_BYTES;
    if (stored > s->at->file->bytes || bytes > allowed)
        return bram_fail(s->cx, BRAM_EFORMAT,
                         "%s: its shape claims %llu elements of %zu bytes, but "
                         "the file stores %llu of its %llu bytes for it",
                         place(s).text, (unsigned long long)n, s->info.element_size,
                         (unsigned long long)stored, (unsigned long long)s->at->file->bytes);
    if (n > SIZE_MAX || bram_overflows((size_t)n, size))
        return bram_fail(s->cx, BRAM_ENOMEM, "%s: no memory for %llu elements", place(s).text,
                         (unsigned long long)n);
    size_t budget = bram_ctx_memory(s->cx);
    if (budget && (size_t)n * size > budget)
        return bram_fail(s->cx, BRAM_EMEMORY, "%s: %zu bytes are needed, the budget is %zu",
                         place(s).text, (size_t)n * size, budget);
    return BRAM_OK;
}

/* The memory type of the element, or a compound of one member; the caller closes it. */
static hid_t in_memory(const struct source *s, hid_t element)
{
    if (!s->member) return H5Tcopy(element);
    hid_t type = H5Tcreate(H5T_COMPOUND, H5Tget_size(element));
    if (type >= 0 && H5Tinsert(type, s->member, 0, element) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

struct block {
    hid_t memory, file; /* dataspaces; H5S_ALL for everything */
};

/* The transfer list with a small buffer for converting types, where an element fits into it. */
static hid_t usual_list(const struct source *s, hid_t type)
{
    bool fits = s->info.element_size <= BRAM_H5_BUFFER && H5Tget_size(type) <= BRAM_H5_BUFFER;
    return fits ? s->at->file->transfer : H5P_DEFAULT;
}

static int transfer(const struct source *s, hid_t element, struct block block, hid_t list,
                    void *out)
{
    hid_t type = in_memory(s, element);
    if (type < 0) return broken(s, "its type cannot be converted");
    if (list == H5P_DEFAULT) list = usual_list(s, type);
    herr_t got = s->attr ? H5Aread(s->id, type, out)
                         : H5Dread(s->id, type, block.memory, block.file, list, out);
    int status = got < 0 ? broken(s, "its values cannot be read") : BRAM_OK;
    H5Tclose(type);
    return status;
}

static const struct block whole = {H5S_ALL, H5S_ALL};

/* ---- information ---------------------------------------------------------------------------- */

int bram_h5_info_of(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, NULL, NULL));
    *out = s.info;
    source_close(&s);
    return BRAM_OK;
}

int bram_h5_attr_info(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path,
                      const char *name)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, name, NULL));
    *out = s.info;
    source_close(&s);
    return BRAM_OK;
}

bool bram_h5_has_attr(const bram_h5_object *at, const char *path, const char *name)
{
    bram_h5_init();
    return H5Aexists_by_name(at->id, path && *path ? path : ".", name, at->file->links) > 0;
}

/* ---- numbers -------------------------------------------------------------------------------- */

enum number { DOUBLE, FLOAT, INT64 };

static size_t number_size(enum number to)
{
    return to == FLOAT ? sizeof(float) : sizeof(double);
}

/* Reals that were read in place of integers become integers; all must be whole. */
static int reals_to_integers(const struct source *s, void *values, size_t n)
{
    unsigned char *bytes = values;
    for (size_t i = 0; i < n; i++) {
        double real;
        memcpy(&real, bytes + i * sizeof real, sizeof real);
        if (!(real >= -0x1p63 && real < 0x1p63) || real != (double)(int64_t)real)
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %g at element %zu, expected integers",
                             place(s).text, real, i);
        int64_t whole_number = (int64_t)real;
        memcpy(bytes + i * sizeof whole_number, &whole_number, sizeof whole_number);
    }
    return BRAM_OK;
}

static int check_unsigned(const struct source *s, const void *values, size_t n)
{
    const unsigned char *bytes = values;
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        if (value > INT64_MAX)
            return bram_fail(s->cx, BRAM_EFORMAT,
                             "%s: found %llu at element %zu, expected less "
                             "than 2^63",
                             place(s).text, (unsigned long long)value, i);
    }
    return BRAM_OK;
}

/* One-byte bit fields are not converted by HDF5: they are read as bytes, then widened from the end.
 */
static int read_bits(const struct source *s, enum number to, void *out, struct block block,
                     size_t n)
{
    BRAM_TRY(transfer(s, H5T_NATIVE_B8, block, H5P_DEFAULT, out));
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

static int read_numbers(const struct source *s, enum number to, void *out, struct block block,
                        size_t n)
{
    bram_h5_class type = s->info.type;
    if (type != BRAM_H5_INTEGER && type != BRAM_H5_FLOAT)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %s, expected numbers", place(s).text,
                         class_name(type));
    if (n == 0) return BRAM_OK;
    if (H5Tget_class(s->element) == H5T_BITFIELD) return read_bits(s, to, out, block, n);
    if (to != INT64)
        return transfer(s, to == DOUBLE ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT, block, H5P_DEFAULT,
                        out);
    if (type == BRAM_H5_FLOAT) {
        BRAM_TRY(transfer(s, H5T_NATIVE_DOUBLE, block, H5P_DEFAULT, out));
        return reals_to_integers(s, out, n);
    }
    bool wide = H5Tget_class(s->element) == H5T_INTEGER && H5Tget_size(s->element) >= 8 &&
                H5Tget_sign(s->element) == H5T_SGN_NONE;
    BRAM_TRY(transfer(s, wide ? H5T_NATIVE_UINT64 : H5T_NATIVE_INT64, block, H5P_DEFAULT, out));
    return wide ? check_unsigned(s, out, n) : BRAM_OK;
}

/* A whole dataset, attribute or member into fresh memory. */
static int read_whole(bram_ctx *cx, void **out, size_t *count, enum number to,
                      const bram_h5_object *at, const char *path, const char *attr,
                      const char *member, size_t limit)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, attr, member));
    int status = check_plausible(&s, limit, number_size(to));
    void *values = NULL;
    if (status == BRAM_OK) {
        values = bram_alloc(cx, (size_t)s.info.elements, number_size(to));
        status = values ? read_numbers(&s, to, values, whole, (size_t)s.info.elements)
                        : BRAM_ENOMEM;
    }
    source_close(&s);
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

static int read_slab(struct source *s, enum number to, void *out, const uint64_t *start,
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
                             place(s).text, (unsigned long long)start[i],
                             (unsigned long long)(start[i] + count[i]), i,
                             (unsigned long long)s->info.dims[i]);
        if (count[i] && n > SIZE_MAX / 8 / count[i])
            return bram_fail(s->cx, BRAM_ENOMEM, "%s: a block too large", place(s).text);
        n *= count[i];
    }
    if (n == 0 || s->info.elements == 0) return read_numbers(s, to, out, whole, 0);
    if (s->info.rank == 0) return read_numbers(s, to, out, whole, 1);
    struct block block = {H5Screate_simple((int)s->info.rank, size, NULL), H5Scopy(s->space)};
    int status;
    if (block.memory < 0 || block.file < 0 ||
        H5Sselect_hyperslab(block.file, H5S_SELECT_SET, from, NULL, size, NULL) < 0)
        status = broken(s, "the block cannot be selected");
    else status = read_numbers(s, to, out, block, (size_t)n);
    if (block.memory >= 0) H5Sclose(block.memory);
    if (block.file >= 0) H5Sclose(block.file);
    return status;
}

static int slab(bram_ctx *cx, enum number to, void *out, const bram_h5_object *at, const char *path,
                const uint64_t *start, const uint64_t *count)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, NULL, NULL));
    int status = read_slab(&s, to, out, start, count);
    source_close(&s);
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

/* ---- strings -------------------------------------------------------------------------------- */

/* Lays n texts of given lengths out as one block: pointers, then bytes. */
static int pack_texts(bram_ctx *cx, char ***out, const char *const *texts, const size_t *lengths,
                      size_t n)
{
    size_t bytes = n * sizeof(char *);
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(bytes, lengths[i] + 1, &bytes))
            return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu strings", n);
    char **block = bram_alloc(cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        block[i] = to;
        if (lengths[i]) memcpy(to, texts[i], lengths[i]);
        to += lengths[i] + 1;
    }
    *out = block;
    return BRAM_OK;
}

static int read_fixed(struct source *s, char ***out, const char **texts, size_t *lengths)
{
    size_t n = (size_t)s->info.elements, size = H5Tget_size(s->element);
    bool spaces = H5Tget_strpad(s->element) == H5T_STR_SPACEPAD;
    char *bytes = bram_alloc(s->cx, n, size);
    if (!bytes) return BRAM_ENOMEM;
    int status = transfer(s, s->element, whole, H5P_DEFAULT, bytes);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        texts[i] = bytes + i * size;
        lengths[i] = strnlen(texts[i], size);
        while (spaces && lengths[i] && texts[i][lengths[i] - 1] == ' ') lengths[i]--;
    }
    if (status == BRAM_OK) status = pack_texts(s->cx, out, texts, lengths, n);
    bram_free(bytes);
    return status;
}

/*
 * HDF5 takes memory for variable strings here, so that many of them cannot claim without bound.
 * Plain malloc: HDF5 1.10 loses memory of its own when this fails, so tests do not make it fail.
 */
static void *take_bytes(size_t size, void *user)
{
    uint64_t *left = user;
    if (size > *left) return NULL;
    *left -= size;
    return malloc(size ? size : 1);
}

static void give_bytes(void *memory, void *unused)
{
    (void)unused;
    free(memory);
}

static int read_variable(struct source *s, char ***out, const char **texts, size_t *lengths)
{
    size_t n = (size_t)s->info.elements;
    uint64_t left = STRING_BYTES;
    char **found = bram_alloc(s->cx, n, sizeof *found);
    hid_t type = in_memory(s, s->element), usual = type < 0 ? H5P_DEFAULT : usual_list(s, type);
    hid_t list = usual == H5P_DEFAULT ? H5Pcreate(H5P_DATASET_XFER) : H5Pcopy(usual);
    int status = BRAM_ENOMEM;
    if (found &&
        (list < 0 || type < 0 ||
         (!s->attr && H5Pset_vlen_mem_manager(list, take_bytes, &left, give_bytes, NULL) < 0)))
        status = broken(s, "its strings cannot be read");
    else if (found) status = transfer(s, s->element, whole, list, found);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        texts[i] = found[i];
        lengths[i] = found[i] ? strlen(found[i]) : 0;
    }
    if (status == BRAM_OK) status = pack_texts(s->cx, out, texts, lengths, n);
    if (found && list >= 0 && type >= 0) H5Dvlen_reclaim(type, s->space, list, found);
    if (list >= 0) H5Pclose(list);
    if (type >= 0) H5Tclose(type);
    bram_free(found);
    return status;
}

static int read_texts(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                      const char *path, const char *attr, const char *member)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, attr, member));
    size_t n = 0;
    bool fixed = s.info.type == BRAM_H5_STRING;
    int status;
    if (!fixed && s.info.type != BRAM_H5_VARIABLE_STRING)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected strings", place(&s).text,
                           class_name(s.info.type));
    else status = check_plausible(&s, 0, fixed ? H5Tget_size(s.element) + 24 : 32);
    if (status == BRAM_OK) {
        n = (size_t)s.info.elements;
        const char **texts = bram_alloc(cx, n, sizeof *texts);
        size_t *lengths = texts ? bram_alloc(cx, n, sizeof *lengths) : NULL;
        if (!lengths) status = BRAM_ENOMEM;
        else if (n == 0) status = pack_texts(cx, out, texts, lengths, 0);
        else if (fixed) status = read_fixed(&s, out, texts, lengths);
        else status = read_variable(&s, out, texts, lengths);
        bram_free(texts);
        bram_free(lengths);
    }
    source_close(&s);
    if (status == BRAM_OK && count) *count = n;
    return status;
}

int bram_h5_read_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path)
{
    return read_texts(cx, out, count, at, path, NULL, NULL);
}

int bram_h5_member_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                           const char *path, const char *member)
{
    return read_texts(cx, out, count, at, path, NULL, member);
}

int bram_h5_attr_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path, const char *name)
{
    return read_texts(cx, out, count, at, path, name, NULL);
}

static int one_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                    const char *attr)
{
    char **texts = NULL;
    size_t count = 0;
    BRAM_TRY(read_texts(cx, &texts, &count, at, path, attr, NULL));
    char *copy = count == 1 ? bram_strdup(cx, texts[0]) : NULL;
    bram_free(texts);
    if (count != 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s%s%s: found %zu strings, expected one",
                         bram_h5_place(at, path).text, attr ? " attribute " : "", attr ? attr : "",
                         count);
    if (!copy) return BRAM_ENOMEM;
    *out = copy;
    return BRAM_OK;
}

int bram_h5_read_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path)
{
    return one_text(cx, out, at, path, NULL);
}

int bram_h5_attr_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                      const char *name)
{
    return one_text(cx, out, at, path, name);
}

/* ---- names of attributes and members -------------------------------------------------------- */

struct names {
    bram_ctx *cx;
    char **texts;
    size_t *lengths;
    size_t count, most;
    bool without_memory;
};

static herr_t take_name(hid_t object, const char *name, const H5A_info_t *info, void *user)
{
    (void)object, (void)info;
    struct names *names = user;
    if (names->count == names->most) return 1;
    char *copy = bram_strdup(names->cx, name);
    if (!copy) {
        names->without_memory = true;
        return -1;
    }
    names->texts[names->count] = copy;
    names->lengths[names->count++] = strlen(copy);
    return 0;
}

int bram_h5_attr_names(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                       const char *path)
{
    hid_t id;
    BRAM_TRY(bram_h5_id(cx, &id, at, path));
    H5O_info_t object;
    struct names names = {.cx = cx};
    int status = BRAM_OK;
    if (H5Oget_info2(id, &object, H5O_INFO_NUM_ATTRS) < 0 || object.num_attrs > MOST_ATTRIBUTES)
        status = bram_h5_broken(cx, at, path, "its attributes cannot be read");
    if (status == BRAM_OK) {
        names.most = (size_t)object.num_attrs;
        names.texts = bram_alloc(cx, names.most, sizeof *names.texts);
        names.lengths = names.texts ? bram_alloc(cx, names.most, sizeof *names.lengths) : NULL;
        if (!names.lengths) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK &&
        H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, NULL, take_name, &names) < 0)
        status = names.without_memory
                     ? BRAM_ENOMEM
                     : bram_h5_broken(cx, at, path, "its attributes cannot be read");
    const char *const *texts = (const char *const *)names.texts;
    if (status == BRAM_OK) status = pack_texts(cx, out, texts, names.lengths, names.count);
    if (status == BRAM_OK) *count = names.count;
    for (size_t i = 0; i < names.count; i++) bram_free(names.texts[i]);
    bram_free(names.texts);
    bram_free(names.lengths);
    H5Oclose(id);
    return status;
}

static int pack_members(struct source *s, bram_h5_member **out, size_t n)
{
    size_t bytes = n * sizeof **out;
    for (unsigned i = 0; i < n; i++) {
        char *name = H5Tget_member_name(s->type, i);
        if (!name) return broken(s, "a member of its type cannot be read");
        bytes += strlen(name) + 1;
        H5free_memory(name);
    }
    bram_h5_member *block = bram_alloc(s->cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *text = (char *)(block + n);
    for (unsigned i = 0; i < n; i++) {
        char *name = H5Tget_member_name(s->type, i);
        hid_t type = H5Tget_member_type(s->type, i);
        if (!name || type < 0) {
            H5free_memory(name);
            if (type >= 0) H5Tclose(type);
            bram_free(block);
            return broken(s, "a member of its type cannot be read");
        }
        size_t length = strlen(name) + 1;
        memcpy(text, name, length);
        block[i] = (bram_h5_member){text, class_of(type), H5Tget_size(type)};
        text += length;
        H5free_memory(name);
        H5Tclose(type);
    }
    *out = block;
    return BRAM_OK;
}

int bram_h5_members(bram_ctx *cx, bram_h5_member **out, size_t *count, const bram_h5_object *at,
                    const char *path)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, NULL, NULL));
    int status, n = s.info.type == BRAM_H5_COMPOUND ? H5Tget_nmembers(s.type) : 0;
    if (s.info.type != BRAM_H5_COMPOUND)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected a compound type",
                           place(&s).text, class_name(s.info.type));
    else if (n < 0 || n > MOST_MEMBERS)
        status = broken(&s, "the members of its type cannot be read");
    else status = pack_members(&s, out, (size_t)n);
    if (status == BRAM_OK) *count = (size_t)n;
    source_close(&s);
    return status;
}

/* ---- references ----------------------------------------------------------------------------- */

static int read_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                     const char *path, const char *member)
{
    struct source s;
    BRAM_TRY(source_open(cx, &s, at, path, NULL, member));
    int status;
    bram_h5_ref *refs = NULL;
    if (s.info.type != BRAM_H5_REFERENCE)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected object references",
                           place(&s).text, class_name(s.info.type));
    else status = check_plausible(&s, 0, sizeof *refs);
    size_t n = (size_t)s.info.elements;
    if (status == BRAM_OK) {
        _Static_assert(sizeof(bram_h5_ref) == sizeof(hobj_ref_t), "references are read in place");
        refs = bram_alloc(cx, n, sizeof *refs);
        if (!refs) status = BRAM_ENOMEM;
        else if (n) status = transfer(&s, H5T_STD_REF_OBJ, whole, H5P_DEFAULT, refs);
    }
    source_close(&s);
    if (status != BRAM_OK) {
        bram_free(refs);
        return status;
    }
    *out = refs;
    if (count) *count = n;
    return BRAM_OK;
}

int bram_h5_read_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                      const char *path)
{
    return read_refs(cx, out, count, at, path, NULL);
}

int bram_h5_member_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                        const char *path, const char *member)
{
    return read_refs(cx, out, count, at, path, member);
}

/* The reference in DIMENSION_LIST[dim], or a null reference. */
static int first_scale(struct source *s, bram_h5_ref *ref, unsigned dim)
{
    uint64_t n = s->info.elements;
    if (H5Tget_class(s->type) != H5T_VLEN || n > BRAM_H5_RANK)
        return bram_fail(s->cx, BRAM_EFORMAT,
                         "%s: expected one list of references for each "
                         "dimension",
                         place(s).text);
    if (dim >= n) return BRAM_OK;
    hvl_t lists[BRAM_H5_RANK] = {{0, NULL}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    if (type < 0 || H5Aread(s->id, type, lists) < 0) {
        if (type >= 0) H5Tclose(type);
        return broken(s, "the list of dimension scales cannot be read");
    }
    if (lists[dim].len > 0) memcpy(&ref->address, lists[dim].p, sizeof ref->address);
    H5Dvlen_reclaim(type, s->space, H5P_DEFAULT, lists);
    H5Tclose(type);
    return BRAM_OK;
}

int bram_h5_scale(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                  unsigned dim)
{
    struct source s;
    bram_h5_ref ref = {0};
    if (bram_h5_has_attr(at, path, "DIMENSION_LIST")) {
        BRAM_TRY(source_open(cx, &s, at, path, "DIMENSION_LIST", NULL));
        int status = first_scale(&s, &ref, dim);
        source_close(&s);
        BRAM_TRY(status);
    }
    if (ref.address == 0)
        return bram_fail(cx, BRAM_EABSENT, "%s: dimension %u has no scale",
                         bram_h5_place(at, path).text, dim);
    bram_h5_object *scale;
    BRAM_TRY(bram_h5_deref(cx, &scale, at, ref));
    ssize_t length = H5Iget_name(scale->id, NULL, 0);
    int status = BRAM_OK;
    char *name = NULL;
    if (length <= 0) status = bram_h5_broken(cx, at, path, "a dimension scale has no name");
    else if (!(name = bram_alloc(cx, (size_t)length + 1, 1))) status = BRAM_ENOMEM;
    else H5Iget_name(scale->id, name, (size_t)length + 1);
    bram_h5_object_close(scale);
    if (status == BRAM_OK) *out = name;
    return status;
}
