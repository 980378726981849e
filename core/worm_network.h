/*
 * worm_network.h - a made worm nervous system whose truth is known: the simulated suite records it,
 * the model `true-worm` forecasts with it.
 *
 * Rate neurons with chemical synapses (Dale: a neuron's outgoing weights share one sign), gap
 * junctions and noise, one step being one sample:
 *   x[t+1] = x[t] + a o (-x[t] + W' tanh(x[t]) + G (x_j - x_i) + b) + s e[t],   e ~ N(0, I)
 * (rate model with chemical and electrical coupling as in Wicks, Roehrig & Rankin 1996, J Neurosci
 * 16:4017, in discrete time). Left-right pairs share class, inputs and sign.
 */
#ifndef BRAMBLE_CORE_WORM_NETWORK_H
#define BRAMBLE_CORE_WORM_NETWORK_H

#include <bramble/context.h>

typedef struct bram_worm_network {
    size_t neurons;
    char (*name)[8];  /* "S01L", "S01R": not names of real neurons */
    double *chemical; /* neurons x neurons, [from][to], signed; zero: no synapse */
    double *gap;      /* neurons x neurons, symmetric */
    double *leak, *bias;
    double noise;
} bram_worm_network;

/** Makes a network from a seed. @param pairs left-right pairs: half the neurons */
int bram_worm_network_new(bram_ctx *cx, bram_worm_network *out, size_t pairs,
                          uint64_t seed) BRAM_MUST_CHECK;
void bram_worm_network_release(bram_worm_network *w);

/** The expected next state: x and next are `neurons` numbers and may be the same. */
void bram_worm_network_step(const bram_worm_network *w, const double *x, double *next,
                            double *scratch);

#endif
