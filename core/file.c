/*
 * file.c - whole files in, atomic files out.
 */
#define _XOPEN_SOURCE 700 /* realpath */

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, LFS_POINTER_BYTES = 1024 };

/* ---- reading -------------------------------------------------------------------------------- */

int bram_file_open(bram_ctx *cx, int *fd, uint64_t *size, const char *path)
{
    /* without O_NONBLOCK, opening a named pipe would wait for a writer */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return bram_fail(cx, BRAM_EREAD, "%s: %s", path,
                         errno == ENOENT ? "no such file" : strerror(errno));
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        bool folder = S_ISDIR(about.st_mode);
        close(file);
        return bram_fail(cx, BRAM_EREAD, "%s: found %s, expected a file", path,
                         folder ? "a folder" : "something that is not a regular file");
    }
    *fd = file;
    *size = (uint64_t)about.st_size;
    return BRAM_OK;
}

int bram_file_read_at(bram_ctx *cx, int fd, uint64_t offset, void *bytes, size_t count,
                      const char *path)
{
    unsigned char *to = bytes;
    for (size_t done = 0; done < count;) {
        ssize_t got = pread(fd, to + done, count - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
        if (got == 0)
            return bram_fail(cx, BRAM_EREAD, "%s: the file ends at byte %llu, expected %llu", path,
                             (unsigned long long)(offset + done),
                             (unsigned long long)(offset + count));
        done += (size_t)got;
    }
    return BRAM_OK;
}

bool bram_file_is_lfs_pointer(const unsigned char *bytes, size_t size)
{
    static const char start[] = "version https://git-lfs.";
    return size < LFS_POINTER_BYTES && size >= sizeof start - 1 &&
           !memcmp(bytes, start, sizeof start - 1);
}

static int fail_lfs(bram_ctx *cx, const char *path)
{
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: found a git-LFS pointer in place of the file; fetch the file itself "
                     "(git lfs pull)",
                     path);
}

int bram_file_refuse_lfs(bram_ctx *cx, int fd, uint64_t size, const char *path)
{
    unsigned char start[LFS_POINTER_BYTES];
    if (size >= sizeof start) return BRAM_OK;
    BRAM_TRY(bram_file_read_at(cx, fd, 0, start, (size_t)size, path));
    return bram_file_is_lfs_pointer(start, (size_t)size) ? fail_lfs(cx, path) : BRAM_OK;
}

static int read_open_file(bram_ctx *cx, unsigned char **bytes, size_t *size, int fd,
                          uint64_t length, const char *path, size_t limit)
{
    if (length == 0) return bram_fail(cx, BRAM_EFORMAT, "%s: the file is empty", path);
    if ((limit && length > limit) || length >= SIZE_MAX / 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %llu bytes, expected at most %zu", path,
                         (unsigned long long)length, limit ? limit : SIZE_MAX / 2);
    unsigned char *memory = bram_alloc(cx, (size_t)length + 1, 1);
    if (!memory) return bram_fail_prefix(cx, BRAM_ENOMEM, "%s", path);
    int status = bram_file_read_at(cx, fd, 0, memory, (size_t)length, path);
    if (!status && bram_file_is_lfs_pointer(memory, (size_t)length)) status = fail_lfs(cx, path);
    if (status) {
        bram_free(memory);
        return status;
    }
    *bytes = memory;
    *size = (size_t)length;
    return BRAM_OK;
}

int bram_file_read(bram_ctx *cx, unsigned char **bytes, size_t *size, const char *path,
                   size_t limit)
{
    int fd;
    uint64_t length;
    BRAM_TRY(bram_file_open(cx, &fd, &length, path));
    int status = read_open_file(cx, bytes, size, fd, length, path, limit);
    close(fd);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct bram_outfile {
    char *path, *temporary;
    int fd;
    bool replace, failed, relaxed;
    size_t used;
    unsigned char buffer[BUFFER_BYTES];
};

static int fail_write(bram_ctx *cx, const char *path, int error)
{
    return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: %s", path, strerror(error));
}

static void free_outfile(bram_outfile *o)
{
    if (o->fd >= 0) close(o->fd);
    bram_free(o->path);
    bram_free(o->temporary);
    bram_free(o);
}

/* What stands at the path now: nothing, a file that may be replaced, or something to refuse. */
static int check_target(bram_ctx *cx, const char *path, bool replace)
{
    struct stat about;
    if (stat(path, &about) != 0) return errno == ENOENT ? BRAM_OK : fail_write(cx, path, errno);
    if (S_ISDIR(about.st_mode))
        return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: it is a folder", path);
    if (!S_ISREG(about.st_mode))
        return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: it is not a regular file", path);
    if (!replace)
        return bram_fail(cx, BRAM_EWRITE, "%s: exists already and is not to be replaced", path);
    return BRAM_OK;
}

/* A symbolic link is followed, so that the link stays and its file is replaced. */
static char *resolve(bram_ctx *cx, const char *path)
{
    struct stat about;
    if (lstat(path, &about) != 0 || !S_ISLNK(about.st_mode)) return bram_strdup(cx, path);
    char *real = realpath(path, NULL);
    char *copy = bram_strdup(cx, real ? real : path);
    free(real);
    return copy;
}

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path + 1) : 0;
}

/*
 * Temporary names are .bramble-HOST-PID-N.tmp: who may remove one later can be told from the name
 * alone. HOST is the machine's name with everything but letters and digits left out.
 */
enum { HOST_BYTES = 33 };

static void host_name(char host[HOST_BYTES])
{
    char full[256] = "";
    size_t n = 0;
    gethostname(full, sizeof full - 1);
    for (const char *c = full; *c && n + 1 < HOST_BYTES; c++)
        if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
            host[n++] = *c;
    host[n] = 0;
}

/* O_EXCL and a counter give a name of our own; 0666 leaves the permissions to the user's umask. */
static int open_temporary(bram_ctx *cx, bram_outfile *o)
{
    static atomic_uint counter;
    char host[HOST_BYTES];
    host_name(host);
    for (int attempt = 0; attempt < 1000; attempt++) {
        char *name = bram_strf(cx, "%.*s.bramble-%s-%ld-%u.tmp", folder_length(o->path), o->path,
                               host, (long)getpid(), counter++);
        if (!name) return BRAM_ENOMEM;
        o->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (o->fd >= 0) {
            o->temporary = name;
            return BRAM_OK;
        }
        int error = errno;
        bram_free(name);
        if (error == ENOENT)
            return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: no such folder", o->path);
        if (error != EEXIST) return fail_write(cx, o->path, error);
    }
    return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: no free temporary name", o->path);
}

int bram_outfile_open(bram_ctx *cx, bram_outfile **out, const char *path, bool replace)
{
    BRAM_TRY(check_target(cx, path, replace));
    bram_outfile *o = bram_alloc(cx, 1, sizeof *o);
    if (!o) return BRAM_ENOMEM;
    o->fd = -1;
    o->replace = replace;
    o->path = resolve(cx, path);
    int status = o->path ? open_temporary(cx, o) : BRAM_ENOMEM;
    if (status) {
        free_outfile(o);
        return status;
    }
    *out = o;
    return BRAM_OK;
}

static int flush_bytes(bram_ctx *cx, bram_outfile *o, const unsigned char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(o->fd, bytes + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            o->failed = true;
            return fail_write(cx, o->path, put ? errno : ENOSPC);
        }
        done += (size_t)put;
    }
    return BRAM_OK;
}

static int flush_buffer(bram_ctx *cx, bram_outfile *o)
{
    size_t used = o->used;
    o->used = 0;
    return flush_bytes(cx, o, o->buffer, used);
}

int bram_outfile_write(bram_ctx *cx, bram_outfile *o, const void *bytes, size_t size)
{
    if (o->failed) return bram_fail(cx, BRAM_EWRITE, "%s: an earlier write failed", o->path);
    if (size > BUFFER_BYTES - o->used) BRAM_TRY(flush_buffer(cx, o));
    if (size > BUFFER_BYTES) return flush_bytes(cx, o, bytes, size);
    if (size) memcpy(o->buffer + o->used, bytes, size);
    o->used += size;
    return BRAM_OK;
}

int bram_outfile_printf(bram_ctx *cx, bram_outfile *o, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length < 0) return bram_fail(cx, BRAM_EINTERNAL, "%s: printf refused a format", o->path);
    if ((size_t)length < sizeof line) return bram_outfile_write(cx, o, line, (size_t)length);
    char *longer = bram_alloc(cx, (size_t)length + 1, 1);
    if (!longer) {
        o->failed = true;
        return BRAM_ENOMEM;
    }
    va_start(args, format);
    vsnprintf(longer, (size_t)length + 1, format, args);
    va_end(args);
    int status = bram_outfile_write(cx, o, longer, (size_t)length);
    bram_free(longer);
    return status;
}

/*
 * Gives the finished file its name. link() refuses an existing name in one step, where a check and
 * a rename would leave a gap; file systems without hard links get the check and the rename.
 */
static int give_name(bram_ctx *cx, bram_outfile *o)
{
    if (!o->replace) {
        if (link(o->temporary, o->path) == 0) {
            unlink(o->temporary);
            return BRAM_OK;
        }
        BRAM_TRY(check_target(cx, o->path, false));
    }
    if (rename(o->temporary, o->path) != 0) return fail_write(cx, o->path, errno);
    return BRAM_OK;
}

/* Makes the new name itself durable. Some file systems cannot sync a folder: then nothing is lost.
 */
static void sync_folder(const char *path)
{
    int length = folder_length(path);
    char *folder = length ? strndup(path, (size_t)length) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

static int flush_rest(bram_ctx *cx, bram_outfile *o)
{
    if (o->failed) return bram_fail(cx, BRAM_EWRITE, "%s: an earlier write failed", o->path);
    return flush_buffer(cx, o);
}

/* Waits for the disk, closes, and gives the name. */
static int put_in_place(bram_ctx *cx, bram_outfile *o)
{
    int status = BRAM_OK;
    if (!o->relaxed && fsync(o->fd) != 0 && errno != EINVAL && errno != EROFS)
        status = fail_write(cx, o->path, errno);
    int closed = close(o->fd);
    o->fd = -1;
    if (!status && closed != 0) status = fail_write(cx, o->path, errno);
    return status ? status : give_name(cx, o);
}

int bram_outfile_commit(bram_ctx *cx, bram_outfile *o)
{
    return bram_outfile_commit_all(cx, &o, 1);
}

int bram_outfile_commit_all(bram_ctx *cx, bram_outfile **o, size_t count)
{
    int status = BRAM_OK;
    size_t named = 0;
    for (size_t i = 0; i < count && status == BRAM_OK; i++) status = flush_rest(cx, o[i]);
    for (; named < count && status == BRAM_OK; named += status == BRAM_OK)
        status = put_in_place(cx, o[named]);
    if (named && !o[0]->relaxed) sync_folder(o[0]->path);
    for (size_t i = 0; i < count; i++)
        if (i < named) free_outfile(o[i]);
        else bram_outfile_abort(o[i]);
    return status;
}

void bram_outfile_relax(bram_outfile *o)
{
    o->relaxed = true;
}

void bram_outfile_abort(bram_outfile *o)
{
    if (!o) return;
    unlink(o->temporary);
    free_outfile(o);
}

const char *bram_outfile_temporary(const bram_outfile *o)
{
    return o->temporary;
}

/* ---- what killed processes left ------------------------------------------------------------- */

/* true when the name is a temporary one of a process of this machine that is no more */
static bool is_orphan(const char *name, const char *host)
{
    static const char start[] = ".bramble-";
    size_t length = strlen(host);
    if (strncmp(name, start, sizeof start - 1) != 0) return false;
    name += sizeof start - 1;
    if (strncmp(name, host, length) != 0 || name[length] != '-') return false;
    long pid;
    unsigned n;
    int end = 0;
    if (sscanf(name + length, "-%ld-%u.tmp%n", &pid, &n, &end) != 2 || !end ||
        name[length + (size_t)end] || pid <= 0)
        return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

void bram_file_remove_orphans(const char *folder)
{
    char host[HOST_BYTES];
    host_name(host);
    DIR *list = opendir(folder);
    if (!list) return;
    for (struct dirent *entry; (entry = readdir(list));)
        if (is_orphan(entry->d_name, host)) unlinkat(dirfd(list), entry->d_name, 0);
    closedir(list);
}
