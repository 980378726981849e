/*
 * area.h - what a brain area did with a set of stimuli, and features of the same stimuli: what the
 * tasks about vision read.
 */
#ifndef BRAMBLE_BENCHMARKS_AREA_H
#define BRAMBLE_BENCHMARKS_AREA_H

#include <bramble/benchmark.h>

/**
 * responses/ID in memory. Either responses of units with repeats, or (attribute kind = "rdm")
 * dissimilarity matrices of subjects. Subjects are told by the column `subject` of the unit axis;
 * without it the units are one subject's, and each RDM is a subject of its own.
 */
typedef struct bram_area {
    bool is_rdm;
    const bram_axis *stimulus, *unit; /* the dataset's; unit: what an RDM is of, for RDMs */
    size_t stimuli, units, repeats;
    double *values;   /* stimulus x unit x repeat; RDMs: unit x stimulus x stimulus */
    uint8_t *present; /* as many */
    size_t subjects;
    const char **subject; /* names */
    size_t *subject_of;   /* of each unit */
} bram_area;

/** The areas (responses/ID) of a dataset that a benchmark asks for. @return as bram_task.parts */
int bram_area_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                    const bram_dataset *ds) BRAM_MUST_CHECK;

/**
 * @return BRAM_OK; BRAM_EABSENT; BRAM_ENOTAPPLICABLE for other axes than expected, or stimuli
 *         without ids or with one id twice; errors of reading
 */
int bram_area_read(bram_ctx *cx, bram_area *out, const bram_dataset *ds,
                   const char *id) BRAM_MUST_CHECK;
void bram_area_release(bram_area *a);

/**
 * One subject's side, in scratch memory: stimulus x its units, mean over the repeats that are
 * present; or the mean of its RDMs (sessions), over those that have the pair.
 */
int bram_area_side(bram_ctx *cx, bram_side *out, const bram_area *a,
                   size_t subject) BRAM_MUST_CHECK;

/**
 * Adds to a side of bram_area_side the repeats that are there, each in the fold of its number, in
 * scratch memory. RDMs and areas without repeats: nothing. A stimulus without any is an error.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE naming the stimulus; BRAM_ENOMEM
 */
int bram_area_add_repeats(bram_ctx *cx, bram_side *side, const bram_area *a,
                          size_t subject) BRAM_MUST_CHECK;

/** All units: stimulus x unit, mean over repeats, in scratch memory. Not for RDMs. */
int bram_area_mean(bram_ctx *cx, bram_side *out, const bram_area *a) BRAM_MUST_CHECK;

/**
 * Asks a fitted model for the features of the stimuli, in scratch memory.
 *
 * @param answer  keeps what the side's axes belong to; bram_dataset_free
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE when the model answers with no layer or with several
 */
int bram_area_features(bram_ctx *cx, bram_side *out, bram_dataset **answer, const bram_fitted *f,
                       const bram_panel *panel, const bram_axis *stimulus) BRAM_MUST_CHECK;

/** One layer of an answer as a side, in scratch memory. @return BRAM_OK; BRAM_ESHAPE: it is not
 *  stimulus x feature for all of the stimuli; errors of reading */
int bram_area_layer(bram_ctx *cx, bram_side *out, const bram_response *r,
                    const bram_axis *stimulus) BRAM_MUST_CHECK;

/**
 * What asking a model for features of this many stimuli takes, by its own word: bram_model.memory
 * of a model that tells features alone is that of its answer, 8 bytes a feature and row.
 *
 * @param width  features that it answers with; 0 where it does not say (those of the dataset)
 * @return BRAM_OK; BRAM_EUSAGE, BRAM_ENOMEM as bram_model_parse
 */
int bram_area_model_bytes(bram_ctx *cx, size_t *bytes, size_t *width, const char *model,
                          size_t stimuli) BRAM_MUST_CHECK;

/** Features of a set for each stimulus: those of a map strung out. */
size_t bram_feature_width(const bram_response *set);

/** The part of bram_task.memory that reading an area and features of it takes. */
size_t bram_area_bytes(const bram_dataset *ds, const char *id);

#endif
