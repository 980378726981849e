/*
 * brainio_put.c - BrainIO assemblies as responses and features; see brainio_put.h.
 */
#include "brainio_put.h"

#include "intake_responses.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An assembly with its presentations sorted by stimulus. */
struct sorted {
    const bram_brainio *a;
    size_t rows_dim, units_dim, bins_dim; /* bins_dim: BRAINIO_DIMS without */
    const char **id;                      /* of each presentation */
    size_t *stimulus, *repeat;            /* of each presentation */
    size_t *first;                        /* presentation of each stimulus */
    size_t stimuli, repeats;
};

/* ---- stimuli and repeats --------------------------------------------------------------------- */

static const char *without_folders(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* The dimension of the stimuli, and the coordinate that names them. */
static int find_rows(bram_ctx *cx, struct sorted *s, const bram_brainio_coordinate **id)
{
    const bram_brainio *a = s->a;
    for (size_t d = 0; d < a->dims; d++)
        if ((*id = bram_brainio_find(a, d, "stimulus_id", "image_id"))) {
            s->rows_dim = d;
            return BRAM_OK;
        }
    for (size_t d = 0; d < a->dims; d++)
        if ((*id = bram_brainio_find(a, d, "stimulus_path", NULL))) {
            s->rows_dim = d;
            return BRAM_OK;
        }
    return bram_fail(cx, BRAM_EFORMAT,
                     "found no dimension with stimulus_id, image_id or "
                     "stimulus_path among %s, %s%s%s",
                     a->dim[0], a->dim[1], a->dims > 2 ? ", " : "", a->dims > 2 ? a->dim[2] : "");
}

static int find_dims(bram_ctx *cx, struct sorted *s, const bram_brainio_coordinate **id)
{
    const bram_brainio *a = s->a;
    BRAM_TRY(find_rows(cx, s, id));
    s->bins_dim = bram_brainio_dim(a, "time_bin");
    s->units_dim = bram_brainio_dim(a, "neuroid");
    for (size_t d = 0; d < a->dims && s->units_dim == BRAINIO_DIMS; d++)
        if (d != s->rows_dim && d != s->bins_dim) s->units_dim = d;
    bool good = s->units_dim < BRAINIO_DIMS && s->units_dim != s->rows_dim &&
                (a->dims == 2 ? s->bins_dim == BRAINIO_DIMS : s->bins_dim < BRAINIO_DIMS);
    if (!good)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found the dimensions %s x %s%s%s, expected presentation "
                         "x neuroid (x time_bin)",
                         a->dim[0], a->dim[1], a->dims > 2 ? " x " : "",
                         a->dims > 2 ? a->dim[2] : "");
    for (size_t d = 0; d < a->dims; d++)
        if (!a->length[d]) return bram_fail(cx, BRAM_EFORMAT, "dimension %s is empty", a->dim[d]);
    return BRAM_OK;
}

struct named {
    const char *id;
    size_t at;
};

static int by_id(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Stimuli in the order of their first presentations; presentations of one are counted. */
static int number_stimuli(bram_ctx *cx, struct sorted *s)
{
    size_t n = s->a->length[s->rows_dim];
    struct named *list = bram_scratch(cx, n, sizeof *list);
    size_t *leader = bram_scratch(cx, n, sizeof *leader);
    s->stimulus = bram_scratch(cx, n, sizeof *s->stimulus);
    s->repeat = bram_scratch(cx, n, sizeof *s->repeat);
    s->first = bram_scratch(cx, n, sizeof *s->first);
    if (!list || !leader || !s->stimulus || !s->repeat || !s->first) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (!*s->id[i])
            return bram_fail(cx, BRAM_EFORMAT, "presentation %zu has no stimulus", i + 1);
        list[i] = (struct named){s->id[i], i};
    }
    qsort(list, n, sizeof *list, by_id);
    for (size_t i = 0, same = 0; i < n; i++) {
        same = i && strcmp(list[i].id, list[i - 1].id) == 0 ? same : i;
        leader[list[i].at] = list[same].at;
        s->repeat[list[i].at] = i - same;
        if (i - same + 1 > s->repeats) s->repeats = i - same + 1;
    }
    for (size_t i = 0; i < n; i++) {
        if (leader[i] == i) s->first[s->stimuli] = i, s->stimulus[i] = s->stimuli++;
        else s->stimulus[i] = s->stimulus[leader[i]];
    }
    return BRAM_OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The place of each `repetition` among all there are, where no stimulus has one of them twice: so
 * that halves of repeats are halves of the same passes. */
static int number_repeats(bram_ctx *cx, struct sorted *s)
{
    const bram_brainio_coordinate *c = bram_brainio_find(s->a, s->rows_dim, "repetition", NULL);
    size_t n = s->a->length[s->rows_dim], distinct = 0;
    if (!c || !c->integer) return BRAM_OK;
    int64_t *value = bram_scratch(cx, n, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    memcpy(value, c->integer, n * sizeof *value);
    qsort(value, n, sizeof *value, by_value);
    for (size_t i = 0; i < n; i++)
        if (!distinct || value[i] != value[distinct - 1]) value[distinct++] = value[i];
    if (distinct > 4 * s->repeats) return BRAM_OK; /* numbered through all stimuli */
    uint8_t *taken = bram_scratch(cx, s->stimuli * distinct, 1);
    size_t *place = bram_scratch(cx, n, sizeof *place);
    if (!taken || !place) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const int64_t *found = bsearch(&c->integer[i], value, distinct, sizeof *value, by_value);
        place[i] = (size_t)(found - value);
        if (taken[s->stimulus[i] * distinct + place[i]]++) return BRAM_OK;
    }
    memcpy(s->repeat, place, n * sizeof *place);
    s->repeats = distinct;
    return BRAM_OK;
}

static int sort_presentations(bram_ctx *cx, struct sorted *s)
{
    const bram_brainio_coordinate *id = NULL;
    BRAM_TRY(find_dims(cx, s, &id));
    size_t n = s->a->length[s->rows_dim];
    char(*digits)[24] = bram_scratch(cx, n, sizeof *digits);
    s->id = bram_scratch(cx, n, sizeof *s->id);
    if (!s->id || !digits) return BRAM_ENOMEM;
    bool path = strcmp(id->name, "stimulus_path") == 0;
    for (size_t i = 0; i < n; i++) {
        s->id[i] = digits[i];
        if (id->text) s->id[i] = path ? without_folders(id->text[i]) : id->text[i];
        else if (id->integer)
            snprintf(digits[i], sizeof digits[i], "%lld", (long long)id->integer[i]);
        else snprintf(digits[i], sizeof digits[i], "%g", id->number[i]);
    }
    BRAM_TRY(number_stimuli(cx, s));
    return number_repeats(cx, s);
}

/* ---- axes ------------------------------------------------------------------------------------ */

static int stimulus_axis(bram_ctx *cx, bram_axis **out, const struct sorted *s)
{
    static const char *const but[] = {"stimulus_id", "image_id", "repetition", "image", NULL};
    const char **id = bram_scratch(cx, s->stimuli, sizeof *id);
    bram_axis *axis = NULL;
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->stimuli; i++) id[i] = s->id[s->first[i]];
    BRAM_TRY(bram_axis_new(cx, &axis, "stimulus", s->stimuli));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK)
        status = bram_brainio_columns(cx, axis, s->a, s->rows_dim, s->first, s->stimuli,
                                      s->stimulus, but);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Ids of units: by neuroid_id, by the only coordinate of texts, or their numbers. */
static int unit_ids(bram_ctx *cx, bram_axis *axis, const struct sorted *s, const size_t *unit,
                    size_t count)
{
    const bram_brainio_coordinate *c = bram_brainio_find(s->a, s->units_dim, "neuroid_id", NULL);
    size_t texts = 0;
    for (size_t i = 0; !c && i < s->a->coordinates; i++)
        texts += s->a->coordinate[i].dim == s->units_dim && s->a->coordinate[i].text;
    for (size_t i = 0; !c && texts == 1 && i < s->a->coordinates; i++)
        if (s->a->coordinate[i].dim == s->units_dim && s->a->coordinate[i].text)
            c = &s->a->coordinate[i];
    char(*digits)[24] = bram_scratch(cx, count, sizeof *digits);
    const char **id = bram_scratch(cx, count, sizeof *id);
    if (!digits || !id) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        id[i] = digits[i];
        if (c && c->text) id[i] = c->text[unit[i]];
        else if (c && c->integer)
            snprintf(digits[i], sizeof digits[i], "%lld", (long long)c->integer[unit[i]]);
        else snprintf(digits[i], sizeof digits[i], "%zu", unit[i] + 1);
    }
    return bram_axis_set_ids(cx, axis, id);
}

/* `animal` and `region` under the names that the homogenized form has for them, too. */
static int add_standard(bram_ctx *cx, bram_axis *axis)
{
    static const char *const names[][2] = {{"animal", "subject"}, {"region", "area"}};
    for (size_t k = 0; k < 2; k++) {
        const bram_column *c = bram_axis_column(axis, names[k][0]);
        if (c && c->type == BRAM_TEXT && !bram_axis_column(axis, names[k][1]))
            BRAM_TRY(bram_axis_add_text(cx, axis, names[k][1], c->text));
    }
    return BRAM_OK;
}

static int unit_axis(bram_ctx *cx, bram_axis **out, const struct sorted *s, const char *name,
                     const size_t *unit, size_t count)
{
    static const char *const but[] = {"neuroid_id", NULL};
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, name, count));
    int status = unit_ids(cx, axis, s, unit, count);
    if (status == BRAM_OK)
        status = bram_brainio_columns(cx, axis, s->a, s->units_dim, unit, count, NULL, but);
    if (status == BRAM_OK) status = add_standard(cx, axis);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The beginning of each bin in seconds; NULL where there is one bin, or none is timed. */
static int time_axis(bram_ctx *cx, bram_axis **out, bram_presented *p, const struct sorted *s)
{
    *out = NULL;
    if (s->bins_dim == BRAINIO_DIMS) return BRAM_OK;
    size_t n = s->a->length[s->bins_dim];
    const bram_brainio_coordinate *c[2] = {
        bram_brainio_find(s->a, s->bins_dim, "time_bin_start", NULL),
        bram_brainio_find(s->a, s->bins_dim, "time_bin_end", NULL)};
    double *t[2];
    for (size_t k = 0; k < 2; k++) {
        if (!(t[k] = bram_scratch(cx, n, sizeof **t))) return BRAM_ENOMEM;
        for (size_t i = 0; i < n; i++)
            t[k][i] = !c[k] || c[k]->text ? NAN
                      : c[k]->integer     ? (double)c[k]->integer[i] / 1000
                                          : c[k]->number[i] / 1000;
    }
    for (size_t i = 0; i < n; i++)
        if (!isfinite(t[0][i]) || !isfinite(t[1][i]) || (i && !(t[0][i] > t[0][i - 1])))
            return bram_fail(cx, BRAM_EFORMAT,
                             "time_bin %zu: expected time_bin_start and "
                             "time_bin_end in ms, ascending",
                             i + 1);
    if (n == 1) {
        p->from = t[0][0], p->to = t[1][0];
        return BRAM_OK;
    }
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "time", n));
    int status = bram_axis_set_values(cx, axis, t[0], "s");
    if (status == BRAM_OK) status = bram_axis_add_number(cx, axis, "end", t[1], "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- responses ------------------------------------------------------------------------------- */

/* Some units as one response. */
static int put_units(bram_ctx *cx, bram_dataset *ds, const struct sorted *s, const char *name,
                     const size_t *unit, size_t count)
{
    const bram_brainio *a = s->a;
    size_t bins = s->bins_dim < BRAINIO_DIMS ? a->length[s->bins_dim] : 1;
    size_t n = s->stimuli * count * s->repeats * bins;
    bram_presented p = {.id = name, .unit = "1", .repeats = s->repeats};
    double *values = bram_alloc(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) values[k] = NAN;
    for (size_t i = 0; i < a->length[s->rows_dim]; i++)
        for (size_t u = 0; u < count; u++)
            for (size_t b = 0; b < bins; b++) {
                size_t from = i * a->stride[s->rows_dim] + unit[u] * a->stride[s->units_dim] +
                              (bins > 1 ? b * a->stride[s->bins_dim] : 0);
                size_t to = (s->stimulus[i] * count + u) * s->repeats + s->repeat[i];
                values[to * bins + b] = a->values[from];
            }
    p.values = values;
    int status = time_axis(cx, &p.time, &p, s);
    if (status == BRAM_OK && bins == 1 && s->repeats == 1) p.repeats = 0;
    if (status == BRAM_OK) status = stimulus_axis(cx, &p.stimulus, s);
    if (status == BRAM_OK) status = unit_axis(cx, &p.neuron, s, "neuron", unit, count);
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &p);
    else bram_axis_free(p.time), bram_axis_free(p.stimulus), bram_axis_free(p.neuron);
    bram_free(values);
    return status;
}

/* Some units of a model as features: means over presentations. */
static int put_features(bram_ctx *cx, bram_dataset *ds, const struct sorted *s, const char *name,
                        const size_t *unit, size_t count)
{
    const bram_brainio *a = s->a;
    bram_axis *axis[2] = {NULL, NULL};
    bram_response *r = NULL;
    if (s->bins_dim < BRAINIO_DIMS)
        return bram_fail(cx, BRAM_EFORMAT, "features with %zu time bins, expected none",
                         a->length[s->bins_dim]);
    int status = stimulus_axis(cx, &axis[0], s);
    if (status == BRAM_OK) status = unit_axis(cx, &axis[1], s, "feature", unit, count);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, name, BRAM_F32, 2,
                                   (const bram_axis *[]){axis[0], axis[1]});
    bram_axis_free(axis[0]);
    bram_axis_free(axis[1]);
    BRAM_TRY(status);
    size_t *seen = bram_scratch(cx, s->stimuli, sizeof *seen);
    float *values = bram_response_f32(r);
    if (!seen) status = BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < a->length[s->rows_dim]; i++) {
        float *row = values + s->stimulus[i] * count;
        size_t times = ++seen[s->stimulus[i]];
        for (size_t u = 0; u < count && status == BRAM_OK; u++) {
            double x = a->values[i * a->stride[s->rows_dim] + unit[u] * a->stride[s->units_dim]];
            if (!isfinite(x))
                status = bram_fail(cx, BRAM_EFORMAT,
                                   "%s: feature %zu of stimulus %s is %g, expected "
                                   "a number",
                                   name, u + 1, s->id[i], x);
            row[u] += ((float)x - row[u]) / (float)times;
        }
    }
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "stimuli/features", r);
    bram_response_free(r);
    return status;
}

/* The units by the values of a coordinate of texts, each group apart: by region, by layer. */
static int put_parts(bram_ctx *cx, bram_dataset *ds, const struct sorted *s, const char *id,
                     const bram_brainio_coordinate *by, bool features)
{
    size_t n = s->a->length[s->units_dim];
    size_t *unit = bram_scratch(cx, n, sizeof *unit);
    uint8_t *done = bram_scratch(cx, n, 1);
    if (!unit || !done) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0, mark = bram_scratch_mark(cx);
        if (done[i]) continue;
        for (size_t k = i; k < n; k++)
            if (!by || strcmp(by->text[k], by->text[i]) == 0) unit[count++] = k, done[k] = 1;
        bool all = count == n;
        char *name = all ? bram_strdup(cx, id) : bram_strf(cx, "%s-%s", id, by->text[i]);
        if (!name) return BRAM_ENOMEM;
        for (char *c = name; *c; c++)
            if (*c == '/') *c = '_';
        int status = features ? put_features(cx, ds, s, name, unit, count)
                              : put_units(cx, ds, s, name, unit, count);
        bram_free(name);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_brainio_put(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_brainio *a)
{
    struct sorted s = {.a = a};
    BRAM_TRY(sort_presentations(cx, &s));
    const bram_brainio_coordinate *layer = bram_brainio_find(a, s.units_dim, "layer", NULL);
    bool neurons = strcmp(a->dim[s.units_dim], "neuroid") == 0 && !layer;
    const bram_brainio_coordinate *by = neurons ? bram_brainio_find(a, s.units_dim, "region", NULL)
                                                : layer;
    return put_parts(cx, ds, &s, id, by && by->text ? by : NULL, !neurons);
}
