/*
 * layer.c - a list of layers, and the values of one: from memory, from a NumPy array or tensor, or
 * from an HDF5 dataset in blocks of rows.
 */
#include "layer.h"

#include "token_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_VALUES = 1 << 22 }; /* of an HDF5 dataset at once */

void bram_layers_release(bram_layers *l)
{
    for (size_t i = 0; i < l->count; i++) {
        bram_layer *one = &l->layer[i];
        bram_npy_close(one->npy);
        bram_axis_free(one->id);
        bram_free(one->values);
        bram_free(one->object);
        bram_free(one->name);
        bram_free(one->path);
    }
    for (size_t i = 0; i < l->files; i++) bram_h5_close(l->file[i]);
    bram_free(l->layer);
    bram_free(l->file);
    *l = (bram_layers){0};
}

int bram_layer_axis(bram_ctx *cx, bram_axis **out, const bram_layer *l, bool first)
{
    return l->dims ? bram_token_axis_of(cx, out, l->dims, l->length, first, NULL)
                   : bram_axis_new(cx, out, "feature", l->cols);
}

bool bram_layer_in_memory(const bram_layer *l)
{
    return !l->h5 && !(l->npy && bram_npy_is_on_disk(l->npy));
}

/* ---- HDF5 ----------------------------------------------------------------------------------- */

struct wanted {
    size_t row, place;
};

static int by_row(const void *a, const void *b)
{
    size_t x = ((const struct wanted *)a)->row, y = ((const struct wanted *)b)->row;
    return (x > y) - (x < y);
}

/* Rows of a block as long as chunks and memory advise. */
static size_t block_rows(const bram_layer *l)
{
    size_t n = BLOCK_VALUES / (l->cols ? l->cols : 1), chunk = (size_t)l->shape.chunk[0];
    if (chunk && n > chunk) n -= n % chunk;
    return n ? n : 1;
}

/* Blocks in which a row is wanted, in the order of the file, each read once. */
static int read_h5(bram_ctx *cx, const bram_layer *l, const size_t *row, size_t count, double *out)
{
    size_t step = block_rows(l), mark = bram_scratch_mark(cx);
    if (step > l->rows) step = l->rows;
    struct wanted *want = bram_scratch(cx, count, sizeof *want);
    double *block = bram_scratch(cx, step, l->cols * sizeof *block);
    int status = want && block ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; want && i < count; i++) want[i] = (struct wanted){row[i], i};
    if (want && count) qsort(want, count, sizeof *want, by_row);
    for (size_t i = 0; i < count && status == BRAM_OK;) {
        uint64_t start[BRAM_H5_RANK] = {want[i].row / step * step}, size[BRAM_H5_RANK];
        memcpy(size, l->shape.dims, sizeof size);
        size[0] = l->rows - start[0] < step ? l->rows - start[0] : step;
        status = bram_h5_slab_double(cx, block, bram_h5_root(l->h5), l->object, start, size);
        for (; status == BRAM_OK && i < count && want[i].row < start[0] + size[0]; i++)
            memcpy(out + want[i].place * l->cols, block + (want[i].row - start[0]) * l->cols,
                   l->cols * sizeof *out);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- any ------------------------------------------------------------------------------------ */

int bram_layer_read(bram_ctx *cx, const bram_layer *l, const size_t *row, size_t count, double *out)
{
    if (l->npy) BRAM_TRY(bram_npy_read_rows(cx, l->npy, row, count, out));
    else if (l->h5) BRAM_TRY(read_h5(cx, l, row, count, out));
    else
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * l->cols, l->values + row[i] * l->cols, l->cols * sizeof *out);
    for (size_t i = 0; i < count * l->cols; i++)
        if (!isfinite(out[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s: %s: feature %zu of %s is %g", l->path, l->name,
                             i % l->cols, bram_axis_id(l->id, row[i / l->cols]), out[i]);
    return BRAM_OK;
}
