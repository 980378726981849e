/* Tests of core/fft.c against the sum that defines the transform. */
#include "fft.h"

#include "test.h"

static const double pi = 3.14159265358979323846;

static void the_sum_itself(void **state)
{
    (void)state;
    enum { ROWS = 3, COLS = 10 };
    bram_ctx *cx = bram_ctx_new();
    bram_fft2 *f = NULL;
    double in[2 * ROWS * COLS], out[2 * ROWS * COLS];
    for (size_t k = 0; k < 2 * ROWS * COLS; k++) out[k] = in[k] = (double)(k * k % 17) - 3;
    assert_ok(cx, bram_fft2_new(cx, &f, ROWS, COLS));
    bram_fft2_forward(f, out);
    for (size_t u = 0; u < ROWS; u++)
        for (size_t v = 0; v < COLS; v++) {
            double re = 0, im = 0;
            for (size_t y = 0; y < ROWS; y++)
                for (size_t x = 0; x < COLS; x++) {
                    double a = -2 * pi * ((double)(u * y) / ROWS + (double)(v * x) / COLS);
                    const double *z = in + 2 * (y * COLS + x);
                    re += z[0] * cos(a) - z[1] * sin(a), im += z[0] * sin(a) + z[1] * cos(a);
                }
            assert_near(out[2 * (u * COLS + v)], re, 1e-11);
            assert_near(out[2 * (u * COLS + v) + 1], im, 1e-11);
        }
    bram_fft2_backward(f, out);
    for (size_t k = 0; k < 2 * ROWS * COLS; k++) assert_near(out[k], in[k], 1e-13);
    bram_fft2_free(f);
    bram_ctx_free(cx);
}

static void one_number_and_none(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_fft2 *f = NULL;
    double z[2] = {3, -4};
    assert_ok(cx, bram_fft2_new(cx, &f, 1, 1));
    bram_fft2_forward(f, z);
    assert_near(z[0], 3, 0);
    assert_near(z[1], -4, 0);
    bram_fft2_free(f);
    bram_fft2_free(NULL);
    assert_int_equal(bram_fft2_new(cx, &f, 0, 4), BRAM_EUSAGE);
    assert_int_equal(bram_fft2_new(cx, &f, 4, (size_t)1 << 21), BRAM_EUSAGE);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_sum_itself),
                                       cmocka_unit_test(one_number_and_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
