/*
 * state_checkpoint.h - a fit by expectation and maximization (core/hmm_em.h) that was stopped, as a
 * file from which the same fit goes on.
 */
#ifndef BRAMBLE_BASELINES_STATE_CHECKPOINT_H
#define BRAMBLE_BASELINES_STATE_CHECKPOINT_H

#include "hmm_em.h"

/**
 * Writes where a fit stands, in place of what was there.
 *
 * @param key  what the fit is of: a hash of options and data
 */
int bram_state_checkpoint_save(bram_ctx *cx, const bram_hmm_fit *f, const char *path,
                               const char *key) BRAM_MUST_CHECK;

/**
 * Sets an empty fit to where the file left it; where there is no file, or it is of another number
 * of states, it stays empty.
 *
 * @return BRAM_OK; BRAM_EUSAGE: the file is of another fit; BRAM_EFORMAT; BRAM_EREAD; BRAM_ENOMEM
 */
int bram_state_checkpoint_load(bram_ctx *cx, bram_hmm_fit *f, const char *path, const char *key,
                               size_t states, const bram_emission *e) BRAM_MUST_CHECK;

/** The file of one of `choices` numbers of states, as heap text: `path` itself where there is one.
 */
char *bram_state_checkpoint_path(bram_ctx *cx, const char *path, size_t states, size_t choices);

/**
 * bram_hmm_em that goes on from the file and leaves there how far it came, stopped or done: a fit
 * that is done stays until all numbers of states are (bram_state_checkpoint_remove).
 *
 * @return as bram_hmm_em; BRAM_ECANCEL says where the best so far is
 */
int bram_state_checkpoint_em(bram_ctx *cx, bram_hmm_fit *f, const char *path, const char *key,
                             size_t states, const bram_emission *e, const bram_hmm_data *d,
                             const bram_hmm_options *o) BRAM_MUST_CHECK;

/** Removes the files of all numbers of states. */
void bram_state_checkpoint_remove(bram_ctx *cx, const char *path, const int64_t *states,
                                  size_t choices);

#endif
