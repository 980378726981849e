/*
 * Tests of core/nn_readout*.c and core/nn_sample.c, compiled in float32 and in double: values by
 * hand, what limits and penalties do, draws; in double finite differences on every parameter of
 * every readout and on its input.
 */
#include "nn_readout.h"
#include "nn_sample.h"
#include "nn_test.h"
#include "torch_layers.h"

#include <bramble/rng.h>

/* ---- samples -------------------------------------------------------------------------------- */

static double sampled(const bram_real *map, double x, double y, size_t height, size_t width)
{
    BRAM_NN(corners) c;
    double sum = 0;
    BRAM_NN(sample)(&c, (bram_real)x, (bram_real)y, height, width);
    for (size_t k = 0; k < 4; k++) sum += (double)c.weight[k] * (double)map[c.at[k]];
    return sum;
}

/* As torch.nn.functional.grid_sample(align_corners=True, padding_mode="zeros"). */
static void samples_by_hand(void **state)
{
    (void)state;
    const bram_real map[] = {1, 2, 3, 4, 5, 6}; /* 2 x 3 */
    assert_near(sampled(map, -1, -1, 2, 3), 1, 1e-6);
    assert_near(sampled(map, 1, 1, 2, 3), 6, 1e-6);
    assert_near(sampled(map, 0, 0, 2, 3), 3.5, 1e-6);
    assert_near(sampled(map, 0.5, -1, 2, 3), 2.5, 1e-6);
    assert_near(sampled(map, 1.5, -1, 2, 3), 1.5, 1e-6); /* half a step beyond the last column */
    assert_near(sampled(map, -3, 0, 2, 3), 0, 0);
    assert_near(sampled(map, (double)NAN, 0, 2, 3), 0, 0);
    assert_near(sampled(map, 0.3, 0.7, 1, 1), 1, 0); /* one position is everywhere */
    assert_near((double)BRAM_NN(coordinate)(0, 1), 0, 0);
    assert_near((double)BRAM_NN(coordinate)(3, 5), 0.5, 1e-7);
}

/* ---- by hand -------------------------------------------------------------------------------- */

/* Two positions, two channels, one unit: m = (2, 1), w = (3, -1), b = 0.5;
 * y = 3 (2 * 1 + 5) - (2 * 4 + 7) + 0.5 = 6.5; the map is m |w|. */
static void factorized_by_hand(void **state)
{
    (void)state;
    bram_nn_readout s = {
        .batch = 1, .height = 1, .width = 2, .channels = 2, .units = 1, .terms = 1};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_factorized);
    bram_real w[] = {2, 1, 3, -1, 0.5}, x[] = {1, 4, 5, 7}, y, trace[4], map[2];
    assert_int_equal(BRAM_NN(readout_parameters)(r, &s), 5);
    assert_int_equal(r->trace(&s), 2);
    r->forward(&s, w, &y, x, trace);
    assert_near((double)y, 6.5, 1e-6);
    r->map(&s, w, map);
    assert_near((double)map[0], 2 * sqrt(10), 1e-6);
    assert_near((double)map[1], sqrt(10), 1e-6);
    s.l1_space = 0.1, s.l1_features = 0.01;
    assert_near(r->penalty(&s, w, NULL), 0.3 + 0.04, 1e-7);
    w[0] = -2;
    r->constrain(&s, w);
    assert_near((double)w[0], 0, 0);
    assert_near((double)w[3], -1, 0);
    s.mask = BRAM_MASK_SOFTMAX; /* logits 0 and 1: shares 1 / (1 + e), e / (1 + e) */
    r->forward(&s, w, &y, x, trace);
    double share = 1 / (1 + exp(1)), other = 1 - share;
    assert_near((double)y, 3 * (share + 5 * other) - (4 * share + 7 * other) + 0.5, 1e-5);
    r->map(&s, w, map);
    assert_near((double)map[0], share * sqrt(10), 1e-6);
}

/* 1 x 3 positions, one channel: at x = 0.5 the mean of the last two tokens. */
static void gaussian_by_hand(void **state)
{
    (void)state;
    bram_nn_readout s = {.batch = 1, .height = 1, .width = 3, .channels = 1, .units = 1};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_gaussian);
    bram_real w[] = {0.5, 0, 0.2F, 0, 0, 0.2F, 4, 1}, x[] = {9, 2, 6}, y[2], trace[8], map[3];
    assert_int_equal(BRAM_NN(readout_parameters)(r, &s), 8);
    r->forward(&s, w, y, x, trace);
    assert_near((double)y[0], 17, 1e-5);
    r->map(&s, w, map); /* variance 0.04 + 0.25 along x; distances 1.5, 0.5, 0.5 */
    double far = exp(-2.25 / 0.29 / 2), near = exp(-0.25 / 0.29 / 2);
    assert_near((double)map[0], far / (far + 2 * near), 1e-6);
    assert_near((double)(map[0] + map[1] + map[2]), 1, 1e-6);
    w[0] = 1.5, r->constrain(&s, w);
    assert_near((double)w[0], 1, 0);
}

/* In training a place is mu + Sigma eps; it depends on the number of the row alone. */
static void gaussian_draws(void **state)
{
    (void)state;
    enum { ROWS = 4000, WIDTH = 201 };
    static bram_real x[ROWS * WIDTH], y[ROWS], again[2], trace[4 * ROWS];
    bram_nn_readout s = {.batch = ROWS,
                         .height = 1,
                         .width = WIDTH,
                         .channels = 1,
                         .units = 1,
                         .spread = BRAM_SPREAD_ISOTROPIC,
                         .training = true,
                         .seed = 3,
                         .draw = 70};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_gaussian);
    bram_real w[] = {0.2F, 0, 0.1F, 1, 0};
    double mean = 0, square = 0;
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) x[i] = BRAM_NN(coordinate)(i % WIDTH, WIDTH);
    r->forward(&s, w, y, x, trace); /* a token is its coordinate */
    for (size_t i = 0; i < ROWS; i++) mean += (double)y[i] / ROWS;
    for (size_t i = 0; i < ROWS; i++) square += pow((double)y[i] - mean, 2) / ROWS;
    assert_near(mean, 0.2, 4 * 0.1 / sqrt(ROWS));
    assert_near(sqrt(square), 0.1, 4 * 0.1 / sqrt(2 * ROWS));
    s.batch = 2, s.draw = 70 + 11;
    r->forward(&s, w, again, x, trace);
    assert_memory_equal(again, y + 11, sizeof again);
    s.training = false;
    r->forward(&s, w, again, x, trace);
    assert_near((double)again[1], 0.2, 1e-6);
}

/* 1 x 3 positions, one channel, m = (1, 2, 4), w = 3; a transform that goes one column to the
 * right: m' = (2, 4, 0); a gain of 1.5. */
static void spatial_by_hand(void **state)
{
    (void)state;
    bram_nn_readout s = {
        .batch = 1, .height = 1, .width = 3, .channels = 1, .units = 1, .terms = 1};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_spatial);
    s.reduced = s.hidden = 1;
    bram_real w[5 + 2 + 4 + 14] = {1, 2, 4, 3, 0.25}, x[] = {5, 7, 11}, y, trace[32], map[3];
    assert_int_equal(BRAM_NN(readout_parameters)(r, &s), sizeof w / sizeof *w);
    assert_true(r->trace(&s) <= 32);
    r->forward(&s, w, &y, x, trace); /* at rest: factorized */
    assert_near((double)y, 3 * (5 + 14 + 44) + 0.25, 1e-4);
    bram_real *bias = w + 5 + 2 + 4 + 7;
    bias[2] = 1, bias[6] = 0.5;
    r->forward(&s, w, &y, x, trace);
    assert_near((double)y, 1.5 * 3 * (10 + 28) + 0.25, 1e-4);
    r->attention(&s, w, trace, map);
    assert_near((double)map[0], 1.0 / 3, 1e-6);
    assert_near((double)map[1], 2.0 / 3, 1e-6);
    assert_near((double)map[2], 0, 0);
    r->map(&s, w, map);
    assert_near((double)map[2], 12, 1e-5);
}

/* Two positions whose tokens are (8, 0) and (2, 2), keys all alike: the query takes their mean,
 * (5, 1), which the norm makes (1, -1); of two units the first alone is of the region. */
static void roi_by_hand(void **state)
{
    (void)state;
    enum { D = 2, LAYER = 4 * D * D + 4 * D + 2 * D + 1 + D + 4 * D };
    static const uint8_t member[] = {1, 0};
    bram_nn_readout s = {.batch = 1,
                         .height = 1,
                         .width = 2,
                         .channels = 2,
                         .units = 2,
                         .queries = 1,
                         .inner = D,
                         .heads = 1,
                         .ff = 1,
                         .layers = 1,
                         .eps = 1e-12,
                         .member = member};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_roi);
    bram_real w[6 + 2 + 4 + 6 + LAYER] = {1, 0, 0, 1, 0, 0, 3, 4, 1, 1, 0, 0, 3, 1, 9, 9, 0.5, 7};
    bram_real x[] = {8, 0, 2, 2}, y[2], trace[128], map[2], *layer = w + 18;
    assert_int_equal(BRAM_NN(readout_parameters)(r, &s), sizeof w / sizeof *w);
    assert_true(r->trace(&s) <= 128);
    layer[8] = layer[11] = 1;                                    /* values: the tokens */
    layer[3 * D * D + 3 * D] = layer[3 * D * D + 3 * D + 3] = 1; /* out: as they are */
    r->forward(&s, w, y, x, trace);
    assert_near((double)y[0], 3 - 1 + 0.5, 1e-5);
    assert_near((double)y[1], 7, 0);
    r->attention(&s, w, trace, map);
    assert_near((double)map[0], 0.5, 1e-6);
    assert_near((double)map[1], 0.5, 1e-6);
}

static void assert_pytorch(const bram_real *value, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_near((double)value[i], expected[i], TOLERANCE * fmax(1, fabs(expected[i])));
}

/* Outputs and all gradients of two layers, two regions and three units, one of both. */
static void roi_by_pytorch(void **state)
{
    (void)state;
    enum { Y = 6, X = 36, WEIGHTS = sizeof torch_regions_gradient / sizeof(double) - X };
    static const uint8_t member[] = {1, 0, 0, 1, 1, 1};
    static bram_real w[WEIGHTS], gradient[WEIGHTS], x[X], dx[X], y[Y], dy[Y];
    static bram_real trace[2048], room[2048];
    bram_nn_readout s = {.batch = 2,
                         .height = 2,
                         .width = 3,
                         .channels = 3,
                         .units = 3,
                         .queries = 2,
                         .inner = 4,
                         .heads = 2,
                         .ff = 3,
                         .layers = 2,
                         .eps = 1e-5,
                         .member = member};
    const BRAM_NN(readout) *r = &BRAM_NN(readout_roi);
    uint32_t drawn = 2;
    assert_int_equal(BRAM_NN(readout_parameters)(r, &s), WEIGHTS);
    assert_true(r->trace(&s) <= 2048 && r->room(&s) <= 2048);
    for (size_t i = 0; i < WEIGHTS; i++) w[i] = (bram_real)torch_draw(&drawn, 0.8);
    for (size_t i = 0; i < X; i++) x[i] = (bram_real)torch_draw(&drawn, 1);
    for (size_t i = 0; i < Y; i++) dy[i] = (bram_real)torch_draw(&drawn, 1);
    r->forward(&s, w, y, x, trace);
    r->backward(&s, w, gradient, dx, dy, x, trace, room);
    assert_pytorch(y, torch_regions_y, Y);
    assert_pytorch(gradient, torch_regions_gradient, WEIGHTS);
    assert_pytorch(dx, torch_regions_gradient + WEIGHTS, X);
}

#ifdef BRAM_NN_DOUBLE

/* ---- finite differences --------------------------------------------------------------------- */

struct problem {
    const BRAM_NN(readout) * r;
    bram_nn_readout s;
    size_t weights, inputs, outputs;
    double *w, *grad, *x, *dx, *y, *dy, *trace, *room;
};

static double loss_of(struct problem *p)
{
    p->r->forward(&p->s, p->w, p->y, p->x, p->trace);
    double loss = p->r->penalty ? p->r->penalty(&p->s, p->w, NULL) : 0;
    for (size_t k = 0; k < p->outputs; k++) loss += p->dy[k] * p->y[k];
    return loss;
}

static double *numbers(bram_ctx *cx, size_t n, bram_rng *g, double deviation)
{
    double *out = bram_scratch(cx, n + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < n; i++) out[i] = deviation > 0 ? deviation * bram_rng_normal(g) : 0;
    return out;
}

static void check(const struct problem *p, const char *name, double *value, const double *gradient,
                  size_t n)
{
    for (size_t k = 0; k < n; k++) {
        double keep = value[k], h = 1e-6 * fabs(keep) + 1e-6;
        struct problem q = *p;
        value[k] = keep + h;
        double up = loss_of(&q);
        value[k] = keep - h;
        double down = loss_of(&q);
        value[k] = keep;
        double slope = (up - down) / (2 * h);
        if (!(fabs(slope - gradient[k]) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("%s, %s: value %zu of %zu: gradient %.12g, difference %.12g", p->r->name, name,
                     k, n, gradient[k], slope);
    }
}

static void differences(const BRAM_NN(readout) * r, const bram_nn_readout *s)
{
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(4, "test/readouts");
    struct problem p = {.r = r, .s = *s};
    p.weights = BRAM_NN(readout_parameters)(r, s);
    p.inputs = s->batch * s->height * s->width * s->channels, p.outputs = s->batch * s->units;
    p.w = numbers(cx, p.weights, &g, 0.4), p.x = numbers(cx, p.inputs, &g, 1);
    p.grad = numbers(cx, p.weights, &g, 0), p.dx = numbers(cx, p.inputs, &g, 1);
    p.y = numbers(cx, p.outputs, &g, 0), p.dy = numbers(cx, p.outputs, &g, 0.5);
    p.trace = numbers(cx, r->trace(s), &g, 0), p.room = numbers(cx, r->room(s), &g, 0);
    loss_of(&p);
    r->backward(s, p.w, p.grad, p.dx, p.dy, p.x, p.trace, p.room);
    if (r->penalty) r->penalty(s, p.w, p.grad);
    bram_nn_tensor tensor[BRAM_NN_READOUT_TENSORS];
    size_t n = r->tensors(s, tensor), at = 0;
    for (size_t k = 0; k < n; k++) {
        size_t length = tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
        check(&p, tensor[k].name, p.w + at, p.grad + at, length);
        at += length;
    }
    check(&p, "x", p.x, p.dx, p.inputs);
    double *twice = numbers(cx, p.weights, &g, 0); /* gradients are added to; dx may be left out */
    for (size_t k = 0; k < p.weights; k++) twice[k] = p.grad[k];
    loss_of(&p);
    r->backward(s, p.w, twice, NULL, p.dy, p.x, p.trace, p.room);
    if (r->penalty) r->penalty(s, p.w, twice);
    for (size_t k = 0; k < p.weights; k++)
        assert_near(twice[k], 2 * p.grad[k], 1e-12 * fmax(1, fabs(p.grad[k])));
    bram_ctx_free(cx);
}

static const bram_nn_readout small = {.batch = 3,
                                      .height = 3,
                                      .width = 4,
                                      .channels = 5,
                                      .units = 3,
                                      .l1_space = 0.02,
                                      .l1_features = 0.03,
                                      .seed = 9,
                                      .draw = 5};

static void factorized_gradients(void **state)
{
    (void)state;
    for (size_t terms = 1; terms <= 2; terms++)
        for (int mask = BRAM_MASK_NONNEGATIVE; mask <= BRAM_MASK_SOFTMAX; mask++) {
            bram_nn_readout s = small;
            s.terms = terms, s.mask = (bram_nn_mask)mask;
            differences(&BRAM_NN(readout_factorized), &s);
        }
}

static void gaussian_gradients(void **state)
{
    (void)state;
    for (int spread = BRAM_SPREAD_FULL; spread <= BRAM_SPREAD_ISOTROPIC; spread++)
        for (int training = 0; training < 2; training++) {
            bram_nn_readout s = small;
            s.spread = (bram_nn_spread)spread, s.training = training;
            differences(&BRAM_NN(readout_gaussian), &s);
        }
}

static void spatial_gradients(void **state)
{
    (void)state;
    for (int mask = BRAM_MASK_NONNEGATIVE; mask <= BRAM_MASK_SOFTMAX; mask++) {
        bram_nn_readout s = small;
        s.terms = 2, s.mask = (bram_nn_mask)mask, s.reduced = 2, s.hidden = 4;
        differences(&BRAM_NN(readout_spatial), &s);
    }
}

static void roi_gradients(void **state)
{
    (void)state;
    static const uint8_t member[] = {1, 0, 0, 1, 1, 1};
    for (size_t layers = 1; layers <= 2; layers++) {
        bram_nn_readout s = small;
        s.queries = 2, s.inner = 8, s.heads = 2, s.ff = 6, s.layers = layers, s.member = member;
        s.training = true, s.dropout = 0.3, s.eps = 1e-5;
        differences(&BRAM_NN(readout_roi), &s);
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_by_hand),      cmocka_unit_test(factorized_by_hand),
        cmocka_unit_test(gaussian_by_hand),     cmocka_unit_test(gaussian_draws),
        cmocka_unit_test(spatial_by_hand),      cmocka_unit_test(roi_by_hand),
        cmocka_unit_test(roi_by_pytorch),
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(factorized_gradients), cmocka_unit_test(gaussian_gradients),
        cmocka_unit_test(spatial_gradients),    cmocka_unit_test(roi_gradients),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
