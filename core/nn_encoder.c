/*
 * nn_encoder.c - one layer of a transformer encoder; see nn_encoder.h.
 */
#include "nn_encoder.h"

#include "nn_attention.h"
#include "nn_layer.h"
#include "wide.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over arrays become vectors */
#endif

/* ---- layout --------------------------------------------------------------------------------- */

void BRAM_NN(encoder_tensors)(const bram_nn_encoder *s,
                              bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS])
{
    const bram_nn_encoder_tensor all[BRAM_NN_ENCODER_TENSORS] = {
        {"self_attn.in_proj_weight", 3 * s->width, s->width},
        {"self_attn.in_proj_bias", 3 * s->width, 0},
        {"self_attn.out_proj.weight", s->width, s->width},
        {"self_attn.out_proj.bias", s->width, 0},
        {"linear1.weight", s->ff, s->width},
        {"linear1.bias", s->ff, 0},
        {"linear2.weight", s->width, s->ff},
        {"linear2.bias", s->width, 0},
        {"norm1.weight", s->width, 0},
        {"norm1.bias", s->width, 0},
        {"norm2.weight", s->width, 0},
        {"norm2.bias", s->width, 0}};
    memcpy(tensor, all, sizeof all);
}

BRAM_NN(encoder_weights) BRAM_NN(encoder_at)(const bram_nn_encoder *s, bram_real *values)
{
    bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS];
    bram_real *at[BRAM_NN_ENCODER_TENSORS];
    BRAM_NN(encoder_tensors)(s, tensor);
    for (size_t k = 0; k < BRAM_NN_ENCODER_TENSORS; k++) {
        at[k] = values;
        values += tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
    }
    return (BRAM_NN(encoder_weights)){at[0], at[1], at[2], at[3], at[4],  at[5],
                                      at[6], at[7], at[8], at[9], at[10], at[11]};
}

static bram_nn_attention attention_of(const bram_nn_encoder *s)
{
    return BRAM_NN(self_attention)(s->batch, s->steps, s->width, s->heads, s->causal);
}

size_t BRAM_NN(encoder_trace_size)(const bram_nn_encoder *s)
{
    return s->batch * s->steps * (7 * s->width + 2 * s->ff + 4 + s->heads * s->steps);
}

BRAM_NN(encoder_trace) BRAM_NN(encoder_trace_at)(const bram_nn_encoder *s, bram_real *values)
{
    size_t rows = s->batch * s->steps, wide = rows * s->width;
    BRAM_NN(encoder_trace) t;
    t.norm1 = values, t.norm2 = t.norm1 + wide, t.heads = t.norm2 + wide, t.mid = t.heads + wide;
    t.qkv = t.mid + wide, t.slope = t.qkv + 3 * wide, t.act = t.slope + rows * s->ff;
    t.keep1 = t.act + rows * s->ff, t.keep2 = t.keep1 + 2 * rows, t.p = t.keep2 + 2 * rows;
    return t;
}

/* ---- the way forward ------------------------------------------------------------------------ */

/* Dropout of rows of `cols` numbers at one of the layer's three places. */
static void drop(const bram_nn_encoder *s, bram_real *x, size_t cols, const char *place)
{
    char stream[48];
    if (!(s->dropout > 0)) return;
    snprintf(stream, sizeof stream, "encoder/%zu/%s", s->layer, place);
    BRAM_NN(dropout)
    (x, s->batch * s->steps * cols, s->dropout, s->seed, s->step, stream,
     s->first * s->steps * cols);
}

BRAM_WIDE static void times(bram_real *restrict y, const bram_real *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] *= x[i];
}

static void norm(const bram_nn_encoder *s, bram_real *y, bram_real *keep, const bram_real *x,
                 const bram_real *w, const bram_real *b)
{
    BRAM_NN(layer_norm)(y, keep, x, w, b, s->batch * s->steps, s->width, s->eps);
}

/* sum = x + A(from). */
static void attention_block(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                            bram_real *sum, const bram_real *x, const bram_real *from,
                            const BRAM_NN(encoder_trace) * t)
{
    size_t rows = s->batch * s->steps;
    bram_nn_attention a = attention_of(s);
    BRAM_NN(qkv) qkv = BRAM_NN(stacked)(t->qkv, s->width);
    BRAM_NN(linear)(t->qkv, from, w->in_w, w->in_b, rows, s->width, 3 * s->width);
    BRAM_NN(attention)(&a, t->heads, t->p, &qkv);
    BRAM_NN(linear)(sum, t->heads, w->out_w, w->out_b, rows, s->width, s->width);
    drop(s, sum, s->width, "attention");
    BRAM_NN(add)(sum, x, rows * s->width);
}

/* sum = m + F(from). */
static void forward_block(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                          bram_real *sum, const bram_real *m, const bram_real *from,
                          const BRAM_NN(encoder_trace) * t)
{
    size_t rows = s->batch * s->steps;
    BRAM_NN(linear)(t->slope, from, w->w1, w->b1, rows, s->width, s->ff);
    BRAM_NN(act_slope)(t->act, t->slope, rows * s->ff, s->act);
    drop(s, t->act, s->ff, "inside");
    BRAM_NN(linear)(sum, t->act, w->w2, w->b2, rows, s->ff, s->width);
    drop(s, sum, s->width, "outside");
    BRAM_NN(add)(sum, m, rows * s->width);
}

void BRAM_NN(encoder)(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w, bram_real *y,
                      const bram_real *x, const BRAM_NN(encoder_trace) * t)
{
    if (s->norm_last) {
        attention_block(s, w, t->norm1, x, x, t);
        norm(s, t->mid, t->keep1, t->norm1, w->norm1_w, w->norm1_b);
        forward_block(s, w, t->norm2, t->mid, t->mid, t);
        norm(s, y, t->keep2, t->norm2, w->norm2_w, w->norm2_b);
    } else {
        norm(s, t->norm1, t->keep1, x, w->norm1_w, w->norm1_b);
        attention_block(s, w, t->mid, x, t->norm1, t);
        norm(s, t->norm2, t->keep2, t->mid, w->norm2_w, w->norm2_b);
        forward_block(s, w, y, t->mid, t->norm2, t);
    }
}

/* ---- the way back --------------------------------------------------------------------------- */

/* Scratch memory: gradients of rows of width (two), of the widest rows, and attention's. */
struct room {
    bram_real *narrow, *other, *wide, *attention;
};

static size_t widest(const bram_nn_encoder *s)
{
    return s->ff > 3 * s->width ? s->ff : 3 * s->width;
}

size_t BRAM_NN(encoder_room)(const bram_nn_encoder *s)
{
    bram_nn_attention a = attention_of(s);
    return s->batch * s->steps * (2 * s->width + widest(s)) + BRAM_NN(attention_room)(&a);
}

/* narrow = the gradient of `from` by that of the sum, dsum. */
static void forward_block_back(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                               const BRAM_NN(encoder_weights) * grad, const struct room *r,
                               const bram_real *dsum, const bram_real *from,
                               const BRAM_NN(encoder_trace) * t)
{
    size_t rows = s->batch * s->steps;
    const bram_real *d = dsum;
    if (s->dropout > 0) {
        memcpy(r->other, dsum, rows * s->width * sizeof *dsum);
        drop(s, r->other, s->width, "outside");
        d = r->other;
    }
    BRAM_NN(linear_back)
    (r->wide, grad->w2, grad->b2, d, t->act, w->w2, rows, s->ff, s->width);
    drop(s, r->wide, s->ff, "inside");
    times(r->wide, t->slope, rows * s->ff);
    BRAM_NN(linear_back)
    (r->narrow, grad->w1, grad->b1, r->wide, from, w->w1, rows, s->width, s->ff);
}

static void attention_block_back(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                                 const BRAM_NN(encoder_weights) * grad, const struct room *r,
                                 const bram_real *dsum, const bram_real *from,
                                 const BRAM_NN(encoder_trace) * t)
{
    size_t rows = s->batch * s->steps;
    bram_nn_attention a = attention_of(s);
    BRAM_NN(qkv) qkv = BRAM_NN(stacked)(t->qkv, s->width);
    BRAM_NN(qkv) dqkv = BRAM_NN(stacked)(r->wide, s->width);
    const bram_real *d = dsum;
    if (s->dropout > 0) {
        memcpy(r->other, dsum, rows * s->width * sizeof *dsum);
        drop(s, r->other, s->width, "attention");
        d = r->other;
    }
    BRAM_NN(linear_back)
    (r->narrow, grad->out_w, grad->out_b, d, t->heads, w->out_w, rows, s->width, s->width);
    BRAM_NN(attention_back)(&a, &dqkv, r->narrow, &qkv, t->p, r->attention);
    BRAM_NN(linear_back)
    (r->narrow, grad->in_w, grad->in_b, r->wide, from, w->in_w, rows, s->width, 3 * s->width);
}

void BRAM_NN(encoder_back)(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                           const BRAM_NN(encoder_weights) * grad, bram_real *dy, const bram_real *x,
                           const BRAM_NN(encoder_trace) * t, bram_real *room)
{
    size_t rows = s->batch * s->steps, n = rows * s->width;
    struct room r = {room, room + n, room + 2 * n, room + 2 * n + rows * widest(s)};
    if (s->norm_last) {
        BRAM_NN(layer_norm_back)
        (dy, grad->norm2_w, grad->norm2_b, dy, t->norm2, w->norm2_w, t->keep2, rows, s->width);
        forward_block_back(s, w, grad, &r, dy, t->mid, t);
        BRAM_NN(add)(dy, r.narrow, n);
        BRAM_NN(layer_norm_back)
        (dy, grad->norm1_w, grad->norm1_b, dy, t->norm1, w->norm1_w, t->keep1, rows, s->width);
        attention_block_back(s, w, grad, &r, dy, x, t);
        BRAM_NN(add)(dy, r.narrow, n);
        return;
    }
    forward_block_back(s, w, grad, &r, dy, t->norm2, t);
    BRAM_NN(layer_norm_back)
    (r.narrow, grad->norm2_w, grad->norm2_b, r.narrow, t->mid, w->norm2_w, t->keep2, rows,
     s->width);
    BRAM_NN(add)(dy, r.narrow, n);
    attention_block_back(s, w, grad, &r, dy, t->norm1, t);
    BRAM_NN(layer_norm_back)
    (r.narrow, grad->norm1_w, grad->norm1_b, r.narrow, x, w->norm1_w, t->keep1, rows, s->width);
    BRAM_NN(add)(dy, r.narrow, n);
}

/* ---- positions ------------------------------------------------------------------------------ */

void BRAM_NN(sinusoids)(bram_real *out, size_t steps, size_t width)
{
    for (size_t t = 0; t < steps; t++)
        for (size_t i = 0; i < width; i++) {
            double angle = (double)t * pow(10000, -(double)(i / 2 * 2) / (double)width);
            out[t * width + i] = (bram_real)(i % 2 ? cos(angle) : sin(angle));
        }
}
