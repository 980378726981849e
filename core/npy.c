/*
 * npy.c - the headers of NumPy's .npy arrays (the format is NumPy's NEP 1; version 3 is NEP 1's
 * with UTF-8).
 *
 * A file is: "\x93NUMPY", two bytes of version, the length of the header (2 bytes in version 1,
 * else 4), the header, the values. The header is the text of a Python dict with the keys descr,
 * fortran_order and shape. Old NumPy padded to 16 bytes (headers of 80 bytes in all), new NumPy to
 * 64; both work. numpy 1 under Python 2 wrote long shapes: (1800L, 103L).
 */
#include "npy_private.h"

#include "gz.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_HEADER = 1 << 20, MAX_ITEM = 1 << 28 };

/* ---- the header ----------------------------------------------------------------------------- */

static void skip_blanks(const char **p)
{
    while (**p == ' ' || **p == '\t' || **p == '\n') ++*p;
}

static bool take_char(const char **p, char c)
{
    skip_blanks(p);
    if (**p != c) return false;
    ++*p;
    return true;
}

/* A quoted text without escapes, into room bytes. */
static bool take_quoted(const char **p, char *text, size_t room)
{
    skip_blanks(p);
    char quote = **p;
    if (quote != '\'' && quote != '"') return false;
    const char *end = strchr(*p + 1, quote);
    size_t length = end ? (size_t)(end - *p - 1) : room;
    if (length >= room) return false;
    memcpy(text, *p + 1, length);
    text[length] = 0;
    *p = end + 1;
    return true;
}

static bool take_word(const char **p, const char *word)
{
    skip_blanks(p);
    size_t length = strlen(word);
    if (strncmp(*p, word, length) != 0) return false;
    *p += length;
    return true;
}

static bool take_size(const char **p, size_t *value)
{
    skip_blanks(p);
    if (**p < '0' || **p > '9') return false;
    size_t v = 0;
    for (; **p >= '0' && **p <= '9'; ++*p)
        if (__builtin_mul_overflow(v, (size_t)10, &v) ||
            __builtin_add_overflow(v, (size_t)(**p - '0'), &v))
            return false;
    if (**p == 'L') ++*p;
    *value = v;
    return true;
}

static int take_shape(bram_ctx *cx, const char **p, bram_npy_info *info)
{
    if (!take_char(p, '(')) return bram_fail(cx, BRAM_EFORMAT, "header: shape is not a tuple");
    info->dims = 0;
    while (!take_char(p, ')')) {
        size_t length;
        if (!take_size(p, &length)) return bram_fail(cx, BRAM_EFORMAT, "header: damaged shape");
        if (info->dims == BRAM_NPY_MAX_DIMS)
            return bram_fail(cx, BRAM_EFORMAT, "found more than %d dimensions", BRAM_NPY_MAX_DIMS);
        info->shape[info->dims++] = length;
        if (take_char(p, ',')) continue;
        if (!take_char(p, ')')) return bram_fail(cx, BRAM_EFORMAT, "header: damaged shape");
        break;
    }
    return BRAM_OK;
}

static int fail_descr(bram_ctx *cx, const char *descr)
{
    if (strchr(descr, 'O'))
        return bram_fail(
            cx, BRAM_EFORMAT,
            "found pickled Python objects (descr '%s'), which are programs and are not "
            "run; in Python, save each array in it by itself: numpy.save(\"x.npy\", "
            "numpy.asarray(x, float), allow_pickle=False)",
            descr);
    return bram_fail(cx, BRAM_EFORMAT,
                     "found values of type '%s', expected bool, int8 to int64, uint8 to uint64, "
                     "float16, float32, float64, S or U",
                     descr);
}

/* descr is byte order, kind, bytes (characters for U): "<f8", "|b1", ">U12". */
static int take_descr(bram_ctx *cx, const char *descr, bram_npy_info *info)
{
    static const char kinds[] = "biufSU";
    const char *p = descr;
    char order = '|';
    if (*p && strchr("<>|=", *p)) order = *p++;
    const char *kind = *p ? strchr(kinds, *p) : NULL;
    if (!kind) return fail_descr(cx, descr);
    p++;
    size_t item;
    if (!take_size(&p, &item) || *p) return fail_descr(cx, descr);
    info->kind = (bram_npy_kind)(kind - kinds);
    info->big = order == '>';
    bool known = false;
    switch (info->kind) {
    case BRAM_NPY_BOOL:
        known = item == 1;
        break;
    case BRAM_NPY_INT:
    case BRAM_NPY_UINT:
        known = item == 1 || item == 2 || item == 4 || item == 8;
        break;
    case BRAM_NPY_FLOAT:
        known = item == 2 || item == 4 || item == 8;
        break;
    case BRAM_NPY_BYTES:
        known = item < MAX_ITEM;
        break;
    case BRAM_NPY_UNICODE:
        known = item < MAX_ITEM / 4;
        item *= 4;
        break;
    case BRAM_NPY_BFLOAT: /* NumPy has none */
        break;
    }
    if (!known) return fail_descr(cx, descr);
    info->item = item;
    return BRAM_OK;
}

static int take_key(bram_ctx *cx, const char **p, const char *key, bram_npy_info *info,
                    unsigned *seen)
{
    if (!strcmp(key, "descr")) {
        char descr[64];
        skip_blanks(p);
        if (**p == '[')
            return bram_fail(cx, BRAM_EFORMAT,
                             "found a structured array, expected one of plain values; "
                             "in Python, save each field by itself");
        if (!take_quoted(p, descr, sizeof descr))
            return bram_fail(cx, BRAM_EFORMAT, "header: damaged descr");
        *seen |= 1;
        return take_descr(cx, descr, info);
    }
    if (!strcmp(key, "fortran_order")) {
        *seen |= 2;
        info->fortran = take_word(p, "True");
        if (!info->fortran && !take_word(p, "False"))
            return bram_fail(cx, BRAM_EFORMAT, "header: fortran_order is not True or False");
        return BRAM_OK;
    }
    if (!strcmp(key, "shape")) {
        *seen |= 4;
        return take_shape(cx, p, info);
    }
    return bram_fail(cx, BRAM_EFORMAT, "header: found the key %s", key);
}

static int parse_header(bram_ctx *cx, const char *text, bram_npy_info *info)
{
    const char *p = text;
    unsigned seen = 0;
    bool closed = false;
    if (!take_char(&p, '{')) return bram_fail(cx, BRAM_EFORMAT, "header: found no dict");
    while (!(closed = take_char(&p, '}'))) {
        char key[32];
        if (!take_quoted(&p, key, sizeof key) || !take_char(&p, ':'))
            return bram_fail(cx, BRAM_EFORMAT, "header: damaged near byte %zu", (size_t)(p - text));
        BRAM_TRY(take_key(cx, &p, key, info, &seen));
        if (take_char(&p, ',')) continue;
        closed = take_char(&p, '}');
        break;
    }
    skip_blanks(&p);
    if (!closed || *p || seen != 7)
        return bram_fail(cx, BRAM_EFORMAT,
                         "header: expected a dict of descr, fortran_order and shape");
    return BRAM_OK;
}

static void summarize(bram_npy *a)
{
    static const char *const kinds[] = {"bool", "int", "uint", "float", "S", "U", "bfloat"};
    const bram_npy_info *f = &a->info;
    char *text = a->summary;
    size_t used = (size_t)snprintf(text, NPY_SUMMARY_BYTES, "%s", kinds[f->kind]);
    if (f->kind != BRAM_NPY_BOOL) {
        size_t width = f->kind == BRAM_NPY_BYTES     ? f->item
                       : f->kind == BRAM_NPY_UNICODE ? f->item / 4
                                                     : 8 * f->item;
        used += (size_t)snprintf(text + used, NPY_SUMMARY_BYTES - used, "%zu", width);
    }
    used += (size_t)snprintf(text + used, NPY_SUMMARY_BYTES - used, " (");
    for (size_t d = 0; d < f->dims; d++)
        used += (size_t)snprintf(text + used, NPY_SUMMARY_BYTES - used, "%s%zu", d ? ", " : "",
                                 f->shape[d]);
    snprintf(text + used, NPY_SUMMARY_BYTES - used, f->dims == 1 ? ",)" : ")");
}

/* The shape is believed only when it gives the very size of the file. */
int bram_npy_check_size(bram_ctx *cx, bram_npy *a)
{
    bram_npy_info *f = &a->info;
    size_t count = 1, bytes;
    bool empty = false, over = false;
    for (size_t d = 0; d < f->dims; d++) empty |= f->shape[d] == 0;
    for (size_t d = 0; d < f->dims && !empty; d++)
        over |= __builtin_mul_overflow(count, f->shape[d], &count);
    if (empty) count = 0;
    f->count = count;
    summarize(a);
    over = over || bram_overflows(count, f->item) || bram_overflows(count, sizeof(double));
    bytes = over ? 0 : count * f->item;
    uint64_t left = a->size - a->start;
    if (over || bytes > left)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found %llu bytes of values, too few for %s: the file is cut off",
                         (unsigned long long)left, a->summary);
    if (bytes < left)
        return bram_fail(cx, BRAM_EFORMAT, "found %llu bytes of values, expected %zu for %s",
                         (unsigned long long)left, bytes, a->summary);
    if (count && !f->item && count > MAX_HEADER) /* strings of no characters take no bytes */
        return bram_fail(cx, BRAM_EFORMAT, "found %zu empty strings", count);
    return BRAM_OK;
}

int bram_npy_bytes(bram_ctx *cx, const bram_npy *a, uint64_t offset, void *to, size_t count)
{
    if (a->fd >= 0) return bram_file_read_at(cx, a->fd, offset, to, count, a->name);
    if (offset > a->size || count > a->size - offset)
        return bram_fail(cx, BRAM_EFORMAT, "the array ends at byte %llu",
                         (unsigned long long)a->size);
    if (a->memory) memcpy(to, a->memory + offset, count);
    return BRAM_OK;
}

static int read_header(bram_ctx *cx, bram_npy *a)
{
    unsigned char start[12] = {0};
    if (a->size < 10) return bram_fail(cx, BRAM_EFORMAT, "not a .npy file (too short)");
    BRAM_TRY(bram_npy_bytes(cx, a, 0, start, 10));
    if (memcmp(start, "\x93NUMPY", 6) != 0) {
        const char *what = !memcmp(start, "PK\3\4", 4) ? " but a zip file (.npz?)"
                           : start[0] == 0x80 && start[1] >= 2 && start[1] <= 5
                               ? " but a Python pickle"
                               : "";
        return bram_fail(cx, BRAM_EFORMAT, "not a .npy file%s", what);
    }
    if (start[6] < 1 || start[6] > 3)
        return bram_fail(cx, BRAM_EFORMAT, "found .npy version %d, expected 1 to 3", start[6]);
    size_t length = start[8] | (size_t)start[9] << 8, at = 10;
    if (start[6] > 1) {
        if (a->size < 12) return bram_fail(cx, BRAM_EFORMAT, "the header is cut off");
        BRAM_TRY(bram_npy_bytes(cx, a, 0, start, 12));
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24, at = 12;
    }
    if (length > MAX_HEADER || length > a->size - at)
        return bram_fail(cx, BRAM_EFORMAT, "found a header of %zu bytes in a file of %llu", length,
                         (unsigned long long)a->size);
    char *text = bram_alloc(cx, length + 1, 1);
    if (!text) return BRAM_ENOMEM;
    int status = bram_npy_bytes(cx, a, at, text, length);
    if (!status) status = parse_header(cx, text, &a->info);
    bram_free(text);
    a->start = at + length;
    return status ? status : bram_npy_check_size(cx, a);
}

/* ---- opening -------------------------------------------------------------------------------- */

static int open_array(bram_ctx *cx, bram_npy **out, const char *name, int fd, unsigned char *memory,
                      uint64_t size)
{
    bram_npy *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) {
        if (fd >= 0) close(fd);
        bram_free(memory);
        return BRAM_ENOMEM;
    }
    *a = (bram_npy){.fd = fd, .memory = memory, .size = size, .name = bram_strdup(cx, name)};
    int status = a->name ? read_header(cx, a) : BRAM_ENOMEM;
    if (status) {
        bram_npy_close(a);
        return bram_fail_prefix(cx, status, "%s", name);
    }
    *out = a;
    return BRAM_OK;
}

int bram_npy_open_memory(bram_ctx *cx, bram_npy **out, const char *name, unsigned char *bytes,
                         size_t size)
{
    return open_array(cx, out, name, -1, bytes, size);
}

int bram_npy_open(bram_ctx *cx, bram_npy **out, const char *path)
{
    int fd;
    uint64_t size;
    unsigned char start[3];
    BRAM_TRY(bram_file_open(cx, &fd, &size, path));
    int status = bram_file_refuse_lfs(cx, fd, size, path);
    size_t peeked = size < sizeof start ? (size_t)size : sizeof start;
    if (!status) status = bram_file_read_at(cx, fd, 0, start, peeked, path);
    if (status) {
        close(fd);
        return status;
    }
    if (!bram_gz_is(start, peeked)) return open_array(cx, out, path, fd, NULL, size);
    close(fd);
    unsigned char *bytes;
    size_t inflated;
    BRAM_TRY(bram_gz_read_file(cx, &bytes, &inflated, path, 0));
    return bram_npy_open_memory(cx, out, path, bytes, inflated);
}

void bram_npy_close(bram_npy *a)
{
    if (!a) return;
    if (a->fd >= 0) close(a->fd);
    bram_free(a->memory);
    bram_free(a->name);
    bram_free(a);
}

const bram_npy_info *bram_npy_describe(const bram_npy *a)
{
    return &a->info;
}

bool bram_npy_is_on_disk(const bram_npy *a)
{
    return a->fd >= 0;
}

bool bram_npy_is_numeric(const bram_npy *a)
{
    return a->info.kind <= BRAM_NPY_FLOAT || a->info.kind == BRAM_NPY_BFLOAT;
}

const char *bram_npy_summary(const bram_npy *a)
{
    return a->summary;
}
