/*
 * encoding_paths.c - how maps chose their penalties, and how the score of a map of several feature
 * spaces is split among them; see encoding_figures.h.
 */
#include "digits.h"
#include "encoding_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MODELS = 6, MOST_PARTS = 3, MOST_SPACES = 24, MOST_SPLIT = 4 };

/* ---- penalties ------------------------------------------------------------------------------ */

/* Of one model on one part: means over its folds. */
struct path {
    const bram_report_model *model;
    size_t n; /* penalties */
    double *penalty, *r2, *chosen;
};

/* Means over the rows of a response (fold x penalty). */
static int mean_of_folds(bram_ctx *cx, double *out, const bram_response *r, size_t n)
{
    size_t folds = bram_response_length(r, 0);
    double *value = bram_scratch(cx, n, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t f = 0; f < folds; f++) {
        BRAM_TRY(bram_response_read(cx, r, (size_t[]){f, 0}, (size_t[]){1, n}, value, NULL));
        for (size_t a = 0; a < n; a++) out[a] += value[a] / (double)folds;
    }
    return BRAM_OK;
}

/* n is 0 where the model has no path on this part. */
static int find_path(bram_ctx *cx, struct path *out, const bram_report *r, const bram_board *b,
                     const bram_board_row *row, size_t part)
{
    size_t at;
    const bram_result *cell = bram_board_result(b, row, part, &at);
    const bram_dataset *ds = NULL;
    *out = (struct path){.model = bram_report_model_of(r, row)};
    if (cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "penalties/"));
    const bram_response *r2 = ds ? bram_dataset_response(ds, "penalties/r2") : NULL;
    const bram_response *chosen = ds ? bram_dataset_response(ds, "penalties/chosen") : NULL;
    if (!r2 || !chosen || bram_response_dims(r2) != 2 || bram_response_dims(chosen) != 2 ||
        bram_response_length(r2, 1) != bram_response_length(chosen, 1) ||
        !bram_axis_values(bram_response_axis(r2, 1)))
        return BRAM_OK;
    size_t n = bram_response_length(r2, 1);
    out->penalty = bram_scratch(cx, n, 3 * sizeof *out->penalty);
    if (!out->penalty) return BRAM_ENOMEM;
    out->r2 = out->penalty + n, out->chosen = out->r2 + n, out->n = n;
    memcpy(out->penalty, bram_axis_values(bram_response_axis(r2, 1)), n * sizeof *out->penalty);
    BRAM_TRY(mean_of_folds(cx, out->r2, r2, n));
    return mean_of_folds(cx, out->chosen, chosen, n);
}

static int add_path(bram_ctx *cx, bram_figure *f, const struct path *p, bool chosen)
{
    bram_series line = {.mark = BRAM_MARK_LINE,
                        .name = p->model->name,
                        .colour = p->model->colour,
                        .dashed = p->model->dashed,
                        .count = p->n,
                        .x = p->penalty,
                        .y = chosen ? p->chosen : p->r2};
    bram_series dots = line;
    dots.mark = BRAM_MARK_POINTS, dots.in_place = true, dots.radius = 2.6;
    BRAM_TRY(bram_figure_add(cx, f, &line));
    return bram_figure_add(cx, f, &dots);
}

/* Penalties that are far too small may score very low, beside which the rest would be flat: the
 * axis ends one below the best. */
static bram_figure_axis r2_axis(const struct path *p, size_t models)
{
    double best = -INFINITY, least = INFINITY;
    for (size_t m = 0; m < models; m++)
        for (size_t a = 0; a < p[m].n; a++)
            best = fmax(best, p[m].r2[a]), least = fmin(least, p[m].r2[a]);
    double low = fmax(least, best - 1), air = 0.05 * (best - low);
    return (bram_figure_axis){
        .title = "r2 in inner folds", .low = low - air, .high = best + fmax(air, 0.01)};
}

static int figure_of_paths(bram_ctx *cx, bram_report *r, const struct path *p, size_t models,
                           const char *part, bool chosen)
{
    bram_figure *f = NULL;
    char caption[512];
    bram_figure_axis y = chosen ? (bram_figure_axis){.title = "share of units", .zero = true}
                                : r2_axis(p, models);
    BRAM_TRY(bram_figure_new(
        cx, &f, chosen ? "Which penalties were chosen" : "Score against penalty",
        chosen ? "One line a model: the share of units that chose each penalty."
               : "One line a model: the score in inner folds of the training stimuli against the "
                 "penalty."));
    bram_figure_size(f, 460, 330);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = "penalty (alpha)", .log = true});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &y);
    for (size_t m = 0; m < models && status == BRAM_OK; m++)
        status = add_path(cx, f, &p[m], chosen);
    snprintf(caption, sizeof caption,
             chosen ? "Which penalties were chosen for %s: the share of units, mean over folds. A "
                      "choice at an end of the range asks for a wider one."
                    : "Score against penalty for %s: r2 in inner folds of the training stimuli, "
                      "mean over units and folds. Scores more than one below the best are cut off.",
             part);
    return bram_report_figure(cx, r, f, status, caption);
}

int bram_encoding_paths(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t row[MOST_MODELS], rows = bram_encoding_models(r, b, row, MOST_MODELS);
    struct path path[MOST_MODELS];
    for (size_t p = 0; p < b->parts && p < MOST_PARTS; p++) {
        size_t models = 0, mark = bram_scratch_mark(cx);
        for (size_t i = 0; i < rows; i++) {
            BRAM_TRY(find_path(cx, &path[models], r, b, &b->row[row[i]], p));
            models += path[models].n > 0;
        }
        if (!models) continue;
        bram_page_grid(&r->page);
        int status = figure_of_paths(cx, r, path, models, bram_board_part(b, p), false);
        if (status == BRAM_OK)
            status = figure_of_paths(cx, r, path, models, bram_board_part(b, p), true);
        bram_page_grid_end(&r->page);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- feature spaces ------------------------------------------------------------------------- */

/* How one model's score is split: all of it, then the spaces. */
struct split {
    const bram_report_model *model;
    size_t count;
    const char *name[MOST_SPACES + 1];
    double value[MOST_SPACES + 1], low[MOST_SPACES + 1], high[MOST_SPACES + 1];
};

static const char *const measures[] = {"r2-share", "r-share", "r2-relative"};

/* The scores of a model's first cell that are a split; @return what it is of, NULL: there is none
 */
static const char *scores_of_split(const bram_board *b, const bram_board_row *row, const char **id,
                                   size_t *count)
{
    size_t at;
    const bram_result *cell = NULL;
    for (size_t p = 0; p < b->parts && !cell; p++) cell = bram_board_result(b, row, p, &at);
    const bram_axis *score = cell ? bram_response_axis(bram_dataset_response(cell->data, "raw"), 0)
                                  : NULL;
    *count = 0;
    for (size_t k = 0; score && k < sizeof measures / sizeof *measures; k++) {
        size_t length = strlen(measures[k]);
        for (size_t i = 0; i < bram_axis_length(score) && *count <= MOST_SPACES; i++) {
            const char *own = bram_axis_id(score, i);
            if (strncmp(own, measures[k], length) == 0 && (own[length] == '@' || !own[length]))
                id[(*count)++] = own;
        }
        if (*count) return measures[k];
    }
    return NULL;
}

static int find_split(bram_ctx *cx, struct split *s, const char **measure, const bram_report *r,
                      const bram_board *b, const bram_board_row *row)
{
    const char *id[MOST_SPACES + 1];
    bram_board *board[MOST_SPACES + 1];
    const char *found = scores_of_split(b, row, id, &s->count);
    if (!found) return BRAM_OK;
    *measure = found;
    s->model = bram_report_model_of(r, row);
    BRAM_TRY(bram_boards_new(cx, board, r->results, b->benchmark, id, s->count));
    for (size_t i = 0; i < s->count; i++) {
        const bram_board_row *own = bram_board_row_of(board[i], row->model);
        const char *space = strchr(id[i], '@');
        s->name[i] = space ? space + 1 : "all together";
        s->value[i] = own ? own->value : (double)NAN;
        s->low[i] = own ? own->low : (double)NAN, s->high[i] = own ? own->high : (double)NAN;
    }
    bram_report_boards_free(board, s->count);
    return BRAM_OK;
}

static const char *measure_words(const char *measure)
{
    if (strcmp(measure, "r-share") == 0) return "correlation, split by the product measure";
    if (strcmp(measure, "r2-share") == 0) return "explained variance, split by the product measure";
    return "explained variance, split by relative weights";
}

static int figure_of_split(bram_ctx *cx, bram_report *r, const struct split *s, const char *measure)
{
    bram_figure *f = NULL;
    char caption[640];
    double y[MOST_SPACES + 1];
    for (size_t i = 0; i < s->count; i++) y[i] = (double)i;
    BRAM_TRY(bram_figure_new(cx, &f, "Feature spaces",
                             "One row a feature space, the first all together: a bar as long as "
                             "what it explains, with its interval."));
    bram_figure_size(f, 560, 70 + 30 * (double)s->count);
    int status = bram_figure_x(cx, f,
                               &(bram_figure_axis){.title = measure_words(measure), .zero = true});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f,
                               &(bram_figure_axis){.labels = s->name, .label_count = s->count});
    if (status == BRAM_OK)
        status = bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_BARS,
                                                .colour = s->model->colour,
                                                .count = s->count,
                                                .x = s->value,
                                                .y = y,
                                                .low = s->low,
                                                .high = s->high,
                                                .horizontal = true});
    snprintf(caption, sizeof caption,
             "What each feature space of %s adds to the prediction of left-out stimuli: %s, with "
             "intervals. The spaces add up to all together; one that does harm is below zero.",
             s->model->name, measure_words(measure));
    return bram_report_figure(cx, r, f, status, caption);
}

static int table_of_split(bram_ctx *cx, bram_report *r, const struct split *s, const char *measure)
{
    static const bram_table_column columns[] = {
        {"space", "feature space", BRAM_CELL_TEXT, .wrap = true},
        {"value", "explained", BRAM_CELL_TEXT, .align = BRAM_ALIGN_RIGHT},
        {"share", "share of all", BRAM_CELL_TEXT, .align = BRAM_ALIGN_RIGHT}};
    bram_table *t = NULL;
    char caption[320], text[BRAM_INTERVAL_BYTES];
    double size[MOST_SPACES + 1];
    memcpy(size, s->value, s->count * sizeof *size);
    int decimals = bram_decimals(size, s->count);
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < s->count; i++) {
        bram_table_row(t);
        bram_interval_text(text, s->value[i], s->low[i], s->high[i], decimals);
        bram_table_text(t, 0, s->name[i]);
        bram_table_text(t, 1, text);
        if (s->value[0] > 0) bram_table_textf(t, 2, "%.1f %%", 100 * s->value[i] / s->value[0]);
    }
    snprintf(caption, sizeof caption, "Feature spaces of %s: %s.", s->model->name,
             measure_words(measure));
    return bram_report_table(cx, r, t, caption, 0);
}

int bram_encoding_spaces(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t row[MOST_SPLIT], rows = bram_encoding_models(r, b, row, MOST_SPLIT);
    for (size_t i = 0; i < rows; i++) {
        struct split s = {.count = 0};
        const char *measure = NULL;
        BRAM_TRY(find_split(cx, &s, &measure, r, b, &b->row[row[i]]));
        if (!measure) continue;
        BRAM_TRY(figure_of_split(cx, r, &s, measure));
        BRAM_TRY(table_of_split(cx, r, &s, measure));
    }
    return BRAM_OK;
}
