/*
 * intake_responses.h - what loaders of responses to stimuli share: responses/ID as schema.md has
 * it, with the reliability of every unit where there are repeats.
 *
 *     bram_axis *stimulus, *neuron;         made by the loader, with their columns
 *     bram_presented p = {.id = "ay3_u001", .values = x, .stimulus = stimulus, .neuron = neuron,
 *                         .repeats = 50, .unit = "count"};
 *     BRAM_TRY(bram_intake_responses(cx, ds, &p));
 */
#ifndef BRAMBLE_LOADERS_INTAKE_RESPONSES_H
#define BRAMBLE_LOADERS_INTAKE_RESPONSES_H

#include <bramble/dataset.h>

/** Responses as published; nothing is taken over but the axes. */
typedef struct bram_presented {
    const char *id;
    const double *values;         /* stimulus x neuron (x repeat (x bin)); not finite: missing */
    bram_axis *stimulus, *neuron; /* taken over, also on failure */
    size_t repeats;               /* 0: the array has no such axis, nor one of time */
    bram_axis *time;              /* taken over; or NULL */
    const char *unit;             /* "count", "dF/F", "1" ... */
    const char *signal;           /* "spike count", "inferred spike rate" ...; or NULL */
    const char *species, *subject, *session, *area; /* or NULL */
    double from, to; /* window of the response in s after the stimulus; both 0: not known */
} bram_presented;

/**
 * Adds responses/ID. With two repeats or more and no time, the columns `reliability` and `ncsnr` of
 * neuron are added, unless the loader has put published ones there.
 *
 * @return BRAM_OK; BRAM_EFORMAT without stimuli or units, or with an id that is no name;
 * BRAM_EUSAGE for a second response of that id; BRAM_ENOMEM
 */
int bram_intake_responses(bram_ctx *cx, bram_dataset *ds, const bram_presented *p) BRAM_MUST_CHECK;

/**
 * Makes an axis with the ids "PREFIX1" .. "PREFIXn", with zeros before them to `digits` digits.
 */
int bram_intake_numbered(bram_ctx *cx, bram_axis **out, const char *name, size_t n,
                         const char *prefix, int digits) BRAM_MUST_CHECK;

/**
 * Reliability of one unit: r of the means over the odd and over the even repeats, each over those
 * that are there, over the stimuli that have both; r' = 2 r / (1 + r) (Spearman-Brown).
 *
 * @param values  repeats of a stimulus side by side, stimuli `stride` apart
 * @return NaN when it is not defined
 */
double bram_intake_reliability(const double *values, size_t stimuli, size_t stride, size_t repeats);

/**
 * Signal to noise of one unit as Allen et al. 2022 (doi 10.1038/s41593-021-00962-x) have it: the
 * variance over repeats (over n - 1, mean over stimuli) is noise, the variance of all trials less
 * this one signal, at least 0; the ratio of the standard deviations.
 */
double bram_intake_ncsnr(const double *values, size_t stimuli, size_t stride, size_t repeats);

/**
 * Adds stimuli/images/NAME: grey pictures of one size, levels 0 to 255, rows from the top.
 *
 * @param levels    stimulus x row x column
 * @param stimulus  shared, not taken over
 */
int bram_intake_pictures(bram_ctx *cx, bram_dataset *ds, const char *name,
                         const bram_axis *stimulus, const uint8_t *levels, size_t rows,
                         size_t columns) BRAM_MUST_CHECK;

/**
 * Says which stimuli are the same picture: the column `image` has the name of the first of those
 * that have the same hash.
 *
 * @param hash  one for each stimulus
 * @param name  of each picture (its file); NULL: the id of the stimulus
 */
int bram_intake_same_pictures(bram_ctx *cx, bram_axis *stimulus, const char (*hash)[65],
                              const char *const *name) BRAM_MUST_CHECK;

#endif
