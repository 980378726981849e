/*
 * response_checks.c - values that cannot be what they are called; see response_checks.h.
 */
#include "response_checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_VALUES = 16 }; /* rows of fewer values may well be equal by chance */
static const size_t most_values = (size_t)1 << 25; /* of all responses: they are held together */

void bram_checked_say(bram_checked *c, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bram_buffer_putf(&c->said, "%s%s", c->said.length ? "; " : "", text);
}

static bool same(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

static const char *row_id(const bram_checked *c, size_t i)
{
    return bram_axis_id(bram_response_axis(c->r, 0), i);
}

static const char *unit_id(const bram_checked *c, size_t u)
{
    return bram_axis_id(bram_response_axis(c->r, 1), u);
}

/* ---- units ----------------------------------------------------------------------------------- */

/* How many different values a unit has: 0, 1, or 2 for more. */
static int variety(const bram_checked *c, size_t u)
{
    double first = NAN;
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < c->repeats; k++) {
            double x = c->values[(i * c->units + u) * c->repeats + k];
            if (isnan(x)) continue;
            if (isnan(first)) first = x;
            else if (x != first) return 2;
        }
    return !isnan(first);
}

static void check_units(bram_checked *c)
{
    size_t count[2] = {0}, first[2] = {0};
    for (size_t u = 0; u < c->units; u++) {
        int v = variety(c, u);
        if (v < 2 && !count[v]++) first[v] = u;
    }
    if (count[0])
        bram_checked_say(c, "%zu of %zu units have no value (first: %s)", count[0], c->units,
                         unit_id(c, first[0]));
    if (count[1])
        bram_checked_say(c, "%zu of %zu units have one value only (first: %s)", count[1], c->units,
                         unit_id(c, first[1]));
}

/* ---- equal units, equal rows ----------------------------------------------------------------- */

/* A unit or a row by a hash of its values. */
struct print {
    uint64_t hash;
    size_t at;
};

static int by_hash(const void *a, const void *b)
{
    const struct print *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* FNV-1a of the bits of numbers, `stride` apart in runs of `run`. */
static uint64_t hash_values(const double *x, size_t count, size_t stride, size_t run)
{
    uint64_t h = 1469598103934665603ULL;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < run; k++) {
            double v = x[i * stride + k];
            uint64_t bits;
            if (isnan(v)) v = NAN;
            if (v == 0) v = 0; /* one zero */
            memcpy(&bits, &v, sizeof bits);
            for (int b = 0; b < 64; b += 8) h = (h ^ (bits >> b & 255)) * 1099511628211ULL;
        }
    return h;
}

static bool equal_units(const bram_checked *c, size_t u, size_t v)
{
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < c->repeats; k++)
            if (!same(c->values[(i * c->units + u) * c->repeats + k],
                      c->values[(i * c->units + v) * c->repeats + k]))
                return false;
    return true;
}

static bool equal_rows(const bram_checked *c, size_t i, size_t j)
{
    size_t n = c->units * c->repeats;
    for (size_t k = 0; k < n; k++)
        if (!same(c->values[i * n + k], c->values[j * n + k])) return false;
    return true;
}

static int check_twin_units(bram_ctx *cx, bram_checked *c)
{
    size_t count = 0, a = 0, b = 0;
    struct print *list = bram_scratch(cx, c->units, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    if (c->rows * c->repeats < LEAST_VALUES) return BRAM_OK;
    for (size_t u = 0; u < c->units; u++)
        list[u] = (struct print){
            hash_values(c->values + u * c->repeats, c->rows, c->units * c->repeats, c->repeats), u};
    qsort(list, c->units, sizeof *list, by_hash);
    for (size_t i = 1; i < c->units; i++) {
        size_t u = list[i - 1].at, v = list[i].at;
        if (list[i - 1].hash == list[i].hash && variety(c, u) == 2 && equal_units(c, u, v) &&
            !count++)
            a = u, b = v;
    }
    if (count)
        bram_checked_say(c, "%zu of %zu units have exactly the values of another (%s and %s)",
                         count, c->units, unit_id(c, a), unit_id(c, b));
    return BRAM_OK;
}

/* Whether a row has values enough, and not all of them equal. */
static bool is_telling(const bram_checked *c, size_t i)
{
    size_t n = c->units * c->repeats, present = 0;
    bool differ = false;
    double first = NAN;
    for (size_t k = 0; k < n; k++) {
        double x = c->values[i * n + k];
        if (isnan(x)) continue;
        if (!present++) first = x;
        differ |= x != first;
    }
    return differ && present >= LEAST_VALUES;
}

static int check_twin_rows(bram_ctx *cx, bram_checked *c)
{
    const bram_column *image = bram_axis_column(bram_response_axis(c->r, 0), "image");
    size_t count = 0, a = 0, b = 0, n = c->units * c->repeats;
    struct print *list = bram_scratch(cx, c->rows, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    if (image && image->type != BRAM_TEXT) image = NULL;
    for (size_t i = 0; i < c->rows; i++)
        list[i] = (struct print){hash_values(c->values + i * n, 1, n, n), i};
    qsort(list, c->rows, sizeof *list, by_hash);
    for (size_t i = 1; i < c->rows; i++) {
        size_t x = list[i - 1].at, y = list[i].at;
        if (list[i - 1].hash != list[i].hash || !is_telling(c, x) || !equal_rows(c, x, y)) continue;
        if (image && *image->text[x] && strcmp(image->text[x], image->text[y]) == 0) continue;
        if (!count++) a = x, b = y;
    }
    if (count)
        bram_checked_say(c,
                         "%zu of %zu %s have exactly the responses of another, and nothing says "
                         "that they are the same picture (%s and %s)",
                         count, c->rows, c->stimuli ? "stimuli" : "trials", row_id(c, a),
                         row_id(c, b));
    return BRAM_OK;
}

/* ---- means and single trials ----------------------------------------------------------------- */

static bool same_units(const bram_checked *a, const bram_checked *b)
{
    bool equal = a->units == b->units;
    for (size_t u = 0; equal && u < a->units; u++)
        equal = strcmp(unit_id(a, u), unit_id(b, u)) == 0;
    return equal;
}

static int compare_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct print *)a)->hash, y = ((const struct print *)b)->hash;
    return (x > y) - (x < y);
}

static bool equals_trial(const bram_checked *a, size_t i, const bram_checked *trials, size_t trial)
{
    const double *x = a->values + i * a->units;
    const double *y = trials->values + trial / trials->repeats * trials->units * trials->repeats +
                      trial % trials->repeats;
    for (size_t u = 0; u < a->units; u++)
        if (!same(x[u], y[u * trials->repeats])) return false;
    return true;
}

/* Rows of an array without repeats that are, bit for bit, one trial of another response. */
static int find_trials(bram_ctx *cx, bram_checked *a, const bram_checked *trials)
{
    size_t n = trials->rows * trials->repeats, found = 0, mark = bram_scratch_mark(cx);
    struct print *list = bram_scratch(cx, n, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    for (size_t t = 0; t < n; t++)
        list[t] = (struct print){
            hash_values(trials->values + t / trials->repeats * trials->units * trials->repeats +
                            t % trials->repeats,
                        trials->units, trials->repeats, 1),
            t};
    qsort(list, n, sizeof *list, by_hash);
    for (size_t i = 0; i < a->rows; i++) {
        const struct print key = {hash_values(a->values + i * a->units, 1, a->units, a->units), 0};
        const struct print *hit = bsearch(&key, list, n, sizeof *list, compare_hash);
        found += hit && is_telling(a, i) && equals_trial(a, i, trials, hit->at);
    }
    bram_scratch_release(cx, mark);
    if (found)
        bram_checked_say(a,
                         "%zu of its %zu rows are bit for bit single trials of responses/%s: they "
                         "are no means over repeats",
                         found, a->rows, trials->name);
    return BRAM_OK;
}

/* Means of stimuli that another response has with repeats. */
static void compare_means(bram_checked *a, const bram_checked *b)
{
    const bram_axis *stimulus = bram_response_axis(b->r, 0);
    size_t common = 0, differ = 0;
    double worst = 0;
    for (size_t i = 0; i < a->rows; i++) {
        ptrdiff_t j = bram_axis_find(stimulus, row_id(a, i));
        double largest = 0, off = 0;
        if (j < 0) continue;
        common++;
        for (size_t u = 0; u < a->units; u++) {
            const double *x = b->values + ((size_t)j * b->units + u) * b->repeats;
            double sum = 0, n = 0;
            for (size_t k = 0; k < b->repeats; k++)
                if (!isnan(x[k])) sum += x[k], n++, largest = fmax(largest, fabs(x[k]));
            double d = fabs(sum / n - a->values[i * a->units + u]);
            if (n > 0 && d > off) off = d; /* a missing mean is no other mean */
        }
        differ += off > 1e-6 * largest;
        worst = fmax(worst, off);
    }
    if (differ)
        bram_checked_say(a,
                         "it is not the mean over the repeats of responses/%s: %zu of the %zu "
                         "stimuli that both have differ, by %.3g at most",
                         b->name, differ, common, worst);
}

static int check_means(bram_ctx *cx, bram_checked *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            bram_checked *a = &all[i], *b = &all[k];
            if (i == k || !a->values || !b->values || a->repeats > 1 || !same_units(a, b)) continue;
            if (a->stimuli && (b->repeats > 1 || !b->stimuli)) BRAM_TRY(find_trials(cx, a, b));
            if (a->stimuli && b->stimuli && b->repeats > 1) compare_means(a, b);
        }
    return BRAM_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool is_checked(const bram_response *r)
{
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    size_t dims = bram_response_dims(r);
    const char *first = bram_axis_name(bram_response_axis(r, 0));
    return !kind && (dims == 2 || dims == 3) && bram_response_count(r) &&
           (strcmp(first, "stimulus") == 0 || strcmp(first, "trial") == 0) &&
           strcmp(bram_axis_name(bram_response_axis(r, 1)), "neuron") == 0 &&
           (dims == 2 || strcmp(bram_axis_name(bram_response_axis(r, 2)), "repeat") == 0);
}

static int read_response(bram_ctx *cx, bram_checked *c, size_t *room)
{
    size_t count[3] = {c->rows, c->units, c->repeats}, n = bram_response_count(c->r);
    if (n > *room) {
        bram_note(cx, "responses/%s: %zu values, more than are looked at for oddities", c->name, n);
        return BRAM_OK;
    }
    double *values = bram_alloc(cx, n, sizeof *values);
    uint8_t *present = bram_alloc(cx, n, 1);
    int status = values && present
                     ? bram_response_read(cx, c->r, (size_t[3]){0}, count, values, present)
                     : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++)
        if (!present[i]) values[i] = NAN;
    bram_free(present);
    if (status == BRAM_OK) c->values = values;
    else bram_free(values);
    return status;
}

static int check_one(bram_ctx *cx, bram_checked *c, const bram_dataset *ds, size_t *room)
{
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(read_response(cx, c, room));
    if (!c->values) return BRAM_OK;
    check_units(c);
    int status = check_twin_units(cx, c);
    if (status == BRAM_OK) status = check_twin_rows(cx, c);
    if (status == BRAM_OK && c->stimuli) status = bram_check_pairing(cx, c, ds, NULL, NULL);
    bram_scratch_release(cx, mark);
    return status;
}

static int tell(bram_ctx *cx, bram_dataset *ds, const bram_checked *c)
{
    if (!c->said.length) return BRAM_OK;
    const char *text = bram_buffer_text(&c->said);
    BRAM_TRY(bram_buffer_status(cx, &c->said));
    bram_note(cx, "responses/%s: %s", c->name, text);
    char *path = bram_strf(cx, "responses/%s", c->name);
    bram_response *r = path ? bram_dataset_response(ds, path) : NULL;
    bram_free(path);
    return r ? bram_attrs_set_text(cx, bram_response_attrs(r), "findings", text) : BRAM_ENOMEM;
}

int bram_check_responses(bram_ctx *cx, bram_dataset *ds)
{
    static const char folder[] = "responses/";
    size_t n = bram_dataset_responses(ds), count = 0, mark = bram_scratch_mark(cx);
    size_t room = most_values;
    bram_checked *all = bram_scratch(cx, n, sizeof *all);
    int status = all ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        const char *path = bram_dataset_response_path(ds, i);
        const bram_response *r = bram_dataset_response(ds, path);
        if (strncmp(path, folder, sizeof folder - 1) != 0 || !is_checked(r)) continue;
        bram_checked *c = &all[count++];
        *c = (bram_checked){.r = r,
                            .name = path + sizeof folder - 1,
                            .rows = bram_response_length(r, 0),
                            .units = bram_response_length(r, 1),
                            .repeats = bram_response_dims(r) == 3 ? bram_response_length(r, 2) : 1,
                            .stimuli = strcmp(bram_axis_name(bram_response_axis(r, 0)), "trial") !=
                                       0};
        status = check_one(cx, c, ds, &room);
    }
    if (status == BRAM_OK) status = check_means(cx, all, count);
    for (size_t i = 0; i < count; i++) {
        if (status == BRAM_OK) status = tell(cx, ds, &all[i]);
        bram_free(all[i].values);
        bram_buffer_release(&all[i].said);
    }
    bram_scratch_release(cx, mark);
    return status;
}
