/* Tests of core/dataset.c. */
#include <bramble/dataset.h>

#include "internal.h"
#include "test.h"

static bram_response *response(bram_ctx *cx, const char *name)
{
    bram_axis *axis;
    bram_response *r;
    if (bram_axis_new(cx, &axis, "time", 2) != BRAM_OK) return NULL;
    int status = bram_response_new(cx, &r, name, BRAM_F64, 1, (const bram_axis *const *)&axis);
    bram_axis_free(axis);
    return status == BRAM_OK ? r : NULL;
}

static bram_axis *table(bram_ctx *cx, const char *name)
{
    bram_axis *axis;
    return bram_axis_new(cx, &axis, name, 1) == BRAM_OK ? axis : NULL;
}

static void paths_lead_to_things(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_response *r = response(cx, "activity"), *top = response(cx, "x");
    bram_axis *t = table(cx, "events");
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w1", r));
    assert_ok(cx, bram_dataset_add(cx, ds, "", top));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "recordings/w1", t));
    assert_ptr_equal(bram_dataset_response(ds, "recordings/w1/activity"), r);
    assert_ptr_equal(bram_dataset_response(ds, "x"), top);
    assert_ptr_equal(bram_dataset_table(ds, "recordings/w1/events"), t);
    assert_null(bram_dataset_response(ds, "recordings/w1/events"));
    assert_null(bram_dataset_table(ds, "recordings/w1/activity"));
    assert_null(bram_dataset_response(ds, "recordings/w1"));
    assert_null(bram_dataset_response(ds, "/x"));
    assert_int_equal(bram_dataset_responses(ds), 2);
    assert_string_equal(bram_dataset_response_path(ds, 0), "recordings/w1/activity");
    assert_string_equal(bram_dataset_response_path(ds, 1), "x");
    assert_null(bram_dataset_response_path(ds, 2));
    assert_int_equal(bram_dataset_tables(ds), 1);
    assert_string_equal(bram_dataset_table_path(ds, 0), "recordings/w1/events");
    bram_dataset_free(ds);
    bram_dataset_free(NULL);
    bram_ctx_free(cx);
}

static void groups_and_their_attributes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_non_null(bram_dataset_find_attrs(ds, ""));
    assert_null(bram_dataset_find_attrs(ds, "recordings"));
    bram_attrs *b = bram_dataset_attrs(cx, ds, "recordings/b");
    assert_ok(cx, bram_attrs_set_text(cx, b, "subject", "B"));
    for (int i = 0; i < 40; i++) {
        char path[40];
        snprintf(path, sizeof path, "recordings/w%d/more", i);
        assert_non_null(bram_dataset_attrs(cx, ds, path));
    }
    assert_ptr_equal(bram_dataset_attrs(cx, ds, "recordings/b"), b); /* stays where it is */
    assert_ptr_equal(bram_dataset_find_attrs(ds, "recordings/b"), b);
    assert_int_equal(bram_dataset_groups(ds, ""), 1);
    assert_string_equal(bram_dataset_group_at(ds, "", 0), "recordings");
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 41);
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 0), "b");
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 40), "w39");
    assert_null(bram_dataset_group_at(ds, "recordings", 41));
    assert_int_equal(bram_dataset_groups(ds, "none"), 0);
    assert_null(bram_dataset_group_at(ds, "none", 0));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_path_is_one_thing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_dataset_add(cx, ds, "g", response(cx, "x")));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "", table(cx, "neurons")));
    assert_int_equal(bram_dataset_add(cx, ds, "g", response(cx, "x")), BRAM_EUSAGE);
    assert_int_equal(bram_dataset_add_table(cx, ds, "g", table(cx, "x")), BRAM_EUSAGE);
    assert_int_equal(bram_dataset_add(cx, ds, "", response(cx, "g")), BRAM_EUSAGE);
    assert_int_equal(bram_dataset_add(cx, ds, "g/x", response(cx, "y")), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "g/x is a response"));
    assert_null(bram_dataset_attrs(cx, ds, "neurons"));
    assert_non_null(strstr(bram_ctx_message(cx), "neurons is a table"));
    const char *const bad[] = {"/", "/g", "g/", "g//h", ".", "g/../h", " g"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(bram_dataset_attrs(cx, ds, bad[i]));
        assert_int_equal(bram_dataset_add(cx, ds, bad[i], response(cx, "z")), BRAM_EUSAGE);
    }
    assert_int_equal(bram_dataset_groups(ds, ""), 1);
    assert_int_equal(bram_dataset_responses(ds), 1);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static int build(bram_ctx *cx, bram_dataset **out)
{
    bram_dataset *ds;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    int status = BRAM_OK;
    char group[] = "long/a";
    for (int i = 0; status == BRAM_OK && i < 6; i++, group[5]++) {
        bram_response *r = response(cx, "x");
        bram_axis *t = r ? table(cx, "y") : NULL;
        status = r ? bram_dataset_add(cx, ds, group, r) : BRAM_ENOMEM;
        if (status != BRAM_OK) bram_axis_free(t);
        else status = t ? bram_dataset_add_table(cx, ds, group, t) : BRAM_ENOMEM;
    }
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_fail_allocation(k, false);
        status = build(cx, &ds);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
    }
    bram_fail_allocation(0, false);
    assert_int_equal(bram_dataset_groups(ds, "long"), 6);
    assert_non_null(bram_dataset_table(ds, "long/f/y"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_failed_group_can_be_made_again(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 1; k < 12; k++) {
        bram_dataset *ds;
        assert_ok(cx, bram_dataset_new(cx, &ds));
        bram_fail_allocation(k, false);
        bool failed = !bram_dataset_attrs(cx, ds, "a/b");
        bram_fail_allocation(0, false);
        assert_int_equal(failed, !bram_dataset_find_attrs(ds, "a/b"));
        assert_non_null(bram_dataset_attrs(cx, ds, "a/b"));
        assert_int_equal(bram_dataset_groups(ds, ""), 1);
        assert_int_equal(bram_dataset_groups(ds, "a"), 1);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_things),
        cmocka_unit_test(groups_and_their_attributes),
        cmocka_unit_test(a_path_is_one_thing),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(a_failed_group_can_be_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
