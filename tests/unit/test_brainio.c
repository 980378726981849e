/*
 * Tests of loaders/brainio*.c: made assemblies (made_brainio.c: presentations of the stimuli b a b
 * c a b c, value = place in the array), and the real files of Brain-Score's own tests.
 */
#include "made_import.h"

#include <zlib.h>

static double value_of(bram_ctx *cx, const bram_response *r, size_t i, size_t u, size_t k, size_t b)
{
    double value;
    uint8_t present;
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){i, u, k, b}, (size_t[]){1, 1, 1, 1}, &value,
                                     &present));
    return present ? value : (double)NAN;
}

static void regions_repeats_and_bins(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    static const char *const forms[] = {"good", "old"};
    for (size_t f = 0; f < 2; f++) {
        assert_ok(cx, made_import(cx, &ds, "brainio", forms[f], "auto"));
        made_check(cx, ds);
        const bram_response *it = bram_dataset_response(ds, "responses/made.2015-IT");
        assert_int_equal(bram_response_dims(it), 4);
        assert_int_equal(bram_response_length(it, 0), 3); /* b, a, c */
        assert_int_equal(bram_response_length(it, 2), 3);
        const bram_axis *stimulus = bram_response_axis(it, 0), *unit = bram_response_axis(it, 1);
        assert_string_equal(bram_axis_id(stimulus, 2), "c");
        assert_string_equal(bram_axis_column(stimulus, "object_name")->text[1], "car");
        assert_null(bram_axis_column(stimulus, "repetition"));
        assert_string_equal(bram_axis_id(unit, 1), "n4");
        assert_string_equal(bram_axis_column(unit, "area")->text[0], "IT");
        assert_string_equal(bram_axis_column(unit, "subject")->text[1], "Tito");
        assert_near(bram_axis_values(bram_response_axis(it, 3))[0], 0.07, 1e-15);
        assert_near(bram_axis_column(bram_response_axis(it, 3), "end")->number[1], 0.27, 1e-15);
        /* presentation 5 is the third of b: 5 (4 2) + 1 2 + 1 */
        assert_near(value_of(cx, it, 0, 0, 2, 1), 43, 0);
        /* n2 in bin 1 of presentation 0: NaN in the good file */
        assert_true(isnan(value_of(cx, it, 0, 0, 0, 1)) == (f == 0));
        assert_true(isnan(value_of(cx, it, 1, 0, 2, 0))); /* a was shown twice */
        assert_int_equal(bram_axis_length(bram_dataset_table(ds, "stimuli/stimulus")), 3);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void models_by_layer(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "brainio", "model", "auto"));
    made_check(cx, ds);
    const bram_response *r = bram_dataset_response(ds, "stimuli/features/made.2015-2");
    assert_int_equal(bram_response_length(r, 0), 3);
    assert_int_equal(bram_response_length(r, 1), 2);
    /* n2 at presentations 1 and 4, which show a: 5 and 17 */
    assert_near(made_value(cx, r, 1, 0), 11, 1e-5);
    assert_null(bram_dataset_response(ds, "responses/made.2015"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void events_and_their_metadata(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "brainio", "events", "auto"));
    made_check(cx, ds);
    const bram_axis *spikes = made_table(ds, 0, "spikes"), *neuron = made_table(ds, 0, "neuron");
    assert_int_equal(bram_axis_length(spikes), 5);
    assert_near(bram_axis_column(spikes, "time")->number[3], 0.04125, 1e-15);
    assert_string_equal(bram_axis_column(spikes, "neuron")->text[4], "n2");
    assert_int_equal(bram_axis_length(neuron), 2);
    assert_string_equal(bram_axis_column(neuron, "region")->text[1], "IT");
    const bram_axis *trials = made_table(ds, 0, "trials");
    assert_near(bram_axis_column(trials, "value")->number[1], 2000, 0);
    assert_string_equal(bram_axis_column(trials, "stimulus_id")->text[0], "a");
    bram_dataset_free(ds);
    assert_ok(cx, made_import(cx, &ds, "brainio", "events", "brainio:event_unit=s"));
    assert_near(bram_axis_column(made_table(ds, 0, "spikes"), "time")->number[0], 12.5, 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_stimulus_set(void **state)
{
    (void)state;
    char assembly[200], set[200];
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_recognition r;
    test_temporary(assembly, "made.nc");
    test_temporary(set, "made.csv");
    assert_true(made_file("brainio", assembly, "one-bin"));
    assert_true(made_text(set, "stimulus_id,filename,size\nd,d.png,3\na,a.png,\nb,b.png,2.5\n"));
    const char *const paths[] = {assembly, set, set};
    assert_ok(cx, bram_loader_find("brainio")->belongs(cx, set, &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, 2}, NULL));
    const bram_axis *table = bram_dataset_table(ds, "stimuli/stimulus");
    assert_int_equal(bram_axis_length(table), 4); /* b, a, c of the assembly, then d */
    assert_string_equal(bram_axis_id(table, 3), "d");
    assert_string_equal(bram_axis_column(table, "image")->text[0], "b.png");
    assert_string_equal(bram_axis_column(table, "image")->text[2], "");
    assert_near(bram_axis_column(table, "size")->number[0], 2.5, 0);
    assert_true(isnan(bram_axis_column(table, "size")->number[1]));
    /* without time: reliability is told; V4's n1 has 0 8 20 | 4 16 | 12 24, so odd repeats 10 4
     * 12 and even ones 8 16 24 */
    const bram_response *v4 = bram_dataset_response(ds, "responses/made.2015-V4");
    assert_int_equal(bram_response_dims(v4), 3);
    assert_near(bram_axis_column(bram_response_axis(v4, 1), "reliability")->number[0],
                0.3873467753794611, 1e-12);
    bram_dataset_free(ds);
    assert_int_equal(bram_import(cx, &ds, "brainio", &(bram_input){paths, 3}, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "a second stimulus set"));
    unlink(assembly), unlink(set);
    bram_ctx_free(cx);
}

/* A zip file of stored members; no more than is needed here. */
struct zip {
    unsigned char bytes[600], directory[300];
    uint32_t used, listed;
    uint16_t members;
};

static void put(unsigned char *to, size_t at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[at + i] = (unsigned char)(value >> 8 * i);
}

static void add_member(struct zip *z, const char *name, const char *text)
{
    uint32_t n = (uint32_t)strlen(text), length = (uint32_t)strlen(name);
    uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)text, n);
    unsigned char *to = z->bytes + z->used, *entry = z->directory + z->listed;
    memcpy(to, "PK\3\4\24", 5), memcpy(entry, "PK\1\2\24\0\24", 7);
    put(to, 14, crc, 4), put(to, 18, n, 4), put(to, 22, n, 4), put(to, 26, length, 2);
    put(entry, 16, crc, 4), put(entry, 20, n, 4), put(entry, 24, n, 4), put(entry, 28, length, 2);
    put(entry, 42, z->used, 4);
    memcpy(to + 30, name, length), memcpy(to + 30 + length, text, n);
    memcpy(entry + 46, name, length);
    z->used += 30 + length + n, z->listed += 46 + length, z->members++;
}

static size_t end_zip(struct zip *z)
{
    unsigned char *to = z->bytes + z->used;
    memcpy(to, z->directory, z->listed);
    memcpy(to + z->listed, "PK\5\6", 4);
    put(to + z->listed, 8, z->members, 2), put(to + z->listed, 10, z->members, 2);
    put(to + z->listed, 12, z->listed, 4), put(to + z->listed, 16, z->used, 4);
    return z->used + z->listed + 22;
}

static void pictures_of_a_set(void **state)
{
    (void)state;
    char assembly[200], set[200], zip[200];
    struct zip z = {.used = 0};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_recognition r;
    test_temporary(assembly, "made.nc");
    test_temporary(set, "made.csv");
    test_temporary(zip, "made.zip");
    assert_true(made_file("brainio", assembly, "one-bin"));
    assert_true(made_text(set, "image_id,filename\na,a.png\nb,b.png\n"));
    add_member(&z, "pictures/b.png", "abc");
    add_member(&z, "pictures/a.png", "");
    assert_true(made_bytes(zip, z.bytes, end_zip(&z)));
    const char *const paths[] = {assembly, zip, set};
    assert_ok(cx, bram_loader_find("brainio")->belongs(cx, zip, &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, 3}, NULL));
    const bram_axis *table = bram_dataset_table(ds, "stimuli/stimulus");
    const char *const *hash = bram_axis_column(table, "image_sha256")->text;
    /* SHA-256 of "abc" (FIPS 180-2, B.1), and of nothing; c has no picture in the set */
    assert_string_equal(hash[0],
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(hash[1],
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(hash[2], "");
    bram_dataset_free(ds);
    assert_true(made_text(set, "image_id,filename\na,other.png\nb,b.png\n"));
    assert_int_equal(bram_import(cx, &ds, "brainio", &(bram_input){paths, 3}, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "has no picture other.png, that of stimulus a"));
    unlink(assembly), unlink(set), unlink(zip);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"unnamed", "presentation 3 has no stimulus"},
                                           {"bins", "time_bin 2: expected time_bin_start"},
                                           {"no-stimulus", "no dimension with stimulus_id"},
                                           {"event-nan", "event 3 is at nan"},
                                           {"model-nan", "expected a number"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        made_refused("brainio", "brainio", cases[i][0], cases[i][1]);
    made_known_by("brainio", "brainio", "names its coordinates");
}

static void every_failing_allocation(void **state)
{
    (void)state;
    made_survives("brainio", "brainio");
}

/* Shapes and values that another program (h5py) read from the files. */
static void real_files(void **state)
{
    (void)state;
    static const char *const names[] = {
        "alexnet-probabilities.nc",      "alexnet-rgb-1000.nc",
        "alexnet-rgb-None.nc",           "assy_test_TestMe.nc",
        "assy_test_package_assembly.nc", "assy_test_package_assembly_extras.nc",
        "image_test_ten_images.csv",     "resnet18-probabilities.nc",
        "resnet34-probabilities.nc"};
    enum { FILES = sizeof names / sizeof *names };
    char path[FILES][512], name[100];
    const char *paths[FILES];
    for (size_t i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "vision/encoding/brainio/%s", names[i]);
        test_data(path[i], name);
        paths[i] = path[i];
    }
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, FILES}, NULL));
    made_check(cx, ds);
    const bram_response *r = bram_dataset_response(ds, "stimuli/features/alexnet-probabilities");
    assert_int_equal(bram_response_length(r, 0), 240);
    assert_int_equal(bram_response_length(r, 1), 24);
    assert_near(made_value(cx, r, 0, 0), 0.07814528, 5e-9);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 0), 0),
                        "06aae50586099149cf4034b7966bdb8ca76173e0");
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 2), "calc01");
    r = bram_dataset_response(ds, "stimuli/features/alexnet-rgb-1000-features.12");
    assert_int_equal(bram_response_length(r, 1), 1000);
    assert_near(made_value(cx, r, 0, 1), -24.140839, 1e-6);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 0), 0), "rgb.jpg");
    r = bram_dataset_response(ds, "responses/assy_test_TestMe");
    assert_int_equal(bram_response_length(r, 1), 3);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 2), "gamma");
    r = bram_dataset_response(ds, "responses/assy_test_package_assembly");
    assert_int_equal(bram_response_length(r, 0), 6);
    assert_near(bram_attrs_number(bram_response_attrs_const(r), "window_to", NAN), 0.01, 1e-15);
    const bram_axis *spikes = made_table(ds, 0, "spikes");
    assert_int_equal(bram_axis_length(spikes), 1000);
    assert_near(bram_axis_column(spikes, "time")->number[0], 0.06778308398662739, 1e-15);
    assert_int_equal(bram_axis_length(made_table(ds, 0, "neuron")), 2);
    assert_int_equal(bram_axis_length(made_table(ds, 0, "test")), 40);
    assert_int_equal(bram_axis_find(bram_dataset_table(ds, "stimuli/stimulus"), "n9") >= 0, 1);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_repeats_and_bins),  cmocka_unit_test(models_by_layer),
        cmocka_unit_test(events_and_their_metadata), cmocka_unit_test(a_stimulus_set),
        cmocka_unit_test(pictures_of_a_set),         cmocka_unit_test(refusals),
        cmocka_unit_test(every_failing_allocation),  cmocka_unit_test(real_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
