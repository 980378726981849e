/* Tests of core/names.c. */
#include "names.h"
#include "test.h"

static void identifiers(void **state)
{
    (void)state;
    assert_true(bram_name_is_identifier("time"));
    assert_true(bram_name_is_identifier("raw_time2"));
    assert_false(bram_name_is_identifier(""));
    assert_false(bram_name_is_identifier(NULL));
    assert_false(bram_name_is_identifier("2time"));
    assert_false(bram_name_is_identifier("_time"));
    assert_false(bram_name_is_identifier("Time"));
    assert_false(bram_name_is_identifier("a-b"));
    assert_false(bram_name_is_identifier("\xc3\xa4"));
}

static bool step(const char *name)
{
    return bram_name_is_step(name, strlen(name));
}

static void steps_of_a_path(void **state)
{
    (void)state;
    assert_true(step("2022-07-26-31"));
    assert_true(step("conv1.2 (relu)"));
    assert_true(step("...") && step(".x"));
    assert_true(step("K\xc3\xb6rper"));
    assert_false(step("") || step(".") || step("..") || step("a/b") || step(" a") || step("a "));
    assert_false(step("a\nb") || step("a\x7f") || step("\xff"));
    assert_true(bram_name_is_step("abc/..", 3));
    char name[257];
    memset(name, 'a', sizeof name);
    assert_true(bram_name_is_step(name, 255));
    assert_false(bram_name_is_step(name, 256));
}

static bool utf8(const char *text)
{
    return bram_name_is_utf8(text, strlen(text));
}

static void utf8_as_in_rfc_3629(void **state)
{
    (void)state;
    assert_true(utf8("") && utf8("a") && utf8("\xc2\x80") && utf8("\xdf\xbf"));
    assert_true(utf8("\xe0\xa0\x80") && utf8("\xed\x9f\xbf") && utf8("\xef\xbf\xbf"));
    assert_true(utf8("\xf0\x90\x80\x80") && utf8("\xf4\x8f\xbf\xbf"));
    assert_false(utf8("\x80") || utf8("\xc0\xaf") || utf8("\xc1\xbf") || utf8("\xe0\x9f\xbf"));
    assert_false(utf8("\xed\xa0\x80") || utf8("\xf0\x8f\xbf\xbf") || utf8("\xf4\x90\x80\x80"));
    assert_false(utf8("\xf5\x80\x80\x80") || utf8("\xc3") || utf8("\xe2\x82") || utf8("\xc3(a"));
}

static bool line(const char *text)
{
    return bram_name_is_line(text, strlen(text));
}

/* What a terminal would obey: C0, DEL, and C1 as UTF-8 (U+009B is an escape sequence by itself). */
static void lines_to_print(void **state)
{
    (void)state;
    assert_true(line("") && line("a b/c \"d\"") && line("\xc2\xa0") && line("\xe2\x82\xac"));
    assert_false(line("a\nb") || line("\x1b[31m") || line("\x7f") ||
                 line("\xc2\x9b"
                      "31m"));
    assert_false(line("\xff") || line("a\xc2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers),
        cmocka_unit_test(steps_of_a_path),
        cmocka_unit_test(utf8_as_in_rfc_3629),
        cmocka_unit_test(lines_to_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
