/*
 * timed_fit.c - ridge regression of responses along time on features of every moment, with all bins
 * of a condition on one side of a fold; see timed.h. Features are scaled by their training rows;
 * what is missing stands at the mean of its unit in training.
 */
#include "linalg.h"
#include "ridge.h"
#include "timed.h"

#include <math.h>
#include <string.h>

size_t bram_timed_problems(const bram_timed_map *m)
{
    return m->design->per_bin ? m->t->bins - m->t->skip : 1;
}

/* The bins of a problem. */
static void bins_of(const bram_timed_map *m, size_t problem, size_t *first, size_t *end)
{
    *first = m->design->per_bin ? m->t->skip + problem : m->t->skip;
    *end = m->design->per_bin ? *first + 1 : m->t->bins;
}

/* Rows of the blocks in these bins. */
static int list_rows(bram_ctx *cx, size_t **row, size_t *count, const bram_timed_map *m,
                     size_t problem, const size_t *block, size_t blocks)
{
    size_t first, end, n = 0;
    bins_of(m, problem, &first, &end);
    *row = bram_scratch(cx, blocks * (end - first), sizeof **row);
    if (!*row) return BRAM_ENOMEM;
    for (size_t i = 0; i < blocks; i++)
        for (size_t b = first; b < end; b++) (*row)[n++] = block[i] * m->t->bins + b;
    *count = n;
    return BRAM_OK;
}

/* One fold and problem: its rows, and its features, scaled. Behind the tested rows are the means of
 * the training rows of each bin. */
struct fit {
    size_t *train, *test, trains, tests, first, bins;
    bram_mat x_train, x_test;
};

static void scale(bram_mat *x, bram_mat *other)
{
    for (size_t j = 0; j < x->cols; j++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < x->rows; i++) mean += (bram_row(x, i)[j] - mean) / (double)(i + 1);
        for (size_t i = 0; i < x->rows; i++) square += pow(bram_row(x, i)[j] - mean, 2);
        double deviation = sqrt(square / (double)x->rows);
        double factor = deviation > 1e-12 * fabs(mean) ? 1 / deviation : 0;
        for (size_t i = 0; i < x->rows; i++)
            bram_row(x, i)[j] = (bram_row(x, i)[j] - mean) * factor;
        for (size_t i = 0; i < other->rows; i++)
            bram_row(other, i)[j] = (bram_row(other, i)[j] - mean) * factor;
    }
}

static int gather(bram_ctx *cx, bram_mat *out, const bram_mat *from, const size_t *row, size_t rows)
{
    BRAM_TRY(bram_mat_scratch(cx, out, rows, from->cols));
    for (size_t i = 0; i < rows; i++)
        memcpy(bram_row(out, i), bram_row(from, row[i]), from->cols * sizeof(double));
    return BRAM_OK;
}

/* Training rows come block by block, each with its bins in order. */
static void add_centres(struct fit *f)
{
    for (size_t i = 0; i < f->trains; i++) {
        double *to = bram_row(&f->x_test, f->tests + i % f->bins);
        for (size_t j = 0; j < f->x_train.cols; j++)
            to[j] += bram_row(&f->x_train, i)[j] * (double)f->bins / (double)f->trains;
    }
}

static int begin(bram_ctx *cx, struct fit *f, const bram_timed_map *m, size_t fold, size_t problem)
{
    const bram_fold *at = &m->fold[fold];
    size_t end;
    bins_of(m, problem, &f->first, &end);
    f->bins = end - f->first;
    BRAM_TRY(list_rows(cx, &f->train, &f->trains, m, problem, at->train, at->trains));
    BRAM_TRY(list_rows(cx, &f->test, &f->tests, m, problem, at->test, at->tests));
    BRAM_TRY(gather(cx, &f->x_train, &m->design->x, f->train, f->trains));
    BRAM_TRY(bram_mat_scratch(cx, &f->x_test, f->tests + f->bins, m->design->x.cols));
    for (size_t i = 0; i < f->tests; i++)
        memcpy(bram_row(&f->x_test, i), bram_row(&m->design->x, f->test[i]),
               f->x_test.cols * sizeof(double));
    scale(&f->x_train, &f->x_test);
    for (size_t b = 0; b < f->bins; b++)
        memset(bram_row(&f->x_test, f->tests + b), 0, f->x_test.cols * sizeof(double));
    add_centres(f);
    return BRAM_OK;
}

/* The targets of the training rows; missing ones stand at the mean of the others. */
static int gather_targets(bram_ctx *cx, bram_mat *out, const struct fit *f, const bram_side *y)
{
    size_t cols = y->values.cols;
    BRAM_TRY(gather(cx, out, &y->values, f->train, f->trains));
    for (size_t u = 0; u < cols && y->present; u++) {
        double mean = 0, n = 0;
        for (size_t i = 0; i < f->trains; i++)
            if (y->present[f->train[i] * cols + u]) mean += (bram_row(out, i)[u] - mean) / ++n;
        for (size_t i = 0; i < f->trains; i++)
            if (!y->present[f->train[i] * cols + u]) bram_row(out, i)[u] = mean;
    }
    return BRAM_OK;
}

/* ---- the penalty ---------------------------------------------------------------------------- */

/* Inner folds: stretches of the training blocks, each with all its bins of the problem. */
static int inner_folds(bram_ctx *cx, bram_fold **out, size_t *count, const bram_timed_map *m,
                       const struct fit *f, size_t blocks)
{
    size_t each = f->trains / blocks, folds = m->inner < blocks ? m->inner : blocks;
    bram_fold *fold = bram_scratch(cx, folds, sizeof *fold);
    size_t *row = bram_scratch(cx, f->trains, folds * sizeof *row);
    if (!fold || !row) return BRAM_ENOMEM;
    for (size_t k = 0; k < folds; k++, row += f->trains) {
        size_t from = k * blocks / folds * each, to = (k + 1) * blocks / folds * each, n = 0;
        for (size_t i = from; i < to; i++) row[n++] = i;
        for (size_t i = 0; i < f->trains; i++)
            if (i < from || i >= to) row[n++] = i;
        fold[k] = (bram_fold){.test = row,
                              .tests = to - from,
                              .train = row + (to - from),
                              .trains = f->trains - (to - from)};
    }
    *out = fold, *count = folds;
    return BRAM_OK;
}

static double *alpha_of(const bram_timed_map *m, size_t fold, size_t problem)
{
    return m->alpha + (fold * bram_timed_problems(m) + problem) * m->t->units;
}

static int choose(bram_ctx *cx, const bram_timed_map *m, const bram_side *target, size_t fold,
                  size_t problem)
{
    struct fit f;
    bram_mat y;
    bram_fold *inner;
    size_t folds;
    double *alpha = alpha_of(m, fold, problem);
    for (size_t u = 0; u < m->t->units; u++) alpha[u] = m->grid[0];
    if (m->n_grid == 1) return BRAM_OK;
    BRAM_TRY(begin(cx, &f, m, fold, problem));
    BRAM_TRY(gather_targets(cx, &y, &f, target));
    BRAM_TRY(inner_folds(cx, &inner, &folds, m, &f, m->fold[fold].trains));
    return bram_ridge_cv(cx, alpha, NULL, &f.x_train, &y, inner, folds, m->grid, m->n_grid,
                         BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL);
}

int bram_timed_choose(bram_ctx *cx, const bram_timed_map *m, const bram_side *target)
{
    for (size_t f = 0; f < m->folds; f++)
        for (size_t p = 0; p < bram_timed_problems(m); p++) {
            size_t mark = bram_scratch_mark(cx);
            BRAM_TRY(choose(cx, m, target, f, p));
            bram_scratch_release(cx, mark);
        }
    return BRAM_OK;
}

/* ---- predictions ---------------------------------------------------------------------------- */

static int solve(bram_ctx *cx, bram_mat *prediction, const bram_ridge *ridge, const struct fit *f,
                 const bram_mat *y, const double *alpha)
{
    bram_mat a, b;
    double *mean = bram_scratch(cx, y->cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), y->cols));
    BRAM_TRY(bram_mat_scratch(cx, &a, f->x_test.rows, bram_ridge_rank(ridge)));
    BRAM_TRY(bram_ridge_project(cx, ridge, &b, mean, y));
    BRAM_TRY(bram_ridge_basis(cx, ridge, &a, &f->x_test));
    return bram_ridge_predict(cx, ridge, prediction, &a, &b, mean, alpha);
}

static int predict(bram_ctx *cx, bram_mat *out, bram_mat *centre, const bram_timed_map *m,
                   const bram_side *target, size_t fold, size_t problem)
{
    struct fit f;
    bram_mat y, prediction;
    bram_ridge *ridge = NULL;
    size_t cols = target->values.cols;
    BRAM_TRY(begin(cx, &f, m, fold, problem));
    BRAM_TRY(gather_targets(cx, &y, &f, target));
    BRAM_TRY(bram_mat_scratch(cx, &prediction, f.x_test.rows, cols));
    double *alpha = bram_scratch(cx, cols, sizeof *alpha);
    if (!alpha) return BRAM_ENOMEM;
    for (size_t u = 0; u < cols; u++) alpha[u] = alpha_of(m, fold, problem)[u % m->t->units];
    BRAM_TRY(bram_ridge_new(cx, &ridge, &f.x_train));
    int status = solve(cx, &prediction, ridge, &f, &y, alpha);
    bram_ridge_free(ridge);
    BRAM_TRY(status);
    for (size_t i = 0; i < f.tests; i++) {
        size_t bin = f.test[i] % m->t->bins - f.first;
        memcpy(bram_row(out, f.test[i]), bram_row(&prediction, i), cols * sizeof(double));
        if (centre)
            memcpy(bram_row(centre, f.test[i]), bram_row(&prediction, f.tests + bin),
                   cols * sizeof(double));
    }
    return BRAM_OK;
}

int bram_timed_predict(bram_ctx *cx, bram_mat *out, bram_mat *centre, const bram_timed_map *m,
                       const bram_side *target)
{
    for (size_t f = 0; f < m->folds; f++)
        for (size_t p = 0; p < bram_timed_problems(m); p++) {
            size_t mark = bram_scratch_mark(cx);
            BRAM_TRY(predict(cx, out, centre, m, target, f, p));
            bram_scratch_release(cx, mark);
        }
    return BRAM_OK;
}

void bram_timed_blind(bram_mat *out, const bram_timed_map *m, const bram_side *target)
{
    size_t bins = m->t->bins, units = m->t->units;
    for (size_t f = 0; f < m->folds; f++)
        for (size_t b = 0; b < bins; b++)
            for (size_t u = 0; u < units; u++) {
                double mean = 0, n = 0;
                for (size_t i = 0; i < m->fold[f].trains; i++) {
                    size_t row = m->fold[f].train[i] * bins + b;
                    if (!target->present[row * units + u]) continue;
                    mean += (bram_row(&target->values, row)[u] - mean) / ++n;
                }
                for (size_t i = 0; i < m->fold[f].tests; i++)
                    bram_row(out, m->fold[f].test[i] * bins + b)[u] = mean;
            }
}
