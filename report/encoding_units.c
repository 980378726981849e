/*
 * encoding_units.c - single units of encoding benchmarks: how many have which score, and the score
 * of each against the reliability of its responses; see encoding_figures.h.
 */
#include "encoding_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MODELS = 3, BINS = 24, MOST_DOTS = 1500 };

/* The scores of all units of all areas by one model, and their reliabilities (NaN: not known). */
struct units {
    const bram_report_model *model;
    double *score, *reliability;
    size_t count; /* those that have a score */
};

static int take_cell(bram_ctx *cx, struct units *u, const bram_report *r, const bram_result *cell,
                     size_t at)
{
    const bram_response *raw = bram_dataset_response(cell->data, "raw");
    const bram_dataset *whole = NULL;
    size_t n = bram_response_length(raw, 1), mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, n, 2 * sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 2);
    if (!value || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, raw, (size_t[]){at, 0}, (size_t[]){1, n}, value, present));
    BRAM_TRY(bram_results_whole(cx, &whole, r->results, cell, "reliability"));
    const bram_response *known = whole ? bram_dataset_response(whole, "reliability") : NULL;
    if (known && bram_response_dims(known) == 1 && bram_response_length(known, 0) == n)
        BRAM_TRY(
            bram_response_read(cx, known, (size_t[]){0}, (size_t[]){n}, value + n, present + n));
    for (size_t i = 0; i < n; i++) {
        if (!present[i] || !isfinite(value[i])) continue;
        u->score[u->count] = value[i];
        u->reliability[u->count++] = present[n + i] ? value[n + i] : (double)NAN;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int gather(bram_ctx *cx, struct units *u, const bram_report *r, const bram_board *b,
                  const bram_board_row *row)
{
    size_t n = 0, at;
    for (size_t p = 0; p < b->parts; p++) {
        const bram_result *cell = bram_board_result(b, row, p, &at);
        if (cell) n += bram_response_length(bram_dataset_response(cell->data, "raw"), 1);
    }
    *u = (struct units){.model = bram_report_model_of(r, row)};
    u->score = bram_scratch(cx, n, sizeof(double));
    u->reliability = bram_scratch(cx, n, sizeof(double));
    if (!u->score || !u->reliability) return BRAM_ENOMEM;
    for (size_t p = 0; p < b->parts; p++) {
        const bram_result *cell = bram_board_result(b, row, p, &at);
        if (cell) BRAM_TRY(take_cell(cx, u, r, cell, at));
    }
    return BRAM_OK;
}

/* ---- histogram ------------------------------------------------------------------------------ */

static void find_range(const struct units *u, size_t models, double *low, double *high)
{
    *low = INFINITY, *high = -INFINITY;
    for (size_t m = 0; m < models; m++)
        for (size_t i = 0; i < u[m].count; i++)
            *low = fmin(*low, u[m].score[i]), *high = fmax(*high, u[m].score[i]);
    if (!(*low < *high)) *low -= 0.5, *high += 0.5;
}

/* The outline of the bars of one model, from zero to zero. */
static int add_outline(bram_ctx *cx, bram_figure *f, const struct units *u, double low, double high)
{
    double x[BINS + 3], y[BINS + 3], width = (high - low) / BINS;
    memset(y, 0, sizeof y);
    for (size_t k = 0; k < BINS + 3; k++) x[k] = low + width * ((double)k - 1);
    x[0] = low, x[BINS + 2] = high;
    for (size_t i = 0; i < u->count; i++) {
        size_t k = (size_t)((u->score[i] - low) / width);
        y[1 + (k < BINS ? k : BINS - 1)]++;
    }
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_STEP,
                                          .name = u->model->name,
                                          .colour = u->model->colour,
                                          .dashed = u->model->dashed,
                                          .count = BINS + 2,
                                          .x = x,
                                          .y = y});
}

static int figure_of_histogram(bram_ctx *cx, bram_report *r, const struct units *u, size_t models,
                               const char *title)
{
    enum { FEW = 10 }; /* these are seen one by one below */
    double low, high;
    char caption[512];
    bram_figure *f = NULL;
    if (u[0].count < FEW) return BRAM_OK;
    find_range(u, models, &low, &high);
    BRAM_TRY(bram_figure_new(cx, &f, "How many units have which score",
                             "A histogram of the scores of single units: one outline a model."));
    bram_figure_size(f, 460, 320);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = title});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.title = "units", .zero = true});
    for (size_t m = 0; m < models && status == BRAM_OK; m++)
        status = add_outline(cx, f, &u[m], low, high);
    snprintf(caption, sizeof caption,
             "How many units have which score: %zu units of all areas by %s, %s.", u[0].count,
             models > 1 ? "the best models" : u[0].model->name, title);
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- against reliability -------------------------------------------------------------------- */

/* What the signal itself scores: by r the root of the reliability, by r2 that itself. */
static int add_ceiling(bram_ctx *cx, bram_figure *f, const char *score)
{
    enum { POINTS = 41 };
    double x[POINTS], y[POINTS];
    bool r = strstr(score, "pearson") != NULL, r2 = strstr(score, "r2") != NULL;
    if (!r && !r2) return BRAM_OK;
    for (size_t i = 0; i < POINTS; i++) {
        double root = (double)i / (POINTS - 1);
        x[i] = root * root;
        y[i] = r ? root : x[i];
    }
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_LINE,
                                          .name = "the signal itself",
                                          .colour = BRAM_MUTED,
                                          .dashed = true,
                                          .count = POINTS,
                                          .x = x,
                                          .y = y});
}

static int add_dots(bram_ctx *cx, bram_figure *f, const struct units *u, size_t each)
{
    size_t n = 0;
    double *x = bram_scratch(cx, u->count, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + u->count;
    for (size_t i = 0; i < u->count; i += each)
        if (!isnan(u->reliability[i])) x[n] = u->reliability[i], y[n++] = u->score[i];
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_POINTS,
                                          .name = u->model->name,
                                          .colour = u->model->colour,
                                          .count = n,
                                          .x = x,
                                          .y = y,
                                          .in_place = true,
                                          .radius = 2.6,
                                          .opacity = 0.7});
}

static int figure_of_reliability(bram_ctx *cx, bram_report *r, const struct units *u, size_t models,
                                 const bram_board *b, const char *title)
{
    size_t known = 0;
    char caption[640], some[96] = "";
    bram_figure *f = NULL;
    for (size_t i = 0; i < u[0].count; i++) known += !isnan(u[0].reliability[i]);
    if (!known) return BRAM_OK;
    size_t each = u[0].count / MOST_DOTS + 1;
    if (each > 1) snprintf(some, sizeof some, " (one unit in %zu is shown)", each);
    BRAM_TRY(bram_figure_new(cx, &f, "Score against reliability",
                             "One point a unit and model: the score against the reliability of the "
                             "unit's mean responses; the dashed line is what the signal itself "
                             "would score."));
    bram_figure_size(f, 460, 320);
    int status = bram_figure_x(
        cx, f, &(bram_figure_axis){.title = "reliability of the mean responses (Spearman-Brown)"});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.title = title});
    if (status == BRAM_OK) status = add_ceiling(cx, f, b->score);
    for (size_t m = models; m-- > 0 && status == BRAM_OK;) status = add_dots(cx, f, &u[m], each);
    snprintf(caption, sizeof caption,
             "Score against reliability: %zu units of all areas%s, by %s; dashed: "
             "what the signal itself would score.",
             known, some, models > 1 ? "the two best models" : u[0].model->name);
    return bram_report_figure(cx, r, f, status, caption);
}

int bram_encoding_units(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t row[MOST_MODELS], models = bram_encoding_models(r, b, row, MOST_MODELS);
    struct units u[MOST_MODELS];
    char title[192];
    for (size_t m = 0; m < models; m++) BRAM_TRY(gather(cx, &u[m], r, b, &b->row[row[m]]));
    if (!models || u[0].count < 2) return BRAM_OK;
    bram_score_title(title, b->score);
    bram_page_grid(&r->page);
    int status = figure_of_histogram(cx, r, u, models, title);
    if (status == BRAM_OK)
        status = figure_of_reliability(cx, r, u, models < 2 ? models : 2, b, title);
    bram_page_grid_end(&r->page);
    return status;
}
