/*
 * cp.h - non-negative factorization of a three-way array with missing fibres (CP, PARAFAC):
 *
 *   x[i][j][k] ~ sum_r weight_r a[i][r] b[j][r] c[k][r],   all factors non-negative,
 *
 * with the least squared error over the entries whose fibre (j, k) is present. Hierarchical
 * alternating least squares (Cichocki & Phan 2009, IEICE Trans E92-A:708): each row of a factor is
 * a small quadratic problem of its own missing fibres, its entries are set one after the other to
 * their best non-negative value. The error never rises.
 */
#ifndef BRAMBLE_CORE_CP_H
#define BRAMBLE_CORE_CP_H

#include <bramble/context.h>

/** An array of dim[0] x dim[1] x dim[2] values, row-major; borrowed. */
typedef struct bram_cp_data {
    size_t dim[3];
    const double *x;        /* 0 or more and finite; 0 where missing */
    const uint8_t *present; /* dim[1] x dim[2]: whether the fibre x[.][j][k] is; NULL: all are */
} bram_cp_data;

typedef struct bram_cp_settings {
    size_t iterations; /* at most */
    double tolerance;  /* stop when the squared error falls by less than this share of sum x^2 */
    uint64_t seed;     /* of the random starts */
} bram_cp_settings;

/** Factors of `rank` columns; arrays are the caller's. Columns have length 1 (0 where weight is 0)
 * and stand by falling weight. */
typedef struct bram_cp {
    size_t rank;
    double *weight;    /* rank */
    double *factor[3]; /* dim[m] x rank, row-major */
    double error;      /* sqrt(squared error / sum of squares); 0 where all is 0 */
    size_t iterations; /* that were made */
} bram_cp;

/**
 * One fit from random start number `start`.
 *
 * @param out    rank and arrays are set by the caller; what they hold is undefined after a failure
 * @param trace  receives the error after each iteration, settings->iterations numbers; may be NULL
 * @return BRAM_OK; BRAM_ESHAPE for rank 0 or a dimension of 0; BRAM_ENUMERIC for a value that is
 *         negative or not finite, or not 0 where missing; BRAM_ENOMEM; BRAM_ECANCEL.
 *         Cost of an iteration: 4 dim[0] dim[1] dim[2] rank operations in products
 */
int bram_cp_fit(bram_ctx *cx, bram_cp *out, const bram_cp_data *data,
                const bram_cp_settings *settings, uint64_t start, double *trace) BRAM_MUST_CHECK;

/**
 * How alike two factorizations of equal rank are: components are matched one to one for the largest
 * sum, each pair counting the product of its factors' three cosines; the mean over them. 0 to 1.
 */
int bram_cp_similarity(bram_ctx *cx, double *out, const bram_cp *a, const bram_cp *b,
                       const size_t dim[3]) BRAM_MUST_CHECK;

/** What tells a rank: errors and how far starts agree, for ranks 1 .. ranks. */
typedef struct bram_cp_choice {
    double *error;      /* ranks: the best start's */
    double *similarity; /* ranks: mean of the other starts to the best one; 1 for one start */
    size_t *best;       /* ranks: number of the best start */
    size_t elbow, rank; /* see bram_cp_choose */
} bram_cp_choice;

/**
 * Fits each rank from several starts, tasks of the pool. The elbow is the rank whose error lies
 * farthest below the straight line from the first to the last rank's (Satopaa et al. 2011), the
 * lower of equals. The rank chosen is the largest up to the elbow at which starts agree, similarity
 * `stable` or more; rank 1 where none do.
 *
 * @param out  arrays are the caller's, `ranks` numbers each; undefined after a failure
 * @return as bram_cp_fit; BRAM_ESHAPE for no ranks or no starts
 */
int bram_cp_choose(bram_ctx *cx, bram_cp_choice *out, const bram_cp_data *data,
                   const bram_cp_settings *settings, size_t ranks, size_t starts,
                   double stable) BRAM_MUST_CHECK;

#endif
