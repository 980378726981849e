/*
 * spike_emission_private.h - what spike_emission.c and spike_onehot.c share.
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
 */
int bram_onehot_step(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, size_t state,
                     const bram_glm *p, bool first) BRAM_MUST_CHECK;

/** The class probabilities from all states, after their steps. */
void bram_onehot_classes(const bram_hmm_glm *g, bram_hmm *m);

/** What the classes add to the bound, theta's own prior aside. */
double bram_onehot_log_prior(const bram_hmm_glm *g, const bram_hmm *m);

#endif
