/*
 * The tasks on graphs made to fail at the k-th allocation, k growing by a fifth each time, until
 * nothing fails: a status with a message and no result; sanitizers see what is lost.
 */
#include "internal.h"
#include "simulate.h"

#include "cell_test.h"

static void survives(bram_ctx *cx, const char *task, const char *options, const bram_dataset *ds,
                     const char *part, const char *model, char **metrics, size_t count)
{
    bram_benchmark b = test_benchmark(cx, task, metrics, count, options);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status == BRAM_ENOMEM; k += 1 + k / 5) {
        bram_dataset *result = NULL;
        bram_ctx *own = bram_ctx_new();
        bram_cell cell = {&b, ds, part, model, 0};
        assert_ok(own, bram_dataset_new(own, &result));
        bram_fail_allocation(k, false);
        status = bram_task_find(task)->run(own, result, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("%s, allocation %zu: status %d: %s", task, k, status, bram_ctx_message(own));
        if (status == BRAM_ENOMEM && !bram_ctx_message(own)[0])
            fail_msg("%s, allocation %zu: no message", task, k);
        bram_dataset_free(result);
        bram_ctx_free(own);
    }
    bram_options_free(b.options);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    static char auroc[] = "auroc", hits[] = "hits:k=5", mrr[] = "mrr", spearman[] = "spearman";
    static char rsa[] = "rsa", accuracy[] = "accuracy", brier[] = "brier";
    static char *graph[] = {auroc, hits, mrr, spearman}, *probable[] = {brier}, *geometry[] = {rsa},
                *class[] = {accuracy};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *worm = NULL, *vessels = NULL;
    assert_ok(cx, bram_simulate(cx, &worm, "simulated-worm", 1));
    assert_ok(cx, bram_simulate(cx, &vessels, "simulated-vessels", 1));
    survives(cx, "links", "samples=3,negatives=2,scheme=degree", worm, "simulated", "spectral",
             graph, 4);
    survives(cx, "links", "samples=3,negatives=2", worm, "simulated", "katz", probable, 1);
    survives(cx, "links", "samples=3,negatives=2,scheme=neuron", worm, "simulated",
             "sbm:blocks=2,starts=1", graph, 3);
    survives(cx, "links", "samples=3,negatives=2,scheme=spatial,direction=undirected", vessels,
             "simulated-vessels", "katz", graph, 3);
    survives(cx, "graph", "connectome=simulated,samples=3,shuffles=2,zeros=stimulated", worm,
             "worm01", "correlation", graph, 4);
    survives(cx, "graph",
             "connectome=simulated,samples=3,shuffles=2,evidence=perturbation,starts=1,steps=1,"
             "context=3",
             worm, "worm01", "var:lags=1,ridge=1", graph, 1);
    survives(cx, "neurons", "samples=3", worm, "simulated", "paths", geometry, 1);
    survives(cx, "vessels", "samples=3", vessels, "simulated-vessels", "mean", class, 1);
    bram_dataset_free(worm);
    bram_dataset_free(vessels);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(failing_allocations_are_survived)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
