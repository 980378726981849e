/*
 * archive.c - members of zip and tar archives in memory, through libarchive.
 *
 * Only zip, tar and gzip are switched on: libarchive runs outside programs for some other filters.
 */
#include "archivefile.h"

#include "file.h"
#include "internal.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARCHIVE_DEFAULT_LIMIT ((size_t)16 << 30)
#define ARCHIVE_FREE_BYTES    ((uint64_t)256 << 20) /* up to here any ratio is accepted */

enum {
    ARCHIVE_MAX_RATIO = 500,
    ARCHIVE_MAX_MEMBERS = 1000000,
    READ_BYTES = 1 << 16,
    FIRST_ROOM = 1 << 12
};

struct bram_archive {
    struct archive *reader;
    struct archive_entry *entry; /* of the present member; owned by the reader */
    char *path, *name;
    uint64_t file_size;
    size_t members;
    bool taken;
};

static int fail_reader(bram_ctx *cx, const bram_archive *a)
{
    const char *reason = archive_error_string(a->reader);
    return bram_fail(cx, BRAM_EFORMAT, "%s: damaged archive: %s", a->path,
                     reason ? reason : "unknown reason");
}

static int fail_bomb(bram_ctx *cx, const bram_archive *a)
{
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: %llu bytes unpack to more than %d-fold; that is taken for an attack",
                     a->path, (unsigned long long)a->file_size, ARCHIVE_MAX_RATIO);
}

static bool is_bomb(const bram_archive *a, uint64_t unpacked)
{
    return unpacked > ARCHIVE_FREE_BYTES && unpacked / ARCHIVE_MAX_RATIO > a->file_size;
}

static int start_reader(bram_ctx *cx, bram_archive *a)
{
    a->reader = archive_read_new();
    if (!a->reader) return bram_fail(cx, BRAM_ENOMEM, "%s: no memory for an archive", a->path);
    if (archive_read_support_format_zip(a->reader) < ARCHIVE_WARN ||
        archive_read_support_format_tar(a->reader) < ARCHIVE_WARN ||
        archive_read_support_filter_gzip(a->reader) < ARCHIVE_WARN)
        return bram_fail(cx, BRAM_EINTERNAL, "libarchive reads no zip, tar or gzip");
    if (archive_read_open_filename(a->reader, a->path, READ_BYTES) != ARCHIVE_OK)
        return bram_fail(cx, BRAM_EFORMAT, "%s: not a zip or tar archive", a->path);
    return BRAM_OK;
}

int bram_archive_open(bram_ctx *cx, bram_archive **out, const char *path)
{
    int fd;
    uint64_t size;
    BRAM_TRY(bram_file_open(cx, &fd, &size, path));
    int status = bram_file_refuse_lfs(cx, fd, size, path);
    close(fd);
    BRAM_TRY(status);
    if (!size) return bram_fail(cx, BRAM_EFORMAT, "%s: the file is empty", path);
    bram_archive *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    a->file_size = size;
    a->path = bram_strdup(cx, path);
    status = a->path ? start_reader(cx, a) : BRAM_ENOMEM;
    if (status) {
        bram_archive_close(a);
        return status;
    }
    *out = a;
    return BRAM_OK;
}

void bram_archive_close(bram_archive *a)
{
    if (!a) return;
    if (a->reader) archive_read_free(a->reader);
    bram_free(a->path);
    bram_free(a->name);
    bram_free(a);
}

int bram_archive_next(bram_ctx *cx, bram_archive *a, const char **name)
{
    for (;;) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        int result = archive_read_next_header(a->reader, &a->entry);
        if (result == ARCHIVE_EOF) {
            *name = NULL;
            return BRAM_OK;
        }
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return fail_reader(cx, a);
        if (++a->members > ARCHIVE_MAX_MEMBERS)
            return bram_fail(cx, BRAM_EFORMAT, "%s: more than %d members", a->path,
                             ARCHIVE_MAX_MEMBERS);
        int64_t unpacked = archive_filter_bytes(a->reader, 0);
        if (unpacked > 0 && is_bomb(a, (uint64_t)unpacked)) return fail_bomb(cx, a);
        if (archive_entry_filetype(a->entry) == AE_IFREG) break;
    }
    const char *utf8 = archive_entry_pathname_utf8(a->entry);
    if (!utf8) utf8 = archive_entry_pathname(a->entry);
    char *copy = bram_strdup(cx, utf8 ? utf8 : "");
    if (!copy) return BRAM_ENOMEM;
    bram_free(a->name);
    a->name = copy;
    a->taken = false;
    *name = copy;
    return BRAM_OK;
}

/* Reads the member's bytes, growing as they come: the size in its header is not to be trusted. */
static int take_bytes(bram_ctx *cx, bram_archive *a, unsigned char **bytes, size_t *size,
                      size_t limit)
{
    size_t room = FIRST_ROOM, used = 0;
    int64_t stated = archive_entry_size_is_set(a->entry) ? archive_entry_size(a->entry) : 0;
    if (stated > 0 && (uint64_t)stated > limit)
        return bram_fail(cx, BRAM_EFORMAT, "%s: member %s has %lld bytes, expected at most %zu",
                         a->path, a->name, (long long)stated, limit);
    if (stated > 0 && is_bomb(a, (uint64_t)stated)) return fail_bomb(cx, a);
    if (stated > 0 && (uint64_t)stated / ARCHIVE_MAX_RATIO < a->file_size)
        room = (size_t)stated + 1;
    for (;;) {
        unsigned char *grown = bram_realloc(cx, *bytes, room, 1);
        if (!grown) return BRAM_ENOMEM;
        *bytes = grown;
        while (used + 1 < room) {
            la_ssize_t got = archive_read_data(a->reader, grown + used, room - 1 - used);
            if (got == ARCHIVE_RETRY) continue;
            if (got < 0) return fail_reader(cx, a);
            if (got == 0) {
                grown[used] = 0;
                *size = used;
                return BRAM_OK;
            }
            used += (size_t)got;
        }
        unsigned char more; /* is the room just enough? */
        la_ssize_t got = archive_read_data(a->reader, &more, 1);
        if (got < 0) return fail_reader(cx, a);
        if (got == 0) {
            grown[used] = 0;
            *size = used;
            return BRAM_OK;
        }
        if (used >= limit)
            return bram_fail(cx, BRAM_EFORMAT, "%s: member %s unpacks to more than %zu bytes",
                             a->path, a->name, limit);
        if (is_bomb(a, used)) return fail_bomb(cx, a);
        room = room < limit / 2 ? 2 * room : limit + 1;
        if (room < used + 2) room = used + 2;
        grown = bram_realloc(cx, *bytes, room, 1);
        if (!grown) return BRAM_ENOMEM;
        *bytes = grown;
        grown[used++] = more;
    }
}

int bram_archive_take(bram_ctx *cx, bram_archive *a, unsigned char **bytes, size_t *size,
                      size_t limit)
{
    if (!a->name || a->taken)
        return bram_fail(cx, BRAM_EUSAGE, "%s: there is no member to take", a->path);
    a->taken = true;
    if (archive_entry_is_encrypted(a->entry))
        return bram_fail(cx, BRAM_EFORMAT, "%s: member %s is encrypted", a->path, a->name);
    if (!limit || limit > ARCHIVE_DEFAULT_LIMIT) limit = ARCHIVE_DEFAULT_LIMIT;
    unsigned char *memory = NULL;
    int status = take_bytes(cx, a, &memory, size, limit);
    if (status) {
        bram_free(memory);
        return status;
    }
    *bytes = memory;
    return BRAM_OK;
}

int bram_archive_read(bram_ctx *cx, const char *path, const char *name, unsigned char **bytes,
                      size_t *size, size_t limit)
{
    bram_archive *a = NULL;
    const char *found = NULL;
    int status = bram_archive_open(cx, &a, path);
    while (!status && !(status = bram_archive_next(cx, a, &found)) && found &&
           strcmp(found, name) != 0)
        ;
    if (!status && !found)
        status = bram_fail(cx, BRAM_EABSENT, "%s: found no member %s", path, name);
    if (!status) status = bram_archive_take(cx, a, bytes, size, limit);
    bram_archive_close(a);
    return status;
}

/* ---- the list of names ---------------------------------------------------------------------- */

struct names {
    char *text; /* one after the other, each with its zero */
    size_t used, room, count;
};

static int add_name(bram_ctx *cx, struct names *s, const char *name)
{
    size_t length = strlen(name) + 1;
    if (length > s->room - s->used) {
        size_t room = 2 * s->room + length + FIRST_ROOM;
        char *text = bram_realloc(cx, s->text, room, 1);
        if (!text) return BRAM_ENOMEM;
        s->text = text;
        s->room = room;
    }
    memcpy(s->text + s->used, name, length);
    s->used += length;
    s->count++;
    return BRAM_OK;
}

static int collect_names(bram_ctx *cx, const char *path, struct names *s)
{
    bram_archive *a = NULL;
    const char *name = NULL;
    int status = bram_archive_open(cx, &a, path);
    while (!status && !(status = bram_archive_next(cx, a, &name)) && name)
        status = add_name(cx, s, name);
    bram_archive_close(a);
    return status;
}

int bram_archive_list(bram_ctx *cx, const char *path, char ***names, size_t *count)
{
    struct names s = {.used = 0};
    int status = collect_names(cx, path, &s);
    char **list = NULL;
    if (!status) {
        list = bram_alloc(cx, s.count * sizeof *list + s.used, 1);
        status = list ? BRAM_OK : BRAM_ENOMEM;
    }
    if (!status) {
        char *text = (char *)(list + s.count);
        if (s.used) memcpy(text, s.text, s.used);
        for (size_t i = 0; i < s.count; i++, text += strlen(text) + 1) list[i] = text;
        *names = list;
        *count = s.count;
    }
    bram_free(s.text);
    return status;
}
