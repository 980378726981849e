/*
 * cells_book.c - the lists of Cook et al. 2019 as workbooks.
 *
 * SI 4, cell lists: a sheet for each part of the animal, the names in column A, the cell type in B;
 * then category, notes and remarks, of which the sheet of male cells has notes alone. Two sheets
 * have headings. It becomes cells/cook2019_cells, with the sheet in the column `list`.
 *
 * SI 6, cell class lists: groups (SN6 ...) in column A, in the row of their first class; classes
 * that both sexes share in B, of hermaphrodites in C, of males in D. Below the first gap in C
 * stands what the class in B is. It becomes cells/cook2019_classes. Groups without cells of their
 * own
 * ("MALE SENSORY") are entries, too.
 */
#include "cell_list.h"

#include "gz.h"
#include "xlsx.h"

#include <string.h>

static const char *const sheets[] = {"pharynx", "sex-shared", "hermaphrodite specific",
                                     "male-specific"};
static const char classes[] = "cell class lists";

enum {
    SHEETS = sizeof sheets / sizeof *sheets,
    MALE = 3,
    GROUP = 0,
    SHARED = 1,
    MEANING = 2,
    LAST_SEX = 3
};

static bool is_zip(const char *path)
{
    char head[4];
    return bram_gz_peek(path, head, sizeof head) == sizeof head && memcmp(head, "PK\3\4", 4) == 0;
}

static bool has_lists(const bram_xlsx *book)
{
    size_t found = 0;
    for (size_t k = 0; k < SHEETS; k++) found += bram_xlsx_find(book, sheets[k]) >= 0;
    return found == SHEETS;
}

bool bram_cells_is_book(bram_ctx *cx, const char *path)
{
    bram_xlsx *book = NULL;
    if (!is_zip(path) || bram_xlsx_open(cx, &book, path) != BRAM_OK) return false;
    bool mine = has_lists(book) || bram_xlsx_find(book, classes) >= 0;
    bram_xlsx_close(book);
    return mine;
}

/* ---- SI 4 ----------------------------------------------------------------------------------- */

/* The name in a row, or "": headings have none, or "name". */
static const char *name_in(const bram_grid *g, size_t row)
{
    const char *name = bram_grid_text(g, row, 0);
    return strcmp(name, "name") == 0 ? "" : name;
}

static void take_sheet(bram_cell_list *l, size_t *n, const bram_grid *g, size_t sheet)
{
    for (size_t row = 0; row < bram_grid_rows(g); row++) {
        if (!name_in(g, row)[0]) continue;
        l->id[*n] = name_in(g, row);
        l->text[0][*n] = sheets[sheet];
        l->text[1][*n] = bram_grid_text(g, row, 1);
        l->text[2][*n] = sheet == MALE ? "" : bram_grid_text(g, row, 2);
        l->text[3][*n] = bram_grid_text(g, row, sheet == MALE ? 2 : 3);
        l->text[4][*n] = bram_grid_text(g, row, 4);
        ++*n;
    }
}

static int put_cells(bram_ctx *cx, bram_dataset *ds, bram_grid *const *grid)
{
    static const char *const columns[] = {"list", "cell type", "category", "notes", "remark"};
    bram_cell_list l = {.rows = 0};
    size_t rows = 0, n = 0;
    for (size_t k = 0; k < SHEETS; k++)
        for (size_t row = 0; row < bram_grid_rows(grid[k]); row++)
            rows += name_in(grid[k], row)[0] != 0;
    BRAM_TRY(bram_cell_list_new(cx, &l, rows, 5));
    for (size_t k = 0; k < 5; k++) bram_cell_list_name(&l, k, columns[k]);
    for (size_t k = 0; k < SHEETS; k++) take_sheet(&l, &n, grid[k], k);
    return bram_cell_list_put(cx, ds, &l, "cook2019_cells");
}

static int load_cells(bram_ctx *cx, bram_dataset *ds, const bram_xlsx *book)
{
    bram_grid *grid[SHEETS] = {NULL};
    int status = BRAM_OK;
    for (size_t k = 0; k < SHEETS && status == BRAM_OK; k++)
        status = bram_xlsx_read_named(cx, book, sheets[k], &grid[k]);
    if (status == BRAM_OK) status = put_cells(cx, ds, grid);
    for (size_t k = 0; k < SHEETS; k++) bram_grid_free(grid[k]);
    return status;
}

/* ---- SI 6 ----------------------------------------------------------------------------------- */

/* The sheet, the row below its headings, and the row of the first gap in column C. */
struct class_sheet {
    const bram_grid *grid;
    size_t first, gap;
};

static const char *text_in(const struct class_sheet *s, size_t row, size_t col)
{
    return bram_grid_text(s->grid, row, col);
}

static bool is_class(const struct class_sheet *s, size_t row, size_t col)
{
    return text_in(s, row, col)[0] && !(col == MEANING && row > s->gap);
}

static int put_classes(bram_ctx *cx, bram_dataset *ds, const struct class_sheet *s)
{
    static const char *const columns[] = {"group", "sex", "meaning"};
    static const char *const sexes[] = {"", "shared", "hermaphrodite", "male"};
    bram_cell_list l = {.rows = 0};
    size_t rows = 0, n = 0, end = bram_grid_rows(s->grid);
    for (size_t row = s->first; row < end; row++)
        for (size_t col = SHARED; col <= LAST_SEX; col++) rows += is_class(s, row, col);
    BRAM_TRY(bram_cell_list_new(cx, &l, rows, 3));
    for (size_t k = 0; k < 3; k++) bram_cell_list_name(&l, k, columns[k]);
    for (size_t col = SHARED; col <= LAST_SEX; col++) {
        const char *group = "";
        for (size_t row = s->first; row < end; row++) {
            if (text_in(s, row, GROUP)[0]) group = text_in(s, row, GROUP);
            if (!is_class(s, row, col)) continue;
            l.id[n] = text_in(s, row, col);
            l.text[0][n] = col == SHARED ? group : "";
            l.text[1][n] = sexes[col];
            l.text[2][n++] = col == SHARED && row > s->gap ? text_in(s, row, MEANING) : "";
        }
    }
    return bram_cell_list_put(cx, ds, &l, "cook2019_classes");
}

static int load_classes(bram_ctx *cx, bram_dataset *ds, const bram_xlsx *book)
{
    bram_grid *g = NULL;
    BRAM_TRY(bram_xlsx_read_named(cx, book, classes, &g));
    size_t row = 0, end = bram_grid_rows(g);
    while (row < end && !strstr(bram_grid_text(g, row, SHARED), "shared")) row++;
    struct class_sheet s = {g, row + 1, row + 1};
    while (s.gap < end && bram_grid_text(g, s.gap, MEANING)[0]) s.gap++;
    int status = row < end ? put_classes(cx, ds, &s)
                           : bram_fail(cx, BRAM_EFORMAT,
                                       "sheet \"%s\": found no heading \"shared ...\" in column B",
                                       classes);
    bram_grid_free(g);
    return status;
}

int bram_cells_load_book(bram_ctx *cx, bram_dataset *ds, const char *path)
{
    bram_xlsx *book = NULL;
    BRAM_TRY(bram_xlsx_open(cx, &book, path));
    int status = has_lists(book) ? load_cells(cx, ds, book) : load_classes(cx, ds, book);
    bram_xlsx_close(book);
    return status;
}
