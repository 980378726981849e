/*
 * gabor.c - a pyramid of Gabor wavelets as a model of V1: simple and complex cells, with divisive
 * normalization.
 *
 * At each frequency f [cycles a picture] wavelets stand on a grid of f x f places and have
 * `orientations` orientations, theta = pi o / orientations (0: a grating that varies from left to
 * right). With lambda = side / f and places x0, y0 at the centres of the grid's cells
 *
 *   g(x, y) = exp(-((x - x0)^2 + (y - y0)^2) / 2 s^2),   s = 0.5622 lambda (one octave wide)
 *   even    = 2 / sum(g) sum g cos(phase) I - its share of the mean,   odd: sin
 *   phase   = 2 pi / lambda ((x - x0) cos theta + (y - y0) sin theta)
 *
 * so that a grating of amplitude a that a wavelet is tuned to gives an energy even^2 + odd^2 of
 * a^2, and a constant gives 0, at the border too. Layers:
 *
 *   simple   each of even, odd, -even, -odd cut below 0, squared, divided by s0^2 + E
 *   complex  the energy divided by s0^2 + E
 *
 * E is the mean energy over the orientations of the same place and frequency (Heeger 1992), s0 the
 * option `saturation` [contrast]. With normalize=no: simple not squared, complex the root of the
 * energy (Kay et al. 2008). Order: frequency, row, column, orientation (, phase). A wavelet is a
 * sum of separable parts: everything is products of small matrices, 20 MFlop a picture by default.
 * Sources: Kay, Naselaris, Prenger & Gallant 2008, Nature 452:352; Heeger 1992, Vis Neurosci 9:181.
 */
#include "image_model.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "128", NULL, 8, 1024, "rows and columns that pictures come to"},
    {"frequencies", BRAM_PARAM_INTEGERS, "1+2+4+8+16", NULL, 1, 256, "cycles a picture"},
    {"orientations", BRAM_PARAM_INTEGER, "8", NULL, 1, 64, "between 0 and 180 degrees"},
    {"normalize", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "divide by the energy over orientations"},
    {"saturation", BRAM_PARAM_REAL, "0.1", NULL, 1e-6, 100, "contrast where it starts to saturate"},
    BRAM_IMAGE_PARAMS("1")};

/* One frequency: places along a side times side. */
struct band {
    size_t places;
    double *gauss, *cosine, *sine; /* gauss; for each orientation gauss x cos and x sin along y */
    double *across;                /* for each orientation cos rows, then sin rows, along x */
    double *sum;                   /* of gauss at each place of a side */
    double *flat; /* for each orientation even, then odd sums of a picture of ones at all places */
};

struct gabor {
    size_t side, bands, orientations;
    bool normalize;
    double saturation;
    struct band *band;
};

static void release(void *state)
{
    struct gabor *g = state;
    for (size_t b = 0; g->band && b < g->bands; b++) {
        bram_free(g->band[b].gauss);
        bram_free(g->band[b].across);
        bram_free(g->band[b].sum);
        bram_free(g->band[b].flat);
    }
    bram_free(g->band);
    bram_free(g);
}

/* ---- filters -------------------------------------------------------------------------------- */

static int make_band(bram_ctx *cx, struct band *b, const struct gabor *g, size_t places)
{
    size_t side = g->side, size = places * side;
    double lambda = (double)side / (double)places, s = sqrt(log(2) / 2) * 3 / pi * lambda;
    *b = (struct band){
        .places = places,
        .gauss = bram_alloc(cx, (1 + 2 * g->orientations) * size, sizeof(double)),
        .across = bram_alloc(cx, 2 * g->orientations * size, sizeof(double)),
        .sum = bram_alloc(cx, places, sizeof(double)),
        .flat = bram_alloc(cx, 2 * g->orientations * places * places, sizeof(double))};
    if (!b->gauss || !b->across || !b->sum || !b->flat) return BRAM_ENOMEM;
    b->cosine = b->gauss + size, b->sine = b->cosine + g->orientations * size;
    for (size_t p = 0; p < places; p++)
        for (size_t x = 0; x < side; x++) {
            double d = (double)x + 0.5 - ((double)p + 0.5) * lambda, v = exp(-d * d / (2 * s * s));
            size_t at = p * side + x;
            b->gauss[at] = v, b->sum[p] += v;
            for (size_t o = 0; o < g->orientations; o++) {
                double theta = pi * (double)o / (double)g->orientations, k = 2 * pi / lambda * d;
                b->cosine[o * size + at] = v * cos(k * sin(theta));
                b->sine[o * size + at] = v * sin(k * sin(theta));
                b->across[2 * o * size + at] = v * cos(k * cos(theta));
                b->across[(2 * o + 1) * size + at] = v * sin(k * cos(theta));
            }
        }
    return BRAM_OK;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Even and odd sums of one orientation from the picture's (or a constant's) passes along y. */
static void combine(double *even, double *odd, const double *part, size_t places)
{
    size_t wide = 2 * places; /* rows: cos y, sin y; columns: cos x, sin x */
    for (size_t p = 0; p < places; p++)
        for (size_t q = 0; q < places; q++) {
            double cc = part[p * wide + q], cs = part[p * wide + places + q];
            double sc = part[(places + p) * wide + q], ss = part[(places + p) * wide + places + q];
            even[p * places + q] = cc - ss, odd[p * places + q] = sc + cs;
        }
}

/* Sums along y of the two parts of an orientation, with all x, to even and odd at all places. */
static void orientation(double *even, double *odd, double *room, const struct gabor *g,
                        const struct band *b, size_t o, const double *along)
{
    size_t n = b->places, size = n * g->side;
    double *rows = room, *part = room + 2 * size;
    memcpy(rows, along + (1 + o) * size, size * sizeof *rows);
    memcpy(rows + size, along + (1 + g->orientations + o) * size, size * sizeof *rows);
    bram_gemm_f64(part, rows, BRAM_AS_IS, b->across + 2 * o * size, BRAM_TRANSPOSED, 2 * n, 2 * n,
                  g->side, 0);
    combine(even, odd, part, n);
}

/* What the wavelets give for a picture of ones. */
static int make_flat(bram_ctx *cx, struct band *b, const struct gabor *g)
{
    size_t n = b->places, size = n * g->side, parts = 1 + 2 * g->orientations, count = n * n;
    size_t mark = bram_scratch_mark(cx);
    double *ones = bram_scratch(cx, parts * size, sizeof *ones);
    double *room = bram_scratch(cx, 2 * size + 4 * count, sizeof *room);
    if (!ones || !room) return BRAM_ENOMEM;
    for (size_t k = 0; k < parts * n; k++) {
        double sum = 0;
        for (size_t y = 0; y < g->side; y++) sum += b->gauss[k * g->side + y];
        for (size_t x = 0; x < g->side; x++) ones[k * g->side + x] = sum;
    }
    for (size_t o = 0; o < g->orientations; o++)
        orientation(b->flat + 2 * o * count, b->flat + (2 * o + 1) * count, room, g, b, o, ones);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static double positive(double x)
{
    return x > 0 ? x : 0;
}

static void put_place(double *simple, double *complex, const struct gabor *g, const double *even,
                      const double *odd, size_t stride)
{
    double mean = 0, s0 = g->saturation * g->saturation;
    for (size_t o = 0; o < g->orientations; o++) {
        double e = even[o * stride], d = odd[o * stride];
        mean += (e * e + d * d) / (double)g->orientations;
    }
    for (size_t o = 0; o < g->orientations; o++) {
        double e = even[o * stride], d = odd[o * stride], energy = e * e + d * d;
        double phase[4] = {positive(e), positive(d), positive(-e), positive(-d)};
        if (complex) complex[o] = g->normalize ? energy / (s0 + mean) : sqrt(energy);
        for (size_t k = 0; simple && k < 4; k++)
            simple[4 * o + k] = g->normalize ? phase[k] * phase[k] / (s0 + mean) : phase[k];
    }
}

/* The share of the mean goes: `flat` are the sums that a picture of ones gives. */
static void centre(double *even, double *odd, const double *flat_even, const double *flat_odd,
                   const double *gauss, const struct band *b)
{
    for (size_t p = 0, k = 0; p < b->places; p++)
        for (size_t q = 0; q < b->places; q++, k++) {
            double all = b->sum[p] * b->sum[q], mean = gauss[k] / all;
            even[k] = 2 / all * (even[k] - flat_even[k] * mean);
            odd[k] = 2 / all * (odd[k] - flat_odd[k] * mean);
        }
}

static int run_band(bram_ctx *cx, double **simple, double **complex, const struct gabor *g,
                    const struct band *b, const double *picture)
{
    size_t n = b->places, count = n * n, size = n * g->side, parts = 1 + 2 * g->orientations;
    double *along = bram_scratch(cx, parts * size, sizeof *along);
    double *even = bram_scratch(cx, 2 * g->orientations * count, sizeof *even);
    double *odd = even ? even + g->orientations * count : NULL;
    double *room = bram_scratch(cx, 2 * size + 4 * count, sizeof *room);
    double *gauss = bram_scratch(cx, count, sizeof *gauss);
    if (!along || !even || !room || !gauss) return BRAM_ENOMEM;
    bram_gemm_f64(along, b->gauss, BRAM_AS_IS, picture, BRAM_AS_IS, parts * n, g->side, g->side, 0);
    bram_gemm_f64(gauss, along, BRAM_AS_IS, b->gauss, BRAM_TRANSPOSED, n, n, g->side, 0);
    for (size_t o = 0; o < g->orientations; o++) {
        orientation(even + o * count, odd + o * count, room, g, b, o, along);
        const double *flat = b->flat + 2 * o * count;
        centre(even + o * count, odd + o * count, flat, flat + count, gauss, b);
    }
    for (size_t k = 0; k < count; k++) {
        put_place(*simple, *complex, g, even + k, odd + k, count);
        if (*simple) *simple += 4 * g->orientations;
        if (*complex) *complex += g->orientations;
    }
    return BRAM_OK;
}

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    const struct gabor *g = state;
    double *simple = out[0], *complex = out[1];
    double *picture = bram_scratch(cx, g->side * g->side, sizeof *picture);
    if (!picture) return BRAM_ENOMEM;
    for (size_t k = 0; k < g->side * g->side; k++) picture[k] = im->values[k];
    for (size_t b = 0; b < g->bands; b++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(run_band(cx, &simple, &complex, g, &g->band[b], picture));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- the entry ------------------------------------------------------------------------------ */

static int fill(bram_ctx *cx, struct gabor *g, size_t *cells, const bram_options *o)
{
    const int64_t *frequency = bram_option_integers(o, "frequencies", &g->bands);
    g->side = (size_t)bram_option_integer(o, "size");
    g->orientations = (size_t)bram_option_integer(o, "orientations");
    g->normalize = bram_option_flag(o, "normalize");
    g->saturation = bram_option_real(o, "saturation");
    g->band = bram_alloc(cx, g->bands, sizeof *g->band);
    if (!g->band) return BRAM_ENOMEM;
    for (size_t b = 0; b < g->bands; b++) {
        size_t f = (size_t)frequency[b];
        if (2 * f > g->side)
            return bram_fail(cx, BRAM_EUSAGE, "%zu cycles in %zu pixels, expected at most half", f,
                             g->side);
        BRAM_TRY(make_band(cx, &g->band[b], g, f));
        BRAM_TRY(make_flat(cx, &g->band[b], g));
        *cells += f * f * g->orientations;
    }
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    size_t cells = 0;
    struct gabor *g = bram_alloc(cx, 1, sizeof *g);
    if (!g) return BRAM_ENOMEM;
    int status = fill(cx, g, &cells, o);
    if (status != BRAM_OK) {
        release(g);
        return status;
    }
    *plan = (bram_image_plan){.channels = 1,
                              .side = g->side,
                              .layers = 2,
                              .layer = {{"simple", 4 * cells}, {"complex", cells}},
                              .compute = compute,
                              .state = g,
                              .release = release};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_gabor)

const bram_model bram_model_gabor = {
    .name = "gabor",
    .summary = "Gabor wavelets as V1: simple and complex cells with divisive normalization",
    .source = "Kay et al. 2008, Nature 452:352; Heeger 1992, Vis Neurosci 9:181",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
