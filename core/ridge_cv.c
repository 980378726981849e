/*
 * ridge_cv.c - the search for the penalty by cross-validation: folds decomposed, blocks of targets
 * scored, the choice; see ridge_cv.h.
 */
#include "ridge_cv.h"

#include "internal.h"
#include "linalg.h"
#include "ridge_private.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Targets of a task (fewer where products X'Y would be large), of a read; bytes of folds that stand
 * ready at a time. Part of the fixed order of the work. */
enum { TARGET_BLOCK = 256, LEAST_BLOCK = 16, READ_BLOCK = 1024 };
#define CROSS_BYTES (64.0 * 1024 * 1024)
/* In float32: a T + alpha of this condition costs no more than 1e-6 of a score. */
#define SINGLE_CONDITION 1000
#define BASE_BYTES       (1024.0 * 1024 * 1024)

/* ---- folds decomposed ----------------------------------------------------------------------- */

/* What the decompositions share. */
struct frame {
    const bram_ridge_rows *rows;
    bram_mat x;      /* rows x p about their mean; no rows: by the kernel */
    bram_mat kernel; /* rows x rows */
    bool columns, single, origin;
    double least; /* penalty */
    bram_ridge_base *base;
    size_t first;
};

static size_t rank_of(const struct frame *fr, size_t fold)
{
    return fr->columns ? fr->x.cols : fr->rows->fold[fold].trains;
}

static bool is_turned(const struct frame *fr, size_t fold)
{
    return fr->columns && fr->rows->fold[fold].tests > rank_of(fr, fold);
}

static size_t test_count(const struct frame *fr, size_t fold)
{
    size_t r = rank_of(fr, fold), count = 0;
    if (!is_turned(fr, fold)) return fr->rows->fold[fold].tests * r;
    for (size_t i = 0; i < r; i += RIDGE_PANEL)
        count += (r - i < RIDGE_PANEL ? r - i : RIDGE_PANEL) * (r - i);
    return count;
}

static int take_base(bram_ctx *cx, bram_ridge_base *b, const struct frame *fr, size_t fold)
{
    size_t r = rank_of(fr, fold), size = fr->single ? sizeof(float) : sizeof(double), square;
    *b = (bram_ridge_base){.fold = &fr->rows->fold[fold], .rank = r, .turned = is_turned(fr, fold)};
    if (__builtin_mul_overflow(r, r, &square))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a decomposition of %zu rows", r);
    b->diag = bram_scratch(cx, r, sizeof(double));
    b->off = b->diag ? bram_scratch(cx, r, sizeof(double)) : NULL;
    b->basis = b->off ? bram_scratch(cx, square, size) : NULL;
    b->test = b->basis ? bram_scratch(cx, test_count(fr, fold), size) : NULL;
    if (!b->test) return BRAM_ENOMEM;
    if (!fr->columns) return BRAM_OK;
    b->sum = bram_scratch(cx, r, sizeof(double));
    b->mean = b->sum ? bram_scratch(cx, r, sizeof(double)) : NULL;
    b->test_sum = b->mean ? bram_scratch(cx, r, sizeof(double)) : NULL;
    return b->test_sum ? BRAM_OK : BRAM_ENOMEM;
}

static void put(void *out, bool single, size_t at, const double *from, size_t count)
{
    if (!single) memcpy((double *)out + at, from, count * sizeof *from);
    else
        for (size_t i = 0; i < count; i++) ((float *)out)[at + i] = (float)from[i];
}

/* The Gram matrix of the training rows, and the test rows as A would be in the old basis. */
static int gram_of_columns(bram_ctx *cx, bram_mat *gram, bram_mat *test, const struct frame *fr,
                           bram_ridge_base *b)
{
    const bram_fold *fold = b->fold;
    bram_mat train;
    size_t p = fr->x.cols;
    BRAM_TRY(bram_mat_scratch(cx, gram, p, p));
    BRAM_TRY(bram_mat_scratch(cx, test, fold->tests, p));
    BRAM_TRY(bram_mat_scratch(cx, &train, fold->trains, p));
    for (size_t i = 0; i < fold->trains && !fr->origin; i++)
        for (size_t k = 0; k < p; k++)
            b->mean[k] += bram_row(&fr->x, fold->train[i])[k] / (double)fold->trains;
    for (size_t i = 0; i < fold->trains; i++)
        for (size_t k = 0; k < p; k++)
            bram_row(&train, i)[k] = bram_row(&fr->x, fold->train[i])[k] - b->mean[k];
    for (size_t i = 0; i < fold->tests; i++)
        for (size_t k = 0; k < p; k++) {
            bram_row(test, i)[k] = bram_row(&fr->x, fold->test[i])[k] - b->mean[k];
            b->test_sum[k] += bram_row(&fr->x, fold->test[i])[k];
        }
    return bram_syrk(cx, gram, 1, &train, BRAM_TRANSPOSED, 0);
}

/* Inner products with and of training rows, about the mean of the training rows: entry (i, j) less
 * the means of row i and of column j over training rows, plus the mean of all. */
static int gram_of_rows(bram_ctx *cx, bram_mat *gram, bram_mat *test, const struct frame *fr,
                        const bram_ridge_base *b)
{
    const bram_fold *fold = b->fold;
    size_t n = fold->trains;
    BRAM_TRY(bram_mat_scratch(cx, gram, n, n));
    BRAM_TRY(bram_mat_scratch(cx, test, fold->tests, n));
    double *mean = bram_scratch(cx, n, sizeof *mean), all = 0;
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const double *row = bram_row(&fr->kernel, fold->train[i]);
        for (size_t j = 0; j < n; j++) {
            bram_row(gram, i)[j] = row[fold->train[j]];
            if (!fr->origin) mean[i] += row[fold->train[j]] / (double)n;
        }
        all += mean[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) bram_row(gram, i)[j] += all - (mean[i] + mean[j]);
    for (size_t i = 0; i < fold->tests; i++) {
        const double *row = bram_row(&fr->kernel, fold->test[i]);
        double own = 0;
        for (size_t j = 0; j < n && !fr->origin; j++) own += row[fold->train[j]] / (double)n;
        for (size_t j = 0; j < n; j++)
            bram_row(test, i)[j] = row[fold->train[j]] - own - mean[j] + all;
    }
    return BRAM_OK;
}

/* A = O U: the rows of U in panels, each from its diagonal on. */
static int put_panels(bram_ctx *cx, bram_ridge_base *b, const bram_mat *a, bool single)
{
    size_t r = b->rank, at = 0;
    bram_mat turned, lower;
    BRAM_TRY(bram_mat_scratch(cx, &turned, r, a->rows));
    BRAM_TRY(bram_mat_scratch(cx, &lower, r, r));
    for (size_t i = 0; i < a->rows; i++)
        for (size_t k = 0; k < r; k++) {
            bram_row(&turned, k)[i] = bram_row(a, i)[k];
            b->sum[k] += bram_row(a, i)[k];
        }
    BRAM_TRY(bram_lq_factor(cx, &lower, &turned));
    double *row = bram_scratch(cx, r, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t i0 = 0; i0 < r; i0 += RIDGE_PANEL)
        for (size_t i = i0; i < r && i < i0 + RIDGE_PANEL; i++) {
            for (size_t k = i0; k < r; k++) row[k - i0] = bram_row(&lower, k)[i];
            put(b->test, single, at, row, r - i0);
            at += r - i0;
        }
    return BRAM_OK;
}

static int gram_of(bram_ctx *cx, bram_mat *gram, bram_mat *test, const struct frame *fr,
                   bram_ridge_base *b)
{
    return fr->columns ? gram_of_columns(cx, gram, test, fr, b)
                       : gram_of_rows(cx, gram, test, fr, b);
}

/* Largest entry over smallest pivot of T + alpha, about its condition. */
static double condition(const bram_ridge_base *b, double alpha)
{
    double pivot = 0, least = INFINITY, largest = 0;
    for (size_t i = 0; i < b->rank; i++) {
        double below = i ? b->off[i - 1] : 0;
        pivot = b->diag[i] + alpha - (i ? below * (below / pivot) : 0);
        if (!(pivot > 0)) return INFINITY;
        least = fmin(least, pivot), largest = fmax(largest, b->diag[i]);
    }
    return largest / least;
}

/* The direction in which all training rows are equal is empty on both sides, targets and test rows:
 * what T has there is free to choose, and an average value keeps T + alpha well conditioned. */
static void fill_constant(bram_mat *gram, double trace)
{
    double n = (double)gram->rows;
    for (size_t i = 0; i < gram->rows; i++)
        for (size_t j = 0; j < gram->rows; j++) bram_row(gram, i)[j] += trace / n / n;
}

/* T by rotations, or its eigenvalues: where a penalty is within rounding of zero; and in float32
 * where directions of very small and of large values would share a column, whose rounding is
 * relative to the large ones. */
static int decompose(bram_ctx *cx, bram_ridge_base *b, bram_mat *gram, bram_mat *test,
                     const struct frame *fr)
{
    double trace = 0, eps = (double)b->rank * DBL_EPSILON;
    BRAM_TRY(gram_of(cx, gram, test, fr, b));
    for (size_t i = 0; i < b->rank; i++) trace += bram_row(gram, i)[i];
    if (!isfinite(trace)) return bram_fail(cx, BRAM_ENUMERIC, "inner products overflow");
    if (4 * eps * trace < fr->least) {
        if (fr->single && !fr->columns && !fr->origin) fill_constant(gram, trace);
        BRAM_TRY(bram_tridiagonal(cx, gram, b->diag, b->off));
        if (!fr->single || condition(b, fr->least) < SINGLE_CONDITION) return BRAM_OK;
        if (fr->columns) memset(b->mean, 0, b->rank * sizeof *b->mean);
        if (fr->columns) memset(b->test_sum, 0, b->rank * sizeof *b->test_sum);
        BRAM_TRY(gram_of(cx, gram, test, fr, b));
    }
    b->off = NULL;
    BRAM_TRY(bram_eigh(cx, gram, b->diag));
    for (size_t k = 0; k < b->rank; k++) b->diag[k] = fmax(b->diag[k], 0);
    b->zero = eps * b->diag[b->rank - 1];
    return BRAM_OK;
}

static int make_base(bram_ctx *cx, size_t task, void *user)
{
    const struct frame *fr = user;
    bram_ridge_base *b = &fr->base[task];
    bram_mat gram, test, a;
    BRAM_TRY(decompose(cx, b, &gram, &test, fr));
    put(b->basis, fr->single, 0, gram.data, gram.rows * gram.cols);
    BRAM_TRY(bram_mat_scratch(cx, &a, test.rows, b->rank));
    BRAM_TRY(bram_gemm(cx, &a, 1, &test, BRAM_AS_IS, &gram, BRAM_TRANSPOSED, 0));
    if (b->turned) return put_panels(cx, b, &a, fr->single);
    put(b->test, fr->single, 0, a.data, a.rows * a.cols);
    return BRAM_OK;
}

/* ---- targets by blocks ---------------------------------------------------------------------- */

struct blocks {
    bram_ridge_job job;
    size_t width;
    bool single;
};

static int score_block(bram_ctx *cx, size_t task, void *user)
{
    const struct blocks *b = user;
    size_t first = task * b->width, width = b->job.y->cols - first;
    if (width > b->width) width = b->width;
    return b->single ? bram_ridge_block_f32(cx, &b->job, first, width)
                     : bram_ridge_block_f64(cx, &b->job, first, width);
}

static int score_in_memory(bram_ctx *cx, struct blocks *b, const bram_targets *y, size_t offset)
{
    b->job.y = y;
    b->job.offset = offset;
    int status = bram_parallel_for(cx, (y->cols + b->width - 1) / b->width, score_block, b);
    b->job.y = NULL;
    return status == BRAM_OK ? bram_ctx_check_cancel(cx) : status;
}

static int score_targets(bram_ctx *cx, struct blocks *b, const bram_targets *y)
{
    if (!y->read) return score_in_memory(cx, b, y, 0);
    bram_mat part;
    BRAM_TRY(bram_mat_scratch(cx, &part, y->rows, y->cols < READ_BLOCK ? y->cols : READ_BLOCK));
    for (size_t first = 0; first < y->cols; first += READ_BLOCK) {
        size_t count = y->cols - first < READ_BLOCK ? y->cols - first : READ_BLOCK;
        bram_mat view = {part.data, y->rows, count, count};
        BRAM_TRY(y->read(cx, y->user, view.data, first, count));
        bram_targets now = {.rows = y->rows, .cols = count, .f64 = &view};
        BRAM_TRY(score_in_memory(cx, b, &now, first));
    }
    return BRAM_OK;
}

/* As many folds at a time as the memory for them holds, one at least. */
static size_t folds_at_once(const struct frame *fr)
{
    double bytes = 0, size = fr->single ? sizeof(float) : sizeof(double);
    for (size_t f = 0; f < fr->rows->folds; f++) {
        double r = (double)rank_of(fr, f);
        bytes = fmax(bytes, size * (r * r + (double)test_count(fr, f)));
    }
    double fits = floor(BASE_BYTES / fmax(bytes, 1));
    return fits < 1 ? 1 : fits < (double)fr->rows->folds ? (size_t)fits : fr->rows->folds;
}

static int score_folds(bram_ctx *cx, struct blocks *b, struct frame *fr, const bram_targets *y)
{
    size_t at_once = folds_at_once(fr);
    for (size_t f = 0; f < fr->rows->folds; f += at_once) {
        size_t mark = bram_scratch_mark(cx), count = fr->rows->folds - f;
        if (count > at_once) count = at_once;
        fr->base = bram_scratch(cx, count, sizeof *fr->base);
        if (!fr->base) return BRAM_ENOMEM;
        for (size_t k = 0; k < count; k++) BRAM_TRY(take_base(cx, &fr->base[k], fr, f + k));
        BRAM_TRY(bram_parallel_for(cx, count, make_base, fr));
        b->job.base = fr->base, b->job.first_fold = f, b->job.folds = count;
        BRAM_TRY(score_targets(cx, b, y));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

int bram_ridge_linear_kernel(bram_ctx *cx, bram_mat *out, const bram_mat *x, const size_t *row,
                             size_t n, bool origin)
{
    bram_mat centred;
    BRAM_TRY(bram_mat_scratch(cx, out, n, n));
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_ridge_centre_rows(cx, &centred, x, row, n, origin));
    int status = bram_syrk(cx, out, 1, &centred, BRAM_AS_IS, 0);
    bram_scratch_release(cx, mark);
    return status;
}

static int copy_kernel(bram_ctx *cx, bram_mat *out, const bram_mat *k, const bram_ridge_rows *rows)
{
    BRAM_TRY(bram_mat_scratch(cx, out, rows->n, rows->n));
    for (size_t i = 0; i < rows->n; i++)
        for (size_t j = 0; j < rows->n; j++)
            bram_row(out, i)[j] = bram_row(k, rows->row[i])[rows->row[j]];
    return BRAM_OK;
}

static int make_frame(bram_ctx *cx, struct frame *fr, const bram_regressors *x)
{
    size_t most = 0;
    for (size_t f = 0; f < fr->rows->folds; f++)
        if (fr->rows->fold[f].trains > most) most = fr->rows->fold[f].trains;
    if (x->kernel) return copy_kernel(cx, &fr->kernel, x->kernel, fr->rows);
    fr->columns = most >= x->x->cols;
    if (fr->columns)
        return bram_ridge_centre_rows(cx, &fr->x, x->x, fr->rows->row, fr->rows->n, fr->origin);
    return bram_ridge_linear_kernel(cx, &fr->kernel, x->x, fr->rows->row, fr->rows->n, fr->origin);
}

/* x in the type of the products, packed. */
static int pack(bram_ctx *cx, const void **out, const bram_mat *x, bool single)
{
    *out = x->data;
    if (!single) return BRAM_OK;
    size_t count = x->rows * x->cols;
    float *f = bram_scratch(cx, count, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) f[i] = (float)x->data[i];
    *out = f;
    return BRAM_OK;
}

static size_t block_width(const struct frame *fr, const bram_ridge_parts *parts)
{
    if (!fr->columns) return TARGET_BLOCK;
    double each = (double)parts->count * (double)fr->x.cols * (fr->single ? 4 : 8);
    double width = floor(CROSS_BYTES / each / LEAST_BLOCK) * LEAST_BLOCK;
    return width < LEAST_BLOCK ? LEAST_BLOCK : width < TARGET_BLOCK ? (size_t)width : TARGET_BLOCK;
}

static int score_all(bram_ctx *cx, double *score, const bram_regressors *x, const bram_targets *y,
                     const bram_ridge_search *s)
{
    bram_ridge_rows rows = {0};
    bram_ridge_parts parts = {0};
    struct frame fr = {.rows = &rows, .single = s->single, .origin = s->origin, .least = INFINITY};
    struct blocks b = {.single = s->single};
    BRAM_TRY(bram_ridge_rows_of(cx, &rows, s, y->rows));
    for (size_t g = 0; g < s->n_grid; g++) fr.least = fmin(fr.least, s->grid[g]);
    BRAM_TRY(make_frame(cx, &fr, x));
    b.job = (bram_ridge_job){.columns = fr.columns,
                             .rows = &rows,
                             .parts = &parts,
                             .targets = y->cols,
                             .grid = s->grid,
                             .n_grid = s->n_grid,
                             .rule = s->rule,
                             .origin = s->origin,
                             .score = score};
    if (fr.columns) {
        b.job.p = fr.x.cols;
        BRAM_TRY(bram_ridge_parts_of(cx, &parts, &rows));
        BRAM_TRY(pack(cx, &b.job.x, &fr.x, s->single));
    }
    b.width = block_width(&fr, &parts);
    return score_folds(cx, &b, &fr, y);
}

static int check_search(bram_ctx *cx, const bram_regressors *x, const bram_targets *y,
                        const bram_ridge_search *s)
{
    size_t rows = x->x ? x->x->rows : x->kernel->rows;
    BRAM_TRY(bram_ridge_check_penalties(cx, s->grid, s->n_grid));
    if (y->rows != rows || (x->kernel && x->kernel->cols != rows))
        return bram_fail(cx, BRAM_ESHAPE, "targets: found %zu x %zu for regressors of %zu rows",
                         y->rows, y->cols, rows);
    return BRAM_OK;
}

int bram_ridge_scores(bram_ctx *cx, double *score, const bram_regressors *x, const bram_targets *y,
                      const bram_ridge_search *s)
{
    BRAM_TRY(check_search(cx, x, y, s));
    BRAM_TRY(bram_ridge_check_folds(cx, s->fold, s->folds, y->rows));
    if (!y->cols) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = score_all(cx, score, x, y, s);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_ridge_search_run(bram_ctx *cx, double *alpha, double *best, const bram_regressors *x,
                          const bram_targets *y, const bram_ridge_search *s)
{
    size_t count, mark = bram_scratch_mark(cx);
    if (__builtin_mul_overflow(s->n_grid, y->cols, &count) ||
        __builtin_mul_overflow(count, s->folds, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for the scores of %zu targets", y->cols);
    double *score = bram_scratch(cx, count, sizeof *score);
    if (!score) return BRAM_ENOMEM;
    int status = bram_ridge_scores(cx, score, x, y, s);
    if (status == BRAM_OK) bram_ridge_choose(alpha, best, score, y->cols, s);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_ridge_cv(bram_ctx *cx, double *alpha, double *score, const bram_mat *x, const bram_mat *y,
                  const bram_fold *folds, size_t n_folds, const double *grid, size_t n_grid,
                  bram_ridge_score rule, bram_ridge_choice choice)
{
    bram_ridge_search s = {.fold = folds,
                           .folds = n_folds,
                           .grid = grid,
                           .n_grid = n_grid,
                           .rule = rule,
                           .choice = choice};
    bram_targets targets = {.rows = y->rows, .cols = y->cols, .f64 = y};
    return bram_ridge_search_run(cx, alpha, score, &(bram_regressors){.x = x}, &targets, &s);
}
