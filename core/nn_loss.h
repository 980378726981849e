/*
 * nn_loss.h - losses over the values that count, with their gradients.
 */
#ifndef BRAMBLE_CORE_NN_LOSS_H
#define BRAMBLE_CORE_NN_LOSS_H

#include "nn_real.h"

typedef enum bram_nn_loss {
    BRAM_LOSS_MSE,          /* (x - y)^2 */
    BRAM_LOSS_MAE,          /* |x - y| */
    BRAM_LOSS_HUBER,        /* half the square up to 1, |x - y| - 1/2 beyond */
    BRAM_LOSS_POISSON_LOG,  /* e^x - y x: x is the log of the rate */
    BRAM_LOSS_POISSON_RATE, /* mu - y ln(mu + 1e-8), mu = softplus(x) */
    BRAM_LOSS_GAUSSIAN      /* (ln v + (x - y)^2 / v) / 2, v the variance; the constant left out */
} bram_nn_loss;

/**
 * The sum of losses of n outputs x against targets y, and their gradient times `scale` (1 / how
 * many values count: that of the mean).
 *
 * @param dx        written, 0 where masked; may be x; NULL: not wanted
 * @param mask      1 for each value that counts; NULL: all do. Others are not read
 * @param variance  of BRAM_LOSS_GAUSSIAN, above 0
 * @return the sum; NaN spreads
 */
double BRAM_NN(loss)(bram_real *dx, const bram_real *x, const bram_real *y, const uint8_t *mask,
                     size_t n, bram_nn_loss loss, double variance, double scale);

/**
 * The Gaussian loss with a variance for each value, (s + (x - y)^2 / e^s) / 2, s = ln v held within
 * +-12 (Nix & Weigend 1994): the sum over the values that count, and the gradient times `scale`.
 *
 * @param x     rows x 2 units: means, then s
 * @param dx    as x, 0 where masked; may be x; NULL: not wanted
 * @param y     rows x units
 * @param mask  as y; NULL: all count
 */
double BRAM_NN(gaussian_loss)(bram_real *dx, const bram_real *x, const bram_real *y,
                              const uint8_t *mask, size_t rows, size_t units, double scale);

#endif
