/*
 * results.c - a results folder read back: planned cells with their states; and folders merged.
 */
#include "store.h"

#include "file.h"
#include "hash.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bram_results {
    bram_result *result;
    size_t count, room;
    bram_dataset **plan; /* own the strings of the results */
    size_t plans;
};

void bram_results_free(bram_results *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++)
        bram_dataset_free((bram_dataset *)(uintptr_t)r->result[i].data);
    for (size_t i = 0; i < r->plans; i++) bram_dataset_free(r->plan[i]);
    bram_free(r->result);
    bram_free(r->plan);
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

static int read_state(bram_ctx *cx, bram_result *r, const char *path)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    r->data = ds;
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *state = text_or_empty(a, "state");
    if (strcmp(text_or_empty(a, "content"), "bramble-cell") != 0 ||
        strcmp(text_or_empty(a, "key"), r->key) != 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: content is \"%s\" with key \"%s\", expected "
                         "\"bramble-cell\" with the key of its name",
                         path, text_or_empty(a, "content"), text_or_empty(a, "key"));
    r->reason = text_or_empty(a, "reason");
    for (bram_state s = BRAM_STATE_SCORED; s <= BRAM_STATE_NOT_APPLICABLE; s++)
        if (strcmp(state, bram_state_name(s)) == 0) {
            r->state = s;
            return BRAM_OK;
        }
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: state is \"%s\", expected scored, failed or not "
                     "applicable",
                     path, state);
}

static int read_plan(bram_ctx *cx, bram_results *r, const char *dir, const char *name)
{
    char *path = bram_strf(cx, "%s/plans/%s", dir, name);
    if (!path) return BRAM_ENOMEM;
    bram_dataset *plan = NULL;
    int status = bram_dataset_open(cx, &plan, path);
    if (status == BRAM_OK) r->plan[r->plans++] = plan;
    const bram_attrs *a = plan ? bram_dataset_find_attrs(plan, "") : NULL;
    const bram_axis *cells = plan ? bram_dataset_table(plan, "cell") : NULL;
    const bram_column *part = cells ? bram_axis_column(cells, "part") : NULL;
    const bram_column *model = cells ? bram_axis_column(cells, "model") : NULL;
    const bram_column *seed = cells ? bram_axis_column(cells, "seed") : NULL;
    if (status == BRAM_OK &&
        (!part || !part->text || !model || !model->text || !seed || !seed->integer))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: no table \"cell\" with part, model and seed",
                           path);
    bram_free(path);
    for (size_t i = 0; status == BRAM_OK && i < bram_axis_length(cells); i++) {
        if (r->count == r->room) {
            size_t room = r->room ? 2 * r->room : 64;
            bram_result *grown = bram_realloc(cx, r->result, room, sizeof *grown);
            if (!grown) return BRAM_ENOMEM;
            r->result = grown;
            r->room = room;
        }
        bram_result *cell = &r->result[r->count++];
        *cell = (bram_result){.key = bram_axis_id(cells, i),
                              .part = part->text[i],
                              .model = model->text[i],
                              .seed = (uint64_t)seed->integer[i],
                              .benchmark = text_or_empty(a, "benchmark"),
                              .benchmark_title = text_or_empty(a, "title"),
                              .task = text_or_empty(a, "task"),
                              .reason = ""};
        if (!bram_store_has(cx, dir, cell->key)) continue;
        char *file = bram_strf(cx, "%s/cells/%s.h5", dir, cell->key);
        status = file ? read_state(cx, cell, file) : BRAM_ENOMEM;
        bram_free(file);
    }
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
    status = r && r->plan ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        status = read_plan(cx, r, dir, names[i]);
    free_names(names, count);
    if (status == BRAM_OK) *out = r;
    else bram_results_free(r);
    return status;
}

/* ---- merging -------------------------------------------------------------------------------- */

enum { LARGEST_FILE = 1 << 30 };

static int copy_file(bram_ctx *cx, const char *source, const char *target)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    bram_outfile *out = NULL;
    BRAM_TRY(bram_file_read(cx, &bytes, &size, source, LARGEST_FILE));
    int status = bram_outfile_open(cx, &out, target, true);
    if (status == BRAM_OK) status = bram_outfile_write(cx, out, bytes, size);
    if (status == BRAM_OK) status = bram_outfile_commit(cx, out);
    else bram_outfile_abort(out);
    bram_free(bytes);
    return status;
}

/* Copies one cell file, by way of a temporary name; the same key must hold the same bytes. */
static int merge_cell(bram_ctx *cx, const char *into, const char *from, const char *name)
{
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
    } else if (status == BRAM_OK) status = copy_file(cx, source, target);
    bram_free(source);
    bram_free(target);
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
            for (size_t k = 0; k < n && status == BRAM_OK; k++)
                status = plans ? merge_plan(cx, into, from[i], names[k])
                               : merge_cell(cx, into, from[i], names[k]);
            if (n) free_names(names, n);
            BRAM_TRY(status);
        }
    return BRAM_OK;
}
