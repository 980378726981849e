/*
 * spike_model.h - what the Poisson models of spike counts share: K hidden states (1: a plain GLM),
 * in each of which the rate of a unit depends on the history of all units and on inputs.
 *
 *   eta[k][t][n] = theta[k][0][n] + sum over m, b of theta[k][1 + m B + b][n] h[t][m B + b]
 *                  + sum over d of theta[k][1 + N B + d][n] x[t][d]
 *   y[t][n] | z_t = k  ~  Poisson(link(eta)),   h: history.h,   z: a Markov chain
 *
 * Answers look at the past through the filter alone: STEP is the sum over k of p(k | rows before)
 * times the rate; FREE_RUN rolls the states with the transition matrix and feeds mean rates back,
 * from the second step on none above the unit's largest count of training (an exponential of its
 * own output can run away: Gerhard, Deger and Truccolo 2017); LOGLIK takes the units of a bin in
 * order, each given the bins before and the units before it in its bin, so that the sum over units
 * and bins is log p(y), the filter's evidence; COSMOOTH smooths the states with the units that may
 * be seen. Inputs after the start of a free run stand at their training means, and so does what is
 * missing or before the first row, in histories; a missing count says nothing about the states.
 */
#ifndef BRAMBLE_BASELINES_SPIKE_MODEL_H
#define BRAMBLE_BASELINES_SPIKE_MODEL_H

#include "history.h"
#include "hmm.h"
#include "link.h"

#include <bramble/model.h>

typedef struct bram_spike_model {
    size_t units, states, inputs;
    bram_link link;
    bram_mat phi;        /* W x B */
    bram_mat theta;      /* (states M) x units, M = 1 + units B + inputs */
    bram_mat initial;    /* 1 x states */
    bram_mat transition; /* states x states */
    bram_mat mean;       /* 1 x units: training means */
    bram_mat most;       /* 1 x units: the largest count of training, at least 1 */
    bram_mat input_mean; /* 1 x inputs */
    bram_mat choice; /* for each number of states tried: it, log p per value of validation, and of
                        several the interval of its difference to the best (state_choice.h) */
} bram_spike_model;

void bram_spike_model_free(bram_spike_model *m);

/** Answers STEP, FREE_RUN, LOGLIK, COSMOOTH, STATES and WEIGHTS. See bram_model.answer. */
int bram_spike_model_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                            bram_dataset *out) BRAM_MUST_CHECK;
int bram_spike_model_save(bram_ctx *cx, const void *fitted, bram_dataset *out) BRAM_MUST_CHECK;

/** @param link  of the options: the state does not hold it */
int bram_spike_model_load(bram_ctx *cx, bram_spike_model **out, bram_link link,
                          const bram_dataset *in) BRAM_MUST_CHECK;

/** Target rows of all segments below each other, as fits want them: those whose whole history is
 *  there (all, where none is). Heap memory. */
typedef struct bram_spike_data {
    size_t segments, *begin; /* first row of each segment that has targets, then all rows */
    bram_mat y;              /* rows x units */
    uint8_t *present;        /* as y; NULL: all */
    bram_mat design;         /* rows x (1 + units B + inputs) */
} bram_spike_data;

/**
 * Means, kernels and shapes of a new model from its training data; theta is all zeros.
 *
 * @param inputs  whether x is looked at
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no rows, or counts that are none (negative, fractions);
 *         BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_spike_model_begin(bram_ctx *cx, bram_spike_model **out, const bram_panel *train,
                           size_t states, bram_link link, bram_mat phi,
                           bool inputs) BRAM_MUST_CHECK;

/** A model of the same kernels, units and means with this many states, theta and chain zero. */
int bram_spike_model_copy(bram_ctx *cx, bram_spike_model **out, const bram_spike_model *like,
                          size_t states) BRAM_MUST_CHECK;

/** The panel's target rows with their histories. */
int bram_spike_data_make(bram_ctx *cx, bram_spike_data *out, const bram_spike_model *m,
                         const bram_panel *panel) BRAM_MUST_CHECK;
void bram_spike_data_release(bram_spike_data *d);

/** log p(y_t | past) and the number of present counts of each target row of a panel. */
int bram_spike_model_bins(bram_ctx *cx, double *bin, double *count, const bram_spike_model *m,
                          const bram_panel *panel) BRAM_MUST_CHECK;

/** Sum of log p(y_t | past) over the target rows of a panel, and the number of present counts. */
int bram_spike_model_evidence(bram_ctx *cx, double *sum, size_t *counts, const bram_spike_model *m,
                              const bram_panel *panel) BRAM_MUST_CHECK;

#endif
