/*
 * ridge_loo.c - penalties by leaving out one row at a time; see ridge_cv.h.
 *
 * With U the left singular vectors of the centred design (singular values squared s, those within
 * rounding of zero left out), b = U'Yc and R = Yc - U b:
 *
 *   alpha c    = U diag(alpha / (s + alpha)) b + R
 *   alpha G_ii = sum_k U_ik^2 alpha / (s_k + alpha) + (1 - 1/n - sum_k U_ik^2)
 *
 * The bracket is what of row i lies outside U and the constant; within rounding of zero it is zero,
 * and so is row i of R. Sources: Golub, Heath and Wahba 1979; Rifkin and Lippert 2007.
 */
#include "internal.h"
#include "linalg.h"
#include "ridge_private.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>

enum { TARGET_BLOCK = 256, READ_BLOCK = 1024 };

struct loo {
    bram_mat left;   /* U': rank x rows; a row of zeros where the value is zero */
    double *s;       /* of each, 0 where left out */
    double *outside; /* of each row of the design: the bracket above */
    double *inverse; /* penalties x rows: alpha G_ii, 0 where there is no prediction */
    uint8_t *usable; /* penalties: all rows have a prediction */
    const bram_targets *y;
    size_t offset, targets;
    const bram_ridge_search *search;
    double *score, *square; /* penalties x targets; rows x penalties x targets or NULL */
};

/* ---- the design ----------------------------------------------------------------------------- */

/* Inner products about the means of rows and columns, in place. */
static int centre_kernel(bram_ctx *cx, bram_mat *k)
{
    size_t n = k->rows;
    double *mean = bram_scratch(cx, n, sizeof *mean), all = 0;
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) mean[i] += bram_row(k, i)[j] / (double)n;
        all += mean[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) bram_row(k, i)[j] += all - (mean[i] + mean[j]);
    return BRAM_OK;
}

static int by_columns(bram_ctx *cx, struct loo *l, const bram_mat *x)
{
    bram_mat gram;
    BRAM_TRY(bram_mat_scratch(cx, &gram, x->cols, x->cols));
    BRAM_TRY(bram_syrk(cx, &gram, 1, x, BRAM_TRANSPOSED, 0));
    BRAM_TRY(bram_eigh(cx, &gram, l->s));
    BRAM_TRY(bram_mat_scratch(cx, &l->left, x->cols, x->rows));
    return bram_gemm(cx, &l->left, 1, &gram, BRAM_AS_IS, x, BRAM_TRANSPOSED, 0);
}

static int decompose(bram_ctx *cx, struct loo *l, const bram_regressors *x, size_t n)
{
    size_t *row = bram_scratch(cx, n, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) row[i] = i;
    bool columns = x->x && x->x->cols <= n;
    size_t rank = columns ? x->x->cols : n;
    if (!(l->s = bram_scratch(cx, rank, sizeof *l->s))) return BRAM_ENOMEM;
    if (columns) {
        bram_mat centred;
        BRAM_TRY(bram_ridge_centre_rows(cx, &centred, x->x, row, n, l->search->origin));
        return by_columns(cx, l, &centred);
    }
    if (x->x) BRAM_TRY(bram_ridge_linear_kernel(cx, &l->left, x->x, row, n, l->search->origin));
    else {
        BRAM_TRY(bram_mat_scratch(cx, &l->left, n, n));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) bram_row(&l->left, i)[j] = bram_row(x->kernel, i)[j];
        if (!l->search->origin) BRAM_TRY(centre_kernel(cx, &l->left));
    }
    return bram_eigh(cx, &l->left, l->s);
}

/* Rows of U' of unit length, or zero; what lies outside them. */
static int normalize(bram_ctx *cx, struct loo *l)
{
    size_t n = l->left.cols, rank = l->left.rows;
    double zero = (double)(n > rank ? n : rank) * DBL_EPSILON * fmax(l->s[rank - 1], 0);
    if (!(l->outside = bram_scratch(cx, n, sizeof *l->outside))) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) l->outside[i] = l->search->origin ? 1 : 1 - 1 / (double)n;
    for (size_t k = 0; k < rank; k++) {
        double *u = bram_row(&l->left, k), length = 0;
        for (size_t i = 0; i < n; i++) length += u[i] * u[i];
        bool kept = l->s[k] > zero && length > 0;
        if (!kept) l->s[k] = 0;
        for (size_t i = 0; i < n; i++) {
            u[i] = kept ? u[i] / sqrt(length) : 0;
            l->outside[i] -= u[i] * u[i];
        }
    }
    double rounding = 64 * (double)n * DBL_EPSILON;
    for (size_t i = 0; i < n; i++)
        if (l->outside[i] < rounding) l->outside[i] = 0;
    return BRAM_OK;
}

static int invert(bram_ctx *cx, struct loo *l)
{
    size_t n = l->left.cols, grid = l->search->n_grid;
    l->inverse = bram_scratch(cx, grid * n, sizeof *l->inverse);
    l->usable = l->inverse ? bram_scratch(cx, grid, 1) : NULL;
    if (!l->usable) return BRAM_ENOMEM;
    bool any = false;
    for (size_t g = 0; g < grid; g++) {
        double alpha = l->search->grid[g], *to = l->inverse + g * n;
        for (size_t i = 0; i < n; i++) to[i] = l->outside[i];
        for (size_t k = 0; k < l->left.rows; k++)
            for (size_t i = 0; i < n && l->s[k] > 0; i++) {
                double u = bram_row(&l->left, k)[i];
                to[i] += u * u * (alpha / (l->s[k] + alpha));
            }
        l->usable[g] = 1;
        for (size_t i = 0; i < n; i++) l->usable[g] &= to[i] > 0;
        any = any || l->usable[g];
    }
    return any ? BRAM_OK
               : bram_fail(cx, BRAM_ENUMERIC,
                           "under none of the %zu penalties is every row predicted by the others",
                           grid);
}

/* ---- targets -------------------------------------------------------------------------------- */

struct piece {
    bram_mat y, b, rest, scaled, error; /* rows (rank for b, scaled) x width */
};

static int load(bram_ctx *cx, struct piece *p, const struct loo *l, size_t first, size_t width)
{
    size_t n = l->left.cols;
    BRAM_TRY(bram_mat_scratch(cx, &p->y, n, width));
    for (size_t j = 0; j < width; j++) {
        double start = 0, mean = 0;
        for (size_t i = 0; i < n; i++) {
            double v = l->y->f64 ? bram_row(l->y->f64, i)[first + j]
                                 : (double)l->y->f32[i * l->y->cols + first + j];
            if (i == 0) start = v;
            bram_row(&p->y, i)[j] = v - start;
            mean += (v - start) / (double)n;
        }
        if (!isfinite(mean))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "column %zu of the targets holds a value that is not finite",
                             l->offset + first + j);
        if (l->search->origin) mean = -start;
        for (size_t i = 0; i < n; i++) bram_row(&p->y, i)[j] -= mean;
    }
    return BRAM_OK;
}

static int project(bram_ctx *cx, struct piece *p, const struct loo *l)
{
    size_t n = l->left.cols, w = p->y.cols;
    BRAM_TRY(bram_mat_scratch(cx, &p->b, l->left.rows, w));
    BRAM_TRY(bram_mat_scratch(cx, &p->scaled, l->left.rows, w));
    BRAM_TRY(bram_mat_scratch(cx, &p->rest, n, w));
    BRAM_TRY(bram_mat_scratch(cx, &p->error, n, w));
    BRAM_TRY(bram_gemm(cx, &p->b, 1, &l->left, BRAM_AS_IS, &p->y, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) bram_row(&p->rest, i)[j] = bram_row(&p->y, i)[j];
    BRAM_TRY(bram_gemm(cx, &p->rest, -1, &l->left, BRAM_TRANSPOSED, &p->b, BRAM_AS_IS, 1));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w && !(l->outside[i] > 0); j++) bram_row(&p->rest, i)[j] = 0;
    return BRAM_OK;
}

/* Column j of the errors against the targets. */
static bram_agreement agreement_of(const struct piece *p, size_t j)
{
    bram_agreement s = {0};
    double n = (double)p->y.rows, mean = 0, middle = 0;
    for (size_t i = 0; i < p->y.rows; i++) {
        middle += (bram_row(&p->y, i)[j] - p->y.data[j]) / n;
        mean += (bram_row(&p->y, i)[j] - bram_row(&p->error, i)[j]) / n;
    }
    middle += p->y.data[j];
    for (size_t i = 0; i < p->y.rows; i++) {
        double v = bram_row(&p->y, i)[j], e = bram_row(&p->error, i)[j], d = v - e - mean;
        double y = v - middle;
        s.yy += y * y, s.pp += d * d, s.yp += y * d, s.error += e * e;
    }
    return s;
}

static int score_penalty(bram_ctx *cx, struct piece *p, const struct loo *l, size_t g, size_t at)
{
    double alpha = l->search->grid[g];
    size_t n = l->left.cols, w = p->y.cols, grid = l->search->n_grid;
    for (size_t k = 0; k < l->left.rows; k++) {
        double factor = l->s[k] > 0 ? alpha / (l->s[k] + alpha) : 0;
        for (size_t j = 0; j < w; j++) bram_row(&p->scaled, k)[j] = factor * bram_row(&p->b, k)[j];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) bram_row(&p->error, i)[j] = bram_row(&p->rest, i)[j];
    BRAM_TRY(bram_gemm(cx, &p->error, 1, &l->left, BRAM_TRANSPOSED, &p->scaled, BRAM_AS_IS, 1));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) {
            double *e = &bram_row(&p->error, i)[j], inverse = l->inverse[g * n + i];
            *e = inverse > 0 ? *e / inverse : (double)NAN;
            if (l->square) l->square[(i * grid + g) * l->targets + at + j] = *e * *e;
        }
    for (size_t j = 0; j < w; j++)
        l->score[g * l->targets + at + j] = l->usable[g]
                                                ? bram_ridge_score_of(agreement_of(p, j), (double)n,
                                                                      l->search->rule)
                                                : -INFINITY;
    return BRAM_OK;
}

static int score_block(bram_ctx *cx, size_t task, void *user)
{
    const struct loo *l = user;
    size_t first = task * TARGET_BLOCK, width = l->y->cols - first;
    struct piece p;
    BRAM_TRY(load(cx, &p, l, first, width < TARGET_BLOCK ? width : TARGET_BLOCK));
    BRAM_TRY(project(cx, &p, l));
    for (size_t g = 0; g < l->search->n_grid; g++)
        BRAM_TRY(score_penalty(cx, &p, l, g, l->offset + first));
    return BRAM_OK;
}

static int score_in_memory(bram_ctx *cx, struct loo *l, const bram_targets *y, size_t offset)
{
    l->y = y, l->offset = offset;
    int status = bram_parallel_for(cx, (y->cols + TARGET_BLOCK - 1) / TARGET_BLOCK, score_block, l);
    l->y = NULL;
    return status == BRAM_OK ? bram_ctx_check_cancel(cx) : status;
}

static int score_all(bram_ctx *cx, struct loo *l, const bram_regressors *x, const bram_targets *y)
{
    BRAM_TRY(decompose(cx, l, x, y->rows));
    BRAM_TRY(normalize(cx, l));
    BRAM_TRY(invert(cx, l));
    l->targets = y->cols;
    l->score = bram_scratch(cx, l->search->n_grid * y->cols, sizeof *l->score);
    if (!l->score) return BRAM_ENOMEM;
    if (!y->read) return score_in_memory(cx, l, y, 0);
    bram_mat part;
    BRAM_TRY(bram_mat_scratch(cx, &part, y->rows, y->cols < READ_BLOCK ? y->cols : READ_BLOCK));
    for (size_t first = 0; first < y->cols; first += READ_BLOCK) {
        size_t count = y->cols - first < READ_BLOCK ? y->cols - first : READ_BLOCK;
        bram_mat view = {part.data, y->rows, count, count};
        BRAM_TRY(y->read(cx, y->user, view.data, first, count));
        bram_targets now = {.rows = y->rows, .cols = count, .f64 = &view};
        BRAM_TRY(score_in_memory(cx, l, &now, first));
    }
    return BRAM_OK;
}

int bram_ridge_loo(bram_ctx *cx, double *alpha, double *best, double *square,
                   const bram_regressors *x, const bram_targets *y, const bram_ridge_search *s)
{
    struct loo l = {.search = s, .square = square};
    bram_ridge_search one = *s;
    size_t rows = x->x ? x->x->rows : x->kernel->rows, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_ridge_check_penalties(cx, s->grid, s->n_grid));
    if (y->rows != rows || rows < 2 || (x->x && !x->x->cols))
        return bram_fail(cx, BRAM_ESHAPE,
                         "targets of %zu rows, regressors of %zu: expected 2 or more in both",
                         y->rows, rows);
    int status = score_all(cx, &l, x, y);
    one.folds = 1;
    if (one.choice == BRAM_RIDGE_CONSERVATIVE) one.choice = BRAM_RIDGE_LOCAL;
    if (status == BRAM_OK) bram_ridge_choose(alpha, best, l.score, y->cols, &one);
    bram_scratch_release(cx, mark);
    return status;
}
