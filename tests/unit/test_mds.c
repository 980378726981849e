/*
 * Tests of core/mds.c: squares and lines by hand; scaling, stress and Procrustes as scikit-learn
 * 1.9.1 (manifold.smacof) and scipy 1.17.1 (linalg.orthogonal_procrustes) have them; missing pairs;
 * refusals.
 */
#include "mds.h"

#include "internal.h"
#include "test.h"

enum { N = 7, PAIRS = N * (N - 1) / 2 };

/* d(i, j) = (7 i^2 + 11 j^2 + 5 i j) mod 29 + 1: no distances of points in a plane */
static void make(double *d)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++)
            *d++ = (double)((7 * i * i + 11 * j * j + 5 * i * j) % 29 + 1);
}

static const double classical[N][2] = {
    {1.8721304783882353, -3.119378158431626}, {-7.100416078101661, -6.064985304550311},
    {-1.9194398148553395, 4.269189658048441}, {-8.503090787522842, -0.3091914040504674},
    {2.117189848966561, -10.426083397254404}, {-5.7896260781470135, 12.423993420317089},
    {19.323252431272046, 3.2264551859212816}};

/* after three steps from there */
static const double third[N][2] = {
    {3.393311026408494, -5.48010775286477},     {-5.231840112934055, -5.132376138404261},
    {-2.480876896547707, 5.050520346544207},    {-9.060897745347637, -0.5433142852820553},
    {-0.21562840117844298, -7.791488248449755}, {-5.709153365208829, 10.64154697019696},
    {19.30508549480818, 3.2552191082596744}};

static double between(const double *x, size_t i, size_t j)
{
    return hypot(x[2 * i] - x[2 * j], x[2 * i + 1] - x[2 * j + 1]);
}

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double line[] = {1, 4, 3}; /* at 0, 1, 4: the middle is 5/3 */
    double x[3], share, stress, square[8];
    bram_mat m = {x, 3, 1, 1}, q = {square, 4, 2, 2};
    assert_ok(cx, bram_mds_classical(cx, &m, &share, line));
    assert_near(x[0], -5.0 / 3, 1e-14);
    assert_near(x[1], -2.0 / 3, 1e-14);
    assert_near(x[2], 7.0 / 3, 1e-14);
    assert_near(share, 1, 1e-14);
    const double sides[] = {3, 5, 4, 4, 5, 3}; /* a rectangle of 3 x 4 */
    assert_ok(cx, bram_mds_classical(cx, &q, &share, sides));
    for (size_t i = 0, k = 0; i < 4; i++)
        for (size_t j = i + 1; j < 4; j++, k++) assert_near(between(square, i, j), sides[k], 1e-14);
    assert_near(bram_mds_stress(&q, sides), 0, 1e-15);
    /* one pair of 2 at distance 1: a step puts it right; stress-1 before is sqrt(1 / 1) */
    double two[] = {0, 1};
    m = (bram_mat){two, 2, 1, 1};
    assert_near(bram_mds_stress(&m, (const double[]){2}), 1, 1e-15);
    assert_ok(cx, bram_mds_smacof(cx, &m, &stress, (const double[]){2}, 1, 0));
    assert_near(two[1] - two[0], 2, 1e-15);
    assert_near(stress, 0, 1e-15);
    bram_ctx_free(cx);
}

static void as_scikit_learn(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double d[PAIRS], x[2 * N], share, stress;
    bram_mat m = {x, N, 2, 2};
    make(d);
    assert_ok(cx, bram_mds_classical(cx, &m, &share, d));
    for (size_t i = 0; i < 2 * N; i++) assert_near(x[i], classical[i / 2][i % 2], 1e-12);
    assert_near(share, 0.8526603692326347, 1e-14);
    assert_ok(cx, bram_mds_smacof(cx, &m, &stress, d, 3, 0));
    for (size_t i = 0; i < 2 * N; i++) assert_near(x[i], third[i / 2][i % 2], 1e-12);
    assert_ok(cx, bram_mds_smacof(cx, &m, &stress, d, 10000, 1e-15));
    assert_near(stress, 0.17862129938787175, 1e-9);
    assert_near(stress, bram_mds_stress(&m, d), 1e-15);
    bram_ctx_free(cx);
}

/* What is there of a rectangle's six distances puts all four corners where they belong. */
static void missing_pairs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[8], stress, d[] = {3, 5, NAN, 4, 5, 3}; /* the rectangle without a side */
    bram_mat m = {x, 4, 2, 2};
    assert_ok(cx, bram_mds_classical(cx, &m, NULL, d));
    assert_ok(cx, bram_mds_smacof(cx, &m, &stress, d, 5000, 0));
    assert_near(stress, 0, 1e-6);
    assert_near(between(x, 0, 3), 4, 1e-5);
    bram_ctx_free(cx);
}

static void alignment(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double points[] = {1, 2, 3, 1, 0, -1, 2, 2.5};
    double target[] = {0, 1, 1, 3.5, -2, 0, 1, 1}, x[8];
    const double turned[] = {0.6967600734606781, 0.6468857232335915,  0.3065744323226984,
                             2.8486475553693342, -2.4637436197569578, 0.5409781920675676,
                             1.4604091139735813, 1.4634885293295066};
    const double resized[] = {0.6410256410256411, 0.7051282051282053, 0.282051282051282,
                              2.730769230769231,  -2.266666666666666, 0.6076923076923071,
                              1.3435897435897435, 1.4564102564102568};
    bram_mat m = {x, 4, 2, 2}, t = {target, 4, 2, 2};
    memcpy(x, points, sizeof x);
    assert_ok(cx, bram_mds_align(cx, &m, &t, false));
    for (size_t i = 0; i < 8; i++) assert_near(x[i], turned[i], 1e-14);
    memcpy(x, points, sizeof x);
    assert_ok(cx, bram_mds_align(cx, &m, &t, true));
    for (size_t i = 0; i < 8; i++) assert_near(x[i], resized[i], 1e-14);
    /* a mirror image that was turned and moved comes back */
    for (size_t i = 0; i < 4; i++) {
        x[2 * i] = 0.6 * target[2 * i] + 0.8 * target[2 * i + 1] + 5;
        x[2 * i + 1] = 0.8 * target[2 * i] - 0.6 * target[2 * i + 1] - 7;
    }
    assert_ok(cx, bram_mds_align(cx, &m, &t, false));
    for (size_t i = 0; i < 8; i++) assert_near(x[i], target[i], 1e-14);
    t.rows = 3;
    assert_int_equal(bram_mds_align(cx, &m, &t, false), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[4] = {7, 7, 7, 7}, stress = 7;
    bram_mat m = {x, 2, 2, 2}, flat = {x, 1, 1, 1};
    assert_int_equal(bram_mds_classical(cx, &flat, NULL, NULL), BRAM_ESHAPE);
    assert_int_equal(bram_mds_classical(cx, &m, NULL, (const double[]){NAN}), BRAM_ENUMERIC);
    assert_int_equal(bram_mds_smacof(cx, &m, &stress, (const double[]){INFINITY}, 5, 0),
                     BRAM_ENUMERIC);
    assert_near(x[3] + stress, 14, 0);
    /* all one place: no distances, no stress-1, and nothing that is not finite */
    assert_ok(cx, bram_mds_classical(cx, &m, &stress, (const double[]){0}));
    assert_ok(cx, bram_mds_smacof(cx, &m, &stress, (const double[]){0}, 5, 0));
    assert_true(isnan(stress) && x[0] == 0 && x[3] == 0);
    bram_ctx_free(cx);
    double d[PAIRS], points[2 * N];
    make(d);
    for (size_t k = 1, failed = 1; failed; k++) {
        assert_true(k < 100);
        cx = bram_ctx_new();
        m = (bram_mat){points, N, 2, 2};
        bram_fail_allocation(k, false);
        int status = bram_mds_classical(cx, &m, NULL, d);
        if (!status) status = bram_mds_smacof(cx, &m, &stress, d, 2, 0);
        if (!status) status = bram_mds_align(cx, &m, &(bram_mat){d, N, 2, 2}, true);
        bram_fail_allocation(0, false);
        if (status) assert_int_equal(status, BRAM_ENOMEM);
        failed = status != 0;
        bram_ctx_free(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),       cmocka_unit_test(as_scikit_learn),
        cmocka_unit_test(missing_pairs), cmocka_unit_test(alignment),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
