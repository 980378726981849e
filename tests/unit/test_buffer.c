/*
 * test_buffer.c - text that grows; also the version and the process-wide state, which need no file
 * of their own.
 */
#include "buffer.h"
#include "internal.h"
#include "test.h"

static void text_grows(void **state)
{
    (void)state;
    bram_buffer b = {0};
    assert_string_equal(bram_buffer_text(&b), "");
    for (int i = 0; i < 1000; i++) bram_buffer_putf(&b, "%d,", i);
    assert_int_equal(b.length, 10 * 2 + 90 * 3 + 900 * 4);
    assert_string_equal(bram_buffer_text(&b) + b.length - 8, "998,999,");
    bram_buffer_release(&b);
    bram_buffer_put(&b, "a");
    bram_buffer_fill(&b, '-', 3);
    bram_buffer_write(&b, "bcd", 1);
    assert_string_equal(bram_buffer_text(&b), "a---b");
    bram_buffer_release(&b);
    assert_null(b.text);
}

static void exact_fits_have_room_for_the_end(void **state)
{
    (void)state;
    for (size_t n = 250; n < 260; n++) {
        bram_buffer b = {0};
        bram_buffer_fill(&b, 'x', n);
        assert_int_equal(strlen(bram_buffer_text(&b)), n);
        bram_buffer_put(&b, "yz");
        assert_int_equal(strlen(bram_buffer_text(&b)), n + 2);
        bram_buffer_release(&b);
    }
}

static void failure_is_remembered(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_buffer b = {0};
    bram_buffer_put(&b, "kept");
    assert_ok(cx, bram_buffer_status(cx, &b));
    bram_fail_allocation(1, false);
    bram_buffer_fill(&b, 'x', 1000);
    bram_buffer_put(&b, "more");
    bram_fail_allocation(0, false);
    assert_string_equal(bram_buffer_text(&b), "kept");
    assert_int_equal(bram_buffer_status(cx, &b), BRAM_ENOMEM);
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

static void the_library_knows_its_version(void **state)
{
    (void)state;
    unsigned major, minor, patch;
    bram_init();
    bram_init();
    assert_int_equal(sscanf(bram_version(), "%u.%u.%u", &major, &minor, &patch), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(exact_fits_have_room_for_the_end),
        cmocka_unit_test(failure_is_remembered),
        cmocka_unit_test(the_library_knows_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
