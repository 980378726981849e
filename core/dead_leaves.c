/*
 * dead_leaves.c - see dead_leaves.h. Cost: the area of all discs.
 */
#include "dead_leaves.h"

#include <bramble/rng.h>

#include <math.h>

enum { MOST_DISCS = 20000 };

static size_t first_of(double low)
{
    return low > 0 ? (size_t)low : 0;
}

static size_t end_of(double high, size_t side)
{
    return high < (double)side ? (size_t)ceil(high) : side;
}

/* Paints what is free of a disc. @return how many pixels it took */
static size_t drop(float *out, size_t side, double row, double col, double radius, float grey)
{
    size_t taken = 0;
    size_t top = first_of(row - radius), end = end_of(row + radius, side);
    size_t left = first_of(col - radius), right = end_of(col + radius, side);
    for (size_t y = top; y < end; y++)
        for (size_t x = left; x < right; x++) {
            double dy = (double)y + 0.5 - row, dx = (double)x + 0.5 - col;
            if (out[y * side + x] >= 0 || dy * dy + dx * dx > radius * radius) continue;
            out[y * side + x] = grey;
            taken++;
        }
    return taken;
}

void bram_dead_leaves(float *out, size_t side, uint64_t seed, uint64_t sample)
{
    bram_rng g = bram_rng_at(seed, "dead-leaves", sample);
    double least = (double)side / 64 > 1 ? (double)side / 64 : 1, most = (double)side / 2;
    if (most < least) most = least;
    double a = 1 / (least * least), b = 1 / (most * most);
    size_t left = side * side;
    for (size_t k = 0; k < side * side; k++) out[k] = -1; /* free */
    for (size_t n = 0; n < MOST_DISCS && left; n++) {
        double row = (double)side * bram_rng_uniform(&g), col = (double)side * bram_rng_uniform(&g);
        double radius = 1 / sqrt(a - bram_rng_uniform(&g) * (a - b)); /* r^-2 is uniform */
        left -= drop(out, side, row, col, radius, (float)bram_rng_uniform(&g));
    }
    for (size_t k = 0; k < side * side; k++)
        if (out[k] < 0) out[k] = 0.5F;
}
