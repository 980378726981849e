/*
 * figure_layout.c - where everything in a figure goes: ranges from the data, then the margins from
 * the texts that must fit in them, then ticks as close as their labels allow.
 */
#include "figure_parts.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- text ----------------------------------------------------------------------------------- */

/*
 * Advance widths in parts of the size, those of DejaVu Sans: the widest of the faces that a browser
 * is likely to have, so that what fits here fits everywhere.
 */
static double advance(uint32_t point)
{
    static const struct {
        const char *letters;
        double width;
    } ascii[] = {{"iIjl.,:;'| ", 0.33}, {"frt()[]/\\-\"!", 0.41}, {"szcJ_?", 0.56},
                 {"mW@%", 0.98},        {"wM+=<>~", 0.86},        {"GOQNHDU&", 0.79}};
    for (size_t i = 0; point < 0x80 && i < sizeof ascii / sizeof *ascii; i++)
        if (point && strchr(ascii[i].letters, (int)point)) return ascii[i].width;
    if (point >= 'A' && point <= 'Z') return 0.7;
    if (point == 0xb9 || point == 0xb2 || point == 0xb3 || (point >= 0x2070 && point <= 0x207f))
        return 0.42;
    return point < 0x80 ? 0.635 : 0.84 * (double)bram_utf8_point_width(point);
}

double bram_text_extent(const char *text, double size)
{
    double width = 0;
    uint32_t point;
    for (size_t n; (n = bram_utf8_next(text, &point)); text += n) width += advance(point);
    return width * size;
}

bool bram_text_shorten(char *out, size_t bytes, const char *text, double size, double width)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    if (bram_text_extent(text, size) <= width && strlen(text) < bytes) {
        memcpy(out, text, strlen(text) + 1);
        return false;
    }
    double used = size; /* the ellipsis */
    size_t at = 0, n;
    uint32_t point;
    while ((n = bram_utf8_next(text + at, &point)) && at + n + sizeof ellipsis < bytes) {
        used += advance(point) * size;
        if (used > width) break;
        at += n;
    }
    memcpy(out, text, at);
    memcpy(out + at, ellipsis, sizeof ellipsis);
    return true;
}

/* ---- ranges --------------------------------------------------------------------------------- */

static bool uses_y_low(const bram_series *s)
{
    return s->mark != BRAM_MARK_SPANS && !s->horizontal;
}

static void take_all(bram_range *r, const double *values, size_t n, bool log)
{
    for (size_t i = 0; values && i < n; i++) bram_range_take(r, values[i], log);
}

/* The range of an axis in the data. A rule counts, so that chance and ceiling are always seen. */
static bram_range data_range(const bram_figure *f, bool is_x)
{
    bool log = is_x ? f->x.log : f->y.log;
    bram_range r = bram_range_empty();
    for (size_t i = 0; i < f->series_count; i++) {
        const bram_series *s = &f->series[i];
        if (s->mark == BRAM_MARK_RULE) {
            if (s->count && s->horizontal == is_x) take_all(&r, is_x ? s->x : s->y, 1, log);
            continue;
        }
        take_all(&r, is_x ? s->x : s->y, s->count, log);
        if (uses_y_low(s) != is_x) {
            take_all(&r, s->low, s->count, log);
            take_all(&r, s->high, s->count, log);
        }
        if (s->mark == BRAM_MARK_BARS && s->horizontal == is_x) bram_range_take(&r, 0, log);
    }
    return r;
}

static void set_range(bram_scale *scale, const bram_figure *f, const bram_figure_axis *axis,
                      bool is_x, bool *empty)
{
    scale->log = axis->log;
    bram_range r = data_range(f, is_x);
    *empty = *empty || bram_range_is_empty(&r);
    if (axis->zero && !axis->log) bram_range_take(&r, 0, false);
    bool held = false; /* rasters, lines in time: no air along x */
    bool bars = false, rows = false;
    for (size_t i = 0; i < f->series_count; i++) {
        bram_mark m = f->series[i].mark;
        held = held || m == BRAM_MARK_LINE || m == BRAM_MARK_STEP || m == BRAM_MARK_TICKS ||
               m == BRAM_MARK_SPANS || m == BRAM_MARK_BAND;
        bars = bars || (m == BRAM_MARK_BARS && f->series[i].horizontal == is_x);
        rows = rows || m == BRAM_MARK_TICKS || (m == BRAM_MARK_SPANS && f->series[i].y);
    }
    bool foot = (bars || axis->zero) && r.low == 0;
    bool air = !(is_x && held);
    if (axis->label_count) r = (bram_range){-0.5, (double)axis->label_count - 0.5};
    else if (!is_x && rows)
        r = bram_range_is_empty(&r) ? (bram_range){0, 1} : (bram_range){r.low - 0.6, r.high + 0.6};
    else if (axis->low < axis->high && (!axis->log || axis->low > 0))
        r = (bram_range){axis->low, axis->high};
    else r = bram_range_widen(r, axis->log, air && !foot, air && !(bars && r.high == 0));
    scale->low = r.low;
    scale->high = r.high;
}

static void heat_range(const bram_figure *f, bram_layout *l)
{
    const bram_heat *h = &f->heat;
    bram_range r = bram_range_empty();
    for (size_t i = 0; i < h->rows * h->cols; i++) bram_range_take(&r, h->values[i], false);
    l->empty = bram_range_is_empty(&r) || !h->rows;
    if (h->low < h->high) r = (bram_range){h->low, h->high};
    else if (h->diverging && !bram_range_is_empty(&r))
        r = (bram_range){-fmax(fabs(r.low), fabs(r.high)), fmax(fabs(r.low), fabs(r.high))};
    if (!(r.low < r.high)) r = bram_range_widen(r, false, true, true);
    l->heat_low = r.low;
    l->heat_high = r.high;
    l->x = (bram_scale){-0.5, (double)h->cols - 0.5, 0, 0, false};
    l->y = (bram_scale){-0.5, (double)h->rows - 0.5, 0, 0, false};
}

/* ---- margins -------------------------------------------------------------------------------- */

bool bram_figure_has_entry(const bram_figure *f, size_t i)
{
    const bram_series *s = &f->series[i];
    size_t named = 0;
    for (size_t k = 0; k < f->series_count; k++) {
        const bram_series *o = &f->series[k];
        bool counts = o->name && *o->name && o->mark != BRAM_MARK_RULE && o->mark != BRAM_MARK_TEXT;
        named += counts;
        if (counts && k < i && s->name && !strcmp(o->name, s->name) && o->colour == s->colour)
            return false; /* a line and its band share an entry */
    }
    return named > 1 && s->name && *s->name && s->mark != BRAM_MARK_RULE &&
           s->mark != BRAM_MARK_TEXT;
}

double bram_legend_place(const bram_figure *f, const bram_layout *l, size_t i, double *row)
{
    double x = l->left, right = f->width - 8;
    *row = 0;
    for (size_t k = 0; k <= i; k++) {
        if (!bram_figure_has_entry(f, k)) continue;
        double width = 24 + bram_text_extent(f->series[k].name, BRAM_SMALL_LETTER) + 18;
        if (x > l->left && x + width - 18 > right) x = l->left, *row += 1;
        if (k < i) x += width;
    }
    return x;
}

static double legend_height(const bram_figure *f, const bram_layout *l)
{
    double row = -1, last;
    for (size_t i = 0; i < f->series_count; i++)
        if (bram_figure_has_entry(f, i)) {
            bram_legend_place(f, l, i, &last);
            row = fmax(row, last);
        }
    return row < 0 ? 0 : (row + 1) * 18 + 6;
}

/* The widest tick label or, for categories, the widest name up to a share of the figure. */
static double label_width(const bram_figure *f, const bram_figure_axis *axis,
                          const bram_ticks *ticks, double share)
{
    double width = 0;
    for (size_t i = 0; i < axis->label_count; i++)
        width = fmax(width, bram_text_extent(axis->labels[i], BRAM_SMALL_LETTER));
    for (size_t i = 0; !axis->label_count && i < ticks->count; i++)
        width = fmax(width, bram_text_extent(ticks->label[i], BRAM_SMALL_LETTER));
    return fmin(width, share * f->width);
}

static size_t wanted(double length, double apart)
{
    double n = length / apart;
    return n < 2 ? 2 : n > 9 ? 9 : (size_t)n;
}

/* Ticks along x whose labels keep a distance from each other. */
static void x_ticks(bram_layout *l)
{
    for (size_t n = wanted(l->right - l->left, 55); n >= 2; n--) {
        bram_scale_ticks(&l->x, n, &l->x_ticks);
        bool clear = true;
        for (size_t i = 1; i < l->x_ticks.count && clear; i++) {
            double apart = bram_scale_place(&l->x, l->x_ticks.at[i]) -
                           bram_scale_place(&l->x, l->x_ticks.at[i - 1]);
            double half = bram_text_extent(l->x_ticks.label[i], BRAM_SMALL_LETTER) / 2 +
                          bram_text_extent(l->x_ticks.label[i - 1], BRAM_SMALL_LETTER) / 2;
            clear = apart > half + 8;
        }
        if (clear) return;
    }
}

static double rule_width(const bram_figure *f)
{
    double width = 0;
    for (size_t i = 0; i < f->series_count; i++) {
        const bram_series *s = &f->series[i];
        if (s->mark == BRAM_MARK_RULE && !s->horizontal && s->name)
            width = fmax(width, bram_text_extent(s->name, BRAM_SMALL_LETTER) + 8);
    }
    return fmin(width, 0.3 * f->width);
}

/*
 * The names of upright lines stand above the plot, over their lines as far as the figure is wide,
 * in as few rows as they need not to touch.
 */
double bram_rule_place(const bram_figure *f, const bram_layout *l, size_t i, size_t *row)
{
    double ends[BRAM_RULE_ROWS], x = NAN;
    for (size_t r = 0; r < BRAM_RULE_ROWS; r++) ends[r] = -INFINITY;
    *row = 0;
    for (size_t k = 0; k <= i; k++) {
        const bram_series *s = &f->series[k];
        if (s->mark != BRAM_MARK_RULE || !s->horizontal || !s->count || !s->name || !*s->name)
            continue;
        double half = bram_text_extent(s->name, BRAM_SMALL_LETTER) / 2;
        x = fmin(bram_scale_place(&l->x, s->x[0]), f->width - half - 2);
        for (*row = 0; *row + 1 < BRAM_RULE_ROWS && x - half < ends[*row] + 6;) ++*row;
        ends[*row] = fmax(ends[*row], x + half);
    }
    return x;
}

static size_t rule_rows(const bram_figure *f, const bram_layout *l)
{
    size_t rows = 0, row;
    for (size_t i = 0; i < f->series_count; i++) {
        const bram_series *s = &f->series[i];
        if (s->mark != BRAM_MARK_RULE || !s->horizontal || !s->count || !s->name || !*s->name)
            continue;
        bram_rule_place(f, l, i, &row);
        if (row + 1 > rows) rows = row + 1;
    }
    return rows;
}

static void bottom_margin(const bram_figure *f, bram_layout *l)
{
    double room = f->x.bare && !f->x.label_count ? 8 : 24;
    l->x_slanted = false;
    if (f->x.label_count) {
        double slot = (l->right - l->left) / (double)f->x.label_count;
        double width = label_width(f, &f->x, &l->x_ticks, 0.25);
        l->x_slanted = width + 6 > slot;
        if (l->x_slanted) room = 14 + 0.71 * width + 6;
    }
    l->bottom = f->height - room - (f->x.title && *f->x.title ? 20 : 0);
}

/* A unit is as long along both axes: a matrix gets smaller, a plot shows more along one of them. */
static void make_equal(const bram_figure *f, bram_layout *l)
{
    double wide = l->right - l->left, high = l->bottom - l->top;
    double x = l->x.high - l->x.low, y = l->y.high - l->y.low;
    double unit = fmin(wide / x, high / y);
    if (f->heat.rows) {
        l->right = l->left + unit * x;
        l->shrunk = l->bottom - (l->top + unit * y);
        l->bottom = l->top + unit * y;
        return;
    }
    double more_x = (wide / unit - x) / 2, more_y = (high / unit - y) / 2;
    l->x.low -= more_x, l->x.high += more_x;
    l->y.low -= more_y, l->y.high += more_y;
}

void bram_figure_lay_out(const bram_figure *f, bram_layout *l)
{
    *l = (bram_layout){0};
    if (f->heat.rows || !f->series_count) {
        heat_range(f, l);
    } else {
        set_range(&l->x, f, &f->x, true, &l->empty);
        set_range(&l->y, f, &f->y, false, &l->empty);
    }
    for (size_t i = 0; i < f->series_count; i++) {
        l->bar_sets += f->series[i].mark == BRAM_MARK_BARS;
        l->point_sets += f->series[i].mark == BRAM_MARK_POINTS && !f->series[i].in_place;
    }
    bram_scale_ticks(&l->y, wanted(f->height - 60, 40), &l->y_ticks);
    double y_title = f->y.title && *f->y.title ? 22 : 4;
    double y_label = f->y.bare && !f->y.label_count ? 0 : label_width(f, &f->y, &l->y_ticks, 0.36);
    l->left = y_title + y_label + 10;
    bram_scale_ticks(&l->x, 4, &l->x_ticks);
    double half = f->x.label_count ? 0 : label_width(f, &f->x, &l->x_ticks, 0.2) / 2;
    l->right = f->width - fmax(fmax(10, half + 2), rule_width(f));
    if (f->heat.rows) l->right = f->width - (f->heat.bare ? 8 : 84);
    if (l->right < l->left + 40) l->right = l->left + 40;
    l->x.from = l->left, l->x.to = l->right;
    l->top = 10 + legend_height(f, l) + 16 * (double)rule_rows(f, l);
    bottom_margin(f, l);
    if (l->bottom < l->top + 40) l->bottom = l->top + 40;
    if (f->equal && !f->x.log && !f->y.log && !l->empty) make_equal(f, l);
    l->x.to = l->right;
    bool down = f->y.label_count || f->heat.rows;
    l->y.from = down ? l->top : l->bottom, l->y.to = down ? l->bottom : l->top;
    x_ticks(l);
    bram_scale_ticks(&l->y, wanted(l->bottom - l->top, 40), &l->y_ticks);
}
