/*
 * sensorium.c - one scan of the Sensorium competitions; see sensorium.h.
 */
#include "sensorium.h"

#include "intake.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the tables ----------------------------------------------------------------------------- */

static int expect_rows(bram_ctx *cx, const bram_scan *s, const char *name, const bram_npy *a,
                       size_t rows, const char *what)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (info->dims >= 1 && (!rows || info->shape[0] == rows)) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected one entry for each of %zu %s",
                     s->path, name, bram_npy_summary(a), rows, what);
}

/* A table of whole numbers; NULL when the scan has none of that name. */
static int read_numbers(bram_ctx *cx, int64_t **out, size_t *rows, const bram_scan *s,
                        const char *name, const char *what)
{
    bram_npy *a = NULL;
    if (bram_bundle_find(s->files, name) < 0) return BRAM_OK;
    BRAM_TRY(bram_bundle_npy(cx, &a, s->files, name));
    const bram_npy_info *info = bram_npy_describe(a);
    int64_t *values = NULL;
    int status = expect_rows(cx, s, name, a, *rows, what);
    if (status == BRAM_OK && info->count != info->shape[0])
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected one number for each of %s",
                           s->path, name, bram_npy_summary(a), what);
    if (status == BRAM_OK && !(values = bram_alloc(cx, info->count, sizeof *values)))
        status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_npy_read_integers(cx, a, values);
    if (status == BRAM_OK) {
        *out = values;
        *rows = info->count;
    } else bram_free(values);
    bram_npy_close(a);
    return status;
}

static int read_tiers(bram_ctx *cx, bram_scan *s)
{
    static const char name[] = "meta/trials/tiers.npy";
    bram_npy *a = NULL;
    BRAM_TRY(bram_bundle_npy(cx, &a, s->files, name));
    const bram_npy_info *info = bram_npy_describe(a);
    int status = info->dims == 1 && info->count && !bram_npy_is_numeric(a)
                     ? bram_npy_read_texts(cx, a, &s->tier)
                     : bram_fail(cx, BRAM_EFORMAT,
                                 "%s: %s: found %s, expected a text for each trial", s->path, name,
                                 bram_npy_summary(a));
    if (status == BRAM_OK) s->trials = info->count;
    bram_npy_close(a);
    return status;
}

/* neuron x 3 */
static int read_places(bram_ctx *cx, bram_scan *s)
{
    static const char name[] = "meta/neurons/cell_motor_coordinates.npy";
    bram_npy *a = NULL;
    if (bram_bundle_find(s->files, name) < 0) return BRAM_OK;
    BRAM_TRY(bram_bundle_npy(cx, &a, s->files, name));
    const bram_npy_info *info = bram_npy_describe(a);
    size_t n = s->neurons, mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (info->dims != 2 || info->shape[0] != n || info->shape[1] != 3)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected %zu neurons x 3", s->path,
                           name, bram_npy_summary(a), n);
    double *xyz = status == BRAM_OK ? bram_scratch(cx, 3 * n, sizeof *xyz) : NULL;
    if (status == BRAM_OK) status = xyz ? bram_npy_read(cx, a, xyz) : BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && k < 3; k++) {
        s->place[k] = bram_alloc(cx, n, sizeof **s->place);
        if (!s->place[k]) status = BRAM_ENOMEM;
        for (size_t i = 0; status == BRAM_OK && i < n; i++) s->place[k][i] = xyz[3 * i + k];
    }
    bram_npy_close(a);
    bram_scratch_release(cx, mark);
    return status;
}

/* A response tells how many neurons there are. */
static int count_neurons(bram_ctx *cx, bram_scan *s)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_bundle_npy(cx, &a, s->files, "data/responses/0.npy"));
    const bram_npy_info *info = bram_npy_describe(a);
    int status = BRAM_OK;
    if (info->dims < 1 || info->dims > 2 || !info->count || !bram_npy_is_numeric(a))
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: data/responses/0.npy: found %s, expected a number for each neuron",
                           s->path, bram_npy_summary(a));
    else s->neurons = info->shape[0];
    bram_npy_close(a);
    return status;
}

int bram_scan_open(bram_ctx *cx, bram_scan *out, const char *path, const char *id)
{
    bram_scan s = {.path = path};
    char short_id[sizeof s.id];
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    char *bare = bram_strf(cx, "%.*s", (int)end, path);
    if (!bare) return BRAM_ENOMEM;
    bram_intake_id(short_id, sizeof short_id, bare, ".zip");
    bram_free(bare);
    snprintf(s.id, sizeof s.id, "%s", *id ? id : short_id);
    BRAM_TRY(bram_bundle_open(cx, &s.files, path));
    int status = read_tiers(cx, &s);
    if (status == BRAM_OK) status = count_neurons(cx, &s);
    if (status == BRAM_OK)
        status = read_numbers(cx, &s.image, &s.trials, &s, "meta/trials/frame_image_id.npy",
                              "trials");
    if (status == BRAM_OK)
        status = read_numbers(cx, &s.number, &s.trials, &s, "meta/trials/trial_idx.npy", "trials");
    if (status == BRAM_OK)
        status = read_numbers(cx, &s.unit, &s.neurons, &s, "meta/neurons/unit_ids.npy", "neurons");
    if (status == BRAM_OK) status = read_places(cx, &s);
    if (status == BRAM_OK) *out = s;
    else bram_scan_close(&s);
    return status;
}

void bram_scan_close(bram_scan *s)
{
    bram_free(s->tier);
    bram_free(s->image);
    bram_free(s->number);
    bram_free(s->unit);
    for (size_t k = 0; k < 3; k++) bram_free(s->place[k]);
    bram_free(s->trial_of);
    bram_bundle_close(s->files);
}

/* ---- recognising ---------------------------------------------------------------------------- */

static bool stands(const char *folder, const char *name)
{
    char path[4096];
    struct stat s;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && stat(path, &s) == 0;
}

static bool has_all(const char *data, bool (*has)(const void *where, const char *name),
                    const void *where)
{
    char first[64];
    snprintf(first, sizeof first, "data/%s/0.npy", data);
    return has(where, "meta/trials/tiers.npy") && has(where, "data/responses/0.npy") &&
           has(where, first);
}

static bool in_folder(const void *folder, const char *name)
{
    return stands(folder, name);
}

static bool in_bundle(const void *bundle, const char *name)
{
    return bram_bundle_find(bundle, name) >= 0;
}

bool bram_scan_is_folder(const char *path, const char *data)
{
    return has_all(data, in_folder, path);
}

int bram_scan_recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out,
                        const char *data)
{
    bram_bundle *files = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no meta/trials/tiers with data/responses and data/%s",
                   data);
    int status = input->count == 1 ? bram_bundle_open(cx, &files, input->paths[0]) : BRAM_EFORMAT;
    if (status == BRAM_OK && has_all(data, in_bundle, files))
        bram_recognise(out, BRAM_MINE, "meta/trials/tiers with data/responses and data/%s", data);
    bram_bundle_close(files);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

/* ---- trials --------------------------------------------------------------------------------- */

/* The trial of "data/WHAT/K.npy", or -1. */
static ptrdiff_t trial_of(const char *name, const char *what, size_t trials)
{
    char text[24];
    int64_t k;
    size_t length = strlen(what), end = strlen(name);
    if (strncmp(name, "data/", 5) != 0 || strncmp(name + 5, what, length) != 0) return -1;
    const char *digits = name + 5 + length;
    if (*digits++ != '/' || end < 4 || strcmp(name + end - 4, ".npy") != 0) return -1;
    size_t n = (size_t)(name + end - 4 - digits);
    if (!n || n >= sizeof text || strspn(digits, "0123456789") != n) return -1;
    memcpy(text, digits, n);
    text[n] = 0;
    return bram_integer_parse(text, &k) && k >= 0 && (uint64_t)k < trials ? (ptrdiff_t)k : -1;
}

struct each {
    const bram_scan *s;
    bool (*wanted)(void *, size_t);
    bram_scan_fn *fn;
    void *user;
};

static bool is_wanted(void *user, size_t file)
{
    const struct each *e = user;
    ptrdiff_t k = e->s->trial_of[file];
    return k >= 0 && (!e->wanted || e->wanted(e->user, (size_t)k));
}

static int pass_on(bram_ctx *cx, void *user, size_t file, const bram_npy *a)
{
    const struct each *e = user;
    if (!bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s: data/%s/%zu: found %s, expected numbers",
                         e->s->path, e->s->data, (size_t)e->s->trial_of[file], bram_npy_summary(a));
    return e->fn(cx, e->user, (size_t)e->s->trial_of[file], a);
}

/* Which file is which trial's; each trial must have one. */
static int find_trials(bram_ctx *cx, bram_scan *s, const char *what)
{
    size_t files = bram_bundle_count(s->files), mark = bram_scratch_mark(cx), t = 0;
    if (!s->trial_of && !(s->trial_of = bram_alloc(cx, files, sizeof *s->trial_of)))
        return BRAM_ENOMEM;
    bool *seen = bram_scratch(cx, s->trials, sizeof *seen);
    if (!seen) return BRAM_ENOMEM;
    s->data = what;
    for (size_t i = 0; i < files; i++) {
        ptrdiff_t k = trial_of(bram_bundle_name(s->files, i), what, s->trials);
        s->trial_of[i] = k >= 0 && !seen[k] ? k : -1;
        if (k >= 0) seen[k] = true;
    }
    while (t < s->trials && seen[t]) t++;
    bram_scratch_release(cx, mark);
    return t == s->trials
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT, "%s: no data/%s/%zu.npy; tiers names %zu trials",
                           s->path, what, t, s->trials);
}

int bram_scan_each(bram_ctx *cx, bram_scan *s, const char *what, bool (*wanted)(void *, size_t),
                   bram_scan_fn *each, void *user)
{
    struct each e = {s, wanted, each, user};
    BRAM_TRY(find_trials(cx, s, what));
    return bram_bundle_each(cx, s->files, is_wanted, pass_on, &e);
}

/* ---- axes and tables ------------------------------------------------------------------------ */

int bram_scan_neurons(bram_ctx *cx, bram_axis **out, const bram_scan *s)
{
    size_t mark = bram_scratch_mark(cx);
    const char **id = bram_shown_ids(cx, s->neurons, "", 1, 1);
    int status = id ? BRAM_OK : BRAM_ENOMEM;
    const bram_field fields[] = {{"unit_id", .integer = s->unit},
                                 {"x", .number = s->place[0], .unit = "um"},
                                 {"y", .number = s->place[1], .unit = "um"},
                                 {"z", .number = s->place[2], .unit = "um"},
                                 {NULL}};
    if (status == BRAM_OK) status = bram_shown_axis(cx, out, "neuron", s->neurons, id, fields);
    bram_scratch_release(cx, mark);
    return status;
}

enum { BEHAVIOURS = 5 };

struct behaviour {
    size_t first, rows;
    double *mean[BEHAVIOURS];
};

/* The mean over the frames of a trial that have a value. */
static int take_behaviour(bram_ctx *cx, void *user, size_t trial, const bram_npy *a)
{
    struct behaviour *b = user;
    const bram_npy_info *info = bram_npy_describe(a);
    size_t rows = info->dims ? info->shape[0] : 1, mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, info->count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_npy_read(cx, a, values);
    for (size_t k = 0; status == BRAM_OK && k < b->rows && k < rows; k++) {
        double sum = 0, n = 0;
        for (size_t i = 0; i < info->count / rows; i++) {
            double value = values[k * (info->count / rows) + i];
            if (!isfinite(value)) continue;
            sum += value;
            n++;
        }
        b->mean[b->first + k][trial] = n > 0 ? sum / n : (double)NAN;
    }
    bram_scratch_release(cx, mark);
    return status;
}

static int read_behaviour(bram_ctx *cx, bram_scan *s, struct behaviour *b)
{
    static const struct {
        const char *folder;
        size_t first, rows;
    } kinds[] = {{"behavior", 0, 3}, {"pupil_center", 3, 2}};
    for (size_t k = 0; k < 2; k++) {
        char first[64];
        snprintf(first, sizeof first, "data/%s/0.npy", kinds[k].folder);
        if (bram_bundle_find(s->files, first) < 0) continue;
        b->first = kinds[k].first;
        b->rows = kinds[k].rows;
        for (size_t i = 0; i < b->rows; i++) {
            double *mean = b->mean[b->first + i] = bram_scratch(cx, s->trials, sizeof *mean);
            if (!mean) return BRAM_ENOMEM;
            for (size_t t = 0; t < s->trials; t++) mean[t] = (double)NAN;
        }
        BRAM_TRY(bram_scan_each(cx, s, kinds[k].folder, NULL, take_behaviour, b));
    }
    return BRAM_OK;
}

int bram_scan_put_trials(bram_ctx *cx, bram_dataset *ds, bram_scan *s, const char *const *stimulus,
                         const int64_t *repeat)
{
    struct behaviour b = {.rows = 0};
    bram_axis *table = NULL;
    size_t mark = bram_scratch_mark(cx);
    const char **id = bram_shown_ids(cx, s->trials, "", 1, 0);
    int status = id ? read_behaviour(cx, s, &b) : BRAM_ENOMEM;
    const bram_field fields[] = {{"trial_number", .integer = s->number},
                                 {"stimulus", .text = stimulus},
                                 {"set", .text = (const char *const *)s->tier},
                                 {"repeat", .integer = repeat},
                                 {"pupil_dilation", .number = b.mean[0]},
                                 {"pupil_dilation_change", .number = b.mean[1]},
                                 {"running_speed", .number = b.mean[2]},
                                 {"pupil_x", .number = b.mean[3]},
                                 {"pupil_y", .number = b.mean[4]},
                                 {NULL}};
    if (status == BRAM_OK) status = bram_shown_axis(cx, &table, "trials", s->trials, id, fields);
    if (status == BRAM_OK) {
        char *group = bram_strf(cx, "trials/%s", s->id);
        status = group ? bram_dataset_add_table(cx, ds, group, table) : BRAM_ENOMEM;
        if (!group) bram_axis_free(table);
        bram_free(group);
    }
    bram_scratch_release(cx, mark);
    return status;
}
