/*
 * mlp.h - a small network that tells the class of a row: one hidden layer of rectified units and a
 * layer of class scores, trained on the cross-entropy by AdamW (Loshchilov and Hutter 2019) with
 * the training core (nn_*.h, float32).
 *
 * Columns are centred and divided by their deviation over the training rows, and every class counts
 * alike, as in classifier.h. Weights begin with He et al.'s deviations (2015); batches go through
 * the rows in random orders; the rate falls to a twentieth by half a cosine. All draws are of the
 * seed and the step alone, so the result does not depend on threads.
 *
 * A second population can be read through the same hidden code: bram_mlp_refit learns a first layer
 * for its columns and leaves the layer of scores as it is.
 */
#ifndef BRAMBLE_CORE_MLP_H
#define BRAMBLE_CORE_MLP_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef struct bram_mlp_settings {
    size_t hidden, steps, batch; /* each 1 or more */
    double rate, decay;
    uint64_t seed;
} bram_mlp_settings;

/** A fitted network, in scratch memory. */
typedef struct bram_mlp {
    size_t in, hidden, classes;
    double *mean, *scale; /* of each column */
    float *first;         /* hidden x in, then hidden offsets */
    float *last;          /* classes x hidden, then classes offsets */
    uint8_t *absent;      /* 1 for a class that had no rows: it is never told */
} bram_mlp;

/**
 * @param x      rows x columns, finite
 * @param label  of each row, 0 .. classes - 1
 * @return BRAM_OK; BRAM_ESHAPE for no rows, columns or classes, or a label beyond them;
 *         BRAM_ENUMERIC for a value that is not finite, or weights that grow without bound;
 *         BRAM_ENOMEM. Cost: O(steps batch hidden (columns + classes)) time
 */
int bram_mlp_fit(bram_ctx *cx, bram_mlp *out, const bram_mat *x, const size_t *label,
                 size_t classes, const bram_mlp_settings *s) BRAM_MUST_CHECK;

/**
 * The same with the layer of scores of `from`, whose numbers of hidden units and classes it has.
 *
 * @param out  shares `last` and `absent` of from
 */
int bram_mlp_refit(bram_ctx *cx, bram_mlp *out, const bram_mlp *from, const bram_mat *x,
                   const size_t *label, const bram_mlp_settings *s) BRAM_MUST_CHECK;

/** Scores of rows, the highest being what is told. @param score  rows x classes, the caller's */
int bram_mlp_scores(bram_ctx *cx, bram_mat *score, const bram_mlp *m,
                    const bram_mat *x) BRAM_MUST_CHECK;

#endif
