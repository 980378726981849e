/*
 * geometry_layers.h - a model of several layers against an area's geometry, without double dipping.
 *
 * Stimuli are cut into folds. For each fold every layer is compared with the area on the stimuli of
 * the other folds alone, and the best layer is then compared on the stimuli of the fold. The score
 * is the mean over folds: that of a model with the choice as a part of it, where the best of the
 * layers' own scores is too good by what the choice gained from the very stimuli it is scored on
 * (layer_choice.h). A comparison takes pairs of stimuli within a fold, fewer than those of a model
 * of one layer, which is compared on all.
 */
#ifndef BRAMBLE_BENCHMARKS_GEOMETRY_LAYERS_H
#define BRAMBLE_BENCHMARKS_GEOMETRY_LAYERS_H

#include "scores.h"

typedef struct bram_layered {
    size_t layers, folds;
    const char **name;     /* of each layer */
    const bram_side *side; /* of each layer: all stimuli */
    const bram_fold *fold; /* each stimulus is a test stimulus of one */
    const bram_cell *cell; /* whose benchmark and part name the draws */
} bram_layered;

/**
 * Adds the nested score of a metric ("rsa:..."), then that of each layer on all stimuli
 * ("rsa:...@LAYER").
 *
 * @param job      the area: one piece a subject, groups are the stimuli; the sides of the model are
 *                 not looked at
 * @param result   receives layers/inner and layers/chosen (layer_choice.h); NULL: not wanted
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: too few stimuli for the folds; errors of the metric
 *
 * Cost: as many comparisons as folds x layers, and for each draw one a fold.
 */
int bram_layered_add(bram_ctx *cx, bram_scores *s, const char *metric, const bram_score_job *job,
                     const bram_layered *l, bram_dataset *result) BRAM_MUST_CHECK;

#endif
