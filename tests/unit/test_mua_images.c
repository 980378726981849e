/* Tests of loaders/tvsd.c and loaders/stringer2019.c on made files: made_mua.c says what they hold,
 * what of it is documented and what assumed. */
#include "shown_test.h"

static const char *file_of(const char *kind, const char *defect)
{
    static char path[2][200];
    bool images = strstr(kind, "-images") != NULL;
    snprintf(path[images], sizeof path[images], "%s/bramble-%ld-%s.mat",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(), kind);
    assert_true(made_file(kind, path[images], defect));
    return path[images];
}

static bram_dataset *import_two(bram_ctx *cx, const char *spec, const char *a, const char *b)
{
    bram_dataset *ds;
    size_t errors = 1;
    assert_ok(cx, import_paths(cx, &ds, spec, (const char *const[]){a, b, NULL}));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    return ds;
}

/* Training image i, channel c: 10 i + c; test 100 + 10 i + c + repeat / 4. */
static void tvsd_has_two_sets(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const char *const lists[] = {"good", "cells"};
    for (size_t k = 0; k < 2; k++) {
        bram_dataset *ds = import_two(cx, "tvsd:id=F", file_of("tvsd-images", lists[k]),
                                      file_of("tvsd", "good"));
        const bram_response *test = response_at(ds, "responses/F"),
                            *training = response_at(ds, "responses/F_training");
        const bram_axis *learned = bram_response_axis(training, 0),
                        *unit = bram_response_axis(test, 1);
        assert_int_equal(bram_response_length(test, 2), 2);
        assert_near(value_of(cx, test, 2, 3, 1, 0), 123.25, 0);
        assert_near(value_of(cx, training, 4, 1, 0, 0), 41, 0);
        assert_string_equal(bram_axis_id(learned, 0), "aardvark_01b");
        assert_string_equal(column_text(learned, "category", 2), "zebra");
        assert_string_equal(column_text(learned, "set", 2), "train");
        assert_string_equal(column_text(learned, "image", 2), "images/zebra/zebra_01b.jpg");
        assert_string_equal(bram_axis_id(bram_response_axis(test, 0), 1), "mango_12s");
        assert_near(column_number(unit, "snr", 0), 2, 0); /* mean of two days: 1 and 3 */
        assert_near(column_number(unit, "oracle", 3), 0.4, 0);
        assert_true(column_number(unit, "reliability", 0) > 0.999);
        assert_int_equal(bram_axis_length(bram_dataset_table(ds, "stimuli/stimulus")), 8);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void tvsd_chooses_channels(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_good(cx, "tvsd:id=N,snr=2,oracle=0.25", file_of("tvsd", "good"));
    const bram_response *r = response_at(ds, "responses/N_training");
    assert_int_equal(bram_response_length(r, 1), 2); /* channels 3 and 4 */
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 0), "0003");
    assert_near(value_of(cx, r, 1, 1, 0, 0), 13, 0);
    assert_string_equal(attribute_of(r, "unit_rules"), "snr > 2, oracle > 0.25");
    assert_string_equal(bram_axis_id(bram_response_axis(r, 0), 2), "train-00003");
    bram_dataset_free(ds);
    static const struct {
        const char *spec, *area[3];
    } monkeys[] = {{"tvsd:id=x,monkey=N", {"V4", "IT", "IT"}},
                   {"tvsd:id=x,monkey=F", {"IT", "IT", "V4"}}};
    for (size_t k = 0; k < 2; k++) {
        ds = import_good(cx, monkeys[k].spec, file_of("tvsd", "channels"));
        const bram_axis *unit = bram_response_axis(response_at(ds, "responses/x"), 1);
        assert_string_equal(column_text(unit, "area", 511), "V1");
        assert_string_equal(column_text(unit, "area", 512), monkeys[k].area[0]);
        assert_string_equal(column_text(unit, "area", 768), monkeys[k].area[1]);
        assert_string_equal(column_text(unit, "area", 832), monkeys[k].area[2]);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* Presentation t, neuron j: 10 t + j; images 1 2 grey 3 2 1 3 grey. */
static void stringer_has_repeats(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import_two(cx, "stringer2019:id=m", file_of("stringer", "good"),
                                  file_of("stringer-images", "good"));
    const bram_response *r = response_at(ds, "responses/m"),
                        *pictures = response_at(ds, "stimuli/images/images");
    assert_int_equal(bram_response_length(r, 0), 3);
    assert_int_equal(bram_response_length(r, 2), 2);
    assert_near(value_of(cx, r, 0, 2, 0, 0), 2, 0);
    assert_near(value_of(cx, r, 0, 2, 1, 0), 52, 0);
    assert_near(value_of(cx, r, 2, 3, 0, 0), 33, 0);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 0), 2), "natimg2800-0003");
    assert_near(column_number(bram_response_axis(r, 1), "depth", 1), 45, 0);
    assert_string_equal(attribute_of(r, "subject"), "M170717");
    assert_int_equal(bram_response_type(pictures), BRAM_U8);
    assert_near(value_of(cx, pictures, 2, 1, 2, 0), 112, 0);
    bram_dataset_free(ds);
    ds = import_good(cx, "stringer2019:id=m,grey=keep", file_of("stringer", "good"));
    r = response_at(ds, "responses/m");
    assert_int_equal(bram_response_length(r, 0), 4);
    assert_near(value_of(cx, r, 3, 0, 1, 0), 70, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void refused_with(const char *spec, const char *path, const char *other, const char *words)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    int status = import_paths(cx, &ds, spec, (const char *const[]){path, other, NULL});
    if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), words))
        fail_msg("%d: found \"%s\", expected \"%s\"", status, bram_ctx_message(cx), words);
    bram_ctx_free(cx);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const char *const tvsd[][2] = {
        {"flat", "train_MUA: found 1 dimensions of 5 numbers, expected channel x image"},
        {"test", "test_MUA_reps: found 3 dimensions, the first of 3, expected 4 channels"},
        {"snr", "SNR: found 6 numbers, expected some for each of 4 channels"},
        {"huge", "its shape claims"}};
    static const char *const stringer[][2] = {
        {"istim", "istim: found double of 7 elements, expected numbers of 8, one for each"},
        {"half", "presentation 4 is of image 1.5, expected a whole number"},
        {"med", "med: found 3 x 3, expected 4 neurons x 3"},
        {"class", "stim.resp: found char of 4 elements"},
        {"grey", "found one image, the grey screen"}};
    for (size_t i = 0; i < sizeof tvsd / sizeof *tvsd; i++)
        assert_refused("tvsd", file_of("tvsd", tvsd[i][0]), tvsd[i][1]);
    for (size_t i = 0; i < sizeof stringer / sizeof *stringer; i++)
        assert_refused("stringer2019", file_of("stringer", stringer[i][0]), stringer[i][1]);
    assert_refused("tvsd:monkey=N", file_of("tvsd", "good"), "found 4 channels, expected the 1024");
    refused_with("tvsd", file_of("tvsd", "good"), file_of("tvsd-images", "short"),
                 "train_imgs: found struct of 4 elements, expected a struct of 5");
    refused_with("stringer2019", file_of("stringer", "good"), file_of("stringer-images", "few"),
                 "expected row x column x image, 3 images or more");
    refused_with("stringer2019", file_of("stringer", "good"), file_of("stringer-images", "level"),
                 "imgs: a pixel is 300");
}

static void files_are_known(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_recognition r = {.verdict = BRAM_NOT_MINE};
    assert_known_by("tvsd", file_of("tvsd", "good"), "train_MUA");
    assert_known_by("stringer2019", file_of("stringer", "good"), "stim and med");
    const bram_loader *tvsd = bram_loader_find("tvsd");
    assert_ok(cx, tvsd->belongs(cx, file_of("tvsd-images", "good"), &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_survives("tvsd", file_of("tvsd", "good"), true);
    assert_survives("stringer2019", file_of("stringer", "good"), false);
    unlink(file_of("tvsd", "good"));
    unlink(file_of("tvsd-images", "good"));
    unlink(file_of("stringer", "good"));
    unlink(file_of("stringer-images", "good"));
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tvsd_has_two_sets),    cmocka_unit_test(tvsd_chooses_channels),
        cmocka_unit_test(stringer_has_repeats), cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(files_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
