/*
 * mapping.c - maps from features to responses, fold by fold: units that miss the same rows, inner
 * folds, scales of features; see mapping.h.
 */
#include "mapping.h"

#include "linalg.h"
#include "mapping_private.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool in_row(const bram_side *brain, size_t row, size_t unit)
{
    return !brain->present || brain->present[row * brain->values.cols + unit];
}

/* ---- units that miss the same rows ---------------------------------------------------------- */

struct pattern {
    uint64_t hash;
    size_t unit;
};

static int by_hash(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->unit < y->unit ? -1 : x->unit > y->unit;
}

static uint64_t hash_of(const bram_side *brain, const bram_fold *fold, size_t unit)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < fold->trains; i++)
        hash = (hash ^ in_row(brain, fold->train[i], unit)) * UINT64_C(1099511628211);
    return hash;
}

static bool same_rows(const bram_side *brain, const bram_fold *fold, size_t a, size_t b)
{
    for (size_t i = 0; i < fold->trains; i++)
        if (in_row(brain, fold->train[i], a) != in_row(brain, fold->train[i], b)) return false;
    return true;
}

/* Units ordered so that those with equal patterns stand together. */
static struct pattern *order_units(bram_ctx *cx, const bram_mapping *m, const bram_fold *fold)
{
    size_t units = m->brain->values.cols;
    struct pattern *pattern = bram_scratch(cx, units, sizeof *pattern);
    for (size_t u = 0; pattern && u < units; u++)
        pattern[u] = (struct pattern){m->brain->present ? hash_of(m->brain, fold, u) : 0, u};
    if (pattern && m->brain->present) qsort(pattern, units, sizeof *pattern, by_hash);
    return pattern;
}

/* ---- inner folds ---------------------------------------------------------------------------- */

/* Those of index[0 .. count - 1] that the cohort's first unit has. */
static int keep_present(bram_ctx *cx, const size_t **out, size_t *kept, const bram_mapping *m,
                        const bram_cohort *c, const size_t *index, size_t count)
{
    size_t *list = bram_scratch(cx, count, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    *kept = 0;
    for (size_t i = 0; i < count; i++)
        if (in_row(m->brain, index[i], c->unit[0])) list[(*kept)++] = index[i];
    *out = list;
    return BRAM_OK;
}

/* The fold's own inner folds without missing rows; those left without rows on a side are dropped.
 */
static int given_inner(bram_ctx *cx, const bram_mapping *m, bram_cohort *c, const bram_fold *fold)
{
    c->inner = bram_scratch(cx, fold->inners, sizeof *c->inner);
    if (!c->inner) return BRAM_ENOMEM;
    for (size_t k = 0; k < fold->inners; k++) {
        const bram_fold *from = &fold->inner[k];
        bram_fold kept = {0};
        BRAM_TRY(keep_present(cx, &kept.train, &kept.trains, m, c, from->train, from->trains));
        BRAM_TRY(keep_present(cx, &kept.test, &kept.tests, m, c, from->test, from->tests));
        if (kept.trains && kept.tests) c->inner[c->inners++] = kept;
    }
    return BRAM_OK;
}

/* Contiguous parts of the cohort's training rows, each left out once. */
static int own_inner(bram_ctx *cx, const bram_mapping *m, bram_cohort *c)
{
    size_t n = c->rows, k = m->inner < n ? m->inner : n;
    c->inner = bram_scratch(cx, k, sizeof *c->inner);
    if (!c->inner) return BRAM_ENOMEM;
    for (size_t part = 0, first = 0; part < k; part++) {
        size_t count = n / k + (part < n % k);
        size_t *train = bram_scratch(cx, n - count, sizeof *train);
        if (!train) return BRAM_ENOMEM;
        memcpy(train, c->row, first * sizeof *train);
        memcpy(train + first, c->row + first + count, (n - count - first) * sizeof *train);
        c->inner[c->inners++] = (bram_fold){
            .train = train, .test = c->row + first, .trains = n - count, .tests = count};
        first += count;
    }
    return BRAM_OK;
}

/* ---- one cohort ----------------------------------------------------------------------------- */

/* The responses of the cohort: a view of all, or a copy of its columns. */
static int responses(bram_ctx *cx, const bram_mapping *m, bram_cohort *c)
{
    const bram_mat *all = &m->brain->values;
    c->y = *all;
    if (c->units == all->cols && !m->brain->present) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &c->y, all->rows, c->units));
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < c->units; k++)
            bram_row(&c->y, c->row[i])[k] = bram_row(all, c->row[i])[c->unit[k]];
    return BRAM_OK;
}

/* @param possible  false: no inner fold has rows on both sides */
static int make_inner(bram_ctx *cx, const bram_mapping *m, bram_cohort *c, const bram_fold *fold,
                      bool *possible)
{
    *possible = true;
    if (!bram_map_chooses(m)) return BRAM_OK;
    BRAM_TRY(fold->inners ? given_inner(cx, m, c, fold) : own_inner(cx, m, c));
    *possible = c->inners > 0;
    return BRAM_OK;
}

static int fit_cohort(bram_ctx *cx, const bram_mapping *m, bram_cohort *c, const bram_map_design *d,
                      const bram_map_taker *to)
{
    bool possible;
    const bram_fold *fold = to->fold;
    c->alpha = bram_scratch(cx, c->units, sizeof *c->alpha);
    c->mean = bram_scratch(cx, c->units, sizeof *c->mean);
    c->row = bram_scratch(cx, fold->trains, sizeof *c->row);
    if (!c->alpha || !c->mean || !c->row) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->trains; i++)
        if (in_row(m->brain, fold->train[i], c->unit[0])) c->row[c->rows++] = fold->train[i];
    if (c->rows < 2) return BRAM_OK;
    BRAM_TRY(responses(cx, m, c));
    BRAM_TRY(make_inner(cx, m, c, fold, &possible));
    return possible ? bram_map_fit(cx, m, d, c, to) : BRAM_OK;
}

/* ---- one fold ------------------------------------------------------------------------------- */

/* Features over their standard deviations in the training rows; constant ones stay as they are. */
static int scale(bram_ctx *cx, bram_mat *out, const bram_mat *x, const bram_fold *fold)
{
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, x->cols));
    double n = (double)fold->trains;
    for (size_t k = 0; k < x->cols; k++) {
        double first = bram_row(x, fold->train[0])[k], mean = 0, square = 0;
        for (size_t i = 0; i < fold->trains; i++)
            mean += (bram_row(x, fold->train[i])[k] - first) / n;
        for (size_t i = 0; i < fold->trains; i++) {
            double d = bram_row(x, fold->train[i])[k] - first - mean;
            square += d * d / n;
        }
        double deviation = sqrt(square);
        bool constant = !(deviation > 32 * DBL_EPSILON * fabs(first + mean));
        for (size_t i = 0; i < x->rows; i++)
            bram_row(out, i)[k] = (bram_row(x, i)[k] - first - mean) / (constant ? 1 : deviation);
    }
    return BRAM_OK;
}

static int fit_fold(bram_ctx *cx, const bram_mapping *m, const bram_fold *fold,
                    bram_mapping_fn *take, void *user)
{
    bram_map_design d = {.x = *m->x};
    bram_map_taker to = {fold, take, user};
    if (m->zscore) BRAM_TRY(scale(cx, &d.x, m->x, fold));
    BRAM_TRY(bram_map_kernels(cx, &d, m, fold));
    size_t units = m->brain->values.cols;
    struct pattern *pattern = order_units(cx, m, fold);
    size_t *unit = pattern ? bram_scratch(cx, units, sizeof *unit) : NULL;
    if (!unit) return BRAM_ENOMEM;
    for (size_t u = 0, end; u < units; u = end) {
        for (end = u;
             end < units && pattern[end].hash == pattern[u].hash &&
             (!m->brain->present || same_rows(m->brain, fold, pattern[u].unit, pattern[end].unit));
             end++)
            unit[end] = pattern[end].unit;
        bram_cohort c = {.unit = unit + u, .units = end - u};
        size_t mark = bram_scratch_mark(cx);
        int status = fit_cohort(cx, m, &c, &d, &to);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    return BRAM_OK;
}

int bram_mapping_fold(bram_ctx *cx, const bram_mapping *m, const bram_fold *fold,
                      bram_mapping_fn *take, void *user)
{
    size_t mark = bram_scratch_mark(cx);
    int status = fit_fold(cx, m, fold, take, user);
    bram_scratch_release(cx, mark);
    return status;
}

double bram_mapping_bytes(const bram_mapping *m, const bram_fold *fold)
{
    double n = (double)m->x->rows, p = (double)m->x->cols, t = (double)m->brain->values.cols;
    double train = (double)fold->trains, test = (double)fold->tests, rank = fmin(train, p);
    double inners = (double)(fold->inners ? fold->inners : m->inner), block = fmin(t, 256);
    bool kernel = m->map == BRAM_MAP_BANDED || m->kernel != BRAM_KERNEL_LINEAR || p > train;
    double numbers = (train + test) * (p + rank) + (train + rank + test) * block;
    if (m->zscore) numbers += n * p;
    if (m->brain->present) numbers += n * t;
    if (m->map == BRAM_MAP_PLS) return 8 * (numbers + 2 * p * t + train * t);
    if (kernel) numbers += n * n * (double)(m->map == BRAM_MAP_BANDED ? m->bands + 2 : 1);
    numbers += (kernel ? 3 * train * train : 2 * rank * rank);
    if (bram_map_chooses(m)) numbers += inners * ((double)m->n_grid * t + rank * (rank + block));
    return 8 * numbers;
}
