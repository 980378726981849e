/*
 * power_law.c - least squares of a power law with an asymptote; see power_law.h.
 */
#include "power_law.h"

#include <math.h>

/* The best asymptote and gain of an exponent. n is taken relative to the smallest: n^-exponent is
 * then at most 1 whatever the unit. */
static bram_power_law given(double exponent, double scale, const double *n, const double *y,
                            size_t count)
{
    double sx = 0, sy = 0, xx = 0, xy = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sx += pow(n[i] / scale, -exponent) / (double)count;
        sy += y[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double x = pow(n[i] / scale, -exponent) - sx;
        xx += x * x;
        xy += x * (y[i] - sy);
    }
    double slope = xx > 0 ? xy / xx : 0;
    for (size_t i = 0; i < count; i++) {
        double d = y[i] - sy - slope * (pow(n[i] / scale, -exponent) - sx);
        squares += d * d;
    }
    return (bram_power_law){sy - slope * sx, -slope * pow(scale, exponent), exponent, squares,
                            false};
}

static int check(bram_ctx *cx, double *scale, const double *n, const double *y, size_t count)
{
    size_t different = 0;
    bool flat = true;
    *scale = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(n[i]) || !isfinite(y[i]) || n[i] <= 0)
            return bram_fail(cx, BRAM_ENUMERIC, "point %zu of the curve is (%g, %g)", i, n[i],
                             y[i]);
        size_t k = 0;
        while (k < i && n[k] != n[i]) k++;
        different += k == i;
        flat &= y[i] == y[0];
        *scale = fmin(*scale, n[i]);
    }
    if (different < BRAM_POWER_LAW_LEAST)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu sizes, a power law needs %d", different,
                         BRAM_POWER_LAW_LEAST);
    return flat ? bram_fail(cx, BRAM_ENOTAPPLICABLE, "the curve is flat") : BRAM_OK;
}

int bram_power_law_fit(bram_ctx *cx, bram_power_law *out, const double *n, const double *y,
                       size_t count)
{
    enum { GRID = 96, STEPS = 60 };
    const double golden = (sqrt(5) - 1) / 2;
    double scale, step = log(BRAM_POWER_LAW_HIGH / BRAM_POWER_LAW_LOW) / GRID;
    int best = 0;
    bram_power_law found = {.squares = INFINITY};
    BRAM_TRY(check(cx, &scale, n, y, count));
    for (int i = 0; i <= GRID; i++) {
        bram_power_law p = given(BRAM_POWER_LAW_LOW * exp(i * step), scale, n, y, count);
        if (p.squares < found.squares) found = p, best = i;
    }
    found.at_bound = best == 0 || best == GRID;
    double low = found.exponent * exp(-step), high = found.exponent * exp(step);
    for (int i = 0; i < STEPS && !found.at_bound; i++) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        bram_power_law pa = given(a, scale, n, y, count), pb = given(b, scale, n, y, count);
        if (pa.squares <= pb.squares) high = b;
        else low = a;
        const bram_power_law *p = pa.squares <= pb.squares ? &pa : &pb;
        if (p->squares <= found.squares) found = *p;
    }
    *out = found;
    return BRAM_OK;
}
