/*
 * recover.h - can a benchmark tell its models apart? Data are simulated from each fitted model on
 * the benchmark's own design, and all models are fitted to them and scored as ever: the one that
 * made the data should win (model recovery: Wilson & Collins 2019, eLife 8:e49547; for encoding and
 * geometry Han, Poggio & Cheung 2023, ICML).
 *
 * Recordings (forecast within an animal, density): the model is fitted to the training part. From
 * the first rows of each stretch on, as many as a context takes, every row is drawn around the
 * model's own one-step forecast of the rows drawn so far: normal with the residual variance of each
 * unit; 0 or 1, or Poisson, for counts. Units are drawn one by one given the past.
 *
 * Responses to stimuli (encoding, geometry): features are mapped to each unit by ridge on all
 * stimuli, and noise is added to every repeat with the variance of the repeats (of the residuals,
 * where there is one repeat).
 *
 * What was missing stays missing; times, names, gaps, numbers of repeats are those of the data.
 */
#ifndef BRAMBLE_BENCHMARKS_RECOVER_H
#define BRAMBLE_BENCHMARKS_RECOVER_H

#include "variation.h"

/**
 * Adds a variation for each of the benchmark's models and each draw.
 *
 * @param models  further models, beside the benchmark's
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no model of this task makes data; BRAM_EUSAGE; BRAM_ENOMEM
 */
int bram_recover_add(bram_ctx *cx, bram_variations *list, const bram_benchmark *b,
                     const char *const *models, size_t model_count, size_t draws) BRAM_MUST_CHECK;

/**
 * The dataset of such a variation, made from the benchmark's own, which must outlive it.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: this model makes no data; errors of models and of reading
 */
int bram_recover_data(bram_ctx *cx, bram_dataset **out, const bram_benchmark *b,
                      const bram_dataset *ds) BRAM_MUST_CHECK;

#endif
