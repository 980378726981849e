/* Tests of core/json.c. */
#include "json.h"

#include "gz.h"
#include "internal.h"
#include "test.h"

static bram_json *parse(bram_ctx *cx, const char *text)
{
    bram_json *document = NULL;
    assert_ok(cx, bram_json_parse(cx, &document, text, strlen(text), "x.json"));
    return document;
}

static void a_document_is_walked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_json *d = parse(cx, "{\"z\": 1, \"a\": [2.5, true, null, \"\\u00e9[\"], \"m\": {}}");
    double number = 0;
    int64_t integer = 0;
    bool flag = false;
    assert_int_equal(bram_json_kind_of(d), BRAM_JSON_OBJECT);
    assert_int_equal(bram_json_count(d), 3);
    assert_true(bram_json_integer(bram_json_get(d, "z"), &integer) && integer == 1);
    assert_true(bram_json_number(bram_json_get(d, "z"), &number) && number == 1);
    const bram_json *a = bram_json_get(d, "a");
    assert_int_equal(bram_json_kind_of(a), BRAM_JSON_ARRAY);
    assert_int_equal(bram_json_count(a), 4);
    assert_true(bram_json_number(bram_json_at(a, 0), &number) && number == 2.5);
    assert_false(bram_json_integer(bram_json_at(a, 0), &integer));
    assert_int_equal(bram_json_kind_of(bram_json_at(a, 0)), BRAM_JSON_REAL);
    assert_true(bram_json_flag(bram_json_at(a, 1), &flag) && flag);
    assert_int_equal(bram_json_kind_of(bram_json_at(a, 2)), BRAM_JSON_NULL);
    assert_string_equal(bram_json_text(bram_json_at(a, 3)), "\xc3\xa9[");
    assert_null(bram_json_at(a, 4));
    assert_null(bram_json_text(a));
    assert_null(bram_json_get(d, "absent"));
    assert_null(bram_json_get(bram_json_get(d, "absent"), "deeper"));
    assert_null(bram_json_get(a, "z"));
    assert_false(bram_json_number(NULL, &number));
    assert_false(bram_json_flag(a, &flag));

    const char *keys = "zam";
    bram_json_member member = {0};
    while (bram_json_next(d, &member)) assert_int_equal(member.key[0], *keys++);
    assert_int_equal(*keys, 0);
    member = (bram_json_member){0};
    assert_false(bram_json_next(a, &member));
    assert_false(bram_json_next(bram_json_get(d, "m"), &member));
    bram_json_free(d);
    bram_json_free(NULL);
    bram_ctx_free(cx);
}

static void fields_are_asked_for(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_json *d = parse(cx, "{\"n\": 3, \"x\": [1, null, 2.5], \"bad\": [1, \"2\"]}");
    const bram_json *value = NULL;
    double *numbers = NULL;
    size_t count = 0;
    assert_ok(cx, bram_json_need(cx, &value, d, "n", BRAM_JSON_REAL));
    assert_int_equal(bram_json_need(cx, &value, d, "n", BRAM_JSON_TEXT), BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx), "field n: found integer, expected text");
    assert_int_equal(bram_json_need(cx, &value, d, "q", BRAM_JSON_ARRAY), BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx), "field q: absent, expected array");
    assert_ptr_equal(value, bram_json_get(d, "n"));
    assert_ok(cx, bram_json_numbers(cx, &numbers, &count, bram_json_get(d, "x")));
    assert_int_equal(count, 3);
    assert_true(numbers[0] == 1 && isnan(numbers[1]) && numbers[2] == 2.5);
    bram_free(numbers);
    assert_int_equal(bram_json_numbers(cx, &numbers, &count, bram_json_get(d, "bad")),
                     BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx), "item 1: found text, expected a number or null");
    assert_int_equal(bram_json_numbers(cx, &numbers, &count, NULL), BRAM_EFORMAT);
    assert_int_equal(bram_json_numbers(cx, &numbers, &count, d), BRAM_EFORMAT);
    bram_json_free(d);
    bram_ctx_free(cx);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *message;
    } bad[] = {{"", "not JSON"},
               {"{", "line 1"},
               {"{\"a\": 1,\n \"a\": 2}", "line 2"},
               {"[1] 2", "not JSON"},
               {"[NaN]", "not JSON"},
               {"[1e999]", "overflow"},
               {"[99999999999999999999]", "too big"},
               {"\"\xff\"", "0xff"},
               {"[1,]", "not JSON"},
               {"{\"a\\u0000b\": 1}", "not JSON"},
               {"'x'", "not JSON"}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bram_json *d = NULL;
        if (bram_json_parse(cx, &d, bad[i].text, strlen(bad[i].text), "x.json") != BRAM_EFORMAT)
            fail_msg("%s is taken", bad[i].text);
        assert_null(d);
        assert_non_null(strstr(bram_ctx_message(cx), "x.json: "));
        if (!strstr(bram_ctx_message(cx), bad[i].message)) fail_msg("%s", bram_ctx_message(cx));
    }
    bram_ctx_free(cx);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    enum { N = 1000000 };
    char *text = malloc(N);
    bram_json *d = NULL;
    bram_ctx *cx = bram_ctx_new();
    for (int c = 0; c < 2; c++) {
        memset(text, "[{"[c], N);
        assert_int_equal(bram_json_parse(cx, &d, text, N, "x.json"), BRAM_EFORMAT);
        assert_non_null(strstr(bram_ctx_message(cx), "nested 1000000 deep, expected 100 at most"));
    }
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    assert_ok(cx, bram_json_parse(cx, &d, text, 200, "x.json"));
    bram_json_free(d);
    free(text);
    d = parse(cx, "\"[[[[ \\\" [[[\""); /* brackets in text do not count */
    bram_json_free(d);
    bram_ctx_free(cx);
}

static void files_are_read(void **state)
{
    (void)state;
    char path[300];
    bram_json *d = NULL;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "read.json");
    FILE *f = fopen(path, "w");
    fputs("{\"a\": [1, 2]}\n", f);
    fclose(f);
    assert_ok(cx, bram_json_read(cx, &d, path, 0));
    assert_int_equal(bram_json_count(bram_json_get(d, "a")), 2);
    bram_json_free(d);
    d = NULL;
    assert_int_equal(bram_json_read(cx, &d, path, 10), BRAM_EFORMAT);

    unsigned char *packed = NULL;
    size_t bytes = 0;
    assert_ok(cx, bram_gz_deflate(cx, &packed, &bytes, (const unsigned char *)"[1, 2, 3]", 9));
    f = fopen(path, "wb");
    fwrite(packed, 1, bytes, f);
    fclose(f);
    bram_free(packed);
    assert_ok(cx, bram_json_read(cx, &d, path, 0));
    assert_int_equal(bram_json_count(d), 3);
    bram_json_free(d);
    d = NULL;
    unlink(path);
    assert_int_equal(bram_json_read(cx, &d, path, 0), BRAM_EREAD);
    assert_null(d);
    bram_ctx_free(cx);
}

static void put_one_of_each(bram_json_out *o)
{
    const double values[] = {0.1, -INFINITY};
    bram_json_out_object(o, NULL);
    bram_json_out_number(o, "z", 1.0 / 3);
    bram_json_out_integer(o, "a", INT64_MIN);
    bram_json_out_text(o, "t", "a\"b\n\xc3\xa9\xff\xe2\x82");
    bram_json_out_text(o, "none", NULL);
    bram_json_out_array(o, "list");
    bram_json_out_flag(o, NULL, true);
    bram_json_out_null(o, NULL);
    bram_json_out_end(o);
    bram_json_out_numbers(o, "x", values, 2);
    bram_json_out_number(o, "nan", NAN);
    bram_json_out_end(o);
}

static void a_document_is_written(void **state)
{
    (void)state;
    char *text = NULL, path[300];
    bram_json_out *o = NULL;
    bram_json *back = NULL;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_json_out_new(cx, &o));
    put_one_of_each(o);
    assert_ok(cx, bram_json_out_finish(cx, o, &text, true));
    assert_string_equal(text, "{\"z\":0.33333333333333331,\"a\":-9223372036854775808,"
                              "\"t\":\"a\\\"b\\n\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
                              "\"none\":null,\"list\":[true,null],"
                              "\"x\":[0.10000000000000001,null],\"nan\":null}\n");
    bram_free(text);
    test_temporary(path, "write.json");
    assert_ok(cx, bram_json_out_write(cx, o, path, true));
    assert_int_equal(bram_json_out_write(cx, o, path, false), BRAM_EWRITE);
    assert_ok(cx, bram_json_read(cx, &back, path, 0));
    assert_int_equal(bram_json_count(back), 7);
    bram_json_free(back);
    unlink(path);
    bram_json_out_free(o);
    bram_ctx_free(cx);
}

static void reals_keep_their_bits(void **state)
{
    (void)state;
    const double values[] = {
        0.1, 1, -0.0, 5e-324, 1.7976931348623157e308, 1e21, 123456789.123456789};
    enum { N = sizeof values / sizeof *values };
    char *text = NULL;
    double *back = NULL;
    size_t count = 0;
    bram_json_out *o = NULL;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_json_out_new(cx, &o));
    bram_json_out_numbers(o, NULL, values, N);
    assert_ok(cx, bram_json_out_finish(cx, o, &text, false));
    bram_json *d = parse(cx, text);
    assert_ok(cx, bram_json_numbers(cx, &back, &count, d));
    assert_int_equal(count, N);
    assert_memory_equal(values, back, sizeof values);
    bram_json_free(d);
    bram_free(back);
    bram_free(text);
    bram_json_out_free(o);
    bram_ctx_free(cx);
}

/* Each letter is a call: [ { } as in the text, k a member "k", v a value. */
static int build(const char *calls)
{
    char *text = NULL;
    bram_json_out *o = NULL;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_json_out_new(cx, &o));
    for (; *calls; calls++) {
        if (*calls == '[') bram_json_out_array(o, NULL);
        if (*calls == '{') bram_json_out_object(o, NULL);
        if (*calls == '}') bram_json_out_end(o);
        if (*calls == 'k') bram_json_out_integer(o, "k", 1);
        if (*calls == 'v') bram_json_out_text(o, NULL, "v");
    }
    int status = bram_json_out_finish(cx, o, &text, true);
    bram_free(text);
    bram_json_out_free(o);
    bram_ctx_free(cx);
    return status;
}

static void calls_out_of_order_are_found(void **state)
{
    (void)state;
    const char *good[] = {"[}", "{}", "v", "[v{k}}", "{k}"};
    const char *bad[] = {"", "[", "}", "vv", "{v}", "[k}", "{kk}", "{}{}", "k", "[}}", "v}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(build(good[i]), BRAM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (build(bad[i]) != BRAM_EINTERNAL) fail_msg("%s is taken", bad[i]);
    char deep[203];
    memset(deep, '[', 101);
    memset(deep + 101, '}', 101);
    deep[202] = 0;
    assert_int_equal(build(deep), BRAM_EINTERNAL);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    int status = BRAM_ENOMEM;
    size_t k = 0;
    while (status == BRAM_ENOMEM) {
        char *text = NULL;
        bram_json_out *o = NULL;
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(++k, false);
        status = bram_json_out_new(cx, &o);
        if (status == BRAM_OK) {
            put_one_of_each(o);
            status = bram_json_out_finish(cx, o, &text, true);
        }
        bram_fail_allocation(0, false);
        bram_free(text);
        bram_json_out_free(o);
        bram_ctx_free(cx);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_walked),
        cmocka_unit_test(fields_are_asked_for),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(a_document_is_written),
        cmocka_unit_test(reals_keep_their_bits),
        cmocka_unit_test(calls_out_of_order_are_found),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
