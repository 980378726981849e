/*
 * made_zip.h - zip files whose members are stored, arrays of .npy, and bundles of these: the same
 * members as a zip or as the files of a folder.
 */
#ifndef BRAMBLE_MADE_ZIP_H
#define BRAMBLE_MADE_ZIP_H

#include <stdbool.h>
#include <stddef.h>

enum { MADE_ZIP_BYTES = 1 << 16, MADE_ZIP_NAMES = 1 << 14 };

typedef struct made_zip {
    unsigned char bytes[MADE_ZIP_BYTES], directory[MADE_ZIP_NAMES];
    size_t used, directory_used, members;
} made_zip;

/* @return false when it is full, or cannot be written */
bool made_zip_add(made_zip *z, const char *name, const void *data, size_t size);
bool made_zip_finish(made_zip *z, const char *path);

/* The bytes of a .npy of version 1; `to` has 128 more than size. */
size_t made_npy_bytes(unsigned char *to, const char *header, const void *values, size_t size);

/* Members that go to a zip, or to files below a folder that is made. */
typedef struct made_bundle {
    const char *path;
    made_zip *zip; /* NULL: a folder */
    bool failed;
} made_bundle;

bool made_bundle_begin(made_bundle *b, const char *path, bool folder);
void made_bundle_put(made_bundle *b, const char *name, const void *bytes, size_t size);

/* An array; descr "<f4", "<i8", "<U5"; shape as Python has it, "(3, 4)". */
void made_bundle_npy(made_bundle *b, const char *name, const char *descr, const char *shape,
                     const void *values, size_t size);

/* @return whether all went well */
bool made_bundle_end(made_bundle *b);

#endif
