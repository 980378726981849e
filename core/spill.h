/*
 * spill.h - large arrays of a dataset on disk while nobody works on them.
 *
 * An import that reads one recording after the other holds one of them in memory, not all: each
 * array goes to a file in the folder that bram_ctx_set_spill names, and its response reads blocks
 * from there, as one in an HDF5 file does. The file has no name: it vanishes with the dataset, or
 * with the process, however that ends.
 */
#ifndef BRAMBLE_CORE_SPILL_H
#define BRAMBLE_CORE_SPILL_H

#include <bramble/dataset.h>

typedef struct bram_spill bram_spill;

/**
 * Moves the values and the mask of a response of the dataset from memory to disk. Pointers to them
 * end with that; bram_response_read gives the same as before. Nothing happens without a folder, to
 * less than 64 KiB, or to a response that is not in memory.
 *
 * @return BRAM_OK; BRAM_EWRITE: the folder cannot be written or the disk is full; BRAM_ENOMEM. The
 *         response is as it was on failure.
 */
int bram_dataset_spill(bram_ctx *cx, bram_dataset *ds, bram_response *r) BRAM_MUST_CHECK;

/**
 * Opens a file without a name in the folder that bram_ctx_set_spill names, for reading and writing;
 * the caller closes it. @return BRAM_OK; BRAM_EWRITE; BRAM_ENOMEM
 */
int bram_spill_file(bram_ctx *cx, int *fd) BRAM_MUST_CHECK;

/** Gives up a share of the file; the last one closes it. NULL is allowed. */
void bram_spill_free(bram_spill *spill);

/* ---- what dataset.c and response.c lend ------------------------------------------------------ */

/** @return where the dataset keeps its file; NULL stands there before the first array */
bram_spill **bram_dataset_spill_of(bram_dataset *ds);

/** Frees values and mask of a response in memory; the reader, taken over, stands for them. */
void bram_response_set_reader(bram_response *r, bram_reader reader);

#endif
