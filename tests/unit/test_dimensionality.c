/*
 * Dimensions of patterns and angles of subspaces: by hand, and on samples whose dimension is known.
 */
#include "dimensionality.h"
#include "internal.h"

#include <bramble/rng.h>

#include "test.h"

enum { ROWS = 600, COLS = 6 };

static double data[ROWS * COLS], other[ROWS * COLS];

static void linear_ones_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* centred columns of squared norm 8 and 2, orthogonal: (8 + 2)^2 / (64 + 4) = 25/17 */
    double x[] = {2, 0, -2, 0, 0, 1, 0, -1}, value;
    bram_mat m = {x, 4, 2, 2};
    assert_ok(cx, bram_participation_ratio(cx, &value, &m));
    assert_near(value, 25.0 / 17, 1e-14);
    assert_ok(cx, bram_effective_rank(cx, &value, &m));
    assert_near(value, exp(-0.8 * log(0.8) - 0.2 * log(0.2)), 1e-14);
    /* moved and with more channels than patterns: the same */
    double wide[4 * 6];
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 6; k++) wide[6 * i + k] = x[2 * i + k % 2] / sqrt(3) + (double)k;
    m = (bram_mat){wide, 4, 6, 6};
    assert_ok(cx, bram_participation_ratio(cx, &value, &m));
    assert_near(value, 25.0 / 17, 1e-13);
    double same[] = {1, 2, 1, 2, 1, 2};
    m = (bram_mat){same, 3, 2, 2};
    assert_ok(cx, bram_participation_ratio(cx, &value, &m));
    assert_true(isnan(value));
    bram_ctx_free(cx);
}

static void local_ones_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* on a line at 0, 1, 3, 7: ratios r2/r1 = 3/1, 2/1, 3/2, 6/4; sorted 1.5, 1.5, 2, 3 with
     * F = 1/4, 1/2, 3/4; a tenth left out leaves three */
    double x[] = {0, 1, 3, 7}, value;
    bram_mat m = {x, 4, 1, 1};
    double a = log(1.5), b = log(2);
    double expected = (a * -log(0.75) + a * -log(0.5) + b * -log(0.25)) / (2 * a * a + b * b);
    assert_ok(cx, bram_dimension_two_nn(cx, &value, NULL, &m, 0.1));
    assert_near(value, expected, 1e-14);
    /* k = 2: 1 / log(r2 / r1) of each, their mean */
    assert_ok(cx, bram_dimension_mle(cx, &value, NULL, &m, 2));
    assert_near(value, (1 / log(3) + 1 / log(2) + 2 / log(1.5)) / 4, 1e-14);
    /* a copy of a pattern is left out, not divided by */
    double copies[] = {0, 0, 1, 3, 7};
    size_t same;
    m = (bram_mat){copies, 5, 1, 1};
    assert_ok(cx, bram_dimension_two_nn(cx, &value, &same, &m, 0.1));
    assert_int_equal(same, 2);
    assert_true(isfinite(value));
    assert_int_equal(bram_dimension_mle(cx, &value, NULL, &m, 5), BRAM_ESHAPE);
    assert_int_equal(bram_dimension_two_nn(cx, &value, NULL, &(bram_mat){x, 2, 1, 1}, 0.1),
                     BRAM_ESHAPE);
    bram_ctx_free(cx);
}

/* A uniform square in 6 units, bent along one side: two dimensions, whatever the linear ones say.
 * The estimates of 600 patterns are within a fifth (Facco et al. 2017, figure 2; edges bias them a
 * little downwards). */
static void a_bent_sheet_has_two_dimensions(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(11, "dimension");
    for (size_t i = 0; i < ROWS; i++) {
        double u = 6 * bram_rng_uniform(&g), v = 6 * bram_rng_uniform(&g);
        double row[COLS] = {cos(u), sin(u), v, cos(2 * u), sin(2 * u), 0.1 * v};
        for (size_t k = 0; k < COLS; k++) data[i * COLS + k] = row[k];
    }
    bram_mat m = {data, ROWS, COLS, COLS};
    double two, mle;
    assert_ok(cx, bram_dimension_two_nn(cx, &two, NULL, &m, 0.1));
    assert_ok(cx, bram_dimension_mle(cx, &mle, NULL, &m, 10));
    assert_near(two, 2, 0.4);
    assert_near(mle, 2, 0.4);
    bram_ctx_free(cx);
}

static void angles_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* x varies along e1 (most) and e2; y along e1 turned by 0.3 towards e3, and e2 */
    double x[6 * 3] = {0}, y[6 * 3] = {0}, angle[2], overlap;
    for (size_t i = 0; i < 6; i++) {
        double a = (double)i - 2.5, b = i % 2 ? 0.5 : -0.5;
        x[3 * i] = 3 * a, x[3 * i + 1] = b;
        y[3 * i] = 3 * a * cos(0.3), y[3 * i + 2] = 3 * a * sin(0.3), y[3 * i + 1] = b;
    }
    bram_mat first = {x, 6, 3, 3}, second = {y, 6, 3, 3};
    assert_ok(cx, bram_principal_angles(cx, angle, &overlap, &first, &second, 1, BRAM_IN_UNITS));
    assert_near(overlap, cos(angle[0]) * cos(angle[0]), 1e-14);
    assert_ok(cx, bram_principal_angles(cx, angle, &overlap, &first, &second, 2, BRAM_IN_UNITS));
    assert_near(angle[0], 0, 1e-8);
    assert_near(angle[1], 0.3, 1e-3); /* the two are not quite uncorrelated over six rows */
    assert_near(overlap, (cos(angle[0]) * cos(angle[0]) + cos(angle[1]) * cos(angle[1])) / 2,
                1e-14);
    /* over conditions both are made of the same two courses */
    assert_ok(cx,
              bram_principal_angles(cx, angle, &overlap, &first, &second, 2, BRAM_IN_CONDITIONS));
    assert_near(angle[1], 0, 1e-14);
    assert_near(overlap, 1, 1e-14);
    /* equal sides: exactly nothing apart, where an arccos would give 1e-8 */
    assert_ok(cx, bram_principal_angles(cx, angle, NULL, &first, &first, 2, BRAM_IN_UNITS));
    assert_near(angle[1], 0, 1e-14);
    assert_int_equal(bram_principal_angles(cx, angle, NULL, &first, &second, 3, BRAM_IN_UNITS),
                     BRAM_ESHAPE);
    second.cols = 2;
    assert_int_equal(bram_principal_angles(cx, angle, NULL, &first, &second, 1, BRAM_IN_UNITS),
                     BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(12, "dimension");
    for (size_t i = 0; i < 20 * 4; i++)
        data[i] = bram_rng_normal(&g), other[i] = bram_rng_normal(&g);
    bram_mat x = {data, 20, 4, 4}, y = {other, 20, 4, 4};
    for (int which = 0; which < 4; which++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status == BRAM_ENOMEM; k++) {
            bram_ctx *cx = bram_ctx_new();
            double value[4] = {42};
            bram_fail_allocation(k, false);
            status = which == 0   ? bram_participation_ratio(cx, value, &x)
                     : which == 1 ? bram_dimension_two_nn(cx, value, NULL, &x, 0.1)
                     : which == 2
                         ? bram_dimension_mle(cx, value, NULL, &x, 5)
                         : bram_principal_angles(cx, value, NULL, &x, &y, 2, BRAM_IN_UNITS);
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
            bram_ctx_free(cx);
        }
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_ones_by_hand),
        cmocka_unit_test(local_ones_by_hand),
        cmocka_unit_test(a_bent_sheet_has_two_dimensions),
        cmocka_unit_test(angles_by_hand),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
