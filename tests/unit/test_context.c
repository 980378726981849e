/* Tests of core/context.c, core/memory.c and core/kept.c. */
#include <bramble/context.h>

#include "internal.h"
#include "kept.h"
#include "test.h"

#include <stdio.h>

static void a_failure_keeps_its_message(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    assert_string_equal(bram_ctx_message(cx), "");
    assert_int_equal(bram_fail(cx, BRAM_ESHAPE, "found %d, expected %d", 3, 4), BRAM_ESHAPE);
    assert_int_equal(bram_fail_prefix(cx, BRAM_ESHAPE, "worm.h5"), BRAM_ESHAPE);
    assert_string_equal(bram_ctx_message(cx), "worm.h5: found 3, expected 4");
    assert_int_equal(bram_fail(cx, BRAM_EREAD, "again: %s", bram_ctx_message(cx)), BRAM_EREAD);
    assert_string_equal(bram_ctx_message(cx), "again: worm.h5: found 3, expected 4");
    bram_ctx_free(cx);
}

static void take_line(void *user, const char *line)
{
    snprintf(user, 100, "%s", line);
}

static void messages_are_one_line_without_controls(void **state)
{
    (void)state;
    char note[100];
    bram_ctx *cx = bram_ctx_new();
    bram_fail(cx, BRAM_EFORMAT, "found \"%s\"", "a\nb\tc\033[2Jd\177\303\251");
    assert_string_equal(bram_ctx_message(cx), "found \"a b c?[2Jd?\303\251\"");
    bram_fail_prefix(cx, BRAM_EFORMAT, "odd\nname.csv");
    assert_string_equal(bram_ctx_message(cx), "odd name.csv: found \"a b c?[2Jd?\303\251\"");
    bram_ctx_set_note(cx, take_line, note);
    bram_note(cx, "two\r\nlines");
    assert_string_equal(note, "two  lines");
    bram_ctx_free(cx);
}

static void scratch_is_zeroed_aligned_and_stacked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t start = bram_scratch_mark(cx);
    for (int round = 0; round < 3; round++) {
        double *kept = bram_scratch(cx, 7, sizeof *kept);
        kept[6] = 5;
        size_t mark = bram_scratch_mark(cx);
        for (size_t n = 1; n < 2000000; n *= 7) {
            unsigned char *p = bram_scratch(cx, n, 1);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 64, 0);
            for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
            memset(p, 255, n);
        }
        bram_scratch_release(cx, mark);
        assert_int_equal(bram_scratch_mark(cx), mark);
        assert_near(kept[6], 5, 0);
        bram_scratch_release(cx, start);
    }
    bram_ctx_free(cx);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    assert_null(bram_scratch(cx, SIZE_MAX / 2, 3));
    assert_null(bram_alloc(cx, SIZE_MAX / 8, 16));
    assert_null(bram_realloc(cx, NULL, SIZE_MAX, 2));
    assert_non_null(strstr(bram_ctx_message(cx), "no memory"));
    bram_ctx_free(cx);
}

static void an_allocation_fails_on_demand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_fail_allocation(2, false);
    void *first = bram_alloc(cx, 1, 8), *second = bram_alloc(cx, 1, 8),
         *third = bram_alloc(cx, 1, 8);
    bram_fail_allocation(0, false);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    bram_free(first);
    bram_free(third);
    bram_ctx_free(cx);
}

static void cancelling_is_seen(void **state)
{
    (void)state;
    volatile int flag = 0;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_cancel(cx, &flag);
    assert_int_equal(bram_ctx_check_cancel(cx), BRAM_OK);
    flag = 1;
    assert_int_equal(bram_ctx_check_cancel(cx), BRAM_ECANCEL);
    bram_ctx_free(cx);
}

static int released;

static void count_release(void *thing)
{
    (void)thing;
    released++;
}

static void a_context_keeps_what_was_used_last(void **state)
{
    (void)state;
    int thing[20];
    char key[8];
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_memory(cx, 800); /* an eighth may be kept */
    bram_kept *k = bram_kept_of(cx);
    assert_int_equal(bram_kept_limit(k), 100);
    released = 0;
    assert_null(bram_kept_take(k, "a"));
    bram_kept_give(k, "a", &thing[0], 40, count_release);
    bram_kept_give(k, "b", &thing[1], 40, count_release);
    assert_ptr_equal(bram_kept_take(k, "a"), &thing[0]);
    assert_null(bram_kept_take(k, "a")); /* whoever takes it has it alone */
    bram_kept_give(k, "a", &thing[0], 40, count_release);
    bram_kept_give(k, "c", &thing[2], 60, count_release); /* room for this and "a": "b" goes */
    assert_int_equal(released, 1);
    assert_null(bram_kept_take(k, "b"));
    bram_kept_give(k, "large", &thing[3], 101, count_release);
    assert_int_equal(released, 2);
    assert_ptr_equal(bram_kept_take(k, "c"), &thing[2]);
    for (int i = 0; i < 20; i++) { /* no more than 16 things */
        snprintf(key, sizeof key, "%d", i);
        bram_kept_give(k, key, &thing[i], 0, count_release);
    }
    assert_int_equal(released, 2 + 1 + 4);
    bram_ctx_free(cx);
    assert_int_equal(released, 2 + 1 + 20);
    bram_kept_give(k, "late", &thing[4], 1, count_release); /* the context is gone */
    assert_int_equal(released, 2 + 1 + 21);
    bram_kept_unref(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_its_message),
        cmocka_unit_test(messages_are_one_line_without_controls),
        cmocka_unit_test(scratch_is_zeroed_aligned_and_stacked),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(an_allocation_fails_on_demand),
        cmocka_unit_test(cancelling_is_seen),
        cmocka_unit_test(a_context_keeps_what_was_used_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
