/*
 * made_lin.c - a made recording in the form of Lin et al. 2023, written by matio: see made.h.
 *
 * Documented (samuellab/celegans-sensory-code, CTX_dataset_proofreader.m, which saves the files,
 * and CTX_times_stimuli.m): the variables; corrected_F trace x frame, its first and last frame
 * NaN; F_0 square, the baseline in its first column; use_flag 1, 0, -1; names of cells,
 * "reassigned" where a name went to another trace; stimulus, a cell of three columns with the odour
 * in a cell of its own; times.times in seconds. Assumed: the other fields of times, the names, the
 * odours.
 */
#include "made.h"
#include "mat5_values.h"

#include <math.h>
#include <string.h>

enum { TRACES = 5, FRAMES = 30, STIMULI = 2 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* 100 (trace + 1) + frame; trace x frame in MATLAB's order */
static matvar_t *fluorescence(const char *defect)
{
    double values[TRACES * FRAMES];
    if (is(defect, "class")) return made_chars("corrected_F", "no numbers");
    for (size_t t = 0; t < FRAMES; t++)
        for (size_t j = 0; j < TRACES; j++) {
            bool missing = t == 0 || t == FRAMES - 1 || is(defect, "nan");
            values[t * TRACES + j] = missing ? (double)NAN : 100 * (double)(j + 1) + (double)t;
        }
    return made_matrix("corrected_F", TRACES, FRAMES, values);
}

static matvar_t *names(const char *defect)
{
    static const char *const words[TRACES] = {"AWAL", "ASHR", "reassigned", "AWCON", "ASEL"};
    matvar_t *items[TRACES];
    for (size_t j = 0; j < TRACES; j++) items[j] = made_chars(NULL, words[j]);
    if (is(defect, "in-cells"))
        for (size_t j = 0; j < TRACES; j++) items[j] = made_cell(NULL, 1, 1, &items[j]);
    if (is(defect, "name-class")) {
        Mat_VarFree(items[1]);
        items[1] = made_matrix(NULL, 1, 2, (const double[]){1, 2});
    }
    size_t n = TRACES - is(defect, "names");
    if (n < TRACES) Mat_VarFree(items[n]);
    return made_cell("proofread_neurons", n, 1, items);
}

/* The first column is 10 (trace + 1). */
static matvar_t *baselines(const char *defect)
{
    double values[TRACES * TRACES] = {0};
    for (size_t j = 0; j < TRACES; j++) values[j] = 10 * (double)(j + 1);
    return made_matrix("F_0", TRACES - is(defect, "baseline"), TRACES, values);
}

static matvar_t *times(const char *defect)
{
    static const char *const fields[] = {"exposure", "times"}, *const other[] = {"exposure", "t"};
    double stamps[FRAMES + 1], exposure = 0.1;
    for (size_t t = 0; t <= FRAMES; t++) stamps[t] = 5 + 0.4 * (double)t;
    if (is(defect, "nan-time")) stamps[7] = (double)NAN;
    if (is(defect, "times-class")) return made_matrix("times", 1, FRAMES, stamps);
    const char *const *names = is(defect, "last-field") ? other : fields;
    matvar_t *s = made_struct("times", 2, names);
    Mat_VarSetStructFieldByName(s, names[0], 0, made_matrix(NULL, 1, 1, &exposure));
    Mat_VarSetStructFieldByName(s, names[1], 0,
                                made_matrix(NULL, FRAMES + is(defect, "stamps"), 1, stamps));
    return s;
}

static matvar_t *stimuli(const char *defect)
{
    static const char *const odours[STIMULI] = {"1-octanol", "benzaldehyde"};
    double on[STIMULI] = {6, 12}, off[STIMULI] = {8, 14};
    matvar_t *items[3 * STIMULI];
    if (is(defect, "offset")) off[1] = 11;
    for (size_t i = 0; i < STIMULI; i++) {
        matvar_t *word = made_chars(NULL, odours[i]);
        items[i] = made_cell(NULL, 1, 1, &word);
        items[STIMULI + i] = made_matrix(NULL, 1, 1, &on[i]);
        items[2 * STIMULI + i] = made_matrix(NULL, 1, 1, &off[i]);
    }
    size_t columns = 3 - is(defect, "columns");
    for (size_t i = columns * STIMULI; i < sizeof items / sizeof *items; i++) Mat_VarFree(items[i]);
    return made_cell("stimulus", STIMULI, columns, items);
}

bool made_lin(const char *path, const char *defect)
{
    static const char *const known[] = {"good",    "nan",         "class",      "in-cells",
                                        "names",   "name-class",  "baseline",   "nan-time",
                                        "stamps",  "times-class", "last-field", "offset",
                                        "columns", "flags",       "no-flags",   "no-times"};
    const double flags[] = {1, 0, -1, 1, 1};
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    matvar_t *variables[] = {
        names(defect),
        is(defect, "no-flags") ? NULL
                               : made_matrix("use_flag", TRACES - is(defect, "flags"), 1, flags),
        fluorescence(defect),
        baselines(defect),
        is(defect, "no-times") ? NULL : times(defect),
        stimuli(defect),
    };
    return made_mat5(path, sizeof variables / sizeof *variables, variables);
}
