/* Tests of loaders/venkatachalam2024.c on made tables of the documented form. */
#include "made.h"
#include "recording_test.h"
#include "testzip.h"

static const char *made(const char *form)
{
    static char path[200];
    test_temporary(path, "odours.csv");
    assert_true(made_venkatachalam(path, form));
    return path;
}

static const char *made_id(void)
{
    static char id[100];
    snprintf(id, sizeof id, "bramble-%ld-odours", (long)getpid());
    return id;
}

static void expect_worm(bram_ctx *cx, const bram_dataset *ds, const char *id)
{
    static const char *const raw[] = {"AVAL", "ASH?", "AVAL", ""};
    static const char *const certainty[] = {"duplicate", "side-ambiguous", "duplicate",
                                            "unlabeled"};
    const bram_response *r = response_of(ds, id, "raw");
    assert_int_equal(bram_response_length(r, 0), 30);
    assert_int_equal(bram_response_length(r, 1), 4);
    assert_near(value_at(cx, r, 7, 2), 27, 0);
    assert_true(isnan(value_at(cx, r, 4, 3)));
    assert_near(value_at(cx, r, 5, 3), 35, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(neuron_text(ds, id, "raw_label", i), raw[i]);
        assert_string_equal(neuron_text(ds, id, "certainty", i), certainty[i]);
    }
}

static void a_table_is_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import_file(cx, &ds, "auto", made("good")));
    assert_valid_dataset(cx, ds);
    expect_worm(cx, ds, made_id());
    const bram_response *activity = response_of(ds, made_id(), "activity");
    const double *time = bram_axis_values(bram_response_axis(activity, 0));
    assert_near(time[19], 19 * .375, 0); /* frame number times 0.375 s */
    assert_near(time[20], 120 * .375, 0);
    const bram_column *segment = bram_axis_column(bram_response_axis(activity, 0), "segment");
    assert_int_equal(segment->integer[20], segment->integer[19] + 1);
    assert_string_equal(text_of(ds, made_id(), "time_from"), "frame number times 0.375 s");
    bram_dataset_free(ds);
    assert_ok(cx, import_file(cx, &ds, "venkatachalam2024:step=0.5", made("good")));
    activity = response_of(ds, made_id(), "activity");
    assert_near(bram_axis_values(bram_response_axis(activity, 0))[19], 9.5, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* One table in a zip, and the shadow file that some systems add. */
static void a_zip_is_read(void **state)
{
    (void)state;
    char path[200];
    static unsigned char bytes[1 << 16];
    static struct testzip zip, shadow;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    FILE *file = fopen(made("good"), "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size < sizeof bytes);
    memset(&zip, 0, sizeof zip);
    memset(&shadow, 0, sizeof shadow);
    testzip_add(&zip, "__MACOSX/._20230506.csv", "\0\1", 2);
    testzip_add(&zip, "20230506/20230506.csv", bytes, size);
    testzip_add(&shadow, "__MACOSX/._20230506.csv", "\0\1", 2);
    test_temporary(path, "odours.zip");
    testzip_write(&zip, path);
    assert_ok(cx, import_file(cx, &ds, "auto", path));
    expect_worm(cx, ds, "20230506");
    assert_string_equal(text_of(ds, "20230506", "source_file"), "20230506.csv");
    bram_dataset_free(ds);
    testzip_write(&shadow, path);
    expect_refusal(cx, "venkatachalam2024", path, "no table", "found no .csv in the archive");
    assert_true(made_bytes(path, zip.bytes, zip.used / 2));
    expect_refusal(cx, "venkatachalam2024", path, "cut", "odours.zip");
    unlink(path);
    bram_ctx_free(cx);
}

static void hostile_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"no-neuron", "neuron"},
        {"unnumbered", "found 0 columns with a frame's number as header and 4 rows"},
        {"word", "four"},
        {"nan", "no finite value in 30 frames of 4 traces"},
        {"ragged", "line 3"},
        {"empty", "and 0 rows"},
    };
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_refusal(cx, "venkatachalam2024", made(cases[i].form), cases[i].form, cases[i].words);
    const char *path = made("good");
    assert_true(made_text(path, ""));
    expect_refusal(cx, "venkatachalam2024", path, "nothing", "odours.csv");
    bram_ctx_free(cx);
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    expect_to_survive(made("good"));
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
        cmocka_unit_test(a_table_is_read),
        cmocka_unit_test(a_zip_is_read),
        cmocka_unit_test(hostile_tables_are_refused),
        cmocka_unit_test(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests_name("venkatachalam2024", tests, NULL, teardown);
}
