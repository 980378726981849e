/*
 * allen.c - which stimulus each presentation was; see allen.h. Cost: O(rows log rows).
 */
#include "allen.h"

#include "names.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row of the table that is not blank. */
struct row {
    size_t at, columns;
    const char **text; /* numbers in shortest form */
    double *number;    /* NaN: no number */
};

static bool is_blank(const char *text)
{
    static const char *const words[] = {"", "nan", "NaN", "null", "N/A", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

static int read_row(bram_ctx *cx, struct row *r, size_t at, const char *const *cells,
                    size_t columns, bool *blank)
{
    *r = (struct row){.at = at, .columns = columns};
    r->text = bram_scratch(cx, columns, sizeof *r->text);
    r->number = bram_scratch(cx, columns, sizeof *r->number);
    char *room = bram_scratch(cx, columns, BRAM_NUMBER_BYTES);
    if (!r->text || !r->number || !room) return BRAM_ENOMEM;
    *blank = false;
    for (size_t k = 0; k < columns; k++) {
        const char *cell = cells[at * columns + k];
        r->text[k] = cell;
        r->number[k] = (double)NAN;
        if (is_blank(cell)) *blank = true;
        else if (bram_number_parse(cell, 0, &r->number[k]))
            r->text[k] = bram_number_format(room + k * BRAM_NUMBER_BYTES, r->number[k]);
    }
    if (r->number[0] == -1) *blank = true;
    return BRAM_OK;
}

static int by_condition(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    for (size_t k = 0; k < x->columns; k++) {
        double p = x->number[k], q = y->number[k];
        int order = isnan(p) || isnan(q) ? strcmp(x->text[k], y->text[k]) : (p > q) - (p < q);
        if (isnan(p) != isnan(q)) order = isnan(p) ? 1 : -1; /* numbers come first */
        if (order) return order;
    }
    return 0;
}

static int by_condition_then_place(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = by_condition(a, b);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* "natural_scenes-017": a whole number of one column has three digits, so that names sort. */
static char *name_of(bram_ctx *cx, const char *name, const struct row *r)
{
    size_t room = strlen(name) + 40;
    for (size_t k = 0; k < r->columns; k++) room += strlen(r->text[k]) + 1;
    char *id = bram_scratch(cx, room, 1);
    double first = r->number[0];
    if (!id) return NULL;
    if (r->columns == 1 && first == floor(first) && first >= 0 && first < 1e9) {
        snprintf(id, room, "%s-%03.0f", name, first);
        return id;
    }
    size_t used = (size_t)snprintf(id, room, "%s-", name);
    for (size_t k = 0; k < r->columns; k++)
        used += (size_t)snprintf(id + used, room - used, "%s%s", k ? "/" : "", r->text[k]);
    return id;
}

static int take_room(bram_ctx *cx, bram_conditions *c, size_t rows, size_t columns)
{
    c->columns = columns;
    c->row = bram_scratch(cx, rows, sizeof *c->row);
    c->stimulus = bram_scratch(cx, rows, sizeof *c->stimulus);
    c->repeat = bram_scratch(cx, rows, sizeof *c->repeat);
    c->id = bram_scratch(cx, rows, sizeof *c->id);
    c->value = bram_scratch(cx, columns, sizeof *c->value);
    if (!c->row || !c->stimulus || !c->repeat || !c->id || !c->value) return BRAM_ENOMEM;
    for (size_t k = 0; k < columns; k++)
        if (!(c->value[k] = bram_scratch(cx, rows, sizeof **c->value))) return BRAM_ENOMEM;
    return BRAM_OK;
}

int bram_allen_conditions(bram_ctx *cx, bram_conditions *out, const char *name,
                          const char *const *cells, size_t rows, size_t columns)
{
    bram_conditions c = {.trials = 0};
    struct row *row = bram_scratch(cx, rows, sizeof *row);
    size_t n = 0;
    if (!row) return BRAM_ENOMEM;
    BRAM_TRY(take_room(cx, &c, rows, columns));
    for (size_t i = 0; i < rows; i++) {
        bool blank;
        BRAM_TRY(read_row(cx, &row[n], i, cells, columns, &blank));
        n += !blank;
    }
    if (!n)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu presentations and none with a stimulus, expected one", name,
                         rows);
    qsort(row, n, sizeof *row, by_condition_then_place);
    for (size_t i = 0; i < n; i++) {
        if (!i || by_condition(&row[i - 1], &row[i])) {
            if (!(c.id[c.stimuli] = name_of(cx, name, &row[i]))) return BRAM_ENOMEM;
            for (size_t k = 0; k < columns; k++) c.value[k][c.stimuli] = row[i].text[k];
            c.stimuli++;
        }
        c.row[i] = row[i].at;
        c.stimulus[i] = c.stimuli - 1;
    }
    c.trials = n;
    c.repeats = bram_shown_repeats(cx, c.repeat, c.stimulus, n, c.stimuli);
    if (!c.repeats) return BRAM_ENOMEM;
    *out = c;
    return BRAM_OK;
}

int bram_allen_stimuli(bram_ctx *cx, bram_axis **out, const bram_conditions *c,
                       const char *const *names)
{
    bram_axis *axis = NULL;
    BRAM_TRY(bram_shown_axis(cx, &axis, "stimulus", c->stimuli, c->id, NULL));
    int status = BRAM_OK;
    for (size_t k = 0; status == BRAM_OK && k < c->columns; k++)
        if (bram_name_is_identifier(names[k]))
            status = bram_axis_add_text(cx, axis, names[k], c->value[k]);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}
