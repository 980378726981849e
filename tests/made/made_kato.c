/* made_kato.c - made recordings in the form of Kato et al. 2015, written by matio: see made.h. */
#include "made.h"

#include <math.h>
#include <matio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 20, TRACES = 6 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

static matvar_t *matrix(size_t rows, size_t cols, double *values)
{
    return Mat_VarCreate(NULL, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, (size_t[]){rows, cols}, values, 0);
}

static matvar_t *chars(const char *text)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", text);
    return Mat_VarCreate(NULL, MAT_C_CHAR, MAT_T_UINT8, 2, (size_t[]){1, strlen(text)}, copy, 0);
}

static matvar_t *cell_of(size_t n, matvar_t **items)
{
    return Mat_VarCreate(NULL, MAT_C_CELL, MAT_T_CELL, 2, (size_t[]){1, n}, items, 0);
}

static matvar_t *names_of(const char *defect)
{
    matvar_t *candidates[2] = {chars("VB02"), chars("DB01")};
    matvar_t *names[TRACES] = {chars("AVAL"), cell_of(2, candidates), chars("AVAR"),
                               chars("17"),   chars("RIS"),           chars("OLQ?L")};
    if (!is(defect, "names")) return cell_of(TRACES, names);
    Mat_VarFree(names[TRACES - 1]);
    return cell_of(TRACES - 1, names);
}

static matvar_t *states(void)
{
    static const char *const fields[] = {"fwd", "rev1"};
    double forward[FRAMES], reverse[FRAMES];
    for (int i = 0; i < FRAMES; i++) forward[i] = i < 8 || i > 14, reverse[i] = 1 - forward[i];
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      2);
    Mat_VarSetStructFieldByName(s, "fwd", 0, matrix(1, FRAMES, forward));
    Mat_VarSetStructFieldByName(s, "rev1", 0, matrix(1, FRAMES, reverse));
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
    if (is(defect, "stimulus-class")) return chars("O2");
    if (is(defect, "no-stimulus")) return matrix(0, 0, NULL);
    bool timeless = is(defect, "stimulus-times");
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      timeless ? 5 : 6);
    Mat_VarSetStructFieldByName(s, "identity", 0,
                                is(defect, "stimulus-identity") ? matrix(1, 2, conc) : chars("O2"));
    Mat_VarSetStructFieldByName(s, "type", 0,
                                chars(is(defect, "stimulus-type") ? "ramp" : "binarysteps"));
    Mat_VarSetStructFieldByName(s, "initialstate", 0, matrix(1, 1, initial));
    Mat_VarSetStructFieldByName(s, "conc", 0, matrix(1, 2 + is(defect, "stimulus-conc"), conc));
    Mat_VarSetStructFieldByName(s, "concunits", 0, chars("%"));
    if (!timeless) Mat_VarSetStructFieldByName(s, "switchtimes", 0, matrix(1, 2, times));
    return s;
}

static void set(matvar_t *worms, const char *field, matvar_t *value)
{
    matvar_t *one[1] = {value};
    Mat_VarSetStructFieldByName(worms, field, 0, cell_of(1, one));
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
    set(worms, "traces", is(defect, "text") ? chars("no numbers") : matrix(FRAMES, TRACES, traces));
    set(worms, "States", states());
    set(worms, "stimulus", stimulus(defect));
    if (!timeless) set(worms, "timeVectorSeconds", matrix(FRAMES + is(defect, "stamps"), 1, time));
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
