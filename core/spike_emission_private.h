/*
 * spike_emission_private.h - what spike_emission.c, spike_onehot.c and spike_gumbel.c share.
 */
#ifndef BRAMBLE_CORE_SPIKE_EMISSION_PRIVATE_H
#define BRAMBLE_CORE_SPIKE_EMISSION_PRIVATE_H

#include "spike_emission.h"

/** Numbers of a state and in common that ONE_HOT keeps beside theta. */
size_t bram_onehot_state_numbers(const bram_hmm_glm *g);
size_t bram_onehot_shared_numbers(const bram_hmm_glm *g);

/**
 * One step for a state whose problem (weights, priors of intercept and inputs) is p.
 *
 * @param first  the state holds nothing but a start of its theta
 * @param sure   halved where the bound would fall
 */
int bram_onehot_step(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, size_t state,
                     const bram_glm *p, bool first, bool sure) BRAM_MUST_CHECK;

/** Theta of a state from nothing: the maximum with half-normal strengths of either sign. */
int bram_onehot_begin(bram_ctx *cx, const bram_hmm_glm *g, bram_mat *theta,
                      const bram_glm *p) BRAM_MUST_CHECK;

/** The class probabilities from all states, after their steps. */
void bram_onehot_classes(const bram_hmm_glm *g, bram_hmm *m);

/** What the classes add to the bound, theta's own prior aside. */
double bram_onehot_log_prior(const bram_hmm_glm *g, const bram_hmm *m);

/* ---- the one-hot prior by sampling (spike_gumbel.c) ------------------------------------------ */

size_t bram_gumbel_state_numbers(const bram_hmm_glm *g);
size_t bram_gumbel_shared_numbers(const bram_hmm_glm *g);

/** An epoch of steps; p: the problem of all rows, its weights those of the first state. */
int bram_gumbel_epoch(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_glm *p,
                      size_t sequences) BRAM_MUST_CHECK;
double bram_gumbel_log_prior(const bram_hmm_glm *g, const bram_hmm *m);

/**
 * Log density of the classes of one weight.
 *
 * @param slope        its derivatives by the three logits; NULL: not wanted
 * @param prior_slope  its derivatives by the three of log_pi, which sum to 0; NULL: not wanted
 */
double bram_gumbel_density(double *slope, double *prior_slope, const double *logits,
                           const double *log_pi, double tau);

/** The weight of three logits and a raw strength; hard: of the most probable class. */
double bram_gumbel_weight(const double *logits, double raw, bool hard);

#endif
