/*
 * encoding.h - one cell of the task "encoding", step by step: what is predicted from what
 * (encoding_data.c), in which folds (stimulus_folds.c), by which fits (encoding_fit.c), how the
 * predictions are scored (encoding_score.c), and what is kept beside (encoding_keep.h).
 */
#ifndef BRAMBLE_BENCHMARKS_ENCODING_H
#define BRAMBLE_BENCHMARKS_ENCODING_H

#include "area.h"
#include "readout_maps.h"
#include "encoding_keep.h"
#include "scores.h"
#include "stimulus_folds.h"

enum { BRAM_ENCODING_MODEL, BRAM_ENCODING_BLIND, BRAM_ENCODING_CONTESTANTS };

/** One layer of a model that has several. */
typedef struct bram_encoding_layer {
    const char *name;
    bram_side features;
    double *prediction; /* as that of the whole */
} bram_encoding_layer;

/** A test row of a fold in the table of predictions. */
typedef struct bram_encoding_rows {
    size_t count;      /* rows of the table */
    size_t *stimulus;  /* of each, ascending */
    size_t **at;       /* [fold][test]: the row */
    size_t tested;     /* different stimuli among them */
    uint32_t *draw_of; /* of each row: which of the tested stimuli */
    bool once, all;    /* no stimulus is tested twice; every stimulus is tested */
} bram_encoding_rows;

typedef struct bram_encoding {
    const bram_cell *cell;
    const bram_options *o;
    bram_area area;            /* what is scored, with its repeats */
    const bram_axis *stimulus; /* of the area, then those that are only learned from */
    bram_axis *joined;         /* owns the latter; NULL where the area is all */
    size_t stimuli;
    bram_side target;   /* stimulus x unit, means over repeats */
    bram_side features; /* stimulus x feature; 0 columns when there are none */
    bram_axis *input;
    bram_dataset *answer; /* owns what the features lie along */
    const char *spec;     /* what is fitted: the map, or the cell's model */
    bool from_features;   /* the cell's model tells features */
    bram_fold *fold;
    size_t folds;
    bram_encoding_rows rows;
    bram_encoding_layer *layer; /* of a model with several; NULL: features are all */
    size_t layers;
    bram_encoding_kept kept; /* what the map said beside its predictions */
    size_t keep; /* the number of the fold that is being predicted; SIZE_MAX: nothing is kept */
    double *prediction[BRAM_ENCODING_CONTESTANTS]; /* rows x unit */
    bool predicted;                                /* false: metrics map by themselves */
    bram_readout_maps maps;                        /* where the model looked */
    bram_scores *scores;
    char axis[96];
} bram_encoding;

/** The area of the cell's part and the stimuli that `training` adds; then folds, rows. */
int bram_encoding_read(bram_ctx *cx, bram_encoding *e, const bram_dataset *ds,
                       const char *part) BRAM_MUST_CHECK;
int bram_encoding_cut(bram_ctx *cx, bram_encoding *e) BRAM_MUST_CHECK;
void bram_encoding_release(bram_encoding *e);

/** What is fitted, and on which input; features are asked for. */
int bram_encoding_choose_input(bram_ctx *cx, bram_encoding *e) BRAM_MUST_CHECK;

/** The features are those of one layer from here on. */
void bram_encoding_use_layer(bram_encoding *e, size_t layer);

/** Rows of a table and its mask in scratch memory. */
int bram_encoding_take(bram_ctx *cx, bram_mat *out, uint8_t **present, const bram_side *from,
                       const size_t *row, size_t rows) BRAM_MUST_CHECK;

/** Predicts the tested rows of every fold; of a model with several layers by that which is best on
 *  the other folds, which the result is told of. */
int bram_encoding_predict(bram_ctx *cx, bram_encoding *e, bram_dataset *result) BRAM_MUST_CHECK;

/** Whether all metrics fit maps themselves, so that no prediction is needed. */
int bram_encoding_only_mapped(bram_ctx *cx, bool *out, const bram_benchmark *b) BRAM_MUST_CHECK;

/** Scores them under all metrics into the result. */
int bram_encoding_score(bram_ctx *cx, bram_encoding *e, bram_dataset *result) BRAM_MUST_CHECK;

#endif
