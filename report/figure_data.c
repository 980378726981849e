/*
 * figure_data.c - the numbers of a figure as CSV; see figure_data.h.
 */
#include "figure_data.h"

#include "csvfile.h"
#include "figure_parts.h"

#include <math.h>

static int to_buffer(bram_ctx *cx, void *user, const void *bytes, size_t size)
{
    bram_buffer_write(user, bytes, size);
    return bram_buffer_status(cx, user);
}

static int put_number(bram_ctx *cx, bram_csv_writer *w, double value)
{
    return isnan(value) ? bram_csv_put_text(cx, w, "") : bram_csv_put_number(cx, w, value);
}

/* The category at a place along an axis, "" where there is none. */
static const char *label_at(const bram_figure_axis *a, double place)
{
    double nearest = floor(place + 0.5);
    bool there = a->labels && nearest >= 0 && nearest < (double)a->label_count;
    return there ? a->labels[(size_t)nearest] : "";
}

struct point {
    const char *series, *mark, *text;
    size_t number;
    double x, y, low, high;
};

static int put_point(bram_ctx *cx, bram_csv_writer *w, const bram_figure *f, const struct point *p)
{
    const double numbers[] = {p->x, p->y, p->low, p->high};
    BRAM_TRY(bram_csv_put_text(cx, w, p->series));
    BRAM_TRY(bram_csv_put_text(cx, w, p->mark));
    BRAM_TRY(bram_csv_put_integer(cx, w, (int64_t)p->number));
    for (size_t i = 0; i < 4; i++) BRAM_TRY(put_number(cx, w, numbers[i]));
    BRAM_TRY(bram_csv_put_text(cx, w, p->text));
    BRAM_TRY(bram_csv_put_text(cx, w, label_at(&f->x, p->x)));
    BRAM_TRY(bram_csv_put_text(cx, w, label_at(&f->y, p->y)));
    return bram_csv_end_row(cx, w);
}

static int put_series(bram_ctx *cx, bram_csv_writer *w, const bram_figure *f, const bram_series *s)
{
    static const char *const marks[] = {"line",  "step",  "points", "bars",    "band", "area",
                                        "ticks", "spans", "rule",   "picture", "text"};
    for (size_t i = 0; i < s->count; i++) {
        struct point p = {.series = s->name ? s->name : "",
                          .mark = marks[s->mark],
                          .text = s->text && s->text[i] ? s->text[i] : "",
                          .number = i + 1,
                          .x = s->x ? s->x[i] : (double)NAN,
                          .y = s->y ? s->y[i] : (double)NAN,
                          .low = s->low ? s->low[i] : (double)NAN,
                          .high = s->high ? s->high[i] : (double)NAN};
        BRAM_TRY(put_point(cx, w, f, &p));
    }
    return BRAM_OK;
}

static int put_heat(bram_ctx *cx, bram_csv_writer *w, const bram_figure *f)
{
    const bram_heat *h = &f->heat;
    for (size_t i = 0; i < h->rows * h->cols; i++) {
        struct point p = {.series = h->title ? h->title : "",
                          .mark = "cell",
                          .text = "",
                          .number = i + 1,
                          .x = (double)(i % h->cols),
                          .y = (double)(i / h->cols),
                          .low = h->values[i],
                          .high = h->values[i]};
        BRAM_TRY(put_point(cx, w, f, &p));
    }
    return BRAM_OK;
}

int bram_figure_data(bram_ctx *cx, bram_buffer *out, const bram_figure *f)
{
    static const char *const header[] = {"series", "mark", "point", "x",       "y",
                                         "low",    "high", "text",  "x_label", "y_label"};
    bram_csv_writer w;
    bram_csv_to_sink(&w, to_buffer, out, ',');
    for (size_t i = 0; i < sizeof header / sizeof *header; i++)
        BRAM_TRY(bram_csv_put_text(cx, &w, header[i]));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t i = 0; i < f->series_count; i++) BRAM_TRY(put_series(cx, &w, f, &f->series[i]));
    return put_heat(cx, &w, f);
}
