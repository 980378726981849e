/*
 * reliability.h - how reliable the mean responses of units over repeats are.
 */
#ifndef BRAMBLE_BENCHMARKS_RELIABILITY_H
#define BRAMBLE_BENCHMARKS_RELIABILITY_H

#include "area.h"

/**
 * Spearman-Brown reliability of each unit: the Pearson correlation r over stimuli between the means
 * of odd and of even repeats, r' = 2 r / (1 + r), the share of the variance of the mean over all
 * repeats that is signal. Stimuli that lack a half are left out. NaN where r is not defined or is
 * -1; negative values stay as they are.
 *
 * @param out    units of the area
 * @param draw   draws x units, or NULL: the same under the stimuli of each bootstrap draw of this
 *               stream, with the repeats cut into random halves. Not bootstrapped over repeats: one
 *               repeat in both halves would make them alike
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE below two repeats; BRAM_ENOMEM
 */
int bram_area_reliability(bram_ctx *cx, double *out, double *draw, size_t draws, const bram_area *a,
                          uint64_t seed, const char *stream) BRAM_MUST_CHECK;

#endif
