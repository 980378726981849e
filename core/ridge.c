/*
 * ridge.c - ridge regression in the eigenbasis of the Gram matrix (primal or dual); see ridge.h.
 *
 * Sources: Hoerl and Kennard 1970; the scores and the choice of the penalty follow himalaya
 * (Dupre la Tour et al. 2022), whose numbers the tests compare with.
 */
#include "ridge.h"

#include "internal.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>
#include <string.h>

/* Targets of one task of a cross-validation; part of the fixed order of the work. */
enum { TARGET_BLOCK = 256 };

struct bram_ridge {
    bool dual;
    double *mean;   /* of each column */
    bram_mat x;     /* centred */
    bram_mat basis; /* rank rows: eigenvectors */
    double *eigen;  /* rank eigenvalues */
    double zero;    /* sums of eigenvalue and penalty up to this count as zero */
};

size_t bram_ridge_rank(const bram_ridge *ridge)
{
    return ridge->basis.rows;
}

void bram_ridge_free(bram_ridge *ridge)
{
    if (!ridge) return;
    bram_free(ridge->mean);
    bram_free(ridge->x.data);
    bram_free(ridge->basis.data);
    bram_free(ridge->eigen);
    bram_free(ridge);
}

/* ---- centring ------------------------------------------------------------------------------- */

/* Column means, relative to the first row so that a large offset costs no digits. */
static int column_means(bram_ctx *cx, double *mean, const char *what, const bram_mat *m)
{
    for (size_t j = 0; j < m->cols; j++) mean[j] = 0;
    for (size_t i = 1; i < m->rows; i++)
        for (size_t j = 0; j < m->cols; j++) mean[j] += bram_row(m, i)[j] - m->data[j];
    for (size_t j = 0; j < m->cols; j++) {
        mean[j] = m->data[j] + mean[j] / (double)m->rows;
        if (!isfinite(mean[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "column %zu of %s holds a value that is not finite",
                             j, what);
    }
    return BRAM_OK;
}

/* out = m - 1 mean' */
static void centre(bram_mat *out, const bram_mat *m, const double *mean)
{
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < m->cols; j++) bram_row(out, i)[j] = bram_row(m, i)[j] - mean[j];
}

/* ---- the decomposition ---------------------------------------------------------------------- */

static int decompose(bram_ctx *cx, bram_ridge *r, const bram_mat *x)
{
    r->dual = x->rows < x->cols;
    size_t rank = r->dual ? x->rows : x->cols;
    if (!(r->mean = bram_alloc(cx, x->cols, sizeof *r->mean))) return BRAM_ENOMEM;
    if (!(r->eigen = bram_alloc(cx, rank, sizeof *r->eigen))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_new(cx, &r->x, x->rows, x->cols));
    BRAM_TRY(bram_mat_new(cx, &r->basis, rank, rank));
    BRAM_TRY(column_means(cx, r->mean, "the design", x));
    centre(&r->x, x, r->mean);
    BRAM_TRY(bram_syrk(cx, &r->basis, 1, &r->x, r->dual ? BRAM_AS_IS : BRAM_TRANSPOSED, 0));
    BRAM_TRY(bram_eigh(cx, &r->basis, r->eigen));
    for (size_t k = 0; k < rank; k++) r->eigen[k] = fmax(r->eigen[k], 0); /* below 0 by rounding */
    double side = (double)(x->rows > x->cols ? x->rows : x->cols);
    r->zero = side * DBL_EPSILON * r->eigen[rank - 1];
    return BRAM_OK;
}

int bram_ridge_new(bram_ctx *cx, bram_ridge **out, const bram_mat *x)
{
    if (!x->rows || !x->cols)
        return bram_fail(cx, BRAM_ESHAPE, "found a design of %zu x %zu, expected 1 x 1 or more",
                         x->rows, x->cols);
    bram_ridge *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    int status = decompose(cx, r, x);
    if (status == BRAM_OK) *out = r;
    else bram_ridge_free(r);
    return status;
}

static int check_shape(bram_ctx *cx, const char *what, const bram_mat *m, size_t rows, size_t cols)
{
    if (m->rows == rows && m->cols == cols) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE, "%s: found %zu x %zu, expected %zu x %zu", what, m->rows,
                     m->cols, rows, cols);
}

static int project(bram_ctx *cx, const bram_ridge *r, bram_mat *b, const double *mean_y,
                   const bram_mat *y)
{
    bram_mat centred, cross;
    BRAM_TRY(bram_mat_scratch(cx, &centred, y->rows, y->cols));
    centre(&centred, y, mean_y);
    if (r->dual) return bram_gemm(cx, b, 1, &r->basis, BRAM_AS_IS, &centred, BRAM_AS_IS, 0);
    BRAM_TRY(bram_mat_scratch(cx, &cross, r->x.cols, y->cols));
    BRAM_TRY(bram_gemm(cx, &cross, 1, &r->x, BRAM_TRANSPOSED, &centred, BRAM_AS_IS, 0));
    return bram_gemm(cx, b, 1, &r->basis, BRAM_AS_IS, &cross, BRAM_AS_IS, 0);
}

int bram_ridge_project(bram_ctx *cx, const bram_ridge *ridge, bram_mat *b, double *mean_y,
                       const bram_mat *y)
{
    BRAM_TRY(check_shape(cx, "targets", y, ridge->x.rows, y->cols));
    BRAM_TRY(check_shape(cx, "projected targets", b, bram_ridge_rank(ridge), y->cols));
    BRAM_TRY(column_means(cx, mean_y, "the targets", y));
    size_t mark = bram_scratch_mark(cx);
    int status = project(cx, ridge, b, mean_y, y);
    bram_scratch_release(cx, mark);
    return status;
}

static int basis(bram_ctx *cx, const bram_ridge *r, bram_mat *a, const bram_mat *x)
{
    bram_mat centred, kernel;
    BRAM_TRY(bram_mat_scratch(cx, &centred, x->rows, x->cols));
    centre(&centred, x, r->mean);
    if (!r->dual) return bram_gemm(cx, a, 1, &centred, BRAM_AS_IS, &r->basis, BRAM_TRANSPOSED, 0);
    BRAM_TRY(bram_mat_scratch(cx, &kernel, x->rows, r->x.rows));
    BRAM_TRY(bram_gemm(cx, &kernel, 1, &centred, BRAM_AS_IS, &r->x, BRAM_TRANSPOSED, 0));
    return bram_gemm(cx, a, 1, &kernel, BRAM_AS_IS, &r->basis, BRAM_TRANSPOSED, 0);
}

int bram_ridge_basis(bram_ctx *cx, const bram_ridge *ridge, bram_mat *a, const bram_mat *x_test)
{
    BRAM_TRY(check_shape(cx, "test design", x_test, x_test->rows, ridge->x.cols));
    BRAM_TRY(check_shape(cx, "test basis", a, x_test->rows, bram_ridge_rank(ridge)));
    size_t mark = bram_scratch_mark(cx);
    int status = basis(cx, ridge, a, x_test);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- predictions and weights ---------------------------------------------------------------- */

/* out = diag(1 / (s + alpha_j)) b_j for every target j; out may be b */
static void shrink(const bram_ridge *r, bram_mat *out, const bram_mat *b, const double *alpha)
{
    for (size_t k = 0; k < b->rows; k++)
        for (size_t j = 0; j < b->cols; j++) {
            double s = r->eigen[k] + alpha[j];
            bram_row(out, k)[j] = s > r->zero ? bram_row(b, k)[j] / s : 0;
        }
}

static int check_alpha(bram_ctx *cx, const double *alpha, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (!(alpha[j] >= 0) || isinf(alpha[j]))
            return bram_fail(cx, BRAM_EUSAGE, "penalty %g, expected a finite one of 0 or more",
                             alpha[j]);
    return BRAM_OK;
}

int bram_ridge_predict(bram_ctx *cx, const bram_ridge *ridge, bram_mat *prediction,
                       const bram_mat *a, const bram_mat *b, const double *mean_y,
                       const double *alpha)
{
    BRAM_TRY(check_shape(cx, "predictions", prediction, a->rows, b->cols));
    BRAM_TRY(check_shape(cx, "projected targets", b, bram_ridge_rank(ridge), b->cols));
    BRAM_TRY(check_alpha(cx, alpha, b->cols));
    size_t mark = bram_scratch_mark(cx);
    bram_mat shrunk;
    BRAM_TRY(bram_mat_scratch(cx, &shrunk, b->rows, b->cols));
    shrink(ridge, &shrunk, b, alpha);
    int status = bram_gemm(cx, prediction, 1, a, BRAM_AS_IS, &shrunk, BRAM_AS_IS, 0);
    if (status == BRAM_OK)
        for (size_t i = 0; i < a->rows; i++)
            for (size_t j = 0; j < b->cols; j++) bram_row(prediction, i)[j] += mean_y[j];
    bram_scratch_release(cx, mark);
    return status;
}

static int weights_of(bram_ctx *cx, const bram_ridge *r, bram_mat *weights, const bram_mat *b,
                      const double *alpha)
{
    bram_mat shrunk, dual;
    BRAM_TRY(bram_mat_scratch(cx, &shrunk, b->rows, b->cols));
    shrink(r, &shrunk, b, alpha);
    if (!r->dual)
        return bram_gemm(cx, weights, 1, &r->basis, BRAM_TRANSPOSED, &shrunk, BRAM_AS_IS, 0);
    BRAM_TRY(bram_mat_scratch(cx, &dual, b->rows, b->cols));
    BRAM_TRY(bram_gemm(cx, &dual, 1, &r->basis, BRAM_TRANSPOSED, &shrunk, BRAM_AS_IS, 0));
    return bram_gemm(cx, weights, 1, &r->x, BRAM_TRANSPOSED, &dual, BRAM_AS_IS, 0);
}

int bram_ridge_weights(bram_ctx *cx, const bram_ridge *ridge, bram_mat *weights, double *intercept,
                       const bram_mat *b, const double *mean_y, const double *alpha)
{
    BRAM_TRY(check_shape(cx, "weights", weights, ridge->x.cols, b->cols));
    BRAM_TRY(check_shape(cx, "projected targets", b, bram_ridge_rank(ridge), b->cols));
    BRAM_TRY(check_alpha(cx, alpha, b->cols));
    size_t mark = bram_scratch_mark(cx);
    int status = weights_of(cx, ridge, weights, b, alpha);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) return status;
    for (size_t j = 0; j < b->cols; j++) intercept[j] = mean_y[j];
    for (size_t i = 0; i < weights->rows; i++)
        for (size_t j = 0; j < b->cols; j++)
            intercept[j] -= ridge->mean[i] * bram_row(weights, i)[j];
    return BRAM_OK;
}

/* ---- cross-validation ----------------------------------------------------------------------- */

/* What the tasks of one fold share: a task is a block of targets with all penalties. */
struct fold_job {
    const bram_ridge *ridge;
    const bram_mat *a, *y;
    const bram_fold *fold;
    const double *grid;
    size_t n_grid;
    bram_ridge_score rule;
    double *score; /* n_grid x targets */
};

/* Rows index[0 ..] and `cols` columns from `first` on. */
static void gather(bram_mat *out, const bram_mat *m, const size_t *index, size_t first)
{
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), bram_row(m, index[i]) + first, out->cols * sizeof *m->data);
}

/* Sums about the means of column j of truth y and prediction p, and the squared error. */
struct agreement {
    double yy, pp, yp, error;
};

static struct agreement agreement_of(const bram_mat *y, const bram_mat *p, size_t j)
{
    double n = (double)y->rows, y0 = y->data[j], p0 = p->data[j], my = 0, mp = 0;
    for (size_t i = 1; i < y->rows; i++) {
        my += (bram_row(y, i)[j] - y0) / n;
        mp += (bram_row(p, i)[j] - p0) / n;
    }
    struct agreement s = {0};
    for (size_t i = 0; i < y->rows; i++) {
        double a = bram_row(y, i)[j], b = bram_row(p, i)[j];
        double da = a - y0 - my, db = b - p0 - mp;
        s.yy += da * da, s.pp += db * db, s.yp += da * db;
        s.error += (a - b) * (a - b);
    }
    return s;
}

static double score_of(struct agreement s, double n, bram_ridge_score rule)
{
    switch (rule) {
    case BRAM_RIDGE_L2:
        return -s.error / n;
    case BRAM_RIDGE_R2:
        return s.yy > 0 ? 1 - s.error / s.yy : 0;
    case BRAM_RIDGE_CORRELATION:
        return s.yy > 0 && s.pp > 0 ? s.yp / sqrt(s.yy) / sqrt(s.pp) : 0;
    }
    return 0;
}

static int score_block(bram_ctx *cx, size_t task, void *user)
{
    const struct fold_job *job = user;
    size_t first = task * TARGET_BLOCK, targets = job->y->cols, width = targets - first;
    if (width > TARGET_BLOCK) width = TARGET_BLOCK;
    bram_mat train, test, b, p;
    BRAM_TRY(bram_mat_scratch(cx, &train, job->fold->trains, width));
    BRAM_TRY(bram_mat_scratch(cx, &test, job->fold->tests, width));
    BRAM_TRY(bram_mat_scratch(cx, &b, bram_ridge_rank(job->ridge), width));
    BRAM_TRY(bram_mat_scratch(cx, &p, job->fold->tests, width));
    double *mean = bram_scratch(cx, width, sizeof *mean);
    double *alpha = mean ? bram_scratch(cx, width, sizeof *alpha) : NULL;
    if (!alpha) return BRAM_ENOMEM;
    gather(&train, job->y, job->fold->train, first);
    gather(&test, job->y, job->fold->test, first);
    BRAM_TRY(bram_ridge_project(cx, job->ridge, &b, mean, &train));
    for (size_t g = 0; g < job->n_grid; g++) {
        for (size_t j = 0; j < width; j++) alpha[j] = job->grid[g];
        BRAM_TRY(bram_ridge_predict(cx, job->ridge, &p, job->a, &b, mean, alpha));
        for (size_t j = 0; j < width; j++) {
            double s = score_of(agreement_of(&test, &p, j), (double)test.rows, job->rule);
            if (!isfinite(s))
                return bram_fail(cx, BRAM_ENUMERIC, "target %zu of the test rows is not finite",
                                 first + j);
            job->score[g * targets + first + j] = s;
        }
    }
    return BRAM_OK;
}

static int score_fold(bram_ctx *cx, struct fold_job *job, const bram_mat *x)
{
    bram_mat train, test, a;
    bram_ridge *ridge = NULL;
    BRAM_TRY(bram_mat_scratch(cx, &train, job->fold->trains, x->cols));
    gather(&train, x, job->fold->train, 0);
    int status = bram_ridge_new(cx, &ridge, &train);
    if (status == BRAM_OK) status = bram_mat_scratch(cx, &test, job->fold->tests, x->cols);
    if (status == BRAM_OK) {
        gather(&test, x, job->fold->test, 0);
        status = bram_mat_scratch(cx, &a, test.rows, bram_ridge_rank(ridge));
    }
    if (status == BRAM_OK) status = bram_ridge_basis(cx, ridge, &a, &test);
    if (status == BRAM_OK) {
        job->ridge = ridge;
        job->a = &a;
        size_t blocks = (job->y->cols + TARGET_BLOCK - 1) / TARGET_BLOCK;
        status = bram_parallel_for(cx, blocks, score_block, job);
        job->ridge = NULL; /* both end with this function */
        job->a = NULL;
    }
    bram_ridge_free(ridge);
    return status;
}

static int check_folds(bram_ctx *cx, const bram_fold *folds, size_t n, size_t rows)
{
    if (!n) return bram_fail(cx, BRAM_ESHAPE, "cross-validation without folds");
    for (size_t f = 0; f < n; f++) {
        if (!folds[f].trains || !folds[f].tests)
            return bram_fail(cx, BRAM_ESHAPE, "fold %zu has %zu training and %zu test rows", f,
                             folds[f].trains, folds[f].tests);
        for (size_t i = 0; i < folds[f].trains + folds[f].tests; i++) {
            size_t at = i < folds[f].trains ? folds[f].train[i]
                                            : folds[f].test[i - folds[f].trains];
            if (at >= rows)
                return bram_fail(cx, BRAM_ESHAPE, "fold %zu names row %zu of %zu", f, at, rows);
        }
    }
    return BRAM_OK;
}

/* Scores of all folds, penalties and targets: folds x grid x targets. */
struct table {
    const double *score, *grid;
    size_t folds, n_grid, targets;
};

static double mean_score(const struct table *t, size_t g, size_t target)
{
    double sum = 0;
    for (size_t f = 0; f < t->folds; f++)
        sum += t->score[(f * t->n_grid + g) * t->targets + target];
    return sum / (double)t->folds;
}

/* Mean over all targets when target is t->targets; with the preference for large penalties. */
static double preferred(const struct table *t, size_t g, size_t target)
{
    double bias = t->grid[g] > 0 ? 1e-10 * log(t->grid[g]) : -1e-7, sum = 0;
    if (target < t->targets) return mean_score(t, g, target) + bias;
    for (size_t j = 0; j < t->targets; j++) sum += mean_score(t, g, j);
    return sum / (double)t->targets + bias;
}

static size_t best_of(const struct table *t, size_t target)
{
    size_t best = 0;
    for (size_t g = 1; g < t->n_grid; g++) {
        double s = preferred(t, g, target), top = preferred(t, best, target);
        if (s > top || (s == top && t->grid[g] > t->grid[best])) best = g;
    }
    return best;
}

static size_t conservative(const struct table *t, size_t target)
{
    size_t best = best_of(t, target);
    double mean = mean_score(t, best, target), squares = 0;
    for (size_t f = 0; f < t->folds; f++) {
        double d = t->score[(f * t->n_grid + best) * t->targets + target] - mean;
        squares += d * d;
    }
    double least = preferred(t, best, target) - sqrt(squares / (double)t->folds);
    for (size_t g = 0; g < t->n_grid; g++)
        if (t->grid[g] > t->grid[best] && preferred(t, g, target) > least) best = g;
    return best;
}

int bram_ridge_cv(bram_ctx *cx, double *alpha, double *score, const bram_mat *x, const bram_mat *y,
                  const bram_fold *folds, size_t n_folds, const double *grid, size_t n_grid,
                  bram_ridge_score rule, bram_ridge_choice choice)
{
    if (!n_grid) return bram_fail(cx, BRAM_EUSAGE, "no penalty to choose from");
    BRAM_TRY(check_alpha(cx, grid, n_grid));
    BRAM_TRY(check_shape(cx, "targets", y, x->rows, y->cols));
    BRAM_TRY(check_folds(cx, folds, n_folds, x->rows));
    size_t mark = bram_scratch_mark(cx), each;
    if (__builtin_mul_overflow(n_grid, y->cols, &each) || bram_overflows(each, n_folds))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for the scores of %zu targets", y->cols);
    double *all = bram_scratch(cx, n_folds * each, sizeof *all);
    int status = all ? BRAM_OK : BRAM_ENOMEM;
    for (size_t f = 0; f < n_folds && status == BRAM_OK; f++) {
        size_t inside = bram_scratch_mark(cx);
        struct fold_job job = {NULL, NULL, y, folds + f, grid, n_grid, rule, all + f * each};
        status = score_fold(cx, &job, x);
        if (status == BRAM_OK) status = bram_ctx_check_cancel(cx);
        bram_scratch_release(cx, inside);
    }
    struct table t = {all, grid, n_folds, n_grid, y->cols};
    size_t shared = status == BRAM_OK && choice == BRAM_RIDGE_GLOBAL ? best_of(&t, t.targets) : 0;
    for (size_t j = 0; j < y->cols && status == BRAM_OK; j++) {
        size_t g = choice == BRAM_RIDGE_GLOBAL  ? shared
                   : choice == BRAM_RIDGE_LOCAL ? best_of(&t, j)
                                                : conservative(&t, j);
        alpha[j] = grid[g];
        if (score) score[j] = mean_score(&t, g, j);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_kfold(bram_ctx *cx, bram_fold **out, size_t n, size_t k)
{
    if (k < 2 || k > n)
        return bram_fail(cx, BRAM_EUSAGE, "%zu folds of %zu rows, expected 2 .. %zu", k, n, n);
    size_t head = k * sizeof **out, count, bytes;
    if (__builtin_mul_overflow(n, k, &count) || bram_overflows(count, sizeof(size_t)) ||
        __builtin_add_overflow(count * sizeof(size_t), head, &bytes))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu folds of %zu rows", k, n);
    bram_fold *folds = bram_alloc(cx, bytes, 1);
    if (!folds) return BRAM_ENOMEM;
    size_t *index = (size_t *)(void *)(folds + k), first = 0;
    for (size_t f = 0; f < k; f++) {
        size_t tests = n / k + (f < n % k), trains = n - tests;
        for (size_t i = 0; i < tests; i++) index[i] = first + i;
        for (size_t i = 0; i < trains; i++) index[tests + i] = i < first ? i : i + tests;
        folds[f] = (bram_fold){
            .train = index + tests, .test = index, .trains = trains, .tests = tests};
        index += n;
        first += tests;
    }
    *out = folds;
    return BRAM_OK;
}
