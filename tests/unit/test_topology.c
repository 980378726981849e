/* Tests of the metrics barcode, rtd and agtic: by hand, resampling, invariances, bad sides. */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { N = 9, P = 5 };

/* A metric and its options. */
static const char *const cases[][2] = {
    {"barcode", "dimension=0"},
    {"barcode", "dimension=1,distance=bottleneck"},
    {"barcode", "dimension=0,order=2,ground=euclidean,scale=max"},
    {"rtd", "form=lite"},
    {"rtd", "form=full"},
    {"agtic", "thresholds=4"},
    {"agtic", "l=0.2,u=0.8"}};
enum { CASES = sizeof cases / sizeof *cases };

static bram_side given(double *x, size_t n, const uint8_t *present)
{
    bram_side side = test_side(x, n, n, present);
    side.is_rdm = true;
    return side;
}

static void square(double *x, size_t n, const double *pairs)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) x[i * n + j] = x[j * n + i] = i == j ? 0 : *pairs++;
}

/* Distances of points in the plane, and of the same on whole numbers (ties). */
static void random_rdm(double *x, bram_rng *g, bool ties)
{
    double at[N][2];
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < 2; k++)
            at[i][k] = ties ? (double)bram_rng_below(g, 4) : bram_rng_normal(g);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            x[i * N + j] = hypot(at[i][0] - at[j][0], at[i][1] - at[j][1]);
}

static void by_hand(void **state)
{
    (void)state;
    double a[9], b[9], first[] = {1, 2, 2}, second[] = {2, 1, 2};
    square(a, 3, first);
    square(b, 3, second);
    struct test_scoring s = {
        .options = "scale=none,rdm=given", .model = given(a, 3, NULL), .brain = given(b, 3, NULL)};
    /* both trees have edges 1 and 2 */
    assert_near(test_score_one("barcode", &s), 0, 0);
    /* the least of both: 1 1 2, a tree of 2, between two of 3; 0.9 quantiles: 9 entries, position
     * 7.2 of 0 0 0 1 1 2 2 2 2: 2 */
    s.options = "form=lite,rdm=given";
    assert_near(test_score_one("rtd", &s), (3 - 2) / 2.0, 1e-15);
    /* distance correlation without a transform (thresholds 0 and 1): rows about their means */
    double mean[2][3] = {{1, 1, 4.0 / 3}, {1, 4.0 / 3, 1}}, grand = 10.0 / 9, xy = 0, xx = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            double p = a[i * 3 + j] - mean[0][i] - mean[0][j] + grand;
            double q = b[i * 3 + j] - mean[1][i] - mean[1][j] + grand;
            xy += p * q, xx += p * p;
        }
    s.options = "l=0,u=1,rdm=given";
    assert_near(test_score_one("agtic", &s), sqrt(fabs(xy) / xx), 1e-14);
}

static void weights_are_repeats(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(31, "test/topology");
    for (size_t sample = 0; sample < 8; sample++) {
        double a[N * N], b[N * N], weight[N];
        uint8_t present[N * N];
        size_t times[N];
        random_rdm(a, &g, false);
        random_rdm(b, &g, sample % 2);
        for (size_t i = 0; i < N; i++) {
            weight[i] = (double)(times[i] = bram_rng_below(&g, 4));
            for (size_t j = i; j < N; j++)
                present[i * N + j] = present[j * N + i] = i == j || bram_rng_below(&g, 8) > 0;
        }
        bram_side model = given(a, N, NULL), brain = given(b, N, present);
        bram_side long_model = test_repeat(&model, times, true);
        bram_side long_brain = test_repeat(&brain, times, true);
        for (size_t k = 0; k < CASES; k++) {
            struct test_scoring s = {
                .options = cases[k][1], .model = model, .brain = brain, .weight = weight};
            struct test_scoring written = {
                .options = cases[k][1], .model = long_model, .brain = long_brain};
            assert_same(test_score_one(cases[k][0], &s), test_score_one(cases[k][0], &written),
                        1e-12);
        }
        test_repeat_free(&long_model);
        test_repeat_free(&long_brain);
    }
}

static void invariances(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(32, "test/topology/invariances");
    for (size_t sample = 0; sample < 6; sample++) {
        double a[N * N], b[N * N], pa[N * N], pb[N * N], larger[N * N];
        size_t to[N];
        random_rdm(a, &g, sample % 2);
        random_rdm(b, &g, false);
        bram_rng_permutation(&g, N, to);
        for (size_t i = 0; i < N * N; i++) {
            size_t from = to[i / N] * N + to[i % N];
            pa[i] = a[from], pb[i] = b[from], larger[i] = 7.3 * a[i];
        }
        for (size_t k = 0; k < CASES; k++) {
            struct test_scoring s = {
                .options = cases[k][1], .model = given(a, N, NULL), .brain = given(b, N, NULL)};
            double value = test_score_one(cases[k][0], &s);
            bool distance = strcmp(cases[k][0], "agtic") != 0;
            struct test_scoring swapped = s, moved = s, self = s, scaled = s;
            swapped.model = s.brain, swapped.brain = s.model;
            moved.model = given(pa, N, NULL), moved.brain = given(pb, N, NULL);
            scaled.model = given(larger, N, NULL);
            self.brain = s.model;
            assert_near(test_score_one(cases[k][0], &swapped), value, 1e-12);
            assert_near(test_score_one(cases[k][0], &moved), value, 1e-12);
            assert_near(test_score_one(cases[k][0], &scaled), value, 1e-12);
            assert_near(test_score_one(cases[k][0], &self), distance ? 0 : 1, 1e-12);
            assert_true(distance ? value >= 0 : value > 0 && value < 1);
        }
    }
}

static void degenerate_sides(void **state)
{
    (void)state;
    double zero[N * N] = {0}, a[N * N];
    bram_rng g = bram_rng_new(33, "test/topology/degenerate");
    random_rdm(a, &g, false);
    for (size_t k = 0; k < CASES; k++) {
        struct test_scoring s = {
            .options = cases[k][1], .model = given(zero, N, NULL), .brain = given(a, N, NULL)};
        assert_true(isnan(test_score_one(cases[k][0], &s)));
        double two[] = {0, 1, 1, 0};
        s.model = s.brain = given(two, 2, NULL);
        assert_true(isnan(test_score_one(cases[k][0], &s)));
        for (size_t n = 3; n <= 4; n++) {
            double equal[16];
            for (size_t i = 0; i < n * n; i++) equal[i] = i / n != i % n;
            s.model = s.brain = given(equal, n, NULL);
            double value = test_score_one(cases[k][0], &s); /* all pairs equal: the same thing */
            assert_true(isnan(value) || fabs(value - !strcmp(cases[k][0], "agtic")) < 1e-12);
        }
    }
}

/* A loop and a line of the same points: the loop is what RTD and H1 see. */
static void a_loop_is_no_line(void **state)
{
    (void)state;
    enum { RING = 16 };
    double ring[RING * 2], line[RING * 2], other[RING * 2];
    bram_rng g = bram_rng_new(34, "test/topology/ring");
    for (size_t i = 0; i < RING; i++) {
        double angle = 6.283185307179586 * (double)i / RING;
        ring[2 * i] = cos(angle), ring[2 * i + 1] = sin(angle);
        line[2 * i] = (double)i, line[2 * i + 1] = 0;
        other[2 * i] = ring[2 * i] + 0.02 * bram_rng_normal(&g);
        other[2 * i + 1] = ring[2 * i + 1] + 0.02 * bram_rng_normal(&g);
    }
    static const char *const telling[][2] = {{"barcode", "dimension=1"}, {"rtd", "form=full"}};
    for (size_t k = 0; k < 2; k++) {
        struct test_scoring s = {.options = telling[k][1],
                                 .model = test_side(ring, RING, 2, NULL),
                                 .brain = test_side(other, RING, 2, NULL)};
        double near = test_score_one(telling[k][0], &s);
        s.brain = test_side(line, RING, 2, NULL);
        assert_true(test_score_one(telling[k][0], &s) > 3 * near);
    }
}

static void subsets_of_many(void **state)
{
    (void)state;
    enum { MANY = 40 };
    double x[MANY * P], y[MANY * P];
    bram_rng g = bram_rng_new(35, "test/topology/subsets");
    for (size_t i = 0; i < MANY * P; i++) x[i] = bram_rng_normal(&g), y[i] = bram_rng_normal(&g);
    struct test_scoring s = {.options = "size=40",
                             .model = test_side(x, MANY, P, NULL),
                             .brain = test_side(y, MANY, P, NULL)};
    double whole = test_score_one("rtd", &s);
    s.options = "size=30,subsets=20";
    double part = test_score_one("rtd", &s), again = test_score_one("rtd", &s);
    assert_near(part, again, 0);
    assert_true(part != whole && part > 0.4 * whole && part < 1.2 * whole);
    s.options = "size=30,subsets=20,seed=1";
    assert_true(test_score_one("rtd", &s) != part);
}

static void what_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N * P] = {0}, a[N * N], raw = 42;
    bram_rng g = bram_rng_new(36, "test/topology/refused");
    random_rdm(a, &g, false);
    for (size_t k = 0; k < 3; k++) {
        const char *name = cases[3 * k > 5 ? 5 : 3 * k][0];
        struct test_scoring s = {
            .options = "rdm=given", .model = test_side(x, N, P, NULL), .brain = given(a, N, NULL)};
        assert_int_equal(test_score(cx, name, &raw, 1, NULL, &s), BRAM_EUSAGE);
        s.model = given(a, N, NULL);
        a[1] = a[N] = -1; /* no dissimilarity of a topology */
        assert_int_equal(test_score(cx, name, &raw, 1, NULL, &s), BRAM_ENUMERIC);
        assert_non_null(strstr(bram_ctx_message(cx), "-1"));
        a[1] = a[N] = 1;
        s.brain = test_side(x, N - 1, P, NULL);
        s.options = NULL;
        assert_int_equal(test_score(cx, name, &raw, 1, NULL, &s), BRAM_ESHAPE);
    }
    struct test_scoring s = {
        .options = "l=0.5", .model = given(a, N, NULL), .brain = given(a, N, NULL)};
    assert_int_equal(test_score(cx, "agtic", &raw, 1, NULL, &s), BRAM_EUSAGE);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),           cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(invariances),       cmocka_unit_test(degenerate_sides),
        cmocka_unit_test(a_loop_is_no_line), cmocka_unit_test(subsets_of_many),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
