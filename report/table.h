/*
 * table.h - one table model and its writers: text for a screen, Markdown, CSV, TSV and JSON (html.h
 * writes it into a page).
 *
 * Every cell is text or a number and is formatted by its column: for people with few digits, for
 * machines with all (17 significant). A missing cell is an en dash for people, empty in CSV and
 * TSV, null in JSON.
 */
#ifndef BRAMBLE_REPORT_TABLE_H
#define BRAMBLE_REPORT_TABLE_H

#include "buffer.h"
#include "json.h"

typedef enum bram_cell_kind { BRAM_CELL_TEXT, BRAM_CELL_NUMBER, BRAM_CELL_INTEGER } bram_cell_kind;

typedef enum bram_align { BRAM_ALIGN_BY_KIND, BRAM_ALIGN_LEFT, BRAM_ALIGN_RIGHT } bram_align;

/** Who a column is for. "0.53 [0.48, 0.58]" is for people; value, low and high are for machines. */
typedef enum bram_audience { BRAM_FOR_ALL, BRAM_FOR_PEOPLE, BRAM_FOR_MACHINES } bram_audience;

typedef struct bram_table_column {
    const char *key;   /* stable name in CSV, TSV and JSON */
    const char *title; /* heading for people */
    bram_cell_kind kind;
    int digits; /* decimals of a BRAM_CELL_NUMBER for people; negative: up to 4 significant ones */
    unsigned drop; /* 0: always shown; else left out of narrow text, the highest first */
    bool wrap;     /* long text may be broken into several lines */
    bram_align align;
    bram_audience audience;
} bram_table_column;

typedef struct bram_table bram_table;

typedef enum bram_table_format {
    BRAM_TABLE_TEXT,
    BRAM_TABLE_CSV,
    BRAM_TABLE_TSV,
    BRAM_TABLE_JSON,
    BRAM_TABLE_MARKDOWN
} bram_table_format;

/** How text is written. */
typedef struct bram_table_style {
    size_t width; /* columns of the screen; 0: no limit */
    bool utf8;    /* false: ASCII only */
    bool bands;   /* what is too wide goes on below, with the first column again; else columns that
                     may be dropped are */
    bool untitled;
    size_t notes; /* columns that remarks take; 0: width */
} bram_table_style;

/**
 * Makes a table without rows; titles and columns are copied.
 *
 * @param title  for people; "" for none
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_table_new(bram_ctx *cx, bram_table **out, const char *title,
                   const bram_table_column *columns, size_t count) BRAM_MUST_CHECK;
void bram_table_free(bram_table *t);

/**
 * Begin a row; fill its cells by column number (each starts out missing). The kind must be the
 * column's. NaN and NULL are missing. A failed allocation shows in bram_table_status and in every
 * writer.
 */
void bram_table_row(bram_table *t);
void bram_table_text(bram_table *t, size_t column, const char *text);
void bram_table_textf(bram_table *t, size_t column, const char *format, ...) BRAM_PRINTF(3, 4);
void bram_table_number(bram_table *t, size_t column, double value);
void bram_table_integer(bram_table *t, size_t column, int64_t value);

/** Adds a remark that stands below the table. One that begins with four blanks is a line to copy,
 * as a command: it is neither wrapped nor, in Markdown, escaped. */
void bram_table_note(bram_table *t, const char *format, ...) BRAM_PRINTF(2, 3);

int bram_table_status(bram_ctx *cx, const bram_table *t) BRAM_MUST_CHECK;

const char *bram_table_title(const bram_table *t);
size_t bram_table_rows(const bram_table *t);
size_t bram_table_columns(const bram_table *t);
const bram_table_column *bram_table_column_at(const bram_table *t, size_t column);
size_t bram_table_notes(const bram_table *t);
const char *bram_table_note_at(const bram_table *t, size_t i);

/** @return whether the cell has no value */
bool bram_table_missing(const bram_table *t, size_t row, size_t column);

/** The value of a cell that is not missing and of that kind. */
const char *bram_table_get_text(const bram_table *t, size_t row, size_t column);
double bram_table_get_number(const bram_table *t, size_t row, size_t column);
int64_t bram_table_get_integer(const bram_table *t, size_t row, size_t column);

/** Appends a cell as people read it: few digits, an en dash where missing. */
void bram_table_put_cell(bram_buffer *out, const bram_table *t, size_t row, size_t column);

/** @return whether cells of this column stand at the right */
bool bram_table_is_right(const bram_table_column *c);

/** @return the format of this name: "text", "csv", "tsv", "json", "md"; -1 for another */
int bram_table_format_find(const char *name);

/** Appends the table. @return BRAM_OK; BRAM_ENOMEM */
int bram_table_write(bram_ctx *cx, bram_buffer *out, const bram_table *t, bram_table_format format,
                     bram_table_style style) BRAM_MUST_CHECK;

/** The writers by themselves, for bram_table_write. */
void bram_table_write_text(bram_buffer *out, const bram_table *t, bram_table_style style);
void bram_table_write_markdown(bram_buffer *out, const bram_table *t);
int bram_table_write_csv(bram_ctx *cx, bram_buffer *out, const bram_table *t,
                         char delimiter) BRAM_MUST_CHECK;
int bram_table_write_json(bram_ctx *cx, bram_buffer *out, const bram_table *t) BRAM_MUST_CHECK;

/** Puts the rows into a JSON document, as an array of objects. */
void bram_table_put_json(bram_json_out *o, const char *key, const bram_table *t);

#endif
