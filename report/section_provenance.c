/*
 * section_provenance.c - what the results rest on, in hashes and versions. Who ran it when and
 * where is in the log of the results folder and no part of a result.
 */
#include "report_parts.h"

#include "hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* SHA-256 over the keys and states of all cells, in the order of the keys. */
static int hash_cells(bram_ctx *cx, char hex[65], const bram_results *r)
{
    size_t n = bram_results_count(r);
    const char **line = bram_scratch(cx, n, sizeof *line);
    bram_hash *h = NULL;
    if (!line) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) line[i] = bram_results_at(r, i)->key;
    if (n) qsort(line, n, sizeof *line, by_text);
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = BRAM_OK;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) status = bram_hash_add_text(cx, h, line[i]);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

/* The different values of a text attribute of the cells, "a, b"; "" when none has it. */
static int values_of(bram_ctx *cx, bram_buffer *out, const bram_results *r, const char *name)
{
    size_t n = bram_results_count(r), unique = 0;
    const char **value = bram_scratch(cx, n, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const bram_result *cell = bram_results_at(r, i);
        const bram_attrs *a = cell->data ? bram_dataset_find_attrs(cell->data, "") : NULL;
        const char *text = a ? bram_attrs_text(a, name) : NULL;
        bool known = !text || !*text;
        for (size_t k = 0; k < unique && !known; k++) known = strcmp(value[k], text) == 0;
        if (!known) value[unique++] = text;
    }
    if (unique) qsort(value, unique, sizeof *value, by_text);
    for (size_t k = 0; k < unique; k++) bram_buffer_putf(out, "%s%s", k ? ", " : "", value[k]);
    return BRAM_OK;
}

/* "0", or "0 to 4": the seeds of the plan. */
static void seeds_of(char text[64], const bram_results *r)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        uint64_t seed = bram_results_at(r, i)->seed;
        if (seed < low) low = seed;
        if (seed > high) high = seed;
    }
    if (low >= high) snprintf(text, 64, "%llu", (unsigned long long)high);
    else snprintf(text, 64, "%llu to %llu", (unsigned long long)low, (unsigned long long)high);
}

static void row(bram_table *t, const char *what, const char *value)
{
    if (!*value) return;
    bram_table_row(t);
    bram_table_text(t, 0, what);
    bram_table_text(t, 1, value);
}

static int fill(bram_ctx *cx, bram_table *t, const bram_report *r)
{
    char hex[65], text[64];
    bram_buffer versions = {0}, cores = {0};
    int status = values_of(cx, &versions, r->results, "code_version");
    if (status == BRAM_OK) status = values_of(cx, &cores, r->results, "blas_core");
    if (status == BRAM_OK) status = hash_cells(cx, hex, r->results);
    if (status == BRAM_OK) {
        for (size_t i = 0; i < r->boards; i++) {
            const char *name = r->board[i]->benchmark;
            const bram_attrs *a = bram_dataset_find_attrs(bram_results_plan(r->results, name), "");
            snprintf(text, sizeof text, "version %lld",
                     (long long)bram_attrs_integer(a, "version", 0));
            row(t, name, text);
            bram_table_textf(t, 2, "%s %s", bram_plan_text(r, name, "dataset"),
                             bram_plan_text(r, name, "dataset_hash"));
        }
        row(t, "code that ran the cells", bram_buffer_text(&versions));
        row(t, "code that wrote this page", bram_version());
        if (r->settings->libraries) row(t, "its libraries", r->settings->libraries);
        row(t, "BLAS kernels", cores.length ? bram_buffer_text(&cores) : "not recorded");
        seeds_of(text, r->results);
        row(t, "seeds", text);
        snprintf(text, sizeof text, "%zu", bram_results_count(r->results));
        row(t, "cells", text);
        bram_table_textf(t, 2, "%s", hex);
        status = bram_buffer_status(cx, &versions);
    }
    bram_buffer_release(&versions);
    bram_buffer_release(&cores);
    return status;
}

/* Ten lines that read the first score of the first benchmark from the cells' files. */
static int put_lines(bram_ctx *cx, bram_report *r)
{
    bram_buffer code = {0};
    if (!r->boards) return BRAM_OK;
    bram_buffer_put(&code,
                    "import glob\nimport h5py\n\nfor name in "
                    "sorted(glob.glob(\"results/cells/*.h5\")):\n    with h5py.File(name) as "
                    "f:\n        a = f.attrs\n");
    bram_buffer_putf(&code,
                     "        if a[\"benchmark\"] != \"%s\" or a[\"state\"] != \"scored\":\n"
                     "            continue\n"
                     "        i = list(f[\"score\"].asstr()).index(\"%s\")\n",
                     r->board[0]->benchmark, r->board[0]->score);
    bram_buffer_put(&code, "        print(a[\"part\"], a[\"model\"], f[\"score_value\"][i], "
                           "f[\"score_low\"][i], f[\"score_high\"][i])\n");
    bram_page_heading(&r->page, 3, "A score in ten lines");
    bram_report_say(r,
                    "What the leaderboard of %s shows, read by Python from a results folder "
                    "called results: one file a cell, in HDF5.",
                    r->board[0]->benchmark);
    int status = bram_buffer_status(cx, &code);
    if (status == BRAM_OK) bram_page_code(&r->page, bram_buffer_text(&code));
    bram_buffer_release(&code);
    return status;
}

int bram_section_provenance(bram_ctx *cx, bram_report *r)
{
    static const bram_table_column columns[] = {
        {"what", "what", BRAM_CELL_TEXT, .wrap = true},
        {"value", "value", BRAM_CELL_TEXT, .wrap = true},
        {"content", "content (SHA-256)", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    bram_page_heading(&r->page, 2, "Provenance");
    bram_report_say(r, "Equal hashes mean equal inputs: a dataset's is that of its content, the "
                       "cells' that of the keys of all planned cells, and a key covers the data, "
                       "the definition, the model, the seed and the versions of the code. Times "
                       "and machines are in log.jsonl of the results folder; no number depends on "
                       "them.");
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 3));
    int status = fill(cx, t, r);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) {
        bram_table_free(t);
        return status;
    }
    BRAM_TRY(bram_report_table(cx, r, t, "What these results rest on.", 0));
    return put_lines(cx, r);
}
