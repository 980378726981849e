/*
 * stringer2019.c - responses of mouse visual cortex to 2800 natural images shown twice, one
 * recording of Stringer, Pachitariu et al. 2019: natimg2800_*.mat, with images_natimg2800_all.mat.
 *
 *   stim.resp    presentation x neuron
 *   stim.istim   the image of each presentation, from 1; the largest is a grey screen
 *   med          neuron x 3: where a neuron is
 *   db           mouse_name, date
 *   imgs         row x column x image, of the other file
 *
 * responses/ID is image x neuron x repeat. Documented (the authors' code): stim.resp, stim.istim,
 * med, imgs. Assumed: that med is in micrometres (the depth last), levels 0 to 255 of imgs, fields
 * of db. Memory: stim.resp as a whole, twice: MATLAB 5 is compressed as one piece.
 */
#include "intake.h"
#include "matlab_fields.h"
#include "shown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {"grey", BRAM_PARAM_CHOICE, "ignore", "ignore|keep", 0, 0,
     "the image with the largest number: a grey screen"},
    {.name = NULL}};

struct work {
    const char *path, *images; /* images: of the other file, or NULL */
    char id[128];
    const bram_options *o;
    size_t trials, neurons, stimuli;
    int64_t *number; /* stimuli */
    size_t *shown;   /* trials: which, or stimuli for the grey screen */
    double *place[3];
    char *mouse, *date;
    bram_axis *stimulus, *neuron;
    bram_fill *fill;
};

/* ---- stim ----------------------------------------------------------------------------------- */

static int read_shown(bram_ctx *cx, struct work *w, bram_matlab_value *stim)
{
    bram_matlab_value *v = NULL;
    double *value = NULL;
    size_t n = w->trials;
    BRAM_TRY(bram_matlab_field(cx, &v, stim, "istim", 0));
    BRAM_TRY(bram_matlab_exactly(cx, &value, v, n, "one for each presentation"));
    int64_t *image = bram_scratch(cx, n, sizeof *image);
    w->number = bram_scratch(cx, n, sizeof *w->number);
    w->shown = bram_scratch(cx, n, sizeof *w->shown);
    int status = image && w->number && w->shown ? BRAM_OK : BRAM_ENOMEM;
    for (size_t t = 0; status == BRAM_OK && t < n; t++) {
        if (!(value[t] >= 1 && value[t] < 1e9 && value[t] == floor(value[t])))
            status = bram_fail(cx, BRAM_EFORMAT,
                               "stim.istim: presentation %zu is of image %g, "
                               "expected a whole number from 1",
                               t + 1, value[t]);
        else image[t] = (int64_t)value[t];
    }
    bram_free(value);
    BRAM_TRY(status);
    w->stimuli = bram_shown_distinct(w->number, w->shown, image, n);
    if (bram_option_is(w->o, "grey", "ignore")) w->stimuli--;
    return w->stimuli ? BRAM_OK
                      : bram_fail(cx, BRAM_EFORMAT, "stim.istim: found one image, the grey screen");
}

static int begin(bram_ctx *cx, struct work *w)
{
    static const size_t order[] = {0, 2, 1};
    size_t *repeat = bram_scratch(cx, w->trials, sizeof *repeat);
    bram_axis *axis[3] = {NULL, w->neuron, NULL};
    if (!repeat) return BRAM_ENOMEM;
    size_t most = 1, *seen = bram_scratch(cx, w->stimuli + 1, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    for (size_t t = 0; t < w->trials; t++)
        if (w->shown[t] < w->stimuli && ++seen[w->shown[t]] > most) most = seen[w->shown[t]];
    const char **id = bram_shown_numbers(cx, w->stimuli, "natimg2800-", 4, w->number);
    int status = id ? bram_shown_axis(cx, &w->stimulus, "stimulus", w->stimuli, id, NULL)
                    : BRAM_ENOMEM;
    axis[0] = w->stimulus;
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[2], "repeat", most);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &w->fill, w->id, 3, (const bram_axis *const *)axis, order);
    bram_axis_free(axis[2]);
    return status;
}

static int put_trials(bram_ctx *cx, struct work *w, const double *response)
{
    size_t *seen = bram_scratch(cx, w->stimuli + 1, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    for (size_t t = 0; t < w->trials; t++) {
        size_t k = w->shown[t];
        if (k >= w->stimuli) continue; /* the grey screen */
        BRAM_TRY(bram_fill_put(cx, w->fill, (size_t[]){k, 0, seen[k]++},
                               (size_t[]){1, w->neurons, 1}, response + t * w->neurons));
    }
    return BRAM_OK;
}

static int read_stim(bram_ctx *cx, struct work *w, bram_matlab *file, bram_matlab_value **response)
{
    bram_matlab_value *stim = NULL, *v = NULL;
    BRAM_TRY(bram_matlab_variable(cx, &stim, file, "stim"));
    if (bram_matlab_kind_of(stim) != BRAM_MATLAB_STRUCT || bram_matlab_count(stim) != 1)
        return bram_fail(cx, BRAM_EFORMAT, "stim: found %s of %zu elements, expected a struct",
                         bram_matlab_class(stim), bram_matlab_count(stim));
    BRAM_TRY(bram_matlab_field(cx, &v, stim, "resp", 0));
    BRAM_TRY(bram_matlab_expect_matrix(cx, v, "a matrix presentation x neuron"));
    w->trials = bram_matlab_dims(v)[0];
    w->neurons = bram_matlab_dims(v)[1];
    *response = v;
    return read_shown(cx, w, stim);
}

/* ---- neurons, mouse ------------------------------------------------------------------------- */

static int read_places(bram_ctx *cx, struct work *w, bram_matlab *file)
{
    bram_matlab_value *v = NULL;
    double *value = NULL;
    BRAM_TRY(bram_matlab_optional(cx, &v, file, "med"));
    if (!v) return BRAM_OK;
    if (bram_matlab_rank(v) != 2 || bram_matlab_dims(v)[0] != w->neurons ||
        bram_matlab_dims(v)[1] != 3)
        return bram_fail(cx, BRAM_EFORMAT, "med: found %zu x %zu, expected %zu neurons x 3",
                         bram_matlab_dims(v)[0], bram_matlab_dims(v)[1], w->neurons);
    BRAM_TRY(bram_matlab_numbers(cx, &value, v));
    for (size_t d = 0; d < 3; d++) { /* first dimension fastest: a column is a run */
        if (!(w->place[d] = bram_scratch(cx, w->neurons, sizeof **w->place))) break;
        memcpy(w->place[d], value + d * w->neurons, w->neurons * sizeof *value);
    }
    bram_free(value);
    return w->place[2] ? BRAM_OK : BRAM_ENOMEM;
}

/* A text of db; what is none is left out. */
static int read_word(bram_ctx *cx, char **out, bram_matlab_value *db, const char *name)
{
    bram_matlab_value *v = NULL;
    if (!bram_matlab_has_field(db, name)) return BRAM_OK;
    BRAM_TRY(bram_matlab_field(cx, &v, db, name, 0));
    return bram_matlab_kind_of(v) == BRAM_MATLAB_CHAR ? bram_matlab_text(cx, out, v) : BRAM_OK;
}

static int read_mouse(bram_ctx *cx, struct work *w, bram_matlab *file)
{
    bram_matlab_value *db = NULL;
    BRAM_TRY(bram_matlab_optional(cx, &db, file, "db"));
    if (!db || bram_matlab_kind_of(db) != BRAM_MATLAB_STRUCT || !bram_matlab_count(db))
        return BRAM_OK;
    BRAM_TRY(read_word(cx, &w->mouse, db, "mouse_name"));
    return read_word(cx, &w->date, db, "date");
}

static int make_neurons(bram_ctx *cx, struct work *w)
{
    const char **id = bram_shown_ids(cx, w->neurons, "", 1, 1);
    const bram_field fields[] = {{"x", .number = w->place[0], .unit = "um"},
                                 {"y", .number = w->place[1], .unit = "um"},
                                 {"depth", .number = w->place[2], .unit = "um"},
                                 {NULL}};
    return id ? bram_shown_axis(cx, &w->neuron, "neuron", w->neurons, id, fields) : BRAM_ENOMEM;
}

/* ---- pictures ------------------------------------------------------------------------------- */

/* Picture `image` of an array row x column x image, first dimension fastest. */
static int put_picture(bram_ctx *cx, const struct work *w, bram_fill *f, size_t at,
                       const double *imgs, size_t rows, size_t cols, double *level)
{
    const double *from = imgs + ((size_t)w->number[at] - 1) * rows * cols;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++) {
            double value = from[c * rows + r];
            if (!(value >= 0 && value <= 255 && value == floor(value)))
                return bram_fail(cx, BRAM_EFORMAT,
                                 "%s: imgs: a pixel is %g, expected a level of 0 to "
                                 "255",
                                 w->images, value);
            level[r * cols + c] = value;
        }
    return bram_fill_put(cx, f, (size_t[]){at, 0, 0}, (size_t[]){1, rows, cols}, level);
}

static int put_pictures(bram_ctx *cx, bram_dataset *ds, const struct work *w, bram_matlab_value *v)
{
    const size_t *dims = bram_matlab_dims(v);
    bram_axis *axis[3] = {bram_axis_ref(w->stimulus), NULL, NULL};
    double *imgs = NULL, *level = NULL;
    bram_fill *f = NULL;
    int status = bram_axis_new(cx, &axis[1], "row", dims[0]);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[2], "column", dims[1]);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &f, "images", 3, (const bram_axis *const *)axis, NULL);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    if (status == BRAM_OK) status = bram_matlab_numbers(cx, &imgs, v);
    if (status == BRAM_OK && !(level = bram_scratch(cx, dims[0] * dims[1], sizeof *level)))
        status = BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < w->stimuli; i++)
        status = put_picture(cx, w, f, i, imgs, dims[0], dims[1], level);
    bram_free(imgs);
    if (status == BRAM_OK) return bram_shown_put_pictures(cx, ds, f, BRAM_U8);
    bram_fill_free(f);
    return status;
}

static int read_pictures(bram_ctx *cx, bram_dataset *ds, const struct work *w)
{
    bram_matlab *file = NULL;
    bram_matlab_value *v = NULL;
    size_t last = (size_t)w->number[w->stimuli - 1];
    if (!w->images) return BRAM_OK;
    BRAM_TRY(bram_matlab_open(cx, &file, w->images));
    int status = bram_matlab_variable(cx, &v, file, "imgs");
    if (status == BRAM_OK &&
        (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC || bram_matlab_rank(v) != 3 ||
         !bram_matlab_count(v) || bram_matlab_dims(v)[2] < last))
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: imgs: found %s of %zu elements, expected row x "
                           "column x image, %zu images or more",
                           w->images, bram_matlab_class(v), bram_matlab_count(v), last);
    if (status == BRAM_OK) status = put_pictures(cx, ds, w, v);
    bram_matlab_close(file);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put_response(bram_ctx *cx, bram_dataset *ds, struct work *w, bram_matlab_value *response)
{
    double *value = NULL;
    BRAM_TRY(bram_matlab_row_major(cx, &value, response));
    int status = put_trials(cx, w, value);
    bram_free(value);
    BRAM_TRY(status);
    const char *const pairs[] = {
        "unit",    "1",      "signal",  "deconvolved calcium, as published",
        "area",    "V1",     "species", BRAM_SPECIES_MOUSE,
        "subject", w->mouse, "session", w->date,
        NULL};
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    return bram_shown_put(cx, ds, fill, NULL, pairs);
}

static int read_all(bram_ctx *cx, bram_dataset *ds, struct work *w, bram_matlab *file)
{
    bram_matlab_value *response = NULL;
    BRAM_TRY(read_stim(cx, w, file, &response));
    BRAM_TRY(read_places(cx, w, file));
    BRAM_TRY(read_mouse(cx, w, file));
    BRAM_TRY(make_neurons(cx, w));
    BRAM_TRY(begin(cx, w));
    BRAM_TRY(put_response(cx, ds, w, response));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->stimulus)));
    return read_pictures(cx, ds, w);
}

/* Whether a file has the variables of a recording. */
static int is_recording(bram_ctx *cx, bool *out, const char *path)
{
    bram_matlab *file = NULL;
    int status = bram_matlab_open(cx, &file, path);
    *out = status == BRAM_OK && bram_matlab_has_variable(file, "stim") &&
           bram_matlab_has_variable(file, "med");
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.o = o, .path = input->paths[0]};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    bram_matlab *file = NULL;
    if (input->count > 2)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected a recording and its images",
                         input->count);
    for (size_t i = 0; i < input->count; i++) {
        bool recording;
        BRAM_TRY(is_recording(cx, &recording, input->paths[i]));
        if (recording || input->count == 1) w.path = input->paths[i];
        else w.images = input->paths[i];
    }
    if (*id) snprintf(w.id, sizeof w.id, "%s", id);
    else bram_intake_id(w.id, sizeof w.id, w.path, "");
    int status = bram_matlab_open(cx, &file, w.path);
    if (status == BRAM_OK) status = read_all(cx, ds, &w, file);
    bram_matlab_close(file);
    bram_fill_free(w.fill);
    bram_axis_free(w.stimulus);
    bram_axis_free(w.neuron);
    bram_free(w.mouse);
    bram_free(w.date);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bool mine = false;
    bram_recognise(out, BRAM_NOT_MINE, "no variables stim and med");
    for (size_t i = 0; i < input->count && input->count <= 2 && !mine; i++)
        BRAM_TRY(is_recording(cx, &mine, input->paths[i]));
    return mine ? bram_recognise(out, BRAM_MINE, "MATLAB with stim and med") : BRAM_OK;
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    bram_matlab *file = NULL;
    int status = bram_matlab_open(cx, &file, path);
    if (status == BRAM_OK && bram_matlab_has_variable(file, "imgs"))
        bram_recognise(out, BRAM_MINE, "MATLAB with imgs");
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_stringer2019 = {
    .name = "stringer2019",
    .summary = "mouse visual cortex, two-photon: 10,000 neurons, 2800 natural images twice",
    .citation = "Stringer, Pachitariu et al. 2019, Nature 571:361",
    .doi = "10.1038/s41586-019-1346-5",
    .licence = "CC BY-NC 4.0",
    .reads = "natimg2800_*.mat, with images_natimg2800_all.mat",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_MAT5 | BRAM_FORM_HDF5,
    .apart = true,
    .single = true,
    .belongs = belongs,
};
