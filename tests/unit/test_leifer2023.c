/* Tests of loaders/leifer2023.c on made files of the documented form. */
#include "made.h"
#include "recording_test.h"

#define ID "pumpprobe_20210830_111646"

static const char *made(const char *form)
{
    static char path[200];
    test_temporary(path, "7_gcamp.txt");
    assert_true(made_leifer(path, form));
    return path;
}

static void a_recording_is_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    assert_valid_dataset(cx, ds);
    const bram_response *raw = response_of(ds, ID, "raw");
    assert_int_equal(bram_response_length(raw, 0), 16);
    assert_int_equal(bram_response_length(raw, 1), 4);
    assert_near(value_at(cx, raw, 9, 2), 109, 0);
    assert_true(isnan(value_at(cx, raw, 2, 1))); /* nan stays missing, nothing is filled in */
    for (size_t i = 0; i < 16; i++) assert_true(isnan(value_at(cx, raw, i, 3)));
    const double *time = bram_axis_values(bram_response_axis(raw, 0));
    assert_near(time[15], 7.5, 0);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, in_recording(ID, ""));
    assert_near(bram_attrs_number(attrs, "start", 0), 3, 0);
    assert_string_equal(text_of(ds, ID, "condition"), "single neurons stimulated by light");
    assert_string_equal(text_of(ds, ID, "session"), "/projects/LEIFER/pumpprobe_20210830_111646");
    assert_non_null(strstr(text_of(ds, ID, "read_beside"), "7_stim_neurons.txt"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* More lines of labels than neurons, a blank one, "merge". */
static void labels_are_in_the_order_of_columns(void **state)
{
    (void)state;
    static const char *const raw[] = {"AVAL", "", "merge", "RIMR"};
    static const char *const certainty[] = {"exact", "unlabeled", "unlabeled", "exact"};
    static const char *const forms[] = {"good", "extra"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t f = 0; f < 2; f++) {
        bram_dataset *ds;
        assert_ok(cx, import_file(cx, &ds, "auto", made(forms[f])));
        for (size_t i = 0; i < 4; i++) {
            assert_string_equal(neuron_text(ds, ID, "raw_label", i), raw[i]);
            assert_string_equal(neuron_text(ds, ID, "certainty", i), certainty[i]);
        }
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* Volumes 3, 7, 4, 15 at 0.5 s; targets 0, 1 (without a label), -1, -2. */
static void stimulations_are_events(void **state)
{
    (void)state;
    static const char *const what[] = {"AVAL", "trace 2", "target not located", "targeting failed"};
    static const double onset[] = {1.5, 3.5, 2, 7.5};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "leifer2023", made("good")));
    const bram_axis *events = bram_dataset_table(ds, in_recording(ID, "events"));
    assert_int_equal(bram_axis_length(events), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(bram_axis_id(events, i), what[i]);
        assert_string_equal(bram_axis_column(events, "kind")->text[i], "stimulus");
        assert_near(bram_axis_column(events, "onset")->number[i], onset[i], 0);
        assert_true(isnan(bram_axis_column(events, "offset")->number[i])); /* not told */
    }
    assert_near(bram_axis_column(events, "value")->number[1], 2, 0); /* the trace, from 1 */
    assert_true(isnan(bram_axis_column(events, "value")->number[2]));
    assert_string_equal(bram_axis_column(events, "value_unit")->text[1], "trace");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void less_may_be_told(void **state)
{
    (void)state;
    char id[100];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, import_file(cx, &ds, "auto", made("no-stimuli")));
    assert_null(bram_dataset_table(ds, in_recording(ID, "events")));
    assert_string_equal(text_of(ds, ID, "condition"), "not stimulated");
    bram_dataset_free(ds);
    snprintf(id, sizeof id, "bramble-%ld-7", (long)getpid());
    const char *path = made("unnamed");
    char time[200]; /* all files of the folder may be given */
    snprintf(time, sizeof time, "%.*st.txt", (int)(strlen(path) - strlen("gcamp.txt")), path);
    ds = NULL;
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){time, path}, 2},
                              NULL));
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 1);
    assert_string_equal(text_of(ds, id, "session"), id);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* 625 samples: 31 may be missing in a row; windows begin at 0, 25 ... 550, and one line is too
 * many.
 */
enum { LONG = 625, COLUMNS = 10 };

static const struct {
    const char *label, *reason;
    int from, until; /* samples that are missing or on a line */
} columns[COLUMNS] = {
    {"AVAL", "published rules", 0, 0},
    {"AVAR", "published rules", 100, 131}, /* 31 missing */
    {"RIS", "published rules: dropped, more than 5 % missing in a row", 100, 132},
    {"RIMR", "published rules: no value, dropped", 0, LONG},
    {"AVER", "published rules: dropped, a straight line over 50 samples", 25, 75},
    {"AVEL", "published rules", 26, 99}, /* a line of 73 samples that fills no window */
    {"RIVL", "published rules: dropped, a straight line over 50 samples", 0, 0}, /* steps 0.0004 */
    {"RIVR", "published rules", 0, 0},                                           /* steps 0.0006 */
    {"SMDVL", "published rules", 575,
     LONG},                                /* where a window would begin, but T - 50 is no start */
    {"SMDVR", "published rules", 0, LONG}, /* a line that lacks every fiftieth sample */
};

static double long_trace(int c, int t)
{
    bool within = t >= columns[c].from && t < columns[c].until;
    if (c >= 1 && c <= 3 && within) return (double)NAN;
    if (c == 6 || c == 7) return 1 + (c == 6 ? .0004 : .0006) * (t % 2);
    if (c == 9 && t % 50 == 40) return (double)NAN;
    return within && c >= 4 ? 2. * t : t * 7 % 13;
}

static void make_long(const char *path)
{
    static const char *const roles[] = {"gcamp", "t", "labels"};
    made_leifer_remove(path);
    for (int k = 0; k < 3; k++) {
        char name[200];
        snprintf(name, sizeof name, "%.*s%s.txt", (int)(strlen(path) - strlen("gcamp.txt")), path,
                 roles[k]);
        FILE *f = fopen(name, "wb");
        assert_non_null(f);
        for (int t = 0; k < 2 && t < LONG; t++)
            for (int c = 0; c < (k ? 1 : COLUMNS); c++)
                fprintf(f, "%.18e%c", k ? .5 * t : long_trace(c, t),
                        k || c == COLUMNS - 1 ? '\n' : ' ');
        for (int c = 0; k == 2 && c < COLUMNS; c++) fprintf(f, "%s\n", columns[c].label);
        assert_int_equal(fclose(f), 0);
    }
}

/* The collection's filters of traces; without its rules every label stays. */
static void published_filters_drop_traces(void **state)
{
    (void)state;
    static char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "7_gcamp.txt");
    make_long(path);
    char id[100];
    snprintf(id, sizeof id, "bramble-%ld-7", (long)getpid());
    for (size_t published = 0; published < 2; published++) {
        bram_dataset *ds = NULL;
        bram_options *o = NULL;
        assert_ok(cx,
                  bram_options_new(cx, &o, bram_import_params, published ? "rules=published" : ""));
        assert_ok(cx,
                  bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, o));
        bram_options_free(o);
        for (size_t c = 0; c < COLUMNS; c++) {
            bool kept = !published || strcmp(columns[c].reason, "published rules") == 0;
            assert_string_equal(neuron_text(ds, id, "certainty", c), kept ? "exact" : "unlabeled");
            if (published) assert_string_equal(neuron_text(ds, id, "reason", c), columns[c].reason);
        }
        const bram_attrs *attrs = bram_dataset_find_attrs(ds, in_recording(id, ""));
        assert_int_equal(bram_attrs_integer(attrs, "published_labeled", -1), published ? 6 : -1);
        assert_int_equal(bram_attrs_integer(attrs, "published_recorded", -1), published ? 6 : -1);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"nan", "no finite value in 16 frames of 4 traces"},
        {"ragged", "7_gcamp.txt: line 10: found 3 numbers, expected 4"},
        {"word", "7_gcamp.txt: line 4: found \"twelve\", expected a number"},
        {"stamps", "7_t.txt: found 15 stamps, expected 16"},
        {"descending", "7_t.txt: time of frame 5 is 0 s"},
        {"labels", "7_labels.txt: found 3 labels, expected 4 or more"},
        {"targets", "7_stim_neurons.txt: found 3 targets, expected 4"},
        {"target", "7_stim_neurons.txt: stimulation 2: found 4, expected a whole number from"},
        {"volume", "7_stim_volume_i.txt: stimulation 4: found 16, expected a whole number from 0 "
                   "to 15"},
    };
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cx, "leifer2023", made(cases[i].form), cases[i].form, cases[i].words);
    static const char *const lacking[] = {"no-time", "no-labels"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(import_file(cx, &ds, "leifer2023", made(lacking[i])), BRAM_EREAD);
        assert_non_null(strstr(bram_ctx_message(cx), i ? "7_labels.txt" : "7_t.txt"));
        assert_int_equal(import_file(cx, &ds, "auto", made(lacking[i])), BRAM_EFORMAT);
    }
    const char *path = made("good");
    assert_true(made_text(path, ""));
    expect_refusal(cx, "leifer2023", path, "empty", "7_gcamp.txt");
    bram_ctx_free(cx);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    expect_to_survive(made("good"));
}

static int teardown(void **state)
{
    (void)state;
    made_leifer_remove(made("good"));
    return 0;
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_is_read),
        cmocka_unit_test(labels_are_in_the_order_of_columns),
        cmocka_unit_test(stimulations_are_events),
        cmocka_unit_test(less_may_be_told),
        cmocka_unit_test(published_filters_drop_traces),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests_name("leifer2023", tests, NULL, teardown);
}
