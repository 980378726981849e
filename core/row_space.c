/*
 * row_space.c - coordinates of rows in the space that they span; see row_space.h.
 */
#include "row_space.h"

#include "linalg.h"

#include <float.h>
#include <math.h>

/* Row k, an eigenvector, becomes column k times the root of its eigenvalue. */
static void to_coordinates(bram_mat *v, const double *value)
{
    size_t n = v->rows;
    double least = (double)n * DBL_EPSILON * value[n - 1];
    for (size_t k = 0; k < n; k++) {
        double root = value[k] > least ? sqrt(value[k]) : 0;
        for (size_t i = 0; i < n; i++) bram_row(v, k)[i] *= root;
    }
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < k; i++) {
            double kept = bram_row(v, k)[i];
            bram_row(v, k)[i] = bram_row(v, i)[k];
            bram_row(v, i)[k] = kept;
        }
}

int bram_row_space(bram_ctx *cx, bram_mat *out, const bram_targets *x)
{
    size_t mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, x->rows, sizeof *value);
    int status = value ? bram_ridge_kernel_of(cx, out, x) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_eigh(cx, out, value);
    if (status == BRAM_OK) to_coordinates(out, value);
    bram_scratch_release(cx, mark);
    return status;
}
