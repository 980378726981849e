/*
 * ridge.c - ridge regression in the eigenbasis of the Gram matrix (primal or dual); see ridge.h.
 *
 * Source: Hoerl and Kennard 1970.
 */
#include "ridge.h"

#include "internal.h"
#include "linalg.h"
#include "ridge_private.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct bram_ridge {
    bool dual, kernel;
    double *mean;   /* of each column; of a kernel, over training rows */
    double all;     /* kernel: the mean of those */
    bram_mat x;     /* centred; of a kernel no more than its shape */
    bool single;    /* for one penalty: */
    double alpha;   /* that */
    bram_mat basis; /* rank rows: eigenvectors; single: the factor of inner products + alpha */
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

int bram_ridge_centre_rows(bram_ctx *cx, bram_mat *out, const bram_mat *x, const size_t *row,
                           size_t n, bool origin)
{
    BRAM_TRY(bram_mat_scratch(cx, out, n, x->cols));
    size_t mark = bram_scratch_mark(cx);
    double *mean = bram_scratch(cx, x->cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        memcpy(bram_row(out, i), bram_row(x, row[i]), x->cols * sizeof *mean);
    int status = column_means(cx, mean, "the design", out);
    if (status == BRAM_OK && !origin) centre(out, out, mean);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the decomposition ---------------------------------------------------------------------- */

/* The basis holds inner products. alpha: for that alone, NaN for any. */
static int diagonalize(bram_ctx *cx, bram_ridge *r, double alpha)
{
    size_t rank = r->basis.rows;
    double trace = 0;
    for (size_t k = 0; k < rank; k++) trace += bram_row(&r->basis, k)[k];
    if (alpha > 4 * (double)rank * DBL_EPSILON * trace) {
        r->single = true, r->alpha = alpha;
        for (size_t k = 0; k < rank; k++) bram_row(&r->basis, k)[k] += alpha;
        return bram_cholesky(cx, &r->basis);
    }
    BRAM_TRY(bram_eigh(cx, &r->basis, r->eigen));
    for (size_t k = 0; k < rank; k++) r->eigen[k] = fmax(r->eigen[k], 0); /* below 0 by rounding */
    double side = (double)(r->x.rows > r->x.cols ? r->x.rows : r->x.cols);
    r->zero = side * DBL_EPSILON * r->eigen[rank - 1];
    return BRAM_OK;
}

static int decompose(bram_ctx *cx, bram_ridge *r, const bram_mat *x, double alpha)
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
    return diagonalize(cx, r, alpha);
}

/* Entry (i, j) less the means of row i and column j, plus the mean of all. */
static int centre_kernel(bram_ctx *cx, bram_ridge *r, const bram_mat *k)
{
    size_t n = k->rows;
    r->x = (bram_mat){NULL, n, n, n};
    if (!(r->mean = bram_alloc(cx, n, sizeof *r->mean))) return BRAM_ENOMEM;
    if (!(r->eigen = bram_alloc(cx, n, sizeof *r->eigen))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_new(cx, &r->basis, n, n));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) r->mean[i] += bram_row(k, i)[j] / (double)n;
        r->all += r->mean[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            bram_row(&r->basis, i)[j] = bram_row(k, i)[j] + r->all - (r->mean[i] + r->mean[j]);
    return BRAM_OK;
}

static int new_kernel(bram_ctx *cx, bram_ridge **out, const bram_mat *kernel, double alpha)
{
    if (!kernel->rows || kernel->rows != kernel->cols)
        return bram_fail(cx, BRAM_ESHAPE, "found a kernel of %zu x %zu, expected a square one",
                         kernel->rows, kernel->cols);
    bram_ridge *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    r->dual = r->kernel = true;
    int status = centre_kernel(cx, r, kernel);
    if (status == BRAM_OK) status = diagonalize(cx, r, alpha);
    if (status == BRAM_OK) *out = r;
    else bram_ridge_free(r);
    return status;
}

static int new_design(bram_ctx *cx, bram_ridge **out, const bram_mat *x, double alpha)
{
    if (!x->rows || !x->cols)
        return bram_fail(cx, BRAM_ESHAPE, "found a design of %zu x %zu, expected 1 x 1 or more",
                         x->rows, x->cols);
    bram_ridge *r = bram_alloc(cx, 1, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    int status = decompose(cx, r, x, alpha);
    if (status == BRAM_OK) *out = r;
    else bram_ridge_free(r);
    return status;
}

int bram_ridge_new(bram_ctx *cx, bram_ridge **out, const bram_mat *x)
{
    return new_design(cx, out, x, NAN);
}

int bram_ridge_new_kernel(bram_ctx *cx, bram_ridge **out, const bram_mat *kernel)
{
    return new_kernel(cx, out, kernel, NAN);
}

int bram_ridge_new_at(bram_ctx *cx, bram_ridge **out, const bram_mat *x, double alpha)
{
    BRAM_TRY(bram_ridge_check_penalties(cx, &alpha, 1));
    return new_design(cx, out, x, alpha);
}

int bram_ridge_new_kernel_at(bram_ctx *cx, bram_ridge **out, const bram_mat *kernel, double alpha)
{
    BRAM_TRY(bram_ridge_check_penalties(cx, &alpha, 1));
    return new_kernel(cx, out, kernel, alpha);
}

static int check_shape(bram_ctx *cx, const char *what, const bram_mat *m, size_t rows, size_t cols)
{
    if (m->rows == rows && m->cols == cols) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE, "%s: found %zu x %zu, expected %zu x %zu", what, m->rows,
                     m->cols, rows, cols);
}

static void copy(bram_mat *out, const bram_mat *m)
{
    for (size_t i = 0; i < m->rows; i++)
        memcpy(bram_row(out, i), bram_row(m, i), m->cols * sizeof *m->data);
}

/* Single: b is already what is multiplied with test rows, (inner products + alpha)^-1 of them. */
static int solve(bram_ctx *cx, const bram_ridge *r, bram_mat *b, const bram_mat *centred)
{
    if (r->dual) copy(b, centred);
    else BRAM_TRY(bram_gemm(cx, b, 1, &r->x, BRAM_TRANSPOSED, centred, BRAM_AS_IS, 0));
    return bram_cholesky_solve(cx, &r->basis, b);
}

static int project(bram_ctx *cx, const bram_ridge *r, bram_mat *b, const double *mean_y,
                   const bram_mat *y)
{
    bram_mat centred, cross;
    BRAM_TRY(bram_mat_scratch(cx, &centred, y->rows, y->cols));
    centre(&centred, y, mean_y);
    if (r->single) return solve(cx, r, b, &centred);
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

/* Test rows as they meet what the training rows are: about the means of the training rows. */
static int meet(bram_ctx *cx, bram_mat *out, const bram_ridge *r, const bram_mat *x)
{
    bram_mat centred;
    if (r->kernel) {
        BRAM_TRY(bram_mat_scratch(cx, out, x->rows, x->cols));
        for (size_t i = 0; i < x->rows; i++) {
            double own = 0;
            for (size_t j = 0; j < x->cols; j++) own += bram_row(x, i)[j] / (double)x->cols;
            for (size_t j = 0; j < x->cols; j++)
                bram_row(out, i)[j] = bram_row(x, i)[j] - own - r->mean[j] + r->all;
        }
        return BRAM_OK;
    }
    BRAM_TRY(bram_mat_scratch(cx, &centred, x->rows, x->cols));
    centre(&centred, x, r->mean);
    *out = centred;
    if (!r->dual) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, r->x.rows));
    return bram_gemm(cx, out, 1, &centred, BRAM_AS_IS, &r->x, BRAM_TRANSPOSED, 0);
}

static int basis(bram_ctx *cx, const bram_ridge *r, bram_mat *a, const bram_mat *x)
{
    bram_mat test;
    BRAM_TRY(meet(cx, &test, r, x));
    if (!r->single) return bram_gemm(cx, a, 1, &test, BRAM_AS_IS, &r->basis, BRAM_TRANSPOSED, 0);
    copy(a, &test);
    return BRAM_OK;
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

/* out = diag(1 / (s + alpha_j)) b_j for every target j */
static void shrink(const bram_ridge *r, bram_mat *out, const bram_mat *b, const double *alpha)
{
    if (r->single) copy(out, b);
    for (size_t k = 0; k < b->rows && !r->single; k++)
        for (size_t j = 0; j < b->cols; j++) {
            double s = r->eigen[k] + alpha[j];
            bram_row(out, k)[j] = s > r->zero ? bram_row(b, k)[j] / s : 0;
        }
}

int bram_ridge_check_penalties(bram_ctx *cx, const double *alpha, size_t n)
{
    if (!n) return bram_fail(cx, BRAM_EUSAGE, "no penalty to choose from");
    for (size_t j = 0; j < n; j++)
        if (!(alpha[j] >= 0) || isinf(alpha[j]))
            return bram_fail(cx, BRAM_EUSAGE, "penalty %g, expected a finite one of 0 or more",
                             alpha[j]);
    return BRAM_OK;
}

static int check_alpha(bram_ctx *cx, const bram_ridge *r, const double *alpha, size_t n)
{
    if (n) BRAM_TRY(bram_ridge_check_penalties(cx, alpha, n));
    for (size_t j = 0; j < n && r->single; j++)
        if (alpha[j] != r->alpha)
            return bram_fail(cx, BRAM_EUSAGE, "penalty %g of a fit for penalty %g", alpha[j],
                             r->alpha);
    return BRAM_OK;
}

int bram_ridge_predict(bram_ctx *cx, const bram_ridge *ridge, bram_mat *prediction,
                       const bram_mat *a, const bram_mat *b, const double *mean_y,
                       const double *alpha)
{
    BRAM_TRY(check_shape(cx, "predictions", prediction, a->rows, b->cols));
    BRAM_TRY(check_shape(cx, "projected targets", b, bram_ridge_rank(ridge), b->cols));
    BRAM_TRY(check_alpha(cx, ridge, alpha, b->cols));
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
    if (r->single && !r->dual) copy(weights, &shrunk);
    if (r->single)
        return r->dual ? bram_gemm(cx, weights, 1, &r->x, BRAM_TRANSPOSED, &shrunk, BRAM_AS_IS, 0)
                       : BRAM_OK;
    if (!r->dual)
        return bram_gemm(cx, weights, 1, &r->basis, BRAM_TRANSPOSED, &shrunk, BRAM_AS_IS, 0);
    BRAM_TRY(bram_mat_scratch(cx, &dual, b->rows, b->cols));
    BRAM_TRY(bram_gemm(cx, &dual, 1, &r->basis, BRAM_TRANSPOSED, &shrunk, BRAM_AS_IS, 0));
    return bram_gemm(cx, weights, 1, &r->x, BRAM_TRANSPOSED, &dual, BRAM_AS_IS, 0);
}

int bram_ridge_weights(bram_ctx *cx, const bram_ridge *ridge, bram_mat *weights, double *intercept,
                       const bram_mat *b, const double *mean_y, const double *alpha)
{
    if (ridge->kernel) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "kernel ridge has no weights");
    BRAM_TRY(check_shape(cx, "weights", weights, ridge->x.cols, b->cols));
    BRAM_TRY(check_shape(cx, "projected targets", b, bram_ridge_rank(ridge), b->cols));
    BRAM_TRY(check_alpha(cx, ridge, alpha, b->cols));
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
