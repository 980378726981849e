/*
 * simulate_tokens.c - two visual areas that read maps of tokens, whose truth is known: one looks
 * where an object is, the other always at the same place.
 *
 * A stimulus is a map of SIDE x SIDE tokens of MARKERS + CONTENT channels, noise everywhere. Each
 * kind of object (as many as there are markers) stands at one position, drawn for each stimulus,
 * no two at the same: there its marker's channel is raised. The content channels of a position are
 * noise that is new for each stimulus and position, at objects as elsewhere.
 *
 *   routed  regions face, body, place, tool: signal_j = w_j . content where the region's object is
 *   fixed   the same regions: signal_j = w_j . sum over positions of a Gaussian window about the
 *           unit's own centre times content, columns true_row and true_column of the units
 *
 * So a readout must find the object for `routed`, which a fixed weight for each position cannot,
 * and for `fixed` must learn a window for each unit, which queries of regions cannot. What an area
 * measures is signal + noise, repeat by repeat; column true_reliability as in simulate_vision.c.
 * truth/routed/focus (stimulus x region) is the position of the object, row SIDE + column, which
 * the task `encoding` holds against maps of attention; truth/AREA/signal no task reads.
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 6, POSITIONS = SIDE * SIDE, MARKERS = 4, CONTENT = 8, CHANNELS = MARKERS + CONTENT };

static const double RAISED = 4;   /* marker of an object, in deviations of what is elsewhere */
static const double WINDOW = 0.8; /* deviation of a window, in positions */
static const double NOISE = 1;    /* deviation of a repeat, in deviations of the signal */

struct size {
    size_t stimuli, units, repeats; /* units: of an area */
};

struct made {
    struct size size;
    uint64_t seed;
    bram_axis *stimulus;
    float *token;   /* stimulus x position x channel */
    size_t *object; /* stimulus x marker: the position of an object */
};

static const char *const regions[MARKERS] = {"face", "body", "place", "tool"};

/* ---- stimuli -------------------------------------------------------------------------------- */

static int name_stimuli(bram_ctx *cx, bram_axis **out, size_t n)
{
    const char **id = bram_scratch(cx, n, sizeof *id);
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    if (!id || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "stimulus%04zu", i + 1);
        id[i] = text[i];
    }
    BRAM_TRY(bram_axis_new(cx, out, "stimulus", n));
    return bram_axis_set_ids(cx, *out, id);
}

static void draw_stimulus(struct made *m, size_t i)
{
    bram_rng g = bram_rng_at(m->seed, "simulate/tokens/stimulus", i);
    size_t order[POSITIONS], *object = m->object + i * MARKERS;
    float *token = m->token + i * POSITIONS * CHANNELS;
    for (size_t k = 0; k < (size_t)POSITIONS * CHANNELS; k++) token[k] = (float)bram_rng_normal(&g);
    bram_rng_permutation(&g, POSITIONS, order);
    for (size_t k = 0; k < MARKERS; k++) {
        object[k] = order[k];
        token[order[k] * CHANNELS + k] += (float)RAISED;
    }
}

static int add_tokens(bram_ctx *cx, bram_dataset *ds, const struct made *m)
{
    static const char *const name[] = {"row", "column", "channel"};
    const size_t length[] = {SIDE, SIDE, CHANNELS};
    const bram_axis *axes[4] = {m->stimulus};
    bram_axis *own[3] = {NULL};
    bram_response *r = NULL;
    int status = BRAM_OK;
    for (size_t k = 0; k < 3 && status == BRAM_OK; k++) {
        status = bram_axis_new(cx, &own[k], name[k], length[k]);
        axes[k + 1] = own[k];
    }
    if (status == BRAM_OK) status = bram_response_new(cx, &r, "tokens", BRAM_F32, 4, axes);
    for (size_t k = 0; k < 3; k++) bram_axis_free(own[k]);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), m->token, bram_response_count(r) * sizeof *m->token);
    return bram_dataset_add(cx, ds, "stimuli/features", r);
}

/* ---- areas ---------------------------------------------------------------------------------- */

/* One area in the making. */
struct area {
    const char *name;
    bool routed;
    double *weight;         /* unit x CONTENT */
    double *row, *column;   /* of each unit's centre */
    float *signal, *values; /* stimulus x unit; stimulus x unit x repeat */
    double *reliability;
};

static size_t region_of(const struct made *m, size_t unit)
{
    return unit * MARKERS / m->size.units;
}

static int new_area(bram_ctx *cx, struct area *a, const struct made *m)
{
    size_t units = m->size.units, cells = m->size.stimuli * units;
    a->weight = bram_scratch(cx, units, (CONTENT + 3) * sizeof *a->weight);
    a->signal = bram_scratch(cx, cells, (1 + m->size.repeats) * sizeof *a->signal);
    if (!a->weight || !a->signal) return BRAM_ENOMEM;
    a->row = a->weight + units * CONTENT, a->column = a->row + units;
    a->reliability = a->column + units, a->values = a->signal + cells;
    return BRAM_OK;
}

static double told_by(const struct area *a, const float *token, size_t unit)
{
    double sum = 0;
    for (size_t k = 0; k < CONTENT; k++)
        sum += a->weight[unit * CONTENT + k] * (double)token[MARKERS + k];
    return sum;
}

static double signal_of(const struct area *a, const struct made *m, size_t stimulus, size_t unit)
{
    const float *token = m->token + stimulus * POSITIONS * CHANNELS;
    double sum = 0;
    if (a->routed) {
        size_t object = m->object[stimulus * MARKERS + region_of(m, unit)];
        return told_by(a, token + object * CHANNELS, unit);
    }
    for (size_t p = 0; p < POSITIONS; p++) {
        double dy = (double)(p / SIDE) - a->row[unit], dx = (double)(p % SIDE) - a->column[unit];
        sum += exp(-(dx * dx + dy * dy) / (2 * WINDOW * WINDOW)) *
               told_by(a, token + p * CHANNELS, unit);
    }
    return sum;
}

static void fill_unit(struct area *a, const struct made *m, size_t unit)
{
    const struct size *s = &m->size;
    bram_rng g = bram_rng_at(m->seed,
                             a->routed ? "simulate/tokens/routed" : "simulate/tokens/fixed", unit);
    double mean = 0, square = 0;
    for (size_t k = 0; k < CONTENT; k++) a->weight[unit * CONTENT + k] = bram_rng_normal(&g);
    a->row[unit] = (SIDE - 1) * bram_rng_uniform(&g);
    a->column[unit] = (SIDE - 1) * bram_rng_uniform(&g);
    for (size_t i = 0; i < s->stimuli; i++) {
        a->signal[i * s->units + unit] = (float)signal_of(a, m, i, unit);
        mean += (double)a->signal[i * s->units + unit] / (double)s->stimuli;
    }
    for (size_t i = 0; i < s->stimuli; i++)
        square += pow((double)a->signal[i * s->units + unit] - mean, 2) / (double)s->stimuli;
    double noise = NOISE * sqrt(square);
    for (size_t i = 0; i < s->stimuli * s->repeats; i++) {
        size_t at = i / s->repeats * s->units + unit;
        a->values[at * s->repeats + i % s->repeats] = (float)((double)a->signal[at] +
                                                              noise * bram_rng_normal(&g));
    }
    a->reliability[unit] = square / (square + noise * noise / (double)s->repeats);
}

static int name_units(bram_ctx *cx, bram_axis **out, const struct area *a, const struct made *m)
{
    size_t n = m->size.units;
    const char **id = bram_scratch(cx, n, sizeof *id), **roi = bram_scratch(cx, n, sizeof *roi);
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    if (!id || !roi || !text) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++) {
        snprintf(text[u], sizeof text[u], "unit%03zu", u + 1);
        id[u] = text[u], roi[u] = regions[region_of(m, u)];
    }
    BRAM_TRY(bram_axis_new(cx, out, "neuron", n));
    BRAM_TRY(bram_axis_set_ids(cx, *out, id));
    BRAM_TRY(bram_axis_add_text(cx, *out, "roi", roi));
    BRAM_TRY(bram_axis_add_number(cx, *out, "true_reliability", a->reliability, "1"));
    if (a->routed) return BRAM_OK;
    BRAM_TRY(bram_axis_add_number(cx, *out, "true_row", a->row, "1"));
    return bram_axis_add_number(cx, *out, "true_column", a->column, "1");
}

/* Takes nothing over. */
static int add_array(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
                     const float *values, size_t dims, const bram_axis *const *axes)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F32, dims, axes));
    memcpy(bram_response_f32(r), values, bram_response_count(r) * sizeof *values);
    int status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, r);
    bram_response_free(r);
    return status;
}

static int add_area(bram_ctx *cx, bram_dataset *ds, const struct area *a, const struct made *m)
{
    bram_axis *unit = NULL, *repeat = NULL;
    char *truth = bram_strf(cx, "truth/%s", a->name);
    int status = truth ? name_units(cx, &unit, a, m) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_new(cx, &repeat, "repeat", m->size.repeats);
    if (status == BRAM_OK)
        status = add_array(cx, ds, truth, "signal", a->signal, 2,
                           (const bram_axis *[]){m->stimulus, unit});
    if (status == BRAM_OK)
        status = add_array(cx, ds, "responses", a->name, a->values, 3,
                           (const bram_axis *[]){m->stimulus, unit, repeat});
    bram_free(truth);
    bram_axis_free(unit);
    bram_axis_free(repeat);
    return status;
}

/* Where each region's object is. */
static int add_focus(bram_ctx *cx, bram_dataset *ds, const struct made *m)
{
    size_t n = m->size.stimuli * MARKERS;
    bram_axis *region = NULL;
    float *at = bram_scratch(cx, n, sizeof *at);
    if (!at) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) at[i] = (float)m->object[i];
    int status = bram_axis_new(cx, &region, "region", MARKERS);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, region, regions);
    if (status == BRAM_OK)
        status = add_array(cx, ds, "truth/routed", "focus", at, 2,
                           (const bram_axis *[]){m->stimulus, region});
    bram_axis_free(region);
    return status;
}

static int make_area(bram_ctx *cx, bram_dataset *ds, const struct made *m, bool routed)
{
    struct area a = {.name = routed ? "routed" : "fixed", .routed = routed};
    BRAM_TRY(new_area(cx, &a, m));
    for (size_t u = 0; u < m->size.units; u++) fill_unit(&a, m, u);
    return add_area(cx, ds, &a, m);
}

static int make_all(bram_ctx *cx, bram_dataset *ds, struct made *m)
{
    bram_axis *table = NULL;
    m->token = bram_scratch(cx, m->size.stimuli, POSITIONS * CHANNELS * sizeof *m->token);
    m->object = bram_scratch(cx, m->size.stimuli, MARKERS * sizeof *m->object);
    if (!m->token || !m->object) return BRAM_ENOMEM;
    BRAM_TRY(name_stimuli(cx, &m->stimulus, m->size.stimuli));
    int status = name_stimuli(cx, &table, m->size.stimuli);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, ds, "stimuli", table);
    else bram_axis_free(table);
    for (size_t i = 0; i < m->size.stimuli; i++) draw_stimulus(m, i);
    if (status == BRAM_OK) status = add_tokens(cx, ds, m);
    if (status == BRAM_OK) status = make_area(cx, ds, m, true);
    if (status == BRAM_OK) status = add_focus(cx, ds, m);
    return status == BRAM_OK ? make_area(cx, ds, m, false) : status;
}

int bram_simulate_tokens(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct made m = {.seed = seed,
                     .size = {.stimuli = full ? 3000 : 600, .units = full ? 80 : 16, .repeats = 4}};
    size_t mark = bram_scratch_mark(cx);
    int status = make_all(cx, out, &m);
    bram_axis_free(m.stimulus);
    bram_scratch_release(cx, mark);
    return status;
}
