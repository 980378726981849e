/*
 * nn_layer.c - linear layers, layer normalization and dropout; see nn_layer.h.
 */
#include "nn_layer.h"

#include "nn_packed.h"
#include "wide.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

void BRAM_NN(linear)(bram_real *y, const bram_real *x, const bram_real *w, const bram_real *b,
                     size_t rows, size_t in, size_t out)
{
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){y, x, w, out, in, in, BRAM_AS_IS, BRAM_TRANSPOSED, rows, out, in, 1, b});
}

BRAM_WIDE void BRAM_NN(add)(bram_real *restrict y, const bram_real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

BRAM_WIDE void BRAM_NN(add_columns)(bram_real *sum, const bram_real *x, size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < cols; j++) sum[j] += x[r * cols + j];
}

void BRAM_NN(linear_back)(bram_real *dx, bram_real *dw, bram_real *db, const bram_real *dy,
                          const bram_real *x, const bram_real *w, size_t rows, size_t in,
                          size_t out)
{
    if (dx) BRAM_NN(multiply)
    (&(BRAM_NN(product)){dx, dy, w, in, out, in, BRAM_AS_IS, BRAM_AS_IS, rows, in, out, 1, NULL});
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dw, dy, x, in, out, in, BRAM_TRANSPOSED, BRAM_AS_IS, out, in, rows, 1,
                         dw});
    if (db) BRAM_NN(add_columns)(db, dy, rows, out);
}

/* Sums of a row in 8 lanes of double, which the compiler keeps in vectors. */
enum { LANES = 8 };

BRAM_INLINE double total(const double lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

BRAM_INLINE double row_mean(const bram_real *x, size_t n)
{
    double lane[LANES] = {0};
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += (double)x[i + k];
    for (size_t i = whole; i < n; i++) lane[i - whole] += (double)x[i];
    return total(lane) / (double)n;
}

BRAM_INLINE double row_variance(const bram_real *x, double mean, size_t n)
{
    double lane[LANES] = {0};
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double d = (double)x[i + k] - mean;
            lane[k] += d * d;
        }
    for (size_t i = whole; i < n; i++)
        lane[i - whole] += ((double)x[i] - mean) * ((double)x[i] - mean);
    return total(lane) / (double)n;
}

BRAM_WIDE void BRAM_NN(layer_norm)(bram_real *y, bram_real *keep, const bram_real *x,
                                   const bram_real *w, const bram_real *b, size_t rows, size_t cols,
                                   double eps)
{
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        double exact = row_mean(x, cols);
        bram_real mean = keep[2 * r] = (bram_real)exact;
        bram_real scale = keep[2 * r + 1] = (bram_real)(1 /
                                                        sqrt(row_variance(x, exact, cols) + eps));
        for (size_t i = 0; i < cols; i++) y[i] = (x[i] - mean) * scale * w[i] + b[i];
    }
}

/* One row: adds to dw and db; *sum and *product receive those of g and of g z. */
BRAM_INLINE void norm_sums(bram_real *restrict dw, bram_real *restrict db, const bram_real *dy,
                           const bram_real *x, const bram_real *restrict w, bram_real mean,
                           bram_real scale, size_t n, double *sum, double *product)
{
    double lane[LANES] = {0}, other[LANES] = {0};
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < n; i++) dw[i] += dy[i] * ((x[i] - mean) * scale), db[i] += dy[i];
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            bram_real g = dy[i + k] * w[i + k];
            lane[k] += (double)g, other[k] += (double)(g * ((x[i + k] - mean) * scale));
        }
    for (size_t i = whole; i < n; i++) {
        bram_real g = dy[i] * w[i];
        lane[i - whole] += (double)g, other[i - whole] += (double)(g * ((x[i] - mean) * scale));
    }
    *sum = total(lane), *product = total(other);
}

/* With z = (x - mean) scale and g = dy w: dx = scale (g - mean(g) - z mean(g z)). */
BRAM_WIDE void BRAM_NN(layer_norm_back)(bram_real *dx, bram_real *dw, bram_real *db,
                                        const bram_real *dy, const bram_real *x, const bram_real *w,
                                        const bram_real *keep, size_t rows, size_t cols)
{
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, x += cols) {
        bram_real mean = keep[2 * r], scale = keep[2 * r + 1];
        double sum, product;
        norm_sums(dw, db, dy, x, w, mean, scale, cols, &sum, &product);
        bram_real a = (bram_real)(sum / (double)cols), p = (bram_real)(product / (double)cols);
        for (size_t i = 0; i < cols; i++)
            dx[i] = scale * (dy[i] * w[i] - a - (x[i] - mean) * scale * p);
    }
}

/* Value i has quarter i % 4 of word i / 4 of the stream: 16 bits, so that p counts in 1 / 65536. */
void BRAM_NN(dropout)(bram_real *x, size_t n, double p, uint64_t seed, uint64_t step,
                      const char *stream, uint64_t first)
{
    enum { WORDS = 64, EACH = 4 };
    uint64_t word[WORDS];
    bram_rng g = bram_rng_at(seed, stream, step);
    uint32_t least = (uint32_t)fmin(p * 65536 + 0.5, 65535);
    bram_real scale = (bram_real)(65536.0 / (65536 - least));
    if (!(p > 0)) return;
    g.index += first / EACH;
    for (size_t at = 0, skip = first % EACH; at < n; skip = 0) {
        bram_real factor[WORDS * EACH];
        size_t most = WORDS * EACH - skip, count = n - at < most ? n - at : most;
        size_t words = (skip + count + EACH - 1) / EACH;
        bram_rng_words(&g, word, words);
        for (size_t i = 0; i < words; i++)
            for (size_t k = 0; k < EACH; k++)
                factor[EACH * i + k] = (uint32_t)(word[i] >> 16 * k & 0xffff) < least ? 0 : scale;
        for (size_t i = 0; i < count; i++) x[at + i] *= factor[skip + i];
        at += count;
    }
}
