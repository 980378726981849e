/*
 * gz.c - gzip streams in memory, with limits (RFC 1952; deflate gains at most about 1032 : 1).
 */
#include "gz.h"

#include "file.h"
#include "internal.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define GZ_DEFAULT_LIMIT ((size_t)16 << 30)
#define GZ_FREE_BYTES    ((size_t)256 << 20) /* up to here any ratio is accepted */

enum { GZ_MAX_RATIO = 500, GZIP_WINDOW = 15 + 16, FIRST_GUESS_RATIO = 4, LEAST_GUESS = 4096 };

/* zlib allocates through the library, so that failing allocations can be tested. */
static void *take_memory(void *opaque, unsigned items, unsigned size)
{
    (void)opaque;
    return bram_overflows(items, size) ? NULL : bram_malloc((size_t)items * size);
}

static void give_memory(void *opaque, void *memory)
{
    (void)opaque;
    bram_free(memory);
}

bool bram_gz_is(const unsigned char *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

struct inflation {
    z_stream z;
    const unsigned char *in;
    size_t in_size, in_done;
    unsigned char *out;
    size_t room, out_size, limit; /* room: bytes of out, of which one is kept for the final zero */
};

static int grow(bram_ctx *cx, struct inflation *s)
{
    if (s->out_size >= s->limit)
        return bram_fail(cx, BRAM_EFORMAT, "gzip: inflates to more than %zu bytes", s->limit);
    if (s->out_size >= GZ_FREE_BYTES && s->out_size / GZ_MAX_RATIO > s->in_size)
        return bram_fail(cx, BRAM_EFORMAT,
                         "gzip: %zu bytes inflate to %zu and more; a stream that grows more than "
                         "%d-fold is taken for an attack",
                         s->in_size, s->out_size, GZ_MAX_RATIO);
    size_t wanted = 2 * s->room;
    if (wanted > s->limit + 1) wanted = s->limit + 1;
    unsigned char *out = bram_realloc(cx, s->out, wanted, 1);
    if (!out) return BRAM_ENOMEM;
    s->out = out;
    s->room = wanted;
    return BRAM_OK;
}

static int fail_stream(bram_ctx *cx, const struct inflation *s, int result)
{
    if (result == Z_MEM_ERROR) return bram_fail(cx, BRAM_ENOMEM, "gzip: no memory");
    if (result == Z_BUF_ERROR)
        return bram_fail(cx, BRAM_EFORMAT, "gzip: the stream is cut off after %zu bytes",
                         s->in_size);
    return bram_fail(cx, BRAM_EFORMAT, "gzip: damaged near byte %zu (%s)", s->in_done,
                     s->z.msg ? s->z.msg : "not a gzip stream");
}

static unsigned at_most_uint(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* Inflates one member: from its header to its checksum. */
static int inflate_member(bram_ctx *cx, struct inflation *s)
{
    for (;;) {
        if (s->out_size + 1 >= s->room) BRAM_TRY(grow(cx, s));
        /* next_in is not const in zlib unless asked; it is not written to */
        s->z.next_in = (z_const Bytef *)(uintptr_t)(s->in + s->in_done);
        s->z.avail_in = at_most_uint(s->in_size - s->in_done);
        s->z.next_out = s->out + s->out_size;
        s->z.avail_out = at_most_uint(s->room - 1 - s->out_size);
        unsigned in_before = s->z.avail_in, out_before = s->z.avail_out;
        int result = inflate(&s->z, Z_NO_FLUSH);
        s->in_done += in_before - s->z.avail_in;
        s->out_size += out_before - s->z.avail_out;
        if (result == Z_STREAM_END) return BRAM_OK;
        if (result != Z_OK && !(result == Z_BUF_ERROR && s->z.avail_out == 0))
            return fail_stream(cx, s, result);
        if (result == Z_OK && s->in_done == s->in_size && s->z.avail_out > 0)
            return fail_stream(cx, s, Z_BUF_ERROR);
    }
}

static int inflate_all(bram_ctx *cx, struct inflation *s)
{
    for (bool first = true; s->in_done < s->in_size; first = false) {
        const unsigned char *rest = s->in + s->in_done;
        size_t left = s->in_size - s->in_done;
        if (!first && *rest == 0) { /* zeros behind the last member: tapes and blocks leave them */
            s->in_done++;
            continue;
        }
        if (!bram_gz_is(rest, left))
            return bram_fail(cx, BRAM_EFORMAT, "gzip: found %zu bytes that are not gzip %s", left,
                             first ? "at the start" : "behind the end of the stream");
        if (!first && inflateReset(&s->z) != Z_OK)
            return bram_fail(cx, BRAM_EINTERNAL, "gzip: cannot start the next member");
        BRAM_TRY(inflate_member(cx, s));
    }
    s->out[s->out_size] = 0;
    return BRAM_OK;
}

int bram_gz_inflate(bram_ctx *cx, unsigned char **out, size_t *out_size, const unsigned char *in,
                    size_t in_size, size_t limit)
{
    struct inflation s = {.in = in, .in_size = in_size, .limit = limit ? limit : GZ_DEFAULT_LIMIT};
    if (!in_size) return bram_fail(cx, BRAM_EFORMAT, "gzip: the stream is empty");
    if (s.limit > PTRDIFF_MAX / 2) s.limit = PTRDIFF_MAX / 2;
    s.room = in_size < s.limit / FIRST_GUESS_RATIO ? FIRST_GUESS_RATIO * in_size : s.limit;
    if (s.room < LEAST_GUESS) s.room = LEAST_GUESS;
    if (s.room > s.limit + 1) s.room = s.limit + 1;
    s.z.zalloc = take_memory;
    s.z.zfree = give_memory;
    s.out = bram_alloc(cx, s.room, 1);
    if (!s.out) return BRAM_ENOMEM;
    int status = BRAM_OK, result = inflateInit2(&s.z, GZIP_WINDOW);
    if (result != Z_OK) status = fail_stream(cx, &s, result);
    else {
        status = inflate_all(cx, &s);
        inflateEnd(&s.z);
    }
    if (status) {
        bram_free(s.out);
        return status;
    }
    *out = s.out;
    *out_size = s.out_size;
    return BRAM_OK;
}

int bram_gz_read_file(bram_ctx *cx, unsigned char **bytes, size_t *size, const char *path,
                      size_t limit)
{
    unsigned char *plain;
    size_t plain_size;
    BRAM_TRY(bram_file_read(cx, &plain, &plain_size, path, limit));
    if (!bram_gz_is(plain, plain_size)) {
        *bytes = plain;
        *size = plain_size;
        return BRAM_OK;
    }
    int status = bram_gz_inflate(cx, bytes, size, plain, plain_size, limit);
    bram_free(plain);
    return status ? bram_fail_prefix(cx, status, "%s", path) : BRAM_OK;
}

size_t bram_gz_peek(const char *path, void *head, size_t n)
{
    struct stat about; /* a named pipe would wait for a writer */
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode);
    gzFile file = regular ? gzopen(path, "rb") : NULL;
    int got = file ? gzread(file, head, (unsigned)n) : 0;
    if (file) gzclose(file);
    return got > 0 ? (size_t)got : 0;
}

int bram_zlib_head(bram_ctx *cx, void *head, size_t *n, const unsigned char *in, size_t in_size)
{
    z_stream z = {.zalloc = take_memory, .zfree = give_memory};
    int result = inflateInit(&z);
    if (result == Z_OK) {
        z.next_in = (z_const Bytef *)(uintptr_t)in;
        z.avail_in = at_most_uint(in_size);
        z.next_out = head;
        z.avail_out = at_most_uint(*n);
        result = inflate(&z, Z_SYNC_FLUSH);
        inflateEnd(&z);
    }
    if (result == Z_MEM_ERROR) return bram_fail(cx, BRAM_ENOMEM, "zlib: no memory");
    bool whole = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
    *n = whole ? z.total_out : 0;
    return BRAM_OK;
}

int bram_gz_deflate(bram_ctx *cx, unsigned char **out, size_t *out_size, const unsigned char *in,
                    size_t in_size)
{
    if (in_size > UINT_MAX / 2)
        return bram_fail(cx, BRAM_EUSAGE, "gzip: found %zu bytes to deflate, expected at most %u",
                         in_size, UINT_MAX / 2);
    z_stream z = {.zalloc = take_memory, .zfree = give_memory};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY))
        return bram_fail(cx, BRAM_ENOMEM, "gzip: no memory");
    size_t bound = deflateBound(&z, (uLong)in_size);
    unsigned char *memory = bram_alloc(cx, bound, 1);
    int result = Z_MEM_ERROR;
    if (memory) {
        z.next_in = (z_const Bytef *)(uintptr_t)in;
        z.avail_in = (unsigned)in_size;
        z.next_out = memory;
        z.avail_out = at_most_uint(bound);
        result = deflate(&z, Z_FINISH);
    }
    size_t made = z.total_out;
    deflateEnd(&z);
    if (result != Z_STREAM_END) {
        bram_free(memory);
        return memory ? bram_fail(cx, BRAM_EINTERNAL, "gzip: cannot deflate") : BRAM_ENOMEM;
    }
    *out = memory;
    *out_size = made;
    return BRAM_OK;
}
