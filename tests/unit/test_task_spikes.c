/*
 * The tasks on simulated switching spikes: the network that made them wins, states and connections
 * are found, what figures need is kept.
 */
#include "simulate.h"
#include "stats.h"
#include "test.h"

#include <bramble/benchmark.h>

#include <math.h>

static bram_dataset *spikes; /* made once */

static bram_dataset *run(const char *benchmark, const char *model, int expected)
{
    bram_ctx *cx = bram_ctx_new();
    bram_benchmark *b;
    bram_dataset *result;
    char path[256];
    snprintf(path, sizeof path, "benchmarks/%s.yaml", benchmark);
    assert_ok(cx, bram_benchmark_read(cx, &b, path));
    assert_ok(cx, bram_options_set(cx, b->options, "samples", "20"));
    bram_cell cell = {b, spikes, "network01", model, 0};
    assert_ok(cx, bram_dataset_new(cx, &result));
    int status = bram_task_find(b->task)->run(cx, result, &cell);
    if (status != expected)
        fail_msg("%s, %s: status %d: %s", benchmark, model, status, bram_ctx_message(cx));
    bram_benchmark_free(b);
    bram_ctx_free(cx);
    if (status == BRAM_OK) return result;
    bram_dataset_free(result);
    return NULL;
}

static double value(const char *benchmark, const char *model, const char *id)
{
    bram_dataset *result = run(benchmark, model, BRAM_OK);
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    ptrdiff_t row = bram_axis_find(table, id);
    if (row < 0) fail_msg("no score %s; the first is %s", id, bram_axis_id(table, 0));
    double v = bram_axis_column(table, "value")->number[row];
    bram_dataset_free(result);
    return v;
}

#define FOUND "hmm-glm:states=3,link=sigmoid,starts=2"

static void the_truth_wins(void **state)
{
    (void)state;
    const char *b = "simulated-spikes-density", *id = "loglik:unit=nats";
    double none = value(b, "glm:coupling=none,ridge=1", id), truth = value(b, "true-spikes", id);
    double one = value(b, "glm:coupling=full,basis=exp,window=5,link=sigmoid", id);
    double found = value(b, FOUND, id);
    assert_true(truth > found && found > one && one > none);
    assert_true((found - none) / (truth - none) > 0.8); /* share of what can be reached */
    b = "simulated-spikes-connections";
    assert_near(value(b, "true-spikes", "auroc:diagonal=exclude,threshold=0"), 1, 1e-12);
    assert_true(value(b, FOUND, "auroc:diagonal=exclude,threshold=0") > 0.9);
    b = "simulated-spikes-cosmooth", id = "bits-per-spike:least=1e-09,first=0";
    assert_true(value(b, FOUND, id) > value(b, "cosmooth-ridge", id) + 0.03);
}

static void states_are_found(void **state)
{
    (void)state;
    const char *b = "simulated-spikes-states";
    assert_true(value(b, "true-spikes", "ari") > 0.85);
    bram_dataset *result = run(b, FOUND, BRAM_OK);
    const bram_response *posterior = bram_dataset_response(result, "states/posterior");
    const bram_response *weights = bram_dataset_response(result, "states/state_weights");
    const bram_response *visits = bram_dataset_response(result, "states/visits");
    assert_non_null(posterior);
    assert_int_equal(bram_response_length(posterior, 0), 400);
    assert_int_equal(bram_response_length(posterior, 1), 3);
    assert_int_equal(bram_response_length(weights, 0), 3);
    assert_int_equal(bram_response_length(weights, 1), 12 * 12);
    bram_ctx *cx = bram_ctx_new();
    size_t n = bram_response_length(visits, 0);
    double *visit = bram_scratch(cx, 2 * n, sizeof *visit), rows = 0;
    assert_ok(cx, bram_response_read(cx, visits, (size_t[]){0, 0}, (size_t[]){n, 2}, visit, NULL));
    for (size_t i = 0; i < n; i++) rows += visit[2 * i + 1];
    assert_near(rows, 2000, 0); /* every test row is of one visit */
    /* the true connections stand beside: each state's are those of a found state, and not the other
     * way round */
    enum { STATES = 3, PAIRS = 12 * 12 };
    static double found[STATES * PAIRS], true_one[STATES * PAIRS], turned[PAIRS];
    const size_t all[2] = {STATES, PAIRS};
    const bram_response *connections = bram_dataset_response(result, "states/connections");
    assert_non_null(connections);
    assert_ok(cx, bram_response_read(cx, weights, (size_t[]){0, 0}, all, found, NULL));
    assert_ok(cx, bram_response_read(cx, connections, (size_t[]){0, 0}, all, true_one, NULL));
    for (size_t k = 0; k < STATES; k++) {
        double best = -1, wrong = -1;
        for (size_t i = 0; i < PAIRS; i++) turned[i] = true_one[k * PAIRS + i % 12 * 12 + i / 12];
        for (size_t f = 0; f < STATES; f++) {
            best = fmax(best, bram_pearson(found + f * PAIRS, true_one + k * PAIRS, PAIRS));
            wrong = fmax(wrong, bram_pearson(found + f * PAIRS, turned, PAIRS));
        }
        assert_true(best > 0.85);
        assert_true(wrong < 0.5);
    }
    bram_ctx_free(cx);
    bram_dataset_free(result);
    run(b, "glm:ridge=1", BRAM_ENOTAPPLICABLE); /* has no states */
}

static int make(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    int status = bram_simulate(cx, &spikes, "simulated-spikes", 1);
    bram_ctx_free(cx);
    return status;
}

static int drop(void **state)
{
    (void)state;
    bram_dataset_free(spikes);
    return 0;
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_wins),
        cmocka_unit_test(states_are_found),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
