/*
 * rdm.h - representational dissimilarity matrices: estimators from responses.
 *
 * An RDM over n conditions is kept as its n (n - 1) / 2 pairs (i < j), row by row: (0,1), (0,2) ...
 * (0,n-1), (1,2) ... A dissimilarity that is not defined is NaN. Distances of the euclidean kind
 * are squared and divided by the number of channels, as in rsatoolbox.
 *
 *     bram_rdm_design design = {.condition = of_row, .conditions = 12, .fold = run, .folds = 3};
 *     bram_rdm_options options = {.kind = BRAM_RDM_CROSSNOBIS, .precision = &p, .precisions = 1};
 *     BRAM_TRY(bram_rdm_estimate(cx, &pairs, &side, &design, &options));
 *
 * Sources: Kriegeskorte et al. 2008; Walther et al. 2016 (crossnobis); Diedrichsen & Kriegeskorte
 * 2017; Schuett et al. 2019 and rsatoolbox 0.3 (f1f83ca) for poisson and unbalanced designs.
 */
#ifndef BRAMBLE_METRICS_RDM_H
#define BRAMBLE_METRICS_RDM_H

#include <bramble/metric.h>

typedef enum bram_rdm_kind {
    BRAM_RDM_EUCLIDEAN,   /* squared distance over the number of channels */
    BRAM_RDM_CORRELATION, /* 1 - Pearson correlation of the two rows; a constant row has none: NaN
                           */
    BRAM_RDM_COSINE,      /* 1 - cosine of the two rows; a row of zeros has none: NaN */
    BRAM_RDM_MAHALANOBIS, /* (x_i - x_j)' P (x_i - x_j) / channels; without P: euclidean */
    BRAM_RDM_CROSSNOBIS,  /* the same between folds: unbiased, may be negative */
    BRAM_RDM_POISSON,     /* mean of (a_i - a_j)(log a_i - log a_j), a: rates after the prior */
    BRAM_RDM_POISSON_CV   /* the same, log rates of each fold against rates of the others */
} bram_rdm_kind;

/** What each row is. All NULL: every row a condition of its own. Texts are for messages only. */
typedef struct bram_rdm_design {
    const uint32_t *condition; /* of each row, 0 .. conditions - 1 */
    size_t conditions;
    const uint32_t *fold; /* of each row, 0 .. folds - 1. NULL: the n-th row of a condition is in
                             fold n; unbalanced: every row is a fold */
    size_t folds;
    const char *const *condition_name, *const *fold_name; /* NULL: numbers from 0 */
} bram_rdm_design;

typedef enum bram_rdm_missing {
    BRAM_RDM_PAIRWISE, /* a pair rests on the channels that both conditions have */
    BRAM_RDM_KERNEL /* unbalanced only: as rsatoolbox, whose three terms rest on different ones */
} bram_rdm_missing;

typedef struct bram_rdm_options {
    bram_rdm_kind kind;
    bool remove_mean;   /* each pattern less its mean over channels; not for poisson */
    bool unbalanced;    /* all pairs of rows count, instead of means of conditions (and folds) */
    bool equal_weights; /* unbalanced, kernel: a pair of rows counts as 1, not by its channels */
    bool has_prior;     /* poisson: prior_rate and prior_weight are given; else 1 and 0.1 */
    bram_rdm_missing missing;
    double prior_rate, prior_weight; /* a = (x + weight rate) / (1 + weight) */
    const bram_mat *precision;       /* channels x channels, symmetric positive definite */
    size_t precisions;               /* 0: none; 1; crossnobis: also one for each fold */
} bram_rdm_options;

/** @return n (n - 1) / 2 */
static inline size_t bram_rdm_pairs(size_t n)
{
    return n ? n * (n - 1) / 2 : 0;
}

/** @return where pair (i, j), i < j, of n conditions stands */
static inline size_t bram_rdm_index(size_t n, size_t i, size_t j)
{
    return i * n - i * (i + 1) / 2 + (j - i - 1);
}

/** @return the name of a kind as options have it: "euclidean" ... */
const char *bram_rdm_kind_name(bram_rdm_kind kind);

/** @return in out the kind of this name; false: there is none */
bool bram_rdm_kind_find(bram_rdm_kind *out, const char *name);

/**
 * The RDM of responses under a design.
 *
 * Rows of one condition are averaged (crossnobis and poisson_cv: within each fold, and over the
 * rows of the other folds), then compared. Folds count equally, whatever their size. Unbalanced:
 * every pair of rows of two conditions (cross-validated: of different folds) counts equally.
 *
 * Missing values: a mean is over the rows that have the channel; a channel that one of two
 * conditions lacks is left out for that pair, and a precision is then the inverse of the rest of
 * the covariance. Cross-validated: a condition has a channel when all its folds (unbalanced: all
 * its rows) have it; unbalanced correlations are of two rows over what both have. Fewer than 2
 * shared channels (correlation: 3) leave a pair undefined.
 *
 * Cost: n^2 channels / 2 multiply-adds in products, for each fold; memory: the pairs, copies of the
 * patterns and one tile for each thread. With missing channels 5 to 6 times that for euclidean,
 * correlation and cosine; other estimators then go pair by pair.
 *
 * @param out     the pairs, on the heap: bram_free
 * @param side    rows x channels; a mask or none
 * @param design  NULL: every row is a condition
 * @return BRAM_OK; BRAM_ESHAPE without rows or channels, above 65536 conditions, a precision of
 *         another size, a fold that lacks a condition (both are named), fewer than two folds;
 *         BRAM_ENUMERIC for a present value that is not finite or, for poisson, not above
 *         -prior_weight prior_rate, or a precision that is not positive definite; BRAM_EUSAGE for
 *         options that do not go together; BRAM_EMEMORY; BRAM_ENOMEM
 */
int bram_rdm_estimate(bram_ctx *cx, double **out, const bram_side *side,
                      const bram_rdm_design *design, const bram_rdm_options *o) BRAM_MUST_CHECK;

/** The same of rows that are conditions each, with the options of a kind left as they are. */
int bram_rdm_new(bram_ctx *cx, double **out, const bram_side *side,
                 bram_rdm_kind kind) BRAM_MUST_CHECK;

/**
 * The pairs of a square dissimilarity matrix; masked pairs become NaN.
 *
 * @return BRAM_OK; BRAM_ESHAPE when it is not square; BRAM_ENUMERIC for a value that is not finite,
 *         a diagonal that is not 0 or two triangles that differ (beyond 1e-8 of the largest value);
 *         BRAM_ENOMEM
 */
int bram_rdm_given(bram_ctx *cx, double **out, const bram_side *side) BRAM_MUST_CHECK;

#endif
