/*
 * nn_layer.c - linear layers, layer normalization and dropout; see nn_layer.h.
 */
#include "nn_layer.h"

#include "linalg.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

void BRAM_NN(linear)(bram_real *y, const bram_real *x, const bram_real *w, const bram_real *b,
                     size_t rows, size_t in, size_t out)
{
    for (size_t r = 0; b && r < rows; r++) memcpy(y + r * out, b, out * sizeof *y);
    BRAM_NN_GEMM(y, x, BRAM_AS_IS, w, BRAM_TRANSPOSED, rows, out, in, b ? 1 : 0);
}

void BRAM_NN(add_columns)(bram_real *sum, const bram_real *x, size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j++) sum[j] += x[r * cols + j];
}

void BRAM_NN(linear_back)(bram_real *dx, bram_real *dw, bram_real *db, const bram_real *dy,
                          const bram_real *x, const bram_real *w, size_t rows, size_t in,
                          size_t out)
{
    if (dx) BRAM_NN_GEMM(dx, dy, BRAM_AS_IS, w, BRAM_AS_IS, rows, in, out, 0);
    BRAM_NN_GEMM(dw, dy, BRAM_TRANSPOSED, x, BRAM_AS_IS, out, in, rows, 1);
    if (db) BRAM_NN(add_columns)(db, dy, rows, out);
}

void BRAM_NN(layer_norm)(bram_real *y, bram_real *keep, const bram_real *x, const bram_real *w,
                         const bram_real *b, size_t rows, size_t cols, double eps)
{
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < cols; i++) mean += (double)x[i];
        mean /= (double)cols;
        for (size_t i = 0; i < cols; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
        double scale = 1 / sqrt(square / (double)cols + eps);
        keep[2 * r] = (bram_real)mean, keep[2 * r + 1] = (bram_real)scale;
        for (size_t i = 0; i < cols; i++)
            y[i] = (x[i] - keep[2 * r]) * keep[2 * r + 1] * w[i] + b[i];
    }
}

/* With z = (x - mean) scale and g = dy w: dx = scale (g - mean(g) - z mean(g z)). */
void BRAM_NN(layer_norm_back)(bram_real *dx, bram_real *dw, bram_real *db, const bram_real *dy,
                              const bram_real *x, const bram_real *w, const bram_real *keep,
                              size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, x += cols) {
        bram_real mean = keep[2 * r], scale = keep[2 * r + 1];
        double sum = 0, product = 0;
        for (size_t i = 0; i < cols; i++) {
            bram_real z = (x[i] - mean) * scale;
            dw[i] += dy[i] * z, db[i] += dy[i];
            sum += (double)(dy[i] * w[i]), product += (double)(dy[i] * w[i] * z);
        }
        bram_real a = (bram_real)(sum / (double)cols), p = (bram_real)(product / (double)cols);
        for (size_t i = 0; i < cols; i++)
            dx[i] = scale * (dy[i] * w[i] - a - (x[i] - mean) * scale * p);
    }
}

void BRAM_NN(dropout)(bram_real *x, size_t n, double p, uint64_t seed, uint64_t step,
                      const char *stream, uint64_t first)
{
    bram_rng g = bram_rng_at(seed, stream, step);
    bram_real scale = (bram_real)(1 / (1 - p));
    if (!(p > 0)) return;
    g.index += first;
    for (size_t i = 0; i < n; i++) x[i] = bram_rng_uniform(&g) < p ? 0 : x[i] * scale;
}
