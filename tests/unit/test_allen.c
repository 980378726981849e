/* Tests of loaders/allen*.c on made sessions: made_allen.c says what they hold, what of it is
 * documented and what assumed. */
#include "shown_test.h"

static const char *made_session(bool spikes, const char *defect)
{
    static char path[200];
    test_temporary(path, "session.nwb");
    assert_true(spikes ? made_allen_neuropixels(path, defect) : made_allen_twophoton(path, defect));
    return path;
}

/* ---- two-photon: dF/F is cell + frame / 100; images 2 0 2 - 0 2 1 in frames 5-7, 10-12 ... ----
 */

static void means_over_presentations(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "allen-twophoton:id=s", made_session(false, "good"));
    const bram_response *r = response_at(ds, "responses/s");
    const bram_axis *stimulus = bram_response_axis(r, 0), *cell = bram_response_axis(r, 1);
    assert_int_equal(bram_axis_length(stimulus), 3);
    assert_int_equal(bram_response_length(r, 2), 3);
    assert_string_equal(bram_axis_id(stimulus, 2), "natural_scenes-002");
    assert_string_equal(bram_axis_id(cell, 1), "517410172");
    assert_string_equal(column_text(cell, "area", 0), "VISp");
    assert_near(value_of(cx, r, 2, 0, 0, 0), 6, 1e-6);          /* frames 5 6 7, in percent */
    assert_near(value_of(cx, r, 2, 2, 2, 0), 200 + 31, 1e-4);   /* frames 30 31 32 */
    assert_near(value_of(cx, r, 0, 1, 0, 0), 100 + 11.5, 1e-4); /* 11 12: frame 10 is missing */
    assert_near(value_of(cx, r, 1, 0, 0, 0), 36, 1e-5);
    assert_true(isnan(value_of(cx, r, 1, 0, 1, 0)));
    assert_string_equal(attribute_of(r, "unit"), "%");
    assert_string_equal(attribute_of(r, "session"), "501498760");
    assert_string_equal(attribute_of(r, "depth"), "275 microns");
    assert_non_null(strstr(attribute_of(r, "window"), "to the end of the presentation"));
    assert_near(bram_attrs_number(bram_response_attrs_const(r), "window_to", 0), 0.1, 1e-12);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void windows_and_baselines_are_options(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *path = made_session(false, "good");
    bram_dataset *ds = import_good(cx, "allen-twophoton:id=s,from=1,to=5,baseline=2", path);
    const bram_response *r = response_at(ds, "responses/s");
    /* frames 6 .. 9, mean 7.5, less frames 3 and 4, mean 3.5 */
    assert_near(value_of(cx, r, 2, 0, 0, 0), 4, 1e-5);
    assert_string_equal(attribute_of(r, "window"), "frames 1 to 5 after the onset");
    assert_string_equal(attribute_of(r, "baseline"), "mean of 2 frames before, subtracted");
    bram_dataset_free(ds);
    ds = import_good(cx, "allen-twophoton:id=s,from=-2,traces=yes", path);
    r = response_at(ds, "responses/s");
    assert_int_equal(bram_response_length(r, 3), 5);
    assert_near(value_of(cx, r, 2, 0, 1, 4), 17, 1e-5); /* from 13 to 17 */
    assert_true(isnan(value_of(cx, r, 0, 1, 0, 2)));
    assert_near(bram_axis_values(bram_response_axis(r, 3))[0], -2 / 30.0, 1e-12);
    bram_dataset_free(ds);
    assert_int_equal(
        import_paths(cx, &ds, "allen-twophoton:from=3,to=3", (const char *const[]){path, NULL}),
        BRAM_EUSAGE);
    bram_ctx_free(cx);
}

static void gratings_and_images(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *path = made_session(false, "good");
    bram_dataset *ds = import_good(cx, "allen-twophoton:id=s,stimulus=static_gratings", path);
    const bram_response *r = response_at(ds, "responses/s");
    const bram_axis *stimulus = bram_response_axis(r, 0);
    assert_int_equal(bram_axis_length(stimulus), 3); /* the blank sweep is none */
    assert_string_equal(bram_axis_id(stimulus, 0), "static_gratings-0/0.04");
    assert_string_equal(bram_axis_id(stimulus, 1), "static_gratings-45/0.02");
    assert_string_equal(column_text(stimulus, "parameter_1", 2), "45");
    assert_near(value_of(cx, r, 1, 0, 0, 0), 53, 1e-5);
    bram_dataset_free(ds);
    ds = import_good(cx, "allen-twophoton:images=read", path);
    r = response_at(ds, "stimuli/images/images");
    assert_int_equal(bram_response_type(r), BRAM_U8);
    assert_near(value_of(cx, r, 2, 1, 1, 0), 110, 0);
    assert_near(value_of(cx, r, 2, 1, 0, 0), 100, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- Neuropixels: unit u fires at u / 100 + 0.1 k s, k below 10 u -----------------------------
 */

/* Quality leaves 5 of 6 units, refractory violations 4, the cutoff 3: units 950, 951, 955. */
static void spikes_are_counted_in_windows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const char *const same[] = {"good", "text"};
    for (size_t i = 0; i < 2; i++) {
        bram_dataset *ds = import_good(cx, "allen-neuropixels:id=s", made_session(true, same[i]));
        const bram_response *r = response_at(ds, "responses/s");
        const bram_axis *stimulus = bram_response_axis(r, 0), *unit = bram_response_axis(r, 1);
        assert_int_equal(bram_axis_length(stimulus), 2);
        assert_string_equal(bram_axis_id(stimulus, 0), "natural_scenes-004");
        assert_string_equal(bram_axis_id(stimulus, 1), "natural_scenes-011");
        assert_int_equal(bram_axis_length(unit), 3);
        assert_string_equal(bram_axis_id(unit, 2), "955");
        assert_string_equal(column_text(unit, "area", 1), "VISl");
        assert_string_equal(column_text(unit, "area", 2), ""); /* its channel is not in the table */
        assert_near(column_number(unit, "snr", 2), 6, 0);
        assert_near(column_number(unit, "y", 0), 3, 0);
        /* unit 1: 0.01 .. 0.91; unit 5: 0.05 .. 4.95: [0.95, 1.2) has 0.95 1.05 1.15 */
        assert_near(value_of(cx, r, 1, 0, 0, 0), 0, 0);
        assert_near(value_of(cx, r, 1, 1, 0, 0), 0, 0);
        assert_near(value_of(cx, r, 1, 2, 0, 0), 3, 0);
        assert_near(value_of(cx, r, 0, 2, 1, 0), 1, 0); /* from 4.95 on */
        assert_string_equal(attribute_of(r, "unit_rules"),
                            "isi_violations < 0.5, amplitude_cutoff < 0.1, presence_ratio > 0.9, "
                            "quality good");
        assert_string_equal(attribute_of(r, "subject"), "699733581");
        assert_near(bram_attrs_number(bram_response_attrs_const(r), "window_to", 0), 0.25, 1e-12);
        assert_true(isnan(column_number(unit, "reliability", 0))); /* two stimuli are too few */
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void bins_and_rules_are_options(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *path = made_session(true, "good");
    bram_dataset *ds = import_good(cx,
                                   "allen-neuropixels:id=s,from=-0.11,to=0.19,bin=0.15,snr=2,"
                                   "amplitude_cutoff=1e9,quality=,areas=VISp+VISl",
                                   path);
    const bram_response *r = response_at(ds, "responses/s");
    const bram_axis *unit = bram_response_axis(r, 1);
    /* 952 violates, 954 has no cutoff, 955 no area: 953 is left, at 0.03 + 0.1 k, k below 30 */
    assert_int_equal(bram_axis_length(unit), 1);
    assert_string_equal(bram_axis_id(unit, 0), "953");
    assert_int_equal(bram_response_length(r, 3), 2);
    assert_near(value_of(cx, r, 1, 0, 0, 0), 1, 0); /* [0.84, 0.99): 0.93 */
    assert_near(value_of(cx, r, 1, 0, 0, 1), 2, 0); /* [0.99, 1.14): 1.03 1.13 */
    assert_near(bram_axis_values(bram_response_axis(r, 3))[1], 0.19, 1e-12);
    assert_string_equal(attribute_of(r, "window"),
                        "-0.11 s to 0.19 s after the onset, bins of 0.15 s");
    bram_dataset_free(ds);
    ds = import_good(cx, "allen-neuropixels:id=s,condition=frame+color", path);
    const bram_axis *stimulus = bram_response_axis(response_at(ds, "responses/s"), 0);
    assert_int_equal(bram_axis_length(stimulus), 3);
    assert_string_equal(bram_axis_id(stimulus, 1), "natural_scenes-11/-1");
    assert_string_equal(column_text(stimulus, "color", 1), "-1");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The presentation at 3.95 s overlaps 3.9 to 4 s: image 11 has one repeat left. */
static void invalid_times_are_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *path = made_session(true, "invalid");
    bram_dataset *ds = import_good(cx, "allen-neuropixels:id=s", path);
    assert_true(isnan(value_of(cx, response_at(ds, "responses/s"), 1, 0, 1, 0)));
    bram_dataset_free(ds);
    ds = import_good(cx, "allen-neuropixels:id=s,invalid=keep", path);
    assert_near(value_of(cx, response_at(ds, "responses/s"), 1, 2, 1, 0), 3, 0);
    bram_dataset_free(ds);
    ds = import_good(cx, "allen-neuropixels:id=s", made_session(true, "no-presence"));
    assert_null(strstr(attribute_of(response_at(ds, "responses/s"), "unit_rules"), "presence"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void damaged_sessions_are_refused(void **state)
{
    (void)state;
    static const char *const photons[][2] = {
        {"huge", "its shape claims 65970697666560 elements"},
        {"flat", "DfOverF/imaging_plane_1/data: expected cell x frame"},
        {"beyond", "presentation 7 is from frame 600 to 603, expected two of 60 frames"},
        {"backwards", "presentation 3 is from frame 15 to 3, expected two of 60 frames in order"},
        {"short", "frame_duration: expected the first and last frame of each presentation"},
        {"no-scenes", "no natural_scenes; found static_gratings_stimulus"},
        {"blank", "natural_scenes: found 7 presentations and none with a stimulus"},
        {"cells", "cell_specimen_ids: found 2, expected 3, one for each cell"}};
    static const char *const spikes[][2] = {
        {"index", "row 3 ends at 1000, expected 10 to 150"},
        {"metric", "units/isi_violations: found 5 entries, expected 6, one a row"},
        {"backwards", "row 4 is from 3.95 to 0 s, expected a stop at or after the start"},
        {"stops", "stop_time: found 4 entries, expected 5"},
        {"nan-spike", "a spike of unit"},
        {"no-frame", "no column frame, which condition=frame names"},
        {"no-scenes", "no intervals/natural_scenes_presentations; found presentations of flashes"}};
    for (size_t i = 0; i < sizeof photons / sizeof *photons; i++)
        assert_refused("auto", made_session(false, photons[i][0]), photons[i][1]);
    for (size_t i = 0; i < sizeof spikes / sizeof *spikes; i++)
        assert_refused(i == 4 ? "allen-neuropixels:isi_violations=9" : "auto",
                       made_session(true, spikes[i][0]), spikes[i][1]);
    const char *good = made_session(true, "good");
    assert_refused("allen-neuropixels:areas=LGd", good,
                   "none of 6 units is of quality good and in");
    assert_refused("allen-neuropixels:firing_rate=1", good, "found no firing_rate of the units");
    assert_refused("allen-neuropixels:snr=100", good, "none of 3 units has snr > 100");
}

static void sessions_are_known(void **state)
{
    (void)state;
    assert_known_by("allen-twophoton", made_session(false, "good"), "DfOverF");
    assert_known_by("allen-neuropixels", made_session(true, "good"), "presentations");
    assert_survives("allen-neuropixels", made_session(true, "good"), false);
    assert_survives("allen-twophoton", made_session(false, "good"), true);
    unlink(made_session(false, "good"));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_over_presentations),
        cmocka_unit_test(windows_and_baselines_are_options),
        cmocka_unit_test(gratings_and_images),
        cmocka_unit_test(spikes_are_counted_in_windows),
        cmocka_unit_test(bins_and_rules_are_options),
        cmocka_unit_test(invalid_times_are_left_out),
        cmocka_unit_test(damaged_sessions_are_refused),
        cmocka_unit_test(sessions_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
