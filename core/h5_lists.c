/*
 * h5_lists.c - lists of numbers of different lengths (variable-length datasets); see h5.h.
 */
#include "h5_private.h"

#include <string.h>

enum { MOST_LISTS = 1000000 };

/* What is asked for: whole numbers in a row, or numbers in an array of any rank. */
struct wanted {
    bool whole;
    size_t size;
    const char *words;
};

static const struct wanted integers = {true, sizeof(int64_t), "a row of lists of whole numbers"};
static const struct wanted numbers = {false, sizeof(double), "an array of lists of numbers"};

/* The dataset, its space and types, opened. */
struct lists {
    const struct wanted *wanted;
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

static bool is_as_wanted(const struct lists *l)
{
    H5T_class_t found = l->base < 0 ? H5T_NO_CLASS : H5Tget_class(l->base);
    int rank = H5Sget_simple_extent_ndims(l->space);
    if (l->wanted->whole) return found == H5T_INTEGER && rank == 1;
    return (found == H5T_INTEGER || found == H5T_FLOAT) && rank >= 1;
}

static int open_lists(bram_ctx *cx, struct lists *l, const bram_h5_object *at, const char *path)
{
    BRAM_TRY(bram_h5_id(cx, &l->set, at, path));
    if (H5Iget_type(l->set) != H5I_DATASET)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found a group, expected %s",
                         bram_h5_place(at, path).text, l->wanted->words);
    l->space = H5Dget_space(l->set);
    l->stored = H5Dget_type(l->set);
    if (l->space < 0 || l->stored < 0) return bram_h5_broken(cx, at, path, "cannot be read");
    if (H5Tget_class(l->stored) == H5T_VLEN) l->base = H5Tget_super(l->stored);
    if (!is_as_wanted(l))
        return bram_fail(cx, BRAM_EFORMAT, "%s: expected %s", bram_h5_place(at, path).text,
                         l->wanted->words);
    l->count = (hsize_t)H5Sget_simple_extent_npoints(l->space);
    if (l->count > MOST_LISTS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %llu lists, at most %d are read",
                         bram_h5_place(at, path).text, (unsigned long long)l->count, MOST_LISTS);
    l->memory = H5Tvlen_create(l->wanted->whole ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE);
    return l->memory < 0 ? bram_h5_broken(cx, at, path, "cannot be read") : BRAM_OK;
}

static int read_lists(bram_ctx *cx, struct lists *l, void **values, size_t **begin,
                      const bram_h5_object *at, const char *path)
{
    l->list = bram_alloc(cx, (size_t)l->count, sizeof *l->list);
    if (!l->list) return BRAM_ENOMEM;
    if (l->count && H5Dread(l->set, l->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, l->list) < 0)
        return bram_h5_broken(cx, at, path, "cannot be read");
    size_t total = 0, n = (size_t)l->count, size = l->wanted->size;
    for (size_t i = 0; i < n; i++) total += l->list[i].len;
    char *all = bram_alloc(cx, total, size);
    size_t *from = bram_alloc(cx, n + 1, sizeof *from);
    if (!all || !from) {
        bram_free(all);
        bram_free(from);
        return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        from[i + 1] = from[i] + l->list[i].len;
        if (l->list[i].len) memcpy(all + from[i] * size, l->list[i].p, l->list[i].len * size);
    }
    *values = all;
    *begin = from;
    return BRAM_OK;
}

static int read_wanted(bram_ctx *cx, const struct wanted *wanted, void **values, size_t **begin,
                       size_t *count, const bram_h5_object *at, const char *path)
{
    struct lists l = {wanted, -1, -1, -1, -1, -1, NULL, 0};
    bram_h5_init();
    int status = open_lists(cx, &l, at, path);
    if (status == BRAM_OK) status = read_lists(cx, &l, values, begin, at, path);
    if (status == BRAM_OK) *count = (size_t)l.count;
    release(&l);
    return status;
}

int bram_h5_read_lists(bram_ctx *cx, int64_t **values, size_t **begin, size_t *count,
                       const bram_h5_object *at, const char *path)
{
    void *read = NULL;
    BRAM_TRY(read_wanted(cx, &integers, &read, begin, count, at, path));
    *values = read;
    return BRAM_OK;
}

int bram_h5_read_lists_double(bram_ctx *cx, double **values, size_t **begin, size_t *count,
                              const bram_h5_object *at, const char *path)
{
    void *read = NULL;
    BRAM_TRY(read_wanted(cx, &numbers, &read, begin, count, at, path));
    *values = read;
    return BRAM_OK;
}
