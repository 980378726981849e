/*
 * sensorium2022.c - responses of mouse visual cortex to natural images, one scan of the Sensorium
 * 2022 competition (Willeke et al. 2022), as a folder or the zip that is published.
 *
 * Trials of the tiers train and validation are responses/ID_training, all others (test, final_test)
 * responses/ID. Where every response of a tier is 0 the competition withheld them: they are
 * missing. Pictures go to stimuli/images/ID, so that scans stand beside each other, as shares of
 * 255 (assumed: their levels are 0 to 255). sensorium.h says what of the format is documented and
 * what assumed; frame_image_id names an image. Memory: one trial at a time, and the tables.
 */
#include "sensorium.h"

#include "intake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {"area", BRAM_PARAM_TEXT, "V1", NULL, 0, 0, "the area, which the files do not state"},
    {"images", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0, "keeps the pictures"},
    {.name = NULL}};

enum { TRAINING, TESTING, SETS };

/* The trials of one response. */
struct set {
    size_t stimuli, repeats;
    bram_fill *fill;
    size_t *row;    /* of each stimulus of the scan: its row here */
    size_t *number; /* rows: the stimulus of the scan */
};

struct work {
    bram_scan s;
    size_t stimuli;
    const char **id;      /* stimuli: "image-12345" */
    const char **tier_of; /* stimuli: of the first trial that shows it */
    size_t *stimulus;     /* trials: its stimulus */
    size_t *repeat;       /* trials: the how manieth of its stimulus within its set */
    bool *withheld;       /* trials */
    double *sum;          /* trials: of the absolute responses */
    struct set set[SETS];
    bram_axis *neuron, *stimuli_axis;
    bram_fill *pictures;
    size_t pixels, rows, columns; /* of a picture */
    size_t *first;                /* stimuli: the first trial that shows it */
};

static int set_of(const struct work *w, size_t trial)
{
    const char *tier = w->s.tier[trial];
    return strcmp(tier, "train") && strcmp(tier, "validation") ? TESTING : TRAINING;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int find_stimuli(bram_ctx *cx, struct work *w)
{
    size_t n = w->s.trials;
    int64_t *image = bram_scratch(cx, n, sizeof *image);
    w->stimulus = bram_scratch(cx, n, sizeof *w->stimulus);
    w->repeat = bram_scratch(cx, n, sizeof *w->repeat);
    w->withheld = bram_scratch(cx, n, sizeof *w->withheld);
    w->sum = bram_scratch(cx, n, sizeof *w->sum);
    if (!image || !w->stimulus || !w->repeat || !w->withheld || !w->sum) return BRAM_ENOMEM;
    if (!w->s.image)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: no meta/trials/frame_image_id.npy, which says "
                         "what was shown",
                         w->s.path);
    w->stimuli = bram_shown_distinct(image, w->stimulus, w->s.image, n);
    w->id = bram_shown_numbers(cx, w->stimuli, "image-", 5, image);
    w->tier_of = bram_scratch(cx, w->stimuli, sizeof *w->tier_of);
    w->first = bram_scratch(cx, w->stimuli, sizeof *w->first);
    if (!w->id || !w->tier_of || !w->first) return BRAM_ENOMEM;
    for (size_t t = n; t-- > 0;) {
        w->tier_of[w->stimulus[t]] = w->s.tier[t];
        w->first[w->stimulus[t]] = t;
    }
    return BRAM_OK;
}

/* The rows of a set: its stimuli, and how often each is shown in it. */
static int plan_set(bram_ctx *cx, struct work *w, int which)
{
    struct set *s = &w->set[which];
    size_t *shown = bram_scratch(cx, w->stimuli, sizeof *shown);
    s->row = bram_scratch(cx, w->stimuli, sizeof *s->row);
    s->number = bram_scratch(cx, w->stimuli, sizeof *s->number);
    if (!shown || !s->row || !s->number) return BRAM_ENOMEM;
    for (size_t t = 0; t < w->s.trials; t++) {
        size_t k = w->stimulus[t];
        if (set_of(w, t) != which) continue;
        w->repeat[t] = shown[k]++;
        if (shown[k] > s->repeats) s->repeats = shown[k];
    }
    for (size_t k = 0; k < w->stimuli; k++) {
        if (!shown[k]) continue;
        s->row[k] = s->stimuli;
        s->number[s->stimuli++] = k;
    }
    return BRAM_OK;
}

/* An image in both sets would be learned from and tested on. */
static void tell_shared(bram_ctx *cx, const struct work *w)
{
    size_t shared = w->set[0].stimuli + w->set[1].stimuli - w->stimuli;
    if (shared)
        bram_note(cx, "%s: %zu images are shown in tiers to train on and in others", w->s.id,
                  shared);
}

/* ---- withheld responses --------------------------------------------------------------------- */

static int count_neurons(bram_ctx *cx, const struct work *w, size_t trial, const bram_npy *a)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (info->count == w->s.neurons) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: data/responses/%zu: found %s, expected a number for each of %zu neurons",
                     w->s.path, trial, bram_npy_summary(a), w->s.neurons);
}

static int put_trial(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct work *w = user;
    struct set *set = &w->set[set_of(w, trial)];
    size_t mark = bram_scratch_mark(cx), n = w->s.neurons;
    BRAM_TRY(count_neurons(cx, w, trial, a));
    double *values = bram_scratch(cx, n, sizeof *values);
    int status = values ? bram_npy_read(cx, a, values) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) w->sum[trial] += fabs(values[i]);
    if (status == BRAM_OK && w->sum[trial] != 0) /* what is never put is missing */
        status = bram_fill_put(cx, set->fill,
                               (size_t[]){set->row[w->stimulus[trial]], 0, w->repeat[trial]},
                               (size_t[]){1, n, 1}, values);
    bram_scratch_release(cx, mark);
    return status;
}

/* Whether no trial of the tier of this one has a response. */
static bool is_silent(const struct work *w, size_t trial)
{
    for (size_t k = 0; k < w->s.trials; k++)
        if (w->sum[k] != 0 && strcmp(w->s.tier[k], w->s.tier[trial]) == 0) return false;
    return true;
}

/* A trial without a response in a tier that has others is a trial like them. */
static int settle_silence(bram_ctx *cx, struct work *w)
{
    size_t mark = bram_scratch_mark(cx), known = w->s.trials;
    double *zero = bram_scratch(cx, w->s.neurons, sizeof *zero);
    int status = zero ? BRAM_OK : BRAM_ENOMEM;
    for (size_t t = 0; status == BRAM_OK && t < w->s.trials; t++) {
        struct set *set = &w->set[set_of(w, t)];
        if (w->sum[t] != 0) continue;
        bool again = known < t && strcmp(w->s.tier[known], w->s.tier[t]) == 0;
        w->withheld[t] = again ? w->withheld[known] : is_silent(w, t);
        known = t;
        if (!w->withheld[t])
            status = bram_fill_put(cx, set->fill,
                                   (size_t[]){set->row[w->stimulus[t]], 0, w->repeat[t]},
                                   (size_t[]){1, w->s.neurons, 1}, zero);
    }
    bram_scratch_release(cx, mark);
    return status;
}

static void tell_withheld(bram_ctx *cx, const struct work *w)
{
    size_t count = 0;
    for (size_t t = 0; t < w->s.trials; t++) count += w->withheld[t];
    if (count)
        bram_note(cx, "%s: the responses of %zu trials, whole tiers, are 0: withheld, so missing",
                  w->s.id, count);
}

/* ---- responses ------------------------------------------------------------------------------ */

static int make_axes(bram_ctx *cx, const struct work *w, const struct set *set, bram_axis *axis[3])
{
    const char **id = bram_scratch(cx, set->stimuli, sizeof *id),
               **tier = bram_scratch(cx, set->stimuli, sizeof *tier);
    if (!id || !tier) return BRAM_ENOMEM;
    for (size_t i = 0; i < set->stimuli; i++) {
        id[i] = w->id[set->number[i]];
        tier[i] = w->tier_of[set->number[i]];
    }
    const bram_field fields[] = {{"set", .text = tier}, {NULL}};
    BRAM_TRY(bram_shown_axis(cx, &axis[0], "stimulus", set->stimuli, id, fields));
    axis[1] = bram_axis_ref(w->neuron);
    return bram_axis_new(cx, &axis[2], "repeat", set->repeats);
}

static int begin_set(bram_ctx *cx, struct work *w, int which)
{
    struct set *set = &w->set[which];
    static const size_t order[] = {0, 2, 1};
    bram_axis *axis[3] = {NULL, NULL, NULL};
    if (!set->stimuli) return BRAM_OK;
    char *name = bram_strf(cx, "%s%s", w->s.id, which == TRAINING ? "_training" : "");
    int status = name ? make_axes(cx, w, set, axis) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &set->fill, name, 3, (const bram_axis *const *)axis, order);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    bram_free(name);
    return status;
}

static int put_sets(bram_ctx *cx, bram_dataset *ds, struct work *w, const char *area)
{
    const char *const words[] = {"unit",    "1",     "signal",  "deconvolved calcium, as published",
                                 "area",    area,    "species", BRAM_SPECIES_MOUSE,
                                 "subject", w->s.id, NULL};
    for (int k = 0; k < SETS; k++) {
        bram_fill *fill = w->set[k].fill;
        w->set[k].fill = NULL; /* taken over in any case */
        if (fill) BRAM_TRY(bram_shown_put(cx, ds, fill, NULL, words));
    }
    return BRAM_OK;
}

/* ---- pictures ---------------------------------------------------------------------------------
 */

static bool shows_first(void *user, size_t trial)
{
    const struct work *w = user;
    return w->first[w->stimulus[trial]] == trial;
}

/* The first image says the size of all: (channel x) row x column. */
static int begin_pictures(bram_ctx *cx, struct work *w, size_t trial, const bram_npy *a)
{
    const bram_npy_info *info = bram_npy_describe(a);
    bram_axis *axis[4] = {bram_axis_ref(w->stimuli_axis), NULL, NULL, NULL};
    const size_t *shape = info->shape + (info->dims == 3);
    bool plain = info->dims == 2 || (info->dims == 3 && info->shape[0] == 1);
    if (!plain || !info->count) {
        bram_axis_free(axis[0]);
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: data/images/%zu: found %s, expected (1, rows, "
                         "columns)",
                         w->s.path, trial, bram_npy_summary(a));
    }
    w->pixels = info->count;
    int status = bram_axis_new(cx, &axis[1], "row", shape[0]);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[2], "column", shape[1]);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &w->pictures, w->s.id, 3, (const bram_axis *const *)axis, NULL);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    if (status == BRAM_OK) w->rows = shape[0], w->columns = shape[1];
    return status;
}

/* Levels 0 to 255, which need not be whole where an image was made smaller. */
static int scale_levels(bram_ctx *cx, const struct work *w, size_t trial, double *level)
{
    for (size_t i = 0; i < w->pixels; i++) {
        if (!(level[i] >= 0 && level[i] <= 255))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: data/images/%zu: a pixel is %g, expected 0 to "
                             "255",
                             w->s.path, trial, level[i]);
        level[i] /= 255;
    }
    return BRAM_OK;
}

static int put_image(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct work *w = user;
    const bram_npy_info *info = bram_npy_describe(a);
    if (!w->pictures) BRAM_TRY(begin_pictures(cx, w, trial, a));
    if (info->count != w->pixels)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: data/images/%zu: found %s, expected %zu pixels as "
                         "in the first image",
                         w->s.path, trial, bram_npy_summary(a), w->pixels);
    size_t mark = bram_scratch_mark(cx);
    double *level = bram_scratch(cx, info->count, sizeof *level);
    int status = level ? bram_npy_read(cx, a, level) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = scale_levels(cx, w, trial, level);
    if (status == BRAM_OK)
        status = bram_fill_put(cx, w->pictures, (size_t[]){w->stimulus[trial], 0, 0},
                               (size_t[]){1, w->rows, w->columns}, level);
    bram_scratch_release(cx, mark);
    return status;
}

static int put_pictures(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    BRAM_TRY(bram_scan_each(cx, &w->s, "images", shows_first, put_image, w));
    bram_fill *pictures = w->pictures;
    w->pictures = NULL; /* taken over in any case */
    return bram_shown_put_pictures(cx, ds, pictures, BRAM_F32);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int put_trials(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    const char **stimulus = bram_scratch(cx, w->s.trials, sizeof *stimulus);
    int64_t *repeat = bram_scratch(cx, w->s.trials, sizeof *repeat);
    if (!stimulus || !repeat) return BRAM_ENOMEM;
    for (size_t t = 0; t < w->s.trials; t++) {
        stimulus[t] = w->id[w->stimulus[t]];
        repeat[t] = (int64_t)w->repeat[t];
    }
    return bram_scan_put_trials(cx, ds, &w->s, stimulus, repeat);
}

static int put(bram_ctx *cx, bram_dataset *ds, struct work *w, const bram_options *o)
{
    const bram_field fields[] = {{"set", .text = w->tier_of}, {NULL}};
    BRAM_TRY(bram_scan_neurons(cx, &w->neuron, &w->s));
    BRAM_TRY(bram_shown_axis(cx, &w->stimuli_axis, "stimulus", w->stimuli, w->id, fields));
    for (int k = 0; k < SETS; k++) BRAM_TRY(begin_set(cx, w, k));
    BRAM_TRY(bram_scan_each(cx, &w->s, "responses", NULL, put_trial, w));
    BRAM_TRY(settle_silence(cx, w));
    BRAM_TRY(put_sets(cx, ds, w, bram_option_text(o, "area")));
    BRAM_TRY(bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->stimuli_axis)));
    if (bram_option_is(o, "images", "read")) BRAM_TRY(put_pictures(cx, ds, w));
    return put_trials(cx, ds, w);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.stimuli = 0};
    size_t mark = bram_scratch_mark(cx);
    if (input->count != 1)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu inputs, expected one scan", input->count);
    BRAM_TRY(bram_scan_open(cx, &w.s, input->paths[0], bram_option_text(o, "id")));
    int status = find_stimuli(cx, &w);
    for (int k = 0; status == BRAM_OK && k < SETS; k++) status = plan_set(cx, &w, k);
    if (status == BRAM_OK) tell_shared(cx, &w);
    if (status == BRAM_OK) status = put(cx, ds, &w, o);
    if (status == BRAM_OK) tell_withheld(cx, &w);
    for (int k = 0; k < SETS; k++) bram_fill_free(w.set[k].fill);
    bram_fill_free(w.pictures);
    bram_axis_free(w.neuron);
    bram_axis_free(w.stimuli_axis);
    bram_scan_close(&w.s);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    return bram_scan_recognise(cx, input, out, "images");
}

static bool folder(const char *path)
{
    return bram_scan_is_folder(path, "images");
}

const bram_loader bram_loader_sensorium2022 = {
    .name = "sensorium2022",
    .summary = "mouse visual cortex, two-photon: thousands of neurons, natural images",
    .citation = "Willeke et al. 2022, arXiv:2206.08666",
    .doi = "10.48550/arXiv.2206.08666",
    .licence = "CC BY-NC-ND 4.0",
    .reads = "a scan of Sensorium 2022: its zip, or the folder with data/ and meta/",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_ZIP | BRAM_FORM_FOLDER,
    .apart = true,
    .single = true,
    .folder = folder,
};
