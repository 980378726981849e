/* Tests of benchmarks/subsample.c: whole sets, reproducible subsets, what grows with units. */
#include "subsample.h"

#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { N = 24, P = 30, Q = 12 };

struct sides {
    double model[N * P], brain[N * Q];
    bram_side m, b;
};

/* The brain is a noisy reading of the model. */
static void make(struct sides *s, double noise)
{
    bram_rng g = bram_rng_new(1, "test/subsample");
    double weight[P * Q];
    for (size_t k = 0; k < N * P; k++) s->model[k] = bram_rng_normal(&g);
    for (size_t k = 0; k < P * Q; k++) weight[k] = bram_rng_normal(&g) / sqrt(P);
    for (size_t i = 0; i < N; i++)
        for (size_t u = 0; u < Q; u++) {
            double sum = noise * bram_rng_normal(&g);
            for (size_t k = 0; k < P; k++) sum += s->model[i * P + k] * weight[k * Q + u];
            s->brain[i * Q + u] = sum;
        }
    s->m = test_side(s->model, N, P, NULL), s->b = test_side(s->brain, N, Q, NULL);
}

static void all_of_them_are_the_score(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct sides s;
    make(&s, 0.3);
    struct test_scoring whole = {.model = s.m, .brain = s.b};
    double expected = test_score_one("rsa", &whole);
    static const size_t all[] = {[BRAM_SUBSAMPLE_UNITS] = Q,
                                 [BRAM_SUBSAMPLE_MODEL_UNITS] = P,
                                 [BRAM_SUBSAMPLE_CONDITIONS] = N};
    for (int what = 0; what < 3; what++) {
        size_t size = all[what];
        bram_subsample how = {(bram_subsample_what)what, &size, 1, 3, 0, 0.95};
        bram_subsample_point p;
        assert_ok(cx, bram_subsample_curve(cx, &p, "rsa", &s.m, &s.b, &how));
        assert_int_equal(p.defined, 3);
        assert_near(p.mean, expected, 1e-12);
        assert_near(p.high - p.low, 0, 1e-12);
    }
    bram_ctx_free(cx);
}

/* More units, a higher score that is surer; the same for any number of threads. */
/* A model with measurements, two of its three columns: one of three scores, whose extremes are met.
 * The brain is an RDM. */
static void units_of_the_model_with_their_measurements(void **state)
{
    (void)state;
    static const uint32_t row[] = {0, 1, 2, 3, 3, 2, 1, 0};
    double x[] = {1, 0, 2, 0, 0, 1, 5, 5, 0, 2, 4, 3, 1, 5, 4, 5, 7, 1, 1, 0, 6, 3, 2, 2};
    double mean[12] = {0}, two[3] = {0}, brain[] = {0, 1, 3, 2, 1, 0, 4, 6, 3, 4, 0, 5, 2, 6, 5, 0};
    for (size_t i = 0; i < 24; i++) mean[row[i / 3] * 3 + i % 3] += x[i] / 2;
    bram_repeats repeats = {.values = {x, 8, 3, 3}, .row = row};
    bram_side model = test_side(mean, 4, 3, NULL), b = test_side(brain, 4, 4, NULL);
    model.repeats = &repeats, b.is_rdm = true;
    for (size_t left_out = 0; left_out < 3; left_out++) {
        double few[16], few_mean[8];
        for (size_t i = 0, to = 0; i < 24; i++)
            if (i % 3 != left_out) few[to++] = x[i];
        for (size_t i = 0, to = 0; i < 12; i++)
            if (i % 3 != left_out) few_mean[to++] = mean[i];
        bram_repeats of_few = {.values = {few, 8, 2, 2}, .row = row};
        struct test_scoring s = {.options = "rdm=crossnobis,compare=corr",
                                 .model = test_side(few_mean, 4, 2, NULL),
                                 .brain = b};
        s.model.repeats = &of_few;
        two[left_out] = test_score_one("rsa", &s);
    }
    bram_ctx *cx = bram_ctx_new();
    const size_t size = 2;
    bram_subsample how = {BRAM_SUBSAMPLE_MODEL_UNITS, &size, 1, 60, 0, 0.999};
    bram_subsample_point p;
    assert_ok(cx,
              bram_subsample_curve(cx, &p, "rsa:rdm=crossnobis,compare=corr", &model, &b, &how));
    assert_near(p.low, fmin(two[0], fmin(two[1], two[2])), 1e-12);
    assert_near(p.high, fmax(two[0], fmax(two[1], two[2])), 1e-12);
    how.what = BRAM_SUBSAMPLE_UNITS; /* an RDM has none */
    assert_int_equal(bram_subsample_curve(cx, &p, "rsa", &model, &b, &how), BRAM_EUSAGE);
    how.what = BRAM_SUBSAMPLE_CONDITIONS; /* rows of the one, rows and columns of the other */
    const size_t four = 4;
    how.size = &four;
    struct test_scoring whole = {.model = model, .brain = b};
    assert_ok(cx, bram_subsample_curve(cx, &p, "rsa", &model, &b, &how));
    assert_near(p.mean, test_score_one("rsa", &whole), 1e-12);
    bram_ctx_free(cx);
}

static void a_curve_over_units(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new(), *four = bram_ctx_new();
    bram_ctx_set_threads(four, 4);
    struct sides s;
    make(&s, 0.3);
    const size_t size[] = {2, 4, 8, 12};
    bram_subsample how = {BRAM_SUBSAMPLE_UNITS, size, 4, 40, 7, 0.95};
    bram_subsample_point p[4], q[4];
    assert_ok(cx, bram_subsample_curve(cx, p, "rsa:rdm=euclidean", &s.m, &s.b, &how));
    assert_ok(four, bram_subsample_curve(four, q, "rsa:rdm=euclidean", &s.m, &s.b, &how));
    assert_memory_equal(p, q, sizeof p);
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(p[k].size, size[k]);
        if (!k) continue;
        assert_true(p[k].mean > p[k - 1].mean);
        assert_true(p[k].high - p[k].low < p[k - 1].high - p[k - 1].low);
    }
    bram_ctx_free(cx);
    bram_ctx_free(four);
}

static void square_and_paired_sides(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double a[N * N], b[N * N];
    uint8_t present[N * N];
    bram_rng g = bram_rng_new(2, "test/subsample/square");
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++) {
            a[i * N + j] = a[j * N + i] = i == j ? 0 : bram_rng_uniform(&g);
            b[i * N + j] = b[j * N + i] = i == j ? 0 : a[i * N + j] + bram_rng_uniform(&g);
            present[i * N + j] = present[j * N + i] = i == j || bram_rng_below(&g, 9) > 0;
        }
    bram_side model = test_side(a, N, N, NULL), brain = test_side(b, N, N, present);
    model.is_rdm = brain.is_rdm = true;
    const size_t size[] = {1, 8, 16};
    bram_subsample how = {BRAM_SUBSAMPLE_CONDITIONS, size, 3, 20, 0, 0.9};
    bram_subsample_point p[3];
    assert_ok(cx,
              bram_subsample_curve(cx, p, "rsa:rdm=given,compare=pearson", &model, &brain, &how));
    assert_int_equal(p[0].defined, 0); /* one condition has no geometry */
    assert_true(isnan(p[0].mean) && isnan(p[0].low));
    assert_true(p[2].high - p[2].low < p[1].high - p[1].low);
    how.what = BRAM_SUBSAMPLE_UNITS;
    assert_int_equal(bram_subsample_curve(cx, p, "rsa:rdm=given", &model, &brain, &how),
                     BRAM_EUSAGE);
    /* a prediction of itself, unit by unit, is right whichever are drawn */
    model.is_rdm = brain.is_rdm = false, brain.present = NULL;
    assert_ok(cx, bram_subsample_curve(cx, p, "mse", &model, &model, &how));
    for (size_t k = 0; k < 3; k++) assert_near(p[k].mean, 0, 0);
    bram_ctx_free(cx);
}

static void what_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct sides s;
    make(&s, 1);
    size_t size = 0;
    bram_subsample how = {BRAM_SUBSAMPLE_UNITS, &size, 1, 2, 0, 0.95};
    bram_subsample_point p = {.size = 99};
    assert_int_equal(bram_subsample_curve(cx, &p, "rsa", &s.m, &s.b, &how), BRAM_EUSAGE);
    size = Q + 1;
    assert_int_equal(bram_subsample_curve(cx, &p, "rsa", &s.m, &s.b, &how), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "expected 1 to 12 units"));
    size = 3;
    assert_int_equal(bram_subsample_curve(cx, &p, "nothing", &s.m, &s.b, &how), BRAM_EUSAGE);
    assert_int_equal(bram_subsample_curve(cx, &p, "rsa:rdm=other", &s.m, &s.b, &how), BRAM_EUSAGE);
    how.repeats = 0;
    assert_int_equal(bram_subsample_curve(cx, &p, "rsa", &s.m, &s.b, &how), BRAM_EUSAGE);
    how.repeats = 2;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_fail_allocation(k, false);
        status = bram_subsample_curve(own, &p, "rsa", &s.m, &s.b, &how);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) {
            assert_int_equal(status, BRAM_ENOMEM);
            assert_int_equal(p.size, 99);
        }
        bram_ctx_free(own);
        assert_true(k < 1000);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them_are_the_score),
        cmocka_unit_test(units_of_the_model_with_their_measurements),
        cmocka_unit_test(a_curve_over_units),
        cmocka_unit_test(square_and_paired_sides),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
