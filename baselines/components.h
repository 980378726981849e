/*
 * components.h - principal components of the target rows of a panel.
 */
#ifndef BRAMBLE_BASELINES_COMPONENTS_H
#define BRAMBLE_BASELINES_COMPONENTS_H

#include "linalg.h"

/**
 * The leading eigenvectors of the sum of squares and products about the mean.
 *
 * @param components  D x units, D <= units: rows become the unit vectors, the leading one first
 * @param values      D sums of squares along them (over rows - 1: variances); NULL: not wanted
 * @param rows, first the segments, see bram_forecast_segments
 * @return BRAM_OK; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_components(bram_ctx *cx, bram_mat *components, double *values, const bram_mat *rows,
                    const size_t *first, size_t segments, const double *mean) BRAM_MUST_CHECK;

/** scores = (rows - mean) components'. */
int bram_component_scores(bram_ctx *cx, bram_mat *scores, const bram_mat *components,
                          const bram_mat *rows, const double *mean) BRAM_MUST_CHECK;

#endif
