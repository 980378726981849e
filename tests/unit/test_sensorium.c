/* Tests of loaders/sensorium*.c on made scans: made_sensorium.c says what they hold, what of it is
 * documented and what assumed. */
#include "shown_test.h"

static const char *made_scan(int year, bool folder, const char *defect)
{
    static char path[200];
    test_temporary(path, "scan");
    remove_tree(path);
    assert_true(year == 2022 ? made_sensorium2022(path, folder, defect)
                             : made_sensorium2023(path, folder, defect));
    return path;
}

/* Tiers train and validation: trials 0 2 4 6, images 500 .. 503; the others images 7 8 9. */
static void trials_become_repeats_of_images(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int folder = 0; folder < 2; folder++) {
        const char *path = made_scan(2022, folder, "good");
        bram_dataset *ds = import_good(cx, "sensorium2022:id=m1,area=LM", path);
        const bram_response *test = response_at(ds, "responses/m1"),
                            *training = response_at(ds, "responses/m1_training");
        const bram_axis *stimulus = bram_response_axis(test, 0),
                        *learned = bram_response_axis(training, 0),
                        *neuron = bram_response_axis(test, 1);
        assert_int_equal(bram_axis_length(stimulus), 3);
        assert_int_equal(bram_axis_length(learned), 4);
        assert_int_equal(bram_response_length(test, 2), 3); /* image 7 in trials 1 3 7 */
        assert_int_equal(bram_response_length(training, 2), 1);
        assert_string_equal(bram_axis_id(stimulus, 0), "image-00007");
        assert_string_equal(bram_axis_id(learned, 3), "image-00503");
        assert_string_equal(column_text(stimulus, "set", 0), "test");
        assert_string_equal(column_text(stimulus, "set", 2), "final_test");
        assert_string_equal(column_text(learned, "set", 2), "validation");
        assert_near(value_of(cx, test, 0, 1, 0, 0), 1 + 1 / 8.0, 0);
        assert_near(value_of(cx, test, 0, 3, 2, 0), 7 + 3 / 8.0, 0);
        assert_near(value_of(cx, test, 1, 0, 0, 0), 5, 0);
        assert_true(isnan(value_of(cx, test, 1, 0, 1, 0)));
        assert_near(value_of(cx, test, 2, 2, 0, 0), 8.25, 0);
        assert_near(value_of(cx, training, 3, 2, 0, 0), 6.25, 0);
        assert_near(column_number(neuron, "unit_id", 2), 15, 0);
        assert_near(column_number(neuron, "y", 1), 40, 0);
        assert_string_equal(attribute_of(test, "area"), "LM");
        bram_dataset_free(ds);
    }
    remove_tree(made_scan(2022, false, "good"));
    bram_ctx_free(cx);
}

static void images_and_behaviour_are_kept(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *path = made_scan(2022, false, "good");
    bram_dataset *ds = import_good(cx, "auto", path);
    char set[300];
    snprintf(set, sizeof set, "stimuli/images/%s", strrchr(path, '/') + 1);
    const bram_response *pictures = response_at(ds, set);
    assert_int_equal(bram_response_length(pictures, 0), 7);
    assert_int_equal(bram_response_length(pictures, 2), 3);
    assert_near(value_of(cx, pictures, 0, 1, 2, 0), 8.25 / 255, 1e-8);
    assert_near(value_of(cx, pictures, 6, 0, 0, 0), 103 / 255.0, 1e-7);
    char table[300];
    const char *slash = strrchr(path, '/') + 1;
    snprintf(table, sizeof table, "trials/%s/trials", slash);
    const bram_axis *trials = bram_dataset_table(ds, table);
    assert_non_null(trials);
    assert_string_equal(column_text(trials, "stimulus", 7), "image-00007");
    assert_near(column_number(trials, "repeat", 7), 2, 0);
    assert_near(column_number(trials, "trial_number", 8), 11, 0);
    assert_near(column_number(trials, "pupil_dilation", 4), 4, 0);
    assert_near(column_number(trials, "pupil_x", 4), 3, 0);
    assert_true(isnan(column_number(trials, "pupil_y", 4)));
    bram_dataset_free(ds);
    ds = import_good(cx, "sensorium2022:images=ignore", path);
    assert_null(bram_dataset_response(ds, set));
    bram_dataset_free(ds);
    remove_tree(path);
    bram_ctx_free(cx);
}

/* A tier of zeros was withheld; a trial of zeros in a tier of others was silent. */
static void withheld_is_missing_and_silent_is_zero(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "sensorium2022:id=m", made_scan(2022, false, "withheld"));
    assert_true(isnan(value_of(cx, response_at(ds, "responses/m"), 2, 0, 0, 0)));
    assert_near(value_of(cx, response_at(ds, "responses/m"), 1, 0, 0, 0), 5, 0);
    bram_dataset_free(ds);
    ds = import_good(cx, "sensorium2022:id=m", made_scan(2022, false, "silent"));
    assert_near(value_of(cx, response_at(ds, "responses/m_training"), 0, 1, 0, 0), 0, 0);
    bram_dataset_free(ds);
    remove_tree(made_scan(2022, false, "good"));
    bram_ctx_free(cx);
}

/* 2023: frame f of neuron j in trial t is 100 t + 10 j + f. */
static void videos_are_told_by_content(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int folder = 0; folder < 2; folder++) {
        const char *path = made_scan(2023, folder, "good");
        bram_dataset *ds = import_good(cx, "sensorium2023:id=v", path);
        const bram_response *r = response_at(ds, "responses/v");
        const bram_axis *trial = bram_response_axis(r, 0),
                        *table = bram_dataset_table(ds, "stimuli/stimulus");
        assert_int_equal(bram_response_dims(r), 3);
        assert_near(value_of(cx, r, 3, 2, 4, 0), 324, 0);
        assert_true(isnan(value_of(cx, r, 1, 0, 4, 0)));
        assert_near(bram_axis_values(bram_response_axis(r, 2))[3], 0.1, 1e-15);
        assert_int_equal(bram_axis_length(table), 3);
        assert_string_equal(column_text(trial, "stimulus", 1), column_text(trial, "stimulus", 2));
        assert_string_not_equal(column_text(trial, "stimulus", 0),
                                column_text(trial, "stimulus", 3));
        assert_near(column_number(trial, "repeat", 2), 1, 0);
        assert_string_equal(column_text(trial, "set", 2), "oracle");
        assert_string_equal(column_text(table, "set", 1), "oracle");
        assert_near(column_number(bram_dataset_table(ds, "trials/v/trials"), "pupil_dilation", 3),
                    3, 0);
        bram_dataset_free(ds);
    }
    remove_tree(made_scan(2023, false, "good"));
    bram_ctx_free(cx);
}

static void damaged_scans_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"units", "meta/neurons/unit_ids.npy: found int64 (3,), expected one entry for each of 4"},
        {"places", "cell_motor_coordinates.npy: found float64 (3, 4), expected 4 neurons x 3"},
        {"no-trial", "no data/responses/4.npy; tiers names 9 trials"},
        {"shape", "data/responses/3: found float32 (2,), expected a number for each of 4 neurons"},
        {"level", "data/images/0: a pixel is 350, expected 0 to 255"},
        {"pixels", "data/images/8: found float32 (1, 1, 3), expected 6 pixels"},
        {"infinite", "a value is inf, expected a number"},
        {"no-images", "no meta/trials/frame_image_id.npy"},
        {"tiers", "meta/trials/tiers.npy: found int64 (9,), expected a text for each trial"},
        {"image-ids", "frame_image_id.npy: found int64 (8,), expected one entry for each of 9"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused("sensorium2022", made_scan(2022, i % 2, cases[i][0]), cases[i][1]);
    assert_refused("sensorium2023", made_scan(2023, false, "frames"),
                   "data/responses/2: found float32 (5, 4), expected 4 neurons x frames");
    remove_tree(made_scan(2023, false, "good"));
}

static void scans_are_known(void **state)
{
    (void)state;
    for (int folder = 0; folder < 2; folder++) {
        assert_known_by("sensorium2022", made_scan(2022, folder, "good"), "data/images");
        assert_known_by("sensorium2023", made_scan(2023, folder, "good"), "data/videos");
    }
    remove_tree(made_scan(2023, false, "good"));
}

static void memory_may_be_short(void **state)
{
    (void)state;
    assert_survives("sensorium2022", made_scan(2022, false, "good"), true);
    assert_survives("sensorium2023", made_scan(2023, true, "good"), false);
    remove_tree(made_scan(2023, false, "good"));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_become_repeats_of_images),
        cmocka_unit_test(images_and_behaviour_are_kept),
        cmocka_unit_test(withheld_is_missing_and_silent_is_zero),
        cmocka_unit_test(videos_are_told_by_content),
        cmocka_unit_test(damaged_scans_are_refused),
        cmocka_unit_test(scans_are_known),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
