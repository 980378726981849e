/*
 * gz.h - gzip, recognised by its first bytes and not by a file's name. The only user of zlib.
 */
#ifndef BRAMBLE_CORE_GZ_H
#define BRAMBLE_CORE_GZ_H

#include <bramble/context.h>

/** @return true when the bytes begin as a gzip stream does */
bool bram_gz_is(const unsigned char *bytes, size_t size);

/**
 * Inflates a whole gzip stream of one or more members. One byte of value 0 follows the last.
 *
 * @param out    the caller frees it with bram_free()
 * @param limit  the most bytes to deliver; 0 for the default of 16 GiB
 * @return BRAM_OK; BRAM_EFORMAT: truncated, corrupt, a wrong checksum, bytes behind the end, more
 * than the limit, or a bomb (beyond 256 MiB at more than 500 times the input's size); BRAM_ENOMEM
 */
int bram_gz_inflate(bram_ctx *cx, unsigned char **out, size_t *out_size, const unsigned char *in,
                    size_t in_size, size_t limit) BRAM_MUST_CHECK;

/**
 * Reads a whole file, inflated when it is gzip; otherwise as bram_file_read (file.h) does.
 *
 * @param limit  the most bytes to deliver, after inflating; 0 for no limit on a plain file
 */
int bram_gz_read_file(bram_ctx *cx, unsigned char **bytes, size_t *size, const char *path,
                      size_t limit) BRAM_MUST_CHECK;

/** The first bytes of a file, inflated when it is gzip. @return how many of n; 0 when unreadable */
size_t bram_gz_peek(const char *path, void *head, size_t n);

/**
 * The first bytes of what a zlib stream (RFC 1950) holds, of which the beginning is given.
 *
 * @param n  in: room at head; out: how many were delivered, 0 when it is no such stream
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_zlib_head(bram_ctx *cx, void *head, size_t *n, const unsigned char *in,
                   size_t in_size) BRAM_MUST_CHECK;

/** Deflates a buffer to one gzip member without name and time, so that equal input gives equal
 * bytes. */
int bram_gz_deflate(bram_ctx *cx, unsigned char **out, size_t *out_size, const unsigned char *in,
                    size_t in_size) BRAM_MUST_CHECK;

#endif
