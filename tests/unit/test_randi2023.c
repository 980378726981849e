/*
 * Tests of loaders/randi2023.c, randi2023_book.c and functional_atlas.c: counts of the real copies
 * of the atlas, and made files of its forms.
 */
#include "connectome_test.h"
#include "h5_write.h"
#include "testbook.h"

#include <hdf5.h>

static const char source[] = "randi2023";

static void the_significant_pairs(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/functional/WormNeuroAtlasFuncReader.json");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_file(cx, "auto", path);
    const bram_axis *functional = table_of(ds, source, "functional");
    assert_int_equal(bram_axis_length(functional), 1150);
    assert_int_equal(bram_axis_length(table_of(ds, source, "nodes")), 181);
    /* Values that the OpenWorm ConnectomeToolbox states for its reader (its validation page). */
    assert_near(edge_weight(functional, "MCR", "M2R"), 1.1917423178652604, 0);
    assert_near(edge_weight(functional, "I1L", "MI"), -0.12525142862743782, 0);
    assert_near(edge_weight(functional, "AVBR", "AVEL"), -0.14791430582009063, 0);
    assert_near(edge_weight(functional, "ASER", "ASHL"), 0, 0);
    assert_string_equal(bram_axis_column(functional, "weight")->unit, "dF/F");
    /* a pair without an edge is not known to be a zero */
    assert_null(table_of(ds, source, "measured"));
    assert_int_equal(integer_at(table_of(ds, source, "nodes"), "examined", 0), 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void the_early_atlas(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/functional/leifer_funconn_wildtype_2022-04-01.tsv");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_file(cx, "auto", path);
    const bram_axis *functional = table_of(ds, "randi2023_early", "functional");
    double self = attribute(ds, "randi2023_early", "self_pairs_left_out"), least = 0, most = 0;
    const bram_column *w = bram_axis_column(functional, "weight");
    for (size_t i = 0; i < bram_axis_length(functional); i++) {
        least = w->number[i] < least ? w->number[i] : least;
        most = w->number[i] > most ? w->number[i] : most;
    }
    assert_near((double)bram_axis_length(functional) + self, 1780, 0);
    assert_near(least, -53, 0);
    assert_true(most <= 914);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void the_intensity_map_and_its_names(void **state)
{
    (void)state;
    char path[512], list[512];
    test_data(path, "celegans/functional/funatlas_intensity_map.txt");
    test_data(list, "celegans/functional/aconnectome_ids.txt");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const bram_input input = {(const char *const[]){path, list}, 2};
    assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
    const bram_axis *measured = table_of(ds, "randi2023_intensity", "measured");
    /* 90000 values: 78722 NaN, 2 infinite, the rest measured */
    assert_near((double)bram_axis_length(measured) +
                    attribute(ds, "randi2023_intensity", "self_pairs_left_out") +
                    attribute(ds, "randi2023_intensity", "infinite_pairs"),
                90000 - 78722, 0);
    assert_near(attribute(ds, "randi2023_intensity", "infinite_pairs"), 2, 0);
    assert_null(table_of(ds, "randi2023_intensity", "functional")); /* it has no q */
    bram_dataset_free(ds);
    ds = NULL;
    assert_int_equal(
        bram_import(cx, &ds, "randi2023", &(bram_input){(const char *const[]){path}, 1}, NULL),
        BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "list of names"));
    bram_ctx_free(cx);
}

/* ---- made files ----------------------------------------------------------------------------- */

/* Three neurons; [responding][stimulated]. AVAR responds to AVAL, AVAL does not to AVBL. */
static const char *const names[] = {"AVAL", "AVAR", "AWCOF"};
static const double dff[] = {1, .01, .02, .5, 1, -.3, NAN, .1, 1};
static const double q[] = {0, .9, .8, .01, 0, .04, NAN, .5, 0};
static const double q_eq[] = {1, .01, .2, .9, 1, .6, NAN, .04, 1};
static const double occ[] = {9, 3, 4, 5, 9, 2, 0, 6, 9};

static void check_layers(const bram_dataset *ds, const char *third)
{
    const bram_axis *functional = table_of(ds, source, "functional");
    const bram_axis *none = table_of(ds, source, "nonconnection");
    const bram_axis *measured = table_of(ds, source, "measured");
    assert_int_equal(bram_axis_length(functional), 2);
    assert_near(edge_weight(functional, "AVAL", "AVAR"), .5, 0);
    assert_near(edge_weight(functional, third, "AVAR"), -.3, 0);
    assert_int_equal(bram_axis_length(none), 2);
    assert_true(edge_row(none, "AVAR", "AVAL") >= 0);
    assert_true(edge_row(none, "AVAR", third) >= 0);
    assert_string_equal(text_at(none, "type", 0), "non-connection");
    assert_int_equal(bram_axis_length(measured),
                     5); /* neither significant nor shown to be none: 1 */
    assert_near(bram_axis_column(measured, "q")->number[edge_row(measured, third, "AVAL")], .8, 0);
    assert_near(bram_axis_column(measured, "q_eq")->number[edge_row(measured, third, "AVAL")], .2,
                0);
    assert_near(attribute(ds, source, "self_pairs_left_out"), 3, 0);
}

static void make_h5(const char *path, size_t cols, const char *missing)
{
    static const char *const fields[] = {"dFF", "q", "q_eq", "occ1"};
    static const double *const values[] = {dff, q, q_eq, occ};
    static const char *const strains[] = {"wt", "unc31"};
    bram_ctx *cx = bram_ctx_new();
    bram_h5w *w = NULL;
    assert_ok(cx, bram_h5w_open(cx, &w, path, true));
    assert_ok(cx, bram_h5w_dataset(cx, w, "neuron_ids", BRAM_H5W_TEXT, 1, (size_t[]){3}, names));
    for (size_t s = 0; s < 2; s++) {
        assert_ok(cx, bram_h5w_group(cx, w, strains[s]));
        for (size_t k = 0; k < 4; k++) {
            char name[32];
            snprintf(name, sizeof name, "%s/%s", strains[s], fields[k]);
            if (strcmp(name, missing) != 0)
                assert_ok(cx, bram_h5w_dataset(cx, w, name, BRAM_H5W_FLOAT64, 2,
                                               (size_t[]){9 / cols, cols}, values[k]));
        }
    }
    assert_ok(cx, bram_h5w_commit(cx, w));
    bram_ctx_free(cx);
}

/*
 * wt/kernels as h5py writes a variable-length array: [responding][stimulated] lists of g, factor,
 * power and branch. From AVAL to AVAR: t exp(-t/2), whose peak is at 2 s; from the third neuron to
 * AVAR: -exp(-t) alone, which is largest at once; AVAL from AVBL has none.
 */
static void add_kernels(const char *path, size_t length)
{
    static double first[] = {.5, 1, 1, 0, 3, 0, 0, 1}, second[] = {1, -1, 0, 0};
    hvl_t lists[9] = {{0, NULL}};
    lists[3] = (hvl_t){length, first};
    lists[5] = (hvl_t){4, second};
    hsize_t dims[] = {3, 3};
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(2, dims, NULL);
    hid_t type = H5Tvlen_create(H5T_NATIVE_DOUBLE);
    hid_t set = H5Dcreate2(file, "wt/kernels", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, lists) >= 0);
    H5Dclose(set);
    H5Tclose(type);
    H5Sclose(space);
    H5Fclose(file);
}

static void the_delays_of_kernels(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "kernels.h5");
    make_h5(path, 3, "");
    add_kernels(path, 8);
    bram_dataset *ds = import_file(cx, "auto", path);
    check_layers(ds, "AWCOFF");
    const bram_axis *functional = table_of(ds, source, "functional");
    const bram_column *delay = bram_axis_column(functional, "delay");
    assert_near(delay->number[edge_row(functional, "AVAL", "AVAR")], 2, 1e-12);
    assert_near(delay->number[edge_row(functional, "AWCOFF", "AVAR")], 0, 0);
    assert_null(bram_axis_column(table_of(ds, source, "measured"), "delay"));
    bram_dataset_free(ds);
    make_h5(path, 3, "");
    add_kernels(path, 7);
    refuses("auto", path, NULL, "wt/kernels[1,0]: found 7 numbers, expected four a term");
    unlink(path);
    bram_ctx_free(cx);
}

static void the_file_of_wormneuroatlas(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "funatlas.h5");
    make_h5(path, 3, "");
    bram_dataset *ds = import_file(cx, "auto", path);
    check_layers(ds, "AWCOFF");
    const bram_axis *measured = table_of(ds, source, "measured");
    assert_near(
        bram_axis_column(measured, "occurrences")->number[edge_row(measured, "AVAL", "AVAR")], 5,
        0);
    const bram_axis *nodes = table_of(ds, source, "nodes");
    assert_string_equal(text_at(nodes, "class", bram_axis_find(nodes, "AWCOFF")), "AWC");
    bram_dataset_free(ds);
    ds = import_file(cx, "randi2023:q=0.02,strain=unc31", path);
    assert_int_equal(bram_axis_length(table_of(ds, source, "functional")), 1);
    bram_dataset_free(ds);
    make_h5(path, 9, "");
    refuses("auto", path, NULL, "wt/dFF: found rank 2, 9 elements, expected 3 x 3");
    make_h5(path, 3, "wt/q");
    refuses("auto", path, NULL, "found no wt/q, expected a matrix 3 x 3");
    unlink(path);
    bram_ctx_free(cx);
}

static const char amplitudes[] = "\tAVAL\tAVAR\tAVBL\nAVAL\t1\t.01\t.02\nAVAR\t.5\t1\t-.3\n"
                                 "AVBL\t\t.1\t1\n";
static const char q_sheet[] = "\tAVAL\tAVAR\tAVBL\nAVAL\t0\t.9\t.8\nAVAR\t.01\t0\t.04\n"
                              "AVBL\t\t.5\t0\n";
static const char alpha[] = "\tAVAL\tAVAR\tAVBL\nAVAL\t1\t.1\t.2\nAVAR\t.99\t1\t.96\n"
                            "AVBL\t\t.5\t1\n";
static const char equivalence[] = "\tAVAL\tAVAR\tAVBL\nAVAL\t1\t.01\t.2\nAVAR\t.9\t1\t.6\n"
                                  "AVBL\t\t.04\t1\n";

static void the_workbook_of_the_supplement(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "supplement.xlsx");
    struct testbook *b = testbook_new();
    testbook_sheet(b, "WT, df_over_f", amplitudes);
    testbook_sheet(b, "WT, q_val", q_sheet);
    testbook_sheet(b, "WT, q_eq", equivalence);
    testbook_write(b, path);
    bram_dataset *ds = import_file(cx, "auto", path);
    check_layers(ds, "AVBL");
    bram_dataset_free(ds);

    /* a sheet of 1 - q is not taken for one of q */
    b = testbook_new();
    testbook_sheet(b, "Figure2a, df_over_f", amplitudes);
    testbook_sheet(b, "Figure2a, alpha=(1 - q_val)", alpha);
    testbook_write(b, path);
    ds = import_file(cx, "auto", path);
    assert_int_equal(bram_axis_length(table_of(ds, source, "functional")), 2);
    assert_near(edge_weight(table_of(ds, source, "functional"), "AVAL", "AVAR"), .5, 0);
    assert_null(table_of(ds, source, "nonconnection"));
    bram_dataset_free(ds);

    /* sheets whose names say nothing are named by options */
    b = testbook_new();
    testbook_sheet(b, "one", amplitudes);
    testbook_sheet(b, "two", q_sheet);
    testbook_write(b, path);
    ds = import_file(cx, "randi2023:amplitude_sheet=one,q_sheet=two", path);
    assert_int_equal(bram_axis_length(table_of(ds, source, "functional")), 2);
    bram_dataset_free(ds);
    refuses("randi2023:amplitude_sheet=one", path, NULL, "found no sheet with a name of q among 2");
    refuses("randi2023:amplitude_sheet=one,q_sheet=two,q_eq_sheet=three", path, NULL,
            "found no sheet \"three\" of equivalence q");

    b = testbook_new();
    testbook_sheet(b, "dFF", "\tAVAL\tAVAR\nAVAR\tlarge\t1\n");
    testbook_sheet(b, "q", q_sheet);
    testbook_write(b, path);
    refuses("auto", path, NULL, "dFF!B2");
    unlink(path);
    bram_ctx_free(cx);
}

static void hostile_atlases_are_refused(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "atlas-bad");
    refuses("auto", path, "{\"nodes\": [\"AVAL\", \"AVAR\"]}", "connections");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", 3], \"connections\": {\"Functional\": "
            "[[0, 1], [0, 0]]}}",
            "field nodes: found integer as item 2");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", \"AVAR\"], \"connections\": {\"Functional\": "
            "[[0, 1]]}}",
            "found 1 rows for 2 nodes");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", \"AVAR\"], \"connections\": {\"Functional\": "
            "[[0, 1], [0]]}}",
            "found 1 items in row 2, expected 2");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", \"AVAR\"], \"connections\": {\"Functional\": "
            "[[0, \"x\"], [0, 0]]}}",
            "found text in row 1, column 2, expected number");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", \"AVAL\"], \"connections\": {\"Functional\": "
            "[[0, 1], [1, 0]]}}",
            "found the pair AVAL, AVAL twice");
    refuses("auto", path,
            "{\"nodes\": [\"AVAL\", \"AVAR\"], \"connections\": {\"Functional\": "
            "[[0, 0], [0, 0]]}}",
            "found no edge");
    refuses("randi2023", path, "AVAL\tAVAR\t1\nAVAL\tAVBL\tmuch\n", "found");
    refuses("randi2023", path, "AVAL\tAVAR\t1\nAVAL\tAVAR\t2\n", "twice");
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_significant_pairs),
        cmocka_unit_test(the_early_atlas),
        cmocka_unit_test(the_intensity_map_and_its_names),
        cmocka_unit_test(the_file_of_wormneuroatlas),
        cmocka_unit_test(the_delays_of_kernels),
        cmocka_unit_test(the_workbook_of_the_supplement),
        cmocka_unit_test(hostile_atlases_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
