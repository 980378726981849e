/*
 * network_checkpoint.h - where the training of a network stands, as a file from which it goes on.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_CHECKPOINT_H
#define BRAMBLE_BASELINES_NETWORK_CHECKPOINT_H

#include <bramble/matrix.h>
#include <bramble/context.h>

enum { BRAM_CHECKPOINT_NUMBERS = 4 };

typedef struct bram_checkpoint {
    const char *path;          /* "": there is none */
    const char *key;           /* of what fit: a hash */
    size_t n;                  /* parameters */
    float *now, *m, *v, *best; /* n each: parameters, AdamW's moments, the best parameters so far */
    double *number;            /* BRAM_CHECKPOINT_NUMBERS of the training's own */
    bram_mat *history;         /* of the shape that it has in the file */
} bram_checkpoint;

/** Writes it in place of what was there, also when a stop was asked for. */
int bram_checkpoint_write(bram_ctx *cx, const bram_checkpoint *c) BRAM_MUST_CHECK;

/**
 * Fills the arrays from the file, where there is one.
 *
 * @return BRAM_OK; BRAM_EUSAGE: it is of another fit; BRAM_EFORMAT; BRAM_EREAD; BRAM_ENOMEM
 */
int bram_checkpoint_read(bram_ctx *cx, const bram_checkpoint *c) BRAM_MUST_CHECK;

void bram_checkpoint_remove(const bram_checkpoint *c);

#endif
