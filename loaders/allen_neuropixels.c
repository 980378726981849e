/*
 * allen_neuropixels.c - a session of the Allen Institute's Neuropixels recordings of mouse visual
 * areas, NWB 2 (Siegle et al. 2021; DANDI 000021).
 *
 *   units/{id, spike_times, spike_times_index, peak_channel_id, isi_violations, amplitude_cutoff,
 *   presence_ratio, snr, firing_rate, quality}
 *   general/extracellular_ephys/electrodes/{id, location = the area, x, y, z}
 *   intervals/STIMULUS_presentations/{start_time, stop_time, frame, orientation, ...}: conditions
 * are numbers, or numbers as text intervals/invalid_times/{start_time, stop_time}
 *
 * Row i of a ragged column is spike_times[index[i - 1] .. index[i]). responses/ID is stimulus x
 * unit x repeat of counts of spikes in [start + from, start + to); with bin=, x time: bins of the
 * window, stamped by their ends. Units pass by the rules that the SDK has as defaults; each is an
 * option and kept in the attribute unit_rules. Documented: the layout, by the NWB schema and
 * AllenSDK's writer. Assumed: the defaults of the rules; that presentations which overlap an
 * invalid time are to be left out for all probes. Memory: the tables, and the spikes of one unit.
 */
#include "allen_neuropixels.h"

#include "intake.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"stimulus", BRAM_PARAM_TEXT, "natural_scenes", NULL, 0, 0,
     "whose presentations are read: intervals/STIMULUS_presentations"},
    {"condition", BRAM_PARAM_TEXT, "frame", NULL, 0, 0,
     "columns that tell stimuli apart: orientation+temporal_frequency"},
    {"from", BRAM_PARAM_REAL, "0", NULL, -1e6, 1e6, "start of the window after the onset, in s"},
    {"to", BRAM_PARAM_REAL, "auto", NULL, -1e6, 1e6,
     "its end in s; auto: the end of each presentation"},
    {"bin", BRAM_PARAM_REAL, "0", NULL, 0, 1e6,
     "cuts the window into bins of this many s; 0: none"},
    {"areas", BRAM_PARAM_TEXT, "", NULL, 0, 0, "takes units of these areas: VISp+VISl; all"},
    {"quality", BRAM_PARAM_TEXT, "good", NULL, 0, 0, "takes units of this quality; empty: all"},
    {"isi_violations", BRAM_PARAM_REAL, "0.5", NULL, -1e9, 1e9, "takes units below this"},
    {"amplitude_cutoff", BRAM_PARAM_REAL, "0.1", NULL, -1e9, 1e9, "takes units below this"},
    {"presence_ratio", BRAM_PARAM_REAL, "0.9", NULL, -1e9, 1e9, "takes units above this"},
    {"snr", BRAM_PARAM_REAL, "", NULL, -1e9, 1e9, "takes units above this"},
    {"firing_rate", BRAM_PARAM_REAL, "", NULL, -1e9, 1e9, "takes units above this, in 1/s"},
    {"invalid", BRAM_PARAM_CHOICE, "drop", "drop|keep", 0, 0,
     "presentations that overlap an invalid time"},
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {.name = NULL}};

enum { MOST_BINS = 100000 };

static int wrong_count(bram_ctx *cx, const bram_neuropixels *w, const char *table,
                       const char *column, size_t found, size_t expected)
{
    return bram_fail(cx, BRAM_EFORMAT, "%s: %s/%s: found %zu entries, expected %zu, one a row",
                     w->nwb.path, table, column, found, expected);
}

int bram_neuropixels_numbers(bram_ctx *cx, double **out, const bram_neuropixels *w,
                             const char *table, const char *column, size_t *rows)
{
    double *value = NULL;
    size_t count = 0;
    if (!bram_nwb_has_column(&w->nwb, table, column)) return BRAM_OK;
    BRAM_TRY(bram_nwb_column_numbers(cx, &value, &count, &w->nwb, table, column));
    double *copy = bram_scratch(cx, count, sizeof *copy);
    if (copy && count) memcpy(copy, value, count * sizeof *copy);
    bram_free(value);
    if (!copy) return BRAM_ENOMEM;
    if (*rows && count != *rows) return wrong_count(cx, w, table, column, count, *rows);
    *rows = count;
    *out = copy;
    return BRAM_OK;
}

int bram_neuropixels_texts(bram_ctx *cx, const char ***out, const bram_neuropixels *w,
                           const char *table, const char *column, size_t rows)
{
    char at[BRAM_NWB_PATH], **text = NULL;
    bram_h5_info info;
    size_t count = rows;
    snprintf(at, sizeof at, "%s/%s", table, column);
    const char **cell = bram_scratch(cx, rows, sizeof *cell);
    if (!cell) return BRAM_ENOMEM;
    BRAM_TRY(bram_h5_info_of(cx, &info, w->nwb.root, at));
    if (info.type == BRAM_H5_INTEGER || info.type == BRAM_H5_FLOAT) {
        double *value = NULL;
        char *room = bram_scratch(cx, rows, BRAM_NUMBER_BYTES);
        if (!room) return BRAM_ENOMEM;
        BRAM_TRY(bram_neuropixels_numbers(cx, &value, w, table, column, &count));
        for (size_t i = 0; i < rows; i++)
            cell[i] = bram_number_format(room + i * BRAM_NUMBER_BYTES, value[i]);
        *out = cell;
        return BRAM_OK;
    }
    BRAM_TRY(bram_nwb_column_text(cx, &text, &count, &w->nwb, table, column));
    int status = count == rows ? BRAM_OK : wrong_count(cx, w, table, column, count, rows);
    for (size_t i = 0; status == BRAM_OK && i < rows; i++) {
        char *copy = bram_scratch(cx, strlen(text[i]) + 1, 1);
        if (!copy) status = BRAM_ENOMEM;
        else cell[i] = strcpy(copy, text[i]);
    }
    bram_free(text);
    if (status == BRAM_OK) *out = cell;
    return status;
}

/* ---- presentations -------------------------------------------------------------------------- */

static int no_stimulus(bram_ctx *cx, const bram_neuropixels *w)
{
    bram_h5_entry *entry = NULL;
    size_t count = 0, used = 0;
    char names[500] = "";
    BRAM_TRY(bram_h5_list(cx, &entry, &count, w->nwb.root, "intervals"));
    for (size_t i = 0; i < count && used < sizeof names; i++) {
        const char *end = strstr(entry[i].name, "_presentations");
        if (end)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", used ? ", " : "",
                                     (int)(end - entry[i].name), entry[i].name);
    }
    bram_free(entry);
    return bram_fail(cx, BRAM_EFORMAT, "%s: no %s; found presentations of %s", w->nwb.path,
                     w->table, names[0] ? names : "nothing");
}

/* The columns that `condition` names, in scratch memory. */
static int split_columns(bram_ctx *cx, bram_neuropixels *w)
{
    const char *list = bram_option_text(w->o, "condition");
    char *text = bram_scratch(cx, strlen(list) + 1, 1);
    if (!text) return BRAM_ENOMEM;
    strcpy(text, list);
    for (char *at = text, *plus; at; at = plus) {
        plus = strchr(at, '+');
        if (plus) *plus++ = 0;
        if (!*at || w->columns == BRAM_NEUROPIXELS_COLUMNS)
            return bram_fail(cx, BRAM_EUSAGE, "condition=%s: expected 1 to %d columns joined by +",
                             list, BRAM_NEUROPIXELS_COLUMNS);
        w->column[w->columns++] = at;
    }
    for (size_t k = 0; k < w->columns; k++)
        if (!bram_nwb_has_column(&w->nwb, w->table, w->column[k]))
            return bram_fail(cx, BRAM_EFORMAT, "%s: %s: no column %s, which condition=%s names",
                             w->nwb.path, w->table, w->column[k], list);
    return BRAM_OK;
}

/* Rows that overlap an invalid time become blank. */
static int drop_invalid(bram_ctx *cx, const bram_neuropixels *w, const char **cell)
{
    static const char table[] = "intervals/invalid_times";
    double *start = NULL, *stop = NULL;
    size_t count = 0, dropped = 0;
    if (bram_option_is(w->o, "invalid", "keep")) return BRAM_OK;
    BRAM_TRY(bram_neuropixels_numbers(cx, &start, w, table, "start_time", &count));
    if (start) BRAM_TRY(bram_neuropixels_numbers(cx, &stop, w, table, "stop_time", &count));
    for (size_t i = 0; stop && i < w->rows; i++) {
        double from = w->start[i] + w->from, to = isnan(w->to) ? w->stop[i] : w->start[i] + w->to;
        bool bad = false;
        for (size_t k = 0; k < count; k++) bad |= from < stop[k] && start[k] < to;
        if (bad) cell[i * w->columns] = "";
        dropped += bad;
    }
    if (dropped)
        bram_note(cx, "%s: %zu of %zu presentations overlap invalid times and are left out", w->id,
                  dropped, w->rows);
    return BRAM_OK;
}

static int by_double(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many bins the window has: of a presentation of the median length, where its end is theirs. */
static int count_bins(bram_ctx *cx, bram_neuropixels *w)
{
    double *length = bram_scratch(cx, w->rows, sizeof *length), end = w->to;
    if (!length) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->rows; i++) {
        length[i] = w->stop[i] - w->start[i];
        if (!(length[i] >= 0))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: row %zu is from %g to %g s, expected a stop at or after the "
                             "start",
                             w->nwb.path, w->table, i + 1, w->start[i], w->stop[i]);
    }
    qsort(length, w->rows, sizeof *length, by_double);
    if (isnan(end)) end = length[w->rows / 2];
    if (!(end > w->from))
        return bram_fail(cx, BRAM_EUSAGE, "the window from %g to %g s is empty", w->from, end);
    w->end = end;
    if (w->bin == 0) return BRAM_OK;
    double bins = floor((end - w->from) / w->bin + 1e-9);
    if (bins < 1 || bins > MOST_BINS)
        return bram_fail(cx, BRAM_EUSAGE, "bin=%g cuts the window of %g s into %g bins", w->bin,
                         end - w->from, bins);
    w->bins = (size_t)bins;
    return BRAM_OK;
}

static int read_presentations(bram_ctx *cx, bram_neuropixels *w)
{
    const char **text = NULL;
    snprintf(w->table, sizeof w->table, "intervals/%s_presentations",
             bram_option_text(w->o, "stimulus"));
    if (!bram_nwb_has_column(&w->nwb, w->table, "start_time")) return no_stimulus(cx, w);
    BRAM_TRY(bram_neuropixels_numbers(cx, &w->start, w, w->table, "start_time", &w->rows));
    BRAM_TRY(bram_neuropixels_numbers(cx, &w->stop, w, w->table, "stop_time", &w->rows));
    if (!w->rows || !w->stop)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found %zu rows%s, expected presentations with "
                         "start_time and stop_time",
                         w->nwb.path, w->table, w->rows, w->stop ? "" : " without stop_time");
    BRAM_TRY(split_columns(cx, w));
    BRAM_TRY(count_bins(cx, w));
    const char **cell = bram_scratch(cx, w->rows * w->columns, sizeof *cell);
    if (!cell) return BRAM_ENOMEM;
    for (size_t k = 0; k < w->columns; k++) {
        BRAM_TRY(bram_neuropixels_texts(cx, &text, w, w->table, w->column[k], w->rows));
        for (size_t i = 0; i < w->rows; i++) cell[i * w->columns + k] = text[i];
    }
    BRAM_TRY(drop_invalid(cx, w, cell));
    return bram_allen_conditions(cx, &w->c, bram_option_text(w->o, "stimulus"), cell, w->rows,
                                 w->columns);
}

/* ---- counting ------------------------------------------------------------------------------- */

/* The first of n ascending times that is not before t. */
static size_t first_from(const double *time, size_t n, double t)
{
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (time[middle] < t) low = middle + 1;
        else n = middle;
    }
    return low;
}

static double count_within(const double *time, size_t n, double from, double to)
{
    size_t first = first_from(time, n, from), end = first_from(time, n, to);
    return end > first ? (double)(end - first) : 0;
}

static int put_unit(bram_ctx *cx, bram_neuropixels *w, size_t unit, double *time, size_t n,
                    double *value)
{
    size_t depth = w->bins ? w->bins : 1;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(time[i]))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: units/spike_times: a spike of unit %zu is at %g "
                             "s",
                             w->nwb.path, w->unit[unit] + 1, time[i]);
    if (n) qsort(time, n, sizeof *time, by_double);
    for (size_t k = 0; k < w->c.trials; k++) {
        double onset = w->start[w->c.row[k]] + w->from,
               end = isnan(w->to) ? w->stop[w->c.row[k]] : w->start[w->c.row[k]] + w->to;
        for (size_t b = 0; b < w->bins; b++)
            value[b] = count_within(time, n, onset + (double)b * w->bin,
                                    onset + (double)(b + 1) * w->bin);
        if (!w->bins) value[0] = count_within(time, n, onset, end);
        BRAM_TRY(bram_fill_put(cx, w->fill, (size_t[]){w->c.stimulus[k], unit, w->c.repeat[k], 0},
                               (size_t[]){1, 1, 1, depth}, value));
    }
    return BRAM_OK;
}

static int count_spikes(bram_ctx *cx, bram_neuropixels *w)
{
    double *value = bram_scratch(cx, w->bins + 1, sizeof *value);
    size_t mark = bram_scratch_mark(cx);
    if (!value) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->kept; i++) {
        size_t from = w->begin[w->unit[i]], n = w->begin[w->unit[i] + 1] - from;
        double *time = bram_scratch(cx, n, sizeof *time);
        if (!time) return BRAM_ENOMEM;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        if (n)
            BRAM_TRY(bram_h5_slab_double(cx, time, w->nwb.root, "units/spike_times",
                                         (uint64_t[]){from}, (uint64_t[]){n}));
        BRAM_TRY(put_unit(cx, w, i, time, n, value));
        bram_scratch_release(cx, mark);
        bram_ctx_progress(cx, "counting spikes", (double)i + 1, (double)w->kept);
    }
    return BRAM_OK;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int make_time(bram_ctx *cx, bram_neuropixels *w)
{
    double *time = bram_scratch(cx, w->bins, sizeof *time);
    if (!time) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->bins; i++) time[i] = w->from + (double)(i + 1) * w->bin;
    BRAM_TRY(bram_axis_new(cx, &w->axis[3], "time", w->bins));
    return bram_axis_set_values(cx, w->axis[3], time, "s");
}

static int put_response(bram_ctx *cx, bram_dataset *ds, bram_neuropixels *w)
{
    char from[BRAM_NUMBER_BYTES], to[BRAM_NUMBER_BYTES], bin[BRAM_NUMBER_BYTES], window[200];
    char *subject = NULL, *species = NULL, *session = NULL, *genotype = NULL;
    bram_number_format(from, w->from);
    bram_number_format(to, w->to);
    bram_number_format(bin, w->bin);
    snprintf(window, sizeof window, "%s s to %s%s after the onset%s%s%s", from,
             isnan(w->to) ? "the end of the presentation" : to, isnan(w->to) ? "," : " s",
             w->bins ? ", bins of " : "", w->bins ? bin : "", w->bins ? " s" : "");
    int status = bram_nwb_text(cx, &subject, &w->nwb, "general/subject/subject_id");
    if (status == BRAM_OK) status = bram_nwb_text(cx, &species, &w->nwb, "general/subject/species");
    if (status == BRAM_OK)
        status = bram_nwb_text(cx, &genotype, &w->nwb, "general/subject/genotype");
    if (status == BRAM_OK) status = bram_nwb_text(cx, &session, &w->nwb, "identifier");
    const char *const pairs[] = {"unit",       "count",
                                 "window",     window,
                                 "unit_rules", w->words,
                                 "subject",    subject,
                                 "species",    species ? species : BRAM_SPECIES_MOUSE,
                                 "genotype",   genotype,
                                 "session",    session,
                                 "stimuli",    bram_option_text(w->o, "stimulus"),
                                 NULL};
    bram_fill *fill = w->fill;
    if (status == BRAM_OK) {
        w->fill = NULL; /* taken over in any case */
        status = bram_shown_put(cx, ds, fill, (const double[]){w->from, w->end}, pairs);
    }
    bram_free(subject);
    bram_free(species);
    bram_free(genotype);
    bram_free(session);
    return status;
}

static int read_all(bram_ctx *cx, bram_dataset *ds, bram_neuropixels *w, const char *path)
{
    static const size_t order[] = {1, 0, 2, 3};
    BRAM_TRY(bram_nwb_open(cx, &w->nwb, path));
    BRAM_TRY(read_presentations(cx, w));
    BRAM_TRY(bram_neuropixels_units(cx, w));
    BRAM_TRY(bram_allen_stimuli(cx, &w->axis[0], &w->c, w->column));
    BRAM_TRY(bram_neuropixels_unit_axis(cx, w));
    BRAM_TRY(bram_axis_new(cx, &w->axis[2], "repeat", w->c.repeats));
    if (w->bins) BRAM_TRY(make_time(cx, w));
    BRAM_TRY(bram_fill_new(cx, &w->fill, w->id, w->bins ? 4 : 3, (const bram_axis *const *)w->axis,
                           order));
    BRAM_TRY(count_spikes(cx, w));
    BRAM_TRY(put_response(cx, ds, w));
    return bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->axis[0]));
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_neuropixels w = {.o = o,
                          .from = bram_option_real(o, "from"),
                          .to = bram_option_real(o, "to"),
                          .bin = bram_option_real(o, "bin")};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    if (input->count != 1)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected one session", input->count);
    if (*id) snprintf(w.id, sizeof w.id, "%s", id);
    else bram_intake_id(w.id, sizeof w.id, input->paths[0], "");
    int status = read_all(cx, ds, &w, input->paths[0]);
    bram_fill_free(w.fill);
    for (size_t d = 0; d < 4; d++) bram_axis_free(w.axis[d]);
    bram_free(w.begin);
    bram_free(w.words);
    if (w.nwb.file) bram_nwb_close(&w.nwb);
    bram_scratch_release(cx, mark);
    return status;
}

/* Whether the file has a table of presentations. */
static int has_presentations(bram_ctx *cx, bool *out, const bram_nwb *nwb)
{
    bram_h5_entry *entry = NULL;
    size_t count = 0;
    BRAM_TRY(bram_h5_list(cx, &entry, &count, nwb->root, "intervals"));
    for (size_t i = 0; i < count; i++) *out |= strstr(entry[i].name, "_presentations") != NULL;
    bram_free(entry);
    return BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_nwb nwb = {.file = NULL};
    bool is = false, presented = false;
    bram_recognise(out, BRAM_NOT_MINE, "no NWB 2 with units and intervals/*_presentations");
    if (input->count != 1) return BRAM_OK;
    BRAM_TRY(bram_nwb_is(cx, &is, input->paths[0]));
    int status = is ? bram_nwb_open(cx, &nwb, input->paths[0]) : BRAM_EFORMAT;
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    if (bram_h5_exists(nwb.root, "units/spike_times") && bram_h5_exists(nwb.root, "intervals"))
        status = has_presentations(cx, &presented, &nwb);
    if (presented) bram_recognise(out, BRAM_MINE, "NWB 2 with units and intervals/*_presentations");
    bram_nwb_close(&nwb);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_allen_neuropixels = {
    .name = "allen-neuropixels",
    .summary = "mouse visual areas, Neuropixels: sorted spikes, natural scenes and others",
    .citation = "Siegle et al. 2021, Nature 592:86",
    .doi = "10.1038/s41586-020-03171-x",
    .licence = "CC BY 4.0",
    .reads = "NWB 2 of a session: units with ragged spike times, tables of presentations",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5,
    .apart = true,
    .single = true,
};
