/*
 * The tasks on the simulated worm, where the truth is known: who must win does, and floors are what
 * they should be. One part and few draws each, in this process.
 */
#include "simulate.h"
#include "test.h"

#include <bramble/benchmark.h>

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
        cmocka_unit_test(graph_the_true_weights_win),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bram_dataset_free(worm);
    bram_ctx_free(cx);
    return failed;
}
