/* Tests of loaders/cells.c: the lists that are there, and made ones. */
#include "connectome_test.h"

#define FOLDER "celegans/neurons/"
#define COOK   "../connectome/cook2019/"

static const bram_axis *list_of(bram_ctx *cx, bram_dataset **ds, const char *file, const char *list)
{
    char path[64];
    *ds = import_file(cx, "auto", file);
    snprintf(path, sizeof path, "cells/%s", list);
    const bram_axis *table = bram_dataset_table(*ds, path);
    assert_non_null(table);
    return table;
}

static size_t count(const bram_axis *table, const char *column, const char *value)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_axis_length(table); i++)
        n += strcmp(text_at(table, column, (ptrdiff_t)i), value) == 0;
    return n;
}

static void the_real_lists(void **state)
{
    (void)state;
    static const struct {
        const char *file, *list;
        size_t rows;
    } lists[] = {{"connectome_neurons.csv", "connectome_neurons", 658},
                 {"all_cell_info.csv", "cell_info", 648},
                 {"neuron_class_all.csv", "neuron_classes", 453},
                 {"connectome_neurons_replacement.csv", "other_names", 248},
                 {"anatlas_neuron_positions.txt", "positions", 303},
                 {"aconnectome_ids_ganglia.json", "ganglia", 309},
                 {"../published_reference/neuron_master_sheet.csv", "master_sheet", 300},
                 /* 64 of the pharynx, 387 shared, 24 of hermaphrodites, 149 of males */
                 {COOK "SI 4 Cell lists.xlsx", "cook2019_cells", 64 + 387 + 24 + 149},
                 /* 105 shared, 4 of hermaphrodites, 8 of males */
                 {COOK "SI 6 Cell class lists.xlsx", "cook2019_classes", 105 + 4 + 8}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char path[512], name[200];
        bram_dataset *ds = NULL;
        snprintf(name, sizeof name, FOLDER "%s", lists[i].file);
        test_data(path, name);
        const bram_axis *table = list_of(cx, &ds, path, lists[i].list);
        if (bram_axis_length(table) != lists[i].rows)
            fail_msg("%s: %zu rows", lists[i].file, bram_axis_length(table));
        if (strcmp(lists[i].list, "connectome_neurons") == 0) {
            assert_string_equal(text_at(table, "label", bram_axis_find(table, "VB01")), "VB1");
            assert_string_equal(text_at(table, "class", bram_axis_find(table, "ADAL")), "ADA");
        }
        if (strcmp(lists[i].list, "positions") == 0) {
            assert_int_equal(count(table, "label", "PVCL"), 2); /* listed twice */
            assert_near(bram_axis_column(table, "y")->number[0], 4.0418, 1e-12);
        }
        if (strcmp(lists[i].list, "master_sheet") == 0)
            assert_int_equal(count(table, "certainty", "exact"), 300);
        if (strcmp(lists[i].list, "ganglia") == 0)
            assert_int_equal(count(table, "ganglion", "lateral ganglion"), 73);
        if (strcmp(lists[i].list, "cook2019_cells") == 0) {
            ptrdiff_t sdql = bram_axis_find(table, "SDQL"), cem = bram_axis_find(table, "CEMDL");
            assert_string_equal(text_at(table, "category", sdql), "SN4");
            assert_string_equal(text_at(table, "remark", sdql),
                                "interneuron in White et al., 1986");
            assert_string_equal(text_at(table, "list", cem), "male-specific");
            assert_string_equal(text_at(table, "cell_type", cem), "sensory neuron");
            assert_string_equal(text_at(table, "label", bram_axis_find(table, "VC01")), "VC1");
        }
        if (strcmp(lists[i].list, "cook2019_classes") == 0) {
            assert_int_equal(count(table, "group", "SN6"), 10); /* ASI to ASK */
            assert_string_equal(text_at(table, "meaning", bram_axis_find(table, "int")),
                                "intestine");
            assert_string_equal(text_at(table, "sex", bram_axis_find(table, "HSN")),
                                "hermaphrodite");
        }
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void made_lists(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    test_temporary(path, "cells.csv");
    write_file(path, "\xef\xbb\xbfname,class,\"Notes, more\",size\nVB01,VB,\"a, b\",3\npm3VL,,,\n"
                     "CAN?,CAN,x,4,rest\n");
    const bram_axis *table = list_of(cx, &ds, path, "connectome_neurons");
    assert_int_equal(bram_axis_length(table), 3);
    assert_string_equal(bram_axis_id(table, 0), "VB01");
    assert_string_equal(text_at(table, "label", 0), "VB1");
    assert_string_equal(text_at(table, "kind", 1), "muscle");
    assert_string_equal(text_at(table, "notes_more", 0), "a, b");
    assert_near(bram_axis_column(table, "size")->number[2], 4, 0);
    assert_true(isnan(bram_axis_column(table, "size")->number[1]));
    assert_string_equal(text_at(table, "further", 2), "rest");
    bram_dataset_free(ds);

    refuses("auto", path, "name,class\n,VB\n", "line 2: found no name");
    refuses("cells", path, "who,what\nVB1,VB\n", "found the headings \"who, what\"");
    refuses("auto", path, "# AVAL AVAR AVBL AVBR AVDL AVDR AVEL AVER RIML RIMR ASEL ASER\n1 2 3\n",
            "found 12 names and 1 lines of 3 numbers");
    refuses("auto", path, "{\"lateral ganglion\": [\"AVAL\", 3]}",
            "field lateral ganglion: found integer as item 2");
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_lists),
        cmocka_unit_test(made_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
