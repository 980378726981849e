/*
 * score_inputs.h - the sides of `bramble score`: matrices by name, several of a file at once, their
 * rows averaged by condition and split by subject.
 */
#ifndef BRAMBLE_CLI_SCORE_INPUTS_H
#define BRAMBLE_CLI_SCORE_INPUTS_H

#include "matrix_file.h"

/** One model, or one brain. */
typedef struct bram_score_input {
    char *name;             /* as on the command line, or FILE:ARRAY */
    bram_cli_matrix *piece; /* one for each subject; all have the same conditions */
    char **subject;         /* NULL without subjects */
    size_t pieces;
    char **fold; /* the fold of each row, the same in every piece; NULL: none */
} bram_score_input;

typedef struct bram_score_inputs {
    bram_score_input *item;
    size_t count;
} bram_score_inputs;

enum { BRAM_SCORE_DROPS = 16 };

/** What is read with a side; each NULL for none. */
typedef struct bram_score_labels {
    const char *ids, *conditions, *subjects, *folds;
    const char *drop[BRAM_SCORE_DROPS]; /* columns of a table that are neither labels nor units */
} bram_score_labels;

/**
 * Reads what `count` specs name. FILE:PATTERN with * or ? stands for all arrays of a homogenized
 * file, an HDF5 file (outside groups), a NumPy archive or a MATLAB file whose names match.
 *
 * Rows of a condition become their mean over what is present, in the order in which conditions
 * first appear, with the condition as id. Rows of several subjects become a matrix each, over the
 * conditions that all of them have.
 *
 * @param square  the matrices are RDMs or edges: no conditions, subjects or folds
 * @return as bram_cli_matrix_read; BRAM_EUSAGE for what does not go together; BRAM_EABSENT where
 *         nothing matches; BRAM_EFORMAT: a condition in two folds
 */
int bram_score_inputs_read(bram_ctx *cx, bram_score_inputs *out, const char *const *spec,
                           size_t count, const bram_score_labels *labels,
                           bool square) BRAM_MUST_CHECK;
void bram_score_inputs_release(bram_score_inputs *in);

#endif
