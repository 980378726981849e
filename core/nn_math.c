/*
 * nn_math.c - functions of whole arrays for networks; see nn_math.h.
 *
 * exp(x) = 2^n e^r with n the integer nearest to x / ln 2, |r| <= 0.35, e^r by its Taylor series to
 * the power 7 (the rest is below 2e-8 of it). tanh and sigmoid follow from exp; near 0, where 1 -
 * 2 / (e^2x + 1) cancels, tanh is its Taylor series to the power 13, whose error is below 5e-8 for
 * |x| < 0.5. erf: Abramowitz & Stegun 1964, 7.1.26.
 */
#include "nn_math.h"

#include "wide.h"

#include <math.h>
#include <string.h>

#ifdef BRAM_NN_DOUBLE

void BRAM_NN(exp)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = exp(x[i]);
}

void BRAM_NN(tanh)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = tanh(x[i]);
}

void BRAM_NN(sigmoid)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 1 / (1 + exp(-x[i]));
}

void BRAM_NN(erf)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = erf(x[i]);
}

#else

/* Sixteen values at a time, as vectors of the widest kind that the processor has. Each place of an
 * array is treated alike, and all kinds give the same bits, as nothing is contracted. */
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t whole __attribute__((vector_size(64), aligned(4), may_alias));

enum { LANES = 16 };

#define ALL(x)          ((float)(x) - (lanes){0})
#define SELECT(m, a, b) ((lanes)(((whole)(a) & (m)) | ((whole)(b) & ~(m))))

BRAM_INLINE void exp_lanes(lanes *to)
{
    const lanes magic = ALL(0x1.8p23F); /* adding it rounds to an integer, in the low bits */
    const lanes x = *to;
    lanes inside = SELECT(x < -87.0F, ALL(-87), x);
    inside = SELECT(x > 88.0F, ALL(88), inside);
    lanes shifted = inside * 1.44269504F + magic, n = shifted - magic;
    lanes r = (inside - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F; /* ln 2 in two parts */
    lanes p = r * (1.0F / 5040) + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1;
    p = p * r + 1;
    whole scale = ((whole)shifted << 23) + (127 << 23); /* the low bits of magic are 0 */
    lanes y = p * (lanes)scale, more = x - 88.0F;
    y = SELECT(x < -87.0F, ALL(0), y);
    /* e^88 is near the largest float: what is left of x multiplies on, to infinity above 88.72 */
    y = SELECT(x > 88.0F, y * (1 + more * (1 + more)), y);
    y = SELECT(x > 88.72F, ALL(INFINITY), y);
    *to = SELECT(x == x, y, x);
}

BRAM_INLINE void tanh_lanes(lanes *to)
{
    const lanes x = *to, square = x * x, a = SELECT(x < 0, -x, x);
    lanes near = square * (21844.0F / 6081075) - 1382.0F / 155925;
    near = near * square + 62.0F / 2835;
    near = near * square - 17.0F / 315;
    near = near * square + 2.0F / 15;
    near = near * square - 1.0F / 3;
    near = near * square * x + x;
    lanes far = 2 * SELECT(a > 10, ALL(10), a);
    exp_lanes(&far);
    far = 1 - 2 / (far + 1);
    far = SELECT(x < 0, -far, far);
    *to = SELECT(x == x, SELECT(a < 0.5F, near, far), x);
}

BRAM_INLINE void sigmoid_lanes(lanes *to)
{
    lanes e = -*to;
    exp_lanes(&e);
    *to = 1 / (1 + e);
}

BRAM_INLINE void erf_lanes(lanes *to)
{
    const lanes x = *to, a = SELECT(x < 0, -x, x), t = 1 / (1 + 0.3275911F * a);
    lanes p = t * 1.061405429F - 1.453152027F, e = -a * a;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    exp_lanes(&e);
    lanes y = 1 - p * t * e;
    *to = SELECT(x == x, SELECT(x < 0, -y, y), x);
}

enum function { EXP, TANH, SIGMOID, ERF };

BRAM_INLINE void apply(lanes *v, enum function f)
{
    if (f == EXP) exp_lanes(v);
    else if (f == TANH) tanh_lanes(v);
    else if (f == SIGMOID) sigmoid_lanes(v);
    else erf_lanes(v);
}

BRAM_INLINE void each(float *x, size_t n, enum function f)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) apply((lanes *)(void *)(x + i), f);
    if (i == n) return;
    float rest[LANES] = {0};
    memcpy(rest, x + i, (n - i) * sizeof *x);
    apply((lanes *)(void *)rest, f);
    memcpy(x + i, rest, (n - i) * sizeof *x);
}

BRAM_WIDE void BRAM_NN(exp)(bram_real *x, size_t n)
{
    each(x, n, EXP);
}

BRAM_WIDE void BRAM_NN(tanh)(bram_real *x, size_t n)
{
    each(x, n, TANH);
}

BRAM_WIDE void BRAM_NN(sigmoid)(bram_real *x, size_t n)
{
    each(x, n, SIGMOID);
}

BRAM_WIDE void BRAM_NN(erf)(bram_real *x, size_t n)
{
    each(x, n, ERF);
}

#endif

void BRAM_NN(softplus)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = x[i];
        x[i] = (bram_real)(v > 20 ? v : log1p(exp(v)));
    }
}
