/*
 * npyread.c - the values of NumPy's .npy arrays: conversion of elements, blocks of rows in C and
 * Fortran order, strings.
 */
#include "npy_private.h"

#include "internal.h"

#include <math.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20 }; /* read at once when an array is read from end to end */

/* ---- elements ------------------------------------------------------------------------------- */

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
    if (f->kind == BRAM_NPY_BFLOAT || f->item == 4) {
        uint32_t half = (uint32_t)(f->kind == BRAM_NPY_BFLOAT ? v << 16 : v);
        float x;
        memcpy(&x, &half, sizeof x);
        return (double)x;
    }
    if (f->item == 2) return from_half(v);
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
    if (f->kind == BRAM_NPY_FLOAT || f->kind == BRAM_NPY_BFLOAT) {
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

/* ---- blocks --------------------------------------------------------------------------------- */

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
        BRAM_TRY(bram_npy_bytes(cx, a, offset, w->bytes, wanted));
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

static int read_c_order(bram_ctx *cx, struct window *w, size_t start, size_t count,
                        struct target to)
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
 * In Fortran order the first index runs fastest: for each setting of the others (col, in Fortran
 * order) its rows lie together. index[] counts the others through, and place is where they go in C
 * order.
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

/* Rows of an array in Fortran order: each run along the first index is read, its rows picked. */
static int pick_fortran(bram_ctx *cx, struct window *w, double *run, const size_t *row,
                        size_t count, double *values)
{
    const bram_npy_info *f = &w->a->info;
    size_t cols = trailing(f), rows = f->shape[0], index[BRAM_NPY_MAX_DIMS] = {0};
    size_t step = w->room / f->item;
    for (size_t col = 0; col < cols; col++) {
        size_t place = 0;
        for (size_t d = 1; d < f->dims; d++) place = place * f->shape[d] + index[d];
        for (size_t done = 0; done < rows;) {
            size_t n = rows - done < step ? rows - done : step;
            const unsigned char *p;
            uint64_t element = (uint64_t)col * rows + done;
            BRAM_TRY(window_get(cx, w, w->a->start + element * f->item, n * f->item, &p));
            BRAM_TRY(convert_run(cx, w->a, p, n, (struct target){.numbers = run}, done));
            done += n;
        }
        for (size_t i = 0; i < count; i++) values[i * cols + place] = run[row[i]];
        for (size_t d = 1; d < f->dims && ++index[d] == f->shape[d]; d++) index[d] = 0;
    }
    return BRAM_OK;
}

static int pick_rows(bram_ctx *cx, struct window *w, const size_t *row, size_t count,
                     double *values)
{
    const bram_npy_info *f = &w->a->info;
    size_t cols = trailing(f);
    if (f->fortran && f->dims > 1) {
        double *run = bram_alloc(cx, f->shape[0], sizeof *run);
        int status = run ? pick_fortran(cx, w, run, row, count, values) : BRAM_ENOMEM;
        bram_free(run);
        return status;
    }
    for (size_t i = 0; i < count; i++)
        BRAM_TRY(read_c_order(cx, w, row[i], 1, (struct target){.numbers = values + i * cols}));
    return BRAM_OK;
}

int bram_npy_read_rows(bram_ctx *cx, const bram_npy *a, const size_t *row, size_t count,
                       double *values)
{
    const bram_npy_info *f = &a->info;
    if (!bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected numbers", a->name, a->summary);
    for (size_t i = 0; i < count; i++)
        if (!f->dims || row[i] >= f->shape[0])
            return bram_fail(cx, BRAM_ESHAPE, "%s: there is no row %zu in %s", a->name, row[i],
                             a->summary);
    if (!count || !f->count) return BRAM_OK;
    /* rows in C order may lie anywhere: little more than a row is read for each of them */
    size_t row_bytes = trailing(f) * f->item;
    struct window w = {.a = a, .room = WINDOW_BYTES};
    if (!(f->fortran && f->dims > 1) && row_bytes < WINDOW_BYTES / 16) w.room = WINDOW_BYTES / 16;
    if (a->fd >= 0 && !(w.bytes = bram_alloc(cx, w.room, 1))) return BRAM_ENOMEM;
    int status = pick_rows(cx, &w, row, count, values);
    bram_free(w.bytes);
    return status;
}

/* The place in the file of a column's run along the first index, in Fortran order: the last index
 * of a column varies fastest in its number, the first in the file. */
static uint64_t fortran_column(const bram_npy_info *f, size_t column)
{
    uint64_t place = 0, cols = trailing(f);
    for (size_t d = 1; d < f->dims; d++) { /* index d of the column, and its step in the file */
        uint64_t step = 1;
        cols /= f->shape[d];
        for (size_t e = 1; e < d; e++) step *= f->shape[e];
        place += column / cols % f->shape[d] * step;
    }
    return place;
}

/* Runs of a row (C order) or of a column (Fortran order), each read where it lies. */
static int read_runs(bram_ctx *cx, const bram_npy *a, size_t first, size_t count, double *values,
                     unsigned char *bytes, double *run)
{
    const bram_npy_info *f = &a->info;
    size_t rows = f->shape[0], runs = f->fortran ? count : rows, length = f->fortran ? rows : count;
    for (size_t i = 0; i < runs; i++) {
        uint64_t at = f->fortran ? fortran_column(f, first + i) * rows
                                 : (uint64_t)i * trailing(f) + first;
        double *to = f->fortran ? run : values + i * count;
        BRAM_TRY(bram_npy_bytes(cx, a, a->start + at * f->item, bytes, length * f->item));
        BRAM_TRY(convert_run(cx, a, bytes, length, (struct target){.numbers = to}, 0));
        for (size_t r = 0; f->fortran && r < rows; r++) values[r * count + i] = run[r];
    }
    return BRAM_OK;
}

int bram_npy_read_columns(bram_ctx *cx, const bram_npy *a, size_t first, size_t count,
                          double *values)
{
    const bram_npy_info *f = &a->info;
    if (!bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected numbers", a->name, a->summary);
    if (f->dims < 2 || first > trailing(f) || count > trailing(f) - first)
        return bram_fail(cx, BRAM_ESHAPE, "%s: there are no columns %zu to %zu in %s", a->name,
                         first, first + count, a->summary);
    if (!count || !f->count) return BRAM_OK;
    size_t length = f->fortran ? f->shape[0] : count;
    unsigned char *bytes = bram_alloc(cx, length, f->item);
    double *run = bram_alloc(cx, length, sizeof *run);
    int status = bytes && run ? read_runs(cx, a, first, count, values, bytes, run) : BRAM_ENOMEM;
    bram_free(bytes);
    bram_free(run);
    return status;
}

int bram_npy_read_integers(bram_ctx *cx, const bram_npy *a, int64_t *values)
{
    if (a->info.kind > BRAM_NPY_UINT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected integers", a->name, a->summary);
    return read_rows(cx, a, 0, a->info.dims ? a->info.shape[0] : 1,
                     (struct target){.integers = values});
}

int bram_npy_load(bram_ctx *cx, double **values, bram_npy_info *info, const char *path)
{
    bram_npy *a;
    BRAM_TRY(bram_npy_open(cx, &a, path));
    double *memory = bram_alloc(cx, a->info.count, sizeof *memory);
    int status = memory ? bram_npy_read(cx, a, memory) : BRAM_ENOMEM;
    if (status) bram_free(memory);
    else {
        *values = memory;
        *info = a->info;
    }
    bram_npy_close(a);
    return status;
}

/* ---- strings -------------------------------------------------------------------------------- */

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
    int status = list ? bram_npy_bytes(cx, a, a->start, values, f->count * f->item) : BRAM_ENOMEM;
    if (!status) status = convert_texts(cx, a, values, list);
    bram_free(values);
    if (status) {
        bram_free(list);
        return status;
    }
    *texts = list;
    return BRAM_OK;
}
