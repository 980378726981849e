/*
 * inputs.h - inputs of a forecaster beside the past of its units: behaviour, stimuli.
 *
 * Row t of x is known when row t of y is told (model.h), so x_{t+1} goes with y_t into what comes
 * next. A free run knows the inputs up to the row where it starts; that row stands for all later
 * ones. Inputs enter as (x - mean) factor with the mean of the training rows; a missing one is 0.
 */
#ifndef BRAMBLE_BASELINES_INPUTS_H
#define BRAMBLE_BASELINES_INPUTS_H

#include <bramble/model.h>

/**
 * Means and factors of the inputs of a panel.
 *
 * @param scale   receives a new 2 x inputs matrix, of no columns where the panel has no inputs
 * @param spread  the deviation that an input is to have; one that is constant has the factor 0
 * @return BRAM_OK; BRAM_ESHAPE: segments differ in their inputs; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_inputs_fit(bram_ctx *cx, bram_mat *scale, const bram_panel *train,
                    double spread) BRAM_MUST_CHECK;

/** The root of the mean variance of the units about their means: an input that deviates by so much
 * is treated as a unit is by a penalty of weights. 1 where all are constant. */
double bram_inputs_spread(const bram_panel *train, const double *mean);

/** @return BRAM_OK; BRAM_ESHAPE: the segment has other inputs; BRAM_ENUMERIC: one not finite */
int bram_inputs_check(bram_ctx *cx, const bram_mat *scale, const bram_segment *s) BRAM_MUST_CHECK;

/** The inputs that belong to row `row` of a checked segment, of its last row where it is beyond:
 * one of them, and all. */
double bram_inputs_value(const bram_mat *scale, const bram_segment *s, size_t row, size_t k);
void bram_inputs_row(const bram_mat *scale, double *out, const bram_segment *s, size_t row);

/** Rows of the segments of a panel made wider, in scratch memory: behind each the inputs of the row
 * after it. Where there are no inputs nothing is done. */
int bram_inputs_join(bram_ctx *cx, bram_mat *rows, const bram_panel *panel,
                     const bram_mat *scale) BRAM_MUST_CHECK;

/** The inputs of rows of history go on as they are: behind the forecasts of `steps` steps. */
void bram_inputs_hold(bram_mat *out, size_t steps, const bram_mat *last, size_t units);

#endif
