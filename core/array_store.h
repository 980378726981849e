/*
 * array_store.h - arrays by name from files of any of the common formats, each read whole into
 * memory.
 */
#ifndef BRAMBLE_CORE_ARRAY_STORE_H
#define BRAMBLE_CORE_ARRAY_STORE_H

#include <bramble/context.h>

typedef enum bram_store_kind {
    BRAM_STORE_UNKNOWN,
    BRAM_STORE_MATLAB,
    BRAM_STORE_HDF5,
    BRAM_STORE_NPY,
    BRAM_STORE_NPZ,
    BRAM_STORE_CSV,
    BRAM_STORE_SAFETENSORS
} bram_store_kind;

/** An open file of named arrays. In a table, every column is an array and "" is all of it. */
typedef struct bram_store bram_store;

/** A matrix as it stands in the file, row-major; a vector of n is n x 1. */
typedef struct bram_store_array {
    size_t rows, cols;
    double *values;
} bram_store_array;

/**
 * Opens a file by its content: MATLAB 5 or 7.3, HDF5, .npy, .npz, .safetensors, or a table of
 * text (also gzip).
 *
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: none of these, or damaged
 */
int bram_store_open(bram_ctx *cx, bram_store **out, const char *path) BRAM_MUST_CHECK;
void bram_store_close(bram_store *s);

bram_store_kind bram_store_kind_of(const bram_store *s);

/** @return "MATLAB 5 file", "NumPy array" ..., for messages */
const char *bram_store_words(const bram_store *s);

/**
 * Reads an array of numbers.
 *
 * @param name  "" is the only matrix there is; BRAM_EUSAGE with the names when there are several
 * @param out   the caller frees values with bram_free()
 * @return BRAM_OK; BRAM_EABSENT with the names there are; BRAM_EFORMAT: no numbers, more than two
 *         dimensions
 */
int bram_store_numbers(bram_ctx *cx, bram_store_array *out, bram_store *s,
                       const char *name) BRAM_MUST_CHECK;

/* In a .npy a name without "/" and ".npy" is that of an array beside it: of "time" beside
 * PATH/A.npy in PATH/A.time.npy, or a line each in PATH/A.time.txt. */

/** The arrays of a MATLAB file, a NumPy archive, a .safetensors file or, outside groups, an HDF5
 * file, by name; other kinds name none. */
size_t bram_store_arrays(const bram_store *s);
const char *bram_store_array_name(const bram_store *s, size_t i);

/** Reads a list of texts: one block, the caller frees it. Of a .safetensors file, the text `name`
 * of its metadata, as a JSON list. */
int bram_store_texts(bram_ctx *cx, char ***out, size_t *count, bram_store *s,
                     const char *name) BRAM_MUST_CHECK;

/**
 * Takes a column out of a table, so that "" is the rest; nothing for other kinds of files.
 */
int bram_store_set_aside(bram_ctx *cx, bram_store *s, const char *column) BRAM_MUST_CHECK;

/** The headings of what "" of a table is, in order; count 0 when it has none. Owned by s. */
const char *const *bram_store_headings(const bram_store *s, size_t *count);

#endif
