/*
 * simulate_vision.c - a small visual system whose truth is known: stimuli pass through three
 * layers, and an area of several subjects reads the second one out.
 *
 *   layer1 = stimulus (a category's centre plus its own variation)
 *   layer2 = tanh(W1 layer1), layer3 = tanh(W2 layer2)       stimuli x WIDTH each
 *   signal = layer2 R                                        R: WIDTH x units, another one a
 * subject area   = signal + noise, repeat by repeat
 *
 * So features:name=layer2 is the model that must win, by its geometry and by ridge. Every unit's
 * column true_reliability is the share of the variance of its mean over repeats that is signal:
 * its root is the correlation that the signal itself has with these data, the true ceiling. The
 * signal is kept as truth/signal: no task reads it.
 */
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 16, CATEGORIES = 4, LAYERS = 3, SUBJECTS = 4 };

static const double CENTRE = 0.7; /* deviation of the categories' centres */
static const double GAIN = 2.5;   /* of W1 and W2: how nonlinear the layers are */
static const double NOISE = 2;    /* deviation of a repeat, in deviations of the signal */

struct size {
    size_t stimuli, units, repeats; /* units: of all subjects */
};

/* ---- stimuli -------------------------------------------------------------------------------- */

static int name_stimuli(bram_ctx *cx, bram_axis **out, size_t n, bool with_category)
{
    static const char *const categories[CATEGORIES] = {"face", "body", "place", "tool"};
    const char **id = bram_scratch(cx, n, sizeof *id),
               **category = bram_scratch(cx, n, sizeof *category);
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    if (!id || !category || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "stimulus%03zu", i + 1);
        id[i] = text[i];
        category[i] = categories[i % CATEGORIES];
    }
    bram_axis *axis = NULL;
    int status = bram_axis_new(cx, &axis, "stimulus", n);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK && with_category)
        status = bram_axis_add_text(cx, axis, "category", category);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static void draw_stimuli(double *out, size_t n, uint64_t seed)
{
    double centre[CATEGORIES][WIDTH];
    bram_rng g = bram_rng_new(seed, "simulate/vision/stimuli");
    for (size_t c = 0; c < CATEGORIES; c++)
        for (size_t k = 0; k < WIDTH; k++) centre[c][k] = CENTRE * bram_rng_normal(&g);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < WIDTH; k++)
            out[i * WIDTH + k] = centre[i % CATEGORIES][k] + bram_rng_normal(&g);
}

static void next_layer(double *out, const double *in, size_t n, uint64_t seed, size_t layer)
{
    double weight[WIDTH][WIDTH];
    bram_rng g = bram_rng_at(seed, "simulate/vision/layer", layer);
    for (size_t k = 0; k < WIDTH; k++)
        for (size_t j = 0; j < WIDTH; j++) weight[k][j] = GAIN / sqrt(WIDTH) * bram_rng_normal(&g);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < WIDTH; j++) {
            double sum = 0;
            for (size_t k = 0; k < WIDTH; k++) sum += in[i * WIDTH + k] * weight[k][j];
            out[i * WIDTH + j] = tanh(sum);
        }
}

static int add_layer(bram_ctx *cx, bram_dataset *ds, const bram_axis *stimulus,
                     const double *values, size_t layer)
{
    char name[16];
    snprintf(name, sizeof name, "layer%zu", layer + 1);
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &feature, "feature", WIDTH));
    int status = bram_response_new(cx, &r, name, BRAM_F64, 2,
                                   (const bram_axis *[]){stimulus, feature});
    bram_axis_free(feature);
    BRAM_TRY(status);
    double *out = bram_response_f64(r);
    for (size_t i = 0; i < bram_response_count(r); i++) out[i] = values[i];
    return bram_dataset_add(cx, ds, "stimuli/features", r);
}

/* ---- the area ------------------------------------------------------------------------------- */

/* The signal of one unit, and its deviation over the stimuli. */
static double read_out(double *signal, const double *layer, size_t n, bram_rng *g)
{
    double weight[WIDTH], mean = 0, square = 0;
    for (size_t k = 0; k < WIDTH; k++) weight[k] = bram_rng_normal(g);
    for (size_t i = 0; i < n; i++) {
        signal[i] = 0;
        for (size_t k = 0; k < WIDTH; k++) signal[i] += layer[i * WIDTH + k] * weight[k];
        mean += signal[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) square += (signal[i] - mean) * (signal[i] - mean);
    return sqrt(square / (double)n);
}

/* Values and signal of unit u; returns its true reliability. Noise differs between units by a
 * factor of 2. */
static double fill_unit(float *out, double *signal, const double *layer, const struct size *size,
                        size_t u, uint64_t seed)
{
    bram_rng g = bram_rng_at(seed, "simulate/vision/unit", u);
    double deviation = read_out(signal, layer, size->stimuli, &g);
    double noise = NOISE * exp2(bram_rng_uniform(&g) - 0.5) * deviation;
    for (size_t i = 0; i < size->stimuli; i++)
        for (size_t k = 0; k < size->repeats; k++)
            out[(i * size->units + u) * size->repeats + k] = (float)(signal[i] +
                                                                     noise * bram_rng_normal(&g));
    double left = noise * noise / (double)size->repeats;
    return deviation * deviation / (deviation * deviation + left);
}

static int name_units(bram_ctx *cx, bram_axis **out, const struct size *size,
                      const double *reliability)
{
    size_t n = size->units;
    const char **id = bram_scratch(cx, n, sizeof *id),
               **subject = bram_scratch(cx, n, sizeof *subject);
    char(*text)[2][32] = bram_scratch(cx, n, sizeof *text);
    if (!id || !subject || !text) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++) {
        snprintf(text[u][0], sizeof text[u][0], "unit%03zu", u + 1);
        snprintf(text[u][1], sizeof text[u][1], "subject%zu", u * SUBJECTS / n + 1);
        id[u] = text[u][0], subject[u] = text[u][1];
    }
    bram_axis *axis = NULL;
    int status = bram_axis_new(cx, &axis, "neuron", n);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "subject", subject);
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, axis, "true_reliability", reliability, "1");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int add_signal(bram_ctx *cx, bram_dataset *ds, const bram_axis *stimulus,
                      const bram_axis *unit, const float *values)
{
    bram_response *r = NULL;
    BRAM_TRY(
        bram_response_new(cx, &r, "signal", BRAM_F32, 2, (const bram_axis *[]){stimulus, unit}));
    memcpy(bram_response_f32(r), values, bram_response_count(r) * sizeof *values);
    int status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "truth", r);
    bram_response_free(r);
    return status;
}

static int add_area(bram_ctx *cx, bram_dataset *ds, const bram_axis *stimulus, const double *layer,
                    const struct size *size, uint64_t seed)
{
    size_t count = size->stimuli * size->units * size->repeats;
    float *values = bram_scratch(cx, count, sizeof *values);
    float *truth = bram_scratch(cx, size->stimuli * size->units, sizeof *truth);
    double *signal = bram_scratch(cx, size->stimuli, sizeof *signal);
    double *reliability = bram_scratch(cx, size->units, sizeof *reliability);
    if (!values || !truth || !signal || !reliability) return BRAM_ENOMEM;
    for (size_t u = 0; u < size->units; u++) {
        reliability[u] = fill_unit(values, signal, layer, size, u, seed);
        for (size_t i = 0; i < size->stimuli; i++) truth[i * size->units + u] = (float)signal[i];
    }
    bram_axis *unit = NULL, *repeat = NULL;
    bram_response *r = NULL;
    int status = name_units(cx, &unit, size, reliability);
    if (status == BRAM_OK) status = add_signal(cx, ds, stimulus, unit, truth);
    if (status == BRAM_OK) status = bram_axis_new(cx, &repeat, "repeat", size->repeats);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "area", BRAM_F32, 3,
                                   (const bram_axis *[]){stimulus, unit, repeat});
    bram_axis_free(unit);
    bram_axis_free(repeat);
    BRAM_TRY(status);
    float *out = bram_response_f32(r);
    for (size_t i = 0; i < count; i++) out[i] = values[i];
    status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

static int make_all(bram_ctx *cx, bram_dataset *ds, const struct size *size,
                    const bram_axis *stimulus, uint64_t seed)
{
    double *layer[LAYERS];
    for (size_t k = 0; k < LAYERS; k++) {
        layer[k] = bram_scratch(cx, size->stimuli * WIDTH, sizeof *layer[k]);
        if (!layer[k]) return BRAM_ENOMEM;
        if (k == 0) draw_stimuli(layer[k], size->stimuli, seed);
        else next_layer(layer[k], layer[k - 1], size->stimuli, seed, k);
        BRAM_TRY(add_layer(cx, ds, stimulus, layer[k], k));
    }
    return add_area(cx, ds, stimulus, layer[1], size, seed);
}

int bram_simulate_vision(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size size = {.stimuli = full ? 480 : 120, .units = full ? 400 : 80, .repeats = 8};
    size_t mark = bram_scratch_mark(cx);
    bram_axis *table = NULL, *stimulus = NULL;
    int status = name_stimuli(cx, &table, size.stimuli, true);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, out, "stimuli", table);
    if (status == BRAM_OK) status = name_stimuli(cx, &stimulus, size.stimuli, false);
    if (status == BRAM_OK) status = make_all(cx, out, &size, stimulus, seed);
    bram_axis_free(stimulus);
    bram_scratch_release(cx, mark);
    return status;
}
