/*
 * kato2015.c - whole-brain recordings of immobilized worms, Kato et al. 2015: MATLAB files of
 * version 5 or 7.3, one for each condition, with several worms each.
 *
 * The top variable (WT_NoStim, WT_Stim, AVA_HisCl) is either a struct whose fields are cells with
 * one element for each worm, or an array of structs; both are read. Fields have two sets of names:
 * IDs, traces, timeVectorSeconds, and NeuronNames, deltaFOverF_bc, tv. Traces are time x neuron,
 * dF/F corrected for bleaching. An entry of IDs is a name or a list of candidates: the first that
 * is not empty is the label, the others are kept as further labels. States and stimulus are in
 * kato2015_events.c.
 *
 * The original files were not at hand: the test files hold the numbers of a real recording in the
 * described structure (verified: documented).
 */
#include "kato2015.h"

#include "intake.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"states", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "names of the state codes 0, 1, ... joined by +, for files that hold codes"},
    {"stimulus", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out the field stimulus, where it is not as described"},
    {.name = NULL}};

/* The worms of a file. */
struct worms {
    bram_matlab_value *top;
    const char *name; /* of the variable */
    size_t count;
    bool cells; /* a struct of cells, not an array of structs */
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

/* @return the first of two names that the struct has as a field, or NULL */
static const char *either(const struct worms *all, const char *a, const char *b)
{
    if (bram_matlab_has_field(all->top, a)) return a;
    return b && bram_matlab_has_field(all->top, b) ? b : NULL;
}

/* A field of worm i. */
static int get(bram_ctx *cx, bram_matlab_value **out, const struct worms *all, size_t i,
               const char *field)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_field(cx, &v, all->top, field, all->cells ? 0 : i));
    if (!all->cells) {
        *out = v;
        return BRAM_OK;
    }
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_CELL || bram_matlab_count(v) != all->count)
        return bram_fail(
            cx, BRAM_EFORMAT, "%s: found %s of %zu elements, expected a cell for each of %zu worms",
            bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v), all->count);
    return bram_matlab_cell(cx, out, v, i);
}

/* Sees whether a variable holds worms. BRAM_EABSENT when it does not. */
static int look(bram_ctx *cx, struct worms *all, bram_matlab *file, const char *name)
{
    bram_matlab_value *v, *traces;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, name));
    struct worms found = {.top = v, .name = name};
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_STRUCT)
        return bram_fail(cx, BRAM_EABSENT, "%s is no struct", name);
    const char *field = either(&found, "traces", "deltaFOverF_bc");
    if (!field || !either(&found, "IDs", "NeuronNames"))
        return bram_fail(cx, BRAM_EABSENT, "%s has no traces and IDs", name);
    found.count = bram_matlab_count(v);
    if (found.count == 0) return bram_fail(cx, BRAM_EFORMAT, "%s holds no worm", name);
    BRAM_TRY(bram_matlab_field(cx, &traces, v, field, 0));
    if (found.count == 1 && bram_matlab_kind_of(traces) == BRAM_MATLAB_CELL) {
        found.cells = true;
        found.count = bram_matlab_count(traces);
    }
    *all = found;
    return BRAM_OK;
}

/* ---- fields --------------------------------------------------------------------------------- */

static int read_traces(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *v;
    BRAM_TRY(get(cx, &v, all, i, either(all, "traces", "deltaFOverF_bc")));
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

/* The stamps; where a file has none, frame / fps. */
static int read_time(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    const char *field = either(all, "timeVectorSeconds", "tv");
    bram_matlab_value *v;
    if (field) {
        BRAM_TRY(get(cx, &v, all, i, field));
        if (bram_matlab_count(v) != w->rows)
            return bram_fail(
                cx, BRAM_EFORMAT,
                "%s has %zu stamps, expected %zu: the traces are %zu frames x %zu neurons",
                bram_matlab_name(v), bram_matlab_count(v), w->rows, w->rows, w->cols);
        return bram_matlab_numbers(cx, &w->time, v);
    }
    double fps;
    if (!either(all, "fps", NULL))
        return bram_fail(cx, BRAM_EFORMAT, "%s has neither timeVectorSeconds nor tv nor fps",
                         all->name);
    BRAM_TRY(get(cx, &v, all, i, "fps"));
    BRAM_TRY(bram_matlab_number(cx, &fps, v));
    if (!(fps > 0) || !isfinite(fps))
        return bram_fail(cx, BRAM_EFORMAT, "%s is %g, expected frames a second",
                         bram_matlab_name(v), fps);
    w->time = bram_alloc(cx, w->rows, sizeof *w->time);
    for (size_t k = 0; w->time && k < w->rows; k++) w->time[k] = (double)k / fps;
    return w->time ? BRAM_OK : BRAM_ENOMEM;
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

static int read_names(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *list, *v, *candidate;
    BRAM_TRY(get(cx, &list, all, i, either(all, "IDs", "NeuronNames")));
    if (bram_matlab_kind_of(list) != BRAM_MATLAB_CELL || bram_matlab_count(list) != w->cols)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: found %s of %zu elements, expected a cell of %zu names, one for each trace",
            bram_matlab_name(list), bram_matlab_class(list), bram_matlab_count(list), w->cols);
    for (size_t k = 0; k < w->cols; k++) {
        BRAM_TRY(bram_matlab_cell(cx, &v, list, k));
        if (bram_matlab_kind_of(v) != BRAM_MATLAB_CELL) {
            BRAM_TRY(add_name(cx, w, k, v));
            continue;
        }
        for (size_t c = 0; c < bram_matlab_count(v); c++) {
            BRAM_TRY(bram_matlab_cell(cx, &candidate, v, c));
            BRAM_TRY(add_name(cx, w, k, candidate));
        }
    }
    return BRAM_OK;
}

/* The worm's own name when the file states one that can be a path; else variable and number. */
static int name_worm(bram_ctx *cx, struct worm *w, const struct worms *all, size_t i)
{
    bram_matlab_value *v;
    char *text = NULL;
    snprintf(w->id, sizeof w->id, "%.100s_%zu", all->name, i + 1);
    if (!either(all, "dataset", NULL)) return BRAM_OK;
    BRAM_TRY(get(cx, &v, all, i, "dataset"));
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_CHAR || bram_matlab_count(v) == 0) return BRAM_OK;
    BRAM_TRY(bram_matlab_text(cx, &text, v));
    size_t length = strlen(text), plain = 0;
    while (plain < length && (isalnum((unsigned char)text[plain]) || strchr("-_.+", text[plain])))
        plain++;
    if (length && plain == length && length < sizeof w->id && text[0] != '.')
        memcpy(w->id, text, length + 1);
    bram_free(text);
    return BRAM_OK;
}

/* ---- events --------------------------------------------------------------------------------- */

/* A field of worm i, NULL when the file has none. */
static int get_if_there(bram_ctx *cx, bram_matlab_value **out, const struct worms *all, size_t i,
                        const char *field)
{
    *out = NULL;
    return either(all, field, NULL) ? get(cx, out, all, i, field) : BRAM_OK;
}

static int read_events(bram_ctx *cx, bram_dataset *ds, const struct worm *w,
                       const struct worms *all, size_t i, const bram_options *o)
{
    bram_matlab_value *states, *stimulus;
    const bram_kato_clock clock = {w->id, w->rows, w->time};
    BRAM_TRY(get_if_there(cx, &states, all, i, "States"));
    BRAM_TRY(get_if_there(cx, &stimulus, all, i, "stimulus"));
    if (bram_option_is(o, "stimulus", "ignore")) stimulus = NULL;
    return bram_kato_events(cx, ds, &clock, states, bram_option_text(o, "states"), stimulus);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put_worm(bram_ctx *cx, bram_dataset *ds, const struct worm *w, const struct worms *all,
                    const char *path)
{
    const char *slash = strrchr(path, '/');
    const bram_traces traces = {.rows = w->rows,
                                .cols = w->cols,
                                .time = w->time,
                                .values = w->traces,
                                .labels = (const char *const *)w->label,
                                .further = (const char *const *)w->further,
                                .unit = "dF/F",
                                .filter = "none"};
    BRAM_TRY(bram_intake_traces(cx, ds, w->id, &traces));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "subject", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "session", w->id));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(bram_intake_text(cx, ds, w->id, "condition", all->name));
    return bram_intake_text(cx, ds, w->id, "source_file", slash ? slash + 1 : path);
}

static int read_worm(bram_ctx *cx, bram_dataset *ds, const struct worms *all, size_t i,
                     const char *path, const bram_options *o)
{
    struct worm w = {.rows = 0};
    int status = name_worm(cx, &w, all, i);
    if (status == BRAM_OK) status = read_traces(cx, &w, all, i);
    if (status == BRAM_OK) status = read_time(cx, &w, all, i);
    if (status == BRAM_OK) status = read_names(cx, &w, all, i);
    if (status == BRAM_OK) status = put_worm(cx, ds, &w, all, path);
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
        status = bram_fail(
            cx, BRAM_EFORMAT,
            "%s: found no struct with traces and IDs (or deltaFOverF_bc and NeuronNames)", path);
    bram_matlab_close(file);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_file(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

static bool is_known(const char *variable)
{
    static const char *const names[] = {"WT_NoStim", "WT_Stim", "AVA_HisCl", "NoStim_Data"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(variable, names[i]) == 0) return true;
    return false;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_matlab *file = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with worms");
    int status = bram_matlab_open(cx, &file, input->paths[0]);
    for (size_t v = 0; status == BRAM_OK && v < bram_matlab_variables(file); v++) {
        struct worms all = {.count = 0};
        const char *name = bram_matlab_variable_at(file, v);
        status = look(cx, &all, file, name);
        if (status == BRAM_OK) {
            bram_recognise(out, is_known(name) ? BRAM_MINE : BRAM_MAYBE_MINE,
                           "MATLAB %s with a struct %.60s of traces and neuron names of %zu worms",
                           bram_matlab_version(file) == 73 ? "7.3" : "5", name, all.count);
            break;
        }
        if (status != BRAM_ENOMEM) status = BRAM_OK;
    }
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_kato2015 = {
    .name = "kato2015",
    .summary = "C. elegans whole-brain calcium in immobilized worms, Zimmer laboratory",
    .citation = "Kato et al. 2015, Cell 163:656",
    .doi = "10.1016/j.cell.2015.09.034",
    .licence = "not stated",
    .reads = "MATLAB 5 or 7.3: WT_NoStim, WT_Stim, AVA_HisCl",
    .version = 2,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
};
