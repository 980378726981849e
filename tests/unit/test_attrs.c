/* Tests of core/attrs.c. */
#include "attrs.h"

#include "internal.h"
#include "test.h"

static void values_keep_their_type_and_order(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_attrs *a = bram_attrs_new(cx);
    assert_ok(cx, bram_attrs_set_text(cx, a, "species", "C. elegans"));
    assert_ok(cx, bram_attrs_set_number(cx, a, "dt", 0.25));
    assert_ok(cx, bram_attrs_set_integer(cx, a, "year", 9007199254740993));
    assert_int_equal(bram_attrs_count(a), 3);
    assert_string_equal(bram_attrs_name_at(a, 1), "dt");
    assert_int_equal(bram_attrs_type_at(a, 0), BRAM_TEXT);
    assert_int_equal(bram_attrs_type_at(a, 1), BRAM_NUMBER);
    assert_int_equal(bram_attrs_type_at(a, 2), BRAM_INTEGER);
    assert_string_equal(bram_attrs_text(a, "species"), "C. elegans");
    assert_near(bram_attrs_number(a, "dt", -1), 0.25, 0);
    assert_int_equal(bram_attrs_integer(a, "year", -1), 9007199254740993);
    bram_attrs_free(a);
    bram_attrs_free(NULL);
    bram_ctx_free(cx);
}

static void absent_or_of_another_type_gives_the_fallback(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_attrs *a = bram_attrs_new(cx);
    assert_ok(cx, bram_attrs_set_integer(cx, a, "n", 3));
    assert_null(bram_attrs_text(a, "n"));
    assert_null(bram_attrs_text(a, "m"));
    assert_near(bram_attrs_number(a, "n", 7), 7, 0);
    assert_int_equal(bram_attrs_integer(a, "m", 8), 8);
    bram_attrs_free(a);
    bram_ctx_free(cx);
}

static void setting_again_replaces_in_place(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_attrs *a = bram_attrs_new(cx);
    assert_ok(cx, bram_attrs_set_text(cx, a, "x", "old"));
    assert_ok(cx, bram_attrs_set_text(cx, a, "y", "other"));
    assert_ok(cx, bram_attrs_set_text(cx, a, "x", bram_attrs_text(a, "x")));
    assert_string_equal(bram_attrs_text(a, "x"), "old");
    assert_ok(cx, bram_attrs_set_number(cx, a, "x", 2));
    assert_int_equal(bram_attrs_count(a), 2);
    assert_string_equal(bram_attrs_name_at(a, 0), "x");
    assert_near(bram_attrs_number(a, "x", 0), 2, 0);
    assert_null(bram_attrs_text(a, "x"));
    bram_attrs_free(a);
    bram_ctx_free(cx);
}

static void a_bad_name_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_attrs *a = bram_attrs_new(cx);
    assert_int_equal(bram_attrs_set_text(cx, a, "", "v"), BRAM_EUSAGE);
    assert_int_equal(bram_attrs_set_number(cx, a, "a/b", 1), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "a/b"));
    assert_int_equal(bram_attrs_count(a), 0);
    bram_attrs_free(a);
    bram_ctx_free(cx);
}

static int copy_all(bram_ctx *cx, bram_attrs **out)
{
    bram_attrs *a = bram_attrs_new(cx), *b = a ? bram_attrs_new(cx) : NULL;
    int status = b ? BRAM_OK : BRAM_ENOMEM;
    char name[] = "name0";
    for (int i = 0; status == BRAM_OK && i < 9; i++, name[4]++)
        status = i % 3 == 0   ? bram_attrs_set_text(cx, a, name, "text")
                 : i % 3 == 1 ? bram_attrs_set_number(cx, a, name, i)
                              : bram_attrs_set_integer(cx, a, name, i);
    if (status == BRAM_OK) status = bram_attrs_copy(cx, b, a);
    if (status == BRAM_OK) status = bram_attrs_copy(cx, b, b);
    bram_attrs_free(a);
    if (status == BRAM_OK) *out = b;
    else bram_attrs_free(b);
    return status;
}

static void copies_are_whole_and_failures_clean(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_attrs *copy = NULL;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status == BRAM_ENOMEM; k++) {
        bram_fail_allocation(k, false);
        status = copy_all(cx, &copy);
    }
    bram_fail_allocation(0, false);
    assert_ok(cx, status);
    assert_int_equal(bram_attrs_count(copy), 9);
    assert_string_equal(bram_attrs_text(copy, "name6"), "text");
    assert_near(bram_attrs_number(copy, "name7", 0), 7, 0);
    assert_int_equal(bram_attrs_integer(copy, "name8", 0), 8);
    bram_attrs_free(copy);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_keep_their_type_and_order),
        cmocka_unit_test(absent_or_of_another_type_gives_the_fallback),
        cmocka_unit_test(setting_again_replaces_in_place),
        cmocka_unit_test(a_bad_name_is_refused),
        cmocka_unit_test(copies_are_whole_and_failures_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
