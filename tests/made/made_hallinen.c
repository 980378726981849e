/*
 * made_hallinen.c - a made recording in the form of Hallinen et al. 2021, written by matio: see
 * made.h.
 *
 * Documented (readme and MATLAB code of the Leifer laboratory's pipeline, readers in
 * leiferlab/PredictionCode): the variables; traces trace x volume, with more volumes than stamps at
 * times; NaN where a neuron was not found; flagged_volumes counted from 0; behavior with one row
 * for each stamp, pc1_2 with two columns; codes of the ethogram. Assumed: nothing else is looked
 * at.
 */
#include "made.h"
#include "mat5_values.h"

#include <math.h>
#include <string.h>

enum { TRACES = 3, STAMPS = 20, VOLUMES = 22 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* offset + 100 (trace + 1) + volume; trace x volume in MATLAB's order */
static matvar_t *signal(const char *name, double offset, const char *defect)
{
    double values[TRACES * VOLUMES];
    if (is(defect, "class")) return made_chars(name, "no numbers");
    for (size_t t = 0; t < VOLUMES; t++)
        for (size_t j = 0; j < TRACES; j++)
            values[t * TRACES + j] = is(defect, "nan") || (t == 4 && j == 1)
                                         ? (double)NAN
                                         : offset + 100 * (double)(j + 1) + (double)t;
    return made_matrix(name, TRACES, is(defect, "short") ? STAMPS - 1 : VOLUMES, values);
}

static matvar_t *stamps(const char *defect)
{
    double time[STAMPS];
    for (size_t t = 0; t < STAMPS; t++) time[t] = 2 + (double)t / 6;
    if (is(defect, "nan-time")) time[5] = (double)NAN;
    return made_matrix("hasPointsTime", is(defect, "no-stamps") ? 0 : STAMPS, 1, time);
}

/* forward up to stamp 7, then a pause, then reverse from 12 on */
static matvar_t *behaviour(const char *defect)
{
    static const char *const fields[] = {"ethogram", "x_pos", "y_pos", "v", "pc1_2", "pc_3"};
    double code[STAMPS], number[2 * STAMPS];
    if (is(defect, "behaviour-class")) return made_chars("behavior", "none");
    for (size_t t = 0; t < STAMPS; t++) code[t] = t < 8 ? 1 : t < 12 ? 0 : -1;
    for (size_t t = 0; t < 2 * STAMPS; t++) number[t] = (double)t / 4;
    matvar_t *s = made_struct("behavior", 6, fields);
    Mat_VarSetStructFieldByName(s, "ethogram", 0,
                                made_matrix(NULL, STAMPS - is(defect, "ethogram"), 1, code));
    for (size_t k = 1; k < 4; k++)
        Mat_VarSetStructFieldByName(s, fields[k], 0, made_matrix(NULL, STAMPS, 1, number));
    Mat_VarSetStructFieldByName(s, "pc1_2", 0, made_matrix(NULL, STAMPS, 2, number));
    Mat_VarSetStructFieldByName(s, "pc_3", 0, made_matrix(NULL, 1, STAMPS, number));
    return s;
}

bool made_hallinen(const char *path, const char *defect)
{
    static const char *const known[] = {"good",     "nan",       "class",    "short",
                                        "nan-time", "no-stamps", "ethogram", "behaviour-class",
                                        "flag",     "no-traces", "plain"};
    const double flagged[] = {3, is(defect, "flag") ? VOLUMES : 9};
    bool plain = is(defect, "plain"); /* neither behaviour nor flags */
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    matvar_t *variables[] = {signal("rRaw", 1000, "good"),
                             is(defect, "no-traces") ? NULL : signal("gRaw", 0, defect),
                             signal("Ratio2", 5000, "good"),
                             stamps(defect),
                             plain ? NULL : made_matrix("flagged_volumes", 1, 2, flagged),
                             plain ? NULL : behaviour(defect)};
    return made_mat5(path, sizeof variables / sizeof *variables, variables);
}
