/*
 * network_cells.c - layers of recurrent cells (core/nn_recurrent.h) as the body of a network; see
 * network.h. Rows of all windows at one time stand together.
 */
#include "circuit.h"
#include "linalg.h"
#include "network_init.h"
#include "nn_layer.h"
#include "nn_math.h"
#include "recurrent.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- layout --------------------------------------------------------------------------------- */

static void set_sizes(bram_network *n, const bram_options *o)
{
    n->width = n->sizes.width;
    n->layers = (size_t)bram_option_integer(o, "layers");
    n->increment = bram_option_is(o, "target", "increment");
    n->dropout = bram_option_real(o, "dropout");
    n->horizon = (size_t)bram_option_integer(o, "horizon");
    n->changes = bram_option_is(o, "feed", "increment");
    n->measures = bram_option_flag(o, "learning");
}

static void set(bram_network *n, const bram_options *o)
{
    set_sizes(n, o);
    n->init = (int)bram_start_of(o);
    n->gain = bram_option_real(o, "gain");
    n->init_rank = (size_t)bram_option_integer(o, "init_rank");
}

static const char *fault(const bram_network *n)
{
    bool ranked = n->init == BRAM_INIT_LOWRANK || n->init == BRAM_INIT_ALIGNED;
    return ranked && n->init_rank > n->width ? "init_rank is above hidden" : NULL;
}

/* The connectome that the first weights are. */
static int build(bram_ctx *cx, bram_network *n, const bram_options *o, const bram_panel *train,
                 uint64_t seed)
{
    bram_start_kind kind = bram_start_of(o);
    bram_rng g = bram_rng_new(seed, "network/connectome");
    if (kind != BRAM_INIT_CONNECTOME && kind != BRAM_INIT_SHUFFLED) return BRAM_OK;
    return bram_init_connectome(cx, &n->guide, o, n->sizes.width, kind == BRAM_INIT_SHUFFLED,
                                train->public_data, &g);
}

static void set_rank(bram_network *n, const bram_options *o)
{
    set_sizes(n, o);
    n->rank = (size_t)bram_option_integer(o, "rank");
}

static void add(bram_network *n, const char *stem, size_t layer, size_t rows, size_t cols)
{
    char name[32];
    snprintf(name, sizeof name, "%s_l%zu", stem, layer);
    bram_network_add(n, "rnn", name, rows, cols);
}

/* Tensors of a layer: weight_hh may be two factors, and there may be rates. */
static size_t tensors_of_layer(const bram_network *n)
{
    return 4 + (n->rank ? 1 : 0) + (bram_nn32_leaks(n->body->cell) ? 1 : 0);
}

static void lay_out(bram_network *n)
{
    size_t rows = bram_nn32_gates(n->body->cell) * n->width;
    for (size_t k = 0; k < n->layers; k++) {
        add(n, "weight_ih", k, rows, k ? n->width : bram_network_inputs(n));
        add(n, n->rank ? "weight_m" : "weight_hh", k, rows, n->rank ? n->rank : n->width);
        add(n, "bias_ih", k, rows, 0);
        add(n, "bias_hh", k, rows, 0);
        if (bram_nn32_leaks(n->body->cell)) add(n, "leak", k, n->width, 0);
        if (n->rank) add(n, "weight_n", k, n->width, n->rank);
    }
}

/* The arrays of layer k within `values`, which is the parameters or their gradient; of a network of
 * low rank w_hh is its factor m. */
static bram_nn32_cell_weights cells(const bram_network *n, float *values, size_t k)
{
    const bram_tensor *t = n->tensor + tensors_of_layer(n) * k;
    bool leaks = bram_nn32_leaks(n->body->cell);
    return (bram_nn32_cell_weights){values + t[0].at, values + t[1].at, values + t[2].at,
                                    values + t[3].at, leaks ? values + t[4].at : NULL};
}

static float *other_factor(const bram_network *n, float *values, size_t k)
{
    return values + n->tensor[tensors_of_layer(n) * (k + 1) - 1].at;
}

/* Recurrent weights by the option init, gate by gate. */
static int start_recurrent(bram_ctx *cx, bram_network *n, bram_rng *g)
{
    size_t gates = bram_nn32_gates(n->body->cell), each = n->width * n->width;
    bool trained = n->init == BRAM_INIT_ALIGNED;
    for (size_t k = 0; k < n->layers * gates; k++)
        BRAM_TRY(bram_init_matrix(cx, cells(n, n->parameter, k / gates).w_hh + k % gates * each,
                                  n->width, (bram_start_kind)n->init, n->gain, n->init_rank,
                                  trained ? n->guide + k * each : n->guide, g));
    return BRAM_OK;
}

/* Uniform within 1 / sqrt(hidden), as PyTorch's; forget gates of an LSTM one higher; rates from
 * 0.05 to 0.95, even in their log odds; factors N(0, 1). */
static int start(bram_ctx *cx, bram_network *n, bram_rng *g)
{
    for (size_t k = 0; k < n->tensors; k++) {
        const bram_tensor *t = &n->tensor[k];
        if (strncmp(t->name, "leak", 4) == 0) bram_network_draw(n, t, log(19), g);
        else if (n->rank &&
                 (strncmp(t->name, "weight_m", 8) == 0 || strncmp(t->name, "weight_n", 8) == 0))
            for (size_t i = 0; i < t->rows * t->cols; i++)
                n->parameter[t->at + i] = (float)bram_rng_normal(g);
        else bram_network_draw(n, t, 1 / sqrt((double)n->width), g);
    }
    for (size_t k = 0; k < n->layers && n->body->cell == BRAM_CELL_LSTM; k++) {
        float *bias = cells(n, n->parameter, k).b_ih + n->width;
        for (size_t i = 0; i < n->width; i++) bias[i] += 1;
    }
    return n->init == BRAM_INIT_UNIFORM ? BRAM_OK : start_recurrent(cx, n, g);
}

/* The recurrent weights of all layers below each other; of low rank multiplied. */
static int matrix(bram_ctx *cx, const bram_network *n, const float *parameter, bram_mat *w)
{
    size_t h = n->width, rows = bram_nn32_gates(n->body->cell) * h;
    float *copy = bram_scratch(cx, n->parameters, sizeof *copy);
    float *whole = bram_scratch(cx, h, h * sizeof *whole);
    if (!copy || !whole) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, w, n->layers * rows, h));
    memcpy(copy, parameter, n->parameters * sizeof *copy);
    for (size_t k = 0; k < n->layers; k++) {
        const float *from = cells(n, copy, k).w_hh;
        if (n->rank) {
            bram_nn32_lowrank(whole, from, other_factor(n, copy, k), h, n->rank);
            from = whole;
        }
        for (size_t i = 0; i < rows * h; i++) w->data[k * rows * h + i] = (double)from[i];
    }
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

static size_t state_floats(const bram_network *n, size_t windows, size_t steps)
{
    return (steps + 1) * windows * n->width;
}

static size_t gate_floats(const bram_network *n, size_t windows, size_t steps)
{
    return steps * windows * bram_nn32_gates(n->body->cell) * n->width;
}

/* Gates and side of a layer: the latter of an LSTM is as large as the states, a plain cell has
 * none.
 */
static size_t layer_floats(const bram_network *n, size_t windows, size_t steps)
{
    size_t states = state_floats(n, windows, steps), gates = gate_floats(n, windows, steps);
    size_t rates = bram_nn32_leaks(n->body->cell) ? n->width : 0;
    if (n->body->cell == BRAM_CELL_LSTM) return 3 * states + gates;
    return states + (n->body->cell == BRAM_CELL_GRU ? 2 : 1) * gates + rates;
}

/* Differences of the inputs, the rows before them, and whether there are such rows. */
static size_t fed_floats(const bram_network *n, size_t windows, size_t steps)
{
    return (steps + 1) * windows * bram_network_inputs(n) + 1;
}

static size_t room(const bram_network *n, size_t windows, size_t steps)
{
    size_t rows = steps * windows * n->width, between = n->layers > 1 ? rows : 0;
    if (n->dropout > 0) between += n->layers * rows;
    if (n->changes) between += fed_floats(n, windows, steps);
    bram_nn_recurrent shape = {.cell = n->body->cell, .hidden = n->width};
    return n->layers * layer_floats(n, windows, steps) + 2 * windows * n->width + between +
           bram_nn32_recurrent_packed(&shape) + (n->rank ? 2 * n->width * n->width : 0);
}

/* What comes after the layers: gradients of states (and cells) and of a layer's inputs, and the
 * weights in the order of their products; of a network of low rank its recurrent matrix and the
 * gradient of that. */
struct shared {
    float *dh, *dc, *packed, *whole, *dwhole;
    float *dropped;              /* what each layer gives after dropout, where there is any */
    float *fed, *before, *known; /* of inputs that go in as differences, see fed_floats */
    float *dx;
};

static struct shared shared_of(const bram_network *n, const bram_pass *p, float *room)
{
    bram_nn_recurrent shape = {.cell = n->body->cell, .hidden = n->width};
    size_t state = p->windows * n->width;
    float *at = room + n->layers * layer_floats(n, p->windows, p->most);
    struct shared s = {.dh = at, .dc = at + state, .packed = at + 2 * state};
    s.whole = s.packed + bram_nn32_recurrent_packed(&shape);
    s.dwhole = s.whole + (n->rank ? n->width * n->width : 0);
    s.dropped = s.dwhole + (n->rank ? n->width * n->width : 0);
    s.fed = s.dropped + (n->dropout > 0 ? n->layers * p->windows * p->most * n->width : 0);
    s.before = s.fed + (n->changes ? p->most * p->windows * bram_network_inputs(n) : 0);
    s.known = s.before + (n->changes ? p->windows * bram_network_inputs(n) : 0);
    s.dx = s.known + (n->changes ? 1 : 0);
    return s;
}

/* The recurrent matrix of a layer of low rank. */
static void multiply_factors(const bram_network *n, float *whole, size_t k)
{
    bram_nn32_lowrank(whole, cells(n, n->parameter, k).w_hh, other_factor(n, n->parameter, k),
                      n->width, n->rank);
}

static bram_nn32_cell_trace trace_of(const bram_network *n, size_t windows, size_t steps,
                                     float *room, size_t layer)
{
    float *at = room + layer * layer_floats(n, windows, steps);
    size_t states = state_floats(n, windows, steps);
    bool lstm = n->body->cell == BRAM_CELL_LSTM;
    bram_nn32_cell_trace t = {.h = at, .gates = at + states};
    float *rest = t.gates + gate_floats(n, windows, steps);
    if (lstm) t.c = rest;
    if (lstm) t.side = rest + states;
    if (n->body->cell == BRAM_CELL_GRU) t.side = rest;
    if (bram_nn32_leaks(n->body->cell)) t.rate = rest;
    return t;
}

static bram_nn_recurrent shape_of(const bram_network *n, const bram_pass *p, size_t layer)
{
    return (bram_nn_recurrent){n->body->cell, p->steps, p->windows,
                               layer ? n->width : bram_network_inputs(n), n->width};
}

static bool drops(const bram_network *n, const bram_pass *p)
{
    return p->training && n->dropout > 0;
}

/* Numbers that a layer gives. */
static size_t outputs_of(const bram_network *n, const bram_pass *p)
{
    return p->windows * p->steps * n->width;
}

/* Dropout of what layer k gives, or of its gradient. */
static void drop(const bram_network *n, const bram_pass *p, float *x, size_t k)
{
    char stream[32];
    snprintf(stream, sizeof stream, "recurrent/%zu", k);
    bram_nn32_dropout(x, outputs_of(n, p), n->dropout, p->seed, p->step, stream,
                      p->first * p->steps * n->width);
}

/* Into a layer; into the readout where layer is their number. */
static const float *input_of(const bram_network *n, const bram_pass *p, float *room, size_t layer)
{
    if (!layer) return n->changes ? shared_of(n, p, room).fed : p->x;
    if (drops(n, p)) return shared_of(n, p, room).dropped + (layer - 1) * outputs_of(n, p);
    return trace_of(n, p->windows, p->most, room, layer - 1).h + p->windows * n->width;
}

static const float *forward(const bram_network *n, const bram_pass *p, float *room)
{
    if (n->changes) {
        struct shared s = shared_of(n, p, room);
        bram_network_changes(n, s.fed, p->x, p->steps * p->windows, p->windows,
                             *s.known > 0 ? s.before : NULL);
    }
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn_recurrent shape = shape_of(n, p, k);
        bram_nn32_cell_weights w = cells(n, n->parameter, k);
        bram_nn32_cell_trace trace = trace_of(n, p->windows, p->most, room, k);
        struct shared s = shared_of(n, p, room);
        trace.packed = s.packed;
        if (n->rank) {
            multiply_factors(n, s.whole, k);
            w.w_hh = s.whole;
        }
        bram_nn32_recurrent(&shape, &w, input_of(n, p, room, k), &trace);
        if (!drops(n, p)) continue;
        float *dropped = s.dropped + k * outputs_of(n, p);
        memcpy(dropped, trace.h + p->windows * n->width, outputs_of(n, p) * sizeof *dropped);
        drop(n, p, dropped, k);
    }
    return input_of(n, p, room, n->layers);
}

static void backward(const bram_network *n, const bram_pass *p, float *room, float *gradient,
                     float *dtop)
{
    size_t state = p->windows * n->width;
    struct shared s = shared_of(n, p, room);
    for (size_t k = n->layers; k-- > 0;) {
        bram_nn_recurrent shape = shape_of(n, p, k);
        bram_nn32_cell_weights w = cells(n, n->parameter, k), dw = cells(n, gradient, k);
        bram_nn32_cell_trace trace = trace_of(n, p->windows, p->most, room, k);
        trace.packed = s.packed;
        memset(s.dh, 0, 2 * state * sizeof *s.dh);
        if (drops(n, p)) drop(n, p, dtop, k);
        if (n->rank) {
            multiply_factors(n, s.whole, k);
            memset(s.dwhole, 0, n->width * n->width * sizeof *s.dwhole);
            w.w_hh = s.whole, dw.w_hh = s.dwhole;
        }
        bram_nn32_recurrent_back(&shape, &w, &dw, k ? s.dx : NULL, s.dh, s.dc, dtop,
                                 input_of(n, p, room, k), &trace);
        if (n->rank)
            bram_nn32_lowrank_back(cells(n, gradient, k).w_hh, other_factor(n, gradient, k),
                                   s.dwhole, cells(n, n->parameter, k).w_hh,
                                   other_factor(n, n->parameter, k), n->width, n->rank);
        float *last = dtop;
        dtop = s.dx, s.dx = last;
    }
}

static void rewind_states(const bram_network *n, const bram_pass *p, float *room)
{
    size_t state = p->windows * n->width;
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn32_cell_trace t = trace_of(n, p->windows, p->most, room, k);
        memset(t.h, 0, state * sizeof *t.h);
        if (t.c) memset(t.c, 0, state * sizeof *t.c);
    }
    if (n->changes) *shared_of(n, p, room).known = 0;
}

static void carry(const bram_network *n, const bram_pass *p, float *room)
{
    size_t state = p->windows * n->width;
    for (size_t k = 0; k < n->layers; k++) {
        bram_nn32_cell_trace t = trace_of(n, p->windows, p->most, room, k);
        memmove(t.h, t.h + p->steps * state, state * sizeof *t.h);
        if (t.c) memmove(t.c, t.c + p->steps * state, state * sizeof *t.c);
    }
    if (n->changes) {
        struct shared s = shared_of(n, p, room);
        size_t row = p->windows * bram_network_inputs(n);
        memcpy(s.before, p->x + (p->steps - 1) * row, row * sizeof *s.before);
        *s.known = 1;
    }
}

/* ---- free runs ------------------------------------------------------------------------------ */

/* The last row as input, and whether there is one. */
static size_t last_width(const bram_network *n)
{
    return n->increment || n->changes ? bram_network_inputs(n) + 1 : 0;
}

/* A state: of each layer h, of an LSTM's c as well, then the last row where it is wanted. */
static size_t state_width(const bram_network *n)
{
    size_t each = n->body->cell == BRAM_CELL_LSTM ? 2 * n->width : n->width;
    return n->layers * each + last_width(n);
}

static int begin(bram_ctx *cx, const void *fitted, double *state)
{
    (void)cx;
    memset(state, 0, state_width(fitted) * sizeof *state);
    return BRAM_OK;
}

/* Copies `width` numbers of each row from column `at` on, in or out. */
static void take(float *to, const bram_mat *state, size_t at, size_t width)
{
    for (size_t r = 0; r < state->rows; r++)
        for (size_t i = 0; i < width; i++) to[r * width + i] = (float)bram_row(state, r)[at + i];
}

static void give(bram_mat *state, size_t at, size_t width, const float *from)
{
    for (size_t r = 0; r < state->rows; r++)
        for (size_t i = 0; i < width; i++) bram_row(state, r)[at + i] = from[r * width + i];
}

/* Keeps rows of inputs as the last ones; they become differences where these are fed. */
static int keep_last(bram_ctx *cx, const bram_network *n, bram_mat *state, float *u)
{
    size_t inputs = bram_network_inputs(n), at = state_width(n) - last_width(n);
    float *change = bram_scratch(cx, 2 * inputs, sizeof *change), *before = change + inputs;
    if (!change) return BRAM_ENOMEM;
    for (size_t r = 0; r < state->rows; r++, u += inputs) {
        double *last = bram_row(state, r) + at;
        for (size_t i = 0; i < inputs; i++) before[i] = (float)last[i];
        bram_network_changes(n, change, u, 1, 1, last[inputs] > 0 ? before : NULL);
        for (size_t i = 0; i < inputs; i++) last[i] = (double)u[i];
        last[inputs] = 1;
        if (n->changes) memcpy(u, change, inputs * sizeof *u);
    }
    return BRAM_OK;
}

static int advance(bram_ctx *cx, const void *fitted, bram_mat *state, const bram_mat *y,
                   const uint8_t *present)
{
    const bram_network *n = fitted;
    size_t rows = state->rows, inputs = bram_network_inputs(n), h = n->width, at = 0;
    size_t mark = bram_scratch_mark(cx);
    float *u = bram_scratch(cx, rows, inputs * sizeof *u);
    float *one = bram_scratch(cx, layer_floats(n, rows, 1), sizeof *one);
    float *out = bram_scratch(cx, rows, h * sizeof *out);
    float *whole = n->rank ? bram_scratch(cx, h, h * sizeof *whole) : out;
    if (!u || !one || !out || !whole) return BRAM_ENOMEM;
    bram_nn32_cell_trace trace = trace_of(n, rows, 1, one, 0);
    for (size_t r = 0; r < rows; r++) {
        float *to = u + (r + 1) * inputs - n->input.cols;
        bram_network_input(n, u + r * inputs, bram_row(y, r),
                           present ? present + r * n->units : NULL, NULL);
        for (size_t k = 0; k < n->input.cols; k++) to[k] = (float)bram_row(y, r)[n->units + k];
    }
    if (last_width(n)) BRAM_TRY(keep_last(cx, n, state, u));
    bram_pass p = {.windows = rows, .steps = 1, .most = 1, .x = u};
    for (size_t k = 0; k < n->layers; k++, at += trace.c ? 2 * h : h) {
        bram_nn_recurrent shape = shape_of(n, &p, k);
        bram_nn32_cell_weights w = cells(n, n->parameter, k);
        if (n->rank) {
            multiply_factors(n, whole, k);
            w.w_hh = whole;
        }
        take(trace.h, state, at, h);
        if (trace.c) take(trace.c, state, at + h, h);
        bram_nn32_recurrent(&shape, &w, k ? out : u, &trace);
        memcpy(out, trace.h + rows * h, rows * h * sizeof *out);
        give(state, at, h, out);
        if (trace.c) give(state, at + h, h, trace.c + rows * h);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *state)
{
    const bram_network *n = fitted;
    size_t rows = state->rows, units = n->units, mark = bram_scratch_mark(cx);
    size_t top = (n->layers - 1) * (n->body->cell == BRAM_CELL_LSTM ? 2 * n->width : n->width);
    float *h = bram_scratch(cx, rows, n->width * sizeof *h);
    size_t outputs = bram_network_outputs(n);
    float *out = bram_scratch(cx, rows, (outputs + units) * sizeof *out);
    float *last = out + rows * outputs;
    if (!h || !out) return BRAM_ENOMEM;
    take(h, state, top, n->width);
    if (n->increment) take(last, state, state_width(n) - last_width(n), units);
    bram_network_read(n, out, h, rows);
    if (n->counts) bram_nn32_softplus(out, rows * units);
    for (size_t r = 0; r < rows; r++)
        bram_network_value(n, bram_row(mean, r), out + r * outputs, last + r * units);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int run(bram_ctx *cx, const void *model, double *values, const bram_query *q)
{
    const bram_network *n = model;
    bram_recurrent f = {.fitted = n,
                        .units = n->units,
                        .width = state_width(n),
                        .mean = n->mean.data,
                        .start = begin,
                        .advance = advance,
                        .predict = predict,
                        .variance = n->variance.data,
                        .inputs = &n->input};
    return bram_recurrent_run(cx, &f, values, q);
}

#define BODY(called, of, options, builds)                                                          \
    {                                                                                              \
        .name = called, .cell = of, .causal = true, .build = builds, .set = options,               \
        .fault = fault, .lay_out = lay_out, .start = start, .matrix = matrix, .room = room,        \
        .forward = forward, .backward = backward, .rewind = rewind_states, .carry = carry,         \
        .run = run                                                                                 \
    }

const bram_network_body bram_body_rnn = BODY("rnn", BRAM_CELL_RNN, set, build);
const bram_network_body bram_body_gru = BODY("gru", BRAM_CELL_GRU, set, build);
const bram_network_body bram_body_lstm = BODY("lstm", BRAM_CELL_LSTM, set, build);
const bram_network_body bram_body_ctrnn = BODY("ctrnn", BRAM_CELL_CTRNN, set, build);
const bram_network_body bram_body_ltc = BODY("ltc", BRAM_CELL_LTC, set, build);
const bram_network_body bram_body_cfc = BODY("cfc", BRAM_CELL_CFC, set, build);
const bram_network_body bram_body_lowrank = BODY("lowrank", BRAM_CELL_CTRNN, set_rank, NULL);
