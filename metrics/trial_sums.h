/*
 * trial_sums.h - sums over single trials by resampling group and unit, from which scores of a
 * prediction on trials follow.
 *
 * Trials are the repeats of the brain's rows (bram_side.repeats); without them each row is a trial.
 * Values of a unit enter relative to its mean over trials, so that large offsets do no harm. A
 * bootstrap draw costs groups x units.
 */
#ifndef BRAMBLE_METRICS_TRIAL_SUMS_H
#define BRAMBLE_METRICS_TRIAL_SUMS_H

#include <bramble/metric.h>

/** Of one unit, over groups under weights. m: the prediction of the trial's row, y: the trial. */
typedef struct bram_trial_total {
    double n, y, yy, m, mm, my, error; /* trials; sums; sum of (m - y)^2 */
    double noise, repeated; /* rows of two trials or more: sum of their variances (over n - 1); how
                               many */
} bram_trial_total;

typedef struct bram_trial_sums bram_trial_sums;

/**
 * @param c  model and brain as bram_side
 * @return BRAM_OK; BRAM_ESHAPE: other shapes, no rows or units, or repeats of which no row has two;
 *         BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_trial_sums_new(bram_ctx *cx, bram_trial_sums **out,
                        const bram_comparison *c) BRAM_MUST_CHECK;
void bram_trial_sums_free(void *sums);

size_t bram_trial_sums_units(const bram_trial_sums *s);

/** Whether the brain has repeats; without, nothing is known of its noise and `noise` is 0. */
bool bram_trial_sums_repeated(const bram_trial_sums *s);

/**
 * Raw values by a formula on the totals of each unit that has trials; NaN for the others.
 *
 * @param weight  one number a group; NULL: ones
 */
int bram_trial_sums_map(bram_ctx *cx, double *raw, const bram_trial_sums *s, const double *weight,
                        double (*formula)(const bram_trial_total *, double, double), double a,
                        double b) BRAM_MUST_CHECK;

#endif
