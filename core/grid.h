/*
 * grid.h - a sheet of a spreadsheet: sparse cells of text, numbers, booleans and errors. What the
 * readers of xlsx and xls deliver.
 *
 * Rows and columns count from 0: A1 is (0, 0). Dates are numbers, as the spreadsheet stores them.
 */
#ifndef BRAMBLE_CORE_GRID_H
#define BRAMBLE_CORE_GRID_H

#include <bramble/context.h>

/* The limits of the format: a cell beyond them is an error. */
enum { BRAM_GRID_MAX_ROWS = 1048576, BRAM_GRID_MAX_COLS = 16384 };

typedef enum bram_cell_type {
    BRAM_CELL_EMPTY,
    BRAM_CELL_TEXT,
    BRAM_CELL_NUMBER,
    BRAM_CELL_BOOLEAN, /* number is 0 or 1 */
    BRAM_CELL_ERROR    /* text is "#N/A", "#REF!" ... */
} bram_cell_type;

typedef struct bram_cell {
    bram_cell_type type;
    const char *text; /* of text and errors; "" otherwise; owned by the grid */
    double number;    /* of numbers and booleans; NaN otherwise */
} bram_cell;

typedef struct bram_grid bram_grid;

int bram_grid_new(bram_ctx *cx, bram_grid **out, const char *name) BRAM_MUST_CHECK;
void bram_grid_free(bram_grid *g);

/**
 * Adds a cell, in any order; its text (length bytes) is copied. Call bram_grid_finish at the end.
 *
 * @return BRAM_OK; BRAM_EFORMAT outside the limits; BRAM_ENOMEM
 */
int bram_grid_add(bram_ctx *cx, bram_grid *g, size_t row, size_t col, bram_cell_type type,
                  const char *text, size_t length, double number) BRAM_MUST_CHECK;

/** Sorts the cells; a cell that was given twice is BRAM_EFORMAT. */
int bram_grid_finish(bram_ctx *cx, bram_grid *g) BRAM_MUST_CHECK;

const char *bram_grid_name(const bram_grid *g);

/** One more than the last row, the last column that has a cell which is not empty; 0 for none. */
size_t bram_grid_rows(const bram_grid *g);
size_t bram_grid_cols(const bram_grid *g);

/** @return a cell; one of type BRAM_CELL_EMPTY where there is none, also outside the grid */
bram_cell bram_grid_cell(const bram_grid *g, size_t row, size_t col);

/** @return the text of a text cell, else "" */
const char *bram_grid_text(const bram_grid *g, size_t row, size_t col);

/**
 * Reads a cell as a number: a number, a boolean, or text that is one (number.h).
 *
 * @param flags  a sum of BRAM_NUMBER_...; BRAM_NUMBER_EMPTY makes an empty cell NaN
 * @return BRAM_OK; BRAM_EFORMAT names sheet and cell ("Sheet1!C7") and what was found
 */
int bram_grid_number(bram_ctx *cx, const bram_grid *g, size_t row, size_t col, int flags,
                     double *value) BRAM_MUST_CHECK;

/** Puts the spreadsheet's name of a cell, "AB12", into 16 bytes. @return text */
const char *bram_grid_ref(char *text, size_t row, size_t col);

/** Reads "AB12" (or "$AB$12"). @return false when it is not a cell within the limits */
bool bram_grid_parse_ref(const char *text, size_t *row, size_t *col);

#endif
