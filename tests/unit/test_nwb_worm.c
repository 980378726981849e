/* Tests of loaders/nwb*.c: the real NWB files, and made ones of every form. */
#include <bramble/loader.h>

#include "intake.h"
#include "made.h"
#include "nwb.h"
#include "test.h"

#define SCHOLZ "ScholzEtAl2018.AML175_moving.BrainScanner20180223_141721"

static int import(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *path)
{
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
}

static const char *made(const char *form)
{
    static char path[200];
    test_temporary(path, "worm.nwb");
    assert_true(made_nwb(path, form));
    return path;
}

/* recordings/ID/NAME of the only recording. */
static const char *in(const bram_dataset *ds, const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "recordings/%s%s%s", bram_dataset_group_at(ds, "recordings", 0),
             *name ? "/" : "", name);
    return path;
}

static double at(bram_ctx *cx, const bram_response *r, size_t row, size_t col, bool *present)
{
    const size_t start[] = {row, col}, count[] = {1, 1};
    double value = 0;
    uint8_t there = 1;
    assert_ok(cx, bram_response_read(cx, r, start, count, &value, &there));
    if (present) *present = there;
    return value;
}

static void assert_valid(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

static const char *attribute(const bram_dataset *ds, const char *name)
{
    return bram_attrs_text(bram_dataset_find_attrs(ds, in(ds, "")), name);
}

/* ---- real files ----------------------------------------------------------------------------- */

/* Values and shapes as h5py 3.16 reads them. */
static void the_recording_of_scholz_is_whole(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/activity/scholz2018/" SCHOLZ ".nwb");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "auto", path));
    assert_valid(cx, ds);
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 1);
    const bram_response *raw = bram_dataset_response(ds, in(ds, "raw"));
    assert_int_equal(bram_response_length(raw, 0), 2244);
    assert_int_equal(bram_response_length(raw, 1), 62); /* 63 objects: the other is the position */
    assert_near(at(cx, raw, 0, 0, NULL), 0.2019236285702091, 0);
    assert_near(at(cx, raw, 1000, 30, NULL), 0.3258978647184429, 0);
    assert_near(at(cx, raw, 2243, 61, NULL), 1.0330302055441722, 0);
    const double *time = bram_axis_values(bram_response_axis(raw, 0));
    assert_near(time[0], 0, 0);
    assert_near(time[1], 0.164, 1e-12);
    assert_near(time[2243], 439.83, 1e-9);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, in(ds, ""));
    assert_near(bram_attrs_number(attrs, "dt", 0), 0.166, 1e-12);
    assert_string_equal(attribute(ds, "species"), "Caenorhabditis elegans");
    assert_string_equal(attribute(ds, "session"), "BrainScanner20180223_141721");
    assert_string_equal(attribute(ds, "nwb_version"), "2.1.0");
    assert_non_null(strstr(attribute(ds, "condition"), "AML175_moving"));
    assert_non_null(strstr(bram_attrs_text(bram_dataset_find_attrs(ds, ""), "citation"), "445643"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Its traces were z-scored before they were deposited, and it pauses seven times. */
static void the_recording_of_scholz_says_what_it_is(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/activity/scholz2018/" SCHOLZ ".nwb");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "nwb-worm", path));
    bram_response *activity = bram_dataset_response(ds, in(ds, "activity"));
    assert_string_equal(bram_attrs_text(bram_response_attrs(activity), "unit"), "z");
    assert_string_equal(bram_attrs_text(bram_response_attrs(activity), "filter"), "non-causal");
    const bram_column *segment = bram_axis_column(bram_response_axis(activity, 0), "segment");
    static const size_t last[] = {563, 683, 929, 1595, 1709, 1853, 1967}; /* before a pause */
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(segment->integer[last[i] + 1], segment->integer[last[i]] + 1);
    assert_int_equal(segment->integer[2243] - segment->integer[0], 7);
    const bram_column *certainty = bram_axis_column(bram_response_axis(activity, 1), "certainty");
    for (size_t i = 0; i < 62; i++) assert_string_equal(certainty->text[i], "unlabeled");
    const bram_response *behaviour = bram_dataset_response(ds, in(ds, "behaviour"));
    assert_int_equal(bram_response_length(behaviour, 0), 2244);
    const bram_axis *variable = bram_response_axis(behaviour, 1);
    assert_string_equal(bram_axis_id(variable, 0), "ss_2D_x");
    assert_string_equal(bram_axis_column(variable, "unit")->text[1], "meters");
    assert_near(at(cx, behaviour, 0, 1, NULL), 0.01491301136661592, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The file of Kato et al. has states (2198) and no traces: it is said, not read as something. */
static void a_file_without_traces_says_so(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/activity/kato2015/KatoEtAl2018.WT_Stim.0.nwb");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_int_equal(import(cx, &ds, "auto", path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "KatoEtAl2018.WT_Stim.0.nwb holds no traces of "
                                                 "neurons: found 1 series: acquisition/States "
                                                 "(TimeSeries, 2198 x 1)"));
    assert_null(ds);
    bram_nwb nwb; /* the states are there for whoever asks */
    bram_nwb_series s;
    double *states, *time;
    assert_ok(cx, bram_nwb_open(cx, &nwb, path));
    assert_string_equal(nwb.version, "2.1.0");
    assert_ok(cx, bram_nwb_series_of(cx, &s, &nwb, "acquisition/States"));
    assert_int_equal(s.stamps, 2198);
    assert_ok(cx, bram_nwb_values(cx, &states, &nwb, &s));
    assert_ok(cx, bram_nwb_time(cx, &time, &nwb, &s, s.rows));
    size_t count[5] = {0};
    for (size_t i = 0; i < s.rows; i++) count[(size_t)states[i]]++;
    assert_true(count[1] == 785 && count[2] == 121 && count[3] == 941 && count[4] == 351);
    assert_near(time[2197], 719.6724294813467, 0);
    bram_free(states);
    bram_free(time);
    bram_nwb_close(&nwb);
    bram_ctx_free(cx);
}

/* ---- made files ----------------------------------------------------------------------------- */

static void expect_labels(const bram_dataset *ds, const char *const *raw, const char *const *ids)
{
    const bram_response *r = bram_dataset_response(ds, in(ds, "activity"));
    const bram_axis *neuron = bram_response_axis(r, 1);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(bram_axis_column(neuron, "raw_label")->text[i], raw[i]);
        assert_string_equal(bram_axis_column(neuron, "label")->text[i], ids[i]);
    }
}

static void a_response_series_with_a_rate(void **state)
{
    (void)state;
    static const char *const raw[] = {"AVAL", "VB02", "", "OLQ?L", "AVAR"};
    static const char *const ids[] = {"AVAL", "VB2", "", "", "AVAR"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    bool present = true;
    assert_ok(cx, import(cx, &ds, "auto", made("good")));
    assert_valid(cx, ds);
    const bram_response *r = bram_dataset_response(ds, in(ds, "raw"));
    assert_int_equal(bram_response_length(r, 0), 30);
    assert_near(at(cx, r, 7, 4, NULL), (7 + 400) * .5, 0); /* data * conversion */
    at(cx, r, 7, 2, &present);
    assert_false(present);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(r), "unit"), "lumens");
    expect_labels(ds, raw, ids);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, in(ds, ""));
    assert_near(bram_attrs_number(attrs, "start", 0), 2, 0);
    assert_near(bram_attrs_number(attrs, "dt", 0), .25, 0);
    assert_string_equal(attribute(ds, "subject"), "worm 7");
    assert_string_equal(attribute(ds, "condition"), "OH16230, YA");
    assert_string_equal(attribute(ds, "time_from"), "starting_time and rate");
    const bram_axis *events = bram_dataset_table(ds, in(ds, "events"));
    assert_int_equal(bram_axis_length(events), 2);
    assert_string_equal(bram_axis_id(events, 1), "NaCl");
    assert_string_equal(bram_axis_column(events, "kind")->text[0], "stimulus");
    assert_near(bram_axis_column(events, "onset")->number[0], 4 - 2, 0);
    assert_near(bram_axis_column(events, "offset")->number[1], 9 - 2, 0);
    const bram_response *behaviour = bram_dataset_response(ds, in(ds, "behaviour"));
    assert_string_equal(bram_axis_id(bram_response_axis(behaviour, 1), 0), "velocity");
    assert_near(at(cx, behaviour, 29, 0, NULL), .29, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* rois points into the table in reverse; a label is a row of characters. */
static void labels_of_the_rows_of_a_table(void **state)
{
    (void)state;
    static const char *const raw[] = {"AVAL", "VB02", "", "OLQ?L", "AVAR"};
    static const char *const ids[] = {"AVAL", "VB2", "", "", "AVAR"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "auto", made("rois")));
    expect_labels(ds, raw, ids);
    assert_non_null(strstr(attribute(ds, "labels_from"), "Seg_tpoint_0/ID_labels by rois"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void other_forms(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "auto", made("stamps"))); /* 60 s of nothing after row 20 */
    const bram_response *r = bram_dataset_response(ds, in(ds, "activity"));
    const bram_column *segment = bram_axis_column(bram_response_axis(r, 0), "segment");
    assert_int_equal(segment->integer[21], segment->integer[20] + 1);
    assert_near(bram_axis_values(bram_response_axis(r, 0))[21], 21 / 4. + 60, 1e-12);
    bram_dataset_free(ds);

    assert_ok(cx, import(cx, &ds, "auto", made("turned"))); /* the stamps fit its second side */
    r = bram_dataset_response(ds, in(ds, "raw"));
    assert_int_equal(bram_response_length(r, 1), 5);
    assert_near(at(cx, r, 7, 4, NULL), (7 + 400) * .5, 0);
    bram_dataset_free(ds);

    assert_ok(cx, import(cx, &ds, "auto", made("single")));
    r = bram_dataset_response(ds, in(ds, "raw"));
    assert_int_equal(bram_response_length(r, 1), 3);
    assert_near(at(cx, r, 7, 2, NULL), 21, 0);
    assert_string_equal(bram_axis_column(bram_response_axis(r, 1), "raw_label")->text[2], "2");
    r = bram_dataset_response(ds, in(ds, "behaviour")); /* the velocity lies on another axis */
    assert_int_equal(bram_response_length(r, 1), 2);
    assert_near(at(cx, r, 5, 1, NULL), -5, 0);
    bram_dataset_free(ds);

    assert_ok(cx, import(cx, &ds, "auto", made("other-rate")));
    assert_non_null(bram_dataset_response(ds, in(ds, "behaviour")));
    bram_dataset_free(ds);

    assert_ok(cx, import(cx, &ds, "auto", made("cycle")));
    bram_dataset_free(ds);
    assert_ok(cx, import(cx, &ds, "nwb-worm", made("mouse"))); /* labels as they are */
    assert_string_equal(attribute(ds, "species"), "Mus musculus");
    r = bram_dataset_response(ds, in(ds, "activity"));
    assert_string_equal(bram_axis_column(bram_response_axis(r, 1), "label")->text[1], "VB02");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* A row a neuron, as a matrix and ragged, timed by the images; annotations are events. */
static void a_table_of_traces(void **state)
{
    (void)state;
    static const char *const forms[] = {"table", "table-ragged"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 0; k < 2; k++) {
        bram_dataset *ds;
        bool present = true;
        assert_ok(cx, import(cx, &ds, "auto", made(forms[k])));
        assert_valid(cx, ds);
        const bram_response *r = bram_dataset_response(ds, in(ds, "raw"));
        assert_int_equal(bram_response_length(r, 0), 30);
        assert_int_equal(bram_response_length(r, 1), 3);
        assert_near(at(cx, r, 7, 2, NULL), 207, 0);
        at(cx, r, 29, 1, &present);
        assert_true(present == (k == 0));
        const bram_axis *neuron = bram_response_axis(bram_dataset_response(ds, in(ds, "activity")),
                                                     1);
        assert_string_equal(bram_axis_column(neuron, "label")->text[1], "VB2");
        assert_near(bram_attrs_number(bram_dataset_find_attrs(ds, in(ds, "")), "dt", 0), .25, 0);
        assert_string_equal(attribute(ds, "time_from"),
                            "starting_time and rate of CalciumImageSeries");
        const bram_axis *events = bram_dataset_table(ds, in(ds, "events"));
        ptrdiff_t on = bram_axis_find(events, "OP50 on");
        assert_true(on >= 0);
        assert_near(bram_axis_column(events, "onset")->number[on], 3 - 2, 0);
        assert_true(isnan(bram_axis_column(events, "offset")->number[on]));
        assert_string_equal(bram_axis_column(events, "kind")->text[on], "stimulus");
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* The green signal; labels through the NeuroPAL regions. */
static void pump_probe_files(void **state)
{
    (void)state;
    static const char *const raw[] = {"AVAL", "VB02", "", "", ""};
    static const char *const ids[] = {"AVAL", "VB2", "", "", ""};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "auto", made("pumpprobe")));
    assert_valid(cx, ds);
    expect_labels(ds, raw, ids);
    assert_string_equal(attribute(ds, "traces_from"), "processing/ophys/GreenSignals/GreenSignal");
    assert_non_null(strstr(attribute(ds, "labels_from"), "neuropal_ids by table_region"));
    bram_dataset_free(ds);
    assert_ok(cx, import(cx, &ds, "nwb-worm:series=RedSignal", made("pumpprobe")));
    assert_non_null(strstr(attribute(ds, "traces_from"), "RedSignal"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_series_can_be_asked_for(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_int_equal(import(cx, &ds, "auto", made("two")), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "series=PATH takes one of them"));
    const char *path = made("two");
    assert_ok(cx, import(cx, &ds,
                         "nwb-worm:series=Second/SignalRawFluor/"
                         "SignalCalciumImResponseSeries",
                         path));
    assert_non_null(strstr(attribute(ds, "traces_from"), "Second"));
    bram_dataset_free(ds);
    assert_int_equal(import(cx, &ds, "nwb-worm:series=nosuch", path), BRAM_EUSAGE);
    assert_ok(cx, import(cx, &ds, "nwb-worm:events=ignore", made("interval")));
    assert_null(bram_dataset_table(ds, in(ds, "events")));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void hostile_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"no-data", "has no dataset \"data\""},
        {"text", "found no numbers of 2 dimensions, expected numbers, time x columns"},
        {"rank", "found numbers of 3 dimensions"},
        {"nan", "no finite value in 30 frames of 5 traces"},
        {"empty", "0 frames"},
        {"huge", "SignalCalciumImResponseSeries/data"},
        {"labels", "has 4 labels, expected 5"},
        {"one-more", "has 31 stamps, expected 30"},
        {"descending",
         "SignalCalciumImResponseSeries/timestamps: time of frame 8 is 0 s, not after"},
        {"milliseconds", "found the unit \"milliseconds\", expected seconds"},
        {"no-time", "neither timestamps nor a starting_time with a rate; none is assumed"},
        {"no-rate", "neither timestamps nor a starting_time with a rate; none is assumed"},
        {"rate", "a rate of 0 Hz"},
        {"conversion", "conversion 0"},
        {"index", "row 3 ends at 8, expected 9 to 17"},
        {"region", "trace 5 is row 5 of a table with 5 rows"},
        {"rows", "has 4 rows, expected 5"},
        {"interval", "row 2 is from 8 to 7 s"},
        {"stops", "stop_time has 1 rows, expected 2"},
        {"no-traces", "holds no traces of neurons: found 1 series: processing/Behavior/velocity/"
                      "velocity (TimeSeries, 30 x 1)"},
        {"table-index", "ActivityTraces/activity_index: row 3 ends at 120, expected 56 to 86"},
        {"table-names", "ActivityTraces/neuron has 2 rows, expected 3"},
        {"table-flat", "activity has 1 dimensions and no index, expected neuron x time"},
        {"table-time", "neither timestamps nor a starting_time with a rate; none is assumed"},
        {"table-notes", "StimulusInfo/data has 1 texts, expected 2, one a stamp"},
        {"version", "nwb_version is \"3.0\", expected 2.x"},
        {"nwb1", "this one is of NWB 1"},
        {"single-length", "Activity_0002/data is 29 x 1, expected one column of 30"},
        {"single-stamp", "Activity_0002: stamp 4 is 0.76 s, expected 0.75 s"},
    };
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = made(cases[i].form);
        int status = import(cx, &ds, "nwb-worm", path);
        const char *message = bram_ctx_message(cx);
        if (status != BRAM_EFORMAT || !strstr(message, cases[i].words) ||
            !strstr(message, "worm.nwb") || ds)
            fail_msg("%s: status %d: %s", cases[i].form, status, message);
    }
    bram_ctx_free(cx);
}

/* A file cut anywhere is a message or, where nothing needed is lost, a recording. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    FILE *file = fopen(made("rois"), "rb");
    static unsigned char bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    test_temporary(path, "cut.nwb");
    for (size_t k = 0; k < 16; k++) {
        assert_true(made_bytes(path, bytes, size * k / 16));
        int status = import(cx, &ds, "nwb-worm", path);
        if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), "cut.nwb"))
            fail_msg("%zu/16: %d: %s", k, status, bram_ctx_message(cx));
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void normalised_traces_are_told(void **state)
{
    (void)state;
    double z[40], raw[40];
    for (int i = 0; i < 20; i++) {
        z[2 * i] = i % 2 ? 1 : -1;
        z[2 * i + 1] = (i % 2 ? 1 : -1) * sqrt(19. / 20); /* over n - 1 */
        raw[2 * i] = raw[2 * i + 1] = i % 2 ? 1.01 : -1;
    }
    assert_true(bram_intake_is_zscored(z, 20, 2));
    assert_false(bram_intake_is_zscored(raw, 20, 2));
    assert_false(bram_intake_is_zscored(z, 4, 2)); /* too few to tell */
    for (int i = 0; i < 20; i++) z[2 * i + 1] = (double)NAN;
    assert_true(bram_intake_is_zscored(z, 20, 2));
    for (int i = 0; i < 20; i++) z[2 * i] = (double)NAN;
    assert_false(bram_intake_is_zscored(z, 20, 2));
}

static int teardown(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "worm.nwb");
    unlink(path);
    return 0;
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recording_of_scholz_is_whole),
        cmocka_unit_test(the_recording_of_scholz_says_what_it_is),
        cmocka_unit_test(a_file_without_traces_says_so),
        cmocka_unit_test(a_response_series_with_a_rate),
        cmocka_unit_test(labels_of_the_rows_of_a_table),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(a_table_of_traces),
        cmocka_unit_test(pump_probe_files),
        cmocka_unit_test(a_series_can_be_asked_for),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(normalised_traces_are_told),
    };
    return cmocka_run_group_tests_name("nwb_worm", tests, NULL, teardown);
}
