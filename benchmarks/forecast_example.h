/*
 * forecast_example.h - a few one-step forecasts beside what was recorded, for the report.
 */
#ifndef BRAMBLE_BENCHMARKS_FORECAST_EXAMPLE_H
#define BRAMBLE_BENCHMARKS_FORECAST_EXAMPLE_H

#include "forecast_answers.h"

/**
 * Adds example/recorded and example/predicted (row x unit): the first rows of the first segment,
 * and the units of largest variance in the training part.
 *
 * @param a  one-step answers of the model
 */
int bram_forecast_example(bram_ctx *cx, bram_dataset *result, const bram_slice *train,
                          const bram_forecast_answers *a) BRAM_MUST_CHECK;

#endif
