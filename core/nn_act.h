/*
 * nn_act.h - activations and their derivatives, as PyTorch names and computes them.
 */
#ifndef BRAMBLE_CORE_NN_ACT_H
#define BRAMBLE_CORE_NN_ACT_H

#include "nn_real.h"

typedef enum bram_nn_act {
    BRAM_ACT_IDENTITY,
    BRAM_ACT_TANH,
    BRAM_ACT_SIGMOID,
    BRAM_ACT_RELU,
    BRAM_ACT_ELU, /* alpha 1 */
    BRAM_ACT_SILU,
    BRAM_ACT_SOFTPLUS, /* linear above 20 */
    BRAM_ACT_GELU,     /* by erf */
    BRAM_ACT_GELU_TANH
} bram_nn_act;

/** y = act(x) for n values; y may be x where no gradient will be asked for. */
void BRAM_NN(act)(bram_real *y, const bram_real *x, size_t n, bram_nn_act act);

/** dx = dy act'(x), with y = act(x); dx may be dy. */
void BRAM_NN(act_back)(bram_real *dx, const bram_real *dy, const bram_real *x, const bram_real *y,
                       size_t n, bram_nn_act act);

/** y = act(x), and x becomes act'(x): for RELU and GELU, whose way back is then one product. */
void BRAM_NN(act_slope)(bram_real *y, bram_real *x, size_t n, bram_nn_act act);

/** Rows of `cols` values become probabilities (or their logarithms); y may be x. */
void BRAM_NN(softmax)(bram_real *y, const bram_real *x, size_t rows, size_t cols, bool log);
void BRAM_NN(softmax_back)(bram_real *dx, const bram_real *dy, const bram_real *y, size_t rows,
                           size_t cols, bool log);

#endif
