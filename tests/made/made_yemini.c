/*
 * made_yemini.c - made recordings in the form of Yemini et al. 2021, written by matio: see made.h.
 *
 * Documented (public code that reads the deposit): a version 5 file; fps, a number (4); files, a
 * cell of worm names; neurons, a cell of class names; is_L and norm_traces, a cell for each class
 * of n or 2 n elements, left block first; NaN of a neuron without a pair; empty traces; the first
 * three frames 0; stim_names, a cell; stim_times, turn x (onset, offset) in seconds; stims, worm x
 * turn, from 1. Assumed: rows, not columns, in the cells; traces as rows; which worm has what.
 */
#include "made.h"
#include "mat5_values.h"

#include <math.h>
#include <string.h>

enum { WORMS = 3, CLASSES = 4, FRAMES = 24, TURNS = 3 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* Values 1000 worm + 100 class + 10 side + frame / 8, behind three frames of 0. */
static matvar_t *trace(size_t worm, size_t k, size_t side, const char *defect)
{
    double values[FRAMES + 1];
    bool odd = is(defect, "lengths") && worm == 1 && k == 3;
    if (is(defect, "class") && worm == 0 && k == 1) return made_chars(NULL, "no numbers");
    for (size_t t = 0; t < FRAMES + 1; t++)
        values[t] = t < 3 ? 0 : (double)(1000 * worm + 100 * k + 10 * side) + (double)t / 8;
    if (is(defect, "nan")) values[10] = (double)NAN;
    return made_matrix(NULL, 1, FRAMES + odd, values);
}

/* AVA: both sides; AVL: none; RIM: one block, right in worm 2; VB2: not paired. Worm 3 has nothing
 * but AVAL, and not that when it is "no-trace". */
static bool is_there(size_t worm, size_t k, size_t side, const char *defect)
{
    if (worm == 2) return k == 0 && side == 0 && !is(defect, "no-trace");
    return !(worm == 1 && k == 0 && side == 1);
}

static matvar_t *traces_of(size_t k, const char *defect)
{
    matvar_t *items[2 * WORMS + 1];
    size_t n = k == 0 ? 2 * WORMS : WORMS;
    for (size_t e = 0; e < n; e++) {
        size_t worm = e % WORMS, side = e / WORMS;
        items[e] = is_there(worm, k, side, defect) ? trace(worm, k, side, defect)
                                                   : made_matrix(NULL, 0, 0, NULL);
    }
    if (is(defect, "block") && k == 2) items[n++] = made_matrix(NULL, 0, 0, NULL);
    return made_cell(NULL, 1, n, items);
}

static matvar_t *sides_of(size_t k, const char *defect)
{
    static const double pair[] = {1, 1, 1, 0, 0, 0}, rim[] = {1, 0, (double)NAN};
    const double none[] = {(double)NAN, (double)NAN, (double)NAN}, swapped[] = {0, 1, 1, 0, 0, 0},
                 odd[] = {2, 1, 1, 0, 0, 0};
    if (k == 0)
        return made_matrix(NULL, 1, 2 * WORMS - is(defect, "mask"),
                           is(defect, "swapped") ? swapped
                           : is(defect, "side")  ? odd
                                                 : pair);
    return made_matrix(NULL, 1, WORMS, k == 2 ? rim : none);
}

static matvar_t *texts(const char *name, const char *const *words, size_t n)
{
    matvar_t *items[CLASSES];
    for (size_t i = 0; i < n; i++) items[i] = made_chars(NULL, words[i]);
    return made_cell(name, 1, n, items);
}

/* worm x turn in MATLAB's order */
static matvar_t *turns(const char *defect)
{
    double turn[WORMS * TURNS] = {1, 2, 3, 2, 3, 1, 3, 1, 2};
    if (is(defect, "stimulus")) turn[3] = 4;
    return made_matrix("stims", WORMS, TURNS - is(defect, "turns"), turn);
}

/* The last begins when the recording has ended. */
static matvar_t *turn_times(const char *defect)
{
    double times[2 * TURNS] = {1, 3, 60, 2, 90, 70};
    if (is(defect, "offset")) times[TURNS] = 0.5;
    return made_matrix("stim_times", TURNS, 2, times);
}

bool made_yemini(const char *path, const char *defect)
{
    static const char *const known[] = {
        "good", "nan", "no-trace", "lengths", "class",    "block",    "mask",       "swapped",
        "side", "fps", "turns",    "offset",  "stimulus", "no-field", "no-stimuli", "no-worm"};
    static const char *const files[] = {"20190924_worm1", "20190925_worm2", "20190926_worm3"};
    static const char *const classes[] = {"AVA", "AVL", "RIM", "VB2"};
    static const char *const stimuli[] = {"2-butanone", "2,3-pentanedione", "160mM NaCl"};
    matvar_t *traces[CLASSES], *sides[CLASSES];
    double fps = is(defect, "fps") ? 0 : 4;
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    for (size_t k = 0; k < CLASSES; k++) {
        traces[k] = traces_of(k, defect);
        sides[k] = sides_of(k, defect);
    }
    bool stimulated = !is(defect, "no-stimuli");
    matvar_t *variables[] = {
        is(defect, "no-field") ? NULL : made_matrix("fps", 1, 1, &fps),
        texts("files", files, is(defect, "no-worm") ? 0 : WORMS),
        texts("neurons", classes, CLASSES),
        made_cell("is_L", 1, CLASSES, sides),
        made_cell("norm_traces", 1, CLASSES, traces),
        stimulated ? texts("stim_names", stimuli, 3) : NULL,
        stimulated ? turns(defect) : NULL,
        stimulated ? turn_times(defect) : NULL,
    };
    return made_mat5(path, sizeof variables / sizeof *variables, variables);
}
