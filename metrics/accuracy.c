/*
 * accuracy.c - the share of rows with the right label, or (balanced=yes) the mean of that share
 * over the true labels, each counting alike however rare it is (Brodersen et al. 2010, ICPR).
 *
 * Labels are numbers that mean the same on both sides. Each column is a labelling; rows that either
 * side lacks are left out. NaN where nothing is left. Chance: for a guesser that knows how often
 * each label occurs, the sum of the squared shares; balanced: 1 / labels. O(groups labels) a draw.
 */
#include "internal.h"
#include "moments.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_LABELS = 4096 };

struct accuracy {
    size_t columns, groups;
    bool balanced;
    size_t *first;     /* columns + 1: where the labels of each column begin */
    double *label;     /* true labels, ascending within a column */
    double *hit, *all; /* groups x labels of all columns */
};

static const bram_param params[] = {
    {"balanced", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "mean over labels of the share that is right"},
    {.name = NULL}};

static void release(void *state)
{
    struct accuracy *a = state;
    if (!a) return;
    bram_free(a->first);
    bram_free(a->label);
    bram_free(a->hit);
    bram_free(a->all);
    bram_free(a);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool there(const bram_side *m, const bram_side *b, size_t at)
{
    return (!m->present || m->present[at]) && (!b->present || b->present[at]);
}

/* The distinct labels of every column, one column after the other. */
static int find_labels(bram_ctx *cx, struct accuracy *a, const bram_side *m, const bram_side *b)
{
    size_t rows = b->values.rows, mark = bram_scratch_mark(cx);
    double *seen = bram_scratch(cx, rows, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    for (size_t c = 0; c < a->columns; c++) {
        size_t n = 0, kept = a->first[c];
        for (size_t t = 0; t < rows; t++) {
            if (!there(m, b, t * a->columns + c)) continue;
            double x = bram_row(&m->values, t)[c], y = bram_row(&b->values, t)[c];
            if (!isfinite(x) || !isfinite(y))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "row %zu of column %zu has the labels %g and %g", t, c, x, y);
            seen[n++] = y;
        }
        if (n) qsort(seen, n, sizeof *seen, ascending);
        for (size_t k = 0; k < n; k++) {
            if (k && seen[k] == seen[k - 1]) continue;
            if (kept - a->first[c] == MOST_LABELS)
                return bram_fail(cx, BRAM_ESHAPE, "column %zu has more than %d labels", c,
                                 MOST_LABELS);
            a->label[kept++] = seen[k];
        }
        a->first[c + 1] = kept;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static size_t index_of(const struct accuracy *a, size_t column, double label)
{
    size_t low = a->first[column], high = a->first[column + 1];
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (a->label[middle] <= label) low = middle;
        else high = middle;
    }
    return low;
}

static int count(bram_ctx *cx, struct accuracy *a, const bram_comparison *c)
{
    const bram_side *m = c->model, *b = c->brain;
    size_t labels = a->first[a->columns];
    a->hit = bram_alloc(cx, a->groups * labels, sizeof *a->hit);
    a->all = bram_alloc(cx, a->groups * labels, sizeof *a->all);
    if (!a->hit || !a->all) return BRAM_ENOMEM;
    for (size_t t = 0; t < b->values.rows; t++) {
        size_t group = c->groups.group ? c->groups.group[t] : t;
        for (size_t k = 0; k < a->columns; k++) {
            if (!there(m, b, t * a->columns + k)) continue;
            double truth = bram_row(&b->values, t)[k];
            size_t at = group * labels + index_of(a, k, truth);
            a->all[at]++;
            a->hit[at] += bram_row(&m->values, t)[k] == truth;
        }
    }
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct accuracy *a, const bram_comparison *c)
{
    const bram_side *m = c->model, *b = c->brain;
    if (m->values.rows != b->values.rows || m->values.cols != b->values.cols ||
        b->values.rows == 0 || b->values.cols == 0)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the model's labels are %zu x %zu, the brain's %zu x %zu; expected equal "
                         "shapes",
                         m->values.rows, m->values.cols, b->values.rows, b->values.cols);
    BRAM_TRY(bram_groups_check(cx, &a->groups, &c->groups, b->values.rows));
    a->columns = b->values.cols;
    a->first = bram_alloc(cx, a->columns + 1, sizeof *a->first);
    a->label = bram_alloc(cx, b->values.rows * a->columns, sizeof *a->label);
    if (!a->first || !a->label) return BRAM_ENOMEM;
    BRAM_TRY(find_labels(cx, a, m, b));
    return count(cx, a, c);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    struct accuracy *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    a->balanced = bram_option_flag(o, "balanced");
    int status = fill(cx, a, c);
    if (status == BRAM_OK) *out = a, *values = a->columns;
    else release(a);
    return status;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const struct accuracy *a = state;
    size_t labels = a->first[a->columns];
    BRAM_TRY(bram_weights_check(cx, weight, a->groups));
    for (size_t c = 0; c < a->columns; c++) {
        double hits = 0, rows = 0, recalls = 0, found = 0;
        for (size_t k = a->first[c]; k < a->first[c + 1]; k++) {
            double hit = 0, all = 0;
            for (size_t g = 0; g < a->groups; g++) {
                double w = weight ? weight[g] : 1;
                hit += w * a->hit[g * labels + k], all += w * a->all[g * labels + k];
            }
            hits += hit, rows += all;
            if (all > 0) recalls += hit / all, found++;
        }
        raw[c] = !(rows > 0) ? (double)NAN : a->balanced ? recalls / found : hits / rows;
    }
    return BRAM_OK;
}

static double chance_of(const void *state)
{
    const struct accuracy *a = state;
    double sum = 0;
    for (size_t c = 0; c < a->columns; c++) {
        double square = 0, rows = 0, labels = (double)(a->first[c + 1] - a->first[c]);
        for (size_t k = a->first[c]; k < a->first[c + 1]; k++) {
            double all = 0;
            for (size_t g = 0; g < a->groups; g++) all += a->all[g * a->first[a->columns] + k];
            square += all * all, rows += all;
        }
        if (rows > 0) sum += a->balanced ? 1 / labels : square / rows / rows;
    }
    return a->columns ? sum / (double)a->columns : (double)NAN;
}

const bram_metric bram_metric_accuracy = {
    .name = "accuracy",
    .summary = "share of rows with the right label",
    .source = "textbook; balanced: Brodersen et al. 2010, ICPR",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_LABELS,
    .chance = (double)NAN,
    .params = params,
    .pair = pair,
    .release_pair = release,
    .compare = compare,
    .chance_of = chance_of,
};
