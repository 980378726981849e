/*
 * score_inputs.h - the sides of `bramble score`: matrices by name, several of a file at once, their
 * rows averaged by condition and split by subject.
 */
#ifndef BRAMBLE_CLI_SCORE_INPUTS_H
#define BRAMBLE_CLI_SCORE_INPUTS_H

#include "matrix_file.h"

/** What the rows of a piece are means of. */
typedef struct bram_score_repeats {
    bram_cli_matrix m;    /* measurements x units; 0 rows: not kept */
    uint32_t *row, *fold; /* of each: the row of the piece; its fold, NULL without folds */
    size_t folds;
} bram_score_repeats;

/** One model, or one brain. */
typedef struct bram_score_input {
    char *name;                  /* as on the command line, or FILE:ARRAY */
    bram_cli_matrix *piece;      /* one for each subject; all have the same conditions */
    bram_score_repeats *repeats; /* one for each subject; NULL where rows are no means */
    bram_cli_labels folds;       /* of measurements: their names */
    char **subject;              /* NULL without subjects */
    size_t pieces;
    char **fold;     /* the fold of each row, the same in every piece; NULL: none, or ... */
    char *fold_fail; /* ... why rows have none: a condition is in several */
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
    bool keep_repeats;                  /* the measurements that are averaged */
    bool span; /* coordinates of rows in place of features: bram_cli_matrix_read_span */
} bram_score_labels;

/**
 * Reads what `count` specs name. FILE:PATTERN with * or ? stands for all arrays of a homogenized
 * file, an HDF5 file (outside groups), a NumPy archive or a MATLAB file whose names match.
 *
 * Rows of a condition become their mean over what is present, in the order in which conditions
 * first appear, with the condition as id; the rows themselves are kept where asked for. A response
 * of stimuli x neurons x repeats has its stimuli as conditions and its repeats as folds. Rows of
 * several subjects become a matrix each, over the conditions that all of them have.
 *
 * @param square  the matrices are RDMs or edges: no conditions, subjects or folds
 * @return as bram_cli_matrix_read; BRAM_EUSAGE for what does not go together; BRAM_EABSENT where
 *         nothing matches
 */
int bram_score_inputs_read(bram_ctx *cx, bram_score_inputs *out, const char *const *spec,
                           size_t count, const bram_score_labels *labels,
                           bool square) BRAM_MUST_CHECK;
void bram_score_inputs_release(bram_score_inputs *in);

#endif
