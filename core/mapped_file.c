/*
 * mapped_file.c - mmap with a count of who uses it.
 */
#include "mapped_file.h"

#include "file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int bram_mapped_open(bram_ctx *cx, bram_mapped **out, const char *path)
{
    int fd = -1;
    uint64_t size = 0;
    BRAM_TRY(bram_file_open(cx, &fd, &size, path));
    if (!size) {
        close(fd);
        return bram_fail(cx, BRAM_EFORMAT, "%s is empty", path);
    }
    bram_mapped *m = bram_alloc(cx, 1, sizeof *m);
    void *bytes = m ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    int error = errno;
    close(fd);
    if (bytes == MAP_FAILED) {
        int status = m ? bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(error)) : BRAM_ENOMEM;
        bram_free(m);
        return status;
    }
    m->bytes = bytes;
    m->size = size;
    atomic_init(&m->shares, 1);
    *out = m;
    return BRAM_OK;
}

bram_mapped *bram_mapped_ref(bram_mapped *m)
{
    atomic_fetch_add(&m->shares, 1);
    return m;
}

void bram_mapped_free(bram_mapped *m)
{
    if (!m || atomic_fetch_sub(&m->shares, 1) != 1) return;
    munmap((void *)(uintptr_t)m->bytes, m->size);
    bram_free(m);
}
