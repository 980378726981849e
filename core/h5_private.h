/*
 * h5_private.h - what h5.c (files, objects, links), h5_source.c (values) and h5_write.c share;
 * includes HDF5's header.
 */
#ifndef BRAMBLE_CORE_H5_PRIVATE_H
#define BRAMBLE_CORE_H5_PRIVATE_H

#include "h5.h"
#include "internal.h"

#include <hdf5.h>

/* HDF5 takes 1 MiB for each read that converts types else: most of the time where thousands of
 * single values are read. */
enum { BRAM_H5_BUFFER = 1 << 14 };

struct bram_h5_object {
    const bram_h5 *file;
    hid_t id;
    char *name; /* for messages: "" for the root, "/a/b", or "/@4868" for what a reference gave */
};

struct bram_h5 {
    bram_h5_object root;
    char *path;
    uint64_t bytes; /* size of the file */
    hid_t links;    /* link access list that refuses external links */
    hid_t transfer; /* transfer list whose buffer is small */
};

/**
 * Bounds what HDF5 holds of an open file: its cache of small objects, which grows to 32 MiB else
 * for what is read or written once, and the buffer of 64 KiB that each open dataset has.
 */
bool bram_h5_take_little(hid_t access);

/** "file: /a/b" for messages. */
typedef struct bram_h5_where {
    char text[320];
} bram_h5_where;
bram_h5_where bram_h5_place(const bram_h5_object *at, const char *path);

/** Opens what stands at the path; the caller gives the id back with H5Oclose. */
int bram_h5_id(bram_ctx *cx, hid_t *out, const bram_h5_object *at,
               const char *path) BRAM_MUST_CHECK;

struct bram_h5w;

/** The file that is being written. */
hid_t bram_h5w_file(const struct bram_h5w *w);

/** BRAM_OK when HDF5 is content and no write of the file has failed so far; else a message. */
int bram_h5w_settle(bram_ctx *cx, const struct bram_h5w *w, bool good, const char *path,
                    const char *what) BRAM_MUST_CHECK;

/** Fails with "file: /path: what (HDF5: reason)". */
int bram_h5_broken(bram_ctx *cx, const bram_h5_object *at, const char *path, const char *what);

#endif
