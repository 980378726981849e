/*
 * learning_curve_show.c - tables and figure of a learning curve; see learning_curve.h.
 */
#include "learning_curve.h"

#include "colour.h"
#include "leaderboard.h"
#include "report_parts.h"

#include <math.h>
#include <stdio.h>

/* Decimals for the values of a curve. */
static int decimals_of(bram_ctx *cx, const bram_learning_curve *c)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    double *size = bram_scratch(cx, c->curves * c->points + 1, sizeof *size);
    for (size_t i = 0; size && i < c->curves; i++)
        for (size_t p = 0; p < c->points; p++)
            if (isfinite(c->curve[i].point[p].value)) size[n++] = fabs(c->curve[i].point[p].value);
    int decimals = size && n ? bram_decimals(size, n) : 3;
    bram_scratch_release(cx, mark);
    return decimals;
}

static bool has_intervals(const bram_learning_curve *c)
{
    for (size_t i = 0; i < c->curves; i++)
        for (size_t p = 0; p < c->points; p++)
            if (isfinite(c->curve[i].point[p].low)) return true;
    return false;
}

int bram_learning_curve_table(bram_ctx *cx, bram_table **out, const bram_learning_curve *c)
{
    enum { BENCHMARK, MODEL, AMOUNT, SHOWN, VALUE, LOW, HIGH, SUBSETS, COLUMNS };
    const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        [AMOUNT] = {c->axis, c->axis, BRAM_CELL_NUMBER, -1},
        [SHOWN] = {"shown", "score", BRAM_CELL_TEXT, .audience = BRAM_FOR_PEOPLE},
        [VALUE] = {"value", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [LOW] = {"low", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [HIGH] = {"high", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [SUBSETS] = {"subsets", "subsets", BRAM_CELL_INTEGER}};
    char text[BRAM_INTERVAL_BYTES];
    int decimals = decimals_of(cx, c);
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, c->title, columns, COLUMNS));
    for (size_t i = 0; i < c->curves; i++)
        for (size_t p = 0; p < c->points; p++) {
            const bram_curve_point *at = &c->curve[i].point[p];
            bram_table_row(t);
            bram_table_text(t, BENCHMARK, c->base);
            bram_table_text(t, MODEL, c->curve[i].name);
            bram_table_number(t, AMOUNT, at->amount);
            bram_table_integer(t, SUBSETS, (int64_t)at->subsets);
            if (isnan(at->value)) continue;
            bram_interval_text(text, at->value, at->low, at->high, decimals);
            bram_table_text(t, SHOWN, text);
            bram_table_number(t, VALUE, at->value);
            bram_table_number(t, LOW, at->low);
            bram_table_number(t, HIGH, at->high);
        }
    char title[192];
    bram_score_title(title, c->score);
    bram_table_note(t, "score: %s; %s is better; %g %% interval over test rows%s.", title,
                    c->higher_better ? "higher" : "lower", 100 * c->level,
                    c->alone ? "" : " and subsets");
    if (!has_intervals(c))
        bram_table_note(t, "No interval: the test rows are too few blocks for a bootstrap.");
    if (c->uneven)
        bram_table_note(
            t, "%zu cells of smaller sizes could not be scored; means are over the others.",
            c->uneven);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

int bram_learning_curve_laws(bram_ctx *cx, bram_table **out, const bram_learning_curve *c)
{
    enum {
        BENCHMARK,
        MODEL,
        E_SHOWN,
        E,
        E_LOW,
        E_HIGH,
        A_SHOWN,
        A,
        A_LOW,
        A_HIGH,
        GAIN,
        WHY,
        COLUMNS
    };
    static const bram_table_column columns[COLUMNS] = {
        [BENCHMARK] = {"benchmark", "", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
        [E_SHOWN] = {"exponent_shown", "exponent", BRAM_CELL_TEXT, .audience = BRAM_FOR_PEOPLE},
        [E] = {"exponent", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [E_LOW] = {"exponent_low", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [E_HIGH] = {"exponent_high", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [A_SHOWN] = {"asymptote_shown", "asymptote", BRAM_CELL_TEXT, .audience = BRAM_FOR_PEOPLE},
        [A] = {"asymptote", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [A_LOW] = {"asymptote_low", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [A_HIGH] = {"asymptote_high", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [GAIN] = {"gain", "", BRAM_CELL_NUMBER, .audience = BRAM_FOR_MACHINES},
        [WHY] = {"why", "note", BRAM_CELL_TEXT, .wrap = true}};
    char text[BRAM_INTERVAL_BYTES];
    int decimals = decimals_of(cx, c);
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, COLUMNS));
    for (size_t i = 0; i < c->curves; i++) {
        const bram_curve *k = &c->curve[i];
        bram_table_row(t);
        bram_table_text(t, BENCHMARK, c->base);
        bram_table_text(t, MODEL, k->name);
        if (k->fit.why[0]) bram_table_text(t, WHY, k->fit.why);
        if (isnan(k->fit.law.exponent)) continue;
        bram_interval_text(text, k->fit.law.exponent, k->fit.exponent_low, k->fit.exponent_high, 2);
        bram_table_text(t, E_SHOWN, text);
        bram_interval_text(text, k->fit.law.asymptote, k->fit.asymptote_low, k->fit.asymptote_high,
                           decimals);
        bram_table_text(t, A_SHOWN, text);
        bram_table_number(t, E, k->fit.law.exponent);
        bram_table_number(t, E_LOW, k->fit.exponent_low);
        bram_table_number(t, E_HIGH, k->fit.exponent_high);
        bram_table_number(t, A, k->fit.law.asymptote);
        bram_table_number(t, A_LOW, k->fit.asymptote_low);
        bram_table_number(t, A_HIGH, k->fit.asymptote_high);
        bram_table_number(t, GAIN, k->fit.law.gain);
    }
    bram_table_note(t,
                    "score = asymptote - gain %s^-exponent, by least squares (Cortes et al. 1994).",
                    c->axis);
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}

/* ---- the figure ----------------------------------------------------------------------------- */

enum { LINE = 64 };

/* The values of one model, and its law as a dashed line (a plain one between points without). */
static int add_curve(bram_ctx *cx, bram_figure *f, const bram_learning_curve *c, size_t i)
{
    const bram_curve *k = &c->curve[i];
    double *column = bram_scratch(cx, 4 * c->points + 2 * LINE, sizeof *column);
    if (!column) return BRAM_ENOMEM;
    double *x = column, *y = x + c->points, *low = y + c->points, *high = low + c->points;
    double *at = high + c->points, *line = at + LINE;
    for (size_t p = 0; p < c->points; p++) {
        x[p] = k->point[p].amount, y[p] = k->point[p].value;
        low[p] = k->point[p].low, high[p] = k->point[p].high;
    }
    int colour = (int)(i % BRAM_PALETTE);
    bool law = isfinite(k->fit.law.exponent);
    for (size_t j = 0; law && j < LINE; j++) {
        at[j] = x[0] * pow(x[c->points - 1] / x[0], (double)j / (LINE - 1));
        line[j] = k->fit.law.asymptote - k->fit.law.gain * pow(at[j], -k->fit.law.exponent);
    }
    BRAM_TRY(bram_figure_add(cx, f,
                             &(bram_series){.mark = BRAM_MARK_LINE,
                                            .colour = colour,
                                            .dashed = i >= 8,
                                            .count = law ? LINE : c->points,
                                            .x = law ? at : x,
                                            .y = law ? line : y}));
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_POINTS,
                                          .name = k->name,
                                          .colour = colour,
                                          .count = c->points,
                                          .x = x,
                                          .y = y,
                                          .low = low,
                                          .high = high,
                                          .in_place = true});
}

int bram_learning_curve_figure(bram_ctx *cx, bram_figure **out, const bram_learning_curve *c)
{
    char title[192], words[400], unit[64];
    bram_figure *f = NULL;
    size_t mark = bram_scratch_mark(cx);
    bram_score_title(title, c->score);
    snprintf(
        words, sizeof words,
        "%.180s of %zu models of the benchmark %.80s at %zu sizes; lines are fitted power laws.",
        title, c->curves, c->base, c->points);
    snprintf(unit, sizeof unit, "%s%s", c->axis, *c->axis == 'm' ? " of training" : "");
    BRAM_TRY(bram_figure_new(cx, &f, "Learning curve", words));
    bram_figure_size(f, 640, 380);
    const bram_curve_point *first = c->curves ? c->curve[0].point : NULL;
    bram_figure_axis x = {.title = unit, .log = true};
    if (first && c->points > 1)
        x.low = first[0].amount / 1.15, x.high = first[c->points - 1].amount * 1.15;
    int status = bram_figure_x(cx, f, &x);
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.title = title});
    for (size_t i = 0; i < c->curves && status == BRAM_OK; i++) status = add_curve(cx, f, c, i);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}
