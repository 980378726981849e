/* Tests of core/axis.c. */
#include <bramble/axis.h>

#include "internal.h"
#include "test.h"

#include <pthread.h>

static const char *const worms[] = {"AVAL", "", "RIML", "AVAL", NULL};

static void ids_are_copied_and_found(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    assert_ok(cx, bram_axis_new(cx, &axis, "neuron", 5));
    assert_string_equal(bram_axis_name(axis), "neuron");
    assert_int_equal(bram_axis_length(axis), 5);
    assert_false(bram_axis_has_ids(axis));
    assert_string_equal(bram_axis_id(axis, 2), "");
    assert_int_equal(bram_axis_find(axis, "AVAL"), -1);
    assert_ok(cx, bram_axis_set_ids(cx, axis, worms));
    assert_true(bram_axis_has_ids(axis));
    assert_string_equal(bram_axis_id(axis, 2), "RIML");
    assert_string_equal(bram_axis_id(axis, 4), "");
    assert_int_equal(bram_axis_find(axis, "AVAL"), 0);
    assert_int_equal(bram_axis_find(axis, "RIML"), 2);
    assert_int_equal(bram_axis_find(axis, "RIMR"), -1);
    assert_int_equal(bram_axis_find(axis, ""), -1); /* no id: never a match */
    const char *const others[] = {"a", "b", "c", "d", "e"};
    assert_ok(cx, bram_axis_set_ids(cx, axis, others));
    assert_int_equal(bram_axis_find(axis, "AVAL"), -1);
    assert_int_equal(bram_axis_find(axis, "e"), 4);
    bram_axis_free(axis);
    bram_axis_free(NULL);
    bram_ctx_free(cx);
}

static void coordinates_and_columns(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    double time[] = {0, 0.5, 1}, depth[] = {3, NAN, 5};
    int64_t trial[] = {INT64_MIN, 0, INT64_MAX};
    const char *const word[] = {"rest", NULL, "run"};
    assert_ok(cx, bram_axis_new(cx, &axis, "time", 3));
    assert_null(bram_axis_values(axis));
    assert_string_equal(bram_axis_unit(axis), "");
    assert_ok(cx, bram_axis_set_values(cx, axis, time, "s"));
    assert_ok(cx, bram_axis_add_number(cx, axis, "depth", depth, "um"));
    assert_ok(cx, bram_axis_add_integer(cx, axis, "trial", trial));
    assert_ok(cx, bram_axis_add_text(cx, axis, "state", word));
    time[1] = depth[0] = 99; /* the axis has copies */
    assert_near(bram_axis_values(axis)[1], 0.5, 0);
    assert_string_equal(bram_axis_unit(axis), "s");
    assert_int_equal(bram_axis_columns(axis), 3);
    const bram_column *c = bram_axis_column_at(axis, 0);
    assert_string_equal(c->name, "depth");
    assert_string_equal(c->unit, "um");
    assert_int_equal(c->type, BRAM_NUMBER);
    assert_true(c->number[0] == 3 && isnan(c->number[1]) && !c->text && !c->integer);
    c = bram_axis_column(axis, "trial");
    assert_true(c->integer[0] == INT64_MIN && c->integer[2] == INT64_MAX);
    assert_string_equal(c->unit, "");
    c = bram_axis_column(axis, "state");
    assert_string_equal(c->text[1], "");
    assert_string_equal(c->text[2], "run");
    assert_null(bram_axis_column(axis, "none"));
    assert_ok(cx, bram_axis_add_integer(cx, axis, "depth", trial)); /* replaces */
    assert_int_equal(bram_axis_columns(axis), 3);
    assert_int_equal(bram_axis_column(axis, "depth")->type, BRAM_INTEGER);
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void bad_names_and_changes_in_use_are_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis = NULL;
    double one = 1;
    assert_int_equal(bram_axis_new(cx, &axis, "Time", 1), BRAM_EUSAGE);
    assert_int_equal(bram_axis_new(cx, &axis, NULL, 1), BRAM_EUSAGE);
    assert_null(axis);
    assert_ok(cx, bram_axis_new(cx, &axis, "time", 1));
    assert_int_equal(bram_axis_add_number(cx, axis, "a/b", &one, ""), BRAM_EUSAGE);
    bram_axis *shared = bram_axis_ref(axis);
    assert_ptr_equal(shared, axis);
    assert_int_equal(bram_axis_set_values(cx, axis, &one, "s"), BRAM_EUSAGE);
    assert_int_equal(bram_axis_set_ids(cx, axis, worms), BRAM_EUSAGE);
    assert_int_equal(bram_axis_add_number(cx, axis, "x", &one, ""), BRAM_EUSAGE);
    assert_int_equal(bram_axis_add_integer(cx, axis, "x", &(int64_t){1}), BRAM_EUSAGE);
    assert_int_equal(bram_axis_add_text(cx, axis, "x", worms), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "time is in use"));
    bram_axis_free(shared);
    assert_ok(cx, bram_axis_set_values(cx, axis, &one, NULL));
    assert_string_equal(bram_axis_unit(axis), "");
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void an_axis_of_no_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis, *part;
    assert_ok(cx, bram_axis_new(cx, &axis, "events", 0));
    assert_ok(cx, bram_axis_set_ids(cx, axis, worms));
    assert_ok(cx, bram_axis_add_text(cx, axis, "kind", worms));
    assert_ok(cx, bram_axis_add_number(cx, axis, "onset", &(double){0}, "s"));
    assert_int_equal(bram_axis_find(axis, "AVAL"), -1);
    assert_ok(cx, bram_axis_take(cx, &part, axis, NULL, 0));
    assert_true(bram_axis_equal(axis, part));
    bram_axis_free(axis);
    bram_axis_free(part);
    bram_ctx_free(cx);
}

static int make_full(bram_ctx *cx, bram_axis **out)
{
    bram_axis *axis;
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", 4));
    int status = bram_axis_set_ids(cx, axis, (const char *const[]){"a", "b", "c", "d"});
    if (status == BRAM_OK) status = bram_axis_set_values(cx, axis, (double[]){1, 2, NAN, 4}, "um");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "class", worms);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "n", (int64_t[]){5, 6, 7, 8});
    if (status == BRAM_OK)
        status = bram_axis_add_number(cx, axis, "z", (double[]){NAN, 6, 7, 8}, "mm");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static void taking_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis, *part = NULL;
    assert_ok(cx, make_full(cx, &axis));
    assert_int_equal(bram_axis_take(cx, &part, axis, (size_t[]){1, 4}, 2), BRAM_ESHAPE);
    assert_null(part);
    assert_ok(cx, bram_axis_take(cx, &part, axis, (size_t[]){3, 0, 3, 1, 0}, 5));
    assert_int_equal(bram_axis_length(part), 5);
    assert_string_equal(bram_axis_name(part), "neuron");
    assert_string_equal(bram_axis_id(part, 2), "d");
    assert_int_equal(bram_axis_find(part, "a"), 1);
    assert_int_equal(bram_axis_find(part, "c"), -1);
    assert_near(bram_axis_values(part)[3], 2, 0);
    assert_string_equal(bram_axis_unit(part), "um");
    assert_string_equal(bram_axis_column(part, "class")->text[4], "AVAL");
    assert_int_equal(bram_axis_column(part, "n")->integer[0], 8);
    assert_true(isnan(bram_axis_column(part, "z")->number[1]));
    assert_string_equal(bram_axis_column(part, "z")->unit, "mm");
    bram_axis_free(axis);
    bram_axis_free(part);
    bram_ctx_free(cx);
}

static void equality_sees_every_part(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *a, *b, *other;
    assert_ok(cx, make_full(cx, &a));
    assert_ok(cx, make_full(cx, &b));
    assert_true(bram_axis_equal(a, a));
    assert_true(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_number(cx, b, "z", (double[]){NAN, 6, 7, 9}, "mm"));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_number(cx, b, "z", (double[]){NAN, 6, 7, 8}, "um"));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_number(cx, b, "z", (double[]){NAN, 6, 7, 8}, "mm"));
    assert_true(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_integer(cx, b, "n", (int64_t[]){5, 6, 7, 9}));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_text(cx, b, "n", worms));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_add_integer(cx, b, "n", (int64_t[]){5, 6, 7, 8}));
    assert_ok(cx, bram_axis_set_ids(cx, b, worms));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_set_ids(cx, b, (const char *const[]){"a", "b", "c", "d"}));
    assert_ok(cx, bram_axis_set_values(cx, b, (double[]){1, 2, 3, 4}, "um"));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_set_values(cx, b, (double[]){1, 2, NAN, 4}, "mm"));
    assert_false(bram_axis_equal(a, b));
    assert_ok(cx, bram_axis_new(cx, &other, "neuron", 4));
    assert_false(bram_axis_equal(a, other));
    bram_axis_free(other);
    assert_ok(cx, bram_axis_new(cx, &other, "unit", 4));
    assert_false(bram_axis_equal(a, other));
    bram_axis_free(other);
    bram_axis_free(a);
    bram_axis_free(b);
    bram_ctx_free(cx);
}

static int make_and_take(bram_ctx *cx, bram_axis **out)
{
    bram_axis *axis;
    BRAM_TRY(make_full(cx, &axis));
    int status = bram_axis_take(cx, out, axis, (size_t[]){0, 1}, 2);
    bram_axis_free(axis);
    return status;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *part = NULL;
    int status = BRAM_ENOMEM;
    size_t k = 0;
    while (status == BRAM_ENOMEM) {
        assert_null(part);
        bram_fail_allocation(++k, false);
        status = make_and_take(cx, &part);
    }
    bram_fail_allocation(0, false);
    assert_ok(cx, status);
    assert_true(k > 20);
    bram_axis_free(part);
    bram_ctx_free(cx);
}

static void too_long_an_axis_is_no_memory(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    assert_ok(cx, bram_axis_new(cx, &axis, "time", SIZE_MAX / 8 + 2));
    assert_int_equal(bram_axis_set_values(cx, axis, NULL, "s"), BRAM_ENOMEM);
    assert_null(bram_axis_values(axis));
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

static void *share_and_return(void *axis)
{
    for (int i = 0; i < 20000; i++) bram_axis_free(bram_axis_ref(axis));
    return bram_axis_ref(axis);
}

static void shares_are_counted_across_threads(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    pthread_t threads[4];
    assert_ok(cx, bram_axis_new(cx, &axis, "time", 1));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, share_and_return, axis), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    double one = 1;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bram_axis_set_values(cx, axis, &one, "s"), BRAM_EUSAGE);
        bram_axis_free(axis);
    }
    assert_ok(cx, bram_axis_set_values(cx, axis, &one, "s")); /* one share is left */
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_copied_and_found),
        cmocka_unit_test(coordinates_and_columns),
        cmocka_unit_test(bad_names_and_changes_in_use_are_refused),
        cmocka_unit_test(an_axis_of_no_rows),
        cmocka_unit_test(taking_rows),
        cmocka_unit_test(equality_sees_every_part),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(too_long_an_axis_is_no_memory),
        cmocka_unit_test(shares_are_counted_across_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
