/*
 * test_dataset_hostile.c - homogenized files that were tampered with or cut: core/dataset_open.c
 * must name the path and the field, and must neither crash nor hang.
 */
#include <bramble/dataset.h>

#include "file.h"
#include "test.h"

#include <hdf5.h>

static char path[256];

/* g/x (time x neuron) with a mask, a class column, an attribute; table g/events; a group h. */
static void write_good(bram_ctx *cx)
{
    bram_dataset *ds;
    bram_axis *axes[2], *events;
    bram_response *r;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &axes[0], "time", 2));
    assert_ok(cx, bram_axis_set_values(cx, axes[0], (double[]){0, 1}, "s"));
    assert_ok(cx, bram_axis_new(cx, &axes[1], "neuron", 3));
    assert_ok(cx, bram_axis_set_ids(cx, axes[1], (const char *const[]){"a", "b", "c"}));
    assert_ok(cx, bram_axis_add_text(cx, axes[1], "class", (const char *const[]){"a", "b", "c"}));
    assert_ok(cx, bram_response_new(cx, &r, "x", BRAM_F32, 2, (const bram_axis *const *)axes));
    assert_non_null(bram_response_mask(cx, r));
    assert_ok(cx, bram_dataset_add(cx, ds, "g", r));
    assert_ok(cx, bram_axis_new(cx, &events, "events", 2));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "g", events));
    assert_ok(cx, bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, "h/i"), "a", "b"));
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    bram_dataset_free(ds);
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
}

static void open_fails(bram_ctx *cx, const char *a, const char *b)
{
    bram_dataset *ds = NULL;
    int status = bram_dataset_open(cx, &ds, path);
    if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), a) ||
        !strstr(bram_ctx_message(cx), b))
        fail_msg("expected %s %s; status %d: %s", a, b, status, bram_ctx_message(cx));
    assert_null(ds);
}

/* ---- one change each ------------------------------------------------------------------------ */

static void put_set(hid_t f, const char *name, hid_t type, int rank, const hsize_t *dims,
                    hid_t layout)
{
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t id = H5Dcreate2(f, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    assert_true(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
}

static void put_attr(hid_t f, const char *object, const char *name, hid_t type, hsize_t n,
                     const void *value)
{
    H5Adelete_by_name(f, object, name, H5P_DEFAULT);
    hid_t space = n ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
    hid_t attr = H5Acreate_by_name(f, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT,
                                   H5P_DEFAULT);
    assert_true(attr >= 0 && H5Awrite(attr, type, value) >= 0);
    H5Aclose(attr);
    H5Sclose(space);
}

static void put_text(hid_t f, const char *object, const char *name, const char *value)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, strlen(value) + 1);
    put_attr(f, object, name, type, 0, value);
    H5Tclose(type);
}

static void attach(hid_t f, const char *object, int rank, const char *const *scales)
{
    hobj_ref_t refs[8];
    hvl_t lists[8];
    for (int d = 0; d < rank; d++) {
        assert_true(H5Rcreate(&refs[d], f, scales[d], H5R_OBJECT, -1) >= 0);
        lists[d] = (hvl_t){1, &refs[d]};
    }
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    put_attr(f, object, "DIMENSION_LIST", type, (hsize_t)rank, lists);
    H5Tclose(type);
}

static void no_schema(hid_t f)
{
    H5Adelete(f, "bramble_schema");
}

static void later_schema(hid_t f)
{
    put_attr(f, "/", "bramble_schema", H5T_NATIVE_INT, 0, &(int){2});
}

static void text_schema(hid_t f)
{
    put_text(f, "/", "bramble_schema", "one");
}

static void no_role(hid_t f)
{
    H5Adelete_by_name(f, "g/x", "bramble_role", H5P_DEFAULT);
}

static void odd_role(hid_t f)
{
    put_text(f, "g/x", "bramble_role", "king");
}

static void number_role(hid_t f)
{
    put_attr(f, "g/x", "bramble_role", H5T_NATIVE_INT, 0, &(int){2});
}

static void no_scales(hid_t f)
{
    H5Adelete_by_name(f, "g/x", "DIMENSION_LIST", H5P_DEFAULT);
}

static void swapped_scales(hid_t f)
{
    attach(f, "g/x", 2, (const char *const[]){"g/neuron", "g/time"});
}

static void one_scale_for_two(hid_t f)
{
    attach(f, "g/x", 1, (const char *const[]){"g/time"});
}

static void scale_is_a_response(hid_t f)
{
    attach(f, "g/x", 2, (const char *const[]){"g/time", "g/x"});
}

static void scale_is_a_group(hid_t f)
{
    attach(f, "g/x", 2, (const char *const[]){"g/time", "h"});
}

static void scale_of_another_group(hid_t f)
{
    hsize_t three = 3;
    put_set(f, "h/neuron", H5T_STD_I64LE, 1, &three, H5P_DEFAULT);
    put_text(f, "h/neuron", "bramble_role", "axis");
    attach(f, "g/x", 2, (const char *const[]){"g/time", "h/neuron"});
}

static void null_reference(hid_t f)
{
    hobj_ref_t none = 0;
    hvl_t lists[2] = {{1, &none}, {0, NULL}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    put_attr(f, "g/x", "DIMENSION_LIST", type, 2, lists);
    H5Tclose(type);
}

static void wild_reference(hid_t f)
{
    hobj_ref_t wild = 123456789;
    hvl_t lists[2] = {{1, &wild}, {1, &wild}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    put_attr(f, "g/x", "DIMENSION_LIST", type, 2, lists);
    H5Tclose(type);
}

static void replace(hid_t f, const char *name, hid_t type, int rank, const hsize_t *dims,
                    const char *role)
{
    assert_true(H5Ldelete(f, name, H5P_DEFAULT) >= 0);
    put_set(f, name, type, rank, dims, H5P_DEFAULT);
    put_text(f, name, "bramble_role", role);
}

static void integer_response(hid_t f)
{
    replace(f, "g/x", H5T_STD_I32LE, 2, (const hsize_t[]){2, 3}, "response");
    attach(f, "g/x", 2, (const char *const[]){"g/time", "g/neuron"});
}

static void rank_five(hid_t f)
{
    replace(f, "g/x", H5T_IEEE_F32LE, 5, (const hsize_t[]){2, 2, 2, 2, 2}, "response");
    attach(f, "g/x", 5, (const char *const[]){"g/time", "g/time", "g/time", "g/time", "g/time"});
}

static void scalar_response(hid_t f)
{
    replace(f, "g/x", H5T_IEEE_F32LE, 0, NULL, "response");
}

static void rank_five_without_a_mask(hid_t f)
{
    rank_five(f);
    H5Ldelete(f, "g/x_present", H5P_DEFAULT);
}

static void two_dimensional_axis(hid_t f)
{
    replace(f, "g/time", H5T_IEEE_F64LE, 2, (const hsize_t[]){2, 1}, "axis");
}

static void axis_with_a_bad_name(hid_t f)
{
    H5Lmove(f, "g/events", f, "g/Events", H5P_DEFAULT, H5P_DEFAULT);
}

static void index_that_does_not_count(hid_t f)
{
    hid_t id = H5Dopen2(f, "g/events", H5P_DEFAULT);
    H5Dwrite(id, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, (const int[]){0, 2});
    H5Dclose(id);
}

static void short_column(hid_t f)
{
    replace(f, "g/neuron_class", H5T_STD_I64LE, 1, &(const hsize_t){2}, "column");
    attach(f, "g/neuron_class", 1, (const char *const[]){"g/neuron"});
}

static void column_of_another_axis(hid_t f)
{
    H5Lmove(f, "g/neuron_class", f, "g/time_class", H5P_DEFAULT, H5P_DEFAULT);
}

static void column_of_references(hid_t f)
{
    replace(f, "g/neuron_class", H5T_STD_REF_OBJ, 1, &(const hsize_t){3}, "column");
    attach(f, "g/neuron_class", 1, (const char *const[]){"g/neuron"});
}

static void small_mask(hid_t f)
{
    replace(f, "g/x_present", H5T_STD_U8LE, 1, &(const hsize_t){2}, "mask");
    attach(f, "g/x_present", 1, (const char *const[]){"g/time"});
}

static void real_mask(hid_t f)
{
    replace(f, "g/x_present", H5T_IEEE_F32LE, 2, (const hsize_t[]){2, 3}, "mask");
    attach(f, "g/x_present", 2, (const char *const[]){"g/time", "g/neuron"});
}

static void mask_of_nothing(hid_t f)
{
    H5Lmove(f, "g/x_present", f, "g/y_present", H5P_DEFAULT, H5P_DEFAULT);
}

static void mask_with_a_two(hid_t f)
{
    hid_t id = H5Dopen2(f, "g/x_present", H5P_DEFAULT);
    H5Dwrite(id, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, (const int[]){1, 1, 2, 1, 1, 1});
    H5Dclose(id);
}

static void attribute_of_three(hid_t f)
{
    put_attr(f, "h/i", "a", H5T_NATIVE_INT, 3, (const int[]){1, 2, 3});
}

static void attribute_of_references(hid_t f)
{
    hobj_ref_t ref;
    H5Rcreate(&ref, f, "g/x", H5R_OBJECT, -1);
    put_attr(f, "h/i", "a", H5T_STD_REF_OBJ, 0, &ref);
}

static void cycle(hid_t f)
{
    assert_true(H5Lcreate_hard(f, "h", f, "h/i/again", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void cycle_through_the_root(hid_t f)
{
    assert_true(H5Lcreate_soft("/", f, "h/i/root", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void second_name(hid_t f)
{
    assert_true(H5Lcreate_hard(f, "h", f, "k", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void external_link(hid_t f)
{
    assert_true(H5Lcreate_external("/etc/passwd", "/", f, "g/e", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void dangling_link(hid_t f)
{
    assert_true(H5Lcreate_soft("/nowhere", f, "g/d", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

static void deep_groups(hid_t f)
{
    char name[200] = "d";
    for (int i = 0; i < 40; i++) {
        hid_t g = H5Gcreate2(f, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(g >= 0);
        H5Gclose(g);
        strcat(name, "/d");
    }
}

static void control_character(hid_t f)
{
    H5Gclose(H5Gcreate2(f, "a\nb", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}

/* A length that no file of this size can hold. */
static void lying_length(hid_t f)
{
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(layout, 1, &(const hsize_t){1000});
    assert_true(H5Ldelete(f, "g/events", H5P_DEFAULT) >= 0);
    put_set(f, "g/events", H5T_STD_I64LE, 1, &(const hsize_t){(hsize_t)1 << 50}, layout);
    put_text(f, "g/events", "bramble_role", "table");
    H5Pclose(layout);
}

static const struct {
    void (*change)(hid_t f);
    const char *where, *what;
} cases[] = {
    {no_schema, "bramble_schema", "not a homogenized file"},
    {later_schema, "bramble_schema", "found version 2, expected 1"},
    {text_schema, "bramble_schema", "/"},
    {no_role, "/g/x: bramble_role", "no such attribute"},
    {odd_role, "/g/x: bramble_role", "found king"},
    {number_role, "/g/x", "bramble_role"},
    {no_scales, "/g/x: scale of dimension 0", "found none"},
    {swapped_scales, "/g/x: scale of dimension 0", "found 2, expected 3"},
    {one_scale_for_two, "/g/x", "imension"},
    {scale_is_a_response, "/g/x: scale of dimension 1", "found /g/x"},
    {scale_is_a_group, "/g/x", "imension"},
    {scale_of_another_group, "/g/x: scale of dimension 1", "found /h/neuron"},
    {null_reference, "/g/x", "imension"},
    {wild_reference, "/g/x", "imension"},
    {integer_response, "/g/x: type", "float32, float64 or uint8"},
    {rank_five, "/g/x_present: number of dimensions", "expected 5"},
    {rank_five_without_a_mask, "/g/x: number of dimensions", "found 5"},
    {scalar_response, "/g/x_present: number of dimensions", "expected 0"},
    {two_dimensional_axis, "/g/time: number of dimensions", "found 2, expected 1"},
    {axis_with_a_bad_name, "/g/Events: name", "small letters"},
    {index_that_does_not_count, "/g/events: values", "0, 1, 2"},
    {short_column, "/g/neuron_class: scale of dimension 0", "found 2, expected 3"},
    {column_of_another_axis, "/g/time_class: name", "<axis>_<column>"},
    {column_of_references, "/g/neuron_class: type", "text, real or integer"},
    {small_mask, "/g/x_present: number of dimensions", "found 1, expected 2"},
    {real_mask, "/g/x_present: type", "uint8"},
    {mask_of_nothing, "/g/y_present: name", "found a mask"},
    {mask_with_a_two, "/g/x_present", "a mark of 2, expected 0 or 1"},
    {attribute_of_three, "/h/i: a", "found 3, expected 1"},
    {attribute_of_references, "/h/i: a", "text or a number"},
    {cycle, "/h/i/again: group", "another path leads to"},
    {cycle_through_the_root, "/h/i/root: group", "another path leads to"},
    {second_name, "/k: group", "another path leads to"},
    {external_link, "/g/e: link", "a group or dataset"},
    {dangling_link, "/g/d: link", "a group or dataset"},
    {deep_groups, "depth of groups", "32 or less"},
    {control_character, "name of an entry", "UTF-8"},
    {lying_length, "/g/events", "its shape claims 1125899906842624 elements"},
};

static void every_change_is_named(void **state)
{
    (void)state;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    write_good(cx);
    unsigned char *good;
    size_t size;
    assert_ok(cx, bram_file_read(cx, &good, &size, path, 0));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(good, 1, size, file), size);
        fclose(file);
        hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        assert_true(f >= 0);
        cases[i].change(f);
        H5Fclose(f);
        open_fails(cx, cases[i].where, cases[i].what);
    }
    bram_free(good);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_cut_file_fails_at_every_length(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    write_good(cx);
    unsigned char *good;
    size_t size;
    assert_ok(cx, bram_file_read(cx, &good, &size, path, 0));
    for (size_t length = 0; length < size; length += 97) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(good, 1, length, file), length);
        fclose(file);
        bram_dataset *ds = NULL;
        assert_int_equal(bram_dataset_open(cx, &ds, path), BRAM_EFORMAT);
        assert_null(ds);
    }
    bram_free(good);
    unlink(path);
    bram_ctx_free(cx);
}

static void an_absent_file_cannot_be_read(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    unlink(path);
    assert_int_equal(bram_dataset_open(cx, &ds, path), BRAM_EREAD);
    assert_int_equal(bram_dataset_open(cx, &ds, "/tmp"), BRAM_EREAD);
    bram_ctx_free(cx);
}

int main(void)
{
    test_temporary(path, "hostile.h5");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_is_named),
        cmocka_unit_test(a_cut_file_fails_at_every_length),
        cmocka_unit_test(an_absent_file_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
