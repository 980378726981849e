/*
 * grid.c - a sheet of a spreadsheet as sparse cells, sorted by row and column.
 */
#include "grid.h"

#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID_FIRST_ROOM = 1024 };

struct entry {
    uint32_t row;
    uint16_t col;
    uint8_t type;
    double number;
    size_t text; /* where it begins in the text of the grid */
};

struct bram_grid {
    char *name, *text;
    struct entry *entries;
    size_t count, room, text_used, text_room;
    size_t *row_start; /* of row r: entries row_start[r] .. row_start[r + 1] - 1 */
    size_t rows, cols;
};

int bram_grid_new(bram_ctx *cx, bram_grid **out, const char *name)
{
    bram_grid *g = bram_alloc(cx, 1, sizeof *g);
    if (!g) return BRAM_ENOMEM;
    g->name = bram_strdup(cx, name);
    if (!g->name) {
        bram_free(g);
        return BRAM_ENOMEM;
    }
    *out = g;
    return BRAM_OK;
}

void bram_grid_free(bram_grid *g)
{
    if (!g) return;
    bram_free(g->name);
    bram_free(g->text);
    bram_free(g->entries);
    bram_free(g->row_start);
    bram_free(g);
}

static int add_text(bram_ctx *cx, bram_grid *g, const char *text, size_t length)
{
    if (length + 1 > g->text_room - g->text_used) {
        size_t room = 2 * g->text_room + length + GRID_FIRST_ROOM;
        char *grown = bram_realloc(cx, g->text, room, 1);
        if (!grown) return BRAM_ENOMEM;
        g->text = grown;
        g->text_room = room;
    }
    memcpy(g->text + g->text_used, text, length);
    g->text[g->text_used + length] = 0;
    g->text_used += length + 1;
    return BRAM_OK;
}

int bram_grid_add(bram_ctx *cx, bram_grid *g, size_t row, size_t col, bram_cell_type type,
                  const char *text, size_t length, double number)
{
    if (row >= BRAM_GRID_MAX_ROWS || col >= BRAM_GRID_MAX_COLS)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found a cell in row %zu, column %zu, expected at most %d, %d", row + 1,
                         col + 1, BRAM_GRID_MAX_ROWS, BRAM_GRID_MAX_COLS);
    if (type == BRAM_CELL_EMPTY) return BRAM_OK;
    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : GRID_FIRST_ROOM;
        struct entry *grown = bram_realloc(cx, g->entries, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        g->entries = grown;
        g->room = room;
    }
    struct entry e = {(uint32_t)row, (uint16_t)col, (uint8_t)type, number, g->text_used};
    if (type == BRAM_CELL_TEXT || type == BRAM_CELL_ERROR) {
        e.number = NAN;
        BRAM_TRY(add_text(cx, g, text, length));
    }
    g->entries[g->count++] = e;
    if (row >= g->rows) g->rows = row + 1;
    if (col >= g->cols) g->cols = col + 1;
    return BRAM_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return (x->col > y->col) - (x->col < y->col);
}

int bram_grid_finish(bram_ctx *cx, bram_grid *g)
{
    bool sorted = true;
    for (size_t i = 1; i < g->count && sorted; i++)
        sorted = by_place(g->entries + i - 1, g->entries + i) < 0;
    if (!sorted) qsort(g->entries, g->count, sizeof *g->entries, by_place);
    for (size_t i = 1; i < g->count && !sorted; i++)
        if (!by_place(g->entries + i - 1, g->entries + i)) {
            char ref[16];
            return bram_fail(cx, BRAM_EFORMAT, "%s!%s is given twice", g->name,
                             bram_grid_ref(ref, g->entries[i].row, g->entries[i].col));
        }
    size_t *row_start = bram_alloc(cx, g->rows + 1, sizeof *row_start);
    if (!row_start) return BRAM_ENOMEM;
    for (size_t row = 0, i = 0; row <= g->rows; row++) {
        while (i < g->count && g->entries[i].row < row) i++;
        row_start[row] = i;
    }
    bram_free(g->row_start);
    g->row_start = row_start;
    return BRAM_OK;
}

const char *bram_grid_name(const bram_grid *g)
{
    return g->name;
}

size_t bram_grid_rows(const bram_grid *g)
{
    return g->rows;
}

size_t bram_grid_cols(const bram_grid *g)
{
    return g->cols;
}

bram_cell bram_grid_cell(const bram_grid *g, size_t row, size_t col)
{
    bram_cell cell = {BRAM_CELL_EMPTY, "", NAN};
    if (row >= g->rows || col >= g->cols || !g->row_start) return cell;
    size_t low = g->row_start[row], high = g->row_start[row + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct entry *e = g->entries + middle;
        if (e->col == col) {
            cell.type = (bram_cell_type)e->type;
            cell.number = e->number;
            if (cell.type == BRAM_CELL_TEXT || cell.type == BRAM_CELL_ERROR)
                cell.text = g->text + e->text;
            return cell;
        }
        if (e->col < col) low = middle + 1;
        else high = middle;
    }
    return cell;
}

const char *bram_grid_text(const bram_grid *g, size_t row, size_t col)
{
    bram_cell cell = bram_grid_cell(g, row, col);
    return cell.type == BRAM_CELL_TEXT ? cell.text : "";
}

int bram_grid_number(bram_ctx *cx, const bram_grid *g, size_t row, size_t col, int flags,
                     double *value)
{
    bram_cell cell = bram_grid_cell(g, row, col);
    if (cell.type == BRAM_CELL_NUMBER || cell.type == BRAM_CELL_BOOLEAN) {
        *value = cell.number;
        return BRAM_OK;
    }
    if (cell.type != BRAM_CELL_ERROR && bram_number_parse(cell.text, flags, value)) return BRAM_OK;
    char ref[16];
    return bram_fail(cx, BRAM_EFORMAT, "%s!%s: found \"%.80s\", expected a number", g->name,
                     bram_grid_ref(ref, row, col), cell.text);
}

/* Columns are A .. Z, AA .. ZZ, AAA .. XFD: a number to the base 26 whose digits are 1 .. 26. */
const char *bram_grid_ref(char *text, size_t row, size_t col)
{
    char letters[16];
    size_t n = sizeof letters;
    letters[--n] = 0;
    for (size_t c = col + 1; c && n > 8; c = (c - 1) / 26)
        letters[--n] = (char)('A' + (c - 1) % 26);
    snprintf(text, 16, "%s%u", letters + n, (unsigned)(row + 1) % 10000000);
    return text;
}

bool bram_grid_parse_ref(const char *text, size_t *row, size_t *col)
{
    size_t c = 0, r = 0;
    if (*text == '$') text++;
    for (; *text >= 'A' && *text <= 'Z'; text++) {
        c = 26 * c + (size_t)(*text - 'A' + 1);
        if (c > BRAM_GRID_MAX_COLS) return false;
    }
    if (*text == '$') text++;
    for (; *text >= '0' && *text <= '9'; text++) {
        r = 10 * r + (size_t)(*text - '0');
        if (r > BRAM_GRID_MAX_ROWS) return false;
    }
    if (*text || !c || !r) return false;
    *row = r - 1;
    *col = c - 1;
    return true;
}
