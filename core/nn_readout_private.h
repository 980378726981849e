/*
 * nn_readout_private.h - what the readouts of nn_readout.h share: the factorized one is the last
 * step of the spatial transformer.
 */
#ifndef BRAMBLE_CORE_NN_READOUT_PRIVATE_H
#define BRAMBLE_CORE_NN_READOUT_PRIVATE_H

#include "nn_readout.h"

/** Tensors mask, features, bias: (units terms) x positions, (units terms) x channels, units. */
typedef struct BRAM_NN(factors) {
    bram_real *mask, *features, *bias;
} BRAM_NN(factors);

enum { BRAM_NN_FACTORS = 3 };

void BRAM_NN(factors_tensors)(const bram_nn_readout *s, bram_nn_tensor *tensor);
size_t BRAM_NN(factors_size)(const bram_nn_readout *s);
BRAM_NN(factors) BRAM_NN(factors_at)(const bram_nn_readout *s, const bram_real *w);
void BRAM_NN(factors_start)(const bram_nn_readout *s, bram_real *w, uint64_t seed);

/** Trace: what the maps pool, (units terms) x channels, and the maps themselves. */
size_t BRAM_NN(factors_trace)(const bram_nn_readout *s);
size_t BRAM_NN(factors_room)(const bram_nn_readout *s);

/** Once a batch, before its rows: maps from parameters. */
void BRAM_NN(factors_begin)(const bram_nn_readout *s, const bram_real *w, bram_real *trace);

/** One row: y, units, of x, positions x channels. */
void BRAM_NN(factors_row)(const bram_nn_readout *s, const bram_real *w, bram_real *y,
                          const bram_real *x, bram_real *trace);

/** Once a batch, before the ways back of its rows, and after them. */
void BRAM_NN(factors_back_begin)(const bram_nn_readout *s, bram_real *room);
void BRAM_NN(factors_row_back)(const bram_nn_readout *s, const bram_real *w, bram_real *grad,
                               bram_real *dx, const bram_real *dy, const bram_real *x,
                               bram_real *trace, bram_real *room);
void BRAM_NN(factors_back_end)(const bram_nn_readout *s, bram_real *grad, const bram_real *trace,
                               bram_real *room);

double BRAM_NN(factors_penalty)(const bram_nn_readout *s, const bram_real *w, bram_real *grad);
void BRAM_NN(factors_constrain)(const bram_nn_readout *s, bram_real *w);
void BRAM_NN(factors_map)(const bram_nn_readout *s, const bram_real *w, bram_real *map);

/** Adds penalty / units of sum |w| to the gradient; returns its value. */
double BRAM_NN(l1)(const bram_real *w, bram_real *grad, size_t n, double penalty, size_t units);

#endif
