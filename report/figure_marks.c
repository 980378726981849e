/*
 * figure_marks.c - draws the series of a figure within its frame.
 */
#include "figure_parts.h"

#include <math.h>
#include <string.h>

struct drawing {
    const bram_figure *f;
    const bram_layout *l;
    const bram_canvas *c;
    size_t bar_set, point_set; /* how many of either were drawn */
};

static double limit(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct stroke {
    double *xy;
    size_t points;
};

static void to(struct stroke *s, double x, double y)
{
    s->xy[2 * s->points] = x;
    s->xy[2 * s->points + 1] = y;
    s->points++;
}

static void gap(struct stroke *s)
{
    if (s->points && !isnan(s->xy[2 * s->points - 1])) to(s, NAN, NAN);
}

/* Points of one column of the screen: where it was entered and left, and its extremes. */
struct column {
    double x, first, last, low, high;
    bool any, low_first;
};

static void flush(struct stroke *s, struct column *c)
{
    if (!c->any) return;
    to(s, c->x, c->first);
    if (c->low < c->high) {
        to(s, c->x, c->low_first ? c->low : c->high);
        to(s, c->x, c->low_first ? c->high : c->low);
        to(s, c->x, c->last);
    }
    c->any = false;
}

/*
 * A line of many more points than the screen has columns: for each half column the first, lowest,
 * highest and last value, which looks the same. Needs 5 places a point at the most.
 */
static void thin_line(const struct drawing *d, const bram_series *s, struct stroke *out)
{
    struct column c = {0};
    for (size_t i = 0; i < s->count; i++) {
        double x = bram_scale_place(&d->l->x, s->x[i]), y = bram_scale_place(&d->l->y, s->y[i]);
        if (isnan(x) || isnan(y)) {
            flush(out, &c);
            gap(out);
            continue;
        }
        x = floor(2 * x) / 2;
        if (c.any && c.x != x) flush(out, &c);
        if (!c.any) c = (struct column){x, y, y, y, y, true, true};
        if (y < c.low) c.low = y, c.low_first = false;
        if (y > c.high) c.high = y, c.low_first = true;
        c.last = y;
    }
    flush(out, &c);
}

static bool rises(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!(x[i] >= x[i - 1])) return false;
    return true;
}

static int draw_line(bram_ctx *cx, const struct drawing *d, const bram_series *s)
{
    bool steps = s->mark == BRAM_MARK_STEP;
    struct stroke stroke = {bram_scratch(cx, s->count + 1, 10 * sizeof *stroke.xy), 0};
    if (!stroke.xy) return BRAM_ENOMEM;
    bool many = (double)s->count > 4 * (d->l->right - d->l->left);
    if (many && !steps && rises(s->x, s->count)) {
        thin_line(d, s, &stroke);
    } else {
        for (size_t i = 0; i < s->count; i++) {
            double x = bram_scale_place(&d->l->x, s->x[i]), y = bram_scale_place(&d->l->y, s->y[i]);
            if (isnan(x) || isnan(y)) {
                gap(&stroke);
                continue;
            }
            bool joined = stroke.points && !isnan(stroke.xy[2 * stroke.points - 1]);
            if (steps && joined) to(&stroke, x, stroke.xy[2 * stroke.points - 1]);
            to(&stroke, x, y);
        }
    }
    bram_pen pen = {s->colour, BRAM_NO_COLOUR, 1.75, s->dashed, 1};
    if (stroke.points) d->c->path(d->c->user, &pen, stroke.xy, stroke.points, false);
    return BRAM_OK;
}

static int draw_band(bram_ctx *cx, const struct drawing *d, const bram_series *s)
{
    struct stroke stroke = {bram_scratch(cx, s->count + 1, 4 * sizeof *stroke.xy), 0};
    if (!stroke.xy) return BRAM_ENOMEM;
    bram_pen pen = {BRAM_NO_COLOUR, s->colour, 0, false, 0.2};
    for (size_t i = 0, begin = 0; i <= s->count; i++) {
        double x = i < s->count ? bram_scale_place(&d->l->x, s->x[i]) : (double)NAN;
        double high = i < s->count ? bram_scale_place(&d->l->y, s->high[i]) : (double)NAN;
        double low = i < s->count ? bram_scale_place(&d->l->y, s->low[i]) : (double)NAN;
        if (!isnan(x + high + low)) {
            to(&stroke, x, high);
            continue;
        }
        for (size_t k = i; k-- > begin;)
            to(&stroke, bram_scale_place(&d->l->x, s->x[k]), bram_scale_place(&d->l->y, s->low[k]));
        if (stroke.points > 2) d->c->path(d->c->user, &pen, stroke.xy, stroke.points, true);
        stroke.points = 0;
        begin = i + 1;
    }
    return BRAM_OK;
}

static int draw_area(bram_ctx *cx, const struct drawing *d, const bram_series *s)
{
    struct stroke stroke = {bram_scratch(cx, s->count + 1, 2 * sizeof *stroke.xy), 0};
    if (!stroke.xy) return BRAM_ENOMEM;
    double opacity = s->opacity > 0 ? s->opacity : 0.12;
    bram_pen pen = {s->colour, s->colour, opacity < 0.1 ? 0.4 : 1, s->dashed, opacity};
    for (size_t i = 0; i <= s->count; i++) {
        double x = i < s->count ? bram_scale_place(&d->l->x, s->x[i]) : (double)NAN;
        double y = i < s->count ? bram_scale_place(&d->l->y, s->y[i]) : (double)NAN;
        if (!isnan(x + y)) {
            to(&stroke, x, y);
            continue;
        }
        if (stroke.points > 2) d->c->path(d->c->user, &pen, stroke.xy, stroke.points, true);
        stroke.points = 0;
    }
    return BRAM_OK;
}

/* ---- points and bars ------------------------------------------------------------------------ */

/* From the middle of a category, in categories: series stand side by side. */
static double aside(size_t set, size_t sets, double share)
{
    return sets > 1 ? ((double)set - (double)(sets - 1) / 2) * share / (double)sets : 0;
}

static void error_bar(const struct drawing *d, const bram_series *s, double a, double b, double at)
{
    const double cap = 3;
    bram_pen pen = {s->colour, BRAM_NO_COLOUR, 1.25, false, 1};
    if (isnan(a) || isnan(b) || isnan(at)) return;
    double across[] = {a, at - cap, a,   at + cap, NAN, NAN,      a, at,
                       b, at,       NAN, NAN,      b,   at - cap, b, at + cap};
    double up[] = {at - cap, a, at + cap, a,   NAN,      NAN, at,       a,
                   at,       b, NAN,      NAN, at - cap, b,   at + cap, b};
    d->c->path(d->c->user, &pen, s->horizontal ? across : up, 8, false);
}

static void draw_points(const struct drawing *d, const bram_series *s, size_t set)
{
    const bram_layout *l = d->l;
    bool names = s->horizontal ? d->f->y.label_count > 0 : d->f->x.label_count > 0;
    double shift = names && !s->in_place ? aside(set, l->point_sets, 0.6) : 0;
    const bram_scale *value = s->horizontal ? &l->x : &l->y;
    double radius = s->radius > 0 ? s->radius : s->count > 400 ? 2 : 3.75;
    double opacity = s->opacity > 0 ? s->opacity : s->count > 400 ? 0.6 : 1;
    bram_pen pen = {BRAM_PAPER, s->colour, radius < 3 ? 0 : 0.75, false, opacity};
    for (size_t i = 0; i < s->count; i++) {
        double x = bram_scale_place(&l->x, s->x[i] + (s->horizontal ? 0 : shift));
        double y = bram_scale_place(&l->y, s->y[i] + (s->horizontal ? shift : 0));
        if (s->low && s->high)
            error_bar(d, s, bram_scale_place(value, s->low[i]), bram_scale_place(value, s->high[i]),
                      s->horizontal ? y : x);
        if (isnan(x) || isnan(y)) continue;
        int shape = s->colour > 0 ? s->colour % 4 : 0;
        d->c->marker(d->c->user, &pen, shape, x, y, radius);
    }
}

static void draw_bars(const struct drawing *d, const bram_series *s, size_t set)
{
    const bram_layout *l = d->l;
    const bram_scale *value = s->horizontal ? &l->x : &l->y, *place = s->horizontal ? &l->y : &l->x;
    const double *values = s->horizontal ? s->x : s->y, *places = s->horizontal ? s->y : s->x;
    double low = value->from < value->to ? value->from : value->to;
    double high = value->from < value->to ? value->to : value->from;
    double foot = bram_scale_place(value, value->log ? value->low : 0);
    double half = 0.4 / (double)l->bar_sets;
    bram_pen pen = {BRAM_NO_COLOUR, s->colour, 0, false, 0.85};
    for (size_t i = 0; i < s->count; i++) {
        double middle = places[i] + aside(set, l->bar_sets, 0.8);
        double a = bram_scale_place(place, middle - half),
               b = bram_scale_place(place, middle + half);
        double tip = bram_scale_place(value, values[i]);
        if (isnan(a) || isnan(tip)) continue;
        double from = limit(foot, low, high), end = limit(tip, low, high);
        double start = fmin(a, b), thick = fabs(b - a), length = fabs(end - from),
               begin = fmin(from, end);
        if (s->horizontal) d->c->rectangle(d->c->user, &pen, begin, start, length, thick);
        else d->c->rectangle(d->c->user, &pen, start, begin, thick, length);
    }
    for (size_t i = 0; s->low && s->high && i < s->count; i++) {
        bram_series ink = *s;
        ink.colour = BRAM_INK;
        double middle = bram_scale_place(place, places[i] + aside(set, l->bar_sets, 0.8));
        error_bar(d, &ink, bram_scale_place(value, s->low[i]), bram_scale_place(value, s->high[i]),
                  middle);
    }
}

/* ---- rasters -------------------------------------------------------------------------------- */

static int draw_ticks(bram_ctx *cx, const struct drawing *d, const bram_series *s)
{
    struct stroke stroke = {bram_scratch(cx, s->count + 1, 6 * sizeof *stroke.xy), 0};
    if (!stroke.xy) return BRAM_ENOMEM;
    double before_x = NAN, before_y = NAN;
    for (size_t i = 0; i < s->count; i++) {
        double x = bram_scale_place(&d->l->x, s->x[i]);
        double a = bram_scale_place(&d->l->y, s->y[i] - 0.4),
               b = bram_scale_place(&d->l->y, s->y[i] + 0.4);
        if (isnan(x) || isnan(a) || isnan(b)) continue;
        if (a == before_y && fabs(x - before_x) < 0.2) continue; /* on top of the last one */
        before_x = x, before_y = a;
        to(&stroke, x, a);
        to(&stroke, x, b);
        gap(&stroke);
    }
    bram_pen pen = {s->colour, BRAM_NO_COLOUR, 0.8, false, 1};
    if (stroke.points) d->c->path(d->c->user, &pen, stroke.xy, stroke.points - 1, false);
    return BRAM_OK;
}

static void draw_spans(const struct drawing *d, const bram_series *s)
{
    const bram_layout *l = d->l;
    bram_pen pen = {BRAM_NO_COLOUR, s->colour, 0, false,
                    s->opacity > 0 ? s->opacity
                    : s->y         ? 0.9
                                   : 0.18};
    for (size_t i = 0; i < s->count; i++) {
        double a = bram_scale_place(&l->x, s->low[i]), b = bram_scale_place(&l->x, s->high[i]);
        double top = l->top, bottom = l->bottom;
        if (s->y) {
            double one = bram_scale_place(&l->y, s->y[i] - 0.4),
                   two = bram_scale_place(&l->y, s->y[i] + 0.4);
            top = fmin(one, two), bottom = fmax(one, two);
        }
        if (isnan(a) || isnan(b) || isnan(top) || isnan(bottom)) continue;
        d->c->rectangle(d->c->user, &pen, fmin(a, b), top, fabs(b - a), bottom - top);
    }
}

static void draw_rule(const struct drawing *d, const bram_series *s)
{
    const bram_layout *l = d->l;
    if (!s->count) return;
    double at = s->horizontal ? bram_scale_place(&l->x, s->x[0]) : bram_scale_place(&l->y, s->y[0]);
    if (isnan(at)) return;
    double across[] = {l->left, at, l->right, at}, up[] = {at, l->top, at, l->bottom};
    bram_pen pen = {s->colour, BRAM_NO_COLOUR, 1.25, s->dashed, 1};
    d->c->path(d->c->user, &pen, s->horizontal ? up : across, 2, false);
}

/* ---- texts ---------------------------------------------------------------------------------- */

struct box {
    double left, top, right, bottom;
};

static bool overlap(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

static bool is_free(const struct box *boxes, size_t n, const struct box *b, const bram_layout *l)
{
    if (b->left < l->left || b->right > l->right || b->top < l->top || b->bottom > l->bottom)
        return false;
    for (size_t i = 0; i < n; i++)
        if (overlap(&boxes[i], b)) return false;
    return true;
}

/* Texts take the first free place of four about their point; the points themselves are not free. */
static int draw_texts(bram_ctx *cx, const struct drawing *d, const bram_series *s)
{
    static const double places[][2] = {
        {1, 0}, {-1, 0}, {0, -1}, {0, 1}}; /* right, left, above, below */
    const double size = BRAM_SMALL_LETTER, away = 6;
    struct box *boxes = bram_scratch(cx, s->count, 2 * sizeof *boxes);
    if (!boxes) return BRAM_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; s->in_place && i < s->count; i++) {
        double x = bram_scale_place(&d->l->x, s->x[i]), y = bram_scale_place(&d->l->y, s->y[i]);
        bram_label label = {x + away, y + 0.35 * size, size, BRAM_ANCHOR_START,
                            0,        s->colour,       true, NULL};
        if (!isnan(x + y)) d->c->text(d->c->user, &label, s->text[i]);
    }
    for (size_t i = 0; i < s->count; i++) {
        double x = bram_scale_place(&d->l->x, s->x[i]), y = bram_scale_place(&d->l->y, s->y[i]);
        if (!isnan(x + y)) boxes[n++] = (struct box){x - 3, y - 3, x + 3, y + 3};
    }
    for (size_t i = 0; i < s->count; i++) {
        double x = bram_scale_place(&d->l->x, s->x[i]), y = bram_scale_place(&d->l->y, s->y[i]);
        double width = bram_text_extent(s->text[i], size);
        for (size_t k = 0; k < 4 && !s->in_place && !isnan(x + y); k++) {
            double cx0 = x + places[k][0] * (away + width / 2),
                   cy = y + places[k][1] * (away + size / 2);
            struct box b = {cx0 - width / 2, cy - size / 2, cx0 + width / 2, cy + size / 2};
            if (!is_free(boxes, n, &b, d->l)) continue;
            bram_label label = {cx0, cy + 0.35 * size, size, BRAM_ANCHOR_MIDDLE,
                                0,   s->colour,        true, NULL};
            d->c->text(d->c->user, &label, s->text[i]);
            boxes[n++] = b;
            break;
        }
    }
    return BRAM_OK;
}

/* ---- pictures ------------------------------------------------------------------------------- */

/* The picture in a square about its place, the text below. */
static void draw_pictures(const struct drawing *d, const bram_series *s)
{
    const bram_layout *l = d->l;
    double wide = fabs(bram_scale_place(&l->x, 1) - bram_scale_place(&l->x, 0));
    double high = fabs(bram_scale_place(&l->y, 1) - bram_scale_place(&l->y, 0));
    double size = fmin(0.9 * wide, high - BRAM_SMALL_LETTER - 10);
    for (size_t i = 0; i < s->count; i++) {
        const bram_picture *p = &s->picture[i];
        double x = bram_scale_place(&l->x, s->x[i]), y = bram_scale_place(&l->y, s->y[i]);
        if (isnan(x + y)) continue;
        double longer = (double)(p->rows > p->cols ? p->rows : p->cols);
        double w = size * (double)p->cols / longer, h = size * (double)p->rows / longer;
        double top = y - (size + BRAM_SMALL_LETTER + 4) / 2;
        if (p->rows && size > 0)
            d->c->picture(d->c->user, p, x - w / 2, top + (size - h) / 2, w, h);
        char shown[128];
        bram_label label = {x,
                            p->rows ? top + size + BRAM_SMALL_LETTER + 2 : y,
                            BRAM_SMALL_LETTER,
                            BRAM_ANCHOR_MIDDLE,
                            0,
                            BRAM_INK,
                            false,
                            NULL};
        if (!s->text) continue;
        if (bram_text_shorten(shown, sizeof shown, s->text[i], label.size, wide - 4))
            label.full = s->text[i];
        d->c->text(d->c->user, &label, shown);
    }
}

/* ---- all ------------------------------------------------------------------------------------ */

static int draw_series(bram_ctx *cx, struct drawing *d, const bram_series *s)
{
    switch (s->mark) {
    case BRAM_MARK_LINE:
    case BRAM_MARK_STEP:
        return draw_line(cx, d, s);
    case BRAM_MARK_AREA:
        return draw_area(cx, d, s);
    case BRAM_MARK_BAND:
        return draw_band(cx, d, s);
    case BRAM_MARK_TICKS:
        return draw_ticks(cx, d, s);
    case BRAM_MARK_TEXT:
        return draw_texts(cx, d, s);
    case BRAM_MARK_SPANS:
        draw_spans(d, s);
        break;
    case BRAM_MARK_POINTS:
        draw_points(d, s, s->in_place ? 0 : d->point_set++);
        break;
    case BRAM_MARK_BARS:
        draw_bars(d, s, d->bar_set++);
        break;
    case BRAM_MARK_RULE:
        draw_rule(d, s);
        break;
    case BRAM_MARK_PICTURES:
        draw_pictures(d, s);
        break;
    }
    return BRAM_OK;
}

/* What lies below: areas, then rules, then the rest, text on top. */
static int depth(bram_mark mark)
{
    switch (mark) {
    case BRAM_MARK_SPANS:
    case BRAM_MARK_BAND:
    case BRAM_MARK_AREA:
        return 0;
    case BRAM_MARK_BARS:
        return 1;
    case BRAM_MARK_RULE:
        return 2;
    case BRAM_MARK_LINE:
    case BRAM_MARK_STEP:
    case BRAM_MARK_TICKS:
        return 3;
    case BRAM_MARK_POINTS:
    case BRAM_MARK_PICTURES:
        return 4;
    case BRAM_MARK_TEXT:
        return 5;
    }
    return 3;
}

int bram_figure_draw_marks(bram_ctx *cx, const bram_figure *f, const bram_layout *l,
                           const bram_canvas *c)
{
    struct drawing d = {f, l, c, 0, 0};
    int status = BRAM_OK;
    for (int level = 0; level <= 5; level++)
        for (size_t i = 0; i < f->series_count && !status; i++) {
            if (depth(f->series[i].mark) != level) continue;
            size_t mark = bram_scratch_mark(cx);
            status = draw_series(cx, &d, &f->series[i]);
            bram_scratch_release(cx, mark);
        }
    return status;
}
