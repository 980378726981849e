/*
 * Tests of loaders/openworm.c, bentley2016.c, ripollsanchez2023.c and wormneuroatlas.c: figures of
 * the data's provenance on the real files, and made files.
 */
#include "connectome_test.h"

#define FOLDER "celegans/connectome/"

static size_t examined(const bram_dataset *ds, const char *source)
{
    const bram_axis *nodes = table_of(ds, source, "nodes");
    const bram_column *c = bram_axis_column(nodes, "examined");
    size_t count = 0;
    for (size_t i = 0; i < bram_axis_length(nodes); i++) count += c->integer[i] != 0;
    return count;
}

static void openworm(void **state)
{
    (void)state;
    char path[512];
    test_data(path, FOLDER "openworm/CElegansNeuronTables.xls");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_file(cx, "auto", path);
    const bram_axis *chemical = table_of(ds, "openworm", "chemical");
    assert_near(attribute(ds, "openworm", "chemical_pairs"), 2279, 0);
    assert_near(attribute(ds, "openworm", "gap_entries"), 1084, 0);
    assert_near(attribute(ds, "openworm", "connected_ordered_pairs"), 3142, 0);
    assert_near(attribute(ds, "openworm", "connected_nodes"), 299, 0);
    assert_near(attribute(ds, "openworm", "edges_with_other_cells"), 564, 0); /* rows to muscles */
    /* the second sheet's first rows: ADEL to MDL05, 1, dopamine; AS1 to MDL05, 3, acetylcholine */
    ptrdiff_t row = edge_row(chemical, "AS1", "MDL05");
    assert_near(edge_weight(chemical, "AS1", "MDL05"), 3, 0);
    assert_string_equal(text_at(chemical, "transmitter", row), "Acetylcholine");
    assert_int_equal(integer_at(chemical, "sign", row), 1);
    assert_string_equal(text_at(chemical, "transmitter", edge_row(chemical, "ADEL", "MDL05")),
                        "Dopamine");
    const bram_axis *nodes = table_of(ds, "openworm", "nodes");
    assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "MVULVA")), "muscle");
    bram_dataset_free(ds);
    ds = import_file(cx, "openworm:rules=published", path);
    assert_near(attribute(ds, "openworm", "connected_ordered_pairs"), 3142, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void extrasynaptic_layers(void **state)
{
    (void)state;
    char mono[512], peptide[512], matrix[512];
    test_data(mono, FOLDER "extrasynaptic/esconnectome_monoamines_Bentley_2016.csv");
    test_data(peptide, FOLDER "extrasynaptic/esconnectome_neuropeptides_Bentley_2016.csv");
    test_data(matrix, FOLDER "extrasynaptic/neuropeptide_connectome_short_range_model.csv");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const bram_input both = {(const char *const[]){mono, peptide}, 2};
    assert_ok(cx, bram_import(cx, &ds, "auto", &both, NULL));
    const bram_axis *monoamine = table_of(ds, "bentley2016", "monoamine");
    assert_int_equal(bram_axis_length(monoamine), 2626);
    assert_int_equal(bram_axis_length(table_of(ds, "bentley2016", "neuropeptide")), 8931);
    assert_string_equal(text_at(monoamine, "receptor", edge_row(monoamine, "RIML", "ALML")),
                        "lgc-55");
    const bram_axis *nodes = table_of(ds, "bentley2016", "nodes");
    assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "CANL")), "other");
    bram_dataset_free(ds);

    ds = import_file(cx, "auto", matrix);
    const bram_axis *layer = table_of(ds, "ripollsanchez2023", "neuropeptide_short");
    assert_int_equal(bram_axis_length(layer), 31417); /* counted in the file */
    assert_near(sum_weights(layer), 83634, 0);
    assert_int_equal(bram_axis_length(table_of(ds, "ripollsanchez2023", "nodes")), 302);
    assert_int_equal(examined(ds, "ripollsanchez2023"), 300);
    bram_dataset_free(ds);

    test_data(matrix, FOLDER "extrasynaptic/08062023_monoamine_connectome.csv");
    ds = import_file(cx, "auto", matrix);
    layer = table_of(ds, "ripollsanchez2023", "monoamine");
    assert_int_equal(bram_axis_length(layer), 2881);
    assert_near(sum_weights(layer), 4127, 0);
    /* rows send: dopaminergic CEPDL acts on many, AVAL on none */
    size_t out[2] = {0};
    for (size_t i = 0; i < bram_axis_length(layer); i++) {
        out[0] += strcmp(text_at(layer, "from", (ptrdiff_t)i), "CEPDL") == 0;
        out[1] += strcmp(text_at(layer, "from", (ptrdiff_t)i), "AVAL") == 0;
    }
    assert_int_equal(out[0], 175);
    assert_int_equal(out[1], 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static bram_dataset *import_two(bram_ctx *cx, const char *spec, const char *file, const char *list)
{
    bram_dataset *ds = NULL;
    const bram_input input = {(const char *const[]){file, list}, 2};
    assert_ok(cx, bram_import(cx, &ds, spec, &input, NULL));
    return ds;
}

/* Matrices without names: order and direction are told by the sources that they were made of. */
static void matrices_of_wormneuroatlas(void **state)
{
    (void)state;
    static const char source[] = "wormneuroatlas", summed[] = "wormneuroatlas_default";
    static const char *const parts[][2] = {
        {FOLDER "white1986/white_1986_whole.csv", "white1986_whole"},
        {FOLDER "white1986/white_1986_jsh.csv", "white1986_jsh"},
        {FOLDER "witvliet2021/witvliet_2020_7.csv", "witvliet2021_7"},
        {FOLDER "witvliet2021/witvliet_2020_8.csv", "witvliet2021_8"}};
    char path[512], list[512];
    test_data(path, FOLDER "wormneuroatlas/aconnectome_default.h5");
    test_data(list, "celegans/neurons/neuron_ids.txt");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_two(cx, "wormneuroatlas:rules=published", path, list);
    assert_near(attribute(ds, summed, "chemical_pairs"), 4051, 0);
    assert_near(attribute(ds, summed, "chemical_weight"), 27729, 0);
    assert_near(attribute(ds, summed, "gap_entries"), 1650, 0);
    assert_near(attribute(ds, summed, "gap_uneven_pairs"), 0, 0);
    bram_dataset_free(ds);

    /* every synapse of the four sources, but for those of AWC and VD9 */
    ds = import_two(cx, "auto", path, list);
    assert_int_equal(examined(ds, summed), 297);
    const bram_axis *whole = table_of(ds, summed, "chemical");
    const bram_column *from = bram_axis_column(whole, "from"), *to = bram_axis_column(whole, "to");
    const bram_axis *layer[4];
    bram_dataset *part[4];
    for (size_t k = 0; k < 4; k++) {
        test_data(path, parts[k][0]);
        part[k] = import_file(cx, "auto", path);
        layer[k] = table_of(part[k], parts[k][1], "chemical");
    }
    for (size_t i = 0; i < bram_axis_length(whole); i++) {
        double sum = 0;
        for (size_t k = 0; k < 4; k++) sum += edge_weight(layer[k], from->text[i], to->text[i]);
        assert_near(bram_axis_column(whole, "weight")->number[i], sum, 0);
    }
    assert_near(sum_weights(whole), 23281, 0);
    bram_dataset_free(ds);

    /* the JSON: 2209 of the 2266 pairs of White et al. from row to column, 529 the other way */
    test_data(path, FOLDER "wormneuroatlas/aconnectome.json");
    test_data(list, "celegans/functional/aconnectome_ids.txt");
    ds = import_two(cx, "auto", path, list);
    assert_near(attribute(ds, source, "chemical_pairs"), 2276, 0);
    assert_near(attribute(ds, source, "chemical_weight"), 5862, 0);
    size_t there = 0, back = 0;
    whole = table_of(ds, source, "chemical");
    from = bram_axis_column(whole, "from"), to = bram_axis_column(whole, "to");
    for (size_t i = 0; i < bram_axis_length(whole); i++) {
        there += edge_row(layer[0], from->text[i], to->text[i]) >= 0;
        back += edge_row(layer[0], to->text[i], from->text[i]) >= 0;
    }
    assert_int_equal(there, 2209);
    assert_int_equal(back, 529);
    for (size_t k = 0; k < 4; k++) bram_dataset_free(part[k]);
    bram_dataset_free(ds);

    ds = NULL;
    assert_int_equal(
        bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL),
        BRAM_EUSAGE);
    const bram_input wrong = {(const char *const[]){path, path}, 2};
    assert_int_equal(bram_import(cx, &ds, "auto", &wrong, NULL), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "their list of names"));
    test_temporary(list, "short-list");
    write_file(list, "000\tADAL\n001\tADAR\n");
    const bram_input cut = {(const char *const[]){path, list}, 2};
    assert_int_equal(bram_import(cx, &ds, "auto", &cut, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "expected 300 lines"));
    unlink(list);
    bram_ctx_free(cx);
}

static void hostile_files(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "sources-bad");
    refuses("auto", path,
            "#source neuron, target neuron, transmitter, receptor\nAVAL,AVAR,,npr-1\n",
            "row 2: found no transmitter");
    refuses("auto", path,
            "#source neuron, target neuron, transmitter, receptor\nAVAL,AVAR,flp-1,\n",
            "row 2: found no receptor");
    refuses("bentley2016", path, "#source neuron, target neuron, transmitter\nAVAL,AVAR,flp-1\n",
            "found the headings");
    refuses("ripollsanchez2023:layer=monoamine", path, "Row,AVAL,AVAR\nAVAL,0,x\nAVAR,0,0\n", "C2");
    refuses("ripollsanchez2023:layer=monoamine", path, "Row,AVAL,AVAR\nAVAL,0,-1\nAVAR,0,0\n",
            "C2: found -1");
    refuses("ripollsanchez2023:layer=monoamine", path, "Row\nAVAL\n", "above the columns");
    refuses("openworm", path, "Origin,Target\nAVAL,AVAR\n",
            "found no sheet \"Connectome\" among 1");
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openworm),
        cmocka_unit_test(extrasynaptic_layers),
        cmocka_unit_test(matrices_of_wormneuroatlas),
        cmocka_unit_test(hostile_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
