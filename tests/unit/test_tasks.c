/*
 * The tasks on the simulated worm, where the truth is known: who must win does, and floors are what
 * they should be. One part and few draws each, in this process.
 */
#include "simulate.h"
#include "test.h"

#include <bramble/benchmark.h>
#include <bramble/rng.h>

static bram_dataset *worm; /* made once */

/* The result of one cell; fails the test unless the status is as expected. */
static bram_dataset *run(const char *benchmark, const char *part, const char *model, int expected)
{
    bram_ctx *cx = bram_ctx_new();
    bram_benchmark *b;
    char path[256];
    snprintf(path, sizeof path, "benchmarks/%s.yaml", benchmark);
    assert_ok(cx, bram_benchmark_read(cx, &b, path));
    assert_ok(cx, bram_options_set(cx, b->options, "samples", "50"));
    bram_cell cell = {b, worm, part, model, 0};
    bram_dataset *result;
    assert_ok(cx, bram_dataset_new(cx, &result));
    int status = bram_task_find(b->task)->run(cx, result, &cell);
    if (status != expected)
        fail_msg("%s, %s: status %d, expected %d: %s", benchmark, model, status, expected,
                 bram_ctx_message(cx));
    size_t bytes = 0;
    if (status == BRAM_OK) assert_ok(cx, bram_task_find(b->task)->memory(cx, &bytes, &cell));
    bram_benchmark_free(b);
    bram_ctx_free(cx);
    if (status == BRAM_OK) return result;
    bram_dataset_free(result);
    return NULL;
}

/* A number of the score table by the score's id and the column. */
static double number(const bram_dataset *result, const char *id, const char *column)
{
    const bram_response *raw = bram_dataset_response(result, "raw");
    assert_non_null(raw);
    const bram_axis *table = bram_response_axis(raw, 0);
    ptrdiff_t row = bram_axis_find(table, id);
    if (row < 0) fail_msg("no score %s; the first is %s", id, bram_axis_id(table, 0));
    const bram_column *c = bram_axis_column(table, column);
    if (!c) fail_msg("no column %s", column);
    return c->number ? c->number[row] : (double)c->integer[row];
}

static double value(const char *benchmark, const char *part, const char *model, const char *id)
{
    bram_dataset *result = run(benchmark, part, model, BRAM_OK);
    double v = number(result, id, "value");
    bram_dataset_free(result);
    return v;
}

static void density_the_truth_wins(void **state)
{
    (void)state;
    const char *b = "simulated-worm-density", *id = "loglik:unit=nats";
    double mean = value(b, "worm01", "mean", id), ar = value(b, "worm01", "ar", id);
    assert_true(value(b, "worm01", "true-worm", id) > ar);
    assert_true(ar > mean);
    bram_dataset *result = run(b, "worm01", "var", BRAM_OK);
    assert_near(number(result, id, "floor_mean"), mean, 1e-12);
    assert_true(number(result, id, "low") < number(result, id, "value"));
    assert_true(number(result, id, "high") > number(result, id, "value"));
    bram_dataset_free(result);
    run(b, "worm01", "copy", BRAM_ENOTAPPLICABLE);
}

static void decode_finds_what_is_readable(void **state)
{
    (void)state;
    const char *b = "simulated-worm-behaviour";
    double low = value(b, "worm01", "mean", "r2");
    assert_true(low < 0.05);
    bram_dataset *result = run(b, "worm01", "ridge", BRAM_OK);
    assert_near(number(result, "r2", "floor_mean"), low, 1e-12);
    assert_true(number(result, "r2", "value") > 0.5); /* 0.8 of the variance is readable */
    assert_true(number(result, "r2", "value") < 0.85);
    bram_dataset_free(result);
    run(b, "worm01", "ar", BRAM_ENOTAPPLICABLE);
}

/* Two animals whose units follow one signal each has to itself; the second animal lacks two units
 * of the first, and the first two of the second. */
static bram_dataset *make_followers(bram_ctx *cx)
{
    enum { ROWS_OF_IT = 300, UNITS_OF_IT = 12 };
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t animal = 0; animal < 2; animal++) {
        const char *group = animal ? "recordings/b" : "recordings/a";
        char name[UNITS_OF_IT][8];
        const char *id[UNITS_OF_IT];
        double seconds[ROWS_OF_IT], signal = 0;
        bram_axis *time, *unit;
        bram_response *r;
        for (size_t u = 0; u < UNITS_OF_IT; u++) {
            snprintf(name[u], sizeof name[u], "n%zu", u + 2 * animal);
            id[u] = name[u];
        }
        for (size_t t = 0; t < ROWS_OF_IT; t++) seconds[t] = (double)t;
        assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS_OF_IT));
        assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
        assert_ok(cx, bram_axis_new(cx, &unit, "neuron", UNITS_OF_IT));
        assert_ok(cx, bram_axis_set_ids(cx, unit, id));
        assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                        (const bram_axis *[]){time, unit}));
        bram_rng g = bram_rng_at(5, "followers", animal);
        for (size_t i = 0; i < ROWS_OF_IT * UNITS_OF_IT; i++) {
            if (i % UNITS_OF_IT == 0) signal = 0.5 * signal + bram_rng_normal(&g);
            bram_response_f64(r)[i] = (double)(animal + 1) * signal + 0.5 * bram_rng_normal(&g);
        }
        assert_ok(cx, bram_dataset_add(cx, ds, group, r));
        bram_axis_free(time);
        bram_axis_free(unit);
    }
    return ds;
}

static void cosmooth_finds_what_is_shared(void **state)
{
    (void)state;
    const char *b = "simulated-worm-cosmooth";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *before = worm;
    worm = make_followers(cx);
    bram_dataset *result = run(b, "b", "cosmooth-ridge", BRAM_OK);
    assert_true(number(result, "r2", "value") > 0.7); /* 0.84 or 0.96 of a unit is the signal */
    assert_true(number(result, "r2", "floor_mean") < 0.1);
    assert_near(number(result, "r2", "undefined"), 0, 0);
    const bram_axis *unit = bram_response_axis(bram_dataset_response(result, "raw"), 1);
    assert_int_equal(bram_axis_length(unit), 14); /* the union over animals */
    bram_dataset_free(result);
    run(b, "b", "var", BRAM_ENOTAPPLICABLE);
    bram_dataset_free(worm);
    worm = before;
    bram_ctx_free(cx);
    result = run(b, "worm03", "cosmooth-ridge", BRAM_OK);
    double units = number(result, "r2", "units");
    assert_true(units >= 4 && units <= 20); /* about a quarter of 48, less what it lacks */
    bram_dataset_free(result);
}

static void graph_the_true_weights_win(void **state)
{
    (void)state;
    const char *b = "simulated-worm-connections";
    const char *id = "auroc:diagonal=exclude,threshold=0";
    assert_near(value(b, "worm02", "true-worm", id), 1, 0);
    bram_dataset *result = run(b, "worm02", "var", BRAM_OK);
    assert_true(number(result, id, "value") > 0.6); /* direction and nodes are those of the edges */
    assert_true(number(result, id, "value") > number(result, id, "floor_correlation"));
    assert_true(number(result, id, "low") > 0.5);
    const char *ap = "average-precision:diagonal=exclude,threshold=0";
    assert_true(number(result, ap, "value") > number(result, ap, "chance"));
    assert_near(number(result, ap, "chance"), 0.15, 0.05);
    bram_dataset_free(result);
    run(b, "worm02", "ar", BRAM_ENOTAPPLICABLE);   /* nothing between units */
    run(b, "worm02", "copy", BRAM_ENOTAPPLICABLE); /* no weights at all */
}

int main(void)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    if (bram_simulate(cx, &worm, "simulated-worm", 1) != BRAM_OK) return 99;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(density_the_truth_wins),
        cmocka_unit_test(decode_finds_what_is_readable),
        cmocka_unit_test(cosmooth_finds_what_is_shared),
        cmocka_unit_test(graph_the_true_weights_win),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bram_dataset_free(worm);
    bram_ctx_free(cx);
    return failed;
}
