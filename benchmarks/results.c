/*
 * results.c - a results folder read back: planned cells with their states; and folders merged.
 */
#include "store.h"

#include "file.h"
#include "hash.h"
#include "cell_summary.h"

#include <bramble/parallel.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bram_results {
    char *dir;
    bram_result *result;
    bram_dataset **whole; /* [result]: the file of a cell of which data is only a part; or NULL */
    size_t count;
    bram_dataset **plan; /* own the strings of the results */
    size_t plans;
};

void bram_results_free(bram_results *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++) {
        bram_dataset_free((bram_dataset *)(uintptr_t)r->result[i].data);
        bram_dataset_free(r->whole[i]);
        bram_free((char *)(uintptr_t)r->result[i].others);
    }
    for (size_t i = 0; i < r->plans; i++) bram_dataset_free(r->plan[i]);
    bram_free(r->result);
    bram_free(r->whole);
    bram_free(r->plan);
    bram_free(r->dir);
    bram_free(r);
}

size_t bram_results_count(const bram_results *r)
{
    return r->count;
}

const bram_result *bram_results_at(const bram_results *r, size_t i)
{
    return i < r->count ? &r->result[i] : NULL;
}

const bram_dataset *bram_results_plan(const bram_results *r, const char *benchmark)
{
    for (size_t i = 0; i < r->plans; i++) {
        const char *name = bram_attrs_text(bram_dataset_find_attrs(r->plan[i], ""), "benchmark");
        if (name && strcmp(name, benchmark) == 0) return r->plan[i];
    }
    return NULL;
}

/* ---- folders -------------------------------------------------------------------------------- */

static bool is_h5(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && name[0] != '.' && strcmp(name + length - 3, ".h5") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) bram_free(names[i]);
    bram_free(names);
}

/* The .h5 files of a folder in byte order. */
static int list_folder(bram_ctx *cx, char ***out, size_t *count, const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    char **names = NULL;
    size_t n = 0, room = 0;
    int status = BRAM_OK;
    for (struct dirent *entry; status == BRAM_OK && (entry = readdir(folder));) {
        if (!is_h5(entry->d_name)) continue;
        if (n == room) {
            char **grown = bram_realloc(cx, names, room = room ? 2 * room : 64, sizeof *grown);
            if (!grown) status = BRAM_ENOMEM;
            else names = grown;
        }
        if (status == BRAM_OK && !(names[n] = bram_strdup(cx, entry->d_name))) status = BRAM_ENOMEM;
        if (status == BRAM_OK) n++;
    }
    closedir(folder);
    if (status != BRAM_OK) {
        free_names(names, n);
        return status;
    }
    if (n) qsort(names, n, sizeof *names, by_name);
    *out = names;
    *count = n;
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static const char *text_or_empty(const bram_attrs *a, const char *name)
{
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text ? text : "";
}

/* What a cell says of itself. */
static int take_state(bram_ctx *cx, bram_result *r, const char *dir)
{
    const bram_attrs *a = bram_dataset_find_attrs(r->data, "");
    const char *state = text_or_empty(a, "state");
    if (strcmp(text_or_empty(a, "content"), "bramble-cell") != 0 ||
        strcmp(text_or_empty(a, "key"), r->key) != 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s/cells/%s.h5: content is \"%s\" with key \"%s\", expected "
                         "\"bramble-cell\" with the key of its name",
                         dir, r->key, text_or_empty(a, "content"), text_or_empty(a, "key"));
    r->reason = text_or_empty(a, "reason");
    for (bram_state s = BRAM_STATE_SCORED; s <= BRAM_STATE_NOT_APPLICABLE; s++)
        if (strcmp(state, bram_state_name(s)) == 0) {
            r->state = s;
            return BRAM_OK;
        }
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s/cells/%s.h5: state is \"%s\", expected scored, failed or not applicable",
                     dir, r->key, state);
}

static int open_cell(bram_ctx *cx, bram_dataset **out, const char *dir, const char *key)
{
    char *path = bram_strf(cx, "%s/cells/%s.h5", dir, key);
    int status = path ? bram_dataset_open(cx, out, path) : BRAM_ENOMEM;
    bram_free(path);
    return status;
}

struct reading {
    const char *dir;
    const bram_cell_summary *summary;
    bram_result *result;
};

/* A cell out of the summary, where that has it. */
static int read_summary(bram_ctx *cx, size_t i, void *user)
{
    const struct reading *all = user;
    bram_result *r = &all->result[i];
    bram_dataset *ds = NULL;
    char *others = NULL;
    if (!bram_store_has(cx, all->dir, r->key)) return BRAM_OK;
    BRAM_TRY(bram_cell_summary_take(cx, &ds, &others, all->summary, all->dir, r->key));
    r->data = ds;
    r->others = others;
    return BRAM_OK;
}

/* Cells from number `from` on: out of the summary at the same time, the others one by one. */
static int read_cells(bram_ctx *cx, bram_results *r, size_t from, const char *benchmark)
{
    bram_cell_summary *summary = NULL;
    BRAM_TRY(bram_cell_summary_open(cx, &summary, r->dir, benchmark));
    struct reading all = {r->dir, summary, r->result + from};
    int status = BRAM_OK;
    if (summary) status = bram_parallel_for(cx, r->count - from, read_summary, &all);
    bram_cell_summary_free(summary);
    for (size_t i = from; i < r->count && status == BRAM_OK; i++) {
        bram_result *cell = &r->result[i];
        bram_dataset *ds = NULL;
        if (!cell->data) {
            if (!bram_store_has(cx, r->dir, cell->key)) continue;
            status = open_cell(cx, &ds, r->dir, cell->key);
            cell->data = ds;
        }
        if (status == BRAM_OK) status = take_state(cx, cell, r->dir);
    }
    return status;
}

/* Room for n more results. */
static int make_room(bram_ctx *cx, bram_results *r, size_t n)
{
    bram_result *result = bram_realloc(cx, r->result, r->count + n, sizeof *result);
    if (!result) return BRAM_ENOMEM;
    r->result = result;
    bram_dataset **whole = bram_realloc(cx, r->whole, r->count + n, sizeof *whole);
    if (!whole) return BRAM_ENOMEM;
    r->whole = whole;
    return BRAM_OK;
}

static int add_results(bram_ctx *cx, bram_results *r, const bram_dataset *plan, const char *path)
{
    const bram_attrs *a = bram_dataset_find_attrs(plan, "");
    const bram_axis *cells = bram_dataset_table(plan, "cell");
    const bram_column *part = cells ? bram_axis_column(cells, "part") : NULL;
    const bram_column *model = cells ? bram_axis_column(cells, "model") : NULL;
    const bram_column *seed = cells ? bram_axis_column(cells, "seed") : NULL;
    if (!part || !part->text || !model || !model->text || !seed || !seed->integer)
        return bram_fail(cx, BRAM_EFORMAT, "%s: no table \"cell\" with part, model and seed", path);
    size_t n = bram_axis_length(cells);
    if (!n) return BRAM_OK;
    BRAM_TRY(make_room(cx, r, n));
    for (size_t i = 0; i < n; i++) {
        r->whole[r->count] = NULL;
        r->result[r->count++] = (bram_result){.key = bram_axis_id(cells, i),
                                              .part = part->text[i],
                                              .model = model->text[i],
                                              .seed = (uint64_t)seed->integer[i],
                                              .benchmark = text_or_empty(a, "benchmark"),
                                              .benchmark_title = text_or_empty(a, "title"),
                                              .task = text_or_empty(a, "task"),
                                              .reason = ""};
    }
    return BRAM_OK;
}

static int read_plan(bram_ctx *cx, bram_results *r, const char *name)
{
    char *path = bram_strf(cx, "%s/plans/%s", r->dir, name);
    if (!path) return BRAM_ENOMEM;
    size_t from = r->count;
    bram_dataset *plan = NULL;
    int status = bram_dataset_open(cx, &plan, path);
    if (status == BRAM_OK) {
        r->plan[r->plans++] = plan;
        status = add_results(cx, r, plan, path);
    }
    bram_free(path);
    if (status == BRAM_OK && r->count > from)
        status = read_cells(cx, r, from, r->result[from].benchmark);
    return status;
}

int bram_results_open(bram_ctx *cx, bram_results **out, const char *dir)
{
    char **names = NULL;
    size_t count = 0;
    char *plans = bram_strf(cx, "%s/plans", dir);
    if (!plans) return BRAM_ENOMEM;
    int status = list_folder(cx, &names, &count, plans);
    bram_free(plans);
    if (status != BRAM_OK)
        return bram_fail_prefix(cx, status, "%s is no results folder of bramble run", dir);
    bram_results *r = bram_alloc(cx, 1, sizeof *r);
    if (r) r->plan = bram_alloc(cx, count, sizeof *r->plan);
    if (r) r->dir = bram_strdup(cx, dir);
    status = r && r->plan && r->dir ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++) status = read_plan(cx, r, names[i]);
    free_names(names, count);
    if (status == BRAM_OK) *out = r;
    else bram_results_free(r);
    return status;
}

/* Whether a line of the text begins so. */
static bool has_line(const char *lines, const char *beginning)
{
    for (size_t n = strlen(beginning); lines && *lines;) {
        if (strncmp(lines, beginning, n) == 0) return true;
        lines = strchr(lines, '\n');
        if (lines) lines++;
    }
    return false;
}

int bram_results_whole(bram_ctx *cx, const bram_dataset **out, const bram_results *r,
                       const bram_result *cell, const char *group)
{
    bram_dataset **whole = &r->whole[cell - r->result];
    *out = cell->others ? NULL : cell->data;
    if (!has_line(cell->others, group)) return BRAM_OK;
    if (!*whole) BRAM_TRY(open_cell(cx, whole, r->dir, cell->key));
    *out = *whole;
    return BRAM_OK;
}

/* ---- merging -------------------------------------------------------------------------------- */

enum { LARGEST_FILE = 1 << 30 };

/* A copy under a temporary name, to be committed. */
static int begin_copy(bram_ctx *cx, bram_outfile **out, const char *source, const char *target)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_outfile *copy = NULL;
    BRAM_TRY(bram_file_read(cx, &bytes, &size, source, LARGEST_FILE));
    int status = bram_outfile_open(cx, &copy, target, true);
    if (status == BRAM_OK) status = bram_outfile_write(cx, copy, bytes, size);
    bram_free(bytes);
    if (status == BRAM_OK) *out = copy;
    else bram_outfile_abort(copy);
    return status;
}

static int copy_file(bram_ctx *cx, const char *source, const char *target)
{
    bram_outfile *copy = NULL;
    BRAM_TRY(begin_copy(cx, &copy, source, target));
    return bram_outfile_commit(cx, copy);
}

/* Begins the copy of a cell file; NULL where it is there. The same key must hold the same bytes. */
static int merge_cell(bram_ctx *cx, bram_outfile **copy, const char *into, const char *from,
                      const char *name)
{
    *copy = NULL;
    char *source = bram_strf(cx, "%s/cells/%s", from, name);
    char *target = bram_strf(cx, "%s/cells/%s", into, name);
    int status = source && target ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && access(target, R_OK) == 0) {
        char a[65], b[65];
        status = bram_sha256_file(cx, a, source);
        if (status == BRAM_OK) status = bram_sha256_file(cx, b, target);
        if (status == BRAM_OK && strcmp(a, b) != 0)
            status = bram_fail(cx, BRAM_EFORMAT, "%s and %s have one key and different content",
                               source, target);
    } else if (status == BRAM_OK) status = begin_copy(cx, copy, source, target);
    bram_free(source);
    bram_free(target);
    return status;
}

/* The cells of a folder, some at a time: the disk is waited for once for all of these. */
static int merge_cells(bram_ctx *cx, const char *into, const char *from, char *const *names,
                       size_t count)
{
    enum { AT_ONCE = 64 }; /* files that are open */
    int status = BRAM_OK;
    for (size_t i = 0; i < count && status == BRAM_OK;) {
        bram_outfile *copy[AT_ONCE];
        size_t n = 0;
        for (; i < count && n < AT_ONCE && status == BRAM_OK; i++) {
            status = merge_cell(cx, &copy[n], into, from, names[i]);
            n += status == BRAM_OK && copy[n];
        }
        if (status == BRAM_OK) status = bram_ctx_check_cancel(cx);
        if (status == BRAM_OK) status = bram_outfile_commit_all(cx, copy, n);
        else
            while (n) bram_outfile_abort(copy[--n]);
    }
    return status;
}

/* Adds the cells of a plan file of `from` to the plan of the same benchmark in `into`. */
static int merge_plan(bram_ctx *cx, const char *into, const char *from, const char *name)
{
    char *source = bram_strf(cx, "%s/plans/%s", from, name);
    char *target = bram_strf(cx, "%s/plans/%s", into, name);
    int status = source && target ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && access(target, R_OK) != 0) status = copy_file(cx, source, target);
    else if (status == BRAM_OK) status = bram_store_join_plans(cx, target, source);
    bram_free(source);
    bram_free(target);
    return status;
}

/* The summaries of all plans of a folder; cells come from others. */
static int summarize(bram_ctx *cx, const char *dir, const char *const *from, size_t count)
{
    char **names = NULL, *path = bram_strf(cx, "%s/plans", dir);
    size_t n = 0;
    int status = path ? list_folder(cx, &names, &n, path) : BRAM_ENOMEM;
    bram_free(path);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        names[i][strlen(names[i]) - 3] = 0; /* without .h5 */
        status = bram_store_summarize_from(cx, dir, names[i], from, count);
    }
    free_names(names, n);
    return status;
}

int bram_merge(bram_ctx *cx, const char *into, const char *const *from, size_t count)
{
    BRAM_TRY(bram_store_make(cx, into));
    for (size_t i = 0; i < count; i++)
        for (int plans = 0; plans < 2; plans++) {
            char **names = NULL;
            size_t n = 0;
            char *path = bram_strf(cx, "%s/%s", from[i], plans ? "plans" : "cells");
            int status = path ? list_folder(cx, &names, &n, path) : BRAM_ENOMEM;
            bram_free(path);
            if (status == BRAM_OK && !plans) status = merge_cells(cx, into, from[i], names, n);
            for (size_t k = 0; plans && k < n && status == BRAM_OK; k++)
                status = merge_plan(cx, into, from[i], names[k]);
            if (n) free_names(names, n);
            BRAM_TRY(status);
        }
    return summarize(cx, into, from, count);
}
