/*
 * archive.c - members of zip and tar archives in memory, tar archives written, through libarchive.
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
    size_t members, others;
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
        if (archive_entry_filetype(a->entry) == AE_IFREG && !archive_entry_hardlink(a->entry))
            break;
        a->others += archive_entry_filetype(a->entry) != AE_IFDIR;
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

size_t bram_archive_others(const bram_archive *a)
{
    return a->others;
}

bool bram_archive_is_plain(const bram_archive *a)
{
    return (archive_format(a->reader) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_TAR &&
           archive_filter_code(a->reader, 0) == ARCHIVE_FILTER_NONE;
}

size_t bram_archive_bytes(const bram_archive *a)
{
    return (size_t)a->file_size;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct bram_archive_out {
    struct archive *writer;
    bram_outfile *file;
    bram_ctx *cx; /* of the call that writes */
};

static la_ssize_t put_bytes(struct archive *writer, void *user, const void *bytes, size_t size)
{
    bram_archive_out *a = user;
    (void)writer;
    return bram_outfile_write(a->cx, a->file, bytes, size) == BRAM_OK ? (la_ssize_t)size : -1;
}

static int fail_writer(bram_ctx *cx, const bram_archive_out *a)
{
    const char *reason = archive_error_string(a->writer);
    return bram_fail(cx, BRAM_EWRITE, "cannot write an archive: %s", reason ? reason : "unknown");
}

void bram_archive_out_free(bram_archive_out *a)
{
    if (!a) return;
    if (a->writer) archive_write_free(a->writer);
    bram_free(a);
}

int bram_archive_out_new(bram_ctx *cx, bram_archive_out **out, bram_outfile *file)
{
    bram_archive_out *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    *a = (bram_archive_out){archive_write_new(), file, cx};
    int status = a->writer ? BRAM_OK : bram_fail(cx, BRAM_ENOMEM, "no memory for an archive");
    if (status == BRAM_OK &&
        (archive_write_set_format_pax_restricted(a->writer) != ARCHIVE_OK ||
         archive_write_open(a->writer, a, NULL, put_bytes, NULL) != ARCHIVE_OK))
        status = fail_writer(cx, a);
    if (status == BRAM_OK) *out = a;
    else bram_archive_out_free(a);
    return status;
}

int bram_archive_out_add(bram_ctx *cx, bram_archive_out *a, const char *name, const void *bytes,
                         size_t size)
{
    struct archive_entry *entry = archive_entry_new();
    if (!entry) return bram_fail(cx, BRAM_ENOMEM, "no memory for a member of an archive");
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    a->cx = cx;
    int status = archive_write_header(a->writer, entry) == ARCHIVE_OK ? BRAM_OK
                                                                      : fail_writer(cx, a);
    for (size_t done = 0; status == BRAM_OK && done < size;) {
        la_ssize_t n = archive_write_data(a->writer, (const char *)bytes + done, size - done);
        if (n <= 0) status = fail_writer(cx, a);
        else done += (size_t)n;
    }
    archive_entry_free(entry);
    return status;
}

int bram_archive_out_end(bram_ctx *cx, bram_archive_out *a)
{
    a->cx = cx;
    int status = archive_write_close(a->writer) == ARCHIVE_OK ? BRAM_OK : fail_writer(cx, a);
    bram_archive_out_free(a);
    return status;
}
