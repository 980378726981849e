/* Tests of loaders/things_fmri.c, nsd.c and bold5000.c on made files: made_fmri.c and made_nsd.c
 * say what they hold, what of it is documented and what assumed. */
#include "npy.h"
#include "nifti.h"
#include "shown_test.h"

enum { PATHS = 6 };

static char path[PATHS][300];

/* A made file of a kind, in place `at`, its name ending as it should. */
static const char *put(size_t at, const char *kind, const char *defect, const char *name)
{
    snprintf(path[at], sizeof path[at], "%s/bramble-%ld-%s",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(), name);
    if (strcmp(kind, "nsd2") == 0) assert_true(made_nsd(path[at], 2, defect));
    else if (strcmp(kind, "map") == 0) assert_true(made_nsd_map(path[at], defect, 0.5));
    else if (strcmp(kind, "design") == 0) assert_true(made_nsd_design(path[at], defect));
    else assert_true(made_file(kind, path[at], defect));
    return path[at];
}

/* The files put at 0 .. n - 1, which must give a valid dataset. */
static bram_dataset *import_all(bram_ctx *cx, const char *spec, size_t n)
{
    const char *paths[PATHS + 1] = {NULL};
    bram_dataset *ds;
    size_t errors = 1;
    for (size_t i = 0; i < n; i++) paths[i] = path[i];
    assert_ok(cx, import_paths(cx, &ds, spec, paths));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    return ds;
}

static void refused(const char *spec, size_t n, const char *words)
{
    const char *paths[PATHS + 1] = {NULL};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    for (size_t i = 0; i < n; i++) paths[i] = path[i];
    int status = import_paths(cx, &ds, spec, paths);
    if ((status != BRAM_EFORMAT && status != BRAM_EUSAGE) || !strstr(bram_ctx_message(cx), words))
        fail_msg("%d: found \"%s\", expected \"%s\"", status, bram_ctx_message(cx), words);
    bram_ctx_free(cx);
}

/* Every allocation may fail: the import of the first n files says so, until it succeeds. */
static void survives(const char *spec, size_t n)
{
    const char *paths[PATHS + 1] = {NULL};
    int status = BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) paths[i] = path[i];
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 20) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, k % 2);
        status = import_paths(cx, &ds, spec, paths);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        assert_true(k < 100000);
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
}

static void remove_all(void)
{
    for (size_t i = 0; i < PATHS; i++)
        if (path[i][0]) unlink(path[i]);
}

/* ---- THINGS: voxel v, trial t: 100 v + t; trials dog OWL mango BIB OWL BIB axe
 * -------------------- */

static void things_has_two_sets(void **state)
{
    (void)state;
    static const char *const forms[] = {"good", "column"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 0; k < 2; k++) {
        put(0, "things-trials", "good", "StimulusMetadata.csv");
        put(1, "things", forms[k], "sub-01_ResponseData.h5");
        put(2, "things-voxels", "good", "VoxelMetadata.csv");
        bram_dataset *ds = import_all(cx, "auto", 3);
        char name[100];
        snprintf(name, sizeof name, "responses/bramble-%ld-sub-01", (long)getpid());
        const bram_response *test = response_at(ds, name);
        strcat(name, "_training");
        const bram_response *training = response_at(ds, name);
        const bram_axis *voxel = bram_response_axis(test, 1);
        assert_int_equal(bram_response_length(test, 0), 2);
        assert_int_equal(bram_response_length(test, 2), 2);
        assert_string_equal(bram_axis_id(bram_response_axis(test, 0), 0), "owl_01b");
        assert_string_equal(column_text(bram_response_axis(test, 0), "category", 1), "bib");
        assert_string_equal(column_text(bram_response_axis(test, 0), "image", 1), "bib_01b.jpg");
        assert_near(value_of(cx, test, 0, 2, 1, 0), 204, 0);
        assert_near(value_of(cx, test, 1, 4, 0, 0), 403, 0);
        assert_near(value_of(cx, training, 2, 1, 0, 0), 106, 0);
        assert_string_equal(column_text(bram_response_axis(training, 0), "set", 0), "train");
        assert_string_equal(bram_axis_id(voxel, 3), "13");
        assert_near(column_number(voxel, "nc_testset", 4), 40,
                    0); /* rows of the table by voxel_id */
        assert_near(column_number(voxel, "lffa", 2), 1, 0);
        assert_near(column_number(voxel, "voxel_x", 1), 1, 0);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void things_chooses_voxels(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    put(0, "things-trials", "good", "StimulusMetadata.csv");
    put(1, "things", "good", "sub-01_ResponseData.h5");
    put(2, "things-voxels", "good", "VoxelMetadata.csv");
    bram_dataset *ds = import_all(cx, "things-fmri:id=s,nc_testset=15,regions=V1+lFFA", 3);
    const bram_response *r = response_at(ds, "responses/s_training");
    assert_int_equal(bram_response_length(r, 1), 3); /* 11, 12, 14 */
    assert_near(value_of(cx, r, 0, 2, 0, 0), 400, 0);
    assert_string_equal(attribute_of(r, "unit_rules"), "nc_testset > 15, in V1+lFFA");
    bram_dataset_free(ds);
    ds = import_all(cx, "things-fmri:id=s", 2); /* without the table of voxels */
    assert_int_equal(bram_response_length(response_at(ds, "responses/s"), 1), 5);
    bram_dataset_free(ds);
    put(1, "things", "no-id", "sub-01_ResponseData.h5");
    ds = import_all(cx, "things-fmri:id=s", 2);
    assert_string_equal(bram_axis_id(bram_response_axis(response_at(ds, "responses/s"), 1), 2),
                        "2");
    bram_dataset_free(ds);
    refused("things-fmri:regions=V1", 2, "no column V1 in a table of voxels");
    bram_ctx_free(cx);
}

static void damaged_things_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *trials, *responses, *voxels, *words;
    } cases[] = {{"mixed", "good", "good", "stimulus bib_01b is of trial_type test and, in line 7"},
                 {"no-type", "good", "good", "found neither trial_type nor voxel_id"},
                 {"good", "trials", "good", "no pandas table of reals with 7 columns"},
                 {"good", "ids", "good", "found 4 voxels, the responses have 5"},
                 {"good", "good", "stranger", "no voxel_id 14, which the responses have in row 5"},
                 {"good", "good", "word", "found \"high\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put(0, "things", cases[i].responses, "sub-01_ResponseData.h5");
        put(1, "things-trials", cases[i].trials, "StimulusMetadata.csv");
        put(2, "things-voxels", cases[i].voxels, "VoxelMetadata.csv");
        refused("things-fmri:nc_testset=1", 3, cases[i].words);
    }
    refused("things-fmri", 1, "found no table of trials");
}

/* The real table of subject 1, with made responses: 8640 images once, 100 twelve times. */
static void things_with_the_real_table(void **state)
{
    (void)state;
    enum { TRIALS = 9840 };
    char table[512];
    test_data(table, "vision/encoding/things/sub-01_StimulusMetadata.csv");
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path[0], "real_ResponseData.h5");
    assert_true(made_things_wide(path[0], TRIALS));
    bram_dataset *ds;
    assert_ok(
        cx, import_paths(cx, &ds, "things-fmri:id=s", (const char *const[]){path[0], table, NULL}));
    const bram_response *test = response_at(ds, "responses/s"),
                        *training = response_at(ds, "responses/s_training");
    assert_int_equal(bram_response_length(test, 0), 100);
    assert_int_equal(bram_response_length(test, 2), 12);
    assert_int_equal(bram_response_length(training, 0), 8640);
    assert_false(bram_response_has_mask(test));
    assert_string_equal(bram_axis_id(bram_response_axis(training, 0), 1), "mango_12s");
    assert_near(value_of(cx, training, 1, 1, 0, 0), TRIALS + 1, 0);
    bram_dataset_free(ds);
    unlink(path[0]);
    bram_ctx_free(cx);
}

/* ---- NSD: trial t of session s: t + 10 (s - 1) + voxel / 100
 * -------------------------------------- */

static void nsd_sessions_become_repeats(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    put(0, "nsd2", "good", "betas_session02.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    put(2, "nsd", "good", "betas_session01.hdf5");
    put(3, "design", "good", "nsd_expdesign.mat");
    bram_dataset *ds = import_all(cx, "nsd:subject=1", 4);
    const bram_response *r = response_at(ds, "responses/subj01");
    const bram_axis *stimulus = bram_response_axis(r, 0), *voxel = bram_response_axis(r, 1);
    assert_int_equal(bram_axis_length(stimulus), 4);
    assert_int_equal(bram_axis_length(voxel), 24);
    assert_int_equal(bram_response_length(r, 2), 3);
    assert_string_equal(bram_axis_id(stimulus, 0), "nsd-00010");
    assert_string_equal(column_text(stimulus, "set", 3), "shared1000");
    assert_string_equal(column_text(stimulus, "set", 2), "own");
    assert_string_equal(column_text(stimulus, "coco_split", 2), "train2017");
    assert_near(column_number(stimulus, "coco_id", 0), 532481, 0);
    assert_near(value_of(cx, r, 0, 7, 0, 0), 0.07, 1e-7);
    assert_near(value_of(cx, r, 0, 7, 1, 0), 2.07, 1e-6);
    assert_near(value_of(cx, r, 0, 23, 2, 0), 10.23, 1e-6); /* trial 751: the first of session 2 */
    assert_near(value_of(cx, r, 3, 0, 2, 0), 13, 1e-6);
    assert_true(isnan(value_of(cx, r, 1, 0, 2, 0))); /* trial 800 is not there */
    assert_near(column_number(voxel, "x", 23), 3, 0);
    assert_near(column_number(voxel, "y", 23), 2, 0);
    assert_near(column_number(voxel, "z", 23), 1, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Volumes: 0.5 (voxel - 4) with x fastest. */
static void nsd_volumes_choose_voxels(void **state)
{
    (void)state;
    if (!bram_nifti_available()) return;
    bram_ctx *cx = bram_ctx_new();
    put(0, "nsd", "good", "betas_session01.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    put(2, "map", "good", "a.nii.gz");
    char mask[60], spec[160];
    snprintf(mask, sizeof mask, "bramble-%ld-a", (long)getpid());
    snprintf(spec, sizeof spec, "nsd:subject=1,mask=%s", mask);
    bram_dataset *ds = import_all(cx, spec, 3);
    const bram_response *r = response_at(ds, "responses/subj01");
    const bram_axis *voxel = bram_response_axis(r, 1);
    assert_int_equal(bram_axis_length(voxel), 19); /* 5 .. 23 */
    assert_string_equal(bram_axis_id(voxel, 0), "5");
    assert_near(value_of(cx, r, 0, 1, 1, 0), 2.06, 1e-6);
    for (char *c = mask; *c; c++)
        if (*c == '-') *c = '_';
    assert_near(column_number(voxel, mask, 18), 9.5, 1e-6);
    bram_dataset_free(ds);
    snprintf(spec, sizeof spec, "nsd:subject=1,mask=,normalize=session");
    ds = import_all(cx, spec, 3);
    r = response_at(ds, "responses/subj01"); /* trials 0 .. 5: mean 2.5, deviation sqrt(35 / 12) */
    assert_near(value_of(cx, r, 0, 9, 1, 0), -0.5 / sqrt(35 / 12.0), 1e-6);
    assert_string_equal(attribute_of(r, "unit"), "z");
    bram_dataset_free(ds);
    refused("nsd:subject=1,mask=V1", 3, "found no volume V1 among the files");
    refused("nsd:subject=1,ncsnr=0.5", 3, "found no ncsnr of the units");
    put(2, "map", "grid", "a.nii.gz");
    refused("nsd:subject=1", 3, "found a grid of 4 x 4 x 2 voxels, the first file has 4 x 3 x 2");
    bram_ctx_free(cx);
}

/* Betas as a NIfTI of many volumes are those of HDF5. */
static void nsd_betas_may_be_nifti(void **state)
{
    (void)state;
    if (!bram_nifti_available()) return;
    enum { T = 6, X = 4, Y = 3, Z = 2 };
    double values[T * X * Y * Z];
    bram_ctx *cx = bram_ctx_new();
    const bram_volumes grid = {.dims = {X, Y, Z}, .count = T};
    for (size_t t = 0; t < T; t++)
        for (size_t x = 0; x < X; x++)
            for (size_t y = 0; y < Y; y++)
                for (size_t z = 0; z < Z; z++)
                    values[((t * X + x) * Y + y) * Z + z] = 300 * (double)t +
                                                            3 * (double)((z * Y + y) * X + x);
    put(0, "nsd", "good", "betas_session01.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    bram_dataset *ds = import_all(cx, "nsd:subject=1", 2), *other;
    snprintf(path[2], sizeof path[2], "%s/bramble-%ld-betas_session01.nii.gz",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    assert_ok(cx, bram_nifti_write(cx, path[2], true, &grid, values, T));
    assert_ok(cx, import_paths(cx, &other, "nsd:subject=1",
                               (const char *const[]){path[2], path[1], NULL}));
    const bram_response *a = response_at(ds, "responses/subj01"),
                        *b = response_at(other, "responses/subj01");
    for (size_t i = 0; i < 4; i++)
        for (size_t v = 0; v < 24; v++) {
            double x = value_of(cx, a, i, v, 0, 0), y = value_of(cx, b, i, v, 0, 0);
            assert_true(x == y || (isnan(x) && isnan(y)));
        }
    bram_dataset_free(ds);
    bram_dataset_free(other);
    bram_ctx_free(cx);
}

/* imgBrick[i, r, c, k] = i + 10 r + c + 50 k, of images 0 to 40, read when it is asked for. */
static void nsd_pictures_go_with_the_responses(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    put(0, "nsd", "good", "betas_session01.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    test_temporary(path[2], "nsd_stimuli.hdf5");
    assert_true(made_nsd_pictures(path[2], 41));
    bram_dataset *ds = import_all(cx, "nsd:subject=1", 3);
    const bram_response *r = response_at(ds, "stimuli/images/images");
    assert_int_equal(bram_response_type(r), BRAM_U8);
    assert_int_equal(bram_response_length(r, 3), 3);
    assert_near(value_of(cx, r, 0, 1, 2, 1), 10 + 12 + 50, 0);
    assert_near(value_of(cx, r, 3, 0, 1, 0), 30 + 1, 0);
    bram_dataset_free(ds);
    assert_true(made_nsd_pictures(path[2], 25));
    refused("nsd:subject=1", 3, "imgBrick: no image 30 among 25");
    bram_ctx_free(cx);
}

static void damaged_nsd_is_refused(void **state)
{
    (void)state;
    put(0, "nsd", "good", "betas_session01.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    refused("nsd", 2, "whose betas are these");
    refused("nsd:subject=1", 1, "found 1 sessions of betas and no table of stimuli");
    refused("nsd:subject=3", 2, "subject3_rep0");
    put(2, "design", "other", "nsd_expdesign.mat");
    refused("nsd:subject=1", 3, "trial 4 of subject 1 shows image 76 by the design and 21 by the");
    put(2, "design", "short", "nsd_expdesign.mat");
    refused("nsd:subject=1", 3, "masterordering: found double of 29999 elements");
    put(2, "nsd2", "good", "again_session01.hdf5");
    refused("nsd:subject=1", 3, "found a second session 1");
    put(2, "nsd2", "good", "betas.hdf5");
    refused("nsd:subject=1", 3, "the name has no sessionNN");
    put(2, "nsd2", "grid", "betas_session02.hdf5");
    refused("nsd:subject=1", 3, "found a grid of 3 x 4 x 2 voxels, the first file has 4 x 3 x 2");
    static const char *const tables[][2] = {{"twice", "trial 3 is of an earlier image, too"},
                                            {"beyond", "subject1_rep2 is 30001, expected a trial"},
                                            {"no-subject", "subject1_rep1"}};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        put(1, "nsd-table", tables[i][0], "nsd_stim_info_merged.csv");
        refused("nsd:subject=1", 2, tables[i][1]);
    }
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    put(0, "nsd", "reals", "betas_session01.hdf5");
    refused("nsd:subject=1", 2, "betas: found 4 dimensions of others, expected whole numbers");
    put(0, "nsd", "rank", "betas_session01.hdf5");
    refused("nsd:subject=1", 2, "betas: found 3 dimensions of whole numbers");
}

/* ---- BOLD5000: LHPPA 10 t + voxel, RHPPA 100 + t; airport, n01440764, airport, COCO, airport
 * ------- */

static void check_bold5000(bram_ctx *cx, const bram_dataset *ds)
{
    const bram_response *r = response_at(ds, "responses/CSI1");
    const bram_axis *stimulus = bram_response_axis(r, 0), *voxel = bram_response_axis(r, 1);
    assert_int_equal(bram_axis_length(stimulus), 3);
    assert_int_equal(bram_response_length(r, 2), 3);
    assert_string_equal(bram_axis_id(stimulus, 0), "airport1");
    assert_string_equal(column_text(stimulus, "image", 1), "n01440764.JPEG");
    assert_string_equal(column_text(voxel, "area", 2), "PPA");
    assert_string_equal(column_text(voxel, "hemisphere", 1), "lh");
    assert_string_equal(bram_axis_id(voxel, 1), "LHPPA-0002");
    assert_near(value_of(cx, r, 0, 1, 1, 0), 21, 0);
    assert_near(value_of(cx, r, 0, 2, 2, 0), 104, 0);
    assert_near(value_of(cx, r, 2, 0, 0, 0), 30, 0);
    assert_true(isnan(value_of(cx, r, 2, 0, 1, 0)));
}

static void bold5000_from_matlab_and_arrays(void **state)
{
    (void)state;
    double left[5 * 2], right[5];
    bram_ctx *cx = bram_ctx_new();
    put(0, "bold5000", "good", "CSI1.mat");
    put(1, "bold5000-list", "good", "CSI01_stim_lists.txt");
    bram_dataset *ds = import_all(cx, "bold5000:id=CSI1", 2);
    check_bold5000(cx, ds);
    bram_dataset_free(ds);
    for (int t = 0; t < 5; t++)
        left[2 * t] = 10 * t, left[2 * t + 1] = 10 * t + 1, right[t] = 100 + t;
    char folder[200];
    test_temporary(folder, "bold");
    remove_tree(folder);
    snprintf(path[5], sizeof path[5], "mkdir -p '%s'", folder);
    assert_int_equal(system(path[5]), 0);
    path[5][0] = 0;
    snprintf(path[2], sizeof path[2], "%s/LHPPA.npy", folder);
    snprintf(path[3], sizeof path[3], "%s/RHPPA.npy", folder);
    assert_ok(cx, bram_npy_write(cx, path[2], true, BRAM_NPY_F64, 2, (size_t[]){5, 2}, left));
    assert_ok(cx, bram_npy_write(cx, path[3], true, BRAM_NPY_F64, 2, (size_t[]){5, 1}, right));
    assert_ok(cx, import_paths(cx, &ds, "bold5000:id=CSI1",
                               (const char *const[]){path[2], path[3], path[1], NULL}));
    check_bold5000(cx, ds);
    bram_dataset_free(ds);
    remove_tree(folder);
    path[2][0] = path[3][0] = 0;
    put(1, "bold5000-list", "short", "CSI01_stim_lists.txt");
    refused("bold5000", 2, "LHPPA: found 5 x 2, expected 4 presentations, as the list names");
    put(1, "bold5000-list", "word", "CSI01_stim_lists.txt");
    refused("bold5000", 2, "line 4: found \"no image\", expected the name of an image");
    refused("bold5000", 1, "found no list of images");
    put(0, "bold5000", "rows", "CSI1.mat");
    put(1, "bold5000-list", "good", "CSI01_stim_lists.txt");
    refused("bold5000", 2, "RHPPA: found 4 x 1, expected 5 presentations");
    bram_ctx_free(cx);
}

static void memory_may_be_short(void **state)
{
    (void)state;
    put(0, "things", "good", "sub-01_ResponseData.h5");
    put(1, "things-trials", "good", "StimulusMetadata.csv");
    put(2, "things-voxels", "good", "VoxelMetadata.csv");
    survives("things-fmri:id=s", 3);
    put(0, "nsd", "good", "betas_session01.hdf5");
    put(1, "nsd-table", "good", "nsd_stim_info_merged.csv");
    survives("nsd:subject=1", 2);
    put(0, "bold5000", "good", "CSI1.mat");
    put(1, "bold5000-list", "good", "CSI01_stim_lists.txt");
    survives("bold5000", 2);
}

static void files_are_known(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const char *const beside[][2] = {{"things-trials", "things-fmri"},
                                            {"things-voxels", "things-fmri"},
                                            {"nsd-table", "nsd"},
                                            {"bold5000-list", "bold5000"}};
    assert_known_by("things-fmri", put(0, "things", "good", "R.h5"), "ResponseData");
    assert_known_by("nsd", put(0, "nsd", "good", "betas_session01.hdf5"), "betas");
    assert_known_by("bold5000", put(1, "bold5000", "good", "CSI1.mat"), "regions");
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        put(2, beside[i][0], "good", "beside.csv");
        for (size_t k = 0; bram_loader_table[k]; k++) {
            const bram_loader *loader = bram_loader_table[k];
            bram_recognition r = {.verdict = BRAM_NOT_MINE};
            if (loader->belongs) assert_ok(cx, loader->belongs(cx, path[2], &r));
            assert_int_equal(r.verdict == BRAM_MINE, strcmp(loader->name, beside[i][1]) == 0);
        }
    }
    remove_all();
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_has_two_sets),
        cmocka_unit_test(things_chooses_voxels),
        cmocka_unit_test(damaged_things_are_refused),
        cmocka_unit_test(things_with_the_real_table),
        cmocka_unit_test(nsd_sessions_become_repeats),
        cmocka_unit_test(nsd_volumes_choose_voxels),
        cmocka_unit_test(nsd_betas_may_be_nifti),
        cmocka_unit_test(nsd_pictures_go_with_the_responses),
        cmocka_unit_test(damaged_nsd_is_refused),
        cmocka_unit_test(bold5000_from_matlab_and_arrays),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(files_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
