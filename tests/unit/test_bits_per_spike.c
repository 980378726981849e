/* Tests of metrics/bits_per_spike.c: by hand, and nlb_tools' figure of the reference file. */
#include "json.h"

#include <bramble/metric.h>

#include "test.h"

static int score(bram_ctx *cx, double *out, const char *spec, double *rate, double *count,
                 size_t rows, size_t units)
{
    bram_side model = {.values = {rate, rows, units, units}},
              brain = {.values = {count, rows, units, units}};
    double *raw = NULL;
    size_t values;
    int status = bram_metric_score(cx, &raw, &values, NULL, spec, &model, &brain, NULL);
    if (status == BRAM_OK) {
        assert_int_equal(values, 1);
        *out = raw[0];
    }
    bram_free(raw);
    return status;
}

/* Counts 0 2: mean rate 1. Rates 0.5 1.5: NLL 2 - 2 ln 1.5 against 2 - 2 ln 1; so ln 1.5 / ln 2. */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double rate[] = {0.5, 1.5}, count[] = {0, 2}, bits = NAN;
    assert_ok(cx, score(cx, &bits, "bits-per-spike", rate, count, 2, 1));
    assert_near(bits, log(1.5) / log(2), 1e-14);
    double same[] = {1, 1};
    assert_ok(cx, score(cx, &bits, "bits-per-spike", same, count, 2, 1));
    assert_near(bits, 0, 1e-14);
    double two[] = {0.5, 7, 1.5, 7},
           counts[] = {0, 5, 2, 1}; /* a second unit that does not count */
    assert_ok(cx, score(cx, &bits, "bits-per-spike:first=1", two, counts, 2, 2));
    assert_near(bits, log(1.5) / log(2), 1e-14);
    bram_ctx_free(cx);
}

static void rates_below_the_least_count_as_that(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double rate[] = {-3, 0.25, 2, 1}, lifted[] = {0.125, 0.25, 2, 1}, count[] = {0, 1, 3, 0}, a = 0,
           b = 1;
    assert_ok(cx, score(cx, &a, "bits-per-spike:least=0.125", rate, count, 2, 2));
    assert_ok(cx, score(cx, &b, "bits-per-spike:least=0.125", lifted, count, 2, 2));
    assert_near(a, b, 0);
    bram_ctx_free(cx);
}

static void a_recording_without_spikes_is_undefined(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double rate[] = {1, 1}, count[] = {0, 0}, bits = 0;
    assert_ok(cx, score(cx, &bits, "bits-per-spike", rate, count, 2, 1));
    assert_true(isnan(bits));
    count[1] = -1;
    assert_int_equal(score(cx, &bits, "bits-per-spike", rate, count, 2, 1), BRAM_ENUMERIC);
    rate[0] = NAN;
    count[1] = 1;
    assert_int_equal(score(cx, &bits, "bits-per-spike", rate, count, 2, 1), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

enum { TRIALS = 6, BINS = 10, UNITS = 3 };

static void flatten(bram_ctx *cx, double *out, const bram_json *array)
{
    for (size_t i = 0; i < TRIALS; i++)
        for (size_t t = 0; t < BINS; t++) {
            double *row = NULL;
            size_t count;
            assert_ok(cx,
                      bram_json_numbers(cx, &row, &count, bram_json_at(bram_json_at(array, i), t)));
            assert_int_equal(count, UNITS);
            memcpy(out + (i * BINS + t) * UNITS, row, UNITS * sizeof *row);
            bram_free(row);
        }
}

static void the_figure_of_nlb_tools(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "../reference/baselines_reference.json");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file = NULL;
    assert_ok(cx, bram_json_read(cx, &file, path, 1 << 28));
    const bram_json *its = bram_json_get(bram_json_get(file, "cases"), "bits_per_spike");
    const bram_json *in = bram_json_get(its, "in");
    double count[TRIALS * BINS * UNITS], rate[TRIALS * BINS * UNITS], expected, bits = NAN;
    flatten(cx, count, bram_json_get(in, "spikes"));
    flatten(cx, rate, bram_json_get(in, "rates"));
    assert_true(
        bram_json_number(bram_json_get(bram_json_get(its, "out"), "bits_per_spike"), &expected));
    assert_ok(cx, score(cx, &bits, "bits-per-spike", rate, count, TRIALS * BINS, UNITS));
    assert_near(bits, expected, 1e-13); /* sums of 180 terms */
    bram_json_free(file);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(rates_below_the_least_count_as_that),
        cmocka_unit_test(a_recording_without_spikes_is_undefined),
        cmocka_unit_test(the_figure_of_nlb_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
