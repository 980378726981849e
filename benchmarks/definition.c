/*
 * definition.c - benchmark and suite definitions from their YAML files.
 */
#include "definition.h"

#include <bramble/benchmark.h>

#include "variation.h"
#include "yaml.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bram_benchmark_free(bram_benchmark *b)
{
    if (!b) return;
    char **const texts[] = {&b->name,     &b->title,         &b->task,
                            &b->dataset,  &b->citation,      &b->truth,
                            &b->no_truth, &b->public_sha256, &b->truth_sha256};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) bram_free(*texts[i]);
    for (size_t i = 0; i < b->metric_count; i++) bram_free(b->metrics[i]);
    for (size_t i = 0; i < b->model_count; i++) bram_free(b->models[i]);
    for (size_t i = 0; i < b->part_count; i++) bram_free(b->parts[i]);
    bram_free(b->metrics);
    bram_free(b->models);
    bram_free(b->parts);
    bram_options_free(b->options);
    bram_variation_free(b->variation);
    bram_free(b);
}

/* ---- finding files -------------------------------------------------------------------------- */

static bool is_path(const char *name)
{
    size_t length = strlen(name);
    return strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0);
}

/* The first NAME.yaml of a colon-separated list of folders; *out stays as it is when there is none.
 */
static int search(bram_ctx *cx, char **out, const char *folders, const char *below,
                  const char *name)
{
    for (const char *at = folders; at && *at;) {
        size_t length = strcspn(at, ":");
        char *path = bram_strf(cx, "%.*s/%s%s.yaml", (int)length, at, below, name);
        if (!path) return BRAM_ENOMEM;
        if (access(path, F_OK) == 0) {
            *out = path;
            return BRAM_OK;
        }
        bram_free(path);
        at += length + (at[length] == ':');
    }
    return BRAM_OK;
}

int bram_definition_find(bram_ctx *cx, char **out, const char *before, const char *folders,
                         const char *below, const char *name)
{
    *out = NULL;
    BRAM_TRY(search(cx, out, before, below, name));
    return *out ? BRAM_OK : search(cx, out, folders, below, name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the names of FOLDER's *.yaml to a list that has grown to `count` of `room`. */
static int add_names(bram_ctx *cx, char ***names, size_t *count, size_t *room, const char *folder)
{
    DIR *list = opendir(folder);
    int status = BRAM_OK;
    for (struct dirent *e; list && status == BRAM_OK && (e = readdir(list));) {
        size_t length = strlen(e->d_name), i = 0;
        if (e->d_name[0] == '.' || length <= 5 || strcmp(e->d_name + length - 5, ".yaml") != 0)
            continue;
        char *name = bram_strf(cx, "%.*s", (int)(length - 5), e->d_name);
        while (name && i < *count && strcmp((*names)[i], name) != 0) i++;
        if (name && i < *count) { /* hidden by a folder before */
            bram_free(name);
            continue;
        }
        char **grown = *names;
        if (name && *count == *room)
            grown = bram_realloc(cx, *names, *room ? 2 * *room : 32, sizeof *grown);
        if (!name || !grown) {
            bram_free(name);
            status = BRAM_ENOMEM;
            break;
        }
        if (*count == *room) *room = *room ? 2 * *room : 32;
        *names = grown;
        grown[(*count)++] = name;
    }
    if (list) closedir(list);
    return status;
}

int bram_definition_names(bram_ctx *cx, char ***out, size_t *count, const char *before,
                          const char *folders, const char *below)
{
    char **names = NULL;
    size_t n = 0, room = 0;
    int status = BRAM_OK;
    const char *const lists[] = {before, folders};
    for (size_t i = 0; i < 2; i++)
        for (const char *at = lists[i]; status == BRAM_OK && at && *at;) {
            size_t length = strcspn(at, ":");
            char *folder = bram_strf(cx, "%.*s/%s", (int)length, at, below);
            status = folder ? add_names(cx, &names, &n, &room, folder) : BRAM_ENOMEM;
            bram_free(folder);
            at += length + (at[length] == ':');
        }
    if (status != BRAM_OK) {
        bram_definition_names_free(names, n);
        return status;
    }
    if (n) qsort(names, n, sizeof *names, by_text);
    *out = names;
    *count = n;
    return BRAM_OK;
}

void bram_definition_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) bram_free(names[i]);
    bram_free(names);
}

/* A path is taken as it is; a name is looked for in the folders of definition.h. */
static int locate(bram_ctx *cx, char **out, const char *below, const char *name)
{
    *out = NULL;
    if (is_path(name)) {
        *out = bram_strdup(cx, name);
        return *out ? BRAM_OK : BRAM_ENOMEM;
    }
    return bram_definition_find(cx, out, getenv("BRAMBLE_BENCHMARKS"), bram_definition_folders,
                                below, name);
}

/* ---- benchmarks ----------------------------------------------------------------------------- */

static bool table_of(void *user, const char *task, const bram_param **table)
{
    (void)user;
    const bram_task *found = bram_task_find(task);
    if (found) *table = found->params;
    return found != NULL;
}

/* Moves a list out of the record it was read into. */
static void take(char ***to, size_t *to_count, char ***from, size_t *from_count)
{
    *to = *from;
    *to_count = *from_count;
    *from = NULL;
    *from_count = 0;
}

static int from_record(bram_ctx *cx, bram_benchmark *b, bram_yaml_benchmark *y)
{
    static const bram_param none[] = {{.name = NULL}};
    char **const from[] = {&y->name,     &y->title,         &y->task,
                           &y->dataset,  &y->citation,      &y->truth,
                           &y->no_truth, &y->public_sha256, &y->truth_sha256};
    char **const to[] = {&b->name,  &b->title,    &b->task,          &b->dataset,     &b->citation,
                         &b->truth, &b->no_truth, &b->public_sha256, &b->truth_sha256};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        *to[i] = *from[i];
        *from[i] = NULL;
    }
    b->version = y->version;
    take(&b->metrics, &b->metric_count, &y->metrics, &y->metric_count);
    take(&b->models, &b->model_count, &y->models, &y->model_count);
    take(&b->parts, &b->part_count, &y->parts, &y->part_count);
    if (!b->citation && !(b->citation = bram_strdup(cx, ""))) return BRAM_ENOMEM;
    const bram_task *task = bram_task_find(b->task);
    BRAM_TRY(bram_options_new(cx, &b->options, task->params ? task->params : none, ""));
    for (size_t i = 0; i < y->option_count; i++)
        BRAM_TRY(bram_options_set(cx, b->options, y->options[i].key, y->options[i].value));
    return BRAM_OK;
}

static int read_benchmark(bram_ctx *cx, bram_benchmark **out, const char *path)
{
    bram_yaml_benchmark *y = NULL;
    BRAM_TRY(bram_yaml_benchmark_read(cx, &y, path, table_of, NULL));
    bram_benchmark *b = bram_alloc(cx, 1, sizeof *b);
    int status = b ? from_record(cx, b, y) : BRAM_ENOMEM;
    bram_yaml_benchmark_free(y);
    if (status == BRAM_OK) *out = b;
    else {
        bram_benchmark_free(b);
        if (status != BRAM_ENOMEM) bram_fail_prefix(cx, status, "%s", path);
    }
    return status;
}

int bram_benchmark_read(bram_ctx *cx, bram_benchmark **out, const char *name)
{
    char *path = NULL;
    BRAM_TRY(locate(cx, &path, "", name));
    if (!path)
        return bram_fail(cx, BRAM_EABSENT,
                         "no benchmark is named \"%s\" (bramble list benchmarks "
                         "shows them)",
                         name);
    int status = read_benchmark(cx, out, path);
    bram_free(path);
    return status;
}

/* ---- suites --------------------------------------------------------------------------------- */

void bram_suite_free(bram_suite *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->benchmarks; i++) bram_benchmark_free(s->benchmark[i]);
    bram_free(s->benchmark);
    bram_free(s->name);
    bram_free(s->title);
    bram_free(s);
}

/* A suite of one benchmark, under the benchmark's own name. */
static int suite_of_one(bram_ctx *cx, bram_suite *s, const char *name)
{
    s->benchmark = bram_alloc(cx, 1, sizeof *s->benchmark);
    if (!s->benchmark) return BRAM_ENOMEM;
    BRAM_TRY(bram_benchmark_read(cx, &s->benchmark[0], name));
    s->benchmarks = 1;
    s->name = bram_strdup(cx, s->benchmark[0]->name);
    s->title = bram_strdup(cx, s->benchmark[0]->title);
    return s->name && s->title ? BRAM_OK : BRAM_ENOMEM;
}

static int suite_from_file(bram_ctx *cx, bram_suite *s, const char *path)
{
    bram_yaml_suite *y = NULL;
    BRAM_TRY(bram_yaml_suite_read(cx, &y, path));
    s->name = y->name;
    s->title = y->title;
    y->name = y->title = NULL;
    s->benchmark = bram_alloc(cx, y->benchmark_count, sizeof *s->benchmark);
    int status = s->benchmark ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < y->benchmark_count && status == BRAM_OK; i++) {
        status = bram_benchmark_read(cx, &s->benchmark[i], y->benchmarks[i]);
        if (status == BRAM_OK) s->benchmarks++;
    }
    bram_yaml_suite_free(y);
    return status;
}

int bram_suite_read(bram_ctx *cx, bram_suite **out, const char *name)
{
    bram_suite *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    char *path = NULL;
    /* a path may be either kind of file; a suite is the one with a list of benchmarks */
    int status = is_path(name) ? BRAM_OK : locate(cx, &path, "suites/", name);
    if (status == BRAM_OK && is_path(name)) {
        status = suite_of_one(cx, s, name);
        if (status == BRAM_EFORMAT) {
            char *message = bram_strdup(cx, bram_ctx_message(cx));
            if (suite_from_file(cx, s, name) == BRAM_OK) status = BRAM_OK;
            else if (message) bram_fail(cx, status, "%s", message);
            bram_free(message);
        }
    } else if (status == BRAM_OK)
        status = path ? suite_from_file(cx, s, path) : suite_of_one(cx, s, name);
    if (status == BRAM_EABSENT)
        bram_fail(cx, status,
                  "no suite or benchmark is named \"%s\" (bramble list benchmarks shows "
                  "them)",
                  name);
    bram_free(path);
    if (status == BRAM_OK) *out = s;
    else bram_suite_free(s);
    return status;
}
