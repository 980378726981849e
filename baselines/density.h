/*
 * density.h - Gaussian one-step predictive densities, for any model that gives one-step means.
 *
 * The model holds one residual variance for each unit: the mean squared one-step error over its
 * training rows. Given the past, the value y of a unit is then N(mean, variance), and
 *   log p(y | past) = -(log(2 pi variance) + (y - mean)^2 / variance) / 2      in nats.
 * A unit whose residuals are all zero (constant, or never seen) has no density: it is masked.
 *
 * Outside models tell the parameters of their densities instead, so that they need not see the
 * value and a density cannot but sum to one: bram_density_families.
 */
#ifndef BRAMBLE_BASELINES_DENSITY_H
#define BRAMBLE_BASELINES_DENSITY_H

#include <bramble/model.h>

/** Fills mean (target rows x units) with the one-step means of one segment. */
typedef int bram_step_fn(bram_ctx *cx, const void *model, bram_mat *mean, const bram_segment *s);

/**
 * Residual variance of each unit, on the heap: mean squared error over its present target rows.
 *
 * @param skip  rows at the start of each segment that have too little past to count; they do count
 *              where there are no others
 * @return BRAM_OK; BRAM_ENUMERIC; BRAM_ENOMEM; errors of step
 */
int bram_density_fit(bram_ctx *cx, double **variance, const bram_panel *train, size_t skip,
                     bram_step_fn *step, const void *model) BRAM_MUST_CHECK;

/** Answers BRAM_ASK_LOGLIK: "logdensity" of the target rows, masked where y or the density is not
 * there. */
int bram_density_answer(bram_ctx *cx, const bram_query *query, const double *variance,
                        bram_step_fn *step, const void *model, bram_dataset *out) BRAM_MUST_CHECK;

/** Fills mean and variance (target rows x units each) of one segment. */
typedef int bram_density_fn(bram_ctx *cx, const void *model, bram_mat *mean, bram_mat *variance,
                            const bram_segment *s);

/** The same of a model that gives a variance for each value. */
int bram_density_answer_each(bram_ctx *cx, const bram_query *query, bram_density_fn *density,
                             const void *model, bram_dataset *out) BRAM_MUST_CHECK;

/** A family of densities by the arrays that hold its parameters. */
typedef struct bram_density_family {
    const char *first, *second; /* second: NULL for none */
    /** Nats; NaN where there is no such density or value. */
    double (*log_density)(double y, double first, double second);
} bram_density_family;

/** mean and sd: normal; rate: Poisson; probability: of a 1. Ends with a NULL name. */
extern const bram_density_family bram_density_families[];

#endif
