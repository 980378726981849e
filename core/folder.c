/*
 * folder.c - the files of a folder in order, folders made; see folder.h.
 */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* @param wanted  NULL: all, those that begin with a dot, too */
static int list(bram_ctx *cx, char **path, size_t *count, const char *folder,
                bool (*wanted)(const char *name))
{
    DIR *all = opendir(folder);
    if (!all) return bram_fail(cx, BRAM_EREAD, "%s: %s", folder, strerror(errno));
    int status = BRAM_OK;
    for (struct dirent *one; status == BRAM_OK && (one = readdir(all));) {
        if (!strcmp(one->d_name, ".") || !strcmp(one->d_name, "..")) continue;
        if (wanted && (one->d_name[0] == '.' || !wanted(one->d_name))) continue;
        if (*count == BRAM_FOLDER_MOST)
            status = bram_fail(cx, BRAM_EFORMAT, "%s: more than %d files", folder,
                               BRAM_FOLDER_MOST);
        else if (!(path[*count] = bram_strf(cx, "%s/%s", folder, one->d_name)))
            status = BRAM_ENOMEM;
        else ++*count;
    }
    closedir(all);
    return status;
}

int bram_folder_each(bram_ctx *cx, const char *folder, bool (*wanted)(const char *name),
                     bram_folder_fn *each, void *user)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    char **path = bram_scratch(cx, BRAM_FOLDER_MOST, sizeof *path);
    if (!path) return BRAM_ENOMEM;
    int status = list(cx, path, &n, folder, wanted);
    qsort(path, n, sizeof *path, by_name);
    for (size_t i = 0; i < n; i++) {
        if (status == BRAM_OK) status = each(cx, user, path[i]);
        bram_free(path[i]);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- folders of folders --------------------------------------------------------------------- */

struct walk {
    size_t top, depth; /* length of the folder's path and its slash; how deep this one is */
    bram_folder_fn *each;
    void *user;
};

static int walk_one(bram_ctx *cx, void *user, const char *path)
{
    enum { DEEPEST = 16 };
    const struct walk *w = user;
    struct stat s;
    if (lstat(path, &s) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(s.st_mode)) return w->each(cx, w->user, path + w->top);
    struct walk below = {w->top, w->depth + 1, w->each, w->user};
    if (below.depth > DEEPEST)
        return bram_fail(cx, BRAM_EFORMAT, "%s: more than %d folders deep", path, DEEPEST);
    return bram_folder_each(cx, path, NULL, walk_one, &below);
}

int bram_folder_walk(bram_ctx *cx, const char *folder, bram_folder_fn *each, void *user)
{
    struct walk w = {strlen(folder) + 1, 0, each, user};
    return bram_folder_each(cx, folder, NULL, walk_one, &w);
}

enum { PATH = 4096 };

/* Removes what stands at the path, of `length` bytes in a buffer of PATH. It asks for no memory of
 * ours: it cleans up after failures, that of an allocation among them. */
static void remove_tree(char *path, size_t length)
{
    struct stat s;
    if (lstat(path, &s) != 0) return;
    DIR *all = S_ISDIR(s.st_mode) ? opendir(path) : NULL;
    for (struct dirent *one; all && (one = readdir(all));) {
        size_t more = strlen(one->d_name);
        if (!strcmp(one->d_name, ".") || !strcmp(one->d_name, "..")) continue;
        if (length + 1 + more >= PATH) continue;
        path[length] = '/';
        memcpy(path + length + 1, one->d_name, more + 1);
        remove_tree(path, length + 1 + more);
        path[length] = 0;
    }
    if (all) closedir(all);
    if (S_ISDIR(s.st_mode)) rmdir(path);
    else unlink(path);
}

void bram_folder_remove(const char *path)
{
    char way[PATH];
    size_t length = strlen(path);
    if (length >= PATH) return;
    memcpy(way, path, length + 1);
    remove_tree(way, length);
}

static int make_one(bram_ctx *cx, const char *path)
{
    struct stat s;
    if (mkdir(path, 0777) == 0) return BRAM_OK;
    if (errno == EEXIST && stat(path, &s) == 0 && S_ISDIR(s.st_mode)) return BRAM_OK;
    return bram_fail(cx, BRAM_EWRITE, "%s: cannot make this folder: %s", path, strerror(errno));
}

int bram_folder_make(bram_ctx *cx, const char *path)
{
    char *way = bram_strf(cx, "%s/", path);
    if (!way) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (char *slash = strchr(way + 1, '/'); slash && status == BRAM_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        status = make_one(cx, way);
        *slash = '/';
    }
    bram_free(way);
    return status;
}
