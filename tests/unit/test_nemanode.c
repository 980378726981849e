/*
 * Tests of loaders/nemanode.c, connectome.c and edge_table.c: published figures on the real files,
 * and made ones.
 */
#include "connectome_test.h"
#include "internal.h"

/*
 * The figures of the data's provenance: chemical pairs and weight, gap junctions as the file lists
 * them (pairs and weight), ordered pairs with either, neurons with an edge.
 */
static const struct known {
    const char *file, *source;
    double chemical, weight, gap, gap_weight, either, nodes;
} files[] = {
    {"cook2019/cook_jarrell_2019_h.json", "cook2019", 3707, 20905, 2188, 9519, 5138, 300},
    {"cook2019/herm_full_edgelist.csv", "cook2019_first", 3638, NAN, 2168, NAN, NAN, 300},
    {"white1986/white_1986_whole.csv", "white1986_whole", 2266, 6509, 569, 965, 3145, 299},
    {"white1986/white_1986_whole.json", "white1986_whole", 2266, 6509, 1132, 1916, 3145, 299},
    {"white1986/white_1986_n2u.csv", "white1986_n2u", 1414, 3740, 264, 331, 1848, 180},
    {"white1986/white_1986_n2u.json", "white1986_n2u", 1414, 3740, 526, 660, 1848, 180},
    {"white1986/white_1986_jsh.csv", "white1986_jsh", 1291, 3702, 286, 757, 1783, 178},
    {"white1986/white_1986_jsh.json", "white1986_jsh", 1291, 3702, 570, 1510, 1783, 178},
    {"white1986/white_1986_jse.json", "white1986_jse", 94, 261, NAN, NAN, 94, 34},
    {"witvliet2021/witvliet_2020_1.json", "witvliet2021_1", 675, NAN, 164, NAN, 821, 161},
    {"witvliet2021/witvliet_2020_1.xlsx", "witvliet2021_1", 675, NAN, 83, NAN, 821, 161},
    {"witvliet2021/witvliet_2020_2.xlsx", "witvliet2021_2", 865, NAN, 121, NAN, 1069, 162},
    {"witvliet2021/witvliet_2020_3.xlsx", "witvliet2021_3", 887, NAN, 94, NAN, 1054, 162},
    {"witvliet2021/witvliet_2020_4.json", "witvliet2021_4", 1011, NAN, 407, NAN, 1365, 168},
    {"witvliet2021/witvliet_2020_4.xlsx", "witvliet2021_4", 1011, NAN, 205, NAN, 1365, 168},
    {"witvliet2021/witvliet_2020_6.xlsx", "witvliet2021_6", 1314, 3893, 212, NAN, 1667, 174},
    {"witvliet2021/witvliet_2020_7.json", "witvliet2021_7", 1944, 6587, 528, NAN, 2364, 180},
    {"witvliet2021/witvliet_2020_7.xlsx", "witvliet2021_7", 1944, 6587, 267, NAN, 2364, 180},
    {"witvliet2021/witvliet_2020_7.csv", "witvliet2021_7", 1944, 6587, 268, NAN, 2366, 180},
    {"witvliet2021/witvliet_2020_8.json", "witvliet2021_8", 1933, 7099, 600, NAN, 2371, 180},
    {"witvliet2021/witvliet_2020_8.xlsx", "witvliet2021_8", 1933, 7099, 304, NAN, 2371, 180},
    {"witvliet2021/witvliet_2020_8.csv", "witvliet2021_8", 1936, 7108, 304, NAN, 2376, 180},
    {"cook2020_pharynx/cook_2020.json", "cook2020", 149, 717, 30, 59, 178, 22},
};

/* A figure that the provenance does not state is NaN here. */
static void same(const struct known *k, const char *name, double found, double expected)
{
    bool absent = isnan(found) && isnan(k->gap) && strncmp(name, "gap", 3) == 0;
    if (!isnan(expected) && found != expected)
        fail_msg("%s: %s is %.17g, expected %.17g", k->file, name, found, expected);
    if (isnan(found) && !absent) fail_msg("%s: %s is absent", k->file, name);
}

static void the_figures_of_the_real_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const struct known *k = &files[i];
        char path[512], name[300];
        snprintf(name, sizeof name, "celegans/connectome/%s", k->file);
        test_data(path, name);
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = import_file(cx, "auto", path);
        same(k, "chemical_pairs", attribute(ds, k->source, "chemical_pairs"), k->chemical);
        same(k, "chemical_weight", attribute(ds, k->source, "chemical_weight"), k->weight);
        same(k, "gap_entries", attribute(ds, k->source, "gap_entries"), k->gap);
        same(k, "gap_weight_as_listed", attribute(ds, k->source, "gap_weight_as_listed"),
             k->gap_weight);
        same(k, "connected_ordered_pairs", attribute(ds, k->source, "connected_ordered_pairs"),
             k->either);
        same(k, "connected_nodes", attribute(ds, k->source, "connected_nodes"), k->nodes);
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
}

/* A gap junction stands once however the file lists it: JSON and workbook give the same layer. */
static void forms_of_one_animal_agree(void **state)
{
    (void)state;
    char json[512], book[512];
    test_data(json, "celegans/connectome/witvliet2021/witvliet_2020_4.json");
    test_data(book, "celegans/connectome/witvliet2021/witvliet_2020_4.xlsx");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *a = import_file(cx, "auto", json), *b = import_file(cx, "auto", book);
    static const char *const layers[] = {"nodes", "chemical", "gap"};
    for (size_t i = 0; i < 3; i++)
        assert_true(bram_axis_equal(table_of(a, "witvliet2021_4", layers[i]),
                                    table_of(b, "witvliet2021_4", layers[i])));
    assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(a, ""), "dataset"), "witvliet2021");
    assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(a, ""), "doi"),
                        "10.1038/s41586-021-03778-8");
    bram_dataset_free(a);
    bram_dataset_free(b);
    bram_ctx_free(cx);
}

static void several_files_make_one_dataset(void **state)
{
    (void)state;
    char whole[512], jsh[512];
    test_data(whole, "celegans/connectome/white1986/white_1986_whole.csv");
    test_data(jsh, "celegans/connectome/white1986/white_1986_jsh.json");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const bram_input both = {(const char *const[]){whole, jsh}, 2};
    assert_ok(cx, bram_import(cx, &ds, "auto", &both, NULL));
    assert_near(attribute(ds, "white1986_whole", "chemical_pairs"), 2266, 0);
    assert_near(attribute(ds, "white1986_jsh", "chemical_pairs"), 1291, 0);
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "import_report")), 309 + 215);
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    bram_dataset_free(ds);
    ds = NULL;
    const bram_input twice = {(const char *const[]){jsh, jsh}, 2};
    assert_int_equal(bram_import(cx, &ds, "auto", &twice, NULL), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "two of the files hold white1986_jsh"));
    bram_ctx_free(cx);
}

/* The JSON of Cook et al. 2019 and the authors' workbook hold the same connectome. */
static void json_and_workbook_of_cook2019_agree(void **state)
{
    (void)state;
    char json[512], book[512];
    test_data(json, "celegans/connectome/cook2019/cook_jarrell_2019_h.json");
    test_data(book, "celegans/connectome/cook2019/SI 5 Connectome adjacency matrices, corrected "
                    "July 2020.xlsx");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *a = import_file(cx, "auto", json), *b = import_file(cx, "auto", book);
    assert_true(
        bram_axis_equal(table_of(a, "cook2019", "chemical"), table_of(b, "cook2019", "chemical")));
    assert_true(bram_axis_equal(table_of(a, "cook2019", "gap"), table_of(b, "cook2019", "gap")));
    bram_dataset_free(a);
    bram_dataset_free(b);
    bram_ctx_free(cx);
}

/* ---- made files ----------------------------------------------------------------------------- */

static const char table[] = "pre\tpost\ttype\tsynapses\n"
                            "AVAL\tVB01\tchemical\t2\n"
                            "AVAL\tVB1\tchemical\t3\n"
                            "DD1\tAVAL\tchemical\t1\n"
                            "DD1\tBWM-DL01\tchemical\t4\n"
                            "AVBR\tAVAL\telectrical\t4\n"
                            "AVAL\tAVBR\telectrical\t6\n"
                            "AVAL\tAVAL\telectrical\t5\n"
                            "\n"
                            "AVAR\tAVAL\tchemical\t0\n"
                            "ADFL\tAVAL\tchemical\t7\n";

static void entries_become_edges(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "edges.csv");
    write_file(path, table);
    bram_dataset *ds = import_file(cx, "auto", path);
    const bram_axis *chemical = table_of(ds, "edges", "chemical");
    const bram_axis *gap = table_of(ds, "edges", "gap"), *nodes = table_of(ds, "edges", "nodes");
    assert_int_equal(bram_axis_length(chemical), 4);
    assert_near(edge_weight(chemical, "AVAL", "VB1"), 5, 0); /* two spellings of one neuron */
    assert_near(edge_weight(chemical, "DD1", "BWM-DL01"), 4, 0);
    assert_string_equal(bram_axis_column(chemical, "weight")->unit, "synapses");
    assert_int_equal(bram_axis_length(gap), 2);
    assert_near(edge_weight(gap, "AVAL", "AVBR"), 5, 0); /* listed both ways: the mean */
    assert_near(edge_weight(gap, "AVAL", "AVAL"), 5, 0);
    assert_near(attribute(ds, "edges", "gap_uneven_pairs"), 1, 0);
    assert_near(attribute(ds, "edges", "edges_with_other_cells"), 1, 0);

    assert_string_equal(text_at(chemical, "transmitter", edge_row(chemical, "AVAL", "VB1")), "ACh");
    assert_int_equal(integer_at(chemical, "sign", edge_row(chemical, "AVAL", "VB1")), 1);
    assert_int_equal(integer_at(chemical, "sign", edge_row(chemical, "DD1", "AVAL")), -1);
    assert_null(bram_axis_column(gap, "sign"));

    assert_int_equal(bram_axis_length(nodes), 7);
    assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "BWM-DL01")), "muscle");
    assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "VB1")), "neuron");
    assert_string_equal(text_at(nodes, "class", bram_axis_find(nodes, "VB1")), "VB");
    assert_int_equal(integer_at(nodes, "examined", bram_axis_find(nodes, "BWM-DL01")), 0);
    /* seen, without an edge: an examined zero, unlike a neuron that the file does not name */
    assert_int_equal(integer_at(nodes, "examined", bram_axis_find(nodes, "AVAR")), 1);
    assert_int_equal(bram_axis_find(nodes, "AVBL"), -1);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void published_rules_take_names_unchanged(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "edges-published.csv");
    write_file(path, table);
    bram_dataset *ds = import_file(cx, "nemanode:rules=published,name=mine", path);
    const bram_axis *chemical = table_of(ds, "mine", "chemical");
    assert_near(edge_weight(chemical, "AVAL", "VB1"), 3, 0); /* VB01 is lost */
    assert_near(edge_weight(chemical, "DD1", "BWM-DL01"), 0, 0);
    assert_int_equal(bram_axis_length(table_of(ds, "mine", "nodes")), 6);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void json_adds_up_the_sizes_of_synapses(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "edges.json");
    write_file(path, " [{\"pre\":\"AVAL\",\"post\":\"VB1\",\"syn\":[1,2],\"typ\":0},"
                     "{\"typ\":0,\"pre\":\"AVAL\",\"post\":\"VB1\",\"syn\":[4],\"ids\":[7,8]},"
                     "{\"typ\":2,\"pre\":\"AVAL\",\"post\":\"AVAR\",\"syn\":[2]},"
                     "{\"typ\":2,\"pre\":\"AVAR\",\"post\":\"AVAL\",\"syn\":[2]}]");
    bram_dataset *ds = import_file(cx, "auto", path);
    assert_near(edge_weight(table_of(ds, "edges", "chemical"), "AVAL", "VB1"), 7, 0);
    assert_near(edge_weight(table_of(ds, "edges", "gap"), "AVAL", "AVAR"), 2, 0);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void hostile_tables_are_refused(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "edges-bad.csv");
    refuses("auto", path, "pre,post,type,synapses\nAVAL,AVAR,chemical,1\nAVAL,AVBR,chemical,many\n",
            "row 3, column \"synapses\": found \"many\", expected a number");
    refuses("auto", path, "pre,post,type,synapses\nAVAL,AVAR,chemical,-2\n",
            "row 2: found -2, expected a number of synapses, 0 or more");
    refuses("auto", path, "pre,post,type,synapses\nAVAL,AVAR,chemical,inf\n",
            "row 2, column \"synapses\": found \"inf\"");
    refuses("auto", path, "pre,post,type,synapses\nAVAL,AVAR,chemical,\n",
            "row 2, column \"synapses\": found nothing");
    refuses("auto", path, "pre,post,type,synapses\nAVAL,AVAR,telepathy,1\n",
            "row 2, column \"type\": found \"telepathy\", expected chemical, electrical");
    refuses("auto", path, "pre,post,type,synapses\n,AVAR,chemical,1\n",
            "row 2, column \"pre\": found nothing, expected the name of a cell");
    refuses("nemanode", path, "pre,post,kind,synapses\nAVAL,AVAR,chemical,1\n",
            "found the headings \"pre, post, kind, synapses\", expected a table with pre");
    refuses("nemanode:rules=published", path, "pre,post,type,synapses\na,b,chemical,1\n",
            "found no edge");
    refuses("nemanode", path, "[{\"pre\":\"AVAL\",\"post\":\"AVAR\",\"typ\":7,\"syn\":[1]}]",
            "column \"typ\": found \"7\", expected 0, 2");
    refuses("nemanode", path, "[{\"pre\":\"AVAL\",\"post\":\"AVAR\",\"typ\":0,\"syn\":[\"x\"]}]",
            "row 2, column \"syn\": found nothing");
    refuses("nemanode", path, "[3]", "item 1: found integer, expected object");
    refuses("nemanode", path, "[{\"pre\":", "JSON");
    unlink(path);
}

/* A name may be long, and there may be many: neither is a crash or an hour. */
static void huge_names_and_many_nodes(void **state)
{
    (void)state;
    char path[200], text[400];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "edges-many.csv");
    snprintf(text, sizeof text, "pre,post,type,synapses\n%0200d,AVAR,chemical,1\n", 7);
    refuses("auto", path, text, "row 2: found \"000");
    FILE *file = fopen(path, "w");
    fprintf(file, "pre,post,type,synapses\n");
    for (int i = 0; i < 50000; i++) fprintf(file, "cell%d,cell%d,chemical,1\n", i, i + 1);
    fclose(file);
    bram_dataset *ds = import_file(cx, "auto", path);
    assert_int_equal(bram_axis_length(table_of(ds, "edges", "nodes")), 50001);
    assert_int_equal(bram_axis_length(table_of(ds, "edges", "chemical")), 50000);
    assert_string_equal(text_at(table_of(ds, "edges", "nodes"), "kind", 0), "unknown");
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "edges-memory.csv");
    write_file(path, table);
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 4000; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, true); /* all from the k-th on: libcsv asks again for less */
        status = bram_import(cx, &ds, "nemanode", &(bram_input){(const char *const[]){path}, 1},
                             NULL);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 100);
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_of_the_real_files),
        cmocka_unit_test(forms_of_one_animal_agree),
        cmocka_unit_test(several_files_make_one_dataset),
        cmocka_unit_test(json_and_workbook_of_cook2019_agree),
        cmocka_unit_test(entries_become_edges),
        cmocka_unit_test(published_rules_take_names_unchanged),
        cmocka_unit_test(json_adds_up_the_sizes_of_synapses),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(huge_names_and_many_nodes),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
