/*
 * Spike tokens: a layer of the decoder against PyTorch's, the encoder's and plain loops, the whole
 * network's gradients against finite differences (in double), the loss by hand and as a
 * probability that sums to one, and tokens one by one against all at once.
 */
#include "nn_encoder.h"
#include "nn_layer.h"
#include "nn_tokens.h"
#include "test.h"
#include "torch_layers.h"

#include <bramble/rng.h>

#ifdef BRAM_NN_DOUBLE
static const double TOLERANCE = 1e-10;
#else
static const double TOLERANCE = 2e-5;
#endif

static bram_real *numbers(bram_ctx *cx, size_t n)
{
    bram_real *out = bram_scratch(cx, n, sizeof *out);
    assert_non_null(out);
    return out;
}

static bram_real *normals(bram_ctx *cx, size_t n, double sd, bram_rng *g)
{
    bram_real *out = numbers(cx, n);
    for (size_t i = 0; i < n; i++) out[i] = (bram_real)(sd * bram_rng_normal(g));
    return out;
}

/* ---- the layer ------------------------------------------------------------------------------ */

enum { WIDTH = 6, HEADS = 2, FF = 5, TENSORS = BRAM_NN_DECODER_TENSORS };

/* Two sequences of 3 and 4 rows, over 2 and 5 rows of memory that overlap. */
static const bram_nn_sequence two[] = {{0, 3, 0, 2}, {3, 4, 1, 5}};

static bram_nn_decoder layer(void)
{
    return (bram_nn_decoder){.rows = 7,
                             .keys = 6,
                             .sequence = two,
                             .sequences = 2,
                             .width = WIDTH,
                             .heads = HEADS,
                             .ff = FF,
                             .eps = 1e-5};
}

static size_t weights_of(const bram_nn_decoder *s)
{
    bram_nn_decoder_tensor t[TENSORS];
    size_t n = 0;
    BRAM_NN(decoder_tensors)(s, t);
    for (size_t k = 0; k < TENSORS; k++) n += t[k].rows * (t[k].cols ? t[k].cols : 1);
    return n;
}

static void run_layer(bram_ctx *cx, const bram_nn_decoder *s, bram_real *weights, bram_real *y,
                      const bram_real *x, const bram_real *memory)
{
    BRAM_NN(decoder_weights) w = BRAM_NN(decoder_at)(s, weights);
    BRAM_NN(decoder_trace)
    t = BRAM_NN(decoder_trace_at)(s, numbers(cx, BRAM_NN(decoder_trace_size)(s)));
    BRAM_NN(decoder)(s, &w, y, x, memory, &t);
}

/* With nothing coming from memory it is a causal layer of an encoder. */
static void without_memory_it_is_an_encoder(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(1, "test/decoder");
    bram_nn_decoder s = layer();
    bram_real *weights = normals(cx, weights_of(&s), 0.5, &g);
    BRAM_NN(decoder_weights) w = BRAM_NN(decoder_at)(&s, weights);
    memset(w.at[BRAM_DECODER_CROSS_OUT_W], 0, WIDTH * WIDTH * sizeof(bram_real));
    memset(w.at[BRAM_DECODER_CROSS_OUT_B], 0, WIDTH * sizeof(bram_real));
    bram_real *x = normals(cx, 7 * WIDTH, 1, &g), *memory = normals(cx, 6 * WIDTH, 1, &g);
    bram_real *y = numbers(cx, 7 * WIDTH), *z = numbers(cx, 7 * WIDTH);
    run_layer(cx, &s, weights, y, x, memory);
    BRAM_NN(encoder_weights)
    ew = {w.at[0],  w.at[1],  w.at[2],  w.at[3],  w.at[8],  w.at[9],
          w.at[10], w.at[11], w.at[12], w.at[13], w.at[16], w.at[17]};
    for (size_t i = 0; i < 2; i++) {
        bram_nn_encoder e = {.batch = 1,
                             .steps = two[i].rows,
                             .width = WIDTH,
                             .heads = HEADS,
                             .ff = FF,
                             .causal = true,
                             .act = BRAM_ACT_GELU,
                             .eps = 1e-5};
        BRAM_NN(encoder_trace)
        t = BRAM_NN(encoder_trace_at)(&e, numbers(cx, BRAM_NN(encoder_trace_size)(&e)));
        BRAM_NN(encoder)(&e, &ew, z + two[i].first * WIDTH, x + two[i].first * WIDTH, &t);
    }
    for (size_t i = 0; i < 7 * WIDTH; i++) assert_near((double)y[i], (double)z[i], TOLERANCE);
    bram_ctx_free(cx);
}

/* out = x w' + b of one row, in plain loops. */
static void plain_linear(double *out, const double *x, const bram_real *w, const bram_real *b,
                         size_t in, size_t outs)
{
    for (size_t o = 0; o < outs; o++) {
        out[o] = (double)b[o];
        for (size_t i = 0; i < in; i++) out[o] += (double)w[o * in + i] * x[i];
    }
}

static void plain_norm(double *out, const double *x, const bram_real *w, const bram_real *b)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < WIDTH; i++) mean += x[i] / WIDTH;
    for (size_t i = 0; i < WIDTH; i++) square += (x[i] - mean) * (x[i] - mean) / WIDTH;
    for (size_t i = 0; i < WIDTH; i++)
        out[i] = (x[i] - mean) / sqrt(square + 1e-5) * (double)w[i] + (double)b[i];
}

/* What the first row of a sequence gets from memory, head by head. */
static void plain_cross(double *out, const double *row, const bram_real *memory, size_t keys,
                        const BRAM_NN(decoder_weights) * w)
{
    const bram_real *in_w = w->at[BRAM_DECODER_CROSS_IN_W], *in_b = w->at[BRAM_DECODER_CROSS_IN_B];
    double normed[WIDTH], q[WIDTH], heads[WIDTH] = {0};
    plain_norm(normed, row, w->at[BRAM_DECODER_NORM2_W], w->at[BRAM_DECODER_NORM2_B]);
    plain_linear(q, normed, in_w, in_b, WIDTH, WIDTH);
    for (size_t h = 0; h < HEADS; h++) {
        double sum = 0, value[WIDTH / HEADS] = {0};
        for (size_t k = 0; k < keys; k++) {
            double m[WIDTH], kv[2 * WIDTH], dot = 0;
            for (size_t i = 0; i < WIDTH; i++) m[i] = (double)memory[k * WIDTH + i];
            plain_linear(kv, m, in_w + WIDTH * WIDTH, in_b + WIDTH, WIDTH, 2 * WIDTH);
            for (size_t i = h * 3; i < h * 3 + 3; i++) dot += q[i] * kv[i] / sqrt(3);
            sum += exp(dot);
            for (size_t i = 0; i < 3; i++) value[i] += exp(dot) * kv[WIDTH + h * 3 + i];
        }
        for (size_t i = 0; i < 3; i++) heads[h * 3 + i] = value[i] / sum;
    }
    plain_linear(out, heads, w->at[BRAM_DECODER_CROSS_OUT_W], w->at[BRAM_DECODER_CROSS_OUT_B],
                 WIDTH, WIDTH);
}

/* Self-attention of a first row is its own value. */
static void the_first_row_by_plain_loops(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/decoder");
    bram_nn_decoder s = layer();
    bram_real *weights = normals(cx, weights_of(&s), 0.5, &g);
    BRAM_NN(decoder_weights) w = BRAM_NN(decoder_at)(&s, weights);
    bram_real *x = normals(cx, 7 * WIDTH, 1, &g), *memory = normals(cx, 6 * WIDTH, 1, &g);
    bram_real *y = numbers(cx, 7 * WIDTH);
    run_layer(cx, &s, weights, y, x, memory);
    for (size_t q = 0; q < 2; q++) {
        double row[WIDTH], normed[WIDTH], qkv[3 * WIDTH], add[WIDTH], wide[FF];
        for (size_t i = 0; i < WIDTH; i++) row[i] = (double)x[two[q].first * WIDTH + i];
        plain_norm(normed, row, w.at[BRAM_DECODER_NORM1_W], w.at[BRAM_DECODER_NORM1_B]);
        plain_linear(qkv, normed, w.at[0], w.at[1], WIDTH, 3 * WIDTH);
        plain_linear(add, qkv + 2 * WIDTH, w.at[2], w.at[3], WIDTH, WIDTH);
        for (size_t i = 0; i < WIDTH; i++) row[i] += add[i];
        plain_cross(add, row, memory + two[q].memory * WIDTH, two[q].keys, &w);
        for (size_t i = 0; i < WIDTH; i++) row[i] += add[i];
        plain_norm(normed, row, w.at[BRAM_DECODER_NORM3_W], w.at[BRAM_DECODER_NORM3_B]);
        plain_linear(wide, normed, w.at[8], w.at[9], WIDTH, FF);
        for (size_t i = 0; i < FF; i++) wide[i] *= (1 + erf(wide[i] / sqrt(2))) / 2;
        plain_linear(add, wide, w.at[10], w.at[11], FF, WIDTH);
        for (size_t i = 0; i < WIDTH; i++)
            assert_near((double)y[two[q].first * WIDTH + i], row[i] + add[i], TOLERANCE);
    }
    bram_ctx_free(cx);
}

static bram_real *draws(bram_ctx *cx, size_t n, double size, uint32_t *state)
{
    bram_real *out = numbers(cx, n);
    for (size_t i = 0; i < n; i++) out[i] = (bram_real)torch_draw(state, size);
    return out;
}

static void assert_all_near(const bram_real *value, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_near((double)value[i], expected[i], TOLERANCE * fmax(1, fabs(expected[i])));
}

/* Outputs, and the gradients of all parameters, of what comes in and of memory. */
static void the_layer_is_pytorchs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_nn_decoder s = layer();
    uint32_t drawn = 1;
    s.width = 4, s.ff = 3;
    size_t n = weights_of(&s), rows = 7 * s.width, deep = 6 * s.width;
    bram_real *weights = draws(cx, n, 0.8, &drawn), *gradient = numbers(cx, n);
    bram_real *x = draws(cx, rows, 1, &drawn), *memory = draws(cx, deep, 1, &drawn);
    bram_real *dy = draws(cx, rows, 1, &drawn), *dmemory = numbers(cx, deep);
    bram_real *y = numbers(cx, rows), *room = numbers(cx, BRAM_NN(decoder_room)(&s));
    BRAM_NN(decoder_weights) w = BRAM_NN(decoder_at)(&s, weights);
    BRAM_NN(decoder_weights) grad = BRAM_NN(decoder_at)(&s, gradient);
    BRAM_NN(decoder_trace)
    t = BRAM_NN(decoder_trace_at)(&s, numbers(cx, BRAM_NN(decoder_trace_size)(&s)));
    BRAM_NN(decoder)(&s, &w, y, x, memory, &t);
    BRAM_NN(decoder_back)(&s, &w, &grad, dy, dmemory, x, memory, &t, room);
    assert_int_equal(sizeof torch_decoder_y / sizeof(double), rows);
    assert_int_equal(sizeof torch_decoder_gradient / sizeof(double), n + rows + deep);
    assert_all_near(y, torch_decoder_y, rows);
    assert_all_near(gradient, torch_decoder_gradient, n);
    assert_all_near(dy, torch_decoder_gradient + n, rows); /* now the gradient of x */
    assert_all_near(dmemory, torch_decoder_gradient + n + rows, deep);
    bram_ctx_free(cx);
}

/* ---- the network ---------------------------------------------------------------------------- */

enum { UNITS = 4, SPAN = 2, CONTEXT = 3, INPUTS = 2 };

static const bram_nn_tokens shape = {.units = UNITS,
                                     .span = SPAN,
                                     .context = CONTEXT,
                                     .inputs = INPUTS,
                                     .width = WIDTH,
                                     .heads = HEADS,
                                     .ff = FF,
                                     .layers = 2};

/* Counts of two windows, their tokens, and memory with each kind of row. */
static const bram_nn_sequence windows[] = {{0, 4, 0, 5}, {4, 2, 5, 2}};
static const bram_nn_token tokens[] = {{UNITS, 0, 1}, {1, 0, 2},     {3, 0, 1},
                                       {0, 1, 1},     {UNITS, 0, 1}, {2, 1, 3}};
static const bram_nn_token memory[] = {{BRAM_TOKEN_REST, 0, 1},
                                       {BRAM_TOKEN_INPUT, 2, 1},
                                       {BRAM_TOKEN_INPUT, 0, 1},
                                       {0, 3, 1},
                                       {2, 1, 4},
                                       {BRAM_TOKEN_REST, 0, 1},
                                       {3, 2, 1}};
static const bram_real input[] = {(bram_real)0.3, 1, (bram_real)-0.7, 1};

static BRAM_NN(tokens_pass) make_pass(void)
{
    return (BRAM_NN(tokens_pass)){.sequence = windows,
                                  .sequences = 2,
                                  .rows = 6,
                                  .keys = 7,
                                  .token = tokens,
                                  .memory = memory,
                                  .input = input,
                                  .input_rows = 2,
                                  .training = true,
                                  .seed = 3,
                                  .step = 5};
}

static bram_real *draw_parameters(bram_ctx *cx, const bram_nn_tokens *n, size_t *count)
{
    bram_rng g = bram_rng_new(4, "test/tokens");
    BRAM_NN(tokens_tensors)(n, NULL, count);
    return normals(cx, *count, 0.4, &g);
}

#ifdef BRAM_NN_DOUBLE

static const double counted[2][SPAN * UNITS] = {{0, 2, 0, 1, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 3, 0}};
static const uint8_t there[SPAN * UNITS] = {1, 1, 1, 1, 1, 1, 1, 0};

static bram_nn_cells cells_of(size_t window)
{
    return (bram_nn_cells){UNITS, 0, SPAN, counted[window], window ? there : NULL};
}

static double loss_of(const BRAM_NN(tokens_out) * out, bool back)
{
    double sum = 0;
    for (size_t k = 0; k < 2; k++) {
        bram_nn_cells c = cells_of(k);
        size_t at = windows[k].first;
        sum += BRAM_NN(tokens_loss)(&c, SPAN, tokens + at, windows[k].rows, out->unit + at * UNITS,
                                    out->time + at * SPAN, back ? out->dunit + at * UNITS : NULL,
                                    back ? out->dtime + at * SPAN : NULL, 0.5, NULL);
    }
    return sum / 2;
}

static double forward(const bram_nn_tokens *n, double *parameter, double *room)
{
    BRAM_NN(tokens_pass) p = make_pass();
    BRAM_NN(tokens_out) out;
    BRAM_NN(tokens)(n, parameter, &p, room, &out);
    return loss_of(&out, false);
}

static void finite_differences(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int dropped = 0; dropped < 2; dropped++) {
        bram_nn_tokens n = shape;
        size_t count, tensors = BRAM_NN(tokens_tensors)(&n, NULL, &count);
        double *w = draw_parameters(cx, &n, &count), *gradient = numbers(cx, count);
        BRAM_NN(tokens_pass) p = make_pass();
        BRAM_NN(tokens_out) out;
        bram_nn_tokens_tensor tensor[64];
        n.dropout = dropped ? 0.3 : 0;
        double *room = numbers(cx, BRAM_NN(tokens_room)(&n, &p));
        assert_true(tensors <= 64);
        BRAM_NN(tokens_tensors)(&n, tensor, NULL);
        BRAM_NN(tokens)(&n, w, &p, room, &out);
        loss_of(&out, true);
        BRAM_NN(tokens_back)(&n, w, gradient, &p, room, &out);
        for (size_t k = 0; k < tensors; k++) {
            size_t size = tensor[k].rows * (tensor[k].cols ? tensor[k].cols : 1);
            double most = 0;
            for (size_t i = tensor[k].at; i < tensor[k].at + size; i++) {
                double keep = w[i], h = 1e-6 * fabs(keep) + 1e-6;
                w[i] = keep + h;
                double up = forward(&n, w, room);
                w[i] = keep - h;
                double slope = (up - forward(&n, w, room)) / (2 * h);
                w[i] = keep;
                most = fmax(most, fabs(gradient[i]));
                if (!(fabs(slope - gradient[i]) <= 1e-6 * fmax(1, fabs(slope))))
                    fail_msg("%s/%s[%zu]: gradient %.12g, difference %.12g", tensor[k].group,
                             tensor[k].name, i - tensor[k].at, gradient[i], slope);
            }
            if (!(most > 1e-9)) /* only the bias of keys cancels in every softmax */
                fail_msg("%s/%s has no gradient", tensor[k].group, tensor[k].name);
        }
    }
    bram_ctx_free(cx);
}

#endif

/* Rates by tokens that are added one by one are those of all at once. */
static void one_by_one(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t count;
    bram_real *w = draw_parameters(cx, &shape, &count);
    BRAM_NN(tokens_pass) p = make_pass();
    BRAM_NN(tokens_out) out;
    BRAM_NN(tokens_walk) walk;
    BRAM_NN(tokens)(&shape, w, &p, numbers(cx, BRAM_NN(tokens_room)(&shape, &p)), &out);
    BRAM_NN(tokens_walk_open)
    (&walk, &shape, w, &p, 4, numbers(cx, BRAM_NN(tokens_walk_room)(&shape, &p, 4)));
    for (size_t step = 0; step < 4; step++) {
        /* the second window ends after two tokens: what it is given then does not matter */
        bram_nn_token now[2] = {tokens[step], tokens[4 + (step < 2 ? step : 0)]};
        BRAM_NN(tokens_walk_next)(&walk, step, now);
        for (size_t k = 0; k < 2 && step < windows[k].rows; k++) {
            const bram_real *unit = out.unit + (windows[k].first + step) * UNITS;
            const bram_real *time = out.time + (windows[k].first + step) * SPAN;
            for (size_t i = 0; i < UNITS; i++)
                assert_near((double)walk.unit[k * UNITS + i], (double)unit[i], TOLERANCE);
            for (size_t i = 0; i < SPAN; i++)
                assert_near((double)walk.time[k * SPAN + i], (double)time[i], TOLERANCE);
        }
    }
    bram_ctx_free(cx);
}

/* ---- the loss ------------------------------------------------------------------------------- */

/* Rates 1/2, 1/4, 1/8, 1/8 after the start, twice these in row 1, and 1 after any token. */
static void the_loss_by_hand(void **state)
{
    (void)state;
    const double log2 = log(2), y[SPAN * UNITS] = {0, 2, 0, 1, 0, 0, 0, 0};
    const bram_nn_token token[] = {{UNITS, 0, 1}, {1, 0, 2}, {3, 0, 1}};
    bram_real unit[3 * UNITS] = {(bram_real)-log2, (bram_real)(-2 * log2), (bram_real)(-3 * log2),
                                 (bram_real)(-3 * log2)};
    bram_real time[3 * SPAN] = {0, (bram_real)log2}, dunit[3 * UNITS], dtime[3 * SPAN];
    double cell[SPAN * UNITS], part[3], sum = 0;
    bram_nn_cells c = {UNITS, 0, SPAN, y, NULL};
    double loss = BRAM_NN(tokens_loss)(&c, SPAN, token, 3, unit, time, dunit, dtime, 1, cell);
    /* cells 0 and 1 by the start (y = 2: - 2 log(1/4) + log 2), 2 and 3 by the first, 4 by the next
     */
    assert_near(loss, 0.5 + 0.25 + 5 * log2 + 2 + 4, 1e-6);
    assert_near(cell[0], -0.5, 1e-6);
    assert_near(cell[1], -0.25 - 5 * log2, 1e-6);
    assert_near((double)dunit[0], 0.5, 1e-6);
    assert_near((double)dunit[1], 0.25 - 2, 1e-6);
    assert_near((double)dunit[2], 0, 0);
    assert_near((double)dtime[0], 0.75 - 2, 1e-6);
    assert_near((double)dunit[UNITS + 3], 0, 1e-6); /* rate 1, count 1 */
    BRAM_NN(tokens_split)(&c, SPAN, token, 3, unit, time, part);
    assert_near(part[0] + part[1] + part[2], loss, 1e-6);
    /* row 0 of the first token: all four rates sum to 1; of the second, two cells of rate 1 are
     * left; none after the third */
    assert_near(part[0], -log(1 - exp(-1)) - log(1 - exp(-2)) + 4, 1e-6);
    double first = 0.5 - log(1 - exp(-0.25)) + log(1 - exp(-1));
    double second = 1 - log(1 - exp(-1)) + log(1 - exp(-2));
    assert_near(part[1], first + second, 1e-6);
    c.present = (const uint8_t[]){1, 1, 1, 1, 0, 0, 0, 0}; /* missing cells cost nothing */
    assert_near(BRAM_NN(tokens_loss)(&c, SPAN, token, 3, unit, time, NULL, NULL, 1, NULL), loss - 4,
                1e-6);
    c.present = NULL, c.from = 1; /* row 0 is known */
    assert_near(BRAM_NN(tokens_loss)(&c, SPAN, token, 3, unit, time, NULL, NULL, 1, NULL), 4, 1e-6);
    for (size_t i = 0; i < SPAN * UNITS; i++) sum += cell[i];
    assert_near(sum, -loss, 1e-6);
}

/* Over all counts of a small window the probabilities of a drawn network sum to one. */
static void probabilities_sum_to_one(void **state)
{
    (void)state;
    enum { MOST = 7, TWO = 2 };
    bram_ctx *cx = bram_ctx_new();
    const bram_nn_tokens small = {
        .units = TWO, .span = TWO, .context = 1, .width = WIDTH, .heads = 1, .ff = 3, .layers = 1};
    const bram_nn_token rest = {BRAM_TOKEN_REST, 0, 1};
    size_t count, mark;
    bram_real *w = draw_parameters(cx, &small, &count);
    double total = 0;
    w[count - 1] = w[count - 2] = -2; /* about 0.15 spikes a cell */
    mark = bram_scratch_mark(cx);
    for (size_t code = 0; code < MOST * MOST * MOST * MOST; code++) {
        bram_nn_token token[1 + TWO * TWO] = {{TWO, 0, 1}};
        double y[TWO * TWO];
        size_t rest_of = code, n = 1;
        for (uint32_t i = 0; i < TWO * TWO; i++, rest_of /= MOST) {
            y[i] = (double)(rest_of % MOST);
            if (y[i] > 0) token[n++] = (bram_nn_token){i % TWO, i / TWO, y[i]};
        }
        bram_nn_sequence one = {0, n, 0, 1};
        BRAM_NN(tokens_pass)
        p = {.sequence = &one,
             .sequences = 1,
             .rows = n,
             .keys = 1,
             .token = token,
             .memory = &rest};
        BRAM_NN(tokens_out) out;
        bram_nn_cells c = {TWO, 0, TWO, y, NULL};
        BRAM_NN(tokens)(&small, w, &p, numbers(cx, BRAM_NN(tokens_room)(&small, &p)), &out);
        total += exp(
            -BRAM_NN(tokens_loss)(&c, TWO, token, n, out.unit, out.time, NULL, NULL, 1, NULL));
        bram_scratch_release(cx, mark);
    }
    assert_near(total, 1, 1e-4); /* what is left: seven spikes and more in a cell */
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_it_is_an_encoder),
        cmocka_unit_test(the_first_row_by_plain_loops),
        cmocka_unit_test(the_layer_is_pytorchs),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(the_loss_by_hand),
        cmocka_unit_test(probabilities_sum_to_one),
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(finite_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
