/*
 * section_leaderboard.c - the section of one benchmark begins: its question, its leaderboard, the
 * same as a figure, paired differences to the trivial model, every metric, every part.
 */
#include "digits.h"
#include "report_parts.h"
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- rows far off --------------------------------------------------------------------------- */

/* Rows of a figure, and the range that most of them lie in where a few are far off. */
struct focus {
    bool on;
    bram_range range;
    size_t outside;
};

static int find_focus(bram_ctx *cx, struct focus *out, const double *x, size_t n)
{
    double *sorted = bram_scratch(cx, n, sizeof *sorted);
    *out = (struct focus){.on = false};
    if (!sorted) return BRAM_ENOMEM;
    memcpy(sorted, x, n * sizeof *sorted);
    out->on = bram_range_focus(&out->range, sorted, n);
    return BRAM_OK;
}

static bool is_outside(const struct focus *f, double x)
{
    return f->on && (x < f->range.low || x > f->range.high);
}

static bram_figure_axis axis_of(const struct focus *f, const char *title)
{
    return (bram_figure_axis){
        .title = title, .low = f->on ? f->range.low : 0, .high = f->on ? f->range.high : 0};
}

/* The numbers of rows outside, at the edge, with an arrow to where they are. */
static int add_outside(bram_ctx *cx, bram_figure *f, struct focus *focus, const double *x,
                       const double *y, size_t n, int decimals)
{
    enum { BYTES = BRAM_DIGITS_BYTES + 8 };
    double *edge = bram_scratch(cx, n, 2 * sizeof *edge);
    char(*text)[BYTES] = bram_scratch(cx, n, sizeof *text);
    const char **words = bram_scratch(cx, n, sizeof *words);
    if (!edge || !text || !words) return BRAM_ENOMEM;
    double *row = edge + n;
    for (size_t i = 0; i < n; i++) {
        char number[BRAM_DIGITS_BYTES];
        if (!is_outside(focus, x[i])) continue;
        size_t k = focus->outside++;
        snprintf(text[k], BYTES, "%s %s", x[i] < focus->range.low ? "\xe2\x86\x90" : "\xe2\x86\x92",
                 bram_digits_fixed(number, x[i], decimals));
        words[k] = text[k], edge[k] = focus->range.low, row[k] = y[i];
    }
    if (!focus->outside) return BRAM_OK;
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_TEXT,
                                          .colour = BRAM_MUTED,
                                          .count = focus->outside,
                                          .x = edge,
                                          .y = row,
                                          .text = words,
                                          .in_place = true});
}

/* ---- scores as a figure --------------------------------------------------------------------- */

/* Lines to hold the models against; those that fall together share one name. */
struct rules {
    double at[BRAM_BOARD_FLOORS + 2];
    char name[BRAM_BOARD_FLOORS + 2][96];
    size_t count;
};

static void add_rule(struct rules *rules, const char *name, double at)
{
    if (!isfinite(at)) return;
    for (size_t i = 0; i < rules->count; i++)
        if (fabs(rules->at[i] - at) <= 1e-9 * (1 + fabs(at))) {
            size_t used = strlen(rules->name[i]);
            snprintf(rules->name[i] + used, sizeof rules->name[i] - used, ", %s", name);
            return;
        }
    rules->at[rules->count] = at;
    snprintf(rules->name[rules->count++], sizeof rules->name[0], "%s", name);
}

/* Floors, chance and ceiling of the row that is scored on the most parts (the first such). */
static const bram_board_row *fullest(const bram_board *b)
{
    const bram_board_row *row = &b->row[0];
    for (size_t i = 1; i < bram_board_scored(b); i++)
        if (b->row[i].scored > row->scored) row = &b->row[i];
    return row;
}

static int add_rules(bram_ctx *cx, bram_figure *f, const bram_board *b, const struct focus *focus)
{
    struct rules rules = {.count = 0};
    const bram_board_row *row = fullest(b);
    for (size_t i = 0; i < b->floors; i++) add_rule(&rules, b->floor_name[i], row->floor[i]);
    add_rule(&rules, "chance", row->chance);
    add_rule(&rules, "ceiling", row->ceiling);
    if (isfinite(row->ceiling_low) && isfinite(row->ceiling_high))
        BRAM_TRY(bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_SPANS,
                                                .colour = BRAM_MUTED,
                                                .count = 1,
                                                .low = &row->ceiling_low,
                                                .high = &row->ceiling_high}));
    for (size_t i = 0; i < rules.count; i++)
        if (!is_outside(focus, rules.at[i]))
            BRAM_TRY(bram_figure_add(cx, f,
                                     &(bram_series){.mark = BRAM_MARK_RULE,
                                                    .name = rules.name[i],
                                                    .colour = BRAM_MUTED,
                                                    .count = 1,
                                                    .x = &rules.at[i],
                                                    .horizontal = true,
                                                    .dashed = true}));
    return BRAM_OK;
}

/* Names of the rows and places 0, 1, 2 ... */
struct rows {
    const char **name;
    double *y, *x, *low, *high;
    size_t count;
};

static int make_rows(bram_ctx *cx, struct rows *rows, const bram_report *r, const bram_board *b)
{
    rows->count = bram_board_scored(b);
    rows->name = bram_scratch(cx, rows->count, sizeof *rows->name);
    rows->y = bram_scratch(cx, rows->count, 4 * sizeof *rows->y);
    if (!rows->name || !rows->y) return BRAM_ENOMEM;
    rows->x = rows->y + rows->count;
    rows->low = rows->x + rows->count;
    rows->high = rows->low + rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        const bram_board_row *row = &b->row[i];
        rows->name[i] = bram_report_model_of(r, row)->name;
        rows->y[i] = (double)i;
        rows->x[i] = row->value;
        rows->low[i] = row->low;
        rows->high[i] = row->high;
    }
    return BRAM_OK;
}

/* One short line a part, under the dots. */
static int add_parts(bram_ctx *cx, bram_figure *f, const bram_board *b)
{
    size_t scored = bram_board_scored(b), n = 0;
    double *x = bram_scratch(cx, scored * b->parts, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + scored * b->parts;
    if (b->parts < 2) return BRAM_OK;
    for (size_t i = 0; i < scored; i++)
        for (size_t p = 0; p < b->parts; p++) {
            x[n] = bram_board_value(b, &b->row[i], p);
            y[n++] = (double)i;
        }
    return bram_figure_add(
        cx, f,
        &(bram_series){.mark = BRAM_MARK_TICKS, .colour = BRAM_MUTED, .count = n, .x = x, .y = y});
}

static int figure_of_scores(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    char title[192], words[256], caption[768];
    struct rows rows;
    struct focus focus;
    bram_figure *f = NULL;
    BRAM_TRY(make_rows(cx, &rows, r, b));
    BRAM_TRY(find_focus(cx, &focus, rows.x, rows.count));
    bram_figure_axis axis = axis_of(&focus, words);
    bram_score_title(title, b->score);
    snprintf(words, sizeof words, "%s (%s is better)", title,
             b->higher_better ? "higher" : "lower");
    BRAM_TRY(bram_figure_new(cx, &f, b->title,
                             "One row a model, best first: a dot at its score with the interval as "
                             "a bar, short lines at the single parts, and dashed lines at the "
                             "trivial baselines, at chance and at the ceiling. The numbers are in "
                             "the leaderboard."));
    bram_figure_size(f, 460, bram_figure_height(rows.count) + 10);
    int status = bram_figure_x(cx, f, &axis);
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f,
                               &(bram_figure_axis){.labels = rows.name, .label_count = rows.count});
    if (status == BRAM_OK) status = add_rules(cx, f, b, &focus);
    if (status == BRAM_OK) status = add_parts(cx, f, b);
    if (status == BRAM_OK)
        status = bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_POINTS,
                                                .colour = 0,
                                                .count = rows.count,
                                                .x = rows.x,
                                                .y = rows.y,
                                                .low = rows.low,
                                                .high = rows.high,
                                                .horizontal = true});
    if (status == BRAM_OK)
        status = add_outside(cx, f, &focus, rows.x, rows.y, rows.count, bram_board_decimals(cx, b));
    bool interval = rows.count && isfinite(rows.low[0]);
    snprintf(caption, sizeof caption,
             "Scores: %s%s%s. Dashed: trivial baselines on the same rows, chance, and the ceiling "
             "where there is one.%s",
             title, b->parts > 1 ? "; mean over parts (short lines: single parts)" : "",
             interval ? ", with intervals" : "; too short for an interval",
             focus.outside ? " Numbers at the edge: models outside the range shown." : "");
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- paired differences --------------------------------------------------------------------- */

static int figure_of_differences(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    char title[192], words[288], caption[768];
    struct focus focus;
    size_t scored = bram_board_scored(b), n = 0;
    const char **name = bram_scratch(cx, scored, sizeof *name);
    double *x = bram_scratch(cx, scored, 4 * sizeof *x), zero = 0;
    if (!name || !x) return BRAM_ENOMEM;
    double *y = x + scored, *low = y + scored, *high = low + scored;
    for (size_t i = 0; i < scored; i++) {
        const bram_board_row *row = &b->row[i];
        if (isnan(row->difference) || strcmp(row->model, b->floor_name[0]) == 0) continue;
        name[n] = bram_report_model_of(r, row)->name;
        x[n] = row->difference, low[n] = row->difference_low, high[n] = row->difference_high;
        y[n] = (double)n;
        n++;
    }
    if (!n) return BRAM_OK;
    bram_figure *f = NULL;
    BRAM_TRY(find_focus(cx, &focus, x, n));
    bram_figure_axis axis = axis_of(&focus, words);
    axis.zero = !focus.on;
    bram_score_title(title, b->score);
    snprintf(words, sizeof words, "%s minus that of %s", title, b->floor_name[0]);
    BRAM_TRY(bram_figure_new(cx, &f, "Paired differences",
                             "One row a model: its difference to the trivial baseline with the "
                             "interval as a bar; the dashed line is no difference."));
    bram_figure_size(f, 460, bram_figure_height(n) + 10);
    int status = bram_figure_x(cx, f, &axis);
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.labels = name, .label_count = n});
    if (status == BRAM_OK)
        status = bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_RULE,
                                                .name = b->floor_name[0],
                                                .colour = BRAM_MUTED,
                                                .count = 1,
                                                .x = &zero,
                                                .horizontal = true,
                                                .dashed = true});
    if (status == BRAM_OK)
        status = bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_POINTS,
                                                .colour = 1,
                                                .count = n,
                                                .x = x,
                                                .y = y,
                                                .low = low,
                                                .high = high,
                                                .horizontal = true});
    if (status == BRAM_OK) status = add_outside(cx, f, &focus, x, y, n, bram_board_decimals(cx, b));
    snprintf(caption, sizeof caption,
             "Paired differences to %s on the parts that both were scored on%s. %s of zero is "
             "better.%s",
             b->floor_name[0], isnan(low[0]) ? "; too short for an interval" : ", with intervals",
             b->higher_better ? "Right" : "Left",
             focus.outside ? " Numbers at the edge: models outside the range shown." : "");
    return bram_report_figure(cx, r, f, status, caption);
}

static int table_of_differences(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    char title[96] = "difference";
    bool any = false, interval = false;
    if (b->floors) snprintf(title, sizeof title, "difference to %s", b->floor_name[0]);
    for (size_t i = 0; i < bram_board_scored(b); i++) {
        any |= !isnan(b->row[i].difference);
        interval |= !isnan(b->row[i].low);
    }
    const bram_table_column columns[] = {
        {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        {"difference", title, BRAM_CELL_TEXT, .align = BRAM_ALIGN_RIGHT,
         .audience = any ? BRAM_FOR_PEOPLE : BRAM_FOR_MACHINES},
        {"before", "difference to the row above", BRAM_CELL_TEXT, .align = BRAM_ALIGN_RIGHT},
    };
    bram_table *t = NULL;
    if (bram_board_scored(b) < 2) return BRAM_OK;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 3));
    int decimals = bram_board_decimals(cx, b), status = BRAM_OK;
    char text[BRAM_INTERVAL_BYTES];
    for (size_t i = 0; i < bram_board_scored(b) && status == BRAM_OK; i++) {
        const bram_board_row *row = &b->row[i];
        bram_table_row(t);
        bram_table_text(t, 0, bram_report_model_of(r, row)->name);
        bram_interval_text(text, row->difference, row->difference_low, row->difference_high,
                           decimals);
        if (!isnan(row->difference)) bram_table_text(t, 1, text);
        double d[3];
        if (i == 0) continue;
        status = bram_board_difference(cx, b, row, &b->row[i - 1], d);
        bram_interval_text(text, d[0], d[1], d[2], decimals);
        if (status == BRAM_OK && !isnan(d[0])) bram_table_text(t, 2, text);
    }
    if (status != BRAM_OK) {
        bram_table_free(t);
        return status;
    }
    return bram_report_table(
        cx, r, t,
        interval
            ? "Paired differences with intervals, on the parts that both models were scored on."
            : "Paired differences, on the parts that both models were scored on.",
        0);
}

/* ---- every metric, every part --------------------------------------------------------------- */

/* The scores of the same label as the board's: "skill@step", "mse@step". */
static size_t same_label(const bram_report *r, const bram_board *b, const char **id, size_t most)
{
    const bram_axis *scores = bram_board_scores(r->results, b->benchmark);
    const char *label = strrchr(b->score, '@');
    size_t n = 0;
    for (size_t i = 0; scores && i < bram_axis_length(scores) && n < most; i++) {
        const char *other = strrchr(bram_axis_id(scores, i), '@');
        if (label && other ? strcmp(label, other) == 0 : label == other)
            id[n++] = bram_axis_id(scores, i);
    }
    return n;
}

enum { MOST_METRICS = 8 };

/* Metrics that differ in their options only get those in their titles. */
static void tell_apart(char (*title)[64], const char *const *id, size_t n)
{
    bool same[MOST_METRICS] = {false};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) same[i] |= i != k && strcmp(title[i], title[k]) == 0;
    for (size_t i = 0; i < n; i++)
        if (same[i]) snprintf(title[i], sizeof title[i], "%.*s", (int)strcspn(id[i], "@"), id[i]);
}

static int table_of_metrics(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    const char *id[MOST_METRICS];
    bram_board *board[MOST_METRICS];
    char title[MOST_METRICS][64], label[64], words[96], caption[256];
    size_t n = same_label(r, b, id, MOST_METRICS);
    if (n < 2) return BRAM_OK;
    for (size_t i = 0; i < n; i++) bram_score_words(id[i], title[i], label);
    tell_apart(title, id, n);
    bram_label_words(words, b->score);
    snprintf(caption, sizeof caption,
             "Every metric of the benchmark%s%s; models in the order of the leaderboard.",
             *words ? ", " : "", words);
    BRAM_TRY(bram_boards_new(cx, board, r->results, b->benchmark, id, n));
    int status = bram_report_score_table(cx, r, b, board, title, n, caption);
    bram_report_boards_free(board, n);
    return status;
}

enum { MOST_PART_COLUMNS = 24 };

/* Parts against models; of the two there are more rows than columns. */
static int table_of_parts(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t scored = bram_board_scored(b);
    bool upright = b->parts >= scored; /* a row for each part */
    size_t rows = upright ? b->parts : scored, cols = upright ? scored : b->parts,
           shown = cols < MOST_PART_COLUMNS ? cols : MOST_PART_COLUMNS;
    if (b->parts < 2) return BRAM_OK;
    bram_table_column columns[MOST_PART_COLUMNS + 1] = {
        {upright ? "part" : "model", upright ? "part" : "model", BRAM_CELL_TEXT, .wrap = true}};
    int decimals = bram_board_decimals(cx, b);
    for (size_t i = 0; i < shown; i++) {
        const char *name = upright ? bram_report_model_of(r, &b->row[i])->name
                                   : bram_board_part(b, i);
        columns[i + 1] = (bram_table_column){name, name, BRAM_CELL_NUMBER, decimals};
    }
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, shown + 1));
    for (size_t k = 0; k < rows; k++) {
        bram_table_row(t);
        bram_table_text(
            t, 0, upright ? bram_board_part(b, k) : bram_report_model_of(r, &b->row[k])->name);
        for (size_t i = 0; i < shown; i++)
            bram_table_number(t, i + 1,
                              bram_board_value(b, &b->row[upright ? i : k], upright ? k : i));
    }
    if (shown < cols)
        bram_table_note(t, "The %s %zu of %zu %s.", upright ? "best" : "first", shown, cols,
                        upright ? "models" : "parts");
    char title[192], caption[256];
    bram_score_title(title, b->score);
    snprintf(caption, sizeof caption, "Single parts: %s.", title);
    return bram_report_table(cx, r, t, caption, upright ? 12 : 0);
}

/* ---- the section ---------------------------------------------------------------------------- */

static int leaderboard(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    bram_table *t = NULL;
    char caption[320], title[192];
    BRAM_TRY(bram_leaderboard_table(cx, &t, b));
    bram_score_title(title, b->score);
    snprintf(caption, sizeof caption,
             "Leaderboard by %s; trivial baselines beside, on the same "
             "rows by the same metric.",
             *b->score ? title : "score");
    return bram_report_table(cx, r, t, caption, 0);
}

int bram_section_leaderboard(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    bram_buffer verdict = {0};
    const bram_task *task = bram_task_find(bram_plan_text(r, b->benchmark, "task"));
    bram_page_heading(&r->page, 2, b->title);
    bram_report_say(r, "Benchmark %s on the dataset %s, %zu part%s%s%s.", b->benchmark,
                    bram_plan_text(r, b->benchmark, "dataset"), b->parts, b->parts == 1 ? "" : "s",
                    task ? ". The question: " : "", task ? task->summary : "");
    int status = bram_report_verdict(cx, r, b, &verdict);
    if (status == BRAM_OK) status = bram_buffer_status(cx, &verdict);
    if (status == BRAM_OK) bram_page_paragraph(&r->page, bram_buffer_text(&verdict));
    bram_buffer_release(&verdict);
    BRAM_TRY(status);
    BRAM_TRY(leaderboard(cx, r, b));
    if (!bram_board_scored(b)) return BRAM_OK;
    bram_page_grid(&r->page);
    BRAM_TRY(figure_of_scores(cx, r, b));
    if (b->floors) BRAM_TRY(figure_of_differences(cx, r, b));
    bram_page_grid_end(&r->page);
    BRAM_TRY(table_of_differences(cx, r, b));
    BRAM_TRY(table_of_metrics(cx, r, b));
    return table_of_parts(cx, r, b);
}
