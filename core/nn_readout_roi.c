/*
 * nn_readout_roi.c - queries of regions that attend to the tokens of an image: the transformer
 * brain encoder of Adeli, Sun & Kriegeskorte 2025 (arXiv 2505.17329), after its code (Hosseinadeli/
 * transformer_brain_encoder, commit 4bd5884).
 *
 *   memory = P x + p                      `inner` channels; positions as sines are added to keys
 *   t = 0: one row for each query; then, layer by layer (norms first),
 *   t += out(attention(q: norm1(t) + query, k: memory + sines, v: memory))
 *   t += linear2(relu(linear1(norm2(t))))
 *   t = norm(t)
 *   y_j = b_j + sum over the queries q of unit j of w_j . t_q
 *
 * There is no attention among the queries. Dropout falls on what attention and the second linear
 * layer give and inside the latter on what ReLU gives. Sines: half of the channels for rows, half
 * for columns, places 1 .. n stretched to 2 pi, temperature 10000 (Carion et al. 2020, DETR).
 * Tensors have the names of PyTorch's TransformerDecoderLayer.
 */
#include "nn_act.h"
#include "nn_attention.h"
#include "nn_layer.h"
#include "nn_packed.h"
#include "nn_readout_private.h"
#include "nn_sample.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t positions(const bram_nn_readout *s)
{
    return s->height * s->width;
}

/* ---- layout --------------------------------------------------------------------------------- */

enum { OWN = 7, OF_LAYER = 12 }; /* tensors */

/* q, k, v stacked in in_w (3 inner x inner) and in_b. */
struct layer {
    bram_real *in_w, *in_b, *out_w, *out_b, *w1, *b1, *w2, *b2;
    bram_real *norm1_w, *norm1_b, *norm2_w, *norm2_b;
};

struct weights {
    bram_real *project_w, *project_b, *query, *norm_w, *norm_b, *features, *bias;
    bram_real *layers;
};

static size_t layer_size(const bram_nn_readout *s)
{
    size_t d = s->inner;
    return 4 * d * d + 4 * d + 2 * d * s->ff + s->ff + d + 4 * d;
}

static struct weights at(const bram_nn_readout *s, const bram_real *values)
{
    struct weights w = {.project_w = (bram_real *)(uintptr_t)values};
    size_t d = s->inner;
    w.project_b = w.project_w + d * s->channels;
    w.query = w.project_b + d;
    w.norm_w = w.query + s->queries * d;
    w.norm_b = w.norm_w + d;
    w.features = w.norm_b + d;
    w.bias = w.features + s->units * d;
    w.layers = w.bias + s->units;
    return w;
}

static struct layer layer_at(const bram_nn_readout *s, const struct weights *w, size_t k)
{
    size_t d = s->inner;
    struct layer l = {.in_w = w->layers + k * layer_size(s)};
    l.in_b = l.in_w + 3 * d * d;
    l.out_w = l.in_b + 3 * d, l.out_b = l.out_w + d * d;
    l.w1 = l.out_b + d, l.b1 = l.w1 + s->ff * d;
    l.w2 = l.b1 + s->ff, l.b2 = l.w2 + d * s->ff;
    l.norm1_w = l.b2 + d, l.norm1_b = l.norm1_w + d;
    l.norm2_w = l.norm1_b + d, l.norm2_b = l.norm2_w + d;
    return l;
}

static size_t tensors(const bram_nn_readout *s, bram_nn_tensor *tensor)
{
    size_t d = s->inner, n = OWN;
    const bram_nn_tensor own[OWN] = {{"input_proj.weight", d, s->channels},
                                     {"input_proj.bias", d, 0},
                                     {"query_embed.weight", s->queries, d},
                                     {"norm.weight", d, 0},
                                     {"norm.bias", d, 0},
                                     {"linear.weight", s->units, d},
                                     {"linear.bias", s->units, 0}};
    const bram_nn_tensor each[OF_LAYER] = {{"multihead_attn.in_proj_weight", 3 * d, d},
                                           {"multihead_attn.in_proj_bias", 3 * d, 0},
                                           {"multihead_attn.out_proj.weight", d, d},
                                           {"multihead_attn.out_proj.bias", d, 0},
                                           {"linear1.weight", s->ff, d},
                                           {"linear1.bias", s->ff, 0},
                                           {"linear2.weight", d, s->ff},
                                           {"linear2.bias", d, 0},
                                           {"norm1.weight", d, 0},
                                           {"norm1.bias", d, 0},
                                           {"norm2.weight", d, 0},
                                           {"norm2.bias", d, 0}};
    memcpy(tensor, own, sizeof own);
    for (unsigned l = 0; l < s->layers; l++)
        for (size_t k = 0; k < OF_LAYER; k++, n++) {
            tensor[n] = each[k];
            snprintf(tensor[n].name, sizeof tensor[n].name, "layers.%u.%.32s", l, each[k].name);
        }
    return n;
}

/* Glorot's uniform for what is inside, as the code has it; queries normal; the linear readout small
 * at first. */
static void glorot(bram_rng *g, bram_real *w, size_t out, size_t in)
{
    double most = sqrt(6 / (double)(in + out));
    for (size_t i = 0; i < in * out; i++) w[i] = (bram_real)(most * (2 * bram_rng_uniform(g) - 1));
}

static void ones(bram_real *w, size_t n)
{
    for (size_t i = 0; i < n; i++) w[i] = 1;
}

static void start(const bram_nn_readout *s, bram_real *values, uint64_t seed)
{
    struct weights w = at(s, values);
    bram_rng g = bram_rng_new(seed, "readout/roi");
    size_t d = s->inner;
    memset(values, 0, BRAM_NN(readout_parameters)(&BRAM_NN(readout_roi), s) * sizeof *values);
    glorot(&g, w.project_w, d, s->channels);
    for (size_t i = 0; i < s->queries * d; i++) w.query[i] = (bram_real)bram_rng_normal(&g);
    ones(w.norm_w, d);
    for (size_t i = 0; i < s->units * d; i++)
        w.features[i] = (bram_real)((2 * bram_rng_uniform(&g) - 1) / sqrt((double)d));
    for (size_t k = 0; k < s->layers; k++) {
        struct layer l = layer_at(s, &w, k);
        glorot(&g, l.in_w, 3 * d, d);
        glorot(&g, l.out_w, d, d);
        glorot(&g, l.w1, s->ff, d);
        glorot(&g, l.w2, d, s->ff);
        ones(l.norm1_w, d), ones(l.norm2_w, d);
    }
}

/* ---- trace ---------------------------------------------------------------------------------- */

/* Tokens: batch positions rows; queries: batch queries rows. */
struct trace {
    bram_real *memory, *keyed; /* tokens x inner: projected; with their positions */
    bram_real *final, *keep;   /* queries x inner, 2: what the linear readout reads */
    bram_real *told;           /* queries of one row x units */
    bram_real *layers;
};

struct layer_trace {
    bram_real *t, *norm1, *keep1, *ask, *q, *k, *v, *p, *heads; /* t: what comes in */
    bram_real *mid, *norm2, *keep2, *slope, *act, *out;
};

static size_t layer_trace_size(const bram_nn_readout *s)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    return asks * (8 * d + 4 + 2 * s->ff + s->heads * positions(s)) + 2 * tokens * d;
}

static size_t trace_size(const bram_nn_readout *s)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    return 2 * tokens * d + asks * (2 * d + 2) + s->queries * s->units +
           s->layers * layer_trace_size(s);
}

static struct trace trace_at(const bram_nn_readout *s, const bram_real *values)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    struct trace t = {.memory = (bram_real *)(uintptr_t)values};
    t.keyed = t.memory + tokens * d;
    t.final = t.keyed + tokens * d;
    t.keep = t.final + asks * d;
    t.told = t.keep + 2 * asks;
    t.layers = t.told + s->queries * s->units;
    return t;
}

/* What a layer gives is where the next one's t stands: after the last layer there is one more. */
static struct layer_trace layer_trace_at(const bram_nn_readout *s, const struct trace *trace,
                                         size_t k)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    struct layer_trace t = {.t = trace->layers + k * layer_trace_size(s)};
    t.norm1 = t.t + asks * d, t.ask = t.norm1 + asks * d;
    t.q = t.ask + asks * d, t.heads = t.q + asks * d, t.mid = t.heads + asks * d;
    t.norm2 = t.mid + asks * d, t.out = t.norm2 + asks * d;
    t.keep1 = t.out + asks * d, t.keep2 = t.keep1 + 2 * asks;
    t.slope = t.keep2 + 2 * asks, t.act = t.slope + asks * s->ff;
    t.k = t.act + asks * s->ff, t.v = t.k + tokens * d, t.p = t.v + tokens * d;
    return t;
}

static bram_nn_attention attention_of(const bram_nn_readout *s)
{
    return (bram_nn_attention){s->batch, s->queries, positions(s), s->heads,
                               s->inner, s->inner,   s->inner,     false};
}

/* ---- the way forward ------------------------------------------------------------------------ */

/* The sine of channel i of `half` at place 0 .. n - 1. */
static double sine(size_t place, size_t n, size_t i, size_t half)
{
    double angle = 2 * acos(-1) * (double)(place + 1) / ((double)n + 1e-6);
    angle /= pow(10000, (double)(i / 2 * 2) / (double)half);
    return i % 2 ? cos(angle) : sin(angle);
}

/* Adds the sine of one channel to the keys of one row (or column): the first half of the channels
 * tells rows, the second columns. */
static void add_place(const bram_nn_readout *s, bram_real *keyed, size_t channel, size_t place,
                      bram_real value)
{
    bool rows = channel < s->inner / 2;
    size_t first = rows ? place * s->width : place, step = rows ? 1 : s->width;
    size_t count = rows ? s->width : s->height, n = positions(s);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t k = 0; k < count; k++)
            keyed[(b * n + first + k * step) * s->inner + channel] += value;
}

static void remember(const bram_nn_readout *s, const struct weights *w, const struct trace *t,
                     const bram_real *x)
{
    size_t tokens = s->batch * positions(s), d = s->inner, half = d / 2;
    BRAM_NN(linear)(t->memory, x, w->project_w, w->project_b, tokens, s->channels, d);
    memcpy(t->keyed, t->memory, tokens * d * sizeof *t->keyed);
    for (size_t i = 0; i < d; i++) {
        size_t n = i < half ? s->height : s->width;
        for (size_t place = 0; place < n; place++)
            add_place(s, t->keyed, i, place, (bram_real)sine(place, n, i % half, half));
    }
}

static void drop(const bram_nn_readout *s, bram_real *x, size_t cols, size_t layer,
                 const char *place)
{
    char stream[48];
    if (!s->training || !(s->dropout > 0)) return;
    snprintf(stream, sizeof stream, "readout/roi/%zu/%s", layer, place);
    BRAM_NN(dropout)
    (x, s->batch * s->queries * cols, s->dropout, s->seed, 0, stream, s->draw * s->queries * cols);
}

static void layer_forward(const bram_nn_readout *s, const struct weights *w, size_t index,
                          const struct trace *trace, const struct layer_trace *t)
{
    struct layer l = layer_at(s, w, index);
    bram_nn_attention a = attention_of(s);
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    BRAM_NN(qkv) x = {t->q, t->k, t->v};
    BRAM_NN(layer_norm)(t->norm1, t->keep1, t->t, l.norm1_w, l.norm1_b, asks, d, s->eps);
    memcpy(t->ask, t->norm1, asks * d * sizeof *t->ask);
    for (size_t b = 0; b < s->batch; b++)
        BRAM_NN(add)(t->ask + b * s->queries * d, w->query, s->queries * d);
    BRAM_NN(linear)(t->q, t->ask, l.in_w, l.in_b, asks, d, d);
    BRAM_NN(linear)(t->k, trace->keyed, l.in_w + d * d, l.in_b + d, tokens, d, d);
    BRAM_NN(linear)(t->v, trace->memory, l.in_w + 2 * d * d, l.in_b + 2 * d, tokens, d, d);
    BRAM_NN(attention)(&a, t->heads, t->p, &x);
    BRAM_NN(linear)(t->mid, t->heads, l.out_w, l.out_b, asks, d, d);
    drop(s, t->mid, d, index, "attention");
    BRAM_NN(add)(t->mid, t->t, asks * d);
    BRAM_NN(layer_norm)(t->norm2, t->keep2, t->mid, l.norm2_w, l.norm2_b, asks, d, s->eps);
    BRAM_NN(linear)(t->slope, t->norm2, l.w1, l.b1, asks, d, s->ff);
    BRAM_NN(act_slope)(t->act, t->slope, asks * s->ff, BRAM_ACT_RELU);
    drop(s, t->act, s->ff, index, "inside");
    BRAM_NN(linear)(t->out, t->act, l.w2, l.b2, asks, s->ff, d);
    drop(s, t->out, d, index, "outside");
    BRAM_NN(add)(t->out, t->mid, asks * d);
}

/* told = t_q . w_j of one row, query x unit. */
static void tell(const bram_nn_readout *s, const struct weights *w, const struct trace *t, size_t b)
{
    size_t d = s->inner;
    BRAM_NN(linear)
    (t->told, t->final + b * s->queries * d, w->features, NULL, s->queries, d, s->units);
}

static void forward(const bram_nn_readout *s, const bram_real *values, bram_real *y,
                    const bram_real *x, bram_real *memory)
{
    struct weights w = at(s, values);
    struct trace t = trace_at(s, memory);
    size_t asks = s->batch * s->queries, wide = asks * s->inner;
    struct layer_trace last = {0};
    remember(s, &w, &t, x);
    for (size_t k = 0; k < s->layers; k++) {
        struct layer_trace l = layer_trace_at(s, &t, k);
        if (k) memcpy(l.t, last.out, wide * sizeof *l.t);
        else memset(l.t, 0, wide * sizeof *l.t);
        layer_forward(s, &w, k, &t, &l);
        last = l;
    }
    BRAM_NN(layer_norm)(t.final, t.keep, last.out, w.norm_w, w.norm_b, asks, s->inner, s->eps);
    for (size_t b = 0; b < s->batch; b++, y += s->units) {
        tell(s, &w, &t, b);
        memcpy(y, w.bias, s->units * sizeof *y);
        for (size_t q = 0; q < s->queries; q++)
            for (size_t j = 0; j < s->units; j++)
                if (s->member[j * s->queries + q]) y[j] += t.told[q * s->units + j];
    }
}

/* ---- the way back --------------------------------------------------------------------------- */

/* Gradients: of t; of rows of queries (two); of the widest of these; of memory, of keys and values;
 * attention's. */
struct room {
    bram_real *t, *narrow, *other, *wide, *memory, *k, *v, *attention;
};

static size_t room_size(const bram_nn_readout *s)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    bram_nn_attention a = attention_of(s);
    return asks * (3 * d + s->ff) + 3 * tokens * d + BRAM_NN(attention_room)(&a);
}

static struct room room_at(const bram_nn_readout *s, bram_real *values)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), d = s->inner;
    struct room r = {.t = values};
    r.narrow = r.t + asks * d, r.other = r.narrow + asks * d, r.wide = r.other + asks * d;
    r.memory = r.wide + asks * s->ff, r.k = r.memory + tokens * d, r.v = r.k + tokens * d;
    r.attention = r.v + tokens * d;
    return r;
}

/* r.t becomes the gradient of the queries' rows as the linear readout sees them. */
static void tell_back(const bram_nn_readout *s, const struct weights *w, const struct weights *d,
                      const struct trace *t, const struct room *r, const bram_real *dy)
{
    size_t wide = s->queries * s->inner;
    for (size_t b = 0; b < s->batch; b++, dy += s->units) {
        for (size_t j = 0; j < s->units; j++) {
            d->bias[j] += dy[j];
            for (size_t q = 0; q < s->queries; q++)
                t->told[q * s->units + j] = s->member[j * s->queries + q] ? dy[j] : 0;
        }
        BRAM_NN(linear_back)
        (r->t + b * wide, d->features, NULL, t->told, t->final + b * wide, w->features, s->queries,
         s->inner, s->units);
    }
}

/* From r.t, the gradient of mid + F(mid), to that of mid. */
static void forward_back(const bram_nn_readout *s, const struct layer *l, const struct layer *d,
                         const struct layer_trace *t, const struct room *r, size_t index)
{
    size_t asks = s->batch * s->queries, wide = s->inner;
    memcpy(r->other, r->t, asks * wide * sizeof *r->t);
    drop(s, r->other, wide, index, "outside");
    BRAM_NN(linear_back)(r->wide, d->w2, d->b2, r->other, t->act, l->w2, asks, s->ff, wide);
    drop(s, r->wide, s->ff, index, "inside");
    for (size_t i = 0; i < asks * s->ff; i++) r->wide[i] *= t->slope[i];
    BRAM_NN(linear_back)(r->narrow, d->w1, d->b1, r->wide, t->norm2, l->w1, asks, wide, s->ff);
    BRAM_NN(layer_norm_back)
    (r->narrow, d->norm2_w, d->norm2_b, r->narrow, t->mid, l->norm2_w, t->keep2, asks, wide);
    BRAM_NN(add)(r->t, r->narrow, asks * wide);
}

/* dx += dy w of rows x out by out x in. */
static void product_back(bram_real *dx, const bram_real *dy, const bram_real *w, size_t rows,
                         size_t in, size_t out)
{
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){dx, dy, w, in, out, in, BRAM_AS_IS, BRAM_AS_IS, rows, in, out, 1, dx});
}

/* From r.t, the gradient of t + A(t), to that of t; r.memory += those of keys and values. */
static void attention_back(const bram_nn_readout *s, const struct layer *l, const struct layer *d,
                           const struct trace *trace, const struct layer_trace *t,
                           const struct room *r, bram_real *dquery, size_t index)
{
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), wide = s->inner;
    bram_nn_attention a = attention_of(s);
    BRAM_NN(qkv) x = {t->q, t->k, t->v}, dx = {r->narrow, r->k, r->v};
    memcpy(r->narrow, r->t, asks * wide * sizeof *r->t);
    drop(s, r->narrow, wide, index, "attention");
    BRAM_NN(linear_back)
    (r->other, d->out_w, d->out_b, r->narrow, t->heads, l->out_w, asks, wide, wide);
    BRAM_NN(attention_back)(&a, &dx, r->other, &x, t->p, r->attention);
    BRAM_NN(linear_back)
    (NULL, d->in_w + wide * wide, d->in_b + wide, r->k, trace->keyed, NULL, tokens, wide, wide);
    BRAM_NN(linear_back)
    (NULL, d->in_w + 2 * wide * wide, d->in_b + 2 * wide, r->v, trace->memory, NULL, tokens, wide,
     wide);
    product_back(r->memory, r->k, l->in_w + wide * wide, tokens, wide, wide);
    product_back(r->memory, r->v, l->in_w + 2 * wide * wide, tokens, wide, wide);
    BRAM_NN(linear_back)
    (r->other, d->in_w, d->in_b, r->narrow, t->ask, l->in_w, asks, wide, wide);
    for (size_t b = 0; b < s->batch; b++)
        BRAM_NN(add)(dquery, r->other + b * s->queries * wide, s->queries * wide);
    BRAM_NN(layer_norm_back)
    (r->other, d->norm1_w, d->norm1_b, r->other, t->t, l->norm1_w, t->keep1, asks, wide);
    BRAM_NN(add)(r->t, r->other, asks * wide);
}

static void backward(const bram_nn_readout *s, const bram_real *values, bram_real *grad,
                     bram_real *dx, const bram_real *dy, const bram_real *x, bram_real *memory,
                     bram_real *room)
{
    struct weights w = at(s, values), d = at(s, grad);
    struct trace t = trace_at(s, memory);
    struct room r = room_at(s, room);
    size_t asks = s->batch * s->queries, tokens = s->batch * positions(s), wide = s->inner;
    tell_back(s, &w, &d, &t, &r, dy);
    memset(r.memory, 0, tokens * wide * sizeof *r.memory);
    struct layer_trace last = layer_trace_at(s, &t, s->layers - 1);
    BRAM_NN(layer_norm_back)
    (r.t, d.norm_w, d.norm_b, r.t, last.out, w.norm_w, t.keep, asks, wide);
    for (size_t k = s->layers; k-- > 0;) {
        struct layer l = layer_at(s, &w, k), dl = layer_at(s, &d, k);
        struct layer_trace lt = layer_trace_at(s, &t, k);
        forward_back(s, &l, &dl, &lt, &r, k);
        attention_back(s, &l, &dl, &t, &lt, &r, d.query, k);
    }
    BRAM_NN(linear_back)
    (dx, d.project_w, d.project_b, r.memory, x, w.project_w, tokens, s->channels, wide);
}

/* ---- penalty and maps ----------------------------------------------------------------------- */

static double penalty(const bram_nn_readout *s, const bram_real *w, bram_real *grad)
{
    return BRAM_NN(l1)(at(s, w).features, grad ? at(s, grad).features : NULL, s->units * s->inner,
                       s->l1_features, s->units);
}

/* The last layer's probabilities, means over heads. */
static void attention(const bram_nn_readout *s, const bram_real *w, const bram_real *values,
                      bram_real *map)
{
    struct trace t = trace_at(s, values);
    struct layer_trace last = layer_trace_at(s, &t, s->layers - 1);
    size_t each = s->queries * positions(s);
    bram_real share = (bram_real)(1 / (double)s->heads);
    (void)w;
    memset(map, 0, s->batch * each * sizeof *map);
    for (size_t b = 0; b < s->batch; b++)
        for (size_t h = 0; h < s->heads; h++)
            BRAM_NN(add_scaled)(map + b * each, last.p + (b * s->heads + h) * each, share, each);
}

const BRAM_NN(readout) BRAM_NN(readout_roi) = {
    .name = "roi",
    .tensors = tensors,
    .start = start,
    .trace = trace_size,
    .room = room_size,
    .forward = forward,
    .backward = backward,
    .penalty = penalty,
    .attention = attention,
};
