/*
 * layer.h - features of stimuli in files, whatever their format: what is there is listed at once,
 * values are read where they lie when they are asked for.
 */
#ifndef BRAMBLE_BASELINES_LAYER_H
#define BRAMBLE_BASELINES_LAYER_H

#include "h5.h"
#include "npy.h"

#include <bramble/dataset.h>

/** One layer: rows are stimuli, further axes are strung out to features (two or three of them: a
 * map of tokens, core/token_map.h). Its values are in one of three places. */
typedef struct bram_layer {
    char *name, *path; /* path: the file, for messages */
    size_t rows, cols;
    size_t dims, length[BRAM_MAX_DIMS]; /* of an array of 3 or 4 axes, a map; else dims 0 */
    bram_axis *id;                      /* of the rows */
    double *values;                     /* in memory, row-major */
    bram_npy *npy; /* .npy, .safetensors: in the file; a member of .npz: in memory */
    char *object;  /* of `h5` */
    bram_h5 *h5;   /* borrowed from the list */
    bram_h5_info shape;
} bram_layer;

typedef struct bram_layers {
    bram_layer *layer;
    size_t count, room;
    bram_h5 **file; /* that layers are in */
    size_t files;
} bram_layers;

/**
 * Adds the layers of a file: .npy, .npz, .safetensors, .csv, .mat, .h5, .nc (by the end of its
 * name).
 *
 * @return BRAM_OK; BRAM_EUSAGE: another ending; BRAM_EFORMAT: no layer, no ids or another number of
 *         them, not numbers; errors of reading; BRAM_ENOMEM. What was added stays.
 */
int bram_layers_add(bram_ctx *cx, bram_layers *l, const char *path) BRAM_MUST_CHECK;
void bram_layers_release(bram_layers *l);

/** The axis of its features: of a map with rows, columns and channels, which come first or last. */
int bram_layer_axis(bram_ctx *cx, bram_axis **out, const bram_layer *l, bool first) BRAM_MUST_CHECK;

/** @return whether its values are in memory; else they are read where they lie */
bool bram_layer_in_memory(const bram_layer *l);

/** @return whether bram_layers_add reads a file of this name; whether it holds ids beside others */
bool bram_layers_is_file(const char *name);
bool bram_layers_is_ids(const char *name);

/**
 * Reads the rows row[0 .. count - 1] in that order.
 *
 * @param out  count x cols
 * @return BRAM_OK; BRAM_ENUMERIC for a value that is not finite, naming the stimulus; errors of
 *         reading
 */
int bram_layer_read(bram_ctx *cx, const bram_layer *l, const size_t *row, size_t count,
                    double *out) BRAM_MUST_CHECK;

/**
 * Puts the coordinates of the rows in the space that they span (core/row_space.h) in place of more
 * features than rows, which are read in blocks of columns.
 *
 * @return as bram_row_space, naming the layer; BRAM_EFORMAT for an HDF5 dataset of other than two
 *         axes
 */
int bram_layer_span(bram_ctx *cx, bram_layer *l) BRAM_MUST_CHECK;

/* ---- ids of rows (layer_ids.c) -------------------------------------------------------------- */

/** Ids of rows as texts; integers count as their digits. */
typedef struct bram_row_ids {
    char **text;
    size_t count;
    unsigned char *bytes; /* of a text file, that the texts point into */
} bram_row_ids;

void bram_row_ids_release(bram_row_ids *ids);

/** @return whether an array of this name within a file holds ids: ids, stimulus_id, image_id, ...
 */
bool bram_row_ids_are_named(const char *name);

/** Ids beside a file: NAME.ids.npy, NAME.ids.txt, ids.npy, ids.txt. The count stays 0 without. */
int bram_row_ids_beside(bram_ctx *cx, bram_row_ids *out, const char *path) BRAM_MUST_CHECK;

/** From an array of texts or integers along one axis; from n numbers that must be whole. */
int bram_row_ids_from_npy(bram_ctx *cx, bram_row_ids *out, const bram_npy *a) BRAM_MUST_CHECK;
int bram_row_ids_from_numbers(bram_ctx *cx, bram_row_ids *out, const double *number,
                              size_t n) BRAM_MUST_CHECK;

/** As the axis of a layer with so many rows. @return also BRAM_EFORMAT: none, or another number */
int bram_row_ids_axis(bram_ctx *cx, bram_axis **out, const bram_row_ids *ids, size_t rows,
                      const char *path) BRAM_MUST_CHECK;

#endif
