/*
 * gist.c - GIST: the energy of oriented filters, averaged over the cells of a grid.
 *
 * The steps of the authors' LMgist program, for a square picture of `size`:
 *   1. grey, stretched to 0 .. 255 (from its own minimum and maximum; a constant picture is 0)
 *   2. local contrast: log(1 + I), mirrored at the border by 5, minus its low-pass part (a Gaussian
 *      in frequency, exp(-(fx^2 + fy^2) / s^2), s = 4 / sqrt(ln 2) cycles a picture), divided by
 *      0.2 + the root of the same low-pass of its square
 *   3. mirrored at the border by 32, filtered in the frequency domain by Gabors of 4 scales of 8
 *      orientations: exp(-3.5 (fr / n / f0 - 1)^2 - 2 pi s t^2), f0 = 0.3 / 1.85^scale,
 *      s = 16 orientations^2 / 32^2, t the angle to the filter's
 *   4. means of the absolute value over grid x grid cells
 * Order of the features: scale, orientation, then the cells column by column: 512 by default.
 * Source: Oliva & Torralba 2001, Int J Comput Vis 42:145, and LMgist.m of its authors.
 */
#include "image_model.h"

#include "fft.h"

#include <math.h>
#include <string.h>

enum { SCALES = 4, BORDER = 5, MARGIN = 32 };

static const double pi = 3.14159265358979323846;

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "128", NULL, 32, 512, "rows and columns that pictures come to"},
    {"orientations", BRAM_PARAM_INTEGER, "8", NULL, 1, 32, "of the filters at each scale"},
    {"grid", BRAM_PARAM_INTEGER, "4", NULL, 1, 16, "cells along a side"},
    BRAM_IMAGE_PARAMS("1")};

struct gist {
    size_t side, orientations, grid;
    size_t pre, wide;     /* sides of the mirrored pictures of steps 2 and 3 */
    double *low, *filter; /* pre x pre; filters x wide x wide */
    bram_fft2 *pre_fft, *wide_fft;
};

static void release(void *state)
{
    struct gist *g = state;
    bram_fft2_free(g->pre_fft);
    bram_fft2_free(g->wide_fft);
    bram_free(g->low);
    bram_free(g->filter);
    bram_free(g);
}

/* ---- filters -------------------------------------------------------------------------------- */

/* The signed frequency of entry k of a transform of n numbers. */
static double frequency(size_t k, size_t n)
{
    return k < (n + 1) / 2 ? (double)k : (double)k - (double)n;
}

static void make_low(double *low, size_t n)
{
    double s = 4 / sqrt(log(2));
    for (size_t y = 0; y < n; y++)
        for (size_t x = 0; x < n; x++) {
            double fy = frequency(y, n), fx = frequency(x, n);
            low[y * n + x] = exp(-(fx * fx + fy * fy) / (s * s));
        }
}

static void make_filter(double *filter, size_t n, size_t scale, size_t orientation, size_t count)
{
    double f0 = 0.3 / pow(1.85, (double)scale), turn = pi / (double)count * (double)orientation;
    double sharp = 16.0 * (double)(count * count) / (32.0 * 32.0);
    for (size_t y = 0; y < n; y++)
        for (size_t x = 0; x < n; x++) {
            double fy = frequency(y, n), fx = frequency(x, n);
            double t = atan2(fy, fx) + turn, r = hypot(fx, fy) / (double)n / f0 - 1;
            if (t < -pi) t += 2 * pi;
            if (t > pi) t -= 2 * pi;
            filter[y * n + x] = exp(-10 * 0.35 * r * r - 2 * sharp * pi * t * t);
        }
}

/* ---- one picture ---------------------------------------------------------------------------- */

/* Position k of a line of n that is mirrored at both ends (the end itself is repeated). */
static size_t mirrored(ptrdiff_t k, size_t n)
{
    ptrdiff_t period = 2 * (ptrdiff_t)n;
    k = (k % period + period) % period;
    return (size_t)(k < (ptrdiff_t)n ? k : period - 1 - k);
}

/* A real picture of n x n, mirrored by `margin`, as complex numbers of wide x wide. */
static void mirror(double *out, const double *in, size_t n, size_t wide, size_t margin)
{
    for (size_t y = 0; y < wide; y++)
        for (size_t x = 0; x < wide; x++) {
            size_t from_y = mirrored((ptrdiff_t)y - (ptrdiff_t)margin, n);
            size_t from_x = mirrored((ptrdiff_t)x - (ptrdiff_t)margin, n);
            out[2 * (y * wide + x)] = in[from_y * n + from_x];
            out[2 * (y * wide + x) + 1] = 0;
        }
}

/* Filters complex numbers in place. */
static void apply(const bram_fft2 *fft, double *values, const double *filter, size_t count)
{
    bram_fft2_forward(fft, values);
    for (size_t k = 0; k < count; k++) values[2 * k] *= filter[k], values[2 * k + 1] *= filter[k];
    bram_fft2_backward(fft, values);
}

static void stretch(double *out, const bram_image *im)
{
    size_t count = im->rows * im->cols;
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < count; k++)
        low = fmin(low, im->values[k]), high = fmax(high, im->values[k]);
    for (size_t k = 0; k < count; k++)
        out[k] = high > low ? 255 * ((double)im->values[k] - low) / (high - low) : 0;
}

/* Step 2, in place. */
static int local_contrast(bram_ctx *cx, double *picture, const struct gist *g)
{
    size_t n = g->pre, count = n * n;
    double *whole = bram_scratch(cx, 2 * count, sizeof *whole);
    double *low = bram_scratch(cx, 2 * count, sizeof *low);
    if (!whole || !low) return BRAM_ENOMEM;
    for (size_t k = 0; k < g->side * g->side; k++) picture[k] = log(picture[k] + 1);
    mirror(whole, picture, g->side, n, BORDER);
    memcpy(low, whole, 2 * count * sizeof *low);
    apply(g->pre_fft, low, g->low, count);
    for (size_t k = 0; k < count; k++) {
        whole[2 * k] -= low[2 * k];
        low[2 * k] = whole[2 * k] * whole[2 * k], low[2 * k + 1] = 0;
    }
    apply(g->pre_fft, low, g->low, count);
    for (size_t y = 0; y < g->side; y++)
        for (size_t x = 0; x < g->side; x++) {
            size_t k = (y + BORDER) * n + x + BORDER;
            double deviation = sqrt(hypot(low[2 * k], low[2 * k + 1]));
            picture[y * g->side + x] = whole[2 * k] / (0.2 + deviation);
        }
    return BRAM_OK;
}

/* Where cell k of a side begins: as MATLAB's fix(linspace(0, side, grid + 1)). */
static size_t edge(const struct gist *g, size_t k)
{
    return k * g->side / g->grid;
}

/* Means of the absolute values over the cells, column by column. */
static void tell(double *out, const struct gist *g, const double *values)
{
    for (size_t q = 0; q < g->grid; q++)
        for (size_t p = 0; p < g->grid; p++) {
            double sum = 0;
            for (size_t y = edge(g, p); y < edge(g, p + 1); y++)
                for (size_t x = edge(g, q); x < edge(g, q + 1); x++) {
                    const double *at = values + 2 * ((y + MARGIN) * g->wide + x + MARGIN);
                    sum += sqrt(at[0] * at[0] + at[1] * at[1]);
                }
            *out++ = sum / (double)((edge(g, p + 1) - edge(g, p)) * (edge(g, q + 1) - edge(g, q)));
        }
}

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    const struct gist *g = state;
    size_t count = g->wide * g->wide, cells = g->grid * g->grid;
    double *picture = bram_scratch(cx, g->side * g->side, sizeof *picture);
    double *spectrum = bram_scratch(cx, 2 * count, sizeof *spectrum);
    double *band = bram_scratch(cx, 2 * count, sizeof *band);
    if (!picture || !spectrum || !band) return BRAM_ENOMEM;
    stretch(picture, im);
    BRAM_TRY(local_contrast(cx, picture, g));
    mirror(spectrum, picture, g->side, g->wide, MARGIN);
    bram_fft2_forward(g->wide_fft, spectrum);
    for (size_t f = 0; f < SCALES * g->orientations; f++) {
        const double *filter = g->filter + f * count;
        for (size_t k = 0; k < count; k++) {
            band[2 * k] = spectrum[2 * k] * filter[k];
            band[2 * k + 1] = spectrum[2 * k + 1] * filter[k];
        }
        bram_fft2_backward(g->wide_fft, band);
        tell(out[0] + f * cells, g, band);
    }
    return BRAM_OK;
}

/* ---- the entry ------------------------------------------------------------------------------ */

static int fill(bram_ctx *cx, struct gist *g, const bram_options *o)
{
    g->side = (size_t)bram_option_integer(o, "size");
    g->orientations = (size_t)bram_option_integer(o, "orientations");
    g->grid = (size_t)bram_option_integer(o, "grid");
    g->pre = g->side + 2 * BORDER, g->wide = g->side + 2 * MARGIN;
    g->pre += g->pre % 2;
    size_t count = g->wide * g->wide;
    g->low = bram_alloc(cx, g->pre * g->pre, sizeof(double));
    g->filter = bram_alloc(cx, SCALES * g->orientations * count, sizeof(double));
    if (!g->low || !g->filter) return BRAM_ENOMEM;
    make_low(g->low, g->pre);
    for (size_t s = 0, f = 0; s < SCALES; s++)
        for (size_t k = 0; k < g->orientations; k++, f++)
            make_filter(g->filter + f * count, g->wide, s, k, g->orientations);
    BRAM_TRY(bram_fft2_new(cx, &g->pre_fft, g->pre, g->pre));
    return bram_fft2_new(cx, &g->wide_fft, g->wide, g->wide);
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    struct gist *g = bram_alloc(cx, 1, sizeof *g);
    if (!g) return BRAM_ENOMEM;
    int status = fill(cx, g, o);
    if (status != BRAM_OK) {
        release(g);
        return status;
    }
    *plan = (bram_image_plan){.channels = 1,
                              .side = g->side,
                              .layers = 1,
                              .layer = {{"gist", SCALES * g->orientations * g->grid * g->grid}},
                              .compute = compute,
                              .state = g,
                              .release = release};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_gist)

const bram_model bram_model_gist = {
    .name = "gist",
    .summary = "GIST: energies of oriented filters on a grid",
    .source = "Oliva & Torralba 2001, Int J Comput Vis 42:145; LMgist",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
