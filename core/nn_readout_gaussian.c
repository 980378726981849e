/*
 * nn_readout_gaussian.c - a unit reads the channels at one place of the map, which is learned; see
 * nn_readout.h.
 *
 *   y_j = b_j + sum_c w_jc x_c(z_j),  z_j = mu_j + Sigma_j eps,  eps ~ N(0, I), clamped to [-1, 1]
 *
 * In training a place is drawn for each unit and image, so that a unit looks around as far as
 * Sigma_j lets it and gradients of mu and Sigma come from the bilinear weights; otherwise it looks
 * at mu_j. A clamped coordinate has no gradient. Source: Lurz et al. 2021 (ICLR, "Generalization in
 * data-driven models of primary visual cortex"). First values of mu and Sigma are uniform, as in
 * neuralpredictors; those of w are 0 instead of 1 / channels, as weights of the wrong sign drive mu
 * away from where the unit looks before they turn.
 */
#include "nn_readout_private.h"
#include "nn_sample.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

/* Tensors, in their order in the parameters. */
struct places {
    bram_real *mu, *sigma, *features, *bias;
};

static size_t spreads(const bram_nn_readout *s)
{
    return s->spread == BRAM_SPREAD_FULL ? 4 : s->spread == BRAM_SPREAD_DIAGONAL ? 2 : 1;
}

static struct places at(const bram_nn_readout *s, const bram_real *w)
{
    struct places p = {.mu = (bram_real *)(uintptr_t)w};
    p.sigma = p.mu + 2 * s->units;
    p.features = p.sigma + spreads(s) * s->units;
    p.bias = p.features + s->units * s->channels;
    return p;
}

static size_t tensors(const bram_nn_readout *s, bram_nn_tensor *tensor)
{
    tensor[0] = (bram_nn_tensor){"mu", s->units, 2};
    tensor[1] = (bram_nn_tensor){"sigma", s->units, spreads(s)};
    tensor[2] = (bram_nn_tensor){"features", s->units, s->channels};
    tensor[3] = (bram_nn_tensor){"bias", s->units, 0};
    return 4;
}

static void start(const bram_nn_readout *s, bram_real *w, uint64_t seed)
{
    struct places p = at(s, w);
    bram_rng g = bram_rng_new(seed, "readout/gaussian");
    for (size_t i = 0; i < 2 * s->units; i++)
        p.mu[i] = (bram_real)(s->place_range * (2 * bram_rng_uniform(&g) - 1));
    for (size_t i = 0; i < spreads(s) * s->units; i++)
        p.sigma[i] = (bram_real)(s->deviation * (2 * bram_rng_uniform(&g) - 1));
    memset(p.features, 0, s->units * (s->channels + 1) * sizeof *p.features); /* bias, too */
}

/* ---- places --------------------------------------------------------------------------------- */

/* Trace: eps and the place before clamping, four numbers for each row and unit. */
static size_t trace_size(const bram_nn_readout *s)
{
    return 4 * s->batch * s->units;
}

static size_t room_size(const bram_nn_readout *s)
{
    (void)s;
    return 0;
}

/* Sigma of a unit as a 2 x 2 matrix, row-major. */
static void matrix_of(const bram_nn_readout *s, const struct places *p, size_t unit,
                      bram_real out[4])
{
    const bram_real *v = p->sigma + spreads(s) * unit;
    out[0] = v[0], out[1] = out[2] = 0, out[3] = s->spread == BRAM_SPREAD_ISOTROPIC ? v[0] : v[1];
    if (s->spread == BRAM_SPREAD_FULL) memcpy(out, v, 4 * sizeof *out);
}

static void draw_places(const bram_nn_readout *s, const struct places *p, size_t row, bram_real *to)
{
    bram_rng g = bram_rng_at(s->seed, "readout/places", s->draw + row);
    for (size_t j = 0; j < s->units; j++, to += 4) {
        bram_real m[4];
        matrix_of(s, p, j, m);
        to[0] = s->training ? (bram_real)bram_rng_normal(&g) : 0;
        to[1] = s->training ? (bram_real)bram_rng_normal(&g) : 0;
        to[2] = p->mu[2 * j] + m[0] * to[0] + m[1] * to[1];
        to[3] = p->mu[2 * j + 1] + m[2] * to[0] + m[3] * to[1];
    }
}

static bram_real clamp(bram_real v)
{
    return v < -1 ? -1 : v > 1 ? 1 : v;
}

/* ---- forward and back ----------------------------------------------------------------------- */

static void forward(const bram_nn_readout *s, const bram_real *w, bram_real *y, const bram_real *x,
                    bram_real *trace)
{
    struct places p = at(s, w);
    size_t c = s->channels;
    for (size_t b = 0; b < s->batch; b++, x += s->height * s->width * c) {
        bram_real *place = trace + 4 * b * s->units;
        draw_places(s, &p, b, place);
        for (size_t j = 0; j < s->units; j++, place += 4) {
            BRAM_NN(corners) k;
            bram_real sum = p.bias[j];
            BRAM_NN(sample)(&k, clamp(place[2]), clamp(place[3]), s->height, s->width);
            for (size_t i = 0; i < 4; i++)
                if (k.weight[i] != 0)
                    sum += k.weight[i] * BRAM_NN(dot)(p.features + j * c, x + k.at[i] * c, c);
            y[b * s->units + j] = sum;
        }
    }
}

/* The gradient of mu and Sigma from that of the place. */
static void place_back(const bram_nn_readout *s, const struct places *d, size_t unit,
                       const bram_real *place, bram_real dx, bram_real dy)
{
    bram_real *sigma = d->sigma + spreads(s) * unit;
    if (!(place[2] >= -1 && place[2] <= 1)) dx = 0;
    if (!(place[3] >= -1 && place[3] <= 1)) dy = 0;
    d->mu[2 * unit] += dx, d->mu[2 * unit + 1] += dy;
    switch (s->spread) {
    case BRAM_SPREAD_FULL:
        sigma[0] += dx * place[0], sigma[1] += dx * place[1];
        sigma[2] += dy * place[0], sigma[3] += dy * place[1];
        break;
    case BRAM_SPREAD_DIAGONAL:
        sigma[0] += dx * place[0], sigma[1] += dy * place[1];
        break;
    case BRAM_SPREAD_ISOTROPIC:
        sigma[0] += dx * place[0] + dy * place[1];
        break;
    }
}

static void unit_back(const bram_nn_readout *s, const struct places *p, const struct places *d,
                      size_t unit, const bram_real *place, bram_real dy, const bram_real *x,
                      bram_real *dx)
{
    size_t c = s->channels;
    const bram_real *weight = p->features + unit * c;
    bram_real by_x = 0, by_y = 0;
    BRAM_NN(corners) k;
    BRAM_NN(sample)(&k, clamp(place[2]), clamp(place[3]), s->height, s->width);
    d->bias[unit] += dy;
    for (size_t i = 0; i < 4; i++) {
        const bram_real *token = x + k.at[i] * c;
        if (k.weight[i] == 0 && k.by_x[i] == 0 && k.by_y[i] == 0) continue;
        bram_real told = BRAM_NN(dot)(weight, token, c);
        by_x += k.by_x[i] * told, by_y += k.by_y[i] * told;
        BRAM_NN(add_scaled)(d->features + unit * c, token, dy * k.weight[i], c);
        if (dx) BRAM_NN(add_scaled)(dx + k.at[i] * c, weight, dy * k.weight[i], c);
    }
    place_back(s, d, unit, place, dy * by_x, dy * by_y);
}

static void backward(const bram_nn_readout *s, const bram_real *w, bram_real *grad, bram_real *dx,
                     const bram_real *dy, const bram_real *x, bram_real *trace, bram_real *room)
{
    struct places p = at(s, w), d = at(s, grad);
    size_t row = s->height * s->width * s->channels;
    (void)room;
    if (dx) memset(dx, 0, s->batch * row * sizeof *dx);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t j = 0; j < s->units; j++)
            unit_back(s, &p, &d, j, trace + 4 * (b * s->units + j), dy[b * s->units + j],
                      x + b * row, dx ? dx + b * row : NULL);
}

/* ---- penalties, limits, maps ---------------------------------------------------------------- */

static double penalty(const bram_nn_readout *s, const bram_real *w, bram_real *grad)
{
    return BRAM_NN(l1)(at(s, w).features, grad ? at(s, grad).features : NULL,
                       s->units * s->channels, s->l1_features, s->units);
}

static void constrain(const bram_nn_readout *s, bram_real *w)
{
    for (size_t i = 0; i < 2 * s->units; i++) w[i] = clamp(w[i]);
}

/* The density of z at the positions, as shares of their sum. Half a step between positions stands
 * under the square root of each variance, so that a narrow unit still has a place. */
static void unit_map(const bram_nn_readout *s, const struct places *p, size_t unit, bram_real *map)
{
    bram_real m[4];
    matrix_of(s, p, unit, m);
    double half_x = s->width > 1 ? 1 / (double)(s->width - 1) : 1;
    double half_y = s->height > 1 ? 1 / (double)(s->height - 1) : 1, sum = 0;
    double a = (double)(m[0] * m[0] + m[1] * m[1]) + half_x * half_x;
    double c = (double)(m[2] * m[2] + m[3] * m[3]) + half_y * half_y;
    double b = (double)(m[0] * m[2] + m[1] * m[3]), det = a * c - b * b;
    for (size_t i = 0; i < s->height * s->width; i++) {
        double x = (double)(BRAM_NN(coordinate)(i % s->width, s->width) - p->mu[2 * unit]);
        double y = (double)(BRAM_NN(coordinate)(i / s->width, s->height) - p->mu[2 * unit + 1]);
        double density = exp(-(c * x * x - 2 * b * x * y + a * y * y) / det / 2);
        map[i] = (bram_real)density, sum += density;
    }
    for (size_t i = 0; sum > 0 && i < s->height * s->width; i++)
        map[i] = (bram_real)((double)map[i] / sum);
}

static void map(const bram_nn_readout *s, const bram_real *w, bram_real *out)
{
    struct places p = at(s, w);
    for (size_t j = 0; j < s->units; j++) unit_map(s, &p, j, out + j * s->height * s->width);
}

const BRAM_NN(readout) BRAM_NN(readout_gaussian) = {
    .name = "gaussian",
    .tensors = tensors,
    .start = start,
    .trace = trace_size,
    .room = room_size,
    .forward = forward,
    .backward = backward,
    .penalty = penalty,
    .constrain = constrain,
    .map = map,
};
