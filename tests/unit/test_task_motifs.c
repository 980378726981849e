/*
 * Tests of the task motifs on the made motifs (simulate_motifs.c): they are found again, better
 * than by one motif for all times; what has no match scores as nothing; the order of the truth does
 * not matter; what cannot be scored is refused.
 */
#include "cell_test.h"
#include "simulate.h"

#include <bramble/dataset.h>

static char auroc[] = "auroc", precision[] = "average-precision", r[] = "pearson:constant=zero",
            ari[] = "ari", rsa[] = "rsa";
static char *metrics[] = {auroc, r, ari, precision}, *geometry[] = {rsa};

static bram_dataset *made(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-motifs", 1));
    return ds;
}

static bram_dataset *run(bram_ctx *cx, const bram_dataset *ds, const char *how, const char *options)
{
    bram_benchmark b = test_benchmark(cx, "motifs", metrics, 4, options);
    bram_dataset *result = NULL;
    assert_ok(cx, test_cell(cx, &result, &b, ds, "all", how));
    bram_options_free(b.options);
    return result;
}

static void planted_motifs_are_found(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    bram_dataset *result = run(cx, ds, "ntf", "samples=20,most=4,starts=2");
    assert_true(test_number(result, "auroc@pairs", "value") > 0.95);
    assert_true(test_number(result, "average-precision@pairs", "value") > 0.9);
    assert_true(test_number(result, "average-precision@pairs", "floor_static") < 0.5);
    assert_near(test_number(result, "auroc@pairs", "chance"), 0.5, 0);
    assert_true(test_number(result, "pearson:constant=zero@when", "value") > 0.9);
    assert_true(test_number(result, "pearson:constant=zero@when", "floor_static") < 0.4);
    assert_true(test_number(result, "pearson:constant=zero@who", "value") > 0.8);
    assert_true(test_number(result, "ari@members", "value") > 0.6);
    bram_attrs *a = bram_dataset_attrs(cx, result, "");
    assert_int_equal(bram_attrs_integer(a, "motifs_found", 0), 3);
    assert_int_equal(bram_attrs_integer(a, "motifs_known", 0), 3);
    /* the contestant that is the floor scores what the floor does */
    bram_dataset *one = run(cx, ds, "static", "samples=0,most=4,starts=2");
    assert_near(test_number(one, "auroc@pairs", "value"),
                test_number(result, "auroc@pairs", "floor_static"), 0);
    bram_dataset_free(one);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The raw value of true motif k. */
static double raw(const bram_dataset *result, const char *id, size_t k)
{
    const bram_response *all = bram_dataset_response(result, "raw");
    ptrdiff_t row = test_row(bram_response_axis(all, 0), id);
    return bram_response_f64((bram_response *)(uintptr_t)all)[(size_t)row * 3 + k];
}

/* One motif found for three: the other two have nothing, an AUROC of one half and an r of 0. */
static void what_has_no_match_is_zero(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    bram_dataset *result = run(cx, ds, "ntf", "samples=0,most=1,starts=1");
    size_t nothing = 0;
    for (size_t k = 0; k < 3; k++) {
        if (raw(result, "pearson:constant=zero@when", k) != 0) continue;
        assert_near(raw(result, "auroc@pairs", k), 0.5, 0);
        nothing++;
    }
    assert_int_equal(nothing, 2);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void refused(bram_ctx *cx, const bram_dataset *ds, char **metric, const char *part,
                    const char *how, int status)
{
    bram_benchmark b = test_benchmark(cx, "motifs", metric, 1, "samples=0,most=1,starts=1");
    bram_dataset *result = NULL;
    assert_int_equal(test_cell(cx, &result, &b, ds, part, how), status);
    assert_null(result);
    bram_options_free(b.options);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *worm = NULL;
    bram_axis *axis = NULL;
    refused(cx, ds, metrics, "all", "louvain", BRAM_EUSAGE);
    refused(cx, ds, geometry, "all", "static", BRAM_EUSAGE);
    assert_ok(cx, bram_simulate(cx, &worm, "simulated-worm", 1));
    refused(cx, worm, metrics, "all", "ntf", BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "truth/when"));
    bram_benchmark b = test_benchmark(cx, "motifs", metrics, 1, "");
    char other[] = "worm01", *part[] = {other};
    b.parts = part, b.part_count = 1;
    assert_int_equal(bram_task_find("motifs")->parts(cx, &axis, &b, ds), BRAM_EABSENT);
    b.part_count = 0;
    assert_ok(cx, bram_task_find("motifs")->parts(cx, &axis, &b, ds));
    assert_int_equal(bram_axis_length(axis), 1);
    bram_axis_free(axis);
    bram_options_free(b.options);
    bram_dataset_free(worm);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* truth/when of another moment, truth/who of other animals. */
static void a_truth_of_other_recordings(void **state)
{
    (void)state;
    static const char *const id[] = {"a", "b", "c", "d", "e", "f"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx);
    const bram_axis *animal = bram_response_axis(bram_dataset_response(ds, "truth/who"), 0);
    const bram_axis *time = bram_response_axis(bram_dataset_response(ds, "truth/when"), 0);
    assert_int_equal(bram_axis_length(animal), 6);
    assert_ok(cx, bram_axis_set_ids(cx, (bram_axis *)(uintptr_t)animal, id));
    refused(cx, ds, metrics, "all", "static", BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "worm01"));
    ((double *)(uintptr_t)bram_axis_values(time))[7] += 0.1;
    refused(cx, ds, metrics, "all", "static", BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "truth/when"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_motifs_are_found),
        cmocka_unit_test(what_has_no_match_is_zero),
        cmocka_unit_test(refusals),
        cmocka_unit_test(a_truth_of_other_recordings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
