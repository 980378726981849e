/*
 * Tests of the loaders kriegeskorte92 and antolik2016, and of the vision benchmarks on the real
 * files: the figures that rsatoolbox and the recordings' own repeats give.
 */
#include "area.h"
#include "cell_test.h"
#include "internal.h"
#include "linalg.h"
#include "npy.h"
#include "rdm_pool.h"
#include "stats.h"

#include <bramble/loader.h>

static char spearman[] = "rsa:rdm=given,compare=spearman",
            pearson[] = "rsa:rdm=given,compare=pearson", tau[] = "rsa:rdm=given,compare=tau-a";
static char *rsa[] = {pearson, tau, spearman};

static void nothing_wrong(void *user, const bram_finding *f)
{
    (void)user;
    if (f->severity == BRAM_ERROR)
        fail_msg("%s %s: found %s, expected %s", f->path, f->field, f->found, f->expected);
}

/* Imports, recognised by content, and checks. */
static bram_dataset *import(bram_ctx *cx, const char *const *paths, size_t count, const char *name)
{
    bram_dataset *ds = NULL;
    size_t errors = 0;
    bram_input input = {paths, count};
    assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
    assert_string_equal(bram_attrs_text(bram_dataset_find_attrs(ds, ""), "dataset"), name);
    assert_ok(cx, bram_dataset_check(cx, ds, nothing_wrong, NULL, &errors));
    assert_int_equal(errors, 0);
    return ds;
}

static void images_of_objects(void **state)
{
    (void)state;
    char brain[512], model[512], paper[512];
    test_data(brain, "vision/rsa/rsatoolbox/92imageData/92_brainRDMs.mat");
    test_data(model, "vision/rsa/rsatoolbox/92imageData/92_modelRDMs.mat");
    test_data(paper,
              "vision/rsa/rsatoolbox/92imageData/Kriegeskorte_Neuron2008_supplementalData.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import(cx, (const char *const[]){brain, model, paper}, 3, "kriegeskorte92");
    const bram_axis *stimulus = bram_dataset_table(ds, "stimuli/stimulus");
    assert_non_null(stimulus);
    assert_int_equal(bram_axis_length(stimulus), 92);
    assert_string_equal(bram_axis_column(stimulus, "category")->text[0], "human bodypart");
    const int64_t *animate = bram_axis_column(stimulus, "animate")->integer;
    const int64_t *inanimate = bram_axis_column(stimulus, "inanim")->integer;
    assert_non_null(bram_axis_column(stimulus, "arti_obj"));
    for (size_t i = 0; i < 92; i++) assert_int_equal(animate[i] + inanimate[i], 1);
    const bram_response *it = bram_dataset_response(ds, "responses/hIT");
    assert_non_null(it);
    assert_int_equal(bram_response_length(it, 0), 8);
    assert_string_equal(bram_axis_id(bram_response_axis(it, 0), 0), "BE/1");
    /* the pictures: 175 x 175, grey around; the sum of the first as SciPy reads it */
    const bram_response *pictures = bram_dataset_response(ds, "stimuli/images/objects");
    assert_int_equal(bram_response_length(pictures, 0), 92);
    assert_int_equal(bram_response_length(pictures, 3), 3);
    static double level[175 * 175 * 3];
    double sum = 0;
    assert_ok(cx, bram_response_read(cx, pictures, (size_t[]){0, 0, 0, 0},
                                     (size_t[]){1, 175, 175, 3}, level, NULL));
    for (size_t k = 0; k < sizeof level / sizeof *level; k++) sum += level[k];
    assert_near(level[0], 128, 0);
    assert_near(sum, 11807435, 0);
    assert_near(level[(80 * 175 + 90) * 3 + 1], 107, 0);

    /* monkey against human: six digits are stated */
    bram_dataset *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", rsa, 3, "samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "hITvisStim_316vx", "features:mIT_674neurons"));
    assert_near(test_number(result, pearson, "value"), 0.491210, 5e-7);
    assert_near(test_number(result, spearman, "value"), 0.438924, 5e-7);
    assert_near(test_number(result, tau, "value"), 0.304048, 5e-7);
    assert_true(isnan(test_number(result, pearson, "ceiling"))); /* one RDM of the group: none */
    bram_dataset_free(result);

    /* four subjects, mean of two sessions */
    static const struct {
        const char *name;
        double value[3];
    } models[] = {{"animacy", {0.387142, 0.223028, 0.386220}},
                  {"FaceBodyManmadeNatobj", {0.281614, 0.136915, 0.276596}},
                  {"monkeyIT", {0.333537, 0.200864, 0.296324}},
                  {"EVA", {0.259091, 0.166116, 0.245389}},
                  {"HMAX", {0.152076, 0.107260, 0.159868}},
                  {"V1", {0.024999, 0.017927, 0.026514}},
                  {"Silhouette", {0.115889, 0.064688, 0.096570}},
                  {"RADON", {0.036525, 0.025876, 0.038094}}};
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        char spec[64];
        snprintf(spec, sizeof spec, "features:%s", models[k].name);
        assert_ok(cx, test_cell(cx, &result, &b, ds, "hIT", spec));
        for (size_t m = 0; m < 3; m++)
            assert_near(test_number(result, rsa[m], "value"), models[k].value[m], 5e-7);
        if (k == 0) {
            assert_near(test_number(result, pearson, "ceiling_low"), 0.394410, 5e-7);
            assert_near(test_number(result, pearson, "ceiling_high"), 0.680413, 5e-7);
            assert_near(test_number(result, tau, "ceiling_low"), 0.253944, 5e-7);
            assert_near(test_number(result, tau, "ceiling_high"), 0.476654, 5e-7);
            assert_near(test_number(result, tau, "ceiling_noise"), 0.5, 0);
            assert_near(test_number(result, pearson, "units"), 4, 0);
        }
        bram_dataset_free(result);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

enum { OBJECTS = 92, OBJECT_PAIRS = OBJECTS * (OBJECTS - 1) / 2 };

/* The pairs of every subject of an area, sessions averaged. */
static bram_mat pairs_of_subjects(bram_ctx *cx, const bram_dataset *ds, const char *name)
{
    bram_area area;
    bram_mat m;
    assert_ok(cx, bram_area_read(cx, &area, ds, name));
    assert_ok(cx, bram_mat_new(cx, &m, area.subjects, OBJECT_PAIRS));
    for (size_t s = 0; s < area.subjects; s++) {
        bram_side side;
        double *pairs;
        assert_ok(cx, bram_area_side(cx, &side, &area, s));
        assert_ok(cx, bram_rdm_given(cx, &pairs, &side));
        memcpy(bram_row(&m, s), pairs, OBJECT_PAIRS * sizeof *pairs);
        bram_free(pairs);
    }
    bram_area_release(&area);
    return m;
}

/* The mean comparison of each subject with the pool of the others, or of all. */
static double ceiling(bram_ctx *cx, const bram_mat *rdm, bram_rdm_comparator c,
                      bram_rdm_pooling how, bool all)
{
    bram_rdm_measure measure = {.comparator = c};
    bram_rdm_set *set;
    double *pool = calloc(OBJECT_PAIRS, sizeof *pool), sum = 0, share[16], value;
    assert_ok(cx, bram_rdm_set_new(cx, &set, &measure, rdm, OBJECTS));
    for (size_t s = 0; s < rdm->rows; s++) {
        bram_mat one = bram_mat_rows(*rdm, s, 1), pooled = {pool, 1, OBJECT_PAIRS, OBJECT_PAIRS},
                 out = {&value, 1, 1, 1};
        for (size_t k = 0; k < rdm->rows; k++) share[k] = all || k != s;
        assert_ok(cx, bram_rdm_pool(cx, pool, set, how, share, NULL));
        assert_ok(cx, bram_rdm_compare(cx, &out, NULL, &measure, &pooled, &one, OBJECTS, NULL));
        sum += value / (double)rdm->rows;
    }
    bram_rdm_set_free(set);
    free(pool);
    return sum;
}

/* Ceilings of the whitened cosine, pooled as rsatoolbox does and, a little higher, as is best; and
 * the mean of sixteen people's judgements against the mean of four people's cortex. */
static void ceilings_and_judgements(void **state)
{
    (void)state;
    char brain[512], judgements[512];
    test_data(brain, "vision/rsa/rsatoolbox/92imageData/92_brainRDMs.mat");
    test_data(judgements, "vision/rsa/rsatoolbox/92imageData/92_behavRDMs.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import(cx, (const char *const[]){brain, judgements}, 2, "kriegeskorte92");
    bram_mat it = pairs_of_subjects(cx, ds, "hIT"), judged = pairs_of_subjects(cx, ds, "simJudge");
    assert_int_equal(it.rows, 4);
    assert_int_equal(judged.rows, 16);
    double low = ceiling(cx, &it, BRAM_COMPARE_COSINE_COV, BRAM_POOL_RSATOOLBOX, false);
    double high = ceiling(cx, &it, BRAM_COMPARE_COSINE_COV, BRAM_POOL_RSATOOLBOX, true);
    assert_near(low, 0.664685, 5e-7); /* six digits are stated */
    assert_near(high, 0.817319, 5e-7);
    assert_near(ceiling(cx, &it, BRAM_COMPARE_CORR, BRAM_POOL_BEST, false), 0.394410, 5e-7);
    assert_near(ceiling(cx, &it, BRAM_COMPARE_CORR, BRAM_POOL_BEST, true), 0.680413, 5e-7);
    double best = ceiling(cx, &it, BRAM_COMPARE_COSINE_COV, BRAM_POOL_BEST, true);
    assert_true(best > high && best < high + 1e-3);
    double *mean[2] = {calloc(OBJECT_PAIRS, sizeof(double)), calloc(OBJECT_PAIRS, sizeof(double))};
    for (size_t k = 0; k < OBJECT_PAIRS; k++) {
        for (size_t s = 0; s < it.rows; s++) mean[0][k] += bram_row(&it, s)[k];
        for (size_t s = 0; s < judged.rows; s++) mean[1][k] += bram_row(&judged, s)[k];
    }
    assert_near(bram_pearson(mean[0], mean[1], OBJECT_PAIRS), 0.467507, 5e-7);
    free(mean[0]);
    free(mean[1]);
    bram_free(it.data);
    bram_free(judged.data);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Files of the same folder: sixteen subjects' judgements; patterns, which are no RDMs. */
static void other_files_of_the_images(void **state)
{
    (void)state;
    char judgements[512], patterns[512];
    test_data(judgements, "vision/rsa/rsatoolbox/92imageData/92_behavRDMs.mat");
    test_data(patterns, "vision/rsa/rsatoolbox/92imageData/simTruePatterns.mat");
    bram_ctx *cx = bram_ctx_new();
    const bram_loader *loader = bram_loader_find("kriegeskorte92");
    const char *const both[] = {judgements, patterns};
    bram_recognition r;
    bram_dataset *ds = import(cx, both, 1, "kriegeskorte92");
    const bram_response *judged = bram_dataset_response(ds, "responses/simJudge");
    assert_non_null(judged);
    assert_int_equal(bram_response_length(judged, 0), 16);
    assert_string_equal(bram_axis_id(bram_response_axis(judged, 0), 15), "subject16");
    bram_dataset_free(ds);
    assert_ok(cx, loader->recognise(cx, &(bram_input){both, 2}, &r));
    assert_int_equal(r.verdict, BRAM_NOT_MINE);
    assert_int_equal(bram_import(cx, &ds, "kriegeskorte92", &(bram_input){both + 1, 1}, NULL),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "no struct with the fields RDM and name"));
    bram_ctx_free(cx);
}

static void natural_images(void **state)
{
    (void)state;
    char raw[512], mean[512], training[512], pixels[512];
    test_data(raw, "vision/encoding/antolik2016/region1/raw_validation_set.npy");
    test_data(mean, "vision/encoding/antolik2016/region1/validation_set.npy");
    test_data(training, "vision/encoding/antolik2016/region1/training_set.npy");
    test_data(pixels, "vision/encoding/antolik2016/region1/validation_inputs.npy");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = import(cx, (const char *const[]){training, pixels, mean, raw}, 4,
                              "antolik2016");
    const bram_response *r = bram_dataset_response(ds, "responses/region1");
    assert_int_equal(bram_response_length(r, 0), 50);
    assert_int_equal(bram_response_length(r, 1), 103);
    assert_int_equal(bram_response_length(r, 2), 10);
    assert_int_equal(
        bram_response_length(bram_dataset_response(ds, "responses/region1_training"), 0), 1800);
    assert_int_equal(bram_response_length(bram_dataset_response(ds, "stimuli/features/pixels"), 1),
                     961);
    assert_int_equal(bram_axis_length(bram_dataset_table(ds, "stimuli/stimulus")), 1850);

    static char median[] = "median pearson:constant=zero", *metrics[] = {median};
    bram_dataset *result = NULL;
    bram_benchmark b = test_benchmark(cx, "encoding", metrics, 1, "samples=20,folds=10");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "region1", "features:pixels"));
    /* odd against even repeats, Spearman-Brown, median over neurons */
    assert_near(test_number(result, median, "reliability"), 0.7832503941784066, 1e-12);
    assert_near(test_number(result, median, "units"), 103, 0);
    double value = test_number(result, median, "value");
    assert_true(value > -0.2 && value < test_number(result, median, "ceiling"));
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- made files: what the loaders refuse ---------------------------------------------------- */

enum { REPEATS = 2, IMAGES = 3, NEURONS = 2 };

static const double repeats[REPEATS * IMAGES * NEURONS] = {1, 2, 3, 4, 5, 6, 3, 2, 5, 0, 7, 8};

struct files {
    char raw[256], mean[256], other[256];
};

static void write_array(bram_ctx *cx, const char *path, size_t dims, const size_t *shape,
                        const double *values)
{
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, dims, shape, values));
}

static void write_files(bram_ctx *cx, struct files *f)
{
    double mean[IMAGES * NEURONS];
    for (size_t k = 0; k < IMAGES * NEURONS; k++)
        mean[k] = (repeats[k] + repeats[IMAGES * NEURONS + k]) / 2;
    test_temporary(f->raw, "a.npy");
    test_temporary(f->mean, "b.npy");
    test_temporary(f->other, "c.npy");
    write_array(cx, f->raw, 3, (const size_t[]){REPEATS, IMAGES, NEURONS}, repeats);
    write_array(cx, f->mean, 2, (const size_t[]){IMAGES, NEURONS}, mean);
}

static void files_told_apart_by_their_values(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const bram_loader *loader = bram_loader_find("antolik2016");
    struct files f;
    bram_recognition r;
    bram_dataset *ds = NULL;
    write_files(cx, &f);
    const char *pair[] = {f.mean, f.raw}, *three[] = {f.other, f.mean, f.raw};
    assert_ok(cx, loader->recognise(cx, &(bram_input){pair, 2}, &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_ok(cx, bram_import(cx, &ds, "antolik2016:region=left", &(bram_input){pair, 2}, NULL));
    double values[REPEATS];
    assert_ok(cx, bram_response_read(cx, bram_dataset_response(ds, "responses/left"),
                                     (size_t[]){1, 1, 0}, (size_t[]){1, 1, REPEATS}, values, NULL));
    assert_near(values[0], 4, 0); /* image 1, neuron 1, both repeats */
    assert_near(values[1], 0, 0);
    bram_dataset_free(ds);
    /* an array that fits neither the neurons nor the images; then a mean that is none */
    double wrong[20] = {0};
    write_array(cx, f.other, 2, (const size_t[]){4, 5}, wrong);
    assert_ok(cx, loader->recognise(cx, &(bram_input){three, 3}, &r));
    assert_int_equal(r.verdict, BRAM_NOT_MINE);
    assert_int_equal(bram_import(cx, &ds, "antolik2016", &(bram_input){three, 3}, NULL),
                     BRAM_EFORMAT);
    write_array(cx, f.mean, 2, (const size_t[]){IMAGES, NEURONS}, wrong);
    assert_int_equal(bram_import(cx, &ds, "antolik2016", &(bram_input){pair, 2}, NULL),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "is the mean over the 2 repeats"));
    wrong[0] = NAN;
    write_array(cx, f.mean, 2, (const size_t[]){IMAGES, NEURONS}, wrong);
    assert_int_equal(bram_import(cx, &ds, "antolik2016", &(bram_input){pair, 2}, NULL),
                     BRAM_EFORMAT);
    assert_int_equal(bram_import(cx, &ds, "antolik2016", &(bram_input){pair, 1}, NULL),
                     BRAM_EFORMAT);
    assert_int_equal(bram_import(cx, &ds, "kriegeskorte92", &(bram_input){pair, 2}, NULL),
                     BRAM_EFORMAT);
    unlink(f.raw), unlink(f.mean), unlink(f.other);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const bram_loader *loader = bram_loader_find("antolik2016");
    bram_options *o = NULL;
    struct files f;
    write_files(cx, &f);
    const char *pair[] = {f.mean, f.raw};
    int status = BRAM_ENOMEM;
    assert_ok(cx, bram_options_new(cx, &o, loader->params, NULL));
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *ds = NULL;
        assert_ok(own, bram_dataset_new(own, &ds));
        bram_fail_allocation(k, false);
        status = loader->load(own, ds, &(bram_input){pair, 2}, o);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(ds);
        bram_ctx_free(own);
        assert_true(k < 5000);
    }
    bram_options_free(o);
    unlink(f.raw), unlink(f.mean);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_objects),
        cmocka_unit_test(ceilings_and_judgements),
        cmocka_unit_test(other_files_of_the_images),
        cmocka_unit_test(natural_images),
        cmocka_unit_test(files_told_apart_by_their_values),
        cmocka_unit_test(every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
