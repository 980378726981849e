/*
 * zimmer.c - whole-brain recordings of the Zimmer laboratory: MATLAB files of version 5 or 7.3,
 * one for each condition, with several worms each.
 *
 * The top variable (WT_NoStim, n2_let ...) has the worms in one of four forms, all of which are
 * read: a struct whose fields are cells with one element for each worm; an array of structs; a
 * struct with a struct for each worm; a cell of structs. Fields have several names (below). Traces
 * are time x neuron, dF/F corrected for bleaching. The name of a trace is a text or a list of
 * candidates, also nested: the first that is not empty is the label, the others are kept as
 * further labels, and a further one that names another neuron makes the label doubtful.
 */
#include "zimmer.h"

#include "homogenize.h"
#include "intake.h"
#include "matlab_fields.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const bram_param bram_zimmer_params[] = {
    {"states", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "names of the state codes 0, 1, ... joined by +, for files that hold codes"},
    {"stimulus", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out the field stimulus, where it is not as described"},
    {"time", BRAM_PARAM_CHOICE, "auto", "auto|seconds|minutes", 0, 0,
     "unit of the stamps; auto: seconds, unless fps says that they are minutes"},
    {.name = NULL}};

/* The names of a field, those of the older files first. */
static const char
    *const traces_names[] = {"traces", "deltaFOverF_bc", "traces_bleach_corrected", NULL},
           *const label_names[] = {"IDs", "NeuronNames", "neuron_ID", NULL},
           *const time_names[] = {"timeVectorSeconds", "tv", "time_vector", NULL},
           *const fps_names[] = {"fps", NULL}, *const dataset_names[] = {"dataset", NULL},
           *const states_names[] = {"States", NULL}, *const stimulus_names[] = {"stimulus", NULL};

/* The worms of a variable. */
struct worms {
    bram_matlab_value *top;
    const char *name; /* of the variable */
    size_t count;
    enum { ARRAY, CELLS, FIELDS, LIST } form;
};

/* One worm being read. */
struct worm {
    char id[128];
    size_t rows, cols;
    double *traces, *time;
    char **label, **further; /* cols each, on the heap */
};

static void release(struct worm *w)
{
    for (size_t i = 0; i < w->cols; i++) {
        if (w->label) bram_free(w->label[i]);
        if (w->further) bram_free(w->further[i]);
    }
    bram_free(w->label);
    bram_free(w->further);
    bram_free(w->traces);
    bram_free(w->time);
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* @return the first of the names that the struct has as a field, or NULL */
static const char *first_of(const bram_matlab_value *v, const char *const *names)
{
    while (*names && !bram_matlab_has_field(v, *names)) names++;
    return *names;
}

static bool has_worms(const bram_matlab_value *v)
{
    return bram_matlab_kind_of(v) == BRAM_MATLAB_STRUCT && first_of(v, traces_names) &&
           first_of(v, label_names);
}

/* The struct that has the fields of worm i, and its element there. */
static int holder(bram_ctx *cx, bram_matlab_value **out, size_t *element, const struct worms *all,
                  size_t i)
{
    *element = all->form == ARRAY ? i : 0;
    *out = all->top;
    if (all->form == FIELDS)
        return bram_matlab_field(cx, out, all->top, bram_matlab_field_at(all->top, i), 0);
    return all->form == LIST ? bram_matlab_cell(cx, out, all->top, i) : BRAM_OK;
}

/* A field of worm i by one of its names; NULL when it has none of them. */
static int find(bram_ctx *cx, bram_matlab_value **out, const struct worms *all, size_t i,
                const char *const *names)
{
    bram_matlab_value *v;
    size_t element;
    BRAM_TRY(holder(cx, &v, &element, all, i));
    const char *name = first_of(v, names);
    *out = NULL;
    if (!name) return BRAM_OK;
    BRAM_TRY(bram_matlab_field(cx, &v, v, name, element));
    if (all->form == CELLS) {
        if (bram_matlab_kind_of(v) != BRAM_MATLAB_CELL || bram_matlab_count(v) != all->count)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: found %s of %zu elements, expected a cell for each of %zu worms",
                             bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v),
                             all->count);
        BRAM_TRY(bram_matlab_cell(cx, &v, v, i));
    }
    *out = v;
    return BRAM_OK;
}

/* As find, out of cells of one element that stand around a value. */
static int find_bare(bram_ctx *cx, bram_matlab_value **out, const struct worms *all, size_t i,
                     const char *const *names)
{
    BRAM_TRY(find(cx, out, all, i, names));
    return *out ? bram_matlab_bare(cx, out) : BRAM_OK;
}

/* Whether each child of a struct or cell is a struct with a worm's fields. */
static int each_is_worm(bram_ctx *cx, bool *out, bram_matlab_value *v, enum bram_matlab_kind kind)
{
    bool fields = kind == BRAM_MATLAB_STRUCT;
    size_t n = fields ? bram_matlab_fields(v) : bram_matlab_count(v);
    *out = bram_matlab_kind_of(v) == kind && n > 0 && (!fields || bram_matlab_count(v) == 1);
    for (size_t i = 0; *out && i < n; i++) {
        bram_matlab_value *child;
        if (fields) BRAM_TRY(bram_matlab_field(cx, &child, v, bram_matlab_field_at(v, i), 0));
        else BRAM_TRY(bram_matlab_cell(cx, &child, v, i));
        *out = has_worms(child) && bram_matlab_count(child) == 1;
    }
    return BRAM_OK;
}

/* Sees whether a variable holds worms. BRAM_EABSENT when it does not. */
static int look(bram_ctx *cx, struct worms *all, bram_matlab *file, const char *name)
{
    bram_matlab_value *v, *traces;
    bool fields = false, list = false;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, name));
    struct worms found = {.top = v, .name = name, .form = ARRAY};
    if (has_worms(v)) {
        found.count = bram_matlab_count(v);
        if (found.count == 0) return bram_fail(cx, BRAM_EFORMAT, "%s holds no worm", name);
        BRAM_TRY(bram_matlab_field(cx, &traces, v, first_of(v, traces_names), 0));
        if (found.count == 1 && bram_matlab_kind_of(traces) == BRAM_MATLAB_CELL) {
            found.form = CELLS;
            found.count = bram_matlab_count(traces);
        }
    } else {
        BRAM_TRY(each_is_worm(cx, &fields, v, BRAM_MATLAB_STRUCT));
        if (!fields) BRAM_TRY(each_is_worm(cx, &list, v, BRAM_MATLAB_CELL));
        if (!fields && !list)
            return bram_fail(cx, BRAM_EABSENT, "%s has no traces and names of neurons", name);
        found.form = fields ? FIELDS : LIST;
        found.count = fields ? bram_matlab_fields(v) : bram_matlab_count(v);
    }
    *all = found;
    return BRAM_OK;
}

/* ---- fields --------------------------------------------------------------------------------- */

static int absent(bram_ctx *cx, const struct worms *all, size_t i, const char *const *names)
{
    char text[200] = "";
    for (size_t k = 0, used = 0; names[k] && used < sizeof text; k++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", k ? " nor " : "",
                                 names[k]);
    return bram_fail(cx, BRAM_EFORMAT, "%s: worm %zu has neither %s", all->name, i + 1, text);
}

static int read_traces(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *v;
    BRAM_TRY(find_bare(cx, &v, all, i, traces_names));
    if (!v) return absent(cx, all, i, traces_names);
    const size_t *dims = bram_matlab_dims(v);
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC || bram_matlab_rank(v) != 2 ||
        bram_matlab_count(v) == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %s of %zu elements, expected a matrix time x neuron",
                         bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v));
    w->rows = dims[0];
    size_t cols = dims[1];
    BRAM_TRY(bram_matlab_row_major(cx, &w->traces, v));
    w->label = bram_alloc(cx, cols, sizeof *w->label);
    w->further = bram_alloc(cx, cols, sizeof *w->further);
    if (!w->label || !w->further) return BRAM_ENOMEM;
    w->cols = cols;
    return BRAM_OK;
}

/* Frames a second; NaN when the file does not say. */
static int read_fps(bram_ctx *cx, double *fps, const struct worms *all, size_t i)
{
    bram_matlab_value *v;
    *fps = NAN;
    BRAM_TRY(find_bare(cx, &v, all, i, fps_names));
    if (!v || bram_matlab_count(v) == 0) return BRAM_OK;
    BRAM_TRY(bram_matlab_number(cx, fps, v));
    if (*fps > 0 && isfinite(*fps)) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s is %g, expected frames a second", bram_matlab_name(v),
                     *fps);
}

/*
 * The stamps in seconds. A file that states fps says twice how long a frame is; stamps that are 60
 * times too dense are minutes, and any other disagreement is for the user to settle.
 */
static int settle_unit(bram_ctx *cx, struct worm *w, const char *name, double fps,
                       const bram_options *o)
{
    const double slack = 1.25;
    double step = (w->time[w->rows - 1] - w->time[0]) / (double)(w->rows > 1 ? w->rows - 1 : 1);
    double frames = step * fps;
    bool minutes = bram_option_is(o, "time", "minutes");
    if (bram_option_is(o, "time", "auto") && w->rows > 1 && isfinite(frames)) {
        minutes = frames * 60 > 1 / slack && frames * 60 < slack;
        if (!minutes && !(frames > 1 / slack && frames < slack))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: found a mean step of %.4g, expected %.4g s by the fps of %.4g; "
                             "time=seconds or time=minutes settles it",
                             name, step, 1 / fps, fps);
    }
    for (size_t k = 0; minutes && k < w->rows; k++) w->time[k] *= 60;
    return BRAM_OK;
}

/* The stamps; where a file has none, frame / fps. */
static int read_time(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i,
                     const bram_options *o)
{
    double fps;
    bram_matlab_value *v;
    BRAM_TRY(read_fps(cx, &fps, all, i));
    BRAM_TRY(find_bare(cx, &v, all, i, time_names));
    if (!v && isfinite(fps)) {
        w->time = bram_alloc(cx, w->rows, sizeof *w->time);
        for (size_t k = 0; w->time && k < w->rows; k++) w->time[k] = (double)k / fps;
        return w->time ? BRAM_OK : BRAM_ENOMEM;
    }
    if (!v)
        return absent(cx, all, i,
                      (const char *const[]){"timeVectorSeconds", "tv", "time_vector", "fps", NULL});
    if (bram_matlab_count(v) != w->rows)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s has %zu stamps, expected %zu: the traces are %zu frames x %zu neurons",
                         bram_matlab_name(v), bram_matlab_count(v), w->rows, w->rows, w->cols);
    BRAM_TRY(bram_matlab_numbers(cx, &w->time, v));
    int status = bram_stamps_check(cx, w->time, w->rows);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", bram_matlab_name(v));
    return settle_unit(cx, w, bram_matlab_name(v), fps, o);
}

/* Adds a candidate name: the first becomes the label. */
static int add_name(bram_ctx *cx, struct worm *w, size_t trace, bram_matlab_value *v)
{
    char *text;
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_CHAR) return BRAM_OK; /* an empty array: no name */
    BRAM_TRY(bram_matlab_text(cx, &text, v));
    if (!text[0]) {
        bram_free(text);
        return BRAM_OK;
    }
    if (!w->label[trace]) {
        w->label[trace] = text;
        return BRAM_OK;
    }
    char *old = w->further[trace];
    w->further[trace] = old ? bram_strf(cx, "%s | %s", old, text) : bram_strdup(cx, text);
    bool kept = w->further[trace] != NULL;
    bram_free(old);
    bram_free(text);
    return kept ? BRAM_OK : BRAM_ENOMEM;
}

/* A name, or candidates in a cell, to any depth: the tree ends at 64. */
static int add_names(bram_ctx *cx, struct worm *w, size_t trace, bram_matlab_value *v)
{
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_CELL) return add_name(cx, w, trace, v);
    for (size_t c = 0; c < bram_matlab_count(v); c++) {
        bram_matlab_value *candidate;
        BRAM_TRY(bram_matlab_cell(cx, &candidate, v, c));
        BRAM_TRY(add_names(cx, w, trace, candidate));
    }
    return BRAM_OK;
}

/* Names behind the last trace must be empty: one that is not tells that columns are missing. */
static int check_surplus(bram_ctx *cx, const struct worm *w, bram_matlab_value *list)
{
    for (size_t k = w->cols; k < bram_matlab_count(list); k++) {
        bram_matlab_value *v;
        BRAM_TRY(bram_matlab_cell(cx, &v, list, k));
        if (bram_matlab_count(v) > 0)
            return bram_fail(cx, BRAM_EFORMAT, "%s: found a name behind the last of %zu traces",
                             bram_matlab_name(v), w->cols);
    }
    return BRAM_OK;
}

static int read_names(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *list, *v;
    BRAM_TRY(find(cx, &list, all, i, label_names));
    if (!list) return absent(cx, all, i, label_names);
    while (bram_matlab_kind_of(list) == BRAM_MATLAB_CELL && bram_matlab_count(list) == 1 &&
           w->cols > 1)
        BRAM_TRY(bram_matlab_cell(cx, &list, list, 0)); /* the list in a cell of its own */
    if (bram_matlab_kind_of(list) != BRAM_MATLAB_CELL || bram_matlab_count(list) < w->cols)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: found %s of %zu elements, expected a cell of %zu names, one for each trace",
            bram_matlab_name(list), bram_matlab_class(list), bram_matlab_count(list), w->cols);
    for (size_t k = 0; k < w->cols; k++) {
        BRAM_TRY(bram_matlab_cell(cx, &v, list, k));
        BRAM_TRY(add_names(cx, w, k, v));
    }
    return check_surplus(cx, w, list);
}

/* The worm's own name when the file states one that can be a path; else variable and number. */
static int name_worm(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *v;
    char *text = NULL;
    snprintf(w->id, sizeof w->id, "%.100s_%zu", all->name, i + 1);
    BRAM_TRY(find_bare(cx, &v, all, i, dataset_names));
    if (!v || bram_matlab_kind_of(v) != BRAM_MATLAB_CHAR || bram_matlab_count(v) == 0)
        return BRAM_OK;
    BRAM_TRY(bram_matlab_text(cx, &text, v));
    size_t length = strlen(text), plain = 0;
    while (plain < length && (isalnum((unsigned char)text[plain]) || strchr("-_.+", text[plain])))
        plain++;
    if (length && plain == length && length < sizeof w->id && text[0] != '.')
        memcpy(w->id, text, length + 1);
    bram_free(text);
    return BRAM_OK;
}

static int read_events(bram_ctx *cx, bram_dataset *ds, const struct worm *w,
                       const struct worms *all, size_t i, const bram_options *o)
{
    bram_matlab_value *states, *stimulus;
    const bram_zimmer_clock clock = {w->id, w->rows, w->time};
    BRAM_TRY(find(cx, &states, all, i, states_names));
    BRAM_TRY(find(cx, &stimulus, all, i, stimulus_names));
    if (bram_option_is(o, "stimulus", "ignore")) stimulus = NULL;
    return bram_zimmer_events(cx, ds, &clock, states, bram_option_text(o, "states"), stimulus);
}

/* ---- a worm, a file ------------------------------------------------------------------------- */

static int describe(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const char *variable,
                    const char *path)
{
    static const bram_zimmer_variable nothing = {.name = NULL};
    const bram_zimmer_variable *known = bram_zimmer_find(variable, NULL);
    const char *slash = strrchr(path, '/');
    if (!known) known = &nothing;
    const char *const attributes[][2] = {{"subject", w->id},
                                         {"session", w->id},
                                         {"species", BRAM_SPECIES_WORM},
                                         {"condition", variable},
                                         {"strain", known->strain},
                                         {"stage", known->stage},
                                         {"feeding", known->feeding},
                                         {"silenced", known->silenced},
                                         {"source_file", slash ? slash + 1 : path}};
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
        if (attributes[k][1])
            BRAM_TRY(bram_intake_text(cx, ds, w->id, attributes[k][0], attributes[k][1]));
    return BRAM_OK;
}

static int put_worm(bram_ctx *cx, bram_dataset *ds, const struct worm *w)
{
    return bram_intake_traces(cx, ds, w->id,
                              &(bram_traces){.rows = w->rows,
                                             .cols = w->cols,
                                             .time = w->time,
                                             .values = w->traces,
                                             .labels = (const char *const *)w->label,
                                             .further = (const char *const *)w->further,
                                             .unit = "dF/F",
                                             .filter = "none"});
}

static int read_worm(bram_ctx *cx, bram_dataset *ds, const struct worms *all, size_t i,
                     const char *path, const bram_options *o)
{
    struct worm w = {.rows = 0};
    int status = name_worm(cx, &w, all, i);
    if (status == BRAM_OK) status = read_traces(cx, &w, all, i);
    if (status == BRAM_OK) status = read_time(cx, &w, all, i, o);
    if (status == BRAM_OK) status = read_names(cx, &w, all, i);
    if (status == BRAM_OK) status = put_worm(cx, ds, &w);
    if (status == BRAM_OK) status = describe(cx, ds, &w, all->name, path);
    if (status == BRAM_OK) status = read_events(cx, ds, &w, all, i, o);
    release(&w);
    return status;
}

static int read_file(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    bram_matlab *file = NULL;
    size_t found = 0;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = BRAM_OK;
    for (size_t v = 0; status == BRAM_OK && v < bram_matlab_variables(file); v++) {
        struct worms all = {.count = 0};
        status = look(cx, &all, file, bram_matlab_variable_at(file, v));
        if (status == BRAM_EABSENT) { /* another variable */
            status = BRAM_OK;
            continue;
        }
        for (size_t i = 0; status == BRAM_OK && i < all.count; i++, found++)
            status = read_worm(cx, ds, &all, i, path, o);
    }
    if (status == BRAM_OK && found == 0)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found no struct with traces and names of neurons (IDs and traces, "
                           "NeuronNames and deltaFOverF_bc, neuron_ID and traces_bleach_corrected)",
                           path);
    bram_matlab_close(file);
    return status;
}

int bram_zimmer_load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_file(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

/* ---- recognising ---------------------------------------------------------------------------- */

/* Looks only at variables that the source may take: reading one may be long. Of strangers these are
 * structs. */
static int look_for(bram_ctx *cx, bram_recognition *out, bram_matlab *file,
                    const bram_zimmer_source *source, size_t i)
{
    struct worms all = {.count = 0};
    const char *name = bram_matlab_variable_at(file, i);
    const bram_zimmer_source *owner = NULL;
    bool known = bram_zimmer_find(name, &owner);
    if (known ? owner != source : !source->strangers || !bram_matlab_may_be_struct(file, i))
        return BRAM_OK;
    int status = look(cx, &all, file, name);
    if (status == BRAM_ENOMEM) return status;
    if (status != BRAM_OK && known) /* whose it is can be told, and the message on loading is its */
        return bram_recognise(out, BRAM_MINE, "MATLAB with a variable %.60s, but not as described",
                              name);
    if (status != BRAM_OK) return BRAM_OK;
    return bram_recognise(out, known ? BRAM_MINE : BRAM_MAYBE_MINE,
                          "MATLAB %s with a struct %.60s of traces and neuron names of %zu worms",
                          bram_matlab_version(file) == 73 ? "7.3" : "5", name, all.count);
}

int bram_zimmer_recognise(bram_ctx *cx, const bram_zimmer_source *source, const bram_input *input,
                          bram_recognition *out)
{
    bram_matlab *file = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with worms");
    int status = bram_matlab_open(cx, &file, input->paths[0]);
    for (size_t v = 0;
         status == BRAM_OK && out->verdict != BRAM_MINE && v < bram_matlab_variables(file); v++)
        status = look_for(cx, out, file, source, v);
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}
