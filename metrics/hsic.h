/*
 * hsic.h - the Hilbert-Schmidt independence criterion of two kernel matrices under weights, in its
 * biased, unbiased and zero-diagonal forms; CKA and its relatives are ratios of it.
 *
 * All forms come from a few sums over pairs of rows. With weights w, S_k = sum w^k:
 *   gretton   <HKH, HLH>, H the weighted centring: the biased estimate (up to its factor), that of
 *             the rows written out with their repeats. Gretton et al. 2005.
 *   lange     the same without the diagonal of HKH and HLH (and without pairs of copies). Lange et
 *             al. 2023; the modified RV coefficient of Smilde et al. 2009.
 *   song      the U-statistic: the mean over four different rows i, j, q, r, weighted by
 *             w_i w_j w_q w_r, of K_ij L_ij + K_ij L_qr - 2 K_ij L_iq. Unbiased; for weights of
 *             one it is the estimate of Song et al. 2012. Needs four rows drawn.
 * O(n^2) from kernel matrices; n p q from linear kernels of features.
 */
#ifndef BRAMBLE_METRICS_HSIC_H
#define BRAMBLE_METRICS_HSIC_H

#include "linalg.h"
#include "patterns.h"

typedef enum bram_hsic { BRAM_HSIC_SONG, BRAM_HSIC_GRETTON, BRAM_HSIC_LANGE } bram_hsic;

/** A kernel over n rows: its matrix, or the features of a linear one (columns near their means). */
typedef struct bram_kernel {
    const bram_mat *gram;     /* NULL: use x */
    const bram_mat *features; /* n x p */
} bram_kernel;

/**
 * HSIC of two kernels, both in the same form, over the rows first .. first + w->rows - 1.
 *
 * Gram matrices that are not symmetric are allowed: then K_ij L_ij stands for their entries, and
 * the sums of rows are taken (see cknna.c).
 *
 * @param w    n weights; rows of weight 0 are not there
 * @param out  NaN where it is not defined (fewer than two rows; four for song)
 */
int bram_hsic_value(bram_ctx *cx, double *out, bram_hsic form, const bram_kernel *k,
                    const bram_kernel *l, const double *w, size_t n) BRAM_MUST_CHECK;

/** What a ratio of HSICs is made of; NaN where it is not defined, as above. */
typedef struct bram_hsic_terms {
    bram_hsic form;
    double both, own[2]; /* HSIC(K, L); HSIC(K, K), HSIC(L, L) */
    double trace[2];     /* of the centred kernels; not for song */
    size_t drawn;        /* rows that count */
} bram_hsic_terms;

int bram_hsic_compare(bram_ctx *cx, bram_hsic_terms *out, bram_hsic form, const bram_kernel *k,
                      const bram_kernel *l, const double *w, size_t n) BRAM_MUST_CHECK;

/** HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)); NaN where a denominator is not above 0. */
double bram_hsic_ratio(const bram_hsic_terms *t);

/**
 * The mean of that ratio over all orders of the rows of one side, exactly, for weights of one (and
 * of zero for rows that do not count): 0 for song; else from the traces of the centred kernels
 * (Kazi-Aoual et al. 1995).
 */
double bram_hsic_chance(const bram_hsic_terms *t);

#endif
