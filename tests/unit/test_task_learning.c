/*
 * Tests of benchmarks/task_learning.c: what a network tells of its trainings becomes scores, with
 * the metrics beside; one that measured nothing does not apply.
 */
#include "cell_test.h"

#include <math.h>

enum { ROWS = 400, UNITS = 3 };

static bram_dataset *make(bram_ctx *cx)
{
    bram_dataset *ds;
    bram_axis *time, *neuron;
    bram_response *r;
    double seconds[ROWS];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = (double)t;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, (const char *[]){"a", "b", "c"}));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    for (size_t t = 0; t < ROWS; t++)
        for (size_t u = 0; u < UNITS; u++)
            bram_response_f64(r)[t * UNITS + u] = sin(0.2 * (double)t + (double)u) +
                                                  0.2 * sin(7.1 * (double)(t * t % 97 + u));
    bram_axis_free(time);
    bram_axis_free(neuron);
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/one", r));
    return ds;
}

#define TINY "rnn:hidden=6,window=16,burn=2,batch=4,steps=20,learning="

static void scores_of_trainings(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    static char mse[] = "mse", skill[] = "skill", *metrics[] = {mse, skill};
    bram_benchmark b = test_benchmark(cx, "learning", metrics, 2, "fits=8,samples=50");
    int status = test_cell(cx, &result, &b, ds, "one", TINY "yes,init=lowrank");
    if (status != BRAM_OK) fail_msg("%s", bram_ctx_message(cx));
    double alignment = test_number(result, "kernel_alignment", "value");
    assert_true(alignment > 0 && alignment < 1);
    assert_true(test_number(result, "kernel_alignment", "low") <= alignment);
    assert_true(test_number(result, "kernel_alignment", "high") >= alignment);
    assert_near(test_number(result, "rank_first", "value"), 1, 1e-4);
    assert_true(test_number(result, "recurrent_change", "value") > 0);
    assert_true(test_number(result, "mse", "value") > 0);
    assert_true(test_number(result, "skill", "value") < 1);
    assert_int_equal(bram_response_length(bram_dataset_response(result, "raw"), 1), 8);
    bram_dataset_free(result);
    result = NULL;
    assert_int_equal(test_cell(cx, &result, &b, ds, "one", TINY "no"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(test_cell(cx, &result, &b, ds, "one", "ar"), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_of_trainings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
