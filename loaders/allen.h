/*
 * allen.h - what the loaders of the Allen Institute's files share: which stimulus each presentation
 * of a table was.
 */
#ifndef BRAMBLE_LOADERS_ALLEN_H
#define BRAMBLE_LOADERS_ALLEN_H

#include "shown.h"

/** Presentations by their conditions. All is scratch memory. */
typedef struct bram_conditions {
    size_t trials;    /* presentations that are not blank */
    size_t *row;      /* trials: which row of the table */
    size_t *stimulus; /* trials */
    size_t *repeat;   /* trials: the how manieth of its stimulus */
    size_t stimuli, repeats, columns;
    const char **id;     /* stimuli: "natural_scenes-017", or "drifting_gratings-45/2" */
    const char ***value; /* columns x stimuli: what the table says */
} bram_conditions;

/**
 * Equal rows of a table's columns are one stimulus; stimuli are in the order of their numbers, or,
 * where a column is no number, of their texts. A row with an empty value, "nan", "null", "N/A", or
 * -1 in the first column is blank (a grey screen) and left out.
 *
 * @param name   what the ids begin with
 * @param cells  rows x columns texts; numbers as "17" or "17.0"
 * @return BRAM_OK; BRAM_EFORMAT: no row that is not blank; BRAM_ENOMEM
 */
int bram_allen_conditions(bram_ctx *cx, bram_conditions *out, const char *name,
                          const char *const *cells, size_t rows, size_t columns) BRAM_MUST_CHECK;

/** The axis of stimuli with the columns of these names. */
int bram_allen_stimuli(bram_ctx *cx, bram_axis **out, const bram_conditions *c,
                       const char *const *names) BRAM_MUST_CHECK;

#endif
