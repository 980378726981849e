/*
 * stimulus_features.h - answering for features that are known beforehand, wherever they come from.
 */
#ifndef BRAMBLE_BASELINES_STIMULUS_FEATURES_H
#define BRAMBLE_BASELINES_STIMULUS_FEATURES_H

#include <bramble/model.h>

/**
 * Answers BRAM_ASK_FEATURES with the sets below stimuli/features of a dataset, rows matched by
 * stimulus id.
 *
 * @param known  may be NULL: then there are none
 * @param name   one set; "" for all
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no such set, or a stimulus that it lacks; errors of reading
 */
int bram_features_answer(bram_ctx *cx, const bram_dataset *known, const char *name,
                         const bram_query *q, bram_dataset *out) BRAM_MUST_CHECK;

/** fit, save and load of a model that is known beforehand: its state is a copy of the option
 *  `name` (bram_free), and the spec says it all. */
int bram_features_fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
                      const bram_panel *validation, uint64_t seed) BRAM_MUST_CHECK;
int bram_features_save(bram_ctx *cx, const void *fitted, bram_dataset *out) BRAM_MUST_CHECK;
int bram_features_load(bram_ctx *cx, void **fitted, const bram_options *o,
                       const bram_dataset *in) BRAM_MUST_CHECK;

#endif
