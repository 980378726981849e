/*
 * import.h - the parts of bram_import.
 */
#ifndef BRAMBLE_LOADERS_IMPORT_H
#define BRAMBLE_LOADERS_IMPORT_H

#include <bramble/loader.h>

/**
 * Makes recordings/ID/activity from recordings/ID/raw for every recording of a dataset, and the
 * table import_report with a row for every trace.
 *
 * @param options  by bram_import_params
 */
int bram_import_recordings(bram_ctx *cx, bram_dataset *ds,
                           const bram_options *options) BRAM_MUST_CHECK;

/**
 * Adds the table import_report, unless it is there.
 *
 * @param order  the ids of `count` recordings as their rows come; NULL: all, in order of making
 */
int bram_import_report(bram_ctx *cx, bram_dataset *ds, const char *const *order,
                       size_t count) BRAM_MUST_CHECK;

/**
 * The loader that a spec string names, and its options behind the name.
 *
 * @param loader   receives NULL for "auto"
 * @param options  NULL without
 * @return BRAM_OK; BRAM_EUSAGE: there is no such loader
 */
int bram_import_loader(bram_ctx *cx, const bram_loader **loader, const char **options,
                       const char *spec) BRAM_MUST_CHECK;

/** Adds the table neurons: the canonical 300, unless it is there. */
int bram_add_neurons(bram_ctx *cx, bram_dataset *ds) BRAM_MUST_CHECK;

#endif
