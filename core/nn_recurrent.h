/*
 * nn_recurrent.h - one layer of recurrent cells over a sequence, forward and backward through time.
 * Names, shapes and order of gates are PyTorch's (torch.nn.RNN with tanh, GRU, LSTM):
 *
 *   rnn   h' = tanh(W_i x + b_i + W_h h + b_h)
 *   gru   r, z = sigmoid(.), n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h' = (1 - z) n + z h
 *   lstm  i, f, o = sigmoid(.), g = tanh(.), c' = f c + i g, h' = o tanh(c')
 *
 * and cells in continuous time, by Euler steps, each unit with a rate a (dt over its time constant)
 * of its own, a = sigmoid(leak):
 *
 *   ctrnn h' = (1 - a) h + a tanh(.)
 *   ltc   m = tanh(.), g = sigmoid(.), r = (a + g) / 2, h' = (1 - r) h + r m: the time constant
 *         depends on the input (Hasani et al. 2021), dt 1/2
 *   cfc   f, k = tanh(.), g = sigmoid(.), h' = g f + (1 - g) k (Hasani et al. 2022, at one dt)
 *
 * The products with the inputs of all steps are one, those with the states one a step; gradients of
 * the weights are one product each at the end, over all steps.
 */
#ifndef BRAMBLE_CORE_NN_RECURRENT_H
#define BRAMBLE_CORE_NN_RECURRENT_H

#include "nn_real.h"

typedef enum bram_nn_cell {
    BRAM_CELL_RNN,
    BRAM_CELL_GRU,
    BRAM_CELL_LSTM,
    BRAM_CELL_CTRNN,
    BRAM_CELL_LTC,
    BRAM_CELL_CFC,
    BRAM_CELLS
} bram_nn_cell;

typedef struct bram_nn_recurrent {
    bram_nn_cell cell;
    size_t steps, batch, inputs, hidden;
} bram_nn_recurrent;

/** Gates of a cell: rows of the weights are gates x hidden. */
size_t BRAM_NN(gates)(bram_nn_cell cell);

/** Whether its units have rates of their own (ctrnn, ltc). */
bool BRAM_NN(leaks)(bram_nn_cell cell);

/** w_ih: gates hidden x inputs; w_hh: gates hidden x hidden; biases: gates hidden; leak: hidden, of
 * cells that have rates, NULL for others. */
typedef struct BRAM_NN(cell_weights) {
    bram_real *w_ih, *w_hh, *b_ih, *b_hh, *leak;
} BRAM_NN(cell_weights);

/** What the way forward leaves for the way back. */
typedef struct BRAM_NN(cell_trace) {
    bram_real *h;      /* steps + 1, batch, hidden: h[0] is the state before, set by the caller */
    bram_real *c;      /* the same of an LSTM's cells; NULL for others */
    bram_real *gates;  /* steps, batch, gates hidden */
    bram_real *side;   /* gru: the same, the products with the state; lstm: steps, batch, hidden,
                          tanh(c); NULL for others */
    bram_real *rate;   /* hidden: sigmoid(leak); NULL where there is no leak */
    bram_real *packed; /* scratch: BRAM_NN(recurrent_packed) numbers; NULL for a few steps */
} BRAM_NN(cell_trace);

/** Numbers of trace.packed. */
size_t BRAM_NN(recurrent_packed)(const bram_nn_recurrent *shape);

/** Fills the trace from x: steps, batch, inputs. */
void BRAM_NN(recurrent)(const bram_nn_recurrent *shape, const BRAM_NN(cell_weights) * w,
                        const bram_real *x, const BRAM_NN(cell_trace) * trace);

/**
 * The way back. Gates and side of the trace are overwritten.
 *
 * @param grad  gradients of the weights, added to
 * @param dx    steps, batch, inputs; NULL: not wanted
 * @param dh0   batch, hidden: holds the gradient of the last state beyond dy, receives that of the
 *              first; dc0 the same of the cells (LSTM)
 * @param dy    steps, batch, hidden: of the outputs h[1 .. steps]
 */
void BRAM_NN(recurrent_back)(const bram_nn_recurrent *shape, const BRAM_NN(cell_weights) * w,
                             const BRAM_NN(cell_weights) * grad, bram_real *dx, bram_real *dh0,
                             bram_real *dc0, const bram_real *dy, const bram_real *x,
                             const BRAM_NN(cell_trace) * trace);

/** Recurrent weights of low rank, w = m n' / hidden: m and n are hidden x rank (Mastrogiuseppe &
 * Ostojic 2018). The way back adds to dm and dn. */
void BRAM_NN(lowrank)(bram_real *w, const bram_real *m, const bram_real *n, size_t hidden,
                      size_t rank);
void BRAM_NN(lowrank_back)(bram_real *dm, bram_real *dn, const bram_real *dw, const bram_real *m,
                           const bram_real *n, size_t hidden, size_t rank);

#endif
