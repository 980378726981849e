/*
 * network.c - recurrent networks that forecast: layout, answers, files; see network.h.
 */
#include "network.h"

#include "linalg.h"
#include "nn_layer.h"
#include "nn_math.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- layout --------------------------------------------------------------------------------- */

size_t bram_network_inputs(const bram_network *n)
{
    return n->masked ? 2 * n->units : n->units;
}

static void add_tensor(bram_network *n, const char *group, const char *stem, size_t layer,
                       size_t rows, size_t cols)
{
    bram_tensor *t = &n->tensor[n->tensors++];
    *t = (bram_tensor){.at = n->parameters, .rows = rows, .cols = cols};
    snprintf(t->group, sizeof t->group, "%s", group);
    if (strcmp(group, "rnn") == 0) snprintf(t->name, sizeof t->name, "%.16s_l%d", stem, (int)layer);
    else snprintf(t->name, sizeof t->name, "%.16s", stem);
    n->parameters += rows * (cols ? cols : 1);
}

static void lay_out(bram_network *n)
{
    size_t rows = bram_nn32_gates(n->cell) * n->hidden;
    for (size_t k = 0; k < n->layers; k++) {
        add_tensor(n, "rnn", "weight_ih", k, rows, k ? n->hidden : bram_network_inputs(n));
        add_tensor(n, "rnn", "weight_hh", k, rows, n->hidden);
        add_tensor(n, "rnn", "bias_ih", k, rows, 0);
        add_tensor(n, "rnn", "bias_hh", k, rows, 0);
    }
    add_tensor(n, "readout", "weight", 0, n->units, n->hidden);
    add_tensor(n, "readout", "bias", 0, n->units, 0);
}

int bram_network_new(bram_ctx *cx, bram_network **out, bram_nn_cell cell, size_t units,
                     const bram_options *o, bool masked)
{
    bram_network *n = bram_alloc(cx, 1, sizeof *n);
    if (!n) return BRAM_ENOMEM;
    *n = (bram_network){.cell = cell,
                        .units = units,
                        .hidden = (size_t)bram_option_integer(o, "hidden"),
                        .layers = (size_t)bram_option_integer(o, "layers"),
                        .counts = bram_option_is(o, "loss", "poisson"),
                        .increment = bram_option_is(o, "target", "increment"),
                        .masked = masked};
    n->tensor = bram_alloc(cx, 4 * n->layers + 2, sizeof *n->tensor);
    if (n->tensor) {
        lay_out(n);
        n->parameter = bram_alloc(cx, n->parameters, sizeof *n->parameter);
    }
    if (n->parameter) {
        *out = n;
        return BRAM_OK;
    }
    bram_network_free(n);
    return BRAM_ENOMEM;
}

void bram_network_free(void *network)
{
    bram_network *n = network;
    if (!n) return;
    bram_free(n->tensor);
    bram_free(n->parameter);
    bram_free(n->mean.data);
    bram_free(n->scale.data);
    bram_free(n->variance.data);
    bram_free(n->history.data);
    bram_free(n);
}

void bram_network_start(bram_network *n, uint64_t seed)
{
    double bound = 1 / sqrt((double)n->hidden);
    bram_rng g = bram_rng_new(seed, "network/start");
    for (size_t i = 0; i < n->parameters; i++)
        n->parameter[i] = (float)(bound * (2 * bram_rng_uniform(&g) - 1));
    for (size_t k = 0; k < n->layers && n->cell == BRAM_CELL_LSTM; k++) {
        float *bias = bram_network_cells(n, n->parameter, k).b_ih + n->hidden;
        for (size_t i = 0; i < n->hidden; i++) bias[i] += 1;
    }
}

bram_nn32_cell_weights bram_network_cells(const bram_network *n, float *values, size_t k)
{
    const bram_tensor *t = n->tensor + 4 * k;
    return (bram_nn32_cell_weights){values + t[0].at, values + t[1].at, values + t[2].at,
                                    values + t[3].at};
}

size_t bram_network_readout(const bram_network *n)
{
    return n->tensor[4 * n->layers].at;
}

void bram_network_input(const bram_network *n, float *u, const double *y, const uint8_t *present)
{
    for (size_t i = 0; i < n->units; i++) {
        bool there = !present || present[i];
        double v = n->counts ? log1p(fmax(0, y[i])) : (y[i] - n->mean.data[i]) / n->scale.data[i];
        u[i] = there ? (float)v : 0;
        if (n->masked) u[n->units + i] = there;
    }
}

/* ---- answers -------------------------------------------------------------------------------- */

/* A state: of each layer h, of an LSTM's c as well; with increments the last row, scaled. */
static size_t state_width(const bram_network *n)
{
    size_t each = n->cell == BRAM_CELL_LSTM ? 2 * n->hidden : n->hidden;
    return n->layers * each + (n->increment ? n->units : 0);
}

static int start(bram_ctx *cx, const void *fitted, double *state)
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

static int advance(bram_ctx *cx, const void *fitted, bram_mat *state, const bram_mat *y,
                   const uint8_t *present)
{
    const bram_network *n = fitted;
    bool lstm = n->cell == BRAM_CELL_LSTM;
    size_t rows = state->rows, inputs = bram_network_inputs(n), h = n->hidden, mark;
    size_t gates = bram_nn32_gates(n->cell) * h, at = 0;
    mark = bram_scratch_mark(cx);
    float *u = bram_scratch(cx, rows, inputs * sizeof *u);
    float *room = bram_scratch(cx, rows, (4 * h + 2 * gates) * sizeof *room);
    if (!u || !room) return BRAM_ENOMEM;
    bram_nn32_cell_trace trace = {room, lstm ? room + 2 * rows * h : NULL, room + 4 * rows * h,
                                  room + rows * (4 * h + gates)};
    for (size_t r = 0; r < rows; r++)
        bram_network_input(n, u + r * inputs, bram_row(y, r),
                           present ? present + r * n->units : NULL);
    if (n->increment)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < n->units; i++)
                bram_row(state, r)[state_width(n) - n->units + i] = u[r * inputs + i];
    const float *x = u;
    for (size_t k = 0; k < n->layers; k++, at += lstm ? 2 * h : h) {
        bram_nn_recurrent shape = {n->cell, 1, rows, k ? h : inputs, h};
        bram_nn32_cell_weights w = bram_network_cells(n, n->parameter, k);
        float *out = bram_scratch(cx, rows, h * sizeof *out);
        if (!out) return BRAM_ENOMEM;
        take(trace.h, state, at, h);
        if (lstm) take(trace.c, state, at + h, h);
        bram_nn32_recurrent(&shape, &w, x, &trace);
        memcpy(out, trace.h + rows * h, rows * h * sizeof *out);
        give(state, at, h, out);
        if (lstm) give(state, at + h, h, trace.c + rows * h);
        x = out;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *state)
{
    const bram_network *n = fitted;
    size_t rows = state->rows, units = n->units, mark = bram_scratch_mark(cx);
    size_t top = (n->layers - 1) * (n->cell == BRAM_CELL_LSTM ? 2 * n->hidden : n->hidden);
    float *h = bram_scratch(cx, rows, n->hidden * sizeof *h);
    float *out = bram_scratch(cx, rows, units * sizeof *out);
    if (!h || !out) return BRAM_ENOMEM;
    const float *w = n->parameter + bram_network_readout(n);
    take(h, state, top, n->hidden);
    bram_nn32_linear(out, h, w, w + units * n->hidden, rows, n->hidden, units);
    if (n->counts) bram_nn32_softplus(out, rows * units);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < units; i++) {
            double v = out[r * units + i];
            if (n->increment) v += bram_row(state, r)[state_width(n) - units + i];
            bram_row(mean, r)[i] = n->counts ? v : n->mean.data[i] + n->scale.data[i] * v;
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

bram_recurrent bram_network_view(const bram_network *n)
{
    return (bram_recurrent){n,     n->units, state_width(n), n->mean.data,
                            start, advance,  predict,        n->variance.data};
}

int bram_network_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                        bram_dataset *out)
{
    bram_recurrent f = bram_network_view(fitted);
    return bram_recurrent_answer(cx, &f, query, out);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int put_tensor(bram_ctx *cx, bram_dataset *out, const bram_network *n, const bram_tensor *t)
{
    char axis_name[2][40], group[32];
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    snprintf(axis_name[0], sizeof axis_name[0], "%s_row", t->name);
    snprintf(axis_name[1], sizeof axis_name[1], "%s_column", t->name);
    snprintf(group, sizeof group, "params/%s", t->group);
    int status = bram_axis_new(cx, &axis[0], axis_name[0], t->rows);
    if (status == BRAM_OK && t->cols) status = bram_axis_new(cx, &axis[1], axis_name[1], t->cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, t->name, BRAM_F32, t->cols ? 2 : 1,
                                   (const bram_axis *const *)axis);
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    BRAM_TRY(status);
    memcpy(bram_response_f32(r), n->parameter + t->at,
           bram_response_count(r) * sizeof *n->parameter);
    return bram_dataset_add(cx, out, group, r);
}

int bram_network_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const bram_network *n = fitted;
    double masked = n->masked;
    for (size_t k = 0; k < n->tensors; k++) BRAM_TRY(put_tensor(cx, out, n, &n->tensor[k]));
    BRAM_TRY(bram_state_put(cx, out, "mean", &n->mean));
    BRAM_TRY(bram_state_put(cx, out, "scale", &n->scale));
    BRAM_TRY(bram_state_put(cx, out, "variance", &n->variance));
    BRAM_TRY(bram_state_put(cx, out, "history", &n->history));
    return bram_state_put(cx, out, "masked", &(bram_mat){&masked, 1, 1, 1});
}

static int get_tensor(bram_ctx *cx, bram_network *n, const bram_tensor *t, const bram_dataset *in)
{
    char path[64];
    size_t count = t->rows * (t->cols ? t->cols : 1), mark = bram_scratch_mark(cx);
    snprintf(path, sizeof path, "params/%s/%s", t->group, t->name);
    const bram_response *r = bram_dataset_response(in, path);
    if (!r) return bram_fail(cx, BRAM_EABSENT, "the fitted model has no %s", path);
    if (bram_response_dims(r) != (t->cols ? 2u : 1u) || bram_response_length(r, 0) != t->rows ||
        bram_response_count(r) != count)
        return bram_fail(cx, BRAM_EFORMAT, "%s has other dimensions than %zu x %zu", path, t->rows,
                         t->cols ? t->cols : 1);
    double *values = bram_scratch(cx, count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){t->rows, t->cols}, values,
                                    NULL);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        if (!isfinite(values[i]))
            status = bram_fail(cx, BRAM_EFORMAT, "%s holds %g", path, values[i]);
        n->parameter[t->at + i] = (float)values[i];
    }
    bram_scratch_release(cx, mark);
    return status;
}

static int load(bram_ctx *cx, bram_network *n, const bram_mat *masked, const bram_dataset *in)
{
    if (masked->cols != 1 || masked->rows != 1)
        return bram_fail(cx, BRAM_EFORMAT, "state/masked is no single number");
    BRAM_TRY(bram_state_get(cx, &n->scale, in, "scale"));
    BRAM_TRY(bram_state_get(cx, &n->variance, in, "variance"));
    BRAM_TRY(bram_state_get(cx, &n->history, in, "history"));
    if (n->mean.rows != 1 || n->scale.rows != 1 || n->variance.rows != 1 ||
        n->scale.cols != n->units || n->variance.cols != n->units)
        return bram_fail(cx, BRAM_EFORMAT, "mean, scale and variance are not 1 x %zu each",
                         n->units);
    for (size_t k = 0; k < n->tensors; k++) BRAM_TRY(get_tensor(cx, n, &n->tensor[k], in));
    return BRAM_OK;
}

int bram_network_load(bram_ctx *cx, void **fitted, bram_nn_cell cell, const bram_options *o,
                      const bram_dataset *in)
{
    bram_mat mean = {0}, masked = {0};
    bram_network *n = NULL;
    int status = bram_state_get(cx, &mean, in, "mean");
    if (status == BRAM_OK) status = bram_state_get(cx, &masked, in, "masked");
    if (status == BRAM_OK && mean.cols == 0)
        status = bram_fail(cx, BRAM_EFORMAT, "state/mean is of no unit");
    if (status == BRAM_OK)
        status = bram_network_new(cx, &n, cell, mean.cols, o, masked.cols && masked.data[0] != 0);
    if (status == BRAM_OK) {
        n->mean = mean, mean.data = NULL;
        status = load(cx, n, &masked, in);
    }
    bram_free(mean.data);
    bram_free(masked.data);
    if (status == BRAM_OK) *fitted = n;
    else bram_network_free(n);
    return status;
}

/* Parameters six times over, and what a window of the batch leaves for the way back. */
size_t bram_network_memory(const bram_options *o, size_t units, size_t gates)
{
    size_t hidden = (size_t)bram_option_integer(o, "hidden");
    size_t layers = (size_t)bram_option_integer(o, "layers");
    size_t rows = (size_t)bram_option_integer(o, "batch") *
                  (size_t)bram_option_integer(o, "window");
    size_t parameters = layers * gates * hidden * (2 * hidden + 2 * units) + units * hidden;
    return sizeof(float) *
           (6 * parameters + rows * (5 * units + layers * hidden * (2 * gates + 4)));
}
