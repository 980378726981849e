/*
 * layer_span.c - a layer by the coordinates of its rows (core/row_space.h), for features that do
 * not fit into memory.
 */
#include "layer.h"
#include "linalg.h"
#include "row_space.h"

#include <string.h>

/* Columns of an HDF5 dataset of two axes. */
static int read_h5(bram_ctx *cx, const bram_layer *l, double *out, size_t first, size_t count)
{
    uint64_t start[BRAM_H5_RANK] = {0, first}, size[BRAM_H5_RANK] = {l->rows, count};
    return bram_h5_slab_double(cx, out, bram_h5_root(l->h5), l->object, start, size);
}

static int read_columns(bram_ctx *cx, void *user, double *out, size_t first, size_t count)
{
    const bram_layer *l = user;
    if (l->npy) return bram_npy_read_columns(cx, l->npy, first, count, out);
    if (l->h5) return read_h5(cx, l, out, first, count);
    for (size_t i = 0; i < l->rows; i++)
        memcpy(out + i * count, l->values + i * l->cols + first, count * sizeof *out);
    return BRAM_OK;
}

int bram_layer_span(bram_ctx *cx, bram_layer *l)
{
    bram_targets x = {.rows = l->rows, .cols = l->cols, .read = read_columns, .user = l};
    bram_mat space;
    if (l->cols <= l->rows) return BRAM_OK; /* nothing to gain */
    if (l->h5 && l->shape.rank != 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %zu axes; span=yes reads two of HDF5",
                         l->path, l->name, (size_t)l->shape.rank);
    BRAM_TRY(bram_mat_new(cx, &space, l->rows, l->rows));
    int status = bram_row_space(cx, &space, &x);
    if (status != BRAM_OK) {
        bram_free(space.data);
        return bram_fail_prefix(cx, status, "%s: %s", l->path, l->name);
    }
    bram_free(l->values);
    bram_npy_close(l->npy);
    l->values = space.data, l->npy = NULL, l->h5 = NULL, l->cols = l->rows;
    l->dims = 0; /* no map any more */
    return BRAM_OK;
}
