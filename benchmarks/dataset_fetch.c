/*
 * dataset_fetch.c - fetches the files of a manifest; see dataset_fetch.h.
 */
#include "dataset_fetch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Makes the folders of FOLDER/a/b/name; names of manifests stay below the folder (yaml.c). */
static int make_folders(bram_ctx *cx, const char *folder, const char *name)
{
    char *path = bram_strf(cx, "%s/%s", folder, name);
    if (!path) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (char *at = path + strlen(folder); status == BRAM_OK && at; at = strchr(at + 1, '/')) {
        *at = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            status = bram_fail(cx, BRAM_EWRITE, "cannot make the folder %s: %s", path,
                               strerror(errno));
        *at = '/';
    }
    bram_free(path);
    return status;
}

/* FROM/name, with what an address cannot hold as %XX. */
static char *address_below(bram_ctx *cx, const char *from, const char *name)
{
    size_t length = strlen(from);
    char *url = bram_alloc(cx, length + 3 * strlen(name) + 2, 1);
    if (!url) return NULL;
    memcpy(url, from, length);
    char *to = url + length;
    if (length && to[-1] != '/') *to++ = '/';
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool plain = isalnum(*c) || strchr("-._~/", *c);
        if (plain) *to++ = (char)*c;
        else to += snprintf(to, 4, "%%%02X", *c);
    }
    return url;
}

static int fetch_one(bram_ctx *cx, const bram_dataset_fetch *how, const bram_yaml_file *file,
                     const char *url, const char *path)
{
    bram_fetched got = {.present = false};
    const bram_fetch what = {.url = url,
                             .path = path,
                             .bytes = (uint64_t)file->bytes,
                             .sha256 = file->sha256,
                             .tries = how->tries,
                             .wait = how->wait,
                             .stall = how->stall,
                             .replace = how->replace};
    int status = make_folders(cx, how->folder, file->name);
    if (status == BRAM_OK) status = bram_fetch_file(cx, &got, &what);
    if (status == BRAM_ECANCEL || status == BRAM_ENOMEM) return status;
    if (status == BRAM_OK)
        return how->ended(cx, how->user, file, got.present ? BRAM_FETCH_PRESENT : BRAM_FETCH_DONE,
                          url, &got, "");
    char *message = bram_strdup(cx, bram_ctx_message(cx));
    if (!message) return BRAM_ENOMEM;
    status = how->ended(cx, how->user, file, BRAM_FETCH_FAILED, url, &got, message);
    bram_free(message);
    return status;
}

static int take_file(bram_ctx *cx, const bram_dataset_fetch *how, const bram_yaml_file *file)
{
    static const bram_fetched nothing;
    char *url = how->from   ? address_below(cx, how->from, file->name)
                : file->url ? bram_strdup(cx, file->url)
                            : NULL;
    if (!url && (how->from || file->url)) return BRAM_ENOMEM;
    char *path = bram_strf(cx, "%s/%s", how->folder, file->name);
    int status = path ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && !url)
        status = how->ended(cx, how->user, file, BRAM_FETCH_BY_HAND, NULL, &nothing, "");
    else if (status == BRAM_OK && how->dry_run)
        status = how->ended(cx, how->user, file, BRAM_FETCH_WANTED, url, &nothing, "");
    else if (status == BRAM_OK) status = fetch_one(cx, how, file, url, path);
    bram_free(path);
    bram_free(url);
    return status;
}

int bram_manifest_fetch(bram_ctx *cx, const bram_yaml_manifest *m, const bram_dataset_fetch *how)
{
    for (size_t i = 0; i < m->file_count; i++) {
        if (how->wanted && !how->wanted(how->user, m->files[i].name)) continue;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(take_file(cx, how, &m->files[i]));
    }
    return BRAM_OK;
}
