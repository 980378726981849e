/*
 * allen_neuropixels.h - what the files of the loader allen-neuropixels share: a session being read.
 */
#ifndef BRAMBLE_LOADERS_ALLEN_NEUROPIXELS_H
#define BRAMBLE_LOADERS_ALLEN_NEUROPIXELS_H

#include "allen.h"
#include "nwb.h"

enum { BRAM_NEUROPIXELS_COLUMNS = 8, BRAM_NEUROPIXELS_METRICS = 5 };

/** A session; arrays are scratch memory but for words, axis and fill. */
typedef struct bram_neuropixels {
    bram_nwb nwb;
    const bram_options *o;
    char id[128], table[BRAM_NWB_PATH];
    double from, to, bin; /* to: NaN: the end of each presentation */
    double end;           /* of the window; of a presentation of median length */
    size_t bins;
    /* presentations */
    size_t rows, columns;
    const char *column[BRAM_NEUROPIXELS_COLUMNS];
    double *start, *stop; /* rows */
    bram_conditions c;
    /* units */
    size_t all, kept;
    size_t *unit;                             /* kept: its row of the table */
    size_t *begin;                            /* all + 1: its spikes */
    double *metric[BRAM_NEUROPIXELS_METRICS]; /* all; NULL: not stated */
    int64_t *number;                          /* all */
    const char **area, **quality;             /* all */
    double *place[3];                         /* all; NaN where not stated */
    char *words;                              /* rules that were applied */
    bram_axis *axis[4];
    bram_fill *fill;
} bram_neuropixels;

/** A column of numbers into scratch memory; stays NULL when the table has none. @param rows  how
 *  many there must be; 0: any number, which it becomes */
int bram_neuropixels_numbers(bram_ctx *cx, double **out, const bram_neuropixels *w,
                             const char *table, const char *column, size_t *rows) BRAM_MUST_CHECK;

/** A column as texts in scratch memory, of numbers as well. */
int bram_neuropixels_texts(bram_ctx *cx, const char ***out, const bram_neuropixels *w,
                           const char *table, const char *column, size_t rows) BRAM_MUST_CHECK;

/** Reads the units and keeps those that the options want, with the rules in words. */
int bram_neuropixels_units(bram_ctx *cx, bram_neuropixels *w) BRAM_MUST_CHECK;

/** axis[1]: the kept units with their metrics and places. */
int bram_neuropixels_unit_axis(bram_ctx *cx, bram_neuropixels *w) BRAM_MUST_CHECK;

#endif
