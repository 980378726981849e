/*
 * Tests of benchmarks/simulate_pictures.c: a valid dataset, the same for the same seed, in which
 * the model that made an area wins, below a ceiling whose interval holds the true one.
 */
#include "cell_test.h"
#include "simulate.h"

static char pearson[] = "pearson:constant=zero";
static char *metrics[] = {pearson};

static void a_valid_dataset(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *a = NULL, *b = NULL, *c = NULL;
    char hex[3][65];
    size_t errors = 42;
    assert_ok(cx, bram_simulate(cx, &a, "simulated-pictures", 1));
    assert_ok(cx, bram_simulate(cx, &b, "simulated-pictures", 1));
    assert_ok(cx, bram_simulate(cx, &c, "simulated-pictures", 2));
    assert_ok(cx, bram_dataset_check(cx, a, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    assert_ok(cx, bram_dataset_hash(cx, a, hex[0]));
    assert_ok(cx, bram_dataset_hash(cx, b, hex[1]));
    assert_ok(cx, bram_dataset_hash(cx, c, hex[2]));
    assert_string_equal(hex[0], hex[1]);
    assert_string_not_equal(hex[0], hex[2]);
    const bram_response *r = bram_dataset_response(a, "stimuli/images/leaves");
    assert_int_equal(bram_response_length(r, 0), 400);
    assert_int_equal(bram_response_length(r, 2), 64);
    bram_dataset_free(a);
    bram_dataset_free(b);
    bram_dataset_free(c);
    bram_ctx_free(cx);
}

static double true_ceiling(const bram_dataset *ds, const char *path)
{
    const bram_axis *unit = bram_response_axis(bram_dataset_response(ds, path), 1);
    const double *reliability = bram_axis_column(unit, "true_reliability")->number;
    double sum = 0;
    for (size_t u = 0; u < bram_axis_length(unit); u++) sum += sqrt(reliability[u]);
    return sum / (double)bram_axis_length(unit);
}

static void who_made_an_area_wins(void **state)
{
    (void)state;
    static const char *const area[] = {"retina", "v1"};
    static const char *const model[] = {"pixels", "gabor:size=64,frequencies=4+8,normalize=no"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[2];
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1, "samples=200");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-pictures", 1));
    for (size_t a = 0; a < 2; a++) {
        char path[32];
        for (size_t m = 0; m < 2; m++)
            assert_ok(cx, test_cell(cx, &result[m], &b, ds, area[a], model[m]));
        const bram_dataset *best = result[a], *other = result[1 - a];
        assert_true(test_number(best, pearson, "value") > 0.6);
        assert_true(test_number(best, pearson, "low") > test_number(other, pearson, "high"));
        snprintf(path, sizeof path, "responses/%s", area[a]);
        double ceiling = true_ceiling(ds, path);
        assert_true(test_number(best, pearson, "ceiling_low") < ceiling);
        assert_true(test_number(best, pearson, "ceiling_high") > ceiling);
        assert_true(test_number(best, pearson, "value") < ceiling);
        for (size_t m = 0; m < 2; m++) bram_dataset_free(result[m]);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_dataset),
        cmocka_unit_test(who_made_an_area_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
