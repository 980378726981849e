/*
 * bundle.h - the files below a folder, or the members of a zip or tar archive, by name: what is
 * published either way is read by one code.
 */
#ifndef BRAMBLE_CORE_BUNDLE_H
#define BRAMBLE_CORE_BUNDLE_H

#include "npy.h"

typedef struct bram_bundle bram_bundle;

/**
 * Lists a folder or an archive. Hidden files are left out; links to folders are not followed.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: neither, or more than a million
 *         files, or folders nested deeper than 16; BRAM_ENOMEM
 */
int bram_bundle_open(bram_ctx *cx, bram_bundle **out, const char *path) BRAM_MUST_CHECK;
void bram_bundle_close(bram_bundle *b);

/** The names, relative to the folder, in byte order; without a folder that all of them are in. */
size_t bram_bundle_count(const bram_bundle *b);
const char *bram_bundle_name(const bram_bundle *b, size_t i);

/** @return the position of a name, or -1 */
ptrdiff_t bram_bundle_find(const bram_bundle *b, const char *name);

/** @return the bytes of all files of a folder; 0 for an archive */
double bram_bundle_bytes(const bram_bundle *b);

/** Opens an array by name. BRAM_EFORMAT when there is none; messages name bundle and array. */
int bram_bundle_npy(bram_ctx *cx, bram_npy **out, const bram_bundle *b,
                    const char *name) BRAM_MUST_CHECK;

typedef int bram_bundle_fn(bram_ctx *cx, void *user, size_t file, const bram_npy *array);

/**
 * Calls `each` with every array that is wanted: those of an archive in the order in which they
 * stand there, so that it is read once. Ends with the first failure.
 */
int bram_bundle_each(bram_ctx *cx, const bram_bundle *b, bool (*wanted)(void *user, size_t file),
                     bram_bundle_fn *each, void *user) BRAM_MUST_CHECK;

/** SHA-256 over the names of a folder's files and their bytes. @return as bram_sha256_file */
int bram_bundle_hash(bram_ctx *cx, char hex[65], const bram_bundle *b) BRAM_MUST_CHECK;

#endif
