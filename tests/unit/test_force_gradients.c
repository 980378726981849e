/*
 * Gradients of baselines/force_bptt.c, compiled in double here (network_double.h): every number of
 * every matrix against central differences, to 1e-6, with missing targets and segments of unequal
 * length.
 */
#include "network_double.h"

#include "nn_step.h"

#define bram_gemm_f32      bram_gemm_f64
#define bram_nn32_tanh     bram_nn64_tanh
#define bram_nn32_step     bram_nn64_step
#define bram_nn32_squares  bram_nn64_squares
#define bram_nn32_clip     bram_nn64_clip
#define bram_nn32_schedule bram_nn64_schedule

#include "../../baselines/force_bptt.c"

#include "test.h"

enum { N = 6, INPUTS = 2, COLUMNS = 4, ROWS = 9, SEGMENTS = 2 };

static void every_number(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/force");
    double recurrent[N * N], input[N * INPUTS], feedback[N * COLUMNS] = {0}, bias[N];
    double readout[COLUMNS * N], offset[COLUMNS], leak = 0.3, scratch[INPUTS];
    double column[3 * COLUMNS] = {-1, 0, -1, 1, 0, 0, 0, 0, 1, 1, 1, 1}; /* neurons 0, 1: units */
    double scale[2 * INPUTS] = {0, 0, 1, 1}, x[SEGMENTS][ROWS * INPUTS],
                     y[SEGMENTS][ROWS * COLUMNS];
    uint8_t present[ROWS * COLUMNS];
    bram_force f = {{recurrent, N, N, N},
                    {input, N, INPUTS, INPUTS},
                    {feedback, N, COLUMNS, COLUMNS},
                    {bias, 1, N, N},
                    {readout, COLUMNS, N, N},
                    {offset, 1, COLUMNS, COLUMNS},
                    {column, 3, COLUMNS, COLUMNS},
                    {scale, 2, INPUTS, INPUTS},
                    {&leak, 1, 1, 1}};
    bram_segment segment[SEGMENTS];
    for (size_t i = 0; i < N * N; i++) recurrent[i] = 0.5 * bram_rng_normal(&g);
    for (size_t i = 0; i < N * INPUTS; i++) input[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++) bias[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < COLUMNS * N; i++)
        readout[i] = column[i / N] < 0 ? bram_rng_normal(&g) : 0;
    for (size_t i = 0; i < COLUMNS; i++) offset[i] = column[i] < 0 ? bram_rng_normal(&g) : 0;
    for (size_t i = 0; i < ROWS * COLUMNS; i++) present[i] = bram_rng_uniform(&g) < 0.8;
    for (size_t s = 0; s < SEGMENTS; s++) {
        for (size_t i = 0; i < ROWS * INPUTS; i++) x[s][i] = bram_rng_normal(&g);
        for (size_t i = 0; i < ROWS * COLUMNS; i++) y[s][i] = bram_rng_normal(&g);
        segment[s] = (bram_segment){.y = {y[s], ROWS - 2 * s, COLUMNS, COLUMNS},
                                    .x = {x[s], ROWS - 2 * s, INPUTS, INPUTS},
                                    .first = s,
                                    .y_present = s ? NULL : present};
    }
    bram_panel panel = {.segment = segment, .segments = SEGMENTS};
    bram_force_settings o = {.internal = true, .lambda = 0.7, .steps = 1, .rate = 0.1, .clip = 1};
    struct training t = {.f = &f, .o = &o, .n = N, .inputs = INPUTS, .columns = COLUMNS};
    t.batch = SEGMENTS, t.steps = ROWS;
    t.at = (struct layout){N * N, N * N + N * INPUTS, N * N + N * INPUTS + N,
                           N * N + N * INPUTS + N + COLUMNS * N,
                           N * N + N * INPUTS + N + COLUMNS * N + COLUMNS};
    assert_ok(cx, make(cx, &t));
    fill(&t, &panel, scratch);
    copy_parameters(&t, false);
    forward(&t);
    losses(&t);
    backward(&t);
    double largest = 0;
    for (size_t k = 0; k < t.at.all; k++) {
        double keep = t.p[k], h = 1e-6 * fabs(keep) + 1e-6, up, slope;
        t.p[k] = keep + h;
        forward(&t);
        up = losses(&t);
        t.p[k] = keep - h;
        forward(&t);
        slope = (up - losses(&t)) / (2 * h);
        t.p[k] = keep;
        if (!(fabs(slope - t.gradient[k]) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("number %zu of %zu: gradient %.12g, difference %.12g", k, t.at.all,
                     t.gradient[k], slope);
        largest = fmax(largest, fabs(slope));
    }
    assert_true(largest > 0.1);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
