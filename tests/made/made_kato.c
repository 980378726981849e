/* made_kato.c - made recordings in the form of Kato et al. 2015, written by matio: see made.h. */
#include "made.h"
#include "mat5_values.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 20, TRACES = 6 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

static matvar_t *names_of(const char *defect)
{
    matvar_t *candidates[2] = {made_chars(NULL, "VB02"), made_chars(NULL, "DB01")};
    matvar_t *names[TRACES] = {made_chars(NULL, "AVAL"), made_cell(NULL, 1, 2, candidates),
                               made_chars(NULL, "AVAR"), made_chars(NULL, "17"),
                               made_chars(NULL, "RIS"),  made_chars(NULL, "OLQ?L")};
    if (!is(defect, "names")) return made_cell(NULL, 1, TRACES, names);
    Mat_VarFree(names[TRACES - 1]);
    return made_cell(NULL, 1, TRACES - 1, names);
}

static matvar_t *states(void)
{
    static const char *const fields[] = {"fwd", "rev1"};
    double forward[FRAMES], reverse[FRAMES];
    for (int i = 0; i < FRAMES; i++) forward[i] = i < 8 || i > 14, reverse[i] = 1 - forward[i];
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      2);
    Mat_VarSetStructFieldByName(s, "fwd", 0, made_matrix(NULL, 1, FRAMES, forward));
    Mat_VarSetStructFieldByName(s, "rev1", 0, made_matrix(NULL, 1, FRAMES, reverse));
    return s;
}

/* Starts at 21 %, changes to 4 % at 103 s and back at 106 s; the recording ends at 109.5 s. */
static matvar_t *stimulus(const char *defect)
{
    static const char *const fields[] = {"identity", "type",      "initialstate",
                                         "conc",     "concunits", "switchtimes"};
    double times[] = {103, 106}, conc[] = {4, 21, 11}, initial[] = {2};
    if (is(defect, "stimulus-order")) times[1] = 102;
    if (is(defect, "stimulus-nan")) times[1] = (double)NAN;
    if (is(defect, "stimulus-initial")) initial[0] = 0;
    if (is(defect, "stimulus-class")) return made_chars(NULL, "O2");
    if (is(defect, "no-stimulus")) return made_matrix(NULL, 0, 0, NULL);
    bool timeless = is(defect, "stimulus-times");
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      timeless ? 5 : 6);
    Mat_VarSetStructFieldByName(s, "identity", 0,
                                is(defect, "stimulus-identity") ? made_matrix(NULL, 1, 2, conc)
                                                                : made_chars(NULL, "O2"));
    Mat_VarSetStructFieldByName(
        s, "type", 0, made_chars(NULL, is(defect, "stimulus-type") ? "ramp" : "binarysteps"));
    Mat_VarSetStructFieldByName(s, "initialstate", 0, made_matrix(NULL, 1, 1, initial));
    Mat_VarSetStructFieldByName(s, "conc", 0,
                                made_matrix(NULL, 1, 2 + is(defect, "stimulus-conc"), conc));
    Mat_VarSetStructFieldByName(s, "concunits", 0, made_chars(NULL, "%"));
    if (!timeless) Mat_VarSetStructFieldByName(s, "switchtimes", 0, made_matrix(NULL, 1, 2, times));
    return s;
}

static void set(matvar_t *worms, const char *field, matvar_t *value)
{
    matvar_t *one[1] = {value};
    Mat_VarSetStructFieldByName(worms, field, 0, made_cell(NULL, 1, 1, one));
}

static matvar_t *worms_of(const char *defect)
{
    static const char *const fields[] = {"IDs", "traces", "States", "stimulus",
                                         "timeVectorSeconds"};
    double traces[FRAMES * TRACES], time[FRAMES + 1];
    for (int i = 0; i < FRAMES * TRACES; i++) traces[i] = is(defect, "nan") ? (double)NAN : sin(i);
    for (int i = 0; i <= FRAMES; i++) time[i] = 100 + 0.5 * i;
    if (is(defect, "descending")) time[7] = 3;
    if (is(defect, "infinite")) time[7] = INFINITY;
    bool timeless = is(defect, "no-time");
    matvar_t *worms = Mat_VarCreateStruct("WT_Stim", 2, (size_t[]){1, 1},
                                          (const char **)(uintptr_t)fields, timeless ? 4 : 5);
    set(worms, "IDs", names_of(defect));
    set(worms, "traces",
        is(defect, "text") ? made_chars(NULL, "no numbers")
                           : made_matrix(NULL, FRAMES, TRACES, traces));
    set(worms, "States", states());
    set(worms, "stimulus", stimulus(defect));
    if (!timeless)
        set(worms, "timeVectorSeconds", made_matrix(NULL, FRAMES + is(defect, "stamps"), 1, time));
    return worms;
}

bool made_kato(const char *path, int version, const char *defect)
{
    static const char *const known[] = {"good",
                                        "nan",
                                        "descending",
                                        "stamps",
                                        "text",
                                        "no-time",
                                        "names",
                                        "infinite",
                                        "no-stimulus",
                                        "stimulus-order",
                                        "stimulus-nan",
                                        "stimulus-initial",
                                        "stimulus-class",
                                        "stimulus-times",
                                        "stimulus-identity",
                                        "stimulus-type",
                                        "stimulus-conc"};
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    unlink(path);
    mat_t *file = Mat_CreateVer(path, NULL, version == 73 ? MAT_FT_MAT73 : MAT_FT_MAT5);
    if (!file) return false;
    matvar_t *worms = worms_of(defect);
    bool written = Mat_VarWrite(file, worms, MAT_COMPRESSION_NONE) == 0;
    Mat_VarFree(worms);
    return Mat_Close(file) == 0 && written;
}
