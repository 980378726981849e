/* Tests of benchmarks/calibrate.c against steps worked by hand. */
#include "calibrate.h"
#include "internal.h"
#include "test.h"

static void by_hand(void **state)
{
    (void)state;
    /* 2, 2 and 3 are out of order: one step of 1 edge in 3; 4 and 5 are alike. Half are edges, so
     * each step counts one pair more that is half an edge. */
    const double score[] = {5, 2, 1, 3, 4, 2}, edge[] = {1, 1, 0, 0, 1, 0};
    bram_ctx *cx = bram_ctx_new();
    bram_calibration c;
    assert_ok(cx, bram_calibration_fit(cx, &c, score, edge, 6));
    assert_int_equal(c.steps, 3);
    const double asked[] = {-9, 1, 1.9, 2, 3.5, 4, 5, 99};
    const double expected[] = {0.25, 0.25, 0.25, 0.375, 0.375, 2.5 / 3, 2.5 / 3, 2.5 / 3};
    for (size_t k = 0; k < 8; k++) assert_near(bram_calibrated(&c, asked[k]), expected[k], 1e-15);
    bram_ctx_free(cx);
}

/* One pair that is an edge, above ten of which eight are: 1 is more than 0.8, but of a single pair
 * it is worth less, (1 + 0.09) / 2. The two steps become one. */
static void a_step_of_one_pair_is_no_certainty(void **state)
{
    (void)state;
    double score[100] = {0}, edge[100] = {0};
    for (size_t k = 0; k < 10; k++) score[k] = 1, edge[k] = k < 8;
    score[10] = 2, edge[10] = 1;
    bram_ctx *cx = bram_ctx_new();
    bram_calibration c, other;
    assert_ok(cx, bram_calibration_fit(cx, &c, score, edge, 100));
    assert_int_equal(c.steps, 2);
    assert_near(bram_calibrated(&c, 0), 0.09 / 90, 1e-15);
    assert_near(bram_calibrated(&c, 1), 9.09 / 12, 1e-15);
    assert_near(bram_calibrated(&c, 2), 9.09 / 12, 1e-15);
    for (size_t k = 0; k < 100; k++) score[k] = exp(3 * score[k]); /* the order counts alone */
    assert_ok(cx, bram_calibration_fit(cx, &other, score, edge, 100));
    assert_int_equal(other.steps, 2);
    assert_memory_equal(c.probability, other.probability, 2 * sizeof(double));
    bram_ctx_free(cx);
}

static void nothing_to_calibrate_on(void **state)
{
    (void)state;
    const double score[] = {1, 2}, edge[] = {1, 1};
    bram_ctx *cx = bram_ctx_new();
    bram_calibration c = {.steps = 7};
    assert_int_equal(bram_calibration_fit(cx, &c, score, edge, 0), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_calibration_fit(cx, &c, score, edge, 2), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "2 edges among 2 pairs"));
    assert_int_equal(c.steps, 7);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(a_step_of_one_pair_is_no_certainty),
        cmocka_unit_test(nothing_to_calibrate_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
