/*
 * Tests of the task geometry: values and ceilings by hand on RDMs of four stimuli, subjects and
 * sessions, and the simulated visual system, whose true layer must win.
 */
#include "cell_test.h"
#include "internal.h"
#include "simulate.h"

enum { N = 4, SIZE = N * N };

static const char *const stimuli[] = {"a", "b", "c", "d"};

/* The square matrix with these six pairs. */
static void square(double *out, const double *pairs)
{
    for (size_t i = 0, k = 0; i < N; i++) {
        out[i * N + i] = 0;
        for (size_t j = i + 1; j < N; j++, k++) out[i * N + j] = out[j * N + i] = pairs[k];
    }
}

/* Two subjects, the second in two sessions whose mean is its RDM; model RDMs in another order. */
static bram_dataset *made(bram_ctx *cx)
{
    static const double pairs[3][6] = {
        {1, 2, 3, 4, 5, 6}, {2, 0, 3, 6, 4, 6}, {2, 2, 5, 4, 4, 8}}; /* mean: 2 1 4 5 4 7 */
    static const double model[6] = {1, 3, 2, 4, 6, 5};
    static const char *const ids[] = {"x", "y/1", "y/2"}, *const who[] = {"x", "y", "y"};
    static const size_t order[N] = {2, 0, 3, 1};
    double values[3 * SIZE], feature[SIZE], shuffled[SIZE];
    const char *shuffled_id[N];
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t s = 0; s < 3; s++) square(values + s * SIZE, pairs[s]);
    bram_axis *axis[3] = {0};
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "subject", 3));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], ids));
    assert_ok(cx, bram_axis_add_text(cx, axis[0], "subject", who));
    for (size_t d = 1; d < 3; d++) {
        assert_ok(cx, bram_axis_new(cx, &axis[d], d == 1 ? "stimulus" : "stimulus_2", N));
        assert_ok(cx, bram_axis_set_ids(cx, axis[d], stimuli));
    }
    assert_ok(cx, bram_response_new(cx, &r, "it", BRAM_F64, 3,
                                    (const bram_axis *[]){axis[0], axis[1], axis[2]}));
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    memcpy(bram_response_f64(r), values, sizeof values);
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "kind", "rdm"));
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
    square(feature, model);
    for (size_t i = 0; i < N; i++) {
        shuffled_id[i] = stimuli[order[i]];
        for (size_t j = 0; j < N; j++) shuffled[i * N + j] = feature[order[i] * N + order[j]];
    }
    test_add(cx, ds, "stimuli/features", "net", 2, (const char *const[]){"stimulus", "stimulus_2"},
             (const size_t[]){N, N}, (const char *const *const[]){shuffled_id, shuffled_id},
             shuffled, "rdm");
    return ds;
}

static char pearson[] = "rsa:rdm=given,compare=pearson";
static char *metrics[] = {pearson};

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=20");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "it", "features:net"));
    /* x = 1 2 3 4 5 6, y = 2 1 4 5 4 7 (mean of sessions), model = 1 3 2 4 6 5.
     * Sums about the means: xx = 17.5, mm = 17.5, yy = 111 - 23^2/6 = 137/6;
     * xm = 89 - 73.5 = 15.5; ym = 2+3+8+20+24+35 - 80.5 = 11.5; xy = 2+2+12+20+20+42 - 80.5 = 17.5
     */
    double xm = 15.5 / 17.5, ym = 11.5 / sqrt(17.5 * 137 / 6), xy = 17.5 / sqrt(17.5 * 137 / 6);
    assert_near(test_number(result, pearson, "value"), (xm + ym) / 2, 1e-14);
    assert_near(test_number(result, pearson, "units"), 2, 0);
    /* lower: each against the other; upper: against the sum of z-scores, (1 + r)/sqrt(2 + 2 r) */
    assert_near(test_number(result, pearson, "ceiling_low"), xy, 1e-14);
    assert_near(test_number(result, pearson, "ceiling_high"), sqrt((1 + xy) / 2), 1e-14);
    assert_near(test_number(result, pearson, "ceiling"), xy, 1e-14);
    assert_near(test_number(result, pearson, "ceiling_noise"), sqrt(0.5), 1e-15);
    assert_near(test_number(result, pearson, "normalized"), (xm + ym) / 2 / xy, 1e-14);
    assert_string_equal(test_text(result, pearson, "ceiling_rule"), "other subjects");
    assert_string_equal(test_text(result, pearson, "normalization"), "ratio");
    const bram_response *raw = bram_dataset_response(result, "raw");
    assert_string_equal(bram_axis_id(bram_response_axis(raw, 1), 1), "y");
    double values[2];
    assert_ok(cx, bram_response_read(cx, raw, (size_t[]){0, 0}, (size_t[]){1, 2}, values, NULL));
    assert_near(values[0], xm, 1e-14);
    assert_near(values[1], ym, 1e-14);
    /* four stimuli are too few to resample */
    assert_true(isnan(test_number(result, pearson, "low")));
    bram_dataset_free(result);
    assert_ok(cx, bram_options_set(cx, b.options, "ceiling", "upper"));
    assert_ok(cx, test_cell(cx, &result, &b, ds, "it", "features:net"));
    assert_near(test_number(result, pearson, "ceiling"), sqrt((1 + xy) / 2), 1e-14);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Crossnobis of an area with two repeats: products of the differences in one and the other, over
 * two channels. a - b: (1, 0) and (2, 2), so 1; a - c: (-4, -5) and (-2, -5), so 16.5; and so on.
 */
static void distances_between_repeats(void **state)
{
    (void)state;
    static char crossnobis[] = "rsa:rdm=crossnobis,compare=cosine";
    static char *cosine[] = {crossnobis};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", cosine, 1, "samples=0");
    double area[N * 2 * 2] = {1, 3, 0, 2, 0, 1, 0, 0, 5, 5, 5, 7, 2, 1, 4, 5}; /* unit, repeat */
    static const char *const names[] = {"stimulus", "neuron", "repeat"};
    static const size_t shape[] = {N, 2, 2};
    test_add(cx, ds, "responses", "v1", 3, names, shape,
             (const char *const *const[]){stimuli, NULL, NULL}, area, NULL);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:net"));
    /* brain 1 16.5 5 27.5 10 7, model 1 3 2 4 6 5 */
    assert_near(test_number(result, crossnobis, "value"), 265.5 / sqrt(91 * 1203.5), 1e-14);
    assert_near(test_number(result, crossnobis, "chance"), 0, 0);
    bram_dataset_free(result);
    /* an area whose responses were averaged has none */
    static const size_t flat[] = {N, 2};
    test_add(cx, ds, "responses", "v2", 2, names, flat, (const char *const *const[]){stimuli, NULL},
             area, NULL);
    assert_int_equal(test_cell(cx, &result, &b, ds, "v2", "features:net"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "has no measurements"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=0");
    assert_int_equal(test_cell(cx, &result, &b, ds, "v1", "features:net"), BRAM_EABSENT);
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features:other"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "they have: net"));
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "mean"), BRAM_ENOTAPPLICABLE);
    double few[] = {1, 2, 3};
    test_add(cx, ds, "stimuli/features", "short", 2, (const char *const[]){"stimulus", "feature"},
             (const size_t[]){3, 1}, (const char *const *const[]){stimuli, NULL}, few, NULL);
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features:short"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "lacks 1 of 4 stimuli, the first is \"d\""));
    /* several sets: one must be named */
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features"), BRAM_ENOTAPPLICABLE);
    static char v4[] = "v4", *parts[] = {v4};
    bram_axis *axis = NULL;
    b.parts = parts, b.part_count = 1;
    assert_int_equal(bram_task_find("geometry")->parts(cx, &axis, &b, ds), BRAM_EABSENT);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=4");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *fresh = NULL;
        bram_cell cell = {&b, ds, "it", "features:net", 0};
        assert_ok(own, bram_dataset_new(own, &fresh));
        bram_fail_allocation(k, false);
        status = bram_task_find("geometry")->run(own, fresh, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(fresh);
        bram_ctx_free(own);
        assert_true(k < 10000);
    }
    (void)result;
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The area reads layer 2: that layer must win, and with its own geometry reach the noise ceiling.
 */
static void the_true_layer_wins(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[3];
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=100");
    static char correlation[] = "rsa:rdm=correlation,compare=pearson",
                *of_patterns[] = {correlation};
    b.metrics = of_patterns;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    for (size_t k = 0; k < 3; k++) {
        char model[32];
        snprintf(model, sizeof model, "features:layer%zu", k + 1);
        assert_ok(cx, test_cell(cx, &result[k], &b, ds, "area", model));
    }
    double value = test_number(result[1], correlation, "value");
    assert_true(test_number(result[1], correlation, "low") >
                test_number(result[0], correlation, "high"));
    assert_true(test_number(result[1], correlation, "low") >
                test_number(result[2], correlation, "high"));
    assert_true(test_number(result[1], correlation, "ceiling_low") <= value);
    assert_true(test_number(result[1], correlation, "ceiling_high") >= value);
    assert_true(test_number(result[0], correlation, "value") <
                test_number(result[0], correlation, "ceiling_low"));
    for (size_t k = 0; k < 3; k++) bram_dataset_free(result[k]);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* About other subjects as well: the same value, a wider interval that is even about it. */
static void subjects_can_be_drawn_too(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *one = NULL, *two = NULL;
    static char correlation[] = "rsa:rdm=correlation,compare=pearson",
                *of_patterns[] = {correlation}, median[] = "median rsa:rdm=correlation",
                *of_medians[] = {median};
    bram_benchmark b = test_benchmark(cx, "geometry", of_patterns, 1, "samples=200");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    assert_ok(cx, test_cell(cx, &one, &b, ds, "area", "features:layer1"));
    assert_ok(cx, bram_options_set(cx, b.options, "bootstrap", "both"));
    assert_ok(cx, test_cell(cx, &two, &b, ds, "area", "features:layer1"));
    double value = test_number(two, correlation, "value");
    double low = test_number(two, correlation, "low"), high = test_number(two, correlation, "high");
    assert_near(value, test_number(one, correlation, "value"), 0);
    assert_near(high - value, value - low, 1e-12);
    assert_true(high - low >
                test_number(one, correlation, "high") - test_number(one, correlation, "low"));
    assert_non_null(strstr(test_text(two, correlation, "resampled"), "subjects"));
    b.metrics = of_medians; /* a median of drawn subjects is not defined here */
    bram_dataset *none = NULL;
    assert_int_equal(test_cell(cx, &none, &b, ds, "area", "features:layer1"), BRAM_EUSAGE);
    bram_dataset_free(one);
    bram_dataset_free(two);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(distances_between_repeats),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(every_failing_allocation),
        cmocka_unit_test(the_true_layer_wins),
        cmocka_unit_test(subjects_can_be_drawn_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
