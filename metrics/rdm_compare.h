/*
 * rdm_compare.h - comparisons of sets of RDMs, whole or under multiplicities of conditions.
 *
 * An RDM over n conditions is a row of n (n - 1) / 2 pairs (rdm.h), NaN where it is missing. Two
 * sets are compared over the pairs that no RDM of either lacks, every RDM of the one with every RDM
 * of the other. With multiplicities, condition i is there times[i] times: pair (i, j) then counts
 * times[i] times[j] times, and the pairs of a condition with its own copies are missing. Every
 * result equals that of the matrix written out. Nothing is written out, though: cosines and
 * correlations are products of weighted vectors, ranks are those of weighted entries, and whitening
 * works on the conditions that were drawn.
 *
 * Measures (n conditions, N pairs):
 * - cosine, corr: a.b / |a||b|, the same about the mean. O(N) a comparison.
 * - spearman, rho-a: corr of average ranks; 12 sum (r_a - m)(r_b - m) / (N^3 - N), the mean
 *   Spearman over all ways to break ties. O(N log N) an RDM once, O(N) a comparison.
 * - tau-a, tau-b: (concordant - discordant) / pairs; over the geometric mean of the untied pairs
 *   (Kendall 1948). O(N log N) a comparison.
 * - cosine_cov, corr_cov: a'V^-1 b / sqrt(a'V^-1 a b'V^-1 b), V the covariance that a covariance of
 *   conditions gives the distances (rdm_whiten.h). O(n^3) an RDM once, O(N) a comparison.
 * - bures, bures_metric: |Ga^1/2 Gb^1/2|_* / sqrt(tr Ga tr Gb), G = -HDH/2; and the squared
 *   distance tr Ga + tr Gb - 2 |Ga^1/2 Gb^1/2|_*. O(n^3). Copies are at distance 0 here, not
 *   missing.
 * - neg_riem_dist: -min over s, t of |log eig(e^s Ga + e^t S, Gb)|, G about condition 0. O(n^3),
 *   some fifty times; not symmetric.
 *
 * A constant RDM has no correlation (corr, spearman, tau-b, corr_cov), one of zeros no cosine (nor
 * bures): NaN and a note, or 0 where `degenerate_zero`. Constant means: its range is below 64
 * rounding errors of its largest magnitude. rho-a and tau-a are 0 by their formulas.
 *
 * Memory of one comparison of two RDMs without missing pairs, beside the RDMs: ranks 16 bytes a
 * pair (an order of each, and its ranks), Kendall's 21 (an order of each, the ranks of one, where
 * groups of the other begin, two lists for counting).
 *
 * Sources: Kriegeskorte et al. 2008; Nili et al. 2014; Diedrichsen, Berlot, Mur, Schuett, Shahbazi
 * & Kriegeskorte 2021 (whitened); Schuett et al. 2023 (rho-a, inference); Bures: Harvey et al.
 * 2023; Riemannian: Shahbazi et al. 2021.
 */
#ifndef BRAMBLE_METRICS_RDM_COMPARE_H
#define BRAMBLE_METRICS_RDM_COMPARE_H

#include "rdm.h"

typedef enum bram_rdm_comparator {
    BRAM_COMPARE_COSINE,
    BRAM_COMPARE_CORR,
    BRAM_COMPARE_SPEARMAN,
    BRAM_COMPARE_RHO_A,
    BRAM_COMPARE_TAU_A,
    BRAM_COMPARE_TAU_B,
    BRAM_COMPARE_COSINE_COV,
    BRAM_COMPARE_CORR_COV,
    BRAM_COMPARE_BURES,
    BRAM_COMPARE_BURES_METRIC,
    BRAM_COMPARE_NEG_RIEM_DIST,
    BRAM_COMPARATORS
} bram_rdm_comparator;

/** Names as in the list above. */
const char *bram_rdm_comparator_name(bram_rdm_comparator c);

/** Takes pearson for corr, kendall for tau-b and cka for cosine_cov as well (the linear CKA of the
 *  conditions, when the RDM is euclidean). @return false for another name */
bool bram_rdm_comparator_find(const char *name, bram_rdm_comparator *out);

/** spearman, rho-a, tau-a, tau-b; cosine_cov, corr_cov; what subtracts the mean: 0 is then chance.
 */
bool bram_rdm_by_ranks(bram_rdm_comparator c);
bool bram_rdm_whitens(bram_rdm_comparator c);
bool bram_rdm_centres(bram_rdm_comparator c);

typedef enum bram_rdm_sigma {
    BRAM_SIGMA_UNIT,     /* independent conditions of equal variance */
    BRAM_SIGMA_DIAGONAL, /* n variances */
    BRAM_SIGMA_FULL      /* n x n covariance, positive definite */
} bram_rdm_sigma;

/** A measure: a comparator and what it needs. sigma counts for *_cov and neg_riem_dist. */
typedef struct bram_rdm_measure {
    bram_rdm_comparator comparator;
    bool degenerate_zero;
    bram_rdm_sigma sigma_kind;
    const double *sigma; /* must outlive what is made with it */
} bram_rdm_measure;

/** RDMs with what is computed once for each: which pairs are missing, and their order. */
typedef struct bram_rdm_set bram_rdm_set;

/**
 * @param rdm  RDMs x pairs; the set keeps a view of it
 * @return BRAM_OK; BRAM_ESHAPE: no RDM, not n (n - 1) / 2 columns, or a sigma of another use;
 *         BRAM_ENUMERIC: an infinite dissimilarity for a measure that is not of ranks, a sigma that
 *         is not positive definite or symmetric; BRAM_ENOMEM
 */
int bram_rdm_set_new(bram_ctx *cx, bram_rdm_set **out, const bram_rdm_measure *measure,
                     const bram_mat *rdm, size_t n) BRAM_MUST_CHECK;
void bram_rdm_set_free(bram_rdm_set *set);
size_t bram_rdm_set_count(const bram_rdm_set *set);
bool bram_rdm_set_centres(const bram_rdm_set *set); /* bram_rdm_centres of its comparator */

/**
 * Every RDM of a with every RDM of b, made with the same measure.
 *
 * @param out    a x b values, NaN where undefined (fewer than three conditions drawn, no pair left,
 *               a constant RDM); untouched on failure
 * @param left   receives the number of pairs (of different conditions drawn) that count; NULL
 * @param times  multiplicities of the n conditions, whole numbers for Kendall's; NULL: ones
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC; BRAM_ENOTAPPLICABLE: missing pairs for bures,
 * missing pairs, repeats, or an RDM that is not of full rank for neg_riem_dist; BRAM_ENOMEM
 */
int bram_rdm_sets_compare(bram_ctx *cx, bram_mat *out, size_t *left, const bram_rdm_set *a,
                          const bram_rdm_set *b, const double *times) BRAM_MUST_CHECK;

/** The same once, from the numbers themselves. */
int bram_rdm_compare(bram_ctx *cx, bram_mat *out, size_t *left, const bram_rdm_measure *measure,
                     const bram_mat *a, const bram_mat *b, size_t n,
                     const double *times) BRAM_MUST_CHECK;

#endif
