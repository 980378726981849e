/* Tests of core/grid.c. */
#include "grid.h"
#include "internal.h"
#include "number.h"
#include "test.h"

static void references(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t row, col;
    } cases[] = {
        {"A1", 0, 0},    {"Z9", 8, 25},    {"AA10", 9, 26}, {"AB12", 11, 27},
        {"ZZ1", 0, 701}, {"AAA1", 0, 702}, {"C7", 6, 2},    {"XFD1048576", 1048575, 16383}};
    size_t row, col;
    char text[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(bram_grid_parse_ref(cases[i].text, &row, &col));
        assert_int_equal(row, cases[i].row);
        assert_int_equal(col, cases[i].col);
        assert_string_equal(bram_grid_ref(text, row, col), cases[i].text);
    }
    assert_true(bram_grid_parse_ref("$AB$12", &row, &col));
    assert_int_equal(col, 27);
    static const char *const bad[] = {"",
                                      "A",
                                      "1",
                                      "A0",
                                      "XFE1",
                                      "A1048577",
                                      "ZZZZ1",
                                      "a1",
                                      "A1B",
                                      "A-1",
                                      " A1",
                                      "A99999999999999999999",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAA1",
                                      "A1.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(bram_grid_parse_ref(bad[i], &row, &col));
}

static void cells_in_any_order(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_grid *g;
    assert_ok(cx, bram_grid_new(cx, &g, "S"));
    assert_ok(cx, bram_grid_add(cx, g, 5, 3, BRAM_CELL_NUMBER, NULL, 0, 2.5));
    assert_ok(cx, bram_grid_add(cx, g, 0, 7, BRAM_CELL_TEXT, "hello world", 5, 0));
    assert_ok(cx, bram_grid_add(cx, g, 5, 1, BRAM_CELL_BOOLEAN, NULL, 0, 1));
    assert_ok(cx, bram_grid_add(cx, g, 5, 2, BRAM_CELL_ERROR, "#N/A", 4, 0));
    assert_ok(cx, bram_grid_add(cx, g, 1, 2, BRAM_CELL_TEXT, "7", 1, 0));
    assert_ok(cx, bram_grid_add(cx, g, 99, 99, BRAM_CELL_EMPTY, NULL, 0, 0));
    assert_ok(cx, bram_grid_finish(cx, g));
    assert_int_equal(bram_grid_rows(g), 6);
    assert_int_equal(bram_grid_cols(g), 8);
    assert_string_equal(bram_grid_text(g, 0, 7), "hello");
    assert_string_equal(bram_grid_text(g, 5, 2), "");
    assert_string_equal(bram_grid_cell(g, 5, 2).text, "#N/A");
    assert_int_equal(bram_grid_cell(g, 5, 0).type, BRAM_CELL_EMPTY);
    assert_int_equal(bram_grid_cell(g, 6, 0).type, BRAM_CELL_EMPTY);
    assert_int_equal(bram_grid_cell(g, 0, SIZE_MAX).type, BRAM_CELL_EMPTY);
    double x = 42;
    assert_ok(cx, bram_grid_number(cx, g, 5, 3, 0, &x));
    assert_near(x, 2.5, 0);
    assert_ok(cx, bram_grid_number(cx, g, 5, 1, 0, &x));
    assert_near(x, 1, 0);
    assert_ok(cx, bram_grid_number(cx, g, 1, 2, 0, &x));
    assert_near(x, 7, 0);
    assert_ok(cx, bram_grid_number(cx, g, 3, 3, BRAM_NUMBER_EMPTY, &x));
    assert_true(isnan(x));
    assert_int_equal(bram_grid_number(cx, g, 5, 2, BRAM_NUMBER_MISSING, &x), BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx), "S!C6: found \"#N/A\", expected a number");
    assert_int_equal(bram_grid_number(cx, g, 3, 3, 0, &x), BRAM_EFORMAT);
    bram_grid_free(g);
    bram_ctx_free(cx);
}

static void cells_twice_or_outside(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_grid *g;
    assert_ok(cx, bram_grid_new(cx, &g, "S"));
    assert_int_equal(bram_grid_add(cx, g, BRAM_GRID_MAX_ROWS, 0, BRAM_CELL_NUMBER, NULL, 0, 1),
                     BRAM_EFORMAT);
    assert_int_equal(bram_grid_add(cx, g, 0, BRAM_GRID_MAX_COLS, BRAM_CELL_NUMBER, NULL, 0, 1),
                     BRAM_EFORMAT);
    assert_ok(cx, bram_grid_finish(cx, g));
    assert_int_equal(bram_grid_rows(g), 0);
    assert_int_equal(bram_grid_cell(g, 0, 0).type, BRAM_CELL_EMPTY);
    for (int i = 0; i < 2; i++)
        assert_ok(cx, bram_grid_add(cx, g, 1, 2, BRAM_CELL_NUMBER, NULL, 0, i));
    assert_int_equal(bram_grid_finish(cx, g), BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx), "S!C2 is given twice");
    bram_grid_free(g);
    bram_grid_free(NULL);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references),
        cmocka_unit_test(cells_in_any_order),
        cmocka_unit_test(cells_twice_or_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
