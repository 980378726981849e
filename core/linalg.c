/*
 * linalg.c - matrices, their products and triangular systems through OpenBLAS; the only file that
 * touches it. What goes through LAPACK is in lapack.c.
 */
#include "linalg_check.h"

#include <bramble/parallel.h>

#include <cblas.h>
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

int bram_check_size(bram_ctx *cx, const char *what, const bram_mat *m)
{
    if (m->stride < m->cols)
        return bram_fail(cx, BRAM_ESHAPE, "%s has stride %zu for %zu columns", what, m->stride,
                         m->cols);
    if (m->rows > INT_MAX || m->stride > INT_MAX)
        return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu (stride %zu), expected sides up to %d",
                         what, m->rows, m->cols, m->stride, INT_MAX);
    return BRAM_OK;
}

int bram_check_square(bram_ctx *cx, const char *what, const bram_mat *m)
{
    BRAM_TRY(bram_check_size(cx, what, m));
    if (m->rows != m->cols)
        return bram_fail(cx, BRAM_ESHAPE, "%s is %zu x %zu, expected a square matrix", what,
                         m->rows, m->cols);
    return BRAM_OK;
}

int bram_check_finite(bram_ctx *cx, const char *what, const bram_mat *m, bool lower)
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

int bram_leading(const bram_mat *m)
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
                (int)p->depth, p->alpha, a.data, bram_leading(&a), b.data, bram_leading(&b),
                p->beta, bram_row(p->c, i) + j, bram_leading(p->c));
    return BRAM_OK;
}

int bram_gemm(bram_ctx *cx, bram_mat *c, double alpha, const bram_mat *a, bram_op op_a,
              const bram_mat *b, bram_op op_b, double beta)
{
    BRAM_TRY(bram_check_size(cx, "the left factor", a));
    BRAM_TRY(bram_check_size(cx, "the right factor", b));
    BRAM_TRY(bram_check_size(cx, "the product", c));
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
    BRAM_TRY(bram_check_size(cx, "the matrix", a));
    size_t length = op_a == BRAM_AS_IS ? a->rows : a->cols;
    if (a->rows == 0 || a->cols == 0) {
        scale(&(bram_mat){y, 1, length, length}, beta);
        return BRAM_OK;
    }
    cblas_dgemv(CblasRowMajor, cblas_op(op_a), (int)a->rows, (int)a->cols, alpha, a->data,
                bram_leading(a), x, 1, beta, y, 1);
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
                    p->alpha, a.data, bram_leading(&a), p->beta, c, bram_leading(p->c));
    else
        cblas_dgemm(CblasRowMajor, cblas_op(p->op_a),
                    p->op_a == BRAM_AS_IS ? CblasTrans : CblasNoTrans, (int)rows, (int)cols,
                    (int)p->depth, p->alpha, a.data, bram_leading(&a), b.data, bram_leading(&b),
                    p->beta, c, bram_leading(p->c));
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
    BRAM_TRY(bram_check_size(cx, "the factor", a));
    BRAM_TRY(bram_check_size(cx, "the product", c));
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

/* ---- triangular systems --------------------------------------------------------------------- */

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
                CblasNonUnit, (int)s->b->rows, (int)count, 1, s->t->data, bram_leading(s->t),
                s->b->data + first, bram_leading(s->b));
    return BRAM_OK;
}

int bram_triangular_solve(bram_ctx *cx, const bram_mat *t, bool upper, bram_op op, bram_mat *b)
{
    BRAM_TRY(bram_check_square(cx, "the triangular matrix", t));
    BRAM_TRY(bram_check_size(cx, "the right-hand side", b));
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
