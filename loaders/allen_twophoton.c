/*
 * allen_twophoton.c - a session of the Allen Brain Observatory, two-photon imaging of mouse visual
 * cortex, NWB 1.0 (de Vries et al. 2020; the layout is that of AllenSDK's reader).
 *
 *   processing/brain_observatory_pipeline/DfOverF/imaging_plane_1/data   cell x frame, a share
 *   processing/brain_observatory_pipeline/ImageSegmentation/cell_specimen_ids
 *   stimulus/presentation/{X, X_stimulus}/data            number of the image, -1 a grey screen;
 *                                                         or several numbers (gratings), NaN grey
 *   stimulus/presentation/{X, X_stimulus}/frame_duration  first and last two-photon frame
 *   stimulus/templates/X_image_stack/data                 image x height x width
 *   general/{session_id, session_type, specimen_name, optophysiology/imaging_plane_1/{location,
 *   imaging depth, indicator}, subject/{genotype, age, sex}}
 *
 * The response to a presentation is the mean of dF/F, in percent, over frames first + from to
 * first + to (excluded), where `to` is by default the presentation's own length (last - first, one
 * frame at least: AllenSDK counts so); minus, with baseline=N, the mean over the N frames before
 * the first. traces=yes keeps the frames of the window as a time axis. Documented: all of the above
 * but names of columns of gratings (the numbers are called parameter_1
 * ...) and that frames after the end of the recording are possible: they are missing.
 * Memory: the frames of 16 cells.
 */
#include "allen.h"

#include "h5.h"
#include "intake.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"stimulus", BRAM_PARAM_TEXT, "natural_scenes", NULL, 0, 0, "whose presentations are read"},
    {"from", BRAM_PARAM_INTEGER, "0", NULL, -100000, 100000,
     "two-photon frames from a presentation's first to the window's first"},
    {"to", BRAM_PARAM_INTEGER, "auto", NULL, 0, 100000,
     "frames from a presentation's first to the window's end; auto: its own length"},
    {"baseline", BRAM_PARAM_INTEGER, "0", NULL, 0, 100000,
     "frames before a presentation whose mean is subtracted"},
    {"traces", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "keeps the frames of the window"},
    {"images", BRAM_PARAM_CHOICE, "ignore", "read|ignore", 0, 0, "keeps the pictures"},
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {.name = NULL}};

#define PIPELINE "processing/brain_observatory_pipeline/"
#define TRACES   PIPELINE "DfOverF/imaging_plane_1/"
#define PLANE    "general/optophysiology/imaging_plane_1/"

enum { BLOCK_CELLS = 16, MOST_COLUMNS = 8, PATH_BYTES = 400 };

struct work {
    bram_h5 *file;
    const bram_h5_object *root;
    const char *path, *stimulus;
    char id[128], presented[PATH_BYTES];
    size_t cells, frames, rows, columns;
    int64_t from, to, baseline; /* to: -1: each presentation's own length */
    bool traces;
    size_t window;           /* frames of the time axis */
    double step;             /* seconds a frame */
    int64_t *first, *length; /* rows of the table */
    bram_conditions c;
    bram_axis *axis[4];
    bram_fill *fill;
};

static int wrong(bram_ctx *cx, const struct work *w, const char *what, const char *expected)
{
    return bram_fail(cx, BRAM_EFORMAT, "%s: %s: expected %s", w->path, what, expected);
}

/* ---- presentations -------------------------------------------------------------------------- */

static int no_stimulus(bram_ctx *cx, const struct work *w)
{
    bram_h5_entry *entry = NULL;
    size_t count = 0;
    char names[400] = "";
    BRAM_TRY(bram_h5_list(cx, &entry, &count, w->root, "stimulus/presentation"));
    for (size_t i = 0, used = 0; i < count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 entry[i].name);
    bram_free(entry);
    return bram_fail(cx, BRAM_EFORMAT, "%s: stimulus/presentation: no %s; found %s", w->path,
                     w->stimulus, names[0] ? names : "nothing");
}

static int find_presented(bram_ctx *cx, struct work *w)
{
    static const char *const ending[] = {"", "_stimulus"};
    for (size_t i = 0; i < 2; i++) {
        char data[PATH_BYTES + 8];
        snprintf(w->presented, sizeof w->presented, "stimulus/presentation/%s%s", w->stimulus,
                 ending[i]);
        snprintf(data, sizeof data, "%s/data", w->presented);
        if (bram_h5_exists(w->root, data)) return BRAM_OK;
    }
    return no_stimulus(cx, w);
}

/* The values of a row as texts, for bram_allen_conditions. */
static int read_conditions(bram_ctx *cx, struct work *w)
{
    char at[PATH_BYTES + 20];
    bram_h5_info info;
    double *value = NULL;
    snprintf(at, sizeof at, "%s/data", w->presented);
    BRAM_TRY(bram_h5_info_of(cx, &info, w->root, at));
    w->columns = info.rank == 2 ? info.dims[1] : 1;
    if (info.rank < 1 || info.rank > 2 || !info.elements || w->columns > MOST_COLUMNS)
        return wrong(cx, w, at, "a number, or some, for each presentation");
    w->rows = info.dims[0];
    BRAM_TRY(bram_h5_read_double(cx, &value, NULL, w->root, at, 0));
    size_t n = w->rows * w->columns;
    const char **cell = bram_scratch(cx, n, sizeof *cell);
    char *text = bram_scratch(cx, n, BRAM_NUMBER_BYTES);
    for (size_t i = 0; cell && text && i < n; i++)
        cell[i] = bram_number_format(text + i * BRAM_NUMBER_BYTES, value[i]);
    int status = cell && text
                     ? bram_allen_conditions(cx, &w->c, w->stimulus, cell, w->rows, w->columns)
                     : BRAM_ENOMEM;
    bram_free(value);
    return status;
}

static int check_presentation(bram_ctx *cx, const struct work *w, const char *at, size_t row)
{
    int64_t first = w->first[row];
    if (w->length[row] >= 0 && first >= 0 && (uint64_t)first < w->frames) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: %s: presentation %zu is from frame %lld to %lld, expected two of %zu "
                     "frames in order",
                     w->path, at, row + 1, (long long)first, (long long)(first + w->length[row]),
                     w->frames);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int read_frames(bram_ctx *cx, struct work *w)
{
    char at[PATH_BYTES + 20];
    bram_h5_info info;
    int64_t *span = NULL;
    snprintf(at, sizeof at, "%s/frame_duration", w->presented);
    BRAM_TRY(bram_h5_info_of(cx, &info, w->root, at));
    if (info.rank != 2 || info.dims[0] != w->rows || info.dims[1] != 2)
        return wrong(cx, w, at, "the first and last frame of each presentation");
    w->first = bram_scratch(cx, w->rows, sizeof *w->first);
    w->length = bram_scratch(cx, w->rows, sizeof *w->length);
    int64_t *sorted = bram_scratch(cx, w->rows, sizeof *sorted);
    if (!w->first || !w->length || !sorted) return BRAM_ENOMEM;
    BRAM_TRY(bram_h5_read_int64(cx, &span, NULL, w->root, at, 0));
    int status = BRAM_OK;
    for (size_t i = 0; i < w->rows && status == BRAM_OK; i++) {
        w->first[i] = span[2 * i];
        if (__builtin_sub_overflow(span[2 * i + 1], span[2 * i], &w->length[i])) w->length[i] = -1;
        status = check_presentation(cx, w, at, i);
        if (w->length[i] < 1) w->length[i] = 1;
        sorted[i] = w->length[i];
    }
    bram_free(span);
    BRAM_TRY(status);
    qsort(sorted, w->rows, sizeof *sorted, by_number);
    int64_t end = w->to >= 0 ? w->to : sorted[w->rows / 2];
    if (end <= w->from)
        return bram_fail(cx, BRAM_EUSAGE, "the window from frame %lld to %lld is empty",
                         (long long)w->from, (long long)end);
    w->window = (size_t)(end - w->from);
    return BRAM_OK;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* The mean of the frames begin .. end - 1 that are there and have a value; NaN without any. */
static double mean_of(const double *trace, size_t frames, int64_t begin, int64_t end)
{
    double sum = 0, n = 0;
    for (int64_t t = begin < 0 ? 0 : begin; t < end && (uint64_t)t < frames; t++) {
        if (!isfinite(trace[t])) continue;
        sum += trace[t];
        n++;
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* What one cell does in one presentation: one value, or one for each frame of the window. */
static void respond(const struct work *w, double *out, const double *trace, size_t row)
{
    int64_t first = w->first[row], end = w->to >= 0 ? w->to : w->length[row];
    double base = w->baseline ? mean_of(trace, w->frames, first - w->baseline, first) : 0;
    if (!w->traces) {
        *out = 100 * (mean_of(trace, w->frames, first + w->from, first + end) - base);
        return;
    }
    for (size_t k = 0; k < w->window; k++) {
        int64_t at = first + w->from + (int64_t)k;
        out[k] = 100 * (mean_of(trace, w->frames, at, at + 1) - base);
    }
}

static int put_cells(bram_ctx *cx, struct work *w, size_t cell, size_t count, const double *trace)
{
    size_t depth = w->traces ? w->window : 1;
    double *value = bram_scratch(cx, count * depth, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t k = 0; k < w->c.trials; k++) {
        for (size_t i = 0; i < count; i++)
            respond(w, value + i * depth, trace + i * w->frames, w->c.row[k]);
        BRAM_TRY(bram_fill_put(cx, w->fill, (size_t[]){w->c.stimulus[k], cell, w->c.repeat[k], 0},
                               (size_t[]){1, count, 1, depth}, value));
    }
    return BRAM_OK;
}

static int read_cells(bram_ctx *cx, struct work *w)
{
    size_t mark = bram_scratch_mark(cx);
    for (size_t cell = 0; cell < w->cells; cell += BLOCK_CELLS) {
        size_t n = w->cells - cell < BLOCK_CELLS ? w->cells - cell : BLOCK_CELLS;
        double *trace = bram_scratch(cx, n * w->frames, sizeof *trace);
        if (!trace) return BRAM_ENOMEM;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(bram_h5_slab_double(cx, trace, w->root, TRACES "data", (uint64_t[]){cell, 0},
                                     (uint64_t[]){n, w->frames}));
        BRAM_TRY(put_cells(cx, w, cell, n, trace));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- axes ----------------------------------------------------------------------------------- */

/* A text or a number, as text; NULL when there is none. Scratch memory. */
static int read_word(bram_ctx *cx, const char **out, const struct work *w, const char *at)
{
    char *text = NULL, number[BRAM_NUMBER_BYTES];
    double *value = NULL;
    size_t count = 0;
    *out = NULL;
    if (!bram_h5_exists(w->root, at)) return BRAM_OK;
    int status = bram_h5_read_text(cx, &text, w->root, at);
    if (status == BRAM_EFORMAT) {
        status = bram_h5_read_double(cx, &value, &count, w->root, at, 1);
        if (status == BRAM_OK && count)
            text = bram_strdup(cx, bram_number_format(number, value[0]));
        bram_free(value);
    }
    if (status == BRAM_OK && text) {
        char *copy = bram_scratch(cx, strlen(text) + 1, 1);
        if (copy) *out = strcpy(copy, text);
        else status = BRAM_ENOMEM;
    }
    bram_free(text);
    return status;
}

/* Cells are called by their specimen numbers, which are the same in all sessions of a container. */
static int make_cells(bram_ctx *cx, bram_axis **out, const struct work *w, const char *area)
{
    static const char at[] = PIPELINE "ImageSegmentation/cell_specimen_ids";
    int64_t *specimen = NULL;
    size_t n = w->cells, found = w->cells;
    const char **place = bram_scratch(cx, n, sizeof *place), **id = NULL;
    if (!place) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) place[i] = area ? area : "";
    int status = BRAM_OK;
    if (bram_h5_exists(w->root, at))
        status = bram_h5_read_int64(cx, &specimen, &found, w->root, at, 0);
    if (status == BRAM_OK && found != n)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %zu, expected %zu, one for each cell",
                           w->path, at, found, n);
    if (status == BRAM_OK)
        id = specimen ? bram_shown_numbers(cx, n, "", 1, specimen)
                      : bram_shown_ids(cx, n, "", 1, 1);
    const bram_field fields[] = {{"area", .text = place}, {NULL}};
    if (status == BRAM_OK && !id) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_shown_axis(cx, out, "neuron", n, id, fields);
    bram_free(specimen);
    return status;
}

/* Seconds a frame, from the stamps. */
static int read_step(bram_ctx *cx, struct work *w)
{
    double *stamp = NULL;
    size_t count = 0;
    BRAM_TRY(bram_h5_read_double(cx, &stamp, &count, w->root, TRACES "timestamps", 0));
    if (count > 1) w->step = (stamp[count - 1] - stamp[0]) / (double)(count - 1);
    bram_free(stamp);
    return w->step > 0 && isfinite(w->step)
               ? BRAM_OK
               : wrong(cx, w, TRACES "timestamps", "seconds that ascend");
}

/* Frames of the window, in seconds after the onset. */
static int make_time(bram_ctx *cx, struct work *w)
{
    double *time = bram_scratch(cx, w->window, sizeof *time);
    if (!time) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->window; i++) time[i] = w->step * (double)(w->from + (int64_t)i);
    BRAM_TRY(bram_axis_new(cx, &w->axis[3], "time", w->window));
    return bram_axis_set_values(cx, w->axis[3], time, "s");
}

static int make_axes(bram_ctx *cx, struct work *w, const char *area)
{
    static const char *const many[MOST_COLUMNS] = {"parameter_1", "parameter_2", "parameter_3",
                                                   "parameter_4", "parameter_5", "parameter_6",
                                                   "parameter_7", "parameter_8"};
    static const char *const one[] = {"frame"};
    BRAM_TRY(bram_allen_stimuli(cx, &w->axis[0], &w->c, w->columns == 1 ? one : many));
    BRAM_TRY(make_cells(cx, &w->axis[1], w, area));
    BRAM_TRY(bram_axis_new(cx, &w->axis[2], "repeat", w->c.repeats));
    return w->traces ? make_time(cx, w) : BRAM_OK;
}

/* ---- images --------------------------------------------------------------------------------- */

/* The picture that a stimulus's number stands for. */
static int read_image(bram_ctx *cx, const struct work *w, const char *at, const bram_h5_info *info,
                      size_t stimulus, double *level)
{
    double number = -1;
    bool good = bram_number_parse(w->c.value[0][stimulus], 0, &number);
    if (!good || number < 0 || number != floor(number) || number >= (double)info->dims[0])
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: no image %s among %llu", w->path, at,
                         w->c.value[0][stimulus], (unsigned long long)info->dims[0]);
    BRAM_TRY(bram_h5_slab_double(cx, level, w->root, at, (uint64_t[]){(uint64_t)number, 0, 0},
                                 (uint64_t[]){1, info->dims[1], info->dims[2]}));
    for (size_t i = 0; i < info->dims[1] * info->dims[2]; i++)
        if (!(level[i] >= 0 && level[i] <= 255) || level[i] != floor(level[i]))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: a pixel is %g, expected a level of 0 to 255", w->path, at,
                             level[i]);
    return BRAM_OK;
}

static int begin_images(bram_ctx *cx, bram_fill **f, const struct work *w, const bram_h5_info *info)
{
    bram_axis *axis[3] = {bram_axis_ref(w->axis[0]), NULL, NULL};
    int status = bram_axis_new(cx, &axis[1], "row", info->dims[1]);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[2], "column", info->dims[2]);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, f, "images", 3, (const bram_axis *const *)axis, NULL);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    return status;
}

static int put_images(bram_ctx *cx, bram_dataset *ds, const struct work *w)
{
    char at[PATH_BYTES];
    bram_h5_info info;
    bram_fill *f = NULL;
    snprintf(at, sizeof at, "stimulus/templates/%s_image_stack/data", w->stimulus);
    BRAM_TRY(bram_h5_measure(cx, &info, w->root, at));
    if (info.rank != 3 || !info.elements || w->columns != 1)
        return wrong(cx, w, at, "image x height x width");
    size_t mark = bram_scratch_mark(cx);
    double *level = bram_scratch(cx, info.dims[1] * info.dims[2], sizeof *level);
    int status = level ? begin_images(cx, &f, w, &info) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < w->c.stimuli; i++) {
        status = read_image(cx, w, at, &info, i, level);
        if (status == BRAM_OK)
            status = bram_fill_put(cx, f, (size_t[]){i, 0, 0},
                                   (size_t[]){1, info.dims[1], info.dims[2]}, level);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_shown_put_pictures(cx, ds, f, BRAM_U8);
    bram_fill_free(f);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put_responses(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    char window[120], baseline[60] = "none";
    const char *word[8];
    static const char *const at[8] = {PLANE "location",           PLANE "imaging depth",
                                      PLANE "indicator",          "general/specimen_name",
                                      "general/session_id",       "general/session_type",
                                      "general/subject/genotype", "general/subject/sex"};
    for (size_t i = 0; i < 8; i++) BRAM_TRY(read_word(cx, &word[i], w, at[i]));
    BRAM_TRY(make_axes(cx, w, word[0]));
    BRAM_TRY(
        bram_fill_new(cx, &w->fill, w->id, 3 + w->traces, (const bram_axis *const *)w->axis, NULL));
    BRAM_TRY(read_cells(cx, w));
    if (w->to >= 0)
        snprintf(window, sizeof window, "frames %lld to %lld after the onset", (long long)w->from,
                 (long long)w->to);
    else
        snprintf(window, sizeof window,
                 "frames %lld after the onset to the end of the presentation", (long long)w->from);
    if (w->baseline)
        snprintf(baseline, sizeof baseline, "mean of %lld frames before, subtracted",
                 (long long)w->baseline);
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    const char *const pairs[] = {"unit",
                                 "%",
                                 "signal",
                                 "dF/F",
                                 "window",
                                 window,
                                 "baseline",
                                 baseline,
                                 "area",
                                 word[0],
                                 "depth",
                                 word[1],
                                 "indicator",
                                 word[2],
                                 "subject",
                                 word[3],
                                 "session",
                                 word[4],
                                 "session_type",
                                 word[5],
                                 "genotype",
                                 word[6],
                                 "sex",
                                 word[7],
                                 "species",
                                 BRAM_SPECIES_MOUSE,
                                 "stimuli",
                                 w->stimulus,
                                 NULL};
    const double window_s[2] = {w->step * (double)w->from,
                                w->step * (double)(w->from + (int64_t)w->window)};
    return bram_shown_put(cx, ds, fill, window_s, pairs);
}

static int read_all(bram_ctx *cx, bram_dataset *ds, struct work *w, const bram_options *o)
{
    bram_h5_info info;
    BRAM_TRY(bram_h5_open(cx, &w->file, w->path));
    w->root = bram_h5_root(w->file);
    BRAM_TRY(bram_h5_measure(cx, &info, w->root, TRACES "data"));
    if (info.rank != 2 || !info.elements) return wrong(cx, w, TRACES "data", "cell x frame");
    w->cells = info.dims[0];
    w->frames = info.dims[1];
    BRAM_TRY(find_presented(cx, w));
    BRAM_TRY(read_conditions(cx, w));
    BRAM_TRY(read_frames(cx, w));
    BRAM_TRY(read_step(cx, w));
    BRAM_TRY(put_responses(cx, ds, w));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->axis[0])));
    return bram_option_is(o, "images", "read") ? put_images(cx, ds, w) : BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.path = input->paths[0],
                     .stimulus = bram_option_text(o, "stimulus"),
                     .from = bram_option_integer(o, "from"),
                     .to = bram_option_integer(o, "to"),
                     .baseline = bram_option_integer(o, "baseline"),
                     .traces = bram_option_flag(o, "traces")};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    if (input->count != 1)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected one session", input->count);
    if (*id) snprintf(w.id, sizeof w.id, "%s", id);
    else bram_intake_id(w.id, sizeof w.id, w.path, "");
    int status = read_all(cx, ds, &w, o);
    bram_fill_free(w.fill);
    for (size_t d = 0; d < 4; d++) bram_axis_free(w.axis[d]);
    bram_h5_close(w.file);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_h5 *file = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no brain_observatory_pipeline/DfOverF");
    if (input->count != 1 || !bram_h5_probe(input->paths[0])) return BRAM_OK;
    int status = bram_h5_open(cx, &file, input->paths[0]);
    if (status == BRAM_OK && bram_h5_exists(bram_h5_root(file), TRACES "data") &&
        bram_h5_exists(bram_h5_root(file), "stimulus/presentation"))
        bram_recognise(out, BRAM_MINE, "brain_observatory_pipeline/DfOverF and presentations");
    bram_h5_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_allen_twophoton = {
    .name = "allen-twophoton",
    .summary =
        "mouse visual cortex, two-photon: Allen Brain Observatory, natural scenes and others",
    .citation = "de Vries et al. 2020, Nature Neuroscience 23:138",
    .doi = "10.1038/s41593-019-0550-9",
    .licence = "Allen Institute Terms of Use",
    .reads = "NWB 1.0 of an experiment session",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5,
    .apart = true,
    .single = true,
};
