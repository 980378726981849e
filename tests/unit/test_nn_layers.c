/*
 * Tests of the training core, compiled in float32 and in double: activations, layer normalization,
 * losses, optimizers and clipping against PyTorch 1.13 (baselines_reference.json), functions of
 * arrays against libm, dropout, the schedule of rates.
 */
#include "nn_act.h"
#include "nn_layer.h"
#include "nn_loss.h"
#include "nn_math.h"
#include "nn_packed.h"
#include "nn_step.h"
#include "nn_test.h"

#include <bramble/rng.h>

static void activations(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const struct {
        const char *name;
        bram_nn_act act;
    } cases[] = {{"act_gelu_erf", BRAM_ACT_GELU},
                 {"act_gelu_tanh", BRAM_ACT_GELU_TANH},
                 {"act_softplus", BRAM_ACT_SOFTPLUS},
                 {"act_sigmoid", BRAM_ACT_SIGMOID},
                 {"act_tanh", BRAM_ACT_TANH},
                 {"act_silu", BRAM_ACT_SILU},
                 {"act_elu", BRAM_ACT_ELU}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const bram_json *c = reference_case(&r, cases[k].name);
        size_t n;
        bram_real *x = real_values(&r, in(c, "x"), &n), *dy = real_values(&r, in(c, "R"), &n);
        bram_real *y = zeros(&r, n), *dx = zeros(&r, n);
        BRAM_NN(act)(y, x, n, cases[k].act);
        assert_reference(cases[k].name, &r, out(c, "y"), y);
        BRAM_NN(act_back)(dx, dy, x, y, n, cases[k].act);
        assert_reference(cases[k].name, &r, out(c, "grad_x"), dx);
        if (cases[k].act != BRAM_ACT_GELU) continue;
        BRAM_NN(act_slope)(y, x, n, BRAM_ACT_GELU);
        assert_reference("with slope", &r, out(c, "y"), y);
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * x[i];
        assert_reference("slope", &r, out(c, "grad_x"), dx);
    }
    close_reference(&r);
}

static void softmax(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (int log_of = 0; log_of < 2; log_of++) {
        const bram_json *c = reference_case(&r, log_of ? "act_log_softmax" : "act_softmax");
        bram_real *x = real_values(&r, in(c, "x"), NULL), *dy = real_values(&r, in(c, "R"), NULL);
        bram_real *y = zeros(&r, 24), *dx = zeros(&r, 24);
        BRAM_NN(softmax)(y, x, 4, 6, log_of);
        assert_reference("softmax", &r, out(c, "y"), y);
        BRAM_NN(softmax_back)(dx, dy, y, 4, 6, log_of);
        assert_reference("softmax", &r, out(c, "grad_x"), dx);
    }
    close_reference(&r);
}

static void layer_norm(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "layer_norm");
    bram_real *x = real_values(&r, in(c, "x"), NULL), *dy = real_values(&r, in(c, "R"), NULL);
    bram_real *w = real_values(&r, in(c, "weight"), NULL);
    bram_real *b = real_values(&r, in(c, "bias"), NULL);
    bram_real *y = zeros(&r, 24), *dx = zeros(&r, 24), *keep = zeros(&r, 8);
    bram_real *dw = zeros(&r, 6), *db = zeros(&r, 6);
    BRAM_NN(layer_norm)(y, keep, x, w, b, 4, 6, reference_number(in(c, "eps")));
    assert_reference("y", &r, out(c, "y"), y);
    BRAM_NN(layer_norm_back)(dx, dw, db, dy, x, w, keep, 4, 6);
    assert_reference("grad_x", &r, out(c, "grad_x"), dx);
    assert_reference("grad_weight", &r, out(c, "grad_weight"), dw);
    assert_reference("grad_bias", &r, out(c, "grad_bias"), db);
    close_reference(&r);
}

static void losses(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const struct {
        const char *name;
        bram_nn_loss loss;
    } cases[] = {{"loss_mse", BRAM_LOSS_MSE},
                 {"loss_mae", BRAM_LOSS_MAE},
                 {"loss_huber", BRAM_LOSS_HUBER},
                 {"loss_poisson_log", BRAM_LOSS_POISSON_LOG},
                 {"loss_poisson_rate", BRAM_LOSS_POISSON_RATE},
                 {"loss_gaussian_nll", BRAM_LOSS_GAUSSIAN}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const bram_json *c = reference_case(&r, cases[k].name);
        bram_real *x = real_values(&r, in(c, "x"), NULL), *dx = zeros(&r, 24);
        bram_real *y = real_values(&r, in(c, "target"), NULL);
        double sum = BRAM_NN(loss)(dx, x, y, NULL, 24, cases[k].loss, 0.7, 1.0 / 24);
        assert_near(sum / 24, reference_number(out(c, "loss")), TOLERANCE * 10);
        assert_reference(cases[k].name, &r, out(c, "grad_x"), dx);
        uint8_t mask[24] = {0}; /* one value counts: its own loss, no gradient for the others */
        mask[5] = 1;
        x[4] = NAN;
        double one = BRAM_NN(loss)(dx, x, y, mask, 24, cases[k].loss, 0.7, 1);
        assert_near(one, BRAM_NN(loss)(NULL, x + 5, y + 5, NULL, 1, cases[k].loss, 0.7, 1), 0);
        for (size_t i = 0; i < 24; i++) assert_true(i == 5 || (double)dx[i] == 0);
    }
    close_reference(&r);
}

/* Numbers of torch.nn.functional.gaussian_nll_loss (PyTorch 1.13, double), variance e^s. */
static void gaussian_loss_of_each(void **state)
{
    (void)state;
    bram_real x[] = {(bram_real)0.5, -1, (bram_real)0.3, (bram_real)-0.7, 2, (bram_real)0.25,
                     (bram_real)1.1, -2}; /* rows of means, then of s */
    const bram_real y[] = {0, 1, (bram_real)1.5, (bram_real)0.5};
    const double expected[] = {0.37040911034085894, -4.027505414940953,  0.4073977224147853,
                               -3.527505414940953,  0.16643554184903975, -1.8472640247326624,
                               0.45839111453774,    0.2690919969084172};
    bram_real dx[8];
    assert_near(BRAM_NN(gaussian_loss)(dx, x, y, NULL, 2, 2, 1), 3.7426245810800105,
                TOLERANCE * 10);
    for (size_t i = 0; i < 8; i++) assert_near((double)dx[i], expected[i], TOLERANCE * 10);
    const uint8_t mask[] = {0, 1, 0, 0};
    double one = BRAM_NN(gaussian_loss)(dx, x, y, mask, 2, 2, 0.5);
    assert_near(one, (-0.7 + 4 * exp(0.7)) / 2, TOLERANCE * 10);
    for (size_t i = 0; i < 8; i++)
        assert_near((double)dx[i], i == 1 || i == 3 ? expected[i] / 2 : 0, TOLERANCE * 10);
    x[3] = 20; /* beyond the bound: no push further, and the way back is open */
    (void)BRAM_NN(gaussian_loss)(dx, x, y, mask, 2, 2, 1);
    assert_true((double)dx[3] > 0);
    x[3] = -20;
    (void)BRAM_NN(gaussian_loss)(dx, x, y, mask, 2, 2, 1);
    assert_true((double)dx[3] < 0);
    x[3] = NAN;
    assert_true(isnan(BRAM_NN(gaussian_loss)(dx, x, y, mask, 2, 2, 1)));
}

static void optimizers(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const struct {
        const char *name;
        bram_nn_optimizer optimizer;
    } cases[] = {{"opt_adam", BRAM_ADAM},
                 {"opt_adam_l2", BRAM_ADAM},
                 {"opt_adamw", BRAM_ADAMW},
                 {"opt_sgd_momentum", BRAM_SGD},
                 {"opt_sgd_nesterov", BRAM_NESTEROV}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const bram_json *c = reference_case(&r, cases[k].name);
        bram_real *p = real_values(&r, in(c, "p0"), NULL), m[5] = {0}, v[5] = {0};
        bram_real *g = real_values(&r, in(c, "grads"), NULL), *path = zeros(&r, 40);
        double betas[2];
        reference_flatten(in(c, "betas"), betas, 0);
        bram_nn_rule rule = {cases[k].optimizer,
                             reference_number(in(c, "lr")),
                             betas[0],
                             betas[1],
                             reference_number(in(c, "eps")),
                             reference_number(in(c, "weight_decay"))};
        for (size_t t = 0; t < 8; t++) {
            BRAM_NN(step)(p, g + 5 * t, m, v, 5, &rule, t + 1);
            memcpy(path + 5 * t, p, 5 * sizeof *p);
        }
        assert_reference(cases[k].name, &r, out(c, "path"), path);
    }
    close_reference(&r);
}

static void clipping(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "clip_global_norm");
    size_t n;
    bram_real *g = real_values(&r, in(c, "grads"), &n);
    double norm = sqrt(BRAM_NN(squares)(g, n));
    assert_near(norm, reference_number(out(c, "norm")), 1e-12);
    double factor = BRAM_NN(clip)(norm, reference_number(in(c, "max_norm")));
    for (size_t i = 0; i < n; i++) g[i] *= (bram_real)factor;
    assert_reference("clipped", &r, out(c, "clipped"), g);
    assert_near(BRAM_NN(clip)(1, 5), 1, 0);
    assert_near(BRAM_NN(clip)(0, 5), 1, 0);
    close_reference(&r);
}

static double sigmoid_of(double x)
{
    return 1 / (1 + exp(-x));
}

/* Against libm in double, at places of an array that are no multiple of a vector's length. */
static void functions_of_arrays(void **state)
{
    (void)state;
    enum { N = 4001 };
    static bram_real x[N], y[N];
    static const struct {
        void (*array)(bram_real *x, size_t n);
        double (*one)(double x);
        double tolerance, relative; /* of float32 */
    } cases[] = {{BRAM_NN(exp), exp, 0, 2.5e-7},
                 {BRAM_NN(tanh), tanh, 2e-7, 0},
                 {BRAM_NN(sigmoid), sigmoid_of, 2e-7, 0},
                 {BRAM_NN(erf), erf, 5e-7, 0}};
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < N; i++) x[i] = (bram_real)(((double)i - 2000) / (k ? 150 : 25));
        memcpy(y, x, sizeof y);
        cases[k].array(y, N);
        for (size_t i = 0; i < N; i++) {
            double right = cases[k].one((double)x[i]), off = fabs((double)y[i] - right);
            if (off > cases[k].tolerance + cases[k].relative * right)
                fail_msg("function %zu of %g is %g, expected %g", k, (double)x[i], (double)y[i],
                         right);
            bram_real alone = x[i];
            cases[k].array(&alone, 1);
            assert_memory_equal(&alone, &y[i], sizeof alone);
        }
        bram_real odd[3] = {NAN, INFINITY, -INFINITY};
        cases[k].array(odd, 3);
        assert_true(isnan(odd[0]));
        if (k) assert_near((double)odd[1], 1, 1e-7);
        else assert_true(isinf(odd[1]));
        assert_near((double)odd[2], k == 1 || k == 3 ? -1 : 0, 1e-7);
    }
}

static void small_values_keep_their_digits(void **state)
{
    (void)state;
    for (double v = 1e-6; v < 1; v *= 1.7) {
        bram_real x = (bram_real)v;
        BRAM_NN(tanh)(&x, 1);
        assert_near((double)x / tanh((double)(bram_real)v), 1, 3e-7);
    }
}

static void linear_by_hand(void **state)
{
    (void)state;
    const bram_real x[] = {1, 2, 3, 4}, w[] = {1, 0, 2, 1, -1, 1}, b[] = {10, 20, 30};
    bram_real y[6], dx[4], dw[6] = {1}, db[3] = {0, 0, 1};
    BRAM_NN(linear)(y, x, w, b, 2, 2, 3); /* rows (1, 2), (3, 4); w' = (1 2 -1; 0 1 1) */
    const bram_real expected[] = {11, 24, 31, 13, 30, 31};
    assert_memory_equal(y, expected, sizeof y);
    const bram_real dy[] = {1, 0, 0, 0, 1, 1};
    BRAM_NN(linear_back)(dx, dw, db, dy, x, w, 2, 2, 3);
    const bram_real ex[] = {1, 0, 1, 2}, ew[] = {2, 2, 3, 4, 3, 4}, eb[] = {1, 1, 2};
    assert_memory_equal(dx, ex, sizeof dx);
    assert_memory_equal(dw, ew, sizeof dw);
    assert_memory_equal(db, eb, sizeof db);
}

/* All remainders of rows and columns, against sums of products; other rows change no bit of one. */
static void packed_products(void **state)
{
    (void)state;
    enum { DEPTH = 19, MOST_ROWS = 15, MOST_COLS = 35 };
    bram_real a[MOST_ROWS * DEPTH], b[DEPTH * MOST_COLS], turned[DEPTH * MOST_COLS];
    bram_real c[MOST_ROWS * MOST_COLS], one[MOST_COLS], packed[DEPTH * 64];
    bram_rng g = bram_rng_new(1, "test/packed");
    for (size_t i = 0; i < MOST_ROWS * DEPTH; i++) a[i] = (bram_real)bram_rng_normal(&g);
    for (size_t cols = 1; cols <= MOST_COLS; cols += 2)
        for (size_t rows = 1; rows <= MOST_ROWS; rows++) {
            for (size_t k = 0; k < DEPTH; k++)
                for (size_t j = 0; j < cols; j++)
                    b[k * cols + j] = turned[j * DEPTH + k] = (bram_real)bram_rng_normal(&g);
            for (size_t i = 0; i < rows * cols; i++) c[i] = (bram_real)(i % 7);
            assert_true(BRAM_NN(packed_size)(DEPTH, cols) <= sizeof packed / sizeof *packed);
            if (rows % 2) BRAM_NN(pack)(packed, b, BRAM_AS_IS, DEPTH, cols);
            else BRAM_NN(pack)(packed, turned, BRAM_TRANSPOSED, DEPTH, cols);
            bool add = cols % 3 > 0;
            BRAM_NN(times_packed)(c, a, packed, rows, cols, DEPTH, add ? c : NULL);
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < cols; j++) {
                    double sum = add ? (double)((i * cols + j) % 7) : 0;
                    for (size_t k = 0; k < DEPTH; k++)
                        sum += (double)a[i * DEPTH + k] * (double)b[k * cols + j];
                    assert_near((double)c[i * cols + j], sum, 1e-4);
                }
            for (size_t j = 0; j < cols; j++) one[j] = (bram_real)(((rows - 1) * cols + j) % 7);
            BRAM_NN(times_packed)
            (one, a + (rows - 1) * DEPTH, packed, 1, cols, DEPTH, add ? one : NULL);
            assert_memory_equal(one, c + (rows - 1) * cols, cols * sizeof *one);
        }
}

/* One product of parts of arrays against sums of products; bounds of its parts stay as they are. */
static void multiply(size_t rows, size_t cols, size_t depth, unsigned kind)
{
    enum { GAP = 3, MOST = 60000 };
    static bram_real a[MOST], b[MOST], c[MOST], row[1000];
    bram_op op_a = kind & 1 ? BRAM_TRANSPOSED : BRAM_AS_IS,
            op_b = kind & 2 ? BRAM_TRANSPOSED : BRAM_AS_IS;
    size_t a_apart = (kind & 1 ? rows : depth) + GAP, b_apart = (kind & 2 ? depth : cols) + GAP;
    for (size_t i = 0; i < MOST; i++) /* numbers in no pattern */
        a[i] = (bram_real)(i * 7919 % 1009) / 500 - 1,
        b[i] = (bram_real)(i * 104729 % 997) / 500 - 1, c[i] = (bram_real)(i % 5);
    for (size_t j = 0; j < cols; j++) row[j] = (bram_real)j / 8;
    const bram_real *plus = kind < 4 ? NULL : kind < 8 ? c : row;
    assert_true((kind & 1 ? depth : rows) * a_apart <= MOST && rows * (cols + GAP) <= MOST);
    assert_true((kind & 2 ? cols : depth) * b_apart <= MOST);
    BRAM_NN(multiply)
    (&(BRAM_NN(product)){c, a, b, cols + GAP, a_apart, b_apart, op_a, op_b, rows, cols, depth,
                         (bram_real)0.5, plus});
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols + GAP; j++) {
            double was = (double)((i * (cols + GAP) + j) % 5), sum = 0;
            for (size_t k = 0; k < depth && j < cols; k++)
                sum += (double)(kind & 1 ? a[k * a_apart + i] : a[i * a_apart + k]) *
                       (double)(kind & 2 ? b[j * b_apart + k] : b[k * b_apart + j]) / 2;
            if (j >= cols || plus == c) sum += was;
            else if (plus) sum += (double)row[j];
            assert_near((double)c[i * (cols + GAP) + j], sum, 1e-4);
        }
}

/* Every remainder of blocks and panels, depths beyond one panel, each way round, each addition. */
static void products(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 12; kind++) {
        for (size_t rows = 1; rows < 20; rows += 2) multiply(rows, 33 - rows, 5, kind);
        multiply(3, 20, 300, kind), multiply(60, 1, 7, kind), multiply(1, 64, 1, kind);
        multiply(2, 3, 0, kind);
    }
}

static void dropout(void **state)
{
    (void)state;
    enum { N = 20000 };
    static bram_real x[N], part[N];
    double kept = 0, sum = 0;
    for (size_t i = 0; i < N; i++) x[i] = part[i] = 1;
    BRAM_NN(dropout)(x, N, 0.25, 7, 3, "layer", 0);
    for (size_t i = 0; i < N; i++) kept += x[i] != 0, sum += (double)x[i];
    assert_near(kept / N, 0.75, 0.012); /* four deviations */
    assert_near(sum / N, 1, 0.02);
    /* in two pieces the same; another step is another draw; none is none */
    BRAM_NN(dropout)(part, 123, 0.25, 7, 3, "layer", 0);
    BRAM_NN(dropout)(part + 123, N - 123, 0.25, 7, 3, "layer", 123);
    assert_memory_equal(x, part, sizeof x);
    for (size_t i = 0; i < N; i++) part[i] = 1;
    BRAM_NN(dropout)(part, N, 0.25, 7, 4, "layer", 0);
    assert_true(memcmp(x, part, sizeof x) != 0);
    for (size_t i = 0; i < N; i++) part[i] = 1;
    BRAM_NN(dropout)(part, N, 0, 7, 4, "layer", 0);
    for (size_t i = 0; i < N; i++) assert_true((double)part[i] == 1);
}

static void rates(void **state)
{
    (void)state;
    assert_near(BRAM_NN(schedule)(2, 0.1, 5, 10, 110), 1, 1e-15);
    assert_near(BRAM_NN(schedule)(2, 0.1, 10, 10, 110), 2, 1e-15);
    assert_near(BRAM_NN(schedule)(2, 0.1, 60, 10, 110), 2 * 0.55, 1e-15);
    assert_near(BRAM_NN(schedule)(2, 0.1, 110, 10, 110), 0.2, 1e-15);
    assert_near(BRAM_NN(schedule)(2, 0.1, 1, 0, 1), 0.2, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations),
        cmocka_unit_test(softmax),
        cmocka_unit_test(layer_norm),
        cmocka_unit_test(losses),
        cmocka_unit_test(gaussian_loss_of_each),
        cmocka_unit_test(optimizers),
        cmocka_unit_test(clipping),
        cmocka_unit_test(functions_of_arrays),
        cmocka_unit_test(small_values_keep_their_digits),
        cmocka_unit_test(linear_by_hand),
        cmocka_unit_test(packed_products),
        cmocka_unit_test(products),
        cmocka_unit_test(dropout),
        cmocka_unit_test(rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
