/*
 * noise.h - the covariance of noise between channels, its inverse, and that of conditions.
 *
 * Sources: Ledoit & Wolf 2004 (shrinkage_eye); Schaefer & Strimmer 2005 (shrinkage_diag); Walther
 * et al. 2016 (noise normalization); Diedrichsen et al. 2016 (conditions).
 */
#ifndef BRAMBLE_METRICS_NOISE_H
#define BRAMBLE_METRICS_NOISE_H

#include "rdm.h"

typedef enum bram_noise_method {
    BRAM_NOISE_FULL,                /* E'E / dof */
    BRAM_NOISE_DIAG,                /* its diagonal */
    BRAM_NOISE_SHRINKAGE_EYE,       /* towards the mean variance times the identity */
    BRAM_NOISE_SHRINKAGE_DIAG,      /* correlations towards 0, variances as they are */
    BRAM_NOISE_SHRINKAGE_RSATOOLBOX /* the same with the weight that rsatoolbox 0.3 gives */
} bram_noise_method;

/** @return in out the method of this name ("full", "diag", "shrinkage_eye", "shrinkage_diag",
 *          "shrinkage_rsatoolbox"); false: there is none */
bool bram_noise_method_find(bram_noise_method *out, const char *name);

/**
 * The covariance of residuals. Columns are centred first, always.
 *
 * Cost: one product of rows x channels with itself; the shrinkage weights take rows x channels.
 *
 * @param out        channels x channels, the caller's; untouched on failure
 * @param shrinkage  receives the weight of the target in [0, 1] (0 for full, 1 for diag); may be
 * NULL
 * @param residuals  rows x channels, finite, 2 rows or more
 * @param dof        what sums of squares are divided by; 0: rows - 1
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC for a value that is not finite, or (shrinkage_diag) a
 *         channel that does not vary; BRAM_ENOMEM
 */
int bram_noise_covariance(bram_ctx *cx, bram_mat *out, double *shrinkage, const bram_mat *residuals,
                          bram_noise_method method, double dof) BRAM_MUST_CHECK;

/**
 * Residuals of repeated measurements: rows less the mean of their condition.
 *
 * @param out        rows x channels, the caller's
 * @param dof        rows - conditions
 * @param condition  of each row, 0 .. conditions - 1
 * @return BRAM_OK; BRAM_ESHAPE when no condition has two rows; BRAM_ENOMEM
 */
int bram_noise_residuals(bram_ctx *cx, bram_mat *out, double *dof, const bram_mat *x,
                         const uint32_t *condition, size_t conditions) BRAM_MUST_CHECK;

/**
 * The inverse of a covariance, in place, symmetric to the last bit.
 *
 * @return BRAM_OK; BRAM_ENUMERIC when it is not positive definite, rounding allowed for (full
 *         with fewer rows than channels); BRAM_ENOMEM
 */
int bram_noise_invert(bram_ctx *cx, bram_mat *covariance) BRAM_MUST_CHECK;

/**
 * The covariance of condition means between folds, sigma_k of whitened comparison: the sum over
 * folds of (U_f - Ubar) P (U_f - Ubar)' / channels, over the number of folds that have both
 * conditions less 1. Conditions never in one fold together, or once only: 0.
 *
 * @param out        conditions x conditions, the caller's; untouched on failure
 * @param side       rows x channels, nothing missing
 * @param design     with folds
 * @param precision  NULL: the identity
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_noise_conditions(bram_ctx *cx, bram_mat *out, const bram_side *side,
                          const bram_rdm_design *design, const bram_mat *precision) BRAM_MUST_CHECK;

#endif
