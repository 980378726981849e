/* fuzz_json.c - core/json.c: every value of a document, written and read again. */
#include "fuzz.h"
#include "json.h"

#include <string.h>

static void copy(bram_ctx *cx, bram_json_out *o, const char *key, const bram_json *v)
{
    double number = 0;
    int64_t integer = 0;
    bool flag = false;
    switch (bram_json_kind_of(v)) {
    case BRAM_JSON_NULL:
        bram_json_out_null(o, key);
        break;
    case BRAM_JSON_FLAG:
        fuzz_need(bram_json_flag(v, &flag));
        bram_json_out_flag(o, key, flag);
        break;
    case BRAM_JSON_INTEGER:
        fuzz_need(bram_json_integer(v, &integer));
        bram_json_out_integer(o, key, integer);
        break;
    case BRAM_JSON_REAL:
        fuzz_need(bram_json_number(v, &number));
        bram_json_out_number(o, key, number);
        break;
    case BRAM_JSON_TEXT:
        bram_json_out_text(o, key, bram_json_text(v));
        break;
    case BRAM_JSON_ARRAY:
        bram_json_out_array(o, key);
        for (size_t i = 0; i < bram_json_count(v); i++) copy(cx, o, NULL, bram_json_at(v, i));
        bram_json_out_end(o);
        break;
    case BRAM_JSON_OBJECT:
        bram_json_out_object(o, key);
        for (bram_json_member m = {0}; bram_json_next(v, &m);) copy(cx, o, m.key, m.value);
        bram_json_out_end(o);
        break;
    }
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_json *v = NULL, *again = NULL;
    bram_json_out *o = NULL;
    char *text = NULL;
    double *numbers = NULL;
    size_t n = 0;
    if (!fuzz_ok(cx, bram_json_parse(cx, &v, (const char *)bytes, size, "input"))) return;
    if (fuzz_ok(cx, bram_json_numbers(cx, &numbers, &n, v))) bram_free(numbers);
    fuzz_need(bram_json_out_new(cx, &o) == BRAM_OK);
    copy(cx, o, NULL, v);
    fuzz_need(bram_json_out_finish(cx, o, &text, true) == BRAM_OK);
    fuzz_need(bram_json_parse(cx, &again, text, strlen(text), "copy") == BRAM_OK);
    fuzz_need(bram_json_kind_of(again) == bram_json_kind_of(v));
    fuzz_need(bram_json_count(again) == bram_json_count(v));
    bram_json_out_free(o);
    bram_json_free(v);
    bram_json_free(again);
    bram_free(text);
}
