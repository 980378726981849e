/*
 * list_data.c - datasets with the state they are in, benchmarks and suites by their definitions.
 */
#include "list_data.h"

#include "definition.h"
#include "manifest.h"
#include "simulate.h"
#include "ways.h"

#include <bramble/benchmark.h>
#include <bramble/plugin.h>

#include <stdlib.h>
#include <string.h>

/* ---- datasets ------------------------------------------------------------------------------- */

enum { NAME, SUMMARY, VERIFIED, STATE, LICENCE, READS, CITATION, DOI, URL, COMMAND };

static const char *verified_words(const bram_loader *l)
{
    if (!l) return "no loader yet";
    return l->verified == BRAM_VERIFIED_REAL ? "real files" : "described files";
}

static int put_state(bram_ctx *cx, bram_table *t, const bram_yaml_manifest *m, const char *root)
{
    bram_presence is;
    size_t of = 0;
    BRAM_TRY(bram_manifest_check(cx, &is, &of, m, root));
    char *command = bram_manifest_command(cx, m, root);
    if (!command) return BRAM_ENOMEM;
    bram_table_text(t, COMMAND, m->source ? command : NULL);
    if (!root) {
        bram_free(command);
        return BRAM_OK;
    }
    if (is == BRAM_PRESENT_AS_PUBLISHED)
        bram_table_textf(t, STATE, "present, %zu of %zu files as published", of, m->file_count);
    else
        bram_table_text(t, STATE,
                        is == BRAM_PRESENT_OTHERWISE ? "present, from files that the manifest lacks"
                        : is == BRAM_PRESENT_UNREADABLE ? "present, not readable"
                                                        : "absent");
    if (is == BRAM_ABSENT)
        bram_table_note(t, "%s: %s%s%s%s", m->name, m->doi ? "doi " : "", m->doi ? m->doi : "",
                        m->doi && m->url ? ", " : "", m->url ? m->url : "");
    if (is == BRAM_ABSENT && m->source) bram_table_note(t, "  %s", command);
    bram_free(command);
    return BRAM_OK;
}

static int put_manifest(bram_ctx *cx, bram_table *t, const bram_yaml_manifest *m, const char *root)
{
    char loader[64] = "";
    size_t length = m->source ? bram_spec_name_length(m->source) : 0;
    if (length && length < sizeof loader) memcpy(loader, m->source, length);
    const bram_loader *l = bram_loader_find(loader);
    bram_table_row(t);
    bram_table_text(t, NAME, m->name);
    bram_table_text(t, SUMMARY, m->title);
    bram_table_text(t, VERIFIED, m->tried_on ? m->tried_on : verified_words(l));
    bram_table_text(t, LICENCE, m->licence);
    bram_table_text(t, READS, l ? l->reads : NULL);
    bram_table_text(t, CITATION, m->citation);
    bram_table_text(t, DOI, m->doi);
    bram_table_text(t, URL, m->url);
    return put_state(cx, t, m, root);
}

static void put_loader(bram_table *t, const bram_loader *l)
{
    bram_table_row(t);
    bram_table_text(t, NAME, l->name);
    bram_table_text(t, SUMMARY, l->summary);
    bram_table_text(t, VERIFIED, verified_words(l));
    bram_table_text(t, LICENCE, l->licence);
    bram_table_text(t, READS, l->reads);
    bram_table_text(t, CITATION, l->citation);
    bram_table_text(t, DOI, l->doi);
}

static const bram_loader *loader_at(size_t i)
{
    size_t n = 0;
    while (bram_loader_table[n]) n++;
    return i < n ? bram_loader_table[i] : bram_plugin_loader(i - n);
}

static int put_manifests(bram_ctx *cx, bram_table *t, char *const *names, size_t count,
                         const char *root)
{
    for (size_t i = 0; i < count; i++) {
        bram_yaml_manifest *m = NULL;
        BRAM_TRY(bram_manifest_read(cx, &m, names[i]));
        int status = m ? put_manifest(cx, t, m, root) : BRAM_OK;
        bram_yaml_manifest_free(m);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static bool is_among(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

int bram_cli_list_datasets(bram_ctx *cx, bram_table **out, const char *root)
{
    static const bram_table_column columns[] = {
        [NAME] = {"name", "name", BRAM_CELL_TEXT},
        [SUMMARY] = {"summary", "what it is", BRAM_CELL_TEXT, .wrap = true},
        [VERIFIED] = {"verified", "tried on", BRAM_CELL_TEXT, .wrap = true},
        [STATE] = {"state", "state", BRAM_CELL_TEXT, .wrap = true},
        [LICENCE] = {"licence", "licence", BRAM_CELL_TEXT, .wrap = true, .drop = 3},
        [READS] = {"reads", "reads", BRAM_CELL_TEXT, .wrap = true, .drop = 4},
        [CITATION] = {"citation", "citation", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [DOI] = {"doi", "DOI", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [URL] = {"url", "URL", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [COMMAND] = {"command", "command", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
    };
    char **names = NULL;
    size_t count = 0;
    BRAM_TRY(bram_definition_names(cx, &names, &count, getenv("BRAMBLE_MANIFESTS"),
                                   bram_manifest_folders, ""));
    bram_table *t = NULL;
    int status = bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns);
    if (status == BRAM_OK) status = put_manifests(cx, t, names, count, root);
    const bram_loader *l;
    for (size_t i = 0; status == BRAM_OK && (l = loader_at(i)); i++)
        if (!is_among(names, count, l->name)) put_loader(t, l);
    for (const bram_simulation *s = bram_simulation_table; status == BRAM_OK && s->name; s++) {
        bram_table_row(t);
        bram_table_text(t, NAME, s->name);
        bram_table_text(t, SUMMARY, s->summary);
        bram_table_text(t, STATE, "made by code");
    }
    bram_definition_names_free(names, count);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

/* ---- benchmarks ----------------------------------------------------------------------------- */

/* Whether a dataset is there: "made by code", "present", "absent"; NULL: nobody knows. */
static int one_state(bram_ctx *cx, const char **out, const char *name, const char *root)
{
    bram_yaml_manifest *m = NULL;
    *out = bram_simulation_find(name) ? "made by code" : root ? "absent" : NULL;
    if (bram_simulation_find(name) || !root) return BRAM_OK;
    bram_yaml_manifest only_name = {.name = (char *)(uintptr_t)name};
    bram_presence is;
    BRAM_TRY(bram_manifest_read(cx, &m, name));
    int status = bram_manifest_check(cx, &is, NULL, m ? m : &only_name, root);
    bram_yaml_manifest_free(m);
    if (is != BRAM_ABSENT) *out = is == BRAM_PRESENT_UNREADABLE ? "not readable" : "present";
    return status;
}

/* Of several datasets, joined by +: the first that is not there, else the last. */
static int dataset_state(bram_ctx *cx, const char **out, const char *names, const char *root)
{
    int status = BRAM_OK;
    for (const char *at = names; status == BRAM_OK;) {
        size_t length = strcspn(at, "+");
        char *name = bram_strf(cx, "%.*s", (int)length, at);
        status = name ? one_state(cx, out, name, root) : BRAM_ENOMEM;
        bram_free(name);
        bool there = *out && (strcmp(*out, "present") == 0 || strcmp(*out, "made by code") == 0);
        if (!there || !at[length]) break;
        at += length + 1;
    }
    return status;
}

/* A row of a table of definitions. */
typedef int put_fn(bram_ctx *cx, bram_table *t, const bram_benchmark *b, const char *root);

static int put_benchmark(bram_ctx *cx, bram_table *t, const bram_benchmark *b, const char *root)
{
    const char *state = NULL;
    BRAM_TRY(dataset_state(cx, &state, b->dataset, root));
    bram_table_row(t);
    bram_table_text(t, 0, b->name);
    bram_table_text(t, 1, b->title);
    bram_table_text(t, 2, b->task);
    bram_table_text(t, 3, b->dataset);
    bram_table_text(t, 4, state);
    bram_table_integer(t, 5, b->version);
    return BRAM_OK;
}

/* Puts every definition into a table of these columns. */
static int list_definitions(bram_ctx *cx, bram_table **out, const bram_table_column *columns,
                            size_t count, const char *root, put_fn *put)
{
    char **names = NULL;
    size_t definitions = 0;
    BRAM_TRY(bram_definition_names(cx, &names, &definitions, getenv("BRAMBLE_BENCHMARKS"),
                                   bram_definition_folders, ""));
    bram_table *t = NULL;
    int status = bram_table_new(cx, &t, "", columns, count);
    for (size_t i = 0; i < definitions && status == BRAM_OK; i++) {
        bram_benchmark *b = NULL;
        status = bram_benchmark_read(cx, &b, names[i]);
        if (status == BRAM_OK) status = put(cx, t, b, root);
        bram_benchmark_free(b);
    }
    bram_definition_names_free(names, definitions);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_cli_list_benchmarks(bram_ctx *cx, bram_table **out, const char *root)
{
    static const bram_table_column columns[] = {
        {"name", "name", BRAM_CELL_TEXT},
        {"title", "what it asks", BRAM_CELL_TEXT, .wrap = true},
        {"task", "task", BRAM_CELL_TEXT, .drop = 2},
        {"dataset", "dataset", BRAM_CELL_TEXT, .drop = 1},
        {"state", "state", BRAM_CELL_TEXT},
        {"version", "version", BRAM_CELL_INTEGER, .audience = BRAM_FOR_MACHINES}};
    return list_definitions(cx, out, columns, sizeof columns / sizeof *columns, root,
                            put_benchmark);
}

/* ---- ways in -------------------------------------------------------------------------------- */

static int put_ways(bram_ctx *cx, bram_table *t, const bram_benchmark *b, const char *root)
{
    (void)root;
    bram_table_row(t);
    bram_table_text(t, 0, b->name);
    bram_table_text(t, 1, b->task);
    for (size_t k = 0; k < BRAM_WAYS; k++) {
        bram_way way;
        BRAM_TRY(bram_way_of(cx, &way, b, (bram_way_kind)k));
        bram_table_text(t, 2 + k, way.works ? way.text : NULL);
        if (!way.works && k == BRAM_WAY_FILES) bram_table_text(t, 2 + BRAM_WAYS, way.text);
        bram_way_release(&way);
    }
    return BRAM_OK;
}

int bram_cli_list_ways(bram_ctx *cx, bram_table **out, const char *root)
{
    static const bram_table_column columns[] = {
        {"benchmark", "benchmark", BRAM_CELL_TEXT},
        {"task", "task", BRAM_CELL_TEXT, .drop = 2},
        {"files", "files", BRAM_CELL_TEXT, .wrap = true},
        {"program", "program", BRAM_CELL_TEXT, .wrap = true},
        {"shared_object", "shared object", BRAM_CELL_TEXT, .wrap = true, .drop = 3},
        {"reason", "why no files", BRAM_CELL_TEXT, .wrap = true, .drop = 1}};
    return list_definitions(cx, out, columns, sizeof columns / sizeof *columns, root, put_ways);
}

/* ---- suites --------------------------------------------------------------------------------- */

static int put_suite(bram_ctx *cx, bram_table *t, const bram_suite *s)
{
    char *list = bram_strdup(cx, "");
    for (size_t i = 0; list && i < s->benchmarks; i++) {
        char *longer = bram_strf(cx, "%s%s%s", list, i ? ", " : "", s->benchmark[i]->name);
        bram_free(list);
        list = longer;
    }
    if (!list) return BRAM_ENOMEM;
    bram_table_row(t);
    bram_table_text(t, 0, s->name);
    bram_table_text(t, 1, s->title);
    bram_table_text(t, 2, list);
    bram_free(list);
    return BRAM_OK;
}

int bram_cli_list_suites(bram_ctx *cx, bram_table **out, const char *root)
{
    (void)root;
    static const bram_table_column columns[] = {
        {"name", "name", BRAM_CELL_TEXT},
        {"title", "what it asks", BRAM_CELL_TEXT, .wrap = true},
        {"benchmarks", "benchmarks", BRAM_CELL_TEXT, .wrap = true}};
    char **names = NULL;
    size_t count = 0;
    BRAM_TRY(bram_definition_names(cx, &names, &count, getenv("BRAMBLE_BENCHMARKS"),
                                   bram_definition_folders, "suites/"));
    bram_table *t = NULL;
    int status = bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        bram_suite *s = NULL;
        status = bram_suite_read(cx, &s, names[i]);
        if (status == BRAM_OK) status = put_suite(cx, t, s);
        bram_suite_free(s);
    }
    bram_definition_names_free(names, count);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}
