/*
 * stimulus_folds.h - stimuli cut into folds: what belongs together stays together.
 */
#ifndef BRAMBLE_BENCHMARKS_STIMULUS_FOLDS_H
#define BRAMBLE_BENCHMARKS_STIMULUS_FOLDS_H

#include <bramble/metric.h>

/** Columns of the axis of stimuli; "" for none. */
typedef struct bram_stimulus_split {
    size_t folds;
    uint64_t seed;
    const char *group;    /* equal values are in one fold (movie) */
    const char *stratify; /* values are spread evenly over the folds (category) */
} bram_stimulus_split;

/**
 * Stimuli in a random order that depends on the seed and their number, cut into folds of equal
 * size; or, with groups or strata, groups in such an order, each to the fold that has the fewest
 * stimuli of its stratum (then the fewest, then the first). Stimuli that the column `image` says
 * are the same image are in one fold as well. A note tells of movies (column `movie`) of which
 * frames are in several folds.
 *
 * @param out  folds that share one piece of memory: free with bram_free
 * @return BRAM_OK; BRAM_EABSENT for a column that is not there; BRAM_EUSAGE where groups share an
 *         image (naming it); BRAM_ENOTAPPLICABLE for fewer than two stimuli or one group in a fold;
 *         BRAM_ENOMEM
 */
int bram_stimulus_folds(bram_ctx *cx, bram_fold **out, const bram_axis *stimulus,
                        const bram_stimulus_split *s) BRAM_MUST_CHECK;

#endif
