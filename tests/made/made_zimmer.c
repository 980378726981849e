/*
 * made_zimmer.c - made recordings in the form of the Zimmer laboratory's later files, written by
 * HDF5 as MATLAB 7.3 writes: see made.h.
 *
 * Documented (public code that reads the files: qsimeon/worm-data-preprocess; the MATLAB code of
 * Uzel et al. 2022; the depositors' readme of Kato et al. 2015): version 7.3; the variable's name;
 * the fields' names; traces time x neuron; IDs a cell of texts, of empty arrays and of lists of
 * candidates; Uzel and Nichols as an array of structs (elements are reached as S(i).traces and by
 * references at [i, 0]). Assumed: Skora as a struct of cells and Kaplan as well (the public code
 * takes either); fps in all; dataset in Nichols and Uzel; stimulus as in Kato; which worms have
 * which names.
 */
#include "made.h"

#include <hdf5.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORMS = 2, TRACES = 5, MOST_FRAMES = 40 };

/* The layouts. */
static const struct source {
    const char *name, *variable, *labels, *traces, *time, *dataset;
    bool cells; /* a struct of cells, not an array of structs */
} sources[] = {
    {"nichols2017", "npr1_let", "IDs", "traces", "timeVectorSeconds", "dataset", false},
    {"skora2018", "WT_starved", "IDs", "traces", "timeVectorSeconds", NULL, true},
    {"kaplan2020", "SMDhisCl_RIShisCl_Neuron2019", "neuron_ID", "traces_bleach_corrected",
     "time_vector", NULL, true},
    {"uzel2022", "Uzel_WT", "IDs", "traces", "tv", "dataset", false},
};

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* A file being made: objects that only references reach stand in #refs#, numbered. */
struct mat {
    hid_t file;
    unsigned count;
    const char *defect;
};

static void set_text(hid_t object, const char *name, const char *value)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(value));
    hid_t a = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(a, type, value);
    H5Aclose(a), H5Sclose(space), H5Tclose(type);
}

static void set_number(hid_t object, const char *name, int value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(object, name, H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(a, H5T_NATIVE_INT, &value);
    H5Aclose(a), H5Sclose(space);
}

/* A dataset of MATLAB's rows x cols; path NULL: in #refs#. values NULL: chunked, nothing stored. */
static hobj_ref_t put(struct mat *m, const char *path, hid_t type, const char *class_name,
                      hsize_t rows, hsize_t cols, const void *values)
{
    char name[32];
    hobj_ref_t ref = 0;
    snprintf(name, sizeof name, "/#refs#/%u", m->count++);
    if (!path) path = name;
    hid_t space = H5Screate_simple(2, (const hsize_t[]){cols, rows}, NULL); /* reversed */
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    if (!values) H5Pset_chunk(layout, 2, (const hsize_t[]){1, 100});
    hid_t set = H5Dcreate2(m->file, path, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    if (class_name) set_text(set, "MATLAB_class", class_name);
    if (class_name && is(class_name, "char")) set_number(set, "MATLAB_int_decode", 2);
    H5Dclose(set), H5Pclose(layout), H5Sclose(space);
    H5Rcreate(&ref, m->file, path, H5R_OBJECT, -1);
    return ref;
}

static hobj_ref_t numbers(struct mat *m, hsize_t rows, hsize_t cols, const double *values)
{
    return put(m, NULL, H5T_NATIVE_DOUBLE, "double", rows, cols, values);
}

static hobj_ref_t text(struct mat *m, const char *words)
{
    uint16_t units[64];
    size_t n = strlen(words);
    for (size_t i = 0; i < n; i++) units[i] = (unsigned char)words[i];
    return put(m, NULL, H5T_STD_U16LE, "char", 1, n, units);
}

static hobj_ref_t cell(struct mat *m, size_t n, const hobj_ref_t *items)
{
    return put(m, NULL, H5T_STD_REF_OBJ, "cell", 1, n, items);
}

/* An empty array holds its dimensions, and says that it does. */
static hobj_ref_t empty(struct mat *m)
{
    const uint64_t dims[] = {0, 0};
    hobj_ref_t ref = put(m, NULL, H5T_STD_U64LE, "double", 2, 1, dims);
    hid_t set = H5Rdereference2(m->file, H5P_DEFAULT, H5R_OBJECT, &ref);
    set_number(set, "MATLAB_empty", 1);
    H5Dclose(set);
    return ref;
}

/* AVAL; VB02, with VB2 as another spelling; {DB01, VB01}; none; {{RIS}}. */
static hobj_ref_t labels_of(struct mat *m)
{
    const hobj_ref_t spellings[] = {text(m, "VB02"), text(m, "VB2")};
    const hobj_ref_t candidates[] = {empty(m), text(m, "DB01"), text(m, "VB01")};
    const hobj_ref_t ris = text(m, "RIS"), in_cell = cell(m, 1, &ris);
    bool named = is(m->defect, "surplus-name");
    const hobj_ref_t names[] = {text(m, "AVAL"),
                                cell(m, 2, spellings),
                                cell(m, 3, candidates),
                                empty(m),
                                cell(m, 1, &in_cell),
                                empty(m),
                                named ? text(m, "AVAR") : empty(m)};
    size_t n = is(m->defect, "names")              ? TRACES - 1
               : named || is(m->defect, "surplus") ? TRACES + 2
                                                   : TRACES;
    hobj_ref_t list = cell(m, n, names);
    return is(m->defect, "nested") ? cell(m, 1, &list) : list;
}

/* Worm k has 30 + 10 k frames of 0.4 s; trace j is j + 0.01 frame + 100 k. */
static hobj_ref_t traces_of(struct mat *m, size_t k, size_t frames)
{
    double values[MOST_FRAMES * TRACES];
    if (is(m->defect, "class")) return text(m, "no numbers");
    if (is(m->defect, "empty") && k == 1) return empty(m);
    if (is(m->defect, "huge"))
        return put(m, NULL, H5T_NATIVE_DOUBLE, "double", (hsize_t)1 << 40, TRACES, NULL);
    for (size_t j = 0; j < TRACES; j++)
        for (size_t t = 0; t < frames; t++)
            values[j * frames + t] = (double)j + 0.01 * (double)t + 100 * (double)k;
    return numbers(m, frames, TRACES, values);
}

static hobj_ref_t time_of(struct mat *m, size_t frames)
{
    double time[MOST_FRAMES + 1];
    for (size_t t = 0; t <= frames; t++)
        time[t] = 0.4 * (double)t / (is(m->defect, "minutes") ? 60 : 1);
    if (is(m->defect, "nan-time")) time[3] = (double)NAN;
    return numbers(m, frames + is(m->defect, "stamps"), 1, time);
}

static hobj_ref_t fps_of(struct mat *m)
{
    double fps = is(m->defect, "fps-zero") ? 0 : is(m->defect, "disagree") ? 25 : 2.5;
    return numbers(m, 1, 1, &fps);
}

/* A field of all worms: a reference for each, in a cell or not. */
static void put_field(struct mat *m, const struct source *s, const char *field,
                      const hobj_ref_t *worms)
{
    char path[128];
    snprintf(path, sizeof path, "/%s/%s", s->variable, field);
    put(m, path, H5T_STD_REF_OBJ, s->cells ? "cell" : NULL, 1, WORMS, worms);
}

static void put_worms(struct mat *m, const struct source *s)
{
    hobj_ref_t labels[WORMS], traces[WORMS], time[WORMS], fps[WORMS], dataset[WORMS];
    for (size_t k = 0; k < WORMS; k++) {
        char name[64];
        size_t frames = 30 + 10 * k;
        snprintf(name, sizeof name, "AN2014010%zu_%s", k + 1, s->name);
        labels[k] = labels_of(m);
        traces[k] = traces_of(m, k, frames);
        time[k] = time_of(m, frames);
        fps[k] = fps_of(m);
        dataset[k] = text(m, name);
    }
    if (!is(m->defect, "no-names")) put_field(m, s, s->labels, labels);
    put_field(m, s, s->traces, traces);
    if (!is(m->defect, "fps-only") && !is(m->defect, "no-time")) put_field(m, s, s->time, time);
    if (!is(m->defect, "no-time")) put_field(m, s, "fps", fps);
    if (s->dataset) put_field(m, s, s->dataset, dataset);
}

/* The 512 bytes before HDF5 begins. */
static bool put_header(const char *path)
{
    static const char words[] = "MATLAB 7.3 MAT-file, Platform: made, Created on: a day HDF5 "
                                "schema 1.00 .";
    unsigned char header[128];
    FILE *f = fopen(path, "r+b");
    if (!f) return false;
    memset(header, ' ', sizeof header);
    memcpy(header, words, sizeof words - 1);
    memset(header + 116, 0, 8);
    header[124] = 0, header[125] = 2, header[126] = 'I', header[127] = 'M';
    bool written = fwrite(header, 1, sizeof header, f) == sizeof header;
    return fclose(f) == 0 && written;
}

bool made_zimmer(const char *path, const char *source, const char *defect)
{
    static const char *const known[] = {"good",     "no-names",     "class",    "stamps",
                                        "nan-time", "empty",        "huge",     "names",
                                        "surplus",  "surplus-name", "fps-zero", "minutes",
                                        "nested",   "no-time",      "fps-only", "disagree"};
    size_t k = 0, s = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    while (s < sizeof sources / sizeof *sources && !is(source, sources[s].name)) s++;
    if (k == sizeof known / sizeof *known || s == sizeof sources / sizeof *sources) return false;
    unlink(path);
    hid_t form = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(form, 512);
    struct mat m = {.file = H5Fcreate(path, H5F_ACC_TRUNC, form, H5P_DEFAULT), .defect = defect};
    H5Pclose(form);
    if (m.file < 0) return false;
    H5Gclose(H5Gcreate2(m.file, "/#refs#", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    hid_t group = H5Gcreate2(m.file, sources[s].variable, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    set_text(group, "MATLAB_class", "struct");
    H5Gclose(group);
    put_worms(&m, &sources[s]);
    return H5Fclose(m.file) >= 0 && put_header(path);
}
