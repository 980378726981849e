/* Tests of loaders/generic.c and core/array_store.c: arrays from files of any common format. */
#include <bramble/loader.h>

#include "file.h"
#include "gz.h"
#include "internal.h"
#include "npy.h"
#include "test.h"

static int import(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *path)
{
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){&path, 1}, NULL);
}

/* Valid by datasets/schema.md. */
static void assert_valid(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

static const bram_response *response(const bram_dataset *ds, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", bram_dataset_group_at(ds, "recordings", 0),
             name);
    return bram_dataset_response(ds, path);
}

static double value(bram_ctx *cx, const bram_response *r, size_t i, size_t j)
{
    double v = NAN;
    uint8_t present = 0;
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){i, j}, (size_t[]){1, 1}, &v, &present));
    return present ? v : (double)NAN;
}

static double sum_of(bram_ctx *cx, const bram_response *r)
{
    size_t rows = bram_response_length(r, 0), cols = bram_response_length(r, 1);
    double *values = malloc(rows * cols * sizeof *values), sum = 0;
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, cols}, values, NULL));
    for (size_t k = 0; k < rows * cols; k++) sum += values[k];
    free(values);
    return sum;
}

static void refuse(const char *spec, const char *path, int status, const char *words)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    int found = import(cx, &ds, spec, path);
    if (found != status || !strstr(bram_ctx_message(cx), words))
        fail_msg("%s: status %d, \"%s\"; expected %d, \"%s\"", spec, found, bram_ctx_message(cx),
                 status, words);
    bram_ctx_free(cx);
}

static void motor_cortex_counts(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "spikes/spykesML/m1_stevenson_2011.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds,
                         "generic:variable=spikes,times=time,behaviour=handVel,unit=count,"
                         "species=Macaca mulatta",
                         path));
    const bram_response *raw = response(ds, "raw"), *activity = response(ds, "activity"),
                        *hand = response(ds, "behaviour");
    assert_int_equal(bram_response_length(raw, 0), 15536);
    assert_int_equal(bram_response_length(raw, 1), 171);
    assert_valid(cx, ds);
    assert_near(sum_of(cx, raw), 2352815, 0);
    assert_near(sum_of(cx, activity), 2352815, 0);
    assert_int_equal(bram_response_length(hand, 0), 15536);
    assert_int_equal(bram_response_length(hand, 1), 3);
    assert_string_equal(bram_axis_id(bram_response_axis(hand, 1), 0), "handVel_1");
    char group[300];
    snprintf(group, sizeof group, "recordings/%s", bram_dataset_group_at(ds, "recordings", 0));
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
    assert_near(bram_attrs_number(attrs, "start", 0), 12.591, 1e-9);
    assert_near(bram_attrs_number(attrs, "dt", 0), 0.05, 1e-9);
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(activity), "unit"), "count");
    assert_null(bram_dataset_table(ds, "neurons")); /* not a worm */
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void songbird_calcium(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "spikes/seqNMF/MackeviciusData.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    refuse("generic:variable=NEURAL,rate=30", path, BRAM_EUSAGE, "75 x 666");
    refuse("generic", path, BRAM_EUSAGE, "name one by variable=");
    assert_ok(cx, import(cx, &ds, "generic:variable=NEURAL,time=columns,rate=30", path));
    const bram_response *raw = response(ds, "raw");
    assert_int_equal(bram_response_length(raw, 0), 666);
    assert_int_equal(bram_response_length(raw, 1), 75);
    assert_near(bram_axis_values(bram_response_axis(raw, 0))[665], 665 / 30., 1e-12);
    double most = 0;
    size_t zeros = 0;
    for (size_t i = 0; i < 666; i++)
        for (size_t j = 0; j < 75; j++) {
            double v = value(cx, raw, i, j);
            most = v > most ? v : most;
            zeros += v == 0;
        }
    assert_near(most, 0.94978, 5e-6);
    assert_near((double)zeros / (666 * 75), 0.933, 5e-4);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void binary_words_of_matlab_73(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "spikes/maxent_toolbox/example15.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, import(cx, &ds, "generic:time=columns,dt=0.02,unit=spikes", path));
    assert_int_equal(bram_response_length(response(ds, "raw"), 0), 40000);
    assert_int_equal(bram_response_length(response(ds, "raw"), 1), 15);
    assert_near(sum_of(cx, response(ds, "raw")), 68530, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- made files ----------------------------------------------------------------------------- */

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static const char table[] = "seconds,AVAL,\"speed\",VB02,merge\n"
                            "1.0,0.5,10,3,1\n"
                            "1.5,,11,4,1\n"
                            "2.0,0.7,12,5,nan\n";

static void check_table(bram_ctx *cx, const char *path)
{
    bram_dataset *ds;
    assert_ok(cx,
              import(cx, &ds,
                     "generic:times=seconds,behaviour=speed,species=Caenorhabditis elegans", path));
    assert_valid(cx, ds);
    const bram_response *r = response(ds, "activity");
    const bram_axis *neuron = bram_response_axis(r, 1);
    assert_int_equal(bram_response_length(r, 0), 3);
    assert_int_equal(bram_response_length(r, 1), 3);
    assert_int_equal(bram_axis_find(neuron, "AVAL"), 0);
    assert_int_equal(bram_axis_find(neuron, "VB2"), 1);
    assert_string_equal(bram_axis_column(neuron, "certainty")->text[2], "unlabeled");
    assert_true(isnan(value(cx, r, 1, 0)));
    assert_near(value(cx, r, 2, 1), 5, 0);
    assert_near(value(cx, response(ds, "behaviour"), 1, 0), 11, 0);
    assert_int_equal(bram_response_length(response(ds, "behaviour"), 1), 1);
    bram_dataset_free(ds);
}

static void a_table_with_headings(void **state)
{
    (void)state;
    char path[200];
    unsigned char *packed;
    size_t size;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "table.csv");
    write_bytes(path, table, sizeof table - 1);
    check_table(cx, path);
    refuse("generic:times=seconds,behaviour=nosuch", path, BRAM_EABSENT, "no column \"nosuch\"");
    refuse("generic:times=hours", path, BRAM_EABSENT, "no column \"hours\"");
    refuse("generic:dt=1,rate=1", path, BRAM_EUSAGE, "found several of times=, dt= and rate=");
    refuse("auto", path, BRAM_EUSAGE, "found none of times=, dt= and rate=");
    assert_ok(cx,
              bram_gz_deflate(cx, &packed, &size, (const unsigned char *)table, sizeof table - 1));
    write_bytes(path, packed, size);
    bram_free(packed);
    check_table(cx, path);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_gzipped_numpy_array(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 4, 5, 6};
    char path[200];
    unsigned char *bytes, *packed;
    size_t size;
    bram_dataset *ds;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "array.npy.gz");
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){3, 2}, values));
    assert_ok(cx, bram_file_read(cx, &bytes, &size, path, 0));
    assert_ok(cx, bram_gz_deflate(cx, &packed, &size, bytes, size));
    write_bytes(path, packed, size);
    bram_free(bytes);
    bram_free(packed);
    refuse("generic:dt=1", path, BRAM_EUSAGE, "3 x 2 and nothing tells which way time runs");
    assert_ok(cx, import(cx, &ds, "generic:dt=0.5,time=rows", path));
    assert_near(value(cx, response(ds, "raw"), 2, 1), 6, 0);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_table_of_numbers_is_not_guessed(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(path, "numbers.csv");
    write_bytes(path, "1,2,3\n4,5,6\n", 12);
    refuse("generic:dt=1", path, BRAM_EUSAGE, "2 x 3 and nothing tells which way time runs");
    assert_ok(cx, import(cx, &ds, "generic:dt=0.5,time=columns", path));
    assert_int_equal(bram_response_length(response(ds, "raw"), 0), 3);
    assert_near(value(cx, response(ds, "raw"), 2, 1), 6, 0);
    assert_near(bram_axis_values(bram_response_axis(response(ds, "raw"), 0))[2], 1, 0);
    bram_dataset_free(ds);
    assert_ok(cx, import(cx, &ds, "generic:dt=0.5,time=rows,id=mine", path));
    assert_string_equal(bram_dataset_group_at(ds, "recordings", 0), "mine");
    assert_near(value(cx, response(ds, "raw"), 1, 2), 6, 0);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

/* Gaps are marked on the time axis, also when the steps were told not to heed them. */
static void gaps_are_segments_of_the_time_axis(void **state)
{
    (void)state;
    static const char gap[] = "t,a\n0,1\n1,2\n2,3\n9,4\n10,5\n";
    static const char *const ways[] = {"gap=3", "gap=0"};
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "gap.csv");
    write_bytes(path, gap, sizeof gap - 1);
    for (size_t i = 0; i < 2; i++) {
        const char *const paths[] = {path};
        bram_options *o;
        bram_dataset *ds = NULL;
        assert_ok(cx, bram_options_new(cx, &o, bram_import_params, ways[i]));
        assert_ok(cx, bram_import(cx, &ds, "generic:times=t", &(bram_input){paths, 1}, o));
        bram_options_free(o);
        const bram_column *segment = bram_axis_column(
            bram_response_axis(response(ds, "activity"), 0), "segment");
        assert_non_null(segment);
        assert_int_equal(segment->integer[2], 1);
        assert_int_equal(segment->integer[3], 2);
        assert_int_equal(segment->integer[4], 2);
        assert_valid(cx, ds);
        bram_dataset_free(ds);
    }
    unlink(path);
    bram_ctx_free(cx);
}

static void sessions_are_segments_of_the_time_axis(void **state)
{
    (void)state;
    static const char sessions[] = "session,a,b\n7,1,2\n7,3,4\n8,5,6\n7,7,8\n";
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(path, "sessions.csv");
    write_bytes(path, sessions, sizeof sessions - 1);
    assert_ok(cx, import(cx, &ds, "generic:dt=1,segments=session", path));
    assert_valid(cx, ds);
    const bram_response *r = response(ds, "activity");
    const bram_column *segment = bram_axis_column(bram_response_axis(r, 0), "segment");
    assert_non_null(segment);
    static const int64_t expected[] = {1, 1, 2, 3};
    for (size_t i = 0; i < 4; i++) assert_int_equal(segment->integer[i], expected[i]);
    assert_int_equal(bram_response_length(r, 1), 2); /* the session is no trace */
    bram_dataset_free(ds);
    refuse("generic:dt=1,segments=day", path, BRAM_EABSENT, "no column \"day\"");
    write_bytes(path, "s,a\n1,2\n1.5,3\n", 14);
    refuse("generic:dt=1,segments=s", path, BRAM_EFORMAT, "s is 1.5 in frame 1");
    unlink(path);
    bram_ctx_free(cx);
}

static void numpy_arrays(void **state)
{
    (void)state;
    char path[200], times[200], names[200], spec[700];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(path, "traces.npy");
    test_temporary(times, "times.npy");
    test_temporary(names, "names.npy");
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){2, 3},
                                 (double[]){1, 2, 3, 4, 5, 6}));
    assert_ok(cx,
              bram_npy_write(cx, times, true, BRAM_NPY_F64, 1, (size_t[]){3}, (double[]){7, 8, 9}));
    assert_ok(cx, bram_npy_write_texts(cx, names, true, 2, (const char *const[]){"a", "a"}));
    refuse("generic:rate=2", path, BRAM_EUSAGE, "2 x 3");
    snprintf(spec, sizeof spec, "generic:times=%s,names=%s", times, names);
    assert_ok(cx, import(cx, &ds, spec, path));
    assert_int_equal(bram_response_length(response(ds, "raw"), 0), 3);
    assert_near(value(cx, response(ds, "raw"), 2, 1), 6, 0);
    const bram_axis *neuron = bram_response_axis(response(ds, "activity"), 1);
    assert_string_equal(bram_axis_column(neuron, "certainty")->text[0], "duplicate");
    bram_dataset_free(ds);

    /* stamps that do not ascend, or of another length */
    assert_ok(cx,
              bram_npy_write(cx, times, true, BRAM_NPY_F64, 1, (size_t[]){3}, (double[]){7, 9, 9}));
    snprintf(spec, sizeof spec, "generic:times=%s", times);
    refuse(spec, path, BRAM_EFORMAT, "frame 3");
    assert_ok(cx, bram_npy_write(cx, times, true, BRAM_NPY_F64, 1, (size_t[]){4},
                                 (double[]){1, 2, 3, 4}));
    snprintf(spec, sizeof spec, "generic:times=%s,time=columns", times);
    refuse(spec, path, BRAM_EFORMAT, "4 stamps, expected 3");
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 3, (size_t[]){1, 2, 3},
                                 (double[]){1, 2, 3, 4, 5, 6}));
    refuse("generic:rate=2,time=rows", path, BRAM_EFORMAT, "expected one or two dimensions");
    assert_ok(cx,
              bram_npy_write(cx, path, true, BRAM_NPY_F64, 1, (size_t[]){2}, (double[]){NAN, NAN}));
    refuse("generic:rate=2", path, BRAM_EFORMAT, "no finite value");
    unlink(path), unlink(times), unlink(names);
    bram_ctx_free(cx);
}

static void files_that_are_none(void **state)
{
    (void)state;
    static const char lfs[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n";
    char path[200];
    test_temporary(path, "none.csv");
    write_bytes(path, "", 0);
    refuse("auto", path, BRAM_EFORMAT, "empty");
    refuse("generic:dt=1", path, BRAM_EFORMAT, "empty");
    write_bytes(path, lfs, sizeof lfs - 1);
    refuse("auto", path, BRAM_EFORMAT, "LFS");
    refuse("generic:dt=1", path, BRAM_EFORMAT, "LFS");
    write_bytes(path, "a,b\n1,x\n", 8);
    refuse("generic:dt=1", path, BRAM_EFORMAT, "x");
    write_bytes(path, "a,b\n1,2\n3\n", 10);
    refuse("generic:dt=1", path, BRAM_EFORMAT, "line 3");
    write_bytes(path, "\x93NUMPY\1\0v\0{'descr': '<f8'", 26);
    refuse("generic:dt=1,time=rows", path, BRAM_EFORMAT, "none.csv");
    write_bytes(path, "plain words\nand more\n", 21);
    refuse("auto", path, BRAM_EFORMAT, "no loader knows");
    unlink(path);
    refuse("generic:dt=1", path, BRAM_EREAD, "none.csv");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[200];
    test_temporary(path, "memory.csv");
    write_bytes(path, table, sizeof table - 1);
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 4000; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds;
        bram_fail_allocation(k, false);
        status = import(cx, &ds, "generic:times=seconds,behaviour=speed", path);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: %d %s", k, status, bram_ctx_message(cx));
        bram_dataset_free(ds);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 50);
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motor_cortex_counts),
        cmocka_unit_test(songbird_calcium),
        cmocka_unit_test(binary_words_of_matlab_73),
        cmocka_unit_test(a_table_with_headings),
        cmocka_unit_test(a_gzipped_numpy_array),
        cmocka_unit_test(a_table_of_numbers_is_not_guessed),
        cmocka_unit_test(gaps_are_segments_of_the_time_axis),
        cmocka_unit_test(sessions_are_segments_of_the_time_axis),
        cmocka_unit_test(numpy_arrays),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
