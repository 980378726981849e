/*
 * linalg.h - dense linear algebra on matrix views: products, factorizations, solvers.
 *
 * Matrices are row-major (matrix.h). BLAS runs on one thread; large products are cut into tiles
 * whose borders depend on the shapes alone and which run through bram_parallel_for, so the bits of
 * a result do not depend on the number of threads. Values are not checked for NaN in products
 * (it spreads, as in arithmetic); factorizations refuse it.
 *
 * Every function returns BRAM_OK; BRAM_ESHAPE when shapes do not fit or a side exceeds what BLAS
 * can index; BRAM_ENOMEM. Further statuses are stated. Functions that work in place say so: after
 * a failure the contents of such an argument are not defined.
 */
#ifndef BRAMBLE_CORE_LINALG_H
#define BRAMBLE_CORE_LINALG_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/** Puts BLAS on one thread, for the whole process; bram_init() calls it. */
void bram_linalg_init(void);

/** @return the name of the processor core BLAS has kernels chosen for, e.g. "Haswell" */
const char *bram_blas_core(void);

typedef enum bram_op { BRAM_AS_IS, BRAM_TRANSPOSED } bram_op;

/** A new zeroed matrix on the heap: data is freed by the caller with bram_free. */
int bram_mat_new(bram_ctx *cx, bram_mat *out, size_t rows, size_t cols) BRAM_MUST_CHECK;

/** The same in scratch memory. */
int bram_mat_scratch(bram_ctx *cx, bram_mat *out, size_t rows, size_t cols) BRAM_MUST_CHECK;

/** c = alpha op(a) op(b) + beta c; c overlaps neither a nor b; beta 0 does not read c. */
int bram_gemm(bram_ctx *cx, bram_mat *c, double alpha, const bram_mat *a, bram_op op_a,
              const bram_mat *b, bram_op op_b, double beta) BRAM_MUST_CHECK;

/**
 * c = op(a) op(b) + beta c of packed arrays on the calling thread, for the training of networks: c
 * is rows x cols, op(a) rows x depth, op(b) depth x cols; beta 0 does not read c. Shapes are the
 * caller's to keep, each below 2^31.
 */
void bram_gemm_f32(float *c, const float *a, bram_op op_a, const float *b, bram_op op_b,
                   size_t rows, size_t cols, size_t depth, float beta);
void bram_gemm_f64(double *c, const double *a, bram_op op_a, const double *b, bram_op op_b,
                   size_t rows, size_t cols, size_t depth, double beta);

/**
 * The same of parts of larger arrays, c = alpha op(a) op(b) + beta c: rows of c lie ldc numbers
 * apart, those of a and b, as they stand in memory, lda and ldb.
 */
void bram_gemm_part_f32(float *c, size_t ldc, float alpha, const float *a, size_t lda, bram_op op_a,
                        const float *b, size_t ldb, bram_op op_b, size_t rows, size_t cols,
                        size_t depth, float beta);
void bram_gemm_part_f64(double *c, size_t ldc, double alpha, const double *a, size_t lda,
                        bram_op op_a, const double *b, size_t ldb, bram_op op_b, size_t rows,
                        size_t cols, size_t depth, double beta);

/** y = alpha op(a) x + beta y; x and y are contiguous, of the lengths op(a) asks for. */
int bram_gemv(bram_ctx *cx, double *y, double alpha, const bram_mat *a, bram_op op_a,
              const double *x, double beta) BRAM_MUST_CHECK;

/**
 * c = alpha a a' + beta c (BRAM_AS_IS), or alpha a' a + beta c (BRAM_TRANSPOSED). Both triangles
 * of c are written; with beta other than 0 only its lower triangle is read.
 */
int bram_syrk(bram_ctx *cx, bram_mat *c, double alpha, const bram_mat *a, bram_op op_a,
              double beta) BRAM_MUST_CHECK;

/** Copies the lower triangle of a square matrix to its upper one, or the upper to the lower. */
void bram_mirror_lower(bram_mat *m);
void bram_mirror_upper(bram_mat *m);

/**
 * Cholesky factor L of a = L L', in place in the lower triangle; the part above the diagonal is
 * neither read nor changed.
 *
 * @return also BRAM_ENUMERIC, naming the first pivot that is not positive (counted from 0) or the
 *         entry that is not finite
 */
int bram_cholesky(bram_ctx *cx, bram_mat *a) BRAM_MUST_CHECK;

/** Solves L L' x = b for every column of b, in place, with L from bram_cholesky. */
int bram_cholesky_solve(bram_ctx *cx, const bram_mat *factor, bram_mat *b) BRAM_MUST_CHECK;

/**
 * Solves op(t) x = b for every column of b, in place; t is lower (or upper) triangular and only
 * that triangle is read.
 *
 * @return also BRAM_ENUMERIC, naming the diagonal entry that is zero or not finite
 */
int bram_triangular_solve(bram_ctx *cx, const bram_mat *t, bool upper, bram_op op,
                          bram_mat *b) BRAM_MUST_CHECK;

/**
 * Eigen-decomposition of a symmetric matrix (its lower triangle is read).
 *
 * @param a       in place: row k becomes the unit eigenvector of values[k], the sign such that
 *                its entry of largest magnitude (the first such) is positive
 * @param values  n eigenvalues, ascending
 * @return also BRAM_ENUMERIC for an entry that is not finite, or no convergence
 */
int bram_eigh(bram_ctx *cx, bram_mat *a, double *values) BRAM_MUST_CHECK;

/**
 * Tridiagonal form of a symmetric matrix (its lower triangle is read): a = q' t q, q orthogonal.
 *
 * @param a     in place: q
 * @param diag  n numbers, the diagonal of t
 * @param off   n numbers, of which the first n - 1 stand beside the diagonal; the last is 0
 * @return also BRAM_ENUMERIC for an entry that is not finite
 */
int bram_tridiagonal(bram_ctx *cx, bram_mat *a, double *diag, double *off) BRAM_MUST_CHECK;

/** Eigenvalues alone, ascending; the contents of a are lost. Statuses of bram_eigh. */
int bram_eigh_values(bram_ctx *cx, bram_mat *a, double *values) BRAM_MUST_CHECK;

/**
 * Eigenvalues of any square matrix, whose contents are lost. Complex ones come in conjugate pairs.
 *
 * @param real, imaginary  n numbers each, in no particular order
 * @return also BRAM_ENUMERIC for an entry that is not finite, or no convergence
 */
int bram_eigenvalues(bram_ctx *cx, double *real, double *imaginary, bram_mat *a) BRAM_MUST_CHECK;

/**
 * Solves both Lyapunov equations of a square matrix, a p + p a' = -2 I and a' q + q a = -2 I, by
 * its Schur form (Bartels & Stewart 1972). p and q (a's shape, packed) are symmetric.
 *
 * @return also BRAM_ENUMERIC for an entry that is not finite, no convergence, or eigenvalues of
 *         which two add up to zero
 */
int bram_lyapunov(bram_ctx *cx, bram_mat *p, bram_mat *q, const bram_mat *a) BRAM_MUST_CHECK;

/**
 * The lower triangular factor of a = l q, q with orthonormal rows: l has the inner products of the
 * rows of a in fewer columns.
 *
 * @param l  rows x rows; untouched on failure
 * @param a  rows <= cols
 * @return also BRAM_ENUMERIC for an entry that is not finite
 */
int bram_lq_factor(bram_ctx *cx, bram_mat *l, const bram_mat *a) BRAM_MUST_CHECK;

/**
 * Thin singular value decomposition a = u diag(s) vt, k = min(rows, cols). Untouched on failure.
 *
 * @param u   rows x k, NULL when not wanted (then vt is not given either)
 * @param s   k values, descending
 * @param vt  k x cols
 * @return also BRAM_ENUMERIC for an entry that is not finite, or no convergence
 */
int bram_svd(bram_ctx *cx, bram_mat *u, double *s, bram_mat *vt, const bram_mat *a) BRAM_MUST_CHECK;

/**
 * Least squares by QR (Householder): x minimising |a x - b|, for every column of b.
 *
 * @param x  a.cols x b.cols; untouched on failure
 * @param a  rows >= cols, of full column rank
 * @return also BRAM_ENUMERIC where a column depends on those before it (|R_kk| <= rows eps |R_00|
 *         scale), naming it, or for an entry that is not finite
 */
int bram_least_squares(bram_ctx *cx, bram_mat *x, const bram_mat *a,
                       const bram_mat *b) BRAM_MUST_CHECK;

#endif
