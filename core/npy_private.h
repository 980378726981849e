/*
 * npy_private.h - what npy.c (headers) and npyread.c (values) share.
 */
#ifndef BRAMBLE_CORE_NPY_PRIVATE_H
#define BRAMBLE_CORE_NPY_PRIVATE_H

#include "npy.h"

enum { NPY_SUMMARY_BYTES = 320 };

struct bram_npy {
    char *name;
    bram_npy_info info;
    char summary[NPY_SUMMARY_BYTES];
    int fd; /* -1: the array is in memory */
    unsigned char *memory;
    uint64_t size, start; /* where the values end in the file; where they begin */
};

/** Holds the shape against the bytes from start to size, and sets count and summary. */
int bram_npy_check_size(bram_ctx *cx, bram_npy *a) BRAM_MUST_CHECK;

/** Reads bytes of the array, from its file or its memory. BRAM_EREAD or BRAM_EFORMAT outside it. */
int bram_npy_bytes(bram_ctx *cx, const bram_npy *a, uint64_t offset, void *to,
                   size_t count) BRAM_MUST_CHECK;

#endif
