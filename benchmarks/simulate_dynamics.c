/*
 * simulate_dynamics.c - a small visual system that changes in time and whose truth is known: a
 * stimulus comes on, three layers follow it one after the other, and an area reads the second.
 *
 *   drive(t)    = stimulus x (1 + 2 exp(-t / 3)), t in bins from the first on: a transient, then
 * less layer1(t)   = 0.5 layer1(t - 1) + 0.5 drive(t) layer2(t)   = 0.6 layer2(t - 1) + 0.4 tanh(W1
 * layer1(t - 1)),  layer3 the same from layer2 signal(t)   = R layer2(t) + common(t)        common:
 * of a unit, the same for every stimulus area(t)     = signal(t) + noise, repeat by repeat
 *
 * So features:name=layer2 must win, and the ceiling is known: the column true_reliability is the
 * share of the variance of a unit's mean over repeats that is signal, over stimuli and bins.
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 10, LAYERS = 3, BINS = 12 };

static const double BIN = 0.025; /* s */
static const double NOISE = 1.5; /* deviation of a repeat, in deviations of the signal */

struct size {
    size_t stimuli, units, repeats;
};

/* value[(stimulus x bin) x WIDTH] of a layer from those of the one below. */
static void follow(double *out, const double *below, const struct size *size, uint64_t seed,
                   size_t layer)
{
    double weight[WIDTH][WIDTH];
    bram_rng g = bram_rng_at(seed, "simulate/dynamics/layer", layer);
    for (size_t k = 0; k < WIDTH; k++)
        for (size_t j = 0; j < WIDTH; j++) weight[k][j] = 2.5 / sqrt(WIDTH) * bram_rng_normal(&g);
    for (size_t i = 0; i < size->stimuli; i++)
        for (size_t t = 0; t < BINS; t++)
            for (size_t j = 0; j < WIDTH; j++) {
                size_t at = (i * BINS + t) * WIDTH;
                double sum = 0;
                for (size_t k = 0; k < WIDTH && t; k++) sum += below[at - WIDTH + k] * weight[k][j];
                out[at + j] = t ? 0.6 * out[at - WIDTH + j] + 0.4 * tanh(sum) : 0;
            }
}

static void first_layer(double *out, const struct size *size, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "simulate/dynamics/stimuli");
    for (size_t i = 0; i < size->stimuli; i++)
        for (size_t j = 0; j < WIDTH; j++) {
            double stimulus = bram_rng_normal(&g), state = 0;
            for (size_t t = 0; t < BINS; t++) {
                state = 0.5 * state + 0.5 * stimulus * (1 + 2 * exp(-(double)t / 3));
                out[(i * BINS + t) * WIDTH + j] = state;
            }
        }
}

static int make_axis(bram_ctx *cx, bram_axis **out, const char *name, const char *form, size_t n)
{
    size_t mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    char(*text)[24] = bram_scratch(cx, n, sizeof *text);
    bram_axis *axis = NULL;
    int status = id && text ? bram_axis_new(cx, &axis, name, n) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        snprintf(text[i], sizeof text[i], "%s%03zu", form, i + 1);
        id[i] = text[i];
    }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The axes that responses and features share. */
struct axes {
    bram_axis *stimulus, *time, *repeat, *feature;
};

static int add_layer(bram_ctx *cx, bram_dataset *ds, const struct axes *a, const double *values,
                     size_t layer)
{
    char name[16];
    bram_response *r = NULL;
    snprintf(name, sizeof name, "layer%zu", layer + 1);
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 3,
                               (const bram_axis *[]){a->stimulus, a->time, a->feature}));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    return bram_dataset_add(cx, ds, "stimuli/features", r);
}

/* ---- the area ------------------------------------------------------------------------------- */

/* The signal of unit u, (stimulus x bin), and its deviation. */
static double read_out(double *signal, const double *layer, const struct size *size, bram_rng *g)
{
    double weight[WIDTH], common[BINS], mean = 0, square = 0;
    size_t n = size->stimuli * BINS;
    for (size_t k = 0; k < WIDTH; k++) weight[k] = bram_rng_normal(g);
    for (size_t t = 0; t < BINS; t++) common[t] = exp(-pow((double)t - 4, 2) / 8);
    for (size_t i = 0; i < n; i++) {
        signal[i] = common[i % BINS];
        for (size_t k = 0; k < WIDTH; k++) signal[i] += layer[i * WIDTH + k] * weight[k];
        mean += signal[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) square += (signal[i] - mean) * (signal[i] - mean);
    return sqrt(square / (double)n);
}

static int fill_area(bram_ctx *cx, float *out, double *reliability, const double *layer,
                     const struct size *size, uint64_t seed)
{
    double *signal = bram_scratch(cx, size->stimuli * BINS, sizeof *signal);
    if (!signal) return BRAM_ENOMEM;
    for (size_t u = 0; u < size->units; u++) {
        bram_rng g = bram_rng_at(seed, "simulate/dynamics/unit", u);
        double deviation = read_out(signal, layer, size, &g);
        double noise = NOISE * exp2(bram_rng_uniform(&g) - 0.5) * deviation;
        double left = noise * noise / (double)size->repeats;
        for (size_t i = 0; i < size->stimuli; i++)
            for (size_t k = 0; k < size->repeats; k++)
                for (size_t t = 0; t < BINS; t++)
                    out[((i * size->units + u) * size->repeats + k) * BINS + t] =
                        (float)(signal[i * BINS + t] + noise * bram_rng_normal(&g));
        reliability[u] = deviation * deviation / (deviation * deviation + left);
    }
    return BRAM_OK;
}

static int add_area(bram_ctx *cx, bram_dataset *ds, const struct axes *a, const double *layer,
                    const struct size *size, uint64_t seed)
{
    bram_axis *unit = NULL;
    bram_response *r = NULL;
    size_t count = size->stimuli * size->units * size->repeats * BINS;
    double *reliability = bram_scratch(cx, size->units, sizeof *reliability);
    float *values = bram_scratch(cx, count, sizeof *values);
    if (!reliability || !values) return BRAM_ENOMEM;
    BRAM_TRY(fill_area(cx, values, reliability, layer, size, seed));
    int status = make_axis(cx, &unit, "neuron", "unit", size->units);
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, unit, "true_reliability", reliability, "1");
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "area", BRAM_F32, 4,
                                   (const bram_axis *[]){a->stimulus, unit, a->repeat, a->time});
    bram_axis_free(unit);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), values, count * sizeof *values);
    status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

static int make_all(bram_ctx *cx, bram_dataset *ds, const struct axes *a, const struct size *size,
                    uint64_t seed)
{
    double *layer[LAYERS];
    for (size_t k = 0; k < LAYERS; k++) {
        layer[k] = bram_scratch(cx, size->stimuli * BINS, WIDTH * sizeof *layer[k]);
        if (!layer[k]) return BRAM_ENOMEM;
        if (k == 0) first_layer(layer[k], size, seed);
        else follow(layer[k], layer[k - 1], size, seed, k);
        BRAM_TRY(add_layer(cx, ds, a, layer[k], k));
    }
    return add_area(cx, ds, a, layer[1], size, seed);
}

int bram_simulate_dynamics(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size size = {.stimuli = full ? 200 : 60, .units = full ? 80 : 20, .repeats = 6};
    struct axes a = {NULL, NULL, NULL, NULL};
    double time[BINS];
    size_t mark = bram_scratch_mark(cx);
    for (size_t t = 0; t < BINS; t++) time[t] = BIN * (double)t;
    int status = make_axis(cx, &a.stimulus, "stimulus", "stimulus", size.stimuli);
    if (status == BRAM_OK)
        status = bram_dataset_add_table(cx, out, "stimuli", bram_axis_ref(a.stimulus));
    if (status == BRAM_OK) status = bram_axis_new(cx, &a.time, "time", BINS);
    if (status == BRAM_OK) status = bram_axis_set_values(cx, a.time, time, "s");
    if (status == BRAM_OK) status = bram_axis_new(cx, &a.repeat, "repeat", size.repeats);
    if (status == BRAM_OK) status = bram_axis_new(cx, &a.feature, "feature", WIDTH);
    if (status == BRAM_OK) status = make_all(cx, out, &a, &size, seed);
    bram_axis_free(a.stimulus);
    bram_axis_free(a.time);
    bram_axis_free(a.repeat);
    bram_axis_free(a.feature);
    bram_scratch_release(cx, mark);
    return status;
}
