/*
 * Tests of benchmarks/task_motor.c and simulate_motor.c: a network that was told a few neurons as
 * well as the muscles tells more of the others than one that was told the muscles; parts, sets and
 * each refusal.
 */
#include "cell_test.h"
#include "simulate.h"

static char r2[] = "r2", *metrics[] = {r2};

static double score(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                    const char *model, double *output)
{
    bram_dataset *result = NULL;
    int status = test_cell(cx, &result, b, ds, "20%", model);
    if (status != BRAM_OK) fail_msg("%s: %s", model, bram_ctx_message(cx));
    double value = test_number(result, "r2@test/unrecorded", "value");
    *output = test_number(result, "r2@test/output", "value");
    assert_near(test_number(result, "r2@test/output", "units"), 2, 0);
    assert_near(test_number(result, "r2@test/recorded", "units"), 12, 0);
    assert_near(test_number(result, "r2@left-out/unrecorded", "units"), 48, 0);
    assert_true(test_number(result, "r2@perturbed/output", "low") <=
                test_number(result, "r2@perturbed/output", "value"));
    bram_dataset_free(result);
    return value;
}

static void told_neurons_help(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    double output[2];
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-motor", 1));
    bram_benchmark b = test_benchmark(cx, "motor", metrics, 1, "samples=50,ridge=1+100");
    double with = score(cx, &b, ds, "force:neurons=60,steps=120,rate=0.01", &output[0]);
    double without = score(cx, &b, ds, "force:neurons=60,steps=120,rate=0.01,internal=no",
                           &output[1]);
    assert_true(output[0] > 0.6 && output[1] > 0.6);
    assert_true(with > without + 0.02);
    bram_axis *parts = NULL;
    assert_ok(cx, bram_task_find("motor")->parts(cx, &parts, &b, ds));
    assert_int_equal(bram_axis_length(parts), 4);
    assert_string_equal(bram_axis_id(parts, 0), "5%");
    bram_axis_free(parts);
    bram_dataset *result = NULL;
    assert_int_equal(test_cell(cx, &result, &b, ds, "20%", "copy"), BRAM_ENOTAPPLICABLE);
    assert_ok(cx, bram_options_set(cx, b.options, "output", "hand"));
    assert_int_equal(test_cell(cx, &result, &b, ds, "20%", "force"), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void other_data_do_not_apply(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *empty = NULL, *result = NULL;
    assert_ok(cx, bram_dataset_new(cx, &empty));
    bram_benchmark b = test_benchmark(cx, "motor", metrics, 1, "");
    assert_int_equal(test_cell(cx, &result, &b, empty, "20%", "force"), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(empty);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(told_neurons_help),
                                       cmocka_unit_test(other_data_do_not_apply)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
