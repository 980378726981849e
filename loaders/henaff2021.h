/*
 * henaff2021.h - a session of Henaff et al. 2021 as its file has it; henaff2021.c says what is in
 * the file and becomes of it.
 */
#ifndef BRAMBLE_LOADERS_HENAFF2021_H
#define BRAMBLE_LOADERS_HENAFF2021_H

#include "matlab.h"

#include <bramble/dataset.h>

enum { HENAFF_SCALES = 2, HENAFF_CATEGORIES = 3, HENAFF_MOVIES = 10, HENAFF_FRAMES = 11 };
enum { HENAFF_CONTRAST = 2 }; /* the last category */
enum { HENAFF_SEQUENCES = HENAFF_SCALES * HENAFF_CATEGORIES * HENAFF_MOVIES };
enum { HENAFF_ROWS = HENAFF_SEQUENCES * HENAFF_FRAMES, HENAFF_NAME = 40, HENAFF_ID = 160 };

/** "natural", "synthetic", "contrast" */
extern const char *const bram_henaff_categories[HENAFF_CATEGORIES];

/** A frame, or a whole movie of a category and scale (frame HENAFF_FRAMES). */
typedef struct bram_henaff_row {
    size_t scale, category, movie, frame;
    char id[HENAFF_ID], image[24]; /* image: its number, "" where there is none */
} bram_henaff_row;

typedef struct bram_henaff {
    bram_matlab_value *all;
    size_t units, repeats, bins;
    char name[2 * HENAFF_NAME], monkey[HENAFF_NAME], penetration[HENAFF_NAME], area[HENAFF_NAME];
    char scale[HENAFF_SCALES][HENAFF_NAME], movie[HENAFF_MOVIES][HENAFF_NAME];
    double image[HENAFF_SCALES][HENAFF_CATEGORIES][HENAFF_MOVIES][HENAFF_FRAMES]; /* 0: none */
    bram_henaff_row row[HENAFF_ROWS], sequence[HENAFF_SEQUENCES];
    size_t rows, plain, sequences; /* plain: rows before those of contrast */
    double *counts, *psth;         /* in MATLAB's order */
    double *edges, *cluster, *group, *blank;
    size_t *unit; /* numbers of the units that are taken, in scratch memory */
    size_t taken;
    double latency, period; /* s */
} bram_henaff;

/**
 * Reads the struct naturalStruct into a zeroed session.
 *
 * @param group  take units of this group only; 0: all
 * @return BRAM_OK; BRAM_EFORMAT: field, found, expected; BRAM_EUSAGE when no unit is left;
 *         BRAM_EABSENT; BRAM_ENOMEM. bram_henaff_release in any case.
 */
int bram_henaff_read(bram_ctx *cx, bram_henaff *s, bram_matlab *file,
                     int64_t group) BRAM_MUST_CHECK;
void bram_henaff_release(bram_henaff *s);

/** The number of a movie's rates in psth. */
size_t bram_henaff_rate_at(const bram_henaff *s, const bram_henaff_row *r, size_t unit, size_t bin);

/**
 * Adds recordings/SESSION: the spikes of all presentations of a movie, bin by bin, movie after
 * movie. A note tells where the rates are no whole numbers of spikes, and nothing is added.
 */
int bram_henaff_put_recording(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s) BRAM_MUST_CHECK;

#endif
