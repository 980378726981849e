/* Tests of loaders/hallinen2021.c on made files: made_hallinen.c says what they hold. */
#include "made_import.h"

#include <sys/stat.h>

/* 100 (trace + 1) + volume at 2 + volume / 6 s; volumes 3 and 9 flagged, (4, trace 2) missing; two
 * volumes more than stamps. */
static void values_and_stamps(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "hallinen", "good", "auto"));
    made_check(cx, ds);
    const bram_response *raw = made_response(ds, 0, "raw");
    assert_int_equal(bram_response_length(raw, 0), 20);
    assert_int_equal(bram_response_length(raw, 1), 3);
    assert_near(made_value(cx, raw, 0, 0), 100, 0);
    assert_near(made_value(cx, raw, 19, 2), 319, 0);
    for (size_t j = 0; j < 3; j++) {
        assert_true(isnan(made_value(cx, raw, 3, j)));
        assert_true(isnan(made_value(cx, raw, 9, j)));
        assert_true(isnan(made_value(cx, raw, 4, j)) == (j == 1));
    }
    assert_near(bram_axis_values(bram_response_axis(raw, 0))[19], 19 / 6.0, 1e-12);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "unit"), "count");
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "filter"), "none");
    const bram_axis *neuron = bram_response_axis(made_response(ds, 0, "activity"), 1);
    assert_string_equal(bram_axis_column(neuron, "certainty")->text[0], "unlabeled");
    bram_dataset_free(ds);
    assert_ok(cx, made_import(cx, &ds, "hallinen", "plain", "auto"));
    assert_near(made_value(cx, made_response(ds, 0, "raw"), 3, 0), 103, 0);
    assert_null(made_table(ds, 0, "events"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void other_signals_on_request(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *unit, *filter;
        double first;
    } cases[] = {{"hallinen2021:traces=rRaw", "count", "none", 1100},
                 {"hallinen2021:traces=Ratio2", "dF/F", "non-causal", 5100}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(cx, made_import(cx, &ds, "hallinen", "good", cases[i].spec));
        const bram_response *raw = made_response(ds, 0, "raw");
        assert_near(made_value(cx, raw, 0, 0), cases[i].first, 0);
        assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "unit"), cases[i].unit);
        assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "filter"),
                            cases[i].filter);
        bram_dataset_free(ds);
    }
    assert_int_equal(made_import(cx, &ds, "hallinen", "good", "hallinen2021:traces=G2"),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "no variable G2; found rRaw, gRaw, Ratio2"));
    bram_ctx_free(cx);
}

/* Forward up to stamp 7, a pause from 8, reverse from 12 on; all numbers are index / 4. */
static void behaviour_and_states(void **state)
{
    (void)state;
    static const char *const names[] = {"ethogram",    "velocity",    "x",          "y",
                                        "eigenworm_1", "eigenworm_2", "eigenworm_3"};
    static const char *const states[] = {"forward", "pause", "reverse"};
    static const double onset[] = {0, 8 / 6.0, 2}, offset[] = {8 / 6.0, 2, 19 / 6.0};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "hallinen", "good", "auto"));
    const bram_response *b = made_response(ds, 0, "behaviour");
    assert_int_equal(bram_response_length(b, 1), 7);
    for (size_t k = 0; k < 7; k++)
        assert_string_equal(bram_axis_id(bram_response_axis(b, 1), k), names[k]);
    assert_near(made_value(cx, b, 7, 0), 1, 0);
    assert_near(made_value(cx, b, 19, 0), -1, 0);
    assert_near(made_value(cx, b, 6, 1), 1.5, 0);
    assert_near(made_value(cx, b, 6, 4), 1.5, 0);
    assert_near(made_value(cx, b, 6, 5), (20 + 6) / 4.0, 0); /* the second column */
    assert_near(made_value(cx, b, 6, 6), 1.5, 0);            /* a row instead of a column */
    assert_string_equal(bram_axis_column(bram_response_axis(b, 1), "unit")->text[1], "mm/s");
    const bram_axis *events = made_table(ds, 0, "events");
    assert_int_equal(bram_axis_length(events), 3);
    for (size_t k = 0; k < 3; k++) {
        assert_string_equal(bram_axis_id(events, k), states[k]);
        assert_near(bram_axis_column(events, "onset")->number[k], onset[k], 1e-12);
        assert_near(bram_axis_column(events, "offset")->number[k], offset[k], 1e-12);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* All files have one name: the folders tell which recording it is. */
static void recordings_are_called_after_folders(void **state)
{
    (void)state;
    static const struct {
        const char *above, *condition, *strain;
    } cases[] = {{"AML32_moving", "moving", "AML32"},
                 {"AKS297.51_moving", "moving", "AKS297.51"},
                 {"data", "not stated", NULL},
                 {"my_data", "not stated", NULL}};
    char root[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(root, "hallinen-XXXXXX");
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char above[250], folder[300], path[350];
        bram_dataset *ds = NULL;
        snprintf(above, sizeof above, "%s/%s", root, cases[i].above);
        snprintf(folder, sizeof folder, "%s/BrainScanner20170424_105620_MS", above);
        snprintf(path, sizeof path, "%s/heatDataMS.mat", folder);
        assert_int_equal(mkdir(above, 0700), 0);
        assert_int_equal(mkdir(folder, 0700), 0);
        assert_true(made_hallinen(path, "good"));
        assert_ok(
            cx, bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL));
        assert_string_equal(made_id(ds, 0), "BrainScanner20170424_105620");
        assert_string_equal(made_attribute(ds, 0, "condition"), cases[i].condition);
        const char *strain = made_attribute(ds, 0, "strain");
        if (cases[i].strain) assert_string_equal(strain, cases[i].strain);
        else assert_null(strain);
        bram_dataset_free(ds);
        unlink(path), rmdir(folder), rmdir(above);
    }
    rmdir(root);
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"nan", "no finite value in 20 frames of 3 traces"},
        {"class", "gRaw: found char of 10 elements, expected a matrix trace x volume"},
        {"short", "gRaw: found 19 volumes, expected 20 or more"},
        {"nan-time", "hasPointsTime: time of frame 6 is nan, expected seconds"},
        {"no-stamps", "hasPointsTime: found double of 0 elements, expected a matrix"},
        {"ethogram", "behavior.ethogram: found double of 19 elements, expected numbers of 20"},
        {"behaviour-class", "behavior: found char of 4 elements, expected a struct"},
        {"flag", "flagged_volumes: found 22, expected 0 to 21"},
        {"no-traces", "no variable gRaw; found rRaw, Ratio2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        made_refused("hallinen", "hallinen2021", cases[i][0], cases[i][1]);
}

static void what_is_not_as_described_may_be_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "hallinen", "ethogram", "hallinen2021:behaviour=ignore"));
    assert_null(made_table(ds, 0, "events"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void it_is_known_by_its_variables(void **state)
{
    (void)state;
    made_known_by("hallinen", "hallinen2021", "variables rRaw or gRaw, and hasPointsTime");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    made_survives("hallinen", "hallinen2021");
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_stamps),
        cmocka_unit_test(other_signals_on_request),
        cmocka_unit_test(behaviour_and_states),
        cmocka_unit_test(recordings_are_called_after_folders),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(what_is_not_as_described_may_be_left_out),
        cmocka_unit_test(it_is_known_by_its_variables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
