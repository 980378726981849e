/*
 * collection_look.c - which loader knows each of many files; see collection.h.
 *
 * Children look at some files each and say what they found in notes, one a file:
 * "file FIRST+K STATE LOADER: words". When a child dies, its files are looked at one by one, so
 * that only the one that crashes its reader is lost.
 */
#include "collection.h"

#include "import.h"
#include "recognise.h"
#include "sandbox.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_A_CHILD = 16, MOST_TOGETHER = 64 };

/* ---- in the child --------------------------------------------------------------------------- */

/* Some files, one after the other, or together. */
struct glance {
    const bram_collection *c;
    const bram_loader *loader; /* NULL: any */
    size_t first, count;
    const size_t *together; /* NULL, or their numbers */
    bool all;               /* of the collection: the user meant them so */
};

static void say(bram_ctx *cx, size_t file, int state, const bram_loader *loader, const char *words)
{
    bram_note(cx, "file %zu %d %zu: %s", file, state, bram_loader_number(loader), words);
}

static void say_failure(bram_ctx *cx, size_t file, int status)
{
    bram_note(cx, "fail %zu %d 0: %s", file, status, bram_ctx_message(cx));
}

/* The loaders to whose recordings a file belongs. */
struct owners {
    const bram_loader *loader[1 + BRAM_FURTHER_OWNERS];
    size_t count;
    bool beside; /* nothing of the file is read */
    char reason[200];
};

/* A loader that would read the file comes before those that know what it is. */
static int look_for_owners(bram_ctx *cx, struct owners *o, const char *path,
                           const bram_loader *only)
{
    *o = (struct owners){.count = 0};
    for (size_t i = 0; bram_loader_at(i) && o->count <= BRAM_FURTHER_OWNERS; i++) {
        const bram_loader *loader = bram_loader_at(i);
        bram_recognition r = {.verdict = BRAM_NOT_MINE};
        if (!loader->belongs || (only && loader != only)) continue;
        BRAM_TRY(loader->belongs(cx, path, &r));
        bool beside = r.verdict == BRAM_BESIDE_MINE;
        if (r.verdict != BRAM_MINE && (!beside || o->count)) continue;
        if (o->beside) o->count = 0;
        o->beside = beside;
        if (o->count == 0) snprintf(o->reason, sizeof o->reason, "%s", r.reason);
        o->loader[o->count++] = loader;
    }
    return BRAM_OK;
}

static void say_owners(bram_ctx *cx, size_t file, const struct owners *o)
{
    say(cx, file, o->beside ? BRAM_FILE_BESIDE : BRAM_FILE_BELONGS, o->loader[0], o->reason);
    for (size_t k = 1; k < o->count; k++)
        bram_note(cx, "also %zu 0 %zu: ", file, bram_loader_number(o->loader[k]));
}

/* Of a loader that the user named everything is a recording that does not belong to one. */
static int look_as(bram_ctx *cx, const struct glance *g, size_t file)
{
    const char *path = g->c->files[file].path;
    const bram_input one = {&path, 1, 0};
    struct owners owners = {.count = 0};
    bram_recognition r = {.verdict = BRAM_NOT_MINE};
    if (g->loader->belongs) BRAM_TRY(g->loader->recognise(cx, &one, &r));
    if (r.verdict == BRAM_NOT_MINE) BRAM_TRY(look_for_owners(cx, &owners, path, g->loader));
    if (owners.count) say_owners(cx, file, &owners);
    else say(cx, file, BRAM_FILE_RECORDING, g->loader, r.reason[0] ? r.reason : "as asked");
    return BRAM_OK;
}

static int look_at(bram_ctx *cx, const struct glance *g, size_t file)
{
    const char *path = g->c->files[file].path;
    const bram_input one = {&path, 1, 0};
    struct owners owners = {.count = 0};
    bram_verdicts v;
    if (g->loader) return look_as(cx, g, file);
    BRAM_TRY(bram_recognise_files(cx, &v, &one));
    if (!v.sure) BRAM_TRY(look_for_owners(cx, &owners, path, NULL));
    if (owners.count) say_owners(cx, file, &owners);
    else if (v.loader)
        say(cx, file, v.loader->asks ? BRAM_FILE_ASKS : BRAM_FILE_RECORDING, v.loader, v.reason);
    else if (v.sure + v.possible) say(cx, file, BRAM_FILE_AMBIGUOUS, NULL, v.words);
    else
        say(cx, file, BRAM_FILE_UNKNOWN, NULL,
            v.words[0] ? v.words : "no loader reads files of this form");
    return BRAM_OK;
}

static int look_together(bram_ctx *cx, const struct glance *g)
{
    bram_verdicts v;
    const char **paths = bram_scratch(cx, g->count, sizeof *paths);
    if (!paths) return BRAM_ENOMEM;
    for (size_t i = 0; i < g->count; i++) paths[i] = g->c->files[g->together[i]].path;
    const bram_input input = {paths, g->count, 0};
    BRAM_TRY(bram_recognise_files(cx, &v, &input));
    BRAM_TRY(bram_recognised_one(cx, &v, &input));
    if (v.loader->asks && !g->all) return BRAM_OK;
    say(cx, g->together[0], BRAM_FILE_RECORDING, v.loader, v.reason);
    return BRAM_OK;
}

static int in_child(bram_ctx *cx, void *user)
{
    const struct glance *g = user;
    bram_ctx_set_threads(cx, 1);
    if (g->together) return look_together(cx, g);
    for (size_t i = 0; i < g->count; i++) {
        size_t mark = bram_scratch_mark(cx);
        int status = look_at(cx, g, g->first + i);
        if (status == BRAM_ENOMEM || status == BRAM_ECANCEL) return status;
        if (status != BRAM_OK) say_failure(cx, g->first + i, status);
        bram_scratch_release(cx, mark);
        bram_ctx_progress(cx, "", (double)i + 1, (double)g->count);
    }
    return BRAM_OK;
}

/* ---- in the caller -------------------------------------------------------------------------- */

struct looking {
    bram_collection *c;
    struct glance *glance;
    bool *again; /* a glance whose child died: look at its files one by one */
    size_t units;
    bool all;
};

static int set_words(bram_ctx *cx, bram_collected *f, const char *words)
{
    char *copy = bram_strdup(cx, words);
    if (!copy) return BRAM_ENOMEM;
    bram_free(f->words);
    f->words = copy;
    return BRAM_OK;
}

static const bram_loader *loader_by_number(size_t number)
{
    const bram_loader *loader = NULL;
    for (size_t k = 0; k <= number && (loader = bram_loader_at(k)); k++) continue;
    return loader;
}

static void add_owner(bram_collected *f, const bram_loader *loader)
{
    size_t k = 0;
    while (k < BRAM_FURTHER_OWNERS && f->also[k]) k++;
    if (f->state == BRAM_FILE_BELONGS && k < BRAM_FURTHER_OWNERS) f->also[k] = loader;
}

/* A child is not trusted: what it says must be about its files. */
static int take_line(bram_ctx *cx, void *user, size_t job, const char *line)
{
    struct looking *l = user;
    const struct glance *g = &l->glance[job];
    char *end;
    bool failed = strncmp(line, "fail ", 5) == 0, also = strncmp(line, "also ", 5) == 0;
    if (!failed && !also && strncmp(line, "file ", 5) != 0) return BRAM_OK; /* a loader's note */
    size_t file = strtoull(line + 5, &end, 10);
    long state = strtol(end, &end, 10);
    size_t number = strtoull(end, &end, 10);
    if (strncmp(end, ": ", 2) != 0 || file >= l->c->count) return BRAM_OK;
    bool mine = g->together ? file == g->together[0]
                            : file >= g->first && file - g->first < g->count;
    if (!mine ||
        (failed ? state >= 0 || state < BRAM_EINTERNAL : state < 0 || state > BRAM_FILE_UNKNOWN))
        return BRAM_OK;
    if (also) {
        add_owner(&l->c->files[file], loader_by_number(number));
        return BRAM_OK;
    }
    l->units += g->together != NULL;
    for (size_t i = 0; i < (g->together ? g->count : 1); i++) {
        bram_collected *f = &l->c->files[g->together ? g->together[i] : file];
        f->state = failed ? BRAM_FILE_FAILED : (bram_file_state)state;
        f->loader = f->state < BRAM_FILE_ASKS ? loader_by_number(number) : NULL;
        if (!f->loader && f->state < BRAM_FILE_ASKS) f->state = BRAM_FILE_UNKNOWN;
        f->status = failed ? (int)state : BRAM_OK;
        f->unit = g->together ? l->units : 0;
        BRAM_TRY(set_words(cx, f, end + 2));
    }
    return BRAM_OK;
}

static int take_end(bram_ctx *cx, void *user, size_t job, int status, const char *message)
{
    struct looking *l = user;
    const struct glance *g = &l->glance[job];
    if (status == BRAM_OK) return BRAM_OK;
    if (g->together) return l->all ? bram_fail(cx, status, "%s", message) : BRAM_OK;
    if (g->count > 1) {
        l->again[job] = true;
        return BRAM_OK;
    }
    bram_collected *f = &l->c->files[g->first];
    f->state = BRAM_FILE_FAILED;
    f->status = status;
    return set_words(cx, f, message);
}

static int run_glances(bram_ctx *cx, struct looking *l, size_t count)
{
    size_t budget = bram_ctx_memory(cx);
    bram_sandbox_job *jobs = bram_scratch(cx, count, sizeof *jobs);
    l->again = bram_scratch(cx, count, sizeof *l->again);
    if (!jobs || !l->again) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct glance *g = &l->glance[i];
        double bytes = 0;
        for (size_t k = 0; k < g->count; k++)
            bytes += l->c->files[g->together ? g->together[k] : g->first + k].bytes;
        jobs[i] = (bram_sandbox_job){
            .file = l->c->files[g->together ? g->together[0] : g->first].path,
            .limits = {budget ? budget : (size_t)4 << 30, 120 + (unsigned)(bytes / 5e6), 0},
            .memory = (size_t)64 << 20,
            .weight = bytes,
            .user = &l->glance[i]};
    }
    const bram_sandbox_work work = {.jobs = jobs,
                                    .count = count,
                                    .run = in_child,
                                    .workers = bram_sandbox_workers(cx),
                                    .memory = budget,
                                    .what = "looking at files, bytes",
                                    .line = take_line,
                                    .ended = take_end,
                                    .user = l};
    return bram_sandbox_all(cx, &work);
}

int bram_collection_look(bram_ctx *cx, bram_collection *c, const char *spec)
{
    const bram_loader *loader = NULL;
    const char *options;
    size_t mark = bram_scratch_mark(cx), n = 0;
    BRAM_TRY(bram_import_loader(cx, &loader, &options, spec));
    struct looking l = {.c = c};
    l.glance = bram_scratch(cx, c->count, sizeof *l.glance);
    struct glance *single = bram_scratch(cx, c->count, sizeof *single);
    if (!l.glance || !single) return BRAM_ENOMEM;
    size_t each = c->count / (4 * (size_t)bram_sandbox_workers(cx)) + 1;
    if (each > FILES_A_CHILD) each = FILES_A_CHILD;
    for (size_t first = 0; first < c->count; first += each)
        l.glance[n++] = (struct glance){c, loader, first,
                                        c->count - first < each ? c->count - first : each, NULL};
    int status = run_glances(cx, &l, n);
    size_t singles = 0;
    for (size_t i = 0; status == BRAM_OK && i < n; i++)
        for (size_t k = 0; l.again[i] && k < l.glance[i].count; k++)
            single[singles++] = (struct glance){c, loader, l.glance[i].first + k, 1, NULL, false};
    l.glance = single;
    if (status == BRAM_OK && singles) status = run_glances(cx, &l, singles);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- several files together ----------------------------------------------------------------- */

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static bool same_folder(const char *a, const char *b)
{
    size_t length = folder_length(a);
    return length == folder_length(b) && strncmp(a, b, length) == 0;
}

static bool is_stranger(const bram_collected *f)
{
    return f->state == BRAM_FILE_UNKNOWN || f->state == BRAM_FILE_ASKS;
}

/* Files that no loader knows by themselves and that stand in the folder of file `first`. */
static size_t strangers(const bram_collection *c, size_t first, size_t *number)
{
    size_t n = 0;
    for (size_t i = first; i < c->count && n <= MOST_TOGETHER; i++)
        if (is_stranger(&c->files[i]) && same_folder(c->files[first].path, c->files[i].path))
            number[n++] = i;
    return n;
}

/* Whether it is the first stranger of its folder. */
static bool begins_folder(const bram_collection *c, size_t i)
{
    if (!is_stranger(&c->files[i])) return false;
    for (size_t k = 0; k < i; k++)
        if (is_stranger(&c->files[k]) && same_folder(c->files[k].path, c->files[i].path))
            return false;
    return true;
}

int bram_collection_look_together(bram_ctx *cx, bram_collection *c, bool all)
{
    size_t mark = bram_scratch_mark(cx), n = 0;
    struct looking l = {.c = c, .all = all};
    l.glance = bram_scratch(cx, c->count + 1, sizeof *l.glance);
    if (!l.glance) return BRAM_ENOMEM;
    for (size_t i = 0; i < (all ? 1 : c->count); i++) {
        if (!all && !begins_folder(c, i)) continue;
        size_t *number = bram_scratch(cx, all ? c->count : MOST_TOGETHER + 1, sizeof *number);
        if (!number) return BRAM_ENOMEM;
        size_t count = all ? c->count : strangers(c, i, number);
        for (size_t k = 0; all && k < count; k++) number[k] = k;
        if (all || (count > 1 && count <= MOST_TOGETHER))
            l.glance[n++] = (struct glance){c, NULL, i, count, number, all};
    }
    int status = n ? run_glances(cx, &l, n) : BRAM_OK;
    bram_scratch_release(cx, mark);
    return status;
}

bool bram_collected_belongs(const bram_collected *f, const bram_loader *loader)
{
    bool owned = f->loader == loader;
    for (size_t k = 0; k < BRAM_FURTHER_OWNERS && loader; k++) owned |= f->also[k] == loader;
    return f->state == BRAM_FILE_BELONGS && owned;
}

const bram_loader *bram_collection_one_loader(const bram_collection *c)
{
    const bram_loader *one = NULL, *owner = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        if (f->state == BRAM_FILE_BELONGS || f->state == BRAM_FILE_BESIDE) owner = f->loader;
        if (f->state != BRAM_FILE_RECORDING) continue;
        if (!f->loader->apart || f->unit || (one && f->loader != one)) return NULL;
        one = f->loader;
    }
    for (size_t i = 0; one && i < c->count; i++)
        if (c->files[i].state == BRAM_FILE_BELONGS && !bram_collected_belongs(&c->files[i], one))
            return NULL;
    return one ? one : owner;
}
