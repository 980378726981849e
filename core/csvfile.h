/*
 * csvfile.h - tables of text cells in CSV, TSV and semicolon-separated files, read and written. The
 * only user of libcsv, whose own header is called csv.h.
 *
 * Read are: a byte-order mark, LF, CRLF and CR line ends, quoted cells with delimiters and line
 * ends within, blank lines (skipped), gzip (any name). Spaces around an unquoted cell are dropped.
 * Rows and columns of a table count from 0 and do not include the header; messages name the line of
 * the file, counted from 1, and the column by its header.
 */
#ifndef BRAMBLE_CORE_CSVFILE_H
#define BRAMBLE_CORE_CSVFILE_H

#include "file.h"
#include "number.h"

#include <bramble/context.h>

typedef struct bram_csv bram_csv;

/** How to read; all zero is: detect the delimiter, no header, rows of equal length, no comments. */
typedef struct bram_csv_options {
    char delimiter; /* 0: whichever of comma, tab and semicolon splits the first rows alike */
    char comment;   /* lines that begin with it are skipped, e.g. '#'; 0: none */
    bool header;    /* the first row names the columns */
    bool ragged;    /* short rows are filled up with "", also under longer ones; else an error */
    size_t limit;   /* most bytes of text; 0: 4 GiB */
} bram_csv_options;

/**
 * Reads a table from a file. NULL options are all zero.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: empty, binary or UTF-16 (zero
 * bytes), a quote without its end, a row of another length (with its line), damaged gzip, beyond
 * the limit, a header with the same name twice is allowed (the first is found); BRAM_ENOMEM
 */
int bram_csv_read(bram_ctx *cx, bram_csv **out, const char *path,
                  const bram_csv_options *options) BRAM_MUST_CHECK;

/** The same from memory; name stands in the messages. */
int bram_csv_parse(bram_ctx *cx, bram_csv **out, const char *name, const void *bytes, size_t size,
                   const bram_csv_options *options) BRAM_MUST_CHECK;
void bram_csv_free(bram_csv *t);

size_t bram_csv_rows(const bram_csv *t);
size_t bram_csv_cols(const bram_csv *t);
char bram_csv_delimiter(const bram_csv *t);

/** @return the name of a column, "" when there is no header */
const char *bram_csv_name(const bram_csv *t, size_t col);

/** @return the first column of that name, or -1 */
ptrdiff_t bram_csv_find(const bram_csv *t, const char *name);

/** As bram_csv_find; BRAM_EFORMAT names the columns there are when this one is absent. */
int bram_csv_column(bram_ctx *cx, const bram_csv *t, const char *name, size_t *col) BRAM_MUST_CHECK;

/** @return a cell, "" for an empty one; owned by the table */
const char *bram_csv_text(const bram_csv *t, size_t row, size_t col);

/** @return the line of the file, from 1, on which a row begins */
size_t bram_csv_line(const bram_csv *t, size_t row);

/**
 * Reads a cell as a number (number.h says what is one, whatever the locale).
 *
 * @param flags  a sum of BRAM_NUMBER_EMPTY, BRAM_NUMBER_NAN, BRAM_NUMBER_INFINITE
 * @return BRAM_OK; BRAM_EFORMAT names file, line, column and what was found
 */
int bram_csv_number(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, int flags,
                    double *value) BRAM_MUST_CHECK;
int bram_csv_integer(bram_ctx *cx, const bram_csv *t, size_t row, size_t col,
                     int64_t *value) BRAM_MUST_CHECK;

/** Reads a whole column into rows doubles. */
int bram_csv_numbers(bram_ctx *cx, const bram_csv *t, size_t col, int flags,
                     double *values) BRAM_MUST_CHECK;

/**
 * Reads the block from (row, col) to the end as a row-major matrix of
 * (rows - row) x (cols - col) doubles.
 */
int bram_csv_matrix(bram_ctx *cx, const bram_csv *t, size_t row, size_t col, int flags,
                    double *values) BRAM_MUST_CHECK;

/* ---- writing -------------------------------------------------------------------------------- */

/** Takes the bytes of a table; returns BRAM_OK or the status to pass on. */
typedef int bram_csv_sink(bram_ctx *cx, void *user, const void *bytes, size_t size);

/** A table being written; needs no release. */
typedef struct bram_csv_writer {
    bram_csv_sink *sink;
    void *user;
    char delimiter;
    size_t cells; /* of the row so far */
    bool bare;    /* the row so far is one empty cell */
} bram_csv_writer;

/** Begins a table in a file being written. The caller commits the file. */
void bram_csv_to_file(bram_csv_writer *w, bram_outfile *file, char delimiter);

/** Begins a table whose bytes go to a function. */
void bram_csv_to_sink(bram_csv_writer *w, bram_csv_sink *sink, void *user, char delimiter);

/**
 * Append a cell to the row. Text is quoted when it holds a delimiter, a quote, a line end or a
 * space at an end. Numbers are in shortest exact form; NaN is "nan".
 */
int bram_csv_put_text(bram_ctx *cx, bram_csv_writer *w, const char *text) BRAM_MUST_CHECK;
int bram_csv_put_number(bram_ctx *cx, bram_csv_writer *w, double value) BRAM_MUST_CHECK;
int bram_csv_put_integer(bram_ctx *cx, bram_csv_writer *w, int64_t value) BRAM_MUST_CHECK;

/** Ends the row with LF. */
int bram_csv_end_row(bram_ctx *cx, bram_csv_writer *w) BRAM_MUST_CHECK;

#endif
