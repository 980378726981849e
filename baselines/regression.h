/*
 * regression.h - what the maps from inputs to responses share: the rows they learn from as tables,
 * inputs on one scale, and answers.
 *
 * Inputs are centred and (zscore) divided by their deviation over the training rows; an input that
 * is constant there is divided by one. What is missing stands at the mean of its column over the
 * training rows; a row without any response is left out.
 */
#ifndef BRAMBLE_BASELINES_REGRESSION_H
#define BRAMBLE_BASELINES_REGRESSION_H

#include "ridge.h"

#include <bramble/model.h>

typedef struct bram_regression {
    bram_mat x, y;  /* target rows of all segments x inputs, x units; in scratch memory */
    bram_mat input; /* 2 x inputs: mean, scale; on the heap, also after a failure */
} bram_regression;

/**
 * Gathers the training rows.
 *
 * @param who  the model, for messages
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE without inputs or two rows; BRAM_ESHAPE; BRAM_ENUMERIC;
 *         BRAM_ENOMEM
 */
int bram_regression_rows(bram_ctx *cx, bram_regression *r, const bram_panel *train, bool zscore,
                         const char *who) BRAM_MUST_CHECK;

/** Contiguous inner folds of the rows, as many as there are rows at most; for bram_free. */
int bram_regression_folds(bram_ctx *cx, bram_fold **fold, size_t *folds,
                          const bram_regression *r) BRAM_MUST_CHECK;

/** The inputs of the target rows of a segment, scaled; in scratch memory. */
int bram_regression_inputs(bram_ctx *cx, bram_mat *x, const bram_mat *input,
                           const bram_segment *g) BRAM_MUST_CHECK;

/** mean (row x unit) as an answer: a new response of the rows of the segment, all zero. */
int bram_regression_answer(bram_ctx *cx, bram_response **out, const bram_query *q, size_t inputs,
                           size_t units) BRAM_MUST_CHECK;

/**
 * How a penalty was chosen, as a table for the model's state: rows penalty, r2, chosen; a column a
 * penalty. r2: 1 - the squared error of the inner folds / variance of the training rows, mean over
 * units that vary; chosen: the share of units with this penalty.
 *
 * @param score  folds x penalties x units, BRAM_RIDGE_L2
 * @param alpha  of each unit
 */
int bram_regression_path(bram_ctx *cx, bram_mat *path, const double *grid, size_t penalties,
                         const double *score, size_t folds, const double *alpha,
                         const bram_mat *y) BRAM_MUST_CHECK;

/** Adds it to an answer: `path` (penalty x measure), nothing for fewer than two penalties. */
int bram_regression_put_path(bram_ctx *cx, bram_dataset *out, const bram_mat *path) BRAM_MUST_CHECK;

#endif
