/*
 * dataset_pack.h - a few arrays of a dataset as a run of bytes, for caches.
 *
 * Opening a homogenized file costs milliseconds, as each of its objects is looked up; unpacking
 * costs microseconds. The bytes are of this machine (order of bytes, sizes) and of this version of
 * the code: what keeps them sees to it that no other reads them. They are trusted no further than
 * any file: a length that leads beyond the end is an error.
 */
#ifndef BRAMBLE_CORE_DATASET_PACK_H
#define BRAMBLE_CORE_DATASET_PACK_H

#include <bramble/dataset.h>

#include "buffer.h"
#include "mapped_file.h"

/** Changes whenever the bytes do. */
enum { BRAM_PACK_VERSION = 1 };

/**
 * Appends the root's attributes and those of the named responses that are there, with their axes,
 * and the paths of all other responses.
 *
 * @return BRAM_OK; errors of reading a response; BRAM_ENOMEM
 */
int bram_dataset_pack(bram_ctx *cx, bram_buffer *out, const bram_dataset *ds,
                      const char *const *names, size_t count) BRAM_MUST_CHECK;

/**
 * Makes a dataset of what was packed. Responses of more than BRAM_SMALL_RESPONSE values stay in the
 * mapped file, which they share.
 *
 * @param others  the paths of the other responses, one a line; for bram_free
 * @param bytes   size bytes within the mapped file
 * @return BRAM_OK; BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_dataset_unpack(bram_ctx *cx, bram_dataset **out, char **others, bram_mapped *file,
                        const unsigned char *bytes, size_t size) BRAM_MUST_CHECK;

#endif
