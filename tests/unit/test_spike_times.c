/* Tests of loaders/spike_times.c: bins counted by hand, the real files, what is refused. */
#include <bramble/loader.h>

#include "internal.h"
#include "test.h"

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int import(bram_ctx *cx, bram_dataset **ds, const char *spec, const char *a, const char *b)
{
    const char *paths[] = {a, b};
    *ds = NULL;
    return bram_import(cx, ds, spec, &(bram_input){paths, b ? 2 : 1}, NULL);
}

static const bram_response *response(const bram_dataset *ds, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", bram_dataset_group_at(ds, "recordings", 0),
             name);
    return bram_dataset_response(ds, path);
}

static const bram_axis *table(const bram_dataset *ds, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%s/%s", bram_dataset_group_at(ds, "recordings", 0),
             name);
    return bram_dataset_table(ds, path);
}

/* All values of a matrix; the caller frees them. */
static double *values_of(bram_ctx *cx, const bram_response *r, size_t *rows, size_t *cols)
{
    *rows = bram_response_length(r, 0), *cols = bram_response_length(r, 1);
    double *values = malloc(*rows * *cols * sizeof *values);
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){*rows, *cols}, values, NULL));
    return values;
}

static void assert_valid(bram_ctx *cx, const bram_dataset *ds)
{
    size_t errors = 1;
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
}

/* Four spikes on edges, two in one bin, a silent unit; bins of 0.1 s from 0.1 s on. */
static void bins_by_hand(void **state)
{
    (void)state;
    static const char text[] = "1.0\t0.1\n3.0\t0.3\n1.0\t0.35\n3.0\t0.399\n3.0\t0.39\n";
    static const double expected[] = {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0};
    char path[256];
    size_t rows, cols;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(path, "spike-times.txt");
    write_bytes(path, text, sizeof text - 1);
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.1,units=4,to=0.5", path, NULL));
    assert_valid(cx, ds);
    double *counts = values_of(cx, response(ds, "raw"), &rows, &cols);
    assert_int_equal(rows, 4);
    assert_int_equal(cols, 4);
    for (size_t i = 0; i < 16; i++) assert_near(counts[i], expected[i], 0);
    free(counts);
    const bram_axis *spikes = table(ds, "spikes");
    assert_int_equal(bram_axis_length(spikes), 5);
    const bram_column *neuron = bram_axis_column(spikes, "neuron");
    const bram_column *time = bram_axis_column(spikes, "time");
    assert_string_equal(neuron->text[4], "3"); /* in order of time, from the first stamp: 0.2 s */
    assert_near(time->number[4], 0.399 - 0.2, 1e-12);
    bram_dataset_free(ds);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_track_becomes_behaviour(void **state)
{
    (void)state;
    static const unsigned char track[] =
        "<Start settings>\nclockrate: 10\nFields: <time uint32><xloc uint16><yloc uint16>\n"
        "<End settings>\n"
        "\x0a\0\0\0\x02\x01\x05\0" /* 1 s: 258, 5 */
        "\x0a\0\0\0\x07\0\x07\0"   /* the same stamp once more */
        "\x0f\0\0\0\x03\0\0\x02";  /* 1.5 s: 3, 512 */
    char spikes[256], path[256];
    size_t rows, cols;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    test_temporary(spikes, "spike-times.txt");
    test_temporary(path, "track");
    write_bytes(spikes, "1,1\n1,1.6\n", 10);
    write_bytes(path, track, sizeof track - 1);
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.5", spikes, path));
    double *place = values_of(cx, response(ds, "behaviour"), &rows, &cols);
    assert_int_equal(rows, 2);
    assert_true(place[0] == 258 && place[1] == 5 && place[2] == 3 && place[3] == 512);
    free(place);
    bram_dataset_free(ds);
    write_bytes(path, track, sizeof track - 2); /* cut */
    assert_int_equal(import(cx, &ds, "spike_times:bin=0.5", spikes, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "expected records of 8"));
    write_bytes(path, "Fields: none", 12);
    assert_int_equal(import(cx, &ds, "spike_times:bin=0.5", spikes, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "<Start settings>"));
    unlink(spikes);
    unlink(path);
    bram_ctx_free(cx);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *text;
        int status;
        const char *words;
    } cases[] = {
        {"spike_times", "1 0.5\n", BRAM_EFORMAT, "expected two"},
        {"spike_times", "1,0.5\n2,0.6\n", BRAM_EUSAGE, "bin=SECONDS"},
        {"spike_times:bin=0.1", "1,0.5,2\n1,0.6,2\n", BRAM_EFORMAT, "found 3 columns"},
        {"spike_times:bin=0.1", "0,0.5\n1,0.6\n", BRAM_EFORMAT, "line 1: unit 0"},
        {"spike_times:bin=0.1", "1.5,0.5\n1,0.6\n", BRAM_EFORMAT, "unit 1.5"},
        {"spike_times:bin=0.1,units=2", "1,0.5\n3,0.6\n", BRAM_EFORMAT, "from 1 to 2"},
        {"spike_times:bin=0.1", "1,x\n2,0.6\n", BRAM_EFORMAT, "line 1"},
        {"spike_times:bin=0.1,to=-3", "1,0.5\n2,0.6\n", BRAM_EUSAGE, "bins of 0.1 s"},
        {"spike_times:bin=1e-9", "1,0\n2,1e6\n", BRAM_EUSAGE, "bins of 1e-09 s"},
    };
    char path[256];
    test_temporary(path, "spike-times.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bram_ctx *cx = bram_ctx_new();
        bram_dataset *ds;
        write_bytes(path, cases[i].text, strlen(cases[i].text));
        int status = import(cx, &ds, cases[i].spec, path, NULL);
        if (status != cases[i].status || !strstr(bram_ctx_message(cx), cases[i].words))
            fail_msg("case %zu: status %d, %s", i, status, bram_ctx_message(cx));
        bram_ctx_free(cx);
    }
    unlink(path);
}

static double sum_of(bram_ctx *cx, const bram_response *r, size_t *cols)
{
    size_t rows;
    double *values = values_of(cx, r, &rows, cols), sum = 0;
    for (size_t i = 0; i < rows * *cols; i++) sum += values[i];
    free(values);
    return sum;
}

/* Figures of the files' own description. */
static void the_real_files(void **state)
{
    (void)state;
    char songbird[512], rat[512], track[512];
    size_t cols;
    bram_dataset *ds;
    test_data(songbird, "spikes/ppseq/songbird_spikes.txt");
    test_data(rat, "spikes/nelpy-linear-track/spikes.mat");
    test_data(track, "spikes/nelpy-linear-track/trajectory.videoPositionTracking");
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.1,units=75", songbird, NULL));
    assert_valid(cx, ds);
    assert_near(sum_of(cx, response(ds, "raw"), &cols), 3336, 0);
    assert_int_equal(cols, 75);
    bram_dataset_free(ds);
    /* in the frames of the calcium that the events are of */
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.03333333333333333,units=75", songbird, NULL));
    assert_valid(cx, ds);
    assert_near(sum_of(cx, response(ds, "raw"), &cols), 3336, 0);
    assert_int_equal(bram_response_length(response(ds, "raw"), 0), 666);
    bram_dataset_free(ds);
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.02", rat, track));
    assert_valid(cx, ds);
    assert_near(sum_of(cx, response(ds, "raw"), &cols), 28829, 0);
    assert_int_equal(cols, 31);
    const bram_axis *spikes = table(ds, "spikes");
    const bram_column *time = bram_axis_column(spikes, "time");
    assert_near(time->number[28828] - time->number[0], 6365.1473 - 4397.0023, 1e-4);
    assert_int_equal(bram_response_length(response(ds, "behaviour"), 0), 118964);
    bram_dataset_free(ds);
    /* the run alone, in 100 ms: 978 s less a bin's rest */
    assert_ok(cx, import(cx, &ds, "spike_times:bin=0.1,to=5375", rat, track));
    assert_near(sum_of(cx, response(ds, "raw"), &cols), 15445, 0);
    assert_int_equal(bram_response_length(response(ds, "raw"), 0), 9780);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_by_hand),
        cmocka_unit_test(a_track_becomes_behaviour),
        cmocka_unit_test(refused),
        cmocka_unit_test(the_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
