/*
 * emission.h - what is seen of a state: the emissions of the hidden Markov models (core/hmm_em.h),
 * and what a baseline asks of them beside fitting.
 *
 * An emission is one file: a table entry with its functions. y is rows x N units; the numbers of a
 * state are stated in each file. Missing values are left out exactly (their density is integrated
 * out), unless a file says otherwise.
 */
#ifndef BRAMBLE_BASELINES_EMISSION_H
#define BRAMBLE_BASELINES_EMISSION_H

#include "hmm_em.h"

typedef struct bram_observation bram_observation;

typedef struct bram_emission_kind {
    const char *name;
    bool clusters; /* see bram_emission */

    /** Whether a value can be one at all (a count, a class); what is not is missing in answers and
     *  an error in fits. NULL: every finite number. */
    bool (*valid)(const bram_observation *o, double value);
    const char *values; /* what valid values are, for messages */

    size_t (*per_state)(const bram_observation *o);
    int (*loglik)(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l);
    int (*maximize)(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior);
    int (*log_prior)(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, double *value);
    int (*scatter)(bram_ctx *cx, const bram_emission *e, bram_hmm *m, bram_rng *g);

    /** out is count x (K N), for rows first ..: the expected value of each unit in each state,
     * given the rows before it (whose values are in d) and its covariates. */
    int (*mean)(bram_ctx *cx, const bram_observation *o, const bram_hmm *m, const bram_hmm_data *d,
                size_t sequence, size_t first, bram_mat *out);

    /** Of the same shape: the log density of each unit's value in each state, given the rows before
     *  it and the units before it in its row; of missing values not defined. */
    int (*density)(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                   const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out);

    /** As mean, but given also the present values of the row itself; NULL: they tell nothing more
     *  than the state does. */
    int (*given)(bram_ctx *cx, const bram_observation *o, const bram_hmm *m, const bram_hmm_data *d,
                 size_t sequence, size_t first, bram_mat *out);
} bram_emission_kind;

struct bram_observation {
    bram_emission e; /* e.self points here */
    const bram_emission_kind *kind;
    size_t units, covariates, lags, classes;
    bool intercept;          /* categorical: besides the covariates */
    double prior;            /* Gaussian family: rows of prior, see emission_gaussian.c */
    double sigma;            /* GLM: standard deviation of the prior of the weights; 0: flat */
    double dof;              /* Student-t: degrees of freedom; 0: fitted */
    double jitter;           /* as ssm adds it: 1 for yes. 1e-16 to rates, 1e-8 to variances */
    double *mean, *variance; /* of each unit over the training rows; variance above 0 */
};

extern const bram_emission_kind bram_emission_poisson, bram_emission_bernoulli,
    bram_emission_gaussian, bram_emission_gaussian_full, bram_emission_student, bram_emission_ar,
    bram_emission_categorical;

/**
 * An emission for data of this shape. What stands in `like` beside kind and sizes is kept; mean and
 * variance are zeros, for bram_observation_describe or the caller to fill in.
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_observation_new(bram_ctx *cx, bram_observation **out,
                         const bram_observation *like) BRAM_MUST_CHECK;

/** Means and variances of the units over their present rows; a constant unit has variance 1. */
void bram_observation_describe(bram_observation *o, const bram_hmm_data *d);
void bram_observation_free(bram_observation *o);

/**
 * Rows first .. first + count - 1 of y: a view where all is there; else a copy in scratch memory
 * with 0 for what is missing, and `there` with 1 and 0 (there->data is NULL for the view).
 */
int bram_emission_block(bram_ctx *cx, bram_mat *y, bram_mat *there, const bram_hmm_data *d,
                        size_t sequence, size_t first, size_t count) BRAM_MUST_CHECK;

/** The mean of emissions whose first N numbers of a state are the units' means. */
int bram_emission_mean(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                       const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out);

/** The log density, but for a constant, of the prior in emission_gaussian.c on the second N numbers
 * of each state; 0 without a prior. */
int bram_emission_variance_prior(bram_ctx *cx, const bram_emission *e, const bram_hmm *m,
                                 double *value);

/**
 * The M-step of emissions whose N numbers of a state are weighted means: (sum + more) / weight. A
 * unit without a present row in a state keeps its number.
 */
int bram_emission_weighted_means(bram_ctx *cx, bram_hmm *m, size_t units, const bram_hmm_data *d,
                                 const bram_mat *posterior, double more) BRAM_MUST_CHECK;

/**
 * The sums that emissions of independent units need: for each state and unit the weight of its
 * present rows and the weighted sum of its values.
 *
 * @param weight  K x N;  @param sum  K x N
 */
int bram_emission_moments(bram_ctx *cx, bram_mat *weight, bram_mat *sum, const bram_hmm_data *d,
                          const bram_mat *posterior, size_t states) BRAM_MUST_CHECK;

#endif
