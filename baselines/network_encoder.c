/*
 * network_encoder.c - a transformer encoder (core/nn_encoder.h) as the body of a network; see
 * network.h. Rows of a window stand together.
 *
 *   x = W u + b + positions, then the layers (pre-norm, exact GELU), then a last norm
 *
 * Positions are counted from the start of a window. A row of a segment that is longer than a window
 * is told from the window that overlaps the one before by half: it sees between half a window and a
 * whole one. A free run follows the same rule, with its own outputs as the newest rows.
 */
#include "linalg.h"
#include "network.h"
#include "nn_encoder.h"
#include "nn_layer.h"
#include "nn_math.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double EPS = 1e-5, POSITION_SCALE = 0.02; /* PyTorch's, and that of GPT-2 */

/* ---- layout --------------------------------------------------------------------------------- */

static void set(bram_network *n, const bram_options *o)
{
    n->width = n->sizes.width;
    n->layers = (size_t)bram_option_integer(o, "layers");
    n->heads = (size_t)bram_option_integer(o, "heads");
    n->ff = n->sizes.ff;
    n->sinusoids = bram_option_is(o, "positions", "sinusoid");
    n->dropout = bram_option_real(o, "dropout");
    n->recompute = bram_option_flag(o, "recompute");
}

static void set_causal(bram_network *n, const bram_options *o)
{
    set(n, o);
    n->increment = bram_option_is(o, "target", "increment");
}

static void set_masked(bram_network *n, const bram_options *o)
{
    set(n, o);
    n->hides = bram_option_is(o, "hide", "rows") ? BRAM_HIDE_ROWS : BRAM_HIDE_UNITS;
    n->fraction = bram_option_real(o, "fraction");
}

static const char *fault(const bram_network *n)
{
    return n->width % n->heads ? "width is no multiple of heads" : NULL;
}

/* The shape of layer k for a pass. */
static bram_nn_encoder shape_of(const bram_network *n, const bram_pass *p, size_t k)
{
    return (bram_nn_encoder){.batch = p->windows,
                             .steps = p->steps,
                             .width = n->width,
                             .heads = n->heads,
                             .ff = n->ff,
                             .causal = n->body->causal,
                             .act = BRAM_ACT_GELU,
                             .eps = EPS,
                             .dropout = p->training ? n->dropout : 0,
                             .seed = p->seed,
                             .step = p->step,
                             .layer = k,
                             .first = p->first};
}

static void lay_out(bram_network *n)
{
    bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS];
    bram_nn_encoder shape = shape_of(n, &(bram_pass){.windows = 1, .steps = 1}, 0);
    bram_network_add(n, "embedding", "weight", n->width, bram_network_inputs(n));
    bram_network_add(n, "embedding", "bias", n->width, 0);
    if (!n->sinusoids) bram_network_add(n, "position", "weight", n->window, n->width);
    bram_nn32_encoder_tensors(&shape, tensor);
    for (size_t k = 0; k < n->layers; k++)
        for (size_t i = 0; i < BRAM_NN_ENCODER_TENSORS; i++) {
            char name[48];
            snprintf(name, sizeof name, "layers.%zu.%s", k, tensor[i].name);
            bram_network_add(n, "encoder", name, tensor[i].rows, tensor[i].cols);
        }
    bram_network_add(n, "encoder", "norm.weight", n->width, 0);
    bram_network_add(n, "encoder", "norm.bias", n->width, 0);
}

/* Where the parts stand within `values`, which is the parameters or their gradient. */
struct parts {
    float *embedding, *embedding_bias, *position, *norm, *norm_bias;
};

enum { BEFORE_LAYERS = 3 }; /* tensors, one less without positions */

static struct parts parts_of(const bram_network *n, float *values)
{
    const bram_tensor *t = n->tensor;
    size_t layers = BEFORE_LAYERS - (n->sinusoids ? 1 : 0);
    size_t norm = layers + n->layers * BRAM_NN_ENCODER_TENSORS;
    return (struct parts){values + t[0].at, values + t[1].at,
                          n->sinusoids ? NULL : values + t[2].at, values + t[norm].at,
                          values + t[norm + 1].at};
}

static bram_nn32_encoder_weights layer_of(const bram_network *n, const bram_nn_encoder *shape,
                                          float *values, size_t k)
{
    size_t first = BEFORE_LAYERS - (n->sinusoids ? 1 : 0) + k * BRAM_NN_ENCODER_TENSORS;
    return bram_nn32_encoder_at(shape, values + n->tensor[first].at);
}

/* As PyTorch starts its layers; norms at 1 and 0; positions small. */
static int start(bram_ctx *cx, bram_network *n, bram_rng *g)
{
    (void)cx;
    for (size_t k = 0; k < n->tensors; k++) {
        const bram_tensor *t = &n->tensor[k];
        float *value = n->parameter + t->at;
        size_t cols = t->cols ? t->cols : t[-1].cols; /* a bias comes after its weight */
        if (strcmp(t->group, "position") == 0)
            for (size_t i = 0; i < t->rows * t->cols; i++)
                value[i] = (float)(POSITION_SCALE * bram_rng_normal(g));
        else if (strstr(t->name, "norm"))
            for (size_t i = 0; i < t->rows; i++) value[i] = strstr(t->name, "weight") ? 1 : 0;
        else if (strstr(t->name, "in_proj_weight")) /* Glorot & Bengio 2010 */
            bram_network_draw(n, t, sqrt(6.0 / (double)(t->rows + t->cols)), g);
        else if (strstr(t->name, "self_attn") && !t->cols)
            memset(value, 0, t->rows * sizeof *value);
        else bram_network_draw(n, t, 1 / sqrt((double)cols), g);
    }
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

/* A pass's memory: the rows into each layer and out of the last, the last norm, traces (one, or one
 * for each layer), scratch. */
struct memory {
    float *x, *normed, *keep, *trace, *scratch;
    size_t rows, each; /* rows of all windows; floats of a trace */
};

static struct memory memory_of(const bram_network *n, const bram_pass *p, float *room)
{
    bram_nn_encoder shape = shape_of(n, p, 0);
    struct memory m = {.x = room, .rows = p->windows * p->steps};
    size_t wide = m.rows * n->width;
    m.each = bram_nn32_encoder_trace_size(&shape);
    m.normed = m.x + (n->layers + 1) * wide, m.keep = m.normed + wide;
    m.trace = m.keep + 2 * m.rows;
    m.scratch = m.trace + (n->recompute ? 1 : n->layers) * m.each;
    return m;
}

static size_t room(const bram_network *n, size_t windows, size_t steps)
{
    bram_pass p = {.windows = windows, .steps = steps};
    bram_nn_encoder shape = shape_of(n, &p, 0);
    size_t rows = windows * steps, traces = n->recompute ? 1 : n->layers;
    return rows * ((n->layers + 2) * n->width + 2) + traces * bram_nn32_encoder_trace_size(&shape) +
           bram_nn32_encoder_room(&shape);
}

static void layer_forward(const bram_network *n, const bram_pass *p, const struct memory *m,
                          size_t k)
{
    bram_nn_encoder shape = shape_of(n, p, k);
    bram_nn32_encoder_weights w = layer_of(n, &shape, n->parameter, k);
    bram_nn32_encoder_trace t = bram_nn32_encoder_trace_at(
        &shape, m->trace + (n->recompute ? 0 : k) * m->each);
    float *x = m->x + k * m->rows * n->width;
    bram_nn32_encoder(&shape, &w, x + m->rows * n->width, x, &t);
}

static const float *forward(const bram_network *n, const bram_pass *p, float *room)
{
    struct memory m = memory_of(n, p, room);
    struct parts w = parts_of(n, n->parameter);
    const float *position = w.position;
    if (!position) {
        bram_nn32_sinusoids(m.scratch, p->steps, n->width);
        position = m.scratch;
    }
    bram_nn32_linear(m.x, p->x, w.embedding, w.embedding_bias, m.rows, bram_network_inputs(n),
                     n->width);
    for (size_t b = 0; b < p->windows; b++)
        for (size_t i = 0; i < p->steps * n->width; i++)
            m.x[b * p->steps * n->width + i] += position[i];
    for (size_t k = 0; k < n->layers; k++) layer_forward(n, p, &m, k);
    bram_nn32_layer_norm(m.normed, m.keep, m.x + n->layers * m.rows * n->width, w.norm, w.norm_bias,
                         m.rows, n->width, EPS);
    return m.normed;
}

static void backward(const bram_network *n, const bram_pass *p, float *room, float *gradient,
                     float *dtop)
{
    struct memory m = memory_of(n, p, room);
    struct parts w = parts_of(n, n->parameter), dw = parts_of(n, gradient);
    size_t wide = m.rows * n->width;
    bram_nn32_layer_norm_back(dtop, dw.norm, dw.norm_bias, dtop, m.x + n->layers * wide, w.norm,
                              m.keep, m.rows, n->width);
    for (size_t k = n->layers; k-- > 0;) {
        bram_nn_encoder shape = shape_of(n, p, k);
        bram_nn32_encoder_weights lw = layer_of(n, &shape, n->parameter, k);
        bram_nn32_encoder_weights dlw = layer_of(n, &shape, gradient, k);
        bram_nn32_encoder_trace t = bram_nn32_encoder_trace_at(
            &shape, m.trace + (n->recompute ? 0 : k) * m.each);
        if (n->recompute && k + 1 < n->layers) layer_forward(n, p, &m, k);
        bram_nn32_encoder_back(&shape, &lw, &dlw, dtop, m.x + k * wide, &t, m.scratch);
    }
    for (size_t b = 0; dw.position && b < p->windows; b++)
        for (size_t i = 0; i < p->steps * n->width; i++)
            dw.position[i] += dtop[b * p->steps * n->width + i];
    bram_nn32_linear_back(NULL, dw.embedding, dw.embedding_bias, dtop, p->x, w.embedding, m.rows,
                          bram_network_inputs(n), n->width);
}

/* Layer by layer, since with recompute one trace serves all. */
static int attention(bram_ctx *cx, const bram_network *n, float *out, const bram_segment *s,
                     size_t rows)
{
    size_t inputs = bram_network_inputs(n), each = n->heads * rows * rows;
    float *x = bram_scratch(cx, rows, inputs * sizeof *x);
    float *space = x ? bram_scratch(cx, room(n, 1, rows), sizeof *space) : NULL;
    if (!space) return BRAM_ENOMEM;
    for (size_t k = 0; k < rows; k++) BRAM_TRY(bram_network_put(cx, n, x + k * inputs, s, k, NULL));
    bram_pass p = {.windows = 1, .steps = rows, .most = rows, .x = x};
    struct memory m = memory_of(n, &p, space);
    forward(n, &p, space);
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn_encoder shape = shape_of(n, &p, k);
        layer_forward(n, &p, &m, k);
        memcpy(out + k * each,
               bram_nn32_encoder_trace_at(&shape, m.trace + (n->recompute ? 0 : k) * m.each).p,
               each * sizeof *out);
    }
    return BRAM_OK;
}

/* ---- free runs ------------------------------------------------------------------------------ */

enum { GROUP = 16 }; /* runs at a time */

/* Runs that go on together: for each the rows of input that it has, its window's first among them.
 */
struct runs {
    const bram_network *n;
    size_t count, *rows, keeps; /* rows: that there are of each run; keeps: most of them */
    float *u, *x, *room, *out;  /* count keeps inputs; count window inputs; one row of outputs */
};

/* The first row of the window that tells the row after `rows` rows. */
static size_t window_start(const bram_network *n, size_t rows)
{
    size_t stride = n->window - bram_network_overlap(n);
    return rows <= n->window ? 0 : (rows - n->window + stride - 1) / stride * stride;
}

/* The mean of the next row of each run, by the windows as they are now. */
static int next_means(bram_ctx *cx, struct runs *r, double *values, size_t apart)
{
    const bram_network *n = r->n;
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n), most = 1;
    for (size_t i = 0; i < r->count; i++) {
        size_t seen = r->rows[i] - window_start(n, r->rows[i]);
        most = seen > most ? seen : most;
    }
    bram_pass p = {.windows = r->count, .steps = most, .most = most, .x = r->x};
    memset(r->x, 0, r->count * most * inputs * sizeof *r->x);
    for (size_t i = 0; i < r->count; i++) {
        size_t from = window_start(n, r->rows[i]);
        memcpy(r->x + i * most * inputs, r->u + (i * r->keeps + from) * inputs,
               (r->rows[i] - from) * inputs * sizeof *r->x);
    }
    const float *top = n->body->forward(n, &p, r->room);
    const float *bias = n->parameter + n->parameters - outputs;
    for (size_t i = 0; i < r->count; i++) {
        size_t seen = r->rows[i] - window_start(n, r->rows[i]);
        const float *last = r->u + (i * r->keeps + r->rows[i] - 1) * inputs;
        if (!seen) memcpy(r->out, bias, outputs * sizeof *r->out);
        else bram_network_read(n, r->out, top + (i * most + seen - 1) * n->width, 1);
        if (n->counts) bram_nn32_softplus(r->out, outputs);
        bram_network_value(n, values + i * apart, r->out, seen ? last : NULL);
    }
    return bram_ctx_check_cancel(cx);
}

static int run_group(bram_ctx *cx, struct runs *r, double *values, const bram_query *q,
                     const size_t *start)
{
    const bram_network *n = r->n;
    size_t inputs = bram_network_inputs(n), apart = q->steps * n->units;
    for (size_t i = 0; i < r->count; i++) {
        /* all rows from the start of the window that the first step has */
        size_t from = window_start(n, start[i]);
        r->rows[i] = start[i] - from;
        for (size_t k = from; k < start[i]; k++)
            BRAM_TRY(bram_network_put(cx, n, r->u + (i * r->keeps + k - from) * inputs,
                                      &q->panel->segment[q->segment], k, NULL));
    }
    for (size_t h = 0; h < q->steps; h++) {
        BRAM_TRY(next_means(cx, r, values + h * n->units, apart));
        for (size_t i = 0; i < r->count; i++) {
            float *u = r->u + (i * r->keeps + r->rows[i]++) * inputs;
            bram_network_input(n, u, values + i * apart + h * n->units, NULL, NULL);
            bram_network_put_inputs(n, u, &q->panel->segment[q->segment], start[i]);
        }
    }
    return BRAM_OK;
}

static int run(bram_ctx *cx, const void *model, double *values, const bram_query *q)
{
    const bram_network *n = model;
    size_t inputs = bram_network_inputs(n), mark = bram_scratch_mark(cx), rows[GROUP];
    struct runs r = {.n = n, .rows = rows, .keeps = n->window + q->steps};
    BRAM_TRY(bram_inputs_check(cx, &n->input, &q->panel->segment[q->segment]));
    r.u = bram_scratch(cx, GROUP * r.keeps, inputs * sizeof *r.u);
    r.x = bram_scratch(cx, GROUP * n->window, inputs * sizeof *r.x);
    r.out = bram_scratch(cx, bram_network_outputs(n), sizeof *r.out);
    r.room = bram_scratch(cx, room(n, GROUP, n->window), sizeof *r.room);
    if (!r.u || !r.x || !r.out || !r.room) return BRAM_ENOMEM;
    for (size_t s = 0; s < q->starts; s += GROUP) {
        r.count = q->starts - s < GROUP ? q->starts - s : GROUP;
        BRAM_TRY(run_group(cx, &r, values + s * q->steps * n->units, q, q->start + s));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

const bram_network_body bram_body_encoder = {.name = "encoder",
                                             .by_window = true,
                                             .causal = true,
                                             .set = set_causal,
                                             .fault = fault,
                                             .lay_out = lay_out,
                                             .start = start,
                                             .room = room,
                                             .forward = forward,
                                             .backward = backward,
                                             .attention = attention,
                                             .run = run};

const bram_network_body bram_body_masked_encoder = {.name = "masked-encoder",
                                                    .by_window = true,
                                                    .set = set_masked,
                                                    .fault = fault,
                                                    .lay_out = lay_out,
                                                    .start = start,
                                                    .room = room,
                                                    .forward = forward,
                                                    .backward = backward};
