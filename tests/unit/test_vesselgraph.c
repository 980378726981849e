/*
 * Tests of loaders/vesselgraph.c on made files with the documented layout, and of the task
 * "vessels".
 *
 * Documented (Voreen, as VesselGraph publishes it): ";" between cells, the names of the columns; of
 * OGB folders the names of the files, two node numbers a line, no headers. Assumed: node-feat
 * begins with the position; what is in edge-feat.
 */
#include "simulate.h"

#include "cell_test.h"

#include <bramble/loader.h>

static const char nodes_csv[] = "id;pos_x;pos_y;pos_z;degree;isAtSampleBorder\n"
                                "0;1.5;2;3;1;1\n1;4;5;6;3;0\n2;7;8;9.25;2;0\n";
static const char edges_csv[] = "id;node1id;node2id;length;avgRadiusAvg;num_voxels\n"
                                "0;0;1;10.5;2.5;40\n1;1;2;3;7;12\n2;1;2;4;14;13\n3;2;2;;1;2\n";

/* Writes a file; its name lives until the next test. */
static const char *file(size_t i, const char *text)
{
    static char path[5][256];
    char name[32];
    snprintf(name, sizeof name, "vessels%zu.csv", i);
    test_temporary(path[i], name);
    FILE *f = fopen(path[i], "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path[i];
}

static int load(bram_ctx *cx, bram_dataset **out, size_t count, const char *const *text,
                const char *options)
{
    const char *path[5];
    for (size_t i = 0; i < count; i++) path[i] = file(i, text[i]);
    bram_input input = {path, count};
    const bram_loader *loader = bram_loader_find("vesselgraph");
    bram_options *o = NULL;
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_options_new(cx, &o, loader->params, options));
    assert_ok(cx, bram_dataset_new(cx, &ds));
    int status = loader->load(cx, ds, &input, o);
    bram_options_free(o);
    for (size_t i = 0; i < count; i++) unlink(path[i]);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}

static const bram_axis *table(const bram_dataset *ds, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "connectome/vesselgraph/%s", name);
    return bram_dataset_table(ds, path);
}

static void the_tables_of_voreen(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    size_t errors = 1;
    assert_ok(cx, load(cx, &ds, 2, (const char *[]){edges_csv, nodes_csv}, "")); /* any order */
    const bram_axis *nodes = table(ds, "nodes"), *vessels = table(ds, "vessels");
    assert_int_equal(bram_axis_length(nodes), 3);
    assert_int_equal(bram_axis_length(vessels), 4);
    assert_near(bram_axis_column(nodes, "z")->number[2], 9.25, 0);
    assert_int_equal(bram_axis_column(nodes, "at_sample_border")->integer[0], 1);
    assert_string_equal(bram_axis_column(vessels, "from")->text[1], "1");
    assert_string_equal(bram_axis_column(vessels, "to")->text[1], "2");
    assert_near(bram_axis_column(vessels, "weight")->number[2], 14, 0); /* the mean radius */
    assert_near(bram_axis_column(vessels, "length")->number[0], 10.5, 0);
    assert_true(isnan(bram_axis_column(vessels, "length")->number[3]));
    assert_near(bram_axis_column(vessels, "num_voxels")->number[1], 12, 0);
    assert_non_null(bram_axis_column(vessels, "avg_radius_avg"));
    assert_null(bram_axis_column(vessels, "id"));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void the_files_of_an_ogb_folder(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const char *edge = "0,1\n1,2\n2,3\n0,3\n0,2\n", *count = "4\n", *edges = "5\n";
    const char *feat = "0.5,1,2\n1,1,1\n2,2,2\n3,3,3.5\n", *edge_feat = "1,9\n2,8\n3,7\n4,6\n5,5\n";
    assert_ok(cx,
              load(cx, &ds, 5, (const char *[]){edge_feat, edges, count, feat, edge}, "radius=2"));
    const bram_axis *nodes = table(ds, "nodes"), *vessels = table(ds, "vessels");
    assert_int_equal(bram_axis_length(nodes), 4);
    assert_string_equal(bram_axis_id(nodes, 3), "3");
    assert_near(bram_axis_column(nodes, "z")->number[3], 3.5, 0);
    assert_near(bram_axis_column(vessels, "weight")->number[1], 8, 0);
    assert_near(bram_axis_column(vessels, "feature1")->number[4], 5, 0);
    bram_dataset_free(ds);
    assert_ok(cx, load(cx, &ds, 2, (const char *[]){edge, count}, ""));
    assert_null(bram_axis_column(table(ds, "nodes"), "x"));
    assert_near(bram_axis_column(table(ds, "vessels"), "weight")->number[1], 1, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    const char *edge = "0,1\n1,2\n";
    const struct {
        const char *text[3];
        size_t count;
        const char *options, *says;
        int status;
    } cases[] = {
        {{nodes_csv}, 1, "", "nodes alone", BRAM_EFORMAT},
        {{edges_csv}, 1, "", "edges alone", BRAM_EFORMAT},
        {{nodes_csv, "node1id;node2id\n0;7\n"}, 2, "", "line 2: \"7\" is no node", BRAM_EFORMAT},
        {{"id;pos_x;pos_y;pos_z\n0;1;1;1\n0;2;2;2\n", edges_csv}, 2, "", "twice", BRAM_EFORMAT},
        {{"id;pos_x;pos_y;pos_z\n0;1;x;1\n", edges_csv}, 2, "", "pos_y", BRAM_EFORMAT},
        {{edge}, 1, "", "num-node-list", BRAM_EFORMAT},
        {{edge, "2\n"}, 2, "", "\"2\" is no node", BRAM_EFORMAT},
        {{edge, "-3\n"}, 2, "", "-3", BRAM_EFORMAT},
        {{edge, "3\n", "1,2,3\n"}, 3, "", "neither", BRAM_EFORMAT},
        {{edge, "3\n"}, 2, "radius=1", "edge-feat", BRAM_EUSAGE},
        {{"", nodes_csv}, 2, "", "", BRAM_EFORMAT}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int status = load(cx, &ds, cases[c].count, cases[c].text, cases[c].options);
        if (status != cases[c].status || !strstr(bram_ctx_message(cx), cases[c].says))
            fail_msg("case %zu: status %d: %s", c, status, bram_ctx_message(cx));
        assert_null(ds);
    }
    bram_ctx_free(cx);
}

/* ---- the task ------------------------------------------------------------------------------- */

static void classes_follow_the_neighbours(void **state)
{
    (void)state;
    static char accuracy[] = "accuracy", balanced[] = "accuracy:balanced=yes";
    static char *metrics[] = {accuracy, balanced};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL, *again = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vessels", 1));
    bram_benchmark b = test_benchmark(cx, "vessels", metrics, 2, "samples=40");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "simulated-vessels", "mean"));
    const char *id = "accuracy:balanced=no", *even = "accuracy:balanced=yes";
    assert_near(test_number(result, even, "value"), 1 / 3.0, 1e-12); /* always one class */
    assert_near(test_number(result, id, "value"), test_number(result, id, "floor_commonest"), 0);
    assert_true(test_number(result, id, "floor_neighbours") > 0.65);
    bram_dataset_free(result);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "simulated-vessels", "ridge"));
    assert_true(test_number(result, id, "value") > test_number(result, id, "floor_neighbours"));
    bram_ctx_set_threads(cx, 3);
    assert_ok(cx, test_cell(cx, &again, &b, ds, "simulated-vessels", "ridge"));
    assert_near(test_number(again, id, "low"), test_number(result, id, "low"), 0);
    bram_dataset_free(again);
    bram_dataset_free(result);
    assert_int_equal(test_cell(cx, &result, &b, ds, "simulated-vessels", "var"),
                     BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    const struct {
        const char *options;
        int status;
    } wrong[] = {
        {"cuts=1e6", BRAM_ENOTAPPLICABLE},     {"by=age", BRAM_EABSENT},
        {"features=length+age", BRAM_EABSENT}, {"layer=veins", BRAM_EABSENT},
        {"layer=all", BRAM_EABSENT},           {"test=0.9,validation=0.9", BRAM_ENOTAPPLICABLE}};
    for (size_t c = 0; c < sizeof wrong / sizeof *wrong; c++) {
        b = test_benchmark(cx, "vessels", metrics, 2, wrong[c].options);
        int status = test_cell(cx, &result, &b, ds, "simulated-vessels", "ridge");
        if (status != wrong[c].status) fail_msg("%s: status %d", wrong[c].options, status);
        bram_options_free(b.options);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Three vessels meet in one point; the class of the third is asked, the others are known. */
static void the_majority_by_hand(void **state)
{
    (void)state;
    static char accuracy[] = "accuracy";
    static char *metrics[] = {accuracy};
    enum { STARS = 40 };
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL;
    bram_axis *nodes = NULL, *vessels = NULL;
    static char name[4 * STARS][8];
    const char *id[4 * STARS], *from[3 * STARS], *to[3 * STARS], *type[3 * STARS];
    double weight[3 * STARS], one[3 * STARS];
    for (size_t i = 0; i < 4 * STARS; i++) snprintf(name[i], 8, "%zu", i), id[i] = name[i];
    for (size_t e = 0; e < 3 * STARS; e++) { /* a star is all of one class */
        from[e] = id[4 * (e / 3)], to[e] = id[4 * (e / 3) + 1 + e % 3];
        type[e] = "vessel", weight[e] = e / 3 % 2 ? 2 : 1, one[e] = 1;
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 4 * STARS));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, id));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/stars", nodes));
    assert_ok(cx, bram_axis_new(cx, &vessels, "vessels", 3 * STARS));
    assert_ok(cx, bram_axis_add_text(cx, vessels, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, vessels, "to", to));
    assert_ok(cx, bram_axis_add_text(cx, vessels, "type", type));
    assert_ok(cx, bram_axis_add_number(cx, vessels, "weight", weight, "1"));
    assert_ok(cx, bram_axis_add_number(cx, vessels, "one", one, "1"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/stars", vessels));
    bram_benchmark b = test_benchmark(cx, "vessels", metrics, 1,
                                      "cuts=1.5,features=one,samples=0,test=0.1,validation=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "stars", "mean"));
    /* all but vessels whose two neighbours are asked about as well: 12 of 120 are */
    assert_true(test_number(result, "accuracy:balanced=no", "floor_neighbours") > 0.9);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_of_voreen),  cmocka_unit_test(the_files_of_an_ogb_folder),
        cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(classes_follow_the_neighbours),
        cmocka_unit_test(the_majority_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
