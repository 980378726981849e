/*
 * matrix_table.c - a sheet with a matrix of named rows and columns as entries of a connectome.
 */
#include "matrix_table.h"

#include <string.h>

static int refuse(bram_ctx *cx, int status, const bram_grid *g, size_t row, size_t col)
{
    char ref[16];
    return bram_fail_prefix(cx, status, "%s%s%s", bram_grid_name(g), *bram_grid_name(g) ? "!" : "",
                            bram_grid_ref(ref, row, col));
}

static int add_row(bram_ctx *cx, bram_connectome *c, size_t layer, const bram_grid *g,
                   const bram_matrix_place *p, size_t row)
{
    const char *name = bram_grid_text(g, row, p->name_col);
    if (!name[0]) return BRAM_OK; /* sums below, titles */
    for (size_t col = p->name_col + 1; col < bram_grid_cols(g); col++) {
        const char *other = bram_grid_text(g, p->name_row, col);
        bram_entry e = {.pre = p->from_columns ? other : name,
                        .post = p->from_columns ? name : other};
        if (!other[0] || bram_grid_cell(g, row, col).type == BRAM_CELL_EMPTY) continue;
        BRAM_TRY(bram_grid_number(cx, g, row, col, 0, &e.weight));
        if (e.weight == 0) continue;
        int status = bram_connectome_add(cx, c, layer, &e);
        if (status != BRAM_OK) return refuse(cx, status, g, row, col);
    }
    return BRAM_OK;
}

static int examine(bram_ctx *cx, bram_connectome *c, const bram_grid *g, const bram_matrix_place *p,
                   size_t *rows, size_t *cols)
{
    unsigned as_row = p->from_columns ? BRAM_AS_POST : BRAM_AS_PRE;
    for (size_t col = p->name_col + 1; col < bram_grid_cols(g); col++) {
        const char *name = bram_grid_text(g, p->name_row, col);
        if (!name[0]) continue;
        BRAM_TRY(bram_connectome_examine(cx, c, name, BRAM_AS_BOTH - as_row));
        ++*cols;
    }
    for (size_t row = p->name_row + 1; row < bram_grid_rows(g); row++) {
        const char *name = bram_grid_text(g, row, p->name_col);
        if (!name[0]) continue;
        BRAM_TRY(bram_connectome_examine(cx, c, name, as_row));
        ++*rows;
    }
    return BRAM_OK;
}

int bram_matrix_table_add(bram_ctx *cx, bram_connectome *c, size_t layer, const bram_grid *g,
                          const bram_matrix_place *place)
{
    size_t rows = 0, cols = 0;
    BRAM_TRY(examine(cx, c, g, place, &rows, &cols));
    if (!rows || !cols)
        return bram_fail(cx, BRAM_EFORMAT,
                         "sheet \"%s\": found %zu names in column %zu and %zu in row %zu, expected "
                         "names before the rows and above the columns",
                         bram_grid_name(g), rows, place->name_col + 1, cols, place->name_row + 1);
    for (size_t row = place->name_row + 1; row < bram_grid_rows(g); row++)
        BRAM_TRY(add_row(cx, c, layer, g, place, row));
    return BRAM_OK;
}
