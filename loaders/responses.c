/*
 * responses.c - anybody's responses to stimuli in two files: an array, and a table that says which
 * stimulus each of its rows is of. For data whose form no other loader knows.
 *
 *   array   rows x units (rows are presentations, or stimuli), or stimulus x unit x repeat in any
 *           order of the axes; MATLAB, HDF5, NumPy, or a table whose headings name the units
 *   table   a line for each row of the array, with the column `stimulus`; rows of one stimulus are
 *           its repeats, in their order. Other columns go with the stimuli, those that differ
 *           between repeats are left out
 *   units   a second table, if given: a line for each unit, with the column `neuron`
 *
 * Nothing is guessed: tables are told by those columns, and lengths that do not fit are refused.
 */
#include "array_store.h"
#include "intake.h"
#include "intake_responses.h"

#include "intake_table.h"
#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"variable", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the array: variable, dataset, npz member"},
    {"axes", BRAM_PARAM_TEXT, "stimulus+neuron+repeat", NULL, 0, 0,
     "what the axes of the array are, in its order; repeat only where there are three"},
    {"unit", BRAM_PARAM_TEXT, "arbitrary", NULL, 0, 0, "the unit of the values: count, dF/F ..."},
    {"species", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "e.g. Macaca mulatta"},
    {"subject", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "whose units they are, without a table"},
    {"area", BRAM_PARAM_TEXT, "unknown", NULL, 0, 0, "where the units are, without a table"},
    {"from", BRAM_PARAM_REAL, "0", NULL, -1e6, 1e6, "begin of the window in s after the stimulus"},
    {"to", BRAM_PARAM_REAL, "0", NULL, -1e6, 1e6, "its end; both 0: not said"},
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; by default the file's"},
    {.name = NULL}};

enum { AXES = 3, STIMULUS = 0, NEURON = 1, REPEAT = 2 };

struct work {
    const bram_options *o;
    const char *path;
    double *values;                          /* as the file has them */
    size_t dims, length[AXES], stride[AXES]; /* by STIMULUS, NEURON, REPEAT */
    char **headings;                         /* of units; NULL */
    bram_csv *stimuli, *units;
    size_t *stimulus, *repeat, *first; /* of rows; the first row of each stimulus */
    size_t count, repeats;
};

static void release(struct work *w)
{
    bram_free(w->values);
    bram_free(w->headings);
    bram_csv_free(w->stimuli);
    bram_csv_free(w->units);
}

/* ---- the array ------------------------------------------------------------------------------- */

/* Lengths and strides of "stimulus+neuron+repeat", whichever order that is. */
static int settle_axes(bram_ctx *cx, struct work *w, const size_t *shape)
{
    static const char *const names[AXES] = {"stimulus", "neuron", "repeat"};
    const char *text = bram_option_text(w->o, "axes");
    size_t stride[AXES], seen = 0;
    w->length[REPEAT] = 1;
    for (size_t d = w->dims, s = 1; d-- > 0; s *= shape[d]) stride[d] = s;
    for (size_t d = 0; *text; d++) {
        size_t n = strcspn(text, "+"), k = 0;
        while (k < AXES && (strlen(names[k]) != n || strncmp(text, names[k], n) != 0)) k++;
        if (k == AXES || seen & 1u << k)
            return bram_fail(cx, BRAM_EUSAGE,
                             "axes=%s: expected stimulus, neuron and repeat, each "
                             "once, joined by +",
                             bram_option_text(w->o, "axes"));
        text += n + (text[n] == '+');
        if (k == REPEAT && w->dims == 2) {
            d--;
            continue;
        }
        seen |= 1u << k;
        if (d >= w->dims) break;
        w->length[k] = shape[d], w->stride[k] = stride[d];
    }
    if (seen != (w->dims == 3 ? 7u : 3u))
        return bram_fail(cx, BRAM_EUSAGE, "%s has %zu axes, which axes=%s does not name", w->path,
                         w->dims, bram_option_text(w->o, "axes"));
    for (size_t k = 0; k < AXES; k++)
        if (!w->length[k]) return bram_fail(cx, BRAM_EFORMAT, "%s: no %s in it", w->path, names[k]);
    return BRAM_OK;
}

static int read_npy(bram_ctx *cx, struct work *w)
{
    bram_npy_info info;
    BRAM_TRY(bram_npy_load(cx, &w->values, &info, w->path));
    if (info.dims != 2 && info.dims != 3)
        return bram_fail(cx, BRAM_EFORMAT, "%s has %zu axes, expected 2 or 3", w->path, info.dims);
    w->dims = info.dims;
    return settle_axes(cx, w, info.shape);
}

/* Headings are copied: they are the store's. */
static int take_headings(bram_ctx *cx, struct work *w, const bram_store *store)
{
    size_t count, bytes = 0;
    const char *const *names = bram_store_headings(store, &count);
    if (!count || count != w->length[NEURON]) return BRAM_OK;
    for (size_t i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
    w->headings = bram_alloc(cx, 1, count * sizeof *w->headings + bytes);
    if (!w->headings) return BRAM_ENOMEM;
    char *text = (char *)(w->headings + count);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(names[i]) + 1;
        w->headings[i] = memcpy(text, names[i], n);
        text += n;
    }
    return BRAM_OK;
}

static int read_store(bram_ctx *cx, struct work *w)
{
    bram_store *store = NULL;
    bram_store_array a = {0};
    BRAM_TRY(bram_store_open(cx, &store, w->path));
    int status = BRAM_OK;
    if (bram_store_kind_of(store) == BRAM_STORE_NPY) status = read_npy(cx, w);
    else {
        status = bram_store_numbers(cx, &a, store, bram_option_text(w->o, "variable"));
        if (status == BRAM_OK) w->values = a.values, w->dims = 2;
        if (status == BRAM_OK) status = settle_axes(cx, w, (const size_t[]){a.rows, a.cols});
        if (status == BRAM_OK) status = take_headings(cx, w, store);
    }
    bram_store_close(store);
    return status;
}

/* ---- the tables ------------------------------------------------------------------------------ */

static int read_tables(bram_ctx *cx, struct work *w, const bram_input *input)
{
    for (size_t i = 1; i < input->count; i++) {
        bram_csv *t = NULL;
        BRAM_TRY(bram_csv_read(cx, &t, input->paths[i], &(bram_csv_options){.header = true}));
        bool stimuli = bram_csv_find(t, "stimulus") >= 0, units = bram_csv_find(t, "neuron") >= 0;
        bram_csv **to = stimuli ? &w->stimuli : &w->units;
        if (stimuli == units || *to) {
            bram_csv_free(t);
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: expected one table with the column stimulus, and "
                             "at most one with the column neuron",
                             input->paths[i]);
        }
        *to = t;
    }
    if (!w->stimuli)
        return bram_fail(cx, BRAM_EUSAGE,
                         "found no table with the column stimulus: give the array "
                         "first, then the table of its rows");
    if (bram_csv_rows(w->stimuli) != w->length[STIMULUS])
        return bram_fail(cx, BRAM_EFORMAT,
                         "the table of stimuli has %zu lines, expected %zu, one "
                         "for each row of %s",
                         bram_csv_rows(w->stimuli), w->length[STIMULUS], w->path);
    if (w->units && bram_csv_rows(w->units) != w->length[NEURON])
        return bram_fail(cx, BRAM_EFORMAT,
                         "the table of units has %zu lines, expected %zu, one for "
                         "each unit of %s",
                         bram_csv_rows(w->units), w->length[NEURON], w->path);
    return BRAM_OK;
}

/* Rows of one stimulus are its repeats. */
static int number_rows(bram_ctx *cx, struct work *w)
{
    size_t n = w->length[STIMULUS], col = (size_t)bram_csv_find(w->stimuli, "stimulus");
    bram_axis *ids = NULL;
    const char **id = bram_scratch(cx, n, sizeof *id);
    size_t *times = bram_scratch(cx, n, sizeof *times);
    w->stimulus = bram_scratch(cx, n, sizeof *w->stimulus);
    w->repeat = bram_scratch(cx, n, sizeof *w->repeat);
    w->first = bram_scratch(cx, n, sizeof *w->first);
    if (!id || !times || !w->stimulus || !w->repeat || !w->first) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        id[i] = bram_csv_text(w->stimuli, i, col);
        if (!*id[i])
            return bram_fail(cx, BRAM_EFORMAT, "line %zu of the table of stimuli names none",
                             bram_csv_line(w->stimuli, i));
    }
    BRAM_TRY(bram_axis_new(cx, &ids, "stimulus", n));
    int status = bram_axis_set_ids(cx, ids, id); /* finds the first row of an id */
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        size_t at = (size_t)bram_axis_find(ids, id[i]);
        if (at == i) w->first[w->count] = i, w->stimulus[i] = w->count++;
        else w->stimulus[i] = w->stimulus[at];
        w->repeat[i] = times[w->stimulus[i]]++;
        if (w->repeat[i] + 1 > w->repeats) w->repeats = w->repeat[i] + 1;
    }
    bram_axis_free(ids);
    if (status == BRAM_OK && w->repeats > 1 && w->length[REPEAT] > 1)
        return bram_fail(cx, BRAM_EFORMAT,
                         "a stimulus stands in several rows of an array that has "
                         "an axis of repeats");
    return status;
}

/* ---- axes ------------------------------------------------------------------------------------ */

/* Whether a column says the same of all repeats of a stimulus. */
static bool is_even(const struct work *w, size_t col)
{
    for (size_t i = 0; i < w->length[STIMULUS]; i++)
        if (strcmp(bram_csv_text(w->stimuli, i, col),
                   bram_csv_text(w->stimuli, w->first[w->stimulus[i]], col)) != 0)
            return false;
    return true;
}

static int stimulus_axis(bram_ctx *cx, bram_axis **out, const struct work *w)
{
    size_t col = (size_t)bram_csv_find(w->stimuli, "stimulus");
    const char **id = bram_scratch(cx, w->count, sizeof *id);
    ptrdiff_t *row = bram_scratch(cx, w->count, sizeof *row);
    bram_axis *axis = NULL;
    if (!id || !row) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->count; i++) {
        row[i] = (ptrdiff_t)w->first[i];
        id[i] = bram_csv_text(w->stimuli, w->first[i], col);
    }
    BRAM_TRY(bram_axis_new(cx, &axis, "stimulus", w->count));
    int status = bram_axis_set_ids(cx, axis, id);
    for (size_t c = 0; status == BRAM_OK && c < bram_csv_cols(w->stimuli); c++)
        if (c != col && is_even(w, c))
            status = bram_intake_column(cx, axis, w->stimuli, c, row, NULL);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int neuron_axis(bram_ctx *cx, bram_axis **out, const struct work *w)
{
    size_t n = w->length[NEURON];
    const char **id = bram_scratch(cx, n, sizeof *id);
    bram_axis *axis = NULL;
    if (!id) return BRAM_ENOMEM;
    if (!w->units && !w->headings) return bram_intake_numbered(cx, out, "neuron", n, "", 0);
    ptrdiff_t col = w->units ? bram_csv_find(w->units, "neuron") : -1;
    for (size_t i = 0; i < n; i++)
        id[i] = w->units ? bram_csv_text(w->units, i, (size_t)col) : w->headings[i];
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK && w->units) status = bram_intake_columns(cx, axis, w->units, col, NULL);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- putting --------------------------------------------------------------------------------- */

static int put(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    char id[128];
    const char *name = bram_option_text(w->o, "id");
    size_t repeats = w->repeats > 1 ? w->repeats : w->length[REPEAT], units = w->length[NEURON];
    size_t n = w->count * units * repeats;
    double *values = bram_alloc(cx, n, sizeof *values);
    bram_presented p = {.id = name,
                        .values = values,
                        .unit = bram_option_text(w->o, "unit"),
                        .species = bram_option_text(w->o, "species"),
                        .subject = w->units ? NULL : bram_option_text(w->o, "subject"),
                        .area = w->units ? NULL : bram_option_text(w->o, "area"),
                        .repeats = repeats > 1 || w->dims == 3 ? repeats : 0,
                        .from = bram_option_real(w->o, "from"),
                        .to = bram_option_real(w->o, "to")};
    if (!values) return BRAM_ENOMEM;
    if (!*name) p.id = bram_intake_id(id, sizeof id, w->path, NULL);
    for (size_t k = 0; k < n; k++) values[k] = NAN;
    for (size_t i = 0; i < w->length[STIMULUS]; i++)
        for (size_t u = 0; u < units; u++)
            for (size_t k = 0; k < w->length[REPEAT]; k++)
                values[(w->stimulus[i] * units + u) * repeats + w->repeat[i] + k] =
                    w->values[i * w->stride[STIMULUS] + u * w->stride[NEURON] +
                              k * w->stride[REPEAT]];
    int status = stimulus_axis(cx, &p.stimulus, w);
    if (status == BRAM_OK) status = neuron_axis(cx, &p.neuron, w);
    if (status == BRAM_OK)
        status = bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(p.stimulus));
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &p);
    else bram_axis_free(p.stimulus), bram_axis_free(p.neuron);
    bram_free(values);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.o = o, .path = input->paths[0]};
    size_t mark = bram_scratch_mark(cx);
    int status = read_store(cx, &w);
    if (status == BRAM_OK) status = read_tables(cx, &w, input);
    if (status == BRAM_OK) status = number_rows(cx, &w);
    if (status == BRAM_OK) status = put(cx, ds, &w);
    release(&w);
    bram_scratch_release(cx, mark);
    return status;
}

/* It must be named: arrays alone say nothing of what is in them. */
static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    (void)cx, (void)input;
    return bram_recognise(out, BRAM_NOT_MINE,
                          "an array and its table are named: --source responses");
}

const bram_loader bram_loader_responses = {
    .name = "responses",
    .summary =
        "responses to stimuli from an array and a table of its rows: say axes=, unit=, area=",
    .citation = "the recording's own",
    .doi = "",
    .licence = "not stated",
    .reads = "MATLAB 5 and 7.3, HDF5, .npy, .npz, .csv, .tsv, gzip, with a CSV of stimuli",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .asks = true,
};
