/*
 * section_units.c - how the score of single units (neurons) is spread in each model: every unit a
 * dot, the labelled ones beside all, quartiles on top.
 */
#include "digits.h"
#include "report_parts.h"
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DOTS = 240, QUANTILES = 120, MOST_UNITS = 1 << 20 };

/* The raw values of one model over all parts. */
struct units {
    double *value; /* sorted, defined ones */
    size_t count, undefined;
};

/* The values of a model: of all units, or of those whose label is certain. */
struct spread {
    struct units all, labelled;
    size_t total; /* units that were asked for, certain ones among them */
    size_t certain;
};

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between the order statistics (type 7 of Hyndman & Fan 1996). */
static double quantile(const struct units *u, double q)
{
    if (!u->count) return NAN;
    double at = q * (double)(u->count - 1), low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < u->count ? u->value[i] + (at - low) * (u->value[i + 1] - u->value[i])
                            : u->value[i];
}

/* The score whose raw values are looked at: of those with the board's label and a value for each
 * unit, the first where higher is better (it is on a scale of its own), else the first. */
static const char *unit_score(const bram_report *r, const bram_board *b)
{
    const bram_axis *scores = bram_board_scores(r->results, b->benchmark);
    const char *label = strrchr(b->score, '@'), *found = NULL;
    size_t at;
    const bram_result *cell = NULL;
    for (size_t p = 0; p < b->parts && !cell; p++) cell = bram_board_result(b, &b->row[0], p, &at);
    const bram_axis *own = cell ? bram_response_axis(bram_dataset_response(cell->data, "raw"), 0)
                                : NULL;
    const bram_column *units = own ? bram_axis_column(own, "units") : NULL;
    const bram_column *better = own ? bram_axis_column(own, "higher_better") : NULL;
    for (size_t i = 0; units && units->integer && i < bram_axis_length(scores); i++) {
        const char *id = bram_axis_id(scores, i), *other = strrchr(id, '@');
        ptrdiff_t row = bram_axis_find(own, id);
        bool same = label && other ? strcmp(label, other) == 0 : label == other;
        if (!same || row < 0 || units->integer[row] < 2) continue;
        if (better && better->integer && better->integer[row]) return id;
        if (!found) found = id;
    }
    return found;
}

/* Adds the raw values of one cell. */
static int take_cell(bram_ctx *cx, struct spread *s, const bram_result *cell, size_t at)
{
    const bram_response *raw = bram_dataset_response(cell->data, "raw");
    size_t n = bram_response_length(raw, 1), mark = bram_scratch_mark(cx);
    const bram_column *certainty = bram_axis_column(bram_response_axis(raw, 1), "certainty");
    double *value = bram_scratch(cx, n, sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 1);
    if (!value || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, raw, (size_t[]){at, 0}, (size_t[]){1, n}, value, present));
    for (size_t i = 0; i < n; i++) {
        bool certain = certainty && certainty->text && strcmp(certainty->text[i], "exact") == 0;
        bool defined = present[i] && isfinite(value[i]);
        s->total++;
        s->certain += certain;
        if (defined) s->all.value[s->all.count++] = value[i];
        else s->all.undefined++;
        if (certain && defined) s->labelled.value[s->labelled.count++] = value[i];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static size_t units_of(const bram_board *b, const bram_board_row *row)
{
    size_t n = 0, at;
    for (size_t p = 0; p < b->parts; p++) {
        const bram_result *cell = bram_board_result(b, row, p, &at);
        if (cell) n += bram_response_length(bram_dataset_response(cell->data, "raw"), 1);
    }
    return n;
}

static int gather(bram_ctx *cx, struct spread *s, const bram_board *b, const bram_board_row *row)
{
    size_t n = units_of(b, row), at;
    *s = (struct spread){.total = 0};
    s->all.value = bram_scratch(cx, n, sizeof(double));
    s->labelled.value = bram_scratch(cx, n, sizeof(double));
    if (!s->all.value || !s->labelled.value) return BRAM_ENOMEM;
    for (size_t p = 0; p < b->parts; p++) {
        const bram_result *cell = bram_board_result(b, row, p, &at);
        if (cell) BRAM_TRY(take_cell(cx, s, cell, at));
    }
    if (s->all.count) qsort(s->all.value, s->all.count, sizeof(double), ascending);
    if (s->labelled.count) qsort(s->labelled.value, s->labelled.count, sizeof(double), ascending);
    return BRAM_OK;
}

/* ---- the figure ----------------------------------------------------------------------------- */

/* Places within a row that look scattered and are the same each time (van der Corput's sequence).
 */
static double scatter(size_t i)
{
    double place = 0, half = 0.5;
    for (size_t k = i + 1; k; k /= 2, half /= 2) place += (double)(k % 2) * half;
    return (place - 0.5) * 0.62;
}

static int add_dots(bram_ctx *cx, bram_figure *f, const struct units *u, double row, int colour)
{
    size_t n = u->count > MOST_DOTS ? QUANTILES : u->count;
    double *x = bram_scratch(cx, n, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + n;
    for (size_t i = 0; i < n; i++) {
        x[i] = n == u->count ? u->value[i] : quantile(u, ((double)i + 0.5) / (double)n);
        y[i] = row + scatter(i);
    }
    BRAM_TRY(bram_figure_add(cx, f,
                             &(bram_series){.mark = BRAM_MARK_POINTS,
                                            .colour = colour,
                                            .count = n,
                                            .x = x,
                                            .y = y,
                                            .in_place = true,
                                            .radius = 1.8,
                                            .opacity = 0.6}));
    double middle = quantile(u, 0.5), low = quantile(u, 0.25), high = quantile(u, 0.75);
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_POINTS,
                                          .colour = BRAM_INK,
                                          .count = 1,
                                          .x = &middle,
                                          .y = &row,
                                          .low = &low,
                                          .high = &high,
                                          .horizontal = true,
                                          .in_place = true});
}

/* The range that all but the outermost units of any model lie in. */
static int find_range(bram_ctx *cx, const struct spread *s, size_t models, double *low,
                      double *high)
{
    size_t n = 0;
    double *first = bram_scratch(cx, models, 2 * sizeof *first), *last = first + models;
    bram_range focus, range = bram_range_empty();
    if (!first) return BRAM_ENOMEM;
    for (size_t i = 0; i < models; i++) {
        const struct units *u = &s[i].all;
        if (!u->count) continue;
        double middle = quantile(u, 0.5), reach = quantile(u, 0.75) - quantile(u, 0.25);
        first[n] = fmax(u->value[0], fmin(quantile(u, 0.02), middle - 3 * reach));
        last[n] = fmin(u->value[u->count - 1], fmax(quantile(u, 0.98), middle + 3 * reach));
        bram_range_take(&range, first[n], false);
        bram_range_take(&range, last[n++], false);
    }
    if (bram_range_focus(&focus, first, n)) range.low = focus.low;
    if (bram_range_focus(&focus, last, n)) range.high = focus.high;
    double air = 0.04 * (range.high - range.low);
    *low = range.low - air, *high = range.high + air;
    return BRAM_OK;
}

static size_t outside(const struct spread *s, size_t models, double low, double high)
{
    size_t n = 0;
    for (size_t i = 0; i < models; i++)
        for (size_t k = 0; k < s[i].all.count; k++)
            n += s[i].all.value[k] < low || s[i].all.value[k] > high;
    return n;
}

static int draw_spreads(bram_ctx *cx, bram_figure *f, const bram_report *r, const bram_board *b,
                        const struct spread *s, size_t models, bool beside)
{
    for (size_t i = 0; i < models; i++) {
        int colour = bram_report_model_of(r, &b->row[i])->colour;
        BRAM_TRY(add_dots(cx, f, &s[i].all, (double)(i * (beside ? 2 : 1)), colour));
        if (beside) BRAM_TRY(add_dots(cx, f, &s[i].labelled, (double)(2 * i + 1), colour));
    }
    return BRAM_OK;
}

static int figure_of_units(bram_ctx *cx, bram_report *r, const bram_board *b, const char *id,
                           const struct spread *s, size_t models, bool beside)
{
    size_t rows = models * (beside ? 2 : 1), many = 0;
    const char **name = bram_scratch(cx, rows, sizeof *name);
    char title[192], caption[1024];
    double low, high;
    if (!name) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        name[i] = beside && i % 2 ? "labelled only"
                                  : bram_report_model_of(r, &b->row[i / (beside ? 2 : 1)])->name;
    for (size_t i = 0; i < models; i++) many += s[i].all.count > MOST_DOTS;
    BRAM_TRY(find_range(cx, s, models, &low, &high));
    bram_score_title(title, id);
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, "Scores of single units",
                             "One row a model: each unit is a dot at its score, with the median "
                             "and the quartiles on top. The quartiles are in the table that "
                             "follows."));
    bram_figure_size(f, 640, 90 + 25 * (double)rows);
    bool bounded = low < high;
    int status = bram_figure_x(
        cx, f,
        &(bram_figure_axis){.title = title, .low = bounded ? low : 0, .high = bounded ? high : 0});
    if (status == BRAM_OK)
        status = bram_figure_y(cx, f, &(bram_figure_axis){.labels = name, .label_count = rows});
    if (status == BRAM_OK) status = draw_spreads(cx, f, r, b, s, models, beside);
    size_t hidden = bounded ? outside(s, models, low, high) : 0;
    int used = snprintf(caption, sizeof caption,
                        "Single units of all parts: %s%s. %s; large dot and bar: median and "
                        "quartiles.",
                        title, beside ? "; all units, and those with a certain name" : "",
                        many ? "A dot is a unit, or, where there are more than 240, one of 120 "
                               "quantiles of them"
                             : "A dot is a unit");
    if (hidden && used > 0 && (size_t)used < sizeof caption)
        snprintf(caption + used, sizeof caption - (size_t)used,
                 " %zu of the units' scores lie outside the range shown.", hidden);
    return bram_report_figure(cx, r, f, status, caption);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void table_row(bram_table *t, const char *model, const char *which, const struct units *u)
{
    bram_table_row(t);
    bram_table_text(t, 0, model);
    bram_table_text(t, 1, which);
    bram_table_integer(t, 2, (int64_t)u->count);
    static const double q[] = {0, 0.25, 0.5, 0.75, 1};
    for (size_t i = 0; i < 5; i++) bram_table_number(t, 3 + i, quantile(u, q[i]));
}

static int table_of_units(bram_ctx *cx, bram_report *r, const bram_board *b, const char *id,
                          const struct spread *s, size_t models, bool beside)
{
    double *size = bram_scratch(cx, models, sizeof *size);
    if (!size) return BRAM_ENOMEM;
    size_t undefined = 0;
    for (size_t i = 0; i < models; i++) {
        size[i] = quantile(&s[i].all, 0.75);
        undefined += s[i].all.undefined;
    }
    int digits = bram_decimals(size, models);
    const bram_table_column columns[] = {
        {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        {"units", "which", BRAM_CELL_TEXT},
        {"count", "units", BRAM_CELL_INTEGER},
        {"least", "lowest", BRAM_CELL_NUMBER, digits},
        {"lower", "lower quartile", BRAM_CELL_NUMBER, digits},
        {"median", "median", BRAM_CELL_NUMBER, digits},
        {"upper", "upper quartile", BRAM_CELL_NUMBER, digits},
        {"most", "highest", BRAM_CELL_NUMBER, digits},
    };
    bram_table *t = NULL;
    char title[192], caption[320];
    bram_score_title(title, id);
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < models; i++) {
        const char *name = bram_report_model_of(r, &b->row[i])->name;
        table_row(t, name, "all", &s[i].all);
        if (beside) table_row(t, name, "labelled", &s[i].labelled);
    }
    if (undefined)
        bram_table_note(t,
                        "%zu scores of units are undefined (a unit that is constant has no "
                        "correlation) and stand in no row.",
                        undefined);
    snprintf(caption, sizeof caption, "Single units, quartiles: %s.", title);
    return bram_report_table(cx, r, t, caption, 0);
}

int bram_section_units(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    const char *id = unit_score(r, b);
    bram_board *own = NULL;
    if (!id) return BRAM_OK;
    BRAM_TRY(bram_board_new(cx, &own, r->results, b->benchmark, id));
    size_t models = bram_board_scored(own), mark = bram_scratch_mark(cx);
    struct spread *s = bram_scratch(cx, models, sizeof *s);
    int status = s ? BRAM_OK : BRAM_ENOMEM;
    bool beside = false;
    for (size_t i = 0; i < models && status == BRAM_OK; i++) {
        status = gather(cx, &s[i], own, &own->row[i]);
        beside = beside || (s[i].certain && s[i].certain < s[i].total);
    }
    if (status == BRAM_OK && models) {
        bram_page_heading(&r->page, 3, "Single units");
        status = figure_of_units(cx, r, own, id, s, models, beside);
    }
    if (status == BRAM_OK && models) {
        bram_page_fold(&r->page, "The quartiles of this figure");
        status = table_of_units(cx, r, own, id, s, models, beside);
        bram_page_fold_end(&r->page);
    }
    bram_scratch_release(cx, mark);
    bram_board_free(own);
    return status;
}
