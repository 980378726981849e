/*
 * book.c - workbooks, text tables and JSON arrays of objects as grids.
 */
#include "book.h"

#include "csvfile.h"
#include "gz.h"
#include "json.h"
#include "number.h"
#include "xls.h"
#include "xlsx.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_BYTES = 1 << 16, MAX_KEYS = 64 };

#define TEXT_BYTES ((size_t)256 << 20) /* no table of edges comes near it */

struct bram_book {
    bram_book_form form;
    bool head;
    char *path;
    bram_xlsx *xlsx;
    bram_xls *xls;
};

int bram_book_open(bram_ctx *cx, bram_book **out, const char *path, bool head)
{
    unsigned char first[8] = {0};
    size_t n = bram_gz_peek(path, first, sizeof first);
    bram_book *b = bram_alloc(cx, 1, sizeof *b);
    if (!b) return BRAM_ENOMEM;
    int status = BRAM_OK;
    size_t blank = 0;
    while (blank < n && isspace(first[blank])) blank++;
    b->head = head;
    b->path = bram_strdup(cx, path);
    if (!b->path) status = BRAM_ENOMEM;
    else if (n >= 4 && memcmp(first, "PK\3\4", 4) == 0) {
        b->form = BRAM_BOOK_XLSX;
        status = bram_xlsx_open(cx, &b->xlsx, path);
    } else if (bram_xls_is(first, n)) {
        b->form = BRAM_BOOK_XLS;
        status = bram_xls_open(cx, &b->xls, path);
    } else {
        b->form = blank < n && first[blank] == '[' ? BRAM_BOOK_JSON : BRAM_BOOK_TEXT;
    }
    if (status == BRAM_OK) *out = b;
    else bram_book_close(b);
    return status;
}

void bram_book_close(bram_book *b)
{
    if (!b) return;
    bram_xlsx_close(b->xlsx);
    bram_xls_close(b->xls);
    bram_free(b->path);
    bram_free(b);
}

bram_book_form bram_book_form_of(const bram_book *b)
{
    return b->form;
}

size_t bram_book_sheets(const bram_book *b)
{
    return b->xlsx ? bram_xlsx_sheets(b->xlsx) : b->xls ? bram_xls_sheets(b->xls) : 1;
}

const char *bram_book_sheet_name(const bram_book *b, size_t i)
{
    return b->xlsx  ? bram_xlsx_sheet_name(b->xlsx, i)
           : b->xls ? bram_xls_sheet_name(b->xls, i)
                    : "";
}

ptrdiff_t bram_book_find(const bram_book *b, const char *name)
{
    for (size_t i = 0; i < bram_book_sheets(b); i++)
        if (strcmp(bram_book_sheet_name(b, i), name) == 0) return (ptrdiff_t)i;
    return -1;
}

/* ---- text ----------------------------------------------------------------------------------- */

static int grid_of_csv(bram_ctx *cx, bram_grid *g, const bram_csv *t)
{
    for (size_t r = 0; r < bram_csv_rows(t); r++)
        for (size_t c = 0; c < bram_csv_cols(t); c++) {
            const char *text = bram_csv_text(t, r, c);
            if (!*text) continue;
            size_t row = bram_csv_line(t, r) - bram_csv_line(t, 0); /* messages name the line */
            BRAM_TRY(bram_grid_add(cx, g, row, c, BRAM_CELL_TEXT, text, strlen(text), 0));
        }
    return BRAM_OK;
}

/* The bytes of the file; of its head, whole lines only. The caller frees them. */
static int read_bytes(bram_ctx *cx, const bram_book *b, unsigned char **bytes, size_t *size)
{
    if (!b->head) return bram_gz_read_file(cx, bytes, size, b->path, TEXT_BYTES);
    *bytes = bram_alloc(cx, HEAD_BYTES + 1, 1);
    if (!*bytes) return BRAM_ENOMEM;
    *size = bram_gz_peek(b->path, *bytes, HEAD_BYTES);
    return BRAM_OK;
}

static int read_text(bram_ctx *cx, const bram_book *b, bram_grid *g)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_csv *t = NULL;
    BRAM_TRY(read_bytes(cx, b, &bytes, &size));
    if (b->head && size == HEAD_BYTES)
        while (size && bytes[size - 1] != '\n') size--;
    int status = bram_csv_parse(cx, &t, b->path, bytes, size, &(bram_csv_options){0});
    bram_free(bytes);
    if (status == BRAM_OK) status = grid_of_csv(cx, g, t);
    bram_csv_free(t);
    return status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

struct keys {
    const char *name[MAX_KEYS];
    size_t count;
};

/* @return the column of a key, new at the end; SIZE_MAX when there are too many */
static size_t column_of(struct keys *keys, const char *name)
{
    for (size_t k = 0; k < keys->count; k++)
        if (strcmp(keys->name[k], name) == 0) return k;
    if (keys->count == MAX_KEYS) return SIZE_MAX;
    keys->name[keys->count] = name;
    return keys->count++;
}

static int add_json(bram_ctx *cx, bram_grid *g, size_t row, size_t col, const bram_json *value)
{
    double number, sum = 0;
    const char *text = bram_json_text(value);
    if (text) return bram_grid_add(cx, g, row, col, BRAM_CELL_TEXT, text, strlen(text), 0);
    if (bram_json_number(value, &number))
        return bram_grid_add(cx, g, row, col, BRAM_CELL_NUMBER, NULL, 0, number);
    if (bram_json_kind_of(value) != BRAM_JSON_ARRAY) return BRAM_OK;
    for (size_t i = 0; i < bram_json_count(value); i++) {
        if (!bram_json_number(bram_json_at(value, i), &number)) return BRAM_OK;
        sum += number;
    }
    return bram_grid_add(cx, g, row, col, BRAM_CELL_NUMBER, NULL, 0, sum);
}

static int grid_of_json(bram_ctx *cx, bram_grid *g, const bram_json *top)
{
    struct keys keys = {.count = 0};
    for (size_t i = 0; i < bram_json_count(top); i++) {
        const bram_json *item = bram_json_at(top, i);
        bram_json_member member = {0};
        if (bram_json_kind_of(item) != BRAM_JSON_OBJECT)
            return bram_fail(cx, BRAM_EFORMAT, "item %zu: found %s, expected object", i + 1,
                             bram_json_kind_name(bram_json_kind_of(item)));
        while (bram_json_next(item, &member)) {
            size_t col = column_of(&keys, member.key);
            if (col == SIZE_MAX)
                return bram_fail(cx, BRAM_EFORMAT, "item %zu: found more than %d keys", i + 1,
                                 MAX_KEYS);
            BRAM_TRY(add_json(cx, g, i + 1, col, member.value));
        }
    }
    for (size_t k = 0; k < keys.count; k++)
        BRAM_TRY(bram_grid_add(cx, g, 0, k, BRAM_CELL_TEXT, keys.name[k], strlen(keys.name[k]), 0));
    return BRAM_OK;
}

/* Ends a cut array behind its first object. @return the length; 0 when no object is whole */
static size_t close_array(unsigned char *bytes, size_t size)
{
    size_t depth = 0;
    for (size_t i = 0; i < size; i++) {
        depth += bytes[i] == '{';
        if (bytes[i] != '}' || depth == 0 || --depth) continue;
        bytes[i + 1] = ']'; /* there is room for it: one byte follows the head */
        return i + 2;
    }
    return 0;
}

static int read_json(bram_ctx *cx, const bram_book *b, bram_grid *g)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_json *top = NULL;
    BRAM_TRY(read_bytes(cx, b, &bytes, &size));
    if (b->head) size = close_array(bytes, size);
    int status = bram_json_parse(cx, &top, (const char *)bytes, size, b->path);
    bram_free(bytes);
    if (status == BRAM_OK) status = grid_of_json(cx, g, top);
    bram_json_free(top);
    return status;
}

/* ---- sheets --------------------------------------------------------------------------------- */

int bram_book_read(bram_ctx *cx, bram_book *b, size_t sheet, bram_grid **grid)
{
    bram_grid *g = NULL;
    if (b->xlsx) return bram_xlsx_read(cx, b->xlsx, sheet, grid);
    if (b->xls) return bram_xls_read(cx, b->xls, sheet, grid);
    BRAM_TRY(bram_grid_new(cx, &g, ""));
    int status = b->form == BRAM_BOOK_JSON ? read_json(cx, b, g) : read_text(cx, b, g);
    if (status == BRAM_OK) status = bram_grid_finish(cx, g);
    if (status == BRAM_OK) *grid = g;
    else bram_grid_free(g);
    return status;
}

ptrdiff_t bram_book_heading(const bram_grid *g, const char *name)
{
    size_t length = strlen(name);
    for (size_t c = 0; c < bram_grid_cols(g); c++) {
        const char *text = bram_grid_text(g, 0, c);
        while (isspace((unsigned char)*text) || *text == '#') text++;
        if (strncmp(text, name, length) == 0 && !text[length + strspn(text + length, " \t")])
            return (ptrdiff_t)c;
    }
    return -1;
}

const char *bram_book_text(char *text, size_t bytes, const bram_grid *g, size_t row, size_t col)
{
    bram_cell cell = bram_grid_cell(g, row, col);
    char number[BRAM_NUMBER_BYTES];
    if (cell.type == BRAM_CELL_NUMBER)
        snprintf(text, bytes, "%s", bram_number_format(number, cell.number));
    else snprintf(text, bytes, "%s", cell.text);
    return text;
}
