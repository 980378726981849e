/*
 * ridge_private.h - what the files of the ridge search share: folds made ready, and the scoring of
 * a block of targets, which is compiled for double and for float32.
 */
#ifndef BRAMBLE_CORE_RIDGE_PRIVATE_H
#define BRAMBLE_CORE_RIDGE_PRIVATE_H

#include "ridge_cv.h"

/* Rows of an upper triangular factor that are multiplied together. */
enum { RIDGE_PANEL = 128 };

/* Rows 0 .. n - 1 here are those that occur in a fold, in ascending order. */
typedef struct bram_ridge_rows {
    size_t *row, n;  /* of x and y */
    bram_fold *fold; /* over these rows */
    size_t folds;
} bram_ridge_rows;

/* Rows that are in the same folds in the same role (or, where there would be too many such sets,
 * the training and the test rows of each fold): products X'Y are formed once for each. */
typedef struct bram_ridge_parts {
    size_t **row, *rows, count;
    size_t **train, *trains, **test, *tests; /* of each fold: which parts */
} bram_ridge_parts;

/* @return BRAM_OK; BRAM_ESHAPE for no fold, an empty one, or a row that is not there */
int bram_ridge_check_folds(bram_ctx *cx, const bram_fold *folds, size_t n,
                           size_t rows) BRAM_MUST_CHECK;

/* Both in scratch memory. */
int bram_ridge_rows_of(bram_ctx *cx, bram_ridge_rows *out, const bram_ridge_search *s,
                       size_t rows) BRAM_MUST_CHECK;
int bram_ridge_parts_of(bram_ctx *cx, bram_ridge_parts *out,
                        const bram_ridge_rows *rows) BRAM_MUST_CHECK;

/* A fold, decomposed. Arrays of void are double or float as the job is. */
typedef struct bram_ridge_base {
    const bram_fold *fold;
    size_t rank;
    double *diag, *off;      /* T; off NULL: its eigenvalues */
    double zero;             /* sums of eigenvalue and penalty up to this count as zero */
    void *basis;             /* rank x rank: Q' */
    void *test;              /* A, test rows x rank; or the panels of U */
    bool turned;             /* U */
    double *sum;             /* turned: of the columns of A */
    double *mean, *test_sum; /* on columns: of x over training rows; sums over test rows */
} bram_ridge_base;

typedef struct bram_ridge_job {
    bool columns;  /* x has columns: targets enter by X'Y; else they enter themselves */
    const void *x; /* rows x p about the mean of the rows; NULL without columns */
    size_t p;
    const bram_ridge_rows *rows;
    const bram_ridge_parts *parts;
    const bram_ridge_base *base;
    size_t first_fold, folds; /* those of base */
    const bram_targets *y;    /* where read: a view of what was read, from target `offset` on */
    size_t offset, targets;
    const double *grid;
    size_t n_grid;
    bram_ridge_score rule;
    bool origin;
    double *score; /* folds x penalties x targets */
} bram_ridge_job;

/* Scores targets first .. first + width - 1 of job->y under all folds of the job. */
int bram_ridge_block_f64(bram_ctx *cx, const bram_ridge_job *job, size_t first,
                         size_t width) BRAM_MUST_CHECK;
int bram_ridge_block_f32(bram_ctx *cx, const bram_ridge_job *job, size_t first,
                         size_t width) BRAM_MUST_CHECK;

/* @return BRAM_OK; BRAM_EUSAGE for none, or one that is below 0 or not finite */
int bram_ridge_check_penalties(bram_ctx *cx, const double *alpha, size_t n) BRAM_MUST_CHECK;

/* These rows of x less their mean (or as they are), in scratch memory. @return also BRAM_ENUMERIC
 */
int bram_ridge_centre_rows(bram_ctx *cx, bram_mat *out, const bram_mat *x, const size_t *row,
                           size_t n, bool origin) BRAM_MUST_CHECK;

/* Inner products of the rows about their mean, or as they are. */
int bram_ridge_linear_kernel(bram_ctx *cx, bram_mat *out, const bram_mat *x, const size_t *row,
                             size_t n, bool origin) BRAM_MUST_CHECK;

#endif
