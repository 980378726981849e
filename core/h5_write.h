/*
 * h5_write.h - writing HDF5 files that are also netCDF-4 files; h5_write.c is the only file that
 * writes through the HDF5 library.
 *
 *     bram_h5w *w;
 *     BRAM_TRY(bram_h5w_open(cx, &w, "out.h5", false));
 *     int status = bram_h5w_dataset(cx, w, "/time", BRAM_H5W_FLOAT64, 1, &n, time);
 *     if (status == BRAM_OK) status = bram_h5w_scale(cx, w, "/time");
 *     ...
 *     return status == BRAM_OK ? bram_h5w_commit(cx, w) : (bram_h5w_abort(w), status);
 *
 * The file is made under a temporary name in the same folder and gets its own name at the commit.
 * No times are stored and the format's version is fixed: equal calls give equal bytes.
 *
 * Paths begin with "/". Common statuses: BRAM_EWRITE the disk is full or fails; BRAM_EUSAGE the
 * name is taken or text is not UTF-8; BRAM_EINTERNAL HDF5 failed. After a failure only
 * bram_h5w_abort is allowed.
 */
#ifndef BRAMBLE_CORE_H5_WRITE_H
#define BRAMBLE_CORE_H5_WRITE_H

#include "h5.h"

typedef struct bram_h5w bram_h5w;

typedef enum bram_h5w_type {
    BRAM_H5W_FLOAT64, /* from double; fill value NaN */
    BRAM_H5W_FLOAT32, /* from double, stored as float; fill value NaN */
    BRAM_H5W_INT64,   /* from int64_t */
    BRAM_H5W_UINT8,   /* from uint8_t */
    BRAM_H5W_TEXT     /* from const char *, stored as UTF-8 strings of variable length */
} bram_h5w_type;

enum { BRAM_H5W_RANK = 8 };

/**
 * Begins a file.
 *
 * @param replace  false refuses a path that exists
 * @return BRAM_OK; BRAM_EWRITE exists, no such folder, no permission; BRAM_ENOMEM
 */
int bram_h5w_open(bram_ctx *cx, bram_h5w **out, const char *path, bool replace) BRAM_MUST_CHECK;

/** Completes the file, syncs it, gives it its name, and frees w, whatever the result. */
int bram_h5w_commit(bram_ctx *cx, bram_h5w *w) BRAM_MUST_CHECK;

/** Removes the temporary file and frees w. NULL is allowed. */
void bram_h5w_abort(bram_h5w *w);

/** Makes a group; the one above must exist. */
int bram_h5w_group(bram_ctx *cx, bram_h5w *w, const char *path) BRAM_MUST_CHECK;

/**
 * Makes a dataset. Arrays of numbers above 16 KiB are stored in compressed chunks of the shape that
 * bram_h5w_block gives.
 *
 * @param rank    1 to BRAM_H5W_RANK
 * @param values  product(dims) of them, or NULL when slabs follow
 */
int bram_h5w_dataset(bram_ctx *cx, bram_h5w *w, const char *path, bram_h5w_type type, size_t rank,
                     const size_t *dims, const void *values) BRAM_MUST_CHECK;

/** Writes the block start .. start + count - 1 of a dataset of numbers of the type it was made
 * with. */
int bram_h5w_slab(bram_ctx *cx, bram_h5w *w, const char *path, bram_h5w_type type,
                  const size_t *start, const size_t *count, const void *values) BRAM_MUST_CHECK;

/**
 * Copies the chunk of a dataset that begins at `start` from a file in which the same values are
 * stored alike, as it is stored there.
 *
 * @param copied  receives false when the two are not stored alike (as one of them is not in
 *                chunks): nothing is done then
 */
int bram_h5w_copy_chunk(bram_ctx *cx, bram_h5w *w, const char *path, const bram_h5_object *from,
                        const char *from_path, size_t rank, const size_t *start,
                        bool *copied) BRAM_MUST_CHECK;

/**
 * The shape of blocks to cut an array into: whole rows of the last dimensions as far as 65536
 * elements reach. Such a block is one run of the row-major order.
 */
void bram_h5w_block(size_t rank, const size_t *dims, size_t *block);

/** Attributes of a group or dataset. */
int bram_h5w_attr_text(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                       const char *value) BRAM_MUST_CHECK;
int bram_h5w_attr_number(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                         double value) BRAM_MUST_CHECK;
int bram_h5w_attr_integer(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                          int64_t value) BRAM_MUST_CHECK;

/** Makes a 1-D dataset a dimension scale named after itself. */
int bram_h5w_scale(bram_ctx *cx, bram_h5w *w, const char *path) BRAM_MUST_CHECK;

/** Attaches scales[d], a path, to each dimension d of a dataset. */
int bram_h5w_attach(bram_ctx *cx, bram_h5w *w, const char *path, size_t rank,
                    const char *const *scales) BRAM_MUST_CHECK;

#endif
