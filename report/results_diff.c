/*
 * results_diff.c - which numbers of two results folders differ, and why; see results_diff.h.
 */
#include "results_diff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BENCHMARK, PART, MODEL, SEED, SCORE, BEFORE, AFTER, DIFFERENCE, WHY, COLUMNS };

struct side {
    const bram_results *results;
    const bram_result **cell; /* sorted by name */
    bool *paired;
    size_t count;
};

struct diff {
    struct side side[2];
    bram_table *table;
    bram_diff_counts counts;
    bool all;
};

/* ---- cells by name -------------------------------------------------------------------------- */

static int compare_names(const bram_result *x, const bram_result *y)
{
    int order = strcmp(x->benchmark, y->benchmark);
    if (!order) order = strcmp(x->part, y->part);
    if (!order) order = strcmp(x->model, y->model);
    return order ? order : (x->seed > y->seed) - (x->seed < y->seed);
}

static int by_name(const void *a, const void *b)
{
    return compare_names(*(const bram_result *const *)a, *(const bram_result *const *)b);
}

static int list(bram_ctx *cx, struct side *s, const bram_results *r)
{
    s->results = r;
    s->count = bram_results_count(r);
    s->cell = bram_scratch(cx, s->count, sizeof *s->cell);
    s->paired = bram_scratch(cx, s->count, sizeof *s->paired);
    if (!s->cell || !s->paired) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) s->cell[i] = bram_results_at(r, i);
    if (s->count) qsort(s->cell, s->count, sizeof *s->cell, by_name);
    return BRAM_OK;
}

/* ---- why ------------------------------------------------------------------------------------ */

static const bram_attrs *words_of(const bram_result *r)
{
    return r->data ? bram_dataset_find_attrs(r->data, "") : NULL;
}

static const char *word(const bram_attrs *a, const char *name)
{
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text ? text : "";
}

/* "WHAT A to B". */
static void add(bram_buffer *why, const char *what, const char *a, const char *b)
{
    bram_buffer_putf(why, "%s%s %.60s to %.60s", why->length ? "; " : "", what, a, b);
}

static void say(bram_buffer *why, const char *words)
{
    bram_buffer_putf(why, "%s%s", why->length ? "; " : "", words);
}

/* Options that differ, one by one: "gap 0 to 4". */
static void add_options(bram_buffer *why, const char *before, const char *after)
{
    while (*before && *after) { /* the same task, so the same options in the same order */
        size_t n = strcspn(before, ","), k = strcspn(after, ","), key = strcspn(before, "=");
        if (n != k || strncmp(before, after, n) != 0) {
            if (key > n || strncmp(before, after, key + 1) != 0) break; /* another table */
            if (why->length) bram_buffer_put(why, "; ");
            bram_buffer_putf(why, "option %.*s %.*s to %.*s", (int)key, before, (int)(n - key - 1),
                             before + key + 1, (int)(k - key - 1), after + key + 1);
        }
        before += n + (before[n] == ',');
        after += k + (after[k] == ',');
    }
    if (*before || *after) add(why, "options", before, after);
}

static void add_metrics(bram_buffer *why, const struct diff *d, const bram_result *before,
                        const bram_result *after)
{
    const bram_dataset *plan[2] = {bram_results_plan(d->side[0].results, before->benchmark),
                                   bram_results_plan(d->side[1].results, after->benchmark)};
    const bram_axis *m[2] = {plan[0] ? bram_dataset_table(plan[0], "metrics") : NULL,
                             plan[1] ? bram_dataset_table(plan[1], "metrics") : NULL};
    if (m[0] && m[1] && !bram_axis_equal(m[0], m[1])) say(why, "the list of metrics");
}

/* The version of one item of "task forecast 2; model ar 3; ..." in such a list; 0: it is not there.
 */
static size_t item_version(const char *list, const char *item, size_t length)
{
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ";");
        if (n > length && strncmp(at, item, length) == 0 && at[length] == ' ')
            return strtoul(at + length + 1, NULL, 10);
        at += n;
        at += strspn(at, "; ");
    }
    return 0;
}

/* Code whose version differs: "code of metric mse 1 to 2". What only one has differs otherwise. */
static void add_versions(bram_buffer *why, const char *before, const char *after)
{
    for (const char *at = before; *at;) {
        size_t n = strcspn(at, ";"), length = n;
        while (length && at[length] != ' ') length--;
        size_t x = item_version(before, at, length), y = item_version(after, at, length);
        if (x && y && x != y)
            bram_buffer_putf(why, "%scode of %.*s %zu to %zu", why->length ? "; " : "", (int)length,
                             at, x, y);
        at += n;
        at += strspn(at, "; ");
    }
}

/* What went into the keys and differs. */
static void explain(bram_buffer *why, const struct diff *d, const bram_result *before,
                    const bram_result *after)
{
    const bram_attrs *a = words_of(before), *b = words_of(after);
    char version[2][32];
    if (strcmp(before->model, after->model) != 0) add(why, "spec", before->model, after->model);
    if (before->seed != after->seed) {
        snprintf(version[0], sizeof version[0], "%llu", (unsigned long long)before->seed);
        snprintf(version[1], sizeof version[1], "%llu", (unsigned long long)after->seed);
        add(why, "seed", version[0], version[1]);
    }
    if (!a || !b) return;
    if (strcmp(word(a, "dataset_hash"), word(b, "dataset_hash")) != 0)
        bram_buffer_putf(why, "%sdata %.12s to %.12s", why->length ? "; " : "",
                         word(a, "dataset_hash"), word(b, "dataset_hash"));
    for (int k = 0; k < 2; k++)
        snprintf(version[k], sizeof version[k], "%lld",
                 (long long)bram_attrs_integer(k ? b : a, "benchmark_version", 0));
    if (strcmp(version[0], version[1]) != 0)
        add(why, "version of the benchmark", version[0], version[1]);
    if (strcmp(word(a, "task"), word(b, "task")) != 0)
        add(why, "task", word(a, "task"), word(b, "task"));
    else add_options(why, word(a, "options"), word(b, "options"));
    add_metrics(why, d, before, after);
    add_versions(why, word(a, "versions"), word(b, "versions"));
    if (strcmp(word(a, "code_version"), word(b, "code_version")) != 0)
        add(why, "program", word(a, "code_version"), word(b, "code_version"));
    if (!why->length && strcmp(before->key, after->key) != 0)
        say(why, "the model's own files or program");
    if (!why->length && strcmp(word(a, "blas_core"), word(b, "blas_core")) != 0)
        add(why, "rounding of BLAS kernels", word(a, "blas_core"), word(b, "blas_core"));
}

/* ---- rows ----------------------------------------------------------------------------------- */

static const bram_axis *scores_of(const bram_result *r)
{
    const bram_response *raw = r->data ? bram_dataset_response(r->data, "raw") : NULL;
    return raw && r->state == BRAM_STATE_SCORED ? bram_response_axis(raw, 0) : NULL;
}

static double value_of(const bram_axis *scores, const char *id)
{
    ptrdiff_t at = scores ? bram_axis_find(scores, id) : -1;
    const bram_column *c = scores ? bram_axis_column(scores, "value") : NULL;
    return at >= 0 && c && c->number ? c->number[at] : (double)NAN;
}

static void begin_row(const struct diff *d, const bram_result *r, const char *score,
                      const char *why)
{
    bram_table_row(d->table);
    bram_table_text(d->table, BENCHMARK, r->benchmark);
    bram_table_text(d->table, PART, r->part);
    bram_table_text(d->table, MODEL, r->model);
    bram_table_integer(d->table, SEED, (int64_t)r->seed);
    if (*score) bram_table_text(d->table, SCORE, score);
    if (why) bram_table_text(d->table, WHY, why);
}

/* One score on both sides. @return whether it differs */
static bool add_score(const struct diff *d, const bram_result *after, const char *id, double x,
                      double y, const char *why)
{
    bool differs = isnan(x) != isnan(y) || (!isnan(x) && x != y);
    if (!differs && !d->all) return false;
    begin_row(d, after, id, differs ? why : "");
    bram_table_number(d->table, BEFORE, x);
    bram_table_number(d->table, AFTER, y);
    bram_table_number(d->table, DIFFERENCE, y - x);
    return differs;
}

static void add_state(const struct diff *d, const bram_result *before, const bram_result *after,
                      const char *why)
{
    begin_row(d, after, "", NULL);
    bram_table_textf(d->table, WHY, "%s to %s%s%s%s%s", bram_state_name(before->state),
                     bram_state_name(after->state), *after->reason ? ": " : "", after->reason,
                     *why ? "; " : "", why);
}

static int add_pair(bram_ctx *cx, struct diff *d, const bram_result *before,
                    const bram_result *after)
{
    bram_buffer why = {0};
    const bram_axis *x = scores_of(before), *y = scores_of(after);
    bool changed = before->state != after->state;
    explain(&why, d, before, after);
    if (changed) add_state(d, before, after, bram_buffer_text(&why));
    for (size_t i = 0; x && i < bram_axis_length(x); i++) {
        const char *id = bram_axis_id(x, i);
        changed |= add_score(d, after, id, value_of(x, id), value_of(y, id),
                             bram_buffer_text(&why));
    }
    for (size_t i = 0; y && i < bram_axis_length(y); i++) {
        const char *id = bram_axis_id(y, i);
        if (!x || bram_axis_find(x, id) < 0)
            changed |= add_score(d, after, id, NAN, value_of(y, id), bram_buffer_text(&why));
    }
    if (changed) d->counts.changed++;
    else d->counts.same++;
    int status = bram_buffer_status(cx, &why);
    bram_buffer_release(&why);
    return status;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

/* Cells of the same name. */
static int pair_equal(bram_ctx *cx, struct diff *d)
{
    struct side *a = &d->side[0], *b = &d->side[1];
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        int order = compare_names(a->cell[i], b->cell[k]);
        if (order < 0) i++;
        else if (order > 0) k++;
        else {
            a->paired[i] = b->paired[k] = true;
            BRAM_TRY(add_pair(cx, d, a->cell[i++], b->cell[k++]));
        }
    }
    return BRAM_OK;
}

static bool alike(const bram_result *x, const bram_result *y)
{
    size_t n = strcspn(x->model, ":");
    return strcmp(x->benchmark, y->benchmark) == 0 && strcmp(x->part, y->part) == 0 &&
           n == strcspn(y->model, ":") && strncmp(x->model, y->model, n) == 0;
}

/* What is left, with the first of the same benchmark, part and model's name. */
static int pair_alike(bram_ctx *cx, struct diff *d)
{
    struct side *a = &d->side[0], *b = &d->side[1];
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count && !a->paired[i]; k++) {
            if (b->paired[k] || !alike(a->cell[i], b->cell[k])) continue;
            a->paired[i] = b->paired[k] = true;
            BRAM_TRY(add_pair(cx, d, a->cell[i], b->cell[k]));
        }
    return BRAM_OK;
}

static void add_single(const struct diff *d, const bram_result *r, bool after)
{
    const bram_axis *scores = scores_of(r);
    const char *why = after ? "only in the second" : "only in the first";
    if (!scores) begin_row(d, r, "", why);
    for (size_t i = 0; scores && i < bram_axis_length(scores); i++) {
        begin_row(d, r, bram_axis_id(scores, i), why);
        bram_table_number(d->table, after ? AFTER : BEFORE,
                          value_of(scores, bram_axis_id(scores, i)));
    }
}

static void add_singles(struct diff *d)
{
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < d->side[k].count; i++) {
            if (d->side[k].paired[i]) continue;
            add_single(d, d->side[k].cell[i], k == 1);
            *(k ? &d->counts.only_after : &d->counts.only_before) += 1;
        }
}

static int fill(bram_ctx *cx, struct diff *d)
{
    BRAM_TRY(pair_equal(cx, d));
    BRAM_TRY(pair_alike(cx, d));
    add_singles(d);
    bram_table_note(d->table,
                    "cells: %zu the same, %zu changed, %zu only in the first, %zu only in "
                    "the second.",
                    d->counts.same, d->counts.changed, d->counts.only_before, d->counts.only_after);
    return bram_table_status(cx, d->table);
}

int bram_results_diff(bram_ctx *cx, bram_table **out, bram_diff_counts *counts,
                      const bram_results *before, const bram_results *after, bool all)
{
    static const bram_table_column columns[COLUMNS] = {
        {"benchmark", "benchmark", BRAM_CELL_TEXT, .wrap = true},
        {"part", "part", BRAM_CELL_TEXT, .wrap = true},
        {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        {"seed", "seed", BRAM_CELL_INTEGER, .drop = 2},
        {"score", "score", BRAM_CELL_TEXT, .wrap = true},
        {"before", "before", BRAM_CELL_NUMBER, -1},
        {"after", "after", BRAM_CELL_NUMBER, -1},
        {"difference", "difference", BRAM_CELL_NUMBER, -1, .drop = 1},
        {"why", "why", BRAM_CELL_TEXT, .wrap = true}};
    struct diff d = {.all = all};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_table_new(cx, &d.table, "", columns, COLUMNS));
    int status = list(cx, &d.side[0], before);
    if (status == BRAM_OK) status = list(cx, &d.side[1], after);
    if (status == BRAM_OK) status = fill(cx, &d);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d.table, *counts = d.counts;
    else bram_table_free(d.table);
    return status;
}
