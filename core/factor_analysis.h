/*
 * factor_analysis.h - maximum likelihood factor analysis: x = mean + L f + e with f ~ N(0, I) of k
 * dimensions and e ~ N(0, diag psi), so that the covariance of x is L L' + diag psi.
 *
 * For a given psi the best L follows from the k leading eigenvectors of the covariance scaled by
 * 1 / sqrt(psi) on both sides, and for a given L the best psi is what L L' leaves of the variances;
 * the two are alternated (Lawley 1940; Barber 2012, Bayesian Reasoning and Machine Learning, 21.1),
 * each raising the likelihood.
 */
#ifndef BRAMBLE_CORE_FACTOR_ANALYSIS_H
#define BRAMBLE_CORE_FACTOR_ANALYSIS_H

#include "linalg.h"

/**
 * @param loadings    N x k, 1 <= k <= N: L, its columns in order of the variance they explain
 * @param noise       N values: psi, at least 1e-12; 1e-12 of the mean variance for a constant unit
 * @param covariance  N x N, symmetric and positive semidefinite, about the mean (divided by n)
 * @param tolerance   of the mean log likelihood (nats a row): smaller gains end it
 * @return BRAM_OK; BRAM_ENUMERIC for covariances that are not finite; BRAM_ESHAPE; BRAM_ENOMEM;
 *         BRAM_ECANCEL
 */
int bram_factor_analysis(bram_ctx *cx, bram_mat *loadings, double *noise,
                         const bram_mat *covariance, size_t most_steps,
                         double tolerance) BRAM_MUST_CHECK;

/** What a row says of the factors. */
typedef struct bram_factor_filter {
    const bram_mat *loadings; /* N x k */
    const double *mean, *noise;
    bram_mat precision, factor; /* k x k, k x 1: scratch */
} bram_factor_filter;

int bram_factor_filter_new(bram_ctx *cx, bram_factor_filter *f, const bram_mat *loadings,
                           const double *mean, const double *noise) BRAM_MUST_CHECK;

/**
 * The mean of the factors given the units of a row that are seen, in f->factor.
 *
 * @param seen    N; others are not looked at
 * @param loglik  receives the log density of those that are seen; NULL: not wanted
 * @return BRAM_OK; BRAM_ENUMERIC
 */
int bram_factor_infer(bram_ctx *cx, bram_factor_filter *f, const double *y, const uint8_t *seen,
                      double *loglik) BRAM_MUST_CHECK;

#endif
