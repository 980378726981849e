/*
 * Tests of the task transfer: a population that is the linear image of another is read through it,
 * one that has nothing to do with it is not; which pairs there are; the same for any number of
 * threads; failing allocations; what is refused.
 */
#include "cell_test.h"
#include "internal.h"

#include <bramble/rng.h>

enum { STIMULI = 24, CLASSES = 3, UNITS = 4, REPEATS = 6, AREAS = 3 };

static char metric[] = "accuracy:balanced=yes", *metrics[] = {metric};
static const char *const ways[] = {"procrustes", "cca", "ridge", "refit"};

/* What unit u of the first area says of a stimulus: its class in two units, itself in two. */
static double signal(size_t stimulus, size_t unit)
{
    static const double of_class[CLASSES][2] = {{6, 0}, {-3, 5}, {-3, -5}};
    bram_rng g = bram_rng_at(1, "test/transfer/stimulus", stimulus * UNITS + unit);
    return unit < 2 ? of_class[stimulus % CLASSES][unit] : 2 * bram_rng_normal(&g);
}

/* Area 0 is a of monkey m1; area 1 is mixed from it (m2, session s1) ; area 2 (m2, s2) saw nothing
 * of it but other stimuli in other places. */
static double response(size_t area, size_t stimulus, size_t unit, bram_rng *g)
{
    size_t shown = area == 2 ? (7 * stimulus + 5) % STIMULI / 2 : stimulus;
    double mixed = signal(shown, unit);
    if (area) mixed = 0.8 * signal(shown, (unit + 1) % UNITS) - 0.6 * signal(shown, unit);
    return mixed + 0.5 * bram_rng_normal(g);
}

static void add_area(bram_ctx *cx, bram_dataset *ds, size_t area, const bram_axis *stimulus)
{
    static const char *const name[AREAS] = {"a", "b", "c"}, *const subject[AREAS] = {"m1", "m2",
                                                                                     "m2"};
    bram_rng g = bram_rng_at(2, "test/transfer/noise", area);
    bram_axis *axis[2] = {NULL};
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "neuron", UNITS));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "repeat", REPEATS));
    assert_ok(cx, bram_response_new(cx, &r, name[area], BRAM_F64, 3,
                                    (const bram_axis *[]){stimulus, axis[0], axis[1]}));
    bram_axis_free(axis[0]), bram_axis_free(axis[1]);
    for (size_t i = 0; i < STIMULI; i++)
        for (size_t u = 0; u < UNITS; u++)
            for (size_t k = 0; k < REPEATS; k++)
                bram_response_f64(r)[(i * UNITS + u) * REPEATS + k] = response(area, i, u, &g);
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "subject", subject[area]));
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
}

static bram_dataset *made(bram_ctx *cx)
{
    static const char *const kinds[CLASSES] = {"face", "house", "tool"};
    char text[STIMULI][8];
    const char *id[STIMULI], *kind[STIMULI];
    bram_axis *stimulus = NULL;
    bram_dataset *ds = NULL;
    for (size_t i = 0; i < STIMULI; i++) {
        snprintf(text[i], sizeof text[i], "s%zu", i);
        id[i] = text[i], kind[i] = kinds[i % CLASSES];
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &stimulus, "stimulus", STIMULI));
    assert_ok(cx, bram_axis_set_ids(cx, stimulus, id));
    assert_ok(cx, bram_axis_add_text(cx, stimulus, "category", kind));
    for (size_t k = 0; k < AREAS; k++) add_area(cx, ds, k, stimulus);
    bram_axis_free(stimulus);
    return ds;
}

static int cell(bram_ctx *cx, bram_dataset **result, const bram_dataset *ds, const char *part,
                const char *way, const char *options)
{
    bram_benchmark b = test_benchmark(cx, "transfer", metrics, 1, options);
    int status = test_cell(cx, result, &b, ds, part, way);
    bram_options_free(b.options);
    return status;
}

static const char usual[] =
    "label=category,folds=4,permutations=8,samples=40,trials=6,steps=150,dims=4";

static void an_image_is_read_and_a_stranger_is_not(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    for (size_t k = 0; k < 4; k++) {
        bram_dataset *result = NULL;
        assert_ok(cx, cell(cx, &result, ds, "a_to_b", ways[k], usual));
        /* linear ways find a linear image; refit has six trials a class to learn from */
        double least = k == 3 ? 0.6 : 0.97;
        assert_true(test_number(result, "balanced-accuracy", "value") > least);
        assert_true(test_number(result, "balanced-accuracy@within", "value") > 0.97);
        assert_near(test_number(result, "balanced-accuracy", "chance"), 1.0 / 3, 0.2);
        assert_true(test_number(result, "balanced-accuracy", "null_p") < 0.12); /* 1 / 9 */
        assert_true(test_number(result, "balanced-accuracy", "low") > least - 0.2);
        assert_true(test_number(result, "balanced-accuracy@few", "value") > 0.5);
        bram_dataset_free(result);
        if (k == 3) break; /* the labels of its own few trials tell refit what it needs */
        result = NULL;
        assert_ok(cx, cell(cx, &result, ds, "a_to_c", ways[k], usual));
        assert_near(test_number(result, "balanced-accuracy", "value"), 1.0 / 3, 0.3);
        bram_dataset_free(result);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void expect_pairs(bram_ctx *cx, const bram_dataset *ds, const char *options,
                         const char *const *names, size_t n)
{
    bram_benchmark b = test_benchmark(cx, "transfer", metrics, 1, options);
    bram_axis *parts = NULL;
    assert_ok(cx, bram_task_find("transfer")->parts(cx, &parts, &b, ds));
    assert_int_equal(bram_axis_length(parts), n);
    for (size_t i = 0; i < n; i++) assert_string_equal(bram_axis_id(parts, i), names[i]);
    bram_axis_free(parts);
    bram_options_free(b.options);
}

static void pairs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    expect_pairs(cx, ds, "", (const char *const[]){"a_to_b", "a_to_c", "b_to_a", "c_to_a"}, 4);
    expect_pairs(cx, ds, "between=sessions", (const char *const[]){"b_to_c", "c_to_b"}, 2);
    expect_pairs(cx, ds, "between=all",
                 (const char *const[]){"a_to_b", "a_to_c", "b_to_a", "b_to_c", "c_to_a", "c_to_b"},
                 6);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void any_number_of_threads(void **state)
{
    (void)state;
    double value[2][4];
    for (size_t k = 0; k < 2; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *result = NULL, *ds = made(cx);
        bram_ctx_set_threads(cx, k ? 4 : 1);
        assert_ok(cx, cell(cx, &result, ds, "a_to_b", "refit", usual));
        value[k][0] = test_number(result, "balanced-accuracy", "value");
        value[k][1] = test_number(result, "balanced-accuracy", "chance");
        value[k][2] = test_number(result, "balanced-accuracy@few", "value");
        value[k][3] = test_number(result, "balanced-accuracy", "low");
        bram_dataset_free(result);
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    for (size_t i = 0; i < 4; i++) assert_near(value[0][i], value[1][i], 0);
}

static void allocations_may_fail(void **state)
{
    (void)state;
    bram_ctx *keeper = bram_ctx_new();
    bram_dataset *ds = made(keeper);
    for (size_t w = 1; w < 4; w++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k += 1 + k / 5) {
            bram_ctx *cx = bram_ctx_new();
            bram_dataset *result = NULL;
            bram_benchmark b = test_benchmark(
                cx, "transfer", metrics, 1,
                "label=category,folds=2,permutations=1,samples=5,trials=2,steps=2,dims=2");
            bram_cell one = {&b, ds, "a_to_b", ways[w], 0};
            assert_ok(cx, bram_dataset_new(cx, &result));
            bram_fail_allocation(k, k % 2);
            status = bram_task_find("transfer")->run(cx, result, &one);
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
    bram_dataset *ds = made(cx), *result = NULL;
    assert_int_equal(cell(cx, &result, ds, "a_to_b", "cca", "samples=0"), BRAM_EUSAGE);
    assert_int_equal(cell(cx, &result, ds, "a_to_b", "cca", "label=colour"), BRAM_EABSENT);
    assert_int_equal(cell(cx, &result, ds, "a_to_b", "telepathy", "label=category"), BRAM_EUSAGE);
    bram_benchmark b = test_benchmark(cx, "transfer", metrics, 1, "label=category");
    bram_cell no_pair = {&b, ds, "a_to_z", "cca", 0};
    assert_ok(cx, bram_dataset_new(cx, &result));
    assert_int_equal(bram_task_find("transfer")->run(cx, result, &no_pair), BRAM_EABSENT);
    bram_options_free(b.options);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_read_and_a_stranger_is_not),
        cmocka_unit_test(pairs),
        cmocka_unit_test(any_number_of_threads),
        cmocka_unit_test(allocations_may_fail),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
