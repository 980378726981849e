/* Tests of metrics/rdm.c. Reference values: rsatoolbox 0.3.2 (f1f83ca) on the 12 x 7 patterns
 * below. */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"
#include "rdm.h"

enum { N = 12, P = 7, MANY = 50 };

static const double patterns[N * P] = {
    2,  0,  0, -1, -1, 1, -1, -1, -2, 0,  -1, 0,  1,  0,  0,  0,  0,  -1, 0,  0,  2,
    0,  0,  0, -1, 0,  0, 2,  1,  0,  -1, -2, -1, -1, -2, 0,  -1, -1, 0,  0,  0,  0,
    0,  -1, 0, -1, 0,  1, -1, -1, -1, 0,  0,  -1, 2,  1,  -1, 1,  -3, -1, 0,  1,  1,
    -1, 1,  1, 1,  0,  1, 0,  0,  0,  1,  -1, 0,  0,  2,  0,  1,  1,  0,  -1, -1, 1};

static void reference_values(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N * P], *d;
    memcpy(x, patterns, sizeof x);
    bram_side side = test_side(x, N, P, NULL);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN));
    const double euclidean[] = {15, 15, 15, 8, 10, 6, 16, 24, 17, 16, 15}; /* sevenths, exactly */
    for (size_t k = 0; k < N - 1; k++) assert_near(d[k], euclidean[k] / 7, 0);
    bram_free(d);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_CORRELATION));
    const double correlation[] = {1.0,
                                  1.160422236979937,
                                  1.160422236979937,
                                  0.18990741269901745,
                                  1.0,
                                  0.42717803813052,
                                  1.0,
                                  1.096480623123495,
                                  1.3668996928526713,
                                  1.151744244666721,
                                  1.160422236979937};
    for (size_t k = 0; k < N - 1; k++) assert_near(d[k], correlation[k], 1e-14);
    assert_near(d[bram_rdm_pairs(N) - 1], 0.4714058601290757, 1e-14);
    bram_free(d);
    bram_ctx_free(cx);
}

/* By the product and, with a mask of ones, pair by pair. */
static void both_ways_agree(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(3, "test/rdm");
    double x[N * MANY];
    uint8_t ones[N * MANY];
    memset(ones, 1, sizeof ones);
    for (size_t i = 0; i < N * MANY; i++) x[i] = 1e6 + bram_rng_normal(&g);
    memcpy(x + MANY, x, MANY * sizeof *x); /* rows 0 and 1 are equal */
    bram_side side = test_side(x, N, MANY, NULL), masked = test_side(x, N, MANY, ones);
    for (int kind = BRAM_RDM_EUCLIDEAN; kind <= BRAM_RDM_CORRELATION; kind++) {
        double *fast, *slow;
        assert_ok(cx, bram_rdm_new(cx, &fast, &side, (bram_rdm_kind)kind));
        assert_ok(cx, bram_rdm_new(cx, &slow, &masked, (bram_rdm_kind)kind));
        assert_near(fast[0], 0, 0);
        for (size_t k = 0; k < bram_rdm_pairs(N); k++) assert_near(fast[k], slow[k], 1e-13);
        bram_free(fast);
        bram_free(slow);
    }
    bram_ctx_free(cx);
}

static void equal_distances_stay_equal(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[40 * 40] = {0}, *d;
    for (size_t i = 0; i < 40; i++) x[i * 40 + i] = 3;
    bram_side side = test_side(x, 40, 40, NULL);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN));
    for (size_t k = 0; k < bram_rdm_pairs(40); k++) assert_near(d[k], 18 / 40.0, 0);
    bram_free(d);
    bram_ctx_free(cx);
}

static void missing_channels_leave_the_shared_ones(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {1, 2, 4, NAN, 2, 1, 1, 7, 0, 0, 5, 5}, *d;
    uint8_t present[] = {1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1};
    bram_side side = test_side(x, 3, 4, present);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN));
    assert_near(d[0], (1 + 1 + 9) / 3.0, 1e-15);
    assert_true(isnan(d[1])); /* one channel shared */
    assert_near(d[2], (16 + 4) / 2.0, 1e-15);
    bram_free(d);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_CORRELATION));
    /* (1, 2, 4) and (2, 1, 1): deviations -4/3 -1/3 5/3 and 2/3 -1/3 -1/3 */
    assert_near(d[0], 1 + 12 / 9.0 / sqrt(42 / 9.0 * 6 / 9.0), 1e-15);
    assert_true(isnan(d[1]) && isnan(d[2]));
    bram_free(d);
    bram_ctx_free(cx);
}

static void a_constant_row_has_no_correlation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {1, 2, 4, .1, .1, .1, 2, 1, 1}, *d;
    bram_side side = test_side(x, 3, 3, NULL);
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_CORRELATION));
    assert_true(isnan(d[0]) && isnan(d[2]) && !isnan(d[1]));
    bram_free(d);
    x[3] = 0x1p-600, x[4] = 0x1p-599,
    x[5] = 0x1p-598; /* squares vanish; the correlation does not */
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_CORRELATION));
    assert_near(d[0], 0, 1e-15);
    bram_free(d);
    bram_ctx_free(cx);
}

static void given_matrices_are_checked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, 1, 2, 1, 0, 3, 2, 3, 0}, *d = x;
    uint8_t present[] = {0, 1, 1, 1, 0, 1, 0, 1, 0};
    bram_side side = test_side(x, 3, 3, NULL);
    assert_ok(cx, bram_rdm_given(cx, &d, &side));
    for (size_t k = 0; k < 3; k++) assert_near(d[k], (double)k + 1, 0);
    bram_free(d);
    side.present = present;
    x[0] = NAN;
    assert_ok(cx, bram_rdm_given(cx, &d, &side));
    assert_true(d[0] == 1 && isnan(d[1]) && d[2] == 3);
    bram_free(d);
    d = x;
    side.present = NULL;
    assert_int_equal(bram_rdm_given(cx, &d, &side), BRAM_ENUMERIC);
    x[0] = 1;
    assert_int_equal(bram_rdm_given(cx, &d, &side), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "similarities"));
    x[0] = 0, x[1] = 1.1;
    assert_int_equal(bram_rdm_given(cx, &d, &side), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "symmetric"));
    side.values.cols = 2;
    assert_int_equal(bram_rdm_given(cx, &d, &side), BRAM_ESHAPE);
    assert_ptr_equal(d, x);
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[2 * MANY] = {0}, *d = x;
    bram_side side = test_side(x, 2, MANY, NULL), empty = test_side(x, 0, 3, NULL);
    assert_int_equal(bram_rdm_new(cx, &d, &empty, BRAM_RDM_EUCLIDEAN), BRAM_ESHAPE);
    x[60] = INFINITY;
    assert_int_equal(bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "condition 1, channel 10"));
    x[60] = 1e200;
    assert_int_equal(bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN), BRAM_ENUMERIC);
    x[60] = 1;
    bram_ctx_set_memory(cx, 100);
    assert_int_equal(bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN), BRAM_EMEMORY);
    assert_ptr_equal(d, x);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(equal_distances_stay_equal),
        cmocka_unit_test(missing_channels_leave_the_shared_ones),
        cmocka_unit_test(a_constant_row_has_no_correlation),
        cmocka_unit_test(given_matrices_are_checked),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
