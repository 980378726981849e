/*
 * mapped_file.h - a file's bytes as memory, shared by what was read from them.
 *
 * The file must not be changed in place while it is mapped; one that is replaced by a rename, as
 * all files of a results folder are, stays as it was.
 */
#ifndef BRAMBLE_CORE_MAPPED_FILE_H
#define BRAMBLE_CORE_MAPPED_FILE_H

#include <bramble/context.h>

#include <stdatomic.h>

typedef struct bram_mapped {
    const unsigned char *bytes;
    size_t size;
    atomic_size_t shares;
} bram_mapped;

/** @return BRAM_OK; BRAM_EREAD: absent, no permission, a folder; BRAM_EFORMAT: empty; BRAM_ENOMEM
 */
int bram_mapped_open(bram_ctx *cx, bram_mapped **out, const char *path) BRAM_MUST_CHECK;

/** Takes a share, gives one back; the last one unmaps. Free accepts NULL. */
bram_mapped *bram_mapped_ref(bram_mapped *m);
void bram_mapped_free(bram_mapped *m);

#endif
