/*
 * response_checks.h - what an import says, unasked, of responses to stimuli: values that cannot be
 * what they are called, and pictures that do not belong to them.
 *
 * Nothing is changed or refused. Each finding is a note, and all of one response stand in its
 * attribute `findings`, so that they go with the file.
 */
#ifndef BRAMBLE_LOADERS_RESPONSE_CHECKS_H
#define BRAMBLE_LOADERS_RESPONSE_CHECKS_H

#include "buffer.h"

#include <bramble/dataset.h>

/**
 * Looks at every responses/ID of stimuli (or trials) x neuron (x repeat):
 *
 *   - units that are constant, have no value, or equal another unit in every value
 *   - stimuli with exactly the responses of another that is not the same picture (column image)
 *   - rows that are single trials of another response with the same units; means that are not those
 *     of the repeats of another response
 *   - pairing with pictures (response_pairing.c), where the dataset has them
 *
 * Of all responses 2^25 values are looked at; a response that is beyond them is named in a note.
 *
 * @return BRAM_OK whatever was found; errors of reading; BRAM_ENOMEM
 */
int bram_check_responses(bram_ctx *cx, bram_dataset *ds) BRAM_MUST_CHECK;

/** A response in memory. */
typedef struct bram_checked {
    const bram_response *r;
    const char *name;
    size_t rows, units, repeats;
    double *values;   /* row x unit x repeat; NaN where missing */
    bool stimuli;     /* rows are stimuli, not trials */
    bram_buffer said; /* findings, joined by "; " */
} bram_checked;

/** Adds a finding to those of a response. */
void bram_checked_say(bram_checked *c, const char *format, ...) BRAM_PRINTF(2, 3);

/**
 * Whether responses and pictures belong together: similarities between pictures (correlation of
 * their grey values, in squares of at most 32 x 32) against similarities between the responses to
 * them (correlation over z-scored units), correlated over all pairs of up to 400 stimuli; against
 * 499 shuffles of the stimuli (Mantel 1967). Nothing is fitted. A finding where p is above 0.05;
 * nothing is said of fewer than 20 stimuli with pictures.
 *
 * @param r, p  if not NULL: the correlation and its p; NaN where there are too few
 */
int bram_check_pairing(bram_ctx *cx, bram_checked *c, const bram_dataset *ds, double *r,
                       double *p) BRAM_MUST_CHECK;

#endif
