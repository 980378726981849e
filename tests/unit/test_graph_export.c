/* Tests of core/graph_export.c: what is written is read back. */
#include "graph_export.h"

#include "csvfile.h"
#include "json.h"
#include "npy.h"
#include "test.h"

static void add(bram_ctx *cx, bram_dataset *ds, const char *name, const char *const *from,
                const char *const *to, const double *weight, const char *const *type, size_t n)
{
    bram_axis *t = NULL;
    assert_ok(cx, bram_axis_new(cx, &t, name, n));
    assert_ok(cx, bram_axis_add_text(cx, t, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, t, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, t, "weight", weight, "synapses"));
    assert_ok(cx, bram_axis_add_text(cx, t, "type", type));
    if (strcmp(name, "chemical") == 0)
        assert_ok(cx, bram_axis_add_integer(cx, t, "sign", (const int64_t[]){1, -1, 0}));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", t));
}

/* A, B and <M> & co., the last not examined; chemical A to B 2.5, B to A 1, B to M 4; gap A with B
 * 3, A with itself 5. */
static bram_dataset *make(bram_ctx *cx)
{
    static const char *const ids[] = {"A", "B", "<M> & \"co\""};
    static const char *const kinds[] = {"neuron", "neuron", "muscle"};
    static const char *const types[] = {"chemical", "chemical", "chemical"};
    static const char *const gaps[] = {"gap", "gap"};
    bram_dataset *ds = NULL;
    bram_axis *nodes = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 3));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, ids));
    assert_ok(cx, bram_axis_add_text(cx, nodes, "kind", kinds));
    assert_ok(cx, bram_axis_add_integer(cx, nodes, "examined", (const int64_t[]){1, 1, 0}));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    add(cx, ds, "chemical", (const char *const[]){"A", "B", "B"},
        (const char *const[]){"B", "A", ids[2]}, (const double[]){2.5, 1, 4}, types, 3);
    add(cx, ds, "gap", (const char *const[]){"A", "A"}, (const char *const[]){"B", "A"},
        (const double[]){3, 5}, gaps, 2);
    return ds;
}

static void a_table_of_edges(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    bram_csv *t = NULL;
    test_temporary(path, "edges.csv");
    assert_true(bram_graph_is(ds, "connectome/made"));
    assert_true(bram_graph_is(ds, "connectome/made/nodes"));
    assert_false(bram_graph_is(ds, "connectome"));
    assert_false(bram_graph_is(ds, "connectome/other"));
    assert_ok(cx, bram_graph_export(cx, ds, "connectome/made", path, true));
    assert_ok(cx, bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true}));
    assert_int_equal(bram_csv_rows(t), 5);
    assert_int_equal(bram_csv_cols(t), 5);
    assert_string_equal(bram_csv_text(t, 2, 1), "<M> & \"co\"");
    assert_string_equal(bram_csv_text(t, 1, (size_t)bram_csv_find(t, "sign")), "-1");
    assert_string_equal(bram_csv_text(t, 3, (size_t)bram_csv_find(t, "sign")), ""); /* gap: none */
    assert_string_equal(bram_csv_text(t, 0, (size_t)bram_csv_find(t, "weight")), "2.5");
    bram_csv_free(t);
    assert_ok(cx, bram_graph_export(cx, ds, "connectome/made/nodes", path, true));
    assert_ok(cx, bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true}));
    assert_string_equal(bram_csv_name(t, 0), "id");
    assert_string_equal(bram_csv_text(t, 1, 0), "B");
    bram_csv_free(t);
    unlink(path);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_matrix_and_its_nodes(void **state)
{
    (void)state;
    char path[200], names[220];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    test_temporary(path, "layer.npy");
    snprintf(names, sizeof names, "%.*s.nodes.csv", (int)strlen(path) - 4, path);
    static const char *const layers[] = {"connectome/made/chemical", "connectome/made/gap"};
    const double expected[2][9] = {{0, 2.5, NAN, 1, 0, 4, NAN, NAN, NAN},
                                   {5, 3, NAN, 3, 0, NAN, NAN, NAN, NAN}};
    for (size_t k = 0; k < 2; k++) {
        bram_npy *a = NULL;
        double values[9];
        assert_ok(cx, bram_graph_export(cx, ds, layers[k], path, true));
        assert_ok(cx, bram_npy_open(cx, &a, path));
        assert_int_equal(bram_npy_describe(a)->shape[1], 3);
        assert_ok(cx, bram_npy_read(cx, a, values));
        for (size_t i = 0; i < 9; i++)
            if (isnan(expected[k][i])) assert_true(isnan(values[i]));
            else assert_near(values[i], expected[k][i], 0);
        bram_npy_close(a);
        assert_int_equal(access(names, R_OK), 0);
    }
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made", path, true), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "a matrix is of one layer: found 2"));
    unlink(path);
    unlink(names);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void json_of_nodes_and_edges(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    bram_json *top = NULL;
    double weight = 0;
    test_temporary(path, "graph.json");
    assert_ok(cx, bram_graph_export(cx, ds, "connectome/made", path, true));
    assert_ok(cx, bram_json_read(cx, &top, path, 0));
    assert_string_equal(bram_json_text(bram_json_get(top, "source")), "made");
    assert_int_equal(bram_json_count(bram_json_get(top, "nodes")), 3);
    const bram_json *edges = bram_json_get(top, "edges"), *last = bram_json_at(edges, 4);
    assert_int_equal(bram_json_count(edges), 5); /* a gap junction once */
    assert_string_equal(bram_json_text(bram_json_get(last, "layer")), "gap");
    assert_true(bram_json_number(bram_json_get(last, "weight"), &weight));
    assert_near(weight, 5, 0);
    bram_json_free(top);
    unlink(path);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Counts how often a text stands in a file. */
static size_t occurrences(const char *path, const char *text)
{
    static char content[1 << 16];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    content[fread(content, 1, sizeof content - 1, file)] = 0;
    fclose(file);
    size_t n = 0;
    for (const char *at = content; (at = strstr(at, text)); at += strlen(text)) n++;
    return n;
}

/* As a GraphML reader sees it: tests/interop reads the same with networkx. */
static void graphml(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    test_temporary(path, "graph.graphml");
    assert_ok(cx, bram_graph_export(cx, ds, "connectome/made", path, true));
    assert_int_equal(occurrences(path, "<node id="), 3);
    assert_int_equal(occurrences(path, "<node id=\"&lt;M&gt; &amp; &quot;co&quot;\">"), 1);
    assert_int_equal(occurrences(path, "<edge source="), 6); /* the junction of A and B twice */
    assert_int_equal(occurrences(path, "edgedefault=\"directed\""), 1);
    assert_int_equal(occurrences(path, "attr.name=\"weight\" attr.type=\"double\""), 1);
    assert_int_equal(occurrences(path, "<data key=\"layer\">gap</data>"), 3);
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made", path, false), BRAM_EWRITE);
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made", "/no/such/a.graphml", true),
                     BRAM_EWRITE);
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made", "a.xls", true), BRAM_EUSAGE);
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made/nodes", "a.graphml", true),
                     BRAM_EUSAGE);
    unlink(path);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void edges_without_a_node(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    add(cx, ds, "wrong", (const char *const[]){"A"}, (const char *const[]){"C"},
        (const double[]){1}, (const char *const[]){"chemical"}, 1);
    test_temporary(path, "wrong.npy");
    assert_int_equal(bram_graph_export(cx, ds, "connectome/made/wrong", path, true), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "an edge names \"C\""));
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path + strlen(path) - 4, 16, ".nodes.csv");
    unlink(path);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_of_edges),        cmocka_unit_test(a_matrix_and_its_nodes),
        cmocka_unit_test(json_of_nodes_and_edges), cmocka_unit_test(graphml),
        cmocka_unit_test(edges_without_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
