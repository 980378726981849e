/*
 * import_merge.h - datasets imported apart, put together as one import of all their files would
 * have made them.
 */
#ifndef BRAMBLE_LOADERS_IMPORT_MERGE_H
#define BRAMBLE_LOADERS_IMPORT_MERGE_H

#include <bramble/loader.h>

/** Learns what was left out and why; copy: what is in has the same values. */
typedef void bram_left_out_fn(void *user, bool copy, const char *what);

/**
 * Reads parts, written by bram_dataset_write, and writes them as one dataset: recordings,
 * responses, tables and connectomes in the order of the parts, one import_report, the sources of
 * all. A recording (or what else has a path) that an earlier part has is left out and told, unless
 * it is a table equal to that one.
 *
 * The bytes are those of a single import: chunks of values are copied as they are.
 *
 * @param missing  files that could not be imported, for the history; may be NULL
 * @return BRAM_OK; errors of opening and writing
 */
int bram_import_merge(bram_ctx *cx, const char *path, const char *const *parts, size_t count,
                      const char *missing, bram_left_out_fn *left_out, void *user) BRAM_MUST_CHECK;

#endif
