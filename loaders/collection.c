/*
 * collection.c - imports what has been recognised, in parts, and puts the parts together; see
 * collection.h.
 *
 * A part is some recordings of one loader with all that belongs to them. When one cannot be
 * imported, its files are tried one by one, unless they are one recording only together. How
 * recordings are cut into parts depends on the number of workers; the dataset does not.
 */
#include "collection.h"

#include "buffer.h"
#include "import.h"
#include "import_merge.h"
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_A_PART = 16, MOST_PARTS_OPEN = 128 };
static const double part_bytes = 8e6;

/* One call of a loader. */
struct part {
    const struct importing *all;
    size_t set;
    size_t *file; /* numbers of its recordings */
    size_t count;
    bool again; /* failed: its recordings are tried one by one */
    bool good;
    char *path;
    bram_buffer notes; /* told when all has ended, in the order of the files */
};

struct importing {
    bram_collection *c;
    const char *spec;
    const bram_options *options;
    const char *folder;
    struct part *parts;
    size_t count, room;
    size_t first; /* of the parts that run now */
};

/* ---- parts ---------------------------------------------------------------------------------- */

static bool is_recording(const struct importing *m, size_t file, size_t set)
{
    const bram_collected *f = &m->c->files[file];
    return f->state == BRAM_FILE_RECORDING && f->loader == m->c->sets[set].loader;
}

static bool belongs(const struct importing *m, size_t file, size_t set)
{
    return bram_collected_belongs(&m->c->files[file], m->c->sets[set].loader);
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Whether two recordings must be loaded by one call. */
static bool are_one(const bram_collected *a, const bram_collected *b)
{
    size_t length = folder_length(a->path);
    if (a->unit || b->unit) return a->unit == b->unit;
    if (a->loader->apart) return false;
    return length == folder_length(b->path) && strncmp(a->path, b->path, length) == 0;
}

static int new_part(bram_ctx *cx, struct importing *m, size_t set, size_t files, struct part **out)
{
    if (m->count == m->room) {
        size_t room = m->room ? 2 * m->room : 64;
        struct part *parts = bram_realloc(cx, m->parts, room, sizeof *parts);
        if (!parts) return BRAM_ENOMEM;
        m->parts = parts;
        m->room = room;
    }
    struct part *p = &m->parts[m->count];
    *p = (struct part){.all = m, .set = set};
    p->file = bram_alloc(cx, files, sizeof *p->file);
    p->path = p->file ? bram_strf(cx, "%s/part%zu.h5", m->folder, m->count) : NULL;
    if (!p->path) {
        bram_free(p->file);
        return BRAM_ENOMEM;
    }
    m->count++;
    *out = p;
    return BRAM_OK;
}

/* The recordings of a set, cut into parts of about `most` bytes. */
static int cut_set(bram_ctx *cx, struct importing *m, size_t set, double most)
{
    const bram_collected *files = m->c->files;
    struct part *p = NULL;
    double bytes = 0;
    for (size_t i = 0; i < m->c->count; i++) {
        if (!is_recording(m, i, set)) continue;
        struct part *with = NULL; /* the part that must have it, too */
        for (size_t k = 0; k < m->count && !with; k++)
            if (m->parts[k].set == set && are_one(&files[m->parts[k].file[0]], &files[i]))
                with = &m->parts[k];
        bool joins = p && files[i].loader->apart && !files[i].loader->single && !files[i].unit &&
                     !files[p->file[0]].unit && p->count < FILES_A_PART && bytes < most;
        if (!with && !joins) {
            bool together = files[i].unit || !files[i].loader->apart;
            BRAM_TRY(new_part(cx, m, set, together ? m->c->count - i : FILES_A_PART, &p));
            bytes = 0;
        }
        struct part *to = with ? with : p;
        to->file[to->count++] = i;
        bytes += files[i].bytes;
    }
    return BRAM_OK;
}

/* Parts of all sets; smaller ones where there would be fewer than workers. */
static int cut(bram_ctx *cx, struct importing *m)
{
    double bytes = 0;
    for (size_t i = 0; i < m->c->count; i++)
        if (m->c->files[i].state == BRAM_FILE_RECORDING) bytes += m->c->files[i].bytes;
    double most = bytes / bram_sandbox_workers(cx);
    if (most > part_bytes) most = part_bytes;
    for (size_t s = 0; s < m->c->set_count; s++) BRAM_TRY(cut_set(cx, m, s, most));
    return BRAM_OK;
}

/* Each recording of the parts that failed gets a part of its own. */
static int cut_again(bram_ctx *cx, struct importing *m)
{
    size_t n = m->count;
    for (size_t k = m->first; k < n; k++)
        for (size_t i = 0; m->parts[k].again && i < m->parts[k].count; i++) {
            struct part *p;
            BRAM_TRY(new_part(cx, m, m->parts[k].set, 1, &p));
            p->file[p->count++] = m->parts[k].file[i];
        }
    m->first = n;
    return BRAM_OK;
}

/* ---- one part, in a child ------------------------------------------------------------------- */

enum { MESSAGE_BYTES = 512 };

static void first_error(void *user, const bram_finding *f)
{
    char *text = user;
    if (f->severity == BRAM_ERROR && !*text)
        snprintf(text, MESSAGE_BYTES, "%s: %s: found %s, expected %s", f->path, f->field, f->found,
                 f->expected);
}

static int validate(bram_ctx *cx, const bram_dataset *ds)
{
    char text[MESSAGE_BYTES] = "";
    size_t errors = 0;
    BRAM_TRY(bram_dataset_check(cx, ds, first_error, text, &errors));
    if (!errors) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "what was imported breaks %zu rule%s of the homogenized form: %s", errors,
                     errors == 1 ? "" : "s", text);
}

/* The loader with the options that the user gave to it. */
static const char *spec_of(const struct part *p)
{
    const char *spec = p->all->spec;
    return strcmp(spec, "auto") == 0 ? p->all->c->sets[p->set].loader->name : spec;
}

static int import_part(bram_ctx *cx, void *user)
{
    const struct part *p = user;
    const bram_collection *c = p->all->c;
    const char **paths = bram_scratch(cx, c->count, sizeof *paths);
    bram_dataset *ds = NULL;
    size_t n = 0, others = 0;
    if (!paths) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->count; i++) paths[n++] = c->files[p->file[i]].path;
    for (size_t i = 0; i < c->count; i++) {
        if (belongs(p->all, i, p->set)) paths[n++] = c->files[i].path;
        others += is_recording(p->all, i, p->set);
    }
    const bram_input input = {paths, n, others - p->count};
    bram_ctx_set_threads(cx, 1);
    bram_ctx_set_spill(cx, p->all->folder);
    int status = bram_import(cx, &ds, spec_of(p), &input, p->all->options);
    if (status == BRAM_EABSENT) status = BRAM_EFORMAT; /* the file lacks it: no wrong usage */
    if (status == BRAM_OK) status = validate(cx, ds);
    if (status == BRAM_OK) status = bram_dataset_write(cx, ds, p->path, false);
    bram_dataset_free(ds);
    return status;
}

/* ---- what became of it ---------------------------------------------------------------------- */

static int fail_file(bram_ctx *cx, bram_collected *f, int status, const char *message)
{
    size_t length = strlen(f->path); /* said beside it */
    if (strncmp(message, f->path, length) == 0 && strncmp(message + length, ": ", 2) == 0)
        message += length + 2;
    char *copy = bram_strdup(cx, message);
    if (!copy) return BRAM_ENOMEM;
    bram_free(f->words);
    f->words = copy;
    f->state = BRAM_FILE_FAILED;
    f->status = status;
    return BRAM_OK;
}

static int part_line(bram_ctx *cx, void *user, size_t job, const char *line)
{
    struct importing *m = user;
    bram_buffer_putf(&m->parts[m->first + job].notes, "%s\n", line);
    return bram_buffer_status(cx, &m->parts[m->first + job].notes);
}

static int part_ended(bram_ctx *cx, void *user, size_t job, int status, const char *message)
{
    struct importing *m = user;
    struct part *p = &m->parts[m->first + job];
    if (status == BRAM_EWRITE) return bram_fail(cx, status, "%s", message); /* no file's fault */
    p->good = status == BRAM_OK;
    p->again = !p->good && p->count > 1 && !m->c->files[p->file[0]].unit;
    if (p->good || p->again) return BRAM_OK;
    for (size_t i = 0; i < p->count; i++) {
        BRAM_TRY(fail_file(cx, &m->c->files[p->file[i]], status, message));
        m->c->sets[p->set].out++;
    }
    return BRAM_OK;
}

/* A child may use this much memory and processor time for raw files of some size. */
static bram_sandbox_job job_of(bram_ctx *cx, struct part *p)
{
    const bram_collection *c = p->all->c;
    double bytes = 0, largest = 0, read = 0;
    for (size_t i = 0; i < p->count; i++) {
        double size = c->files[p->file[i]].bytes;
        bytes += size;
        if (size > largest) largest = size;
    }
    for (size_t i = 0; i < c->count; i++)
        if (belongs(p->all, i, p->set)) read += c->files[i].bytes;
    size_t memory = bram_ctx_memory(cx), least = (size_t)8 << 30,
           by_size = (size_t)(20 * (bytes + read));
    if (!memory) memory = by_size > least ? by_size : least;
    return (bram_sandbox_job){.file = c->files[p->file[0]].path,
                              .limits = {memory, 300 + (unsigned)((bytes + read) / 1e6), 0},
                              .memory = ((size_t)64 << 20) + (size_t)(4 * (largest + read)),
                              .weight = bytes,
                              .user = p};
}

static int run_parts(bram_ctx *cx, struct importing *m)
{
    size_t n = m->count - m->first, mark = bram_scratch_mark(cx);
    bram_sandbox_job *jobs = bram_scratch(cx, n, sizeof *jobs);
    if (!jobs) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) jobs[i] = job_of(cx, &m->parts[m->first + i]);
    const bram_sandbox_work work = {.jobs = jobs,
                                    .count = n,
                                    .run = import_part,
                                    .workers = bram_sandbox_workers(cx),
                                    .memory = bram_ctx_memory(cx),
                                    .what = "importing, bytes",
                                    .line = part_line,
                                    .ended = part_ended,
                                    .user = m};
    int status = bram_sandbox_all(cx, &work);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- sets ----------------------------------------------------------------------------------- */

static int by_loader(const void *a, const void *b)
{
    return strcmp(((const bram_collected_set *)a)->loader->name,
                  ((const bram_collected_set *)b)->loader->name);
}

/* A set for each loader that has a recording. */
static int make_sets(bram_ctx *cx, bram_collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const bram_loader *loader = c->files[i].loader;
        size_t k = 0;
        if (c->files[i].state != BRAM_FILE_RECORDING) continue;
        while (k < c->set_count && c->sets[k].loader != loader) k++;
        if (k < c->set_count) continue;
        void *sets = bram_realloc(cx, c->sets, c->set_count + 1, sizeof *c->sets);
        if (!sets) return BRAM_ENOMEM;
        c->sets = sets;
        c->sets[c->set_count++] = (bram_collected_set){.loader = loader};
    }
    if (c->set_count) qsort(c->sets, c->set_count, sizeof *c->sets, by_loader);
    return BRAM_OK;
}

/* Parts that were tried again have said nothing of note. */
static void tell_notes(bram_ctx *cx, const struct importing *m)
{
    for (size_t i = 0; i < m->c->count; i++)
        for (size_t k = 0; k < m->count; k++) {
            const struct part *p = &m->parts[k];
            if (p->again || p->file[0] != i) continue;
            const char *line = bram_buffer_text(&p->notes);
            for (size_t length; *line; line += length + 1) {
                length = strcspn(line, "\n");
                bram_note(cx, "%.*s", (int)length, line);
            }
        }
}

/* Good parts of a set in the order of their first files. */
static size_t good_parts(const struct importing *m, size_t set, const char **paths)
{
    size_t n = 0;
    for (size_t i = 0; i < m->c->count; i++)
        for (size_t k = 0; k < m->count; k++)
            if (m->parts[k].good && m->parts[k].set == set && m->parts[k].file[0] == i)
                paths[n++] = m->parts[k].path;
    return n;
}

struct joining {
    const struct importing *all;
    size_t set, count;
    const char **paths;
    char *missing; /* names of files that failed, or NULL */
    char *to;
};

static const struct {
    const char *word;
    bram_file_state state;
} left_out[] = {[BRAM_LEFT_COPY] = {"copy: ", BRAM_FILE_COPY},
                [BRAM_LEFT_FORM] = {"form: ", BRAM_FILE_FORM},
                [BRAM_LEFT_CLASH] = {"clash: ", BRAM_FILE_FAILED}};

static void say_left_out(void *user, bram_left_out why, const char *what)
{
    bram_note(user, "%s%s", left_out[why].word, what);
}

/* In a child: parts are files, too. Many are joined in steps, as each is open meanwhile. */
static int join_parts(bram_ctx *cx, void *user)
{
    const struct joining *j = user;
    bram_ctx_set_threads(cx, 1);
    if (j->count <= MOST_PARTS_OPEN)
        return bram_import_merge(cx, j->to, j->paths, j->count, j->missing, say_left_out, cx);
    size_t steps = (j->count + MOST_PARTS_OPEN - 1) / MOST_PARTS_OPEN;
    const char **paths = bram_scratch(cx, steps, sizeof *paths);
    if (!paths) return BRAM_ENOMEM;
    for (size_t i = 0; i < steps; i++) {
        size_t first = i * MOST_PARTS_OPEN, left = j->count - first;
        char *to = bram_strf(cx, "%s.step%zu", j->to, i);
        if (!to) return BRAM_ENOMEM;
        paths[i] = to;
        BRAM_TRY(bram_import_merge(cx, to, j->paths + first,
                                   left < MOST_PARTS_OPEN ? left : MOST_PARTS_OPEN, NULL,
                                   say_left_out, cx));
    }
    return bram_import_merge(cx, j->to, paths, steps, j->missing, say_left_out, cx);
}

/* "copy: NAME: recordings/ID, with the same values, was read from OTHER", "form: ..." or
 * "clash: ...". */
static int join_line(bram_ctx *cx, void *user, size_t job, const char *line)
{
    const struct joining *j = (const struct joining *)user + job;
    bram_collection *c = j->all->c;
    size_t why = 0, kinds = sizeof left_out / sizeof *left_out;
    while (why < kinds && strncmp(line, left_out[why].word, strlen(left_out[why].word)) != 0) why++;
    if (why == kinds) return BRAM_OK;
    line += strlen(left_out[why].word);
    for (size_t i = 0; i < c->count; i++) {
        const char *slash = strrchr(c->files[i].path, '/');
        const char *name = slash ? slash + 1 : c->files[i].path;
        size_t length = strlen(name);
        if (!is_recording(j->all, i, j->set) || strncmp(line, name, length) != 0 ||
            line[length] != ':')
            continue;
        BRAM_TRY(fail_file(cx, &c->files[i], BRAM_EFORMAT, line + length + 2));
        c->files[i].state = left_out[why].state;
        c->sets[j->set].out++;
        return BRAM_OK;
    }
    bram_note(cx, "%s", line);
    return BRAM_OK;
}

static int join_ended(bram_ctx *cx, void *user, size_t job, int status, const char *message)
{
    struct joining *j = (struct joining *)user + job;
    if (status != BRAM_OK) return bram_fail(cx, status, "%s", message);
    j->all->c->sets[j->set].path = j->to;
    j->to = NULL;
    return BRAM_OK;
}

static int name_missing(bram_ctx *cx, struct joining *j)
{
    const bram_collection *c = j->all->c;
    const bram_loader *loader = c->sets[j->set].loader;
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        bool of_this = f->loader == loader || (!f->loader && c->set_count == 1);
        if (f->state != BRAM_FILE_FAILED || !of_this) continue;
        const char *slash = strrchr(c->files[i].path, '/');
        char *longer = bram_strf(cx, "%s%s%s", j->missing ? j->missing : "", j->missing ? ", " : "",
                                 slash ? slash + 1 : c->files[i].path);
        if (!longer) return BRAM_ENOMEM;
        bram_free(j->missing);
        j->missing = longer;
    }
    return BRAM_OK;
}

/* What a set needs to be joined. A single part that lacks nothing is the dataset as it is. */
static int plan_join(bram_ctx *cx, struct joining *j, const struct importing *m, size_t set)
{
    *j = (struct joining){.all = m, .set = set};
    j->paths = bram_scratch(cx, m->count, sizeof *j->paths);
    j->to = bram_strf(cx, "%s/%s.h5", m->folder, m->c->sets[set].loader->name);
    if (!j->paths || !j->to) return BRAM_ENOMEM;
    j->count = good_parts(m, set, j->paths);
    for (size_t i = 0; i < m->c->count; i++) m->c->sets[set].recordings += is_recording(m, i, set);
    BRAM_TRY(name_missing(cx, j));
    if (j->count != 1 || j->missing) return BRAM_OK;
    if (rename(j->paths[0], j->to) != 0)
        return bram_fail(cx, BRAM_EWRITE, "cannot rename %s", j->paths[0]);
    m->c->sets[set].path = j->to;
    j->to = NULL;
    return BRAM_OK;
}

static int join_sets(bram_ctx *cx, struct importing *m)
{
    size_t sets = m->c->set_count, n = 0, mark = bram_scratch_mark(cx),
           memory = bram_ctx_memory(cx);
    struct joining *j = bram_scratch(cx, sets, sizeof *j);
    bram_sandbox_job *jobs = bram_scratch(cx, sets, sizeof *jobs);
    int status = j && jobs ? BRAM_OK : BRAM_ENOMEM;
    for (size_t s = 0; status == BRAM_OK && s < sets; s++) {
        status = plan_join(cx, &j[n], m, s);
        if (status != BRAM_OK || (j[n].to && j[n].count)) n++;
        else {
            bram_free(j[n].to);
            bram_free(j[n].missing);
        }
    }
    for (size_t i = 0; status == BRAM_OK && i < n; i++)
        jobs[i] = (bram_sandbox_job){.file = j[i].to,
                                     .limits = {memory ? memory : (size_t)8 << 30, 3600, 0},
                                     .memory = (size_t)256 << 20,
                                     .weight = 1,
                                     .user = &j[i]};
    const bram_sandbox_work work = {.jobs = jobs,
                                    .count = n,
                                    .run = join_parts,
                                    .workers = bram_sandbox_workers(cx),
                                    .memory = memory,
                                    .what = "writing datasets",
                                    .line = join_line,
                                    .ended = join_ended,
                                    .user = j};
    if (status == BRAM_OK && n) status = bram_sandbox_all(cx, &work);
    for (size_t i = 0; j && i < n; i++) {
        bram_free(j[i].missing);
        bram_free(j[i].to);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_collection_import(bram_ctx *cx, bram_collection *c, const char *spec,
                           const bram_options *options, const char *folder)
{
    struct importing m = {.c = c, .spec = spec, .options = options, .folder = folder};
    int status = make_sets(cx, c);
    if (status == BRAM_OK) status = cut(cx, &m);
    while (status == BRAM_OK && m.first < m.count) {
        status = run_parts(cx, &m);
        if (status == BRAM_OK) status = cut_again(cx, &m);
    }
    if (status == BRAM_OK) tell_notes(cx, &m);
    if (status == BRAM_OK) status = join_sets(cx, &m);
    for (size_t i = 0; i < m.count; i++) {
        bram_buffer_release(&m.parts[i].notes);
        unlink(m.parts[i].path);
        bram_free(m.parts[i].file);
        bram_free(m.parts[i].path);
    }
    bram_free(m.parts);
    return status;
}
