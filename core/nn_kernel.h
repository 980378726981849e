/*
 * nn_kernel.h - the innermost loops of products of networks: a block of rows times a panel of
 * columns, its sums in registers. As wide as the kernels that BLAS has chosen: AVX-512, AVX2, or
 * plain C.
 *
 * Each value is summed in the order of depth, in the first two by fused multiply-adds, so the bits
 * of a row do not depend on the other rows.
 */
#ifndef BRAMBLE_CORE_NN_KERNEL_H
#define BRAMBLE_CORE_NN_KERNEL_H

#include "nn_real.h"

enum { BRAM_KERNEL_MOST_ROWS = 8, BRAM_KERNEL_MOST_PANEL = 32 };

/** c = scale a panel + plus, of all columns of a panel. */
typedef struct BRAM_NN(block) {
    bram_real *c;
    const bram_real *plus; /* NULL: nothing */
    const bram_real *a;
    const bram_real *panel; /* depth x columns of a panel */
    size_t c_apart, plus_apart, a_apart;
    size_t depth;
    bram_real scale;
} BRAM_NN(block);

typedef void BRAM_NN(block_fn)(const BRAM_NN(block) * block);

typedef struct BRAM_NN(kernel) {
    size_t panel, rows; /* columns of a panel; most rows of a block */
    bool quick;         /* faster than BLAS on small matrices */

    /* [0]: rows of a lie a_apart numbers apart; [1]: its columns do. [1 .. rows]: by rows */
    BRAM_NN(block_fn) * block[2][BRAM_KERNEL_MOST_ROWS + 1];
} BRAM_NN(kernel);

/** The same one all through a process. */
const BRAM_NN(kernel) * BRAM_NN(best_kernel)(void);

#endif
