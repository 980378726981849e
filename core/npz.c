/*
 * npz.c - .npz files: a zip archive with one .npy member for each array.
 */
#include "npy.h"

#include "archivefile.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>

struct bram_npz {
    char *path, **names; /* names without ".npy" */
    size_t count;
};

int bram_npz_open(bram_ctx *cx, bram_npz **out, const char *path)
{
    char **names;
    size_t members, count = 0;
    BRAM_TRY(bram_archive_list(cx, path, &names, &members));
    for (size_t i = 0; i < members; i++) {
        size_t length = strlen(names[i]);
        if (length < 4 || strcmp(names[i] + length - 4, ".npy") != 0) continue;
        names[i][length - 4] = 0;
        names[count++] = names[i];
    }
    bram_npz *z = count ? bram_alloc(cx, 1, sizeof *z) : NULL;
    char *copy = z ? bram_strdup(cx, path) : NULL;
    if (!copy) {
        bram_free(names);
        bram_free(z);
        return count ? BRAM_ENOMEM
                     : bram_fail(cx, BRAM_EFORMAT, "%s: found no .npy member, expected .npz", path);
    }
    *z = (bram_npz){copy, names, count};
    *out = z;
    return BRAM_OK;
}

void bram_npz_close(bram_npz *z)
{
    if (!z) return;
    bram_free(z->path);
    bram_free(z->names);
    bram_free(z);
}

size_t bram_npz_count(const bram_npz *z)
{
    return z->count;
}

const char *bram_npz_name(const bram_npz *z, size_t i)
{
    return z->names[i];
}

static int fail_absent(bram_ctx *cx, const bram_npz *z, const char *name)
{
    char list[400];
    size_t used = 0;
    for (size_t i = 0; i < z->count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 z->names[i]);
    return bram_fail(cx, BRAM_EABSENT, "%s: found no array \"%s\" among: %s", z->path, name, list);
}

int bram_npz_array(bram_ctx *cx, const bram_npz *z, const char *name, bram_npy **out)
{
    bool known = false;
    for (size_t i = 0; i < z->count; i++) known |= !strcmp(z->names[i], name);
    if (!known) return fail_absent(cx, z, name);
    char *member = bram_strf(cx, "%s.npy", name), *label = bram_strf(cx, "%s:%s", z->path, name);
    unsigned char *bytes;
    size_t size;
    int status = member && label ? bram_archive_read(cx, z->path, member, &bytes, &size, 0)
                                 : BRAM_ENOMEM;
    if (!status) status = bram_npy_open_memory(cx, out, label, bytes, size);
    bram_free(member);
    bram_free(label);
    return status;
}
