/* Tests of metrics/trsa.c: values by hand, resampling, invariances, degenerate sides. */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { N = 10, P = 6 };

/* One of each statistic and graph. */
static const char *const options[] = {
    "stat=rgtm",
    "stat=rgtm,smooth=yes,compare=pearson",
    "stat=rgtm,l=0.3,u=0.3,compare=pearson",
    "stat=rgdm,l=0.05",
    "stat=rgdm,l=0,u=0.2",
    "stat=rgdm,graph=k-nearest,k=3",
    "stat=rgdm,graph=k-nearest,k=3,neighbours=mutual,infinite=drop",
    "stat=rgdm,graph=p-nearest,p=0.3,infinite=max,rank_after=no,compare=cosine",
    "stat=rgdm,graph=p-shortest,p=0.3",
    "stat=rgtm,compare=tau-b",
    "stat=rgdm,l=0.05,compare=rho-a",
    "stat=rgtm,compare=corr_cov",
    "stat=geodesic",
};
enum { OPTIONS = sizeof options / sizeof *options };

static bram_side given(double *x, size_t n, const uint8_t *present)
{
    bram_side side = test_side(x, n, n, present);
    side.is_rdm = true;
    return side;
}

/* An RDM from its pairs. */
static void square(double *x, size_t n, const double *pairs)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) x[i * n + j] = x[j * n + i] = i == j ? 0 : *pairs++;
}

static void random_rdm(double *x, bram_rng *g, size_t levels)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++)
            x[i * N + j] = x[j * N + i] = i == j   ? 0
                                          : levels ? (double)bram_rng_below(g, levels)
                                                   : bram_rng_uniform(g);
}

static void by_hand(void **state)
{
    (void)state;
    /* model ranks 0 .2 .4 .6 .8 1; l = .2, u = .8: g = 0 0 1/3 2/3 1 1; the brain's: 0 0 1 1/3 2/3
     * 1
     */
    double a[16], b[16], m[] = {1, 2, 3, 4, 5, 6}, v[] = {10, 20, 60, 30, 40, 50};
    square(a, 4, m);
    square(b, 4, v);
    struct test_scoring s = {.options = "stat=rgtm,compare=cosine,rdm=given",
                             .model = given(a, 4, NULL),
                             .brain = given(b, 4, NULL)};
    double product = 1.0 / 3 + 2.0 / 9 + 2.0 / 3 + 1, square_of = 1.0 / 9 + 4.0 / 9 + 2;
    assert_near(test_score_one("trsa", &s), product / square_of, 1e-15);
    /* two-step on a line 0 1 3 6 of ranks 1:0-1 2:1-2 3.5:0-2,2-3 5:1-3 6:0-3, against itself */
    double line[] = {1, 3, 6, 2, 5, 3};
    square(a, 4, line);
    s.options = "stat=rgdm,l=0,u=1,rank_after=no,infinite=max,compare=cosine";
    s.brain = s.model;
    assert_near(test_score_one("trsa", &s), 1, 1e-15);
}

/* Geodesics of this RDM by hand, seen through the comparison with one pair set apart: zero edges
 * are kept, so the three nearest conditions are at one place. */
static void zero_edges_are_edges(void **state)
{
    (void)state;
    double a[16], b[16];
    /* 0 1 2 are near (ranks 1..3 of 6, at or below l), 3 is far: g = 0 0 0 and 1/3 2/3 1 */
    double near[] = {1, 2, 4, 3, 5, 6}, geodesic[] = {0, 0, 1, 0, 1, 1};
    square(a, 4, near);
    square(b, 4, geodesic);
    struct test_scoring s = {.options = "stat=rgdm,l=0.4,u=1,rank_after=no,infinite=max,"
                                        "compare=pearson",
                             .model = given(a, 4, NULL),
                             .brain = given(a, 4, NULL)};
    assert_near(test_score_one("trsa", &s), 1, 1e-15);
    /* the brain's statistic is 0 0 0 | 1 1 1 in the same way, so ranks agree wholly */
    s.options = "stat=rgdm,l=0.4,u=1";
    s.brain = given(b, 4, NULL);
    double r = test_score_one("trsa", &s);
    /* the binary RDM has l = u quantiles 0 and 1, g = 0 0 0 1 1 1, whose edges of 1 go: its
     * geodesics are 0 and infinite, ranks 2 2 2 5 5 5, as are the model's ranks */
    assert_near(r, 1, 1e-15);
}

static void weights_are_repeats(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(21, "test/trsa");
    for (size_t sample = 0; sample < 12; sample++) {
        double a[N * N], b[N * N], weight[N];
        uint8_t present[N * N];
        size_t times[N];
        random_rdm(a, &g, 0);
        random_rdm(b, &g, sample % 2 ? 7 : 0);
        for (size_t i = 0; i < N; i++) {
            weight[i] = (double)(times[i] = bram_rng_below(&g, 4));
            for (size_t j = i; j < N; j++)
                present[i * N + j] = present[j * N + i] = i == j || bram_rng_below(&g, 8) > 0;
        }
        bram_side model = given(a, N, NULL), brain = given(b, N, present);
        bram_side long_model = test_repeat(&model, times, true);
        bram_side long_brain = test_repeat(&brain, times, true);
        for (size_t k = 0; k < OPTIONS; k++) {
            struct test_scoring s = {
                .options = options[k], .model = model, .brain = brain, .weight = weight};
            struct test_scoring written = {
                .options = options[k], .model = long_model, .brain = long_brain};
            double value = test_score_one("trsa", &s), expected = test_score_one("trsa", &written);
            if (!(isnan(value) && isnan(expected)) && !(fabs(value - expected) <= 1e-12))
                fail_msg("%s, sample %zu: %.17g, written out %.17g", options[k], sample, value,
                         expected);
        }
        test_repeat_free(&long_model);
        test_repeat_free(&long_brain);
    }
}

/* Identity, symmetry, any increasing function of the dissimilarities, any order of conditions. */
static void invariances(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(22, "test/trsa/invariances");
    for (size_t sample = 0; sample < 6; sample++) {
        double a[N * N], b[N * N], c[N * N], pa[N * N], pb[N * N];
        size_t to[N];
        random_rdm(a, &g, sample % 2 ? 6 : 0);
        random_rdm(b, &g, 0);
        bram_rng_permutation(&g, N, to);
        for (size_t i = 0; i < N * N; i++) {
            size_t from = to[i / N] * N + to[i % N];
            pa[i] = a[from], pb[i] = b[from];
            c[i] = expm1(3 * a[i]);
        }
        for (size_t k = 0; k < OPTIONS; k++) {
            struct test_scoring s = {
                .options = options[k], .model = given(a, N, NULL), .brain = given(b, N, NULL)};
            double value = test_score_one("trsa", &s);
            struct test_scoring swapped = s, moved = s, self = s, bent = s;
            swapped.model = s.brain, swapped.brain = s.model;
            moved.model = given(pa, N, NULL), moved.brain = given(pb, N, NULL);
            self.brain = s.model;
            bent.model = given(c, N, NULL);
            assert_same(test_score_one("trsa", &swapped), value, 1e-12);
            assert_same(test_score_one("trsa", &moved), value, 1e-12);
            if (!strstr(options[k], "geodesic"))
                assert_same(test_score_one("trsa", &bent), value, 1e-12);
            if (!strstr(options[k], "rho-a")) /* which is below 1 where there are ties */
                assert_near(test_score_one("trsa", &self), 1, 1e-12);
        }
    }
}

static void what_is_undefined_is_nan(void **state)
{
    (void)state;
    double zero[N * N] = {0}, a[N * N];
    bram_rng g = bram_rng_new(23, "test/trsa/undefined");
    random_rdm(a, &g, 0);
    for (size_t k = 0; k < OPTIONS; k++) {
        struct test_scoring s = {
            .options = options[k], .model = given(zero, N, NULL), .brain = given(a, N, NULL)};
        assert_true(isnan(test_score_one("trsa", &s))); /* a constant RDM has no ranks */
        s.model = given(a, 2, NULL), s.brain = given(a, 2, NULL);
        double two[] = {0, 1, 1, 0};
        s.model.values.data = s.brain.values.data = two;
        assert_true(isnan(test_score_one("trsa", &s)));
        for (size_t n = 3; n <= 4; n++) { /* small ones are a number or undefined, never a crash */
            double small[16];
            for (size_t i = 0; i < n * n; i++) small[i] = a[i / n * N + i % n];
            s.model = s.brain = given(small, n, NULL);
            double value = test_score_one("trsa", &s);
            assert_true(isnan(value) || fabs(value) <= 1 + 1e-12);
        }
    }
}

/* Conditions that are copies of each other: at distance 0, one place for every graph. */
static void duplicates(void **state)
{
    (void)state;
    double x[N * P], y[N * P];
    bram_rng g = bram_rng_new(24, "test/trsa/duplicates");
    for (size_t i = 0; i < N * P; i++) x[i] = i < P ? bram_rng_normal(&g) : 0;
    for (size_t i = 1; i < N; i++)
        for (size_t k = 0; k < P; k++)
            x[i * P + k] = i % 2 ? x[(i - 1) * P + k] : bram_rng_normal(&g);
    for (size_t i = 0; i < N * P; i++) y[i] = x[i] + 0.1 * bram_rng_normal(&g);
    for (size_t k = 0; k < OPTIONS; k++) {
        struct test_scoring s = {.options = options[k],
                                 .model = test_side(x, N, P, NULL),
                                 .brain = test_side(y, N, P, NULL)};
        double value = test_score_one("trsa", &s);
        assert_true(value > 0.2 && value <= 1 + 1e-12);
    }
}

static void take_notes(void *user, const char *line)
{
    strncat(user, line, 200);
}

static void parts_are_told(void **state)
{
    (void)state;
    /* two pairs of near conditions, far from each other */
    double a[16], pairs[] = {1, 8, 7, 6, 9, 2}, raw;
    char notes[500] = "";
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_note(cx, take_notes, notes);
    square(a, 4, pairs);
    struct test_scoring s = {.options = "stat=rgdm,graph=k-nearest,k=1",
                             .model = given(a, 4, NULL),
                             .brain = given(a, 4, NULL)};
    assert_ok(cx, test_score(cx, "trsa", &raw, 1, NULL, &s));
    assert_non_null(strstr(notes, "the graph of the model has 2 components, 66.7 % of its pairs"));
    assert_near(raw, 1, 1e-15);
    bram_ctx_free(cx);
}

static void what_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N * P] = {0}, a[N * N], raw = 42;
    bram_rng g = bram_rng_new(25, "test/trsa/refused");
    random_rdm(a, &g, 0);
    struct test_scoring s = {
        .options = "l=0.8,u=0.2", .model = given(a, N, NULL), .brain = given(a, N, NULL)};
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "l=0.8 is above u=0.2"));
    s.options = "stat=rgdm,rank_after=no,compare=pearson";
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    s.options = "rdm=given";
    s.model = test_side(x, N, P, NULL);
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    s.options = NULL;
    s.model = given(a, N, NULL), s.brain = test_side(x, N - 1, P, NULL);
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_ESHAPE);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

/* The pool of equal sides is that side; of sides of unequal size there is none. */
static void pooled_sides(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const bram_metric *m = bram_metric_find("trsa");
    double a[N * N], zero[4] = {0, 1, 1, 0}, raw = 42;
    bram_rng g = bram_rng_new(26, "test/trsa/pool");
    random_rdm(a, &g, 0);
    bram_options *o;
    bram_side side = given(a, N, NULL), other = given(zero, 2, NULL);
    void *one = NULL, *two = NULL, *small = NULL, *pooled = NULL, *pair = NULL;
    size_t values = 0;
    assert_ok(cx, bram_options_new(cx, &o, m->params, "stat=rgdm"));
    assert_ok(cx, m->prepare(cx, &one, o, &side));
    assert_ok(cx, m->prepare(cx, &two, o, &side));
    assert_ok(cx, m->prepare(cx, &small, o, &other));
    assert_int_equal(m->pool(cx, &pooled, o, (const void *[]){one, small}, 2), BRAM_ESHAPE);
    assert_int_equal(m->pool(cx, &pooled, o, NULL, 0), BRAM_ESHAPE);
    assert_ok(cx, m->pool(cx, &pooled, o, (const void *[]){one, two}, 2));
    bram_comparison c = {.model = pooled, .brain = one};
    assert_ok(cx, m->pair(cx, &pair, &values, o, &c));
    assert_ok(cx, m->compare(cx, &raw, pair, NULL));
    assert_near(raw, 1, 1e-12);
    m->release_pair(pair);
    m->release(one), m->release(two), m->release(small), m->release(pooled);
    bram_options_free(o);
    bram_ctx_free(cx);
}

/* The measurements of test_geometry.c, whose crossnobis distances are worked out there: as if they
 * had been given. The brain must have some. */
static void measurements_in_folds(void **state)
{
    (void)state;
    static const uint32_t row[] = {0, 1, 2, 3, 0, 1, 2, 3}, fold[] = {0, 0, 0, 0, 1, 1, 1, 1};
    double x[] = {1, 0, 0, 0, 5, 5, 2, 4, 3, 2, 1, 0, 5, 7, 1, 5}, raw = 42;
    double mean[] = {2, 1, .5, 0, 5, 6, 1.5, 4.5}, model[16], brain[16];
    square(model, 4, (double[]){1, 3, 2, 4, 6, 5});
    square(brain, 4, (double[]){1, 16.5, 5, 27.5, 10, 7});
    bram_repeats repeats = {.values = {x, 8, 2, 2}, .row = row, .fold = fold, .folds = 2};
    struct test_scoring s = {.options = "rdm=crossnobis,compare=pearson",
                             .model = given(model, 4, NULL),
                             .brain = test_side(mean, 4, 2, NULL)},
                        expected = s;
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "has no measurements"));
    s.options = "rdm=euclidean,noise=diag";
    assert_int_equal(test_score(cx, "trsa", &raw, 1, NULL, &s), BRAM_ENOTAPPLICABLE);
    s.options = expected.options, s.brain.repeats = &repeats;
    expected.options = "rdm=given,compare=pearson", expected.brain = given(brain, 4, NULL);
    assert_near(test_score_one("trsa", &s), test_score_one("trsa", &expected), 1e-15);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(zero_edges_are_edges),
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(invariances),
        cmocka_unit_test(what_is_undefined_is_nan),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(parts_are_told),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(pooled_sides),
        cmocka_unit_test(measurements_in_folds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
