/* made_brainio.c - made BrainIO assemblies in netCDF-4: see made.h. */
#include "made.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PRESENTATIONS = 7, NEUROIDS = 4, BINS = 2, EVENTS = 5 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* A dimension that is not a variable. */
static void put_dimension(hid_t at, const char *name, hsize_t n)
{
    float zero[16] = {0};
    char label[80];
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t set = H5Dcreate2(at, name, H5T_IEEE_F32BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, zero);
    snprintf(label, sizeof label, "This is a netCDF dimension but not a netCDF variable. %9d",
             (int)n);
    H5DSset_scale(set, label);
    H5Dclose(set), H5Sclose(space);
}

static void attach(hid_t at, hid_t set, unsigned dim, const char *scale)
{
    hid_t to = H5Dopen2(at, scale, H5P_DEFAULT);
    H5DSattach_scale(set, to, dim);
    H5Dclose(to);
}

static void put_column(hid_t at, const char *name, const char *dim, hid_t type, hsize_t n,
                       const void *values)
{
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    attach(at, set, 0, dim);
    H5Dclose(set), H5Sclose(space);
}

static void put_texts(hid_t at, const char *name, const char *dim, hsize_t n,
                      const char *const *values)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE), H5Tset_cset(type, H5T_CSET_UTF8);
    put_column(at, name, dim, type, n, values);
    H5Tclose(type);
}

static void put_array(hid_t at, const char *name, int rank, const hsize_t *shape,
                      const char *const *dims, const double *values, const char *coordinates)
{
    hid_t space = H5Screate_simple(rank, shape, NULL);
    hid_t set = H5Dcreate2(at, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT,
                           H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    for (int d = 0; d < rank; d++)
        if (dims[d]) attach(at, set, (unsigned)d, dims[d]);
    H5Dclose(set), H5Sclose(space);
    if (coordinates) H5LTset_attribute_string(at, name, "coordinates", coordinates);
}

/* Stimuli b, a, b, c, a, b, c; repetitions 0 0 1 0 1 2 1. */
static void put_presentations(hid_t file, const char *defect)
{
    static const char *const id[PRESENTATIONS] = {"b", "a", "b", "c", "a", "b", "c"};
    static const char *const object[PRESENTATIONS] = {"dog", "car", "dog", "dog",
                                                      "car", "dog", "dog"};
    const char *empty[PRESENTATIONS] = {"b", "a", "", "c", "a", "b", "c"};
    const long long repetition[PRESENTATIONS] = {0, 0, 1, 0, 1, 2, 1};
    put_dimension(file, "presentation", PRESENTATIONS);
    if (!is(defect, "no-stimulus"))
        put_texts(file, is(defect, "old") ? "image_id" : "stimulus_id", "presentation",
                  PRESENTATIONS, is(defect, "unnamed") ? empty : id);
    put_texts(file, "object_name", "presentation", PRESENTATIONS, object);
    put_column(file, "repetition", "presentation", H5T_NATIVE_LLONG, PRESENTATIONS, repetition);
}

static void put_neuroids(hid_t file)
{
    static const char *const id[NEUROIDS] = {"n1", "n2", "n3", "n4"};
    static const char *const region[NEUROIDS] = {"V4", "IT", "V4", "IT"};
    static const char *const animal[NEUROIDS] = {"Chabo", "Chabo", "Tito", "Tito"};
    put_dimension(file, "neuroid", NEUROIDS);
    put_texts(file, "neuroid_id", "neuroid", NEUROIDS, id);
    put_texts(file, "region", "neuroid", NEUROIDS, region);
    put_texts(file, "animal", "neuroid", NEUROIDS, animal);
}

static void put_bins(hid_t file, const char *defect)
{
    const long long start[BINS] = {70, is(defect, "bins") ? 60 : 170}, end[BINS] = {170, 270};
    put_dimension(file, "time_bin", BINS);
    put_column(file, "time_bin_start", "time_bin", H5T_NATIVE_LLONG, BINS, start);
    put_column(file, "time_bin_end", "time_bin", H5T_NATIVE_LLONG, BINS, end);
}

static void put_events(hid_t file, const char *defect)
{
    static const char *const id[EVENTS] = {"n1", "n2", "n1", "n1", "n2"};
    static const char *const region[EVENTS] = {"V4", "IT", "V4", "V4", "IT"};
    double time[EVENTS] = {12.5, 13, 40, 41.25, 50};
    if (is(defect, "event-nan")) time[2] = (double)NAN;
    put_dimension(file, "event", EVENTS);
    put_texts(file, "neuroid_id", "event", EVENTS, id);
    put_texts(file, "region", "event", EVENTS, region);
    put_array(file, "data", 1, (const hsize_t[]){EVENTS}, (const char *const[]){"event"}, time,
              "neuroid_id region");
    hid_t group = H5Gcreate2(file, "Trials", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const double on[2] = {1000, 2000};
    put_dimension(group, "event", 2);
    put_texts(group, "stimulus_id", "event", 2, (const char *const[]){"a", "b"});
    put_array(group, "data", 1, (const hsize_t[]){2}, (const char *const[]){"event"}, on,
              "stimulus_id");
    H5Gclose(group);
}

bool made_brainio(const char *path, const char *defect)
{
    static const char *const known[] = {"good",      "old",       "one-bin", "model",
                                        "events",    "unnamed",   "bins",    "no-stimulus",
                                        "event-nan", "model-nan", "nameless"};
    double values[PRESENTATIONS * NEUROIDS * BINS];
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    if (is(defect, "events") || is(defect, "event-nan")) {
        put_events(file, defect);
        return H5Fclose(file) >= 0;
    }
    int rank = is(defect, "one-bin") || strncmp(defect, "model", 5) == 0 ? 2 : 3;
    for (int i = 0; i < PRESENTATIONS * NEUROIDS * BINS; i++) values[i] = i;
    put_presentations(file, defect);
    put_neuroids(file);
    if (rank == 3) put_bins(file, defect);
    if (strncmp(defect, "model", 5) == 0)
        put_texts(file, "layer", "neuroid", NEUROIDS, (const char *const[]){"1", "2", "1", "2"});
    if (is(defect, "good")) values[3] = (double)NAN; /* presentation 0, neuroid 1, bin 1 */
    if (is(defect, "model-nan")) values[3] = (double)NAN;
    put_array(file, "data", rank, (const hsize_t[]){PRESENTATIONS, NEUROIDS, BINS},
              (const char *const[]){"presentation", is(defect, "nameless") ? NULL : "neuroid",
                                    "time_bin"},
              values, "neuroid_id stimulus_id");
    H5LTset_attribute_string(file, "/", "identifier", "made.2015");
    return H5Fclose(file) >= 0;
}

/* ---- forms of the standard benchmarks -------------------------------------------------------- */

enum { REPEATS = 2 };

static void put_field_coordinates(hid_t file, const char *form)
{
    static char id[FIELD_STIMULI][8];
    static const char *const kinds[] = {"animals", "boats", "cars", "chairs"};
    static const char *const regions[][2] = {{"V4", "IT"}, {"V1", "V2"}, {"V1", "V1"}};
    const char *stimulus[FIELD_STIMULI * REPEATS], *kind[FIELD_STIMULI * REPEATS];
    long long repetition[FIELD_STIMULI * REPEATS];
    const char *const *region = regions[is(form, "objects") ? 0 : is(form, "textures") ? 1 : 2];
    for (int t = 0; t < FIELD_STIMULI * REPEATS; t++) {
        int i = t % FIELD_STIMULI;
        snprintf(id[i], sizeof id[i], "s%02d", i);
        stimulus[t] = id[i], kind[t] = kinds[i % 4], repetition[t] = t / FIELD_STIMULI;
    }
    put_dimension(file, "presentation", FIELD_STIMULI * REPEATS);
    put_texts(file, "stimulus_id", "presentation", FIELD_STIMULI * REPEATS, stimulus);
    if (!is(form, "images"))
        put_texts(file, is(form, "objects") ? "object_name" : "texture_type", "presentation",
                  FIELD_STIMULI * REPEATS, kind);
    put_column(file, "repetition", "presentation", H5T_NATIVE_LLONG, FIELD_STIMULI * REPEATS,
               repetition);
    const char *const name[FIELD_UNITS] = {"n1", "n2", "n3", "n4"},
                      *const animal[FIELD_UNITS] = {"A", "A", "B", "B"},
                      *const area[FIELD_UNITS] = {region[0], region[1], region[0], region[1]};
    put_dimension(file, "neuroid", FIELD_UNITS);
    put_texts(file, "neuroid_id", "neuroid", FIELD_UNITS, name);
    put_texts(file, "region", "neuroid", FIELD_UNITS, area);
    put_texts(file, "animal", "neuroid", FIELD_UNITS, animal);
}

bool made_brainio_field(const char *path, const char *form)
{
    enum { MOST_BINS = 5 };
    static double values[FIELD_STIMULI * REPEATS * FIELD_UNITS * MOST_BINS];
    long long start[MOST_BINS], end[MOST_BINS];
    int bins = is(form, "textures") ? MOST_BINS : 1;
    if (!is(form, "objects") && !is(form, "textures") && !is(form, "images")) return false;
    for (int b = 0; b < bins; b++)
        start[b] = bins > 1 ? 50 * b : 70, end[b] = bins > 1 ? 50 * b + 50 : 170;
    for (int t = 0; t < FIELD_STIMULI * REPEATS; t++)
        for (int u = 0; u < FIELD_UNITS; u++)
            for (int b = 0; b < bins; b++) /* bins 1 to 3 are the window: x - 3, x, x + 3 */
                values[(t * FIELD_UNITS + u) * bins + b] =
                    b % 4 == 0 && bins > 1
                        ? 1e4
                        : made_field_trial(t % FIELD_STIMULI, u, t / FIELD_STIMULI) +
                              (bins > 1 ? 3 * (b - 2) : 0);
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    put_field_coordinates(file, form);
    put_dimension(file, "time_bin", (hsize_t)bins);
    put_column(file, "time_bin_start", "time_bin", H5T_NATIVE_LLONG, (hsize_t)bins, start);
    put_column(file, "time_bin_end", "time_bin", H5T_NATIVE_LLONG, (hsize_t)bins, end);
    put_array(file, "data", 3,
              (const hsize_t[]){FIELD_STIMULI * REPEATS, FIELD_UNITS, (hsize_t)bins},
              (const char *const[]){"presentation", "neuroid", "time_bin"}, values,
              "stimulus_id repetition neuroid_id region animal time_bin_start time_bin_end");
    return H5Fclose(file) >= 0;
}
