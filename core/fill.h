/*
 * fill.h - a response that is filled block by block and may be larger than memory.
 *
 * The values go, as float32, to a file without a name in the folder that bram_ctx_set_spill names,
 * or, without one, to memory. They may come in another order than they are read in later: sessions,
 * slices or blocks of units of a source that stands the other way round. What is never put is
 * missing.
 */
#ifndef BRAMBLE_CORE_FILL_H
#define BRAMBLE_CORE_FILL_H

#include <bramble/response.h>

typedef struct bram_fill bram_fill;

/**
 * Begins a response of 1 to BRAM_MAX_DIMS axes, each of which gains a share.
 *
 * @param order  dims numbers: which dimension varies slowest in storage, which next, ...: the last
 *               one should be long in what is put; NULL for the order of the axes
 * @return BRAM_OK; BRAM_EWRITE: the folder cannot be written; BRAM_EMEMORY: without a folder, above
 *         the budget; BRAM_ENOMEM
 */
int bram_fill_new(bram_ctx *cx, bram_fill **out, const char *name, size_t dims,
                  const bram_axis *const *axes, const size_t *order) BRAM_MUST_CHECK;

/**
 * Puts the block start .. start + count - 1, once for each value.
 *
 * @param values  product(count) values, the last dimension fastest; NaN is missing
 * @return BRAM_OK; BRAM_ESHAPE: outside the array; BRAM_ENUMERIC: infinite, or beyond float32;
 *         BRAM_EWRITE: the disk is full; BRAM_ENOMEM
 */
int bram_fill_put(bram_ctx *cx, bram_fill *f, const size_t *start, const size_t *count,
                  const double *values) BRAM_MUST_CHECK;

/** Reads a block of what was put so far; NaN where nothing was. */
int bram_fill_read(bram_ctx *cx, const bram_fill *f, const size_t *start, const size_t *count,
                   double *values) BRAM_MUST_CHECK;

const bram_axis *bram_fill_axis(const bram_fill *f, size_t dim);
size_t bram_fill_dims(const bram_fill *f);

/** Puts an axis of the same length in the place of one, as with columns that were computed; it
 * gains a share. */
void bram_fill_set_axis(bram_fill *f, size_t dim, const bram_axis *axis);

/**
 * Ends it: the response takes the values over, and f is freed, also on failure.
 *
 * @param type  BRAM_F32; or BRAM_U8, where all values are whole numbers from 0 to 255
 */
int bram_fill_end(bram_ctx *cx, bram_fill *f, bram_type type, bram_response **out) BRAM_MUST_CHECK;

/** Frees one that is not to be ended. NULL is allowed. */
void bram_fill_free(bram_fill *f);

#endif
