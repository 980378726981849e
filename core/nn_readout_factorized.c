/*
 * nn_readout_factorized.c - a unit is a map over positions times weights of channels; see
 * nn_readout.h.
 *
 *   a_jr = M_jr X (channels), y_j = b_j + sum_r w_jr . a_jr
 *
 * One product of matrices a row of the batch; a is formed again on the way back, so that no more
 * than one row's is in memory. Source: Klindt, Ecker, Euler & Bethge 2017 (NeurIPS): non-negative
 * maps, L1 on maps and weights. mask=softmax is the readout `spatial_feature` of Adeli et al. 2025
 * (arXiv 2505.17329), a map for each unit.
 */
#include "nn_act.h"
#include "nn_layer.h"
#include "nn_packed.h"
#include "nn_readout_private.h"
#include "nn_sample.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static size_t positions(const bram_nn_readout *s)
{
    return s->height * s->width;
}

static size_t rows(const bram_nn_readout *s)
{
    return s->units * s->terms;
}

/* ---- layout --------------------------------------------------------------------------------- */

void BRAM_NN(factors_tensors)(const bram_nn_readout *s, bram_nn_tensor *tensor)
{
    tensor[0] = (bram_nn_tensor){"mask", rows(s), positions(s)};
    tensor[1] = (bram_nn_tensor){"features", rows(s), s->channels};
    tensor[2] = (bram_nn_tensor){"bias", s->units, 0};
}

size_t BRAM_NN(factors_size)(const bram_nn_readout *s)
{
    return rows(s) * (positions(s) + s->channels) + s->units;
}

BRAM_NN(factors) BRAM_NN(factors_at)(const bram_nn_readout *s, const bram_real *w)
{
    bram_real *mask = (bram_real *)(uintptr_t)w, *features = mask + rows(s) * positions(s);
    return (BRAM_NN(factors)){mask, features, features + rows(s) * s->channels};
}

/* Maps look everywhere and weights are 0: these take their signs first, and maps then learn where
 * to look. The other way round a map that weights of the wrong sign drive below 0 would never come
 * back. */
void BRAM_NN(factors_start)(const bram_nn_readout *s, bram_real *w, uint64_t seed)
{
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w);
    bram_rng g = bram_rng_new(seed, "readout/factorized");
    double even = 1 / sqrt((double)positions(s));
    for (size_t i = 0; i < rows(s) * positions(s); i++) {
        double part = 0.5 + bram_rng_uniform(&g);
        f.mask[i] = (bram_real)(s->mask == BRAM_MASK_SOFTMAX ? part - 1 : even * part);
    }
    memset(f.features, 0, (rows(s) * s->channels + s->units) * sizeof *f.features);
}

size_t BRAM_NN(factors_trace)(const bram_nn_readout *s)
{
    size_t maps = s->mask == BRAM_MASK_SOFTMAX ? positions(s) : 0;
    return rows(s) * (s->channels + maps);
}

size_t BRAM_NN(factors_room)(const bram_nn_readout *s)
{
    return BRAM_NN(factors_trace)(s);
}

/* The maps themselves. */
static const bram_real *maps_of(const bram_nn_readout *s, const bram_real *w,
                                const bram_real *trace)
{
    return s->mask == BRAM_MASK_SOFTMAX ? trace + rows(s) * s->channels
                                        : BRAM_NN(factors_at)(s, w).mask;
}

/* ---- the way forward ------------------------------------------------------------------------ */

void BRAM_NN(factors_begin)(const bram_nn_readout *s, const bram_real *w, bram_real *trace)
{
    if (s->mask == BRAM_MASK_SOFTMAX) BRAM_NN(softmax)
    (trace + rows(s) * s->channels, BRAM_NN(factors_at)(s, w).mask, rows(s), positions(s), false);
}

/* What the maps pool. */
static void pool(const bram_nn_readout *s, const bram_real *w, const bram_real *x, bram_real *trace)
{
    size_t p = positions(s), c = s->channels;
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){trace, maps_of(s, w, trace), x, c, p, c, BRAM_AS_IS, BRAM_AS_IS, rows(s),
                         c, p, 1, NULL});
}

void BRAM_NN(factors_row)(const bram_nn_readout *s, const bram_real *w, bram_real *y,
                          const bram_real *x, bram_real *trace)
{
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w);
    size_t c = s->channels;
    pool(s, w, x, trace);
    for (size_t j = 0; j < s->units; j++) {
        y[j] = f.bias[j];
        for (size_t r = j * s->terms; r < (j + 1) * s->terms; r++)
            y[j] += BRAM_NN(dot)(f.features + r * c, trace + r * c, c);
    }
}

static void forward(const bram_nn_readout *s, const bram_real *w, bram_real *y, const bram_real *x,
                    bram_real *trace)
{
    BRAM_NN(factors_begin)(s, w, trace);
    for (size_t b = 0; b < s->batch; b++)
        BRAM_NN(factors_row)(s, w, y + b * s->units, x + b * positions(s) * s->channels, trace);
}

/* ---- the way back --------------------------------------------------------------------------- */

/* Room: gradients of a, then those of softmax's maps. */
void BRAM_NN(factors_back_begin)(const bram_nn_readout *s, bram_real *room)
{
    memset(room, 0, BRAM_NN(factors_room)(s) * sizeof *room);
}

void BRAM_NN(factors_row_back)(const bram_nn_readout *s, const bram_real *w, bram_real *grad,
                               bram_real *dx, const bram_real *dy, const bram_real *x,
                               bram_real *trace, bram_real *room)
{
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w), d = BRAM_NN(factors_at)(s, grad);
    size_t p = positions(s), c = s->channels;
    bram_real *dmask = s->mask == BRAM_MASK_SOFTMAX ? room + rows(s) * c : d.mask;
    pool(s, w, x, trace);
    for (size_t j = 0; j < s->units; j++) {
        d.bias[j] += dy[j];
        for (size_t r = j * s->terms; r < (j + 1) * s->terms; r++) {
            BRAM_NN(add_scaled)(d.features + r * c, trace + r * c, dy[j], c);
            for (size_t k = 0; k < c; k++) room[r * c + k] = dy[j] * f.features[r * c + k];
        }
    }
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dmask, room, x, p, c, c, BRAM_AS_IS, BRAM_TRANSPOSED, rows(s), p, c, 1,
                         dmask});
    if (dx) BRAM_NN(multiply)
    (&(BRAM_NN(product)){dx, maps_of(s, w, trace), room, c, p, c, BRAM_TRANSPOSED, BRAM_AS_IS, p, c,
                         rows(s), 1, NULL});
}

void BRAM_NN(factors_back_end)(const bram_nn_readout *s, bram_real *grad, const bram_real *trace,
                               bram_real *room)
{
    size_t n = rows(s) * positions(s);
    if (s->mask != BRAM_MASK_SOFTMAX) return;
    bram_real *d = room + rows(s) * s->channels;
    BRAM_NN(softmax_back)(d, d, trace + rows(s) * s->channels, rows(s), positions(s), false);
    BRAM_NN(add)(BRAM_NN(factors_at)(s, grad).mask, d, n);
}

static void backward(const bram_nn_readout *s, const bram_real *w, bram_real *grad, bram_real *dx,
                     const bram_real *dy, const bram_real *x, bram_real *trace, bram_real *room)
{
    size_t row = positions(s) * s->channels;
    BRAM_NN(factors_back_begin)(s, room);
    for (size_t b = 0; b < s->batch; b++) BRAM_NN(factors_row_back)
    (s, w, grad, dx ? dx + b * row : NULL, dy + b * s->units, x + b * row, trace, room);
    BRAM_NN(factors_back_end)(s, grad, trace, room);
}

/* ---- penalties, limits, maps ---------------------------------------------------------------- */

double BRAM_NN(factors_penalty)(const bram_nn_readout *s, const bram_real *w, bram_real *grad)
{
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w), d = {NULL, NULL, NULL};
    if (grad) d = BRAM_NN(factors_at)(s, grad);
    double sum = BRAM_NN(l1)(f.features, d.features, rows(s) * s->channels, s->l1_features,
                             s->units);
    if (s->mask != BRAM_MASK_SOFTMAX) /* its maps sum to 1 anyway */
        sum += BRAM_NN(l1)(f.mask, d.mask, rows(s) * positions(s), s->l1_space, s->units);
    return sum;
}

void BRAM_NN(factors_constrain)(const bram_nn_readout *s, bram_real *w)
{
    bram_real *mask = BRAM_NN(factors_at)(s, w).mask;
    for (size_t i = 0; s->mask == BRAM_MASK_NONNEGATIVE && i < rows(s) * positions(s); i++)
        if (mask[i] < 0) mask[i] = 0;
}

/* The terms' maps, each counting by the length of its weights. */
void BRAM_NN(factors_map)(const bram_nn_readout *s, const bram_real *w, bram_real *map)
{
    BRAM_NN(factors) f = BRAM_NN(factors_at)(s, w);
    size_t p = positions(s), c = s->channels;
    memset(map, 0, s->units * p * sizeof *map);
    for (size_t r = 0; r < rows(s); r++) {
        const bram_real *logit = f.mask + r * p, *weight = f.features + r * c;
        bram_real *out = map + r / s->terms * p;
        double length = sqrt((double)BRAM_NN(dot)(weight, weight, c)), most = (double)logit[0],
               sum = 0;
        if (s->mask != BRAM_MASK_SOFTMAX) {
            BRAM_NN(add_scaled)(out, logit, (bram_real)length, p);
            continue;
        }
        for (size_t i = 0; i < p; i++) most = fmax(most, (double)logit[i]);
        for (size_t i = 0; i < p; i++) sum += exp((double)logit[i] - most);
        for (size_t i = 0; i < p; i++)
            out[i] += (bram_real)(length * exp((double)logit[i] - most) / sum);
    }
}

static size_t tensors(const bram_nn_readout *s, bram_nn_tensor *tensor)
{
    BRAM_NN(factors_tensors)(s, tensor);
    return BRAM_NN_FACTORS;
}

const BRAM_NN(readout) BRAM_NN(readout_factorized) = {
    .name = "factorized",
    .tensors = tensors,
    .start = BRAM_NN(factors_start),
    .trace = BRAM_NN(factors_trace),
    .room = BRAM_NN(factors_room),
    .forward = forward,
    .backward = backward,
    .penalty = BRAM_NN(factors_penalty),
    .constrain = BRAM_NN(factors_constrain),
    .map = BRAM_NN(factors_map),
};
