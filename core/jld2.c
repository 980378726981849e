/*
 * jld2.c - values that Julia's JLD2 package stored in HDF5.
 *
 * As found in files of JLD2 0.1.1: each boxed value is a dataset of its own without a name; an
 * array of boxed values is a dataset of references; pairs, tuples and structs are compound types
 * (members "first" and "second", "1", "2" ..., field names); a Dict is an array of pairs, boxed by
 * a single reference where it stands alone; nothing and missing are datasets without elements.
 */
#include "h5.h"
#include "internal.h"
#include "jld2.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DEPTH = 64 };

struct bram_jld2_value {
    bram_jld2 *file;
    bram_jld2_value *next; /* all values of the file, for closing */
    char *name;
    unsigned depth;
    bram_jld2_kind kind;
    size_t count;
    char *text;
    double number;
    int64_t integer;
    bool whole; /* the number is exactly `integer` */
    double *numbers;
    bram_jld2_value *
        *children; /* lists, tuples, pairs: made when asked for, where refs has an address */
    bram_h5_ref *refs;
    char **members; /* tuples: names, one block */
};

struct bram_jld2 {
    bram_h5 *h5;
    bram_jld2_value *values;
};

/* ---- files and values ----------------------------------------------------------------------- */

int bram_jld2_open(bram_ctx *cx, bram_jld2 **out, const char *path)
{
    static const char expected[] = "HDF5-based Julia Data Format";
    char head[sizeof expected] = "";
    bram_jld2 *file = bram_alloc(cx, 1, sizeof *file);
    if (!file) return BRAM_ENOMEM;
    int status = bram_h5_open(cx, &file->h5, path);
    FILE *stream = status == BRAM_OK ? fopen(path, "rb") : NULL;
    if (stream) {
        size_t got = fread(head, 1, sizeof expected - 1, stream);
        fclose(stream);
        if (got != sizeof expected - 1 || strcmp(head, expected) != 0)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: an HDF5 file, but not JLD2: expected \"%s\" "
                               "at byte 0",
                               path, expected);
    } else if (status == BRAM_OK) {
        status = bram_fail(cx, BRAM_EREAD, "%s: cannot be opened", path);
    }
    if (status != BRAM_OK) {
        bram_jld2_close(file);
        return status;
    }
    *out = file;
    return BRAM_OK;
}

void bram_jld2_close(bram_jld2 *file)
{
    if (!file) return;
    for (bram_jld2_value *v = file->values, *next; v; v = next) {
        next = v->next;
        bram_free(v->name);
        bram_free(v->text);
        bram_free(v->numbers);
        bram_free(v->children);
        bram_free(v->refs);
        bram_free(v->members);
        bram_free(v);
    }
    bram_h5_close(file->h5);
    bram_free(file);
}

/* A value that the file owns; takes over the name, also on failure. */
static bram_jld2_value *value_new(bram_ctx *cx, bram_jld2 *file, char *name, unsigned depth)
{
    bram_jld2_value *v = name ? bram_alloc(cx, 1, sizeof *v) : NULL;
    if (!v) {
        bram_free(name);
        return NULL;
    }
    v->file = file;
    v->name = name;
    v->depth = depth;
    v->next = file->values;
    file->values = v;
    return v;
}

struct where {
    char text[400];
};

static struct where place(const bram_jld2_value *v)
{
    struct where where;
    snprintf(where.text, sizeof where.text, "%s: %s", bram_h5_path(v->file->h5), v->name);
    return where;
}

static void set_number(bram_jld2_value *v, double number)
{
    v->kind = BRAM_JLD2_NUMBER;
    v->count = 1;
    v->number = number;
    v->whole = number >= -0x1p63 && number < 0x1p63 && number == (double)(int64_t)number;
    v->integer = v->whole ? (int64_t)number : 0;
}

static void set_integer(bram_jld2_value *v, int64_t integer)
{
    v->kind = BRAM_JLD2_NUMBER;
    v->count = 1;
    v->number = (double)integer;
    v->whole = true;
    v->integer = integer;
}

static int set_text(bram_ctx *cx, bram_jld2_value *v, const char *text)
{
    v->text = bram_strdup(cx, text);
    if (!v->text) return BRAM_ENOMEM;
    v->kind = BRAM_JLD2_TEXT;
    v->count = 1;
    return BRAM_OK;
}

/* Room for the children of a list or tuple. */
static int set_children(bram_ctx *cx, bram_jld2_value *v, bram_jld2_kind kind, size_t count)
{
    v->children = bram_alloc(cx, count, sizeof *v->children);
    if (v->children && !v->refs) v->refs = bram_alloc(cx, count, sizeof *v->refs);
    if (!v->children || !v->refs) return BRAM_ENOMEM;
    v->kind = kind;
    v->count = count;
    return BRAM_OK;
}

static char *child_name(bram_ctx *cx, const bram_jld2_value *v, size_t i)
{
    return v->members ? bram_strf(cx, "%s.%s", v->name, v->members[i])
                      : bram_strf(cx, "%s[%zu]", v->name, i + 1);
}

/* ---- reading one object --------------------------------------------------------------------- */

static int read_object(bram_ctx *cx, bram_jld2_value **out, bram_jld2 *file, bram_h5_ref ref,
                       char *name, unsigned depth);

/* One number or an array of them. */
static int fill_numbers(bram_ctx *cx, bram_jld2_value *v, const bram_h5_object *at,
                        const bram_h5_info *info)
{
    if (info->rank == 0 && info->type == BRAM_H5_INTEGER) {
        int64_t *integer = NULL;
        BRAM_TRY(bram_h5_read_int64(cx, &integer, NULL, at, NULL, 1));
        set_integer(v, *integer);
        bram_free(integer);
        return BRAM_OK;
    }
    double *numbers = NULL;
    size_t n = 0;
    BRAM_TRY(bram_h5_read_double(cx, &numbers, &n, at, NULL, info->rank == 0 ? 1 : 0));
    if (info->rank == 0) {
        set_number(v, *numbers);
        bram_free(numbers);
        return BRAM_OK;
    }
    v->kind = BRAM_JLD2_NUMBERS;
    v->numbers = numbers;
    v->count = n;
    return BRAM_OK;
}

static int fill_texts(bram_ctx *cx, bram_jld2_value *v, const bram_h5_object *at,
                      const bram_h5_info *info)
{
    char **texts = NULL;
    size_t n = 0;
    BRAM_TRY(bram_h5_read_strings(cx, &texts, &n, at, NULL));
    int status = info->rank == 0 ? set_text(cx, v, texts[0])
                                 : set_children(cx, v, BRAM_JLD2_LIST, n);
    for (size_t i = 0; i < n && info->rank && status == BRAM_OK; i++) {
        v->children[i] = value_new(cx, v->file, child_name(cx, v, i), v->depth + 1);
        status = v->children[i] ? set_text(cx, v->children[i], texts[i]) : BRAM_ENOMEM;
    }
    bram_free(texts);
    return status;
}

/* Member j of every element: numbers and texts become values, references are kept. */
static int fill_member(bram_ctx *cx, bram_jld2_value **elements, size_t n, size_t j,
                       const bram_h5_object *at, const bram_h5_member *member)
{
    bram_h5_ref *refs = NULL;
    char **texts = NULL;
    double *numbers = NULL;
    int64_t *integers = NULL;
    size_t found = n;
    int status = BRAM_OK;
    if (member->type == BRAM_H5_REFERENCE)
        status = bram_h5_member_refs(cx, &refs, &found, at, NULL, member->name);
    else if (member->type == BRAM_H5_STRING || member->type == BRAM_H5_VARIABLE_STRING)
        status = bram_h5_member_strings(cx, &texts, &found, at, NULL, member->name);
    else if (member->type == BRAM_H5_INTEGER)
        status = bram_h5_member_int64(cx, &integers, &found, at, NULL, member->name);
    else if (member->type == BRAM_H5_FLOAT)
        status = bram_h5_member_double(cx, &numbers, &found, at, NULL, member->name);
    for (size_t i = 0; i < n && i < found && status == BRAM_OK; i++) {
        bram_jld2_value *element = elements[i];
        if (refs) {
            element->refs[j] = refs[i];
            if (refs[i].address) continue;
        }
        bram_jld2_value *v = value_new(cx, element->file, child_name(cx, element, j),
                                       element->depth + 1);
        if (!v) status = BRAM_ENOMEM;
        else if (texts) status = set_text(cx, v, texts[i]);
        else if (integers) set_integer(v, integers[i]);
        else if (numbers) set_number(v, numbers[i]);
        else v->kind = refs ? BRAM_JLD2_NOTHING : BRAM_JLD2_OTHER;
        element->children[j] = v;
    }
    bram_free(refs), bram_free(texts), bram_free(numbers), bram_free(integers);
    return status;
}

static char **copy_names(bram_ctx *cx, const bram_h5_member *members, size_t n)
{
    size_t bytes = 0;
    for (size_t j = 0; j < n; j++) bytes += sizeof(char *) + strlen(members[j].name) + 1;
    char **names = bram_alloc(cx, bytes, 1);
    char *to = (char *)(names + n);
    for (size_t j = 0; names && j < n; j++) {
        size_t length = strlen(members[j].name) + 1;
        names[j] = memcpy(to, members[j].name, length);
        to += length;
    }
    return names;
}

static bool is_pair(const bram_jld2_value *v)
{
    return v->kind == BRAM_JLD2_TUPLE && v->count == 2 && strcmp(v->members[0], "first") == 0 &&
           strcmp(v->members[1], "second") == 0;
}

/* A compound: one element is a tuple, an array of them a list of tuples or of pairs. */
static int fill_compound(bram_ctx *cx, bram_jld2_value *v, const bram_h5_object *at,
                         const bram_h5_info *info)
{
    bram_h5_member *members = NULL;
    size_t width = 0, n = info->rank ? (size_t)info->elements : 1;
    BRAM_TRY(bram_h5_members(cx, &members, &width, at, NULL));
    bram_jld2_value *single[1] = {v}, **elements = single;
    int status = BRAM_OK;
    if (info->rank) {
        uint64_t bytes; /* of values that the file cannot hold, or that no memory would */
        if (__builtin_mul_overflow(info->elements, (uint64_t)info->element_size, &bytes) ||
            bytes > UINT32_MAX)
            status = bram_fail(cx, BRAM_EFORMAT, "%s: an implausible array of %llu elements",
                               place(v).text, (unsigned long long)info->elements);
        else status = set_children(cx, v, BRAM_JLD2_LIST, n);
        elements = v->children;
    }
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        if (info->rank) elements[i] = value_new(cx, v->file, child_name(cx, v, i), v->depth + 1);
        if (!elements[i]) {
            status = BRAM_ENOMEM;
            break;
        }
        elements[i]->members = copy_names(cx, members, width);
        status = elements[i]->members ? set_children(cx, elements[i], BRAM_JLD2_TUPLE, width)
                                      : BRAM_ENOMEM;
    }
    for (size_t j = 0; j < width && status == BRAM_OK; j++)
        status = fill_member(cx, elements, n, j, at, &members[j]);
    if (status == BRAM_OK && info->rank && n && is_pair(elements[0])) v->kind = BRAM_JLD2_DICT;
    bram_free(members);
    return status;
}

/* Whether a reference leads to one pair, as the elements of a dictionary's array do. */
static int leads_to_pair(bram_ctx *cx, bool *out, const bram_h5_object *from, bram_h5_ref ref)
{
    bram_h5_object *at;
    bram_h5_info info;
    bram_h5_member *members = NULL;
    size_t n = 0;
    BRAM_TRY(bram_h5_deref(cx, &at, from, ref));
    int status = bram_h5_info_of(cx, &info, at, NULL);
    bool compound = status == BRAM_OK && info.type == BRAM_H5_COMPOUND && info.rank == 0;
    if (compound) status = bram_h5_members(cx, &members, &n, at, NULL);
    if (status == BRAM_OK)
        *out = n == 2 && strcmp(members[0].name, "first") == 0 &&
               strcmp(members[1].name, "second") == 0;
    bram_free(members);
    bram_h5_object_close(at);
    return status;
}

/* A single reference boxes a value; an empty array in a box is an empty dictionary. */
static int fill_box(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, bram_h5_ref ref)
{
    bram_jld2_value *inner;
    BRAM_TRY(read_object(cx, &inner, v->file, ref, bram_strdup(cx, v->name), v->depth + 1));
    if (inner->kind == BRAM_JLD2_LIST && inner->count == 0) inner->kind = BRAM_JLD2_DICT;
    *out = inner;
    return BRAM_OK;
}

static int fill_references(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v,
                           const bram_h5_object *at, const bram_h5_info *info)
{
    bram_h5_ref *refs = NULL;
    size_t n = 0;
    bool pairs = false;
    BRAM_TRY(bram_h5_read_refs(cx, &refs, &n, at, NULL));
    if (info->rank) {
        v->refs = refs;
        if (n && refs[0].address) BRAM_TRY(leads_to_pair(cx, &pairs, at, refs[0]));
        return set_children(cx, v, pairs ? BRAM_JLD2_DICT : BRAM_JLD2_LIST, n);
    }
    bram_h5_ref ref = refs[0];
    bram_free(refs);
    return fill_box(cx, out, v, ref);
}

/* Fills v; where the object only boxes another value, *out becomes that. */
static int fill(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, const bram_h5_object *at)
{
    bram_h5_info info;
    BRAM_TRY(bram_h5_info_of(cx, &info, at, NULL));
    if (info.rank == 0 && info.elements == 0) return BRAM_OK; /* nothing */
    switch (info.type) {
    case BRAM_H5_INTEGER:
    case BRAM_H5_FLOAT:
        return fill_numbers(cx, v, at, &info);
    case BRAM_H5_STRING:
    case BRAM_H5_VARIABLE_STRING:
        return fill_texts(cx, v, at, &info);
    case BRAM_H5_REFERENCE:
        return fill_references(cx, out, v, at, &info);
    case BRAM_H5_COMPOUND:
        return fill_compound(cx, v, at, &info);
    case BRAM_H5_UNREADABLE:
        break;
    }
    v->kind = BRAM_JLD2_OTHER;
    return BRAM_OK;
}

/* Takes over the name, also on failure; NULL when there was no memory for it. */
static int read_object(bram_ctx *cx, bram_jld2_value **out, bram_jld2 *file, bram_h5_ref ref,
                       char *name, unsigned depth)
{
    bram_jld2_value *v = value_new(cx, file, name, depth), *result = v;
    if (!v) return BRAM_ENOMEM;
    if (depth >= MOST_DEPTH)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: nested deeper than %d; do references go in a "
                         "circle?",
                         place(v).text, MOST_DEPTH);
    if (ref.address) {
        bram_h5_object *at;
        BRAM_TRY(bram_h5_deref(cx, &at, bram_h5_root(file->h5), ref));
        int status = fill(cx, &result, v, at);
        bram_h5_object_close(at);
        BRAM_TRY(status);
    }
    *out = result;
    return BRAM_OK;
}

/* ---- walking -------------------------------------------------------------------------------- */

int bram_jld2_get(bram_ctx *cx, bram_jld2_value **out, bram_jld2 *file, const char *name)
{
    bram_h5_ref ref;
    BRAM_TRY(bram_h5_identity(cx, &ref, bram_h5_root(file->h5), name));
    return read_object(cx, out, file, ref, bram_strdup(cx, name), 0);
}

bram_jld2_kind bram_jld2_kind_of(const bram_jld2_value *v)
{
    return v->kind;
}

size_t bram_jld2_count(const bram_jld2_value *v)
{
    return v->count;
}

const char *bram_jld2_name(const bram_jld2_value *v)
{
    return v->name;
}

static int wrong_kind(bram_ctx *cx, const bram_jld2_value *v, const char *expected)
{
    static const char *const names[] = {
        "nothing", "a number",     "a text",  "an array of numbers",
        "a list",  "a dictionary", "a tuple", "an unreadable value"};
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected %s", place(v).text, names[v->kind],
                     expected);
}

/* What stands in slot i of a list, tuple or array of pairs, read when first asked for. */
static int slot(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, size_t i)
{
    if (i >= v->count)
        return bram_fail(cx, BRAM_EABSENT, "%s: element %zu asked for, found %zu", place(v).text,
                         i + 1, v->count);
    if (!v->children[i])
        BRAM_TRY(read_object(cx, &v->children[i], v->file, v->refs[i], child_name(cx, v, i),
                             v->depth + 1));
    *out = v->children[i];
    return BRAM_OK;
}

/* Side 0 (key) or 1 (value) of entry i of a dictionary. */
static int side(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, size_t i, size_t which)
{
    bram_jld2_value *pair;
    BRAM_TRY(slot(cx, &pair, v, i));
    if (!is_pair(pair)) return wrong_kind(cx, pair, "a pair of key and value");
    return slot(cx, out, pair, which);
}

int bram_jld2_at(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, size_t i)
{
    if (v->kind == BRAM_JLD2_DICT) return side(cx, out, v, i, 1);
    if (v->kind == BRAM_JLD2_LIST || v->kind == BRAM_JLD2_TUPLE) return slot(cx, out, v, i);
    return wrong_kind(cx, v, "a list, a tuple or a dictionary");
}

int bram_jld2_key(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, size_t i)
{
    if (v->kind != BRAM_JLD2_DICT) return wrong_kind(cx, v, "a dictionary");
    return side(cx, out, v, i, 0);
}

int bram_jld2_find(bram_ctx *cx, bram_jld2_value **out, bram_jld2_value *v, const char *key)
{
    if (v->kind != BRAM_JLD2_DICT && v->kind != BRAM_JLD2_TUPLE)
        return wrong_kind(cx, v, "a dictionary or a tuple");
    for (size_t i = 0; i < v->count; i++) {
        const char *text = NULL;
        if (v->kind == BRAM_JLD2_DICT) {
            bram_jld2_value *k;
            BRAM_TRY(bram_jld2_key(cx, &k, v, i));
            text = k->text;
        } else {
            text = v->members[i];
        }
        if (text && strcmp(text, key) == 0) return bram_jld2_at(cx, out, v, i);
    }
    return bram_fail(cx, BRAM_EABSENT, "%s: no entry %s among %zu", place(v).text, key, v->count);
}

int bram_jld2_text(bram_ctx *cx, const char **out, const bram_jld2_value *v)
{
    if (v->kind != BRAM_JLD2_TEXT) return wrong_kind(cx, v, "a text");
    *out = v->text;
    return BRAM_OK;
}

int bram_jld2_number(bram_ctx *cx, double *out, const bram_jld2_value *v)
{
    if (v->kind != BRAM_JLD2_NUMBER) return wrong_kind(cx, v, "a number");
    *out = v->number;
    return BRAM_OK;
}

int bram_jld2_integer(bram_ctx *cx, int64_t *out, const bram_jld2_value *v)
{
    if (v->kind != BRAM_JLD2_NUMBER) return wrong_kind(cx, v, "an integer");
    if (!v->whole)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %g, expected an integer", place(v).text,
                         v->number);
    *out = v->integer;
    return BRAM_OK;
}

int bram_jld2_numbers(bram_ctx *cx, const double **out, size_t *count, const bram_jld2_value *v)
{
    if (v->kind != BRAM_JLD2_NUMBERS) return wrong_kind(cx, v, "an array of numbers");
    *out = v->numbers;
    *count = v->count;
    return BRAM_OK;
}
