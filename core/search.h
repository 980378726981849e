/*
 * search.h - random search for a model's options (Bergstra & Bengio 2012): specs drawn from the
 * ranges of its table, and what a fitted model is judged by, its one-step error (or that of
 * held-out units) on rows that it was not trained on.
 */
#ifndef BRAMBLE_CORE_SEARCH_H
#define BRAMBLE_CORE_SEARCH_H

#include <bramble/model.h>

/**
 * The spec of one trial, on the heap. Trial 0 is the spec itself; others draw each option that has
 * a range (bram_param.search) and that the spec does not name. A draw depends on the seed, the
 * trial and the option alone.
 *
 * @return BRAM_OK; BRAM_EUSAGE: no model, or one with nothing to draw; BRAM_ENOMEM
 */
int bram_search_spec(bram_ctx *cx, char **spec, const char *base, uint64_t seed,
                     size_t trial) BRAM_MUST_CHECK;

/**
 * Mean squared one-step error over the present target values of a panel, each unit in units of its
 * variance there (1 where that is 0). Of a model that does not forecast but tells units from others
 * (co-smoothing), the error of each unit with a quarter of all held out.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: the model does neither; errors of the answers
 */
int bram_search_error(bram_ctx *cx, double *error, const bram_fitted *model,
                      const bram_panel *panel) BRAM_MUST_CHECK;

/** Tells two searches apart: 16 hexadecimal digits of a hash of the seed and the panels' values. */
int bram_search_key(bram_ctx *cx, char key[17], uint64_t seed, const bram_panel *train,
                    const bram_panel *validation) BRAM_MUST_CHECK;

#endif
