/*
 * network_checkpoint.h - where the training of a network stands, as a file from which it goes on.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_CHECKPOINT_H
#define BRAMBLE_BASELINES_NETWORK_CHECKPOINT_H

#include <bramble/model.h>

enum { BRAM_CHECKPOINT_NUMBERS = 4 };

typedef struct bram_checkpoint {
    const char *path;          /* "": there is none */
    const char *key;           /* of what fit: a hash */
    size_t n;                  /* parameters; 0: all is in history */
    float *now, *m, *v, *best; /* n each: parameters, AdamW's moments, the best parameters so far */
    double *number;            /* BRAM_CHECKPOINT_NUMBERS of the training's own */
    bram_mat *history;         /* of the shape that it has in the file; doubles stay exact */
} bram_checkpoint;

enum { BRAM_CHECKPOINT_KEY = 65 };

/** What a checkpoint belongs to: the model, its options, the seed, the rows of training and (NULL:
 * none) of validation. */
int bram_checkpoint_key(bram_ctx *cx, char key[BRAM_CHECKPOINT_KEY], const char *model,
                        const bram_options *o, uint64_t seed, const bram_panel *train,
                        const bram_panel *validation) BRAM_MUST_CHECK;

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
