/*
 * nn_tokens.c - spike trains as sequences of tokens: the network; see nn_tokens.h.
 */
#include "nn_tokens.h"

#include "nn_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double EPS = 1e-5; /* PyTorch's */

/* ---- layout --------------------------------------------------------------------------------- */

/* Tensors before the layers, in their order; the last three only with inputs. */
enum part { UNIT, TIME, LAG, COUNT, REST, NORM_W, NORM_B, INPUT_W, INPUT_B, INPUT_LAG, BEFORE };

/* Tensors after the layers. */
enum tail { LAST_W, LAST_B, READ_UNIT_W, READ_UNIT_B, READ_TIME_W, READ_TIME_B, AFTER };

static bram_nn_decoder shape_of(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p, size_t k)
{
    bram_nn_decoder s = {.width = n->width, .heads = n->heads, .ff = n->ff, .eps = EPS, .layer = k};
    if (!p) return s;
    s.rows = p->rows, s.keys = p->keys, s.sequence = p->sequence, s.sequences = p->sequences;
    s.dropout = p->training ? n->dropout : 0;
    s.seed = p->seed, s.step = p->step, s.first = p->first;
    return s;
}

struct layout {
    bram_nn_tokens_tensor *tensor; /* NULL: only counts */
    size_t count, numbers;
};

static void add(struct layout *l, const char *group, const char *name, size_t rows, size_t cols)
{
    if (l->tensor) {
        bram_nn_tokens_tensor *t = &l->tensor[l->count];
        *t = (bram_nn_tokens_tensor){.at = l->numbers, .rows = rows, .cols = cols};
        snprintf(t->group, sizeof t->group, "%s", group);
        snprintf(t->name, sizeof t->name, "%s", name);
    }
    l->count++;
    l->numbers += rows * (cols ? cols : 1);
}

static void add_layers(struct layout *l, const bram_nn_tokens *n)
{
    bram_nn_decoder_tensor tensor[BRAM_NN_DECODER_TENSORS];
    bram_nn_decoder shape = shape_of(n, NULL, 0);
    BRAM_NN(decoder_tensors)(&shape, tensor);
    for (size_t k = 0; k < n->layers; k++)
        for (size_t i = 0; i < BRAM_NN_DECODER_TENSORS; i++) {
            char name[48];
            snprintf(name, sizeof name, "layers.%zu.%s", k, tensor[i].name);
            add(l, "decoder", name, tensor[i].rows, tensor[i].cols);
        }
}

size_t BRAM_NN(tokens_tensors)(const bram_nn_tokens *n, bram_nn_tokens_tensor *tensor,
                               size_t *parameters)
{
    struct layout l = {.tensor = tensor};
    size_t w = n->width;
    add(&l, "embedding", "unit.weight", n->units + 1, w);
    add(&l, "embedding", "time.weight", n->span, w);
    add(&l, "embedding", "lag.weight", n->context, w);
    add(&l, "embedding", "count", w, 0);
    add(&l, "memory", "rest", w, 0);
    add(&l, "memory", "norm.weight", w, 0);
    add(&l, "memory", "norm.bias", w, 0);
    if (n->inputs) {
        add(&l, "input", "weight", w, n->inputs);
        add(&l, "input", "bias", w, 0);
        add(&l, "input", "lag.weight", n->context + 1, w);
    }
    add_layers(&l, n);
    add(&l, "decoder", "norm.weight", w, 0);
    add(&l, "decoder", "norm.bias", w, 0);
    add(&l, "readout", "unit.weight", n->units, w);
    add(&l, "readout", "unit.bias", n->units, 0);
    add(&l, "readout", "time.weight", n->span, w);
    add(&l, "readout", "time.bias", n->span, 0);
    if (parameters) *parameters = l.numbers;
    return l.count;
}

/* Where the tensors stand within `values`, the parameters or their gradient. */
struct parts {
    bram_real *before[BEFORE], *layers, *after[AFTER];
};

static size_t layer_size(const bram_nn_tokens *n)
{
    return 8 * n->width * n->width + 2 * n->width * n->ff + 15 * n->width + n->ff;
}

static struct parts parts_of(const bram_nn_tokens *n, bram_real *values)
{
    size_t w = n->width, with = n->inputs ? 1 : 0;
    const size_t before[BEFORE] = {(n->units + 1) * w,
                                   n->span * w,
                                   n->context * w,
                                   w,
                                   w,
                                   w,
                                   w,
                                   with * n->inputs * w,
                                   with * w,
                                   with * (n->context + 1) * w};
    const size_t after[AFTER] = {w, w, n->units * w, n->units, n->span * w, n->span};
    struct parts p;
    bram_real *at = values;
    for (size_t k = 0; k < BEFORE; at += before[k++]) p.before[k] = at;
    p.layers = at, at += n->layers * layer_size(n);
    for (size_t k = 0; k < AFTER; at += after[k++]) p.after[k] = at;
    return p;
}

static BRAM_NN(decoder_weights) layer_of(const bram_nn_tokens *n, const struct parts *p, size_t k)
{
    bram_nn_decoder shape = shape_of(n, NULL, k);
    return BRAM_NN(decoder_at)(&shape, p->layers + k * layer_size(n));
}

/* ---- memory --------------------------------------------------------------------------------- */

/* A pass's memory within its room. */
struct room {
    bram_real *x;              /* rows into each layer and out of the last: layers + 1 times */
    bram_real *raw, *raw_keep; /* memory before its norm; 2 keys */
    bram_real *inputs;         /* rows of inputs, as width */
    bram_real *dmemory, *trace, *scratch;
    BRAM_NN(tokens_out) out;
};

static struct room room_of(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p, bram_real *at)
{
    bram_nn_decoder s = shape_of(n, p, 0);
    size_t wide = p->rows * n->width, deep = p->keys * n->width;
    struct room r = {.x = at};
    r.raw = r.x + (n->layers + 1) * wide, r.raw_keep = r.raw + deep;
    r.inputs = r.raw_keep + 2 * p->keys, r.dmemory = r.inputs + p->input_rows * n->width;
    r.out.dh = r.dmemory + deep, r.out.memory = r.out.dh + wide;
    r.out.h = r.out.memory + deep, r.out.keep = r.out.h + wide;
    r.out.unit = r.out.keep + 2 * p->rows, r.out.dunit = r.out.unit + p->rows * n->units;
    r.out.time = r.out.dunit + p->rows * n->units, r.out.dtime = r.out.time + p->rows * n->span;
    r.trace = r.out.dtime + p->rows * n->span;
    r.scratch = r.trace + n->layers * BRAM_NN(decoder_trace_size)(&s);
    r.out.top = r.x + n->layers * wide;
    return r;
}

size_t BRAM_NN(tokens_room)(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p)
{
    bram_nn_decoder s = shape_of(n, p, 0);
    return p->rows * ((n->layers + 3) * n->width + 2 + 2 * (n->units + n->span)) +
           p->keys * (3 * n->width + 2) + p->input_rows * n->width +
           n->layers * BRAM_NN(decoder_trace_size)(&s) + BRAM_NN(decoder_room)(&s);
}

/* ---- embeddings ----------------------------------------------------------------------------- */

static void put(bram_real *to, const bram_real *a, const bram_real *b, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = a[i] + b[i];
}

static void put_count(bram_real *to, const bram_real *count, double spikes, size_t n)
{
    bram_real times = (bram_real)log(spikes);
    for (size_t i = 0; spikes > 1 && i < n; i++) to[i] += times * count[i];
}

/* A token of a window: its neuron (or the start), its row, its count. */
static void embed(const bram_nn_tokens *n, const struct parts *w, bram_real *to,
                  const bram_nn_token *t)
{
    put(to, w->before[UNIT] + t->unit * n->width, w->before[TIME] + t->row * n->width, n->width);
    if (t->unit < n->units) put_count(to, w->before[COUNT], t->count, n->width);
}

static void embed_memory(const bram_nn_tokens *n, const struct parts *w, bram_real *to,
                         const bram_nn_token *t, const bram_real *input)
{
    size_t width = n->width;
    if (t->unit == BRAM_TOKEN_REST) {
        memcpy(to, w->before[REST], width * sizeof *to);
    } else if (t->unit == BRAM_TOKEN_INPUT) {
        put(to, input, w->before[INPUT_LAG] + t->row * width, width);
    } else {
        put(to, w->before[UNIT] + t->unit * width, w->before[LAG] + (t->row - 1) * width, width);
        put_count(to, w->before[COUNT], t->count, width);
    }
}

static void make_memory(const bram_nn_tokens *n, const struct parts *w,
                        const BRAM_NN(tokens_pass) * p, bram_real *memory, bram_real *raw,
                        bram_real *keep, bram_real *inputs)
{
    size_t input = 0;
    if (p->input_rows) BRAM_NN(linear)
    (inputs, p->input, w->before[INPUT_W], w->before[INPUT_B], p->input_rows, n->inputs, n->width);
    for (size_t k = 0; k < p->keys; k++) {
        embed_memory(n, w, raw + k * n->width, &p->memory[k], inputs + input * n->width);
        input += p->memory[k].unit == BRAM_TOKEN_INPUT;
    }
    BRAM_NN(layer_norm)
    (memory, keep, raw, w->before[NORM_W], w->before[NORM_B], p->keys, n->width, EPS);
}

/* d goes to the rows that `put` took, and to the vector of counts. */
static void put_back(bram_real *a, bram_real *b, bram_real *count, const bram_real *d,
                     double spikes, size_t n)
{
    bram_real times = spikes > 1 ? (bram_real)log(spikes) : 0;
    BRAM_NN(add)(a, d, n);
    BRAM_NN(add)(b, d, n);
    for (size_t i = 0; count && times > 0 && i < n; i++) count[i] += times * d[i];
}

static void embed_back(const bram_nn_tokens *n, const struct parts *dw, const bram_real *d,
                       const bram_nn_token *t)
{
    put_back(dw->before[UNIT] + t->unit * n->width, dw->before[TIME] + t->row * n->width,
             t->unit < n->units ? dw->before[COUNT] : NULL, d, t->count, n->width);
}

/* r->dmemory becomes the gradient of what its norm was given. */
static void memory_back(const bram_nn_tokens *n, const struct parts *w, const struct parts *dw,
                        const BRAM_NN(tokens_pass) * p, const struct room *r)
{
    size_t width = n->width, input = 0;
    BRAM_NN(layer_norm_back)
    (r->dmemory, dw->before[NORM_W], dw->before[NORM_B], r->dmemory, r->raw, w->before[NORM_W],
     r->raw_keep, p->keys, width);
    for (size_t k = 0; k < p->keys; k++) {
        const bram_nn_token *t = &p->memory[k];
        const bram_real *d = r->dmemory + k * width;
        if (t->unit == BRAM_TOKEN_REST) BRAM_NN(add)(dw->before[REST], d, width);
        else if (t->unit == BRAM_TOKEN_INPUT) {
            memcpy(r->inputs + input++ * width, d, width * sizeof *d);
            BRAM_NN(add)(dw->before[INPUT_LAG] + t->row * width, d, width);
        } else
            put_back(dw->before[UNIT] + t->unit * width, dw->before[LAG] + (t->row - 1) * width,
                     dw->before[COUNT], d, t->count, width);
    }
    if (p->input_rows) BRAM_NN(linear_back)
    (NULL, dw->before[INPUT_W], dw->before[INPUT_B], r->inputs, p->input, w->before[INPUT_W],
     p->input_rows, n->inputs, width);
}

/* ---- there and back ------------------------------------------------------------------------- */

static void read_out(const bram_nn_tokens *n, const struct parts *w, bram_real *unit,
                     bram_real *time, const bram_real *h, size_t rows)
{
    BRAM_NN(linear)
    (unit, h, w->after[READ_UNIT_W], w->after[READ_UNIT_B], rows, n->width, n->units);
    BRAM_NN(linear)(time, h, w->after[READ_TIME_W], w->after[READ_TIME_B], rows, n->width, n->span);
}

void BRAM_NN(tokens)(const bram_nn_tokens *n, bram_real *parameter, const BRAM_NN(tokens_pass) * p,
                     bram_real *room, BRAM_NN(tokens_out) * out)
{
    struct parts w = parts_of(n, parameter);
    struct room r = room_of(n, p, room);
    size_t wide = p->rows * n->width;
    make_memory(n, &w, p, r.out.memory, r.raw, r.raw_keep, r.inputs);
    for (size_t i = 0; i < p->rows; i++) embed(n, &w, r.x + i * n->width, &p->token[i]);
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn_decoder shape = shape_of(n, p, k);
        BRAM_NN(decoder_weights) layer = layer_of(n, &w, k);
        bram_real *x = r.x + k * wide;
        r.out.layer[k] = BRAM_NN(decoder_trace_at)(
            &shape, r.trace + k * BRAM_NN(decoder_trace_size)(&shape));
        BRAM_NN(decoder)(&shape, &layer, x + wide, x, r.out.memory, &r.out.layer[k]);
    }
    BRAM_NN(layer_norm)
    (r.out.h, r.out.keep, r.out.top, w.after[LAST_W], w.after[LAST_B], p->rows, n->width, EPS);
    read_out(n, &w, r.out.unit, r.out.time, r.out.h, p->rows);
    *out = r.out;
}

void BRAM_NN(tokens_back_from)(const bram_nn_tokens *n, bram_real *parameter, bram_real *gradient,
                               const BRAM_NN(tokens_pass) * p, bram_real *room,
                               const BRAM_NN(tokens_out) * out)
{
    struct parts w = parts_of(n, parameter), dw = parts_of(n, gradient);
    struct room r = room_of(n, p, room);
    size_t wide = p->rows * n->width;
    bram_real *d = out->dh;
    BRAM_NN(layer_norm_back)
    (d, dw.after[LAST_W], dw.after[LAST_B], d, out->top, w.after[LAST_W], out->keep, p->rows,
     n->width);
    memset(r.dmemory, 0, p->keys * n->width * sizeof *r.dmemory);
    for (size_t k = n->layers; k-- > 0;) {
        bram_nn_decoder shape = shape_of(n, p, k);
        BRAM_NN(decoder_weights) layer = layer_of(n, &w, k), dlayer = layer_of(n, &dw, k);
        BRAM_NN(decoder_back)
        (&shape, &layer, &dlayer, d, r.dmemory, r.x + k * wide, out->memory, &out->layer[k],
         r.scratch);
    }
    for (size_t i = 0; i < p->rows; i++) embed_back(n, &dw, d + i * n->width, &p->token[i]);
    memory_back(n, &w, &dw, p, &r);
}

void BRAM_NN(tokens_back)(const bram_nn_tokens *n, bram_real *parameter, bram_real *gradient,
                          const BRAM_NN(tokens_pass) * p, bram_real *room,
                          const BRAM_NN(tokens_out) * out)
{
    struct parts w = parts_of(n, parameter), dw = parts_of(n, gradient);
    struct room r = room_of(n, p, room);
    BRAM_NN(linear_back)
    (out->dh, dw.after[READ_UNIT_W], dw.after[READ_UNIT_B], out->dunit, out->h,
     w.after[READ_UNIT_W], p->rows, n->width, n->units);
    BRAM_NN(linear_back)
    (r.scratch, dw.after[READ_TIME_W], dw.after[READ_TIME_B], out->dtime, out->h,
     w.after[READ_TIME_W], p->rows, n->width, n->span);
    BRAM_NN(add)(out->dh, r.scratch, p->rows * n->width);
    BRAM_NN(tokens_back_from)(n, parameter, gradient, p, room, out);
}

/* ---- token by token ------------------------------------------------------------------------- */

size_t BRAM_NN(tokens_walk_room)(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p,
                                 size_t most)
{
    bram_nn_decoder s = shape_of(n, p, 0);
    size_t now = p->sequences * n->width, memory = p->keys * n->width;
    return 2 * now + 2 * p->sequences + p->sequences * (n->units + n->span) +
           n->layers * 2 * (most * now + memory) + 2 * memory + 2 * p->keys +
           p->input_rows * n->width + BRAM_NN(decoder_next_room)(&s, most);
}

void BRAM_NN(tokens_walk_open)(BRAM_NN(tokens_walk) * walk, const bram_nn_tokens *n,
                               bram_real *parameter, const BRAM_NN(tokens_pass) * p, size_t most,
                               bram_real *room)
{
    struct parts w = parts_of(n, parameter);
    size_t now = p->sequences * n->width, deep = p->keys * n->width;
    *walk = (BRAM_NN(tokens_walk)){.n = n, .parameter = parameter, .shape = shape_of(n, p, 0)};
    walk->shape.dropout = 0;
    walk->x = room, walk->keep = walk->x + 2 * now, walk->unit = walk->keep + 2 * p->sequences;
    walk->time = walk->unit + p->sequences * n->units;
    bram_real *at = walk->time + p->sequences * n->span, *memory, *raw, *keep, *inputs;
    for (size_t k = 0; k < n->layers; k++) {
        walk->cache[k] = (BRAM_NN(decoder_cache)){most, at, at + 2 * most * now};
        at += 2 * most * now + 2 * deep;
    }
    memory = at, raw = memory + deep, keep = raw + deep, inputs = keep + 2 * p->keys;
    walk->room = inputs + p->input_rows * n->width;
    make_memory(n, &w, p, memory, raw, keep, inputs);
    for (size_t k = 0; k < n->layers; k++) {
        BRAM_NN(decoder_weights) layer = layer_of(n, &w, k);
        BRAM_NN(decoder_open)(&walk->shape, &layer, memory, &walk->cache[k]);
    }
}

void BRAM_NN(tokens_walk_next)(BRAM_NN(tokens_walk) * walk, size_t step, const bram_nn_token *token)
{
    const bram_nn_tokens *n = walk->n;
    struct parts w = parts_of(n, walk->parameter);
    size_t sequences = walk->shape.sequences;
    bram_real *h = walk->x + sequences * n->width;
    for (size_t i = 0; i < sequences; i++) embed(n, &w, walk->x + i * n->width, &token[i]);
    for (size_t k = 0; k < n->layers; k++) {
        BRAM_NN(decoder_weights) layer = layer_of(n, &w, k);
        BRAM_NN(decoder_next)(&walk->shape, &layer, walk->x, step, &walk->cache[k], walk->room);
    }
    BRAM_NN(layer_norm)
    (h, walk->keep, walk->x, w.after[LAST_W], w.after[LAST_B], sequences, n->width, EPS);
    read_out(n, &w, walk->unit, walk->time, h, sequences);
}
