/*
 * collection_find.c - the files that paths, folders and patterns name; see collection.h.
 */
#include "collection.h"

#include "bundle.h"
#include "internal.h"
#include "recognise.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 20000, MOST_DEPTH = 32 };

struct finding {
    bram_ctx *cx;
    bram_collection *c;
    size_t room;
    struct {
        dev_t device;
        ino_t inode;
    } * seen; /* of each file */
};

static int add_file(struct finding *f, const char *path, const struct stat *s, bool named)
{
    bram_collection *c = f->c;
    for (size_t i = 0; f->seen && i < c->count; i++)
        if (f->seen[i].device == s->st_dev && f->seen[i].inode == s->st_ino) {
            c->files[i].named |= named;
            return BRAM_OK;
        }
    if (c->count == MOST_FILES)
        return bram_fail(f->cx, BRAM_EFORMAT, "found more than %d files to import", MOST_FILES);
    if (!f->seen || c->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        void *files = bram_realloc(f->cx, c->files, room, sizeof *c->files);
        if (!files) return BRAM_ENOMEM;
        c->files = files;
        void *seen = bram_realloc(f->cx, f->seen, room, sizeof *f->seen);
        if (!seen) return BRAM_ENOMEM;
        f->seen = seen;
        f->room = room;
    }
    char *copy = bram_strdup(f->cx, path);
    if (!copy) return BRAM_ENOMEM;
    f->seen[c->count].device = s->st_dev;
    f->seen[c->count].inode = s->st_ino;
    c->files[c->count++] = (bram_collected){
        .path = copy, .named = named, .bytes = (double)s->st_size, .state = BRAM_FILE_UNKNOWN};
    return BRAM_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted; hidden ones are left out. */
static int list_folder(struct finding *f, const char *folder, char ***names, size_t *count)
{
    DIR *d = opendir(folder);
    if (!d) return bram_fail(f->cx, BRAM_EREAD, "%s: %s", folder, strerror(errno));
    char **list = NULL;
    size_t n = 0, room = 0;
    int status = BRAM_OK;
    for (const struct dirent *e; status == BRAM_OK && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        if (n == room) {
            char **more = bram_realloc(f->cx, list, room = room ? 2 * room : 64, sizeof *list);
            if (!more) status = BRAM_ENOMEM;
            else list = more;
        }
        if (status == BRAM_OK && !(list[n] = bram_strdup(f->cx, e->d_name))) status = BRAM_ENOMEM;
        n += status == BRAM_OK;
        if (n > MOST_FILES)
            status = bram_fail(f->cx, BRAM_EFORMAT, "%s holds more than %d files", folder,
                               MOST_FILES);
    }
    closedir(d);
    if (n) qsort(list, n, sizeof *list, by_name);
    *names = list;
    *count = n;
    return status;
}

/* A folder that is one recording counts as a file of the size of all that is in it. */
static int add_recording(struct finding *f, const char *folder, bool named)
{
    struct stat s;
    bram_bundle *b = NULL;
    if (stat(folder, &s) != 0)
        return bram_fail(f->cx, BRAM_EREAD, "%s: %s", folder, strerror(errno));
    BRAM_TRY(bram_bundle_open(f->cx, &b, folder));
    s.st_size = (off_t)bram_bundle_bytes(b);
    bram_bundle_close(b);
    return add_file(f, folder, &s, named);
}

/* All files below a folder. Links to folders are not followed: they could lead in a circle. */
static int add_folder(struct finding *f, const char *folder, int depth)
{
    char **names = NULL;
    size_t n = 0, length = strlen(folder);
    if (depth > MOST_DEPTH)
        return bram_fail(f->cx, BRAM_EFORMAT, "%s: folders are nested deeper than %d", folder,
                         MOST_DEPTH);
    int status = list_folder(f, folder, &names, &n);
    for (size_t i = 0; i < n; i++) {
        struct stat s, link;
        char *path = status == BRAM_OK
                         ? bram_strf(f->cx, "%s%s%s", folder,
                                     length && folder[length - 1] == '/' ? "" : "/", names[i])
                         : NULL;
        bram_free(names[i]);
        if (!path) {
            if (status == BRAM_OK) status = BRAM_ENOMEM;
            continue;
        }
        bool below = lstat(path, &link) == 0 && S_ISDIR(link.st_mode);
        if (below && bram_loader_of_folder(path)) status = add_recording(f, path, false);
        else if (below) status = add_folder(f, path, depth + 1);
        else if (stat(path, &s) == 0 && S_ISREG(s.st_mode)) status = add_file(f, path, &s, false);
        bram_free(path);
    }
    bram_free(names);
    return status;
}

/* What is no file is left to the look at it, which says so. */
static int add_path(struct finding *f, const char *path, bool named)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return errno == ENOENT ? bram_fail(f->cx, BRAM_EREAD, "%s: no such file", path)
                               : bram_fail(f->cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    if (bram_loader_of_folder(path)) return add_recording(f, path, named);
    return S_ISDIR(s.st_mode) ? add_folder(f, path, 0) : add_file(f, path, &s, named);
}

static int add_pattern(struct finding *f, const char *pattern)
{
    glob_t found = {.gl_pathc = 0};
    int got = glob(pattern, 0, NULL, &found), status = BRAM_OK;
    if (got == GLOB_NOSPACE) status = bram_fail(f->cx, BRAM_ENOMEM, "no memory for %s", pattern);
    else if (got != 0)
        status = bram_fail(f->cx, BRAM_EREAD, "%s: no such file, and the pattern fits none",
                           pattern);
    for (size_t i = 0; status == BRAM_OK && i < found.gl_pathc; i++)
        status = add_path(f, found.gl_pathv[i], true);
    globfree(&found);
    return status;
}

int bram_collection_find(bram_ctx *cx, bram_collection *c, const char *const *paths, size_t count)
{
    struct finding f = {.cx = cx, .c = c};
    struct stat s;
    int status = BRAM_OK;
    *c = (bram_collection){.files = NULL};
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        status = stat(paths[i], &s) != 0 && strpbrk(paths[i], "*?[") ? add_pattern(&f, paths[i])
                                                                     : add_path(&f, paths[i], true);
    bram_free(f.seen);
    if (status != BRAM_OK) bram_collection_release(c);
    return status;
}

void bram_collection_release(bram_collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        bram_free(c->files[i].path);
        bram_free(c->files[i].words);
    }
    for (size_t i = 0; i < c->set_count; i++) bram_free(c->sets[i].path);
    bram_free(c->files);
    bram_free(c->sets);
    *c = (bram_collection){.files = NULL};
}
