/*
 * nn_stack.h - a small convolutional network from pictures to units: two to four layers of
 * convolution, normalization over the batch and ELU, then a readout of the last map
 * (nn_readout.h). What is often called a core with its readouts (Klindt et al. 2017; Lurz et al.
 * 2021).
 *
 *   x  batch, height, width, one channel
 *   y  batch, units
 *
 * Parameters are one array: of each layer w (out, side, side, in), gain, offset; then those of the
 * readout. In training means and variances are those of the batch, and running ones follow them
 * (momentum 0.1, variance over n - 1, as in PyTorch); predictions use the running ones, so that a
 * picture's depends on it alone.
 *
 * A batch is worked on in parts of BRAM_STACK_PART pictures on the context's threads; their sums
 * and gradients are added in order: the same bits for any number of threads.
 */
#ifndef BRAMBLE_CORE_NN_STACK_H
#define BRAMBLE_CORE_NN_STACK_H

#include "nn_conv.h"
#include "nn_readout.h"

enum { BRAM_STACK_LAYERS = 4, BRAM_STACK_PART = 8 };

/** Where the parameters of a layer begin in their array. */
typedef struct bram_stack_places {
    size_t weight, gain, offset;
} bram_stack_places;

typedef struct BRAM_NN(stack) {
    size_t layers;
    bram_nn_conv conv[BRAM_STACK_LAYERS];
    const BRAM_NN(readout) * readout;
    bram_nn_readout shape; /* its batch, draw and training are set for each part */
    bram_stack_places at[BRAM_STACK_LAYERS];
    size_t head;       /* where the readout's parameters begin */
    size_t parameters; /* numbers in all */
    size_t running;    /* numbers of running means and variances */
} BRAM_NN(stack);

/**
 * Fills in what follows from layers, conv and readout: the shapes of the maps from conv[0].height,
 * conv[0].width on (in, out, side and pad are given), places and counts; shape gets its map.
 *
 * @return false where a map vanishes
 */
bool BRAM_NN(stack_plan)(BRAM_NN(stack) * s);

/** First parameters (He et al. 2015: normal, variance 2 / inputs) and running means and variances.
 */
void BRAM_NN(stack_start)(const BRAM_NN(stack) * s, bram_real *w, bram_real *running,
                          uint64_t seed);

/** Pictures, and for training what units did. */
typedef struct BRAM_NN(batch) {
    size_t count;
    const bram_real *x, *y;
    const uint8_t *mask; /* count x units: 1 where y counts */
    double scale;        /* of the loss: 1 / values that count */
    uint64_t draw;       /* the number of the first picture among all ever drawn */
} BRAM_NN(batch);

/** Numbers that a batch of so many pictures needs as room, of either kind. */
size_t BRAM_NN(stack_room)(const BRAM_NN(stack) * s, size_t count);

/**
 * Loss and gradient of a batch: scale times the squared errors, and the readout's penalty.
 *
 * @param grad  written
 * @return BRAM_OK; BRAM_ECANCEL; BRAM_ENOMEM
 */
int BRAM_NN(stack_learn)(bram_ctx *cx, const BRAM_NN(stack) * s, const bram_real *w,
                         bram_real *running, bram_real *grad, double *loss,
                         const BRAM_NN(batch) * batch, bram_real *room) BRAM_MUST_CHECK;

/** y (count x units) of pictures. @return as stack_learn */
int BRAM_NN(stack_predict)(bram_ctx *cx, const BRAM_NN(stack) * s, const bram_real *w,
                           const bram_real *running, bram_real *y, const bram_real *x, size_t count,
                           bram_real *room) BRAM_MUST_CHECK;

#endif
