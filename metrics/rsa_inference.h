/*
 * rsa_inference.h - how well models explain the RDMs of several subjects, how sure that is, and how
 * well any model could do.
 *
 * A model's value is its mean comparison with the subjects. Beside it stand the ceilings: each
 * subject against the pool of the others (lower) and of all (upper; with S subjects of nothing but
 * noise about 1 / sqrt(S), `noise`). Variances come from subjects (fixed), or from bootstrap
 * samples of subjects, conditions or both, in which values and ceilings are computed anew: a
 * condition drawn several times stands for several conditions, whose pairs with each other are left
 * out. Samples depend on (seed, sample) alone and are the same for all models, so that differences
 * are paired.
 *
 * Sampling both at once counts the noise of measurement twice. `dual` computes each sample three
 * ways - both, subjects alone, conditions alone - and corrects the variances of values, of
 * differences and of distances to the ceilings (bram_dual_variance in resample.h).
 *
 * Subjects, and conditions, may come in groups (animals with several sessions, images of an
 * object). Then groups are drawn, left out by lower ceilings and dealt to folds as a whole, and n
 * below is their number. Values and ceilings stay means over subjects. Signed ranks take the mean
 * of each group: its members are no independent observations. Without draws the variance is that of
 * the sums of groups (rsa_variance.c).
 *
 * Tests, from the variances by Student's t with n - 1 degrees of freedom (n subjects, conditions,
 * or the fewer of both): each model against zero (one-sided), each pair, each model against the
 * lower ceiling (two-sided); from the draws of a bootstrap of one kind likewise, the observed
 * sample counting as a draw; and by the signed ranks of subjects (Wilcoxon 1945). Each family of
 * tests - zero, pairs, ceiling - is adjusted by itself, by Holm's and by Benjamini and Hochberg's
 * procedures.
 *
 * Models with parameters (`fitted`) are cross-validated: fitted to some subjects and conditions,
 * compared on others (rsa_crossval.h), by folds drawn at random, in the data and in every sample
 * anew, `repeats` times each. With V_m the variance of the mean over repeats and V_1 that of a
 * single one, the variance without the noise of the assignment to folds is (repeats V_m - V_1) /
 * (repeats - 1); dual takes each of its three ways so. Without draws cross-validation has no
 * variance.
 *
 * Zero is chance for measures that centre (corr, spearman, tau ...), and for cosines of
 * cross-validated distances alone; elsewhere the test against zero says nothing and is NaN.
 *
 * Sources: Nili et al. 2014; Schuett, Kipnis, Diedrichsen & Kriegeskorte 2023 (eLife 12:e82566).
 */
#ifndef BRAMBLE_METRICS_RSA_INFERENCE_H
#define BRAMBLE_METRICS_RSA_INFERENCE_H

#include "rdm_compare.h"
#include "rdm_pool.h"
#include "rsa_model.h"

#include <bramble/metric.h>

typedef enum bram_rsa_resampling {
    BRAM_RSA_FIXED, /* no draws: variances over subjects */
    BRAM_RSA_SUBJECTS,
    BRAM_RSA_CONDITIONS,
    BRAM_RSA_BOTH,
    BRAM_RSA_DUAL
} bram_rsa_resampling;

typedef struct bram_rsa_design {
    bram_rdm_measure measure;
    size_t n;                  /* conditions */
    bram_mat models, subjects; /* RDMs x pairs */
    bram_rdm_pooling pooling;  /* of ceilings */
    bram_rsa_resampling resampling;
    size_t samples;
    uint64_t seed;
    double level;        /* of intervals: 0.95 */
    bool crossvalidated; /* distances are unbiased: 0 is chance for cosines, too */
    /* What is drawn as one, none of them empty; group NULL: each subject, each condition. */
    bram_groups subject_groups, condition_groups;
    /* Multiplicities of groups drawn elsewhere, samples x groups of each; NULL: drawn here. */
    const uint32_t *condition_draw, *subject_draw;
    /* Models with parameters; `models` does not count then. */
    const bram_rsa_model *fitted;
    size_t fitted_count;
    size_t subject_folds, condition_folds; /* 0: as many as suit 0.632 of the groups
                                              (rsa_crossval.h) */
    size_t repeats;                        /* 2 or more with draws */
} bram_rsa_design;

/** p-values of a family of tests, and adjusted ones. NaN where there is no such test. */
typedef struct bram_rsa_tests {
    double *t, *t_holm, *t_fdr;                         /* by Student's t */
    double *bootstrap, *bootstrap_holm, *bootstrap_fdr; /* from draws */
    double *rank, *rank_holm, *rank_fdr;                /* by signed ranks of subjects */
    size_t count;
} bram_rsa_tests;

/** Everything an inference gives; a figure needs no more. Arrays are on the heap. */
typedef struct bram_rsa_result {
    size_t models, subjects, conditions, pairs_left;
    size_t subject_units, condition_units; /* groups, or as many as there are of them */
    double *evaluation;                    /* models x subjects: of the data themselves */
    double *subject_lower, *subject_upper; /* of each subject */
    double *value;                         /* models */
    double lower, upper, noise;            /* ceilings; 1 / sqrt(subjects) */
    double lower_low, lower_high, upper_low, upper_high; /* their intervals */
    size_t samples, valid, ways; /* ways: 3 for dual (both, subjects, conditions), else 1; times
                                    the repeats of fitted models */
    double *draw;                /* samples x ways x (models + 2): values, lower, upper */
    double *draw_mean;           /* models + 2: of the valid draws, first way */
    double dof;
    double *variance;         /* models */
    double *pair_variance;    /* models x models: of the difference of two */
    double *ceiling_variance; /* models x 2: of the distance to lower and upper
                                             (fixed: of the value, as if ceilings were known) */
    double lower_variance, upper_variance;
    double *sem, *low, *high;                 /* models: value +- t quantile of sem */
    double *percentile_low, *percentile_high; /* models: of the draws; NaN without (and for dual) */
    bram_rsa_tests zero, pair, ceiling;       /* models; pairs i < j row by row; models */
} bram_rsa_result;

/**
 * @return BRAM_OK; BRAM_ESHAPE: no model, no subject, other numbers of pairs, an empty group;
 *         BRAM_ENOTAPPLICABLE: fewer than 2 subjects (or groups of them) to draw, or than 3
 *         conditions (2 groups); BRAM_EUSAGE: no
 *         samples, a level outside (0, 1); BRAM_ECANCEL; what bram_rdm_sets_compare returns. With
 * one subject, fixed gives values without variances.
 */
int bram_rsa_infer(bram_ctx *cx, bram_rsa_result **out,
                   const bram_rsa_design *design) BRAM_MUST_CHECK;
void bram_rsa_result_free(bram_rsa_result *r);

/* ---- the pieces, for other designs --------------------------------------------------------------
 */

/** Upper tail of Student's t of value / sqrt(variance), the variance at least 2.2e-16; two-sided:
 * of both tails. NaN for a value or variance that is NaN, or df < 1. */
double bram_rsa_t_test(double value, double variance, double dof, bool two_sided);

/**
 * Wilcoxon's signed-rank test of n values against 0, two-sided. Zeros leave; exact up to 50 values
 * without ties, beyond by the normal approximation with correction for ties and continuity.
 *
 * @return BRAM_OK with NaN when no value is left; BRAM_ENOMEM
 */
int bram_rsa_signed_rank(bram_ctx *cx, double *p, const double *x, size_t n) BRAM_MUST_CHECK;

/**
 * p of "not above 0" from bootstrap draws: (k + 1) / (n + 1), k of them <= 0. NaN draws are left
 * out.
 */
double bram_rsa_bootstrap_above(const double *draws, size_t n);

/** rsatoolbox's p-values from draws, for numbers published with them: (k + 1) / n against zero, and
 *  2 min(q, 1 - q) (n - 1) / n + 1 / n for a pair, q the share of draws with a > b among those that
 *  differ. */
double bram_rsa_bootstrap_above_compat(const double *draws, size_t n);
double bram_rsa_bootstrap_pair_compat(const double *a, const double *b, size_t n);

#endif
