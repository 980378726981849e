/*
 * Tests of core/nn_recurrent.c, compiled in float32 and in double: outputs and all gradients of one
 * and two layers against PyTorch 1.13 (baselines_reference.json), cells in continuous time by hand;
 * in double finite differences of every cell.
 */
#include "nn_recurrent.h"
#include "nn_test.h"

#include <bramble/rng.h>

enum { BATCH = 2, STEPS = 5, INPUTS = 3, HIDDEN = 4, STATE = BATCH * HIDDEN, MOST_LAYERS = 2 };

struct layer {
    bram_nn_recurrent shape;
    BRAM_NN(cell_weights) w, grad;
    BRAM_NN(cell_trace) trace;
    bram_real *dh, *dc;
};

/* batch, time, feature (as stored) to time, batch, feature, and back: the same swap. */
static bram_real *swapped(const struct reference *r, const bram_real *x, size_t a, size_t b,
                          size_t width)
{
    bram_real *y = zeros(r, a * b * width);
    for (size_t i = 0; i < a; i++)
        for (size_t j = 0; j < b; j++)
            memcpy(y + (j * a + i) * width, x + (i * b + j) * width, width * sizeof *y);
    return y;
}

static bram_real *parameter(const struct reference *r, const bram_json *list, const char *name,
                            size_t layer)
{
    char full[64];
    snprintf(full, sizeof full, "%s_l%zu", name, layer);
    const bram_json *value = bram_json_get(list, full);
    assert_non_null(value);
    return real_values(r, value, NULL);
}

static void make_layer(const struct reference *r, struct layer *l, bram_nn_cell cell,
                       const bram_json *c, size_t number, bool packed)
{
    const bram_json *list = in(c, "params");
    size_t gates = BRAM_NN(gates)(cell) * HIDDEN, inputs = number ? HIDDEN : INPUTS;
    *l = (struct layer){0};
    l->shape = (bram_nn_recurrent){cell, STEPS, BATCH, inputs, HIDDEN};
    l->w.w_ih = parameter(r, list, "weight_ih", number);
    l->w.w_hh = parameter(r, list, "weight_hh", number);
    l->w.b_ih = parameter(r, list, "bias_ih", number);
    l->w.b_hh = parameter(r, list, "bias_hh", number);
    l->grad.w_ih = zeros(r, gates * inputs), l->grad.w_hh = zeros(r, gates * HIDDEN);
    l->grad.b_ih = zeros(r, gates), l->grad.b_hh = zeros(r, gates);
    l->trace.h = zeros(r, (STEPS + 1) * STATE), l->trace.c = zeros(r, (STEPS + 1) * STATE);
    l->trace.gates = zeros(r, STEPS * BATCH * gates);
    l->trace.side = zeros(r, STEPS * BATCH * gates);
    l->trace.packed = packed ? zeros(r, BRAM_NN(recurrent_packed)(&l->shape)) : NULL;
    l->dh = zeros(r, STATE), l->dc = zeros(r, STATE);
    memcpy(l->trace.h, real_values(r, in(c, "h0"), NULL) + number * STATE,
           STATE * sizeof(bram_real));
    if (cell == BRAM_CELL_LSTM)
        memcpy(l->trace.c, real_values(r, in(c, "c0"), NULL) + number * STATE,
               STATE * sizeof(bram_real));
    if (cell == BRAM_CELL_RNN) l->trace.side = NULL;
    if (cell != BRAM_CELL_LSTM) l->trace.c = NULL;
}

static void assert_gradient(const struct reference *r, const bram_json *c, const char *name,
                            size_t layer, const bram_real *found)
{
    char full[64];
    snprintf(full, sizeof full, "%s_l%zu", name, layer);
    assert_reference(full, r, bram_json_get(out(c, "grad"), full), found);
}

static void check_case(const struct reference *r, const char *name, bram_nn_cell cell,
                       size_t layers, bool packed)
{
    const bram_json *c = reference_case(r, name);
    struct layer l[MOST_LAYERS];
    bram_real *x = swapped(r, real_values(r, in(c, "x"), NULL), BATCH, STEPS, INPUTS);
    bram_real *dy = swapped(r, real_values(r, in(c, "R"), NULL), BATCH, STEPS, HIDDEN);
    bram_real *dx = NULL, *hn = zeros(r, layers * STATE), *dh0 = zeros(r, layers * STATE);
    bram_real *cn = zeros(r, layers * STATE), *dc0 = zeros(r, layers * STATE);
    const bram_real *input[MOST_LAYERS] = {x};
    for (size_t k = 0; k < layers; k++) {
        make_layer(r, &l[k], cell, c, k, packed);
        if (k) input[k] = l[k - 1].trace.h + STATE;
        BRAM_NN(recurrent)(&l[k].shape, &l[k].w, input[k], &l[k].trace);
        memcpy(hn + k * STATE, l[k].trace.h + STEPS * STATE, STATE * sizeof *hn);
        if (l[k].trace.c) memcpy(cn + k * STATE, l[k].trace.c + STEPS * STATE, STATE * sizeof *cn);
    }
    const bram_real *last = l[layers - 1].trace.h + STATE;
    assert_reference(name, r, out(c, "y"), swapped(r, last, STEPS, BATCH, HIDDEN));
    assert_reference(name, r, out(c, "hn"), hn);
    if (cell == BRAM_CELL_LSTM) assert_reference(name, r, out(c, "cn"), cn);
    for (size_t k = layers; k-- > 0; dy = dx) {
        dx = zeros(r, STEPS * BATCH * (k ? HIDDEN : INPUTS));
        BRAM_NN(recurrent_back)
        (&l[k].shape, &l[k].w, &l[k].grad, dx, l[k].dh, l[k].dc, dy, input[k], &l[k].trace);
        memcpy(dh0 + k * STATE, l[k].dh, STATE * sizeof *dh0);
        memcpy(dc0 + k * STATE, l[k].dc, STATE * sizeof *dc0);
        assert_gradient(r, c, "weight_ih", k, l[k].grad.w_ih);
        assert_gradient(r, c, "weight_hh", k, l[k].grad.w_hh);
        assert_gradient(r, c, "bias_ih", k, l[k].grad.b_ih);
        assert_gradient(r, c, "bias_hh", k, l[k].grad.b_hh);
    }
    assert_reference(name, r, out(c, "grad_x"), swapped(r, dx, STEPS, BATCH, INPUTS));
    assert_reference(name, r, out(c, "grad_h0"), dh0);
    if (cell == BRAM_CELL_LSTM) assert_reference(name, r, out(c, "grad_c0"), dc0);
}

static void as_pytorch(void **state)
{
    (void)state;
    static const char *const names[] = {"rnn", "gru", "lstm"};
    struct reference r;
    open_reference(&r);
    for (int cell = 0; cell < 3; cell++)
        for (size_t layers = 1; layers <= MOST_LAYERS; layers++) {
            char name[32];
            snprintf(name, sizeof name, "%s_layers%zu", names[cell], layers);
            check_case(&r, name, (bram_nn_cell)cell, layers, false);
            check_case(&r, name, (bram_nn_cell)cell, layers, true);
        }
    close_reference(&r);
}

#ifdef BRAM_NN_DOUBLE

enum { GATES = 4 * HIDDEN, MOST_WEIGHTS = GATES * (INPUTS + HIDDEN + 2) + HIDDEN };

/* All of one layer in one array: weights, then x, h0, c0. */
struct problem {
    bram_nn_recurrent shape;
    double value[MOST_WEIGHTS + STEPS * BATCH * INPUTS + 2 * STATE], dy[STEPS * STATE];
    double h[(STEPS + 1) * STATE], c[(STEPS + 1) * STATE], rate[HIDDEN];
    double gates[STEPS * BATCH * GATES], side[STEPS * BATCH * GATES];
};

static size_t weights_of(const bram_nn_recurrent *s)
{
    size_t leak = BRAM_NN(leaks)(s->cell) ? HIDDEN : 0;
    return BRAM_NN(gates)(s->cell) * HIDDEN * (INPUTS + HIDDEN + 2) + leak;
}

static BRAM_NN(cell_weights) weights_at(double *from, const bram_nn_recurrent *s)
{
    size_t gates = BRAM_NN(gates)(s->cell) * HIDDEN;
    double *leak = BRAM_NN(leaks)(s->cell) ? from + gates * (INPUTS + HIDDEN + 2) : NULL;
    return (BRAM_NN(cell_weights)){from, from + gates * INPUTS, from + gates * (INPUTS + HIDDEN),
                                   from + gates * (INPUTS + HIDDEN + 1), leak};
}

static double forward(struct problem *p, BRAM_NN(cell_trace) * trace)
{
    bram_nn_cell cell = p->shape.cell;
    const double *x = p->value + weights_of(&p->shape), *h0 = x + STEPS * BATCH * INPUTS;
    BRAM_NN(cell_weights) w = weights_at(p->value, &p->shape);
    bool lstm = cell == BRAM_CELL_LSTM;
    *trace = (BRAM_NN(cell_trace)){p->h,
                                   lstm ? p->c : NULL,
                                   p->gates,
                                   lstm || cell == BRAM_CELL_GRU ? p->side : NULL,
                                   w.leak ? p->rate : NULL,
                                   NULL};
    memcpy(p->h, h0, STATE * sizeof(double));
    memcpy(p->c, h0 + STATE, STATE * sizeof(double));
    BRAM_NN(recurrent)(&p->shape, &w, x, trace);
    double loss = 0;
    for (size_t k = 0; k < STEPS * STATE; k++) loss += p->dy[k] * p->h[STATE + k];
    return loss;
}

/* Central differences of h = 1e-6 |w| + 1e-6, of every value there is. */
static void finite_differences(void **state)
{
    (void)state;
    for (int cell = 0; cell < BRAM_CELLS; cell++) {
        static struct problem p;
        static double gradient[MOST_WEIGHTS + STEPS * BATCH * INPUTS + 2 * STATE];
        bram_rng g = bram_rng_new(1, "test/nn-cells");
        p.shape = (bram_nn_recurrent){(bram_nn_cell)cell, STEPS, BATCH, INPUTS, HIDDEN};
        size_t weights = weights_of(&p.shape);
        size_t inputs = STEPS * BATCH * INPUTS, n = weights + inputs + 2 * STATE;
        for (size_t k = 0; k < n; k++) p.value[k] = 0.6 * bram_rng_normal(&g);
        for (size_t k = 0; k < STEPS * STATE; k++) p.dy[k] = bram_rng_normal(&g);
        memset(gradient, 0, sizeof gradient);
        BRAM_NN(cell_trace) trace;
        forward(&p, &trace);
        BRAM_NN(cell_weights) w = weights_at(p.value, &p.shape);
        BRAM_NN(cell_weights) dw = weights_at(gradient, &p.shape);
        double *dx = gradient + weights;
        BRAM_NN(recurrent_back)
        (&p.shape, &w, &dw, dx, dx + inputs, dx + inputs + STATE, p.dy, p.value + weights, &trace);
        for (size_t k = 0; k < n; k++) {
            double keep = p.value[k], h = 1e-6 * fabs(keep) + 1e-6;
            p.value[k] = keep + h;
            double up = forward(&p, &trace);
            p.value[k] = keep - h;
            double down = forward(&p, &trace);
            p.value[k] = keep;
            double slope = (up - down) / (2 * h);
            if (!(fabs(slope - gradient[k]) <= 1e-6 * fmax(1, fabs(slope))))
                fail_msg("cell %d, value %zu: gradient %.12g, difference %.12g", cell, k,
                         gradient[k], slope);
        }
    }
}

#endif

/* One unit, two steps, worked by hand: rates and gates at a half, tanh of 1 and of 1 + h. */
static void continuous_time_by_hand(void **state)
{
    (void)state;
    const double one = tanh(1);
    double expected[BRAM_CELLS][2] = {{0}};
    expected[BRAM_CELL_CTRNN][0] = one / 2;
    expected[BRAM_CELL_CTRNN][1] = one / 4 + tanh(1 + one / 2) / 2;
    expected[BRAM_CELL_LTC][0] = one / 2; /* (1/2 + 1/2) / 2 */
    expected[BRAM_CELL_LTC][1] = one / 4 + tanh(1 + one / 2) / 2;
    expected[BRAM_CELL_CFC][0] = one / 2; /* half of tanh(1), half of tanh(0) */
    expected[BRAM_CELL_CFC][1] = tanh(1 + one / 2) / 2;
    for (int cell = BRAM_CELL_CTRNN; cell < BRAM_CELLS; cell++) {
        bram_real w_ih[3] = {1}, w_hh[3] = {1}, b_ih[3] = {0}, b_hh[3] = {0}, leak = 0, rate;
        bram_real h[3] = {0}, gates[6], x[2] = {1, 1};
        bram_nn_recurrent shape = {(bram_nn_cell)cell, 2, 1, 1, 1};
        BRAM_NN(cell_weights) w = {w_ih, w_hh, b_ih, b_hh, &leak};
        BRAM_NN(cell_trace) trace = {.h = h, .gates = gates};
        if (BRAM_NN(leaks)(shape.cell)) trace.rate = &rate;
        BRAM_NN(recurrent)(&shape, &w, x, &trace);
        assert_near((double)h[1], expected[cell][0], 1e-6);
        assert_near((double)h[2], expected[cell][1], 1e-6);
    }
}

/* w is linear in either factor: a gradient is the difference that a step of one makes. */
static void factors_of_low_rank(void **state)
{
    (void)state;
    enum { H = 5, R = 2 };
    bram_real m[H * R], n[H * R], w[H * H], other[H * H], dw[H * H], dm[H * R] = {0},
                                                                            dn[H * R] = {0};
    bram_rng g = bram_rng_new(6, "test/lowrank");
    for (size_t i = 0; i < H * R; i++)
        m[i] = (bram_real)bram_rng_normal(&g), n[i] = (bram_real)bram_rng_normal(&g);
    for (size_t i = 0; i < H * H; i++) dw[i] = (bram_real)bram_rng_normal(&g);
    BRAM_NN(lowrank)(w, m, n, H, R);
    assert_near((double)w[1 * H + 3],
                (double)(m[1 * R] * n[3 * R] + m[1 * R + 1] * n[3 * R + 1]) / H, 1e-6);
    BRAM_NN(lowrank_back)(dm, dn, dw, m, n, H, R);
    for (size_t k = 0; k < 2 * H * R; k++) {
        bram_real *value = k < H * R ? m + k : n + k - H * R;
        double change = 0, gradient = (double)(k < H * R ? dm[k] : dn[k - H * R]);
        *value += 1;
        BRAM_NN(lowrank)(other, m, n, H, R);
        *value -= 1;
        for (size_t i = 0; i < H * H; i++) change += (double)(dw[i] * (other[i] - w[i]));
        assert_near(gradient, change, TOLERANCE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),
        cmocka_unit_test(continuous_time_by_hand),
        cmocka_unit_test(factors_of_low_rank),
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(finite_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
