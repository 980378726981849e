/* Tests of loaders/cook2019.c: published figures on the real workbook, and made ones. */
#include "connectome_test.h"
#include "internal.h"
#include "testzip.h"

static const char si5[] =
    "celegans/connectome/cook2019/SI 5 Connectome adjacency matrices, corrected July 2020.xlsx";

static double count(const bram_dataset *ds, const char *name)
{
    return attribute(ds, "cook2019", name);
}

static void the_corrected_figures(void **state)
{
    (void)state;
    char path[512];
    test_data(path, si5);
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx,
              bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL));
    const bram_axis *chemical = bram_dataset_table(ds, "connectome/cook2019/chemical");
    const bram_axis *gap = bram_dataset_table(ds, "connectome/cook2019/gap");
    /* muscles and other cells included: the figures of the same data as JSON */
    assert_int_equal(bram_axis_length(chemical), 4879);
    assert_near(sum_weights(chemical), 28113, 0);
    assert_near(count(ds, "chemical_weight"), 20905, 0);
    assert_int_equal(count(ds, "chemical_pairs"), 3707);
    assert_int_equal(count(ds, "gap_entries"), 2188);
    assert_int_equal(count(ds, "gap_self"), 14);
    assert_int_equal(count(ds, "gap_uneven_pairs"), 0);
    assert_string_equal(bram_axis_column(gap, "weight")->unit, "sections");
    assert_near(count(ds, "gap_weight_as_listed"), 9519, 0);
    assert_int_equal(count(ds, "connected_ordered_pairs"), 5138);
    assert_int_equal(count(ds, "connected_nodes"), 300);
    const bram_axis *nodes = bram_dataset_table(ds, "connectome/cook2019/nodes");
    const bram_column *examined = bram_axis_column(nodes, "examined");
    size_t both = 0;
    for (size_t i = 0; i < bram_axis_length(nodes); i++) both += examined->integer[i] != 0;
    assert_int_equal(both, 300);
    assert_int_equal(bram_axis_length(nodes), 473);
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    const bram_axis *report = bram_dataset_table(ds, "import_report");
    const bram_column *certainty = bram_axis_column(report, "certainty");
    size_t neurons = 0, others = 0;
    for (size_t i = 0; i < bram_axis_length(report); i++) {
        neurons += strcmp(certainty->text[i], "exact") == 0;
        others += strcmp(certainty->text[i], "not-a-neuron") == 0;
    }
    assert_int_equal(neurons, 300);
    assert_int_equal(neurons + others, bram_axis_length(report)); /* every cell is known */
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void the_published_figures(void **state)
{
    (void)state;
    char path[512];
    test_data(path, si5);
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_import(cx, &ds, "cook2019:rules=published",
                              &(bram_input){(const char *const[]){path}, 1}, NULL));
    assert_int_equal(count(ds, "chemical_pairs"), 3038);
    assert_near(sum_weights(bram_dataset_table(ds, "connectome/cook2019/chemical")), 17676, 0);
    assert_int_equal(count(ds, "gap_entries"), 1681);
    assert_near(count(ds, "gap_weight_as_listed"), 7639, 0);
    assert_int_equal(count(ds, "connected_ordered_pairs"), 4085);
    assert_int_equal(count(ds, "connected_nodes"), 236);
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "connectome/cook2019/nodes")), 236);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* SI 7 adds the sections of SI 5 up by cell class, but for two pairs of classes. */
static void the_classes_of_si7(void **state)
{
    (void)state;
    static const char source[] = "cook2019_classes";
    char cells[512], classes[512];
    test_data(cells, si5);
    test_data(classes,
              "celegans/connectome/cook2019/SI 7 Cell class connectome adjacency matrices, "
              "corrected July 2020.xlsx");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_file(cx, "auto", classes), *fine = import_file(cx, "auto", cells);
    const bram_axis *chemical = table_of(ds, source, "chemical"),
                    *gap = table_of(ds, source, "gap");
    assert_string_equal(
        bram_attrs_text(bram_dataset_find_attrs(ds, "connectome/cook2019_classes"), "level"),
        "class");
    assert_int_equal(bram_axis_length(chemical), 1682); /* counted in the sheet, */
    assert_near(sum_weights(chemical), 26233, 0);       /* sums at its ends apart */
    const bram_axis *nodes = table_of(ds, source, "nodes");
    assert_string_equal(text_at(nodes, "class", bram_axis_find(nodes, "ASI")), "ASI");
    assert_string_equal(text_at(nodes, "kind", bram_axis_find(nodes, "ASI")), "neuron");
    assert_int_equal(integer_at(nodes, "examined", bram_axis_find(nodes, "MUBODY")), 0);

    /* ASI sends AFD, ASG ... what its two cells send to theirs: sums over the cells of SI 5 */
    static const struct {
        const char *from, *to;
        double classes, cells;
    } pairs[] = {{"ASJ", "ASK", 25, 25},
                 {"AWA", "ASE", 12, 12},
                 {"SMD", "SIB", 58, 88},
                 {"ALA", "PVD", 0, 150}};
    const bram_axis *edges = table_of(fine, "cook2019", "chemical");
    const bram_axis *cell = table_of(fine, "cook2019", "nodes");
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        double sum = 0;
        for (size_t i = 0; i < bram_axis_length(edges); i++) {
            ptrdiff_t row = (ptrdiff_t)i;
            ptrdiff_t from = bram_axis_find(cell, text_at(edges, "from", row));
            ptrdiff_t to = bram_axis_find(cell, text_at(edges, "to", row));
            if (!strcmp(text_at(cell, "class", from), pairs[k].from) &&
                !strcmp(text_at(cell, "class", to), pairs[k].to))
                sum += bram_axis_column(edges, "weight")->number[i];
        }
        assert_near(sum, pairs[k].cells, 0);
        assert_near(edge_weight(chemical, pairs[k].from, pairs[k].to), pairs[k].classes, 0);
    }
    /* 1062 cells of the symmetric sheet, 59 of them on its diagonal; their sum is 22397. One, of
     * 400 sections from exc_cell to CAN, stands there one way only. */
    size_t self = 0;
    double both = 0;
    for (size_t i = 0; i < bram_axis_length(gap); i++) {
        ptrdiff_t row = (ptrdiff_t)i;
        bool one = strcmp(text_at(gap, "from", row), text_at(gap, "to", row)) == 0;
        self += one;
        both += (one ? 1 : 2) * bram_axis_column(gap, "weight")->number[i];
    }
    assert_int_equal(2 * bram_axis_length(gap) - self, 1062 + 1);
    assert_int_equal(self, 59);
    assert_near(both, 22397 + 400, 0);
    bram_dataset_free(fine);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- made workbooks ------------------------------------------------------------------------- */

static struct testzip *zip;

/* A sheet whose names in row 3 and column C are given, with its cells: "D4=2 E4=1". */
static void add_sheet(const char *member, const char *const *names, size_t n, const char *cells)
{
    char xml[8192];
    size_t used = (size_t)snprintf(xml, sizeof xml, "<worksheet><sheetData><row r=\"3\">");
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(xml + used, sizeof xml - used,
                                 "<c r=\"%c3\" t=\"inlineStr\"><is><t>%s</t></is></c>",
                                 (int)('D' + i), names[i]);
    used += (size_t)snprintf(xml + used, sizeof xml - used, "</row>");
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(
            xml + used, sizeof xml - used,
            "<row r=\"%zu\"><c r=\"C%zu\" t=\"inlineStr\"><is><t>%s</t></is></c>", i + 4, i + 4,
            names[i]);
        for (const char *at = cells; *at;) {
            char ref[8], value[16];
            int length = 0;
            if (sscanf(at, "%7[A-Z0-9]=%15s%n", ref, value, &length) != 2) break;
            at += length + (at[length] == ' ');
            if ((size_t)atoi(ref + 1) == i + 4)
                used += (size_t)snprintf(xml + used, sizeof xml - used, "<c r=\"%s\"><v>%s</v></c>",
                                         ref, value);
        }
        used += (size_t)snprintf(xml + used, sizeof xml - used, "</row>");
    }
    used += (size_t)snprintf(xml + used, sizeof xml - used, "</sheetData></worksheet>");
    testzip_add(zip, member, xml, used);
}

static void make_book(const char *path, const char *const *names, size_t n, const char *chemical,
                      const char *gap)
{
    static const char book[] = "<workbook xmlns:r=\"u\"><sheets><sheet name=\"hermaphrodite "
                               "chemical\" sheetId=\"1\" r:id=\"a\"/>"
                               "<sheet name=\"hermaphrodite gap jn symmetric\" sheetId=\"2\" "
                               "r:id=\"b\"/></sheets></workbook>";
    static const char rels[] = "<Relationships><Relationship Id=\"a\" Type=\"http://x/worksheet\" "
                               "Target=\"worksheets/1.xml\"/>"
                               "<Relationship Id=\"b\" Type=\"http://x/worksheet\" "
                               "Target=\"worksheets/2.xml\"/></Relationships>";
    memset(zip, 0, sizeof *zip);
    testzip_add(zip, "xl/workbook.xml", book, sizeof book - 1);
    testzip_add(zip, "xl/_rels/workbook.xml.rels", rels, sizeof rels - 1);
    add_sheet("xl/worksheets/1.xml", names, n, chemical);
    add_sheet("xl/worksheets/2.xml", names, n, gap);
    testzip_write(zip, path);
}

static const char *const few[] = {"AVAL", "VB01", "VB1", "GLRL"};

static void names_are_cleaned_and_duplicates_summed(void **state)
{
    (void)state;
    char path[200];
    bram_dataset *ds = NULL;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "cook.xlsx");
    /* AVAL to VB01: 2, to VB1: 3, to GLRL: 9; gap AVAL - VB01 4 and 6 back, AVAL with itself 5 */
    make_book(path, few, 4, "E4=2 F4=3 G4=9 D5=0", "D4=5 E4=4 D5=6");
    const bram_input input = {(const char *const[]){path}, 1};
    assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
    const bram_axis *chemical = bram_dataset_table(ds, "connectome/cook2019/chemical");
    const bram_axis *gap = bram_dataset_table(ds, "connectome/cook2019/gap");
    assert_int_equal(bram_axis_length(chemical), 2);
    assert_near(edge_weight(chemical, "AVAL", "GLRL"), 9, 0);
    assert_string_equal(bram_axis_column(chemical, "to")->text[0], "VB1");
    assert_near(bram_axis_column(chemical, "weight")->number[0], 5, 0);
    assert_string_equal(bram_axis_column(chemical, "weight")->unit, "sections");
    assert_int_equal(bram_axis_length(gap), 2);
    assert_string_equal(bram_axis_column(gap, "to")->text[0], "AVAL");
    assert_near(bram_axis_column(gap, "weight")->number[1], 5, 0); /* the mean of 4 and 6 */
    assert_int_equal(count(ds, "gap_uneven_pairs"), 1);
    const bram_axis *nodes = bram_dataset_table(ds, "connectome/cook2019/nodes");
    assert_int_equal(bram_axis_length(nodes), 3);
    assert_string_equal(text_at(nodes, "kind", 2), "glia");
    assert_int_equal(integer_at(nodes, "examined", 2), 0);
    bram_dataset_free(ds);

    assert_ok(cx, bram_import(cx, &ds, "cook2019:rules=published", &input, NULL));
    chemical = bram_dataset_table(ds, "connectome/cook2019/chemical");
    assert_near(bram_axis_column(chemical, "weight")->number[0], 3, 0);
    const bram_axis *report = bram_dataset_table(ds, "import_report");
    assert_int_equal(bram_axis_length(report), 4);
    assert_non_null(strstr(bram_axis_column(report, "reason")->text[1], "not spelt"));
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void bad_workbooks_are_refused(void **state)
{
    (void)state;
    char path[200];
    bram_dataset *ds = NULL;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "cook-bad.xlsx");
    const bram_input input = {(const char *const[]){path}, 1};
    make_book(path, few, 4, "E4=-2", "");
    assert_int_equal(bram_import(cx, &ds, "cook2019", &input, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "hermaphrodite chemical!E4: found -2"));
    make_book(path, few, 0, "", "");
    assert_int_equal(bram_import(cx, &ds, "cook2019", &input, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "found 0 names"));
    assert_int_equal(
        bram_import(cx, &ds, "cook2019", &(bram_input){(const char *const[]){path, path}, 2}, NULL),
        BRAM_EUSAGE);
    unlink(path);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "cook-memory.xlsx");
    make_book(path, few, 4, "E4=2 F4=3", "D4=5 E4=4 D5=4");
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 4000; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, false);
        status = bram_import(cx, &ds, "cook2019", &(bram_input){(const char *const[]){path}, 1},
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
    zip = calloc(1, sizeof *zip);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corrected_figures),
        cmocka_unit_test(the_published_figures),
        cmocka_unit_test(the_classes_of_si7),
        cmocka_unit_test(names_are_cleaned_and_duplicates_summed),
        cmocka_unit_test(bad_workbooks_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(zip);
    return failed;
}
