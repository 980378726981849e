/*
 * image_form.c - grey values, alpha, and other sizes of a picture.
 *
 * Resizing is separable. For each output position the weights of the input positions are made once
 * (a window: first input, number, weights that sum to 1) and used along every line. Cost of a pass:
 * lines x output length x window. Source: Keys 1981, IEEE Trans. ASSP 29:1153 for the cubic.
 */
#include "image.h"

#include <math.h>
#include <string.h>

static int new_image(bram_ctx *cx, bram_image *out, size_t rows, size_t cols, size_t channels,
                     unsigned bits)
{
    size_t samples;
    if (__builtin_mul_overflow(rows, cols, &samples) ||
        __builtin_mul_overflow(samples, channels, &samples) || samples > BRAM_IMAGE_MOST)
        return bram_fail(cx, BRAM_EFORMAT, "a picture of %zu x %zu pixels, at most %zu values",
                         rows, cols, BRAM_IMAGE_MOST);
    float *values = bram_alloc(cx, samples, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    *out = (bram_image){rows, cols, channels, bits, values};
    return BRAM_OK;
}

int bram_image_convert(bram_ctx *cx, bram_image *out, const bram_image *in, size_t channels,
                       float background)
{
    if (channels != 1 && channels != 3)
        return bram_fail(cx, BRAM_EUSAGE, "%zu channels, expected 1 or 3", channels);
    BRAM_TRY(new_image(cx, out, in->rows, in->cols, channels, in->bits));
    bool colour = in->channels > 2, alpha = in->channels % 2 == 0;
    for (size_t i = 0; i < in->rows * in->cols; i++) {
        const float *v = in->values + i * in->channels;
        double a = alpha ? v[in->channels - 1] : 1, rgb[3];
        for (size_t c = 0; c < 3; c++) rgb[c] = a * v[colour ? c : 0] + (1 - a) * background;
        if (channels == 3)
            for (size_t c = 0; c < 3; c++) out->values[3 * i + c] = (float)rgb[c];
        else
            out->values[i] = (float)(colour ? 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
                                            : rgb[0]);
    }
    return BRAM_OK;
}

/* ---- weights -------------------------------------------------------------------------------- */

/* For each output position: which inputs, with what weights. */
struct windows {
    size_t length, room; /* outputs; weights kept for each */
    size_t *first, *count;
    double *weight; /* length x room */
};

static double kernel(bram_resize how, double x)
{
    x = fabs(x);
    if (how == BRAM_RESIZE_BILINEAR) return x < 1 ? 1 - x : 0;
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/* The share of pixel k that lies between two positions. */
static double overlap(size_t k, double from, double to)
{
    double low = (double)k > from ? (double)k : from;
    double high = (double)k + 1 < to ? (double)k + 1 : to;
    return high > low ? high - low : 0;
}

static void fill_window(struct windows *w, size_t at, size_t in, bram_resize how)
{
    double step = (double)in / (double)w->length, stretch = step > 1 ? step : 1;
    double centre = ((double)at + 0.5) * step, sum = 0;
    double support = how == BRAM_RESIZE_AREA       ? step / 2
                     : how == BRAM_RESIZE_BILINEAR ? stretch
                                                   : 2 * stretch;
    double low = floor(centre - support), high = ceil(centre + support);
    size_t first = low > 0 ? (size_t)low : 0, end = high < (double)in ? (size_t)high : in;
    double *weight = w->weight + at * w->room;
    w->first[at] = first, w->count[at] = end - first;
    for (size_t k = first; k < end; k++) {
        weight[k - first] = how == BRAM_RESIZE_AREA
                                ? overlap(k, centre - support, centre + support)
                                : kernel(how, ((double)k + 0.5 - centre) / stretch);
        sum += weight[k - first];
    }
    for (size_t k = 0; k < end - first; k++) weight[k] /= sum;
}

static int make_windows(bram_ctx *cx, struct windows *w, size_t in, size_t length, bram_resize how)
{
    double step = (double)in / (double)length;
    *w = (struct windows){.length = length, .room = (size_t)(4 * (step > 1 ? step : 1)) + 3};
    w->first = bram_scratch(cx, length, sizeof *w->first);
    w->count = bram_scratch(cx, length, sizeof *w->count);
    w->weight = bram_scratch(cx, length * w->room, sizeof *w->weight);
    if (!w->first || !w->count || !w->weight) return BRAM_ENOMEM;
    for (size_t i = 0; i < length; i++) fill_window(w, i, in, how);
    return BRAM_OK;
}

/* ---- passes --------------------------------------------------------------------------------- */

/* Along the columns of each row. */
static void pass_across(float *out, const bram_image *in, const struct windows *w)
{
    for (size_t i = 0; i < in->rows; i++)
        for (size_t j = 0; j < w->length; j++)
            for (size_t c = 0; c < in->channels; c++) {
                const float *from = in->values + (i * in->cols + w->first[j]) * in->channels + c;
                double sum = 0;
                for (size_t k = 0; k < w->count[j]; k++)
                    sum += w->weight[j * w->room + k] * from[k * in->channels];
                out[(i * w->length + j) * in->channels + c] = (float)sum;
            }
}

/* Along the rows: `across` values in a row. */
static void pass_down(float *out, const float *in, size_t across, const struct windows *w,
                      double *line)
{
    for (size_t i = 0; i < w->length; i++) {
        memset(line, 0, across * sizeof *line);
        for (size_t k = 0; k < w->count[i]; k++) {
            const float *from = in + (w->first[i] + k) * across;
            double weight = w->weight[i * w->room + k];
            for (size_t j = 0; j < across; j++) line[j] += weight * from[j];
        }
        for (size_t j = 0; j < across; j++) out[i * across + j] = (float)line[j];
    }
}

static int resize(bram_ctx *cx, bram_image *out, const bram_image *in, bram_resize how)
{
    struct windows across, down;
    size_t width = out->cols * out->channels;
    BRAM_TRY(make_windows(cx, &across, in->cols, out->cols, how));
    BRAM_TRY(make_windows(cx, &down, in->rows, out->rows, how));
    float *between = bram_scratch(cx, in->rows * width, sizeof *between);
    double *line = bram_scratch(cx, width, sizeof *line);
    if (!between || !line) return BRAM_ENOMEM;
    pass_across(between, in, &across);
    pass_down(out->values, between, width, &down, line);
    return BRAM_OK;
}

int bram_image_resize(bram_ctx *cx, bram_image *out, const bram_image *in, size_t rows, size_t cols,
                      bram_resize how)
{
    if (!rows || !cols || !in->rows || !in->cols)
        return bram_fail(cx, BRAM_EUSAGE, "%zu x %zu pixels from %zu x %zu, expected at least one",
                         rows, cols, in->rows, in->cols);
    bram_image made;
    BRAM_TRY(new_image(cx, &made, rows, cols, in->channels, in->bits));
    size_t mark = bram_scratch_mark(cx);
    int status = resize(cx, &made, in, how);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = made;
    else bram_image_release(&made);
    return status;
}
