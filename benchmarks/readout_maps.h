/*
 * readout_maps.h - where the readouts of the task "encoding" looked: what comes with their answers
 * (baselines/map_readout.h) put together over folds, and held against the truth where it is known.
 */
#ifndef BRAMBLE_BENCHMARKS_READOUT_MAPS_H
#define BRAMBLE_BENCHMARKS_READOUT_MAPS_H

#include "scores.h"

typedef struct bram_readout_maps {
    const bram_axis *unit, *stimulus; /* the caller's; folds are of the latter's rows */
    bram_response *map; /* unit x map_row x map_column: sums over folds; NULL: there is none */
    bram_response *attention; /* stimulus x region x map_row x map_column, masked where not told: of
                                 the first stimuli, BRAM_READOUT_MAPS_MOST values at most */
    size_t folds;             /* that map is the sum of */
} bram_readout_maps;

void bram_readout_maps_release(bram_readout_maps *m);

/**
 * Takes "map" and "attention" of an answer about the test stimuli of a fold; both may be absent. Of
 * a stimulus that several folds test the last one counts.
 *
 * @return BRAM_OK; BRAM_ESHAPE: of another form than those of other folds; BRAM_ENOMEM
 */
int bram_readout_maps_add(bram_ctx *cx, bram_readout_maps *m, const bram_fold *fold,
                          const bram_dataset *answer) BRAM_MUST_CHECK;

enum { BRAM_READOUT_MAPS_MOST = 1 << 22 };

/**
 * Adds the score "focus@attention" where the dataset has truth/PART/focus, stimulus x region: the
 * position (row-major) of what each region looks at. It is the share of stimuli for which attention
 * is strongest there, a mean over regions; a unit's raw value is that of its region (column roi).
 * Stimuli and regions are matched by id; an attention without regions is that of all. Without truth
 * or attention nothing is added.
 *
 * @param stream, samples  as of bram_scores_new
 */
int bram_readout_maps_score(bram_ctx *cx, const bram_readout_maps *m, bram_scores *scores,
                            const bram_dataset *ds, const char *part, const char *stream,
                            size_t samples) BRAM_MUST_CHECK;

/** Puts readout/map, the mean over folds, and readout/attention into the result. */
int bram_readout_maps_finish(bram_ctx *cx, bram_readout_maps *m,
                             bram_dataset *result) BRAM_MUST_CHECK;

#endif
