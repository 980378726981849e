/*
 * rsa_model.h - models of RDMs with parameters: fitted to some subjects and conditions, they
 * predict an RDM over all.
 */
#ifndef BRAMBLE_METRICS_RSA_MODEL_H
#define BRAMBLE_METRICS_RSA_MODEL_H

#include "rdm_compare.h"

typedef enum bram_rsa_model_kind {
    BRAM_RSA_MODEL_FIXED,      /* the mean of its RDMs (mostly one): nothing is fitted */
    BRAM_RSA_MODEL_SELECT,     /* the one RDM with the highest mean comparison */
    BRAM_RSA_MODEL_FREE,       /* sum theta_i RDM_i, any theta */
    BRAM_RSA_MODEL_WEIGHTED,   /* the same, theta >= 0 */
    BRAM_RSA_MODEL_INTERPOLATE /* w RDM_i + (1 - w) RDM_(i+1): a point on the chain of its RDMs */
} bram_rsa_model_kind;

typedef struct bram_rsa_model {
    bram_rsa_model_kind kind;
    bram_mat basis; /* RDMs x pairs; a view */
    double ridge;   /* of free and weighted: added to the diagonal of the normal equations */
} bram_rsa_model;

/** What a model is fitted to. */
typedef struct bram_rsa_target {
    bram_rdm_measure measure;
    bram_mat subjects;   /* RDMs x pairs */
    size_t n;            /* conditions */
    const double *share; /* how often each subject counts; NULL: once */
    const double *times; /* multiplicities of conditions; NULL: ones */
} bram_rsa_target;

/**
 * Fits a model.
 *
 * free and weighted solve (X W X' + ridge) theta = X W y, X the RDMs of the basis and y the best
 * pool (rdm_pool.h), both as the measure sees them, W the inner product of the measure: without a
 * ridge theta is that with the highest mean comparison with the subjects. Measures of ranks are
 * fitted as corr. weighted finds the non-negative solution by active sets (Bro & de Jong 1997).
 * |theta| = 1. interpolate searches every link of the chain by golden sections; where several
 * maxima are, it finds one of them.
 *
 * @param theta  as many as the basis has RDMs; fixed: 1 / count each; select: 1 for the one;
 * interpolate: w and 1 - w
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC: the RDMs of the basis depend on each other (free);
 *         BRAM_ENOTAPPLICABLE: no comparison is defined, or a measure that is no inner product
 * (free, weighted with bures, neg_riem_dist); what bram_rdm_sets_compare returns
 */
int bram_rsa_model_fit(bram_ctx *cx, double *theta, const bram_rsa_model *model,
                       const bram_rsa_target *target) BRAM_MUST_CHECK;

/** out = sum theta_i RDM_i. */
void bram_rsa_model_predict(double *out, const bram_rsa_model *model, const double *theta);

/**
 * Non-negative least squares from the normal equations: theta >= 0 minimising theta'A theta / 2 -
 * b'theta, A symmetric and positive semidefinite.
 *
 * @return BRAM_OK; BRAM_ENUMERIC after 30 k steps; BRAM_ENOMEM
 */
int bram_nnls(bram_ctx *cx, double *theta, const bram_mat *a, const double *b) BRAM_MUST_CHECK;

#endif
