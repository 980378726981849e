/*
 * npy.c - reading NumPy's .npy arrays (the format is NumPy's NEP 1; version 3 is NEP 1's with UTF-8).
 *
 * A file is: "\x93NUMPY", two bytes of version, the length of the header (2 bytes in version 1, else 4),
 * the header, the values. The header is the text of a Python dict with the keys descr, fortran_order
 * and shape. Old NumPy padded to 16 bytes (headers of 80 bytes in all), new NumPy to 64; both work.
 * numpy 1 under Python 2 wrote long shapes: (1800L, 103L).
 */
#include "npy.h"

#include "gz.h"
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    MAX_HEADER = 1 << 20,
    SUMMARY_BYTES = 320,
    WINDOW_BYTES = 1 << 20, /* read at once when an array is read from end to end */
    MAX_ITEM = 1 << 28
};

struct bram_npy {
    char *name;
    bram_npy_info info;
    char summary[SUMMARY_BYTES];
    int fd; /* -1: the array is in memory */
    unsigned char *memory;
    uint64_t size, start; /* of the file; of the values in it */
};

/* ---- the header --------------------------------------------------------------------------------- */

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
    if (strncmp(*p, word, length)) return false;
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
        return bram_fail(cx, BRAM_EFORMAT,
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
    case BRAM_NPY_BOOL: known = item == 1; break;
    case BRAM_NPY_INT:
    case BRAM_NPY_UINT: known = item == 1 || item == 2 || item == 4 || item == 8; break;
    case BRAM_NPY_FLOAT: known = item == 2 || item == 4 || item == 8; break;
    case BRAM_NPY_BYTES: known = item < MAX_ITEM; break;
    case BRAM_NPY_UNICODE:
        known = item < MAX_ITEM / 4;
        item *= 4;
        break;
    }
    if (!known) return fail_descr(cx, descr);
    info->item = item;
    return BRAM_OK;
}

static int take_key(bram_ctx *cx, const char **p, const char *key, bram_npy_info *info, unsigned *seen)
{
    if (!strcmp(key, "descr")) {
        char descr[64];
        skip_blanks(p);
        if (**p == '[')
            return bram_fail(cx, BRAM_EFORMAT, "found a structured array, expected one of plain values; "
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
        return bram_fail(cx, BRAM_EFORMAT, "header: expected a dict of descr, fortran_order and shape");
    return BRAM_OK;
}

static void summarize(bram_npy *a)
{
    static const char *const kinds[] = {"bool", "int", "uint", "float", "S", "U"};
    const bram_npy_info *f = &a->info;
    char *text = a->summary;
    size_t used = (size_t)snprintf(text, SUMMARY_BYTES, "%s", kinds[f->kind]);
    if (f->kind != BRAM_NPY_BOOL) {
        size_t width = f->kind == BRAM_NPY_BYTES     ? f->item
                       : f->kind == BRAM_NPY_UNICODE ? f->item / 4
                                                     : 8 * f->item;
        used += (size_t)snprintf(text + used, SUMMARY_BYTES - used, "%zu", width);
    }
    used += (size_t)snprintf(text + used, SUMMARY_BYTES - used, " (");
    for (size_t d = 0; d < f->dims; d++)
        used += (size_t)snprintf(text + used, SUMMARY_BYTES - used, "%s%zu", d ? ", " : "", f->shape[d]);
    snprintf(text + used, SUMMARY_BYTES - used, f->dims == 1 ? ",)" : ")");
}

/* The shape is believed only when it gives the very size of the file. */
static int check_size(bram_ctx *cx, bram_npy *a)
{
    bram_npy_info *f = &a->info;
    size_t count = 1, bytes;
    bool empty = false, over = false;
    for (size_t d = 0; d < f->dims; d++) empty |= f->shape[d] == 0;
    for (size_t d = 0; d < f->dims && !empty; d++) over |= __builtin_mul_overflow(count, f->shape[d], &count);
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

static int read_bytes(bram_ctx *cx, const bram_npy *a, uint64_t offset, void *to, size_t count)
{
    if (a->fd >= 0) return bram_file_read_at(cx, a->fd, offset, to, count, a->name);
    if (offset > a->size || count > a->size - offset)
        return bram_fail(cx, BRAM_EFORMAT, "the array ends at byte %llu", (unsigned long long)a->size);
    memcpy(to, a->memory + offset, count);
    return BRAM_OK;
}

static int read_header(bram_ctx *cx, bram_npy *a)
{
    unsigned char start[12];
    if (a->size < 10) return bram_fail(cx, BRAM_EFORMAT, "not a .npy file (too short)");
    BRAM_TRY(read_bytes(cx, a, 0, start, 10));
    if (memcmp(start, "\x93NUMPY", 6)) {
        const char *what = !memcmp(start, "PK\3\4", 4)                    ? " but a zip file (.npz?)"
                           : start[0] == 0x80 && start[1] >= 2 && start[1] <= 5 ? " but a Python pickle"
                                                                          : "";
        return bram_fail(cx, BRAM_EFORMAT, "not a .npy file%s", what);
    }
    if (start[6] < 1 || start[6] > 3)
        return bram_fail(cx, BRAM_EFORMAT, "found .npy version %d, expected 1 to 3", start[6]);
    size_t length = start[8] | (size_t)start[9] << 8, at = 10;
    if (start[6] > 1) {
        if (a->size < 12) return bram_fail(cx, BRAM_EFORMAT, "the header is cut off");
        BRAM_TRY(read_bytes(cx, a, 0, start, 12));
        length |= (size_t)start[10] << 16 | (size_t)start[11] << 24, at = 12;
    }
    if (length > MAX_HEADER || length > a->size - at)
        return bram_fail(cx, BRAM_EFORMAT, "found a header of %zu bytes in a file of %llu", length,
                         (unsigned long long)a->size);
    char *text = bram_alloc(cx, length + 1, 1);
    if (!text) return BRAM_ENOMEM;
    int status = read_bytes(cx, a, at, text, length);
    if (!status) status = parse_header(cx, text, &a->info);
    bram_free(text);
    a->start = at + length;
    return status ? status : check_size(cx, a);
}

/* ---- opening ------------------------------------------------------------------------------------ */

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

bool bram_npy_is_numeric(const bram_npy *a)
{
    return a->info.kind <= BRAM_NPY_FLOAT;
}

const char *bram_npy_summary(const bram_npy *a)
{
    return a->summary;
}

/* ---- elements ----------------------------------------------------------------------------------- */

/* The bytes of an element as an integer, whatever the byte order of file and machine. */
static uint64_t bits(const bram_npy_info *f, const unsigned char *p)
{
    uint64_t v = 0;
    for (size_t i = 0; i < f->item; i++) v |= (uint64_t)p[f->big ? f->item - 1 - i : i] << 8 * i;
    return v;
}

static int64_t sign_extended(uint64_t v, size_t item)
{
    unsigned shift = 64 - 8 * (unsigned)item;
    int64_t wide;
    v <<= shift;
    memcpy(&wide, &v, sizeof wide);
    return wide / ((int64_t)1 << shift); /* exact: the low bits are zero */
}

/* IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction. */
static double from_half(uint64_t v)
{
    int exponent = (int)(v >> 10 & 31);
    double fraction = (double)(v & 1023);
    double size = exponent == 31 ? (double)(fraction > 0 ? NAN : INFINITY)
                  : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                 : ldexp(fraction, -24);
    return v >> 15 & 1 ? -size : size;
}

static double from_float(const bram_npy_info *f, uint64_t v)
{
    if (f->item == 2) return from_half(v);
    if (f->item == 4) {
        uint32_t half = (uint32_t)v;
        float x;
        memcpy(&x, &half, sizeof x);
        return (double)x;
    }
    double x;
    memcpy(&x, &v, sizeof x);
    return x;
}

/* Values go either to doubles or to integers. */
struct target {
    double *numbers;
    int64_t *integers;
};

static int convert_one(bram_ctx *cx, const bram_npy *a, const unsigned char *p, struct target to,
                       size_t at)
{
    const bram_npy_info *f = &a->info;
    uint64_t v = bits(f, p);
    if (f->kind == BRAM_NPY_FLOAT) {
        to.numbers[at] = from_float(f, v);
        return BRAM_OK;
    }
    if (f->kind == BRAM_NPY_BOOL) v = v != 0;
    bool is_signed = f->kind == BRAM_NPY_INT;
    int64_t wide = is_signed ? sign_extended(v, f->item) : (int64_t)(v & INT64_MAX);
    if (to.integers) {
        if (!is_signed && v > INT64_MAX)
            return bram_fail(cx, BRAM_ENUMERIC, "%s: found %llu, expected at most %lld", a->name,
                             (unsigned long long)v, (long long)INT64_MAX);
        to.integers[at] = wide;
        return BRAM_OK;
    }
    uint64_t size = is_signed && wide < 0 ? 0 - (uint64_t)wide : v;
    double number = (double)size;
    if (f->item == 8 && (number >= 18446744073709551616.0 || (uint64_t)number != size))
        return bram_fail(cx, BRAM_ENUMERIC, "%s: no double equals the integer %s%llu", a->name,
                         is_signed && wide < 0 ? "-" : "", (unsigned long long)size);
    to.numbers[at] = is_signed && wide < 0 ? -number : number;
    return BRAM_OK;
}

static bool little_endian_host(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* Converts count elements that lie one after the other. */
static int convert_run(bram_ctx *cx, const bram_npy *a, const unsigned char *p, size_t count,
                       struct target to, size_t at)
{
    const bram_npy_info *f = &a->info;
    if (f->kind == BRAM_NPY_FLOAT && f->item == 8 && !f->big && little_endian_host()) {
        memcpy(to.numbers + at, p, count * sizeof(double));
        return BRAM_OK;
    }
    for (size_t i = 0; i < count; i++) BRAM_TRY(convert_one(cx, a, p + i * f->item, to, at + i));
    return BRAM_OK;
}

/* ---- blocks ------------------------------------------------------------------------------------- */

/* Bytes of the array through a window, so that many small reads do not become many system calls. */
struct window {
    const bram_npy *a;
    unsigned char *bytes;
    uint64_t offset;
    size_t room, used;
};

static int window_get(bram_ctx *cx, struct window *w, uint64_t offset, size_t count,
                      const unsigned char **p)
{
    const bram_npy *a = w->a;
    if (a->fd < 0) { /* the header was checked against the size */
        *p = a->memory + offset;
        return BRAM_OK;
    }
    if (offset < w->offset || offset + count > w->offset + w->used) {
        uint64_t left = a->size - offset;
        w->used = 0;
        size_t wanted = left < w->room ? (size_t)left : w->room;
        BRAM_TRY(read_bytes(cx, a, offset, w->bytes, wanted));
        w->offset = offset;
        w->used = wanted;
    }
    *p = w->bytes + (offset - w->offset);
    return BRAM_OK;
}

static size_t trailing(const bram_npy_info *f)
{
    size_t n = 1;
    for (size_t d = 1; d < f->dims; d++) n *= f->shape[d];
    return n;
}

static int read_c_order(bram_ctx *cx, struct window *w, size_t start, size_t count, struct target to)
{
    const bram_npy_info *f = &w->a->info;
    size_t total = count * trailing(f), step = w->room / f->item;
    uint64_t offset = w->a->start + (uint64_t)start * trailing(f) * f->item;
    for (size_t done = 0; done < total;) {
        size_t n = total - done < step ? total - done : step;
        const unsigned char *p;
        BRAM_TRY(window_get(cx, w, offset + (uint64_t)done * f->item, n * f->item, &p));
        BRAM_TRY(convert_run(cx, w->a, p, n, to, done));
        done += n;
    }
    return BRAM_OK;
}

/*
 * In Fortran order the first index runs fastest: for each setting of the others (col, in Fortran order)
 * its rows lie together. index[] counts the others through, and place is where they go in C order.
 */
static int read_fortran_order(bram_ctx *cx, struct window *w, size_t start, size_t count,
                              struct target to)
{
    const bram_npy_info *f = &w->a->info;
    size_t cols = trailing(f), rows = f->shape[0], index[BRAM_NPY_MAX_DIMS] = {0};
    size_t step = w->room / f->item;
    for (size_t col = 0; col < cols; col++) {
        size_t place = 0;
        for (size_t d = 1; d < f->dims; d++) place = place * f->shape[d] + index[d];
        for (size_t done = 0; done < count;) {
            size_t n = count - done < step ? count - done : step;
            const unsigned char *p;
            uint64_t element = (uint64_t)col * rows + start + done;
            BRAM_TRY(window_get(cx, w, w->a->start + element * f->item, n * f->item, &p));
            for (size_t i = 0; i < n; i++)
                BRAM_TRY(convert_one(cx, w->a, p + i * f->item, to, (done + i) * cols + place));
            done += n;
        }
        for (size_t d = 1; d < f->dims && ++index[d] == f->shape[d]; d++) index[d] = 0;
    }
    return BRAM_OK;
}

static int read_rows(bram_ctx *cx, const bram_npy *a, size_t start, size_t count, struct target to)
{
    const bram_npy_info *f = &a->info;
    size_t rows = f->dims ? f->shape[0] : 1;
    if (start > rows || count > rows - start)
        return bram_fail(cx, BRAM_ESHAPE, "%s: rows %zu to %zu of %zu do not exist", a->name, start,
                         start + count, rows);
    if (!count || !f->count) return BRAM_OK;
    bool fortran = f->fortran && f->dims > 1;
    size_t needed = fortran && count < rows ? count : count * trailing(f);
    struct window w = {.a = a, .room = WINDOW_BYTES};
    if (needed < WINDOW_BYTES / f->item) w.room = needed * f->item;
    if (a->fd >= 0) {
        w.bytes = bram_alloc(cx, w.room, 1);
        if (!w.bytes) return BRAM_ENOMEM;
    }
    int status = fortran ? read_fortran_order(cx, &w, start, count, to)
                         : read_c_order(cx, &w, start, count, to);
    bram_free(w.bytes);
    return status;
}

int bram_npy_read_block(bram_ctx *cx, const bram_npy *a, size_t start, size_t count, double *values)
{
    if (!bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected numbers", a->name, a->summary);
    return read_rows(cx, a, start, count, (struct target){.numbers = values});
}

int bram_npy_read(bram_ctx *cx, const bram_npy *a, double *values)
{
    return bram_npy_read_block(cx, a, 0, a->info.dims ? a->info.shape[0] : 1, values);
}

int bram_npy_read_integers(bram_ctx *cx, const bram_npy *a, int64_t *values)
{
    if (a->info.kind > BRAM_NPY_UINT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected integers", a->name, a->summary);
    return read_rows(cx, a, 0, a->info.dims ? a->info.shape[0] : 1, (struct target){.integers = values});
}

int bram_npy_load(bram_ctx *cx, double **values, bram_npy_info *info, const char *path)
{
    bram_npy *a;
    BRAM_TRY(bram_npy_open(cx, &a, path));
    double *memory = bram_alloc(cx, a->info.count, sizeof *memory);
    int status = memory ? bram_npy_read(cx, a, memory) : BRAM_ENOMEM;
    if (status)
        bram_free(memory);
    else {
        *values = memory;
        *info = a->info;
    }
    bram_npy_close(a);
    return status;
}

/* ---- strings ------------------------------------------------------------------------------------ */

/* Writes a code point as UTF-8; returns the bytes, 0 for what is no character. */
static size_t put_utf8(char *to, uint64_t c)
{
    if (c < 0x80) return to[0] = (char)c, 1;
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00 >> n & 0xff) | c); /* n ones, a zero, the first bits */
    return n;
}

/* One element as UTF-8 with its final zero; *length is what it took of to. */
static int convert_text(bram_ctx *cx, const bram_npy *a, const unsigned char *p, char *to,
                        size_t *length)
{
    bram_npy_info unit = a->info; /* one character */
    unit.item = unit.kind == BRAM_NPY_UNICODE ? 4 : 1;
    size_t n = a->info.item / unit.item, used = 0;
    while (n && !bits(&unit, p + (n - 1) * unit.item)) n--;
    for (size_t i = 0; i < n; i++) {
        uint64_t c = bits(&unit, p + i * unit.item);
        size_t bytes = unit.item == 1 ? (to[used] = (char)c, 1) : put_utf8(to + used, c);
        if (!c || !bytes)
            return bram_fail(cx, BRAM_EFORMAT, "%s: found code %llu within a string", a->name,
                             (unsigned long long)c);
        used += bytes;
    }
    to[used] = 0;
    *length = used + 1;
    return BRAM_OK;
}

static int convert_texts(bram_ctx *cx, const bram_npy *a, const unsigned char *values, char **texts)
{
    const bram_npy_info *f = &a->info;
    char *to = (char *)(texts + f->count);
    size_t index[BRAM_NPY_MAX_DIMS] = {0};
    for (size_t i = 0; i < f->count; i++) {
        size_t from = i, used = 0;
        if (f->fortran && f->dims > 1) {
            from = 0;
            for (size_t d = f->dims; d-- > 0;) from = from * f->shape[d] + index[d];
            for (size_t d = f->dims; d-- > 0 && ++index[d] == f->shape[d];) index[d] = 0;
        }
        BRAM_TRY(convert_text(cx, a, values + from * f->item, to, &used));
        texts[i] = to;
        to += used;
    }
    return BRAM_OK;
}

int bram_npy_read_texts(bram_ctx *cx, const bram_npy *a, char ***texts)
{
    const bram_npy_info *f = &a->info;
    if (bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected strings", a->name, a->summary);
    if (bram_overflows(f->count, f->item + 1 + sizeof(char *)))
        return bram_fail(cx, BRAM_ENOMEM, "%s: no memory for %s", a->name, a->summary);
    unsigned char *values = bram_alloc(cx, f->count, f->item);
    char **list = values ? bram_alloc(cx, f->count, f->item + 1 + sizeof(char *)) : NULL;
    int status = list ? read_bytes(cx, a, a->start, values, f->count * f->item) : BRAM_ENOMEM;
    if (!status) status = convert_texts(cx, a, values, list);
    bram_free(values);
    if (status) {
        bram_free(list);
        return status;
    }
    *texts = list;
    return BRAM_OK;
}
