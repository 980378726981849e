/*
 * brainio_window.c - the mean over the time bins of an assembly that lie within a window.
 */
#include "brainio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In seconds; NaN where it is not a number. */
static double bound(const bram_brainio_coordinate *c, size_t i)
{
    return !c || c->text ? (double)NAN
           : c->integer  ? (double)c->integer[i] / 1000
                         : c->number[i] / 1000;
}

/* The first and the number of the bins within. */
static int find_bins(bram_ctx *cx, size_t *first, size_t *count, const bram_brainio *a, size_t dim,
                     double from, double to)
{
    const bram_brainio_coordinate *start = bram_brainio_find(a, dim, "time_bin_start", NULL),
                                  *end = bram_brainio_find(a, dim, "time_bin_end", NULL);
    size_t n = a->length[dim];
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        double low = bound(start, i), high = bound(end, i);
        if (isnan(low) || isnan(high))
            return bram_fail(cx, BRAM_EFORMAT,
                             "time_bin %zu: expected time_bin_start and time_bin_end in ms", i + 1);
        if (low < from - 1e-9 || high > to + 1e-9) continue;
        if (*count && *first + *count != i)
            return bram_fail(cx, BRAM_EFORMAT, "time_bin %zu: expected bins in ascending order",
                             i + 1);
        if (!*count) *first = i;
        ++*count;
    }
    if (*count) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "no time bin lies within %g to %g s; the first is %g to %g s", from, to,
                     bound(start, 0), bound(end, 0));
}

/* Bins become one: the mean of those values that are there. */
static int collapse(bram_ctx *cx, bram_brainio *a, size_t dim, size_t first, size_t count)
{
    size_t inner = a->stride[dim], n = a->length[dim], outer = 1;
    for (size_t d = 0; d < dim; d++) outer *= a->length[d];
    double *mean = bram_alloc(cx, outer * inner, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t o = 0; o < outer; o++)
        for (size_t k = 0; k < inner; k++) {
            double sum = 0, there = 0;
            for (size_t b = first; b < first + count; b++) {
                double x = a->values[(o * n + b) * inner + k];
                if (isfinite(x)) sum += x, there++;
            }
            mean[o * inner + k] = there > 0 ? sum / there : (double)NAN;
        }
    bram_free(a->values);
    a->values = mean;
    a->length[dim] = 1;
    for (size_t d = a->dims, stride = 1; d-- > 0; stride *= a->length[d]) a->stride[d] = stride;
    return BRAM_OK;
}

/* Coordinates of the bins keep those of the first, and the end of the last. */
static void keep_bounds(bram_brainio *a, size_t dim, size_t first, size_t count)
{
    for (size_t k = 0; k < a->coordinates; k++) {
        bram_brainio_coordinate *c = &a->coordinate[k];
        size_t at = strcmp(c->name, "time_bin_end") == 0 ? first + count - 1 : first;
        if (c->dim != dim) continue;
        if (c->number) c->number[0] = c->number[at];
        if (c->integer) c->integer[0] = c->integer[at];
        if (c->text && at) { /* the texts behind are freed with the list */
            char *text = c->text[0];
            c->text[0] = c->text[at];
            c->text[at] = text;
        }
    }
}

int bram_brainio_average(bram_ctx *cx, bram_brainio *a, double from, double to)
{
    size_t dim = bram_brainio_dim(a, "time_bin"), first = 0, count;
    if (dim == BRAINIO_DIMS) return BRAM_OK;
    BRAM_TRY(find_bins(cx, &first, &count, a, dim, from, to));
    BRAM_TRY(collapse(cx, a, dim, first, count));
    keep_bounds(a, dim, first, count);
    return BRAM_OK;
}
