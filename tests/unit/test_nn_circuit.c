/*
 * Tests of core/nn_circuit.c, in float32 and in double: a step by hand, the step of the simulated
 * worm, and in double every gradient by finite differences.
 */
#include "nn_circuit.h"
#include "nn_test.h"
#include "worm_network.h"

#include <bramble/rng.h>

#include <math.h>

enum { MOST = 2000 };

/* A network of any size with its weights and trace in one place. */
struct problem {
    bram_nn_circuit c;
    BRAM_NN(circuit_weights) w, grad;
    BRAM_NN(circuit_trace) trace;
    bram_real value[MOST], gradient[MOST], room[20 * MOST]; /* value: weights, x, h0 */
    size_t weights, inputs, state;
};

static BRAM_NN(circuit_weights) weights_at(const bram_nn_wiring *w, bram_real *v)
{
    BRAM_NN(circuit_weights) p = {.chemical = v, .gap = v + w->edges};
    p.leak = p.gap + w->gaps, p.bias = p.leak + w->neurons, p.gain = p.bias + w->neurons;
    p.scale = p.gain + w->units, p.offset = p.scale + w->units;
    return p;
}

static void set_up(struct problem *p, const bram_nn_wiring *w, size_t steps, size_t batch,
                   bool masked)
{
    *p = (struct problem){.c = {w, steps, batch, masked}};
    size_t state = batch * w->neurons, rows = steps * state;
    p->weights = w->edges + w->gaps + 2 * w->neurons + 3 * w->units;
    p->inputs = steps * batch * w->units * (masked ? 2 : 1), p->state = state;
    assert_true(p->weights + p->inputs + state <= MOST);
    p->w = weights_at(w, p->value), p->grad = weights_at(w, p->gradient);
    bram_real *at = p->room;
    p->trace.h = at, at += rows + state;
    p->trace.e = at, at += rows;
    p->trace.m = at, at += rows;
    p->trace.sum = at, at += rows;
    p->trace.through = at, at += state;
    p->trace.y = at, at += steps * batch * w->units;
    p->trace.matrix = at, at += BRAM_NN(circuit_matrix)(w);
    p->trace.small = at, at += BRAM_NN(circuit_small)(w);
    assert_true(at <= p->room + 20 * MOST);
}

static double logit(double x)
{
    return log(x / (1 - x));
}

/* Neuron 0 is recorded, drives 1 by an inhibitory synapse and shares a gap junction with it. */
static void by_hand(void **state)
{
    (void)state;
    static struct problem p;
    static const uint32_t zero = 0, one = 1;
    static const int8_t minus = -1;
    const bram_nn_wiring w = {2, 1, 1, 1, &zero, &one, &minus, &zero, &one, &zero};
    set_up(&p, &w, 1, 1, false);
    p.w.chemical[0] = (bram_real)BRAM_NN(strength_inverse)(-0.7, -1);
    p.w.gap[0] = (bram_real)BRAM_NN(strength_inverse)(0.2, 1);
    for (int i = 0; i < 2; i++) p.w.leak[i] = (bram_real)logit(0.25), p.w.bias[i] = (bram_real)0.1;
    p.w.gain[0] = (bram_real)logit(0.5), p.w.scale[0] = (bram_real)log(2);
    p.w.offset[0] = (bram_real)0.3;
    p.trace.h[0] = 1, p.trace.h[1] = (bram_real)-0.5;
    bram_real x = (bram_real)0.6;
    BRAM_NN(circuit)(&p.c, &p.w, &x, &p.trace);
    double e0 = 1 + 0.5 * (2 * 0.6 + 0.3 - 1), e1 = -0.5;
    double h0 = e0 + 0.25 * (0.2 * (e1 - e0) + 0.1 - e0);
    double h1 = e1 + 0.25 * (-0.7 * tanh(e0) + 0.2 * (e0 - e1) + 0.1 - e1);
    assert_near((double)p.trace.h[2], h0, 1e-6);
    assert_near((double)p.trace.h[3], h1, 1e-6);
    assert_near((double)p.trace.y[0], (h0 - 0.3) / 2, 1e-6);
    bram_real y;
    BRAM_NN(circuit_read)(&y, &w, &p.w, p.trace.h + 2, 1);
    assert_near((double)y, (h0 - 0.3) / 2, 1e-6);
}

/* With its synapses, gap junctions, leaks and biases, a step is that of the simulated worm. */
static void a_step_of_the_worm(void **state)
{
    (void)state;
    enum { PAIRS = 6, N = 2 * PAIRS };
    bram_ctx *cx = bram_ctx_new();
    bram_worm_network worm;
    assert_ok(cx, bram_worm_network_new(cx, &worm, PAIRS, 3));
    uint32_t from[N * N], to[N * N], one[N * N], other[N * N], neuron[N];
    int8_t sign[N * N];
    bram_nn_wiring w = {N, 0, 0, N, from, to, sign, one, other, neuron};
    static struct problem p;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            if (worm.chemical[i * N + j] != 0) {
                from[w.edges] = (uint32_t)i, to[w.edges] = (uint32_t)j;
                sign[w.edges++] = worm.chemical[i * N + j] > 0 ? 1 : -1;
            }
            if (i < j && worm.gap[i * N + j] != 0)
                one[w.gaps] = (uint32_t)i, other[w.gaps++] = (uint32_t)j;
        }
    assert_true(w.edges > 5 && w.gaps >= PAIRS);
    for (uint32_t i = 0; i < N; i++) neuron[i] = i;
    set_up(&p, &w, 1, 1, true);
    for (size_t e = 0; e < w.edges; e++)
        p.w.chemical[e] = (bram_real)BRAM_NN(strength_inverse)(worm.chemical[from[e] * N + to[e]],
                                                               sign[e]);
    for (size_t e = 0; e < w.gaps; e++)
        p.w.gap[e] = (bram_real)BRAM_NN(strength_inverse)(worm.gap[one[e] * N + other[e]], 1);
    double before[N], after[N], scratch[N];
    bram_real x[2 * N] = {0}; /* nothing is present */
    for (size_t i = 0; i < N; i++) {
        before[i] = sin((double)i), p.trace.h[i] = (bram_real)before[i];
        p.w.leak[i] = (bram_real)logit(worm.leak[i]), p.w.bias[i] = (bram_real)worm.bias[i];
        x[i] = 100;
    }
    bram_worm_network_step(&worm, before, after, scratch);
    BRAM_NN(circuit)(&p.c, &p.w, x, &p.trace);
    for (size_t i = 0; i < N; i++) assert_near((double)p.trace.h[N + i], after[i], TOLERANCE);
    bram_worm_network_release(&worm);
    bram_ctx_free(cx);
}

#ifdef BRAM_NN_DOUBLE

enum { STEPS = 5, BATCH = 2 };

static double loss_of(struct problem *p, const double *dy)
{
    const bram_nn_wiring *w = p->c.wiring;
    memcpy(p->trace.h, p->value + p->weights + p->inputs, p->state * sizeof(double));
    BRAM_NN(circuit)(&p->c, &p->w, p->value + p->weights, &p->trace);
    double loss = 0;
    for (size_t k = 0; k < STEPS * BATCH * w->units; k++) loss += dy[k] * p->trace.y[k];
    return loss;
}

/* Of every learned number, input and state; some units are missing, some neurons not recorded, and
 * there may be no gap junction. */
static void finite_differences(void **state)
{
    (void)state;
    static const uint32_t from[] = {0, 1, 2, 3, 4, 0}, to[] = {1, 2, 3, 4, 0, 3};
    static const int8_t sign[] = {1, -1, 0, 1, 0, 1};
    static const uint32_t one[] = {0, 1}, other[] = {2, 4}, neuron[] = {3, 0, 1};
    for (int variant = 0; variant < 3; variant++) {
        const bram_nn_wiring w = {5,     6,     variant == 2 ? 0 : 2, 3, from, to, sign, one,
                                  other, neuron};
        static struct problem p;
        static double numeric, dh[BATCH * 5], dx[STEPS * BATCH * 6];
        double dy[STEPS * BATCH * 3];
        bram_rng g = bram_rng_new(1, "test/nn-circuit");
        set_up(&p, &w, STEPS, BATCH, variant == 1);
        size_t n = p.weights + p.inputs + p.state;
        for (size_t k = 0; k < n; k++) p.value[k] = 0.6 * bram_rng_normal(&g);
        for (size_t k = 0; k < STEPS * BATCH * 3; k++) dy[k] = bram_rng_normal(&g);
        for (size_t r = 0; variant == 1 && r < STEPS * BATCH; r++)
            for (size_t u = 0; u < 3; u++)
                p.value[p.weights + 6 * r + 3 + u] = bram_rng_uniform(&g) < 0.7;
        memset(dh, 0, sizeof dh);
        loss_of(&p, dy);
        BRAM_NN(circuit_back)(&p.c, &p.w, &p.grad, dx, dh, dy, p.value + p.weights, &p.trace);
        memcpy(p.gradient + p.weights, dx, p.inputs * sizeof(double));
        memcpy(p.gradient + p.weights + p.inputs, dh, p.state * sizeof(double));
        for (size_t k = 0; k < n; k++) {
            size_t input = k - p.weights;
            if (variant == 1 && k >= p.weights && input < p.inputs && input % 6 >= 3) continue;
            double keep = p.value[k], h = 1e-6 * fabs(keep) + 1e-6;
            p.value[k] = keep + h;
            double up = loss_of(&p, dy);
            p.value[k] = keep - h;
            numeric = (up - loss_of(&p, dy)) / (2 * h);
            p.value[k] = keep;
            if (!(fabs(numeric - p.gradient[k]) <= 1e-6 * fmax(1, fabs(numeric))))
                fail_msg("variant %d, value %zu of %zu: gradient %.12g, difference %.12g", variant,
                         k, n, p.gradient[k], numeric);
        }
    }
}

#endif

static void strengths(void **state)
{
    (void)state;
    for (double s = 1e-3; s < 40; s *= 3) {
        assert_near(BRAM_NN(strength)(BRAM_NN(strength_inverse)(s, 1), 1), s, 1e-12 * (1 + s));
        assert_near(BRAM_NN(strength)(BRAM_NN(strength_inverse)(-s, -1), -1), -s, 1e-12 * (1 + s));
        assert_near(BRAM_NN(strength)(BRAM_NN(strength_inverse)(-s, 0), 0), -s, 0);
    }
    assert_near(BRAM_NN(strength)(0, 1), log(2), 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strengths),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(a_step_of_the_worm),
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(finite_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
