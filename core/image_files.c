/*
 * image_files.c - the pictures of a folder or an archive, one after the other.
 */
#include "image.h"

#include "archivefile.h"
#include "file.h"
#include "folder.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const size_t most = (size_t)256 << 20; /* bytes of an encoded picture */

static const char *last_step(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool bram_image_is_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *last = last_step(name), *dot = strrchr(last, '.');
    if (*last == '.' || !dot) return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

struct walk {
    bram_images_fn *each;
    void *user;
    size_t found;
};

static int take_file(bram_ctx *cx, void *user, const char *path)
{
    struct walk *w = user;
    unsigned char *bytes = NULL;
    size_t size;
    BRAM_TRY(bram_file_read(cx, &bytes, &size, path, most));
    w->found++;
    int status = w->each(cx, w->user, last_step(path), bytes, size);
    bram_free(bytes);
    return status;
}

static int take_members(bram_ctx *cx, struct walk *w, const char *path)
{
    bram_archive *a = NULL;
    const char *name = NULL;
    BRAM_TRY(bram_archive_open(cx, &a, path));
    int status;
    while ((status = bram_archive_next(cx, a, &name)) == BRAM_OK && name) {
        unsigned char *bytes = NULL;
        size_t size;
        if (!bram_image_is_name(name)) continue;
        status = bram_archive_take(cx, a, &bytes, &size, most);
        w->found++;
        if (status == BRAM_OK) status = w->each(cx, w->user, name, bytes, size);
        bram_free(bytes);
        if (status != BRAM_OK) break;
    }
    bram_archive_close(a);
    return status;
}

int bram_images_each(bram_ctx *cx, const char *path, bram_images_fn *each, void *user)
{
    struct walk w = {each, user, 0};
    struct stat file;
    if (stat(path, &file) != 0) return bram_fail(cx, BRAM_EREAD, "%s: is not there", path);
    if (S_ISDIR(file.st_mode))
        BRAM_TRY(bram_folder_each(cx, path, bram_image_is_name, take_file, &w));
    else BRAM_TRY(take_members(cx, &w, path));
    if (w.found) return BRAM_OK;
    return bram_fail(cx, BRAM_EABSENT, "%s: has no pictures (.png, .jpg, .jpeg)", path);
}
