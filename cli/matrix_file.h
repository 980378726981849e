/*
 * matrix_file.h - matrices named on the command line: FILE or FILE:NAME, of any of the formats that
 * arrays come in, with the ids of their rows where they have some.
 */
#ifndef BRAMBLE_CLI_MATRIX_FILE_H
#define BRAMBLE_CLI_MATRIX_FILE_H

#include "args.h"
#include "row_labels.h"

#include <bramble/metric.h>

/** A matrix in memory. */
typedef struct bram_cli_matrix {
    size_t rows, cols;
    double *values;          /* 0 where missing */
    uint8_t *present;        /* NULL: nothing is missing */
    bram_axis *row, *column; /* with ids; NULL where the file has none */
} bram_cli_matrix;

/**
 * Reads FILE (.npy, .csv, a file with one matrix) or FILE:NAME (.npz member, .mat variable, dataset
 * of an HDF5 file, response of a homogenized file). NaN is missing; a vector is one column.
 *
 * @param ids  where the ids of the rows are: a column of a table or a variable of the same file, or
 *             another FILE[:NAME]; NULL: those of a homogenized file, else none
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT; BRAM_EABSENT with the names there are; BRAM_ESHAPE for
 * more than two dimensions or another number of ids than rows
 */
int bram_cli_matrix_read(bram_ctx *cx, bram_cli_matrix *out, const char *spec,
                         const char *ids) BRAM_MUST_CHECK;

/**
 * The same, with labels of its rows: those of labels[] that have a spec are read and coded. Columns
 * of a table that hold labels or ids are no columns of the matrix. A response of stimuli x neurons
 * x repeats becomes one row for each repeat that is there, and fills in labels of these roles.
 */
int bram_cli_matrix_read_labelled(bram_ctx *cx, bram_cli_matrix *out, const char *spec,
                                  const char *ids, bram_cli_labels *labels,
                                  size_t count) BRAM_MUST_CHECK;

/**
 * The same for features of --model that do not fit into memory: rows x rows coordinates of the rows
 * in the space that they span (core/row_space.h), where there are more columns than rows. A .npy or
 * a response of a homogenized file, read in blocks of columns; nothing may be missing.
 */
int bram_cli_matrix_read_span(bram_ctx *cx, bram_cli_matrix *out, const char *spec,
                              const char *ids) BRAM_MUST_CHECK;

/** FILE:NAME is cut at the last colon before which there is a file; *path is heap memory, *name ""
 *  or a part of spec. @return BRAM_OK; BRAM_EREAD: no such file */
int bram_cli_spec_split(bram_ctx *cx, char **path, const char **name,
                        const char *spec) BRAM_MUST_CHECK;

/** Labels of the columns of a matrix: a column of their axis in a homogenized file, or FILE[:NAME].
 */
int bram_cli_column_labels(bram_ctx *cx, bram_cli_labels *l,
                           const bram_cli_matrix *m) BRAM_MUST_CHECK;

/** Labels that are a file of their own, for `rows` rows of anything. @return as above */
int bram_cli_labels_read(bram_ctx *cx, bram_cli_labels *l, size_t rows) BRAM_MUST_CHECK;

/** The same for any number of rows, not coded; and with the ids beside them, where the same file
 *  has a column or variable `ids` (else, and for NULL, *axis stays). */
int bram_cli_labels_with_ids(bram_ctx *cx, bram_cli_labels *l, bram_axis **axis,
                             const char *ids) BRAM_MUST_CHECK;

/** Whether labels or ids of this spec are a file of their own. */
bool bram_cli_is_elsewhere(const char *spec);
void bram_cli_matrix_release(bram_cli_matrix *m);

/** How two matrices are put side by side. */
enum {
    BRAM_MATCH_COLUMNS = 1 << 0, /* columns are the same things on both sides */
    BRAM_MATCH_SQUARE = 1 << 1   /* columns are the rows once more: an RDM, edges between nodes */
};

/**
 * Brings the rows of `m` that `like` has as well into the order of `like`, and drops those of
 * `like` that m lacks, by their ids; without ids on both sides the numbers of rows must agree and
 * the order is taken as it is. Columns the same where flags say so. Tells by a note what was left
 * out.
 *
 * @return BRAM_OK; BRAM_ESHAPE: different numbers, no common id; BRAM_EFORMAT: an id twice
 */
int bram_cli_matrix_match(bram_ctx *cx, bram_cli_matrix *m, bram_cli_matrix *like,
                          unsigned flags) BRAM_MUST_CHECK;

/** The matrix as a side of a comparison; borrows. */
bram_side bram_cli_matrix_side(const bram_cli_matrix *m, bool is_rdm);

#endif
