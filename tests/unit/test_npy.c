/* Tests of core/npy.c, core/npywrite.c and core/npz.c. */
#include "gz.h"
#include "internal.h"
#include "npy.h"
#include "testzip.h"

static char path[256];

static int set_up(void **state)
{
    test_temporary(path, "array.npy");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    return 0;
}

static void put(const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* Writes a file of the given version, header text and values. */
static size_t compose(unsigned char *to, int version, const char *header, const void *values,
                      size_t size)
{
    size_t length = strlen(header), used = 0;
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (unsigned char)version, to[7] = 0;
    used = 8;
    testzip_put(to, &used, (uint32_t)length, version == 1 ? 2 : 4);
    memcpy(to + used, header, length);
    if (size) memcpy(to + used + length, values, size);
    return used + length + size;
}

static void put_array(int version, const char *header, const void *values, size_t size)
{
    unsigned char bytes[4096];
    put(bytes, compose(bytes, version, header, values, size));
}

static void expect(bram_ctx *cx, const char *header, const void *values, size_t size, size_t count,
                   const double *expected)
{
    for (int version = 1; version <= 3; version++) {
        put_array(version, header, values, size);
        double *found = NULL;
        bram_npy_info info;
        assert_ok(cx, bram_npy_load(cx, &found, &info, path));
        assert_int_equal(info.count, count);
        for (size_t i = 0; i < count; i++)
            if (isnan(expected[i])) assert_true(isnan(found[i]));
            else if (found[i] != expected[i])
                fail_msg("%s: %zu: found %g, expected %g", header, i, found[i], expected[i]);
        bram_free(found);
    }
}

static void refuse(bram_ctx *cx, const char *header, size_t size, const char *words)
{
    static const unsigned char zeros[1024];
    bram_npy *a = NULL;
    put_array(1, header, zeros, size);
    assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    assert_null(a);
    if (!strstr(bram_ctx_message(cx), words) || !strstr(bram_ctx_message(cx), path))
        fail_msg("found \"%s\", expected \"%s\"", bram_ctx_message(cx), words);
}

#define HEADER(descr, fortran, shape)                                                              \
    "{'descr': '" descr "', 'fortran_order': " fortran ", 'shape': " shape ", }    \n"

static void every_type(void **state)
{
    bram_ctx *cx = *state;
    const double minus[] = {-2, 1};
    expect(cx, HEADER("|b1", "False", "(2,)"), "\0\1", 2, 2, (double[]){0, 1});
    expect(cx, HEADER("|i1", "False", "(2,)"), "\xfe\1", 2, 2, minus);
    expect(cx, HEADER("<i2", "False", "(2,)"), "\xfe\xff\1\0", 4, 2, minus);
    expect(cx, HEADER(">i2", "False", "(2,)"), "\xff\xfe\0\1", 4, 2, minus);
    expect(cx, HEADER("<i4", "False", "(2,)"), "\xfe\xff\xff\xff\1\0\0\0", 8, 2, minus);
    expect(cx, HEADER(">i8", "False", "(1,)"), "\xff\xff\xff\xff\xff\xff\xff\xfe", 8, 1, minus);
    expect(cx, HEADER("|u1", "False", "(2,)"), "\xfe\1", 2, 2, (double[]){254, 1});
    expect(cx, HEADER("<u2", "False", "(1,)"), "\1\2", 2, 1, (double[]){513});
    expect(cx, HEADER(">u4", "False", "(1,)"), "\1\0\0\2", 4, 1, (double[]){16777218});
    expect(cx, HEADER("<u8", "False", "(1,)"), "\0\0\0\0\0\0\0\x80", 8, 1, (double[]){0x1p63});
    /* half floats: 1, -2, 65504, 2^-24, infinity, NaN, -0 */
    expect(cx, HEADER("<f2", "False", "(6,)"), "\0\x3c\0\xc0\xff\x7b\1\0\0\x7c\1\x7e", 12, 6,
           (double[]){1, -2, 65504, 0x1p-24, INFINITY, NAN});
    expect(cx, HEADER("<f4", "False", "(2,)"), "\0\0\x80\x3f\0\0\0\xc0", 8, 2, (double[]){1, -2});
    expect(cx, HEADER(">f4", "False", "(1,)"), "\x3f\x80\0\0", 4, 1, (double[]){1});
    expect(cx, HEADER(">f8", "False", "(1,)"), "\xc0\0\0\0\0\0\0\0", 8, 1, minus);
    expect(cx, HEADER("<f8", "False", "()"), "\0\0\0\0\0\0\0\xc0", 8, 1, minus);
    expect(cx, HEADER("<f8", "False", "(0, 5)"), "", 0, 0, NULL);
    expect(cx, HEADER("<f8", "False", "(5, 0)"), "", 0, 0, NULL);
}

static void headers_of_all_sorts(void **state)
{
    bram_ctx *cx = *state;
    const double one[] = {1};
    expect(cx, "{'shape': (1L, 1L), 'fortran_order': True, 'descr': '|u1'}", "\1", 1, 1, one);
    expect(cx, "{\"descr\":\"|u1\",\"fortran_order\":False,\"shape\":(1,)}\n", "\1", 1, 1, one);
    expect(cx, HEADER("|u1", "False", "(1,1,1,1,1,1,1,1)"), "\1", 1, 1, one);
    refuse(cx, HEADER("|u1", "False", "(1,1,1,1,1,1,1,1,1)"), 1, "more than 8 dimensions");
    refuse(cx, HEADER("|O", "False", "(1,)"), 8, "pickled Python objects");
    refuse(cx, HEADER("|O", "False", "(1,)"), 8, "numpy.save");
    refuse(cx, HEADER("<c16", "False", "(1,)"), 16, "'<c16'");
    refuse(cx, HEADER("<M8[ns]", "False", "(1,)"), 8, "'<M8[ns]'");
    refuse(cx, HEADER("<f16", "False", "(1,)"), 16, "'<f16'");
    refuse(cx, HEADER("<i3", "False", "(1,)"), 3, "'<i3'");
    refuse(cx, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", 8,
           "structured");
    refuse(cx, HEADER("|u1", "Maybe", "(1,)"), 1, "fortran_order");
    refuse(cx, HEADER("|u1", "False", "(1"), 1, "shape");
    refuse(cx, HEADER("|u1", "False", "(-1,)"), 1, "shape");
    refuse(cx, HEADER("|u1", "False", "(99999999999999999999,)"), 1, "shape");
    refuse(cx, HEADER("|u1", "False", "1"), 1, "not a tuple");
    refuse(cx, "{'descr': '|u1', 'fortran_order': False}", 1, "expected a dict");
    refuse(cx, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", 1, "expected a dict");
    refuse(cx, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", 1, "the key x");
    refuse(cx, "", 0, "no dict");
    refuse(cx, "{'descr", 0, "damaged");
}

static void shapes_that_lie(void **state)
{
    bram_ctx *cx = *state;
    refuse(cx, HEADER("<f8", "False", "(3,)"), 16, "cut off");
    refuse(cx, HEADER("<f8", "False", "(1,)"), 16, "found 16 bytes of values, expected 8");
    refuse(cx, HEADER("<f8", "False", "(4294967296, 4294967296)"), 16, "cut off");
    refuse(cx, HEADER("<f8", "False", "(2305843009213693953,)"), 8, "cut off");
    refuse(cx, HEADER("|u1", "False", "(9223372036854775807, 2)"), 16, "cut off");
    refuse(cx, HEADER("<U0", "False", "(123456789123456789,)"), 0, "");
    bram_npy *a = NULL;
    unsigned char whole[512];
    const char *header = HEADER("<f8", "False", "(1,)");
    size_t size = compose(whole, 2, header, "12345678", 8);
    for (size_t n = 0; n < size; n++) { /* cut off anywhere */
        put(whole, n);
        assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    }
    memset(whole + 8, 255, 4); /* a header of 4 GB */
    put(whole, size);
    assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    whole[6] = 4;
    put(whole, size);
    assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "version 4"));
    put("PK\3\4 and more bytes", 19);
    assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "zip"));
    put("\x80\4\x95 and more bytes", 18);
    assert_int_equal(bram_npy_open(cx, &a, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "pickle"));
    assert_int_equal(bram_npy_open(cx, &a, "/nonexistent.npy"), BRAM_EREAD);
    assert_null(a);
}

/* Element (i, j, k) of a 4 x 3 x 2 array is 100 i + 10 j + k, in both orders. */
static void blocks_in_both_orders(void **state)
{
    bram_ctx *cx = *state;
    unsigned char c[24], f[24];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 2; k++) {
                c[(i * 3 + j) * 2 + k] = (unsigned char)(50 * i + 10 * j + k);
                f[i + 4 * (j + 3 * k)] = (unsigned char)(50 * i + 10 * j + k);
            }
    for (int order = 0; order < 2; order++) {
        bram_npy *a;
        put_array(1,
                  order ? HEADER("|u1", "True", "(4, 3, 2)") : HEADER("|u1", "False", "(4, 3, 2)"),
                  order ? f : c, 24);
        assert_ok(cx, bram_npy_open(cx, &a, path));
        for (size_t start = 0; start <= 4; start++)
            for (size_t count = 0; start + count <= 4; count++) {
                double values[25];
                values[6 * count] = 42;
                assert_ok(cx, bram_npy_read_block(cx, a, start, count, values));
                for (size_t n = 0; n < 6 * count; n++) assert_near(values[n], c[6 * start + n], 0);
                assert_near(values[6 * count], 42, 0);
            }
        double none;
        assert_int_equal(bram_npy_read_block(cx, a, 3, 2, &none), BRAM_ESHAPE);
        assert_int_equal(bram_npy_read_block(cx, a, SIZE_MAX, 2, &none), BRAM_ESHAPE);
        bram_npy_close(a);
    }
}

/* Larger than the window through which files are read. */
static void a_large_array(void **state)
{
    bram_ctx *cx = *state;
    enum { ROWS = 700, COLS = 500 };
    double *values = malloc(sizeof *values * ROWS * COLS), *found = NULL;
    for (int i = 0; i < ROWS * COLS; i++) values[i] = sin(i);
    assert_ok(cx, bram_npy_write(cx, path, false, BRAM_NPY_F64, 2, (size_t[]){ROWS, COLS}, values));
    bram_npy_info info;
    assert_ok(cx, bram_npy_load(cx, &found, &info, path));
    assert_memory_equal(found, values, sizeof *values * ROWS * COLS);
    bram_free(found);

    FILE *f = fopen(path, "r+b"); /* the same bytes as the transposed array in Fortran order */
    char header[128];
    size_t n = fread(header, 1, sizeof header, f);
    assert_int_equal(n, sizeof header);
    char *at = strstr(header + 10, "False, 'shape': (700, 500)");
    assert_non_null(at);
    memcpy(at, "True , 'shape': (500, 700)", 26);
    rewind(f);
    fwrite(header, 1, sizeof header, f);
    fclose(f);
    assert_ok(cx, bram_npy_load(cx, &found, &info, path));
    for (size_t i = 0; i < COLS; i++)
        for (size_t j = 0; j < ROWS; j++) assert_true(found[i * ROWS + j] == values[j * COLS + i]);
    bram_free(found);
    free(values);
}

static void integers(void **state)
{
    bram_ctx *cx = *state;
    bram_npy *a;
    double number = 42;
    int64_t whole = 0;
    put_array(1, HEADER("<i8", "False", "(1,)"), "\1\0\0\0\0\0\x20\0", 8); /* 2^53 + 1 */
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_int_equal(bram_npy_read(cx, a, &number), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "9007199254740993"));
    assert_ok(cx, bram_npy_read_integers(cx, a, &whole));
    assert_true(whole == 9007199254740993);
    bram_npy_close(a);
    put_array(1, HEADER("<u8", "False", "(1,)"), "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_int_equal(bram_npy_read(cx, a, &number), BRAM_ENUMERIC);
    assert_int_equal(bram_npy_read_integers(cx, a, &whole), BRAM_ENUMERIC);
    bram_npy_close(a);
    put_array(1, HEADER("<i8", "False", "(1,)"), "\0\0\0\0\0\0\0\x80", 8);
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_ok(cx, bram_npy_read(cx, a, &number));
    assert_near(number, -0x1p63, 0);
    assert_ok(cx, bram_npy_read_integers(cx, a, &whole));
    assert_true(whole == INT64_MIN);
    bram_npy_close(a);
    put_array(1, HEADER("<f8", "False", "(1,)"), "\0\0\0\0\0\0\0\xc0", 8);
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_int_equal(bram_npy_read_integers(cx, a, &whole), BRAM_EFORMAT);
    bram_npy_close(a);
}

static void strings(void **state)
{
    bram_ctx *cx = *state;
    bram_npy *a;
    char **texts = NULL;
    put_array(1, HEADER("|S3", "False", "(2,)"), "ab\0xyz", 6);
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_false(bram_npy_is_numeric(a));
    assert_string_equal(bram_npy_summary(a), "S3 (2,)");
    assert_ok(cx, bram_npy_read_texts(cx, a, &texts));
    assert_string_equal(texts[0], "ab");
    assert_string_equal(texts[1], "xyz");
    bram_free(texts);
    double number;
    assert_int_equal(bram_npy_read(cx, a, &number), BRAM_EFORMAT);
    bram_npy_close(a);
    put_array(1, HEADER("|S1", "True", "(2, 3)"), "adbecf", 6);
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_ok(cx, bram_npy_read_texts(cx, a, &texts));
    for (int i = 0; i < 6; i++) assert_int_equal(texts[i][0], "abcdef"[i]);
    bram_free(texts);
    bram_npy_close(a);

    static const char *const bad[] = {"\0\0\x11\0", "\0\xd8\0\0", "\0\0\0\x80"}; /* no characters */
    for (int i = 0; i < 3; i++) {
        put_array(1, HEADER("<U1", "False", "(1,)"), bad[i], 4);
        assert_ok(cx, bram_npy_open(cx, &a, path));
        assert_int_equal(bram_npy_read_texts(cx, a, &texts), BRAM_EFORMAT);
        bram_npy_close(a);
    }
    put_array(1, HEADER(">U2", "False", "(1,)"), "\0\0\0\0\0\0\0a", 8); /* a zero within */
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_int_equal(bram_npy_read_texts(cx, a, &texts), BRAM_EFORMAT);
    bram_npy_close(a);

    static const char *const words[] = {"AVAL", "", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac",
                                        "\xf0\x9f\xa7\xa0"};
    assert_ok(cx, bram_npy_write_texts(cx, path, true, 5, words));
    assert_ok(cx, bram_npy_open(cx, &a, path));
    assert_string_equal(bram_npy_summary(a), "U4 (5,)");
    assert_ok(cx, bram_npy_read_texts(cx, a, &texts));
    for (int i = 0; i < 5; i++) assert_string_equal(texts[i], words[i]);
    bram_free(texts);
    bram_npy_close(a);
    static const char *const latin[] = {"\xe9t\xe9"}, *const longer[] = {"\xc0\x80"};
    assert_int_equal(bram_npy_write_texts(cx, path, true, 1, latin), BRAM_EUSAGE);
    assert_int_equal(bram_npy_write_texts(cx, path, true, 1, longer), BRAM_EUSAGE);
}

static void written_bytes(void **state)
{
    bram_ctx *cx = *state;
    assert_ok(cx,
              bram_npy_write(cx, path, false, BRAM_NPY_F32, 1, (size_t[]){2}, (double[]){1, -2}));
    unsigned char bytes[256];
    FILE *f = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(size, 128 + 8);
    assert_memory_equal(bytes,
                        "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                        "'shape': (2,), }   ",
                        70);
    assert_int_equal(bytes[127], '\n');
    assert_memory_equal(bytes + 128, "\0\0\x80\x3f\0\0\0\xc0", 8);
    assert_int_equal(bram_npy_write(cx, path, false, BRAM_NPY_F64, 0, NULL, (double[]){1}),
                     BRAM_EWRITE);
    double number = 0.5, *found;
    bram_npy_info info;
    assert_int_equal(bram_npy_write(cx, path, true, BRAM_NPY_I64, 0, NULL, &number), BRAM_ENUMERIC);
    number = NAN;
    assert_int_equal(bram_npy_write(cx, path, true, BRAM_NPY_I64, 0, NULL, &number), BRAM_ENUMERIC);
    number = -3;
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_I64, 0, NULL, &number));
    assert_ok(cx, bram_npy_load(cx, &found, &info, path));
    assert_int_equal(info.dims, 0);
    assert_int_equal(info.kind, BRAM_NPY_INT);
    assert_near(found[0], -3, 0);
    bram_free(found);
    const double levels[] = {0, 255, 7}, beyond[] = {256, -1, 0.5};
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_U8, 1, (size_t[]){3}, levels));
    assert_ok(cx, bram_npy_load(cx, &found, &info, path));
    assert_int_equal(info.kind, BRAM_NPY_UINT);
    assert_memory_equal(found, levels, sizeof levels);
    bram_free(found);
    for (int i = 0; i < 3; i++)
        assert_int_equal(bram_npy_write(cx, path, true, BRAM_NPY_U8, 0, NULL, &beyond[i]),
                         BRAM_ENUMERIC);
    size_t many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(bram_npy_write(cx, path, true, BRAM_NPY_F64, 9, many, &number), BRAM_ESHAPE);
}

static void gzip_is_transparent(void **state)
{
    bram_ctx *cx = *state;
    unsigned char bytes[256], *small;
    size_t size = compose(bytes, 1, HEADER("|u1", "False", "(2,)"), "\3\4", 2);
    assert_ok(cx, bram_gz_deflate(cx, &small, &size, bytes, size));
    put(small, size);
    bram_free(small);
    double *found;
    bram_npy_info info;
    assert_ok(cx, bram_npy_load(cx, &found, &info, path));
    assert_near(found[1], 4, 0);
    bram_free(found);
}

static void arrays_in_a_zip(void **state)
{
    bram_ctx *cx = *state;
    struct testzip *zip = calloc(1, sizeof *zip);
    unsigned char bytes[256];
    size_t size = compose(bytes, 1, HEADER("|u1", "False", "(2,)"), "\3\4", 2);
    testzip_add(zip, "a.npy", bytes, size);
    testzip_add(zip, "notes.txt", "x", 1);
    testzip_add(zip, "cut.npy", bytes, size - 1);
    testzip_write(zip, path);
    free(zip);
    bram_npz *z = NULL;
    bram_npy *a = NULL;
    assert_ok(cx, bram_npz_open(cx, &z, path));
    assert_int_equal(bram_npz_count(z), 2);
    assert_string_equal(bram_npz_name(z, 1), "cut");
    double found[2];
    assert_ok(cx, bram_npz_array(cx, z, "a", &a));
    assert_ok(cx, bram_npy_read(cx, a, found));
    assert_near(found[0], 3, 0);
    bram_npy_close(a);
    a = NULL;
    assert_int_equal(bram_npz_array(cx, z, "cut", &a), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), ":cut: found 1 bytes of values"));
    assert_int_equal(bram_npz_array(cx, z, "b", &a), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "among: a, cut"));
    assert_null(a);
    bram_npz_close(z);
    z = NULL;
    put("no zip at all, just text", 24);
    assert_int_equal(bram_npz_open(cx, &z, path), BRAM_EFORMAT);
    assert_null(z);
}

static void failing_allocations(void **state)
{
    bram_ctx *cx = *state;
    static const char *const words[] = {"a", "b"};
    int status = BRAM_ENOMEM;
    size_t k;
    for (k = 1; status; k++) {
        double *values = NULL;
        bram_npy_info info;
        bram_npy *a = NULL;
        char **texts = NULL;
        bram_fail_allocation(k, true);
        status = bram_npy_write(cx, path, true, BRAM_NPY_F64, 1, (size_t[]){2}, (double[]){1, 2});
        if (!status) status = bram_npy_load(cx, &values, &info, path);
        if (!status) status = bram_npy_write_texts(cx, path, true, 2, words);
        if (!status) status = bram_npy_open(cx, &a, path);
        if (!status) status = bram_npy_read_texts(cx, a, &texts);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_free(values), bram_free(texts);
        bram_npy_close(a);
    }
    assert_true(k > 12);
}

/* Shapes as PROVENANCE.md states them. */
static void real_arrays(void **state)
{
    bram_ctx *cx = *state;
    static const struct {
        const char *name, *summary;
    } cases[] = {
        {"antolik2016/region1/training_set.npy", "float64 (1800, 103)"},
        {"antolik2016/region2/training_set.npy", "float64 (1260, 55)"},
        {"antolik2016/region1/raw_validation_set.npy", "float64 (10, 50, 103)"},
        {"antolik2016/region2/raw_validation_set.npy", "float64 (8, 50, 55)"},
        {"antolik2016/region1/validation_inputs.npy", "float64 (50, 961)"},
        {"tang_v1_patterns/neurons/neu75.npy", "float64 (9500, 1)"},
        {"allen_cux2_511510667_UNPAIRED/Allen_test_output_big.npy", "float64 (900, 212)"},
    };
    char name[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char relative[256];
        snprintf(relative, sizeof relative, "vision/encoding/%s", cases[i].name);
        test_data(name, relative);
        bram_npy *a;
        assert_ok(cx, bram_npy_open(cx, &a, name));
        assert_string_equal(bram_npy_summary(a), cases[i].summary);
        bram_npy_close(a);
    }
    test_data(name, "vision/encoding/things/image_metadata.npy");
    bram_npy *a = NULL;
    assert_int_equal(bram_npy_open(cx, &a, name), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "pickled Python objects"));
    assert_null(a);
}

/* "the mean over axis 0 equals validation_set to 1e-14" */
static void the_mean_over_repeats(void **state)
{
    bram_ctx *cx = *state;
    char name[512];
    double *raw, *mean;
    bram_npy_info info;
    test_data(name, "vision/encoding/antolik2016/region1/validation_set.npy");
    assert_ok(cx, bram_npy_load(cx, &mean, &info, name));
    test_data(name, "vision/encoding/antolik2016/region1/raw_validation_set.npy");
    assert_ok(cx, bram_npy_load(cx, &raw, &info, name));
    size_t n = 50 * 103;
    assert_int_equal(info.count, 10 * n);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t r = 0; r < 10; r++) sum += raw[r * n + i];
        assert_near(sum / 10, mean[i], 1e-14);
    }
    bram_free(raw), bram_free(mean);
}

static void real_strings_and_zips(void **state)
{
    bram_ctx *cx = *state;
    char name[512], **texts;
    bram_npy *a = NULL;
    test_data(name, "vision/rsa/rsatoolbox/118images/118_animate_labels.npy");
    assert_ok(cx, bram_npy_open(cx, &a, name));
    assert_int_equal(bram_npy_describe(a)->count, 118);
    assert_ok(cx, bram_npy_read_texts(cx, a, &texts));
    for (size_t i = 0; i < 118; i++)
        assert_true(!strcmp(texts[i], "Animate") || !strcmp(texts[i], "Inanimate"));
    bram_free(texts);
    bram_npy_close(a);
    a = NULL;

    bram_npz *z;
    test_data(name, "vision/rsa/net2brain/model_rdms/case3_cosine_RDM_layer1.npz");
    assert_ok(cx, bram_npz_open(cx, &z, name));
    assert_ok(cx, bram_npz_array(cx, z, "rdm", &a));
    assert_string_equal(bram_npy_summary(a), "float32 (3003,)");
    bram_npy_close(a);
    assert_ok(cx, bram_npz_array(cx, z, "layer_name", &a));
    assert_ok(cx, bram_npy_read_texts(cx, a, &texts));
    assert_string_equal(texts[0], "layer1");
    bram_free(texts);
    bram_npy_close(a);
    a = NULL;
    assert_int_equal(bram_npz_array(cx, z, "meta", &a), BRAM_EFORMAT);
    assert_null(a);
    bram_npz_close(z);

    test_data(name, "vision/encoding/allen_neuropixels_derived/part1_outputs.npz");
    assert_ok(cx, bram_npz_open(cx, &z, name));
    assert_int_equal(bram_npz_count(z), 8);
    assert_ok(cx, bram_npz_array(cx, z, "noise_ceiling", &a));
    assert_string_equal(bram_npy_summary(a), "float64 (32, 118)");
    bram_npy_close(a);
    int64_t order[118];
    assert_ok(cx, bram_npz_array(cx, z, "sort_idx", &a));
    assert_ok(cx, bram_npy_read_integers(cx, a, order));
    int64_t sum = 0;
    for (int i = 0; i < 118; i++) sum += order[i];
    assert_int_equal(sum, 117 * 118 / 2);
    bram_npy_close(a);
    bram_npz_close(z);
}

/* Rows in any order, of both orders of a file, are those of the whole. */
static void rows_are_picked(void **state)
{
    bram_ctx *cx = *state;
    static const char *const headers[] = {HEADER("<i2", "False", "(5, 2, 3)"),
                                          HEADER(">f4", "True", "(5, 2, 3)")};
    const size_t row[] = {4, 0, 4, 2};
    unsigned char bytes[120];
    for (size_t k = 0; k < 2; k++) {
        double all[30], some[24];
        bram_npy *a;
        memset(bytes, 0, sizeof bytes);
        for (size_t i = 0; i < 30; i++)
            if (k == 0) bytes[2 * i] = (unsigned char)i;
            else bytes[4 * i] = 0x40, bytes[4 * i + 2] = (unsigned char)i; /* 2 + i / 2^14 */
        put_array(1, headers[k], bytes, k ? 120 : 60);
        assert_ok(cx, bram_npy_open(cx, &a, path));
        assert_ok(cx, bram_npy_read(cx, a, all));
        assert_ok(cx, bram_npy_read_rows(cx, a, row, 4, some));
        for (size_t i = 0; i < 24; i++) assert_near(some[i], all[6 * row[i / 6] + i % 6], 0);
        assert_int_equal(bram_npy_read_rows(cx, a, (size_t[]){5}, 1, some), BRAM_ESHAPE);
        bram_npy_close(a);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_picked, set_up, tear_down),
        T(every_type),
        T(headers_of_all_sorts),
        T(shapes_that_lie),
        T(blocks_in_both_orders),
        T(a_large_array),
        T(integers),
        T(strings),
        T(written_bytes),
        T(gzip_is_transparent),
        T(arrays_in_a_zip),
        T(failing_allocations),
        T(real_arrays),
        T(the_mean_over_repeats),
        T(real_strings_and_zips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
