/*
 * subsample.c - scores of random subsets of units or conditions; see subsample.h.
 */
#include "subsample.h"

#include "scores.h"
#include "stats.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct curve {
    const char *spec;
    const bram_side *model, *brain;
    const bram_subsample *how;
    bool graph, paired; /* rows are columns as well; both sides have the same columns */
    double *value;      /* sizes x repeats; NaN: undefined */
};

/* Rows and columns of a matrix, by index, in scratch memory. NULL: all of them. */
static int take_matrix(bram_ctx *cx, bram_mat *out, const uint8_t **out_present,
                       const bram_mat *from, const uint8_t *from_present, const size_t *row,
                       size_t rows, const size_t *column, size_t columns)
{
    size_t n = row ? rows : from->rows, p = column ? columns : from->cols;
    double *values = bram_scratch(cx, n * p, sizeof *values);
    uint8_t *present = from_present ? bram_scratch(cx, n * p, 1) : NULL;
    if (!values || (from_present && !present)) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < p; k++) {
            size_t r = row ? row[i] : i, c = column ? column[k] : k;
            values[i * p + k] = bram_row(from, r)[c];
            if (present) present[i * p + k] = from_present[r * from->cols + c];
        }
    *out = (bram_mat){values, n, p, p}, *out_present = present;
    return BRAM_OK;
}

/* The measurements of these rows, which become rows 0, 1 ... */
static int take_repeats(bram_ctx *cx, const bram_repeats **out, const bram_side *from,
                        const size_t *row, size_t rows, const size_t *column, size_t columns)
{
    const bram_repeats *all = from->repeats;
    size_t most = all->values.rows, count = 0;
    bram_repeats *r = bram_scratch(cx, 1, sizeof *r);
    size_t *place = bram_scratch(cx, from->values.rows, sizeof *place); /* 0: not taken */
    size_t *taken = bram_scratch(cx, most, sizeof *taken);
    uint32_t *of = bram_scratch(cx, most, sizeof *of);
    uint32_t *fold = all->fold ? bram_scratch(cx, most, sizeof *fold) : NULL;
    if (!r || !place || !taken || !of || (all->fold && !fold)) return BRAM_ENOMEM;
    for (size_t i = 0; i < (row ? rows : from->values.rows); i++) place[row ? row[i] : i] = i + 1;
    for (size_t k = 0; k < most; k++) {
        if (!place[all->row[k]]) continue;
        of[count] = (uint32_t)place[all->row[k]] - 1;
        if (fold) fold[count] = all->fold[k];
        taken[count++] = k;
    }
    *r = (bram_repeats){.row = of, .fold = fold, .folds = all->folds, .fold_name = all->fold_name};
    *out = r;
    return take_matrix(cx, &r->values, &r->present, &all->values, all->present, taken, count,
                       column, columns);
}

static int take(bram_ctx *cx, bram_side *out, const bram_side *from, const size_t *row, size_t rows,
                const size_t *column, size_t columns)
{
    bram_side side = {.is_rdm = from->is_rdm};
    BRAM_TRY(take_matrix(cx, &side.values, &side.present, &from->values, from->present, row, rows,
                         column, columns));
    if (from->repeats) BRAM_TRY(take_repeats(cx, &side.repeats, from, row, rows, column, columns));
    *out = side;
    return BRAM_OK;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* `size` of n things in ascending order: the first of a permutation. */
static int draw_subset(bram_ctx *cx, size_t **out, size_t n, size_t size, uint64_t seed,
                       size_t repeat)
{
    size_t *index = bram_scratch(cx, n, sizeof *index);
    char stream[48];
    if (!index) return BRAM_ENOMEM;
    snprintf(stream, sizeof stream, "subsample/%zu", size);
    bram_rng g = bram_rng_at(seed, stream, repeat);
    bram_rng_permutation(&g, n, index);
    qsort(index, size, sizeof *index, compare_sizes);
    *out = index;
    return BRAM_OK;
}

static size_t count_of(const struct curve *c)
{
    if (c->how->what == BRAM_SUBSAMPLE_MODEL_UNITS) return c->model->values.cols;
    return c->how->what == BRAM_SUBSAMPLE_UNITS ? c->brain->values.cols : c->brain->values.rows;
}

static bool is_square(const struct curve *c, const bram_side *side)
{
    return c->graph || side->is_rdm;
}

static int sides_of_subset(bram_ctx *cx, bram_side *model, bram_side *brain, const struct curve *c,
                           const size_t *index, size_t size)
{
    if (c->how->what == BRAM_SUBSAMPLE_CONDITIONS) {
        BRAM_TRY(
            take(cx, model, c->model, index, size, is_square(c, c->model) ? index : NULL, size));
        return take(cx, brain, c->brain, index, size, is_square(c, c->brain) ? index : NULL, size);
    }
    *model = *c->model, *brain = *c->brain;
    if (c->how->what == BRAM_SUBSAMPLE_MODEL_UNITS && !c->paired)
        return take(cx, model, c->model, NULL, 0, index, size);
    if (c->paired) BRAM_TRY(take(cx, model, c->model, NULL, 0, index, size));
    return take(cx, brain, c->brain, NULL, 0, index, size);
}

/* One subset of one size. */
static int one_subset(bram_ctx *cx, size_t task, void *user)
{
    struct curve *c = user;
    const bram_subsample *how = c->how;
    size_t size = how->size[task / how->repeats], *index, values = 0;
    bram_side model, brain;
    double *raw = NULL;
    c->value[task] = NAN;
    BRAM_TRY(draw_subset(cx, &index, count_of(c), size, how->seed, task % how->repeats));
    BRAM_TRY(sides_of_subset(cx, &model, &brain, c, index, size));
    int status = bram_metric_score(cx, &raw, &values, NULL, c->spec, &model, &brain, NULL);
    if (status == BRAM_ESHAPE || status == BRAM_ENOTAPPLICABLE) return BRAM_OK;
    BRAM_TRY(status);
    double *scratch = bram_scratch(cx, values, sizeof *scratch);
    if (scratch) c->value[task] = bram_summary(raw, values, false, scratch, NULL);
    bram_free(raw);
    return scratch ? BRAM_OK : BRAM_ENOMEM;
}

static int summarize(bram_ctx *cx, bram_subsample_point *p, double *value,
                     const bram_subsample *how)
{
    size_t defined = 0;
    double sum = 0, tail = (1 - how->level) / 2;
    for (size_t k = 0; k < how->repeats; k++)
        if (isfinite(value[k])) sum += value[defined++] = value[k];
    p->defined = defined;
    p->mean = defined ? sum / (double)defined : (double)NAN;
    p->low = p->high = NAN;
    if (defined < 2) return BRAM_OK;
    BRAM_TRY(bram_quantile(cx, &p->low, value, defined, tail));
    return bram_quantile(cx, &p->high, value, defined, 1 - tail);
}

static int check(bram_ctx *cx, const struct curve *c)
{
    const bram_subsample *how = c->how;
    size_t most = count_of(c);
    if (!how->sizes || !how->repeats)
        return bram_fail(cx, BRAM_EUSAGE, "%zu sizes and %zu repeats, expected 1 or more of each",
                         how->sizes, how->repeats);
    const bram_side *drawn = how->what == BRAM_SUBSAMPLE_MODEL_UNITS ? c->model : c->brain;
    if (how->what != BRAM_SUBSAMPLE_CONDITIONS && is_square(c, drawn))
        return bram_fail(cx, BRAM_EUSAGE,
                         "dissimilarities and graphs have no units to draw from: draw conditions");
    for (size_t k = 0; k < how->sizes; k++)
        if (how->size[k] == 0 || how->size[k] > most)
            return bram_fail(cx, BRAM_EUSAGE, "a subset of %zu, expected 1 to %zu %s", how->size[k],
                             most, how->what == BRAM_SUBSAMPLE_CONDITIONS ? "conditions" : "units");
    return BRAM_OK;
}

static const bram_metric *metric_of(const char *spec)
{
    char name[64] = "";
    size_t length = bram_spec_name_length(spec);
    if (length && length < sizeof name) memcpy(name, spec, length);
    return bram_metric_find(name);
}

int bram_subsample_curve(bram_ctx *cx, bram_subsample_point *point, const char *spec,
                         const bram_side *model, const bram_side *brain, const bram_subsample *how)
{
    const bram_metric *m = metric_of(spec);
    if (!m) return bram_fail(cx, BRAM_EUSAGE, "there is no metric of the spec \"%s\"", spec);
    struct curve c = {.spec = spec,
                      .model = model,
                      .brain = brain,
                      .how = how,
                      .graph = m->kind == BRAM_METRIC_GRAPH,
                      .paired = m->kind == BRAM_METRIC_PAIRED || m->kind == BRAM_METRIC_DENSITY};
    BRAM_TRY(check(cx, &c));
    size_t mark = bram_scratch_mark(cx);
    bram_subsample_point *made = bram_scratch(cx, how->sizes, sizeof *made);
    c.value = bram_scratch(cx, how->sizes * how->repeats, sizeof *c.value);
    int status = made && c.value ? bram_parallel_for(cx, how->sizes * how->repeats, one_subset, &c)
                                 : BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && k < how->sizes; k++) {
        made[k].size = how->size[k];
        status = summarize(cx, &made[k], c.value + k * how->repeats, how);
    }
    if (status == BRAM_OK) memcpy(point, made, how->sizes * sizeof *point);
    bram_scratch_release(cx, mark);
    return status;
}
