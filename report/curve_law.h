/*
 * curve_law.h - how sure the points of a learning curve are, and the power law through them.
 *
 * Two kinds of chance are in a point, the mean over D random subsets of one size:
 *
 *   test rows   the draws of the bootstrap, each model's and subset's moved and stretched so that
 *               their quantiles are the interval of the leaderboard (resample.h); sample k has the
 *               same rows at every size;
 *   subsets     the mean of D values v_d has the standard error sqrt(sum (v_d - v)^2 / (D (D -
 * 1))). A sample adds sum_d z_d (v_d - v) / sqrt(D (D - 1)), divided by sqrt(chi^2 / (D - 1)) with
 * z_d standard normal and chi^2 of D - 1 degrees of freedom: Student's t with that standard error,
 * exactly, whatever D. z_d and chi^2 are the same at every size, as the larger subset of a draw
 * holds the smaller.
 *
 * Resampling the subsets themselves would be too narrow by (D - 1) / D in variance, and would know
 * three values for D = 2. One subset says nothing of the spread of subsets: such a size has the
 * interval of its test rows alone. All of the data is one subset without a spread.
 *
 * The law is fitted to every sample; intervals are quantiles. tests/coverage/curve_coverage.c
 * counts how often they hold the truth. Sources: Student 1908, Biometrika 6:1; the multiplier
 * bootstrap of Wu 1986, Ann. Stat. 14:1261.
 */
#ifndef BRAMBLE_REPORT_CURVE_LAW_H
#define BRAMBLE_REPORT_CURVE_LAW_H

#include "power_law.h"

typedef struct bram_curve_data {
    size_t points, draws, samples;
    const double *amount; /* points */
    const double *value;  /* points x draws: of each subset; NaN where there is none */
    const double *test;   /* points x samples: the mean over subsets on the test rows of a sample */
    double level;
    double best; /* what no score passes (1 of a correlation, 0 of an error); NaN: nothing */
    bool higher_better;
} bram_curve_data;

typedef struct bram_curve_law {
    bram_power_law law; /* all NaN where there is none */
    double exponent_low, exponent_high, asymptote_low, asymptote_high;
    char why[96]; /* why there is no law; "" */
} bram_curve_law;

/** The mean over the subsets of a size that have a value, NaN without; how many have one. */
double bram_curve_mean(const bram_curve_data *c, size_t point, size_t *subsets);

/** points x samples: `test` with the chance of the subsets added. NaN where test is. */
void bram_curve_samples(double *sample, const bram_curve_data *c);

/** Quantiles of the defined samples; NaN for fewer than half. @return BRAM_OK; BRAM_ENOMEM */
int bram_curve_interval(bram_ctx *cx, double *low, double *high, const double *sample, size_t count,
                        double level) BRAM_MUST_CHECK;

/**
 * The law of the means, with intervals from samples (bram_curve_samples). There is none, and `why`
 * says so, of fewer than BRAM_POWER_LAW_LEAST sizes, of a flat curve, where the best exponent is at
 * a bound, where the asymptote is better than `best`, and where the interval of the exponent is all
 * that is searched. Asymptotes of samples that are better than `best` count as `best`.
 *
 * @return BRAM_OK; BRAM_ENOMEM. Time O(samples points)
 */
int bram_curve_law_fit(bram_ctx *cx, bram_curve_law *out, const bram_curve_data *c,
                       const double *sample) BRAM_MUST_CHECK;

#endif
