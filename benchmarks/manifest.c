/*
 * manifest.c - manifests by name, and datasets compared with them.
 *
 * bramble import writes into a file what it was made from: "SHA256 NAME, SHA256 NAME" (attribute
 * sources). A file is as published when each of these sums is one of the manifest's.
 */
#include "manifest.h"

#include "definition.h"

#include <bramble/dataset.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int bram_manifest_read(bram_ctx *cx, bram_yaml_manifest **out, const char *name)
{
    char *path = NULL;
    bram_yaml_manifest *m = NULL;
    BRAM_TRY(bram_definition_find(cx, &path, getenv("BRAMBLE_MANIFESTS"), bram_manifest_folders, "",
                                  name));
    int status = path ? bram_yaml_manifest_read(cx, &m, path) : BRAM_OK;
    bram_free(path);
    if (status == BRAM_OK) *out = m;
    return status;
}

char *bram_manifest_command(bram_ctx *cx, const bram_yaml_manifest *m, const char *root)
{
    const char *source = m->source ? m->source : "auto";
    const char *quote = strpbrk(source, " +()&;'\"") ? "'" : "";
    return bram_strf(cx, "bramble import FILES --source %s%s%s -o %s/%s.h5", quote, source, quote,
                     root ? root : "DIR", m->name);
}

enum { DIGITS = 64 };

/* The next SHA-256 of the list, "" after the last; names of files may hold commas themselves. */
static const char *next_sum(const char *at)
{
    while ((at = strstr(at, ", ")))
        if (strspn(at += 2, "0123456789abcdef") == DIGITS) return at;
    return "";
}

/* How many of the sums in "SHA256 NAME, SHA256 NAME" are the manifest's, and how many there are. */
static size_t count_known(const bram_yaml_manifest *m, const char *sources, size_t *all)
{
    size_t known = 0;
    *all = 0;
    for (const char *at = sources; strlen(at) > DIGITS; (*all)++) {
        for (size_t f = 0; f < m->file_count; f++)
            if (m->files[f].sha256 && strncmp(at, m->files[f].sha256, DIGITS) == 0) {
                known++;
                break;
            }
        at = next_sum(at + DIGITS);
    }
    return known;
}

int bram_manifest_check(bram_ctx *cx, bram_presence *out, size_t *of, const bram_yaml_manifest *m,
                        const char *root)
{
    size_t known = 0, all = 0;
    bram_dataset *ds = NULL;
    char *path = bram_strf(cx, "%s/%s.h5", root ? root : "", m->name);
    if (!path) return BRAM_ENOMEM;
    *out = BRAM_ABSENT;
    int status = BRAM_OK;
    if (root && access(path, F_OK) == 0) {
        status = bram_dataset_open(cx, &ds, path);
        const bram_attrs *attrs = ds ? bram_dataset_find_attrs(ds, "") : NULL;
        const char *sources = attrs ? bram_attrs_text(attrs, "sources") : NULL;
        known = count_known(m, sources ? sources : "", &all);
        *out = all && known == all ? BRAM_PRESENT_AS_PUBLISHED : BRAM_PRESENT_OTHERWISE;
        if (status == BRAM_EREAD || status == BRAM_EFORMAT)
            *out = BRAM_PRESENT_UNREADABLE, status = BRAM_OK;
    }
    bram_dataset_free(ds);
    bram_free(path);
    if (of) *of = known;
    return status;
}
