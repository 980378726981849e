/*
 * npywrite.c - writing .npy arrays: version 1, little endian, C order, header padded to 64 bytes,
 * as numpy.save does.
 */
#include "npy.h"

#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEADER_BYTES = 512, BLOCK = 4096 };

static int put_header(bram_ctx *cx, bram_outfile *o, const char *descr, size_t dims,
                      const size_t *shape)
{
    char text[HEADER_BYTES];
    if (dims > BRAM_NPY_MAX_DIMS)
        return bram_fail(cx, BRAM_ESHAPE, ".npy: found %zu dimensions, expected at most %d", dims,
                         BRAM_NPY_MAX_DIMS);
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (size_t d = 0; d < dims; d++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu", d ? ", " : "", shape[d]);
    used += (size_t)snprintf(text + used, sizeof text - used, dims == 1 ? ",), }" : "), }");
    while ((10 + used + 1) % 64) text[used++] = ' ';
    text[used++] = '\n';
    unsigned char start[10] = {0x93,
                               'N',
                               'U',
                               'M',
                               'P',
                               'Y',
                               1,
                               0,
                               (unsigned char)(used & 255),
                               (unsigned char)(used >> 8)};
    BRAM_TRY(bram_outfile_write(cx, o, start, sizeof start));
    return bram_outfile_write(cx, o, text, used);
}

int bram_npy_put_header(bram_ctx *cx, bram_outfile *o, bram_npy_type type, size_t dims,
                        const size_t *shape)
{
    static const char *const descrs[] = {"<f8", "<f4", "<i8", "|u1"};
    return put_header(cx, o, descrs[type], dims, shape);
}

static void put_little_endian(unsigned char *to, uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(bits >> 8 * i);
}

static int bits_of(bram_ctx *cx, bram_npy_type type, double value, uint64_t *bits)
{
    if (type == BRAM_NPY_F64) {
        memcpy(bits, &value, sizeof value);
    } else if (type == BRAM_NPY_F32) {
        float narrow = (float)value;
        uint32_t half;
        memcpy(&half, &narrow, sizeof half);
        *bits = half;
    } else if (type == BRAM_NPY_U8) {
        if (!(value >= 0 && value <= 255) || value != floor(value))
            return bram_fail(cx, BRAM_ENUMERIC, ".npy: found %g, expected a whole number to 255",
                             value);
        *bits = (uint64_t)value;
    } else {
        if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0) ||
            value != floor(value))
            return bram_fail(cx, BRAM_ENUMERIC,
                             ".npy: found %g, expected a whole number of 64 bits", value);
        *bits = (uint64_t)(int64_t)value;
    }
    return BRAM_OK;
}

int bram_npy_put_values(bram_ctx *cx, bram_outfile *o, bram_npy_type type, const double *values,
                        size_t count)
{
    unsigned char block[BLOCK * 8];
    size_t item = type == BRAM_NPY_U8 ? 1 : type == BRAM_NPY_F32 ? 4 : 8;
    for (size_t done = 0; done < count;) {
        size_t n = count - done < BLOCK ? count - done : BLOCK;
        for (size_t i = 0; i < n; i++) {
            uint64_t bits = 0;
            BRAM_TRY(bits_of(cx, type, values[done + i], &bits));
            put_little_endian(block + i * item, bits, item);
        }
        BRAM_TRY(bram_outfile_write(cx, o, block, n * item));
        done += n;
    }
    return BRAM_OK;
}

int bram_npy_put_integers(bram_ctx *cx, bram_outfile *o, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[8];
        put_little_endian(bytes, (uint64_t)values[i], sizeof bytes);
        BRAM_TRY(bram_outfile_write(cx, o, bytes, sizeof bytes));
    }
    return BRAM_OK;
}

int bram_npy_write(bram_ctx *cx, const char *path, bool replace, bram_npy_type type, size_t dims,
                   const size_t *shape, const double *values)
{
    size_t count = 1;
    for (size_t d = 0; d < dims; d++) count *= shape[d];
    bram_outfile *o;
    BRAM_TRY(bram_outfile_open(cx, &o, path, replace));
    int status = bram_npy_put_header(cx, o, type, dims, shape);
    if (!status) status = bram_npy_put_values(cx, o, type, values, count);
    if (!status) return bram_outfile_commit(cx, o);
    bram_outfile_abort(o);
    return status;
}

/* ---- strings -------------------------------------------------------------------------------- */

/* The next character of a UTF-8 text, which moves on; false where it is not UTF-8. */
static bool next_character(const char **text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)*text;
    size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
    if (!n) return false;
    uint32_t c = n == 1 ? *p : *p & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return false;
        c = c << 6 | (p[i] & 0x3fU);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
    *text += n;
    *character = c;
    return true;
}

static int measure(bram_ctx *cx, const char *text, size_t *width)
{
    size_t length = 0;
    uint32_t c;
    for (const char *p = text; *p; length++)
        if (!next_character(&p, &c))
            return bram_fail(cx, BRAM_EUSAGE, ".npy: found text that is not UTF-8: \"%.60s\"",
                             text);
    if (length > *width) *width = length;
    return BRAM_OK;
}

static int put_texts(bram_ctx *cx, bram_outfile *o, size_t n, const char *const *texts,
                     size_t width)
{
    char descr[32];
    snprintf(descr, sizeof descr, "<U%zu", width);
    BRAM_TRY(put_header(cx, o, descr, 1, &n));
    for (size_t i = 0; i < n; i++) {
        const char *p = texts[i];
        for (size_t k = 0; k < width; k++) {
            unsigned char bytes[4] = {0};
            uint32_t c;
            if (*p && next_character(&p, &c)) put_little_endian(bytes, c, sizeof bytes);
            BRAM_TRY(bram_outfile_write(cx, o, bytes, sizeof bytes));
        }
    }
    return BRAM_OK;
}

int bram_npy_write_texts(bram_ctx *cx, const char *path, bool replace, size_t n,
                         const char *const *texts)
{
    size_t width = 1;
    for (size_t i = 0; i < n; i++) BRAM_TRY(measure(cx, texts[i], &width));
    bram_outfile *o;
    BRAM_TRY(bram_outfile_open(cx, &o, path, replace));
    int status = put_texts(cx, o, n, texts, width);
    if (!status) return bram_outfile_commit(cx, o);
    bram_outfile_abort(o);
    return status;
}
