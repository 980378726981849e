/*
 * stimulus_folds.h - stimuli cut into folds: what belongs together stays together.
 *
 * Schemes: `random` and `ordered` test every stimulus once (parts of a random order, or of the
 * order in which the stimuli stand); `shuffle` draws each split anew, so that a stimulus may be
 * tested in several splits or in none; `set` is the one split that a source gives; `file` takes
 * lists that were stored, by other tools too (split_lists.h).
 */
#ifndef BRAMBLE_BENCHMARKS_STIMULUS_FOLDS_H
#define BRAMBLE_BENCHMARKS_STIMULUS_FOLDS_H

#include <bramble/metric.h>

typedef enum bram_split_scheme {
    BRAM_SPLIT_RANDOM,
    BRAM_SPLIT_ORDERED,
    BRAM_SPLIT_SHUFFLE,
    BRAM_SPLIT_SET,
    BRAM_SPLIT_FILE
} bram_split_scheme;

/** Columns of the axis of stimuli; "" (or NULL) for none. */
typedef struct bram_stimulus_split {
    bram_split_scheme scheme;
    size_t folds; /* not of set and file */
    uint64_t seed;
    const char *group;    /* equal values are in one fold (movie) */
    const char *stratify; /* values are spread evenly over the folds (category) */
    size_t gap;           /* ordered: so many stimuli on both sides of a part are not trained on */
    double train_share;   /* shuffle: 0 < share < 1 */
    /* set: values of the column `set` that are learned from and tested on, "a+b"; "": all of the
     * first `testable` stimuli are tested on, all of the others learned from */
    const char *train_sets, *test_sets;
    size_t testable;  /* set: stimuli behind these are never tested on; 0: all may be */
    const char *file; /* "PATH@DIGITS" */
    bool leaks;       /* the same image on both sides is a note and no error; of set and file */
} bram_stimulus_split;

/**
 * Random: stimuli in a random order that depends on the seed and their number, cut into folds of
 * equal size; or, with groups or strata, groups in such an order, each to the fold that has the
 * fewest stimuli of its stratum (then the fewest, then the first). Ordered: stretches of stimuli,
 * or of groups by their first stimulus. Shuffle: of groups in a new random order for every split,
 * those are tested that fill the share 1 - train_share of their stratum. In these schemes stimuli
 * that the column `image` says are the same image are on one side. A note tells of movies (column
 * `movie`) of which frames are on both sides of a fold, unless they are the strata.
 *
 * @param out    folds that share one piece of memory: free with bram_free
 * @param count  how many
 * @return BRAM_OK; BRAM_EABSENT for a column that is not there; BRAM_EUSAGE where groups share an
 *         image, or an image is on both sides of a given split (naming it), or options do not go
 *         with the scheme; BRAM_ENOTAPPLICABLE for fewer than two stimuli or one group in a fold,
 *         or a given split with nothing on one side; as bram_split_lists_read; BRAM_ENOMEM
 */
int bram_stimulus_folds(bram_ctx *cx, bram_fold **out, size_t *count, const bram_axis *stimulus,
                        const bram_stimulus_split *s) BRAM_MUST_CHECK;

#endif
