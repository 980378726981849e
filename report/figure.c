/*
 * figure.c - the figure description: see figure.h. Everything handed over is copied.
 */
#include "figure_parts.h"

#include <string.h>

int bram_figure_new(bram_ctx *cx, bram_figure **out, const char *title, const char *description)
{
    bram_figure *f = bram_alloc(cx, 1, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    f->width = 560;
    f->height = 340;
    f->title = bram_strdup(cx, title);
    f->description = bram_strdup(cx, description);
    if (!f->title || !f->description) {
        bram_figure_free(f);
        return BRAM_ENOMEM;
    }
    *out = f;
    return BRAM_OK;
}

/* The figure owns memory that others see as const. */
static void free_const(const void *memory)
{
    union {
        const void *seen;
        void *owned;
    } u = {memory};
    bram_free(u.owned);
}

static void free_texts(const char *const *texts, size_t n)
{
    for (size_t i = 0; texts && i < n; i++) free_const(texts[i]);
    free_const(texts);
}

static void free_axis(bram_figure_axis *a)
{
    free_texts(a->labels, a->label_count);
    free_const(a->title);
}

static void free_pictures(const bram_picture *picture, size_t n)
{
    for (size_t i = 0; picture && i < n; i++) free_const(picture[i].rgb);
    free_const(picture);
}

static void free_series(bram_series *s)
{
    free_const(s->name);
    free_const(s->x);
    free_const(s->y);
    free_const(s->low);
    free_const(s->high);
    free_texts(s->text, s->count);
    free_pictures(s->picture, s->count);
}

static void free_heat(bram_heat *h)
{
    free_const(h->values);
    free_const(h->title);
}

void bram_figure_free(bram_figure *f)
{
    if (!f) return;
    free_axis(&f->x);
    free_axis(&f->y);
    for (size_t i = 0; i < f->series_count; i++) free_series(&f->series[i]);
    bram_free(f->series);
    free_heat(&f->heat);
    bram_free(f->title);
    bram_free(f->description);
    bram_free(f);
}

void bram_figure_size(bram_figure *f, double width, double height)
{
    f->width = width;
    f->height = height;
}

void bram_figure_equal(bram_figure *f)
{
    f->equal = true;
}

double bram_figure_width(const bram_figure *f)
{
    return f->width;
}

double bram_figure_height(size_t n)
{
    double height = 90 + 20 * (double)n;
    return height < 160 ? 160 : height;
}

/* ---- copies --------------------------------------------------------------------------------- */

/* *out is a copy of text, NULL for NULL; *good becomes false without memory. */
static void copy_text(bram_ctx *cx, const char **out, const char *text, bool *good)
{
    *out = text ? bram_strdup(cx, text) : NULL;
    if (text && !*out) *good = false;
}

static void copy_numbers(bram_ctx *cx, const double **out, const double *values, size_t n,
                         bool *good)
{
    double *copy = values ? bram_alloc(cx, n, sizeof *copy) : NULL;
    if (copy && n) memcpy(copy, values, n * sizeof *copy);
    if (values && !copy) *good = false;
    *out = copy;
}

static void copy_texts(bram_ctx *cx, const char *const **out, const char *const *texts, size_t n,
                       bool *good)
{
    const char **copy = texts ? bram_alloc(cx, n, sizeof *copy) : NULL;
    for (size_t i = 0; copy && i < n; i++) copy_text(cx, &copy[i], texts[i] ? texts[i] : "", good);
    if (texts && !copy) *good = false;
    *out = (const char *const *)copy;
}

static void copy_pictures(bram_ctx *cx, const bram_picture **out, const bram_picture *picture,
                          size_t n, bool *good)
{
    bram_picture *copy = picture ? bram_alloc(cx, n, sizeof *copy) : NULL;
    for (size_t i = 0; copy && i < n; i++) {
        size_t pixels = picture[i].rows * picture[i].cols;
        uint8_t *rgb = pixels ? bram_alloc(cx, pixels, 3) : NULL;
        copy[i] = (bram_picture){picture[i].rows, picture[i].cols, rgb};
        if (rgb) memcpy(rgb, picture[i].rgb, 3 * pixels);
        else if (pixels) *good = false;
    }
    if (picture && !copy) *good = false;
    *out = copy;
}

static int set_axis(bram_ctx *cx, bram_figure_axis *old, const bram_figure_axis *axis)
{
    bram_figure_axis fresh = *axis;
    bool good = true;
    copy_text(cx, &fresh.title, axis->title, &good);
    copy_texts(cx, &fresh.labels, axis->labels, axis->label_count, &good);
    free_axis(good ? old : &fresh);
    if (!good) return BRAM_ENOMEM;
    *old = fresh;
    return BRAM_OK;
}

int bram_figure_x(bram_ctx *cx, bram_figure *f, const bram_figure_axis *axis)
{
    return set_axis(cx, &f->x, axis);
}

int bram_figure_y(bram_ctx *cx, bram_figure *f, const bram_figure_axis *axis)
{
    return set_axis(cx, &f->y, axis);
}

int bram_figure_add(bram_ctx *cx, bram_figure *f, const bram_series *series)
{
    bram_series fresh = *series;
    bool good = true;
    copy_text(cx, &fresh.name, series->name, &good);
    copy_numbers(cx, &fresh.x, series->x, series->count, &good);
    copy_numbers(cx, &fresh.y, series->y, series->count, &good);
    copy_numbers(cx, &fresh.low, series->low, series->count, &good);
    copy_numbers(cx, &fresh.high, series->high, series->count, &good);
    copy_texts(cx, &fresh.text, series->text, series->count, &good);
    copy_pictures(cx, &fresh.picture, series->picture, series->count, &good);
    bram_series *grown = NULL;
    if (good) grown = bram_realloc(cx, f->series, f->series_count + 1, sizeof *grown);
    if (!grown) {
        free_series(&fresh);
        return BRAM_ENOMEM;
    }
    f->series = grown;
    f->series[f->series_count++] = fresh;
    return BRAM_OK;
}

int bram_figure_heat(bram_ctx *cx, bram_figure *f, const bram_heat *heat)
{
    bram_heat fresh = *heat;
    bool good = true;
    size_t count;
    if (__builtin_mul_overflow(heat->rows, heat->cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for a heat map of %zu x %zu", heat->rows,
                         heat->cols);
    copy_text(cx, &fresh.title, heat->title, &good);
    copy_numbers(cx, &fresh.values, heat->values, count, &good);
    free_heat(good ? &f->heat : &fresh);
    if (!good) return BRAM_ENOMEM;
    f->heat = fresh;
    return BRAM_OK;
}

const char *bram_figure_title(const bram_figure *f)
{
    return f->title;
}

const char *bram_figure_description(const bram_figure *f)
{
    return f->description;
}
