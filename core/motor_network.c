/*
 * motor_network.c - a made motor cortex; see motor_network.h.
 */
#include "motor_network.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static const double TAU = 0.2, R0 = 20, RMAX = 100;
static const double DENSITY = 0.1, RADIUS = 10,
                    INHIBITION = 3;           /* how much stronger than excitation */
static const double STABLE = 0.15, RATE = 10; /* Hennequin et al.: eta = 10 */
enum { MOST_STEPS = 2000, EULER = 5 };        /* EULER: steps of a row */
static const double RAMP = 0.4, FALL = 0.002; /* seconds, of h */
static const double AMPLITUDE = 1.5;          /* of initial states, a neuron */

void bram_motor_network_release(bram_motor_network *w)
{
    bram_free(w->weight);
    bram_free(w->basis);
    bram_free(w->readout);
    *w = (bram_motor_network){0};
}

/* ---- stability ------------------------------------------------------------------------------ */

static void draw_weights(bram_motor_network *w, bram_rng *g)
{
    size_t n = w->neurons;
    double scale = sqrt(2 * RADIUS * RADIUS /
                        (DENSITY * (1 - DENSITY) * (1 + INHIBITION * INHIBITION))) /
                   sqrt((double)n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            bool there = bram_rng_uniform(g) < DENSITY && i != j;
            w->weight[i * n + j] = !there ? 0 : j < n / 2 ? scale : -INHIBITION * scale;
        }
}

static int find_abscissa(bram_ctx *cx, double *abscissa, const bram_motor_network *w)
{
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    bram_mat copy;
    double *real = bram_scratch(cx, n, 2 * sizeof *real);
    if (!real) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &copy, n, n));
    memcpy(copy.data, w->weight, n * n * sizeof *w->weight);
    BRAM_TRY(bram_eigenvalues(cx, real, real + n, &copy));
    *abscissa = -INFINITY;
    for (size_t i = 0; i < n; i++) *abscissa = fmax(*abscissa, real[i]);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* W - shift I. */
static int shifted(bram_ctx *cx, bram_mat *a, const bram_motor_network *w, double shift)
{
    BRAM_TRY(bram_mat_scratch(cx, a, w->neurons, w->neurons));
    memcpy(a->data, w->weight, w->neurons * w->neurons * sizeof *w->weight);
    for (size_t i = 0; i < w->neurons; i++) bram_row(a, i)[i] -= shift;
    return BRAM_OK;
}

/* One step: the gradient of the smoothed abscissa is Q P / tr(Q P). */
static int descend(bram_ctx *cx, bram_motor_network *w, double inhibition)
{
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    double smooth = fmax(1.5 * w->abscissa, w->abscissa + 0.2), trace = 0, sum = 0;
    bram_mat a, p, q, gradient;
    BRAM_TRY(shifted(cx, &a, w, smooth));
    BRAM_TRY(bram_mat_scratch(cx, &p, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &q, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &gradient, n, n));
    BRAM_TRY(bram_lyapunov(cx, &p, &q, &a));
    BRAM_TRY(bram_gemm(cx, &gradient, 1, &q, BRAM_AS_IS, &p, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n; i++) trace += bram_row(&gradient, i)[i];
    for (size_t i = 0; i < n; i++)
        for (size_t j = n / 2; j < n; j++) {
            double *x = &w->weight[i * n + j];
            *x = i == j ? 0 : fmin(0, *x - RATE * bram_row(&gradient, i)[j] / trace);
            sum += *x;
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = n / 2; j < n; j++) w->weight[i * n + j] *= inhibition / sum;
    bram_scratch_release(cx, mark);
    return bram_ctx_check_cancel(cx);
}

static int stabilise(bram_ctx *cx, bram_motor_network *w)
{
    size_t n = w->neurons;
    double inhibition = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = n / 2; j < n; j++) inhibition += w->weight[i * n + j];
    for (;; w->steps++) {
        BRAM_TRY(find_abscissa(cx, &w->abscissa, w));
        if (w->abscissa < STABLE) return BRAM_OK;
        if (w->steps == MOST_STEPS)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the circuit has the abscissa %g after %d steps, expected %g",
                             w->abscissa, MOST_STEPS, STABLE);
        BRAM_TRY(descend(cx, w, inhibition));
    }
}

/* ---- reaches -------------------------------------------------------------------------------- */

static double rate_of(double x)
{
    return x < 0 ? R0 * tanh(x / R0) : (RMAX - R0) * tanh(x / (RMAX - R0));
}

/* Leading eigenvectors of the Gramian: (W - I)' Q + Q (W - I) = -2 I. */
static int find_basis(bram_ctx *cx, bram_motor_network *w)
{
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    bram_mat a, p, q;
    double *value = bram_scratch(cx, n, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(shifted(cx, &a, w, 1));
    BRAM_TRY(bram_mat_scratch(cx, &p, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &q, n, n));
    BRAM_TRY(bram_lyapunov(cx, &p, &q, &a));
    BRAM_TRY(bram_eigh(cx, &q, value));
    for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++)
        memcpy(w->basis + d * n, bram_row(&q, n - 1 - d), n * sizeof *w->basis);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Reaches lie around a circle in the first two dimensions, and by chance in the others. */
static void draw_targets(bram_motor_network *w, bram_rng *g)
{
    static const double turn = 6.283185307179586 / BRAM_MOTOR_REACHES;
    double length = AMPLITUDE * sqrt((double)w->neurons);
    for (size_t k = 0; k < BRAM_MOTOR_REACHES; k++) {
        double *t = w->target[k], square = 0;
        t[0] = cos(turn * (double)k), t[1] = sin(turn * (double)k);
        for (size_t d = 2; d < BRAM_MOTOR_DIMENSIONS; d++) t[d] = 0.5 * bram_rng_normal(g);
        for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++) square += t[d] * t[d];
        for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++) t[d] *= length / sqrt(square);
    }
}

static double ramp_at(double t)
{
    return t < 0 ? exp(t / RAMP) : exp(-t / FALL);
}

/* h that holds the state x: x - W r(x). */
static void holding_input(double *h, const bram_motor_network *w, const double *place)
{
    size_t n = w->neurons;
    double *x = h + n;
    memset(x, 0, n * sizeof *x);
    for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++)
        for (size_t i = 0; i < n; i++) x[i] += place[d] * w->basis[d * n + i];
    memcpy(h, x, n * sizeof *h);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) h[i] -= w->weight[i * n + j] * rate_of(x[j]);
}

static void euler(double *x, double *r, const bram_motor_network *w, const double *h, double ramp,
                  double dt)
{
    size_t n = w->neurons;
    for (size_t i = 0; i < n; i++) r[i] = rate_of(x[i]);
    for (size_t i = 0; i < n; i++) {
        double sum = ramp * h[i] - x[i];
        for (size_t j = 0; j < n; j++) sum += w->weight[i * n + j] * r[j];
        x[i] += dt / TAU * sum;
    }
}

static void tell_muscles(double *muscles, const bram_motor_network *w, const double *rates)
{
    for (size_t m = 0; m < BRAM_MOTOR_MUSCLES; m++) {
        double sum = w->offset[m];
        for (size_t i = 0; i < w->neurons; i++) sum += w->readout[m * w->neurons + i] * rates[i];
        muscles[m] = fmax(0, sum); /* noise may go below */
    }
}

int bram_motor_reach(bram_ctx *cx, double *rates, double *muscles, double *input,
                     const bram_motor_network *w, const double *place, double noise, bram_rng *g)
{
    size_t n = w->neurons, mark = bram_scratch_mark(cx), inputs = BRAM_MOTOR_DIMENSIONS + 1;
    double *x = bram_scratch(cx, n, 4 * sizeof *x), dt = BRAM_MOTOR_ROW / EULER;
    if (!x) return BRAM_ENOMEM;
    double *r = x + n, *h = r + n;
    holding_input(h, w, place);
    for (size_t t = 0; t < BRAM_MOTOR_BEFORE + BRAM_MOTOR_AFTER; t++) {
        double first = ((double)t - BRAM_MOTOR_BEFORE) * BRAM_MOTOR_ROW;
        for (size_t k = 0; k < EULER; k++) {
            euler(x, r, w, h, ramp_at(first + (double)k * dt), dt);
            for (size_t i = 0; i < n; i++) x[i] += noise * sqrt(dt / TAU) * bram_rng_normal(g);
        }
        for (size_t i = 0; i < n; i++) rates[t * n + i] = rate_of(x[i]);
        tell_muscles(muscles + t * BRAM_MOTOR_MUSCLES, w, rates + t * n);
        double ramp = ramp_at(first);
        for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++)
            input[t * inputs + d] = ramp * place[d] / (AMPLITUDE * sqrt((double)n));
        input[t * inputs + BRAM_MOTOR_DIMENSIONS] = ramp;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- muscles -------------------------------------------------------------------------------- */

/* Scores on the leading components of the rates of all reaches after onset, each of deviation 1,
 * added up with random signs and weights near 1: a readout that no small direction decides. */
static int find_readout(bram_ctx *cx, bram_motor_network *w, const bram_mat *rates, bram_rng *g)
{
    enum { COMPONENTS = 4 };
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    bram_mat centred, gram;
    double *value = bram_scratch(cx, n, 2 * sizeof *value), *mean = value + n;
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &centred, rates->rows, n));
    BRAM_TRY(bram_mat_scratch(cx, &gram, n, n));
    for (size_t t = 0; t < rates->rows; t++)
        for (size_t i = 0; i < n; i++) mean[i] += bram_row(rates, t)[i] / (double)rates->rows;
    for (size_t t = 0; t < rates->rows; t++)
        for (size_t i = 0; i < n; i++) bram_row(&centred, t)[i] = bram_row(rates, t)[i] - mean[i];
    BRAM_TRY(bram_syrk(cx, &gram, 1 / (double)rates->rows, &centred, BRAM_TRANSPOSED, 0));
    BRAM_TRY(bram_eigh(cx, &gram, value));
    for (size_t m = 0; m < BRAM_MOTOR_MUSCLES; m++)
        for (size_t c = 0; c < COMPONENTS; c++) {
            double weight = (bram_rng_u64(g) >> 63 ? 1 : -1) * (0.5 + bram_rng_uniform(g));
            for (size_t i = 0; i < n; i++)
                w->readout[m * n + i] += weight / sqrt(value[n - 1 - c]) *
                                         bram_row(&gram, n - 1 - c)[i];
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The least of all reaches is 0, the greatest 1. */
static void scale_readout(bram_motor_network *w, const bram_mat *rates)
{
    size_t n = w->neurons;
    for (size_t m = 0; m < BRAM_MOTOR_MUSCLES; m++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t t = 0; t < rates->rows; t++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += w->readout[m * n + i] * bram_row(rates, t)[i];
            low = fmin(low, sum), high = fmax(high, sum);
        }
        for (size_t i = 0; i < n; i++) w->readout[m * n + i] /= high - low;
        w->offset[m] = -low / (high - low);
    }
}

static int make_muscles(bram_ctx *cx, bram_motor_network *w, bram_rng *g)
{
    size_t n = w->neurons, rows = BRAM_MOTOR_BEFORE + BRAM_MOTOR_AFTER;
    size_t mark = bram_scratch_mark(cx);
    bram_mat all, moving;
    double *muscles = bram_scratch(cx, rows, BRAM_MOTOR_MUSCLES * sizeof *muscles);
    double *input = bram_scratch(cx, rows, (BRAM_MOTOR_DIMENSIONS + 1) * sizeof *input);
    if (!muscles || !input) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &all, BRAM_MOTOR_REACHES * rows, n));
    BRAM_TRY(bram_mat_scratch(cx, &moving, BRAM_MOTOR_REACHES * BRAM_MOTOR_AFTER, n));
    for (size_t k = 0; k < BRAM_MOTOR_REACHES; k++) {
        BRAM_TRY(
            bram_motor_reach(cx, bram_row(&all, k * rows), muscles, input, w, w->target[k], 0, g));
        memcpy(bram_row(&moving, k * BRAM_MOTOR_AFTER),
               bram_row(&all, k * rows + BRAM_MOTOR_BEFORE),
               BRAM_MOTOR_AFTER * n * sizeof *all.data);
    }
    BRAM_TRY(find_readout(cx, w, &moving, g));
    scale_readout(w, &all);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_motor_network_new(bram_ctx *cx, bram_motor_network *out, size_t neurons, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "simulate/motor/network");
    bram_motor_network w = {.neurons = neurons};
    if (neurons < 20 || neurons % 2)
        return bram_fail(cx, BRAM_ESHAPE, "%zu neurons, expected an even number from 20 on",
                         neurons);
    w.weight = bram_alloc(cx, neurons * neurons, sizeof *w.weight);
    w.basis = bram_alloc(cx, BRAM_MOTOR_DIMENSIONS * neurons, sizeof *w.basis);
    w.readout = bram_alloc(cx, BRAM_MOTOR_MUSCLES * neurons, sizeof *w.readout);
    int status = w.weight && w.basis && w.readout ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        draw_weights(&w, &g);
        status = stabilise(cx, &w);
    }
    if (status == BRAM_OK) status = find_basis(cx, &w);
    if (status == BRAM_OK) {
        draw_targets(&w, &g);
        status = make_muscles(cx, &w, &g);
    }
    if (status == BRAM_OK) *out = w;
    else bram_motor_network_release(&w);
    return status;
}
