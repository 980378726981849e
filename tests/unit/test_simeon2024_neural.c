/* Tests of loaders/simeon2024_neural.c on made tables of the homogenized collection. */
#include "made.h"
#include "recording_test.h"

static const char *made(const char *form)
{
    static char path[200];
    test_temporary(path, "collection.csv");
    assert_true(made_collection(path, form));
    return path;
}

static void expect_worms(bram_ctx *cx, const bram_dataset *ds)
{
    assert_valid_dataset(cx, ds);
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 2);
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 0), "Kato2015-worm0");
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 1), "Dag2023-worm0");
    const bram_response *raw = response_of(ds, "Kato2015-worm0", "raw");
    assert_int_equal(bram_response_length(raw, 0), 2000);
    assert_int_equal(bram_response_length(raw, 1), 3); /* its rows do not stand together */
    assert_near(value_at(cx, raw, 0, 2), 3, 0);
    assert_near(value_at(cx, raw, 9, 0), sin(1), 1. / 4096); /* half precision */
}

static void arrays_in_cells_are_read(void **state)
{
    (void)state;
    static const char *const forms[] = {"good", "list"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t f = 0; f < 2; f++) {
        bram_dataset *ds;
        assert_ok(cx, import_file(cx, &ds, "auto", made(forms[f])));
        expect_worms(cx, ds);
        bram_dataset_free(ds);
    }
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("nan-list")));
    assert_true(isnan(value_at(cx, response_of(ds, "Dag2023-worm0", "raw"), 4, 0)));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* 0.333 s a sample to 666 s: in half precision stamps repeat from 512 s on. */
static void rounded_stamps_are_mended_or_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    const bram_response *raw = response_of(ds, "Kato2015-worm0", "raw");
    const double *time = bram_axis_values(bram_response_axis(raw, 0));
    for (size_t i = 0; i < 2000; i++) assert_near(time[i], .333 * (double)i, .26);
    assert_near(time[1000] - time[999], .333, 2e-4);
    assert_string_equal(text_of(ds, "Kato2015-worm0", "stamps"),
                        "even steps, which the rounded stamps agree with");
    bram_dataset_free(ds);
    expect_refusal(cx, "simeon2024-neural", made("uneven"), "uneven",
                   "original_time_in_seconds repeats stamps (half precision), and they do not "
                   "agree with even steps; stamps=even");
    assert_ok(cx, import_file(cx, &ds, "simeon2024-neural:stamps=even", made("uneven")));
    assert_non_null(strstr(text_of(ds, "Kato2015-worm0", "stamps"), "as asked"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Labels of Dag2023 were guessed by the collection; numbers and unlabelled rows name nothing. */
static void labels_and_their_doubt(void **state)
{
    (void)state;
    static const char *const certainty[] = {"exact", "unlabeled", "exact"};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(neuron_text(ds, "Kato2015-worm0", "certainty", i), certainty[i]);
    assert_string_equal(neuron_text(ds, "Kato2015-worm0", "label", 2), "RIMR");
    assert_string_equal(neuron_text(ds, "Dag2023-worm0", "certainty", 0), "low-confidence");
    assert_string_equal(neuron_text(ds, "Dag2023-worm0", "reason", 0),
                        "the collection guessed it by equal letters");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_was_resampled_is_non_causal(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "simeon2024-neural:traces=resampled", made("good")));
    const bram_response *raw = response_of(ds, "Kato2015-worm0", "raw");
    assert_int_equal(bram_response_length(raw, 0), 100);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(raw), "filter"), "non-causal");
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void hostile_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"cut", "line 2, column original_calcium_data: found \"...\" after 3 numbers"},
        {"open", "found no \"]\" after 2000 numbers"},
        {"length", "found 1999 numbers, expected 2000"},
        {"stamp", "stamp 8 of neuron 17 differs"},
        {"no-time", "original_time_in_seconds"},
        {"empty", "found a header and no rows"},
    };
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cx, "simeon2024-neural", made(cases[i].form), cases[i].form, cases[i].words);
    bram_ctx_free(cx);
}

/* A pickle is refused with a line that makes a CSV; tests/interop runs that line. */
static void pickles_are_refused(void **state)
{
    (void)state;
    static const char *const specs[] = {"auto", "simeon2024-neural"};
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "Kato2015.pickle");
    assert_true(made_bytes(path, "\x80\4\x95\x10\0\0\0\0\0\0\0}\x94\x8c\5worm0\x94", 19));
    for (size_t i = 0; i < 2; i++) {
        expect_refusal(cx, specs[i], path, "pickle",
                       "is a pickle, which can run code when it is read; if you trust it: python3 "
                       "-c \"import csv,pickle as p;");
        assert_non_null(strstr(bram_ctx_message(cx), "v['neuron_to_slot'].items()]\""));
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    expect_to_survive(made("list"));
}

static int teardown(void **state)
{
    (void)state;
    return unlink(made("good"));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_in_cells_are_read),
        cmocka_unit_test(rounded_stamps_are_mended_or_refused),
        cmocka_unit_test(labels_and_their_doubt),
        cmocka_unit_test(what_was_resampled_is_non_causal),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(pickles_are_refused),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests_name("simeon2024_neural", tests, NULL, teardown);
}
