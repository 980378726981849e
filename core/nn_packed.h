/*
 * nn_packed.h - products of small matrices, and with one matrix that is used again and again, as
 * the recurrent weights of a cell are at every step: its values are put in the order in which the
 * product reads them, once. BLAS does that in every call with both factors, which for the few rows
 * of a batch costs as much as the product itself, and for 64 columns a tenth of it.
 *
 * The bits of a row of what is packed beforehand do not depend on the other rows.
 */
#ifndef BRAMBLE_CORE_NN_PACKED_H
#define BRAMBLE_CORE_NN_PACKED_H

#include "linalg.h"
#include "nn_real.h"

/** Numbers that a packed matrix of depth x cols takes. */
size_t BRAM_NN(packed_size)(size_t depth, size_t cols);

/** Packs op(b), depth x cols. */
void BRAM_NN(pack)(bram_real *packed, const bram_real *b, bram_op op, size_t depth, size_t cols);

/**
 * c = a packed + plus: c rows x cols, a rows x depth.
 *
 * @param plus  NULL: nothing; c itself, or one row for all
 */
void BRAM_NN(times_packed)(bram_real *c, const bram_real *a, const bram_real *packed, size_t rows,
                           size_t cols, size_t depth, const bram_real *plus);

/**
 * c = scale op(a) op(b) + plus, of parts of larger arrays: rows lie `apart` numbers apart, as they
 * stand in memory. By BLAS where the matrices are large or there is no kernel for the processor.
 */
typedef struct BRAM_NN(product) {
    bram_real *c; /* rows x cols */
    const bram_real *a, *b;
    size_t c_apart, a_apart, b_apart;
    bram_op op_a, op_b;
    size_t rows, cols, depth;
    bram_real scale;
    const bram_real *plus; /* NULL: nothing; c itself, or one row for all */
} BRAM_NN(product);

void BRAM_NN(multiply)(const BRAM_NN(product) * p);

#endif
