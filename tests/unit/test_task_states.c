/*
 * Tests of benchmarks/task_states.c with annotated states: rows take the state that they lie in,
 * rows without one are left out, stimuli are no states.
 */
#include "cell_test.h"

#include <bramble/rng.h>

enum { ROWS = 600, UNITS = 3, VISITS = 20 };

/* Two states of 15 s in turn, with other means; the last fifth of each visit is not annotated. */
static bram_dataset *make(bram_ctx *cx, const char *kind)
{
    static double onset[VISITS + 1], offset[VISITS + 1];
    const char *id[VISITS + 1], *kinds[VISITS + 1], *names[UNITS] = {"a", "b", "c"};
    double seconds[ROWS];
    bram_dataset *ds = NULL;
    bram_axis *time = NULL, *neuron = NULL, *events = NULL;
    bram_response *r = NULL;
    bram_rng g = bram_rng_new(1, "test/states");
    for (size_t t = 0; t < ROWS; t++) seconds[t] = 0.5 * (double)t;
    for (size_t v = 0; v < VISITS; v++) {
        id[v] = v % 2 ? "turn" : "forward", kinds[v] = kind;
        onset[v] = 15 * (double)v, offset[v] = onset[v] + 12;
    }
    id[VISITS] = "O2", kinds[VISITS] = "stimulus", onset[VISITS] = 0, offset[VISITS] = 300;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, names));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    bram_axis_free(time);
    bram_axis_free(neuron);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t u = 0; u < UNITS; u++)
            bram_response_f64(r)[t * UNITS + u] = 3 * (double)(t / 30 % 2) + bram_rng_normal(&g);
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
    assert_ok(cx, bram_axis_new(cx, &events, "events", VISITS + 1));
    assert_ok(cx, bram_axis_set_ids(cx, events, id));
    assert_ok(cx, bram_axis_add_number(cx, events, "onset", onset, "s"));
    assert_ok(cx, bram_axis_add_number(cx, events, "offset", offset, "s"));
    assert_ok(cx, bram_axis_add_text(cx, events, "kind", kinds));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "recordings/w", events));
    return ds;
}

static void annotated_states_are_the_truth(void **state)
{
    (void)state;
    static char ari[] = "ari", accuracy[] = "state-accuracy";
    static char *metrics[] = {ari, accuracy};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, "state"), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "states", metrics, 2, "truth=events,samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", "hmm:emission=gaussian,states=2"));
    assert_true(test_number(result, "ari", "value") > 0.9);
    assert_near(test_number(result, "ari", "floor_one-state"), 0, 1e-12);
    const bram_response *truth = bram_dataset_response(result, "states/truth");
    size_t unknown = 0, rows = bram_response_length(truth, 0);
    double value[ROWS];
    assert_ok(cx,
              bram_response_read(cx, truth, (size_t[]){0, 0}, (size_t[]){rows, 1}, value, NULL));
    for (size_t t = 0; t < rows; t++) {
        assert_true(value[t] == 0 || value[t] == 1 || value[t] == -1); /* forward, turn, none */
        unknown += value[t] == -1;
    }
    assert_int_equal(rows,
                     120); /* a fifth of the rows, four visits: 6 of each 30 without a state */
    assert_int_equal(unknown, 24);
    /* the chain itself, for the figures: states of 30 bins, so 29 of 30 steps stay */
    const bram_response *chain = bram_dataset_response(result, "states/transition");
    double p[4];
    assert_non_null(chain);
    assert_ok(cx, bram_response_read(cx, chain, (size_t[]){0, 0}, (size_t[]){2, 2}, p, NULL));
    assert_near(p[0] + p[1], 1, 1e-12);
    assert_near(p[0], 29 / 30., 0.02);
    assert_non_null(bram_dataset_response(result, "states/choice"));
    assert_null(bram_dataset_response(result, "states/connections"));
    bram_dataset_free(result);
    bram_dataset_free(ds);
    ds = make(cx, "stimulus");
    assert_int_equal(test_cell(cx, &result, &b, ds, "w", "hmm:emission=gaussian,states=2"),
                     BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(annotated_states_are_the_truth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
