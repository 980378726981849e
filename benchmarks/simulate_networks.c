/*
 * simulate_networks.c - instances of one network that differ in part of their weights: layers are
 * known, so it is known which layer each dissimilarity matrix is of.
 *
 *   layer 0 = stimulus (a category's centre plus its own variation), WIDTH features
 *   layer k = tanh(GAIN W_k layer k-1),  W_k = sqrt(1 - OWN) shared + sqrt(OWN) the instance's own
 *
 * responses/layerNN holds an RDM (1 - Pearson correlation) for each instance: the task
 * "identification" adds noise and variation to them. After Lin & Kriegeskorte 2024, whose networks
 * were trained from ten seeds; here seeds are drawn, not trained.
 */
#include "linalg.h"
#include "rdm.h"
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 24, CATEGORIES = 6 };

static const double CENTRE = 0.8; /* deviation of the categories' centres */
static const double GAIN = 1.6;   /* of the weights */
static const double OWN = 0.15;   /* share of an instance's weights that is its own */

struct size {
    size_t stimuli, layers, instances;
};

static void draw_stimuli(double *x, size_t n, uint64_t seed)
{
    double centre[CATEGORIES][WIDTH];
    bram_rng g = bram_rng_new(seed, "simulate/networks/stimuli");
    for (size_t c = 0; c < CATEGORIES; c++)
        for (size_t k = 0; k < WIDTH; k++) centre[c][k] = CENTRE * bram_rng_normal(&g);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < WIDTH; k++)
            x[i * WIDTH + k] = centre[i % CATEGORIES][k] + bram_rng_normal(&g);
}

/* One layer of one instance, from the layer before. */
static void next_layer(double *out, const double *in, size_t n, size_t layer, size_t instance,
                       uint64_t seed)
{
    double weight[WIDTH][WIDTH];
    bram_rng shared = bram_rng_at(seed, "simulate/networks/shared", layer);
    bram_rng own = bram_rng_at(seed, "simulate/networks/own", layer * 1000 + instance);
    for (size_t k = 0; k < WIDTH; k++)
        for (size_t j = 0; j < WIDTH; j++) {
            double common = sqrt(1 - OWN) * bram_rng_normal(&shared);
            weight[k][j] = GAIN / sqrt(WIDTH) * (common + sqrt(OWN) * bram_rng_normal(&own));
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < WIDTH; j++) {
            double sum = 0;
            for (size_t k = 0; k < WIDTH; k++) sum += in[i * WIDTH + k] * weight[k][j];
            out[i * WIDTH + j] = tanh(sum);
        }
}

static int put_rdm(bram_ctx *cx, double *square, double *x, size_t n)
{
    bram_side side = {.values = {x, n, WIDTH, WIDTH}};
    double *pairs = NULL;
    BRAM_TRY(bram_rdm_new(cx, &pairs, &side, BRAM_RDM_CORRELATION));
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++) square[i * n + j] = square[j * n + i] = pairs[k];
    bram_free(pairs);
    return BRAM_OK;
}

/* rdm: layers x instances x stimuli x stimuli. */
static int run_networks(bram_ctx *cx, double *rdm, const struct size *size, uint64_t seed)
{
    size_t n = size->stimuli;
    double *x[2] = {bram_scratch(cx, n * WIDTH, sizeof(double)),
                    bram_scratch(cx, n * WIDTH, sizeof(double))};
    if (!x[0] || !x[1]) return BRAM_ENOMEM;
    for (size_t s = 0; s < size->instances; s++) {
        draw_stimuli(x[0], n, seed);
        for (size_t k = 0; k < size->layers; k++) {
            next_layer(x[(k + 1) % 2], x[k % 2], n, k, s, seed);
            BRAM_TRY(put_rdm(cx, rdm + (k * size->instances + s) * n * n, x[(k + 1) % 2], n));
        }
    }
    return BRAM_OK;
}

static int named_axis(bram_ctx *cx, bram_axis **out, const char *axis_name, const char *stem,
                      size_t n)
{
    char(*text)[32] = bram_scratch(cx, n, sizeof *text);
    const char **id = bram_scratch(cx, n, sizeof *id);
    bram_axis *axis = NULL;
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "%s%02zu", stem, i + 1);
        id[i] = text[i];
    }
    BRAM_TRY(bram_axis_new(cx, &axis, axis_name, n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int add_layer(bram_ctx *cx, bram_dataset *ds, const bram_axis *const *axes,
                     const double *values, size_t layer)
{
    char name[32];
    bram_response *r = NULL;
    snprintf(name, sizeof name, "layer%02zu", layer + 1);
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 3, axes));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    int status = bram_attrs_set_text(cx, bram_response_attrs(r), "kind", "rdm");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "1");
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, "responses", r);
    bram_response_free(r);
    return status;
}

static int make_all(bram_ctx *cx, bram_dataset *ds, const struct size *size, bram_axis **axis,
                    uint64_t seed)
{
    size_t n = size->stimuli, each = size->instances * n * n;
    double *rdm = bram_scratch(cx, size->layers * each, sizeof *rdm);
    if (!rdm) return BRAM_ENOMEM;
    BRAM_TRY(run_networks(cx, rdm, size, seed));
    BRAM_TRY(named_axis(cx, &axis[0], "subject", "instance", size->instances));
    BRAM_TRY(named_axis(cx, &axis[1], "stimulus", "stimulus", n));
    BRAM_TRY(named_axis(cx, &axis[2], "stimulus_2", "stimulus", n));
    BRAM_TRY(named_axis(cx, &axis[3], "stimulus", "stimulus", n));
    bram_axis *table = axis[3];
    axis[3] = NULL; /* the dataset's */
    BRAM_TRY(bram_dataset_add_table(cx, ds, "stimuli", table));
    for (size_t k = 0; k < size->layers; k++)
        BRAM_TRY(add_layer(cx, ds, (const bram_axis *const *)axis, rdm + k * each, k));
    return BRAM_OK;
}

int bram_simulate_networks(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size size = {full ? 62 : 24, full ? 10 : 5, full ? 10 : 8};
    size_t mark = bram_scratch_mark(cx);
    bram_axis *axis[4] = {0};
    int status = make_all(cx, out, &size, axis, seed);
    for (size_t i = 0; i < 4; i++) bram_axis_free(axis[i]);
    bram_scratch_release(cx, mark);
    return status;
}
