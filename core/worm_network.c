/*
 * worm_network.c - a made worm nervous system; see the header for the equation.
 */
#include "worm_network.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double DENSITY = 0.12; /* chemical synapses per ordered pair; near that of the worm */
static const double GAP_DENSITY = 0.06; /* gap junctions per unordered pair */
static const double GAIN = 1.8;         /* spread of the recurrent input: irregular activity */
static const double INHIBITORY = 0.3;   /* share of classes */
static const double NOISE = 0.12;

void bram_worm_network_release(bram_worm_network *w)
{
    bram_free(w->name);
    bram_free(w->chemical);
    bram_free(w->gap);
    bram_free(w->leak);
    bram_free(w->bias);
    *w = (bram_worm_network){0};
}

/* Left and right of a class get the same synapses, mirrored, as in the animal. */
static void wire(bram_worm_network *w, bram_rng *g)
{
    size_t n = w->neurons, pairs = n / 2;
    double scale = GAIN / sqrt(DENSITY * (double)n);
    for (size_t p = 0; p < pairs; p++) {
        double sign = bram_rng_uniform(g) < INHIBITORY ? -1 : 1;
        for (size_t q = 0; q < pairs; q++)
            for (size_t side = 0; side < 2; side++) {
                double u = bram_rng_uniform(g), weight = fabs(bram_rng_normal(g));
                size_t i = 2 * p, j = 2 * q + side;
                if (u >= DENSITY || i == j) continue;
                w->chemical[i * n + j] = sign * scale * weight;
                w->chemical[(i ^ 1) * n + (j ^ 1)] = sign * scale * weight;
            }
    }
    for (size_t p = 0; p < pairs; p++) {
        w->gap[2 * p * n + 2 * p + 1] = w->gap[(2 * p + 1) * n + 2 * p] = 0.3;
        for (size_t q = p + 1; q < pairs; q++) {
            double u = bram_rng_uniform(g), weight = 0.2 * bram_rng_uniform(g);
            if (u >= GAP_DENSITY) continue;
            for (size_t side = 0; side < 2; side++) {
                size_t i = 2 * p + side, j = 2 * q + side;
                w->gap[i * n + j] = w->gap[j * n + i] = weight;
            }
        }
    }
}

int bram_worm_network_new(bram_ctx *cx, bram_worm_network *out, size_t pairs, uint64_t seed)
{
    size_t n = 2 * pairs;
    bram_worm_network w = {.neurons = n, .noise = NOISE};
    w.name = bram_alloc(cx, n, sizeof *w.name);
    w.chemical = bram_alloc(cx, n * n, sizeof *w.chemical);
    w.gap = bram_alloc(cx, n * n, sizeof *w.gap);
    w.leak = bram_alloc(cx, n, sizeof *w.leak);
    w.bias = bram_alloc(cx, n, sizeof *w.bias);
    if (!w.name || !w.chemical || !w.gap || !w.leak || !w.bias) {
        bram_worm_network_release(&w);
        return BRAM_ENOMEM;
    }
    bram_rng g = bram_rng_new(seed, "simulate/worm/network");
    wire(&w, &g);
    for (size_t i = 0; i < n; i++) {
        snprintf(w.name[i], sizeof w.name[i], "S%02u%c", (unsigned)(i / 2 + 1) % 1000,
                 i % 2 ? 'R' : 'L');
        w.leak[i] = i % 2 ? w.leak[i - 1] : 0.1 + 0.4 * bram_rng_uniform(&g);
        w.bias[i] = i % 2 ? w.bias[i - 1] : 0.3 * bram_rng_normal(&g);
    }
    *out = w;
    return BRAM_OK;
}

void bram_worm_network_step(const bram_worm_network *w, const double *x, double *next,
                            double *scratch)
{
    size_t n = w->neurons;
    double *input = scratch;
    memcpy(input, w->bias, n * sizeof *input);
    for (size_t i = 0; i < n; i++) {
        double out = tanh(x[i]);
        for (size_t j = 0; j < n; j++)
            input[j] += w->chemical[i * n + j] * out + w->gap[i * n + j] * (x[i] - x[j]);
    }
    for (size_t i = 0; i < n; i++) next[i] = x[i] + w->leak[i] * (input[i] - x[i]);
}
