/*
 * Tests of metrics/trial_scores.c: every such case of the shared reference file (Brain-Score's
 * ceilings and normalizations, neuralpredictors, Sensorium, the Algonauts formula), the recordings
 * of Henaff et al. 2021 and Antolik et al. 2016, values by hand, refusals.
 */
#include "trial_scores.h"

#include "henaff.h"
#include "linalg.h"
#include "metric_test.h"
#include "npy.h"
#include "reference_file.h"

/* Repeats of conditions as trials: repeat by repeat. */
static bram_trials trials_of(bram_ctx *cx, bram_side *side, size_t conditions, size_t repeats,
                             size_t units)
{
    uint32_t *condition = bram_scratch(cx, conditions * repeats, sizeof *condition);
    assert_non_null(condition);
    *side = (bram_side){0};
    assert_ok(cx, bram_mat_scratch(cx, &side->values, conditions * repeats, units));
    for (size_t i = 0; i < conditions * repeats; i++) condition[i] = (uint32_t)(i % conditions);
    return (bram_trials){side, condition, conditions};
}

/* The file's counts are image x repeat x unit. */
static bram_trials repeats_of(const struct reference *r, bram_side *side)
{
    bram_mat counts = reference_table(r, "repeats/counts_image_rep_unit");
    enum { REPEATS = 8, UNITS = 6 };
    bram_trials t = trials_of(r->cx, side, counts.rows, REPEATS, UNITS);
    for (size_t i = 0; i < counts.rows; i++)
        for (size_t k = 0; k < REPEATS; k++)
            memcpy(bram_row(&side->values, k * counts.rows + i), bram_row(&counts, i) + k * UNITS,
                   UNITS * sizeof(double));
    return t;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *x, size_t n)
{
    double sorted[512];
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) sorted[count++] = x[i];
    qsort(sorted, count, sizeof *sorted, by_value);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static void same(const struct reference *r, const double *found, const char *path, double tolerance)
{
    bram_mat want = reference_table(r, path);
    for (size_t u = 0; u < want.rows; u++)
        assert_near(found[u], want.data[u], tolerance * (1 + fabs(want.data[u])));
}

/* Both add 1e-8 to each deviation of a correlation. */
static const bram_trial_options theirs = {.threshold = .15, .epsilon = 1e-8}, ours = {0};

static void sensorium_and_neuralpredictors(void **state)
{
    (void)state;
    struct reference r;
    bram_side side;
    double fev[6], jackknife[6], conservative[6], single[6], average[6], feve[6], mean = 0;
    open_reference(&r);
    bram_trials t = repeats_of(&r, &side);
    bram_mat prediction = reference_table(&r, "repeats/model_image_unit");
    assert_ok(r.cx, bram_trial_limits_of(r.cx, &(bram_trial_limits){fev, jackknife, conservative},
                                         &t, &theirs));
    assert_ok(r.cx, bram_trial_scores_of(r.cx, &(bram_trial_scores){single, average, feve}, &t,
                                         &prediction, &theirs));
    same(&r, fev, "repeats/neuralpredictors/fev", 1e-12);
    same(&r, feve, "repeats/neuralpredictors/feve", 1e-12);
    same(&r, fev, "repeats/neuralpredictors/explainable_var",
         1e-9); /* 1e-9 is added to its variance */
    same(&r, jackknife, "repeats/neuralpredictors/oracle_jackknife", 1e-12);
    same(&r, conservative, "repeats/neuralpredictors/oracle_conservative", 1e-12);
    same(&r, single, "repeats/neuralpredictors/corr_single_trial", 1e-12);
    same(&r, single, "repeats/sensorium/single_trial", 1e-12);
    same(&r, average, "repeats/sensorium/to_average", 1e-12);
    same(&r, feve, "repeats/sensorium/feve_above_0.15", 1e-12);
    for (size_t u = 0; u < 6; u++) mean += single[u] / 6;
    assert_near(mean, reference_number(&r, "repeats/sensorium/single_trial_mean"), 1e-12);
    assert_ok(r.cx, bram_trial_scores_of(r.cx, &(bram_trial_scores){single, average, feve}, &t,
                                         &prediction, &(bram_trial_options){.5, 0}));
    assert_true(isnan(feve[0])); /* 0.381 */
    assert_false(isnan(feve[1]));
    close_reference(&r);
}

/* The same numbers from the metrics single-trial and feve, by the repeats of the brain's rows. */
static void the_metrics_single_trial_and_feve(void **state)
{
    (void)state;
    struct reference r;
    bram_side trials, means = {0};
    double raw[6];
    open_reference(&r);
    bram_trials t = repeats_of(&r, &trials);
    bram_mat prediction = reference_table(&r, "repeats/model_image_unit");
    assert_ok(r.cx, bram_mat_scratch(r.cx, &means.values, t.conditions, 6));
    bram_repeats repeats = {.values = trials.values, .row = t.condition};
    for (size_t k = 0; k < trials.values.rows; k++)
        for (size_t u = 0; u < 6; u++)
            bram_row(&means.values, t.condition[k])[u] += bram_row(&trials.values, k)[u] / 8;
    means.repeats = &repeats;
    struct test_scoring s = {"epsilon=1e-8", {.values = prediction}, means, .weight = NULL};
    assert_ok(r.cx, test_score(r.cx, "single-trial", raw, 6, NULL, &s));
    same(&r, raw, "repeats/sensorium/single_trial", 1e-12);
    s.options = NULL;
    assert_ok(r.cx, test_score(r.cx, "feve", raw, 6, NULL, &s));
    same(&r, raw, "repeats/sensorium/feve_above_0.15", 1e-12);
    s.options = "fev=yes";
    assert_ok(r.cx, test_score(r.cx, "feve", raw, 6, NULL, &s));
    same(&r, raw, "repeats/neuralpredictors/fev", 1e-12);
    s.options = "threshold=0.5";
    assert_ok(r.cx, test_score(r.cx, "feve", raw, 6, NULL, &s));
    assert_true(isnan(raw[0]) && !isnan(raw[1])); /* 0.381 */
    close_reference(&r);
}

/* Two rows, of which one has three trials and the other two, one of them missing for unit 1. */
static void the_metrics_by_hand(void **state)
{
    (void)state;
    double y[] = {1, 1, 2, 2, 3, 3, 6, 6, 8, 99}, m[] = {2, 2, 6, 5}, mean[] = {2, 2, 7, 6}, raw[2],
           once[] = {1, 0};
    uint8_t present[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    const uint32_t row[] = {0, 0, 0, 1, 1};
    bram_repeats repeats = {.values = {y, 5, 2, 2}, .present = present, .row = row};
    bram_ctx *cx = bram_ctx_new();
    struct test_scoring s = {NULL, test_side(m, 2, 2, NULL), test_side(mean, 2, 2, NULL),
                             .weight = NULL};
    s.brain.repeats = &repeats;
    /* unit 0: trials 1 2 3 6 8 of predictions 2 2 2 6 6: means 4 and 3.6; 34, 19.2 and 24 */
    assert_ok(cx, test_score(cx, "single-trial", raw, 2, NULL, &s));
    assert_near(raw[0], 24 / sqrt(34 * 19.2), 1e-15);
    /* MSE (1 + 0 + 1 + 0 + 4) / 5, noise (1 + 2) / 2, variance 34 / 4 */
    assert_ok(cx, test_score(cx, "feve", raw, 2, NULL, &s));
    assert_near(raw[0], 1 - (6 / 5. - 1.5) / (8.5 - 1.5), 1e-15);
    /* unit 1: trials 1 2 3 6 of 2 2 2 5: MSE 3 / 4, noise 1 (the other row has one), variance 14/3
     */
    assert_near(raw[1], 1 - (0.75 - 1) / (14 / 3. - 1), 1e-15);
    s.weight = once; /* the first row alone: its prediction does not vary */
    assert_ok(cx, test_score(cx, "single-trial", raw, 2, NULL, &s));
    assert_true(isnan(raw[0]));
    s.options = "constant=zero";
    assert_ok(cx, test_score(cx, "single-trial", raw, 2, NULL, &s));
    assert_near(raw[0], 0, 0);
    s.weight = NULL, s.options = NULL;
    repeats.values.rows = 1; /* no row has two trials */
    assert_int_equal(test_score(cx, "feve", raw, 2, NULL, &s), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "no row has two trials"));
    bram_ctx_free(cx);
}

static void brain_scores_ceiling_and_normalization(void **state)
{
    (void)state;
    struct reference r;
    bram_side side;
    open_reference(&r);
    bram_trials t = repeats_of(&r, &side);
    bram_mat want_r = reference_table(&r, "repeats/split_half_r");
    bram_mat want = reference_table(&r, "repeats/spearman_brown");
    bram_mat medians = reference_table(&r, "repeats/median_per_split");
    const bram_json *splits = reference_at(&r, "repeats/split_halves");
    double ceiling = 0, square = 0, raw[6], full[6];
    for (size_t s = 0; s < 10; s++) {
        uint8_t half[8 * 18] = {0};
        for (uint8_t h = 1; h <= 2; h++) {
            size_t n,
                *repeat = reference_rows(
                    &r, bram_json_get(bram_json_at(splits, s), h == 1 ? "half1" : "half2"), &n);
            for (size_t k = 0; k < n; k++) memset(half + repeat[k] * 18, h, 18);
        }
        assert_ok(r.cx, bram_given_halves(r.cx, raw, full, &t, half));
        for (size_t u = 0; u < 6; u++) {
            assert_near(raw[u], bram_row(&want_r, s)[u], 1e-12);
            assert_near(full[u], bram_row(&want, s)[u], 1e-12);
        }
        assert_near(median(full, 6), medians.data[s], 1e-12);
        ceiling += median(full, 6) / 10;
    }
    for (size_t s = 0; s < 10; s++) square += pow(medians.data[s] - ceiling, 2) / 10;
    assert_near(ceiling, reference_number(&r, "repeats/ceiling"), 1e-12);
    assert_near(sqrt(square / 10), reference_number(&r, "repeats/ceiling_error"), 1e-12);
    bram_rule_input in = {reference_number(&r, "repeats/raw_score_median_r"), ceiling, NULL, NULL,
                          0};
    double value;
    assert_ok(r.cx, bram_normalized(r.cx, &value, NULL, BRAM_RULE_R2_OVER_RELIABILITY, &in));
    assert_near(value, reference_number(&r, "repeats/normalised_r2_over_ceiling"), 1e-12);
    assert_ok(r.cx, bram_normalized(r.cx, &value, NULL, BRAM_RULE_SQUARED_RATIO, &in));
    assert_near(value, reference_number(&r, "repeats/normalised_squared_ratio"), 1e-12);
    /* ours is wider: 10 splits of 9 to 1 overlap */
    assert_near(bram_corrected_variance(medians.data, 10, 1. / 9), square * 10 / 9 * (.1 + 1. / 9),
                1e-15);
    close_reference(&r);
}

static void algonauts(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat snr = reference_table(&r, "algonauts2023/ncsnr"),
             raw = reference_table(&r, "algonauts2023/r");
    bram_mat images = reference_table(&r, "algonauts2023/images_with_3_2_1_repeats");
    bram_mat percent = reference_table(&r, "algonauts2023/percent");
    double ceiling[5], value;
    for (size_t u = 0; u < 5; u++) ceiling[u] = bram_noise_ceiling(snr.data[u], images.data);
    same(&r, ceiling, "algonauts2023/noise_ceiling", 1e-12);
    for (size_t u = 0; u < 5; u++) {
        bram_rule_input one = {0, 0, raw.data + u, ceiling + u, 1};
        assert_ok(r.cx, bram_normalized(r.cx, &value, NULL, BRAM_RULE_NC_PERCENT, &one));
        assert_near(value, percent.data[u], 1e-12 * 100);
    }
    bram_rule_input all = {0, 0, raw.data, ceiling, 5};
    assert_ok(r.cx, bram_normalized(r.cx, &value, NULL, BRAM_RULE_NC_PERCENT, &all));
    assert_near(value, reference_number(&r, "algonauts2023/median_percent"), 1e-10);
    close_reference(&r);
}

/* 3 units: r .6 and c .5 give .72 and .8485; c <= 0 and an undefined r are left out. */
static void rules_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double r[] = {.6, .4, NAN, .2}, c[] = {.5, -.1, .9, .8}, value;
    size_t left;
    bram_rule_input in = {.5, .8, r, c, 4};
    assert_ok(cx, bram_normalized(cx, &value, &left, BRAM_RULE_UNITWISE, &in));
    assert_near(value, (.36 / .5 + .04 / .8) / 2, 1e-15);
    assert_int_equal(left, 2);
    assert_ok(cx, bram_normalized(cx, &value, &left, BRAM_RULE_R_OVER_ROOT, &in));
    assert_near(value, (.6 / sqrt(.5) + .2 / sqrt(.8)) / 2, 1e-15);
    assert_ok(cx, bram_normalized(cx, &value, &left, BRAM_RULE_RATIO, &in));
    assert_near(value, .5 / .8, 1e-15);
    assert_int_equal(left, 0);
    assert_ok(cx, bram_normalized(cx, &value, NULL, BRAM_RULE_NONE, &in));
    assert_near(value, .5, 0);
    in.ceiling = 0;
    assert_ok(cx, bram_normalized(cx, &value, NULL, BRAM_RULE_SQUARED_RATIO, &in));
    assert_true(isnan(value));
    in.units = 0;
    assert_ok(cx, bram_normalized(cx, &value, NULL, BRAM_RULE_UNITWISE, &in));
    assert_true(isnan(value));
    bram_rule rule;
    for (int k = 0; k <= BRAM_RULE_NC_PERCENT; k++) {
        assert_true(bram_rule_find(&rule, bram_rule_name((bram_rule)k)));
        assert_int_equal(rule, k);
    }
    assert_false(bram_rule_find(&rule, "best"));
    assert_true(isnan(bram_corrected_variance(r, 1, 1)));
    bram_ctx_free(cx);
}

/* Two conditions of two trials: values 1 3 | 5 7, prediction 2 | 5. Noise 2, variance 20/3,
 * MSE 1.5: FEV 0.7, FEVe 1 - (-.5) / (14/3); oracle r over (1,3) (3,1) (5,7) (7,5): 12/20. */
static void trials_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_side side;
    bram_trials t = trials_of(cx, &side, 2, 2, 2);
    double v[] = {1, 4, 5, 4, 3, 4, 7, 4}, p[] = {2, 0, 5, 1}, a[2], b[2], c[2];
    memcpy(side.values.data, v, sizeof v);
    assert_ok(cx, bram_trial_limits_of(cx, &(bram_trial_limits){a, b, c}, &t, &ours));
    assert_near(a[0], .7, 1e-15);
    assert_near(b[0], .6, 1e-15);
    assert_near(c[0], sqrt(4. / 5), 1e-15);
    assert_true(isnan(a[1]) && isnan(b[1]) && isnan(c[1])); /* constant */
    bram_mat mp = {p, 2, 2, 2};
    assert_ok(cx, bram_trial_scores_of(cx, &(bram_trial_scores){a, b, c}, &t, &mp, &ours));
    assert_near(a[0], 12 / sqrt(20 * 9.), 1e-15);
    assert_near(b[0], 1, 1e-15);
    assert_near(c[0], 1 + .5 / (14. / 3), 1e-14);
    assert_true(isnan(a[1]) && isnan(b[1]) && isnan(c[1]));
    p[2] = NAN;
    a[0] = 42;
    assert_int_equal(bram_trial_scores_of(cx, &(bram_trial_scores){a, b, c}, &t, &mp, &ours),
                     BRAM_ENUMERIC);
    p[2] = 5, mp.rows = 1;
    assert_int_equal(bram_trial_scores_of(cx, &(bram_trial_scores){a, b, c}, &t, &mp, &ours),
                     BRAM_ESHAPE);
    side.values.rows = 2;
    assert_int_equal(bram_trial_limits_of(cx, &(bram_trial_limits){a, b, c}, &t, &ours),
                     BRAM_ESHAPE);
    assert_near(a[0], 42, 0);
    bram_ctx_free(cx);
}

/* ---- recordings ----------------------------------------------------------------------------- */

static void antolik(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (int region = 1; region <= 2; region++) {
        char path[512], key[96];
        snprintf(key, sizeof key, "vision/encoding/antolik2016/region%d/raw_validation_set.npy",
                 region);
        test_data(path, key);
        bram_npy *npy;
        assert_ok(r.cx, bram_npy_open(r.cx, &npy, path));
        const size_t *shape = bram_npy_describe(npy)->shape;
        size_t repeats = shape[0], images = shape[1], units = shape[2];
        bram_side side;
        bram_trials t = trials_of(r.cx, &side, images, repeats, units);
        assert_ok(r.cx, bram_npy_read(r.cx, npy, side.values.data));
        bram_npy_close(npy);
        double *out = bram_scratch(r.cx, 5 * units, sizeof *out);
        uint8_t *half = bram_scratch(r.cx, repeats * images, 1);
        for (size_t i = 0; i < repeats * images; i++) half[i] = (uint8_t)(1 + i / images % 2);
        bram_trial_limits limits = {out, out + units, out + 2 * units};
        assert_ok(r.cx, bram_trial_limits_of(r.cx, &limits, &t, &theirs));
        assert_ok(r.cx, bram_given_halves(r.cx, out + 3 * units, out + 4 * units, &t, half));
        snprintf(key, sizeof key, "real/antolik2016/region%d/fev", region);
        same(&r, limits.fev, key, 1e-12);
        snprintf(key, sizeof key, "real/antolik2016/region%d/oracle_jackknife", region);
        same(&r, limits.oracle_jackknife, key, 1e-12);
        snprintf(key, sizeof key, "real/antolik2016/region%d/odd_even_r", region);
        same(&r, out + 3 * units, key, 1e-12);
        snprintf(key, sizeof key, "real/antolik2016/region%d/median_spearman_brown", region);
        assert_near(median(out + 4 * units, units), reference_number(&r, key), 1e-12);
        snprintf(key, sizeof key, "real/antolik2016/region%d/median_fev", region);
        assert_near(median(limits.fev, units), reference_number(&r, key), 1e-12);
    }
    close_reference(&r);
}

/* Odd against even repeats over the 440 images; what is missing is not in a mean. */
static void henaff(void **state)
{
    (void)state;
    static const char *const sessions[] = {"ay2_u003", "ay2_u007", "ay3_u001", "ay3_u002",
                                           "ay4_u001", "ay4_u006", "ay5_u005"};
    struct reference r;
    open_reference(&r);
    for (size_t k = 0; k < sizeof sessions / sizeof *sessions; k++) {
        char path[512], key[96];
        snprintf(key, sizeof key, "vision/encoding/henaff2021/V1_responses/%s_image_sequences.mat",
                 sessions[k]);
        test_data(path, key);
        uint8_t *present;
        size_t repeats, mark = bram_scratch_mark(r.cx);
        bram_side side = henaff_session(r.cx, path, &present, &repeats);
        size_t rows = side.values.rows, units = side.values.cols;
        uint32_t *condition = bram_scratch(r.cx, rows, sizeof *condition);
        uint8_t *half = bram_scratch(r.cx, rows, 1);
        double *raw = bram_scratch(r.cx, units, sizeof *raw), sum = 0, missing = 0;
        double *full = bram_scratch(r.cx, units, sizeof *full);
        for (size_t i = 0; i < rows; i++) {
            condition[i] = (uint32_t)(i % HENAFF_IMAGES);
            half[i] = (uint8_t)(1 + i / HENAFF_IMAGES % 2);
            for (size_t u = 0; u < units; u++) {
                sum += bram_row(&side.values, i)[u];
                missing += !present[i * units + u];
            }
        }
        bram_trials t = {&side, condition, HENAFF_IMAGES};
        assert_ok(r.cx, bram_given_halves(r.cx, raw, full, &t, half));
        snprintf(key, sizeof key, "real/henaff2021/consistency/%s/r", sessions[k]);
        same(&r, raw, key, 1e-12);
        snprintf(key, sizeof key, "real/henaff2021/consistency/%s/spearman_brown", sessions[k]);
        same(&r, full, key, 1e-12);
        snprintf(key, sizeof key, "real/henaff2021/consistency/%s/median_spearman_brown",
                 sessions[k]);
        assert_near(median(full, units), reference_number(&r, key), 1e-12);
        snprintf(key, sizeof key, "real/henaff2021/consistency/%s/spikes", sessions[k]);
        assert_near(sum, reference_number(&r, key), 0);
        snprintf(key, sizeof key, "real/henaff2021/consistency/%s/missing", sessions[k]);
        assert_near(missing, reference_number(&r, key), 0);
        free(present);
        bram_scratch_release(r.cx, mark);
    }
    close_reference(&r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sensorium_and_neuralpredictors),
        cmocka_unit_test(the_metrics_single_trial_and_feve),
        cmocka_unit_test(the_metrics_by_hand),
        cmocka_unit_test(brain_scores_ceiling_and_normalization),
        cmocka_unit_test(algonauts),
        cmocka_unit_test(rules_by_hand),
        cmocka_unit_test(trials_by_hand),
        cmocka_unit_test(antolik),
        cmocka_unit_test(henaff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
