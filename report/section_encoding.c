/*
 * section_encoding.c - for benchmarks of the task "encoding": areas with their ceilings, models and
 * layers by areas, and the order of the other figures (encoding_figures.h).
 */
#include "encoding_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MODELS = 8, MOST_AREAS = 40, MOST_ROWS = 60 };

double bram_encoding_number(const bram_result *cell, ptrdiff_t at, const char *name)
{
    const bram_response *raw = cell ? bram_dataset_response(cell->data, "raw") : NULL;
    const bram_column *c = raw && at >= 0 ? bram_axis_column(bram_response_axis(raw, 0), name)
                                          : NULL;
    return c && c->number ? c->number[at] : (double)NAN;
}

size_t bram_encoding_models(const bram_report *r, const bram_board *b, size_t *row, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_board_scored(b) && n < most; i++)
        if (!bram_report_model_of(r, &b->row[i])->trivial) row[n++] = i;
    return n;
}

/* ---- areas ---------------------------------------------------------------------------------- */

/* The ceiling of each area with its interval: what any of its cells says, they all say the same. */
static size_t find_ceilings(const bram_board *b, size_t areas, double *y, double *at, double *low,
                            double *high)
{
    size_t n = 0;
    for (size_t p = 0; p < areas; p++) {
        size_t score;
        for (size_t i = 0; i < bram_board_scored(b); i++) {
            const bram_result *cell = bram_board_result(b, &b->row[i], p, &score);
            double ceiling = bram_encoding_number(cell, (ptrdiff_t)score, "ceiling");
            if (!cell || isnan(ceiling)) continue;
            y[n] = (double)p, at[n] = ceiling;
            low[n] = bram_encoding_number(cell, (ptrdiff_t)score, "ceiling_low");
            high[n] = bram_encoding_number(cell, (ptrdiff_t)score, "ceiling_high");
            n++;
            break;
        }
    }
    return n;
}

static int add_ceilings(bram_ctx *cx, bram_figure *f, const bram_board *b, size_t areas)
{
    double *y = bram_scratch(cx, areas, 4 * sizeof *y);
    if (!y) return BRAM_ENOMEM;
    double *at = y + areas, *low = at + areas, *high = low + areas;
    size_t n = find_ceilings(b, areas, y, at, low, high);
    if (!n) return BRAM_OK;
    BRAM_TRY(bram_figure_add(cx, f,
                             &(bram_series){.mark = BRAM_MARK_SPANS,
                                            .name = "ceiling",
                                            .colour = BRAM_MUTED,
                                            .count = n,
                                            .y = y,
                                            .low = low,
                                            .high = high,
                                            .opacity = 0.28}));
    return bram_figure_add(
        cx, f,
        &(bram_series){.mark = BRAM_MARK_TICKS, .colour = BRAM_MUTED, .count = n, .x = at, .y = y});
}

/* Takes a value into a range that begins as {0, 0}. */
static void widen(double range[2], double value)
{
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
}

/* From zero, or below it, to beyond the highest ceiling. */
static bram_figure_axis axis_of(const bram_board *b, const size_t *row, size_t models, size_t areas,
                                const char *title)
{
    static const char *const names[] = {"value", "low", "high", "ceiling", "ceiling_high"};
    double range[2] = {0, 0};
    for (size_t i = 0; i < models; i++)
        for (size_t p = 0; p < areas; p++) {
            size_t at = 0;
            const bram_result *cell = bram_board_result(b, &b->row[row[i]], p, &at);
            for (size_t k = 0; k < sizeof names / sizeof *names; k++)
                widen(range, bram_encoding_number(cell, (ptrdiff_t)at, names[k]));
        }
    double air = 0.03 * (range[1] - range[0]);
    return (bram_figure_axis){.title = title,
                              .low = range[0] < 0 ? range[0] - air : 0,
                              .high = range[1] > 0 ? range[1] + air : 0,
                              .zero = true};
}

/* One model in all areas. */
static int add_model(bram_ctx *cx, bram_figure *f, const bram_report *r, const bram_board *b,
                     const bram_board_row *row, size_t areas)
{
    const bram_report_model *model = bram_report_model_of(r, row);
    double *x = bram_scratch(cx, areas, 4 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + areas, *low = y + areas, *high = low + areas;
    for (size_t p = 0; p < areas; p++) {
        size_t at = 0;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        x[p] = bram_board_value(b, row, p), y[p] = (double)p;
        low[p] = bram_encoding_number(cell, (ptrdiff_t)at, "low");
        high[p] = bram_encoding_number(cell, (ptrdiff_t)at, "high");
    }
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_POINTS,
                                          .name = model->name,
                                          .colour = model->colour,
                                          .count = areas,
                                          .x = x,
                                          .y = y,
                                          .low = low,
                                          .high = high,
                                          .horizontal = true});
}

int bram_encoding_areas(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t row[MOST_MODELS], models = bram_encoding_models(r, b, row, MOST_MODELS);
    size_t areas = b->parts < MOST_AREAS ? b->parts : MOST_AREAS;
    const char **name = bram_scratch(cx, areas, sizeof *name);
    char title[192], caption[640];
    if (!name) return BRAM_ENOMEM;
    if (!models) return BRAM_OK;
    for (size_t p = 0; p < areas; p++) name[p] = bram_board_part(b, p);
    bram_score_title(title, b->score);
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, "Predictivity by area",
                             "One row an area: each model is a point at its score with the "
                             "interval as a bar; the grey band is the interval of the area's "
                             "ceiling, the line in it the ceiling itself."));
    bram_figure_size(f, 560, 96 + (double)areas * (16 + 14 * (double)models));
    bram_figure_axis axis = axis_of(b, row, models, areas, title);
    int status = bram_figure_x(cx, f, &axis);
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.labels = name, .label_count = areas});
    if (status == BRAM_OK) status = add_ceilings(cx, f, b, areas);
    for (size_t i = 0; i < models && status == BRAM_OK; i++)
        status = add_model(cx, f, r, b, &b->row[row[i]], areas);
    snprintf(caption, sizeof caption,
             "Predictivity by area: %s, with intervals; the best models that are not trivial, %zu. "
             "Grey: the ceiling of each area, what the signal itself would score, with its "
             "interval.",
             title, models);
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- models and layers by areas -------------------------------------------------------------- */

struct matrix {
    size_t rows, areas;
    char **name; /* heap */
    double *value;
};

static int add_row(bram_ctx *cx, struct matrix *m, const bram_board *b, const bram_board_row *row,
                   const char *score, const char *model, const char *layer)
{
    if (m->rows == MOST_ROWS) return BRAM_OK;
    for (size_t p = 0; p < m->areas; p++) {
        size_t at;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_response *raw = cell ? bram_dataset_response(cell->data, "raw") : NULL;
        ptrdiff_t own = raw ? bram_axis_find(bram_response_axis(raw, 0), score) : -1;
        m->value[m->rows * m->areas + p] = bram_encoding_number(cell, own, "value");
    }
    m->name[m->rows] = *layer ? bram_strf(cx, "%s@%s", model, layer) : bram_strdup(cx, model);
    return m->name[m->rows++] ? BRAM_OK : BRAM_ENOMEM;
}

/* A model, and each of its layers in the order of the first area that has them. */
static int add_rows(bram_ctx *cx, struct matrix *m, const bram_report *r, const bram_board *b,
                    const bram_board_row *row)
{
    const char *model = bram_report_model_of(r, row)->name;
    size_t at, length = strlen(b->score);
    BRAM_TRY(add_row(cx, m, b, row, b->score, model, ""));
    for (size_t p = 0; p < m->areas; p++) {
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_response *raw = cell ? bram_dataset_response(cell->data, "raw") : NULL;
        if (!raw) continue;
        const bram_axis *score = bram_response_axis(raw, 0);
        for (size_t i = 0; i < bram_axis_length(score); i++) {
            const char *id = bram_axis_id(score, i);
            if (strncmp(id, b->score, length) == 0 && id[length] == '@')
                BRAM_TRY(add_row(cx, m, b, row, id, model, id + length + 1));
        }
        break;
    }
    return BRAM_OK;
}

static int figure_of_matrix(bram_ctx *cx, bram_report *r, const bram_board *b,
                            const struct matrix *m)
{
    const char **area = bram_scratch(cx, m->areas, sizeof *area);
    char title[192], caption[512];
    bram_figure *f = NULL;
    if (!area) return BRAM_ENOMEM;
    for (size_t p = 0; p < m->areas; p++) area[p] = bram_board_part(b, p);
    bram_score_title(title, b->score);
    BRAM_TRY(bram_figure_new(cx, &f, "Models and layers by areas",
                             "A matrix: one row a model or a layer of it, one column an area, the "
                             "colour the score. The numbers of models are in the table of single "
                             "parts."));
    double wide = 300 + 60 * (double)m->areas;
    bram_figure_size(f, wide < 720 ? wide : 720, 120 + 24 * (double)m->rows);
    int status = bram_figure_heat(
        cx, f, &(bram_heat){.rows = m->rows, .cols = m->areas, .values = m->value, .title = title});
    if (status == BRAM_OK)
        status = bram_figure_x(cx, f, &(bram_figure_axis){.labels = area, .label_count = m->areas});
    if (status == BRAM_OK)
        status = bram_figure_y(
            cx, f,
            &(bram_figure_axis){.labels = (const char *const *)m->name, .label_count = m->rows});
    snprintf(caption, sizeof caption,
             "Models and layers (model@layer) by areas: %s; light is better, grey is not scored.",
             title);
    return bram_report_figure(cx, r, f, status, caption);
}

int bram_encoding_matrix(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    struct matrix m = {.areas = b->parts < MOST_AREAS ? b->parts : MOST_AREAS};
    size_t row[MOST_ROWS], models = bram_encoding_models(r, b, row, MOST_ROWS);
    if (m.areas < 2 || models < 2) return BRAM_OK;
    m.name = bram_scratch(cx, MOST_ROWS, sizeof *m.name);
    m.value = bram_scratch(cx, MOST_ROWS, m.areas * sizeof *m.value);
    if (!m.name || !m.value) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t i = 0; i < models && status == BRAM_OK; i++)
        status = add_rows(cx, &m, r, b, &b->row[row[i]]);
    if (status == BRAM_OK) status = figure_of_matrix(cx, r, b, &m);
    for (size_t i = 0; i < m.rows; i++) bram_free(m.name[i]);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

int bram_section_encoding(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    static int (*const figures[])(bram_ctx *, bram_report *, const bram_board *) = {
        bram_encoding_areas, bram_encoding_matrix, bram_encoding_spaces, bram_encoding_units,
        bram_encoding_paths, bram_encoding_maps,   bram_encoding_stimuli};
    size_t any;
    if (strcmp(bram_plan_text(r, b->benchmark, "task"), "encoding") != 0) return BRAM_OK;
    if (!bram_encoding_models(r, b, &any, 1)) return BRAM_OK;
    bram_page_heading(&r->page, 3, "Areas, units and stimuli");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        size_t mark = bram_scratch_mark(cx);
        int status = figures[i](cx, r, b);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}
