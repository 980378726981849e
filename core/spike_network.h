/*
 * spike_network.h - a made spiking network whose connections switch between hidden states: the
 * simulation of Li et al. 2024 (arXiv 2310.15263; demo.ipynb of onehot-hmmglm), whose truth is
 * known.
 *
 *   y[t][n] | z_t = s ~ Poisson(sigmoid(b[n] + sum over m of w[s][m][n] h[t][m])),  h: history.h,
 * exp
 *
 * Each ordered pair has probabilities of being inhibitory, absent or excitatory from a Dirichlet
 * distribution, 2 (0.1, 0.8, 0.1); each state draws its class from them and a strength
 * log(1 + 3 u); b = 0.1 (u - 1/2), u uniform. The states are a chain that stays with 0.98.
 */
#ifndef BRAMBLE_CORE_SPIKE_NETWORK_H
#define BRAMBLE_CORE_SPIKE_NETWORK_H

#include "history.h"
#include "hmm.h"

typedef struct bram_spike_network {
    size_t states, neurons;
    double *initial, *transition; /* states; states x states */
    double *weight;               /* states x neurons x neurons: [state][from][to] */
    double *bias;                 /* neurons */
    bram_mat phi;                 /* 5 x 1 */
} bram_spike_network;

int bram_spike_network_new(bram_ctx *cx, bram_spike_network *out, size_t states, size_t neurons,
                           uint64_t seed) BRAM_MUST_CHECK;
void bram_spike_network_release(bram_spike_network *w);

/**
 * One sequence from silence.
 *
 * @param state   receives rows states
 * @param counts  receives rows x neurons counts
 * @param rate    neurons numbers to work with
 */
void bram_spike_network_run(const bram_spike_network *w, size_t *state, double *counts, size_t rows,
                            bram_rng *g, double *rate);

#endif
