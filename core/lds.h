/*
 * lds.h - linear dynamical systems with Gaussian noise: Kalman filter, smoother, and EM.
 *
 *   x_0 ~ N(m0, P0),   x_t = A x_{t-1} + B u_t + N(0, Q),   y_t = C x_t + d + N(0, diag r)
 *
 * D states, N units, U inputs (which may be 0) that are given. The noise of the units is
 * independent, so a row is taken in with products of D x D matrices (the information form) whatever
 * N; units that are missing are left out of it. Shumway & Stoffer 1982 (EM with missing values);
 * Ghahramani & Hinton 1996.
 */
#ifndef BRAMBLE_CORE_LDS_H
#define BRAMBLE_CORE_LDS_H

#include "linalg.h"

typedef struct bram_lds {
    bram_mat a, q; /* D x D */
    bram_mat b;    /* D x U */
    bram_mat c;    /* N x D */
    bram_mat d, r; /* 1 x N */
    bram_mat m0;   /* 1 x D */
    bram_mat p0;   /* D x D */
} bram_lds;

/** New zeroed matrices on the heap. @return BRAM_OK or BRAM_ENOMEM (then nothing is held) */
int bram_lds_new(bram_ctx *cx, bram_lds *out, size_t states, size_t units,
                 size_t inputs) BRAM_MUST_CHECK;
void bram_lds_free(bram_lds *m);

/** What a filter needs beside the model, in scratch memory; made afresh when the model changes. */
typedef struct bram_lds_filter {
    const bram_lds *m;
    bram_mat scaled;      /* N x D: C / r */
    bram_mat information; /* D x D: C' diag(1/r) C */
    bram_mat own, root, inner, work;
    double *vector;
} bram_lds_filter;

int bram_lds_prepare(bram_ctx *cx, bram_lds_filter *f, const bram_lds *m) BRAM_MUST_CHECK;

/** The same where `scaled` and `information` are known already: cheap enough for every row. */
int bram_lds_resume(bram_ctx *cx, bram_lds_filter *f, const bram_lds *m, bram_mat scaled,
                    bram_mat information) BRAM_MUST_CHECK;

/**
 * Takes in a row: from the mean and covariance given the rows before to those given it, too.
 *
 * @param mean     D numbers; covariance D x D, packed
 * @param y        N numbers; what is missing is not looked at
 * @param present  NULL: all are there
 * @param loglik   log density of the row given those before is added to it; NULL: not wanted
 * @return BRAM_OK; BRAM_ENUMERIC when a covariance is not positive definite; BRAM_ENOMEM
 */
int bram_lds_update(bram_ctx *cx, bram_lds_filter *f, double *mean, double *covariance,
                    const double *y, const uint8_t *present, double *loglik) BRAM_MUST_CHECK;

/** One step ahead: mean <- A mean + B u, covariance <- A covariance A' + Q. Statuses as above.
 * @param u  U numbers, the inputs of the next row; not looked at where U is 0 */
int bram_lds_ahead(bram_ctx *cx, bram_lds_filter *f, double *mean, double *covariance,
                   const double *u) BRAM_MUST_CHECK;

/**
 * Log density of each unit of a row given the rows before and the units before it in the row: their
 * sum is that of the row. The mean and covariance become those given the row.
 */
void bram_lds_chain(const bram_lds *m, double *mean, double *covariance, double *logdensity,
                    const double *y, const uint8_t *present, double *work);

/** Rows of one recording. */
typedef struct bram_lds_rows {
    bram_mat y;
    const uint8_t *present; /* rows x N, packed; NULL: all are there */
    bram_mat u;             /* rows x U; that of the first row is not looked at */
} bram_lds_rows;

/** Means (rows x D) and covariances (rows x D^2) of the states, and the log likelihood. */
typedef struct bram_lds_states {
    bram_mat mean, covariance;
    bram_mat ahead, ahead_covariance; /* given the rows before only */
    double loglik;
} bram_lds_states;

/** States given the rows up to each; matrices in scratch memory. */
int bram_lds_run(bram_ctx *cx, bram_lds_states *out, const bram_lds *m,
                 const bram_lds_rows *rows) BRAM_MUST_CHECK;

/** States given all rows: mean and covariance of a bram_lds_run are replaced. */
int bram_lds_smooth(bram_ctx *cx, bram_lds_states *states, const bram_lds *m) BRAM_MUST_CHECK;

/**
 * One step of EM over several recordings.
 *
 * @param m       in place
 * @param least   the least noise variance of each unit (above 0)
 * @param loglik  of the model before the step
 * @return BRAM_OK; BRAM_ENUMERIC; BRAM_ENOMEM; BRAM_ECANCEL
 */
int bram_lds_em(bram_ctx *cx, bram_lds *m, const bram_lds_rows *rows, size_t recordings,
                const double *least, double *loglik) BRAM_MUST_CHECK;

#endif
