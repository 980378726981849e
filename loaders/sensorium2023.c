/*
 * sensorium2023.c - responses of mouse visual cortex to natural videos, one scan of the Sensorium
 * 2023 competition (Turishcheva et al. 2023), as a folder or a zip.
 *
 * responses/ID is trial x neuron x time, one trial a video; frames that a trial lacks are missing.
 * A stimulus is a video: trials whose videos have equal values are repeats of one, which is told by
 * their SHA-256, as the files do not name videos. Tiers (train, oracle, live_test_main ...) are
 * kept in the columns `set` of trials and stimuli. Documented: data/{videos, responses}/K,
 * responses neuron x frame. Assumed: 30 frames a second (option rate). Memory: one trial at a time,
 * and the tables.
 */
#include "sensorium.h"

#include "hash.h"
#include "intake.h"
#include "text_index.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {"area", BRAM_PARAM_TEXT, "V1", NULL, 0, 0, "the area, which the files do not state"},
    {"rate", BRAM_PARAM_REAL, "30", NULL, 1e-3, 1e6, "frames a second"},
    {.name = NULL}};

enum { DIGITS = 16 }; /* of a hash: enough to tell some thousands of videos apart */

struct work {
    bram_scan s;
    double rate;
    size_t frames; /* of the longest trial */
    char (*hash)[DIGITS + 8];
    const char **stimulus; /* trials */
    int64_t *repeat;       /* trials */
    bram_fill *fill;
};

/* ---- stimuli -------------------------------------------------------------------------------- */

static int hash_video(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct work *w = user;
    const bram_npy_info *info = bram_npy_describe(a);
    char hex[65];
    bram_hash *h = NULL;
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, info->count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_npy_read(cx, a, values);
    if (status == BRAM_OK) status = bram_hash_new(cx, &h);
    for (size_t d = 0; status == BRAM_OK && d < info->dims; d++)
        status = bram_hash_add_u64(cx, h, info->shape[d]);
    if (status == BRAM_OK) status = bram_hash_add(cx, h, values, info->count * sizeof *values);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    if (status == BRAM_OK)
        snprintf(w->hash[trial], sizeof w->hash[trial], "video-%.*s", DIGITS, hex);
    bram_hash_free(h);
    bram_scratch_release(cx, mark);
    return status;
}

/* Videos in the order in which they were first shown. */
static int put_stimuli(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    size_t n = w->s.trials, count = 0;
    bram_text_index index = {0};
    const char **id = bram_scratch(cx, n, sizeof *id), **set = bram_scratch(cx, n, sizeof *set);
    size_t *shown = bram_scratch(cx, n, sizeof *shown);
    if (!id || !set || !shown) return BRAM_ENOMEM;
    BRAM_TRY(bram_text_index_reserve(cx, &index, id, n));
    for (size_t t = 0; t < n; t++) {
        id[count] = w->hash[t];
        set[count] = w->s.tier[t];
        size_t k = bram_text_index_add(&index, id, count);
        count += k == count;
        w->stimulus[t] = id[k];
        w->repeat[t] = (int64_t)shown[k]++;
    }
    bram_text_index_release(&index);
    bram_axis *table = NULL;
    const bram_field fields[] = {{"set", .text = set}, {NULL}};
    BRAM_TRY(bram_shown_axis(cx, &table, "stimulus", count, id, fields));
    return bram_dataset_add_table(cx, ds, "stimuli", table);
}

/* ---- responses ------------------------------------------------------------------------------ */

static int measure(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct work *w = user;
    const bram_npy_info *info = bram_npy_describe(a);
    if (info->dims != 2 || info->shape[0] != w->s.neurons)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: data/responses/%zu: found %s, expected %zu neurons x frames",
                         w->s.path, trial, bram_npy_summary(a), w->s.neurons);
    if (info->shape[1] > w->frames) w->frames = info->shape[1];
    return BRAM_OK;
}

static int put_trial(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct work *w = user;
    const bram_npy_info *info = bram_npy_describe(a);
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(measure(cx, w, trial, a));
    double *values = bram_scratch(cx, info->count, sizeof *values);
    int status = values ? bram_npy_read(cx, a, values) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_fill_put(cx, w->fill, (size_t[]){trial, 0, 0},
                               (size_t[]){1, w->s.neurons, info->shape[1]}, values);
    bram_scratch_release(cx, mark);
    return status;
}

static int make_time(bram_ctx *cx, bram_axis **out, const struct work *w)
{
    double *time = bram_scratch(cx, w->frames, sizeof *time);
    bram_axis *axis = NULL;
    if (!time) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->frames; i++) time[i] = (double)i / w->rate;
    BRAM_TRY(bram_axis_new(cx, &axis, "time", w->frames));
    int status = bram_axis_set_values(cx, axis, time, "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int begin(bram_ctx *cx, struct work *w)
{
    bram_axis *axis[3] = {NULL, NULL, NULL};
    const char **id = bram_shown_ids(cx, w->s.trials, "", 1, 0);
    const bram_field fields[] = {{"stimulus", .text = w->stimulus},
                                 {"set", .text = (const char *const *)w->s.tier},
                                 {"repeat", .integer = w->repeat},
                                 {NULL}};
    int status = id ? bram_shown_axis(cx, &axis[0], "trial", w->s.trials, id, fields) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_scan_neurons(cx, &axis[1], &w->s);
    if (status == BRAM_OK) status = make_time(cx, &axis[2], w);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &w->fill, w->s.id, 3, (const bram_axis *const *)axis, NULL);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    return status;
}

static int put(bram_ctx *cx, bram_dataset *ds, struct work *w, const char *area)
{
    size_t n = w->s.trials;
    w->hash = bram_scratch(cx, n, sizeof *w->hash);
    w->stimulus = bram_scratch(cx, n, sizeof *w->stimulus);
    w->repeat = bram_scratch(cx, n, sizeof *w->repeat);
    if (!w->hash || !w->stimulus || !w->repeat) return BRAM_ENOMEM;
    BRAM_TRY(bram_scan_each(cx, &w->s, "videos", NULL, hash_video, w));
    BRAM_TRY(put_stimuli(cx, ds, w));
    BRAM_TRY(bram_scan_each(cx, &w->s, "responses", NULL, measure, w));
    BRAM_TRY(begin(cx, w));
    BRAM_TRY(bram_scan_each(cx, &w->s, "responses", NULL, put_trial, w));
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    const char *const words[] = {"unit",    "1",     "signal",  "deconvolved calcium, as published",
                                 "area",    area,    "species", BRAM_SPECIES_MOUSE,
                                 "subject", w->s.id, NULL};
    BRAM_TRY(bram_shown_put(cx, ds, fill, NULL, words));
    return bram_scan_put_trials(cx, ds, &w->s, w->stimulus, w->repeat);
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.rate = bram_option_real(o, "rate")};
    size_t mark = bram_scratch_mark(cx);
    if (input->count != 1)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu inputs, expected one scan", input->count);
    BRAM_TRY(bram_scan_open(cx, &w.s, input->paths[0], bram_option_text(o, "id")));
    int status = put(cx, ds, &w, bram_option_text(o, "area"));
    bram_fill_free(w.fill);
    bram_scan_close(&w.s);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    return bram_scan_recognise(cx, input, out, "videos");
}

static bool folder(const char *path)
{
    return bram_scan_is_folder(path, "videos");
}

const bram_loader bram_loader_sensorium2023 = {
    .name = "sensorium2023",
    .summary = "mouse visual cortex, two-photon: thousands of neurons, natural videos",
    .citation = "Turishcheva et al. 2023, arXiv:2305.19654",
    .doi = "10.48550/arXiv.2305.19654",
    .licence = "not stated",
    .reads = "a scan of Sensorium 2023: its zip, or the folder with data/ and meta/",
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
