/*
 * test_table.c - the table model and its writers against whole expected outputs.
 */
#include "internal.h"
#include "table.h"
#include "test.h"

enum { MODEL, SCORE, VALUE, UNITS, REMARK };

static const bram_table_column columns[] = {
    [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
    [SCORE] = {"score", "R\xc2\xb2 [95%]", BRAM_CELL_TEXT, .audience = BRAM_FOR_PEOPLE,
               .align = BRAM_ALIGN_RIGHT},
    [VALUE] = {"value", "value", BRAM_CELL_NUMBER, .digits = 3},
    [UNITS] = {"units", "units", BRAM_CELL_INTEGER, .drop = 1},
    [REMARK] = {"remark", "remark", BRAM_CELL_TEXT, .drop = 2},
};

static bram_table *sample(bram_ctx *cx)
{
    bram_table *t = NULL;
    assert_ok(cx, bram_table_new(cx, &t, "Worm", columns, 5));
    bram_table_row(t);
    bram_table_text(t, MODEL, "ridge, \"5 lags\"");
    bram_table_textf(t, SCORE, "%.2f [%.2f, %.2f]", 0.53, 0.48, 0.58);
    bram_table_number(t, VALUE, 0.1);
    bram_table_integer(t, UNITS, 103);
    bram_table_text(t, REMARK, "a|b");
    bram_table_row(t);
    bram_table_text(t, MODEL, "na\xc3\xafve");
    bram_table_number(t, VALUE, -0.0001);
    bram_table_integer(t, UNITS, -7);
    bram_table_row(t);
    bram_table_text(t, MODEL, "mean");
    bram_table_number(t, VALUE, NAN);
    bram_table_note(t, "%d models; one was not run.", 3);
    assert_ok(cx, bram_table_status(cx, t));
    return t;
}

static void expect(bram_table_format format, bram_table_style style, const char *wanted)
{
    bram_ctx *cx = bram_ctx_new();
    bram_buffer b = {0};
    bram_table *t = sample(cx);
    assert_ok(cx, bram_table_write(cx, &b, t, format, style));
    assert_string_equal(bram_buffer_text(&b), wanted);
    bram_buffer_release(&b);
    bram_table_free(t);
    bram_ctx_free(cx);
}

static void text(void **state)
{
    (void)state;
    expect(BRAM_TABLE_TEXT, (bram_table_style){80, true},
           "Worm\n\n"
           "model                     R\xc2\xb2 [95%]  value  units  remark\n"
           "───────────────  ─────────────────  ─────  ─────  ──────\n"
           "ridge, \"5 lags\"  0.53 [0.48, 0.58]  0.100    103  a|b\n"
           "na\xc3\xafve                            –  0.000     -7  –\n"
           "mean                             –      –      –  –\n\n"
           "3 models; one was not run.\n");
}

static void narrow_ascii(void **state)
{
    (void)state;
    expect(BRAM_TABLE_TEXT, (bram_table_style){42, false},
           "Worm\n\n"
           "model                     R2 [95%]  value\n"
           "---------------  -----------------  -----\n"
           "ridge, \"5 lags\"  0.53 [0.48, 0.58]  0.100\n"
           "na?ve                            -  0.000\n"
           "mean                             -      -\n\n"
           "3 models; one was not run.\n"
           "Not shown for want of width: units,\nremark.\n");
}

/* On paper nothing is dropped: what is too wide goes on below. */
static void bands_go_on_below(void **state)
{
    (void)state;
    expect(BRAM_TABLE_TEXT,
           (bram_table_style){.width = 42, .utf8 = false, .bands = true, .untitled = true},
           "model                     R2 [95%]  value\n"
           "---------------  -----------------  -----\n"
           "ridge, \"5 lags\"  0.53 [0.48, 0.58]  0.100\n"
           "na?ve                            -  0.000\n"
           "mean                             -      -\n\n"
           "model            units  remark\n"
           "---------------  -----  ------\n"
           "ridge, \"5 lags\"    103  a|b\n"
           "na?ve               -7  -\n"
           "mean                 -  -\n\n"
           "3 models; one was not run.\n");
}

/* A column of one number need not be shown: the remark tells it. */
static void a_dropped_constant_is_told(void **state)
{
    (void)state;
    static const bram_table_column wide[] = {
        {"model", "model", BRAM_CELL_TEXT},
        {"chance", "chance", BRAM_CELL_NUMBER, .digits = 3, .drop = 2},
        {"floor", "floor", BRAM_CELL_NUMBER, .digits = 3, .drop = 1}};
    bram_ctx *cx = bram_ctx_new();
    bram_buffer b = {0};
    bram_table *t = NULL;
    assert_ok(cx, bram_table_new(cx, &t, "", wide, 3));
    for (size_t i = 0; i < 3; i++) {
        bram_table_row(t);
        bram_table_textf(t, 0, "model %zu", i);
        if (i) bram_table_number(t, 1, 0.1161 + 1e-5 * (double)i);
        bram_table_number(t, 2, (double)i);
    }
    bram_table_style narrow = {10, false};
    assert_ok(cx, bram_table_write(cx, &b, t, BRAM_TABLE_TEXT, narrow));
    assert_string_equal(bram_buffer_text(&b), "model\n-------\nmodel 0\nmodel 1\nmodel 2\n\n"
                                              "Not shown\nfor want\nof width:\nchance\n"
                                              "(0.116),\nfloor.\n");
    bram_buffer_release(&b);
    bram_table_free(t);
    bram_ctx_free(cx);
}

static void csv(void **state)
{
    (void)state;
    expect(BRAM_TABLE_CSV, (bram_table_style){0},
           "model,value,units,remark\n"
           "\"ridge, \"\"5 lags\"\"\",0.1,103,a|b\n"
           "na\xc3\xafve,-0.0001,-7,\n"
           "mean,,,\n");
}

static void tsv(void **state)
{
    (void)state;
    expect(BRAM_TABLE_TSV, (bram_table_style){0},
           "model\tvalue\tunits\tremark\n"
           "\"ridge, \"\"5 lags\"\"\"\t0.1\t103\ta|b\n"
           "na\xc3\xafve\t-0.0001\t-7\t\n"
           "mean\t\t\t\n");
}

static void json(void **state)
{
    (void)state;
    expect(BRAM_TABLE_JSON, (bram_table_style){0},
           "{\n"
           "  \"title\": \"Worm\",\n"
           "  \"rows\": [\n"
           "    {\n"
           "      \"model\": \"ridge, \\\"5 lags\\\"\",\n"
           "      \"value\": 0.10000000000000001,\n"
           "      \"units\": 103,\n"
           "      \"remark\": \"a|b\"\n"
           "    },\n"
           "    {\n"
           "      \"model\": \"na\xc3\xafve\",\n"
           "      \"value\": -0.0001,\n"
           "      \"units\": -7,\n"
           "      \"remark\": null\n"
           "    },\n"
           "    {\n"
           "      \"model\": \"mean\",\n"
           "      \"value\": null,\n"
           "      \"units\": null,\n"
           "      \"remark\": null\n"
           "    }\n"
           "  ],\n"
           "  \"notes\": [\n"
           "    \"3 models; one was not run.\"\n"
           "  ]\n"
           "}\n");
}

static void markdown(void **state)
{
    (void)state;
    expect(BRAM_TABLE_MARKDOWN, (bram_table_style){0},
           "**Worm**\n\n"
           "| model | R\xc2\xb2 \\[95%\\] | value | units | remark |\n"
           "| --- | ---: | ---: | ---: | --- |\n"
           "| ridge, \"5 lags\" | 0.53 \\[0.48, 0.58\\] | 0.100 | 103 | a\\|b |\n"
           "| na\xc3\xafve | – | 0.000 | -7 | – |\n"
           "| mean | – | – | – | – |\n\n"
           "3 models; one was not run.\n");
}

/* One column of text, written at a width. */
static void expect_wrapped(const char *words, size_t width, const char *wanted)
{
    static const bram_table_column one[] = {{"k", "k", BRAM_CELL_TEXT, .wrap = true}};
    bram_ctx *cx = bram_ctx_new();
    bram_buffer b = {0};
    bram_table *t = NULL;
    assert_ok(cx, bram_table_new(cx, &t, "", one, 1));
    bram_table_row(t);
    bram_table_text(t, 0, words);
    assert_ok(cx, bram_table_write(cx, &b, t, BRAM_TABLE_TEXT, (bram_table_style){width, false}));
    assert_string_equal(bram_buffer_text(&b), wanted);
    bram_buffer_release(&b);
    bram_table_free(t);
    bram_ctx_free(cx);
}

static void long_text_wraps(void **state)
{
    (void)state;
    expect_wrapped("the quick brown fox jumps over it", 24,
                   "k\n------------------------\nthe quick brown fox\njumps over it\n");
    expect_wrapped("aaaaaaaaaabbbbbbbbbbccccccccccdd", 24,
                   "k\n------------------------\naaaaaaaaaabbbbbbbbbbcccc\nccccccdd\n");
    expect_wrapped("one\ttwo\x1b[31m", 24, "k\n------------\none two [31m\n"); /* no escapes */
}

static void wide_letters_are_two_columns(void **state)
{
    (void)state;
    static const bram_table_column two[] = {{"a", "a", BRAM_CELL_TEXT}, {"b", "b", BRAM_CELL_TEXT}};
    bram_ctx *cx = bram_ctx_new();
    bram_buffer b = {0};
    bram_table *t = NULL;
    assert_ok(cx, bram_table_new(cx, &t, "", two, 2));
    bram_table_row(t);
    bram_table_text(t, 0, "\xe7\xb7\x9a\xe8\x99\xab"); /* two East Asian letters */
    bram_table_text(t, 1, "x");
    bram_table_row(t);
    bram_table_text(t, 0, "e\xcc\x81"); /* e and a combining accent */
    bram_table_text(t, 1, "y");
    assert_ok(cx, bram_table_write(cx, &b, t, BRAM_TABLE_TEXT, (bram_table_style){80, true}));
    assert_string_equal(bram_buffer_text(&b),
                        "a     b\n────  ─\n\xe7\xb7\x9a\xe8\x99\xab  x\ne\xcc\x81     y\n");
    bram_buffer_release(&b);
    bram_table_free(t);
    bram_ctx_free(cx);
}

static void empty_tables(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int format = BRAM_TABLE_TEXT; format <= BRAM_TABLE_MARKDOWN; format++) {
        bram_buffer b = {0};
        bram_table *t = NULL;
        assert_ok(cx, bram_table_new(cx, &t, "", columns, 5));
        assert_ok(cx, bram_table_write(cx, &b, t, (bram_table_format)format,
                                       (bram_table_style){80, true}));
        assert_non_null(
            strstr(bram_buffer_text(&b), format == BRAM_TABLE_JSON ? "\"rows\": []" : "model"));
        bram_buffer_release(&b);
        bram_table_free(t);
    }
    bram_ctx_free(cx);
}

static void formats_by_name(void **state)
{
    (void)state;
    assert_int_equal(bram_table_format_find("text"), BRAM_TABLE_TEXT);
    assert_int_equal(bram_table_format_find("md"), BRAM_TABLE_MARKDOWN);
    assert_int_equal(bram_table_format_find("yaml"), -1);
}

static void failing_allocations(void **state)
{
    (void)state;
    for (int format = BRAM_TABLE_TEXT; format <= BRAM_TABLE_MARKDOWN; format++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status; k++) {
            assert_true(k < 2000);
            bram_ctx *cx = bram_ctx_new();
            bram_buffer b = {0};
            bram_table *t = NULL;
            bram_fail_allocation(k, false);
            status = bram_table_new(cx, &t, "title", columns, 5);
            if (!status) {
                bram_table_row(t);
                bram_table_text(t, MODEL, "a");
                bram_table_text(t, MODEL, "a text set twice");
                bram_table_note(t, "n");
                status = bram_table_write(cx, &b, t, (bram_table_format)format,
                                          (bram_table_style){30, true});
            }
            bram_fail_allocation(0, false);
            if (status) assert_int_equal(status, BRAM_ENOMEM);
            bram_buffer_release(&b);
            bram_table_free(t);
            bram_ctx_free(cx);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(narrow_ascii),
        cmocka_unit_test(bands_go_on_below),
        cmocka_unit_test(a_dropped_constant_is_told),
        cmocka_unit_test(csv),
        cmocka_unit_test(tsv),
        cmocka_unit_test(json),
        cmocka_unit_test(markdown),
        cmocka_unit_test(long_text_wraps),
        cmocka_unit_test(wide_letters_are_two_columns),
        cmocka_unit_test(empty_tables),
        cmocka_unit_test(formats_by_name),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
