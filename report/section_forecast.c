/*
 * section_forecast.c - scores against the horizon of free-running forecasts, one figure and one
 * table a metric. Benchmarks whose scores have no horizon get nothing here.
 */
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_METRICS = 6, MOST_HORIZONS = 32, MOST_LINES = 16 };

/* One metric at all its horizons. */
struct curve {
    const char *id[MOST_HORIZONS];
    long steps[MOST_HORIZONS];
    size_t count;
};

static bool same_metric(const char *a, const char *b)
{
    const char *x = strrchr(a, '@'), *y = strrchr(b, '@');
    return x && y && x - a == y - b && strncmp(a, b, (size_t)(x - a)) == 0;
}

/* The horizons of the metric of score `first`, in the order of the steps. */
static void gather_curve(struct curve *c, const bram_axis *scores, size_t first)
{
    c->count = 0;
    for (size_t i = first; i < bram_axis_length(scores) && c->count < MOST_HORIZONS; i++) {
        const char *id = bram_axis_id(scores, i);
        long steps = bram_score_horizon(id);
        if (!steps || !same_metric(id, bram_axis_id(scores, first))) continue;
        size_t at = c->count++;
        for (; at > 0 && c->steps[at - 1] > steps; at--)
            c->steps[at] = c->steps[at - 1], c->id[at] = c->id[at - 1];
        c->steps[at] = steps;
        c->id[at] = id;
    }
}

static bool is_first(const bram_axis *scores, size_t i)
{
    if (!bram_score_horizon(bram_axis_id(scores, i))) return false;
    for (size_t k = 0; k < i; k++)
        if (bram_score_horizon(bram_axis_id(scores, k)) &&
            same_metric(bram_axis_id(scores, k), bram_axis_id(scores, i)))
            return false;
    return true;
}

/* A line and its band for one model. */
static int add_line(bram_ctx *cx, bram_figure *f, const bram_report_model *model,
                    bram_board *const *board, const char *spec, size_t n)
{
    double x[MOST_HORIZONS], y[MOST_HORIZONS], low[MOST_HORIZONS], high[MOST_HORIZONS];
    for (size_t i = 0; i < n; i++) {
        const bram_board_row *row = bram_board_row_of(board[i], spec);
        x[i] = (double)i;
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
    BRAM_TRY(bram_figure_add(cx, f, &s));
    s.mark = BRAM_MARK_LINE;
    s.y = y;
    s.low = s.high = NULL;
    s.dashed = model->dashed;
    return bram_figure_add(cx, f, &s);
}

static int figure_of_curve(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curve *c,
                           bram_board *const *board)
{
    char metric[64], label[64], name[MOST_HORIZONS][24], title[160], axis[128], caption[320];
    const char *names[MOST_HORIZONS];
    for (size_t i = 0; i < c->count; i++) {
        snprintf(name[i], sizeof name[i], "%ld", c->steps[i]);
        names[i] = name[i];
    }
    bram_score_words(c->id[0], metric, label);
    snprintf(title, sizeof title, "%s against the horizon", metric);
    snprintf(axis, sizeof axis, "%s (%s is better)", metric,
             board[0]->higher_better ? "higher" : "lower");
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, title,
                             "A line for each model over the number of steps that it forecasts "
                             "from its own outputs, with the interval as a band; trivial baselines "
                             "are dashed. The numbers are in the table that follows."));
    bram_figure_size(f, 460, 340);
    int status = bram_figure_x(cx, f,
                               &(bram_figure_axis){.title = "steps ahead, free-running",
                                                   .labels = names,
                                                   .label_count = c->count});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.title = axis});
    size_t scored = bram_board_scored(b), drawn = 0;
    for (size_t i = 0; i < scored && status == BRAM_OK; i++) {
        const bram_report_model *model = bram_report_model_of(r, &b->row[i]);
        if (!model->trivial && drawn++ >= MOST_LINES) continue;
        status = add_line(cx, f, model, board, b->row[i].model, c->count);
    }
    snprintf(caption, sizeof caption, "%s against the number of steps ahead, with intervals%s.",
             metric, drawn > MOST_LINES ? "; the 16 best models and the trivial ones" : "");
    return bram_report_figure(cx, r, f, status, caption);
}

static int table_of_curve(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curve *c,
                          bram_board *const *board)
{
    char title[MOST_HORIZONS][64], metric[64], label[64], caption[160];
    for (size_t i = 0; i < c->count; i++)
        snprintf(title[i], sizeof title[i], "%ld step%s", c->steps[i], c->steps[i] == 1 ? "" : "s");
    bram_score_words(c->id[0], metric, label);
    snprintf(caption, sizeof caption, "%s against the horizon.", metric);
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

static int write_curves(bram_ctx *cx, bram_report *r, const bram_board *b, const struct curves *all)
{
    bram_page_heading(&r->page, 3, "How far ahead");
    bram_report_say(r, "From the same starts, each model runs freely on its own outputs and is "
                       "scored after so many steps.");
    bram_page_grid(&r->page);
    bram_board *const *board = all->board;
    for (size_t i = 0; i < all->count; board += all->curve[i++].count)
        BRAM_TRY(figure_of_curve(cx, r, b, &all->curve[i], board));
    bram_page_grid_end(&r->page);
    bram_page_fold(&r->page, "The numbers of these figures");
    board = all->board;
    for (size_t i = 0; i < all->count; board += all->curve[i++].count)
        BRAM_TRY(table_of_curve(cx, r, b, &all->curve[i], board));
    bram_page_fold_end(&r->page);
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
