/* Tests of loaders/import_stimuli.c: two tables of stimuli become one. */
#include "import_stimuli.h"
#include "internal.h"
#include "test.h"

static bram_axis *table(bram_ctx *cx, const char *const ids[3], const char *const set[3],
                        const int64_t *shown, const double *angle)
{
    bram_axis *axis;
    assert_ok(cx, bram_axis_new(cx, &axis, "stimulus", 3));
    assert_ok(cx, bram_axis_set_ids(cx, axis, ids));
    assert_ok(cx, bram_axis_add_text(cx, axis, "set", set));
    if (shown) assert_ok(cx, bram_axis_add_integer(cx, axis, "shown", shown));
    if (angle) assert_ok(cx, bram_axis_add_number(cx, axis, "angle", angle, "deg"));
    return axis;
}

static void rows_are_joined_by_id(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *both = NULL;
    bram_axis *a = table(cx, (const char *const[]){"x", "y", "z"},
                         (const char *const[]){"training", "training", ""},
                         (const int64_t[]){1, 2, 3}, NULL),
              *b = table(cx, (const char *const[]){"w", "z", "x"},
                         (const char *const[]){"test", "test", "test"}, (const int64_t[]){7, 8, 9},
                         (const double[]){10, 20, 30});
    assert_ok(cx, bram_import_stimuli(cx, &both, a, b));
    assert_int_equal(bram_axis_length(both), 4);
    assert_string_equal(bram_axis_id(both, 0), "x");
    assert_string_equal(bram_axis_id(both, 3), "w");
    const bram_column *set = bram_axis_column(both, "set");
    assert_string_equal(set->text[0], "training | test");
    assert_string_equal(set->text[1], "training");
    assert_string_equal(set->text[2], "test");
    assert_string_equal(set->text[3], "test");
    const bram_column *shown = bram_axis_column(both, "shown"),
                      *angle = bram_axis_column(both, "angle");
    assert_int_equal(shown->type, BRAM_INTEGER);
    assert_int_equal(shown->integer[0], 1);
    assert_int_equal(shown->integer[3], 7);
    assert_near(angle->number[0], 30, 0);
    assert_true(isnan(angle->number[1]));
    assert_string_equal(angle->unit, "deg");
    bram_axis_free(both);
    bram_axis_free(a);
    bram_axis_free(b);
    bram_ctx_free(cx);
}

static void whole_numbers_that_one_lacks_are_numbers(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *both = NULL;
    static const char *const none[] = {"", "", ""};
    bram_axis *a = table(cx, (const char *const[]){"x", "y", "z"}, none, NULL, NULL),
              *b = table(cx, (const char *const[]){"y", "v", "u"}, none, (const int64_t[]){7, 8, 9},
                         NULL);
    assert_ok(cx, bram_import_stimuli(cx, &both, a, b));
    const bram_column *shown = bram_axis_column(both, "shown");
    assert_int_equal(shown->type, BRAM_NUMBER);
    assert_true(isnan(shown->number[0]));
    assert_near(shown->number[1], 7, 0);
    bram_axis_free(both);
    bram_axis_free(b);
    assert_ok(cx, bram_axis_new(cx, &b, "stimulus", 3));
    assert_ok(cx, bram_axis_add_number(cx, b, "set", (const double[]){1, 2, 3}, ""));
    both = NULL;
    assert_int_equal(bram_import_stimuli(cx, &both, a, b), BRAM_EFORMAT);
    assert_null(both);
    bram_axis_free(a);
    bram_axis_free(b);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_joined_by_id),
        cmocka_unit_test(whole_numbers_that_one_lacks_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
