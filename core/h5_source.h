/*
 * h5_source.h - what the files that read values (h5_read.c, h5_text.c, h5_names.c, h5_refs.c)
 * share: a dataset or an attribute, opened and measured, and the transfer of its values.
 */
#ifndef BRAMBLE_CORE_H5_SOURCE_H
#define BRAMBLE_CORE_H5_SOURCE_H

#include "h5_private.h"

/** A dataset or an attribute being read. */
typedef struct bram_h5_source {
    bram_ctx *cx;
    const bram_h5_object *at;
    const char *path;
    const char *attr;   /* NULL for a dataset */
    const char *member; /* NULL for the whole element */
    hid_t object, id, type, space;
    hid_t element; /* type of the element or of its member */
    bram_h5_info info;
} bram_h5_source;

/** Which elements: dataspaces in memory and in the file. */
typedef struct bram_h5_block {
    hid_t memory, file;
} bram_h5_block;

extern const bram_h5_block bram_h5_whole;

/**
 * Opens and measures; the strings are kept, not copied. Closed by bram_h5_source_close, unless this
 * fails.
 *
 * @return BRAM_OK; BRAM_EABSENT no such object, attribute or member; BRAM_EFORMAT a shape or a
 * layout that is not read (values in other files, huge chunks)
 */
int bram_h5_source_open(bram_ctx *cx, bram_h5_source *s, const bram_h5_object *at, const char *path,
                        const char *attr, const char *member) BRAM_MUST_CHECK;
void bram_h5_source_close(bram_h5_source *s);

/** "file: /path attribute name" for messages. */
typedef struct bram_h5_source_where {
    char text[400];
} bram_h5_source_where;
bram_h5_source_where bram_h5_source_place(const bram_h5_source *s);

/** Fails with "place: what (HDF5: reason)". */
int bram_h5_source_broken(const bram_h5_source *s, const char *what);

bram_h5_class bram_h5_class_of(hid_t type);

/** @return what values of a class are called in a message: "integers", "strings" ... */
const char *bram_h5_class_name(bram_h5_class type);

/**
 * Refuses a whole dataset whose size in memory cannot be what the file holds: the storage it claims
 * must lie in the file, and the values may be at most some multiple of that.
 *
 * @param limit  more elements are refused; 0 for no limit
 * @param size   bytes of an element in memory
 * @return BRAM_OK; BRAM_EFORMAT; BRAM_EMEMORY above the context's budget; BRAM_ENOMEM
 */
int bram_h5_check_plausible(bram_h5_source *s, size_t limit, size_t size) BRAM_MUST_CHECK;

/** @return the memory type of an element, or a compound of one member; the caller closes it */
hid_t bram_h5_in_memory(const bram_h5_source *s, hid_t element);

/** @return a transfer list of the file with a small buffer, or H5P_DEFAULT for huge elements */
hid_t bram_h5_transfer_list(const bram_h5_source *s, hid_t type);

/** Reads a block as elements of a type. @param list  H5P_DEFAULT, or one of the caller's */
int bram_h5_transfer(const bram_h5_source *s, hid_t element, bram_h5_block block, hid_t list,
                     void *out) BRAM_MUST_CHECK;

/**
 * Lays n texts of given lengths out as one block of memory: pointers, then bytes. (h5_text.c)
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_h5_pack_texts(bram_ctx *cx, char ***out, const char *const *texts, const size_t *lengths,
                       size_t n) BRAM_MUST_CHECK;

#endif
