/* Tests of loaders/lin2023.c on made files: made_lin.c says what they hold. */
#include "made_import.h"

/* 100 (trace + 1) + frame at 5 + 0.4 frame s; first and last frame missing, trace 3 not used. */
static void values_and_stamps(void **state)
{
    (void)state;
    static const char *const same[] = {"good", "in-cells", "last-field"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        bram_dataset *ds;
        assert_ok(cx, made_import(cx, &ds, "lin", same[i], "auto"));
        made_check(cx, ds);
        const bram_response *raw = made_response(ds, 0, "raw");
        assert_int_equal(bram_response_length(raw, 0), 30);
        assert_int_equal(bram_response_length(raw, 1), 5);
        assert_near(made_value(cx, raw, 1, 0), 101, 0);
        assert_near(made_value(cx, raw, 28, 4), 528, 0);
        assert_true(isnan(made_value(cx, raw, 0, 0)));
        assert_true(isnan(made_value(cx, raw, 29, 4)));
        for (size_t t = 0; t < 30; t++) assert_true(isnan(made_value(cx, raw, t, 2)));
        assert_near(bram_axis_values(bram_response_axis(raw, 0))[29], 0.4 * 29, 1e-12);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void flags_are_doubt(void **state)
{
    (void)state;
    static const char *const certainty[] = {"exact", "low-confidence", "unlabeled", "class-only",
                                            "exact"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "lin", "good", "auto"));
    const bram_axis *neuron = bram_response_axis(made_response(ds, 0, "activity"), 1);
    for (size_t j = 0; j < 5; j++)
        assert_string_equal(bram_axis_column(neuron, "certainty")->text[j], certainty[j]);
    assert_string_equal(bram_axis_column(neuron, "reason")->text[1], "not proofread");
    assert_string_equal(bram_axis_column(neuron, "reason")->text[2], "flagged as not to be used");
    bram_dataset_free(ds);

    bram_options *o = NULL;
    char path[200];
    test_temporary(path, "lin.mat");
    assert_true(made_lin(path, "good"));
    assert_ok(cx, bram_options_new(cx, &o, bram_import_params, "doubtful=use"));
    assert_ok(cx, bram_import(cx, &ds, "lin2023:flags=ignore",
                              &(bram_input){(const char *const[]){path}, 1}, o));
    assert_true(bram_axis_find(bram_response_axis(made_response(ds, 0, "activity"), 1), "ASHR") ==
                1);
    assert_near(made_value(cx, made_response(ds, 0, "raw"), 1, 2), 301, 0);
    bram_dataset_free(ds);
    bram_options_free(o);
    unlink(path);
    bram_ctx_free(cx);
}

/* The baseline of trace j is 10 (j + 1): the first column, although F_0 is square. */
static void relative_to_the_baseline(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "lin", "good", "lin2023:unit=dF/F0"));
    const bram_response *raw = made_response(ds, 0, "raw");
    assert_near(made_value(cx, raw, 1, 0), (101 - 10) / 10.0, 1e-12);
    assert_near(made_value(cx, raw, 28, 4), (528 - 50) / 50.0, 1e-12);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "unit"), "dF/F0");
    bram_dataset_free(ds);
    assert_int_equal(made_import(cx, &ds, "lin", "baseline", "lin2023:unit=dF/F0"), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "F_0: found 4 rows, expected 5"));
    bram_ctx_free(cx);
}

/* Odours at 6-8 and 12-14 s of a clock that starts at 5 s. */
static void odours_are_events(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "lin", "good", "auto"));
    const bram_axis *events = made_table(ds, 0, "events");
    assert_int_equal(bram_axis_length(events), 2);
    assert_string_equal(bram_axis_id(events, 0), "1-octanol");
    assert_string_equal(bram_axis_id(events, 1), "benzaldehyde");
    assert_near(bram_axis_column(events, "onset")->number[0], 1, 0);
    assert_near(bram_axis_column(events, "offset")->number[1], 9, 0);
    assert_string_equal(bram_axis_column(events, "kind")->text[1], "stimulus");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"nan", "no finite value in 30 frames of 5 traces"},
        {"class", "corrected_F: found char of 10 elements, expected a matrix trace x frame"},
        {"names", "proofread_neurons: found cell of 4 elements, expected a cell of 5"},
        {"name-class", "proofread_neurons{2}: found double of 2 elements, expected a text"},
        {"nan-time", "times.times: time of frame 8 is nan, expected seconds"},
        {"stamps", "times.times: found double of 31 elements, expected numbers of 30"},
        {"times-class", "times: found double of 30 elements, expected a struct"},
        {"offset", "stimulus: found 12 to 11 s in row 2, expected an offset after the onset"},
        {"columns", "stimulus: found cell of 4 elements, expected a cell of 6"},
        {"flags", "use_flag: found double of 4 elements, expected numbers of 5"},
        {"no-flags", "no variable use_flag; found proofread_neurons"},
        {"no-times", "no variable times; found proofread_neurons"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        made_refused("lin", "lin2023", cases[i][0], cases[i][1]);
}

static void what_is_not_as_described_may_be_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "lin", "columns", "lin2023:stimulus=ignore"));
    assert_null(made_table(ds, 0, "events"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void it_is_known_by_its_variables(void **state)
{
    (void)state;
    made_known_by("lin", "lin2023", "variables corrected_F and proofread_neurons");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    made_survives("lin", "lin2023");
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_stamps),
        cmocka_unit_test(flags_are_doubt),
        cmocka_unit_test(relative_to_the_baseline),
        cmocka_unit_test(odours_are_events),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(what_is_not_as_described_may_be_left_out),
        cmocka_unit_test(it_is_known_by_its_variables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
