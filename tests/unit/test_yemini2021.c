/* Tests of loaders/yemini2021.c on made files: made_yemini.c says what they hold. */
#include "made_import.h"

static void expect_labels(const bram_dataset *ds, size_t worm, size_t n, const char *const *raw,
                          const char *const *certainty)
{
    const bram_axis *neuron = bram_response_axis(made_response(ds, worm, "activity"), 1);
    assert_int_equal(bram_axis_length(neuron), n);
    for (size_t j = 0; j < n; j++) {
        assert_string_equal(bram_axis_column(neuron, "raw_label")->text[j], raw[j]);
        assert_string_equal(bram_axis_column(neuron, "certainty")->text[j], certainty[j]);
    }
}

static void worms_have_their_neurons(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "yemini", "good", "auto"));
    made_check(cx, ds);
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 3);
    expect_labels(ds, 0, 5, (const char *const[]){"AVAL", "AVAR", "AVL", "RIML", "VB2"},
                  (const char *const[]){"exact", "exact", "exact", "exact", "exact"});
    expect_labels(ds, 1, 4, (const char *const[]){"AVAL", "AVL", "RIMR", "VB2"},
                  (const char *const[]){"exact", "exact", "exact", "exact"});
    expect_labels(ds, 2, 1, (const char *const[]){"AVAL"}, (const char *const[]){"exact"});
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* 1000 worm + 100 class + 10 side + frame / 8 at frame / 4 s; the first three frames hold 0. */
static void values_stand_at_their_frames(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "yemini", "good", "yemini2021"));
    const bram_response *raw = made_response(ds, 0, "raw");
    assert_int_equal(bram_response_length(raw, 0), 24);
    for (size_t j = 0; j < 5; j++)
        for (size_t t = 0; t < 3; t++) assert_true(isnan(made_value(cx, raw, t, j)));
    assert_near(made_value(cx, raw, 3, 0), 3 / 8.0, 0);
    assert_near(made_value(cx, raw, 23, 1), 10 + 23 / 8.0, 0);
    assert_near(made_value(cx, raw, 8, 3), 200 + 1, 0);
    assert_near(made_value(cx, made_response(ds, 1, "raw"), 8, 2), 1200 + 1, 0);
    assert_near(bram_axis_values(bram_response_axis(raw, 0))[23], 23 / 4.0, 0);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "filter"), "non-causal");
    assert_string_equal(made_attribute(ds, 1, "session"), "20190925_worm2");
    assert_string_equal(made_attribute(ds, 1, "species"), "Caenorhabditis elegans");
    bram_dataset_free(ds);
    assert_ok(cx, made_import(cx, &ds, "yemini", "nan", "yemini2021"));
    assert_true(isnan(made_value(cx, made_response(ds, 0, "raw"), 10, 4)));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Turns at 1-2, 3-90 and 60-70 s of a recording of 5.75 s; worm 1 has stimuli 1, 2, 3. */
static void stimuli_are_events(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"2-butanone", "2,3-pentanedione"},
                                           {"2,3-pentanedione", "160mM NaCl"},
                                           {"160mM NaCl", "2-butanone"}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "yemini", "good", "yemini2021"));
    for (size_t worm = 0; worm < 3; worm++) {
        const bram_axis *events = made_table(ds, worm, "events");
        assert_int_equal(bram_axis_length(events), 2); /* the third begins after the end */
        for (size_t k = 0; k < 2; k++) {
            assert_string_equal(bram_axis_id(events, k), names[worm][k]);
            assert_string_equal(bram_axis_column(events, "kind")->text[k], "stimulus");
        }
        assert_near(bram_axis_column(events, "onset")->number[1], 3, 0);
        assert_near(bram_axis_column(events, "offset")->number[0], 2, 0);
        assert_near(bram_axis_column(events, "offset")->number[1], 5.75, 0); /* cut off */
    }
    bram_dataset_free(ds);
    assert_ok(cx, made_import(cx, &ds, "yemini", "no-stimuli", "yemini2021"));
    assert_null(made_table(ds, 0, "events"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void take_note(void *user, const char *line)
{
    snprintf(user, 200, "%s", line);
}

static void a_worm_without_traces_is_told(void **state)
{
    (void)state;
    char note[200] = "";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    bram_ctx_set_note(cx, take_note, note);
    assert_ok(cx, made_import(cx, &ds, "yemini", "no-trace", "yemini2021"));
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
    assert_non_null(strstr(note, "(20190926_worm3) has no trace and is left out"));
    const char *left_out = bram_attrs_text(bram_dataset_find_attrs(ds, ""), "left_out");
    assert_non_null(strstr(left_out, "_3 (20190926_worm3): no trace"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The strain stands in the deposit's file names only. */
static void the_strain_is_read_from_the_name(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"Head_Activity_OH16230", "OH16230"},
                                           {"Tail_Activity_OH16230", "OH16230"},
                                           {"Head_Activity_OH15500 (copy)", NULL},
                                           {"worms", NULL}};
    bram_ctx *cx = bram_ctx_new();
    char folder[200];
    test_temporary(folder, "yemini-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[400];
        bram_dataset *ds = NULL;
        snprintf(path, sizeof path, "%s/%s.mat", folder, names[i][0]);
        assert_true(made_yemini(path, "good"));
        assert_ok(
            cx, bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL));
        assert_string_equal(made_attribute(ds, 0, "condition"), names[i][0]);
        const char *strain = made_attribute(ds, 0, "strain");
        if (names[i][1]) assert_string_equal(strain, names[i][1]);
        else assert_null(strain);
        bram_dataset_free(ds);
        unlink(path);
    }
    rmdir(folder);
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"lengths", "norm_traces{4}{2}: found double of 25 elements, expected numbers of 24"},
        {"class", "norm_traces{2}{1}: found char of 10 elements, expected numbers"},
        {"block", "norm_traces{3}: found 4 elements, expected 3 or 6"},
        {"mask", "is_L{1}: found double of 5 elements, expected numbers of 6"},
        {"swapped", "is_L{1}: found 0 at 1, expected 1 in the left block"},
        {"side", "is_L{1}: found 2 at 1, expected"},
        {"fps", "fps: found 0, expected frames a second"},
        {"turns", "stim_times: found 3 rows, expected 2, one for each turn"},
        {"offset", "stim_times: found 1 to 0.5 s at 1, expected an onset and an offset"},
        {"stimulus", "stims: found 4, expected 1 to 3"},
        {"no-field", "no variable fps; found files"},
        {"no-worm", "files names no worm"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        made_refused("yemini", "yemini2021", cases[i][0], cases[i][1]);
}

static void what_is_not_as_described_may_be_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "yemini", "turns", "yemini2021:stimulus=ignore"));
    assert_null(made_table(ds, 0, "events"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void it_is_known_by_its_variables(void **state)
{
    (void)state;
    made_known_by("yemini", "yemini2021", "variables neurons, is_L and norm_traces");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    made_survives("yemini", "yemini2021");
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worms_have_their_neurons),
        cmocka_unit_test(values_stand_at_their_frames),
        cmocka_unit_test(stimuli_are_events),
        cmocka_unit_test(a_worm_without_traces_is_told),
        cmocka_unit_test(the_strain_is_read_from_the_name),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(what_is_not_as_described_may_be_left_out),
        cmocka_unit_test(it_is_known_by_its_variables),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
