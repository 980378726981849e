/*
 * trial_scores.h - scores of a prediction on single trials and their limits, unit by unit, as
 * Sensorium and neuralpredictors define them; and scores normalized by a ceiling, by rules that the
 * field knows by name.
 *
 * Sources: Cadena et al. 2019 and Franke et al. 2022 (FEV, FEVe, correlations); Walker et al. 2019
 * (oracles); Brain-Score (rules); Gifford et al. 2023 (Algonauts, noise-normalized percent).
 */
#ifndef BRAMBLE_METRICS_TRIAL_SCORES_H
#define BRAMBLE_METRICS_TRIAL_SCORES_H

#include "reliability_units.h"

typedef struct bram_trial_options {
    double threshold; /* units with a smaller fev have no feve (Sensorium: 0.15) */
    double epsilon; /* added to each standard deviation (over n) of a correlation, for numbers equal
                       to those of neuralpredictors and Sensorium: 1e-8. 0: r as it is */
} bram_trial_options;

/** One number a unit, NaN where it is not defined. */
typedef struct bram_trial_limits {
    double *fev; /* (variance of all trials - noise) / variance, noise the mean over conditions with
                    two trials or more of their variance; all over n - 1 */
    double *oracle_jackknife; /* r over trials of each with the mean of the others of its condition;
                                 conditions of one trial are left out */
    double *oracle_conservative; /* sqrt(m / (m + s)): m the variance over conditions of their
                                    means, s the mean over conditions of the variance over trials,
                                    both over n */
} bram_trial_limits;

/** @return BRAM_OK; BRAM_ESHAPE when no condition has two trials; BRAM_ENUMERIC; BRAM_ENOMEM */
int bram_trial_limits_of(bram_ctx *cx, const bram_trial_limits *out, const bram_trials *t,
                         const bram_trial_options *o) BRAM_MUST_CHECK;

typedef struct bram_trial_scores {
    double *single_trial; /* r over all trials */
    double *to_average;   /* r over conditions with their means */
    double *feve; /* 1 - (MSE - noise) / (variance - noise) over all trials: fev's terms; NaN where
                     fev is below the threshold */
} bram_trial_scores;

/**
 * @param prediction  conditions x units, finite
 * @return as bram_trial_limits_of; BRAM_ESHAPE for another shape
 */
int bram_trial_scores_of(bram_ctx *cx, const bram_trial_scores *out, const bram_trials *t,
                         const bram_mat *prediction, const bram_trial_options *o) BRAM_MUST_CHECK;

/**
 * Correlation over conditions between the means of two given halves of the trials, over the
 * conditions that have both: the splits of other tools, from their stored lists.
 *
 * @param half  of each trial: 1 or 2; anything else: in neither
 * @param r     units; NaN for fewer than 2 conditions or a half that does not vary
 * @param full  units: 2 r / (1 + r) (Spearman-Brown), negative as it comes; NaN at its pole. May be
 *              NULL
 */
int bram_given_halves(bram_ctx *cx, double *r, double *full, const bram_trials *t,
                      const uint8_t *half) BRAM_MUST_CHECK;

/** How a score r is held against how reliable the recording is. */
typedef enum bram_rule {
    BRAM_RULE_RATIO,               /* ratio: score / ceiling */
    BRAM_RULE_NONE,                /* none: the score */
    BRAM_RULE_R2_OVER_RELIABILITY, /* score^2 / reliability, of the summaries over units
                                      (Brain-Score since December 2025) */
    BRAM_RULE_SQUARED_RATIO,       /* (score / reliability)^2 (Brain-Score before) */
    BRAM_RULE_UNITWISE,            /* unitwise_r2_over_reliability: mean over units of r^2 / c */
    BRAM_RULE_R_OVER_ROOT,         /* r_over_sqrt_reliability: mean over units of r / sqrt(c) */
    BRAM_RULE_NC_PERCENT           /* nc_percent: median over units of min(100, 100 max(r, 0)^2 /
                                      NC) (Algonauts 2023) */
} bram_rule;

/** @return whether there is a rule of this name, then in out */
bool bram_rule_find(bram_rule *out, const char *name);
const char *bram_rule_name(bram_rule rule);

/** What a rule is applied to. */
typedef struct bram_rule_input {
    double score; /* summary over units (Brain-Score: median over units, mean over splits) */
    double
        ceiling; /* of it: the same summary of reliabilities (ratio: what a perfect model gets) */
    const double *r,
        *reliability; /* of each unit, for the unitwise rules; nc_percent: NC, a share */
    size_t units;
} bram_rule_input;

/**
 * @param out       NaN where nothing is left, or the ceiling is not positive. Never capped, but for
 *                  nc_percent
 * @param left_out  receives how many units had no r or no positive reliability, by the unitwise
 *                  rules; 0 by the others. nc_percent counts a unit of NC 0 as NC 1e-14, as the
 *                  challenge did. May be NULL
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_normalized(bram_ctx *cx, double *out, size_t *left_out, bram_rule rule,
                    const bram_rule_input *in) BRAM_MUST_CHECK;

/** The noise ceiling of the mean over repeats from the noise-ceiling signal-to-noise ratio, with
 *  3, 2 and 1 repeats of so many images: s^2 / (s^2 + T), T = (n3 / 3 + n2 / 2 + n1) / (n3 + n2 +
 *  n1). Source: Allen et al. 2022. */
double bram_noise_ceiling(double ncsnr, const double images[3]);

/** The variance of the mean over J random splits, which overlap: that of the splits (over n -
 *  1) times 1 / J + test / train. NaN for fewer than 2. Source: Nadeau & Bengio 2003. */
double bram_corrected_variance(const double *split, size_t splits, double test_over_train);

#endif
