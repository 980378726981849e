/*
 * motor_network.h - a made motor cortex whose truth is known: a stability-optimised circuit
 * (Hennequin, Vogels & Gerstner 2014, Neuron 82:1394) that makes reaches.
 *
 * Half of its rate neurons excite, half inhibit:
 *   tau dx/dt = -x + W r(x) + h(t) + noise,   tau 200 ms,
 *   r(x) = r0 tanh(x / r0) below 0, (rmax - r0) tanh(x / (rmax - r0)) above, r0 20, rmax 100
 * W begins sparse and random with a spectral radius of 10; then the inhibitory weights go down the
 * gradient of the smoothed spectral abscissa (Vanbiervliet et al. 2009) until the abscissa of W is
 * below 0.15. Dale's signs and the mean inhibition stay.
 *
 * A reach is an initial state, a sum of the leading eigenvectors of the observability Gramian of
 * the linear circuit, which h(t) ramps in over 400 ms and lets go at movement onset. Two muscles
 * are told linearly from the rates, both non-negative.
 */
#ifndef BRAMBLE_CORE_MOTOR_NETWORK_H
#define BRAMBLE_CORE_MOTOR_NETWORK_H

#include <bramble/context.h>
#include <bramble/rng.h>

enum { BRAM_MOTOR_DIMENSIONS = 4, BRAM_MOTOR_MUSCLES = 2, BRAM_MOTOR_REACHES = 8 };

typedef struct bram_motor_network {
    size_t neurons;  /* the first half excites */
    double *weight;  /* neurons x neurons, [to][from] */
    double abscissa; /* largest real part of an eigenvalue of the weights */
    size_t steps;    /* of the descent */
    double *basis;   /* dimensions x neurons: leading eigenvectors of the Gramian, unit length */
    double target[BRAM_MOTOR_REACHES][BRAM_MOTOR_DIMENSIONS]; /* each reach's initial state in it */
    double *readout;                                          /* muscles x neurons */
    double offset[BRAM_MOTOR_MUSCLES];
} bram_motor_network;

/**
 * Makes a network from a seed.
 *
 * @param neurons  even, 20 or more
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC: it did not become stable; BRAM_ENOMEM; BRAM_ECANCEL
 */
int bram_motor_network_new(bram_ctx *cx, bram_motor_network *out, size_t neurons,
                           uint64_t seed) BRAM_MUST_CHECK;
void bram_motor_network_release(bram_motor_network *w);

enum { BRAM_MOTOR_BEFORE = 60, BRAM_MOTOR_AFTER = 60 }; /* rows of 10 ms before and from onset on */
static const double BRAM_MOTOR_ROW = 0.01;              /* seconds */

/**
 * One reach: rows from 600 ms before movement onset to 600 ms after it.
 *
 * @param rates    rows x neurons
 * @param muscles  rows x muscles
 * @param input    rows x (dimensions + 1): how far h is ramped in times the coordinates of the
 *                 initial state, and the ramp itself
 * @param place    the initial state's coordinates
 * @param noise    deviation of the noise of x in a time constant
 */
int bram_motor_reach(bram_ctx *cx, double *rates, double *muscles, double *input,
                     const bram_motor_network *w, const double *place, double noise,
                     bram_rng *g) BRAM_MUST_CHECK;

#endif
