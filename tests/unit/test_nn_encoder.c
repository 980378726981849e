/*
 * Tests of core/nn_encoder.c and core/nn_attention.c, compiled in float32 and in double: outputs
 * and all gradients of two layers against PyTorch 1.13 (baselines_reference.json), attention by
 * hand and over more queries than one block, positions; in double finite differences, with dropout.
 */
#include "nn_attention.h"
#include "nn_encoder.h"
#include "nn_layer.h"
#include "nn_test.h"

#include <bramble/rng.h>

enum { LAYERS = 2 };

/* ---- against PyTorch ------------------------------------------------------------------------ */

struct net {
    bram_nn_encoder shape;
    size_t size; /* numbers of a layer's weights */
    bram_real *weights[LAYERS], *grad[LAYERS];
    BRAM_NN(encoder_trace) trace[LAYERS];
    bram_real *x[LAYERS + 1]; /* into each layer, and out of the last */
    bram_real *room;
};

static size_t length_of(const bram_nn_encoder_tensor *t)
{
    return t->rows * (t->cols ? t->cols : 1);
}

static const bram_json *tensor_of(const bram_json *list, size_t layer, const char *name)
{
    char full[80];
    snprintf(full, sizeof full, "layers.%zu.%s", layer, name);
    const bram_json *value = bram_json_get(list, full);
    if (!value) fail_msg("no %s", full);
    return value;
}

static void make_net(const struct reference *r, struct net *n, const bram_json *c)
{
    bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS];
    size_t rows = n->shape.batch * n->shape.steps;
    BRAM_NN(encoder_tensors)(&n->shape, tensor);
    n->size = 0;
    for (size_t k = 0; k < BRAM_NN_ENCODER_TENSORS; k++) n->size += length_of(&tensor[k]);
    for (size_t l = 0; l < LAYERS; l++) {
        n->weights[l] = zeros(r, n->size), n->grad[l] = zeros(r, n->size);
        bram_real *at = n->weights[l];
        for (size_t k = 0; k < BRAM_NN_ENCODER_TENSORS; k++) {
            const bram_json *value = tensor_of(in(c, "params"), l, tensor[k].name);
            size_t count;
            memcpy(at, real_values(r, value, &count), length_of(&tensor[k]) * sizeof *at);
            assert_int_equal(count, length_of(&tensor[k]));
            at += count;
        }
        n->trace[l] = BRAM_NN(encoder_trace_at)(&n->shape,
                                                zeros(r, BRAM_NN(encoder_trace_size)(&n->shape)));
        n->x[l + 1] = zeros(r, rows * n->shape.width);
    }
    n->room = zeros(r, BRAM_NN(encoder_room)(&n->shape));
}

static void check_gradients(const struct reference *r, const struct net *n, const bram_json *c)
{
    bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS];
    BRAM_NN(encoder_tensors)(&n->shape, tensor);
    for (size_t l = 0; l < LAYERS; l++) {
        const bram_real *at = n->grad[l];
        for (size_t k = 0; k < BRAM_NN_ENCODER_TENSORS; at += length_of(&tensor[k++]))
            assert_reference(tensor[k].name, r, tensor_of(out(c, "grad"), l, tensor[k].name), at);
    }
}

static void check_case(const struct reference *r, bool last, bool gelu, bool causal)
{
    char name[64];
    snprintf(name, sizeof name, "encoder_%s_%s_%s", last ? "postnorm" : "prenorm",
             gelu ? "gelu" : "relu", causal ? "causal" : "full");
    const bram_json *c = reference_case(r, name);
    struct net n = {.shape = {.batch = 2,
                              .steps = 6,
                              .width = 8,
                              .heads = (size_t)reference_number(in(c, "heads")),
                              .ff = (size_t)reference_number(in(c, "ff")),
                              .causal = causal,
                              .norm_last = last,
                              .act = gelu ? BRAM_ACT_GELU : BRAM_ACT_RELU,
                              .eps = reference_number(in(c, "eps"))}};
    size_t rows = 12, width = 8;
    make_net(r, &n, c);
    n.x[0] = real_values(r, in(c, "x"), NULL);
    bram_real *dy = real_values(r, in(c, "R"), NULL), *y = zeros(r, rows * width);
    for (size_t l = 0; l < LAYERS; l++) {
        BRAM_NN(encoder_weights) w = BRAM_NN(encoder_at)(&n.shape, n.weights[l]);
        BRAM_NN(encoder)(&n.shape, &w, n.x[l + 1], n.x[l], &n.trace[l]);
    }
    memcpy(y, n.x[LAYERS], rows * width * sizeof *y);
    if (!last) { /* a norm of its own comes after the last layer */
        const bram_json *list = in(c, "params"), *grad = out(c, "grad");
        bram_real *w = real_values(r, bram_json_get(list, "norm.weight"), NULL);
        bram_real *b = real_values(r, bram_json_get(list, "norm.bias"), NULL);
        bram_real *keep = zeros(r, 2 * rows), *dw = zeros(r, width), *db = zeros(r, width);
        BRAM_NN(layer_norm)(y, keep, n.x[LAYERS], w, b, rows, width, n.shape.eps);
        BRAM_NN(layer_norm_back)(dy, dw, db, dy, n.x[LAYERS], w, keep, rows, width);
        assert_reference("norm.weight", r, bram_json_get(grad, "norm.weight"), dw);
        assert_reference("norm.bias", r, bram_json_get(grad, "norm.bias"), db);
    }
    assert_reference(name, r, out(c, "y"), y);
    for (size_t l = LAYERS; l-- > 0;) {
        BRAM_NN(encoder_weights) w = BRAM_NN(encoder_at)(&n.shape, n.weights[l]);
        BRAM_NN(encoder_weights) grad = BRAM_NN(encoder_at)(&n.shape, n.grad[l]);
        BRAM_NN(encoder_back)(&n.shape, &w, &grad, dy, n.x[l], &n.trace[l], n.room);
    }
    assert_reference("grad_x", r, out(c, "grad_x"), dy);
    check_gradients(r, &n, c);
}

static void as_pytorch(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (int k = 0; k < 8; k++) check_case(&r, k & 1, k & 2, k & 4);
    close_reference(&r);
}

/* ---- attention ------------------------------------------------------------------------------ */

static void by_hand(void **state)
{
    (void)state;
    /* one head of width 1: products are q k; row 1 weighs its values 1 : e^(q1 (k1 - k0)) = 1 : 3
     */
    bram_real rows[] = {5, 0, 8, (bram_real)1.0986122886681098, 1, 4}, y[2], p[4];
    bram_nn_attention s = BRAM_NN(self_attention)(1, 2, 1, 1, true);
    BRAM_NN(qkv) x = BRAM_NN(stacked)(rows, 1);
    BRAM_NN(attention)(&s, y, p, &x);
    assert_near((double)y[0], 8, 1e-6);
    assert_near((double)y[1], 8 * 0.25 + 4 * 0.75, 1e-6);
    assert_near((double)p[1], 0, 0);
    assert_near((double)p[3], 0.75, 1e-6);
}

/* Sequences longer than a block, causal: rows before an altered one keep their bits; the
 * probability rows sum to one; a part of the rows gives what the whole does. */
static void blocks_of_queries(void **state)
{
    (void)state;
    enum { STEPS = 150, WIDTH = 6, HEADS = 2, CUT = 101 };
    static bram_real rows[STEPS * 3 * WIDTH], y[STEPS * WIDTH], again[STEPS * WIDTH];
    static bram_real p[HEADS * STEPS * STEPS];
    bram_rng g = bram_rng_new(3, "test/attention");
    for (size_t i = 0; i < STEPS * 3 * WIDTH; i++) rows[i] = (bram_real)bram_rng_normal(&g);
    bram_nn_attention s = BRAM_NN(self_attention)(1, STEPS, WIDTH, HEADS, true);
    BRAM_NN(qkv) x = BRAM_NN(stacked)(rows, WIDTH);
    BRAM_NN(attention)(&s, y, p, &x);
    for (size_t r = 0; r < (size_t)HEADS * STEPS; r++) {
        double sum = 0;
        for (size_t j = 0; j < STEPS; j++) {
            sum += (double)p[r * STEPS + j];
            if (j > r % STEPS) assert_near((double)p[r * STEPS + j], 0, 0);
        }
        assert_near(sum, 1, 1e-6);
    }
    for (size_t i = (size_t)CUT * 3 * WIDTH; i < (size_t)STEPS * 3 * WIDTH; i++) rows[i] = 7;
    BRAM_NN(attention)(&s, again, p, &x);
    assert_memory_equal(y, again, (size_t)CUT * WIDTH * sizeof *y);
    /* other numbers of queries than of keys: the last 3 queries over all keys, no mask */
    bram_nn_attention cross = {1, 3, STEPS, HEADS, WIDTH, 3 * WIDTH, 3 * WIDTH, false};
    s.causal = false;
    BRAM_NN(attention)(&s, y, p, &x);
    x.q += (STEPS - 3) * 3 * WIDTH;
    BRAM_NN(attention)(&cross, again, p, &x);
    for (size_t i = 0; i < 3 * WIDTH; i++)
        assert_near((double)again[i], (double)y[(STEPS - 3) * WIDTH + i], 1e-5);
}

static void positions(void **state)
{
    (void)state;
    bram_real x[3 * 4];
    BRAM_NN(sinusoids)(x, 3, 4); /* wavelengths 2 pi and 100 * 2 pi */
    const double expected[] = {0,         1,         0,      1,      sin(1),    cos(1),
                               sin(0.01), cos(0.01), sin(2), cos(2), sin(0.02), cos(0.02)};
    for (size_t i = 0; i < 12; i++) assert_near((double)x[i], expected[i], 1e-7);
}

#ifdef BRAM_NN_DOUBLE

/* ---- finite differences --------------------------------------------------------------------- */

/* More steps than a block of queries; weights, then x. */
enum { BATCH = 2, STEPS = 70, WIDTH = 4, FF = 5, ROWS = BATCH * STEPS };

struct problem {
    bram_nn_encoder shape;
    size_t weights;
    double *value, *gradient, *trace, *room;
    double y[ROWS * WIDTH], dy[ROWS * WIDTH], dx[ROWS * WIDTH];
};

static double forward(struct problem *p)
{
    BRAM_NN(encoder_weights) w = BRAM_NN(encoder_at)(&p->shape, p->value);
    BRAM_NN(encoder_trace) t = BRAM_NN(encoder_trace_at)(&p->shape, p->trace);
    BRAM_NN(encoder)(&p->shape, &w, p->y, p->value + p->weights, &t);
    double loss = 0;
    for (size_t k = 0; k < ROWS * WIDTH; k++) loss += p->dy[k] * p->y[k];
    return loss;
}

static void backward(struct problem *p)
{
    BRAM_NN(encoder_weights) w = BRAM_NN(encoder_at)(&p->shape, p->value);
    BRAM_NN(encoder_weights) grad = BRAM_NN(encoder_at)(&p->shape, p->gradient);
    BRAM_NN(encoder_trace) t = BRAM_NN(encoder_trace_at)(&p->shape, p->trace);
    memcpy(p->dx, p->dy, sizeof p->dx);
    BRAM_NN(encoder_back)
    (&p->shape, &w, &grad, p->dx, p->value + p->weights, &t, p->room);
    memcpy(p->gradient + p->weights, p->dx, sizeof p->dx);
}

static void check_differences(struct problem *p, size_t n, bram_rng *g)
{
    for (size_t k = 0; k < n; k++) {
        if (k >= p->weights && bram_rng_below(g, 8)) continue; /* an eighth of x is enough */
        double keep = p->value[k], h = 1e-6 * fabs(keep) + 1e-6;
        p->value[k] = keep + h;
        double up = forward(p);
        p->value[k] = keep - h;
        double down = forward(p);
        p->value[k] = keep;
        double slope = (up - down) / (2 * h);
        if (!(fabs(slope - p->gradient[k]) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("value %zu of %zu: gradient %.12g, difference %.12g", k, n, p->gradient[k],
                     slope);
    }
}

static void finite_differences(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int kind = 0; kind < 4; kind++) {
        static struct problem p;
        bram_rng g = bram_rng_new(2, "test/nn-encoder");
        bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS];
        p.shape = (bram_nn_encoder){.batch = BATCH,
                                    .steps = STEPS,
                                    .width = WIDTH,
                                    .heads = 2,
                                    .ff = FF,
                                    .causal = kind & 1,
                                    .norm_last = kind & 2,
                                    .act = BRAM_ACT_GELU,
                                    .eps = 1e-5,
                                    .dropout = 0.3,
                                    .seed = 5,
                                    .step = 11};
        BRAM_NN(encoder_tensors)(&p.shape, tensor);
        p.weights = 0;
        for (size_t k = 0; k < BRAM_NN_ENCODER_TENSORS; k++) p.weights += length_of(&tensor[k]);
        size_t n = p.weights + ROWS * WIDTH;
        p.value = bram_scratch(cx, n, 2 * sizeof *p.value), p.gradient = p.value + n;
        p.trace = bram_scratch(cx, BRAM_NN(encoder_trace_size)(&p.shape), sizeof *p.trace);
        p.room = bram_scratch(cx, BRAM_NN(encoder_room)(&p.shape), sizeof *p.room);
        assert_true(p.value && p.trace && p.room);
        for (size_t k = 0; k < n; k++) p.value[k] = 0.5 * bram_rng_normal(&g);
        for (size_t k = 0; k < ROWS * WIDTH; k++) p.dy[k] = 0.2 * bram_rng_normal(&g);
        forward(&p);
        backward(&p);
        check_differences(&p, n, &g);
    }
    bram_ctx_free(cx);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pytorch),         cmocka_unit_test(by_hand),
        cmocka_unit_test(blocks_of_queries),  cmocka_unit_test(positions),
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(finite_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
