/*
 * h5_lists.c - lists of whole numbers of different lengths (variable-length datasets); see h5.h.
 */
#include "h5_private.h"

#include <string.h>

enum { MOST_LISTS = 1000000 };

/* The dataset, its space and types, opened. */
struct lists {
    hid_t set, space, stored, base, memory;
    hvl_t *list;
    hsize_t count;
};

static void release(struct lists *l)
{
    if (l->list) H5Dvlen_reclaim(l->memory, l->space, H5P_DEFAULT, l->list);
    bram_free(l->list);
    if (l->memory >= 0) H5Tclose(l->memory);
    if (l->base >= 0) H5Tclose(l->base);
    if (l->stored >= 0) H5Tclose(l->stored);
    if (l->space >= 0) H5Sclose(l->space);
    if (l->set >= 0) H5Oclose(l->set);
}

static int open_lists(bram_ctx *cx, struct lists *l, const bram_h5_object *at, const char *path)
{
    BRAM_TRY(bram_h5_id(cx, &l->set, at, path));
    if (H5Iget_type(l->set) != H5I_DATASET)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found a group, expected lists of whole numbers",
                         bram_h5_place(at, path).text);
    l->space = H5Dget_space(l->set);
    l->stored = H5Dget_type(l->set);
    if (l->space < 0 || l->stored < 0) return bram_h5_broken(cx, at, path, "cannot be read");
    if (H5Tget_class(l->stored) == H5T_VLEN) l->base = H5Tget_super(l->stored);
    if (l->base < 0 || H5Tget_class(l->base) != H5T_INTEGER ||
        H5Sget_simple_extent_ndims(l->space) != 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s: expected a row of lists of whole numbers",
                         bram_h5_place(at, path).text);
    H5Sget_simple_extent_dims(l->space, &l->count, NULL);
    if (l->count > MOST_LISTS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %llu lists, at most %d are read",
                         bram_h5_place(at, path).text, (unsigned long long)l->count, MOST_LISTS);
    l->memory = H5Tvlen_create(H5T_NATIVE_INT64);
    return l->memory < 0 ? bram_h5_broken(cx, at, path, "cannot be read") : BRAM_OK;
}

static int read_lists(bram_ctx *cx, struct lists *l, int64_t **values, size_t **begin,
                      const bram_h5_object *at, const char *path)
{
    l->list = bram_alloc(cx, (size_t)l->count, sizeof *l->list);
    if (!l->list) return BRAM_ENOMEM;
    if (l->count && H5Dread(l->set, l->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, l->list) < 0)
        return bram_h5_broken(cx, at, path, "cannot be read");
    size_t total = 0, n = (size_t)l->count;
    for (size_t i = 0; i < n; i++) total += l->list[i].len;
    int64_t *all = bram_alloc(cx, total, sizeof *all);
    size_t *from = bram_alloc(cx, n + 1, sizeof *from);
    if (!all || !from) {
        bram_free(all);
        bram_free(from);
        return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        from[i + 1] = from[i] + l->list[i].len;
        if (l->list[i].len) memcpy(all + from[i], l->list[i].p, l->list[i].len * sizeof *all);
    }
    *values = all;
    *begin = from;
    return BRAM_OK;
}

int bram_h5_read_lists(bram_ctx *cx, int64_t **values, size_t **begin, size_t *count,
                       const bram_h5_object *at, const char *path)
{
    struct lists l = {-1, -1, -1, -1, -1, NULL, 0};
    bram_h5_init();
    int status = open_lists(cx, &l, at, path);
    if (status == BRAM_OK) status = read_lists(cx, &l, values, begin, at, path);
    if (status == BRAM_OK) *count = (size_t)l.count;
    release(&l);
    return status;
}
