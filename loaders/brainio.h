/*
 * brainio.h - BrainIO assemblies: arrays of xarray in netCDF-4, with the coordinates of their
 * dimensions; see brainio.c for what becomes of one.
 */
#ifndef BRAMBLE_LOADERS_BRAINIO_H
#define BRAMBLE_LOADERS_BRAINIO_H

#include "h5.h"

#include <bramble/axis.h>

enum { BRAINIO_DIMS = 3, BRAINIO_NAME = 64 };

/** A coordinate: one value for each position along a dimension. One of the pointers is set. */
typedef struct bram_brainio_coordinate {
    char name[BRAINIO_NAME];
    size_t dim;
    char **text;
    double *number;
    int64_t *integer;
} bram_brainio_coordinate;

typedef struct bram_brainio {
    size_t dims, length[BRAINIO_DIMS], stride[BRAINIO_DIMS];
    char dim[BRAINIO_DIMS][BRAINIO_NAME]; /* names: "presentation", "neuroid", "time_bin" */
    double *values;                       /* NaN where missing */
    bram_brainio_coordinate *coordinate;
    size_t coordinates;
} bram_brainio;

/** @return whether a group of a file holds an assembly: a dataset with the attribute coordinates
 *  and a netCDF dimension along each axis */
bool bram_brainio_is(bram_ctx *cx, const bram_h5_object *group);

/**
 * Reads the assembly of a group (the root, or one of metadata). Every one-dimensional variable that
 * lies along a dimension of the array is a coordinate of it, listed or not: xarray writes the
 * levels of a multi-index so.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no such array, more than three dimensions, a dimension without a
 *         name; BRAM_ENOMEM. bram_brainio_release in any case.
 */
int bram_brainio_read(bram_ctx *cx, bram_brainio *out, const bram_h5_object *group) BRAM_MUST_CHECK;
void bram_brainio_release(bram_brainio *a);

/** @return the coordinate of one of these names (NULL: none) along a dimension, or NULL */
const bram_brainio_coordinate *bram_brainio_find(const bram_brainio *a, size_t dim,
                                                 const char *name, const char *other);

/** @return the dimension of this name, or BRAINIO_DIMS */
size_t bram_brainio_dim(const bram_brainio *a, const char *name);

/**
 * Makes one of the time bins that lie within from .. to (s): their mean over the values that are
 * there. An assembly without bins stays as it is.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no bin lies within, or bins are not timed or not in order
 */
int bram_brainio_average(bram_ctx *cx, bram_brainio *a, double from, double to) BRAM_MUST_CHECK;

/**
 * Adds the coordinates along a dimension as columns of an axis of `count` rows, row i from position
 * at[i]; lower case, other signs than letters and digits as _. Coordinates of the names in `but`
 * (NULL at the end) are left out, and those that `same` says differ within a row.
 *
 * @param same  for each position the row it belongs to, or NULL: one position a row
 */
int bram_brainio_columns(bram_ctx *cx, bram_axis *axis, const bram_brainio *a, size_t dim,
                         const size_t *at, size_t count, const size_t *same,
                         const char *const *but) BRAM_MUST_CHECK;

#endif
