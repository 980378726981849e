/*
 * reliability_units.h - how reliable repeated responses are, unit by unit, and what a perfect model
 * could score on them.
 *
 * Rows are trials (or subjects' responses), columns units; labels say which condition a row is of.
 * Formulas are in the .c file. Sources: Spearman 1910; Brown 1910; Sahani & Linden 2003; Schoppe et
 * al. 2016 (CC_norm); Allen et al. 2022 (ncsnr); Cadena et al. 2019 (FEVE); Nili et al. 2014
 * (ceilings over subjects).
 */
#ifndef BRAMBLE_METRICS_RELIABILITY_UNITS_H
#define BRAMBLE_METRICS_RELIABILITY_UNITS_H

#include <bramble/metric.h>

/** Trials x units with the condition of each row; a mask or none. */
typedef struct bram_trials {
    const bram_side *side;
    const uint32_t *condition; /* 0 .. conditions - 1 */
    size_t conditions;
} bram_trials;

typedef struct bram_split_options {
    size_t splits; /* random ones; 0: odd and even trials of each condition, in row order, once */
    uint64_t seed;
} bram_split_options;

/**
 * Correlation over conditions between the means of two halves of the trials, the mean over splits
 * of r; and what follows for the mean over all trials (Spearman-Brown with the factor by which that
 * has more trials, 2 where counts are even; r is averaged before it is corrected). A condition with
 * an odd number of trials loses one of them, by chance (the last where splits is 0); one with fewer
 * than two is left out.
 *
 * @param r     units; NaN for fewer than 3 conditions or a half that does not vary
 * @param full  units: reliability of the mean over all trials, NaN where the correction has a pole
 * @return BRAM_OK; BRAM_ESHAPE when no condition has two trials; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_split_half(bram_ctx *cx, double *r, double *full, const bram_trials *t,
                    const bram_split_options *o) BRAM_MUST_CHECK;

/** What of the variance over conditions is signal. Arrays of units, the caller's. */
typedef struct bram_variances {
    double *noise;    /* mean over conditions of the variance over trials (n - 1) */
    double *total;    /* variance over conditions of the mean over trials (n - 1) */
    double *signal;   /* total - noise / trials: may be negative */
    double *of_mean;  /* signal / total: explainable share of the mean over trials */
    double *of_trial; /* signal / (signal + noise): of single trials */
    double *ncsnr;    /* sqrt(signal / noise), 0 for a negative signal */
    double *ceiling;  /* 100 ncsnr^2 / (ncsnr^2 + 1 / trials), percent */
} bram_variances;

/**
 * Fills the arrays. Uneven numbers of trials: 1 / trials is the mean over conditions of it, and
 * conditions of one trial count for the total only. NaN for fewer than two conditions.
 *
 * @return as bram_split_half
 */
int bram_explainable(bram_ctx *cx, bram_variances *v, const bram_trials *t) BRAM_MUST_CHECK;

/**
 * What a prediction of each condition reaches.
 *
 * @param r          units: correlation with the mean over trials
 * @param cc_norm    units: cov(mean, prediction) / sqrt(signal power x variance of the prediction),
 *                   NaN where the signal power is not positive or trials are uneven
 * @param feve       units: 1 - (MSE - noise) / (variance - noise) over single trials, NaN where the
 *                   variance of the trials is not above the noise
 * @param prediction conditions x units, finite
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_prediction_quality(bram_ctx *cx, double *r, double *cc_norm, double *feve,
                            const bram_trials *t, const bram_mat *prediction) BRAM_MUST_CHECK;

/**
 * Correlation over conditions of each subject's mean responses with those of the others (lower) and
 * of all (upper), the mean over subjects; responses are z-scored before they are averaged. Of
 * subjects that are nothing but noise the upper bound is about 1 / sqrt(subjects).
 *
 * @param lower, upper  units; NaN with fewer than two subjects that vary or three conditions. Only
 *                      conditions that all subjects have count
 * @param subject       of each row, 0 .. subjects - 1
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 2 subjects; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_subject_ceilings(bram_ctx *cx, double *lower, double *upper, const bram_trials *t,
                          const uint32_t *subject, size_t subjects) BRAM_MUST_CHECK;

#endif
