/*
 * layer_choice.h - which layer of a model predicts best, chosen without a look at the test stimuli.
 *
 * For each fold f that is left out, every layer is scored on the other folds alone: fold g of them
 * is predicted from what is neither in f nor in g, and a layer's score is the mean over units of
 * Pearson's r between prediction and response, both less the training mean of their fold, over all
 * these stimuli (0 for a unit without variance). The best layer then predicts fold f. So the score
 * of the chosen layers is that of a model with the choice as a part of its fit (nested
 * cross-validation; Stone 1974, JRSS B 36:111; Varma and Simon 2006, BMC Bioinformatics 7:91),
 * where the best of the layers' own scores is too good by what the choice gained from the test
 * stimuli.
 */
#ifndef BRAMBLE_BENCHMARKS_LAYER_CHOICE_H
#define BRAMBLE_BENCHMARKS_LAYER_CHOICE_H

#include <bramble/dataset.h>
#include <bramble/metric.h>

/**
 * Fits one layer on the training stimuli of a fold, and fills the rows of its test stimuli in
 * prediction and blind (the training means), both stimuli x units.
 */
typedef int bram_layer_fn(bram_ctx *cx, void *user, size_t layer, const bram_fold *fold,
                          double *prediction, double *blind);

typedef struct bram_layer_problem {
    const bram_mat *target; /* stimuli x units */
    const uint8_t *present; /* of the target; NULL: all */
    const bram_fold *fold;  /* each stimulus is a test stimulus of one */
    size_t folds, layers;
    bram_layer_fn *predict;
    void *user;
} bram_layer_problem;

/**
 * Chooses a layer for each fold; equal scores: the first.
 *
 * @param chosen  folds numbers of layers
 * @param inner   folds x layers: the score of each on the training stimuli of the fold
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE for fewer than three folds; errors of predict; BRAM_ENOMEM
 *
 * Cost: folds x (folds - 1) x layers fits.
 */
int bram_layers_choose(bram_ctx *cx, size_t *chosen, double *inner,
                       const bram_layer_problem *p) BRAM_MUST_CHECK;

/** Adds layers/inner and layers/chosen (fold x layer, 1 where it was chosen) to a result. */
int bram_layers_keep(bram_ctx *cx, bram_dataset *result, const char *const *name, size_t layers,
                     size_t folds, const size_t *chosen, const double *inner) BRAM_MUST_CHECK;

#endif
