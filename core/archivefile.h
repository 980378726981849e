/*
 * archivefile.h - members of zip and tar archives (also .tar.gz), read into memory, one after the
 * other or by name. The only user of libarchive, whose own header is called archive.h. Nothing is
 * ever written to disk.
 */
#ifndef BRAMBLE_CORE_ARCHIVEFILE_H
#define BRAMBLE_CORE_ARCHIVEFILE_H

#include "file.h"

#include <bramble/context.h>

typedef struct bram_archive bram_archive;

/**
 * Opens an archive before its first member.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: not zip or tar; BRAM_ENOMEM
 */
int bram_archive_open(bram_ctx *cx, bram_archive **out, const char *path) BRAM_MUST_CHECK;
void bram_archive_close(bram_archive *a);

/**
 * Goes to the next member that is a file.
 *
 * @param name  its name in UTF-8, valid until the next call; NULL after the last
 * @return BRAM_OK; BRAM_EFORMAT: damaged, more than a million members, a bomb
 */
int bram_archive_next(bram_ctx *cx, bram_archive *a, const char **name) BRAM_MUST_CHECK;

/**
 * Reads the present member; once. One byte of value 0 follows the last.
 *
 * @param bytes  the caller frees it with bram_free()
 * @param limit  the most bytes to accept; 0 for the default of 16 GiB
 * @return BRAM_OK; BRAM_EFORMAT: damaged, encrypted, beyond the limit, a bomb (beyond 256 MiB at
 * more than 500 times the archive's size); BRAM_ENOMEM
 */
int bram_archive_take(bram_ctx *cx, bram_archive *a, unsigned char **bytes, size_t *size,
                      size_t limit) BRAM_MUST_CHECK;

/** Reads one member by name (the first of that name). BRAM_EABSENT when there is none. */
int bram_archive_read(bram_ctx *cx, const char *path, const char *name, unsigned char **bytes,
                      size_t *size, size_t limit) BRAM_MUST_CHECK;

/** @return how many members so far were neither files nor folders: links, devices */
size_t bram_archive_others(const bram_archive *a);

/** @return whether it is a tar that is not compressed; known from the first member on */
bool bram_archive_is_plain(const bram_archive *a);

/** @return the size of its file */
size_t bram_archive_bytes(const bram_archive *a);

/**
 * Lists the names of all members that are files.
 *
 * @param names  count pointers in one heap block with the text; the caller frees it with
 * bram_free()
 */
int bram_archive_list(bram_ctx *cx, const char *path, char ***names, size_t *count) BRAM_MUST_CHECK;

/* ---- writing -------------------------------------------------------------------------------- */

typedef struct bram_archive_out bram_archive_out;

/** Begins a tar archive (pax, where a name or size asks for it) that goes into an open file. */
int bram_archive_out_new(bram_ctx *cx, bram_archive_out **out, bram_outfile *file) BRAM_MUST_CHECK;

/** Adds a file, without owner and time, so that equal members give equal bytes. */
int bram_archive_out_add(bram_ctx *cx, bram_archive_out *a, const char *name, const void *bytes,
                         size_t size) BRAM_MUST_CHECK;

/** Ends the archive and frees it, whatever the result; the caller commits the file. */
int bram_archive_out_end(bram_ctx *cx, bram_archive_out *a) BRAM_MUST_CHECK;

/** Frees an archive that is not to be ended. NULL is allowed. */
void bram_archive_out_free(bram_archive_out *a);

#endif
