/* made_henaff.c - made sessions in the form of Henaff et al. 2021, written by matio: see made.h. */
#include "made.h"
#include "mat5_values.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SCALES = 2, CATEGORIES = 3, MOVIES = 10, FRAMES = 11, UNITS = 3, REPEATS = 4, BINS = 5 };
enum { SEQUENCES = SCALES * CATEGORIES * MOVIES, COUNTS = SEQUENCES * FRAMES * UNITS * REPEATS };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

static matvar_t *numbers(int rank, const size_t *dims, double *values)
{
    return Mat_VarCreate(NULL, MAT_C_DOUBLE, MAT_T_DOUBLE, rank, (size_t *)(uintptr_t)dims, values,
                         0);
}

static matvar_t *list(const char *const *text, size_t count)
{
    matvar_t *cell[MOVIES];
    for (size_t i = 0; i < count; i++) cell[i] = made_chars(NULL, text[i]);
    return made_cell(NULL, count, 1, cell);
}

static matvar_t *structure(const char *const *fields, matvar_t *const *values, unsigned count)
{
    matvar_t *s = Mat_VarCreateStruct(NULL, 2, (size_t[]){1, 1}, (const char **)(uintptr_t)fields,
                                      count);
    for (unsigned i = 0; i < count; i++) Mat_VarSetStructFieldByName(s, fields[i], 0, values[i]);
    return s;
}

/* The numbers of the frames that a category has of its own. */
static matvar_t *images(double first, size_t count, const char *defect)
{
    static const char *const fields[] = {"stimulus_id"};
    double id[FRAMES];
    for (size_t i = 0; i < FRAMES; i++) id[i] = first + (double)i;
    if (is(defect, "image")) id[0] = 0.5;
    matvar_t *one[1] = {made_matrix(NULL, 1, count - is(defect, "frames"), id)};
    return structure(fields, one, 1);
}

/* Two movies of each category in the first scale, one in the second. */
static matvar_t *scale_of(int scale, const char *defect)
{
    static const char *const categories[] = {"natural", "synthetic", "contrast"};
    static const char *const movies[] = {"movie01a", "movie02b"};
    static const size_t frames[] = {11, 9, 10};
    matvar_t *category[CATEGORIES];
    unsigned used = scale ? 2 : 3;
    for (unsigned c = 0; c < used; c++) {
        matvar_t *movie[2];
        for (int m = 0; m < 2; m++)
            movie[m] = images(1 + 200 * scale + 50 * c + 20 * m, frames[c], defect);
        category[c] = structure(movies, movie, scale ? 1 : 2);
        if (scale) Mat_VarFree(movie[1]);
    }
    return structure(categories, category, used);
}

static matvar_t *stimuli(const char *defect)
{
    static const char *const scales[] = {"zoom1x", "zoom2x"};
    static const char *const titles[MOVIES] = {"movie01-a", "movie02-b", "movie03-c", "movie04-d",
                                               "movie05-e", "movie06-f", "movie07-g", "movie08-h",
                                               "movie09-i", "movie10-j"};
    static const char *const fields[] = {"scales", "movie_titles", "zoom1x", "zoom2x"};
    matvar_t *value[] = {list(scales, SCALES), list(titles, is(defect, "titles") ? 9 : MOVIES),
                         scale_of(0, defect), scale_of(1, defect)};
    return structure(fields, value, 4);
}

/* Counts that a test can tell: unit + frame + repeat parity, missing in the last repeat of unit 1.
 */
static void fill_counts(double *counts)
{
    for (size_t i = 0; i < COUNTS; i++) {
        size_t unit = i / SEQUENCES / FRAMES % UNITS, repeat = i / SEQUENCES / FRAMES / UNITS;
        size_t frame = i / SEQUENCES % FRAMES;
        counts[i] = (double)(frame * (unit + 1) + repeat % 2);
        if (unit == 1 && repeat == REPEATS - 1) counts[i] = (double)NAN;
    }
}

bool made_henaff(const char *path, const char *defect)
{
    static const char *const known[] = {"good",  "titles", "frames", "image",      "shape",
                                        "edges", "units",  "name",   "no-stimuli", "latency"};
    static const char *const fields[] = {
        "monkey_ID",        "penetration_ID",   "cortical_area",     "sortedResponses",
        "psth_population",  "psth_edges",       "cluster_list",      "cluster_group",
        "mean_blank_rates", "response_latency", "integrationPeriod", "stimulusStruct"};
    static double counts[COUNTS], psth[SEQUENCES * UNITS * BINS];
    double edges[BINS], cluster[UNITS] = {4, 7, 9}, group[UNITS] = {1, 2, 1}, blank[UNITS] = {0.5};
    double latency = is(defect, "latency") ? (double)NAN : 0.04, period = 0.2;
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    fill_counts(counts);
    for (size_t i = 0; i < SEQUENCES * UNITS * BINS; i++) psth[i] = (double)(i / SEQUENCES);
    for (size_t i = 0; i < BINS; i++) edges[i] = 0.01 * (double)i;
    if (is(defect, "edges")) edges[3] = 0;
    const size_t frames = is(defect, "shape") ? FRAMES - 1 : FRAMES;
    matvar_t *value[] = {
        made_chars(NULL, is(defect, "name") ? "a/b" : "m1"),
        made_chars(NULL, "u1"),
        made_chars(NULL, "V1"),
        numbers(6, (size_t[]){SCALES, CATEGORIES, MOVIES, frames, UNITS, REPEATS}, counts),
        numbers(5, (size_t[]){SCALES, CATEGORIES, MOVIES, UNITS, BINS}, psth),
        made_matrix(NULL, 1, BINS, edges),
        made_matrix(NULL, 1, UNITS - is(defect, "units"), cluster),
        made_matrix(NULL, 1, UNITS, group),
        made_matrix(NULL, 1, UNITS, blank),
        made_matrix(NULL, 1, 1, &latency),
        made_matrix(NULL, 1, 1, &period),
        stimuli(defect)};
    unsigned count = is(defect, "no-stimuli") ? 11 : 12;
    matvar_t *all = structure(fields, value, count);
    if (count == 11) Mat_VarFree(value[11]);
    free(all->name);
    all->name = strdup("naturalStruct");
    unlink(path);
    mat_t *file = Mat_CreateVer(path, NULL, MAT_FT_MAT73);
    bool good = file && Mat_VarWrite(file, all, MAT_COMPRESSION_NONE) == 0;
    Mat_VarFree(all);
    return file && Mat_Close(file) == 0 && good;
}
