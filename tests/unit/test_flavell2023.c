/* Tests of loaders/flavell2023.c on made files of the documented form. */
#include "made.h"
#include "recording_test.h"

#define ID "2022-08-02-01"

static const char *made(const char *form)
{
    static char path[200];
    test_temporary(path, "flavell.json");
    assert_true(made_flavell(path, form));
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
    assert_int_equal(bram_response_length(raw, 0), 24);
    assert_int_equal(bram_response_length(raw, 1), 4);
    assert_near(value_at(cx, raw, 7, 3), 307, 0); /* 100 * neuron + frame */
    assert_true(isnan(value_at(cx, raw, 5, 2)));  /* null in the file */
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "unit"), "ratio");
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "filter"), "none");
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, in_recording(ID, ""));
    assert_near(bram_attrs_number(attrs, "start", 0), 40, 0);
    assert_near(bram_attrs_number(attrs, "dt", 0), .6, 1e-12);
    assert_string_equal(text_of(ds, ID, "condition"), "baseline, neuropal");
    assert_string_equal(text_of(ds, ID, "traces_from"), "trace_original");
    const bram_response *behaviour = response_of(ds, ID, "behaviour");
    assert_int_equal(bram_response_length(behaviour, 1), 2); /* pumping is null */
    assert_string_equal(bram_axis_id(bram_response_axis(behaviour, 1), 1), "head_curvature");
    assert_near(value_at(cx, behaviour, 23, 0), .23, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void labels_number_neurons_from_one(void **state)
{
    (void)state;
    static const char *const certainty[] = {"exact", "low-confidence", "unlabeled",
                                            "low-confidence"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(neuron_text(ds, ID, "certainty", i), certainty[i]);
    assert_string_equal(neuron_text(ds, ID, "label", 0), "AVAL");
    assert_string_equal(neuron_text(ds, ID, "raw_label", 3), "AVER"); /* the surer of two */
    assert_string_equal(neuron_text(ds, ID, "reason", 3), "another name was considered");
    const bram_axis *neuron = bram_response_axis(response_of(ds, ID, "raw"), 1);
    assert_string_equal(bram_axis_column(neuron, "further_labels")->text[3], "SMDDL");
    assert_near(bram_axis_column(neuron, "confidence")->number[3], 5, 0);
    bram_dataset_free(ds);
    assert_ok(cx, import_file(cx, &ds, "auto", made("no-labels")));
    assert_string_equal(neuron_text(ds, ID, "certainty", 0), "unlabeled");
    assert_string_equal(text_of(ds, ID, "labels_from"), "none");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static int64_t segment_of(const bram_dataset *ds, const char *name, size_t row)
{
    const bram_axis *axis = bram_response_axis(response_of(ds, ID, name), 0);
    const bram_column *segment = bram_axis_column(axis, "segment");
    return segment ? segment->integer[row] : 0;
}

/* The pause of 1.2 s between the pieces is no gap by its length (2 steps of 0.6 s). */
static void pieces_are_segments(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    bram_options *o = NULL;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    assert_int_equal(segment_of(ds, "raw", 11), 1);
    assert_int_equal(segment_of(ds, "raw", 12), 2);
    assert_int_equal(segment_of(ds, "activity", 12), segment_of(ds, "activity", 11) + 1);
    bram_dataset_free(ds);

    ds = NULL; /* interpolated to 0.3 s: nothing lies between the pieces */
    assert_ok(cx, bram_options_new(cx, &o, bram_import_params, "dt=0.3,resample=linear"));
    const char *path = made("good");
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, o));
    const bram_response *activity = response_of(ds, ID, "activity");
    const double *time = bram_axis_values(bram_response_axis(activity, 0));
    for (size_t i = 0; i < bram_response_length(activity, 0); i++)
        if (time[i] > 11 * .6 + 1e-9 && time[i] < 13 * .6 - 1e-9) fail_msg("a row at %g", time[i]);
    bram_options_free(o);
    bram_dataset_free(ds);

    assert_ok(cx, import_file(cx, &ds, "auto", made("overlap"))); /* windows of fits: no pieces */
    assert_int_equal(segment_of(ds, "raw", 12), 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void spans_of_frames_are_events(void **state)
{
    (void)state;
    static const char *const forms[] = {"good", "columns"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t f = 0; f < 2; f++) {
        bram_dataset *ds;
        assert_ok(cx, import_file(cx, &ds, "auto", made(forms[f])));
        const bram_axis *events = bram_dataset_table(ds, in_recording(ID, "events"));
        assert_int_equal(bram_axis_length(events), 4);
        const double *onset = bram_axis_column(events, "onset")->number;
        const double *offset = bram_axis_column(events, "offset")->number;
        assert_string_equal(bram_axis_id(events, 0), "reversal"); /* frames 2 to 5, from 1 */
        assert_near(onset[0], .6, 1e-12);
        assert_near(offset[0], 4 * .6, 1e-12);
        assert_near(onset[1], 14 * .6 + .6, 1e-12);
        assert_near(offset[1], 19 * .6 + .6, 1e-12);
        assert_string_equal(bram_axis_column(events, "kind")->text[2], "range");
        assert_near(onset[3], 12 * .6 + .6, 1e-12); /* written out in full */
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void normalised_traces_are_told(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    static const struct {
        const char *form, *spec;
    } cases[] = {{"zscored", "auto"}, {"good", "flavell2023:traces=zscored"}};
    for (size_t i = 0; i < 2; i++) {
        assert_ok(cx, import_file(cx, &ds, cases[i].spec, made(cases[i].form)));
        const bram_attrs *attrs = bram_response_attrs_const(response_of(ds, ID, "activity"));
        assert_string_equal(bram_attrs_text(attrs, "unit"), "z");
        assert_string_equal(bram_attrs_text(attrs, "filter"), "non-causal");
        assert_string_equal(text_of(ds, ID, "traces_from"), "trace_array");
        bram_dataset_free(ds);
    }
    expect_refusal(cx, "flavell2023:traces=original", made("zscored"), "zscored",
                   "trace_original: found nothing");
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"no-traces", "trace_array: found nothing, expected an array of neurons x time"},
        {"flat", "trace_original: found no neurons"},
        {"text", "trace_original: neuron 2"},
        {"short", "trace_original: neuron 4 has 23 values, expected 24, as timestamp_confocal"},
        {"stamps", "trace_original: neuron 1 has 24 values, expected 25"},
        {"descending", "timestamp_confocal: time of frame 8 is 0 s"},
        {"no-time", "found no timestamp_confocal"},
        {"counts", "num_neurons is 5, expected 4: the traces are 4 neurons x 24 frames"},
        {"velocity", "velocity has 23 values, expected 24"},
        {"reversal",
         "reversal_events: span 2 is from frame 15 to 25, expected frames from 1 to 24"},
        {"label-0", "labeled: found a label for trace 0, expected 1 to 4"},
        {"label-5", "labeled: found a label for trace 5, expected 1 to 4"},
        {"label-key", "labeled: found key \"AVAL\", expected the number of a trace"},
    };
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cx, "flavell2023", made(cases[i].form), cases[i].form, cases[i].words);
    const char *path = made("good");
    FILE *file = fopen(path, "rb+");
    assert_int_equal(ftruncate(fileno(file), 900), 0);
    fclose(file);
    expect_refusal(cx, "flavell2023", path, "truncated", "flavell.json");
    assert_true(made_text(path, "[1, 2]"));
    expect_refusal(cx, "flavell2023", path, "array", "found array, expected an object");
    assert_true(made_text(path, ""));
    expect_refusal(cx, "flavell2023", path, "empty", "empty");
    bram_ctx_free(cx);
}

/* neuropal_label.json of the newer deposits, for the processed HDF5: read by dag2023. */
static void newer_dictionaries_label_the_hdf5(void **state)
{
    (void)state;
    char h5[200], json[200], text[500], id[100];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    test_temporary(h5, "made-data.h5");
    test_temporary(json, "neuropal_label.json");
    snprintf(id, sizeof id, "bramble-%ld-made", (long)getpid());
    assert_true(made_dag(h5, "good"));
    snprintf(text, sizeof text,
             "{\"data\": {\"%s\": {\"idx_neuron-label\": {\"1\": {\"label\": \"AVAL\", "
             "\"confidence\": 4}, \"3\": [{\"label\": \"RIML\", \"confidence\": 1}, "
             "{\"label\": \"RIMR\", \"confidence\": 3}]}}}, \"metadata\": {}}",
             id);
    assert_true(made_text(json, text));
    assert_ok(cx, bram_import(cx, &ds, "dag2023", &(bram_input){(const char *const[]){h5, json}, 2},
                              NULL));
    assert_string_equal(neuron_text(ds, id, "label", 0), "AVAL");
    assert_string_equal(neuron_text(ds, id, "certainty", 1), "unlabeled");
    assert_string_equal(neuron_text(ds, id, "raw_label", 2), "RIMR");
    bram_dataset_free(ds);
    unlink(h5);
    unlink(json);
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
    return unlink(made("good"));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_is_read),
        cmocka_unit_test(labels_number_neurons_from_one),
        cmocka_unit_test(pieces_are_segments),
        cmocka_unit_test(spans_of_frames_are_events),
        cmocka_unit_test(normalised_traces_are_told),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(newer_dictionaries_label_the_hdf5),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests_name("flavell2023", tests, NULL, teardown);
}
