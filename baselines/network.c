/*
 * network.c - trained networks: layout, inputs and outputs, answers; see network.h.
 */
#include "network.h"

#include "circuit.h"
#include "linalg.h"
#include "network_init.h"
#include "nn_layer.h"
#include "nn_math.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- layout --------------------------------------------------------------------------------- */

size_t bram_network_inputs(const bram_network *n)
{
    return (n->masked ? 2 * n->units : n->units) + n->input.cols;
}

size_t bram_network_outputs(const bram_network *n)
{
    return n->spread ? 2 * n->units : n->units;
}

size_t bram_network_group(const bram_network *n, size_t windows)
{
    enum { CACHE = 512 << 10, ROWS = 512 }; /* floats of the second cache; rows that BLAS likes */
    size_t each, group;
    if (!n->body->by_window) return windows;
    each = n->body->room(n, 1, n->window);
    group = each <= CACHE ? CACHE / each : (ROWS + n->window - 1) / n->window;
    return group < windows ? group : windows;
}

size_t bram_network_place(const bram_network *n, const bram_pass *p, size_t window, size_t step)
{
    return n->body->by_window ? window * p->steps + step : step * p->windows + window;
}

/* Called twice: to count, and to write. */
void bram_network_add(bram_network *n, const char *group, const char *name, size_t rows,
                      size_t cols)
{
    if (n->tensor) {
        bram_tensor *t = &n->tensor[n->tensors];
        *t = (bram_tensor){.at = n->parameters, .rows = rows, .cols = cols};
        snprintf(t->group, sizeof t->group, "%s", group);
        snprintf(t->name, sizeof t->name, "%s", name);
    }
    n->tensors++;
    n->parameters += rows * (cols ? cols : 1);
}

static void lay_out(bram_network *n)
{
    n->tensors = n->parameters = 0;
    n->body->lay_out(n);
    if (n->body->tells) return;
    bram_network_add(n, "readout", "weight", bram_network_outputs(n), n->width);
    bram_network_add(n, "readout", "bias", bram_network_outputs(n), 0);
}

/* Where the weight of the readout stands; its bias follows. */
static size_t readout_of(const bram_network *n)
{
    return n->parameters - bram_network_outputs(n) * (n->width + 1);
}

void bram_network_read(const bram_network *n, float *out, const float *top, size_t rows)
{
    size_t outputs = bram_network_outputs(n);
    const float *w = n->parameter + readout_of(n);
    if (n->body->tells) memcpy(out, top, rows * outputs * sizeof *out);
    else bram_nn32_linear(out, top, w, w + outputs * n->width, rows, n->width, outputs);
}

void bram_network_read_back(const bram_network *n, float *dtop, float *gradient, const float *dout,
                            const float *top, size_t rows)
{
    size_t outputs = bram_network_outputs(n);
    float *dw = gradient + readout_of(n);
    if (n->body->tells) memcpy(dtop, dout, rows * outputs * sizeof *dtop);
    else
        bram_nn32_linear_back(dtop, dw, dw + outputs * n->width, dout, top,
                              n->parameter + readout_of(n), rows, n->width, outputs);
}

static void set(bram_network *n, const bram_options *o)
{
    n->counts = bram_option_is(o, "loss", "poisson");
    n->spread = bram_option_is(o, "loss", "gaussian");
    n->window = (size_t)bram_option_integer(o, "window");
    n->body->set(n, o);
}

static int build(bram_ctx *cx, bram_network *n, const bram_options *o,
                 const bram_network_origin *from)
{
    const bram_network_body *body = n->body;
    if (from->train && body->build) BRAM_TRY(body->build(cx, n, o, from->train, from->seed));
    if (!from->train && body->rebuild) BRAM_TRY(body->rebuild(cx, n, from->in));
    set(n, o);
    if (n->sizes.batch < 2)
        return bram_fail(cx, BRAM_EUSAGE, "batch is %zu, expected 2 or more", n->sizes.batch);
    if (n->window > from->longest) n->window = from->longest;
    const char *fault = body->fault ? body->fault(n) : NULL;
    if (fault) return bram_fail(cx, BRAM_EUSAGE, "%s", fault);
    lay_out(n);
    n->tensor = bram_alloc(cx, n->tensors, sizeof *n->tensor);
    n->parameter = bram_alloc(cx, n->parameters, sizeof *n->parameter);
    return n->tensor && n->parameter ? BRAM_OK : BRAM_ENOMEM;
}

int bram_network_new(bram_ctx *cx, bram_network **out, const bram_network_body *body,
                     const bram_options *o, const bram_network_origin *from)
{
    bram_network *n = bram_alloc(cx, 1, sizeof *n);
    if (!n) return BRAM_ENOMEM;
    *n = (bram_network){
        .body = body, .sizes = from->sizes, .units = from->units, .masked = from->masked};
    int status = bram_mat_new(cx, &n->input, 2, from->input.cols);
    for (size_t i = 0; status == BRAM_OK && i < 2 * from->input.cols; i++)
        n->input.data[i] = from->input.data[i];
    if (status == BRAM_OK) status = build(cx, n, o, from);
    if (status != BRAM_OK) {
        bram_network_free(n);
        return status;
    }
    lay_out(n);
    *out = n;
    return BRAM_OK;
}

void bram_network_free(void *network)
{
    bram_network *n = network;
    if (!n) return;
    bram_free(n->tensor);
    bram_free(n->parameter);
    bram_free(n->input.data);
    bram_free(n->mean.data);
    bram_free(n->scale.data);
    bram_free(n->variance.data);
    bram_free(n->history.data);
    bram_circuit_free(n->circuit);
    bram_free(n->guide);
    bram_free(n->learning.data);
    bram_free(n);
}

void bram_network_draw(bram_network *n, const bram_tensor *t, double bound, bram_rng *g)
{
    for (size_t i = 0; i < t->rows * (t->cols ? t->cols : 1); i++)
        n->parameter[t->at + i] = (float)(bound * (2 * bram_rng_uniform(g) - 1));
}

/* Parameters, two gradients, two moments and the best so far; both halves of a batch; all rows. */
size_t bram_network_memory(const bram_network_body *body, const bram_options *o, size_t rows,
                           size_t units)
{
    bram_network n = {.body = body,
                      .sizes = bram_network_sizes_of(body, o, rows, units),
                      .units = units,
                      .masked = true};
    set(&n, o);
    lay_out(&n);
    size_t batch = n.sizes.batch;
    size_t half = (batch + 1) / 2, group = bram_network_group(&n, half);
    size_t row = bram_network_inputs(&n) + 2 * units;
    return sizeof(float) * (rows * units + 6 * n.parameters + batch * n.window * row +
                            2 * (n.body->room(&n, group, n.window) + n.window * group * n.width +
                                 half * n.window * bram_network_outputs(&n)));
}

/* ---- rows in and out ------------------------------------------------------------------------ */

void bram_network_input(const bram_network *n, float *u, const double *y, const uint8_t *present,
                        const uint8_t *hidden)
{
    for (size_t i = 0; i < n->units; i++) {
        bool there = (!present || present[i]) && !(hidden && hidden[i]);
        double v = n->counts ? log1p(fmax(0, y[i])) : (y[i] - n->mean.data[i]) / n->scale.data[i];
        u[i] = there ? (float)v : 0;
        if (n->masked) u[n->units + i] = there;
    }
}

void bram_network_changes(const bram_network *n, float *change, const float *u, size_t rows,
                          size_t apart, const float *before)
{
    size_t inputs = bram_network_inputs(n);
    memcpy(change, u, rows * inputs * sizeof *change);
    for (size_t r = 0; r < rows; r++) {
        const float *now = u + r * inputs;
        const float *last = r < apart ? before ? before + r * inputs : NULL : now - apart * inputs;
        for (size_t i = 0; i < n->units; i++) {
            bool both = last && (!n->masked || (now[n->units + i] > 0 && last[n->units + i] > 0));
            change[r * inputs + i] = both ? now[i] - last[i] : 0;
        }
    }
}

void bram_network_put_inputs(const bram_network *n, float *u, const bram_segment *s, size_t row)
{
    float *to = u + bram_network_inputs(n) - n->input.cols;
    for (size_t k = 0; k < n->input.cols; k++)
        to[k] = (float)bram_inputs_value(&n->input, s, row, k);
}

void bram_network_value(const bram_network *n, double *value, const float *readout, const float *u)
{
    for (size_t i = 0; i < n->units; i++) {
        double v = (double)readout[i];
        if (n->increment && u) v += (double)u[i];
        value[i] = n->counts ? v : n->mean.data[i] + n->scale.data[i] * v;
    }
}

size_t bram_network_overlap(const bram_network *n)
{
    return n->body->carry ? 0 : n->window / 2;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* A segment on its way through a network, window by window. */
struct walk {
    const bram_network *n;
    const bram_segment *s;
    bram_pass pass;
    float *x, *room, *out;
};

static int make_walk(bram_ctx *cx, struct walk *w, const bram_network *n, const bram_segment *s)
{
    *w = (struct walk){.n = n, .s = s};
    w->x = bram_scratch(cx, n->window, bram_network_inputs(n) * sizeof *w->x);
    w->out = bram_scratch(cx, n->window, bram_network_outputs(n) * sizeof *w->out);
    w->room = bram_scratch(cx, n->body->room(n, 1, n->window), sizeof *w->room);
    w->pass = (bram_pass){.windows = 1, .most = n->window, .x = w->x};
    return w->x && w->out && w->room ? BRAM_OK : BRAM_ENOMEM;
}

int bram_network_put(bram_ctx *cx, const bram_network *n, float *u, const bram_segment *s,
                     size_t row, const uint8_t *hidden)
{
    const uint8_t *present = s->y_present ? s->y_present + row * n->units : NULL;
    bram_network_input(n, u, bram_row(&s->y, row), present, hidden);
    bram_network_put_inputs(n, u, s, row + 1);
    for (size_t i = 0; i < n->units; i++)
        if (!isfinite(u[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "segment %s: row %zu of unit %zu is %g",
                             s->id ? s->id : "", row, i, bram_row(&s->y, row)[i]);
    return BRAM_OK;
}

/* Rows first .. first + steps - 1 go through; what the readout gives for them stands in out. */
static int pass_window(bram_ctx *cx, struct walk *w, size_t first, size_t steps)
{
    const bram_network *n = w->n;
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n);
    for (size_t k = 0; k < steps; k++)
        BRAM_TRY(bram_network_put(cx, n, w->x + k * inputs, w->s, first + k, NULL));
    w->pass.steps = steps;
    const float *top = n->body->forward(n, &w->pass, w->room);
    bram_network_read(n, w->out, top, steps);
    if (n->counts) bram_nn32_softplus(w->out, steps * outputs);
    return bram_ctx_check_cancel(cx);
}

/* What the readout gives for one row of the segment: its mean and, where wanted, its variance. */
static void put_row(const bram_network *n, bram_mat *mean, bram_mat *variance, size_t row,
                    const float *out, const float *u)
{
    bram_network_value(n, bram_row(mean, row), out, u);
    for (size_t i = 0; variance && i < n->units; i++) {
        double s = fmax(-12, fmin(12, (double)out[n->units + i]));
        bram_row(variance, row)[i] = n->scale.data[i] * n->scale.data[i] * exp(s);
    }
}

/* The row before which there is nothing. */
static void put_first(const bram_network *n, bram_mat *mean, bram_mat *variance, float *out)
{
    const float *bias = n->parameter + n->parameters - bram_network_outputs(n);
    if (n->body->first) n->body->first(n, out);
    else memcpy(out, bias, bram_network_outputs(n) * sizeof *out);
    if (n->counts) bram_nn32_softplus(out, bram_network_outputs(n));
    put_row(n, mean, variance, 0, out, NULL);
}

/* The one-step means of a segment and, where wanted and n->spread, their variances. */
static int step_rows(bram_ctx *cx, const bram_network *n, bram_mat *mean, bram_mat *variance,
                     const bram_segment *s)
{
    size_t end = s->first + mean->rows, mark = bram_scratch_mark(cx);
    size_t inputs = bram_network_inputs(n), outputs = bram_network_outputs(n);
    struct walk w;
    BRAM_TRY(bram_inputs_check(cx, &n->input, s));
    BRAM_TRY(make_walk(cx, &w, n, s));
    if (s->first == 0 && end) put_first(n, mean, variance, w.out);
    if (n->body->rewind) n->body->rewind(n, &w.pass, w.room);
    for (size_t row = 0; row + 1 < end;) {
        size_t first = row ? row - bram_network_overlap(n) : 0, left = end - 1 - first;
        size_t steps = left < n->window ? left : n->window;
        bool wanted = n->body->carry || first + steps >= s->first;
        if (wanted) BRAM_TRY(pass_window(cx, &w, first, steps));
        for (; row < first + steps; row++)
            if (row + 1 >= s->first)
                put_row(n, mean, variance, row + 1 - s->first, w.out + (row - first) * outputs,
                        w.x + (row - first) * inputs);
        if (n->body->carry) n->body->carry(n, &w.pass, w.room);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_network_step(bram_ctx *cx, const void *network, bram_mat *mean, const bram_segment *s)
{
    return step_rows(cx, network, mean, NULL, s);
}

static int step_density(bram_ctx *cx, const void *network, bram_mat *mean, bram_mat *variance,
                        const bram_segment *s)
{
    return step_rows(cx, network, mean, variance, s);
}

static int answer_learning(bram_ctx *cx, const bram_network *n, bram_dataset *out)
{
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    if (!n->learning.data)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "nothing was measured in training: expected learning=yes");
    BRAM_TRY(bram_axis_new(cx, &axis, "measure", n->learning.cols));
    int status = bram_axis_set_ids(cx, axis, bram_learning_names);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "learning", BRAM_F64, 1, (const bram_axis *[]){axis});
    bram_axis_free(axis);
    BRAM_TRY(status);
    memcpy(bram_response_f64(r), n->learning.data, n->learning.cols * sizeof(double));
    return bram_dataset_add(cx, out, "", r);
}

int bram_network_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                        bram_dataset *out)
{
    const bram_network *n = fitted;
    if (query->ask == BRAM_ASK_LEARNING) return answer_learning(cx, n, out);
    if (query->ask == BRAM_ASK_INSIDE) return bram_network_inside(cx, n, query, out);
    bram_forecaster f = {n, n->units, bram_network_step, n->body->run, n->variance.data};
    if (n->spread) f.density = step_density;
    return bram_answer(cx, &f, query, out);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int put_tensor(bram_ctx *cx, bram_dataset *out, const bram_network *n, const bram_tensor *t)
{
    char axis_name[2][64], group[32];
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    for (size_t k = 0; k < 2; k++) {
        snprintf(axis_name[k], sizeof axis_name[k], "%s_%s", t->name, k ? "column" : "row");
        for (char *dot = axis_name[k]; (dot = strchr(dot, '.'));) *dot = '_';
    }
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
    double masked = n->masked, window = (double)n->window;
    double width = (double)n->sizes.width, ff = (double)n->sizes.ff;
    for (size_t k = 0; k < n->tensors; k++) BRAM_TRY(put_tensor(cx, out, n, &n->tensor[k]));
    BRAM_TRY(bram_state_put(cx, out, "mean", &n->mean));
    BRAM_TRY(bram_state_put(cx, out, "scale", &n->scale));
    BRAM_TRY(bram_state_put(cx, out, "variance", &n->variance));
    BRAM_TRY(bram_state_put(cx, out, "history", &n->history));
    BRAM_TRY(bram_state_put(cx, out, "window", &(bram_mat){&window, 1, 1, 1}));
    BRAM_TRY(bram_state_put(cx, out, "width", &(bram_mat){&width, 1, 1, 1}));
    BRAM_TRY(bram_state_put(cx, out, "ff", &(bram_mat){&ff, 1, 1, 1}));
    if (n->input.cols) BRAM_TRY(bram_state_put(cx, out, "input", &n->input));
    if (n->learning.data) BRAM_TRY(bram_state_put(cx, out, "learning", &n->learning));
    if (n->body->keep) BRAM_TRY(n->body->keep(cx, n, out));
    return bram_state_put(cx, out, "masked", &(bram_mat){&masked, 1, 1, 1});
}

static int get_tensor(bram_ctx *cx, bram_network *n, const bram_tensor *t, const bram_dataset *in)
{
    char path[96];
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

static int load(bram_ctx *cx, bram_network *n, const bram_dataset *in)
{
    BRAM_TRY(bram_state_get(cx, &n->scale, in, "scale"));
    BRAM_TRY(bram_state_get(cx, &n->variance, in, "variance"));
    BRAM_TRY(bram_state_get(cx, &n->history, in, "history"));
    if (bram_dataset_response(in, "state/learning"))
        BRAM_TRY(bram_state_get(cx, &n->learning, in, "learning"));
    if (n->mean.rows != 1 || n->scale.rows != 1 || n->variance.rows != 1 ||
        n->scale.cols != n->units || n->variance.cols != n->units)
        return bram_fail(cx, BRAM_EFORMAT, "mean, scale and variance are not 1 x %zu each",
                         n->units);
    for (size_t k = 0; k < n->tensors; k++) BRAM_TRY(get_tensor(cx, n, &n->tensor[k], in));
    return BRAM_OK;
}

static int get_number(bram_ctx *cx, size_t *number, const bram_dataset *in, const char *name,
                      double most)
{
    bram_mat m = {0};
    BRAM_TRY(bram_state_get(cx, &m, in, name));
    bool one = m.rows == 1 && m.cols == 1 && m.data[0] >= 0 && m.data[0] <= most;
    if (one) *number = (size_t)m.data[0];
    bram_free(m.data);
    return one ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT, "state/%s is no number up to %g", name, most);
}

int bram_network_load(bram_ctx *cx, void **fitted, const bram_network_body *body,
                      const bram_options *o, const bram_dataset *in)
{
    bram_mat mean = {0}, input = {0};
    bram_network *n = NULL;
    size_t masked = 0, window = 0;
    bram_network_sizes sizes = bram_network_sizes_of(body, o, 0, 0);
    BRAM_TRY(get_number(cx, &masked, in, "masked", 1));
    BRAM_TRY(get_number(cx, &window, in, "window", (double)bram_option_integer(o, "window")));
    BRAM_TRY(get_number(cx, &sizes.width, in, "width", 4096));
    BRAM_TRY(get_number(cx, &sizes.ff, in, "ff", 65536));
    BRAM_TRY(bram_state_get(cx, &mean, in, "mean"));
    int status = BRAM_OK;
    if (bram_dataset_response(in, "state/input")) status = bram_state_get(cx, &input, in, "input");
    if (status == BRAM_OK && input.cols && input.rows != 2)
        status = bram_fail(cx, BRAM_EFORMAT, "state/input has %zu rows, expected 2", input.rows);
    if (status == BRAM_OK && (mean.cols == 0 || window == 0))
        status = bram_fail(cx, BRAM_EFORMAT, "a network of %zu units and windows of %zu rows",
                           mean.cols, window);
    if (status == BRAM_OK)
        status = bram_network_new(cx, &n, body, o,
                                  &(bram_network_origin){.units = mean.cols,
                                                         .sizes = sizes,
                                                         .input = input,
                                                         .masked = masked != 0,
                                                         .longest = window,
                                                         .in = in});
    bram_free(input.data);
    if (status != BRAM_OK) {
        bram_free(mean.data);
        return status;
    }
    n->mean = mean;
    status = load(cx, n, in);
    if (status == BRAM_OK) *fitted = n;
    else bram_network_free(n);
    return status;
}
