/*
 * network_circuit.c - a network on a connectome (core/nn_circuit.h) as the body of a network; see
 * network.h. Rows of all windows at one time stand together; there is no readout.
 */
#include "circuit.h"
#include "linalg.h"
#include "network.h"
#include "recurrent.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- how strong to begin with --------------------------------------------------------------- */

/* Mean sum of a neuron's gap junctions at the start. */
static const double GAP_START = 0.1;

/* Relative strengths by the option init; those of edges without a sign get one by chance. */
static int draw_strengths(bram_ctx *cx, double *strength, const bram_synapses *s,
                          const bram_options *o, bram_rng *g)
{
    size_t *order = bram_scratch(cx, s->edges, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    bram_rng_permutation(g, s->edges, order);
    for (size_t e = 0; e < s->edges; e++) {
        bool minus = bram_rng_uniform(g) < 0.5;
        double size = 1, normal = fabs(bram_rng_normal(g));
        if (bram_option_is(o, "init", "connectome")) size = s->weight[e];
        if (bram_option_is(o, "init", "shuffled")) size = s->weight[order[e]];
        if (bram_option_is(o, "init", "gaussian")) size = fmax(normal, 1e-3);
        strength[e] = (s->sign[e] ? s->sign[e] < 0 : minus) ? -size : size;
    }
    return BRAM_OK;
}

/* Scales them to the spectral radius; a matrix without one (no loop) to a largest entry. */
static int scale_strengths(bram_ctx *cx, double *strength, const bram_synapses *s, double radius)
{
    bram_mat w;
    double is = 0, largest = 0;
    if (!s->edges) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &w, s->neurons, s->neurons));
    for (size_t e = 0; e < s->edges; e++) largest = fmax(largest, fabs(strength[e]));
    for (size_t e = 0; e < s->edges; e++) strength[e] /= largest;
    bram_synapses_matrix(s, strength, &w);
    BRAM_TRY(bram_spectral_radius(cx, &is, &w));
    double factor = radius / (is > 1e-6 ? is : 1);
    for (size_t e = 0; e < s->edges; e++) strength[e] *= factor;
    return BRAM_OK;
}

static int begin_circuit(bram_ctx *cx, bram_circuit *c, const bram_synapses *s,
                         const bram_options *o, bram_rng *g)
{
    double sum = 0;
    BRAM_TRY(draw_strengths(cx, c->chemical, s, o, g));
    BRAM_TRY(scale_strengths(cx, c->chemical, s, bram_option_real(o, "radius")));
    for (size_t e = 0; e < s->gaps; e++) sum += 2 * s->between[e] / (double)s->neurons;
    for (size_t e = 0; e < s->gaps; e++) c->gap[e] = GAP_START * s->between[e] / sum;
    return BRAM_OK;
}

/* ---- the circuit ---------------------------------------------------------------------------- */

static uint32_t *put_numbers(uint32_t *to, const uint32_t *from, size_t count)
{
    if (count) memcpy(to, from, count * sizeof *to);
    return to + count;
}

/* A circuit with copies of the synapses; strengths are 0. */
static int new_circuit(bram_ctx *cx, bram_circuit **out, const bram_synapses *s,
                       const uint32_t *neuron, size_t units)
{
    bram_circuit *c = bram_alloc(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    c->number = bram_alloc(cx, 2 * s->edges + 2 * s->gaps + units, sizeof *c->number);
    c->sign = bram_alloc(cx, s->edges + 1, 1);
    c->chemical = bram_alloc(cx, s->edges + 1, sizeof *c->chemical);
    c->gap = bram_alloc(cx, s->gaps + 1, sizeof *c->gap);
    if (!c->number || !c->sign || !c->chemical || !c->gap) {
        bram_circuit_free(c);
        return BRAM_ENOMEM;
    }
    bram_nn_wiring *w = &c->wiring;
    uint32_t *at = c->number;
    *w = (bram_nn_wiring){s->neurons, s->edges, s->gaps, units, .sign = c->sign};
    if (s->edges) memcpy(c->sign, s->sign, s->edges);
    w->from = at, at = put_numbers(at, s->from, s->edges);
    w->to = at, at = put_numbers(at, s->to, s->edges);
    w->one = at, at = put_numbers(at, s->one, s->gaps);
    w->other = at, at = put_numbers(at, s->other, s->gaps);
    w->neuron = at;
    put_numbers(at, neuron, units);
    *out = c;
    return BRAM_OK;
}

static bram_mask mask_of(const bram_options *o)
{
    static const char *const names[] = {"connectome", "shuffled", "random", "dense", "none"};
    for (int k = 0; k < 5; k++)
        if (bram_option_is(o, "mask", names[k])) return (bram_mask)k;
    return BRAM_MASK_CONNECTOME;
}

static int build(bram_ctx *cx, bram_network *n, const bram_options *o, const bram_panel *train,
                 uint64_t seed)
{
    bram_synapses s;
    uint32_t *neuron = NULL;
    size_t mark = bram_scratch_mark(cx);
    bram_rng g = bram_rng_new(seed, "network/circuit");
    BRAM_TRY(bram_synapses_read(cx, &s, &neuron, o, train->unit, !bram_option_flag(o, "unrecorded"),
                                train->public_data));
    if (bram_option_is(o, "signs", "free")) {
        memset(s.sign, 0, s.edges);
        memset(s.dale, 0, s.neurons);
    }
    BRAM_TRY(bram_synapses_mask(cx, &s, mask_of(o), &g));
    BRAM_TRY(new_circuit(cx, &n->circuit, &s, neuron, n->units)); /* n's from here on */
    BRAM_TRY(begin_circuit(cx, n->circuit, &s, o, &g));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int put_pairs(bram_ctx *cx, bram_dataset *out, const char *name, const uint32_t *a,
                     const uint32_t *b, const int8_t *sign, size_t count)
{
    bram_mat m;
    size_t mark = bram_scratch_mark(cx);
    if (!count) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &m, count, sign ? 3 : 2));
    for (size_t e = 0; e < count; e++) {
        bram_row(&m, e)[0] = (double)a[e], bram_row(&m, e)[1] = (double)b[e];
        if (sign) bram_row(&m, e)[2] = (double)sign[e];
    }
    int status = bram_state_put(cx, out, name, &m);
    bram_scratch_release(cx, mark);
    return status;
}

static int keep(bram_ctx *cx, const bram_network *n, bram_dataset *out)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    double neurons = (double)w->neurons;
    bram_mat neuron;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(put_pairs(cx, out, "edges", w->from, w->to, w->sign, w->edges));
    BRAM_TRY(put_pairs(cx, out, "gaps", w->one, w->other, NULL, w->gaps));
    BRAM_TRY(bram_mat_scratch(cx, &neuron, 1, w->units));
    for (size_t u = 0; u < w->units; u++) neuron.data[u] = (double)w->neuron[u];
    BRAM_TRY(bram_state_put(cx, out, "neuron", &neuron));
    bram_scratch_release(cx, mark);
    return bram_state_put(cx, out, "neurons", &(bram_mat){&neurons, 1, 1, 1});
}

/* Numbers of a column as neurons; BRAM_EFORMAT where one is none. */
static int get_column(bram_ctx *cx, uint32_t *to, const bram_mat *m, size_t column, size_t neurons)
{
    for (size_t e = 0; e < m->rows; e++) {
        double v = bram_row(m, e)[column];
        if (!(v >= 0 && v < (double)neurons && v == floor(v)))
            return bram_fail(cx, BRAM_EFORMAT, "%g is none of %zu neurons", v, neurons);
        to[e] = (uint32_t)v;
    }
    return BRAM_OK;
}

static int fill_pairs(bram_ctx *cx, const bram_mat *m, uint32_t **ends, size_t neurons)
{
    *ends = bram_scratch(cx, m->rows, 2 * sizeof **ends);
    if (!*ends) return BRAM_ENOMEM;
    for (size_t k = 0; k < 2; k++) BRAM_TRY(get_column(cx, *ends + k * m->rows, m, k, neurons));
    for (size_t e = 0; e < m->rows; e++)
        if ((*ends)[e] == (*ends)[m->rows + e])
            return bram_fail(cx, BRAM_EFORMAT, "row %zu wires a neuron to itself", e);
    return BRAM_OK;
}

/* A list of pairs into scratch memory; none where there is no such list. */
static int get_pairs(bram_ctx *cx, const bram_dataset *in, const char *name, size_t cols,
                     size_t neurons, uint32_t **ends, int8_t **sign, size_t *count)
{
    char path[32];
    bram_mat m = {0};
    snprintf(path, sizeof path, "state/%s", name);
    if (!bram_dataset_response(in, path)) return BRAM_OK;
    BRAM_TRY(bram_state_get(cx, &m, in, name));
    int status = m.cols == cols ? fill_pairs(cx, &m, ends, neurons)
                                : bram_fail(cx, BRAM_EFORMAT, "%s has %zu columns, expected %zu",
                                            path, m.cols, cols);
    if (status == BRAM_OK && sign && !(*sign = bram_scratch(cx, m.rows, 1))) status = BRAM_ENOMEM;
    for (size_t e = 0; e < m.rows && sign && status == BRAM_OK; e++)
        (*sign)[e] = (int8_t)((bram_row(&m, e)[2] > 0) - (bram_row(&m, e)[2] < 0));
    *count = m.rows;
    bram_free(m.data);
    return status;
}

static int get_neurons(bram_ctx *cx, bram_synapses *s, uint32_t **neuron, const bram_dataset *in,
                       size_t units)
{
    bram_mat m = {0}, number = {0};
    BRAM_TRY(bram_state_get(cx, &number, in, "neurons"));
    double neurons = number.rows == 1 && number.cols == 1 ? number.data[0] : 0;
    bram_free(number.data);
    if (!(neurons >= 1 && neurons <= 65536))
        return bram_fail(cx, BRAM_EFORMAT, "state/neurons is no number from 1 to 65536");
    s->neurons = (size_t)neurons;
    BRAM_TRY(bram_state_get(cx, &m, in, "neuron"));
    *neuron = bram_scratch(cx, units, sizeof **neuron);
    int status = *neuron ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && m.rows * m.cols != units)
        status = bram_fail(cx, BRAM_EFORMAT, "state/neuron is of %zu units, expected %zu",
                           m.rows * m.cols, units);
    bram_mat column = {m.data, units, 1, 1};
    if (status == BRAM_OK) status = get_column(cx, *neuron, &column, 0, s->neurons);
    bram_free(m.data);
    return status;
}

static int rebuild(bram_ctx *cx, bram_network *n, const bram_dataset *in)
{
    bram_synapses s = {0};
    uint32_t *neuron = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(get_neurons(cx, &s, &neuron, in, n->units));
    BRAM_TRY(get_pairs(cx, in, "edges", 3, s.neurons, &s.from, &s.sign, &s.edges));
    BRAM_TRY(get_pairs(cx, in, "gaps", 2, s.neurons, &s.one, NULL, &s.gaps));
    s.to = s.edges ? s.from + s.edges : NULL;
    s.other = s.gaps ? s.one + s.gaps : NULL;
    BRAM_TRY(new_circuit(cx, &n->circuit, &s, neuron, n->units));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- layout --------------------------------------------------------------------------------- */

static void set(bram_network *n, const bram_options *o)
{
    n->width = n->units, n->layers = 1;
    n->measures = bram_option_flag(o, "learning");
}

static const char *fault(const bram_network *n)
{
    return n->counts ? "a connectome tells values: loss=poisson is not for it" : NULL;
}

static void lay_out(bram_network *n)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    bram_network_add(n, "circuit", "chemical", w->edges, 0);
    bram_network_add(n, "circuit", "gap", w->gaps, 0);
    bram_network_add(n, "circuit", "leak", w->neurons, 0);
    bram_network_add(n, "circuit", "bias", w->neurons, 0);
    bram_network_add(n, "circuit", "gain", w->units, 0);
    bram_network_add(n, "circuit", "scale", w->units, 0);
    bram_network_add(n, "circuit", "offset", w->units, 0);
}

static bram_nn32_circuit_weights weights(const bram_network *n, float *values)
{
    const bram_tensor *t = n->tensor;
    return (bram_nn32_circuit_weights){values + t[0].at, values + t[1].at, values + t[2].at,
                                       values + t[3].at, values + t[4].at, values + t[5].at,
                                       values + t[6].at};
}

/* Rates of a quarter; observed values count for 95 %; states are in units of the deviation. */
static int start(bram_ctx *cx, bram_network *n, bram_rng *g)
{
    const bram_circuit *c = n->circuit;
    const bram_nn_wiring *w = &c->wiring;
    bram_nn32_circuit_weights p = weights(n, n->parameter);
    (void)cx, (void)g;
    for (size_t e = 0; e < w->edges; e++)
        p.chemical[e] = (float)bram_nn32_strength_inverse(c->chemical[e], w->sign[e]);
    for (size_t e = 0; e < w->gaps; e++) p.gap[e] = (float)bram_nn32_strength_inverse(c->gap[e], 1);
    for (size_t i = 0; i < w->neurons; i++) p.leak[i] = (float)log(1.0 / 3);
    for (size_t u = 0; u < w->units; u++) p.gain[u] = (float)log(19);
    return BRAM_OK;
}

/* The signed strengths of synapses, [to][from]. */
static int matrix(bram_ctx *cx, const bram_network *n, const float *parameter, bram_mat *out)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    BRAM_TRY(bram_mat_scratch(cx, out, w->neurons, w->neurons));
    for (size_t e = 0; e < w->edges; e++)
        bram_row(out, w->to[e])[w->from[e]] = bram_nn32_strength(
            (double)parameter[n->tensor[0].at + e], w->sign[e]);
    return BRAM_OK;
}

/* ---- windows -------------------------------------------------------------------------------- */

static size_t room(const bram_network *n, size_t windows, size_t steps)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    size_t state = windows * w->neurons;
    return (4 * steps + 3) * state + steps * windows * w->units + bram_nn32_circuit_matrix(w) +
           bram_nn32_circuit_small(w);
}

/* The trace within the room; the gradient of the states stands at its end. */
static bram_nn32_circuit_trace trace_of(const bram_network *n, const bram_pass *p, float *room,
                                        float **dh)
{
    const bram_nn_wiring *w = &n->circuit->wiring;
    size_t state = p->windows * w->neurons, rows = p->most * state;
    bram_nn32_circuit_trace t = {.h = room};
    t.e = t.h + rows + state, t.m = t.e + rows, t.sum = t.m + rows, t.y = t.sum + rows;
    t.through = t.y + p->most * p->windows * w->units;
    *dh = t.through + state;
    t.matrix = *dh + state;
    t.small = t.matrix + bram_nn32_circuit_matrix(w);
    return t;
}

static bram_nn_circuit shape_of(const bram_network *n, const bram_pass *p)
{
    return (bram_nn_circuit){&n->circuit->wiring, p->steps, p->windows, n->masked};
}

static const float *forward(const bram_network *n, const bram_pass *p, float *room)
{
    float *dh;
    bram_nn32_circuit_trace trace = trace_of(n, p, room, &dh);
    bram_nn_circuit shape = shape_of(n, p);
    bram_nn32_circuit_weights w = weights(n, n->parameter);
    bram_nn32_circuit(&shape, &w, p->x, &trace);
    return trace.y;
}

static void backward(const bram_network *n, const bram_pass *p, float *room, float *gradient,
                     float *dtop)
{
    float *dh;
    bram_nn32_circuit_trace trace = trace_of(n, p, room, &dh);
    bram_nn_circuit shape = shape_of(n, p);
    bram_nn32_circuit_weights w = weights(n, n->parameter), dw = weights(n, gradient);
    memset(dh, 0, p->windows * n->circuit->wiring.neurons * sizeof *dh);
    bram_nn32_circuit_back(&shape, &w, &dw, NULL, dh, dtop, p->x, &trace);
}

static void rewind_states(const bram_network *n, const bram_pass *p, float *room)
{
    memset(room, 0, p->windows * n->circuit->wiring.neurons * sizeof *room);
}

static void carry(const bram_network *n, const bram_pass *p, float *room)
{
    size_t state = p->windows * n->circuit->wiring.neurons;
    memmove(room, room + p->steps * state, state * sizeof *room);
}

static void first(const bram_network *n, float *out)
{
    bram_nn32_circuit_weights w = weights(n, n->parameter);
    for (size_t u = 0; u < n->units; u++) out[u] = -w.offset[u] * (float)exp(-(double)w.scale[u]);
}

/* ---- free runs ------------------------------------------------------------------------------ */

static int begin(bram_ctx *cx, const void *fitted, double *state)
{
    const bram_network *n = fitted;
    (void)cx;
    memset(state, 0, n->circuit->wiring.neurons * sizeof *state);
    return BRAM_OK;
}

static int advance(bram_ctx *cx, const void *fitted, bram_mat *state, const bram_mat *y,
                   const uint8_t *present)
{
    const bram_network *n = fitted;
    size_t rows = state->rows, inputs = bram_network_inputs(n), mark = bram_scratch_mark(cx);
    size_t neurons = n->circuit->wiring.neurons;
    float *u = bram_scratch(cx, rows, inputs * sizeof *u);
    float *one = bram_scratch(cx, room(n, rows, 1), sizeof *one);
    if (!u || !one) return BRAM_ENOMEM;
    bram_pass p = {.windows = rows, .steps = 1, .most = 1, .x = u};
    for (size_t r = 0; r < rows; r++) {
        bram_network_input(n, u + r * inputs, bram_row(y, r),
                           present ? present + r * n->units : NULL, NULL);
        for (size_t i = 0; i < neurons; i++) one[r * neurons + i] = (float)bram_row(state, r)[i];
    }
    forward(n, &p, one);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < neurons; i++)
            bram_row(state, r)[i] = (double)one[(rows + r) * neurons + i];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *state)
{
    const bram_network *n = fitted;
    size_t neurons = n->circuit->wiring.neurons, mark = bram_scratch_mark(cx);
    float *h = bram_scratch(cx, neurons, sizeof *h), *out = bram_scratch(cx, n->units, sizeof *out);
    if (!h || !out) return BRAM_ENOMEM;
    bram_nn32_circuit_weights w = weights(n, n->parameter);
    for (size_t r = 0; r < state->rows; r++) {
        for (size_t i = 0; i < neurons; i++) h[i] = (float)bram_row(state, r)[i];
        bram_nn32_circuit_read(out, &n->circuit->wiring, &w, h, 1);
        bram_network_value(n, bram_row(mean, r), out, NULL);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int run(bram_ctx *cx, const void *model, double *values, const bram_query *q)
{
    const bram_network *n = model;
    bram_recurrent f = {
        n,       n->units,        n->circuit->wiring.neurons, n->mean.data, begin, advance,
        predict, n->variance.data};
    return bram_recurrent_run(cx, &f, values, q);
}

const bram_network_body bram_body_circuit = {.name = "connectome",
                                             .causal = true,
                                             .tells = true,
                                             .build = build,
                                             .rebuild = rebuild,
                                             .keep = keep,
                                             .set = set,
                                             .fault = fault,
                                             .lay_out = lay_out,
                                             .start = start,
                                             .matrix = matrix,
                                             .room = room,
                                             .forward = forward,
                                             .backward = backward,
                                             .rewind = rewind_states,
                                             .carry = carry,
                                             .first = first,
                                             .run = run};
