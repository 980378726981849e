/*
 * hash.h - SHA-256 of buffers, of things added piece by piece, and of files.
 */
#ifndef BRAMBLE_CORE_HASH_H
#define BRAMBLE_CORE_HASH_H

#include <bramble/context.h>

typedef struct bram_hash bram_hash;

/**
 * Starts a hash. Pieces of variable length need their length added too, or two different lists of
 * pieces may have equal bytes: bram_hash_add_text and bram_hash_add_u64 see to that.
 *
 * @return BRAM_OK; BRAM_ENOMEM; BRAM_EINTERNAL
 */
int bram_hash_new(bram_ctx *cx, bram_hash **out) BRAM_MUST_CHECK;
void bram_hash_free(bram_hash *h);

/** Adds bytes. After a failure (BRAM_EINTERNAL) the hash is only good for bram_hash_free. */
int bram_hash_add(bram_ctx *cx, bram_hash *h, const void *data, size_t bytes) BRAM_MUST_CHECK;

/** Adds a number as 8 bytes, lowest first, on any machine. */
int bram_hash_add_u64(bram_ctx *cx, bram_hash *h, uint64_t value) BRAM_MUST_CHECK;

/** Adds the length of a text, then its bytes. */
int bram_hash_add_text(bram_ctx *cx, bram_hash *h, const char *text) BRAM_MUST_CHECK;

/** Puts 64 lower-case hex digits and the end into hex. The hash starts anew after that. */
int bram_hash_end(bram_ctx *cx, bram_hash *h, char hex[65]) BRAM_MUST_CHECK;

/** SHA-256 of one buffer. @return BRAM_OK; BRAM_ENOMEM; BRAM_EINTERNAL */
int bram_sha256(bram_ctx *cx, char hex[65], const void *data, size_t bytes) BRAM_MUST_CHECK;

/**
 * SHA-256 of a file's bytes, read in pieces; heeds cancellation.
 *
 * @return BRAM_OK; BRAM_EREAD absent, a directory or unreadable; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_sha256_file(bram_ctx *cx, char hex[65], const char *path) BRAM_MUST_CHECK;

/**
 * A file that an option names with its content: "PATH@DIGITS", the first 8 to 64 digits of its
 * SHA-256.
 *
 * @param path    the caller frees it with bram_free()
 * @param option  its name, for messages
 * @return BRAM_OK; BRAM_EUSAGE: not of that form; BRAM_EFORMAT: another file; BRAM_EREAD;
 *         BRAM_ENOMEM
 */
int bram_sha256_pinned(bram_ctx *cx, char **path, const char *option,
                       const char *spec) BRAM_MUST_CHECK;

#endif
