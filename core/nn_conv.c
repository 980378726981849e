/*
 * nn_conv.c - convolutions of maps and normalization over a batch; see nn_conv.h.
 */
#include "nn_conv.h"

#include "nn_layer.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

/* ---- shapes --------------------------------------------------------------------------------- */

#ifndef BRAM_NN_DOUBLE
static size_t length_of(size_t length, const bram_nn_conv *s)
{
    return length + 2 * s->pad < s->side ? 0 : length + 2 * s->pad - s->side + 1;
}

size_t bram_conv_high(const bram_nn_conv *s)
{
    return length_of(s->height, s);
}

size_t bram_conv_wide(const bram_nn_conv *s)
{
    return length_of(s->width, s);
}

size_t bram_conv_room(const bram_nn_conv *s)
{
    return bram_conv_high(s) * bram_conv_wide(s) * s->side * s->side * s->in;
}
#endif

/* ---- patches -------------------------------------------------------------------------------- */

/* The part of a row of a patch that lies within the picture: columns first .. end of the patch. */
BRAM_INLINE void inside(const bram_nn_conv *s, size_t j, size_t *first, size_t *end)
{
    *first = j < s->pad ? s->pad - j : 0;
    size_t right = s->width + s->pad; /* in padded columns */
    *end = j + s->side > right ? right - j : s->side;
}

/* A row of `patches` for each position: side, side, in. */
static void take_patches(bram_real *patches, const bram_nn_conv *s, const bram_real *x)
{
    size_t high = bram_conv_high(s), wide = bram_conv_wide(s), run = s->side * s->in;
    for (size_t i = 0; i < high; i++)
        for (size_t j = 0; j < wide; j++)
            for (size_t a = 0; a < s->side; a++, patches += run) {
                size_t row = i + a, first, end;
                if (row < s->pad || row >= s->pad + s->height) {
                    memset(patches, 0, run * sizeof *patches);
                    continue;
                }
                inside(s, j, &first, &end);
                const bram_real *from = x +
                                        ((row - s->pad) * s->width + j + first - s->pad) * s->in;
                memset(patches, 0, first * s->in * sizeof *patches);
                memcpy(patches + first * s->in, from, (end - first) * s->in * sizeof *patches);
                memset(patches + end * s->in, 0, (s->side - end) * s->in * sizeof *patches);
            }
}

/* The way back of it: every number goes where it came from. */
static void give_patches(bram_real *dx, const bram_nn_conv *s, const bram_real *patches)
{
    size_t high = bram_conv_high(s), wide = bram_conv_wide(s), run = s->side * s->in;
    memset(dx, 0, s->height * s->width * s->in * sizeof *dx);
    for (size_t i = 0; i < high; i++)
        for (size_t j = 0; j < wide; j++)
            for (size_t a = 0; a < s->side; a++, patches += run) {
                size_t row = i + a, first, end;
                if (row < s->pad || row >= s->pad + s->height) continue;
                inside(s, j, &first, &end);
                BRAM_NN(add)
                (dx + ((row - s->pad) * s->width + j + first - s->pad) * s->in,
                 patches + first * s->in, (end - first) * s->in);
            }
}

/* ---- convolution ---------------------------------------------------------------------------- */

void BRAM_NN(conv)(const bram_nn_conv *s, bram_real *y, const bram_real *x, const bram_real *w,
                   size_t batch, bram_real *room)
{
    size_t places = bram_conv_high(s) * bram_conv_wide(s), patch = s->side * s->side * s->in;
    for (size_t k = 0; k < batch; k++) {
        take_patches(room, s, x + k * s->height * s->width * s->in);
        BRAM_NN(linear)(y + k * places * s->out, room, w, NULL, places, patch, s->out);
    }
}

void BRAM_NN(conv_back)(const bram_nn_conv *s, bram_real *dx, bram_real *dw, const bram_real *dy,
                        const bram_real *x, const bram_real *w, size_t batch, bram_real *room)
{
    size_t places = bram_conv_high(s) * bram_conv_wide(s), patch = s->side * s->side * s->in;
    size_t pixels = s->height * s->width * s->in;
    bram_real *dpatches = dx ? room + bram_conv_room(s) : NULL;
    for (size_t k = 0; k < batch; k++) {
        take_patches(room, s, x + k * pixels);
        BRAM_NN(linear_back)
        (dpatches, dw, NULL, dy + k * places * s->out, room, w, places, patch, s->out);
        if (dx) give_patches(dx + k * pixels, s, dpatches);
    }
}

/* ---- normalization -------------------------------------------------------------------------- */

BRAM_WIDE void BRAM_NN(norm_sums)(double *restrict sum, double *restrict square, const bram_real *x,
                                  size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++, x += cols)
        for (size_t c = 0; c < cols; c++) {
            double value = (double)x[c];
            sum[c] += value, square[c] += value * value;
        }
}

void BRAM_NN(norm_of)(BRAM_NN(norm) * norm, bram_real *variance, const double *sum,
                      const double *square, size_t n, size_t cols, double eps)
{
    for (size_t c = 0; c < cols; c++) {
        double mean = sum[c] / (double)n;
        double spread = fmax(square[c] / (double)n - mean * mean, 0);
        norm->mean[c] = (bram_real)mean;
        norm->scale[c] = (bram_real)(1 / sqrt(spread + eps));
        if (variance) variance[c] = (bram_real)spread;
    }
}

BRAM_WIDE void BRAM_NN(normalize)(bram_real *y, const bram_real *x, const BRAM_NN(norm) * norm,
                                  const bram_real *gain, const bram_real *offset, size_t rows,
                                  size_t cols)
{
    for (size_t r = 0; r < rows; r++, x += cols, y += cols)
        for (size_t c = 0; c < cols; c++)
            y[c] = (x[c] - norm->mean[c]) * norm->scale[c] * gain[c] + offset[c];
}

BRAM_WIDE void BRAM_NN(norm_back_sums)(double *restrict sum, double *restrict product,
                                       const bram_real *dy, const bram_real *x,
                                       const BRAM_NN(norm) * norm, size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++, x += cols, dy += cols)
        for (size_t c = 0; c < cols; c++) {
            sum[c] += (double)dy[c];
            product[c] += (double)(dy[c] * ((x[c] - norm->mean[c]) * norm->scale[c]));
        }
}

BRAM_WIDE void BRAM_NN(norm_back)(bram_real *dx, const bram_real *dy, const bram_real *x,
                                  const BRAM_NN(norm) * norm, const bram_real *gain,
                                  const double *sum, const double *product, size_t n, size_t rows,
                                  size_t cols)
{
    for (size_t r = 0; r < rows; r++, x += cols, dy += cols, dx += cols)
        for (size_t c = 0; c < cols; c++) {
            bram_real z = (x[c] - norm->mean[c]) * norm->scale[c];
            bram_real a = (bram_real)(sum[c] / (double)n), b = (bram_real)(product[c] / (double)n);
            dx[c] = gain[c] * norm->scale[c] * (dy[c] - a - z * b);
        }
}
