/*
 * section_examples.c - what a forecast looks like: recorded traces of some units and what the best
 * model said one step before. The task chose the units by their variance, before any model spoke.
 */
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 240, MOST_UNITS = 8 };

struct example {
    const char *part;
    const bram_response *recorded, *predicted;
    size_t rows, units;
    double *value[2]; /* recorded, predicted: rows x units; NaN where missing */
    const double *time;
    const char *unit_of_time;
};

static int read_values(bram_ctx *cx, double **out, const bram_response *r, size_t rows,
                       size_t units)
{
    double *value = bram_scratch(cx, rows * units, sizeof *value);
    uint8_t *present = bram_scratch(cx, rows * units, 1);
    if (!value || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, units}, value, present));
    for (size_t i = 0; i < rows * units; i++)
        if (!present[i]) value[i] = NAN;
    *out = value;
    return BRAM_OK;
}

/* The first part on which the model has an example. */
static int find_example(bram_ctx *cx, struct example *e, bool *found, const bram_report *r,
                        const bram_board *b, const bram_board_row *row)
{
    *found = false;
    for (size_t p = 0; p < b->parts && !*found; p++) {
        size_t at;
        const bram_result *cell = bram_board_result(b, row, p, &at);
        const bram_dataset *ds = NULL;
        if (cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "example/"));
        if (!ds) continue;
        *e = (struct example){.part = bram_board_part(b, p),
                              .recorded = bram_dataset_response(ds, "example/recorded"),
                              .predicted = bram_dataset_response(ds, "example/predicted")};
        *found = e->recorded && e->predicted && bram_response_dims(e->recorded) == 2 &&
                 bram_response_dims(e->predicted) == 2 &&
                 bram_response_length(e->recorded, 0) == bram_response_length(e->predicted, 0) &&
                 bram_response_length(e->recorded, 1) == bram_response_length(e->predicted, 1) &&
                 bram_response_count(e->recorded) > 0;
    }
    if (!*found) return BRAM_OK;
    e->rows = bram_response_length(e->recorded, 0);
    e->units = bram_response_length(e->recorded, 1);
    if (e->rows > MOST_ROWS) e->rows = MOST_ROWS;
    if (e->units > MOST_UNITS) e->units = MOST_UNITS;
    e->time = bram_axis_values(bram_response_axis(e->recorded, 0));
    e->unit_of_time = bram_axis_unit(bram_response_axis(e->recorded, 0));
    BRAM_TRY(read_values(cx, &e->value[0], e->recorded, e->rows, e->units));
    return read_values(cx, &e->value[1], e->predicted, e->rows, e->units);
}

/* Unit u as a line in row u: its recorded range fills most of the row. */
static int add_trace(bram_ctx *cx, bram_figure *f, const struct example *e, size_t u, size_t side,
                     const bram_report_model *model)
{
    double *x = bram_scratch(cx, e->rows, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + e->rows;
    double low = INFINITY, high = -INFINITY;
    for (size_t t = 0; t < e->rows; t++) {
        double value = e->value[0][t * e->units + u];
        if (isfinite(value)) low = fmin(low, value), high = fmax(high, value);
    }
    double reach = high > low ? high - low : 1;
    for (size_t t = 0; t < e->rows; t++) {
        double value = e->value[side][t * e->units + u];
        x[t] = e->time ? e->time[t] : (double)t;
        double place = 0.4 - 0.8 * (value - low) / reach; /* rows run downwards */
        y[t] = (double)u + fmax(-0.5, fmin(0.5, place));
        if (isnan(value)) y[t] = NAN;
    }
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_LINE,
                                          .name = side ? model->name : "recorded",
                                          .colour = side ? model->colour : BRAM_INK,
                                          .count = e->rows,
                                          .x = x,
                                          .y = y});
}

static const char *unit_name(const struct example *e, size_t u, char text[32])
{
    const char *id = bram_axis_id(bram_response_axis(e->recorded, 1), u);
    if (*id) return id;
    snprintf(text, 32, "unit %zu", u + 1);
    return text;
}

static int figure_of_traces(bram_ctx *cx, bram_report *r, const bram_board *b,
                            const bram_board_row *row, const struct example *e)
{
    const bram_report_model *model = bram_report_model_of(r, row);
    const char *name[MOST_UNITS];
    char number[MOST_UNITS][32], axis[64], caption[512];
    for (size_t u = 0; u < e->units; u++) name[u] = unit_name(e, u, number[u]);
    snprintf(axis, sizeof axis, e->time ? "time (%s)" : "row",
             *e->unit_of_time ? e->unit_of_time : "no unit stated");
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, "Recorded and predicted traces",
                             "Some units below each other, each with its recorded trace and the "
                             "one-step forecast of the best model on top of it."));
    bram_figure_size(f, 700, 80 + 62 * (double)e->units);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.title = axis});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.labels = name, .label_count = e->units});
    for (size_t side = 0; side < 2; side++)
        for (size_t u = 0; u < e->units && status == BRAM_OK; u++)
            status = add_trace(cx, f, e, u, side, model);
    snprintf(caption, sizeof caption,
             "Recorded traces of part %s and their one-step forecasts by %s: the first %zu rows of "
             "the test part, the units that vary most in training. Each row is scaled to its "
             "recorded range.",
             e->part, model->name, e->rows);
    (void)b;
    return bram_report_figure(cx, r, f, status, caption);
}

int bram_section_examples(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    for (size_t i = 0; i < bram_board_scored(b); i++) {
        const bram_board_row *row = &b->row[i];
        if (bram_report_model_of(r, row)->trivial) continue;
        size_t mark = bram_scratch_mark(cx);
        struct example e;
        bool found;
        int status = find_example(cx, &e, &found, r, b, row);
        if (status == BRAM_OK && found) {
            bram_page_heading(&r->page, 3, "Example traces");
            status = figure_of_traces(cx, r, b, row, &e);
        }
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK || found) return status;
    }
    return BRAM_OK;
}
