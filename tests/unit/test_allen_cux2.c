/*
 * Tests of loaders/allen_cux2.c: what an import says of the real set whose pictures and responses
 * do not belong together (the counts are those that were found by comparing rows), and made ones.
 */
#include "npy.h"
#include "test.h"

#include <bramble/loader.h>

enum { FILES = 8, SCENES = 6, TRAIN = 4, TEST = 2, CELLS = 20, TRIALS = 7, PIXELS = 4 };

static char said[4096];

static void take_note(void *user, const char *text)
{
    (void)user;
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s\n", text);
}

static void assert_said(const char *words)
{
    if (!strstr(said, words)) fail_msg("said \"%s\", expected \"%s\"", said, words);
}

static void the_real_set(void **state)
{
    (void)state;
    static const char *const names[FILES] = {
        "Allen_test_input.npy",         "Allen_test_output.npy",
        "Allen_test_output_big.npy",    "Allen_train_input.npy",
        "Allen_train_output.npy",       "all_exps.csv",
        "all_input_scenes_118_961.npy", "readme.txt"};
    char path[FILES][512];
    const char *paths[FILES];
    for (size_t i = 0; i < FILES; i++) {
        char name[128];
        snprintf(name, sizeof name, "vision/encoding/allen_cux2_511510667_UNPAIRED/%s", names[i]);
        test_data(path[i], name);
        paths[i] = path[i];
    }
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    *said = 0;
    bram_ctx_set_note(cx, take_note, NULL);
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, FILES}, NULL));
    assert_said(
        "responses/train: nothing ties the responses to the pictures: over the pairs of 100 "
        "stimuli the similarity of pictures and that of responses correlate by 0.009");
    assert_said("13 of its 100 rows are bit for bit single trials of responses/trials");
    assert_said("2 of its 18 rows are bit for bit single trials of responses/trials");
    assert_said("responses: left out");
    assert_int_equal(bram_dataset_responses(ds), 1); /* the pictures */
    const bram_response *scenes = bram_dataset_response(ds, "stimuli/images/scenes");
    assert_int_equal(bram_response_length(scenes, 0), 118);
    assert_int_equal(bram_response_length(scenes, 1), 31);
    const bram_axis *table = bram_dataset_table(ds, "experiments/container");
    assert_int_equal(bram_axis_length(table), 199);
    assert_int_equal(bram_axis_columns(table), 59);
    assert_non_null(bram_attrs_text(bram_dataset_find_attrs(ds, "stimuli"), "responses"));
    bram_dataset_free(ds);
    assert_ok(cx,
              bram_import(cx, &ds, "allen-cux2:responses=keep", &(bram_input){paths, FILES}, NULL));
    const bram_response *train = bram_dataset_response(ds, "responses/train");
    assert_int_equal(bram_response_length(train, 1), 212);
    assert_non_null(strstr(bram_attrs_text(bram_response_attrs_const(train), "findings"),
                           "they are no means over repeats"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

struct files {
    char path[6][200];
    const char *paths[6];
};

static void write_array(bram_ctx *cx, const char *path, size_t n, size_t m, const double *values)
{
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){n, m}, values));
}

/* Scenes of 2 x 2 in two parts; the responses count up. */
static void write_files(bram_ctx *cx, struct files *f)
{
    double scene[SCENES * PIXELS], value[TRIALS * CELLS];
    for (size_t i = 0; i < SCENES * PIXELS; i++) scene[i] = (double)(i * i % 251);
    for (size_t i = 0; i < TRIALS * CELLS; i++) value[i] = (double)i;
    for (size_t i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu.npy", i);
        test_temporary(f->path[i], name);
        f->paths[i] = f->path[i];
    }
    write_array(cx, f->paths[0], TRIALS, CELLS, value);
    write_array(cx, f->paths[1], TEST, PIXELS, scene);
    write_array(cx, f->paths[2], SCENES, PIXELS, scene);
    write_array(cx, f->paths[3], TRAIN, CELLS, value);
    write_array(cx, f->paths[4], TRAIN, PIXELS, scene + TEST * PIXELS);
    write_array(cx, f->paths[5], TEST, CELLS, value + CELLS);
}

static void made_ones(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct files f;
    bram_dataset *ds = NULL;
    bram_recognition r;
    const bram_loader *loader = bram_loader_find("allen-cux2");
    write_files(cx, &f);
    *said = 0;
    bram_ctx_set_note(cx, take_note, NULL);
    const bram_input all = {f.paths, 6}, five = {f.paths, 5};
    assert_ok(cx, loader->recognise(cx, &all, &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_ok(cx, loader->recognise(cx, &five, &r));
    assert_int_equal(r.verdict, BRAM_NOT_MINE);
    assert_ok(cx, bram_import(cx, &ds, "allen-cux2:responses=keep", &all, NULL));
    assert_said("4 of its 4 rows are bit for bit single trials");
    const bram_axis *stimulus = bram_response_axis(bram_dataset_response(ds, "responses/train"), 0);
    assert_string_equal(bram_axis_id(stimulus, 0), "scene-003");
    bram_dataset_free(ds);
    double odd[SCENES * PIXELS] = {300};
    write_array(cx, f.paths[2], SCENES, PIXELS, odd); /* parts of nothing */
    assert_int_equal(bram_import(cx, &ds, "allen-cux2", &all, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "no array of which two others are the parts"));
    odd[0] = NAN;
    write_array(cx, f.paths[2], SCENES, PIXELS, odd);
    assert_int_equal(bram_import(cx, &ds, "allen-cux2", &all, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "expected a matrix of finite numbers"));
    for (size_t i = 0; i < 6; i++) unlink(f.paths[i]);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_real_set), cmocka_unit_test(made_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
