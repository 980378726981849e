/* made_zip.c - zip files, arrays and bundles of them: see made_zip.h. */
#include "made_zip.h"

#include "folder.h"
#include "made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- zip ------------------------------------------------------------------------------------ */

static void put_number(unsigned char *to, size_t *used, unsigned long value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[(*used)++] = (unsigned char)(value >> 8 * i);
}

/* CRC-32 as zip has it: polynomial 0xedb88320, bit by bit. */
static unsigned long crc_of(const unsigned char *p, size_t size)
{
    unsigned long crc = 0xffffffffUL;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320UL : 0);
    }
    return crc ^ 0xffffffffUL;
}

static void put_fields(unsigned char *to, size_t *used, unsigned long crc, size_t size, size_t name)
{
    put_number(to, used, 20, 2);           /* version */
    put_number(to, used, 0, 4);            /* flags, stored */
    put_number(to, used, 0x21UL << 16, 4); /* 1 January 1980 */
    put_number(to, used, crc, 4);
    put_number(to, used, size, 4);
    put_number(to, used, size, 4);
    put_number(to, used, name, 2);
    put_number(to, used, 0, 2); /* no extra field */
}

bool made_zip_add(made_zip *z, const char *name, const void *data, size_t size)
{
    size_t length = strlen(name), offset = z->used;
    if (z->used + size + z->directory_used + 1000 > MADE_ZIP_BYTES) return false;
    if (z->directory_used + length + 100 > sizeof z->directory) return false;
    unsigned long crc = crc_of(data, size);
    put_number(z->bytes, &z->used, 0x04034b50, 4);
    put_fields(z->bytes, &z->used, crc, size, length);
    memcpy(z->bytes + z->used, name, length);
    memcpy(z->bytes + z->used + length, data, size);
    z->used += length + size;
    put_number(z->directory, &z->directory_used, 0x02014b50, 4);
    put_number(z->directory, &z->directory_used, 20, 2);
    put_fields(z->directory, &z->directory_used, crc, size, length);
    put_number(z->directory, &z->directory_used, 0, 8); /* comment, disk, attributes */
    put_number(z->directory, &z->directory_used, 0, 2);
    put_number(z->directory, &z->directory_used, offset, 4);
    memcpy(z->directory + z->directory_used, name, length);
    z->directory_used += length;
    z->members++;
    return true;
}

bool made_zip_finish(made_zip *z, const char *path)
{
    size_t start = z->used;
    memcpy(z->bytes + z->used, z->directory, z->directory_used);
    z->used += z->directory_used;
    put_number(z->bytes, &z->used, 0x06054b50, 4);
    put_number(z->bytes, &z->used, 0, 4);
    put_number(z->bytes, &z->used, z->members, 2);
    put_number(z->bytes, &z->used, z->members, 2);
    put_number(z->bytes, &z->used, z->directory_used, 4);
    put_number(z->bytes, &z->used, start, 4);
    put_number(z->bytes, &z->used, 0, 2);
    return made_bytes(path, z->bytes, z->used);
}

/* The bytes of a .npy of version 1. */
size_t made_npy_bytes(unsigned char *to, const char *header, const void *values, size_t size)
{
    enum { HEADER = 118, START = 128 };
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    to[8] = HEADER, to[9] = 0;
    memset(to + 10, ' ', HEADER);
    memcpy(to + 10, header, strlen(header));
    to[START - 1] = '\n';
    memcpy(to + START, values, size);
    return START + size;
}

/* ---- bundles -------------------------------------------------------------------------------- */

bool made_bundle_begin(made_bundle *b, const char *path, bool folder)
{
    *b = (made_bundle){.path = path};
    if (!folder) b->zip = calloc(1, sizeof *b->zip);
    return folder || b->zip;
}

static bool put_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[1024];
    bram_ctx *cx = bram_ctx_new();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *strrchr(path, '/') = 0;
    bool good = cx && bram_folder_make(cx, path) == BRAM_OK;
    bram_ctx_free(cx);
    path[strlen(path)] = '/';
    return good && made_bytes(path, bytes, size);
}

void made_bundle_put(made_bundle *b, const char *name, const void *bytes, size_t size)
{
    char inside[256];
    snprintf(inside, sizeof inside, "top/%s", name);
    b->failed |= b->zip ? !made_zip_add(b->zip, inside, bytes, size)
                        : !put_file(b->path, name, bytes, size);
}

void made_bundle_npy(made_bundle *b, const char *name, const char *descr, const char *shape,
                     const void *values, size_t size)
{
    char header[118];
    unsigned char *bytes = malloc(size + 128);
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr,
             shape);
    if (bytes) made_bundle_put(b, name, bytes, made_npy_bytes(bytes, header, values, size));
    b->failed |= !bytes;
    free(bytes);
}

bool made_bundle_end(made_bundle *b)
{
    bool good = !b->failed && (!b->zip || made_zip_finish(b->zip, b->path));
    free(b->zip);
    b->zip = NULL;
    return good;
}
