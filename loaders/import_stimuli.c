/*
 * import_stimuli.c - two tables of stimuli become one; see import_stimuli.h. Cost: O(rows x
 * columns)
 */
#include "import_stimuli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct joining {
    const bram_axis *a, *b;
    size_t rows;
    const char **id;
    ptrdiff_t *in_a, *in_b; /* rows: where it stands, -1: nowhere */
};

static int join_ids(bram_ctx *cx, struct joining *j)
{
    size_t first = bram_axis_length(j->a), second = bram_axis_length(j->b), most = first + second;
    j->id = bram_scratch(cx, most, sizeof *j->id);
    j->in_a = bram_scratch(cx, most, sizeof *j->in_a);
    j->in_b = bram_scratch(cx, most, sizeof *j->in_b);
    if (!j->id || !j->in_a || !j->in_b) return BRAM_ENOMEM;
    for (size_t i = 0; i < first; i++) {
        j->id[i] = bram_axis_id(j->a, i);
        j->in_a[i] = (ptrdiff_t)i;
        j->in_b[i] = bram_axis_find(j->b, j->id[i]);
    }
    j->rows = first;
    for (size_t i = 0; i < second; i++) {
        const char *id = bram_axis_id(j->b, i);
        if (bram_axis_find(j->a, id) >= 0) continue;
        j->id[j->rows] = id;
        j->in_a[j->rows] = -1;
        j->in_b[j->rows++] = (ptrdiff_t)i;
    }
    return BRAM_OK;
}

/* ---- columns -------------------------------------------------------------------------------- */

static const char *text_at(const bram_column *c, ptrdiff_t row)
{
    return c && row >= 0 ? c->text[row] : "";
}

static double number_at(const bram_column *c, ptrdiff_t row)
{
    if (!c || row < 0) return (double)NAN;
    return c->type == BRAM_INTEGER ? (double)c->integer[row] : c->number[row];
}

static int join_texts(bram_ctx *cx, bram_axis *out, const struct joining *j, const char *name,
                      const bram_column *a, const bram_column *b)
{
    const char **text = bram_scratch(cx, j->rows, sizeof *text);
    if (!text) return BRAM_ENOMEM;
    for (size_t i = 0; i < j->rows; i++) {
        const char *x = text_at(a, j->in_a[i]), *y = text_at(b, j->in_b[i]);
        text[i] = *x ? x : y;
        if (!*x || !*y || strstr(x, y)) continue;
        size_t room = strlen(x) + strlen(y) + 4;
        char *both = bram_scratch(cx, room, 1);
        if (!both) return BRAM_ENOMEM;
        snprintf(both, room, "%s | %s", x, y);
        text[i] = both;
    }
    return bram_axis_add_text(cx, out, name, text);
}

static int join_numbers(bram_ctx *cx, bram_axis *out, const struct joining *j, const char *name,
                        const bram_column *a, const bram_column *b)
{
    bool whole = a && b && a->type == BRAM_INTEGER && b->type == BRAM_INTEGER;
    double *number = bram_scratch(cx, j->rows, sizeof *number);
    int64_t *integer = bram_scratch(cx, j->rows, sizeof *integer);
    if (!number || !integer) return BRAM_ENOMEM;
    for (size_t i = 0; i < j->rows; i++) {
        number[i] = number_at(a, j->in_a[i]);
        if (isnan(number[i])) number[i] = number_at(b, j->in_b[i]);
        if (whole) integer[i] = j->in_a[i] >= 0 ? a->integer[j->in_a[i]] : b->integer[j->in_b[i]];
    }
    if (whole) return bram_axis_add_integer(cx, out, name, integer);
    return bram_axis_add_number(cx, out, name, number, a ? a->unit : b->unit);
}

static int join_column(bram_ctx *cx, bram_axis *out, const struct joining *j, const char *name)
{
    const bram_column *a = bram_axis_column(j->a, name), *b = bram_axis_column(j->b, name);
    if (a && b && (a->type == BRAM_TEXT) != (b->type == BRAM_TEXT))
        return bram_fail(cx, BRAM_EFORMAT,
                         "stimuli/stimulus: the column %s is text in one file and a number in "
                         "another",
                         name);
    return (a ? a : b)->type == BRAM_TEXT ? join_texts(cx, out, j, name, a, b)
                                          : join_numbers(cx, out, j, name, a, b);
}

static int join_columns(bram_ctx *cx, bram_axis *out, const struct joining *j)
{
    for (size_t k = 0; k < bram_axis_columns(j->a); k++)
        BRAM_TRY(join_column(cx, out, j, bram_axis_column_at(j->a, k)->name));
    for (size_t k = 0; k < bram_axis_columns(j->b); k++) {
        const char *name = bram_axis_column_at(j->b, k)->name;
        if (!bram_axis_column(j->a, name)) BRAM_TRY(join_column(cx, out, j, name));
    }
    return BRAM_OK;
}

int bram_import_stimuli(bram_ctx *cx, bram_axis **out, const bram_axis *a, const bram_axis *b)
{
    struct joining j = {.a = a, .b = b};
    bram_axis *axis = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = join_ids(cx, &j);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis, bram_axis_name(a), j.rows);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, j.id);
    if (status == BRAM_OK) status = join_columns(cx, axis, &j);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}
