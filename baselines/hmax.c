/*
 * hmax.c - a hierarchy of simple and complex cells from S1 to C2, after HMAX, in the form with a
 * pyramid of pictures and one size of filter.
 *
 *   pyramid  `bands` pictures, each 2^(-1/4) of the one before (size, size / 1.19 ..., bilinear)
 *   S1       |correlation| of every 11 x 11 patch with Gabors of 4 orientations, divided by the
 *            patch's root mean square about its mean: wavelength 5.6, sigma 4.5, aspect 0.3;
 * filters have mean 0 and norm 1. A patch whose deviation is below 0.01 gives 0 C1       maxima
 * over 10 x 10 places and two neighbouring bands, every 5 places S2       exp(-|patch -
 * prototype|^2 / (2 sigma^2 a)) for prototypes of n x n places and all orientations, n = 4, 8, 12,
 * sigma = 0.5, a = (n / 4)^2 C2       the maximum over all places and bands: one number a prototype
 *
 * Layers: "c1" (maxima of C1 over a 4 x 4 grid in each pair of bands and orientation), "c2".
 * Prototypes are cut out of C1 of made pictures (dead leaves of the option's seed), at random bands
 * and places: there is no training set, and the stimuli themselves are not looked at. A prototype
 * is never larger than the band it comes from. What the published model has beyond this: sparse
 * prototypes, inhibition between orientations, limits of place. Sources: Riesenhuber & Poggio 1999,
 * Nat Neurosci 2:1019; Serre et al. 2007, IEEE TPAMI 29:411; Mutch & Lowe 2008, IJCV 80:45.
 */
#include "image_model.h"

#include "dead_leaves.h"
#include "linalg.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { BANDS = 12, ORIENTATIONS = 4, SIDE = 11, POOL = 10, STEP = 5, GRID = 4 };
enum { SIZES = 3, MADE = 32 };

static const size_t sizes[SIZES] = {4, 8, 12};
static const double pi = 3.14159265358979323846;

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "128", NULL, 76, 512, "rows and columns that pictures come to"},
    {"bands", BRAM_PARAM_INTEGER, "9", NULL, 2, BANDS, "pictures of the pyramid"},
    {"prototypes", BRAM_PARAM_INTEGER, "64", NULL, 1, 4096, "of each of the three sizes"},
    {"seed", BRAM_PARAM_INTEGER, "1", NULL, 0, 1e9, "of the prototypes"},
    BRAM_IMAGE_PARAMS("1")};

struct hmax {
    size_t side, bands, prototypes;
    float filter[ORIENTATIONS][SIDE * SIDE];
    float *prototype[SIZES]; /* prototypes x (n n ORIENTATIONS) */
    float *norm[SIZES];      /* squared */
};

/* C1 of one pair of bands: rows x rows places, orientations side by side. */
struct pooled {
    size_t rows;
    float *values;
};

static void release(void *state)
{
    struct hmax *h = state;
    for (size_t k = 0; k < SIZES; k++) {
        bram_free(h->prototype[k]);
        bram_free(h->norm[k]);
    }
    bram_free(h);
}

/* ---- S1 and C1 ------------------------------------------------------------------------------ */

static void make_filters(struct hmax *h)
{
    for (size_t o = 0; o < ORIENTATIONS; o++) {
        double theta = pi * (double)o / ORIENTATIONS, value[SIDE * SIDE], mean = 0, square = 0;
        for (int y = 0, k = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++, k++) {
                double dx = x - SIDE / 2, dy = y - SIDE / 2;
                double u = dx * cos(theta) + dy * sin(theta);
                double v = -dx * sin(theta) + dy * cos(theta);
                value[k] = exp(-(u * u + 0.09 * v * v) / (2 * 4.5 * 4.5)) * cos(2 * pi / 5.6 * u);
                mean += value[k] / (SIDE * SIDE);
            }
        for (size_t k = 0; k < SIDE * SIDE; k++) square += (value[k] - mean) * (value[k] - mean);
        for (size_t k = 0; k < SIDE * SIDE; k++)
            h->filter[o][k] = (float)((value[k] - mean) / sqrt(square));
    }
}

/* Adds weight x the rows of the picture that begin at (y, x) to a map of n x n places. */
static void add_shifted(float *out, const float *in, size_t side, size_t n, size_t y, size_t x,
                        float weight)
{
    for (size_t i = 0; i < n; i++) {
        const float *from = in + (i + y) * side + x;
        for (size_t j = 0; j < n; j++) out[i * n + j] += weight * from[j];
    }
}

/* Sums over 11 x 11 patches of a map. */
static void patch_sums(float *out, float *room, const float *in, size_t side, size_t n)
{
    memset(room, 0, side * n * sizeof *room); /* side x n: along the columns first */
    memset(out, 0, n * n * sizeof *out);
    for (size_t i = 0; i < side; i++)
        for (size_t d = 0; d < SIDE; d++)
            for (size_t j = 0; j < n; j++) room[i * n + j] += in[i * side + j + d];
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < SIDE; d++)
            for (size_t j = 0; j < n; j++) out[i * n + j] += room[(i + d) * n + j];
}

/* The S1 maps of one picture of the pyramid: ORIENTATIONS x n x n. */
static int run_s1(bram_ctx *cx, float **out, const struct hmax *h, const bram_image *im)
{
    size_t side = im->rows, n = side - SIDE + 1, count = n * n;
    float *map = bram_scratch(cx, ORIENTATIONS * count, sizeof *map);
    float *sum = bram_scratch(cx, count, sizeof *sum),
          *squares = bram_scratch(cx, count, sizeof *sum);
    float *room = bram_scratch(cx, side * n, sizeof *room);
    float *square = bram_scratch(cx, side * side, sizeof *square);
    if (!map || !sum || !squares || !room || !square) return BRAM_ENOMEM;
    for (size_t k = 0; k < side * side; k++) square[k] = im->values[k] * im->values[k];
    patch_sums(sum, room, im->values, side, n);
    patch_sums(squares, room, square, side, n);
    for (size_t o = 0; o < ORIENTATIONS; o++) {
        float *to = map + o * count;
        for (size_t k = 0; k < SIDE * SIDE; k++)
            add_shifted(to, im->values, side, n, k / SIDE, k % SIDE, h->filter[o][k]);
        for (size_t k = 0; k < count; k++) {
            float about = squares[k] - sum[k] * sum[k] / (SIDE * SIDE);
            to[k] = about > 1e-4F * SIDE * SIDE ? fabsf(to[k]) / sqrtf(about) : 0;
        }
    }
    *out = map;
    return BRAM_OK;
}

/* The largest value of a map in a window of places, which ends at its border. */
static float window_max(const float *map, size_t n, double top, double left, double width)
{
    float most = 0;
    size_t end_y = (size_t)(top + width), end_x = (size_t)(left + width);
    for (size_t y = (size_t)top; y < end_y && y < n; y++)
        for (size_t x = (size_t)left; x < end_x && x < n; x++) most = fmaxf(most, map[y * n + x]);
    return most;
}

/* Places of the finer band of a pair; the window in the coarser one is the same part of the map. */
static int run_c1(bram_ctx *cx, struct pooled *out, const float *fine, size_t n,
                  const float *coarse, size_t m)
{
    size_t rows = (n - POOL) / STEP + 1;
    double scale = (double)m / (double)n;
    *out = (struct pooled){rows, bram_scratch(cx, rows * rows * ORIENTATIONS, sizeof(float))};
    if (!out->values) return BRAM_ENOMEM;
    for (size_t o = 0; o < ORIENTATIONS; o++)
        for (size_t p = 0; p < rows; p++)
            for (size_t q = 0; q < rows; q++) {
                double top = (double)(p * STEP), left = (double)(q * STEP);
                float a = window_max(fine + o * n * n, n, top, left, POOL);
                float b = window_max(coarse + o * m * m, m, top * scale, left * scale,
                                     POOL * scale);
                out->values[(p * rows + q) * ORIENTATIONS + o] = fmaxf(a, b);
            }
    return BRAM_OK;
}

/* C1 of all pairs of bands, in scratch memory. */
static int run_bands(bram_ctx *cx, struct pooled *c1, const struct hmax *h, const bram_image *im)
{
    float *map[BANDS];
    size_t n[BANDS];
    for (size_t b = 0; b < h->bands; b++) {
        size_t side = (size_t)lrint((double)h->side * exp2(-(double)b / 4));
        bram_image small;
        BRAM_TRY(bram_image_resize(cx, &small, im, side, side, BRAM_RESIZE_BILINEAR));
        int status = run_s1(cx, &map[b], h, &small);
        bram_image_release(&small);
        BRAM_TRY(status);
        n[b] = side - SIDE + 1;
    }
    for (size_t b = 0; b + 1 < h->bands; b++)
        BRAM_TRY(run_c1(cx, &c1[b], map[b], n[b], map[b + 1], n[b + 1]));
    return BRAM_OK;
}

/* ---- S2 and C2 ------------------------------------------------------------------------------ */

/* The patch of n x n places at (p, q), row by row, orientations side by side. */
static void cut(float *out, const struct pooled *c1, size_t p, size_t q, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * n * ORIENTATIONS, c1->values + ((p + i) * c1->rows + q) * ORIENTATIONS,
               n * ORIENTATIONS * sizeof *out);
}

static double squared_norm(const float *x, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (double)x[k] * x[k];
    return sum;
}

/* The largest S2 of each prototype of one size, so far and in this pair of bands. */
static int add_c2(bram_ctx *cx, double *best, const struct hmax *h, size_t size,
                  const struct pooled *c1)
{
    size_t n = sizes[size], depth = n * n * ORIENTATIONS, count = h->prototypes;
    if (c1->rows < n) return BRAM_OK;
    size_t across = c1->rows - n + 1, places = across * across;
    float *patch = bram_scratch(cx, places * depth, sizeof *patch);
    float *product = bram_scratch(cx, places * count, sizeof *product);
    if (!patch || !product) return BRAM_ENOMEM;
    for (size_t k = 0; k < places; k++) cut(patch + k * depth, c1, k / across, k % across, n);
    bram_gemm_f32(product, patch, BRAM_AS_IS, h->prototype[size], BRAM_TRANSPOSED, places, count,
                  depth, 0);
    double a = (double)(n * n) / 16, sharp = 1 / (2 * 0.25 * a);
    for (size_t k = 0; k < places; k++) {
        double norm = squared_norm(patch + k * depth, depth);
        for (size_t j = 0; j < count; j++) {
            double d = norm + (double)h->norm[size][j] - 2 * (double)product[k * count + j];
            best[j] = fmax(best[j], exp(-sharp * fmax(d, 0)));
        }
    }
    return BRAM_OK;
}

static void tell_c1(double *out, const struct hmax *h, const struct pooled *c1)
{
    for (size_t b = 0; b + 1 < h->bands; b++)
        for (size_t o = 0; o < ORIENTATIONS; o++)
            for (size_t cell = 0; cell < GRID * GRID; cell++) {
                size_t n = c1[b].rows, top = cell / GRID * n / GRID, left = cell % GRID * n / GRID;
                size_t end = (cell / GRID + 1) * n / GRID, right = (cell % GRID + 1) * n / GRID;
                double most = 0;
                for (size_t p = top; p < end || p == top; p++)
                    for (size_t q = left; q < right || q == left; q++)
                        most = fmax(most, c1[b].values[(p * n + q) * ORIENTATIONS + o]);
                *out++ = most;
            }
}

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    const struct hmax *h = state;
    struct pooled c1[BANDS];
    BRAM_TRY(run_bands(cx, c1, h, im));
    if (out[0]) tell_c1(out[0], h, c1);
    if (!out[1]) return BRAM_OK;
    for (size_t size = 0; size < SIZES; size++)
        for (size_t b = 0; b + 1 < h->bands; b++) {
            size_t mark = bram_scratch_mark(cx);
            BRAM_TRY(add_c2(cx, out[1] + size * h->prototypes, h, size, &c1[b]));
            bram_scratch_release(cx, mark);
        }
    return BRAM_OK;
}

/* ---- prototypes ----------------------------------------------------------------------------- */

/* Cuts the prototypes j, j + MADE ... of all sizes out of one made picture. */
static int cut_prototypes(bram_ctx *cx, struct hmax *h, size_t made, uint64_t seed)
{
    struct pooled c1[BANDS];
    bram_image im = {h->side, h->side, 1, 8, bram_scratch(cx, h->side * h->side, sizeof(float))};
    if (!im.values) return BRAM_ENOMEM;
    bram_dead_leaves(im.values, h->side, seed, made);
    BRAM_TRY(run_bands(cx, c1, h, &im));
    for (size_t size = 0; size < SIZES; size++)
        for (size_t j = made; j < h->prototypes; j += MADE) {
            bram_rng g = bram_rng_at(seed, "hmax/prototype", size * h->prototypes + j);
            size_t n = sizes[size], depth = n * n * ORIENTATIONS, bands = 0;
            while (bands + 1 < h->bands && c1[bands].rows >= n) bands++;
            const struct pooled *from = &c1[bram_rng_below(&g, bands)];
            size_t p = bram_rng_below(&g, from->rows - n + 1);
            size_t q = bram_rng_below(&g, from->rows - n + 1);
            cut(h->prototype[size] + j * depth, from, p, q, n);
            h->norm[size][j] = (float)squared_norm(h->prototype[size] + j * depth, depth);
        }
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct hmax *h, const bram_options *o, bool shapes_only)
{
    h->side = (size_t)bram_option_integer(o, "size");
    h->prototypes = (size_t)bram_option_integer(o, "prototypes");
    h->bands = (size_t)bram_option_integer(o, "bands");
    if ((double)h->side * exp2(-(double)(h->bands - 1) / 4) < SIDE + POOL)
        return bram_fail(cx, BRAM_EUSAGE,
                         "size %zu is too small for %zu bands: the last needs %d pixels", h->side,
                         h->bands, SIDE + POOL);
    if (shapes_only) return BRAM_OK;
    make_filters(h);
    for (size_t k = 0; k < SIZES; k++) {
        h->prototype[k] = bram_alloc(cx, h->prototypes * sizes[k] * sizes[k] * ORIENTATIONS,
                                     sizeof(float));
        h->norm[k] = bram_alloc(cx, h->prototypes, sizeof(float));
        if (!h->prototype[k] || !h->norm[k]) return BRAM_ENOMEM;
    }
    for (size_t made = 0; made < MADE && made < h->prototypes; made++) {
        size_t mark = bram_scratch_mark(cx);
        int status = cut_prototypes(cx, h, made, (uint64_t)bram_option_integer(o, "seed"));
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    struct hmax *h = bram_alloc(cx, 1, sizeof *h);
    if (!h) return BRAM_ENOMEM;
    int status = fill(cx, h, o, plan->shapes_only);
    if (status != BRAM_OK) {
        release(h);
        return status;
    }
    *plan = (bram_image_plan){.channels = 1,
                              .side = h->side,
                              .layers = 2,
                              .layer = {{"c1", (h->bands - 1) * ORIENTATIONS * GRID * GRID},
                                        {"c2", SIZES * h->prototypes}},
                              .compute = compute,
                              .state = h,
                              .release = release};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_hmax)

const bram_model bram_model_hmax = {
    .name = "hmax",
    .summary = "simple and complex cells from S1 to C2, prototypes from made pictures",
    .source = "Riesenhuber & Poggio 1999; Serre et al. 2007; Mutch & Lowe 2008",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
