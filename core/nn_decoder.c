/*
 * nn_decoder.c - one layer of a transformer decoder; see nn_decoder.h.
 */
#include "nn_decoder.h"

#include "nn_act.h"
#include "nn_attention.h"
#include "nn_layer.h"
#include "wide.h"

#include <stdio.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

typedef const BRAM_NN(decoder_weights) weights;
typedef const BRAM_NN(decoder_trace) trace;

/* ---- layout --------------------------------------------------------------------------------- */

void BRAM_NN(decoder_tensors)(const bram_nn_decoder *s,
                              bram_nn_decoder_tensor tensor[BRAM_NN_DECODER_TENSORS])
{
    const size_t w = s->width;
    const bram_nn_decoder_tensor all[BRAM_NN_DECODER_TENSORS] = {
        {"self_attn.in_proj_weight", 3 * w, w},
        {"self_attn.in_proj_bias", 3 * w, 0},
        {"self_attn.out_proj.weight", w, w},
        {"self_attn.out_proj.bias", w, 0},
        {"multihead_attn.in_proj_weight", 3 * w, w},
        {"multihead_attn.in_proj_bias", 3 * w, 0},
        {"multihead_attn.out_proj.weight", w, w},
        {"multihead_attn.out_proj.bias", w, 0},
        {"linear1.weight", s->ff, w},
        {"linear1.bias", s->ff, 0},
        {"linear2.weight", w, s->ff},
        {"linear2.bias", w, 0},
        {"norm1.weight", w, 0},
        {"norm1.bias", w, 0},
        {"norm2.weight", w, 0},
        {"norm2.bias", w, 0},
        {"norm3.weight", w, 0},
        {"norm3.bias", w, 0}};
    memcpy(tensor, all, sizeof all);
}

BRAM_NN(decoder_weights) BRAM_NN(decoder_at)(const bram_nn_decoder *s, bram_real *values)
{
    bram_nn_decoder_tensor tensor[BRAM_NN_DECODER_TENSORS];
    BRAM_NN(decoder_weights) w;
    BRAM_NN(decoder_tensors)(s, tensor);
    for (size_t k = 0; k < BRAM_NN_DECODER_TENSORS; k++) {
        w.at[k] = values;
        values += tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
    }
    return w;
}

/* Probabilities of all sequences: of a row for each row, or for each row of memory. */
static size_t pairs(const bram_nn_decoder *s, bool cross)
{
    size_t sum = 0;
    for (size_t i = 0; i < s->sequences; i++)
        sum += s->sequence[i].rows * (cross ? s->sequence[i].keys : s->sequence[i].rows);
    return s->heads * sum;
}

size_t BRAM_NN(decoder_trace_size)(const bram_nn_decoder *s)
{
    return s->rows * (11 * s->width + 2 * s->ff + 6) + s->keys * 2 * s->width + pairs(s, false) +
           pairs(s, true);
}

BRAM_NN(decoder_trace) BRAM_NN(decoder_trace_at)(const bram_nn_decoder *s, bram_real *values)
{
    size_t wide = s->rows * s->width;
    BRAM_NN(decoder_trace) t;
    for (size_t k = 0; k < 3; k++, values += wide) t.norm[k] = values;
    for (size_t k = 0; k < 2; k++, values += wide) t.heads[k] = values;
    for (size_t k = 0; k < 2; k++, values += wide) t.mid[k] = values;
    for (size_t k = 0; k < 3; k++, values += 2 * s->rows) t.keep[k] = values;
    t.qkv = values, t.q = t.qkv + 3 * wide, t.kv = t.q + wide;
    t.slope = t.kv + s->keys * 2 * s->width, t.act = t.slope + s->rows * s->ff;
    t.self = t.act + s->rows * s->ff, t.cross = t.self + pairs(s, false);
    return t;
}

/* ---- the way forward ------------------------------------------------------------------------ */

static void drop(const bram_nn_decoder *s, bram_real *x, const char *place)
{
    char stream[48];
    if (!(s->dropout > 0)) return;
    snprintf(stream, sizeof stream, "decoder/%zu/%s", s->layer, place);
    BRAM_NN(dropout)
    (x, s->rows * s->width, s->dropout, s->seed, s->step, stream, s->first * s->width);
}

/* Attention of one sequence, among its rows or to its memory; *p: where its probabilities are. */
static bram_nn_attention attention_of(const bram_nn_decoder *s, const bram_nn_sequence *q,
                                      bool cross)
{
    if (!cross) return BRAM_NN(self_attention)(1, q->rows, s->width, s->heads, true);
    return (bram_nn_attention){.batch = 1,
                               .queries = q->rows,
                               .keys = q->keys,
                               .heads = s->heads,
                               .width = s->width,
                               .query_row = s->width,
                               .key_row = 2 * s->width};
}

static BRAM_NN(qkv) parts_of(const bram_nn_decoder *s, const bram_nn_sequence *q, bool cross,
                             bram_real *rows, bram_real *kv)
{
    if (!cross) return BRAM_NN(stacked)(rows + q->first * 3 * s->width, s->width);
    bram_real *k = kv + q->memory * 2 * s->width;
    return (BRAM_NN(qkv)){rows + q->first * s->width, k, k + s->width};
}

static void attend(const bram_nn_decoder *s, bram_real *out, bram_real *p, bram_real *rows,
                   bram_real *kv, bool cross)
{
    for (size_t i = 0; i < s->sequences; i++) {
        const bram_nn_sequence *q = &s->sequence[i];
        bram_nn_attention a = attention_of(s, q, cross);
        BRAM_NN(qkv) x = parts_of(s, q, cross, rows, kv);
        BRAM_NN(attention)(&a, out + q->first * s->width, p, &x);
        p += s->heads * q->rows * a.keys;
    }
}

/* sum = x + out_proj(heads), of self-attention or of attention to memory. */
static void close_block(const bram_nn_decoder *s, weights *w, bram_real *sum, const bram_real *x,
                        const bram_real *heads, bool cross)
{
    size_t out = cross ? BRAM_DECODER_CROSS_OUT_W : BRAM_DECODER_SELF_OUT_W;
    BRAM_NN(linear)(sum, heads, w->at[out], w->at[out + 1], s->rows, s->width, s->width);
    drop(s, sum, cross ? "cross" : "self");
    BRAM_NN(add)(sum, x, s->rows * s->width);
}

static void norm(const bram_nn_decoder *s, weights *w, bram_real *y, bram_real *keep,
                 const bram_real *x, size_t which)
{
    size_t at = BRAM_DECODER_NORM1_W + 2 * which;
    BRAM_NN(layer_norm)(y, keep, x, w->at[at], w->at[at + 1], s->rows, s->width, s->eps);
}

/* The queries of attention to memory are the first of the three stacked products. */
static void ask_memory(const bram_nn_decoder *s, weights *w, bram_real *q, const bram_real *x)
{
    BRAM_NN(linear)
    (q, x, w->at[BRAM_DECODER_CROSS_IN_W], w->at[BRAM_DECODER_CROSS_IN_B], s->rows, s->width,
     s->width);
}

static void read_memory(const bram_nn_decoder *s, weights *w, bram_real *kv,
                        const bram_real *memory)
{
    BRAM_NN(linear)
    (kv, memory, w->at[BRAM_DECODER_CROSS_IN_W] + s->width * s->width,
     w->at[BRAM_DECODER_CROSS_IN_B] + s->width, s->keys, s->width, 2 * s->width);
}

static void forward_block(const bram_nn_decoder *s, weights *w, bram_real *sum, const bram_real *x,
                          const bram_real *from, bram_real *slope, bram_real *act)
{
    BRAM_NN(linear)
    (slope, from, w->at[BRAM_DECODER_LINEAR1_W], w->at[BRAM_DECODER_LINEAR1_B], s->rows, s->width,
     s->ff);
    BRAM_NN(act_slope)(act, slope, s->rows * s->ff, BRAM_ACT_GELU);
    BRAM_NN(linear)
    (sum, act, w->at[BRAM_DECODER_LINEAR2_W], w->at[BRAM_DECODER_LINEAR2_B], s->rows, s->ff,
     s->width);
    drop(s, sum, "forward");
    BRAM_NN(add)(sum, x, s->rows * s->width);
}

void BRAM_NN(decoder)(const bram_nn_decoder *s, weights *w, bram_real *y, const bram_real *x,
                      const bram_real *memory, trace *t)
{
    norm(s, w, t->norm[0], t->keep[0], x, 0);
    BRAM_NN(linear)
    (t->qkv, t->norm[0], w->at[BRAM_DECODER_SELF_IN_W], w->at[BRAM_DECODER_SELF_IN_B], s->rows,
     s->width, 3 * s->width);
    attend(s, t->heads[0], t->self, t->qkv, NULL, false);
    close_block(s, w, t->mid[0], x, t->heads[0], false);

    norm(s, w, t->norm[1], t->keep[1], t->mid[0], 1);
    ask_memory(s, w, t->q, t->norm[1]);
    read_memory(s, w, t->kv, memory);
    attend(s, t->heads[1], t->cross, t->q, t->kv, true);
    close_block(s, w, t->mid[1], t->mid[0], t->heads[1], true);

    norm(s, w, t->norm[2], t->keep[2], t->mid[1], 2);
    forward_block(s, w, y, t->mid[1], t->norm[2], t->slope, t->act);
}

/* ---- the way back --------------------------------------------------------------------------- */

/* Scratch memory: gradients of rows of width (two), of the widest rows, of the rows of memory (of
 * width, of keys and values), and attention's. */
struct room {
    bram_real *narrow, *other, *wide, *memory, *kv, *attention;
};

static size_t widest(const bram_nn_decoder *s)
{
    return s->ff > 3 * s->width ? s->ff : 3 * s->width;
}

static struct room room_of(const bram_nn_decoder *s, bram_real *at)
{
    struct room r = {.narrow = at};
    r.other = r.narrow + s->rows * s->width, r.wide = r.other + s->rows * s->width;
    r.memory = r.wide + s->rows * widest(s), r.kv = r.memory + s->keys * s->width;
    r.attention = r.kv + s->keys * 2 * s->width;
    return r;
}

size_t BRAM_NN(decoder_room)(const bram_nn_decoder *s)
{
    size_t most = 0;
    for (size_t i = 0; i < s->sequences; i++)
        for (size_t cross = 0; cross < 2; cross++) {
            bram_nn_attention a = attention_of(s, &s->sequence[i], cross);
            size_t needs = BRAM_NN(attention_room)(&a);
            most = needs > most ? needs : most;
        }
    return s->rows * (2 * s->width + widest(s)) + s->keys * 3 * s->width + most;
}

/* The gradient of a block's result before dropout. */
static const bram_real *undrop(const bram_nn_decoder *s, const struct room *r, const bram_real *d,
                               const char *place)
{
    if (!(s->dropout > 0)) return d;
    memcpy(r->other, d, s->rows * s->width * sizeof *d);
    drop(s, r->other, place);
    return r->other;
}

BRAM_WIDE static void times(bram_real *restrict y, const bram_real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

static void back(bram_real *dx, weights *w, weights *grad, size_t part, const bram_real *dy,
                 const bram_real *x, size_t rows, size_t in, size_t out)
{
    BRAM_NN(linear_back)(dx, grad->at[part], grad->at[part + 1], dy, x, w->at[part], rows, in, out);
}

/* narrow, the gradient of what norm `which` gives, becomes that of its input and is added to dy. */
static void norm_back(const bram_nn_decoder *s, weights *w, weights *grad, bram_real *dy,
                      const struct room *r, const bram_real *x, const bram_real *keep, size_t which)
{
    size_t at = BRAM_DECODER_NORM1_W + 2 * which;
    BRAM_NN(layer_norm_back)
    (r->narrow, grad->at[at], grad->at[at + 1], r->narrow, x, w->at[at], keep, s->rows, s->width);
    BRAM_NN(add)(dy, r->narrow, s->rows * s->width);
}

static void forward_back(const bram_nn_decoder *s, weights *w, weights *grad, const bram_real *dsum,
                         trace *t, const struct room *r)
{
    const bram_real *d = undrop(s, r, dsum, "forward");
    back(r->wide, w, grad, BRAM_DECODER_LINEAR2_W, d, t->act, s->rows, s->ff, s->width);
    times(r->wide, t->slope, s->rows * s->ff);
    back(r->narrow, w, grad, BRAM_DECODER_LINEAR1_W, r->wide, t->norm[2], s->rows, s->width, s->ff);
}

static void attend_back(const bram_nn_decoder *s, trace *t, const struct room *r, bool cross)
{
    bram_real *p = cross ? t->cross : t->self;
    if (cross) memset(r->kv, 0, s->keys * 2 * s->width * sizeof *r->kv); /* sequences share rows */
    for (size_t i = 0; i < s->sequences; i++) {
        const bram_nn_sequence *q = &s->sequence[i];
        bram_nn_attention a = attention_of(s, q, cross);
        a.adds = cross;
        BRAM_NN(qkv) x = parts_of(s, q, cross, cross ? t->q : t->qkv, t->kv);
        BRAM_NN(qkv) dx = parts_of(s, q, cross, r->wide, r->kv);
        BRAM_NN(attention_back)(&a, &dx, r->narrow + q->first * s->width, &x, p, r->attention);
        p += s->heads * q->rows * a.keys;
    }
}

static void cross_back(const bram_nn_decoder *s, weights *w, weights *grad, bram_real *dmemory,
                       const bram_real *dsum, const bram_real *memory, trace *t,
                       const struct room *r)
{
    size_t w0 = s->width, square = w0 * w0;
    bram_real *in_w = w->at[BRAM_DECODER_CROSS_IN_W], *din_w = grad->at[BRAM_DECODER_CROSS_IN_W];
    const bram_real *d = undrop(s, r, dsum, "cross");
    back(r->narrow, w, grad, BRAM_DECODER_CROSS_OUT_W, d, t->heads[1], s->rows, w0, w0);
    attend_back(s, t, r, true);
    BRAM_NN(linear_back)
    (r->memory, din_w + square, grad->at[BRAM_DECODER_CROSS_IN_B] + w0, r->kv, memory,
     in_w + square, s->keys, w0, 2 * w0);
    BRAM_NN(add)(dmemory, r->memory, s->keys * w0);
    back(r->narrow, w, grad, BRAM_DECODER_CROSS_IN_W, r->wide, t->norm[1], s->rows, w0, w0);
}

static void self_back(const bram_nn_decoder *s, weights *w, weights *grad, const bram_real *dsum,
                      trace *t, const struct room *r)
{
    const bram_real *d = undrop(s, r, dsum, "self");
    back(r->narrow, w, grad, BRAM_DECODER_SELF_OUT_W, d, t->heads[0], s->rows, s->width, s->width);
    attend_back(s, t, r, false);
    back(r->narrow, w, grad, BRAM_DECODER_SELF_IN_W, r->wide, t->norm[0], s->rows, s->width,
         3 * s->width);
}

void BRAM_NN(decoder_back)(const bram_nn_decoder *s, weights *w, weights *grad, bram_real *dy,
                           bram_real *dmemory, const bram_real *x, const bram_real *memory,
                           trace *t, bram_real *room)
{
    struct room r = room_of(s, room);
    forward_back(s, w, grad, dy, t, &r);
    norm_back(s, w, grad, dy, &r, t->mid[1], t->keep[2], 2);
    cross_back(s, w, grad, dmemory, dy, memory, t, &r);
    norm_back(s, w, grad, dy, &r, t->mid[0], t->keep[1], 1);
    self_back(s, w, grad, dy, t, &r);
    norm_back(s, w, grad, dy, &r, x, t->keep[0], 0);
}

/* ---- row by row ----------------------------------------------------------------------------- */

void BRAM_NN(decoder_open)(const bram_nn_decoder *s, weights *w, const bram_real *memory,
                           const BRAM_NN(decoder_cache) * cache)
{
    read_memory(s, w, cache->kv, memory);
}

size_t BRAM_NN(decoder_next_room)(const bram_nn_decoder *s, size_t most)
{
    size_t keys = most;
    for (size_t i = 0; i < s->sequences; i++)
        if (s->sequence[i].keys > keys) keys = s->sequence[i].keys;
    return s->sequences * (6 * s->width + 2 * s->ff + 2) + s->heads * keys;
}

/* One query of each sequence, to its rows up to `row` or to its memory. */
static void attend_next(const bram_nn_decoder *s, bram_real *out, bram_real *q, size_t query_row,
                        size_t row, const BRAM_NN(decoder_cache) * c, bool cross, bram_real *p)
{
    for (size_t i = 0; i < s->sequences; i++) {
        const bram_nn_sequence *z = &s->sequence[i];
        bram_real *k = cross ? c->kv + z->memory * 2 * s->width
                             : c->own + i * c->most * 2 * s->width;
        bram_nn_attention a = {.batch = 1,
                               .queries = 1,
                               .keys = cross ? z->keys : row + 1,
                               .heads = s->heads,
                               .width = s->width,
                               .query_row = query_row,
                               .key_row = 2 * s->width};
        BRAM_NN(attention)
        (&a, out + i * s->width, p, &(BRAM_NN(qkv)){q + i * query_row, k, k + s->width});
    }
}

void BRAM_NN(decoder_next)(const bram_nn_decoder *s, weights *w, bram_real *x, size_t row,
                           const BRAM_NN(decoder_cache) * c, bram_real *room)
{
    bram_nn_decoder one = *s; /* a row of each sequence */
    size_t w0 = s->width, n = s->sequences * w0;
    bram_real *normed = room, *qkv = normed + n, *heads = qkv + 3 * n, *sum = heads + n;
    bram_real *slope = sum + n, *act = slope + s->sequences * s->ff;
    bram_real *keep = act + s->sequences * s->ff, *p = keep + 2 * s->sequences;
    one.rows = s->sequences, one.dropout = 0;

    norm(&one, w, normed, keep, x, 0);
    BRAM_NN(linear)
    (qkv, normed, w->at[BRAM_DECODER_SELF_IN_W], w->at[BRAM_DECODER_SELF_IN_B], one.rows, w0,
     3 * w0);
    for (size_t i = 0; i < s->sequences; i++)
        memcpy(c->own + (i * c->most + row) * 2 * w0, qkv + i * 3 * w0 + w0, 2 * w0 * sizeof *qkv);
    attend_next(s, heads, qkv, 3 * w0, row, c, false, p);
    close_block(&one, w, sum, x, heads, false);

    norm(&one, w, normed, keep, sum, 1);
    ask_memory(&one, w, qkv, normed);
    attend_next(s, heads, qkv, w0, row, c, true, p);
    close_block(&one, w, x, sum, heads, true);

    norm(&one, w, normed, keep, x, 2);
    forward_block(&one, w, sum, x, normed, slope, act);
    memcpy(x, sum, n * sizeof *x);
}
