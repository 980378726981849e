/*
 * nn_loss.c - losses and their gradients; see nn_loss.h.
 */
#include "nn_loss.h"

#include "wide.h"

#include <math.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

enum { CHUNK = 256 }; /* a multiple of 8 */

static const double INSIDE = 1e-8; /* added inside the logarithm, as PyTorch does */

/* @return the loss of one value; its derivative in *slope */
static double one(double x, double y, bram_nn_loss loss, double variance, double *slope)
{
    double d = x - y, a = fabs(d);
    switch (loss) {
    case BRAM_LOSS_MSE:
        *slope = 2 * d;
        return d * d;
    case BRAM_LOSS_MAE:
        *slope = (d > 0) - (d < 0);
        return a;
    case BRAM_LOSS_HUBER:
        *slope = a <= 1 ? d : d > 0 ? 1 : -1;
        return a <= 1 ? d * d / 2 : a - 0.5;
    case BRAM_LOSS_POISSON_LOG:
        *slope = exp(x) - y;
        return exp(x) - y * x;
    case BRAM_LOSS_POISSON_RATE: {
        double rate = x > 20 ? x : log1p(exp(x)), of_rate = x > 20 ? 1 : 1 / (1 + exp(-x));
        *slope = (1 - y / (rate + INSIDE)) * of_rate;
        return rate - y * log(rate + INSIDE);
    }
    case BRAM_LOSS_GAUSSIAN:
        *slope = d / variance;
        return (log(variance) + d * d / variance) / 2;
    }
    *slope = NAN;
    return NAN;
}

/* The common case, without a branch for each value; sums in 8 lanes. */
BRAM_WIDE static double squared_error(bram_real *dx, const bram_real *x, const bram_real *y,
                                      const uint8_t *mask, size_t n, double scale)
{
    double sum[8] = {0};
    bram_real twice = (bram_real)(2 * scale), d[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t count = n - at < CHUNK ? n - at : CHUNK, whole = count / 8 * 8;
        for (size_t i = 0; i < count; i++) d[i] = x[at + i] - y[at + i];
        for (size_t i = 0; mask && i < count; i++) d[i] = mask[at + i] ? d[i] : 0;
        for (size_t i = 0; i < whole; i += 8)
            for (size_t k = 0; k < 8; k++) sum[k] += (double)d[i + k] * (double)d[i + k];
        for (size_t i = whole; i < count; i++) sum[i - whole] += (double)d[i] * (double)d[i];
        for (size_t i = 0; dx && i < count; i++) dx[at + i] = twice * d[i];
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

double BRAM_NN(loss)(bram_real *dx, const bram_real *x, const bram_real *y, const uint8_t *mask,
                     size_t n, bram_nn_loss loss, double variance, double scale)
{
    double sum = 0, slope = 0;
    if (loss == BRAM_LOSS_MSE) return squared_error(dx, x, y, mask, n, scale);
    for (size_t i = 0; i < n; i++) {
        bool counts = !mask || mask[i];
        if (counts) sum += one((double)x[i], (double)y[i], loss, variance, &slope);
        if (dx) dx[i] = counts ? (bram_real)(scale * slope) : 0;
    }
    return sum;
}

double BRAM_NN(gaussian_loss)(bram_real *dx, const bram_real *x, const bram_real *y,
                              const uint8_t *mask, size_t rows, size_t units, double scale)
{
    const double most = 12;
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < units; i++) {
            size_t mean = 2 * r * units + i, log_variance = mean + units;
            bool counts = !mask || mask[r * units + i];
            double d = counts ? (double)x[mean] - (double)y[r * units + i] : 0;
            double raw = (double)x[log_variance], s = fmax(-most, fmin(most, raw));
            double pull = d * exp(-s), slope = (1 - d * pull) / 2;
            if (isnan(raw)) s = raw; /* fmax and fmin lose it */
            if (counts) sum += (s + d * pull) / 2;
            if ((raw > most && slope < 0) || (raw < -most && slope > 0)) slope = 0;
            if (dx) dx[mean] = counts ? (bram_real)(scale * pull) : 0;
            if (dx) dx[log_variance] = counts ? (bram_real)(scale * slope) : 0;
        }
    return sum;
}
