/*
 * randi2023.h - what the files of the loader randi2023 share.
 */
#ifndef BRAMBLE_LOADERS_RANDI2023_H
#define BRAMBLE_LOADERS_RANDI2023_H

#include <bramble/loader.h>

/** Turns an n x n matrix [responding][stimulated] around, in place. */
void bram_randi_transpose(double *m, size_t n);

/** @return whether the file is a zip archive, whether a workbook with the sheets of the atlas */
bool bram_randi_is_zip(const char *path);
bool bram_randi_is_book(bram_ctx *cx, const char *path);

/** Loads the supplement's workbook. */
int bram_randi_load_book(bram_ctx *cx, bram_dataset *ds, const bram_input *input,
                         const bram_options *o) BRAM_MUST_CHECK;

#endif
