/*
 * Tests of the task time-resolved: responses that follow features exactly, values by hand, a
 * visual system in time whose layer and ceiling are known, what is refused.
 */
#include "cell_test.h"
#include "simulate.h"

static char pearson[] = "pearson:constant=zero";
static char *metrics[] = {pearson};

enum { STIMULI = 10, BINS = 4, UNITS = 2 };

static const char *const names[STIMULI] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

/* Of a moment: what the model has there. */
static double state(size_t i, size_t t)
{
    return (double)((7 * i * i + 3 * i * (t * t + 1) + 5 * t) % 13);
}

/* Unit 0 is 5 + 2 state + t, unit 1 the state of the bin before; repeats, if there are, both alike
 * but for e up and down in turn, by condition and bin. */
static bram_dataset *made(bram_ctx *cx, bool repeated, double e)
{
    bram_dataset *ds = NULL;
    size_t repeats = repeated ? 2 : 1, at = 0;
    double x[STIMULI * BINS], y[STIMULI * UNITS * 2 * BINS], still[STIMULI];
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t i = 0; i < STIMULI; i++) {
        still[i] = (double)(i * i % 7);
        for (size_t u = 0; u < UNITS; u++)
            for (size_t k = 0; k < repeats; k++)
                for (size_t t = 0; t < BINS; t++) {
                    double value = u ? t ? state(i, t - 1) : 0 : 5 + 2 * state(i, t) + (double)t;
                    y[at++] = value + ((i + t + k) % 2 ? e : -e);
                }
        for (size_t t = 0; t < BINS; t++) x[i * BINS + t] = state(i, t);
    }
    const char *const axes[] = {"stimulus", "neuron", "repeat", "time"};
    const char *const plain[] = {"stimulus", "neuron", "time"};
    const char *const wide[] = {"stimulus", "time", "feature"}, *const flat[] = {"stimulus", "f"};
    const char *const *const ids[] = {names, NULL, NULL, NULL};
    if (repeated)
        test_add(cx, ds, "responses", "v1", 4, axes, (const size_t[]){STIMULI, UNITS, 2, BINS}, ids,
                 y, NULL);
    else
        test_add(cx, ds, "responses", "v1", 3, plain, (const size_t[]){STIMULI, UNITS, BINS}, ids,
                 y, NULL);
    test_add(cx, ds, "stimuli/features", "state", 3, wide, (const size_t[]){STIMULI, BINS, 1}, ids,
             x, NULL);
    test_add(cx, ds, "stimuli/features", "row", 2, flat, (const size_t[]){STIMULI, BINS}, ids, x,
             NULL);
    test_add(cx, ds, "stimuli/features", "still", 2, flat, (const size_t[]){STIMULI, 1}, ids, still,
             NULL);
    return ds;
}

static void states_that_tell_all(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, false, 0), *result = NULL, *row = NULL;
    bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1,
                                      "lags=0+1,alpha=1e-9,samples=20,weights=bins");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:state"));
    /* a map for each bin takes in the t of unit 0; unit 1 is 0 in the first bin, as are its lags */
    assert_near(test_number(result, pearson, "value"), 1, 1e-12);
    assert_near(test_number(result, "pearson:constant=zero@demeaned", "value"), 1, 1e-12);
    assert_near(test_number(result, "pearson:constant=zero@t2", "value"), 1, 1e-12);
    assert_near(test_number(result, "pearson:constant=zero@t0", "undefined"), 1, 0);
    assert_true(isnan(test_number(result, pearson, "ceiling"))); /* no repeats */
    assert_string_equal(test_text(result, pearson, "resampled"), "10 conditions");
    /* the same from a row of bins x features */
    assert_ok(cx, bram_options_set(cx, b.options, "unfold", "yes"));
    assert_ok(cx, test_cell(cx, &row, &b, ds, "v1", "features:row"));
    assert_near(test_number(row, pearson, "value"), test_number(result, pearson, "value"), 0);
    bram_dataset_free(row);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* One map for all bins of unit 0 misses t alone: least squares of 5 + 2 x + t on x, by hand. */
static void one_map_for_all_bins(void **unused)
{
    (void)unused;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, false, 0), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1,
                                      "split=ordered,folds=2,alpha=1e-9,samples=0,bins=no");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:state"));
    double p[STIMULI * BINS], y[STIMULI * BINS], mean[4] = {0};
    for (size_t f = 0; f < 2; f++) { /* fitted on the other half */
        double n = 0, mx = 0, my = 0, xx = 0, xy = 0;
        for (size_t k = 0; k < 2; k++)
            for (size_t i = 5 * (1 - f); i < 5 * (1 - f) + 5; i++)
                for (size_t t = 0; t < BINS; t++) {
                    double x = state(i, t), at = 5 + 2 * x + (double)t;
                    if (k == 0) n++, mx += x, my += at;
                    else xx += (x - mx / n) * (x - mx / n), xy += (x - mx / n) * (at - my / n);
                }
        for (size_t i = 5 * f; i < 5 * f + 5; i++)
            for (size_t t = 0; t < BINS; t++) {
                p[i * BINS + t] = my / n + xy / xx * (state(i, t) - mx / n);
                y[i * BINS + t] = 5 + 2 * state(i, t) + (double)t;
            }
    }
    double pp = 0, yy = 0, py = 0;
    for (size_t k = 0; k < STIMULI * BINS; k++) mean[0] += p[k] / 40, mean[1] += y[k] / 40;
    for (size_t k = 0; k < STIMULI * BINS; k++) {
        pp += pow(p[k] - mean[0], 2), yy += pow(y[k] - mean[1], 2);
        py += (p[k] - mean[0]) * (y[k] - mean[1]);
    }
    const bram_response *raw = bram_dataset_response(result, "raw");
    assert_near(bram_response_f64((bram_response *)(uintptr_t)raw)[0], py / sqrt(pp * yy), 1e-9);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Halves of two repeats are the repeats; with e = 0 nothing is to be corrected. */
static void what_is_free_of_noise_is_not_corrected(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, true, 0), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1,
                                      "lags=0+1,alpha=1e-9,samples=20,weights=bins,halves=4");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:state"));
    assert_near(test_number(result, "r_noise_corrected", "value"), 1, 1e-9);
    assert_near(test_number(result, pearson, "ceiling"), 1, 1e-12);
    assert_string_equal(test_text(result, "r_noise_corrected", "summary"), "median");
    bram_dataset_free(result);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "mean"));
    assert_near(test_number(result, "pearson:constant=zero@demeaned", "value"), 0, 0);
    assert_near(test_number(result, pearson, "value"), test_number(result, pearson, "floor_mean"),
                0);
    assert_true(isnan(test_number(result, "r_noise_corrected", "value")));
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Mean over units of what the signal itself scores. */
static double true_ceiling(const bram_dataset *ds, bool root)
{
    const bram_axis *unit = bram_response_axis(bram_dataset_response(ds, "responses/area"), 1);
    const double *reliability = bram_axis_column(unit, "true_reliability")->number;
    double sum = 0;
    for (size_t u = 0; u < bram_axis_length(unit); u++) {
        double whole = reliability[u], half = whole / (2 - whole); /* of half of the repeats */
        sum += root ? sqrt(whole) : sqrt((1 + half) / 2);
    }
    return sum / (double)bram_axis_length(unit);
}

static void the_true_layer_in_time(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[3];
    bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1, "samples=200,halves=20");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision-dynamics", 1));
    for (size_t k = 0; k < 3; k++) {
        char model[32];
        snprintf(model, sizeof model, "features:layer%zu", k + 1);
        assert_ok(cx, test_cell(cx, &result[k], &b, ds, "area", model));
    }
    /* in the first bin the layer is 0 for every stimulus: it tells nothing */
    assert_near(test_number(result[1], "pearson:constant=zero@t0", "value"), 0, 0);
    for (size_t k = 0; k < 3; k += 2)
        assert_true(test_number(result[1], pearson, "low") >
                    test_number(result[k], pearson, "high"));
    double ceiling = true_ceiling(ds, true);
    assert_true(test_number(result[1], pearson, "ceiling_low") < ceiling);
    assert_true(test_number(result[1], pearson, "ceiling_high") > ceiling);
    /* the published correction stays below 1 by what half of the data lack; 1 by plain halves */
    double expected = true_ceiling(ds, false);
    assert_near(test_number(result[1], "r_noise_corrected", "value"), expected, 0.03);
    bram_dataset_free(result[1]);
    assert_ok(cx, bram_options_set(cx, b.options, "correction", "halves"));
    assert_ok(cx, test_cell(cx, &result[1], &b, ds, "area", "features:layer2"));
    assert_near(test_number(result[1], "r_noise_corrected", "value"), 1, 0.03);
    for (size_t k = 0; k < 3; k++) bram_dataset_free(result[k]);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"", "ridge", "does not tell features"},
        {"", "features", "layers, expected one"},
        {"", "area:name=v1", "is not predicted from itself"},
        {"lags=0+1", "features:still", "does not change in time"},
        {"unfold=yes", "features:still", "1 features a stimulus, the responses have 4 bins"},
        {"skip=4", "mean", "leaves none of 4 bins"},
        {"folds=6", "mean", "too few for 6 folds"}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, false, 0), *result = NULL;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1, cases[k][0]);
        assert_int_equal(test_cell(cx, &result, &b, ds, "v1", cases[k][1]), BRAM_ENOTAPPLICABLE);
        if (!strstr(bram_ctx_message(cx), cases[k][2]))
            fail_msg("%s: %s", cases[k][1], bram_ctx_message(cx));
        bram_options_free(b.options);
    }
    static char mapped[] = "encoding", *others[] = {mapped};
    bram_benchmark b = test_benchmark(cx, "time-resolved", others, 1, "");
    assert_int_equal(test_cell(cx, &result, &b, ds, "v1", "mean"), BRAM_EUSAGE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, true, 1);
    bram_benchmark b = test_benchmark(cx, "time-resolved", metrics, 1,
                                      "samples=2,folds=2,halves=2,alpha=1+10");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 20) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *fresh = NULL;
        bram_cell cell = {&b, ds, "v1", "features:state", 0};
        assert_ok(own, bram_dataset_new(own, &fresh));
        bram_fail_allocation(k, false);
        status = bram_task_find("time-resolved")->run(own, fresh, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(own));
        bram_dataset_free(fresh);
        bram_ctx_free(own);
        assert_true(k < 100000);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_that_tell_all),
        cmocka_unit_test(one_map_for_all_bins),
        cmocka_unit_test(what_is_free_of_noise_is_not_corrected),
        cmocka_unit_test(the_true_layer_in_time),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
