/*
 * Tests of core/common_space.c: canonical correlations, the residual of a Procrustes rotation and
 * ridge predictions as numpy gives them for tables of whole numbers; a population and its linear
 * image; what is refused.
 */
#include "common_space.h"

#include "internal.h"
#include "linalg.h"
#include "test.h"

enum { N = 12, P = 3 };

static double one[N * P], two[N * P];
static bram_mat a = {one, N, P, P}, b = {two, N, P, P};

static void make(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++) {
            one[i * P + j] = (7 * i * i + 11 * i * j + 5 * j * j + 3 * i) % 17;
            two[i * P + j] = (5 * i * i + 3 * i * j + 2 * j + i) % 13 +
                             (j < 2 ? one[i * P + j] : 0);
        }
}

static void both(bram_ctx *cx, bram_mat *x, bram_mat *y, bram_space_kind kind, size_t dims)
{
    bram_common_space space;
    assert_ok(cx, bram_common_space_fit(cx, &space, kind, &a, &b, dims));
    assert_ok(cx, bram_common_space_put(cx, x, &space.a, &a));
    assert_ok(cx, bram_common_space_put(cx, y, &space.b, &b));
}

/* numpy: z-scores, QR of either, singular values of Qa'Qb. */
static void canonical_variates(void **state)
{
    (void)state;
    static const double rho[P] = {0.9217095174028432, 0.8198848500652272, 0.4629906932861804};
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    make();
    both(cx, &x, &y, BRAM_SPACE_CCA, 10);
    assert_int_equal(x.cols, P);
    for (size_t j = 0; j < P; j++)
        for (size_t k = 0; k < P; k++) {
            double xx = 0, xy = 0;
            for (size_t i = 0; i < N; i++) {
                xx += bram_row(&x, i)[j] * bram_row(&x, i)[k] / N;
                xy += bram_row(&x, i)[j] * bram_row(&y, i)[k] / N;
            }
            assert_near(xx, j == k, 1e-12);
            assert_near(xy, j == k ? rho[j] : 0, 1e-12);
        }
    both(cx, &x, &y, BRAM_SPACE_CCA, 2); /* of the two leading components: another space */
    assert_int_equal(y.cols, 2);
    bram_ctx_free(cx);
}

/* numpy: |A|^2 - (sum of singular values of A'B)^2 / |B|^2 of the z-scores. */
static void rotation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    double apart = 0;
    make();
    both(cx, &x, &y, BRAM_SPACE_PROCRUSTES, P);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < P; j++) {
            double d = bram_row(&x, i)[j] - bram_row(&y, i)[j];
            apart += d * d;
        }
    assert_near(apart, 15.182331888271637, 1e-12);
    bram_ctx_free(cx);
}

/* numpy: the penalty with the least squared error of leaving one out is 10. */
static void ridge(void **state)
{
    (void)state;
    static const double predicted[] = {-0.7067339478061897,  0.027139948454858405,
                                       -0.13891333058635869, 0.2584855194721589,
                                       0.5683254281616024,   -0.3909187323716388};
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    make();
    both(cx, &x, &y, BRAM_SPACE_RIDGE, 1);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < P; j++) assert_near(bram_row(&y, i)[j], predicted[i * P + j], 1e-12);
    double mean = 0, square = 0; /* a itself, in its deviations */
    for (size_t i = 0; i < N; i++)
        mean += bram_row(&x, i)[1] / N, square += bram_row(&x, i)[1] * bram_row(&x, i)[1] / N;
    assert_near(mean, 0, 1e-14);
    assert_near(square, 1, 1e-14);
    bram_ctx_free(cx);
}

/* What is a linear image of the other falls onto it: any with cca, order and scale of columns with
 * procrustes. Fewer columns than dimensions, and a constant one, are no harm. */
static void an_image_of_itself(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat x, y;
    make();
    for (size_t i = 0; i < N; i++) {
        const double *r = &one[i * P];
        two[i * P] = 5 * r[2] + 7, two[i * P + 1] = 0.1 * r[0], two[i * P + 2] = r[1] - 100;
    }
    for (int kind = BRAM_SPACE_PROCRUSTES; kind <= BRAM_SPACE_CCA; kind++) {
        both(cx, &x, &y, (bram_space_kind)kind, 5);
        for (size_t i = 0; i < N * P; i++) assert_near(x.data[i], y.data[i], 1e-12);
    }
    for (size_t i = 0; i < N; i++) two[i * P] += two[i * P + 1] + two[i * P + 2];
    both(cx, &x, &y, BRAM_SPACE_CCA, P);
    for (size_t i = 0; i < N * P; i++) assert_near(x.data[i], y.data[i], 1e-11);
    for (size_t i = 0; i < N; i++) one[i * P] = 3;
    both(cx, &x, &y, BRAM_SPACE_CCA, P);
    assert_int_equal(x.cols, 2);
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_common_space space;
    bram_mat x, short_one = {one, N - 1, P, P}, narrow = {one, N, 2, P}, two_rows = {one, 2, P, P};
    make();
    assert_int_equal(bram_common_space_fit(cx, &space, BRAM_SPACE_CCA, &short_one, &b, 2),
                     BRAM_ESHAPE);
    assert_int_equal(bram_common_space_fit(cx, &space, BRAM_SPACE_CCA, &two_rows, &two_rows, 2),
                     BRAM_ESHAPE);
    assert_int_equal(bram_common_space_fit(cx, &space, BRAM_SPACE_CCA, &a, &b, 0), BRAM_ESHAPE);
    assert_ok(cx, bram_common_space_fit(cx, &space, BRAM_SPACE_CCA, &a, &b, 2));
    assert_int_equal(bram_common_space_put(cx, &x, &space.a, &narrow), BRAM_ESHAPE);
    for (size_t i = 0; i < N * P; i++) one[i] = 4;
    assert_int_equal(bram_common_space_fit(cx, &space, BRAM_SPACE_CCA, &a, &b, 2), BRAM_ENUMERIC);
    one[3] = NAN;
    assert_int_equal(bram_common_space_fit(cx, &space, BRAM_SPACE_RIDGE, &a, &b, 2), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_variates),
        cmocka_unit_test(rotation),
        cmocka_unit_test(ridge),
        cmocka_unit_test(an_image_of_itself),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
