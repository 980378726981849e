/*
 * cell_list.c - lists of cells as tables; see cell_list.h.
 */
#include "cell_list.h"

#include "labels.h"
#include "number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void bram_cell_list_name(bram_cell_list *l, size_t column, const char *heading)
{
    char *name = l->name[column];
    size_t n = 0;
    for (; *heading && n + 1 < BRAM_CELL_COLUMN_NAME; heading++)
        if (isalnum((unsigned char)*heading)) name[n++] = (char)tolower((unsigned char)*heading);
        else if (n && name[n - 1] != '_') name[n++] = '_';
    while (n && name[n - 1] == '_') n--;
    name[n] = 0;
    if (!n || !isalpha((unsigned char)name[0])) snprintf(name, BRAM_CELL_COLUMN_NAME, "further");
}

/* A column as numbers, where all its texts are. @return whether it was added */
static int add_numbers(bram_ctx *cx, bram_axis *table, const bram_cell_list *l, size_t k,
                       bool *added)
{
    double *number = bram_scratch(cx, l->rows, sizeof *number);
    size_t missing = 0;
    if (!number) return BRAM_ENOMEM;
    for (size_t i = 0; i < l->rows; i++) {
        if (!bram_number_parse(l->text[k][i], BRAM_NUMBER_EMPTY, &number[i])) return BRAM_OK;
        missing += isnan(number[i]) != 0;
    }
    if (missing == l->rows) return BRAM_OK;
    *added = true;
    return bram_axis_add_number(cx, table, l->name[k], number, "");
}

static int add_identities(bram_ctx *cx, bram_axis *table, const bram_cell_list *l)
{
    static const char *const kinds[] = {"unknown", "glia", "muscle", "other"};
    const char **text[3];
    for (size_t k = 0; k < 3; k++) {
        text[k] = bram_scratch(cx, l->rows, sizeof *text[k]);
        if (!text[k]) return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < l->rows; i++) {
        bram_label label = bram_label_parse(l->id[i], (double)NAN, 0);
        bool exact = bram_label_is_certain(&label);
        text[0][i] = exact ? bram_neuron_at((size_t)label.neuron)->name : "";
        text[1][i] = bram_certainty_name(label.certainty);
        text[2][i] = exact || label.class_name[0] ? "neuron" : kinds[bram_cell_recognize(l->id[i])];
    }
    BRAM_TRY(bram_axis_add_text(cx, table, "label", text[0]));
    BRAM_TRY(bram_axis_add_text(cx, table, "certainty", text[1]));
    return bram_axis_add_text(cx, table, "kind", text[2]);
}

static int fill(bram_ctx *cx, bram_axis *table, const bram_cell_list *l)
{
    BRAM_TRY(bram_axis_set_ids(cx, table, l->id));
    BRAM_TRY(add_identities(cx, table, l));
    for (size_t k = 0; k < l->columns; k++) {
        bool added = false;
        BRAM_TRY(add_numbers(cx, table, l, k, &added));
        if (!added) BRAM_TRY(bram_axis_add_text(cx, table, l->name[k], l->text[k]));
    }
    return BRAM_OK;
}

int bram_cell_list_put(bram_ctx *cx, bram_dataset *ds, const bram_cell_list *l, const char *name)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, name, l->rows));
    int status = fill(cx, table, l);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "cells", table);
    bram_axis_free(table);
    return status;
}

int bram_cell_list_new(bram_ctx *cx, bram_cell_list *l, size_t rows, size_t columns)
{
    if (rows == 0 || rows > BRAM_CELLS_MOST || columns > BRAM_CELL_COLUMNS)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu cells with %zu columns, expected 1 to %d, %d",
                         rows, columns, BRAM_CELLS_MOST, BRAM_CELL_COLUMNS);
    l->rows = rows;
    l->columns = columns;
    l->id = bram_scratch(cx, rows, sizeof *l->id);
    for (size_t k = 0; k < columns; k++) {
        l->text[k] = bram_scratch(cx, rows, sizeof *l->text[k]);
        if (!l->text[k]) return BRAM_ENOMEM;
    }
    return l->id ? BRAM_OK : BRAM_ENOMEM;
}
