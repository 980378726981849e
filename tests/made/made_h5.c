/* made_h5.c - made recordings in the form of Dag et al. 2023 and labels in JLD2: see made.h. */
#include "made.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 12, TRACES = 3, STAMPS = 20 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* A dataset, with the groups above it; values NULL: chunked, nothing stored. */
static hobj_ref_t put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                      const void *values)
{
    hobj_ref_t ref = 0;
    hid_t space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t links = H5Pcreate(H5P_LINK_CREATE), layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    if (!values) H5Pset_chunk(layout, rank, (const hsize_t[]){100, TRACES});
    hid_t set = H5Dcreate2(file, name, type, space, links, layout, H5P_DEFAULT);
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set), H5Pclose(links), H5Pclose(layout), H5Sclose(space);
    H5Rcreate(&ref, file, name, H5R_OBJECT, -1);
    return ref;
}

static void put_traces(hid_t file, const char *name, const char *defect)
{
    double traces[FRAMES * TRACES];
    char texts[FRAMES * TRACES * 8] = "no number";
    const hsize_t shape[] = {FRAMES, TRACES}, huge[] = {1ULL << 40, TRACES};
    for (int i = 0; i < FRAMES * TRACES; i++) traces[i] = is(defect, "nan") ? (double)NAN : i % 7;
    if (is(defect, "text")) {
        hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, 8);
        put(file, name, text, 2, shape, texts);
        H5Tclose(text);
    } else if (is(defect, "huge")) {
        put(file, name, H5T_NATIVE_DOUBLE, 2, huge, NULL);
    } else {
        put(file, name, H5T_NATIVE_DOUBLE, is(defect, "flat") ? 1 : 2, shape, traces);
    }
}

bool made_dag(const char *path, const char *defect)
{
    static const char *const known[] = {"good",  "nan",       "descending", "stamps",
                                        "text",  "no-traces", "huge",       "reversal",
                                        "cycle", "loop",      "flat"};
    double time[STAMPS], velocity[FRAMES];
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    for (int i = 0; i < STAMPS; i++) time[i] = 1.2e6 + 0.6 * i;
    for (int i = 0; i < FRAMES; i++) velocity[i] = 0.01 * i;
    if (is(defect, "descending")) time[4] = 0;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    const hsize_t frames[] = {FRAMES}, stamps[] = {is(defect, "stamps") ? FRAMES - 1 : FRAMES};
    put_traces(file, "gcamp/trace_array", defect);
    if (is(defect, "loop")) {
        H5Lcreate_soft("/gcamp/other", file, "gcamp/traces_array_F_F20", H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_soft("/gcamp/traces_array_F_F20", file, "gcamp/other", H5P_DEFAULT, H5P_DEFAULT);
    } else if (is(defect, "cycle")) {
        H5Lcreate_hard(file, "gcamp", file, "gcamp/traces_array_F_F20", H5P_DEFAULT, H5P_DEFAULT);
    } else if (!is(defect, "no-traces")) {
        put_traces(file, "gcamp/traces_array_F_F20", defect);
    }
    put(file, "timing/timestamp_confocal", H5T_NATIVE_DOUBLE, 1, stamps, time);
    const long long reversal[] = {2, is(defect, "reversal") ? FRAMES + 1 : 5};
    put(file, "behavior/reversal_events", H5T_NATIVE_LLONG, 2, (const hsize_t[]){2, 1}, reversal);
    put(file, "behavior/velocity", H5T_NATIVE_DOUBLE, 1, frames, velocity);
    return H5Fclose(file) >= 0;
}

/* ---- JLD2 ----------------------------------------------------------------------------------- */

struct entry {
    union {
        const char *text;
        int64_t number;
    } key;
    hobj_ref_t value;
};

/* A dictionary: a boxed list of pairs, its keys of a type. */
static hobj_ref_t put_dictionary(hid_t file, const char *name, hid_t key, hsize_t count,
                                 const struct entry *entries)
{
    char list[64];
    snprintf(list, sizeof list, "%s_pairs", name);
    hid_t pair = H5Tcreate(H5T_COMPOUND, sizeof *entries);
    H5Tinsert(pair, "first", offsetof(struct entry, key), key);
    H5Tinsert(pair, "second", offsetof(struct entry, value), H5T_STD_REF_OBJ);
    hobj_ref_t pairs = put(file, list, pair, 1, &count, entries);
    H5Tclose(pair);
    return put(file, name, H5T_STD_REF_OBJ, 0, NULL, &pairs);
}

/* NeuroPAL_labels["dict_match_dict"]["made"] = [{1: {"label": "AVAL", "confidence": 4}}] */
static void put_labels(hid_t file, hid_t text, const char *defect)
{
    const char *word = "AVAL";
    const double confidence = 4;
    const hsize_t one = 1;
    const struct entry fields[] = {
        {{"label"}, put(file, "word", text, 0, NULL, &word)},
        {{"confidence"}, put(file, "confidence", H5T_NATIVE_DOUBLE, 0, NULL, &confidence)}};
    const struct entry label = {{"1"}, put_dictionary(file, "label", text, 2, fields)};
    struct entry numbered = label;
    numbered.key.number = 1;
    hobj_ref_t traces = put_dictionary(file, "traces", H5T_NATIVE_INT64, 1, &numbered);
    hobj_ref_t list = put(file, "list", H5T_STD_REF_OBJ, 1, &one, &traces);
    if (is(defect, "cycle")) {
        hid_t set = H5Dopen2(file, "list", H5P_DEFAULT);
        H5Dwrite(set, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, &list);
        H5Dclose(set);
    }
    const struct entry recording = {{"made"}, list};
    const struct entry member = {{"dict_match_dict"},
                                 put_dictionary(file, "recordings", text, 1, &recording)};
    put_dictionary(file, "NeuroPAL_labels", text, 1, &member);
}

bool made_jld2(const char *path, const char *defect)
{
    static const char heading[] = "HDF5-based Julia Data Format, version 0.1.1";
    if (!is(defect, "good") && !is(defect, "cycle")) return false;
    hid_t list = H5Pcreate(H5P_FILE_CREATE), text = H5Tcopy(H5T_C_S1);
    H5Pset_userblock(list, 512);
    H5Tset_size(text, H5T_VARIABLE);
    H5Tset_cset(text, H5T_CSET_UTF8);
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    if (file >= 0) put_labels(file, text, defect);
    bool made = file >= 0 && H5Fclose(file) >= 0;
    H5Tclose(text), H5Pclose(list);
    FILE *stream = made ? fopen(path, "r+b") : NULL;
    if (!stream) return false;
    made = fputs(heading, stream) >= 0;
    return fclose(stream) == 0 && made;
}
