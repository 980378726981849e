/*
 * release_check.c - a bundle from anywhere held against what it says of itself; see release.h.
 */
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "json.h"
#include "licence.h"
#include "release.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DIGITS = 64, MOST_FILES = 10000, MOST_LIST = 1 << 22 };

/* A line of SHA256SUMS, and whether the file is there. */
struct listed {
    const char *sum, *name;
    bool found;
};

struct check {
    const char *dir;
    struct listed *file;
    size_t files;
};

/* Below the folder, whoever reads it: no absolute name, no "..". */
static bool is_safe(const char *name)
{
    if (!*name || *name == '/') return false;
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/");
        if (!length || (length == 1 && *at == '.') || (length == 2 && !strncmp(at, "..", 2)))
            return false;
        at += length + (at[length] == '/');
    }
    return true;
}

/* "SUM  NAME" lines; cuts the text. */
static int read_sums(bram_ctx *cx, struct check *c, char *text)
{
    size_t line = 0;
    for (char *at = text; *at;) {
        char *end = strchr(at, '\n');
        line++;
        if (!end || end - at < DIGITS + 3 || strspn(at, "0123456789abcdef") != DIGITS ||
            strncmp(at + DIGITS, "  ", 2) != 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "SHA256SUMS, line %zu: expected 64 digits, two spaces and a name",
                             line);
        at[DIGITS] = *end = 0;
        struct listed one = {at, at + DIGITS + 2, false};
        if (!is_safe(one.name))
            return bram_fail(cx, BRAM_EFORMAT,
                             "SHA256SUMS, line %zu: \"%s\" leads out of the folder", line,
                             one.name);
        for (size_t i = 0; i < c->files; i++)
            if (strcmp(c->file[i].name, one.name) == 0)
                return bram_fail(cx, BRAM_EFORMAT, "SHA256SUMS, line %zu: \"%s\" is there twice",
                                 line, one.name);
        if (c->files == MOST_FILES)
            return bram_fail(cx, BRAM_EFORMAT, "SHA256SUMS lists more than %d files", MOST_FILES);
        c->file[c->files++] = one;
        at = end + 1;
    }
    return BRAM_OK;
}

static int check_file(bram_ctx *cx, void *user, const char *name)
{
    struct check *c = user;
    struct listed *one = NULL;
    struct stat s;
    char hex[DIGITS + 1];
    if (strcmp(name, "SHA256SUMS") == 0) return BRAM_OK;
    for (size_t i = 0; i < c->files && !one; i++)
        if (strcmp(c->file[i].name, name) == 0) one = &c->file[i];
    if (!one) return bram_fail(cx, BRAM_EFORMAT, "%s is not listed in SHA256SUMS", name);
    char *path = bram_strf(cx, "%s/%s", c->dir, name);
    if (!path) return BRAM_ENOMEM;
    int status = lstat(path, &s) == 0 && S_ISREG(s.st_mode)
                     ? bram_sha256_file(cx, hex, path)
                     : bram_fail(cx, BRAM_EFORMAT, "%s is no plain file", name);
    bram_free(path);
    if (status == BRAM_OK && strcmp(hex, one->sum) != 0)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: its SHA-256 is %.12s..., stated is %.12s...",
                           name, hex, one->sum);
    one->found = true;
    return status;
}

static int check_sums(bram_ctx *cx, struct check *c, bram_release_found *out)
{
    unsigned char *text = NULL;
    size_t bytes = 0;
    char *path = bram_strf(cx, "%s/SHA256SUMS", c->dir);
    int status = path ? bram_file_read(cx, &text, &bytes, path, MOST_LIST) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_sha256_file(cx, out->sha256, path);
    c->file = status == BRAM_OK ? bram_scratch(cx, MOST_FILES, sizeof *c->file) : NULL;
    if (status == BRAM_OK && !c->file) status = BRAM_ENOMEM;
    if (status == BRAM_EREAD) status = bram_fail(cx, BRAM_EFORMAT, "it has no SHA256SUMS");
    if (status == BRAM_OK) status = read_sums(cx, c, (char *)text);
    if (status == BRAM_OK) status = bram_folder_walk(cx, c->dir, check_file, c);
    for (size_t i = 0; i < c->files && status == BRAM_OK; i++)
        if (!c->file[i].found)
            status = bram_fail(cx, BRAM_EFORMAT, "%s is listed, and is not there", c->file[i].name);
    out->files = c->files + 1;
    bram_free(path);
    bram_free(text);
    return status;
}

/* ---- data ----------------------------------------------------------------------------------- */

static int check_dataset(bram_ctx *cx, const char *dir, const char *file, const char *hash)
{
    bram_dataset *ds = NULL;
    size_t errors = 0;
    char hex[DIGITS + 1];
    char *path = bram_strf(cx, "%s/%s", dir, file);
    int status = path ? bram_dataset_open(cx, &ds, path) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_dataset_check(cx, ds, NULL, NULL, &errors);
    if (status == BRAM_OK && errors)
        status = bram_fail(cx, BRAM_EFORMAT, "%s breaks the schema in %zu places", file, errors);
    if (status == BRAM_OK) status = bram_dataset_hash(cx, ds, hex);
    if (status == BRAM_OK && strcmp(hex, hash) != 0)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: the hash of its content is %.12s..., stated is "
                           "%.12s...",
                           file, hex, hash);
    bram_dataset_free(ds);
    bram_free(path);
    return status == BRAM_EREAD ? BRAM_EFORMAT : status;
}

static int need_text(bram_ctx *cx, const char **out, const bram_json *object, const char *key)
{
    const bram_json *value = NULL;
    BRAM_TRY(bram_json_need(cx, &value, object, key, BRAM_JSON_TEXT));
    *out = bram_json_text(value);
    return BRAM_OK;
}

static int check_source(bram_ctx *cx, const char *dir, const bram_json *source, bool permitted)
{
    const char *name, *file, *hash;
    BRAM_TRY(need_text(cx, &name, source, "name"));
    BRAM_TRY(need_text(cx, &file, source, "file"));
    BRAM_TRY(need_text(cx, &hash, source, "hash"));
    if (!is_safe(file)) return bram_fail(cx, BRAM_EFORMAT, "\"%s\" leads out of the folder", file);
    bram_licence terms = bram_licence_read(bram_json_text(bram_json_get(source, "licence")));
    if (terms.verdict == BRAM_LICENCE_FORBIDS ||
        (terms.verdict == BRAM_LICENCE_UNKNOWN && !permitted))
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s", name, terms.says);
    return check_dataset(cx, dir, file, hash);
}

static int check_words(bram_ctx *cx, const bram_json *about)
{
    int64_t version = 0;
    const char *content = bram_json_text(bram_json_get(about, "content"));
    if (!content || strcmp(content, "bramble-bundle") != 0)
        return bram_fail(cx, BRAM_EFORMAT, "bundle.json is not of a bundle");
    if (!bram_json_integer(bram_json_get(about, "version"), &version) || version != 1)
        return bram_fail(cx, BRAM_EFORMAT, "bundle.json has version %lld, expected 1",
                         (long long)version);
    return BRAM_OK;
}

static int check_sources(bram_ctx *cx, bram_release_found *out, const char *dir)
{
    bram_json *about = NULL;
    const bram_json *sources = NULL, *benchmarks = NULL;
    char *path = bram_strf(cx, "%s/bundle.json", dir);
    int status = path ? bram_json_read(cx, &about, path, MOST_LIST) : BRAM_ENOMEM;
    bram_free(path);
    if (status == BRAM_OK) status = check_words(cx, about);
    if (status == BRAM_OK) status = bram_json_need(cx, &sources, about, "sources", BRAM_JSON_ARRAY);
    if (status == BRAM_OK)
        status = bram_json_need(cx, &benchmarks, about, "benchmarks", BRAM_JSON_ARRAY);
    out->sources = bram_json_count(sources);
    if (status == BRAM_OK && !out->sources)
        status = bram_fail(cx, BRAM_EFORMAT, "bundle.json names no source");
    const char *permission = bram_json_text(bram_json_get(about, "permission"));
    for (size_t i = 0; i < out->sources && status == BRAM_OK; i++)
        status = check_source(cx, dir, bram_json_at(sources, i), permission && *permission);
    for (size_t i = 0; i < bram_json_count(benchmarks); i++) {
        bool splits = false;
        bram_json_flag(bram_json_get(bram_json_at(benchmarks, i), "splits"), &splits);
        out->splits += splits;
    }
    bram_json_free(about);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

bool bram_release_is(const char *dir)
{
    char path[4096];
    struct stat s;
    int length = snprintf(path, sizeof path, "%s/bundle.json", dir);
    return length > 0 && (size_t)length < sizeof path && lstat(path, &s) == 0;
}

int bram_release_check(bram_ctx *cx, bram_release_found *out, const char *dir)
{
    struct check c = {.dir = dir};
    struct stat s;
    bram_release_found found = {.sources = 0};
    if (stat(dir, &s) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", dir, strerror(errno));
    size_t mark = bram_scratch_mark(cx);
    int status = bram_release_is(dir)
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "it has no bundle.json: it is no bundle");
    if (status == BRAM_OK) status = check_sums(cx, &c, &found);
    if (status == BRAM_OK) status = check_sources(cx, &found, dir);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = found;
    return status;
}
