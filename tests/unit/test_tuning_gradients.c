/*
 * The gradient of what spike-transformer-behaviour is tuned by, its head included, against finite
 * differences: the file itself compiled in double, over the double build of the training core.
 */
#include "linalg.h" /* what is float outside of networks stays so */
#include "nn_tokens.h"
#include "test.h"

#include <bramble/rng.h>

#define float double
#define bram_nn32_tokens           bram_nn64_tokens
#define bram_nn32_tokens_back_from bram_nn64_tokens_back_from
#define bram_nn32_tokens_out       bram_nn64_tokens_out
#define bram_nn32_tokens_pass      bram_nn64_tokens_pass
#define bram_nn32_tokens_room      bram_nn64_tokens_room
#include "spike_transformer_behaviour.c"

enum { UNITS = 3, TARGETS = 2, ROWS = 7 };

static void every_tensor(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(6, "test/tuning");
    double counts[ROWS * UNITS], behaviour[ROWS * TARGETS], scale[2 * TARGETS] = {1, -2, 0.5, 3};
    uint8_t known_there[ROWS * TARGETS];
    for (size_t i = 0; i < ROWS * UNITS; i++) counts[i] = (double)bram_rng_poisson(&g, 0.8);
    for (size_t i = 0; i < ROWS * TARGETS; i++)
        behaviour[i] = bram_rng_normal(&g), known_there[i] = i != 9;
    bram_segment s = {.y = {behaviour, ROWS, TARGETS, TARGETS},
                      .y_present = known_there,
                      .x = {counts, ROWS, UNITS, UNITS}};
    bram_token_source source = {.s = &s, .rows = ROWS, .y = counts, .input_rows = ROWS};
    bram_token_net n = {
        .shape =
            {.units = UNITS, .span = 2, .context = 2, .width = 6, .heads = 2, .ff = 5, .layers = 2},
        .targets = TARGETS,
        .target = {scale, 2, TARGETS, TARGETS}};
    struct label label[] = {{&source, 0}, {&source, 4}, {&source, 6}};
    struct tuning t = {.n = &n, .train = {label, 3}};
    const size_t place[] = {0, 1, 2};
    bram_nn64_tokens_tensors(&n.shape, NULL, &n.parameters);
    size_t body = n.parameters;
    n.parameters += TARGETS * (n.shape.width + 1);
    n.parameter = bram_scratch(cx, n.parameters, sizeof *n.parameter);
    double *gradient = bram_scratch(cx, n.parameters, sizeof *gradient);
    assert_true(n.parameter && gradient);
    for (size_t i = 0; i < n.parameters; i++) n.parameter[i] = 0.4 * bram_rng_normal(&g);
    double sum, counted, up, down, most = 0;
    assert_ok(cx, tuning_loss(cx, &sum, &counted, &t, place, 3, gradient, 0.5, 1, 0));
    assert_near(counted, 5, 0); /* one value of row 4 is not known */
    for (size_t i = 0; i < n.parameters; i++) {
        double keep = n.parameter[i], h = 1e-6 * fabs(keep) + 1e-6;
        n.parameter[i] = keep + h;
        assert_ok(cx, tuning_loss(cx, &up, &counted, &t, place, 3, NULL, 0, 1, 0));
        n.parameter[i] = keep - h;
        assert_ok(cx, tuning_loss(cx, &down, &counted, &t, place, 3, NULL, 0, 1, 0));
        n.parameter[i] = keep;
        double slope = 0.5 * (up - down) / (2 * h);
        if (!(fabs(slope - gradient[i]) <= 1e-6 * fmax(1, fabs(slope))))
            fail_msg("parameter %zu: gradient %.12g, difference %.12g", i, gradient[i], slope);
        if (i >= body) most = fmax(most, fabs(gradient[i]));
    }
    assert_true(most > 0.1); /* of the head */
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_tensor)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
