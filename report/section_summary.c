/*
 * section_summary.c - the first section of a report: what was run, who is ahead in one honest
 * sentence a benchmark, and what failed and why.
 */
#include "digits.h"
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- who is ahead --------------------------------------------------------------------------- */

/* "a", "a and b", "a, b and c" */
static void put_item(bram_buffer *out, const char *name, size_t i, size_t count)
{
    bram_buffer_putf(out, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", name);
}

/* The models that the best one cannot be told from, and the paired difference to the next. */
static int compare_with_best(bram_ctx *cx, const bram_board *b, bool *tied, size_t *ties,
                             double next[3])
{
    *ties = 0;
    for (size_t i = 1; i < bram_board_scored(b); i++) {
        double d[3];
        BRAM_TRY(bram_board_difference(cx, b, &b->row[0], &b->row[i], d));
        if (i == 1) memcpy(next, d, sizeof d);
        bool ahead = b->higher_better ? d[1] > 0 : d[2] < 0;
        tied[i] = !ahead;
        *ties += !ahead;
    }
    return BRAM_OK;
}

static void put_difference(bram_buffer *out, const double d[3], int decimals)
{
    char text[BRAM_INTERVAL_BYTES];
    bram_interval_text(text, d[0], d[1], d[2], decimals);
    bram_buffer_put(out, text);
}

static void put_order(int decimals, const bram_report *r, const bram_board *b, const bool *tied,
                      size_t ties, const double next[3], bram_buffer *out)
{
    if (isnan(b->row[0].low)) {
        bram_buffer_putf(out,
                         " The recordings are too short for an interval (%s), so nothing is "
                         "claimed about the order.",
                         b->resampled);
    } else if (ties) {
        bram_buffer_put(out, " It cannot be told apart from ");
        for (size_t i = 1, n = 0; i < bram_board_scored(b); i++)
            if (tied[i]) put_item(out, bram_report_model_of(r, &b->row[i])->name, n++, ties);
        bram_buffer_putf(out, ": the %g\u00a0%% interval of the paired difference includes zero.",
                         100 * b->level);
    } else {
        bram_buffer_putf(
            out,
            " It is ahead of every other model beyond the %g\u00a0%% interval of the paired "
            "difference; the next is %s, at a difference of ",
            100 * b->level, bram_report_model_of(r, &b->row[1])->name);
        put_difference(out, next, decimals);
        bram_buffer_put(out, ".");
    }
}

/* What the best model's lead over the trivial ones is worth. */
static void put_trivial(int decimals, const bram_report *r, const bram_board *b, bram_buffer *out)
{
    const bram_board_row *best = &b->row[0];
    if (bram_report_model_of(r, best)->trivial) {
        bram_buffer_put(out, " It is a trivial baseline: no model has learned anything here that "
                             "this score can see.");
        return;
    }
    if (isnan(best->difference) || isnan(best->difference_low)) return;
    bool ahead = b->higher_better ? best->difference_low > 0 : best->difference_high < 0;
    if (ahead) return;
    bram_buffer_putf(out, " It is not better than the trivial %s beyond the interval (difference ",
                     b->floor_name[0]);
    put_difference(out, (double[]){best->difference, best->difference_low, best->difference_high},
                   decimals);
    bram_buffer_put(out, ").");
}

static void put_coverage(const bram_board *b, bram_buffer *out)
{
    size_t uneven = 0;
    for (size_t i = 0; i < bram_board_scored(b); i++)
        uneven += b->row[i].failed || b->row[i].not_applicable || b->row[i].not_run;
    if (uneven)
        bram_buffer_putf(out,
                         " %zu of the models %s not scored on every part; differences are taken "
                         "on common parts only.",
                         uneven, uneven == 1 ? "was" : "were");
}

int bram_report_verdict(bram_ctx *cx, const bram_report *r, const bram_board *b, bram_buffer *out)
{
    size_t mark = bram_scratch_mark(cx), scored = bram_board_scored(b);
    bool *tied = bram_scratch(cx, b->rows, sizeof *tied);
    if (!tied) return BRAM_ENOMEM;
    if (!scored) {
        bram_buffer_put(out, "Nothing was scored.");
        bram_scratch_release(cx, mark);
        return BRAM_OK;
    }
    char title[192], text[BRAM_INTERVAL_BYTES];
    double next[3] = {NAN, NAN, NAN};
    size_t ties;
    int decimals = bram_board_decimals(cx, b);
    const bram_board_row *best = &b->row[0];
    bram_score_title(title, b->score);
    bram_interval_text(text, best->value, best->low, best->high, decimals);
    BRAM_TRY(compare_with_best(cx, b, tied, &ties, next));
    const char *name = bram_report_model_of(r, best)->name;
    if (scored == 1) bram_buffer_putf(out, "Only %s was scored: %s %s.", name, title, text);
    else bram_buffer_putf(out, "%s leads in %s, with %s.", name, title, text);
    if (scored > 1) put_order(decimals, r, b, tied, ties, next, out);
    put_trivial(decimals, r, b, out);
    put_coverage(b, out);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- what was run --------------------------------------------------------------------------- */

static void count_states(const bram_report *r, const char *benchmark, size_t count[4])
{
    memset(count, 0, 4 * sizeof *count);
    for (size_t i = 0; i < bram_results_count(r->results); i++) {
        const bram_result *cell = bram_results_at(r->results, i);
        if (!benchmark || strcmp(cell->benchmark, benchmark) == 0) count[cell->state]++;
    }
}

static int table_of_states(bram_ctx *cx, bram_report *r)
{
    static const bram_table_column columns[] = {
        {"benchmark", "benchmark", BRAM_CELL_TEXT, .wrap = true},
        {"task", "task", BRAM_CELL_TEXT},
        {"dataset", "dataset", BRAM_CELL_TEXT},
        {"models", "models", BRAM_CELL_INTEGER},
        {"parts", "parts", BRAM_CELL_INTEGER},
        {"scored", "scored", BRAM_CELL_INTEGER},
        {"failed", "failed", BRAM_CELL_INTEGER},
        {"not_applicable", "not applicable", BRAM_CELL_INTEGER},
        {"not_run", "not run", BRAM_CELL_INTEGER},
    };
    static const bram_state order[] = {BRAM_STATE_SCORED, BRAM_STATE_FAILED,
                                       BRAM_STATE_NOT_APPLICABLE, BRAM_STATE_NOT_RUN};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < r->boards; i++) {
        const bram_board *b = r->board[i];
        size_t count[4];
        count_states(r, b->benchmark, count);
        bram_table_row(t);
        bram_table_text(t, 0, b->benchmark);
        bram_table_text(t, 1, bram_plan_text(r, b->benchmark, "task"));
        bram_table_text(t, 2, bram_plan_text(r, b->benchmark, "dataset"));
        bram_table_integer(t, 3, (int64_t)b->rows);
        bram_table_integer(t, 4, (int64_t)b->parts);
        for (size_t k = 0; k < 4; k++) bram_table_integer(t, 5 + k, (int64_t)count[order[k]]);
    }
    return bram_report_table(cx, r, t,
                             "What was run. A cell is one model on one part (a recording, an "
                             "animal left out, an area) of a benchmark, with one seed.",
                             0);
}

/* ---- what failed ---------------------------------------------------------------------------- */

static bool same_trouble(const bram_result *a, const bram_result *b)
{
    return a->state == b->state && strcmp(a->benchmark, b->benchmark) == 0 &&
           strcmp(a->model, b->model) == 0 && strcmp(a->reason, b->reason) == 0;
}

static bool is_trouble(const bram_result *cell)
{
    return cell->state == BRAM_STATE_FAILED || cell->state == BRAM_STATE_NOT_APPLICABLE;
}

static int table_of_troubles(bram_ctx *cx, bram_report *r)
{
    static const bram_table_column columns[] = {
        {"benchmark", "benchmark", BRAM_CELL_TEXT, .wrap = true},
        {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        {"state", "state", BRAM_CELL_TEXT},
        {"cells", "cells", BRAM_CELL_INTEGER},
        {"parts", "parts", BRAM_CELL_TEXT, .wrap = true},
        {"reason", "reason", BRAM_CELL_TEXT, .wrap = true},
    };
    size_t n = bram_results_count(r->results);
    bram_table *t = NULL;
    bram_buffer parts = {0};
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 6));
    for (size_t i = 0; i < n; i++) {
        const bram_result *cell = bram_results_at(r->results, i);
        bool first = is_trouble(cell);
        for (size_t k = 0; k < i && first; k++)
            first = !same_trouble(bram_results_at(r->results, k), cell);
        if (!first) continue;
        size_t cells = 0;
        parts.length = 0;
        for (size_t k = i; k < n; k++) {
            const bram_result *other = bram_results_at(r->results, k);
            if (!same_trouble(other, cell)) continue;
            if (cells < 6) bram_buffer_putf(&parts, "%s%s", cells ? ", " : "", other->part);
            cells++;
        }
        if (cells > 6) bram_buffer_putf(&parts, " and %zu more", cells - 6);
        bram_table_row(t);
        bram_table_text(t, 0, cell->benchmark);
        bram_table_text(t, 1,
                        bram_report_model_of(r, &(bram_board_row){.model = cell->model})->name);
        bram_table_text(t, 2, bram_state_name(cell->state));
        bram_table_integer(t, 3, (int64_t)cells);
        bram_table_text(t, 4, bram_buffer_text(&parts));
        bram_table_text(t, 5, *cell->reason ? cell->reason : "no reason was kept");
    }
    int status = bram_buffer_status(cx, &parts);
    bram_buffer_release(&parts);
    if (status != BRAM_OK) {
        bram_table_free(t);
        return status;
    }
    return bram_report_table(cx, r, t, "Cells without a score, and why.", 12);
}

/* ---- the section ---------------------------------------------------------------------------- */

static int list_verdicts(bram_ctx *cx, bram_report *r)
{
    size_t mark = bram_scratch_mark(cx);
    bram_buffer *line = bram_scratch(cx, r->boards, sizeof *line);
    const char **text = bram_scratch(cx, r->boards, sizeof *text);
    int status = line && text ? BRAM_OK : BRAM_ENOMEM;
    size_t n = 0;
    for (; n < r->boards && status == BRAM_OK; n++) {
        bram_buffer_putf(&line[n], "%s: ", r->board[n]->title);
        status = bram_report_verdict(cx, r, r->board[n], &line[n]);
        if (status == BRAM_OK) status = bram_buffer_status(cx, &line[n]);
        text[n] = bram_buffer_text(&line[n]);
    }
    if (status == BRAM_OK) bram_page_list(&r->page, text, n);
    for (size_t i = 0; i < n; i++) bram_buffer_release(&line[i]);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_section_summary(bram_ctx *cx, bram_report *r)
{
    size_t count[4], cells = bram_results_count(r->results);
    bram_page_heading(&r->page, 2, "Summary");
    if (!cells) {
        bram_report_say(r, "This results folder holds no cells: nothing was planned in it yet.");
        return BRAM_OK;
    }
    count_states(r, NULL, count);
    bram_report_say(
        r,
        "%zu benchmark%s, %zu model%s, %zu cell%s: %zu scored, %zu failed, %zu not "
        "applicable, %zu not run. Nothing is imputed: a cell without a score lowers the "
        "coverage of its model and counts nowhere as a zero.",
        r->boards, r->boards == 1 ? "" : "s", r->models, r->models == 1 ? "" : "s", cells,
        cells == 1 ? "" : "s", count[BRAM_STATE_SCORED], count[BRAM_STATE_FAILED],
        count[BRAM_STATE_NOT_APPLICABLE], count[BRAM_STATE_NOT_RUN]);
    if (!r->boards) bram_report_say(r, "All cells are of variations, shown below.");
    BRAM_TRY(list_verdicts(cx, r));
    if (r->boards) BRAM_TRY(table_of_states(cx, r));
    if (count[BRAM_STATE_FAILED] + count[BRAM_STATE_NOT_APPLICABLE])
        return table_of_troubles(cx, r);
    return BRAM_OK;
}
