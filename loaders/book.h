/*
 * book.h - tables of rows and columns from files of any form: .xlsx and .xls workbooks, CSV and TSV
 * text, JSON arrays of objects (also gzip, but for workbooks). All become grids (grid.h), so that a
 * loader describes the columns it wants and not how they are stored.
 *
 * The one sheet of a text has the name "". The keys of the first objects of a JSON array are the
 * headings of its grid; an array of numbers in it becomes their sum, anything else but text,
 * numbers and null is left empty.
 */
#ifndef BRAMBLE_LOADERS_BOOK_H
#define BRAMBLE_LOADERS_BOOK_H

#include "grid.h"

#include <bramble/context.h>

typedef struct bram_book bram_book;

typedef enum bram_book_form {
    BRAM_BOOK_XLSX,
    BRAM_BOOK_XLS,
    BRAM_BOOK_TEXT,
    BRAM_BOOK_JSON
} bram_book_form;

/**
 * Opens a file, told apart by its first bytes.
 *
 * @param head  of text and JSON read the beginning only (the first rows): enough to recognise it
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: of no such form, damaged; BRAM_ENOMEM
 */
int bram_book_open(bram_ctx *cx, bram_book **out, const char *path, bool head) BRAM_MUST_CHECK;
void bram_book_close(bram_book *b);

bram_book_form bram_book_form_of(const bram_book *b);
size_t bram_book_sheets(const bram_book *b);
const char *bram_book_sheet_name(const bram_book *b, size_t i);

/** @return the sheet of this name, or -1 */
ptrdiff_t bram_book_find(const bram_book *b, const char *name);

/** Reads a sheet; the caller frees the grid with bram_grid_free(). */
int bram_book_read(bram_ctx *cx, bram_book *b, size_t sheet, bram_grid **grid) BRAM_MUST_CHECK;

/** @return the column of the first row with this heading (blanks and a leading "#" do not count),
 * or -1 */
ptrdiff_t bram_book_heading(const bram_grid *g, const char *name);

/** Puts the text of a cell, or its number as text, into `bytes`. @return text; "" for others */
const char *bram_book_text(char *text, size_t bytes, const bram_grid *g, size_t row, size_t col);

#endif
