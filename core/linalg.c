/*
 * linalg.c - dense linear algebra through OpenBLAS and LAPACKE; the only file that touches them.
 *
 * LAPACK thinks in columns: a row-major matrix is to it the transposed one. Instead of copying,
 * every call below is stated for the transposed problem (lower becomes upper, U becomes V).
 */
#include "linalg.h"

#include <bramble/parallel.h>

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* Borders of the tiles of a product: a function of its shape only. Small ones spread over threads,
 * large ones copy their factors less often. */
enum { TILE_ROWS = 320, TILE_COLS = 512, LARGE = 1280, LARGE_TILE = 512 };

void bram_linalg_init(void)
{
    openblas_set_num_threads(1);
}

const char *bram_blas_core(void)
{
    return openblas_get_corename();
}

int bram_mat_new(bram_ctx *cx, bram_mat *out, size_t rows, size_t cols)
{
    size_t count;
    if (__builtin_mul_overflow(rows, cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a %zu x %zu matrix", rows, cols);
    double *data = bram_alloc(cx, count, sizeof *data);
    if (!data) return BRAM_ENOMEM;
    *out = (bram_mat){data, rows, cols, cols};
    return BRAM_OK;
}

int bram_mat_scratch(bram_ctx *cx, bram_mat *out, size_t rows, size_t cols)
{
    size_t count;
    if (__builtin_mul_overflow(rows, cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a %zu x %zu matrix", rows, cols);
    double *data = bram_scratch(cx, count, sizeof *data);
    if (!data) return BRAM_ENOMEM;
    *out = (bram_mat){data, rows, cols, cols};
    return BRAM_OK;
}

/* ---- checks --------------------------------------------------------------------------------- */

static int check_size(bram_ctx *cx, const char *what, const bram_mat *m)
{
    if (m->stride < m->cols)
        return bram_fail(cx, BRAM_ESHAPE, "%s has stride %zu for %zu columns", what, m->stride,
                         m->cols);
    if (m->rows > INT_MAX || m->stride > INT_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu (stride %zu), expected sides up to %d",
                         what, m->rows, m->cols, m->stride, INT_MAX);
    return BRAM_OK;
}

static int check_square(bram_ctx *cx, const char *what, const bram_mat *m)
{
    BRAM_TRY(check_size(cx, what, m));
    if (m->rows != m->cols)
        return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu, expected a square matrix", what,
                         m->rows, m->cols);
    return BRAM_OK;
}

/* Whole rows, or of row i the first i + 1 entries. */
static int check_finite(bram_ctx *cx, const char *what, const bram_mat *m, bool lower)
{
    for (size_t i = 0; i < m->rows; i++) {
        const double *row = bram_row(m, i);
        for (size_t j = 0; j < (lower ? i + 1 : m->cols); j++)
            if (!isfinite(row[j]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "%s has %g at (%zu, %zu), expected a finite "
                                 "number",
                                 what, row[j], i, j);
    }
    return BRAM_OK;
}

/* Leading dimension: LAPACK wants at least 1 even for nothing. */
static int leading(const bram_mat *m)
{
    return m->stride ? (int)m->stride : 1;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The side of tiles along n rows (columns) of which `small` is usual: of long ones all alike. */
static size_t tile_side(size_t n, size_t small)
{
    if (n < LARGE) return small;
    size_t count = (n + LARGE_TILE - 1) / LARGE_TILE;
    return ((n + count - 1) / count + 7) / 8 * 8;
}

static size_t tiles(size_t n, size_t tile)
{
    return (n + tile - 1) / tile;
}

/* ---- products ------------------------------------------------------------------------------- */

static CBLAS_TRANSPOSE cblas_op(bram_op op)
{
    return op == BRAM_TRANSPOSED ? CblasTrans : CblasNoTrans;
}

/* Rows first .. first + count - 1 of op(m). */
static bram_mat op_rows(const bram_mat *m, bram_op op, size_t first, size_t count)
{
    if (op == BRAM_AS_IS) return bram_mat_rows(*m, first, count);
    return (bram_mat){m->data + first, m->rows, count, m->stride};
}

/* Columns first .. first + count - 1 of op(m) are the rows of its transpose. */
static bram_mat op_cols(const bram_mat *m, bram_op op, size_t first, size_t count)
{
    return op_rows(m, op == BRAM_AS_IS ? BRAM_TRANSPOSED : BRAM_AS_IS, first, count);
}

static void scale(bram_mat *c, double beta)
{
    for (size_t i = 0; i < c->rows; i++)
        for (size_t j = 0; j < c->cols; j++)
            bram_row(c, i)[j] = beta == 0 ? 0 : beta * bram_row(c, i)[j];
}

struct product {
    bram_mat *c;
    const bram_mat *a, *b;
    bram_op op_a, op_b;
    size_t depth; /* the length of the sums */
    double alpha, beta;
};

static int gemm_tile(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    const struct product *p = user;
    size_t high = tile_side(p->c->rows, TILE_ROWS), wide = tile_side(p->c->cols, TILE_COLS);
    size_t across = tiles(p->c->cols, wide), i = task / across * high, j = task % across * wide;
    size_t rows = least(high, p->c->rows - i), cols = least(wide, p->c->cols - j);
    bram_mat a = op_rows(p->a, p->op_a, i, rows), b = op_cols(p->b, p->op_b, j, cols);
    cblas_dgemm(CblasRowMajor, cblas_op(p->op_a), cblas_op(p->op_b), (int)rows, (int)cols,
                (int)p->depth, p->alpha, a.data, leading(&a), b.data, leading(&b), p->beta,
                bram_row(p->c, i) + j, leading(p->c));
    return BRAM_OK;
}

int bram_gemm(bram_ctx *cx, bram_mat *c, double alpha, const bram_mat *a, bram_op op_a,
              const bram_mat *b, bram_op op_b, double beta)
{
    BRAM_TRY(check_size(cx, "the left factor", a));
    BRAM_TRY(check_size(cx, "the right factor", b));
    BRAM_TRY(check_size(cx, "the product", c));
    size_t rows = op_a == BRAM_AS_IS ? a->rows : a->cols;
    size_t depth = op_a == BRAM_AS_IS ? a->cols : a->rows;
    size_t depth_b = op_b == BRAM_AS_IS ? b->rows : b->cols;
    size_t cols = op_b == BRAM_AS_IS ? b->cols : b->rows;
    if (depth != depth_b || c->rows != rows || c->cols != cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "found a product of %zu x %zu and %zu x %zu into "
                         "%zu x %zu",
                         rows, depth, depth_b, cols, c->rows, c->cols);
    if (depth == 0) scale(c, beta);
    if (depth == 0 || rows == 0 || cols == 0) return BRAM_OK;
    struct product p = {c, a, b, op_a, op_b, depth, alpha, beta};
    size_t down = tiles(rows, tile_side(rows, TILE_ROWS));
    return bram_parallel_for(cx, down * tiles(cols, tile_side(cols, TILE_COLS)), gemm_tile, &p);
}

void bram_gemm_part_f32(float *c, size_t ldc, float alpha, const float *a, size_t lda, bram_op op_a,
                        const float *b, size_t ldb, bram_op op_b, size_t rows, size_t cols,
                        size_t depth, float beta)
{
    if (!rows || !cols) return;
    cblas_sgemm(CblasRowMajor, cblas_op(op_a), cblas_op(op_b), (int)rows, (int)cols, (int)depth,
                alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void bram_gemm_part_f64(double *c, size_t ldc, double alpha, const double *a, size_t lda,
                        bram_op op_a, const double *b, size_t ldb, bram_op op_b, size_t rows,
                        size_t cols, size_t depth, double beta)
{
    if (!rows || !cols) return;
    cblas_dgemm(CblasRowMajor, cblas_op(op_a), cblas_op(op_b), (int)rows, (int)cols, (int)depth,
                alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void bram_gemm_f32(float *c, const float *a, bram_op op_a, const float *b, bram_op op_b,
                   size_t rows, size_t cols, size_t depth, float beta)
{
    bram_gemm_part_f32(c, cols, 1, a, op_a == BRAM_AS_IS ? depth : rows, op_a, b,
                       op_b == BRAM_AS_IS ? cols : depth, op_b, rows, cols, depth, beta);
}

void bram_gemm_f64(double *c, const double *a, bram_op op_a, const double *b, bram_op op_b,
                   size_t rows, size_t cols, size_t depth, double beta)
{
    bram_gemm_part_f64(c, cols, 1, a, op_a == BRAM_AS_IS ? depth : rows, op_a, b,
                       op_b == BRAM_AS_IS ? cols : depth, op_b, rows, cols, depth, beta);
}

int bram_gemv(bram_ctx *cx, double *y, double alpha, const bram_mat *a, bram_op op_a,
              const double *x, double beta)
{
    BRAM_TRY(check_size(cx, "the matrix", a));
    size_t length = op_a == BRAM_AS_IS ? a->rows : a->cols;
    if (a->rows == 0 || a->cols == 0) {
        scale(&(bram_mat){y, 1, length, length}, beta);
        return BRAM_OK;
    }
    cblas_dgemv(CblasRowMajor, cblas_op(op_a), (int)a->rows, (int)a->cols, alpha, a->data,
                leading(a), x, 1, beta, y, 1);
    return BRAM_OK;
}

/* Task k is tile (i, j), j <= i, of the lower triangle, counted row by row. */
static int syrk_tile(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    const struct product *p = user;
    size_t ti = 0;
    while ((ti + 1) * (ti + 2) / 2 <= task) ti++;
    size_t side = tile_side(p->c->rows, TILE_ROWS);
    size_t i = ti * side, j = (task - ti * (ti + 1) / 2) * side;
    size_t rows = least(side, p->c->rows - i), cols = least(side, p->c->rows - j);
    bram_mat a = op_rows(p->a, p->op_a, i, rows), b = op_rows(p->a, p->op_a, j, cols);
    double *c = bram_row(p->c, i) + j;
    if (i == j)
        cblas_dsyrk(CblasRowMajor, CblasLower, cblas_op(p->op_a), (int)rows, (int)p->depth,
                    p->alpha, a.data, leading(&a), p->beta, c, leading(p->c));
    else
        cblas_dgemm(CblasRowMajor, cblas_op(p->op_a),
                    p->op_a == BRAM_AS_IS ? CblasTrans : CblasNoTrans, (int)rows, (int)cols,
                    (int)p->depth, p->alpha, a.data, leading(&a), b.data, leading(&b), p->beta, c,
                    leading(p->c));
    return BRAM_OK;
}

/* Entry (i, j) below the diagonal to (j, i), or the other way round. */
static void mirror(bram_mat *c, bool lower)
{
    enum { BLOCK = 32 }; /* both triangles then stay in cache */
    for (size_t i0 = 0; i0 < c->rows; i0 += BLOCK)
        for (size_t j0 = 0; j0 <= i0; j0 += BLOCK)
            for (size_t i = i0; i < least(i0 + BLOCK, c->rows); i++)
                for (size_t j = j0; j < least(j0 + BLOCK, i); j++)
                    if (lower) bram_row(c, j)[i] = bram_row(c, i)[j];
                    else bram_row(c, i)[j] = bram_row(c, j)[i];
}

void bram_mirror_lower(bram_mat *c)
{
    mirror(c, true);
}

void bram_mirror_upper(bram_mat *c)
{
    mirror(c, false);
}

int bram_syrk(bram_ctx *cx, bram_mat *c, double alpha, const bram_mat *a, bram_op op_a, double beta)
{
    BRAM_TRY(check_size(cx, "the factor", a));
    BRAM_TRY(check_size(cx, "the product", c));
    size_t n = op_a == BRAM_AS_IS ? a->rows : a->cols;
    size_t depth = op_a == BRAM_AS_IS ? a->cols : a->rows;
    if (c->rows != n || c->cols != n)
        return bram_fail(cx, BRAM_ESHAPE, "found a %zu x %zu product, expected %zu x %zu", c->rows,
                         c->cols, n, n);
    if (depth == 0) {
        scale(c, beta);
    } else if (n) {
        struct product p = {c, a, NULL, op_a, BRAM_AS_IS, depth, alpha, beta};
        size_t t = tiles(n, tile_side(n, TILE_ROWS));
        BRAM_TRY(bram_parallel_for(cx, t * (t + 1) / 2, syrk_tile, &p));
    }
    bram_mirror_lower(c);
    return BRAM_OK;
}

/* ---- triangular factors --------------------------------------------------------------------- */

int bram_cholesky(bram_ctx *cx, bram_mat *a)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    /* the lower triangle by rows is the upper one by columns */
    int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (int)a->rows, a->data, leading(a));
    if (info < 0) return bram_fail(cx, BRAM_EINTERNAL, "dpotrf refused argument %d", -info);
    size_t pivot = info > 0 ? (size_t)info - 1 : 0;
    while (info == 0 && pivot < a->rows && isfinite(bram_row(a, pivot)[pivot])) pivot++;
    if (pivot < a->rows)
        return bram_fail(cx, BRAM_ENUMERIC,
                         "pivot %zu of %zu is not positive: the matrix is not "
                         "positive definite",
                         pivot, a->rows);
    return BRAM_OK;
}

int bram_cholesky_solve(bram_ctx *cx, const bram_mat *factor, bram_mat *b)
{
    BRAM_TRY(bram_triangular_solve(cx, factor, false, BRAM_AS_IS, b));
    return bram_triangular_solve(cx, factor, false, BRAM_TRANSPOSED, b);
}

struct solve {
    const bram_mat *t;
    bram_mat *b;
    bool upper;
    bram_op op;
};

static int solve_tile(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    const struct solve *s = user;
    size_t first = task * TILE_ROWS, count = least(TILE_ROWS, s->b->cols - first);
    cblas_dtrsm(CblasRowMajor, CblasLeft, s->upper ? CblasUpper : CblasLower, cblas_op(s->op),
                CblasNonUnit, (int)s->b->rows, (int)count, 1, s->t->data, leading(s->t),
                s->b->data + first, leading(s->b));
    return BRAM_OK;
}

int bram_triangular_solve(bram_ctx *cx, const bram_mat *t, bool upper, bram_op op, bram_mat *b)
{
    BRAM_TRY(check_square(cx, "the triangular matrix", t));
    BRAM_TRY(check_size(cx, "the right-hand side", b));
    if (b->rows != t->rows)
        return bram_fail(cx, BRAM_ESHAPE, "the right-hand side has %zu rows, expected %zu", b->rows,
                         t->rows);
    for (size_t i = 0; i < t->rows; i++) {
        double d = bram_row(t, i)[i];
        if (d == 0 || !isfinite(d))
            return bram_fail(cx, BRAM_ENUMERIC, "diagonal entry %zu of a triangular system is %g",
                             i, d);
    }
    if (!b->rows || !b->cols) return BRAM_OK;
    struct solve s = {t, b, upper, op};
    return bram_parallel_for(cx, tiles(b->cols, TILE_ROWS), solve_tile, &s);
}

/* ---- spectra -------------------------------------------------------------------------------- */

static void fix_sign(double *v, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(v[i]) > fabs(v[at])) at = i;
    if (n && v[at] < 0)
        for (size_t i = 0; i < n; i++) v[i] = -v[i];
}

int bram_eigh(bram_ctx *cx, bram_mat *a, double *values)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, ints = 0;
    double doubles = 0;
    int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', n, a->data, leading(a), values,
                                   &doubles, -1, &ints, -1);
    if (info || doubles > INT_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "a %d x %d matrix is too large for dsyevd", n, n);
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)doubles, sizeof *work);
    int *iwork = work ? bram_scratch(cx, (size_t)ints, sizeof *iwork) : NULL;
    if (iwork)
        info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', n, a->data, leading(a), values, work,
                                   (int)doubles, iwork, ints);
    bram_scratch_release(cx, mark);
    if (!iwork) return BRAM_ENOMEM;
    if (info) return bram_fail(cx, BRAM_ENUMERIC, "dsyevd did not converge (%d)", info);
    for (size_t i = 0; i < a->rows; i++) fix_sign(bram_row(a, i), a->cols);
    return BRAM_OK;
}

int bram_tridiagonal(bram_ctx *cx, bram_mat *a, double *diag, double *off)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int n = (int)a->rows, info = 0;
    size_t lwork = 64 * a->rows;
    double *tau = bram_scratch(cx, a->rows, sizeof *tau);
    double *work = tau && lwork <= INT_MAX ? bram_scratch(cx, lwork, sizeof *work) : NULL;
    if (work)
        info = LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'U', n, a->data, leading(a), diag, off, tau,
                                   work, (int)lwork);
    if (work && !info)
        info = LAPACKE_dorgtr_work(LAPACK_COL_MAJOR, 'U', n, a->data, leading(a), tau, work,
                                   (int)lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    off[n - 1] = 0;
    return info ? bram_fail(cx, BRAM_EINTERNAL, "dsytrd refused an argument (%d)", info) : BRAM_OK;
}

int bram_eigh_values(bram_ctx *cx, bram_mat *a, double *values)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, lwork = 64 * n + 1;
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)lwork, sizeof *work);
    int info = 0;
    if (work)
        info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'N', 'U', n, a->data, leading(a), values, work,
                                  lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    return info ? bram_fail(cx, BRAM_ENUMERIC, "dsyev did not converge (%d)", info) : BRAM_OK;
}

int bram_eigenvalues(bram_ctx *cx, double *real, double *imaginary, bram_mat *a)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, false));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, lwork = 64 * n;
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)lwork, sizeof *work), none = 0;
    int info = 0;
    if (work)
        info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, 'N', 'N', n, a->data, leading(a), real,
                                  imaginary, &none, 1, &none, 1, work, lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    return info ? bram_fail(cx, BRAM_ENUMERIC, "dgeev did not converge (%d)", info) : BRAM_OK;
}

/* Solves op(t) x + x op(t)' = -2 I for a Schur form t (column-major), then x = z x z'. */
static int solve_schur(bram_ctx *cx, bram_mat *x, const double *t, const double *z, char op)
{
    int n = (int)x->rows;
    size_t count = x->rows * x->rows, mark = bram_scratch_mark(cx);
    double *y = bram_scratch(cx, count, 2 * sizeof *y), scale = 1, *half = y + count;
    if (!y) return BRAM_ENOMEM;
    for (int i = 0; i < n; i++) y[(size_t)i * (size_t)n + (size_t)i] = -2;
    int info = LAPACKE_dtrsyl_work(LAPACK_COL_MAJOR, op, op == 'N' ? 'T' : 'N', 1, n, n, t, n, t, n,
                                   y, n, &scale);
    if (!info) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1 / scale, z, n, y, n, 0,
                    half, n);
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, n, 1, half, n, z, n, 0, x->data,
                    n);
    }
    bram_scratch_release(cx, mark);
    return info ? bram_fail(cx, BRAM_ENUMERIC,
                            "the Lyapunov equation has no solution: two eigenvalues add up to zero")
                : BRAM_OK;
}

int bram_lyapunov(bram_ctx *cx, bram_mat *p, bram_mat *q, const bram_mat *a)
{
    BRAM_TRY(check_square(cx, "the matrix", a));
    BRAM_TRY(check_finite(cx, "the matrix", a, false));
    if (p->rows != a->rows || q->rows != a->rows || p->stride != a->rows || q->stride != a->rows)
        return bram_fail(cx, BRAM_ESHAPE, "solutions of %zu and %zu rows, expected %zu, packed",
                         p->rows, q->rows, a->rows);
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, lwork = 64 * n, none = 0;
    size_t count = a->rows * a->rows, mark = bram_scratch_mark(cx);
    double *t = bram_scratch(cx, 2 * count + (size_t)lwork + 2 * a->rows, sizeof *t);
    if (!t) return BRAM_ENOMEM;
    double *z = t + count, *real = z + count, *imaginary = real + n, *work = imaginary + n;
    for (size_t i = 0; i < a->rows; i++) /* by columns this is a' */
        memcpy(t + i * a->rows, bram_row(a, i), a->rows * sizeof *t);
    int info = LAPACKE_dgees_work(LAPACK_COL_MAJOR, 'V', 'N', NULL, n, t, n, &none, real, imaginary,
                                  z, n, work, lwork, NULL);
    int status = info ? bram_fail(cx, BRAM_ENUMERIC, "dgees did not converge (%d)", info) : BRAM_OK;
    if (status == BRAM_OK) status = solve_schur(cx, q, t, z, 'N'); /* a' q + q a */
    if (status == BRAM_OK) status = solve_schur(cx, p, t, z, 'T');
    bram_scratch_release(cx, mark);
    return status;
}

static int copy_scratch(bram_ctx *cx, bram_mat *out, const bram_mat *m)
{
    BRAM_TRY(bram_mat_scratch(cx, out, m->rows, m->cols));
    for (size_t i = 0; i < m->rows; i++)
        if (m->cols) memcpy(bram_row(out, i), bram_row(m, i), m->cols * sizeof *m->data);
    return BRAM_OK;
}

static void copy_back(bram_mat *out, const bram_mat *m)
{
    for (size_t i = 0; i < m->rows; i++)
        memcpy(bram_row(out, i), bram_row(m, i), m->cols * sizeof *m->data);
}

/* a' = V S U' by columns: LAPACK's U is our vt, and its VT our u. */
static int svd_in_scratch(bram_ctx *cx, bram_mat *u, double *s, bram_mat *vt, const bram_mat *a)
{
    size_t k = least(a->rows, a->cols);
    bram_mat copy, u2 = {0}, vt2 = {0};
    BRAM_TRY(copy_scratch(cx, &copy, a));
    if (u) BRAM_TRY(bram_mat_scratch(cx, &u2, a->rows, k));
    if (u) BRAM_TRY(bram_mat_scratch(cx, &vt2, k, a->cols));
    double *s2 = bram_scratch(cx, k, sizeof *s2);
    int *iwork = s2 ? bram_scratch(cx, 8 * k, sizeof *iwork) : NULL;
    if (!iwork) return BRAM_ENOMEM;
    int m = (int)a->cols, n = (int)a->rows;
    double wanted = 0, *work = &wanted;
    for (int round = 0; round < 2; round++) { /* first the size of the workspace, then the work */
        int info = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, u ? 'S' : 'N', m, n, copy.data,
                                       leading(&copy), s2, vt2.data, u ? leading(&vt2) : 1, u2.data,
                                       u ? leading(&u2) : 1, work, round ? (int)wanted : -1, iwork);
        if (info) return bram_fail(cx, BRAM_ENUMERIC, "dgesdd did not converge (%d)", info);
        if (round) break;
        if (wanted > INT_MAX)
            return bram_fail(cx, BRAM_ESHAPE, "a %d x %d matrix is too large for dgesdd", n, m);
        if (!(work = bram_scratch(cx, (size_t)wanted, sizeof *work))) return BRAM_ENOMEM;
    }
    memcpy(s, s2, k * sizeof *s);
    if (u) copy_back(u, &u2);
    if (u) copy_back(vt, &vt2);
    return BRAM_OK;
}

int bram_svd(bram_ctx *cx, bram_mat *u, double *s, bram_mat *vt, const bram_mat *a)
{
    BRAM_TRY(check_size(cx, "the matrix", a));
    size_t k = least(a->rows, a->cols);
    if (u && (u->rows != a->rows || u->cols != k || vt->rows != k || vt->cols != a->cols))
        return bram_fail(cx, BRAM_ESHAPE, "u is %zu x %zu and vt %zu x %zu for a %zu x %zu matrix",
                         u->rows, u->cols, vt->rows, vt->cols, a->rows, a->cols);
    BRAM_TRY(check_finite(cx, "the matrix", a, false));
    if (!k) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = svd_in_scratch(cx, u, s, vt, a);
    bram_scratch_release(cx, mark);
    return status;
}

/* By columns a is q' l', and LAPACK leaves the rows of l in the columns of its copy. */
int bram_lq_factor(bram_ctx *cx, bram_mat *l, const bram_mat *a)
{
    BRAM_TRY(check_size(cx, "the matrix", a));
    if (a->rows > a->cols || l->rows != a->rows || l->cols != a->rows)
        return bram_fail(cx, BRAM_ESHAPE, "found a %zu x %zu factor of a %zu x %zu matrix", l->rows,
                         l->cols, a->rows, a->cols);
    BRAM_TRY(check_finite(cx, "the matrix", a, false));
    if (!a->rows) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    bram_mat copy;
    int status = copy_scratch(cx, &copy, a), n = (int)a->rows, lwork = 64 * n;
    double *tau = status == BRAM_OK ? bram_scratch(cx, a->rows, sizeof *tau) : NULL;
    double *work = tau ? bram_scratch(cx, (size_t)lwork, sizeof *work) : NULL;
    if (!work) status = BRAM_ENOMEM;
    int info = 0;
    if (work)
        info = LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (int)a->cols, n, copy.data, leading(&copy),
                                   tau, work, lwork);
    if (info) status = bram_fail(cx, BRAM_EINTERNAL, "dgeqrf refused argument %d", -info);
    for (size_t i = 0; status == BRAM_OK && i < a->rows; i++)
        for (size_t j = 0; j < a->rows; j++) bram_row(l, i)[j] = j <= i ? bram_row(&copy, i)[j] : 0;
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- least squares -------------------------------------------------------------------------- */

static int qr_solve(bram_ctx *cx, bram_mat *x, const bram_mat *a, const bram_mat *b)
{
    /* LAPACK by columns on a copy of a': q has the columns of a as its rows. */
    size_t m = a->rows, n = a->cols;
    bram_mat q, rhs;
    BRAM_TRY(bram_mat_scratch(cx, &q, n, m));
    BRAM_TRY(bram_mat_scratch(cx, &rhs, b->cols, m));
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) bram_row(&q, j)[i] = bram_row(a, i)[j];
        for (size_t j = 0; j < b->cols; j++) bram_row(&rhs, j)[i] = bram_row(b, i)[j];
    }
    int lwork = (int)least(64 * (n > b->cols ? n : b->cols), INT_MAX);
    double *tau = bram_scratch(cx, n, sizeof *tau);
    double *work = tau ? bram_scratch(cx, (size_t)lwork, sizeof *work) : NULL;
    if (!work) return BRAM_ENOMEM;
    int info = LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (int)m, (int)n, q.data, (int)m, tau, work,
                                   lwork);
    if (!info)
        info = LAPACKE_dormqr_work(LAPACK_COL_MAJOR, 'L', 'T', (int)m, (int)b->cols, (int)n, q.data,
                                   (int)m, tau, rhs.data, (int)m, work, lwork);
    if (info)
        return bram_fail(cx, BRAM_EINTERNAL, "dgeqrf or dormqr refused an argument (%d)", info);
    double largest = 0;
    for (size_t k = 0; k < n; k++) largest = fmax(largest, fabs(bram_row(&q, k)[k]));
    for (size_t k = 0; k < n; k++)
        if (!(fabs(bram_row(&q, k)[k]) > (double)m * DBL_EPSILON * largest))
            return bram_fail(cx, BRAM_ENUMERIC, "column %zu depends on those before it", k);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, (int)n,
                (int)b->cols, 1, q.data, (int)m, rhs.data, (int)m);
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < b->cols; c++) bram_row(x, j)[c] = bram_row(&rhs, c)[j];
    return BRAM_OK;
}

int bram_least_squares(bram_ctx *cx, bram_mat *x, const bram_mat *a, const bram_mat *b)
{
    BRAM_TRY(check_size(cx, "the design", a));
    BRAM_TRY(check_size(cx, "the right-hand side", b));
    if (a->rows < a->cols || b->rows != a->rows || x->rows != a->cols || x->cols != b->cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "found design %zu x %zu, right-hand side %zu x %zu, "
                         "solution %zu x %zu",
                         a->rows, a->cols, b->rows, b->cols, x->rows, x->cols);
    BRAM_TRY(check_finite(cx, "the design", a, false));
    BRAM_TRY(check_finite(cx, "the right-hand side", b, false));
    if (!a->cols || !b->cols) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = qr_solve(cx, x, a, b);
    bram_scratch_release(cx, mark);
    return status;
}
