/*
 * Tests of the task classify: trials that tell everything or nothing, shares worked by hand,
 * images under two labels, folds over stimuli and repeats, the same for any number of threads,
 * what is refused.
 */
#include "cell_test.h"
#include "internal.h"

#include <bramble/rng.h>

enum { STIMULI = 12, UNITS = 3, REPEATS = 4, VALUES = STIMULI * UNITS * REPEATS };

static char metric[] = "accuracy:balanced=yes", *metrics[] = {metric};
static const char *const readers[] = {"centroid", "correlation", "lda", "logistic", "mlp"};

/* Stimulus i is of category i % 2 and movie i / 4. */
static bram_dataset *made(bram_ctx *cx, const double *values, const char *const *image)
{
    static const char *const axes[] = {"stimulus", "neuron", "repeat"},
                             *const categories[] = {"face", "house"},
                             *const movies[] = {"m0", "m1", "m2"};
    char text[STIMULI][8];
    const char *id[STIMULI], *category[STIMULI], *movie[STIMULI];
    bram_axis *axis[3] = {NULL};
    bram_response *r = NULL;
    bram_dataset *ds = NULL;
    size_t length[] = {STIMULI, UNITS, REPEATS};
    for (size_t i = 0; i < STIMULI; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        id[i] = text[i], category[i] = categories[i % 2], movie[i] = movies[i / 4];
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t d = 0; d < 3; d++) assert_ok(cx, bram_axis_new(cx, &axis[d], axes[d], length[d]));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], id));
    assert_ok(cx, bram_axis_add_text(cx, axis[0], "category", category));
    assert_ok(cx, bram_axis_add_text(cx, axis[0], "movie", movie));
    if (image) assert_ok(cx, bram_axis_add_text(cx, axis[0], "image", image));
    assert_ok(cx, bram_response_new(cx, &r, "v1", BRAM_F64, 3,
                                    (const bram_axis *[]){axis[0], axis[1], axis[2]}));
    memcpy(bram_response_f64(r), values, VALUES * sizeof *values);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
    return ds;
}

static double *at(double *values, size_t stimulus, size_t unit, size_t repeat)
{
    return &values[(stimulus * UNITS + unit) * REPEATS + repeat];
}

/* Noise of deviation 1, and `size` more in unit 0 for houses. */
static void fill(double *values, double size)
{
    bram_rng g = bram_rng_new(3, "test/classify");
    for (size_t k = 0; k < VALUES; k++) values[k] = bram_rng_normal(&g);
    for (size_t i = 1; i < STIMULI; i += 2)
        for (size_t r = 0; r < REPEATS; r++) *at(values, i, 0, r) += size;
}

static int cell(bram_ctx *cx, bram_dataset **result, const bram_dataset *ds, const char *reader,
                const char *options)
{
    bram_benchmark b = test_benchmark(cx, "classify", metrics, 1, options);
    int status = test_cell(cx, result, &b, ds, "v1", reader);
    bram_options_free(b.options);
    return status;
}

static void categories_of_movies_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double values[VALUES];
    const char *options = "label=category,group=movie,folds=3,permutations=40,samples=50,steps=60";
    for (size_t k = 0; k < 5; k++) {
        bram_dataset *result = NULL;
        fill(values, 40);
        bram_dataset *ds = made(cx, values, NULL);
        assert_ok(cx, cell(cx, &result, ds, readers[k], options));
        /* a correlation over three units, of which two are noise of the same deviation, errs */
        double least = k == 1 ? 0.7 : 1;
        assert_true(test_number(result, "balanced-accuracy", "value") >= least);
        assert_true(test_number(result, "balanced-accuracy", "low") >= least - 0.3 * (k == 1));
        assert_near(test_number(result, "top-1", "value"),
                    test_number(result, "balanced-accuracy", "value"), 1e-15);
        /* permuted over 12 stimuli: a deviation of about 1/sqrt(48), 0.02 of 40 permutations */
        assert_near(test_number(result, "balanced-accuracy", "chance"), 0.5, 0.12);
        assert_true(test_number(result, "balanced-accuracy", "null_p") < 0.2);
        bram_dataset_free(result);
        bram_dataset_free(ds);
        fill(values, 0);
        ds = made(cx, values, NULL);
        assert_ok(cx, cell(cx, &result, ds, readers[k], options));
        assert_near(test_number(result, "balanced-accuracy", "value"), 0.5, 0.25);
        assert_true(test_number(result, "balanced-accuracy", "null_p") > 0.02);
        bram_dataset_free(result);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

/* Each stimulus has a place of its own on a line; the trials of repeat 3 of stimuli 0 and 1 are
 * swapped, so 2 of 48 are told wrong: 46/48, classes 0 and 1 at 3/4. Five of twelve are near. */
static void stimuli_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double values[VALUES] = {0};
    bram_dataset *result = NULL;
    for (size_t i = 0; i < STIMULI; i++)
        for (size_t r = 0; r < REPEATS; r++) *at(values, i, 0, r) = 10.0 * (double)i;
    *at(values, 0, 0, 3) = 10, *at(values, 1, 0, 3) = 0;
    bram_dataset *ds = made(cx, values, NULL);
    assert_ok(cx,
              cell(cx, &result, ds, "centroid", "over=repeats,folds=4,permutations=30,samples=60"));
    assert_near(test_number(result, "balanced-accuracy", "value"), 46.0 / 48, 1e-15);
    assert_near(test_number(result, "top-1", "value"), 46.0 / 48, 1e-15);
    assert_near(test_number(result, "top-5", "value"), 1, 0);
    assert_true(test_number(result, "balanced-accuracy", "low") < 46.0 / 48); /* draws see it */
    assert_near(test_number(result, "top-1", "chance"), 1.0 / 12, 0.05);
    assert_near(test_number(result, "top-5", "chance"), 5.0 / 12, 0.1);
    assert_near(test_number(result, "top-1", "null_p"), 1.0 / 31, 1e-15);
    const bram_response *r = bram_dataset_response(result, "confusion/share");
    assert_non_null(r);
    double share[STIMULI * STIMULI];
    assert_ok(
        cx, bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){STIMULI, STIMULI}, share, NULL));
    assert_near(share[0], 0.75, 1e-15);
    assert_near(share[1], 0.25, 1e-15);
    assert_near(share[STIMULI], 0.25, 1e-15);
    assert_near(share[2 * STIMULI + 2], 1, 1e-15);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Stimuli 0 (face) and 1 (house) show one image: nobody can tell, they do not count. Those with
 * one image and one label stay. */
static void an_image_of_two_labels_is_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const char *const image[] = {"a", "a", "b", "c", "b", "", "", "", "", "", "", ""};
    double values[VALUES];
    bram_dataset *result = NULL;
    fill(values, 40);
    for (size_t r = 0; r < REPEATS; r++) *at(values, 1, 0, r) -= 40;
    bram_dataset *with = made(cx, values, image), *without = made(cx, values, NULL);
    const char *options = "label=category,folds=2,permutations=0,samples=50";
    assert_ok(cx, cell(cx, &result, with, "lda", options));
    assert_near(test_number(result, "balanced-accuracy", "value"), 1, 0);
    assert_near(test_number(result, "balanced-accuracy", "chance"), 0.5, 0);
    bram_dataset_free(result);
    assert_ok(cx, cell(cx, &result, without, "lda", options));
    assert_true(test_number(result, "balanced-accuracy", "value") < 0.99);
    bram_dataset_free(result);
    bram_dataset_free(with);
    bram_dataset_free(without);
    bram_ctx_free(cx);
}

static void any_number_of_threads(void **state)
{
    (void)state;
    double values[VALUES], value[2][3];
    fill(values, 1);
    for (size_t k = 0; k < 2; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *result = NULL, *ds = made(cx, values, NULL);
        bram_ctx_set_threads(cx, k ? 4 : 1);
        assert_ok(cx, cell(cx, &result, ds, "logistic",
                           "label=movie,over=repeats,folds=4,permutations=5,samples=40"));
        value[k][0] = test_number(result, "balanced-accuracy", "value");
        value[k][1] = test_number(result, "balanced-accuracy", "chance");
        value[k][2] = test_number(result, "balanced-accuracy", "low");
        bram_dataset_free(result);
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    for (size_t i = 0; i < 3; i++) assert_near(value[0][i], value[1][i], 0);
}

/* Trials that lack a unit are left out; a fold of nothing else is refused. */
static void trials_that_lack_a_unit(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double values[VALUES];
    fill(values, 40);
    bram_dataset *ds = made(cx, values, NULL), *result = NULL;
    bram_response *r = bram_dataset_response(ds, "responses/v1");
    uint8_t *present = bram_response_mask(cx, r);
    assert_non_null(present);
    for (size_t i = 0; i < STIMULI; i++) present[i * UNITS * REPEATS] = i % 3 == 0;
    const char *options =
        "label=category,over=repeats,folds=4,permutations=0,samples=0,missing=trials";
    assert_ok(cx, cell(cx, &result, ds, "lda", options));
    assert_near(test_number(result, "top-1", "value"), 1, 0);
    bram_dataset_free(result);
    result = NULL;
    for (size_t i = 0; i < STIMULI; i++) present[i * UNITS * REPEATS] = 0;
    assert_int_equal(cell(cx, &result, ds, "lda", options), BRAM_ENOTAPPLICABLE);
    assert_null(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Unit 0 says all. Where trials lack it they stand at its training mean, 20 between 0 and 40: of
 * the 48 trials the 12 of repeat 0 tell nothing, the others are right; all of them count. */
static void a_missing_unit_stands_at_its_mean(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double values[VALUES] = {0};
    for (size_t i = 1; i < STIMULI; i += 2)
        for (size_t r = 0; r < REPEATS; r++) *at(values, i, 0, r) = 40;
    bram_dataset *ds = made(cx, values, NULL), *result = NULL;
    uint8_t *present = bram_response_mask(cx, bram_dataset_response(ds, "responses/v1"));
    assert_non_null(present);
    for (size_t i = 0; i < STIMULI; i++) present[i * UNITS * REPEATS] = 0;
    assert_ok(cx, cell(cx, &result, ds, "centroid",
                       "label=category,over=repeats,folds=4,permutations=0,samples=0"));
    /* of equal scores the first class is told: 6 of the 12 are right, too */
    assert_near(test_number(result, "top-1", "value"), 42.0 / 48, 1e-15);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* A cell of each reader, made to fail at the k-th allocation until it succeeds. */
static void allocations_may_fail(void **state)
{
    (void)state;
    double values[VALUES];
    fill(values, 4);
    bram_ctx *keeper = bram_ctx_new();
    bram_dataset *ds = made(keeper, values, NULL);
    for (size_t r = 2; r < 5; r++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k += 1 + k / 5) {
            bram_ctx *cx = bram_ctx_new();
            bram_dataset *result = NULL;
            bram_benchmark b = test_benchmark(
                cx, "classify", metrics, 1,
                "label=category,folds=3,permutations=1,samples=5,steps=2,penalty=1+10");
            bram_cell one = {&b, ds, "v1", readers[r], 0};
            assert_ok(cx, bram_dataset_new(cx, &result));
            bram_fail_allocation(k, k % 2);
            status = bram_task_find("classify")->run(cx, result, &one);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) {
                assert_int_equal(status, BRAM_ENOMEM);
                assert_true(*bram_ctx_message(cx));
            }
            bram_dataset_free(result);
            bram_options_free(b.options);
            bram_ctx_free(cx);
        }
    }
    bram_dataset_free(ds);
    bram_ctx_free(keeper);
}

static void what_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double values[VALUES];
    fill(values, 1);
    bram_dataset *ds = made(cx, values, NULL), *result = NULL;
    assert_int_equal(cell(cx, &result, ds, "lda", "samples=0"), BRAM_EUSAGE);
    assert_int_equal(cell(cx, &result, ds, "lda", "label=colour"), BRAM_EABSENT);
    assert_int_equal(cell(cx, &result, ds, "lda", "over=repeats,folds=5"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(cell(cx, &result, ds, "lda", "over=repeats,folds=2,group=movie"), BRAM_EUSAGE);
    assert_int_equal(cell(cx, &result, ds, "crystal-ball", "label=movie"), BRAM_EUSAGE);
    assert_int_equal(cell(cx, &result, ds, "logistic", "label=movie,penalty=10+1"), BRAM_EUSAGE);
    assert_int_equal(cell(cx, &result, ds, "logistic", "label=movie,over=repeats,folds=2"),
                     BRAM_EUSAGE); /* nothing is left to choose a penalty by */
    assert_null(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories_of_movies_left_out),
        cmocka_unit_test(stimuli_by_hand),
        cmocka_unit_test(an_image_of_two_labels_is_left_out),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(trials_that_lack_a_unit),
        cmocka_unit_test(a_missing_unit_stands_at_its_mean),
        cmocka_unit_test(allocations_may_fail),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
