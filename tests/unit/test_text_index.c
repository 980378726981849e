/* Tests of core/text_index.c. */
#include "text_index.h"

#include "internal.h"
#include "test.h"

enum { MANY = 2000 };

static void every_string_is_found_while_it_grows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static char text[MANY][8];
    static const char *strings[MANY];
    bram_text_index index = {0};
    assert_int_equal(bram_text_index_find(&index, strings, "s0"), -1);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        strings[i] = text[i];
        assert_ok(cx, bram_text_index_reserve(cx, &index, strings, i + 1));
        assert_int_equal(bram_text_index_add(&index, strings, i), i);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(bram_text_index_find(&index, strings, text[i]), i);
    assert_int_equal(bram_text_index_find(&index, strings, "s2000"), -1);
    assert_int_equal(bram_text_index_find(&index, strings, ""), -1);
    assert_int_equal(index.used, MANY);
    bram_text_index_release(&index);
    assert_int_equal(bram_text_index_find(&index, strings, "s0"), -1);
    bram_ctx_free(cx);
}

static void the_first_of_equal_strings_stays(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *strings[] = {"b", "a", "a", ""};
    bram_text_index index = {0};
    assert_ok(cx, bram_text_index_reserve(cx, &index, strings, 4));
    for (size_t i = 0; i < 4; i++) (void)bram_text_index_add(&index, strings, i);
    assert_int_equal(bram_text_index_add(&index, strings, 2), 1);
    assert_int_equal(bram_text_index_find(&index, strings, "a"), 1);
    assert_int_equal(bram_text_index_find(&index, strings, ""), 3);
    bram_text_index_release(&index);
    bram_ctx_free(cx);
}

static void no_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *strings[] = {"a", "b"};
    bram_text_index index = {0};
    assert_ok(cx, bram_text_index_reserve(cx, &index, strings, 2));
    (void)bram_text_index_add(&index, strings, 0);
    bram_fail_allocation(1, false);
    assert_int_equal(bram_text_index_reserve(cx, &index, strings, 100), BRAM_ENOMEM);
    bram_fail_allocation(0, false);
    assert_int_equal(bram_text_index_reserve(cx, &index, strings, SIZE_MAX / 2), BRAM_ENOMEM);
    assert_int_equal(bram_text_index_find(&index, strings, "a"), 0);
    bram_text_index_release(&index);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_string_is_found_while_it_grows),
        cmocka_unit_test(the_first_of_equal_strings_stays),
        cmocka_unit_test(no_memory_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
