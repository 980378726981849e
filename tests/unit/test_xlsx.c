/* Tests of core/xlsx.c. */
#include <time.h>

#include "internal.h"
#include "neurons.h"
#include "number.h"
#include "testzip.h"
#include "xlsx.h"

static char path[256];

static int set_up(void **state)
{
    test_temporary(path, "book.xlsx");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    return 0;
}

static const char workbook[] =
    "<?xml version=\"1.0\"?><workbook xmlns:r=\"u\"><sheets>"
    "<sheet name=\"Second &amp; first\" sheetId=\"2\" r:id=\"rId9\"/>"
    "<sheet name=\"Chart\" sheetId=\"1\" r:id=\"rId3\"/></sheets></workbook>";
static const char relations[] =
    "<Relationships>"
    "<Relationship Id=\"rId3\" Type=\"http://x/chartsheet\" Target=\"chartsheets/c.xml\"/>"
    "<Relationship Id=\"rId9\" Type=\"http://x/worksheet\" Target=\"/xl/worksheets/data.xml\"/>"
    "<Relationship Id=\"rId1\" Type=\"http://x/sharedStrings\" Target=\"strings.xml\"/>"
    "</Relationships>";
static const char strings[] =
    "<sst><si><t>AVAL</t></si>"
    "<si><r><rPr/><t>rich </t></r><r><t xml:space=\"preserve\">text</t></r>"
    "<rPh><t>left out</t></rPh></si><si><t/></si></sst>";

#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

/* Writes a workbook; a part that is NULL is missing. */
static void put_book(const char *book, const char *rels, const char *sst, const char *sheet)
{
    struct testzip *z = calloc(1, sizeof *z);
    if (book) testzip_add(z, "xl/workbook.xml", book, strlen(book));
    if (rels) testzip_add(z, "xl/_rels/workbook.xml.rels", rels, strlen(rels));
    if (sst) testzip_add(z, "xl/strings.xml", sst, strlen(sst));
    if (sheet) testzip_add(z, "xl/worksheets/data.xml", sheet, strlen(sheet));
    testzip_add(z, "other.txt", "x", 1);
    testzip_write(z, path);
    free(z);
}

static void every_kind_of_cell(void **state)
{
    bram_ctx *cx = *state;
    put_book(
        workbook, relations, strings,
        SHEET(
            "<row r=\"2\"><c r=\"B2\" t=\"s\"><v>1</v></c><c r=\"AB2\"><v>-1.5e3</v></c></row>"
            "<row><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c>"
            "<c t=\"str\"><f>A1&amp;\"x\"</f><v>made</v></c>"
            "<c t=\"inlineStr\"><is><r><t>in</t></r><r><t>line</t></r></is></c>"
            "<c s=\"4\"/><c t=\"s\"><v>2</v></c><c t=\"n\"><f>1+1</f><v>2</v></c><c><f>1+1</f></c>"
            "<c t=\"s\"><v>0</v></c></row>"));
    bram_xlsx *x;
    bram_grid *g;
    assert_ok(cx, bram_xlsx_open(cx, &x, path));
    assert_int_equal(bram_xlsx_sheets(x), 2);
    assert_string_equal(bram_xlsx_sheet_name(x, 0), "Second & first");
    assert_int_equal(bram_xlsx_find(x, "Chart"), 1);
    assert_int_equal(bram_xlsx_find(x, "chart"), -1);
    assert_ok(cx, bram_xlsx_read_named(cx, x, "Second & first", &g));
    assert_int_equal(bram_grid_rows(g), 3);
    assert_int_equal(bram_grid_cols(g), 28);
    assert_string_equal(bram_grid_name(g), "Second & first");
    assert_string_equal(bram_grid_text(g, 1, 1), "rich text");
    assert_near(bram_grid_cell(g, 1, 27).number, -1500, 0);
    assert_int_equal(bram_grid_cell(g, 2, 0).type, BRAM_CELL_BOOLEAN);
    assert_int_equal(bram_grid_cell(g, 2, 1).type, BRAM_CELL_ERROR);
    assert_string_equal(bram_grid_text(g, 2, 2), "made");
    assert_string_equal(bram_grid_text(g, 2, 3), "inline");
    assert_int_equal(bram_grid_cell(g, 2, 4).type, BRAM_CELL_EMPTY);
    assert_string_equal(bram_grid_cell(g, 2, 5).text, "");
    assert_near(bram_grid_cell(g, 2, 6).number, 2, 0);
    assert_int_equal(bram_grid_cell(g, 2, 7).type, BRAM_CELL_EMPTY);
    assert_string_equal(bram_grid_text(g, 2, 8), "AVAL");
    bram_grid_free(g);
    g = NULL;
    assert_int_equal(bram_xlsx_read(cx, x, 1, &g), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "\"Chart\" is not a worksheet"));
    assert_int_equal(bram_xlsx_read(cx, x, 2, &g), BRAM_EABSENT);
    assert_int_equal(bram_xlsx_read_named(cx, x, "None", &g), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "among: Second & first, Chart"));
    assert_null(g);
    bram_xlsx_close(x);
}

static void prefixes_of_namespaces(void **state)
{
    bram_ctx *cx = *state;
    put_book(
        workbook, relations, strings,
        "<x:worksheet xmlns:x=\"u\"><x:sheetData><x:row r=\"1\"><x:c r=\"A1\" t=\"s\"><x:v>0</x:v>"
        "</x:c></x:row></x:sheetData></x:worksheet>");
    bram_xlsx *x;
    bram_grid *g;
    assert_ok(cx, bram_xlsx_open(cx, &x, path));
    assert_ok(cx, bram_xlsx_read(cx, x, 0, &g));
    assert_string_equal(bram_grid_text(g, 0, 0), "AVAL");
    bram_grid_free(g);
    bram_xlsx_close(x);
}

static void refuse(bram_ctx *cx, const char *book, const char *rels, const char *sst,
                   const char *sheet, const char *words)
{
    put_book(book, rels, sst, sheet);
    bram_xlsx *x = NULL;
    bram_grid *g = NULL;
    int status = bram_xlsx_open(cx, &x, path);
    if (!status) status = bram_xlsx_read(cx, x, 0, &g);
    assert_int_equal(status, BRAM_EFORMAT);
    assert_null(g);
    if (!strstr(bram_ctx_message(cx), words) || !strstr(bram_ctx_message(cx), path))
        fail_msg("found \"%s\", expected \"%s\"", bram_ctx_message(cx), words);
    bram_xlsx_close(x);
}

static void damaged_workbooks(void **state)
{
    bram_ctx *cx = *state;
    const char *w = workbook, *r = relations, *s = strings, *empty = SHEET("");
    refuse(cx, NULL, r, s, empty, "xl/workbook.xml is missing");
    refuse(cx, w, NULL, s, empty, "workbook.xml.rels is missing");
    refuse(cx, w, r, NULL, empty, "xl/strings.xml is missing");
    refuse(cx, w, r, s, NULL, "data.xml is missing");
    refuse(cx, "<workbook/>", r, s, empty, "no sheets");
    refuse(cx, "<workbook><sheets><sheet sheetId=\"1\"/></sheets></workbook>", r, s, empty,
           "without name or id");
    refuse(cx, w, r, s, "<worksheet><sheetData>", "damaged XML");
    refuse(cx, w, r, s, "", "damaged XML");
    refuse(cx, w, r, s, "<chart/>", "not a worksheet");
    refuse(cx, w, r, s, SHEET("<row r=\"0\"/>"), "row number \"0\"");
    refuse(cx, w, r, s, SHEET("<row r=\"1048577\"/>"), "row number");
    refuse(cx, w, r, s, SHEET("<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>"), "\"XFE1\"");
    refuse(cx, w, r, s, SHEET("<row r=\"1\"><c r=\"A4294967297\"><v>1</v></c></row>"), "reference");
    refuse(cx, w, r, s, SHEET("<row r=\"1\"><c r=\"A2\"><v>1</v></c></row>"), "cell A2 in row 1");
    refuse(cx, w, r, s,
           SHEET("<row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"A1\"><v>2</v></c></row>"),
           "A1 is given twice");
    refuse(cx, w, r, s, SHEET("<row><c t=\"s\"><v>3</v></c></row>"), "shared string \"3\" of 3");
    refuse(cx, w, r, s, SHEET("<row><c t=\"s\"><v>-1</v></c></row>"), "shared string");
    refuse(cx, w, r, s, SHEET("<row><c><v>1,5</v></c></row>"), "cell A1: found \"1,5\"");
    refuse(cx, w, r, s, SHEET("<row><c t=\"b\"><v>2</v></c></row>"), "type \"b\"");
    refuse(cx, w, r, s, SHEET("<row><c t=\"new\"><v>2</v></c></row>"), "type \"new\"");
    refuse(cx, w, r, s, SHEET("<row><c t=\"very long type\"><v>2</v></c></row>"), "very long type");
}

static void attacks(void **state)
{
    bram_ctx *cx = *state;
    refuse(cx, workbook, relations,
           "<!DOCTYPE sst [<!ENTITY a \"xxxxxxxxxx\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
           "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><sst><si><t>&c;</t></si></sst>",
           SHEET(""), "DOCTYPE");
    refuse(cx, workbook, relations, strings,
           "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><worksheet>&f;</worksheet>",
           "DOCTYPE");
    enum { DEEP = 5000 };
    char *deep = malloc(3 * DEEP + 1);
    for (int i = 0; i < DEEP; i++) memcpy(deep + 3 * i, "<a>", 4);
    refuse(cx, workbook, relations, strings, deep, "deep");
    free(deep);
}

static void other_files(void **state)
{
    bram_ctx *cx = *state;
    bram_xlsx *x = NULL;
    FILE *f = fopen(path, "wb");
    fwrite("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", 1, 18, f);
    fclose(f);
    assert_int_equal(bram_xlsx_open(cx, &x, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "old .xls"));
    f = fopen(path, "wb");
    fwrite("a,b\n1,2\n", 1, 8, f);
    fclose(f);
    assert_int_equal(bram_xlsx_open(cx, &x, path), BRAM_EFORMAT);
    assert_int_equal(bram_xlsx_open(cx, &x, "/nonexistent.xlsx"), BRAM_EREAD);
    assert_null(x);
    bram_xlsx_close(NULL);
}

static void failing_allocations(void **state)
{
    bram_ctx *cx = *state;
    put_book(workbook, relations, strings,
             SHEET("<row><c t=\"s\"><v>1</v></c><c t=\"inlineStr\"><is><t>x</t></is></c></row>"));
    int status = BRAM_ENOMEM;
    size_t k;
    for (k = 1; status; k++) {
        bram_xlsx *x = NULL;
        bram_grid *g = NULL;
        bram_fail_allocation(k, true);
        status = bram_xlsx_open(cx, &x, path);
        if (!status) status = bram_xlsx_read(cx, x, 0, &g);
        bram_fail_allocation(0, false);
        if (status) assert_int_equal(status, BRAM_ENOMEM);
        bram_grid_free(g);
        bram_xlsx_close(x);
    }
    assert_true(k > 30);
}

/* The row of a name in column 3 of SI 5, among its 300 neurons. */
static bool is_neuron(const bram_grid *g, const char *name)
{
    for (size_t i = 0; i < 300; i++)
        if (!strcmp(bram_grid_text(g, 3 + i, 2), name)) return true;
    return false;
}

/*
 * Cook et al. 2019: names in row 3 and column 3, numbers from row 4, column 4 (counted from 1), 300
 * rows, 454 columns; between the 300 neurons 3707 chemical edges with 20905 synapses
 * (PROVENANCE.md).
 */
static void the_connectome_of_cook(void **state)
{
    bram_ctx *cx = *state;
    char name[512];
    test_data(name, "celegans/connectome/cook2019/SI 5 Connectome adjacency matrices, corrected "
                    "July 2020.xlsx");
    bram_xlsx *x;
    bram_grid *g;
    clock_t start = clock();
    assert_ok(cx, bram_xlsx_open(cx, &x, name));
    assert_int_equal(bram_xlsx_sheets(x), 7);
    assert_ok(cx, bram_xlsx_read_named(cx, x, "hermaphrodite chemical", &g));
    bram_xlsx_close(x);
    print_message("# read in %.3f s\n", (double)(clock() - start) / CLOCKS_PER_SEC);
    size_t rows = 0, cols = 0, edges = 0;
    double synapses = 0;
    while (*bram_grid_text(g, 3 + rows, 2)) rows++;
    while (cols < 454 && *bram_grid_text(g, 2, 3 + cols)) cols++;
    assert_int_equal(rows, 300);
    assert_int_equal(cols, 454);
    assert_string_equal(bram_grid_text(g, 2, 3 + cols), "");
    for (size_t j = 0; j < cols; j++) {
        if (!is_neuron(g, bram_grid_text(g, 2, 3 + j))) continue;
        for (size_t i = 0; i < rows; i++) {
            double v;
            assert_ok(cx, bram_grid_number(cx, g, 3 + i, 3 + j, BRAM_NUMBER_EMPTY, &v));
            if (v > 0) edges++, synapses += v;
        }
    }
    assert_int_equal(edges, 3707);
    assert_near(synapses, 20905, 0);
    bram_grid_free(g);
}

/*
 * Witvliet et al. 2021, animals 1 and 6: pre, post, type, synapses. Between neurons there are 675
 * and 1314 chemical edges, and with gap junctions in both directions 164 and 422 electrical ones
 * (PROVENANCE.md); other partners are muscles and glia.
 */
static void the_edge_lists_of_witvliet(void **state)
{
    bram_ctx *cx = *state;
    static const struct {
        const char *file;
        size_t chemical, electrical;
    } cases[] = {{"witvliet_2020_1.xlsx", 675, 164}, {"witvliet_2020_6.xlsx", 1314, 422}};
    for (size_t i = 0; i < 2; i++) {
        char name[512], relative[256];
        snprintf(relative, sizeof relative, "celegans/connectome/witvliet2021/%s", cases[i].file);
        test_data(name, relative);
        bram_xlsx *x;
        bram_grid *g;
        assert_ok(cx, bram_xlsx_open(cx, &x, name));
        assert_int_equal(strncmp(bram_xlsx_sheet_name(x, 0), cases[i].file, 15), 0);
        assert_ok(cx, bram_xlsx_read(cx, x, 0, &g));
        bram_xlsx_close(x);
        assert_string_equal(bram_grid_text(g, 0, 3), "synapses");
        size_t chemical = 0, electrical = 0;
        for (size_t r = 1; r < bram_grid_rows(g); r++) {
            const char *pre = bram_grid_text(g, r, 0), *post = bram_grid_text(g, r, 1);
            double synapses;
            assert_ok(cx, bram_grid_number(cx, g, r, 3, 0, &synapses));
            assert_true(synapses >= 1);
            if (bram_neuron_find(pre) < 0 || bram_neuron_find(post) < 0) continue;
            chemical += !strcmp(bram_grid_text(g, r, 2), "chemical");
            if (!strcmp(bram_grid_text(g, r, 2), "electrical"))
                electrical += strcmp(pre, post) ? 2 : 1;
        }
        assert_int_equal(chemical, cases[i].chemical);
        assert_int_equal(electrical, cases[i].electrical);
        bram_grid_free(g);
    }
}

static void label_sheets_of_dag(void **state)
{
    bram_ctx *cx = *state;
    char name[512];
    test_data(name, "celegans/activity/dag2023/neuron_id_xlsx/2022-07-26-31 Neuron ID.xlsx");
    bram_xlsx *x;
    bram_grid *g;
    assert_ok(cx, bram_xlsx_open(cx, &x, name));
    assert_true(bram_xlsx_find(x, "labels v1") >= 0);
    for (size_t i = 0; i < bram_xlsx_sheets(x); i++) {
        assert_ok(cx, bram_xlsx_read(cx, x, i, &g));
        bram_grid_free(g);
    }
    assert_ok(cx, bram_xlsx_read_named(cx, x, "labels v1", &g));
    assert_string_equal(bram_grid_text(g, 0, 0), "Neuron Class");
    bram_grid_free(g);
    bram_xlsx_close(x);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(every_kind_of_cell),
        T(prefixes_of_namespaces),
        T(damaged_workbooks),
        T(attacks),
        T(other_files),
        T(failing_allocations),
        T(the_connectome_of_cook),
        T(the_edge_lists_of_witvliet),
        T(label_sheets_of_dag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
