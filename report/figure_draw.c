/*
 * figure_draw.c - draws a figure: heat map, grid, axes, names, legend, colour scale. The marks of
 * the series are in figure_marks.c.
 */
#include "colour.h"
#include "figure_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_BYTES = 256, MOST_CELLS = 200 };

static void put(const bram_canvas *c, double x, double y, double size, bram_anchor anchor,
                double angle, int colour, const char *text)
{
    bram_label label = {x, y, size, anchor, angle, colour, false, NULL};
    c->text(c->user, &label, text);
}

static void put_line(const bram_canvas *c, int colour, double x0, double y0, double x1, double y1)
{
    bram_pen pen = {colour, BRAM_NO_COLOUR, 1, false, 1};
    c->path(c->user, &pen, (double[]){x0, y0, x1, y1}, 2, false);
}

/* A text shortened to a width; the whole of it is kept for a tooltip. */
static void put_short(const bram_canvas *c, bram_label label, const char *text, double width)
{
    char shown[LABEL_BYTES];
    if (bram_text_shorten(shown, sizeof shown, text, label.size, width)) label.full = text;
    c->text(c->user, &label, shown);
}

/* ---- axes ----------------------------------------------------------------------------------- */

/* Every how many categories have a name, so that names do not touch. */
static size_t name_every(double slot, double least)
{
    return slot >= least ? 1 : (size_t)ceil(least / slot);
}

static void x_names(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    size_t n = f->x.label_count;
    double slot = (l->right - l->left) / (double)n;
    size_t every = l->x_slanted ? name_every(slot, BRAM_SMALL_LETTER + 2) : 1;
    for (size_t i = 0; i < n; i += every) {
        double x = bram_scale_place(&l->x, (double)i);
        bram_label label = {
            x, l->bottom + 16, BRAM_SMALL_LETTER, BRAM_ANCHOR_MIDDLE, 0, BRAM_INK, false, NULL};
        if (l->x_slanted) {
            label.x = x + 4, label.y = l->bottom + 13;
            label.anchor = BRAM_ANCHOR_END;
            label.angle = -45;
        }
        put_short(c, label, f->x.labels[i], 0.25 * f->width);
    }
}

static void y_names(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    size_t n = f->y.label_count;
    size_t every = name_every((l->bottom - l->top) / (double)n, BRAM_SMALL_LETTER);
    for (size_t i = 0; i < n; i += every) {
        double y = bram_scale_place(&l->y, (double)i) + 0.35 * BRAM_SMALL_LETTER;
        bram_label label = {l->left - 7, y,   BRAM_SMALL_LETTER, BRAM_ANCHOR_END, 0, BRAM_INK,
                            false,       NULL};
        put_short(c, label, f->y.labels[i], 0.36 * f->width);
    }
}

/* Rows and columns of a matrix are whole numbers. */
static bool shown(const bram_figure *f, double tick)
{
    return !f->heat.rows || tick == floor(tick);
}

static void x_axis(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    if (f->x.label_count) x_names(f, l, c);
    for (size_t i = 0; !f->x.label_count && !f->x.bare && i < l->x_ticks.count; i++) {
        double x = bram_scale_place(&l->x, l->x_ticks.at[i]);
        if (isnan(x) || !shown(f, l->x_ticks.at[i])) continue;
        put_line(c, BRAM_INK, x, l->bottom, x, l->bottom + 4);
        put(c, x, l->bottom + 17, BRAM_SMALL_LETTER, BRAM_ANCHOR_MIDDLE, 0, BRAM_INK,
            l->x_ticks.label[i]);
    }
    if (!f->x.bare) put_line(c, BRAM_INK, l->left, l->bottom, l->right, l->bottom);
    if (f->x.title && *f->x.title)
        put(c, (l->left + l->right) / 2, f->height - 6 - l->shrunk, BRAM_LETTER, BRAM_ANCHOR_MIDDLE,
            0, BRAM_INK, f->x.title);
}

static void y_axis(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    if (f->y.label_count) y_names(f, l, c);
    for (size_t i = 0; !f->y.label_count && !f->y.bare && i < l->y_ticks.count; i++) {
        double y = bram_scale_place(&l->y, l->y_ticks.at[i]);
        if (isnan(y) || !shown(f, l->y_ticks.at[i])) continue;
        put_line(c, BRAM_INK, l->left - 4, y, l->left, y);
        put(c, l->left - 7, y + 0.35 * BRAM_SMALL_LETTER, BRAM_SMALL_LETTER, BRAM_ANCHOR_END, 0,
            BRAM_INK, l->y_ticks.label[i]);
    }
    if (!f->y.bare) put_line(c, BRAM_INK, l->left, l->top, l->left, l->bottom);
    if (f->y.title && *f->y.title)
        put(c, 14, (l->top + l->bottom) / 2, BRAM_LETTER, BRAM_ANCHOR_MIDDLE, -90, BRAM_INK,
            f->y.title);
}

static void grid(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    for (size_t i = 0; !f->y.label_count && !f->y.bare && i < l->y_ticks.count; i++) {
        double y = bram_scale_place(&l->y, l->y_ticks.at[i]);
        if (!isnan(y)) put_line(c, BRAM_GRID, l->left, y, l->right, y);
    }
    for (size_t i = 0; f->y.label_count && !f->x.label_count && !f->x.bare && i < l->x_ticks.count;
         i++) {
        double x = bram_scale_place(&l->x, l->x_ticks.at[i]);
        if (!isnan(x)) put_line(c, BRAM_GRID, x, l->top, x, l->bottom);
    }
}

/* ---- legend and rules ----------------------------------------------------------------------- */

static void swatch(const bram_series *s, const bram_canvas *c, double x, double y)
{
    bram_pen line = {s->colour, BRAM_NO_COLOUR, 2, s->dashed, 1};
    bool pale = s->mark == BRAM_MARK_BAND || s->mark == BRAM_MARK_AREA ||
                (s->mark == BRAM_MARK_SPANS && !s->y);
    bram_pen area = {BRAM_NO_COLOUR, s->colour, 0, false, pale ? 0.25 : 0.85};
    bram_pen point = {BRAM_PAPER, s->colour, 0.75, false, 1};
    if (s->mark == BRAM_MARK_LINE || s->mark == BRAM_MARK_STEP || s->mark == BRAM_MARK_TICKS)
        c->path(c->user, &line, (double[]){x, y, x + 18, y}, 2, false);
    else if (s->mark == BRAM_MARK_POINTS)
        c->marker(c->user, &point, s->colour > 0 ? s->colour % 4 : 0, x + 9, y, 4);
    else c->rectangle(c->user, &area, pale ? x : x + 3, y - 5, pale ? 18 : 12, 10);
}

static void legend(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    for (size_t i = 0; i < f->series_count; i++) {
        if (!bram_figure_has_entry(f, i)) continue;
        double row, x = bram_legend_place(f, l, i, &row), y = 14 + 18 * row;
        for (size_t k = i; k < f->series_count; k++) /* a line and its band share an entry */
            if (f->series[k].name && f->series[i].name &&
                !strcmp(f->series[k].name, f->series[i].name) &&
                f->series[k].colour == f->series[i].colour)
                swatch(&f->series[k], c, x, y);
        put_short(c,
                  (bram_label){x + 24, y + 0.35 * BRAM_SMALL_LETTER, BRAM_SMALL_LETTER,
                               BRAM_ANCHOR_START, 0, BRAM_INK, false, NULL},
                  f->series[i].name, f->width - x - 24);
    }
}

/* The names of lines across stand at their right ends; one that would touch another moves
 * on, up or down. */
static void rule_names(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    const double apart = BRAM_SMALL_LETTER + 1;
    double taken[16];
    size_t n = 0, row;
    for (size_t i = 0; i < f->series_count; i++) {
        const bram_series *s = &f->series[i];
        if (s->mark != BRAM_MARK_RULE || !s->count || !s->name || !*s->name) continue;
        double at = s->horizontal ? bram_rule_place(f, l, i, &row)
                                  : bram_scale_place(&l->y, s->y[0]);
        if (isnan(at)) continue;
        bram_label label = {l->right + 5,
                            at + 0.35 * BRAM_SMALL_LETTER,
                            BRAM_SMALL_LETTER,
                            BRAM_ANCHOR_START,
                            0,
                            s->colour,
                            true,
                            NULL};
        if (s->horizontal) {
            label.x = at, label.y = l->top - 5 - 16 * (double)row;
            label.anchor = BRAM_ANCHOR_MIDDLE;
        }
        double way = 0; /* one way only, so that it ends */
        for (size_t k = 0; !s->horizontal && k < n;) {
            bool touches = fabs(label.y - taken[k]) < apart;
            if (touches && way == 0) way = label.y < taken[k] ? -1 : 1;
            if (touches) label.y = taken[k] + way * apart;
            k = touches ? 0 : k + 1; /* after a move, look at all again */
        }
        if (!s->horizontal && n < sizeof taken / sizeof *taken) taken[n++] = label.y;
        put_short(c, label, s->name, 0.3 * f->width);
    }
}

/* ---- heat maps ------------------------------------------------------------------------------ */

static uint8_t level_of(const bram_layout *l, double value)
{
    if (!isfinite(value)) return BRAM_LEVEL_MISSING;
    double t = (value / 2 - l->heat_low / 2) / (l->heat_high / 2 - l->heat_low / 2);
    double level = floor(t * BRAM_LEVELS);
    return level < 0 ? 0 : level > BRAM_LEVELS - 1 ? BRAM_LEVELS - 1 : (uint8_t)level;
}

/* The mean of what is present in a block of a big matrix; NaN when nothing is. */
static double block_mean(const bram_heat *h, size_t r0, size_t r1, size_t c0, size_t c1)
{
    double sum = 0;
    size_t n = 0;
    for (size_t r = r0; r < r1; r++)
        for (size_t k = c0; k < c1; k++) {
            double value = h->values[r * h->cols + k];
            if (isfinite(value)) sum += value, n++;
        }
    return n ? sum / (double)n : (double)NAN;
}

static int heat(bram_ctx *cx, const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    const bram_heat *h = &f->heat;
    size_t rows = h->rows < MOST_CELLS ? h->rows : MOST_CELLS;
    size_t cols = h->cols < MOST_CELLS ? h->cols : MOST_CELLS;
    size_t mark = bram_scratch_mark(cx);
    uint8_t *level = bram_scratch(cx, rows * cols, 1);
    if (!level) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            level[i * cols + j] = level_of(
                l, block_mean(h, i * h->rows / rows, (i + 1) * h->rows / rows, j * h->cols / cols,
                              (j + 1) * h->cols / cols));
    bram_cells cells = {l->left, l->top, l->right - l->left, l->bottom - l->top, rows,
                        cols,    level,  h->diverging};
    c->cells(c->user, &cells);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static void colour_scale(const bram_figure *f, const bram_layout *l, const bram_canvas *c)
{
    uint8_t level[BRAM_LEVELS];
    for (size_t i = 0; i < BRAM_LEVELS; i++) level[i] = (uint8_t)(BRAM_LEVELS - 1 - i);
    double x = l->right + 14, width = 12;
    bram_cells cells = {x,           l->top, width, l->bottom - l->top,
                        BRAM_LEVELS, 1,      level, f->heat.diverging};
    c->cells(c->user, &cells);
    bram_scale scale = {l->heat_low, l->heat_high, l->bottom, l->top, false};
    bram_ticks ticks;
    bram_scale_ticks(&scale, 4, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        double y = bram_scale_place(&scale, ticks.at[i]);
        put_line(c, BRAM_INK, x + width, y, x + width + 3, y);
        put(c, x + width + 6, y + 0.35 * BRAM_SMALL_LETTER, BRAM_SMALL_LETTER, BRAM_ANCHOR_START, 0,
            BRAM_INK, ticks.label[i]);
    }
    if (f->heat.title && *f->heat.title)
        put(c, l->right + 78, (l->top + l->bottom) / 2, BRAM_SMALL_LETTER, BRAM_ANCHOR_MIDDLE, -90,
            BRAM_INK, f->heat.title);
}

void bram_figure_colour_bar(const bram_figure *f, const bram_canvas *c, double x, double y,
                            double width)
{
    bram_layout *l = &(bram_layout){0};
    bram_figure_lay_out(f, l);
    if (!f->heat.rows || l->empty) return;
    uint8_t level[BRAM_LEVELS];
    for (size_t i = 0; i < BRAM_LEVELS; i++) level[i] = (uint8_t)i;
    bram_cells cells = {x, y, width, 12, 1, BRAM_LEVELS, level, f->heat.diverging};
    c->cells(c->user, &cells);
    bram_scale scale = {l->heat_low, l->heat_high, x, x + width, false};
    bram_ticks ticks;
    bram_scale_ticks(&scale, 4, &ticks);
    for (size_t i = 0; i < ticks.count; i++) {
        double at = bram_scale_place(&scale, ticks.at[i]);
        put_line(c, BRAM_INK, at, y + 12, at, y + 15);
        put(c, at, y + 28, BRAM_SMALL_LETTER, BRAM_ANCHOR_MIDDLE, 0, BRAM_INK, ticks.label[i]);
    }
    if (f->heat.title && *f->heat.title)
        put(c, x + width + 14, y + 10, BRAM_SMALL_LETTER, BRAM_ANCHOR_START, 0, BRAM_INK,
            f->heat.title);
}

/* ---- what back ends share -------------------------------------------------------------------- */

size_t bram_marker_corners(double corner[8], int shape, double x, double y, double r)
{
    double a = 0.9 * r, up = 1.25 * r;
    const double square[] = {x - a, y - a, x + a, y - a, x + a, y + a, x - a, y + a};
    const double triangle[] = {x,           y - 1.2 * r, x + 1.15 * r, y + 0.85 * r, x - 1.15 * r,
                               y + 0.85 * r};
    const double diamond[] = {x, y - up, x + up, y, x, y + up, x - up, y};
    size_t n = shape == 2 ? 3 : 4;
    memcpy(corner, shape == 1 ? square : shape == 2 ? triangle : diamond, 2 * n * sizeof *corner);
    return n;
}

uint32_t bram_colour_by_meaning(int colour, bool dark)
{
    static const uint32_t light[] = {0x202428, 0x666c72, 0xdfe2e5, 0xffffff},
                          night[] = {0xe4e6e8, 0xa0a6ac, 0x3a3f45, 0x16191c};
    if (colour >= 0) return bram_palette(colour % BRAM_PALETTE, dark);
    return (dark ? night : light)[colour < BRAM_PAPER ? 3 : -colour - 1];
}

/* ---- all ------------------------------------------------------------------------------------ */

int bram_figure_draw(bram_ctx *cx, const bram_figure *f, const bram_canvas *c)
{
    bram_layout *l = bram_alloc(cx, 1, sizeof *l);
    if (!l) return BRAM_ENOMEM;
    bram_figure_lay_out(f, l);
    int status = BRAM_OK;
    if (l->empty) {
        put(c, f->width / 2, f->height / 2, BRAM_LETTER, BRAM_ANCHOR_MIDDLE, 0, BRAM_MUTED,
            "no data");
    } else {
        if (f->heat.rows) status = heat(cx, f, l, c);
        else grid(f, l, c);
        if (f->heat.rows && !f->heat.bare) colour_scale(f, l, c);
        c->clip(c->user, l->left - 1, l->top - 1, l->right - l->left + 2, l->bottom - l->top + 2);
        if (!status) status = bram_figure_draw_marks(cx, f, l, c);
        c->unclip(c->user);
        x_axis(f, l, c);
        y_axis(f, l, c);
        legend(f, l, c);
        rule_names(f, l, c);
    }
    bram_free(l);
    return status;
}
