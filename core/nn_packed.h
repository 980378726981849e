/*
 * nn_packed.h - products with one matrix that is used again and again, as the recurrent weights of
 * a cell are at every step: its values are put in the order in which the product reads them, once.
 * BLAS does that in every call, which for the few rows of a batch costs as much as the product
 * itself.
 *
 * On processors with AVX2 each value is summed by fused multiply-adds in the order of depth. The
 * bits of a row do not depend on the other rows.
 */
#ifndef BRAMBLE_CORE_NN_PACKED_H
#define BRAMBLE_CORE_NN_PACKED_H

#include "linalg.h"
#include "nn_real.h"

/** Numbers that a packed matrix of depth x cols takes. */
size_t BRAM_NN(packed_size)(size_t depth, size_t cols);

/** Packs op(b), depth x cols. */
void BRAM_NN(pack)(bram_real *packed, const bram_real *b, bram_op op, size_t depth, size_t cols);

/** c = a packed, or c += a packed: c rows x cols, a rows x depth. */
void BRAM_NN(times_packed)(bram_real *c, const bram_real *a, const bram_real *packed, size_t rows,
                           size_t cols, size_t depth, bool add);

#endif
