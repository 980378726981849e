/*
 * import_report.c - tables of an import; see import_report.h.
 */
#include "import_report.h"

#include "output.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

/* ---- traces --------------------------------------------------------------------------------- */

static const char *cell(const bram_axis *report, const char *column, size_t i)
{
    const bram_column *c = bram_axis_column(report, column);
    return c && c->type == BRAM_TEXT ? c->text[i] : "";
}

static int every_trace(bram_ctx *cx, bram_table **out, const bram_axis *report)
{
    static const bram_table_column columns[] = {
        {"recording", "recording", BRAM_CELL_TEXT, .drop = 1},
        {"trace", "trace", BRAM_CELL_INTEGER},
        {"raw_label", "raw label", BRAM_CELL_TEXT, .wrap = true},
        {"label", "label", BRAM_CELL_TEXT},
        {"certainty", "certainty", BRAM_CELL_TEXT},
        {"reason", "reason", BRAM_CELL_TEXT, .wrap = true, .drop = 2},
        {"candidates", "candidates", BRAM_CELL_TEXT, .wrap = true, .drop = 3}};
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    const bram_column *trace = bram_axis_column(report, "trace");
    for (size_t i = 0; i < bram_axis_length(report); i++) {
        bram_table_row(*out);
        for (size_t j = 0; j < sizeof columns / sizeof *columns; j++) {
            if (columns[j].kind == BRAM_CELL_TEXT) {
                const char *text = cell(report, columns[j].key, i);
                bram_table_text(*out, j, *text ? text : NULL);
            } else if (trace && trace->type == BRAM_INTEGER) {
                bram_table_integer(*out, j, trace->integer[i]);
            }
        }
    }
    return BRAM_OK;
}

/* The distinct texts of a column, at most `room`, in order of appearance. */
static size_t distinct(const bram_axis *report, const char *column, const char **found, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_axis_length(report); i++) {
        const char *text = cell(report, column, i);
        size_t k = 0;
        while (k < n && strcmp(found[k], text) != 0) k++;
        if (k == n && n < room) found[n++] = text;
    }
    return n;
}

static int64_t count(const bram_axis *report, const char *recording, const char *certainty)
{
    int64_t n = 0;
    for (size_t i = 0; i < bram_axis_length(report); i++)
        n += !strcmp(cell(report, "recording", i), recording) &&
             (!certainty || !strcmp(cell(report, "certainty", i), certainty));
    return n;
}

/* A row for each recording, a column for each certainty. */
static int by_certainty(bram_ctx *cx, bram_table **out, const bram_axis *report)
{
    enum { MOST_CERTAINTIES = 16, MOST_RECORDINGS = 4096 };
    const char *certainty[MOST_CERTAINTIES];
    size_t certainties = distinct(report, "certainty", certainty, MOST_CERTAINTIES);
    const char **recording = bram_scratch(cx, MOST_RECORDINGS, sizeof *recording);
    if (!recording) return BRAM_ENOMEM;
    size_t recordings = distinct(report, "recording", recording, MOST_RECORDINGS);
    bram_table_column columns[MOST_CERTAINTIES + 2] = {
        {"recording", "recording", BRAM_CELL_TEXT, .wrap = true},
        {"traces", "traces", BRAM_CELL_INTEGER}};
    for (size_t k = 0; k < certainties; k++) {
        const char *name = *certainty[k] ? certainty[k] : "no label";
        columns[k + 2] = (bram_table_column){name, name, BRAM_CELL_INTEGER};
    }
    BRAM_TRY(bram_table_new(cx, out, "", columns, certainties + 2));
    for (size_t i = 0; i < recordings; i++) {
        bram_table_row(*out);
        bram_table_text(*out, 0, recording[i]);
        bram_table_integer(*out, 1, count(report, recording[i], NULL));
        for (size_t k = 0; k < certainties; k++)
            bram_table_integer(*out, k + 2, count(report, recording[i], certainty[k]));
    }
    return BRAM_OK;
}

static const char *const state_words[] = {[BRAM_FILE_RECORDING] = "recognised",
                                          [BRAM_FILE_BELONGS] = "belongs to recordings",
                                          [BRAM_FILE_BESIDE] = "nothing to import",
                                          [BRAM_FILE_ASKS] = "needs --source",
                                          [BRAM_FILE_AMBIGUOUS] = "several loaders fit",
                                          [BRAM_FILE_UNKNOWN] = "no loader fits",
                                          [BRAM_FILE_COPY] = "copy",
                                          [BRAM_FILE_FORM] = "other form",
                                          [BRAM_FILE_FAILED] = "failed"};

/* Files of one loader that were recognised for the same reason make one remark. */
static void note_recognised(bram_ctx *cx, bram_table *t, const bram_collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        size_t same = 0;
        bool first = f->loader && f->words && f->state <= BRAM_FILE_BESIDE;
        for (size_t k = 0; first && k < c->count; k++) {
            const bram_collected *g = &c->files[k];
            if (g->loader != f->loader || !g->words || g->state != f->state ||
                strcmp(g->words, f->words) != 0)
                continue;
            first = k >= i;
            same++;
        }
        if (!first) continue;
        const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path;
        const char *verb = f->state == BRAM_FILE_BELONGS  ? "belongs to"
                           : f->state == BRAM_FILE_BESIDE ? "nothing to import, of"
                                                          : "recognised as";
        char more[32] = "";
        if (same > 1) snprintf(more, sizeof more, " and %zu more", same - 1);
        if (t) bram_table_note(t, "%s%s: %s %s (%s)", name, more, verb, f->loader->name, f->words);
        else bram_note(cx, "%s%s: %s %s (%s)", name, more, verb, f->loader->name, f->words);
    }
}

/* What is in from another file is no failure, and no secret either. */
static void note_left_out(bram_ctx *cx, bram_table *t, const bram_collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        if (f->state != BRAM_FILE_COPY && f->state != BRAM_FILE_FORM) continue;
        const char *slash = strrchr(f->path, '/'), *name = slash ? slash + 1 : f->path;
        if (t) bram_table_note(t, "%s: %s: %s", name, state_words[f->state], f->words);
        else bram_note(cx, "%s: %s: %s", name, state_words[f->state], f->words);
    }
}

int bram_cli_report_traces(bram_ctx *cx, const bram_cli_args *args, const bram_dataset *ds,
                           const bram_collection *c)
{
    const bram_axis *report = bram_dataset_table(ds, "import_report");
    bool recognised = strcmp(bram_cli_text(args, "source", "auto"), "auto") == 0;
    bram_table *t = NULL;
    int status = !report                        ? BRAM_OK
                 : bram_cli_has(args, "report") ? every_trace(cx, &t, report)
                                                : by_certainty(cx, &t, report);
    if (status == BRAM_OK && recognised) note_recognised(cx, t, c);
    if (status == BRAM_OK) note_left_out(cx, t, c);
    if (status == BRAM_OK && t) status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* ---- files ---------------------------------------------------------------------------------- */

static const char *output_of(const bram_collection *c, const bram_collected *f)
{
    for (size_t i = 0; f->state <= BRAM_FILE_BELONGS && i < c->set_count; i++)
        if (c->sets[i].loader == f->loader) return c->sets[i].path;
    return NULL;
}

/* The bytes of folders with which all paths begin. */
static size_t common_folder(const bram_collection *c)
{
    size_t n = c->count ? strlen(c->files[0].path) : 0;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < n; k++)
            if (c->files[0].path[k] != c->files[i].path[k]) n = k;
    while (n && c->files[0].path[n - 1] != '/') n--;
    return n;
}

int bram_cli_report_files(bram_ctx *cx, const bram_cli_args *args, const bram_collection *c)
{
    static const bram_table_column columns[] = {
        {"file", "file", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        {"short", "file", BRAM_CELL_TEXT, .wrap = true, .audience = BRAM_FOR_PEOPLE},
        {"state", "state", BRAM_CELL_TEXT, .wrap = true},
        {"source", "source", BRAM_CELL_TEXT},
        {"reason", "reason", BRAM_CELL_TEXT, .wrap = true},
        {"output", "output", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES}};
    bool all = bram_cli_has(args, "report") || bram_cli_has(args, "dry-run") ||
               bram_cli_format(args, BRAM_TABLE_TEXT) != BRAM_TABLE_TEXT;
    size_t folder = common_folder(c);
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        bool over = f->state == BRAM_FILE_ASKS || f->state == BRAM_FILE_UNKNOWN;
        bool brief = over && !f->named && !all;
        bram_table_row(t);
        bram_table_text(t, 0, f->path);
        bram_table_text(t, 1, f->path + folder);
        bool in = f->state == BRAM_FILE_RECORDING && c->set_count;
        bram_table_text(t, 2, in ? "imported" : state_words[f->state]);
        bram_table_text(t, 3, f->loader ? f->loader->name : NULL);
        bram_table_text(t, 4,
                        brief                   ? "left out; see --report"
                        : f->words && *f->words ? f->words
                                                : NULL);
        bram_table_text(t, 5, output_of(c, f));
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

bool bram_cli_is_failure(const bram_collected *f)
{
    bool undecided = f->state == BRAM_FILE_ASKS || f->state == BRAM_FILE_UNKNOWN;
    return f->state == BRAM_FILE_FAILED || f->state == BRAM_FILE_AMBIGUOUS ||
           (undecided && f->named);
}

size_t bram_cli_name_failures(const bram_collection *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) n += bram_cli_is_failure(&c->files[i]);
    if (!n) return 0;
    bram_cli_say("%zu of %zu files could not be imported:", n, c->count);
    for (size_t i = 0; i < c->count; i++) {
        const bram_collected *f = &c->files[i];
        if (!bram_cli_is_failure(f)) continue;
        const char *words = f->words ? f->words : "";
        if (f->state != BRAM_FILE_FAILED)
            bram_cli_say("  %s: %s: %s", f->path, state_words[f->state], words);
        else if (strstr(words, f->path)) bram_cli_say("  %s", words);
        else bram_cli_say("  %s: %s", f->path, words);
    }
    return n;
}
