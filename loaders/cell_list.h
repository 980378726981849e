/*
 * cell_list.h - a list of cells as a table of a dataset: what the forms of the loader cells share.
 */
#ifndef BRAMBLE_LOADERS_CELL_LIST_H
#define BRAMBLE_LOADERS_CELL_LIST_H

#include <bramble/dataset.h>
#include <bramble/loader.h>

enum { BRAM_CELL_COLUMNS = 32, BRAM_CELL_COLUMN_NAME = 48, BRAM_CELLS_MOST = 100000 };

/** A list being read; texts are owned by what was read, arrays by the scratch memory. */
typedef struct bram_cell_list {
    size_t rows, columns;
    const char **id;
    char name[BRAM_CELL_COLUMNS][BRAM_CELL_COLUMN_NAME];
    const char **text[BRAM_CELL_COLUMNS]; /* [column][row] */
} bram_cell_list;

/** @return BRAM_OK; BRAM_EFORMAT: no cells, or more than can be; BRAM_ENOMEM */
int bram_cell_list_new(bram_ctx *cx, bram_cell_list *l, size_t rows,
                       size_t columns) BRAM_MUST_CHECK;

/** Names a column: "notes, sensilla, modality" becomes "notes_sensilla_modality", "" "further". */
void bram_cell_list_name(bram_cell_list *l, size_t column, const char *heading);

/** Adds the table cells/NAME: ids, label, certainty, kind, and the list's columns. */
int bram_cell_list_put(bram_ctx *cx, bram_dataset *ds, const bram_cell_list *l,
                       const char *name) BRAM_MUST_CHECK;

/** @return whether a file is a workbook of lists of Cook et al. 2019 (SI 4, SI 6) */
bool bram_cells_is_book(bram_ctx *cx, const char *path);
int bram_cells_load_book(bram_ctx *cx, bram_dataset *ds, const char *path) BRAM_MUST_CHECK;

#endif
