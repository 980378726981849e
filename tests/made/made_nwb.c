/*
 * made_nwb.c - made whole-brain recordings in NWB 2, written by HDF5: see made.h.
 *
 * Documented (NWB core schema 2, HDMF common 1; github.com/focolab/NWBelegans for the names that
 * laboratories of worms agreed on): the attribute neurodata_type; data, timestamps, starting_time
 * with rate, conversion, offset, unit; tables with NAME and NAME_index; a region `rois` with the
 * attribute `table`; processing/CalciumActivity/{SignalRawFluor, SignalDFoF}/
 * SignalCalciumImResponseSeries; NeuronIDs/labels; ID_labels; intervals/chemical_stimuli with a
 * column stimulus; processing/Behavior/NAME/NAME. Seen in a real file: acquisition/Activity_0000 of
 * one column, with "Neuron: 0" as description, and a Position with a SpatialSeries.
 * Known by public code: the table ActivityTraces with StimulusInfo and CalciumImageSeries; of the
 * pump-probe files GreenSignals, table_region, neuropal_ids and NeuroPALPlaneSegmentation/labels.
 * Assumed: that NeuronIDs/labels are in the order of the traces; that the rows of ActivityTraces
 * are a matrix or ragged (code that reads them by pynwb works with both).
 */
#include "made.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 30, TRACES = 5 };

#define MODULE "processing/CalciumActivity"
#define SERIES MODULE "/SignalRawFluor/SignalCalciumImResponseSeries"
#define TABLE  MODULE "/CalciumSeriesSegmentation/Seg_tpoint_0"

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static hid_t space_of(int rank, const hsize_t *dims)
{
    return rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
}

/* A dataset with the groups above it; values NULL: chunked, nothing stored. */
static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims,
                const void *values)
{
    hid_t space = space_of(rank, dims), links = H5Pcreate(H5P_LINK_CREATE);
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    if (!values) H5Pset_chunk(layout, rank, (const hsize_t[]){100, TRACES});
    hid_t set = H5Dcreate2(file, name, type, space, links, layout, H5P_DEFAULT);
    if (values) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set), H5Pclose(links), H5Pclose(layout), H5Sclose(space);
}

static void put_doubles(hid_t file, const char *name, hsize_t count, const double *values)
{
    put(file, name, H5T_NATIVE_DOUBLE, 1, &count, values);
}

static void put_texts(hid_t file, const char *name, hsize_t count, const char *const *texts)
{
    hid_t type = text_type();
    put(file, name, type, 1, &count, texts);
    H5Tclose(type);
}

static void put_text(hid_t file, const char *name, const char *text)
{
    hid_t type = text_type();
    put(file, name, type, 0, NULL, &text);
    H5Tclose(type);
}

/* An attribute of an object that is there. */
static void set(hid_t file, const char *object, const char *name, hid_t type, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR), at = H5Oopen(file, object, H5P_DEFAULT);
    hid_t attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attr, type, value);
    H5Aclose(attr), H5Oclose(at), H5Sclose(space);
}

static void set_text(hid_t file, const char *object, const char *name, const char *text)
{
    hid_t type = text_type();
    set(file, object, name, type, &text);
    H5Tclose(type);
}

static void set_number(hid_t file, const char *object, const char *name, double value)
{
    set(file, object, name, H5T_NATIVE_DOUBLE, &value);
}

static const char *below(const char *series, const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", series, name);
    return path;
}

/* ---- traces --------------------------------------------------------------------------------- */

/* data[i][j] = i + 100 j, halved by `conversion`; the third trace has no value. */
static void put_data(hid_t file, const char *series, const char *defect)
{
    double values[FRAMES * TRACES];
    static const char *const words[FRAMES * TRACES] = {"no number"};
    const hsize_t shape[] = {FRAMES, TRACES}, huge[] = {1ULL << 40, TRACES};
    const hsize_t deep[] = {FRAMES, TRACES, 1}, empty[] = {0, TRACES}, turned[] = {TRACES, FRAMES};
    bool across = is(defect, "turned");
    for (int i = 0; i < FRAMES; i++)
        for (int j = 0; j < TRACES; j++)
            values[across ? j * FRAMES + i : i * TRACES + j] = j == 2 || is(defect, "nan")
                                                                   ? (double)NAN
                                                                   : i + 100 * j;
    const char *name = below(series, "data");
    hid_t text = text_type(), real = H5T_NATIVE_DOUBLE;
    if (is(defect, "text")) put(file, name, text, 2, shape, words);
    else if (is(defect, "huge")) put(file, name, real, 2, huge, NULL);
    else if (is(defect, "empty")) put(file, name, real, 2, empty, values);
    else
        put(file, name, real, is(defect, "rank") ? 3 : 2,
            across               ? turned
            : is(defect, "rank") ? deep
                                 : shape,
            values);
    H5Tclose(text);
    set_number(file, name, "conversion", is(defect, "conversion") ? 0 : .5);
    set_text(file, name, "unit", "lumens");
}

/* 4 Hz from 2 s; with "stamps" and its kin, stamps. */
static void put_time(hid_t file, const char *series, const char *defect)
{
    double start = 2, stamps[FRAMES + 1];
    bool stamped = is(defect, "stamps") || is(defect, "one-more") || is(defect, "descending") ||
                   is(defect, "milliseconds") || is(defect, "turned");
    for (int i = 0; i <= FRAMES; i++) stamps[i] = 2 + i / 4.0 + (i > 20 ? 60 : 0);
    if (is(defect, "descending")) stamps[7] = 0;
    if (is(defect, "no-time")) return;
    if (stamped) {
        put_doubles(file, below(series, "timestamps"), FRAMES + is(defect, "one-more"), stamps);
        set_text(file, below(series, "timestamps"), "unit",
                 is(defect, "milliseconds") ? "milliseconds" : "seconds");
        return;
    }
    put(file, below(series, "starting_time"), H5T_NATIVE_DOUBLE, 0, NULL, &start);
    if (!is(defect, "no-rate"))
        set_number(file, below(series, "starting_time"), "rate", is(defect, "rate") ? 0 : 4);
}

/* Labels as a table that `rois` points into in reverse, each label a row of characters. */
static void put_region(hid_t file, const char *series, const char *defect)
{
    static const char *const letters[] = {"A", "V", "A", "R", "O", "L", "Q", "?", "L",
                                          "V", "B", "0", "2", "A", "V", "A", "L"};
    const long long end[] = {4, 9, is(defect, "index") ? 8 : 9, 13, 17};
    const long long row[] = {4, 3, 2, 1, is(defect, "region") ? TRACES : 0};
    const hsize_t count = TRACES - is(defect, "rows");
    put_texts(file, TABLE "/ID_labels", 17, letters);
    put(file, TABLE "/ID_labels_index", H5T_NATIVE_LLONG, 1, (const hsize_t[]){TRACES}, end);
    set_text(file, TABLE, "neurodata_type", "PlaneSegmentation");
    put(file, below(series, "rois"), H5T_NATIVE_LLONG, 1, &count, row);
    hobj_ref_t ref;
    H5Rcreate(&ref, file, TABLE, H5R_OBJECT, -1);
    set(file, below(series, "rois"), "table", H5T_STD_REF_OBJ, &ref);
}

static void put_response(hid_t file, const char *series, const char *defect)
{
    static const char *const labels[] = {"AVAL", "VB02", "", "OLQ?L", "AVAR"};
    bool region = is(defect, "rois") || is(defect, "index") || is(defect, "region") ||
                  is(defect, "rows");
    if (!is(defect, "no-data")) put_data(file, series, defect);
    put_time(file, series, defect);
    set_text(file, series, "neurodata_type", "RoiResponseSeries");
    if (region) put_region(file, series, defect);
    else put_texts(file, MODULE "/NeuronIDs/labels", TRACES - is(defect, "labels"), labels);
}

/* One series for each of three neurons. */
static void put_singles(hid_t file, const char *defect)
{
    double values[FRAMES], stamps[FRAMES];
    for (int k = 0; k < 3; k++) {
        char series[100], description[40];
        bool last = k == 2;
        for (int i = 0; i < FRAMES; i++) values[i] = i * (k + 1), stamps[i] = i / 4.0;
        if (last && is(defect, "single-stamp")) stamps[3] += .01;
        snprintf(series, sizeof series, "acquisition/Activity_%04d", k);
        snprintf(description, sizeof description, "Neuron: %d", k);
        put_doubles(file, below(series, "data"), FRAMES - (last && is(defect, "single-length")),
                    values);
        put_doubles(file, below(series, "timestamps"), FRAMES, stamps);
        set_text(file, series, "neurodata_type", "TimeSeries");
        set_text(file, series, "description", description);
    }
    double place[FRAMES * 2];
    for (int i = 0; i < FRAMES; i++) place[2 * i] = i, place[2 * i + 1] = -i;
    const hsize_t shape[] = {FRAMES, 2};
    put(file, "acquisition/Position/place/data", H5T_NATIVE_DOUBLE, 2, shape, place);
    put_doubles(file, "acquisition/Position/place/timestamps", FRAMES, stamps);
    set_text(file, "acquisition/Position/place/data", "unit", "meters");
    set_text(file, "acquisition/Position/place", "neurodata_type", "SpatialSeries");
}

/* Traces as the rows of a table, with the time of images and annotations; a matrix, or ragged rows
 * of which the second is shorter. */
static void put_table(hid_t file, const char *defect)
{
    static const char *const names[] = {"AVAL", "VB02", "AVAR"};
    static const char *const stimuli[] = {"OP50 on", "OP50 off"};
    const double times[] = {3, 5};
    double values[3 * FRAMES], start = 2;
    const hsize_t shape[] = {3, FRAMES};
    const long long end[] = {FRAMES, 2 * FRAMES - 4,
                             is(defect, "table-index") ? 4 * FRAMES : 3 * FRAMES - 4};
    bool ragged = is(defect, "table-ragged") || is(defect, "table-index");
    size_t n = 0;
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < FRAMES - (ragged && j == 1 ? 4 : 0); i++) values[n++] = i + 100 * j;
    put_texts(file, MODULE "/ActivityTraces/neuron", 3 - is(defect, "table-names"), names);
    if (ragged) {
        put_doubles(file, MODULE "/ActivityTraces/activity", n, values);
        put(file, MODULE "/ActivityTraces/activity_index", H5T_NATIVE_LLONG, 1,
            (const hsize_t[]){3}, end);
    } else if (is(defect, "table-flat")) {
        put_doubles(file, MODULE "/ActivityTraces/activity", n, values);
    } else {
        put(file, MODULE "/ActivityTraces/activity", H5T_NATIVE_DOUBLE, 2, shape, values);
    }
    set_text(file, MODULE "/ActivityTraces", "neurodata_type", "DynamicTable");
    put(file, "acquisition/CalciumImageSeries/starting_time", H5T_NATIVE_DOUBLE, 0, NULL, &start);
    if (!is(defect, "table-time"))
        set_number(file, "acquisition/CalciumImageSeries/starting_time", "rate", 4);
    put_texts(file, MODULE "/StimulusInfo/data", 2 - is(defect, "table-notes"), stimuli);
    put_doubles(file, MODULE "/StimulusInfo/timestamps", 2, times);
    set_text(file, MODULE "/StimulusInfo", "neurodata_type", "AnnotationSeries");
}

#define OPHYS "processing/ophys"
#define PUMP  OPHYS "/PumpProbeGreenSegmentations/PumpProbeGreenPlaneSegmentation"
#define PAL   OPHYS "/NeuroPALSegmentations/NeuroPALPlaneSegmentation"

/* Green and red signals of the pump-probe experiments, labels through regions of NeuroPAL: the
 * fourth region leads beyond its table, the fifth was not matched. */
static void put_pumpprobe(hid_t file, const char *defect)
{
    static const char *const ids[] = {"1", "0", "2", "7", ""}, *const labels[] = {"VB02", "AVAL",
                                                                                  ""};
    static const char *const series[] = {OPHYS "/GreenSignals/GreenSignal",
                                         OPHYS "/RedSignals/RedSignal"};
    const long long row[] = {0, 1, 2, 3, 4};
    const hsize_t count = TRACES;
    put_texts(file, PUMP "/neuropal_ids", TRACES, ids);
    set_text(file, PUMP, "neurodata_type", "MicroscopyPlaneSegmentation");
    put_texts(file, PAL "/labels", 3, labels);
    set_text(file, PAL, "neurodata_type", "MicroscopyPlaneSegmentation");
    for (int k = 0; k < 2; k++) {
        hobj_ref_t ref;
        put_data(file, series[k], defect);
        put_time(file, series[k], "stamps");
        set_text(file, series[k], "neurodata_type", "MicroscopyResponseSeries");
        put(file, below(series[k], "table_region"), H5T_NATIVE_LLONG, 1, &count, row);
        H5Rcreate(&ref, file, PUMP, H5R_OBJECT, -1);
        set(file, below(series[k], "table_region"), "table", H5T_STD_REF_OBJ, &ref);
    }
}

/* ---- what else a file holds ----------------------------------------------------------------- */

static void put_context(hid_t file, const char *defect)
{
    static const char *const odours[] = {"2-butanone", "NaCl"};
    const double from[] = {4, 8}, to[] = {6, is(defect, "interval") ? 7 : 9};
    double speed[FRAMES], start = 2;
    for (int i = 0; i < FRAMES; i++) speed[i] = i / 100.0;
    put_doubles(file, "intervals/chemical_stimuli/start_time", 2, from);
    put_doubles(file, "intervals/chemical_stimuli/stop_time", 2 - is(defect, "stops"), to);
    put_texts(file, "intervals/chemical_stimuli/stimulus", 2, odours);
    set_text(file, "intervals/chemical_stimuli", "neurodata_type", "TimeIntervals");
    put_doubles(file, "processing/Behavior/velocity/velocity/data", FRAMES, speed);
    put(file, "processing/Behavior/velocity/velocity/starting_time", H5T_NATIVE_DOUBLE, 0, NULL,
        &start);
    set_number(file, "processing/Behavior/velocity/velocity/starting_time", "rate",
               is(defect, "other-rate") ? 5 : 4);
    set_text(file, "processing/Behavior/velocity/velocity/data", "unit", "mm/s");
    set_text(file, "processing/Behavior/velocity/velocity", "neurodata_type", "TimeSeries");
    put_text(file, "general/subject/species",
             is(defect, "mouse") ? "Mus musculus" : "Caenorhabditis elegans");
    put_text(file, "general/subject/subject_id", "worm 7");
    put_text(file, "general/subject/strain", "OH16230");
    put_text(file, "general/subject/growth_stage", "YA");
    put_text(file, "identifier", "session 3");
}

static const char *const known[] = {
    "good",          "stamps",       "rois",       "single",     "turned",      "two",
    "dff",           "mouse",        "other-rate", "no-data",    "text",        "nan",
    "labels",        "one-more",     "no-time",    "no-rate",    "rate",        "milliseconds",
    "huge",          "empty",        "rank",       "index",      "region",      "rows",
    "conversion",    "interval",     "stops",      "no-traces",  "version",     "nwb1",
    "single-length", "single-stamp", "cycle",      "descending", "table",       "table-ragged",
    "table-index",   "table-names",  "table-flat", "table-time", "table-notes", "pumpprobe"};

bool made_nwb(const char *path, const char *defect)
{
    size_t k = 0;
    while (k < sizeof known / sizeof *known && !is(defect, known[k])) k++;
    if (k == sizeof known / sizeof *known) return false;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    if (is(defect, "nwb1")) put_text(file, "nwb_version", "NWB-1.0.6");
    else set_text(file, "/", "nwb_version", is(defect, "version") ? "3.0" : "2.1.0");
    put_context(file, defect);
    if (strncmp(defect, "single", 6) == 0) put_singles(file, defect);
    else if (strncmp(defect, "table", 5) == 0) put_table(file, defect);
    else if (is(defect, "pumpprobe")) put_pumpprobe(file, defect);
    else if (is(defect, "dff")) put_response(file, MODULE "/SignalDFoF/other", defect);
    else if (!is(defect, "no-traces")) put_response(file, SERIES, defect);
    if (is(defect, "two")) {
        put_data(file, MODULE "/Second/SignalRawFluor/SignalCalciumImResponseSeries", defect);
        put_time(file, MODULE "/Second/SignalRawFluor/SignalCalciumImResponseSeries", defect);
        set_text(file, MODULE "/Second/SignalRawFluor/SignalCalciumImResponseSeries",
                 "neurodata_type", "RoiResponseSeries");
    }
    if (is(defect, "cycle"))
        H5Lcreate_hard(file, MODULE, file, MODULE "/again", H5P_DEFAULT, H5P_DEFAULT);
    return H5Fclose(file) >= 0;
}
