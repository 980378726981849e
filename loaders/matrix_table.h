/*
 * matrix_table.h - connectomes as matrices with the names of the cells before the rows and above
 * the columns.
 */
#ifndef BRAMBLE_LOADERS_MATRIX_TABLE_H
#define BRAMBLE_LOADERS_MATRIX_TABLE_H

#include "connectome.h"
#include "grid.h"

/** Where the names are. */
typedef struct bram_matrix_place {
    size_t name_row, name_col; /* the row with the columns' names; the column with the rows' */
    bool from_columns;         /* an entry goes from its column's cell to its row's */
} bram_matrix_place;

/**
 * Adds a sheet to a layer: cells with a number between a named row and a named column. A neuron
 * that has both a row and a column counts as examined.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no names, a cell that is no number ("Sheet!C7: found ..."); as
 *         bram_connectome_add
 */
int bram_matrix_table_add(bram_ctx *cx, bram_connectome *c, size_t layer, const bram_grid *g,
                          const bram_matrix_place *place) BRAM_MUST_CHECK;

#endif
