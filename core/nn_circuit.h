/*
 * nn_circuit.h - a recurrent network whose units are the neurons of a connectome: synapses where
 * there are synapses, forward and backward through time.
 *
 * The state h has a number for each neuron. A row of a recording corrects it where neurons are
 * recorded, with a learned gain; the corrected state moves by one Euler step of rate neurons with
 * chemical synapses and gap junctions; what is recorded is told from the new state:
 *
 *   e_i = h_i + k_u (s_u x_u + o_u - h_i)        neuron i recorded as unit u and present; else h_i
 *   h'_i = e_i + a_i (sum_j W_ij tanh(e_j) + sum_j G_ij (e_j - e_i) + b_i - e_i)
 *   y_u = (h'_i - o_u) / s_u
 *
 * (rate model of Wicks, Roehrig & Rankin 1996 in discrete time, with an observer after Luenberger
 * 1966). a and k are sigmoids, s an exponential of learned numbers. W_ij of an edge j -> i with the
 * sign +1 or -1 (Dale: that of its source) is sign softplus(v), of an edge whose sign is not known
 * v; G is softplus(v), the same both ways. Elsewhere both are 0.
 */
#ifndef BRAMBLE_CORE_NN_CIRCUIT_H
#define BRAMBLE_CORE_NN_CIRCUIT_H

#include "nn_real.h"

/** Who is wired to whom. */
typedef struct bram_nn_wiring {
    size_t neurons, edges, gaps, units;
    const uint32_t *from, *to; /* of each edge; each ordered pair once, never a neuron and itself */
    const int8_t *sign;        /* of each edge: 1, -1, 0: not known */
    const uint32_t *one, *other; /* ends of each gap junction; each pair once */
    const uint32_t *neuron;      /* of each recorded unit; each neuron at most once */
} bram_nn_wiring;

typedef struct bram_nn_circuit {
    const bram_nn_wiring *wiring;
    size_t steps, batch;
    bool masked; /* rows of x end with a 1 for each unit that is present */
} bram_nn_circuit;

/** What is learned, or its gradient. */
typedef struct BRAM_NN(circuit_weights) {
    bram_real *chemical, *gap;        /* edges; gaps */
    bram_real *leak, *bias;           /* neurons: logit of a; b */
    bram_real *gain, *scale, *offset; /* units: logit of k; log of s; o */
} BRAM_NN(circuit_weights);

/** What the way forward leaves for the way back. */
typedef struct BRAM_NN(circuit_trace) {
    bram_real *h;       /* steps + 1, batch, neurons: h[0] is the state before, set by the caller */
    bram_real *e, *m;   /* steps, batch, neurons: corrected states, and tanh of them */
    bram_real *y;       /* steps, batch, units */
    bram_real *matrix;  /* 4 neurons^2: W, G with -sum on the diagonal, and gradients of both */
    bram_real *sum;     /* steps, batch, neurons: of the way back */
    bram_real *through; /* batch, neurons: of the way back */
    bram_real *small;   /* neurons + 3 units: a, k, s, 1 / s */
} BRAM_NN(circuit_trace);

/** Numbers of trace.small and trace.matrix. */
size_t BRAM_NN(circuit_small)(const bram_nn_wiring *w);
size_t BRAM_NN(circuit_matrix)(const bram_nn_wiring *w);

/** The strength of a synapse or gap junction from its learned number, and the other way round (of a
 * strength above 0, if it has a sign). */
double BRAM_NN(strength)(double v, int sign);
double BRAM_NN(strength_inverse)(double strength, int sign);

/** y of a state (batch x neurons) alone: what is told before there is a row. */
void BRAM_NN(circuit_read)(bram_real *y, const bram_nn_wiring *w,
                           const BRAM_NN(circuit_weights) * p, const bram_real *h, size_t batch);

/** Fills the trace from x: steps, batch, units (twice as many, if masked). */
void BRAM_NN(circuit)(const bram_nn_circuit *c, const BRAM_NN(circuit_weights) * p,
                      const bram_real *x, const BRAM_NN(circuit_trace) * trace);

/**
 * The way back.
 *
 * @param grad  gradients, added to
 * @param dx    steps, batch, inputs of x: written, 0 for the mask; NULL: not wanted
 * @param dh    batch, neurons: holds the gradient of the last state beyond dy, receives that of the
 *              first
 * @param dy    steps, batch, units
 */
void BRAM_NN(circuit_back)(const bram_nn_circuit *c, const BRAM_NN(circuit_weights) * p,
                           const BRAM_NN(circuit_weights) * grad, bram_real *dx, bram_real *dh,
                           const bram_real *dy, const bram_real *x,
                           const BRAM_NN(circuit_trace) * trace);

#endif
