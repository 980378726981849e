/* Tests of loaders/varshney2011*.c: published figures on the real files, and made ones. */
#include "book.h"
#include "connectome_test.h"
#include "testbook.h"

static const char source[] = "varshney2011", sendjoint[] = "varshney2011_sendjoint";

#define FOLDER "celegans/connectome/varshney2011/"

/* Varshney et al. 2011: 279 neurons, 6393 chemical synapses, 890 gap junctions; the laboratory's
 * table has one synapse more, from AVFL to AVFR, whose receiving row is in lower case. */
static void check_figures(const bram_dataset *ds)
{
    assert_near(attribute(ds, source, "chemical_pairs"), 2194, 0);
    assert_near(attribute(ds, source, "chemical_weight"), 6394, 0);
    assert_near(attribute(ds, source, "gap_entries"), 1031, 0);
    assert_near(attribute(ds, source, "gap_weight_as_listed"), 1777, 0);
    assert_near(attribute(ds, source, "gap_self"), 3, 0);
    assert_near(attribute(ds, source, "connected_nodes"), 279, 0);
}

static void tables_and_matrices_agree(void **state)
{
    (void)state;
    char xls[512], xlsx[512], mat[512];
    test_data(xls, FOLDER "NeuronConnect.xls");
    test_data(xlsx, FOLDER "NeuronConnectFormatted.xlsx");
    test_data(mat, FOLDER "ConnOrdered_040903.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds[] = {import_file(cx, "auto", xls), import_file(cx, "auto", xlsx),
                          import_file(cx, "auto", mat)};
    for (size_t i = 0; i < 3; i++) check_figures(ds[i]);
    for (size_t i = 0; i < 2; i++) {
        assert_near(attribute(ds[i], source, "received_pairs"), 2194, 0);
        assert_near(attribute(ds[i], source, "received_weight"), 6394, 0);
        assert_near(attribute(ds[i], source, "pairs_sent_unlike_received"), 0, 0);
        const bram_axis *nodes = table_of(ds[i], source, "nodes");
        assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "NMJ")), "muscle");
    }
    assert_true(
        bram_axis_equal(table_of(ds[0], source, "chemical"), table_of(ds[1], source, "chemical")));
    assert_true(bram_axis_equal(table_of(ds[0], source, "gap"), table_of(ds[2], source, "gap")));
    const bram_axis *sparse = table_of(ds[2], source, "chemical");
    const bram_column *from = bram_axis_column(sparse, "from"),
                      *to = bram_axis_column(sparse, "to");
    for (size_t i = 0; i < bram_axis_length(sparse); i++)
        assert_near(edge_weight(table_of(ds[0], source, "chemical"), from->text[i], to->text[i]),
                    bram_axis_column(sparse, "weight")->number[i], 0);
    for (size_t i = 0; i < 3; i++) bram_dataset_free(ds[i]);
    bram_ctx_free(cx);
}

static void the_weighted_matrix_has_the_same_pairs(void **state)
{
    (void)state;
    char weighted[512], names[512];
    test_data(weighted, FOLDER "A_sendjoint.mat");
    test_data(names, FOLDER "ConnOrdered_040903.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    const bram_input input = {(const char *const[]){weighted, names}, 2};
    assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
    const bram_axis *a = table_of(ds, sendjoint, "chemical"), *b = table_of(ds, source, "chemical");
    assert_int_equal(bram_axis_length(a), 2194);
    assert_near(sum_weights(a), 3911, 1e-9);
    for (size_t i = 0; i < bram_axis_length(a); i++) {
        assert_string_equal(text_at(a, "from", (ptrdiff_t)i), text_at(b, "from", (ptrdiff_t)i));
        assert_string_equal(text_at(a, "to", (ptrdiff_t)i), text_at(b, "to", (ptrdiff_t)i));
    }
    assert_near(sum_weights(b), 6394, 0);
    check_figures(ds);
    bram_dataset_free(ds);
    ds = NULL;
    const bram_input alone = {(const char *const[]){weighted}, 1};
    assert_int_equal(bram_import(cx, &ds, "auto", &alone, NULL), BRAM_EUSAGE); /* generic asks */
    assert_int_equal(bram_import(cx, &ds, "varshney2011", &alone, NULL), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "ConnOrdered (which has the names of"));
    bram_ctx_free(cx);
}

/* What goes with the matrices: read with them, or only known for what it is. */
static void what_belongs_to_the_matrices(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int verdict;
    } files[] = {
        {"A_sendjoint.mat", BRAM_MINE},         {"Order279.mat", BRAM_BESIDE_MINE},
        {"ClassIDs_279.mat", BRAM_BESIDE_MINE}, {"NeuronTypeOrdered_040903.mat", BRAM_BESIDE_MINE},
        {"NeuronConnect.xls", BRAM_NOT_MINE},   {"../../PROVENANCE.md", BRAM_NOT_MINE}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512], name[200];
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        snprintf(name, sizeof name, FOLDER "%s", files[i].file);
        test_data(path, name);
        assert_ok(cx, bram_loader_find(source)->belongs(cx, path, &r));
        assert_int_equal(r.verdict, files[i].verdict);
        assert_true(r.verdict == BRAM_NOT_MINE || r.reason[0]);
    }
    bram_ctx_free(cx);
}

/* Rows of each type as the data's provenance counts them, in both workbooks. */
static void the_rows_of_each_type(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        size_t rows;
    } types[] = {{"Rp", 1885}, {"Sp", 1625}, {"EJ", 1031}, {"S", 950}, {"R", 773}, {"NMJ", 153}};
    static const char *const books[] = {FOLDER "NeuronConnect.xls",
                                        FOLDER "NeuronConnectFormatted.xlsx"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 0; k < 2; k++) {
        char path[512], text[64];
        bram_book *book = NULL;
        bram_grid *g = NULL;
        test_data(path, books[k]);
        assert_ok(cx, bram_book_open(cx, &book, path, false));
        assert_ok(cx, bram_book_read(cx, book, 0, &g));
        ptrdiff_t column = bram_book_heading(g, "Type");
        assert_true(column >= 0);
        assert_int_equal(bram_grid_rows(g), 1 + 6417);
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            size_t rows = 0;
            for (size_t row = 1; row < bram_grid_rows(g); row++)
                rows += strcmp(bram_book_text(text, sizeof text, g, row, (size_t)column),
                               types[t].type) == 0;
            assert_int_equal(rows, types[t].rows);
        }
        bram_grid_free(g);
        bram_book_close(book);
    }
    bram_ctx_free(cx);
}

static void the_published_figures(void **state)
{
    (void)state;
    char path[512];
    test_data(path, FOLDER "NeuronConnect.xls");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_file(cx, "varshney2011:rules=published", path);
    assert_near(attribute(ds, source, "chemical_pairs"), 1537, 0);
    assert_near(attribute(ds, source, "chemical_weight"), 3822, 0);
    assert_near(attribute(ds, source, "gap_entries"), 676, 0);
    assert_near(attribute(ds, source, "gap_weight_as_listed"), 1038, 0);
    assert_near(attribute(ds, source, "connected_ordered_pairs"), 2079, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void made_tables(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "neuron-connect.xlsx");
    struct testbook *b = testbook_new();
    testbook_sheet(b, "Sheet1",
                   "Neuron 1\tNeuron 2\tType\tNbr\nVB01\tAVAL\tS\t2\nVB1\tavar\tSp\t3\n"
                   "VB1\tAVAL\tSp\t1\nAVAL\tVB01\tR\t2\nAVAR\tVB1\tRp\t3\n"
                   "AVAL\tAVAR\tEJ\t4\nAVAR\tAVAL\tEJ\t4\nVB01\tNMJ\tNMJ\t7\n");
    testbook_write(b, path);
    bram_dataset *ds = import_file(cx, "auto", path);
    const bram_axis *chemical = table_of(ds, source, "chemical");
    assert_near(edge_weight(chemical, "VB1", "AVAL"), 3, 0); /* S and Sp */
    assert_near(edge_weight(chemical, "VB1", "AVAR"), 3, 0);
    assert_near(edge_weight(chemical, "VB1", "NMJ"), 7, 0);
    assert_near(edge_weight(table_of(ds, source, "gap"), "AVAL", "AVAR"), 4, 0);
    assert_near(attribute(ds, source, "received_weight"), 5, 0);
    assert_near(attribute(ds, source, "pairs_sent_unlike_received"), 1, 0); /* VB1 to AVAL */
    bram_dataset_free(ds);

    b = testbook_new();
    testbook_sheet(b, "Sheet1", "Neuron 1\tNeuron 2\tType\tNbr\nAVAL\tAVAR\tX\t2\n");
    testbook_write(b, path);
    refuses("auto", path, NULL,
            "row 2, column \"Type\": found \"X\", expected S, Sp, R, Rp, EJ, NMJ");
    b = testbook_new();
    testbook_sheet(b, "Sheet1", "Neuron 1\tNeuron 2\tType\nAVAL\tAVAR\tS\n");
    testbook_write(b, path);
    refuses("varshney2011", path, NULL, "found the headings \"Neuron 1, Neuron 2, Type\"");
    b = testbook_new();
    testbook_sheet(b, "one", "Neuron 1\tNeuron 2\tType\tNbr\n");
    testbook_sheet(b, "two", "Neuron 1\tNeuron 2\tType\tNbr\n");
    testbook_write(b, path);
    refuses("varshney2011", path, NULL, "found 2 sheets, expected one");
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_and_matrices_agree),
        cmocka_unit_test(the_weighted_matrix_has_the_same_pairs),
        cmocka_unit_test(what_belongs_to_the_matrices),
        cmocka_unit_test(the_rows_of_each_type),
        cmocka_unit_test(the_published_figures),
        cmocka_unit_test(made_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
