/*
 * assignment.c - linear and bottleneck assignment; see assignment.h.
 */
#include "assignment.h"

#include "stats.h"

#include <math.h>
#include <string.h>

static int check(bram_ctx *cx, const bram_mat *cost, bool infinity_allowed)
{
    if (cost->rows > cost->cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "an assignment of %zu rows to %zu columns, expected at least as many "
                         "columns",
                         cost->rows, cost->cols);
    for (size_t i = 0; i < cost->rows; i++)
        for (size_t j = 0; j < cost->cols; j++) {
            double c = bram_row(cost, i)[j];
            if (!isfinite(c) && !(infinity_allowed && c > 0))
                return bram_fail(cx, BRAM_ENUMERIC, "the cost (%zu, %zu) is %g, expected a number",
                                 i, j, c);
        }
    return BRAM_OK;
}

/* ---- least total ---------------------------------------------------------------------------- */

/*
 * Dual prices of rows and columns; row_of[j] is 1 + the row that column j - 1 is given to, 0: free.
 * Column 0 stands for the row that is being placed.
 */
struct search {
    const bram_mat *cost;
    double *row_price, *column_price, *distance;
    size_t *row_of, *before;
    bool *done;
};

/* Moves prices until the nearest unseen column is reached for nothing; returns it. */
static size_t nearest_column(struct search *s, size_t from)
{
    size_t cols = s->cost->cols, row = s->row_of[from], next = 0;
    double least = INFINITY;
    for (size_t j = 1; j <= cols; j++) {
        if (s->done[j]) continue;
        double reduced = bram_row(s->cost, row - 1)[j - 1] - s->row_price[row] - s->column_price[j];
        if (reduced < s->distance[j]) s->distance[j] = reduced, s->before[j] = from;
        if (s->distance[j] < least) least = s->distance[j], next = j;
    }
    for (size_t j = 0; j <= cols; j++)
        if (s->done[j]) s->row_price[s->row_of[j]] += least, s->column_price[j] -= least;
        else s->distance[j] -= least;
    return next;
}

static void place_row(struct search *s, size_t row)
{
    size_t cols = s->cost->cols, column = 0;
    for (size_t j = 0; j <= cols; j++) s->distance[j] = INFINITY, s->done[j] = false;
    s->row_of[0] = row;
    do {
        s->done[column] = true;
        column = nearest_column(s, column);
    } while (s->row_of[column] != 0);
    for (size_t from; column != 0; column = from) {
        from = s->before[column];
        s->row_of[column] = s->row_of[from];
    }
}

static int assign(bram_ctx *cx, size_t *column, double *total, const bram_mat *cost)
{
    size_t rows = cost->rows, cols = cost->cols;
    struct search s = {.cost = cost,
                       .row_price = bram_scratch(cx, rows + 1, sizeof(double)),
                       .column_price = bram_scratch(cx, cols + 1, sizeof(double)),
                       .distance = bram_scratch(cx, cols + 1, sizeof(double)),
                       .row_of = bram_scratch(cx, cols + 1, sizeof(size_t)),
                       .before = bram_scratch(cx, cols + 1, sizeof(size_t)),
                       .done = bram_scratch(cx, cols + 1, sizeof(bool))};
    if (!s.row_price || !s.column_price || !s.distance || !s.row_of || !s.before || !s.done)
        return BRAM_ENOMEM;
    for (size_t i = 1; i <= rows; i++) place_row(&s, i);
    for (size_t j = 1; j <= cols; j++)
        if (s.row_of[j]) column[s.row_of[j] - 1] = j - 1;
    double sum = 0;
    for (size_t i = 0; i < rows; i++) sum += bram_row(cost, i)[column[i]];
    if (total) *total = sum;
    return BRAM_OK;
}

int bram_assignment(bram_ctx *cx, size_t *column, double *total, const bram_mat *cost)
{
    BRAM_TRY(check(cx, cost, false));
    size_t mark = bram_scratch_mark(cx);
    int status = assign(cx, column, total, cost);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- bottleneck ----------------------------------------------------------------------------- */

/* A matching that uses costs up to `most` only; next[row] is where the search of a row goes on. */
struct matching {
    const bram_mat *cost;
    double most;
    size_t *row_of, *path, *next; /* row_of[column]: 1 + its row, 0: free */
    size_t *seen, round;
};

/* Finds a place for one row, moving others; depth first without recursion. */
static bool augment(struct matching *m, size_t row)
{
    size_t depth = 0, cols = m->cost->cols;
    m->round++;
    m->path[0] = row;
    m->next[row] = 0;
    for (;;) {
        size_t i = m->path[depth], j = m->next[i];
        while (j < cols && (m->seen[j] == m->round || !(bram_row(m->cost, i)[j] <= m->most))) j++;
        if (j == cols) {
            if (depth-- == 0) return false;
            continue;
        }
        m->seen[j] = m->round;
        m->next[i] = j + 1;
        if (m->row_of[j] != 0) {
            m->path[++depth] = m->row_of[j] - 1;
            m->next[m->path[depth]] = 0;
            continue;
        }
        for (size_t d = 0; d <= depth; d++) m->row_of[m->next[m->path[d]] - 1] = m->path[d] + 1;
        return true;
    }
}

static bool all_rows_fit(struct matching *m, double most)
{
    m->most = most;
    for (size_t j = 0; j < m->cost->cols; j++) m->row_of[j] = m->seen[j] = 0;
    m->round = 0;
    for (size_t i = 0; i < m->cost->rows; i++)
        if (!augment(m, i)) return false;
    return true;
}

static int bottleneck(bram_ctx *cx, double *largest, const bram_mat *cost)
{
    size_t rows = cost->rows, cols = cost->cols, count = 0;
    struct matching m = {.cost = cost,
                         .row_of = bram_scratch(cx, cols, sizeof(size_t)),
                         .path = bram_scratch(cx, rows + 1, sizeof(size_t)),
                         .next = bram_scratch(cx, rows, sizeof(size_t)),
                         .seen = bram_scratch(cx, cols, sizeof(size_t))};
    double *value = bram_scratch(cx, rows * cols, sizeof *value);
    if (!m.row_of || !m.path || !m.next || !m.seen || !value) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        memcpy(value + count, bram_row(cost, i), cols * sizeof *value);
        count += cols;
    }
    bram_sort(value, count);
    size_t low = 0, high = count - 1; /* at the last one every row fits */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all_rows_fit(&m, value[middle])) high = middle;
        else low = middle + 1;
    }
    *largest = value[low];
    return BRAM_OK;
}

int bram_assignment_bottleneck(bram_ctx *cx, double *largest, const bram_mat *cost)
{
    BRAM_TRY(check(cx, cost, true));
    if (cost->rows == 0) {
        *largest = 0;
        return BRAM_OK;
    }
    size_t mark = bram_scratch_mark(cx);
    int status = bottleneck(cx, largest, cost);
    bram_scratch_release(cx, mark);
    return status;
}
