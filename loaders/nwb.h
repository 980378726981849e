/*
 * nwb.h - Neurodata Without Borders 2 in HDF5: what its loaders share. Who was recorded, time
 * series on their own time axes, and the columns of its tables.
 *
 * Format: NWB core schema 2 and HDMF common 1 (nwb-schema.readthedocs.io). An object says what it
 * is in the attribute neurodata_type. A TimeSeries has `data` (time first) and either `timestamps`
 * (seconds) or `starting_time` (seconds) with the attribute `rate` (Hz); true values are
 * data * conversion + offset. A DynamicTable has one dataset for each column; a ragged column NAME
 * has a second one, NAME_index: row i is NAME[index[i - 1] .. index[i]).
 *
 * Paths are relative to the file's root: "processing/CalciumActivity". Messages name file and
 * object. Failures are BRAM_EFORMAT (also for what must be there and is not), BRAM_EREAD,
 * BRAM_EMEMORY and BRAM_ENOMEM; outputs are then untouched.
 */
#ifndef BRAMBLE_LOADERS_NWB_H
#define BRAMBLE_LOADERS_NWB_H

#include "h5.h"

typedef struct bram_nwb {
    bram_h5 *file;
    const bram_h5_object *root;
    const char *path;
    char version[24]; /* "2.1.0" */
} bram_nwb;

/**
 * Opens a file of NWB 2. @return BRAM_EFORMAT: not HDF5; no attribute nwb_version; NWB 1
 */
int bram_nwb_open(bram_ctx *cx, bram_nwb *out, const char *path) BRAM_MUST_CHECK;
void bram_nwb_close(bram_nwb *nwb);

/** @return whether a file is NWB 2, as far as can be seen; BRAM_ENOMEM is the only failure */
int bram_nwb_is(bram_ctx *cx, bool *out, const char *path) BRAM_MUST_CHECK;

enum { BRAM_NWB_NAME = 64, BRAM_NWB_PATH = 512 };

/** What an object is ("RoiResponseSeries"); "" when it does not say. */
int bram_nwb_type(bram_ctx *cx, char type[BRAM_NWB_NAME], const bram_nwb *nwb,
                  const char *path) BRAM_MUST_CHECK;

/** A text, or several joined by "; ". NULL when there is none; the caller frees it. */
int bram_nwb_text(bram_ctx *cx, char **out, const bram_nwb *nwb, const char *path) BRAM_MUST_CHECK;

/** A text attribute likewise: `description`. */
int bram_nwb_attr_text(bram_ctx *cx, char **out, const bram_nwb *nwb, const char *path,
                       const char *name) BRAM_MUST_CHECK;

/** Called for each group that states its type. Further calls end with the first failure. */
typedef int bram_nwb_visitor(bram_ctx *cx, void *user, const char *path, const char *type);

/**
 * Visits the typed groups below a group, parents first, names in byte order, an object that is
 * linked to twice only once. Nothing happens when the group is absent. What lies within images,
 * segmentations and tables is not visited.
 *
 * @return also BRAM_EFORMAT beyond 20000 groups or a depth of 16
 */
int bram_nwb_walk(bram_ctx *cx, const bram_nwb *nwb, const char *group, bram_nwb_visitor *visit,
                  void *user) BRAM_MUST_CHECK;

/** The shape of a time series. */
typedef struct bram_nwb_series {
    char path[BRAM_NWB_PATH]; /* of the group */
    size_t rows, cols;        /* of data; one dimension: cols is 1 */
    size_t stamps;            /* of timestamps; 0: a rate instead */
} bram_nwb_series;

/** Measures a series. @return BRAM_EFORMAT: data absent, no numbers, not of 1 or 2 dimensions */
int bram_nwb_series_of(bram_ctx *cx, bram_nwb_series *out, const bram_nwb *nwb,
                       const char *path) BRAM_MUST_CHECK;

/** rows x cols values, scaled by conversion and offset where they are stated; caller frees. */
int bram_nwb_values(bram_ctx *cx, double **out, const bram_nwb *nwb,
                    const bram_nwb_series *s) BRAM_MUST_CHECK;

/**
 * The stamps of the first `rows` samples in seconds; the caller frees them. No rate is ever
 * assumed.
 *
 * @return BRAM_EFORMAT: another number of stamps, stamps that do not ascend, a unit that is not
 *         seconds, neither stamps nor a rate, a rate that is not positive
 */
int bram_nwb_time(bram_ctx *cx, double **out, const bram_nwb *nwb, const bram_nwb_series *s,
                  size_t rows) BRAM_MUST_CHECK;

/** The unit of a series' data; "" when none is stated or it says "none", "n.a." or "unknown". */
int bram_nwb_unit(bram_ctx *cx, char unit[BRAM_NWB_NAME], const bram_nwb *nwb,
                  const bram_nwb_series *s) BRAM_MUST_CHECK;

/** @return whether a table has a column (a dataset of that name) */
bool bram_nwb_has_column(const bram_nwb *nwb, const char *table, const char *column);

/**
 * A column of text, one entry a row. The elements of a ragged row become one text: single
 * characters a word (as some writers store labels), longer ones joined by " | ".
 *
 * @param out   one block; the caller frees it
 * @param rows  their number
 */
int bram_nwb_column_text(bram_ctx *cx, char ***out, size_t *rows, const bram_nwb *nwb,
                         const char *table, const char *column) BRAM_MUST_CHECK;

/** A column of plain numbers. */
int bram_nwb_column_numbers(bram_ctx *cx, double **out, size_t *rows, const bram_nwb *nwb,
                            const char *table, const char *column) BRAM_MUST_CHECK;

/**
 * Where the rows of a ragged column lie: row i is begin[i] .. begin[i + 1] - 1 of its elements.
 *
 * @param begin     rows + 1 places, the first 0; the caller frees them
 * @param elements  how many the column has
 * @return BRAM_EFORMAT: an index that descends or leads beyond the elements
 */
int bram_nwb_ragged(bram_ctx *cx, size_t **begin, size_t *rows, const bram_nwb *nwb,
                    const char *table, const char *column, size_t elements) BRAM_MUST_CHECK;

#endif
