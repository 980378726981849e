/*
 * map_private.h - a fitted readout of maps; see map_readout.h.
 */
#ifndef BRAMBLE_BASELINES_MAP_PRIVATE_H
#define BRAMBLE_BASELINES_MAP_PRIVATE_H

#include "map_readout.h"

enum { BRAM_MAP_PARTS = 4 }; /* of a batch */

typedef struct bram_tokens_model {
    const bram_tokens_kind *kind;
    bram_nn_readout shape; /* batch 0 */
    size_t inputs;
    double *place;          /* of each input: where it stands in a row of tokens */
    bram_mat channel, unit; /* 2 x channels, 2 x units: mean, standard deviation */
    bram_mat history;       /* epoch x 4: epoch, loss, correlation held out, rate */
    float *w;
    size_t parameters;
    uint8_t *member;   /* units x regions */
    bram_axis *region; /* with ids; NULL: it has no queries */
} bram_tokens_model;

/** One part of a batch: rows, what they give, their gradients. */
typedef struct bram_tokens_part {
    bram_nn_readout s;
    float *x, *y, *dy, *grad, *trace, *room; /* dy, grad, room: NULL where nothing is learned */
    float *attention;                        /* of its rows; NULL: not wanted */
    double loss;
} bram_tokens_part;

/** Memory for parts of up to `rows` rows each, in scratch memory. */
int bram_tokens_parts(bram_ctx *cx, bram_tokens_part part[BRAM_MAP_PARTS],
                      const bram_tokens_model *m, size_t rows, bool learn,
                      bool attention) BRAM_MUST_CHECK;

/** A row of a segment as tokens in standard scores. @return also BRAM_ENUMERIC */
int bram_tokens_tokens(bram_ctx *cx, float *out, const bram_tokens_model *m, const bram_segment *g,
                       size_t row) BRAM_MUST_CHECK;

/** Trains m->w; all else of m is there. See map_readout.h. */
int bram_tokens_train(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                      const bram_panel *train, const bram_panel *validation,
                      uint64_t seed) BRAM_MUST_CHECK;

/** The regions of units and who belongs to them, by the option `roi`. */
int bram_tokens_regions(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                        const bram_axis *unit) BRAM_MUST_CHECK;

/** Numbers of a segment's part of a row, in training rows. */
static inline size_t bram_tokens_row(const bram_nn_readout *s)
{
    return s->height * s->width * s->channels;
}

#endif
