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
    bool square, paired; /* rows are columns as well; both sides have the same columns */
    double *value;       /* sizes x repeats; NaN: undefined */
};

/* Rows and columns of a side, by index, in scratch memory. NULL: all of them. */
static int take(bram_ctx *cx, bram_side *out, const bram_side *from, const size_t *row, size_t rows,
                const size_t *column, size_t columns)
{
    size_t n = row ? rows : from->values.rows, p = column ? columns : from->values.cols;
    double *values = bram_scratch(cx, n * p, sizeof *values);
    uint8_t *present = from->present ? bram_scratch(cx, n * p, 1) : NULL;
    if (!values || (from->present && !present)) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < p; k++) {
            size_t r = row ? row[i] : i, c = column ? column[k] : k;
            values[i * p + k] = bram_row(&from->values, r)[c];
            if (present) present[i * p + k] = from->present[r * from->values.cols + c];
        }
    *out = (bram_side){.values = {values, n, p, p}, .present = present, .is_rdm = from->is_rdm};
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
    return c->how->what == BRAM_SUBSAMPLE_UNITS ? c->brain->values.cols : c->brain->values.rows;
}

static int sides_of_subset(bram_ctx *cx, bram_side *model, bram_side *brain, const struct curve *c,
                           const size_t *index, size_t size)
{
    if (c->how->what == BRAM_SUBSAMPLE_CONDITIONS) {
        const size_t *column = c->square ? index : NULL;
        BRAM_TRY(take(cx, model, c->model, index, size, column, size));
        return take(cx, brain, c->brain, index, size, column, size);
    }
    *model = *c->model;
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
    if (how->what == BRAM_SUBSAMPLE_UNITS && c->square)
        return bram_fail(cx, BRAM_EUSAGE,
                         "dissimilarities and graphs have no units to draw from: draw conditions");
    for (size_t k = 0; k < how->sizes; k++)
        if (how->size[k] == 0 || how->size[k] > most)
            return bram_fail(cx, BRAM_EUSAGE, "a subset of %zu, expected 1 to %zu %s", how->size[k],
                             most, how->what == BRAM_SUBSAMPLE_UNITS ? "units" : "conditions");
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
                      .square = brain->is_rdm || m->kind == BRAM_METRIC_GRAPH,
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
