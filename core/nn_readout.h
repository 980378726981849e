/*
 * nn_readout.h - readouts of maps of features: how units are told from tokens, forward and
 * backward.
 *
 *   x  batch, height width, channels: a token for each position, row-major ("channels last")
 *   y  batch, units
 *
 *   factorized           y_j = b_j + sum_r sum_c w_jrc sum_p m_jrp x_pc    (Klindt et al. 2017,
 *                        NeurIPS; r: terms, one unless said)
 *   gaussian             y_j = b_j + sum_c w_jc x_c(z_j), z_j = mu_j + Sigma_j eps in training,
 * mu_j at test, within [-1, 1]^2; x(z) bilinear (Lurz et al. 2021, ICLR) spatial transformer
 * factorized, with maps that move and channels whose gains change from image to image:
 * nn_readout_spatial.c roi                  a learned query for each region attends to the tokens;
 * a unit reads the queries of its regions: nn_readout_roi.c
 *
 * The parameters of a readout are one array that holds its tensors one after the other. The caller
 * owns all memory: parameters, gradients (of equal shape, added to), the trace of the way forward
 * and the room of the way back, whose sizes a readout tells. So one can stand on fixed features or
 * on the layers of a network, which takes dx further back:
 *
 *   const BRAM_NN(readout) *r = &BRAM_NN(readout_gaussian);
 *   r->start(&s, w, seed);
 *   r->forward(&s, w, y, x, trace);
 *   loss of y gives dy; r->backward(&s, w, grad, dx, dy, x, trace, room);
 *   loss += r->penalty(&s, w, grad); a step of the optimizer; r->constrain(&s, w);
 *
 * Nothing here starts a thread. Draws depend on seed, draw and the row of the batch alone.
 */
#ifndef BRAMBLE_CORE_NN_READOUT_H
#define BRAMBLE_CORE_NN_READOUT_H

#include "nn_real.h"

typedef enum bram_nn_mask {
    BRAM_MASK_NONNEGATIVE, /* as published: what would be negative is 0 */
    BRAM_MASK_FREE,
    BRAM_MASK_SOFTMAX /* parameters are logits; a map sums to 1 */
} bram_nn_mask;

typedef enum bram_nn_spread {                   /* Sigma of a Gaussian readout */
                              BRAM_SPREAD_FULL, /* 2 x 2 */
                              BRAM_SPREAD_DIAGONAL,
                              BRAM_SPREAD_ISOTROPIC
} bram_nn_spread;

/** Shape and settings; a readout looks at those that are its own. */
typedef struct bram_nn_readout {
    size_t batch, height, width, channels, units;
    double l1_space, l1_features; /* penalties of |m| and |w|, means over units of their sums */

    bool training;       /* draws are made: positions, dropout */
    uint64_t seed, draw; /* draw: the number of the batch's first row among all rows ever drawn */

    size_t terms;      /* factorized, spatial transformer: 1 or more */
    bram_nn_mask mask; /* the same */

    bram_nn_spread spread;         /* gaussian */
    double place_range, deviation; /* gaussian: mu starts within +-, Sigma within +- */

    size_t reduced, hidden; /* spatial transformer: channels and units of the small network */

    /* roi */
    size_t queries, inner, heads, ff, layers; /* inner: even, a multiple of heads */
    double dropout, eps;                      /* eps: of the norms */
    const uint8_t *member;                    /* units x queries: 1 where a unit is of a region */
} bram_nn_readout;

typedef struct bram_nn_tensor {
    char name[48];     /* "mask", "layers.0.linear1.weight" */
    size_t rows, cols; /* cols 0: one dimension */
} bram_nn_tensor;

enum { BRAM_NN_READOUT_LAYERS = 8, BRAM_NN_READOUT_TENSORS = 8 + 12 * BRAM_NN_READOUT_LAYERS };

typedef struct BRAM_NN(readout) {
    const char *name;

    /** @return how many there are */
    size_t (*tensors)(const bram_nn_readout *s, bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS]);

    /** First parameters; depend on seed (of this call) alone. */
    void (*start)(const bram_nn_readout *s, bram_real *w, uint64_t seed);

    /** Numbers that the trace of a batch and the room of its way back take. */
    size_t (*trace)(const bram_nn_readout *s);
    size_t (*room)(const bram_nn_readout *s);

    void (*forward)(const bram_nn_readout *s, const bram_real *w, bram_real *y, const bram_real *x,
                    bram_real *trace);

    /** After forward with the same s, w, x: grad += that of w; dx (NULL: not wanted) written. */
    void (*backward)(const bram_nn_readout *s, const bram_real *w, bram_real *grad, bram_real *dx,
                     const bram_real *dy, const bram_real *x, bram_real *trace, bram_real *room);

    /** l1_space and l1_features: grad += that of what is returned. NULL: there is none. */
    double (*penalty)(const bram_nn_readout *s, const bram_real *w, bram_real *grad);

    /** Puts parameters back where they may be, after a step. NULL: anywhere. */
    void (*constrain)(const bram_nn_readout *s, bram_real *w);

    /** Where each unit looks, whatever the image: units x positions. NULL: nothing of the kind. */
    void (*map)(const bram_nn_readout *s, const bram_real *w, bram_real *map);

    /** Where it looked in each image of the batch that trace is of: batch x queries x positions
     *  (spatial transformer: one query). NULL: the same in all. */
    void (*attention)(const bram_nn_readout *s, const bram_real *w, const bram_real *trace,
                      bram_real *map);
} BRAM_NN(readout);

extern const BRAM_NN(readout) BRAM_NN(readout_factorized);
extern const BRAM_NN(readout) BRAM_NN(readout_gaussian);
extern const BRAM_NN(readout) BRAM_NN(readout_spatial);
extern const BRAM_NN(readout) BRAM_NN(readout_roi);

/** Numbers of all tensors. */
size_t BRAM_NN(readout_parameters)(const BRAM_NN(readout) * r, const bram_nn_readout *s);

#endif
