/*
 * conv_model.h - a network from pictures to units as a model: what its files share.
 */
#ifndef BRAMBLE_BASELINES_CONV_MODEL_H
#define BRAMBLE_BASELINES_CONV_MODEL_H

#include "nn_stack.h"

#include <bramble/model.h>

typedef struct bram_conv_model {
    char *pictures; /* the spec of the model that gives pixels */
    size_t size;    /* pictures are size x size */
    bram_nn32_stack stack;
    bram_mat w;       /* 1 x parameters, then running means and variances */
    bram_mat picture; /* 1 x 2: mean and deviation of pixels in training */
    bram_mat unit;    /* 2 x units: mean and deviation in training */
    bram_mat history; /* epochs x 3: loss, correlation on the rows held out, rate */
} bram_conv_model;

/** The pictures of rows as float32 on the model's scale (none yet: as they are), in scratch memory.
 *  @return BRAM_OK; BRAM_ENOTAPPLICABLE: rows without names, stimuli without pictures */
int bram_conv_pictures(bram_ctx *cx, float **out, const bram_conv_model *m,
                       const bram_dataset *known, const bram_axis *row, size_t first,
                       size_t rows) BRAM_MUST_CHECK;

/** Trains m->stack into m->w; sets picture, unit and history. See conv_train.c. */
int bram_conv_train(bram_ctx *cx, bram_conv_model *m, const bram_options *o,
                    const bram_panel *train, const bram_panel *validation,
                    uint64_t seed) BRAM_MUST_CHECK;

/** Parameters as the stack has them, in scratch memory; running ones begin at stack.parameters. */
float *bram_conv_parameters(bram_ctx *cx, const bram_conv_model *m);

#endif
