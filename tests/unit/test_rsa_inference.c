/*
 * Tests of metrics/rsa_inference.c: shortcuts against the long way, samples against threads, tests
 * against values worked out by hand, and what is refused.
 */
#include <bramble/rng.h>

#include "internal.h"
#include "rsa_inference.h"
#include "test.h"

enum { N = 14, PAIRS = N * (N - 1) / 2, MODELS = 3, SUBJECTS = 5, WIDTH = MODELS + 2 };

struct data {
    double models[MODELS][PAIRS], subjects[SUBJECTS][PAIRS];
};

/* Subjects share a structure, which the first model has and the others have less and less. */
static void make(struct data *d, uint64_t sample)
{
    bram_rng g = bram_rng_at(21, "test/rsa_inference", sample);
    for (size_t k = 0; k < PAIRS; k++) {
        double truth = bram_rng_normal(&g);
        for (size_t s = 0; s < SUBJECTS; s++)
            d->subjects[s][k] = 8 + truth + 1.5 * bram_rng_normal(&g);
        for (size_t m = 0; m < MODELS; m++)
            d->models[m][k] = 8 + truth + (double)m * bram_rng_normal(&g);
    }
}

static bram_rsa_design design(struct data *d, bram_rdm_comparator c)
{
    return (bram_rsa_design){.measure = {.comparator = c},
                             .n = N,
                             .models = {d->models[0], MODELS, PAIRS, PAIRS},
                             .subjects = {d->subjects[0], SUBJECTS, PAIRS, PAIRS},
                             .samples = 20,
                             .seed = 4,
                             .level = 0.95};
}

static bram_rsa_result *infer(const bram_rsa_design *d, unsigned threads)
{
    bram_ctx *cx = bram_ctx_new();
    bram_rsa_result *r = NULL;
    bram_ctx_set_threads(cx, threads);
    assert_ok(cx, bram_rsa_infer(cx, &r, d));
    bram_ctx_free(cx);
    return r;
}

/* The long way: pools as RDMs, compared one by one. */
static void by_pools(bram_ctx *cx, double *out, const bram_rsa_design *d, const double *share,
                     const double *times)
{
    double total = 0, subjects = 0, pool[PAIRS], left[SUBJECTS];
    bram_rdm_set *set;
    for (size_t k = 0; k < WIDTH; k++) out[k] = 0;
    assert_ok(cx, bram_rdm_set_new(cx, &set, &d->measure, &d->subjects, N));
    for (size_t t = 0; t < SUBJECTS; t++) total += share[t], subjects += share[t] > 0;
    for (size_t t = 0; t < SUBJECTS; t++) {
        if (!(share[t] > 0)) continue;
        bram_mat row = {d->subjects.data + t * PAIRS, 1, PAIRS, PAIRS};
        double values[MODELS], value;
        bram_mat models = {values, MODELS, 1, 1}, one = {&value, 1, 1, 1},
                 of = {pool, 1, PAIRS, PAIRS};
        assert_ok(cx, bram_rdm_compare(cx, &models, NULL, &d->measure, &d->models, &row, N, times));
        for (size_t m = 0; m < MODELS; m++) out[m] += share[t] / total * values[m];
        for (size_t u = 0; u < SUBJECTS; u++) left[u] = u == t ? 0 : share[u];
        for (size_t k = 0; k < 2; k++) {
            assert_ok(cx, bram_rdm_pool(cx, pool, set, d->pooling, k ? share : left, times));
            assert_ok(cx, bram_rdm_compare(cx, &one, NULL, &d->measure, &of, &row, N, times));
            out[MODELS + k] += value / subjects;
        }
    }
    bram_rdm_set_free(set);
}

static void shortcuts_are_the_long_way(void **state)
{
    (void)state;
    struct data d;
    make(&d, 0);
    d.models[1][3] = d.subjects[2][40] = NAN;
    double variances[N], share[SUBJECTS], times[N], expected[WIDTH];
    for (size_t i = 0; i < N; i++) variances[i] = 0.5 + (double)i * 0.1;
    static const uint32_t drawn[N] = {1, 0, 2, 1, 3, 0, 1, 1, 2, 0, 1, 1, 1, 0},
                          who[SUBJECTS] = {2, 0, 1, 1, 1};
    for (size_t i = 0; i < N; i++) times[i] = drawn[i];
    for (size_t t = 0; t < SUBJECTS; t++) share[t] = who[t];
    bram_ctx *cx = bram_ctx_new();
    for (int c = BRAM_COMPARE_COSINE; c < BRAM_COMPARE_BURES; c++)
        for (int how = BRAM_POOL_BEST; how <= BRAM_POOL_RSATOOLBOX; how++) {
            bram_rsa_design e = design(&d, (bram_rdm_comparator)c);
            e.pooling = (bram_rdm_pooling)how, e.resampling = BRAM_RSA_BOTH, e.samples = 2;
            if (how == BRAM_POOL_BEST)
                e.measure.sigma_kind = BRAM_SIGMA_DIAGONAL, e.measure.sigma = variances;
            uint32_t both[2 * N], subjects[2 * SUBJECTS];
            for (size_t b = 0; b < 2; b++) {
                memcpy(both + b * N, drawn, sizeof drawn);
                memcpy(subjects + b * SUBJECTS, who, sizeof who);
            }
            e.condition_draw = both, e.subject_draw = subjects;
            bram_rsa_result *r = infer(&e, 1);
            struct data lacking = d; /* what one lacks counts for none */
            for (size_t i = 0; i < MODELS + SUBJECTS; i++) {
                double *row = i < MODELS ? lacking.models[i] : lacking.subjects[i - MODELS];
                row[3] = row[40] = NAN;
            }
            bram_rsa_design long_way = e;
            long_way.subjects.data = lacking.subjects[0], long_way.models.data = lacking.models[0];
            by_pools(cx, expected, &long_way, share, times);
            for (size_t k = 0; k < WIDTH; k++) assert_near(r->draw[k], expected[k], 1e-12);
            bram_rsa_result_free(r);
        }
    bram_ctx_free(cx);
}

static void any_measure(void **state)
{
    (void)state;
    struct data d;
    make(&d, 1);
    bram_rsa_design e = design(&d, BRAM_COMPARE_BURES);
    double share[] = {1, 1, 1, 1, 1}, expected[WIDTH];
    bram_ctx *cx = bram_ctx_new();
    bram_rsa_result *r = infer(&e, 2);
    by_pools(cx, expected, &e, share, NULL);
    for (size_t k = 0; k < MODELS; k++) assert_near(r->value[k], expected[k], 1e-12);
    assert_near(r->lower, expected[MODELS], 1e-12);
    assert_near(r->upper, expected[MODELS + 1], 1e-12);
    assert_true(isnan(r->zero.t[0])); /* 0 is not chance */
    bram_rsa_result_free(r);
    bram_ctx_free(cx);
}

/* The best pool is the best: no other RDM has a higher mean comparison with the subjects. */
static void no_rdm_beats_the_upper_ceiling(void **state)
{
    (void)state;
    static const bram_rdm_comparator with[] = {BRAM_COMPARE_COSINE, BRAM_COMPARE_CORR,
                                               BRAM_COMPARE_COSINE_COV, BRAM_COMPARE_CORR_COV};
    struct data d;
    make(&d, 2);
    bram_rng g = bram_rng_new(22, "test/rsa_inference");
    for (size_t c = 0; c < 4; c++) {
        bram_rsa_design e = design(&d, with[c]);
        bram_ctx *cx = bram_ctx_new();
        bram_rdm_set *set;
        double pool[PAIRS];
        assert_ok(cx, bram_rdm_set_new(cx, &set, &e.measure, &e.subjects, N));
        assert_ok(cx, bram_rdm_pool(cx, pool, set, BRAM_POOL_BEST, NULL, NULL));
        for (size_t i = 0; i < MODELS; i++)
            for (size_t k = 0; k < PAIRS; k++)
                d.models[i][k] = pool[k] + (i ? 0.01 * bram_rng_normal(&g) : 0);
        bram_rsa_result *r = infer(&e, 1);
        assert_near(r->value[0], r->upper, 1e-12);
        assert_true(r->value[1] < r->upper && r->value[2] < r->upper);
        assert_true(r->lower < r->upper);
        bram_rsa_result_free(r);
        bram_rdm_set_free(set);
        bram_ctx_free(cx);
        make(&d, 2);
    }
}

/* Noise alone: the upper ceiling is near 1 / sqrt(S), the lower near 0. */
static void noise_has_an_upper_ceiling(void **state)
{
    (void)state;
    double lower = 0, upper = 0;
    enum { RUNS = 40 };
    for (uint64_t k = 0; k < RUNS; k++) {
        struct data d;
        bram_rng g = bram_rng_at(23, "test/rsa_inference", k);
        make(&d, 7);
        for (size_t t = 0; t < SUBJECTS; t++)
            for (size_t i = 0; i < PAIRS; i++) d.subjects[t][i] = bram_rng_normal(&g);
        bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
        bram_rsa_result *r = infer(&e, 1);
        lower += r->lower / RUNS, upper += r->upper / RUNS;
        assert_near(r->noise, 1 / sqrt(SUBJECTS), 1e-15);
        bram_rsa_result_free(r);
    }
    assert_near(upper, 1 / sqrt(SUBJECTS), 0.02);
    assert_near(lower, 0, 0.03);
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    struct data d;
    make(&d, 3);
    static const bram_rdm_comparator with[] = {BRAM_COMPARE_CORR, BRAM_COMPARE_SPEARMAN,
                                               BRAM_COMPARE_TAU_A, BRAM_COMPARE_COSINE_COV};
    for (size_t c = 0; c < 4; c++) {
        bram_rsa_design e = design(&d, with[c]);
        e.resampling = BRAM_RSA_DUAL;
        bram_rsa_result *one = infer(&e, 1), *two = infer(&e, 2);
        assert_memory_equal(one->draw, two->draw, 20 * 3 * WIDTH * sizeof(double));
        assert_memory_equal(one->variance, two->variance, MODELS * sizeof(double));
        bram_rsa_result_free(two);
        /* one model's draws do not depend on which others there are */
        e.models = (bram_mat){d.models[1], 1, PAIRS, PAIRS};
        two = infer(&e, 1);
        for (size_t b = 0; b < 60; b++)
            assert_near(two->draw[b * 3], one->draw[b * WIDTH + 1], 1e-13);
        bram_rsa_result_free(one);
        bram_rsa_result_free(two);
    }
}

static void tests_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double p;
    /* t = 2 with 4 degrees: 0.0581 in one tail (tables: 0.05806) */
    assert_near(bram_rsa_t_test(2, 1, 4, false), 0.058058, 1e-6);
    assert_near(bram_rsa_t_test(-2, 1, 4, true), 0.116117, 1e-6);
    assert_true(isnan(bram_rsa_t_test(1, NAN, 4, true)));
    assert_true(isnan(bram_rsa_t_test(1, 1, 0, true)));
    /* ranks 1 to 5, one negative of rank 1: two sums of 32 are as small; twice that */
    const double x[] = {-0.1, 0.2, 0.3, 0.4, 0.5}, zeros[] = {0, 0}, tied[] = {1, 1, -1, 2, 3, 4};
    assert_ok(cx, bram_rsa_signed_rank(cx, &p, x, 5));
    assert_near(p, 2 * 2. / 32, 1e-15);
    assert_ok(cx, bram_rsa_signed_rank(cx, &p, zeros, 2));
    assert_true(isnan(p));
    /* positive ranks 2 + 2 + 4 + 5 + 6 = 19 of 21, variance 22.75 - 24/48: z = (10.5 - 2 -
     * 0.5)/4.717 */
    assert_ok(cx, bram_rsa_signed_rank(cx, &p, tied, 6));
    assert_near(p, 0.0898774, 1e-5);
    const double draws[] = {1, 2, -1, 3, NAN};
    assert_near(bram_rsa_bootstrap_above(draws, 5), 2. / 5, 1e-15);
    assert_true(isnan(bram_rsa_bootstrap_above(draws + 4, 1)));
    bram_ctx_free(cx);
}

static int status_of(const bram_rsa_design *d)
{
    bram_ctx *cx = bram_ctx_new();
    bram_rsa_result *r = NULL;
    int status = bram_rsa_infer(cx, &r, d);
    assert_true((status == BRAM_OK) == (r != NULL));
    bram_rsa_result_free(r);
    bram_ctx_free(cx);
    return status;
}

static void few_of_anything(void **state)
{
    (void)state;
    struct data d;
    make(&d, 5);
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.subjects.rows = 1;
    bram_rsa_result *r = infer(&e, 1); /* values without variances */
    assert_true(isfinite(r->value[0]) && isnan(r->variance[0]) && isnan(r->lower));
    assert_near(r->upper, 1, 1e-12);
    assert_true(isnan(r->zero.t[0]) && isnan(r->pair.t[0]));
    bram_rsa_result_free(r);
    e.resampling = BRAM_RSA_CONDITIONS;
    r = infer(&e, 1);
    assert_true(r->variance[0] > 0 && isnan(r->ceiling_variance[0]));
    bram_rsa_result_free(r);
    e.resampling = BRAM_RSA_DUAL;
    assert_int_equal(status_of(&e), BRAM_ENOTAPPLICABLE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.models.rows = 0;
    assert_int_equal(status_of(&e), BRAM_ESHAPE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.level = 1;
    assert_int_equal(status_of(&e), BRAM_EUSAGE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.resampling = BRAM_RSA_BOTH, e.samples = 1;
    assert_int_equal(status_of(&e), BRAM_EUSAGE);
    e = design(&d, BRAM_COMPARE_NEG_RIEM_DIST); /* copies have no place in it */
    e.resampling = BRAM_RSA_CONDITIONS;
    assert_int_equal(status_of(&e), BRAM_ENOTAPPLICABLE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.n = 3;
    assert_int_equal(status_of(&e), BRAM_ESHAPE);
}

static void no_memory(void **state)
{
    (void)state;
    struct data d;
    make(&d, 6);
    static const bram_rdm_comparator with[] = {BRAM_COMPARE_CORR, BRAM_COMPARE_TAU_A,
                                               BRAM_COMPARE_BURES};
    for (size_t c = 0; c < 3; c++) {
        bram_rsa_design e = design(&d, with[c]);
        e.resampling = BRAM_RSA_DUAL, e.samples = 2;
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status == BRAM_ENOMEM; k++) {
            assert_true(k < 1000);
            bram_ctx *cx = bram_ctx_new();
            bram_rsa_result *r = NULL;
            bram_fail_allocation(k, false);
            status = bram_rsa_infer(cx, &r, &e);
            bram_fail_allocation(0, false);
            assert_true((status == BRAM_OK) == (r != NULL));
            bram_rsa_result_free(r);
            bram_ctx_free(cx);
        }
        assert_int_equal(status, BRAM_OK);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortcuts_are_the_long_way),
        cmocka_unit_test(any_measure),
        cmocka_unit_test(no_rdm_beats_the_upper_ceiling),
        cmocka_unit_test(noise_has_an_upper_ceiling),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(tests_by_hand),
        cmocka_unit_test(few_of_anything),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
