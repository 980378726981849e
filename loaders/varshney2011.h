/*
 * varshney2011.h - what the files of the loader varshney2011 share.
 */
#ifndef BRAMBLE_LOADERS_VARSHNEY2011_H
#define BRAMBLE_LOADERS_VARSHNEY2011_H

#include "connectome.h"

/** MATLAB files of the paper and of those who use its order of neurons. */
typedef enum bram_varshney_form {
    BRAM_VARSHNEY_NONE,
    BRAM_VARSHNEY_NAMED,    /* ConnOrdered_040903: matrices and names */
    BRAM_VARSHNEY_WEIGHTED, /* A_sendjoint: a matrix in the order of those names */
    BRAM_VARSHNEY_LIST      /* an order, classes or types of 279 neurons, and nothing else */
} bram_varshney_form;

bram_varshney_form bram_varshney_form_of(bram_ctx *cx, const char *path);

/** Adds the matrices of ConnOrdered to the layers 0 (chemical) and 1 (gap). */
int bram_varshney_read_named(bram_ctx *cx, bram_connectome *c, const char *path) BRAM_MUST_CHECK;

/** Adds the matrix of A_sendjoint to layer 0. @param names  ConnOrdered, which has its names */
int bram_varshney_read_weighted(bram_ctx *cx, bram_connectome *c, const char *path,
                                const char *names) BRAM_MUST_CHECK;

#endif
