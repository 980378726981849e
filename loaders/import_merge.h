/*
 * import_merge.h - datasets imported apart, put together as one import of all their files would
 * have made them.
 */
#ifndef BRAMBLE_LOADERS_IMPORT_MERGE_H
#define BRAMBLE_LOADERS_IMPORT_MERGE_H

#include <bramble/loader.h>

/** Why something was left out. */
typedef enum bram_left_out {
    BRAM_LEFT_COPY, /* what is in has the same values */
    BRAM_LEFT_FORM, /* a connectome that is in from another file: the words say what differs */
    BRAM_LEFT_CLASH /* other values under a name that is taken */
} bram_left_out;

/** Learns what was left out and why. */
typedef void bram_left_out_fn(void *user, bram_left_out why, const char *what);

/**
 * Reads parts, written by bram_dataset_write, and writes them as one dataset: recordings,
 * responses, tables and connectomes in the order of the parts, one import_report, the sources of
 * all. A recording (or what else has a path) that an earlier part has is left out and told, unless
 * it is a table equal to that one. Of connectomes with one name and a common layer the one with the
 * most edges is in, of those with as many the first; the others are left out whole.
 *
 * The bytes are those of a single import: chunks of values are copied as they are.
 *
 * @param missing  files that could not be imported, for the history; may be NULL
 * @return BRAM_OK; errors of opening and writing
 */
int bram_import_merge(bram_ctx *cx, const char *path, const char *const *parts, size_t count,
                      const char *missing, bram_left_out_fn *left_out, void *user) BRAM_MUST_CHECK;

#endif
