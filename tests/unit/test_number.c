/* Tests of core/number.c. */
#include <locale.h>

#include "number.h"
#include "test.h"

static bool parses(const char *text, int flags, double expected)
{
    double value = 42;
    if (!bram_number_parse(text, flags, &value)) {
        assert_near(value, 42, 0);
        return false;
    }
    return isnan(expected) ? isnan(value) : value == expected;
}

static void decimal_numbers(void **state)
{
    (void)state;
    assert_true(parses("0", 0, 0));
    assert_true(parses(" -1.5e3\r\n", 0, -1500));
    assert_true(parses("+.5", 0, 0.5));
    assert_true(parses("1e-400", 0, 0)); /* rounds to zero */
    static const char *const bad[] = {"",      " ",   "nan",   "inf", "1,5", "1 2",  "0x10",
                                      "1e999", "abc", "1.2.3", "-",   "e5",  "1e5x", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(parses(bad[i], 0, 0));
}

static void missing_and_infinite_by_option(void **state)
{
    (void)state;
    assert_true(parses("", BRAM_NUMBER_EMPTY, NAN));
    assert_true(parses("  ", BRAM_NUMBER_EMPTY, NAN));
    assert_false(parses("", BRAM_NUMBER_NAN, NAN));
    assert_true(parses("NaN", BRAM_NUMBER_NAN, NAN));
    assert_true(parses("NA", BRAM_NUMBER_MISSING, NAN));
    assert_false(parses("nana", BRAM_NUMBER_MISSING, NAN));
    assert_true(parses("-Infinity", BRAM_NUMBER_INFINITE, -INFINITY));
    assert_true(parses("inf", BRAM_NUMBER_INFINITE, INFINITY));
}

static void integers(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_true(bram_integer_parse(" -9223372036854775808 ", &value));
    assert_true(value == INT64_MIN);
    assert_false(bram_integer_parse("9223372036854775808", &value));
    assert_false(bram_integer_parse("1.0", &value));
    assert_false(bram_integer_parse("", &value));
    assert_false(bram_integer_parse("-", &value));
    assert_true(value == INT64_MIN);
}

static void the_shortest_exact_form(void **state)
{
    (void)state;
    char text[BRAM_NUMBER_BYTES];
    assert_string_equal(bram_number_format(text, 0.1), "0.1");
    assert_string_equal(bram_number_format(text, 0.1 + 0.2), "0.30000000000000004");
    assert_string_equal(bram_number_format(text, -1e300), "-1e+300");
    assert_string_equal(bram_number_format(text, 3), "3");
    assert_string_equal(bram_number_format(text, NAN), "nan");
    assert_string_equal(bram_number_format(text, -INFINITY), "-inf");
    for (double x = 1e-310; fabs(x) < 1e300; x *= -77.7777) {
        double back;
        assert_true(bram_number_parse(bram_number_format(text, x), 0, &back));
        assert_true(back == x);
    }
}

static void a_decimal_comma_does_no_harm(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool set = false;
    for (size_t i = 0; i < 4 && !set; i++) set = setlocale(LC_ALL, names[i]) != NULL;
    if (!set) {
        print_message("# skipped: no locale with a decimal comma is installed\n");
        return;
    }
    char text[BRAM_NUMBER_BYTES];
    bool read = parses("1.5", 0, 1.5);
    bram_number_format(text, 1.5);
    setlocale(LC_ALL, "C");
    assert_true(read);
    assert_string_equal(text, "1.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers),
        cmocka_unit_test(missing_and_infinite_by_option),
        cmocka_unit_test(integers),
        cmocka_unit_test(the_shortest_exact_form),
        cmocka_unit_test(a_decimal_comma_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
