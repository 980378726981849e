/*
 * test_jld2.c - JLD2 trees: a small file written here in JLD2's way, and the label dictionary of
 * Dag et al. 2023 against its re-encoding in JSON.
 */
#include "test.h"

#include "internal.h"
#include "jld2.h"
#include "json.h"

#include <hdf5.h>

static char made[256];
static const char heading[] = "HDF5-based Julia Data Format, version 0.1.1";

static hobj_ref_t put(hid_t file, const char *name, hid_t type, hsize_t n, const void *data)
{
    hid_t space = n      ? H5Screate_simple(1, &n, NULL)
                  : data ? H5Screate(H5S_SCALAR)
                         : H5Screate(H5S_NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    if (data) assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    hobj_ref_t ref;
    H5Rcreate(&ref, file, name, H5R_OBJECT, -1);
    return ref;
}

struct keyed {
    const char *key;
    hobj_ref_t value;
};

struct row {
    int64_t id;
    double x;
    const char *label;
};

static void write_values(hid_t file, hid_t text)
{
    const int64_t seven = 7, three[3] = {1, 2, 3};
    const double half = .5;
    const char *word = "RIAR", *words[2] = {"a", "b"};
    const signed char byte = 0;
    hid_t opaque = H5Tcreate(H5T_OPAQUE, 1);
    hobj_ref_t values[5] = {
        put(file, "integer", H5T_NATIVE_INT64, 0, &seven),
        put(file, "real", H5T_NATIVE_DOUBLE, 0, &half), put(file, "text", text, 0, &word),
        put(file, "three", H5T_NATIVE_INT64, 3, three), put(file, "nothing", opaque, 0, NULL)};
    put(file, "strange", opaque, 0, &byte);
    put(file, "words", text, 2, words);
    put(file, "list", H5T_STD_REF_OBJ, 5, values);
    hid_t keyed = H5Tcreate(H5T_COMPOUND, sizeof(struct keyed));
    H5Tinsert(keyed, "first", offsetof(struct keyed, key), text);
    H5Tinsert(keyed, "second", offsetof(struct keyed, value), H5T_STD_REF_OBJ);
    const struct keyed entries[2] = {{"label", values[2]}, {"id", values[0]}};
    hobj_ref_t pairs = put(file, "pairs", keyed, 2, entries);
    put(file, "dict", H5T_STD_REF_OBJ, 0, &pairs);
    hid_t rows = H5Tcreate(H5T_COMPOUND, sizeof(struct row));
    H5Tinsert(rows, "id", offsetof(struct row, id), H5T_NATIVE_INT64);
    H5Tinsert(rows, "x", offsetof(struct row, x), H5T_NATIVE_DOUBLE);
    H5Tinsert(rows, "label", offsetof(struct row, label), text);
    const struct row row = {-3, 1.5, "AVAL"};
    put(file, "row", rows, 0, &row);
    hobj_ref_t self[1] = {0};
    self[0] = put(file, "circle", H5T_STD_REF_OBJ, 1, self);
    hid_t set = H5Dopen2(file, "circle", H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, self) >= 0);
    H5Dclose(set);
    self[0] = put(file, "box", H5T_STD_REF_OBJ, 0, self);
    set = H5Dopen2(file, "box", H5P_DEFAULT);
    assert_true(H5Dwrite(set, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, self) >= 0);
    H5Dclose(set), H5Tclose(keyed), H5Tclose(rows), H5Tclose(opaque);
}

static int write_sample(void **state)
{
    (void)state;
    bram_init();
    test_temporary(made, "sample.jld2");
    hid_t list = H5Pcreate(H5P_FILE_CREATE), text = H5Tcopy(H5T_C_S1);
    H5Pset_userblock(list, 512);
    H5Tset_size(text, H5T_VARIABLE);
    H5Tset_cset(text, H5T_CSET_UTF8);
    hid_t file = H5Fcreate(made, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    write_values(file, text);
    H5Fclose(file), H5Tclose(text), H5Pclose(list);
    FILE *stream = fopen(made, "r+b");
    fputs(heading, stream);
    return fclose(stream);
}

static int remove_sample(void **state)
{
    (void)state;
    return remove(made);
}

static bram_jld2_value *get(bram_ctx *cx, bram_jld2 *file, const char *name)
{
    bram_jld2_value *v = NULL;
    assert_ok(cx, bram_jld2_get(cx, &v, file, name));
    return v;
}

static bram_jld2_value *at(bram_ctx *cx, bram_jld2_value *v, size_t i)
{
    bram_jld2_value *out = NULL;
    assert_ok(cx, bram_jld2_at(cx, &out, v, i));
    return out;
}

static bram_jld2_value *find(bram_ctx *cx, bram_jld2_value *v, const char *key)
{
    bram_jld2_value *out = NULL;
    assert_ok(cx, bram_jld2_find(cx, &out, v, key));
    return out;
}

static void assert_text(bram_ctx *cx, const bram_jld2_value *v, const char *expected)
{
    const char *text = NULL;
    assert_ok(cx, bram_jld2_text(cx, &text, v));
    assert_string_equal(text, expected);
}

static void assert_integer(bram_ctx *cx, const bram_jld2_value *v, int64_t expected)
{
    int64_t integer = 0;
    assert_ok(cx, bram_jld2_integer(cx, &integer, v));
    assert_int_equal(integer, expected);
}

static void every_kind_reads(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_jld2 *file;
    double real = 0;
    const double *three;
    size_t n;
    assert_ok(cx, bram_jld2_open(cx, &file, made));
    bram_jld2_value *list = get(cx, file, "list"), *words = get(cx, file, "words");
    assert_int_equal(bram_jld2_kind_of(list), BRAM_JLD2_LIST);
    assert_int_equal(bram_jld2_count(list), 5);
    assert_integer(cx, at(cx, list, 0), 7);
    assert_ok(cx, bram_jld2_number(cx, &real, at(cx, list, 1)));
    assert_near(real, .5, 0);
    assert_text(cx, at(cx, list, 2), "RIAR");
    assert_ok(cx, bram_jld2_numbers(cx, &three, &n, at(cx, list, 3)));
    assert_true(n == 3 && three[0] == 1 && three[2] == 3);
    assert_int_equal(bram_jld2_kind_of(at(cx, list, 4)), BRAM_JLD2_NOTHING);
    assert_int_equal(bram_jld2_kind_of(get(cx, file, "strange")), BRAM_JLD2_OTHER);
    assert_int_equal(bram_jld2_count(words), 2);
    assert_text(cx, at(cx, words, 1), "b");
    bram_jld2_value *dict = get(cx, file, "dict"), *key = NULL;
    assert_int_equal(bram_jld2_kind_of(dict), BRAM_JLD2_DICT);
    assert_ok(cx, bram_jld2_key(cx, &key, dict, 1));
    assert_text(cx, key, "id");
    assert_integer(cx, at(cx, dict, 1), 7);
    assert_text(cx, find(cx, dict, "label"), "RIAR");
    bram_jld2_value *row = get(cx, file, "row");
    assert_int_equal(bram_jld2_kind_of(row), BRAM_JLD2_TUPLE);
    assert_integer(cx, find(cx, row, "id"), -3);
    assert_text(cx, at(cx, row, 2), "AVAL");
    assert_int_equal(bram_jld2_kind_of(get(cx, file, "pairs")), BRAM_JLD2_DICT);
    bram_jld2_close(file);
    bram_ctx_free(cx);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_jld2 *file = NULL, *none = NULL;
    bram_jld2_value *v = NULL;
    const char *text = NULL;
    const double *numbers = NULL;
    int64_t integer = 42;
    double real = 42;
    size_t n = 42;
    assert_ok(cx, bram_jld2_open(cx, &file, made));
    bram_jld2_value *list = get(cx, file, "list"), *dict = get(cx, file, "dict");
    assert_int_equal(bram_jld2_get(cx, &v, file, "x"), BRAM_EABSENT);
    assert_int_equal(bram_jld2_at(cx, &v, list, 5), BRAM_EABSENT);
    assert_int_equal(bram_jld2_find(cx, &v, dict, "x"), BRAM_EABSENT);
    assert_int_equal(bram_jld2_find(cx, &v, list, "x"), BRAM_EFORMAT);
    assert_int_equal(bram_jld2_key(cx, &v, list, 0), BRAM_EFORMAT);
    assert_int_equal(bram_jld2_at(cx, &v, at(cx, list, 0), 0), BRAM_EFORMAT);
    assert_int_equal(bram_jld2_text(cx, &text, dict), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "dict: found a dictionary, expected a text"));
    assert_int_equal(bram_jld2_number(cx, &real, dict), BRAM_EFORMAT);
    assert_int_equal(bram_jld2_integer(cx, &integer, at(cx, list, 1)), BRAM_EFORMAT);
    assert_int_equal(bram_jld2_numbers(cx, &numbers, &n, list), BRAM_EFORMAT);
    assert_true(!v && !text && !numbers && integer == 42 && real == 42 && n == 42);
    bram_jld2_close(file);
    assert_int_equal(bram_jld2_open(cx, &none, "/nonexistent.jld2"), BRAM_EREAD);
    assert_null(none);
    bram_ctx_free(cx);
}

static void circles_end(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_jld2 *file = NULL;
    assert_ok(cx, bram_jld2_open(cx, &file, made));
    bram_jld2_value *v = get(cx, file, "circle"), *box = NULL;
    int status = BRAM_OK, depth = 0;
    while (status == BRAM_OK && depth < 1000) status = bram_jld2_at(cx, &v, v, 0), depth++;
    assert_int_equal(status, BRAM_EFORMAT);
    assert_int_equal(depth, 64);
    assert_int_equal(bram_jld2_get(cx, &box, file, "box"), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "circle"));
    bram_jld2_close(file);
    bram_ctx_free(cx);
}

static void plain_hdf5_is_refused(void **state)
{
    (void)state;
    char name[256];
    test_temporary(name, "plain.h5");
    hid_t id = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(id);
    bram_ctx *cx = bram_ctx_new();
    bram_jld2 *file = NULL;
    assert_int_equal(bram_jld2_open(cx, &file, name), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "not JLD2"));
    assert_null(file);
    bram_ctx_free(cx);
    remove(name);
}

static int read_much(bram_ctx *cx)
{
    bram_jld2 *file = NULL;
    bram_jld2_value *v = NULL, *w = NULL;
    int status = bram_jld2_open(cx, &file, made);
    if (status == BRAM_OK) status = bram_jld2_get(cx, &v, file, "list");
    for (size_t i = 0; i < 5 && status == BRAM_OK; i++) status = bram_jld2_at(cx, &w, v, i);
    if (status == BRAM_OK) status = bram_jld2_get(cx, &v, file, "dict");
    if (status == BRAM_OK) status = bram_jld2_find(cx, &w, v, "id");
    if (status == BRAM_OK) status = bram_jld2_get(cx, &v, file, "row");
    if (status == BRAM_OK) status = bram_jld2_get(cx, &v, file, "words");
    bram_jld2_close(file);
    return status;
}

static void failing_allocations_lose_nothing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    int status = BRAM_ENOMEM;
    size_t k = 0;
    while (status == BRAM_ENOMEM && k < 500) {
        bram_fail_allocation(++k, false);
        status = read_much(cx);
        bram_fail_allocation(0, false);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 20);
    bram_ctx_free(cx);
}

/* One label of the dictionary against the same in JSON. */
static void check_label(bram_ctx *cx, bram_jld2_value *label, const bram_json *expected)
{
    static const char *const texts[] = {"label", "neuron_class", "LR", "DV", "region"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = bram_json_text(bram_json_get(expected, texts[i]));
        bram_jld2_value *v = find(cx, label, texts[i]);
        if (text) assert_text(cx, v, text);
        else assert_int_equal(bram_jld2_kind_of(v), BRAM_JLD2_NOTHING);
    }
    double confidence = 0, wanted = 0, roi = 0;
    assert_ok(cx, bram_jld2_number(cx, &confidence, find(cx, label, "confidence")));
    assert_true(bram_json_number(bram_json_get(expected, "confidence"), &wanted));
    assert_near(confidence, wanted, 0);
    const bram_json *rois = bram_json_get(expected, "roi_id");
    const double *found;
    size_t n;
    assert_ok(cx, bram_jld2_numbers(cx, &found, &n, find(cx, label, "roi_id")));
    assert_int_equal(n, bram_json_count(rois));
    for (size_t i = 0; i < n; i++) {
        assert_true(bram_json_number(bram_json_at(rois, i), &roi));
        assert_near(found[i], roi, 0);
    }
}

static void the_label_dictionary_equals_its_json(void **state)
{
    (void)state;
    static const struct {
        const char *animal;
        size_t labels;
    } animals[] = {{"2022-07-26-31", 100}, {"2022-07-27-38", 94}, {"2022-07-27-45", 109}};
    char path[512], json_path[512];
    test_data(path, "celegans/activity/dag2023/NeuroPAL_labels_dict.jld2");
    test_data(json_path, "celegans/derived/dag2023_NeuroPAL_labels_dict.json");
    bram_ctx *cx = bram_ctx_new();
    bram_jld2 *file = NULL;
    bram_json *json = NULL;
    assert_ok(cx, bram_json_read(cx, &json, json_path, 0));
    assert_ok(cx, bram_jld2_open(cx, &file, path));
    bram_jld2_value *top = get(cx, file, "NeuroPAL_labels");
    bram_jld2_value *all = find(cx, top, "dict_match_dict");
    assert_int_equal(bram_jld2_count(top), 6);
    assert_int_equal(bram_jld2_count(all), 8);
    assert_int_equal(bram_jld2_count(find(cx, top, "list_uid")), 8);
    for (size_t a = 0; a < 3; a++) {
        bram_jld2_value *labels = at(cx, find(cx, all, animals[a].animal), 0);
        const bram_json *expected = bram_json_at(bram_json_get(json, animals[a].animal), 0);
        assert_int_equal(bram_jld2_kind_of(labels), BRAM_JLD2_DICT);
        assert_int_equal(bram_jld2_count(labels), animals[a].labels);
        assert_int_equal(bram_json_count(expected), animals[a].labels);
        for (size_t i = 0; i < animals[a].labels; i++) {
            bram_jld2_value *key;
            int64_t trace = 0;
            char name[32];
            assert_ok(cx, bram_jld2_key(cx, &key, labels, i));
            assert_ok(cx, bram_jld2_integer(cx, &trace, key));
            snprintf(name, sizeof name, "%d", (int)trace);
            assert_non_null(bram_json_get(expected, name));
            check_label(cx, at(cx, labels, i), bram_json_get(expected, name));
        }
    }
    bram_jld2_close(file);
    bram_json_free(json);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_reads),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(plain_hdf5_is_refused),
        cmocka_unit_test(failing_allocations_lose_nothing),
        cmocka_unit_test(the_label_dictionary_equals_its_json),
    };
    return cmocka_run_group_tests_name("jld2", tests, write_sample, remove_sample);
}
