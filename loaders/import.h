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

/** Adds the table neurons: the canonical 300, unless it is there. */
int bram_add_neurons(bram_ctx *cx, bram_dataset *ds) BRAM_MUST_CHECK;

#endif
