/*
 * h5_refs.c - object references and dimension scales. h5.h states the contracts.
 *
 * Dimension scales: HDF5 Dimension Scale Specification (attribute DIMENSION_LIST, one
 * variable-length list of object references for each dimension).
 */
#include "h5_source.h"

#include <string.h>

static int read_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                     const char *path, const char *attr, const char *member)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, attr, member));
    int status;
    bram_h5_ref *refs = NULL;
    if (s.info.type != BRAM_H5_REFERENCE)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected object references",
                           bram_h5_source_place(&s).text, bram_h5_class_name(s.info.type));
    else status = bram_h5_check_plausible(&s, 0, sizeof *refs);
    size_t n = (size_t)s.info.elements;
    if (status == BRAM_OK) {
        _Static_assert(sizeof(bram_h5_ref) == sizeof(hobj_ref_t), "references are read in place");
        refs = bram_alloc(cx, n, sizeof *refs);
        if (!refs) status = BRAM_ENOMEM;
        else if (n)
            status = bram_h5_transfer(&s, H5T_STD_REF_OBJ, bram_h5_whole, H5P_DEFAULT, refs);
    }
    bram_h5_source_close(&s);
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
    return read_refs(cx, out, count, at, path, NULL, NULL);
}

int bram_h5_member_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                        const char *path, const char *member)
{
    return read_refs(cx, out, count, at, path, NULL, member);
}

/* The path by which a referenced object can be opened; the caller frees it. */
static int path_of(bram_ctx *cx, char **out, const bram_h5_object *at, bram_h5_ref ref)
{
    bram_h5_object *target;
    BRAM_TRY(bram_h5_deref(cx, &target, at, ref));
    ssize_t length = H5Iget_name(target->id, NULL, 0);
    int status = BRAM_OK;
    char *name = NULL;
    if (length <= 0) status = bram_h5_broken(cx, target, NULL, "a referenced object has no name");
    else if (!(name = bram_alloc(cx, (size_t)length + 1, 1))) status = BRAM_ENOMEM;
    else H5Iget_name(target->id, name, (size_t)length + 1);
    bram_h5_object_close(target);
    if (status == BRAM_OK) *out = name;
    return status;
}

int bram_h5_attr_target(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                        const char *name)
{
    bram_h5_ref *refs = NULL;
    size_t count = 0;
    BRAM_TRY(read_refs(cx, &refs, &count, at, path, name, NULL));
    int status = count == 1 ? path_of(cx, out, at, refs[0])
                            : bram_fail(cx, BRAM_EFORMAT,
                                        "%s attribute %s: found %zu references, expected one",
                                        bram_h5_place(at, path).text, name, count);
    bram_free(refs);
    return status;
}

/* The reference in DIMENSION_LIST[dim], or a null reference. */
static int first_scale(bram_h5_source *s, bram_h5_ref *ref, unsigned dim)
{
    uint64_t n = s->info.elements;
    if (H5Tget_class(s->type) != H5T_VLEN || n > BRAM_H5_RANK)
        return bram_fail(s->cx, BRAM_EFORMAT,
                         "%s: expected one list of references for each "
                         "dimension",
                         bram_h5_source_place(s).text);
    if (dim >= n) return BRAM_OK;
    hvl_t lists[BRAM_H5_RANK] = {{0, NULL}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    if (type < 0 || H5Aread(s->id, type, lists) < 0) {
        if (type >= 0) H5Tclose(type);
        return bram_h5_source_broken(s, "the list of dimension scales cannot be read");
    }
    if (lists[dim].len > 0) memcpy(&ref->address, lists[dim].p, sizeof ref->address);
    H5Dvlen_reclaim(type, s->space, H5P_DEFAULT, lists);
    H5Tclose(type);
    return BRAM_OK;
}

int bram_h5_scale_ref(bram_ctx *cx, bram_h5_ref *out, const bram_h5_object *at, const char *path,
                      unsigned dim)
{
    bram_h5_source s;
    bram_h5_ref ref = {0};
    if (bram_h5_has_attr(at, path, "DIMENSION_LIST")) {
        BRAM_TRY(bram_h5_source_open(cx, &s, at, path, "DIMENSION_LIST", NULL));
        int status = first_scale(&s, &ref, dim);
        bram_h5_source_close(&s);
        BRAM_TRY(status);
    }
    if (ref.address == 0)
        return bram_fail(cx, BRAM_EABSENT, "%s: dimension %u has no scale",
                         bram_h5_place(at, path).text, dim);
    *out = ref;
    return BRAM_OK;
}

int bram_h5_scale(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                  unsigned dim)
{
    bram_h5_ref ref = {0};
    BRAM_TRY(bram_h5_scale_ref(cx, &ref, at, path, dim));
    return path_of(cx, out, at, ref);
}
