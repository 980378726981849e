/*
 * training_progress.h - how far a training is, for whoever shows it.
 */
#ifndef BRAMBLE_BASELINES_TRAINING_PROGRESS_H
#define BRAMBLE_BASELINES_TRAINING_PROGRESS_H

#include <bramble/context.h>

/**
 * Tells the context's progress function "training (loss L, validation V)".
 *
 * @param loss, held  of the training and on validation rows; NaN: there is none
 */
void bram_training_progress(bram_ctx *cx, double loss, double held, size_t done, size_t total);

#endif
