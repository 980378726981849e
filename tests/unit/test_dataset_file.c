/* Tests of core/dataset_write.c, dataset_open.c, dataset_hash.c and dataset_form.c. */
#include <bramble/dataset.h>

#include "file.h"
#include "h5_write.h"
#include "internal.h"
#include "test.h"

enum { TIMES = 700, NEURONS = 12 }; /* 8400 values: more than BRAM_SMALL_RESPONSE */

static int add_activity(bram_ctx *cx, bram_dataset *ds, const char *group, double offset)
{
    static const char *const ids[NEURONS] = {"AVAL", "AVAR", "", "RIML", "", "AVAL"};
    static const char *const labels[NEURONS] = {"AVAL", "AVAR", "?", "RIML", "", "AVAL\xce\xb1"};
    double time[TIMES], depth[NEURONS];
    int64_t column[NEURONS];
    for (int i = 0; i < TIMES; i++) time[i] = 0.25 * i;
    for (int i = 0; i < NEURONS; i++) {
        depth[i] = i == 3 ? (double)NAN : 0.1 * i;
        column[i] = (int64_t)1 << (5 * i);
    }
    bram_axis *t = NULL, *n = NULL;
    bram_response *a = NULL, *mean = NULL;
    int status = bram_axis_new(cx, &t, "time", TIMES);
    if (!status) status = bram_axis_set_values(cx, t, time, "s");
    if (!status) status = bram_axis_new(cx, &n, "neuron", NEURONS);
    if (!status) status = bram_axis_set_ids(cx, n, ids);
    if (!status) status = bram_axis_add_text(cx, n, "raw_label", labels);
    if (!status) status = bram_axis_add_number(cx, n, "depth", depth, "um");
    if (!status) status = bram_axis_add_integer(cx, n, "column", column);
    if (!status) {
        const bram_axis *axes[] = {t, n};
        status = bram_response_new(cx, &a, "activity", BRAM_F32, 2, axes);
    }
    uint8_t *mask = status ? NULL : bram_response_mask(cx, a);
    for (int i = 0; mask && i < TIMES * NEURONS; i++) {
        bram_response_f32(a)[i] = (float)(offset + i);
        mask[i] = i % 11 != 0;
    }
    if (!status)
        status = mask ? bram_attrs_set_text(cx, bram_response_attrs(a), "unit", "dF/F")
                      : BRAM_ENOMEM;
    if (!status) status = bram_attrs_set_text(cx, bram_response_attrs(a), "filter", "none");
    if (!status)
        status = bram_response_new(cx, &mean, "mean", BRAM_F64, 1, (const bram_axis *const *)&n);
    for (int i = 0; !status && i < NEURONS; i++) bram_response_f64(mean)[i] = i / 3.0;
    bram_axis_free(t);
    bram_axis_free(n);
    if (!status) {
        status = bram_dataset_add(cx, ds, group, mean);
        mean = NULL;
    }
    if (!status) {
        status = bram_dataset_add(cx, ds, group, a);
        a = NULL;
    }
    bram_response_free(a);
    bram_response_free(mean);
    return status;
}

static int add_events(bram_ctx *cx, bram_dataset *ds, const char *group, size_t n)
{
    bram_axis *table;
    const double onset[] = {1, 2.5, NAN};
    const char *const kind[] = {"salt", "", "heat"};
    BRAM_TRY(bram_axis_new(cx, &table, "events", n));
    int status = bram_axis_add_number(cx, table, "onset", onset, "s");
    if (!status) status = bram_axis_add_text(cx, table, "kind", kind);
    if (!status) return bram_dataset_add_table(cx, ds, group, table);
    bram_axis_free(table);
    return status;
}

/* Two recordings, in the given order, a table of no rows, a group without content. */
static int build(bram_ctx *cx, bram_dataset **out, bool reversed)
{
    bram_dataset *ds;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    bram_attrs *root = bram_dataset_attrs(cx, ds, "");
    const char *const names[] = {"dataset", "licence"};
    int status = 0;
    for (int i = 0; !status && i < 2; i++)
        status = bram_attrs_set_text(cx, root, names[reversed ? 1 - i : i], "x");
    if (!status) status = bram_attrs_set_integer(cx, root, "year", -3);
    for (int i = 0; !status && i < 2; i++) {
        bool second = i != reversed;
        const char *group = second ? "recordings/w-2" : "recordings/w 1";
        bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
        status = attrs ? bram_attrs_set_number(cx, attrs, "dt", 0.25) : BRAM_ENOMEM;
        if (!status) status = add_events(cx, ds, group, second ? 0 : 3);
        if (!status) status = add_activity(cx, ds, group, second);
    }
    if (!status && !bram_dataset_attrs(cx, ds, "empty")) status = BRAM_ENOMEM;
    if (!status) *out = ds;
    else bram_dataset_free(ds);
    return status;
}

static void same_file(bram_ctx *cx, const char *a, const char *b)
{
    unsigned char *x, *y;
    size_t n, m;
    assert_ok(cx, bram_file_read(cx, &x, &n, a, 0));
    assert_ok(cx, bram_file_read(cx, &y, &m, b, 0));
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    bram_free(x);
    bram_free(y);
}

static void a_reopened_dataset_is_the_written_one(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], again[256], hex[65], other[65];
    test_temporary(path, "round.h5");
    test_temporary(again, "again.h5");
    bram_dataset *ds, *back, *reversed;
    assert_ok(cx, build(cx, &ds, false));
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    assert_int_equal(bram_dataset_write(cx, ds, path, false), BRAM_EWRITE);
    assert_ok(cx, bram_dataset_open(cx, &back, path));
    assert_ok(cx, bram_dataset_hash(cx, ds, hex));
    assert_ok(cx, bram_dataset_hash(cx, back, other));
    assert_string_equal(hex, other);
    assert_ok(cx,
              bram_dataset_write(cx, back, again, true)); /* block by block, from file to file */
    same_file(cx, path, again);
    assert_ok(cx, build(cx, &reversed, true)); /* the order of making does not matter */
    assert_ok(cx, bram_dataset_hash(cx, reversed, other));
    assert_string_equal(hex, other);
    assert_ok(cx, bram_dataset_write(cx, reversed, again, true));
    same_file(cx, path, again);
    bram_dataset_free(ds);
    bram_dataset_free(back);
    bram_dataset_free(reversed);
    unlink(path);
    unlink(again);
    bram_ctx_free(cx);
}

static void what_is_in_a_reopened_dataset(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256];
    test_temporary(path, "parts.h5");
    bram_dataset *ds;
    assert_ok(cx, build(cx, &ds, false));
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    bram_dataset_free(ds);
    assert_ok(cx, bram_dataset_open(cx, &ds, path));
    assert_int_equal(bram_dataset_groups(ds, ""), 2);
    assert_string_equal(bram_dataset_group_at(ds, "", 0), "empty");
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 0), "w 1");
    assert_int_equal(bram_attrs_integer(bram_dataset_find_attrs(ds, ""), "year", 0), -3);
    assert_int_equal(bram_attrs_count(bram_dataset_find_attrs(ds, "")), 3);
    bram_axis *events = bram_dataset_table(ds, "recordings/w 1/events");
    assert_int_equal(bram_axis_length(events), 3);
    assert_near(bram_axis_column(events, "onset")->number[1], 2.5, 0);
    assert_string_equal(bram_axis_column(events, "onset")->unit, "s");
    assert_string_equal(bram_axis_column(events, "kind")->text[2], "heat");
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "recordings/w-2/events")), 0);
    bram_response *a = bram_dataset_response(ds, "recordings/w-2/activity");
    bram_response *mean = bram_dataset_response(ds, "recordings/w-2/mean");
    assert_ptr_equal(bram_response_axis(a, 1), bram_response_axis(mean, 0)); /* shared */
    assert_string_equal(bram_attrs_text(bram_response_attrs(a), "unit"), "dF/F");
    assert_int_equal(bram_attrs_count(bram_response_attrs(a)), 2);
    const bram_axis *neuron = bram_response_axis(a, 1);
    assert_int_equal(bram_axis_find(neuron, "RIML"), 3);
    assert_string_equal(bram_axis_column(neuron, "raw_label")->text[5], "AVAL\xce\xb1");
    assert_true(isnan(bram_axis_column(neuron, "depth")->number[3]));
    assert_int_equal(bram_axis_column(neuron, "column")->integer[11], (int64_t)1 << 55);
    assert_string_equal(bram_axis_unit(bram_response_axis(a, 0)), "s");
    assert_null(bram_response_f32(a));                   /* stays in the file */
    assert_near(bram_response_f64(mean)[5], 5 / 3.0, 0); /* small: read */
    double values[6];
    uint8_t present[6];
    assert_ok(cx, bram_response_read(cx, a, (size_t[]){598, 9}, (size_t[]){2, 3}, values, present));
    for (int i = 0; i < 6; i++) {
        int at = (598 + i / 3) * NEURONS + 9 + i % 3;
        assert_int_equal(present[i], at % 11 != 0);
        assert_near(values[i], at % 11 ? 1 + at : 0, 0);
    }
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

/* A dataset with one response "x" in group "g" along axes of the given shape. */
static bram_dataset *with(bram_ctx *cx, size_t dims, bram_axis **axes, bram_response **r)
{
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_response_new(cx, r, "x", BRAM_F64, dims, (const bram_axis *const *)axes));
    assert_ok(cx, bram_dataset_add(cx, ds, "g", *r));
    return ds;
}

static void the_hash_sees_every_change(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char seen[12][65];
    for (int change = 0; change < 12; change++) {
        bram_axis *axes[2];
        bram_response *r;
        const char *const ids[] = {"a", change == 1 ? "c" : "b"};
        assert_ok(cx, bram_axis_new(cx, &axes[0], change == 2 ? "t" : "time", 2));
        assert_ok(cx, bram_axis_new(cx, &axes[1], "neuron", change == 3 ? 1 : 2));
        assert_ok(cx, bram_axis_set_ids(cx, axes[1], ids));
        if (change != 4)
            assert_ok(cx, bram_axis_set_values(cx, axes[0], (double[]){0, change == 5 ? 2 : 1},
                                               change == 6 ? "ms" : "s"));
        bram_dataset *ds = with(cx, 2, axes, &r);
        if (change == 7) bram_response_f64(r)[1] = 1e-300;
        if (change == 8) assert_non_null(bram_response_mask(cx, r));
        if (change == 9) bram_response_mask(cx, r)[0] = 0;
        if (change == 10) assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "a", ""));
        if (change == 11) assert_non_null(bram_dataset_attrs(cx, ds, "h"));
        assert_ok(cx, bram_dataset_hash(cx, ds, seen[change]));
        for (int i = 0; i < change; i++) assert_string_not_equal(seen[i], seen[change]);
        bram_dataset_free(ds);
        bram_axis_free(axes[0]);
        bram_axis_free(axes[1]);
    }
    bram_ctx_free(cx);
}

static void ids_and_coordinates_together_and_an_axis_twice(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], hex[65], other[65];
    test_temporary(path, "both.h5");
    bram_axis *axes[2];
    bram_response *r;
    assert_ok(cx, bram_axis_new(cx, &axes[0], "neuron", 3));
    assert_ok(cx, bram_axis_set_ids(cx, axes[0], (const char *const[]){"a", "b", "c"}));
    assert_ok(cx, bram_axis_set_values(cx, axes[0], (double[]){5, NAN, 7}, "um"));
    assert_ok(cx, bram_axis_add_text(cx, axes[0], "my class", (const char *const[]){"x", "", "z"}));
    axes[1] = axes[0];
    bram_dataset *ds = with(cx, 2, axes, &r), *back;
    bram_response_f64(r)[5] = -2;
    assert_ok(cx,
              bram_dataset_add_table(cx, ds, "g", bram_axis_ref(axes[0]))); /* and a table, too */
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    assert_ok(cx, bram_dataset_open(cx, &back, path));
    assert_true(bram_axis_equal(bram_dataset_table(back, "g/neuron"), axes[0]));
    r = bram_dataset_response(back, "g/x");
    assert_ptr_equal(bram_response_axis(r, 0), bram_response_axis(r, 1));
    assert_near(bram_response_f64(r)[5], -2, 0);
    assert_ok(cx, bram_dataset_hash(cx, ds, hex));
    assert_ok(cx, bram_dataset_hash(cx, back, other));
    assert_string_equal(hex, other);
    bram_dataset_free(ds);
    bram_dataset_free(back);
    bram_axis_free(axes[0]);
    unlink(path);
    bram_ctx_free(cx);
}

static void responses_of_every_rank_and_of_no_values(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], hex[65], other[65];
    test_temporary(path, "ranks.h5");
    bram_dataset *ds, *back;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    const size_t lengths[] = {3, 40, 50, 30};
    bram_axis *axes[5];
    for (size_t d = 0; d < 4; d++)
        assert_ok(cx, bram_axis_new(cx, &axes[d], (const char[]){(char)('a' + d), 0}, lengths[d]));
    assert_ok(cx, bram_axis_new(cx, &axes[4], "none", 0));
    for (size_t dims = 1; dims <= 4; dims++) {
        bram_response *r;
        char name[] = "r0";
        name[1] = (char)('0' + dims);
        assert_ok(cx,
                  bram_response_new(cx, &r, name, BRAM_F32, dims, (const bram_axis *const *)axes));
        for (size_t i = 0; i < bram_response_count(r); i++) bram_response_f32(r)[i] = (float)i;
        assert_ok(cx, bram_dataset_add(cx, ds, "", r));
    }
    bram_response *r;
    assert_ok(cx, bram_response_new(cx, &r, "z", BRAM_F64, 2, (const bram_axis *const *)axes + 3));
    assert_non_null(bram_response_mask(cx, r));
    assert_ok(cx, bram_dataset_add(cx, ds, "", r));
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    assert_ok(cx, bram_dataset_open(cx, &back, path));
    assert_ok(cx, bram_dataset_hash(cx, ds, hex));
    assert_ok(cx, bram_dataset_hash(cx, back, other));
    assert_string_equal(hex, other);
    double value;
    assert_ok(cx,
              bram_response_read(cx, bram_dataset_response(back, "r4"), (size_t[]){2, 39, 49, 29},
                                 (size_t[]){1, 1, 1, 1}, &value, NULL));
    assert_near(value, 3 * 40 * 50 * 30 - 1, 0);
    for (int d = 0; d < 5; d++) bram_axis_free(axes[d]);
    bram_dataset_free(ds);
    bram_dataset_free(back);
    unlink(path);
    bram_ctx_free(cx);
}

static void two_axes_of_one_name(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], hex[65], other[65];
    test_temporary(path, "names.h5");
    bram_axis *a, *b;
    bram_response *r;
    assert_ok(cx, bram_axis_new(cx, &a, "neuron", 2));
    assert_ok(cx, bram_axis_new(cx, &b, "neuron", 3));
    assert_ok(cx, bram_axis_add_integer(cx, b, "trace", (int64_t[]){4, 5, 6}));
    bram_dataset *ds = with(cx, 1, &b, &r), *back;
    const char *const names[] = {"raw", "activity", "y"};
    for (int i = 0; i < 3; i++) {
        assert_ok(cx, bram_response_new(cx, &r, names[i], BRAM_F64, 1,
                                        (const bram_axis *const *)(i == 1 ? &a : &b)));
        assert_ok(cx, bram_dataset_add(cx, ds, "g", r));
    }
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    assert_ok(cx, bram_dataset_open(cx, &back, path));
    assert_true(
        bram_axis_equal(bram_response_axis(bram_dataset_response(back, "g/activity"), 0), a));
    const bram_axis *raw = bram_response_axis(bram_dataset_response(back, "g/raw"), 0);
    assert_true(bram_axis_equal(raw, b));
    assert_ptr_equal(raw, bram_response_axis(bram_dataset_response(back, "g/y"), 0));
    assert_ok(cx, bram_dataset_hash(cx, ds, hex));
    assert_ok(cx, bram_dataset_hash(cx, back, other));
    assert_string_equal(hex, other);
    bram_dataset_free(ds);
    bram_dataset_free(back);
    bram_axis_free(a);
    bram_axis_free(b);
    unlink(path);
    bram_ctx_free(cx);
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256];
    test_temporary(path, "refused.h5");
    static const char *const expected[] = {
        "/g/y_time: the name is taken", "/g/x_present: the name is taken",
        "/g/x: the name is taken",      "CLASS of /g/x",
        "bramble_schema of /",          "not UTF-8",
        "/g/time_b: the name is taken"};
    for (int fault = 0; fault < 7; fault++) {
        bram_axis *time, *other;
        bram_response *r, *y;
        assert_ok(cx, bram_axis_new(cx, &time, fault == 2 ? "x" : "time", 2));
        if (fault == 6) assert_ok(cx, bram_axis_add_integer(cx, time, "b", (int64_t[]){1, 2}));
        assert_ok(cx, bram_axis_new(cx, &other, "time", 3));
        if (fault == 5)
            assert_ok(cx, bram_axis_set_ids(cx, time, (const char *const[]){"\xff", ""}));
        bram_dataset *ds = with(cx, 1, &time, &r);
        if (fault == 0) { /* a group has the name that the second axis "time" would get */
            assert_non_null(bram_dataset_attrs(cx, ds, "g/y_time"));
            assert_ok(
                cx, bram_response_new(cx, &y, "y", BRAM_F64, 1, (const bram_axis *const *)&other));
            assert_ok(cx, bram_dataset_add(cx, ds, "g", y));
        }
        if (fault == 1) {
            assert_non_null(bram_response_mask(cx, r));
            assert_ok(cx, bram_response_new(cx, &y, "x_present", BRAM_F64, 1,
                                            (const bram_axis *const *)&time));
            assert_ok(cx, bram_dataset_add(cx, ds, "g", y));
        }
        if (fault == 3)
            assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "CLASS", "x"));
        if (fault == 4)
            assert_ok(cx, bram_attrs_set_integer(cx, bram_dataset_attrs(cx, ds, ""),
                                                 "bramble_schema", 1));
        if (fault == 6) assert_non_null(bram_dataset_attrs(cx, ds, "g/time_b")); /* and a column */
        assert_int_equal(bram_dataset_write(cx, ds, path, true), BRAM_EUSAGE);
        if (!strstr(bram_ctx_message(cx), expected[fault])) fail_msg("%s", bram_ctx_message(cx));
        assert_int_not_equal(access(path, F_OK), 0);
        bram_dataset_free(ds);
        bram_axis_free(time);
        bram_axis_free(other);
    }
    bram_ctx_free(cx);
}

static int fail_to_read(bram_ctx *cx, void *user, const size_t *start, const size_t *count,
                        double *values, uint8_t *present)
{
    (void)user, (void)start, (void)count, (void)values, (void)present;
    return bram_fail(cx, BRAM_EREAD, "gone");
}

static void a_failing_reader_fails_the_write(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], hex[65] = "untouched";
    test_temporary(path, "gone.h5");
    bram_dataset *ds;
    bram_axis *time;
    bram_response *r;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", 2));
    assert_ok(cx,
              bram_response_from_reader(cx, &r, "x", BRAM_F64, 1, (const bram_axis *const *)&time,
                                        (bram_reader){fail_to_read, NULL, NULL, false}));
    assert_ok(cx, bram_dataset_add(cx, ds, "", r));
    assert_int_equal(bram_dataset_write(cx, ds, path, true), BRAM_EREAD);
    assert_int_equal(bram_dataset_hash(cx, ds, hex), BRAM_EREAD);
    assert_string_equal(hex, "untouched");
    assert_int_not_equal(access(path, F_OK), 0);
    bram_axis_free(time);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static int round_trip(bram_ctx *cx, const char *path)
{
    bram_dataset *ds, *back;
    char hex[65];
    BRAM_TRY(build(cx, &ds, false));
    int status = bram_dataset_write(cx, ds, path, true);
    bram_dataset_free(ds);
    BRAM_TRY(status);
    BRAM_TRY(bram_dataset_open(cx, &back, path));
    status = bram_dataset_hash(cx, back, hex);
    bram_dataset_free(back);
    return status;
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    char path[256];
    test_temporary(path, "memory.h5");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 40) { /* all of the first, then some */
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, false);
        status = round_trip(cx, path);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM && status != BRAM_EINTERNAL)
            fail_msg("allocation %zu: %d: %s", k, status, bram_ctx_message(cx));
        bram_ctx_free(cx);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reopened_dataset_is_the_written_one),
        cmocka_unit_test(what_is_in_a_reopened_dataset),
        cmocka_unit_test(the_hash_sees_every_change),
        cmocka_unit_test(ids_and_coordinates_together_and_an_axis_twice),
        cmocka_unit_test(responses_of_every_rank_and_of_no_values),
        cmocka_unit_test(two_axes_of_one_name),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(a_failing_reader_fails_the_write),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
