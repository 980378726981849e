/*
 * generic.c - one recording from a file of arrays: MATLAB, HDF5, NumPy, or a table of text. For
 * data whose form no other loader knows.
 *
 * Nothing is guessed. Which way time runs is taken from time=rows or time=columns, or from a length
 * that fits one side only (stamps, names, a single row or column); else the shape is told and the
 * import refused. When time runs, and how fast, must be said as well: times=, dt= or rate=.
 */
#include "array_store.h"

#include "csvfile.h"
#include "intake.h"
#include "matlab.h"
#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"variable", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the array of traces: variable, dataset, npz member"},
    {"time", BRAM_PARAM_CHOICE, "unknown", "unknown|rows|columns", 0, 0,
     "whether each row or each column is a moment"},
    {"times", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the stamps in seconds: a variable or column; a path for .npy"},
    {"dt", BRAM_PARAM_REAL, "0", NULL, 0, 1e9, "seconds a frame, when there are no stamps"},
    {"rate", BRAM_PARAM_REAL, "0", NULL, 0, 1e9, "frames a second, instead of dt"},
    {"names", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the names of the traces: a variable of texts"},
    {"behaviour", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "variables or columns of behaviour, joined by +"},
    {"segments", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the number of each frame's session: a variable or column; where it changes a stretch ends"},
    {"unit", BRAM_PARAM_TEXT, "arbitrary", NULL, 0, 0, "the unit of the traces: dF/F, count ..."},
    {"filter", BRAM_PARAM_CHOICE, "none", "none|causal|non-causal", 0, 0,
     "how the traces were filtered"},
    {"species", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "e.g. Caenorhabditis elegans"},
    {"condition", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "strain, treatment, task"},
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the recording's name; by default the file's"},
    {.name = NULL}};

enum { MAX_BEHAVIOUR = 64 };

/* One recording being put together. */
struct recording {
    const bram_options *o;
    bram_store *store;
    const char *path;
    char id[128];
    bram_store_array traces, stamps;
    int64_t *piece; /* the session of each frame; NULL: one */
    char **names;   /* of a variable */
    size_t name_count;
    const char *const *headings;
    bool columns; /* time runs along the columns */
    size_t frames, units;
    double *time;
};

/* ---- which way time runs -------------------------------------------------------------------- */

/* Rows into columns. */
static int transpose(bram_ctx *cx, bram_store_array *a)
{
    double *values = bram_alloc(cx, a->rows * a->cols, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < a->cols; j++) values[j * a->rows + i] = a->values[i * a->cols + j];
    bram_free(a->values);
    *a = (bram_store_array){a->cols, a->rows, values};
    return BRAM_OK;
}

/* Whether a length fits one side only. @return 1 the rows, -1 the columns, 0 neither or both */
static int side_of(const bram_store_array *a, size_t length)
{
    return (a->rows == length) - (a->cols == length);
}

static int settle_time(bram_ctx *cx, struct recording *r)
{
    const bram_store_array *a = &r->traces;
    size_t stamps = r->stamps.rows * r->stamps.cols;
    int side = bram_option_is(r->o, "time", "rows")      ? 1
               : bram_option_is(r->o, "time", "columns") ? -1
                                                         : 0;
    if (!side && stamps) side = side_of(a, stamps);
    if (!side && r->name_count) side = -side_of(a, r->name_count);
    if (!side && r->headings) side = 1;
    if (!side && a->cols == 1) side = 1;
    if (!side && a->rows == 1) side = -1;
    if (!side)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: the array is %zu x %zu and nothing tells which way time runs: say "
                         "time=rows or time=columns",
                         r->path, a->rows, a->cols);
    r->columns = side < 0;
    r->frames = side < 0 ? a->cols : a->rows;
    r->units = side < 0 ? a->rows : a->cols;
    if (stamps && stamps != r->frames)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu stamps, expected %zu, one for each of the %s of %zu x %zu",
                         r->path, stamps, r->frames, side < 0 ? "columns" : "rows", a->rows,
                         a->cols);
    if (r->name_count && r->name_count != r->units)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu names, expected %zu, one for each trace",
                         r->path, r->name_count, r->units);
    return BRAM_OK;
}

static int make_time(bram_ctx *cx, struct recording *r)
{
    double dt = bram_option_real(r->o, "dt"), rate = bram_option_real(r->o, "rate");
    bool stamps = r->stamps.values != NULL;
    if ((dt > 0) + (rate > 0) + stamps != 1)
        return bram_fail(
            cx, BRAM_EUSAGE,
            "%s: found %s of times=, dt= and rate=, expected one: they tell when the frames "
            "were taken",
            r->path, (dt > 0) + (rate > 0) + stamps ? "several" : "none");
    if (stamps) return BRAM_OK;
    r->time = bram_alloc(cx, r->frames, sizeof *r->time);
    if (!r->time) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->frames; i++) r->time[i] = dt > 0 ? (double)i * dt : (double)i / rate;
    return BRAM_OK;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static int whole_numbers(bram_ctx *cx, struct recording *r, const bram_store_array *a,
                         const char *name)
{
    static const double MOST = 1e15; /* whole numbers are exact */
    size_t count = a->rows * a->cols;
    if (count != r->frames)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %zu values, expected %zu, one a frame",
                         r->path, name, count, r->frames);
    r->piece = bram_alloc(cx, count, sizeof *r->piece);
    if (!r->piece) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        double v = a->values[i];
        if (!(fabs(v) <= MOST) || v != floor(v))
            return bram_fail(cx, BRAM_EFORMAT, "%s: %s is %g in frame %zu, expected a whole number",
                             r->path, name, v, i);
        r->piece[i] = (int64_t)v;
    }
    return BRAM_OK;
}

static int read_sessions(bram_ctx *cx, struct recording *r)
{
    const char *name = bram_option_text(r->o, "segments");
    bram_store_array a = {0};
    if (!name[0]) return BRAM_OK;
    BRAM_TRY(bram_store_numbers(cx, &a, r->store, name));
    int status = whole_numbers(cx, r, &a, name);
    bram_free(a.values);
    return status;
}

/* ---- behaviour ------------------------------------------------------------------------------ */

/* Calls back with each name of "a+b+c". */
static int each_name(bram_ctx *cx, const char *list,
                     int (*take)(bram_ctx *cx, void *user, const char *name), void *user)
{
    while (*list) {
        char name[128];
        size_t length = strcspn(list, "+");
        if (length == 0 || length >= sizeof name)
            return bram_fail(cx, BRAM_EUSAGE, "behaviour=%s: a name is empty or too long", list);
        memcpy(name, list, length);
        name[length] = 0;
        BRAM_TRY(take(cx, user, name));
        list += length + (list[length] == '+');
    }
    return BRAM_OK;
}

static int set_aside(bram_ctx *cx, void *user, const char *name)
{
    return bram_store_set_aside(cx, user, name);
}

struct behaviour {
    struct recording *r;
    size_t cols;
    char name[MAX_BEHAVIOUR][160];
    double *values; /* MAX_BEHAVIOUR x frames */
};

/* One variable; a matrix gives NAME_1, NAME_2 ... along the side that is not time. */
static int add_behaviour(bram_ctx *cx, void *user, const char *name)
{
    struct behaviour *b = user;
    bram_store_array a = {0};
    BRAM_TRY(bram_store_numbers(cx, &a, b->r->store, name));
    bool along_columns = a.cols == b->r->frames && (a.rows != b->r->frames || b->r->columns);
    size_t count = along_columns ? a.rows : a.cols, frames = along_columns ? a.cols : a.rows;
    int status = BRAM_OK;
    if (frames != b->r->frames)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: %s is %zu x %zu, expected a side of %zu, the frames", b->r->path,
                           name, a.rows, a.cols, b->r->frames);
    else if (count > MAX_BEHAVIOUR - b->cols)
        status = bram_fail(cx, BRAM_EUSAGE, "%s: more than %d variables of behaviour", b->r->path,
                           MAX_BEHAVIOUR);
    for (size_t k = 0; status == BRAM_OK && k < count; k++, b->cols++) {
        if (count == 1) snprintf(b->name[b->cols], sizeof *b->name, "%s", name);
        else snprintf(b->name[b->cols], sizeof *b->name, "%s_%zu", name, k + 1);
        for (size_t t = 0; t < frames; t++)
            b->values[b->cols * frames + t] =
                a.values[along_columns ? k * frames + t : t * count + k];
    }
    bram_free(a.values);
    return status;
}

static int put_behaviour(bram_ctx *cx, bram_dataset *ds, struct recording *r)
{
    const char *list = bram_option_text(r->o, "behaviour"), *names[MAX_BEHAVIOUR];
    if (!list[0]) return BRAM_OK;
    struct behaviour *b = bram_scratch(cx, 1, sizeof *b);
    if (!b) return BRAM_ENOMEM;
    *b = (struct behaviour){.r = r,
                            .values = bram_alloc(cx, r->frames, MAX_BEHAVIOUR * sizeof(double))};
    int status = b->values ? each_name(cx, list, add_behaviour, b) : BRAM_ENOMEM;
    bram_store_array packed = {b->cols, r->frames, b->values};
    if (status == BRAM_OK) status = transpose(cx, &packed);
    for (size_t k = 0; k < b->cols; k++) names[k] = b->name[k];
    if (status == BRAM_OK)
        status = bram_intake_behaviour(cx, ds, r->id, r->frames, b->cols,
                                       r->time ? r->time : r->stamps.values, packed.values, names,
                                       NULL);
    bram_free(packed.values);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

static int read_arrays(bram_ctx *cx, struct recording *r)
{
    const char *times = bram_option_text(r->o, "times"), *names = bram_option_text(r->o, "names");
    const char *sessions = bram_option_text(r->o, "segments");
    size_t headings = 0;
    if (sessions[0]) BRAM_TRY(bram_store_set_aside(cx, r->store, sessions));
    if (times[0]) {
        BRAM_TRY(bram_store_numbers(cx, &r->stamps, r->store, times));
        BRAM_TRY(bram_store_set_aside(cx, r->store, times));
    }
    if (names[0]) {
        BRAM_TRY(bram_store_texts(cx, &r->names, &r->name_count, r->store, names));
        BRAM_TRY(bram_store_set_aside(cx, r->store, names));
    }
    if (bram_store_kind_of(r->store) == BRAM_STORE_CSV)
        BRAM_TRY(each_name(cx, bram_option_text(r->o, "behaviour"), set_aside, r->store));
    BRAM_TRY(bram_store_numbers(cx, &r->traces, r->store, bram_option_text(r->o, "variable")));
    if (r->traces.rows == 0 || r->traces.cols == 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: the array is %zu x %zu, expected some values",
                         r->path, r->traces.rows, r->traces.cols);
    r->headings = bram_store_headings(r->store, &headings);
    if (headings == 0 || headings != r->traces.cols) r->headings = NULL;
    return BRAM_OK;
}

static int put_recording(bram_ctx *cx, bram_dataset *ds, struct recording *r)
{
    const char *slash = strrchr(r->path, '/');
    if (r->columns) BRAM_TRY(transpose(cx, &r->traces));
    const bram_traces traces = {
        .rows = r->frames,
        .cols = r->units,
        .time = r->time ? r->time : r->stamps.values,
        .values = r->traces.values,
        .labels = r->names     ? (const char *const *)r->names
                  : r->columns ? NULL
                               : r->headings,
        .piece = r->piece,
        .unit = bram_option_text(r->o, "unit"),
        .filter = bram_option_text(r->o, "filter"),
    };
    BRAM_TRY(bram_intake_traces(cx, ds, r->id, &traces));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "subject", r->id));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "session", r->id));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "species", bram_option_text(r->o, "species")));
    BRAM_TRY(bram_intake_text(cx, ds, r->id, "condition", bram_option_text(r->o, "condition")));
    return bram_intake_text(cx, ds, r->id, "source_file", slash ? slash + 1 : r->path);
}

static int read_recording(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    struct recording r = {.o = o, .path = path};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    BRAM_TRY(bram_store_open(cx, &r.store, path));
    if (id[0]) snprintf(r.id, sizeof r.id, "%s", id);
    else bram_intake_id(r.id, sizeof r.id, path, NULL);
    int status = read_arrays(cx, &r);
    if (status == BRAM_OK) status = settle_time(cx, &r);
    if (status == BRAM_OK) status = make_time(cx, &r);
    if (status == BRAM_OK) status = read_sessions(cx, &r);
    if (status == BRAM_OK) status = put_recording(cx, ds, &r);
    if (status == BRAM_OK) status = put_behaviour(cx, ds, &r);
    bram_free(r.traces.values);
    bram_free(r.stamps.values);
    bram_free(r.names);
    bram_free(r.piece);
    bram_free(r.time);
    bram_store_close(r.store);
    bram_scratch_release(cx, mark);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    if (input->count + input->elsewhere > 1 && bram_option_text(o, "id")[0])
        return bram_fail(cx, BRAM_EUSAGE, "id= names one recording, but %zu files are given",
                         input->count + input->elsewhere);
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_recording(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

/* A table counts when its last row holds a number. */
static int is_table(bram_ctx *cx, bool *out, const char *path)
{
    bram_csv *t = NULL;
    double value;
    *out = false;
    int status = bram_csv_read(cx, &t, path, &(bram_csv_options){.limit = 64 << 20});
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    for (size_t c = 0; bram_csv_rows(t) > 1 && c < bram_csv_cols(t); c++)
        *out = *out || bram_number_parse(bram_csv_text(t, bram_csv_rows(t) - 1, c), 0, &value);
    bram_csv_free(t);
    return BRAM_OK;
}

enum { MOST_OBJECTS = 4 };

/* Files of these forms that hold nothing but what is not read say so, instead of asking. */
static int look_closer(bram_ctx *cx, bram_recognition *out, bram_store_kind kind, const char *path)
{
    bram_npy *array = NULL;
    bram_matlab *file = NULL;
    int status = BRAM_OK;
    if (kind == BRAM_STORE_NPY) {
        status = bram_npy_open(cx, &array, path);
        bram_npy_close(array);
        const char *words = bram_ctx_message(cx);
        if (status == BRAM_EFORMAT)
            bram_recognise(out, BRAM_MAYBE_MINE, "not read: %s",
                           strncmp(words, path, strlen(path)) ? words : words + strlen(path) + 2);
    } else if (kind == BRAM_STORE_MATLAB) {
        bram_matlab_value *v;
        size_t count;
        bool objects = true;
        status = bram_matlab_open(cx, &file, path);
        count = status == BRAM_OK ? bram_matlab_variables(file) : 0;
        for (size_t i = 0; objects && i < count; i++)
            objects = count <= MOST_OBJECTS &&
                      bram_matlab_variable(cx, &v, file, bram_matlab_variable_at(file, i)) ==
                          BRAM_OK &&
                      bram_matlab_kind_of(v) == BRAM_MATLAB_OPAQUE;
        if (objects && count)
            bram_recognise(out, BRAM_MAYBE_MINE,
                           "not read: MATLAB objects (a table) only; write them as text in MATLAB: "
                           "writetable(T, 'table.csv')");
        bram_matlab_close(file);
    }
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_store *store = NULL;
    bool usable = true;
    bram_recognise(out, BRAM_NOT_MINE, "no file of arrays");
    int status = bram_store_open(cx, &store, input->paths[0]);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    if (bram_store_kind_of(store) == BRAM_STORE_CSV)
        status = is_table(cx, &usable, input->paths[0]);
    if (status == BRAM_OK && usable)
        bram_recognise(out, BRAM_MAYBE_MINE, "%s; its options must say what is in it",
                       bram_store_words(store));
    if (status == BRAM_OK && usable)
        status = look_closer(cx, out, bram_store_kind_of(store), input->paths[0]);
    bram_store_close(store);
    return status;
}

const bram_loader bram_loader_generic = {
    .name = "generic",
    .summary = "one recording from an array: say variable=, time=, dt= or times=, unit=, species=",
    .citation = "the recording's own",
    .doi = "",
    .licence = "not stated",
    .reads = "MATLAB 5 and 7.3, HDF5, .npy, .npz, .csv, .tsv, gzip",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .asks = true,
    .apart = true,
};
