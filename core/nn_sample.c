/*
 * nn_sample.c - bilinear sampling of maps; see nn_sample.h.
 */
#include "nn_sample.h"

#include "wide.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

/* The two places around a coordinate along n of them; 0 and no weight beyond. */
struct pair {
    size_t at[2];
    double weight[2], slope[2];
};

static struct pair around(double coordinate, size_t n)
{
    struct pair p = {{0, 0}, {0, 0}, {0, 0}};
    double scale = (double)(n - 1) / 2, at = (coordinate + 1) * scale;
    if (!(at > -1 && at < (double)n)) return p; /* NaN, too */
    double low = floor(at), part = at - low;
    const double weight[2] = {1 - part, part}, slope[2] = {-scale, scale};
    for (size_t k = 0; k < 2; k++) {
        double place = low + (double)k;
        if (place < 0 || place >= (double)n) continue;
        p.at[k] = (size_t)place;
        p.weight[k] = weight[k], p.slope[k] = slope[k];
    }
    return p;
}

void BRAM_NN(sample)(BRAM_NN(corners) * c, bram_real x, bram_real y, size_t height, size_t width)
{
    struct pair column = around((double)x, width), row = around((double)y, height);
    for (size_t k = 0; k < 4; k++) {
        size_t i = k / 2, j = k % 2;
        c->at[k] = row.at[i] * width + column.at[j];
        c->weight[k] = (bram_real)(row.weight[i] * column.weight[j]);
        c->by_x[k] = (bram_real)(row.weight[i] * column.slope[j]);
        c->by_y[k] = (bram_real)(row.slope[i] * column.weight[j]);
    }
}

bram_real BRAM_NN(coordinate)(size_t i, size_t n)
{
    return n > 1 ? (bram_real)(2 * (double)i / (double)(n - 1) - 1) : 0;
}

BRAM_WIDE bram_real BRAM_NN(dot)(const bram_real *a, const bram_real *b, size_t n)
{
    bram_real lane[8] = {0};
    size_t whole = n / 8 * 8;
    for (size_t i = 0; i < whole; i += 8)
        for (size_t k = 0; k < 8; k++) lane[k] += a[i + k] * b[i + k];
    for (size_t i = whole; i < n; i++) lane[i - whole] += a[i] * b[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

BRAM_WIDE void BRAM_NN(add_scaled)(bram_real *restrict y, const bram_real *restrict x,
                                   bram_real factor, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}
