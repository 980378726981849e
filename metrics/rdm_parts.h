/*
 * rdm_parts.h - what the estimators of rdm.h are made of; internal to metrics/rdm*.c.
 *
 * Every estimator that averages first is a sum of products of differences between two conditions:
 *
 *     d_ij = sum over parts of weight * sum over channels of (u_i - u_j)(v_i - v_j)
 *
 * euclidean has one part with v = u; poisson one with rates and log rates; crossnobis one of sums
 * over folds and one, with a negative weight, for each fold.
 */
#ifndef BRAMBLE_METRICS_RDM_PARTS_H
#define BRAMBLE_METRICS_RDM_PARTS_H

#include "linalg.h"
#include "rdm.h"

typedef struct bram_rdm_part {
    bram_mat u, v; /* conditions x channels; v.data NULL: v is u */
    double weight;
} bram_rdm_part;

/* Conditions x channels, what of it is there, and of which rows it was made. */
typedef struct bram_rdm_patterns {
    bram_mat x; /* rows of condition i of fold f: f * conditions + i */
    size_t conditions, folds;
    uint8_t *present; /* like x, packed; NULL: all */
    double *count;    /* rows behind each row of x */
} bram_rdm_patterns;

/** Checks labels and shapes: every row in range, every condition with a row. NULL: nothing to
 * check. */
int bram_rdm_design_check(bram_ctx *cx, const bram_rdm_design *g, size_t rows) BRAM_MUST_CHECK;

/**
 * Means of conditions, of each fold where `by_fold`, in scratch memory. A channel is missing where
 * no row of the mean has it.
 *
 * @param g  NULL: every row is a condition, once
 * @return also BRAM_ESHAPE for a fold without a row of some condition, naming both; fewer than two
 *         folds
 */
int bram_rdm_average(bram_ctx *cx, bram_rdm_patterns *out, const bram_side *side,
                     const bram_rdm_design *g, bool by_fold, bool remove_mean) BRAM_MUST_CHECK;

/** Row k of x as the patterns of fold f (a view). */
static inline bram_mat bram_rdm_fold(const bram_rdm_patterns *a, size_t f)
{
    return bram_mat_rows(a->x, f * a->conditions, a->conditions);
}

/** d += the sum of all parts / divisor, in this order, so that whole numbers round once; d has the
 *  pairs of n conditions. The same bits for any number of threads. */
int bram_rdm_add_parts(bram_ctx *cx, double *d, const bram_rdm_part *part, size_t parts, size_t n,
                       double divisor) BRAM_MUST_CHECK;

/** Takes from each column the value nearest its mean: offsets go, whole numbers stay whole. */
int bram_rdm_centre(bram_ctx *cx, bram_mat *x) BRAM_MUST_CHECK;

/** Rows to mean 0 (where `centred`) and length 1; a row without a length becomes NaN. */
int bram_rdm_standardize(bram_ctx *cx, bram_mat *x, bool centred) BRAM_MUST_CHECK;

/** The same for one row; false (z is then not defined) where it has no length but for rounding. */
bool bram_rdm_standardize_row(double *z, const double *x, size_t p, bool centred);

/** The lower Cholesky factor of a precision, in scratch memory, zeros above the diagonal. */
int bram_rdm_factor(bram_ctx *cx, bram_mat *factor, const bram_mat *precision,
                    size_t channels) BRAM_MUST_CHECK;

/** out = x factor: then |out_i - out_j|^2 = (x_i - x_j)' P (x_i - x_j). */
int bram_rdm_whiten(bram_ctx *cx, bram_mat *out, const bram_mat *x,
                    const bram_mat *factor) BRAM_MUST_CHECK;

/** sum of (a - b)(c - e) over p channels, in 4 lanes */
double bram_rdm_cross_difference(const double *a, const double *b, const double *c, const double *e,
                                 size_t p);

/**
 * Noise, ready to whiten by: no factor, one, or one for each pair of folds (0,1), (0,2) ... (1,2)
 * ..., for all channels or some of them.
 */
typedef struct bram_rdm_noise {
    bram_mat *factor;
    size_t factors;
    bram_mat *covariance; /* of each precision, once it was needed */
} bram_rdm_noise;

/**
 * Factors for these channels, in scratch memory.
 *
 * @param channel  ascending; NULL: all. With some left out the precision is that of the rest alone:
 *                 the inverse of the covariance without them
 */
int bram_rdm_noise_new(bram_ctx *cx, bram_rdm_noise *out, const bram_rdm_options *o,
                       const size_t *channel, size_t channels) BRAM_MUST_CHECK;

/** d += the estimate from patterns of which nothing is missing; their contents are used up. */
int bram_rdm_complete(bram_ctx *cx, double *d, bram_rdm_patterns *a, const bram_rdm_noise *noise,
                      const bram_rdm_options *o) BRAM_MUST_CHECK;

/** The same with something missing, pair by pair. */
int bram_rdm_masked(bram_ctx *cx, double *d, const bram_rdm_patterns *a,
                    const bram_rdm_options *o) BRAM_MUST_CHECK;

/** d += one pair of them, from the channels it shares, or NaN; one fold, without noise. */
int bram_rdm_pair(bram_ctx *cx, double *d, const bram_rdm_patterns *a, const bram_rdm_options *o,
                  size_t i, size_t j) BRAM_MUST_CHECK;

/** d = all of them by products: euclidean, correlation or cosine of one fold, without noise. */
int bram_rdm_sparse(bram_ctx *cx, double *d, const bram_rdm_patterns *a,
                    const bram_rdm_options *o) BRAM_MUST_CHECK;

/** From pairs of rows instead of means; see rdm_unbalanced.c. */
int bram_rdm_unbalanced(bram_ctx *cx, double *d, const bram_side *side, const bram_rdm_design *g,
                        const bram_rdm_options *o) BRAM_MUST_CHECK;

#endif
