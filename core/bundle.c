/*
 * bundle.c - the files below a folder, or the members of an archive; see bundle.h.
 */
#include "bundle.h"

#include "archivefile.h"
#include "hash.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 1000000, MOST_DEPTH = 16 };

struct bram_bundle {
    char *path;
    bool folder;
    char **name;   /* as they stand in the folder or archive, in byte order */
    size_t prefix; /* bytes of the folder that all of them are in */
    size_t count, room;
    double bytes;
};

/* ---- listing -------------------------------------------------------------------------------- */

static int add_name(bram_ctx *cx, bram_bundle *b, char *name)
{
    if (!name) return BRAM_ENOMEM;
    if (b->count == MOST_FILES) {
        bram_free(name);
        return bram_fail(cx, BRAM_EFORMAT, "%s holds more than %d files", b->path, MOST_FILES);
    }
    if (b->count == b->room) {
        size_t room = b->room ? 2 * b->room : 256;
        char **names = bram_realloc(cx, b->name, room, sizeof *names);
        if (!names) {
            bram_free(name);
            return BRAM_ENOMEM;
        }
        b->name = names;
        b->room = room;
    }
    b->name[b->count++] = name;
    return BRAM_OK;
}

static int list_folder(bram_ctx *cx, bram_bundle *b, const char *below, int depth);

static int add_entry(bram_ctx *cx, bram_bundle *b, char *name, int depth)
{
    struct stat link, s;
    char *path = name ? bram_strf(cx, "%s/%s", b->path, name) : NULL;
    int status = path ? BRAM_OK : BRAM_ENOMEM;
    bool there = path && lstat(path, &link) == 0 && stat(path, &s) == 0;
    bram_free(path);
    if (there && S_ISDIR(link.st_mode)) {
        status = list_folder(cx, b, name, depth + 1);
    } else if (there && S_ISREG(s.st_mode)) {
        b->bytes += (double)s.st_size;
        return add_name(cx, b, name);
    }
    bram_free(name);
    return status;
}

static int list_folder(bram_ctx *cx, bram_bundle *b, const char *below, int depth)
{
    if (depth > MOST_DEPTH)
        return bram_fail(cx, BRAM_EFORMAT, "%s: folders are nested deeper than %d", b->path,
                         MOST_DEPTH);
    char *path = *below ? bram_strf(cx, "%s/%s", b->path, below) : bram_strdup(cx, b->path);
    if (!path) return BRAM_ENOMEM;
    DIR *d = opendir(path);
    int status = d ? BRAM_OK : bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    for (const struct dirent *e; status == BRAM_OK && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        status = add_entry(cx, b, bram_strf(cx, "%s%s%s", below, *below ? "/" : "", e->d_name),
                           depth);
    }
    if (d) closedir(d);
    bram_free(path);
    return status;
}

static int list_archive(bram_ctx *cx, bram_bundle *b)
{
    char **names = NULL;
    size_t count = 0;
    BRAM_TRY(bram_archive_list(cx, b->path, &names, &count));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        status = add_name(cx, b, bram_strdup(cx, names[i]));
    bram_free(names);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "top/" when every name begins with it. */
static size_t common_folder(const bram_bundle *b)
{
    const char *slash = b->count ? strchr(b->name[0], '/') : NULL;
    size_t length = slash ? (size_t)(slash - b->name[0]) + 1 : 0;
    for (size_t i = 1; i < b->count; i++)
        if (strncmp(b->name[i], b->name[0], length) != 0) return 0;
    return length;
}

int bram_bundle_open(bram_ctx *cx, bram_bundle **out, const char *path)
{
    struct stat s;
    bram_bundle *b = bram_alloc(cx, 1, sizeof *b);
    if (!b) return BRAM_ENOMEM;
    b->path = bram_strdup(cx, path);
    for (size_t n = b->path ? strlen(b->path) : 0; n > 1 && b->path[n - 1] == '/';)
        b->path[--n] = 0;
    b->folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    int status = !b->path    ? BRAM_ENOMEM
                 : b->folder ? list_folder(cx, b, "", 0)
                             : list_archive(cx, b);
    if (status != BRAM_OK) {
        bram_bundle_close(b);
        return status;
    }
    if (b->count) qsort(b->name, b->count, sizeof *b->name, by_name);
    b->prefix = b->folder ? 0 : common_folder(b);
    *out = b;
    return BRAM_OK;
}

void bram_bundle_close(bram_bundle *b)
{
    if (!b) return;
    for (size_t i = 0; i < b->count; i++) bram_free(b->name[i]);
    bram_free(b->name);
    bram_free(b->path);
    bram_free(b);
}

size_t bram_bundle_count(const bram_bundle *b)
{
    return b->count;
}

const char *bram_bundle_name(const bram_bundle *b, size_t i)
{
    return b->name[i] + b->prefix;
}

double bram_bundle_bytes(const bram_bundle *b)
{
    return b->bytes;
}

ptrdiff_t bram_bundle_find(const bram_bundle *b, const char *name)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(bram_bundle_name(b, middle), name);
        if (!order) return (ptrdiff_t)middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

/* ---- arrays --------------------------------------------------------------------------------- */

static int open_file(bram_ctx *cx, bram_npy **out, const bram_bundle *b, size_t i)
{
    char *path = bram_strf(cx, "%s/%s", b->path, b->name[i]);
    if (!path) return BRAM_ENOMEM;
    int status = bram_npy_open(cx, out, path);
    bram_free(path);
    return status;
}

/* An array of an archive whose bytes are handed over. */
static int open_member(bram_ctx *cx, bram_npy **out, const bram_bundle *b, const char *name,
                       unsigned char *bytes, size_t size)
{
    char *words = bram_strf(cx, "%s: %s", b->path, name);
    if (!words) {
        bram_free(bytes);
        return BRAM_ENOMEM;
    }
    int status = bram_npy_open_memory(cx, out, words, bytes, size);
    bram_free(words);
    return status;
}

int bram_bundle_npy(bram_ctx *cx, bram_npy **out, const bram_bundle *b, const char *name)
{
    ptrdiff_t at = bram_bundle_find(b, name);
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (at < 0) return bram_fail(cx, BRAM_EFORMAT, "%s: no %s", b->path, name);
    if (b->folder) return open_file(cx, out, b, (size_t)at);
    BRAM_TRY(bram_archive_read(cx, b->path, b->name[at], &bytes, &size, 0));
    return open_member(cx, out, b, name, bytes, size);
}

static int each_of_folder(bram_ctx *cx, const bram_bundle *b,
                          bool (*wanted)(void *user, size_t file), bram_bundle_fn *each, void *user)
{
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < b->count; i++) {
        bram_npy *array = NULL;
        if (!wanted(user, i)) continue;
        status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = open_file(cx, &array, b, i);
        if (status == BRAM_OK) status = each(cx, user, i, array);
        bram_npy_close(array);
    }
    return status;
}

static ptrdiff_t position_of(const bram_bundle *b, const char *name)
{
    return strlen(name) < b->prefix ? -1 : bram_bundle_find(b, name + b->prefix);
}

static int take_member(bram_ctx *cx, const bram_bundle *b, bram_archive *a, size_t i,
                       bram_bundle_fn *each, void *user)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_npy *array = NULL;
    BRAM_TRY(bram_archive_take(cx, a, &bytes, &size, 0));
    BRAM_TRY(open_member(cx, &array, b, bram_bundle_name(b, i), bytes, size));
    int status = each(cx, user, i, array);
    bram_npy_close(array);
    return status;
}

int bram_bundle_each(bram_ctx *cx, const bram_bundle *b, bool (*wanted)(void *user, size_t file),
                     bram_bundle_fn *each, void *user)
{
    bram_archive *a = NULL;
    const char *name = NULL;
    if (b->folder) return each_of_folder(cx, b, wanted, each, user);
    BRAM_TRY(bram_archive_open(cx, &a, b->path));
    int status = bram_archive_next(cx, a, &name);
    for (; status == BRAM_OK && name; status = bram_archive_next(cx, a, &name)) {
        ptrdiff_t at = position_of(b, name);
        if (at >= 0 && wanted(user, (size_t)at))
            status = take_member(cx, b, a, (size_t)at, each, user);
        if (status != BRAM_OK) break;
    }
    bram_archive_close(a);
    return status;
}

/* ---- hash ----------------------------------------------------------------------------------- */

static int add_file(bram_ctx *cx, bram_hash *h, const bram_bundle *b, size_t i)
{
    char hex[65], *path = bram_strf(cx, "%s/%s", b->path, b->name[i]);
    if (!path) return BRAM_ENOMEM;
    int status = bram_sha256_file(cx, hex, path);
    bram_free(path);
    if (status == BRAM_OK) status = bram_hash_add_text(cx, h, b->name[i]);
    return status == BRAM_OK ? bram_hash_add_text(cx, h, hex) : status;
}

int bram_bundle_hash(bram_ctx *cx, char hex[65], const bram_bundle *b)
{
    bram_hash *h = NULL;
    if (!b->folder) return bram_sha256_file(cx, hex, b->path);
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < b->count; i++) status = add_file(cx, h, b, i);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}
