/*
 * matrix_match.c - bringing two matrices into one order by their ids; see matrix_file.h.
 */
#include "matrix_file.h"

#include <string.h>

/* The matrix with the rows and columns of these indices; NULL: all of them. */
static int take(bram_ctx *cx, bram_cli_matrix *m, const size_t *row, size_t rows, const size_t *col,
                size_t cols)
{
    bram_cli_matrix t = {.rows = row ? rows : m->rows, .cols = col ? cols : m->cols};
    t.values = bram_alloc(cx, t.rows * t.cols, sizeof *t.values);
    if (m->present) t.present = bram_alloc(cx, t.rows * t.cols, 1);
    int status = t.values && (t.present || !m->present) ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && m->row && row) status = bram_axis_take(cx, &t.row, m->row, row, rows);
    else if (m->row) t.row = bram_axis_ref(m->row);
    if (status == BRAM_OK && m->column && col)
        status = bram_axis_take(cx, &t.column, m->column, col, cols);
    else if (m->column) t.column = bram_axis_ref(m->column);
    if (status != BRAM_OK) {
        bram_cli_matrix_release(&t);
        return status;
    }
    for (size_t i = 0; i < t.rows; i++)
        for (size_t j = 0; j < t.cols; j++) {
            size_t from = (row ? row[i] : i) * m->cols + (col ? col[j] : j);
            t.values[i * t.cols + j] = m->values[from];
            if (m->present) t.present[i * t.cols + j] = m->present[from];
        }
    bram_cli_matrix_release(m);
    *m = t;
    return BRAM_OK;
}

static int check_unique(bram_ctx *cx, const bram_axis *axis, const char *what)
{
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        const char *id = bram_axis_id(axis, i);
        if (*id && bram_axis_find(axis, id) != (ptrdiff_t)i)
            return bram_fail(cx, BRAM_EFORMAT, "the id \"%s\" stands for two %s of one matrix", id,
                             what);
    }
    return BRAM_OK;
}

/* Positions in a and b of the ids that both have, in the order of b; in scratch memory. */
static int common(bram_ctx *cx, size_t **in_a, size_t **in_b, size_t *count, const bram_axis *a,
                  const bram_axis *b, const char *what)
{
    BRAM_TRY(check_unique(cx, a, what));
    BRAM_TRY(check_unique(cx, b, what));
    size_t n = bram_axis_length(b);
    *in_a = bram_scratch(cx, n, sizeof **in_a);
    *in_b = bram_scratch(cx, n, sizeof **in_b);
    if (!*in_a || !*in_b) return BRAM_ENOMEM;
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t at = *bram_axis_id(b, i) ? bram_axis_find(a, bram_axis_id(b, i)) : -1;
        if (at < 0) continue;
        (*in_a)[*count] = (size_t)at;
        (*in_b)[(*count)++] = i;
    }
    if (*count == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the two matrices have no %s in common: \"%s\" ... and "
                         "\"%s\" ...",
                         what, bram_axis_id(a, 0), n ? bram_axis_id(b, 0) : "");
    size_t m = bram_axis_length(a);
    if (*count < m || *count < n)
        bram_note(cx, "%zu %s are on both sides; left out: %zu of the model, %zu of the brain",
                  *count, what, m - *count, n - *count);
    return BRAM_OK;
}

static int match(bram_ctx *cx, bram_cli_matrix *m, bram_cli_matrix *like, unsigned flags)
{
    size_t *a = NULL, *b = NULL, count = 0;
    bool square = flags & BRAM_MATCH_SQUARE;
    if (m->row && like->row) {
        BRAM_TRY(common(cx, &a, &b, &count, m->row, like->row, "rows"));
        BRAM_TRY(take(cx, m, a, count, square ? a : NULL, count));
        BRAM_TRY(take(cx, like, b, count, square ? b : NULL, count));
    } else if (m->rows != like->rows)
        return bram_fail(
            cx, BRAM_ESHAPE,
            "the model has %zu rows, the brain %zu, and not both have ids to match them "
            "by (--model-ids, --brain-ids)",
            m->rows, like->rows);
    if (square || !(flags & BRAM_MATCH_COLUMNS) || !m->column || !like->column) return BRAM_OK;
    BRAM_TRY(common(cx, &a, &b, &count, m->column, like->column, "columns"));
    BRAM_TRY(take(cx, m, NULL, 0, a, count));
    return take(cx, like, NULL, 0, b, count);
}

int bram_cli_matrix_match(bram_ctx *cx, bram_cli_matrix *m, bram_cli_matrix *like, unsigned flags)
{
    const bram_cli_matrix *both[] = {m, like};
    for (size_t i = 0; (flags & BRAM_MATCH_SQUARE) && i < 2; i++)
        if (both[i]->rows != both[i]->cols)
            return bram_fail(cx, BRAM_ESHAPE, "found a matrix of %zu x %zu, expected a square one",
                             both[i]->rows, both[i]->cols);
    size_t mark = bram_scratch_mark(cx);
    int status = match(cx, m, like, flags);
    bram_scratch_release(cx, mark);
    return status;
}
