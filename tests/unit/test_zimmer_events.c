/* Tests of loaders/zimmer_events.c: the stimulus, in both forms of MATLAB files. */
#include <bramble/loader.h>

#include "internal.h"
#include "made.h"
#include "test.h"

static const char at[] = "recordings/WT_Stim_1/events";

/* Imports a made file; the dataset is NULL on failure. */
static int import(bram_ctx *cx, bram_dataset **ds, int version, const char *defect,
                  const char *spec)
{
    char path[200];
    test_temporary(path, "kato-events.mat");
    assert_true(made_kato(path, version, defect));
    *ds = NULL;
    int status = bram_import(cx, ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
    unlink(path);
    return status;
}

/* Frames 0 to 19 at 100, 100.5 ...: fwd, rev1 from frame 8, fwd from frame 15, as the states say;
 * 21 % until 103 s, then 4 % until 106 s, then 21 % again. Times are from the first frame. */
static void check_events(bram_ctx *cx, const bram_dataset *ds)
{
    static const char *const what[] = {"fwd", "fwd", "rev1", "O2", "O2", "O2"};
    static const double onset[] = {0, 7.5, 4, 0, 3, 6}, offset[] = {4, 9.5, 7.5, 3, 6, 9.5};
    static const double value[] = {NAN, NAN, NAN, 21, 4, 21};
    const bram_axis *events = bram_dataset_table(ds, at);
    size_t errors = 1;
    assert_non_null(events);
    assert_int_equal(bram_axis_length(events), 6);
    for (size_t i = 0; i < 6; i++) {
        bool stimulus = i > 2;
        assert_string_equal(bram_axis_id(events, i), what[i]);
        assert_near(bram_axis_column(events, "onset")->number[i], onset[i], 1e-12);
        assert_near(bram_axis_column(events, "offset")->number[i], offset[i], 1e-12);
        assert_string_equal(bram_axis_column(events, "kind")->text[i],
                            stimulus ? "stimulus" : "state");
        assert_string_equal(bram_axis_column(events, "value_unit")->text[i], stimulus ? "%" : "");
        if (stimulus) assert_near(bram_axis_column(events, "value")->number[i], value[i], 0);
        else assert_true(isnan(bram_axis_column(events, "value")->number[i]));
    }
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

static void steps_become_events(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int version = 5; version <= 73; version += 68) {
        bram_dataset *ds;
        assert_ok(cx, import(cx, &ds, version, "good", "kato2015"));
        check_events(cx, ds);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void an_empty_or_ignored_stimulus_leaves_the_states(void **state)
{
    (void)state;
    static const char *const specs[] = {"kato2015", "kato2015:stimulus=ignore"};
    bram_ctx *cx = bram_ctx_new();
    for (int version = 5; version <= 73; version += 68)
        for (int i = 0; i < 2; i++) {
            bram_dataset *ds;
            assert_ok(cx, import(cx, &ds, version, i ? "stimulus-type" : "no-stimulus", specs[i]));
            const bram_axis *events = bram_dataset_table(ds, at);
            assert_int_equal(bram_axis_length(events), 3);
            assert_null(bram_axis_column(events, "value"));
            bram_dataset_free(ds);
        }
    bram_ctx_free(cx);
}

static void what_is_not_as_described_is_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"stimulus-order", "switchtimes: found 102 s after 103 s, expected ascending times"},
        {"stimulus-nan", "switchtimes: found nan at 2, expected a finite number"},
        {"stimulus-times", "no field switchtimes"},
        {"stimulus-initial", "initialstate: found 0, expected 1 or 2, the place in conc"},
        {"stimulus-class", "found char, expected a struct; stimulus=ignore leaves it out"},
        {"stimulus-identity", "identity: found double, expected a text"},
        {"stimulus-type", "type is \"ramp\", expected \"binarysteps\""},
        {"stimulus-conc", "conc: found 3 concentrations, expected 2"}};
    bram_ctx *cx = bram_ctx_new();
    for (int version = 5; version <= 73; version += 68)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            bram_dataset *ds;
            int status = import(cx, &ds, version, cases[i][0], "kato2015");
            const char *message = bram_ctx_message(cx);
            if (status != BRAM_EFORMAT || !strstr(message, cases[i][1]) ||
                !strstr(message, "WT_Stim.stimulus") || !strstr(message, "kato-events.mat"))
                fail_msg("%s: status %d, \"%s\"", cases[i][0], status, message);
            assert_null(ds);
        }
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_dataset *ds;
        bram_fail_allocation(k, false);
        status = import(cx, &ds, 5, "good", "kato2015");
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        else check_events(cx, ds);
        bram_dataset_free(ds);
        assert_in_range(k, 1, 20000);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_become_events),
        cmocka_unit_test(an_empty_or_ignored_stimulus_leaves_the_states),
        cmocka_unit_test(what_is_not_as_described_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
