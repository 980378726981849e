/*
 * h5_source.c - a dataset or an attribute, opened, measured and found plausible, and the transfer
 * of its values. h5_source.h states what these do.
 */
#include "h5_source.h"

#include <stdio.h>

/* Deflate packs at most 1032 to 1; filters for constant data a little more is allowed for. */
enum { MOST_RATIO = 2000 };
static const uint64_t UNWRITTEN_BYTES = 64u << 20, CHUNK_BYTES = (uint64_t)1 << 30;

bram_h5_source_where bram_h5_source_place(const bram_h5_source *s)
{
    bram_h5_source_where p;
    snprintf(p.text, sizeof p.text, "%s%s%.30s%s%.30s", bram_h5_place(s->at, s->path).text,
             s->attr ? " attribute " : "", s->attr ? s->attr : "", s->member ? " member " : "",
             s->member ? s->member : "");
    return p;
}

int bram_h5_source_broken(const bram_h5_source *s, const char *what)
{
    const char *why = bram_h5_reason();
    return bram_fail(s->cx, BRAM_EFORMAT, "%s: %s (HDF5: %s)", bram_h5_source_place(s).text, what,
                     why);
}

/* ---- opening and measuring ------------------------------------------------------------------ */

bram_h5_class bram_h5_class_of(hid_t type)
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

const char *bram_h5_class_name(bram_h5_class type)
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

void bram_h5_source_close(bram_h5_source *s)
{
    if (s->element >= 0 && s->element != s->type) H5Tclose(s->element);
    if (s->type >= 0) H5Tclose(s->type);
    if (s->space >= 0) H5Sclose(s->space);
    if (s->attr && s->id >= 0) H5Aclose(s->id);
    if (s->object >= 0) H5Oclose(s->object);
}

static int measure_space(bram_h5_source *s)
{
    bram_h5_info *info = &s->info;
    H5S_class_t kind = H5Sget_simple_extent_type(s->space);
    int rank = H5Sget_simple_extent_ndims(s->space);
    if (kind == H5S_NO_CLASS || rank < 0)
        return bram_h5_source_broken(s, "its shape cannot be read");
    if (rank > BRAM_H5_RANK)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %d dimensions, expected %d or fewer",
                         bram_h5_source_place(s).text, rank, BRAM_H5_RANK);
    hsize_t dims[BRAM_H5_RANK] = {0};
    if (H5Sget_simple_extent_dims(s->space, dims, NULL) < 0)
        return bram_h5_source_broken(s, "its shape cannot be read");
    info->rank = (unsigned)rank;
    info->elements = kind == H5S_NULL ? 0 : 1;
    for (int i = 0; i < rank; i++) info->dims[i] = dims[i];
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0) info->elements = 0;
    for (int i = 0; i < rank && info->elements; i++)
        if (__builtin_mul_overflow(info->elements, info->dims[i], &info->elements))
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: its dimensions multiply to more than 2^64",
                             bram_h5_source_place(s).text);
    return BRAM_OK;
}

static int find_member(bram_h5_source *s)
{
    int index = H5Tget_class(s->type) == H5T_COMPOUND ? H5Tget_member_index(s->type, s->member)
                                                      : -1;
    if (index < 0)
        return bram_fail(s->cx, BRAM_EABSENT, "%s: no such member", bram_h5_source_place(s).text);
    s->element = H5Tget_member_type(s->type, (unsigned)index);
    return s->element < 0 ? bram_h5_source_broken(s, "its type cannot be read") : BRAM_OK;
}

/* Datasets whose values stand elsewhere (external files, virtual) are refused. */
static int measure_layout(bram_h5_source *s)
{
    hid_t list = H5Dget_create_plist(s->id);
    if (list < 0) return bram_h5_source_broken(s, "its layout cannot be read");
    H5D_layout_t layout = H5Pget_layout(list);
    int outside = H5Pget_external_count(list), status = BRAM_OK;
    hsize_t chunk[BRAM_H5_RANK] = {0};
    uint64_t bytes = s->info.element_size;
    if (outside != 0 || layout == H5D_VIRTUAL || layout < 0) {
        status = bram_fail(s->cx, BRAM_EFORMAT,
                           "%s: its values stand in other files; bramble reads "
                           "one file",
                           bram_h5_source_place(s).text);
    } else if (layout == H5D_CHUNKED) {
        if (H5Pget_chunk(list, BRAM_H5_RANK, chunk) != (int)s->info.rank)
            status = bram_h5_source_broken(s, "its chunk shape cannot be read");
        for (unsigned i = 0; i < s->info.rank; i++) {
            s->info.chunk[i] = chunk[i];
            if (__builtin_mul_overflow(bytes, s->info.chunk[i], &bytes)) bytes = UINT64_MAX;
        }
        if (status == BRAM_OK && bytes > CHUNK_BYTES)
            status = bram_fail(s->cx, BRAM_EFORMAT,
                               "%s: found chunks of %llu bytes, expected %llu "
                               "or fewer",
                               bram_h5_source_place(s).text, (unsigned long long)bytes,
                               (unsigned long long)CHUNK_BYTES);
    }
    H5Pclose(list);
    return status;
}

static int open_ids(bram_h5_source *s)
{
    BRAM_TRY(bram_h5_id(s->cx, &s->object, s->at, s->path));
    if (s->attr) {
        if (H5Aexists(s->object, s->attr) <= 0)
            return bram_fail(s->cx, BRAM_EABSENT, "%s: no such attribute",
                             bram_h5_source_place(s).text);
        s->id = H5Aopen(s->object, s->attr, H5P_DEFAULT);
        if (s->id < 0) return bram_h5_source_broken(s, "the attribute cannot be read");
        s->type = H5Aget_type(s->id);
        s->space = H5Aget_space(s->id);
    } else {
        if (H5Iget_type(s->object) != H5I_DATASET)
            return bram_fail(s->cx, BRAM_EFORMAT, "%s: found a group or a type, expected a dataset",
                             bram_h5_source_place(s).text);
        s->id = s->object;
        s->type = H5Dget_type(s->id);
        s->space = H5Dget_space(s->id);
    }
    if (s->type < 0 || s->space < 0)
        return bram_h5_source_broken(s, "its type or shape cannot be read");
    s->element = s->type;
    return s->member ? find_member(s) : BRAM_OK;
}

int bram_h5_source_open(bram_ctx *cx, bram_h5_source *s, const bram_h5_object *at, const char *path,
                        const char *attr, const char *member)
{
    *s = (bram_h5_source){.cx = cx,
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
        s->info.type = bram_h5_class_of(s->element);
        s->info.element_size = H5Tget_size(s->type);
        status = measure_space(s);
    }
    if (status == BRAM_OK && !attr) status = measure_layout(s);
    if (status != BRAM_OK) bram_h5_source_close(s);
    return status;
}

/*
 * Refuses a whole dataset whose size in memory cannot be what the file holds: the storage it
 * claims must lie in the file, and the values may be at most MOST_RATIO times that.
 */
int bram_h5_check_plausible(bram_h5_source *s, size_t limit, size_t size)
{
    uint64_t n = s->info.elements,
             stored = s->attr ? s->at->file->bytes : H5Dget_storage_size(s->id);
    uint64_t bytes, allowed;
    if (limit && n > limit)
        return bram_fail(s->cx, BRAM_EFORMAT, "%s: found %llu elements, expected %zu or fewer",
                         bram_h5_source_place(s).text, (unsigned long long)n, limit);
    if (__builtin_mul_overflow(n, (uint64_t)s->info.element_size, &bytes)) bytes = UINT64_MAX;
    if (__builtin_mul_overflow(stored, (uint64_t)MOST_RATIO, &allowed)) allowed = UINT64_MAX;
    if (allowed < UNWRITTEN_BYTES) allowed = UNWRITTEN_BYTES;
    if (stored > s->at->file->bytes || bytes > allowed)
        return bram_fail(s->cx, BRAM_EFORMAT,
                         "%s: its shape claims %llu elements of %zu bytes, but "
                         "the file stores %llu of its %llu bytes for it",
                         bram_h5_source_place(s).text, (unsigned long long)n, s->info.element_size,
                         (unsigned long long)stored, (unsigned long long)s->at->file->bytes);
    if (n > SIZE_MAX || bram_overflows((size_t)n, size))
        return bram_fail(s->cx, BRAM_ENOMEM, "%s: no memory for %llu elements",
                         bram_h5_source_place(s).text, (unsigned long long)n);
    size_t budget = bram_ctx_memory(s->cx);
    if (budget && (size_t)n * size > budget)
        return bram_fail(s->cx, BRAM_EMEMORY, "%s: %zu bytes are needed, the budget is %zu",
                         bram_h5_source_place(s).text, (size_t)n * size, budget);
    return BRAM_OK;
}

/* The memory type of the element, or a compound of one member; the caller closes it. */
hid_t bram_h5_in_memory(const bram_h5_source *s, hid_t element)
{
    if (!s->member) return H5Tcopy(element);
    hid_t type = H5Tcreate(H5T_COMPOUND, H5Tget_size(element));
    if (type >= 0 && H5Tinsert(type, s->member, 0, element) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* The transfer list with a small buffer for converting types, where an element fits into it. */
hid_t bram_h5_transfer_list(const bram_h5_source *s, hid_t type)
{
    bool fits = s->info.element_size <= BRAM_H5_BUFFER && H5Tget_size(type) <= BRAM_H5_BUFFER;
    return fits ? s->at->file->transfer : H5P_DEFAULT;
}

int bram_h5_transfer(const bram_h5_source *s, hid_t element, bram_h5_block block, hid_t list,
                     void *out)
{
    hid_t type = bram_h5_in_memory(s, element);
    if (type < 0) return bram_h5_source_broken(s, "its type cannot be converted");
    if (list == H5P_DEFAULT) list = bram_h5_transfer_list(s, type);
    herr_t got = s->attr ? H5Aread(s->id, type, out)
                         : H5Dread(s->id, type, block.memory, block.file, list, out);
    int status = got < 0 ? bram_h5_source_broken(s, "its values cannot be read") : BRAM_OK;
    H5Tclose(type);
    return status;
}

const bram_h5_block bram_h5_whole = {H5S_ALL, H5S_ALL};

/* ---- information ---------------------------------------------------------------------------- */

int bram_h5_info_of(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, NULL, NULL));
    *out = s.info;
    bram_h5_source_close(&s);
    return BRAM_OK;
}

int bram_h5_attr_info(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path,
                      const char *name)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, name, NULL));
    *out = s.info;
    bram_h5_source_close(&s);
    return BRAM_OK;
}

bool bram_h5_has_attr(const bram_h5_object *at, const char *path, const char *name)
{
    bram_h5_init();
    return H5Aexists_by_name(at->id, path && *path ? path : ".", name, at->file->links) > 0;
}
