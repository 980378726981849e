/*
 * varshney2011.h - what the files of the loader varshney2011 share.
 */
#ifndef BRAMBLE_LOADERS_VARSHNEY2011_H
#define BRAMBLE_LOADERS_VARSHNEY2011_H

#include "connectome.h"

/** @return whether the file is one of the MATLAB files of the paper */
bool bram_varshney_is_matlab(bram_ctx *cx, const char *path);

/** Adds the matrices to the layers 0 (chemical) and 1 (gap). */
int bram_varshney_read_matlab(bram_ctx *cx, bram_connectome *c,
                              const bram_input *input) BRAM_MUST_CHECK;

#endif
