/*
 * dataset_values.h - responses whose values stay in a homogenized file (core/dataset_open.c).
 */
#ifndef BRAMBLE_CORE_DATASET_VALUES_H
#define BRAMBLE_CORE_DATASET_VALUES_H

#include <bramble/dataset.h>

#include "h5.h"

#include <stdatomic.h>

/** An open file, shared by the responses whose values stay in it; the last one closes it. */
typedef struct bram_form_source {
    atomic_size_t shares;
    bram_h5 *file;
} bram_form_source;

/** Opens a file with one share, the caller's. @return BRAM_OK; errors of bram_h5_open */
int bram_form_source_open(bram_ctx *cx, bram_form_source **out, const char *path) BRAM_MUST_CHECK;

/** Gives up a share; NULL is nothing. */
void bram_form_source_free(bram_form_source *source);

/**
 * A reader of the response at a path, with a share of the file; its `release` gives all up.
 *
 * @param mask  whether a mask stands beside it
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_form_values(bram_ctx *cx, bram_reader *out, bram_form_source *source, const char *path,
                     bool mask, size_t dims) BRAM_MUST_CHECK;

/** A copy in memory of a response, without its attributes. @return BRAM_OK; errors of reading */
int bram_form_load(bram_ctx *cx, bram_response **out, const bram_response *from) BRAM_MUST_CHECK;

#endif
