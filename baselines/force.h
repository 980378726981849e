/*
 * force.h - a rate network that is trained on the output of a task and on the activity of a few of
 * its own units, which were recorded (Salatiello & Giese 2020, arXiv 2005.02211).
 *
 *   x' = (1 - a) x + a (J r + W_in u + W_fb z + b),   r = tanh(x),   z = W_out r + c,   a = 1 / tau
 *
 * Columns of y are outputs, or recorded units, whose axis says so in its column `role` ("unit");
 * the k-th of these is the network's k-th neuron. Outputs are scaled to deviation 1, units to
 * within
 * +-0.9, inputs to deviation 1. Each segment begins at x = 0.
 */
#ifndef BRAMBLE_BASELINES_FORCE_H
#define BRAMBLE_BASELINES_FORCE_H

#include "forecast.h"
#include "network_checkpoint.h"

typedef struct bram_force {
    bram_mat recurrent; /* neurons x neurons: J */
    bram_mat input;     /* neurons x inputs */
    bram_mat feedback;  /* neurons x columns, 0 of units */
    bram_mat bias;      /* 1 x neurons */
    bram_mat readout;   /* columns x neurons, 0 of units */
    bram_mat offset;    /* 1 x columns */
    bram_mat column;    /* 3 x columns: neuron of a unit or -1 of an output; mean; scale */
    bram_mat scale;     /* 2 x inputs: mean, deviation */
    bram_mat leak;      /* 1 x 1: a */
} bram_force;

/** A row of inputs, scaled; 0 where missing. */
void bram_force_input(const bram_force *f, double *u, const bram_segment *s, size_t row);

/** One step: x and r (neurons) from those before; z (columns) receives the outputs, scaled; sum
 * (neurons) is scratch. On entry z is what is fed back. */
void bram_force_step(const bram_force *f, double *x, double *r, double *z, const double *u,
                     double *sum);

/** What training goes by. */
typedef struct bram_force_settings {
    bool internal; /* units count */
    double lambda; /* by backpropagation: of the units' loss */
    double alpha;  /* by least squares: P begins as I / alpha */
    size_t passes; /* over all segments */
    size_t steps;  /* by backpropagation: of Adam */
    double rate, clip;
    bram_checkpoint checkpoint; /* its path and key */
    bool *finished;             /* receives whether training was not ended early */
} bram_force_settings;

/** Recursive least squares (force_rls.c), backpropagation through time (force_bptt.c). Both change
 * J and the readout; the latter also the inputs' weights and the bias, and it feeds nothing back.
 * A stop leaves the checkpoint; both go on from it to the same bytes. */
int bram_force_rls(bram_ctx *cx, bram_force *f, const bram_panel *train,
                   const bram_force_settings *o) BRAM_MUST_CHECK;
int bram_force_bptt(bram_ctx *cx, bram_force *f, const bram_panel *train,
                    const bram_force_settings *o) BRAM_MUST_CHECK;

#endif
