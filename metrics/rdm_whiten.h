/*
 * rdm_whiten.h - the inverse covariance of distances, applied to RDMs.
 *
 * If the noise of n condition patterns has covariance S over conditions, the covariance of their
 * distances is, to first order, V = (C S C') o (C S C'), C the N x n matrix of contrasts
 * (Diedrichsen et al. 2021): V of pairs (i,j) and (k,l) is (s_ik - s_il - s_jk + s_jl)^2. With X
 * the symmetric matrix of a vector x over pairs, diagonal 0, and L_X = diag(X 1) - X its Laplacian,
 *   (V x)_ij = (e_i - e_j)' S L_X S (e_i - e_j):
 * the distances of the Gram matrix S L_X S. So, without missing pairs, x = V^-1 d is read off
 *   L_X = S^-1 Pi (-D/2) Pi' S^-1,   Pi = I - 1 w',   w = S^-1 1 / (1'S^-1 1),
 * in O(n^3) where V itself has n^4/4 entries.
 *
 * Missing pairs leave V's rows and columns. For a diagonal S, V = diag(2 s_i s_j) + E diag(s_i^2)
 * E', E the incidence of pairs and conditions, whatever is missing: n equations by Woodbury's
 * identity, x_ij = (d_ij - u_i - u_j) / (2 s_i s_j),   (diag(s^-2) + E' diag(1/(2 s s)) E) u = E'
 * (d/(2 s s)). For a full S the reduced system is solved by conjugate gradients, preconditioned by
 * the closed form: as many steps as there are missing pairs at most, a handful in practice.
 *
 * A condition drawn m times makes m copies, whose pairs with each other are missing. Everything is
 * then the same on all copies, so the systems stay those of the conditions drawn, with
 * multiplicities. Copies share the condition's covariances with others. Of its variance they share
 * all but the part lambda s_ii, lambda the smallest eigenvalue of the correlation matrix of S: the
 * largest share that can belong to each condition alone. A diagonal S has lambda = 1 and
 * independent copies, as different conditions would be.
 */
#ifndef BRAMBLE_METRICS_RDM_WHITEN_H
#define BRAMBLE_METRICS_RDM_WHITEN_H

#include "rdm_frame.h"

/**
 * Checks a diagonal or full sigma, and finds lambda.
 *
 * @return BRAM_OK; BRAM_ENUMERIC: not finite, not symmetric or not positive definite; BRAM_ESHAPE
 *         without values; BRAM_ENOMEM
 */
int bram_sigma_check(bram_ctx *cx, double *own_share, const bram_rdm_measure *m,
                     size_t n) BRAM_MUST_CHECK;

/** What is computed once for a frame, in scratch memory; every array is over conditions drawn. */
typedef struct bram_rdm_whitener {
    bram_rdm_sigma kind;
    size_t drawn;
    size_t *condition; /* which ones */
    double *times;     /* how often */
    bool complete;     /* no pair of two conditions is missing */
    bool copies;       /* a condition was drawn more than once */
    double *s;         /* variances */
    /* unit and diagonal: the equations for u, times the multiplicities */
    double *diagonal; /* they are diag(diagonal) + v v', v = times / s / sqrt 2 ... */
    bram_mat factor;  /* ... or have this Cholesky factor (data NULL: the former) */
    /* full: with R = S but what copies do not share, Delta that part, M = diag(times): */
    bram_mat shared;  /* R */
    double *own;      /* Delta */
    bram_mat inverse; /* M^1/2 (M^1/2 R M^1/2 + Delta)^-1 M^1/2 */
    double *centre;   /* its row sums, divided by their sum */
} bram_rdm_whitener;

int bram_rdm_whitener_new(bram_ctx *cx, bram_rdm_whitener *w, const bram_rdm_measure *m,
                          double own_share, const bram_rdm_frame *f) BRAM_MUST_CHECK;

/**
 * dual = weights x V^-1 v, entry by entry.
 *
 * @return BRAM_OK; BRAM_ENUMERIC: the conjugate gradients do not converge (sigma is nearly
 *         singular); BRAM_ENOMEM
 */
int bram_rdm_whiten_vector(bram_ctx *cx, double *dual, const bram_rdm_vector *v,
                           const bram_rdm_whitener *w, const bram_rdm_frame *f) BRAM_MUST_CHECK;

#endif
