/*
 * yemini2021.c - recordings with NeuroPAL identities and three stimuli, Yemini et al. 2021: MATLAB
 * files of version 5, one for each strain and end of the worm, with many worms each.
 *
 * Variables (the layout is that of public code that reads the deposit: qsimeon/worm-data-preprocess
 * and pipelines on Head_Activity_OH16230.mat; no original was at hand):
 *
 *   fps          frames a second; time is frame / fps
 *   files        cell, the name of each of n worms
 *   neurons      cell, the name of each class, without a side
 *   is_L         cell: for each class n or 2 n numbers; 1 left, 0 right, NaN a neuron without a
 *                pair. Of 2 n the first n are the left neurons of the worms
 *   norm_traces  cell: for each class a cell of as many traces, empty where the worm's neuron was
 *                not identified; scaled by the authors over the whole recording (histogram
 *                normalization): non-causal
 *   stim_names   cell, the stimuli; stims: which was given when (worm x turn, from 1; or a cell of
 *                such rows); stim_times: onset and offset of each turn, in seconds
 *
 * Frames at the start in which every trace is exactly 0 hold no data (three in the deposit, as its
 * readers found): they are missing. Which strain it is stands in the file's name only.
 */
#include "homogenize.h"
#include "intake.h"
#include "matlab_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"traces", BRAM_PARAM_CHOICE, "norm_traces", "norm_traces|traces", 0, 0,
     "the variable to read, where a file has both"},
    {"stimulus", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out the stimuli, where they are not as described"},
    {.name = NULL}};

/* The variables of a file. */
struct source {
    const char *path;
    bram_matlab_value *neurons, *sides, *traces, *files, *names, *turns, *times;
    double fps;
    size_t worms, classes;
};

/* One worm being read; its traces come one by one. */
struct worm {
    char id[200];
    size_t rows, cols, room;
    double *values; /* cols x rows while they come */
    char **label;
};

static void release(struct worm *w)
{
    for (size_t j = 0; j < w->cols; j++) bram_free(w->label[j]);
    bram_free(w->label);
    bram_free(w->values);
}

/* ---- the variables -------------------------------------------------------------------------- */

static int read_fps(bram_ctx *cx, struct source *s, bram_matlab *file)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "fps"));
    BRAM_TRY(bram_matlab_number(cx, &s->fps, v));
    if (s->fps > 0 && isfinite(s->fps)) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "fps: found %g, expected frames a second", s->fps);
}

static int find_variables(bram_ctx *cx, struct source *s, bram_matlab *file, const char *traces)
{
    BRAM_TRY(bram_matlab_variable(cx, &s->files, file, "files"));
    BRAM_TRY(bram_matlab_variable(cx, &s->neurons, file, "neurons"));
    BRAM_TRY(bram_matlab_variable(cx, &s->sides, file, "is_L"));
    BRAM_TRY(bram_matlab_variable(cx, &s->traces, file, traces));
    BRAM_TRY(bram_matlab_optional(cx, &s->names, file, "stim_names"));
    BRAM_TRY(bram_matlab_optional(cx, &s->times, file, "stim_times"));
    BRAM_TRY(bram_matlab_optional(cx, &s->turns, file, "stims"));
    s->worms = bram_matlab_count(s->files);
    s->classes = bram_matlab_count(s->neurons);
    if (s->worms == 0) return bram_fail(cx, BRAM_EFORMAT, "files names no worm");
    BRAM_TRY(bram_matlab_expect_cells(cx, s->files, s->worms, "a name for each worm"));
    BRAM_TRY(bram_matlab_expect_cells(cx, s->neurons, s->classes, "a name for each class"));
    BRAM_TRY(bram_matlab_expect_cells(cx, s->sides, s->classes, "one for each class"));
    BRAM_TRY(bram_matlab_expect_cells(cx, s->traces, s->classes, "one for each class"));
    return read_fps(cx, s, file);
}

/* ---- traces --------------------------------------------------------------------------------- */

static int grow(bram_ctx *cx, struct worm *w)
{
    size_t room = w->room ? 2 * w->room : 64, count;
    if (w->cols < w->room) return BRAM_OK;
    if (__builtin_mul_overflow(room, w->rows, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu traces of %zu frames", room, w->rows);
    double *values = bram_realloc(cx, w->values, count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    w->values = values;
    char **label = bram_realloc(cx, w->label, room, sizeof *label);
    if (!label) return BRAM_ENOMEM;
    w->label = label;
    w->room = room;
    return BRAM_OK;
}

/* Adds a trace; the label is the class and the side. */
static int add_trace(bram_ctx *cx, struct worm *w, bram_matlab_value *v, const char *class_name,
                     const char *side)
{
    double *numbers = NULL;
    if (w->cols == 0) w->rows = bram_matlab_count(v);
    BRAM_TRY(bram_matlab_exactly(cx, &numbers, v, w->rows, "as in the first trace of this worm"));
    int status = grow(cx, w);
    char *label = status == BRAM_OK ? bram_strf(cx, "%s%s", class_name, side) : NULL;
    if (label) {
        memcpy(w->values + w->cols * w->rows, numbers, w->rows * sizeof *numbers);
        w->label[w->cols++] = label;
    }
    bram_free(numbers);
    return label ? BRAM_OK : BRAM_ENOMEM;
}

/* The letter of a side: is_L as it stands beside the trace, held against the block it is in. */
static int side_of(bram_ctx *cx, const char **side, const bram_matlab_value *v, double is_left,
                   size_t entry, const struct source *s, bool paired)
{
    *side = isnan(is_left) ? "" : is_left == 1 ? "L" : "R";
    bool left_block = paired && entry < s->worms, right_block = paired && entry >= s->worms;
    if ((!isnan(is_left) && is_left != 1 && is_left != 0) || (left_block && is_left == 0) ||
        (right_block && is_left == 1))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %g at %zu, expected %s or NaN",
                         bram_matlab_name(v), is_left, entry + 1,
                         left_block    ? "1 in the left block"
                         : right_block ? "0 in the right block"
                                       : "0, 1");
    return BRAM_OK;
}

/* The traces of a class in worm i: one, or left and right. */
static int read_entries(bram_ctx *cx, struct worm *w, const struct source *s, size_t i,
                        const char *class_name, bram_matlab_value *traces, bram_matlab_value *sides)
{
    size_t count = bram_matlab_count(traces);
    if (count != s->worms && count != 2 * s->worms)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu elements, expected %zu or %zu: one or two for each worm",
                         bram_matlab_name(traces), count, s->worms, 2 * s->worms);
    BRAM_TRY(bram_matlab_expect_cells(cx, traces, count, "a trace in each"));
    double *is_left = NULL;
    BRAM_TRY(bram_matlab_exactly(cx, &is_left, sides, count, "one for each trace"));
    int status = BRAM_OK;
    for (size_t entry = i; status == BRAM_OK && entry < count; entry += s->worms) {
        bram_matlab_value *v;
        const char *side;
        status = bram_matlab_cell(cx, &v, traces, entry);
        if (status == BRAM_OK) status = bram_matlab_bare(cx, &v);
        if (status != BRAM_OK || bram_matlab_count(v) == 0) continue;
        status = side_of(cx, &side, sides, is_left[entry], entry, s, count > s->worms);
        if (status == BRAM_OK) status = add_trace(cx, w, v, class_name, side);
    }
    bram_free(is_left);
    return status;
}

static int read_traces(bram_ctx *cx, struct worm *w, const struct source *s, size_t i)
{
    for (size_t k = 0; k < s->classes; k++) {
        bram_matlab_value *name, *traces, *sides;
        char *class_name = NULL;
        BRAM_TRY(bram_matlab_cell(cx, &name, s->neurons, k));
        BRAM_TRY(bram_matlab_cell(cx, &traces, s->traces, k));
        BRAM_TRY(bram_matlab_cell(cx, &sides, s->sides, k));
        BRAM_TRY(bram_matlab_bare_text(cx, &class_name, name));
        int status = read_entries(cx, w, s, i, class_name, traces, sides);
        bram_free(class_name);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

/* The stimuli of worm i by turn, from 1 (0, NaN: none); the caller frees them. */
static int read_turns(bram_ctx *cx, double **out, size_t *count, const struct source *s, size_t i)
{
    bram_matlab_value *row;
    double *all = NULL;
    if (bram_matlab_kind_of(s->turns) == BRAM_MATLAB_CELL) {
        BRAM_TRY(bram_matlab_expect_cells(cx, s->turns, s->worms, "one for each worm"));
        BRAM_TRY(bram_matlab_cell(cx, &row, s->turns, i));
        *count = bram_matlab_count(row);
        return bram_matlab_numbers(cx, out, row);
    }
    if (bram_matlab_kind_of(s->turns) != BRAM_MATLAB_NUMERIC ||
        bram_matlab_dims(s->turns)[0] != s->worms)
        return bram_fail(cx, BRAM_EFORMAT,
                         "stims: found %s of %zu rows, expected numbers in %zu, one for each worm",
                         bram_matlab_class(s->turns), bram_matlab_dims(s->turns)[0], s->worms);
    *count = bram_matlab_count(s->turns) / s->worms;
    BRAM_TRY(bram_matlab_numbers(cx, &all, s->turns));
    double *turns = bram_alloc(cx, *count, sizeof *turns);
    for (size_t k = 0; turns && k < *count; k++) turns[k] = all[k * s->worms + i];
    bram_free(all);
    *out = turns;
    return turns ? BRAM_OK : BRAM_ENOMEM;
}

/* Events that lie in the recording, of turns of known stimuli. names, onset, offset: scratch. */
static int fill_events(bram_ctx *cx, bram_spans *spans, const double *turn, size_t turns,
                       const double *times, char *const *names, size_t stimuli, double last)
{
    const char **what = bram_scratch(cx, turns, sizeof *what);
    const char **kind = bram_scratch(cx, turns, sizeof *kind);
    double *onset = bram_scratch(cx, turns, 2 * sizeof *onset);
    if (!what || !kind || !onset) return BRAM_ENOMEM;
    size_t n = 0;
    for (size_t k = 0; k < turns; k++) {
        double from = times[k], to = times[turns + k];
        if (isnan(turn[k]) || turn[k] == 0) continue;
        if (!(turn[k] >= 1 && turn[k] <= (double)stimuli && turn[k] == floor(turn[k])))
            return bram_fail(cx, BRAM_EFORMAT,
                             "stims: found %g, expected 1 to %zu, a place in "
                             "stim_names",
                             turn[k], stimuli);
        if (!(to >= from) || !isfinite(from) || !isfinite(to))
            return bram_fail(cx, BRAM_EFORMAT,
                             "stim_times: found %g to %g s at %zu, expected an "
                             "onset and an offset",
                             from, to, k + 1);
        if (from > last) continue;
        what[n] = names[(size_t)turn[k] - 1];
        kind[n] = "stimulus";
        onset[n] = from, onset[turns + n] = to < last ? to : last;
        n++;
    }
    *spans = (bram_spans){
        .count = n, .what = what, .onset = onset, .offset = onset + turns, .kind = kind};
    return BRAM_OK;
}

static int put_events(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const struct source *s,
                      size_t i)
{
    double *turn = NULL, *times = NULL;
    char **names = NULL;
    size_t turns = 0, stimuli = 0, mark = bram_scratch_mark(cx);
    bram_spans spans;
    if (!s->turns || !s->times || !s->names) return BRAM_OK;
    int status = read_turns(cx, &turn, &turns, s, i);
    if (status == BRAM_OK) status = bram_matlab_strings(cx, &names, &stimuli, s->names);
    if (status == BRAM_OK && bram_matlab_dims(s->times)[0] != turns)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "stim_times: found %zu rows, expected %zu, one for "
                           "each turn in stims",
                           bram_matlab_dims(s->times)[0], turns);
    if (status == BRAM_OK)
        status = bram_matlab_exactly(cx, &times, s->times, 2 * turns,
                                     "an onset and an offset each");
    if (status == BRAM_OK)
        status = fill_events(cx, &spans, turn, turns, times, names, stimuli,
                             (double)(w->rows - 1) / s->fps);
    if (status == BRAM_OK) status = bram_intake_events(cx, ds, w->id, &spans);
    bram_scratch_release(cx, mark);
    bram_free(turn);
    bram_free(times);
    bram_free(names);
    return status;
}

/* ---- a worm, a file ------------------------------------------------------------------------- */

/* Frames at the start in which all traces are 0. */
static size_t count_fillers(const struct worm *w)
{
    size_t t = 0;
    for (; t < w->rows; t++)
        for (size_t j = 0; j < w->cols; j++)
            if (w->values[j * w->rows + t] != 0) return t;
    return 0; /* all of them: that is for the intake to judge */
}

static int put_traces(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const struct source *s,
                      bool normalized)
{
    size_t mark = bram_scratch_mark(cx), fillers = count_fillers(w);
    double *values = bram_scratch(cx, w->rows * w->cols, sizeof *values);
    double *time = bram_scratch(cx, w->rows, sizeof *time);
    int status = values && time ? BRAM_OK : BRAM_ENOMEM;
    for (size_t t = 0; status == BRAM_OK && t < w->rows; t++) {
        time[t] = (double)t / s->fps;
        for (size_t j = 0; j < w->cols; j++)
            values[t * w->cols + j] = t < fillers ? (double)NAN : w->values[j * w->rows + t];
    }
    if (status == BRAM_OK)
        status = bram_intake_traces(cx, ds, w->id,
                                    &(bram_traces){.rows = w->rows,
                                                   .cols = w->cols,
                                                   .time = time,
                                                   .values = values,
                                                   .labels = (const char *const *)w->label,
                                                   .unit = normalized ? "normalized F" : "F",
                                                   .filter = normalized ? "non-causal" : "none"});
    bram_scratch_release(cx, mark);
    return status;
}

/* "OH16230" of "Head_Activity_OH16230", or "". */
static void strain_of(char out[16], const char *stem)
{
    static const char *const ends[] = {"Head_Activity_", "Tail_Activity_"};
    out[0] = 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t length = strlen(ends[i]);
        if (strncmp(stem, ends[i], length) != 0) continue;
        const char *strain = stem + length;
        if (strncmp(strain, "OH", 2) == 0 && strain[2] &&
            !strain[2 + strspn(strain + 2, "0123456789")])
            snprintf(out, 16, "%.15s", strain);
    }
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const char *session,
                    const char *path)
{
    char stem[160], strain[16];
    const char *slash = strrchr(path, '/');
    bram_intake_id(stem, sizeof stem, path, NULL);
    strain_of(strain, stem);
    const char *const attributes[][2] = {{"subject", w->id},
                                         {"session", *session ? session : w->id},
                                         {"species", BRAM_SPECIES_WORM},
                                         {"condition", stem},
                                         {"strain", strain},
                                         {"source_file", slash ? slash + 1 : path}};
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
        if (attributes[k][1][0])
            BRAM_TRY(bram_intake_text(cx, ds, w->id, attributes[k][0], attributes[k][1]));
    return BRAM_OK;
}

/* Nothing is dropped in silence: the root says which worms have no trace. */
static int leave_out(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const char *session)
{
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    const char *before = root ? bram_attrs_text(root, "left_out") : NULL;
    char *text = bram_strf(cx, "%s%s%s (%s): no trace", before ? before : "", before ? "; " : "",
                           w->id, session);
    int status = root && text ? bram_attrs_set_text(cx, root, "left_out", text) : BRAM_ENOMEM;
    bram_free(text);
    bram_note(cx, "%s (%s) has no trace and is left out", w->id, session);
    return status;
}

static int read_worm(bram_ctx *cx, bram_dataset *ds, const struct source *s, size_t i,
                     bool normalized)
{
    struct worm w = {.rows = 0};
    bram_matlab_value *name;
    char stem[160], *session = NULL;
    snprintf(w.id, sizeof w.id, "%s_%zu", bram_intake_id(stem, sizeof stem, s->path, NULL), i + 1);
    BRAM_TRY(bram_matlab_cell(cx, &name, s->files, i));
    BRAM_TRY(bram_matlab_bare_text(cx, &session, name));
    int status = read_traces(cx, &w, s, i);
    if (status == BRAM_OK && w.cols == 0) {
        status = leave_out(cx, ds, &w, session);
    } else {
        if (status == BRAM_OK) status = put_traces(cx, ds, &w, s, normalized);
        if (status == BRAM_OK) status = describe(cx, ds, &w, session, s->path);
        if (status == BRAM_OK) status = put_events(cx, ds, &w, s, i);
    }
    bram_free(session);
    release(&w);
    return status;
}

static int read_file(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    bool normalized = bram_option_is(o, "traces", "norm_traces");
    struct source s = {.path = path};
    bram_matlab *file = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = find_variables(cx, &s, file, normalized ? "norm_traces" : "traces");
    if (bram_option_is(o, "stimulus", "ignore")) s.turns = NULL;
    if (status == BRAM_EABSENT) status = BRAM_EFORMAT;
    for (size_t i = 0; status == BRAM_OK && i < s.worms; i++)
        status = read_worm(cx, ds, &s, i, normalized);
    bram_matlab_close(file);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_file(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_matlab *file = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with neurons, is_L and norm_traces");
    int status = bram_matlab_open(cx, &file, input->paths[0]);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    bool norm = bram_matlab_has_variable(file, "norm_traces");
    bool both = bram_matlab_has_variable(file, "neurons") && bram_matlab_has_variable(file, "is_L");
    if (both && (norm || bram_matlab_has_variable(file, "traces")))
        bram_recognise(out, BRAM_MINE, "MATLAB %s with variables neurons, is_L and %s",
                       bram_matlab_version(file) == 73 ? "7.3" : "5",
                       norm ? "norm_traces" : "traces");
    bram_matlab_close(file);
    return BRAM_OK;
}

const bram_loader bram_loader_yemini2021 = {
    .name = "yemini2021",
    .summary = "C. elegans calcium with NeuroPAL identities, head and tail, three stimuli",
    .citation = "Yemini et al. 2021, Cell 184:272",
    .doi = "10.1016/j.cell.2020.12.012",
    .licence = "not stated",
    .reads = "MATLAB 5 or 7.3: Head_Activity_OH15500, Head_Activity_OH16230, Tail_Activity_OH16230",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
};
