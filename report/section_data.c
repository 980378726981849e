/*
 * section_data.c - the data behind the scores: units of each part by how sure their names are, and
 * which named neuron is in which recording. Both come from the unit axes that the cells keep.
 */
#include "section_data.h"

#include <bramble/loader.h>

#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LEVELS = 8, MOST_NAMES = 400 };

/* ---- parts of a dataset --------------------------------------------------------------------- */

static const bram_axis *unit_axis(const bram_result *cell)
{
    const bram_response *raw = cell->state == BRAM_STATE_SCORED && cell->data
                                   ? bram_dataset_response(cell->data, "raw")
                                   : NULL;
    return raw && bram_response_dims(raw) == 2 ? bram_response_axis(raw, 1) : NULL;
}

/* Each part with the longest unit axis that any cell of it has: all recorded units where some
 * benchmark scores them all. */
static int gather_parts(bram_ctx *cx, const bram_report *r, struct dataset_parts *d)
{
    size_t most = bram_results_count(r->results);
    d->part = bram_scratch(cx, most, sizeof *d->part);
    if (!d->part) return BRAM_ENOMEM;
    for (size_t i = 0; i < most; i++) {
        const bram_result *cell = bram_results_at(r->results, i);
        const bram_axis *unit = unit_axis(cell);
        if (!unit || strcmp(bram_plan_text(r, cell->benchmark, "dataset_hash"), d->hash) != 0)
            continue;
        size_t at = 0;
        while (at < d->parts && strcmp(d->part[at].id, cell->part) != 0) at++;
        if (at == d->parts) d->part[d->parts++] = (struct part){.id = cell->part, .unit = unit};
        if (bram_axis_length(unit) > bram_axis_length(d->part[at].unit)) d->part[at].unit = unit;
    }
    return BRAM_OK;
}

static const char *certainty_of(const bram_axis *unit, size_t i)
{
    const bram_column *c = bram_axis_column(unit, "certainty");
    return c && c->text ? c->text[i] : NULL;
}

/* ---- units by certainty --------------------------------------------------------------------- */

/* The levels that occur, those of the schema in its order first. */
static size_t find_levels(const struct dataset_parts *d, const char *level[MOST_LEVELS])
{
    static const char *const known[] = {"exact",       "side-ambiguous", "class-only",
                                        "duplicate",   "low-confidence", "unlabeled",
                                        "not-a-neuron"};
    size_t n = 0;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        bool found = false;
        for (size_t p = 0; p < d->parts && !found; p++)
            for (size_t i = 0; i < bram_axis_length(d->part[p].unit) && !found; i++) {
                const char *c = certainty_of(d->part[p].unit, i);
                found = c && strcmp(c, known[k]) == 0;
            }
        if (found) level[n++] = known[k];
    }
    return n;
}

static int table_of_units(bram_ctx *cx, bram_report *r, const struct dataset_parts *d)
{
    const char *level[MOST_LEVELS];
    size_t levels = find_levels(d, level);
    bram_table_column columns[MOST_LEVELS + 2] = {{"part", "part", BRAM_CELL_TEXT, .wrap = true},
                                                  {"units", "units", BRAM_CELL_INTEGER}};
    for (size_t k = 0; k < levels; k++)
        columns[k + 2] = (bram_table_column){level[k], level[k], BRAM_CELL_INTEGER};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, levels + 2));
    for (size_t p = 0; p < d->parts; p++) {
        const bram_axis *unit = d->part[p].unit;
        bram_table_row(t);
        bram_table_text(t, 0, d->part[p].id);
        bram_table_integer(t, 1, (int64_t)bram_axis_length(unit));
        for (size_t k = 0; k < levels; k++) {
            int64_t count = 0;
            for (size_t i = 0; i < bram_axis_length(unit); i++) {
                const char *c = certainty_of(unit, i);
                count += c && strcmp(c, level[k]) == 0;
            }
            bram_table_integer(t, k + 2, count);
        }
    }
    return bram_report_table(cx, r, t,
                             levels ? "Units (traces) that were scored in each part, by how sure "
                                      "their identity is."
                                    : "Units that were scored in each part.",
                             25);
}

/* ---- which neuron is where ------------------------------------------------------------------ */

struct name {
    const char *id;
    size_t parts; /* that have it with certainty */
};

static int by_coverage(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    if (x->parts != y->parts) return x->parts < y->parts ? 1 : -1;
    return strcmp(x->id, y->id);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->id, ((const struct name *)b)->id);
}

/* All certain names, those in most parts first. */
static int gather_names(bram_ctx *cx, const struct dataset_parts *d, struct name **out,
                        size_t *count)
{
    size_t most = 0, n = 0, unique = 0;
    for (size_t p = 0; p < d->parts; p++) most += bram_axis_length(d->part[p].unit);
    struct name *name = bram_scratch(cx, most, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    for (size_t p = 0; p < d->parts; p++)
        for (size_t i = 0; i < bram_axis_length(d->part[p].unit); i++) {
            const char *c = certainty_of(d->part[p].unit, i);
            if (c && strcmp(c, "exact") == 0)
                name[n++] = (struct name){bram_axis_id(d->part[p].unit, i), 1};
        }
    if (n) qsort(name, n, sizeof *name, by_id);
    for (size_t i = 0; i < n; i++) {
        if (unique && strcmp(name[unique - 1].id, name[i].id) == 0) name[unique - 1].parts++;
        else name[unique++] = name[i];
    }
    if (unique) qsort(name, unique, sizeof *name, by_coverage);
    *out = name;
    *count = unique;
    return BRAM_OK;
}

/* Runs of neurons next to each other that a part has are one bar. */
static int add_row(bram_ctx *cx, bram_figure *f, const bram_axis *unit, size_t row,
                   const struct name *name, size_t names)
{
    double *low = bram_scratch(cx, names, 3 * sizeof *low);
    if (!low) return BRAM_ENOMEM;
    double *high = low + names, *y = high + names;
    size_t n = 0;
    for (size_t k = 0; k < names; k++) {
        ptrdiff_t at = bram_axis_find(unit, name[k].id);
        const char *c = at < 0 ? NULL : certainty_of(unit, (size_t)at);
        if (!c || strcmp(c, "exact") != 0) continue;
        if (n && high[n - 1] == (double)k - 0.5) {
            high[n - 1] = (double)k + 0.5;
            continue;
        }
        low[n] = (double)k - 0.5, high[n] = (double)k + 0.5, y[n++] = (double)row;
    }
    return bram_figure_add(
        cx, f,
        &(bram_series){
            .mark = BRAM_MARK_SPANS, .colour = 0, .count = n, .y = y, .low = low, .high = high});
}

static bool has_names(const bram_axis *unit)
{
    for (size_t i = 0; i < bram_axis_length(unit); i++) {
        const char *c = certainty_of(unit, i);
        if (c && strcmp(c, "exact") == 0) return true;
    }
    return false;
}

/* Names in order of coverage: none in two parts, as of units that are no named neurons. */
static bool shared_by_none(const struct name *name, size_t names)
{
    return !names || name[0].parts < 2;
}

static int figure_of_coverage(bram_ctx *cx, bram_report *r, const struct dataset_parts *d)
{
    struct name *name = NULL;
    size_t names = 0, everywhere = 0;
    BRAM_TRY(gather_names(cx, d, &name, &names));
    size_t rows = 0;
    const bram_axis **unit = bram_scratch(cx, d->parts, sizeof *unit);
    const char **row = bram_scratch(cx, d->parts, sizeof *row);
    if (!row || !unit) return BRAM_ENOMEM;
    for (size_t p = 0; p < d->parts; p++)
        if (has_names(d->part[p].unit)) row[rows] = d->part[p].id, unit[rows++] = d->part[p].unit;
    if (names < 2 || rows < 2 || shared_by_none(name, names)) return BRAM_OK;
    for (size_t k = 0; k < names; k++) everywhere += name[k].parts == rows;
    size_t shown = names < MOST_NAMES ? names : MOST_NAMES;
    const char **column = bram_scratch(cx, shown, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    for (size_t k = 0; k < shown; k++) column[k] = name[k].id;
    bram_figure *f = NULL;
    char caption[512];
    BRAM_TRY(bram_figure_new(cx, &f, "Which neuron was recorded where",
                             "A row for each part and a column for each named neuron, those found "
                             "in most parts first; a filled cell means that the neuron is there "
                             "with a certain name."));
    bram_figure_size(f, 700, 110 + 18 * (double)rows);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.labels = column, .label_count = shown});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.labels = row, .label_count = rows});
    for (size_t p = 0; p < rows && status == BRAM_OK; p++)
        status = add_row(cx, f, unit[p], p, name, shown);
    snprintf(caption, sizeof caption,
             "Which named neuron is in which part: %zu names in all, %zu of them in every part%s. "
             "Empty means missing (not recorded, or not named with certainty), never zero.",
             names, everywhere, shown < names ? "; the 400 most frequent are shown" : "");
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- the section ---------------------------------------------------------------------------- */

static void introduce(bram_report *r, const struct dataset_parts *d)
{
    const bram_loader *loader = bram_loader_find(d->name);
    const bram_simulation *made = bram_simulation_find(d->name);
    bram_page_heading(&r->page, 3, d->name);
    if (made) bram_report_say(r, "Made by code from a seed: %s.", made->summary);
    else if (loader) bram_report_say(r, "%s. Recordings: %s.", loader->summary, loader->citation);
}

static int write_dataset(bram_ctx *cx, bram_report *r, struct dataset_parts *d)
{
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(gather_parts(cx, r, d));
    introduce(r, d);
    if (d->parts) {
        BRAM_TRY(table_of_units(cx, r, d));
        BRAM_TRY(figure_of_coverage(cx, r, d));
    }
    BRAM_TRY(bram_section_connectome(cx, r, d));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_section_data(bram_ctx *cx, bram_report *r)
{
    bram_page_heading(&r->page, 2, "Data");
    for (size_t i = 0; i < r->boards; i++) {
        struct dataset_parts d = {
            .name = bram_plan_text(r, r->board[i]->benchmark, "dataset"),
            .hash = bram_plan_text(r, r->board[i]->benchmark, "dataset_hash")};
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(bram_plan_text(r, r->board[k]->benchmark, "dataset_hash"), d.hash) == 0;
        if (!seen) BRAM_TRY(write_dataset(cx, r, &d));
    }
    return BRAM_OK;
}
