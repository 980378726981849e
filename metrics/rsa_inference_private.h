/*
 * rsa_inference_private.h - what the files of an inference share: one inference in progress.
 */
#ifndef BRAMBLE_METRICS_RSA_INFERENCE_PRIVATE_H
#define BRAMBLE_METRICS_RSA_INFERENCE_PRIVATE_H

#include "rsa_inference.h"
#include "moments.h"
#include "rsa_stage.h"

/** What is drawn in a sample: its ways are kind x repeat, kind by kind. */
enum { BRAM_RSA_AS_DRAWN, BRAM_RSA_ONLY_SUBJECTS, BRAM_RSA_ONLY_CONDITIONS, BRAM_RSA_KINDS };

typedef struct bram_rsa_inference {
    const bram_rsa_design *design;
    bram_rsa_result *r;
    size_t kinds, repeats; /* kinds: all of the above for dual, else 1; repeats: of fitted models */
    bram_rdm_set *models, *subjects;
    bram_rsa_sides sides;
    bram_rsa_stage whole; /* all conditions once */
    bool *valid;          /* of each sample: the values of all models are defined */
} bram_rsa_inference;

static inline bool bram_rsa_draws_conditions(const bram_rsa_design *d)
{
    return d->resampling >= BRAM_RSA_CONDITIONS;
}

static inline bool bram_rsa_draws_subjects(const bram_rsa_design *d)
{
    return d->resampling == BRAM_RSA_SUBJECTS || d->resampling >= BRAM_RSA_BOTH;
}

/* ---- rsa_draws.c ---- */

/** Values, ceilings and evaluations of the data themselves, into the result. */
int bram_rsa_evaluate_data(bram_ctx *cx, bram_rsa_inference *f) BRAM_MUST_CHECK;

/** A sample's rows of the result's draws; a task of bram_parallel_for. */
int bram_rsa_evaluate_sample(bram_ctx *cx, size_t sample, void *inference) BRAM_MUST_CHECK;

/* ---- rsa_variance.c ---- */

/** The result's degrees of freedom, variances and mean draws; which samples are valid. */
void bram_rsa_find_variances(bram_rsa_inference *f);

/** The mean over the subjects of each group of a row of values, one for each group. */
void bram_rsa_group_means(double *mean, const double *values, size_t n, const bram_groups *groups);

#endif
