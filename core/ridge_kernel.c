/*
 * ridge_kernel.c - inner products of rows from columns that are read in blocks; see ridge_cv.h.
 */
#include "internal.h"
#include "linalg.h"
#include "ridge_cv.h"

#include <math.h>

enum { COLUMN_BLOCK = 2048 };

/* Columns first .. of the block, less their means. */
static int centre(bram_ctx *cx, bram_mat *block, size_t first)
{
    for (size_t k = 0; k < block->cols; k++) {
        double start = block->data[k], mean = 0;
        for (size_t i = 0; i < block->rows; i++)
            mean += (bram_row(block, i)[k] - start) / (double)block->rows;
        mean += start;
        if (!isfinite(mean))
            return bram_fail(cx, BRAM_ENUMERIC, "column %zu holds a value that is not finite",
                             first + k);
        for (size_t i = 0; i < block->rows; i++) bram_row(block, i)[k] -= mean;
    }
    return BRAM_OK;
}

static int fill(bram_ctx *cx, bram_mat *block, const bram_targets *x, size_t first)
{
    if (x->read) return x->read(cx, x->user, block->data, first, block->cols);
    for (size_t i = 0; i < block->rows; i++)
        for (size_t k = 0; k < block->cols; k++)
            bram_row(block, i)[k] = x->f64 ? bram_row(x->f64, i)[first + k]
                                           : (double)x->f32[i * x->cols + first + k];
    return BRAM_OK;
}

static int accumulate(bram_ctx *cx, bram_mat *kernel, const bram_targets *x)
{
    bram_mat all;
    size_t most = x->cols < COLUMN_BLOCK ? x->cols : COLUMN_BLOCK;
    BRAM_TRY(bram_mat_scratch(cx, &all, x->rows, most));
    for (size_t first = 0; first < x->cols; first += COLUMN_BLOCK) {
        size_t count = x->cols - first < COLUMN_BLOCK ? x->cols - first : COLUMN_BLOCK;
        bram_mat block = {all.data, x->rows, count, count};
        BRAM_TRY(fill(cx, &block, x, first));
        BRAM_TRY(centre(cx, &block, first));
        BRAM_TRY(bram_syrk(cx, kernel, 1, &block, BRAM_AS_IS, first ? 1 : 0));
        BRAM_TRY(bram_ctx_check_cancel(cx));
        bram_ctx_progress(cx, "features", (double)(first + count), (double)x->cols);
    }
    return BRAM_OK;
}

int bram_ridge_kernel_of(bram_ctx *cx, bram_mat *kernel, const bram_targets *x)
{
    if (!x->rows || !x->cols || kernel->rows != x->rows || kernel->cols != x->rows)
        return bram_fail(cx, BRAM_ESHAPE, "a kernel of %zu x %zu from %zu x %zu features",
                         kernel->rows, kernel->cols, x->rows, x->cols);
    size_t mark = bram_scratch_mark(cx);
    int status = accumulate(cx, kernel, x);
    bram_scratch_release(cx, mark);
    return status;
}
