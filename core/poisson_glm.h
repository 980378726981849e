/*
 * poisson_glm.h - Poisson regression of many targets on one design, weighted, with a Gaussian prior
 * on each coefficient.
 *
 * For each target n, with eta = design theta_n, f = link(eta) and weights g_t >= 0, maximises
 *
 *   sum over t of g_t (y_t log f_t - f_t)  -  1/2 sum over j of precision_jn (theta_jn -
 * centre_jn)^2
 *
 * (the constant log y! is left out). Its gradient is sum g_t (y_t / f_t - 1) f'_t u_t, its expected
 * information (Fisher) sum g_t f'_t^2 / f_t u_t u_t'; the observed information has
 * f'_t^2 y_t / f_t^2 - (y_t / f_t - 1) f''_t in the place of f'^2 / f. McCullagh and Nelder 1989.
 *
 * Rows whose weight is below 1e-10 are left out: with less than 1e6 rows that moves the objective
 * by less than 1e-4 nats for each nat a row has. Targets go in groups of a fixed size through
 * bram_parallel_for. All functions return BRAM_OK; BRAM_ESHAPE; BRAM_ENOMEM; BRAM_ECANCEL.
 */
#ifndef BRAMBLE_CORE_POISSON_GLM_H
#define BRAMBLE_CORE_POISSON_GLM_H

#include "link.h"

#include <bramble/context.h>
#include <bramble/matrix.h>

#include <stdbool.h>

typedef struct bram_glm {
    const bram_mat *design; /* rows x M, all finite */
    bram_mat y;             /* rows x targets, 0 or more */
    const uint8_t *present; /* as y, rows packed in present_stride; NULL: all */
    size_t present_stride;
    const double *weight; /* of row t at [t * weight_stride]; NULL: ones */
    size_t weight_stride;
    double heavy; /* rows of less weight are left out of the information (not of the others); 0:
                     none. For EM, where a nearly right step will do */
    bram_link link;
    double inside; /* see bram_link_apply; 0 */
    bool fixed;    /* the first coefficient of each target stays as it is (not with lasso) */
    const bram_mat *precision; /* M x targets; NULL: none */
    const bram_mat *centre;    /* M x targets; NULL: zeros */
} bram_glm;

typedef enum bram_information { BRAM_EXPECTED, BRAM_OBSERVED } bram_information;

/**
 * Objective, gradient and information at theta (M x targets); what is NULL is not wanted.
 *
 * @param objective    one for each target
 * @param gradient     M x targets
 * @param information  (targets M) x M, its stride M: the block of target n begins at row n M
 */
int bram_glm_evaluate(bram_ctx *cx, const bram_glm *g, const bram_mat *theta, double *objective,
                      bram_mat *gradient, bram_mat *information,
                      bram_information kind) BRAM_MUST_CHECK;

/**
 * Newton-Raphson (observed information where the link makes it positive, else Fisher scoring) with
 * steps halved until the objective of each target rises; from theta on, in place. Above
 * BRAM_GLM_NEWTON_MOST coefficients L-BFGS of all targets at once (poisson_descent.c), whose time
 * is that of 4 rows M targets operations for each of some 10 to 20 steps and rows M^2 once; a step
 * of Newton's method takes rows M^2 targets.
 *
 * @param steps      most iterations; tolerance: relative gain of the objective at which it ends
 * @param objective  of each target at the end; may be NULL
 */
enum { BRAM_GLM_NEWTON_MOST = 64 };
int bram_glm_fit(bram_ctx *cx, bram_mat *theta, double *objective, const bram_glm *g, size_t steps,
                 double tolerance) BRAM_MUST_CHECK;

/** One step of Newton's method in full, whatever becomes of the objective. For up to
 *  BRAM_GLM_NEWTON_MOST coefficients. */
int bram_glm_step(bram_ctx *cx, bram_mat *theta, const bram_glm *g) BRAM_MUST_CHECK;

/**
 * The fit with a group lasso beside the prior: minus lambda sqrt(size) |theta_group| for each group
 * of coefficients (Yuan and Lin 2006). Proximal Newton; the quadratic model is solved group by
 * group with the bound of Yang and Zou 2015.
 *
 * @param group  of each of the M coefficients, 0 .. groups - 1; -1: not in a group
 */
int bram_glm_fit_lasso(bram_ctx *cx, bram_mat *theta, const bram_glm *g, const int *group,
                       size_t groups, double lambda, size_t steps,
                       double tolerance) BRAM_MUST_CHECK;

#endif
