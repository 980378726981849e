/*
 * calibrate.h - scores on any scale to probabilities, by pairs whose answer is known.
 */
#ifndef BRAMBLE_BENCHMARKS_CALIBRATE_H
#define BRAMBLE_BENCHMARKS_CALIBRATE_H

#include <bramble/context.h>

/** A step function that does not fall: scores from `from[k]` up to the next have `probability[k]`;
 *  lower ones that of the first. In scratch memory. */
typedef struct bram_calibration {
    size_t steps;
    double *from, *probability;
} bram_calibration;

/**
 * Isotonic regression of the answers on the scores (pool adjacent violators: Ayer et al. 1955; for
 * probabilities: Zadrozny & Elkan 2002). Each step counts one pair more that is as often an edge as
 * all pairs are, so that no probability is 0 or 1 (the m-estimate, m = 1, Cestnik 1990); steps that
 * this puts out of order are pooled again. Depends on the order of the scores alone.
 *
 * @param edge  1 or 0, of each score
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no pairs, or all alike; BRAM_ENOMEM
 */
int bram_calibration_fit(bram_ctx *cx, bram_calibration *out, const double *score,
                         const double *edge, size_t count) BRAM_MUST_CHECK;

double bram_calibrated(const bram_calibration *c, double score);

#endif
