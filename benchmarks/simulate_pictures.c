/*
 * simulate_pictures.c - pictures and two areas that look at them, whose truth is known: a retina
 * that is linear in the pixels, and complex cells of V1.
 *
 *   pictures  dead leaves (core/dead_leaves.h), SIDE x SIDE, stimuli/images/leaves
 *   retina    a centre minus its surround: Gaussians of deviations 2 and 4 pixels, each of sum 1
 *   v1        sqrt(even^2 + odd^2) of a Gabor wavelet: 4 or 8 cycles a picture, one octave wide,
 *             mean removed, one of 8 orientations, in the middle of a cell of a grid of cycles x
 *             cycles: cells of the model `gabor` (baselines/gabor.c)
 *
 * A place in the middle half is drawn for each unit. Response = signal + noise, repeat by repeat;
 * noise differs between units by a factor of 2, as in simulate_vision.c, and each unit's column
 * true_reliability says what share of the variance of its mean over repeats is signal. Of the
 * image-computable models, one with pixels must win in the retina and one with energies of Gabor
 * wavelets in v1.
 */
#include "simulate.h"

#include "dead_leaves.h"
#include "pictures.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>

enum { SIDE = 64, REPEATS = 8 };

static const double pi = 3.14159265358979323846;
static const double NOISE = 1; /* deviation of a repeat, in deviations of the signal */

static int name_stimuli(bram_ctx *cx, bram_axis **out, size_t n)
{
    const char **id = bram_scratch(cx, n, sizeof *id);
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    bram_axis *axis = NULL;
    if (!id || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "leaves%03zu", i + 1);
        id[i] = text[i];
    }
    BRAM_TRY(bram_axis_new(cx, &axis, "stimulus", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The pictures, into the dataset; values as stored (rounded to levels) into `out`. */
static int add_pictures(bram_ctx *cx, bram_dataset *ds, float *out, const bram_axis *stimulus,
                        uint64_t seed)
{
    bram_response *r = NULL;
    size_t size = SIDE * SIDE;
    int status = bram_pictures_new(cx, &r, "leaves", stimulus, SIDE, SIDE, 1);
    for (size_t i = 0; i < bram_axis_length(stimulus) && status == BRAM_OK; i++) {
        bram_image im = {SIDE, SIDE, 1, 8, out + i * size};
        bram_dead_leaves(im.values, SIDE, seed, i);
        status = bram_pictures_put(cx, r, i, &im, "leaves");
    }
    if (status == BRAM_OK)
        for (size_t k = 0; k < bram_response_count(r); k++)
            out[k] = (float)bram_response_u8(r)[k] / 255;
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "stimuli/images", r);
    bram_response_free(r);
    return status;
}

/* ---- units ---------------------------------------------------------------------------------- */

/* Weights of a unit: `even` alone (retina), or even and odd (v1). Sums of both are 0. */
static void make_unit(double *even, double *odd, bool v1, bram_rng *g)
{
    double row = SIDE * (0.25 + 0.5 * bram_rng_uniform(g));
    double col = SIDE * (0.25 + 0.5 * bram_rng_uniform(g));
    double cycles = bram_rng_below(g, 2) ? 8 : 4, theta = pi / 8 * (double)bram_rng_below(g, 8);
    if (v1) row = SIDE / cycles * (floor(row * cycles / SIDE) + 0.5);
    if (v1) col = SIDE / cycles * (floor(col * cycles / SIDE) + 0.5);
    double s = v1 ? 0.5622 * SIDE / cycles : 2, sum = 0, sum_even = 0, sum_odd = 0;
    for (size_t k = 0; k < SIDE * SIDE; k++) {
        double y = (double)(k / SIDE) + 0.5 - row, x = (double)(k % SIDE) + 0.5 - col;
        double r2 = x * x + y * y, envelope = exp(-r2 / (2 * s * s));
        double phase = 2 * pi * cycles / SIDE * (x * cos(theta) + y * sin(theta));
        even[k] = v1 ? envelope * cos(phase) : envelope / 4 - exp(-r2 / (8 * s * s)) / 16;
        odd[k] = v1 ? envelope * sin(phase) : 0;
        sum += envelope, sum_even += even[k], sum_odd += odd[k];
    }
    for (size_t k = 0; k < SIDE * SIDE; k++) {
        double y = (double)(k / SIDE) + 0.5 - row, x = (double)(k % SIDE) + 0.5 - col;
        double share = exp(-(x * x + y * y) / (2 * s * s)) / sum;
        even[k] -= share * sum_even, odd[k] -= share * sum_odd;
    }
}

/* Values of unit u to all pictures and repeats; returns its true reliability. */
static double fill_unit(float *out, double *signal, double *weight, const float *pictures, size_t n,
                        size_t units, size_t u, bool v1, uint64_t seed)
{
    bram_rng g = bram_rng_at(seed, v1 ? "simulate/pictures/v1" : "simulate/pictures/retina", u);
    double mean = 0, square = 0, *odd = weight + SIDE * SIDE;
    make_unit(weight, odd, v1, &g);
    for (size_t i = 0; i < n; i++) {
        double e = 0, o = 0;
        for (size_t k = 0; k < SIDE * SIDE; k++) {
            e += weight[k] * pictures[i * SIDE * SIDE + k];
            o += odd[k] * pictures[i * SIDE * SIDE + k];
        }
        signal[i] = v1 ? sqrt(e * e + o * o) : e;
        mean += signal[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) square += (signal[i] - mean) * (signal[i] - mean) / (double)n;
    double noise = NOISE * exp2(bram_rng_uniform(&g) - 0.5) * sqrt(square);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < REPEATS; k++)
            out[(i * units + u) * REPEATS + k] = (float)(signal[i] + noise * bram_rng_normal(&g));
    return square / (square + noise * noise / REPEATS);
}

static int name_units(bram_ctx *cx, bram_axis **out, size_t n, const double *reliability)
{
    const char **id = bram_scratch(cx, n, sizeof *id);
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    bram_axis *axis = NULL;
    if (!id || !text) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++) {
        snprintf(text[u], sizeof text[u], "unit%03zu", u + 1);
        id[u] = text[u];
    }
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, axis, "true_reliability", reliability, "1");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int add_area(bram_ctx *cx, bram_dataset *ds, const bram_axis *stimulus,
                    const float *pictures, size_t units, bool v1, uint64_t seed)
{
    size_t n = bram_axis_length(stimulus);
    double *reliability = bram_scratch(cx, units, sizeof *reliability);
    double *signal = bram_scratch(cx, n, sizeof *signal);
    double *weight = bram_scratch(cx, 2 * SIDE * SIDE, sizeof *weight);
    float *values = bram_scratch(cx, n * units * REPEATS, sizeof *values);
    if (!reliability || !signal || !weight || !values) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++)
        reliability[u] = fill_unit(values, signal, weight, pictures, n, units, u, v1, seed);
    bram_axis *unit = NULL, *repeat = NULL;
    bram_response *r = NULL;
    int status = name_units(cx, &unit, units, reliability);
    if (status == BRAM_OK) status = bram_axis_new(cx, &repeat, "repeat", REPEATS);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, v1 ? "v1" : "retina", BRAM_F32, 3,
                                   (const bram_axis *[]){stimulus, unit, repeat});
    bram_axis_free(unit);
    bram_axis_free(repeat);
    BRAM_TRY(status);
    float *out = bram_response_f32(r);
    for (size_t i = 0; i < n * units * REPEATS; i++) out[i] = values[i];
    status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

int bram_simulate_pictures(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    size_t n = full ? 1000 : 400, units = full ? 60 : 20, mark = bram_scratch_mark(cx);
    float *pictures = bram_scratch(cx, n * SIDE * SIDE, sizeof *pictures);
    bram_axis *table = NULL, *stimulus = NULL;
    int status = pictures ? name_stimuli(cx, &table, n) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, out, "stimuli", table);
    if (status == BRAM_OK) status = name_stimuli(cx, &stimulus, n);
    if (status == BRAM_OK) status = add_pictures(cx, out, pictures, stimulus, seed);
    if (status == BRAM_OK) status = add_area(cx, out, stimulus, pictures, units, false, seed);
    if (status == BRAM_OK) status = add_area(cx, out, stimulus, pictures, units, true, seed);
    bram_axis_free(stimulus);
    bram_scratch_release(cx, mark);
    return status;
}
