/*
 * section_forecast.c - scores along a scale: against the horizon of free-running forecasts, against
 * noise, over time; one figure and one table a metric. Benchmarks whose scores have no scale get
 * nothing here.
 */
#include "report_parts.h"
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_METRICS = 6, MOST_HORIZONS = 64, MOST_LINES = 16, MOST_LABELS = 12 };

/* One metric at all its levels. */
struct curve {
    const bram_score_scale *scale;
    const char *id[MOST_HORIZONS];
    double level[MOST_HORIZONS];
    size_t count;
};

static bool same_metric(const char *a, const char *b)
{
    const char *x = strrchr(a, '@'), *y = strrchr(b, '@');
    return x && y && x - a == y - b && strncmp(a, b, (size_t)(x - a)) == 0;
}

/* The levels of the metric of score `first`, in their order. */
static void gather_curve(struct curve *c, const bram_axis *scores, size_t first)
{
    double level;
    c->count = 0;
    c->scale = bram_score_scale_of(bram_axis_id(scores, first), &level);
    for (size_t i = first; i < bram_axis_length(scores) && c->count < MOST_HORIZONS; i++) {
        const char *id = bram_axis_id(scores, i);
        if (bram_score_scale_of(id, &level) != c->scale ||
            !same_metric(id, bram_axis_id(scores, first)))
            continue;
        size_t at = c->count++;
        for (; at > 0 && c->level[at - 1] > level; at--)
            c->level[at] = c->level[at - 1], c->id[at] = c->id[at - 1];
        c->level[at] = level;
        c->id[at] = id;
    }
}

static bool is_first(const bram_axis *scores, size_t i)
{
    double level;
    const bram_score_scale *scale = bram_score_scale_of(bram_axis_id(scores, i), &level);
    if (!scale) return false;
    for (size_t k = 0; k < i; k++)
        if (bram_score_scale_of(bram_axis_id(scores, k), &level) == scale &&
            same_metric(bram_axis_id(scores, k), bram_axis_id(scores, i)))
            return false;
    return true;
}

/* Where a level stands: levels one after the other, each named; too many: on a scale of numbers. */
static double place_of(const struct curve *c, size_t i)
{
    return c->count > MOST_LABELS ? c->level[i] : (double)i;
}

/* What could be reached, where the scores have a ceiling; and what an uninformed model gets. */
static int add_limits(bram_ctx *cx, bram_figure *f, const struct curve *c, bram_board *const *board)
{
    double x[MOST_HORIZONS], y[MOST_HORIZONS], chance = board[0]->row[0].chance;
    bool any = false;
    for (size_t i = 0; i < c->count; i++) {
        const bram_board_row *row = &board[i]->row[0];
        x[i] = place_of(c, i);
        y[i] = row->ceiling;
        any = any || isfinite(y[i]);
    }
    bram_series s = {.mark = BRAM_MARK_LINE,
                     .name = "ceiling",
                     .colour = BRAM_MUTED,
                     .count = c->count,
                     .x = x,
                     .y = y};
    if (!any) return BRAM_OK;
    BRAM_TRY(bram_figure_add(cx, f, &s));
    s = (bram_series){
        .mark = BRAM_MARK_RULE, .name = "chance", .colour = BRAM_MUTED, .count = 1, .y = &chance};
    return isfinite(chance) ? bram_figure_add(cx, f, &s) : BRAM_OK;
}

/* More bands than so many hide each other: then the intervals are in the table only. */
enum { MOST_BANDS = 6 };

/* A line, and its band, for one model. */
static int add_line(bram_ctx *cx, bram_figure *f, const bram_report_model *model,
                    bram_board *const *board, const char *spec, const struct curve *c, bool band)
{
    size_t n = c->count;
    double x[MOST_HORIZONS], y[MOST_HORIZONS], low[MOST_HORIZONS], high[MOST_HORIZONS];
    for (size_t i = 0; i < n; i++) {
        const bram_board_row *row = bram_board_row_of(board[i], spec);
        x[i] = place_of(c, i);
        y[i] = row ? row->value : (double)NAN;
        low[i] = row ? row->low : (double)NAN;
        high[i] = row ? row->high : (double)NAN;
    }
    bram_series s = {.mark = BRAM_MARK_BAND,
                     .name = model->name,
                     .colour = model->colour,
                     .count = n,
                     .x = x,
                     .low = low,
                     .high = high};
    if (band) BRAM_TRY(bram_figure_add(cx, f, &s));
    s.mark = BRAM_MARK_LINE;
    s.y = y;
    s.low = s.high = NULL;
    s.dashed = model->dashed;
    return bram_figure_add(cx, f, &s);
}

/* The range of the lines where some run far away from the others, and how many do. */
static int find_focus(bram_ctx *cx, bram_figure_axis *axis, size_t *outside, const bram_board *b,
                      bram_board *const *board, const struct curve *c)
{
    size_t scored = bram_board_scored(b), n = 0;
    double *value = bram_scratch(cx, scored, c->count * sizeof *value);
    bram_range range;
    if (!value) return BRAM_ENOMEM;
    for (size_t i = 0; i < scored; i++)
        for (size_t k = 0; k < c->count; k++) {
            const bram_board_row *row = bram_board_row_of(board[k], b->row[i].model);
            value[n++] = row ? row->value : (double)NAN;
        }
    *outside = 0;
    if (!bram_range_focus(&range, value, n)) return BRAM_OK;
    axis->low = range.low, axis->high = range.high;
    for (size_t i = 0; i < scored; i++) {
        bool out = false;
        for (size_t k = 0; k < c->count; k++) {
            const bram_board_row *row = bram_board_row_of(board[k], b->row[i].model);
            out |= row && (row->value < range.low || row->value > range.high);
        }
        *outside += out;
    }
    return BRAM_OK;
}

static bool has_intervals(const bram_board *b)
{
    for (size_t i = 0; i < b->rows; i++)
        if (isfinite(b->row[i].low)) return true;
    return false;
}

static int figure_of_curve(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curve *c,
                           bram_board *const *board)
{
    char metric[64], label[64], name[MOST_HORIZONS][24], title[160], words[128], caption[400],
        about[320];
    const char *names[MOST_HORIZONS];
    for (size_t i = 0; i < c->count; i++) {
        snprintf(name[i], sizeof name[i], "%g", c->level[i]);
        names[i] = name[i];
    }
    bram_score_words(c->id[0], metric, label);
    snprintf(title, sizeof title, "%s against %s", metric, c->scale->what);
    bool intervals = has_intervals(board[0]),
         bands = intervals && bram_board_scored(b) <= MOST_BANDS;
    snprintf(
        about, sizeof about,
        "A line for each model over %s%s; trivial baselines are dashed. The numbers are in the "
        "table that follows.",
        c->scale->line, bands ? ", with the interval as a band" : "");
    snprintf(words, sizeof words, "%s (%s is better)", metric,
             board[0]->higher_better ? "higher" : "lower");
    bram_figure_axis axis = {.title = words};
    size_t outside;
    BRAM_TRY(find_focus(cx, &axis, &outside, b, board, c));
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, title, about));
    bram_figure_size(f, 460, 340);
    int status = bram_figure_x(
        cx, f,
        &(bram_figure_axis){.title = c->scale->axis,
                            .labels = names,
                            .label_count = c->count > MOST_LABELS ? 0 : c->count});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &axis);
    if (status == BRAM_OK) status = add_limits(cx, f, c, board);
    size_t scored = bram_board_scored(b), drawn = 0;
    for (size_t i = 0; i < scored && status == BRAM_OK; i++) {
        const bram_report_model *model = bram_report_model_of(r, &b->row[i]);
        if (!model->trivial && drawn++ >= MOST_LINES) continue;
        status = add_line(cx, f, model, board, b->row[i].model, c, bands);
    }
    int used = snprintf(caption, sizeof caption, "%s against %s%s%s.", metric, c->scale->what,
                        bands       ? ", with intervals"
                        : intervals ? "; intervals are in the table"
                                    : "; too short for intervals",
                        drawn > MOST_LINES ? "; the 16 best models and the trivial ones" : "");
    if (outside && used > 0 && (size_t)used < sizeof caption)
        snprintf(caption + used, sizeof caption - (size_t)used,
                 " %zu of the models leave the range shown.", outside);
    return bram_report_figure(cx, r, f, status, caption);
}

static int table_of_curve(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curve *c,
                          bram_board *const *board)
{
    char title[MOST_HORIZONS][64], metric[64], label[64], caption[160];
    for (size_t i = 0; i < c->count; i++)
        snprintf(title[i], sizeof title[i], "%g %s%s", c->level[i], c->scale->unit,
                 *c->scale->unit == '%' || strcmp(c->scale->unit, "s") == 0 || c->level[i] == 1
                     ? ""
                     : "s");
    bram_score_words(c->id[0], metric, label);
    snprintf(caption, sizeof caption, "%s against %s.", metric, c->scale->what);
    return bram_report_score_table(cx, r, b, board, title, c->count, caption);
}

/* All curves of a benchmark, and their boards one after the other. */
struct curves {
    struct curve curve[MOST_METRICS];
    size_t count, boards;
    bram_board **board;
};

static int gather(bram_ctx *cx, struct curves *all, const bram_report *r, const bram_board *b,
                  const bram_axis *scores)
{
    const char **id = bram_scratch(cx, MOST_METRICS * MOST_HORIZONS, sizeof *id);
    all->board = bram_scratch(cx, MOST_METRICS * MOST_HORIZONS, sizeof(bram_board *));
    if (!id || !all->board) return BRAM_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < bram_axis_length(scores) && all->count < MOST_METRICS; i++) {
        struct curve *c = &all->curve[all->count];
        if (!is_first(scores, i)) continue;
        gather_curve(c, scores, i);
        if (c->count < 2) continue;
        all->count++;
        memcpy(id + n, c->id, c->count * sizeof *id);
        n += c->count;
    }
    if (!n) return BRAM_OK;
    BRAM_TRY(bram_boards_new(cx, all->board, r->results, b->benchmark, id, n));
    all->boards = n;
    return BRAM_OK;
}

/* The curves along one scale, if there are any. */
static int write_scale(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curves *all,
                       const bram_score_scale *scale)
{
    bram_page_heading(&r->page, 3, scale->heading);
    bram_report_say(r, "%s", scale->explanation);
    bram_page_grid(&r->page);
    bram_board *const *board = all->board;
    for (size_t i = 0; i < all->count; board += all->curve[i++].count)
        if (all->curve[i].scale == scale)
            BRAM_TRY(figure_of_curve(cx, r, b, &all->curve[i], board));
    bram_page_grid_end(&r->page);
    bram_page_fold(&r->page, "The numbers of these figures");
    board = all->board;
    for (size_t i = 0; i < all->count; board += all->curve[i++].count)
        if (all->curve[i].scale == scale) BRAM_TRY(table_of_curve(cx, r, b, &all->curve[i], board));
    bram_page_fold_end(&r->page);
    return BRAM_OK;
}

static int write_curves(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curves *all)
{
    for (size_t i = 0; i < all->count; i++) {
        bool before = false;
        for (size_t k = 0; k < i; k++) before |= all->curve[k].scale == all->curve[i].scale;
        if (!before) BRAM_TRY(write_scale(cx, r, b, all, all->curve[i].scale));
    }
    return BRAM_OK;
}

int bram_section_forecast(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    const bram_axis *scores = bram_board_scores(r->results, b->benchmark);
    size_t mark = bram_scratch_mark(cx);
    struct curves *all = bram_scratch(cx, 1, sizeof *all);
    int status = all ? gather(cx, all, r, b, scores) : BRAM_ENOMEM;
    if (status == BRAM_OK && all->count) status = write_curves(cx, r, b, all);
    if (all) bram_report_boards_free(all->board, all->boards);
    bram_scratch_release(cx, mark);
    return status;
}
