/*
 * classifier.h - readers that tell the class of a row: nearest centroid, linear discriminant
 * analysis with shrunken covariances, multinomial logistic regression with a ridge penalty.
 *
 * Columns are centred and divided by their standard deviation over the training rows (a constant
 * one by 1). Every class counts alike, however many rows it has: equal priors (LDA), weights
 * n / (classes n_c) of rows (logistic). A class without training rows is never told.
 *
 * - centroid: score z . m_c - |m_c|^2 / 2, the nearest mean; correlation: Pearson's r of z and m_c.
 * - LDA: score z . w_c - m_c . w_c / 2, w_c = S^+ m_c; S is the mean over classes of the
 *   covariance of each, shrunken towards its mean variance in units of its own deviations with the
 *   weight of Ledoit and Wolf 2004 (J. Multivar. Anal. 88:365), as scikit-learn does for
 *   LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").
 * - logistic: minimises sum_i weight_i (-log p_i) + penalty / 2 sum_c |w_c|^2, intercepts free.
 */
#ifndef BRAMBLE_CORE_CLASSIFIER_H
#define BRAMBLE_CORE_CLASSIFIER_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef enum bram_classifier_kind {
    BRAM_CLASSIFIER_CENTROID,
    BRAM_CLASSIFIER_CORRELATION,
    BRAM_CLASSIFIER_LDA,
    BRAM_CLASSIFIER_LOGISTIC
} bram_classifier_kind;

typedef struct bram_classifier_settings {
    bram_classifier_kind kind;
    double penalty; /* logistic: above 0 */
    size_t steps;   /* logistic: of L-BFGS at most */
    double tolerance;
} bram_classifier_settings;

/** A fitted reader, in scratch memory. */
typedef struct bram_classifier {
    bram_classifier_kind kind;
    double *mean, *scale; /* of each column */
    bram_mat weight;      /* classes x columns */
    double *offset;       /* of each class; -infinity where it had no rows */
} bram_classifier;

/**
 * @param x      rows x columns, finite
 * @param label  of each row, 0 .. classes - 1
 * @return BRAM_OK; BRAM_ESHAPE for no rows, columns or classes; BRAM_ENUMERIC for a value that is
 *         not finite; BRAM_ENOMEM. Cost: O(rows columns^2 + classes columns^2) for LDA,
 *         O(steps rows columns classes) for logistic
 */
int bram_classifier_fit(bram_ctx *cx, bram_classifier *out, const bram_mat *x, const size_t *label,
                        size_t classes, const bram_classifier_settings *s) BRAM_MUST_CHECK;

/**
 * Chooses the penalty of logistic by inner folds: the one with the least mean of -log p of the
 * truth (every class alike) over rows that the fit has not seen; the largest of equals.
 *
 * @param fold  of each row: rows with one number are left out together
 * @param grid  n of them, ascending
 * @return as bram_classifier_fit; BRAM_ESHAPE where all rows are in one fold
 */
int bram_classifier_choose(bram_ctx *cx, double *penalty, const bram_mat *x, const size_t *label,
                           size_t classes, const size_t *fold, const double *grid, size_t n,
                           const bram_classifier_settings *s) BRAM_MUST_CHECK;

/** Scores of rows, the highest being what is told. @param score  rows x classes, the caller's */
int bram_classifier_scores(bram_ctx *cx, bram_mat *score, const bram_classifier *c,
                           const bram_mat *x) BRAM_MUST_CHECK;

/** Means and deviations of columns, 1 for a constant one. @param mean, scale  zeroed */
void bram_classifier_scale(double *mean, double *scale, const bram_mat *x);

/** @return what bram_classifier_fit says of its input */
int bram_classifier_check(bram_ctx *cx, const bram_mat *x, const size_t *label,
                          size_t classes) BRAM_MUST_CHECK;

#endif
