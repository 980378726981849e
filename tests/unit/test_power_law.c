/* Tests of core/power_law.c: curves whose law is known, and what is none. */
#include "power_law.h"

#include "test.h"

#include <bramble/rng.h>

/* y = 0.8 - 0.6 n^-0.5 in exact numbers: 0.2, 0.5, 0.65, 0.725 at 1, 4, 16, 64. */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double n[] = {1, 4, 16, 64}, y[] = {0.2, 0.5, 0.65, 0.725};
    bram_power_law p;
    assert_ok(cx, bram_power_law_fit(cx, &p, n, y, 4));
    assert_near(p.exponent, 0.5, 1e-6);
    assert_near(p.asymptote, 0.8, 1e-6);
    assert_near(p.gain, 0.6, 1e-6);
    assert_false(p.at_bound);
    /* a loss falls: y = 1 + 3 / n, in other units of n as well */
    const double loss[] = {4, 2.5, 1.75, 1.375}, m[] = {1, 2, 4, 8};
    double minutes[4];
    for (int i = 0; i < 4; i++) minutes[i] = 1e-3 * m[i];
    assert_ok(cx, bram_power_law_fit(cx, &p, m, loss, 4));
    assert_near(p.exponent, 1, 1e-6);
    assert_near(p.asymptote, 1, 1e-5);
    assert_near(p.gain, -3, 1e-5);
    assert_ok(cx, bram_power_law_fit(cx, &p, minutes, loss, 4));
    assert_near(p.exponent, 1, 1e-6);
    assert_near(p.gain, -3e-3, 1e-8);
    bram_ctx_free(cx);
}

/* Noise of 0.002 on six sizes: the mean exponent of 200 curves is within 5 % of 0.7. */
static void noise_moves_it_little(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(3, "power law");
    double n[6], y[6], sum = 0;
    for (int k = 0; k < 200; k++) {
        for (int i = 0; i < 6; i++) {
            n[i] = pow(2, i);
            y[i] = 0.9 - 0.5 * pow(n[i], -0.7) + 0.002 * bram_rng_normal(&g);
        }
        bram_power_law p;
        assert_ok(cx, bram_power_law_fit(cx, &p, n, y, 6));
        sum += p.exponent / 200;
    }
    assert_near(sum, 0.7, 0.035);
    bram_ctx_free(cx);
}

static void what_is_no_curve(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_power_law p = {.exponent = 42};
    const double n[] = {1, 2, 4, 8}, y[] = {1, 2, 3, 4}, flat[] = {1, 1, 1, 1},
                 few[] = {1, 2, 2, 4}, bad[] = {1, NAN, 3, 4}, zero[] = {0, 1, 2, 3};
    assert_int_equal(bram_power_law_fit(cx, &p, n, y, 3), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_power_law_fit(cx, &p, few, y, 4), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_power_law_fit(cx, &p, n, flat, 4), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_power_law_fit(cx, &p, n, bad, 4), BRAM_ENUMERIC);
    assert_int_equal(bram_power_law_fit(cx, &p, zero, y, 4), BRAM_ENUMERIC);
    assert_near(p.exponent, 42, 0);
    assert_ok(cx, bram_power_law_fit(cx, &p, n, y, 4)); /* a logarithm: no exponent is low enough */
    assert_true(p.at_bound);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand),
                                       cmocka_unit_test(noise_moves_it_little),
                                       cmocka_unit_test(what_is_no_curve)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
