/* Tests of loaders/text_matrix.c: numbers in lines, lines of text, lists in brackets. */
#include <bramble/context.h>

#include "text_matrix.h"
#include "test.h"

static const char *written(const char *text)
{
    static char path[200];
    test_temporary(path, "matrix.txt");
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
    return path;
}

static void lines_become_a_matrix(void **state)
{
    (void)state;
    double *values;
    size_t rows, cols;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_text_matrix(cx, &values, &rows, &cols,
                                   written("# a b c\n1 2.5e+00  nan\r\n\n-3\t4 5")));
    assert_int_equal(rows, 2);
    assert_int_equal(cols, 3);
    assert_near(values[1], 2.5, 0);
    assert_true(isnan(values[2]));
    assert_near(values[3], -3, 0);
    assert_near(values[5], 5, 0);
    bram_free(values);
    assert_ok(cx, bram_text_matrix(cx, &values, &rows, &cols, written("7")));
    assert_true(rows == 1 && cols == 1 && values[0] == 7);
    bram_free(values);
    bram_ctx_free(cx);
}

static void refuse(bram_ctx *cx, const char *text, const char *words)
{
    double *values = NULL;
    size_t rows = 9, cols = 9;
    int status = bram_text_matrix(cx, &values, &rows, &cols, written(text));
    if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), words) || values || rows != 9)
        fail_msg("%d: %s", status, bram_ctx_message(cx));
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    refuse(cx, "1 2\n3\n", "line 2: found 1 numbers, expected 2");
    refuse(cx, "1 2\n3 x4\n", "line 2: found \"x4\", expected a number");
    refuse(cx, "\n# nothing\n", "found no number");
    refuse(cx, "1 0x10\n", "found \"0x10\"");
    char long_word[300];
    memset(long_word, '1', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = 0;
    refuse(cx, long_word, "expected a number");
    FILE *file = fopen(written(""), "wb");
    fwrite("1 2\0 3\n", 1, 7, file);
    fclose(file);
    double *values;
    size_t rows, cols;
    char path[200];
    test_temporary(path, "matrix.txt");
    assert_int_equal(bram_text_matrix(cx, &values, &rows, &cols, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "zero byte at 3"));
    unlink(path);
    assert_int_equal(bram_text_matrix(cx, &values, &rows, &cols, path), BRAM_EREAD);
    bram_ctx_free(cx);
}

static void lines_of_text(void **state)
{
    (void)state;
    bram_text_lines lines;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_text_lines_read(cx, &lines, written("AVAL \n\n\t merge\r\nlast")));
    assert_int_equal(lines.count, 4);
    assert_string_equal(lines.line[0], "AVAL");
    assert_string_equal(lines.line[1], "");
    assert_string_equal(lines.line[2], "merge");
    assert_string_equal(lines.line[3], "last");
    bram_free(lines.line);
    assert_ok(cx, bram_text_lines_read(cx, &lines, written("\n\n")));
    assert_int_equal(lines.count, 2);
    bram_free(lines.line);
    char path[200];
    test_temporary(path, "matrix.txt");
    unlink(path);
    bram_ctx_free(cx);
}

static void lists_in_brackets(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"", "expected numbers in brackets"},
                                         {"1 2", "expected numbers in brackets"},
                                         {"[1 2", "no \"]\" after 2"},
                                         {"[1 b]", "found \"b\""},
                                         {"[1 2 ... 8 9]", "found \"...\" after 2 numbers"}};
    double *values = NULL;
    size_t count = 9;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_text_list(cx, &values, &count, " [ 1.5  -2.\n 3e-1 nan]"));
    assert_int_equal(count, 4);
    assert_true(values[0] == 1.5 && values[1] == -2 && values[2] == .3 && isnan(values[3]));
    bram_free(values);
    assert_ok(cx, bram_text_list(cx, &values, &count, "[1, 2,3]"));
    assert_true(count == 3 && values[2] == 3);
    bram_free(values);
    values = NULL;
    assert_ok(cx, bram_text_list(cx, &values, &count, "[]"));
    assert_int_equal(count, 0);
    bram_free(values);
    values = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(bram_text_list(cx, &values, &count, bad[i][0]), BRAM_EFORMAT);
        if (!strstr(bram_ctx_message(cx), bad[i][1])) fail_msg("%s", bram_ctx_message(cx));
    }
    assert_null(values);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_a_matrix),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(lines_of_text),
        cmocka_unit_test(lists_in_brackets),
    };
    return cmocka_run_group_tests_name("text_matrix", tests, NULL, NULL);
}
