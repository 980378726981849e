/*
 * release.c - a bundle gathered and written; see release.h.
 */
#include "release_parts.h"

#include "data.h"
#include "definition.h"
#include "demand.h"
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "simulate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SOURCES = 64 };

/* ---- sources -------------------------------------------------------------------------------- */

static const char *root_text(const bram_dataset *ds, const char *name)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text && *text ? text : NULL;
}

/* What the manifest says goes before what the file says. */
static const char *either(const char *of_manifest, const bram_dataset *ds, const char *name)
{
    return of_manifest && *of_manifest ? of_manifest : root_text(ds, name);
}

/* The manifest speaks for its own files; whichever forbids, forbids. */
static void read_licence(bram_release_source *s)
{
    const bram_yaml_manifest *m = s->manifest;
    s->licence = root_text(s->ds, "licence");
    s->terms = bram_licence_read(s->licence);
    if (!m) return;
    bram_licence other = bram_licence_read(m->licence);
    if (other.verdict == BRAM_LICENCE_FORBIDS ||
        (s->as_published && s->terms.verdict != BRAM_LICENCE_FORBIDS))
        s->licence = m->licence, s->terms = other;
}

static int permit(bram_ctx *cx, const bram_release *r, const bram_release_source *s)
{
    if (s->terms.verdict == BRAM_LICENCE_FORBIDS)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s cannot be passed on: its licence is \"%s\": %s. Name it with its "
                         "address (%s) instead",
                         s->name, s->licence, s->terms.says, s->url ? s->url : "not stated");
    if (s->terms.verdict == BRAM_LICENCE_UNKNOWN && !(r->permission && *r->permission))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s cannot be passed on: its licence is \"%s\": %s. If whoever owns the "
                         "data allowed it, say who and where: --permission TEXT",
                         s->name, bram_release_say(s->licence), s->terms.says);
    return BRAM_OK;
}

static int check_schema(bram_ctx *cx, const bram_release_source *s)
{
    size_t errors = 0;
    BRAM_TRY(bram_dataset_check(cx, s->ds, NULL, NULL, &errors));
    if (errors)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s breaks the schema in %zu places; bramble check "
                         "shows them",
                         s->name, errors);
    return BRAM_OK;
}

static int read_source(bram_ctx *cx, bram_release_source *s, const bram_release *r,
                       const char *root)
{
    const bram_simulation *made = bram_simulation_find(s->name);
    bram_presence is = BRAM_ABSENT;
    BRAM_TRY(bram_data_open(cx, &s->ds, s->name, root));
    BRAM_TRY(bram_manifest_read(cx, &s->manifest, s->name));
    if (!root) root = getenv("BRAMBLE_DATA");
    if (s->manifest) BRAM_TRY(bram_manifest_check(cx, &is, NULL, s->manifest, root));
    const bram_yaml_manifest none = {.name = NULL}, *m = s->manifest ? s->manifest : &none;
    s->made = made != NULL;
    s->as_published = is == BRAM_PRESENT_AS_PUBLISHED;
    s->title = made ? made->summary : either(m->title, s->ds, "title");
    s->citation = either(m->citation, s->ds, "citation");
    s->doi = either(m->doi, s->ds, "doi");
    s->url = either(m->url, s->ds, "url");
    s->version = either(m->version, s->ds, "version");
    read_licence(s);
    BRAM_TRY(permit(cx, r, s));
    BRAM_TRY(check_schema(cx, s));
    return bram_dataset_hash(cx, s->ds, s->hash);
}

/* Whether a name is one of "a+b+c". */
static bool is_among(const char *names, const char *name, size_t length)
{
    for (const char *at = names; *at;) {
        size_t n = strcspn(at, "+");
        if (n == length && strncmp(at, name, n) == 0) return true;
        at += n + (at[n] == '+');
    }
    return false;
}

static int read_sources(bram_ctx *cx, bram_release *r, const char *root)
{
    r->source = bram_alloc(cx, MOST_SOURCES, sizeof *r->source);
    if (!r->source) return BRAM_ENOMEM;
    for (const char *at = r->names; *at;) {
        size_t length = strcspn(at, "+");
        if (!length || length > 255 || memchr(at, '/', length) || at[0] == '.')
            return bram_fail(cx, BRAM_EUSAGE, "\"%.*s\" is no name of a dataset", (int)length, at);
        if (r->sources == MOST_SOURCES)
            return bram_fail(cx, BRAM_EUSAGE, "more than %d datasets", MOST_SOURCES);
        bram_release_source *s = &r->source[r->sources];
        if (!(s->name = bram_strf(cx, "%.*s", (int)length, at))) return BRAM_ENOMEM;
        r->sources++;
        BRAM_TRY(read_source(cx, s, r, root));
        at += length + (at[length] == '+');
    }
    if (!r->sources) return bram_fail(cx, BRAM_EUSAGE, "no dataset is named");
    return BRAM_OK;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int write_text(bram_ctx *cx, const bram_release *r, const char *name, bram_buffer *text)
{
    bram_outfile *file = NULL;
    int status = bram_buffer_status(cx, text);
    char *path = bram_strf(cx, "%s/%s", r->dir, name);
    if (status == BRAM_OK) status = path ? bram_outfile_open(cx, &file, path, false) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        status = bram_outfile_write(cx, file, bram_buffer_text(text), text->length);
        if (status == BRAM_OK) status = bram_outfile_commit(cx, file);
        else bram_outfile_abort(file);
    }
    bram_free(path);
    bram_buffer_release(text);
    return status;
}

static int make_folder(bram_ctx *cx, const bram_release *r, const char *name)
{
    char *path = bram_strf(cx, "%s/%s", r->dir, name);
    int status = path ? bram_folder_make(cx, path) : BRAM_ENOMEM;
    bram_free(path);
    return status;
}

static int copy_text(bram_ctx *cx, const bram_release *r, const char *from, const char *to)
{
    enum { MOST = 1 << 20 };
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_buffer text = {0};
    BRAM_TRY(bram_file_read(cx, &bytes, &size, from, MOST));
    bram_buffer_write(&text, (const char *)bytes, size);
    bram_free(bytes);
    return write_text(cx, r, to, &text);
}

/* The definition NAME.yaml into a folder of the same kind. */
static int copy_definition(bram_ctx *cx, const bram_release *r, const char *before,
                           const char *folders, const char *kind, const char *name)
{
    char *from = NULL, to[512];
    snprintf(to, sizeof to, "%s/%s.yaml", kind, name);
    BRAM_TRY(bram_definition_find(cx, &from, before, folders, "", name));
    int status = from ? copy_text(cx, r, from, to)
                      : bram_fail(cx, BRAM_EABSENT, "%s is not there any more", to);
    bram_free(from);
    return status;
}

static int write_sources(bram_ctx *cx, const bram_release *r)
{
    BRAM_TRY(make_folder(cx, r, "data"));
    for (size_t i = 0; i < r->sources; i++) {
        const bram_release_source *s = &r->source[i];
        char *path = bram_strf(cx, "%s/data/%s.h5", r->dir, s->name);
        if (!path) return BRAM_ENOMEM;
        int status = bram_dataset_write(cx, s->ds, path, false);
        bram_free(path);
        BRAM_TRY(status);
        if (!s->manifest) continue;
        BRAM_TRY(make_folder(cx, r, "manifests"));
        BRAM_TRY(copy_definition(cx, r, getenv("BRAMBLE_MANIFESTS"), bram_manifest_folders,
                                 "manifests", s->name));
    }
    return BRAM_OK;
}

/* ---- benchmarks ----------------------------------------------------------------------------- */

/* Whether the bundle has all datasets of a benchmark; what is made of connectomes needs none. */
static bool covers(const bram_release *r, const bram_benchmark *b)
{
    for (const char *at = b->dataset; *at;) {
        size_t length = strcspn(at, "+");
        if (strncmp(at, "consensus", 9) != 0 && !is_among(r->names, at, length)) return false;
        at += length + (at[length] == '+');
    }
    return true;
}

/* The files of one benchmark's splits, or why it has none. */
static int write_splits(bram_ctx *cx, bram_release *r, bram_release_benchmark *e,
                        const bram_benchmark *b, const char *root)
{
    bram_dataset *ds = NULL;
    char *dir = bram_strf(cx, "%s/splits/%s", r->dir, b->name);
    int status = dir ? bram_data_open(cx, &ds, b->dataset, root) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_demand_write(cx, b, ds, dir, BRAM_DEMAND_ROWS | BRAM_DEMAND_SPLITS, false);
    if (status == BRAM_ENOTAPPLICABLE || status == BRAM_EUSAGE || status == BRAM_EABSENT) {
        e->why = bram_strdup(cx, bram_ctx_message(cx));
        status = e->why ? BRAM_OK : BRAM_ENOMEM;
        bram_folder_remove(dir);
    }
    bram_dataset_free(ds);
    bram_free(dir);
    return status;
}

static int add_benchmark(bram_ctx *cx, bram_release *r, const bram_benchmark *b, const char *root)
{
    bram_release_benchmark *e = &r->benchmark[r->benchmarks];
    e->name = bram_strdup(cx, b->name);
    e->title = bram_strdup(cx, b->title);
    e->dataset = bram_strdup(cx, b->dataset);
    r->benchmarks++;
    if (!e->name || !e->title || !e->dataset) return BRAM_ENOMEM;
    BRAM_TRY(make_folder(cx, r, "benchmarks"));
    BRAM_TRY(copy_definition(cx, r, getenv("BRAMBLE_BENCHMARKS"), bram_definition_folders,
                             "benchmarks", b->name));
    return write_splits(cx, r, e, b, root);
}

static int write_benchmarks(bram_ctx *cx, bram_release *r, const char *root)
{
    char **name = NULL;
    size_t count = 0;
    BRAM_TRY(bram_definition_names(cx, &name, &count, getenv("BRAMBLE_BENCHMARKS"),
                                   bram_definition_folders, ""));
    r->benchmark = bram_alloc(cx, count, sizeof *r->benchmark);
    int status = r->benchmark || !count ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        bram_benchmark *b = NULL;
        status = bram_benchmark_read(cx, &b, name[i]);
        if (status == BRAM_OK && covers(r, b)) status = add_benchmark(cx, r, b, root);
        bram_benchmark_free(b);
    }
    bram_definition_names_free(name, count);
    char *splits = bram_strf(cx, "%s/splits", r->dir);
    if (splits) rmdir(splits); /* where there are none */
    bram_free(splits);
    return status == BRAM_OK && !splits ? BRAM_ENOMEM : status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int write_texts(bram_ctx *cx, const bram_release *r)
{
    bram_buffer text = {0};
    bram_release_readme(&text, r);
    BRAM_TRY(write_text(cx, r, "README.md", &text));
    bram_release_licences(&text, r);
    BRAM_TRY(write_text(cx, r, "LICENCES.md", &text));
    bram_release_bibtex(&text, r);
    BRAM_TRY(write_text(cx, r, "CITATION.bib", &text));
    int status = bram_release_datasheet(cx, &text, r);
    if (status == BRAM_OK) status = write_text(cx, r, "DATASHEET.md", &text);
    if (status == BRAM_OK) status = bram_release_json(cx, &text, r);
    if (status == BRAM_OK) return write_text(cx, r, "bundle.json", &text);
    bram_buffer_release(&text);
    return status;
}

struct sums {
    const bram_release *r;
    bram_buffer text;
};

static int add_sum(bram_ctx *cx, void *user, const char *name)
{
    struct sums *s = user;
    char hex[65];
    char *path = bram_strf(cx, "%s/%s", s->r->dir, name);
    int status = path ? bram_sha256_file(cx, hex, path) : BRAM_ENOMEM;
    if (status == BRAM_OK) bram_buffer_putf(&s->text, "%s  %s\n", hex, name);
    bram_free(path);
    return status;
}

static int write_all(bram_ctx *cx, bram_release *r, const char *root)
{
    struct sums sums = {r, {0}};
    BRAM_TRY(write_sources(cx, r));
    BRAM_TRY(write_benchmarks(cx, r, root));
    BRAM_TRY(write_texts(cx, r));
    int status = bram_folder_walk(cx, r->dir, add_sum, &sums);
    if (status == BRAM_OK) return write_text(cx, r, "SHA256SUMS", &sums.text);
    bram_buffer_release(&sums.text);
    return status;
}

static int move_in_place(bram_ctx *cx, const char *from, const char *to)
{
    if (rename(from, to) == 0) return BRAM_OK;
    return bram_fail(cx, BRAM_EWRITE, "%s: %s", to, strerror(errno));
}

/* Under another name until all is there. */
static int write_aside(bram_ctx *cx, bram_release *r, const char *dir, const char *root)
{
    char *aside = bram_strf(cx, "%s.part-%ld", dir, (long)getpid());
    if (!aside) return BRAM_ENOMEM;
    r->dir = aside;
    int status = mkdir(aside, 0777) == 0
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EWRITE, "%s: cannot make this folder: %s", dir,
                                 strerror(errno));
    if (status == BRAM_OK) {
        status = write_all(cx, r, root);
        if (status == BRAM_OK) status = move_in_place(cx, aside, dir);
        if (status != BRAM_OK) bram_folder_remove(aside);
    }
    bram_free(aside);
    return status;
}

static void release(bram_release *r)
{
    for (size_t i = 0; i < r->sources; i++) {
        bram_free(r->source[i].name);
        bram_dataset_free(r->source[i].ds);
        bram_yaml_manifest_free(r->source[i].manifest);
    }
    for (size_t i = 0; i < r->benchmarks; i++) {
        bram_free(r->benchmark[i].name);
        bram_free(r->benchmark[i].title);
        bram_free(r->benchmark[i].dataset);
        bram_free(r->benchmark[i].why);
    }
    bram_free(r->source);
    bram_free(r->benchmark);
}

int bram_release_write(bram_ctx *cx, const char *names, const char *dir,
                       const bram_release_settings *settings)
{
    bram_release r = {.names = names, .permission = settings->permission};
    struct stat s;
    size_t length = strlen(dir);
    if (lstat(dir, &s) == 0)
        return bram_fail(cx, BRAM_EWRITE, "%s exists already; a bundle is a folder of its own",
                         dir);
    while (length > 1 && dir[length - 1] == '/') length--;
    char *clean = bram_strf(cx, "%.*s", (int)length, dir);
    int status = clean ? read_sources(cx, &r, settings->root) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = write_aside(cx, &r, clean, settings->root);
    bram_free(clean);
    release(&r);
    return status;
}
