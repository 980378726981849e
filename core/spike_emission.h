/*
 * spike_emission.h - the HMM-GLM: hidden states in each of which every neuron is a Poisson
 * regression on the history of all (Escola et al. 2011; with priors over the states' connections:
 * Li et al. 2024, arXiv 2310.15263). An emission for hmm_em.h.
 *
 * Theta of a state is M x N (design columns x neurons): intercepts, `history` rows of weights
 * w[m][n] from history column m to neuron n, then weights of inputs. Priors of the weights:
 *   NONE      nothing but a trace (precision 1e-3), which keeps what a state never saw finite
 *   BAYES     w ~ N(centre, sigma^2), centre 0 or given (a connectome)
 *   GAUSS     w[s] ~ N(mu, sigma^2), mu common to the states and fitted; sigma given, or fitted,
 * too ONE_HOT   a class for each state and weight, inhibitory, none or excitatory, of probabilities
 *             pi common to the states (or given); w is 0 in class none and else of the class's sign
 *             with a half-normal strength. See spike_onehot.c
 * Intercepts have precision 1e-2 towards the neuron's mean rate, inputs 1e-3. Intercepts that the
 * states share are fitted in turn with the weights.
 *
 * The M-step is a step of Newton's method for every state and neuron from the iteration before
 * (poisson_glm.h), taken when it raises the objective; from nothing it goes to the maximum.
 */
#ifndef BRAMBLE_CORE_SPIKE_EMISSION_H
#define BRAMBLE_CORE_SPIKE_EMISSION_H

#include "hmm_em.h"
#include "poisson_glm.h"

typedef enum bram_glm_prior {
    BRAM_GLM_NONE,
    BRAM_GLM_BAYES,
    BRAM_GLM_GAUSS,
    BRAM_GLM_ONE_HOT
} bram_glm_prior;

/** ONE_HOT by sampling: an M-step is an epoch of Adam. See spike_gumbel.c. */
typedef struct bram_gumbel {
    double temperature; /* of the noise and of the classes' density; 0.5 */
    double rate;        /* of Adam; 0.01 */
    size_t steps;       /* for each sequence; 50 */
    uint64_t seed;
} bram_gumbel;

typedef struct bram_hmm_glm {
    bram_link link;
    double inside; /* see bram_link_apply; 0 */
    bram_glm_prior prior;
    double sigma;            /* standard deviation of BAYES and GAUSS; NaN: fitted (GAUSS) */
    double strength;         /* scale of the half-normal strengths of ONE_HOT */
    const bram_mat *centre;  /* history x N: means of BAYES; NULL: zeros */
    const bram_mat *classes; /* (3 history) x N: given probabilities inhibitory, none, excitatory of
                                ONE_HOT, a block each; NULL: fitted */
    const bram_gumbel *gumbel; /* ONE_HOT: by sampling; NULL: without (spike_onehot.c) */
    bool shared_bias;          /* the states have one intercept for each neuron */
    size_t history;            /* rows of theta that the prior is of: 1 .. history */
    double scatter;            /* standard deviation of random starts; 0.1 */

    const bram_mat *design; /* rows of all sequences below each other x M */
    const bram_mat *y;      /* as many rows x N */
    const uint8_t *present; /* as y, packed; NULL: all */
    const size_t *begin;    /* first row of each sequence, then rows */

    double *constant; /* of each row: - sum over present of log y! */
    double *base;     /* of each neuron: intercept of its mean rate */
} bram_hmm_glm;

/**
 * Fills constant and base (heap memory, freed by bram_hmm_glm_release) and the emission.
 *
 * @param e  refers to g, which must outlive it
 * @return BRAM_OK; BRAM_EUSAGE: a fitted sigma for one state (it would be 0); BRAM_ENOMEM
 */
int bram_hmm_glm_begin(bram_ctx *cx, bram_hmm_glm *g, bram_emission *e,
                       size_t states) BRAM_MUST_CHECK;
void bram_hmm_glm_release(bram_hmm_glm *g);

/** Theta of a state as a view into the model. */
bram_mat bram_hmm_glm_theta(const bram_hmm_glm *g, const bram_hmm *m, size_t state);

/** In place of the mean weights of a fit by sampling those of the most probable classes: they are
 *  what the published code decodes and scores with. Nothing for other fits. */
void bram_hmm_glm_harden(const bram_hmm_glm *g, bram_hmm *m);

/** The sequences for hmm_em.h: views of y; memory of sequences matrices from the caller. */
bram_hmm_data bram_hmm_glm_data(const bram_hmm_glm *g, bram_mat *memory, size_t sequences);

#endif
