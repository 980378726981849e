/*
 * rdm_job.h - what `bramble rdm` works on: responses with their conditions, folds and subjects, the
 * estimator, the noise, and the RDMs that come out.
 */
#ifndef BRAMBLE_CLI_RDM_JOB_H
#define BRAMBLE_CLI_RDM_JOB_H

#include "matrix_file.h"
#include "noise.h"
#include "rdm.h"

enum {
    BRAM_RDM_CONDITIONS,
    BRAM_RDM_FOLDS,
    BRAM_RDM_SUBJECTS,
    BRAM_RDM_DROPPED, /* from here on: columns that are neither labels nor channels */
    BRAM_RDM_LABELS = BRAM_RDM_DROPPED + 16
};

/** Where the noise precision comes from. */
typedef enum bram_rdm_noise_source {
    BRAM_RDM_NO_NOISE,
    BRAM_RDM_NOISE_PRECISION, /* a file holds it */
    BRAM_RDM_NOISE_RESIDUALS, /* the covariance of a file of residuals */
    BRAM_RDM_NOISE_REPEATS    /* that of the rows about the means of their conditions */
} bram_rdm_noise_source;

typedef struct bram_rdm_job {
    bram_cli_matrix m;
    bram_cli_labels label[BRAM_RDM_LABELS]; /* conditions, folds, subjects of the rows */
    bool by_channel;                        /* the subjects are those of channels, not of rows */
    bram_rdm_options options;
    bram_rdm_noise_source source;
    bram_noise_method method;
    double dof;                     /* 0: what the source leaves */
    bram_cli_matrix noise;          /* precision(s) one below the other, or residuals */
    bram_cli_labels noise_label[2]; /* residuals: folds, subjects */

    size_t conditions, subjects; /* of all: an RDM a subject over all conditions */
    double *rdm;                 /* subjects x pairs; NaN where undefined or not measured */
    char unit[192];              /* of the dissimilarities, and what was done to them */
    bool wants_covariance;
    double
        *covariance;   /* conditions x conditions between folds (sigma_k), if wanted; one subject */
    double *shrinkage; /* of each subject (mean over its folds); NaN without */
    size_t undefined;
} bram_rdm_job;

/** Reads what the command line names. @return as its parts; BRAM_EUSAGE for what does not fit */
int bram_rdm_job_read(bram_ctx *cx, bram_rdm_job *job, const bram_cli_args *args) BRAM_MUST_CHECK;

/** Makes the RDMs. */
int bram_rdm_job_run(bram_ctx *cx, bram_rdm_job *job) BRAM_MUST_CHECK;

/** The RDMs become one: `how` is plain, evidence, setsize or simple (rdm_partial.h). */
int bram_rdm_job_mean(bram_ctx *cx, bram_rdm_job *job, const char *how) BRAM_MUST_CHECK;

/** Counts the undefined pairs and tells them by a note. */
int bram_rdm_job_tell(bram_ctx *cx, bram_rdm_job *job) BRAM_MUST_CHECK;
void bram_rdm_job_release(bram_rdm_job *job);

/** @return the name of a condition, made in the buffer when it has none ("3", counted from 1) */
const char *bram_rdm_job_condition(const bram_rdm_job *job, size_t i, char buffer[24]);
const char *bram_rdm_job_subject(const bram_rdm_job *job, size_t s);

#endif
