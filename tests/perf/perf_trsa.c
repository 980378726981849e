/*
 * perf_trsa.c - geodesic distances on 1000 conditions: a graph of 5 nearest neighbours, the two
 * steps of topological RSA on its sparsest and on its default thresholds, and a grid of thresholds
 * from ranks taken once.
 *
 * Targets are wall seconds on 2 idle cores. Processor seconds are held against twice that, which a
 * busy machine does not change; TopologicalRSA took 118 (neighbours) and 3.1 processor seconds.
 */
#include "geodesic.h"
#include "gt_transform.h"
#include "perf.h"
#include "rdm.h"

#include <math.h>

enum { N = 1000, P = 20, RUNS = 3 };

struct input {
    bram_ctx *cx;
    size_t pairs;
    double *d, *r, *g, *weight;
    bram_order order;
};

static int make(struct input *in)
{
    double *x = malloc(sizeof *x * N * P);
    bram_rng g = bram_rng_new(1, "perf trsa");
    for (size_t k = 0; k < (size_t)N * P; k++) x[k] = bram_rng_normal(&g);
    bram_side side = {.values = {x, N, P, P}};
    in->pairs = bram_rdm_pairs(N);
    in->r = malloc(sizeof *in->r * in->pairs);
    in->g = malloc(sizeof *in->g * in->pairs);
    in->weight = malloc(sizeof *in->weight * in->pairs);
    for (size_t k = 0; k < in->pairs; k++) in->weight[k] = 1;
    BRAM_TRY(bram_rdm_new(in->cx, &in->d, &side, BRAM_RDM_EUCLIDEAN));
    free(x);
    return BRAM_OK;
}

static int ranks(struct input *in)
{
    bram_free(in->order.index);
    in->order.index = NULL;
    BRAM_TRY(bram_order_new(in->cx, &in->order, in->d, in->pairs));
    return bram_scaled_ranks(in->r, in->d, &in->order, in->weight, in->pairs) ? BRAM_OK
                                                                              : BRAM_ENUMERIC;
}

static int nearest(struct input *in)
{
    BRAM_TRY(bram_nearest_edges(in->cx, in->g, in->r, N, 5, BRAM_NEIGHBOURS_UNION, NULL));
    return bram_shortest_paths(in->cx, in->g, in->g, N);
}

static int two_step(struct input *in, double low, double high)
{
    bram_gt gt = {.low = low, .high = high};
    bram_gt_transform(in->g, in->r, &in->order, in->weight, in->pairs, &gt);
    bram_short_edges(in->g, in->g, in->pairs, 1, false);
    return bram_shortest_paths(in->cx, in->g, in->g, N);
}

static int sparse(struct input *in)
{
    return two_step(in, 0, 0.075);
}

static int dense(struct input *in)
{
    return two_step(in, 0.2, 0.8);
}

static int grid(struct input *in)
{
    for (int l = 0; l <= 20; l++)
        for (int u = l; u <= 20; u++) {
            bram_gt gt = {.low = 0.05 * l, .high = 0.05 * u};
            bram_gt_transform(in->g, in->r, &in->order, in->weight, in->pairs, &gt);
        }
    return BRAM_OK;
}

static int measure(struct input *in, const char *what, int (*run)(struct input *), double target)
{
    double cpu[RUNS], wall[RUNS];
    char line[80];
    for (int i = 0; i < RUNS; i++) {
        double from = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (run(in) != BRAM_OK) {
            fprintf(stderr, "%s: %s\n", what, bram_ctx_message(in->cx));
            return 0;
        }
        wall[i] = seconds_of(CLOCK_MONOTONIC) - from;
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    }
    snprintf(line, sizeof line, "%s, processor time", what);
    int met = figure(line, median_of(cpu, RUNS), "s", 2 * target);
    snprintf(line, sizeof line, "%s, wall time, least", what);
    median_of(wall, RUNS);
    figure(line, wall[0], "s", 0);
    return met;
}

int main(void)
{
    bram_init();
    struct input in = {.cx = bram_ctx_new()};
    bram_ctx_set_threads(in.cx, 2);
    if (make(&in) != BRAM_OK) return 1;
    int met = measure(&in, "order and ranks", ranks, 0.5);
    met &= measure(&in, "5 nearest neighbours", nearest, 0.5);
    met &= measure(&in, "two-step, l=0 u=0.075", sparse, 1);
    met &= measure(&in, "two-step, l=0.2 u=0.8", dense, 1);
    met &= measure(&in, "231 thresholds from one order", grid, 2);
    bram_free(in.order.index);
    bram_free(in.d);
    free(in.r);
    free(in.g);
    free(in.weight);
    bram_ctx_free(in.cx);
    return !met;
}
