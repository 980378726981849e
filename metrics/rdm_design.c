/*
 * rdm_design.c - which rows belong to which condition and fold, and their means; see rdm_parts.h.
 */
#include "rdm_parts.h"

#include "internal.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROW_BLOCK = 256 }; /* of a task that copies */

static const char *name_of(char buffer[24], const char *const *names, size_t i)
{
    if (names) return names[i];
    snprintf(buffer, 24, "%zu", i);
    return buffer;
}

int bram_rdm_design_check(bram_ctx *cx, const bram_rdm_design *g, size_t rows)
{
    if (!g || !g->condition) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx), empty = 0, bad = 0;
    bool *seen = bram_scratch(cx, g->conditions, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    while (bad < rows && g->condition[bad] < g->conditions && (!g->fold || g->fold[bad] < g->folds))
        seen[g->condition[bad++]] = true;
    while (empty < g->conditions && seen[empty]) empty++;
    bram_scratch_release(cx, mark);
    char text[24];
    if (bad < rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "row %zu is of condition %u and fold %u, expected one of %zu conditions "
                         "and %zu folds",
                         bad, g->condition[bad], g->fold ? g->fold[bad] : 0, g->conditions,
                         g->folds);
    if (empty < g->conditions)
        return bram_fail(cx, BRAM_ESHAPE, "condition %s has no row",
                         name_of(text, g->condition_name, empty));
    return BRAM_OK;
}

/* The n-th row of a condition is in fold n. */
static int count_occurrences(bram_ctx *cx, uint32_t **fold, size_t *folds, const bram_rdm_design *g,
                             size_t rows)
{
    uint32_t *nth = bram_scratch(cx, rows, sizeof *nth);
    uint32_t *count = nth ? bram_scratch(cx, g->conditions, sizeof *count) : NULL;
    if (!count) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) nth[i] = count[g->condition[i]]++;
    for (size_t c = 1; c < g->conditions; c++)
        if (count[c] != count[0]) {
            char a[24], b[24];
            return bram_fail(cx, BRAM_ESHAPE,
                             "condition %s has %u rows, condition %s %u: without folds (runs) all "
                             "need as many",
                             name_of(a, g->condition_name, 0), count[0],
                             name_of(b, g->condition_name, c), count[c]);
        }
    *fold = nth, *folds = count[0];
    return BRAM_OK;
}

static int check_folds(bram_ctx *cx, const bram_rdm_patterns *a, const bram_rdm_design *g)
{
    if (a->folds < 2)
        return bram_fail(cx, BRAM_ESHAPE,
                         "cross-validation needs 2 folds or more, found %zu: rows of the same "
                         "condition in different folds (runs, repeats)",
                         a->folds);
    for (size_t f = 0; f < a->folds; f++)
        for (size_t c = 0; c < a->conditions; c++)
            if (!a->count[f * a->conditions + c]) {
                char one[24], other[24];
                return bram_fail(cx, BRAM_ESHAPE,
                                 "condition %s has no row in fold %s; folds need all conditions "
                                 "(the unbalanced estimator does not)",
                                 name_of(one, g->condition_name, c),
                                 name_of(other, g->fold ? g->fold_name : NULL, f));
            }
    return BRAM_OK;
}

static int allocate(bram_ctx *cx, bram_rdm_patterns *a, size_t p, bool masked)
{
    size_t rows;
    if (__builtin_mul_overflow(a->conditions, a->folds, &rows))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu conditions in %zu folds",
                         a->conditions, a->folds);
    BRAM_TRY(bram_mat_scratch(cx, &a->x, rows, p));
    a->count = bram_scratch(cx, rows, sizeof *a->count);
    if (a->count && masked) a->present = bram_scratch(cx, rows * p, 1);
    return a->count && (a->present || !masked) ? BRAM_OK : BRAM_ENOMEM;
}

/* Sums over rows become means over those that have the channel. */
static int average_masked(bram_ctx *cx, bram_rdm_patterns *a, const bram_side *side,
                          const size_t *to)
{
    size_t p = side->values.cols;
    double *have = bram_scratch(cx, a->x.rows * p, sizeof *have);
    if (!have) return BRAM_ENOMEM;
    for (size_t i = 0; i < side->values.rows; i++)
        for (size_t k = 0; k < p; k++)
            if (side->present[i * p + k]) {
                bram_row(&a->x, to[i])[k] += bram_row(&side->values, i)[k];
                have[to[i] * p + k]++;
            }
    for (size_t i = 0; i < a->x.rows * p; i++) {
        a->present[i] = have[i] > 0;
        if (have[i] > 0) a->x.data[i] /= have[i];
    }
    return BRAM_OK;
}

struct copying {
    bram_mat *to;
    const bram_mat *from;
};

static int copy_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct copying *c = user;
    size_t first = block * ROW_BLOCK, end = first + ROW_BLOCK;
    for (size_t i = first; i < end && i < c->to->rows; i++)
        memcpy(bram_row(c->to, i), bram_row(c->from, i), c->to->cols * sizeof(double));
    return BRAM_OK;
}

/* Every row a condition: a copy. */
static int copy_whole(bram_ctx *cx, bram_rdm_patterns *a, const bram_side *side)
{
    struct copying c = {&a->x, &side->values};
    return bram_parallel_for(cx, (a->x.rows + ROW_BLOCK - 1) / ROW_BLOCK, copy_block, &c);
}

static void average_whole(bram_rdm_patterns *a, const bram_side *side, const size_t *to)
{
    size_t p = side->values.cols;
    for (size_t i = 0; i < side->values.rows; i++) {
        const double *from = bram_row(&side->values, i);
        double *sum = bram_row(&a->x, to[i]);
        if (a->count[to[i]] == 1) memcpy(sum, from, p * sizeof *sum);
        else
            for (size_t k = 0; k < p; k++) sum[k] += from[k];
    }
    for (size_t i = 0; i < a->x.rows; i++)
        for (size_t k = 0; a->count[i] > 1 && k < p; k++) bram_row(&a->x, i)[k] /= a->count[i];
}

static void remove_row_means(bram_rdm_patterns *a)
{
    size_t p = a->x.cols;
    for (size_t i = 0; i < a->x.rows; i++) {
        double mean = 0, count = 0, *row = bram_row(&a->x, i);
        const uint8_t *present = a->present ? a->present + i * p : NULL;
        for (size_t k = 0; k < p; k++)
            if (!present || present[k]) mean += row[k], count++;
        for (size_t k = 0; k < p; k++)
            if (!present || present[k]) row[k] -= mean / count;
    }
}

int bram_rdm_average(bram_ctx *cx, bram_rdm_patterns *out, const bram_side *side,
                     const bram_rdm_design *g, bool by_fold, bool remove_mean)
{
    size_t rows = side->values.rows;
    bool each = !g || !g->condition;
    bram_rdm_patterns a = {.conditions = each ? rows : g->conditions, .folds = 1};
    uint32_t *nth = NULL;
    const uint32_t *fold = each || !by_fold ? NULL : g->fold;
    if (by_fold && !each) {
        a.folds = g->folds;
        if (!fold) BRAM_TRY(count_occurrences(cx, &nth, &a.folds, g, rows));
        if (!fold) fold = nth;
    }
    BRAM_TRY(allocate(cx, &a, side->values.cols, side->present != NULL));
    size_t *to = bram_scratch(cx, rows, sizeof *to);
    if (!to) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        to[i] = each ? i : (fold ? fold[i] : 0) * a.conditions + g->condition[i];
        a.count[to[i]]++;
    }
    if (by_fold) BRAM_TRY(check_folds(cx, &a, g));
    if (side->present) BRAM_TRY(average_masked(cx, &a, side, to));
    else if (each) BRAM_TRY(copy_whole(cx, &a, side));
    else average_whole(&a, side, to);
    if (remove_mean) remove_row_means(&a);
    *out = a;
    return BRAM_OK;
}
