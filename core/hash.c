/*
 * hash.c - SHA-256 (FIPS 180-4) through libcrypto's EVP interface; the only file that touches it.
 */
#include "hash.h"

#include "file.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 16, DIGEST = 32 };

struct bram_hash {
    EVP_MD_CTX *state;
};

static int refused(bram_ctx *cx)
{
    return bram_fail(cx, BRAM_EINTERNAL, "libcrypto refuses to compute SHA-256");
}

int bram_hash_new(bram_ctx *cx, bram_hash **out)
{
    bram_hash *h = bram_alloc(cx, 1, sizeof *h);
    if (!h) return BRAM_ENOMEM;
    h->state = EVP_MD_CTX_new();
    int status = BRAM_OK;
    if (!h->state) status = bram_fail(cx, BRAM_ENOMEM, "no memory for a hash");
    else if (EVP_DigestInit_ex(h->state, EVP_sha256(), NULL) != 1) status = refused(cx);
    if (status != BRAM_OK) {
        bram_hash_free(h);
        return status;
    }
    *out = h;
    return BRAM_OK;
}

void bram_hash_free(bram_hash *h)
{
    if (!h) return;
    EVP_MD_CTX_free(h->state);
    bram_free(h);
}

int bram_hash_add(bram_ctx *cx, bram_hash *h, const void *data, size_t bytes)
{
    if (bytes == 0) return BRAM_OK;
    return EVP_DigestUpdate(h->state, data, bytes) == 1 ? BRAM_OK : refused(cx);
}

int bram_hash_add_u64(bram_ctx *cx, bram_hash *h, uint64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> 8 * i);
    return bram_hash_add(cx, h, bytes, sizeof bytes);
}

int bram_hash_add_text(bram_ctx *cx, bram_hash *h, const char *text)
{
    size_t length = strlen(text);
    BRAM_TRY(bram_hash_add_u64(cx, h, length));
    return bram_hash_add(cx, h, text, length);
}

int bram_hash_end(bram_ctx *cx, bram_hash *h, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(h->state, digest, &length) != 1 || length != DIGEST) return refused(cx);
    if (EVP_DigestInit_ex(h->state, EVP_sha256(), NULL) != 1) return refused(cx);
    for (size_t i = 0; i < DIGEST; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[2 * DIGEST] = 0;
    return BRAM_OK;
}

int bram_sha256(bram_ctx *cx, char hex[65], const void *data, size_t bytes)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add(cx, h, data, bytes);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

static int add_file(bram_ctx *cx, bram_hash *h, int file, const char *path, unsigned char *piece)
{
    for (;;) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        ssize_t got = read(file, piece, PIECE);
        if (got == 0) return BRAM_OK;
        if (got > 0) BRAM_TRY(bram_hash_add(cx, h, piece, (size_t)got));
        else if (errno != EINTR)
            return bram_fail(cx, BRAM_EREAD, "cannot read %s: %s", path, strerror(errno));
    }
}

int bram_sha256_file(bram_ctx *cx, char hex[65], const char *path)
{
    size_t mark = bram_scratch_mark(cx);
    unsigned char *piece = bram_scratch(cx, PIECE, 1);
    if (!piece) return BRAM_ENOMEM;
    bram_hash *h = NULL;
    int file = -1;
    uint64_t size;
    int status = bram_file_open(cx, &file, &size, path); /* regular files only: a pipe has no end */
    if (status == BRAM_OK) status = bram_hash_new(cx, &h);
    if (status == BRAM_OK) status = add_file(cx, h, file, path, piece);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    if (file >= 0) close(file);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_sha256_pinned(bram_ctx *cx, char **path, const char *option, const char *spec)
{
    enum { LEAST_DIGITS = 8 };
    char sum[65];
    const char *at = strrchr(spec, '@');
    size_t digits = at ? strlen(at + 1) : 0;
    if (digits < LEAST_DIGITS || digits > 64 || strspn(at + 1, "0123456789abcdef") != digits)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s=%s: expected PATH@DIGITS, with 8 or more digits of its SHA-256 "
                         "(sha256sum says them)",
                         option, spec);
    char *name = bram_strf(cx, "%.*s", (int)(at - spec), spec);
    if (!name) return BRAM_ENOMEM;
    int status = bram_sha256_file(cx, sum, name);
    if (status == BRAM_OK && strncmp(sum, at + 1, digits) != 0)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found SHA-256 %.*s, expected %s: it is another file", name,
                           (int)digits, sum, at + 1);
    if (status == BRAM_OK) *path = name;
    else bram_free(name);
    return status;
}
