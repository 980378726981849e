/*
 * Tests of baselines/cosmooth_ridge.c: by hand on two units, and against the ridge regression of
 * core/ridge.h for any pattern of units that are seen.
 */
#include "ridge.h"
#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { ROWS = 50, UNITS = 4 };

static bram_dataset *ask(bram_ctx *cx, const char *spec, const bram_panel *train,
                         const bram_panel *test, const uint8_t *held_out)
{
    bram_fitted *f;
    bram_dataset *answer;
    bram_query q = {.ask = BRAM_ASK_COSMOOTH, .panel = test, .held_out = held_out};
    assert_ok(cx, bram_fitted_new(cx, &f, spec, train, NULL, 0));
    assert_ok(cx, bram_fitted_answer(cx, &answer, f, &q));
    bram_fitted_free(f);
    return answer;
}

static void two_units_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *unit;
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 2));
    double y[] = {0, 1, 2, 5, 4, 6}; /* means 2, 4; variances 8/3, 14/3; covariance 10/3 */
    bram_segment s = {.y = {y, 3, 2, 2}};
    bram_panel panel = {.unit = unit, .segment = &s, .segments = 1};
    const uint8_t held_out[] = {0, 1};
    bram_dataset *answer = ask(cx, "cosmooth-ridge:ridge=0.5", &panel, &panel, held_out);
    bram_response *r = bram_dataset_response(answer, "mean");
    const double slope = 10. / 3 / (8. / 3 + 0.5 * 11 / 3); /* the mean variance is 11/3 */
    const uint8_t want[] = {0, 1, 0, 1, 0, 1};
    assert_memory_equal(bram_response_mask(cx, r), want, 6);
    assert_near(bram_response_f64(r)[1], 4 - 2 * slope, 1e-13);
    assert_near(bram_response_f64(r)[3], 4, 1e-13);
    assert_near(bram_response_f64(r)[5], 4 + 2 * slope, 1e-13);
    bram_dataset_free(answer);
    const uint8_t missing[] = {0, 1, 1, 1, 0, 1}; /* where nothing is seen: the mean */
    bram_segment hidden = s;
    hidden.y_present = missing;
    bram_panel test = {.unit = unit, .segment = &hidden, .segments = 1};
    answer = ask(cx, "cosmooth-ridge:ridge=0.5", &panel, &test, held_out);
    assert_near(bram_response_f64(bram_dataset_response(answer, "mean"))[1], 4, 1e-13);
    bram_dataset_free(answer);
    bram_axis_free(unit);
    bram_ctx_free(cx);
}

/* The prediction of unit 3 from units `in` by ridge regression with the same penalty. */
static void expect(bram_ctx *cx, double *out, const bram_mat *y, const size_t *in, size_t ins,
                   double lambda)
{
    double x[ROWS * UNITS], target[ROWS], b[UNITS], mean, a[ROWS * UNITS];
    for (size_t t = 0; t < ROWS; t++) {
        for (size_t k = 0; k < ins; k++) x[t * ins + k] = bram_row(y, t)[in[k]];
        target[t] = bram_row(y, t)[3];
    }
    bram_mat design = {x, ROWS, ins, ins}, targets = {target, ROWS, 1, 1},
             basis = {a, ROWS, ins, ins}, projected = {b, ins, 1, 1},
             prediction = {out, ROWS, 1, 1};
    double alpha = lambda * ROWS; /* there of the sum over rows */
    bram_ridge *ridge;
    assert_ok(cx, bram_ridge_new(cx, &ridge, &design));
    assert_ok(cx, bram_ridge_project(cx, ridge, &projected, &mean, &targets));
    assert_ok(cx, bram_ridge_basis(cx, ridge, &basis, &design));
    assert_ok(cx, bram_ridge_predict(cx, ridge, &prediction, &basis, &projected, &mean, &alpha));
    bram_ridge_free(ridge);
}

static void every_pattern_is_a_ridge_regression(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *unit;
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", UNITS));
    double y[ROWS * UNITS], total = 0, want[2][ROWS];
    bram_rng g = bram_rng_new(3, "test");
    for (size_t t = 0; t < ROWS; t++) {
        double shared = bram_rng_normal(&g);
        for (size_t u = 0; u < UNITS; u++)
            y[t * UNITS + u] = shared * (double)(u + 1) + bram_rng_normal(&g) + 5;
    }
    bram_mat all = {y, ROWS, UNITS, UNITS};
    for (size_t u = 0; u < UNITS; u++) {
        double mean = 0, square = 0;
        for (size_t t = 0; t < ROWS; t++) mean += y[t * UNITS + u] / ROWS;
        for (size_t t = 0; t < ROWS; t++)
            square += (y[t * UNITS + u] - mean) * (y[t * UNITS + u] - mean);
        total += square / ROWS;
    }
    const size_t some[] = {0, 2}, three[] = {0, 1, 2};
    expect(cx, want[0], &all, three, 3, 0.1 * total / UNITS);
    expect(cx, want[1], &all, some, 2, 0.1 * total / UNITS);
    uint8_t present[ROWS * UNITS];
    memset(present, 1, sizeof present);
    for (size_t t = 0; t < ROWS; t += 2)
        present[t * UNITS + 1] = 0; /* every second row lacks one */
    bram_segment s = {.y = all}, hidden = {.y = all, .y_present = present};
    bram_panel train = {.unit = unit, .segment = &s, .segments = 1};
    bram_panel test = {.unit = unit, .segment = &hidden, .segments = 1};
    const uint8_t held_out[] = {0, 0, 0, 1};
    bram_dataset *answer = ask(cx, "cosmooth-ridge:ridge=0.1", &train, &test, held_out);
    const double *got = bram_response_f64(bram_dataset_response(answer, "mean"));
    for (size_t t = 0; t < ROWS; t++) assert_near(got[t * UNITS + 3], want[t % 2 == 0][t], 1e-10);
    bram_dataset_free(answer);
    bram_axis_free(unit);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_units_by_hand),
        cmocka_unit_test(every_pattern_is_a_ridge_regression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
