/*
 * made_flavell.c - made recordings in the JSON of WormWideWeb, written by jansson: see made.h.
 *
 * Documented (github.com/flavell-lab/CePNEM-web, src/readme_data.md): the keys, neurons x time,
 * seconds of the confocal frames, trace_array z-scored, reversal_events and ranges in frames.
 * Assumed: that frames count from 1 and a span includes its last frame, as in the laboratory's
 * HDF5; that a range may be written as its two ends or in full; that avg_timestep is in minutes
 * (newer description) or frames a minute (older one), so that no reader may use it.
 */
#include "made.h"

#include "json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FRAMES = 24, NEURONS = 4 };

static bool is(const char *defect, const char *word)
{
    return strcmp(defect, word) == 0;
}

static double ratio(int neuron, int frame)
{
    return neuron == 2 && frame == 5 ? (double)NAN : 100 * neuron + frame % 12;
}

/* neurons x time */
static void put_traces(bram_json_out *o, const char *key, bool zscored, const char *defect)
{
    bram_json_out_array(o, key);
    for (int k = 0; k < NEURONS; k++) {
        double values[FRAMES];
        for (int i = 0; i < FRAMES; i++)
            values[i] = zscored ? (i % 12 - 5.5) / sqrt(143 / 12.) : ratio(k, i);
        if (is(defect, "text") && k == 1) bram_json_out_text(o, NULL, "no numbers");
        else bram_json_out_numbers(o, NULL, values, FRAMES - (is(defect, "short") && k == 3));
    }
    bram_json_out_end(o);
}

static void put_label(bram_json_out *o, const char *key, const char *label, double confidence)
{
    bram_json_out_object(o, key);
    bram_json_out_text(o, "label", label);
    bram_json_out_text(o, "neuron_class", "AVA");
    bram_json_out_number(o, "confidence", confidence);
    bram_json_out_end(o);
}

/* The 4th has two labels, the second surer; the third has none. */
static void put_labels(bram_json_out *o, const char *defect)
{
    bram_json_out_object(o, "labeled");
    put_label(o, is(defect, "label-0") ? "0" : is(defect, "label-key") ? "AVAL" : "1", "AVAL", 4);
    put_label(o, is(defect, "label-5") ? "5" : "2", "RMD?L", 2);
    bram_json_out_array(o, "4");
    put_label(o, NULL, "SMDDL", 2);
    put_label(o, NULL, "AVER", 5);
    bram_json_out_end(o);
    bram_json_out_end(o);
}

static void put_pair(bram_json_out *o, int first, int last)
{
    bram_json_out_array(o, NULL);
    bram_json_out_integer(o, NULL, first);
    bram_json_out_integer(o, NULL, last);
    bram_json_out_end(o);
}

/* Two reversals, as pairs or as two columns; two pieces of 12 frames, the second written out. */
static void put_spans(bram_json_out *o, const char *defect)
{
    bool columns = is(defect, "columns");
    bram_json_out_array(o, "reversal_events");
    put_pair(o, 2, columns ? 15 : 5);
    put_pair(o, columns ? 5 : 15, is(defect, "reversal") ? FRAMES + 1 : 20);
    bram_json_out_end(o);
    bram_json_out_array(o, "ranges");
    put_pair(o, 1, is(defect, "overlap") ? 16 : 12);
    bram_json_out_array(o, NULL);
    for (int i = 13; i <= FRAMES; i++) bram_json_out_integer(o, NULL, i);
    bram_json_out_end(o);
    bram_json_out_end(o);
}

/* 0.6 s a frame; the second piece begins 1.2 s after the first, no gap by its length. */
static void put_time(bram_json_out *o, const char *defect)
{
    double time[FRAMES + 1];
    for (int i = 0; i <= FRAMES; i++) time[i] = 40 + .6 * i + (i >= 12 ? .6 : 0);
    if (is(defect, "descending")) time[7] = 0;
    if (!is(defect, "no-time"))
        bram_json_out_numbers(o, "timestamp_confocal", time, FRAMES + is(defect, "stamps"));
}

static void put_behaviour(bram_json_out *o, const char *defect)
{
    double values[FRAMES];
    for (int i = 0; i < FRAMES; i++) values[i] = i / 100.;
    bram_json_out_numbers(o, "velocity", values, FRAMES - is(defect, "velocity"));
    bram_json_out_numbers(o, "head_curvature", values, FRAMES);
    bram_json_out_null(o, "pumping");
    bram_json_out_numbers(o, "rel_enc_str_v", values, NEURONS);
}

static bool is_known(const char *defect)
{
    static const char *const known[] = {
        "good",    "columns",  "overlap", "zscored",   "no-labels", "text",
        "short",   "label-0",  "label-5", "label-key", "reversal",  "stamps",
        "no-time", "velocity", "counts",  "no-traces", "flat",      "descending"};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (is(defect, known[k])) return true;
    return false;
}

bool made_flavell(const char *path, const char *defect)
{
    bram_json_out *o = NULL;
    if (!is_known(defect)) return false;
    bram_ctx *cx = bram_ctx_new();
    if (!cx || bram_json_out_new(cx, &o) != BRAM_OK) return false;
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "uid", "2022-08-02-01");
    bram_json_out_integer(o, "max_t", FRAMES);
    bram_json_out_number(o, "avg_timestep", .01);
    bram_json_out_integer(o, "num_neurons", NEURONS + is(defect, "counts"));
    bram_json_out_array(o, "dataset_type");
    bram_json_out_text(o, NULL, "baseline");
    bram_json_out_text(o, NULL, "neuropal");
    bram_json_out_end(o);
    put_time(o, defect);
    if (is(defect, "flat")) bram_json_out_integer(o, "trace_original", 7);
    else if (!is(defect, "zscored") && !is(defect, "no-traces"))
        put_traces(o, "trace_original", false, defect);
    if (!is(defect, "no-traces")) put_traces(o, "trace_array", true, "good");
    if (!is(defect, "no-labels")) put_labels(o, defect);
    put_spans(o, defect);
    put_behaviour(o, defect);
    bram_json_out_end(o);
    bool made = bram_json_out_write(cx, o, path, true) == BRAM_OK;
    bram_json_out_free(o);
    bram_ctx_free(cx);
    return made;
}
