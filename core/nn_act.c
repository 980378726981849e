/*
 * nn_act.c - activations and their derivatives; see nn_act.h.
 */
#include "nn_act.h"

#include "nn_math.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over chunks become vectors */
#endif

static const double ROOT_HALF = 0.70710678118654752440, ROOT_2_PI = 0.79788456080286535588;
static const double CUBE = 0.044715; /* Hendrycks & Gimpel 2016, the tanh form of GELU */

enum { CHUNK = 256 };

/* ---- single values -------------------------------------------------------------------------- */

static bram_real elu(bram_real x)
{
    return x > 0 ? x : (bram_real)expm1((double)x);
}

/* GELU of a chunk: x (1 + g) / 2 with g = erf(x / sqrt 2), or tanh of a cubic. */
static void gate(bram_real *g, const bram_real *x, size_t n, bool by_tanh)
{
    if (by_tanh) {
        for (size_t i = 0; i < n; i++)
            g[i] = (bram_real)ROOT_2_PI * (x[i] + (bram_real)CUBE * x[i] * x[i] * x[i]);
        BRAM_NN(tanh)(g, n);
    } else {
        for (size_t i = 0; i < n; i++) g[i] = (bram_real)ROOT_HALF * x[i];
        BRAM_NN(erf)(g, n);
    }
}

static void gelu(bram_real *y, const bram_real *x, size_t n, bool by_tanh)
{
    bram_real g[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        gate(g, x + at, count, by_tanh);
        for (size_t i = 0; i < count; i++) y[at + i] = x[at + i] * (1 + g[i]) / 2;
    }
}

static void gelu_back(bram_real *dx, const bram_real *dy, const bram_real *x, size_t n,
                      bool by_tanh)
{
    bram_real g[CHUNK], e[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        gate(g, x + at, count, by_tanh);
        for (size_t i = 0; i < count; i++) e[i] = -x[at + i] * x[at + i] / 2;
        if (!by_tanh) BRAM_NN(exp)(e, count);
        for (size_t i = 0; i < count; i++) {
            bram_real v = x[at + i], slope; /* of g */
            if (by_tanh)
                slope = (1 - g[i] * g[i]) * (bram_real)ROOT_2_PI *
                        (1 + 3 * (bram_real)CUBE * v * v);
            else slope = (bram_real)ROOT_2_PI * e[i];
            dx[at + i] = dy[at + i] * ((1 + g[i]) + v * slope) / 2;
        }
    }
}

/* ---- arrays --------------------------------------------------------------------------------- */

static void silu(bram_real *y, const bram_real *x, size_t n)
{
    bram_real s[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        memcpy(s, x + at, count * sizeof *s);
        BRAM_NN(sigmoid)(s, count);
        for (size_t i = 0; i < count; i++) y[at + i] = x[at + i] * s[i];
    }
}

void BRAM_NN(act)(bram_real *y, const bram_real *x, size_t n, bram_nn_act act)
{
    if (act == BRAM_ACT_GELU || act == BRAM_ACT_GELU_TANH) {
        gelu(y, x, n, act == BRAM_ACT_GELU_TANH);
        return;
    }
    if (act == BRAM_ACT_SILU) {
        silu(y, x, n);
        return;
    }
    if (y != x) memcpy(y, x, n * sizeof *y);
    if (act == BRAM_ACT_TANH) BRAM_NN(tanh)(y, n);
    else if (act == BRAM_ACT_SIGMOID) BRAM_NN(sigmoid)(y, n);
    else if (act == BRAM_ACT_SOFTPLUS) BRAM_NN(softplus)(y, n);
    else if (act == BRAM_ACT_RELU)
        for (size_t i = 0; i < n; i++) y[i] = y[i] > 0 ? y[i] : 0;
    else if (act == BRAM_ACT_ELU)
        for (size_t i = 0; i < n; i++) y[i] = elu(y[i]);
}

/* GELU and its slope share e^(-x^2 / 2): erf(x / sqrt 2) is 1 - (a polynomial of 1 / (1 + p x))
 * times that (Abramowitz & Stegun 1964, 7.1.26, as in nn_math.c). */
#ifndef BRAM_NN_DOUBLE
BRAM_WIDE static void gelu_slope(bram_real *restrict y, bram_real *restrict x, size_t n)
{
    bram_real e[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK, x += CHUNK, y += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        for (size_t i = 0; i < count; i++) e[i] = -x[i] * x[i] / 2;
        BRAM_NN(exp)(e, count);
        for (size_t i = 0; i < count; i++) {
            bram_real v = x[i], z = (bram_real)ROOT_HALF * fabsf(v), t = 1 / (1 + 0.3275911F * z);
            bram_real p = t * 1.061405429F - 1.453152027F;
            p = p * t + 1.421413741F;
            p = p * t - 0.284496736F;
            p = p * t + 0.254829592F;
            bram_real g = copysignf(1 - p * t * e[i], v), half = (1 + g) / 2;
            y[i] = v * half;
            x[i] = half + v * (bram_real)(ROOT_2_PI / 2) * e[i];
        }
    }
}
#else
BRAM_WIDE static void gelu_slope(bram_real *y, bram_real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double half = (1 + erf(ROOT_HALF * x[i])) / 2;
        y[i] = x[i] * half;
        x[i] = half + x[i] * ROOT_2_PI / 2 * exp(-x[i] * x[i] / 2);
    }
}
#endif

void BRAM_NN(act_slope)(bram_real *y, bram_real *x, size_t n, bram_nn_act act)
{
    if (act == BRAM_ACT_GELU) gelu_slope(y, x, n);
    else
        for (size_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0, x[i] = x[i] > 0 ? 1 : 0;
}

/* dx = dy sigmoid(x) (softplus), or dy (sigmoid + x sigmoid (1 - sigmoid)) (silu). */
static void sigmoid_back(bram_real *dx, const bram_real *dy, const bram_real *x, size_t n,
                         bool is_silu)
{
    bram_real s[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK;
        memcpy(s, x + at, count * sizeof *s);
        BRAM_NN(sigmoid)(s, count);
        for (size_t i = 0; i < count; i++) {
            bram_real v = x[at + i];
            bram_real slope = is_silu ? s[i] * (1 + v * (1 - s[i])) : v > 20 ? 1 : s[i];
            dx[at + i] = dy[at + i] * slope;
        }
    }
}

void BRAM_NN(act_back)(bram_real *dx, const bram_real *dy, const bram_real *x, const bram_real *y,
                       size_t n, bram_nn_act act)
{
    switch (act) {
    case BRAM_ACT_IDENTITY:
        if (dx != dy) memcpy(dx, dy, n * sizeof *dx);
        break;
    case BRAM_ACT_TANH:
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
        break;
    case BRAM_ACT_SIGMOID:
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * y[i] * (1 - y[i]);
        break;
    case BRAM_ACT_RELU:
        for (size_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
        break;
    case BRAM_ACT_ELU:
        for (size_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : dy[i] * (y[i] + 1);
        break;
    case BRAM_ACT_SILU:
    case BRAM_ACT_SOFTPLUS:
        sigmoid_back(dx, dy, x, n, act == BRAM_ACT_SILU);
        break;
    case BRAM_ACT_GELU:
    case BRAM_ACT_GELU_TANH:
        gelu_back(dx, dy, x, n, act == BRAM_ACT_GELU_TANH);
        break;
    }
}

/* ---- softmax -------------------------------------------------------------------------------- */

void BRAM_NN(softmax)(bram_real *y, const bram_real *x, size_t rows, size_t cols, bool log_of)
{
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        bram_real most = x[0];
        double sum = 0;
        for (size_t i = 1; i < cols; i++) most = x[i] > most ? x[i] : most;
        for (size_t i = 0; i < cols; i++) y[i] = x[i] - most;
        if (log_of) {
            for (size_t i = 0; i < cols; i++) sum += exp((double)y[i]);
            for (size_t i = 0; i < cols; i++) y[i] -= (bram_real)log(sum);
            continue;
        }
        BRAM_NN(exp)(y, cols);
        for (size_t i = 0; i < cols; i++) sum += (double)y[i];
        for (size_t i = 0; i < cols; i++) y[i] /= (bram_real)sum;
    }
}

void BRAM_NN(softmax_back)(bram_real *dx, const bram_real *dy, const bram_real *y, size_t rows,
                           size_t cols, bool log_of)
{
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        double sum = 0;
        for (size_t i = 0; i < cols; i++) sum += (double)(log_of ? dy[i] : dy[i] * y[i]);
        for (size_t i = 0; i < cols; i++)
            dx[i] = log_of ? dy[i] - (bram_real)(exp((double)y[i]) * sum)
                           : y[i] * (dy[i] - (bram_real)sum);
    }
}
