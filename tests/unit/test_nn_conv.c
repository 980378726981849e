/*
 * Tests of core/nn_conv.c: convolutions against the sum they stand for, gradients against finite
 * differences (in double to 1e-6 of the largest), normalization by hand. Run in float32 and, as
 * "nn_conv double", in double.
 */
#include "nn_conv.h"
#include "test.h"

#include <bramble/rng.h>

#ifdef BRAM_NN_DOUBLE
static const double close_to = 1e-12, slope_close = 1e-6, step = 1e-5;
#else
static const double close_to = 2e-5, slope_close = 2e-2, step = 1e-2;
#endif

static void fill(bram_real *x, size_t n, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "conv");
    for (size_t i = 0; i < n; i++) x[i] = (bram_real)bram_rng_normal(&g);
}

enum { BATCH = 2, MOST = 4096 };

static const bram_nn_conv shapes[] = {
    {5, 6, 1, 3, 3, 0}, {4, 5, 2, 3, 3, 1}, {3, 3, 2, 2, 3, 2},
    {4, 4, 3, 2, 1, 0}, {3, 4, 1, 1, 3, 0},
};

/* The sum of nn_conv.h, term by term. */
static double by_definition(const bram_nn_conv *s, const bram_real *x, const bram_real *w, size_t i,
                            size_t j, size_t o)
{
    double sum = 0;
    for (size_t a = 0; a < s->side; a++)
        for (size_t b = 0; b < s->side; b++)
            for (size_t c = 0; c < s->in; c++) {
                size_t row = i + a, col = j + b;
                if (row < s->pad || col < s->pad || row - s->pad >= s->height ||
                    col - s->pad >= s->width)
                    continue;
                sum += (double)w[((o * s->side + a) * s->side + b) * s->in + c] *
                       (double)x[((row - s->pad) * s->width + col - s->pad) * s->in + c];
            }
    return sum;
}

static void sums_as_defined(void **state)
{
    (void)state;
    static bram_real x[MOST], w[MOST], y[MOST], room[MOST];
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const bram_nn_conv *s = &shapes[k];
        size_t high = bram_conv_high(s), wide = bram_conv_wide(s), pixels = s->height * s->width;
        fill(x, BATCH * pixels * s->in, k);
        fill(w, s->out * s->side * s->side * s->in, k + 100);
        BRAM_NN(conv)(s, y, x, w, BATCH, room);
        for (size_t n = 0; n < BATCH; n++)
            for (size_t i = 0; i < high; i++)
                for (size_t j = 0; j < wide; j++)
                    for (size_t o = 0; o < s->out; o++)
                        assert_near(y[((n * high + i) * wide + j) * s->out + o],
                                    by_definition(s, x + n * pixels * s->in, w, i, j, o),
                                    close_to * 10);
    }
    assert_int_equal(bram_conv_high(&(bram_nn_conv){2, 5, 1, 1, 3, 0}), 0);
}

/* sum of y times fixed numbers, a loss whose dy are these. */
static double loss_of(const bram_nn_conv *s, const bram_real *x, const bram_real *w,
                      const bram_real *dy)
{
    static bram_real y[MOST], room[MOST];
    double sum = 0;
    BRAM_NN(conv)(s, y, x, w, BATCH, room);
    for (size_t i = 0; i < BATCH * bram_conv_high(s) * bram_conv_wide(s) * s->out; i++)
        sum += (double)y[i] * (double)dy[i];
    return sum;
}

static void gradients_of_convolutions(void **state)
{
    (void)state;
    static bram_real x[MOST], w[MOST], dy[MOST], dx[MOST], dw[MOST], room[2 * MOST];
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const bram_nn_conv *s = &shapes[k];
        size_t xs = BATCH * s->height * s->width * s->in, ws = s->out * s->side * s->side * s->in;
        fill(x, xs, k);
        fill(w, ws, k + 100);
        fill(dy, BATCH * bram_conv_high(s) * bram_conv_wide(s) * s->out, k + 200);
        for (size_t i = 0; i < ws; i++) dw[i] = 1; /* it is added to */
        BRAM_NN(conv_back)(s, dx, dw, dy, x, w, BATCH, room);
        for (size_t i = 0; i < xs + ws; i++) {
            bram_real *at = i < xs ? &x[i] : &w[i - xs], before = *at;
            *at = before + (bram_real)step;
            double up = loss_of(s, x, w, dy);
            *at = before - (bram_real)step;
            double slope = (up - loss_of(s, x, w, dy)) / (2 * step);
            *at = before;
            assert_near(i < xs ? (double)dx[i] : (double)dw[i - xs] - 1, slope, slope_close);
        }
        bram_real alone[MOST] = {0};
        BRAM_NN(conv_back)(s, NULL, alone, dy, x, w, BATCH, room);
        for (size_t i = 0; i < ws; i++) assert_near(alone[i], dw[i] - 1, close_to * 10);
    }
}

enum { ROWS = 7, COLS = 3 };

static const double eps = 1e-5;

static void norm_by_hand(void **state)
{
    (void)state;
    /* 1 and 3: mean 2, variance 1; twice 5: no variance */
    bram_real x[] = {1, 5, 3, 5}, y[4], mean[2], scale[2], variance[2];
    bram_real gain[] = {2, 1}, offset[] = {10, 7};
    BRAM_NN(norm) norm = {mean, scale};
    double sum[2] = {0}, square[2] = {0};
    BRAM_NN(norm_sums)(sum, square, x, 2, 2);
    BRAM_NN(norm_of)(&norm, variance, sum, square, 2, 2, eps);
    assert_near(variance[0], 1, 0);
    assert_near(variance[1], 0, 0);
    BRAM_NN(normalize)(y, x, &norm, gain, offset, 2, 2);
    assert_near(y[0], 10 - 2 / sqrt(1 + eps), close_to);
    assert_near(y[2], 10 + 2 / sqrt(1 + eps), close_to);
    assert_near(y[1], 7, 0);
}

static double norm_loss(const bram_real *x, const bram_real *gain, const bram_real *offset,
                        const bram_real *dy)
{
    bram_real mean[COLS], scale[COLS], y[ROWS * COLS];
    BRAM_NN(norm) norm = {mean, scale};
    double sum[COLS] = {0}, square[COLS] = {0}, loss = 0;
    BRAM_NN(norm_sums)(sum, square, x, ROWS, COLS);
    BRAM_NN(norm_of)(&norm, NULL, sum, square, ROWS, COLS, eps);
    BRAM_NN(normalize)(y, x, &norm, gain, offset, ROWS, COLS);
    for (size_t i = 0; i < ROWS * COLS; i++) loss += (double)y[i] * (double)dy[i];
    return loss;
}

static void gradients_of_normalization(void **state)
{
    (void)state;
    enum { SPLIT = 3 };
    bram_real p[ROWS * COLS + 2 * COLS], dy[ROWS * COLS], dx[ROWS * COLS];
    bram_real *x = p, *gain = p + ROWS * COLS, *offset = gain + COLS, mean[COLS], scale[COLS];
    BRAM_NN(norm) norm = {mean, scale};
    double sum[COLS] = {0}, square[COLS] = {0}, back[COLS] = {0}, product[COLS] = {0};
    fill(p, ROWS * COLS + 2 * COLS, 1);
    fill(dy, ROWS * COLS, 2);
    /* in two parts, as a batch that is worked on side by side */
    BRAM_NN(norm_sums)(sum, square, x, SPLIT, COLS);
    BRAM_NN(norm_sums)(sum, square, x + SPLIT * COLS, ROWS - SPLIT, COLS);
    BRAM_NN(norm_of)(&norm, NULL, sum, square, ROWS, COLS, eps);
    BRAM_NN(norm_back_sums)(back, product, dy, x, &norm, ROWS, COLS);
    BRAM_NN(norm_back)(dx, dy, x, &norm, gain, back, product, ROWS, ROWS, COLS);
    for (size_t i = 0; i < ROWS * COLS + 2 * COLS; i++) {
        bram_real before = p[i];
        p[i] = before + (bram_real)step;
        double up = norm_loss(x, gain, offset, dy);
        p[i] = before - (bram_real)step;
        double slope = (up - norm_loss(x, gain, offset, dy)) / (2 * step);
        p[i] = before;
        size_t c = i % COLS;
        double got = i < ROWS * COLS ? (double)dx[i] : i < (ROWS + 1) * COLS ? product[c] : back[c];
        assert_near(got, slope, slope_close);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_as_defined),
        cmocka_unit_test(gradients_of_convolutions),
        cmocka_unit_test(norm_by_hand),
        cmocka_unit_test(gradients_of_normalization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
