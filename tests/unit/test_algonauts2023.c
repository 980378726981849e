/* Tests of loaders/algonauts2023.c on made folders: made_algonauts.c says what they hold, what of
 * it is documented and what assumed. */
#include "shown_test.h"

static const char *made_subject(bool folder, const char *defect)
{
    static char path[200];
    test_temporary(path, "subj01");
    remove_tree(path);
    assert_true(made_algonauts(path, folder, defect));
    return path;
}

/* Image i, vertex v: 10 i + v, right + 1000, test + 100. */
static void rows_are_images_and_columns_vertices(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int folder = 0; folder < 2; folder++) {
        bram_dataset *ds = import_good(cx, "algonauts2023:subject=s1",
                                       made_subject(folder, "good"));
        const bram_response *r = response_at(ds, "responses/s1");
        const bram_axis *stimulus = bram_response_axis(r, 0), *unit = bram_response_axis(r, 1);
        assert_int_equal(bram_axis_length(stimulus), 6);
        assert_int_equal(bram_axis_length(unit), 5);
        assert_near(value_of(cx, r, 2, 1, 0, 0), 21, 0);
        assert_near(value_of(cx, r, 3, 4, 0, 0), 1031, 0);
        assert_near(value_of(cx, r, 5, 0, 0, 0), 110, 0);
        assert_string_equal(bram_axis_id(stimulus, 0), "nsd-00013");
        assert_string_equal(bram_axis_id(stimulus, 4), "nsd-00845");
        assert_string_equal(column_text(stimulus, "set", 3), "training");
        assert_string_equal(column_text(stimulus, "set", 4), "test");
        assert_string_equal(column_text(stimulus, "image", 1),
                            "training_split/training_images/train-0002_nsd-00027.png");
        assert_string_equal(bram_axis_id(unit, 0), "lh-00001");
        assert_string_equal(bram_axis_id(unit, 4), "rh-00002");
        assert_string_equal(column_text(unit, "hemisphere", 3), "rh");
        assert_string_equal(column_text(unit, "subject", 3), "s1");
        bram_dataset_free(ds);
    }
    remove_tree(made_subject(false, "good"));
    bram_ctx_free(cx);
}

static void regions_have_their_names(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "algonauts2023:subject=s1", made_subject(true, "good"));
    const bram_axis *unit = bram_response_axis(response_at(ds, "responses/s1"), 1);
    assert_string_equal(column_text(unit, "prf_visualrois", 0), "V1v");
    assert_string_equal(column_text(unit, "prf_visualrois", 1), "");
    assert_string_equal(column_text(unit, "prf_visualrois", 2), "hV4");
    assert_string_equal(column_text(unit, "prf_visualrois", 3), "V2v");
    assert_string_equal(column_text(unit, "mine", 0), "9");
    assert_near(column_number(unit, "noise_ceiling", 2), 0.25, 0); /* given as percentages */
    bram_dataset_free(ds);
    remove_tree(made_subject(false, "good"));
    bram_ctx_free(cx);
}

static void vertices_are_chosen_by_their_ceiling(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "algonauts2023:subject=s1,noise_ceiling=0.2",
                                   made_subject(true, "good"));
    const bram_response *r = response_at(ds, "responses/s1");
    assert_int_equal(bram_response_length(r, 1), 3); /* left 1 and 3, right 1 */
    assert_near(value_of(cx, r, 1, 1, 0, 0), 12, 0);
    assert_near(value_of(cx, r, 1, 2, 0, 0), 1010, 0);
    assert_string_equal(attribute_of(r, "unit_rules"), "noise_ceiling > 0.2");
    bram_dataset_free(ds);
    assert_refused("algonauts2023:noise_ceiling=0.9", made_subject(true, "good"),
                   "none of 5 units has noise_ceiling > 0.9");
    assert_refused("algonauts2023:noise_ceiling=0.2", made_subject(true, "no-test"),
                   "found no noise_ceiling of the units");
    remove_tree(made_subject(false, "good"));
    bram_ctx_free(cx);
}

/* During the challenge test images have no responses: they are known as stimuli. */
static void test_images_may_lack_responses(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "algonauts2023:subject=s1", made_subject(true, "no-test"));
    const bram_axis *table = bram_dataset_table(ds, "stimuli/stimulus");
    assert_int_equal(bram_response_length(response_at(ds, "responses/s1"), 0), 4);
    assert_int_equal(bram_axis_length(table), 6);
    assert_string_equal(bram_axis_id(table, 5), "nsd-00101");
    assert_string_equal(column_text(table, "set", 5), "test");
    bram_dataset_free(ds);
    ds = import_good(cx, "algonauts2023:subject=s1", made_subject(true, "nan"));
    assert_true(isnan(value_of(cx, response_at(ds, "responses/s1"), 0, 3, 0, 0)));
    bram_dataset_free(ds);
    remove_tree(made_subject(false, "good"));
    bram_ctx_free(cx);
}

static void damaged_folders_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"rows", "rh_training_fmri.npy: found float32 (3, 2), expected 4 images x 2 vertices"},
        {"mask", "lh.prf-visualrois_challenge_space.npy: found int32 (2,), expected 3 vertices"},
        {"image-number", "found image 7, expected each of 1 to 4 once"},
        {"half", "test_split/test_fmri: found one hemisphere"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused("algonauts2023", made_subject(i % 2, cases[i][0]), cases[i][1]);
    remove_tree(made_subject(false, "good"));
}

static void folders_are_known(void **state)
{
    (void)state;
    for (int folder = 0; folder < 2; folder++)
        assert_known_by("algonauts2023", made_subject(folder, "good"), "training_fmri");
    assert_survives("algonauts2023", made_subject(true, "good"), false);
    remove_tree(made_subject(false, "good"));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_images_and_columns_vertices),
        cmocka_unit_test(regions_have_their_names),
        cmocka_unit_test(vertices_are_chosen_by_their_ceiling),
        cmocka_unit_test(test_images_may_lack_responses),
        cmocka_unit_test(damaged_folders_are_refused),
        cmocka_unit_test(folders_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
