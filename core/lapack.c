/*
 * lapack.c - factorizations, spectra and least squares through LAPACKE; the only file that touches
 * it.
 *
 * LAPACK thinks in columns: a row-major matrix is to it the transposed one. Instead of copying,
 * every call below is stated for the transposed problem (lower becomes upper, U becomes V).
 */
#include "linalg_check.h"

#include <float.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- Cholesky ------------------------------------------------------------------------------- */

int bram_cholesky(bram_ctx *cx, bram_mat *a)
{
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    /* the lower triangle by rows is the upper one by columns */
    int info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (int)a->rows, a->data, bram_leading(a));
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
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, ints = 0;
    double doubles = 0;
    int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', n, a->data, bram_leading(a), values,
                                   &doubles, -1, &ints, -1);
    if (info || doubles > INT_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "a %d x %d matrix is too large for dsyevd", n, n);
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)doubles, sizeof *work);
    int *iwork = work ? bram_scratch(cx, (size_t)ints, sizeof *iwork) : NULL;
    if (iwork)
        info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', n, a->data, bram_leading(a), values,
                                   work, (int)doubles, iwork, ints);
    bram_scratch_release(cx, mark);
    if (!iwork) return BRAM_ENOMEM;
    if (info) return bram_fail(cx, BRAM_ENUMERIC, "dsyevd did not converge (%d)", info);
    for (size_t i = 0; i < a->rows; i++) fix_sign(bram_row(a, i), a->cols);
    return BRAM_OK;
}

int bram_tridiagonal(bram_ctx *cx, bram_mat *a, double *diag, double *off)
{
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int n = (int)a->rows, info = 0;
    size_t lwork = 64 * a->rows;
    double *tau = bram_scratch(cx, a->rows, sizeof *tau);
    double *work = tau && lwork <= INT_MAX ? bram_scratch(cx, lwork, sizeof *work) : NULL;
    if (work)
        info = LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'U', n, a->data, bram_leading(a), diag, off,
                                   tau, work, (int)lwork);
    if (work && !info)
        info = LAPACKE_dorgtr_work(LAPACK_COL_MAJOR, 'U', n, a->data, bram_leading(a), tau, work,
                                   (int)lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    off[n - 1] = 0;
    return info ? bram_fail(cx, BRAM_EINTERNAL, "dsytrd refused an argument (%d)", info) : BRAM_OK;
}

int bram_eigh_values(bram_ctx *cx, bram_mat *a, double *values)
{
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, true));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, lwork = 64 * n + 1;
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)lwork, sizeof *work);
    int info = 0;
    if (work)
        info = LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'N', 'U', n, a->data, bram_leading(a), values,
                                  work, lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    return info ? bram_fail(cx, BRAM_ENUMERIC, "dsyev did not converge (%d)", info) : BRAM_OK;
}

int bram_eigenvalues(bram_ctx *cx, double *real, double *imaginary, bram_mat *a)
{
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, false));
    if (!a->rows) return BRAM_OK;
    int n = (int)a->rows, lwork = 64 * n;
    size_t mark = bram_scratch_mark(cx);
    double *work = bram_scratch(cx, (size_t)lwork, sizeof *work), none = 0;
    int info = 0;
    if (work)
        info = LAPACKE_dgeev_work(LAPACK_COL_MAJOR, 'N', 'N', n, a->data, bram_leading(a), real,
                                  imaginary, &none, 1, &none, 1, work, lwork);
    bram_scratch_release(cx, mark);
    if (!work) return BRAM_ENOMEM;
    return info ? bram_fail(cx, BRAM_ENUMERIC, "dgeev did not converge (%d)", info) : BRAM_OK;
}

/* Solves op(t) x + x op(t)' = -2 I for a Schur form t (column-major), then x = z x z'. */
static int solve_schur(bram_ctx *cx, bram_mat *x, const double *t, const double *z, char op)
{
    int n = (int)x->rows;
    size_t side = x->rows, count = side * side, mark = bram_scratch_mark(cx);
    double *y = bram_scratch(cx, count, 2 * sizeof *y), scale = 1, *half = y + count;
    if (!y) return BRAM_ENOMEM;
    for (int i = 0; i < n; i++) y[(size_t)i * side + (size_t)i] = -2;
    int info = LAPACKE_dtrsyl_work(LAPACK_COL_MAJOR, op, op == 'N' ? 'T' : 'N', 1, n, n, t, n, t, n,
                                   y, n, &scale);
    if (!info) {
        /* by rows, where all are transposed: y z / scale, then z' times that */
        bram_gemm_part_f64(half, side, 1 / scale, y, side, BRAM_AS_IS, z, side, BRAM_AS_IS, side,
                           side, side, 0);
        bram_gemm_part_f64(x->data, side, 1, z, side, BRAM_TRANSPOSED, half, side, BRAM_AS_IS, side,
                           side, side, 0);
    }
    bram_scratch_release(cx, mark);
    return info ? bram_fail(cx, BRAM_ENUMERIC,
                            "the Lyapunov equation has no solution: two eigenvalues add up to zero")
                : BRAM_OK;
}

int bram_lyapunov(bram_ctx *cx, bram_mat *p, bram_mat *q, const bram_mat *a)
{
    BRAM_TRY(bram_check_square(cx, "the matrix", a));
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, false));
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
        int info = LAPACKE_dgesdd_work(
            LAPACK_COL_MAJOR, u ? 'S' : 'N', m, n, copy.data, bram_leading(&copy), s2, vt2.data,
            u ? bram_leading(&vt2) : 1, u2.data, u ? bram_leading(&u2) : 1, work,
            round ? (int)wanted : -1, iwork);
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
    BRAM_TRY(bram_check_size(cx, "the matrix", a));
    size_t k = least(a->rows, a->cols);
    if (u && (u->rows != a->rows || u->cols != k || vt->rows != k || vt->cols != a->cols))
        return bram_fail(cx, BRAM_ESHAPE, "u is %zu x %zu and vt %zu x %zu for a %zu x %zu matrix",
                         u->rows, u->cols, vt->rows, vt->cols, a->rows, a->cols);
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, false));
    if (!k) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = svd_in_scratch(cx, u, s, vt, a);
    bram_scratch_release(cx, mark);
    return status;
}

/* By columns a is q' l', and LAPACK leaves the rows of l in the columns of its copy. */
int bram_lq_factor(bram_ctx *cx, bram_mat *l, const bram_mat *a)
{
    BRAM_TRY(bram_check_size(cx, "the matrix", a));
    if (a->rows > a->cols || l->rows != a->rows || l->cols != a->rows)
        return bram_fail(cx, BRAM_ESHAPE, "found a %zu x %zu factor of a %zu x %zu matrix", l->rows,
                         l->cols, a->rows, a->cols);
    BRAM_TRY(bram_check_finite(cx, "the matrix", a, false));
    if (!a->rows) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    bram_mat copy;
    int status = copy_scratch(cx, &copy, a), n = (int)a->rows, lwork = 64 * n;
    double *tau = status == BRAM_OK ? bram_scratch(cx, a->rows, sizeof *tau) : NULL;
    double *work = tau ? bram_scratch(cx, (size_t)lwork, sizeof *work) : NULL;
    if (!work) status = BRAM_ENOMEM;
    int info = 0;
    if (work)
        info = LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (int)a->cols, n, copy.data,
                                   bram_leading(&copy), tau, work, lwork);
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
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < b->cols; c++) bram_row(x, j)[c] = bram_row(&rhs, c)[j];
    bram_mat r = {q.data, n, n, m}; /* the transpose of R, by rows */
    return bram_triangular_solve(cx, &r, false, BRAM_TRANSPOSED, x);
}

int bram_least_squares(bram_ctx *cx, bram_mat *x, const bram_mat *a, const bram_mat *b)
{
    BRAM_TRY(bram_check_size(cx, "the design", a));
    BRAM_TRY(bram_check_size(cx, "the right-hand side", b));
    if (a->rows < a->cols || b->rows != a->rows || x->rows != a->cols || x->cols != b->cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "found design %zu x %zu, right-hand side %zu x %zu, "
                         "solution %zu x %zu",
                         a->rows, a->cols, b->rows, b->cols, x->rows, x->cols);
    BRAM_TRY(bram_check_finite(cx, "the design", a, false));
    BRAM_TRY(bram_check_finite(cx, "the right-hand side", b, false));
    if (!a->cols || !b->cols) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = qr_solve(cx, x, a, b);
    bram_scratch_release(cx, mark);
    return status;
}
