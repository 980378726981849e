/*
 * edge_table.c - reading tables of edges by the description of their columns.
 */
#include "edge_table.h"

#include "buffer.h"
#include "intake.h"

#include <stdio.h>
#include <string.h>

enum { CELL = 128, COLUMNS = 6 };

/* The columns of a form in a sheet; -1 where the form has none. */
struct columns {
    const char *heading[COLUMNS];
    ptrdiff_t at[COLUMNS]; /* pre, post, type, number, transmitter, receptor */
};

enum { PRE, POST, TYPE, NUMBER, TRANSMITTER, RECEPTOR };

/* @return whether the sheet has all columns of the form */
static bool find_columns(struct columns *c, const bram_edge_form *f, const bram_grid *g)
{
    const char *const headings[COLUMNS] = {f->pre,    f->post,        f->type,
                                           f->number, f->transmitter, f->receptor};
    for (size_t k = 0; k < COLUMNS; k++) {
        c->heading[k] = headings[k];
        c->at[k] = headings[k] ? bram_book_heading(g, headings[k]) : -1;
        if (headings[k] && c->at[k] < 0) return false;
    }
    return true;
}

/* The sheet a form lies in, by its name; of a workbook with one sheet that one. */
static ptrdiff_t sheet_of(const bram_book *book, const bram_edge_form *form)
{
    if (!form->sheet) return bram_book_sheets(book) == 1 ? 0 : -1;
    return bram_book_find(book, form->sheet);
}

/* The first of the forms that a file has, and the grid it lies in; NULL where there is none. */
static int find_form(bram_ctx *cx, bram_book *book, const bram_edge_form *forms, size_t count,
                     const bram_edge_form **form, bram_grid **grid)
{
    bram_grid *g = NULL;
    ptrdiff_t read = -1;
    for (size_t i = 0; i < count && !*form; i++) {
        struct columns c;
        ptrdiff_t at = sheet_of(book, &forms[i]);
        if (at < 0) continue;
        if (at != read) {
            bram_grid_free(g);
            g = NULL;
            read = at;
            BRAM_TRY(bram_book_read(cx, book, (size_t)at, &g));
        }
        if (find_columns(&c, &forms[i], g)) *form = &forms[i];
    }
    if (*form) *grid = g;
    else bram_grid_free(g);
    return BRAM_OK;
}

int bram_edge_recognise(bram_ctx *cx, const bram_input *input, const bram_edge_form *forms,
                        size_t count, bram_recognition *out)
{
    bram_book *book = NULL;
    bram_grid *g = NULL;
    const bram_edge_form *form = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no table with the columns it knows");
    int status = bram_book_open(cx, &book, input->paths[0], true);
    if (status == BRAM_OK) status = find_form(cx, book, forms, count, &form, &g);
    if (form) bram_recognise(out, BRAM_MINE, "%s", form->what);
    bram_grid_free(g);
    bram_book_close(book);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

struct reading {
    const bram_edge_form *form;
    struct columns columns;
    const bram_grid *grid;
    bram_edge_row_fn *take;
    void *user;
};

static int refuse(bram_ctx *cx, const struct reading *r, size_t row, size_t k, const char *found,
                  const char *expected)
{
    return bram_fail(cx, BRAM_EFORMAT, "row %zu, column \"%s\": found %s%.80s%s, expected %s",
                     row + 1, r->columns.heading[k], *found ? "\"" : "", *found ? found : "nothing",
                     *found ? "\"" : "", expected);
}

/* "chemical, electrical" for the message */
static int refuse_word(bram_ctx *cx, const struct reading *r, size_t row, const char *word)
{
    bram_buffer words = {0};
    for (const bram_edge_kind *k = r->form->kinds; k->word; k++)
        bram_buffer_putf(&words, "%s%s", k == r->form->kinds ? "" : ", ", k->word);
    int status = refuse(cx, r, row, TYPE, word, bram_buffer_text(&words));
    bram_buffer_release(&words);
    return status;
}

/* Fills the row in from the sheet. @param text  room for the texts of its cells */
static int read_row(bram_ctx *cx, const struct reading *r, size_t row, char text[][CELL],
                    bram_edge_row *out)
{
    for (size_t k = 0; k < COLUMNS; k++) {
        text[k][0] = 0;
        if (r->columns.at[k] >= 0)
            bram_book_text(text[k], CELL, r->grid, row, (size_t)r->columns.at[k]);
    }
    *out = (bram_edge_row){.layer = r->form->layer, .word = text[TYPE]};
    out->entry = (bram_entry){text[PRE], text[POST], 1, text[TRANSMITTER], text[RECEPTOR], {0}};
    if (!text[PRE][0]) return refuse(cx, r, row, PRE, "", "the name of a cell");
    if (!text[POST][0]) return refuse(cx, r, row, POST, "", "the name of a cell");
    if (r->form->type) {
        const bram_edge_kind *kind = r->form->kinds;
        while (kind->word && strcmp(kind->word, text[TYPE]) != 0) kind++;
        if (!kind->word) return refuse_word(cx, r, row, text[TYPE]);
        out->layer = kind->layer;
    }
    if (r->form->number && bram_grid_number(cx, r->grid, row, (size_t)r->columns.at[NUMBER], 0,
                                            &out->entry.weight) != BRAM_OK)
        return refuse(cx, r, row, NUMBER, text[NUMBER], "a number");
    return BRAM_OK;
}

static bool is_blank(const struct reading *r, size_t row)
{
    for (size_t k = 0; k < COLUMNS; k++)
        if (r->columns.at[k] >= 0 &&
            bram_grid_cell(r->grid, row, (size_t)r->columns.at[k]).type != BRAM_CELL_EMPTY)
            return false;
    return true;
}

static int read_rows(bram_ctx *cx, const struct reading *r)
{
    char text[COLUMNS][CELL];
    bram_edge_row row;
    for (size_t i = 1; i < bram_grid_rows(r->grid); i++) {
        if (is_blank(r, i)) continue;
        BRAM_TRY(read_row(cx, r, i, text, &row));
        if (row.layer == BRAM_EDGE_SKIP) continue;
        int status = r->take(cx, r->user, &row);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "row %zu", i + 1);
    }
    return BRAM_OK;
}

/* No form fits: which headings there are, and which the first form wants. */
static int refuse_headings(bram_ctx *cx, bram_book *book, const bram_edge_form *form)
{
    bram_grid *g = NULL;
    ptrdiff_t sheet = sheet_of(book, form);
    if (sheet < 0 && form->sheet)
        return bram_fail(cx, BRAM_EFORMAT, "found no sheet \"%s\" among %zu", form->sheet,
                         bram_book_sheets(book));
    if (sheet < 0)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu sheets, expected one",
                         bram_book_sheets(book));
    BRAM_TRY(bram_book_read(cx, book, (size_t)sheet, &g));
    bram_buffer found = {0};
    for (size_t c = 0; c < bram_grid_cols(g) && c < 12; c++)
        bram_buffer_putf(&found, "%s%.40s", c ? ", " : "", bram_grid_text(g, 0, c));
    int status = bram_fail(cx, BRAM_EFORMAT, "found the headings \"%.300s\", expected %s",
                           bram_buffer_text(&found), form->what);
    bram_buffer_release(&found);
    bram_grid_free(g);
    return status;
}

int bram_edge_table_read(bram_ctx *cx, const char *path, const bram_edge_form *forms, size_t count,
                         bram_edge_row_fn *take, void *user)
{
    struct reading r = {.take = take, .user = user};
    bram_book *book = NULL;
    bram_grid *g = NULL;
    BRAM_TRY(bram_book_open(cx, &book, path, false));
    int status = find_form(cx, book, forms, count, &r.form, &g);
    if (status == BRAM_OK && !r.form) status = refuse_headings(cx, book, forms);
    if (status == BRAM_OK && r.form) {
        r.grid = g;
        find_columns(&r.columns, r.form, g);
        status = read_rows(cx, &r);
    }
    bram_grid_free(g);
    bram_book_close(book);
    return status;
}

int bram_edge_row_add(bram_ctx *cx, void *connectome, const bram_edge_row *row)
{
    BRAM_TRY(bram_connectome_examine(cx, connectome, row->entry.pre, BRAM_AS_BOTH));
    BRAM_TRY(bram_connectome_examine(cx, connectome, row->entry.post, BRAM_AS_BOTH));
    return bram_connectome_add(cx, connectome, (size_t)row->layer, &row->entry);
}

int bram_one_file(bram_ctx *cx, const bram_input *input)
{
    if (input->count == 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected one", input->count);
}
