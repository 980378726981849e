/*
 * nn_circuit.c - a recurrent network on a connectome; see nn_circuit.h.
 */
#include "nn_circuit.h"

#include "linalg.h"
#include "nn_layer.h"
#include "nn_math.h"

#include <math.h>
#include <string.h>

/* ---- strengths ------------------------------------------------------------------------------ */

double BRAM_NN(strength)(double v, int sign)
{
    double positive = v > 20 ? v : log1p(exp(v));
    return sign ? sign * positive : v;
}

double BRAM_NN(strength_inverse)(double strength, int sign)
{
    double size = fabs(strength);
    return !sign ? strength : size > 20 ? size : log(expm1(size));
}

/* Its derivative by v. */
static bram_real slope(bram_real v, int sign)
{
    return sign ? (bram_real)(sign / (1 + exp(-(double)v))) : 1;
}

/* ---- the shape of a trace ------------------------------------------------------------------- */

size_t BRAM_NN(circuit_small)(const bram_nn_wiring *w)
{
    return w->neurons + 3 * w->units;
}

size_t BRAM_NN(circuit_matrix)(const bram_nn_wiring *w)
{
    return (w->gaps ? 4 : 2) * w->neurons * w->neurons;
}

struct small {
    bram_real *rate, *gain, *scale, *inverse;
};

static struct small small_of(const bram_nn_wiring *w, bram_real *at)
{
    return (struct small){at, at + w->neurons, at + w->neurons + w->units,
                          at + w->neurons + 2 * w->units};
}

/* The matrices: W and its gradient, G and its gradient (where there are gap junctions). */
struct matrices {
    bram_real *w, *dw, *g, *dg;
};

static struct matrices matrices_of(const bram_nn_wiring *w, bram_real *at)
{
    size_t n = w->neurons * w->neurons;
    return (struct matrices){at, at + n, w->gaps ? at + 2 * n : NULL, w->gaps ? at + 3 * n : NULL};
}

/* W[to][from], and the Laplacian. */
static void fill_matrices(const bram_nn_wiring *w, const BRAM_NN(circuit_weights) * p,
                          const struct matrices *m)
{
    size_t n = w->neurons;
    memset(m->w, 0, n * n * sizeof *m->w);
    for (size_t e = 0; e < w->edges; e++)
        m->w[w->to[e] * n + w->from[e]] = (bram_real)BRAM_NN(strength)((double)p->chemical[e],
                                                                       w->sign[e]);
    if (!w->gaps) return;
    memset(m->g, 0, n * n * sizeof *m->g);
    for (size_t e = 0; e < w->gaps; e++) {
        size_t i = w->one[e], j = w->other[e];
        bram_real g = (bram_real)BRAM_NN(strength)((double)p->gap[e], 1);
        m->g[i * n + j] += g, m->g[j * n + i] += g;
        m->g[i * n + i] -= g, m->g[j * n + j] -= g;
    }
}

static void fill_small(const bram_nn_wiring *w, const BRAM_NN(circuit_weights) * p,
                       const struct small *s)
{
    memcpy(s->rate, p->leak, w->neurons * sizeof *s->rate);
    memcpy(s->gain, p->gain, w->units * sizeof *s->gain);
    BRAM_NN(sigmoid)(s->rate, w->neurons);
    BRAM_NN(sigmoid)(s->gain, w->units);
    for (size_t u = 0; u < w->units; u++) {
        s->scale[u] = (bram_real)exp((double)p->scale[u]);
        s->inverse[u] = (bram_real)exp(-(double)p->scale[u]);
    }
}

/* ---- forward -------------------------------------------------------------------------------- */

static size_t inputs_of(const bram_nn_circuit *c)
{
    return c->wiring->units * (c->masked ? 2 : 1);
}

static bool is_there(const bram_nn_circuit *c, const bram_real *x, size_t unit)
{
    return !c->masked || x[c->wiring->units + unit] != 0;
}

static void read_states(bram_real *y, const bram_nn_wiring *w, const bram_real *inverse,
                        const bram_real *offset, const bram_real *h, size_t batch)
{
    for (size_t b = 0; b < batch; b++)
        for (size_t u = 0; u < w->units; u++)
            y[b * w->units + u] = (h[b * w->neurons + w->neuron[u]] - offset[u]) * inverse[u];
}

void BRAM_NN(circuit_read)(bram_real *y, const bram_nn_wiring *w,
                           const BRAM_NN(circuit_weights) * p, const bram_real *h, size_t batch)
{
    for (size_t b = 0; b < batch; b++)
        for (size_t u = 0; u < w->units; u++)
            y[b * w->units + u] = (h[b * w->neurons + w->neuron[u]] - p->offset[u]) *
                                  (bram_real)exp(-(double)p->scale[u]);
}

void BRAM_NN(circuit)(const bram_nn_circuit *c, const BRAM_NN(circuit_weights) * p,
                      const bram_real *x, const BRAM_NN(circuit_trace) * trace)
{
    const bram_nn_wiring *w = c->wiring;
    size_t n = w->neurons, state = c->batch * n, inputs = inputs_of(c);
    struct matrices matrix = matrices_of(w, trace->matrix);
    struct small s = small_of(w, trace->small);
    fill_matrices(w, p, &matrix);
    fill_small(w, p, &s);
    for (size_t t = 0; t < c->steps; t++) {
        const bram_real *before = trace->h + t * state;
        bram_real *e = trace->e + t * state, *m = trace->m + t * state;
        bram_real *next = trace->h + (t + 1) * state;
        memcpy(e, before, state * sizeof *e);
        for (size_t b = 0; b < c->batch; b++) {
            const bram_real *row = x + (t * c->batch + b) * inputs;
            for (size_t u = 0; u < w->units; u++) {
                bram_real *at = e + b * n + w->neuron[u];
                if (is_there(c, row, u))
                    *at += s.gain[u] * (s.scale[u] * row[u] + p->offset[u] - *at);
            }
        }
        memcpy(m, e, state * sizeof *m);
        BRAM_NN(tanh)(m, state);
        BRAM_NN(linear)(next, m, matrix.w, p->bias, c->batch, n, n);
        if (matrix.g)
            BRAM_NN_GEMM(next, e, BRAM_AS_IS, matrix.g, BRAM_TRANSPOSED, c->batch, n, n, 1);
        for (size_t b = 0; b < c->batch; b++)
            for (size_t i = 0; i < n; i++) {
                size_t k = b * n + i;
                next[k] = e[k] + s.rate[i] * (next[k] - e[k]);
            }
        read_states(trace->y + t * c->batch * w->units, w, s.inverse, p->offset, next, c->batch);
    }
}

/* ---- backward ------------------------------------------------------------------------------- */

/* What was told at a step: into dh, and the gradients of scale and offset. */
static void read_back(const bram_nn_circuit *c, const struct small *s,
                      const BRAM_NN(circuit_weights) * grad, bram_real *dh, const bram_real *dy,
                      const bram_real *y)
{
    const bram_nn_wiring *w = c->wiring;
    for (size_t b = 0; b < c->batch; b++)
        for (size_t u = 0; u < w->units; u++) {
            size_t k = b * w->units + u;
            dh[b * w->neurons + w->neuron[u]] += dy[k] * s->inverse[u];
            grad->offset[u] -= dy[k] * s->inverse[u];
            grad->scale[u] -= dy[k] * y[k];
        }
}

/* dh: on entry the gradient of corrected states, on return that of the states before. */
static void correct_back(const bram_nn_circuit *c, const struct small *s,
                         const BRAM_NN(circuit_weights) * p, const BRAM_NN(circuit_weights) * grad,
                         bram_real *dx, bram_real *dh, const bram_real *before, const bram_real *x)
{
    const bram_nn_wiring *w = c->wiring;
    size_t inputs = inputs_of(c);
    for (size_t b = 0; b < c->batch; b++) {
        const bram_real *row = x + b * inputs;
        for (size_t u = 0; u < w->units; u++) {
            bool there = is_there(c, row, u);
            bram_real *d = dh + b * w->neurons + w->neuron[u], k = there ? s->gain[u] : 0;
            bram_real seen = s->scale[u] * row[u];
            if (dx) dx[b * inputs + u] = *d * k * s->scale[u];
            grad->scale[u] += *d * k * seen;
            grad->offset[u] += *d * k;
            grad->gain[u] += *d * k * (1 - k) *
                             (seen + p->offset[u] - before[b * w->neurons + w->neuron[u]]);
            *d *= 1 - k;
        }
    }
}

/* From the gradients of the matrices to those of the edges. */
static void gather(const bram_nn_wiring *w, const BRAM_NN(circuit_weights) * p,
                   const BRAM_NN(circuit_weights) * grad, const struct matrices *m)
{
    size_t n = w->neurons;
    for (size_t e = 0; e < w->edges; e++)
        grad->chemical[e] += m->dw[w->to[e] * n + w->from[e]] * slope(p->chemical[e], w->sign[e]);
    for (size_t e = 0; e < w->gaps; e++) {
        size_t i = w->one[e], j = w->other[e];
        bram_real d = m->dg[i * n + j] + m->dg[j * n + i] - m->dg[i * n + i] - m->dg[j * n + j];
        grad->gap[e] += d * slope(p->gap[e], 1);
    }
}

/* One step: dh becomes the gradient of the corrected states, what of it is of the synapses' sums
 * stands in `sum`. */
static void step_back(const bram_nn_circuit *c, const struct matrices *matrix,
                      const struct small *s, const BRAM_NN(circuit_weights) * grad, bram_real *dh,
                      bram_real *sum, bram_real *through, const bram_real *e, const bram_real *m,
                      const bram_real *next)
{
    size_t n = c->wiring->neurons;
    for (size_t b = 0; b < c->batch; b++)
        for (size_t i = 0; i < n; i++) {
            size_t k = b * n + i;
            grad->leak[i] += dh[k] * (next[k] - e[k]) * (1 - s->rate[i]);
            sum[k] = dh[k] * s->rate[i];
            grad->bias[i] += sum[k];
        }
    /* through the synapses: W' sum, times the slope of tanh; then straight, and by gap junctions */
    BRAM_NN_GEMM(through, sum, BRAM_AS_IS, matrix->w, BRAM_AS_IS, c->batch, n, n, 0);
    for (size_t b = 0; b < c->batch; b++)
        for (size_t i = 0; i < n; i++) {
            size_t k = b * n + i;
            dh[k] = dh[k] * (1 - s->rate[i]) + through[k] * (1 - m[k] * m[k]);
        }
    if (matrix->g) BRAM_NN_GEMM(dh, sum, BRAM_AS_IS, matrix->g, BRAM_AS_IS, c->batch, n, n, 1);
}

void BRAM_NN(circuit_back)(const bram_nn_circuit *c, const BRAM_NN(circuit_weights) * p,
                           const BRAM_NN(circuit_weights) * grad, bram_real *dx, bram_real *dh,
                           const bram_real *dy, const bram_real *x,
                           const BRAM_NN(circuit_trace) * trace)
{
    const bram_nn_wiring *w = c->wiring;
    size_t n = w->neurons, state = c->batch * n, rows = c->steps * c->batch;
    size_t inputs = inputs_of(c), told = c->batch * w->units;
    struct matrices matrix = matrices_of(w, trace->matrix);
    struct small s = small_of(w, trace->small);
    if (dx) memset(dx, 0, rows * inputs * sizeof *dx);
    for (size_t t = c->steps; t-- > 0;) {
        bram_real *sum = trace->sum + t * state;
        read_back(c, &s, grad, dh, dy + t * told, trace->y + t * told);
        step_back(c, &matrix, &s, grad, dh, sum, trace->through, trace->e + t * state,
                  trace->m + t * state, trace->h + (t + 1) * state);
        correct_back(c, &s, p, grad, dx ? dx + t * c->batch * inputs : NULL, dh,
                     trace->h + t * state, x + t * c->batch * inputs);
    }
    BRAM_NN_GEMM(matrix.dw, trace->sum, BRAM_TRANSPOSED, trace->m, BRAM_AS_IS, n, n, rows, 0);
    if (matrix.dg)
        BRAM_NN_GEMM(matrix.dg, trace->sum, BRAM_TRANSPOSED, trace->e, BRAM_AS_IS, n, n, rows, 0);
    gather(w, p, grad, &matrix);
}
