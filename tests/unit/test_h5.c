/*
 * test_h5.c - reading HDF5: a file with one object of each kind is written with HDF5 itself, then
 * read back; hostile and damaged files; real files against the numbers recorded beside them.
 */
#include "test.h"

#include "h5.h"
#include "internal.h"

#include <hdf5.h>
#include <pthread.h>

static char sample[256];

static void put(hid_t at, const char *name, hid_t file_type, hid_t type, int rank,
                const hsize_t *dims, const void *data)
{
    hid_t space = rank < 0 ? H5Screate(H5S_NULL) : H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(at, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0);
    if (data) assert_true(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void put_attr(hid_t at, const char *name, hid_t type, hsize_t n, const void *data)
{
    hid_t space = n ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR);
    hid_t attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attr >= 0 && H5Awrite(attr, type, data) >= 0);
    H5Aclose(attr);
    H5Sclose(space);
}

static hid_t string_type(size_t size, H5T_str_t padding)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size);
    H5Tset_cset(type, H5T_CSET_UTF8);
    H5Tset_strpad(type, padding);
    return type;
}

static void put_numbers(hid_t file)
{
    const hsize_t grid[2] = {2, 3}, three = 3, nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const double reals[6] = {0, 1, 2, 3, 4, 5.5};
    const int16_t small[3] = {-1, 0, 300};
    const uint64_t large[3] = {1, 2, UINT64_MAX};
    const signed char flags[3] = {1, 0, 1};
    put(file, "grid", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, 2, grid, reals);
    put(file, "small", H5T_STD_I16LE, H5T_NATIVE_INT16, 1, &three, small);
    put(file, "large", H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, &three, large);
    put(file, "bits", H5T_STD_B8LE, H5T_NATIVE_B8, 1, &three, flags);
    put(file, "scalar", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, NULL, &reals[5]);
    put(file, "nothing", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, -1, NULL, NULL);
    put(file, "deep", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 9, nine, reals);
    hid_t logical = H5Tenum_create(H5T_NATIVE_SCHAR);
    const signed char no = 0, yes = 1;
    H5Tenum_insert(logical, "FALSE", &no);
    H5Tenum_insert(logical, "TRUE", &yes);
    put(file, "logical", logical, logical, 1, &three, flags);
    H5Tclose(logical);
}

static void put_texts(hid_t file)
{
    const hsize_t three = 3;
    const char *const words[3] = {"AVAL", NULL, "caf\xc3\xa9"};
    hid_t variable = string_type(H5T_VARIABLE, H5T_STR_NULLTERM);
    hid_t spaced = string_type(4, H5T_STR_SPACEPAD), packed = string_type(4, H5T_STR_NULLPAD);
    put(file, "words", variable, variable, 1, &three, words);
    put(file, "spaced", spaced, spaced, 1, &three, "ab  cdefg   ");
    put(file, "packed", packed, packed, 1, &three, "ab\0\0cdef\0\0\0");
    put(file, "title", variable, variable, 0, NULL, words);
    const double pair[2] = {1.5, 2.5};
    const char *unit = "dF/F";
    put_attr(file, "pair", H5T_NATIVE_DOUBLE, 2, pair);
    put_attr(file, "one", H5T_NATIVE_DOUBLE, 0, &pair[1]);
    put_attr(file, "unit", variable, 0, &unit);
    put_attr(file, "packed", packed, 0, "abcd");
    H5Tclose(variable), H5Tclose(spaced), H5Tclose(packed);
}

struct record {
    hobj_ref_t target;
    int32_t number;
    char *text;
    double real;
};

static void put_references(hid_t file)
{
    const hsize_t two = 2, three = 3;
    hobj_ref_t refs[3] = {0, 0, 0};
    H5Rcreate(&refs[0], file, "small", H5R_OBJECT, -1);
    H5Rcreate(&refs[1], file, "group", H5R_OBJECT, -1);
    put(file, "refs", H5T_STD_REF_OBJ, H5T_STD_REF_OBJ, 1, &three, refs);
    char first[] = "first";
    const struct record records[2] = {{refs[0], 7, first, .5}, {refs[1], -8, NULL, 1.5}};
    hid_t text = string_type(H5T_VARIABLE, H5T_STR_NULLTERM);
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct record));
    H5Tinsert(type, "target", offsetof(struct record, target), H5T_STD_REF_OBJ);
    H5Tinsert(type, "number", offsetof(struct record, number), H5T_NATIVE_INT32);
    H5Tinsert(type, "text", offsetof(struct record, text), text);
    H5Tinsert(type, "real", offsetof(struct record, real), H5T_NATIVE_DOUBLE);
    put(file, "records", type, type, 1, &two, records);
    H5Tclose(type), H5Tclose(text);
}

static void put_scales(hid_t file)
{
    hid_t set = H5Dopen2(file, "grid", H5P_DEFAULT);
    hobj_ref_t ref;
    H5Rcreate(&ref, file, "large", H5R_OBJECT, -1);
    hvl_t lists[2] = {{0, NULL}, {1, &ref}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    put_attr(set, "DIMENSION_LIST", type, 2, lists);
    const hobj_ref_t none = 0;
    put_attr(set, "table", H5T_STD_REF_OBJ, 0, &ref);
    put_attr(set, "nowhere", H5T_STD_REF_OBJ, 0, &none);
    H5Tclose(type);
    H5Dclose(set);
}

static void put_liar(hid_t file)
{
    const hsize_t huge[2] = {(hsize_t)1 << 30, 1 << 20}, chunk[2] = {16, 16};
    hid_t space = H5Screate_simple(2, huge, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 2, chunk);
    hid_t set = H5Dcreate2(file, "liar", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set), H5Pclose(list), H5Sclose(space);
    const hsize_t two = 2;
    space = H5Screate_simple(1, &two, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, "/etc/hostname", 0, 16);
    set = H5Dcreate2(file, "elsewhere", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    H5Dclose(set), H5Pclose(list), H5Sclose(space);
}

static int write_sample(void **state)
{
    (void)state;
    bram_init();
    test_temporary(sample, "h5.h5");
    hid_t create = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(create, 1024);
    hid_t file = H5Fcreate(sample, H5F_ACC_TRUNC, create, H5P_DEFAULT);
    H5Pclose(create);
    hid_t group = H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_numbers(file);
    put_texts(file);
    put_references(file);
    put_scales(file);
    put_liar(file);
    H5Lcreate_soft("/small", group, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/none", group, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/group/around", group, "around", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/group/out", group, "behind", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external(sample, "/small", group, "out", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(file, "small", group, "hard", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group);
    return H5Fclose(file) < 0;
}

static int remove_sample(void **state)
{
    (void)state;
    return remove(sample);
}

struct open {
    bram_ctx *cx;
    bram_h5 *file;
    const bram_h5_object *root;
};

static int set_up(void **state)
{
    struct open *open = calloc(1, sizeof *open);
    open->cx = bram_ctx_new();
    assert_ok(open->cx, bram_h5_open(open->cx, &open->file, sample));
    open->root = bram_h5_root(open->file);
    *state = open;
    return 0;
}

static int tear_down(void **state)
{
    struct open *open = *state;
    bram_h5_close(open->file);
    bram_ctx_free(open->cx);
    free(open);
    return H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) != 0; /* nothing is left open */
}

static void numbers_of_every_type_convert(void **state)
{
    struct open *o = *state;
    double *reals;
    float *singles;
    int64_t *integers;
    size_t n;
    assert_ok(o->cx, bram_h5_read_double(o->cx, &reals, &n, o->root, "grid", 6));
    assert_int_equal(n, 6);
    assert_near(reals[5], 5.5, 0);
    bram_free(reals);
    assert_ok(o->cx, bram_h5_read_float(o->cx, &singles, &n, o->root, "small", 0));
    assert_near((double)singles[2], 300, 0);
    bram_free(singles);
    assert_ok(o->cx, bram_h5_read_int64(o->cx, &integers, &n, o->root, "small", 0));
    assert_true(n == 3 && integers[0] == -1 && integers[1] == 0 && integers[2] == 300);
    bram_free(integers);
    assert_ok(o->cx, bram_h5_read_int64(o->cx, &integers, &n, o->root, "logical", 0));
    assert_true(n == 3 && integers[0] == 1 && integers[1] == 0 && integers[2] == 1);
    bram_free(integers);
    assert_ok(o->cx, bram_h5_read_double(o->cx, &reals, &n, o->root, "bits", 0));
    assert_true(n == 3 && reals[0] == 1 && reals[1] == 0 && reals[2] == 1);
    bram_free(reals);
    assert_ok(o->cx, bram_h5_read_double(o->cx, &reals, &n, o->root, "scalar", 0));
    assert_true(n == 1 && reals[0] == 5.5);
    bram_free(reals);
    assert_ok(o->cx, bram_h5_read_double(o->cx, &reals, &n, o->root, "nothing", 0));
    assert_int_equal(n, 0);
    bram_free(reals);
}

static void numbers_that_do_not_fit_are_refused(void **state)
{
    struct open *o = *state;
    int64_t *integers = NULL;
    double *reals = NULL;
    size_t n = 77;
    assert_int_equal(bram_h5_read_int64(o->cx, &integers, &n, o->root, "large", 0), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_int64(o->cx, &integers, &n, o->root, "grid", 0), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(o->cx), "/grid: found 5.5 at element 5"));
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "grid", 5), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "words", 0), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "group", 0), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "deep", 0), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "none/x", 0), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(o->cx), "/none/x: no such object"));
    bram_ctx_set_memory(o->cx, 40);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, &n, o->root, "grid", 0), BRAM_EMEMORY);
    assert_true(!integers && !reals && n == 77);
}

static void blocks_come_from_the_middle(void **state)
{
    struct open *o = *state;
    double reals[2];
    float singles[2];
    int64_t integer;
    const uint64_t start[2] = {0, 1}, count[2] = {2, 1}, last = 2, one = 1;
    assert_ok(o->cx, bram_h5_slab_double(o->cx, reals, o->root, "grid", start, count));
    assert_true(reals[0] == 1 && reals[1] == 4);
    assert_ok(o->cx, bram_h5_slab_float(o->cx, singles, o->root, "grid", start, count));
    assert_true(singles[0] == 1 && singles[1] == 4);
    assert_ok(o->cx, bram_h5_slab_int64(o->cx, &integer, o->root, "group/hard", &last, &one));
    assert_int_equal(integer, 300);
    const uint64_t beyond[2] = {0, 3}, wide[2] = {1, UINT64_MAX};
    assert_int_equal(bram_h5_slab_double(o->cx, reals, o->root, "grid", beyond, count),
                     BRAM_ESHAPE);
    assert_int_equal(bram_h5_slab_double(o->cx, reals, o->root, "grid", start, wide), BRAM_ESHAPE);
}

static void strings_lose_their_padding_only(void **state)
{
    struct open *o = *state;
    char **texts, *title = NULL;
    size_t n;
    assert_ok(o->cx, bram_h5_read_strings(o->cx, &texts, &n, o->root, "words"));
    assert_int_equal(n, 3);
    assert_string_equal(texts[0], "AVAL");
    assert_string_equal(texts[1], "");
    assert_string_equal(texts[2], "caf\xc3\xa9");
    bram_free(texts);
    assert_ok(o->cx, bram_h5_read_strings(o->cx, &texts, &n, o->root, "spaced"));
    assert_string_equal(texts[0], "ab");
    assert_string_equal(texts[1], "cdef");
    bram_free(texts);
    assert_ok(o->cx, bram_h5_read_strings(o->cx, &texts, &n, o->root, "packed"));
    assert_string_equal(texts[1], "cdef");
    assert_string_equal(texts[2], "");
    bram_free(texts);
    assert_int_equal(bram_h5_read_text(o->cx, &title, o->root, "words"), BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_text(o->cx, &title, o->root, "grid"), BRAM_EFORMAT);
    assert_null(title);
    assert_ok(o->cx, bram_h5_read_text(o->cx, &title, o->root, "/title"));
    assert_string_equal(title, "AVAL");
    bram_free(title);
}

static void attributes_read(void **state)
{
    struct open *o = *state;
    double *pair, one = 0;
    int64_t integer = 0;
    char *unit = NULL, **names;
    size_t n;
    assert_true(bram_h5_has_attr(o->root, NULL, "unit"));
    assert_false(bram_h5_has_attr(o->root, NULL, "units"));
    assert_false(bram_h5_has_attr(o->root, "none", "unit"));
    assert_ok(o->cx, bram_h5_attr_double(o->cx, &pair, &n, o->root, NULL, "pair"));
    assert_true(n == 2 && pair[0] == 1.5 && pair[1] == 2.5);
    bram_free(pair);
    assert_ok(o->cx, bram_h5_attr_number(o->cx, &one, o->root, "/", "one"));
    assert_near(one, 2.5, 0);
    assert_int_equal(bram_h5_attr_integer(o->cx, &integer, o->root, "/", "one"), BRAM_EFORMAT);
    assert_int_equal(bram_h5_attr_number(o->cx, &one, o->root, "/", "pair"), BRAM_EFORMAT);
    assert_int_equal(bram_h5_attr_number(o->cx, &one, o->root, "/", "none"), BRAM_EABSENT);
    assert_ok(o->cx, bram_h5_attr_text(o->cx, &unit, o->root, "", "unit"));
    assert_string_equal(unit, "dF/F");
    bram_free(unit);
    assert_ok(o->cx, bram_h5_attr_text(o->cx, &unit, o->root, "", "packed"));
    assert_string_equal(unit, "abcd");
    bram_free(unit);
    assert_ok(o->cx, bram_h5_attr_names(o->cx, &names, &n, o->root, NULL));
    assert_int_equal(n, 4);
    assert_string_equal(names[0], "one");
    assert_string_equal(names[3], "unit");
    bram_free(names);
}

static void groups_list_in_order_of_names(void **state)
{
    static const struct {
        const char *name;
        bram_h5_kind kind;
    } expected[] = {{"around", BRAM_H5_ABSENT},   {"behind", BRAM_H5_ABSENT},
                    {"dangling", BRAM_H5_ABSENT}, {"hard", BRAM_H5_DATASET},
                    {"out", BRAM_H5_EXTERNAL},    {"soft", BRAM_H5_DATASET}};
    struct open *o = *state;
    bram_h5_entry *entries;
    size_t n;
    assert_ok(o->cx, bram_h5_list(o->cx, &entries, &n, o->root, "group"));
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(entries[i].name, expected[i].name);
        assert_int_equal(entries[i].kind, expected[i].kind);
    }
    bram_free(entries);
    assert_int_equal(bram_h5_list(o->cx, &entries, &n, o->root, "small"), BRAM_EFORMAT);
    assert_int_equal(bram_h5_list(o->cx, &entries, &n, o->root, "none"), BRAM_EABSENT);
}

static void links_never_leave_the_file(void **state)
{
    struct open *o = *state;
    bram_h5_kind kind;
    double *reals;
    bram_h5_ref direct, linked;
    assert_ok(o->cx, bram_h5_kind_of(o->cx, &kind, o->root, "group/out/deeper"));
    assert_int_equal(kind, BRAM_H5_EXTERNAL);
    assert_ok(o->cx, bram_h5_kind_of(o->cx, &kind, o->root, "small/x"));
    assert_int_equal(kind, BRAM_H5_ABSENT);
    assert_ok(o->cx, bram_h5_kind_of(o->cx, &kind, o->root, "//group/"));
    assert_int_equal(kind, BRAM_H5_GROUP);
    assert_ok(o->cx, bram_h5_kind_of(o->cx, &kind, o->root, NULL));
    assert_int_equal(kind, BRAM_H5_GROUP);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, NULL, o->root, "group/out", 0),
                     BRAM_EFORMAT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, NULL, o->root, "group/behind", 0),
                     BRAM_EABSENT);
    assert_int_equal(bram_h5_read_double(o->cx, &reals, NULL, o->root, "elsewhere", 0),
                     BRAM_EFORMAT);
    assert_true(bram_h5_exists(o->root, "group/soft"));
    assert_false(bram_h5_exists(o->root, "group/out"));
    assert_ok(o->cx, bram_h5_identity(o->cx, &direct, o->root, "small"));
    assert_ok(o->cx, bram_h5_identity(o->cx, &linked, o->root, "group/hard"));
    assert_true(direct.address == linked.address && direct.address != 0);
}

static void references_open_objects(void **state)
{
    struct open *o = *state;
    bram_h5_ref *refs;
    bram_h5_object *object = NULL;
    bram_h5_kind kind;
    bram_h5_info info;
    size_t n;
    assert_ok(o->cx, bram_h5_read_refs(o->cx, &refs, &n, o->root, "refs"));
    assert_int_equal(n, 3);
    assert_ok(o->cx, bram_h5_deref(o->cx, &object, o->root, refs[0]));
    assert_ok(o->cx, bram_h5_info_of(o->cx, &info, object, NULL));
    assert_true(info.rank == 1 && info.dims[0] == 3 && info.type == BRAM_H5_INTEGER);
    bram_h5_object_close(object);
    assert_ok(o->cx, bram_h5_deref(o->cx, &object, o->root, refs[1]));
    assert_ok(o->cx, bram_h5_kind_of(o->cx, &kind, object, "hard"));
    assert_int_equal(kind, BRAM_H5_DATASET);
    bram_h5_object_close(object);
    object = NULL;
    assert_int_equal(bram_h5_deref(o->cx, &object, o->root, refs[2]), BRAM_EABSENT);
    assert_int_equal(bram_h5_deref(o->cx, &object, o->root, (bram_h5_ref){3}), BRAM_EFORMAT);
    assert_int_equal(bram_h5_deref(o->cx, &object, o->root, (bram_h5_ref){1u << 30}), BRAM_EFORMAT);
    assert_null(object);
    bram_free(refs);
    assert_int_equal(bram_h5_read_refs(o->cx, &refs, &n, o->root, "grid"), BRAM_EFORMAT);
}

static void compound_members_read_one_by_one(void **state)
{
    struct open *o = *state;
    bram_h5_member *members;
    bram_h5_ref *refs;
    int64_t *numbers;
    double *reals;
    char **texts;
    size_t n;
    assert_ok(o->cx, bram_h5_members(o->cx, &members, &n, o->root, "records"));
    assert_int_equal(n, 4);
    assert_string_equal(members[0].name, "target");
    assert_int_equal(members[0].type, BRAM_H5_REFERENCE);
    assert_int_equal(members[2].type, BRAM_H5_VARIABLE_STRING);
    bram_free(members);
    assert_ok(o->cx, bram_h5_member_refs(o->cx, &refs, &n, o->root, "records", "target"));
    assert_true(n == 2 && refs[0].address && refs[1].address != refs[0].address);
    bram_free(refs);
    assert_ok(o->cx, bram_h5_member_int64(o->cx, &numbers, &n, o->root, "records", "number"));
    assert_true(n == 2 && numbers[0] == 7 && numbers[1] == -8);
    bram_free(numbers);
    assert_ok(o->cx, bram_h5_member_double(o->cx, &reals, &n, o->root, "records", "real"));
    assert_true(n == 2 && reals[0] == .5 && reals[1] == 1.5);
    bram_free(reals);
    assert_ok(o->cx, bram_h5_member_strings(o->cx, &texts, &n, o->root, "records", "text"));
    assert_string_equal(texts[0], "first");
    assert_string_equal(texts[1], "");
    bram_free(texts);
    assert_int_equal(bram_h5_member_refs(o->cx, &refs, &n, o->root, "records", "number"),
                     BRAM_EFORMAT);
    assert_int_equal(bram_h5_member_refs(o->cx, &refs, &n, o->root, "records", "x"), BRAM_EABSENT);
    assert_int_equal(bram_h5_members(o->cx, &members, &n, o->root, "grid"), BRAM_EFORMAT);
}

static void dimension_scales_have_paths(void **state)
{
    struct open *o = *state;
    char *path = NULL;
    assert_ok(o->cx, bram_h5_scale(o->cx, &path, o->root, "grid", 1));
    assert_string_equal(path, "/large");
    bram_free(path);
    path = NULL;
    assert_int_equal(bram_h5_scale(o->cx, &path, o->root, "grid", 0), BRAM_EABSENT);
    assert_int_equal(bram_h5_scale(o->cx, &path, o->root, "grid", 2), BRAM_EABSENT);
    assert_int_equal(bram_h5_scale(o->cx, &path, o->root, "small", 0), BRAM_EABSENT);
    assert_null(path);
}

static void attributes_point_to_objects(void **state)
{
    struct open *o = *state;
    char *path = NULL;
    assert_ok(o->cx, bram_h5_attr_target(o->cx, &path, o->root, "grid", "table"));
    assert_string_equal(path, "/large");
    bram_free(path);
    path = NULL;
    assert_int_equal(bram_h5_attr_target(o->cx, &path, o->root, "grid", "nowhere"), BRAM_EABSENT);
    assert_int_equal(bram_h5_attr_target(o->cx, &path, o->root, "grid", "none"), BRAM_EABSENT);
    assert_int_equal(bram_h5_attr_target(o->cx, &path, o->root, NULL, "one"), BRAM_EFORMAT);
    assert_null(path);
}

static void a_lying_shape_is_refused_before_memory_is_taken(void **state)
{
    struct open *o = *state;
    double *reals = NULL, corner = NAN;
    const uint64_t start[2] = {5, 5}, one[2] = {1, 1};
    assert_int_equal(bram_h5_read_double(o->cx, &reals, NULL, o->root, "liar", 0), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(o->cx), "/liar: its shape claims"));
    assert_null(reals);
    assert_ok(o->cx, bram_h5_slab_double(o->cx, &corner, o->root, "liar", start, one));
    assert_near(corner, 0, 0); /* never written: the fill value */
}

static void read_everything(bram_ctx *cx, int *status)
{
    bram_h5 *file = NULL;
    bram_h5_object *group = NULL;
    bram_h5_entry *entries = NULL;
    char **words = NULL, **fixed = NULL, *scale = NULL, **names = NULL;
    double *grid = NULL;
    bram_h5_member *members = NULL;
    size_t n;
    *status = bram_h5_open(cx, &file, sample);
    const bram_h5_object *root = *status == BRAM_OK ? bram_h5_root(file) : NULL;
    if (*status == BRAM_OK) *status = bram_h5_object_open(cx, &group, root, "group");
    if (*status == BRAM_OK) *status = bram_h5_list(cx, &entries, &n, group, NULL);
    if (*status == BRAM_OK) *status = bram_h5_read_strings(cx, &words, &n, root, "words");
    if (*status == BRAM_OK) *status = bram_h5_read_strings(cx, &fixed, &n, root, "packed");
    if (*status == BRAM_OK) *status = bram_h5_read_double(cx, &grid, &n, root, "grid", 0);
    if (*status == BRAM_OK) *status = bram_h5_scale(cx, &scale, root, "grid", 1);
    if (*status == BRAM_OK) *status = bram_h5_attr_names(cx, &names, &n, root, NULL);
    if (*status == BRAM_OK) *status = bram_h5_members(cx, &members, &n, root, "records");
    bram_free(entries), bram_free(words), bram_free(fixed), bram_free(scale), bram_free(grid);
    bram_free(names), bram_free(members);
    bram_h5_object_close(group);
    bram_h5_close(file);
}

static void failing_allocations_leave_nothing_open(void **state)
{
    struct open *o = *state;
    int status = BRAM_ENOMEM;
    size_t k = 0;
    while (status != BRAM_OK && k < 200) {
        bram_fail_allocation(++k, false);
        read_everything(o->cx, &status);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
    }
    assert_true(status == BRAM_OK && k > 20);
}

static void *read_on_a_thread(void *result)
{
    bram_ctx *cx = bram_ctx_new();
    bram_h5 *file = NULL;
    *(int *)result = bram_h5_open(cx, &file, sample);
    double *reals = NULL;
    if (file) *(int *)result = bram_h5_read_double(cx, &reals, NULL, bram_h5_root(file), "none", 0);
    bram_h5_close(file);
    bram_ctx_free(cx);
    return NULL;
}

static void threads_stay_silent_too(void **state)
{
    (void)state;
    char name[256];
    test_temporary(name, "h5-stderr");
    fflush(stderr);
    int kept = dup(2);
    assert_non_null(freopen(name, "w", stderr));
    pthread_t thread;
    int status = 0;
    assert_int_equal(pthread_create(&thread, NULL, read_on_a_thread, &status), 0);
    pthread_join(thread, NULL);
    fflush(stderr);
    long printed = ftell(stderr);
    dup2(kept, 2);
    close(kept);
    remove(name);
    assert_int_equal(status, BRAM_EABSENT);
    assert_int_equal(printed, 0);
}

/* The status of opening a file with these bytes. */
static int opened(const void *bytes, size_t count, char *message, size_t room)
{
    char name[256];
    test_temporary(name, "h5-bad");
    FILE *stream = fopen(name, "wb");
    assert_int_equal(fwrite(bytes, 1, count, stream), count);
    fclose(stream);
    bram_ctx *cx = bram_ctx_new();
    bram_h5 *file = NULL;
    int status = bram_h5_open(cx, &file, name);
    snprintf(message, room, "%s", bram_ctx_message(cx));
    bram_h5_close(file);
    bram_ctx_free(cx);
    remove(name);
    return status;
}

static void files_that_are_no_hdf5_are_named(void **state)
{
    struct open *o = *state;
    char message[1024];
    bram_h5 *file = NULL;
    assert_int_equal(opened("", 0, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "empty"));
    const char *pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    assert_int_equal(opened(pointer, strlen(pointer), message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "git-LFS pointer"));
    assert_int_equal(opened("time,AVAL\n", 10, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "not an HDF5 file"));
    assert_int_equal(bram_h5_open(o->cx, &file, "/nonexistent.h5"), BRAM_EREAD);
    assert_int_equal(bram_h5_open(o->cx, &file, "/tmp"), BRAM_EREAD);
    assert_false(bram_h5_probe("/tmp"));
    assert_true(bram_h5_probe(sample));
    assert_null(file);
}

static void a_truncated_file_is_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    char message[1024];
    FILE *stream = fopen(sample, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    assert_true(size > 4096 && size < sizeof bytes);
    for (size_t kept = size - 1; kept > 1200; kept -= kept / 7)
        assert_int_equal(opened(bytes, kept, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "truncated"));
}

static void a_real_recording_has_its_published_shape(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "celegans/activity/dag2023/swf702_with_id/2022-07-26-31-data.h5");
    bram_ctx *cx = bram_ctx_new();
    bram_h5 *file;
    bram_h5_info info;
    double *traces, *time;
    size_t n;
    assert_ok(cx, bram_h5_open(cx, &file, path));
    const bram_h5_object *root = bram_h5_root(file);
    assert_ok(cx, bram_h5_info_of(cx, &info, root, "gcamp/traces_array_F_F20"));
    assert_true(info.rank == 2 && info.dims[0] == 800 && info.dims[1] == 146);
    assert_int_equal(info.type, BRAM_H5_FLOAT);
    assert_ok(cx, bram_h5_read_double(cx, &traces, &n, root, "gcamp/traces_array_F_F20", 0));
    assert_int_equal(n, 800 * 146);
    for (size_t i = 0; i < n; i++) assert_true(isfinite(traces[i]));
    assert_ok(cx, bram_h5_read_double(cx, &time, &n, root, "timing/timestamp_confocal", 0));
    assert_near(time[799] - time[0], 480.7, 1);
    bram_free(time);
    bram_free(traces);
    bram_h5_close(file);
    bram_ctx_free(cx);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAMPLE(numbers_of_every_type_convert),
        WITH_SAMPLE(numbers_that_do_not_fit_are_refused),
        WITH_SAMPLE(blocks_come_from_the_middle),
        WITH_SAMPLE(strings_lose_their_padding_only),
        WITH_SAMPLE(attributes_read),
        WITH_SAMPLE(groups_list_in_order_of_names),
        WITH_SAMPLE(links_never_leave_the_file),
        WITH_SAMPLE(references_open_objects),
        WITH_SAMPLE(compound_members_read_one_by_one),
        WITH_SAMPLE(dimension_scales_have_paths),
        WITH_SAMPLE(attributes_point_to_objects),
        WITH_SAMPLE(a_lying_shape_is_refused_before_memory_is_taken),
        WITH_SAMPLE(failing_allocations_leave_nothing_open),
        WITH_SAMPLE(files_that_are_no_hdf5_are_named),
        cmocka_unit_test(threads_stay_silent_too),
        cmocka_unit_test(a_truncated_file_is_refused),
        cmocka_unit_test(a_real_recording_has_its_published_shape),
    };
    return cmocka_run_group_tests_name("h5", tests, write_sample, remove_sample);
}
