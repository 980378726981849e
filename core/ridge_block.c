/*
 * ridge_block.c - the scores of a block of targets under all penalties of the folds of a job; see
 * ridge_cv.h. Compiled twice: in double, and with BRAM_RIDGE_SINGLE in float32. Means, sums of
 * squares and scores are double in both.
 */
#include "linalg.h"
#include "ridge_private.h"
#include "wide.h"

#include <float.h>
#include <math.h>
#include <string.h>

#ifdef BRAM_RIDGE_SINGLE
typedef float real;
#define GEMM        bram_gemm_f32
#define EPSILON     (8 * (double)FLT_EPSILON)
#define SCORE_BLOCK bram_ridge_block_f32
#else
typedef double real;
#define GEMM        bram_gemm_f64
#define EPSILON     (8 * DBL_EPSILON)
#define SCORE_BLOCK bram_ridge_block_f64
#endif

/* Columns of a tridiagonal solve that stay in cache together. */
enum { STRIP = 64 };

/* What a block works with; arrays have `width` columns unless said otherwise. */
struct block {
    const bram_ridge_job *job;
    size_t first, width;
    real *y;      /* rows, about the mean over the rows */
    real **cross; /* of each part: p rows, X'Y */
    double **sum; /* of each part: of y */
};

/* One fold of it. */
struct fit {
    const bram_ridge_base *base;
    double *mean;              /* of y over training rows */
    double *centre, *sum, *yy; /* of y less that mean, over test rows: mean, sum, about the mean */
    real *b, *g;               /* rank rows: targets in the basis, and (T + alpha)^-1 of them */
    real *truth;               /* test rows: y less mean; not when turned */
    real *a;                   /* turned: rank rows, A'(y - mean) */
    real *p;                   /* predictions, or U g */
    real *inverse, *ratio;     /* rank numbers: 1 / pivot, off / pivot */
    double *s; /* 5 numbers of each column: see bram_agreement; the last is for the mean */
};

static int take(bram_ctx *cx, real **out, size_t rows, size_t width)
{
    size_t count;
    if (__builtin_mul_overflow(rows, width, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu x %zu numbers", rows, width);
    *out = bram_scratch(cx, count, sizeof **out);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- targets -------------------------------------------------------------------------------- */

static void read_row(double *out, const struct block *k, size_t row)
{
    const bram_targets *y = k->job->y;
    if (y->f64) memcpy(out, bram_row(y->f64, row) + k->first, k->width * sizeof *out);
    else
        for (size_t j = 0; j < k->width; j++) out[j] = (double)y->f32[row * y->cols + k->first + j];
}

static int load(bram_ctx *cx, struct block *k)
{
    const bram_ridge_rows *rows = k->job->rows;
    double *mean = bram_scratch(cx, k->width, sizeof *mean);
    double *start = mean ? bram_scratch(cx, k->width, sizeof *start) : NULL;
    double *value = start ? bram_scratch(cx, k->width, sizeof *value) : NULL;
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(take(cx, &k->y, rows->n, k->width));
    read_row(start, k, rows->row[0]);
    for (size_t i = 1; i < rows->n; i++) {
        read_row(value, k, rows->row[i]);
        for (size_t j = 0; j < k->width; j++) mean[j] += value[j] - start[j];
    }
    for (size_t j = 0; j < k->width; j++) {
        mean[j] = start[j] + mean[j] / (double)rows->n;
        if (!isfinite(mean[j]))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "column %zu of the targets holds a value that is not finite",
                             k->job->offset + k->first + j);
        if (k->job->origin) mean[j] = 0;
    }
    for (size_t i = 0; i < rows->n; i++) {
        read_row(value, k, rows->row[i]);
        for (size_t j = 0; j < k->width; j++) k->y[i * k->width + j] = (real)(value[j] - mean[j]);
    }
    return BRAM_OK;
}

static void gather(real *out, const real *from, const size_t *row, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(out + i * width, from + row[i] * width, width * sizeof *out);
}

static int cross_part(bram_ctx *cx, struct block *k, size_t part)
{
    const bram_ridge_job *job = k->job;
    const size_t *row = job->parts->row[part], rows = job->parts->rows[part], w = k->width;
    real *x = NULL, *y = NULL;
    BRAM_TRY(take(cx, &k->cross[part], job->p, w));
    k->sum[part] = bram_scratch(cx, w, sizeof(double));
    if (!k->sum[part]) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(take(cx, &x, rows, job->p));
    BRAM_TRY(take(cx, &y, rows, w));
    gather(x, job->x, row, rows, job->p);
    gather(y, k->y, row, rows, w);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < w; j++) k->sum[part][j] += (double)y[i * w + j];
    GEMM(k->cross[part], x, BRAM_TRANSPOSED, y, BRAM_AS_IS, job->p, w, rows, 0);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int cross_parts(bram_ctx *cx, struct block *k)
{
    size_t parts = k->job->parts->count;
    k->cross = bram_scratch(cx, parts, sizeof *k->cross);
    k->sum = k->cross ? bram_scratch(cx, parts, sizeof *k->sum) : NULL;
    if (!k->sum) return BRAM_ENOMEM;
    for (size_t part = 0; part < parts; part++) BRAM_TRY(cross_part(cx, k, part));
    return BRAM_OK;
}

/* ---- a fold --------------------------------------------------------------------------------- */

static BRAM_WIDE void add_parts(real *cross, const struct block *k, const size_t *part,
                                size_t parts)
{
    size_t count = k->job->p * k->width;
    memset(cross, 0, count * sizeof *cross);
    for (size_t i = 0; i < parts; i++)
        for (size_t c = 0; c < count; c++) cross[c] += k->cross[part[i]][c];
}

static BRAM_WIDE void means_of_rows(struct fit *f, const struct block *k)
{
    const bram_fold *fold = f->base->fold;
    size_t w = k->width;
    for (size_t i = 0; i < fold->trains && !k->job->origin; i++)
        for (size_t j = 0; j < w; j++) f->mean[j] += (double)k->y[fold->train[i] * w + j];
    for (size_t j = 0; j < w; j++) f->mean[j] /= (double)fold->trains;
}

static real truth_at(const struct fit *f, const struct block *k, size_t i, size_t j)
{
    return (real)((double)k->y[f->base->fold->test[i] * k->width + j] - f->mean[j]);
}

/* The true test rows less the mean of the training rows. Relative to the first of them, so that
 * one that is constant has squares of exactly zero. */
static BRAM_WIDE void take_truth(struct fit *f, const struct block *k)
{
    size_t n = f->base->fold->tests, w = k->width;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) {
            real v = truth_at(f, k, i, j);
            if (f->truth) f->truth[i * w + j] = v;
            f->sum[j] += (double)(v - truth_at(f, k, 0, j));
        }
    for (size_t j = 0; j < w; j++) {
        f->centre[j] = (double)truth_at(f, k, 0, j) + f->sum[j] / (double)n;
        f->sum[j] = f->centre[j] * (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) {
            double d = (double)truth_at(f, k, i, j) - f->centre[j];
            f->yy[j] += d * d;
        }
}

/* Sum over training rows of (x - mx)(y - my)' = X'Y - sum(x) my', then into the basis; and, where
 * the test rows are turned, the same of the test rows: X'Y - mx sum(y - my)' - sum(x) my'. */
static int project_columns(bram_ctx *cx, struct fit *f, const struct block *k, size_t number)
{
    const bram_ridge_parts *parts = k->job->parts;
    const bram_ridge_base *base = f->base;
    size_t p = k->job->p, w = k->width;
    double n = (double)base->fold->trains;
    real *cross = NULL;
    for (size_t i = 0; i < parts->trains[number] && !k->job->origin; i++)
        for (size_t j = 0; j < w; j++) f->mean[j] += k->sum[parts->train[number][i]][j] / n;
    BRAM_TRY(take(cx, &cross, p, w));
    add_parts(cross, k, parts->train[number], parts->trains[number]);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < w; j++) cross[i * w + j] -= (real)(n * base->mean[i] * f->mean[j]);
    GEMM(f->b, base->basis, BRAM_AS_IS, cross, BRAM_AS_IS, base->rank, w, p, 0);
    take_truth(f, k);
    if (!base->turned) return BRAM_OK;
    add_parts(cross, k, parts->test[number], parts->tests[number]);
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < w; j++)
            cross[i * w + j] -= (real)(base->mean[i] * f->sum[j] + base->test_sum[i] * f->mean[j]);
    GEMM(f->a, base->basis, BRAM_AS_IS, cross, BRAM_AS_IS, base->rank, w, p, 0);
    return BRAM_OK;
}

static int project_rows(bram_ctx *cx, struct fit *f, const struct block *k)
{
    const bram_fold *fold = f->base->fold;
    size_t w = k->width;
    real *train = NULL;
    means_of_rows(f, k);
    BRAM_TRY(take(cx, &train, fold->trains, w));
    for (size_t i = 0; i < fold->trains; i++)
        for (size_t j = 0; j < w; j++)
            train[i * w + j] = (real)((double)k->y[fold->train[i] * w + j] - f->mean[j]);
    GEMM(f->b, f->base->basis, BRAM_AS_IS, train, BRAM_AS_IS, f->base->rank, w, fold->trains, 0);
    take_truth(f, k);
    return BRAM_OK;
}

/* ---- a penalty ------------------------------------------------------------------------------ */

static void solve_diagonal(struct fit *f, double alpha, size_t w)
{
    for (size_t i = 0; i < f->base->rank; i++) {
        double s = f->base->diag[i] + alpha;
        real factor = s > f->base->zero ? (real)(1 / s) : 0;
        for (size_t j = 0; j < w; j++) f->g[i * w + j] = factor * f->b[i * w + j];
    }
}

/* (T + alpha) = L D L' with L unit lower bidiagonal. */
static BRAM_WIDE void solve_tridiagonal(struct fit *f, double alpha, size_t w)
{
    size_t r = f->base->rank;
    double pivot = 0;
    for (size_t i = 0; i < r; i++) {
        double below = i ? f->base->off[i - 1] : 0;
        pivot = f->base->diag[i] + alpha - (i ? below * (below / pivot) : 0);
        f->inverse[i] = (real)(1 / pivot);
        f->ratio[i] = i + 1 < r ? (real)(f->base->off[i] / pivot) : 0;
    }
    for (size_t j0 = 0; j0 < w; j0 += STRIP) {
        size_t end = j0 + STRIP < w ? j0 + STRIP : w;
        for (size_t j = j0; j < end; j++) f->g[j] = f->b[j];
        for (size_t i = 1; i < r; i++) {
            const real *b = f->b + i * w, *before = f->g + (i - 1) * w, l = f->ratio[i - 1];
            real *g = f->g + i * w;
            for (size_t j = j0; j < end; j++) g[j] = b[j] - l * before[j];
        }
        for (size_t j = j0; j < end; j++) f->g[(r - 1) * w + j] *= f->inverse[r - 1];
        for (size_t i = r - 1; i-- > 0;) {
            real *g = f->g + i * w;
            const real *after = g + w, l = f->ratio[i], d = f->inverse[i];
            for (size_t j = j0; j < end; j++) g[j] = g[j] * d - l * after[j];
        }
    }
}

/* Sums of predictions made row by row. */
static BRAM_WIDE void compare_rows(struct fit *f, size_t w)
{
    size_t n = f->base->fold->tests;
    double *mean = f->s + 4 * w;
    memset(f->s, 0, 5 * w * sizeof *f->s);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) mean[j] += (double)(f->p[i * w + j] - f->p[j]);
    for (size_t j = 0; j < w; j++) mean[j] = (double)f->p[j] + mean[j] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) {
            double y = (double)f->truth[i * w + j], p = (double)f->p[i * w + j];
            double dy = y - f->centre[j], dp = p - mean[j];
            f->s[w + j] += dp * dp, f->s[2 * w + j] += dy * dp;
            f->s[3 * w + j] += (y - p) * (y - p);
        }
}

/* The same from U g, A'y and sums. */
static BRAM_WIDE void compare_turned(struct fit *f, size_t w)
{
    size_t r = f->base->rank;
    double n = (double)f->base->fold->tests, *total = f->s + 4 * w;
    memset(f->s, 0, 5 * w * sizeof *f->s);
    for (size_t i = 0; i < r; i++)
        for (size_t j = 0; j < w; j++) {
            double q = (double)f->p[i * w + j], g = (double)f->g[i * w + j];
            f->s[w + j] += q * q;
            f->s[2 * w + j] += g * (double)f->a[i * w + j];
            total[j] += g * f->base->sum[i];
        }
    for (size_t j = 0; j < w; j++) {
        double pp = f->s[w + j], yp = f->s[2 * w + j], about = pp - total[j] * (total[j] / n);
        f->s[3 * w + j] = f->yy[j] + f->sum[j] * f->centre[j] - 2 * yp + pp;
        f->s[w + j] = about > EPSILON * pp ? about : 0;
        f->s[2 * w + j] = yp - total[j] * f->centre[j];
    }
}

static void predict_turned(struct fit *f, size_t w)
{
    size_t r = f->base->rank;
    const real *panel = f->base->test;
    for (size_t i = 0; i < r; i += RIDGE_PANEL) {
        size_t rows = r - i < RIDGE_PANEL ? r - i : RIDGE_PANEL;
        GEMM(f->p + i * w, panel, BRAM_AS_IS, f->g + i * w, BRAM_AS_IS, rows, w, r - i, 0);
        panel += rows * (r - i);
    }
}

static int score_penalty(bram_ctx *cx, struct fit *f, const struct block *k, double *out,
                         double alpha)
{
    size_t w = k->width;
    double n = (double)f->base->fold->tests;
    if (f->base->off) solve_tridiagonal(f, alpha, w);
    else solve_diagonal(f, alpha, w);
    if (f->base->turned) {
        predict_turned(f, w);
        compare_turned(f, w);
    } else {
        GEMM(f->p, f->base->test, BRAM_AS_IS, f->g, BRAM_AS_IS, f->base->fold->tests, w,
             f->base->rank, 0);
        compare_rows(f, w);
    }
    for (size_t j = 0; j < w; j++) {
        bram_agreement s = {f->yy[j], f->s[w + j], f->s[2 * w + j], f->s[3 * w + j]};
        out[j] = bram_ridge_score_of(s, n, k->job->rule);
        if (!isfinite(out[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "target %zu of the test rows is not finite",
                             k->job->offset + k->first + j);
    }
    return BRAM_OK;
}

static int take_fit(bram_ctx *cx, struct fit *f, size_t w)
{
    size_t r = f->base->rank, tests = f->base->fold->tests;
    f->mean = bram_scratch(cx, 4 * w, sizeof *f->mean);
    f->s = f->mean ? bram_scratch(cx, 5 * w, sizeof *f->s) : NULL;
    if (!f->s) return BRAM_ENOMEM;
    f->sum = f->mean + w, f->centre = f->mean + 2 * w, f->yy = f->mean + 3 * w;
    BRAM_TRY(take(cx, &f->b, r, w));
    BRAM_TRY(take(cx, &f->g, r, w));
    BRAM_TRY(take(cx, &f->inverse, r, 1));
    BRAM_TRY(take(cx, &f->ratio, r, 1));
    if (f->base->turned) BRAM_TRY(take(cx, &f->a, r, w));
    else BRAM_TRY(take(cx, &f->truth, tests, w));
    return take(cx, &f->p, f->base->turned ? r : tests, w);
}

static int score_fold(bram_ctx *cx, const struct block *k, size_t number)
{
    const bram_ridge_job *job = k->job;
    struct fit f = {.base = &job->base[number - job->first_fold]};
    BRAM_TRY(take_fit(cx, &f, k->width));
    if (job->columns) BRAM_TRY(project_columns(cx, &f, k, number));
    else BRAM_TRY(project_rows(cx, &f, k));
    for (size_t g = 0; g < job->n_grid; g++) {
        size_t at = (number * job->n_grid + g) * job->targets + job->offset + k->first;
        BRAM_TRY(score_penalty(cx, &f, k, job->score + at, job->grid[g]));
    }
    return BRAM_OK;
}

int SCORE_BLOCK(bram_ctx *cx, const bram_ridge_job *job, size_t first, size_t width)
{
    struct block k = {.job = job, .first = first, .width = width};
    BRAM_TRY(load(cx, &k));
    if (job->columns) BRAM_TRY(cross_parts(cx, &k));
    for (size_t f = job->first_fold; f < job->first_fold + job->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(score_fold(cx, &k, f));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}
