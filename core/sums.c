/*
 * sums.c - sums over rows of doubles; see sums.h. What is left of a row after its last eight values
 * is padded with zeros, which change no sum.
 */
#include "sums.h"

#include "wide.h"

#include <math.h>

enum { LANES = 8 };

/* Up to eight values, zeros behind them. */
BRAM_INLINE void load_some(bram_wide *v, const double *x, size_t n)
{
    double padded[LANES] = {0};
    memcpy(padded, x, n * sizeof *x);
    BRAM_WIDE_LOAD(*v, padded);
}

BRAM_INLINE double add_lanes(const bram_wide *v)
{
    double lane[LANES];
    BRAM_WIDE_STORE(lane, *v);
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

BRAM_INLINE void clear_signs(bram_wide *v)
{
    *v = (bram_wide)((bram_wide_bits)*v & 0x7fffffffffffffff);
}

BRAM_INLINE double products(const double *a, const double *b, size_t n, bool sizes)
{
    bram_wide sum[2] = {{0}}, x, y; /* two at a time: an addition takes longer than a load */
    size_t k = 0;
    for (; k + 2 * LANES <= n; k += 2 * LANES)
        for (size_t half = 0; half < 2; half++) {
            BRAM_WIDE_LOAD(x, a + k + half * LANES);
            BRAM_WIDE_LOAD(y, b + k + half * LANES);
            x *= y;
            if (sizes) clear_signs(&x);
            sum[half] += x;
        }
    for (size_t half = 0; k < n; k += LANES, half++) {
        load_some(&x, a + k, n - k < LANES ? n - k : LANES);
        load_some(&y, b + k, n - k < LANES ? n - k : LANES);
        x *= y;
        if (sizes) clear_signs(&x);
        sum[half] += x;
    }
    sum[0] += sum[1];
    return add_lanes(&sum[0]);
}

BRAM_WIDE double bram_dot(const double *a, const double *b, size_t n)
{
    return products(a, b, n, false);
}

BRAM_WIDE double bram_dot_of_sizes(const double *a, const double *b, size_t n)
{
    return products(a, b, n, true);
}

BRAM_WIDE double bram_sum_about(const double *x, double origin, size_t n)
{
    bram_wide sum = {0}, v;
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        BRAM_WIDE_LOAD(v, x + k);
        sum += v - origin;
    }
    double rest = 0;
    for (; k < n; k++) rest += x[k] - origin;
    return add_lanes(&sum) + rest;
}

BRAM_WIDE double bram_largest_size(const double *x, size_t n)
{
    bram_wide most = {0}, v;
    double lane[LANES], largest = 0;
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        BRAM_WIDE_LOAD(v, x + k);
        clear_signs(&v);
        bram_wide_bits above = v > most;
        most = (bram_wide)(((bram_wide_bits)v & above) | ((bram_wide_bits)most & ~above));
    }
    for (; k < n; k++) largest = fabs(x[k]) > largest ? fabs(x[k]) : largest;
    BRAM_WIDE_STORE(lane, most);
    for (size_t l = 0; l < LANES; l++) largest = lane[l] > largest ? lane[l] : largest;
    return largest;
}

BRAM_WIDE void bram_add_scaled(double *restrict y, double factor, const double *restrict x,
                               size_t n)
{
    for (size_t k = 0; k < n; k++) y[k] += factor * x[k];
}

/* x - x is 0 for a number, NaN for all else. */
BRAM_WIDE bool bram_all_finite(const double *x, size_t n)
{
    bram_wide sum = {0}, v;
    size_t k = 0;
    for (; k + LANES <= n; k += LANES) {
        BRAM_WIDE_LOAD(v, x + k);
        sum += v - v;
    }
    double rest = add_lanes(&sum);
    for (; k < n; k++) rest += x[k] - x[k];
    return rest == 0;
}
