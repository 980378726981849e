/*
 * Tests of the task communities on made graphs (simulate_graphs.c): the file is valid, the search
 * is no worse than the truth, clear communities are found, what cannot be scored is refused.
 */
#include "block_model.h"
#include "cell_test.h"
#include "simulate.h"

#include <bramble/dataset.h>

static char nmi[] = "nmi", ari[] = "ari", *metrics[] = {nmi, ari};

static double score(bram_ctx *cx, const bram_dataset *ds, const char *part, const char *kind,
                    const char *id, const char *column)
{
    bram_benchmark b = test_benchmark(cx, "communities", metrics, 2, "samples=20,restarts=1");
    bram_dataset *result = NULL;
    assert_ok(cx, test_cell(cx, &result, &b, ds, part, kind));
    double value = test_number(result, id, column);
    assert_non_null(bram_dataset_response(result, "communities/found"));
    bram_dataset_free(result);
    bram_options_free(b.options);
    return value;
}

static void made_graphs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_axis *parts = NULL;
    size_t errors = 1;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-graphs", 1));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    bram_benchmark b = test_benchmark(cx, "communities", metrics, 2, "");
    assert_ok(cx, bram_task_find("communities")->parts(cx, &parts, &b, ds));
    assert_int_equal(bram_axis_length(parts), 9);
    assert_int_equal(bram_dataset_groups(ds, "connectome"), 27);
    /* three quarters of weights inside; strengths grow with degrees, so that to give them helps */
    double corrected = score(cx, ds, "weights0.25", "sbm-corrected", "nmi", "value");
    assert_true(corrected > 0.7 &&
                corrected > score(cx, ds, "weights0.25", "sbm-plain", "nmi", "value"));
    assert_near(score(cx, ds, "weights0.25", "sbm-corrected", "ari", "chance"), 0, 0);
    assert_true(score(cx, ds, "degree10", "sbm", "nmi", "value") < 0.5);
    bram_axis_free(parts);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* A graph of the dataset as a list, its truth as labels. */
static bram_edge_list list_of(const bram_dataset *ds, const char *id, size_t *end, size_t *truth)
{
    char path[64];
    snprintf(path, sizeof path, "connectome/%s/nodes", id);
    const bram_axis *nodes = bram_dataset_table(ds, path);
    snprintf(path, sizeof path, "connectome/%s/lfr", id);
    const bram_axis *edges = bram_dataset_table(ds, path);
    size_t n = bram_axis_length(edges);
    for (size_t e = 0; e < n; e++) {
        end[e] = (size_t)bram_axis_find(nodes, bram_axis_column(edges, "from")->text[e]);
        end[n + e] = (size_t)bram_axis_find(nodes, bram_axis_column(edges, "to")->text[e]);
    }
    for (size_t i = 0; i < bram_axis_length(nodes); i++)
        truth[i] = (size_t)bram_axis_column(nodes, "community")->integer[i];
    return (bram_edge_list){bram_axis_length(nodes), n, end, end + n,
                            bram_axis_column(edges, "weight")->number};
}

static void the_search_is_no_worse_than_the_truth(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-graphs", 1));
    for (size_t g = 0; g < 27; g += 3) {
        size_t end[2 * 4000], truth[125], label[125];
        bram_edge_list list = list_of(ds, bram_dataset_group_at(ds, "connectome", g), end, truth);
        bram_block_settings s = {BRAM_BLOCK_CORRECTED, 0, 2, 20, 0};
        bram_block_fit_result found;
        double nats;
        assert_ok(cx, bram_block_fit(cx, label, &found, &list, &s));
        assert_ok(cx, bram_block_description(cx, &nats, &list, truth, &s));
        if (found.nats > nats + 1e-6)
            fail_msg("graph %zu: found %.6f nats, the truth has %.6f", g, found.nats, nats);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static bram_axis *table(bram_ctx *cx, const char *name, size_t n, const char *const *ids)
{
    bram_axis *t = NULL;
    assert_ok(cx, bram_axis_new(cx, &t, name, n));
    if (ids) assert_ok(cx, bram_axis_set_ids(cx, t, ids));
    return t;
}

/* Two triangles and an edge between them; a graph whose truth is one community. */
static void one_community_has_no_score(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    static const char *const id[] = {"a", "b", "c"}, *const from[] = {"a", "b", "a"},
                             *const to[] = {"b", "c", "x"};
    bram_axis *nodes = table(cx, "nodes", 3, id), *edges = table(cx, "made", 3, NULL);
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, edges, "weight", (double[]){1, 2, 3}, "1"));
    assert_ok(cx, bram_axis_add_integer(cx, nodes, "community", (int64_t[]){4, 4, 4}));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/g", nodes));
    bram_benchmark b = test_benchmark(cx, "communities", metrics, 1, "samples=5");
    assert_int_equal(test_cell(cx, &result, &b, ds, "g", "sbm"),
                     BRAM_ENOTAPPLICABLE); /* no layer */
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/g", edges));
    assert_int_equal(test_cell(cx, &result, &b, ds, "g", "sbm"), BRAM_EFORMAT); /* no node x */
    assert_non_null(strstr(bram_ctx_message(cx), "\"x\""));
    assert_int_equal(test_cell(cx, &result, &b, ds, "g", "louvain"), BRAM_EUSAGE);
    bram_dataset_free(ds);
    ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    nodes = table(cx, "nodes", 3, id), edges = table(cx, "made", 2, NULL);
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, edges, "weight", (double[]){1, 2}, "1"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/g", edges));
    bram_axis *bare = table(cx, "nodes", 3, id);
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/h", bare));
    assert_ok(cx, bram_axis_add_integer(cx, nodes, "community", (int64_t[]){4, 4, 4}));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/g", nodes));
    assert_ok(cx, test_cell(cx, &result, &b, ds, "g", "sbm"));
    assert_true(isnan(test_number(result, "nmi", "value")));
    assert_near(test_number(result, "nmi", "undefined"), 1, 0);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_options_free(b.options);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_graphs),
        cmocka_unit_test(the_search_is_no_worse_than_the_truth),
        cmocka_unit_test(one_community_has_no_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
