/*
 * partition.c - labels as numbers 0, 1, 2 ... and their contingency; see partition.h.
 */
#include "partition.h"

#include "moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LABELS = 1000 };

static const uint32_t NONE = UINT32_MAX;

struct partition {
    size_t rows, columns, groups;
    uint32_t *group;         /* of each row */
    uint32_t *model, *brain; /* rows x columns: numbers of labels; NONE: the row is left out */
    size_t *models, *brains; /* labels of each column */
};

void bram_partition_release(void *pair)
{
    struct partition *p = pair;
    if (!p) return;
    bram_free(p->group);
    bram_free(p->model);
    bram_free(p->brain);
    bram_free(p->models);
    bram_free(p->brains);
    bram_free(p);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool there(const bram_side *s, size_t row, size_t column)
{
    return !s->present || s->present[row * s->values.cols + column];
}

/* Numbers the labels of a column by size. `other` is the other side: rows that it lacks are out. */
static int number(bram_ctx *cx, uint32_t *out, size_t *labels, const bram_side *s,
                  const bram_side *other, size_t column)
{
    size_t rows = s->values.rows, columns = s->values.cols, n = 0, different = 0;
    double *sorted = bram_scratch(cx, rows, sizeof *sorted);
    if (!sorted) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        out[i * columns + column] = NONE;
        if (!there(s, i, column) || !there(other, i, column)) continue;
        sorted[n] = bram_row(&s->values, i)[column];
        if (!isfinite(sorted[n]))
            return bram_fail(cx, BRAM_ENUMERIC, "the label of row %zu, column %zu is %g", i, column,
                             sorted[n]);
        n++;
    }
    qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || sorted[i] != sorted[i - 1]) sorted[different++] = sorted[i];
    if (different > MOST_LABELS)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "column %zu has %zu labels, at most %d can be compared", column, different,
                         MOST_LABELS);
    for (size_t i = 0; i < rows; i++) {
        if (!there(s, i, column) || !there(other, i, column)) continue;
        const double *at = bsearch(&bram_row(&s->values, i)[column], sorted, different,
                                   sizeof *sorted, ascending);
        out[i * columns + column] = (uint32_t)(at - sorted);
    }
    *labels = different;
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct partition *p, const bram_comparison *c)
{
    size_t mark = bram_scratch_mark(cx), entries = p->rows * p->columns;
    p->group = bram_alloc(cx, p->rows, sizeof *p->group);
    p->model = bram_alloc(cx, entries, sizeof *p->model);
    p->brain = bram_alloc(cx, entries, sizeof *p->brain);
    p->models = bram_alloc(cx, p->columns, sizeof *p->models);
    p->brains = bram_alloc(cx, p->columns, sizeof *p->brains);
    if (!p->group || !p->model || !p->brain || !p->models || !p->brains) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->rows; i++)
        p->group[i] = c->groups.group ? c->groups.group[i] : (uint32_t)i;
    for (size_t u = 0; u < p->columns; u++) {
        BRAM_TRY(number(cx, p->model, &p->models[u], c->model, c->brain, u));
        BRAM_TRY(number(cx, p->brain, &p->brains[u], c->brain, c->model, u));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

int bram_partition_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                        const bram_comparison *c)
{
    const bram_mat *m = &((const bram_side *)c->model)->values;
    const bram_mat *b = &((const bram_side *)c->brain)->values;
    size_t groups, entries;
    (void)o;
    if (m->rows != b->rows || m->cols != b->cols || m->rows == 0 || m->cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the labels of the model are %zu x %zu, those of the brain %zu x %zu; "
                         "expected equal shapes with one row and one column or more",
                         m->rows, m->cols, b->rows, b->cols);
    BRAM_TRY(bram_groups_check(cx, &groups, &c->groups, m->rows));
    if (__builtin_mul_overflow(m->rows, m->cols, &entries) ||
        (c->memory && entries > c->memory / (2 * sizeof(uint32_t))))
        return bram_fail(cx, BRAM_EMEMORY, "labels of %zu rows exceed the budget of %zu bytes",
                         m->rows, c->memory);
    struct partition *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    *p = (struct partition){.rows = m->rows, .columns = m->cols, .groups = groups};
    int status = fill(cx, p, c);
    if (status != BRAM_OK) {
        bram_partition_release(p);
        return status;
    }
    *pair = p;
    *values = p->columns;
    return BRAM_OK;
}

static int one_column(bram_ctx *cx, double *out, const struct partition *p, size_t u,
                      const double *weight, bram_agreement_fn *agreement)
{
    size_t rows = p->models[u], cols = p->brains[u];
    double *count = bram_scratch(cx, rows * cols, sizeof *count);
    double *row = bram_scratch(cx, rows, sizeof *row), *col = bram_scratch(cx, cols, sizeof *col);
    if (!count || !row || !col) return BRAM_ENOMEM;
    bram_contingency t = {rows, cols, count, row, col, 0};
    for (size_t i = 0; i < p->rows; i++) {
        uint32_t a = p->model[i * p->columns + u], b = p->brain[i * p->columns + u];
        double w = weight ? weight[p->group[i]] : 1;
        if (a == NONE || b == NONE || w == 0) continue;
        count[a * cols + b] += w, row[a] += w, col[b] += w, t.total += w;
    }
    *out = (double)NAN;
    return t.total > 0 ? agreement(cx, out, &t) : BRAM_OK;
}

int bram_partition_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight,
                           bram_agreement_fn *agreement)
{
    const struct partition *p = pair;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_weights_check(cx, weight, p->groups));
    double *value = bram_scratch(cx, p->columns, sizeof *value);
    int status = value ? BRAM_OK : BRAM_ENOMEM;
    for (size_t u = 0; u < p->columns && status == BRAM_OK; u++) {
        size_t inner = bram_scratch_mark(cx);
        status = one_column(cx, &value[u], p, u, weight, agreement);
        bram_scratch_release(cx, inner);
    }
    if (status == BRAM_OK) memcpy(raw, value, p->columns * sizeof *raw);
    bram_scratch_release(cx, mark);
    return status;
}
