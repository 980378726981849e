/*
 * intake_responses.c - responses to stimuli as loaders put them into a dataset.
 */
#include "intake_responses.h"

#include "pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reliability of units -------------------------------------------------------------------- */

/* The mean of every second repeat from `first`. */
static double half(const double *values, size_t repeats, size_t first)
{
    double sum = 0;
    size_t n = 0;
    for (size_t k = first; k < repeats; k += 2)
        if (isfinite(values[k])) sum += values[k], n++;
    return n ? sum / (double)n : NAN;
}

double bram_intake_reliability(const double *values, size_t stimuli, size_t stride, size_t repeats)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    size_t n = 0;
    for (size_t i = 0; i < stimuli; i++) {
        double x = half(values + i * stride, repeats, 0), y = half(values + i * stride, repeats, 1);
        if (!isfinite(x) || !isfinite(y)) continue;
        double dx = x - mx, dy = y - my;
        n++;
        mx += dx / (double)n, my += dy / (double)n;
        xx += dx * (x - mx), yy += dy * (y - my), xy += dx * (y - my);
    }
    if (n < 3 || !(xx > 0) || !(yy > 0)) return NAN;
    double r = xy / sqrt(xx) / sqrt(yy);
    return r > -1 ? 2 * r / (1 + r) : NAN;
}

double bram_intake_ncsnr(const double *values, size_t stimuli, size_t stride, size_t repeats)
{
    double mean = 0, all = 0, noise = 0;
    size_t n = 0, repeated = 0;
    for (size_t i = 0; i < stimuli; i++) {
        double own = 0, within = 0;
        size_t there = 0;
        for (size_t k = 0; k < repeats; k++) {
            double x = values[i * stride + k], d = x - mean, e = x - own;
            if (!isfinite(x)) continue;
            mean += d / (double)++n, all += d * (x - mean);
            own += e / (double)++there, within += e * (x - own);
        }
        if (there > 1) noise += within / (double)(there - 1), repeated++;
    }
    if (repeated < 2 || !(noise > 0)) return NAN;
    noise /= (double)repeated;
    return sqrt(fmax(0, all / (double)(n - 1) - noise) / noise);
}

static int add_reliability(bram_ctx *cx, const bram_presented *p)
{
    size_t units = bram_axis_length(p->neuron), stimuli = bram_axis_length(p->stimulus);
    size_t mark = bram_scratch_mark(cx);
    double *r = bram_scratch(cx, units, sizeof *r), *s = bram_scratch(cx, units, sizeof *s);
    if (!r || !s) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) {
        const double *from = p->values + u * p->repeats;
        r[u] = bram_intake_reliability(from, stimuli, units * p->repeats, p->repeats);
        s[u] = bram_intake_ncsnr(from, stimuli, units * p->repeats, p->repeats);
    }
    int status = BRAM_OK;
    if (!bram_axis_column(p->neuron, "reliability"))
        status = bram_axis_add_number(cx, p->neuron, "reliability", r, "");
    if (status == BRAM_OK && !bram_axis_column(p->neuron, "ncsnr"))
        status = bram_axis_add_number(cx, p->neuron, "ncsnr", s, "");
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- putting --------------------------------------------------------------------------------- */

static int describe(bram_ctx *cx, bram_response *r, const bram_presented *p)
{
    const char *const text[][2] = {{"unit", p->unit},       {"signal", p->signal},
                                   {"species", p->species}, {"subject", p->subject},
                                   {"session", p->session}, {"area", p->area}};
    bram_attrs *a = bram_response_attrs(r);
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (text[i][1]) BRAM_TRY(bram_attrs_set_text(cx, a, text[i][0], text[i][1]));
    if (p->from == 0 && p->to == 0) return BRAM_OK;
    BRAM_TRY(bram_attrs_set_number(cx, a, "window_from", p->from));
    return bram_attrs_set_number(cx, a, "window_to", p->to);
}

static int fill(bram_ctx *cx, bram_response *r, const double *values)
{
    size_t count = bram_response_count(r);
    double *to = bram_response_f64(r);
    uint8_t *mask = NULL;
    for (size_t k = 0; k < count; k++) {
        if (isfinite(values[k])) {
            to[k] = values[k];
            continue;
        }
        if (!mask && !(mask = bram_response_mask(cx, r))) return BRAM_ENOMEM;
        mask[k] = 0;
    }
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_response **out, const bram_presented *p)
{
    const bram_axis *axes[BRAM_MAX_DIMS] = {p->stimulus, p->neuron};
    size_t dims = 2;
    bram_axis *repeat = NULL;
    bram_response *r = NULL;
    if (!bram_axis_length(p->stimulus) || !bram_axis_length(p->neuron))
        return bram_fail(cx, BRAM_EFORMAT, "%s: %zu stimuli and %zu units, expected some", p->id,
                         bram_axis_length(p->stimulus), bram_axis_length(p->neuron));
    if (p->repeats > 1 && !p->time) BRAM_TRY(add_reliability(cx, p));
    if (p->repeats) BRAM_TRY(bram_axis_new(cx, &repeat, "repeat", p->repeats));
    if (repeat) axes[dims++] = repeat;
    if (repeat && p->time) axes[dims++] = p->time;
    int status = bram_response_new(cx, &r, p->id, BRAM_F64, dims, axes);
    if (status == BRAM_EUSAGE) status = bram_fail_prefix(cx, BRAM_EFORMAT, "responses");
    bram_axis_free(repeat);
    if (status == BRAM_OK) status = fill(cx, r, p->values);
    if (status == BRAM_OK) status = describe(cx, r, p);
    if (status == BRAM_OK) *out = r;
    else bram_response_free(r);
    return status;
}

int bram_intake_responses(bram_ctx *cx, bram_dataset *ds, const bram_presented *p)
{
    bram_response *r = NULL;
    int status = make(cx, &r, p);
    bram_axis_free(p->stimulus);
    bram_axis_free(p->neuron);
    bram_axis_free(p->time);
    return status == BRAM_OK ? bram_dataset_add(cx, ds, "responses", r) : status;
}

int bram_intake_numbered(bram_ctx *cx, bram_axis **out, const char *name, size_t n,
                         const char *prefix, int digits)
{
    enum { ROOM = 64 };
    size_t mark = bram_scratch_mark(cx);
    char *text = bram_scratch(cx, n, ROOM);
    const char **id = bram_scratch(cx, n, sizeof *id);
    bram_axis *axis = NULL;
    int status = text && id ? bram_axis_new(cx, &axis, name, n) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        snprintf(text + i * ROOM, ROOM, "%.30s%0*zu", prefix, digits, i + 1);
        id[i] = text + i * ROOM;
    }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- pictures -------------------------------------------------------------------------------- */

int bram_intake_pictures(bram_ctx *cx, bram_dataset *ds, const char *name,
                         const bram_axis *stimulus, const uint8_t *levels, size_t rows,
                         size_t columns)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_pictures_new(cx, &r, name, stimulus, rows, columns, 1));
    memcpy(bram_response_u8(r), levels, bram_response_count(r));
    return bram_dataset_add(cx, ds, "stimuli/images", r);
}

struct hashed {
    const char *hash;
    size_t at;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    int order = strcmp(x->hash, y->hash);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

int bram_intake_same_pictures(bram_ctx *cx, bram_axis *stimulus, const char (*hash)[65],
                              const char *const *name)
{
    size_t n = bram_axis_length(stimulus), mark = bram_scratch_mark(cx);
    struct hashed *list = bram_scratch(cx, n, sizeof *list);
    const char **image = bram_scratch(cx, n, sizeof *image);
    if (!list || !image) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) list[i] = (struct hashed){hash[i], i};
    if (n) qsort(list, n, sizeof *list, by_hash);
    for (size_t i = 0, first = 0; i < n; i++) {
        if (strcmp(list[i].hash, list[first].hash) != 0) first = i;
        size_t at = list[first].at;
        image[list[i].at] = name ? name[at] : bram_axis_id(stimulus, at);
    }
    int status = bram_axis_add_text(cx, stimulus, "image", image);
    bram_scratch_release(cx, mark);
    return status;
}
