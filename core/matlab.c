/*
 * matlab.c - the tree of MATLAB values: telling versions apart, walking, numbers, texts. The bytes
 * are read by mat5.c and mat73.c.
 *
 * First bytes: a version 5 file has 0x0100 and "MI" or "IM" at byte 124, after a text of 116 bytes
 * (MAT-File Format, section 1); a version 7.3 file has the HDF5 signature behind 512 bytes.
 */
#include "matlab_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_DEPTH = 64, MOST_DENSE = 1 << 27 };

struct bram_matlab {
    char *path;
    const bram_matlab_reader *reader;
    void *state;
    char **names; /* one block */
    size_t count;
    bram_matlab_value *values;
};

/* ---- files ---------------------------------------------------------------------------------- */

static int choose(bram_ctx *cx, const bram_matlab_reader **reader, const char *path)
{
    static const char pointer[] = "version https://git-lfs";
    unsigned char head[128] = {0};
    struct stat status;
    if (stat(path, &status) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return bram_fail(cx, BRAM_EREAD, "%s: not a regular file, expected a MATLAB file", path);
    FILE *stream = fopen(path, "rb");
    if (!stream) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    size_t got = fread(head, 1, sizeof head, stream);
    bool failed = ferror(stream);
    fclose(stream);
    if (failed) return bram_fail(cx, BRAM_EREAD, "%s: cannot be read", path);
    if (got == 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: the file is empty, expected a MATLAB file", path);
    if (memcmp(head, pointer, sizeof pointer - 1) == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found a git-LFS pointer, expected a MATLAB file; "
                         "fetch the content with `git lfs pull`",
                         path);
    bool little = memcmp(head + 124, "\0\1IM", 4) == 0, big = memcmp(head + 124, "\1\0MI", 4) == 0;
    if (little || big) {
        *reader = &bram_mat5_reader;
        return BRAM_OK;
    }
    if (bram_h5_probe(path)) {
        *reader = &bram_mat73_reader;
        return BRAM_OK;
    }
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: neither a MATLAB 5 file (bytes 124 to 127) nor a "
                     "MATLAB 7.3 file (HDF5 signature)%s",
                     path,
                     memcmp(head, "MATLAB", 6) == 0 ? "; it begins like one and is damaged" : "");
}

int bram_matlab_open(bram_ctx *cx, bram_matlab **out, const char *path)
{
    const bram_matlab_reader *reader = NULL;
    BRAM_TRY(choose(cx, &reader, path));
    bram_matlab *file = bram_alloc(cx, 1, sizeof *file);
    if (!file) return BRAM_ENOMEM;
    *file = (bram_matlab){.path = bram_strdup(cx, path), .reader = reader};
    int status = file->path ? reader->open(cx, &file->state, &file->names, &file->count, path)
                            : BRAM_ENOMEM;
    if (status != BRAM_OK) {
        bram_matlab_close(file);
        return status;
    }
    *out = file;
    return BRAM_OK;
}

static void value_free(bram_matlab_value *v)
{
    size_t lists = v->kind == BRAM_MATLAB_STRUCT ? v->field_count : 1;
    for (size_t i = 0; v->refs && i < lists; i++) bram_free(v->refs[i]);
    bram_free(v->refs);
    bram_free(v->children);
    bram_free(v->field_names);
    bram_free(v->name);
    bram_free(v);
}

void bram_matlab_close(bram_matlab *file)
{
    if (!file) return;
    for (bram_matlab_value *v = file->values, *next; v; v = next) {
        next = v->next;
        value_free(v);
    }
    if (file->state) file->reader->close(file->state);
    bram_free(file->names);
    bram_free(file->path);
    bram_free(file);
}

int bram_matlab_version(const bram_matlab *file)
{
    return file->reader->version;
}

size_t bram_matlab_variables(const bram_matlab *file)
{
    return file->count;
}

const char *bram_matlab_variable_at(const bram_matlab *file, size_t i)
{
    return file->names[i];
}

bool bram_matlab_may_be_struct(const bram_matlab *file, size_t i)
{
    return !file->reader->is_struct || file->reader->is_struct(file->state, i);
}

/* ---- values --------------------------------------------------------------------------------- */

void *bram_matlab_state(const bram_matlab_value *v)
{
    return v->file->state;
}

bram_matlab_where bram_matlab_place(const bram_matlab_value *v)
{
    bram_matlab_where where;
    snprintf(where.text, sizeof where.text, "%s: %s", v->file->path, v->name);
    return where;
}

int bram_matlab_set_dims(bram_ctx *cx, bram_matlab_value *v, const uint64_t *dims, size_t rank)
{
    if (rank > BRAM_MATLAB_RANK)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu dimensions, expected %d or fewer",
                         bram_matlab_place(v).text, rank, BRAM_MATLAB_RANK);
    size_t count = 1;
    bool empty = false;
    v->rank = rank < 2 ? 2 : (unsigned)rank;
    for (size_t i = 0; i < v->rank; i++) {
        uint64_t dim = i < rank ? dims[i] : 1;
        if (dim > PTRDIFF_MAX)
            return bram_fail(cx, BRAM_EFORMAT, "%s: a dimension of %llu", bram_matlab_place(v).text,
                             (unsigned long long)dim);
        v->dims[i] = (size_t)dim;
        empty = empty || dim == 0;
    }
    for (size_t i = 0; i < v->rank && !empty; i++)
        if (__builtin_mul_overflow(count, v->dims[i], &count) || count > PTRDIFF_MAX)
            return bram_fail(cx, BRAM_EFORMAT, "%s: its dimensions multiply to more than can be",
                             bram_matlab_place(v).text);
    v->count = empty ? 0 : count;
    return BRAM_OK;
}

/* A value that the file owns; takes over the name, also on failure. */
static bram_matlab_value *value_new(bram_ctx *cx, bram_matlab *file, char *name, unsigned depth)
{
    bram_matlab_value *v = name ? bram_alloc(cx, 1, sizeof *v) : NULL;
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

int bram_matlab_variable(bram_ctx *cx, bram_matlab_value **out, bram_matlab *file, const char *name)
{
    size_t at = 0;
    while (at < file->count && strcmp(file->names[at], name) != 0) at++;
    if (at == file->count) {
        char names[400] = "";
        size_t used = 0;
        for (size_t i = 0; i < file->count && used < sizeof names; i++)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                     file->names[i]);
        return bram_fail(cx, BRAM_EABSENT, "%s: no variable %s; found %s", file->path, name,
                         file->count ? names : "none");
    }
    bram_matlab_value *v = value_new(cx, file, bram_strdup(cx, name), 0);
    if (!v) return BRAM_ENOMEM;
    BRAM_TRY(file->reader->variable(cx, v, name));
    BRAM_TRY(file->reader->describe(cx, v));
    *out = v;
    return BRAM_OK;
}

bram_matlab_kind bram_matlab_kind_of(const bram_matlab_value *v)
{
    return v->kind;
}

const char *bram_matlab_class(const bram_matlab_value *v)
{
    return v->class_name;
}

const size_t *bram_matlab_dims(const bram_matlab_value *v)
{
    return v->dims;
}

unsigned bram_matlab_rank(const bram_matlab_value *v)
{
    return v->rank;
}

size_t bram_matlab_count(const bram_matlab_value *v)
{
    return v->count;
}

const char *bram_matlab_name(const bram_matlab_value *v)
{
    return v->name;
}

size_t bram_matlab_fields(const bram_matlab_value *v)
{
    return v->kind == BRAM_MATLAB_STRUCT ? v->field_count : 0;
}

const char *bram_matlab_field_at(const bram_matlab_value *v, size_t i)
{
    return v->field_names[i];
}

static size_t field_index(const bram_matlab_value *v, const char *name)
{
    size_t i = 0, n = bram_matlab_fields(v);
    while (i < n && strcmp(v->field_names[i], name) != 0) i++;
    return i;
}

bool bram_matlab_has_field(const bram_matlab_value *v, const char *name)
{
    return field_index(v, name) < bram_matlab_fields(v);
}

static int wrong_kind(bram_ctx *cx, const bram_matlab_value *v, const char *expected)
{
    return bram_fail(cx, BRAM_EFORMAT, "%s: found a %s%s, expected %s", bram_matlab_place(v).text,
                     v->class_name,
                     v->kind == BRAM_MATLAB_OPAQUE ? ", which is not readable"
                     : v->complex                  ? " of complex numbers"
                                                   : "",
                     expected);
}

/* The child in slot field + fields * element, made when first asked for. */
static int child(bram_ctx *cx, bram_matlab_value **out, bram_matlab_value *v, size_t field,
                 size_t fields, size_t element)
{
    if (element >= v->count)
        return bram_fail(cx, BRAM_EABSENT, "%s: element %zu asked for, found %zu",
                         bram_matlab_place(v).text, element + 1, v->count);
    if (v->depth >= MOST_DEPTH)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: nested deeper than %d; do references go in a "
                         "circle?",
                         bram_matlab_place(v).text, MOST_DEPTH);
    size_t slots;
    if (__builtin_mul_overflow(fields, v->count, &slots))
        return bram_fail(cx, BRAM_EFORMAT, "%s: too many elements", bram_matlab_place(v).text);
    if (!v->children && !(v->children = bram_alloc(cx, slots, sizeof *v->children)))
        return BRAM_ENOMEM;
    bram_matlab_value **slot = &v->children[field + fields * element];
    if (!*slot) {
        char *name = v->kind == BRAM_MATLAB_CELL ? bram_strf(cx, "%s{%zu}", v->name, element + 1)
                     : v->count == 1
                         ? bram_strf(cx, "%s.%s", v->name, v->field_names[field])
                         : bram_strf(cx, "%s(%zu).%s", v->name, element + 1, v->field_names[field]);
        bram_matlab_value *made = value_new(cx, v->file, name, v->depth + 1);
        if (!made) return BRAM_ENOMEM;
        BRAM_TRY(v->file->reader->child(cx, made, v, field, element));
        BRAM_TRY(v->file->reader->describe(cx, made));
        *slot = made;
    }
    *out = *slot;
    return BRAM_OK;
}

int bram_matlab_field(bram_ctx *cx, bram_matlab_value **out, bram_matlab_value *v, const char *name,
                      size_t i)
{
    if (v->kind != BRAM_MATLAB_STRUCT) return wrong_kind(cx, v, "a struct");
    size_t field = field_index(v, name);
    if (field == v->field_count)
        return bram_fail(cx, BRAM_EABSENT, "%s: no field %s", bram_matlab_place(v).text, name);
    return child(cx, out, v, field, v->field_count, i);
}

int bram_matlab_cell(bram_ctx *cx, bram_matlab_value **out, bram_matlab_value *v, size_t i)
{
    if (v->kind != BRAM_MATLAB_CELL) return wrong_kind(cx, v, "a cell array");
    return child(cx, out, v, 0, 1, i);
}

/* ---- numbers -------------------------------------------------------------------------------- */

int bram_matlab_entries(bram_ctx *cx, bram_matlab_entry **out, size_t *count, bram_matlab_value *v)
{
    if (v->kind != BRAM_MATLAB_SPARSE || v->complex) return wrong_kind(cx, v, "a sparse matrix");
    return v->file->reader->entries(cx, out, count, v);
}

static int dense(bram_ctx *cx, double **out, bram_matlab_value *v)
{
    bram_matlab_entry *entries = NULL;
    size_t n = 0;
    if (v->count > MOST_DENSE)
        return bram_fail(cx, BRAM_EFORMAT, "%s: a sparse matrix too large to be filled",
                         bram_matlab_place(v).text);
    BRAM_TRY(bram_matlab_entries(cx, &entries, &n, v));
    double *numbers = bram_alloc(cx, v->count, sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++)
        numbers[entries[i].row + entries[i].column * v->dims[0]] = entries[i].value;
    bram_free(entries);
    if (!numbers) return BRAM_ENOMEM;
    *out = numbers;
    return BRAM_OK;
}

int bram_matlab_numbers(bram_ctx *cx, double **out, bram_matlab_value *v)
{
    bool sparse = v->kind == BRAM_MATLAB_SPARSE;
    if ((v->kind != BRAM_MATLAB_NUMERIC && !sparse) || v->complex)
        return wrong_kind(cx, v, "real numbers");
    size_t budget = bram_ctx_memory(cx);
    if (budget && v->count > budget / sizeof(double))
        return bram_fail(cx, BRAM_EMEMORY, "%s: %zu numbers exceed the budget of %zu bytes",
                         bram_matlab_place(v).text, v->count, budget);
    if (sparse) return dense(cx, out, v);
    if (v->count) return v->file->reader->numbers(cx, out, v);
    double *none = bram_alloc(cx, 0, sizeof *none);
    if (!none) return BRAM_ENOMEM;
    *out = none;
    return BRAM_OK;
}

int bram_matlab_row_major(bram_ctx *cx, double **out, bram_matlab_value *v)
{
    double *from = NULL;
    BRAM_TRY(bram_matlab_numbers(cx, &from, v));
    double *to = bram_alloc(cx, v->count, sizeof *to);
    if (!to) {
        bram_free(from);
        return BRAM_ENOMEM;
    }
    size_t index[BRAM_MATLAB_RANK] = {0}, step[BRAM_MATLAB_RANK];
    step[v->rank - 1] = 1;
    for (unsigned d = v->rank - 1; d-- > 0;) step[d] = step[d + 1] * v->dims[d + 1];
    size_t at = 0;
    for (size_t i = 0; i < v->count; i++) {
        to[at] = from[i];
        for (unsigned d = 0; d < v->rank; d++) { /* the next index in MATLAB's order */
            at += step[d];
            if (++index[d] < v->dims[d]) break;
            at -= step[d] * v->dims[d];
            index[d] = 0;
        }
    }
    bram_free(from);
    *out = to;
    return BRAM_OK;
}

int bram_matlab_number(bram_ctx *cx, double *out, bram_matlab_value *v)
{
    if (v->kind != BRAM_MATLAB_NUMERIC || v->count != 1 || v->complex)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found a %s of %zu elements, expected one number",
                         bram_matlab_place(v).text, v->class_name, v->count);
    double *number = NULL;
    BRAM_TRY(v->file->reader->numbers(cx, &number, v));
    *out = *number;
    bram_free(number);
    return BRAM_OK;
}

/* ---- texts ---------------------------------------------------------------------------------- */

/* Writes one code point as UTF-8; returns its bytes. */
static size_t put_utf8(char *to, uint32_t c)
{
    unsigned char *u = (unsigned char *)to;
    if (c < 0x80) {
        u[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        u[0] = (unsigned char)(0xc0 | c >> 6);
        u[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        u[0] = (unsigned char)(0xe0 | c >> 12);
        u[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        u[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    u[0] = (unsigned char)(0xf0 | c >> 18);
    u[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    u[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    u[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

/* n UTF-16 units, `step` apart, as UTF-8 with a final 0; half a surrogate pair becomes U+FFFD. */
static size_t to_utf8(char *to, const uint16_t *units, size_t n, size_t step)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = units[i * step], low = i + 1 < n ? units[(i + 1) * step] : 0;
        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i++;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        if (c) used += put_utf8(to + used, c); /* a NUL would end the text */
    }
    to[used] = 0;
    return used;
}

int bram_matlab_text(bram_ctx *cx, char **out, bram_matlab_value *v)
{
    bool empty = v->count == 0 && (v->kind == BRAM_MATLAB_CHAR || v->kind == BRAM_MATLAB_NUMERIC);
    if (v->kind != BRAM_MATLAB_CHAR && !empty) return wrong_kind(cx, v, "a text");
    uint16_t *units = NULL;
    size_t n = 0;
    if (!empty) {
        if (v->rank != 2 || (v->dims[0] != 1 && v->dims[1] != 1))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: found a char array of %zu x %zu, expected one "
                             "row",
                             bram_matlab_place(v).text, v->dims[0], v->dims[1]);
        BRAM_TRY(v->file->reader->units(cx, &units, &n, v));
    }
    char *text = n > SIZE_MAX / 3 - 1 ? NULL : bram_alloc(cx, 3 * n + 1, 1);
    if (text) to_utf8(text, units, n, 1);
    bram_free(units);
    if (!text) return BRAM_ENOMEM;
    *out = text;
    return BRAM_OK;
}

/* Copies texts into one block: pointers, then bytes. */
static int pack(bram_ctx *cx, char ***out, char *const *texts, size_t n)
{
    size_t bytes = n * sizeof(char *);
    for (size_t i = 0; i < n; i++) bytes += strlen(texts[i]) + 1;
    char **block = bram_alloc(cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(texts[i]) + 1;
        block[i] = memcpy(to, texts[i], length);
        to += length;
    }
    *out = block;
    return BRAM_OK;
}

static int text_of_cell(bram_ctx *cx, char **out, bram_matlab_value *v, size_t i)
{
    bram_matlab_value *cell;
    BRAM_TRY(bram_matlab_cell(cx, &cell, v, i));
    return bram_matlab_text(cx, out, cell);
}

/* The list grows with the cells that are there: the count of a damaged file may be anything. */
static int cells_as_texts(bram_ctx *cx, char ***out, size_t *count, bram_matlab_value *v)
{
    const size_t first = 256;
    char **texts = NULL;
    size_t room = 0, n = 0;
    int status = BRAM_OK;
    for (; n < v->count && status == BRAM_OK; n++) {
        if (n == room) {
            size_t more = v->count < first || v->count / 2 < room ? v->count
                          : room                                  ? 2 * room
                                                                  : first;
            char **grown = bram_realloc(cx, texts, more, sizeof *texts);
            if (!grown) {
                status = BRAM_ENOMEM;
                break;
            }
            texts = grown, room = more;
        }
        texts[n] = NULL;
        status = text_of_cell(cx, &texts[n], v, n);
    }
    if (status == BRAM_OK) status = pack(cx, out, texts, n);
    if (status == BRAM_OK) *count = n;
    for (size_t i = 0; i < n; i++) bram_free(texts[i]);
    bram_free(texts);
    return status;
}

static int rows_as_texts(bram_ctx *cx, char ***out, size_t *count, bram_matlab_value *v)
{
    size_t rows = v->count ? v->dims[0] : 0, columns = v->dims[1], n = 0;
    if (v->rank != 2) return wrong_kind(cx, v, "a char matrix");
    uint16_t *units = NULL;
    if (rows) BRAM_TRY(v->file->reader->units(cx, &units, &n, v));
    if (rows == 1) columns = n;
    size_t room = 3 * columns + 1; /* of one row; n is the size of memory that exists */
    char **texts = bram_alloc(cx, rows, sizeof *texts + room);
    if (!texts) {
        bram_free(units);
        return BRAM_ENOMEM;
    }
    for (size_t r = 0; r < rows; r++) {
        texts[r] = (char *)(texts + rows) + r * room;
        size_t length = to_utf8(texts[r], units + r, columns, rows);
        while (length && texts[r][length - 1] == ' ') texts[r][--length] = 0;
    }
    bram_free(units);
    *out = texts;
    *count = rows;
    return BRAM_OK;
}

int bram_matlab_strings(bram_ctx *cx, char ***out, size_t *count, bram_matlab_value *v)
{
    if (v->kind == BRAM_MATLAB_CELL) return cells_as_texts(cx, out, count, v);
    if (v->kind == BRAM_MATLAB_CHAR) return rows_as_texts(cx, out, count, v);
    return wrong_kind(cx, v, "a cell array of texts");
}
