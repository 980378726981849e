/*
 * Tests of core/search.c: what is drawn, what is left alone, and what a trial is judged by.
 */
#include "search.h"
#include "test.h"

#include <stdlib.h>

static void first_trial_is_the_spec_itself(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char *spec = NULL;
    assert_ok(cx, bram_search_spec(cx, &spec, "gru:hidden=7", 3, 0));
    assert_string_equal(spec, "gru:hidden=7");
    bram_free(spec);
    spec = NULL;
    assert_int_equal(bram_search_spec(cx, &spec, "copy", 3, 1), BRAM_EUSAGE);
    assert_int_equal(bram_search_spec(cx, &spec, "nothing", 3, 1), BRAM_EUSAGE);
    assert_null(spec);
    bram_ctx_free(cx);
}

/* Rates within their range, half of them below its middle (in logarithms); each kind of target;
 * what is named stays; a trial's draw does not depend on what else is drawn. */
static void draws(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t low = 0, increments = 0;
    enum { TRIALS = 200 };
    for (size_t k = 1; k <= TRIALS; k++) {
        char *spec = NULL, *again = NULL;
        assert_ok(cx, bram_search_spec(cx, &spec, "gru:hidden=7", 3, k));
        assert_ok(cx, bram_search_spec(cx, &again, "gru:hidden=7,layers=1", 3, k));
        assert_non_null(strstr(spec, "gru:hidden=7,"));
        assert_null(strstr(spec + 12, "hidden="));
        double rate = strtod(strstr(spec, "rate=") + 5, NULL);
        assert_true(rate >= 1e-4 && rate <= 1e-2);
        assert_near(strtod(strstr(again, "rate=") + 5, NULL), rate, 0);
        low += rate < 1e-3;
        increments += strstr(spec, "target=increment") != NULL;
        bram_free(spec);
        bram_free(again);
    }
    assert_true(low > 70 && low < 130); /* four deviations */
    assert_true(increments > 70 && increments < 130);
    bram_ctx_free(cx);
}

/* `copy` of 0 2 0 2: the first forecast is the training mean 1, the others err by 2, variance 1. */
static void error_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *unit = NULL;
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 1));
    double y[] = {0, 2, 0, 2}, error = 0;
    uint8_t present[] = {1, 1, 1, 0};
    bram_segment s = {.id = "s", .y = {y, 4, 1, 1}, .dt = 1};
    bram_panel panel = {.unit = unit, .segment = &s, .segments = 1};
    bram_fitted *f = NULL;
    assert_ok(cx, bram_fitted_new(cx, &f, "copy", &panel, NULL, 0));
    assert_ok(cx, bram_search_error(cx, &error, f, &panel));
    assert_near(error, (1 + 4 + 4 + 4) / 4.0, 1e-12);
    s.y_present = present; /* mean 2/3, variance 8/9 */
    assert_ok(cx, bram_search_error(cx, &error, f, &panel));
    assert_near(error, (1 + 4 + 4) / (8.0 / 9) / 3, 1e-12);
    memset(present, 0, sizeof present);
    assert_int_equal(bram_search_error(cx, &error, f, &panel), BRAM_ENOTAPPLICABLE);
    char a[17], b[17];
    s.y_present = NULL;
    assert_ok(cx, bram_search_key(cx, a, 1, &panel, &panel));
    assert_ok(cx, bram_search_key(cx, b, 2, &panel, &panel));
    assert_string_not_equal(a, b);
    y[3] = 3;
    assert_ok(cx, bram_search_key(cx, b, 1, &panel, &panel));
    assert_string_not_equal(a, b);
    bram_fitted_free(f);
    bram_axis_free(unit);
    bram_ctx_free(cx);
}

/* A model that co-smooths: the second unit is twice the first; alone it has none to be told from.
 */
static void error_of_held_out_units(void **state)
{
    (void)state;
    enum { ROWS = 40 };
    bram_ctx *cx = bram_ctx_new();
    bram_axis *unit = NULL, *alone = NULL;
    double y[2 * ROWS], error = 1;
    for (size_t i = 0; i < ROWS; i++) y[2 * i] = (double)(i * 7 % 11), y[2 * i + 1] = 2 * y[2 * i];
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 2));
    assert_ok(cx, bram_axis_new(cx, &alone, "neuron", 1));
    bram_segment s = {.id = "s", .y = {y, ROWS, 2, 2}, .dt = 1};
    bram_panel panel = {.unit = unit, .segment = &s, .segments = 1};
    bram_fitted *f = NULL;
    assert_ok(cx, bram_fitted_new(cx, &f,
                                  "masked-encoder:width=8,heads=1,layers=1,ff=8,window=8,steps=400,"
                                  "rate=0.01,batch=8,dropout=0",
                                  &panel, NULL, 0));
    assert_ok(cx, bram_search_error(cx, &error, f, &panel));
    if (!(error < 0.5)) fail_msg("error %g of the variance", error);
    s.y.cols = 1, panel.unit = alone; /* every second value of the same rows */
    assert_int_equal(bram_search_error(cx, &error, f, &panel), BRAM_ENOTAPPLICABLE);
    bram_fitted_free(f);
    bram_axis_free(unit);
    bram_axis_free(alone);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_trial_is_the_spec_itself),
        cmocka_unit_test(draws),
        cmocka_unit_test(error_by_hand),
        cmocka_unit_test(error_of_held_out_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
