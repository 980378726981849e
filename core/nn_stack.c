/*
 * nn_stack.c - convolutions and a readout, forward and backward; see nn_stack.h.
 *
 * A step goes through the parts of a batch as often as their sums must be known to all: once for
 * each layer forward, once for the readout, once for each layer backward.
 */
#include "nn_stack.h"

#include "nn_act.h"
#include "nn_layer.h"
#include "nn_loss.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static const double eps = 1e-5, momentum = 0.1;

/* ---- plans ---------------------------------------------------------------------------------- */

static size_t map_of(const bram_nn_conv *c)
{
    return bram_conv_high(c) * bram_conv_wide(c) * c->out;
}

bool BRAM_NN(stack_plan)(BRAM_NN(stack) * s)
{
    size_t at = 0;
    s->running = 0;
    for (size_t l = 0; l < s->layers; l++) {
        bram_nn_conv *c = &s->conv[l];
        if (l) {
            c->height = bram_conv_high(&s->conv[l - 1]), c->width = bram_conv_wide(&s->conv[l - 1]);
            c->in = s->conv[l - 1].out;
        }
        if (!bram_conv_high(c) || !bram_conv_wide(c)) return false;
        s->at[l].weight = at;
        s->at[l].gain = at += c->out * c->side * c->side * c->in;
        s->at[l].offset = at += c->out;
        at += c->out;
        s->running += 2 * c->out;
    }
    const bram_nn_conv *last = &s->conv[s->layers - 1];
    s->shape.height = bram_conv_high(last), s->shape.width = bram_conv_wide(last);
    s->shape.channels = last->out;
    s->shape.batch = BRAM_STACK_PART;
    s->head = at;
    s->parameters = at + BRAM_NN(readout_parameters)(s->readout, &s->shape);
    return true;
}

void BRAM_NN(stack_start)(const BRAM_NN(stack) * s, bram_real *w, bram_real *running, uint64_t seed)
{
    for (size_t l = 0; l < s->layers; l++) {
        const bram_nn_conv *c = &s->conv[l];
        size_t fan = c->side * c->side * c->in;
        bram_rng g = bram_rng_at(seed, "stack/weights", l);
        for (size_t i = 0; i < c->out * fan; i++)
            w[s->at[l].weight + i] = (bram_real)(bram_rng_normal(&g) * sqrt(2 / (double)fan));
        for (size_t i = 0; i < c->out; i++, running++) {
            w[s->at[l].gain + i] = 1, w[s->at[l].offset + i] = 0;
            running[0] = 0, running[c->out] = 1;
        }
        running += c->out;
    }
    s->readout->start(&s->shape, w + s->head, seed);
}

/* ---- room ----------------------------------------------------------------------------------- */

/* Of one part: what it alone writes. */
struct part {
    bram_real *patches, *before, *trace, *back, *out, *dout, *grad;
    double *sum, *square; /* of a layer's channels */
    double loss;
};

enum { MOST_CHANNELS = 1024 };

/* Of a batch. Arrays of maps hold the batch's pictures one after the other. */
struct pass {
    const BRAM_NN(stack) * s;
    const bram_real *w;
    const BRAM_NN(batch) * batch;
    size_t parts, layer;
    bram_real *conv[BRAM_STACK_LAYERS], *act[BRAM_STACK_LAYERS]; /* maps: of the convolution, after
                                                                    ELU */
    bram_real *slope[2];                                         /* gradients of maps, in turn */
    BRAM_NN(norm) norm[BRAM_STACK_LAYERS];
    double *sum, *square; /* of all parts */
    struct part *part;
    bram_real *y; /* of a prediction */
};

struct arena {
    bram_real *base;
    size_t used;
};

static bram_real *take(struct arena *a, size_t n)
{
    enum { LINE = 16 };
    bram_real *at = a->base ? a->base + a->used : NULL;
    a->used += (n + LINE - 1) / LINE * LINE;
    return at;
}

static size_t most(const BRAM_NN(stack) * s, size_t (*of)(const bram_nn_conv *))
{
    size_t n = 0;
    for (size_t l = 0; l < s->layers; l++)
        if (of(&s->conv[l]) > n) n = of(&s->conv[l]);
    return n;
}

static size_t channels_of(const bram_nn_conv *c)
{
    return c->out;
}

/* Doubles out of the arena. */
static double *take_doubles(struct arena *a, size_t n)
{
    return (double *)(void *)take(a, n * (sizeof(double) / sizeof(bram_real)));
}

/* The same calls count the numbers and, with a base, say where they are. */
static void lay_out(struct arena *a, struct pass *p, const BRAM_NN(stack) * s, size_t count)
{
    size_t parts = (count + BRAM_STACK_PART - 1) / BRAM_STACK_PART, map = most(s, map_of);
    size_t channels = most(s, channels_of);
    p->s = s, p->parts = parts;
    p->part = (struct part *)(void *)take(a, parts * (sizeof(struct part) / sizeof(bram_real) + 1));
    for (size_t l = 0; l < s->layers; l++) {
        p->conv[l] = take(a, count * map_of(&s->conv[l]));
        p->act[l] = take(a, count * map_of(&s->conv[l]));
        p->norm[l].mean = take(a, channels);
        p->norm[l].scale = take(a, channels);
    }
    for (size_t k = 0; k < 2; k++) p->slope[k] = take(a, count * map);
    p->sum = take_doubles(a, channels);
    p->square = take_doubles(a, channels);
    for (size_t k = 0; k < parts; k++) {
        struct part one = {.patches = take(a, 2 * most(s, bram_conv_room)),
                           .before = take(a, BRAM_STACK_PART * map),
                           .trace = take(a, s->readout->trace(&s->shape)),
                           .back = take(a, s->readout->room(&s->shape)),
                           .out = take(a, BRAM_STACK_PART * s->shape.units),
                           .dout = take(a, BRAM_STACK_PART * s->shape.units),
                           .grad = take(a, s->parameters),
                           .sum = take_doubles(a, channels),
                           .square = take_doubles(a, channels)};
        if (a->base) p->part[k] = one;
    }
}

size_t BRAM_NN(stack_room)(const BRAM_NN(stack) * s, size_t count)
{
    struct arena a = {0};
    struct pass p;
    lay_out(&a, &p, s, count);
    return a.used;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static size_t first_of(size_t part)
{
    return part * BRAM_STACK_PART;
}

static size_t count_of(const struct pass *p, size_t part)
{
    size_t left = p->batch->count - first_of(part);
    return left < BRAM_STACK_PART ? left : BRAM_STACK_PART;
}

/* Positions of so many maps of a layer. */
static size_t places_of(const bram_nn_conv *c, size_t count)
{
    return bram_conv_high(c) * bram_conv_wide(c) * count;
}

static void normalize_and_act(const struct pass *p, size_t l, size_t part)
{
    const bram_nn_conv *c = &p->s->conv[l];
    size_t at = first_of(part) * map_of(c), rows = places_of(c, count_of(p, part));
    bram_real *before = p->part[part].before;
    BRAM_NN(normalize)
    (before, p->conv[l] + at, &p->norm[l], p->w + p->s->at[l].gain, p->w + p->s->at[l].offset, rows,
     c->out);
    BRAM_NN(act)(p->act[l] + at, before, rows * c->out, BRAM_ACT_ELU);
}

static void convolve(const struct pass *p, size_t l, size_t part)
{
    const bram_nn_conv *c = &p->s->conv[l];
    size_t first = first_of(part);
    const bram_real *x = l ? p->act[l - 1] + first * map_of(&p->s->conv[l - 1])
                           : p->batch->x + first * c->height * c->width * c->in;
    BRAM_NN(conv)
    (c, p->conv[l] + first * map_of(c), x, p->w + p->s->at[l].weight, count_of(p, part),
     p->part[part].patches);
}

/* One layer of a part, up to its sums. A bram_task_fn. */
static int forward_part(bram_ctx *cx, size_t part, void *user)
{
    const struct pass *p = user;
    const bram_nn_conv *c = &p->s->conv[p->layer];
    struct part *own = &p->part[part];
    (void)cx;
    if (p->layer) normalize_and_act(p, p->layer - 1, part);
    convolve(p, p->layer, part);
    memset(own->sum, 0, c->out * sizeof *own->sum);
    memset(own->square, 0, c->out * sizeof *own->square);
    BRAM_NN(norm_sums)
    (own->sum, own->square, p->conv[p->layer] + first_of(part) * map_of(c),
     places_of(c, count_of(p, part)), c->out);
    return BRAM_OK;
}

/* Sums of the parts, in their order. */
static void add_sums(const struct pass *p, size_t channels)
{
    memset(p->sum, 0, channels * sizeof *p->sum);
    memset(p->square, 0, channels * sizeof *p->square);
    for (size_t k = 0; k < p->parts; k++)
        for (size_t c = 0; c < channels; c++)
            p->sum[c] += p->part[k].sum[c], p->square[c] += p->part[k].square[c];
}

static bram_nn_readout shape_of(const struct pass *p, size_t part, bool training)
{
    bram_nn_readout shape = p->s->shape;
    shape.batch = count_of(p, part);
    shape.training = training;
    shape.draw = p->batch->draw + first_of(part);
    return shape;
}

/* From the slope of the last map to the sums that its normalization needs. */
static void begin_back(const struct pass *p, size_t l, size_t part)
{
    const bram_nn_conv *c = &p->s->conv[l];
    struct part *own = &p->part[part];
    size_t at = first_of(part) * map_of(c), rows = places_of(c, count_of(p, part));
    bram_real *slope = p->slope[l % 2] + at;
    BRAM_NN(normalize)
    (own->before, p->conv[l] + at, &p->norm[l], p->w + p->s->at[l].gain, p->w + p->s->at[l].offset,
     rows, c->out);
    BRAM_NN(act_back)(slope, slope, own->before, p->act[l] + at, rows * c->out, BRAM_ACT_ELU);
    memset(own->sum, 0, c->out * sizeof *own->sum);
    memset(own->square, 0, c->out * sizeof *own->square);
    BRAM_NN(norm_back_sums)
    (own->sum, own->square, slope, p->conv[l] + at, &p->norm[l], rows, c->out);
}

/* The last map, the readout, the loss and the readout's way back. A bram_task_fn. */
static int read_part(bram_ctx *cx, size_t part, void *user)
{
    const struct pass *p = user;
    const BRAM_NN(stack) *s = p->s;
    struct part *own = &p->part[part];
    size_t last = s->layers - 1, units = s->shape.units, first = first_of(part);
    size_t n = count_of(p, part) * units;
    const bram_real *map = p->act[last] + first * map_of(&s->conv[last]), *w = p->w + s->head;
    bram_real *slope = p->slope[last % 2] + first * map_of(&s->conv[last]);
    bram_nn_readout shape = shape_of(p, part, true);
    (void)cx;
    normalize_and_act(p, last, part);
    s->readout->forward(&shape, w, own->out, map, own->trace);
    own->loss = p->batch->scale *
                BRAM_NN(loss)(own->dout, own->out, p->batch->y + first * units,
                              p->batch->mask ? p->batch->mask + first * units : NULL, n,
                              BRAM_LOSS_MSE, 0, p->batch->scale);
    memset(own->grad, 0, s->parameters * sizeof *own->grad);
    s->readout->backward(&shape, w, own->grad + s->head, slope, own->dout, map, own->trace,
                         own->back);
    begin_back(p, last, part);
    return BRAM_OK;
}

/* From the sums of a layer to the slope of what went into it. A bram_task_fn. */
static int back_part(bram_ctx *cx, size_t part, void *user)
{
    const struct pass *p = user;
    size_t l = p->layer, first = first_of(part), count = count_of(p, part);
    const bram_nn_conv *c = &p->s->conv[l];
    bram_real *slope = p->slope[l % 2] + first * map_of(c);
    (void)cx;
    BRAM_NN(norm_back)
    (slope, slope, p->conv[l] + first * map_of(c), &p->norm[l], p->w + p->s->at[l].gain, p->sum,
     p->square, places_of(c, p->batch->count), places_of(c, count), c->out);
    const bram_real *x = l ? p->act[l - 1] + first * map_of(&p->s->conv[l - 1])
                           : p->batch->x + first * c->height * c->width * c->in;
    bram_real *dx = l ? p->slope[(l - 1) % 2] + first * map_of(&p->s->conv[l - 1]) : NULL;
    struct part *own = &p->part[part];
    BRAM_NN(conv_back)
    (c, dx, own->grad + p->s->at[l].weight, slope, x, p->w + p->s->at[l].weight, count,
     own->patches);
    if (l) begin_back(p, l - 1, part);
    return BRAM_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void follow(bram_real *running, const BRAM_NN(norm) * norm, const bram_real *variance,
                   size_t n, size_t channels)
{
    double unbiased = n > 1 ? (double)n / (double)(n - 1) : 1;
    for (size_t c = 0; c < channels; c++) {
        running[c] += (bram_real)(momentum * ((double)norm->mean[c] - (double)running[c]));
        bram_real *spread = &running[channels + c];
        *spread += (bram_real)(momentum * ((double)variance[c] * unbiased - (double)*spread));
    }
}

static int go_forward(bram_ctx *cx, struct pass *p, bram_real *running)
{
    bram_real variance[MOST_CHANNELS];
    for (p->layer = 0; p->layer < p->s->layers; p->layer++) {
        const bram_nn_conv *c = &p->s->conv[p->layer];
        size_t n = places_of(c, p->batch->count);
        BRAM_TRY(bram_parallel_for(cx, p->parts, forward_part, p));
        add_sums(p, c->out);
        BRAM_NN(norm_of)(&p->norm[p->layer], variance, p->sum, p->square, n, c->out, eps);
        follow(running, &p->norm[p->layer], variance, n, c->out);
        running += 2 * c->out;
    }
    return BRAM_OK;
}

static int go_back(bram_ctx *cx, struct pass *p, bram_real *grad)
{
    const BRAM_NN(stack) *s = p->s;
    for (p->layer = s->layers; p->layer-- > 0;) {
        const bram_nn_conv *c = &s->conv[p->layer];
        add_sums(p, c->out);
        for (size_t k = 0; k < c->out; k++) {
            grad[s->at[p->layer].offset + k] = (bram_real)p->sum[k];
            grad[s->at[p->layer].gain + k] = (bram_real)p->square[k];
        }
        BRAM_TRY(bram_parallel_for(cx, p->parts, back_part, p));
    }
    for (size_t k = 0; k < p->parts; k++) BRAM_NN(add)(grad, p->part[k].grad, s->parameters);
    return BRAM_OK;
}

int BRAM_NN(stack_learn)(bram_ctx *cx, const BRAM_NN(stack) * s, const bram_real *w,
                         bram_real *running, bram_real *grad, double *loss,
                         const BRAM_NN(batch) * batch, bram_real *room)
{
    struct arena a = {.base = room};
    struct pass p = {.w = w, .batch = batch};
    lay_out(&a, &p, s, batch->count);
    BRAM_TRY(go_forward(cx, &p, running));
    BRAM_TRY(bram_parallel_for(cx, p.parts, read_part, &p));
    memset(grad, 0, s->parameters * sizeof *grad);
    BRAM_TRY(go_back(cx, &p, grad));
    *loss = 0;
    for (size_t k = 0; k < p.parts; k++) *loss += p.part[k].loss;
    if (s->readout->penalty) *loss += s->readout->penalty(&s->shape, w + s->head, grad + s->head);
    return BRAM_OK;
}

/* All layers of a part by running means. A bram_task_fn. */
static int predict_part(bram_ctx *cx, size_t part, void *user)
{
    const struct pass *p = user;
    const BRAM_NN(stack) *s = p->s;
    size_t last = s->layers - 1, first = first_of(part);
    bram_nn_readout shape = shape_of(p, part, false);
    (void)cx;
    for (size_t l = 0; l < s->layers; l++) {
        convolve(p, l, part);
        normalize_and_act(p, l, part);
    }
    s->readout->forward(&shape, p->w + s->head, p->y + first * s->shape.units,
                        p->act[last] + first * map_of(&s->conv[last]), p->part[part].trace);
    return BRAM_OK;
}

int BRAM_NN(stack_predict)(bram_ctx *cx, const BRAM_NN(stack) * s, const bram_real *w,
                           const bram_real *running, bram_real *y, const bram_real *x, size_t count,
                           bram_real *room)
{
    struct arena a = {.base = room};
    BRAM_NN(batch) batch = {.count = count, .x = x};
    struct pass p = {.w = w, .batch = &batch, .y = y};
    lay_out(&a, &p, s, count);
    for (size_t l = 0; l < s->layers; l++) {
        size_t channels = s->conv[l].out;
        for (size_t c = 0; c < channels; c++) {
            p.norm[l].mean[c] = running[c];
            p.norm[l].scale[c] = (bram_real)(1 / sqrt((double)running[channels + c] + eps));
        }
        running += 2 * channels;
    }
    return bram_parallel_for(cx, p.parts, predict_part, &p);
}
