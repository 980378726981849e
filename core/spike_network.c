/*
 * spike_network.c - a made network whose connections switch; see spike_network.h.
 */
#include "spike_network.h"

#include "link.h"

#include <math.h>
#include <string.h>

enum { WINDOW = 5 };

static const double STAY = 0.98, BETA = 1;
static const double ALPHA[3] = {0.2, 1.6, 0.2}; /* inhibitory, absent, excitatory */

/* Gamma of shape a and scale 1 (Marsaglia and Tsang 2000; shapes below 1 by their power rule). */
static double gamma_draw(bram_rng *g, double a)
{
    double boost = 1;
    if (a < 1) boost = pow(1 - bram_rng_uniform(g), 1 / a), a += 1;
    double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = bram_rng_normal(g), v = 1 + c * x;
        v = v * v * v;
        double u = 1 - bram_rng_uniform(g);
        if (v > 0 && log(u) < x * x / 2 + d - d * v + d * log(v)) return boost * d * v;
    }
}

static void draw_weights(bram_spike_network *w, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "simulate/spikes/network");
    size_t n = w->neurons;
    for (size_t i = 0; i < n * n; i++) {
        double p[3];
        for (int c = 0; c < 3; c++) p[c] = gamma_draw(&g, ALPHA[c]);
        if (!(p[0] + p[1] + p[2] > 0)) p[1] = 1;
        for (size_t s = 0; s < w->states; s++) {
            size_t class = bram_hmm_draw(&g, p, 3);
            double strength = log(1 + 3 * bram_rng_uniform(&g));
            w->weight[s * n * n + i] = ((double)class - 1) * strength;
        }
    }
    for (size_t i = 0; i < n; i++) w->bias[i] = 0.1 * (bram_rng_uniform(&g) - 0.5);
}

int bram_spike_network_new(bram_ctx *cx, bram_spike_network *out, size_t states, size_t neurons,
                           uint64_t seed)
{
    bram_spike_network w = {.states = states, .neurons = neurons};
    int status = bram_history_kernels(cx, &w.phi, BRAM_BASIS_EXP, WINDOW, 1, BETA);
    w.initial = bram_alloc(cx, states, sizeof *w.initial);
    w.transition = bram_alloc(cx, states, states * sizeof *w.transition);
    w.weight = bram_alloc(cx, states, neurons * neurons * sizeof *w.weight);
    w.bias = bram_alloc(cx, neurons, sizeof *w.bias);
    if (status != BRAM_OK || !w.initial || !w.transition || !w.weight || !w.bias) {
        bram_spike_network_release(&w);
        return status != BRAM_OK ? status : BRAM_ENOMEM;
    }
    for (size_t i = 0; i < states; i++) {
        w.initial[i] = 1 / (double)states;
        for (size_t j = 0; j < states; j++)
            w.transition[i * states + j] = states == 1 ? 1
                                           : i == j    ? STAY
                                                       : (1 - STAY) / (double)(states - 1);
    }
    draw_weights(&w, seed);
    *out = w;
    return BRAM_OK;
}

void bram_spike_network_release(bram_spike_network *w)
{
    bram_free(w->initial);
    bram_free(w->transition);
    bram_free(w->weight);
    bram_free(w->bias);
    bram_free(w->phi.data);
    *w = (bram_spike_network){0};
}

void bram_spike_network_run(const bram_spike_network *w, size_t *state, double *counts, size_t rows,
                            bram_rng *g, double *rate)
{
    size_t n = w->neurons;
    bram_chain chain = {w->states, w->initial, w->transition, 0};
    bram_hmm_sample(g, state, rows, &chain);
    for (size_t t = 0; t < rows; t++) {
        const double *weight = w->weight + state[t] * n * n;
        memcpy(rate, w->bias, n * sizeof *rate);
        for (size_t m = 0; m < n; m++) {
            double h = 0;
            for (size_t k = 1; k <= w->phi.rows && k <= t; k++)
                h += bram_row(&w->phi, k - 1)[0] * counts[(t - k) * n + m];
            for (size_t i = 0; i < n && h != 0; i++) rate[i] += h * weight[m * n + i];
        }
        bram_link_apply(BRAM_LINK_SIGMOID, 0, rate, n, rate, NULL, NULL, NULL);
        for (size_t i = 0; i < n; i++) counts[t * n + i] = (double)bram_rng_poisson(g, rate[i]);
    }
}
