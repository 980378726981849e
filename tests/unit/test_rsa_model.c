/*
 * Tests of metrics/rsa_model.c and rsa_crossval.c: rsatoolbox 0.3.2 (f1f83ca), optima that no
 * neighbour beats, and models that are known.
 */
#include "internal.h"
#include "reference.h"
#include "rsa_crossval.h"
#include "rsa_inference.h"

#include <bramble/rng.h>

enum { N = 12, PAIRS = N * (N - 1) / 2, BASIS = 3, SUBJECTS = 6 };

static bram_mat input(struct reference *r, const char *name)
{
    size_t rows, cols;
    double *values = reference_input(r, name, &rows, &cols);
    return (bram_mat){values, rows, cols, cols};
}

static const char *const measures[] = {"cosine", "corr", "cosine_cov", "corr_cov"};

static void fits(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat basis = input(&r, "model_basis"), data = input(&r, "rdms_a");
    bram_rsa_target t = {.n = N, .subjects = data};
    double theta[BASIS];
    char id[80];
    for (size_t k = 0; k < 4; k++) {
        assert_true(bram_rdm_comparator_find(measures[k], &t.measure.comparator));
        for (int ridge = 0; ridge < 2; ridge++)
            for (int positive = 0; positive < 2; positive++) {
                bram_rsa_model m = {positive ? BRAM_RSA_MODEL_WEIGHTED : BRAM_RSA_MODEL_FREE, basis,
                                    ridge ? 0.5 : 0};
                snprintf(id, sizeof id, "fit/%s/%s/ridge=%s", positive ? "regress_nn" : "regress",
                         measures[k], ridge ? "0.5" : "0");
                assert_ok(r.cx, bram_rsa_model_fit(r.cx, theta, &m, &t));
                assert_case(&r, id, theta, BASIS);
                if (k > 1 || ridge) continue; /* what an optimizer finds is the same */
                snprintf(id, sizeof id, "fit/%s/%s", positive ? "optimize_positive" : "optimize",
                         measures[k]);
                assert_case(&r, id, theta, BASIS);
            }
        if (k > 1) continue;
        bram_rsa_model m = {.kind = BRAM_RSA_MODEL_SELECT, .basis = basis};
        double chosen = -1;
        assert_ok(r.cx, bram_rsa_model_fit(r.cx, theta, &m, &t));
        for (size_t i = 0; i < BASIS; i++)
            if (theta[i] == 1) chosen = (double)i;
        snprintf(id, sizeof id, "fit/select/%s", measures[k]);
        assert_case(&r, id, &chosen, 1);
        m.kind = BRAM_RSA_MODEL_INTERPOLATE;
        snprintf(id, sizeof id, "fit/interpolate/%s", measures[k]);
        assert_ok(r.cx, bram_rsa_model_fit(r.cx, theta, &m, &t));
        assert_case(&r, id, theta, BASIS);
    }
    bram_free(basis.data);
    bram_free(data.data);
    close_reference(&r);
}

static void cross_validation(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat basis = input(&r, "model_basis"), fixed = input(&r, "model_rdms");
    bram_mat data = input(&r, "subject_rdms");
    uint32_t subject[SUBJECTS], condition[N];
    bram_rsa_folds_in_order(subject, SUBJECTS, 3);
    bram_rsa_folds_in_order(condition, N, 2);
    bram_rsa_folds folds = {3, 2, subject, condition};
    const bram_json *test = bram_json_get(
        bram_json_get(reference_case(&r, "crossval/folds"), "value"), "test");
    for (size_t f = 0; f < 6; f++) { /* subjects outer, conditions inner */
        const bram_json *sides = bram_json_at(test, f);
        for (size_t side = 0; side < 2; side++)
            for (size_t k = 0; k < bram_json_count(bram_json_at(sides, side)); k++) {
                int64_t at = -1;
                assert_true(bram_json_integer(bram_json_at(bram_json_at(sides, side), k), &at));
                if (side) assert_int_equal(condition[at], f % 2);
                else assert_int_equal(subject[at], f / 2);
            }
    }
    bram_rsa_model models[] = {{.kind = BRAM_RSA_MODEL_WEIGHTED, .basis = basis},
                               {.kind = BRAM_RSA_MODEL_FIXED, .basis = bram_mat_rows(fixed, 0, 1)}};
    bram_rsa_target t = {.n = N, .subjects = data};
    for (size_t k = 0; k < 2; k++) {
        char id[80];
        double evaluation[12], out[4], mean[2] = {0};
        size_t at = 0;
        assert_true(bram_rdm_comparator_find(measures[k], &t.measure.comparator));
        assert_ok(r.cx, bram_rsa_crossval(r.cx, evaluation, NULL, out, models, 2, &t,
                                          BRAM_POOL_RSATOOLBOX, &folds));
        snprintf(id, sizeof id, "ceiling/crossval/%s", measures[k]);
        assert_case(&r, id, out + 2, 2);
        snprintf(id, sizeof id, "crossval/eval/%s", measures[k]);
        assert_json(id,
                    bram_json_get(bram_json_get(reference_case(&r, id), "value"), "evaluations"),
                    evaluation, &at, 1e-10);
        for (size_t f = 0; f < 12; f++) mean[f / 6] += evaluation[f] / 6;
        assert_near(out[0], mean[0], 1e-14);
        assert_near(out[1], mean[1], 1e-14);
    }
    bram_free(basis.data);
    bram_free(fixed.data);
    bram_free(data.data);
    close_reference(&r);
}

static void numbers_of_folds(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *k = bram_json_get(reference_case(&r, "inference/default_k"), "value");
    static const size_t conditions[] = {5, 11, 12, 23, 24, 39, 40, 92},
                        subjects[] = {3, 5, 6, 11, 12, 19, 20, 40};
    for (size_t i = 0; i < 8; i++) {
        char key[24];
        int64_t expected = 0;
        snprintf(key, sizeof key, "%zu", conditions[i]);
        assert_true(bram_json_integer(bram_json_get(bram_json_get(k, "pattern"), key), &expected));
        assert_int_equal(bram_rsa_default_condition_folds(conditions[i]), expected);
        snprintf(key, sizeof key, "%zu", subjects[i]);
        assert_true(bram_json_integer(bram_json_get(bram_json_get(k, "rdm"), key), &expected));
        assert_int_equal(bram_rsa_default_subject_folds(subjects[i]), expected);
    }
    close_reference(&r);
}

/* ---- without other tools -------------------------------------------------------------------- */

struct made {
    double basis[BASIS][PAIRS], subjects[SUBJECTS][PAIRS];
};

/* Subjects are 2 of the first RDM, 1 of the second and -0.5 of the third, and noise. */
static void make(struct made *d, double noise)
{
    bram_rng g = bram_rng_new(31, "test/rsa_model");
    for (size_t k = 0; k < PAIRS; k++) {
        for (size_t i = 0; i < BASIS; i++) d->basis[i][k] = 1 + bram_rng_uniform(&g);
        for (size_t s = 0; s < SUBJECTS; s++)
            d->subjects[s][k] = 2 * d->basis[0][k] + d->basis[1][k] - 0.5 * d->basis[2][k] +
                                noise * bram_rng_normal(&g);
    }
}

static void known_weights_come_back(void **state)
{
    (void)state;
    struct made d;
    make(&d, 0);
    bram_ctx *cx = bram_ctx_new();
    bram_rsa_target t = {.n = N, .subjects = {d.subjects[0], SUBJECTS, PAIRS, PAIRS}};
    bram_rsa_model m = {.kind = BRAM_RSA_MODEL_FREE, .basis = {d.basis[0], BASIS, PAIRS, PAIRS}};
    double theta[BASIS], scale = sqrt(4 + 1 + 0.25);
    const double times[N] = {1, 0, 2, 1, 1, 3, 1, 0, 1, 1, 1, 1}, share[SUBJECTS] = {1, 0, 2, 1};
    for (int k = 0; k < 4; k++) {
        assert_true(bram_rdm_comparator_find(measures[k], &t.measure.comparator));
        for (int whole = 0; whole < 2; whole++) {
            t.times = whole ? NULL : times, t.share = whole ? NULL : share;
            assert_ok(cx, bram_rsa_model_fit(cx, theta, &m, &t));
            assert_near(theta[0], 2 / scale, 1e-10);
            assert_near(theta[1], 1 / scale, 1e-10);
            assert_near(theta[2], -0.5 / scale, 1e-10);
        }
    }
    m.kind = BRAM_RSA_MODEL_WEIGHTED; /* the third can only be left out */
    t.measure.comparator = BRAM_COMPARE_SPEARMAN;
    assert_ok(cx, bram_rsa_model_fit(cx, theta, &m, &t));
    assert_near(theta[2], 0, 0);
    assert_true(theta[0] > theta[1] && theta[1] > 0);
    bram_ctx_free(cx);
}

/* theta >= 0 with A theta - b >= 0 where theta is 0, and 0 elsewhere: nothing is left to gain. */
static void non_negative_least_squares(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (uint64_t k = 0; k < 50; k++) {
        enum { K = 6, ROWS = 9 };
        bram_rng g = bram_rng_at(32, "test/rsa_model", k);
        double x[ROWS][K], y[ROWS], a[K * K] = {0}, b[K] = {0}, theta[K];
        for (size_t i = 0; i < ROWS; i++) {
            y[i] = bram_rng_normal(&g);
            for (size_t j = 0; j < K; j++) x[i][j] = bram_rng_normal(&g);
        }
        for (size_t i = 0; i < ROWS; i++)
            for (size_t p = 0; p < K; p++) {
                b[p] += x[i][p] * y[i];
                for (size_t q = 0; q < K; q++) a[p * K + q] += x[i][p] * x[i][q];
            }
        bram_mat m = {a, K, K, K};
        assert_ok(cx, bram_nnls(cx, theta, &m, b));
        for (size_t p = 0; p < K; p++) {
            double slope = -b[p];
            for (size_t q = 0; q < K; q++) slope += a[p * K + q] * theta[q];
            assert_true(theta[p] >= 0);
            if (theta[p] > 0) assert_near(slope, 0, 1e-10);
            else assert_true(slope >= -1e-10);
        }
    }
    bram_ctx_free(cx);
}

static void chains_and_choices(void **state)
{
    (void)state;
    struct made d;
    make(&d, 0);
    for (size_t s = 0; s < SUBJECTS; s++)
        for (size_t k = 0; k < PAIRS; k++)
            d.subjects[s][k] = 0.3 * d.basis[1][k] + 0.7 * d.basis[2][k];
    bram_ctx *cx = bram_ctx_new();
    bram_rsa_target t = {.n = N, .subjects = {d.subjects[0], SUBJECTS, PAIRS, PAIRS}};
    bram_rsa_model m = {.kind = BRAM_RSA_MODEL_INTERPOLATE,
                        .basis = {d.basis[0], BASIS, PAIRS, PAIRS}};
    double theta[BASIS];
    t.measure.comparator = BRAM_COMPARE_CORR;
    assert_ok(cx, bram_rsa_model_fit(cx, theta, &m, &t));
    assert_near(theta[0], 0, 0);
    assert_near(theta[1], 0.3, 1e-6);
    assert_near(theta[2], 0.7, 1e-6);
    m.basis.rows = 1; /* a chain of one */
    assert_ok(cx, bram_rsa_model_fit(cx, theta, &m, &t));
    assert_near(theta[0], 1, 0);
    m.kind = BRAM_RSA_MODEL_SELECT, m.basis.rows = BASIS;
    assert_ok(cx, bram_rsa_model_fit(cx, theta, &m, &t));
    assert_near(theta[2], 1, 0);
    for (size_t k = 0; k < BASIS * PAIRS; k++) ((double *)d.basis)[k] = 1; /* nothing to choose */
    assert_int_equal(bram_rsa_model_fit(cx, theta, &m, &t), BRAM_ENOTAPPLICABLE);
    m.kind = BRAM_RSA_MODEL_FREE;
    assert_int_equal(bram_rsa_model_fit(cx, theta, &m, &t), BRAM_ENUMERIC);
    t.measure.comparator = BRAM_COMPARE_BURES;
    assert_int_equal(bram_rsa_model_fit(cx, theta, &m, &t), BRAM_ENOTAPPLICABLE);
    m.basis.rows = 0;
    assert_int_equal(bram_rsa_model_fit(cx, theta, &m, &t), BRAM_ESHAPE);
    assert_near(theta[2], 1, 0); /* untouched all the while */
    bram_ctx_free(cx);
}

static const bram_groups each = {0};

static void folds_at_random(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double times[20];
    uint32_t fold[20], again[20];
    for (size_t i = 0; i < 20; i++) times[i] = i % 3 ? 2 : 0;
    assert_ok(cx, bram_rsa_folds_at_random(cx, fold, times, 20, &each, 4, 1, "x", 7));
    size_t count[4] = {0};
    for (size_t i = 0; i < 20; i++)
        if (times[i] > 0) count[fold[i]]++;
    for (size_t k = 0; k < 4; k++) assert_true(count[k] >= 3 && count[k] <= 4); /* 13 things */
    assert_ok(cx, bram_rsa_folds_at_random(cx, again, times, 20, &each, 4, 1, "x", 7));
    assert_memory_equal(fold, again, sizeof fold);
    assert_ok(cx, bram_rsa_folds_at_random(cx, again, times, 20, &each, 4, 1, "x", 8));
    assert_memory_not_equal(fold, again, sizeof fold);
    bram_ctx_free(cx);
}

/* A model of noise looks good where it was fitted, and like nothing elsewhere. */
static void fitting_noise_gains_nothing(void **state)
{
    (void)state;
    enum { MANY = 20 };
    static double basis[MANY][PAIRS], subjects[SUBJECTS][PAIRS];
    bram_ctx *cx = bram_ctx_new();
    double within = 0, across = 0;
    for (uint64_t k = 0; k < 10; k++) {
        bram_rng g = bram_rng_at(33, "test/rsa_model", k);
        for (size_t p = 0; p < PAIRS; p++) {
            for (size_t i = 0; i < MANY; i++) basis[i][p] = bram_rng_normal(&g);
            for (size_t s = 0; s < SUBJECTS; s++) subjects[s][p] = bram_rng_normal(&g);
        }
        bram_rsa_target t = {.measure = {.comparator = BRAM_COMPARE_CORR},
                             .n = N,
                             .subjects = {subjects[0], SUBJECTS, PAIRS, PAIRS}};
        bram_rsa_model m = {.kind = BRAM_RSA_MODEL_FREE, .basis = {basis[0], MANY, PAIRS, PAIRS}};
        uint32_t subject[SUBJECTS], condition[N];
        bram_rsa_folds_in_order(subject, SUBJECTS, 3);
        bram_rsa_folds_in_order(condition, N, 1);
        bram_rsa_folds one = {1, 1, subject, condition}, three = {3, 1, subject, condition};
        double out[3];
        assert_ok(cx, bram_rsa_crossval(cx, NULL, NULL, out, &m, 1, &t, BRAM_POOL_BEST, &one));
        within += out[0] / 10;
        assert_ok(cx, bram_rsa_crossval(cx, NULL, NULL, out, &m, 1, &t, BRAM_POOL_BEST, &three));
        across += out[0] / 10;
    }
    assert_true(within > 0.2);
    assert_near(across, 0, 0.05);
    bram_ctx_free(cx);
}

/* In the bootstrap: a model that can be right, and a fixed one that is not. */
static void cross_validation_in_the_bootstrap(void **state)
{
    (void)state;
    struct made d;
    make(&d, 0.3);
    bram_rsa_model models[] = {
        {.kind = BRAM_RSA_MODEL_FREE, .basis = {d.basis[0], BASIS, PAIRS, PAIRS}},
        {.kind = BRAM_RSA_MODEL_FIXED, .basis = {d.basis[2], 1, PAIRS, PAIRS}}};
    bram_rsa_design e = {.measure = {.comparator = BRAM_COMPARE_CORR},
                         .n = N,
                         .subjects = {d.subjects[0], SUBJECTS, PAIRS, PAIRS},
                         .resampling = BRAM_RSA_SUBJECTS,
                         .samples = 60,
                         .seed = 3,
                         .level = 0.95,
                         .fitted = models,
                         .fitted_count = 2,
                         .condition_folds = 2,
                         .repeats = 3};
    bram_rsa_result *r[2];
    for (unsigned threads = 1; threads <= 2; threads++) {
        bram_ctx *cx = bram_ctx_new();
        bram_ctx_set_threads(cx, threads);
        assert_ok(cx, bram_rsa_infer(cx, &r[threads - 1], &e));
        bram_ctx_free(cx);
    }
    assert_int_equal(r[0]->ways, 3);
    assert_true(r[0]->valid > 50); /* a sample with one subject has none to fit to */
    assert_memory_equal(r[0]->variance, r[1]->variance, 2 * sizeof(double));
    assert_true(r[0]->value[0] > r[0]->value[1] + 0.3);
    assert_true(r[0]->pair.t[0] < 0.05 && r[0]->zero.t[0] < 0.05);
    assert_true(r[0]->variance[0] >= 0 && isnan(r[0]->percentile_low[0]));
    /* by the formula, from the draws */
    double mean[2] = {0}, square[2] = {0}, valid = (double)r[0]->valid;
    for (int pass = 0; pass < 2; pass++)
        for (size_t b = 0; b < 60; b++) {
            const double *x = r[0]->draw + b * 12;
            if (isnan(x[0] + x[4] + x[8] + x[2] + x[3])) continue;
            double all = (x[0] + x[4] + x[8]) / 3;
            if (!pass) mean[0] += all / valid;
            else square[0] += (all - mean[0]) * (all - mean[0]) / (valid - 1);
        }
    for (size_t k = 0; k < 3; k++, mean[1] = 0)
        for (int pass = 0; pass < 2; pass++)
            for (size_t b = 0; b < 60; b++) {
                double x = r[0]->draw[b * 12 + 4 * k];
                if (isnan(x)) continue;
                if (!pass) mean[1] += x / valid;
                else square[1] += (x - mean[1]) * (x - mean[1]) / (valid - 1) / 3;
            }
    assert_near(r[0]->variance[0], (3 * square[0] - square[1]) / 2 * 6 / 5, 1e-12);
    bram_rsa_result_free(r[0]);
    bram_rsa_result_free(r[1]);
    bram_ctx *cx = bram_ctx_new();
    e.resampling = BRAM_RSA_BOTH, e.repeats = 1;
    assert_int_equal(bram_rsa_infer(cx, &r[0], &e), BRAM_EUSAGE);
    e.resampling = BRAM_RSA_FIXED; /* values without variances */
    assert_ok(cx, bram_rsa_infer(cx, &r[0], &e));
    assert_true(r[0]->value[0] > 0.5 && isnan(r[0]->variance[0]) && isnan(r[0]->zero.t[0]));
    bram_rsa_result_free(r[0]);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits),
        cmocka_unit_test(cross_validation),
        cmocka_unit_test(numbers_of_folds),
        cmocka_unit_test(known_weights_come_back),
        cmocka_unit_test(non_negative_least_squares),
        cmocka_unit_test(chains_and_choices),
        cmocka_unit_test(folds_at_random),
        cmocka_unit_test(cross_validation_in_the_bootstrap),
        cmocka_unit_test(fitting_noise_gains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
