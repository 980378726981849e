/*
 * table.c - the table model: see table.h. Cells are kept by value, row after row.
 */
#include "table.h"
#include "digits.h"
#include "internal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct cell {
    bool present;
    union {
        char *text;
        double number;
        int64_t integer;
    };
};

struct bram_table {
    char *title;
    bram_table_column *column;
    size_t columns;
    struct cell *cell; /* rows x columns */
    size_t rows, room; /* room in rows */
    char **note;
    size_t notes;
    bool failed;
};

static char *copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *fresh = bram_malloc(bytes);
    return fresh ? memcpy(fresh, text, bytes) : NULL;
}

/* printf into the heap; NULL without memory */
static char *copy_format(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *fresh = n < 0 ? NULL : bram_malloc((size_t)n + 1);
    if (fresh) vsnprintf(fresh, (size_t)n + 1, format, again);
    va_end(again);
    return fresh;
}

int bram_table_new(bram_ctx *cx, bram_table **out, const char *title,
                   const bram_table_column *columns, size_t count)
{
    bram_table *t = bram_alloc(cx, 1, sizeof *t);
    if (!t) return BRAM_ENOMEM;
    t->title = bram_strdup(cx, title);
    t->column = bram_alloc(cx, count, sizeof *t->column);
    bool good = t->title && t->column;
    for (size_t i = 0; good && i < count; i++) {
        t->column[i] = columns[i];
        t->column[i].key = bram_strdup(cx, columns[i].key);
        t->column[i].title = bram_strdup(cx, columns[i].title);
        t->columns = i + 1;
        good = t->column[i].key && t->column[i].title;
    }
    if (!good) {
        bram_table_free(t);
        return BRAM_ENOMEM;
    }
    *out = t;
    return BRAM_OK;
}

/* The table owns strings that others see as const. */
static void free_text(const char *text)
{
    union {
        const char *seen;
        char *owned;
    } u = {text};
    bram_free(u.owned);
}

void bram_table_free(bram_table *t)
{
    if (!t) return;
    for (size_t i = 0; t->column && i < t->rows * t->columns; i++)
        if (t->column[i % t->columns].kind == BRAM_CELL_TEXT && t->cell[i].present)
            bram_free(t->cell[i].text);
    for (size_t i = 0; t->column && i < t->columns; i++) {
        free_text(t->column[i].key);
        free_text(t->column[i].title);
    }
    for (size_t i = 0; i < t->notes; i++) bram_free(t->note[i]);
    bram_free(t->note);
    bram_free(t->cell);
    bram_free(t->column);
    bram_free(t->title);
    bram_free(t);
}

void bram_table_row(bram_table *t)
{
    if (t->failed) return;
    if (t->rows == t->room) {
        size_t room = t->room ? 2 * t->room : 16;
        struct cell *grown = NULL;
        if (!bram_overflows(room, t->columns * sizeof *grown))
            grown = bram_remalloc(t->cell, room * t->columns * sizeof *grown);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->cell = grown;
        t->room = room;
    }
    for (size_t j = 0; j < t->columns; j++)
        t->cell[t->rows * t->columns + j] = (struct cell){false, {NULL}};
    t->rows++;
}

/* A cell of the last row, or NULL once the table has failed. */
static struct cell *last(bram_table *t, size_t column, bram_cell_kind kind)
{
    if (t->failed) return NULL;
    assert(t->rows && column < t->columns && t->column[column].kind == kind);
    (void)kind;
    return &t->cell[(t->rows - 1) * t->columns + column];
}

static void keep(bram_table *t, struct cell *cell, char *text)
{
    if (cell->present) bram_free(cell->text);
    cell->text = text;
    cell->present = text != NULL;
    if (!text) t->failed = true;
}

void bram_table_text(bram_table *t, size_t column, const char *text)
{
    struct cell *cell = last(t, column, BRAM_CELL_TEXT);
    if (cell && text) keep(t, cell, copy(text));
}

void bram_table_textf(bram_table *t, size_t column, const char *format, ...)
{
    struct cell *cell = last(t, column, BRAM_CELL_TEXT);
    if (!cell) return;
    va_list args;
    va_start(args, format);
    keep(t, cell, copy_format(format, args));
    va_end(args);
}

void bram_table_number(bram_table *t, size_t column, double value)
{
    struct cell *cell = last(t, column, BRAM_CELL_NUMBER);
    if (!cell) return;
    cell->present = !isnan(value);
    cell->number = value;
}

void bram_table_integer(bram_table *t, size_t column, int64_t value)
{
    struct cell *cell = last(t, column, BRAM_CELL_INTEGER);
    if (!cell) return;
    cell->present = true;
    cell->integer = value;
}

void bram_table_note(bram_table *t, const char *format, ...)
{
    if (t->failed) return;
    char **grown = bram_remalloc(t->note, (t->notes + 1) * sizeof *grown);
    t->failed = !grown;
    if (!grown) return;
    t->note = grown;
    va_list args;
    va_start(args, format);
    char *note = copy_format(format, args);
    va_end(args);
    t->failed = !note;
    if (note) t->note[t->notes++] = note;
}

int bram_table_status(bram_ctx *cx, const bram_table *t)
{
    return t->failed ? bram_fail(cx, BRAM_ENOMEM, "no memory for a table beyond row %zu", t->rows)
                     : BRAM_OK;
}

const char *bram_table_title(const bram_table *t)
{
    return t->title;
}

size_t bram_table_rows(const bram_table *t)
{
    return t->rows;
}

size_t bram_table_columns(const bram_table *t)
{
    return t->columns;
}

const bram_table_column *bram_table_column_at(const bram_table *t, size_t column)
{
    return &t->column[column];
}

size_t bram_table_notes(const bram_table *t)
{
    return t->notes;
}

const char *bram_table_note_at(const bram_table *t, size_t i)
{
    return t->note[i];
}

static const struct cell *at(const bram_table *t, size_t row, size_t column)
{
    assert(row < t->rows && column < t->columns);
    return &t->cell[row * t->columns + column];
}

bool bram_table_missing(const bram_table *t, size_t row, size_t column)
{
    return !at(t, row, column)->present;
}

const char *bram_table_get_text(const bram_table *t, size_t row, size_t column)
{
    return at(t, row, column)->text;
}

double bram_table_get_number(const bram_table *t, size_t row, size_t column)
{
    return at(t, row, column)->number;
}

int64_t bram_table_get_integer(const bram_table *t, size_t row, size_t column)
{
    return at(t, row, column)->integer;
}

void bram_table_put_cell(bram_buffer *out, const bram_table *t, size_t row, size_t column)
{
    const struct cell *cell = at(t, row, column);
    const bram_table_column *c = &t->column[column];
    char text[BRAM_DIGITS_BYTES];
    if (!cell->present) bram_buffer_put(out, "\xe2\x80\x93"); /* en dash */
    else if (c->kind == BRAM_CELL_TEXT) bram_buffer_put(out, cell->text);
    else if (c->kind == BRAM_CELL_INTEGER) bram_buffer_putf(out, "%lld", (long long)cell->integer);
    else if (c->digits < 0) bram_buffer_put(out, bram_digits_short(text, cell->number, 4));
    else bram_buffer_put(out, bram_digits_fixed(text, cell->number, c->digits));
}

bool bram_table_is_right(const bram_table_column *c)
{
    if (c->align != BRAM_ALIGN_BY_KIND) return c->align == BRAM_ALIGN_RIGHT;
    return c->kind != BRAM_CELL_TEXT;
}

int bram_table_format_find(const char *name)
{
    static const char *const names[] = {"text", "csv", "tsv", "json", "md"};
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (!strcmp(names[i], name)) return i;
    return -1;
}

int bram_table_write(bram_ctx *cx, bram_buffer *out, const bram_table *t, bram_table_format format,
                     bram_table_style style)
{
    BRAM_TRY(bram_table_status(cx, t));
    switch (format) {
    case BRAM_TABLE_TEXT:
        bram_table_write_text(out, t, style);
        break;
    case BRAM_TABLE_MARKDOWN:
        bram_table_write_markdown(out, t);
        break;
    case BRAM_TABLE_CSV:
        BRAM_TRY(bram_table_write_csv(cx, out, t, ','));
        break;
    case BRAM_TABLE_TSV:
        BRAM_TRY(bram_table_write_csv(cx, out, t, '\t'));
        break;
    case BRAM_TABLE_JSON:
        BRAM_TRY(bram_table_write_json(cx, out, t));
        break;
    }
    return bram_buffer_status(cx, out);
}
