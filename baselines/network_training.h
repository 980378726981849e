/*
 * network_training.h - what the training of a network consists of: its memory and windows
 * (network_windows.c), a step and validation (network_step.c). The whole is in network_train.c.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_TRAINING_H
#define BRAMBLE_BASELINES_NETWORK_TRAINING_H

#include "network.h"
#include "network_checkpoint.h"
#include "nn_layer.h"
#include "nn_step.h"

/* Halves of a batch, which are tasks; rows that a readout takes at once. */
enum { BRAM_TRAINING_HALVES = 2, BRAM_TRAINING_ROWS = 512 };

/** A segment, and its rows as inputs (0 where missing): rows x units. */
typedef struct bram_training_source {
    const bram_segment *s;
    const float *scaled;
} bram_training_source;

/** A window of a batch. */
typedef struct bram_training_place {
    const bram_training_source *source;
    size_t first;
} bram_training_place;

/** One half of a batch: what goes in, what is wanted, what the way forward leaves. */
typedef struct bram_training_half {
    bram_pass pass;
    bram_training_place *place;    /* of each window */
    float *x, *target, *out;       /* rows of inputs, of units; BRAM_TRAINING_ROWS of outputs */
    uint8_t *mask, *hidden;        /* as target; one row */
    float *room, *dtop, *dweights; /* the body's; rows of width; parameters */
    double *value;                 /* of the units, on their way from a forecast to an input */
    double loss;
    size_t counted;
} bram_training_half;

/** Where the training stands, as a checkpoint has it. */
enum {
    BRAM_TRAINING_DONE,    /* steps */
    BRAM_TRAINING_IN_VAIN, /* checks without a better loss */
    BRAM_TRAINING_LEAST,   /* loss */
    BRAM_TRAINING_CHECKS   /* rows of the history */
};

typedef struct bram_training {
    bram_network *n;
    const bram_panel *train, *validation;
    bram_training_source *source[2]; /* segments for training, for validation */
    size_t window, burn, batch, steps, check, patience;
    size_t horizon, freed; /* freed: the last step before free runs; steps where there are none */
    size_t ahead, burnt;   /* of this step: rows of its free runs (1: none), rows without loss */
    bram_nn_rule rule;
    double most;     /* norm of gradients */
    double *squares; /* of each tensor's gradient */
    float factor;    /* by which gradients are clipped */
    bool finished;   /* not ended early */
    uint64_t step;
    uint64_t seed;
    char key[BRAM_CHECKPOINT_KEY];
    size_t places; /* where windows may begin, in all segments */
    bram_training_half half[BRAM_TRAINING_HALVES];
    double scale; /* 1 / values that count in this step */
    float *m, *v, *best;
    double number[BRAM_CHECKPOINT_NUMBERS];
    bram_checkpoint checkpoint;
    bool guides; /* it is trained for the sake of another one's first weights */
} bram_training;

/* ---- network_windows.c ---------------------------------------------------------------------- */

/** All that a training works in, in scratch memory: its sizes are set. */
int bram_training_memory(bram_ctx *cx, bram_training *t) BRAM_MUST_CHECK;

/** The rows of a panel's segments, scaled, in scratch memory. */
int bram_training_sources(bram_ctx *cx, bram_training_source **out, const bram_network *n,
                          const bram_panel *panel) BRAM_MUST_CHECK;

/** In how many rows of a segment a window may begin. */
size_t bram_training_places(const bram_training *t, const bram_segment *s);

/** Draws where the windows of a step begin. */
void bram_training_draw(bram_training *t, uint64_t step);

/** A task of bram_parallel_for: the windows of half `task` of the batch; user: the training. */
int bram_training_fill(bram_ctx *cx, size_t task, void *user);

/**
 * Rows first .. first + steps - 1 of a segment into window w of a half, with their targets. The
 * first `burn` targets do not count, nor those that are context.
 */
void bram_training_window(const bram_network *n, bram_training_half *h, size_t w,
                          const bram_training_source *from, size_t first, size_t burn, bram_rng *g);

/* ---- network_step.c ------------------------------------------------------------------------- */

/** One step. @return BRAM_OK; BRAM_ENUMERIC naming step and tensor of a gradient that is none */
int bram_training_step(bram_ctx *cx, bram_training *t, uint64_t step, double *loss) BRAM_MUST_CHECK;

/** The mean loss over the validation panel; NaN where nothing counts. */
int bram_training_validate(bram_ctx *cx, bram_training *t, double *loss) BRAM_MUST_CHECK;

/** The mean loss of free runs over the validation panel; NaN where no window lies in it. */
int bram_training_validate_runs(bram_ctx *cx, bram_training *t, double *loss) BRAM_MUST_CHECK;

#endif
