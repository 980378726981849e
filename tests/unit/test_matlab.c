/*
 * test_matlab.c - MATLAB files of both kinds: small ones written here with the libraries
 * themselves, real ones against the shapes and sums recorded beside them.
 */
#include "test.h"

#include "internal.h"
#include "matlab.h"

#include <hdf5.h>
#include <matio.h>

static double sum(const double *x, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) total += isnan(x[i]) ? 0 : x[i];
    return total;
}

/* Opens a real file in `file`, with a context `cx`. */
#define OPEN(name)                                                                                 \
    char path[512];                                                                                \
    test_data(path, name);                                                                         \
    bram_ctx *cx = bram_ctx_new();                                                                 \
    bram_matlab *file = NULL;                                                                      \
    assert_ok(cx, bram_matlab_open(cx, &file, path))

#define CLOSE()                                                                                    \
    bram_matlab_close(file);                                                                       \
    bram_ctx_free(cx)

static bram_matlab_value *get(bram_ctx *cx, bram_matlab *file, const char *name)
{
    bram_matlab_value *v = NULL;
    assert_ok(cx, bram_matlab_variable(cx, &v, file, name));
    return v;
}

static bram_matlab_value *field(bram_ctx *cx, bram_matlab_value *v, const char *name, size_t i)
{
    bram_matlab_value *out = NULL;
    assert_ok(cx, bram_matlab_field(cx, &out, v, name, i));
    return out;
}

static bram_matlab_value *cell(bram_ctx *cx, bram_matlab_value *v, size_t i)
{
    bram_matlab_value *out = NULL;
    assert_ok(cx, bram_matlab_cell(cx, &out, v, i));
    return out;
}

static void assert_sum(bram_ctx *cx, bram_matlab_value *v, double expected, double tolerance)
{
    double *x;
    assert_ok(cx, bram_matlab_numbers(cx, &x, v));
    assert_near(sum(x, bram_matlab_count(v)), expected, tolerance);
    bram_free(x);
}

static void assert_dims(const bram_matlab_value *v, size_t rows, size_t columns)
{
    assert_int_equal(bram_matlab_rank(v), 2);
    assert_int_equal(bram_matlab_dims(v)[0], rows);
    assert_int_equal(bram_matlab_dims(v)[1], columns);
}

/* ---- written here: 7.3 ---------------------------------------------------------------------- */

static char made73[256], made5[256];

static void mark(hid_t id, const char *class)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(class));
    hid_t attr = H5Acreate2(id, "MATLAB_class", type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attr, type, class) >= 0);
    H5Aclose(attr), H5Sclose(space), H5Tclose(type);
}

static void mark_number(hid_t id, const char *name, int value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attr = H5Acreate2(id, name, H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attr, H5T_NATIVE_INT, &value) >= 0);
    H5Aclose(attr), H5Sclose(space);
}

/* A dataset of rows x columns as MATLAB counts them; class NULL for none. */
static hid_t put(hid_t at, const char *name, hid_t type, hsize_t rows, hsize_t columns,
                 const void *data, const char *class)
{
    const hsize_t dims[2] = {columns, rows};
    hid_t space = rows ? H5Screate_simple(2, dims, NULL) : H5Screate_simple(1, &columns, NULL);
    hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    if (class) mark(set, class);
    return set;
}

static hid_t put_group(hid_t at, const char *name, const char *class)
{
    hid_t group = H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (class) mark(group, class);
    return group;
}

static void put_sparse(hid_t file, const char *name, int last)
{
    const uint64_t rows[3] = {1, 0, 2}, columns[3] = {0, 2, (uint64_t)last};
    const double data[3] = {5, 6, 7};
    hid_t group = put_group(file, name, "double");
    mark_number(group, "MATLAB_sparse", 3);
    H5Dclose(put(group, "data", H5T_NATIVE_DOUBLE, 0, 3, data, NULL));
    H5Dclose(put(group, "ir", H5T_NATIVE_UINT64, 0, 3, rows, NULL));
    H5Dclose(put(group, "jc", H5T_NATIVE_UINT64, 0, 3, columns, NULL));
    H5Gclose(group);
}

static void put_references(hid_t file, hid_t refs)
{
    const uint64_t none[2] = {0, 5};
    const uint16_t text[6] = {'A', 0xe9, 0x20ac, 0xd83d, 0xde00, 0xd800},
                   lines[4] = {'a', 'b', 'c', ' '};
    const double six[6] = {1, 2, 3, 4, 5, 6};
    hid_t set = put(refs, "a", H5T_NATIVE_UINT64, 0, 2, none, "double");
    mark_number(set, "MATLAB_empty", 1);
    H5Dclose(set);
    H5Dclose(put(refs, "b", H5T_NATIVE_UINT16, 1, 6, text, "char"));
    H5Dclose(put(file, "six", H5T_NATIVE_DOUBLE, 2, 3, six, "double"));
    H5Dclose(put(file, "lines", H5T_NATIVE_UINT16, 2, 2, lines, "char"));
    hobj_ref_t cells[3] = {0, 0, 0};
    H5Rcreate(&cells[0], file, "#refs#/a", H5R_OBJECT, -1);
    H5Rcreate(&cells[1], file, "#refs#/b", H5R_OBJECT, -1);
    H5Dclose(put(file, "texts", H5T_STD_REF_OBJ, 1, 3, cells, "cell"));
    hid_t array = put_group(file, "array", "struct");
    H5Dclose(put(array, "label", H5T_STD_REF_OBJ, 1, 2, cells, NULL));
    H5Dclose(put(array, "other", H5T_STD_REF_OBJ, 1, 2, cells, NULL));
    H5Gclose(array);
    set = put(file, "circle", H5T_STD_REF_OBJ, 1, 1, cells, "cell");
    H5Rcreate(&cells[0], file, "circle", H5R_OBJECT, -1);
    assert_true(H5Dwrite(set, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0);
    H5Dclose(set);
}

static void write73(void)
{
    const uint32_t object[2] = {1, 2};
    const struct {
        double real, imag;
    } complex = {1, 2};
    test_temporary(made73, "matlab73.txt"); /* the name says nothing */
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(list, 512);
    hid_t file = H5Fcreate(made73, H5F_ACC_TRUNC, list, H5P_DEFAULT);
    H5Pclose(list);
    hid_t refs = put_group(file, "#refs#", NULL);
    put_references(file, refs);
    H5Gclose(refs);
    put_sparse(file, "sparse", 3);
    put_sparse(file, "bad_sparse", 9);
    hid_t set = put(file, "object", H5T_NATIVE_UINT32, 1, 2, object, "table");
    mark_number(set, "MATLAB_object_decode", 3);
    H5Dclose(set);
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof complex);
    H5Tinsert(type, "real", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(type, "imag", sizeof(double), H5T_NATIVE_DOUBLE);
    H5Dclose(put(file, "complex", type, 1, 1, &complex, "double"));
    H5Tclose(type);
    H5Fclose(file);
}

/* ---- written here: 5 ------------------------------------------------------------------------ */

static matvar_t *number5(const char *name, size_t rows, size_t columns, const double *data)
{
    size_t dims[2] = {rows, columns};
    return Mat_VarCreate(name, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, (void *)(uintptr_t)data, 0);
}

static void write_variable(mat_t *file, matvar_t *v, enum matio_compression compression)
{
    assert_non_null(v);
    assert_int_equal(Mat_VarWrite(file, v, compression), 0);
    Mat_VarFree(v);
}

static void write5(void)
{
    static double six[6] = {1, 2, 3, 4, 5, 6}, data[3] = {5, 6, 7};
    static mat_uint32_t rows[3] = {1, 0, 2}, columns[3] = {0, 2, 3};
    static char word[] = "AVAL", lines[] = "abc ";
    test_temporary(made5, "matlab5.h5");
    mat_t *file = Mat_CreateVer(made5, NULL, MAT_FT_MAT5);
    write_variable(file, number5("six", 2, 3, six), MAT_COMPRESSION_NONE);
    size_t dims[2] = {3, 2}, row[2] = {1, 4}, square[2] = {2, 2}, two[2] = {1, 2};
    mat_sparse_t sparse = {
        .nzmax = 3, .ir = rows, .nir = 3, .jc = columns, .njc = 3, .ndata = 3, .data = data};
    write_variable(
        file,
        Mat_VarCreate("sparse", MAT_C_SPARSE, MAT_T_DOUBLE, 2, dims, &sparse, MAT_F_DONT_COPY_DATA),
        MAT_COMPRESSION_NONE);
    write_variable(file, Mat_VarCreate("lines", MAT_C_CHAR, MAT_T_UINT8, 2, square, lines, 0),
                   MAT_COMPRESSION_ZLIB);
    matvar_t *cells = Mat_VarCreate("texts", MAT_C_CELL, MAT_T_CELL, 2, two, NULL, 0);
    Mat_VarSetCell(cells, 0, number5(NULL, 0, 0, six));
    Mat_VarSetCell(cells, 1, Mat_VarCreate(NULL, MAT_C_CHAR, MAT_T_UINT8, 2, row, word, 0));
    write_variable(file, cells, MAT_COMPRESSION_ZLIB);
    static const char *names[2] = {"label", "other"};
    matvar_t *array = Mat_VarCreateStruct("array", 2, two, names, 2);
    for (size_t i = 0; i < 2; i++) {
        Mat_VarSetStructFieldByName(array, "label", i, number5(NULL, 1, 1, &six[i]));
        Mat_VarSetStructFieldByName(array, "other", i, number5(NULL, 1, 1, &six[i + 2]));
    }
    write_variable(file, array, MAT_COMPRESSION_ZLIB);
    static double real = 1, imaginary = 2;
    size_t one[2] = {1, 1};
    mat_complex_split_t split = {&real, &imaginary};
    write_variable(
        file, Mat_VarCreate("complex", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, one, &split, MAT_F_COMPLEX),
        MAT_COMPRESSION_NONE);
    Mat_Close(file);
}

/* Names of up to 4 bytes stand in their tag; dimensions lie before a name. */
static void names_of_any_length(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a", "abcd", "abcde", "abcdefgh",
        "a_name_of_sixty_three_bytes_the_longest_that_matlab_takes_123456"};
    static const double one = 1;
    const size_t dims[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    char path[256];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "names.mat");
    for (int compressed = 0; compressed < 2; compressed++) {
        bram_matlab *file = NULL;
        mat_t *to = Mat_CreateVer(path, NULL, MAT_FT_MAT5);
        for (size_t i = 0; i < 5; i++)
            write_variable(to,
                           Mat_VarCreate(names[i], MAT_C_DOUBLE, MAT_T_DOUBLE, i == 1 ? 8 : 2,
                                         (size_t *)(uintptr_t)dims, (void *)(uintptr_t)&one, 0),
                           compressed ? MAT_COMPRESSION_ZLIB : MAT_COMPRESSION_NONE);
        Mat_Close(to);
        assert_ok(cx, bram_matlab_open(cx, &file, path));
        assert_int_equal(bram_matlab_variables(file), 5);
        for (size_t i = 0; i < 5; i++) {
            double value = 0;
            assert_string_equal(bram_matlab_variable_at(file, i), names[i]);
            assert_ok(cx, bram_matlab_number(cx, &value, get(cx, file, names[i])));
            assert_near(value, 1, 0);
        }
        bram_matlab_close(file);
        unlink(path);
    }
    bram_ctx_free(cx);
}

static int write_both(void **state)
{
    (void)state;
    bram_init();
    write73();
    write5();
    return 0;
}

static int remove_both(void **state)
{
    (void)state;
    return remove(made73) | remove(made5);
}

/* What both files hold reads alike. */
static void check_common(const char *name, int version)
{
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    assert_ok(cx, bram_matlab_open(cx, &file, name));
    assert_int_equal(bram_matlab_version(file), version);
    for (size_t i = 0; i < bram_matlab_variables(file);
         i++) { /* told without reading, where it is */
        const char *variable = bram_matlab_variable_at(file, i);
        if (strcmp(variable, "array") == 0) assert_true(bram_matlab_may_be_struct(file, i));
        else if (version == 5) assert_false(bram_matlab_may_be_struct(file, i));
    }
    bram_matlab_value *six = get(cx, file, "six"), *lines = get(cx, file, "lines");
    double *x;
    assert_dims(six, 2, 3);
    assert_string_equal(bram_matlab_class(six), "double");
    assert_ok(cx, bram_matlab_numbers(cx, &x, six));
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3 && x[5] == 6); /* columns (1 2) (3 4) (5 6) */
    bram_free(x);
    assert_ok(cx, bram_matlab_row_major(cx, &x, six));
    assert_true(x[0] == 1 && x[1] == 3 && x[2] == 5 && x[3] == 2 && x[5] == 6);
    bram_free(x);
    char **texts;
    size_t n = 0;
    assert_ok(cx, bram_matlab_strings(cx, &texts, &n, lines)); /* columns (a b) (c blank) */
    assert_int_equal(n, 2);
    assert_string_equal(texts[0], "ac");
    assert_string_equal(texts[1], "b");
    bram_free(texts);
    bram_matlab_value *sparse = get(cx, file, "sparse");
    bram_matlab_entry *entries;
    assert_int_equal(bram_matlab_kind_of(sparse), BRAM_MATLAB_SPARSE);
    assert_dims(sparse, 3, 2);
    assert_ok(cx, bram_matlab_entries(cx, &entries, &n, sparse));
    assert_int_equal(n, 3);
    assert_true(entries[0].row == 1 && entries[0].column == 0 && entries[0].value == 5);
    assert_true(entries[2].row == 2 && entries[2].column == 1 && entries[2].value == 7);
    bram_free(entries);
    assert_ok(cx, bram_matlab_row_major(cx, &x, sparse)); /* (6 0) (5 0) (0 7) */
    assert_true(x[0] == 6 && x[1] == 0 && x[2] == 5 && x[4] == 0 && x[5] == 7);
    bram_free(x);
    bram_matlab_value *array = get(cx, file, "array");
    assert_dims(array, 1, 2);
    assert_int_equal(bram_matlab_fields(array), 2);
    assert_string_equal(bram_matlab_field_at(array, 1), "other");
    assert_true(bram_matlab_has_field(array, "label") && !bram_matlab_has_field(array, "x"));
    assert_non_null(strstr(bram_matlab_name(field(cx, array, "other", 1)), "array(2).other"));
    CLOSE();
}

static void both_versions_read_alike(void **state)
{
    (void)state;
    check_common(made73, 73);
    check_common(made5, 5);
}

static void texts_are_utf8(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    char **texts;
    size_t n;
    assert_ok(cx, bram_matlab_open(cx, &file, made73));
    bram_matlab_value *cells = get(cx, file, "texts");
    assert_dims(cell(cx, cells, 0), 0, 5);
    assert_ok(cx, bram_matlab_strings(cx, &texts, &n, cells));
    assert_int_equal(n, 3);
    assert_string_equal(texts[0], "");
    assert_string_equal(texts[1], "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd");
    assert_string_equal(texts[2], "");
    bram_free(texts);
    bram_matlab_close(file);
    assert_ok(cx, bram_matlab_open(cx, &file, made5));
    assert_ok(cx, bram_matlab_strings(cx, &texts, &n, get(cx, file, "texts")));
    assert_string_equal(texts[0], "");
    assert_string_equal(texts[1], "AVAL");
    bram_free(texts);
    bram_matlab_value *label = field(cx, get(cx, file, "array"), "label", 1);
    double number = 0;
    assert_ok(cx, bram_matlab_number(cx, &number, label));
    assert_near(number, 2, 0);
    CLOSE();
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    bram_matlab_value *v = NULL;
    double *x = NULL, number = 42;
    char *text = NULL, **texts = NULL;
    bram_matlab_entry *entries = NULL;
    size_t n = 0;
    assert_ok(cx, bram_matlab_open(cx, &file, made73));
    assert_int_equal(bram_matlab_variable(cx, &v, file, "traces"), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "six"));
    bram_matlab_value *array = get(cx, file, "array"), *texts_of = get(cx, file, "texts");
    bram_matlab_value *object = get(cx, file, "object"), *complex = get(cx, file, "complex");
    assert_int_equal(bram_matlab_field(cx, &v, array, "x", 0), BRAM_EABSENT);
    assert_int_equal(bram_matlab_field(cx, &v, array, "label", 2), BRAM_EABSENT);
    assert_int_equal(bram_matlab_field(cx, &v, texts_of, "label", 0), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_cell(cx, &v, array, 0), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_cell(cx, &v, texts_of, 3), BRAM_EABSENT);
    assert_int_equal(bram_matlab_numbers(cx, &x, array), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_numbers(cx, &x, complex), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_kind_of(object), BRAM_MATLAB_OPAQUE);
    assert_string_equal(bram_matlab_class(object), "table");
    assert_int_equal(bram_matlab_numbers(cx, &x, object), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "not readable"));
    assert_int_equal(bram_matlab_number(cx, &number, get(cx, file, "six")), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_text(cx, &text, get(cx, file, "lines")), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_text(cx, &text, get(cx, file, "six")), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_strings(cx, &texts, &n, array), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_entries(cx, &entries, &n, get(cx, file, "six")), BRAM_EFORMAT);
    assert_int_equal(bram_matlab_entries(cx, &entries, &n, get(cx, file, "bad_sparse")),
                     BRAM_EFORMAT);
    bram_ctx_set_memory(cx, 40);
    assert_int_equal(bram_matlab_numbers(cx, &x, get(cx, file, "six")), BRAM_EMEMORY);
    assert_true(!v && !x && number == 42 && !text && !texts && !entries);
    bram_matlab_close(file);
    assert_ok(cx, bram_matlab_open(cx, &file, made5));
    assert_int_equal(bram_matlab_numbers(cx, &x, get(cx, file, "complex")), BRAM_EFORMAT);
    CLOSE();
}

static void a_circle_of_references_ends(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    assert_ok(cx, bram_matlab_open(cx, &file, made73));
    bram_matlab_value *v = get(cx, file, "circle");
    int status = BRAM_OK, depth = 0;
    while (status == BRAM_OK && depth < 1000) status = bram_matlab_cell(cx, &v, v, 0), depth++;
    assert_int_equal(status, BRAM_EFORMAT);
    assert_int_equal(depth, 65);
    assert_non_null(strstr(bram_ctx_message(cx), "circle"));
    CLOSE();
}

/* ---- damaged and other files ---------------------------------------------------------------- */

static size_t slurp(const char *name, unsigned char *bytes, size_t room)
{
    FILE *stream = fopen(name, "rb");
    size_t n = fread(bytes, 1, room, stream);
    fclose(stream);
    return n;
}

static int opened(const void *bytes, size_t count, char *message, size_t room)
{
    char name[256];
    test_temporary(name, "matlab-bad");
    FILE *stream = fopen(name, "wb");
    assert_int_equal(fwrite(bytes, 1, count, stream), count);
    fclose(stream);
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    int status = bram_matlab_open(cx, &file, name);
    snprintf(message, room, "%s", bram_ctx_message(cx));
    bram_matlab_close(file);
    bram_ctx_free(cx);
    remove(name);
    return status;
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    char message[1024];
    size_t size = slurp(made5, bytes, sizeof bytes);
    assert_true(size > 300 && size < sizeof bytes);
    for (size_t kept = size - 1; kept > 136; kept -= kept / 9 + 1) {
        int status = opened(bytes, kept, message, sizeof message);
        assert_true(status == BRAM_EFORMAT || (status == BRAM_OK && kept < size - 1));
    }
    assert_int_equal(opened(bytes, size - 1, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "truncated"));
    bytes[128] = 99;
    assert_int_equal(opened(bytes, size, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "type 99"));
    bytes[126] = 0;
    assert_int_equal(opened(bytes, size, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "damaged"));
    assert_int_equal(opened(bytes, 100, message, sizeof message), BRAM_EFORMAT);
    assert_int_equal(opened("", 0, message, sizeof message), BRAM_EFORMAT);
    assert_non_null(strstr(message, "empty"));
    assert_int_equal(opened("a,b\n1,2\n", 8, message, sizeof message), BRAM_EFORMAT);
    assert_int_equal(
        opened("version https://git-lfs.github.com/spec/v1\n", 43, message, sizeof message),
        BRAM_EFORMAT);
    assert_non_null(strstr(message, "git-LFS"));
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file = NULL;
    assert_int_equal(bram_matlab_open(cx, &file, "/nonexistent.mat"), BRAM_EREAD);
    assert_int_equal(bram_matlab_open(cx, &file, "/tmp"), BRAM_EREAD);
    bram_ctx_free(cx);
}

static int read_much(bram_ctx *cx, const char *name)
{
    bram_matlab *file = NULL;
    bram_matlab_value *v = NULL, *array = NULL, *label = NULL;
    char **texts = NULL, **lines = NULL;
    double *x = NULL;
    bram_matlab_entry *entries = NULL;
    size_t n;
    int status = bram_matlab_open(cx, &file, name);
    if (status == BRAM_OK) status = bram_matlab_variable(cx, &v, file, "texts");
    if (status == BRAM_OK) status = bram_matlab_strings(cx, &texts, &n, v);
    if (status == BRAM_OK) status = bram_matlab_variable(cx, &v, file, "six");
    if (status == BRAM_OK) status = bram_matlab_row_major(cx, &x, v);
    if (status == BRAM_OK) status = bram_matlab_variable(cx, &v, file, "lines");
    if (status == BRAM_OK) status = bram_matlab_strings(cx, &lines, &n, v);
    if (status == BRAM_OK) status = bram_matlab_variable(cx, &v, file, "sparse");
    if (status == BRAM_OK) status = bram_matlab_entries(cx, &entries, &n, v);
    if (status == BRAM_OK) status = bram_matlab_variable(cx, &array, file, "array");
    if (status == BRAM_OK) status = bram_matlab_field(cx, &label, array, "label", 1);
    bram_free(texts), bram_free(x), bram_free(lines), bram_free(entries);
    bram_matlab_close(file);
    return status;
}

static void failing_allocations_lose_nothing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const char *const names[] = {made73, made5};
    for (size_t i = 0; i < 2; i++) {
        int status = BRAM_ENOMEM;
        size_t k = 0;
        while (status == BRAM_ENOMEM && k < 500) {
            bram_fail_allocation(++k, false);
            status = read_much(cx, names[i]);
            bram_fail_allocation(0, false);
        }
        assert_int_equal(status, BRAM_OK);
        assert_true(k > 20);
    }
    bram_ctx_free(cx);
}

/* ---- real files ----------------------------------------------------------------------------- */

static void check_kato(bram_ctx *cx, bram_matlab *file)
{
    bram_matlab_value *worms = get(cx, file, "WT_NoStim");
    bram_matlab_value *traces = cell(cx, field(cx, worms, "traces", 0), 0);
    assert_dims(traces, 3137, 103);
    assert_sum(cx, traces, 68446.78787002146, 1e-7);
    char **ids;
    size_t n, labelled = 0;
    assert_ok(cx, bram_matlab_strings(cx, &ids, &n, cell(cx, field(cx, worms, "IDs", 0), 0)));
    assert_int_equal(n, 103);
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        labelled += *ids[i] != 0;
        found = found || strcmp(ids[i], "VB02") == 0;
    }
    assert_int_equal(labelled, 32);
    assert_true(found);
    bram_free(ids);
}

static void kato_in_both_versions(void **state)
{
    (void)state;
    OPEN("celegans/derived/kato2015_WT_NoStim_worm1_v5.mat");
    check_kato(cx, file);
    bram_matlab_close(file);
    test_data(path, "celegans/derived/kato2015_WT_NoStim_worm1_v73.mat");
    assert_ok(cx, bram_matlab_open(cx, &file, path));
    check_kato(cx, file);
    CLOSE();
}

static void kato_as_a_struct_array(void **state)
{
    (void)state;
    OPEN("celegans/derived/kato2015_NoStim_Data_structarray_v73.mat");
    bram_matlab_value *worms = get(cx, file, "NoStim_Data");
    assert_dims(worms, 1, 2);
    size_t rows = 0, n;
    for (size_t i = 0; i < 2; i++) {
        bram_matlab_value *traces = field(cx, worms, "deltaFOverF_bc", i);
        rows += bram_matlab_dims(traces)[0];
        assert_int_equal(bram_matlab_dims(traces)[1], 40);
    }
    assert_int_equal(rows, 3137);
    char **names;
    assert_ok(cx, bram_matlab_strings(cx, &names, &n, field(cx, worms, "NeuronNames", 1)));
    assert_int_equal(n, 40);
    assert_string_equal(names[0], "OLQVR");
    assert_int_equal(strspn(names[39], "0123456789"), strlen(names[39]));
    bram_free(names);
    CLOSE();
}

static void spike_counts_have_their_sums(void **state)
{
    (void)state;
    static const struct {
        const char *name, *variable;
        int version;
        size_t rows, columns;
        double sum;
    } expected[] = {
        {"maxent_toolbox/example15.mat", "spikes15", 73, 15, 40000, 68530},
        {"maxent_toolbox/example50.mat", "spikes50", 73, 50, 40000, 175945},
        {"maxent_toolbox/example15_spatiotemporal.mat", "spikes15_time_dependent", 5, 15, 40000,
         76432},
        {"spykesML/m1_stevenson_2011.mat", "spikes", 5, 171, 15536, 2352815},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char name[128];
        snprintf(name, sizeof name, "spikes/%s", expected[i].name);
        OPEN(name);
        assert_int_equal(bram_matlab_version(file), expected[i].version);
        bram_matlab_value *v = get(cx, file, expected[i].variable);
        assert_dims(v, expected[i].rows, expected[i].columns);
        assert_sum(cx, v, expected[i].sum, 0);
        CLOSE();
    }
}

/* A cell of cells (tetrode, unit) of structs; empty ones occur. */
static void count_units(bram_ctx *cx, bram_matlab_value *v, size_t *units, size_t *spikes)
{
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_CELL)
        for (size_t i = 0; i < bram_matlab_count(v); i++)
            count_units(cx, cell(cx, v, i), units, spikes);
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_STRUCT) return;
    bram_matlab_value *time = field(cx, v, "time", 0);
    *units += bram_matlab_count(time) > 0;
    *spikes += bram_matlab_count(time);
}

static void sorted_units_are_found_in_nested_cells(void **state)
{
    (void)state;
    OPEN("spikes/nelpy-linear-track/spikes.mat");
    size_t units = 0, spikes = 0;
    count_units(cx, get(cx, file, "spikes"), &units, &spikes);
    assert_int_equal(units, 31);
    assert_int_equal(spikes, 28829);
    CLOSE();
}

static void the_connectome_is_sparse(void **state)
{
    (void)state;
    OPEN("celegans/connectome/varshney2011/ConnOrdered_040903.mat");
    bram_matlab_value *chemical = get(cx, file, "A_init_t_ordered");
    bram_matlab_value *gap = get(cx, file, "Ag_t_ordered");
    assert_int_equal(bram_matlab_kind_of(chemical), BRAM_MATLAB_SPARSE);
    assert_dims(chemical, 279, 279);
    assert_sum(cx, chemical, 6394, 0); /* the paper counts 6393, the file one more */
    double *g;
    assert_ok(cx, bram_matlab_numbers(cx, &g, gap)); /* gap junctions go both ways */
    for (size_t i = 0; i < 279; i++)
        for (size_t j = 0; j < i; j++) assert_true(g[i * 279 + j] == g[j * 279 + i]);
    bram_free(g);
    char **names;
    size_t n;
    assert_ok(cx, bram_matlab_strings(cx, &names, &n, get(cx, file, "Neuron_ordered")));
    assert_int_equal(n, 279);
    assert_string_equal(names[0], "IL2DL");
    bram_free(names);
    CLOSE();
}

static void cells_of_a_genuine_73_file(void **state)
{
    (void)state;
    OPEN("celegans/connectome/varshney2011/Order279.mat");
    bram_matlab_value *order = get(cx, file, "Order279");
    assert_dims(order, 1, 279);
    char **names;
    size_t n;
    assert_ok(cx, bram_matlab_strings(cx, &names, &n, order));
    assert_int_equal(n, 279);
    assert_string_equal(names[0], "ADFL");
    bram_free(names);
    CLOSE();
}

static void struct_arrays_of_dissimilarities(void **state)
{
    (void)state;
    OPEN("vision/rsa/rsatoolbox/92imageData/92_brainRDMs.mat");
    bram_matlab_value *rdms = get(cx, file, "RDMs");
    assert_int_equal(bram_matlab_rank(rdms), 3);
    assert_true(bram_matlab_dims(rdms)[1] == 4 && bram_matlab_dims(rdms)[2] == 2);
    char *name = NULL;
    assert_ok(cx, bram_matlab_text(cx, &name, field(cx, rdms, "name", 0)));
    assert_string_equal(name, "hIT | BE | Session: 1");
    bram_free(name);
    for (size_t i = 0; i < 8; i++) {
        double *rdm;
        bram_matlab_value *v = field(cx, rdms, "RDM", i);
        assert_dims(v, 92, 92);
        assert_ok(cx, bram_matlab_numbers(cx, &rdm, v));
        for (size_t k = 0; k < 92; k++) assert_near(rdm[k * 93], 0, 1e-6);
        bram_free(rdm);
    }
    CLOSE();
}

static void six_dimensions_of_v1_counts(void **state)
{
    (void)state;
    OPEN("vision/encoding/henaff2021/V1_responses/ay4_u001_image_sequences.mat");
    static const size_t dims[6] = {2, 3, 10, 11, 13, 50};
    bram_matlab_value *natural = get(cx, file, "naturalStruct");
    bram_matlab_value *counts = field(cx, natural, "sortedResponses", 0);
    assert_int_equal(bram_matlab_fields(natural), 22);
    assert_int_equal(bram_matlab_rank(counts), 6);
    for (size_t i = 0; i < 6; i++) assert_int_equal(bram_matlab_dims(counts)[i], dims[i]);
    double *x, missing = 0, most = 0;
    size_t n = bram_matlab_count(counts);
    assert_ok(cx, bram_matlab_numbers(cx, &x, counts));
    for (size_t i = 0; i < n; i++) {
        missing += isnan(x[i]) ? 1 : 0;
        if (x[i] > most) most = x[i];
    }
    bram_free(x);
    assert_near(missing / (double)n, .316, 5e-4);
    assert_near(most, 30, 0);
    CLOSE();
}

static void a_table_object_is_named_and_not_read(void **state)
{
    (void)state;
    OPEN("vision/encoding/henaff2021/curvatureEstimations/results_combined_table_235x.mat");
    assert_int_equal(bram_matlab_variables(file), 2);
    bram_matlab_value *table = get(cx, file, bram_matlab_variable_at(file, 0));
    double *x;
    assert_int_equal(bram_matlab_kind_of(table), BRAM_MATLAB_OPAQUE);
    assert_int_equal(bram_matlab_numbers(cx, &x, table), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "MATLAB table object, which is not readable"));
    CLOSE();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_length),
        cmocka_unit_test(both_versions_read_alike),
        cmocka_unit_test(texts_are_utf8),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(a_circle_of_references_ends),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(failing_allocations_lose_nothing),
        cmocka_unit_test(kato_in_both_versions),
        cmocka_unit_test(kato_as_a_struct_array),
        cmocka_unit_test(spike_counts_have_their_sums),
        cmocka_unit_test(sorted_units_are_found_in_nested_cells),
        cmocka_unit_test(the_connectome_is_sparse),
        cmocka_unit_test(cells_of_a_genuine_73_file),
        cmocka_unit_test(struct_arrays_of_dissimilarities),
        cmocka_unit_test(six_dimensions_of_v1_counts),
        cmocka_unit_test(a_table_object_is_named_and_not_read),
    };
    return cmocka_run_group_tests_name("matlab", tests, write_both, remove_both);
}
