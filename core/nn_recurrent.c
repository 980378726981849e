/*
 * nn_recurrent.c - recurrent cells over a sequence; see nn_recurrent.h.
 */
#include "nn_recurrent.h"

#include "nn_layer.h"
#include "nn_math.h"
#include "nn_packed.h"
#include "wide.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") /* loops over gates become vectors */
#endif

size_t BRAM_NN(gates)(bram_nn_cell cell)
{
    static const size_t gates[BRAM_CELLS] = {1, 3, 4, 1, 2, 3};
    return gates[cell];
}

bool BRAM_NN(leaks)(bram_nn_cell cell)
{
    return cell == BRAM_CELL_CTRNN || cell == BRAM_CELL_LTC;
}

size_t BRAM_NN(recurrent_packed)(const bram_nn_recurrent *r)
{
    size_t gates = BRAM_NN(gates)(r->cell) * r->hidden;
    size_t forth = BRAM_NN(packed_size)(r->hidden, gates);
    size_t back = BRAM_NN(packed_size)(gates, r->hidden);
    return forth > back ? forth : back;
}

/* One step of one cell's arrays. a: batch x gates hidden, of products with x (rnn, lstm: and with
 * h), on the way back of gradients; the others batch x hidden. */
struct step {
    size_t batch, hidden;
    bram_real *a, *side;
    const bram_real *h_before, *c_before, *rate;
    bram_real *h, *c;
};

/* ---- forward -------------------------------------------------------------------------------- */

/* side: the products of the state with all three rows of gates, biases included. */
BRAM_WIDE static void gru_step(const struct step *s)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict a = s->a + 3 * n * b, *restrict u = s->side + 3 * n * b;
        const bram_real *restrict before = s->h_before + n * b;
        bram_real *restrict h = s->h + n * b;
        for (size_t i = 0; i < 2 * n; i++) a[i] += u[i];
        BRAM_NN(sigmoid)(a, 2 * n);
        for (size_t i = 0; i < n; i++) a[2 * n + i] += a[i] * u[2 * n + i];
        BRAM_NN(tanh)(a + 2 * n, n);
        for (size_t i = 0; i < n; i++) h[i] = (1 - a[n + i]) * a[2 * n + i] + a[n + i] * before[i];
    }
}

/* side: tanh of the new cells. */
BRAM_WIDE static void lstm_step(const struct step *s)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict a = s->a + 4 * n * b, *restrict u = s->side + n * b;
        bram_real *restrict c = s->c + n * b, *restrict h = s->h + n * b;
        const bram_real *restrict before = s->c_before + n * b;
        BRAM_NN(sigmoid)(a, 2 * n);
        BRAM_NN(tanh)(a + 2 * n, n);
        BRAM_NN(sigmoid)(a + 3 * n, n);
        for (size_t i = 0; i < n; i++) c[i] = a[n + i] * before[i] + a[i] * a[2 * n + i];
        memcpy(u, c, n * sizeof *u);
        BRAM_NN(tanh)(u, n);
        for (size_t i = 0; i < n; i++) h[i] = a[3 * n + i] * u[i];
    }
}

BRAM_WIDE static void rnn_step(const struct step *s)
{
    memcpy(s->h, s->a, s->batch * s->hidden * sizeof *s->h);
    BRAM_NN(tanh)(s->h, s->batch * s->hidden);
}

BRAM_WIDE static void ctrnn_step(const struct step *s)
{
    size_t n = s->hidden;
    BRAM_NN(tanh)(s->a, s->batch * n);
    for (size_t k = 0; k < s->batch * n; k++) {
        bram_real rate = s->rate[k % n];
        s->h[k] = (1 - rate) * s->h_before[k] + rate * s->a[k];
    }
}

BRAM_WIDE static void ltc_step(const struct step *s)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict m = s->a + 2 * n * b, *restrict g = m + n, *restrict h = s->h + n * b;
        const bram_real *restrict before = s->h_before + n * b;
        BRAM_NN(tanh)(m, n);
        BRAM_NN(sigmoid)(g, n);
        for (size_t i = 0; i < n; i++) {
            bram_real rate = (s->rate[i] + g[i]) / 2;
            h[i] = (1 - rate) * before[i] + rate * m[i];
        }
    }
}

BRAM_WIDE static void cfc_step(const struct step *s)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict f = s->a + 3 * n * b, *restrict h = s->h + n * b;
        bram_real *restrict k = f + n, *restrict g = f + 2 * n;
        BRAM_NN(tanh)(f, 2 * n);
        BRAM_NN(sigmoid)(g, n);
        for (size_t i = 0; i < n; i++) h[i] = g[i] * f[i] + (1 - g[i]) * k[i];
    }
}

static void step_forward(bram_nn_cell cell, const struct step *s)
{
    switch (cell) {
    case BRAM_CELL_GRU:
        gru_step(s);
        break;
    case BRAM_CELL_LSTM:
        lstm_step(s);
        break;
    case BRAM_CELL_CTRNN:
        ctrnn_step(s);
        break;
    case BRAM_CELL_LTC:
        ltc_step(s);
        break;
    case BRAM_CELL_CFC:
        cfc_step(s);
        break;
    default:
        rnn_step(s);
    }
}

/* Step t of a trace. */
static struct step step_of(const bram_nn_recurrent *r, const BRAM_NN(cell_trace) * trace, size_t t)
{
    size_t state = r->batch * r->hidden, gates = BRAM_NN(gates)(r->cell) * state;
    size_t side = r->cell == BRAM_CELL_GRU ? gates : state;
    struct step s = {.batch = r->batch, .hidden = r->hidden, .rate = trace->rate};
    s.a = trace->gates + t * gates;
    s.h_before = trace->h + t * state, s.h = trace->h + (t + 1) * state;
    if (r->cell != BRAM_CELL_RNN) s.side = trace->side + t * side;
    if (r->cell == BRAM_CELL_LSTM)
        s.c_before = trace->c + t * state, s.c = trace->c + (t + 1) * state;
    return s;
}

/* The products with the inputs of all steps, and biases: of a GRU only the first. */
static void input_sums(const bram_nn_recurrent *r, const BRAM_NN(cell_weights) * w,
                       const bram_real *x, const BRAM_NN(cell_trace) * trace)
{
    size_t gates = BRAM_NN(gates)(r->cell) * r->hidden, rows = r->steps * r->batch;
    bool both = r->cell != BRAM_CELL_GRU;
    const bram_real *bias = w->b_ih;
    if (both && trace->packed) {
        for (size_t i = 0; i < gates; i++) trace->packed[i] = w->b_ih[i] + w->b_hh[i];
        bias = trace->packed;
    }
    BRAM_NN(linear)(trace->gates, x, w->w_ih, bias, rows, r->inputs, gates);
    for (size_t row = 0; both && !trace->packed && row < rows; row++)
        for (size_t i = 0; i < gates; i++) trace->gates[row * gates + i] += w->b_hh[i];
}

void BRAM_NN(recurrent)(const bram_nn_recurrent *r, const BRAM_NN(cell_weights) * w,
                        const bram_real *x, const BRAM_NN(cell_trace) * trace)
{
    size_t gates = BRAM_NN(gates)(r->cell) * r->hidden;
    bool gru = r->cell == BRAM_CELL_GRU;
    if (trace->rate) {
        memcpy(trace->rate, w->leak, r->hidden * sizeof *trace->rate);
        BRAM_NN(sigmoid)(trace->rate, r->hidden);
    }
    input_sums(r, w, x, trace);
    if (trace->packed) BRAM_NN(pack)(trace->packed, w->w_hh, BRAM_TRANSPOSED, r->hidden, gates);
    for (size_t t = 0; t < r->steps; t++) {
        struct step s = step_of(r, trace, t);
        bram_real *sum = gru ? s.side : s.a;
        const bram_real *plus = gru ? w->b_hh : sum;
        if (trace->packed) BRAM_NN(times_packed)
        (sum, s.h_before, trace->packed, r->batch, gates, r->hidden, plus);
        else BRAM_NN(multiply)(&(BRAM_NN(product)){sum, s.h_before, w->w_hh, gates, r->hidden,
                                                   r->hidden, BRAM_AS_IS, BRAM_TRANSPOSED, r->batch,
                                                   gates, r->hidden, 1, plus});
        step_forward(r->cell, &s);
    }
}

/* ---- backward ------------------------------------------------------------------------------- */

/* dh: the gradient of the new state; becomes what of it goes straight to the state before. Gates
 * become gradients of their sums; side those of the products with the state. */
BRAM_WIDE static void gru_step_back(const struct step *s, bram_real *dh)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict a = s->a + 3 * n * b, *restrict u = s->side + 3 * n * b;
        bram_real *restrict d = dh + n * b;
        const bram_real *restrict before = s->h_before + n * b;
        for (size_t i = 0; i < n; i++) {
            bram_real r = a[i], z = a[n + i], m = a[2 * n + i];
            bram_real dm = d[i] * (1 - z) * (1 - m * m);
            a[i] = u[i] = dm * u[2 * n + i] * r * (1 - r);
            a[n + i] = u[n + i] = d[i] * (before[i] - m) * z * (1 - z);
            a[2 * n + i] = dm, u[2 * n + i] = dm * r;
            d[i] *= z;
        }
    }
}

/* dc: the gradient of the new cells; becomes that of the cells before. */
BRAM_WIDE static void lstm_step_back(const struct step *s, const bram_real *dh, bram_real *dc)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict a = s->a + 4 * n * b, *restrict dcell = dc + n * b;
        const bram_real *restrict u = s->side + n * b, *restrict d = dh + n * b;
        const bram_real *restrict before = s->c_before + n * b;
        for (size_t k = 0; k < n; k++) {
            bram_real i = a[k], f = a[n + k], g = a[2 * n + k], o = a[3 * n + k];
            bram_real whole = dcell[k] + d[k] * o * (1 - u[k] * u[k]);
            a[3 * n + k] = d[k] * u[k] * o * (1 - o);
            a[k] = whole * g * i * (1 - i);
            a[n + k] = whole * before[k] * f * (1 - f);
            a[2 * n + k] = whole * i * (1 - g * g);
            dcell[k] = whole * f;
        }
    }
}

BRAM_WIDE static void rnn_step_back(const struct step *s, const bram_real *dh)
{
    for (size_t k = 0; k < s->batch * s->hidden; k++) s->a[k] = dh[k] * (1 - s->h[k] * s->h[k]);
}

/* leak: its gradient, added to. */
BRAM_WIDE static void ctrnn_step_back(const struct step *s, bram_real *dh, bram_real *leak)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict m = s->a + n * b, *restrict d = dh + n * b;
        const bram_real *restrict before = s->h_before + n * b;
        for (size_t i = 0; i < n; i++) {
            bram_real rate = s->rate[i];
            leak[i] += d[i] * (m[i] - before[i]) * rate * (1 - rate);
            m[i] = d[i] * rate * (1 - m[i] * m[i]);
            d[i] *= 1 - rate;
        }
    }
}

BRAM_WIDE static void ltc_step_back(const struct step *s, bram_real *dh, bram_real *leak)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict m = s->a + 2 * n * b, *restrict g = m + n, *restrict d = dh + n * b;
        const bram_real *restrict before = s->h_before + n * b;
        for (size_t i = 0; i < n; i++) {
            bram_real own = s->rate[i], rate = (own + g[i]) / 2;
            bram_real half = d[i] * (m[i] - before[i]) / 2; /* half the gradient of the rate */
            leak[i] += half * own * (1 - own);
            g[i] = half * g[i] * (1 - g[i]);
            m[i] = d[i] * rate * (1 - m[i] * m[i]);
            d[i] *= 1 - rate;
        }
    }
}

BRAM_WIDE static void cfc_step_back(const struct step *s, const bram_real *dh)
{
    size_t n = s->hidden;
    for (size_t b = 0; b < s->batch; b++) {
        bram_real *restrict f = s->a + 3 * n * b, *restrict k = f + n, *restrict g = f + 2 * n;
        const bram_real *restrict d = dh + n * b;
        for (size_t i = 0; i < n; i++) {
            bram_real gate = g[i];
            g[i] = d[i] * (f[i] - k[i]) * gate * (1 - gate);
            f[i] = d[i] * gate * (1 - f[i] * f[i]);
            k[i] = d[i] * (1 - gate) * (1 - k[i] * k[i]);
        }
    }
}

static void step_back(bram_nn_cell cell, const struct step *s, bram_real *dh, bram_real *dc,
                      bram_real *leak)
{
    switch (cell) {
    case BRAM_CELL_GRU:
        gru_step_back(s, dh);
        break;
    case BRAM_CELL_LSTM:
        lstm_step_back(s, dh, dc);
        break;
    case BRAM_CELL_CTRNN:
        ctrnn_step_back(s, dh, leak);
        break;
    case BRAM_CELL_LTC:
        ltc_step_back(s, dh, leak);
        break;
    case BRAM_CELL_CFC:
        cfc_step_back(s, dh);
        break;
    default:
        rnn_step_back(s, dh);
    }
}

void BRAM_NN(recurrent_back)(const bram_nn_recurrent *r, const BRAM_NN(cell_weights) * w,
                             const BRAM_NN(cell_weights) * grad, bram_real *dx, bram_real *dh0,
                             bram_real *dc0, const bram_real *dy, const bram_real *x,
                             const BRAM_NN(cell_trace) * trace)
{
    size_t state = r->batch * r->hidden, gates = BRAM_NN(gates)(r->cell) * r->hidden;
    size_t rows = r->steps * r->batch;
    bool gru = r->cell == BRAM_CELL_GRU;
    bool direct = gru || trace->rate; /* part of a state's gradient goes straight back */
    if (trace->packed) BRAM_NN(pack)(trace->packed, w->w_hh, BRAM_AS_IS, gates, r->hidden);
    for (size_t t = r->steps; t-- > 0;) {
        struct step s = step_of(r, trace, t);
        BRAM_NN(add)(dh0, dy + t * state, state);
        step_back(r->cell, &s, dh0, dc0, grad->leak);
        const bram_real *d = gru ? s.side : s.a;
        if (trace->packed) BRAM_NN(times_packed)
        (dh0, d, trace->packed, r->batch, r->hidden, gates, direct ? dh0 : NULL);
        else BRAM_NN(multiply)(&(BRAM_NN(product)){dh0, d, w->w_hh, r->hidden, gates, r->hidden,
                                                   BRAM_AS_IS, BRAM_AS_IS, r->batch, r->hidden,
                                                   gates, 1, direct ? dh0 : NULL});
    }
    BRAM_NN(linear_back)
    (dx, grad->w_ih, gru ? grad->b_ih : NULL, trace->gates, x, w->w_ih, rows, r->inputs, gates);
    BRAM_NN(linear_back)
    (NULL, grad->w_hh, gru ? grad->b_hh : NULL, gru ? trace->side : trace->gates, trace->h, w->w_hh,
     rows, r->hidden, gates);
    if (gru) return;
    bram_real *sum = trace->gates; /* both biases have one gradient: all rows into the first */
    BRAM_NN(add_columns)(sum, sum + gates, rows - 1, gates);
    for (size_t i = 0; i < gates; i++) grad->b_ih[i] += sum[i], grad->b_hh[i] += sum[i];
}

/* ---- low rank ------------------------------------------------------------------------------- */

void BRAM_NN(lowrank)(bram_real *w, const bram_real *m, const bram_real *n, size_t hidden,
                      size_t rank)
{
    BRAM_NN_GEMM_PART(w, hidden, 1 / (bram_real)hidden, m, rank, BRAM_AS_IS, n, rank,
                      BRAM_TRANSPOSED, hidden, hidden, rank, 0);
}

void BRAM_NN(lowrank_back)(bram_real *dm, bram_real *dn, const bram_real *dw, const bram_real *m,
                           const bram_real *n, size_t hidden, size_t rank)
{
    bram_real scale = 1 / (bram_real)hidden;
    BRAM_NN_GEMM_PART(dm, rank, scale, dw, hidden, BRAM_AS_IS, n, rank, BRAM_AS_IS, hidden, rank,
                      hidden, 1);
    BRAM_NN_GEMM_PART(dn, rank, scale, dw, hidden, BRAM_TRANSPOSED, m, rank, BRAM_AS_IS, hidden,
                      rank, hidden, 1);
}
