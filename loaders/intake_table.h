/*
 * intake_table.h - tables of text as columns of an axis, typed by what is in their cells.
 */
#ifndef BRAMBLE_LOADERS_INTAKE_TABLE_H
#define BRAMBLE_LOADERS_INTAKE_TABLE_H

#include "csvfile.h"

#include <bramble/axis.h>

/**
 * Adds a column of a table: numbers where every cell that is not empty is one, else texts. The name
 * is the heading in lower case, other signs than letters and digits as _; a heading without a
 * letter is passed over.
 *
 * @param row  of each position of the axis the row of the table, or -1: missing; NULL: the same
 * @param as   the name instead, or NULL
 */
int bram_intake_column(bram_ctx *cx, bram_axis *axis, const bram_csv *t, size_t col,
                       const ptrdiff_t *row, const char *as) BRAM_MUST_CHECK;

/** All columns but one (-1: none). */
int bram_intake_columns(bram_ctx *cx, bram_axis *axis, const bram_csv *t, ptrdiff_t but,
                        const ptrdiff_t *row) BRAM_MUST_CHECK;

#endif
