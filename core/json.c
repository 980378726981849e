/*
 * json.c - JSON through jansson; the only file that touches it. A bram_json is a json_t.
 */
#include "json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "file.h"
#include "gz.h"
#include "internal.h"

enum { DEEPEST = 100 };
static const size_t default_limit = (size_t)1 << 30;

static const json_t *plain(const bram_json *value)
{
    return (const json_t *)value;
}

static const bram_json *wrap(const json_t *value)
{
    return (const bram_json *)value;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The deepest nesting of brackets outside strings: known before jansson recurses into them. */
static size_t depth_of(const char *text, size_t bytes)
{
    size_t depth = 0, deepest = 0;
    bool inside = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (inside && c == '\\') i++;
        else if (c == '"') inside = !inside;
        else if (!inside && (c == '[' || c == '{') && ++depth > deepest) deepest = depth;
        else if (!inside && (c == ']' || c == '}') && depth) depth--;
    }
    return deepest;
}

int bram_json_parse(bram_ctx *cx, bram_json **out, const char *text, size_t bytes, const char *name)
{
    size_t depth = depth_of(text, bytes);
    if (depth > DEEPEST)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found JSON nested %zu deep, expected %d at most",
                         name, depth, DEEPEST);
    json_error_t error = {.line = 0};
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return bram_fail(cx, BRAM_ENOMEM, "%s: no memory for the JSON document", name);
    if (!root)
        return bram_fail(cx, BRAM_EFORMAT, "%s: line %d, column %d: not JSON: %s", name, error.line,
                         error.column, error.text);
    *out = (bram_json *)root;
    return BRAM_OK;
}

int bram_json_read(bram_ctx *cx, bram_json **out, const char *path, size_t limit)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &size, path, limit ? limit : default_limit));
    int status = bram_json_parse(cx, out, (const char *)bytes, size, path);
    bram_free(bytes);
    return status;
}

void bram_json_free(bram_json *document)
{
    json_decref((json_t *)document);
}

bram_json_kind bram_json_kind_of(const bram_json *value)
{
    switch (json_typeof(plain(value))) {
    case JSON_OBJECT:
        return BRAM_JSON_OBJECT;
    case JSON_ARRAY:
        return BRAM_JSON_ARRAY;
    case JSON_STRING:
        return BRAM_JSON_TEXT;
    case JSON_INTEGER:
        return BRAM_JSON_INTEGER;
    case JSON_REAL:
        return BRAM_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return BRAM_JSON_FLAG;
    default:
        return BRAM_JSON_NULL;
    }
}

const char *bram_json_kind_name(bram_json_kind kind)
{
    static const char *const names[] = {"null", "flag",  "integer", "number",
                                        "text", "array", "object"};
    return names[kind];
}

const bram_json *bram_json_get(const bram_json *value, const char *key)
{
    return wrap(json_object_get(plain(value), key));
}

size_t bram_json_count(const bram_json *value)
{
    return json_is_array(plain(value)) ? json_array_size(plain(value))
                                       : json_object_size(plain(value));
}

const bram_json *bram_json_at(const bram_json *value, size_t i)
{
    return wrap(json_array_get(plain(value), i));
}

bool bram_json_next(const bram_json *object, bram_json_member *member)
{
    if (!json_is_object(plain(object))) return false;
    json_t *o = (json_t *)(uintptr_t)object; /* jansson's iterators are not const */
    member->place = member->place ? json_object_iter_next(o, member->place) : json_object_iter(o);
    if (!member->place) return false;
    member->key = json_object_iter_key(member->place);
    member->value = wrap(json_object_iter_value(member->place));
    return true;
}

bool bram_json_number(const bram_json *value, double *out)
{
    if (!json_is_number(plain(value))) return false;
    *out = json_number_value(plain(value));
    return true;
}

bool bram_json_integer(const bram_json *value, int64_t *out)
{
    if (!json_is_integer(plain(value))) return false;
    *out = json_integer_value(plain(value));
    return true;
}

bool bram_json_flag(const bram_json *value, bool *out)
{
    if (!json_is_boolean(plain(value))) return false;
    *out = json_is_true(plain(value));
    return true;
}

const char *bram_json_text(const bram_json *value)
{
    return json_string_value(plain(value));
}

int bram_json_need(bram_ctx *cx, const bram_json **out, const bram_json *object, const char *key,
                   bram_json_kind kind)
{
    const bram_json *value = bram_json_get(object, key);
    if (!value)
        return bram_fail(cx, BRAM_EFORMAT, "field %s: absent, expected %s", key,
                         bram_json_kind_name(kind));
    bram_json_kind found = bram_json_kind_of(value);
    if (found != kind && !(kind == BRAM_JSON_REAL && found == BRAM_JSON_INTEGER))
        return bram_fail(cx, BRAM_EFORMAT, "field %s: found %s, expected %s", key,
                         bram_json_kind_name(found), bram_json_kind_name(kind));
    *out = value;
    return BRAM_OK;
}

int bram_json_numbers(bram_ctx *cx, double **out, size_t *count, const bram_json *array)
{
    if (!json_is_array(plain(array)))
        return bram_fail(cx, BRAM_EFORMAT, "found %s, expected an array of numbers",
                         array ? bram_json_kind_name(bram_json_kind_of(array)) : "nothing");
    size_t n = bram_json_count(array);
    double *values = bram_alloc(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const bram_json *item = bram_json_at(array, i);
        if (bram_json_number(item, &values[i])) continue;
        bram_json_kind kind = bram_json_kind_of(item);
        if (kind != BRAM_JSON_NULL) {
            bram_free(values);
            return bram_fail(cx, BRAM_EFORMAT, "item %zu: found %s, expected a number or null", i,
                             bram_json_kind_name(kind));
        }
        values[i] = NAN;
    }
    *out = values;
    *count = n;
    return BRAM_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct bram_json_out {
    json_t *root, *open[DEEPEST]; /* open ones are borrowed from root */
    size_t depth;
    int status;
};

int bram_json_out_new(bram_ctx *cx, bram_json_out **out)
{
    bram_json_out *o = bram_alloc(cx, 1, sizeof *o);
    if (!o) return BRAM_ENOMEM;
    *out = o;
    return BRAM_OK;
}

void bram_json_out_free(bram_json_out *o)
{
    if (!o) return;
    json_decref(o->root);
    bram_free(o);
}

/* @return the length of the UTF-8 character at p (RFC 3629), 0 when it is none */
static size_t character_length(const unsigned char *p)
{
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0; /* this also stops at the end of the text */
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return n > 2 && (overlong || outside) ? 0 : n;
}

/* A text as a value, with U+FFFD for every byte that is not UTF-8. NULL without memory. */
static json_t *text_value(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t bytes = 0, bad = 0, n;
    for (; p[bytes]; bytes += n ? n : 1) bad += (n = character_length(p + bytes)) == 0;
    if (!bad) return json_stringn(text, bytes);
    char *clean = bram_malloc(bytes + 2 * bad + 1), *to = clean;
    if (!clean) return NULL;
    for (size_t i = 0; i < bytes; i += n ? n : 1) {
        n = character_length(p + i);
        memcpy(to, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
        to += n ? n : 3;
    }
    json_t *value = json_stringn(clean, (size_t)(to - clean));
    bram_free(clean);
    return value;
}

/* Puts a new value (NULL: there was no memory) where the document is now. */
static void put(bram_json_out *o, const char *key, json_t *value)
{
    json_t *container = o->depth ? o->open[o->depth - 1] : NULL;
    int failed = 0;
    if (!value) {
        if (o->status == BRAM_OK) o->status = BRAM_ENOMEM;
        return;
    }
    bool wanted = json_is_object(container);
    if (o->status == BRAM_OK && (wanted != (key != NULL) || (!container && o->root) ||
                                 (wanted && json_object_get(container, key))))
        o->status = BRAM_EINTERNAL;
    if (o->status != BRAM_OK) json_decref(value);
    else if (!container) o->root = value;
    else if (wanted) failed = json_object_set_new(container, key, value);
    else failed = json_array_append_new(container, value);
    if (failed) o->status = BRAM_ENOMEM;
}

static void begin(bram_json_out *o, const char *key, json_t *container)
{
    put(o, key, container);
    if (o->status == BRAM_OK && o->depth == DEEPEST) o->status = BRAM_EINTERNAL;
    if (o->status == BRAM_OK) o->open[o->depth++] = container;
}

void bram_json_out_object(bram_json_out *o, const char *key)
{
    begin(o, key, json_object());
}

void bram_json_out_array(bram_json_out *o, const char *key)
{
    begin(o, key, json_array());
}

void bram_json_out_end(bram_json_out *o)
{
    if (o->depth) o->depth--;
    else if (o->status == BRAM_OK) o->status = BRAM_EINTERNAL;
}

void bram_json_out_text(bram_json_out *o, const char *key, const char *text)
{
    put(o, key, text ? text_value(text) : json_null());
}

void bram_json_out_number(bram_json_out *o, const char *key, double value)
{
    put(o, key, isfinite(value) ? json_real(value) : json_null());
}

void bram_json_out_integer(bram_json_out *o, const char *key, int64_t value)
{
    put(o, key, json_integer(value));
}

void bram_json_out_flag(bram_json_out *o, const char *key, bool value)
{
    put(o, key, json_boolean(value));
}

void bram_json_out_null(bram_json_out *o, const char *key)
{
    put(o, key, json_null());
}

void bram_json_out_numbers(bram_json_out *o, const char *key, const double *values, size_t count)
{
    bram_json_out_array(o, key);
    for (size_t i = 0; i < count; i++) bram_json_out_number(o, NULL, values[i]);
    bram_json_out_end(o);
}

int bram_json_out_finish(bram_ctx *cx, bram_json_out *o, char **text, bool compact)
{
    if (o->status == BRAM_ENOMEM)
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a JSON document");
    if (o->status != BRAM_OK || o->depth || !o->root)
        return bram_fail(cx, BRAM_EINTERNAL, "a JSON document was built out of order");
    size_t flags = JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY |
                   (compact ? JSON_COMPACT : JSON_INDENT(2));
    size_t bytes = json_dumpb(o->root, NULL, 0, flags);
    char *dump = bytes ? bram_alloc(cx, bytes + 2, 1) : NULL;
    if (!dump || json_dumpb(o->root, dump, bytes, flags) != bytes) {
        bram_free(dump);
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a JSON document");
    }
    dump[bytes] = '\n';
    *text = dump;
    return BRAM_OK;
}

int bram_json_out_write(bram_ctx *cx, bram_json_out *o, const char *path, bool replace)
{
    char *text = NULL;
    BRAM_TRY(bram_json_out_finish(cx, o, &text, false));
    bram_outfile *file = NULL;
    int status = bram_outfile_open(cx, &file, path, replace);
    if (status == BRAM_OK) status = bram_outfile_write(cx, file, text, strlen(text));
    if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
    else bram_outfile_abort(file);
    bram_free(text);
    return status;
}
