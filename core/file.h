/*
 * file.h - whole files in, atomic files out.
 *
 * Reading gives one block of memory under a size limit. Writing goes to a temporary name in the
 * same folder, is synced and renamed at the end, so that a name never holds half a file: not when
 * the disk is full, not when the process is killed.
 */
#ifndef BRAMBLE_CORE_FILE_H
#define BRAMBLE_CORE_FILE_H

#include <bramble/context.h>

/**
 * Opens a regular file for reading.
 *
 * @param fd    the descriptor; the caller closes it
 * @param size  its size in bytes
 * @return BRAM_OK; BRAM_EREAD: absent, no permission, a folder, not a regular file
 */
int bram_file_open(bram_ctx *cx, int *fd, uint64_t *size, const char *path) BRAM_MUST_CHECK;

/**
 * Reads count bytes at an offset.
 *
 * @return BRAM_OK; BRAM_EREAD (path names the file in the message), also when the file ends early
 */
int bram_file_read_at(bram_ctx *cx, int fd, uint64_t offset, void *bytes, size_t count,
                      const char *path) BRAM_MUST_CHECK;

/**
 * Reads a whole file into heap memory. One byte of value 0 follows the last, so that text is a
 * string.
 *
 * @param bytes  the caller frees it with bram_free()
 * @param limit  the most bytes to accept; 0 for no limit but memory
 * @return BRAM_OK; BRAM_EREAD: absent, no permission, a folder; BRAM_EFORMAT: empty, larger than
 * the limit, or a git-LFS pointer in place of the file; BRAM_ENOMEM
 */
int bram_file_read(bram_ctx *cx, unsigned char **bytes, size_t *size, const char *path,
                   size_t limit) BRAM_MUST_CHECK;

/** @return true when the bytes are the small text that git-LFS leaves in place of a file */
bool bram_file_is_lfs_pointer(const unsigned char *bytes, size_t size);

/** @return BRAM_EFORMAT with a message when the file is a git-LFS pointer; for files not read whole
 */
int bram_file_refuse_lfs(bram_ctx *cx, int fd, uint64_t size, const char *path) BRAM_MUST_CHECK;

/** A file being written. */
typedef struct bram_outfile bram_outfile;

/**
 * Begins a file under a temporary name beside path.
 *
 * @param replace  false refuses a path that exists, now and once more at the commit
 * @return BRAM_OK; BRAM_EWRITE: exists, no such folder, no permission, not a regular file;
 *         BRAM_ENOMEM
 */
int bram_outfile_open(bram_ctx *cx, bram_outfile **out, const char *path,
                      bool replace) BRAM_MUST_CHECK;

/** Appends bytes. A failure (BRAM_EWRITE) sticks: the commit fails as well. */
int bram_outfile_write(bram_ctx *cx, bram_outfile *o, const void *bytes,
                       size_t size) BRAM_MUST_CHECK;

/** Appends text by printf's rules. Numbers with a fraction: see bram_number_format (number.h). */
int bram_outfile_printf(bram_ctx *cx, bram_outfile *o, const char *format, ...)
    BRAM_PRINTF(3, 4) BRAM_MUST_CHECK;

/**
 * Flushes, syncs, renames to the final path, syncs the folder, and frees o, whatever the result. On
 * failure the temporary file is gone and what was at the path before is untouched.
 *
 * @return BRAM_OK; BRAM_EWRITE
 */
int bram_outfile_commit(bram_ctx *cx, bram_outfile *o) BRAM_MUST_CHECK;

/**
 * The same for many files of one folder at once: each is whole or absent, and the folder is synced
 * once, after all. File systems that write a journal do so about once, so that a thousand small
 * files take little more than one. Frees all, whatever the result.
 *
 * @return BRAM_OK; BRAM_EWRITE: some of the files may be in place, and none is half written
 */
int bram_outfile_commit_all(bram_ctx *cx, bram_outfile **o, size_t count) BRAM_MUST_CHECK;

/** The commit will not wait for the disk: for files that can be made again, such as pages. */
void bram_outfile_relax(bram_outfile *o);

/** Removes the temporary file and frees o. NULL is allowed. */
void bram_outfile_abort(bram_outfile *o);

/**
 * Removes from a folder the temporary files of processes of this machine that ended (by SIGKILL,
 * say) before they could do so. Those of processes that live, or of other machines, stay. What
 * cannot be removed stays too: such files are never taken for results.
 */
void bram_file_remove_orphans(const char *folder);

/** @return the temporary name, for a library that writes a file by name itself */
const char *bram_outfile_temporary(const bram_outfile *o);

#endif
