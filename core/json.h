/*
 * json.h - JSON documents read and written.
 *
 * Reading gives a tree that is walked by borrowed pointers; objects keep the order of the file.
 * Writing builds a tree by begin, put and end; keys come out in the order they were put, reals with
 * 17 significant digits, NaN and infinities as null, text that is not UTF-8 with U+FFFD for each
 * bad byte.
 */
#ifndef BRAMBLE_CORE_JSON_H
#define BRAMBLE_CORE_JSON_H

#include <bramble/context.h>

/**
 * A value in a document. It lives as long as the document, which is the value that reading gave.
 */
typedef struct bram_json bram_json;

typedef enum bram_json_kind {
    BRAM_JSON_NULL,
    BRAM_JSON_FLAG,
    BRAM_JSON_INTEGER,
    BRAM_JSON_REAL,
    BRAM_JSON_TEXT,
    BRAM_JSON_ARRAY,
    BRAM_JSON_OBJECT
} bram_json_kind;

/**
 * Reads a whole text.
 *
 * @param name what to call the source in messages: a path
 * @return BRAM_OK; BRAM_EFORMAT: not JSON (line, column, what was found), a key twice in one
 * object, nesting deeper than 100, bytes behind the end; BRAM_ENOMEM
 */
int bram_json_parse(bram_ctx *cx, bram_json **out, const char *text, size_t bytes,
                    const char *name) BRAM_MUST_CHECK;

/**
 * Reads a file, inflated when it is gzip.
 *
 * @param limit the most bytes to accept, after inflating; 0: 1 GiB
 * @return as bram_json_parse; BRAM_EREAD
 */
int bram_json_read(bram_ctx *cx, bram_json **out, const char *path, size_t limit) BRAM_MUST_CHECK;

/** Frees a document (not a value inside one). NULL is allowed. */
void bram_json_free(bram_json *document);

bram_json_kind bram_json_kind_of(const bram_json *value);

/** @return "null", "flag", "integer", "number", "text", "array", "object" */
const char *bram_json_kind_name(bram_json_kind kind);

/** @return the member of this key; NULL when absent or when value is NULL or no object */
const bram_json *bram_json_get(const bram_json *value, const char *key);

/** @return the number of items of an array or of members of an object; 0 for others */
size_t bram_json_count(const bram_json *value);

/** @return item i of an array, NULL outside or for others; constant time */
const bram_json *bram_json_at(const bram_json *value, size_t i);

/** A member of an object, and where to go on. Start from {0}. */
typedef struct bram_json_member {
    const char *key;
    const bram_json *value;
    void *place;
} bram_json_member;

/** Goes to the next member, in file order. @return false after the last or for no object */
bool bram_json_next(const bram_json *object, bram_json_member *member);

/**
 * The plain values; false, with out untouched, for other kinds and NULL. An integer is a number.
 */
bool bram_json_number(const bram_json *value, double *out);
bool bram_json_integer(const bram_json *value, int64_t *out);
bool bram_json_flag(const bram_json *value, bool *out);

/** @return UTF-8 text without zero bytes, or NULL for other kinds */
const char *bram_json_text(const bram_json *value);

/**
 * Asks for a member of a kind; BRAM_JSON_REAL stands for any number.
 *
 * @return BRAM_OK; BRAM_EFORMAT "field KEY: found text, expected array"
 */
int bram_json_need(bram_ctx *cx, const bram_json **out, const bram_json *object, const char *key,
                   bram_json_kind kind) BRAM_MUST_CHECK;

/**
 * An array of numbers as heap memory; null becomes NaN. @return BRAM_OK; BRAM_EFORMAT; BRAM_ENOMEM
 */
int bram_json_numbers(bram_ctx *cx, double **out, size_t *count,
                      const bram_json *array) BRAM_MUST_CHECK;

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct bram_json_out bram_json_out;

/**
 * Starts a document. Failures are remembered and later calls then do nothing, so that a writer
 * checks once, at the end.
 */
int bram_json_out_new(bram_ctx *cx, bram_json_out **out) BRAM_MUST_CHECK;
void bram_json_out_free(bram_json_out *o);

/** Begin a container. key is for members of an object; NULL for items of arrays and for the top. */
void bram_json_out_object(bram_json_out *o, const char *key);
void bram_json_out_array(bram_json_out *o, const char *key);
void bram_json_out_end(bram_json_out *o);

/** Put one value; a NULL text is null. */
void bram_json_out_text(bram_json_out *o, const char *key, const char *text);
void bram_json_out_number(bram_json_out *o, const char *key, double value);
void bram_json_out_integer(bram_json_out *o, const char *key, int64_t value);
void bram_json_out_flag(bram_json_out *o, const char *key, bool value);
void bram_json_out_null(bram_json_out *o, const char *key);

/** Put an array of numbers. */
void bram_json_out_numbers(bram_json_out *o, const char *key, const double *values, size_t count);

/**
 * The document as heap text: on one line when compact, else indented by two; a line feed at the
 * end.
 *
 * @return BRAM_OK; BRAM_ENOMEM; BRAM_EINTERNAL: unbalanced begin and end, a key twice or out of
 * place
 */
int bram_json_out_finish(bram_ctx *cx, bram_json_out *o, char **text, bool compact) BRAM_MUST_CHECK;

/** The same, indented, to a file, whole or not at all. @return also BRAM_EWRITE */
int bram_json_out_write(bram_ctx *cx, bram_json_out *o, const char *path,
                        bool replace) BRAM_MUST_CHECK;

#endif
