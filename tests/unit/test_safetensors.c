/* Tests of core/safetensors.c: values by hand in every type, and files that contradict themselves.
 */
#include "safetensors.h"
#include "test.h"

static char path[256];

static int set_up(void **state)
{
    test_temporary(path, "tensors.safetensors");
    *state = bram_ctx_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    return 0;
}

/* A file with this header, told to be `more` bytes longer than it is. */
static void put(const char *header, long more, const void *values, size_t size)
{
    unsigned char length[8] = {0};
    size_t n = strlen(header) + (size_t)more;
    for (size_t i = 0; i < 8; i++) length[i] = (unsigned char)(n >> 8 * i);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(length, 1, 8, f);
    fwrite(header, 1, strlen(header), f);
    fwrite(values, 1, size, f);
    fclose(f);
}

static void numbers_of_each_type(void **state)
{
    bram_ctx *cx = *state;
    /* 1.5 and -2 as bfloat16, float16, float32; 200 and 7 as bytes */
    static const unsigned char values[] = {0xc0, 0x3f, 0x00, 0xc0, 0x00, 0x3e, 0x00, 0xc0, 0x00,
                                           0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0xc0, 200,  7};
    static const char header[] =
        "{\"__metadata__\":{\"ids\":\"[1]\"},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[0,4]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[4,8]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
        "\"u\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[16,18]}}";
    bram_safetensors *s = NULL;
    put(header, 0, values, sizeof values);
    assert_ok(cx, bram_safetensors_open(cx, &s, path));
    assert_int_equal(bram_safetensors_count(s), 4);
    assert_string_equal(bram_safetensors_word(s, "ids"), "[1]");
    assert_null(bram_safetensors_word(s, "other"));
    for (size_t i = 0; i < 4; i++) {
        bram_npy *a = NULL;
        double found[2];
        assert_ok(cx, bram_safetensors_array(cx, s, i, &a));
        assert_ok(cx, bram_npy_read(cx, a, found));
        assert_near(found[0], i == 3 ? 200 : 1.5, 0);
        assert_near(found[1], i == 3 ? 7 : -2, 0);
        bram_npy_close(a);
    }
    assert_string_equal(bram_safetensors_name(s, 3), "u");
    bram_safetensors_close(s);
}

static void refuse(bram_ctx *cx, const char *tensor, const char *words)
{
    bram_safetensors *s = NULL;
    bram_npy *a = NULL;
    static const unsigned char zeros[16];
    char header[300];
    snprintf(header, sizeof header, "{\"a\":%s}", tensor);
    put(header, 0, zeros, sizeof zeros);
    int status = bram_safetensors_open(cx, &s, path);
    if (status == BRAM_OK) status = bram_safetensors_array(cx, s, 0, &a);
    if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), words))
        fail_msg("%s: status %d: %s", tensor, status, bram_ctx_message(cx));
    assert_null(a);
    bram_safetensors_close(s);
}

static void what_contradicts_itself_is_refused(void **state)
{
    bram_ctx *cx = *state;
    bram_safetensors *s = NULL;
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,17]}", "within the 16 bytes");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,12]}", "too few");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}", "expected 8");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[8,0]}", "a begin and an end");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}", "no length");
    refuse(cx, "{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}", "F8_E4M3");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[4]}", "data_offsets");
    refuse(cx, "{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,16]}", "8 or");
    refuse(cx, "{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,16]}",
           "few");
    put("{}", 0, "", 0);
    assert_ok(cx, bram_safetensors_open(cx, &s, path));
    assert_int_equal(bram_safetensors_count(s), 0);
    bram_safetensors_close(s);
    put("{}", 1000, "", 0);
    assert_int_equal(bram_safetensors_open(cx, &s, path), BRAM_EFORMAT);
    put("[]", 0, "", 0);
    assert_int_equal(bram_safetensors_open(cx, &s, path), BRAM_EFORMAT);
    put("{\"a\":", 0, "", 0);
    assert_int_equal(bram_safetensors_open(cx, &s, path), BRAM_EFORMAT);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_of_each_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_contradicts_itself_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
