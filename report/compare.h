/*
 * compare.h - models compared with each other: on one benchmark with corrected p-values, over many
 * benchmarks by mean ranks.
 */
#ifndef BRAMBLE_REPORT_COMPARE_H
#define BRAMBLE_REPORT_COMPARE_H

#include "board.h"
#include "letters.h"

/**
 * Every scored row against the first one.
 *
 * @param pair  [rows]: first row minus that row; NaN for the first itself and where there is none.
 *              p is adjusted for all rows by Holm 1979
 */
int bram_compare_with_best(bram_ctx *cx, bram_board_pair *pair,
                           const bram_board *b) BRAM_MUST_CHECK;

/**
 * Letters for the first n rows: those that share one cannot be told apart at 1 - level, p adjusted
 * for all pairs among them by Holm (letters.h). All empty without intervals.
 */
int bram_compare_letters(bram_ctx *cx, char (*out)[BRAM_LETTERS_BYTES], const bram_board *b,
                         size_t n) BRAM_MUST_CHECK;

/** Models ranked on benchmarks that all of them have a score on. */
typedef struct bram_mean_ranks {
    size_t *model; /* [models]: numbers of the caller's models, best mean rank first */
    double *rank;  /* [models]: mean over benchmarks, ties averaged */
    size_t models, benchmarks;
    double kendall_w; /* agreement of the benchmarks: 1 the same order on all, 0 none; NaN where
                         all models are tied on all */
    double friedman;  /* chi^2 of Friedman 1937, with models - 1 degrees of freedom */
    double p;         /* of that: whether any two models differ, before pairs are looked at */
    double critical;  /* difference of mean ranks that Nemenyi's test calls one, at 0.05 */
} bram_mean_ranks;

/**
 * Mean ranks as Demsar 2006 (JMLR 7:1) has them. Nothing is imputed: models without a score on some
 * benchmark are left out. With n models, m benchmarks and S the sum of squares of the rank sums
 * about their mean,
 *
 *   W = 12 S / (m^2 (n^3 - n) - m sum_j T_j),   T_j = sum over ties of t models on j of t^3 - t
 *
 * (Kendall 1970, Rank Correlation Methods, chapter 6), and Friedman's chi^2 = m (n - 1) W.
 *
 * @param value   benchmarks x models, higher is better; NaN where there is no score
 * @param out     arrays in scratch memory; models is 0 when fewer than 2 are complete
 */
int bram_mean_ranks_of(bram_ctx *cx, bram_mean_ranks *out, const double *value, size_t benchmarks,
                       size_t models) BRAM_MUST_CHECK;

/**
 * Nemenyi's critical value q(0.05, k): the 0.95 quantile of the range of k standard normal
 * variables, divided by sqrt 2 (Demsar 2006, table 5). NaN for k < 2.
 */
double bram_nemenyi(size_t k);

#endif
