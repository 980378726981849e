/*
 * import_stimuli.h - the tables of stimuli of datasets that are put together.
 */
#ifndef BRAMBLE_LOADERS_IMPORT_STIMULI_H
#define BRAMBLE_LOADERS_IMPORT_STIMULI_H

#include <bramble/dataset.h>

/**
 * Rows of two tables by id: those of the first in its order, then those that only the second has,
 * with the columns of both. Where both state a value of one stimulus and it differs, the first's
 * stays; texts are joined by " | " (an image to train on in one subject and to test on in another).
 *
 * @return BRAM_OK; BRAM_EFORMAT: a column is text in one and a number in the other; BRAM_ENOMEM
 */
int bram_import_stimuli(bram_ctx *cx, bram_axis **out, const bram_axis *a,
                        const bram_axis *b) BRAM_MUST_CHECK;

#endif
