/*
 * Tests of inference with groups of subjects and conditions, and of the dual correction of fitted
 * models: against rsatoolbox, against sums worked out another way, and what is refused.
 */
#include "internal.h"
#include "resample.h"
#include "rsa_crossval.h"
#include "rsa_inference.h"
#include "test.h"

enum { N = 10, PAIRS = N * (N - 1) / 2, MODELS = 2, SUBJECTS = 6, WIDTH = MODELS + 2 };

static const uint32_t of_subject[SUBJECTS] = {0, 0, 1, 1, 2, 2},
                      of_condition[N] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4};

struct data {
    double models[MODELS][PAIRS], subjects[SUBJECTS][PAIRS];
};

/* Whole numbers that any language makes alike. */
static void make(struct data *d)
{
    for (int k = 0; k < PAIRS; k++) {
        for (int s = 0; s < SUBJECTS; s++)
            d->subjects[s][k] = k * 53 % 89 + ((k + 1) * (s + 3) * 7919 + k * k * 31) % 97;
        for (int m = 0; m < MODELS; m++)
            d->models[m][k] = k * 53 % 89 +
                              ((k + 5) * (m + 2) * 104729 + k * k * 17) % (60 + 90 * m);
    }
}

static bram_rsa_design design(struct data *d, bram_rdm_comparator c)
{
    return (bram_rsa_design){.measure = {.comparator = c},
                             .n = N,
                             .models = {d->models[0], MODELS, PAIRS, PAIRS},
                             .subjects = {d->subjects[0], SUBJECTS, PAIRS, PAIRS},
                             .samples = 40,
                             .seed = 4,
                             .level = 0.95,
                             .subject_groups = {of_subject, 3},
                             .condition_groups = {of_condition, 5}};
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

/*
 * rsatoolbox 0.3.2: eval_bootstrap(models, data, N=4, pattern_descriptor, rdm_descriptor) after
 * numpy.random.seed(3), of the RDMs above: which groups it drew, evaluations and noise ceilings of
 * the samples 2 to 4 (its first has fewer than 3 different groups of conditions, which it leaves
 * out), then eval_fixed and boot_noise_ceiling of the data. All groups have the same size, so
 * that its mean over groups is our mean over subjects.
 */
static void as_rsatoolbox(void **state)
{
    (void)state;
    enum { SAMPLES = 3 };
    static const uint32_t subjects[SAMPLES][3] = {{0, 2, 1}, {0, 1, 2}, {1, 1, 1}},
                          conditions[SAMPLES][5] = {
                              {2, 0, 1, 0, 2}, {0, 1, 2, 1, 1}, {2, 1, 1, 1, 0}};
    static const struct {
        bram_rdm_comparator comparator;
        double value[SAMPLES + 1][WIDTH];
    } cases[] = {
        {BRAM_COMPARE_COSINE,
         {{0.945375877151629, 0.927237958902275, 0.924166803019042, 0.968562351409257},
          {0.920230003966335, 0.883403224854581, 0.943026882664935, 0.967017006204894},
          {0.930528548752955, 0.894461915851277, 0.949186539495561, 0.966530284907393},
          {0.925754093259198, 0.899939661814167, 0.9459185710293024, 0.9641981919955844}}},
        {BRAM_COMPARE_CORR,
         {{0.526770834129436, 0.352708820516085, 0.240504180216012, 0.671863512595515},
          {0.544100304631398, 0.391173713623634, 0.609294281205803, 0.766789885107958},
          {0.597691440338572, 0.348412683768342, 0.621246943581262, 0.756916493905542},
          {0.518336597448167, 0.348398088182034, 0.5530898717471238, 0.715034649537223}}},
        {BRAM_COMPARE_SPEARMAN,
         {{0.511081158703604, 0.328884487810092, 0.190220045091423, 0.630857124630796},
          {0.547047014569047, 0.385955485432159, 0.579368796532498, 0.739798096507022},
          {0.587638322144108, 0.322140688686203, 0.603485061927597, 0.742656644153286},
          {0.510789685811568, 0.330484826220366, 0.5462927808600907, 0.7077766924135213}}},
        {BRAM_COMPARE_TAU_A,
         {{0.365040650406504, 0.247967479674797, 0.1, 0.420731707317073},
          {0.392211148025102, 0.295865633074935, 0.411129568106312, 0.542635658914729},
          {0.414174972314507, 0.225544481358435, 0.413067552602436, 0.533776301218162},
          {0.358249158249158, 0.232659932659933, 0.3811447811447812, 0.5138047138047138}}}};
    struct data d;
    make(&d);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bram_rsa_design e = design(&d, cases[c].comparator);
        e.resampling = BRAM_RSA_BOTH, e.samples = SAMPLES;
        e.subject_draw = subjects[0], e.condition_draw = conditions[0];
        bram_rsa_result *r = infer(&e, 1);
        for (size_t b = 0; b < SAMPLES; b++)
            for (size_t k = 0; k < WIDTH; k++)
                assert_near(r->draw[b * WIDTH + k], cases[c].value[b][k], 1e-12);
        for (size_t m = 0; m < MODELS; m++)
            assert_near(r->value[m], cases[c].value[SAMPLES][m], 1e-12);
        assert_near(r->lower, cases[c].value[SAMPLES][MODELS], 1e-12);
        assert_near(r->upper, cases[c].value[SAMPLES][MODELS + 1], 1e-12);
        assert_near(r->dof, 2, 0); /* groups less one; there it is RDMs less one */
        assert_int_equal(r->subject_units, 3);
        assert_int_equal(r->condition_units, 5);
        bram_rsa_result_free(r);
    }
}

/* Subjects that come twice each: a group of both is the one subject, whatever is drawn. */
static void twins_count_as_one(void **state)
{
    (void)state;
    static const bram_rdm_comparator with[] = {BRAM_COMPARE_CORR, BRAM_COMPARE_TAU_A,
                                               BRAM_COMPARE_COSINE_COV, BRAM_COMPARE_BURES};
    static const bram_rsa_resampling what[] = {BRAM_RSA_FIXED, BRAM_RSA_SUBJECTS, BRAM_RSA_DUAL};
    struct data d, single;
    make(&d), make(&single);
    for (size_t s = 0; s < SUBJECTS; s++)
        memcpy(d.subjects[s], single.subjects[s / 2], sizeof d.subjects[s]);
    for (size_t c = 0; c < 4; c++)
        for (size_t w = 0; w < 3; w++) {
            bram_rsa_design e = design(&d, with[c]), one = design(&single, with[c]);
            e.resampling = one.resampling = what[w];
            one.subjects.rows = 3, one.subject_groups = (bram_groups){NULL, 0};
            bram_rsa_result *r = infer(&e, 2), *s = infer(&one, 1);
            for (size_t k = 0; k < MODELS; k++) {
                assert_near(r->value[k], s->value[k], 1e-12);
                assert_near(r->variance[k], s->variance[k], 1e-12);
                assert_near(r->ceiling_variance[2 * k], s->ceiling_variance[2 * k], 1e-12);
                assert_near(r->pair.rank[0], s->pair.rank[0], 1e-12);
                assert_near(r->ceiling.t[k], s->ceiling.t[k], 1e-9);
            }
            assert_near(r->lower, s->lower, 1e-12);
            assert_near(r->upper, s->upper, 1e-12);
            assert_near(r->dof, s->dof, 0);
            bram_rsa_result_free(r);
            bram_rsa_result_free(s);
        }
}

/* Without draws, unequal groups: from the deviations of each, summed by hand. */
static void variance_of_groups(void **state)
{
    (void)state;
    static const uint32_t uneven[SUBJECTS] = {0, 1, 1, 1, 2, 2};
    struct data d;
    make(&d);
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.subject_groups.group = uneven;
    bram_rsa_result *r = infer(&e, 1);
    const double *x = r->evaluation;
    double mean = (x[0] + x[1] + x[2] + x[3] + x[4] + x[5]) / 6;
    double a = x[0] - mean, b = x[1] + x[2] + x[3] - 3 * mean, c = x[4] + x[5] - 2 * mean;
    assert_near(r->value[0], mean, 1e-15);
    assert_near(r->variance[0], 3. / 2 * (a * a + b * b + c * c) / 36, 1e-15);
    assert_near(r->dof, 2, 0);
    bram_rsa_result_free(r);
}

static void groups_are_dealt_whole(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    uint32_t fold[N];
    const bram_groups groups = {of_condition, 5};
    const double times[N] = {2, 1, 0, 1, 1, 2, 1, 0, 1, 1}; /* group 2 was not drawn */
    for (uint64_t k = 0; k < 50; k++) {
        assert_ok(cx, bram_rsa_folds_at_random(cx, fold, times, N, &groups, 2, 1, "x", k));
        size_t first = 0;
        for (size_t i = 0; i < N / 2; i++) {
            assert_int_equal(fold[i], fold[i + 5]);
            first += i != 2 && !fold[i];
        }
        assert_int_equal(first, 2); /* of four groups */
    }
    bram_ctx_free(cx);
}

/* Models without parameters that are not split into folds: cross-validation is plain comparison. */
static void dual_of_fitted_models(void **state)
{
    (void)state;
    struct data d;
    make(&d);
    bram_rsa_model models[MODELS];
    for (size_t m = 0; m < MODELS; m++)
        models[m] = (bram_rsa_model){
            .kind = BRAM_RSA_MODEL_FIXED,
            .basis = {d.models[m], 1, PAIRS, PAIRS},
        };
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.resampling = BRAM_RSA_DUAL, e.subject_groups = (bram_groups){NULL, 0};
    bram_rsa_result *plain = infer(&e, 1);
    e.fitted = models, e.fitted_count = MODELS;
    e.subject_folds = e.condition_folds = 1, e.repeats = 2;
    bram_rsa_result *r = infer(&e, 2);
    assert_int_equal(r->ways, 6);
    assert_int_equal(r->valid, plain->valid);
    for (size_t m = 0; m < MODELS; m++) {
        assert_near(r->value[m], plain->value[m], 1e-12);
        assert_near(r->variance[m], plain->variance[m], 1e-12);
        assert_near(r->zero.t[m], plain->zero.t[m], 1e-10);
    }
    assert_near(r->pair_variance[1], plain->pair_variance[1], 1e-12);
    bram_rsa_result_free(r);
    bram_rsa_result_free(plain);
}

/* With folds: each way without the noise of the folds, then corrected; from the draws. */
static void dual_of_a_weighted_sum(void **state)
{
    (void)state;
    struct data d;
    make(&d);
    bram_rsa_model sum = {.kind = BRAM_RSA_MODEL_WEIGHTED,
                          .basis = {d.models[0], MODELS, PAIRS, PAIRS}};
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.subject_groups = e.condition_groups = (bram_groups){NULL, 0};
    e.resampling = BRAM_RSA_DUAL, e.fitted = &sum, e.fitted_count = 1;
    e.subject_folds = 2, e.condition_folds = 1, e.repeats = 2, e.samples = 60;
    bram_rsa_result *r = infer(&e, 2);
    double way[3];
    for (size_t kind = 0; kind < 3; kind++) {
        double mean[3] = {0}, square[3] = {0}, count = 0; /* of both repeats; of each */
        for (int pass = 0; pass < 2; pass++)
            for (size_t b = 0; b < r->samples; b++) {
                const double *row = r->draw + b * 6 * 3;
                bool valid = true;
                for (size_t k = 0; k < 18; k++) valid &= !isnan(row[k]);
                if (!valid) continue;
                const double one = row[6 * kind], other = row[6 * kind + 3];
                const double x[3] = {(one + other) / 2, one, other};
                count += !pass;
                for (size_t k = 0; k < 3; k++)
                    if (pass) square[k] += (x[k] - mean[k]) * (x[k] - mean[k]);
                    else mean[k] += (x[k] - mean[k]) / count;
            }
        assert_int_equal(r->valid, count);
        way[kind] = fmax(0, (2 * square[0] - (square[1] + square[2]) / 2) / (count - 1));
    }
    assert_true(r->valid > 30);
    assert_near(r->variance[0], bram_dual_variance(way[1], way[2], way[0], SUBJECTS, N), 1e-14);
    bram_rsa_result_free(r);
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

static void few_groups(void **state)
{
    (void)state;
    static const uint32_t same[N] = {0};
    struct data d;
    make(&d);
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.subject_groups = (bram_groups){same, 1};
    bram_rsa_result *r = infer(&e, 1); /* values; no variance, no lower ceiling */
    assert_true(isfinite(r->value[0]) && isnan(r->variance[0]) && isnan(r->lower));
    bram_rsa_result_free(r);
    e.resampling = BRAM_RSA_SUBJECTS;
    assert_int_equal(status_of(&e), BRAM_ENOTAPPLICABLE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.condition_groups = (bram_groups){same, 1}, e.resampling = BRAM_RSA_CONDITIONS;
    assert_int_equal(status_of(&e), BRAM_ENOTAPPLICABLE);
    e = design(&d, BRAM_COMPARE_CORR);
    e.subject_groups.groups = 2; /* there is a third */
    assert_int_equal(status_of(&e), BRAM_ESHAPE);
    e.subject_groups.groups = 4; /* of which one is empty */
    assert_int_equal(status_of(&e), BRAM_ESHAPE);
}

static void no_memory(void **state)
{
    (void)state;
    static const bram_rdm_comparator with[] = {BRAM_COMPARE_CORR, BRAM_COMPARE_TAU_A};
    struct data d;
    make(&d);
    for (size_t c = 0; c < 2; c++) {
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

/* Two subjects: half of all samples have one of them, and no lower ceiling. They are as good as the
 * others for the variance of values, which that of the mean of two is. */
static void two_subjects(void **state)
{
    (void)state;
    static const uint32_t drawn[4][2] = {{1, 1}, {2, 0}, {0, 2}, {1, 1}};
    struct data d;
    make(&d);
    bram_rsa_design e = design(&d, BRAM_COMPARE_CORR);
    e.subjects.rows = 2, e.subject_groups = (bram_groups){NULL, 0};
    e.resampling = BRAM_RSA_SUBJECTS, e.samples = 4, e.subject_draw = drawn[0];
    bram_rsa_result *r = infer(&e, 1);
    double difference = r->evaluation[0] - r->evaluation[1];
    assert_int_equal(r->valid, 4);
    /* deviations 0, d/2, -d/2, 0: their variance d^2/6, times 2/1 */
    assert_near(r->variance[0], difference * difference / 3, 1e-15);
    assert_near(r->draw_mean[0], r->value[0], 1e-15);
    assert_true(isnan(r->lower_variance) && isnan(r->ceiling.t[0]));
    assert_true(isnan(r->ceiling.bootstrap[0]) && r->upper_variance > 0);
    bram_rsa_result_free(r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_rsatoolbox),
        cmocka_unit_test(twins_count_as_one),
        cmocka_unit_test(variance_of_groups),
        cmocka_unit_test(groups_are_dealt_whole),
        cmocka_unit_test(dual_of_fitted_models),
        cmocka_unit_test(dual_of_a_weighted_sum),
        cmocka_unit_test(few_groups),
        cmocka_unit_test(two_subjects),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
