/*
 * testzip.h - makes small zip files in memory, members stored without compression, so that tests
 * can make archives of any content, the damaged and the lying included.
 */
#ifndef BRAMBLE_TESTZIP_H
#define BRAMBLE_TESTZIP_H

#include "test.h"

enum { TESTZIP_BYTES = 1 << 20 };

struct testzip {
    unsigned char bytes[TESTZIP_BYTES], directory[4096];
    size_t used, directory_used, members;
};

static inline void testzip_put(unsigned char *to, size_t *used, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[(*used)++] = (unsigned char)(value >> 8 * i);
}

/* CRC-32 as zip has it: polynomial 0xedb88320, bit by bit. */
static inline uint32_t testzip_crc(const void *data, size_t size)
{
    const unsigned char *p = data;
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

/* The fields that the header before a member and its entry in the directory share. */
static inline void testzip_fields(unsigned char *to, size_t *used, uint32_t crc, size_t size,
                                  size_t name)
{
    testzip_put(to, used, 20, 2);         /* version */
    testzip_put(to, used, 0, 4);          /* flags, stored */
    testzip_put(to, used, 0x21 << 16, 4); /* 1 January 1980 */
    testzip_put(to, used, crc, 4);
    testzip_put(to, used, (uint32_t)size, 4);
    testzip_put(to, used, (uint32_t)size, 4);
    testzip_put(to, used, (uint32_t)name, 2);
    testzip_put(to, used, 0, 2); /* no extra field */
}

static inline void testzip_add(struct testzip *z, const char *name, const void *data, size_t size)
{
    size_t length = strlen(name), offset = z->used;
    uint32_t crc = testzip_crc(data, size);
    assert_true(z->used + size + length + 1000 < TESTZIP_BYTES);
    testzip_put(z->bytes, &z->used, 0x04034b50, 4);
    testzip_fields(z->bytes, &z->used, crc, size, length);
    memcpy(z->bytes + z->used, name, length);
    memcpy(z->bytes + z->used + length, data, size);
    z->used += length + size;

    assert_true(z->directory_used + length + 100 < sizeof z->directory);
    testzip_put(z->directory, &z->directory_used, 0x02014b50, 4);
    testzip_put(z->directory, &z->directory_used, 20, 2);
    testzip_fields(z->directory, &z->directory_used, crc, size, length);
    testzip_put(z->directory, &z->directory_used, 0, 4); /* comment, disk */
    testzip_put(z->directory, &z->directory_used, 0, 4);
    testzip_put(z->directory, &z->directory_used, 0, 2);
    testzip_put(z->directory, &z->directory_used, (uint32_t)offset, 4);
    memcpy(z->directory + z->directory_used, name, length);
    z->directory_used += length;
    z->members++;
}

static inline void testzip_write(struct testzip *z, const char *path)
{
    size_t start = z->used;
    memcpy(z->bytes + z->used, z->directory, z->directory_used);
    z->used += z->directory_used;
    testzip_put(z->bytes, &z->used, 0x06054b50, 4);
    testzip_put(z->bytes, &z->used, 0, 4);
    testzip_put(z->bytes, &z->used, (uint32_t)z->members, 2);
    testzip_put(z->bytes, &z->used, (uint32_t)z->members, 2);
    testzip_put(z->bytes, &z->used, (uint32_t)z->directory_used, 4);
    testzip_put(z->bytes, &z->used, (uint32_t)start, 4);
    testzip_put(z->bytes, &z->used, 0, 2);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(z->bytes, 1, z->used, f), z->used);
    assert_int_equal(fclose(f), 0);
}

#endif
