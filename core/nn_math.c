/*
 * nn_math.c - functions of whole arrays for networks; see nn_math.h.
 *
 * exp(x) = 2^n e^r with n the integer nearest to x / ln 2, |r| <= 0.35, e^r by its Taylor series to
 * the power 7 (the rest is below 2e-8 of it). tanh and sigmoid follow from exp; near 0, where 1 -
 * 2 / (e^2x + 1) cancels, tanh is its continued fraction x / (1 + x^2 / (3 + x^2 / (5 + x^2 / 7)))
 * (Lambert), whose error is below 1e-8 for |x| < 0.5. erf: Abramowitz & Stegun 1964, 7.1.26. Loops
 * are free of branches, so that the compiler can make vectors of them.
 */
#include "nn_math.h"

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

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

static inline float exp_one(float x)
{
    const float magic = 0x1.8p23F; /* adding it rounds to an integer, in the low bits */
    float inside = x < -87.0F ? -87.0F : x > 88.0F ? 88.0F : x;
    float shifted = inside * 1.44269504F + magic, n = shifted - magic;
    float r = (inside - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F; /* ln 2 in two parts */
    float p = 1.0F / 5040;
    p = p * r + 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1;
    p = p * r + 1;
    int32_t power;
    memcpy(&power, &shifted, sizeof power);
    uint32_t bits = ((uint32_t)power + 127) << 23; /* the low bits of magic are 0 */
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    float y = p * scale;
    y = x < -87.0F ? 0 : y;
    /* e^88 is near the largest float: what is left of x multiplies on, to infinity above 88.72 */
    y = x > 88.0F ? y * (1 + (x - 88.0F) * (1 + (x - 88.0F))) : y;
    return x > 88.72F ? INFINITY : x == x ? y : x;
}

static inline float tanh_one(float x)
{
    float square = x * x, a = x < 0 ? -x : x;
    float near = x / (1 + square / (3 + square / (5 + square / 7)));
    float far = 1 - 2 / (exp_one(2 * (a > 10 ? 10 : a)) + 1);
    far = x < 0 ? -far : far;
    return x == x ? (a < 0.5F ? near : far) : x;
}

void BRAM_NN(exp)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = exp_one(x[i]);
}

void BRAM_NN(tanh)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = tanh_one(x[i]);
}

void BRAM_NN(sigmoid)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = 1 / (1 + exp_one(-x[i]));
}

void BRAM_NN(erf)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float a = x[i] < 0 ? -x[i] : x[i], t = 1 / (1 + 0.3275911F * a);
        float p = 1.061405429F;
        p = p * t - 1.453152027F;
        p = p * t + 1.421413741F;
        p = p * t - 0.284496736F;
        p = p * t + 0.254829592F;
        float y = 1 - p * t * exp_one(-a * a);
        x[i] = x[i] < 0 ? -y : x[i] == x[i] ? y : x[i];
    }
}

#endif

void BRAM_NN(softplus)(bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double v = x[i];
        x[i] = (bram_real)(v > 20 ? v : log1p(exp(v)));
    }
}
