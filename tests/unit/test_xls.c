/*
 * Tests of core/xls.c: the cells of real workbooks as another reader (xlrd 1.2.0) sees them, and
 * made and damaged ones.
 */
#include "xls.h"

#include "made.h"
#include "test.h"

#define FOLDER "celegans/connectome/"

static bool has_freexl(bram_ctx *cx)
{
    char path[200];
    bram_xls *x = NULL;
    test_temporary(path, "probe.xls");
    assert_true(made_xls(path, "good"));
    bool read = bram_xls_open(cx, &x, path) == BRAM_OK;
    if (!read) assert_non_null(strstr(bram_ctx_message(cx), "no FreeXL"));
    bram_xls_close(x);
    unlink(path);
    return read;
}

static void a_made_workbook(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_xls *x = NULL;
    bram_grid *g = NULL;
    test_temporary(path, "made.xls");
    assert_true(made_xls(path, "good"));
    if (has_freexl(cx)) {
        assert_ok(cx, bram_xls_open(cx, &x, path));
        assert_int_equal(bram_xls_sheets(x), 1);
        assert_string_equal(bram_xls_sheet_name(x, 0), "NeuronConnect.csv");
        assert_ok(cx, bram_xls_read(cx, x, 0, &g));
        bram_xls_close(x);
        assert_int_equal(bram_grid_rows(g), 4);
        assert_int_equal(bram_grid_cols(g), 4);
        assert_string_equal(bram_grid_text(g, 0, 1), "Neuron 2");
        assert_string_equal(bram_grid_text(g, 2, 0), "AVAL");
        assert_near(bram_grid_cell(g, 3, 3).number, 3, 0);
        assert_int_equal(bram_grid_cell(g, 3, 3).type, BRAM_CELL_NUMBER);
        bram_grid_free(g);
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void real_workbooks(void **state)
{
    (void)state;
    char path[512];
    bram_ctx *cx = bram_ctx_new();
    bram_xls *x = NULL;
    bram_grid *g = NULL;
    test_data(path, FOLDER "openworm/CElegansNeuronTables.xls");
    if (has_freexl(cx)) {
        assert_ok(cx, bram_xls_open(cx, &x, path));
        assert_int_equal(bram_xls_sheets(x), 3);
        assert_string_equal(bram_xls_sheet_name(x, 1), "NeuronsToMuscle");
        assert_ok(cx, bram_xls_read(cx, x, 2, &g));
        assert_int_equal(bram_grid_rows(g), 87);
        assert_int_equal(bram_grid_cols(g), 7);
        assert_string_equal(bram_grid_text(g, 1, 4), "Dopamine");
        assert_near(bram_grid_cell(g, 1, 2).number, 0.13, 0);
        assert_int_equal(bram_grid_cell(g, 1, 5).type, BRAM_CELL_EMPTY);
        bram_grid_free(g);
        bram_xls_close(x);
    }
    bram_ctx_free(cx);
}

/* A defect is a message, or is read as a workbook without what it spoils: never more than the file.
 */
static void damaged_workbooks(void **state)
{
    (void)state;
    static const char *const defects[] = {"huge", "string", "loop", "no-workbook"};
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "damaged.xls");
    for (size_t i = 0; i < sizeof defects / sizeof *defects && has_freexl(cx); i++) {
        bram_xls *x = NULL;
        bram_grid *g = NULL;
        assert_true(made_xls(path, defects[i]));
        int status = bram_xls_open(cx, &x, path);
        if (status == BRAM_OK) status = bram_xls_read(cx, x, 0, &g);
        if (status == BRAM_OK && bram_grid_rows(g) > 4) fail_msg("%s: rows", defects[i]);
        if (status != BRAM_OK && (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), path)))
            fail_msg("%s: %d %s", defects[i], status, bram_ctx_message(cx));
        bram_grid_free(g);
        bram_xls_close(x);
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void other_files(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_xls *x = NULL;
    test_temporary(path, "other.xls");
    assert_true(bram_xls_is((const unsigned char *)"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8));
    assert_false(bram_xls_is((const unsigned char *)"\xd0\xcf\x11\xe0\xa1\xb1\x1a", 7));
    if (has_freexl(cx)) {
        assert_int_equal(bram_xls_open(cx, &x, path), BRAM_EREAD);
        assert_true(made_text(path, "no workbook"));
        assert_int_equal(bram_xls_open(cx, &x, path), BRAM_EFORMAT);
        assert_non_null(strstr(bram_ctx_message(cx), "expected an .xls workbook"));
        assert_true(made_text(path, ""));
        assert_int_equal(bram_xls_open(cx, &x, path), BRAM_EFORMAT);
    }
    assert_null(x);
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_workbook),
        cmocka_unit_test(real_workbooks),
        cmocka_unit_test(damaged_workbooks),
        cmocka_unit_test(other_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
