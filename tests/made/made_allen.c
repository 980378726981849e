/*
 * made_allen.c - sessions of the Allen Institute: two-photon NWB 1.0, Neuropixels NWB 2. See
 * made.h.
 *
 * Documented by AllenSDK's readers: the paths, DfOverF cell x frame, presentations with data and
 * frame_duration, templates; tables units, electrodes, intervals of NWB 2 with ragged spike times,
 * frames as numbers or as text. Assumed: a DynamicTable column of text for `quality`; that blank
 * sweeps are -1 or "null".
 */
#include "made.h"
#include "made_put.h"
#include "mat5_values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 3, FRAMES = 60, SHOWN = 7, UNITS = 6, SEEN = 5 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

/* ---- two-photon ----------------------------------------------------------------------------- */

#define PIPELINE "processing/brain_observatory_pipeline/"
#define SCENES   "stimulus/presentation/natural_scenes_stimulus/"
#define GRATINGS "stimulus/presentation/static_gratings_stimulus/"

/* dF/F of cell c in frame f is c + f / 100; cell 1 has none in frame 10. */
static void put_traces(hid_t file, const char *defect)
{
    double value[CELLS * FRAMES], stamp[FRAMES];
    const hsize_t shape[] = {CELLS, FRAMES}, huge[] = {1ULL << 40, FRAMES};
    for (int c = 0; c < CELLS; c++)
        for (int f = 0; f < FRAMES; f++)
            value[c * FRAMES + f] = c == 1 && f == 10 ? (double)NAN : c + f / 100.0;
    for (int f = 0; f < FRAMES; f++) stamp[f] = 3 + f / 30.0;
    bool big = is(defect, "huge");
    made_put(file, PIPELINE "DfOverF/imaging_plane_1/data", H5T_NATIVE_DOUBLE,
             is(defect, "flat") ? 1 : 2, big ? huge : shape, big ? NULL : value);
    made_put_doubles(file, PIPELINE "DfOverF/imaging_plane_1/timestamps", FRAMES, stamp);
}

/* Images 2 0 2 grey 0 2 1: three frames from 5, 10, 15 ... */
static void put_scenes(hid_t file, const char *defect)
{
    const double image[SHOWN] = {2, 0, 2, -1, 0, 2, 1}, blank[SHOWN] = {-1, -1, -1, -1, -1, -1, -1};
    long long span[2 * SHOWN];
    unsigned char pixel[3 * 4];
    const hsize_t spans[] = {SHOWN, 2}, images[] = {3, 2, 2};
    for (int i = 0; i < SHOWN; i++) span[2 * i] = 5 + 5 * i, span[2 * i + 1] = 8 + 5 * i;
    if (is(defect, "beyond")) span[12] = 600, span[13] = 603;
    if (is(defect, "backwards")) span[5] = 3;
    for (int i = 0; i < 12; i++) pixel[i] = (unsigned char)(10 * i);
    if (is(defect, "no-scenes")) return;
    made_put_doubles(file, SCENES "data", SHOWN - is(defect, "short"),
                     is(defect, "blank") ? blank : image);
    made_put(file, SCENES "frame_duration", H5T_NATIVE_LLONG, 2, spans, span);
    made_put(file, "stimulus/templates/natural_scenes_image_stack/data", H5T_NATIVE_UCHAR, 3,
             images, pixel);
}

/* Orientations 45 and 0 at two spatial frequencies, and a blank sweep. */
static void put_gratings(hid_t file)
{
    const double value[4 * 2] = {45, .04, 0, .04, NAN, NAN, 45, .02};
    const long long span[4 * 2] = {40, 43, 44, 47, 48, 51, 52, 55};
    const hsize_t shape[] = {4, 2};
    made_put(file, GRATINGS "data", H5T_NATIVE_DOUBLE, 2, shape, value);
    made_put(file, GRATINGS "frame_duration", H5T_NATIVE_LLONG, 2, shape, span);
}

bool made_allen_twophoton(const char *path, const char *defect)
{
    static const char *const known[] = {"good",  "huge",      "flat",  "beyond", "backwards",
                                        "short", "no-scenes", "blank", "cells"};
    static const double session = 501498760;
    const long long specimen[CELLS] = {517410165, 517410172, 517410000};
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    made_put_text(file, "nwb_version", "NWB-1.0.6");
    put_traces(file, defect);
    made_put_integers(file, PIPELINE "ImageSegmentation/cell_specimen_ids",
                      CELLS - is(defect, "cells"), specimen);
    put_scenes(file, defect);
    put_gratings(file);
    made_put_text(file, "general/optophysiology/imaging_plane_1/location", "VISp");
    made_put_text(file, "general/optophysiology/imaging_plane_1/imaging depth", "275 microns");
    made_put_text(file, "general/specimen_name", "Cux2-CreERT2-1");
    made_put(file, "general/session_id", H5T_NATIVE_DOUBLE, 0, NULL, &session);
    made_put_text(file, "general/subject/sex", "female");
    return H5Fclose(file) >= 0;
}

/* ---- Neuropixels ---------------------------------------------------------------------------- */

#define INTERVALS "intervals/natural_scenes_presentations/"

/* Unit u has the spikes u / 100 + 0.1 k s, k below 10 u; index of the rows before. */
static void put_units(hid_t file, const char *defect)
{
    static const char *const quality[UNITS] = {"good", "good", "good", "noise", "good", "good"};
    double spike[10 * 15], isi[UNITS] = {0.1, 0.1, 0.7, 0.1, 0.1, 0.1},
                           cutoff[UNITS] = {0.01, 0.01, 0.01, 0.01, NAN, 0.02},
                           presence[UNITS] = {0.99, 0.99, 0.99, 0.99, 0.99, 0.95},
                           snr[UNITS] = {1, 2, 3, 4, 5, 6};
    const long long id[UNITS] = {950, 951, 952, 953, 954, 955},
                    channel[UNITS] = {70, 71, 70, 71, 70, 99};
    long long end[UNITS];
    hsize_t n = 0;
    for (int u = 0; u < UNITS; u++) {
        for (int k = 10 * u - 1; k >= 0; k--) spike[n++] = u / 100.0 + 0.1 * k;
        end[u] = (long long)n;
    }
    if (is(defect, "index")) end[2] = 1000;
    if (is(defect, "nan-spike")) spike[20] = NAN;
    made_put_doubles(file, "units/spike_times", n, spike);
    made_put_integers(file, "units/spike_times_index", UNITS, end);
    made_put_integers(file, "units/id", UNITS, id);
    made_put_integers(file, "units/peak_channel_id", UNITS, channel);
    made_put_doubles(file, "units/isi_violations", UNITS - is(defect, "metric"), isi);
    made_put_doubles(file, "units/amplitude_cutoff", UNITS, cutoff);
    if (!is(defect, "no-presence")) made_put_doubles(file, "units/presence_ratio", UNITS, presence);
    made_put_doubles(file, "units/snr", UNITS, snr);
    made_put_texts(file, "units/quality", UNITS, quality);
}

static void put_electrodes(hid_t file)
{
    static const char *const area[] = {"VISp", "VISl"};
    const long long id[] = {70, 71};
    const double x[] = {1, 2}, y[] = {3, 4}, z[] = {5, 6};
    made_put_integers(file, "general/extracellular_ephys/electrodes/id", 2, id);
    made_put_texts(file, "general/extracellular_ephys/electrodes/location", 2, area);
    made_put_doubles(file, "general/extracellular_ephys/electrodes/x", 2, x);
    made_put_doubles(file, "general/extracellular_ephys/electrodes/y", 2, y);
    made_put_doubles(file, "general/extracellular_ephys/electrodes/z", 2, z);
}

/* Images 11 4 blank 11 4 of a quarter second from 0.95, 1.95, ... s. */
static void put_presentations(hid_t file, const char *defect)
{
    static const char *const text[SEEN] = {"11.0", "4.0", "null", "11.0", "4.0"};
    const double frame[SEEN] = {11, 4, -1, 11, 4}, colour[SEEN] = {1, 1, 0, -1, 1};
    double start[SEEN], stop[SEEN];
    for (int i = 0; i < SEEN; i++) start[i] = 0.95 + i, stop[i] = 1.2 + i;
    if (is(defect, "backwards")) stop[3] = 0;
    if (is(defect, "no-scenes")) {
        made_put_doubles(file, "intervals/flashes_presentations/start_time", SEEN, start);
        return;
    }
    made_put_doubles(file, INTERVALS "start_time", SEEN, start);
    made_put_doubles(file, INTERVALS "stop_time", SEEN - is(defect, "stops"), stop);
    if (is(defect, "text")) made_put_texts(file, INTERVALS "frame", SEEN, text);
    else if (!is(defect, "no-frame")) made_put_doubles(file, INTERVALS "frame", SEEN, frame);
    made_put_doubles(file, INTERVALS "color", SEEN, colour);
    if (is(defect, "invalid")) {
        const double from = 3.9, to = 4.0;
        made_put_doubles(file, "intervals/invalid_times/start_time", 1, &from);
        made_put_doubles(file, "intervals/invalid_times/stop_time", 1, &to);
    }
}

bool made_allen_neuropixels(const char *path, const char *defect)
{
    static const char *const known[] = {"good",      "text",     "no-presence", "invalid",
                                        "index",     "metric",   "backwards",   "stops",
                                        "nan-spike", "no-frame", "no-scenes"};
    if (!made_knows(defect, known, sizeof known / sizeof *known)) return false;
    unlink(path);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) return false;
    made_set_text(file, "/", "nwb_version", "2.2.2");
    put_units(file, defect);
    put_electrodes(file);
    put_presentations(file, defect);
    made_put_text(file, "identifier", "715093703");
    made_put_text(file, "general/subject/subject_id", "699733581");
    made_put_text(file, "general/subject/species", "Mus musculus");
    return H5Fclose(file) >= 0;
}
